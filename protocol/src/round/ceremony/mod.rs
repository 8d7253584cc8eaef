//! A ceremony among keyholders over a board that the hub keeps (`docs/spec/round-messages.md` §2, `docs/spec/round.md` §1).
//!
//! | phase | who posts what | with |
//! |---|---|---|
//! | [`Phase::Opening`] | receivers a key, dealers a pledge | |
//! | [`Phase::Dealing`] | dealers a dealing | all pledges and keys |
//! | [`Phase::Complaint`] | receivers complaints, or none | all dealings |
//! | [`Phase::Signing`] | receivers a signature over what the ceremony came to | all complaints |
//!
//! Posts are signed by their authors, so the board can hold some back and can put nothing in their place. That matters most
//! where a key is handed over: whoever could put other receiving keys on the board would be dealt all old shares. It can
//! still show different holders different posts; then their transcripts differ, their signatures do not fit together, and no
//! share is used.

mod board;
mod outcome;
mod participant;
mod post;

#[cfg(test)]
mod tests;

use cwg_crypto::threshold::{BadCeremony, Ceremony, Index};
use cwg_crypto::{Digest, Domain, SigningKey};
use serde::{Deserialize, Serialize};

pub use board::{BoardKeeper, PostRefusal};
pub use outcome::outcome;
pub use participant::{CeremonyFault, Made, Participant, Progress};
pub use post::{Board, Phase, Post};

use super::key::{HeldKey, KeyError, KeyPeriod, SignedKey};
use super::limits::CEREMONY_LEN_MAX;
use crate::charter::Charter;
use crate::signed::{Signed, Unopened};
use crate::wire::BoundedVec;
use crate::wire::limits::MEMBERS_MAX;
use crate::{NetworkId, NodeKey, PilotId, UnixTime};

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// It is new: every holder deals.
    New,
    /// It is handed over: with the same holders it is a refresh.
    Handover {
        /// The key and who holds it now.
        key: SignedKey,
        /// Numbers of those of its holders who deal, strictly ascending.
        dealers: BoundedVec<Index, MEMBERS_MAX>,
    },
}

/// What a hub signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyBody {
    /// The network.
    pub network: NetworkId,
    /// The pilot.
    pub pilot: PilotId,
    /// Its charter.
    pub charter: Digest,
    /// Random bytes that no other ceremony has.
    pub unique: [u8; 16],
    /// The period that the key serves. A handover leaves it as it is.
    pub period: KeyPeriod,
    /// Holders that it takes to evaluate.
    pub threshold: u8,
    /// Who will hold a share, in the order of their numbers.
    pub holders: BoundedVec<NodeKey, MEMBERS_MAX>,
    /// Where the key comes from.
    pub origin: Origin,
    /// When each phase ends, if not everyone has posted before.
    pub ends: [UnixTime; 4],
}

/// Terms as they travel and are stored: nothing about them is known yet.
pub type SignedCeremony = Signed<CEREMONY_LEN_MAX>;

/// Terms of a ceremony that were checked against the charter.
#[derive(Clone, Debug)]
pub struct CeremonyTerms {
    body: CeremonyBody,
    ceremony: Ceremony,
    /// Who deals, by number.
    dealers: Vec<(Index, NodeKey)>,
    old: Option<HeldKey>,
    digest: Digest,
    signed: SignedCeremony,
}

/// Why terms of a ceremony are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// Not signed by the hub this node pinned.
    #[error("the ceremony is not signed by this network's hub")]
    WrongSigner,
    /// Not the canonical encoding.
    #[error("the terms of the ceremony are malformed")]
    Malformed,
    /// Of another charter.
    #[error("the ceremony is not of this charter")]
    OtherCharter,
    /// They break a rule.
    #[error("the ceremony breaks a rule: {0}")]
    Rule(&'static str),
    /// No such sharing.
    #[error(transparent)]
    Sharing(#[from] BadCeremony),
    /// The key that is handed over is not held by members.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl CeremonyError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongSigner => "ceremony-wrong-signer",
            Self::Malformed => "ceremony-malformed",
            Self::OtherCharter => "ceremony-other-charter",
            Self::Rule(_) => "ceremony-rule",
            Self::Sharing(_) => "ceremony-sharing",
            Self::Key(error) => error.code(),
        }
    }
}

impl CeremonyTerms {
    /// Signs terms as the hub.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn sign(body: &CeremonyBody, hub: &SigningKey, charter: &Charter) -> Result<Self, CeremonyError> {
        let signed = SignedCeremony::sign(body, Domain::CeremonyTerms, hub).ok_or(CeremonyError::Malformed)?;
        Self::verify(signed, charter, NodeKey(hub.verifying_key()))
    }

    /// Checks terms against the charter. Whether it is live is the caller's to check.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn verify(signed: SignedCeremony, charter: &Charter, hub: NodeKey) -> Result<Self, CeremonyError> {
        let body: CeremonyBody = signed.open(Domain::CeremonyTerms, hub).map_err(|unopened| match unopened {
            Unopened::Signer => CeremonyError::WrongSigner,
            Unopened::Form => CeremonyError::Malformed,
        })?;
        let named = (body.network, body.pilot, body.charter);
        if named != (charter.body().network, charter.body().pilot, charter.digest()) {
            return Err(CeremonyError::OtherCharter);
        }
        let rule = |holds: bool, text| if holds { Ok(()) } else { Err(CeremonyError::Rule(text)) };
        let one_each = |at: usize| !body.holders[..at].contains(&body.holders[at]);
        rule((0..body.holders.len()).all(one_each), "holders stand once")?;
        let rules = charter.body().rounds.as_ref().ok_or(CeremonyError::Rule("the charter has no rounds"))?;
        rules.check_holders(&body.holders, body.threshold).map_err(CeremonyError::Rule)?;
        rule(body.ends.is_sorted_by(|a, b| a < b), "each phase ends after the one before")?;
        rule(body.ends[3] <= charter.body().closes, "it ends before the charter closes")?;

        let digest = signed.digest(Domain::CeremonyTermsDigest);
        let holders = body.holders.len() as u8;
        let (ceremony, dealers, old) = match &body.origin {
            Origin::New => {
                let ceremony = Ceremony::new_key(digest, holders, body.threshold)?;
                let dealers: Vec<_> = ceremony.dealers().into_iter().zip(body.holders.iter().copied()).collect();
                (ceremony, dealers, None)
            }
            Origin::Handover { key, dealers } => {
                let old = HeldKey::verify(key, body.network, body.pilot)?;
                rule(old.body().period == body.period, "a handover is within the key's period")?;
                let ceremony = Ceremony::handover(digest, old.key(), dealers, holders, body.threshold)?;
                let named = dealers.iter().filter_map(|index| Some((*index, old.holder(*index)?))).collect();
                (ceremony, named, Some(old))
            }
        };
        rule(dealers.iter().all(|(_, dealer)| charter.names(*dealer)), "dealers are members of the charter")?;
        Ok(Self { body, ceremony, dealers, old, digest, signed })
    }

    /// What they say.
    pub fn body(&self) -> &CeremonyBody {
        &self.body
    }

    /// Their digest, which every post names.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// As they travel.
    pub fn signed(&self) -> &SignedCeremony {
        &self.signed
    }

    /// The key that is handed over.
    pub fn old_key(&self) -> Option<&HeldKey> {
        self.old.as_ref()
    }

    /// Whether a node deals or receives.
    pub fn names(&self, node: NodeKey) -> bool {
        self.receiver(node).is_some() || self.dealer(node).is_some()
    }

    /// Who is to post in a phase.
    pub fn posters(&self, phase: Phase) -> Vec<NodeKey> {
        let receivers = self.body.holders.iter().copied();
        let dealers = self.dealers.iter().map(|(_, dealer)| *dealer);
        let mut posters: Vec<_> = match phase {
            Phase::Opening => receivers.chain(dealers).collect(),
            Phase::Dealing => dealers.collect(),
            Phase::Complaint | Phase::Signing => receivers.collect(),
        };
        posters.sort();
        posters.dedup();
        posters
    }

    /// The number under which a node receives.
    fn receiver(&self, node: NodeKey) -> Option<Index> {
        let at = self.body.holders.iter().position(|holder| *holder == node)?;
        self.ceremony.receivers().nth(at)
    }

    /// The number under which a node deals.
    fn dealer(&self, node: NodeKey) -> Option<Index> {
        self.dealers.iter().find(|(_, dealer)| *dealer == node).map(|(index, _)| *index)
    }
}
