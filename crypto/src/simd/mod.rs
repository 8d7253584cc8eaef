//! Kernels for whole slices of blocks, and the choice among them at run time.
//!
//! | level | blocks and the field need | the code needs | works on |
//! |---|---|---|---|
//! | [`Level::Wide`] | AVX-512 F, BW and VL, VAES, VPCLMULQDQ | AVX-512 F, BW and VBMI, GFNI, VPCLMULQDQ | four blocks a register |
//! | [`Level::Middle`] | AVX2, VAES, VPCLMULQDQ | AVX2 | two blocks a register |
//! | [`Level::Narrow`] | SSSE3, AES-NI, PCLMULQDQ | | one block a register |
//! | [`Level::Portable`] | nothing | nothing | the `aes` crate, shifts and masks |
//!
//! What is not there at a level is taken from the one below it.
//!
//! This is the only place with `unsafe` in it: reading and writing registers, and calling a kernel compiled for features
//! that the machine was found to have. A [`Narrow`] or a [`Wide`] is the proof of that: detection alone makes one. Every
//! kernel takes the same time for all values; lengths are not hidden.

pub(crate) mod portable;

#[cfg(target_arch = "x86_64")]
mod middle_aes;
#[cfg(target_arch = "x86_64")]
mod middle_convolve;
#[cfg(target_arch = "x86_64")]
mod middle_field;
#[cfg(target_arch = "x86_64")]
mod middle_gather;
#[cfg(target_arch = "x86_64")]
mod narrow_aes;
#[cfg(target_arch = "x86_64")]
mod narrow_field;
#[cfg(target_arch = "x86_64")]
mod wide_aes;
#[cfg(target_arch = "x86_64")]
mod wide_convolve;
#[cfg(target_arch = "x86_64")]
mod wide_field;

mod agree;
mod cipher;
mod convolve;
mod field;
mod gather;
mod level;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use agree::agree_kernels;
pub(crate) use agree::mark_agreement;
pub(crate) use cipher::{Cipher, davies_meyer, expand_pairs};
pub(crate) use convolve::convolve;
pub(crate) use field::{add_polynomial, add_scaled, inner_product, product, products};
pub(crate) use gather::{gather, near_bytes};
pub use level::Level;
#[cfg(target_arch = "x86_64")]
pub(crate) use level::{Avx2, Middle, Narrow, Wide, WideGfni};
pub(crate) use level::{CodePath, Path};
