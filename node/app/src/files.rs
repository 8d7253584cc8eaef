//! Reading files that people name: regular files only, and the small ones with a limit.
//!
//! A directory, a pipe, a device or a symbolic link is refused by name: what is read must be what the person sees in
//! the folder, and must end.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::charter_file::CharterFile;
use crate::indicators::ColumnMap;
use crate::lighthouse::SourceMap;
use crate::problem::{Exit, Problem};

/// Bytes of a charter file or a column map at most.
pub const TEXT_FILE_LEN_MAX: u64 = 64 * 1024;

/// Reads a charter as a coordinator wrote it.
///
/// # Errors
/// If it cannot be read, or is not a charter: the problem names the line or the field.
pub fn read_charter(path: &Path) -> Result<CharterFile, Problem> {
    CharterFile::parse(&read_text(path)?, &shown(path))
}

/// Reads a column map.
///
/// # Errors
/// If it cannot be read, or is not a column map: the problem names the line or the field.
pub fn read_map(path: &Path) -> Result<ColumnMap, Problem> {
    ColumnMap::parse(&read_text(path)?, &shown(path))
}

/// Reads the map of a source.
///
/// # Errors
/// If it cannot be read, or is not a map: the problem names the line or the key.
pub fn read_source_map(path: &Path) -> Result<SourceMap, Problem> {
    SourceMap::parse(&read_text(path)?, &shown(path))
}

/// A file's name for a message, without its folder.
pub(crate) fn shown(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Opens a regular file that is not reached through a symbolic link of its own. Returns its length too.
///
/// # Errors
/// If it is anything else, or cannot be opened; the problem names it.
pub fn open_regular(path: &Path) -> Result<(File, u64), Problem> {
    let name = shown(path);
    let failed = |error: io::Error| io_problem(&name, &error);
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let seen = std::fs::symlink_metadata(path).map_err(failed)?;
    let kind = seen.file_type();
    if !kind.is_file() {
        let what = if kind.is_symlink() {
            "a symbolic link"
        } else if kind.is_dir() {
            "a directory"
        } else {
            "a pipe, a socket or a device"
        };
        return Err(Problem::new(
            Exit::BadInput,
            "not-a-file",
            format!("{name} is {what}, not a regular file"),
            "give the path of the file itself",
        ));
    }
    let file = File::open(path).map_err(failed)?;
    let opened = file.metadata().map_err(failed)?;
    // What was opened must be what was looked at.
    if (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) || !opened.is_file() {
        return Err(Problem::new(
            Exit::TryAgain,
            "file-replaced",
            format!("{name} was replaced while it was opened"),
            "wait until whatever writes the file is done, then try again",
        ));
    }
    Ok((file, opened.len()))
}

fn read_text(path: &Path) -> Result<String, Problem> {
    let name = shown(path);
    let (file, _) = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(TEXT_FILE_LEN_MAX + 1).read_to_end(&mut bytes).map_err(|error| io_problem(&name, &error))?;
    if bytes.len() as u64 > TEXT_FILE_LEN_MAX {
        return Err(Problem::new(
            Exit::BadInput,
            "file-too-long",
            format!("{name} is longer than {TEXT_FILE_LEN_MAX} bytes"),
            "check that this is the right file",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Problem::new(
            Exit::BadInput,
            "not-utf8",
            format!("{name}, line {line}: not UTF-8 text"),
            "save the file as UTF-8",
        )
    })
}

/// Makes a file that only the user of the daemon can read. It must not be there yet.
pub(crate) fn create_private(path: &Path) -> Result<File, Problem> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| write_problem(&shown(path), &error))
}

pub(crate) fn write_problem(name: &str, error: &io::Error) -> Problem {
    let hint = match error.kind() {
        io::ErrorKind::AlreadyExists => "choose a path where nothing is yet: nothing is overwritten",
        io::ErrorKind::NotFound => "make the folder first",
        _ => "check the folder, its permissions and the space on its disk",
    };
    Problem::new(Exit::CannotCreate, "cannot-write", format!("{name} cannot be written: {}", error.kind()), hint)
}

pub(crate) fn rows_problem(name: &str, error: &cwg_rows::RowsError) -> Problem {
    let exit = if matches!(error, cwg_rows::RowsError::Io(_)) { Exit::Io } else { Exit::BadInput };
    Problem::new(exit, error.code(), format!("{name}: {error}"), error.hint())
}

pub(crate) fn io_problem(name: &str, error: &io::Error) -> Problem {
    let (exit, code, hint) = match error.kind() {
        io::ErrorKind::NotFound => {
            (Exit::BadInput, "file-not-found", "check the path; the daemon reads it from its own folder")
        }
        io::ErrorKind::PermissionDenied => {
            (Exit::Io, "file-forbidden", "give the user of the daemon the right to read it")
        }
        _ => (Exit::Io, "file-unreadable", "check the disk; nothing was kept"),
    };
    Problem::new(exit, code, format!("{name} cannot be read: {}", error.kind()), hint)
}

/// Parses TOML into a type that refuses unknown keys; the problem names the line.
pub(crate) fn parse_toml<T: serde::de::DeserializeOwned>(
    text: &str,
    name: &str,
    code: &'static str,
    hint: &'static str,
) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => format!("{name}, line {}", 1 + text[..span.start.min(text.len())].matches('\n').count()),
            None => name.to_owned(),
        };
        // The parser's own message is a sentence or several lines of one.
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        Problem::new(Exit::BadInput, code, format!("{place}: {message}"), hint)
    })
}
