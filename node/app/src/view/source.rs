//! Sources: what became of the records of a file; never a value.

use serde::{Deserialize, Serialize};

use super::{KeyCount, RefusalCount, RepairCount, Screen};
use crate::problem::Exit;

/// What one file of a source came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReportView {
    /// The file's name, without its folder.
    pub file: String,
    /// The pseudonym of the source.
    pub source: String,
    /// What kind of organisation it is.
    pub source_kind: String,
    /// Records read: rows, objects, attributes.
    pub records: u64,
    /// Clues taken as they stood, repeated ones included.
    pub accepted: u64,
    /// Clues taken after a repair.
    pub repaired: u64,
    /// Records that gave no clue.
    pub refused: u64,
    /// Clues that had come before, and said the same.
    pub repeated: u64,
    /// Clues that had come before with another status: the more careful one stands.
    pub settled: u64,
    /// Clues whose id another clue has that says something else; nothing can be built.
    pub two_under_one_name: u64,
    /// Clues by kind.
    pub kinds: Vec<KeyCount>,
    /// Refusals by code.
    pub refusals: Vec<RefusalCount>,
    /// Repairs by code.
    pub repairs: Vec<RepairCount>,
    /// The first refusals, by place.
    pub refused_at: Vec<RefusedPlace>,
    /// How many refusals there are beyond those listed.
    pub refused_not_listed: u64,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedPlace {
    /// The row and line, or the path in the document.
    pub place: String,
    /// The field of the clue; none if the whole record is meant.
    pub field: Option<String>,
    /// The stable code.
    pub code: String,
}

impl SourceReportView {
    /// What the command line exits with: [`Exit::BadInput`] if nothing was taken or two clues have one name.
    pub fn exit(&self) -> Exit {
        if self.accepted + self.repaired == 0 || self.two_under_one_name > 0 { Exit::BadInput } else { Exit::Ok }
    }

    /// What people see.
    pub fn screen(&self) -> Screen {
        let mut screen = Screen::new(format!("Source {}", self.source))
            .field("file", &self.file)
            .field("kind of source", &self.source_kind)
            .field("records", self.records)
            .field("accepted", self.accepted)
            .field("repaired", self.repaired)
            .field("refused", self.refused)
            .field("repeated", self.repeated)
            .field("settled by status", self.settled)
            .field("two under one name", self.two_under_one_name);
        let rows = self.kinds.iter().map(|line| [line.kind.clone(), line.keys.to_string()]);
        screen = screen.table("Clues", ["kind", "clues"], rows);
        if !self.refusals.is_empty() {
            let rows = self
                .refusals
                .iter()
                .map(|line| [line.code.clone(), line.count.to_string(), line.problem.clone(), line.hint.clone()]);
            screen = screen.table("Refusals", ["code", "count", "problem", "hint"], rows);
        }
        if !self.repairs.is_empty() {
            let rows = self.repairs.iter().map(|line| [line.code.clone(), line.count.to_string()]);
            screen = screen.table("Repairs", ["code", "count"], rows);
        }
        if !self.refused_at.is_empty() {
            let rows = self
                .refused_at
                .iter()
                .map(|line| [line.place.clone(), line.field.clone().unwrap_or_default(), line.code.clone()]);
            screen = screen.table("Refused", ["place", "field", "code"], rows);
        }
        if self.refused_not_listed > 0 {
            screen = screen.note(format!("{} more refusals are counted above and not listed", self.refused_not_listed));
        }
        screen.notes(&self.notes)
    }
}
