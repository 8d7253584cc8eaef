//! What two holders say to each other on the way to a reveal: posts of the room, of the length of all posts, signed by
//! pseudonyms (`docs/spec/reveal.md` §2).

use cwg_crypto::hpke::{ENCAPSULATED_LEN, OVERHEAD};
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use crate::round::room::{Pseudonym, SIGNED_LEN};

/// The number that a requester gives a reveal: random, of one pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RevealId(pub [u8; 8]);

/// The hub's slot of a reveal, sealed to the requester: the encapsulated key, then 16 bytes and what sealing adds.
pub(super) const SEALED_SLOT_LEN: usize = ENCAPSULATED_LEN + 16 + OVERHEAD;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The writer offers these of its fields for those of the other.
    Request {
        /// The reveal.
        id: RevealId,
        /// Who is asked.
        to: Pseudonym,
        /// What the writer would show.
        offers: Fields,
        /// What it asks for.
        asks: Fields,
        /// The last interval in which it may be consented to.
        expires: u16,
        /// The key to which the other's fields are to be sealed.
        box_key: [u8; 32],
    },
    /// The one who was asked agrees: its box is with the hub.
    Consent {
        /// The reveal.
        id: RevealId,
        /// Who asked.
        to: Pseudonym,
        /// The key to which the requester's fields are to be sealed.
        box_key: [u8; 32],
        /// The hub's slot, sealed to the requester.
        slot: [u8; SEALED_SLOT_LEN],
    },
    /// The one who was asked does not agree. No reason is given, and there is no place for one.
    Decline {
        /// The reveal.
        id: RevealId,
        /// Who asked.
        to: Pseudonym,
    },
    /// One of both takes back what it said.
    Withdraw {
        /// The reveal.
        id: RevealId,
        /// The other.
        to: Pseudonym,
    },
}

/// A step as a holder reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadStep {
    /// Who said it.
    pub writer: Pseudonym,
    /// What.
    pub step: Step,
}

/// The first byte of a step, where a post has its version.
pub(crate) const STEP_VERSION: u8 = 0x81;

impl Step {
    /// The reveal.
    pub fn id(&self) -> RevealId {
        match self {
            Self::Request { id, .. }
            | Self::Consent { id, .. }
            | Self::Decline { id, .. }
            | Self::Withdraw { id, .. } => *id,
        }
    }

    /// To whom it is said.
    pub fn to(&self) -> Pseudonym {
        match self {
            Self::Request { to, .. }
            | Self::Consent { to, .. }
            | Self::Decline { to, .. }
            | Self::Withdraw { to, .. } => *to,
        }
    }

    /// The signed part of a post: version, number, reveal, addressee, interval, writer, then what the step has, and zeros.
    pub(crate) fn encode(&self, interval: u16, writer: &[u8; 32]) -> Vec<u8> {
        let number = match self {
            Self::Request { .. } => 1,
            Self::Consent { .. } => 2,
            Self::Decline { .. } => 3,
            Self::Withdraw { .. } => 4,
        };
        let mut bytes = vec![STEP_VERSION, number];
        bytes.extend(self.id().0);
        bytes.extend(self.to().as_bytes());
        bytes.extend(interval.to_le_bytes());
        bytes.extend(writer);
        match self {
            Self::Request { offers, asks, expires, box_key, .. } => {
                bytes.extend([u8::from(*offers), u8::from(*asks)]);
                bytes.extend(expires.to_le_bytes());
                bytes.extend(box_key);
            }
            Self::Consent { box_key, slot, .. } => {
                bytes.extend(box_key);
                bytes.extend(slot);
            }
            Self::Decline { .. } | Self::Withdraw { .. } => {}
        }
        bytes.resize(SIGNED_LEN, 0);
        bytes
    }

    /// Step, interval and writer. None unless this is the one encoding of them.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, u16, Pseudonym)> {
        let (&[_version, number], rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (to, rest) = rest.split_first_chunk()?;
        let (interval, rest) = rest.split_first_chunk()?;
        let (writer, rest) = rest.split_first_chunk()?;
        let (id, to) = (RevealId(*id), Pseudonym::from_bytes(*to));
        let step = match number {
            1 => {
                let (&[offers, asks], rest) = rest.split_first_chunk()?;
                let (expires, rest) = rest.split_first_chunk()?;
                let (offers, asks) = (offers.try_into().ok()?, asks.try_into().ok()?);
                let (box_key, _) = rest.split_first_chunk()?;
                Self::Request { id, to, offers, asks, expires: u16::from_le_bytes(*expires), box_key: *box_key }
            }
            2 => {
                let (box_key, rest) = rest.split_first_chunk()?;
                let (slot, _) = rest.split_first_chunk()?;
                Self::Consent { id, to, box_key: *box_key, slot: *slot }
            }
            3 => Self::Decline { id, to },
            4 => Self::Withdraw { id, to },
            _ => return None,
        };
        let interval = u16::from_le_bytes(*interval);
        (step.encode(interval, writer) == bytes).then_some((step, interval, Pseudonym::from_bytes(*writer)))
    }
}
