//! Addresses that an exchange shares among its customers: only with its tag or memo does one name a person
//! (`docs/spec/ruleset-2.md` §3.15). Text: the address, or the address, `#` and the tag.

use crate::indicator::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::Clean,
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

/// Where the address stands among the parts.
pub(super) const ADDRESS: usize = 0;
/// Where the tag stands.
pub(super) const TAG: usize = 1;
/// What stands between the two in one column.
const MARK: char = '#';
/// Longest memo, in bytes: a hash in hexadecimal digits.
const MEMO_LEN_MAX: usize = 64;

/// One column as address and tag.
pub(super) fn split(text: &str) -> [&[u8]; 2] {
    let (address, tag) = text.split_once(MARK).unwrap_or((text, ""));
    [address.as_bytes(), tag.as_bytes()]
}

/// The tag of the notation and that of its own column, which must not differ.
pub(super) fn one_tag(inside: Option<String>, stated: Option<String>) -> Result<Option<String>, PartRefusal> {
    match (inside, stated) {
        (Some(inside), Some(stated)) if inside != stated => Err(RefusalCode::TagConflict.of_part(TAG)),
        (inside, stated) => Ok(inside.or(stated)),
    }
}

/// A tag of digits, at most so large.
pub(super) fn number(parts: &Parts<'_>, max: u64, repairs: &mut RepairCodes) -> Result<Option<String>, PartRefusal> {
    let Some(Clean { text, repairs: made }) = parts.optional(TAG)? else { return Ok(None) };
    repairs.merge(made);
    let digits = text.trim_start_matches('0');
    let digits = if digits.is_empty() && !text.is_empty() { "0" } else { digits };
    repairs.note(digits.len() != text.len(), RepairCode::LeadingZerosRemoved);
    let fits = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u64>().is_ok_and(|tag| tag <= max);
    if fits { Ok(Some(digits.to_owned())) } else { Err(RefusalCode::TagShape.of_part(TAG)) }
}

/// A memo: any visible text, kept as it is, because exchanges compare it exactly.
pub(super) fn memo(parts: &Parts<'_>, repairs: &mut RepairCodes) -> Result<Option<String>, PartRefusal> {
    let Some(Clean { text, repairs: made }) = parts.optional(TAG)? else { return Ok(None) };
    repairs.merge(made);
    if text.len() > MEMO_LEN_MAX { Err(RefusalCode::TagShape.of_part(TAG)) } else { Ok(Some(text.into_owned())) }
}

/// With a tag the pair names one account. Without, the address may be everyone's: strength B. A tagged address gives no
/// alias without its tag, or every customer of an exchange would meet every other.
pub(super) fn keyed(kind: IndicatorKind, address: &str, tag: Option<String>, repairs: RepairCodes) -> Canonical {
    match tag {
        Some(tag) => Canonical::new(kind, format!("{address}{MARK}{tag}"), Strength::A, repairs),
        None => Canonical::new(kind, address.to_owned(), Strength::B, repairs),
    }
}
