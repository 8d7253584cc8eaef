//! Every limit of rounds, with its unit and its reason.

/// Fewest uploads more than the threshold: a holder who is told that k members hold its item then has at least k + 1 others of
/// whom k - 1 may be meant.
pub const UPLOADS_SPARE: u8 = 2;

/// Fewest uploads of any round: of one that finds what two members hold.
pub const UPLOADS_FEWEST: u8 = 2 + UPLOADS_SPARE;

/// Relays of one round, in the order in which they take over.
pub const RELAYS_MAX: usize = 4;

/// Bytes of the encoded terms of a round: fifteen members, thirty-two kinds, a key with fifteen signatures.
pub const TERMS_LEN_MAX: usize = 8 * 1024;

/// Bytes of the encoded terms of a ceremony: fifteen holders and the key that is handed over.
pub const CEREMONY_LEN_MAX: usize = 4 * 1024;

/// Bytes of the encoded public half of a shared key: fifteen holders.
pub const SHARED_KEY_LEN_MAX: usize = 2 + 32 * 16;

/// Bytes of what holders sign of a key: its public half and their own keys.
pub const KEY_LEN_MAX: usize = 2 * 1024;

/// Bytes of what one participant posts in one phase of a ceremony: a dealing has up to 1,297, complaints 1,470.
pub const POST_LEN_MAX: usize = 2 * 1024;

/// Posts that a board keeps of one participant in one phase: a second one is the proof of a fault, a third proves nothing more.
pub const POSTS_KEPT: usize = 2;

/// Posts of one phase: of fifteen dealers and fifteen receivers.
pub const POSTS_MAX: usize = 2 * 15 * POSTS_KEPT;

/// Elements of one batch of evaluations: one job, one proof, one frame of 32 KiB.
pub const EVALUATION_BATCH: u32 = 1024;

/// Batches that a member may have under way; bounds what a slow keyholder makes it hold.
pub const EVALUATION_WINDOW: usize = 16;

/// Seconds that a keyholder may take for the batches under way before a member asks another one.
pub const EVALUATION_PATIENCE_SECS: u64 = 120;

/// Places of one piece of a list, of 16 bytes each: 125 KiB, which allocators still serve from memory they have.
pub const PIECE_PLACES: u32 = 8_000;

/// Bytes of one piece of an answer: 125 KiB.
pub const ANSWER_PIECE_LEN: usize = 128_000;

/// Pieces that a member may be ahead of the slowest one; bounds what a relay holds for each.
pub const PIECES_AHEAD: u32 = 8;

/// Seconds of the schedule's shortest step, and of its longest: a month.
pub const STEP_SECS_MIN: u32 = 1;
/// As above.
pub const STEP_SECS_MAX: u32 = 31 * 86_400;

/// Posts of one member in one interval of the rooms.
pub const ROOM_POSTS_MAX: u8 = 32;

/// Intervals in which rooms are open.
pub const ROOM_INTERVALS_MAX: u16 = 1_000;

/// Bytes of free text in a post, where a charter allows it.
pub const ROOM_TEXT_LEN_MAX: usize = 160;

/// Bytes of anything sealed to the hub or by it: a piece, what sealing adds, and the encapsulated key.
pub const SEALED_LEN_MAX: usize = PIECE_PLACES as usize * 16 + 20 + 32;
