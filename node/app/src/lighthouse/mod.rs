//! What a hub makes of its sources, its work on releases ([`hub`]), and what it shows of one ([`trends`]).
//!
//! Sources in: CSV, JSON lines, Parquet, STIX 2.1 and MISP become clues, with a report that names places, fields and codes,
//! never a value (`docs/spec/lighthouse.md` §1).
//!
//! A [`SourceMap`] says how a source is read; [`read_source`] reads one file of it into a [`ClueSink`]; [`Gathered`] keeps
//! the clues of all sources, settles what stands twice, and finds contradictions. Whatever a format says that a clue
//! cannot say is refused or reported where it stands: a restriction that is not understood never becomes none.
//!
//! Deliberately left out: fetching from a feed, STIX patterns beyond equality, and sources whose clues do not fit in
//! memory.

mod assemble;
mod contradictions;
pub(crate) mod describe;
mod document;
mod found;
mod gathered;
pub mod hub;
mod markings;
mod misp;
mod misp_kinds;
mod pattern;
mod read;
mod report;
pub(crate) mod request;
mod rows;
mod source_map;
mod stix;
mod stix_values;
pub mod trends;

pub use contradictions::ItemContradictions;
pub use gathered::{ClueSink, Gathered, Taken};
pub use read::read_source;
pub use source_map::{SourceFormat, SourceMap};

/// Bytes of a STIX bundle or a MISP event at most: it is read whole, and takes up to ten times as much memory.
pub const DOCUMENT_LEN_MAX: u64 = 32 * 1024 * 1024;

/// Objects of a bundle, or attributes and objects of the events of a file, at most.
pub const OBJECTS_MAX: usize = 500_000;

/// Comparisons of one pattern, attributes of one MISP object, or tags of one record, at most.
pub const RECORD_PARTS_MAX: usize = 256;

/// Bytes of one pattern at most.
pub const PATTERN_LEN_MAX: usize = 16 * 1024;

/// Refusals listed by place in a report; all are counted.
pub const PLACES_LISTED_MAX: usize = 100;

/// Clues that are gathered at most, some 500 bytes each.
pub const GATHERED_MAX: usize = 2_000_000;
