//! What was released of whom: one release for each pair or round and month, and the sum of what all releases of a member may tell
//! (`docs/spec/count.md` §4).
//!
//! Sums are those of basic composition (Dwork, Roth, "The Algorithmic Foundations of Differential Privacy" 2014, theorem 3.16):
//! k releases of (epsilon, delta) are one of (k · epsilon, k · delta), whatever they were and whoever chose them. Tighter sums need more
//! releases than a month allows.

use std::collections::BTreeMap;

use cwg_crypto::Digest;
use serde::{Deserialize, Serialize};

use super::limits::{DELTA_DIGITS_MAX, DELTA_DIGITS_MIN, EPSILON_OF_MONTH_MAX, LEDGER_RELEASES_MAX};
use super::noise::NoiseTerms;
use super::terms::CountTerms;
use crate::lighthouse::Month;
use crate::round::RoundTerms;
use crate::wire::BoundedVec;
use crate::wire::limits::MEMBERS_MAX;
use crate::{NodeKey, PilotId};

/// Of what a release is: of which there is one a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// Two members, ascending.
    Pair([NodeKey; 2]),
    /// The rounds of a pilot.
    Rounds(PilotId),
}

/// A release and whom it is about, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The month.
    pub month: Month,
    /// Of what.
    pub subject: Subject,
    /// The digest of its terms.
    pub terms: Digest,
    /// Whose lists are in it.
    pub members: BoundedVec<NodeKey, MEMBERS_MAX>,
    /// What it may tell.
    pub noise: NoiseTerms,
}

/// Whether a release that may be made is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is: store the charge, [enter](Ledger::enter) it, then go on.
    New,
    /// It was charged before under the same terms: go on with the stored seed, or send the stored answer.
    Again,
}

/// Why no release is made. Nothing was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerRefusal {
    /// There was one.
    #[error("there was a release of the same in this month: the next may be made in the next month")]
    Released,
    /// A member has not so much left.
    #[error("a member has {left} thousandths of epsilon left this month where the release takes {asked}")]
    Epsilon {
        /// Of this release.
        asked: u16,
        /// Of the allowance.
        left: u32,
    },
    /// Deltas of a month come to more than the largest of one release.
    #[error("the deltas of a member's releases this month come to more than 10^-{DELTA_DIGITS_MIN}")]
    Delta,
    /// The ledger is full.
    #[error("the ledger has {LEDGER_RELEASES_MAX} releases, which is all that it keeps")]
    Full,
}

impl LedgerRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Released => "count-released",
            Self::Epsilon { .. } => "count-epsilon-spent",
            Self::Delta => "count-delta-spent",
            Self::Full => "count-ledger-full",
        }
    }
}

impl Charge {
    /// The charge of a pair's count.
    pub fn of_pair(terms: &CountTerms) -> Self {
        let body = terms.body();
        let members = body.banks.to_vec().try_into().expect("two are fewer than a network has");
        let subject = Subject::Pair(body.banks);
        Self { month: terms.month(), subject, terms: terms.digest(), members, noise: body.noise }
    }

    /// The charge of a round's count: to all its members.
    pub fn of_round(terms: &RoundTerms, month: Month, noise: NoiseTerms) -> Self {
        let subject = Subject::Rounds(terms.body().pilot);
        Self { month, subject, terms: terms.digest(), members: terms.body().members.clone(), noise }
    }

    /// Delta, in units of the smallest.
    fn delta(&self) -> u64 {
        10_u64.pow(u32::from(DELTA_DIGITS_MAX - self.noise.delta.number()))
    }
}

/// All releases that a node knows of: of a member its own, of the hub everyone's. A fold of stored charges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(BTreeMap<(Month, Subject), Charge>);

impl Ledger {
    /// Whether a release may be made.
    ///
    /// # Errors
    /// If there was another of the same in its month, or a member's allowance has too little left.
    pub fn admit(&self, charge: &Charge) -> Result<Admitted, LedgerRefusal> {
        match self.0.get(&(charge.month, charge.subject)) {
            Some(known) if known == charge => return Ok(Admitted::Again),
            Some(_) => return Err(LedgerRefusal::Released),
            None if self.0.len() >= LEDGER_RELEASES_MAX => return Err(LedgerRefusal::Full),
            None => {}
        }
        let asked = charge.noise.epsilon.number();
        for member in charge.members.iter() {
            let left = EPSILON_OF_MONTH_MAX.saturating_sub(self.epsilon_spent(*member, charge.month));
            if u32::from(asked) > left {
                return Err(LedgerRefusal::Epsilon { asked, left });
            }
            let delta: u64 = self.of(*member, charge.month).map(Charge::delta).sum();
            if delta + charge.delta() > 10_u64.pow(u32::from(DELTA_DIGITS_MAX - DELTA_DIGITS_MIN)) {
                return Err(LedgerRefusal::Delta);
            }
        }
        Ok(Admitted::New)
    }

    /// Enters a charge that was made durable. It never fails: what was told was told. The first of a subject and month stays.
    pub fn enter(&mut self, charge: Charge) {
        self.0.entry((charge.month, charge.subject)).or_insert(charge);
    }

    /// Thousandths of epsilon that the releases of a month have spent of a member's.
    pub fn epsilon_spent(&self, member: NodeKey, month: Month) -> u32 {
        self.of(member, month).map(|charge| u32::from(charge.noise.epsilon.number())).sum()
    }

    /// All charges, by months and then by what they are of.
    pub fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.0.values()
    }

    fn of(&self, member: NodeKey, month: Month) -> impl Iterator<Item = &Charge> {
        let in_month = self.0.iter().filter(move |((of, _), _)| *of == month);
        in_month.map(|(_, charge)| charge).filter(move |charge| charge.members.contains(&member))
    }
}
