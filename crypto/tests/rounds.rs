//! What collection, shared keys and tickets give is what their vectors say.

#[path = "rounds/mod.rs"]
mod computed;

use serde_json::Value;

fn check(file: &str, computed: &Value) {
    let written: Value = serde_json::from_str(file).expect("a vector file is JSON");
    assert_eq!(written, *computed);
}

#[test]
fn collection_matches_its_vectors() {
    check(include_str!("../vectors/collect.json"), &computed::collect());
}

#[test]
fn shared_keys_match_their_vectors() {
    let computed = computed::threshold();
    let outputs: Vec<&Value> = computed["outputs"].as_object().expect("three outputs").values().collect();
    assert!(outputs.len() == 3 && outputs.iter().all(|output| *output == outputs[0]), "any holders, one output");
    check(include_str!("../vectors/threshold.json"), &computed);
}

#[test]
fn tickets_match_their_vectors() {
    check(include_str!("../vectors/ticket.json"), &computed::ticket());
}
