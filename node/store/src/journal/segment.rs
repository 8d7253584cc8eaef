//! Reading one segment, frame by frame, through a window of bounded size.

use std::io;
use std::path::{Path, PathBuf};

use super::frame::{FRAME_HEADER_LEN, FrameHeader, InCommit, SEGMENT_HEADER_LEN, SegmentHeader, chain, open_frame};
use super::{Head, JournalKeys, Position};
use crate::StoreError;
use crate::disk::{Disk, DiskFile};
use crate::error::Damage;

/// A record as it was read back.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) position: Position,
    pub(super) place: InCommit,
    /// Where the chain stands after it.
    pub(crate) after: Head,
    pub(crate) payload: Vec<u8>,
}

/// Why no frame could be read where one was expected.
#[derive(Debug)]
pub(super) enum FrameFault {
    /// The operating system refused.
    Io(StoreError),
    /// The bytes are not those of the next record: a torn end or damage, which only the caller can tell.
    Bad(&'static str),
}

/// A position in one segment file.
#[derive(Debug)]
pub(super) struct SegmentReader {
    pub(super) path: PathBuf,
    pub(super) header: SegmentHeader,
    file: Box<dyn DiskFile>,
    /// Reading ends here.
    limit: u64,
    offset: u64,
    window: Vec<u8>,
    window_start: u64,
    window_len: u64,
}

impl SegmentReader {
    /// Opens a segment and checks its header.
    pub(super) fn open(disk: &dyn Disk, dir: &Path, number: u64, keys: &JournalKeys) -> Result<Self, StoreError> {
        let path = segment_path(dir, number);
        let io = |op| move |error| StoreError::io(op, &segment_path(dir, number), error);
        let file = match disk.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Damage::new(&path, None, 0, "the file is missing").into());
            }
            Err(error) => return Err(StoreError::io("open", &path, error)),
        };
        let limit = file.len().map_err(io("read"))?;
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        let read = file.read_at(&mut bytes, 0).map_err(io("read"))?;
        let header = SegmentHeader::decode(&bytes[..read], keys, &path)?;
        if header.number != number {
            return Err(Damage::new(&path, None, 16, "the file has the name of another segment").into());
        }
        Ok(Self {
            path,
            header,
            file,
            limit,
            offset: SEGMENT_HEADER_LEN as u64,
            window: Vec::new(),
            window_start: 0,
            window_len: WINDOW_LEN,
        })
    }

    /// Ends reading at `limit` instead of the end of the file.
    pub(super) fn end_at(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Where reading ends.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Where the next frame starts.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }

    /// The next record, which must follow `before`; nothing at the end.
    pub(super) fn next(&mut self, keys: &JournalKeys, before: &Head) -> Result<Option<Frame>, FrameFault> {
        if self.offset == self.limit {
            return Ok(None);
        }
        let offset = self.offset;
        let header: [u8; FRAME_HEADER_LEN] =
            self.bytes(offset, FRAME_HEADER_LEN as u64)?.try_into().expect("as many bytes as were asked for");
        let header = FrameHeader::decode(&header).map_err(FrameFault::Bad)?;
        if header.seq != before.seq + 1 {
            return Err(FrameFault::Bad("the record has another number than the next"));
        }
        if header.prev != before.hash {
            return Err(FrameFault::Bad("the record does not follow the one before it"));
        }
        let segment = self.header;
        let frame = self.bytes(offset, header.frame_len())?;
        let payload = open_frame(keys, &segment, &header, frame).map_err(FrameFault::Bad)?;
        let after = Head { seq: header.seq, hash: chain(frame) };
        self.offset += header.frame_len();
        let position = Position { segment: segment.number, offset, seq: header.seq };
        Ok(Some(Frame { position, place: header.place, after, payload }))
    }

    /// The record at a known place, without its neighbours.
    pub(super) fn at(mut self, keys: &JournalKeys, position: &Position) -> Result<Vec<u8>, FrameFault> {
        self.window_len = LOOK_UP_LEN;
        let header: [u8; FRAME_HEADER_LEN] =
            self.bytes(position.offset, FRAME_HEADER_LEN as u64)?.try_into().expect("as many bytes as were asked for");
        let header = FrameHeader::decode(&header).map_err(FrameFault::Bad)?;
        if header.seq != position.seq {
            return Err(FrameFault::Bad("another record stands here"));
        }
        let segment = self.header;
        let frame = self.bytes(position.offset, header.frame_len())?;
        open_frame(keys, &segment, &header, frame).map_err(FrameFault::Bad)
    }

    /// Bytes of the file, none beyond the limit. Memory follows the length only after it was held against the file's.
    fn bytes(&mut self, offset: u64, len: u64) -> Result<&[u8], FrameFault> {
        let end = offset.checked_add(len).filter(|end| *end <= self.limit);
        let Some(end) = end else {
            return Err(FrameFault::Bad("the file ends inside the record"));
        };
        if offset < self.window_start || end > self.window_start + self.window.len() as u64 {
            let wanted = len.max(self.window_len).min(self.limit - offset);
            self.window.resize(wanted as usize, 0);
            self.window_start = offset;
            let read = self
                .file
                .read_at(&mut self.window, offset)
                .map_err(|error| FrameFault::Io(StoreError::io("read", &self.path, error)))?;
            self.window.truncate(read);
            if (read as u64) < len {
                return Err(FrameFault::Bad("the file ends inside the record"));
            }
        }
        let start = (offset - self.window_start) as usize;
        Ok(&self.window[start..start + len as usize])
    }
}

/// The path of a segment.
pub(super) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.{EXTENSION}"))
}

/// The number of a segment file's name, for names that [`segment_path`] makes.
pub(super) fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let number = digits.parse().ok()?;
    (format!("{number:08}") == digits && number > 0).then_some(number)
}

const EXTENSION: &str = "journal";
const WINDOW_LEN: u64 = 256 * 1024;
/// Enough for the frame of an ordinary record.
const LOOK_UP_LEN: u64 = 4 * 1024;
