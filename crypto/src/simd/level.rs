//! What the machine can run, and how much of that is used: detection is here and nowhere else.

use core::sync::atomic::{AtomicU8, Ordering};

/// How wide the registers may be that kernels work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// No instructions that not every machine has.
    Portable,
    /// 128 bits.
    Narrow,
    /// 256 bits.
    Middle,
    /// 512 bits.
    Wide,
}

impl Level {
    /// All of them, the narrowest first. A machine that lacks one works on the next below.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Narrow, Self::Middle, Self::Wide];

    /// From now on, this process uses no kernel above this level: to measure one level beside another. No result depends on it.
    pub fn cap(self) {
        CAP.store(self as u8, Ordering::Relaxed);
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn is_allowed(self) -> bool {
        self as u8 <= CAP.load(Ordering::Relaxed)
    }
}

/// The highest level in use.
static CAP: AtomicU8 = AtomicU8::new(Level::Wide as u8);

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
            && is_x86_feature_detected!("ssse3")
            && Level::Narrow.is_allowed();
        found.then_some(Self(()))
    }
}

/// The machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && Level::Middle.is_allowed()).then_some(Self(()))
    }
}

/// The machine has AVX2, VAES and VPCLMULQDQ, and what a [`Narrow`] stands for.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Middle(Narrow);

#[cfg(target_arch = "x86_64")]
impl Middle {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        let found =
            Avx2::detect().is_some() && is_x86_feature_detected!("vaes") && is_x86_feature_detected!("vpclmulqdq");
        found.then(Narrow::detect).flatten().map(Self)
    }

    pub(crate) fn narrow(self) -> Narrow {
        self.0
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
            && is_x86_feature_detected!("vpclmulqdq")
            && Level::Wide.is_allowed();
        found.then(Narrow::detect).flatten().map(Self)
    }

    pub(crate) fn narrow(self) -> Narrow {
        self.0
    }
}

/// The machine has GFNI for whole registers: AVX-512 F, BW and VBMI, GFNI and VPCLMULQDQ.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct WideGfni(());

#[cfg(target_arch = "x86_64")]
impl WideGfni {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("gfni")
            && is_x86_feature_detected!("vpclmulqdq")
            && Level::Wide.is_allowed();
        found.then_some(Self(()))
    }
}

/// Which kernels work on a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Narrow(Narrow),
    #[cfg(target_arch = "x86_64")]
    Middle(Middle),
    #[cfg(target_arch = "x86_64")]
    Wide(Wide),
}

impl Path {
    /// The widest that the machine has and the cap allows.
    #[inline]
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(wide) = Wide::detect() {
                return Self::Wide(wide);
            }
            if let Some(middle) = Middle::detect() {
                return Self::Middle(middle);
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
            paths.extend(Middle::detect().map(Self::Middle));
            paths.extend(Wide::detect().map(Self::Wide));
        }
        paths
    }
}

/// Which kernels work on the code of a silent VOLE.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CodePath {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Middle(Avx2),
    #[cfg(target_arch = "x86_64")]
    Wide(WideGfni, Avx2),
}

impl CodePath {
    /// The widest that the machine has and the cap allows.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(middle) = Avx2::detect() {
            return WideGfni::detect().map_or(Self::Middle(middle), |wide| Self::Wide(wide, middle));
        }
        Self::Portable
    }

    /// All that the machine has.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut paths = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        if let Some(middle) = Avx2::detect() {
            paths.push(Self::Middle(middle));
            paths.extend(WideGfni::detect().map(|wide| Self::Wide(wide, middle)));
        }
        paths
    }
}
