//! Ruleset 2 over public files: the directory of BSBs and sanctioned wallets, for their formats alone, and invented people
//! with typing errors.
//!
//! The files lie outside the repository; where one is absent its test says so and ends.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use std::collections::{BTreeMap, HashMap};

use cwg_protocol::indicator::{ColumnKind, DateOrder, IndicatorKind, Rules, canonicalize, canonicalize_parts};

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
        let found =
            canonicalize_parts(ColumnKind::AuAccount, &[bsb.as_bytes(), b"12345678"], &Rules::default()).unwrap();
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

#[test]
fn wallets_of_the_newer_kinds_are_taken() {
    check("ofac-ltc.txt", ColumnKind::Ltc, &[("accepted", 10)]);
    check("ofac-bch.txt", ColumnKind::Bch, &[("accepted", 6), ("repaired", 1)]);
    // One line is no address.
    check("ofac-xmr.txt", ColumnKind::Xmr, &[("accepted", 2), ("address-shape", 1)]);
    check("ofac-xrp.txt", ColumnKind::Xrp, &[("accepted", 1)]);
}

/// The keys P1 to P5 of each line of a file of people, by the number in `rec_id` that tells who is who.
fn people(text: &str) -> Vec<(u32, Vec<String>)> {
    let rules = Rules { date_order: DateOrder::YearFirst, ..Rules::default() };
    let person = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let number = fields[0].split('-').nth(1).unwrap().parse().unwrap();
        let cells = [fields[1].as_bytes(), fields[2].as_bytes(), fields[9].as_bytes(), b""];
        let found = canonicalize_parts(ColumnKind::Person, &cells, &rules);
        let keys = found.map_or_else(|_| Vec::new(), |found| found.keys.iter().map(|key| key.text.clone()).collect());
        (number, keys)
    };
    text.lines().skip(1).map(person).collect()
}

/// FEBRL 4: 5,000 invented Australians and the same people with typing errors. Each key finds as many as it did when the keys were
/// chosen, and in 25 million pairs none that are two people.
#[test]
fn person_keys_find_two_thirds_of_misspelt_people_and_nobody_else() {
    let (Some(clean), Some(misspelt)) = (shared::read("febrl4a.csv"), shared::read("febrl4b.csv")) else { return };
    let mut holders: HashMap<String, Vec<u32>> = HashMap::new();
    for (number, keys) in people(&clean) {
        for key in keys {
            holders.entry(key).or_default().push(number);
        }
    }
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    for (number, keys) in people(&misspelt) {
        let mut met = Vec::new();
        for key in &keys {
            let sort = &key[..2];
            for holder in holders.get(key).into_iter().flatten() {
                if *holder == number {
                    met.push(sort);
                } else {
                    *wrong.entry(sort.to_owned()).or_default() += 1;
                }
            }
        }
        met.sort_unstable();
        met.dedup();
        *found.entry("any".to_owned()).or_default() += usize::from(!met.is_empty());
        for sort in met {
            *found.entry(sort.to_owned()).or_default() += 1;
        }
    }
    println!("found {found:?} of 5000, wrong {wrong:?}");
    let expect = [("P1", 2270), ("P2", 2882), ("P3", 2853), ("P4", 2749), ("P5", 830), ("any", 3388)];
    for (sort, expect) in expect {
        assert_eq!(found.get(sort), Some(&expect), "{sort}: {found:?}");
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
