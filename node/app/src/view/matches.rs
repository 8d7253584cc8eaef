//! Matches: facts about values.

use serde::{Deserialize, Serialize};

use super::{ClueMatchView, RecalledClue, Screen};

/// Matches, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchesView {
    /// In the order of runs as they were sealed; within a pair run in that of items, within a lighthouse run the most urgent first.
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
    /// Of a lighthouse run: the number of the release.
    pub release: Option<u32>,
    /// Of a lighthouse run: `low`, `medium` or `high`, the most urgent of its customers.
    pub band: Option<String>,
    /// Of a lighthouse run: whether a case may open for one of its customers.
    pub may_open: Option<bool>,
    /// Of a round: the number of the room in which its holders write to each other, while rooms are there.
    pub room: Option<u32>,
    /// Why all its clues were taken back; empty while one stands.
    pub recalled: Vec<RecalledClue>,
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
    /// The other member of the pair run, or the hub.
    pub with: String,
    /// The pilot's number.
    pub pilot: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// The purpose for which it may be used.
    pub purpose: String,
    /// When it is deleted unless it is in a case.
    pub delete_after: String,
    /// Of a round: the number of the room in which its holders write to each other, while rooms are there.
    pub room: Option<u32>,
    /// What the hub's release says, in a lighthouse run.
    pub lighthouse: Option<Box<ClueMatchView>>,
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
                line.room.map(|room| room.to_string()).unwrap_or_default(),
                line.lighthouse_text(),
            ]
        });
        let headers =
            ["match", "type", "value", "strength", "roles", "run", "pilot", "references", "room", "lighthouse"];
        let mut screen = Screen::new("Matches").table("", headers, rows).note(FACT);
        for line in &self.matches {
            screen = screen.notes(line.recalled.iter().map(|recalled| format!("{}: {}", line.id, recalled.text())));
        }
        match &self.next {
            Some(next) => screen.note(format!("More follow: cwg match list --after {next}")),
            None => screen,
        }
    }
}

impl MatchLine {
    /// Release, band and whether a case may open.
    fn lighthouse_text(&self) -> String {
        let Some(release) = self.release else { return String::new() };
        let band = self.band.as_deref().unwrap_or("withdrawn");
        let opens = if self.may_open == Some(true) { ", may open" } else { "" };
        format!("{band}{opens} (release {release})")
    }
}

impl MatchView {
    pub(crate) fn screen(&self) -> Screen {
        let screen = Screen::new(format!("Match {}", self.id));
        let screen = match &self.lighthouse {
            Some(clues) => clues.draw_head(screen),
            None => screen,
        };
        let screen = screen
            .field("type", &self.kind)
            .field("value", &self.canonical)
            .field("strength", format!("{}: {}", self.strength, self.strength_meaning))
            .field("we hold it as", self.roles.join(", "))
            .field("rows of our source", self.rows)
            .field("run", format!("{} with {}, sealed {}", self.run, self.with, self.found))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("may be used for", &self.purpose)
            .field("deleted after", &self.delete_after)
            .field_if("room", self.room.map(|room| format!("cwg room read {} {room}", self.run)))
            .list("Our references", &self.references);
        let screen = match &self.lighthouse {
            Some(clues) => clues.draw_rest(screen),
            None => screen,
        };
        screen.note(&self.fact)
    }
}

/// What every screen with a match says.
pub(crate) const FACT: &str = "A match is a fact about values, not an accusation: both sides hold this identifier";
