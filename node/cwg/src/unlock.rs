//! Passphrases and key files: from a file, from the configuration, or asked for. Never from an argument or the
//! environment, which other users of the machine can read.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use cwg_app::{Exit, Problem};
use cwg_store::Unlock;
use zeroize::Zeroizing;

use crate::args::Common;
use crate::config::NodeConfig;
use crate::problems;

/// What opens a store.
pub(crate) enum Unlocking {
    /// A passphrase.
    Passphrase(Zeroizing<String>),
    /// A key file.
    KeyFile(PathBuf),
}

/// Whether a passphrase is typed for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// It is new: it is asked for twice.
    New,
    /// It is known.
    Known,
}

/// Passphrases shorter than this protect nothing.
const PASSPHRASE_CHARS_MIN: usize = 12;

impl Unlocking {
    /// Finds out what opens the store of a directory.
    pub(crate) fn find(common: &Common, config: &NodeConfig, typed: Typed) -> Result<Self, Problem> {
        if let Some(path) = &common.key_file {
            return Ok(Self::KeyFile(path.clone()));
        }
        if let Some(path) = &common.passphrase_file {
            return Ok(Self::Passphrase(from_file(path)?));
        }
        if let Some(path) = &config.key_file {
            return Ok(Self::KeyFile(path.clone()));
        }
        let whose = format!("the store in {}", common.dir.display());
        ask(&whose, "--passphrase-file or --key-file", typed).map(Self::Passphrase)
    }

    /// As the store wants it.
    pub(crate) fn as_unlock(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(passphrase) => Unlock::Passphrase(passphrase.as_bytes()),
            Self::KeyFile(path) => Unlock::KeyFile(path),
        }
    }
}

/// The passphrase of a person.
pub(crate) fn operator(name: &str, file: Option<&Path>, typed: Typed) -> Result<Zeroizing<String>, Problem> {
    match file {
        Some(path) => from_file(path),
        None => ask(&format!("operator {}", name.escape_default()), "--operator-passphrase-file", typed),
    }
}

fn from_file(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let bytes = Zeroizing::new(problems::read_file(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        let problem = format!("{} is not text", path.display());
        Problem::new(Exit::BadInput, "passphrase-file", problem, "put the passphrase on its first line, in UTF-8")
    })?;
    let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    long_enough(line)
}

fn ask(whose: &str, option: &str, typed: Typed) -> Result<Zeroizing<String>, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            Exit::Configuration,
            "no-passphrase",
            format!("there is no terminal to ask for the passphrase of {whose}"),
            format!("give {option}"),
        ));
    }
    let read = |prompt: &str| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
            Problem::new(Exit::Io, "no-passphrase", format!("the passphrase cannot be read: {error}"), "try again")
        })
    };
    let first = long_enough(read(&format!("passphrase of {whose}: "))?)?;
    if typed == Typed::New && *read("again: ")? != *first {
        let problem = "the two passphrases differ";
        return Err(Problem::new(Exit::Usage, "passphrases-differ", problem, "type the same one twice"));
    }
    Ok(first)
}

fn long_enough(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>, Problem> {
    if passphrase.chars().count() >= PASSPHRASE_CHARS_MIN {
        return Ok(passphrase);
    }
    let problem = format!("a passphrase has at least {PASSPHRASE_CHARS_MIN} characters");
    Err(Problem::new(Exit::BadInput, "passphrase-short", problem, "use several words"))
}
