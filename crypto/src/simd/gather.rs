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
