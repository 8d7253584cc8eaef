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

fn ceremony(group: &Group) {
    let call = ["round", "ceremony", "--pilot", "Payees", "--threshold", "2"];
    let holders = ["--holder", "Bank 0", "--holder", "Bank 1", "--holder", "Bank 2"];
    group.hub.cwg(&[&call[..], &holders].concat()).ok();
    let is_made = |keys: &Value| keys["keys"].as_array().is_some_and(|keys| !keys.is_empty());
    let of_hub = group.hub.until(&["round", "keys"], is_made);
    for bank in &group.banks[..3] {
        let keys = bank.until(&["round", "keys"], is_made);
        assert_eq!(keys["keys"][0]["public"], of_hub["keys"][0]["public"]);
        assert_eq!(keys["keys"][0]["share"], true);
    }
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
    ceremony(&group);
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
