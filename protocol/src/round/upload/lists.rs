//! A member's list as it is uploaded, and its answer as it is read: what runs as jobs.

use cwg_crypto::Seed;
use cwg_crypto::collect::{Bits, ItemKey, Placement, Slot, TagList};

use crate::round::form::{Form, Lists};

/// One table of a list, in the plain bytes of its pieces.
pub(super) struct Laid {
    pub(super) table: u32,
    pub(super) pieces: Vec<Vec<u8>>,
    /// Where each item is, in a list of tags: tables are laid out again when the answer is there.
    pub(super) tags: Option<TagList>,
}

/// Lays out one table for a slot. The seed serves this turn's list alone.
pub(super) fn lay_out(form: &Form, keys: &[ItemKey], slot: Slot, table: u32, seed: &Seed) -> Laid {
    let seed = seed.fork("list", table.into());
    let numbers = table * form.pieces_of_table()..(table + 1) * form.pieces_of_table();
    match form.lists() {
        Lists::Tags => {
            let tags = TagList::new(keys, form.items() as usize, seed).expect("a list is within the terms");
            let piece = |number| tags.tags()[form.piece(number).places].iter().flat_map(|tag| tag.0).collect();
            let pieces = numbers.map(piece).collect();
            Laid { table, pieces, tags: Some(tags) }
        }
        Lists::Tables(params) => {
            let shares = Placement::of(&params, keys, table).shares(keys, slot, seed);
            let piece = |number| {
                let mut bytes = Vec::new();
                shares.encode_into(form.piece(number).places, &mut bytes);
                bytes
            };
            Laid { table, pieces: numbers.map(piece).collect(), tags: None }
        }
    }
}

/// The own items of a list of tags that are confirmed.
pub(super) fn confirmed_tags(tags: &TagList, confirmed: &Bits) -> Vec<usize> {
    confirmed.places().filter_map(|place| tags.item_at(place)).collect()
}

/// The own items of one table that are confirmed.
pub(super) fn confirmed_in(form: &Form, keys: &[ItemKey], table: u32, confirmed: &Bits) -> Vec<usize> {
    match form.lists() {
        Lists::Tags => Vec::new(),
        Lists::Tables(params) => Placement::of(&params, keys, table).items_in(confirmed).collect(),
    }
}
