//! Loads: what came in, what was refused and where; never a value.

use serde::{Deserialize, Serialize};

use super::Screen;

/// What a load, or a check of a file, came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReportView {
    /// The load; none for a check.
    pub load: Option<String>,
    /// The file's name, without its folder.
    pub file: String,
    /// Bytes read.
    pub bytes: u64,
    /// Rows read, header and empty lines aside.
    pub rows: u64,
    /// Rows of which something was taken, all of it as it stood.
    pub rows_accepted: u64,
    /// Rows of which something was taken, some of it after a repair.
    pub rows_repaired: u64,
    /// Rows of which nothing was taken.
    pub rows_refused: u64,
    /// Rows of which something was taken and something refused; they count among the first two as well.
    pub rows_partly: u64,
    /// Different items; none for a check of a file with more than can be counted in memory.
    pub items: Option<u64>,
    /// Keys whose item had come before in this file; none where `items` is.
    pub duplicates: Option<u64>,
    /// Values by type of column.
    pub values: Vec<ValueCount>,
    /// Keys by indicator type: a value may give several.
    pub keys: Vec<KeyCount>,
    /// Refusals by code.
    pub refusals: Vec<RefusalCount>,
    /// Repairs by code.
    pub repairs: Vec<RepairCount>,
    /// The first refusals, by row.
    pub refused: Vec<RefusedRow>,
    /// How many refusals there are beyond those listed.
    pub refused_not_listed: u64,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// Values of one type of column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueCount {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Taken as they stood.
    pub accepted: u64,
    /// Taken after a repair.
    pub repaired: u64,
    /// Refused.
    pub refused: u64,
    /// Empty cells, which are not refused.
    pub empty: u64,
}

/// Keys of one indicator type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCount {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many, duplicates included.
    pub keys: u64,
}

/// Refusals of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalCount {
    /// The stable code.
    pub code: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
    /// How many.
    pub count: u64,
}

/// Repairs of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairCount {
    /// The stable code.
    pub code: String,
    /// How many.
    pub count: u64,
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    /// The row, counted from 1 after the header.
    pub row: u64,
    /// The line of the file on which the row begins.
    pub line: u64,
    /// The column as the map names it; none if the whole row is meant.
    pub column: Option<String>,
    /// The stable code.
    pub code: String,
}

/// The loads in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorsView {
    /// In the order of their numbers.
    pub loads: Vec<LoadLine>,
    /// Items by type and roles over all loads. An item that stands in two loads counts twice.
    pub kinds: Vec<KindLine>,
    /// Loads that this request deleted.
    pub deleted: Vec<String>,
}

/// One load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadLine {
    /// The load.
    pub load: String,
    /// When it was taken into use, if known.
    pub loaded: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// Rows taken as they were.
    pub accepted: u64,
    /// Rows taken after a repair.
    pub repaired: u64,
    /// Rows refused.
    pub refused: u64,
    /// Different items.
    pub items: u64,
}

/// Items of one type and roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindLine {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The roles.
    pub roles: Vec<String>,
    /// How many.
    pub items: u64,
}

impl LoadReportView {
    pub(crate) fn screen(&self) -> Screen {
        let title = match &self.load {
            Some(load) => format!("Load {load}"),
            None => format!("Check of {}: nothing was kept", self.file),
        };
        let values = self.values.iter().map(|line| {
            [
                line.kind.clone(),
                line.accepted.to_string(),
                line.repaired.to_string(),
                line.refused.to_string(),
                line.empty.to_string(),
            ]
        });
        let keys = self.keys.iter().map(|line| [line.kind.clone(), line.keys.to_string()]);
        let mut screen = Screen::new(title)
            .field("file", &self.file)
            .field("bytes", self.bytes)
            .field("rows", self.rows)
            .field("rows accepted", self.rows_accepted)
            .field("rows repaired", self.rows_repaired)
            .field("rows refused", self.rows_refused)
            .field("rows taken in part", self.rows_partly)
            .field_if("items", self.items)
            .field_if("duplicates", self.duplicates)
            .table("Values", ["type", "accepted", "repaired", "refused", "empty"], values)
            .table("Keys", ["type", "keys"], keys);
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
        if !self.refused.is_empty() {
            let rows = self.refused.iter().map(|line| {
                [
                    line.line.to_string(),
                    line.row.to_string(),
                    line.column.clone().unwrap_or_default(),
                    line.code.clone(),
                ]
            });
            screen = screen.table("Refused", ["line", "row", "column", "code"], rows);
        }
        if self.refused_not_listed > 0 {
            screen = screen.note(format!("{} more refusals are counted above and not listed", self.refused_not_listed));
        }
        screen.notes(&self.notes)
    }
}

impl IndicatorsView {
    pub(crate) fn screen(&self) -> Screen {
        let loads = self.loads.iter().map(|line| {
            [
                line.load.clone(),
                line.loaded.clone().unwrap_or_default(),
                line.rows.to_string(),
                line.accepted.to_string(),
                line.repaired.to_string(),
                line.refused.to_string(),
                line.items.to_string(),
            ]
        });
        let kinds = self.kinds.iter().map(|line| [line.kind.clone(), line.roles.join(", "), line.items.to_string()]);
        Screen::new("Indicators")
            .table("Loads", ["load", "loaded", "rows", "accepted", "repaired", "refused", "items"], loads)
            .table("Items", ["type", "roles", "items"], kinds)
            .notes(self.deleted.iter().map(|load| format!("Deleted load {load}")))
    }
}
