//! What both sides of a session agree before it starts. Its digest, with the channel, is the session's name.

use core::fmt;

use cwg_crypto::{BulkHasher, Digest, Domain, digest};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::charter::KindRoles;
use crate::psi::{LabelLen, Loaded, ProtocolId, PsiProtocol, PsiRole, SetSizes};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnSet {
    /// Size, rounded up to the public grid.
    pub padded: u32,
    /// Digest of the items, and of their labels if they have any, under a salt that the side keeps: what it brought can be
    /// audited later.
    pub commitment: Digest,
    /// Bytes of each label.
    pub label_len: LabelLen,
}

/// Set in the first number of a set with labels, whose length then follows the commitment: a set without any is encoded as
/// it was before there were labels.
const LABELLED: u32 = 1 << 31;

impl Serialize for OwnSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.label_len.is_none() {
            (self.padded, self.commitment).serialize(serializer)
        } else {
            (self.padded | LABELLED, self.commitment, self.label_len).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for OwnSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(3, OwnSetVisitor)
    }
}

struct OwnSetVisitor;

impl<'de> Visitor<'de> for OwnSetVisitor {
    type Value = OwnSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size, a commitment and, if the size is marked, the length of a label")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<OwnSet, A::Error> {
        let missing = |field| A::Error::invalid_length(field, &self);
        let size: u32 = fields.next_element()?.ok_or_else(|| missing(0))?;
        let commitment = fields.next_element()?.ok_or_else(|| missing(1))?;
        let mut label_len = LabelLen::NONE;
        if size & LABELLED != 0 {
            label_len = fields.next_element()?.ok_or_else(|| missing(2))?;
            if label_len.is_none() {
                return Err(A::Error::custom("a set that is marked has labels"));
            }
        }
        Ok(OwnSet { padded: size & !LABELLED, commitment, label_len })
    }
}

impl OwnSet {
    /// The commitment to items, strictly ascending, under a salt of 32 random bytes.
    pub fn of(items: &[Item], salt: &[u8; 32]) -> Self {
        let mut builder = OwnSetBuilder::new(salt);
        items.iter().for_each(|item| builder.push(item));
        builder.finish()
    }

    /// The commitment to items with their labels of one length.
    pub fn of_labelled(set: &Loaded, label_len: LabelLen, salt: &[u8; 32]) -> Self {
        let mut builder = OwnSetBuilder::labelled(salt, label_len);
        let labels = set.labels.chunks_exact(label_len.bytes().max(1));
        set.items.iter().zip(labels).for_each(|(item, label)| builder.push_labelled(item, label));
        builder.finish()
    }
}

/// [`OwnSet::of`], item by item: for a set that is not in memory.
#[derive(Clone)]
pub struct OwnSetBuilder {
    hasher: BulkHasher,
    items: usize,
    label_len: LabelLen,
}

impl OwnSetBuilder {
    /// The commitment to no items yet, under a salt of 32 random bytes.
    pub fn new(salt: &[u8; 32]) -> Self {
        let mut hasher = BulkHasher::new(Domain::SetCommitment);
        hasher.part(salt);
        Self { hasher, items: 0, label_len: LabelLen::NONE }
    }

    /// The same for items with labels of that length.
    pub fn labelled(salt: &[u8; 32], label_len: LabelLen) -> Self {
        let mut builder = Self { label_len, ..Self::new(salt) };
        // An item has another length, so no set without labels has this commitment.
        builder.hasher.part(&u16::from(label_len).to_le_bytes());
        builder
    }

    /// Adds an item with its label; each item is greater than the one before.
    ///
    /// # Panics
    /// If the label has not the length of all.
    pub fn push_labelled(&mut self, item: &Item, label: &[u8]) {
        assert_eq!(label.len(), self.label_len.bytes(), "every label has the length of all");
        self.push(item);
        self.hasher.part(label);
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
        OwnSet {
            padded: crate::psi::padded_size(self.items),
            commitment: self.hasher.finish(),
            label_len: self.label_len,
        }
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
    /// Digest of the release that a lighthouse run is over; none in a pair run.
    pub release: Option<Digest>,
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
        let (receiver, sender) = match lane {
            Lane::ProposerReceives => (self.proposer_set, self.acceptor_set),
            Lane::AcceptorReceives => (self.acceptor_set, self.proposer_set),
        };
        SetSizes { receiver: receiver.padded, sender: sender.padded, label_len: sender.label_len }
    }

    /// Whether the senders' sets have labels if the protocol carries them, and no other set has.
    pub fn labels_fit(&self, protocol: &dyn PsiProtocol) -> bool {
        let carries = protocol.carries_labels();
        let sent = |sends: bool, set: OwnSet| set.label_len.is_none() != (sends && carries);
        sent(self.learns != Learns::Acceptor, self.acceptor_set)
            && sent(self.learns != Learns::Proposer, self.proposer_set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{CodecError, decode};

    const SALT: [u8; 32] = [7; 32];

    fn labelled(label_len: u16, labels: &[u8]) -> OwnSet {
        let items: Vec<Item> = (0..2).map(|number| Item([number; 32])).collect();
        let set = Loaded { items: items.into(), labels: labels.into() };
        OwnSet::of_labelled(&set, LabelLen::new(label_len).expect("a length"), &SALT)
    }

    #[test]
    fn a_set_is_encoded_as_before_there_were_labels_and_with_labels_as_its_page_says() {
        let plain = OwnSet::of(&[Item([0; 32]), Item([1; 32])], &SALT);
        let bytes = [&16u32.to_le_bytes()[..], plain.commitment.as_bytes()].concat();
        assert_eq!(encode(&plain), bytes);
        assert_eq!(decode(&bytes, 64), Ok(plain));
        let set = labelled(32, &[3; 64]);
        let bytes = [&(16u32 | 1 << 31).to_le_bytes()[..], set.commitment.as_bytes(), &[32, 0]].concat();
        assert_eq!(encode(&set), bytes);
        assert_eq!(decode(&bytes, 64), Ok(set));
        // Marked and without a length, with none, with one that there is not; not marked and with one.
        for wrong in [
            bytes[..36].to_vec(),
            [&bytes[..36], &[0, 0]].concat(),
            [&bytes[..36], &[33, 0]].concat(),
            [&16u32.to_le_bytes()[..], &bytes[4..]].concat(),
        ] {
            assert_eq!(decode::<OwnSet>(&wrong, 64), Err(CodecError::Malformed));
        }
    }

    #[test]
    fn a_commitment_is_to_items_and_labels() {
        let items: Vec<Item> = [0, 1].map(|byte| Item([byte; 32])).to_vec();
        let mut commitments = vec![
            OwnSet::of(&items, &SALT).commitment,
            labelled(32, &[3; 64]).commitment,
            labelled(32, &[4; 64]).commitment,
            labelled(16, &[3; 32]).commitment,
            // Items that look like the labels of others.
            OwnSet::of(&[items[0], Item([3; 32]), items[1], Item([3; 32])], &SALT).commitment,
        ];
        let count = commitments.len();
        commitments.sort_unstable();
        commitments.dedup();
        assert_eq!(commitments.len(), count);
    }
}
