//! The field with VPCLMULQDQ, two blocks a register. The arithmetic is that of the narrow kernels, lane by lane.

use core::arch::x86_64::*;

use super::{Middle, narrow_field};
use crate::Block;

/// Blocks of a register.
pub(super) const LANES: usize = 2;

impl Middle {
    pub(super) fn products(self, a: &[Block], b: &[Block], out: &mut [Block]) {
        // SAFETY: a `Middle` exists only where the features do.
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
#[target_feature(enable = "avx")]
pub(super) fn load(blocks: &[Block; LANES]) -> __m256i {
    // SAFETY: two blocks are 32 readable bytes, and the load may be unaligned.
    unsafe { _mm256_loadu_si256(core::ptr::from_ref(blocks).cast()) }
}

#[inline]
#[target_feature(enable = "avx")]
pub(super) fn store(blocks: &mut [Block; LANES], register: __m256i) {
    // SAFETY: two blocks are 32 writable bytes, each value of which is valid, and the store may be unaligned.
    unsafe { _mm256_storeu_si256(core::ptr::from_mut(blocks).cast(), register) }
}

/// Up to two blocks; the lanes above them are zero.
#[inline]
#[target_feature(enable = "avx")]
pub(super) fn load_some(blocks: &[Block]) -> __m256i {
    match blocks {
        [] => _mm256_setzero_si256(),
        [block] => _mm256_zextsi128_si256(narrow_field::load(block)),
        [first, second, ..] => load(&[*first, *second]),
    }
}

/// As many lanes as there are blocks, up to two.
#[inline]
#[target_feature(enable = "avx")]
pub(super) fn store_some(blocks: &mut [Block], register: __m256i) {
    match blocks {
        [] => {}
        [block] => narrow_field::store(block, _mm256_castsi256_si128(register)),
        [first, second, ..] => {
            let mut pair = [Block::ZERO; LANES];
            store(&mut pair, register);
            [*first, *second] = pair;
        }
    }
}

/// A block in both lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn broadcast(block: &Block) -> __m256i {
    _mm256_broadcastsi128_si256(narrow_field::load(block))
}

/// The sum of both lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn sum_of_lanes(register: __m256i) -> __m128i {
    _mm_xor_si128(_mm256_castsi256_si128(register), _mm256_extracti128_si256::<1>(register))
}

/// x^128 modulo the field's polynomial, in both lanes.
#[inline]
#[target_feature(enable = "avx")]
fn tail() -> __m256i {
    _mm256_set1_epi64x(0x87)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

/// Two factors, ready for products: see the narrow twin.
#[derive(Clone, Copy)]
struct Factor {
    low: __m256i,
    high: __m256i,
}

impl Factor {
    #[inline]
    #[target_feature(enable = "vpclmulqdq,avx2")]
    fn new(f: __m256i) -> Self {
        let g = _mm256_xor_si256(_mm256_bslli_epi128::<8>(f), _mm256_clmulepi64_epi128::<0x01>(f, tail()));
        Self { low: _mm256_unpacklo_epi64(f, g), high: _mm256_unpackhi_epi64(f, g) }
    }

    #[inline]
    #[target_feature(enable = "vpclmulqdq,avx2")]
    fn times(self, s: __m256i) -> __m256i {
        let high = _mm256_xor_si256(
            _mm256_clmulepi64_epi128::<0x00>(s, self.high),
            _mm256_clmulepi64_epi128::<0x11>(s, self.high),
        );
        let low = xor3(
            _mm256_clmulepi64_epi128::<0x00>(s, self.low),
            _mm256_clmulepi64_epi128::<0x11>(s, self.low),
            _mm256_bslli_epi128::<8>(high),
        );
        _mm256_xor_si256(low, _mm256_clmulepi64_epi128::<0x01>(high, tail()))
    }
}

#[target_feature(enable = "vpclmulqdq,avx2")]
fn products(a: &[Block], b: &[Block], out: &mut [Block]) {
    for ((a, b), out) in a.chunks(LANES).zip(b.chunks(LANES)).zip(out.chunks_mut(LANES)) {
        store_some(out, Factor::new(load_some(b)).times(load_some(a)));
    }
}

/// Two registers at a time, so that sums wait for nothing but products.
#[target_feature(enable = "vpclmulqdq,avx2,pclmulqdq")]
fn inner_product(a: &[Block], b: &[Block]) -> Block {
    let mut sums = [[_mm256_setzero_si256(); 3]; 2];
    let (a_pairs, a_rest) = a.as_chunks::<{ 2 * LANES }>();
    let (b_pairs, b_rest) = b.as_chunks::<{ 2 * LANES }>();
    for (a, b) in a_pairs.iter().zip(b_pairs) {
        let (a, _) = a.as_chunks::<LANES>();
        let (b, _) = b.as_chunks::<LANES>();
        for (half, sums) in sums.iter_mut().enumerate() {
            add_product(sums, load(&a[half]), load(&b[half]));
        }
    }
    for (a, b) in a_rest.chunks(LANES).zip(b_rest.chunks(LANES)) {
        add_product(&mut sums[0], load_some(a), load_some(b));
    }
    let mut out = Block::ZERO;
    let mut total = [_mm_setzero_si128(); 3];
    for (total, (left, right)) in total.iter_mut().zip(sums[0].iter().zip(&sums[1])) {
        *total = sum_of_lanes(_mm256_xor_si256(*left, *right));
    }
    narrow_field::store(&mut out, narrow_field::reduce(total));
    out
}

/// Adds products, unreduced, to their low, middle and high parts.
#[inline]
#[target_feature(enable = "vpclmulqdq,avx2")]
fn add_product(sums: &mut [__m256i; 3], a: __m256i, b: __m256i) {
    sums[0] = _mm256_xor_si256(sums[0], _mm256_clmulepi64_epi128::<0x00>(a, b));
    sums[1] = xor3(sums[1], _mm256_clmulepi64_epi128::<0x01>(a, b), _mm256_clmulepi64_epi128::<0x10>(a, b));
    sums[2] = _mm256_xor_si256(sums[2], _mm256_clmulepi64_epi128::<0x11>(a, b));
}

#[target_feature(enable = "vpclmulqdq,avx2")]
fn add_scaled(acc: &mut [Block], source: &[Block], factor: Block) {
    let factor = Factor::new(broadcast(&factor));
    let (acc, acc_rest) = acc.as_chunks_mut::<LANES>();
    let (source, source_rest) = source.as_chunks::<LANES>();
    for (acc, source) in acc.iter_mut().zip(source) {
        let sum = _mm256_xor_si256(load(acc), factor.times(load(source)));
        store(acc, sum);
    }
    let sum = _mm256_xor_si256(load_some(acc_rest), factor.times(load_some(source_rest)));
    store_some(acc_rest, sum);
}

/// Eight points at a time, as each Horner step waits for the one before.
#[target_feature(enable = "vpclmulqdq,avx2")]
fn add_polynomial(acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    for (acc, points) in acc.chunks_mut(4 * LANES).zip(points.chunks(4 * LANES)) {
        let mut factors = [Factor { low: _mm256_setzero_si256(), high: _mm256_setzero_si256() }; 4];
        for (factor, points) in factors.iter_mut().zip(points.chunks(LANES)) {
            *factor = Factor::new(load_some(points));
        }
        let mut sums = [_mm256_setzero_si256(); 4];
        for coefficient in coefficients.iter().rev() {
            let coefficient = broadcast(coefficient);
            for (sum, factor) in sums.iter_mut().zip(&factors) {
                *sum = factor.times(_mm256_xor_si256(*sum, coefficient));
            }
        }
        for (acc, sum) in acc.chunks_mut(LANES).zip(sums) {
            let sum = _mm256_xor_si256(load_some(acc), sum);
            store_some(acc, sum);
        }
    }
}
