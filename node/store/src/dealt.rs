//! A set dealt into the shards of a session on the disk, so that a party sees it a shard at a time.

use std::path::Path;
use std::sync::Arc;

use cwg_protocol::psi::Splitter;
use cwg_protocol::{Item, SessionId};

use crate::spill::{Spill, SpillWriter};
use crate::{StoreError, field};

/// A set being dealt: its items come strictly ascending, each with as many bytes beside it as all others.
#[derive(Debug)]
pub struct Dealer {
    writer: SpillWriter,
    splitter: Splitter,
    bits: u8,
    beside_len: usize,
    /// Records whose shard is not known yet: a few, because the splitter is faster over many.
    items: Vec<Item>,
    records: Vec<u8>,
}

/// A set that was dealt.
#[derive(Debug)]
pub struct Dealt {
    spill: Spill,
    record_len: usize,
}

impl Dealer {
    /// Deals into 2^bits shards, as that session does, in a temporary file in that directory.
    ///
    /// # Errors
    /// If there are more shards than a spill takes, or the disk refuses.
    pub fn new(dir: &Path, session: SessionId, bits: u8, beside_len: usize) -> Result<Self, StoreError> {
        // A number of bits beyond any limit is still a number of shards.
        let shards = 1_usize.checked_shl(bits.into()).unwrap_or(usize::MAX);
        let writer = SpillWriter::new(dir, shards, ITEM_LEN + beside_len)?;
        let splitter = Splitter::new(&session.0);
        Ok(Self { writer, splitter, bits, beside_len, items: Vec::new(), records: Vec::new() })
    }

    /// Adds an item with what is kept beside it.
    ///
    /// # Errors
    /// If the disk refuses.
    ///
    /// # Panics
    /// If what is beside it has another length than all.
    pub fn push(&mut self, item: &Item, beside: &[u8]) -> Result<(), StoreError> {
        assert!(beside.len() == self.beside_len, "every item has as much beside it as all");
        self.items.push(*item);
        self.records.extend_from_slice(&item.0);
        self.records.extend_from_slice(beside);
        if self.items.len() == BATCH { self.deal() } else { Ok(()) }
    }

    /// Ends.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn finish(mut self) -> Result<Dealt, StoreError> {
        self.deal()?;
        Ok(Dealt { spill: self.writer.finish()?, record_len: ITEM_LEN + self.beside_len })
    }

    fn deal(&mut self) -> Result<(), StoreError> {
        let mut shards = [0; BATCH];
        let shards = &mut shards[..self.items.len()];
        self.splitter.split(&self.items, self.bits, shards);
        for (shard, record) in shards.iter().zip(self.records.chunks_exact(ITEM_LEN + self.beside_len)) {
            self.writer.push(*shard as usize, record)?;
        }
        self.items.clear();
        self.records.clear();
        Ok(())
    }
}

impl Dealt {
    /// The items of a shard, strictly ascending.
    ///
    /// # Errors
    /// If the disk refuses, or gives back other bytes than were written.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn shard(&self, index: u32) -> Result<Arc<[Item]>, StoreError> {
        let count = self.spill.count(index as usize) as usize;
        // Filled where it will stay: a shard is too large to be held twice.
        let mut items: Arc<[Item]> = std::iter::repeat_n(Item([0; ITEM_LEN]), count).collect();
        let mut places = Arc::get_mut(&mut items).expect("nobody else has it yet").iter_mut();
        self.spill.visit(index as usize, |records| {
            let records = records.chunks_exact(self.record_len);
            places.by_ref().zip(records).for_each(|(place, record)| *place = Item(field(record, 0)));
        })?;
        Ok(items)
    }

    /// What is beside the items of a shard, in their order, one after the other.
    ///
    /// # Errors
    /// As [`Self::shard`].
    ///
    /// # Panics
    /// As [`Self::shard`].
    pub fn beside(&self, index: u32) -> Result<Vec<u8>, StoreError> {
        let records = self.spill.read(index as usize)?;
        Ok(records.chunks_exact(self.record_len).flat_map(|record| &record[ITEM_LEN..]).copied().collect())
    }

    /// Gives each item at these places, with what is beside it, to `visit`. Places are counted over all shards in order,
    /// and come ascending; one that is beyond the set is left out. Memory holds one shard.
    ///
    /// # Errors
    /// If the disk refuses, or gives back other bytes than were written.
    pub fn visit(&self, places: &[u32], mut visit: impl FnMut(&Item, &[u8])) -> Result<(), StoreError> {
        let (mut rest, mut start) = (places, 0);
        for shard in 0..self.spill.shards() {
            let end = start + self.spill.count(shard);
            let (here, later) = rest.split_at(rest.partition_point(|place| u64::from(*place) < end));
            if !here.is_empty() {
                let records = self.spill.read(shard)?;
                for place in here {
                    let at = (u64::from(*place) - start) as usize * self.record_len;
                    let (item, beside) = records[at..at + self.record_len].split_at(ITEM_LEN);
                    visit(&Item(field(item, 0)), beside);
                }
            }
            (rest, start) = (later, end);
        }
        Ok(())
    }
}

/// Items that are dealt at once.
const BATCH: usize = 64;
const ITEM_LEN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId([5; 32]);

    fn items(count: u32) -> Vec<Item> {
        let mut items: Vec<Item> = (0..count).map(|n| Item::of_line(&n.to_le_bytes())).collect();
        items.sort_unstable();
        items
    }

    #[test]
    fn shards_are_those_of_the_session_and_places_lead_back() {
        let dir = tempfile::tempdir().expect("a directory");
        for (count, bits) in [(0, 0), (1, 3), (64, 0), (1000, 0), (1000, 3), (129, 8)] {
            let items = items(count);
            let mut dealer = Dealer::new(dir.path(), SESSION, bits, 4).expect("a file");
            for (number, item) in (0u32..).zip(&items) {
                dealer.push(item, &number.to_le_bytes()).expect("nothing fails");
            }
            let dealt = dealer.finish().expect("nothing fails");
            let mut shards = vec![0; items.len()];
            Splitter::new(&SESSION.0).split(&items, bits, &mut shards);
            let mut order = Vec::new();
            for index in 0..1 << bits {
                let expected: Vec<Item> =
                    items.iter().zip(&shards).filter(|(_, shard)| **shard == index).map(|(item, _)| *item).collect();
                assert!(dealt.shard(index).expect("nothing fails")[..] == expected, "{count} {bits} {index}");
                order.extend(expected);
            }
            // Every third place, and one that is beyond the set.
            let places: Vec<u32> = (0..count).step_by(3).chain([count]).collect();
            let mut visited = Vec::new();
            dealt
                .visit(&places, |item, beside| visited.push((*item, u32::from_le_bytes(field(beside, 0)))))
                .expect("nothing fails");
            assert_eq!(visited.len(), places.len() - 1);
            for (place, (item, number)) in places.iter().zip(visited) {
                assert!(item == order[*place as usize] && item == items[number as usize]);
            }
        }
    }

    #[test]
    fn more_shards_than_a_spill_takes_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        for bits in [9, 32, 64, 255] {
            let refused = Dealer::new(dir.path(), SESSION, bits, 0);
            assert!(matches!(refused, Err(StoreError::TooManyShards { .. })), "{bits}");
        }
    }
}
