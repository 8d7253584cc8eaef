//! Every limit of reveals, with its unit and its reason.

/// Persons of each side who approve: two, so that nobody reveals alone.
pub const APPROVERS: usize = 2;

/// Bytes of a member's name.
pub const REVEAL_NAME_LEN_MAX: usize = 128;

/// Bytes of a contact: a name, and an address or a number.
pub const REVEAL_CONTACT_LEN_MAX: usize = 256;

/// Bytes of a reference to a case.
pub const REVEAL_CASE_LEN_MAX: usize = 64;

/// Bytes of what is sealed in a box, filled up with zeros: all fields at their longest, and what proves them.
pub const BOX_PLAIN_LEN: usize = 1024;

/// Intervals for which the hub holds a box whose other half has not come.
pub const HOLD_INTERVALS: u16 = 8;
