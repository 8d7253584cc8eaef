//! Numbers of lists.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The number of a list, 1 to [`SLOTS_MAX`], and the place at which its shares are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Slot(u8);

impl Slot {
    /// The slot with this number.
    ///
    /// # Errors
    /// If the number is 0 or above [`SLOTS_MAX`].
    pub const fn new(number: u8) -> Result<Self, BadSlot> {
        if number == 0 || number > SLOTS_MAX {
            return Err(BadSlot { number });
        }
        Ok(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Slot {
    type Error = BadSlot;

    fn try_from(number: u8) -> Result<Self, BadSlot> {
        Self::new(number)
    }
}

impl From<Slot> for u8 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

/// A number that no slot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("slots have numbers 1 to {SLOTS_MAX}, not {number}")]
pub struct BadSlot {
    /// The number.
    pub number: u8,
}

/// Lists, at most.
pub const SLOTS_MAX: u8 = 15;

/// Some of the slots.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotSet(u16);

impl SlotSet {
    /// This one too.
    #[must_use]
    pub const fn with(self, slot: Slot) -> Self {
        Self(self.0 | 1 << slot.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the slot is one of them.
    pub const fn contains(self, slot: Slot) -> bool {
        self.0 >> slot.0 & 1 == 1
    }

    /// Whether all of `other` are among them.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// How many.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In ascending order.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        (1..=SLOTS_MAX).map(Slot).filter(move |slot| self.contains(*slot))
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<T: IntoIterator<Item = Slot>>(slots: T) -> Self {
        slots.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for SlotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Slot::number)).finish()
    }
}
