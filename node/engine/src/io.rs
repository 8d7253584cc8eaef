//! What goes into the engine and what comes out of it: the contract with the drivers.

use cwg_crypto::Digest;
use cwg_protocol::count::Sensitivity;
use cwg_protocol::indicator::{IndicatorKind, Roles, Strength};
use cwg_protocol::lighthouse::standing::{EditionError, Period, VerifiedEdition};
use cwg_protocol::psi::{self, Job, JobOutput, Shard};
use cwg_protocol::session::OwnSet;
use cwg_protocol::{Item, SessionId, TransportKey, UnixTime};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::command::{Command, Refusal, Reply};
use crate::counts::PersonItems;
use crate::record::{Book, BookReport, ContentId, Record};

/// The time, as a driver reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: for dates that people wrote and for what is signed.
    pub wall: UnixTime,
    /// Milliseconds of a clock that never goes back: for time-outs. A second of it begins when one of the wall clock does, as well as a
    /// driver can.
    pub mono_ms: u64,
}

/// The number of a command, a load, a job or a dial, given by whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What goes in.
#[derive(Debug)]
pub enum Input {
    /// An operator's command; its reply carries the ticket.
    Command(Ticket, Command),
    /// A connection stands.
    PeerUp(PeerUp),
    /// A frame's body came in.
    Frame(ConnId, Vec<u8>),
    /// A connection is gone.
    PeerDown(ConnId, DownReason),
    /// A dial failed.
    DialFailed(Ticket, DialFailure),
    /// A load was answered.
    Loaded(Ticket, Loaded),
    /// A job was run.
    Computed(Ticket, JobOutput),
    /// Work on an edition's file was done.
    Edition(Ticket, EditionDone),
    /// The deadline that [`crate::Engine::poll_deadline`] named has come.
    Deadline,
}

/// What comes out. Effects are carried out in order, and a [`Effect::Store`] is durable before any effect after it is
/// begun: nothing is told to a peer or an operator that a crash could make us forget.
#[derive(Debug)]
pub enum Effect {
    /// Append these records, all or none.
    Store(Vec<Record>),
    /// Send a frame's body.
    Send(ConnId, Vec<u8>),
    /// Close a connection after what was sent.
    Close(ConnId, CloseCode),
    /// Open a connection to the holder of a key.
    Dial(Dial),
    /// From now on complete handshakes with the holders of these keys only, and end all other connections.
    Allow(Vec<TransportKey>),
    /// Read from the sets.
    Load(Ticket, LoadQuery),
    /// Nothing more is asked of what was gathered under this ticket.
    Forget(Ticket),
    /// Run a job on any thread.
    Compute(Ticket, Job),
    /// Read or write the file of an edition of the standing comparison.
    Edition(Ticket, EditionWork),
    /// Remove an edition's file, finished or not.
    RemoveEdition(Digest),
    /// Destroy the table of a period.
    DestroyTable(Period),
    /// Answer a command.
    Reply(Ticket, Box<Result<Reply, Refusal>>),
    /// Something worth a line in the log: a stable code, nothing of a peer's or a customer's.
    Log(Level, &'static str),
}

/// How much a line in the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Normal.
    Info,
    /// An operator may want to look.
    Warn,
}

/// A connection to open.
#[derive(Debug)]
pub struct Dial {
    /// Comes back if it fails.
    pub ticket: Ticket,
    /// Where.
    pub endpoint: Endpoint,
    /// Whose key the other end must prove.
    pub key: TransportKey,
    /// The key to prove there, if it is not this node's own: an invitation's.
    pub identity: Option<Zeroizing<[u8; 32]>>,
}

/// Why this node closes a connection. The number is sent to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CloseCode {
    /// Nothing more to say.
    Done = 0,
    /// The peer broke the protocol.
    Violation = 1,
    /// The peer speaks another protocol version.
    Version = 2,
    /// The peer is not, or no longer, on the roster.
    NotOnRoster = 3,
    /// The clocks of the two nodes differ by too much.
    Clock = 4,
    /// The peer said nothing in time.
    TimedOut = 5,
    /// The peer has dialed again.
    Replaced = 6,
}

/// What to read. A set is gathered once for each session and kept by the driver, in memory or on the disk, until it is told
/// to forget it: shards and places are of the set as it was then, whatever is loaded or purged meanwhile. Only what was purged has no
/// row any more.
#[derive(Debug)]
pub enum LoadQuery {
    /// Gather the items of a selection, at most so many, and commit to them under a salt.
    Gather {
        /// Where from.
        source: SetSource,
        /// What belongs to the set.
        selection: Selection,
        /// Most items.
        limit: u32,
        /// Of the commitment.
        salt: [u8; 32],
    },
    /// A shard of a gathered set, as that session deals it.
    Shard {
        /// The ticket under which the set was gathered.
        gathered: Ticket,
        /// Whose dealing.
        session: SessionId,
        /// Which.
        shard: Shard,
    },
    /// The rows of the items at these places of a gathered set, as that session deals it.
    Rows {
        /// The ticket under which the set was gathered.
        gathered: Ticket,
        /// Whose dealing.
        session: SessionId,
        /// Into how many shards, as a number of bits.
        bits: u8,
        /// Counted over all shards in order, ascending.
        places: Vec<u32>,
    },
    /// The rows after those that were answered last.
    MoreRows {
        /// The ticket under which the set was gathered.
        gathered: Ticket,
    },
    /// All items of the loads in use, with their kinds, for a round: it is small enough to be held.
    Items {
        /// Which.
        selection: Selection,
        /// Most items.
        limit: u32,
    },
    /// The items of the loads in use of which each person brings a few, for a count: the list is small enough to be held.
    ItemsByPerson {
        /// Which.
        selection: Selection,
        /// Items of one person.
        each: Sensitivity,
        /// Most items.
        limit: u32,
    },
    /// The rows of items of the loads in use.
    RowsOf {
        /// The part of the set that they are of.
        selection: Selection,
        /// At most [`crate::limits::ROWS_PER_LOAD`], strictly ascending.
        items: Vec<Item>,
    },
}

/// Where a set comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetSource {
    /// The loads in use.
    Loads,
    /// A file that is read for this session alone. Nothing of it is kept but what matches.
    Book(Book),
    /// The entries of a release, with their labels, whatever the selection: an item does not show its kind.
    Release(ContentId),
}

/// A row of a set that matched.
#[derive(Debug)]
pub struct FoundRow {
    /// The number of its item among the places that were asked for.
    pub number: u32,
    /// The row.
    pub row: IndicatorRow,
}

/// What was read.
#[derive(Debug)]
pub enum Loaded {
    /// A set was gathered.
    Gathered {
        /// Its padded size and the commitment to it.
        set: OwnSet,
        /// Its items, each counted once.
        items: u32,
        /// Of a book: what became of its rows.
        book: Option<Box<BookReport>>,
    },
    /// A book cannot be read, or its map does not fit; the driver has said why in its log.
    BookUnread,
    /// A book is another file than the one that was gathered.
    BookChanged,
    /// There are more items than the query allows. Nothing is kept.
    TooMany,
    /// The items of a shard, strictly ascending, with their labels if the set has any.
    Shard(psi::Loaded),
    /// Items with their kinds, strictly ascending by items.
    Items(OwnKinds),
    /// Items of which each person brings a few.
    ItemsByPerson(PersonItems),
    /// Rows, one for each item that still has one: the first of them, or the next.
    Rows {
        /// At most [`crate::limits::ROWS_PER_LOAD`].
        rows: Vec<FoundRow>,
        /// Whether there may be more.
        more: More,
    },
    /// A set is damaged or missing, or cannot be kept; the driver has said which in its log.
    Failed,
}

/// Items with their kinds.
pub struct OwnKinds(pub Vec<(IndicatorKind, Item)>);

/// Items are guessable: they are never printed.
impl core::fmt::Debug for OwnKinds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "OwnKinds({} items)", self.0.len())
    }
}

/// Work on the file of an edition. Files are named by the edition's digest.
#[derive(Debug)]
pub enum EditionWork {
    /// Hub: read a chunk, with its proof.
    Read {
        /// The edition.
        edition: Box<VerifiedEdition>,
        /// Which.
        chunk: u32,
    },
    /// Member: open the file of a download, new or as far as it is, and cut off what is not a whole chunk.
    Begin {
        /// The edition.
        edition: Box<VerifiedEdition>,
    },
    /// Member: write whole chunks, one after the other.
    Write {
        /// The edition.
        edition: Box<VerifiedEdition>,
        /// The first of them.
        chunk: u32,
        /// Their rows.
        bytes: Vec<u8>,
    },
    /// Member: read all of it again, check every chunk, and make it durable.
    Check {
        /// The edition.
        edition: Box<VerifiedEdition>,
    },
}

/// What became of it.
#[derive(Debug)]
pub enum EditionDone {
    /// A chunk.
    Chunk {
        /// Its rows.
        bytes: Vec<u8>,
        /// Siblings on the way to the root.
        path: Vec<Digest>,
    },
    /// The download goes on at this chunk.
    Begun {
        /// The first that is not there.
        chunk: u32,
    },
    /// The chunks are written.
    Written,
    /// All of it is what was signed.
    Checked,
    /// It is not.
    Broken(EditionError),
    /// The disk refused, or there is no such file; the driver has said which in its log.
    Failed,
}

/// Whether something goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// It may.
    Yes,
    /// This was the last.
    No,
}

/// One connection, numbered by the transport driver, never used twice in the life of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// Which end of the connection this node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This node opened it.
    Dialer,
    /// The other node opened it.
    Listener,
}

/// Where a node listens: a host name or address, and a UDP port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint(pub String);

/// Why a connection ended, as the transport driver saw it. No text of the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// This node closed it.
    ClosedHere,
    /// The peer closed it, with its close code.
    ClosedByPeer(u32),
    /// Nothing was heard for the idle time-out.
    TimedOut,
    /// The peer broke the framing or a limit of the transport.
    Violation,
    /// The transport failed in another way.
    Lost,
}

/// Why a connection could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialFailure {
    /// The endpoint's name did not resolve.
    Unresolved,
    /// Nothing answered in time.
    Unreachable,
    /// Something answered that did not prove the expected key, or did not accept ours.
    Refused,
    /// What answered had no room for one more connection.
    Busy,
}

/// One row of a set: an indicator a member holds, with what its analysts need when it matches.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorRow {
    /// Its digest, the key of the set.
    pub item: Item,
    /// Its kind.
    pub kind: IndicatorKind,
    /// Whose it is; both, where rows with either role were merged.
    pub roles: Roles,
    /// How much a match says.
    pub strength: Strength,
    /// Canonical form, at most 512 bytes.
    pub canonical: String,
    /// The bank's own references (customer, account, case), at most 16 of at most 128 bytes each, sorted.
    pub references: Vec<String>,
    /// How many rows of the source carried it.
    pub rows: u32,
}

/// Rows name customers: they are never printed by accident.
impl core::fmt::Debug for IndicatorRow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "IndicatorRow({}, ..)", self.kind)
    }
}

/// The part of a member's set that a run may use: kinds with the roles allowed for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection(pub Vec<(IndicatorKind, Roles)>);

impl Selection {
    /// Whether a row belongs to it.
    pub fn contains(&self, row: &IndicatorRow) -> bool {
        self.0.iter().any(|(kind, roles)| *kind == row.kind && roles.meets(row.roles))
    }
}

/// A connection that stands, as the transport driver reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerUp {
    /// Its number.
    pub conn: ConnId,
    /// The key that the other end proved.
    pub key: TransportKey,
    /// Which end we are.
    pub side: Side,
    /// Exported keying material of the TLS session (RFC 8446 §7.5), equal on both ends and secret from all others.
    pub exporter: [u8; 32],
}
