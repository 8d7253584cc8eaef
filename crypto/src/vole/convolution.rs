//! One pass of the convolution over a ring, portable. The definition stands in [`super::code`].
//!
//! Eight elements are taken at once. What they do to each other goes step by step; what they do to the 24 behind them is
//! looked up: a later element takes one of the 16 subset sums of the first four and one of the last four.

use super::words::Words;
use crate::Block;
use crate::simd::{self, CodePath};

/// Elements a step adds into at random: those right behind it.
pub(crate) const WINDOW: usize = 24;

/// How far ahead the element stands that takes the step's own, multiplied by alpha.
pub(crate) const REACH: usize = WINDOW + 1;

/// Elements taken at once.
pub(crate) const STRIDE: usize = 8;

/// The mask of a step, from its word and the step's number: bit j is for the element j + 1 behind.
///
/// The word's bits stand where the elements do, counted from the start of the step's eight: so eight words are the rows of
/// a matrix over the 32 elements from there.
pub(crate) const fn mask(word: u32, step: usize) -> u32 {
    word >> (1 + step % STRIDE) & ((1 << WINDOW) - 1)
}

/// The product with alpha = x^3 + 1.
pub(crate) fn times_alpha(block: Block) -> Block {
    block.times_x().times_x().times_x() + block
}

/// The pass with the masks of a key's stream over a ring of `W` vectors, side by side.
pub(super) fn convolve_ring<const W: usize>(path: CodePath, key: Block, ring: &mut [[Block; W]]) {
    let mut words = Words::new(key);
    // The last steps reach round the ring; they are few.
    let straight = (ring.len() - REACH) / STRIDE * STRIDE;
    let mut chunk = [0; CHUNK];
    for start in (0..straight).step_by(CHUNK) {
        let chunk = &mut chunk[..CHUNK.min(straight - start)];
        words.fill(chunk);
        simd::convolve(path, chunk, &mut ring[start..start + chunk.len() + REACH]);
    }
    let rest = &mut chunk[..ring.len() - straight];
    words.fill(rest);
    for (step, word) in (straight..).zip(rest) {
        step_around(ring, step, mask(*word, step));
    }
}

/// One step, by its definition.
fn step_around<const W: usize>(ring: &mut [[Block; W]], step: usize, mask: u32) {
    let (element, len) = (ring[step], ring.len());
    for ahead in 0..WINDOW {
        let bit = (mask >> ahead) as u8;
        add(&mut ring[(step + 1 + ahead) % len], element, |block| block.masked(bit));
    }
    add(&mut ring[(step + REACH) % len], element, times_alpha);
}

/// Portable twin of the kernels: the steps of the words over the first elements of `window`, which is [`REACH`] longer.
pub(crate) fn convolve<const W: usize>(words: &[u32], window: &mut [[Block; W]]) {
    let (eights, rest) = words.as_chunks::<STRIDE>();
    assert!(rest.is_empty() && window.len() == words.len() + REACH, "whole eights and what they reach");
    for (number, words) in eights.iter().enumerate() {
        let window = window[number * STRIDE..].first_chunk_mut().expect("the window is longer than the words");
        convolve_eight(words, window);
    }
}

fn convolve_eight<const W: usize>(words: &[u32; STRIDE], window: &mut [[Block; W]; STRIDE + REACH]) {
    for source in 0..STRIDE {
        let element = window[source];
        for (target, later) in window.iter_mut().enumerate().take(STRIDE).skip(source + 1) {
            let bit = (words[source] >> target) as u8;
            add(later, element, |block| block.masked(bit));
        }
        add(&mut window[source + REACH], element, times_alpha);
    }
    (0..W).for_each(|lane| add_ahead(words, window, lane));
}

/// Adds what eight final elements are to the 24 behind them, for one vector.
fn add_ahead<const W: usize>(words: &[u32; STRIDE], window: &mut [[Block; W]; STRIDE + REACH], lane: usize) {
    let low = subset_sums([0, 1, 2, 3].map(|source| window[source][lane]));
    let high = subset_sums([4, 5, 6, 7].map(|source| window[source][lane]));
    for octet in 1..4 {
        for (place, chosen) in columns(words, octet).into_iter().enumerate() {
            let sum = low[usize::from(chosen & 15)] + high[usize::from(chosen >> 4)];
            window[octet * STRIDE + place][lane] += sum;
        }
    }
}

/// Adds a multiple of an element of each vector to another.
fn add<const W: usize>(target: &mut [Block; W], element: [Block; W], multiple: impl Fn(Block) -> Block) {
    target.iter_mut().zip(element).for_each(|(target, block)| *target += multiple(block));
}

/// For each of eight elements, which sources add into it: bit s for source s.
fn columns(words: &[u32; STRIDE], octet: usize) -> [u8; STRIDE] {
    let mut matrix = 0;
    for (source, word) in words.iter().enumerate() {
        let masked = mask(*word, source) << (1 + source);
        matrix |= u64::from(masked >> (8 * octet) & 0xff) << (8 * source);
    }
    transpose(matrix).to_le_bytes()
}

/// The transpose of an 8 by 8 matrix, a byte a row.
const fn transpose(mut matrix: u64) -> u64 {
    let mut swap = (matrix ^ matrix >> 7) & 0x00aa_00aa_00aa_00aa;
    matrix ^= swap ^ swap << 7;
    swap = (matrix ^ matrix >> 14) & 0x0000_cccc_0000_cccc;
    matrix ^= swap ^ swap << 14;
    swap = (matrix ^ matrix >> 28) & 0x0000_0000_f0f0_f0f0;
    matrix ^ swap ^ swap << 28
}

/// Entry k is the sum of those blocks whose bit in k is set.
fn subset_sums(blocks: [Block; 4]) -> [Block; 16] {
    let mut sums = [Block::ZERO; 16];
    for (bit, block) in blocks.into_iter().enumerate() {
        for subset in 0..1 << bit {
            sums[subset | 1 << bit] = sums[subset] + block;
        }
    }
    sums
}

/// Words made at once: they stay in the first-level cache.
const CHUNK: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prg;

    fn ring<const W: usize>(len: usize) -> Vec<[Block; W]> {
        let mut prg = Prg::new(Block::new(len as u128));
        let mut ring = vec![[Block::ZERO; W]; len];
        prg.fill(ring.as_flattened_mut());
        ring
    }

    /// One pass is every step by its definition, one after the other.
    fn check<const W: usize>(len: usize) {
        let (key, start) = (Block::new(5), ring::<W>(len));
        let mut expected = start.clone();
        let mut words = vec![0; len];
        Words::new(key).fill(&mut words);
        for (step, word) in words.into_iter().enumerate() {
            step_around(&mut expected, step, mask(word, step));
        }
        for path in CodePath::all() {
            let mut convolved = start.clone();
            convolve_ring(path, key, &mut convolved);
            assert!(convolved == expected, "{len} elements on {path:?}");
        }
    }

    #[test]
    fn a_pass_is_its_steps_one_after_the_other() {
        for len in (64..130).chain([CHUNK - 1, CHUNK + 24, CHUNK + 25, CHUNK + 26, 2 * CHUNK + 33, 3 * CHUNK + 40]) {
            check::<1>(len);
            check::<2>(len);
        }
    }

    #[test]
    fn every_kernel_agrees_with_its_portable_twin() {
        for words_len in [0, 8, 16, 24, 32, 40, 248, 1000] {
            let mut words = vec![0; words_len];
            Words::new(Block::new(9)).fill(&mut words);
            check_kernels::<1>(&words);
            check_kernels::<2>(&words);
        }
    }

    fn check_kernels<const W: usize>(words: &[u32]) {
        let mut expected = ring::<W>(words.len() + REACH);
        let start = expected.clone();
        convolve(words, &mut expected);
        for path in CodePath::all() {
            let mut window = start.clone();
            simd::convolve(path, words, &mut window);
            assert!(window == expected, "{} words on {path:?}", words.len());
        }
    }

    #[test]
    fn transposing_swaps_rows_and_columns() {
        for row in 0..8 {
            for column in 0..8 {
                assert_eq!(transpose(1 << (8 * row + column)), 1 << (8 * column + row));
            }
        }
    }
}
