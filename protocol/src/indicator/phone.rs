//! `phone`: E.164, a plus and digits (`docs/spec/ruleset-2.md` §3.4). The numbering plans are those of `phonenumber`.

use phonenumber::Type;

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, is_digits, refuse_placeholder},
    column::Rules,
    numbering::{self, Number},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

/// Longest number of digits looked at: fifteen of E.164, an international prefix and a trunk zero.
const DIGITS_MAX: usize = 20;
const EXTENSION_DIGITS_MAX: usize = 7;
/// Up to this many digits, a number without a country code is a short code.
const SHORT_CODE_DIGITS_MAX: usize = 5;

pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    canonicalize_with_code(value, rules).map(|(canonical, _)| canonical)
}

/// The canonical form and the country calling code.
pub(super) fn canonicalize_with_code(value: Clean<'_>, rules: &Rules) -> Result<(Canonical, u16), RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = after_prefix(&text, "tel:");
    repairs.note(bare.is_some(), RepairCode::UriStripped);
    let (number, extension) = split_extension(bare.unwrap_or(&text))?;
    repairs.note(extension.is_some(), RepairCode::ExtensionDropped);
    let digits = dialled(number, &mut repairs)?;
    let number = match (digits.strip_prefix('+'), rules.default_region) {
        (Some(digits), _) => numbering::international(digits),
        (None, None) => return Err(RefusalCode::NoRegion),
        (None, Some(region)) => numbering::national(region, &digits),
    };
    // Small countries have subscribers with four digits, so a short code is what no plan knows.
    let short = !digits.starts_with('+') && digits.len() <= SHORT_CODE_DIGITS_MAX;
    let unknown = if short { RefusalCode::PhoneShortCode } else { RefusalCode::PhoneInvalid };
    let Number { code, national, found } = number.ok_or(unknown)?;
    refuse_service(found)?;
    refuse_placeholder(&national)?;
    let text = format!("+{code}{national}");
    repairs.note(!digits.starts_with('+'), RepairCode::CountryCodeAdded);
    repairs.note(digits.starts_with('+') && digits != text, RepairCode::TrunkPrefixRemoved);
    let mut canonical = Canonical::new(IndicatorKind::Phone, text, Strength::B, repairs);
    canonical.extension = extension;
    Ok((canonical, code))
}

/// The number and the digits of its extension, which begins at the first letter, `#` or `;`.
fn split_extension(text: &str) -> Result<(&str, Option<String>), RefusalCode> {
    const LABELS: [&str; 6] = [";ext=", "extension", "extn", "ext", "x", "#"];
    let Some(at) = text.find(|c: char| c.is_alphabetic() || matches!(c, '#' | ';')) else {
        return Ok((text, None));
    };
    let digits = LABELS
        .iter()
        .find_map(|label| after_prefix(&text[at..], label))
        .ok_or(RefusalCode::PhoneShape)?
        .trim_start_matches([' ', '.', ':', '=']);
    if !is_digits(digits) || digits.len() > EXTENSION_DIGITS_MAX {
        return Err(RefusalCode::PhoneShape);
    }
    Ok((text[..at].trim_end_matches([' ', ',', '(']), Some(digits.to_owned())))
}

/// The digits of a number, after a plus if it has one.
fn dialled(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' => repairs.insert(RepairCode::SeparatorsRemoved),
            _ => return Err(RefusalCode::PhoneShape),
        }
    }
    if digits.len() > DIGITS_MAX || !digits.ends_with(|c: char| c.is_ascii_digit()) {
        return Err(RefusalCode::PhoneShape);
    }
    Ok(digits)
}

/// Refuses numbers that name a service instead of a subscriber.
fn refuse_service(found: Type) -> Result<(), RefusalCode> {
    match found {
        Type::TollFree => Err(RefusalCode::PhoneTollFree),
        Type::PremiumRate => Err(RefusalCode::PhonePremium),
        Type::SharedCost => Err(RefusalCode::PhoneSharedCost),
        Type::Uan | Type::Voicemail => Err(RefusalCode::PhoneCompany),
        _ => Ok(()),
    }
}
