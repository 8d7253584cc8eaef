//! The field over slices, on a path. Slices that belong together have the same length: the callers check it.

use super::{Path, portable};
use crate::Block;

/// The product of two blocks, on the best path.
#[inline]
pub(crate) fn product(a: Block, b: Block) -> Block {
    #[cfg(target_arch = "x86_64")]
    if let Some(narrow) = super::Narrow::detect() {
        return narrow.product(a, b);
    }
    portable::product(a, b)
}

/// `out[i]` = `a[i]` · `b[i]`.
pub(crate) fn products(path: Path, a: &[Block], b: &[Block], out: &mut [Block]) {
    match path {
        Path::Portable => portable::products(a, b, out),
        #[cfg(target_arch = "x86_64")]
        Path::Narrow(narrow) => narrow.products(a, b, out),
        #[cfg(target_arch = "x86_64")]
        Path::Middle(middle) => middle.products(a, b, out),
        #[cfg(target_arch = "x86_64")]
        Path::Wide(wide) => wide.products(a, b, out),
    }
}

/// Σ `a[i]` · `b[i]`.
pub(crate) fn inner_product(path: Path, a: &[Block], b: &[Block]) -> Block {
    match path {
        Path::Portable => portable::inner_product(a, b),
        #[cfg(target_arch = "x86_64")]
        Path::Narrow(narrow) => narrow.inner_product(a, b),
        #[cfg(target_arch = "x86_64")]
        Path::Middle(middle) => middle.inner_product(a, b),
        #[cfg(target_arch = "x86_64")]
        Path::Wide(wide) => wide.inner_product(a, b),
    }
}

/// `acc[i]` += `source[i]` · `factor`.
pub(crate) fn add_scaled(path: Path, acc: &mut [Block], source: &[Block], factor: Block) {
    match path {
        Path::Portable => portable::add_scaled(acc, source, factor),
        #[cfg(target_arch = "x86_64")]
        Path::Narrow(narrow) => narrow.add_scaled(acc, source, factor),
        #[cfg(target_arch = "x86_64")]
        Path::Middle(middle) => middle.add_scaled(acc, source, factor),
        #[cfg(target_arch = "x86_64")]
        Path::Wide(wide) => wide.add_scaled(acc, source, factor),
    }
}

/// `acc[i]` += Σ `points[i]`^(j+1) · `coefficients[j]`.
pub(crate) fn add_polynomial(path: Path, acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    match path {
        Path::Portable => portable::add_polynomial(acc, points, coefficients),
        #[cfg(target_arch = "x86_64")]
        Path::Narrow(narrow) => narrow.add_polynomial(acc, points, coefficients),
        #[cfg(target_arch = "x86_64")]
        Path::Middle(middle) => middle.add_polynomial(acc, points, coefficients),
        #[cfg(target_arch = "x86_64")]
        Path::Wide(wide) => wide.add_polynomial(acc, points, coefficients),
    }
}
