//! `payee`: who is paid abroad, by country, city and name, or by country and phone number (`docs/spec/ruleset-2.md` §3.22).

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, refuse_placeholder},
    column::{Region, Rules},
    country::canonical_country,
    parts::{PartRefusal, Parts},
    person::name,
    phone,
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

const COUNTRY: usize = 0;
const CITY: usize = 1;
const NAME: usize = 2;
const PHONE: usize = 3;

/// One column: `CC:CITY:NAME` or `CC:+PHONE`.
pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let fields: Vec<&[u8]> = text.splitn(3, ':').map(str::as_bytes).collect();
    let parts: [&[u8]; 4] = match fields[..] {
        [country, phone] => [country, b"", b"", phone],
        [country, city, name] => [country, city, name, b""],
        _ => return Err(RefusalCode::PayeeShape),
    };
    let mut canonical = canonicalize_parts(&Parts(&parts), rules).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(super) fn canonicalize_parts(parts: &Parts<'_>, rules: &Rules) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let country = canonical_country(&parts.required(COUNTRY)?, &mut repairs).map_err(|code| code.of_part(COUNTRY))?;
    let mut texts = Vec::new();
    if let Some(value) = parts.optional(NAME)? {
        let city = parts.optional(CITY)?.ok_or(RefusalCode::CityMissing.of_part(CITY))?;
        let city = city_of(city, &mut repairs).map_err(|code| code.of_part(CITY))?;
        let words = name::words(value, &mut repairs).map_err(|code| code.of_part(NAME))?;
        let written = words.join(" ");
        let names = name_keys(words).ok_or(RefusalCode::NameSingle.of_part(NAME))?;
        repairs.note(names.first().is_some_and(|name| *name != written), RepairCode::NotationChanged);
        texts.extend(names.into_iter().map(|name| format!("{country}:{city}:{name}")));
    }
    if let Some(value) = parts.optional(PHONE)? {
        let default_region = Region::from_code(country).or(rules.default_region);
        let found = phone::canonicalize(value, &Rules { default_region, ..*rules });
        let found = found.map_err(|code| code.of_part(PHONE))?;
        repairs.merge(found.repairs);
        texts.push(format!("{country}:{}", found.primary().text));
    }
    let mut texts = texts.into_iter();
    let text = texts.next().ok_or(RefusalCode::PayeeShape.of_part(NAME))?;
    let mut canonical = Canonical::new(IndicatorKind::Payee, text, Strength::C, repairs);
    for text in texts {
        canonical.alias(IndicatorKind::Payee, text, Strength::C);
    }
    Ok(canonical)
}

/// The words of a city without the word for one.
fn city_of(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let city = name::plain(value, repairs)?;
    let bare = city.trim_end_matches(" CITY");
    repairs.note(bare.len() != city.len(), RepairCode::LabelRemoved);
    refuse_placeholder(bare).map(|()| bare.to_owned())
}

/// The words in order of the alphabet, and of three or more words the first and the last as well: what stands between is a
/// second given name or the mother's family name, which senders leave out or shorten.
fn name_keys(words: Vec<String>) -> Option<Vec<String>> {
    let sorted = |mut words: Vec<&str>| {
        words.sort_unstable();
        words.join(" ")
    };
    let whole: Vec<&str> = words.iter().map(String::as_str).filter(|word| word.len() > 1).collect();
    let (first, last) = (*whole.first()?, *whole.last()?);
    // One word is a name that thousands in a city share.
    if whole.len() < 2 {
        return None;
    }
    let mut keys = vec![sorted(whole.clone())];
    if whole.len() > 2 {
        keys.push(sorted(vec![first, last]));
    }
    Some(keys)
}
