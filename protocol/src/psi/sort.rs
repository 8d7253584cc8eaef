//! Sorting values that are uniform: digests, and outputs of pseudo-random functions.
//!
//! They are dealt by their first bits into buckets that fit a first-level cache, and each bucket once more by the next
//! bits into parts of a few, which are sorted by insertion. Any values are sorted rightly; it is only fast for uniform ones.

use core::cmp::Ordering;

/// Values of a bucket on average, at least half of it.
const BUCKET: usize = 1024;

/// A bucket of more is not one of uniform values.
const BUCKET_MAX: usize = 8 * BUCKET;

/// A part of more is not one of uniform values.
const PART_MAX: u16 = 64;

/// Bits by which a bucket is dealt into parts.
const PART_BITS: u32 = 8;

/// How a type is sorted: its first bits agree with its order.
pub trait Uniform: Copy + Default {
    /// The first 64 bits: never descending when sorted.
    fn first_bits(&self) -> u64;

    /// The order.
    fn order(&self, other: &Self) -> Ordering;
}

/// Sorts values in place. Takes their memory once more while it works.
pub fn sort_uniform<T: Uniform>(values: &mut Vec<T>) {
    *values = sort_uniform_lists(vec![core::mem::take(values)], |_| {});
}

/// Sorts the values of all lists into one, and gives it to `visit` piece by piece while each is in a cache.
pub(crate) fn sort_uniform_lists<T: Uniform>(lists: Vec<Vec<T>>, mut visit: impl FnMut(&[T])) -> Vec<T> {
    let count = lists.iter().map(Vec::len).sum::<usize>();
    let bits = (count / BUCKET).max(1).ilog2();
    let common = common_bits(&lists);
    let bucket_of = |value: &T| leading(value.first_bits() << common, bits);
    let mut ends = vec![0_usize; 1 << bits];
    lists.iter().flatten().for_each(|value| ends[bucket_of(value)] += 1);
    let mut next = 0;
    for end in &mut ends {
        next += core::mem::replace(end, next);
    }
    let mut sorted = vec![T::default(); count];
    // One list after the other is given up.
    for list in lists {
        for value in list {
            let end = &mut ends[bucket_of(&value)];
            sorted[*end] = value;
            *end += 1;
        }
    }
    let (mut start, mut room) = (0, Vec::new());
    for end in ends {
        let bucket = &mut sorted[start..end];
        sort_bucket(bucket, common + bits, &mut room);
        visit(bucket);
        start = end;
    }
    sorted
}

/// First bits that all values have in common, of which the rest is uniform; at most so many that a bit is left.
fn common_bits<T: Uniform>(lists: &[Vec<T>]) -> u32 {
    let mut bits = lists.iter().flatten().map(T::first_bits);
    let first = bits.next().unwrap_or(0);
    let different = bits.fold(0, |different, bits| different | (bits ^ first));
    different.leading_zeros().min(u64::BITS - 1)
}

/// Sorts a bucket whose values have that many first bits in common.
fn sort_bucket<T: Uniform>(bucket: &mut [T], bits: u32, room: &mut Vec<T>) {
    let mut ends = [0_u16; 1 << PART_BITS];
    let part_of = |value: &T| leading(value.first_bits().unbounded_shl(bits), PART_BITS);
    if bucket.len() <= BUCKET_MAX {
        bucket.iter().for_each(|value| ends[part_of(value)] += 1);
    }
    if bucket.len() > BUCKET_MAX || ends.iter().any(|count| *count > PART_MAX) {
        return bucket.sort_unstable_by(T::order);
    }
    let mut next = 0;
    for end in &mut ends {
        next += core::mem::replace(end, next);
    }
    room.resize(bucket.len().max(room.len()), T::default());
    for value in &*bucket {
        let end = &mut ends[part_of(value)];
        room[usize::from(*end)] = *value;
        *end += 1;
    }
    // Part after part: no value moves past those of the part before.
    for (place, value) in room[..bucket.len()].iter().enumerate() {
        let mut at = place;
        while at > 0 && bucket[at - 1].order(value).is_gt() {
            bucket[at] = bucket[at - 1];
            at -= 1;
        }
        bucket[at] = *value;
    }
}

fn leading(word: u64, bits: u32) -> usize {
    word.unbounded_shr(u64::BITS - bits) as usize
}

impl Uniform for u128 {
    fn first_bits(&self) -> u64 {
        (self >> 64) as u64
    }

    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

#[cfg(test)]
mod tests {
    use cwg_crypto::{Block, Mmo};

    use super::*;

    fn random(count: usize) -> Vec<u128> {
        let mut blocks: Vec<Block> = (0..count).map(|n| Block::new(n as u128)).collect();
        Mmo::new([1; 16]).hash_in_place(&mut blocks);
        blocks.iter().map(|block| block.number()).collect()
    }

    #[test]
    fn sorting_is_sorting_whatever_the_values() {
        let check = |name: &str, shape: fn(u128) -> u128| {
            for count in [0, 1, 2, 255, 1024, 1025, 5000, 40_000] {
                let mut values: Vec<u128> = random(count).into_iter().map(shape).collect();
                let mut expected = values.clone();
                expected.sort_unstable();
                sort_uniform(&mut values);
                assert!(values == expected, "{count} {name}");
            }
        };
        check("uniform", |value| value);
        check("of few bits", |value| value >> 100);
        check("with a start in common", |value| 77 << 116 | value >> 12);
        check("all equal", |_| 7);
        check("half of them equal", |value| if value & 1 == 0 { 3 << 99 } else { value });
        check("with one first byte", |value| value >> 8);
        check("of eight values", |value| value >> 125 << 125);
    }

    #[test]
    fn lists_are_sorted_into_one_and_its_pieces_are_all_of_it() {
        let values = random(10_000);
        let lists = vec![values[..1].to_vec(), Vec::new(), values[1..7000].to_vec(), values[7000..].to_vec()];
        let mut pieces = Vec::new();
        let sorted = sort_uniform_lists(lists, |piece| pieces.extend_from_slice(piece));
        let mut expected = values;
        expected.sort_unstable();
        assert!(sorted == expected && pieces == expected);
    }
}
