//! How the hub makes an edition: its entries are sealed in batches, on as many cores as the driver has, then padded, sorted and signed.

use cwg_crypto::label::CHECK_LEN;
use cwg_crypto::merkle::leaf;
use cwg_crypto::voprf::InputError;
use cwg_crypto::{Block, Digest, LabelKeys, MerkleTree, Seed, SigningKey};
use rand_core::Rng as _;

use super::{
    Chain, EditionBody, EditionError, EditionPlace, Entries, OwnOutput, Period, PeriodKey, Shape, SignedEdition,
};
use crate::Item;
use crate::lighthouse::release::VerifiedRelease;
use crate::psi::padded_size;

/// An edition before its rows are there.
#[derive(Debug)]
pub struct EditionPlan {
    body: EditionBody,
    padding: Seed,
}

/// An edition that lacks the hub's signature alone.
#[derive(Debug)]
pub struct UnsignedEdition {
    body: EditionBody,
    rows: Vec<u8>,
}

/// An edition to be published.
#[derive(Debug)]
pub struct BuiltEdition {
    /// Its head.
    pub signed: SignedEdition,
    /// Its rows: chunks one after the other.
    pub rows: Vec<u8>,
}

/// Why an edition was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// More entries than a delta of this chain has rows.
    #[error("{entries} changes where a delta has {rows} rows: publish a snapshot")]
    TooMany {
        /// Entries of the delta.
        entries: u64,
        /// Rows of every delta.
        rows: u32,
    },
    /// There is no edition to go on from, or the chain is at its end, or another period's.
    #[error("no delta can follow here: publish a snapshot")]
    NoChain,
    /// Labels of another class than the release names.
    #[error("the entries have labels of another class than the release")]
    WrongClass,
    /// Two items share the shown part of their tags: once in 2^40 snapshots.
    #[error("two rows have one tag: build the edition under the key of another period")]
    TagsCollide,
    /// Other rows than were planned.
    #[error("more rows were sealed than planned, or not whole ones")]
    Rows,
    /// A batch of items is out of bounds.
    #[error(transparent)]
    Batch(#[from] InputError),
    /// The head breaks a rule.
    #[error(transparent)]
    Edition(#[from] EditionError),
}

impl EditionPlan {
    /// A snapshot of these entries, whose deltas have `daily` rows each. The seed is used once.
    ///
    /// # Errors
    /// If there are too many entries, their class is another, or `daily` is no size of a delta.
    pub fn snapshot(
        key: &PeriodKey,
        release: &VerifiedRelease,
        entries: &Entries,
        daily: u32,
        seed: &Seed,
    ) -> Result<Self, PlanError> {
        let rows = padded_size(entries.len());
        let shape = Shape::of(entries.class(), rows, daily)?;
        Self::new(key, release, entries, (EditionPlace::Snapshot, shape), rows, seed)
    }

    /// A delta of these entries, after the last edition of a chain.
    ///
    /// # Errors
    /// If there are more than a delta takes, or nothing that they follow.
    pub fn delta(
        key: &PeriodKey,
        release: &VerifiedRelease,
        chain: &Chain,
        entries: &Entries,
        seed: &Seed,
    ) -> Result<Self, PlanError> {
        let (place, shape) = chain.next().ok_or(PlanError::NoChain)?;
        let rows = shape.daily;
        if entries.len() > rows as usize {
            return Err(PlanError::TooMany { entries: entries.len() as u64, rows });
        }
        Self::new(key, release, entries, (place, shape), rows, seed)
    }

    fn new(
        key: &PeriodKey,
        release: &VerifiedRelease,
        entries: &Entries,
        (place, shape): (EditionPlace, Shape),
        rows: u32,
        seed: &Seed,
    ) -> Result<Self, PlanError> {
        if entries.class() != release.body().class || shape.class != entries.class() {
            return Err(PlanError::WrongClass);
        }
        let mut salt = [0; 16];
        seed.fork("edition-salt", 0).rng().fill_bytes(&mut salt);
        let (seen, period): (_, Period) = (release.seen(), key.period());
        let body = EditionBody {
            network: release.body().network,
            period,
            public: key.public(),
            release: seen.number,
            release_digest: seen.digest,
            place,
            shape,
            salt,
            rows,
            root: Digest::from_bytes([0; 32]),
        };
        Ok(Self { body, padding: seed.fork("edition-padding", 0) })
    }

    /// Seals a batch of entries: their rows, in the order of the items.
    ///
    /// # Errors
    /// If the batch is empty or too long.
    ///
    /// # Panics
    /// If there is not one label for each item.
    pub fn seal(&self, key: &PeriodKey, items: &[Item], labels: &[u8]) -> Result<Vec<u8>, PlanError> {
        let Shape { class, tag_len, .. } = self.body.shape;
        assert_eq!(labels.len(), items.len() * class.len(), "one label an item");
        let outputs = key.outputs_of(items)?;
        let mut sealed = Vec::with_capacity(items.len() * (class.len() + CHECK_LEN));
        for label in labels.chunks_exact(class.len()) {
            sealed.extend_from_slice(label);
            sealed.extend_from_slice(&[0; CHECK_LEN]);
        }
        let (keys, places, tags) = label_keys(&outputs, &self.body.salt);
        keys.seal(&places, &tags, &mut sealed);
        let mut rows = Vec::with_capacity(items.len() * self.body.shape.row_len());
        for (output, sealed) in outputs.iter().zip(sealed.chunks_exact(class.len() + CHECK_LEN)) {
            rows.extend_from_slice(&output.tag()[..tag_len.into()]);
            rows.extend_from_slice(sealed);
        }
        Ok(rows)
    }

    /// Pads and sorts the rows of all batches, in memory: twice the bytes of the edition. Which rows are padding only the seed
    /// tells.
    ///
    /// # Errors
    /// If there are more than planned, or two have one tag.
    pub fn finish(mut self, mut rows: Vec<u8>) -> Result<UnsignedEdition, PlanError> {
        let shape = self.body.shape;
        let (row_len, len) = (shape.row_len(), self.body.rows as usize * shape.row_len());
        if !rows.len().is_multiple_of(row_len) || rows.len() > len {
            return Err(PlanError::Rows);
        }
        let sealed = rows.len();
        rows.resize(len, 0);
        self.padding.rng().fill_bytes(&mut rows[sealed..]);
        let tag_of = |row: &u32| &rows[*row as usize * row_len..][..shape.tag_len.into()];
        let mut order: Vec<u32> = (0..self.body.rows).collect();
        order.sort_unstable_by(|a, b| tag_of(a).cmp(tag_of(b)));
        if !order.is_sorted_by(|a, b| tag_of(a) < tag_of(b)) {
            return Err(PlanError::TagsCollide);
        }
        let mut sorted = Vec::with_capacity(len);
        order.iter().for_each(|row| sorted.extend_from_slice(&rows[*row as usize * row_len..][..row_len]));
        let mut tree = MerkleTree::new();
        sorted.chunks(shape.chunk_rows() * row_len).for_each(|chunk| tree.push(leaf(chunk)));
        self.body.root = tree.root();
        Ok(UnsignedEdition { body: self.body, rows: sorted })
    }
}

impl UnsignedEdition {
    /// Signs it as the hub's node.
    ///
    /// # Errors
    /// If it breaks a rule.
    pub fn sign(self, hub: &SigningKey) -> Result<BuiltEdition, PlanError> {
        Ok(BuiltEdition { signed: SignedEdition::sign(&self.body, hub)?, rows: self.rows })
    }

    /// What is to be signed, and the rows, for a driver that does not hold the key.
    pub fn into_parts(self) -> (EditionBody, Vec<u8>) {
        (self.body, self.rows)
    }
}

/// The keys of the labels of outputs in the edition with this salt, their places and tags.
pub(super) fn label_keys<'a>(
    outputs: impl IntoIterator<Item = &'a OwnOutput>,
    salt: &[u8; 16],
) -> (LabelKeys, Vec<u32>, Vec<Block>) {
    let (secrets, tags): (Vec<Block>, Vec<Block>) =
        outputs.into_iter().map(|output| (output.secret(), Block::from_bytes(*output.tag()))).unzip();
    let secrets = zeroize::Zeroizing::new(secrets);
    let mut keys = LabelKeys::with_capacity(secrets.len());
    keys.extend_derived(&secrets, &vec![Block::from_bytes(*salt); secrets.len()]);
    (keys, (0..tags.len() as u32).collect(), tags)
}
