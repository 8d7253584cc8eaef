//! Rows of a CSV file (RFC 4180), one at a time in bounded memory. A row that is too long is skipped and named.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use zeroize::Zeroize;

use crate::{COLUMNS_MAX, Cell, ROW_LEN_MAX, Row, RowFault, RowsError};

/// The rows of a CSV file with a header.
pub(crate) struct CsvRows<R> {
    records: CsvRecords<R>,
    columns: Vec<String>,
    rows: u64,
}

impl<R: Read> CsvRows<R> {
    pub(crate) fn open(input: R, delimiter: u8) -> Result<Self, RowsError> {
        let mut records = CsvRecords::new(input, delimiter);
        let header = records.next_record()?.ok_or(RowsError::Empty)?;
        if let Some(fault) = header.fault {
            return Err(RowsError::Header(fault));
        }
        let name = |index| core::str::from_utf8(records.field(index)).map(|name| name.trim().to_owned());
        let columns: Result<Vec<String>, _> = (0..header.fields).map(name).collect();
        let columns = columns.map_err(|_| RowsError::Header(RowFault::NotUtf8))?;
        each_once(&columns)?;
        Ok(Self { records, columns, rows: 0 })
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn next_row(&mut self, row: &mut Row) -> Result<bool, RowsError> {
        let Some(record) = self.records.next_record()? else { return Ok(false) };
        self.rows += 1;
        row.begin(self.rows, Some(record.line), self.columns.len());
        let count = (record.fields != self.columns.len()).then_some(RowFault::ColumnCount);
        if let Some(fault) = record.fault.or(count) {
            row.refuse(fault);
            return Ok(true);
        }
        for index in 0..record.fields {
            match core::str::from_utf8(self.records.field(index)) {
                Ok("") => {}
                Ok(text) => row.set(index, Cell::Text(text.to_owned())),
                Err(_) => {
                    row.refuse(RowFault::NotUtf8);
                    break;
                }
            }
        }
        Ok(true)
    }
}

/// Refuses a name that stands twice, upper and lower case alike.
pub(crate) fn each_once(columns: &[String]) -> Result<(), RowsError> {
    for (second, name) in columns.iter().enumerate() {
        let same = |other: &String| !name.is_empty() && other.eq_ignore_ascii_case(name);
        if let Some(first) = columns[..second].iter().position(same) {
            return Err(RowsError::Repeated { first, second });
        }
    }
    Ok(())
}

/// A record as the reader left it in its buffers.
#[derive(Clone, Copy, Debug)]
pub struct CsvRecord {
    /// How many fields it has.
    pub fields: usize,
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Why it is refused: too long, or too many fields. It then has none.
    pub fault: Option<RowFault>,
}

/// The records of a CSV file, with the line on which each begins. For rows with named cells see [`crate::Rows`].
pub struct CsvRecords<R> {
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
impl<R> Drop for CsvRecords<R> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.output.zeroize();
    }
}

impl<R: Read> CsvRecords<R> {
    /// Reads from the beginning of a file.
    pub fn new(input: R, delimiter: u8) -> Self {
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
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn next_record(&mut self) -> std::io::Result<Option<CsvRecord>> {
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
                ReadRecordResult::Record => return Ok(Some(CsvRecord { fields, line, fault })),
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

    /// A field of the last record; `index` is below its number of fields.
    pub fn field(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.output[start..self.ends[index]]
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
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
