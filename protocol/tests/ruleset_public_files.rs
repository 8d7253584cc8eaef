//! Ruleset 1 over public files: the directory of BSBs and sanctioned wallets, for their formats alone.
//!
//! The files lie outside the repository; where one is absent its test says so and ends.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use std::collections::BTreeMap;

use cwg_protocol::indicator::{ColumnKind, IndicatorKind, Rules, canonicalize, canonicalize_account};

mod shared;

/// How many lines of a file each outcome has: a kind of key, or a refusal.
fn outcomes(kind: ColumnKind, text: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let outcome = match canonicalize(kind, line.as_bytes(), &Rules::default()) {
            Ok(canonical) if canonical.repairs.is_empty() => "accepted",
            Ok(_) => "repaired",
            Err(refusal) => refusal.code(),
        };
        *counts.entry(outcome).or_default() += 1;
    }
    counts
}

fn check(file: &str, kind: ColumnKind, expect: &[(&str, usize)]) {
    let Some(text) = shared::read(file) else { return };
    let expect: BTreeMap<_, _> = expect.iter().copied().collect();
    assert_eq!(outcomes(kind, &text), expect, "{file} as {kind}");
}

#[test]
fn every_bsb_of_the_directory_begins_as_the_table_says() {
    let Some(text) = shared::read("bsb-directory.csv") else { return };
    for line in text.lines() {
        let bsb = line.trim_matches('"').split('"').next().unwrap();
        let found = canonicalize_account(bsb.as_bytes(), b"12345678", &Rules::default()).unwrap();
        assert_eq!(found.primary().text, format!("{}:12345678", bsb.replace('-', "")));
        assert_eq!(found.primary().kind, IndicatorKind::AuAccount);
    }
}

#[test]
fn wallets_are_taken_or_refused_by_the_right_rule() {
    // The list of Bitcoin holds one TRON address.
    check("ofac-xbt.txt", ColumnKind::Btc, &[("accepted", 434), ("wrong-network", 1)]);
    check("ofac-xbt.txt", ColumnKind::Trx, &[("accepted", 1), ("address-shape", 80), ("wrong-network", 354)]);
    // Mixed case carries a checksum and counts as repaired.
    check("ofac-eth.txt", ColumnKind::Evm, &[("accepted", 37), ("repaired", 115)]);
    // The list of Tether mixes three networks.
    check("ofac-usdt.txt", ColumnKind::Evm, &[("accepted", 5), ("repaired", 3), ("address-shape", 18)]);
    check("ofac-usdt.txt", ColumnKind::Btc, &[("accepted", 7), ("wrong-network", 11), ("address-shape", 8)]);
    check("ofac-usdt.txt", ColumnKind::Trx, &[("accepted", 11), ("wrong-network", 7), ("address-shape", 8)]);
    check("ofac-trx.txt", ColumnKind::Trx, &[("accepted", 6)]);
}

#[test]
fn wallets_of_other_networks_are_refused_as_bitcoin() {
    check("ofac-xmr.txt", ColumnKind::Btc, &[("address-shape", 3)]);
    // An old Litecoin address that begins with 3 would pass as Bitcoin: the column's kind alone tells them apart. This
    // list holds none.
    check("ofac-ltc.txt", ColumnKind::Btc, &[("wrong-network", 10)]);
    // One Bitcoin Cash address is written in the old form, which no text distinguishes from Bitcoin.
    check("ofac-bch.txt", ColumnKind::Btc, &[("accepted", 1), ("address-shape", 6)]);
    check("ofac-xrp.txt", ColumnKind::Btc, &[("checksum", 1)]);
}
