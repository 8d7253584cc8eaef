//! Numbers of holders.

use serde::{Deserialize, Serialize};

/// The number of a holder of a share, 1 to [`HOLDERS_MAX`], and the place at which its share is taken. Never 0: there lies
/// the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Index(u8);

impl Index {
    /// The index with this number.
    ///
    /// # Errors
    /// If the number is 0 or above [`HOLDERS_MAX`].
    pub const fn new(number: u8) -> Result<Self, BadIndex> {
        if number == 0 || number > HOLDERS_MAX {
            return Err(BadIndex { number });
        }
        Ok(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// 1 to `count`.
    pub(super) fn first(count: u8) -> impl Iterator<Item = Self> + Clone {
        (1..=count.min(HOLDERS_MAX)).map(Self)
    }
}

impl TryFrom<u8> for Index {
    type Error = BadIndex;

    fn try_from(number: u8) -> Result<Self, BadIndex> {
        Self::new(number)
    }
}

impl From<Index> for u8 {
    fn from(index: Index) -> Self {
        index.0
    }
}

/// Holders of one key, at most.
pub const HOLDERS_MAX: u8 = 15;

/// A number that no holder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holders of a key have numbers 1 to {HOLDERS_MAX}, not {number}")]
pub struct BadIndex {
    /// The number.
    pub number: u8,
}
