//! Files that are too long, too old or torn.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};

use cwg_protocol::UnixTime;
use cwg_protocol::invitation::Invitation;

use crate::nodes::{Group, Node};

/// Rows of the long file.
const ROWS: u64 = 1_000_000;

/// Rows that already fill the memory which a load sorts in, more than once.
const ROWS_THAT_SPILL: u64 = 250_000;

/// What the rest of the long file may add to the memory of a daemon: a fifth of its bytes.
const GROWTH_MAX_KIB: u64 = 8 * 1024;

const MAP: &str = "format = \"csv\"\nrole = \"counterparty\"\nreference = \"ref\"\n\
                   [[columns]]\ncolumn = \"wallet\"\ntype = \"evm\"\n";

/// The most memory that a daemon has had, KiB.
fn peak_kib(node: &Node) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Loads that many rows, each a wallet of its own, written as they are numbered.
fn load_wallets(node: &Node, rows: u64) -> serde_json::Value {
    fs::write(node.path("map.toml"), MAP).unwrap();
    let mut file = BufWriter::new(File::create(node.path("long.csv")).unwrap());
    writeln!(file, "wallet,ref").unwrap();
    for row in 1..=rows {
        // Odd factors scatter the numbers, so that the rows are in no order.
        writeln!(file, "0x{:016x}{:024x},c{row}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15), row).unwrap();
    }
    file.into_inner().unwrap();
    node.cwg(&["indicators", "load", &node.text("long.csv"), "--map", &node.text("map.toml")]).ok()
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_file_is_loaded_in_bounded_memory() {
    let group = Group::start(1);
    let bank = &group.banks[0];
    load_wallets(bank, ROWS_THAT_SPILL);
    let before = peak_kib(bank);
    let report = load_wallets(bank, ROWS);
    assert_eq!((&report["rows"], &report["items"]), (&ROWS.into(), &ROWS.into()));
    let grown = peak_kib(bank) - before;
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more for a file of {} bytes", report["bytes"]);
}

#[test]
fn an_invitation_that_has_expired_is_refused_by_name_and_leaves_the_bank_as_it_was() {
    let group = Group::start(1);
    let late = group.member("late");
    let text = group.hub.cwg(&["hub", "invite", "--name", "Late", "--hours", "1"]).ok()["text"].clone();
    let mut invitation = Invitation::from_text(text.as_str().unwrap()).unwrap();
    invitation.expires = UnixTime(1_700_000_000);
    fs::write(late.path("invitation.txt"), invitation.to_text()).unwrap();
    let refused = late.cwg(&["member", "join", &late.text("invitation.txt")]).refused(77);
    assert_eq!(refused["code"], "invitation-expired");
    assert!(refused["problem"].as_str().unwrap().contains("2023-11-14"), "{refused}");
    assert_eq!(late.cwg(&["status"]).ok()["network"], serde_json::Value::Null);
    // The same invitation as it was given still works.
    fs::write(late.path("invitation.txt"), text.as_str().unwrap()).unwrap();
    late.cwg(&["member", "join", &late.text("invitation.txt")]).ok();
}

#[test]
fn a_half_written_keyslot_is_named_and_nothing_is_changed() {
    let mut group = Group::start(1);
    group.banks[0].kill();
    let bank = &group.banks[0];
    let slot = bank.dir.join("keyslot");
    let whole = fs::read(&slot).unwrap();
    let rest = |node: &Node| {
        let mut files: Vec<(std::path::PathBuf, u64)> = fs::read_dir(&node.dir)
            .unwrap()
            .flatten()
            .map(|entry| (entry.path(), entry.metadata().unwrap().len()))
            .filter(|(path, _)| *path != slot)
            .collect();
        files.sort();
        files
    };
    let before = rest(bank);
    for len in [0, 1, 60, 100] {
        fs::write(&slot, &whole[..len]).unwrap();
        let refused = bank.cwg(&["status"]).refused(74);
        assert_eq!(refused["code"], "store");
        assert!(refused["problem"].as_str().unwrap().contains("keyslot"), "{refused}");
        assert!(refused["hint"].as_str().unwrap().len() > 10, "{refused}");
        assert_eq!(fs::read(&slot).unwrap(), whole[..len], "it is not touched");
        assert_eq!(rest(bank), before);
    }
    // A change of the passphrase that was cut short leaves its draft beside the old slot.
    fs::write(&slot, &whole).unwrap();
    fs::write(bank.dir.join("keyslot.new"), &whole[..60]).unwrap();
    assert_eq!(bank.cwg(&["status"]).ok()["kind"], "member");
}
