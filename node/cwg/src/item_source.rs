//! Where the items of one side are while it runs: in memory if they are few, else in sealed temporary files, so that a
//! set of any size passes through a session in bounded memory.
//!
//! Items come in any order, each with a number (a line of a file), and repeated ones count once, with their first
//! number; that they were repeated is remembered. Parts by the first byte of the item, each sorted, are the whole set in order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_protocol::psi::{LabelLen, Loaded, Shard, Uniform, sort_uniform};
use cwg_protocol::session::{OwnSet, OwnSetBuilder};
use cwg_protocol::{Item, SessionId};
use cwg_store::{Dealer, Dealt, Spill, SpillWriter, StoreError};

/// Items that are held in memory: 36 MiB of them.
pub(crate) const HOLD_MAX: usize = 1 << 20;

/// An item and its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Numbered {
    item: Item,
    number: u32,
}

/// Writes the labels of the items with these numbers, one after the other. Numbers are in the order of the items.
pub(crate) type Labeller = Box<dyn FnMut(&[u32], &mut [u8]) -> Result<(), StoreError> + Send>;

/// The labels of a set, made when they are asked for.
struct Labelling {
    len: LabelLen,
    label: Labeller,
}

impl Labelling {
    /// The labels of items with these numbers, one after the other.
    fn of(&mut self, numbers: &[u32]) -> Result<Vec<u8>, StoreError> {
        let mut labels = vec![0; numbers.len() * self.len.bytes()];
        (self.label)(numbers, &mut labels)?;
        Ok(labels)
    }
}

/// Takes the items of a set.
pub(crate) struct ItemSourceWriter {
    dir: PathBuf,
    hold_max: usize,
    held: Vec<Numbered>,
    spill: Option<SpillWriter>,
    labelling: Option<Labelling>,
}

/// A set with its commitment, to be dealt to sessions.
pub(crate) struct ItemSource {
    dir: PathBuf,
    kept: Kept,
    set: OwnSet,
    count: usize,
    labelling: Option<Labelling>,
    dealt: BTreeMap<(SessionId, u8), Dealt>,
}

enum Kept {
    /// Strictly ascending; and those that were left out because they came before.
    Held(Vec<Numbered>, Vec<Numbered>),
    /// In parts by the first byte, each in the order in which it came.
    Spilled(Spill),
}

impl ItemSourceWriter {
    /// A set that goes to temporary files in that directory once it has more than `hold_max` items.
    pub(crate) fn new(dir: &Path, hold_max: usize) -> Self {
        Self { dir: dir.to_owned(), hold_max, held: Vec::new(), spill: None, labelling: None }
    }

    /// The same with a label of that length for each item.
    pub(crate) fn labelled(self, len: LabelLen, label: Labeller) -> Self {
        Self { labelling: Some(Labelling { len, label }), ..self }
    }

    /// Adds an item with its number.
    pub(crate) fn push(&mut self, item: Item, number: u32) -> Result<(), StoreError> {
        if let Some(spill) = &mut self.spill {
            return push_to(spill, item, number);
        }
        self.held.push(Numbered { item, number });
        if self.held.len() > self.hold_max {
            let mut spill = SpillWriter::new(&self.dir, PARTS, RECORD_LEN)?;
            std::mem::take(&mut self.held).into_iter().try_for_each(|one| push_to(&mut spill, one.item, one.number))?;
            self.spill = Some(spill);
        }
        Ok(())
    }

    /// Ends, and commits to the set under a salt of 32 random bytes.
    pub(crate) fn finish(mut self, salt: &[u8; 32]) -> Result<ItemSource, StoreError> {
        let kept = match self.spill {
            None => {
                let (items, repeated) = sorted(self.held);
                Kept::Held(items, repeated)
            }
            Some(spill) => Kept::Spilled(spill.finish()?),
        };
        let builder = match &mut self.labelling {
            None => {
                let mut builder = OwnSetBuilder::new(salt);
                kept.visit(|item, _| {
                    builder.push(item);
                    Ok(())
                })?;
                builder
            }
            Some(labelling) => commit_labelled(&kept, labelling, salt)?,
        };
        let (count, labelling) = (builder.items(), self.labelling);
        Ok(ItemSource { dir: self.dir, kept, set: builder.finish(), count, labelling, dealt: BTreeMap::new() })
    }
}

impl ItemSource {
    /// Items, each counted once.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The set as the terms of a session name it.
    pub(crate) fn own_set(&self) -> OwnSet {
        self.set
    }

    /// The items of a shard of a session, strictly ascending. The first call for a number of bits deals the whole set.
    pub(crate) fn shard(&mut self, session: SessionId, shard: Shard) -> Result<Arc<[Item]>, StoreError> {
        match &self.kept {
            Kept::Held(items, _) if shard == Shard::WHOLE => Ok(items.iter().map(|one| one.item).collect()),
            _ => self.deal(session, shard.bits)?.shard(shard.index),
        }
    }

    /// The same with the labels of the items, where the set has any.
    pub(crate) fn load(&mut self, session: SessionId, shard: Shard) -> Result<Loaded, StoreError> {
        let items = self.shard(session, shard)?;
        let Some(mut labelling) = self.labelling.take() else { return Ok(items.into()) };
        let labels = self.labels_of(&mut labelling, session, shard);
        self.labelling = Some(labelling);
        Ok(Loaded { items, labels: labels? })
    }

    fn labels_of(
        &mut self,
        labelling: &mut Labelling,
        session: SessionId,
        shard: Shard,
    ) -> Result<Arc<[u8]>, StoreError> {
        let numbers: Vec<u32> = match &self.kept {
            Kept::Held(items, _) if shard == Shard::WHOLE => items.iter().map(|one| one.number).collect(),
            _ => {
                let numbers = self.deal(session, shard.bits)?.beside(shard.index)?;
                numbers.chunks_exact(NUMBER_LEN).map(number_of).collect()
            }
        };
        Ok(labelling.of(&numbers)?.into())
    }

    /// The numbers under which items came of which these are the halves that tell them apart, ascending: each number once, and
    /// how often each item came.
    pub(crate) fn rows_with(&self, halves: &[u128]) -> Result<(Vec<u32>, Vec<u32>), StoreError> {
        let (mut numbers, mut times) = (Vec::new(), vec![0_u32; halves.len()]);
        let mut note = |item: &Item, number| {
            if let Ok(at) = halves.binary_search(&order_of(item)) {
                numbers.push(number);
                times[at] = times[at].saturating_add(1);
            }
        };
        match &self.kept {
            Kept::Held(items, repeated) => items.iter().chain(repeated).for_each(|one| note(&one.item, one.number)),
            Kept::Spilled(spill) => (0..spill.shards()).try_for_each(|part| {
                spill.visit(part, |records| {
                    for record in records.chunks_exact(RECORD_LEN) {
                        let one = numbered(record);
                        note(&one.item, one.number);
                    }
                })
            })?,
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok((numbers, times))
    }

    /// Gives the items at these places, with their numbers, to `visit`: counted over all shards in order, ascending.
    pub(crate) fn visit_at(
        &mut self,
        session: SessionId,
        bits: u8,
        places: &[u32],
        mut visit: impl FnMut(&Item, u32),
    ) -> Result<(), StoreError> {
        if let (Kept::Held(items, _), 0) = (&self.kept, bits) {
            let items = places.iter().filter_map(|place| items.get(*place as usize));
            items.for_each(|one| visit(&one.item, one.number));
            return Ok(());
        }
        self.deal(session, bits)?.visit(places, |item, number| visit(item, number_of(number)))
    }

    fn deal(&mut self, session: SessionId, bits: u8) -> Result<&Dealt, StoreError> {
        use std::collections::btree_map::Entry;
        Ok(match self.dealt.entry((session, bits)) {
            Entry::Occupied(dealt) => dealt.into_mut(),
            Entry::Vacant(place) => {
                let mut dealer = Dealer::new(&self.dir, session, bits, NUMBER_LEN)?;
                self.kept.visit(|item, number| dealer.push(item, &number.to_le_bytes()))?;
                place.insert(dealer.finish()?)
            }
        })
    }
}

impl Kept {
    /// Gives every item to `visit`, in order. Memory holds one part.
    fn visit(&self, mut visit: impl FnMut(&Item, u32) -> Result<(), StoreError>) -> Result<(), StoreError> {
        match self {
            Self::Held(items, _) => items.iter().try_for_each(|one| visit(&one.item, one.number)),
            Self::Spilled(spill) => (0..spill.shards()).try_for_each(|part| {
                let mut items = Vec::with_capacity(spill.count(part) as usize);
                spill.visit(part, |records| {
                    items.extend(records.chunks_exact(RECORD_LEN).map(numbered));
                })?;
                sorted(items).0.iter().try_for_each(|one| visit(&one.item, one.number))
            }),
        }
    }
}

/// The commitment to a set with its labels.
fn commit_labelled(kept: &Kept, labelling: &mut Labelling, salt: &[u8; 32]) -> Result<OwnSetBuilder, StoreError> {
    let mut builder = OwnSetBuilder::labelled(salt, labelling.len);
    let (mut items, mut numbers) = (Vec::new(), Vec::new());
    let mut push = |items: &mut Vec<Item>, numbers: &mut Vec<u32>| -> Result<(), StoreError> {
        let labels = labelling.of(numbers)?;
        let labels = labels.chunks_exact(labelling.len.bytes());
        items.iter().zip(labels).for_each(|(item, label)| builder.push_labelled(item, label));
        items.clear();
        numbers.clear();
        Ok(())
    };
    kept.visit(|item, number| {
        items.push(*item);
        numbers.push(number);
        if items.len() == LABELS_AT_ONCE { push(&mut items, &mut numbers) } else { Ok(()) }
    })?;
    push(&mut items, &mut numbers)?;
    Ok(builder)
}

/// Each item once, with its first number; and those that came before.
fn sorted(mut items: Vec<Numbered>) -> (Vec<Numbered>, Vec<Numbered>) {
    // Items are digests.
    sort_uniform(&mut items);
    let mut repeated = Vec::new();
    items.dedup_by(|later, earlier| {
        let same = later.item == earlier.item;
        repeated.extend(same.then_some(*later));
        same
    });
    (items, repeated)
}

fn numbered(record: &[u8]) -> Numbered {
    let (item, number) = record.split_first_chunk().expect("a record begins with its item");
    Numbered { item: Item(*item), number: number_of(number) }
}

/// The half of an item that tells it apart in a run, such that the order of items is kept.
pub(crate) fn order_of(item: &Item) -> u128 {
    let (half, _) = item.0.split_first_chunk().expect("an item has 32 bytes");
    u128::from_be_bytes(*half)
}

impl Default for Numbered {
    fn default() -> Self {
        Self { item: Item([0; 32]), number: 0 }
    }
}

impl Uniform for Numbered {
    fn first_bits(&self) -> u64 {
        u64::from_be_bytes(*self.item.0.first_chunk().expect("an item has 32 bytes"))
    }

    fn order(&self, other: &Self) -> Ordering {
        // Almost always the first bits decide.
        self.first_bits().cmp(&other.first_bits()).then_with(|| self.cmp(other))
    }
}

fn push_to(spill: &mut SpillWriter, item: Item, number: u32) -> Result<(), StoreError> {
    let mut record = [0; RECORD_LEN];
    record[..RECORD_LEN - NUMBER_LEN].copy_from_slice(&item.0);
    record[RECORD_LEN - NUMBER_LEN..].copy_from_slice(&number.to_le_bytes());
    spill.push(item.0[0].into(), &record)
}

fn number_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("a number has four bytes"))
}

/// Labels that are made together while a set is committed to.
const LABELS_AT_ONCE: usize = 4096;
/// One for each first byte of an item.
const PARTS: usize = 256;
const NUMBER_LEN: usize = 4;
const RECORD_LEN: usize = 32 + NUMBER_LEN;

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId([3; 32]);

    /// The items of lines 0 to `count`, the first ten of them twice.
    fn source(dir: &Path, hold_max: usize, count: u32) -> ItemSource {
        let mut writer = ItemSourceWriter::new(dir, hold_max);
        for number in 0..count + 10 {
            writer.push(Item::of_line(&(number % count).to_le_bytes()), number).expect("nothing fails");
        }
        writer.finish(&[7; 32]).expect("nothing fails")
    }

    #[test]
    fn a_set_on_the_disk_is_the_set_in_memory() {
        let dir = tempfile::tempdir().expect("a directory");
        let count = 3000;
        let (mut held, mut spilled) = (source(dir.path(), 4000, count), source(dir.path(), 100, count));
        assert!(matches!((&held.kept, &spilled.kept), (Kept::Held(..), Kept::Spilled(_))));
        let mut items: Vec<Item> = (0..count).map(|n| Item::of_line(&n.to_le_bytes())).collect();
        items.sort_unstable();
        for source in [&mut held, &mut spilled] {
            assert_eq!(source.count(), count as usize);
            assert_eq!(source.own_set(), OwnSet::of(&items, &[7; 32]));
            assert!(source.shard(SESSION, Shard::WHOLE).expect("nothing fails")[..] == items);
            for bits in [0, 3] {
                let mut order = Vec::new();
                for index in 0..1 << bits {
                    order.extend_from_slice(&source.shard(SESSION, Shard { bits, index }).expect("nothing fails"));
                }
                let places: Vec<u32> = (0..count).step_by(5).collect();
                let mut numbers = Vec::new();
                source.visit_at(SESSION, bits, &places, |_, number| numbers.push(number)).expect("nothing fails");
                let expected = places.iter().map(|place| order[*place as usize]);
                assert!(numbers.iter().map(|number| Item::of_line(&number.to_le_bytes())).eq(expected));
            }
        }
        // The first ten came twice.
        let mut halves: Vec<u128> = [3, 500, 2999].map(|n: u32| order_of(&Item::of_line(&n.to_le_bytes()))).to_vec();
        halves.sort_unstable();
        for source in [&held, &spilled] {
            let (numbers, times) = source.rows_with(&halves).expect("nothing fails");
            assert_eq!((numbers, times.iter().sum::<u32>()), (vec![3, 500, 2999, 3003], 4));
        }
        for index in 0..8 {
            let shard = Shard { bits: 3, index };
            let of = |source: &mut ItemSource| source.shard(SESSION, shard).expect("nothing fails");
            assert!(of(&mut held) == of(&mut spilled));
        }
    }

    #[test]
    fn labels_are_those_of_the_items_in_memory_and_on_the_disk() {
        let dir = tempfile::tempdir().expect("a directory");
        let len = LabelLen::new(16).expect("a length");
        let label_of = |number: u32| [[0; 12].as_slice(), &number.to_le_bytes()].concat();
        let mut sets = Vec::new();
        for hold_max in [4000, 100] {
            let writer = ItemSourceWriter::new(dir.path(), hold_max);
            let mut writer = writer.labelled(
                len,
                Box::new(move |numbers, labels| {
                    let labels = labels.chunks_exact_mut(16);
                    numbers.iter().zip(labels).for_each(|(number, label)| label.copy_from_slice(&label_of(*number)));
                    Ok(())
                }),
            );
            (0..1000u32).for_each(|number| {
                writer.push(Item::of_line(&number.to_le_bytes()), number).expect("nothing fails");
            });
            let mut source = writer.finish(&[7; 32]).expect("nothing fails");
            let mut seen = 0;
            for shard in [Shard::WHOLE, Shard { bits: 2, index: 0 }, Shard { bits: 2, index: 3 }] {
                let Loaded { items, labels } = source.load(SESSION, shard).expect("nothing fails");
                assert_eq!(labels.len(), items.len() * 16, "a label for each item");
                for (item, label) in items.iter().zip(labels.chunks_exact(16)) {
                    let number = number_of(&label[12..]);
                    assert!(label == label_of(number) && *item == Item::of_line(&number.to_le_bytes()));
                    seen += 1;
                }
            }
            assert!(seen > 1300, "the whole set and two quarters of it");
            sets.push(source.own_set());
        }
        assert!(sets[0] == sets[1] && sets[0].label_len == len);
    }
}
