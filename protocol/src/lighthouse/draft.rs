//! A row as a source gives it: one text for each field, nothing known about it yet.

use core::fmt;

use super::guard::{Forbidden, forbidden_column};
use super::limits::{
    CELL_LEN_MAX, EXPIRY_MAX_DAYS, HALF_LIFE_MAX_DAYS, LINKS_MAX, PSEUDONYM_DIGITS_MAX, PSEUDONYM_LEN_MAX,
    RADIUS_MAX_KM,
};
use crate::indicator::RefusalCode;

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        /// A field of a clue, under the name of its column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Field {
            $($(#[$doc])* $field,)*
        }

        impl Field {
            /// Every field, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$field,)*];

            /// The name of its column.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)*
                }
            }
        }
    };
}

fields! {
    /// The name of the clue, the same in every release.
    Id = "id",
    /// The kind of the identifier: a kind of column of the ruleset.
    Kind = "kind",
    /// The identifier.
    Value = "value",
    /// What its holder does.
    Role = "role",
    /// What its holder is.
    Subject = "subject",
    /// Whether its holder is under 18.
    Minor = "minor",
    /// The pattern of exploitation.
    Typology = "typology",
    /// The stage of the offence.
    Stage = "stage",
    /// The platform on which it was seen.
    Platform = "platform",
    /// First seen.
    FirstSeen = "first-seen",
    /// Last seen.
    LastSeen = "last-seen",
    /// How many times it was seen.
    Count = "count",
    /// In which country.
    Country = "country",
    /// In which state of Australia.
    State = "state",
    /// In which statistical area of level 3.
    Sa3 = "sa3",
    /// Under which first three digits of a postcode.
    Postcode3 = "postcode3",
    /// How the place is known.
    PlaceBasis = "place-basis",
    /// Within which radius.
    RadiusKm = "radius-km",
    /// The pseudonym of the source.
    Source = "source",
    /// What kind of organisation the source is.
    SourceKind = "source-kind",
    /// The grade of the Admiralty system.
    Grade = "grade",
    /// The source's confidence.
    Confidence = "confidence",
    /// Who looked at it.
    Review = "review",
    /// Other clues that it belongs with.
    Links = "links",
    /// The restrictions that the source puts on it.
    Caveats = "caveats",
    /// Whether the source permits it to be shown in the clear.
    View = "view",
    /// The last day on which it may be used.
    Expires = "expires",
    /// How it ages.
    Decay = "decay",
    /// Whether the hub stands by it.
    Status = "status",
}

/// The texts of one row. An empty text is an absent one.
#[derive(Clone, Default)]
pub struct ClueDraft {
    cells: Vec<(Field, String)>,
}

impl ClueDraft {
    /// A row without a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the text of a field; a second one replaces the first.
    ///
    /// # Errors
    /// If the text is longer than any field takes.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), DraftError> {
        if text.len() > CELL_LEN_MAX {
            return Err(field.fault(Fault::TooLong));
        }
        self.cells.retain(|(set, _)| *set != field);
        let text = text.trim();
        if !text.is_empty() {
            self.cells.push((field, text.to_owned()));
        }
        Ok(())
    }

    /// [`ClueDraft::set`], for building one by one.
    ///
    /// # Errors
    /// As [`ClueDraft::set`].
    pub fn with(mut self, field: Field, text: &str) -> Result<Self, DraftError> {
        self.set(field, text)?;
        Ok(self)
    }

    /// The text of a field, if it has one.
    pub fn cell(&self, field: Field) -> Option<&str> {
        self.cells.iter().find(|(set, _)| *set == field).map(|(_, text)| text.as_str())
    }

    /// The text of a field that every clue has.
    pub(super) fn required(&self, field: Field) -> Result<&str, DraftError> {
        self.cell(field).ok_or(field.fault(Fault::Missing))
    }
}

/// A row holds an identifier: only the names of its fields are printed.
impl fmt::Debug for ClueDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.cells.iter().map(|(field, _)| field)).finish()
    }
}

impl Field {
    /// The field of a source's column.
    ///
    /// # Errors
    /// If there is none of that name: columns that are not known are refused, not passed over. The error does not repeat the
    /// name, which in a file without a head line is a value.
    pub fn of_column(name: &str) -> Result<Self, ColumnError> {
        if let Some(field) = Self::ALL.iter().copied().find(|field| field.name() == name.trim()) {
            return Ok(field);
        }
        Err(forbidden_column(name).map_or(ColumnError::Unknown, ColumnError::Forbidden))
    }

    pub(super) const fn fault(self, fault: Fault) -> DraftError {
        DraftError { field: self, fault }
    }
}

/// Why a column of a source's file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// It would bring in something forbidden.
    #[error("{}", .0.problem())]
    Forbidden(Forbidden),
    /// No field has this name.
    #[error("no field of a clue has the name of this column")]
    Unknown,
}

impl ColumnError {
    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.hint(),
            Self::Unknown => "name the columns as docs/spec/lighthouse.md does, and leave all others out",
        }
    }
}

/// Why a row is not taken: the field, and its fault. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {}: {}", .field.name(), .fault)]
pub struct DraftError {
    /// The field.
    pub field: Field,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Every clue has this field.
    #[error("it is missing")]
    Missing,
    /// Longer than any field takes.
    #[error("it is over {CELL_LEN_MAX} bytes long")]
    TooLong,
    /// Not one of the words of its list.
    #[error("it is not a word of its list")]
    NotOneOf(&'static [&'static str]),
    /// Not a number of its range.
    #[error("it is not a number from {least} to {most}")]
    Number {
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// No day, month or year.
    #[error("it is no date")]
    Date,
    /// A day that has not come.
    #[error("it lies in the future")]
    Future,
    /// Before a day that it must not be before.
    #[error("it lies before {}", .0.name())]
    Before(Field),
    /// Too long after the last observation.
    #[error("it lies over {EXPIRY_MAX_DAYS} days after the clue was last seen")]
    TooLate,
    /// Given without a field that it needs.
    #[error("it needs {} as well", .0.name())]
    Needs(Field),
    /// Given beside a field that says the same otherwise.
    #[error("it contradicts {}", .0.name())]
    Contradicts(Field),
    /// Not of the form of its field.
    #[error("it does not have the form of its field")]
    Form(&'static str),
    /// More than a list takes.
    #[error("it lists too many")]
    TooMany,
    /// A list names one thing twice.
    #[error("it lists one thing twice")]
    Repeated,
    /// A clue that is linked with itself.
    #[error("it links the clue with itself")]
    Itself,
    /// No identifier of its kind.
    #[error("{0}")]
    Identifier(RefusalCode),
    /// Something that must not enter the network.
    #[error("{}", .0.problem())]
    Forbidden(Forbidden),
}

impl DraftError {
    /// The stable name used in reports and vectors.
    pub const fn code(&self) -> &'static str {
        match self.fault {
            Fault::Missing => "clue-missing",
            Fault::TooLong => "clue-too-long",
            Fault::NotOneOf(_) => "clue-not-one-of",
            Fault::Number { .. } => "clue-number",
            Fault::Date => "clue-date",
            Fault::Future => "clue-future",
            Fault::Before(_) => "clue-before",
            Fault::TooLate => "clue-too-late",
            Fault::Needs(_) => "clue-needs",
            Fault::Contradicts(_) => "clue-contradicts",
            Fault::Form(_) => "clue-form",
            Fault::TooMany => "clue-too-many",
            Fault::Repeated => "clue-repeated",
            Fault::Itself => "clue-itself",
            Fault::Identifier(refusal) => refusal.code(),
            Fault::Forbidden(forbidden) => forbidden.code(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self.fault {
            Fault::Missing if self.field == Field::Caveats => {
                "list the source's caveats, or write none if it has none".into()
            }
            Fault::Missing => "fill it in; a source that does not say it gives no clue".into(),
            Fault::TooLong => "check that the row is split at the right places".into(),
            Fault::NotOneOf(words) => format!("write one of: {}", words.join(", ")),
            Fault::Number { least, most } => format!("write {least} to {most}, in digits"),
            Fault::Date => "write YYYY-MM-DD, YYYY-MM or YYYY, from 1970".into(),
            Fault::Future => "check the year, and the clock of this machine".into(),
            Fault::Before(other) => format!("give a day that is not before {}", other.name()),
            Fault::TooLate => "give an earlier day; a clue can be renewed in a later release".into(),
            Fault::Needs(other) => format!("fill in {}, or leave this field out", other.name()),
            Fault::Contradicts(other) => format!("correct this field or {}", other.name()),
            Fault::Form(form) => form.into(),
            Fault::TooMany => format!("list {LINKS_MAX} at most"),
            Fault::Repeated => "list each once".into(),
            Fault::Itself => "leave that link out".into(),
            Fault::Identifier(refusal) => refusal.hint().into(),
            Fault::Forbidden(forbidden) => forbidden.hint().into(),
        }
    }
}

/// The forms of fields that have one of their own.
pub(super) mod form {
    pub(in super::super) const ID: &str = "write a ULID: 26 digits and capital letters";
    pub(in super::super) const PLATFORM: &str =
        "write a name of platforms.txt; where it is not listed, other- and its category";
    pub(in super::super) const COUNTRY: &str = "write the two capital letters of ISO 3166-1";
    pub(in super::super) const SA3: &str = "write the five digits of the area, no finer one";
    pub(in super::super) const POSTCODE3: &str = "write the first three digits alone";
    pub(in super::super) const GRADE: &str = "write a letter A to F and a digit 1 to 6";
    pub(in super::super) const LINKS: &str = "write RELATION:ID, with commas between several";
}

/// The form of a pseudonym.
pub(super) fn pseudonym_form() -> Fault {
    // The numbers stand in the text once more; the test below holds both equal.
    Fault::Form(
        "write 3 to 32 small letters, digits and dashes, beginning with a letter, with no more than 4 digits in a row",
    )
}

/// The form of a decay curve.
pub(super) fn decay_form() -> Fault {
    Fault::Form("write steady, linear or half-life:DAYS, of 1 to 3653 days")
}

const _: () = assert!(PSEUDONYM_LEN_MAX == 32 && PSEUDONYM_DIGITS_MAX == 4 && HALF_LIFE_MAX_DAYS == 3653);
const _: () = assert!(RADIUS_MAX_KM == 20_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_not_known_are_refused() {
        for field in Field::ALL {
            assert_eq!(Field::of_column(field.name()), Ok(*field));
        }
        assert_eq!(Field::of_column(" value "), Ok(Field::Value));
        assert_eq!(Field::of_column("tfn"), Err(ColumnError::Forbidden(Forbidden::TaxFileNumber)));
        assert_eq!(Field::of_column("+61412345678"), Err(ColumnError::Unknown));
        assert!(!ColumnError::Unknown.to_string().contains("61412"));
    }

    #[test]
    fn a_draft_keeps_one_text_for_each_field_and_prints_none() {
        let mut draft = ClueDraft::new();
        draft.set(Field::Value, "first").unwrap();
        draft.set(Field::Value, " second ").unwrap();
        assert_eq!(draft.cell(Field::Value), Some("second"));
        assert_eq!(format!("{draft:?}"), "{Value}");
        draft.set(Field::Value, " ").unwrap();
        assert_eq!(draft.cell(Field::Value), None);
        let long = "x".repeat(CELL_LEN_MAX + 1);
        assert_eq!(draft.set(Field::Role, &long), Err(Field::Role.fault(Fault::TooLong)));
    }
}
