//! What a charter says of rounds and of counts, beyond what it says of all runs.

use serde::{Deserialize, Serialize};

use super::Body;
use crate::NodeKey;
use crate::count::NoiseTerms;
use crate::round::limits::UPLOADS_FEWEST;
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedText, BoundedVec};

/// What a charter says of rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundRules {
    /// Members that may hold a share of the key, strictly ascending.
    pub keyholders: BoundedVec<NodeKey, MEMBERS_MAX>,
    /// Keyholders that it takes to evaluate, at least.
    pub threshold: u8,
    /// Uploads without which there is no result, at least.
    pub uploads_min: u8,
    /// Rounds under one key: each keyholder evaluates as many times the items of a session for each member.
    pub rounds_per_key: u16,
    /// The clause under which holders of an item may reveal themselves to each other; none if they may not.
    pub reveals: Option<BoundedText<CLAUSE_LEN_MAX>>,
}

/// What a charter says of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRules {
    /// The noise of every release. Its sensitivity is how many identifiers of one person a list may have.
    pub noise: NoiseTerms,
}

impl RoundRules {
    /// Whether these nodes may hold a key that so many of them evaluate under.
    ///
    /// # Errors
    /// What they may not.
    pub(crate) fn check_holders(&self, holders: &[NodeKey], threshold: u8) -> Result<(), &'static str> {
        if !holders.iter().all(|holder| self.keyholders.contains(holder)) {
            return Err("each keyholder is named as one in the charter");
        }
        if threshold < self.threshold { Err("the charter has more keyholders evaluate together") } else { Ok(()) }
    }
}

/// Checks what a charter says of rounds and counts against the rest of it.
pub(super) fn check(body: &Body) -> Result<(), &'static str> {
    let rule = |holds: bool, text| if holds { Ok(()) } else { Err(text) };
    let has = |run| body.runs.contains(&run);
    rule(has(super::RunKind::Round) == body.rounds.is_some(), "it has rules of rounds exactly if it has rounds")?;
    rule(has(super::RunKind::Count) == body.counts.is_some(), "it has rules of counts exactly if it has counts")?;
    let Some(rounds) = &body.rounds else { return Ok(()) };
    let (members, holders) = (&body.members, &rounds.keyholders);
    rule(holders.iter().all(|holder| members.contains(holder)), "its keyholders are members")?;
    rule(holders.is_sorted_by(|a, b| a < b), "its keyholders are sorted and stand once")?;
    rule((2..=holders.len()).contains(&rounds.threshold.into()), "two keyholders or more evaluate together")?;
    let uploads = usize::from(UPLOADS_FEWEST)..=members.len();
    rule(uploads.contains(&rounds.uploads_min.into()), "a round takes four uploads, and no more than it has members")?;
    rule((1..=ROUNDS_PER_KEY_MAX).contains(&rounds.rounds_per_key), "a key serves 1 to 1000 rounds")?;
    let has_clause = rounds.reveals.as_ref().is_none_or(|clause| !clause.trim().is_empty());
    rule(has_clause, "the clause of reveals is named")
}

/// Bytes of the name of a clause.
pub const CLAUSE_LEN_MAX: usize = 64;

/// Rounds under one key.
pub const ROUNDS_PER_KEY_MAX: u16 = 1_000;
