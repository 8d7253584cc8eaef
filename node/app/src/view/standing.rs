//! The standing comparison: its periods, and what it says of own items.

use serde::{Deserialize, Serialize};

use super::Screen;

/// Key periods and their editions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingView {
    /// Periods that are open, oldest first.
    pub periods: Vec<PeriodLine>,
    /// What was just done, where something was.
    pub notes: Vec<String>,
}

/// One key period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodLine {
    /// Its number.
    pub period: u32,
    /// Fingerprint of its public key: the same at the hub and at every member.
    pub public: String,
    /// From when.
    pub opens: String,
    /// Until when.
    pub closes: String,
    /// Items that each member may have evaluated.
    pub allowance: u32,
    /// The release that the last edition here publishes.
    pub release: Option<u32>,
    /// Editions of the chain: a snapshot, then its deltas.
    pub editions: u32,
    /// Rows of all of them, padding included.
    pub rows: u64,
    /// Member: outputs in its table, those that were added twice counted twice.
    pub table: Option<u64>,
    /// Member: items that it has asked the hub to evaluate.
    pub asked: Option<u64>,
    /// Hub: items that each member has left.
    pub left: Vec<LeftLine>,
}

/// What a member has left of its allowance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftLine {
    /// The member.
    pub member: String,
    /// Items.
    pub items: u32,
}

/// What an evaluation of a file came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationView {
    /// The period.
    pub period: u32,
    /// Rows read.
    pub rows: u64,
    /// Rows refused: `cwg indicators check` tells why.
    pub refused: u64,
    /// Different items of the file that the charter allows.
    pub items: u64,
    /// Of these, those that were evaluated now.
    pub evaluated: u64,
    /// Periods whose tables were destroyed, because this one stands in their place.
    pub destroyed: Vec<u32>,
}

/// What the editions say of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUpView {
    /// Indicator type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The release.
    pub release: u32,
    /// Forms of the value that were looked up.
    pub forms: u32,
    /// Clues of any of them that were not recalled.
    pub clues: Vec<ClueLine>,
    /// Further clues that the labels had no room for.
    pub more: u32,
    /// Clues that were left out because they were recalled.
    pub recalled: u32,
    /// How all of them are to be read: the safest of what they say.
    pub reading: Option<ReadingView>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// How all clues of one value are read together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingView {
    /// The safest subject.
    pub subject: String,
    /// Whether the holder is under 18, as far as any clue says.
    pub minor: String,
    /// Restrictions of all.
    pub caveats: Vec<String>,
}

/// One clue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClueLine {
    /// Its name.
    pub clue: String,
    /// `A`, `B` or `C`: how much a match in this form says by itself.
    pub strength: String,
    /// What the holder does.
    pub role: String,
    /// What the holder is.
    pub subject: String,
    /// Whether the holder is under 18.
    pub minor: String,
    /// The pattern of exploitation.
    pub typology: String,
    /// The stage of the offence.
    pub stage: String,
    /// First and last day on which it may have been seen.
    pub observed: String,
    /// Kind of organisation that it is from.
    pub source: String,
    /// How far the source is trusted.
    pub grade: String,
    /// Restrictions.
    pub caveats: Vec<String>,
    /// The last day on which it may be used.
    pub expires: String,
}

impl StandingView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.periods.iter().map(|line| {
            let release = line.release.map_or_else(|| "none".to_owned(), |release| release.to_string());
            [
                line.period.to_string(),
                line.public.clone(),
                line.closes.clone(),
                line.allowance.to_string(),
                release,
                format!("{} ({} rows)", line.editions, line.rows),
                line.asked.map_or_else(String::new, |items| items.to_string()),
                line.table.map_or_else(String::new, |rows| rows.to_string()),
            ]
        });
        let headers = ["period", "public key", "until", "allowance", "release", "editions", "asked", "table"];
        let screen = Screen::new("Standing comparison").table("", headers, rows);
        let left = self.periods.iter().flat_map(|line| {
            let period = line.period;
            line.left.iter().map(move |left| [period.to_string(), left.member.clone(), left.items.to_string()])
        });
        let left: Vec<_> = left.collect();
        let screen = if left.is_empty() {
            screen
        } else {
            screen.table("Items left to evaluate", ["period", "member", "items"], left)
        };
        screen.notes(&self.notes)
    }
}

impl EvaluationView {
    pub(crate) fn screen(&self) -> Screen {
        let screen = Screen::new(format!("Evaluated in period {}", self.period))
            .field("rows read", self.rows)
            .field("rows refused", self.refused)
            .field("items that the charter allows", self.items)
            .field("evaluated now", self.evaluated);
        let gone = self.destroyed.iter().map(|period| format!("The table of period {period} is destroyed"));
        screen.notes(gone)
    }
}

impl LookUpView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.clues.iter().map(|line| {
            [
                line.clue.clone(),
                line.strength.clone(),
                line.role.clone(),
                line.subject.clone(),
                line.minor.clone(),
                line.typology.clone(),
                line.stage.clone(),
                line.observed.clone(),
                format!("{} {}", line.source, line.grade),
                line.caveats.join(", "),
            ]
        });
        let headers =
            ["clue", "strength", "role", "subject", "minor", "typology", "stage", "observed", "source", "caveats"];
        let mut screen = Screen::new(format!("Release {} on this {}", self.release, self.kind));
        if let Some(reading) = &self.reading {
            screen = screen.field("read together", format!("subject {}, minor {}", reading.subject, reading.minor));
            screen = screen.field("caveats of all", reading.caveats.join(", "));
        }
        let screen =
            if self.clues.is_empty() { screen.field("clues", self.more) } else { screen.table("", headers, rows) };
        let screen =
            if self.more > 0 { screen.note(format!("{} further clues are not shown", self.more)) } else { screen };
        screen.notes(&self.notes)
    }

    /// Whether anything is said of the value.
    pub(crate) fn is_match(&self) -> bool {
        !self.clues.is_empty() || self.more > 0
    }
}
