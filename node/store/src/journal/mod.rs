//! The journal: the one place where truth is on disk (`docs/spec/store.md` §3).
//!
//! Records are opaque here. A commit is one write, one sync of the segment, one sync of the head file, and then the
//! acknowledgement. Leaves out what records mean, and who may write them.

mod frame;
mod head;
mod recover;
mod segment;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwg_crypto::{Digest, Domain, Secret32, digest};

pub use frame::RECORD_LEN_MAX;
pub(crate) use recover::holds_records;

use crate::StoreError;
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, is_full};
use crate::keyslot::StoreKey;
use crate::seal::SealKey;
use frame::{InCommit, SEGMENT_HEADER_LEN, SegmentHeader, seal_frame};
use head::HeadFile;
pub(crate) use segment::Frame;
use segment::{FrameFault, SegmentReader, segment_path};

/// Where the chain of records stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Sequence number of the last record, from 1; 0 before the first.
    pub seq: u64,
    /// Hash over that record and, through the hash in it, over all before.
    pub hash: Digest,
}

/// What a full check read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Number of records.
    pub records: u64,
    /// Where the chain stands.
    pub head: Head,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    pub(crate) seq: u64,
}

/// The head, and where in which file it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tip {
    segment: u64,
    end: u64,
    head: Head,
}

/// The keys of the journal.
#[derive(Debug)]
struct JournalKeys {
    seal: SealKey,
    mac: Secret32,
}

/// The journal on a disk. One writer, behind the lock of the store.
#[derive(Debug)]
pub(crate) struct FileJournal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    keys: JournalKeys,
    segment_len_max: u64,
    /// The header of each segment, in order; the last is written to.
    segments: Vec<SegmentHeader>,
    file: Box<dyn DiskFile>,
    head_file: HeadFile,
    tip: Tip,
    /// The first write that failed, if one did.
    stopped: Option<String>,
}

/// What opening had to put right after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that were durable, though the crash came before they were acknowledged. They stay.
    pub unacknowledged_records: u64,
    /// Bytes of an unfinished commit that were cut off.
    pub torn_bytes: u64,
}

impl FileJournal {
    /// Starts an empty journal in an empty directory.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        key: &StoreKey,
        segment_len_max: u64,
    ) -> Result<Self, StoreError> {
        let keys = JournalKeys::of(key);
        let head = genesis(key);
        let first = SegmentHeader::following(&head, 1)?;
        let file = create_segment(disk.as_ref(), dir, &keys, &first)?;
        let tip = Tip { segment: 1, end: SEGMENT_HEADER_LEN as u64, head };
        let head_file = HeadFile::create(disk.as_ref(), dir, &keys, &tip)?;
        disk.sync_dir(dir).map_err(|error| StoreError::io("sync", dir, error))?;
        Ok(Self {
            disk,
            dir: dir.to_owned(),
            keys,
            segment_len_max,
            segments: vec![first],
            file,
            head_file,
            tip,
            stopped: None,
        })
    }

    /// Where the chain stands after the last acknowledged record.
    pub(crate) fn head(&self) -> Head {
        self.tip.head
    }

    /// The first failed write, after which nothing is written any more.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Appends one commit. When it returns, its records are durable and will be found after any crash, all of them.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] changes nothing and may be repeated; after any other failed write the journal only
    /// answers [`StoreError::Stopped`].
    pub(crate) fn append(&mut self, payloads: &[Vec<u8>]) -> Result<(Head, Vec<Position>), StoreError> {
        if let Some(cause) = &self.stopped {
            return Err(StoreError::Stopped { cause: cause.clone() });
        }
        check_commit(payloads)?;
        if self.tip.end >= self.segment_len_max {
            self.rotate()?;
        }
        let (bytes, head, positions) = self.seal_commit(payloads)?;
        if let Err(error) = self.file.write_at(&bytes, self.tip.end) {
            return Err(self.undo_write(error));
        }
        let tip = Tip { segment: self.tip.segment, end: self.tip.end + bytes.len() as u64, head };
        if let Err(error) = self.file.sync() {
            return Err(self.stop(StoreError::io("sync", &self.segment_path(), error)));
        }
        if let Err(error) = self.head_file.record(&self.keys, &tip) {
            return Err(self.stop(error));
        }
        self.tip = tip;
        Ok((head, positions))
    }

    /// The records from `from_seq` on, in order, read and checked one by one.
    pub(crate) fn replay(&self, from_seq: u64) -> Frames<'_> {
        let from_seq = from_seq.max(1);
        // The segment whose first record is the last not after the one asked for.
        let start = self.segments.partition_point(|segment| segment.first_seq <= from_seq).max(1) - 1;
        Frames { journal: self, reader: None, next: start, before: self.segments[start].before(), from_seq }
    }

    /// One record at a known place.
    pub(crate) fn read(&self, position: &Position) -> Result<Vec<u8>, StoreError> {
        let mut reader = SegmentReader::open(self.disk.as_ref(), &self.dir, position.segment, &self.keys)?;
        self.bound(&mut reader);
        let path = reader.path.clone();
        reader.at(&self.keys, position).map_err(|fault| match fault {
            FrameFault::Io(error) => error,
            FrameFault::Bad(what) => Damage::new(&path, Some(position.seq), position.offset, what).into(),
        })
    }

    /// Reads everything again.
    pub(crate) fn verify(&self) -> Result<Verified, StoreError> {
        let mut records = 0;
        let mut last = self.segments[0].before();
        for frame in self.replay(1) {
            last = frame?.after;
            records += 1;
        }
        if last != self.tip.head {
            let (path, end) = (self.segment_path(), self.tip.end);
            return Err(Damage::new(&path, Some(last.seq + 1), end, "the journal ends before its head").into());
        }
        self.head_file.verify(&self.keys, &self.tip.head)?;
        Ok(Verified { records, head: last })
    }

    fn seal_commit(&self, payloads: &[Vec<u8>]) -> Result<(Vec<u8>, Head, Vec<Position>), StoreError> {
        let segment = self.segments.last().expect("a journal has a segment from its creation on");
        let (mut bytes, mut head) = (Vec::new(), self.tip.head);
        let mut positions = Vec::with_capacity(payloads.len());
        for (i, payload) in payloads.iter().enumerate() {
            let offset = self.tip.end + bytes.len() as u64;
            let place = if i + 1 == payloads.len() { InCommit::Last } else { InCommit::More };
            head = seal_frame(&self.keys, segment, &head, place, payload, &mut bytes)?;
            positions.push(Position { segment: segment.number, offset, seq: head.seq });
        }
        Ok((bytes, head, positions))
    }

    /// A full disk before the sync is no harm: what was written is cut off again.
    fn undo_write(&mut self, error: std::io::Error) -> StoreError {
        let undone = is_full(&error) && self.file.truncate(self.tip.end).is_ok();
        let error = StoreError::io("write", &self.segment_path(), error);
        if undone { error } else { self.stop(error) }
    }

    /// Goes on in a new file. The head stays where it is until the first commit there.
    fn rotate(&mut self) -> Result<(), StoreError> {
        let header = SegmentHeader::following(&self.tip.head, self.tip.segment + 1)?;
        let file = match create_segment(self.disk.as_ref(), &self.dir, &self.keys, &header) {
            Ok(file) => file,
            Err(error) => {
                let path = segment_path(&self.dir, header.number);
                let gone = match self.disk.remove(&path) {
                    Ok(()) => true,
                    Err(error) => error.kind() == std::io::ErrorKind::NotFound,
                };
                let harmless = matches!(error, StoreError::DiskFull { .. }) && gone;
                return Err(if harmless { error } else { self.stop(error) });
            }
        };
        self.tip = Tip { segment: header.number, end: SEGMENT_HEADER_LEN as u64, head: self.tip.head };
        self.segments.push(header);
        self.file = file;
        Ok(())
    }

    fn stop(&mut self, error: StoreError) -> StoreError {
        tracing::error!(problem = %error, "the journal stops writing");
        let cause = self.stopped.get_or_insert_with(|| error.to_string()).clone();
        match error {
            // A full disk is only harmless where the write could be undone.
            StoreError::DiskFull { .. } => StoreError::Stopped { cause },
            error => error,
        }
    }

    fn segment_path(&self) -> PathBuf {
        segment_path(&self.dir, self.tip.segment)
    }

    /// What was written but not acknowledged is not read.
    fn bound(&self, reader: &mut SegmentReader) {
        if reader.header.number == self.tip.segment {
            reader.end_at(self.tip.end);
        }
    }
}

impl JournalKeys {
    fn of(key: &StoreKey) -> Self {
        Self { seal: SealKey::new(&key.sub_key(Domain::JournalKey)), mac: key.sub_key(Domain::JournalMac) }
    }
}

/// Records of the journal in order.
#[derive(Debug)]
pub(crate) struct Frames<'a> {
    journal: &'a FileJournal,
    reader: Option<SegmentReader>,
    /// Index of the segment to open next; past the end once reading failed.
    next: usize,
    before: Head,
    from_seq: u64,
}

impl Frames<'_> {
    fn advance(&mut self) -> Result<Option<Frame>, StoreError> {
        loop {
            if self.reader.is_none() {
                let Some(expected) = self.journal.segments.get(self.next) else {
                    return Ok(None);
                };
                let journal = self.journal;
                let mut reader =
                    SegmentReader::open(journal.disk.as_ref(), &journal.dir, expected.number, &journal.keys)?;
                if reader.header != *expected {
                    return Err(Damage::new(&reader.path, None, 0, "the file was replaced").into());
                }
                journal.bound(&mut reader);
                self.next += 1;
                self.reader = Some(reader);
            }
            let reader = self.reader.as_mut().expect("opened above");
            match reader.next(&self.journal.keys, &self.before) {
                Ok(Some(frame)) => {
                    self.before = frame.after;
                    if frame.after.seq >= self.from_seq {
                        return Ok(Some(frame));
                    }
                }
                Ok(None) => self.reader = None,
                Err(FrameFault::Io(error)) => return Err(error),
                Err(FrameFault::Bad(what)) => {
                    let record = Some(self.before.seq + 1);
                    return Err(Damage::new(&reader.path, record, reader.offset(), what).into());
                }
            }
        }
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if matches!(item, Some(Err(_))) {
            self.reader = None;
            self.next = usize::MAX;
        }
        item
    }
}

/// What the chain starts from: a journal of another store never fits.
fn genesis(key: &StoreKey) -> Head {
    Head { seq: 0, hash: digest(Domain::JournalChain, &[&key.id.0]) }
}

pub(crate) fn check_commit(payloads: &[Vec<u8>]) -> Result<(), StoreError> {
    let total: usize = payloads.iter().map(Vec::len).sum();
    if payloads.is_empty() || total > COMMIT_LEN_MAX {
        return Err(StoreError::BadCommit { max: COMMIT_LEN_MAX });
    }
    match payloads.iter().map(Vec::len).find(|len| *len > RECORD_LEN_MAX) {
        Some(len) => Err(StoreError::RecordTooLong { len, max: RECORD_LEN_MAX }),
        None => Ok(()),
    }
}

fn create_segment(
    disk: &dyn Disk,
    dir: &Path,
    keys: &JournalKeys,
    header: &SegmentHeader,
) -> Result<Box<dyn DiskFile>, StoreError> {
    let path = segment_path(dir, header.number);
    let io = |op| move |error| StoreError::io(op, &segment_path(dir, header.number), error);
    let mut file = disk.create(&path).map_err(io("create"))?;
    file.write_at(&header.encode(keys), 0).map_err(io("write"))?;
    file.sync().map_err(io("sync"))?;
    disk.sync_dir(dir).map_err(|error| StoreError::io("sync", dir, error))?;
    Ok(file)
}

/// A segment at least this long is followed by a new one.
pub(crate) const SEGMENT_LEN_MAX: u64 = 64 * 1024 * 1024;
/// Most payload bytes of one commit.
pub const COMMIT_LEN_MAX: usize = 64 * 1024 * 1024;
