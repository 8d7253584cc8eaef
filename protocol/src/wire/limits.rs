//! Every limit on what a peer may send, with its unit and its reason.

/// Protocol version of this build. Peers of another version are refused by name.
pub const PROTOCOL_VERSION: u16 = 3;

/// Members of a network, by the working group's rules.
pub const MEMBERS_MAX: usize = 15;

/// Bytes of a frame's body: a bulk chunk of 256 KiB and room for its head.
pub const FRAME_LEN_MAX: usize = 256 * 1024 + 64;

/// Bytes of a `Hello`: fixed fields only.
pub const HELLO_LEN_MAX: usize = 512;

/// Bytes of a `Join` or its answer: two keys, names, and in the answer one roster.
pub const JOIN_LEN_MAX: usize = ROSTER_LEN_MAX + 1024;

/// Bytes of one signed roster: thirty entries and the hub, each of the longest name and address.
pub const ROSTER_LEN_MAX: usize = 16 * 1024;

/// Rosters in one answer, which must fit a frame. A member that is further behind asks again.
pub const ROSTER_CHAIN_MAX: usize = 8;

/// Seconds by which the clocks of two nodes may differ.
pub const CLOCK_SKEW_MAX_SECS: u64 = 600;

/// Bytes of one charter: two texts, fifteen members, the kinds.
pub const CHARTER_LEN_MAX: usize = 16 * 1024;

/// Bytes of one charter with its signatures, fifteen of under 400 bytes.
pub const CHARTER_OFFER_LEN_MAX: usize = 24 * 1024;

/// Bytes of `Propose`, `Accept`, `Decline`, `Seal` and `Abort`: fixed fields and at most 32 selected kinds.
pub const SESSION_LEN_MAX: usize = 2 * 1024;

/// Kinds in a selection: more than there are.
pub const SELECTION_MAX: usize = 32;

/// Bytes of a name of a node, a person or a pilot.
pub const NAME_LEN_MAX: usize = 128;

/// Bytes of a purpose or a legal basis.
pub const TEXT_LEN_MAX: usize = 4096;

/// Bytes of an endpoint: a DNS name of 253 and a port.
pub const ENDPOINT_LEN_MAX: usize = 264;

/// Items of one side of a `voprf` session, padding included. Every element is held in memory once.
pub const VOPRF_ITEMS_MAX: u32 = 1 << 20;

/// Items of the own set up to which `voprf` is taken where nobody chose a protocol.
pub const VOPRF_ITEMS_DEFAULT: u32 = 1 << 12;

/// Elements of one `voprf` batch: one job, one proof, one frame of 32 KiB.
pub const VOPRF_BATCH: usize = 1024;

/// Batches a `voprf` receiver may have under way; bounds what a slow sender makes either side hold.
pub const VOPRF_WINDOW: usize = 16;

/// Tags of one frame: 128 KiB.
pub const TAGS_PER_FRAME: usize = 8192;

/// Items of one side of a `vole` session, padding included. Memory is bounded by a shard, not by this.
pub const VOLE_ITEMS_MAX: u32 = 1 << 27;

/// Items of a shard: what is encoded, compared and held at once.
pub const VOLE_SHARD_ITEMS: u32 = 1 << 20;

/// Shards under way at once: one that is being encoded while the other is being compared.
pub const VOLE_SHARDS_UNDER_WAY: u32 = 2;

/// Leaves of one tree of a batch. With 144 trees a batch gives 184,320 outputs: fewer leaves cost traffic, more cost
/// memory and leave the caches.
pub const VOLE_LEAVES_MAX: usize = 2560;

/// Fewest leaves: below it the noise would be too dense for the size (`docs/spec/vole.md`, security).
pub const VOLE_LEAVES_MIN: usize = 128;

/// Batches that a `vole` sender may be ahead of the receiver's challenges; bounds what either side holds for them.
pub const VOLE_WINDOW: u32 = 3;

/// Blocks of one frame of a vector: 125 KiB, which allocators still serve from memory they have.
pub const VOLE_BLOCKS_PER_FRAME: usize = 8_000;

/// Bytes of coded tags in one frame: 125 KiB.
pub const VOLE_TAG_BYTES_PER_FRAME: usize = 128_000;

/// Bytes of a label are a multiple of this: the block of the cipher that seals them.
pub const LABEL_LEN_STEP: u16 = 16;

/// Bytes of a label. Longer texts belong behind a reference.
pub const LABEL_LEN_MAX: u16 = 512;

/// Bytes of sealed labels in one frame, of which whole ones are used: 125 KiB.
pub const VOLE_LABEL_BYTES_PER_FRAME: usize = 128_000;

/// Bytes of the labels of one bucket, about: a sender holds them and their sealed form at once.
pub const VOLE_LABEL_BYTES_PER_BUCKET: u32 = 1 << 25;

/// Most buckets that smaller ones for long labels make, as a number of bits: what a driver deals into one file.
pub const VOLE_LABEL_BUCKET_BITS_MAX: u8 = 8;

/// Smallest padded size of a set: below it the padded size would say too much.
pub const ITEMS_MIN_PADDED: u32 = 16;

/// Elements of one evaluation of the standing comparison: one charge, one job, one proof, one frame of 128 KiB.
pub const EVALUATION_BATCH_MAX: usize = cwg_crypto::voprf::BATCH_MAX;

/// Evaluations that a member may have under way at the hub: two large ones, and look-ups beside them.
pub const EVALUATIONS_PER_PEER_MAX: usize = 8;

/// Bytes of `Evaluate` and `Evaluated`: elements, and fixed fields.
pub const EVALUATION_LEN_MAX: usize = 32 * EVALUATION_BATCH_MAX + 256;

/// Siblings of a chunk in the tree of an edition: one for each bit of the number of rows.
pub const CHUNK_PATH_MAX: usize = 26;

/// Chunks that a member may ask the hub for at once: 512 KiB on their way.
pub const CHUNKS_PER_PEER_MAX: usize = 8;

/// Bytes of a `Chunk`: its rows, and siblings.
pub const CHUNK_LEN_MAX: usize = crate::lighthouse::limits::EDITION_CHUNK_LEN + 32 * CHUNK_PATH_MAX + 256;

/// Bytes of an offer of a period or an edition: one signed head.
pub const STANDING_OFFER_LEN_MAX: usize = 1024;

/// Charters a node keeps. The hub writes them; a member counts only those it is named in.
pub const CHARTERS_MAX: usize = 256;

/// Sessions under way with one peer.
pub const SESSIONS_PER_PEER_MAX: usize = 2;
