//! Made-up items: 16 random bytes each, some of them of both sides.

use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_protocol::Item;
use rand_core::Rng as _;

/// A multiset of items, as far as a test for equality needs it: their number, and the sum of their first eight bytes.
/// The items are digests, so two sets of one number and one sum are the same set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    number: u64,
    sum: u64,
}

impl Tally {
    /// The tally of these items, in any order.
    pub(crate) fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Self {
        let mut tally = Self::default();
        items.into_iter().for_each(|item| tally.add(item));
        tally
    }

    /// Counts one more.
    pub(crate) fn add(&mut self, item: &Item) {
        self.number += 1;
        self.sum = self.sum.wrapping_add(u64::from_le_bytes(*item.0.first_chunk().expect("an item has 32 bytes")));
    }
}

/// `common` items that every side with this seed has and `own` ones of this side alone, strictly ascending; and the
/// tally of the common ones.
pub(crate) fn made_up(seed: &Seed, side: &str, own: u32, common: u32) -> (Arc<[Item]>, Tally) {
    let mut items: Vec<Item> = each(seed, side, own, common).collect();
    let planted = Tally::of(&items[..common as usize]);
    items.sort_unstable();
    (items.into(), planted)
}

/// The same items as they are made: the common ones first.
pub(crate) fn each(seed: &Seed, side: &str, own: u32, common: u32) -> impl Iterator<Item = Item> {
    let part = |purpose: &str, number: u32| {
        let mut rng = seed.fork(purpose, 0).rng();
        (0..number).map(move |_| {
            let mut value = [0; 16];
            rng.fill_bytes(&mut value);
            Item::of_line(&value)
        })
    };
    part("common", common).chain(part(side, own))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn two_sides_share_the_common_items_and_no_other() {
        let seed = Seed::new([7; 32]);
        let (first, planted) = made_up(&seed, "receiver", 40, 60);
        let (second, same) = made_up(&seed, "sender", 940, 60);
        assert_eq!((first.len(), second.len(), planted), (100, 1000, same));
        assert!(first.is_sorted_by(|a, b| a < b) && second.is_sorted_by(|a, b| a < b));
        let first: BTreeSet<Item> = first.iter().copied().collect();
        let both: Vec<&Item> = second.iter().filter(|item| first.contains(item)).collect();
        assert_eq!(both.len(), 60);
        assert_eq!(Tally::of(both.iter().rev().copied()), planted);
        assert_ne!(Tally::of(both[1..].iter().copied()), planted);
        assert_ne!(Tally::of(both[1..].iter().copied().chain([&Item([1; 32])])), planted);
    }
}
