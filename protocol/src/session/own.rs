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

/// A held set, and the orders in which the parties of a session see it. Drivers with small sets answer from one too.
pub struct HeldItems {
    /// Strictly ascending.
    items: Arc<[Item]>,
    splitter: Splitter,
    orders: BTreeMap<u8, Order>,
}

impl HeldItems {
    /// Of a set that is strictly ascending, as that session deals it.
    pub fn new(items: Arc<[Item]>, session: SessionId) -> Self {
        Self { items, splitter: Splitter::new(&session.0), orders: BTreeMap::new() }
    }

    /// The items of a shard, strictly ascending.
    pub fn shard(&mut self, shard: Shard) -> Arc<[Item]> {
        if shard == Shard::WHOLE {
            return Arc::clone(&self.items);
        }
        let items = Arc::clone(&self.items);
        self.order(shard.bits).shard(shard.index).iter().map(|place| items[*place as usize]).collect()
    }

    fn order(&mut self, bits: u8) -> &Order {
        self.orders.entry(bits).or_insert_with(|| Order::of(&self.splitter, &self.items, bits))
    }

    /// The items at these places, counted over all of 2^bits shards in order; ascending.
    pub fn at(&mut self, bits: u8, places: &[u32]) -> Vec<Item> {
        let set = Arc::clone(&self.items);
        if bits == Shard::WHOLE.bits {
            return places.iter().filter_map(|place| set.get(*place as usize).copied()).collect();
        }
        let order = self.order(bits);
        let in_set = places.iter().filter_map(|place| order.place(*place));
        let mut items: Vec<Item> = in_set.map(|place| set[place as usize]).collect();
        items.sort_unstable();
        items
    }
}
