//! Correlated transfers by extension: SoftSpoken (2022/192) over GF(2) with the repetition code and fields of 2^4, that is 32
//! trees for a Δ of 128 bits, with the check of its section 4. Not the check of KOS15, whose proof has a gap.
//!
//! One message for each call, from the side with u to that with Δ. For `count` entries let n = ⌈count / 128⌉; columns have
//! n + 1 blocks, the last of which masks the check and is then thrown away. Tree g gives its owner the sum u_g of its 16 streams
//! and columns v_{4g}..v_{4g+3}, and the other side w_j = v_j + Δ_j·u_g (see `tree` and `columns`). Then u = u_0, and
//!
//! ```text
//! message    c_1 ‖ … ‖ c_31 ‖ h(u) ‖ D          (n + 1)·16 bytes each; 16; 32
//! c_g        = u_g + u, after which the other side has w_j + Δ_j·c_g = v_j + Δ_j·u
//! T          = BLAKE3(cot-transcript; T of the call before, count as 8 bytes little-endian, c_1 ‖ … ‖ c_31)
//! χ          = the first 16 bytes of T; h is the universal hash of `columns` at χ
//! D          = BLAKE3(cot-check; T, h(u), h(v_0) ‖ … ‖ h(v_127))
//! ```
//!
//! The T before the first call is BLAKE3(cot-transcript; session, setup). The receiver of the message computes
//! h(w_j) + Δ_j·h(u) for every column and compares digests. Rows of the 128 columns are t and q, with q = t + u·Δ.
//!
//! # Why the check suffices
//!
//! A cheating owner may use another u_g' in each tree. Where h(u_g') differs from the h(u) it sends, D can only be right if it
//! knows the four bits of Δ_g: it guesses them, is caught with probability 15/16 for each such tree, and otherwise has learned
//! four bits of Δ. That selective failure is what the functionality of 2022/192 allows; the caller prices it by counting aborts.
//! All trees for which it does not guess have equal hashes, and so equal u', but for the collisions of h: 496 pairs of trees,
//! n/2^128 each. χ is a hash of all that it binds (Fiat and Shamir), so a cheat may try challenges; each try succeeds with
//! probability at most 496·n/2^128, below 2^-106 with [`COUNT_MAX`], and costs hashing a whole message. h(u) shows nothing of u,
//! because a block of u that is used nowhere else is added to it, and D nothing that the side with Δ could not compute.

use core::fmt;
use core::iter::zip;

use zeroize::Zeroizing;

use super::columns::{Streams, UniversalHash};
use super::tree::{self, DEPTH, LEAVES, TREES};
use super::{ChosenKeys, Delta, KeyPairs, TRANSFERS, transpose};
use crate::{Block, Digest, Domain, ct_eq, derive_public};

/// Entries of one call, at most.
pub const COUNT_MAX: usize = 1 << 20;

/// Bytes of the message that extends to `count` entries.
pub const fn extension_len(count: usize) -> usize {
    (TREES - 1) * column_len(count) + CHECK_LEN
}

/// The side with u and t. It is the sender of the base transfers.
pub struct CotReceiver {
    seeds: Zeroizing<Vec<Block>>,
    pub(super) transcript: Digest,
}

impl CotReceiver {
    /// From both keys of the base transfers. Beside the state, [`SETUP_LEN`](super::SETUP_LEN) bytes to send.
    pub fn new(session: &Digest, keys: KeyPairs) -> (Self, Vec<u8>) {
        let (seeds, setup) = tree::share(session, &keys);
        (Self { seeds, transcript: first_transcript(session, &setup) }, setup)
    }

    /// `count` more entries, and [`extension_len`] bytes to send.
    ///
    /// # Panics
    /// If `count` is above [`COUNT_MAX`].
    pub fn extend(&mut self, count: usize) -> (Vec<u8>, Correlation) {
        assert!(count <= COUNT_MAX, "a call extends to at most COUNT_MAX entries");
        let blocks = column_blocks(count);
        let Expansion { u, columns, mut message } = self.expand(blocks);
        self.transcript = next_transcript(&self.transcript, count, &message);
        let hash = UniversalHash::new(Block::from_bytes(self.transcript.first_half()), blocks - 1);
        let hashed_u = hash.of(&u);
        let hashed_columns = columns.chunks_exact(blocks).map(|column| hash.of(column));
        message.extend_from_slice(&hashed_u.to_bytes());
        message.extend_from_slice(check_digest(&self.transcript, hashed_u, hashed_columns).as_bytes());
        let t = transpose::rows(&columns, blocks, count);
        (message, Correlation { bits: packed(u, count), t })
    }

    /// Draws columns of this many blocks from all trees.
    pub(super) fn expand(&mut self, blocks: usize) -> Expansion {
        let mut u = Zeroizing::new(vec![Block::ZERO; blocks]);
        let mut columns = Zeroizing::new(vec![Block::ZERO; TRANSFERS * blocks]);
        let mut message = Vec::with_capacity((TREES - 1) * blocks * BLOCK_LEN + CHECK_LEN);
        for (tree, (seeds, columns)) in trees(&mut self.seeds, &mut columns, blocks).enumerate() {
            let mut streams = Streams::new(seeds, blocks);
            if tree == 0 {
                streams.add_to_columns_and_sum(columns, &mut u);
            } else {
                let mut correction = u.clone();
                streams.add_to_columns_and_sum(columns, &mut correction);
                correction.iter().for_each(|block| message.extend_from_slice(&block.to_bytes()));
            }
        }
        Expansion { u, columns, message }
    }
}

/// u and the columns v of one call, and the message as far as its corrections.
pub(super) struct Expansion {
    pub(super) u: Zeroizing<Vec<Block>>,
    pub(super) columns: Zeroizing<Vec<Block>>,
    pub(super) message: Vec<u8>,
}

impl fmt::Debug for CotReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CotReceiver(..)")
    }
}

/// What the side with u has of one call.
pub struct Correlation {
    /// u of each entry: bit i of block b is that of entry 128·b + i. Bits beyond the last entry are zero.
    pub bits: Zeroizing<Vec<Block>>,
    /// t of each entry.
    pub t: Zeroizing<Vec<Block>>,
}

impl Correlation {
    /// u of one entry.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn bit(&self, entry: usize) -> u8 {
        assert!(entry < self.t.len(), "an entry of this call");
        (self.bits[entry / BLOCK_BITS].number() >> (entry % BLOCK_BITS)) as u8 & 1
    }
}

impl fmt::Debug for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Correlation(..)")
    }
}

/// The side with Δ and q. It is the receiver of the base transfers, and its choices are Δ.
pub struct CotSender {
    delta: Delta,
    seeds: Zeroizing<Vec<Block>>,
    transcript: Digest,
}

impl CotSender {
    /// From the chosen keys of the base transfers and the other side's setup.
    ///
    /// # Errors
    /// If the setup has another length than [`SETUP_LEN`](super::SETUP_LEN), or its trees fail their check.
    pub fn new(session: &Digest, keys: ChosenKeys, setup: &[u8]) -> Result<Self, ExtensionError> {
        let seeds = tree::puncture(session, &keys, setup)?;
        Ok(Self { delta: keys.choices, seeds, transcript: first_transcript(session, setup) })
    }

    /// Δ.
    pub const fn delta(&self) -> &Delta {
        &self.delta
    }

    /// q of `count` more entries, from the other side's message. A failure takes the state with it, because each failed check may
    /// have told the other side bits of Δ.
    ///
    /// # Errors
    /// If the message has another length than [`extension_len`], or fails its check.
    ///
    /// # Panics
    /// If `count` is above [`COUNT_MAX`].
    pub fn receive(mut self, count: usize, message: &[u8]) -> Result<(Self, Zeroizing<Vec<Block>>), ExtensionError> {
        assert!(count <= COUNT_MAX, "a call extends to at most COUNT_MAX entries");
        if message.len() != extension_len(count) {
            return Err(ExtensionError::Len { expected: extension_len(count), got: message.len() });
        }
        let blocks = column_blocks(count);
        let (corrections, check) = message.split_at((TREES - 1) * column_len(count));
        let mut columns = Zeroizing::new(vec![Block::ZERO; TRANSFERS * blocks]);
        for (seeds, columns) in trees(&mut self.seeds, &mut columns, blocks) {
            Streams::new(seeds, blocks).add_to_columns(columns);
        }
        let corrected = columns.chunks_exact_mut(blocks).enumerate().skip(DEPTH);
        for (index, column) in corrected {
            let correction = &corrections[(index / DEPTH - 1) * column_len(count)..][..column_len(count)];
            let bit = self.delta.bit(index);
            zip(column, blocks_of(correction)).for_each(|(block, correction)| *block += correction.masked(bit));
        }
        self.transcript = next_transcript(&self.transcript, count, corrections);
        self.check(&columns, blocks, check)?;
        Ok((self, transpose::rows(&columns, blocks, count)))
    }

    fn check(&self, columns: &[Block], blocks: usize, check: &[u8]) -> Result<(), ExtensionError> {
        let hash = UniversalHash::new(Block::from_bytes(self.transcript.first_half()), blocks - 1);
        let (hashed_u, digest) = check.split_first_chunk().expect("a check begins with a block");
        let hashed_u = Block::from_bytes(*hashed_u);
        let hashed_columns = columns
            .chunks_exact(blocks)
            .enumerate()
            .map(|(index, column)| hash.of(column) + hashed_u.masked(self.delta.bit(index)));
        let expected = check_digest(&self.transcript, hashed_u, hashed_columns);
        if ct_eq(expected.as_bytes(), digest) { Ok(()) } else { Err(ExtensionError::Inconsistent) }
    }
}

impl fmt::Debug for CotSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CotSender(..)")
    }
}

/// Why the side with Δ refused a message: the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// The message has the wrong length.
    #[error("a message of the extension has {expected} bytes, this one {got}")]
    Len {
        /// Bytes that the message must have.
        expected: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// The trees that were shared are not those that were hashed.
    #[error("the trees of the extension fail their check")]
    TreesDiffer,
    /// Not every column was corrected to the same bits.
    #[error("the columns of the extension fail their check")]
    Inconsistent,
}

/// For each tree its 16 seeds and its four columns.
fn trees<'a>(
    seeds: &'a mut [Block],
    columns: &'a mut [Block],
    blocks: usize,
) -> impl Iterator<Item = (&'a mut [Block], &'a mut [Block])> {
    seeds.chunks_exact_mut(LEAVES).zip(columns.chunks_exact_mut(DEPTH * blocks))
}

fn first_transcript(session: &Digest, setup: &[u8]) -> Digest {
    derive_public(Domain::CotTranscript, &[session.as_bytes(), setup])
}

pub(super) fn next_transcript(last: &Digest, count: usize, corrections: &[u8]) -> Digest {
    derive_public(Domain::CotTranscript, &[last.as_bytes(), &(count as u64).to_le_bytes(), corrections])
}

pub(super) fn check_digest(
    transcript: &Digest,
    hashed_u: Block,
    hashed_columns: impl Iterator<Item = Block>,
) -> Digest {
    let mut bytes = Zeroizing::new(Vec::with_capacity(TRANSFERS * BLOCK_LEN));
    hashed_columns.for_each(|hashed| bytes.extend_from_slice(&hashed.to_bytes()));
    derive_public(Domain::CotCheck, &[transcript.as_bytes(), &hashed_u.to_bytes(), &bytes])
}

/// u without its mask, with zeros for bits beyond the last entry.
fn packed(mut u: Zeroizing<Vec<Block>>, count: usize) -> Zeroizing<Vec<Block>> {
    u.pop();
    if let (Some(last), used @ 1..) = (u.last_mut(), count % BLOCK_BITS) {
        *last = Block::new(last.number() & ((1 << used) - 1));
    }
    u
}

fn blocks_of(bytes: &[u8]) -> impl Iterator<Item = Block> {
    bytes.as_chunks().0.iter().map(|block| Block::from_bytes(*block))
}

/// Blocks of a column: one bit for each entry, and the mask.
pub(super) const fn column_blocks(count: usize) -> usize {
    count.div_ceil(BLOCK_BITS) + 1
}

const fn column_len(count: usize) -> usize {
    column_blocks(count) * BLOCK_LEN
}

const BLOCK_BITS: usize = 128;
const BLOCK_LEN: usize = 16;
/// h(u) and the digest of the hashed columns.
const CHECK_LEN: usize = BLOCK_LEN + 32;
