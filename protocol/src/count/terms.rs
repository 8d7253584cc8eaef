//! The terms of a count: what the hub signs once and shows to both banks alike (`docs/spec/count.md` §1).

use std::sync::Arc;

use cwg_crypto::{Digest, Domain, SigningKey};
use serde::{Deserialize, Serialize};

use super::leakage::LEAKAGE;
use super::limits::{COUNT_LIST_MAX, COUNT_SECS_MAX, COUNT_TERMS_LEN_MAX};
use super::noise::NoiseTerms;
use crate::charter::{Charter, KindRoles, RunKind};
use crate::indicator::Roles;
use crate::lighthouse::{Day, Month};
use crate::psi::padded_size;
use crate::roster::Roster;
use crate::signed::{Signed, Unopened};
use crate::wire::BoundedVec;
use crate::wire::limits::SELECTION_MAX;
use crate::{Epoch, NetworkId, NodeKey, PilotId, RunId, UnixTime};

/// What a hub signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountBody {
    /// The network.
    pub network: NetworkId,
    /// The pilot.
    pub pilot: PilotId,
    /// Its charter.
    pub charter: Digest,
    /// The epoch of the roster.
    pub epoch: Epoch,
    /// The run. One run has one terms.
    pub run: RunId,
    /// The two banks, ascending.
    pub banks: [NodeKey; 2],
    /// The kinds, strictly ascending, with their roles.
    pub kinds: BoundedVec<KindRoles, SELECTION_MAX>,
    /// Items that each bank brings, of which those that it does not hold are random. On the grid of padded sizes.
    pub items: u32,
    /// The noise of each bank and of the hub.
    pub noise: NoiseTerms,
    /// The digest of what the count tells ([`LEAKAGE`]): what both banks consent to.
    pub leakage: Digest,
    /// From when.
    pub opens: UnixTime,
    /// Until when.
    pub ends: UnixTime,
}

/// Terms as they travel and are stored: nothing about them is known yet.
pub type SignedCount = Signed<COUNT_TERMS_LEN_MAX>;

/// Terms that were checked against charter and roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountTerms {
    body: CountBody,
    hub: NodeKey,
    digest: Digest,
    signed: SignedCount,
}

/// Terms that several machines of one node read.
pub type SharedCount = Arc<CountTerms>;

/// Why terms are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountTermsError {
    /// Not signed by the hub this node pinned.
    #[error("the terms are not signed by this network's hub")]
    WrongSigner,
    /// Not the canonical encoding.
    #[error("the terms are malformed")]
    Malformed,
    /// Of another network, pilot, charter or epoch.
    #[error("the terms are not of this charter and roster")]
    OtherCharter,
    /// The charter does not allow it.
    #[error("the charter does not allow the count: {0}")]
    NotAllowed(&'static str),
    /// Another leakage statement than this build's: what would be consented to is not what this build does.
    #[error("the terms name another leakage statement than this build's")]
    OtherLeakage,
    /// They break a rule of their own.
    #[error("the terms break a rule: {0}")]
    Rule(&'static str),
}

impl CountTermsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongSigner => "count-wrong-signer",
            Self::Malformed => "count-malformed",
            Self::OtherCharter => "count-other-charter",
            Self::NotAllowed(_) => "count-not-allowed",
            Self::OtherLeakage => "count-other-leakage",
            Self::Rule(_) => "count-rule",
        }
    }
}

impl CountTerms {
    /// Signs terms as the hub.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn sign(
        body: &CountBody,
        hub: &SigningKey,
        charter: &Charter,
        roster: &Roster,
    ) -> Result<Self, CountTermsError> {
        let signed = SignedCount::sign(body, Domain::CountTerms, hub).ok_or(CountTermsError::Rule("they are short"))?;
        Self::verify(signed, charter, roster)
    }

    /// Checks terms against the charter and the roster in force. Whether the charter is live is the caller's to check.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn verify(signed: SignedCount, charter: &Charter, roster: &Roster) -> Result<Self, CountTermsError> {
        let hub = roster.body().hub.node;
        let body: CountBody = signed.open(Domain::CountTerms, hub).map_err(|unopened| match unopened {
            Unopened::Signer => CountTermsError::WrongSigner,
            Unopened::Form => CountTermsError::Malformed,
        })?;
        let named = (body.network, body.pilot, body.charter, body.epoch);
        let expected = (charter.body().network, charter.body().pilot, charter.digest(), roster.epoch());
        if named != expected || roster.body().network != body.network {
            return Err(CountTermsError::OtherCharter);
        }
        check_allowed(&body, charter, roster)?;
        check_rules(&body)?;
        if body.leakage != LEAKAGE.digest() {
            return Err(CountTermsError::OtherLeakage);
        }
        let digest = signed.digest(Domain::CountDigest);
        Ok(Self { body, hub, digest, signed })
    }

    /// What they say.
    pub fn body(&self) -> &CountBody {
        &self.body
    }

    /// Their digest: what everything in the count is bound to.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// As they travel.
    pub fn signed(&self) -> &SignedCount {
        &self.signed
    }

    /// Who signed them.
    pub fn hub(&self) -> NodeKey {
        self.hub
    }

    /// The month in which the count is held, by which it is charged.
    pub fn month(&self) -> Month {
        Day::of(self.body.opens).month()
    }

    /// Elements of a bank's list: its items and all dummies. Every message's length follows from it.
    pub fn list_len(&self) -> usize {
        self.body.items as usize + 4 * self.body.noise.bound() as usize
    }

    /// Place of a bank, 0 or 1.
    pub(super) fn place(&self, bank: NodeKey) -> Option<usize> {
        self.body.banks.iter().position(|known| *known == bank)
    }
}

fn check_allowed(body: &CountBody, charter: &Charter, roster: &Roster) -> Result<(), CountTermsError> {
    let kinds = body.kinds.iter().map(|entry| (entry.kind, entry.roles));
    let checked = charter.check_run(RunKind::Count, kinds, body.items.into(), [body.opens, body.ends]);
    checked.map_err(CountTermsError::NotAllowed)?;
    if charter.body().counts.is_none_or(|rules| rules.noise != body.noise) {
        return Err(CountTermsError::NotAllowed("the noise is another than the charter's"));
    }
    let is_active = |bank: &NodeKey| charter.names(*bank) && roster.active_by_node(*bank).is_some();
    let text = "both banks are active members of the charter";
    if body.banks.iter().all(is_active) { Ok(()) } else { Err(CountTermsError::NotAllowed(text)) }
}

fn check_rules(body: &CountBody) -> Result<(), CountTermsError> {
    let rule = |holds: bool, text| if holds { Ok(()) } else { Err(CountTermsError::Rule(text)) };
    rule(body.banks[0] < body.banks[1], "two banks, in the order of their keys")?;
    rule(!body.kinds.is_empty(), "they need a kind")?;
    rule(body.kinds.is_sorted_by(|a, b| a.kind < b.kind), "kinds are sorted and stand once")?;
    rule(body.kinds.iter().all(|kind| kind.roles != Roles::NONE), "each kind has a role")?;
    rule(body.items == padded_size(body.items as usize), "the number of items is a padded size")?;
    let len = u64::from(body.items) + 4 * u64::from(body.noise.bound());
    rule(len <= COUNT_LIST_MAX.into(), "a list has up to 2^20 items and dummies")?;
    let is_short = body.opens < body.ends && body.ends <= body.opens.plus_secs(COUNT_SECS_MAX);
    rule(is_short, "a count takes up to a week")
}
