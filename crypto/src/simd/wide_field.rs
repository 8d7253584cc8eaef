//! The field with VPCLMULQDQ, four blocks a register. The arithmetic is that of the narrow kernels, lane by lane.

use core::arch::x86_64::*;

use super::{Wide, narrow_field};
use crate::Block;

/// Blocks of a register.
pub(super) const LANES: usize = 4;

impl Wide {
    pub(super) fn products(self, a: &[Block], b: &[Block], out: &mut [Block]) {
        // SAFETY: a `Wide` exists only where the features do.
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
#[target_feature(enable = "avx512f")]
pub(super) fn load(blocks: &[Block; LANES]) -> __m512i {
    // SAFETY: four blocks are 64 readable bytes, and the load may be unaligned.
    unsafe { _mm512_loadu_si512(core::ptr::from_ref(blocks).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(blocks: &mut [Block; LANES], register: __m512i) {
    // SAFETY: four blocks are 64 writable bytes, each value of which is valid, and the store may be unaligned.
    unsafe { _mm512_storeu_si512(core::ptr::from_mut(blocks).cast(), register) }
}

/// Up to four blocks; the lanes above them are zero.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_some(blocks: &[Block]) -> __m512i {
    // SAFETY: the mask has two words for each block of the slice and no more than a register's eight.
    unsafe { _mm512_maskz_loadu_epi64(words(blocks.len()), blocks.as_ptr().cast()) }
}

/// As many lanes as there are blocks, up to four.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_some(blocks: &mut [Block], register: __m512i) {
    // SAFETY: the mask has two words for each block of the slice and no more than a register's eight.
    unsafe { _mm512_mask_storeu_epi64(blocks.as_mut_ptr().cast(), words(blocks.len()), register) }
}

/// A mask of the words of so many blocks, at most four.
#[inline]
fn words(blocks: usize) -> __mmask8 {
    ((1_u16 << (2 * blocks.min(LANES))) - 1) as __mmask8
}

/// A block in all lanes.
#[inline]
#[target_feature(enable = "avx512f,sse2")]
pub(super) fn broadcast(block: &Block) -> __m512i {
    _mm512_broadcast_i32x4(narrow_field::load(block))
}

/// The sum of the four lanes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sum_of_lanes(register: __m512i) -> Block {
    let mut lanes = [Block::ZERO; LANES];
    store(&mut lanes, register);
    lanes[0] + lanes[1] + lanes[2] + lanes[3]
}

/// x^128 modulo the field's polynomial, in all lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn tail() -> __m512i {
    _mm512_set1_epi64(0x87)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

/// Four factors, ready for products: see the narrow twin.
#[derive(Clone, Copy)]
struct Factor {
    low: __m512i,
    high: __m512i,
}

impl Factor {
    #[inline]
    #[target_feature(enable = "vpclmulqdq,avx512f,avx512bw")]
    fn new(f: __m512i) -> Self {
        let g = _mm512_xor_si512(_mm512_bslli_epi128::<8>(f), _mm512_clmulepi64_epi128::<0x01>(f, tail()));
        Self { low: _mm512_unpacklo_epi64(f, g), high: _mm512_unpackhi_epi64(f, g) }
    }

    #[inline]
    #[target_feature(enable = "vpclmulqdq,avx512f,avx512bw")]
    fn times(self, s: __m512i) -> __m512i {
        let high = _mm512_xor_si512(
            _mm512_clmulepi64_epi128::<0x00>(s, self.high),
            _mm512_clmulepi64_epi128::<0x11>(s, self.high),
        );
        let low = xor3(
            _mm512_clmulepi64_epi128::<0x00>(s, self.low),
            _mm512_clmulepi64_epi128::<0x11>(s, self.low),
            _mm512_bslli_epi128::<8>(high),
        );
        _mm512_xor_si512(low, _mm512_clmulepi64_epi128::<0x01>(high, tail()))
    }
}

#[target_feature(enable = "vpclmulqdq,avx512f,avx512bw")]
fn products(a: &[Block], b: &[Block], out: &mut [Block]) {
    for ((a, b), out) in a.chunks(LANES).zip(b.chunks(LANES)).zip(out.chunks_mut(LANES)) {
        store_some(out, Factor::new(load_some(b)).times(load_some(a)));
    }
}

/// Two registers at a time, so that sums wait for nothing but products.
#[target_feature(enable = "vpclmulqdq,avx512f,avx512bw,pclmulqdq,sse2")]
fn inner_product(a: &[Block], b: &[Block]) -> Block {
    let mut sums = [[_mm512_setzero_si512(); 3]; 2];
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
        *total = narrow_field::load(&sum_of_lanes(_mm512_xor_si512(*left, *right)));
    }
    narrow_field::store(&mut out, narrow_field::reduce(total));
    out
}

/// Adds products, unreduced, to their low, middle and high parts.
#[inline]
#[target_feature(enable = "vpclmulqdq,avx512f")]
fn add_product(sums: &mut [__m512i; 3], a: __m512i, b: __m512i) {
    sums[0] = _mm512_xor_si512(sums[0], _mm512_clmulepi64_epi128::<0x00>(a, b));
    sums[1] = xor3(sums[1], _mm512_clmulepi64_epi128::<0x01>(a, b), _mm512_clmulepi64_epi128::<0x10>(a, b));
    sums[2] = _mm512_xor_si512(sums[2], _mm512_clmulepi64_epi128::<0x11>(a, b));
}

#[target_feature(enable = "vpclmulqdq,avx512f,avx512bw,sse2")]
fn add_scaled(acc: &mut [Block], source: &[Block], factor: Block) {
    let factor = Factor::new(broadcast(&factor));
    let (acc, acc_rest) = acc.as_chunks_mut::<LANES>();
    let (source, source_rest) = source.as_chunks::<LANES>();
    for (acc, source) in acc.iter_mut().zip(source) {
        let sum = _mm512_xor_si512(load(acc), factor.times(load(source)));
        store(acc, sum);
    }
    let sum = _mm512_xor_si512(load_some(acc_rest), factor.times(load_some(source_rest)));
    store_some(acc_rest, sum);
}

/// Sixteen points at a time, as each Horner step waits for the one before.
#[target_feature(enable = "vpclmulqdq,avx512f,avx512bw,sse2")]
fn add_polynomial(acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    for (acc, points) in acc.chunks_mut(4 * LANES).zip(points.chunks(4 * LANES)) {
        let mut factors = [Factor { low: _mm512_setzero_si512(), high: _mm512_setzero_si512() }; 4];
        for (factor, points) in factors.iter_mut().zip(points.chunks(LANES)) {
            *factor = Factor::new(load_some(points));
        }
        let mut sums = [_mm512_setzero_si512(); 4];
        for coefficient in coefficients.iter().rev() {
            let coefficient = broadcast(coefficient);
            for (sum, factor) in sums.iter_mut().zip(&factors) {
                *sum = factor.times(_mm512_xor_si512(*sum, coefficient));
            }
        }
        for (acc, sum) in acc.chunks_mut(LANES).zip(sums) {
            let sum = _mm512_xor_si512(load_some(acc), sum);
            store_some(acc, sum);
        }
    }
}
