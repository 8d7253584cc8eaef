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

    pub(crate) fn synced(&mut self) {
        self.durable.extend(self.unsynced.take().expect("a sync follows a write"));
    }

    /// A crash between write and sync: whether the write reached the disk is nobody's to know.
    pub(crate) fn crash(&mut self, dice: &mut Dice) {
        if let Some(records) = self.unsynced.take()
            && dice.chance(500)
        {
            self.durable.extend(records);
        }
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.durable
    }
}
