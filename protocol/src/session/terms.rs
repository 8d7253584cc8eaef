//! What both sides of a session agree before it starts. Its digest, with the channel, is the session's name.

use cwg_crypto::{BulkHasher, Digest, Domain, digest};
use serde::{Deserialize, Serialize};

use crate::charter::KindRoles;
use crate::psi::{ProtocolId, PsiRole, SetSizes};
use crate::wire::limits::SELECTION_MAX;
use crate::wire::{BoundedVec, encode};
use crate::{Epoch, Item, NetworkId, NodeKey, PilotId, RunId, SessionId};

/// Who gets the output of a pair run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learns {
    /// The side that proposed it.
    Proposer,
    /// The side that accepted it.
    Acceptor,
    /// Both, in two executions released together.
    Both,
}

impl Learns {
    /// The executions it takes, in order.
    pub fn lanes(self) -> &'static [Lane] {
        match self {
            Self::Proposer => &[Lane::ProposerReceives],
            Self::Acceptor => &[Lane::AcceptorReceives],
            Self::Both => &[Lane::ProposerReceives, Lane::AcceptorReceives],
        }
    }

    /// The name used in files and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposer => "proposer",
            Self::Acceptor => "acceptor",
            Self::Both => "both",
        }
    }
}

/// One execution inside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// The proposer is the receiver.
    ProposerReceives,
    /// The acceptor is the receiver.
    AcceptorReceives,
}

impl Lane {
    /// Its number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::ProposerReceives => 0,
            Self::AcceptorReceives => 1,
        }
    }

    /// The PSI role of a side in it.
    pub fn role(self, place: Place) -> PsiRole {
        match (self, place) {
            (Self::ProposerReceives, Place::Proposer) | (Self::AcceptorReceives, Place::Acceptor) => PsiRole::Receiver,
            _ => PsiRole::Sender,
        }
    }
}

/// Which side of a session a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// It proposed the session.
    Proposer,
    /// It accepted.
    Acceptor,
}

/// One side's set, as the terms name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSet {
    /// Size, rounded up to the public grid.
    pub padded: u32,
    /// Digest of the items under a salt that the side keeps: what it brought can be audited later.
    pub commitment: Digest,
}

impl OwnSet {
    /// The commitment to items, strictly ascending, under a salt of 32 random bytes.
    pub fn of(items: &[Item], salt: &[u8; 32]) -> Self {
        let mut builder = OwnSetBuilder::new(salt);
        items.iter().for_each(|item| builder.push(item));
        builder.finish()
    }
}

/// [`OwnSet::of`], item by item: for a set that is not in memory.
#[derive(Clone)]
pub struct OwnSetBuilder {
    hasher: BulkHasher,
    items: usize,
}

impl OwnSetBuilder {
    /// The commitment to no items yet, under a salt of 32 random bytes.
    pub fn new(salt: &[u8; 32]) -> Self {
        let mut hasher = BulkHasher::new(Domain::SetCommitment);
        hasher.part(salt);
        Self { hasher, items: 0 }
    }

    /// Adds an item; each is greater than the one before.
    pub fn push(&mut self, item: &Item) {
        self.hasher.part(&item.0);
        self.items += 1;
    }

    /// Items so far.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The set of all items so far.
    pub fn finish(self) -> OwnSet {
        OwnSet { padded: crate::psi::padded_size(self.items), commitment: self.hasher.finish() }
    }
}

/// Everything that is agreed. Both sides build it from their own view; a difference gives different session names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The network.
    pub network: NetworkId,
    /// The roster it runs under.
    pub epoch: Epoch,
    /// Digest of that roster.
    pub roster: Digest,
    /// The pilot.
    pub pilot: PilotId,
    /// Digest of its charter.
    pub charter: Digest,
    /// The run, and which attempt at it.
    pub run: RunId,
    /// Counted from 1.
    pub attempt: u32,
    /// Who proposed.
    pub proposer: NodeKey,
    /// Who accepted.
    pub acceptor: NodeKey,
    /// Who learns.
    pub learns: Learns,
    /// The PSI protocol.
    pub protocol: ProtocolId,
    /// Digest of the leakage that consent was given to.
    pub leakage: Digest,
    /// Digest of the ruleset.
    pub ruleset: Digest,
    /// Kinds and roles that may enter.
    pub selection: BoundedVec<KindRoles, SELECTION_MAX>,
    /// The proposer's set.
    pub proposer_set: OwnSet,
    /// The acceptor's set.
    pub acceptor_set: OwnSet,
    /// 32 random bytes of the proposer.
    pub proposer_nonce: [u8; 32],
    /// 32 random bytes of the acceptor.
    pub acceptor_nonce: [u8; 32],
}

impl Terms {
    /// The session's name: digest of the terms and of the channel (RFC 8446 §7.5 exporter), so that neither can be moved.
    pub fn session(&self, exporter: &[u8; 32]) -> SessionId {
        SessionId(*digest(Domain::Session, &[&encode(self), exporter]).as_bytes())
    }

    /// The sizes of an execution.
    pub fn sizes(&self, lane: Lane) -> SetSizes {
        let (proposer, acceptor) = (self.proposer_set.padded, self.acceptor_set.padded);
        match lane {
            Lane::ProposerReceives => SetSizes { receiver: proposer, sender: acceptor },
            Lane::AcceptorReceives => SetSizes { receiver: acceptor, sender: proposer },
        }
    }
}
