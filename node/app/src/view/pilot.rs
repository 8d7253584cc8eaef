//! Pilots: their charters and who has signed them.

use serde::{Deserialize, Serialize};

use super::{LeakageView, NoiseView, Screen, TypeRoles};

/// One pilot's charter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotView {
    /// Its number.
    pub pilot: String,
    /// Its name.
    pub name: String,
    /// Version of the charter.
    pub version: u32,
    /// What it is for.
    pub purpose: String,
    /// Under which law.
    pub legal_basis: String,
    /// From when.
    pub opens: String,
    /// Until when.
    pub closes: String,
    /// Days after which a match that is in no case is deleted.
    pub retention_days: u32,
    /// Indicator types with the roles in which they may enter.
    pub indicators: Vec<TypeRoles>,
    /// Kinds of runs: `pair`, `lighthouse`, `round`, `count`.
    pub runs: Vec<String>,
    /// Who may learn in a pair run: `proposer`, `acceptor`, `both`.
    pub learns: Vec<String>,
    /// Allowances against probing.
    pub budget: Allowance,
    /// Of rounds, if it allows them.
    pub rounds: Option<RoundRulesLine>,
    /// Of counts, if it allows them.
    pub counts: Option<NoiseView>,
    /// Digest of the charter: what is signed.
    pub charter: String,
    /// Who takes part, and who has signed.
    pub members: Vec<SignatureLine>,
    /// Whether sessions may start now.
    pub live: bool,
    /// If not, why.
    pub not_live: Option<String>,
    /// What a pair run under it reveals, for each protocol; empty if it allows none.
    pub leakage: Vec<LeakageView>,
    /// The public key that this member's signature is for, 64 hexadecimal digits; none at the hub or if it is not named.
    pub sign_for: Option<String>,
    /// Whether this member has yet to sign.
    pub awaits_us: bool,
}

/// Allowances against probing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Items, padding included, that one side may bring to a session.
    pub items_per_session: u32,
    /// Sessions of one member with one other in any 24 hours.
    pub sessions_per_day: u32,
    /// Items that a side which learns brings at least.
    pub items_min: u32,
}

/// What a charter says of rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRulesLine {
    /// Members that may hold a share of the key, by name.
    pub keyholders: Vec<String>,
    /// Keyholders that it takes to evaluate, at least.
    pub threshold: u8,
    /// Uploads without which there is no result, at least.
    pub uploads_min: u8,
    /// Rounds under one key.
    pub rounds_per_key: u16,
    /// The clause under which holders may reveal themselves to each other; none if they may not.
    pub reveals: Option<String>,
}

/// One member of a pilot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureLine {
    /// Its name on the roster.
    pub member: String,
    /// Fingerprint of its signing key.
    pub fingerprint: String,
    /// The person who signed for it; none if nobody has.
    pub person: Option<String>,
}

/// All pilots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotsView {
    /// In the order of their numbers.
    pub pilots: Vec<PilotLine>,
}

/// One pilot of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotLine {
    /// Its number.
    pub pilot: String,
    /// Its name.
    pub name: String,
    /// How many members it has.
    pub members: u32,
    /// How many have signed.
    pub signed: u32,
    /// From when.
    pub opens: String,
    /// Until when.
    pub closes: String,
    /// Whether sessions may start now.
    pub live: bool,
    /// If not, why.
    pub not_live: Option<String>,
}

impl PilotView {
    pub(crate) fn screen(&self) -> Screen {
        let signed = self.members.iter().map(|line| {
            let signed = line.person.as_ref().map_or("not yet".to_owned(), |person| format!("signed by {person}"));
            [line.member.clone(), signed, line.fingerprint.clone()]
        });
        let types = self.indicators.iter().map(|line| [line.kind.clone(), line.roles.join(", ")]);
        let budget = &self.budget;
        let rounds = self.rounds.as_ref().map(|rules| {
            let reveals = rules.reveals.as_deref().map_or("not allowed".to_owned(), |clause| format!("under {clause}"));
            [
                ("keyholders", format!("{} or more of {}", rules.threshold, rules.keyholders.join(", "))),
                ("uploads of a round", format!("at least {}", rules.uploads_min)),
                ("rounds under one key", format!("at most {}", rules.rounds_per_key)),
                ("reveals", reveals),
            ]
        });
        let screen = Screen::new(format!("Pilot {}", self.name))
            .field("number", &self.pilot)
            .field("version", self.version)
            .field("purpose", &self.purpose)
            .field("legal basis", &self.legal_basis)
            .field("open", format!("{} to {}", self.opens, self.closes))
            .field("runs", self.runs.join(", "))
            .field("who may learn", self.learns.join(", "))
            .field("retention", format!("{} days for a match that is in no case", self.retention_days))
            .field("items in a session", format!("at most {}, padding included", budget.items_per_session))
            .field("items of a side that learns", format!("at least {}", budget.items_min))
            .field("sessions", format!("at most {} with one member in 24 hours", budget.sessions_per_day))
            .field("state", self.not_live.as_deref().unwrap_or("live"))
            .field("charter", &self.charter);
        let screen = rounds.into_iter().flatten().fold(screen, |screen, (name, value)| screen.field(name, value));
        let screen = self.counts.iter().fold(screen, |screen, noise| noise.on(screen));
        let types = screen.table("Indicator types", ["type", "roles"], types);
        let screen = types.table("Members", ["member", "charter", "fingerprint"], signed);
        let screen = self.leakage.iter().fold(screen, |screen, leakage| leakage.draw(screen));
        if self.awaits_us {
            return screen
                .note("This member has not signed: cwg pilot sign, by a named person, once its terms are agreed");
        }
        screen
    }
}

impl PilotsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.pilots.iter().map(|line| {
            [
                line.name.clone(),
                line.pilot.clone(),
                format!("{} of {}", line.signed, line.members),
                line.opens.clone(),
                line.closes.clone(),
                line.not_live.clone().unwrap_or_else(|| "live".to_owned()),
            ]
        });
        Screen::new("Pilots").table("", ["name", "pilot", "signed", "opens", "closes", "state"], rows)
    }
}
