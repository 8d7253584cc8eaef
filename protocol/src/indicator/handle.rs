//! `handle` and `handle-raw`: `platform:name` or `platform:id:number` (`docs/spec/ruleset-2.md` §3.10).

use std::borrow::Cow;

use precis_profiles::{UsernameCaseMapped, precis_core::profile::PrecisFastInvocation as _};
use unicode_normalization::UnicodeNormalization;

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, is_digits, refuse_placeholder},
    column::Rules,
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables::{self, Platform, PlatformRow, ProfilePart},
};

/// Longest name, in bytes.
const NAME_LEN_MAX: usize = 256;
/// What stands before a platform's own identifier.
const ID_MARK: &str = "id:";
/// The platform that stands for an unknown one.
const ANY: &str = "any";
/// How often normalization may change a name before the name is kept as it is.
const ROUNDS_MAX: usize = 3;

pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    if let Some(address) = profile_address(&text) {
        repairs.insert(RepairCode::UriStripped);
        let (platform, part, name) = from_address(address)?;
        if rules.platform.is_some_and(|column| column != platform) {
            return Err(RefusalCode::PlatformConflict);
        }
        return match part {
            ProfilePart::Name => name_key(platform, name, repairs),
            ProfilePart::Id => id_key(platform, name, repairs),
            ProfilePart::Key => exact_key(platform, name, repairs),
        };
    }
    let (platform, name) = stated_platform(&text, rules, &mut repairs)?;
    match name.strip_prefix(ID_MARK) {
        Some(id) if platform.0.id_digits.is_some() => id_key(platform, id, repairs),
        Some(key) if has_exact_keys(platform.0) => exact_key(platform, key, repairs),
        _ => name_key(platform, name, repairs),
    }
}

const PLATFORM: usize = 0;
const NAME: usize = 1;
const ID: usize = 2;

/// A platform's own number for an account, which outlives its names, and a name of the same account as an alias.
pub(super) fn canonicalize_parts(parts: &Parts<'_>, rules: &Rules) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let platform = match parts.optional(PLATFORM)? {
        Some(value) => {
            repairs.merge(value.repairs);
            let lower = value.text.to_ascii_lowercase();
            let platform = Platform::from_name(&lower).ok_or(RefusalCode::PlatformUnknown.of_part(PLATFORM))?;
            repairs.note(platform.name() != value.text, RepairCode::NotationChanged);
            platform
        }
        None => rules.platform.ok_or(RefusalCode::PlatformMissing.of_part(PLATFORM))?,
    };
    let id = parts.required(ID)?;
    repairs.merge(id.repairs);
    let mut canonical = id_key(platform, &id.text, repairs).map_err(|code| code.of_part(ID))?;
    if let Some(name) = parts.exact(NAME)? {
        let named = name_key(platform, &name.text, name.repairs).map_err(|code| code.of_part(NAME))?;
        canonical.repairs.merge(named.repairs);
        for key in &named.keys {
            canonical.alias(key.kind, key.text.clone(), key.strength);
        }
    }
    Ok(canonical)
}

/// The platform before the colon, or that of the column map.
fn stated_platform<'a>(
    text: &'a str,
    rules: &Rules,
    repairs: &mut RepairCodes,
) -> Result<(Platform, &'a str), RefusalCode> {
    let stated = text.split_once(':').and_then(|(before, name)| {
        let lower = before.trim_end().to_ascii_lowercase();
        Some((Platform::from_name(&lower)?, before, name))
    });
    match (stated, rules.platform) {
        (Some((stated, ..)), Some(column)) if stated != column => Err(RefusalCode::PlatformConflict),
        (Some((stated, before, name)), _) => {
            let lower = before.to_ascii_lowercase();
            repairs.note(lower != before, RepairCode::LowerCased);
            repairs.note(lower != stated.name(), RepairCode::NotationChanged);
            Ok((stated, trimmed(name, repairs)))
        }
        (None, Some(column)) => {
            repairs.insert(RepairCode::PrefixAdded);
            Ok((column, text))
        }
        (None, None) if text.contains(':') => Err(RefusalCode::PlatformUnknown),
        (None, None) => Err(RefusalCode::PlatformMissing),
    }
}

/// A name: NFKC and the UsernameCaseMapped profile (RFC 8265 §3.3) where it accepts the name, else the name as it is.
fn name_key(platform: Platform, name: &str, mut repairs: RepairCodes) -> Result<Canonical, RefusalCode> {
    let bare = platform.0.sigils.iter().find_map(|sigil| after_prefix(name, sigil)).unwrap_or(name);
    repairs.note(bare.len() != name.len(), RepairCode::SigilRemoved);
    let bare = trimmed(bare, &mut repairs);
    if bare.contains('@') {
        let only_sign = bare.starts_with('@') || bare.ends_with('@');
        return Err(if only_sign { RefusalCode::HandleShape } else { RefusalCode::HandleIsEmail });
    }
    if bare.is_empty() || bare.len() > NAME_LEN_MAX || bare.contains(['/', '\\']) || bare.starts_with(ID_MARK) {
        return Err(RefusalCode::HandleShape);
    }
    if platform.0.id_digits.is_some_and(|(from, to)| is_digits(bare) && (from..=to).contains(&bare.len())) {
        repairs.insert(RepairCode::NotationChanged);
        return id_key(platform, bare, repairs);
    }
    let (kind, name, strength) = match username(bare) {
        Some(name) => (IndicatorKind::Handle, Cow::Owned(name), Strength::B),
        None => (IndicatorKind::HandleRaw, Cow::Borrowed(bare), Strength::C),
    };
    if *name != *bare {
        let lowered = name.to_lowercase() == bare.to_lowercase();
        repairs.insert(if lowered { RepairCode::LowerCased } else { RepairCode::Normalized });
    }
    // A sign of another width may appear only now, and no name begins with its platform's sign.
    let signed = platform.0.sigils.iter().any(|sigil| after_prefix(&name, sigil).is_some());
    if signed || name.contains(['@', '/', '\\']) || name.starts_with(ID_MARK) {
        return Err(RefusalCode::HandleShape);
    }
    refuse_placeholder(&name)?;
    if tables::is_reserved_handle(&name) {
        return Err(RefusalCode::HandleReserved);
    }
    let strength = if platform.name() == ANY { Strength::C } else { strength };
    Ok(Canonical::new(kind, format!("{}:{name}", platform.name()), strength, repairs))
}

/// A number by which the platform itself knows an account.
fn id_key(platform: Platform, id: &str, repairs: RepairCodes) -> Result<Canonical, RefusalCode> {
    let (from, to) = platform.0.id_digits.ok_or(RefusalCode::HandleShape)?;
    if !is_digits(id) || !(from..=to).contains(&id.len()) || id.starts_with('0') {
        return Err(RefusalCode::HandleShape);
    }
    refuse_placeholder(id)?;
    let text = format!("{}:{ID_MARK}{id}", platform.name());
    Ok(Canonical::new(IndicatorKind::Handle, text, Strength::B, repairs))
}

/// An identifier of the platform in which case matters.
fn exact_key(platform: Platform, key: &str, repairs: RepairCodes) -> Result<Canonical, RefusalCode> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if key.is_empty() || key.len() > NAME_LEN_MAX || !key.bytes().all(allowed) {
        return Err(RefusalCode::HandleShape);
    }
    let text = format!("{}:{ID_MARK}{key}", platform.name());
    Ok(Canonical::new(IndicatorKind::Handle, text, Strength::B, repairs))
}

fn trimmed<'a>(name: &'a str, repairs: &mut RepairCodes) -> &'a str {
    let bare = name.trim();
    repairs.note(bare.len() != name.len(), RepairCode::Trimmed);
    bare
}

fn has_exact_keys(row: &PlatformRow) -> bool {
    row.profiles.iter().any(|profile| profile.part == ProfilePart::Key)
}

/// The name under the profile, once more steps change nothing.
fn username(name: &str) -> Option<String> {
    if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        // The profile allows every visible ASCII character and only lower-cases.
        return Some(name.to_ascii_lowercase());
    }
    let mut current = name.to_owned();
    for _ in 0..ROUNDS_MAX {
        let next = UsernameCaseMapped::enforce(current.nfkc().collect::<String>()).ok()?.into_owned();
        if next == current {
            return Some(current);
        }
        current = next;
    }
    None
}

/// The part after the scheme, if the text is an address: it has a scheme, or begins with a host of the table.
fn profile_address(text: &str) -> Option<&str> {
    let schemes = ["https://", "http://", "hxxps://", "hxxp://"];
    if let Some(rest) = schemes.iter().find_map(|scheme| after_prefix(text, scheme)) {
        return Some(rest);
    }
    let (host, _) = text.split_once('/')?;
    let host = host.to_ascii_lowercase();
    let known =
        tables::platforms().iter().flat_map(|row| &row.profiles).any(|profile| profile.host == bare_host(&host));
    known.then_some(text)
}

/// The platform and the name in a profile's address. Anything behind the name but a query or a slash is refused.
fn from_address(address: &str) -> Result<(Platform, ProfilePart, &str), RefusalCode> {
    let (host, _) = address.split_once('/').ok_or(RefusalCode::UrlNotProfile)?;
    let path = &address[host.len()..];
    let host = host.to_ascii_lowercase().replace("[.]", ".");
    let host = bare_host(&host);
    let mut host_known = false;
    let mut best: Option<(Platform, ProfilePart, &str, usize)> = None;
    for row in tables::platforms() {
        for profile in row.profiles.iter().filter(|profile| profile.host == host) {
            host_known = true;
            let Some(rest) = after_prefix(path, profile.path) else { continue };
            if best.is_none_or(|(.., len)| profile.path.len() > len) {
                best = Some((Platform(row), profile.part, rest, profile.path.len()));
            }
        }
    }
    let Some((platform, part, rest, _)) = best else {
        return Err(if host_known { RefusalCode::UrlNotProfile } else { RefusalCode::PlatformUnknown });
    };
    let name = rest.split(['?', '#', '&']).next().unwrap_or(rest);
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() || name.contains(['/', '%', '+']) {
        return Err(RefusalCode::UrlNotProfile);
    }
    Ok((platform, part, name))
}

fn bare_host(host: &str) -> &str {
    ["www.", "m.", "mobile.", "web."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host)
}
