//! What follows from one item's pseudorandom value, in one execution.

use core::fmt;

use super::field61;
use super::slot::Slot;
use super::tags::Tag;
use crate::hash::{SecretOutput, derive_long};
use crate::{Digest, Domain, Secret32, derive};

/// The secret that all who hold an item have in common in one execution. The collector must never know one.
pub struct ItemKey(Secret32);

impl ItemKey {
    /// From the item's pseudorandom value and the name of the execution. In another execution the key is another one, and
    /// what is sent of it cannot be linked, even where the value is the same.
    pub fn new(rho: &Secret32, execution: &Digest) -> Self {
        Self(derive(Domain::CollectItem, rho, &[execution.as_bytes()]))
    }

    /// What stands for the item where two holders are enough.
    pub fn tag(&self) -> Tag {
        let tag = derive(Domain::CollectTag, &self.0, &[]);
        Tag(*tag.expose().first_chunk().expect("32 bytes have 16"))
    }

    /// The key of the item's room, in which its holders write to each other.
    pub fn room(&self) -> Secret32 {
        derive(Domain::CollectRoom, &self.0, &[])
    }

    /// Where the item goes in a pair of tables: five words.
    pub(super) fn places(&self, pair: u32) -> Places {
        let mut bytes = [0; 40];
        derive_long(Domain::CollectPlace, &self.0, &[&pair.to_le_bytes()]).fill(&mut bytes);
        let word = |at| word(&bytes, at);
        Places { priority: word(0), bins: [[word(1), word(2)], [word(3), word(4)]] }
    }

    /// The item's two shares of one insertion into one table, at a slot: each is a random polynomial of degree k - 2.
    pub(super) fn shares(&self, table: u32, insertion: Insertion, threshold: u8, slot: Slot) -> [u64; 2] {
        let degree_and_one = usize::from(threshold) - 1;
        let mut stream = Stream::new(&self.0, table, insertion);
        [(); 2].map(|()| {
            let mut coefficients = [0; COEFFICIENTS_MAX];
            let coefficients = &mut coefficients[..degree_and_one];
            coefficients.fill_with(|| field61::next_element(|| stream.word()));
            field61::at(coefficients, u64::from(slot.number()))
        })
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemKey(..)")
    }
}

/// Where an item goes in a pair of tables.
pub(super) struct Places {
    /// Who wins a bin: the smaller or the greater one, as table and insertion say.
    pub(super) priority: u64,
    /// For either table, a word for the bin of the first insertion and one for that of the second.
    pub(super) bins: [[u64; 2]; 2],
}

/// Which of the two tries to place items in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    First = 0,
    Second = 1,
}

/// Coefficients of a limb's polynomial, at most.
const COEFFICIENTS_MAX: usize = 14;

/// The uniform words of one insertion, read from the derivation's output in blocks.
struct Stream {
    output: SecretOutput,
    words: [u64; WORDS],
    next: usize,
}

impl Stream {
    fn new(key: &Secret32, table: u32, insertion: Insertion) -> Self {
        let parts: [&[u8]; 2] = [&table.to_le_bytes(), &[insertion as u8]];
        Self { output: derive_long(Domain::CollectShare, key, &parts), words: [0; WORDS], next: WORDS }
    }

    fn word(&mut self) -> u64 {
        if self.next == WORDS {
            let mut bytes = [0; 8 * WORDS];
            self.output.fill(&mut bytes);
            self.words = core::array::from_fn(|at| word(&bytes, at));
            self.next = 0;
        }
        self.next += 1;
        self.words[self.next - 1]
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[8 * at..].first_chunk().expect("a whole number of words"))
}

/// Words of one block of BLAKE3's output.
const WORDS: usize = 8;
