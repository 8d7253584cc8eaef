//! Noise: a truncated discrete Laplace distribution, drawn exactly in integers (`docs/spec/count.md` §2).
//!
//! The draw is algorithms 1 and 2 of Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS 2020,
//! arXiv 2004.00010 §5), and what lies outside the bound is drawn again, so what is left has exactly the truncated distribution.
//! No floating-point number is used: rounding would make outputs possible on one side and not on the other (Mironov, CCS 2012).
//! How long a draw takes depends on what is drawn.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::limits::{DELTA_DIGITS_MAX, DELTA_DIGITS_MIN, EPSILON_MAX, EPSILON_MIN, SENSITIVITY_MAX};
use cwg_crypto::Seed;

macro_rules! within {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $min:expr, $max:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = $what, into = $what)]
        pub struct $name($inner);

        impl $name {
            const MIN: $inner = $min;
            const MAX: $inner = $max;

            /// Its number.
            pub const fn number(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<$inner> for $name {
            type Error = OutOfBounds;

            fn try_from(number: $inner) -> Result<Self, OutOfBounds> {
                if (Self::MIN..=Self::MAX).contains(&number) {
                    return Ok(Self(number));
                }
                let [min, max, got] = [Self::MIN, Self::MAX, number].map(u16::from);
                Err(OutOfBounds { what: stringify!($name), min, max, got })
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> $inner {
                value.0
            }
        }
    };
}

within! {
    /// Epsilon of one release, in thousandths.
    Epsilon(u16) = EPSILON_MIN, EPSILON_MAX, "u16"
}
within! {
    /// Delta of one release, 10 to the power of less this.
    Delta(u8) = DELTA_DIGITS_MIN, DELTA_DIGITS_MAX, "u8"
}
within! {
    /// By how much one person can change a count: identifiers of one person in one list.
    Sensitivity(u8) = 1, SENSITIVITY_MAX, "u8"
}

/// A parameter that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {min} to {max}, not {got}")]
pub struct OutOfBounds {
    /// Which.
    pub what: &'static str,
    /// At least.
    pub min: u16,
    /// At most.
    pub max: u16,
    /// As given.
    pub got: u16,
}

/// What a release promises, from which its noise follows: whatever is told is up to a factor e^epsilon as likely, delta aside,
/// with any one person or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseTerms {
    /// Epsilon.
    pub epsilon: Epsilon,
    /// Delta.
    pub delta: Delta,
    /// Sensitivity.
    pub sensitivity: Sensitivity,
}

/// The distribution: P(z) is in proportion to e^(-|z| · slope), for |z| up to the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laplace {
    /// The slope is `up / down`.
    up: u64,
    down: u64,
    bound: u32,
}

impl NoiseTerms {
    /// B: the most by which a count is changed.
    pub fn bound(self) -> u32 {
        self.laplace(1).bound
    }

    /// The noise of a count in which each of a person's identifiers counts up to `weight` times.
    pub(super) fn laplace(self, weight: u8) -> Laplace {
        let sensitivity = u64::from(self.sensitivity.0) * u64::from(weight);
        let (up, down) = (u64::from(self.epsilon.0), 1000 * sensitivity);
        // B = ⌈sensitivity · ln(1/delta) / epsilon⌉. ln 10 is taken from above: a larger bound makes delta smaller.
        let (ln, unit) = LN_10_ABOVE;
        let bound = (u128::from(down) * u128::from(self.delta.0) * ln).div_ceil(u128::from(up) * unit);
        Laplace { up, down, bound: u32::try_from(bound).expect("48,000 · 12 · 2.31 / 50 is less than 2^32") }
    }
}

/// ln 10 = 2.30258509299404568401799..., as a numerator above it and its denominator.
const LN_10_ABOVE: (u128, u128) = (2_302_585_092_994_045_685, 1_000_000_000_000_000_000);

impl Laplace {
    /// One draw. The seed serves it alone.
    pub(super) fn draw(&self, seed: &Seed) -> i64 {
        let mut rng = seed.rng();
        loop {
            let drawn = self.draw_unbounded(&mut rng);
            if drawn.unsigned_abs() <= self.bound.into() {
                return drawn;
            }
        }
    }

    /// Algorithm 2 of the paper, with s = up and t = down.
    fn draw_unbounded(&self, rng: &mut impl Rng) -> i64 {
        loop {
            let fine = below(rng, self.down);
            if !with_exp(rng, fine, self.down) {
                continue;
            }
            let mut coarse = 0_u64;
            while with_exp(rng, 1, 1) {
                coarse += 1;
            }
            let size = (fine + self.down * coarse) / self.up;
            let is_negative = below(rng, 2) == 1;
            match (is_negative, i64::try_from(size).expect("a run of 2^40 heads does not happen")) {
                // Zero has one sign, or it would come up twice as often.
                (true, 0) => {}
                (true, size) => return -size,
                (false, size) => return size,
            }
        }
    }
}

/// True with the probability e^(-up/down), for up <= down: algorithm 1 of the paper.
fn with_exp(rng: &mut impl Rng, up: u64, down: u64) -> bool {
    let mut tries = 1;
    while below(rng, down * tries) < up {
        tries += 1;
    }
    tries % 2 == 1
}

/// Uniform below a number, exactly: what would make some more likely is drawn again.
fn below(rng: &mut impl Rng, end: u64) -> u64 {
    let whole = u64::MAX - u64::MAX % end;
    loop {
        let drawn = rng.next_u64();
        if drawn < whole {
            return drawn % end;
        }
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
