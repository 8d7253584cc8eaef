//! `iban`: upper case, no spaces (ISO 13616; `docs/spec/ruleset-2.md` §3.6).

use iban::{Iban, ParseBaseIbanError, ParseIbanError};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, ascii_upper, without_separators},
    refusal::RefusalCode,
    repair::RepairCode,
};

/// Longest IBAN, in characters (ISO 13616-1).
const IBAN_LEN_MAX: usize = 34;

pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = after_prefix(&text, "IBAN").map(|rest| rest.trim_start_matches([' ', ':']));
    repairs.note(bare.is_some(), RepairCode::LabelRemoved);
    let text = without_separators(bare.unwrap_or(&text), &[' ', '-', '.'], &mut repairs);
    let text = ascii_upper(text, &mut repairs);
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 5
        && bytes.len() <= IBAN_LEN_MAX
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(u8::is_ascii_alphanumeric);
    if !shaped {
        return Err(RefusalCode::IbanShape);
    }
    // ISO 7064: check digits run from 02 to 98; 00, 01 and 99 would give a second text for the same account.
    if !("02"..="98").contains(&&text[2..4]) {
        return Err(RefusalCode::Checksum);
    }
    match text.parse::<Iban>() {
        Ok(_) => Ok(Canonical::new(IndicatorKind::Iban, text, Strength::A, repairs)),
        Err(ParseIbanError::UnknownCountry(_)) => Err(RefusalCode::IbanCountry),
        Err(ParseIbanError::InvalidBban(_)) => Err(RefusalCode::IbanStructure),
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum }) => {
            Err(RefusalCode::Checksum)
        }
        Err(ParseIbanError::InvalidBaseIban { .. }) => Err(RefusalCode::IbanShape),
    }
}

/// The IBAN that an account number of letters and digits is, if it is one.
pub(super) fn within(account: &str) -> Option<String> {
    let value = Clean { text: account.into(), repairs: Default::default() };
    canonicalize(value).ok().map(|found| found.primary().text.clone())
}
