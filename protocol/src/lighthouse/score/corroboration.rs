//! Whether matches may open a case: on one strong key of a good grade, or on two different keys. A name, or what else needs
//! company, never does alone.

use super::{Company, KeyMatch};
use crate::indicator::Strength;
use crate::lighthouse::day::Day;
use crate::lighthouse::grade::Grade;
use crate::lighthouse::label::LabelClue;
use crate::lighthouse::vocabulary::Caveat;

/// Whether a case may open. A person opens it, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It may.
    May(Corroboration),
    /// It may not.
    MayNot(NotEnough),
}

/// On what a case may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corroboration {
    /// One key of strength A, with a clue graded C3 or better.
    StrongKey,
    /// Two keys that are not forms of one identifier.
    TwoKeys,
}

/// Why a case may not open: the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEnough {
    /// No clue that is shown is in force.
    #[error("no clue that is shown is in force")]
    NothingInForce,
    /// There are only names, and what else needs company.
    #[error("a person's name, or what else many share, opens no case alone: look for an identifier")]
    NamesOnly,
    /// Each clue that could open it is not to be the only ground.
    #[error("its source forbids the clue to be the only ground: look for a clue of another source")]
    SoleBasis,
    /// The key is strong, its clue is not.
    #[error("the only key has no clue graded C3 or better: look for a second key")]
    Grade,
    /// There is one key, of strength B or C.
    #[error("one key of strength B or C opens no case: look for a second one")]
    OneKey,
}

impl NotEnough {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NothingInForce => "opening-nothing-in-force",
            Self::NamesOnly => "opening-names-only",
            Self::SoleBasis => "opening-sole-basis",
            Self::Grade => "opening-grade",
            Self::OneKey => "opening-one-key",
        }
    }
}

/// A key with the clues of its label that are in force.
struct InForce<'a> {
    group: usize,
    company: Company,
    clues: Vec<&'a LabelClue>,
}

/// `groups` names the group of each key: keys of one group are forms of one identifier.
pub(super) fn opening(matches: &[KeyMatch<'_>], groups: &[usize], today: Day) -> Opening {
    let keys: Vec<InForce<'_>> = matches
        .iter()
        .zip(groups)
        .map(|(key, group)| InForce {
            group: *group,
            company: key.company,
            clues: key.label.clues.iter().filter(|clue| clue.expires >= today).collect(),
        })
        .filter(|key| !key.clues.is_empty())
        .collect();
    if keys.is_empty() {
        return Opening::MayNot(NotEnough::NothingInForce);
    }
    let identifier = |key: &InForce<'_>| key.company == Company::NotNeeded;
    if !keys.iter().any(identifier) {
        return Opening::MayNot(NotEnough::NamesOnly);
    }
    let graded = |clue: &&LabelClue| clue.strength == Strength::A && clue.grade.at_least(Grade::OPENS);
    let mut strong = keys.iter().filter(|key| identifier(key)).flat_map(|key| key.clues.iter().copied()).filter(graded);
    if strong.clone().any(|clue| !sole_basis_forbidden(clue)) {
        return Opening::May(Corroboration::StrongKey);
    }
    let pairs = || {
        keys.iter()
            .enumerate()
            .flat_map(|(place, key)| keys[..place].iter().map(move |other| (key, other)))
            .filter(|(key, other)| key.group != other.group && (identifier(key) || identifier(other)))
    };
    if pairs().any(|(key, other)| several_grounds(key, other)) {
        return Opening::May(Corroboration::TwoKeys);
    }
    let any_strong = keys.iter().flat_map(|key| &key.clues).any(|clue| clue.strength == Strength::A);
    Opening::MayNot(if strong.next().is_some() || pairs().next().is_some() {
        NotEnough::SoleBasis
    } else if any_strong {
        NotEnough::Grade
    } else {
        NotEnough::OneKey
    })
}

/// Whether two keys are more than one ground, if a source forbids its clue to be the only one: one clue without that caveat,
/// or two sources.
fn several_grounds(key: &InForce<'_>, other: &InForce<'_>) -> bool {
    let free = |key: &InForce<'_>| key.clues.iter().any(|clue| !sole_basis_forbidden(clue));
    let sources_differ = key.clues.iter().any(|clue| other.clues.iter().any(|second| second.source != clue.source));
    free(key) || free(other) || sources_differ
}

fn sole_basis_forbidden(clue: &LabelClue) -> bool {
    clue.caveats.has(Caveat::NoSoleBasis)
}
