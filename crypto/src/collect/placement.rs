//! One list laid out in a table, and the shares that stand for it.

use core::fmt;

use super::bits::Bits;
use super::field61;
use super::keys::{Insertion, ItemKey};
use super::slot::{SLOTS_MAX, Slot};
use crate::Seed;

/// The shape of all tables of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableParams {
    threshold: u8,
    items_max: u32,
}

impl TableParams {
    /// Tables in which items of at least `threshold` lists are found, of up to `items_max` items each.
    ///
    /// # Errors
    /// If the threshold is not 3 to 15, or the items not 1 to [`ITEMS_MAX`].
    pub const fn new(threshold: u8, items_max: u32) -> Result<Self, BadTableParams> {
        if threshold < 3 || threshold > SLOTS_MAX {
            return Err(BadTableParams::Threshold { threshold });
        }
        if items_max == 0 || items_max > ITEMS_MAX {
            return Err(BadTableParams::Items { items_max });
        }
        Ok(Self { threshold, items_max })
    }

    /// Lists that must hold an item.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Items of one list, at most.
    pub const fn items_max(&self) -> u32 {
        self.items_max
    }

    /// Bins of one table: k for each item.
    pub const fn bins(&self) -> u32 {
        self.threshold as u32 * self.items_max
    }

    /// Tables, in pairs: as many as it takes for a whole execution to miss any item that enough lists hold with less than 2^-40.
    ///
    /// Full lists of all slots have up to 15·M/k such items between them, each of which a pair of tables misses with less than
    /// 2^-4.026 ([`super::miss_probability`]). In integers, so that everyone comes to the same number.
    pub const fn tables(&self) -> u32 {
        let items = (SLOTS_MAX as u32 * self.items_max).div_ceil(self.threshold as u32);
        let bits = MISSED_BITS + items.next_power_of_two().ilog2();
        2 * (1000 * bits).div_ceil(PAIR_MILLIBITS)
    }
}

/// Shapes that tables do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTableParams {
    /// Two lists are served by tags, and more than fifteen there are not.
    #[error("tables find what 3 to {SLOTS_MAX} lists hold, not {threshold}")]
    Threshold {
        /// The number asked for.
        threshold: u8,
    },
    /// No items or too many.
    #[error("tables are for 1 to {ITEMS_MAX} items, not {items_max}")]
    Items {
        /// The number asked for.
        items_max: u32,
    },
}

/// Tables of the greatest execution.
pub const TABLES_MAX: u32 = 32;

/// An execution misses an item with less than 2 to the minus this.
const MISSED_BITS: u32 = 40;

/// Thousandths of a bit by which each pair of tables lowers that.
const PAIR_MILLIBITS: u32 = 4026;

/// Items of one list, at most.
pub const ITEMS_MAX: u32 = 1 << 20;

/// Which item of a list is in which bin of one table.
///
/// In the first of a pair of tables the smaller priority wins a bin in the first insertion and the greater one in the second;
/// in the other table it is the other way round. All items take part in both insertions, and the second fills bins that the
/// first has left empty. Of equal priorities, which 64 bits hardly ever have, the first in the list wins.
#[derive(Clone, PartialEq, Eq)]
pub struct Placement {
    params: TableParams,
    table: u32,
    /// For each bin, twice the item's number plus the number of the insertion, or [`EMPTY`].
    occupants: Vec<u32>,
}

impl Placement {
    /// Lays out a list, without repeated items. It takes the same memory whatever the list is: 4 bytes a bin, and 40 an item
    /// while it works.
    ///
    /// # Panics
    /// If there are more items than the parameters allow, or no such table.
    pub fn of(params: &TableParams, keys: &[ItemKey], table: u32) -> Self {
        assert!(keys.len() <= params.items_max as usize, "a list is within the parameters");
        assert!(table < params.tables(), "there are {} tables", params.tables());
        let (pair, second_of_pair) = (table / 2, (table % 2) as usize);
        let places: Vec<_> = keys
            .iter()
            .map(|key| {
                let places = key.places(pair);
                let bins = places.bins[second_of_pair].map(|word| bin_of(word, params.bins()));
                // Inverted in the second table, so that from here on the smaller one wins in the first insertion.
                (if second_of_pair == 0 { places.priority } else { !places.priority }, bins)
            })
            .collect();
        let mut occupants = vec![EMPTY; params.bins() as usize];
        for (item, (priority, [bin, _])) in (0..).zip(&places) {
            let occupant = &mut occupants[*bin as usize];
            if *occupant == EMPTY || *priority < places[item_of(*occupant)].0 {
                *occupant = occupant_of(item, Insertion::First);
            }
        }
        for (item, (priority, [_, bin])) in (0..).zip(&places) {
            let occupant = &mut occupants[*bin as usize];
            let is_free = *occupant == EMPTY;
            let is_contested = !is_free && insertion_of(*occupant) == Insertion::Second;
            if is_free || (is_contested && *priority > places[item_of(*occupant)].0) {
                *occupant = occupant_of(item, Insertion::Second);
            }
        }
        Self { params: *params, table, occupants }
    }

    /// The shares of a slot: one of each limb for every bin, random ones for empty bins. The seed serves this table alone.
    ///
    /// # Panics
    /// If `keys` is shorter than the list that was laid out.
    pub fn shares(&self, keys: &[ItemKey], slot: Slot, seed: Seed) -> Shares {
        let mut rng = seed.rng();
        let mut limbs = [(); 2].map(|()| Vec::with_capacity(self.occupants.len()));
        for occupant in &self.occupants {
            let shares = match *occupant {
                EMPTY => [(); 2].map(|()| field61::random(&mut rng)),
                taken => keys[item_of(taken)].shares(self.table, insertion_of(taken), self.params.threshold, slot),
            };
            limbs.iter_mut().zip(shares).for_each(|(limb, share)| limb.push(share));
        }
        Shares { limbs }
    }

    /// The items in those bins of this table that are set in `confirmed`, which has a bit for each bin of each table.
    pub fn items_in(&self, confirmed: &Bits) -> impl Iterator<Item = usize> {
        let first = self.table as usize * self.occupants.len();
        let taken = self.occupants.iter().enumerate().filter(|(_, occupant)| **occupant != EMPTY);
        taken.filter(move |(bin, _)| confirmed.is_set(first + bin)).map(|(_, occupant)| item_of(*occupant))
    }

    /// The bins of an item by first and second insertion.
    #[cfg(test)]
    pub(super) fn bins_of(&self, item: u32) -> [Option<usize>; 2] {
        [Insertion::First, Insertion::Second]
            .map(|insertion| self.occupants.iter().position(|occupant| *occupant == occupant_of(item, insertion)))
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Placement(..)")
    }
}

/// What one slot sends of one table: two limbs, each with one share a bin.
#[derive(Clone, PartialEq, Eq)]
pub struct Shares {
    limbs: [Vec<u64>; 2],
}

impl Shares {
    /// The shares of either limb, one a bin.
    pub fn limbs(&self) -> [&[u64]; 2] {
        self.limbs.each_ref().map(Vec::as_slice)
    }

    /// Adds the encoding of a range of bins: the shares of the first limb, then those of the second, eight little-endian
    /// bytes each.
    ///
    /// # Panics
    /// If the range is not one of the table's.
    pub fn encode_into(&self, bins: core::ops::Range<usize>, out: &mut Vec<u8>) {
        out.reserve(2 * 8 * bins.len());
        for limb in &self.limbs {
            out.extend(limb[bins.clone()].iter().flat_map(|share| share.to_le_bytes()));
        }
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shares({} bins)", self.limbs[0].len())
    }
}

/// A bin without an item. The greatest occupant is 2^21 - 1.
const EMPTY: u32 = u32::MAX;

/// A uniform word to a uniform bin: the high half of their product.
fn bin_of(word: u64, bins: u32) -> u32 {
    ((u128::from(word) * u128::from(bins)) >> 64) as u32
}

fn occupant_of(item: u32, insertion: Insertion) -> u32 {
    2 * item + insertion as u32
}

fn item_of(occupant: u32) -> usize {
    occupant as usize / 2
}

fn insertion_of(occupant: u32) -> Insertion {
    if occupant.is_multiple_of(2) { Insertion::First } else { Insertion::Second }
}
