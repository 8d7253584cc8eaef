//! What can go wrong in a store, with blame and remedy. No variant holds an identifier, a key or a payload.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cwg_protocol::LoadId;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The program that called: it asked for what cannot be.
    Caller,
    /// The person who runs the node: a wrong passphrase, a missing file, a second node.
    Operator,
    /// The machine: its disk failed, is full, or gave back other bytes than were written.
    Machine,
}

/// Bytes on disk that are not what this store wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The record (journal sequence number) or chunk (set file) it was met in, where there is one.
    pub record: Option<u64>,
    /// Where in the file that record or field starts, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Damage {
    pub(crate) fn new(file: &Path, record: Option<u64>, offset: u64, what: &'static str) -> Self {
        Self { file: file.to_owned(), record, offset, what }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged at byte {}", self.file.display(), self.offset)?;
        if let Some(record) = self.record {
            write!(f, " (record {record})")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// How a store is unlocked, without the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockMethod {
    /// By a passphrase.
    Passphrase,
    /// By a key file.
    KeyFile,
}

impl fmt::Display for UnlockMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase => "a passphrase",
            Self::KeyFile => "a key file",
        })
    }
}

/// Every way in which the store refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory open.
    #[error("{} is in use{}", dir.display(), by(*pid))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The process that has it, if its number could be read.
        pid: Option<u32>,
    },
    /// There is no store in the directory.
    #[error("{} holds no store: its keyslot is missing", dir.display())]
    NotAStore {
        /// The directory.
        dir: PathBuf,
    },
    /// There already is a store, or what is left of one, in the directory.
    #[error("{} already holds {what}", dir.display())]
    AlreadyThere {
        /// The directory.
        dir: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// The passphrase or key file does not open the keyslot.
    #[error("{method} was given that does not open this store")]
    WrongKey {
        /// What was given.
        method: UnlockMethod,
    },
    /// The store opens by the other method.
    #[error("this store is opened by {needs}")]
    WrongMethod {
        /// What it needs.
        needs: UnlockMethod,
    },
    /// The key file can be read by everyone on the machine.
    #[error("the key file {} can be read by other users (mode {mode:03o})", path.display())]
    KeyFileExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("the key file {} holds neither 32 bytes nor 64 hexadecimal digits", path.display())]
    KeyFileMalformed {
        /// The key file.
        path: PathBuf,
    },
    /// A cost of the passphrase outside its limits.
    #[error("the cost of the passphrase is outside its limits")]
    BadCost,
    /// A file was written by another version of this program.
    #[error("{} has format version {found}, this program reads {supported}", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u16,
        /// The version this program reads and writes.
        supported: u16,
    },
    /// A file is not as it was written.
    #[error("{0}")]
    Damaged(Damage),
    /// The disk is full. Nothing was acknowledged, nothing was lost, and the call may be repeated.
    #[error("no space is left on the disk for {}", file.display())]
    DiskFull {
        /// The file that could not grow.
        file: PathBuf,
    },
    /// The operating system refused an operation on a file.
    #[error("cannot {op} {}: {source}", file.display())]
    Io {
        /// The operation.
        op: &'static str,
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// An earlier write failed: nothing is written until the node is started again.
    #[error("the store stopped writing after an error: {cause}")]
    Stopped {
        /// The first error.
        cause: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoEntropy,
    /// A record longer than the journal takes.
    #[error("a record of {len} bytes is longer than the limit of {max}")]
    RecordTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A commit without a record, or with more bytes than one commit takes.
    #[error("a commit needs at least one record and at most {max} bytes")]
    BadCommit {
        /// The limit in bytes.
        max: usize,
    },
    /// A key longer than the index takes.
    #[error("an index key of {len} bytes is longer than the limit of {max}")]
    KeyTooLong {
        /// Its length in bytes.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The index failed while running. The journal is not concerned.
    #[error("the index failed: {cause}")]
    IndexFailed {
        /// What sled says.
        cause: String,
    },
    /// A row that a set file does not take.
    #[error("row {row} has {field} beyond its limit of {max}")]
    BadRow {
        /// The number of the row in this load, from 1.
        row: u64,
        /// The field.
        field: &'static str,
        /// Its limit.
        max: usize,
    },
    /// More parts than a temporary partition takes.
    #[error("a set is dealt into at most {max} shards")]
    TooManyShards {
        /// The limit.
        max: usize,
    },
    /// A table of as many files as one may have.
    #[error("the table has {max} files, the most that one may have")]
    TableFull {
        /// The limit.
        max: usize,
    },
    /// A set file of that load exists.
    #[error("a set file of load {load} already exists")]
    LoadExists {
        /// The load.
        load: LoadId,
    },
    /// A content of a release that is already there.
    #[error("{} already exists", file.display())]
    ContentExists {
        /// Its file.
        file: PathBuf,
    },
    /// A content of a release that is not there.
    #[error("{} is missing: it holds the content of a release", file.display())]
    ContentMissing {
        /// Where it should be.
        file: PathBuf,
    },
    /// Entries that do not follow those before them, or have labels of another class.
    #[error("the entries of a release ascend strictly and have labels of one class")]
    BadEntries,
    /// The set file of a load is missing.
    #[error("the set file {} of load {load} is missing", file.display())]
    LoadMissing {
        /// The load.
        load: LoadId,
        /// Where it should be.
        file: PathBuf,
    },
}

impl StoreError {
    /// One sentence: what happened.
    pub fn problem(&self) -> String {
        self.to_string()
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::RecordTooLong { .. }
            | Self::BadCommit { .. }
            | Self::KeyTooLong { .. }
            | Self::BadRow { .. }
            | Self::TooManyShards { .. }
            | Self::TableFull { .. }
            | Self::BadCost
            | Self::ContentExists { .. }
            | Self::BadEntries
            | Self::LoadExists { .. } => Blame::Caller,
            Self::InUse { .. }
            | Self::NotAStore { .. }
            | Self::AlreadyThere { .. }
            | Self::WrongKey { .. }
            | Self::WrongMethod { .. }
            | Self::KeyFileExposed { .. }
            | Self::KeyFileMalformed { .. }
            | Self::Version { .. } => Blame::Operator,
            Self::Damaged(_)
            | Self::DiskFull { .. }
            | Self::Io { .. }
            | Self::Stopped { .. }
            | Self::NoEntropy
            | Self::IndexFailed { .. }
            | Self::ContentMissing { .. }
            | Self::LoadMissing { .. } => Blame::Machine,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "stop the other process, or talk to it instead of opening its directory",
            Self::NotAStore { .. } => "check the directory, create a store in it, or restore its keyslot from a backup",
            Self::AlreadyThere { .. } => "choose an empty directory, or restore the missing files from a backup",
            Self::WrongKey { .. } => "check the passphrase or the path of the key file",
            Self::WrongMethod { .. } => "give the store what it was created with",
            Self::KeyFileExposed { .. } => "run chmod 600 on the key file, and consider its key known to others",
            Self::KeyFileMalformed { .. } => "check the path of the key file, or restore it from a backup",
            Self::BadCost => "use 8 to 4194304 KiB of memory and 1 to 64 passes",
            Self::Version { .. } => "start the version of the program that wrote the store",
            Self::Damaged(_) => "stop the node, check the disk, and restore the directory from a backup",
            Self::DiskFull { .. } => "free space on the disk; the node goes on by itself",
            Self::Io { .. } => "check the disk, its mount and the permissions of the directory",
            Self::Stopped { .. } => "check the disk, then start the node again",
            Self::NoEntropy => "start the node on a system with a working random device",
            Self::RecordTooLong { .. } | Self::BadCommit { .. } => "split it into several commits",
            Self::KeyTooLong { .. } => "index a digest of the key",
            Self::IndexFailed { .. } => "free space on the disk if it is full, then rebuild the index or start again",
            Self::BadRow { .. } => "shorten the field of that row in the source",
            Self::TooManyShards { .. } => "deal the set into fewer shards",
            Self::TableFull { .. } => "compact the table first",
            Self::ContentExists { .. } => "give every content a new random name",
            Self::ContentMissing { .. } => "restore the file from a backup, or build the release again",
            Self::BadEntries => "merge the clues of one release in the order of their items",
            Self::LoadExists { .. } => "give every load a new random name",
            Self::LoadMissing { .. } => "restore the file from a backup, or load the source again",
        }
    }

    pub(crate) fn io(op: &'static str, file: &Path, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::DiskFull { file: file.to_owned() };
        }
        Self::Io { op, file: file.to_owned(), source }
    }
}

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn by(pid: Option<u32>) -> String {
    pid.map_or_else(|| " by another process".to_owned(), |pid| format!(" by process {pid}"))
}
