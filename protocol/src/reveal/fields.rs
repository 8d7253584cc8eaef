//! What can be shown: three named fields, and nothing else.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::limits::{REVEAL_CASE_LEN_MAX, REVEAL_CONTACT_LEN_MAX, REVEAL_NAME_LEN_MAX};
use crate::wire::BoundedText;

/// A set of fields, by name. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Fields(u8);

/// No field, or one that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reveal is of the member's name (1), a contact (2), a case (4), or several of them, and not of nothing")]
pub struct BadFields;

impl Fields {
    /// The member's name.
    pub const NAME: Self = Self(1);
    /// A person to speak to.
    pub const CONTACT: Self = Self(2);
    /// The member's own reference to its case.
    pub const CASE: Self = Self(4);

    /// These and others.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the others are among them.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl TryFrom<u8> for Fields {
    type Error = BadFields;

    fn try_from(bits: u8) -> Result<Self, BadFields> {
        if (1..8).contains(&bits) { Ok(Self(bits)) } else { Err(BadFields) }
    }
}

impl From<Fields> for u8 {
    fn from(fields: Fields) -> u8 {
        fields.0
    }
}

/// What one side shows. It is not printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    /// The member's name.
    pub name: Option<BoundedText<REVEAL_NAME_LEN_MAX>>,
    /// A person to speak to.
    pub contact: Option<BoundedText<REVEAL_CONTACT_LEN_MAX>>,
    /// The member's own reference to its case.
    pub case: Option<BoundedText<REVEAL_CASE_LEN_MAX>>,
}

impl Values {
    /// Which fields have a value.
    ///
    /// # Errors
    /// If none has.
    pub fn fields(&self) -> Result<Fields, BadFields> {
        fn bit<const N: usize>(field: Fields, value: Option<&BoundedText<N>>) -> u8 {
            if value.is_some_and(|text| !text.trim().is_empty()) { field.0 } else { 0 }
        }
        let bits = bit(Fields::NAME, self.name.as_ref())
            | bit(Fields::CONTACT, self.contact.as_ref())
            | bit(Fields::CASE, self.case.as_ref());
        bits.try_into()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(..)")
    }
}
