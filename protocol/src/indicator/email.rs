//! `email`: lower-cased local part and A-label domain; for providers of the table also the mailbox
//! (`docs/spec/ruleset-2.md` §3.5).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix},
    domain::{a_labels, refuse_suffix},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables,
};

/// RFC 5321 §4.5.3.1.1.
const LOCAL_LEN_MAX: usize = 64;
/// RFC 5321 §4.5.3.1.3, without the angle brackets.
const ADDRESS_LEN_MAX: usize = 254;

pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_wrapping(&text, &mut repairs);
    let (local, host) = split(bare)?;
    if host.starts_with('[') {
        return Err(RefusalCode::IpAddress);
    }
    let local = canonical_local(local, &mut repairs)?;
    let host = a_labels(host, &mut repairs)?;
    refuse_suffix(&host)?;
    if local.len() > LOCAL_LEN_MAX || local.len() + 1 + host.len() > ADDRESS_LEN_MAX {
        return Err(RefusalCode::EmailLength);
    }
    let registrable = psl::domain_str(&host).unwrap_or(&host);
    let strength = if tables::is_disposable(registrable) { Strength::C } else { Strength::B };
    let mailbox = mailbox(&local, &host);
    let mut canonical = Canonical::new(IndicatorKind::Email, format!("{local}@{host}"), strength, repairs);
    if let Some(mailbox) = mailbox {
        canonical.alias(IndicatorKind::Mailbox, mailbox, strength);
    }
    Ok(canonical)
}

/// The mailbox behind an address, for providers of the table. Quoted and international local parts have none.
fn mailbox(local: &str, host: &str) -> Option<String> {
    let rule = tables::mailbox_rule(host)?;
    if local.starts_with('"') || !local.is_ascii() {
        return None;
    }
    let name = local.split('+').next()?;
    let name = if rule.dots_ignored { name.replace('.', "") } else { name.to_owned() };
    // Cut at the plus, a name may be empty or end in a dot: then it is no address.
    is_dot_atom(&name).then(|| format!("{name}@{}", rule.domain))
}

/// The address without `mailto:`, its query, and angle brackets.
fn without_wrapping<'a>(text: &'a str, repairs: &mut RepairCodes) -> &'a str {
    let mut bare = text;
    if let Some(rest) = after_prefix(bare, "mailto:") {
        repairs.insert(RepairCode::UriStripped);
        bare = rest.split('?').next().unwrap_or(rest);
    }
    if let Some(inside) = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        repairs.insert(RepairCode::Unquoted);
        bare = inside;
    }
    bare
}

/// Local part and domain at the only `@` outside quotes.
fn split(text: &str) -> Result<(&str, &str), RefusalCode> {
    let mut quoted = false;
    let mut escaped = false;
    let mut at = None;
    for (position, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '@' if !quoted && at.is_some() => return Err(RefusalCode::EmailShape),
            '@' if !quoted => at = Some(position),
            _ => {}
        }
    }
    match at {
        Some(at) if at > 0 && at + 1 < text.len() && !quoted => Ok((&text[..at], &text[at + 1..])),
        _ => Err(RefusalCode::EmailShape),
    }
}

/// Lower-cased, without needless quotes.
fn canonical_local(local: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let plain = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => Cow::Owned(unescaped(inside)?),
        None if is_dot_atom(local) => Cow::Borrowed(local),
        None => return Err(RefusalCode::EmailLocal),
    };
    let lower = lower_case(&plain);
    repairs.note(lower != plain, RepairCode::LowerCased);
    if is_dot_atom(&lower) {
        repairs.note(local.starts_with('"'), RepairCode::Unquoted);
        return Ok(lower);
    }
    let quoted = format!("\"{}\"", lower.replace('\\', "\\\\").replace('"', "\\\""));
    // A backslash before any other character meant nothing.
    repairs.note(quoted.chars().count() != local.chars().count(), RepairCode::Unquoted);
    Ok(quoted)
}

/// Lower case in NFC. ASCII, nearly always, takes the short way.
fn lower_case(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase().nfc().collect() }
}

/// What a quoted string stands for (RFC 5322 §3.2.4).
fn unescaped(inside: &str) -> Result<String, RefusalCode> {
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().ok_or(RefusalCode::EmailLocal)?),
            '"' => return Err(RefusalCode::EmailLocal),
            c => plain.push(c),
        }
    }
    if plain.is_empty() { Err(RefusalCode::EmailLocal) } else { Ok(plain) }
}

/// RFC 5322 §3.2.3, with the letters of RFC 6532.
fn is_dot_atom(text: &str) -> bool {
    let allowed = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        c if c.is_ascii() => "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_whitespace() && !c.is_control(),
    };
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}
