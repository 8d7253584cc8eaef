//! The sums of [`crate::vole::Code`]'s expander, with AVX2 and with elements fetched ahead.

use core::ops::Range;

use crate::Block;
use crate::vole::expander::{self, TermWords};

/// Adds to each output the elements that its words draw, and leaves anything in their place. See [`expander::gather`].
pub(crate) fn gather<const W: usize>(
    words: &mut [TermWords],
    ranges: &[Range<usize>],
    source: &[[Block; W]],
    outputs: &mut [[Block; W]],
) {
    #[cfg(target_arch = "x86_64")]
    if x86::is_available() {
        return x86::gather(words, ranges, source, outputs);
    }
    expander::gather(words, ranges, source, outputs);
}

/// A function of [`gather`]'s form.
#[cfg(test)]
pub(crate) type Gather<const W: usize> = fn(&mut [TermWords], &[Range<usize>], &[[Block; W]], &mut [[Block; W]]);

/// Every kernel that this machine can run.
#[cfg(test)]
pub(crate) fn gather_kernels<const W: usize>() -> Vec<Gather<W>> {
    #[cfg(target_arch = "x86_64")]
    if x86::is_available() {
        return vec![x86::gather];
    }
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;
    use core::ops::Range;

    use crate::Block;
    use crate::vole::expander::{CHUNK, TermWords, drawn};

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
    }

    pub(super) fn gather<const W: usize>(
        words: &mut [TermWords],
        ranges: &[Range<usize>],
        source: &[[Block; W]],
        outputs: &mut [[Block; W]],
    ) {
        assert!(is_available(), "the caller asked");
        assert!(outputs.len() <= CHUNK && words.len() == ranges.len(), "see the portable twin");
        assert!(
            ranges.iter().all(|range| range.start < range.end && range.end <= source.len()),
            "ranges of the source"
        );
        assert!(u32::try_from(source.len()).is_ok(), "a place is a word");
        // SAFETY: the feature is there, and lengths and ranges are as it demands.
        unsafe { gather_chunk(words, ranges, source, outputs) }
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
}
