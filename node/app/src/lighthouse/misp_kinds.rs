//! Identifiers of MISP: attributes by their type, objects by their template.

use cwg_protocol::indicator::ColumnKind;
use cwg_protocol::lighthouse::{Field, Forbidden};

use super::found::{FoundValue, Refusal};
use super::stix_values::{Observable, account_of, address, handle, no_identifier, wallet};

/// An attribute: what it is called in its object, its type, its value.
pub(super) struct Attribute<'a> {
    pub(super) relation: &'a str,
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
}

fn one(kind: ColumnKind, value: &str) -> Result<Observable, Refusal> {
    Ok(Observable { value: FoundValue::One(kind, value.to_owned()), cells: Vec::new() })
}

/// The platform of types that name one.
const ACCOUNTS: &[(&str, &str)] = &[
    ("twitter-id", "x"),
    ("github-username", "github"),
    ("telegram-id", "telegram"),
    ("instagram-username", "instagram"),
];

/// What an attribute of a type is that stands alone. `time` is when it was seen.
pub(super) fn attribute(kind: &str, value: &str, time: Option<&str>) -> Result<Observable, Refusal> {
    if let Some(forbidden) = forbidden(kind) {
        return Err(forbidden.into());
    }
    if let Some((_, platform)) = ACCOUNTS.iter().find(|(name, _)| *name == kind) {
        return handle(Some((*platform).to_owned()), Some(value.to_owned()), None);
    }
    match kind {
        "phone-number" => one(ColumnKind::Phone, value),
        "email" | "email-src" | "email-dst" => one(ColumnKind::Email, value),
        "domain" | "hostname" => one(ColumnKind::Domain, value),
        "iban" => one(ColumnKind::Iban, value),
        "btc" => one(ColumnKind::Btc, value),
        "xmr" => one(ColumnKind::Xmr, value),
        "cc-number" => one(ColumnKind::Pan, value),
        "mac-address" => one(ColumnKind::Device, &format!("mac:{value}")),
        "ip-src" | "ip-dst" => address(value.to_owned(), time),
        "bank-account-nr" => account_of(value.to_owned(), None, None, None),
        _ => Err(not_read()),
    }
}

/// Types that must never enter.
fn forbidden(kind: &str) -> Option<Forbidden> {
    match kind {
        "attachment" | "malware-sample" => Some(Forbidden::Media),
        "url" | "uri" | "link" => Some(Forbidden::FullAddress),
        "text" | "comment" | "other" => Some(Forbidden::FreeText),
        "email-body" | "email-subject" => Some(Forbidden::Conversation),
        "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "ssdeep" | "imphash" | "tlsh" | "pehash" => {
            Some(Forbidden::ContentHash)
        }
        _ if kind.starts_with("filename|") || kind.starts_with("sha3-") || kind.starts_with("sha512/") => {
            Some(Forbidden::ContentHash)
        }
        _ => None,
    }
}

fn not_read() -> Refusal {
    Refusal::new(
        "type-not-read",
        "the type has no identifier that a clue takes",
        "leave it out; docs/operations.md lists the types that are read",
    )
}

/// What an object of a template is.
pub(super) fn object(template: &str, attributes: &[Attribute<'_>]) -> Result<Observable, Refusal> {
    let text = |names: &[&str]| {
        let with = |name: &&str| attributes.iter().find(|attribute| attribute.relation == *name);
        names.iter().find_map(with).map(|attribute| attribute.value.to_owned()).filter(|value| !value.trim().is_empty())
    };
    let mut observable = match template {
        "bank-account" => match text(&["iban"]) {
            Some(iban) => one(ColumnKind::Iban, &iban),
            None => account_of(
                text(&["account", "client-number"]).ok_or_else(no_identifier)?,
                text(&["institution-code"]),
                text(&["swift"]),
                text(&["country"]).or_else(|| country_of(&text(&["currency-code"])?)),
            ),
        },
        "coin-address" => coin(&text, attributes),
        "credit-card" => one(ColumnKind::Pan, &text(&["cc-number"]).ok_or_else(no_identifier)?),
        "phone" => match (text(&["msisdn", "phone-number"]), text(&["imei"]), text(&["imsi"])) {
            (Some(number), _, _) => one(ColumnKind::Phone, &number),
            (None, Some(imei), _) => one(ColumnKind::Device, &format!("imei:{imei}")),
            (None, None, Some(imsi)) => one(ColumnKind::Device, &format!("imsi:{imsi}")),
            (None, None, None) => Err(no_identifier()),
        },
        "user-account" => handle(text(&["account-type"]), text(&["username", "display-name"]), text(&["user-id"])),
        "person" => {
            let name = |names| text(names).ok_or_else(no_identifier);
            let parts = vec![
                name(&["first-name"])?,
                name(&["last-name"])?,
                name(&["date-of-birth"])?,
                text(&["gender"]).and_then(|gender| sex(&gender)).unwrap_or_default().to_owned(),
            ];
            Ok(Observable { value: FoundValue::Parts(ColumnKind::Person, parts), cells: Vec::new() })
        }
        _ => Err(not_read()),
    }?;
    // Templates say it of the person; the guard against names of victims needs it.
    let subject = text(&["role"]).and_then(|role| match role.to_ascii_lowercase().as_str() {
        "suspect" | "accused" => Some("suspect"),
        "victim" => Some("victim"),
        _ => None,
    });
    observable.cells.extend(subject.map(|subject| (Field::Subject, subject.to_owned())));
    Ok(observable)
}

fn coin(text: &impl Fn(&[&str]) -> Option<String>, attributes: &[Attribute<'_>]) -> Result<Observable, Refusal> {
    let found =
        attributes.iter().find(|attribute| matches!(attribute.relation, "address" | "address-xmr" | "address-crypto"));
    let found = found.ok_or_else(no_identifier)?;
    match (text(&["symbol"]), found.kind) {
        (Some(symbol), _) => wallet(found.value.to_owned(), Some(&symbol)),
        (None, "btc") => wallet(found.value.to_owned(), Some("BTC")),
        (None, "xmr") => wallet(found.value.to_owned(), Some("XMR")),
        (None, _) => wallet(found.value.to_owned(), None),
    }
}

fn sex(gender: &str) -> Option<&'static str> {
    match gender.to_ascii_lowercase().as_str() {
        "male" => Some("M"),
        "female" => Some("F"),
        _ => None,
    }
}

/// A currency that one country alone has.
fn country_of(currency: &str) -> Option<String> {
    let country = match currency.trim().to_ascii_uppercase().as_str() {
        "AUD" => "AU",
        "PHP" => "PH",
        "THB" => "TH",
        _ => return None,
    };
    Some(country.to_owned())
}
