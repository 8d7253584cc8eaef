//! What a node knows of counts: a part of its state.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::{Digest, Seed};
use cwg_protocol::count::{
    Charge, CountTerms, CountTermsError, Figure, Ledger, SharedCount, SignedAnswer, SignedCount,
};
use cwg_protocol::{RunId, UnixTime};
use serde::{Deserialize, Serialize};

use crate::record::{Code, Entry, Record, StoredSecret};
use crate::rounds::state::Known;

/// Counts, and what was released: of a member its own, of the hub everyone's.
#[derive(Default)]
pub struct Counts {
    counts: BTreeMap<RunId, KnownCount>,
    ledger: Ledger,
}

/// A count and where it stands here.
pub struct KnownCount {
    /// Its terms.
    pub terms: SharedCount,
    /// Where it stands.
    pub phase: CountPhase,
    /// When it was offered.
    pub at: UnixTime,
    /// Bank that takes part: its list.
    pub own: Option<OwnList>,
    /// Of this node's noise, and at a bank of its key; erased at the end.
    seed: Option<StoredSecret>,
    /// Bank: digest of the tags that it sends the hub, once the count is charged.
    pub(crate) sent: Option<Digest>,
    /// Hub: what it sends both banks.
    pub(crate) answer: Option<SignedAnswer>,
}

/// A bank's list in a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnList {
    /// Its items.
    pub items: u32,
    /// Items that were left out because their persons bring others.
    pub left_out: u64,
    /// Digest of the items under a salt that follows from the seed.
    pub commitment: Digest,
}

/// Where a count stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountPhase {
    /// Hub: it awaits tags. Bank: it is offered, and nobody has consented.
    Open,
    /// Bank: it takes part.
    Joined,
    /// It was told.
    Told(Figure),
    /// It ended without a figure.
    Ended(Code),
}

impl CountPhase {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Joined => "joined",
            Self::Told(_) => "told",
            Self::Ended(_) => "ended",
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Told(_) | Self::Ended(_))
    }
}

impl Known<'_> {
    /// Checks the terms of a count against the charter and the roster that they name, of which this node may have a later one by now.
    pub(crate) fn count(&self, signed: &SignedCount) -> Result<CountTerms, CountTermsError> {
        let rosters = || self.network.rosters.iter().rev();
        let named = self.pilots.values().flat_map(|pilot| rosters().map(|roster| (&pilot.charter, roster)));
        let mut verified = named.map(|(charter, roster)| CountTerms::verify(signed.clone(), charter, roster));
        let is_other = |verified: &Result<_, _>| matches!(verified, Err(CountTermsError::OtherCharter));
        verified.find(|verified| !is_other(verified)).unwrap_or(Err(CountTermsError::OtherCharter))
    }
}

impl Counts {
    pub(crate) fn fold(&mut self, record: &Record, known: Known<'_>) -> Option<()> {
        match &record.entry {
            Entry::CountOpened { seed, signed } => {
                self.offer(record.at, known.count(signed).ok()?).seed = Some(seed.clone());
            }
            Entry::CountOffered(signed) => {
                self.offer(record.at, known.count(signed).ok()?);
            }
            Entry::CountJoined { count, seed, list, .. } => {
                let known = self.counts.get_mut(count)?;
                (known.phase, known.seed, known.own) = (CountPhase::Joined, Some(seed.clone()), Some(*list));
            }
            Entry::CountCharged { count, charge, sent } => {
                self.counts.get_mut(count)?.sent = Some(*sent);
                self.enter(charge);
            }
            Entry::Counted { count, charge, answer } => {
                let known = self.counts.get_mut(count)?;
                known.over(CountPhase::Told(known.terms.open_answer(answer).ok()?));
                known.answer = Some((**answer).clone());
                self.enter(charge);
            }
            Entry::CountTold { count, answer } => {
                let known = self.counts.get_mut(count)?;
                known.over(CountPhase::Told(known.terms.open_answer(answer).ok()?));
            }
            Entry::CountEnded { count, code } => self.counts.get_mut(count)?.over(CountPhase::Ended(code.clone())),
            _ => return None,
        }
        Some(())
    }

    /// Enters the stored charge of a release.
    pub(crate) fn enter(&mut self, charge: &Charge) {
        self.ledger.enter(charge.clone());
    }

    fn offer(&mut self, at: UnixTime, terms: CountTerms) -> &mut KnownCount {
        let (count, terms) = (terms.body().run, Arc::new(terms));
        self.counts.entry(count).or_insert_with(|| KnownCount {
            terms,
            phase: CountPhase::Open,
            at,
            own: None,
            seed: None,
            sent: None,
            answer: None,
        })
    }

    /// Counts.
    pub fn counts(&self) -> &BTreeMap<RunId, KnownCount> {
        &self.counts
    }

    /// What was released.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl KnownCount {
    fn over(&mut self, phase: CountPhase) {
        self.phase = phase;
        self.seed = None;
    }

    pub(crate) fn seed(&self) -> Option<Seed> {
        self.seed.as_ref().map(|seed| Seed::new(seed.0))
    }
}
