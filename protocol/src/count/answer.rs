//! What is told of a count: nothing, or about how many.

use core::fmt;

use cwg_crypto::{Digest, Domain, Seed, SigningKey};
use serde::{Deserialize, Serialize};

use super::limits::{COUNT_FLOOR, COUNT_STEP};
use super::noise::NoiseTerms;
use super::terms::CountTerms;
use crate::signed::Signed;
use crate::violation::Violation;

/// A count as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Figure {
    /// Fewer than the floor, none included.
    UnderFloor,
    /// The nearest multiple of ten to the count with its noise.
    About(u32),
}

impl Figure {
    /// What is told of a count with noise in it.
    pub(super) fn of(noisy: i64) -> Self {
        if noisy < COUNT_FLOOR {
            return Self::UnderFloor;
        }
        Self::About(u32::try_from((noisy + COUNT_STEP / 2) / COUNT_STEP * COUNT_STEP).unwrap_or(u32::MAX))
    }

    /// Whether it is one that [`Self::of`] gives.
    fn is_told(self) -> bool {
        match self {
            Self::UnderFloor => true,
            Self::About(count) => i64::from(count) >= COUNT_FLOOR && i64::from(count) % COUNT_STEP == 0,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderFloor => write!(f, "under {COUNT_FLOOR}"),
            Self::About(count) => write!(f, "about {count}"),
        }
    }
}

/// An answer as it travels and is stored: 32 bytes of the terms' digest, and the number that is told, or 0.
pub type SignedAnswer = Signed<{ 32 + 4 }>;

/// Signs the figure of a count as the hub: the same bytes for both banks, and as many whatever they say, as they are seen on the way.
pub(super) fn sign(terms: &CountTerms, figure: Figure, hub: &SigningKey) -> SignedAnswer {
    let number = match figure {
        Figure::UnderFloor => UNDER_FLOOR,
        Figure::About(number) => number,
    };
    SignedAnswer::sign(&(terms.digest(), number), Domain::CountAnswer, hub).expect("an answer has 36 bytes")
}

/// No figure is about this number.
const UNDER_FLOOR: u32 = 0;

/// The figure of an answer to these terms.
pub(super) fn open(terms: &CountTerms, signed: &SignedAnswer) -> Result<Figure, Violation> {
    let opened = signed.open(Domain::CountAnswer, terms.hub());
    let (of, number): (Digest, u32) = opened.map_err(|_| Violation::BadSignature { what: "answer of a count" })?;
    let figure = if number == UNDER_FLOOR { Figure::UnderFloor } else { Figure::About(number) };
    if of != terms.digest() || !figure.is_told() {
        return Err(Violation::Malformed { what: "answer of a count" });
    }
    Ok(figure)
}

/// How many items a round confirmed, as far as the coordinator and members are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundCount {
    figure: Figure,
}

/// By how much one item can change the number that the hub has of a round of k >= 3: an item is in two bins of each of R tables at
/// most, and the number is that of bins divided by 0.8647 · R, cut off: 2 / 0.8647 = 2.31.
const TABLES_WEIGHT: u8 = 3;

/// By how much one item can change the number of a round.
pub(super) const fn weight_of(threshold: u8) -> u8 {
    if threshold == 2 { 1 } else { TABLES_WEIGHT }
}

impl RoundCount {
    /// The count of a round with this threshold, of which the hub has about `confirmed` items. The seed serves this count alone, and the count is
    /// released once: a second draw would halve the noise.
    pub fn new(confirmed: u64, threshold: u8, noise: NoiseTerms, seed: &Seed) -> Self {
        let confirmed = i64::try_from(confirmed).unwrap_or(i64::MAX / 2);
        Self { figure: Figure::of(confirmed + noise.laplace(weight_of(threshold)).draw(seed)) }
    }

    /// What is told.
    pub fn figure(self) -> Figure {
        self.figure
    }
}
