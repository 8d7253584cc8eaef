//! `phone`: E.164, a plus and digits (`docs/spec/ruleset-1.md` §3.4). The numbering plans are those of `phonenumber`.

use phonenumber::{
    Metadata, Type,
    metadata::{DATABASE, Database, Descriptor},
};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, is_digits, refuse_placeholder},
    column::Rules,
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

/// Longest number of digits handed to the library: fifteen of E.164, an international prefix and a trunk zero.
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
    let region = match (digits.starts_with('+'), rules.default_region) {
        (true, _) => None,
        (false, Some(region)) => Some(region.0),
        (false, None) => return Err(RefusalCode::NoRegion),
    };
    if region.is_some() && digits.len() <= SHORT_CODE_DIGITS_MAX {
        return Err(RefusalCode::PhoneShortCode);
    }
    let parsed = phonenumber::parse(region, &digits).map_err(|_| RefusalCode::PhoneInvalid)?;
    let code = parsed.code().value();
    let national = parsed.national().to_string();
    refuse_service(code, &national)?;
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

/// Refuses numbers that no plan knows and numbers that name a service instead of a subscriber.
fn refuse_service(code: u16, national: &str) -> Result<(), RefusalCode> {
    match number_type(&DATABASE, code, national) {
        Type::TollFree => Err(RefusalCode::PhoneTollFree),
        Type::PremiumRate => Err(RefusalCode::PhonePremium),
        Type::SharedCost => Err(RefusalCode::PhoneSharedCost),
        Type::Uan | Type::Voicemail => Err(RefusalCode::PhoneCompany),
        Type::FixedLine | Type::Mobile | Type::FixedLineOrMobile | Type::PersonalNumber | Type::Voip | Type::Pager => {
            Ok(())
        }
        _ => Err(RefusalCode::PhoneInvalid),
    }
}

/// The type of a national significant number, leading zeros included: the library's own function drops them, and so
/// knows no Italian fixed line.
fn number_type(database: &Database, code: u16, national: &str) -> Type {
    let plans = database.by_code(&code).unwrap_or_default();
    let only = plans.len() == 1;
    for plan in plans {
        let leads = plan.leading_digits().map(|pattern| pattern.find(national).is_some_and(|found| found.start() == 0));
        let found = type_in(plan, national);
        // Where regions share a code, leading digits settle the region; a region without them is tried by its patterns.
        if only || leads == Some(true) || (leads.is_none() && found != Type::Unknown) {
            return found;
        }
    }
    Type::Unknown
}

/// The type in one region's plan, in the order in which the library's authors try them.
fn type_in(plan: &Metadata, national: &str) -> Type {
    let matches = |descriptor: Option<&Descriptor>| descriptor.is_some_and(|descriptor| descriptor.is_match(national));
    let plans = plan.descriptors();
    if !plans.general().is_match(national) {
        return Type::Unknown;
    }
    let services = [
        (plans.premium_rate(), Type::PremiumRate),
        (plans.toll_free(), Type::TollFree),
        (plans.shared_cost(), Type::SharedCost),
        (plans.voip(), Type::Voip),
        (plans.personal_number(), Type::PersonalNumber),
        (plans.pager(), Type::Pager),
        (plans.uan(), Type::Uan),
        (plans.voicemail(), Type::Voicemail),
        (plans.fixed_line(), Type::FixedLine),
        (plans.mobile(), Type::Mobile),
    ];
    services.into_iter().find(|(descriptor, _)| matches(*descriptor)).map_or(Type::Unknown, |(_, found)| found)
}
