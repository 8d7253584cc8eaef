//! The standing comparison between a hub and a bank as processes: periods, editions, an evaluated file, look-ups, rotation, and a
//! process that is killed in the middle. Every value is invented or from a reserved range.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::lighthouse_hub::{add_persons, build, desk, publish, row};
use crate::nodes::{Answer, Group, Node, program};
use crate::{MAP, numbers};

/// A clue on the invented number with these last digits.
fn clue(number: u8) -> String {
    row(number, &format!("phone,+61491570{:03}", 100 + u32::from(number)), ",")
}

/// Publishes a release of these clues, and its edition in every open period.
fn release(hub: &Node, clues: &[String]) -> Value {
    let (file, map) = desk(hub, clues);
    build(hub, &[(&file, &map)]).ok();
    let release = publish(hub);
    hub.cwg(&["lighthouse", "edition", "publish"]).ok();
    release
}

/// Has a file of these numbers evaluated.
fn evaluate(bank: &Node, range: std::ops::Range<u32>) -> Answer {
    write_book(bank, range);
    on_book(bank, &["lighthouse", "evaluate", "--pilot", "Payees"])
}

fn write_book(bank: &Node, range: std::ops::Range<u32>) {
    fs::write(bank.path("book.csv"), numbers(range, |n| format!("0491 570 {n:03}"))).unwrap();
    fs::write(bank.path("map.toml"), MAP).unwrap();
}

/// A command over the file that was written last.
fn on_book(bank: &Node, args: &[&str]) -> Answer {
    let (book, map) = (bank.text("book.csv"), bank.text("map.toml"));
    bank.cwg(&[args, &["--book", &book, "--map", &map]].concat())
}

/// The clues that a match shows.
fn clues_of(shown: &Value) -> Value {
    shown["lighthouse"]["clues"].clone()
}

/// Looks a number up, which no command line shows.
fn look_up(bank: &Node, value: &str) -> Answer {
    let args = ["--json", "lighthouse", "lookup", "--pilot", "Payees", "--type", "phone", "-"];
    let mut command = program(&bank.dir);
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    Answer::of(child.wait_with_output().unwrap())
}

/// Waits until the bank has the edition of a release in a period.
fn has(bank: &Node, period: u32, release: u32) {
    bank.until(&["lighthouse", "standing"], |standing| {
        let periods = standing["periods"].as_array().unwrap();
        periods.iter().any(|line| line["period"] == period && line["release"] == release)
    });
}

fn open_period(hub: &Node, allowance: u32) {
    let allowance = allowance.to_string();
    hub.cwg(&["lighthouse", "period", "open", "--days", "60", "--allowance", &allowance]).ok();
}

#[test]
fn a_bank_evaluates_once_and_looks_up_through_snapshot_delta_recall_and_rotation() {
    let mut group = Group::start(2);
    add_persons(&group.hub);
    open_period(&group.hub, 60);
    let clues: Vec<String> = (1..=9).map(clue).collect();
    release(&group.hub, &clues);
    has(&group.banks[0], 1, 1);
    let (hub, bank) = (&group.hub, &group.banks[0]);

    // A file: evaluated once, and only what is new of it the next time.
    let first = evaluate(bank, 100..140).ok();
    assert_eq!((&first["items"], &first["evaluated"]), (&40.into(), &40.into()));
    let again = evaluate(bank, 110..150).ok();
    assert_eq!((&again["items"], &again["evaluated"]), (&40.into(), &10.into()));
    let standing = bank.cwg(&["lighthouse", "standing"]).ok();
    assert_eq!(standing["periods"][0]["table"], 50);

    // A file of which some were never evaluated is not compared: their matches would be missing and nobody would see it.
    write_book(bank, 100..160);
    assert_eq!(on_book(bank, &["lighthouse", "compare", "--pilot", "Payees"]).refused(77)["code"], "not-evaluated");

    // Compared here, in nobody's sight: what a run in bulk over the same file gives.
    assert_eq!(evaluate(bank, 100..150).ok()["evaluated"], 0);
    let compared = on_book(bank, &["lighthouse", "compare", "--pilot", "Payees"]).ok();
    assert_eq!((&compared["phase"], &compared["matches"]), (&"sealed".into(), &9.into()));
    assert_eq!(compared["protocol"], "standing");
    let plan = on_book(bank, &["run", "plan", "--lighthouse", "--pilot", "Payees"]).ok();
    let bulk = plan["run"].as_str().unwrap();
    let digest = plan["leakage"]["digest"].as_str().unwrap();
    bank.cwg(&["run", "start", bulk, "--leakage", digest, "--wait"]).ok();
    let matches = |run: &Value| {
        let list = bank.cwg(&["match", "list", "--run", run.as_str().unwrap()]).ok();
        let all = list["matches"].as_array().unwrap().iter();
        let shown = all.map(|line| bank.cwg(&["match", "show", line["match"].as_str().unwrap()]).ok());
        shown.map(|shown| (shown["canonical"].clone(), shown["references"].clone(), clues_of(&shown))).collect()
    };
    let both: [Vec<_>; 2] = [matches(&compared["run"]), matches(&plan["run"])];
    assert_eq!(both[0].len(), 9);
    assert_eq!(both[0], both[1]);

    // The allowance has ten left: a batch beyond it is refused by name, and costs nothing.
    assert_eq!(evaluate(bank, 200..220).refused(77)["code"], "evaluation-allowance");
    let found = look_up(bank, "+61 491 570 103\n").ok();
    assert_eq!((&found["release"], found["clues"].as_array().unwrap().len()), (&1.into(), 1));
    assert_eq!(found["clues"][0]["typology"], "sextortion");
    assert_eq!(look_up(bank, "0491570199").no()["clues"].as_array().unwrap().len(), 0);
    assert_eq!(look_up(bank, "nonsense").refused(65)["code"], "phone-shape");
    let left = hub.cwg(&["lighthouse", "standing"]).ok();
    let of_bank = left["periods"][0]["left"].as_array().unwrap().iter().find(|line| line["member"] == "Bank 0");
    assert_eq!(of_bank.unwrap()["items"], 8, "two look-ups were charged, a refused file and a refused value were not");

    // A delta: a new clue is found, one that is gone is not, one that was taken back is left out at once.
    hub.cwg(&["lighthouse", "recall", &format!("01ARZ3NDEKTSV4RRFFQ69G{:04}", 4)]).ok();
    bank.until(&["lighthouse", "recalls"], |recalls| recalls["all"] == 1);
    let recalled = look_up(bank, "0491570104").no();
    assert_eq!((&recalled["recalled"], recalled["clues"].as_array().unwrap().len()), (&1.into(), 0));
    let clues: Vec<String> = (1..=12).map(clue).collect();
    release(hub, &clues);
    has(bank, 1, 2);
    let shown = bank.cwg(&["lighthouse", "standing"]).ok();
    assert_eq!(shown["periods"][0]["editions"], 2, "a delta");
    assert_eq!(look_up(bank, "0491570112").ok()["clues"].as_array().unwrap().len(), 1);
    assert_eq!(look_up(bank, "0491570103").ok()["release"], 2);
    assert_eq!(look_up(bank, "0491570104").no()["recalled"], 0, "the delta has withdrawn it");

    // Rotation: a new key, the file again, and the old table is destroyed once the new one stands in its place.
    open_period(hub, 1000);
    hub.cwg(&["lighthouse", "edition", "publish"]).ok();
    has(bank, 2, 2);
    let rotated = evaluate(bank, 100..150).ok();
    assert_eq!((&rotated["evaluated"], &rotated["destroyed"][0]), (&50.into(), &1.into()));
    let periods = bank.cwg(&["lighthouse", "standing"]).ok();
    assert_eq!(periods["periods"].as_array().unwrap().len(), 1);
    let tables: Vec<String> = fs::read_dir(bank.dir.join("tables"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(tables.iter().all(|name| name.starts_with("00000002-")), "{tables:?}");
    assert_eq!(look_up(bank, "0491570103").ok()["clues"].as_array().unwrap().len(), 1);

    // Killed and started again, all of it is there; nothing of a customer lies in the clear.
    group.banks[0].kill();
    group.banks[0].serve();
    let bank = &group.banks[0];
    bank.until(&["status"], |status| status["peers"].as_array().unwrap().iter().any(|peer| peer["connected"] == true));
    assert_eq!(evaluate(bank, 100..150).ok()["evaluated"], 0);
    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        for marker in ["491570103", "491 570 103"] {
            assert!(!node.holds(marker.as_bytes()), "{marker}");
        }
    }
}

#[test]
fn a_download_that_a_kill_broke_off_goes_on_and_a_file_that_was_changed_is_fetched_anew() {
    let mut group = Group::start(2);
    add_persons(&group.hub);
    open_period(&group.hub, 100);
    group.banks.iter_mut().for_each(Node::kill);
    let clues: Vec<String> = (1..=9).map(clue).collect();
    let many =
        |number: u32| format!("01ARZ3NDEKTSV4RRFFQ6XG{number:04},email,invented.{number}@example.com,2026-05-01,,\n");
    release(&group.hub, &clues.into_iter().chain((0..2500).map(many)).collect::<Vec<_>>());
    let editions = |node: &Node| node.dir.join("editions");
    let [file] = &fs::read_dir(editions(&group.hub)).unwrap().map(|entry| entry.unwrap()).collect::<Vec<_>>()[..]
    else {
        panic!("one edition")
    };
    let (name, whole) = (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
    assert!(whole.len() > 200_000);
    // What a killed process leaves: some chunks and a piece of one; and a file that is whole and is not what was signed.
    let part = name.replace(".edition", ".part");
    fs::write(editions(&group.banks[0]).join(&part), &whole[..150_000]).unwrap();
    fs::write(editions(&group.banks[1]).join(&part), vec![7; whole.len()]).unwrap();
    group.banks.iter_mut().for_each(Node::serve);
    for bank in &group.banks {
        has(bank, 1, 1);
        assert!(fs::read(editions(bank).join(&name)).unwrap() == whole);
        assert!(!editions(bank).join(&part).exists());
        assert_eq!(look_up(bank, "0491570103").ok()["clues"].as_array().unwrap().len(), 1);
    }
}
