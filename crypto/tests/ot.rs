//! Known answers of base transfers and their extension.

#[path = "ot/mod.rs"]
mod computed;

#[test]
fn base_transfers_and_extension_give_the_known_answers() {
    let file: serde_json::Value = serde_json::from_str(include_str!("../vectors/ot.json")).unwrap();
    assert_eq!(computed::vectors(), file);
}
