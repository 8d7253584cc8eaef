//! How often the tables miss an item that enough lists hold.
//!
//! An item is found where all its holders put it into the same bin of a table, by the same insertion. Let its priority be r
//! of 0 to 1, let m be the number of distinct other items that its k holders have between them, and b the number of bins.
//! All bins are independent and uniform, for an item's two insertions too.
//!
//! In a table where the smaller priority wins first, all holders place it
//!
//! * by the first insertion, unless another item with a smaller priority has the same first bin: (1 - r/b)^m;
//! * by the second, which the greater priority wins, unless another item has its first bin there, or has the same second bin
//!   and a greater priority: ((1 - 1/b)·(1 - (1-r)/b))^m;
//! * by both: (1 - 2/b + (1-r)/b²)^m, where its own two bins differ. Where they are one, which happens once in b tables, it is
//!   never placed by the second.
//!
//! The other table of the pair is the same with 1 - r for r. Its bins are independent of the first one's, so a pair misses
//! with the product of both, averaged over r; pairs are independent of each other. Fewer other items are fewer obstacles, and
//! more holders more ways to be found, so the bound with m = k·(M - 1) holds for any lists of up to M items. For large M a
//! pair misses with 0.0614, or 2^-4.026, whatever k is. Fifteen full lists have up to 15·M/k items that k of them hold: so many pairs
//! are made that any of all these is missed with less than 2^-40.

/// The probability that an item of at least k lists is missed, of tables in `pairs` with `bins` bins, if its first k holders
/// have `others` other items between them.
pub fn miss_probability(bins: u64, others: u64, pairs: u32) -> f64 {
    let (b, m) = (bins as f64, others as f64);
    // x is the probability that one given other item is no obstacle, less one: ln_1p keeps its digits.
    let power = |x: f64| (m * x.ln_1p()).exp();
    let table = |r: f64| {
        let first = power(-r / b);
        let second = power(-1.0 / b - (1.0 - r) / b + (1.0 - r) / (b * b));
        let both = power(-2.0 / b + (1.0 - r) / (b * b));
        (1.0 - first) - (1.0 - 1.0 / b) * (second - both)
    };
    // Simpson's rule over r; the integrand is smooth.
    let step = 1.0 / STEPS as f64;
    let sum: f64 = (0..=STEPS)
        .map(|number| {
            let r = f64::from(number) * step;
            let weight = match number {
                0 | STEPS => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * table(r) * table(1.0 - r)
        })
        .sum();
    (sum * step / 3.0).powi(pairs as i32)
}

const STEPS: u32 = 512;

#[cfg(test)]
mod tests {
    use rand_core::Rng as _;

    use super::super::keys::ItemKey;
    use super::super::placement::{Placement, TABLES_MAX, TableParams};
    use super::*;
    use crate::{Digest, Secret32, Seed};

    /// Of one item, and of any of all items that enough of fifteen full lists can hold.
    fn log2_of_miss(threshold: u8, items_max: u32, pairs: u32) -> (f64, f64) {
        let params = TableParams::new(threshold, items_max).unwrap();
        let others = u64::from(threshold) * u64::from(items_max - 1);
        let of_one = miss_probability(params.bins().into(), others, pairs).log2();
        (of_one, of_one + (15.0 * f64::from(items_max) / f64::from(threshold)).log2())
    }

    #[test]
    fn an_execution_misses_any_item_less_than_once_in_2_to_the_40() {
        let mut most = 0;
        for threshold in 3..=15 {
            for items_max in [1, 2, 3, 4, 7, 16, 100, 256, 1000, 4096, 30_000, 100_000, 250_000, 1 << 19, 1 << 20] {
                let tables = TableParams::new(threshold, items_max).unwrap().tables();
                assert!(tables.is_multiple_of(2) && tables <= TABLES_MAX);
                let (_, of_any) = log2_of_miss(threshold, items_max, tables / 2);
                assert!(of_any < -40.0, "k = {threshold}, {items_max} items, {tables} tables: 2^{of_any}");
                let (_, of_fewer) = log2_of_miss(threshold, items_max, tables / 2 - 1);
                assert!(
                    items_max < 1000 || of_fewer > -41.0,
                    "k = {threshold}, {items_max} items: {tables} tables are more than it takes"
                );
                most = most.max(tables);
            }
        }
        assert_eq!(most, TABLES_MAX);
        let (limit, _) = log2_of_miss(3, 1 << 20, 10);
        assert!((limit + 40.2617).abs() < 1e-3, "2^{limit}");
    }

    #[test]
    fn tables_are_as_many_as_the_specification_says() {
        for (threshold, items_max, tables) in [
            (3, 1, 22),
            (3, 1000, 28),
            (3, 100_000, 30),
            (4, 100_000, 30),
            (7, 100_000, 30),
            (3, 1 << 20, 32),
            (15, 1, 20),
        ] {
            assert_eq!(
                TableParams::new(threshold, items_max).unwrap().tables(),
                tables,
                "k = {threshold}, {items_max}"
            );
        }
    }

    /// Misses of the shipped placement, in many small networks of three lists that have one item in common.
    fn measured(pairs: u32, networks: u64) -> f64 {
        let params = TableParams::new(3, 40).unwrap();
        let mut rng = Seed::new([pairs as u8; 32]).rng();
        let mut rho = || {
            let mut rho = [0; 32];
            rng.fill_bytes(&mut rho);
            rho
        };
        let key = |rho| ItemKey::new(&Secret32::new(rho), &Digest::from_bytes([0; 32]));
        let misses = (0..networks).filter(|_| {
            let common = rho();
            let lists = [(); 3].map(|()| {
                let own = (1..40).map(|_| rho());
                [common].into_iter().chain(own).map(key).collect::<Vec<_>>()
            });
            (0..2 * pairs).all(|table| {
                let bins = lists.each_ref().map(|keys| Placement::of(&params, keys, table).bins_of(0));
                let is_found =
                    |at: usize| bins[0][at].is_some() && bins.iter().all(|of_list| of_list[at] == bins[0][at]);
                !is_found(0) && !is_found(1)
            })
        });
        misses.count() as f64 / networks as f64
    }

    #[test]
    fn the_placement_misses_as_often_as_the_bound_says() {
        for (pairs, networks) in [(1, 8_000), (2, 8_000)] {
            let expected = miss_probability(120, 3 * 39, pairs);
            let deviation = (expected / networks as f64).sqrt();
            let measured = measured(pairs, networks);
            assert!(
                (measured - expected).abs() < 4.5 * deviation,
                "{pairs} pairs: {measured} measured, {expected} expected"
            );
        }
    }
}
