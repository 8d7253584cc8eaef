//! The own set of a side: held in memory, or stored with the driver, which is asked for it shard by shard.
//!
//! A session names its set by size and commitment ([`super::OwnSet`]); where the items are is no business of the peer's.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::psi::{Order, Shard, Splitter};
use crate::{Item, SessionId};

/// This side's set, and where it is.
#[derive(Clone)]
pub enum OwnItems {
    /// Here: strictly ascending.
    Held(Arc<[Item]>),
    /// With the driver: each shard is asked for when it is needed.
    Stored,
}

/// What both sides hold, as this side may learn it.
#[derive(Clone, PartialEq, Eq)]
pub enum Matches {
    /// Of a held set: the items, ascending.
    Items(Vec<Item>),
    /// Of a stored set: where the items are.
    Places {
        /// Into how many shards the set was dealt, as a number of bits.
        bits: u8,
        /// Places counted over all shards in order, ascending.
        places: Vec<u32>,
    },
}

impl Matches {
    /// How many items matched.
    pub fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Places { places, .. } => places.len(),
        }
    }

    /// Whether nothing matched.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where the items are; nothing of them.
impl fmt::Debug for OwnItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held(_) => "Held(..)",
            Self::Stored => "Stored",
        })
    }
}

/// How many matches there are is an output too: it is not printed.
impl fmt::Debug for Matches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Items(_) => "Items(..)",
            Self::Places { .. } => "Places(..)",
        })
    }
}

/// A held set, and the orders in which parties see it.
pub(super) struct HeldItems {
    /// Strictly ascending.
    items: Arc<[Item]>,
    splitter: Splitter,
    orders: BTreeMap<u8, Order>,
}

impl HeldItems {
    pub(super) fn new(items: Arc<[Item]>, session: SessionId) -> Self {
        Self { items, splitter: Splitter::new(&session.0), orders: BTreeMap::new() }
    }

    pub(super) fn shard(&mut self, shard: Shard) -> Arc<[Item]> {
        if shard == Shard::WHOLE {
            return Arc::clone(&self.items);
        }
        let order = self.orders.entry(shard.bits).or_insert_with(|| Order::of(&self.splitter, &self.items, shard.bits));
        order.shard(shard.index).iter().map(|place| self.items[*place as usize]).collect()
    }

    /// The items at these places of an order, ascending.
    pub(super) fn at(&self, bits: u8, places: &[u32]) -> Vec<Item> {
        let order = self.orders.get(&bits);
        let in_set = places.iter().filter_map(|place| order.map_or(Some(*place), |order| order.place(*place)));
        let mut items: Vec<Item> = in_set.filter_map(|place| self.items.get(place as usize).copied()).collect();
        items.sort_unstable();
        items
    }
}
