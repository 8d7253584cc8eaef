//! A node's disk: records that a sync has made durable, and the last write, which a crash may lose.

use cwg_engine::record::Record;

use crate::dice::Dice;

#[derive(Default)]
pub(crate) struct Disk {
    durable: Vec<Record>,
    /// Written and not synced: all of it or nothing survives a crash.
    unsynced: Option<Vec<Record>>,
}

impl Disk {
    pub(crate) fn write(&mut self, records: Vec<Record>) {
        assert!(self.unsynced.is_none(), "a driver syncs a write before the next one");
        self.unsynced = Some(records);
    }

    /// What is durable from now on.
    pub(crate) fn synced(&mut self) -> Vec<Record> {
        let written = self.unsynced.take().expect("a sync follows a write");
        self.durable.extend(written.iter().cloned());
        written
    }

    /// A crash between write and sync: whether the write reached the disk is nobody's to know. What of it did is durable.
    pub(crate) fn crash(&mut self, dice: &mut Dice) -> Vec<Record> {
        let written = self.unsynced.take().filter(|_| dice.chance(500)).unwrap_or_default();
        self.durable.extend(written.iter().cloned());
        written
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.durable
    }
}
