//! The sizes of everything in a turn: they follow from threshold and items, and from nothing that anyone holds.

use core::ops::Range;

use cwg_crypto::collect::{ITEMS_MAX, TableParams};
use cwg_crypto::hpke::OVERHEAD;
use cwg_crypto::ticket::TICKET_LEN;

use super::limits::{ANSWER_PIECE_LEN, PIECE_PLACES};

/// What an upload is cut into, and an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    items: u32,
    lists: Lists,
}

/// What lists are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// One tag an item.
    Tags,
    /// Tables of shares.
    Tables(TableParams),
}

/// Where the places of one piece are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PieceAt {
    /// The table; 0 where tags are sent.
    pub(super) table: u32,
    /// Places in it.
    pub(super) places: Range<usize>,
}

/// Bytes of a place: a tag, or a share of two limbs.
pub(super) const PLACE_LEN: usize = 16;

/// Bytes of what a hub seals besides a piece of an answer.
const TAG_LEN: usize = cwg_crypto::aead::TAG_LEN;

impl Form {
    /// None if the threshold is not 2 to 15 or the items not 1 to 2^20.
    pub fn new(threshold: u8, items: u32) -> Option<Self> {
        let lists = match threshold {
            2 if (1..=ITEMS_MAX).contains(&items) => Lists::Tags,
            _ => Lists::Tables(TableParams::new(threshold, items).ok()?),
        };
        Some(Self { items, lists })
    }

    /// Items of each list, dummies included.
    pub const fn items(&self) -> u32 {
        self.items
    }

    /// Pieces of each upload after the ticket.
    pub const fn pieces(&self) -> u32 {
        self.tables() * self.pieces_of_table()
    }

    /// Bytes of every sealed piece, and of the sealed ticket.
    pub fn sealed_len(&self) -> usize {
        OVERHEAD + (self.piece_places() as usize * PLACE_LEN).max(TICKET_LEN)
    }

    /// Bytes of every sealed piece of an answer.
    pub fn answer_sealed_len(&self) -> usize {
        self.answer_len().div_ceil(self.answer_pieces() as usize) + TAG_LEN
    }

    /// Pieces of each answer.
    pub fn answer_pieces(&self) -> u32 {
        self.answer_len().div_ceil(ANSWER_PIECE_LEN) as u32
    }

    /// Bytes that one member sends in one turn, and that it gets.
    pub fn traffic(&self) -> (u64, u64) {
        let up = u64::from(self.pieces() + 1) * self.sealed_len() as u64;
        let down = u64::from(self.answer_pieces()) * self.answer_sealed_len() as u64;
        (up, down)
    }

    pub(super) const fn lists(&self) -> Lists {
        self.lists
    }

    /// Tables of a list; one where tags are sent.
    pub(super) const fn tables(&self) -> u32 {
        match self.lists {
            Lists::Tags => 1,
            Lists::Tables(params) => params.tables(),
        }
    }

    pub(super) const fn pieces_of_table(&self) -> u32 {
        self.places().div_ceil(PIECE_PLACES)
    }

    /// The places of the piece with this number, from 0.
    pub(super) fn piece(&self, number: u32) -> PieceAt {
        let (table, at) = (number / self.pieces_of_table(), number % self.pieces_of_table());
        let first = at * self.piece_places();
        PieceAt { table, places: first as usize..self.places().min(first + self.piece_places()) as usize }
    }

    /// The bit of an answer that stands for a place.
    pub(super) const fn bit(&self, table: u32, place: usize) -> usize {
        table as usize * self.places() as usize + place
    }

    /// Bits of an answer: one for each place.
    pub(super) const fn bits(&self) -> usize {
        self.tables() as usize * self.places() as usize
    }

    /// Bytes of an answer.
    pub(super) const fn answer_len(&self) -> usize {
        self.bits().div_ceil(8)
    }

    /// The bytes of one piece of an answer. The last one is filled up with zeros to the length of the others.
    pub(super) fn answer_piece(&self, answer: &[u8], number: u32) -> Vec<u8> {
        let len = self.answer_sealed_len() - TAG_LEN;
        let first = answer.len().min(number as usize * len);
        let mut piece = answer[first..answer.len().min(first + len)].to_vec();
        piece.resize(len, 0);
        piece
    }

    /// Places of a table.
    const fn places(&self) -> u32 {
        match self.lists {
            Lists::Tags => self.items,
            Lists::Tables(params) => params.bins(),
        }
    }

    /// Places of every piece but a table's last: as even as they can be.
    const fn piece_places(&self) -> u32 {
        self.places().div_ceil(self.pieces_of_table())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_every_place_once_and_none_is_over_its_length() {
        for (threshold, items) in [(2, 1), (2, 8000), (2, 8001), (2, 100_000), (3, 1), (3, 100), (3, 5000), (5, 20_000)]
        {
            let form = Form::new(threshold, items).unwrap();
            let mut next = (0, 0);
            for number in 0..form.pieces() {
                let piece = form.piece(number);
                if piece.table != next.0 {
                    assert_eq!(next.1, form.places() as usize);
                    next = (piece.table, 0);
                }
                assert_eq!(piece.places.start, next.1, "k = {threshold}, {items} items, piece {number}");
                assert!(!piece.places.is_empty() && piece.places.len() <= PIECE_PLACES as usize);
                assert!(OVERHEAD + PLACE_LEN * piece.places.len() <= form.sealed_len());
                next.1 = piece.places.end;
            }
            assert_eq!(next, (form.tables() - 1, form.places() as usize));
        }
    }

    #[test]
    fn pieces_of_an_answer_join_to_it() {
        for (threshold, items) in [(2, 1), (2, 100_000), (3, 100_000), (15, 5_000)] {
            let form = Form::new(threshold, items).unwrap();
            let answer: Vec<u8> = (0..form.answer_len()).map(|at| at as u8).collect();
            let mut joined: Vec<u8> =
                (0..form.answer_pieces()).flat_map(|number| form.answer_piece(&answer, number)).collect();
            joined.truncate(form.answer_len());
            assert!(joined == answer, "k = {threshold}, {items} items");
            assert!(form.answer_sealed_len() <= ANSWER_PIECE_LEN + TAG_LEN);
        }
    }

    #[test]
    fn sizes_out_of_bounds_have_no_form() {
        for (threshold, items) in [(1, 10), (16, 10), (2, 0), (3, 0), (2, ITEMS_MAX + 1), (3, ITEMS_MAX + 1)] {
            assert_eq!(Form::new(threshold, items), None);
        }
    }
}
