//! The shipped program, from outside: real processes, real files, real QUIC on loopback.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bad_files;
mod bench;
mod counts;
mod lighthouse_bulk;
mod lighthouse_hub;
mod lighthouse_standing;
mod nodes;
mod real_data;
mod recovery;
mod reveals;
mod rounds;

use std::fs;
use std::process::Stdio;

use nodes::{Answer, Group, Node, cwg, program};
use serde_json::Value;

fn numbers(range: std::ops::Range<u32>, write: impl Fn(u32) -> String) -> String {
    std::iter::once("number,ref\n".to_owned()).chain(range.map(|n| format!("{},c{n}\n", write(n)))).collect()
}

const MAP: &str = "format = \"csv\"\nrole = \"holder\"\nregion = \"AU\"\nreference = \"ref\"\n\
                   [[columns]]\ncolumn = \"number\"\ntype = \"phone\"\n";

/// A load of numbers in one of the two notations.
fn load(bank: &Node, range: std::ops::Range<u32>, local: bool) -> Answer {
    let text = numbers(range, |n| if local { format!("0412 {n:03} 678") } else { format!("+61412{n:03}678") });
    fs::write(bank.path("in.csv"), text).unwrap();
    fs::write(bank.path("map.toml"), MAP).unwrap();
    bank.cwg(&["indicators", "load", &bank.text("in.csv"), "--map", &bank.text("map.toml")])
}

#[test]
fn two_banks_find_what_both_hold_and_nothing_else() {
    let group = Group::start(2);
    let [a, b] = [&group.banks[0], &group.banks[1]];
    assert_eq!(load(a, 100..140, true).ok()["items"], 40);
    assert_eq!(load(b, 125..170, false).ok()["items"], 45);

    let plan = a.cwg(&["run", "plan", "--pilot", "Payees", "--with", "Bank 1", "--learns", "us"]).ok();
    let run = plan["run"].as_str().unwrap();
    assert_eq!(a.cwg(&["run", "start", run]).refused(77)["code"], "no-consent");
    let digest = plan["leakage"]["digest"].as_str().unwrap();
    assert_eq!(a.cwg(&["run", "start", run, "--leakage", &"0".repeat(64)]).refused(77)["code"], "consent-mismatch");
    let end = a.cwg(&["run", "start", run, "--leakage", digest, "--wait"]).ok();
    assert_eq!((&end["phase"], &end["matches"]), (&"sealed".into(), &15.into()));
    assert_eq!(a.cwg(&["run", "start", run, "--leakage", digest]).refused(77)["code"], "run-state");

    let other = b.cwg(&["run", "status", run, "--wait"]).ok();
    assert_eq!((&other["phase"], &other["matches"]), (&"sealed".into(), &Value::Null));
    assert_eq!(other["transcript"], end["transcript"]);
    assert_eq!(b.cwg(&["match", "list"]).ok()["matches"].as_array().unwrap().len(), 0);

    let list = a.cwg(&["match", "list"]).ok();
    let mut found: Vec<String> = Vec::new();
    for line in list["matches"].as_array().unwrap() {
        assert!(!line["masked"].as_str().unwrap().contains("412"), "a list is masked");
        let full = a.cwg(&["match", "show", line["match"].as_str().unwrap()]).ok();
        found.push(full["canonical"].as_str().unwrap().to_owned());
    }
    found.sort();
    let planted: Vec<String> = (125..140).map(|n| format!("+61412{n:03}678")).collect();
    assert_eq!(found, planted);

    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        let audit = node.cwg(&["audit", "show"]).text;
        for marker in ["412130678", "0412 130", "c130"] {
            assert!(!audit.contains(marker), "the audit holds no identifier");
            assert!(!node.holds(marker.as_bytes()), "nothing of a node lies in the clear: {marker}");
        }
    }
}

#[test]
fn an_invitation_works_once_and_a_revoked_member_is_shut_out() {
    let group = Group::start(2);
    let late = group.member("late");
    let spent = fs::read_to_string(group.banks[0].path("invitation.txt")).unwrap();
    fs::write(late.path("spent.txt"), &spent).unwrap();
    let refused = late.cwg(&["member", "join", &late.text("spent.txt")]).refused(77);
    assert_eq!(refused["code"], "join-refused", "{refused}");
    fs::write(late.path("cut.txt"), &spent[..spent.len() - 9]).unwrap();
    assert_eq!(late.cwg(&["member", "join", &late.text("cut.txt")]).refused(65)["code"], "invitation-damaged");

    load(&group.banks[0], 100..140, true).ok();
    group.hub.cwg(&["roster", "revoke", "Bank 1"]).ok();
    assert_eq!(group.hub.cwg(&["roster", "revoke", "Bank 1"]).refused(77)["code"], "already-revoked");
    // The hub ends the connection of the revoked node, and it can make no new one.
    group
        .hub
        .until(&["status"], |status| status["peers"].as_array().unwrap().iter().all(|peer| peer["name"] != "Bank 1"));
    group.banks[1]
        .until(&["status"], |status| status["peers"].as_array().unwrap().iter().all(|peer| peer["connected"] == false));
    group.banks[0].until(&["roster", "show"], |roster| roster["epoch"] == 4);
    let plan = group.banks[0].cwg(&["run", "plan", "--pilot", "Payees", "--with", "Bank 1"]);
    assert_ne!(plan.code, 0, "nobody runs with a revoked member");
}

#[test]
fn killed_at_any_moment_a_bank_forgets_nothing_it_acknowledged() {
    let mut group = Group::start(2);
    let mut loads = Vec::new();
    for round in 0..8u32 {
        let done = load(&group.banks[0], 100 + round * 10..110 + round * 10, round % 2 == 0).ok();
        loads.push(done["load"].as_str().unwrap().to_owned());
        // A second load is under way, or not yet, or just done when the process dies.
        fs::write(group.banks[0].path("in.csv"), numbers(500..900, |n| format!("0413 {n} 111"))).unwrap();
        let bank = &group.banks[0];
        let mut under_way = program(&bank.dir)
            .args(["indicators", "load", &bank.text("in.csv"), "--map", &bank.text("map.toml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..round * 40_000 {
            std::hint::spin_loop();
        }
        group.banks[0].kill();
        under_way.wait().unwrap();
        group.banks[0].serve();
        assert_eq!(group.banks[0].cwg(&["audit", "verify"]).ok()["sound"], true);
        let stats = group.banks[0].cwg(&["indicators", "stats"]).ok();
        let kept: Vec<&str> =
            stats["loads"].as_array().unwrap().iter().map(|load| load["load"].as_str().unwrap()).collect();
        for load in &loads {
            assert_eq!(kept.iter().filter(|kept| *kept == load).count(), 1, "each acknowledged load is there once");
        }
    }
}

#[test]
fn bad_input_is_refused_by_name_and_changes_nothing() {
    let group = Group::start(2);
    let bank = &group.banks[0];
    load(bank, 100..140, true).ok();
    let records = |node: &Node| node.cwg(&["status"]).ok()["sizes"]["loads"].clone();
    let before = records(bank);

    let check = |args: &[&str], exit: i32, code: &str| {
        let refused = bank.cwg(args).refused(exit);
        assert_eq!(refused["code"], code, "{args:?}: {refused}");
        assert!(!refused["hint"].as_str().unwrap().is_empty());
    };
    let map = bank.text("map.toml");
    check(&["indicators", "load", "/dev/zero", "--map", &map], 65, "not-a-file");
    check(&["run", "status", "ffff0000"], 65, "unknown-run");
    check(&["match", "show", "ffff0000"], 65, "unknown-match");
    check(&["pilot", "show", "nowhere"], 65, "unknown-pilot");
    check(&["pilot", "show", "ffff0000"], 65, "unknown-pilot");
    check(&["hub", "invite", "--name", "x"], 77, "not-hub");
    fs::write(bank.path("bad.toml"), "format = \"csv\"\nsurprise = 1\n").unwrap();
    let bad = bank.cwg(&["indicators", "load", &bank.text("in.csv"), "--map", &bank.text("bad.toml")]).refused(65);
    assert!(bad["problem"].as_str().unwrap().contains("line 2"), "{bad}");

    let account = "format = \"csv\"\nrole = \"holder\"\n[account]\nbsb = \"bsb\"\naccount = \"account\"\n\
                   [[columns]]\ncolumn = \"wallet\"\ntype = \"evm\"\n";
    fs::write(bank.path("rows.toml"), account).unwrap();
    let mut rows = b"bsb,account,wallet\n62000,1234567,\n".to_vec();
    rows.extend_from_slice(b"062-000,1234567,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD\n");
    rows.extend_from_slice(b"062-000,1234567,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n");
    rows.extend_from_slice(b"062-000,12\xff567,\n");
    rows.extend_from_slice(b"062-000,01234567,\n");
    fs::write(bank.path("rows.csv"), rows).unwrap();
    let report = bank.cwg(&["indicators", "check", &bank.text("rows.csv"), "--map", &bank.text("rows.toml")]).ok();
    let refused: Vec<(u64, &str)> = report["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["code"].as_str().unwrap()))
        .collect();
    assert_eq!(refused, [(2, "bsb-five-digits"), (3, "checksum"), (5, "not-utf8")]);
    assert_eq!(report["items"], 2, "one account in three rows, one wallet");
    assert_eq!(records(bank), before);

    let second = program(&bank.dir).args(["--json", "serve"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(second.status.code(), Some(75), "a directory has one process");
    let wrong_key = bank.path("wrong.key");
    fs::write(&wrong_key, "00".repeat(32)).unwrap();
    let quiet = group.member("quiet");
    let args = ["--key-file", wrong_key.to_str().unwrap(), "status"];
    assert_eq!(quiet.cwg(&args).refused(78)["code"], "store", "the key file was readable by others");
    fs::write(quiet.dir.join("cwg.toml"), "[net]\nsurprise = 1\n").unwrap();
    let config = quiet.cwg(&["status"]).refused(78);
    assert!(config["problem"].as_str().unwrap().contains("line 2"), "{config}");
}

#[test]
fn two_plain_files_are_compared_exactly_and_a_lost_peer_leaves_no_output() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    for (ours, theirs) in [(0..1u32, 0..1u32), (0..15, 7..22), (0..1000, 500..1500)] {
        let lines = |range: std::ops::Range<u32>| -> Vec<u8> {
            range.flat_map(|n| [format!("item {n}\n").into_bytes(), vec![0xff, n as u8, b'\n']].concat()).collect()
        };
        let mut with_repeats = lines(ours.clone());
        with_repeats.extend(lines(ours.clone()));
        with_repeats.extend_from_slice(b"\n\nonly ours\r\n");
        fs::write(path("ours"), &with_repeats).unwrap();
        fs::write(path("theirs"), lines(theirs.clone())).unwrap();
        let listener = nodes::Listener::start(&path("theirs"));
        let args = ["psi", "connect", &listener.address, "--pin", &listener.pin, "--items", &path("ours")];
        cwg(dir.path(), &[&args[..], &["--out", &path("both")]].concat()).ok();
        let both: std::collections::BTreeSet<Vec<u8>> =
            fs::read(path("both")).unwrap().split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let split = |bytes: &[u8]| -> std::collections::BTreeSet<Vec<u8>> {
            bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
        };
        let expected = split(&lines(ours)).intersection(&split(&lines(theirs))).cloned().collect();
        assert_eq!(both, expected);
        fs::remove_file(path("both")).unwrap();
    }
    let mut listener = nodes::Listener::start(&path("theirs"));
    let (address, pin) = (listener.address.clone(), listener.pin.clone());
    let args = ["psi", "connect", &address, "--items", &path("ours"), "--out", &path("both")];
    let wrong = "a".repeat(52);
    let refused = cwg(dir.path(), &[&args[..], &["--pin", &wrong]].concat());
    assert!(refused.code == 69 || refused.code == 64, "a wrong pin: {}", refused.text);
    listener.kill();
    let pin = ["--pin", &pin];
    assert_eq!(cwg(dir.path(), &[&args[..], &pin].concat()).refused(69)["code"], "unreachable");
    assert!(!dir.path().join("both").exists());
    fs::write(path("empty"), "\n\n").unwrap();
    let empty = ["psi", "listen", "--items", &path("empty")];
    assert_eq!(cwg(dir.path(), &empty).refused(65)["code"], "no-items");
    assert_eq!(cwg(dir.path(), &["psi", "listen", "--items", &path("gone")]).refused(74)["code"], "cannot-read");
    assert_eq!(cwg(dir.path(), &["psi", "listen", "--items", &path("")]).refused(65)["code"], "not-a-file");
}
