//! `payid`: resolves to a phone number, an e-mail address, an ABN, an ACN or an organisation identifier
//! (`docs/spec/ruleset-2.md` §3.2).

use std::borrow::Cow;

use super::{
    IndicatorKind, Strength, business,
    canonical::{Canonical, folded},
    clean::{Clean, ascii_lower, is_digits, refuse_placeholder},
    column::Rules,
    email, phone,
    refusal::RefusalCode,
    repair::RepairCode,
};

/// Longest organisation identifier of the PayID service, in bytes.
const ORGID_LEN_MAX: usize = 256;

pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    if value.text.contains('@') {
        return email::canonicalize(value);
    }
    let value = folded(value);
    refuse_placeholder(&value.text)?;
    if value.text.starts_with('+') {
        return canonicalize_phone(value, rules);
    }
    let digits = value.text.bytes().filter(u8::is_ascii_digit).count();
    let only_digits = value.text.bytes().all(|byte| byte.is_ascii_digit() || b" -()".contains(&byte));
    match (only_digits, digits) {
        (true, 11) => business::canonicalize_abn(value),
        (true, 9) => business::canonicalize_acn(value),
        (true, 10) if value.text.starts_with(['0', '(']) => phone::canonicalize(value, rules),
        (true, _) => Err(RefusalCode::PayidDigits),
        (false, _) => canonicalize_orgid(value),
    }
}

/// The dash stands after the country code and belongs to the notation, not to the number.
fn canonicalize_phone(mut value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Some((code, number)) = value.text[1..].split_once('-') else {
        return phone::canonicalize(value, rules);
    };
    if !is_digits(code) || code.len() > 3 || !number.starts_with(|c: char| ('1'..='9').contains(&c)) {
        return Err(RefusalCode::PayidDash);
    }
    let code = code.to_owned();
    value.text = Cow::Owned(format!("+{code}{number}"));
    value.repairs.insert(RepairCode::PayidDash);
    let (canonical, country_code) = phone::canonicalize_with_code(value, rules)?;
    if country_code.to_string() == code { Ok(canonical) } else { Err(RefusalCode::PayidDash) }
}

fn canonicalize_orgid(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    if !text.is_ascii() {
        return Err(RefusalCode::OrgidCharacters);
    }
    if text.len() > ORGID_LEN_MAX {
        return Err(RefusalCode::TooLong);
    }
    let text = ascii_lower(text, &mut repairs);
    Ok(Canonical::new(IndicatorKind::OrgId, text, Strength::B, repairs))
}
