//! The audit: what happened, with numbers and counts, never an identifier.

use serde::{Deserialize, Serialize};

use super::Screen;

/// Entries of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// Ascending.
    pub entries: Vec<AuditEntryView>,
    /// The number of the next entry; none if these were the last.
    pub next: Option<u64>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// Its number, from 1.
    pub number: u64,
    /// When, by this node's clock.
    pub at: String,
    /// What happened.
    pub code: String,
    /// Numbers of things, fingerprints, codes and counts.
    pub details: Vec<Detail>,
}

/// One number or count of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What it is.
    pub name: String,
    /// The number, fingerprint, code or count.
    pub value: String,
}

/// What checking the audit came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerifiedView {
    /// Whether every entry is sound and the noted head, if one was given, lies on the chain.
    pub sound: bool,
    /// Entries that were checked and found sound.
    pub entries: u64,
    /// Where the chain stands, `NUMBER:DIGEST`, to be noted outside this machine; none if it is damaged.
    pub head: Option<String>,
    /// What is wrong.
    pub damage: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl AuditView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.entries.iter().map(|entry| {
            let details: Vec<String> =
                entry.details.iter().map(|detail| format!("{} {}", detail.name, detail.value)).collect();
            [entry.number.to_string(), entry.at.clone(), entry.code.clone(), details.join(", ")]
        });
        let screen = Screen::new("Audit").table("", ["number", "time", "what", "details"], rows);
        match self.next {
            Some(next) => screen.note(format!("More follow: cwg audit show --from {next}")),
            None => screen,
        }
    }
}

impl AuditVerifiedView {
    pub(crate) fn screen(&self) -> Screen {
        let screen = Screen::new("Audit")
            .field("result", if self.sound { "sound" } else { "DAMAGED" })
            .field("entries checked", self.entries)
            .field_if("head", self.head.as_ref())
            .notes(&self.damage)
            .notes(self.hint.iter().map(|hint| format!("hint: {hint}")));
        if self.sound {
            return screen.note("Note the head outside this machine: a later check against it shows a replaced log");
        }
        screen
    }
}
