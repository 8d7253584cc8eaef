//! `domain`: a host name in A-labels, or an onion address of version 3 (`docs/spec/ruleset-2.md` §3.11).

use std::borrow::Cow;

use data_encoding::BASE32_NOPAD;
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};
use sha3::{Digest as _, Sha3_256};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

const ONION: &str = ".onion";
const ONION_LABEL_LEN: usize = 56;

pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let text = fanged(&text, &mut repairs);
    let host = bare_host(&text, &mut repairs)?;
    let host = a_labels(host, &mut repairs)?;
    if let Some(labels) = host.strip_suffix(ONION) {
        let service = labels.rsplit('.').next().unwrap_or(labels);
        refuse_onion(service)?;
        let service = format!("{service}{ONION}");
        let mut canonical = Canonical::new(IndicatorKind::Domain, host, Strength::B, repairs);
        canonical.alias(IndicatorKind::Domain, service, Strength::B);
        return Ok(canonical);
    }
    refuse_suffix(&host)?;
    Ok(Canonical::new(IndicatorKind::Domain, host, Strength::B, repairs))
}

/// A host name under UTS 46, non-transitional, with the letters, digits and hyphens of the DNS.
pub(super) fn a_labels(host: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let name = host.strip_suffix('.').filter(|name| !name.is_empty());
    repairs.note(name.is_some(), RepairCode::TrailingDotRemoved);
    let name = name.unwrap_or(host);
    // The third and fourth character may be hyphens: such names exist and resolve.
    let encoded = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| RefusalCode::HostSyntax)?;
    if encoded != name {
        let lowered = name.is_ascii();
        repairs.insert(if lowered { RepairCode::LowerCased } else { RepairCode::IdnaEncoded });
    }
    if is_ipv4(&encoded) { Err(RefusalCode::IpAddress) } else { Ok(encoded.into_owned()) }
}

/// Refuses a host under no public suffix, and a registry's suffix itself.
pub(super) fn refuse_suffix(host: &str) -> Result<(), RefusalCode> {
    let suffix = psl::suffix(host.as_bytes()).filter(psl::Suffix::is_known).ok_or(RefusalCode::UnknownSuffix)?;
    let registry = suffix.typ() == Some(psl::Type::Icann);
    if registry && suffix.as_bytes().len() == host.len() { Err(RefusalCode::SuffixOnly) } else { Ok(()) }
}

/// Undoes the notations that keep an address from being clicked.
fn fanged<'a>(text: &'a str, repairs: &mut RepairCodes) -> Cow<'a, str> {
    const DOTS: [&str; 5] = ["[.]", "(.)", "{.}", "[dot]", "(dot)"];
    let scheme = ["hxxp://", "hxxps://", "hxxp[:]//", "hxxps[:]//", "http[:]//", "https[:]//"]
        .into_iter()
        .find_map(|scheme| after_prefix(text, scheme));
    let bracketed = text.contains(['[', '(', '{']);
    if scheme.is_none() && !bracketed {
        return text.into();
    }
    let mut plain = scheme.unwrap_or(text).to_owned();
    for dot in DOTS {
        if let Some(at) = find_ignoring_case(&plain, dot) {
            plain = replaced_ignoring_case(&plain, at, dot);
        }
    }
    repairs.note(plain != text, RepairCode::Defanged);
    plain.into()
}

fn find_ignoring_case(text: &str, pattern: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(pattern)
}

/// Every occurrence of the pattern from `first` on becomes a dot.
fn replaced_ignoring_case(text: &str, first: usize, pattern: &str) -> String {
    let mut plain = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = find_ignoring_case(rest, pattern) {
        plain.push_str(&rest[..at]);
        plain.push('.');
        rest = &rest[at + pattern.len()..];
    }
    plain.push_str(rest);
    plain
}

/// The host without scheme and the slash at the end. Paths, queries, ports and user names are refused.
fn bare_host<'a>(text: &'a str, repairs: &mut RepairCodes) -> Result<&'a str, RefusalCode> {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| after_prefix(text, scheme));
    let bare = rest.unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if bare.contains("://") {
        return Err(RefusalCode::HostSyntax);
    }
    if bare.contains(['/', '?', '#', '\\']) {
        return Err(RefusalCode::UrlHasPath);
    }
    if bare.starts_with('[') || bare.matches(':').count() > 1 {
        return Err(RefusalCode::IpAddress);
    }
    if bare.contains([':', '@']) {
        return Err(RefusalCode::UrlHasPort);
    }
    Ok(bare)
}

fn is_ipv4(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// rend-spec-v3 §6: the label is a key, two bytes of its checksum and the version.
fn refuse_onion(label: &str) -> Result<(), RefusalCode> {
    if label.len() != ONION_LABEL_LEN {
        return Err(RefusalCode::OnionVersion);
    }
    let bytes = BASE32_NOPAD.decode(label.to_ascii_uppercase().as_bytes()).map_err(|_| RefusalCode::HostSyntax)?;
    let (key, rest) = bytes.split_at(32);
    if rest[2] != 3 {
        return Err(RefusalCode::OnionVersion);
    }
    let mut hash = Sha3_256::new();
    hash.update(b".onion checksum");
    hash.update(key);
    hash.update([3]);
    if hash.finalize()[..2] == rest[..2] { Ok(()) } else { Err(RefusalCode::Checksum) }
}
