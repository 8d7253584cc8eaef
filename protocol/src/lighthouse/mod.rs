//! Lighthouse as values: clues, the releases in which a hub publishes them, and what a bank learns of a match
//! (`docs/spec/lighthouse.md`).
//!
//! A hub turns the rows of its sources into [`Clue`]s. How records travel and how items are matched is elsewhere: nothing
//! here knows a peer or a session.

mod clue;
mod comparison;
mod contradiction;
mod day;
mod delta;
mod disclosure;
mod draft;
mod grade;
mod guard;
mod id;
mod label;
pub mod limits;
mod place;
mod platform;
mod recall;
mod record;
mod release;
#[cfg(test)]
mod samples;
mod score;
pub mod standing;
mod trends;
pub(crate) mod vocabulary;

pub use clue::{BadClue, BadPseudonym, Clue, ClueFields, ClueKey, KeyNature, Link, Observed, Pseudonym, Source};
pub use comparison::{GroupMean, Standing};
pub use contradiction::{Contradiction, Contradictions, Reading, TwoUnderOneName, read, settle};
pub use day::{BadMonth, Day, Month};
pub use delta::{Change, Delta, DeltaCounts, DeltaError, padded_delta_len};
pub use disclosure::{
    DisclosureError, Figure, Mark, PlaceFigures, Region, SourceKindFigures, TimeFigures, Trends, When,
};
pub use draft::{ClueDraft, ColumnError, DraftError, Fault, Field};
pub use grade::{BadConfidence, BadGrade, BadHalfLife, Confidence, Decay, Grade, HalfLife};
pub use guard::{Forbidden, forbidden_column};
pub use id::{BadClueId, ClueId, ClueIdKey};
pub use label::{ENTRY_LEN, HEAD_LEN, LINK_LEN, Label, LabelClass, LabelClue, LabelError, LinksLeftOut, NoClass};
pub use place::{Area, BadArea, BadCountry, BadPlace, Country, Place, PlaceFields, Postcode3, Sa3, State};
pub use platform::{ListedPlatform, UnknownPlatform};
pub use recall::{Recall, RecallError, SignedRecall};
pub use record::{
    ActiveClue, Content, ContentError, KindCount, KindCounts, NotActive, Record, RecordKey, Summary, Tally, Withdrawal,
};
pub use release::{
    ApprovedRelease, BuiltRelease, ClientVersion, ContentCheck, DeltaBase, Expected, PersonSignature, Purpose,
    ReleaseBody, ReleaseError, ReleaseNumber, Seen, SignedRelease, SourceTerms, VerifiedContent, VerifiedRelease,
    Watermark, WatermarkKey,
};
pub use score::{
    Assessment, Band, Company, Corroboration, KeyMatch, KeyScore, NotEnough, Opening, Part, PartKind, TooManyKeys,
    assess,
};
pub use trends::{CellCount, CountError, Counts, GradeBand, Head, SourceQuality};
pub use vocabulary::{
    Caveat, Caveats, ClueRole, Minor, PlaceBasis, PlatformCategory, Precision, Relation, Review, SourceKind, Stage,
    Status, Subject, Typology, UnknownWord, WithdrawalReason,
};
