//! Why a row is refused, and why a file cannot be read. Neither repeats a cell.

use crate::{COLUMNS_MAX, FOOTER_LEN_MAX, PAGE_LEN_MAX, ROWS_MAX};

/// Why a whole row is refused before its cells are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RowFault {
    /// Over [`crate::ROW_LEN_MAX`] bytes.
    TooLong,
    /// Over [`COLUMNS_MAX`] columns.
    TooManyColumns,
    /// Another number of columns than the header.
    ColumnCount,
    /// Not UTF-8.
    NotUtf8,
    /// Not one JSON object.
    JsonShape,
    /// A name twice in one object.
    JsonRepeated,
}

impl RowFault {
    /// Every fault.
    pub const ALL: [Self; 6] =
        [Self::TooLong, Self::TooManyColumns, Self::ColumnCount, Self::NotUtf8, Self::JsonShape, Self::JsonRepeated];

    /// The stable code, the problem and a hint.
    pub const fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::TooLong => (
                "row-too-long",
                "the row is longer than 64 KiB",
                "look for a quote that is never closed; such a row takes the next ones with it",
            ),
            Self::TooManyColumns => ("too-many-columns", "the row has more than 256 columns", "check the delimiter"),
            Self::ColumnCount => (
                "column-count",
                "the row does not have as many columns as the first",
                "look for a delimiter inside a value that is not in quotes",
            ),
            Self::NotUtf8 => ("not-utf8", "the row is not UTF-8 text", "export the file again as UTF-8"),
            Self::JsonShape => {
                ("json-shape", "the line is not one JSON object", "write one object a line, without a comma after it")
            }
            Self::JsonRepeated => ("json-repeated", "a name stands twice in the object", "write each name once"),
        }
    }
}

/// Why a file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The disk, or what stands for it.
    #[error("the file cannot be read: {}", .0.kind())]
    Io(#[from] std::io::Error),
    /// No header.
    #[error("the file is empty")]
    Empty,
    /// A header that is refused as a row would be.
    #[error("in the header, {}", .0.text().1)]
    Header(RowFault),
    /// A name twice in the header.
    #[error("columns {} and {} have the same name", .first + 1, .second + 1)]
    Repeated {
        /// Its index, from 0.
        first: usize,
        /// That of the other.
        second: usize,
    },
    /// More columns than are taken.
    #[error("the file has more than {COLUMNS_MAX} columns")]
    Columns,
    /// Not a Parquet file, or a damaged one.
    #[error("the file is not a sound Parquet file, at {0}")]
    Parquet(&'static str),
    /// A footer, a page or a count beyond its limit.
    #[error("{0} of the Parquet file is beyond its limit")]
    Limit(&'static str),
    /// A column that has no cells.
    #[error("column {} is nested, or holds numbers with a fraction", .0 + 1)]
    Nested(usize),
    /// A compression or encoding that is not read.
    #[error("column {} is compressed or encoded in a way that is not read", .0 + 1)]
    Encoding(usize),
}

impl RowsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "file-unreadable",
            Self::Empty => "file-empty",
            Self::Header(fault) => fault.text().0,
            Self::Repeated { .. } => "column-repeated",
            Self::Columns => "too-many-columns",
            Self::Parquet(_) => "parquet-damaged",
            Self::Limit(_) => "parquet-limit",
            Self::Nested(_) => "parquet-nested",
            Self::Encoding(_) => "parquet-encoding",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Io(_) => "check the disk".into(),
            Self::Empty => "check that the export has ended".into(),
            Self::Header(fault) => fault.text().2.into(),
            Self::Repeated { .. } => "give each column a name of its own".into(),
            Self::Columns => "export the columns that are needed, and no others".into(),
            Self::Parquet(_) => "export the file again, and compare its length with that of the original".into(),
            Self::Limit(_) => format!(
                "write it with pages of 1 MiB: a footer has at most {FOOTER_LEN_MAX} bytes, a page {PAGE_LEN_MAX}, a file {ROWS_MAX} rows"
            ),
            Self::Nested(_) => "export it as a column of text, whole numbers, days or times, or leave it out".into(),
            Self::Encoding(_) => "write it plain or with a dictionary, uncompressed or with Snappy".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_code_a_problem_and_a_hint() {
        let codes: std::collections::BTreeSet<_> = RowFault::ALL.map(|fault| fault.text().0).into();
        assert_eq!(codes.len(), RowFault::ALL.len());
        for (_, problem, hint) in RowFault::ALL.map(RowFault::text) {
            assert!(!problem.ends_with('.') && !hint.ends_with('.') && hint.len() > 10);
        }
    }
}
