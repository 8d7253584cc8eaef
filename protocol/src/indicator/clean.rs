//! The rules that hold for every kind (`docs/spec/ruleset-2.md` §2), and the small steps the kinds share.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables,
};

/// Longest value of a column, in bytes.
pub const INPUT_LEN_MAX: usize = 1024;
/// Longest canonical text, in bytes.
pub const CANONICAL_LEN_MAX: usize = 512;
/// From how many digits on a number of one repeated digit is a placeholder.
const REPEATED_DIGITS_MIN: usize = 4;

/// Whether zero-width joiners inside the text mean something for the kind (RFC 5892 appendix A).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Joiners {
    Keep,
    Remove,
}

/// Text after the common rules, with what they changed.
pub(super) struct Clean<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) repairs: RepairCodes,
}

/// Applies the common rules to a value, placeholders aside.
pub(super) fn clean(raw: &[u8], joiners: Joiners) -> Result<Clean<'_>, RefusalCode> {
    if raw.len() > INPUT_LEN_MAX {
        return Err(RefusalCode::TooLong);
    }
    let text = core::str::from_utf8(raw).map_err(|_| RefusalCode::NotUtf8)?;
    let mut repairs = RepairCodes::default();
    let mut text = Cow::Borrowed(text);
    if !text.is_ascii() && text.contains(|c| removed_inside(c, joiners)) {
        text = text.chars().filter(|c| !removed_inside(*c, joiners)).collect::<String>().into();
        repairs.insert(RepairCode::InvisibleRemoved);
    }
    let trimmed = text.trim_matches(is_end);
    if trimmed.len() != text.len() {
        for c in text.chars().take_while(|c| is_end(*c)).chain(text.chars().rev().take_while(|c| is_end(*c))) {
            repairs.insert(if is_joiner(c) { RepairCode::InvisibleRemoved } else { RepairCode::Trimmed });
        }
        text = trimmed.to_owned().into();
    }
    if text.contains(char::is_control) {
        return Err(RefusalCode::ControlCharacter);
    }
    if !text.is_ascii() && !is_nfc(&text) {
        text = text.nfc().collect::<String>().into();
        repairs.insert(RepairCode::Normalized);
    }
    if text.is_empty() {
        return Err(RefusalCode::Empty);
    }
    Ok(Clean { text, repairs })
}

/// Refuses a value of the table of placeholders and a number of one repeated digit.
pub(super) fn refuse_placeholder(text: &str) -> Result<(), RefusalCode> {
    let mut digits = text.bytes().filter(u8::is_ascii_digit);
    let first = digits.next();
    let repeated = first.is_some_and(|first| digits.clone().all(|digit| digit == first))
        && digits.count() + 1 >= REPEATED_DIGITS_MIN
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b':' | b'+'));
    let listed = text.is_ascii() && tables::is_placeholder(text);
    if repeated || listed { Err(RefusalCode::Placeholder) } else { Ok(()) }
}

/// Full-width forms, typographic dashes and spaces become ASCII.
pub(super) fn fold_width<'a>(text: Cow<'a, str>, repairs: &mut RepairCodes) -> Cow<'a, str> {
    if text.is_ascii() {
        return text;
    }
    let folded: String = text.chars().map(narrow).collect();
    repairs.note(folded != text, RepairCode::WidthFolded);
    folded.into()
}

/// Removes the separators; the rest is left as it is.
pub(super) fn without_separators<'a>(text: &'a str, separators: &[char], repairs: &mut RepairCodes) -> Cow<'a, str> {
    if !text.contains(separators) {
        return text.into();
    }
    repairs.insert(RepairCode::SeparatorsRemoved);
    text.chars().filter(|c| !separators.contains(c)).collect::<String>().into()
}

/// Lower-cases ASCII letters.
pub(super) fn ascii_lower(text: Cow<'_, str>, repairs: &mut RepairCodes) -> String {
    let mut text = text.into_owned();
    repairs.note(text.bytes().any(|byte| byte.is_ascii_uppercase()), RepairCode::LowerCased);
    text.make_ascii_lowercase();
    text
}

/// Upper-cases ASCII letters.
pub(super) fn ascii_upper(text: Cow<'_, str>, repairs: &mut RepairCodes) -> String {
    let mut text = text.into_owned();
    repairs.note(text.bytes().any(|byte| byte.is_ascii_lowercase()), RepairCode::UpperCased);
    text.make_ascii_uppercase();
    text
}

/// The text after a prefix, compared without regard to ASCII case.
pub(super) fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Whether the text is digits only, and some.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex_text(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || is_joiner(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Byte order marks, zero-width spaces, soft hyphens and direction controls carry no meaning in an identifier.
fn removed_inside(c: char, joiners: Joiners) -> bool {
    matches!(
        c,
        '\u{FEFF}'
            | '\u{200B}'
            | '\u{2060}'
            | '\u{00AD}'
            | '\u{061C}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
    ) || (joiners == Joiners::Remove && is_joiner(c))
}

fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => {
            char::from_u32(u32::from(c) - 0xFEE0).expect("full-width forms lie 0xFEE0 above ASCII")
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}
