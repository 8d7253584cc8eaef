//! From a key to its row: bin, three distinct sparse columns, and the point whose powers are the dense entries.

use core::fmt;

use super::OkvsParams;
use crate::{Block, Domain, Mmo, derive_public};

/// Keys hashed at a time.
pub(super) const BATCH: usize = 64;

/// Keys of the hash that makes rows, from a seed that is drawn after the sets are fixed.
pub struct RowKeys {
    seed: [u8; 32],
    first: Mmo,
    second: Mmo,
    point: Mmo,
}

/// The row of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The bin.
    pub bin: usize,
    /// Three distinct sparse columns of the bin.
    pub columns: [u16; 3],
    /// z: dense column j has the entry z^(j+1).
    pub point: Block,
}

impl RowKeys {
    /// The keys of a seed, which may be public once the keys to encode are chosen.
    pub fn new(seed: &[u8; 32]) -> Self {
        let rows = derive_public(Domain::OkvsRows, &[seed]);
        let dense = derive_public(Domain::OkvsDense, &[seed]);
        let [first, second] = halves(rows.as_bytes());
        let [point, _] = halves(dense.as_bytes());
        Self { seed: *seed, first: Mmo::new(first), second: Mmo::new(second), point: Mmo::new(point) }
    }

    /// The row of one key.
    pub fn row(&self, params: &OkvsParams, key: Block) -> Row {
        let mut hashes = [Block::ZERO; 3];
        for (mmo, hash) in [&self.first, &self.second, &self.point].into_iter().zip(&mut hashes) {
            mmo.hash(&[key], core::array::from_mut(hash));
        }
        let [first, second, point] = hashes;
        Row { bin: bin_of(first, params.bins()), columns: columns_of(first, second, params.columns()), point }
    }

    /// Calls with the place and the bin of every key.
    pub(super) fn each_bin(&self, bins: usize, keys: &[Block], mut found: impl FnMut(usize, usize)) {
        let mut hashes = [Block::ZERO; BATCH];
        for (batch, keys) in keys.chunks(BATCH).enumerate() {
            let hashes = &mut hashes[..keys.len()];
            self.first.hash(keys, hashes);
            for (place, hash) in hashes.iter().enumerate() {
                found(batch * BATCH + place, bin_of(*hash, bins));
            }
        }
    }

    /// Calls with the place and the columns of every key.
    pub(super) fn each_columns(&self, columns: usize, keys: &[Block], mut found: impl FnMut(usize, [u16; 3])) {
        let (mut firsts, mut seconds) = ([Block::ZERO; BATCH], [Block::ZERO; BATCH]);
        for (batch, keys) in keys.chunks(BATCH).enumerate() {
            let (firsts, seconds) = (&mut firsts[..keys.len()], &mut seconds[..keys.len()]);
            self.first.hash(keys, firsts);
            self.second.hash(keys, seconds);
            for (place, (first, second)) in firsts.iter().zip(seconds.iter()).enumerate() {
                found(batch * BATCH + place, columns_of(*first, *second, columns));
            }
        }
    }

    /// The points of the keys.
    pub(super) fn points(&self, keys: &[Block], points: &mut [Block]) {
        self.point.hash(keys, points);
    }
}

impl Clone for RowKeys {
    fn clone(&self) -> Self {
        Self::new(&self.seed)
    }
}

impl fmt::Debug for RowKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKeys(..)")
    }
}

fn halves(bytes: &[u8; 32]) -> [[u8; 16]; 2] {
    core::array::from_fn(|half| core::array::from_fn(|at| bytes[16 * half + at]))
}

/// ⌊word·count / 2^64⌋: near enough to uniform below count for a count of 32 bits.
fn below(word: u64, count: usize) -> usize {
    ((u128::from(word) * count as u128) >> 64) as usize
}

fn bin_of(first: Block, bins: usize) -> usize {
    below(first.number() as u64, bins)
}

/// Each column is drawn from those that are left and moved past the earlier ones.
fn columns_of(first: Block, second: Block, columns: usize) -> [u16; 3] {
    let p0 = below((first.number() >> 64) as u64, columns);
    let mut p1 = below(second.number() as u64, columns - 1);
    let mut p2 = below((second.number() >> 64) as u64, columns - 2);
    p1 += usize::from(p1 >= p0);
    p2 += usize::from(p2 >= p0.min(p1));
    p2 += usize::from(p2 >= p0.max(p1));
    [p0 as u16, p1 as u16, p2 as u16]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_distinct_uniform_and_within_the_bin() {
        let params = OkvsParams::of_sizes(1, 1, 1, 5, 1);
        let keys = RowKeys::new(&[1; 32]);
        let mut seen = std::collections::BTreeMap::<[u16; 3], u32>::new();
        for number in 0..60_000 {
            *seen.entry(keys.row(&params, Block::new(number)).columns).or_default() += 1;
        }
        assert!(seen.keys().all(|[a, b, c]| a != b && b != c && a != c && *a.max(b).max(c) < 5));
        // 5·4·3 ordered triples, 1000 of each expected with a deviation of 31.
        assert_eq!(seen.len(), 60);
        assert!(seen.values().all(|count| (800..1200).contains(count)));
    }

    #[test]
    fn bins_are_uniform() {
        let params = OkvsParams::of_sizes(1, 7, 1, 3, 1);
        let keys = RowKeys::new(&[2; 32]);
        let mut seen = [0; 7];
        for number in 0..70_000 {
            seen[keys.row(&params, Block::new(number)).bin] += 1;
        }
        assert!(seen.iter().all(|count| (9_400..10_600).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_row_depends_on_the_seed() {
        let params = OkvsParams::new(1 << 14, 40);
        let row = |seed| RowKeys::new(&[seed; 32]).row(&params, Block::ONE);
        assert_eq!(row(1), row(1));
        assert!(row(1).columns != row(2).columns && row(1).point != row(2).point);
    }
}
