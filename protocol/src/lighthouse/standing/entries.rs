//! What the hub says of each item, before it is sealed: from the clues of a release, and what changed since another.

use core::fmt;

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::lighthouse::clue::Clue;
use crate::lighthouse::label::{Label, LabelClass};
use crate::lighthouse::release::{ReleaseBody, ReleaseError};
use crate::{Item, indicator::Strength};

/// Items, strictly ascending, each with a label of one class. A label of zeros, which no clue has, says that the item is withdrawn.
#[derive(ZeroizeOnDrop)]
pub struct Entries {
    #[zeroize(skip)]
    class: LabelClass,
    #[zeroize(skip)]
    items: Vec<Item>,
    labels: Vec<u8>,
}

/// Items out of order, or labels that are not one of the class for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entries are items in strictly ascending order, each with one label of the class")]
pub struct BadEntries;

impl Entries {
    /// Items with a label each, one after the other.
    ///
    /// # Errors
    /// If items are out of order, or the labels' length is not theirs.
    pub fn new(class: LabelClass, items: Vec<Item>, labels: Vec<u8>) -> Result<Self, BadEntries> {
        if labels.len() != items.len() * class.len() || !items.is_sorted_by(|a, b| a < b) {
            return Err(BadEntries);
        }
        Ok(Self { class, items, labels })
    }

    /// What the clues of a release say: one label for each item that any of them has.
    ///
    /// # Errors
    /// If a clue breaks the terms of its source.
    ///
    /// # Panics
    /// Never: merged labels fit their class.
    pub fn of_clues(release: &ReleaseBody, clues: &[&Clue]) -> Result<Self, ReleaseError> {
        Self::of_part(release, clues, |_| true)
    }

    /// The same for the items of one part, so that a release that memory does not hold is taken part by part. `clues` are all
    /// clues that have an item of the part.
    ///
    /// # Errors
    /// As [`Self::of_clues`].
    ///
    /// # Panics
    /// Never, as [`Self::of_clues`].
    pub fn of_part(release: &ReleaseBody, clues: &[&Clue], part: impl Fn(&Item) -> bool) -> Result<Self, ReleaseError> {
        let mut keys: Vec<(Item, &Clue, Strength, u8)> = Vec::with_capacity(clues.len());
        for clue in clues {
            let source = release.check_terms(clue)?;
            let items = clue.items(release.network).filter(|(item, _)| part(item));
            keys.extend(items.map(|(item, strength)| (item, *clue, strength, source)));
        }
        keys.sort_by_key(|(item, clue, ..)| (*item, clue.fields().id));
        let mut entries = Self { class: release.class, items: Vec::new(), labels: Vec::new() };
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            let said: Vec<_> = same.iter().map(|(_, clue, strength, source)| (*clue, *strength, *source)).collect();
            let Some(label) = Label::merge(&said, release.class) else { continue };
            let mut bytes = label.encode(release.class).expect("a merged label fits its class and keeps its rules");
            entries.items.push(same[0].0);
            entries.labels.extend_from_slice(&bytes);
            bytes.zeroize();
        }
        Ok(entries)
    }

    /// What a delta says after an edition that said `before`: labels that are new or others, and withdrawals of items that are gone.
    ///
    /// # Errors
    /// If the two have labels of different classes: then a snapshot is due.
    pub fn since(&self, before: &Self) -> Result<Self, BadEntries> {
        if self.class != before.class {
            return Err(BadEntries);
        }
        let mut changed = Self { class: self.class, items: Vec::new(), labels: Vec::new() };
        let withdrawn = vec![0; self.class.len()];
        let (mut now, mut then) = (self.iter().peekable(), before.iter().peekable());
        while let Some(item) = now.peek().map(|entry| entry.0).into_iter().chain(then.peek().map(|entry| entry.0)).min()
        {
            let said = now.next_if(|entry| entry.0 == item).map(|entry| entry.1);
            let was = then.next_if(|entry| entry.0 == item).map(|entry| entry.1);
            if said != was {
                changed.items.push(*item);
                changed.labels.extend_from_slice(said.unwrap_or(&withdrawn));
            }
        }
        Ok(changed)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Size of each label.
    pub const fn class(&self) -> LabelClass {
        self.class
    }

    /// Batches of at most so many items, each with its labels: the pieces in which they are sealed.
    pub fn batches(&self, items: usize) -> impl Iterator<Item = (&[Item], &[u8])> {
        self.items.chunks(items).zip(self.labels.chunks(items * self.class.len()))
    }

    fn iter(&self) -> impl Iterator<Item = (&Item, &[u8])> {
        self.items.iter().zip(self.labels.chunks_exact(self.class.len()))
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries(..)")
    }
}
