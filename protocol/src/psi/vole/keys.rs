//! What is derived from the session: the name all of this execution is bound to, and the hashes of items and outputs.

use core::fmt;

use cwg_crypto::{Block, Digest, Domain, LabelKeys, Mmo, davies_meyer, derive_public, digest};

use super::plan::Plan;
use crate::psi::{Binding, Model};

/// The name of an execution.
pub(super) fn session_of(binding: Binding) -> Digest {
    derive_public(Domain::VoleSession, &[&binding.session, &[binding.lane]])
}

/// A commitment to the sender's half of a shard's mask; the mask is random, so the commitment hides it.
pub(super) fn commitment(session: &Digest, shard: u32, mask: Block) -> [u8; 32] {
    *digest(Domain::VoleMask, &[session.as_bytes(), &shard.to_le_bytes(), &mask.to_bytes()]).as_bytes()
}

/// The hashes of one shard: of an item to the field, and of what the correlation gives for it to a tag.
pub(super) struct ShardHashes {
    to_field: Mmo,
    to_tag: Mmo,
    /// Tells the inputs of one session and shard from those of all others.
    separator: Block,
    /// Tells the inputs of labels' keys from those of tags, where there are labels.
    label_separator: Option<Block>,
    model: Model,
    tag_mask: u128,
}

impl ShardHashes {
    /// Of a shard whose vector has this seed.
    pub(super) fn new(session: &Digest, shard: u32, seed: &[u8; 32], plan: &Plan) -> Self {
        let key = |domain| derive_public(domain, &[session.as_bytes(), &shard.to_le_bytes(), seed]).first_half();
        Self {
            to_field: Mmo::new(key(Domain::VoleField)),
            to_tag: Mmo::new(key(Domain::VoleOutput)),
            separator: Block::from_bytes(key(Domain::VoleTag)),
            label_separator: plan.labels.map(|_| Block::from_bytes(key(Domain::VoleLabel))),
            model: plan.profile.model,
            tag_mask: u128::MAX >> (128 - plan.tags.width()),
        }
    }

    /// The field elements of keys, in place.
    pub(super) fn to_field(&self, keys: &mut [Block]) {
        self.to_field.hash_in_place(keys);
    }

    /// How many keys of labels there are for so many items.
    pub(super) fn label_keys_of(&self, items: usize) -> usize {
        self.label_separator.map_or(0, |_| items)
    }

    /// Keys of labels from what the correlation gives, z, for each key; none where there are no labels. π_z at one point is
    /// the tag, at another one the key: who has the tag and lacks z knows nothing of the key.
    pub(super) fn label_keys(&self, z: &[Block], keys: &[Block], label_keys: &mut LabelKeys) {
        if let Some(separator) = self.label_separator {
            let inputs: Vec<Block> = keys.iter().map(|key| *key + separator).collect();
            label_keys.extend_derived(z, &inputs);
        }
    }

    /// Tags from what the correlation gives, z, for each key. Against malicious sides the key is hashed along, so that a tag
    /// stands for one item and z cannot be had from it; otherwise z alone is hashed, and cut.
    pub(super) fn tags(&self, z: &mut [Block], keys: &[Block], tags: &mut Vec<u128>) {
        if self.model == Model::Malicious {
            let inputs: Vec<Block> = keys.iter().map(|key| *key + self.separator).collect();
            let mut outputs = vec![Block::ZERO; z.len()];
            davies_meyer(z, &inputs, &mut outputs);
            tags.extend(outputs.iter().map(|tag| tag.number()));
        } else {
            self.to_tag.hash_in_place(z);
            tags.extend(z.iter().map(|tag| tag.number() & self.tag_mask));
        }
    }
}

impl fmt::Debug for ShardHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShardHashes(..)")
    }
}

/// A tag with the place of its item, or of its key: two halves, so that it takes 24 bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct TaggedPlace {
    high: u64,
    low: u64,
    pub(super) place: u32,
}

impl TaggedPlace {
    pub(super) fn new(tag: u128, place: u32) -> Self {
        Self { high: (tag >> 64) as u64, low: tag as u64, place }
    }

    pub(super) fn tag(&self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

/// Sorts tags, which are pseudo-random: dealt by their first bits, then each small bucket by itself.
pub(super) fn sort_by_tag<T: Copy + Default>(entries: &mut Vec<T>, tag: impl Fn(&T) -> u128, width: u32) {
    const BUCKET: usize = 512;
    let bits = (entries.len() / BUCKET).max(1).ilog2().min(width);
    let bucket_of = |entry: &T| (tag(entry) >> (width - bits)) as usize;
    if bits == 0 {
        entries.sort_unstable_by_key(&tag);
        return;
    }
    let mut starts = vec![0u32; (1 << bits) + 1];
    entries.iter().for_each(|entry| starts[bucket_of(entry) + 1] += 1);
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let mut dealt = vec![T::default(); entries.len()];
    let mut next = starts.clone();
    for entry in entries.iter() {
        let slot = &mut next[bucket_of(entry)];
        dealt[*slot as usize] = *entry;
        *slot += 1;
    }
    for range in starts.windows(2) {
        dealt[range[0] as usize..range[1] as usize].sort_unstable_by_key(&tag);
    }
    *entries = dealt;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_by_tag_is_sorting() {
        for (count, width) in [(0u32, 128), (1, 128), (511, 80), (5000, 128), (40_000, 72)] {
            let mut blocks: Vec<Block> = (0..count).map(|n| Block::new(n.into())).collect();
            Mmo::new([1; 16]).hash_in_place(&mut blocks);
            let mut tags: Vec<(u128, u32)> =
                blocks.iter().map(|block| block.number() >> (128 - width)).zip(0..).collect();
            let mut expected = tags.clone();
            expected.sort_unstable();
            sort_by_tag(&mut tags, |entry| entry.0, width);
            assert_eq!(tags, expected, "{count}");
        }
    }
}
