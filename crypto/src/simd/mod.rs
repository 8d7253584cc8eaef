//! Kernels for whole slices of blocks, and the choice among them at run time.
//!
//! | path | needs | works on |
//! |---|---|---|
//! | [`Path::Wide`] | AVX-512 F, BW and VL, VAES, VPCLMULQDQ | four blocks a register |
//! | [`Path::Narrow`] | SSSE3, AES-NI, PCLMULQDQ | one block a register |
//! | [`Path::Portable`] | nothing | the `aes` crate, shifts and masks |
//!
//! This is the only place with `unsafe` in it: reading and writing registers, and calling a kernel compiled for features
//! that the machine was found to have. A [`Narrow`] or a [`Wide`] is the proof of that: detection alone makes one. Every
//! kernel takes the same time for all values; lengths are not hidden.

pub(crate) mod portable;

#[cfg(target_arch = "x86_64")]
mod narrow_aes;
#[cfg(target_arch = "x86_64")]
mod narrow_field;
#[cfg(target_arch = "x86_64")]
mod wide_aes;
#[cfg(target_arch = "x86_64")]
mod wide_field;

mod agree;
mod cipher;
mod convolve;
mod field;
mod gather;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use agree::agree_kernels;
pub(crate) use agree::mark_agreement;
pub(crate) use cipher::{Cipher, davies_meyer, expand_pairs};
pub(crate) use convolve::convolve;
#[cfg(test)]
pub(crate) use convolve::convolve_kernels;
pub(crate) use field::{add_polynomial, add_scaled, inner_product, product, products};
pub(crate) use gather::gather;
#[cfg(test)]
pub(crate) use gather::gather_kernels;

/// The machine has SSSE3, AES-NI and PCLMULQDQ.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow(());

#[cfg(target_arch = "x86_64")]
impl Narrow {
    /// What std remembers of the machine: a load and a test of bits.
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("ssse3");
        found.then_some(Self(()))
    }
}

/// The machine has AVX-512 F, BW and VL, VAES and VPCLMULQDQ, and what a [`Narrow`] stands for.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide(Narrow);

#[cfg(target_arch = "x86_64")]
impl Wide {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq");
        found.then(Narrow::detect).flatten().map(Self)
    }

    pub(crate) fn narrow(self) -> Narrow {
        self.0
    }
}

/// Which kernels work on a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Narrow(Narrow),
    #[cfg(target_arch = "x86_64")]
    Wide(Wide),
}

impl Path {
    /// The widest that the machine has.
    #[inline]
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(wide) = Wide::detect() {
                return Self::Wide(wide);
            }
            if let Some(narrow) = Narrow::detect() {
                return Self::Narrow(narrow);
            }
        }
        Self::Portable
    }

    /// All that the machine has.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut paths = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            paths.extend(Narrow::detect().map(Self::Narrow));
            paths.extend(Wide::detect().map(Self::Wide));
        }
        paths
    }
}
