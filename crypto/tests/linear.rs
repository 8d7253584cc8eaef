//! Known answers of what is linear: the key-value store and the code.

#[path = "linear/mod.rs"]
mod computed;

fn parsed(file: &str) -> serde_json::Value {
    serde_json::from_str(file).expect("the file is JSON")
}

#[test]
fn the_store_gives_the_known_answers() {
    assert_eq!(computed::okvs(), parsed(include_str!("../vectors/okvs.json")));
}

#[test]
fn the_code_gives_the_known_answers() {
    assert_eq!(computed::expand_convolute(), parsed(include_str!("../vectors/expand-convolute.json")));
}
