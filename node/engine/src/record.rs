//! Records: what a node must never forget. Each carries an action and is its own entry in the audit.
//!
//! The numbers of the variants are on disk: only ever append. Encoding and sealing are the store's business.

mod code;

use core::fmt;

use cwg_crypto::Digest;
use cwg_protocol::charter::{MemberSignature, RunKind, SignedCharter};
pub use cwg_protocol::count::Charge as CountCharge;
use cwg_protocol::count::{Figure as CountFigure, NoiseTerms, SignedAnswer, SignedCount};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::invitation::InvitationId;
use cwg_protocol::lighthouse::standing::{Period, SignedEdition, SignedPeriod};
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClueId, Figure, GroupMean, Month, ReleaseBody, ReleaseNumber, Seen, SignedRecall,
    SignedRelease, Trends, Watermark, WithdrawalReason,
};
use cwg_protocol::psi::ProtocolId;
use cwg_protocol::reveal::{Escrow, RevealPage, RevealUpload};
use cwg_protocol::roster::{Address, Name, SignedRoster};
use cwg_protocol::round::ceremony::{Board, SignedCeremony};
use cwg_protocol::round::evaluate::Charge;
use cwg_protocol::round::room::{Draft, RoomPage, RoomUpload};
use cwg_protocol::round::upload::{CountBand, TurnEnd};
use cwg_protocol::round::{SignedKey, SignedTerms, SignedTurn};
use cwg_protocol::session::{Learns, Place, Receipt};
use cwg_protocol::{Item, LoadId, NetworkId, NodeKey, OperatorKey, PilotId, RunId, TransportKey, UnixTime};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use crate::counts::state::OwnList;
use crate::io::{IndicatorRow, Selection};
use crate::rounds::reveals::state::{KnownReveal, RevealNumber};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened, by this node's clock. Order is by place in the journal.
    pub at: UnixTime,
    /// What happened.
    pub entry: Entry,
}

/// Which of the two kinds of node this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// The charity's.
    Hub,
    /// A bank's or payment platform's.
    Member,
}

/// 32 secret bytes inside a record. The journal that holds them is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct StoredSecret(pub [u8; 32]);

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredSecret(..)")
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The node got its keys.
    Founded {
        /// Hub or member.
        kind: NodeKind,
        /// Its name.
        name: Name,
        /// Where it listens.
        address: Address,
        /// Secret of its signing key.
        node: StoredSecret,
        /// Secret of its transport key.
        transport: StoredSecret,
    },
    /// Hub: the network began, with its first roster.
    NetworkFounded {
        /// The network.
        network: NetworkId,
        /// Its roster of epoch 1.
        roster: SignedRoster,
    },
    /// Hub: an invitation was made.
    Invited {
        /// Its number.
        id: InvitationId,
        /// For whom.
        name: Name,
        /// Until when.
        expires: UnixTime,
        /// The transport key it lets in.
        key: TransportKey,
    },
    /// Hub: an invited node became a member.
    Admitted {
        /// The invitation, now used.
        id: InvitationId,
        /// The roster that has the member.
        roster: SignedRoster,
    },
    /// Member: it joined a network.
    Joined {
        /// The network.
        network: NetworkId,
        /// The hub's signing key, pinned.
        hub: NodeKey,
        /// The roster that has this member.
        roster: SignedRoster,
    },
    /// A newer roster is in force.
    RosterAdopted {
        /// The roster.
        roster: SignedRoster,
    },
    /// A person got a key.
    OperatorAdded {
        /// The person's name.
        name: Name,
        /// The person's key.
        key: OperatorKey,
    },
    /// A charter was written or received.
    CharterAdopted {
        /// The charter.
        charter: SignedCharter,
    },
    /// A member signed a charter.
    CharterSigned {
        /// The pilot.
        pilot: PilotId,
        /// Digest of the charter.
        charter: Digest,
        /// The signature.
        signature: MemberSignature,
    },
    /// Indicators were loaded.
    Loaded(LoadSummary),
    /// A load was deleted.
    Purged {
        /// The load.
        load: LoadId,
    },
    /// A run was planned here.
    RunPlanned(RunPlan),
    /// A person consented to a planned run and started it.
    RunStarted {
        /// The run.
        run: RunId,
        /// Digest of the leakage that was shown.
        leakage: Digest,
    },
    /// A session was charged to the budget, before anything of it was sent.
    SessionCharged {
        /// The run, as the session's proposer planned it.
        plan: RunPlan,
        /// Which side this node is.
        place: Place,
        /// Which attempt.
        attempt: u32,
        /// This side's items, padded.
        items: u32,
        /// Salt of this side's commitment to its items.
        salt: [u8; 32],
    },
    /// A session ended without a seal.
    SessionEnded {
        /// The run.
        run: RunId,
        /// Which attempt.
        attempt: u32,
        /// Why.
        code: Code,
    },
    /// Matches of a run. They count for nothing before its `RunSealed`, which is in one commit with the last of them. Those of
    /// a later session stand in place of the earlier ones.
    Matches {
        /// The run.
        run: RunId,
        /// Number of the first of them in the run.
        first: u32,
        /// Rows of our own set that the peer also holds. None: the run has `first` matches and no more.
        rows: Vec<Match>,
    },
    /// A run has its result.
    RunSealed {
        /// The run.
        run: RunId,
        /// What both sides signed.
        receipt: Box<Receipt>,
        /// How many matches we learnt; none where we were not to learn.
        matches: Option<u32>,
    },
    /// A run ended without a result.
    RunEnded {
        /// The run.
        run: RunId,
        /// Why.
        code: Code,
    },
    /// Something asked of this node was refused.
    Refused {
        /// By whom it was asked: a member, or nobody on the roster.
        peer: Option<NodeKey>,
        /// Why.
        code: Code,
    },
    /// Hub: it got the secret from which names of clues, salts of records and watermarks derive.
    LighthouseKeyed {
        /// The secret.
        secret: StoredSecret,
    },
    /// Hub: a release was drafted, in place of any draft before it.
    ReleaseDrafted(Box<ReleaseDraft>),
    /// Hub: a person signed the draft as the one who built it.
    ReleaseBuilt(Box<BuiltRelease>),
    /// Hub: a second person approved the draft.
    ReleaseApproved(Box<ApprovedRelease>),
    /// Hub: the draft was thrown away.
    DraftDropped,
    /// Hub: the draft is the current release.
    ReleasePublished(Box<SignedRelease>),
    /// Member: a release of the hub is the current one.
    ReleaseAdopted {
        /// The release.
        signed: Box<SignedRelease>,
        /// The mark of this member's copy.
        mark: Watermark,
    },
    /// A clue was taken back.
    Recalled(SignedRecall),
    /// Hub: what a member said it has.
    MemberHas {
        /// The member.
        member: NodeKey,
        /// Its newest release.
        release: Option<ReleaseNumber>,
        /// The number of the last recall it has.
        recalls: u32,
    },
    /// Trends were released, or came from the hub.
    TrendsReleased(Box<Trends>),
    /// A figure of a member was released to the hub: its own, or at the hub that of a member.
    FigureReleased {
        /// The member.
        member: NodeKey,
        /// The month.
        period: Month,
        /// Matches with clues in that month.
        matches: u32,
    },
    /// Hub: the mean of what members released for a month.
    MeanReleased(Box<GroupMean>),
    /// Member: the hub's mean for a month.
    MeanAdopted {
        /// The month.
        period: Month,
        /// The mean, or that it is held back.
        mean: Figure,
    },
    /// Hub: a key period of the standing comparison began.
    PeriodOpened {
        /// Of its key.
        seed: StoredSecret,
        /// The period.
        signed: SignedPeriod,
    },
    /// Member: the hub's public key of a period is pinned.
    PeriodPinned {
        /// The period.
        signed: SignedPeriod,
    },
    /// A period is over: its key, or its table, is of no use.
    PeriodClosed {
        /// Which.
        period: Period,
    },
    /// Hub: an edition is published.
    EditionPublished {
        /// Under the key of this period.
        period: Period,
        /// The edition's head.
        signed: SignedEdition,
    },
    /// Member: an edition is here, and all of it was checked.
    EditionAdopted {
        /// Under the key of this period.
        period: Period,
        /// The edition's head.
        signed: SignedEdition,
    },
    /// Hub: a batch was charged to a member's allowance, before it was evaluated.
    EvaluationCharged {
        /// The member.
        member: NodeKey,
        /// Under whose charter.
        pilot: PilotId,
        /// The period.
        period: Period,
        /// Items.
        items: u32,
    },
    /// Member: items were to be evaluated by the hub, before it was asked.
    EvaluationAsked {
        /// Under whose charter.
        pilot: PilotId,
        /// The period.
        period: Period,
        /// Items.
        items: u32,
    },
    /// Member: a comparison of its table with the editions of a period has its result, as a run.
    Compared {
        /// The run.
        run: RunId,
        /// The period.
        period: Period,
        /// How many matches.
        matches: u32,
    },
    /// Member: outputs are in the table of a period.
    TableGrown {
        /// The period.
        period: Period,
        /// So many more.
        rows: u64,
    },
    /// Member: its book was read for a run.
    BookRead {
        /// The run.
        run: RunId,
        /// What became of its rows.
        report: Box<BookReport>,
    },
    /// A ceremony was called: at the hub, or here as one of those who take part.
    CeremonyCalled {
        /// Its terms.
        signed: Box<SignedCeremony>,
        /// Of what this node deals and receives in it; none at the hub.
        seed: Option<StoredSecret>,
    },
    /// A phase of a ceremony is over: its board, as the hub shows it, or as this node has seen it.
    BoardShown(Box<Board>),
    /// A ceremony made a key.
    KeyHeld {
        /// The ceremony.
        ceremony: Digest,
        /// The key, with the signatures of all who hold it.
        key: Box<SignedKey>,
        /// This node's share, if it holds one.
        share: Option<StoredShare>,
    },
    /// A ceremony came to nothing.
    CeremonyEnded {
        /// The ceremony.
        ceremony: Digest,
        /// Why.
        code: Code,
    },
    /// Hub: a round is open.
    RoundOpened {
        /// Of its keys: for tickets, and to open uploads; and of the noise of its count.
        seed: StoredSecret,
        /// Its terms.
        signed: Box<SignedTerms>,
        /// The noise with which the coordinator is told how many items it found; none if a band is told.
        noise: Option<NoiseTerms>,
    },
    /// Member: the hub offers a round, or this node evaluates in it.
    RoundOffered(Box<SignedTerms>),
    /// Member: a person consented, and this node takes part.
    RoundJoined {
        /// The round.
        round: RunId,
        /// Digest of the leakage that was shown.
        leakage: Digest,
        /// Of all that is random about this node in the round.
        seed: StoredSecret,
    },
    /// Member: the items that it brings to a round, before anything of them was sent.
    RoundBound {
        /// The round.
        round: RunId,
        /// How many.
        items: u32,
        /// Digest of the items under a salt that follows from the seed.
        commitment: Digest,
    },
    /// Keyholder: a batch was charged to a member's allowance, before it was evaluated.
    RoundCharged {
        /// The pilot whose key it is.
        pilot: PilotId,
        /// The charge.
        charge: Charge,
    },
    /// Member: what its items came to, in their order. All of them are in one commit.
    RoundEvaluated {
        /// The round.
        round: RunId,
        /// Number of the first of them.
        first: u32,
        /// The values.
        values: Vec<StoredSecret>,
    },
    /// A turn: the hub opened it, or this member takes part in it.
    TurnOpened {
        /// The round.
        round: RunId,
        /// The turn.
        signed: Box<SignedTurn>,
    },
    /// Hub: how a turn ended.
    TurnEnded {
        /// The round.
        round: RunId,
        /// Its number.
        turn: u8,
        /// How.
        ending: TurnEnding,
    },
    /// Member: a round has its result. The rows are in records of matches, the last of which is in one commit with this one; without it they
    /// count for nothing.
    RoundResult {
        /// The round.
        round: RunId,
        /// The turn that answered.
        turn: u8,
        /// The items that enough members hold, each with the key of its room.
        rooms: Vec<RoomOf>,
    },
    /// A round ended without a result.
    RoundEnded {
        /// The round.
        round: RunId,
        /// Why.
        code: Code,
    },
    /// Relay: the turn that it carried was answered, so it carries posts of the rooms.
    RoomsCarried {
        /// The round.
        round: RunId,
        /// The turn.
        signed: Box<SignedTurn>,
    },
    /// Member: a person has written to a room.
    RoomDrafted {
        /// The round.
        round: RunId,
        /// Whose room.
        item: Item,
        /// What it says.
        draft: Box<Draft>,
    },
    /// Member: what it sends in an interval.
    RoomUploaded {
        /// The round.
        round: RunId,
        /// So many of its drafts leave with it, the first ones; none, mostly.
        drafts: u8,
        /// The posts.
        posts: Box<RoomUpload>,
        /// The deposit, where the charter has reveals.
        deposit: Option<Box<RevealUpload>>,
    },
    /// The posts of an interval: at the hub as it shows them, at a member as it has fetched them.
    RoomPageShown {
        /// The round.
        round: RunId,
        /// The page.
        page: Box<RoomPage>,
        /// Member, where the charter has reveals: whether its own posts are among them.
        own: bool,
    },
    /// The rooms of a round are over, and what was in them is forgotten.
    RoomsClosed {
        /// The round.
        round: RunId,
    },
    /// Member: how a reveal stands from now on. It is stored before anything that goes with it leaves.
    RevealStands {
        /// The round.
        round: RunId,
        /// The reveal.
        reveal: RevealNumber,
        /// The reveal.
        known: Box<KnownReveal>,
    },
    /// Member: the boxes of an interval were tried.
    RevealPageRead {
        /// The round.
        round: RunId,
        /// The interval.
        interval: u16,
    },
    /// Hub: the boxes that it shows of an interval, and those that it holds.
    RevealPageShown {
        /// The round.
        round: RunId,
        /// The page.
        page: Box<RevealPage>,
        /// What is held.
        escrow: Box<Escrow>,
    },
    /// Member: what it knew of a reveal that is over is forgotten.
    RevealErased {
        /// The round.
        round: RunId,
        /// The reveal.
        reveal: RevealNumber,
    },
    /// Hub: a count is open.
    CountOpened {
        /// Of the hub's noise.
        seed: StoredSecret,
        /// Its terms.
        signed: Box<SignedCount>,
    },
    /// Member: the hub offers a count.
    CountOffered(Box<SignedCount>),
    /// Member: a person consented, and this node takes part with this list.
    CountJoined {
        /// The count.
        count: RunId,
        /// Digest of the leakage that was shown.
        leakage: Digest,
        /// Of its key, its noise and all else that is random.
        seed: StoredSecret,
        /// The list.
        list: OwnList,
    },
    /// Member: a count was charged, before the hub was sent what it compares.
    CountCharged {
        /// The count.
        count: RunId,
        /// The charge.
        charge: Box<CountCharge>,
        /// Digest of all tags that the hub is sent.
        sent: Digest,
    },
    /// Hub: a count has its figure, and is charged.
    Counted {
        /// The count.
        count: RunId,
        /// The charge.
        charge: Box<CountCharge>,
        /// What both banks are sent.
        answer: Box<SignedAnswer>,
    },
    /// Member: the hub told the figure of a count.
    CountTold {
        /// The count.
        count: RunId,
        /// As the hub signed it.
        answer: Box<SignedAnswer>,
    },
    /// A count ended without a figure.
    CountEnded {
        /// The count.
        count: RunId,
        /// Why.
        code: Code,
    },
    /// Hub: how many items a round found was told in place of a band, and is charged. In one commit with the end of its turn.
    RoundCounted {
        /// The round.
        round: RunId,
        /// The charge.
        charge: Box<CountCharge>,
        /// What is told.
        figure: CountFigure,
    },
}

/// A share of a key inside a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredShare {
    /// The holder's number.
    pub number: u8,
    /// The scalar.
    pub scalar: StoredSecret,
}

/// An item that enough members hold, and the key of its room.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomOf {
    /// The item.
    pub item: Item,
    /// The key.
    pub key: StoredSecret,
}

/// Items tell of customers.
impl fmt::Debug for RoomOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomOf(..)")
    }
}

/// How a turn ended, as the coordinator is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnEnding {
    /// How, for everyone.
    pub end: TurnEnd,
    /// Complete uploads.
    pub uploads: u8,
    /// How many items enough of them hold; none without a result, and where the round is counted.
    pub band: Option<CountBand>,
    /// What was wrong with the others, without whose they were.
    pub faults: Vec<Code>,
}

/// A release that nobody has signed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseDraft {
    /// What is to be signed.
    pub body: ReleaseBody,
    /// Where the store has its records and entries.
    pub content: ContentId,
    /// Clues that it withdraws and that no recall has named yet, and why; ascending.
    pub withdrawn: Vec<(ClueId, WithdrawalReason)>,
}

/// The content of a release in the hub's store: records, and items with their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentId(pub [u8; 8]);

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A stable, lower-case code of at most 64 bytes. Codes come from this program's own enums, never from a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Code(pub String);

impl From<&str> for Code {
    fn from(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept of a load besides the set itself: counts, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// The load.
    pub load: LoadId,
    /// Digest of the set file, which makes it part of the truth.
    pub digest: Digest,
    /// Rows read.
    pub rows: u64,
    /// Rows taken as they were.
    pub accepted: u64,
    /// Rows taken after a repair.
    pub repaired: u64,
    /// Rows refused.
    pub refused: u64,
    /// Different items.
    pub items: u64,
    /// Items by kind and roles.
    pub kinds: Vec<(IndicatorKind, Roles, u64)>,
}

/// What a run is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// The run.
    pub run: RunId,
    /// The pilot.
    pub pilot: PilotId,
    /// Digest of its charter.
    pub charter: Digest,
    /// The other member; in a lighthouse run the hub, and at the hub the member.
    pub peer: NodeKey,
    /// Who learns, as the proposer sees it.
    pub learns: Learns,
    /// The PSI protocol.
    pub protocol: ProtocolId,
    /// Kinds and roles.
    pub selection: Selection,
    /// What makes it a lighthouse run; none in a pair run.
    pub lighthouse: Option<LighthousePlan>,
}

/// The number that stands in the place of a protocol in a run that is a standing comparison: it has no session.
pub const STANDING: ProtocolId = ProtocolId(0);

/// What a lighthouse run compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LighthousePlan {
    /// The release that it is over.
    pub release: Seen,
    /// Member: its own file. The hub knows nothing of it.
    pub book: Option<Book>,
}

/// A member's file of identifiers, which is read for a run and not kept. Paths as the daemon reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// The file.
    pub file: String,
    /// Its column map.
    pub map: String,
}

/// What became of the rows of a book: counts and places, never values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookReport {
    /// Rows read.
    pub rows: u64,
    /// Rows taken as they were.
    pub accepted: u64,
    /// Rows taken after a repair.
    pub repaired: u64,
    /// Rows refused.
    pub refused: u64,
    /// Refusals of rows and values by code.
    pub refusals: Vec<(Code, u64)>,
    /// Where the first of them are, at most [`crate::limits::REFUSED_PLACES_MAX`]: the line and the code.
    pub first: Vec<(u64, Code)>,
}

/// A row of our own set that the peer also holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The row.
    pub row: IndicatorRow,
    /// What the hub says of it in a lighthouse run: a label of the class of the run's release, which decodes. Nothing in a pair
    /// run.
    pub label: Vec<u8>,
}

/// Rows name customers, labels crimes.
impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Match({}, ..)", self.row.kind)
    }
}

impl RunPlan {
    /// The kind of run.
    pub fn kind(&self) -> RunKind {
        if self.lighthouse.is_some() { RunKind::Lighthouse } else { RunKind::Pair }
    }
}
