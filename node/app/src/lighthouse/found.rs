//! What every format comes down to: a place, an identifier, and texts for fields.

use core::fmt;

use cwg_protocol::indicator::ColumnKind;
use cwg_protocol::lighthouse::{Caveat, DraftError, Field, Forbidden};

/// Where a record stands.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Of a file of rows.
    Row { number: u64, line: Option<u64> },
    /// Of a document: names and numbers of its own, never a value.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { number, line: Some(line) } => write!(f, "row {number}, line {line}"),
            Self::Row { number, line: None } => write!(f, "row {number}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// One record on its way to a clue.
pub(super) struct Found {
    pub(super) place: Place,
    /// The source's own name for the record, and which of its clues this is.
    pub(super) reference: Option<(String, u32)>,
    pub(super) value: FoundValue,
    pub(super) cells: Vec<(Field, String)>,
    /// Beside those of the map.
    pub(super) caveats: Option<Vec<Caveat>>,
}

/// The identifier of a record.
pub(super) enum FoundValue {
    /// In the cells, under `kind` and `value`.
    InCells,
    /// In one text.
    One(ColumnKind, String),
    /// In a text for each part of its kind, empty where there is none.
    Parts(ColumnKind, Vec<String>),
}

/// Why a record gives no clue: the field if it is one, a stable code, what is wrong and what to do. Never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) field: Option<Field>,
    pub(super) code: &'static str,
    pub(super) problem: String,
    pub(super) hint: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field: None, code, problem: problem.into(), hint: hint.into() }
    }
}

impl From<DraftError> for Refusal {
    fn from(error: DraftError) -> Self {
        Self { field: Some(error.field), code: error.code(), problem: error.fault.to_string(), hint: error.hint() }
    }
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        Self::new(forbidden.code(), forbidden.problem(), forbidden.hint())
    }
}
