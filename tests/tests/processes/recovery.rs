//! Banks that die in the middle of their work, or are no longer wanted.

use crate::load;
use crate::nodes::{Group, Node};
use serde_json::Value;

fn connected(node: &Node, to: &str) -> bool {
    let status = node.cwg(&["status"]).ok();
    status["peers"].as_array().unwrap().iter().any(|peer| peer["name"] == to && peer["connected"] == true)
}

/// A planned run in which the bank learns, and the digest to consent to.
fn planned(bank: &Node, with: &str) -> (String, String) {
    let plan = bank.cwg(&["run", "plan", "--pilot", "Payees", "--with", with, "--learns", "us"]).ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&plan["run"]), text(&plan["leakage"]["digest"]))
}

fn loaded() -> Group {
    let group = Group::start(2);
    load(&group.banks[0], 100..140, true).ok();
    load(&group.banks[1], 125..170, false).ok();
    group
}

#[test]
fn a_run_goes_on_when_the_other_bank_died_in_the_middle_of_it_and_came_back() {
    let mut group = loaded();
    let (first, leakage) = planned(&group.banks[0], "Bank 1");
    group.banks[0].cwg(&["run", "start", &first, "--leakage", &leakage, "--wait"]).ok();
    // They stay connected; now the other one falls silent, is asked all the same, and dies without an answer.
    assert!(connected(&group.banks[0], "Bank 1"));
    let (run, leakage) = planned(&group.banks[0], "Bank 1");
    group.banks[1].freeze();
    group.banks[0].cwg(&["run", "start", &run, "--leakage", &leakage]).ok();
    assert_eq!(group.banks[0].cwg(&["run", "status", &run]).ok()["phase"], "running");
    group.banks[1].kill();
    group.banks[1].serve();
    let end = group.banks[0].cwg(&["run", "status", &run, "--wait"]).ok();
    assert_eq!((&end["phase"], &end["matches"]), (&"sealed".into(), &15.into()));
    assert_eq!(end["sessions"], 2, "the lost session is charged, and one more");
    let audit = group.banks[0].cwg(&["audit", "show", "--limit", "100"]).text;
    assert!(audit.contains("peer-lost"), "the first session has its end in the audit");
}

#[test]
fn a_bank_that_dies_again_and_again_is_let_in_by_its_hub_each_time() {
    let mut group = Group::start(1);
    for _ in 0..6 {
        group.banks[0].kill();
        group.banks[0].serve();
        group.banks[0].until(&["status"], |status| {
            status["peers"].as_array().unwrap().iter().any(|peer| peer["kind"] == "hub" && peer["connected"] == true)
        });
    }
}

#[test]
fn a_revoked_bank_that_starts_a_run_is_told_that_nobody_lets_it_in() {
    let group = loaded();
    let (run, leakage) = planned(&group.banks[1], "Bank 0");
    group.hub.cwg(&["roster", "revoke", "Bank 1"]).ok();
    group.banks[0].until(&["roster", "show"], |roster| roster["epoch"] == 4);
    group.banks[1]
        .until(&["status"], |status| status["peers"].as_array().unwrap().iter().all(|peer| peer["connected"] == false));
    let end = group.banks[1].cwg(&["run", "start", &run, "--leakage", &leakage, "--wait"]).no();
    assert_eq!((&end["phase"], &end["end"]["code"]), (&"ended".into(), &"handshake-refused".into()));
    assert!(end["end"]["hint"].as_str().unwrap().contains("revoked"));
}
