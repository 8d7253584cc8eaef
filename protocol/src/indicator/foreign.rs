//! `foreign-account`: country, BIC and account number (ISO 9362; `docs/spec/ruleset-2.md` §3.18).

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, ascii_upper, refuse_placeholder, without_separators},
    country::canonical_country,
    iban,
    parts::{PartRefusal, Parts},
    person::name,
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables,
};

const COUNTRY: usize = 0;
const BIC: usize = 1;
const BANK: usize = 2;
const ACCOUNT: usize = 3;
/// What stands before the name of a bank whose BIC is not known.
const BANK_MARK: &str = "bank=";
/// Longest account number, in characters (ISO 20022 `Max34Text`).
const ACCOUNT_LEN_MAX: usize = 34;
const ACCOUNT_LEN_MIN: usize = 3;
/// A BIC without its branch.
const BIC_LEN: usize = 8;

/// One column: `CC:BIC:ACCOUNT` or `CC:bank=NAME:ACCOUNT`.
pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let mut fields = text.splitn(3, ':').map(str::as_bytes);
    let (Some(country), Some(bank), Some(account)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(RefusalCode::ForeignShape);
    };
    let parts = match bank.strip_prefix(BANK_MARK.as_bytes()) {
        Some(named) => [country, b"", named, account],
        None => [country, bank, b"", account],
    };
    let mut canonical = canonicalize_parts(&Parts(&parts)).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(super) fn canonicalize_parts(parts: &Parts<'_>) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let country = canonical_country(&parts.required(COUNTRY)?, &mut repairs).map_err(|code| code.of_part(COUNTRY))?;
    if country == "AU" {
        return Err(RefusalCode::ForeignAustralian.of_part(COUNTRY));
    }
    let account = account_number(parts.required(ACCOUNT)?, &mut repairs).map_err(|code| code.of_part(ACCOUNT))?;
    let bic = match parts.optional(BIC)? {
        Some(value) => Some(bank_code(value, &mut repairs).map_err(|code| code.of_part(BIC))?),
        None => None,
    };
    let bank = match parts.optional(BANK)? {
        Some(value) => Some(name::plain(value, &mut repairs).map_err(|code| code.of_part(BANK))?),
        None => None,
    };
    let by_bic = bic.map(|bic| (format!("{country}:{bic}:{account}"), Strength::B));
    // The same name stands for several banks, and the same bank for several names.
    let by_name = bank.map(|bank| (format!("{country}:{BANK_MARK}{bank}:{account}"), Strength::C));
    let mut keys = [by_bic, by_name].into_iter().flatten();
    let (text, strength) = keys.next().ok_or(RefusalCode::BankMissing.of_part(BIC))?;
    let mut canonical = Canonical::new(IndicatorKind::ForeignAccount, text, strength, repairs);
    for (text, strength) in keys {
        canonical.alias(IndicatorKind::ForeignAccount, text, strength);
    }
    if let Some(iban) = iban::within(&account) {
        canonical.alias(IndicatorKind::Iban, iban, Strength::A);
    }
    Ok(canonical)
}

/// Upper-case letters and digits. Leading zeros stay: in most countries they are part of the number.
fn account_number(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    repairs.merge(value.repairs);
    let text = without_separators(&value.text, &[' ', '-', '.', '/'], repairs);
    let text = ascii_upper(text, repairs);
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(RefusalCode::ForeignShape);
    }
    if !(ACCOUNT_LEN_MIN..=ACCOUNT_LEN_MAX).contains(&text.len()) {
        return Err(RefusalCode::AccountLength);
    }
    refuse_placeholder(&text)?;
    if text.bytes().all(|byte| byte == b'0') { Err(RefusalCode::AccountZero) } else { Ok(text) }
}

/// Four letters of the institution, two of its country, two letters or digits of its place. The branch is cut off.
fn bank_code(value: Clean<'_>, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    repairs.merge(value.repairs);
    let text = ascii_upper(without_separators(&value.text, &[' '], repairs), repairs);
    let shaped = matches!(text.len(), BIC_LEN | 11)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text[..6].bytes().all(|byte| byte.is_ascii_uppercase())
        && tables::country(&text[4..6]).is_some();
    if !shaped {
        return Err(RefusalCode::BicShape);
    }
    // A 0 in the eighth place marks a test code (ISO 9362 as used by SWIFT).
    if text.as_bytes()[BIC_LEN - 1] == b'0' {
        return Err(RefusalCode::BicShape);
    }
    repairs.note(text.len() > BIC_LEN, RepairCode::BranchDropped);
    Ok(text[..BIC_LEN].to_owned())
}
