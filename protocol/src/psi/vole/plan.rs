//! Sizes of everything in an execution, from the two padded set sizes and nothing else (`docs/spec/vole.md`, sizes).

use core::ops::Range;

use cwg_crypto::okvs::{OkvsParams, bin_capacity};
use cwg_crypto::ot;
use cwg_crypto::vole::{Place, Shape};

use super::labels::LabelCode;
use super::profile::Profile;
use super::tags::TagCode;
use crate::psi::SetSizes;
use crate::wire::limits::{
    VOLE_BLOCKS_PER_FRAME, VOLE_LABEL_BUCKET_BITS_MAX, VOLE_LABEL_BYTES_PER_BUCKET, VOLE_LEAVES_MAX, VOLE_LEAVES_MIN,
    VOLE_SHARD_ITEMS,
};

/// Bits of a failure by chance, over all shards and bins of an execution.
const STATISTICAL_BITS: u32 = 40;

/// Entries of the correlation that make one base entry over the field: one for each of its bits.
const FIELD_BITS: usize = 128;

/// The sizes of an execution.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) profile: Profile,
    /// The receiver deals its set into 2^bits shards, each with a vector of its own.
    pub(super) shard_bits: u8,
    /// The sender deals into at least as many; the tags of each bucket are sorted by themselves.
    pub(super) bucket_bits: u8,
    /// The most items of a shard of the receiver.
    pub(super) shard_len: u32,
    /// Tags of a bucket, dummies included: the most items of a bucket of the sender.
    pub(super) bucket_len: u32,
    /// Of the vector that encodes a shard.
    pub(super) okvs: OkvsParams,
    /// Of a batch of the correlation.
    pub(super) shape: Shape,
    /// Batches of a shard.
    pub(super) batches: u32,
    /// How the tags of a bucket are written.
    pub(super) tags: TagCode,
    /// How the sealed labels of a bucket are written, where there are any.
    pub(super) labels: Option<LabelCode>,
}

impl Plan {
    pub(super) fn new(sizes: SetSizes, profile: Profile) -> Self {
        Self::with_shards(sizes, profile, VOLE_SHARD_ITEMS)
    }

    /// With shards of at most about so many items.
    pub(super) fn with_shards(sizes: SetSizes, profile: Profile, shard_items: u32) -> Self {
        let shard_bits = bits_for(sizes.receiver, shard_items);
        let labels = profile.labelled.then_some(sizes.label_len);
        let bucket_bits = bits_for(sizes.sender, shard_items).max(shard_bits).max(labels.map_or(0, |label_len| {
            let items = VOLE_LABEL_BYTES_PER_BUCKET / (label_len.bytes() as u32).max(1);
            bits_for(sizes.sender, items).min(VOLE_LABEL_BUCKET_BITS_MAX)
        }));
        let cap = |items: u32, bits: u8| match bits {
            0 => items,
            _ => u32::try_from(bin_capacity(items.into(), 1 << bits, STATISTICAL_BITS))
                .expect("a shard has less than a set"),
        };
        let shard_len = cap(sizes.receiver, shard_bits);
        let bucket_len = cap(sizes.sender, bucket_bits);
        let okvs = OkvsParams::new(shard_len.into(), STATISTICAL_BITS + u32::from(shard_bits));
        let (batches, shape) = batches(okvs.len(), profile.trees);
        let tags = TagCode::new(bucket_len, profile.tag_bits(sizes.receiver, sizes.sender));
        let labels = labels.map(|label_len| LabelCode::new(label_len, bucket_len));
        Self { profile, shard_bits, bucket_bits, shard_len, bucket_len, okvs, shape, batches, tags, labels }
    }

    /// Batches of so many leaves, which are more of them.
    #[cfg(test)]
    pub(super) fn small_batches(&mut self, count: u32) {
        let trees = self.profile.trees;
        let each = (self.okvs.len() + (trees + 1) * count as usize).div_ceil(count as usize);
        self.batches = count;
        self.shape = Shape::new(trees, 2 * each.div_ceil(trees));
    }

    pub(super) fn shards(&self) -> u32 {
        1 << self.shard_bits
    }

    pub(super) fn buckets_of_shard(&self) -> u32 {
        1 << (self.bucket_bits - self.shard_bits)
    }

    /// Entries of the correlation at the start of a shard's that make a base: only the first shard needs them.
    pub(super) fn base_entries(&self, shard: u32) -> usize {
        if shard == 0 { FIELD_BITS * self.shape.base() } else { 0 }
    }

    /// Entries of the correlation for one shard: those for a base, and the transfers of its batches.
    pub(super) fn entries(&self, shard: u32) -> usize {
        self.base_entries(shard) + self.batches as usize * self.shape.transfers()
    }

    /// Of a shard's entries, those of the transfers of one batch.
    pub(super) fn transfers(&self, shard: u32, batch: u32) -> Range<usize> {
        let start = self.base_entries(shard) + batch as usize * self.shape.transfers();
        start..start + self.shape.transfers()
    }

    /// A batch of a shard among those of the whole execution.
    pub(super) fn place(&self, shard: u32, batch: u32) -> Place {
        let before: u64 = (0..shard).map(|shard| self.entries(shard) as u64).sum();
        Place {
            batch: u64::from(shard) * u64::from(self.batches) + u64::from(batch),
            first_entry: before + self.transfers(shard, batch).start as u64,
        }
    }

    /// Of a batch's outputs, those that stand in the shard's vector, and where. Batch 0 gives its first ones as base of the
    /// shard's other batches and of the next shard's batch 0.
    pub(super) fn vector_part(&self, batch: u32) -> (Range<usize>, Range<usize>) {
        let (outputs, reserved) = (self.shape.outputs(), self.batches as usize * self.shape.base());
        let skipped = if batch == 0 { reserved } else { 0 };
        let start = (batch as usize * outputs).saturating_sub(reserved);
        let end = (start + outputs - skipped).min(self.okvs.len());
        (skipped..skipped + (end - start), start..end)
    }

    /// Where in the first batch's outputs the base of a batch stands; that of number [`Plan::batches`] is the next shard's.
    pub(super) fn base_part(&self, batch: u32) -> Range<usize> {
        let start = (batch as usize - 1) * self.shape.base();
        start..start + self.shape.base()
    }

    /// Frames that carry the vector, each of blocks of one batch.
    pub(super) fn vector_frames(&self) -> u32 {
        (0..self.batches).map(|batch| self.frames_of_batch(batch)).sum()
    }

    pub(super) fn frames_of_batch(&self, batch: u32) -> u32 {
        self.vector_part(batch).1.len().div_ceil(VOLE_BLOCKS_PER_FRAME) as u32
    }

    /// Bytes of the receiver's message that extends the correlation for a shard and corrects its choices.
    pub(super) fn extend_len(&self, shard: u32) -> usize {
        ot::extension_len(self.entries(shard)) + self.batches as usize * self.shape.corrections_len()
    }
}

/// Shards, as a number of bits, so that each has at most about so many items.
fn bits_for(items: u32, shard_items: u32) -> u8 {
    items.div_ceil(shard_items).next_power_of_two().ilog2() as u8
}

/// Batches of one shape that give a vector of `len` and their own base.
fn batches(len: usize, trees: usize) -> (u32, Shape) {
    let base = trees + 1;
    let most = trees * VOLE_LEAVES_MAX / 2;
    let count = len.div_ceil(most - base).max(1);
    let each = (len + base * count).div_ceil(count);
    let leaves = (2 * each.div_ceil(trees)).max(VOLE_LEAVES_MIN);
    (count as u32, Shape::new(trees, leaves))
}

#[cfg(test)]
mod tests {
    use super::super::profile::{LABELLED, MALICIOUS, SEMI_HONEST};
    use super::*;
    use crate::psi::{LabelLen, padded_size};

    #[test]
    fn the_batches_of_a_shard_cover_its_vector_once() {
        for profile in [MALICIOUS, SEMI_HONEST] {
            for items in [16, 4096, 65_536, 100_000, 1 << 20, 3 << 20, 100_000_000] {
                let size = padded_size(items);
                let plan = Plan::new(SetSizes { receiver: size, sender: size, label_len: LabelLen::NONE }, profile);
                let mut next = 0;
                for batch in 0..plan.batches {
                    let (from, to) = plan.vector_part(batch);
                    assert_eq!(to.start, next, "{items}: batch {batch} follows");
                    assert_eq!(from.len(), to.len());
                    assert!(from.end <= plan.shape.outputs());
                    next = to.end;
                }
                assert_eq!(next, plan.okvs.len(), "{items}: all of the vector");
                assert!(plan.base_part(plan.batches).end <= plan.shape.outputs(), "{items}: room for all bases");
                assert!(plan.base_part(plan.batches).end <= plan.vector_part(0).0.start, "{items}: none is used twice");
            }
        }
    }

    #[test]
    fn a_vector_has_the_declared_room_for_more_items_than_its_own() {
        let room = |items: usize| {
            let size = padded_size(items);
            let plan = Plan::new(SetSizes { receiver: size, sender: size, label_len: LabelLen::NONE }, MALICIOUS);
            plan.okvs.len() as f64 * f64::from(plan.shards()) / f64::from(size)
        };
        for items in (12..=26).flat_map(|log| [(1 << log) + 1, 3 << (log - 1), 1 << (log + 1)]) {
            assert!(room(items) < 1.4, "{items}");
        }
        assert!(room(1024) < 1.52 && room(16) < 5.1);
    }

    #[test]
    fn shards_are_of_bounded_size_and_the_senders_refine_the_receivers() {
        for (receiver, sender, shards, buckets) in [
            (16, 16, 0, 0),
            (1 << 20, 1 << 20, 0, 0),
            (5 << 18, 1 << 20, 1, 1),
            (1 << 24, 1 << 24, 4, 4),
            (10_240, 10_485_760, 0, 4),
            (10_485_760, 10_240, 4, 4),
        ] {
            let plan = Plan::new(SetSizes { receiver, sender, label_len: LabelLen::NONE }, MALICIOUS);
            assert_eq!((plan.shard_bits, plan.bucket_bits), (shards, buckets), "{receiver} x {sender}");
            assert!(plan.shard_len <= VOLE_SHARD_ITEMS + VOLE_SHARD_ITEMS / 64);
            assert!(plan.bucket_len <= VOLE_SHARD_ITEMS + VOLE_SHARD_ITEMS / 64);
        }
    }

    #[test]
    fn buckets_of_long_labels_are_smaller() {
        for (label_len, sender, bits) in [
            (16, 1 << 20, 0),
            (32, 1 << 20, 0),
            (48, 1 << 20, 1),
            (512, 1 << 20, 4),
            (512, 1 << 16, 0),
            (512, 1 << 27, VOLE_LABEL_BUCKET_BITS_MAX),
        ] {
            let label_len = LabelLen::new(label_len).expect("a length");
            let sizes = SetSizes { receiver: 1 << 16, sender, label_len };
            assert_eq!(Plan::new(sizes, LABELLED).bucket_bits, bits, "{sender} labels of {}", label_len.bytes());
            assert_eq!(Plan::new(sizes, MALICIOUS).labels, None, "only one profile carries labels");
        }
    }
}
