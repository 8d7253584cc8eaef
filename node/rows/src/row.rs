//! One row, whose memory is used again for the next.

use core::fmt;

use zeroize::Zeroize;

use crate::RowFault;

/// A cell.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Cell {
    /// There is nothing.
    #[default]
    Absent,
    /// A text, or a number, a day or a time as one.
    Text(String),
    /// Something that has no text: a list, an object, a fraction, bytes that are not UTF-8.
    NotText,
}

/// The cells of one row, in the order of the file's columns.
#[derive(Default)]
pub struct Row {
    /// Counted from 1, header aside.
    pub number: u64,
    /// The line on which it begins, counted from 1; none in a file without lines.
    pub line: Option<u64>,
    /// Why the whole row is refused; its cells are then absent.
    pub fault: Option<RowFault>,
    cells: Vec<Cell>,
}

impl Row {
    /// The cell of a column; absent too if the row ends before it.
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Absent)
    }

    /// The text of a column, if it has one.
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.cell(column) {
            Cell::Text(text) => Some(text),
            Cell::Absent | Cell::NotText => None,
        }
    }

    pub(crate) fn begin(&mut self, number: u64, line: Option<u64>, columns: usize) {
        self.erase();
        self.cells.resize(columns, Cell::Absent);
        (self.number, self.line, self.fault) = (number, line, None);
    }

    pub(crate) fn set(&mut self, column: usize, cell: Cell) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, Cell::Absent);
        }
        self.cells[column] = cell;
    }

    pub(crate) fn refuse(&mut self, fault: RowFault) {
        self.erase();
        self.fault = Some(fault);
    }

    fn erase(&mut self) {
        for cell in &mut self.cells {
            if let Cell::Text(text) = cell {
                text.zeroize();
            }
        }
        self.cells.clear();
    }
}

/// Cells may hold card numbers.
impl Drop for Row {
    fn drop(&mut self) {
        self.erase();
    }
}

/// Cells are never printed.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({}, {} cells, {:?})", self.number, self.cells.len(), self.fault)
    }
}

/// A cell is never printed.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Text(_) => "Text(..)",
            Self::NotText => "NotText",
        })
    }
}
