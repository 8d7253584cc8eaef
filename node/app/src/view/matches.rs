//! Matches: facts about values.

use serde::{Deserialize, Serialize};

use super::Screen;

/// Matches, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchesView {
    /// In the order of runs as they were sealed, and of items within a run.
    pub matches: Vec<MatchLine>,
    /// Where to go on, as `after`; none if these were all.
    pub next: Option<String>,
}

/// One match of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchLine {
    /// The match.
    #[serde(rename = "match")]
    pub id: String,
    /// Indicator type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Canonical form with at most half of its characters shown.
    pub masked: String,
    /// `A`, `B` or `C`: how much it says by itself.
    pub strength: String,
    /// In which roles we hold it.
    pub roles: Vec<String>,
    /// The run.
    pub run: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// How many of our own references there are.
    pub references: u32,
}

/// One match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchView {
    /// The match.
    #[serde(rename = "match")]
    pub id: String,
    /// What it is: a fact about values, not an accusation.
    pub fact: String,
    /// Indicator type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Canonical form in full; of a card number, its ends.
    pub canonical: String,
    /// `A`, `B` or `C`.
    pub strength: String,
    /// What that letter means.
    pub strength_meaning: String,
    /// In which roles we hold it.
    pub roles: Vec<String>,
    /// Our own references.
    pub references: Vec<String>,
    /// How many rows of our source carried it.
    pub rows: u32,
    /// The run.
    pub run: String,
    /// When the run was sealed.
    pub found: String,
    /// The other member of the pair run.
    pub with: String,
    /// The pilot's number.
    pub pilot: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// The purpose for which it may be used.
    pub purpose: String,
    /// When it is deleted unless it is in a case.
    pub delete_after: String,
}

impl MatchesView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.matches.iter().map(|line| {
            [
                line.id.clone(),
                line.kind.clone(),
                line.masked.clone(),
                line.strength.clone(),
                line.roles.join(", "),
                line.run.clone(),
                line.pilot_name.clone(),
                line.references.to_string(),
            ]
        });
        let headers = ["match", "type", "value", "strength", "roles", "run", "pilot", "references"];
        let screen = Screen::new("Matches").table("", headers, rows).note(FACT);
        match &self.next {
            Some(next) => screen.note(format!("More follow: cwg match list --after {next}")),
            None => screen,
        }
    }
}

impl MatchView {
    pub(crate) fn screen(&self) -> Screen {
        Screen::new(format!("Match {}", self.id))
            .field("type", &self.kind)
            .field("value", &self.canonical)
            .field("strength", format!("{}: {}", self.strength, self.strength_meaning))
            .field("we hold it as", self.roles.join(", "))
            .field("rows of our source", self.rows)
            .field("run", format!("{} with {}, sealed {}", self.run, self.with, self.found))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("may be used for", &self.purpose)
            .field("deleted after", &self.delete_after)
            .list("Our references", &self.references)
            .note(&self.fact)
    }
}

/// What every screen with a match says.
pub(crate) const FACT: &str = "A match is a fact about values, not an accusation: both members hold this identifier";
