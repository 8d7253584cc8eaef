//! `cwg serve`: the daemon.

use cwg_app::{Exit, Problem};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Common, LogForm, ServeArgs};
use crate::config::NodeConfig;
use crate::node::{Node, Reach};
use crate::output::Output;
use crate::problems;
use crate::socket;
use crate::trace::Trace;
use crate::unlock::{Typed, Unlocking};

/// Runs the directory's node until it is told to stop.
pub(crate) async fn run(common: &Common, args: &ServeArgs, out: Output) -> Result<Exit, Problem> {
    let config = NodeConfig::read(&common.dir)?;
    let unlocking = Unlocking::find(common, &config, Typed::Known)?;
    let mut node =
        tokio::task::block_in_place(|| Node::open(&common.dir, unlocking.as_unlock(), config, Reach::Serving))?;
    drop(unlocking);
    if !node.online() {
        let hint = "make it a hub with `cwg hub init`, or a member with `cwg member init`";
        return Err(Problem::new(Exit::Configuration, "not-founded", "this directory holds no node yet", hint));
    }
    if let Some(path) = &args.trace {
        node.trace_to(Trace::create(path).map_err(|error| problems::cannot_write(path, &error))?);
    }
    let listening = socket::listen(&common.dir, node.outbox())?;
    match node.local_addr() {
        Some(address) => out.note(&format!("serving {} on UDP {address}", common.dir.display())),
        None => out.note(&format!("serving {}, dialing only", common.dir.display())),
    }
    let stopped = node.run(told_to_stop()).await;
    drop(listening);
    stopped.map(|()| Exit::Ok)
}

/// SIGTERM or SIGINT.
async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be heard");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The log: to standard error, and never an identifier.
pub(crate) fn start_log(args: Option<&ServeArgs>) -> Result<(), Problem> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CWG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(if args.is_some() { "info" } else { "warn" }));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match args.map(|args| args.log) {
        Some(LogForm::Json) => log.json().try_init(),
        _ => log.with_target(false).try_init(),
    };
    started.map_err(|error| Problem::new(Exit::Internal, "log", error.to_string(), problems::REPORT))
}
