//! Opening a journal: reads every record, and tells a torn end from damage (`docs/spec/store.md` §3.4).
//!
//! The head names what was acknowledged. A fault before that point is damage and stops the start. A fault after it can
//! only be the one commit that was under way, and is cut off.

use std::path::Path;
use std::sync::Arc;

use super::frame::{InCommit, SEGMENT_HEADER_LEN};
use super::head::{HeadFile, Slots};
use super::segment::{FrameFault, SegmentReader, segment_number, segment_path};
use super::{FileJournal, Head, JournalKeys, Recovery, Tip, genesis};
use crate::StoreError;
use crate::disk::Disk;
use crate::error::Damage;
use crate::keyslot::StoreKey;

impl FileJournal {
    /// Opens a journal, puts right what a crash left, and refuses what is damaged.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        key: &StoreKey,
        segment_len_max: u64,
    ) -> Result<(Self, Recovery), StoreError> {
        let keys = JournalKeys::of(key);
        let (mut head_file, acknowledged, slots) = HeadFile::open(disk.as_ref(), dir, &keys)?;
        let last = last_segment(disk.as_ref(), dir, &acknowledged)?;
        let mut scan =
            Scan { disk: disk.as_ref(), dir, keys: &keys, acknowledged, last, head: genesis(key), met: false };
        let (mut segments, mut end) = (Vec::new(), None);
        for number in 1..=last {
            match scan.segment(number)? {
                Some(scanned) => {
                    segments.push(scanned.reader.header);
                    end = Some(scanned);
                }
                None => remove_unborn(disk.as_ref(), dir, number)?,
            }
        }
        let (head, acknowledged) = (scan.head, scan.acknowledged);
        let end = end.expect("the acknowledged head is in a segment, which was read");
        let tip = Tip { segment: end.reader.header.number, end: end.committed, head };
        let recovery = Recovery {
            unacknowledged_records: head.seq - acknowledged.head.seq,
            torn_bytes: end.file_len - end.committed,
        };
        let path = end.reader.path.clone();
        let mut file = end.reader.into_file();
        if recovery.torn_bytes > 0 {
            tracing::warn!(bytes = recovery.torn_bytes, record = head.seq + 1, "cut off an unfinished commit");
            file.truncate(tip.end).map_err(|error| StoreError::io("truncate", &path, error))?;
        }
        if tip != acknowledged || recovery.torn_bytes > 0 || slots == Slots::OneLost {
            // What was only in the cache of the machine, names included, must be durable before the head says so.
            disk.sync_dir(dir).map_err(|error| StoreError::io("sync", dir, error))?;
            file.sync().map_err(|error| StoreError::io("sync", &path, error))?;
            head_file.record(&keys, &tip)?;
        }
        let journal =
            Self { disk, dir: dir.to_owned(), keys, segment_len_max, segments, file, head_file, tip, stopped: None };
        Ok((journal, recovery))
    }
}

struct Scan<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    keys: &'a JournalKeys,
    acknowledged: Tip,
    last: u64,
    /// Where the chain stands after the last whole commit read so far.
    head: Head,
    /// Whether the chain passed the place the head names.
    met: bool,
}

struct Scanned {
    reader: SegmentReader,
    /// Where the last whole commit ends.
    committed: u64,
    file_len: u64,
}

impl Scan<'_> {
    /// Reads one segment; nothing if it is a last one whose creation was cut short.
    fn segment(&mut self, number: u64) -> Result<Option<Scanned>, StoreError> {
        let mut reader = match SegmentReader::open(self.disk, self.dir, number, self.keys) {
            Ok(reader) => reader,
            Err(StoreError::Damaged(_)) if number == self.last && number > self.acknowledged.segment => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if reader.header.before() != self.head {
            return Err(Damage::new(&reader.path, None, 40, "the segment does not follow the one before it").into());
        }
        let file_len = reader.limit();
        let (mut before, mut committed) = (self.head, reader.offset());
        self.meet(&reader, &before)?;
        let fault = loop {
            match reader.next(self.keys, &before) {
                Ok(Some(frame)) => {
                    before = frame.after;
                    if frame.place == InCommit::Last {
                        committed = reader.offset();
                        self.head = before;
                        self.meet(&reader, &before)?;
                    }
                }
                Ok(None) => break "the file ends inside a commit",
                Err(FrameFault::Bad(what)) => break what,
                Err(FrameFault::Io(error)) => return Err(error),
            }
        };
        let must_reach = match number.cmp(&self.acknowledged.segment) {
            std::cmp::Ordering::Less => file_len,
            std::cmp::Ordering::Equal => self.acknowledged.end,
            std::cmp::Ordering::Greater => SEGMENT_HEADER_LEN as u64,
        };
        let torn = committed < file_len;
        if committed < must_reach || (torn && number != self.last) {
            return Err(Damage::new(&reader.path, Some(before.seq + 1), reader.offset(), fault).into());
        }
        Ok(Some(Scanned { reader, committed, file_len }))
    }

    /// At the place the head names, the chain must stand where the head says.
    fn meet(&mut self, reader: &SegmentReader, here: &Head) -> Result<(), StoreError> {
        let (number, offset) = (reader.header.number, reader.offset());
        if self.met || number < self.acknowledged.segment || offset < self.acknowledged.end {
            return Ok(());
        }
        self.met = true;
        if number > self.acknowledged.segment || offset > self.acknowledged.end || *here != self.acknowledged.head {
            let what = "the record is not the one the head names";
            return Err(Damage::new(&reader.path, Some(here.seq), offset, what).into());
        }
        Ok(())
    }
}

/// The highest segment number. A gap is found when the missing one is opened.
fn last_segment(disk: &dyn Disk, dir: &Path, acknowledged: &Tip) -> Result<u64, StoreError> {
    let names = disk.list(dir).map_err(|error| StoreError::io("list", dir, error))?;
    let last = names.iter().filter_map(|name| segment_number(name)).max().unwrap_or(0);
    if last < acknowledged.segment {
        let path = segment_path(dir, acknowledged.segment);
        return Err(Damage::new(&path, Some(acknowledged.head.seq), 0, "the file is missing").into());
    }
    if last > acknowledged.segment + 1 {
        return Err(Damage::new(&segment_path(dir, last), None, 0, "the head knows of no such segment").into());
    }
    Ok(last)
}

fn remove_unborn(disk: &dyn Disk, dir: &Path, number: u64) -> Result<(), StoreError> {
    let path = segment_path(dir, number);
    tracing::warn!(segment = number, "removed a segment whose creation was cut short");
    disk.remove(&path).map_err(|error| StoreError::io("remove", &path, error))?;
    disk.sync_dir(dir).map_err(|error| StoreError::io("sync", dir, error))
}

/// Whether a directory holds a journal with more in it than creation writes.
pub(crate) fn holds_records(disk: &dyn Disk, dir: &Path) -> Result<bool, StoreError> {
    for name in disk.list(dir).map_err(|error| StoreError::io("list", dir, error))? {
        let Some(number) = segment_number(&name) else {
            continue;
        };
        let path = dir.join(&name);
        let len = disk.open(&path).and_then(|file| file.len()).map_err(|error| StoreError::io("read", &path, error))?;
        if number > 1 || len > SEGMENT_HEADER_LEN as u64 {
            return Ok(true);
        }
    }
    Ok(false)
}
