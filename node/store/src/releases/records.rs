//! The records of a content: each after its length, one stream through the chunks of a file.

use cwg_protocol::lighthouse::Record;
use cwg_protocol::lighthouse::limits::RECORD_LEN_MAX;
use zeroize::{Zeroize as _, Zeroizing};

use super::Draft;
use super::file::{Part, SealedFile};
use crate::{StoreError, field};

/// Records being written. Dropped before [`RecordsWriter::finish`], they leave nothing.
#[derive(Debug)]
pub struct RecordsWriter(Draft);

/// Records in the order in which they were written. After an error there are none.
#[derive(Debug)]
pub struct Records {
    file: SealedFile,
    next_chunk: u64,
    /// What was opened and not yet read.
    plain: Zeroizing<Vec<u8>>,
    at: usize,
}

impl RecordsWriter {
    pub(super) const fn new(draft: Draft) -> Self {
        Self(draft)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// If the disk refuses. The writer is to be dropped then.
    pub fn push(&mut self, record: &Record) -> Result<(), StoreError> {
        let mut bytes = record.encode();
        let written = self.0.write(&(bytes.len() as u32).to_le_bytes()).and_then(|()| self.0.write(&bytes));
        bytes.zeroize();
        written
    }

    /// Makes the records durable.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left of them then.
    pub fn finish(self) -> Result<(), StoreError> {
        self.0.finish()
    }
}

impl Records {
    pub(super) fn new(file: SealedFile) -> Result<Self, StoreError> {
        if file.part() != Part::Records {
            return Err(file.damage(0, "the file holds no records"));
        }
        Ok(Self { file, next_chunk: 0, plain: Zeroizing::default(), at: 0 })
    }

    fn advance(&mut self) -> Result<Option<Record>, StoreError> {
        if !self.hold(1)? {
            return Ok(None);
        }
        if !self.hold(LEN_BYTES)? {
            return Err(self.malformed());
        }
        let len = u32::from_le_bytes(field(&self.plain, self.at)) as usize;
        if len > RECORD_LEN_MAX || !self.hold(LEN_BYTES + len)? {
            return Err(self.malformed());
        }
        let record = Record::decode(&self.plain[self.at + LEN_BYTES..][..len]).map_err(|_| self.malformed())?;
        self.at += LEN_BYTES + len;
        Ok(Some(record))
    }

    /// Opens chunks until so many bytes are there to be read. Says no if the file ends before.
    fn hold(&mut self, bytes: usize) -> Result<bool, StoreError> {
        while self.plain.len() - self.at < bytes {
            if self.next_chunk == self.file.chunks() {
                return Ok(false);
            }
            let chunk = self.file.chunk(self.next_chunk)?;
            let mut plain = Zeroizing::new(Vec::with_capacity(self.plain.len() - self.at + chunk.len()));
            plain.extend_from_slice(&self.plain[self.at..]);
            plain.extend_from_slice(&chunk);
            (self.plain, self.at) = (plain, 0);
            self.next_chunk += 1;
        }
        Ok(true)
    }

    fn malformed(&self) -> StoreError {
        self.file.damage(self.next_chunk.saturating_sub(1), "the chunk holds a malformed record")
    }
}

impl Iterator for Records {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.advance().transpose();
        if matches!(record, Some(Err(_))) {
            self.next_chunk = self.file.chunks();
            self.plain = Zeroizing::default();
            self.at = 0;
        }
        record
    }
}

/// Bytes of a record's length.
const LEN_BYTES: usize = 4;
