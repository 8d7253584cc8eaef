//! What is derived from the session: the name all of this execution is bound to, and the hashes of items and outputs.

use core::cmp::Ordering;
use core::fmt;

use cwg_crypto::{Block, Digest, Domain, LabelKeys, Mmo, davies_meyer, derive_public, digest};

use super::plan::Plan;
use super::tags::TagCode;
use crate::psi::{Binding, Model, Uniform};

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
    code: TagCode,
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
            code: plan.tags,
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
    /// `inputs` are room of the same length.
    pub(super) fn label_keys(&self, z: &[Block], keys: &[Block], inputs: &mut [Block], label_keys: &mut LabelKeys) {
        if let Some(separator) = self.label_separator {
            inputs.iter_mut().zip(keys).for_each(|(input, key)| *input = *key + separator);
            label_keys.extend_derived(z, inputs);
        }
    }

    /// Tags from what the correlation gives, z, for each key, in the first bits of a number. Against malicious sides the key is
    /// hashed along, so that a tag stands for one item and z cannot be had from it; otherwise z alone is hashed, and cut.
    /// The last of the slices are room of the same length.
    pub(super) fn tags(
        &self,
        z: &mut [Block],
        keys: &[Block],
        [inputs, outputs]: [&mut [Block]; 2],
        tags: &mut Vec<u128>,
    ) {
        if self.model == Model::Malicious {
            inputs.iter_mut().zip(keys).for_each(|(input, key)| *input = *key + self.separator);
            davies_meyer(z, inputs, outputs);
            tags.extend(outputs.iter().map(|tag| tag.number()));
        } else {
            self.to_tag.hash_in_place(z);
            tags.extend(z.iter().map(|tag| self.code.cut(tag.number())));
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

impl Uniform for TaggedPlace {
    fn first_bits(&self) -> u64 {
        self.high
    }

    fn order(&self, other: &Self) -> Ordering {
        self.tag().cmp(&other.tag())
    }
}
