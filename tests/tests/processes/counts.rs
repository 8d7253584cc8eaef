//! A count of two banks: near the plain count, once a month, and in the ledgers of all three.

use crate::load;
use crate::nodes::Group;

/// Items that both banks hold.
const COMMON: u32 = 700;

#[test]
fn two_banks_are_told_about_how_much_they_have_in_common_once_a_month() {
    let group = Group::start(2);
    let [a, b] = [&group.banks[0], &group.banks[1]];
    load(a, 100..900, true).ok();
    load(b, 200..999, false).ok();
    let open = ["count", "open", "--pilot", "Payees", "--banks", "Bank 0", "Bank 1", "--types", "phone"];
    let open = [&open[..], &["--items", "900"]].concat();
    assert_eq!(a.cwg(&open).refused(77)["code"], "not-hub");
    let opened = group.hub.cwg(&open).ok();
    let (count, leakage) = (opened["count"].as_str().unwrap(), opened["leakage"].as_str().unwrap());
    assert_eq!((&opened["state"], &opened["told"]), (&"open".into(), &serde_json::Value::Null));
    assert_eq!(group.hub.cwg(&open).refused(75)["code"], "under-way");

    for bank in [a, b] {
        bank.until(&["count", "list"], |list| list["counts"].as_array().is_some_and(|counts| counts.len() == 1));
        assert_eq!(bank.cwg(&["count", "join", count]).refused(77)["code"], "no-consent");
        let other = "0".repeat(64);
        assert_eq!(bank.cwg(&["count", "join", count, "--leakage", &other]).refused(77)["code"], "consent-mismatch");
        let joined = bank.cwg(&["count", "join", count, "--leakage", leakage]).ok();
        assert_eq!((&joined["terms"], &joined["left_out"]), (&opened["terms"], &0.into()));
    }
    let told = group.hub.cwg(&["count", "status", count, "--wait"]).ok()["told"].clone();
    let about = u32::try_from(told["about"].as_u64().unwrap()).unwrap();
    // Three draws of up to the bound of 42, and half a step.
    assert!(about.abs_diff(COMMON) <= 3 * 42 + 5, "{told}");
    assert_eq!(told["least"].as_u64().map(|least| least + 18), Some(about.into()));
    for bank in [a, b] {
        assert_eq!(bank.cwg(&["count", "status", count, "--wait"]).ok()["told"], told);
        let ledger = bank.cwg(&["count", "ledger"]).ok();
        assert_eq!((&ledger["spent"][0]["spent"], &ledger["spent"][0]["left"]), (&"0.5".into(), &"1.5".into()));
        assert_eq!(ledger["spent"].as_array().unwrap().len(), 1, "its own");
    }
    let ledger = group.hub.cwg(&["count", "ledger"]).ok();
    assert_eq!(ledger["spent"].as_array().unwrap().len(), 2, "everyone's");
    assert_eq!(
        ledger["releases"][0]["of"].as_str().map(|of| of.contains("Bank 0") && of.contains("Bank 1")),
        Some(true)
    );
    assert_eq!(group.hub.cwg(&open).refused(75)["code"], "count-released");
    for node in group.nodes() {
        assert_eq!(node.cwg(&["audit", "verify"]).ok()["sound"], true);
        let audit = node.cwg(&["audit", "show"]).text;
        assert!(!audit.contains("412130678") && !node.holds(b"412130678"), "nothing lies in the clear");
    }
}
