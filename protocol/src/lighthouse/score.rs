//! How much matches on one customer say together, and whether they may open a case (`docs/spec/lighthouse.md` §7).
//!
//! A score orders a queue. It is a band with its parts and never a number that could pass for a probability. Whether a case
//! may open is another question, answered by a rule of its own that no score overrides.
//!
//! All arithmetic is in integers, thousandths and millionths rounded down: the same on every machine.

mod corroboration;

use super::contradiction::Reading;
use super::day::Day;
use super::id::ClueId;
use super::label::{Label, LabelClue};
use super::limits::SCORED_KEYS_MAX;
use super::vocabulary::ClueRole;
use crate::indicator::{IndicatorKind, Role, Strength};

pub use corroboration::{Corroboration, NotEnough, Opening};

/// A matched key of one customer.
#[derive(Clone, Copy, Debug)]
pub struct KeyMatch<'a> {
    /// The kind of the key.
    pub kind: IndicatorKind,
    /// Which of the customer's own values the key is a form of. Two keys of one value say no more than one.
    pub own_value: u32,
    /// Whose identifier it is.
    pub role: Role,
    /// How many customers share the value, this one included.
    pub shared_by: u32,
    /// Whether the key is a person's name.
    pub company: Company,
    /// What the release says of it.
    pub label: &'a Label,
}

/// Whether a key says something by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// It is an identifier.
    NotNeeded,
    /// It is made of a person's name, which others have as well: it only counts beside an identifier.
    Needed,
}

/// What matches come to.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The band.
    pub band: Band,
    /// Each key with its parts, the weightiest first.
    pub keys: Vec<KeyScore>,
    /// How many of the keys say something that no other says.
    pub independent: usize,
    /// How the labels of all keys are read together.
    pub reading: Reading,
    /// Whether a case may open.
    pub opening: Opening,
    /// Millionths, for the order of a queue alone.
    total: u32,
}

/// A range of scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Look at it when there is time.
    Low,
    /// Look at it.
    Medium,
    /// Look at it first.
    High,
}

/// What one key adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyScore {
    /// The kind of the key.
    pub kind: IndicatorKind,
    /// The clue that says most of it.
    pub clue: ClueId,
    /// What its weight is the product of.
    pub parts: [Part; 5],
    /// Millionths.
    weight: u32,
}

/// One factor of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub kind: PartKind,
    /// Thousandths.
    pub permille: u32,
}

/// The factors of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// How unique and stable the key is.
    Strength,
    /// How far source and statement are trusted.
    Grade,
    /// How fresh the clue is.
    Recency,
    /// Whether the customer's side fits what the clue says.
    RoleFit,
    /// How few customers share the value.
    Rarity,
}

/// Millionths from which a band begins.
const MEDIUM_FROM: u32 = 200_000;
const HIGH_FROM: u32 = 500_000;
const MILLION: u32 = 1_000_000;

/// More keys than are scored together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {SCORED_KEYS_MAX} keys of one customer are scored together")]
pub struct TooManyKeys;

/// Assesses the matched keys of one customer on a day.
///
/// # Errors
/// If there are more than [`SCORED_KEYS_MAX`].
pub fn assess(matches: &[KeyMatch<'_>], today: Day) -> Result<Assessment, TooManyKeys> {
    if matches.len() > SCORED_KEYS_MAX {
        return Err(TooManyKeys);
    }
    let groups = groups(matches);
    let scores: Vec<Option<KeyScore>> = matches.iter().map(|key| score(key, today)).collect();
    let count = groups.iter().max().map_or(0, |last| last + 1);
    // Of keys that say the same, the weightiest counts.
    let mut weights = vec![0; count];
    for (group, score) in groups.iter().zip(&scores) {
        let weight = score.as_ref().map_or(0, |score| score.weight);
        weights[*group] = weight.max(weights[*group]);
    }
    weights.retain(|weight| *weight > 0);
    let independent = weights.len();
    let total = together(weights);
    let mut keys: Vec<KeyScore> = scores.into_iter().flatten().collect();
    keys.sort_by_key(|key| (core::cmp::Reverse(key.weight), key.kind, key.clue));
    let reading = matches.iter().fold(Reading::default(), |reading, key| reading.joined(&key.label.reading));
    let opening = corroboration::opening(matches, &groups, today);
    Ok(Assessment { band: Band::of(total), keys, independent, reading, opening, total })
}

impl Assessment {
    /// What a queue is sorted by, the first to look at being the greatest.
    pub fn urgency(&self) -> impl Ord + use<> {
        self.total
    }
}

impl Band {
    fn of(total: u32) -> Self {
        match total {
            HIGH_FROM.. => Self::High,
            MEDIUM_FROM.. => Self::Medium,
            _ => Self::Low,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Weights of independent keys together: what is left of the doubt that each leaves, taken from the whole.
fn together(mut weights: Vec<u32>) -> u32 {
    // Sorted, so that rounding does not depend on the order of the keys.
    weights.sort_unstable();
    let doubt = weights
        .into_iter()
        .fold(u64::from(MILLION), |doubt, weight| doubt * u64::from(MILLION - weight) / u64::from(MILLION));
    MILLION - u32::try_from(doubt).expect("it only falls")
}

/// The clue of a key that weighs most, unless none is shown or all have expired.
fn score(key: &KeyMatch<'_>, today: Day) -> Option<KeyScore> {
    let scored = key.label.clues.iter().filter(|clue| clue.expires >= today).map(|clue| {
        let parts = [
            Part { kind: PartKind::Strength, permille: of_strength(clue.strength) },
            Part { kind: PartKind::Grade, permille: of_grade(clue) },
            Part { kind: PartKind::Recency, permille: clue.decay.weight(clue.observed.last, clue.expires, today) },
            Part { kind: PartKind::RoleFit, permille: of_role(key.role, clue.role) },
            Part { kind: PartKind::Rarity, permille: of_sharers(key.shared_by) },
        ];
        let weight = parts.iter().fold(u64::from(MILLION), |weight, part| weight * u64::from(part.permille) / 1000);
        let weight = u32::try_from(weight).expect("thousandths of a million");
        KeyScore { kind: key.kind, clue: clue.id, parts, weight }
    });
    scored.max_by_key(|score| (score.weight, core::cmp::Reverse(score.clue)))
}

const fn of_strength(strength: Strength) -> u32 {
    match strength {
        Strength::A => 1000,
        Strength::B => 600,
        Strength::C => 200,
    }
}

/// A to E and 1 to 5 fall; F and 6, which nobody could judge, stand between D and E.
fn of_grade(clue: &LabelClue) -> u32 {
    const STEPS: [u32; 6] = [1000, 850, 650, 400, 100, 250];
    let step = |number: u8| STEPS[usize::from(number - 1)];
    let grade = step(clue.grade.reliability()) * step(clue.grade.credibility()) / 1000;
    // A source without any confidence halves its own statement.
    grade * (500 + 5 * u32::from(u8::from(clue.confidence))) / 1000
}

/// How well the customer's side fits the clue's. Whoever paid a payer has not paid an offender.
const fn of_role(own: Role, clue: ClueRole) -> u32 {
    match (own, clue) {
        (_, ClueRole::Payee | ClueRole::Facilitator | ClueRole::SiteOperator) => 1000,
        (Role::Holder, ClueRole::Payer) => 1000,
        (Role::Counterparty, ClueRole::Payer) => 400,
        (Role::Holder, ClueRole::PlatformAccount) => 800,
        (Role::Counterparty, ClueRole::PlatformAccount) => 700,
        (Role::Holder, ClueRole::Unknown) => 700,
        (Role::Counterparty, ClueRole::Unknown) => 600,
    }
}

const fn of_sharers(customers: u32) -> u32 {
    match customers {
        0 | 1 => 1000,
        2 => 900,
        3..=5 => 600,
        6..=20 => 250,
        _ => 50,
    }
}

/// The number of the group of each key. Keys of one group say the same: they are forms of one own value, or forms of one
/// clue's identifier.
fn groups(matches: &[KeyMatch<'_>]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..matches.len()).collect();
    for (place, key) in matches.iter().enumerate() {
        for earlier in 0..place {
            let (from, to) = (groups[place], groups[earlier]);
            if from != to && say_the_same(key, &matches[earlier]) {
                groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let mut numbers: Vec<usize> = groups.clone();
    numbers.sort_unstable();
    numbers.dedup();
    groups.iter().map(|group| numbers.binary_search(group).expect("it is one of them")).collect()
}

fn say_the_same(a: &KeyMatch<'_>, b: &KeyMatch<'_>) -> bool {
    let shared = || a.label.clues.iter().any(|clue| b.label.clues.iter().any(|other| other.id == clue.id));
    // Where both labels hide clues, one of those can be the same, if both can be forms of one identifier.
    let hidden = a.label.more > 0 && b.label.more > 0 && forms_of_one(a.kind, b.kind);
    a.own_value == b.own_value || shared() || hidden
}

/// Whether one identifier can have forms of both kinds.
fn forms_of_one(a: IndicatorKind, b: IndicatorKind) -> bool {
    // An account with an operator of e-wallets is known by a phone number or an address of e-mail.
    let wallet =
        |one, other| one == IndicatorKind::Ewallet && matches!(other, IndicatorKind::Phone | IndicatorKind::Email);
    let (a, b) = (family(a), family(b));
    a == b || wallet(a, b) || wallet(b, a)
}

/// The kind that stands for all kinds which the forms of one identifier can have, whatever it is.
fn family(kind: IndicatorKind) -> IndicatorKind {
    match kind {
        IndicatorKind::Mailbox => IndicatorKind::Email,
        // One public key has an address on each of these chains.
        IndicatorKind::Hash160 | IndicatorKind::Ltc | IndicatorKind::Doge | IndicatorKind::Bch => IndicatorKind::Btc,
        IndicatorKind::Acn => IndicatorKind::Abn,
        IndicatorKind::Trx => IndicatorKind::Evm,
        IndicatorKind::Iban => IndicatorKind::ForeignAccount,
        IndicatorKind::HandleRaw => IndicatorKind::Handle,
        other => other,
    }
}

#[cfg(test)]
mod tests;
