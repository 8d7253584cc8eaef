//! Commands of an operator, and their answers. Only the application layer makes them.

use cwg_crypto::{Digest, Signature};
use cwg_protocol::charter::{CharterError, KindRoles, NotLive};
use cwg_protocol::count::{CountRefusal, CountTermsError, LedgerRefusal};
use cwg_protocol::invitation::Invitation;
use cwg_protocol::lighthouse::standing::{EditionBody, EditionError, OwnOutput, Period, PeriodError};
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClueId, DisclosureError, Month, ReleaseError, ReleaseNumber, Trends,
    WithdrawalReason,
};
use cwg_protocol::reveal::RevealRefusal;
use cwg_protocol::roster::{Address, Name, RosterError};
use cwg_protocol::round::ceremony::CeremonyError;
use cwg_protocol::round::room::Draft;
use cwg_protocol::round::{KindItems, RoomTerms, Schedule, TermsError};
use cwg_protocol::wire::EvaluateCode;
use cwg_protocol::wire::limits::EVALUATION_BATCH_MAX;
use cwg_protocol::{Epoch, Item, LoadId, NodeKey, OperatorKey, PilotId, RunId, UnixTime};

use crate::io::Selection;
use crate::limits::{FIGURE_MONTHS_BACK, RECALLS_ALL_MAX, RECALLS_MAX};
use crate::record::{Book, BookReport, Code, LoadSummary, Match, ReleaseDraft, RunPlan};
pub use crate::rounds::reveals::RevealCommand;
pub use crate::rounds::reveals::state::{Reason, RevealNumber};

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
    /// Plans a pair run, or a lighthouse run with the hub. The run's number and the charter's digest are filled in here.
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
    /// Hub: opens the next key period of the standing comparison.
    OpenPeriod {
        /// How long it lasts.
        days: u32,
        /// Items that each member may have evaluated.
        allowance: u32,
    },
    /// Hub: signs and publishes an edition whose rows the store has.
    PublishEdition(Box<EditionBody>),
    /// Member: has items evaluated. Answered when they are.
    Evaluate(EvaluationBatch),
    /// Member: so many rows were added to the table of a period.
    TableGrown {
        /// The period.
        period: Period,
        /// Rows.
        rows: u64,
    },
    /// Member: stores what a comparison of its table with the editions found.
    StoreComparison(Box<Comparison>),
    /// Member: ends a period before its time, in favour of a later one.
    ClosePeriod {
        /// Which.
        period: Period,
    },
    /// Hub: calls keyholders to make a shared key, to refresh it, or to hand it over.
    CallCeremony(CeremonyCall),
    /// Hub: opens a round under the key of a pilot.
    OpenRound(Box<RoundPlan>),
    /// Hub: ends a round before its time.
    CloseRound {
        /// Which.
        round: RunId,
    },
    /// Member: takes part in a round.
    JoinRound {
        /// Which.
        round: RunId,
        /// Digest of the leakage that the person was shown and consented to.
        leakage: Digest,
    },
    /// Member: answered when a round has ended here.
    AwaitRound(RunId),
    /// Member: writes to the other holders of an item. It leaves with the next interval's posts.
    PostToRoom {
        /// The round.
        round: RunId,
        /// Whose room.
        item: Item,
        /// What it says.
        draft: Box<Draft>,
    },
    /// Member: asks another holder to show fields, or goes on with what was asked.
    Reveal {
        /// The round.
        round: RunId,
        /// What.
        ask: Box<RevealCommand>,
    },
    /// Hub: opens a count of two banks.
    OpenCount(CountPlan),
    /// Member: takes part in a count. Answered when its list is there and fits.
    JoinCount {
        /// Which.
        count: RunId,
        /// Digest of the leakage that the person was shown and consented to.
        leakage: Digest,
    },
    /// Answered when a count is over here.
    AwaitCount(RunId),
}

/// A count of two banks to be opened. What is not here follows from charter and roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountPlan {
    /// The pilot.
    pub pilot: PilotId,
    /// The two banks.
    pub banks: [NodeKey; 2],
    /// The kinds, strictly ascending, with their roles.
    pub kinds: Vec<KindRoles>,
    /// Items of each bank at most; padded here.
    pub items: u32,
    /// How long it lasts, from now.
    pub secs: u64,
}

/// What the coordinator of a round is told of how many items it found: one of the two, and chosen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundTells {
    /// In which band the number lies.
    Band,
    /// About what it is, with the noise of the charter's counts.
    Count,
}

/// Where the key of a ceremony comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It is new, and begins a period of its own.
    New,
    /// It is the pilot's present one: those of its holders that are active hand it over. With the same holders that is a refresh.
    Handover,
}

/// A ceremony to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyCall {
    /// The pilot.
    pub pilot: PilotId,
    /// Who will hold a share, in the order of their numbers.
    pub holders: Vec<NodeKey>,
    /// How many of them it takes to evaluate.
    pub threshold: u8,
    /// How long each of the four phases lasts at most, seconds.
    pub phase_secs: u64,
    /// Where the key comes from.
    pub origin: KeyOrigin,
}

/// A round to be opened. What is not here follows from charter, roster and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundPlan {
    /// The pilot.
    pub pilot: PilotId,
    /// Members that must hold an item.
    pub threshold: u8,
    /// The kinds, strictly ascending, with the number of items of each.
    pub kinds: Vec<KindItems>,
    /// Uploads without which there is no result.
    pub uploads_min: u8,
    /// When what is due.
    pub schedule: Schedule,
    /// The rooms.
    pub rooms: RoomTerms,
    /// What the coordinator is told.
    pub tells: RoundTells,
}

/// What a comparison of a table with the editions of a period found.
#[derive(Debug)]
pub struct Comparison {
    /// The pilot whose charter allows it.
    pub pilot: PilotId,
    /// The period.
    pub period: Period,
    /// The release that the last edition publishes.
    pub release: ReleaseNumber,
    /// The file whose rows these are.
    pub book: Book,
    /// Kinds and roles that the charter allows.
    pub selection: Selection,
    /// What became of the rows of the file.
    pub report: Box<BookReport>,
    /// What matched.
    pub matches: Vec<Match>,
}

/// Items to be evaluated in one batch, at most [`EVALUATION_BATCH_MAX`].
pub struct EvaluationBatch {
    /// The pilot whose charter allows it.
    pub pilot: PilotId,
    /// Under the key of this period.
    pub period: Period,
    /// The items.
    pub items: Vec<Item>,
}

/// Items are guessable: they are never printed.
impl core::fmt::Debug for EvaluationBatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "EvaluationBatch({} items)", self.items.len())
    }
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
    /// The period is open.
    PeriodOpened(Period),
    /// A comparison is stored as this run.
    Compared(RunId),
    /// What the items of the batch came to, in their order.
    Evaluated(Vec<OwnOutput>),
    /// The ceremony of this name is called.
    CeremonyCalled(Digest),
    /// The round is open.
    RoundOpened(RunId),
    /// The count is open.
    CountOpened(RunId),
    /// The round has ended here: with so many items, or without a result.
    RoundEnded(RunEnd),
    /// The reveal of this number was written down, or changed.
    RevealWritten(RevealNumber),
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
    /// The hub has published none that this node has.
    #[error("this node has no release")]
    NoRelease,
    /// The plan is over another release than the newest.
    #[error("a newer release came after the run was planned")]
    ReleaseOutdated,
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
    /// Expiry: a clue says itself when it ends.
    #[error("expired clues need no recall")]
    RecallReason,
    /// Too many at once.
    #[error("at most {RECALLS_MAX} clues are recalled at once, and {RECALLS_ALL_MAX} in all")]
    TooManyRecalls,
    /// No trends may follow, or no mean.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// The month is not over, is too long ago, or has its figure.
    #[error("a month has one figure, after its end and for {FIGURE_MONTHS_BACK} months")]
    FigureReleased,
    /// A period of other days or another allowance than is allowed.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// Two are.
    #[error("two periods are open already")]
    PeriodsOpen,
    /// No such period is open here.
    #[error("no such key period is open")]
    UnknownPeriod,
    /// No later period has a table and an edition.
    #[error("the period is in use: no later one has a table and an edition yet")]
    PeriodInUse,
    /// The edition does not come next.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// A batch of another size.
    #[error("a batch has 1 to {EVALUATION_BATCH_MAX} items")]
    BatchLen,
    /// The hub did not answer in time.
    #[error("the hub could not be reached in time")]
    HubUnreachable,
    /// The hub does not evaluate.
    #[error("the hub does not evaluate this ({}), {left} items are left", code.code())]
    NotEvaluated {
        /// Why.
        code: EvaluateCode,
        /// Items left of the allowance.
        left: u32,
    },
    /// The ceremony breaks a rule.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// The terms of the round break a rule.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// No ceremony has made one.
    #[error("the pilot has no shared key")]
    NoSharedKey,
    /// No such round.
    #[error("no such round")]
    UnknownRound,
    /// The round is not in a state in which this can be done.
    #[error("the round is {0}")]
    RoundState(&'static str),
    /// A post is not as it must be.
    #[error("the post cannot be taken: {0}")]
    Post(&'static str),
    /// A reveal does not go on.
    #[error(transparent)]
    Reveal(#[from] RevealRefusal),
    /// No such reveal.
    #[error("no such reveal")]
    UnknownReveal,
    /// No reason is given.
    #[error("a request for a reveal has a reason, which stays at home")]
    RevealReason,
    /// The terms of the count break a rule.
    #[error(transparent)]
    CountTerms(#[from] CountTermsError),
    /// The own list does not fit the count, or it is not its time.
    #[error(transparent)]
    Count(#[from] CountRefusal),
    /// The ledger does not admit the release.
    #[error(transparent)]
    Ledger(#[from] LedgerRefusal),
    /// No such count.
    #[error("no such count")]
    UnknownCount,
    /// The count is not in a state in which this can be done.
    #[error("the count is {0}")]
    CountState(&'static str),
    /// The own sets cannot be read.
    #[error("a set is damaged or missing")]
    SetDamaged,
    /// The hub broke the protocol. Nothing of its answer was used.
    #[error("the hub's evaluation was refused ({0})")]
    HubFault(Code),
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
            Self::NoRelease => "no-release",
            Self::ReleaseOutdated => "release-outdated",
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
            Self::Period(error) => error.code(),
            Self::PeriodsOpen => "periods-open",
            Self::UnknownPeriod => "unknown-period",
            Self::PeriodInUse => "period-in-use",
            Self::Edition(error) => error.code(),
            Self::BatchLen => "batch-len",
            Self::HubUnreachable => "hub-unreachable",
            Self::NotEvaluated { code, .. } => code.code(),
            Self::HubFault(_) => "hub-fault",
            Self::Ceremony(error) => error.code(),
            Self::Terms(error) => error.code(),
            Self::NoSharedKey => "no-shared-key",
            Self::UnknownRound => "unknown-round",
            Self::RoundState(_) => "round-state",
            Self::Post(_) => "room-post",
            Self::Reveal(refusal) => refusal.code(),
            Self::UnknownReveal => "unknown-reveal",
            Self::RevealReason => "reveal-reason",
            Self::CountTerms(error) => error.code(),
            Self::Count(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::UnknownCount => "unknown-count",
            Self::CountState(_) => "count-state",
            Self::SetDamaged => "set-damaged",
        }
    }
}
