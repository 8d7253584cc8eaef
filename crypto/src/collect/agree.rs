//! Which k of up to fifteen values lie on one polynomial of degree k - 2, for k of 3 and above.
//!
//! Take the first k - 2 of the k slots and call them the stem. For each other slot j let D(j) be the divided difference of the
//! values at the stem and j: the leading coefficient of the polynomial through these k - 1 values. The values at the stem and
//! at j and l are on one polynomial if and only if D(j) = D(l). So the search walks all stems, keeps the divided differences
//! of all slots behind each, and compares: there is no multiplication for a subset of k, only for one of fewer.
//!
//! A step from stem s to stem s, i is D(j) to (D(j) - D(i))/(j - i). The divisions are of numbers up to 14, and what is compared
//! has always been through the same number of steps; so each step multiplies by L/(j - i) instead, for L the least common
//! multiple of 1 to 14: a factor of 19 bits.

use super::field61::{P, difference_times};

/// L/d for each difference d of two slots; the first one stands for no difference.
pub(crate) const FACTORS: [u64; 15] = {
    // The least common multiple of 1 to 14.
    const L: u64 = 360_360;
    let mut factors = [0; 15];
    let mut d = 1;
    while d < 15 {
        assert!(L.is_multiple_of(d as u64));
        factors[d] = L / d as u64;
        d += 1;
    }
    factors
};

/// Calls `found` with every subset of `threshold` places whose values agree, as a set of bits.
///
/// `slots` are ascending, one for each of at most fifteen values below p.
pub(crate) fn subsets_in_agreement(slots: &[u8], values: &[u64], threshold: u8, found: &mut impl FnMut(u16)) {
    assert!(slots.len() == values.len() && slots.len() <= 15 && threshold >= 3, "the search checked its pieces");
    let walk = Walk { slots, steps: threshold - 2 };
    walk.on(values, 0, 0, walk.steps, found);
}

/// Marks the bins in which any subset of `threshold` lists agrees: the portable twin of the kernels.
///
/// `lists` has one list a slot, all as long as `marks`, of values below p.
pub(crate) fn mark_agreement(slots: &[u8], lists: &[&[u64]], threshold: u8, marks: &mut [bool]) {
    let mut values = [0; 15];
    let values = &mut values[..lists.len()];
    for (bin, mark) in marks.iter_mut().enumerate() {
        values.iter_mut().zip(lists).for_each(|(value, list)| *value = list[bin]);
        *mark = false;
        subsets_in_agreement(slots, values, threshold, &mut |_| *mark = true);
    }
}

struct Walk<'a> {
    slots: &'a [u8],
    steps: u8,
}

impl Walk<'_> {
    /// `values` are the divided differences of the slots from `first` on behind a stem, which may grow by `steps` more.
    fn on(&self, values: &[u64], first: usize, stem: u16, steps: u8, found: &mut impl FnMut(u16)) {
        if steps == 0 {
            for (i, value) in values.iter().enumerate() {
                let others = values.iter().enumerate().skip(i + 1).filter(|(_, other)| *other == value);
                others.for_each(|(j, _)| found(stem | 1 << (first + i) | 1 << (first + j)));
            }
            return;
        }
        let mut next = [0; 15];
        // Behind the next of the stem there must be as many slots as there are steps, and one more.
        for (at, chosen) in values.iter().enumerate().take(values.len().saturating_sub(usize::from(steps))) {
            let slots = &self.slots[first + at..];
            let behind = &values[at + 1..];
            for ((next, value), slot) in next.iter_mut().zip(behind).zip(&slots[1..]) {
                *next = difference_times(*value, *chosen, FACTORS[usize::from(slot - slots[0])]);
            }
            self.on(&next[..behind.len()], first + at + 1, stem | 1 << (first + at), steps - 1, found);
        }
    }
}

const _: () = assert!(P == (1 << 61) - 1 && FACTORS[1] < 1 << 19);

#[cfg(test)]
mod tests {
    use rand_core::Rng as _;

    use super::super::field61::{at, random};
    use super::*;
    use crate::Seed;

    /// Whether k values are on one polynomial of degree k - 2, by Lagrange's formula for the coefficient of degree k - 1.
    fn agree_by_lagrange(slots: &[u8], values: &[u64]) -> bool {
        let big = |n: u64| u128::from(n);
        let times = |a: u64, b: u64| (big(a) * big(b) % big(P)) as u64;
        let power = |base: u64, exponent: u64| {
            (0..61).rev().fold(1, |sum, bit| {
                let square = times(sum, sum);
                if exponent >> bit & 1 == 1 { times(square, base) } else { square }
            })
        };
        let sum = slots.iter().zip(values).fold(0, |sum, (slot, value)| {
            let others = slots.iter().filter(|other| *other != slot);
            let divisor =
                others.fold(1, |product, other| times(product, (P + u64::from(*slot) - u64::from(*other)) % P));
            (sum + times(*value, power(divisor, P - 2))) % P
        });
        sum == 0
    }

    fn subsets(len: usize, size: u32) -> impl Iterator<Item = u16> {
        (0..1_u32 << len).filter(move |set| set.count_ones() == size).map(|set| set as u16)
    }

    #[test]
    fn the_walk_finds_what_lagrange_finds() {
        let mut rng = Seed::new([1; 32]).rng();
        for threshold in 3..=7_u8 {
            for len in usize::from(threshold)..=9 {
                for _ in 0..4 {
                    let mut slots: Vec<u8> = (1..=15).collect();
                    while slots.len() > len {
                        slots.remove(rng.next_u64() as usize % slots.len());
                    }
                    let holders = rng.next_u64();
                    let coefficients: Vec<_> = (0..threshold - 1).map(|_| random(&mut rng)).collect();
                    let values: Vec<_> = slots
                        .iter()
                        .map(|slot| {
                            if holders >> slot & 1 == 1 {
                                at(&coefficients, u64::from(*slot))
                            } else {
                                random(&mut rng)
                            }
                        })
                        .collect();

                    let mut found = Vec::new();
                    subsets_in_agreement(&slots, &values, threshold, &mut |set| found.push(set));
                    found.sort_unstable();
                    let pick = |set: u16| {
                        let chosen = (0..len).filter(move |at| set >> at & 1 == 1);
                        chosen.map(|at| (slots[at], values[at])).unzip::<_, _, Vec<_>, Vec<_>>()
                    };
                    let mut expected: Vec<_> = subsets(len, threshold.into())
                        .filter(|set| {
                            let (slots, values) = pick(*set);
                            agree_by_lagrange(&slots, &values)
                        })
                        .collect();
                    expected.sort_unstable();
                    assert_eq!(found, expected, "k = {threshold}, slots {slots:?}");
                    let holding = slots.iter().filter(|slot| holders >> **slot & 1 == 1).count();
                    assert_eq!(expected.is_empty(), holding < threshold.into());
                }
            }
        }
    }
}
