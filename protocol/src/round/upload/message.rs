//! The messages of a turn.

use core::fmt;

use cwg_crypto::Digest;
use cwg_crypto::voprf::Proof;
use serde::{Deserialize, Serialize};

use crate::round::limits::SEALED_LEN_MAX;
use crate::round::turn::Execution;
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedBytes, BoundedVec};

/// What was sealed: bytes that say nothing to whoever carries them.
pub(super) type SealedBytes = BoundedBytes<SEALED_LEN_MAX>;

/// A member asks the hub for its ticket, over its own session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketAsk {
    /// The turn.
    pub execution: Execution,
    /// The blinded element.
    pub blinded: [u8; 32],
}

/// The hub issues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketGiven {
    /// The turn.
    pub execution: Execution,
    /// The evaluated element.
    pub evaluated: [u8; 32],
    /// The proof that it was evaluated under the key of the terms.
    pub proof: Proof,
}

/// One rank of a member's upload, to the relay. Of rank 0 the first 32 bytes are the encapsulated key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The turn.
    pub execution: Execution,
    /// The rank.
    pub rank: u32,
    /// What was sealed to the hub.
    pub sealed: SealedBytes,
}

/// A rank was passed on for everyone. The relay says it to members, the hub to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The turn.
    pub execution: Execution,
    /// The rank.
    pub rank: u32,
}

/// The name under which a relay carries one member's upload: random, and of this turn alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel(pub [u8; 16]);

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel(..)")
    }
}

/// The relay names all channels before it passes anything on, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// The turn.
    pub execution: Execution,
    /// The channels.
    pub channels: BoundedVec<Channel, MEMBERS_MAX>,
}

/// One rank of one channel, to the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The turn.
    pub execution: Execution,
    /// The channel.
    pub channel: Channel,
    /// The rank.
    pub rank: u32,
    /// As the member sent it.
    pub sealed: SealedBytes,
}

/// Nothing more comes of this channel: its member held up all others for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The turn.
    pub execution: Execution,
    /// The channel.
    pub channel: Channel,
}

/// The serials of all tickets that were good, strictly ascending: the first one has slot 1, and so on. The hub says so to the relay, and
/// the relay the very same to everyone: no two members can be given one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// The turn.
    pub execution: Execution,
    /// The serials.
    pub serials: BoundedVec<Digest, MEMBERS_MAX>,
}

/// What goes back to one channel: the pieces of its answer, from rank 1 on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The turn.
    pub execution: Execution,
    /// The channel.
    pub channel: Channel,
    /// The rank.
    pub rank: u32,
    /// What was sealed to the member.
    pub sealed: SealedBytes,
}

/// The same to the member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The turn.
    pub execution: Execution,
    /// The rank.
    pub rank: u32,
    /// As the hub sent it.
    pub sealed: SealedBytes,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TurnEnd {
    /// Answers went out.
    Answered,
    /// Fewer uploads were complete than the terms ask for: the round ends without a result.
    TooFewUploads,
    /// The relay was silent or broke the protocol: the next one takes over, if there is one.
    RelayFailed,
}

impl TurnEnd {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answered => "turn-answered",
            Self::TooFewUploads => "turn-too-few-uploads",
            Self::RelayFailed => "turn-relay-failed",
        }
    }
}

/// The hub says so to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnEnded {
    /// The turn.
    pub execution: Execution,
    /// How.
    pub end: TurnEnd,
}
