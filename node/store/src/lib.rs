//! Durable state of a node, in one directory (`docs/spec/store.md`).
//!
//! * The **journal** is the truth: an append-only chain of sealed records, durable before each acknowledgement.
//! * The **index** finds records by key. It is rebuilt from the journal whenever there is doubt about it.
//! * **Set files** hold the indicators of a load, sorted by item, sealed, and read in bounded memory.
//! * **Tables** hold a bank's outputs of a key period of the standing comparison, sorted by tag and sealed.
//! * **Releases** hold what a hub publishes: the records of each release, and its items with their labels.
//! * **Editions** hold what the hub publishes for that comparison, as it was signed.
//! * A **spill** is a temporary partition of what does not fit in memory; it dies with the process.
//! * [`MemStore`] is the journal's twin for the simulator: it forgets what was not synced, when told to.
//!
//! Records are opaque: what they mean, and which keys they are found by, is the caller's. No async, no clock; one
//! writer, calls that block.

#![forbid(unsafe_code)]

mod boxes;
mod dealt;
mod dir;
mod disk;
mod editions;
mod error;
#[cfg(test)]
mod faults;
mod index;
mod journal;
mod keyslot;
mod lock;
mod memory;
mod record;
mod releases;
mod seal;
mod sets;
mod spill;
mod store;
mod table;

pub use dealt::{Dealer, Dealt};
pub use editions::{Editions, ProvenChunk};
pub use error::{Blame, Damage, StoreError, UnlockMethod};
pub use index::{Entry, INDEX_KEY_LEN_MAX, Index, KeysOf, Tree};
pub use journal::{COMMIT_LEN_MAX, Head, RECORD_LEN_MAX, Recovery, Verified};
pub use keyslot::{Unlock, create_key_file};
pub use memory::{MemStore, Surviving};
pub use record::{BadRecord, MATCHES, RECORD_VERSION, RUNS, decode_record, encode_record, keys_of_record, match_key};
pub use releases::{EntriesReader, EntriesWriter, Records, RecordsWriter, Releases};
pub use seal::PassphraseCost;
pub use sets::{MergedRows, SetReader, SetRef, SetSummary, SetWriter, Sets, fold_rows};
pub use spill::{SHARDS_MAX, Spill, SpillWriter};
pub use store::{Journal, Replay, Store};
pub use table::{FILES_MAX, Table, TableRow, TableWriter, Tables};

/// `N` bytes of a fixed layout whose length the caller has checked.
fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes is an array of N bytes")
}
