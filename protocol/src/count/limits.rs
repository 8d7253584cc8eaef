//! Every limit of counts, with its unit and its reason.

/// Masked elements of one frame: one job, 32 KiB.
pub const COUNT_BATCH: usize = 1024;

/// Items and dummies of one bank. Every element is held in memory once.
pub const COUNT_LIST_MAX: u32 = 1 << 20;

/// Counts under this are hidden: a rounded count of a few says that there are a few.
pub const COUNT_FLOOR: i64 = 20;

/// Counts are told in multiples of this.
pub const COUNT_STEP: i64 = 10;

/// Seconds from a count's opening to its end, at most: a week, so that its month is the month in which it is held.
pub const COUNT_SECS_MAX: u64 = 7 * 86_400;

/// Thousandths of epsilon of one release, at most: whoever held something about a person for as likely as not holds it for 62 to 38
/// at most afterwards.
pub const EPSILON_MAX: u16 = 500;

/// And at least: with less, dummies outnumber the items.
pub const EPSILON_MIN: u16 = 50;

/// Digits of delta: 10^-6 to 10^-12.
pub const DELTA_DIGITS_MIN: u8 = 6;
/// As above.
pub const DELTA_DIGITS_MAX: u8 = 12;

/// Identifiers of one person in one list, at most. Lists that may have more must be cut before they are counted.
pub const SENSITIVITY_MAX: u8 = 16;

/// Thousandths of epsilon of all releases of one member in one month, as one release can have at most: four of the largest.
pub const EPSILON_OF_MONTH_MAX: u32 = 4 * EPSILON_MAX as u32;

/// Releases that a ledger keeps: fifteen members in 105 pairs, and as many rounds, for ten years.
pub const LEDGER_RELEASES_MAX: usize = 32_768;

/// Bytes of the encoded terms of a count: fixed fields and 32 kinds.
pub const COUNT_TERMS_LEN_MAX: usize = 1024;
