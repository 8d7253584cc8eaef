//! The search of [`agree`] with AVX2: eight bins at once.

use crate::collect::agree;

/// Marks the bins in which any subset of `threshold` lists agrees. See [`agree::mark_agreement`].
pub(crate) fn mark_agreement(slots: &[u8], lists: &[&[u64]], threshold: u8, marks: &mut [bool]) {
    #[cfg(target_arch = "x86_64")]
    if x86::is_available() {
        return x86::mark_agreement(slots, lists, threshold, marks);
    }
    agree::mark_agreement(slots, lists, threshold, marks);
}

/// A function of [`mark_agreement`]'s form.
#[cfg(test)]
pub(crate) type MarkAgreement = fn(&[u8], &[&[u64]], u8, &mut [bool]);

/// Every kernel that this machine can run.
#[cfg(test)]
pub(crate) fn agree_kernels() -> Vec<MarkAgreement> {
    #[cfg(target_arch = "x86_64")]
    if x86::is_available() {
        return vec![x86::mark_agreement];
    }
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;

    use crate::collect::agree::{self, FACTORS};
    use crate::collect::field61::P;

    /// The values of eight bins.
    type Eight = [__m256i; 2];

    const WIDTH: usize = 8;

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
    }

    pub(super) fn mark_agreement(slots: &[u8], lists: &[&[u64]], threshold: u8, marks: &mut [bool]) {
        assert!(is_available(), "the caller asked");
        assert!(slots.len() == lists.len() && lists.len() <= 15 && threshold >= 3, "see the portable twin");
        assert!(slots.is_sorted_by(|a, b| a < b && b - a < 15), "slots are 1 to 15");
        assert!(lists.iter().all(|list| list.len() == marks.len()), "one value a bin");
        let whole = marks.len() / WIDTH * WIDTH;
        // SAFETY: the feature is there, and lengths and slots are as it demands.
        unsafe { mark_eights(slots, lists, threshold, &mut marks[..whole]) };
        let rest: Vec<&[u64]> = lists.iter().map(|list| &list[whole..]).collect();
        agree::mark_agreement(slots, &rest, threshold, &mut marks[whole..]);
    }

    /// # Safety
    /// Needs AVX2; at most fifteen ascending slots of 1 to 15, a list for each, none shorter than `marks`, which is whole eights.
    #[target_feature(enable = "avx2")]
    unsafe fn mark_eights(slots: &[u8], lists: &[&[u64]], threshold: u8, marks: &mut [bool]) {
        let walk = Walk { slots, factors: FACTORS.map(|factor| _mm256_set1_epi64x(factor as i64)) };
        let mut values = [[_mm256_setzero_si256(); 2]; 15];
        for (number, marks) in marks.chunks_exact_mut(WIDTH).enumerate() {
            for (value, list) in values.iter_mut().zip(lists) {
                let bins: *const __m256i = list[WIDTH * number..][..WIDTH].as_ptr().cast();
                // SAFETY: eight words, as the slice just taken says.
                *value = unsafe { [_mm256_loadu_si256(bins), _mm256_loadu_si256(bins.add(1))] };
            }
            let equal = walk.on(&values[..lists.len()], 0, threshold - 2);
            for (half, marks) in equal.iter().zip(marks.chunks_exact_mut(4)) {
                let signs = _mm256_movemask_pd(_mm256_castsi256_pd(*half));
                marks.iter_mut().enumerate().for_each(|(bin, mark)| *mark = signs >> bin & 1 == 1);
            }
        }
    }

    struct Walk<'a> {
        slots: &'a [u8],
        factors: [__m256i; 15],
    }

    impl Walk<'_> {
        /// All ones for each bin in which two slots agree behind this stem or one that it grows into.
        #[target_feature(enable = "avx2")]
        fn on(&self, values: &[Eight], first: usize, steps: u8) -> Eight {
            let mut equal = [_mm256_setzero_si256(); 2];
            if steps == 0 {
                for (at, value) in values.iter().enumerate() {
                    for other in &values[at + 1..] {
                        equal = or(equal, [0, 1].map(|half| _mm256_cmpeq_epi64(value[half], other[half])));
                    }
                }
                return equal;
            }
            let mut next = [equal; 15];
            for (at, chosen) in values.iter().enumerate().take(values.len().saturating_sub(usize::from(steps))) {
                let slots = &self.slots[first + at..];
                let behind = &values[at + 1..];
                for ((next, value), slot) in next.iter_mut().zip(behind).zip(&slots[1..]) {
                    let factor = self.factors[usize::from(slot - slots[0])];
                    *next = [0, 1].map(|half| difference_times(value[half], chosen[half], factor));
                }
                equal = or(equal, self.on(&next[..behind.len()], first + at + 1, steps - 1));
            }
            equal
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn or(a: Eight, b: Eight) -> Eight {
        [_mm256_or_si256(a[0], b[0]), _mm256_or_si256(a[1], b[1])]
    }

    /// (a - b)·c modulo p, from 0 to p - 1, for a and b below p and c below 2^19.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn difference_times(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        let p = _mm256_set1_epi64x(P as i64);
        let difference = _mm256_add_epi64(a, _mm256_sub_epi64(p, b));
        // difference < 2^62: the low product is below 2^51, the high one below 2^49.
        let low = _mm256_mul_epu32(difference, c);
        let high = _mm256_mul_epu32(_mm256_srli_epi64::<32>(difference), c);
        // high·2^32 modulo p: what passes 2^61 comes back at the bottom.
        let wrapped = _mm256_srli_epi64::<29>(high);
        let shifted = _mm256_and_si256(_mm256_slli_epi64::<32>(high), p);
        let sum = _mm256_add_epi64(_mm256_add_epi64(low, wrapped), shifted);
        // sum < 2^61 + 2^52, so one more folding leaves 0 to p, and p is 0.
        let folded = _mm256_add_epi64(_mm256_and_si256(sum, p), _mm256_srli_epi64::<61>(sum));
        _mm256_andnot_si256(_mm256_cmpeq_epi64(folded, p), folded)
    }
}
