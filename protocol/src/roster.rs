//! The roster: who is a member, under which keys, signed by the hub (`docs/spec/roster.md`).
//!
//! Each roster names the one before, so a hub that signs two for one epoch leaves a proof. Trust starts at the hub's
//! key, which an invitation pins; it is never taken from the thing it verifies.

use std::collections::BTreeSet;

use cwg_crypto::{Digest, Domain, Signature, SigningKey, digest};
use serde::{Deserialize, Serialize};

use crate::wire::limits::{CLOCK_SKEW_MAX_SECS, ENDPOINT_LEN_MAX, MEMBERS_MAX, NAME_LEN_MAX, ROSTER_LEN_MAX};
use crate::wire::{BoundedText, BoundedVec, decode_canonical, encode};
use crate::{Epoch, NetworkId, NodeKey, TransportKey, UnixTime};

/// The name of a node, a person or a pilot.
pub type Name = BoundedText<NAME_LEN_MAX>;

/// Where a node listens, or nothing for one that only dials.
pub type Address = BoundedText<ENDPOINT_LEN_MAX>;

/// Members on a roster, revoked ones included: they stay, so that their keys are never used again.
pub const ENTRIES_MAX: usize = 2 * MEMBERS_MAX;

/// Whether a member may take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It may.
    Active,
    /// It may no longer, and never again under these keys.
    Revoked,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

/// One node on the roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// What it signs with: what it is.
    pub node: NodeKey,
    /// What it proves in a handshake.
    pub transport: TransportKey,
    /// Where it listens.
    pub address: Address,
    /// Whether it may take part.
    pub status: Status,
    /// The epoch of its last change.
    pub since: Epoch,
}

/// What a hub signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The network.
    pub network: NetworkId,
    /// Consecutive number, from 1.
    pub epoch: Epoch,
    /// Digest of the roster before, zeros for the first.
    pub previous: Digest,
    /// When it was signed.
    pub issued: UnixTime,
    /// When it ends, unless another follows.
    pub valid_until: UnixTime,
    /// The hub itself.
    pub hub: Entry,
    /// The members, in the order they joined.
    pub members: BoundedVec<Entry, ENTRIES_MAX>,
}

/// A roster as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRoster {
    body: BoundedVec<u8, ROSTER_LEN_MAX>,
    signature: Signature,
}

/// A roster whose signature, encoding and inner rules were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    body: Body,
    digest: Digest,
    signed: SignedRoster,
}

/// Why a roster is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// Not an encoding, or not the canonical one.
    #[error("the roster is malformed")]
    Malformed,
    /// Not signed by the hub this node pinned.
    #[error("the roster is not signed by this network's hub")]
    WrongSigner,
    /// Of another network.
    #[error("the roster belongs to another network")]
    OtherNetwork,
    /// A key or a name stands twice, or there are more active members than a network has.
    #[error("the roster breaks its own rules: {0}")]
    Rule(&'static str),
    /// Older than the one this node has.
    #[error("the roster goes back to epoch {got}, this node has {have}")]
    Rollback {
        /// What this node has.
        have: Epoch,
        /// What was offered.
        got: Epoch,
    },
    /// Two different rosters of one epoch, both signed: the hub shows different members different groups.
    #[error("two different rosters of epoch {0} are signed: the hub has forked the network")]
    Fork(Epoch),
    /// One or more epochs are missing in between.
    #[error("the roster of epoch {got} does not follow epoch {have}")]
    Gap {
        /// What this node has.
        have: Epoch,
        /// What was offered.
        got: Epoch,
    },
    /// Past its end.
    #[error("the roster of epoch {0} has expired")]
    Expired(Epoch),
    /// Signed later than now, beyond the allowed difference of clocks.
    #[error("the roster of epoch {0} is dated in the future: one of the two clocks is wrong")]
    Future(Epoch),
}

impl RosterError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "roster-malformed",
            Self::WrongSigner => "roster-wrong-signer",
            Self::OtherNetwork => "roster-other-network",
            Self::Rule(_) => "roster-rule",
            Self::Rollback { .. } => "roster-rollback",
            Self::Fork(_) => "roster-fork",
            Self::Gap { .. } => "roster-gap",
            Self::Expired(_) => "roster-expired",
            Self::Future(_) => "roster-future",
        }
    }
}

impl Roster {
    /// Signs a roster.
    ///
    /// # Errors
    /// If it breaks the rules that [`Roster::verify`] checks.
    pub fn sign(body: Body, hub: &SigningKey) -> Result<Self, RosterError> {
        check_rules(&body)?;
        let bytes = encode(&body);
        let signature = hub.sign(Domain::Roster, &[&bytes]);
        let digest = digest(Domain::RosterDigest, &[&bytes]);
        let bytes = bytes.try_into().map_err(|_| RosterError::Rule("too long"))?;
        Ok(Self { body, digest, signed: SignedRoster { body: bytes, signature } })
    }

    /// Checks a roster against the hub's pinned key.
    ///
    /// # Errors
    /// If its encoding, signature, network or inner rules are wrong.
    pub fn verify(signed: SignedRoster, network: NetworkId, hub: NodeKey) -> Result<Self, RosterError> {
        hub.0.verify(Domain::Roster, &[&signed.body], &signed.signature).map_err(|_| RosterError::WrongSigner)?;
        let body: Body = decode_canonical(&signed.body, ROSTER_LEN_MAX).map_err(|_| RosterError::Malformed)?;
        if body.network != network {
            return Err(RosterError::OtherNetwork);
        }
        if body.hub.node != hub {
            return Err(RosterError::WrongSigner);
        }
        check_rules(&body)?;
        let digest = digest(Domain::RosterDigest, &[&signed.body]);
        Ok(Self { body, digest, signed })
    }

    /// Checks that this roster is the one right after `have`, or the first one seen.
    ///
    /// # Errors
    /// A rollback, a fork or a gap, each by its name.
    pub fn follows(&self, have: Option<&Self>) -> Result<(), RosterError> {
        let Some(have) = have else { return Ok(()) };
        let (epoch, got) = (have.body.epoch, self.body.epoch);
        if got == epoch {
            return if self.digest == have.digest {
                Err(RosterError::Rollback { have: epoch, got })
            } else {
                Err(RosterError::Fork(epoch))
            };
        }
        if got < epoch {
            return Err(RosterError::Rollback { have: epoch, got });
        }
        if got.0 != epoch.0 + 1 {
            return Err(RosterError::Gap { have: epoch, got });
        }
        if self.body.previous != have.digest {
            return Err(RosterError::Fork(epoch));
        }
        Ok(())
    }

    /// Checks that the roster is in force.
    ///
    /// # Errors
    /// If it has expired or is dated in the future.
    pub fn in_force(&self, now: UnixTime) -> Result<(), RosterError> {
        if now > self.body.valid_until {
            return Err(RosterError::Expired(self.body.epoch));
        }
        if self.body.issued > now.plus_secs(CLOCK_SKEW_MAX_SECS) {
            return Err(RosterError::Future(self.body.epoch));
        }
        Ok(())
    }

    /// What it says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its epoch.
    pub fn epoch(&self) -> Epoch {
        self.body.epoch
    }

    /// Its digest, which terms and the next roster name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// As it travels.
    pub fn signed(&self) -> &SignedRoster {
        &self.signed
    }

    /// The active node with this transport key, hub included.
    pub fn active_by_transport(&self, key: TransportKey) -> Option<&Entry> {
        self.active().find(|entry| entry.transport == key)
    }

    /// The active node with this signing key, hub included.
    pub fn active_by_node(&self, key: NodeKey) -> Option<&Entry> {
        self.active().find(|entry| entry.node == key)
    }

    /// The member of this name, whatever its status.
    pub fn member_named(&self, name: &str) -> Option<&Entry> {
        self.body.members.iter().rev().find(|entry| &*entry.name == name)
    }

    /// The hub and every active member.
    pub fn active(&self) -> impl Iterator<Item = &Entry> {
        core::iter::once(&self.body.hub).chain(self.body.members.iter()).filter(|entry| entry.status == Status::Active)
    }
}

fn check_rules(body: &Body) -> Result<(), RosterError> {
    if body.epoch.0 == 0 || body.valid_until <= body.issued {
        return Err(RosterError::Rule("an epoch starts at 1 and ends after it starts"));
    }
    let mut keys = BTreeSet::new();
    let mut names = BTreeSet::new();
    for entry in core::iter::once(&body.hub).chain(body.members.iter()) {
        if !keys.insert(entry.node.0) || !keys.insert(entry.transport.0) {
            return Err(RosterError::Rule("a key stands twice"));
        }
        if entry.name.is_empty() || (entry.status == Status::Active && !names.insert(&*entry.name)) {
            return Err(RosterError::Rule("a name is empty or stands twice"));
        }
    }
    let active = body.members.iter().filter(|entry| entry.status == Status::Active).count();
    if active > MEMBERS_MAX {
        return Err(RosterError::Rule("over fifteen active members"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
