//! The collector's search of tables, a piece at a time.

use super::agree::subsets_in_agreement;
use super::field61::P;
use super::slot::{SLOTS_MAX, Slot, SlotSet};
use crate::simd;

/// The same bins of one table, as one slot sent them.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The slot.
    pub slot: Slot,
    /// One share of either limb for each bin, below 2^61 - 1 as [`decode_shares`] sees to.
    pub limbs: [&'a [u64]; 2],
}

/// A bin in which shares of enough slots lie on one polynomial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// The bin, counted from the first one of the piece.
    pub bin: u32,
    /// The slots. Two items in one bin, each of enough slots, are not told apart.
    pub slots: SlotSet,
}

/// All bins of a piece in which the shares of at least `threshold` slots agree in both limbs, in ascending order.
///
/// Shares of fewer slots agree by chance with probability 2^-122 a subset. A piece of 15 slots and `PIECE_BINS_MAX` bins is
/// 4 MB; the work is bounded by 2^15 products a bin.
///
/// # Errors
/// If the pieces are not those of one table, or are too long.
pub fn search(threshold: u8, pieces: &[Piece<'_>]) -> Result<Vec<Suspects>, SearchError> {
    check(threshold, pieces)?;
    if pieces.len() < usize::from(threshold) {
        return Ok(Vec::new());
    }
    let slots: Vec<u8> = pieces.iter().map(|piece| piece.slot.number()).collect();
    let [first_limb, second_limb] = [0, 1].map(|limb| pieces.iter().map(|piece| piece.limbs[limb]).collect::<Vec<_>>());
    let mut marks = vec![false; first_limb[0].len()];
    simd::mark_agreement(&slots, &first_limb, threshold, &mut marks);

    let at_bin = |lists: &[&[u64]], bin: usize| lists.iter().map(|list| list[bin]).collect::<Vec<_>>();
    let marked = marks.iter().enumerate().filter(|(_, mark)| **mark);
    let found = marked.filter_map(|(bin, _)| {
        let set = confirm(&slots, [&at_bin(&first_limb, bin), &at_bin(&second_limb, bin)], threshold);
        let slots: SlotSet =
            (0..).zip(pieces).filter(|(at, _)| set >> at & 1 == 1).map(|(_, piece)| piece.slot).collect();
        (!slots.is_empty()).then_some(Suspects { bin: bin as u32, slots })
    });
    Ok(found.collect())
}

/// The shares in a message: eight little-endian bytes each.
///
/// # Errors
/// If the length is not a multiple of eight, or names the first word that is no element of the field.
pub fn decode_shares(bytes: &[u8]) -> Result<Vec<u64>, BadShare> {
    let (words, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(BadShare::Length { len: bytes.len() });
    }
    let shares: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    match shares.iter().position(|share| *share >= P) {
        Some(place) => Err(BadShare::TooLarge { place }),
        None => Ok(shares),
    }
}

/// The slots that agree in both limbs, as bits: the union of all subsets of `threshold` of them.
fn confirm(slots: &[u8], limbs: [&[u64]; 2], threshold: u8) -> u16 {
    let mut confirmed = 0;
    subsets_in_agreement(slots, limbs[0], threshold, &mut |set| {
        if set & !confirmed == 0 {
            return;
        }
        let members = || (0..slots.len()).filter(|at| set >> at & 1 == 1);
        let of_set: Vec<u8> = members().map(|at| slots[at]).collect();
        let second: Vec<u64> = members().map(|at| limbs[1][at]).collect();
        subsets_in_agreement(&of_set, &second, threshold, &mut |_| confirmed |= set);
    });
    confirmed
}

fn check(threshold: u8, pieces: &[Piece<'_>]) -> Result<(), SearchError> {
    if !(3..=SLOTS_MAX).contains(&threshold) {
        return Err(SearchError::Threshold { threshold });
    }
    if !pieces.is_sorted_by(|a, b| a.slot < b.slot) {
        return Err(SearchError::SlotOrder);
    }
    let bins = pieces.first().map_or(0, |piece| piece.limbs[0].len());
    if bins > PIECE_BINS_MAX {
        return Err(SearchError::TooManyBins { bins });
    }
    for piece in pieces {
        if piece.limbs.iter().any(|limb| limb.len() != bins) {
            return Err(SearchError::BinCount { slot: piece.slot });
        }
        if piece.limbs.iter().any(|limb| limb.iter().any(|share| *share >= P)) {
            return Err(SearchError::TooLarge { slot: piece.slot });
        }
    }
    Ok(())
}

/// Bins of one piece, at most.
pub const PIECE_BINS_MAX: usize = 1 << 14;

/// Why a piece was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The threshold is out of bounds.
    #[error("tables find what 3 to {SLOTS_MAX} lists hold, not {threshold}")]
    Threshold {
        /// The number asked for.
        threshold: u8,
    },
    /// Slots must ascend; none may be there twice.
    #[error("pieces are not in ascending order of their slots")]
    SlotOrder,
    /// More bins than [`PIECE_BINS_MAX`].
    #[error("a piece has up to {PIECE_BINS_MAX} bins, this one {bins}")]
    TooManyBins {
        /// Bins of the first slot.
        bins: usize,
    },
    /// A limb has another number of bins than the first slot's first limb.
    #[error("the piece of slot {} has another number of bins than the first one", slot.number())]
    BinCount {
        /// The slot.
        slot: Slot,
    },
    /// A share is no element of the field.
    #[error("the piece of slot {} has a share that is not below 2^61 - 1", slot.number())]
    TooLarge {
        /// The slot.
        slot: Slot,
    },
}

/// Bytes that are not shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadShare {
    /// Not whole words.
    #[error("{len} bytes are not a whole number of shares of eight bytes")]
    Length {
        /// Bytes there are.
        len: usize,
    },
    /// A word of 2^61 - 1 or above.
    #[error("share {place} is not below 2^61 - 1")]
    TooLarge {
        /// Its place in the message.
        place: usize,
    },
}
