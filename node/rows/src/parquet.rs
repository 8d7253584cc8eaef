//! Rows of a Parquet file: columns that are not nested. What the file says of itself is checked
//! against the limits before the library is asked to make room for it (`pages.rs`).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

use jiff::{Timestamp, tz::TimeZone};
use parquet::basic::{Compression, LogicalType, TimeUnit, Type as Physical};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::cells::{ColumnCells, Raw};
use crate::csv::each_once;
use crate::{COLUMNS_MAX, Cell, FOOTER_LEN_MAX, ROW_LEN_MAX, ROWS_MAX, Row, RowFault, RowsError, pages};

/// The rows of a Parquet file.
pub(crate) struct ParquetRows {
    reader: SerializedFileReader<File>,
    file: File,
    columns: Vec<String>,
    kinds: Vec<Option<Kind>>,
    /// Which columns are read.
    wanted: Vec<usize>,
    group: usize,
    /// Rows of the group that were not read yet.
    group_rows: u64,
    cells: Vec<ColumnCells>,
    rows: u64,
    /// Rows of all groups.
    total: u64,
}

/// How the values of a column become texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Bool,
    Number { unsigned: bool },
    Day,
    Time { per_second: i64 },
}

impl ParquetRows {
    pub(crate) fn open(mut file: File) -> Result<Self, RowsError> {
        check_footer(&mut file)?;
        let reader = SerializedFileReader::new(file.try_clone()?).map_err(|_| RowsError::Parquet("its footer"))?;
        let metadata = reader.metadata();
        let schema = metadata.file_metadata().schema_descr();
        // Leaves of one nested column have one name: only names at the root count.
        let root = schema.root_schema().get_fields();
        if root.len() > COLUMNS_MAX || schema.num_columns() > COLUMNS_MAX {
            return Err(RowsError::Columns);
        }
        let columns: Vec<String> = root.iter().map(|field| field.name().to_owned()).collect();
        each_once(&columns)?;
        let kinds = root.iter().map(|field| kind_of(field)).collect();
        let mut rows = 0u64;
        for group in metadata.row_groups() {
            let count = u64::try_from(group.num_rows()).map_err(|_| RowsError::Parquet("a count of rows"))?;
            rows = rows.saturating_add(count);
            if group.columns().len() != schema.num_columns() {
                return Err(RowsError::Parquet("the columns of a group"));
            }
        }
        if rows > ROWS_MAX {
            return Err(RowsError::Limit("the number of rows"));
        }
        let wanted = Vec::new();
        Ok(Self {
            reader,
            file,
            columns,
            kinds,
            wanted,
            group: 0,
            group_rows: 0,
            cells: Vec::new(),
            rows: 0,
            total: rows,
        })
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn read_only(&mut self, columns: &[usize]) -> Result<(), RowsError> {
        let len = self.file.metadata()?.len();
        for column in columns {
            let leaf = self.leaf(*column)?;
            for group in self.reader.metadata().row_groups() {
                check_chunk(&self.file, len, group.column(leaf), *column)?;
            }
        }
        self.wanted = columns.to_vec();
        Ok(())
    }

    pub(crate) fn next_row(&mut self, row: &mut Row) -> Result<bool, RowsError> {
        while self.group_rows == 0 {
            if self.group == self.reader.num_row_groups() || self.wanted.is_empty() {
                return Ok(false);
            }
            self.open_group()?;
        }
        self.group_rows -= 1;
        self.rows += 1;
        row.begin(self.rows, None, self.columns.len());
        let too_long = core::cell::Cell::new(false);
        let mut len = 0;
        for (column, cells) in self.wanted.iter().zip(&mut self.cells) {
            let kind = self.kinds[*column].ok_or(RowsError::Nested(*column))?;
            let cell = cells.next(|raw| cell_of(raw, kind, &too_long))?;
            len += if let Cell::Text(text) = &cell { text.len() } else { 0 };
            row.set(*column, cell);
        }
        if too_long.get() || len > ROW_LEN_MAX {
            row.refuse(RowFault::TooLong);
        }
        Ok(true)
    }

    fn open_group(&mut self) -> Result<(), RowsError> {
        let damaged = |_| RowsError::Parquet("a group of rows");
        let group = self.reader.get_row_group(self.group).map_err(damaged)?;
        self.cells.clear();
        for column in &self.wanted {
            let leaf = self.leaf(*column)?;
            let described = self.reader.metadata().file_metadata().schema_descr().column(leaf);
            let pages = group.get_column_page_reader(leaf).map_err(damaged)?;
            self.cells.push(ColumnCells::new(pages, described.physical_type(), described.max_def_level() > 0));
        }
        self.group_rows = u64::try_from(group.metadata().num_rows()).unwrap_or(0);
        self.group += 1;
        Ok(())
    }

    /// The leaf of a column that is not nested.
    fn leaf(&self, column: usize) -> Result<usize, RowsError> {
        let nested = RowsError::Nested(column);
        if self.kinds.get(column).copied().flatten().is_none() {
            return Err(nested);
        }
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let name = &self.columns[column];
        let is_it = |leaf: &usize| matches!(schema.column(*leaf).path().parts(), [only] if only == name);
        (0..schema.num_columns()).find(is_it).ok_or(nested)
    }
}

/// The magic and the length at the end, before the library makes room for the footer.
fn check_footer(file: &mut File) -> Result<(), RowsError> {
    let mut tail = [0; 8];
    let len = file.metadata()?.len();
    if len < 12 {
        return Err(RowsError::Parquet("its end"));
    }
    file.seek(SeekFrom::Start(len - 8))?;
    file.read_exact(&mut tail)?;
    file.rewind()?;
    let (footer, magic) = tail.split_at(4);
    let footer = footer.try_into().map(u32::from_le_bytes).unwrap_or(u32::MAX);
    if magic != b"PAR1" || u64::from(footer) > len - 12 {
        return Err(RowsError::Parquet("its end"));
    }
    if footer > FOOTER_LEN_MAX { Err(RowsError::Limit("the footer")) } else { Ok(()) }
}

/// Walks the headers of a chunk's pages: what they claim is within the limits and within the file.
fn check_chunk(file: &File, len: u64, chunk: &ColumnChunkMetaData, column: usize) -> Result<(), RowsError> {
    // Gzip is left out: the library puts no bound on what comes of a page.
    if !matches!(chunk.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY) {
        return Err(RowsError::Encoding(column));
    }
    let damaged = RowsError::Parquet("a chunk of a column");
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let (Ok(start), Ok(chunk_len)) = (u64::try_from(start), u64::try_from(chunk.compressed_size())) else {
        return Err(damaged);
    };
    if chunk.num_values() < 0 || start.checked_add(chunk_len).is_none_or(|end| end > len) {
        return Err(damaged);
    }
    let mut at = start;
    let mut bytes = vec![0; crate::PAGE_HEADER_LEN_MAX];
    while at < start + chunk_len {
        let room = usize::try_from(start + chunk_len - at).unwrap_or(usize::MAX).min(bytes.len());
        file.read_exact_at(&mut bytes[..room], at)?;
        let page = pages::PageHeader::read(&bytes[..room]).ok_or(RowsError::Parquet("the header of a page"))?;
        if page.uncompressed_len > crate::PAGE_LEN_MAX || page.compressed_len > crate::PAGE_LEN_MAX {
            return Err(RowsError::Limit("a page"));
        }
        if !page.encoding_is_read() {
            return Err(RowsError::Encoding(column));
        }
        at += page.header_len as u64 + u64::from(page.compressed_len);
    }
    if at == start + chunk_len { Ok(()) } else { Err(damaged) }
}

fn kind_of(field: &parquet::schema::types::Type) -> Option<Kind> {
    let described = field.get_basic_info();
    let repeated = described.has_repetition() && described.repetition() == parquet::basic::Repetition::REPEATED;
    if !field.is_primitive() || repeated {
        return None;
    }
    let logical = described.logical_type_ref().cloned();
    let converted = described.converted_type();
    use parquet::basic::ConvertedType as Old;
    let unsigned = matches!(&logical, Some(LogicalType::Integer(number)) if !number.is_signed)
        || matches!(converted, Old::UINT_8 | Old::UINT_16 | Old::UINT_32 | Old::UINT_64);
    let time = match (&logical, converted) {
        (Some(LogicalType::Timestamp(time)), _) => Some(match time.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        }),
        (_, Old::TIMESTAMP_MILLIS) => Some(1_000),
        (_, Old::TIMESTAMP_MICROS) => Some(1_000_000),
        _ => None,
    };
    let fraction = matches!(logical, Some(LogicalType::Decimal(_) | LogicalType::Time(_)))
        || matches!(converted, Old::DECIMAL | Old::TIME_MILLIS | Old::TIME_MICROS);
    match field.get_physical_type() {
        _ if fraction => None,
        Physical::BYTE_ARRAY => Some(Kind::Text),
        Physical::BOOLEAN => Some(Kind::Bool),
        Physical::INT32 if matches!(logical, Some(LogicalType::Date)) || converted == Old::DATE => Some(Kind::Day),
        Physical::INT64 if time.is_some() => time.map(|per_second| Kind::Time { per_second }),
        Physical::INT32 | Physical::INT64 => Some(Kind::Number { unsigned }),
        _ => None,
    }
}

/// A value as a cell. One that is longer than a row may be is told by `too_long` and not copied.
fn cell_of(raw: Raw<'_>, kind: Kind, too_long: &core::cell::Cell<bool>) -> Cell {
    match (raw, kind) {
        (Raw::Bytes(bytes), _) if bytes.len() > ROW_LEN_MAX => {
            too_long.set(true);
            Cell::NotText
        }
        (Raw::Bytes(bytes), _) => core::str::from_utf8(bytes).map_or(Cell::NotText, text),
        (Raw::Bool(yes), _) => text(if yes { "yes" } else { "no" }),
        (Raw::Number32(number), Kind::Day) => day(number),
        (Raw::Number32(number), Kind::Number { unsigned: true }) => text(&number.cast_unsigned().to_string()),
        (Raw::Number32(number), _) => text(&number.to_string()),
        (Raw::Number64(number), Kind::Time { per_second }) => time(number, per_second),
        (Raw::Number64(number), Kind::Number { unsigned: true }) => text(&number.cast_unsigned().to_string()),
        (Raw::Number64(number), _) => text(&number.to_string()),
    }
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Absent } else { Cell::Text(text.to_owned()) }
}

fn day(days: i32) -> Cell {
    let time = Timestamp::from_second(i64::from(days) * DAY_SECS);
    time.map_or(Cell::NotText, |time| Cell::Text(TimeZone::UTC.to_datetime(time).date().to_string()))
}

fn time(count: i64, per_second: i64) -> Cell {
    Timestamp::from_second(count.div_euclid(per_second)).map_or(Cell::NotText, |time| Cell::Text(time.to_string()))
}

const DAY_SECS: i64 = 86_400;
