//! Rows from outside: what each format gives, what is refused, and that no bytes break the reader.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs::File;
use std::io::{Cursor, Seek as _, Write as _};
use std::sync::Arc;

use cwg_rows::{Cell, Row, RowFault, Rows, RowsError};
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

/// Rows as text: cells joined by `|`, `-` for none, `?` for one without a text, or the code of a fault.
fn shown(mut rows: Rows) -> Result<Vec<String>, RowsError> {
    let (mut row, mut all) = (Row::default(), Vec::new());
    while rows.next_row(&mut row)? {
        let cells = (0..rows.columns().len()).map(|column| match row.cell(column) {
            Cell::Absent => "-",
            Cell::Text(text) => text,
            Cell::NotText => "?",
        });
        let line = row.line.map_or(String::new(), |line| format!("@{line}"));
        let what = row.fault.map_or_else(|| cells.collect::<Vec<_>>().join("|"), |fault| fault.text().0.to_owned());
        all.push(format!("{}{line} {what}", row.number));
    }
    Ok(all)
}

fn csv(text: &[u8]) -> Result<Vec<String>, RowsError> {
    shown(Rows::csv(Cursor::new(text.to_vec()), b',')?)
}

#[test]
fn csv_rows_have_numbers_lines_and_cells() {
    let rows = csv(b"\xef\xbb\xbfa, b \r\n1,2\r\n\r\n\"x,\ny\",\n1\n\xff,1\nlast,one").unwrap();
    assert_eq!(rows, ["1@2 1|2", "2@4 x,\ny|-", "3@6 column-count", "4@7 not-utf8", "5@8 last|one"]);
    let long = format!("a,b\n1,{}\n3,4\n", "x".repeat(cwg_rows::ROW_LEN_MAX));
    assert_eq!(csv(long.as_bytes()).unwrap(), ["1@2 row-too-long", "2@3 3|4"]);
}

#[test]
fn headers_that_are_none_are_refused() {
    assert!(matches!(csv(b""), Err(RowsError::Empty)));
    assert!(matches!(csv(b"a,b,A\n"), Err(RowsError::Repeated { first: 0, second: 2 })));
    assert!(matches!(csv(b"a,\xff\n"), Err(RowsError::Header(RowFault::NotUtf8))));
    assert!(matches!(csv(",".repeat(300).as_bytes()), Err(RowsError::Header(RowFault::TooManyColumns))));
}

#[test]
fn json_lines_may_have_other_names_on_each_line() {
    let text = "{\"a\": \"x\", \"b\": 7}\n\n{\"c\": true, \"a\": null, \"d\": [1], \"e\": 1.5}\n[1]\n{\"a\":1,\"a\":2}\n{\"a\": \"\"} x\n";
    let rows = shown(Rows::json_lines(Cursor::new(text.as_bytes().to_vec()))).unwrap();
    assert_eq!(rows, ["1@1 x|7", "2@3 -|-|yes|?|?", "3@4 json-shape", "4@5 json-repeated", "5@6 json-shape"]);
    let many: Vec<String> = (0..300).map(|name| format!("\"n{name}\":1")).collect();
    let rows = shown(Rows::json_lines(Cursor::new(format!("{{{}}}", many.join(","))))).unwrap();
    assert_eq!(rows, ["1@1 too-many-columns"]);
}

/// Four rows in two groups, written by the library.
fn sample(compression: Compression) -> Vec<u8> {
    let schema = "message rows { OPTIONAL BYTE_ARRAY name (UTF8); REQUIRED INT32 born (DATE); REQUIRED INT64 seen (TIMESTAMP_MICROS); OPTIONAL INT64 n; REQUIRED BOOLEAN ok; REQUIRED DOUBLE part; REPEATED INT32 many; }";
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(parse_message_type(schema).unwrap()), properties).unwrap();
    for (names, levels) in [(vec!["one", "one"], [1i16, 1]), (vec!["\u{e9}t\u{e9}"], [0, 1])] {
        let mut group = writer.next_row_group().unwrap();
        while let Some(mut column) = group.next_column().unwrap() {
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let values: Vec<_> = names.iter().map(|name| (*name).into()).collect();
                    writer.write_batch(&values, Some(&levels), None).unwrap();
                }
                ColumnWriter::Int32ColumnWriter(writer) if writer.get_descriptor().max_rep_level() > 0 => {
                    writer.write_batch(&[1, 2, 3], Some(&[1, 1, 1]), Some(&[0, 1, 0])).unwrap();
                }
                ColumnWriter::Int32ColumnWriter(writer) => {
                    writer.write_batch(&[0, 20_000], None, None).unwrap();
                }
                ColumnWriter::Int64ColumnWriter(writer) if writer.get_descriptor().max_def_level() > 0 => {
                    writer.write_batch(&[-5], Some(&[1, 0]), None).unwrap();
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    writer.write_batch(&[1_700_000_000_000_000, -1], None, None).unwrap();
                }
                ColumnWriter::BoolColumnWriter(writer) => {
                    writer.write_batch(&[true, false], None, None).unwrap();
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    writer.write_batch(&[0.5, 1.5], None, None).unwrap();
                }
                _ => unreachable!("no other column is in the schema"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn parquet(bytes: &[u8], columns: &[usize]) -> Result<Vec<String>, RowsError> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut rows = Rows::parquet(file)?;
    rows.read_only(columns)?;
    shown(rows)
}

#[test]
fn parquet_columns_become_texts_whatever_the_compression() {
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let rows = parquet(&sample(compression), &[0, 1, 2, 3, 4]).unwrap();
        assert_eq!(
            rows,
            [
                "1 one|1970-01-01|2023-11-14T22:13:20Z|-5|yes|-|-",
                "2 one|2024-10-04|1969-12-31T23:59:59Z|-|no|-|-",
                "3 -|1970-01-01|2023-11-14T22:13:20Z|-5|yes|-|-",
                "4 \u{e9}t\u{e9}|2024-10-04|1969-12-31T23:59:59Z|-|no|-|-",
            ]
        );
    }
}

#[test]
fn parquet_columns_are_read_only_if_they_are_asked_for() {
    let bytes = sample(Compression::SNAPPY);
    assert_eq!(parquet(&bytes, &[4]).unwrap()[1], "2 -|-|-|-|no|-|-");
    for column in [5, 6, 7] {
        assert!(matches!(parquet(&bytes, &[column]), Err(RowsError::Nested(at)) if at == column));
    }
}

#[test]
fn a_parquet_file_that_claims_too_much_is_refused_before_room_is_made() {
    let mut bytes = sample(Compression::SNAPPY);
    let end = bytes.len();
    bytes[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(parquet(&bytes, &[0]), Err(RowsError::Parquet(_))));
    assert!(matches!(parquet(b"PAR1PAR1", &[0]), Err(RowsError::Parquet(_))));
    // The header of the first page, behind the magic: its uncompressed length becomes 2^30.
    let bytes = sample(Compression::SNAPPY);
    let mut claims = bytes[..4].to_vec();
    assert_eq!(bytes[4..7], [0x15, 0x04, 0x15], "a dictionary page, then the field of its length");
    claims.extend([0x15, 0x04, 0x15, 0x80, 0x80, 0x80, 0x80, 0x08]);
    claims.extend(&bytes[12..]);
    let refused = parquet(&claims, &[0]).unwrap_err();
    assert!(matches!(refused, RowsError::Limit(_) | RowsError::Parquet(_)), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_break_the_text_formats(bytes in prop::collection::vec(any::<u8>(), 0..400), delimiter in prop::sample::select(b",;\t".to_vec())) {
        if let Ok(rows) = Rows::csv(Cursor::new(bytes.clone()), delimiter) {
            shown(rows).unwrap();
        }
        shown(Rows::json_lines(Cursor::new(bytes))).unwrap();
    }

    #[test]
    fn no_change_of_bytes_breaks_the_reading_of_parquet(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = sample(Compression::SNAPPY);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(error) = parquet(&bytes, &[0, 1, 2, 3, 4]) {
            prop_assert!(!error.code().is_empty() && !error.hint().is_empty());
        }
    }
}
