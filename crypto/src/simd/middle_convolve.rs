//! The convolution of [`crate::vole::Code`] with AVX2, an element of all vectors a register.
//!
//! Eight elements are taken at once, as two fours. What a four can be to any later element is one of its 16 subset sums, and
//! these stand in a table: an element takes one from each of the two fours of the three eights before its own, and one from
//! the first four of its own eight if it is in the second. Which one, the words say: they are public. Only within a four one
//! element is added to the next under masks.

use core::arch::x86_64::*;

use super::Avx2;
use crate::Block;
use crate::vole::convolution::{REACH, STRIDE, times_alpha};

impl Avx2 {
    pub(super) fn convolve<const W: usize>(self, words: &[u32], window: &mut [[Block; W]]) {
        assert!(words.len().is_multiple_of(STRIDE) && window.len() == words.len() + REACH, "see the portable twin");
        // SAFETY: an `Avx2` exists only where the feature does.
        unsafe { convolve_eights(words, window) }
    }
}

/// Elements whose subset sums are kept together.
const FOUR: usize = 4;

/// The subset sums of a four: entry k is of those elements whose bit in k is set.
type Sums = [__m256i; 1 << FOUR];

/// What eight final elements are to later ones.
#[derive(Clone, Copy)]
struct Eight {
    /// Of the first four and of the last.
    sums: [Sums; 2],
    /// The entry that an element takes of either: those of the own eight, and of the three behind it.
    choices: [[[u8; STRIDE]; 4]; 2],
}

#[target_feature(enable = "avx2")]
fn convolve_eights<const W: usize>(words: &[u32], window: &mut [[Block; W]]) {
    const { assert!(W == 1 || W == 2) };
    let shape = Shape::new();
    let nothing = Eight { sums: [[_mm256_setzero_si256(); 1 << FOUR]; 2], choices: [[[0; STRIDE]; 4]; 2] };
    // Number n stands at n modulo 4.
    let mut eights = [nothing; 4];
    for (number, words) in words.as_chunks::<STRIDE>().0.iter().enumerate() {
        let start = number * STRIDE;
        let mut elements = [_mm256_setzero_si256(); STRIDE];
        for (place, element) in elements.iter_mut().enumerate() {
            *element = _mm256_xor_si256(load(&window[start + place]), due(&eights, number, place));
            if let Some(source) = (start + place).checked_sub(REACH) {
                *element = _mm256_xor_si256(*element, shape.times_alpha(load(&window[source])));
            }
        }
        let eight = &mut eights[number % 4];
        eight.choices = shape.choices(words);
        let [first, last] = elements.as_chunks_mut::<FOUR>().0 else { unreachable!("eight are two fours") };
        settle(first, words[..FOUR].first_chunk().expect("four of eight"), 0);
        eight.sums[0] = subset_sums(first);
        for (element, choice) in last.iter_mut().zip(&eight.choices[0][0][FOUR..]) {
            *element = _mm256_xor_si256(*element, eight.sums[0][usize::from(choice & 15)]);
        }
        settle(last, words[FOUR..].first_chunk().expect("four of eight"), FOUR as i32);
        eight.sums[1] = subset_sums(last);
        for (target, element) in window[start..start + STRIDE].iter_mut().zip(elements) {
            store(target, element);
        }
    }
    flush(&mut eights, nothing, words.len(), window);
}

/// Adds what the last eights are to elements behind the words.
#[target_feature(enable = "avx2")]
fn flush<const W: usize>(eights: &mut [Eight; 4], nothing: Eight, len: usize, window: &mut [[Block; W]]) {
    for number in len / STRIDE..len / STRIDE + 3 {
        for place in 0..STRIDE {
            let target = &mut window[number * STRIDE + place];
            let sum = _mm256_xor_si256(load(target), due(eights, number, place));
            store(target, sum);
        }
        eights[number % 4] = nothing;
    }
    for source in len.saturating_sub(REACH)..len {
        let element = window[source];
        window[source + REACH].iter_mut().zip(element).for_each(|(target, block)| *target += times_alpha(block));
    }
}

/// What the three eights before this one are to the element at a place of it.
#[inline]
#[target_feature(enable = "avx2")]
fn due(eights: &[Eight; 4], number: usize, place: usize) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    // What was final first is added first.
    for octet in [3, 2, 1] {
        let eight = &eights[(number + 4 - octet) % 4];
        for (sums, choices) in eight.sums.iter().zip(&eight.choices) {
            sum = _mm256_xor_si256(sum, sums[usize::from(choices[octet][place] & 15)]);
        }
    }
    sum
}

/// The steps of four elements, as far as they go to each other. In the words, the first of them has this place.
#[inline]
#[target_feature(enable = "avx2")]
fn settle(elements: &mut [__m256i; FOUR], words: &[u32; FOUR], first: i32) {
    for source in 0..FOUR - 1 {
        let word = _mm256_set1_epi32((words[source] >> first) as i32);
        for target in source + 1..FOUR {
            // The bit becomes the sign that the choice goes by.
            let sign = _mm256_castsi256_ps(_mm256_sllv_epi32(word, _mm256_set1_epi32(31 - target as i32)));
            let taken = _mm256_blendv_ps(_mm256_setzero_ps(), _mm256_castsi256_ps(elements[source]), sign);
            elements[target] = _mm256_xor_si256(elements[target], _mm256_castps_si256(taken));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn subset_sums(elements: &[__m256i; FOUR]) -> Sums {
    let mut sums = [_mm256_setzero_si256(); 1 << FOUR];
    for (bit, element) in elements.iter().enumerate() {
        for subset in 0..1 << bit {
            sums[subset | 1 << bit] = _mm256_xor_si256(sums[subset], *element);
        }
    }
    sums
}

/// Constants, kept in registers.
struct Shape {
    /// The bits of a word that are a mask's.
    bands: __m256i,
    /// From four words to four octets, each of four sources.
    octets: __m256i,
    /// Octets of four sources and of four more, side by side.
    join: __m256i,
    /// The top byte of each lane's element, twice, and nothing else.
    top: __m256i,
    /// Nothing for the first of the two, the second half of the products for the second.
    half: __m256i,
    /// For three bits the product with x^128, its first byte and its second.
    products: __m256i,
}

impl Shape {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        let both = |bytes: [u8; 16]| register(core::array::from_fn(|byte| bytes[byte % 16]));
        let product = |bits: usize| (0..3).filter(|bit| bits >> bit & 1 == 1).fold(0, |sum, bit| sum ^ 0x87_u16 << bit);
        Self {
            bands: register(core::array::from_fn(|byte| {
                ((0x00ff_ffff_u32 << (byte / 4 + 1)) >> (8 * (byte % 4))) as u8
            })),
            octets: both(core::array::from_fn(|byte| (4 * (byte % 4) + byte / 4) as u8)),
            join: _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7),
            top: both(core::array::from_fn(|byte| if byte < 2 { 8 } else { 0x80 })),
            half: both(core::array::from_fn(|byte| [0, 8].get(byte).copied().unwrap_or(0x80))),
            products: both(core::array::from_fn(|byte| product(byte % 8).to_le_bytes()[byte / 8])),
        }
    }

    /// For each element of an eight and the three behind it, which of the eight's own elements are added: bit s for the
    /// first four, and for the last.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn choices(&self, words: &[u32; STRIDE]) -> [[[u8; STRIDE]; 4]; 2] {
        // SAFETY: eight words are 32 bytes, and the load may be unaligned.
        let rows = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
        let rows = _mm256_shuffle_epi8(_mm256_and_si256(rows, self.bands), self.octets);
        let matrices = transpose(_mm256_permutevar8x32_epi32(rows, self.join));
        let nibbles = _mm256_set1_epi8(15);
        let halves = [_mm256_and_si256(matrices, nibbles), _mm256_and_si256(_mm256_srli_epi64::<4>(matrices), nibbles)];
        let mut choices = [[[0; STRIDE]; 4]; 2];
        for (choices, half) in choices.iter_mut().zip(halves) {
            // SAFETY: four times eight bytes, and the store may be unaligned.
            unsafe { _mm256_storeu_si256(choices.as_mut_ptr().cast(), half) };
        }
        choices
    }

    /// The product with x^3 + 1 in either lane.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn times_alpha(&self, elements: __m256i) -> __m256i {
        let leaving = _mm256_srli_epi64::<61>(elements);
        let places = _mm256_or_si256(_mm256_shuffle_epi8(leaving, self.top), self.half);
        let reduced = _mm256_shuffle_epi8(self.products, places);
        let shifted = _mm256_xor_si256(_mm256_slli_epi64::<3>(elements), _mm256_bslli_epi128::<8>(leaving));
        _mm256_xor_si256(_mm256_xor_si256(shifted, reduced), elements)
    }
}

/// The transposes of four matrices of 8 by 8 bits, a byte a row: see the portable twin.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(matrices: __m256i) -> __m256i {
    let swap = |matrices, masked: __m256i, back: __m256i| _mm256_xor_si256(matrices, _mm256_xor_si256(masked, back));
    let masked = _mm256_and_si256(
        _mm256_xor_si256(matrices, _mm256_srli_epi64::<7>(matrices)),
        _mm256_set1_epi64x(0x00aa_00aa_00aa_00aa),
    );
    let matrices = swap(matrices, masked, _mm256_slli_epi64::<7>(masked));
    let masked = _mm256_and_si256(
        _mm256_xor_si256(matrices, _mm256_srli_epi64::<14>(matrices)),
        _mm256_set1_epi64x(0x0000_cccc_0000_cccc),
    );
    let matrices = swap(matrices, masked, _mm256_slli_epi64::<14>(masked));
    let masked = _mm256_and_si256(
        _mm256_xor_si256(matrices, _mm256_srli_epi64::<28>(matrices)),
        _mm256_set1_epi64x(0x0000_0000_f0f0_f0f0),
    );
    swap(matrices, masked, _mm256_slli_epi64::<28>(masked))
}

#[inline]
#[target_feature(enable = "avx")]
fn register(bytes: [u8; 32]) -> __m256i {
    // SAFETY: 32 bytes, and the load may be unaligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// An element of each vector; with one vector, the upper lane is zero.
#[inline]
#[target_feature(enable = "avx")]
fn load<const W: usize>(element: &[Block; W]) -> __m256i {
    super::middle_field::load_some(element)
}

/// The inverse of [`load`].
#[inline]
#[target_feature(enable = "avx")]
fn store<const W: usize>(element: &mut [Block; W], register: __m256i) {
    super::middle_field::store_some(element, register);
}
