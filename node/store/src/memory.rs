//! The journal's twin in memory, for the simulator: the same contract, and a crash on demand.

use cwg_crypto::{Domain, digest};

use crate::journal::{Head, check_commit};
use crate::store::{Journal, Replay};
use crate::{StoreError, Verified};

/// A journal in memory. [`Journal::append`] is [`MemStore::write`] and [`MemStore::sync`]; between the two, a crash
/// decides what is left.
#[derive(Debug)]
pub struct MemStore {
    genesis: Head,
    /// Payload and the head after it.
    synced: Vec<(Vec<u8>, Head)>,
    /// Commits that were written and not synced.
    pending: Vec<Vec<Vec<u8>>>,
    fail_next_sync: bool,
    stopped: Option<String>,
}

/// What a crash leaves of the commits that were written and not synced. Never a part of a commit: the first one that
/// did not reach the disk whole is torn, and recovery cuts it off with all after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surviving {
    /// All of them.
    All,
    /// The first so many.
    First(usize),
    /// None.
    Nothing,
}

impl MemStore {
    /// An empty journal. Journals of different names have different chains.
    pub fn new(name: [u8; 16]) -> Self {
        Self {
            genesis: Head { seq: 0, hash: digest(Domain::JournalChain, &[&name]) },
            synced: Vec::new(),
            pending: Vec::new(),
            fail_next_sync: false,
            stopped: None,
        }
    }

    /// Writes one commit that a crash may still lose.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn write(&mut self, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        self.check_running()?;
        check_commit(payloads)?;
        self.pending.push(payloads.to_vec());
        Ok(())
    }

    /// Makes every written commit durable.
    ///
    /// # Errors
    /// If the journal stopped, or was told to fail here.
    pub fn sync(&mut self) -> Result<Head, StoreError> {
        self.check_running()?;
        if std::mem::take(&mut self.fail_next_sync) {
            let cause = "the simulated disk failed to sync".to_owned();
            self.stopped = Some(cause.clone());
            return Err(StoreError::Stopped { cause });
        }
        for commit in std::mem::take(&mut self.pending) {
            self.keep(commit);
        }
        Ok(self.head())
    }

    /// The machine stops and starts again: what was synced is there, of the rest what `surviving` says.
    pub fn crash(&mut self, surviving: Surviving) {
        let kept = match surviving {
            Surviving::All => usize::MAX,
            Surviving::First(commits) => commits,
            Surviving::Nothing => 0,
        };
        for commit in std::mem::take(&mut self.pending).into_iter().take(kept) {
            self.keep(commit);
        }
        self.fail_next_sync = false;
        self.stopped = None;
    }

    /// Lets the next sync fail; the journal then stops, as the one on a disk does.
    pub fn fail_next_sync(&mut self) {
        self.fail_next_sync = true;
    }

    /// Counts the records; nothing can be damaged here.
    pub fn verify(&self) -> Verified {
        Verified { records: self.synced.len() as u64, head: self.head() }
    }

    fn keep(&mut self, commit: Vec<Vec<u8>>) {
        for payload in commit {
            let before = self.head();
            let hash = digest(Domain::JournalChain, &[before.hash.as_bytes(), &payload]);
            self.synced.push((payload, Head { seq: before.seq + 1, hash }));
        }
    }

    fn check_running(&self) -> Result<(), StoreError> {
        match &self.stopped {
            Some(cause) => Err(StoreError::Stopped { cause: cause.clone() }),
            None => Ok(()),
        }
    }
}

impl Journal for MemStore {
    fn append(&mut self, payloads: &[Vec<u8>]) -> Result<Head, StoreError> {
        self.write(payloads)?;
        self.sync()
    }

    fn replay(&self, from_seq: u64) -> Replay<'_> {
        let skip = usize::try_from(from_seq.max(1) - 1).unwrap_or(usize::MAX);
        Box::new(self.synced.iter().skip(skip).map(|(payload, head)| Ok((head.seq, payload.clone()))))
    }

    fn head(&self) -> Head {
        self.synced.last().map_or(self.genesis, |(_, head)| *head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(store: &MemStore) -> Vec<Vec<u8>> {
        store.replay(1).map(|record| record.expect("memory does not fail").1).collect()
    }

    fn check(surviving: Surviving, expected: &[&[u8]]) {
        let mut store = MemStore::new([7; 16]);
        store.append(&[b"a".to_vec()]).expect("nothing fails");
        store.write(&[b"b".to_vec(), b"c".to_vec()]).expect("nothing fails");
        store.write(&[b"d".to_vec()]).expect("nothing fails");
        assert_eq!(payloads(&store), [b"a"], "what is not synced is not read");
        store.crash(surviving);
        assert_eq!(payloads(&store), expected);
        let head = store.append(&[b"e".to_vec()]).expect("it runs again");
        assert_eq!(head.seq, expected.len() as u64 + 1);
    }

    #[test]
    fn a_crash_keeps_whole_commits_in_order() {
        check(Surviving::Nothing, &[b"a"]);
        check(Surviving::First(1), &[b"a", b"b", b"c"]);
        check(Surviving::All, &[b"a", b"b", b"c", b"d"]);
    }

    #[test]
    fn the_first_failed_sync_stops_it_until_the_next_start() {
        let mut store = MemStore::new([7; 16]);
        store.fail_next_sync();
        for _ in 0..3 {
            assert!(matches!(store.append(&[b"a".to_vec()]), Err(StoreError::Stopped { .. })));
        }
        store.crash(Surviving::Nothing);
        assert_eq!(store.append(&[b"a".to_vec()]).expect("it runs again").seq, 1);
    }
}
