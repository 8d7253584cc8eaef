//! Editions: the signed head of a snapshot or delta, and why one is refused.

use cwg_crypto::voprf::PublicKey;
use cwg_crypto::{Digest, Domain, SigningKey, digest};
use serde::{Deserialize, Serialize};

use super::Period;
use crate::lighthouse::LabelClass;
use crate::lighthouse::limits::{
    DELTA_SIZES, EDITION_CHUNK_LEN, EDITION_LEN_MAX, EDITION_LINKS_MAX, EDITION_ROWS_MAX, TABLE_BITS_MAX,
};
use crate::lighthouse::release::{ReleaseNumber, Seen};
use crate::signed::{Signed, Unopened};
use crate::wire::encode;
use crate::{NetworkId, NodeKey};

/// Where an edition stands in the chain of its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditionPlace {
    /// It begins the chain.
    Snapshot,
    /// It changes what the chain says so far.
    Delta {
        /// Its number in the chain, from 1.
        link: u16,
        /// Digest of the edition before it.
        previous: Digest,
    },
}

/// The form of the rows of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Size of every label.
    pub class: LabelClass,
    /// Bytes of every tag.
    pub tag_len: u8,
    /// Rows of every delta.
    pub daily: u32,
}

/// What is signed of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionBody {
    /// The network.
    pub network: NetworkId,
    /// The key period.
    pub period: Period,
    /// The public half of its key.
    pub public: PublicKey,
    /// The number of the release that it publishes.
    pub release: ReleaseNumber,
    /// The digest of that release.
    pub release_digest: Digest,
    /// Its place in a chain.
    pub place: EditionPlace,
    /// The form of its rows.
    pub shape: Shape,
    /// Random bytes that give every edition keys of its own for the labels of the same items.
    pub salt: [u8; 16],
    /// Rows, padding included.
    pub rows: u32,
    /// The root over its chunks.
    pub root: Digest,
}

/// An edition's head as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEdition(Signed<EDITION_LEN_MAX>);

/// Why an edition is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditionError {
    /// Not signed by the hub this node pinned.
    #[error("the edition is not signed by this network's hub")]
    WrongSigner,
    /// Not the canonical encoding.
    #[error("the edition is malformed")]
    Malformed,
    /// It breaks a rule of its own.
    #[error("the edition breaks a rule: {0}")]
    Rule(&'static str),
    /// Of another network.
    #[error("the edition belongs to another network")]
    OtherNetwork,
    /// Under another key than the pinned one.
    #[error("the edition is of another key period than this node's")]
    OtherPeriod,
    /// Not of the release that was verified.
    #[error("the edition does not publish the release it came with")]
    OtherRelease,
    /// Labels of another size than the release has.
    #[error("the edition has labels of {got} bytes where {expected} are expected")]
    WrongClass {
        /// Bytes of a label of the release, or of the chain.
        expected: u16,
        /// Bytes of a label of the edition.
        got: u16,
    },
    /// Of an earlier release than the newest that was accepted.
    #[error("the edition goes back to release {got}, this node has seen {seen}")]
    Older {
        /// What this node has seen.
        seen: ReleaseNumber,
        /// What was offered.
        got: ReleaseNumber,
    },
    /// Two editions of one release under one key.
    #[error("two different editions publish release {0}: the hub shows different members different clues")]
    Fork(ReleaseNumber),
    /// A delta without, or for another, chain.
    #[error("the delta belongs to another snapshot, or to another past of it")]
    OtherChain,
    /// A delta before its turn, or again.
    #[error("delta {got} was offered where delta {expected} is next")]
    OutOfOrder {
        /// The next link.
        expected: u16,
        /// The one offered.
        got: u16,
    },
    /// A chunk that is not the one that was signed.
    #[error("chunk {0} is not the one that was signed")]
    BadChunk(u32),
    /// Chunks missing at the end.
    #[error("{got} of {expected} chunks are there")]
    Truncated {
        /// Chunks of the edition.
        expected: u32,
        /// Chunks that came.
        got: u32,
    },
    /// The chunks are not those that were signed.
    #[error("the chunks lead to another root than was signed")]
    WrongRoot,
    /// Rows that do not stand in the order of their tags. The hub signed them so.
    #[error("the rows of chunk {0} are not in the order of their tags")]
    NotSorted(u32),
}

impl EditionError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongSigner => "edition-wrong-signer",
            Self::Malformed => "edition-malformed",
            Self::Rule(_) => "edition-rule",
            Self::OtherNetwork => "edition-other-network",
            Self::OtherPeriod => "edition-other-period",
            Self::OtherRelease => "edition-other-release",
            Self::WrongClass { .. } => "edition-wrong-class",
            Self::Older { .. } => "edition-older",
            Self::Fork(_) => "edition-fork",
            Self::OtherChain => "edition-other-chain",
            Self::OutOfOrder { .. } => "edition-out-of-order",
            Self::BadChunk(_) => "edition-bad-chunk",
            Self::Truncated { .. } => "edition-truncated",
            Self::WrongRoot => "edition-wrong-root",
            Self::NotSorted(_) => "edition-not-sorted",
        }
    }
}

impl Shape {
    /// The form of a chain that begins with so many rows. Tags are long enough that a table of 2^[`TABLE_BITS_MAX`] items has
    /// a false match with all of the chain with a probability of 2^-40 at most.
    ///
    /// # Errors
    /// If there are more rows than an edition has, or `daily` is no size of a delta.
    pub fn of(class: LabelClass, rows: u32, daily: u32) -> Result<Self, EditionError> {
        if rows == 0 || rows > EDITION_ROWS_MAX {
            return Err(EditionError::Rule("it has one row to 2^26"));
        }
        if !DELTA_SIZES.contains(&daily) {
            return Err(EditionError::Rule("deltas have one of the sizes of deltas"));
        }
        let all = u64::from(rows) + u64::from(daily) * u64::from(EDITION_LINKS_MAX);
        let bits = FALSE_MATCH_BITS + TABLE_BITS_MAX + all.next_power_of_two().ilog2();
        Ok(Self { class, tag_len: bits.div_ceil(8) as u8, daily })
    }

    /// Bytes of a row: tag, sealed label, check.
    pub const fn row_len(&self) -> usize {
        self.tag_len as usize + self.class.len() + cwg_crypto::label::CHECK_LEN
    }

    /// Rows of every chunk but the last.
    pub const fn chunk_rows(&self) -> usize {
        EDITION_CHUNK_LEN / self.row_len()
    }

    /// The bytes of a tag that rows show, as a number: numbers compare as tags do.
    pub(super) fn shown(&self, tag: &[u8; 16]) -> u128 {
        u128::from_be_bytes(*tag) >> (128 - 8 * u32::from(self.tag_len))
    }
}

impl EditionBody {
    /// The digest of an edition that says this.
    pub fn digest(&self) -> Digest {
        digest(Domain::StandingDigest, &[&encode(self)])
    }

    /// Whether it publishes this release.
    pub(super) fn publishes(&self, release: Seen) -> bool {
        (self.release, self.release_digest) == (release.number, release.digest)
    }

    /// The rules that hold inside an edition.
    fn check_rules(&self) -> Result<(), EditionError> {
        let rule = |holds: bool, text| if holds { Ok(()) } else { Err(EditionError::Rule(text)) };
        match self.place {
            EditionPlace::Snapshot => {
                rule(Shape::of(self.shape.class, self.rows, self.shape.daily)? == self.shape, "tags have their length")
            }
            EditionPlace::Delta { link, .. } => {
                rule((1..=EDITION_LINKS_MAX).contains(&link), "a chain has 1 to 100 deltas")?;
                rule((1..=16).contains(&self.shape.tag_len), "tags have their length")?;
                rule(DELTA_SIZES.contains(&self.shape.daily), "deltas have one of the sizes of deltas")?;
                rule(self.rows == self.shape.daily, "every delta has as many rows as the snapshot says")
            }
        }
    }
}

impl SignedEdition {
    /// Signs a body as the hub's node.
    ///
    /// # Errors
    /// If it breaks a rule.
    pub fn sign(body: &EditionBody, hub: &SigningKey) -> Result<Self, EditionError> {
        body.check_rules()?;
        let signed = Signed::sign(body, Domain::StandingEdition, hub);
        Ok(Self(signed.ok_or(EditionError::Rule("it is short"))?))
    }

    /// Checks the signature, then the body.
    pub(super) fn check(&self, hub: NodeKey) -> Result<EditionBody, EditionError> {
        let body: EditionBody = self.0.open(Domain::StandingEdition, hub).map_err(|unopened| match unopened {
            Unopened::Signer => EditionError::WrongSigner,
            Unopened::Form => EditionError::Malformed,
        })?;
        body.check_rules()?;
        Ok(body)
    }

    /// The digest by which the next edition names it.
    pub fn digest(&self) -> Digest {
        self.0.digest(Domain::StandingDigest)
    }
}

/// Bits below which a false match of a whole table with a whole chain is not probable.
const FALSE_MATCH_BITS: u32 = 40;
