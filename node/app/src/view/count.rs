//! Counts and the ledger of what was released.

use serde::{Deserialize, Serialize};

use super::{EndReason, RevealedTo, Screen, TypeRoles};

/// All counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsView {
    /// Oldest first.
    pub counts: Vec<CountLine>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountLine {
    /// Its number.
    pub count: String,
    /// The pilot.
    pub pilot_name: String,
    /// The two banks.
    pub banks: Vec<String>,
    /// `open`, `joined`, `told` or `ended`.
    pub state: String,
    /// Its end.
    pub ends: String,
    /// What was told.
    pub told: Option<String>,
}

/// One count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountView {
    /// Its number.
    pub count: String,
    /// The pilot.
    pub pilot: String,
    /// Its name.
    pub pilot_name: String,
    /// Digest of the terms: the same at everyone.
    pub terms: String,
    /// The two banks.
    pub banks: Vec<String>,
    /// What enters.
    pub types: Vec<TypeRoles>,
    /// Items of each bank at most; fewer are filled up.
    pub items: u32,
    /// The month to which it is charged.
    pub month: String,
    /// From when.
    pub opens: String,
    /// Until when.
    pub ends: String,
    /// Its noise.
    pub noise: NoiseView,
    /// `open`, `joined`, `told` or `ended`.
    pub state: String,
    /// Bank that takes part: items that it brings.
    pub own_items: Option<u32>,
    /// Bank that takes part: items that were left out because a person brings no more than the noise hides.
    pub left_out: Option<u64>,
    /// What was told.
    pub told: Option<ToldView>,
    /// Digest of what the count reveals: consent names it.
    pub leakage: String,
    /// What it reveals, by who learns it.
    pub reveals: Vec<RevealedTo>,
    /// Why it ended without a figure.
    pub end: Option<EndReason>,
}

/// Noise, and what it promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseView {
    /// Epsilon, as a decimal number.
    pub epsilon: String,
    /// Delta, as a power of ten.
    pub delta: String,
    /// Items of one person that it hides.
    pub identifiers: u8,
    /// In 19 of 20 counts what is told is no farther from the true number than this.
    pub margin: u32,
    /// The same in words.
    pub promise: String,
}

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldView {
    /// `under 20`, or `about` and a multiple of ten.
    pub figure: String,
    /// That number; none under 20.
    pub about: Option<u32>,
    /// In 19 of 20 counts the true number is no less than this.
    pub least: u32,
    /// And no more than this.
    pub most: u32,
    /// All of it in words.
    pub words: String,
}

/// What was released: at a bank of its counts with other banks, at the hub of everyone's and of rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerView {
    /// What the epsilons of one member's releases in one month may come to.
    pub epsilon_of_month: String,
    /// By months and members.
    pub spent: Vec<SpentLine>,
    /// Releases by months.
    pub releases: Vec<ReleaseChargeLine>,
}

/// What is spent of one member's month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentLine {
    /// The month.
    pub month: String,
    /// The member.
    pub member: String,
    /// Epsilon of its releases.
    pub spent: String,
    /// What is left.
    pub left: String,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseChargeLine {
    /// The month.
    pub month: String,
    /// Of what: two banks, or the rounds of a pilot.
    pub of: String,
    /// Digest of its terms.
    pub terms: String,
    /// Epsilon.
    pub epsilon: String,
    /// Delta.
    pub delta: String,
}

impl CountsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.counts.iter().map(|line| {
            let told = line.told.clone().unwrap_or_default();
            let banks = line.banks.join(", ");
            [line.count.clone(), line.pilot_name.clone(), banks, line.state.clone(), line.ends.clone(), told]
        });
        Screen::new("Counts").table("", ["count", "pilot", "banks", "state", "ends", "items in common"], rows)
    }
}

impl CountView {
    pub(crate) fn screen(&self) -> Screen {
        let types = self.types.iter().map(|line| [line.kind.clone(), line.roles.join(", ")]);
        let mut screen = Screen::new(format!("Count {}", self.count))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("terms", &self.terms)
            .field("banks", self.banks.join(", "))
            .field("items of each", self.items)
            .field("charged to", &self.month)
            .field("opens", &self.opens)
            .field("ends", &self.ends)
            .field("state", &self.state)
            .field_if("own items", self.own_items)
            .field_if("left out, as a person brings no more", self.left_out)
            .field_if("items in common", self.told.as_ref().map(|told| &told.words));
        screen = self.noise.on(screen).table("What enters", ["type", "roles"], types);
        for line in &self.reveals {
            screen = screen.list(&format!("Revealed: {}", line.who), &line.facts);
        }
        screen.end(self.end.as_ref())
    }
}

impl NoiseView {
    /// Adds its fields.
    pub(super) fn on(&self, screen: Screen) -> Screen {
        screen
            .field("noise", format!("epsilon {}, delta {}", self.epsilon, self.delta))
            .field("promises", &self.promise)
            .field("off by, in 19 of 20", format!("{} at most", self.margin))
    }
}

impl LedgerView {
    pub(crate) fn screen(&self) -> Screen {
        let spent = self
            .spent
            .iter()
            .map(|line| [line.month.clone(), line.member.clone(), line.spent.clone(), line.left.clone()]);
        let releases = self.releases.iter().map(|line| {
            [line.month.clone(), line.of.clone(), line.epsilon.clone(), line.delta.clone(), line.terms.clone()]
        });
        Screen::new("What was released")
            .field("epsilon of a member's month", &self.epsilon_of_month)
            .table("Spent", ["month", "member", "epsilon spent", "left"], spent)
            .table("Releases", ["month", "of", "epsilon", "delta", "terms"], releases)
            .note("The same two banks, or the rounds of a pilot, have one release a month")
            .note("Counts of rounds stand in the hub's ledger alone")
    }
}
