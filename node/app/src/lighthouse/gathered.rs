//! The clues of all sources: what stands twice is settled.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cwg_protocol::NetworkId;
use cwg_protocol::lighthouse::{Clue, ClueId, settle};

use super::GATHERED_MAX;
use super::contradictions::ItemContradictions;
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
        ItemContradictions::of(self.clues.values(), network, |_| true)
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
