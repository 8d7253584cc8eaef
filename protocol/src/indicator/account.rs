//! `au-account`: `BBBBBB:N`, the BSB and the account number without leading zeros (`docs/spec/ruleset-2.md` §3.1).

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, is_digits, refuse_placeholder, without_separators},
    column::{RepairShortBsb, Rules},
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
    tables,
};

const BSB_DIGITS: usize = 6;
const ACCOUNT_DIGITS_MAX: usize = 10;
const SEPARATORS: [char; 4] = [' ', '-', '.', '/'];
/// Words that people write before the two numbers.
const BSB_WORDS: [&str; 1] = ["bsb"];
const ACCOUNT_WORDS: [&str; 9] = ["account", "acct", "acc", "a/c", "ac", "number", "num", "no", "nr"];

/// One value with both numbers.
pub(super) fn canonicalize(value: Clean<'_>, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let text = without_words(&text, &mut repairs)?;
    let (bsb, account) = split(&text)?;
    repairs.note(text != format!("{bsb}:{account}"), RepairCode::SeparatorsRemoved);
    join(bsb, account, repairs, rules)
}

/// The two numbers from two columns.
pub(super) fn canonicalize_parts(parts: &Parts<'_>, rules: &Rules) -> Result<Canonical, PartRefusal> {
    const BSB: usize = 0;
    const ACCOUNT: usize = 1;
    // Some BSBs do repeat one digit: the table of prefixes judges them.
    let bsb = parts.optional(BSB)?.ok_or(RefusalCode::BsbMissing.of_part(BSB))?;
    let account = parts.required(ACCOUNT)?;
    refuse_placeholder(&account.text).map_err(|code| code.of_part(ACCOUNT))?;
    let mut repairs = bsb.repairs;
    repairs.merge(account.repairs);
    join(&bsb.text, &account.text, repairs, rules).map_err(|code| {
        let of_bsb = matches!(
            code,
            RefusalCode::BsbMissing
                | RefusalCode::BsbFiveDigits
                | RefusalCode::BsbLength
                | RefusalCode::BsbNotDigits
                | RefusalCode::BsbUnknownPrefix
        );
        code.of_part(if of_bsb { BSB } else { ACCOUNT })
    })
}

fn join(bsb: &str, account: &str, mut repairs: RepairCodes, rules: &Rules) -> Result<Canonical, RefusalCode> {
    let bsb = canonical_bsb(bsb, &mut repairs, rules)?;
    let account = canonical_number(account, &mut repairs)?;
    let mut canonical = Canonical::new(IndicatorKind::AuAccount, format!("{bsb}:{account}"), Strength::A, repairs);
    for successor in tables::bsb_successors(&bsb) {
        // A merger may have renumbered accounts: weaker than the account as it was stated.
        canonical.alias(IndicatorKind::AuAccount, format!("{successor}:{account}"), Strength::B);
    }
    Ok(canonical)
}

fn canonical_bsb(text: &str, repairs: &mut RepairCodes, rules: &Rules) -> Result<String, RefusalCode> {
    let digits = without_separators(text, &SEPARATORS, repairs);
    if digits.is_empty() {
        return Err(RefusalCode::BsbMissing);
    }
    if !is_digits(&digits) {
        return Err(RefusalCode::BsbNotDigits);
    }
    let bsb = match digits.len() {
        BSB_DIGITS => digits.into_owned(),
        5 if rules.repair_short_bsb == RepairShortBsb::RestoreZero => {
            repairs.insert(RepairCode::BsbZeroRestored);
            format!("0{digits}")
        }
        5 => return Err(RefusalCode::BsbFiveDigits),
        _ => return Err(RefusalCode::BsbLength),
    };
    if tables::is_known_bsb(&bsb) { Ok(bsb) } else { Err(RefusalCode::BsbUnknownPrefix) }
}

fn canonical_number(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    let digits = without_separators(text, &SEPARATORS, repairs);
    if !is_digits(&digits) {
        return Err(RefusalCode::AccountNotDigits);
    }
    let number = digits.trim_start_matches('0');
    if number.is_empty() {
        return Err(RefusalCode::AccountZero);
    }
    if number.len() > ACCOUNT_DIGITS_MAX {
        return Err(RefusalCode::AccountLength);
    }
    refuse_placeholder(number)?;
    repairs.note(number.len() != digits.len(), RepairCode::LeadingZerosRemoved);
    Ok(number.to_owned())
}

/// Removes the words of the two numbers; a word of the account number becomes a colon.
fn without_words(text: &str, repairs: &mut RepairCodes) -> Result<String, RefusalCode> {
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    let mut plain = String::with_capacity(lower.len());
    let mut rest = lower.as_str();
    while let Some(at) = rest.find(|c: char| c.is_alphabetic()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = |words: &[&'static str]| words.iter().copied().find(|word| rest.starts_with(word));
        let (word, mark) = match (word(&BSB_WORDS), word(&ACCOUNT_WORDS)) {
            (Some(word), _) => (word, ' '),
            (None, Some(word)) => (word, ':'),
            (None, None) => return Err(RefusalCode::AccountNotDigits),
        };
        rest = rest[word.len()..].trim_start_matches([' ', ':', '.', '#']);
        plain.push(mark);
    }
    repairs.insert(RepairCode::LabelRemoved);
    plain.push_str(rest);
    // Two words in a row ("Acc No") leave two colons; one is meant.
    let mut marks = plain.split(':').map(str::trim).filter(|part| !part.is_empty());
    let (first, second) = (marks.next().unwrap_or_default(), marks.next().unwrap_or_default());
    match marks.next() {
        None => Ok(format!("{first}:{second}")),
        Some(_) => Err(RefusalCode::AccountShape),
    }
}

/// The part of the BSB and the part of the account number.
fn split(text: &str) -> Result<(&str, &str), RefusalCode> {
    if let Some((bsb, account)) = text.split_once(':') {
        let account = account.trim();
        if account.is_empty() {
            // Without an account word the whole may still be `062-000 12345678`.
            return split_by_digits(bsb.trim());
        }
        return if account.contains(':') { Err(RefusalCode::AccountShape) } else { Ok((bsb.trim(), account)) };
    }
    split_by_digits(text)
}

/// Six digits, or three and three, then a separator, then the account number. Five digits go on to be refused as such.
fn split_by_digits(text: &str) -> Result<(&str, &str), RefusalCode> {
    if text.contains(|c: char| !c.is_ascii_digit() && !SEPARATORS.contains(&c)) {
        return Err(RefusalCode::AccountNotDigits);
    }
    let run = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let first = run(0);
    let bsb_len = match first {
        5 | BSB_DIGITS => first,
        2 | 3 if text.len() > first + 1 && run(first + 1) == 3 => first + 4,
        _ if first == text.len() && first < ACCOUNT_DIGITS_MAX => return Err(RefusalCode::BsbMissing),
        _ => return Err(RefusalCode::AccountShape),
    };
    let (bsb, account) = text.split_at(bsb_len);
    let account = account.trim_start_matches(SEPARATORS);
    if account.is_empty() { Err(RefusalCode::AccountShape) } else { Ok((bsb, account)) }
}
