//! A round between a hub and banks as processes: a ceremony, consent, and what three of them hold. Every value is invented or from a
//! reserved range.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::load;
use crate::nodes::{Group, Node};

const BANKS: usize = 5;

/// Bank number `bank` holds these.
fn held(bank: usize) -> std::ops::Range<u32> {
    let first = 100 + 10 * bank as u32;
    first..first + 30
}

/// A ceremony among these banks, two of whom evaluate together; with `more` of the command. Gives the key's fingerprint.
fn ceremony(group: &Group, holders: &[usize], more: &[&str]) -> String {
    let mut call: Vec<String> =
        ["round", "ceremony", "--pilot", "Payees", "--threshold", "2"].map(str::to_owned).into();
    call.extend(holders.iter().flat_map(|bank| ["--holder".to_owned(), format!("Bank {bank}")]));
    let call: Vec<&str> = call.iter().map(String::as_str).chain(more.iter().copied()).collect();
    group.hub.cwg(&call).ok();
    let names: Vec<Value> = holders.iter().map(|bank| format!("Bank {bank}").into()).collect();
    let is_made = |keys: &Value| keys["keys"][0]["holders"] == Value::from(names.clone());
    let of_hub = group.hub.until(&["round", "keys"], is_made);
    for bank in holders {
        let keys = group.banks[*bank].until(&["round", "keys"], is_made);
        assert_eq!(keys["keys"][0]["public"], of_hub["keys"][0]["public"]);
        assert_eq!(keys["keys"][0]["share"], true);
    }
    of_hub["keys"][0]["public"].as_str().unwrap().to_owned()
}

/// Takes part in a round as soon as it is offered, consenting to this digest.
fn join(bank: &Node, round: &str, leakage: &str) -> Value {
    let is_there =
        |list: &Value| list["rounds"].as_array().is_some_and(|all| all.iter().any(|of| of["round"] == round));
    bank.until(&["round", "list"], is_there);
    bank.cwg(&["round", "join", round, "--leakage", leakage]).ok()
}

fn found(bank: &Node, round: &str) -> BTreeSet<String> {
    let list = bank.cwg(&["match", "list", "--run", round]).ok();
    let all = list["matches"].as_array().unwrap().iter();
    let shown = all.map(|line| bank.cwg(&["match", "show", line["match"].as_str().unwrap()]).ok());
    shown.map(|shown| shown["canonical"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn five_banks_find_what_three_of_them_hold() {
    let group = Group::start(BANKS);
    for (number, bank) in group.banks.iter().enumerate() {
        load(bank, held(number), number % 2 == 0).ok();
    }
    let open = ["round", "open", "--pilot", "Payees", "--k", "3", "--items", "phone=64", "--evaluate", "25"];
    let steps = ["--claim", "10", "--upload", "40", "--stall", "20", "--beat", "1", "--answer", "20"];
    let open = [&open[..], &steps].concat();
    assert_eq!(group.hub.cwg(&open).refused(77)["code"], "no-shared-key");
    ceremony(&group, &[0, 1, 2], &[]);
    let opened = group.hub.cwg(&open).ok();
    let round = opened["round"].as_str().unwrap();

    let digest = opened["leakage"].as_str().unwrap();
    for bank in &group.banks {
        bank.until(&["round", "list"], |list| list["rounds"].as_array().is_some_and(|rounds| rounds.len() == 1));
        assert_eq!(bank.cwg(&["round", "join", round]).refused(77)["code"], "no-consent");
        let other = "0".repeat(64);
        assert_eq!(bank.cwg(&["round", "join", round, "--leakage", &other]).refused(77)["code"], "consent-mismatch");
        let joined = bank.cwg(&["round", "join", round, "--leakage", digest]).ok();
        assert_eq!((&joined["state"], &joined["terms"]), (&"joined".into(), &opened["terms"]));
    }
    let holders = |number: u32| (0..BANKS).filter(|bank| held(*bank).contains(&number)).count();
    for (number, bank) in group.banks.iter().enumerate() {
        let end = bank.cwg(&["round", "status", round, "--wait"]).ok();
        assert_eq!(end["state"], "answered", "{end}");
        let planted: BTreeSet<String> =
            held(number).filter(|number| holders(*number) >= 3).map(|n| format!("+61412{n:03}678")).collect();
        assert_eq!(found(bank, round), planted, "bank {number}");
        assert_eq!(end["items"], planted.len());
        let audit = bank.cwg(&["audit", "show"]).text;
        assert!(!audit.contains("412130678") && !bank.holds(b"412130678"), "nothing lies in the clear");
    }
    // The coordinator is told how many took part, and a band.
    let shown = group.hub.cwg(&["round", "show", round]).ok();
    assert_eq!((&shown["turns"][0]["uploads"], &shown["turns"][0]["items"]), (&5.into(), &"10 to 99".into()));
}

#[test]
fn a_key_goes_to_other_holders_a_round_is_closed_and_one_is_held_without_a_member() {
    let mut group = Group::start(BANKS);
    for (number, bank) in group.banks.iter().enumerate() {
        load(bank, held(number), number % 2 == 0).ok();
    }
    let first = ceremony(&group, &[0, 1, 2], &[]);
    assert_eq!(ceremony(&group, &[1, 2, 3], &["--handover"]), first, "the same key in other hands");

    let open = ["round", "open", "--pilot", "Payees", "--k", "2", "--items", "phone=64", "--uploads", "4"];
    let steps = ["--claim", "10", "--upload", "20", "--stall", "10", "--beat", "1", "--answer", "10", "--turns", "1"];
    let open = |secs| [&open[..], &steps, &["--evaluate", secs]].concat();
    let opened = group.hub.cwg(&open("600")).ok();
    let round = opened["round"].as_str().unwrap();
    let leakage = opened["leakage"].as_str().unwrap();
    assert_eq!(group.hub.cwg(&open("600")).refused(75)["code"], "under-way");
    join(&group.banks[0], round, leakage);
    group.hub.cwg(&["round", "close", round]).ok();
    assert_eq!(group.hub.cwg(&["round", "show", round]).no()["end"]["code"], "round-closed");
    for bank in &group.banks[..2] {
        let end = bank.cwg(&["round", "status", round, "--wait"]).no();
        assert_eq!(end["end"]["code"], "round-closed", "whoever joined and whoever did not");
    }

    group.banks[0].kill();
    let opened = group.hub.cwg(&open("15")).ok();
    let round = opened["round"].as_str().unwrap();
    let present = [1, 2, 3, 4];
    for bank in present {
        join(&group.banks[bank], round, leakage);
    }
    for bank in present {
        let end = group.banks[bank].cwg(&["round", "status", round, "--wait"]).ok();
        assert_eq!(end["state"], "answered", "{end}");
        let others =
            |number: &u32| present.iter().filter(|other| **other != bank && held(**other).contains(number)).count();
        let planted = held(bank).filter(|number| others(number) >= 1).map(|n| format!("+61412{n:03}678")).collect();
        assert_eq!(found(&group.banks[bank], round), planted, "bank {bank}");
    }
    // If the member that is gone was to carry uploads, another one has.
    let shown = group.hub.cwg(&["round", "show", round]).ok();
    let turns = shown["turns"].as_array().unwrap();
    assert!(turns[..turns.len() - 1].iter().all(|turn| turn["end"] == "relay-failed"), "{shown}");
    assert_eq!(turns[turns.len() - 1]["uploads"], 4);
}
