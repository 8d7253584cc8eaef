//! The contents of releases as the store keeps them.

use cwg_engine::record::ContentId;
use cwg_protocol::lighthouse::standing::Entries;
use cwg_protocol::lighthouse::{LabelClass, Record};

use crate::problem::Problem;

/// The contents of releases. Problems name the file.
pub trait Contents {
    /// The records of a content, in order. They end after an error.
    ///
    /// # Errors
    /// If they are missing or damaged.
    fn records(&self, content: ContentId) -> Result<RecordsOf<'_>, Problem>;

    /// Begins to write the records of a content.
    ///
    /// # Errors
    /// If it has some, or the disk refuses.
    fn write_records(&self, content: ContentId) -> Result<Box<dyn RecordSink + '_>, Problem>;

    /// Begins to write the entries of a content.
    ///
    /// # Errors
    /// If it has some, or the disk refuses.
    fn write_entries(&self, content: ContentId, class: LabelClass) -> Result<Box<dyn EntrySink + '_>, Problem>;

    /// Removes what there is of a content.
    ///
    /// # Errors
    /// If the disk refuses.
    fn remove(&self, content: ContentId) -> Result<(), Problem>;
}

/// Records in order.
pub type RecordsOf<'a> = Box<dyn Iterator<Item = Result<Record, Problem>> + 'a>;

/// Takes the records of a content, in order. Dropped before it is finished, it leaves nothing.
pub trait RecordSink {
    /// Takes one.
    ///
    /// # Errors
    /// If the disk refuses.
    fn push(&mut self, record: &Record) -> Result<(), Problem>;

    /// Makes them durable.
    ///
    /// # Errors
    /// If the disk refuses.
    fn finish(self: Box<Self>) -> Result<(), Problem>;
}

/// Takes the entries of a content, in pieces that ascend. Dropped before it is finished, it leaves nothing.
pub trait EntrySink {
    /// Takes some.
    ///
    /// # Errors
    /// If the disk refuses.
    fn push(&mut self, entries: &Entries) -> Result<(), Problem>;

    /// Makes them durable.
    ///
    /// # Errors
    /// If the disk refuses.
    fn finish(self: Box<Self>) -> Result<(), Problem>;
}
