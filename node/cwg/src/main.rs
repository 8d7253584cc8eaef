//! `cwg`: the command of CWG Network. Arguments, drawing, and the daemon that wires the drivers to the engine.

#![forbid(unsafe_code)]

mod args;
mod bench;
mod book_set;
mod clocks;
mod commands;
mod config;
mod contents;
mod demo;
mod doctor;
mod entropy;
mod exchange;
mod gathered;
mod item_source;
mod lighthouse;
mod lines;
mod node;
mod operator_key;
mod outgoing;
mod output;
mod problems;
mod protocols;
mod psi;
mod rounds;
mod serve;
mod socket;
mod standing;
mod trace;
mod unlock;
mod work;

use std::process::ExitCode;

use clap::Parser as _;
use cwg_app::{Exit, Problem};

use crate::args::{Cli, Command, PsiCommand};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a usage error of our own table.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return ExitCode::from(exit.code());
        }
    };
    let out = Output::new(cli.common.json);
    let exit = start(cli, out).unwrap_or_else(|problem| {
        out.problem(&problem);
        problem.exit
    });
    ExitCode::from(exit.code())
}

fn start(cli: Cli, out: Output) -> Result<Exit, Problem> {
    let serve = match &cli.command {
        Command::Serve(args) => Some(args),
        _ => None,
    };
    serve::start_log(serve)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::new(Exit::Internal, "runtime", error.to_string(), problems::REPORT))?;
    let exit = runtime.block_on(async {
        // On a worker, where blocking calls can step aside.
        tokio::spawn(run(cli, out)).await.map_err(|_| problems::no_answer())?
    });
    // What is being read for a run is of no use any more, and may take minutes: nothing of it is to be kept.
    runtime.shutdown_background();
    exit
}

async fn run(cli: Cli, out: Output) -> Result<Exit, Problem> {
    match cli.command {
        Command::Demo(args) => demo::run(&args, out).await,
        Command::Serve(args) => serve::run(&cli.common, &args, out).await,
        Command::Psi(PsiCommand::Listen(args)) => psi::listen(&args, &out).await.map(|()| Exit::Ok),
        Command::Psi(PsiCommand::Connect(args)) => psi::connect(&args, &out).await.map(|()| Exit::Ok),
        Command::Bench(command) => bench::run(&command, out).await,
        Command::BenchSide => Ok(bench::run_side().await),
        Command::Protocols => protocols::show(out).map(|()| Exit::Ok),
        command => commands::run(&cli.common, command, out).await,
    }
}
