//! Records of the engine on disk: a version, then the codec's bytes. And the keys under which the index finds them.

use cwg_engine::record::{Entry, Record};
use cwg_protocol::RunId;
use cwg_protocol::wire::{decode, encode};

use crate::Tree;
use crate::journal::RECORD_LEN_MAX;

/// Version of the records that this build writes. A build reads its own and older versions.
pub const RECORD_VERSION: u16 = 1;

/// Matches: the run's number, then the match's number in the run, big-endian. Neither says anything of the item.
pub const MATCHES: Tree = Tree("matches");

/// Records of a run, by its number.
pub const RUNS: Tree = Tree("runs");

/// A payload that is no record of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// Written by a later version.
    #[error("the record has version {0}, this build reads up to {RECORD_VERSION}: use the build that wrote it")]
    Version(u16),
    /// Not a record at all.
    #[error("the record cannot be decoded")]
    Malformed,
}

/// The payload of a record.
pub fn encode_record(record: &Record) -> Vec<u8> {
    let mut payload = RECORD_VERSION.to_le_bytes().to_vec();
    payload.extend(encode(record));
    payload
}

/// The record in a payload.
///
/// # Errors
/// If it is of a later version, or none.
pub fn decode_record(payload: &[u8]) -> Result<Record, BadRecord> {
    let (version, bytes) = payload.split_first_chunk::<2>().ok_or(BadRecord::Malformed)?;
    match u16::from_le_bytes(*version) {
        RECORD_VERSION => decode(bytes, RECORD_LEN_MAX).map_err(|_| BadRecord::Malformed),
        later if later > RECORD_VERSION => Err(BadRecord::Version(later)),
        _ => Err(BadRecord::Malformed),
    }
}

/// The key of a match.
pub fn match_key(run: RunId, number: u32) -> Vec<u8> {
    [&run.0[..], &number.to_be_bytes()].concat()
}

/// The keys of a record.
pub fn keys_of_record(payload: &[u8]) -> Vec<(Tree, Vec<u8>)> {
    let Ok(record) = decode_record(payload) else { return Vec::new() };
    match record.entry {
        Entry::Matches { run, first, rows } => {
            // A record without rows stands where the next match would: it is found there, and ends the run's matches.
            (first..).take(rows.len().max(1)).map(|number| (MATCHES, match_key(run, number))).collect()
        }
        Entry::RunPlanned(plan) => vec![(RUNS, plan.run.0.to_vec())],
        Entry::RunSealed { run, .. } | Entry::RunEnded { run, .. } => vec![(RUNS, run.0.to_vec())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use cwg_protocol::UnixTime;

    use super::*;

    #[test]
    fn reads_what_it_wrote_and_names_what_it_cannot_read() {
        let record =
            Record { at: UnixTime(7), entry: Entry::RunEnded { run: RunId([1; 8]), code: "peer-lost".into() } };
        let payload = encode_record(&record);
        assert_eq!(decode_record(&payload), Ok(record));
        assert_eq!(decode_record(&[&payload[..], &[0]].concat()), Err(BadRecord::Malformed));
        assert_eq!(decode_record(&payload[..payload.len() - 1]), Err(BadRecord::Malformed));
        let mut later = payload;
        later[0] = 2;
        assert_eq!(decode_record(&later), Err(BadRecord::Version(2)));
        assert_eq!(decode_record(&[1]), Err(BadRecord::Malformed));
    }

    #[test]
    fn a_record_without_rows_is_found_where_the_next_match_would_be() {
        let run = RunId([1; 8]);
        let entry = Entry::Matches { run, first: 700, rows: Vec::new() };
        let keys = keys_of_record(&encode_record(&Record { at: UnixTime(7), entry }));
        assert_eq!(keys, [(MATCHES, match_key(run, 700))]);
    }
}
