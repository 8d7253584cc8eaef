//! What was changed to bring a value into canonical form: counted per load, never shown with the value.

use core::fmt;

macro_rules! repairs {
    ($($name:ident = $code:literal: $doc:literal;)*) => {
        /// One kind of change made to a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum RepairCode {
            $(#[doc = $doc] $name,)*
        }

        impl RepairCode {
            /// Every code, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name used in reports and vectors.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

repairs! {
    InvisibleRemoved = "invisible-removed": "A byte order mark, zero-width or direction character was removed.";
    Trimmed = "trimmed": "White space around the value was removed.";
    Normalized = "normalized": "The text was brought into NFC or NFKC.";
    WidthFolded = "width-folded": "Full-width letters and digits, or typographic dashes and spaces, became ASCII.";
    SeparatorsRemoved = "separators-removed": "Spaces, dashes and other separators were removed.";
    LabelRemoved = "label-removed": "A word such as `BSB`, `Acc` or `ABN` was removed.";
    LeadingZerosRemoved = "leading-zeros-removed": "Leading zeros of the account number were removed.";
    BsbZeroRestored = "bsb-zero-restored": "The leading zero of a five-digit BSB was restored.";
    LowerCased = "lower-cased": "Upper-case letters became lower-case.";
    UpperCased = "upper-cased": "Lower-case letters became upper-case.";
    PayidDash = "payid-dash": "The dash of PayID notation was removed.";
    CountryCodeAdded = "country-code-added": "A national number was written with its country code.";
    TrunkPrefixRemoved = "trunk-prefix-removed": "The trunk prefix after the country code was removed.";
    ExtensionDropped = "extension-dropped": "The extension was set aside.";
    UriStripped = "uri-stripped": "A scheme, query or profile address around the value was removed.";
    Defanged = "defanged": "A defanged notation such as `[.]` was undone.";
    TrailingDotRemoved = "trailing-dot-removed": "The dot at the end of a host name was removed.";
    IdnaEncoded = "idna-encoded": "A host name was written in A-labels.";
    Unquoted = "unquoted": "Needless quotes or brackets around an address were removed.";
    PrefixAdded = "prefix-added": "A missing `0x`, platform or device kind was added.";
    NotationChanged = "notation-changed": "The value was written in the canonical one of several notations.";
    SigilRemoved = "sigil-removed": "The platform's sign before a name, such as `@` or `u/`, was removed.";
    PaymentIdDropped = "payment-id-dropped": "The payment id of an integrated address was set aside.";
    BranchDropped = "branch-dropped": "The branch at the end of a BIC was set aside.";
    Transliterated = "transliterated": "Letters of a name were written in A to Z.";
    TitleDropped = "title-dropped": "A title or suffix of a name was set aside.";
    ParticlesSetAside = "particles-set-aside": "Particles of a name, such as `de la`, were set aside.";
}

impl fmt::Display for RepairCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of repairs; empty when the value was already in canonical form.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RepairCodes(u32);

impl RepairCodes {
    /// Whether nothing was changed: the value counts as accepted, not as repaired.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds a repair.
    pub fn insert(&mut self, code: RepairCode) {
        self.0 |= 1 << code as u8;
    }

    /// Adds the repairs of another part of the value.
    pub(super) fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Adds a repair if the change was made.
    pub(super) fn note(&mut self, made: bool, code: RepairCode) {
        self.0 |= u32::from(made) << code as u8;
    }

    /// Whether the set holds a repair.
    pub const fn contains(self, code: RepairCode) -> bool {
        self.0 >> code as u8 & 1 == 1
    }

    /// The repairs of the set, in the order of the specification.
    pub fn iter(self) -> impl Iterator<Item = RepairCode> {
        RepairCode::ALL.iter().copied().filter(move |code| self.contains(*code))
    }
}

impl fmt::Debug for RepairCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
