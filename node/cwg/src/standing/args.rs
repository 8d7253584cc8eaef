//! `cwg lighthouse`: commands of the standing comparison.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cwg_app::{Exit, Problem, Request};

use crate::commands::absolute;
use crate::problems;

#[derive(Debug, Subcommand)]
pub(crate) enum StandingCommand {
    /// Shows the key periods of the standing comparison, their editions, and what is evaluated.
    Standing,
    /// Hub: key periods.
    #[command(subcommand)]
    Period(PeriodCommand),
    /// Hub: editions of the current release.
    #[command(subcommand)]
    Edition(EditionCommand),
    /// Member: has the items of a file evaluated by the hub, once a period. It learns how many, and not which.
    Evaluate(BookArgs),
    /// Member: compares what was evaluated with the current release, here and in nobody's sight; matches are stored as a run.
    Compare(BookArgs),
    /// Member: looks one value up in the current release. The hub learns that one was.
    Lookup(LookUpArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeriodCommand {
    /// Opens the next period. Members pin its key; the one before goes on to its end.
    Open {
        /// How many days it lasts, 30 to 90.
        #[arg(long, default_value_t = 60)]
        days: u32,
        /// Items that each member may have evaluated in it.
        #[arg(long)]
        allowance: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EditionCommand {
    /// Publishes the current release in every open period: what changed since the edition before, or all of it.
    Publish,
}

#[derive(Debug, Args)]
pub(crate) struct BookArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pilot: String,
    /// The file, as `cwg indicators load` takes it. Nothing of it is kept but outputs and digests, sealed.
    #[arg(long, value_name = "FILE")]
    book: PathBuf,
    /// What its columns are, as TOML.
    #[arg(long)]
    map: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LookUpArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pilot: String,
    /// The type of the value, for example `phone`.
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// A file whose first line is the value, or `-` for standard input: a command line is visible to others. A telephone number without a country
    /// code is taken as Australian.
    #[arg(value_name = "FILE")]
    value: PathBuf,
}

/// The request for a command.
pub(crate) fn request_of(command: StandingCommand) -> Result<Request, Problem> {
    Ok(match command {
        StandingCommand::Standing => Request::StandingShow,
        StandingCommand::Period(PeriodCommand::Open { days, allowance }) => Request::PeriodOpen { days, allowance },
        StandingCommand::Edition(EditionCommand::Publish) => Request::EditionPublish,
        StandingCommand::Evaluate(BookArgs { pilot, book, map }) => {
            Request::Evaluate { pilot, path: absolute(&book)?, map: absolute(&map)? }
        }
        StandingCommand::Compare(BookArgs { pilot, book, map }) => {
            Request::Compare { pilot, path: absolute(&book)?, map: absolute(&map)? }
        }
        StandingCommand::Lookup(LookUpArgs { pilot, kind, value }) => {
            Request::LookUp { pilot, kind, value: read_value(&value)? }
        }
    })
}

fn read_value(path: &Path) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(VALUE_FILE_LEN_MAX).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(VALUE_FILE_LEN_MAX).read_to_end(&mut bytes))
    };
    read.map_err(|error| problems::cannot_read(path, &error))?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8(line.to_vec()).map_err(|_| {
        let problem = format!("the first line of {} is not UTF-8 text", path.display());
        Problem::new(Exit::BadInput, "bad-value", problem, "write the value alone on the first line")
    })
}

/// Values are at most half a kilobyte.
const VALUE_FILE_LEN_MAX: u64 = 4096;
