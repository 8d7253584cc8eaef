//! `device`: `imei:`, `imsi:`, `mac:` or `adid:` and the value (`docs/spec/ruleset-2.md` §3.12).

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    checksum::luhn_digit,
    clean::{Clean, ascii_lower, is_digits, refuse_placeholder, without_separators},
    column::{DeviceKind, Rules},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let (stated, bare) = stated_kind(&text, &mut repairs);
    let kind = match (stated, rules.device) {
        (Some(stated), Some(column)) if stated != column => return Err(RefusalCode::DeviceKindConflict),
        (Some(stated), _) => stated,
        (None, Some(column)) => column,
        (None, None) => evident_kind(bare).ok_or(RefusalCode::DeviceKindMissing)?,
    };
    repairs.note(stated.is_none(), RepairCode::PrefixAdded);
    let value = match kind {
        DeviceKind::Imei => imei(bare, &mut repairs),
        DeviceKind::Imsi => imsi(bare, &mut repairs),
        DeviceKind::Mac => mac(bare, &mut repairs),
        DeviceKind::Adid => adid(bare, &mut repairs),
        DeviceKind::Sdk => sdk(bare, &mut repairs),
    }?;
    let strength = match kind {
        DeviceKind::Imei | DeviceKind::Imsi => Strength::B,
        // A MAC address is easily copied, an advertising identifier easily reset, and a fingerprint is a guess.
        DeviceKind::Mac | DeviceKind::Adid | DeviceKind::Sdk => Strength::C,
    };
    Ok(Canonical::new(IndicatorKind::Device, format!("{}:{value}", kind.name()), strength, repairs))
}

/// The kind written before the value, and the value. `imeisv`, `idfa`, `gaid` and `aaid` are notations of their kinds.
fn stated_kind<'a>(text: &'a str, repairs: &mut RepairCodes) -> (Option<DeviceKind>, &'a str) {
    let Some((name, value)) = text.split_once(':') else {
        return (None, text);
    };
    let lower = name.trim_end().to_ascii_lowercase();
    let kind = DeviceKind::from_name(&lower).or(match lower.as_str() {
        "imeisv" => Some(DeviceKind::Imei),
        "idfa" | "gaid" | "aaid" => Some(DeviceKind::Adid),
        _ => None,
    });
    let Some(kind) = kind else {
        return (None, text);
    };
    repairs.note(lower != name, RepairCode::LowerCased);
    repairs.note(lower != kind.name(), RepairCode::NotationChanged);
    repairs.note(value.starts_with(' '), RepairCode::SeparatorsRemoved);
    (Some(kind), value.trim_start())
}

/// The kind that the notation alone settles. Fifteen digits could be an IMEI or an IMSI.
fn evident_kind(text: &str) -> Option<DeviceKind> {
    let groups = |separator: char, lens: &[usize]| {
        let parts: Vec<_> = text.split(separator).collect();
        parts.len() == lens.len()
            && parts
                .iter()
                .zip(lens)
                .all(|(part, len)| part.len() == *len && part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if groups(':', &[2; 6]) || groups('-', &[2; 6]) {
        Some(DeviceKind::Mac)
    } else {
        groups('-', &[8, 4, 4, 4, 12]).then_some(DeviceKind::Adid)
    }
}

/// Fifteen digits with their check digit. The sixteen of an IMEISV end in a software version: it gives way to the digit.
fn imei(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let digits = without_separators(text, &[' ', '-', '/', '.'], repairs);
    if !is_digits(&digits) {
        return Err(RefusalCode::DeviceShape);
    }
    refuse_placeholder(&digits)?;
    let body = digits.get(..14).ok_or(RefusalCode::DeviceShape)?;
    let imei = format!("{body}{}", luhn_digit(body));
    match digits.len() {
        15 if digits == imei => Ok(imei),
        15 => Err(RefusalCode::Checksum),
        16 => {
            repairs.insert(RepairCode::NotationChanged);
            Ok(imei)
        }
        _ => Err(RefusalCode::DeviceShape),
    }
}

fn imsi(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let digits = without_separators(text, &[' ', '-'], repairs);
    // ITU-T E.212: country codes begin with 2 to 7, or 9 for networks of no country; 0 is for tests.
    if digits.len() != 15 || !is_digits(&digits) || digits.starts_with(['0', '1', '8']) {
        return Err(RefusalCode::DeviceShape);
    }
    refuse_placeholder(&digits)?;
    Ok(digits.into_owned())
}

/// Twelve hex digits. Separators are dropped, so all notations meet.
fn mac(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let digits = without_separators(text, &[':', '-', '.', ' '], repairs);
    let digits = ascii_lower(digits, repairs);
    if digits.len() != 12 {
        return Err(RefusalCode::DeviceShape);
    }
    let first = u8::from_str_radix(digits.get(..2).unwrap_or_default(), 16).map_err(|_| RefusalCode::DeviceShape)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RefusalCode::DeviceShape);
    }
    if digits.bytes().all(|byte| byte == b'0') {
        return Err(RefusalCode::Placeholder);
    }
    // IEEE 802: bit 0 of the first byte marks a group, bit 1 a local address.
    match first & 3 {
        0 => Ok(digits),
        2 => Err(RefusalCode::MacLocal),
        _ => Err(RefusalCode::MacGroup),
    }
}

/// The vendor in lower case and its fingerprint as it is: upper and lower case may differ.
fn sdk(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let (vendor, id) = text.split_once(':').ok_or(RefusalCode::DeviceShape)?;
    let vendor = ascii_lower(vendor.into(), repairs);
    let named =
        (2..=32).contains(&vendor.len()) && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !named || !(8..=128).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RefusalCode::DeviceShape);
    }
    refuse_placeholder(id)?;
    Ok(format!("{vendor}:{id}"))
}

/// A UUID in lower case with its hyphens.
fn adid(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    repairs.note(bare.is_some(), RepairCode::SeparatorsRemoved);
    let text = ascii_lower(bare.unwrap_or(text).into(), repairs);
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RefusalCode::DeviceShape);
    }
    if digits.bytes().all(|byte| byte == digits.as_bytes()[0]) {
        return Err(RefusalCode::Placeholder);
    }
    let uuid = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
    if text.contains('-') {
        return if text == uuid { Ok(uuid) } else { Err(RefusalCode::DeviceShape) };
    }
    repairs.insert(RepairCode::NotationChanged);
    Ok(uuid)
}
