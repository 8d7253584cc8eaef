//! Public data in the formats and with the mess of the real world, split between two banks with different notations.
//!
//! Bank branches and listed wallets are compared; the file of people with typing errors holds no identifier of a kind
//! that ruleset 1 knows (names, addresses, dates of birth), so it is loaded as what it is not, and refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::nodes::{Group, Node};

const MAP: &str = "format = \"csv\"\nreference = \"ref\"\nregion = \"AU\"\n\
                   [typed]\ntype = \"type\"\nvalue = \"value\"\nrole = \"role\"\n";

/// Branches that are used: with their aliases they stay below the charter's budget.
const BRANCHES: usize = 1200;

fn data() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    dir.is_dir().then_some(dir)
}

/// One identifier in the notations of both banks, and in canonical form.
struct Known {
    kind: &'static str,
    notations: [String; 2],
    canonical: String,
}

fn branches(dir: &Path) -> Vec<Known> {
    let text = fs::read_to_string(dir.join("bsb-directory.csv")).unwrap();
    let digits = |line: &str| -> String { line.chars().take(8).filter(char::is_ascii_digit).collect() };
    let branches = text.lines().skip(1).map(digits).filter(|bsb| bsb.len() == 6);
    branches
        .step_by(13)
        .take(BRANCHES)
        .enumerate()
        .map(|(number, bsb)| {
            let account = 10_000 + 7919 * number as u64;
            Known {
                kind: "au-account",
                notations: [format!("{}-{} {account:09}", &bsb[..3], &bsb[3..]), format!("{bsb}:{account}")],
                canonical: format!("{bsb}:{account}"),
            }
        })
        .collect()
}

fn wallets(dir: &Path) -> Vec<Known> {
    let lines = |name: &str| -> Vec<String> {
        fs::read_to_string(dir.join(name)).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    };
    let btc = lines("ofac-xbt.txt").into_iter().map(|address| Known {
        kind: "btc",
        notations: [address.clone(), format!("bitcoin:{address}?amount=1")],
        canonical: address,
    });
    let evm = lines("ofac-eth.txt").into_iter().map(|address| Known {
        kind: "evm",
        notations: [address.clone(), address.to_lowercase()],
        canonical: address.to_lowercase(),
    });
    let trx = lines("ofac-trx.txt").into_iter().map(|address| Known {
        kind: "trx",
        notations: [address.clone(), format!(" {address}\u{200b}")],
        canonical: address,
    });
    btc.chain(evm).chain(trx).filter(|known| !known.canonical.is_empty()).collect()
}

fn load(bank: &Node, rows: &[String]) -> Value {
    fs::write(bank.path("in.csv"), format!("type,value,role,ref\n{}", rows.concat())).unwrap();
    fs::write(bank.path("map.toml"), MAP).unwrap();
    bank.cwg(&["indicators", "load", &bank.text("in.csv"), "--map", &bank.text("map.toml")]).ok()
}

#[test]
fn banks_with_different_notations_of_public_data_find_what_both_hold() {
    let Some(dir) = data() else {
        println!("skipped: the public data is not there");
        return;
    };
    let group = Group::start(2);
    let known: Vec<Known> = branches(&dir).into_iter().chain(wallets(&dir)).collect();
    let people = fs::read_to_string(dir.join("febrl4a.csv")).unwrap();
    let mut rows = [Vec::new(), Vec::new()];
    let mut common: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (number, known) in known.iter().enumerate() {
        for (bank, rows) in rows.iter_mut().enumerate() {
            if number % 3 != bank {
                rows.push(format!("{},{},counterparty,r{number}\n", known.kind, known.notations[bank]));
            }
        }
        if number % 3 == 2 {
            common.insert((known.kind, &known.canonical));
        }
    }
    for (number, line) in people.lines().skip(1).take(200).enumerate() {
        let name: String = line.split(',').skip(1).take(2).map(str::trim).collect::<Vec<_>>().join(" ");
        rows[0].push(format!("email,{name},holder,p{number}\n"));
    }
    let mut refused = BTreeMap::new();
    for (bank, rows) in group.banks.iter().zip(&rows) {
        let report = load(bank, rows);
        println!(
            "rows {}, accepted {}, repaired {}, refused {}, items {}; refusals {}",
            report["rows"],
            report["rows_accepted"],
            report["rows_repaired"],
            report["rows_refused"],
            report["items"],
            report["refusals"]
        );
        for row in report["refused"].as_array().unwrap() {
            *refused.entry(row["code"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    // One address in the list of Bitcoin wallets is TRON's: refused at both banks, if both were given it.
    let wrong = refused.remove("wrong-network").unwrap_or(0);
    assert!(wrong <= 2, "{wrong}");
    assert!(
        refused.keys().all(|code| code.starts_with("email") || code == "placeholder" || code == "empty"),
        "{refused:?}"
    );

    let plan = group.banks[0].cwg(&["run", "plan", "--pilot", "Payees", "--with", "Bank 1", "--learns", "both"]).ok();
    let digest = plan["leakage"]["digest"].as_str().unwrap();
    let run = plan["run"].as_str().unwrap();
    let end = group.banks[0].cwg(&["run", "start", run, "--leakage", digest, "--wait"]).ok();
    assert_eq!(end["phase"], "sealed", "{end}");
    let mut found = BTreeSet::new();
    let list = group.banks[0].cwg(&["match", "list", "--run", run, "--limit", "1000"]).ok();
    assert_eq!(list["next"], Value::Null, "all in one answer");
    for line in list["matches"].as_array().unwrap() {
        let full = group.banks[0].cwg(&["match", "show", line["match"].as_str().unwrap()]).ok();
        found.insert((full["type"].as_str().unwrap().to_owned(), full["canonical"].as_str().unwrap().to_owned()));
    }
    let missing: Vec<_> =
        common.iter().filter(|(kind, text)| !found.contains(&((*kind).to_owned(), (*text).to_owned()))).collect();
    // The TRON address among Bitcoin's is the one that cannot be found as what it was given as.
    assert!(
        missing.len() <= 1 && missing.iter().all(|(kind, text)| *kind == "btc" && text.starts_with('T')),
        "{missing:?}"
    );
    let accounts: BTreeSet<&str> = common
        .iter()
        .filter(|(kind, _)| *kind == "au-account")
        .map(|(_, text)| text.split_once(':').unwrap().1)
        .collect();
    for (kind, text) in &found {
        let planted = common.contains(&(kind.as_str(), text.as_str()));
        // A closed branch also gives its successor's account, a wallet the hash or the key it shares with another form.
        let alias = match kind.as_str() {
            "au-account" => accounts.contains(text.split_once(':').unwrap().1),
            "hash160" | "evm" => true,
            _ => false,
        };
        assert!(planted || alias, "{kind} was not planted");
    }
    println!(
        "planted in common {}, found {} with {} aliases",
        common.len(),
        common.len() - missing.len(),
        found.len() + missing.len() - common.len()
    );
}
