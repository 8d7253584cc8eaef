//! The contents of releases in the store, as the application layer sees them; work on them beside the loop; and what of them is
//! kept.

use std::collections::BTreeSet;

use cwg_app::Problem;
use cwg_app::hub::{Contents, EntrySink, RecordSink, RecordsOf};
use cwg_engine::record::ContentId;
use cwg_protocol::lighthouse::standing::Entries;
use cwg_protocol::lighthouse::{LabelClass, Record};
use cwg_store::{EntriesWriter, RecordsWriter, Releases};

use crate::problems;

/// The contents of the store.
pub(crate) struct Stored(pub(crate) Releases);

impl Contents for Stored {
    fn records(&self, content: ContentId) -> Result<RecordsOf<'_>, Problem> {
        let records = self.0.records(content).map_err(|error| problems::store(&error))?;
        Ok(Box::new(records.map(|record| record.map_err(|error| problems::store(&error)))))
    }

    fn write_records(&self, content: ContentId) -> Result<Box<dyn RecordSink + '_>, Problem> {
        let writer = self.0.records_writer(content).map_err(|error| problems::store(&error))?;
        Ok(Box::new(Written(writer)))
    }

    fn write_entries(&self, content: ContentId, class: LabelClass) -> Result<Box<dyn EntrySink + '_>, Problem> {
        let writer = self.0.entries_writer(content, class).map_err(|error| problems::store(&error))?;
        Ok(Box::new(Written(writer)))
    }

    fn remove(&self, content: ContentId) -> Result<(), Problem> {
        self.0.remove(content).map_err(|error| problems::store(&error))
    }
}

/// A writer of the store.
struct Written<W>(W);

impl RecordSink for Written<RecordsWriter> {
    fn push(&mut self, record: &Record) -> Result<(), Problem> {
        self.0.push(record).map_err(|error| problems::store(&error))
    }

    fn finish(self: Box<Self>) -> Result<(), Problem> {
        self.0.finish().map_err(|error| problems::store(&error))
    }
}

impl EntrySink for Written<EntriesWriter> {
    fn push(&mut self, entries: &Entries) -> Result<(), Problem> {
        self.0.push(entries).map_err(|error| problems::store(&error))
    }

    fn finish(self: Box<Self>) -> Result<(), Problem> {
        self.0.finish().map(drop).map_err(|error| problems::store(&error))
    }
}

/// Names of contents that work beside the loop is writing: the state does not name them yet, and they are kept.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(BTreeSet<ContentId>);

impl UnderWay {
    /// A name for a content, from fresh random bytes.
    pub(crate) fn begin(&mut self, random: [u8; 8]) -> ContentId {
        let content = ContentId(random);
        self.0.insert(content);
        content
    }

    /// The work on a content is done: from now on the state says whether it is kept.
    pub(crate) fn end(&mut self, content: ContentId) {
        self.0.remove(&content);
    }

    /// Removes what neither the state nor work under way needs. A disk that refuses is tried again at the next start.
    pub(crate) fn tidy(&self, releases: &Releases, mut kept: Vec<ContentId>) {
        kept.extend(&self.0);
        if let Err(error) = releases.remove_unlisted(&kept) {
            tracing::warn!(problem = %error, "contents of releases that nobody needs were not removed");
        }
    }
}
