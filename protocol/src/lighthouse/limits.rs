//! Every limit on clues, releases and deltas, with its unit and its reason.

/// Clues of one release, withdrawn ones included: twice what is planned for.
pub const CLUES_MAX: u32 = 10_000_000;

/// Links of one clue: more say nothing that an analyst could follow.
pub const LINKS_MAX: usize = 16;

/// Bytes of one cell of a source's row.
pub const CELL_LEN_MAX: usize = 1024;

/// Bytes of a source's pseudonym.
pub const PSEUDONYM_LEN_MAX: usize = 32;

/// Digits in a row that a pseudonym may have: fewer than any identifier has.
pub const PSEUDONYM_DIGITS_MAX: usize = 4;

/// Kilometres of a place's radius: half the way around the earth.
pub const RADIUS_MAX_KM: u16 = 20_000;

/// Days from the last observation to the day a clue expires: ten years.
pub const EXPIRY_MAX_DAYS: u16 = 3_653;

/// Days for which the withdrawal of a clue is repeated after the day on which the clue would have expired.
pub const WITHDRAWAL_KEPT_DAYS: u16 = 90;

/// Days of the longest half-life: ten years.
pub const HALF_LIFE_MAX_DAYS: u16 = 3_653;

/// Bytes of one encoded record: eight keys of the longest text, sixteen links, the rest.
pub const RECORD_LEN_MAX: usize = 8 * 1024;

/// Bytes of one encoded release without its records: 64 sources and 32 lines of changes, each at its longest.
pub const RELEASE_LEN_MAX: usize = 32 * 1024;

/// Sources of one release. Labels name one by its place in one byte.
pub const SOURCES_MAX: usize = 64;

/// Kinds in a list of kinds: more than there are.
pub const KINDS_MAX: usize = 64;

/// Lines of a release's list of changes.
pub const CHANGES_MAX: usize = 32;

/// Bytes of one line of changes.
pub const CHANGE_LEN_MAX: usize = 240;

/// Clues shown in one label: what the largest class holds.
pub const LABEL_CLUES_MAX: usize = 11;

/// Entries of one delta. More is a full release.
pub const DELTA_ENTRIES_MAX: usize = 1 << 18;

/// Sizes to which a delta is padded, in entries or in items. A day has some 1,000 to 20,000: the first size says no more
/// than that a day was quiet.
pub const DELTA_SIZES: [u32; 6] = [1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16, 1 << 18];

/// Bytes of one encoded delta: its entries at their longest would be more, and are refused.
pub const DELTA_LEN_MAX: usize = 256 * 1024 * 1024;

/// Keys of one subject that are scored together.
pub const SCORED_KEYS_MAX: usize = 64;

/// Bytes of a signed head of an edition: twice what it takes.
pub const EDITION_LEN_MAX: usize = 512;

/// Rows of one edition, padding included: some keys for each of the most clues.
pub const EDITION_ROWS_MAX: u32 = 1 << 26;

/// Deltas of one snapshot: more than the days of a period. Then a snapshot is due.
pub const EDITION_LINKS_MAX: u16 = 100;

/// Bytes of a chunk of an edition, about: whole rows. A download that breaks off has lost at most one.
pub const EDITION_CHUNK_LEN: usize = 64 * 1024;

/// Bits of the number of items in a bank's table for which tags are long enough.
pub const TABLE_BITS_MAX: u32 = 26;

/// Months that trends show one by one: two years, so that a season meets the one before.
pub const TREND_MONTHS: u16 = 24;

/// Areas of which trends keep count: three times as many as there are in Australia.
pub const TREND_AREAS_MAX: usize = 1024;

/// Bytes of encoded trends: twice what rows, columns and the most areas take.
pub const TRENDS_LEN_MAX: usize = 64 * 1024;

/// Recalls in one message: 40 KiB of them.
pub const RECALLS_PER_MESSAGE: usize = 256;

/// Bytes of a release as it travels: its body, two persons and three signatures.
pub const SIGNED_RELEASE_LEN_MAX: usize = RELEASE_LEN_MAX + 1024;

/// Clues of the smallest group of which a trend tells the number; also the step to which every figure is rounded, and the
/// least change of one that shows.
pub const FIGURE_CLUES_MIN: u32 = 10;

/// Sources of the smallest group of which a trend tells the number.
pub const FIGURE_SOURCES_MIN: u32 = 3;

/// Percent of a group that its largest source may hold.
pub const FIGURE_SHARE_MAX_PERCENT: u32 = 70;

/// Banks whose figures make a mean.
pub const COMPARED_BANKS_MIN: usize = 5;

/// Banks that come or go together before a mean moves with them.
pub const COMPARED_CHANGE_MIN: usize = 3;

/// Banks of a network, with room.
pub const COMPARED_BANKS_MAX: usize = 64;
