//! The sums of the expander. The definition stands in [`super::code`].
//!
//! A sum draws elements from all over a vector that a core's own cache may not hold. So where that pays, the terms are taken
//! in groups: regions that the cache holds together, then the uniform terms, which are fetched ahead.

use core::ops::Range;

use super::words::Words;
use crate::Block;
use crate::simd::{self, CodePath};

/// What one term of every sum draws from: its key, and where its elements stand.
#[derive(Clone)]
pub(super) struct Term {
    pub(super) key: Block,
    pub(super) range: Range<usize>,
}

/// Outputs whose words are made at once.
pub(crate) const CHUNK: usize = 256;

/// The words of one term for a chunk of outputs.
pub(crate) type TermWords = [u32; CHUNK];

/// The element that a word draws from a range.
pub(crate) const fn drawn(word: u32, range: &Range<usize>) -> usize {
    range.start + ((word as u64 * (range.end - range.start) as u64) >> 32) as usize
}

/// Adds the terms into every output.
pub(super) fn add_terms<const W: usize>(
    path: CodePath,
    terms: &[Term],
    source: &[[Block; W]],
    outputs: &mut [[Block; W]],
) {
    let (regular, uniform) = terms.split_at(terms.len() / 2);
    let near = simd::near_bytes(path);
    if size_of_val(source) <= near {
        return add_group(path, terms, source, outputs);
    }
    let region_bytes = size_of_val(source) / regular.len().max(1);
    for group in regular.chunks((near / region_bytes).max(1)) {
        add_group(path, group, source, outputs);
    }
    add_group(path, uniform, source, outputs);
}

fn add_group<const W: usize>(path: CodePath, terms: &[Term], source: &[[Block; W]], outputs: &mut [[Block; W]]) {
    let mut streams: Vec<_> = terms.iter().map(|term| Words::new(term.key)).collect();
    let mut words = vec![[0; CHUNK]; terms.len()];
    let ranges: Vec<_> = terms.iter().map(|term| term.range.clone()).collect();
    for outputs in outputs.chunks_mut(CHUNK) {
        streams.iter_mut().zip(&mut words).for_each(|(stream, words)| stream.fill(&mut words[..outputs.len()]));
        simd::gather(path, &mut words, &ranges, source, outputs);
    }
}

/// Portable twin of the kernels: adds to each of at most [`CHUNK`] outputs the elements that its words draw.
pub(crate) fn gather<const W: usize>(
    words: &mut [TermWords],
    ranges: &[Range<usize>],
    source: &[[Block; W]],
    outputs: &mut [[Block; W]],
) {
    for (place, output) in outputs.iter_mut().enumerate() {
        for (words, range) in words.iter().zip(ranges) {
            let element = source[drawn(words[place], range)];
            output.iter_mut().zip(element).for_each(|(output, block)| *output += block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prg;

    fn blocks<const W: usize>(len: usize) -> Vec<[Block; W]> {
        let mut blocks = vec![[Block::ZERO; W]; len];
        Prg::new(Block::new(len as u128)).fill(blocks.as_flattened_mut());
        blocks
    }

    fn check_kernels<const W: usize>(source_len: usize, outputs_len: usize, terms: usize) {
        let source = blocks::<W>(source_len);
        let ranges: Vec<_> = (0..terms).map(|term| term..source_len - term).collect();
        let mut words = vec![[u32::MAX; CHUNK]; terms];
        words.iter_mut().zip(3..).for_each(|(words, key)| Words::new(Block::new(key)).fill(&mut words[1..]));
        let mut expected = blocks(outputs_len);
        let start = expected.clone();
        gather(&mut words.clone(), &ranges, &source, &mut expected);
        for path in CodePath::all() {
            let mut outputs = start.clone();
            simd::gather(path, &mut words.clone(), &ranges, &source, &mut outputs);
            assert!(outputs == expected, "{outputs_len} outputs of {terms} terms on {path:?}");
        }
    }

    #[test]
    fn every_kernel_agrees_with_its_portable_twin() {
        for outputs_len in [0, 1, 7, 8, 9, 100, 255, 256] {
            for terms in [0, 1, 2, 7, 21] {
                check_kernels::<1>(64, outputs_len, terms);
                check_kernels::<2>(64, outputs_len, terms);
            }
        }
        // Larger than any cache that would not be fetched ahead.
        check_kernels::<1>(1 << 18, CHUNK, 11);
        check_kernels::<2>(1 << 17, CHUNK, 11);
    }

    #[test]
    fn groups_of_terms_sum_to_all_terms() {
        let (source, start) = (blocks::<2>(40_000), blocks::<2>(300));
        let terms: Vec<_> = (0..21).map(|term| Term { key: Block::new(term), range: 0..40_000 }).collect();
        assert!(size_of_val(&source[..]) > simd::near_bytes(CodePath::Portable), "one group would be no test");
        for path in CodePath::all() {
            let (mut outputs, mut expected) = (start.clone(), start.clone());
            add_terms(path, &terms, &source, &mut outputs);
            add_group(path, &terms, &source, &mut expected);
            assert!(outputs == expected, "{path:?}");
        }
    }

    #[test]
    fn words_draw_the_first_and_the_last_of_a_range() {
        assert_eq!(drawn(0, &(5..9)), 5);
        assert_eq!(drawn(u32::MAX, &(5..9)), 8);
        assert_eq!(drawn(1 << 31, &(5..9)), 7);
    }
}
