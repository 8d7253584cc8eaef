//! The two tables of BSBs, regenerated from the directory of `bsb-lookup` 0.0.6 (MIT) and compared with what is shipped.
//!
//! The directory is not part of this repository. Where it is absent the comparison is skipped and says so. With
//! `CWG_WRITE_TABLES=1` the tables are written instead of compared.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and says what it skips")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

mod shared;

/// One row of the directory: digits of the BSB, institution, and the two fields that hold remarks.
struct Branch {
    bsb: String,
    institution: String,
    remarks: String,
}

#[test]
fn shipped_tables_of_bsbs_are_those_of_the_directory() {
    let Some(branches) = directory() else { return };
    for (name, text) in [("bsb-prefixes.txt", prefixes(&branches)), ("bsb-successors.txt", successors(&branches))] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tables").join(name);
        if std::env::var_os("CWG_WRITE_TABLES").is_some() {
            fs::write(&path, text).unwrap();
        } else {
            assert!(
                fs::read_to_string(&path).unwrap() == text,
                "{name} differs: set CWG_WRITE_TABLES=1 to write it anew"
            );
        }
    }
}

fn directory() -> Option<Vec<Branch>> {
    let text = shared::read("bsb-directory.csv")?;
    let branches = text.lines().map(|line| {
        let fields: Vec<&str> = line.trim_matches('"').split("\",\"").collect();
        Branch { bsb: fields[0].replace('-', ""), institution: fields[1].to_owned(), remarks: fields[2..4].join(" ") }
    });
    Some(branches.collect())
}

/// Two digits where one institution alone uses them with more than one third digit, else three digits.
fn prefixes(branches: &[Branch]) -> String {
    let mut groups: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for branch in branches {
        let (institutions, prefixes) = groups.entry(&branch.bsb[..2]).or_default();
        institutions.insert(&branch.institution);
        prefixes.insert(&branch.bsb[..3]);
    }
    let mut text = format!(
        "# How BSBs begin. Two digits where one institution alone uses them, else three.\n\
         # From the {} rows of the directory in bsb-lookup 0.0.6, MIT licence; written by tests/ruleset_tables.rs.\n",
        branches.len()
    );
    for (two, (institutions, prefixes)) in groups {
        let lines: Vec<&str> =
            if institutions.len() == 1 && prefixes.len() > 1 { vec![two] } else { prefixes.into_iter().collect() };
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A merged or closed BSB and the one its remark refers to.
fn successors(branches: &[Branch]) -> String {
    let known: BTreeSet<&str> = branches.iter().map(|branch| &branch.bsb[..3]).collect();
    let pairs: BTreeMap<&str, String> = branches
        .iter()
        .filter_map(|branch| Some((branch.bsb.as_str(), referred(&branch.remarks)?)))
        .filter(|(from, to)| from != to && known.contains(&to[..3]))
        .collect();
    let mut text = String::from(
        "# Merged and closed BSBs with the one that took over their accounts.\n\
         # From the remarks of the directory in bsb-lookup 0.0.6, MIT licence; written by tests/ruleset_tables.rs.\n",
    );
    for (from, to) in pairs {
        text.push_str(&format!("{from} {to}\n"));
    }
    text
}

/// The six digits after "refer" or "merging with".
fn referred(remarks: &str) -> Option<String> {
    let lower = remarks.to_lowercase();
    let at = ["refer to ", "refer bsb", "merging with "].iter().filter_map(|words| lower.find(words)).min()?;
    let rest = &lower[at..];
    let start = rest.find(|c: char| c.is_ascii_digit())?;
    let digits: String =
        rest[start..].chars().take_while(|c| c.is_ascii_digit() || *c == '-').filter(char::is_ascii_digit).collect();
    (digits.len() == 6).then_some(digits)
}
