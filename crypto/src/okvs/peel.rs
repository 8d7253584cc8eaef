//! Peeling: an order of rows and columns in which the sparse part is triangular, and the rows that are left over.

use super::OkvsError;

/// Rows of a bin, each with its three columns.
pub(super) type Rows = [[u16; 3]];

/// Peels one bin after another, keeping its memory.
#[derive(Debug, Default)]
pub(super) struct Peeler {
    /// For each column, the number of its rows in the upper half and the exclusive or of their numbers in the lower.
    cells: Vec<u32>,
    /// Columns that had one row when they were put here, and how many there are.
    queue: Vec<u16>,
    queued: usize,
    /// Row and column: the column is in no later row.
    order: Vec<(u16, u16)>,
    /// Rows without a column of their own. All their columns are free or belong to rows in the order.
    gap: Vec<u16>,
}

/// One row, in the upper half of a cell.
const ONE_ROW: u32 = 1 << 16;

impl Peeler {
    /// Rows with the columns they set: to be solved from the last to the first.
    pub(super) fn order(&self) -> &[(u16, u16)] {
        &self.order
    }

    /// Rows for the dense columns.
    pub(super) fn gap(&self) -> &[u16] {
        &self.gap
    }

    /// Peels the rows of a bin with so many sparse and dense columns.
    pub(super) fn peel(&mut self, rows: &Rows, columns: usize, dense: usize) -> Result<(), OkvsError> {
        self.begin(rows, columns);
        let mut head = 0;
        loop {
            while head < self.queued {
                let column = self.queue[head];
                head += 1;
                let cell = self.cells[usize::from(column)];
                if cell / ONE_ROW == 1 {
                    let row = cell as u16;
                    self.order.push((row, column));
                    self.take(row, &rows[usize::from(row)]);
                }
            }
            if self.order.len() + self.gap.len() == rows.len() {
                return Ok(());
            }
            self.break_core(rows);
            if self.gap.len() > dense {
                return Err(OkvsError::GapTooLarge { dense });
            }
        }
    }

    fn begin(&mut self, rows: &Rows, columns: usize) {
        self.cells.clear();
        self.cells.resize(columns, 0);
        // A column has one row once only, so it is queued once; one slot more is written to but never kept.
        self.queue.resize(columns + 1, 0);
        self.queued = 0;
        self.order.clear();
        self.gap.clear();
        for (row, columns) in rows.iter().enumerate() {
            for column in columns {
                let cell = &mut self.cells[usize::from(*column)];
                *cell = (*cell + ONE_ROW) ^ row as u32;
            }
        }
        for column in 0..columns {
            self.queue_if_single(column as u16);
        }
    }

    /// Without a branch: which columns become single cannot be predicted.
    #[inline]
    fn queue_if_single(&mut self, column: u16) {
        self.queue[self.queued] = column;
        self.queued += usize::from(self.cells[usize::from(column)] / ONE_ROW == 1);
    }

    /// Takes a row out of its columns.
    #[inline]
    fn take(&mut self, row: u16, columns: &[u16; 3]) {
        for column in columns {
            let cell = &mut self.cells[usize::from(*column)];
            *cell = (*cell - ONE_ROW) ^ u32::from(row);
            self.queue_if_single(*column);
        }
    }

    /// Every column that is left has two rows or more: the one with fewest goes to one of them, the others go to the gap.
    #[cold]
    fn break_core(&mut self, rows: &Rows) {
        let left = self.cells.iter().enumerate().filter(|(_, cell)| **cell >= ONE_ROW);
        let (column, _) = left.min_by_key(|(_, cell)| **cell / ONE_ROW).expect("rows are left, so columns are");
        let mut taken = vec![false; rows.len()];
        for row in self.order.iter().map(|(row, _)| row).chain(&self.gap) {
            taken[usize::from(*row)] = true;
        }
        let column = column as u16;
        let mut first = true;
        for (row, columns) in rows.iter().enumerate().filter(|(row, columns)| !taken[*row] && columns.contains(&column))
        {
            let row = row as u16;
            if core::mem::take(&mut first) {
                self.order.push((row, column))
            } else {
                self.gap.push(row)
            }
            self.take(row, columns);
        }
    }
}
