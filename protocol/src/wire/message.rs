//! Every message between two nodes: a frame's body is a kind, two bytes, and that kind's payload.

use cwg_crypto::{Digest, Domain, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use super::limits::{
    CHARTER_OFFER_LEN_MAX, CHUNK_LEN_MAX, EVALUATION_LEN_MAX, FRAME_LEN_MAX, HELLO_LEN_MAX, JOIN_LEN_MAX, MEMBERS_MAX,
    ROSTER_CHAIN_MAX, ROSTER_LEN_MAX, SELECTION_MAX, SESSION_LEN_MAX, STANDING_OFFER_LEN_MAX,
};
use super::standing::{
    Chunk, ChunkFetch, ChunkRefused, EditionOffer, Evaluate, EvaluateRefused, Evaluated, PeriodOffer,
};
use super::{BoundedVec, CodecError, encode, message_family};
use crate::charter::{KindRoles, MemberSignature, SignedCharter};
use crate::count::CountMessage;
use crate::invitation::InvitationId;
use crate::lighthouse::limits::{RECALLS_PER_MESSAGE, SIGNED_RELEASE_LEN_MAX, TRENDS_LEN_MAX};
use crate::lighthouse::{Figure, Month, ReleaseNumber, SignedRecall, SignedRelease, Watermark};
use crate::psi::ProtocolId;
use crate::roster::{Address, SignedRoster};
use crate::round::RoundMessage;
use crate::session::{Lane, Learns, OwnSet, Seal as SealSignature};
use crate::{Epoch, NetworkId, NodeKey, PilotId, RunId, SessionId, TransportKey};

/// A body that is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A kind that this version does not know.
    #[error("unknown message kind {0}")]
    UnknownKind(u16),
    /// Under two bytes.
    #[error("a body has at least its kind")]
    NoKind,
    /// The payload is not of its kind.
    #[error("message kind {kind}: {error}")]
    Payload {
        /// The kind.
        kind: u16,
        /// What is wrong with it.
        error: CodecError,
    },
}

/// First on every connection, from both ends: who speaks, and under which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version. Stays the first field in every version.
    pub version: u16,
    /// The network.
    pub network: NetworkId,
    /// The speaker.
    pub node: NodeKey,
    /// The roster it has.
    pub epoch: Epoch,
    /// Digest of that roster.
    pub roster: Digest,
    /// Number of its ruleset.
    pub ruleset: u16,
    /// Digest of its ruleset.
    pub ruleset_digest: Digest,
    /// Its clock, seconds since 1970.
    pub clock: u64,
    /// The speaker's signature over this channel and all of the above.
    pub signature: Signature,
}

impl Hello {
    /// Signs the fields for a channel. `dialer` says which end speaks, so that no hello can be sent back.
    pub fn sign(&mut self, exporter: &[u8; 32], dialer: bool, key: &SigningKey) {
        self.signature = key.sign(Domain::Hello, &[&self.signed_bytes(), exporter, &[u8::from(dialer)]]);
    }

    /// Checks the signature for a channel.
    ///
    /// # Errors
    /// If it is not the speaker's for this channel and this end.
    pub fn verify(&self, exporter: &[u8; 32], dialer: bool) -> Result<(), crate::violation::Violation> {
        self.node
            .0
            .verify(Domain::Hello, &[&self.signed_bytes(), exporter, &[u8::from(dialer)]], &self.signature)
            .map_err(|_| crate::violation::Violation::BadHello)
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut unsigned = self.clone();
        unsigned.signature = Signature::from_bytes([0; 64]);
        encode(&unsigned)
    }
}

/// An invited node asks to become a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Protocol version.
    pub version: u16,
    /// The invitation.
    pub invitation: InvitationId,
    /// The new member's signing key.
    pub node: NodeKey,
    /// Its transport key.
    pub transport: TransportKey,
    /// Where it listens; empty if it only dials.
    pub address: Address,
    /// Its signature over the channel and all of the above: it holds the key it names.
    pub signature: Signature,
}

impl Join {
    /// Signs the request for a channel.
    pub fn sign(&mut self, exporter: &[u8; 32], key: &SigningKey) {
        self.signature = key.sign(Domain::Join, &[&self.signed_bytes(), exporter]);
    }

    /// Checks the signature for a channel.
    ///
    /// # Errors
    /// If the new member did not make it.
    pub fn verify(&self, exporter: &[u8; 32]) -> Result<(), crate::violation::Violation> {
        self.node
            .0
            .verify(Domain::Join, &[&self.signed_bytes(), exporter], &self.signature)
            .map_err(|_| crate::violation::Violation::BadSignature { what: "join" })
    }

    fn signed_bytes(&self) -> Vec<u8> {
        let mut unsigned = self.clone();
        unsigned.signature = Signature::from_bytes([0; 64]);
        encode(&unsigned)
    }
}

/// The hub's consent to a [`Join`]: the roster that has the new member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The roster.
    pub roster: SignedRoster,
}

/// Why a hub refuses a [`Join`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinRefusal {
    /// No such invitation, or used, or expired: a hub does not say which.
    InvitationUnknown,
    /// A network has fifteen members, or its roster has no place left beside the revoked ones.
    NetworkFull,
    /// Another member has this key or this name.
    KeyTaken,
    /// The joining node speaks another version.
    Version,
}

impl JoinRefusal {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvitationUnknown => "invitation-unknown",
            Self::NetworkFull => "network-full",
            Self::KeyTaken => "key-taken",
            Self::Version => "protocol-version",
        }
    }
}

/// Asks for the rosters after an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterFetch {
    /// The epoch the asker has.
    pub after: Epoch,
}

/// Consecutive rosters, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterChain {
    /// The rosters.
    pub rosters: BoundedVec<SignedRoster, ROSTER_CHAIN_MAX>,
}

/// A charter and the signatures the speaker has for it. Both ends send it: it only ever adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharterOffer {
    /// The charter.
    pub charter: SignedCharter,
    /// Signatures.
    pub signatures: BoundedVec<MemberSignature, MEMBERS_MAX>,
}

/// Proposes a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Propose {
    /// The run.
    pub run: RunId,
    /// Which attempt at it, from 1.
    pub attempt: u32,
    /// The proposer's roster.
    pub epoch: Epoch,
    /// Its digest.
    pub roster: Digest,
    /// The pilot.
    pub pilot: PilotId,
    /// Digest of its charter.
    pub charter: Digest,
    /// Who learns.
    pub learns: Learns,
    /// The PSI protocol.
    pub protocol: ProtocolId,
    /// Digest of the leakage the proposer consented to.
    pub leakage: Digest,
    /// Digest of the ruleset.
    pub ruleset: Digest,
    /// Kinds and roles that may enter.
    pub selection: BoundedVec<KindRoles, SELECTION_MAX>,
    /// Digest of the release that a lighthouse run is over; none in a pair run.
    pub release: Option<Digest>,
    /// The proposer's set.
    pub set: OwnSet,
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

/// Accepts a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// The acceptor's set.
    pub set: OwnSet,
    /// 32 random bytes.
    pub nonce: [u8; 32],
    /// The session's name, as the acceptor computes it: a difference ends it before anything is sent.
    pub session: SessionId,
}

/// Why a proposal is declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeclineCode {
    /// Under another roster.
    Roster,
    /// No live charter with this digest.
    Charter,
    /// The charter does not allow this kind of run, protocol, selection or learner.
    NotAllowed,
    /// Another ruleset.
    Ruleset,
    /// Another leakage statement for this protocol: another build.
    Leakage,
    /// A budget is used up.
    Budget,
    /// The proposer's set is too small or too large, or its size is not on the grid.
    Size,
    /// Too many sessions at once.
    Busy,
    /// The acceptor's own set is empty, too small or too large: it does not say which.
    Set,
    /// The attempt is not newer than one seen before.
    Repeated,
    /// Over a release that is not the hub's current one, or no longer valid.
    Release,
}

impl DeclineCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Roster => "declined-roster",
            Self::Charter => "declined-charter",
            Self::NotAllowed => "declined-not-allowed",
            Self::Ruleset => "declined-ruleset",
            Self::Leakage => "declined-leakage",
            Self::Budget => "declined-budget",
            Self::Size => "declined-size",
            Self::Busy => "declined-busy",
            Self::Set => "declined-set",
            Self::Repeated => "declined-repeated",
            Self::Release => "declined-release",
        }
    }

    /// Whether another proposal may succeed, or the proposer see by itself why not, without anyone doing anything: rosters and
    /// the last signature to a charter may still be on their way to the acceptor, a release to the proposer.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Roster | Self::Charter | Self::Busy | Self::Release)
    }
}

/// Declines a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: u32,
    /// Why.
    pub code: DeclineCode,
}

/// One side's seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The session.
    pub session: SessionId,
    /// The signature.
    pub seal: SealSignature,
}

/// Ends a session before its seal. Says that, not why: the reason stays with the side that saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAbort {
    /// The session.
    pub session: SessionId,
}

/// What a member has of Lighthouse: said after `Hello` and after every change. The hub answers with what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LighthouseHas {
    /// Its newest release.
    pub release: Option<ReleaseNumber>,
    /// The number of the last recall it has; 0 for none.
    pub recalls: u32,
    /// The period of the trends it has.
    pub trends: Option<Month>,
    /// The period of the group's mean it has.
    pub mean: Option<Month>,
}

/// The head of the hub's current release, and this member's mark of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseOffer {
    /// The release.
    pub release: SignedRelease,
    /// Which member's copy this is.
    pub mark: Watermark,
}

/// Recalls after those that the member has, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalls {
    /// The recalls.
    pub recalls: BoundedVec<SignedRecall, RECALLS_PER_MESSAGE>,
}

/// Trends that the hub released, in their own encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendsOffer {
    /// The trends.
    pub trends: BoundedVec<u8, TRENDS_LEN_MAX>,
}

/// A member releases a figure of its own to the hub: matches with clues in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureOffer {
    /// The month.
    pub period: Month,
    /// Matches.
    pub matches: u32,
}

/// The mean of the figures that members released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanOffer {
    /// The month.
    pub period: Month,
    /// The mean, or that it is held back.
    pub mean: Figure,
}

/// A message of a PSI protocol: raw bytes after session and lane.
#[derive(Clone, PartialEq, Eq)]
pub struct PsiFrame {
    /// The session.
    pub session: SessionId,
    /// The execution.
    pub lane: Lane,
    /// The party's message.
    pub body: Vec<u8>,
}

impl core::fmt::Debug for PsiFrame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PsiFrame({:?}, {} bytes)", self.lane, self.body.len())
    }
}

message_family! {
    /// A message.
    Message {
        /// A message of a PSI protocol.
        PsiFrame::KIND => Psi(PsiFrame),
        /// A message of a round or a ceremony.
        0x70..=0x8f => Round(RoundMessage),
        /// A message of a count.
        0x90..=0x93 => Count(CountMessage),
    }
    /// First on every connection.
    Hello(Hello) = 0x01, HELLO_LEN_MAX;
    /// First on an invited node's connection.
    Join(Join) = 0x10, JOIN_LEN_MAX;
    /// The hub's consent.
    Joined(Joined) = 0x11, JOIN_LEN_MAX;
    /// The hub's refusal.
    JoinRefused(JoinRefusal) = 0x12, HELLO_LEN_MAX;
    /// Asks for rosters.
    RosterFetch(RosterFetch) = 0x20, HELLO_LEN_MAX;
    /// Rosters.
    RosterChain(RosterChain) = 0x21, ROSTER_CHAIN_MAX * (ROSTER_LEN_MAX + 128);
    /// A charter.
    CharterOffer(CharterOffer) = 0x30, CHARTER_OFFER_LEN_MAX;
    /// Proposes a session.
    Propose(Propose) = 0x40, SESSION_LEN_MAX;
    /// Accepts one.
    Accept(Accept) = 0x41, SESSION_LEN_MAX;
    /// Declines one.
    Decline(Decline) = 0x42, SESSION_LEN_MAX;
    /// Signs one.
    Seal(Seal) = 0x44, SESSION_LEN_MAX;
    /// Ends one.
    SessionAbort(SessionAbort) = 0x45, SESSION_LEN_MAX;
    /// What a member has of Lighthouse.
    LighthouseHas(LighthouseHas) = 0x50, HELLO_LEN_MAX;
    /// The current release.
    ReleaseOffer(ReleaseOffer) = 0x51, SIGNED_RELEASE_LEN_MAX + 16;
    /// Clues taken back.
    Recalls(Recalls) = 0x52, RECALLS_PER_MESSAGE * 128;
    /// Trends.
    TrendsOffer(TrendsOffer) = 0x53, TRENDS_LEN_MAX + 8;
    /// A member's figure.
    FigureOffer(FigureOffer) = 0x54, HELLO_LEN_MAX;
    /// The group's mean.
    MeanOffer(MeanOffer) = 0x55, HELLO_LEN_MAX;
    /// Tells of a period.
    PeriodOffer(PeriodOffer) = 0x60, STANDING_OFFER_LEN_MAX;
    /// Tells of an edition.
    EditionOffer(EditionOffer) = 0x61, STANDING_OFFER_LEN_MAX;
    /// Asks for a chunk of one.
    ChunkFetch(ChunkFetch) = 0x62, HELLO_LEN_MAX;
    /// A chunk.
    Chunk(Chunk) = 0x63, CHUNK_LEN_MAX;
    /// None.
    ChunkRefused(ChunkRefused) = 0x64, HELLO_LEN_MAX;
    /// Asks for an evaluation.
    Evaluate(Evaluate) = 0x65, EVALUATION_LEN_MAX;
    /// An evaluation.
    Evaluated(Evaluated) = 0x66, EVALUATION_LEN_MAX;
    /// None.
    EvaluateRefused(EvaluateRefused) = 0x67, HELLO_LEN_MAX;
}

impl PsiFrame {
    const KIND: u16 = 0x43;

    /// As [`Message::KINDS`].
    pub const KINDS: &[(&'static str, u16, usize)] = &[("Psi", Self::KIND, FRAME_LEN_MAX)];

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 + 32 + 1 + self.body.len());
        bytes.extend_from_slice(&Self::KIND.to_le_bytes());
        bytes.extend_from_slice(&self.session.0);
        bytes.push(self.lane.number());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn decode(body: &[u8]) -> Result<Self, WireError> {
        let (_kind, payload) = body.split_first_chunk::<2>().ok_or(WireError::NoKind)?;
        Self::of_payload(payload).ok_or(WireError::Payload { kind: Self::KIND, error: CodecError::Malformed })
    }

    fn of_payload(payload: &[u8]) -> Option<Self> {
        let (session, rest) = payload.split_first_chunk::<32>()?;
        let (lane, body) = rest.split_first()?;
        let lane = [Lane::ProposerReceives, Lane::AcceptorReceives].into_iter().find(|l| l.number() == *lane)?;
        Some(Self { session: SessionId(*session), lane, body: body.to_vec() })
    }

    const fn name(&self) -> &'static str {
        "Psi"
    }
}
