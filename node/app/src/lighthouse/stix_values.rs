//! Identifiers of STIX 2.1: the observables of its chapter 6, and those that public extensions add for bank accounts,
//! cards, wallets and phones. A pattern names the same properties.

use cwg_protocol::indicator::{ColumnKind, Platform};
use cwg_protocol::lighthouse::{Field, Forbidden};

use super::found::{FoundValue, Refusal};

/// Reads a property of an observable by its name; extensions may have several names for one.
pub(super) trait Properties {
    /// The text of a property, if it has one.
    fn text(&self, name: &str) -> Option<String>;
}

/// An identifier, and what its observable says beside it.
pub(super) struct Observable {
    pub(super) value: FoundValue,
    pub(super) cells: Vec<(Field, String)>,
}

impl Observable {
    fn one(kind: ColumnKind, text: String) -> Self {
        Self { value: FoundValue::One(kind, text), cells: Vec::new() }
    }

    fn parts(kind: ColumnKind, parts: impl IntoIterator<Item = String>) -> Self {
        Self { value: FoundValue::Parts(kind, parts.into_iter().collect()), cells: Vec::new() }
    }
}

/// The identifier of an observable of a type. `time` is when it was seen, to the hour, if that is known.
pub(super) fn read(object: &str, properties: &dyn Properties, time: Option<&str>) -> Result<Observable, Refusal> {
    let required = |names: &[&str]| first(properties, names).ok_or_else(no_identifier);
    match object {
        "email-addr" => Ok(Observable::one(ColumnKind::Email, required(&["value"])?)),
        "domain-name" => Ok(Observable::one(ColumnKind::Domain, required(&["value"])?)),
        "ipv4-addr" | "ipv6-addr" => address(required(&["value"])?, time),
        "phone-number" | "phone" => Ok(Observable::one(ColumnKind::Phone, required(&["value", "number"])?)),
        "bank-card" | "payment-card" | "credit-card" => {
            Ok(Observable::one(ColumnKind::Pan, required(&["value", "number"])?))
        }
        "bank-account" => bank_account(properties),
        "cryptocurrency-wallet" => wallet(
            required(&["value", "address"])?,
            first(properties, &["currency_code", "currency", "symbol", "currency_symbol"]).as_deref(),
        ),
        "user-account" => user_account(properties),
        "mac-addr" => Ok(Observable::one(ColumnKind::Device, format!("mac:{}", required(&["value"])?))),
        "url" => Err(Forbidden::FullAddress.into()),
        "artifact" => Err(Forbidden::Media.into()),
        "file" => Err(Forbidden::ContentHash.into()),
        "email-message" => Err(Forbidden::Conversation.into()),
        _ => Err(Refusal::new(
            "object-not-read",
            "the type of the object has no identifier that a clue takes",
            "leave it out; docs/operations.md lists the types that are read",
        )),
    }
}

pub(super) fn no_identifier() -> Refusal {
    Refusal::new(
        "no-identifier",
        "the record has no identifier that a clue takes",
        "fill it in, or leave the record out",
    )
}

fn first(properties: &dyn Properties, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| properties.text(name)).filter(|text| !text.trim().is_empty())
}

/// An address of the Internet is an identifier within an hour alone.
pub(super) fn address(address: String, time: Option<&str>) -> Result<Observable, Refusal> {
    let Some(time) = time.filter(|time| time.len() > 13) else {
        return Err(Refusal::new(
            "ip-without-time",
            "an address of the Internet has no time at which it was seen",
            "give the time to the hour; without one it is nobody's",
        ));
    };
    Ok(Observable::parts(ColumnKind::IpTime, [address, time.to_owned(), String::new()]))
}

fn bank_account(properties: &dyn Properties) -> Result<Observable, Refusal> {
    if let Some(iban) = first(properties, &["iban", "iban_number"]) {
        return Ok(Observable::one(ColumnKind::Iban, iban));
    }
    let account = first(properties, &["account_number"]).ok_or_else(no_identifier)?;
    account_of(
        account,
        first(properties, &["bsb", "bank_code", "routing_number"]),
        first(properties, &["swift_code", "bic", "swift"]),
        first(properties, &["country", "country_code"]),
    )
}

/// An account in Australia by its BSB, abroad by its BIC.
pub(super) fn account_of(
    account: String,
    bank_code: Option<String>,
    bic: Option<String>,
    country: Option<String>,
) -> Result<Observable, Refusal> {
    let of_bic = bic.as_deref().and_then(|bic| bic.trim().get(4..6)).map(str::to_ascii_uppercase);
    let country = country.map(|country| country.trim().to_ascii_uppercase()).or(of_bic);
    let is_bsb = |code: &String| {
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        digits == 6 && code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b' '))
    };
    match (country.as_deref(), bank_code.filter(is_bsb), bic) {
        // Sort codes of other countries have six digits too: the country must be said.
        (Some("AU"), Some(bsb), _) => Ok(Observable::parts(ColumnKind::AuAccount, [bsb, account])),
        (Some(country), _, Some(bic)) if country != "AU" => {
            let parts = [country.to_owned(), bic, String::new(), account];
            Ok(Observable::parts(ColumnKind::ForeignAccount, parts))
        }
        _ => Err(Refusal::new(
            "account-without-bank",
            "an account number stands without what names its bank",
            "give an IBAN, the country AU with a BSB, or a BIC",
        )),
    }
}

/// The kind of wallets of a currency, by its usual symbol.
const CURRENCIES: &[(&[&str], ColumnKind)] = &[
    (&["BTC", "XBT", "BITCOIN"], ColumnKind::Btc),
    (&["ETH", "ETC", "BNB", "MATIC", "POL", "ETHEREUM"], ColumnKind::Evm),
    (&["TRX", "TRON"], ColumnKind::Trx),
    (&["LTC", "LITECOIN"], ColumnKind::Ltc),
    (&["DOGE", "DOGECOIN"], ColumnKind::Doge),
    (&["BCH"], ColumnKind::Bch),
    (&["XMR", "MONERO"], ColumnKind::Xmr),
    (&["XRP"], ColumnKind::Xrp),
    (&["XLM"], ColumnKind::Xlm),
    (&["SOL"], ColumnKind::Sol),
    (&["TON"], ColumnKind::Ton),
];

/// A wallet of a currency; without one, of the few whose addresses say it themselves.
pub(super) fn wallet(address: String, currency: Option<&str>) -> Result<Observable, Refusal> {
    let unclear = || {
        Refusal::new(
            "currency-unclear",
            "the currency of a wallet is not said, or not known",
            "give its symbol: addresses of several currencies look alike",
        )
    };
    let text = address.trim();
    let kind = match currency {
        Some(symbol) => {
            let symbol = symbol.trim().to_ascii_uppercase();
            CURRENCIES.iter().find(|(symbols, _)| symbols.contains(&symbol.as_str())).map(|(_, kind)| *kind)
        }
        None if text.to_ascii_lowercase().starts_with("bc1") => Some(ColumnKind::Btc),
        None if text.to_ascii_lowercase().starts_with("ltc1") => Some(ColumnKind::Ltc),
        None if text.len() == 42 && text.starts_with("0x") => Some(ColumnKind::Evm),
        None if text.len() == 34 && text.starts_with('T') => Some(ColumnKind::Trx),
        None if text.len() == 34 && text.starts_with('1') => Some(ColumnKind::Btc),
        None if matches!(text.len(), 95 | 106) && text.starts_with(['4', '8']) => Some(ColumnKind::Xmr),
        None => None,
    };
    Ok(Observable::one(kind.ok_or_else(unclear)?, address))
}

fn user_account(properties: &dyn Properties) -> Result<Observable, Refusal> {
    let platform = first(properties, &["account_type"]);
    handle(platform, first(properties, &["account_login", "display_name"]), first(properties, &["user_id"]))
}

/// An account on a platform: by its name, by the platform's own number, or both.
pub(super) fn handle(
    platform: Option<String>,
    name: Option<String>,
    id: Option<String>,
) -> Result<Observable, Refusal> {
    let platform = platform.unwrap_or_default().trim().to_ascii_lowercase();
    let mut observable = match (name, id) {
        (name, Some(id)) if !id.trim().is_empty() && id.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
            Observable::parts(ColumnKind::Handle, [platform.clone(), name.unwrap_or_default(), id])
        }
        (Some(name), _) | (None, Some(name)) if platform.is_empty() => Observable::one(ColumnKind::Handle, name),
        (Some(name), _) | (None, Some(name)) => Observable::one(ColumnKind::Handle, format!("{platform}:{name}")),
        (None, None) => return Err(no_identifier()),
    };
    // Where it was seen, if the list of platforms for clues has it too.
    if Platform::from_name(&platform).is_some()
        && cwg_protocol::lighthouse::ListedPlatform::from_name(&platform).is_some()
    {
        observable.cells.push((Field::Platform, platform));
    }
    Ok(observable)
}
