//! What members may still have evaluated in a key period: a ledger, charged before the hub evaluates.

use std::collections::BTreeMap;

use super::Period;
use crate::NodeKey;

/// Items evaluated for each member in each period, and how many may be. Probing needs evaluations: this is what bounds it.
#[derive(Debug)]
pub struct Allowance {
    items_max: u64,
    spent: BTreeMap<(Period, NodeKey), u64>,
}

/// The right to one evaluation of so many items, already charged. It cannot be copied and is used up by the evaluation.
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
    pub left: u64,
}

impl Allowance {
    /// A ledger in which nothing was spent: `items_max` items a member and period.
    pub const fn new(items_max: u64) -> Self {
        Self { items_max, spent: BTreeMap::new() }
    }

    /// Charges a batch. The caller makes the charge durable before it evaluates: a crash must not give items back.
    ///
    /// # Errors
    /// If the allowance has too few left.
    pub fn charge(&mut self, member: NodeKey, period: Period, items: u32) -> Result<Charge, OverAllowance> {
        let left = self.left(member, period);
        if u64::from(items) > left {
            return Err(OverAllowance { asked: items, left });
        }
        self.restore(member, period, items);
        Ok(Charge { period, items })
    }

    /// Enters a charge that was made durable before a start. It never fails: what was spent is spent.
    pub fn restore(&mut self, member: NodeKey, period: Period, items: u32) {
        let spent = self.spent.entry((period, member)).or_default();
        *spent = spent.saturating_add(items.into());
    }

    /// Items that a member may still have evaluated in a period.
    pub fn left(&self, member: NodeKey, period: Period) -> u64 {
        self.items_max.saturating_sub(self.spent.get(&(period, member)).copied().unwrap_or(0))
    }

    /// Forgets periods before this one, whose keys are destroyed.
    pub fn forget_before(&mut self, period: Period) {
        self.spent.retain(|(spent, _), _| *spent >= period);
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
