//! Sizes of a store, from the number of items and the statistical parameter alone.
//!
//! 2022/320, section 3.2 and its implementation's fit for weight 3: peeling with an expansion e leaves a gap larger than the dense
//! columns with probability 2^-λ', where λ' = s·(e - 1.223) - 9.2 and s = 2^(0.555·log2 n + 2.336). The fit was made for
//! n of 2^10 and more and λ' up to about 24, hence the margin of 16 bits here. Unlike there, failures of all bins are united.
//!
//! All arithmetic is by IEEE 754 operations that round correctly (+, -, ·, /, √), so that two machines agree to the last bit.

/// The most items of one store.
pub const ITEMS_MAX: u64 = 1 << 32;

/// The largest statistical parameter.
const LAMBDA_MAX: u32 = 128;

/// Keys of a bin on average, where there is more than one bin.
const BIN_ITEMS: u64 = 1 << 15;

/// Bits of safety for the formula's extrapolation.
const MARGIN: f64 = 16.0;

/// Capacities up to this have as many dense columns as keys: then no system is ever without a solution, as rows of powers
/// of distinct points are independent.
const ALL_DENSE_MAX: u64 = 32;

/// Below this capacity the fit was not made: there are two dense columns more than it asks for.
const FITTED_MIN: u64 = 1 << 10;

/// Sizes of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OkvsParams {
    items: u64,
    bins: usize,
    capacity: usize,
    columns: usize,
    dense: usize,
}

impl OkvsParams {
    /// For so many items, such that encoding fails with probability at most 2^-lambda. No items need what one needs.
    ///
    /// # Panics
    /// If there are more than [`ITEMS_MAX`] items, or lambda is above 128.
    pub fn new(items: u64, lambda: u32) -> Self {
        Self::in_bins_of(items, lambda, BIN_ITEMS)
    }

    /// With so many keys a bin on average, where there is more than one.
    fn in_bins_of(items: u64, lambda: u32, bin_items: u64) -> Self {
        assert!(items <= ITEMS_MAX && lambda <= LAMBDA_MAX, "sizes that the parameters are made for");
        let items = items.max(1);
        let bins = items.div_ceil(bin_items);
        let capacity = bin_capacity(items, bins, lambda);
        // What is left for one bin: half of the failures are those of full bins.
        let target = f64::from(lambda) + 1.0 + log2(bins as f64);
        let expansion = 1.223 + (target + MARGIN + 9.2) / exp2(0.555 * log2(capacity as f64) + 2.336);
        let expanded = expansion * capacity as f64;
        let fitted = (target / log2(expanded)) as u64 + 1;
        let dense = match capacity {
            ..=ALL_DENSE_MAX => capacity,
            _ if capacity < FITTED_MIN => fitted + 2,
            _ => fitted,
        };
        Self::of_sizes(items, bins as usize, capacity as usize, expanded.ceil() as usize, dense as usize)
    }

    /// Sizes as they are, for experiments too.
    pub(super) fn of_sizes(items: u64, bins: usize, capacity: usize, columns: usize, dense: usize) -> Self {
        assert!((3..=usize::from(u16::MAX)).contains(&columns), "three distinct columns of 16 bits each");
        assert!(capacity <= usize::from(u16::MAX), "rows of a bin are 16 bits each");
        Self { items, bins, capacity, columns, dense }
    }

    /// The most keys that are encoded.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The most keys of a bin that are encoded.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sparse columns of a bin.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Dense columns of a bin.
    pub fn dense(&self) -> usize {
        self.dense
    }

    /// Blocks of a bin.
    pub fn bin_len(&self) -> usize {
        self.columns + self.dense
    }

    /// Blocks of the vector.
    #[expect(clippy::len_without_is_empty, reason = "no vector is empty")]
    pub fn len(&self) -> usize {
        self.bins * self.bin_len()
    }
}

/// The smallest c with β·Pr\[Bin(n, 1/β) > c\] at most 2^-(λ+1+log2 β), by the exact distribution: terms relative to the one at the mean,
/// each from its neighbour, divided by the sum of all.
pub fn bin_capacity(items: u64, bins: u64, lambda: u32) -> u64 {
    if bins == 1 {
        return items;
    }
    let (n, others) = (items as f64, (bins - 1) as f64);
    let mode = items / bins;
    let rise = |k: u64| (n - k as f64) / ((k + 1) as f64 * others);
    let above = terms((mode..items).map(rise));
    let below = terms((0..mode).rev().map(|k| 1.0 / rise(k)));
    let total: f64 = 1.0 + above.iter().rev().sum::<f64>() + below.iter().rev().sum::<f64>();
    let allowed = (0..=lambda).fold(total, |share, _| share / 2.0) / (bins as f64 * bins as f64);
    // From the far end, as long as what has been passed is allowed.
    let mut passed = 0.0;
    let kept = above.iter().rposition(|term| {
        passed += term;
        passed > allowed
    });
    mode + kept.map_or(0, |last| last as u64 + 1)
}

/// Running products of ratios, until they no longer count.
fn terms(ratios: impl Iterator<Item = f64>) -> Vec<f64> {
    let products = ratios.scan(1.0, |term, ratio| {
        *term *= ratio;
        Some(*term)
    });
    products.take_while(|term| *term > 1e-200).collect()
}

/// The logarithm to base 2 of a number from 1, bit by bit.
fn log2(x: f64) -> f64 {
    let (mut x, mut whole) = (x, 0.0);
    while x >= 2.0 {
        (x, whole) = (x / 2.0, whole + 1.0);
    }
    let (mut sum, mut bit) = (whole, 1.0);
    for _ in 0..52 {
        (x, bit) = (x * x, bit / 2.0);
        if x >= 2.0 {
            (x, sum) = (x / 2.0, sum + bit);
        }
    }
    sum
}

/// Two to a power that is not negative, by square roots of two.
fn exp2(power: f64) -> f64 {
    let whole = power as u32;
    let (mut fraction, mut root) = (power - f64::from(whole), 2.0_f64);
    let mut product = (0..whole).fold(1.0, |product, _| product * 2.0);
    for _ in 0..52 {
        (fraction, root) = (fraction * 2.0, root.sqrt());
        if fraction >= 1.0 {
            (fraction, product) = (fraction - 1.0, product * root);
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_are_those_of_the_published_table() {
        // Items, bins, capacity, expansion, dense columns, blocks an item.
        for (log_items, bins, capacity, expansion, dense, blocks) in [
            (14, 1, 16_384, 1.283, 3, 1.283),
            (16, 4, 17_222, 1.283, 3, 1.349),
            (18, 16, 17_368, 1.285, 4, 1.362),
            (20, 64, 17_437, 1.286, 4, 1.369),
            (22, 256, 17_486, 1.288, 4, 1.375),
            (24, 1024, 17_529, 1.290, 4, 1.380),
        ] {
            let params = OkvsParams::in_bins_of(1 << log_items, 40, 1 << 14);
            assert_eq!((params.bins(), params.capacity(), params.dense()), (bins, capacity, dense), "2^{log_items}");
            let near = |value: f64, expected: f64| (value - expected).abs() < 0.001;
            assert!(near(params.columns() as f64 / params.capacity() as f64, expansion), "2^{log_items}: {params:?}");
            assert!(near(params.len() as f64 / f64::from(1 << log_items), blocks), "2^{log_items}: {params:?}");
        }
    }

    #[test]
    fn larger_bins_take_fewer_columns_an_item_and_rows_of_16_bits() {
        for log_items in 16..=30 {
            let [small, large] = [1 << 14, BIN_ITEMS].map(|bin| OkvsParams::in_bins_of(1 << log_items, 40, bin));
            assert!(large.len() < small.len() && large.bin_len() <= usize::from(u16::MAX), "2^{log_items}");
        }
    }

    #[test]
    fn logarithms_and_powers_agree_with_the_machine_s() {
        for x in [1.0, 1.5, 2.0, 3.0, 16_384.0, 21_020.7, 1e9] {
            assert!((log2(x) - x.log2()).abs() < 1e-12, "{x}");
        }
        for x in [0.0_f64, 0.5, 1.0, 2.336, 10.106, 12.75] {
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-12, "{x}");
        }
    }

    /// The tail by a sum of logarithms of factorials, which shares no step with the one above.
    fn tail(n: u64, bins: u64, above: u64) -> f64 {
        let ln_factorials: Vec<f64> = (0..=n)
            .scan(0.0, |sum, k| {
                *sum += (k.max(1) as f64).ln();
                Some(*sum)
            })
            .collect();
        let (p, q) = (1.0 / bins as f64, 1.0 - 1.0 / bins as f64);
        let choose = |k: u64| ln_factorials[n as usize] - ln_factorials[k as usize] - ln_factorials[(n - k) as usize];
        (above + 1..=n).map(|k| (choose(k) + k as f64 * p.ln() + (n - k) as f64 * q.ln()).exp()).sum()
    }

    #[test]
    fn a_capacity_is_the_smallest_that_the_tail_allows() {
        for (items, lambda) in [(16_385_u64, 40), (20_000, 40), (50_000, 40), (1 << 18, 40), (1 << 18, 60)] {
            let bins = items.div_ceil(1 << 14);
            let allowed = 0.5_f64.powi(lambda as i32 + 1) / (bins * bins) as f64;
            let found = bin_capacity(items, bins, lambda);
            assert!(tail(items, bins, found) <= allowed, "{items}");
            assert!(tail(items, bins, found - 1) > allowed, "{items}");
        }
    }

    #[test]
    fn sizes_grow_with_items_and_lambda_and_fit_their_integers() {
        let sizes = (0..200).chain((8..=32).flat_map(|log| [(1 << log) - 1, 1 << log])).chain([16_385, ITEMS_MAX]);
        for items in sizes {
            let at = |lambda| OkvsParams::new(items, lambda);
            assert!(at(40).len() <= at(44).len() && at(44).len() <= at(128).len(), "{items}");
            assert!((at(40).capacity() * at(40).bins()) as u64 >= items, "{items}");
            assert!(at(40).columns() >= at(40).capacity().max(3), "{items}");
        }
    }
}
