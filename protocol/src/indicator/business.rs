//! `abn` and `acn`: the numbers of Australian businesses and companies (`docs/spec/ruleset-2.md` §3.3).

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, is_digits, without_separators},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

const SEPARATORS: [char; 3] = [' ', '-', '.'];

pub(super) fn canonicalize_abn(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let (digits, repairs) = digits(value, "ABN")?;
    if digits.len() != 11 {
        return Err(RefusalCode::DigitCount);
    }
    if !is_abn(&digits) {
        return Err(RefusalCode::Checksum);
    }
    let acn = digits[2..].to_owned();
    let mut canonical = Canonical::new(IndicatorKind::Abn, digits, Strength::A, repairs);
    if is_acn(&acn) {
        // One sole trader in ten passes by chance, so the alias is weaker than a stated ACN.
        canonical.alias(IndicatorKind::Acn, acn, Strength::B);
    }
    Ok(canonical)
}

pub(super) fn canonicalize_acn(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let (digits, repairs) = digits(value, "ACN")?;
    if digits.len() != 9 {
        return Err(RefusalCode::DigitCount);
    }
    if !is_acn(&digits) {
        return Err(RefusalCode::Checksum);
    }
    Ok(Canonical::new(IndicatorKind::Acn, digits, Strength::A, repairs))
}

fn digits(value: Clean<'_>, label: &str) -> Result<(String, RepairCodes), RefusalCode> {
    let Clean { text, mut repairs } = value;
    // Registered bodies have numbers of the same series and check digit as companies.
    let labels = [label, if label == "ACN" { "ARBN" } else { label }];
    let bare = labels
        .into_iter()
        .find_map(|label| after_prefix(&text, label))
        .map(|rest| rest.trim_start_matches([' ', ':', '.']));
    repairs.note(bare.is_some(), RepairCode::LabelRemoved);
    let digits = without_separators(bare.unwrap_or(&text), &SEPARATORS, &mut repairs);
    if is_digits(&digits) { Ok((digits.into_owned(), repairs)) } else { Err(RefusalCode::NotDigits) }
}

/// The weighted sum of the Australian Business Register. Check digits run from 11 to 99, so that 10 cannot stand for 99.
fn is_abn(digits: &str) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    if &digits[..2] < "11" {
        return false;
    }
    let sum: u32 = WEIGHTS.iter().zip(digits.bytes()).map(|(weight, digit)| weight * u32::from(digit - b'0')).sum();
    (sum - WEIGHTS[0]).is_multiple_of(89)
}

/// The weighted sum of the Australian Securities and Investments Commission.
fn is_acn(digits: &str) -> bool {
    let sum: u32 = (1..=8).rev().zip(digits.bytes()).map(|(weight, digit)| weight * u32::from(digit - b'0')).sum();
    (10 - sum % 10) % 10 == u32::from(digits.as_bytes()[8] - b'0')
}
