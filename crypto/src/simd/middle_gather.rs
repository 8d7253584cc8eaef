//! The sums of [`crate::vole::Code`]'s expander, with AVX2 and with elements fetched ahead.

use core::arch::x86_64::*;
use core::ops::Range;

use super::Avx2;
use crate::Block;
use crate::vole::expander::{CHUNK, TermWords, drawn};

impl Avx2 {
    pub(super) fn gather<const W: usize>(
        self,
        words: &mut [TermWords],
        ranges: &[Range<usize>],
        source: &[[Block; W]],
        outputs: &mut [[Block; W]],
    ) {
        assert!(outputs.len() <= CHUNK && words.len() == ranges.len(), "see the portable twin");
        assert!(
            ranges.iter().all(|range| range.start < range.end && range.end <= source.len()),
            "ranges of the source"
        );
        assert!(u32::try_from(source.len()).is_ok(), "a place is a word");
        // SAFETY: an `Avx2` exists only where the feature does, and lengths and ranges are as it demands.
        unsafe { gather_chunk(words, ranges, source, outputs) }
    }
}

/// # Safety
/// Needs AVX2; at most [`CHUNK`] outputs; as many ranges as lists of words, none empty and all within the source.
#[target_feature(enable = "avx2")]
unsafe fn gather_chunk<const W: usize>(
    words: &mut [TermWords],
    ranges: &[Range<usize>],
    source: &[[Block; W]],
    outputs: &mut [[Block; W]],
) {
    const { assert!(W == 1 || W == 2) };
    for (words, range) in words.iter_mut().zip(ranges) {
        let range = range.clone();
        words[..outputs.len()].iter_mut().for_each(|word| *word = drawn(*word, &range) as u32);
    }
    let (is_far, len) = (size_of_val(source) > NEAR_BYTES, outputs.len());
    for (number, output) in outputs.iter_mut().enumerate() {
        if is_far && number + AHEAD < len {
            for places in &*words {
                _mm_prefetch(source.as_ptr().wrapping_add(places[number + AHEAD] as usize).cast(), _MM_HINT_T0);
            }
        }
        // SAFETY: a place is within its range, which is within the source.
        unsafe { add_drawn(words, number, source.as_ptr(), output) };
    }
}

/// # Safety
/// Every place with this number is one of the source's.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add_drawn<const W: usize>(
    places: &[TermWords],
    number: usize,
    source: *const [Block; W],
    output: &mut [Block; W],
) {
    if W == 1 {
        let output: *mut __m128i = output.as_mut_ptr().cast();
        // SAFETY: one block.
        let mut sum = unsafe { _mm_loadu_si128(output) };
        for place in places {
            // SAFETY: the caller says so.
            let element = unsafe { _mm_loadu_si128(source.add(place[number] as usize).cast()) };
            sum = _mm_xor_si128(sum, element);
        }
        // SAFETY: one block.
        unsafe { _mm_storeu_si128(output, sum) };
    } else {
        let output: *mut __m256i = output.as_mut_ptr().cast();
        // SAFETY: two blocks.
        let mut sum = unsafe { _mm256_loadu_si256(output) };
        for place in places {
            // SAFETY: the caller says so.
            let element = unsafe { _mm256_loadu_si256(source.add(place[number] as usize).cast()) };
            sum = _mm256_xor_si256(sum, element);
        }
        // SAFETY: two blocks.
        unsafe { _mm256_storeu_si256(output, sum) };
    }
}

/// Outputs between fetching an element and adding it.
const AHEAD: usize = 8;

/// A source of this size is taken to stand in the second-level cache.
const NEAR_BYTES: usize = 2 << 20;
