//! The clues of all sources: what stands twice is settled, and contradictions between clues of one item are found.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cwg_protocol::lighthouse::{Clue, ClueId, Contradiction, read, settle};
use cwg_protocol::{Item, NetworkId};

use super::GATHERED_MAX;
use crate::problem::{Exit, Problem};

/// Takes the clues of a source, in its order.
pub trait ClueSink {
    /// Takes one.
    ///
    /// # Errors
    /// If it cannot; the reading then ends.
    fn push(&mut self, clue: Clue) -> Result<Taken, Problem>;
}

/// What became of a clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing of its name came before.
    New,
    /// The same clue came before.
    Repeated,
    /// The same clue with another status came before; the more careful status stands.
    Settled,
    /// Another clue of its name came before: it is not taken, and nothing can be built.
    TwoUnderOneName,
}

/// Clues by their names.
#[derive(Default)]
pub struct Gathered {
    clues: BTreeMap<ClueId, Clue>,
    refused: u64,
}

/// Items whose clues contradict each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemContradictions {
    /// Items with at least one contradiction.
    pub items: u64,
    /// Items by contradiction; an item may have several.
    pub by_kind: Vec<(Contradiction, u64)>,
    /// For the first of them, the names of their clues: what a person compares.
    pub first: Vec<Vec<ClueId>>,
}

impl ClueSink for Gathered {
    fn push(&mut self, clue: Clue) -> Result<Taken, Problem> {
        if self.clues.len() >= GATHERED_MAX {
            return Err(Problem::new(
                Exit::BadInput,
                "too-many-clues",
                format!("the sources have more than {GATHERED_MAX} clues"),
                "build the release from fewer sources",
            ));
        }
        match self.clues.entry(clue.id()) {
            Entry::Vacant(free) => {
                free.insert(clue);
                Ok(Taken::New)
            }
            Entry::Occupied(mut kept) => {
                if *kept.get() == clue {
                    return Ok(Taken::Repeated);
                }
                match settle(kept.get().clone(), clue) {
                    Ok(settled) => {
                        kept.insert(settled);
                        Ok(Taken::Settled)
                    }
                    Err(_) => {
                        self.refused += 1;
                        Ok(Taken::TwoUnderOneName)
                    }
                }
            }
        }
    }
}

impl Gathered {
    /// How many different clues.
    pub fn len(&self) -> usize {
        self.clues.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.clues.is_empty()
    }

    /// Items whose clues contradict each other (`docs/spec/lighthouse.md` §3). They do not stop a build: people are told.
    pub fn contradictions(&self, network: NetworkId) -> ItemContradictions {
        let mut of_item: BTreeMap<Item, Vec<&Clue>> = BTreeMap::new();
        for clue in self.clues.values() {
            // A recalled clue has no items to match by, but still contradicts an active one of the same item.
            for key in clue.fields().keys.iter() {
                of_item.entry(Item::of(network, key.kind, &key.text)).or_default().push(clue);
            }
        }
        let mut found = ItemContradictions::default();
        let mut by_kind = BTreeMap::<&'static str, (Contradiction, u64)>::new();
        for clues in of_item.values().filter(|clues| clues.len() > 1) {
            let reading = read(clues.iter().copied()).contradictions;
            let contradictions: Vec<Contradiction> =
                Contradiction::ALL.into_iter().filter(|contradiction| reading.has(*contradiction)).collect();
            if contradictions.is_empty() {
                continue;
            }
            found.items += 1;
            for contradiction in contradictions {
                by_kind.entry(contradiction.code()).or_insert((contradiction, 0)).1 += 1;
            }
            if found.first.len() < super::PLACES_LISTED_MAX {
                found.first.push(clues.iter().map(|clue| clue.id()).collect());
            }
        }
        found.by_kind = by_kind.into_values().collect();
        found
    }

    /// The clues, ascending by name, as a release has them.
    ///
    /// # Errors
    /// If two different clues had one name.
    pub fn into_clues(self) -> Result<impl Iterator<Item = Clue>, Problem> {
        if self.refused > 0 {
            return Err(Problem::new(
                Exit::BadInput,
                "two-under-one-name",
                format!("{} clues have the id of another clue that says something else", self.refused),
                "the report of each source names their places; give them other ids, or leave them out",
            ));
        }
        Ok(self.clues.into_values())
    }
}
