//! What members may have evaluated under one key: a ledger by member and kind, charged before anything is evaluated.

use std::collections::BTreeMap;

use cwg_crypto::Digest;
use serde::{Deserialize, Serialize};

use super::BatchName;
use crate::indicator::IndicatorKind;
use crate::round::key::KeyPeriod;
use crate::{NodeKey, RunId};

/// Elements evaluated for each member and kind in each period of a key. Probing needs evaluations: this is what bounds it.
#[derive(Debug)]
pub struct Allowance {
    elements_max: u64,
    spent: BTreeMap<(KeyPeriod, NodeKey, IndicatorKind), u64>,
    /// Batches that were charged, of rounds that are not over.
    batches: BTreeMap<(RunId, NodeKey, BatchName), Digest>,
}

/// One entry of the ledger, to be stored before the batch is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The period of the key.
    pub period: KeyPeriod,
    /// The round.
    pub round: RunId,
    /// For whom.
    pub member: NodeKey,
    /// The batch.
    pub batch: BatchName,
    /// The digest of its elements.
    pub digest: Digest,
    /// How many they are.
    pub elements: u32,
}

/// The right to evaluate one batch. It cannot be copied and is used up by the evaluation.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what was charged is spent whether it is used or not"]
pub struct Charged {
    pub(super) batch: BatchName,
    /// To be stored first; none for a batch that was charged before: the same elements again say nothing new.
    pub entry: Option<Charge>,
}

/// Why nothing was charged, and nothing may be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeError {
    /// Beyond the allowance of the period.
    #[error("{asked} elements are asked for where the allowance has {left} left")]
    Over {
        /// Elements asked for.
        asked: u32,
        /// Elements left.
        left: u64,
    },
    /// Other elements under the name of a batch that was charged: a member that lost its seed, or one that probes.
    #[error("other elements are asked for under the name of a batch that was evaluated")]
    OtherElements,
}

impl Allowance {
    /// A ledger in which nothing was spent, with so many elements for each member and kind in a period.
    pub const fn new(elements_max: u64) -> Self {
        Self { elements_max, spent: BTreeMap::new(), batches: BTreeMap::new() }
    }

    /// Charges a batch, unless the very same was charged before.
    ///
    /// # Errors
    /// If the allowance has too few left, or the batch was charged with other elements.
    pub fn charge(&mut self, entry: Charge) -> Result<Charged, ChargeError> {
        match self.batches.get(&(entry.round, entry.member, entry.batch)) {
            Some(known) if *known == entry.digest => return Ok(Charged { batch: entry.batch, entry: None }),
            Some(_) => return Err(ChargeError::OtherElements),
            None => {}
        }
        let left = self.left(entry.period, entry.member, entry.batch.kind);
        if u64::from(entry.elements) > left {
            return Err(ChargeError::Over { asked: entry.elements, left });
        }
        self.restore(&entry);
        Ok(Charged { batch: entry.batch, entry: Some(entry) })
    }

    /// Enters a charge that was stored before a start. It never fails: what was spent is spent.
    pub fn restore(&mut self, entry: &Charge) {
        let spent = self.spent.entry((entry.period, entry.member, entry.batch.kind)).or_default();
        *spent = spent.saturating_add(entry.elements.into());
        self.batches.insert((entry.round, entry.member, entry.batch), entry.digest);
    }

    /// Elements that a member may still have evaluated of a kind.
    pub fn left(&self, period: KeyPeriod, member: NodeKey, kind: IndicatorKind) -> u64 {
        self.elements_max.saturating_sub(self.spent.get(&(period, member, kind)).copied().unwrap_or(0))
    }

    /// Forgets which batches of a round were charged; what they spent stays spent. The round must be over.
    pub fn forget_round(&mut self, round: RunId) {
        self.batches.retain(|(of, ..), _| *of != round);
    }

    /// Forgets periods before this one, whose shares are erased.
    pub fn forget_before(&mut self, period: KeyPeriod) {
        self.spent.retain(|(of, ..), _| *of >= period);
    }
}
