//! Reading files: line numbers, limits, two formats that agree, and input that is anything at all.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Read, Seek as _, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use cwg_app::indicators::{
    COLUMNS_MAX, ColumnMap, Counting, NoProgress, Picked, REFUSED_LISTED_MAX, ROW_LEN_MAX, RowFile, RowSink,
    SinkProblem, read, read_file,
};
use cwg_app::view::LoadReportView;
use cwg_app::{Exit, Problem};
use cwg_engine::io::IndicatorRow;
use cwg_protocol::NetworkId;
use cwg_protocol::indicator::{Day, IndicatorKind};
use proptest::prelude::*;

const NETWORK: NetworkId = NetworkId([7; 16]);
const PHONES: &str = "format = \"csv\"\nrole = \"holder\"\nregion = \"AU\"\nreference = \"ref\"\n[[columns]]\ncolumn = \"phone\"\ntype = \"phone\"\n";

/// As [`PHONES`], and the column `ref` is not mapped.
fn phones_alone() -> String {
    PHONES.replace("reference = \"ref\"\n", "")
}

#[derive(Default)]
struct Keep(Vec<IndicatorRow>);

impl RowSink for Keep {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        self.0.push(row.clone());
        Ok(())
    }
}

fn map(text: &str) -> ColumnMap {
    ColumnMap::parse(text, "map.toml").unwrap()
}

fn load(map_text: &str, bytes: &[u8]) -> Result<(LoadReportView, Vec<IndicatorRow>), Problem> {
    let mut keep = Keep::default();
    let len = bytes.len() as u64;
    let report = read(&map(map_text), bytes, len, "file", NETWORK, &mut keep, &mut NoProgress)?;
    Ok((report, keep.0))
}

/// The rows of these numbers of a file on the disk, each with its number.
#[derive(Default)]
struct KeepNumbered(Vec<(u64, String)>);

impl RowSink for KeepNumbered {
    fn push(&mut self, number: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        self.0.push((number, format!("{} {} {:?} {:?}", row.kind, row.canonical, row.references, row.roles)));
        Ok(())
    }
}

fn load_file(
    map_text: &str,
    bytes: &[u8],
    picked: Picked<'_>,
) -> Result<(LoadReportView, Vec<(u64, String)>), Problem> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut keep = KeepNumbered::default();
    let file = RowFile { file, len: bytes.len() as u64, name: "file" };
    let report = read_file(&map(map_text), file, NETWORK, picked, &mut keep, &mut NoProgress)?;
    Ok((report, keep.0))
}

/// A Parquet file of texts: `None` is a cell that is absent.
fn parquet_of(names: &[&str], rows: &[Vec<Option<&[u8]>>]) -> Vec<u8> {
    let fields: String = names.iter().map(|name| format!("OPTIONAL BYTE_ARRAY {name} (UTF8); ")).collect();
    let schema = parquet::schema::parser::parse_message_type(&format!("message rows {{ {fields} }}")).unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let cells = rows.iter().map(|row| row[place]);
        let levels: Vec<i16> = cells.clone().map(|cell| i16::from(cell.is_some())).collect();
        let values: Vec<parquet::data_type::ByteArray> =
            cells.flatten().map(|cell| parquet::data_type::ByteArray::from(cell.to_vec())).collect();
        column.typed::<parquet::data_type::ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

/// Line and code of each refusal.
fn refusals(report: &LoadReportView) -> Vec<(u64, &str)> {
    report.refused.iter().map(|row| (row.line, row.code.as_str())).collect()
}

#[test]
fn refusals_name_the_line_on_which_the_row_begins() {
    let good = "1,0491570006";
    let bad = "x,12";
    for (name, text, lines) in [
        ("plain", format!("ref,phone\n{good}\n{bad}\n{good}\n{bad}"), vec![3, 5]),
        ("crlf", format!("ref,phone\r\n{good}\r\n{bad}\r\n{good}\r\n{bad}\r\n"), vec![3, 5]),
        ("cr alone", format!("ref,phone\r{good}\r{bad}\r"), vec![3]),
        ("empty lines", format!("\n\nref,phone\n\n{bad}\n\n\n{bad}\n"), vec![5, 8]),
        ("quoted line breaks", format!("ref,phone\n\"a\nb\r\nc\",0491570006\n{bad}\n"), vec![5]),
        ("row with line break itself", "ref,phone\n\"a\n\",12\n1,12\n".to_owned(), vec![2, 4]),
        ("byte order mark", format!("\u{feff}ref,phone\n{bad}\n"), vec![2]),
    ] {
        let (report, _) = load(&phones_alone(), text.as_bytes()).unwrap();
        let found: Vec<u64> = report.refused.iter().map(|row| row.line).collect();
        assert_eq!(found, lines, "{name}");
    }
}

#[test]
fn rows_that_break_the_form_are_refused_one_by_one() {
    let long = format!("1,\"{}\"", "9".repeat(ROW_LEN_MAX));
    let wide = vec!["1"; COLUMNS_MAX + 1].join(",");
    let latin = [b"1,0491570006".as_slice(), b"\xe9"].concat();
    for (name, row, code) in [
        ("short", b"1".to_vec(), "column-count"),
        ("long", b"1,0491570006,x".to_vec(), "column-count"),
        ("too long", long.into_bytes(), "row-too-long"),
        ("too many columns", wide.into_bytes(), "too-many-columns"),
        ("not text", latin, "not-utf8"),
        ("reference too long", [b"r".repeat(129), b",0491570006".to_vec()].concat(), "reference-shape"),
        ("reference with a bell", b"a\x07b,0491570006".to_vec(), "reference-shape"),
        ("no value", b"1,  ".to_vec(), "row-empty"),
        ("value over the limit", [b"1,".to_vec(), b"4".repeat(1025)].concat(), "too-long"),
    ] {
        let good = b"\n2,0491570156\n".to_vec();
        let text = [b"ref,phone\n1,0491570006\n".to_vec(), row, good].concat();
        let (report, rows) = load(PHONES, &text).unwrap();
        assert_eq!(refusals(&report), [(3, code)], "{name}");
        assert_eq!((report.rows, report.rows_refused, rows.len()), (3, 1, 2), "{name}");
        assert_eq!(rows[1].references, ["2"], "{name}");
    }
}

#[test]
fn lines_of_json_that_break_the_form_are_refused_one_by_one() {
    let long = format!("{{\"phone\":\"{}\"}}", "9".repeat(ROW_LEN_MAX));
    let json_map = PHONES.replace("\"csv\"", "\"jsonl\"");
    for (name, row, code) in [
        ("no json", b"phone".to_vec(), "json-shape"),
        ("an array", b"[\"0491570006\"]".to_vec(), "json-shape"),
        ("two objects", b"{\"phone\":\"0491570006\"}{}".to_vec(), "json-shape"),
        ("a comma after it", b"{\"phone\":\"0491570006\"},".to_vec(), "json-shape"),
        ("nested value", b"{\"phone\":{\"n\":\"0491570006\"}}".to_vec(), "json-value"),
        ("a fraction", b"{\"phone\":1.5}".to_vec(), "json-value"),
        ("a truth value", b"{\"phone\":true}".to_vec(), "json-value"),
        ("twice", b"{\"phone\":\"0491570006\",\"phone\":\"0491570156\"}".to_vec(), "json-repeated"),
        ("null", b"{\"phone\":null,\"ref\":\"1\"}".to_vec(), "row-empty"),
        ("nothing", b"{}".to_vec(), "row-empty"),
        ("too long", long.into_bytes(), "row-too-long"),
        ("too deep", [b"{\"x\":".to_vec(), b"[".repeat(10_000)].concat(), "json-shape"),
        ("not text", b"{\"phone\":\"\xff\"}".to_vec(), "not-utf8"),
    ] {
        let text = [b"{\"phone\":\"0491570006\"}\n\n".to_vec(), row, b"\n{\"phone\":61491570156}".to_vec()].concat();
        let (report, rows) = load(&json_map, &text).unwrap();
        assert_eq!(refusals(&report), [(3, code)], "{name}");
        assert_eq!((report.rows, rows.len()), (3, 2), "{name}");
        assert_eq!(rows[1].canonical, "+61491570156", "{name}: a whole number is read as its digits");
    }
}

#[test]
fn csv_and_json_give_the_same_rows() {
    let mut csv = "ref,phone\n".to_owned();
    let mut json = String::new();
    for number in 0..10_000 {
        // Every seventh is wrong, every eleventh has none.
        let phone = match number {
            _ if number % 7 == 0 => format!("12{number}"),
            _ if number % 11 == 0 => String::new(),
            _ => format!("0491 5{:05}", number),
        };
        csv.push_str(&format!("r{number},{phone}\n"));
        json.push_str(
            &serde_json::json!({ "other": [1, { "phone": 2 }], "phone": phone, "ref": format!("r{number}") })
                .to_string(),
        );
        json.push('\n');
    }
    let (from_csv, csv_rows) = load(PHONES, csv.as_bytes()).unwrap();
    let (from_json, json_rows) = load(&PHONES.replace("\"csv\"", "\"jsonl\""), json.as_bytes()).unwrap();
    assert!(csv_rows == json_rows, "the rows differ");
    assert!(csv_rows.len() > 7000);
    assert_eq!(from_csv.rows_refused, from_json.rows_refused);
    assert_eq!(from_csv.refusals, from_json.refusals);
    assert_eq!(from_csv.refused.len(), REFUSED_LISTED_MAX);
    assert_eq!(from_csv.refused_not_listed, from_json.refused_not_listed);
    let all: u64 = from_csv.refusals.iter().map(|line| line.count).sum();
    assert_eq!(all, from_csv.refused_not_listed + REFUSED_LISTED_MAX as u64);
    // References ascend only if the threads' pieces came back in order.
    let order: Vec<u32> = csv_rows.iter().map(|row| row.references[0][1..].parse().unwrap()).collect();
    assert!(order.is_sorted());
}

#[test]
fn a_row_can_carry_several_values_and_an_account_in_two_columns() {
    let text = "format = \"csv\"\nrole = \"holder\"\n[account]\nbsb = \"b\"\naccount = \"n\"\n[[columns]]\ncolumn = \"p\"\ntype = \"payid\"\nrole = \"counterparty\"\n[[columns]]\ncolumn = \"h\"\ntype = \"handle\"\nplatform = \"telegram\"\n";
    let (report, rows) =
        load(text, b"B,n,p,h\n062-000,0012345678,A@Example.org,@Someone\n062000,,,\n,,,someone2\n").unwrap();
    let found: Vec<String> =
        rows.iter().map(|row| format!("{} {} {}", row.kind, row.roles.iter().next().unwrap(), row.canonical)).collect();
    assert_eq!(
        found,
        [
            "email counterparty a@example.org",
            "handle holder telegram:someone",
            "au-account holder 062000:12345678",
            "handle holder telegram:someone2"
        ]
    );
    assert_eq!(refusals(&report), [(3, "empty")]);
    assert_eq!(report.refused[0].column.as_deref(), Some("n"));
    let empty: Vec<(&str, u64)> = report.values.iter().map(|line| (line.kind.as_str(), line.empty)).collect();
    assert_eq!(empty, [("au-account", 1), ("payid", 2), ("handle", 1)]);
}

#[test]
fn a_check_tells_items_from_duplicates() {
    let mut sink = Counting::default();
    let text = "ref,phone\n1,0491570006\n2,+61491570006\n3,0491570156\n";
    let report = read(&map(PHONES), text.as_bytes(), 0, "f", NETWORK, &mut sink, &mut NoProgress).unwrap();
    assert_eq!(report.keys[0].keys, 3);
    assert_eq!(sink.items(), Some(2));
}

#[test]
fn reading_stops_when_told_to() {
    let mut stop = |_, _, _| ControlFlow::Break(());
    let text: &[u8] = b"ref,phone\n1,0491570006\n";
    let problem = read(&map(PHONES), text, 0, "f", NETWORK, &mut Keep::default(), &mut stop).unwrap_err();
    assert_eq!((problem.code.as_str(), problem.exit), ("stopped", Exit::TryAgain));
}

#[test]
fn a_header_that_does_not_fit_the_map_is_a_problem_not_a_row() {
    let number = PHONES.replace("\"phone\"\ntype", "2\ntype");
    for (map_text, text, part) in [
        (PHONES, "", "is empty"),
        (PHONES, "ref,mobile\n", "has no column phone"),
        (PHONES, "ref,phone,Phone\n", "more than one column phone"),
        (PHONES, "ref;phone\n", "no column"),
        (number.as_str(), "ref\n", "no column 2"),
        (number.as_str(), "ref,Customer TFN\n", "tax file"),
        (number.as_str(), "ref,medicare_no\n", "Medicare"),
    ] {
        let problem = load(map_text, text.as_bytes()).unwrap_err();
        assert!(problem.problem.contains(part), "{problem:?}");
        assert_eq!(problem.exit, Exit::BadInput);
        assert!(problem.problem.contains("file") && !problem.hint.is_empty());
    }
    let (report, _) = load(PHONES, b"ref,phone,tfn\n1,0491570006,123\n").unwrap();
    assert!(report.notes[0].contains("Column tfn"), "an unmapped column of that kind is pointed out");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = load(PHONES, &bytes);
        let _ = load(&PHONES.replace("\"csv\"", "\"jsonl\""), &bytes);
        let text = [b"ref,phone\n".as_slice(), &bytes].concat();
        let (report, rows) = load(PHONES, &text).unwrap();
        prop_assert_eq!(report.rows, report.rows_accepted + report.rows_repaired + report.rows_refused);
        prop_assert!(rows.len() as u64 <= report.rows);
    }

    #[test]
    fn lines_are_right_whatever_stands_between(rows in proptest::collection::vec(0..6usize, 0..60), end in "\n|\r\n") {
        let mut text = format!("ref,phone{end}");
        let (mut line, mut expected) = (2, Vec::new());
        for row in rows {
            let piece = ["1,0491570006", "", "\"a\nb\",0491570006", "1,12", "\"\n\n\",13", "x"][row];
            if row >= 3 {
                expected.push(line);
            }
            text.push_str(piece);
            text.push_str(&end);
            line += 1 + piece.matches('\n').count() as u64;
        }
        let (report, _) = load(&phones_alone(), text.as_bytes()).unwrap();
        prop_assert_eq!(report.refused.iter().map(|row| row.line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn small_reads_change_nothing(chunk in 1..7usize) {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let len = self.1.min(into.len()).min(self.0.len());
                into[..len].copy_from_slice(&self.0[..len]);
                self.0 = &self.0[len..];
                Ok(len)
            }
        }
        let text = "\u{feff}ref,phone\r\n\"a\r\nb\",0491570006\r\nx,12\r\n2,0491570156";
        let mut keep = Keep::default();
        let report =
            read(&map(&phones_alone()), Slow(text.as_bytes(), chunk), 0, "file", NETWORK, &mut keep, &mut NoProgress).unwrap();
        let (whole, rows) = load(&phones_alone(), text.as_bytes()).unwrap();
        prop_assert_eq!(&report, &whole);
        prop_assert!(keep.0 == rows);
        prop_assert_eq!(refusals(&report), vec![(4, "phone-short-code")]);
    }
}

/// Types whose identifiers stand in several columns, and a card number.
const PARTS: &str = r#"
format = "csv"
role = "holder"
date_order = "dmy"
reference = "ref"
[[columns]]
type = "person"
parts = { given = "given", family = "family", born = "born" }
[[columns]]
type = "payee"
parts = { country = "country", city = "city", name = "payee" }
[[columns]]
type = "ip-time"
parts = { address = "ip", time = "seen", port = "port" }
[[columns]]
type = "xrp"
parts = { address = "xrp", tag = "tag" }
[[columns]]
type = "pan"
column = "card"
"#;
const PARTS_HEADER: &str = "ref,given,family,born,country,city,payee,ip,seen,port,xrp,tag,card,photo\n";

#[test]
fn identifiers_in_several_columns_are_read_and_each_refusal_names_its_column() {
    let rows = "1,Maria,dela Cruz,17/05/1990,PH,Manila,Juan Reyes,198.41.0.4,2026-01-31T09:30:00+11:00,40123,\
                rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN,77,4999 9900 0000 0015,x\n\
                2,,,,,,,,,,,,,x\n\
                3,Maria,Cruz,01/01/1990,PH,,Juan Reyes,10.0.0.1,2026-01-31T09:30:00Z,,,77,4111111111111111,x\n\
                4,Maria,Cruz,26/11/2026,,,,,,,,,,x\n";
    let bytes = format!("{PARTS_HEADER}{rows}");
    let mut keep = Keep::default();
    let map = map(PARTS).on(Day::new(2026, 11, 25).unwrap());
    let report = read(&map, bytes.as_bytes(), bytes.len() as u64, "file", NETWORK, &mut keep, &mut NoProgress).unwrap();
    let counts: Vec<_> = report
        .values
        .iter()
        .map(|line| (line.kind.as_str(), line.accepted + line.repaired, line.refused, line.empty))
        .collect();
    assert_eq!(
        counts,
        [("pan", 1, 1, 2), ("xrp", 1, 1, 2), ("ip-time", 1, 1, 2), ("person", 1, 2, 1), ("payee", 1, 1, 2)]
    );
    let refused: Vec<_> =
        report.refused.iter().map(|row| (row.line, row.column.as_deref(), row.code.as_str())).collect();
    assert_eq!(
        refused,
        [
            (3, None, "row-empty"),
            (4, Some("born"), "birth-placeholder"),
            (4, Some("city"), "city-missing"),
            (4, Some("ip"), "ip-not-global"),
            (4, Some("xrp"), "empty"),
            (4, Some("card"), "card-test"),
            (5, Some("born"), "birth-range"),
        ]
    );
    let texts: Vec<&str> = keep.0.iter().map(|row| row.canonical.as_str()).collect();
    for text in
        ["P1:CRUZ MARIA:1990-05-17", "PH:MANILA:JUAN REYES", "198.41.0.4:40123@2026-01-30T22Z", "4999990000000015"]
    {
        assert!(texts.contains(&text), "{text}: {texts:?}");
    }
    assert!(keep.0.iter().any(|row| row.kind == IndicatorKind::Xrp && row.canonical.ends_with("#77")));
    assert!(report.notes.iter().any(|note| note.contains("photo")), "{:?}", report.notes);
}

#[test]
fn a_parquet_file_gives_what_the_same_rows_give_as_csv() {
    let phones = ["0491570006", "+61 491 570 156", "12", "0491570006", ""];
    let rows: Vec<Vec<Option<&[u8]>>> = phones
        .iter()
        .map(|phone| {
            vec![Some(b"c1".as_slice()), Some(b"left out"), Some(phone.as_bytes()).filter(|cell| !cell.is_empty())]
        })
        .collect();
    let parquet = parquet_of(&["ref", "note", "phone"], &rows);
    let csv: String = phones.iter().map(|phone| format!("c1,left out,{phone}\n")).collect();
    let parquet_map = PHONES.replace("\"csv\"", "\"parquet\"");
    let (from_csv, csv_rows) = load_file(PHONES, format!("ref,note,phone\n{csv}").as_bytes(), Picked::All).unwrap();
    let (mut from_parquet, parquet_rows) = load_file(&parquet_map, &parquet, Picked::All).unwrap();
    assert_eq!((csv_rows.len(), &csv_rows), (3, &parquet_rows));
    assert_eq!(
        refusals(&from_parquet),
        [(3, "phone-short-code"), (5, "row-empty")],
        "the number of a row stands for a line"
    );
    assert_eq!(from_parquet.bytes, parquet.len() as u64);
    from_parquet.refused.clone_from(&from_csv.refused);
    from_parquet.bytes = from_csv.bytes;
    assert_eq!(from_parquet, from_csv);
}

#[test]
fn a_parquet_file_that_is_none_or_has_other_columns_is_refused_by_name() {
    let parquet_map = PHONES.replace("\"csv\"", "\"parquet\"");
    let whole = parquet_of(&["ref", "phone"], &[vec![Some(b"1"), Some(b"0491570006")]]);
    let other = parquet_of(&["ref", "telephone"], &[vec![Some(b"1"), Some(b"0491570006")]]);
    for (bytes, code) in [
        (&whole[..whole.len() - 1], "parquet-damaged"),
        (&whole[..10], "parquet-damaged"),
        (b"ref,phone\n1,0491570006\n", "parquet-damaged"),
        (&other, "column-map"),
    ] {
        let problem = load_file(&parquet_map, bytes, Picked::All).unwrap_err();
        assert_eq!((problem.exit, problem.code.as_str()), (Exit::BadInput, code));
    }
    // A cell that is no text is refused alone.
    let rows = [vec![Some(b"1".as_slice()), Some(b"\xff".as_slice())], vec![Some(b"2"), Some(b"0491570006")]];
    let (report, kept) = load_file(&parquet_map, &parquet_of(&["ref", "phone"], &rows), Picked::All).unwrap();
    assert_eq!((refusals(&report), kept.len()), (vec![(1, "cell-not-text")], 1));
    assert!(ColumnMap::parse(&format!("has_header = true\n{parquet_map}"), "map.toml").is_err());
}

#[test]
fn picked_rows_alone_are_worked_on() {
    let csv: String = (0..9000).map(|row| format!("c{row},04915{:05}\n", 70_000 + row)).collect();
    let text = format!("ref,phone\n{csv}");
    let (_, all) = load_file(PHONES, text.as_bytes(), Picked::All).unwrap();
    let wanted = [1, 2, 4096, 4097, 8999, 9001];
    let (report, picked) = load_file(PHONES, text.as_bytes(), Picked::Rows(&wanted)).unwrap();
    let expected: Vec<_> = all.iter().filter(|(number, _)| wanted.contains(&(*number as u32))).cloned().collect();
    assert_eq!((picked.len(), picked), (5, expected));
    assert_eq!(report.rows, 5);
}
