//! GF(2^128) over whole slices, by the widest kernels that the machine has.
//!
//! Everything here takes the same time for all values; lengths are not hidden.

use crate::Block;
use crate::simd::{self, Path};

/// Powers that a sum of powers keeps: 4 KiB, beside the values in the first cache.
const POWERS: usize = 256;

/// `out[i]` = `a[i]` · `b[i]`.
///
/// # Panics
/// If the slices differ in length.
pub fn products(a: &[Block], b: &[Block], out: &mut [Block]) {
    assert!(a.len() == b.len() && a.len() == out.len(), "as many products as factors");
    simd::products(Path::best(), a, b, out);
}

/// Σ `a[i]` · `b[i]`.
///
/// # Panics
/// If the slices differ in length.
pub fn inner_product(a: &[Block], b: &[Block]) -> Block {
    assert_eq!(a.len(), b.len(), "one factor for each other");
    simd::inner_product(Path::best(), a, b)
}

/// `acc[i]` += `source[i]` · `factor`.
///
/// # Panics
/// If the slices differ in length.
pub fn add_scaled(acc: &mut [Block], source: &[Block], factor: Block) {
    assert_eq!(acc.len(), source.len(), "one sum a summand");
    simd::add_scaled(Path::best(), acc, source, factor);
}

/// `acc[i]` += Σ `points[i]`^(j+1) · `coefficients[j]`: a polynomial without a constant term at every point.
///
/// # Panics
/// If `acc` and `points` differ in length.
pub fn add_polynomial(acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    assert_eq!(acc.len(), points.len(), "one sum a point");
    simd::add_polynomial(Path::best(), acc, points, coefficients);
}

/// Σ x^(i+1) · `values[i]`.
pub fn power_sum(values: &[Block], x: Block) -> Block {
    let powers = powers(x, values.len().min(POWERS));
    let step = powers.last().copied().unwrap_or(Block::ONE);
    let path = Path::best();
    // Horner over chunks, the last of which may be shorter.
    let chunks = values.chunks(POWERS).rev();
    chunks.fold(Block::ZERO, |sum, chunk| sum * step + simd::inner_product(path, chunk, &powers[..chunk.len()]))
}

/// x, x^2, x^3 and so on.
pub fn powers(x: Block, count: usize) -> Vec<Block> {
    core::iter::successors(Some(x), |power| Some(*power * x)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(count: usize, salt: u128) -> Vec<Block> {
        let mut blocks: Vec<Block> = (0..count as u128).map(|number| Block::new(number + (salt << 64))).collect();
        crate::Mmo::new([3; 16]).hash_in_place(&mut blocks);
        blocks
    }

    #[test]
    fn a_sum_of_powers_is_its_definition() {
        let x = blocks(1, 9)[0];
        for count in (0..40).chain([255, 256, 257, 511, 512, 513, 1000]) {
            let values = blocks(count, 1);
            let (expected, _) = values.iter().fold((Block::ZERO, x), |(sum, power), v| (sum + *v * power, power * x));
            assert!(power_sum(&values, x) == expected, "{count} values");
        }
    }

    #[test]
    fn slices_agree_with_single_products() {
        let (a, b, factor) = (blocks(67, 1), blocks(67, 2), blocks(1, 3)[0]);
        let mut out = vec![Block::ZERO; 67];
        products(&a, &b, &mut out);
        assert!(out.iter().zip(a.iter().zip(&b)).all(|(out, (a, b))| *out == *a * *b));
        assert!(inner_product(&a, &b) == out.iter().fold(Block::ZERO, |sum, product| sum + *product));

        let mut acc = b.clone();
        add_scaled(&mut acc, &a, factor);
        assert!(acc.iter().zip(a.iter().zip(&b)).all(|(acc, (a, b))| *acc == *b + *a * factor));

        let mut acc = b.clone();
        add_polynomial(&mut acc, &a, &[factor, Block::ONE]);
        assert!(acc.iter().zip(a.iter().zip(&b)).all(|(acc, (a, b))| *acc == *b + *a * factor + *a * *a));
    }
}
