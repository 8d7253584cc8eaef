//! What members may still have evaluated in a key period: a ledger, charged before the hub evaluates.

use std::collections::BTreeMap;

use super::Period;
use crate::NodeKey;

/// Items evaluated for each member in one period, and how many may be. Probing needs evaluations: this is what bounds it.
#[derive(Debug)]
pub struct Allowance {
    period: Period,
    items_max: u32,
    spent: BTreeMap<NodeKey, u64>,
}

/// The right to one evaluation of so many items. It cannot be copied and is used up by the evaluation.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what was charged is spent whether it is used or not"]
pub struct Charge {
    period: Period,
    items: u32,
}

/// A request beyond the allowance. Nothing was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked} items are asked for where the period's allowance has {left} left")]
pub struct OverAllowance {
    /// Items asked for.
    pub asked: u32,
    /// Items left.
    pub left: u32,
}

impl Allowance {
    /// A ledger in which nothing was spent: `items_max` items a member.
    pub const fn new(period: Period, items_max: u32) -> Self {
        Self { period, items_max, spent: BTreeMap::new() }
    }

    /// The right to evaluate a batch, if so much is left. Before it is used, the caller makes it durable and [enters](Self::enter)
    /// it: a crash must not give items back.
    ///
    /// # Errors
    /// If the allowance has too few left.
    pub fn admit(&self, member: NodeKey, items: u32) -> Result<Charge, OverAllowance> {
        let left = self.left(member);
        if items > left {
            return Err(OverAllowance { asked: items, left });
        }
        Ok(Charge { period: self.period, items })
    }

    /// Enters a charge that was made durable. It never fails: what was spent is spent.
    pub fn enter(&mut self, member: NodeKey, items: u32) {
        let spent = self.spent.entry(member).or_default();
        *spent = spent.saturating_add(items.into());
    }

    /// Items that a member may still have evaluated.
    pub fn left(&self, member: NodeKey) -> u32 {
        let left = u64::from(self.items_max).saturating_sub(self.spent.get(&member).copied().unwrap_or(0));
        u32::try_from(left).expect("no more is left than there was")
    }
}

impl Charge {
    /// The period it holds for.
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Items that may be evaluated.
    pub const fn items(&self) -> u32 {
        self.items
    }
}
