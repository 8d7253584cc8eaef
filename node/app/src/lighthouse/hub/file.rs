//! A release as a file: its signatures, then each record after its length (`docs/spec/lighthouse.md` §5). It is written at the
//! hub and checked anywhere, record by record.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::PathBuf;

use cwg_engine::record::ContentId;
use cwg_engine::state::State;
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::limits::{RECORD_LEN_MAX, SIGNED_RELEASE_LEN_MAX};
use cwg_protocol::lighthouse::{ContentCheck, Expected, Record, ReleaseError, SignedRelease, VerifiedRelease};
use cwg_protocol::wire::{decode_canonical, encode};
use zeroize::Zeroizing;

use super::contents::Contents;
use super::{Hub, content_of};
use crate::files;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{ReleaseFileView, View};
use crate::{named, refusals};

/// Writes the current release to a file.
#[derive(Debug)]
pub struct ExportWork {
    path: PathBuf,
    release: VerifiedRelease,
    content: ContentId,
}

/// Checks a file of a release.
#[derive(Debug)]
pub struct VerifyWork {
    path: PathBuf,
    expected: Expected,
    now: UnixTime,
}

impl ExportWork {
    pub(crate) fn new(path: PathBuf, state: &State) -> Result<Self, Problem> {
        let hub = Hub::of(state)?;
        let current = hub.current()?;
        let release = VerifiedRelease::read_back(current.signed.clone(), hub.hub, hub.network);
        let release = release.map_err(|error| refusals::release_problem(&error))?;
        Ok(Self { path, release, content: content_of(current)? })
    }

    pub(super) fn run(self, contents: &dyn Contents) -> Result<View, Problem> {
        let (file, name) = (files::create_private(&self.path)?, files::shown(&self.path));
        let written = self.write(file, &name, contents);
        if written.is_err() {
            // Half a file would be taken for a whole one by whoever does not check it.
            drop(std::fs::remove_file(&self.path));
        }
        Ok(View::ReleaseFile(Box::new(view(&self.release, name, written?, Done::Written))))
    }

    /// Returns how many bytes it has.
    fn write(&self, file: File, name: &str, contents: &dyn Contents) -> Result<u64, Problem> {
        let mut out = Counted { out: BufWriter::new(file), bytes: 0 };
        let mut put = |bytes: &[u8]| out.framed(bytes).map_err(|error| files::write_problem(name, &error));
        put(&encode(self.release.signed()))?;
        let mut check = self.release.check_content();
        for record in contents.records(self.content)? {
            let record = record?;
            check.push(&record).map_err(|error| refusals::release_problem(&error))?;
            put(&Zeroizing::new(record.encode()))?;
        }
        check.finish().map_err(|error| refusals::release_problem(&error))?;
        let bytes = out.bytes;
        let synced = out.out.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|error| files::write_problem(name, &error))?;
        Ok(bytes)
    }
}

impl VerifyWork {
    pub(crate) fn new(path: PathBuf, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let network = state.network().ok_or_else(named::not_joined)?;
        Ok(Self { path, expected: state.lighthouse().expected(network.id, network.hub), now })
    }

    pub(super) fn run(self) -> Result<View, Problem> {
        let (file, len) = files::open_regular(&self.path)?;
        let name = files::shown(&self.path);
        let mut frames = Frames { read: BufReader::new(file), name: &name };
        let signed = frames.next(SIGNED_RELEASE_LEN_MAX)?.ok_or_else(|| truncated(&name))?;
        let signed: SignedRelease = decode_canonical(&signed, SIGNED_RELEASE_LEN_MAX)
            .map_err(|_| refusals::release_problem(&ReleaseError::Malformed))?;
        let release = VerifiedRelease::verify(signed, &self.expected, self.now)
            .map_err(|error| refusals::release_problem(&error))?;
        check(&release, &mut frames)?;
        Ok(View::ReleaseFile(Box::new(view(&release, name, len, Done::Checked))))
    }
}

/// Checks all records of a file.
fn check(release: &VerifiedRelease, frames: &mut Frames<'_>) -> Result<(), Problem> {
    let content = &release.body().content;
    let all = content.clues + content.withdrawals;
    let mut check: ContentCheck<'_> = release.check_content();
    for _ in 0..all {
        let bytes = frames.next(RECORD_LEN_MAX)?.ok_or_else(|| truncated(frames.name))?;
        let record = Record::decode(&bytes).map_err(|_| refusals::release_problem(&ReleaseError::WrongRoot))?;
        check.push(&record).map_err(|error| refusals::release_problem(&error))?;
    }
    // A file that goes on holds what nobody signed.
    if frames.next(RECORD_LEN_MAX)?.is_some() {
        return Err(refusals::release_problem(&ReleaseError::WrongRoot));
    }
    check.finish().map(drop).map_err(|error| refusals::release_problem(&error))
}

/// Pieces of a file, each after its length.
struct Frames<'a> {
    read: BufReader<File>,
    name: &'a str,
}

impl Frames<'_> {
    /// The next piece; none at the end of the file.
    fn next(&mut self, len_max: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        if self.read.fill_buf().map_err(|error| files::io_problem(self.name, &error))?.is_empty() {
            return Ok(None);
        }
        let mut len = [0; 4];
        self.fill(&mut len)?;
        let len = u32::from_le_bytes(len) as usize;
        if len > len_max {
            return Err(refusals::release_problem(&ReleaseError::Malformed));
        }
        let mut bytes = Zeroizing::new(vec![0; len]);
        self.fill(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Problem> {
        self.read.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => truncated(self.name),
            _ => files::io_problem(self.name, &error),
        })
    }
}

/// A file being written.
struct Counted {
    out: BufWriter<File>,
    bytes: u64,
}

impl Counted {
    fn framed(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.bytes += 4 + bytes.len() as u64;
        self.out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(bytes)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Written,
    Checked,
}

fn view(release: &VerifiedRelease, file: String, bytes: u64, done: Done) -> ReleaseFileView {
    let body = release.body();
    ReleaseFileView {
        file,
        written: done == Done::Written,
        bytes,
        number: body.number.0,
        clues: body.content.clues,
        withdrawals: body.content.withdrawals,
        root: body.content.root.to_string(),
        builder: crate::lighthouse::describe::person(release.builder()),
        approver: crate::lighthouse::describe::person(release.approver()),
        valid_until: shown(body.valid_until),
    }
}

fn truncated(name: &str) -> Problem {
    Problem::new(
        Exit::BadInput,
        "release-truncated",
        format!("{name} ends before the release does"),
        "fetch the file again; nothing of it may be used",
    )
}
