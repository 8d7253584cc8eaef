//! What a node remembers of the standing comparison: periods, the chain of editions of each, what was evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::{Digest, Seed};
use cwg_protocol::lighthouse::standing::{
    Allowance, Chain, EditionPlace, Period, PeriodBody, PeriodKey, SignedEdition, SignedPeriod, VerifiedEdition,
};
use cwg_protocol::{NetworkId, NodeKey};

use crate::record::Entry;

/// Everything that a node knows of the standing comparison.
#[derive(Default)]
pub struct Standing {
    periods: BTreeMap<Period, KeyPeriod>,
    /// The highest period that there was.
    last: Option<Period>,
}

/// A period that has not ended: the hub's own, or one that a member has pinned.
pub struct KeyPeriod {
    body: PeriodBody,
    signed: SignedPeriod,
    chain: Chain,
    /// Those of the chain: a snapshot, then its deltas.
    editions: Vec<Edition>,
    part: Part,
}

/// An edition that was published, or was downloaded and checked.
pub struct Edition {
    /// Its head.
    pub verified: VerifiedEdition,
    /// As it travels.
    pub signed: SignedEdition,
}

enum Part {
    Hub { key: Arc<PeriodKey>, allowance: Allowance },
    Member { rows: u64, asked: u64 },
}

impl Standing {
    /// Periods that have not ended, ascending.
    pub const fn periods(&self) -> &BTreeMap<Period, KeyPeriod> {
        &self.periods
    }

    /// The number of the next period.
    pub(crate) fn next(&self) -> Period {
        Period(self.last.map_or(1, |last| last.0.saturating_add(1)))
    }

    /// Whether a period came before one that there was: it is over, or never was.
    pub(crate) fn is_past(&self, period: Period) -> bool {
        self.last.is_some_and(|last| period <= last) && !self.periods.contains_key(&period)
    }

    /// An edition of an open period.
    pub fn edition(&self, digest: Digest) -> Option<&Edition> {
        let mut editions = self.periods.values().flat_map(|period| &period.editions);
        editions.find(|edition| edition.verified.digest() == digest)
    }

    /// Adds one record; `None` if it does not fit those before it.
    pub(crate) fn fold(&mut self, entry: &Entry, network: NetworkId, hub: NodeKey) -> Option<()> {
        match entry {
            Entry::PeriodOpened { seed, signed } => {
                let body = signed.verify(network, hub).ok()?;
                let key = PeriodKey::from_seed(body.period, &Seed::new(seed.0));
                if key.public() != body.public {
                    return None;
                }
                let allowance = Allowance::new(body.period, body.allowance);
                self.open(body, signed, hub, Part::Hub { key: Arc::new(key), allowance });
            }
            Entry::PeriodPinned { signed } => {
                let body = signed.verify(network, hub).ok()?;
                self.open(body, signed, hub, Part::Member { rows: 0, asked: 0 });
            }
            Entry::EditionPublished { period, signed } | Entry::EditionAdopted { period, signed } => {
                let known = self.periods.get_mut(period)?;
                let verified = known.chain.follow(signed, None).ok()?;
                known.chain.advance(&verified);
                if verified.body().place == EditionPlace::Snapshot {
                    known.editions.clear();
                }
                known.editions.push(Edition { verified, signed: signed.clone() });
            }
            Entry::EvaluationCharged { member, period, items, .. } => {
                let Part::Hub { allowance, .. } = &mut self.periods.get_mut(period)?.part else { return None };
                allowance.enter(*member, *items);
            }
            Entry::EvaluationAsked { period, items, .. } => {
                let Part::Member { asked, .. } = &mut self.periods.get_mut(period)?.part else { return None };
                *asked = asked.saturating_add((*items).into());
            }
            Entry::TableGrown { period, rows: more } => {
                let Part::Member { rows, .. } = &mut self.periods.get_mut(period)?.part else { return None };
                *rows = rows.saturating_add(*more);
            }
            Entry::PeriodClosed { period } => drop(self.periods.remove(period)?),
            _ => return None,
        }
        Some(())
    }

    fn open(&mut self, body: PeriodBody, signed: &SignedPeriod, hub: NodeKey, part: Part) {
        let chain = Chain::new(body.network, hub, body.period, body.public);
        self.last = self.last.max(Some(body.period));
        self.periods.insert(body.period, KeyPeriod { chain, editions: Vec::new(), signed: signed.clone(), part, body });
    }
}

impl KeyPeriod {
    /// What the hub signed.
    pub const fn body(&self) -> &PeriodBody {
        &self.body
    }

    /// As it travels.
    pub const fn signed(&self) -> &SignedPeriod {
        &self.signed
    }

    /// Where its editions stand.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Editions of the chain in force: a snapshot, then its deltas.
    pub fn editions(&self) -> &[Edition] {
        &self.editions
    }

    /// Hub: its key.
    pub const fn key(&self) -> Option<&Arc<PeriodKey>> {
        match &self.part {
            Part::Hub { key, .. } => Some(key),
            Part::Member { .. } => None,
        }
    }

    /// Hub: what members may still have evaluated.
    pub const fn allowance(&self) -> Option<&Allowance> {
        match &self.part {
            Part::Hub { allowance, .. } => Some(allowance),
            Part::Member { .. } => None,
        }
    }

    /// Member: rows that were added to its table, each time anew where a row was added twice.
    pub const fn rows(&self) -> u64 {
        match &self.part {
            Part::Hub { .. } => 0,
            Part::Member { rows, .. } => *rows,
        }
    }

    /// Member: items that it has asked the hub to evaluate, each time that it asked. The hub may have charged more: what was asked
    /// again after a connection was lost is charged again.
    pub const fn asked(&self) -> u64 {
        match &self.part {
            Part::Hub { .. } => 0,
            Part::Member { asked, .. } => *asked,
        }
    }
}
