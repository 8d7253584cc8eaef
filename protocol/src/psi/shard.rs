//! Dealing a set into shards, so that a set of any size passes through memory a piece at a time.

use cwg_crypto::{Block, Domain, Mmo, derive_public};

use crate::Item;

/// A part of a set: the items whose hash under the session's key begins with these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard {
    /// How many bits; the set has 2^bits shards.
    pub bits: u8,
    /// Their value.
    pub index: u32,
}

impl Shard {
    /// The whole set.
    pub const WHOLE: Self = Self { bits: 0, index: 0 };
}

/// Deals items into shards by a hash under the session's key: whoever chose an identifier could not choose its shard, and
/// the shards of two sessions have nothing to do with each other.
#[derive(Debug)]
pub struct Splitter(Mmo);

impl Splitter {
    /// For the session of this name.
    pub fn new(session: &[u8; 32]) -> Self {
        Self(Mmo::new(derive_public(Domain::Shards, &[session]).first_half()))
    }

    /// For each item the number of its shard among 2^bits.
    ///
    /// # Panics
    /// If the slices differ in length, or there are more than 32 bits.
    pub fn split(&self, items: &[Item], bits: u8, shards: &mut [u32]) {
        assert!(items.len() == shards.len() && bits <= 32, "a number for each item, of at most 32 bits");
        let mut hashes = [Block::ZERO; 64];
        for (items, shards) in items.chunks(hashes.len()).zip(shards.chunks_mut(64)) {
            let hashes = &mut hashes[..items.len()];
            hashes.iter_mut().zip(items).for_each(|(hash, item)| *hash = item.block());
            self.0.hash_in_place(hashes);
            for (shard, hash) in shards.iter_mut().zip(&*hashes) {
                *shard = ((hash.number() >> 96) as u64 >> (32 - bits)) as u32;
            }
        }
    }
}

/// The places of a set's items, shard after shard, each ascending.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    places: Vec<u32>,
    /// Where each shard starts, and the end.
    starts: Vec<u32>,
}

impl Order {
    pub(crate) fn of(splitter: &Splitter, items: &[Item], bits: u8) -> Self {
        let mut shards = vec![0; items.len()];
        splitter.split(items, bits, &mut shards);
        let mut starts = vec![0; (1 << bits) + 1];
        shards.iter().for_each(|shard| starts[*shard as usize + 1] += 1);
        for shard in 1..starts.len() {
            starts[shard] += starts[shard - 1];
        }
        let mut next = starts.clone();
        let mut places = vec![0; items.len()];
        for (place, shard) in (0u32..).zip(&shards) {
            let slot = &mut next[*shard as usize];
            places[*slot as usize] = place;
            *slot += 1;
        }
        Self { places, starts }
    }

    /// Places of the items of one shard.
    pub(crate) fn shard(&self, index: u32) -> &[u32] {
        let range = self.starts[index as usize]..self.starts[index as usize + 1];
        &self.places[range.start as usize..range.end as usize]
    }

    /// The place in the set of the item at that place in this order.
    pub(crate) fn place(&self, place: u32) -> Option<u32> {
        self.places.get(place as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: u32) -> Vec<Item> {
        let mut items: Vec<Item> = (0..count).map(|n| Item::of_line(&n.to_le_bytes())).collect();
        items.sort_unstable();
        items
    }

    #[test]
    fn shards_are_a_partition_and_refine_each_other() {
        let splitter = Splitter::new(&[1; 32]);
        let items = items(1000);
        let (mut coarse, mut fine) = (vec![0; items.len()], vec![0; items.len()]);
        splitter.split(&items, 2, &mut coarse);
        splitter.split(&items, 5, &mut fine);
        assert!(coarse.iter().zip(&fine).all(|(coarse, fine)| *coarse == fine >> 3));
        let order = Order::of(&splitter, &items, 2);
        let mut places: Vec<u32> = Vec::new();
        for shard in 0..4 {
            assert!(order.shard(shard).is_sorted(), "a shard keeps the order of the set");
            assert!(order.shard(shard).iter().all(|place| coarse[*place as usize] == shard));
            assert!(order.shard(shard).len() > 150, "shards are of about a size");
            places.extend(order.shard(shard));
        }
        places.sort_unstable();
        assert!(places.into_iter().eq(0..1000));
    }

    #[test]
    fn the_whole_set_is_one_shard_in_its_own_order() {
        let items = items(100);
        let order = Order::of(&Splitter::new(&[1; 32]), &items, 0);
        assert!(order.shard(0).iter().copied().eq(0..100));
    }

    #[test]
    fn another_session_deals_otherwise() {
        let items = items(64);
        let deal = |session: u8| {
            let mut shards = vec![0; items.len()];
            Splitter::new(&[session; 32]).split(&items, 8, &mut shards);
            shards
        };
        assert_ne!(deal(1), deal(2));
    }
}
