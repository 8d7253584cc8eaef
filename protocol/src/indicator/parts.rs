//! Identifiers that stand in several columns: what their parts are called, and the cells of one.

use super::{
    ColumnKind,
    clean::{Clean, Joiners, clean, fold_width},
    refusal::RefusalCode,
};

/// One part of an identifier that stands in several columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in column maps.
    pub name: &'static str,
    /// Whether a column map may leave it out.
    pub need: Need,
}

/// Whether a column map may leave a part out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It may not.
    Always,
    /// It may.
    Optional,
}

const fn needed(name: &'static str) -> Part {
    Part { name, need: Need::Always }
}

const fn optional(name: &'static str) -> Part {
    Part { name, need: Need::Optional }
}

const AU_ACCOUNT: &[Part] = &[needed("bsb"), needed("account")];
const FOREIGN_ACCOUNT: &[Part] = &[needed("country"), optional("bic"), optional("bank"), needed("account")];
const EWALLET: &[Part] = &[needed("country"), needed("operator"), needed("id")];
const TAGGED: &[Part] = &[needed("address"), optional("tag")];
const MEMO: &[Part] = &[needed("address"), optional("memo")];
const HANDLE: &[Part] = &[optional("platform"), optional("name"), needed("id")];
const IP_TIME: &[Part] = &[needed("address"), needed("time"), optional("port")];
const PERSON: &[Part] = &[needed("given"), needed("family"), needed("born"), optional("sex")];
const PAYEE: &[Part] = &[needed("country"), optional("city"), optional("name"), optional("phone")];

impl ColumnKind {
    /// The parts in which a kind may be written, in the order of [`canonicalize_parts`](super::canonicalize_parts); none
    /// for a kind that one column holds always.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::AuAccount => AU_ACCOUNT,
            Self::ForeignAccount => FOREIGN_ACCOUNT,
            Self::Ewallet => EWALLET,
            Self::Xrp => TAGGED,
            Self::Xlm | Self::Ton => MEMO,
            Self::Handle => HANDLE,
            Self::IpTime => IP_TIME,
            Self::Person => PERSON,
            Self::Payee => PAYEE,
            _ => &[],
        }
    }

    /// Whether a kind may be written in one column.
    pub const fn in_one_column(self) -> bool {
        !matches!(self, Self::Person)
    }
}

/// Why an identifier in several columns is refused, and which part is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartRefusal {
    /// Place among [`ColumnKind::parts`].
    pub part: usize,
    /// Why.
    pub code: RefusalCode,
}

impl RefusalCode {
    /// This refusal, of a part.
    pub(super) fn of_part(self, part: usize) -> PartRefusal {
        PartRefusal { part, code: self }
    }
}

/// The cells of an identifier, one for each part of its kind; blank ones stand for nothing.
pub(super) struct Parts<'a>(pub(super) &'a [&'a [u8]]);

impl<'a> Parts<'a> {
    /// A part after the common rules; `None` if it is blank or has no column.
    pub(super) fn optional(&self, part: usize) -> Result<Option<Clean<'a>>, PartRefusal> {
        match clean(self.0.get(part).copied().unwrap_or_default(), Joiners::Remove) {
            Err(RefusalCode::Empty) => Ok(None),
            Err(code) => Err(code.of_part(part)),
            Ok(mut value) => {
                value.text = fold_width(value.text, &mut value.repairs);
                Ok(Some(value))
            }
        }
    }

    /// A part after the common rules of kinds in which width and joiners mean something.
    pub(super) fn exact(&self, part: usize) -> Result<Option<Clean<'a>>, PartRefusal> {
        match clean(self.0.get(part).copied().unwrap_or_default(), Joiners::Keep) {
            Err(RefusalCode::Empty) => Ok(None),
            other => other.map(Some).map_err(|code| code.of_part(part)),
        }
    }

    /// A part after the common rules, which must not be blank.
    pub(super) fn required(&self, part: usize) -> Result<Clean<'a>, PartRefusal> {
        self.optional(part)?.ok_or(RefusalCode::Empty.of_part(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_written_somehow_and_no_part_twice() {
        for kind in ColumnKind::ALL {
            let parts = kind.parts();
            assert!(kind.in_one_column() || !parts.is_empty(), "{kind}");
            assert!(parts.is_empty() || parts.iter().any(|part| part.need == Need::Always), "{kind}");
            let mut names: Vec<_> = parts.iter().map(|part| part.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), parts.len(), "{kind}");
        }
    }
}
