//! The own set of a side: held in memory, or stored with the driver, which is asked for it shard by shard.
//!
//! A session names its set by size and commitment ([`super::OwnSet`]); where the items are is no business of the peer's.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::psi::{LabelLen, Labels, Loaded, Order, Shard, Splitter};
use crate::{Item, SessionId};

/// This side's set, and where it is.
#[derive(Clone)]
pub enum OwnItems {
    /// Here: strictly ascending.
    Held(Arc<[Item]>),
    /// Here, with a label for each item in their order: for a sender of a protocol that carries labels.
    Labelled(Loaded),
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
            Self::Labelled(_) => "Labelled(..)",
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
    set: Loaded,
    label_len: LabelLen,
    splitter: Splitter,
    orders: BTreeMap<u8, Order>,
}

impl HeldItems {
    /// A set, strictly ascending, with labels of that length if it has any, as that session deals it.
    pub fn new(set: Loaded, label_len: LabelLen, session: SessionId) -> Self {
        Self { set, label_len, splitter: Splitter::new(&session.0), orders: BTreeMap::new() }
    }

    /// The items of a shard, strictly ascending, with their labels.
    pub fn shard(&mut self, shard: Shard) -> Loaded {
        if shard == Shard::WHOLE {
            return self.set.clone();
        }
        let (Loaded { items, labels }, len) = (self.set.clone(), self.label_len.bytes());
        let places = self.order(shard.bits).shard(shard.index).iter().map(|place| *place as usize);
        // Labels that are not there stay away, and the party says so.
        let labels = places.clone().filter_map(|place| labels.get(place * len..(place + 1) * len));
        let labels: Vec<u8> = labels.flatten().copied().collect();
        Loaded { items: places.map(|place| items[place]).collect(), labels: labels.into() }
    }

    /// The items at these places, counted over all of 2^bits shards in order; ascending.
    pub fn at(&mut self, bits: u8, places: &[u32]) -> Vec<Item> {
        self.numbered_at(bits, places).into_iter().map(|(item, _)| item).collect()
    }

    /// The same, and the labels in their order that came in the order of the places.
    pub fn labelled_at(&mut self, bits: u8, places: &[u32], labels: &Labels) -> (Vec<Item>, Labels) {
        let (items, numbers): (Vec<Item>, Vec<usize>) = self.numbered_at(bits, places).into_iter().unzip();
        (items, labels.at(numbers.into_iter()))
    }

    /// The items at these places, ascending, each with its number among the places.
    fn numbered_at(&mut self, bits: u8, places: &[u32]) -> Vec<(Item, usize)> {
        let set = Arc::clone(&self.set.items);
        let order = (bits != Shard::WHOLE.bits).then(|| self.order(bits));
        let in_set = |place: &u32| order.as_ref().map_or(Some(*place), |order| order.place(*place));
        let items = places.iter().map(|place| set.get(in_set(place)? as usize).copied());
        let mut items: Vec<(Item, usize)> = items.zip(0..).filter_map(|(item, number)| Some((item?, number))).collect();
        items.sort_unstable();
        items
    }

    fn order(&mut self, bits: u8) -> &Order {
        let items = &self.set.items;
        self.orders.entry(bits).or_insert_with(|| Order::of(&self.splitter, items, bits))
    }
}
