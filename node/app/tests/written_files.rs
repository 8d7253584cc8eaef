//! Charter files, column maps and what may be opened: each fault is named with its place and a remedy.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use cwg_app::files::{TEXT_FILE_LEN_MAX, open_regular, read_charter, read_map};
use cwg_app::indicators::ColumnMap;
use cwg_app::{Action, CharterFile, Exit, Problem, Request, prepare};

mod network;
use network::{NOW, Node};

const CHARTER: &str = include_str!("../samples/charter.toml");

fn write_charter(hub: &Node, text: &str) -> Result<(), Problem> {
    let charter = CharterFile::parse(text, "charter.toml")?;
    // The file also travels as JSON.
    let json = serde_json::to_string(&charter).unwrap();
    assert_eq!(serde_json::from_str::<CharterFile>(&json).unwrap(), charter);
    match prepare(Request::PilotNew { charter }, hub.state(), NOW)? {
        Action::Submit(..) => Ok(()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_sample_charter_is_accepted_by_the_engine() {
    let mut hub = Node::hub_with(&["Bank A", "Bank B", "Bank C", "Bank D", "Bank E"]);
    let charter = CharterFile::parse(CHARTER, "charter.toml").unwrap();
    let view = hub.ask(Request::PilotNew { charter }).unwrap();
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["view"], "pilot");
    assert_eq!((&json["opens"], &json["closes"]), (&"2026-01-01T00:00:00Z".into(), &"2027-12-31T23:59:59Z".into()));
    assert_eq!(json["not_live"], "5 of 5 members have not signed the charter");
    let first = json["leakage"][0]["not_protected"][0].as_str().unwrap();
    assert!(first.starts_with("guessing"), "low-entropy guessing stands first: {first}");
}

#[test]
fn every_fault_of_a_charter_file_is_named_with_its_place() {
    let hub = Node::hub_with(&["Bank A", "Bank B", "Bank C", "Bank D", "Bank E"]);
    write_charter(&hub, CHARTER).unwrap();
    let long = format!("name = \"{}\"", "n".repeat(129));
    let cases = [
        ("name =", "title =", "unknown field"),
        ("retention_days = 90", "", "missing field `retention_days`"),
        ("retention_days = 90", "retention_days = \"90\"", "line 14: invalid type"),
        ("retention_days = 90", "retention_days = -1", "line 14: invalid value"),
        ("retention_days = 90", "retention_days = 0", "retention_days"),
        ("retention_days = 90", "retention_days = 3651", "retention_days"),
        ("closes = 2027-12-31", "closes = 2025-12-31", "closes (2025-12-31T23:59:59Z) is not after opens"),
        ("opens = 2026-01-01", "opens = 2026-13-01", "line 11"),
        ("opens = 2026-01-01", "opens = \"soon\"", "opens is not a date"),
        ("opens = 2026-01-01", "opens = 2026-01-01T09:00:00", "opens is not a date"),
        ("opens = 2026-01-01", "opens = 20260101", "expected a date"),
        ("\"Bank B\"", "\"Bank F\"", "members[1] is not on the roster"),
        ("\"Bank B\"", "\"Bank A\"", "members[1] stands twice"),
        ("\"Bank B\"", "\"Hub\"", "members[1] is not on the roster"),
        (
            "members = [\"Bank A\", \"Bank B\", \"Bank C\", \"Bank D\", \"Bank E\"]",
            "members = [\"Bank A\"]",
            "members names fewer than two",
        ),
        ("runs = [\"pair\",", "runs = [\"pairs\",", "runs[0] is not known"),
        ("runs = [\"pair\", \"round\", \"count\"]", "runs = []", "runs is empty"),
        ("runs = [\"pair\", \"round\", \"count\"]", "runs = \"pair\"", "line 7: invalid type"),
        ("[\"proposer\", \"both\"]", "[]", "learns is empty although pair runs are allowed"),
        ("[\"proposer\", \"both\"]", "[\"us\"]", "learns[0] is not known"),
        ("[\"proposer\", \"both\"]", "[\"both\", \"both\"]", "learns[1] stands twice"),
        ("items_min = 20", "items_min = 9", "budget.items_min is below 10"),
        ("items_min = 20", "items_min = 30000", "budget.items_min is above"),
        ("items_min = 20", "items_min = 20\nitems_max = 1", "line 23: unknown field"),
        ("sessions_per_day = 4", "sessions_per_day = 0", "budget.sessions_per_day is zero"),
        ("items_per_session = 20000", "items_per_session = 0", "budget.items_per_session is zero"),
        ("type = \"phone\"", "type = \"fax\"", "indicators[1].type is not an indicator type"),
        ("type = \"phone\"", "type = \"au-account\"", "indicators[1].type stands twice"),
        (
            "\"mailbox\"\nroles = [\"holder\", \"counterparty\"]",
            "\"mailbox\"\nroles = []",
            "indicators[3].roles is empty",
        ),
        ("\"mailbox\"\nroles = [\"holder\"", "\"mailbox\"\nroles = [\"owner\"", "indicators[3].roles[0] is not a role"),
        ("purpose = \"Find", "purpose = \" \" # \"Find", "purpose is empty"),
        ("name = \"Remittance corridor, first look\"", long.as_str(), "name is longer than 128 bytes"),
        ("name = \"Remittance corridor, first look\"", "name = \"a\\nb\"", "name is longer than 128 bytes or holds"),
        ("[budget]", "[budget", "line "),
        ("runs = [\"pair\", \"round\",", "runs = [\"pair\",", "rounds is there without such runs"),
        ("\"round\", \"count\"]", "\"round\"]", "counts is there without such runs"),
        ("[rounds]\n", "[round]\n", "unknown field `round`"),
        ("keyholders = [\"Bank A\",", "keyholders = [\"Bank F\",", "rounds.keyholders[0] is not among members"),
        ("keyholders = [\"Bank A\",", "keyholders = [\"Bank B\",", "rounds.keyholders[1] stands twice"),
        ("\nthreshold = 3", "\nthreshold = 1", "rounds.threshold is not from 2 to 5"),
        ("uploads_min = 5", "uploads_min = 3", "rounds.uploads_min is not from 4 to 5"),
        ("rounds_per_key = 12", "rounds_per_key = 0", "rounds.rounds_per_key is not from 1 to 1000"),
        ("reveals = \"clause 9\"", "reveals = \" \"", "rounds.reveals is empty"),
        ("epsilon_thousandths = 500", "epsilon_thousandths = 501", "counts.epsilon_thousandths is not from 50 to 500"),
        ("delta_digits = 9", "delta_digits = 5", "counts.delta_digits is not from 6 to 12"),
        ("identifiers = 4", "identifiers = 17", "counts.identifiers is not from 1 to 16"),
    ];
    assert!(cases.len() >= 25);
    for (from, to, part) in cases {
        assert!(CHARTER.contains(from), "{from}");
        let problem = write_charter(&hub, &CHARTER.replacen(from, to, 1)).unwrap_err();
        assert!(problem.problem.contains(part), "{to}: {problem:?}");
        assert_eq!((problem.code.as_str(), problem.exit), ("charter-file", Exit::BadInput), "{to}");
        assert!(!problem.hint.is_empty() && !problem.problem.contains('\n') && !problem.problem.ends_with('.'));
    }
}

#[test]
fn every_fault_of_a_column_map_is_named_with_its_place() {
    let good = "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"\n";
    ColumnMap::parse(good, "m.toml").unwrap();
    let many: String = (1..=65).map(|at| format!("[[columns]]\ncolumn = {at}\ntype = \"phone\"\n")).collect();
    let many = format!("format = \"csv\"\nrole = \"holder\"\n{many}");
    let cases = [
        ("", "missing field `format`"),
        ("format = \"xlsx\"", "line 1: unknown variant"),
        ("format = \"csv\"", "columns is empty"),
        ("format = \"csv\"\nrole = \"owner\"", "role is not known"),
        ("format = \"csv\"\nregion = \"au\"", "region is not known"),
        ("format = \"csv\"\nregion = \"ZZ\"", "region is not known"),
        ("format = \"csv\"\ndelimiter = \"ab\"", "delimiter is not one ASCII character"),
        ("format = \"csv\"\ndelimiter = \"\\\"\"", "delimiter is not one ASCII character"),
        ("format = \"csv\"\ndelimiter = \"é\"", "delimiter is not one ASCII character"),
        ("format = \"csv\"\nrepair_short_bsb = \"yes\"", "line 2: invalid type"),
        ("format = \"csv\"\ncolour = 1", "line 2: unknown field `colour`"),
        ("format = \"jsonl\"\nhas_header = true", "means nothing for jsonl"),
        ("format = \"csv\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"", "columns[0].role is missing"),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"fax\"",
            "columns[0].type is not a type",
        ),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"", "missing field `type`"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"\"\ntype = \"phone\"", "empty name"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = 0\ntype = \"phone\"", "is not from 1 to 256"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = 257\ntype = \"phone\"", "is not from 1 to 256"),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = 1.5\ntype = \"phone\"",
            "the name of a column or its number",
        ),
        ("format = \"jsonl\"\nrole = \"holder\"\n[[columns]]\ncolumn = 1\ntype = \"phone\"", "JSON fields have names"),
        (
            "format = \"csv\"\nhas_header = false\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"",
            "although has_header is false",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"\nplatform = \"telegram\"",
            "handles only",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"handle\"\nplatform = \"aol\"",
            "columns[0].platform is not known",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"\ndevice = \"imei\"",
            "devices only",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"a\"\ntype = \"phone\"\ndate_order = \"dmy\"",
            "persons only",
        ),
        ("format = \"csv\"\ndate_order = \"us\"", "date_order is not known"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"phone\"", "columns[0].column is missing"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"person\"", "columns[0].column is missing"),
        ("format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"person\"\ncolumn = \"a\"", "cannot hold a person"),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"xrp\"\ncolumn = \"a\"\nparts = { tag = \"t\" }",
            "columns[0].parts stands beside column",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"person\"\nparts = { given = \"g\", family = \"f\" }",
            "does not name born, without which there is no person",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"xrp\"\nparts = { address = \"a\", memo = \"m\" }",
            "names memo, which is no part of a xrp",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ntype = \"phone\"\nparts = { number = \"a\" }",
            "names number, which is no part of a phone",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"Analyst notes\"\ntype = \"payid\"",
            "column Analyst notes looks like free text",
        ),
        ("format = \"csv\"\n[account]\nbsb = \"b\"\naccount = \"a\"", "account.role is missing"),
        ("format = \"csv\"\nrole = \"holder\"\n[account]\nbsb = \"b\"", "missing field `account`"),
        ("format = \"csv\"\n[typed]\ntype = \"t\"\nvalue = \"v\"", "typed.role is missing"),
        (
            "format = \"csv\"\nrole = \"holder\"\n[[columns]]\ncolumn = \"TFN\"\ntype = \"abn\"",
            "column TFN looks like a tax file",
        ),
        (
            "format = \"csv\"\nrole = \"holder\"\nreference = \"Medicare No\"\n[[columns]]\ncolumn = \"a\"\ntype = \"abn\"",
            "Medicare",
        ),
        (many.as_str(), "names more than 64 columns"),
    ];
    for (text, part) in cases {
        let problem = ColumnMap::parse(text, "m.toml").unwrap_err();
        assert!(problem.problem.contains(part) && problem.problem.starts_with("m.toml"), "{text}: {problem:?}");
        assert_eq!((problem.code.as_str(), problem.exit), ("column-map", Exit::BadInput), "{text}");
        assert!(!problem.hint.is_empty() && !problem.problem.ends_with('.'));
    }
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("real.toml"), "format = \"csv\"").unwrap();
    std::os::unix::fs::symlink(path("real.toml"), path("link")).unwrap();
    std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(fifo.success());
    for (at, part, code) in [
        (path("link"), "link is a symbolic link", "not-a-file"),
        (path("dangling"), "dangling is a symbolic link", "not-a-file"),
        (folder.path().to_path_buf(), "is a directory", "not-a-file"),
        (path("fifo"), "fifo is a pipe, a socket or a device", "not-a-file"),
        (path("socket"), "socket is a pipe, a socket or a device", "not-a-file"),
        (std::path::PathBuf::from("/dev/zero"), "zero is a pipe, a socket or a device", "not-a-file"),
        (path("gone"), "gone cannot be read", "file-not-found"),
    ] {
        let problem = open_regular(&at).unwrap_err();
        assert!(problem.problem.contains(part), "{problem:?}");
        assert_eq!(problem.code, code);
        assert!(!problem.hint.is_empty());
    }
    assert_eq!(open_regular(&path("real.toml")).unwrap().1, 14);
}

#[test]
fn small_files_have_a_limit_and_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    std::fs::write(&path, vec![b'#'; TEXT_FILE_LEN_MAX as usize + 1]).unwrap();
    assert_eq!(read_map(&path).unwrap_err().code, "file-too-long");
    std::fs::write(&path, b"# one\n# two \xff\n").unwrap();
    let problem = read_charter(&path).unwrap_err();
    assert_eq!(problem.code, "not-utf8");
    assert!(problem.problem.contains("f.toml, line 2"), "{problem:?}");
}
