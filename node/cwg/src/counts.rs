//! `cwg count`.

use clap::{Args, Subcommand};
use cwg_app::{CountRequest, Exit, Problem, Request, View};

use crate::args::{Common, ConsentArgs};
use crate::commands::{ask, consented_to};
use crate::output::Output;
use crate::problems;

#[derive(Debug, Subcommand)]
pub(crate) enum CountCommand {
    /// Hub: opens a count of two banks.
    Open(OpenArgs),
    /// Member: takes part in a count, after showing what it reveals and asking.
    Join {
        /// The count.
        count: String,
        #[command(flatten)]
        consent: ConsentArgs,
        /// Waits until the count is over here.
        #[arg(long)]
        wait: bool,
    },
    /// Shows how a count stands.
    Status {
        /// The count.
        count: String,
        /// Waits until it is over here.
        #[arg(long)]
        wait: bool,
    },
    /// Shows a count: terms, noise, what it reveals, what was told.
    Show {
        /// The count.
        count: String,
    },
    /// Shows all counts.
    List,
    /// Shows what was released, and what is left of which month: at a bank of its counts with other banks, at the hub of everyone's and of rounds.
    Ledger,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Number or name of the pilot.
    #[arg(long)]
    pilot: String,
    /// The two banks, by name or fingerprint.
    #[arg(long, num_args = 2, required = true, value_names = ["BANK", "BANK"])]
    banks: Vec<String>,
    /// Indicator types, separated by commas; all of the charter without it.
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
    /// Roles, separated by commas; all of the charter without it.
    #[arg(long, value_delimiter = ',')]
    roles: Vec<String>,
    /// Items of each bank at most; rounded up to a padded size, and filled up to it.
    #[arg(long)]
    items: u32,
    /// How long it lasts, within a week: both banks join within it.
    #[arg(long, default_value_t = 72)]
    hours: u32,
}

/// Carries out a command of `cwg count`.
pub(crate) async fn run(common: &Common, command: CountCommand, out: Output) -> Result<View, Problem> {
    let request = match command {
        CountCommand::Join { count, consent, wait } => return join(common, count, consent, wait, out).await,
        CountCommand::Open(OpenArgs { pilot, banks, types, roles, items, hours }) => {
            let banks = banks.try_into().map_err(|_| {
                Problem::new(Exit::Usage, "count-banks", "a count is of two banks", "give --banks and two names")
            })?;
            CountRequest::Open { pilot, banks, types, roles, items, secs: 3_600 * u64::from(hours) }
        }
        CountCommand::Status { count, wait: true } => CountRequest::Await { count },
        CountCommand::Status { count, wait: false } | CountCommand::Show { count } => CountRequest::Show { count },
        CountCommand::List => CountRequest::List,
        CountCommand::Ledger => CountRequest::Ledger,
    };
    ask(common, Request::Count { ask: request }).await
}

async fn join(common: &Common, count: String, consent: ConsentArgs, wait: bool, out: Output) -> Result<View, Problem> {
    let shown = ask(common, Request::Count { ask: CountRequest::Show { count: count.clone() } }).await?;
    let View::Count(view) = &shown else { return Err(problems::no_answer()) };
    let leakage = consented_to(consent, "Take part in this count", &view.leakage, || out.screen(&shown.screen()))?;
    let joined = ask(common, Request::Count { ask: CountRequest::Join { count: count.clone(), leakage } }).await?;
    if wait { ask(common, Request::Count { ask: CountRequest::Await { count } }).await } else { Ok(joined) }
}
