//! `ewallet`: country, operator and the number or name of an account (`docs/spec/ruleset-2.md` §3.19). Most such accounts
//! are mobile numbers or e-mail addresses: those give these keys as well.

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, Joiners, ascii_lower, clean, refuse_placeholder},
    column::{Region, Rules},
    country::canonical_country,
    email,
    parts::{PartRefusal, Parts},
    phone,
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables::{self, AccountOf, Operator},
};

const COUNTRY: usize = 0;
const OPERATOR: usize = 1;
const ID: usize = 2;
/// Country of operators whose accounts belong to none (ISO 3166-1 leaves ZZ to its users).
const EVERYWHERE: &str = "ZZ";
const ID_LEN_MIN: usize = 3;
const ID_LEN_MAX: usize = 64;

/// One column: `CC:operator:id`.
pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let mut fields = text.splitn(3, ':').map(str::as_bytes);
    let (Some(country), Some(operator), Some(id)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(RefusalCode::EwalletShape);
    };
    let mut canonical = canonicalize_parts(&Parts(&[country, operator, id]), rules).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(super) fn canonicalize_parts(parts: &Parts<'_>, rules: &Rules) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let operator = operator(parts.required(OPERATOR)?, &mut repairs).map_err(|code| code.of_part(OPERATOR))?;
    let country = parts.required(COUNTRY)?;
    let country = if &*country.text == EVERYWHERE {
        repairs.merge(country.repairs);
        EVERYWHERE
    } else {
        canonical_country(&country, &mut repairs).map_err(|code| code.of_part(COUNTRY))?
    };
    let home = if operator.countries.is_empty() { EVERYWHERE } else { country };
    if !operator.countries.is_empty() && !operator.countries.contains(&country) {
        return Err(RefusalCode::OperatorCountry.of_part(OPERATOR));
    }
    repairs.note(home != country, RepairCode::NotationChanged);
    let id = parts.required(ID)?;
    refuse_placeholder(&id.text).map_err(|code| code.of_part(ID))?;
    let account = account(id, operator, country, rules).map_err(|code| code.of_part(ID))?;
    repairs.merge(account.repairs);
    let text = format!("{home}:{}:{}", operator.name, account.text);
    let mut canonical = Canonical::new(IndicatorKind::Ewallet, text, Strength::B, repairs);
    for key in account.aliases.iter().flat_map(|found| &found.keys) {
        canonical.alias(key.kind, key.text.clone(), key.strength);
    }
    Ok(canonical)
}

/// The account within its operator, and the identifier of another kind that it is.
struct Account {
    text: String,
    repairs: RepairCodes,
    aliases: Option<Canonical>,
}

fn operator(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<&'static Operator, RefusalCode> {
    repairs.merge(value.repairs);
    let lower = ascii_lower(value.text, repairs);
    let operator = tables::operator(&lower).ok_or(RefusalCode::OperatorUnknown)?;
    repairs.note(operator.name != lower, RepairCode::NotationChanged);
    Ok(operator)
}

fn account(id: Clean<'_>, operator: &Operator, country: &str, rules: &Rules) -> Result<Account, RefusalCode> {
    if id.text.starts_with(['$', '@']) {
        return Err(RefusalCode::EwalletHandle);
    }
    let is_email = id.text.contains('@');
    let is_number = id.text.bytes().all(|byte| !byte.is_ascii_alphabetic());
    let found = match operator.account {
        AccountOf::Phone => Some(phone_of(id.text.as_bytes(), country, rules)?),
        AccountOf::Email => Some(email_of(id.text.as_bytes())?),
        AccountOf::Either if is_email => Some(email_of(id.text.as_bytes())?),
        AccountOf::Either if is_number => phone_of(id.text.as_bytes(), country, rules).ok(),
        AccountOf::Either => None,
    };
    let mut repairs = id.repairs;
    let text = match &found {
        Some(found) => {
            repairs.merge(found.repairs);
            found.primary().text.clone()
        }
        None => named(&id.text, &mut repairs)?,
    };
    Ok(Account { text, repairs, aliases: found })
}

/// A number is first read as one of the wallet's own country.
fn phone_of(raw: &[u8], country: &str, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let default_region = Region::from_code(country).or(rules.default_region);
    phone::canonicalize(clean(raw, Joiners::Remove)?, &Rules { default_region, ..*rules })
}

fn email_of(raw: &[u8]) -> Result<Canonical, RefusalCode> {
    email::canonicalize(clean(raw, Joiners::Keep)?)
}

/// The operator's own number or name for an account: visible ASCII in lower case.
fn named(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(ID_LEN_MIN..=ID_LEN_MAX).contains(&text.len()) || !text.bytes().all(allowed) {
        return Err(RefusalCode::EwalletShape);
    }
    Ok(ascii_lower(text.into(), repairs))
}
