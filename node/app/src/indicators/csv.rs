//! Rows of a CSV file (RFC 4180), one at a time in bounded memory. A row that is too long is skipped and named.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use cwg_protocol::indicator::Forbidden;
use zeroize::Zeroize;

use super::block::{Block, RowAt, RowFault, Source};
use super::columns::Columns;
use super::map::{ColumnMap, refused};
use super::{COLUMNS_MAX, ROW_LEN_MAX};
use crate::files::io_problem;
use crate::problem::Problem;

/// The rows of a CSV file.
pub(super) struct CsvRows<R> {
    records: Records<R>,
    file: String,
    /// For each slot the index of its column.
    indices: Vec<usize>,
    width: usize,
    rows: u64,
    /// The first row of a file without header: it was read to learn its width.
    first: Option<Shape>,
}

/// A record as the reader left it in its buffers.
#[derive(Clone, Copy)]
struct Shape {
    fields: usize,
    line: u64,
    fault: Option<RowFault>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header, finds the columns of the map in it, and says what else is to be noted.
    pub(super) fn open(input: R, map: &ColumnMap, file: &str) -> Result<(Self, Columns, Vec<String>), Problem> {
        let mut records = Records::new(input, map.delimiter());
        let first = records.next().map_err(|error| io_problem(file, &error))?;
        let Some(shape) = first else {
            return Err(refused(format!("{file} is empty"), "check that the export has ended"));
        };
        if let Some(fault) = shape.fault {
            return Err(refused(format!("{file}, line {}: {}", shape.line, fault.text().1), fault.text().2));
        }
        let mut notes = Vec::new();
        let header = map.has_header().then(|| records.header(shape.fields));
        for title in header.iter().flatten() {
            if let Some(sort) = Forbidden::of_header(title) {
                let what = sort.looks_like();
                notes.push(format!(
                    "Column {title} of {file} was not read: it looks like {what}, which an export should leave out"
                ));
            }
        }
        let columns = Columns::of_header(map, header.as_deref(), shape.fields, file)?;
        let rows = Self {
            records,
            file: file.to_owned(),
            indices: columns.indices.clone(),
            width: shape.fields,
            rows: 0,
            first: header.is_none().then_some(shape),
        };
        Ok((rows, columns, notes))
    }
}

impl<R: Read> Source for CsvRows<R> {
    fn fill(&mut self, block: &mut Block) -> Result<(), Problem> {
        block.clear(self.indices.len());
        while !block.is_full() {
            let next = match self.first.take() {
                Some(first) => Some(first),
                None => self.records.next().map_err(|error| io_problem(&self.file, &error))?,
            };
            let Some(shape) = next else { break };
            self.rows += 1;
            let fault = shape.fault.or((shape.fields != self.width).then_some(RowFault::ColumnCount));
            block.push(RowAt { row: self.rows, line: shape.line, fault });
            if fault.is_none() {
                for (slot, index) in self.indices.iter().enumerate() {
                    block.set_cell(slot, self.records.field(*index));
                }
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.records.bytes
    }
}

/// Records, with the line on which each begins.
struct Records<R> {
    input: R,
    reader: Reader,
    buffer: Box<[u8]>,
    filled: core::ops::Range<usize>,
    ended: bool,
    bytes: u64,
    lines: Lines,
    output: Box<[u8]>,
    ends: Box<[usize]>,
}

/// Rows may hold card numbers.
impl<R> Drop for Records<R> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.output.zeroize();
    }
}

impl<R: Read> Records<R> {
    fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; BUFFER_LEN].into(),
            filled: 0..0,
            ended: false,
            bytes: 0,
            lines: Lines::default(),
            output: vec![0; ROW_LEN_MAX].into(),
            ends: vec![0; COLUMNS_MAX].into(),
        }
    }

    /// The next record, whose fields then stand in the buffers; `None` at the end.
    fn next(&mut self) -> std::io::Result<Option<Shape>> {
        self.skip_line_ends()?;
        let line = self.lines.ended + 1;
        let (mut written, mut fields) = (0, 0);
        let mut fault = None;
        loop {
            if self.filled.is_empty() && !self.ended {
                self.refill()?;
            }
            let input = &self.buffer[self.filled.clone()];
            let (result, read, out, ends) =
                self.reader.read_record(input, &mut self.output[written..], &mut self.ends[fields..]);
            self.lines.pass(&input[..read]);
            self.filled.start += read;
            written += out;
            fields += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    fault = Some(RowFault::TooLong);
                    (written, fields) = (0, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    fault = fault.or(Some(RowFault::TooManyColumns));
                    (written, fields) = (0, 0);
                }
                ReadRecordResult::Record => return Ok(Some(Shape { fields, line, fault })),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Passes over empty lines, and the byte order mark of a file.
    fn skip_line_ends(&mut self) -> std::io::Result<()> {
        loop {
            if self.filled.is_empty() {
                if self.ended {
                    return Ok(());
                }
                self.refill()?;
                continue;
            }
            let input = &self.buffer[self.filled.clone()];
            let len = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.lines.pass(&input[..len]);
            self.filled.start += len;
            if !self.filled.is_empty() {
                return Ok(());
            }
        }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        let first = self.bytes == 0;
        let mut len = 0;
        // A short first read must not cut the mark in two.
        while len < if first { BOM.len() } else { 1 } {
            match self.input.read(&mut self.buffer[len..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => len += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes += len as u64;
        let skipped = if first && self.buffer[..len].starts_with(BOM) { BOM.len() } else { 0 };
        self.filled = skipped..len;
        Ok(())
    }

    /// A field of the last record.
    fn field(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.output[start..self.ends[index]]
    }

    fn header(&self, fields: usize) -> Vec<String> {
        (0..fields).map(|index| String::from_utf8_lossy(self.field(index)).into_owned()).collect()
    }
}

/// Counts line ends: LF, CR LF, or CR alone.
#[derive(Default)]
struct Lines {
    ended: u64,
    after_cr: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' => self.ended += 1,
                b'\r' => {
                    self.ended += 1;
                    self.after_cr = true;
                }
                _ => self.after_cr = false,
            }
        }
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
const BUFFER_LEN: usize = 128 * 1024;
