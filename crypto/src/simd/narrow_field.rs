//! The field with PCLMULQDQ, one block a register.
//!
//! A product with f is taken as s·f = s₀·f + s₁·(f·x^64), where s₀ and s₁ are the halves of s and f·x^64 is reduced once. Both
//! summands are below x^192, so what is left to reduce is 64 bits: one more carry-less product with x^7 + x^2 + x + 1.

use core::arch::x86_64::*;
use core::array;

use super::Narrow;
use crate::Block;

impl Narrow {
    #[inline]
    pub(super) fn product(self, a: Block, b: Block) -> Block {
        // SAFETY: a `Narrow` exists only where the features do.
        unsafe { product(a, b) }
    }

    pub(super) fn products(self, a: &[Block], b: &[Block], out: &mut [Block]) {
        // SAFETY: as above.
        unsafe { products(a, b, out) }
    }

    pub(super) fn inner_product(self, a: &[Block], b: &[Block]) -> Block {
        // SAFETY: as above.
        unsafe { inner_product(a, b) }
    }

    pub(super) fn add_scaled(self, acc: &mut [Block], source: &[Block], factor: Block) {
        // SAFETY: as above.
        unsafe { add_scaled(acc, source, factor) }
    }

    pub(super) fn add_polynomial(self, acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
        // SAFETY: as above.
        unsafe { add_polynomial(acc, points, coefficients) }
    }
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn load(block: &Block) -> __m128i {
    // SAFETY: a block is 16 readable bytes, and the load may be unaligned.
    unsafe { _mm_loadu_si128(core::ptr::from_ref(block).cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn store(block: &mut Block, register: __m128i) {
    // SAFETY: a block is 16 writable bytes, each value of which is valid, and the store may be unaligned.
    unsafe { _mm_storeu_si128(core::ptr::from_mut(block).cast(), register) }
}

/// x^128 modulo the field's polynomial.
#[inline]
#[target_feature(enable = "sse2")]
fn tail() -> __m128i {
    _mm_set_epi64x(0, 0x87)
}

/// A factor, ready for products: (f₀, g₀) and (f₁, g₁), where g = f·x^64.
#[derive(Clone, Copy)]
struct Factor {
    low: __m128i,
    high: __m128i,
}

impl Factor {
    #[inline]
    #[target_feature(enable = "pclmulqdq,sse2")]
    fn new(f: __m128i) -> Self {
        let g = _mm_xor_si128(_mm_bslli_si128::<8>(f), _mm_clmulepi64_si128::<0x01>(f, tail()));
        Self { low: _mm_unpacklo_epi64(f, g), high: _mm_unpackhi_epi64(f, g) }
    }

    #[inline]
    #[target_feature(enable = "pclmulqdq,sse2")]
    fn times(self, s: __m128i) -> __m128i {
        let low = _mm_xor_si128(_mm_clmulepi64_si128::<0x00>(s, self.low), _mm_clmulepi64_si128::<0x11>(s, self.low));
        let high =
            _mm_xor_si128(_mm_clmulepi64_si128::<0x00>(s, self.high), _mm_clmulepi64_si128::<0x11>(s, self.high));
        let folded = _mm_clmulepi64_si128::<0x01>(high, tail());
        _mm_xor_si128(_mm_xor_si128(low, _mm_bslli_si128::<8>(high)), folded)
    }
}

#[target_feature(enable = "pclmulqdq,sse2")]
fn product(a: Block, b: Block) -> Block {
    let mut out = Block::ZERO;
    store(&mut out, Factor::new(load(&b)).times(load(&a)));
    out
}

#[target_feature(enable = "pclmulqdq,sse2")]
fn products(a: &[Block], b: &[Block], out: &mut [Block]) {
    for ((a, b), out) in a.iter().zip(b).zip(out) {
        store(out, Factor::new(load(b)).times(load(a)));
    }
}

/// Sums the products unreduced, as low, middle and high 128 bits at x^0, x^64 and x^128, and reduces once.
#[target_feature(enable = "pclmulqdq,sse2")]
fn inner_product(a: &[Block], b: &[Block]) -> Block {
    let mut sums = [_mm_setzero_si128(); 3];
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (load(a), load(b));
        let middle = _mm_xor_si128(_mm_clmulepi64_si128::<0x01>(a, b), _mm_clmulepi64_si128::<0x10>(a, b));
        sums[0] = _mm_xor_si128(sums[0], _mm_clmulepi64_si128::<0x00>(a, b));
        sums[1] = _mm_xor_si128(sums[1], middle);
        sums[2] = _mm_xor_si128(sums[2], _mm_clmulepi64_si128::<0x11>(a, b));
    }
    let mut out = Block::ZERO;
    store(&mut out, reduce(sums));
    out
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse2")]
pub(super) fn reduce([low, middle, high]: [__m128i; 3]) -> __m128i {
    let low = _mm_xor_si128(low, _mm_bslli_si128::<8>(middle));
    let high = _mm_xor_si128(high, _mm_bsrli_si128::<8>(middle));
    // From x^192 down to x^64, then from x^128 down to 1.
    let upper = _mm_clmulepi64_si128::<0x01>(high, tail());
    let high = _mm_xor_si128(high, _mm_bsrli_si128::<8>(upper));
    let low = _mm_xor_si128(low, _mm_bslli_si128::<8>(upper));
    _mm_xor_si128(low, _mm_clmulepi64_si128::<0x00>(high, tail()))
}

#[target_feature(enable = "pclmulqdq,sse2")]
fn add_scaled(acc: &mut [Block], source: &[Block], factor: Block) {
    let factor = Factor::new(load(&factor));
    for (acc, source) in acc.iter_mut().zip(source) {
        let sum = _mm_xor_si128(load(acc), factor.times(load(source)));
        store(acc, sum);
    }
}

/// Four points at a time, as each Horner step waits for the one before.
#[target_feature(enable = "pclmulqdq,sse2")]
fn add_polynomial(acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    let (acc, acc_rest) = acc.as_chunks_mut::<4>();
    let (points, points_rest) = points.as_chunks::<4>();
    for (acc, points) in acc.iter_mut().zip(points) {
        horner(acc, points, coefficients);
    }
    for (acc, point) in acc_rest.iter_mut().zip(points_rest) {
        horner(array::from_mut(acc), array::from_ref(point), coefficients);
    }
}

#[inline]
#[target_feature(enable = "pclmulqdq,sse2")]
fn horner<const N: usize>(acc: &mut [Block; N], points: &[Block; N], coefficients: &[Block]) {
    let mut factors = [Factor { low: _mm_setzero_si128(), high: _mm_setzero_si128() }; N];
    for (factor, point) in factors.iter_mut().zip(points) {
        *factor = Factor::new(load(point));
    }
    let mut sums = [_mm_setzero_si128(); N];
    for coefficient in coefficients.iter().rev() {
        for (sum, factor) in sums.iter_mut().zip(&factors) {
            *sum = factor.times(_mm_xor_si128(*sum, load(coefficient)));
        }
    }
    for (acc, sum) in acc.iter_mut().zip(sums) {
        let sum = _mm_xor_si128(load(acc), sum);
        store(acc, sum);
    }
}
