//! Lighthouse runs in bulk: a bank's own file against the hub's release, from three formats of file, with planted truth. Every
//! value is invented or from a reserved range.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use serde_json::Value;

use crate::nodes::{Answer, Group, Node};

const COLUMNS: [&str; 6] = ["ref", "given", "family", "born", "phone", "wallet"];

const BOOK_MAP: &str = r#"format = "FORMAT"
role = "holder"
region = "AU"
reference = "ref"
[[columns]]
type = "person"
parts = { given = "given", family = "family", born = "born" }
[[columns]]
column = "phone"
type = "phone"
[[columns]]
column = "wallet"
type = "btc"
role = "counterparty"
"#;

const WALLET: &str = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT";

/// 300 customers. Numbers 0 to 19 have a phone number of the release; 7 and 8 share one; 3 has paid the wallet as well; of 50 the
/// release has the name alone. Every hundredth row has no good phone number, and one row is none.
fn book() -> Vec<[String; 6]> {
    let row = |number: u32| {
        let phone = match number {
            8 => phone(7),
            _ if number % 100 == 99 => "12".to_owned(),
            _ => phone(number),
        };
        let wallet = if number == 3 { WALLET.to_owned() } else { String::new() };
        let given = format!("Anna{}", letters(number));
        [format!("c{number}"), given, "Sample".to_owned(), born(number), phone, wallet]
    };
    (0..300).map(row).collect()
}

/// A name has no digits.
fn letters(number: u32) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// Of each customer another day: two of one family name and day share a key.
fn born(number: u32) -> String {
    format!("{}-{:02}-{:02}", 1970 + number / 100, 1 + number % 100 / 10, 1 + number % 10)
}

fn phone(number: u32) -> String {
    format!("+61491{:06}", 570_000 + number)
}

fn clue_id(number: u32) -> String {
    format!("01ARZ3NDEKTSV4RRFFQ69G{number:04}")
}

/// The release: the phone numbers of customers 0 to 19, of 50 people who are no customers, the wallet, one person.
fn sources(hub: &Node) -> Vec<(String, String)> {
    let grade = |number: u32| if number == 0 { "E5" } else { "B2" };
    let of_phone = |number: u32| format!("{},phone,{},2026-05-01,{}\n", clue_id(number), phone(number), grade(number));
    let phones: String = (0..20).chain(1000..1050).map(of_phone).collect();
    let wallet = format!("{},btc,{WALLET},2026-05-01,A1\n", clue_id(5000));
    let source = |name: &str, rows: String, map: String| {
        fs::write(hub.path(&format!("{name}.csv")), rows).unwrap();
        fs::write(hub.path(&format!("{name}.toml")), map).unwrap();
        (hub.text(&format!("{name}.csv")), hub.text(&format!("{name}.toml")))
    };
    let map = |pseudonym: &str, rest: &str| {
        format!(
            "format = \"csv\"\nexpires_after_days = 3000\n[source]\npseudonym = \"{pseudonym}\"\nkind = \"ngo\"\n[defaults]\n\
             typology = \"livestream\"\nconfidence = \"90\"\ncaveats = \"none\"\n{rest}"
        )
    };
    let person = format!("{},Anna{},Sample,{},2026-05-01", clue_id(6000), letters(50), born(50));
    let persons = format!("id,given,family,born,first-seen\n{person}\n");
    let parts = "kind = \"person\"\ngrade = \"A1\"\n[parts]\ngiven = \"given\"\nfamily = \"family\"\nborn = \"born\"\n";
    vec![
        source("desk", format!("id,kind,value,first-seen,grade\n{phones}{wallet}"), map("desk-east", "")),
        source("names", persons, map("desk-west", parts)),
    ]
}

fn as_person(hub: &Node, person: &str, args: &[&str]) -> Answer {
    let file = hub.text("passphrase");
    hub.cwg(&[&["lighthouse"], args, &["--operator", person, "--operator-passphrase-file", &file]].concat())
}

fn publish(hub: &Node, sources: &[(String, String)]) {
    let mut args = vec!["build", "--class", "128"];
    sources.iter().for_each(|(file, map)| args.extend(["--source", file, map]));
    as_person(hub, "Ann", &args).ok();
    as_person(hub, "Ben", &["approve", "--yes"]).ok();
    hub.cwg(&["lighthouse", "publish"]).ok();
}

/// Writes the book in a format; one row of the texts is no row.
fn write(bank: &Node, format: &str, rows: &[[String; 6]]) -> [String; 2] {
    let json = |row: &[String; 6]| {
        let cells = COLUMNS.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), Value::from(cell.as_str())));
        Value::Object(cells.collect()).to_string() + "\n"
    };
    let bytes = match format {
        "csv" => (COLUMNS.join(",") + "\nno row\n" + &rows.iter().map(|row| row.join(",") + "\n").collect::<String>())
            .into_bytes(),
        "jsonl" => ("no row\n".to_owned() + &rows.iter().map(json).collect::<String>()).into_bytes(),
        _ => parquet_of(rows),
    };
    let (book, map) = (bank.path(&format!("book.{format}")), bank.path(&format!("{format}.toml")));
    fs::write(&book, bytes).unwrap();
    fs::write(&map, BOOK_MAP.replace("FORMAT", format)).unwrap();
    [book, map].map(|path| path.display().to_string())
}

fn parquet_of(rows: &[[String; 6]]) -> Vec<u8> {
    let fields: String = COLUMNS.iter().map(|name| format!("REQUIRED BYTE_ARRAY {name} (UTF8); ")).collect();
    let schema = parquet::schema::parser::parse_message_type(&format!("message book {{ {fields} }}")).unwrap();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let cells: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(row[place].as_bytes().to_vec())).collect();
        column.typed::<ByteArrayType>().write_batch(&cells, None, None).unwrap();
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

fn run(bank: &Node, [book, map]: &[String; 2]) -> Value {
    let plan = ["run", "plan", "--pilot", "Payees", "--lighthouse", "--book", book, "--map", map];
    let plan = bank.cwg(&plan).ok();
    let digest = plan["leakage"]["digest"].as_str().unwrap();
    bank.cwg(&["run", "start", plan["run"].as_str().unwrap(), "--leakage", digest, "--wait"]).ok()
}

/// The matches of a run in full, by type and value.
fn shown(bank: &Node, run: &str) -> BTreeMap<(String, String), Value> {
    let list = bank.cwg(&["match", "list", "--run", run, "--limit", "1000"]).ok();
    let lines = list["matches"].as_array().unwrap().iter();
    let show = |line: &Value| bank.cwg(&["match", "show", line["match"].as_str().unwrap()]).ok();
    let key = |view: &Value| ["type", "canonical"].map(|field| view[field].as_str().unwrap().to_owned());
    lines.map(show).map(|view| (key(&view).into(), view)).collect()
}

fn references(view: &Value) -> BTreeSet<String> {
    view["references"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn holds_no_file(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().all(|entry| {
        let entry = entry.unwrap();
        entry.file_type().unwrap().is_dir() && holds_no_file(&entry.path())
    })
}

#[test]
fn a_bank_finds_what_the_release_has_of_its_file_from_any_format_and_keeps_nothing_else() {
    let group = Group::start(2);
    let (hub, bank) = (&group.hub, &group.banks[0]);
    fs::write(hub.path("passphrase"), "correct horse battery staple\n").unwrap();
    for person in ["Ann", "Ben"] {
        hub.cwg(&["operator", "add", person, "--operator-passphrase-file", &hub.text("passphrase")]).ok();
    }
    publish(hub, &sources(hub));
    bank.until(&["lighthouse", "show"], |release| release["number"] == 1);

    let rows = book();
    let mut found = Vec::new();
    for format in ["csv", "jsonl", "parquet"] {
        let end = run(bank, &write(bank, format, &rows));
        // Numbers 0 to 19 but the one that 7 and 8 share, the wallet under two keys, one person.
        assert_eq!((&end["phase"], &end["kind"]), (&"sealed".into(), &"lighthouse".into()), "{format}: {end}");
        let all = shown(bank, end["run"].as_str().unwrap());
        assert_eq!(end["matches"], all.len());
        // What is no row, and no phone number, is counted and loses nothing else.
        let garbage = u64::from(format != "parquet");
        let book = &end["book"];
        assert_eq!((&book["rows"], &book["refused"]), (&(300 + garbage).into(), &garbage.into()), "{format}: {book}");
        let short =
            book["refusals"].as_array().unwrap().iter().find(|line| line["code"] == "phone-short-code").unwrap();
        assert_eq!(short["count"], 3);
        found.push(all);
    }
    let brief = |all: &BTreeMap<(String, String), Value>| {
        all.iter().map(|(key, view)| (key.clone(), references(view))).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(brief(&found[0]), brief(&found[1]));
    assert_eq!(brief(&found[0]), brief(&found[2]), "Parquet gives what CSV gives");

    // By plain comparison: phone by phone.
    let all = &found[0];
    let phones: BTreeMap<String, BTreeSet<String>> = brief(all)
        .into_iter()
        .filter(|((kind, _), _)| kind == "phone")
        .map(|((_, text), whose)| (text, whose))
        .collect();
    let expected = (0..20).filter(|number| *number != 8).map(|number| {
        let whose = if number == 7 { vec!["c7", "c8"] } else { vec![] };
        let whose: BTreeSet<String> = whose.into_iter().map(str::to_owned).chain([format!("c{number}")]).collect();
        (phone(number), whose)
    });
    assert_eq!(phones, expected.collect());
    for number in [1, 19] {
        let clues = &all[&("phone".to_owned(), phone(number))]["lighthouse"]["clues"];
        assert_eq!((&clues[0]["clue"], &clues[0]["source"]), (&clue_id(number).into(), &"desk-east".into()));
    }
    let code =
        |kind: &str, text: &str| all[&(kind.to_owned(), text.to_owned())]["lighthouse"]["customers"][0]["code"].clone();
    assert_eq!(code("btc", WALLET), "opening-strong-key");
    assert_eq!(code("phone", &phone(3)), "opening-strong-key", "the same customer has paid the wallet");
    assert_eq!(code("phone", &phone(1)), "opening-one-key");
    let persons: Vec<&Value> = all.iter().filter(|((kind, _), _)| kind == "person").map(|(_, view)| view).collect();
    assert!(!persons.is_empty() && persons.iter().all(|view| references(view) == BTreeSet::from(["c50".to_owned()])));
    for person in persons {
        let customer = &person["lighthouse"]["customers"][0];
        assert_eq!((&customer["may_open"], &customer["code"]), (&false.into(), &"opening-names-only".into()));
    }

    // Of the file nothing is kept, and the hub has learnt of nothing.
    assert_eq!(bank.cwg(&["indicators", "stats"]).ok()["loads"].as_array().unwrap().len(), 0);
    assert!(holds_no_file(&bank.dir.join("sets")), "temporary files have no name, and sets there are none");
    assert_eq!(hub.cwg(&["match", "list"]).ok()["matches"].as_array().unwrap().len(), 0);
    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        assert!(!node.holds(b"491570003") && !node.holds(b"book.csv"), "nothing of a node lies in the clear");
    }
}

#[test]
fn what_is_recalled_leaves_the_queue_and_a_plan_over_an_older_release_is_not_started() {
    let group = Group::start(2);
    let (hub, bank) = (&group.hub, &group.banks[0]);
    fs::write(hub.path("passphrase"), "correct horse battery staple\n").unwrap();
    for person in ["Ann", "Ben"] {
        hub.cwg(&["operator", "add", person, "--operator-passphrase-file", &hub.text("passphrase")]).ok();
    }
    let plan = ["run", "plan", "--pilot", "Payees", "--lighthouse", "--book", "/b.csv", "--map", "/m.toml"];
    assert_eq!(bank.cwg(&plan).refused(75)["code"], "no-release");
    let sources = sources(hub);
    publish(hub, &sources);
    bank.until(&["lighthouse", "show"], |release| release["number"] == 1);
    assert_eq!(bank.cwg(&plan).refused(65)["code"], "file-not-found");

    let [book, map] = write(bank, "csv", &book());
    let end = run(bank, &[book.clone(), map.clone()]);
    let count = end["matches"].as_u64().unwrap();
    hub.cwg(&["lighthouse", "recall", &clue_id(4)]).ok();
    bank.until(&["lighthouse", "recalls"], |recalls| recalls["all"] == 1);
    let listed = |args: &[&str]| bank.cwg(args).ok()["matches"].as_array().unwrap().clone();
    assert_eq!(listed(&["match", "list"]).len() as u64, count - 1);
    let withdrawn = listed(&["match", "list", "--withdrawn"]);
    assert_eq!((withdrawn.len(), &withdrawn[0]["recalled"][0]["clue"]), (1, &clue_id(4).into()));

    // A plan waits for consent while the next release comes out.
    let plan = ["run", "plan", "--pilot", "Payees", "--lighthouse", "--book", &book, "--map", &map];
    let older = bank.cwg(&plan).ok();
    publish(hub, &sources);
    bank.until(&["lighthouse", "show"], |release| release["number"] == 2);
    let start = |plan: &Value| {
        let digest = plan["leakage"]["digest"].as_str().unwrap();
        bank.cwg(&["run", "start", plan["run"].as_str().unwrap(), "--leakage", digest, "--wait"])
    };
    assert_eq!(start(&older).refused(77)["code"], "release-outdated");
    let newer = bank.cwg(&plan).ok();
    fs::remove_file(&book).unwrap();
    assert_eq!(start(&newer).no()["end"]["code"], "book-unread");
}
