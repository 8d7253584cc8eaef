//! `pan`: the number of a payment card (ISO/IEC 7812-1; `docs/spec/ruleset-2.md` §3.17).
//!
//! An issuer has some 10^9 numbers, so whoever has a card's item can find the card (PCI DSS 3.5.1.1 forbids its unkeyed hash
//! at rest). Hence it enters runs with the hub alone, is erased from memory and is shown by its ends.

use std::borrow::Cow;

use zeroize::{Zeroize, Zeroizing};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    checksum::luhn_digit,
    clean::{Clean, is_digits, refuse_placeholder, without_separators},
    refusal::RefusalCode,
    tables,
};

pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let digits = Zeroizing::new(without_separators(&text, &[' ', '-'], &mut repairs).into_owned());
    if let Cow::Owned(mut folded) = text {
        folded.zeroize();
    }
    if digits.contains(['*', 'x', 'X', '#', '\u{2022}']) {
        return Err(RefusalCode::CardMasked);
    }
    if !is_digits(&digits) {
        return Err(RefusalCode::NotDigits);
    }
    if !(12..=19).contains(&digits.len()) {
        return Err(RefusalCode::DigitCount);
    }
    refuse_placeholder(&digits)?;
    let (body, check) = digits.split_at(digits.len() - 1);
    if luhn_digit(body).to_string() != check {
        return Err(RefusalCode::Checksum);
    }
    if tables::is_test_card(&digits) {
        return Err(RefusalCode::CardTest);
    }
    if !tables::is_card_range(&digits) {
        return Err(RefusalCode::CardRange);
    }
    Ok(Canonical::new(IndicatorKind::Pan, String::clone(&digits), Strength::A, repairs))
}
