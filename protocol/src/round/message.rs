//! Every message of rounds and ceremonies: a body is a kind, two bytes, and that kind's payload, as for
//! [`crate::wire::Message`].

use cwg_crypto::Digest;
use serde::{Deserialize, Serialize};

use super::ceremony::{Board, Post, SignedCeremony};
use super::evaluate::{BatchName, EvaluateAnswer, EvaluateAsk, EvaluateRefusal};
use super::limits::{CEREMONY_LEN_MAX, EVALUATION_BATCH, POST_LEN_MAX, POSTS_MAX, SEALED_LEN_MAX, TERMS_LEN_MAX};
use super::room::{RoomBatch, RoomPage, RoomUpload};
use super::terms::SignedTerms;
use super::turn::SignedTurn;
use super::upload::{
    Answer, Carried, Channels, Dropped, Passed, Returned, Slots, TicketAsk, TicketGiven, TurnEnded, Upload,
};
use crate::reveal::RevealMessage;
use crate::wire::limits::FRAME_LEN_MAX;
use crate::wire::message_family;

/// A keyholder does not evaluate a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluateRefused {
    /// The digest of the asker's terms.
    pub terms: Digest,
    /// The batch.
    pub batch: BatchName,
    /// Why.
    pub refusal: EvaluateRefusal,
}

/// The hub has ended a round before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundClosed {
    /// The digest of its terms.
    pub terms: Digest,
}

/// Which posts of a round's rooms a member wants to read: those of one interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPageAsk {
    /// The turn that gave the rooms.
    pub execution: super::turn::Execution,
    /// The interval.
    pub interval: u16,
}

/// Bytes of a message of fixed fields only.
const SMALL_LEN_MAX: usize = 512;

/// Bytes of one batch of elements with its head and a proof.
const BATCH_LEN_MAX: usize = 32 * EVALUATION_BATCH as usize + 256;

/// Bytes of one sealed rank with its head.
const RANK_LEN_MAX: usize = SEALED_LEN_MAX + 128;

message_family! {
    /// A message of a round or a ceremony.
    RoundMessage {
        /// A message of reveals.
        0x88..=0x8b => Reveal(RevealMessage),
    }
    /// The hub calls for a ceremony.
    CeremonyCalled(SignedCeremony) = 0x70, CEREMONY_LEN_MAX + 128;
    /// A participant posts.
    CeremonyPost(Post) = 0x71, POST_LEN_MAX + 256;
    /// The hub shows a phase.
    CeremonyBoard(Board) = 0x72, POSTS_MAX * (POST_LEN_MAX + 256) + 128;
    /// The hub has closed a round.
    RoundClosed(RoundClosed) = 0x73, SMALL_LEN_MAX;
    /// The hub offers a round.
    RoundOffered(SignedTerms) = 0x74, TERMS_LEN_MAX + 128;
    /// A member asks a keyholder.
    EvaluateAsk(EvaluateAsk) = 0x75, BATCH_LEN_MAX;
    /// The keyholder answers.
    EvaluateAnswer(EvaluateAnswer) = 0x76, BATCH_LEN_MAX;
    /// The keyholder refuses.
    EvaluateRefused(EvaluateRefused) = 0x77, SMALL_LEN_MAX;
    /// The hub opens a turn.
    TurnOpened(SignedTurn) = 0x78, SMALL_LEN_MAX;
    /// A member asks the hub for its ticket.
    TicketAsk(TicketAsk) = 0x79, SMALL_LEN_MAX;
    /// The hub issues it.
    TicketGiven(TicketGiven) = 0x7a, SMALL_LEN_MAX;
    /// A member sends a rank to the relay.
    Upload(Upload) = 0x7b, RANK_LEN_MAX;
    /// A rank was passed on: relay to member. Or is done with: hub to relay.
    Passed(Passed) = 0x7c, SMALL_LEN_MAX;
    /// The relay names its channels to the hub.
    Channels(Channels) = 0x7d, SMALL_LEN_MAX;
    /// The relay passes a rank on.
    Carried(Carried) = 0x7e, RANK_LEN_MAX;
    /// The relay has dropped a channel.
    Dropped(Dropped) = 0x7f, SMALL_LEN_MAX;
    /// The hub answers a channel.
    Returned(Returned) = 0x80, RANK_LEN_MAX;
    /// The relay passes it on to the member.
    Answer(Answer) = 0x81, RANK_LEN_MAX;
    /// The hub says how a turn ended.
    TurnEnded(TurnEnded) = 0x82, SMALL_LEN_MAX;
    /// The slots: hub to relay, relay to members.
    Slots(Slots) = 0x83, 2 * SMALL_LEN_MAX;
    /// A member sends its posts to the relay.
    RoomUpload(RoomUpload) = 0x84, FRAME_LEN_MAX;
    /// The relay passes everyone's posts on.
    RoomBatch(RoomBatch) = 0x85, FRAME_LEN_MAX;
    /// A member asks the hub for the posts of an interval.
    RoomPageAsk(RoomPageAsk) = 0x86, SMALL_LEN_MAX;
    /// The hub shows them.
    RoomPage(RoomPage) = 0x87, FRAME_LEN_MAX;
}

#[cfg(test)]
mod tests;
