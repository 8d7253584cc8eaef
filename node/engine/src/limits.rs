//! Times and counts of the engine, each with its unit and its reason.

/// A connection says hello within this, or is closed: three tries of a lossy handshake.
pub const HELLO_WITHIN_MS: u64 = 30_000;

/// A session in which nothing happens for this long, and as much longer as sets of its size take, is given up.
pub const SESSION_STALL_MS: u64 = 120_000;

/// Items that a node reads, or deals, in a millisecond at the least: a session in which a large set is read is not stalled.
pub const ITEMS_READ_PER_MS: u64 = 200;

/// A dial that failed is tried again after this, doubled each time.
pub const REDIAL_MIN_MS: u64 = 1_000;

/// The longest wait between dials: so long may a node that came back be without those that dial it.
pub const REDIAL_MAX_MS: u64 = 15_000;

/// Refusals in a row after which a run that waits for a peer is ended by their name: three within four seconds, time
/// enough for a roster that is on its way.
pub const REFUSALS_MAX: u32 = 3;

/// A session that may pass later is proposed again after this, doubled each time: five tries take half a minute.
pub const RETRY_MIN_MS: u64 = 1_000;

/// The longest wait between sessions of one run.
pub const RETRY_MAX_MS: u64 = 60_000;

/// Sessions that one run may take: each is charged to the budget.
pub const RUN_ATTEMPTS_MAX: u32 = 5;

/// A run that has no seal after this is ended by name.
pub const RUN_WITHIN_MS: u64 = 30 * 60_000;

/// Places of refused rows that a record about a book names: enough to see what is wrong with an export.
pub const REFUSED_PLACES_MAX: usize = 20;

/// Rows of one record of matches: about 200 KiB.
pub const MATCHES_PER_RECORD: usize = 512;

/// Rows of what matched that are loaded at once, and stored in one commit: 6 MiB of them, far below the 64 MiB that a store
/// takes at once.
pub const ROWS_PER_LOAD: usize = 32 * MATCHES_PER_RECORD;

/// A roster is renewed by the hub when less than this is left of it.
pub const ROSTER_RENEW_SECS: u64 = 60 * 86_400;

/// How long a roster is valid.
pub const ROSTER_VALID_SECS: u64 = 365 * 86_400;

/// The longest life of an invitation.
pub const INVITATION_SECS_MAX: u64 = 30 * 86_400;

/// Invitations that may be open at once: each is a key that a stranger may try.
pub const INVITATIONS_OPEN_MAX: usize = 32;

/// Seconds of the period over which sessions with one peer are counted.
pub const BUDGET_PERIOD_SECS: u64 = 86_400;

/// Sessions of one epoch that may end by the fault of a peer: a peer that cheats learns a bit or so from each. Then people have
/// to look into it, and the hub to issue a roster.
pub const FAULTS_PER_EPOCH_MAX: u32 = 3;

/// Key periods that are open at once: the one in use, and the next, so that banks can fill its table before the first ends.
pub const PERIODS_OPEN_MAX: usize = 2;

/// Heads of editions that a member keeps while they wait for their download: two chains.
pub const EDITIONS_OFFERED_MAX: usize = 2 * (1 + cwg_protocol::lighthouse::limits::EDITION_LINKS_MAX as usize);

/// A batch that was not evaluated after this is refused: the hub is away.
pub const EVALUATE_WITHIN_MS: u64 = 120_000;

/// Batches that a member may have asked for and not got: 64 Ki items.
pub const ASKED_MAX: usize = 16;

/// Items from which on a batch counts as large.
pub const LARGE_BATCH: usize = 64;

/// Large batches that a member has at the hub: enough that it never waits for the next, and a look-up never for many.
pub const LARGE_BATCHES_MAX: usize = 4;

/// Milliseconds after which dates of rounds are looked at again, although none is due: a wall clock that was set in the meantime is noticed
/// by then, also where nothing else comes in.
pub const CLOCK_CHECK_MS: u64 = 10 * 60 * 1000;

/// Posts that a member has written and that wait for their interval.
pub const DRAFTS_MAX: usize = 64;

/// Bytes of a requester's reason.
pub const REVEAL_REASON_LEN_MAX: usize = 512;

/// Open reveals with one other writer of a room: what it asks beyond them is passed over, so that it cannot fill the journal.
pub const REVEALS_OPEN_OF_ONE: usize = 4;

/// Values of items in one record: 256 KiB.
pub const VALUES_PER_RECORD: usize = 8_192;

/// Seconds after its end within which a bank that has sent its tags awaits the answer: the hub compares two lists of 2^20.
pub const COUNT_TOLD_WITHIN_SECS: u64 = 600;

/// Seconds after its end within which a count's answer is sent to a bank that connects: it may have been away for a week.
pub const COUNT_TOLD_SECS: u64 = 7 * 86_400;

/// Sessions of all peers at once that this node accepts.
pub const SESSIONS_MAX: usize = 16;

/// Clues that one command recalls.
pub const RECALLS_MAX: usize = 10_000;

/// Recalls of a network: each stays for good, so that a member that was away for a year still hears of it.
pub const RECALLS_ALL_MAX: u32 = 1_000_000;

/// Months back for which a member may still release a figure.
pub const FIGURE_MONTHS_BACK: u16 = 12;
