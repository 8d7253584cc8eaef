//! What at least k of up to fifteen lists hold, found by someone who sees none of the items.
//!
//! Whoever holds a list has a pseudorandom value rho for each of its items, the same for all who hold the item and unknown
//! to the collector ([`crate::threshold`]). From it follows an [`ItemKey`], and from that all that is given to the collector:
//!
//! | k | each list is | the collector looks for |
//! |---|---|---|
//! | 2 | one tag an item, padded with random tags, shuffled: [`TagList`] | equal tags of different lists: [`common_tags`] |
//! | 3 to 15 | up to 32 tables of shares with random values in empty bins: [`Placement`] | k shares of one polynomial: [`search`] |
//!
//! An item of fewer than k lists looks random to the collector. Of an item of at least k lists it learns which slots hold it,
//! and nothing else. The tables are those of Arpaci, Boutaba, Kerschbaum, arXiv 2510.12045 (NSDI 2026), with three changes:
//! each insertion has a polynomial of its own, so that no value of a list occurs twice; the bin of the second insertion is
//! the same for all holders; and a share has two limbs, because 61 bits are too few for 2^35 subsets. `docs/spec/round.md`
//! has every formula, `docs/adr/0018-rounds.md` the reasons.
//!
//! Deliberately left out: who holds which slot, how lists travel, and threads. [`common_tags`], [`Placement::of`] and
//! [`search`] each work on a bounded piece, so that a caller spreads them over cores.
//!
//! Where a list is laid out, memory is accessed as the items' keys say: only on the own machine, and in variable time.

mod bits;
mod bound;
pub(crate) mod field61;
mod keys;
mod placement;
mod search;
mod slot;
mod tags;

#[cfg(test)]
mod tests;

pub(crate) mod agree;

pub use bits::{BadBits, Bits};
pub use bound::miss_probability;
pub use keys::ItemKey;
pub use placement::{BadTableParams, ITEMS_MAX, Placement, Shares, TABLES_MAX, TableParams};
pub use search::{BadShare, PIECE_BINS_MAX, Piece, SearchError, Suspects, decode_shares, search};
pub use slot::{BadSlot, SLOTS_MAX, Slot, SlotSet};
pub use tags::{CommonTag, TAG_PARTS, Tag, TagError, TagList, common_tags};
