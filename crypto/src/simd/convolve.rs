//! The convolution of [`crate::vole::Code`], on a path.

use super::CodePath;
use crate::Block;
use crate::vole::convolution;

/// The steps of the words over the first elements of `window`. See [`convolution::convolve`].
pub(crate) fn convolve<const W: usize>(path: CodePath, words: &[u32], window: &mut [[Block; W]]) {
    match path {
        CodePath::Portable => convolution::convolve(words, window),
        #[cfg(target_arch = "x86_64")]
        CodePath::Middle(middle) => middle.convolve(words, window),
        #[cfg(target_arch = "x86_64")]
        CodePath::Wide(wide, _) => wide.convolve(words, window),
    }
}
