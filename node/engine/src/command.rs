//! Commands of an operator, and their answers. Only the application layer makes them.

use cwg_crypto::{Digest, Signature};
use cwg_protocol::charter::{CharterError, NotLive};
use cwg_protocol::invitation::Invitation;
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClueId, DisclosureError, Month, ReleaseError, ReleaseNumber, Trends,
    WithdrawalReason,
};
use cwg_protocol::roster::{Address, Name, RosterError};
use cwg_protocol::{Epoch, LoadId, NodeKey, OperatorKey, PilotId, RunId, UnixTime};

use crate::limits::{RECALLS_ALL_MAX, RECALLS_MAX};
use crate::record::{Code, LoadSummary, ReleaseDraft, RunPlan};

/// What an operator asks for.
#[derive(Debug)]
pub enum Command {
    /// Makes this node the hub of a new network.
    FoundHub {
        /// Its name.
        name: Name,
        /// Where it listens.
        address: Address,
    },
    /// Gives this node the keys of a member.
    FoundMember {
        /// Where it listens; empty if it only dials.
        address: Address,
        /// Its own name for itself; the roster's is the invitation's.
        name: Name,
    },
    /// Hub: invites a member.
    Invite {
        /// The name it will have.
        name: Name,
        /// How long the invitation is good for, seconds.
        valid_secs: u64,
    },
    /// Member: joins with an invitation. Answered when the hub has.
    Join(Box<Invitation>),
    /// Hub: revokes a member.
    Revoke {
        /// Which.
        member: NodeKey,
    },
    /// Registers a person's key.
    AddOperator {
        /// The person.
        name: Name,
        /// The key.
        key: OperatorKey,
    },
    /// Hub: writes a charter. Network, pilot and version are filled in here.
    WriteCharter(Box<cwg_protocol::charter::Body>),
    /// Member: signs a charter.
    SignCharter {
        /// The pilot.
        pilot: PilotId,
        /// Digest of the charter that the person saw.
        charter: Digest,
        /// The person.
        person: Name,
        /// The person's signature.
        signature: Signature,
    },
    /// Takes a finished set into use.
    CommitLoad(LoadSummary),
    /// Deletes a load.
    Purge(LoadId),
    /// Plans a pair run. The run's number and the charter's digest are filled in here.
    PlanRun(RunPlan),
    /// Starts a planned run.
    StartRun {
        /// Which.
        run: RunId,
        /// Digest of the leakage the person was shown and consented to.
        leakage: Digest,
    },
    /// Answered when a run has ended.
    AwaitRun(RunId),
    /// Hub: takes a draft of the next release, whose content the store has.
    DraftRelease(Box<ReleaseDraft>),
    /// Hub: takes the signature of the person who built the draft.
    SignDraft(Box<BuiltRelease>),
    /// Hub: takes the signature of a second person.
    ApproveDraft(Box<ApprovedRelease>),
    /// Hub: publishes the approved draft to all members.
    PublishRelease,
    /// Hub: throws the draft away.
    DropDraft,
    /// Hub: takes clues back, at once.
    Recall {
        /// Which.
        clues: Vec<ClueId>,
        /// Recalled or superseded.
        reason: WithdrawalReason,
    },
    /// Hub: releases trends, made of the current release and those released before.
    ReleaseTrends(Box<Trends>),
    /// Member: releases the number of its matches with clues in a month to the hub.
    ReleaseFigure {
        /// The month.
        period: Month,
        /// Matches.
        matches: u32,
    },
    /// Hub: releases the mean of the figures that members released for a month.
    ReleaseMean {
        /// The month.
        period: Month,
    },
}

/// What an operator gets.
#[derive(Debug)]
pub enum Reply {
    /// It is done.
    Done,
    /// The node has its keys.
    Founded(NodeKey),
    /// Here is the invitation.
    Invited(Box<Invitation>),
    /// The node is a member, under this epoch.
    Joined(Epoch),
    /// The charter of this pilot is written.
    CharterWritten(PilotId),
    /// The run is planned.
    RunPlanned(RunId),
    /// The run has ended.
    RunEnded(RunEnd),
    /// The release of this number is published.
    Published(ReleaseNumber),
    /// So many clues were recalled; those that were so before are not counted.
    Recalled(u32),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// With a seal, and so many matches if this side was to learn.
    Sealed(Option<u32>),
    /// Without.
    Ended(Code),
}

/// Why a command is refused: a fault of the caller. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The node has keys already.
    #[error("this directory already holds a node")]
    AlreadyFounded,
    /// It has none.
    #[error("this directory holds no node yet")]
    NotFounded,
    /// Only the hub can.
    #[error("only the hub can do this")]
    NotHub,
    /// Only a member can.
    #[error("only a member can do this")]
    NotMember,
    /// It is in a network already.
    #[error("this member has already joined a network")]
    AlreadyJoined,
    /// It is in none.
    #[error("this member has not joined a network")]
    NotJoined,
    /// It needs the network.
    #[error("this needs a running node with its network")]
    Offline,
    /// Another command of this kind is under way.
    #[error("this is already under way")]
    UnderWay,
    /// No such member.
    #[error("no such member on the roster")]
    UnknownMember,
    /// Revoked already.
    #[error("this member is already revoked")]
    AlreadyRevoked,
    /// A member, an invitation or a person has this name.
    #[error("this name is taken")]
    NameTaken,
    /// The name is empty.
    #[error("a name cannot be empty")]
    EmptyName,
    /// An invitation lives from a minute to thirty days.
    #[error("an invitation is valid for one minute to thirty days")]
    InvitationLife,
    /// Too many open invitations, or members.
    #[error("the network is full")]
    NetworkFull,
    /// The invitation's time is over.
    #[error("the invitation expired at {0:?}")]
    InvitationExpired(UnixTime),
    /// The hub did not let us in.
    #[error("the hub did not accept the invitation ({0})")]
    JoinRefused(Code),
    /// The hub cannot be reached, or does not know the invitation's key.
    #[error("the hub could not be reached with this invitation ({0})")]
    JoinFailed(Code),
    /// The roster is not good.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The charter is not good.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The charter is not live.
    #[error(transparent)]
    NotLive(#[from] NotLive),
    /// No such pilot.
    #[error("no such pilot")]
    UnknownPilot,
    /// The charter that was signed is not the one in force.
    #[error("the charter has changed since it was shown")]
    CharterChanged,
    /// Signed already.
    #[error("this member has already signed this charter")]
    AlreadySigned,
    /// No such person.
    #[error("no such operator")]
    UnknownOperator,
    /// No such load.
    #[error("no such load")]
    UnknownLoad,
    /// No such run.
    #[error("no such run")]
    UnknownRun,
    /// The run is not in a state in which this can be done.
    #[error("the run is {0}")]
    RunState(&'static str),
    /// The charter does not allow this.
    #[error("the charter does not allow {0}")]
    NotAllowed(&'static str),
    /// What was consented to is not what the run reveals.
    #[error("consent was given to another statement of what the run reveals")]
    Consent,
    /// Used up.
    #[error("the charter's budget of sessions with this member is used up for today")]
    Budget,
    /// The release is not good.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// No release is drafted.
    #[error("no release is drafted")]
    NoDraft,
    /// The draft is not in a state in which this can be done.
    #[error("the draft is {0}")]
    DraftState(&'static str),
    /// What was signed is not the draft.
    #[error("the draft has changed since it was shown")]
    DraftChanged,
    /// The draft does not follow the current release.
    #[error("the draft does not follow the current release: {0}")]
    DraftOutdated(&'static str),
    /// The clue is in no release.
    #[error("expired clues need no recall")]
    RecallReason,
    /// Too many at once.
    #[error("at most {RECALLS_MAX} clues are recalled at once, and {RECALLS_ALL_MAX} in all")]
    TooManyRecalls,
    /// No trends may follow, or no mean.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// A figure of this month, or of a later one, was released.
    #[error("a figure for this month, or for a later one, is released already")]
    FigureReleased,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyFounded => "already-founded",
            Self::NotFounded => "not-founded",
            Self::NotHub => "not-hub",
            Self::NotMember => "not-member",
            Self::AlreadyJoined => "already-joined",
            Self::NotJoined => "not-joined",
            Self::Offline => "offline",
            Self::UnderWay => "under-way",
            Self::UnknownMember => "unknown-member",
            Self::AlreadyRevoked => "already-revoked",
            Self::NameTaken => "name-taken",
            Self::EmptyName => "empty-name",
            Self::InvitationLife => "invitation-life",
            Self::NetworkFull => "network-full",
            Self::InvitationExpired(_) => "invitation-expired",
            Self::JoinRefused(_) => "join-refused",
            Self::JoinFailed(_) => "join-failed",
            Self::Roster(error) => error.code(),
            Self::Charter(_) => "charter-refused",
            Self::NotLive(_) => "charter-not-live",
            Self::UnknownPilot => "unknown-pilot",
            Self::CharterChanged => "charter-changed",
            Self::AlreadySigned => "already-signed",
            Self::UnknownOperator => "unknown-operator",
            Self::UnknownLoad => "unknown-load",
            Self::UnknownRun => "unknown-run",
            Self::RunState(_) => "run-state",
            Self::NotAllowed(_) => "not-allowed",
            Self::Consent => "consent-mismatch",
            Self::Budget => "budget-used-up",
            Self::Release(error) => error.code(),
            Self::NoDraft => "no-draft",
            Self::DraftState(_) => "draft-state",
            Self::DraftChanged => "draft-changed",
            Self::DraftOutdated(_) => "draft-outdated",
            Self::RecallReason => "recall-reason",
            Self::TooManyRecalls => "too-many-recalls",
            Self::Disclosure(_) => "not-disclosed",
            Self::FigureReleased => "figure-released",
        }
    }
}
