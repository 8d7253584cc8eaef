//! The convolution of [`crate::vole::Code`] with GFNI and AVX-512.
//!
//! Eight elements are taken at once and turned into 128 bytes, a byte for each bit of the field with one bit for each
//! element. There a matrix of 8 by 8 bits takes eight elements to eight others, and one instruction applies it to 64 bytes.
//! What eight elements do to each other in order is the inverse of a triangular matrix; what they do to the 24 behind them
//! is three more. Multiplication by alpha stays in the elements' own form.

use core::arch::x86_64::*;

use super::WideGfni;
use crate::Block;
use crate::vole::convolution::{REACH, STRIDE, times_alpha};

/// 64 bytes: four elements, or half of the bytes of eight elements' bits.
type Quad = __m512i;

/// Eight elements: 0 to 3 and 4 to 7; or their bits, in an order of its own.
type Eight = [Quad; 2];

impl WideGfni {
    pub(super) fn convolve<const W: usize>(self, words: &[u32], window: &mut [[Block; W]]) {
        assert!(words.len().is_multiple_of(STRIDE) && window.len() == words.len() + REACH, "see the portable twin");
        // SAFETY: a `WideGfni` exists only where the features do, and the lengths are as it demands.
        unsafe { convolve_eights(words, window) }
    }
}

/// What a vector's next elements still have to take in.
#[derive(Clone, Copy)]
struct Pending {
    /// For the next 24 elements, as bits.
    sums: [Eight; 3],
    /// The last four eights times alpha, oldest first.
    multiples: [Eight; 4],
}

/// # Safety
/// Needs what a [`WideGfni`] stands for; `words` in whole eights, and `window` longer by [`REACH`].
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
unsafe fn convolve_eights<const W: usize>(words: &[u32], window: &mut [[Block; W]]) {
    const { assert!(W == 1 || W == 2) };
    let shape = Shape::new();
    let zero = [_mm512_setzero_si512(); 2];
    let mut pending = [Pending { sums: [zero; 3], multiples: [zero; 4] }; W];
    let base = window.as_mut_ptr().cast::<Block>();
    let mut matrices = [[0; 8]; 2];
    for number in 0..words.len() / STRIDE {
        if number % 2 == 0 {
            let both = &words[number * STRIDE..words.len().min((number + 2) * STRIDE)];
            matrices = matrices_of(&shape, both);
        }
        let own = matrices[0][4 * (number % 2)];
        let ahead = matrices[1][4 * (number % 2)..].first_chunk().expect("two matrices of four eights");
        // SAFETY: the eight elements of this number lie in the window.
        let eight = unsafe { base.add(number * STRIDE * W) };
        // SAFETY: as above.
        let mut elements: [Eight; W] = unsafe { load(eight) };
        for (elements, pending) in elements.iter_mut().zip(&mut pending) {
            *elements = step(&shape, *elements, pending, own, ahead);
        }
        // SAFETY: as above.
        unsafe { store(eight, elements) };
    }
    // SAFETY: the window is longer than the words by three eights and more.
    unsafe { flush(&shape, base, words.len(), &pending) };
    for source in words.len().saturating_sub(REACH)..words.len() {
        let element = window[source];
        window[source + REACH].iter_mut().zip(element).for_each(|(target, block)| *target += times_alpha(block));
    }
}

/// Takes in what is pending for eight elements, makes them final, and keeps what they are to later ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
fn step(shape: &Shape, elements: Eight, pending: &mut Pending, own: i64, ahead: &[i64; 4]) -> Eight {
    let [oldest, old, ..] = pending.multiples;
    // The element 25 ahead is one further than three eights.
    let multiples = [_mm512_alignr_epi64(old[0], oldest[1], 6), _mm512_alignr_epi64(old[1], old[0], 6)];
    let bits = add(shape.bits(add(elements, multiples)), pending.sums[0]);
    let bits = apply(own, bits);
    pending.sums = [
        add(pending.sums[1], apply(ahead[1], bits)),
        add(pending.sums[2], apply(ahead[2], bits)),
        apply(ahead[3], bits),
    ];
    let elements = shape.elements(bits);
    let [_, second, third, fourth] = pending.multiples;
    pending.multiples = [second, third, fourth, [shape.times_alpha(elements[0]), shape.times_alpha(elements[1])]];
    elements
}

/// Adds the sums for the 24 elements from `at`.
///
/// # Safety
/// `base` has 24 elements of `W` blocks from `at`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
unsafe fn flush<const W: usize>(shape: &Shape, base: *mut Block, at: usize, pending: &[Pending; W]) {
    for octet in 0..3 {
        // SAFETY: one of three eights from `at`.
        let eight = unsafe { base.add((at + octet * STRIDE) * W) };
        // SAFETY: as above.
        let mut elements: [Eight; W] = unsafe { load(eight) };
        for (elements, pending) in elements.iter_mut().zip(pending) {
            *elements = add(*elements, shape.elements(pending.sums[octet]));
        }
        // SAFETY: as above.
        unsafe { store(eight, elements) };
    }
}

/// For two eights of steps, of which the second may be missing: what each does to itself, in order, and what it does to
/// its own and the three eights behind. Of the first, every fourth is of use.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
fn matrices_of(shape: &Shape, words: &[u32]) -> [[i64; 8]; 2] {
    let mut both = [0; 2 * STRIDE];
    both[..words.len()].copy_from_slice(words);
    // SAFETY: 64 bytes.
    let rows = unsafe { _mm512_loadu_si512(both.as_ptr().cast()) };
    let rows = _mm512_and_si512(rows, shape.bands);
    let transposed = _mm512_permutexvar_epi8(shape.rows, rows);
    let matrices = product(shape.one, transposed);
    // (1 + L)^-1 = (1 + L)(1 + L^2)(1 + L^4), since L^8 = 0. The second factor of a product is given transposed.
    let (square, square_transposed) = (product(matrices, transposed), product(transposed, matrices));
    let fourth_transposed = product(square_transposed, square);
    let inverse = product(plus(shape.one, matrices), plus(shape.one, square_transposed));
    let inverse = product(inverse, plus(shape.one, fourth_transposed));
    let mut lists = [[0; 8]; 2];
    for (list, matrices) in lists.iter_mut().zip([inverse, matrices]) {
        // SAFETY: 64 bytes.
        unsafe { _mm512_storeu_si512(list.as_mut_ptr().cast(), matrices) };
    }
    lists
}

/// Constants, kept in registers.
///
/// A matrix is eight bytes, row i in byte 7-i, as `gf2p8affineqb` has it. The instruction multiplies bytes as columns by a
/// matrix; seen as a product of matrices, it multiplies the first by the transpose of the second.
struct Shape {
    /// The matrix one.
    one: Quad,
    /// The bits of a word that are a mask's.
    bands: Quad,
    /// From two eights of words to eight matrices, the rows of each in reverse.
    rows: Quad,
    /// From four elements to 16 times four bytes, the elements in reverse.
    gather: Quad,
    /// Its inverse.
    scatter: Quad,
    /// What the three bits that leave an element are worth: x^128.
    reduction: Quad,
}

impl Shape {
    #[target_feature(enable = "avx512f")]
    fn new() -> Self {
        Self {
            one: _mm512_set1_epi64(0x0102_0408_1020_4080),
            bands: quad(core::array::from_fn(|byte| {
                ((0x00ff_ffff_u32 << (byte / 4 % 8 + 1)) >> (8 * (byte % 4))) as u8
            })),
            rows: quad(core::array::from_fn(|byte| {
                let (eight, octet, source) = (byte / 32, byte / 8 % 4, 7 - byte % 8);
                (4 * (8 * eight + source) + octet) as u8
            })),
            gather: quad(core::array::from_fn(|byte| (16 * (3 - byte % 4) + byte / 4) as u8)),
            scatter: quad(core::array::from_fn(|byte| (4 * (byte % 16) + 3 - byte / 16) as u8)),
            reduction: _mm512_set1_epi64(0x87),
        }
    }

    /// The bits of eight elements.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
    fn bits(&self, elements: Eight) -> Eight {
        let first = _mm512_permutexvar_epi8(self.gather, elements[0]);
        let last = _mm512_permutexvar_epi8(self.gather, elements[1]);
        let (even, odd) = (_mm512_unpacklo_epi32(last, first), _mm512_unpackhi_epi32(last, first));
        [product(self.one, even), product(self.one, odd)]
    }

    /// The eight elements of these bits.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
    fn elements(&self, bits: Eight) -> Eight {
        let even = _mm512_castsi512_ps(product(self.one, bits[0]));
        let odd = _mm512_castsi512_ps(product(self.one, bits[1]));
        let first = _mm512_castps_si512(_mm512_shuffle_ps(even, odd, 0b11_01_11_01));
        let last = _mm512_castps_si512(_mm512_shuffle_ps(even, odd, 0b10_00_10_00));
        [_mm512_permutexvar_epi8(self.scatter, first), _mm512_permutexvar_epi8(self.scatter, last)]
    }

    /// Four elements times x^3 + 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni,vpclmulqdq")]
    fn times_alpha(&self, elements: Quad) -> Quad {
        let shifted = _mm512_slli_epi64(elements, 3);
        let carried = _mm512_srli_epi64(elements, 61);
        let inner = _mm512_bslli_epi128(carried, 8);
        let outer = _mm512_clmulepi64_epi128(carried, self.reduction, 0x01);
        plus(plus(elements, shifted), plus(inner, outer))
    }
}

/// Every matrix of the first times the transpose of the second's.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,gfni")]
fn product(left: Quad, right_transposed: Quad) -> Quad {
    _mm512_gf2p8affine_epi64_epi8(left, right_transposed, 0)
}

/// A matrix applied to the bits of eight elements.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,gfni")]
fn apply(matrix: i64, bits: Eight) -> Eight {
    let matrix = _mm512_set1_epi64(matrix);
    [product(bits[0], matrix), product(bits[1], matrix)]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn plus(a: Quad, b: Quad) -> Quad {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: Eight, b: Eight) -> Eight {
    [plus(a[0], b[0]), plus(a[1], b[1])]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quad(bytes: [u8; 64]) -> Quad {
    // SAFETY: 64 bytes.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Eight elements of each of `W` vectors that lie side by side.
///
/// # Safety
/// `from` has `8 * W` blocks.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load<const W: usize>(from: *const Block) -> [Eight; W] {
    let mut elements = [[_mm512_setzero_si512(); 2]; W];
    for half in [0, 1] {
        // SAFETY: four elements of each vector, of eight.
        let at = unsafe { from.add(half * 4 * W) }.cast::<Quad>();
        // SAFETY: as above.
        let first = unsafe { _mm512_loadu_si512(at.cast()) };
        if W == 1 {
            elements[0][half] = first;
        } else {
            // SAFETY: with two vectors, the other half of eight blocks.
            let second = unsafe { _mm512_loadu_si512(at.add(1).cast()) };
            elements[0][half] = _mm512_shuffle_i64x2(first, second, 0b10_00_10_00);
            elements[1][half] = _mm512_shuffle_i64x2(first, second, 0b11_01_11_01);
        }
    }
    elements
}

/// The inverse of [`load`].
///
/// # Safety
/// `to` has room for `8 * W` blocks.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store<const W: usize>(to: *mut Block, elements: [Eight; W]) {
    for half in [0, 1] {
        // SAFETY: four elements of each vector, of eight.
        let at = unsafe { to.add(half * 4 * W) }.cast::<Quad>();
        if W == 1 {
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(at.cast(), elements[0][half]) };
        } else {
            let (first, second) = (elements[0][half], elements[1][half]);
            let low = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second);
            let high = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), second);
            // SAFETY: as above, and with two vectors twice the blocks.
            unsafe { _mm512_storeu_si512(at.cast(), low) };
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(at.add(1).cast(), high) };
        }
    }
}
