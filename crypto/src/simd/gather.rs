//! The sums of [`crate::vole::Code`]'s expander, on a path.

use core::ops::Range;

use super::CodePath;
use crate::Block;
use crate::vole::expander::{self, TermWords};

/// Adds to each output the elements that its words draw, and leaves anything in their place. See [`expander::gather`].
pub(crate) fn gather<const W: usize>(
    path: CodePath,
    words: &mut [TermWords],
    ranges: &[Range<usize>],
    source: &[[Block; W]],
    outputs: &mut [[Block; W]],
) {
    match path {
        CodePath::Portable => expander::gather(words, ranges, source, outputs),
        #[cfg(target_arch = "x86_64")]
        CodePath::Middle(middle) | CodePath::Wide(_, middle) => middle.gather(words, ranges, source, outputs),
    }
}

/// Bytes of a source that a group of terms had better not exceed.
///
/// Half of a second-level cache of 2 MiB, since the outputs pass through it too; such caches go with 512-bit registers. Behind
/// narrower ones they have 1 MiB or less and hold no region of a large batch beside its outputs: there all terms are fetched
/// ahead from the third level, in one pass over the outputs.
pub(crate) const fn near_bytes(path: CodePath) -> usize {
    match path {
        #[cfg(target_arch = "x86_64")]
        CodePath::Middle(_) => usize::MAX,
        _ => 1 << 20,
    }
}
