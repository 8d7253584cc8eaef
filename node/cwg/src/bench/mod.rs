//! `cwg bench`. `cwg bench psi` and `cwg bench lighthouse`: every protocol measured between two real processes, over QUIC, on made-up items.
//!
//! Each measurement starts this program twice (`side`). A side makes its items, says that it is ready and waits; both
//! are then released at once, so that what is measured is a session and nothing else: no file, no start of a program,
//! no making of items, no first seeding of the TLS library, which the start of the network sees to. What a side does
//! then is what `cwg psi` does. `link` describes a slower link, and `relay` is one.
//!
//! `cwg bench lookup` and `cwg bench round` measure a hub and members as they are shipped instead; `cwg bench collect` and `cwg bench
//! evaluate` the two parts of a round that compute the most, by themselves.

mod args;
mod collect;
mod evaluate;
mod gauge;
mod items;
mod link;
mod lookup;
mod pair;
mod plan;
mod planted;
mod relay;
mod report;
mod round;
mod side;

use cwg_app::{Exit, Problem};

pub(crate) use args::BenchCommand;
use args::Conditions;
use pair::Pair;
use plan::Measurement;
use relay::Relay;
use report::Row;
pub(crate) use side::run as run_side;

use crate::output::Output;
use crate::problems;

/// Measures what the arguments ask for.
pub(crate) async fn run(command: &BenchCommand, out: Output) -> Result<Exit, Problem> {
    let (plan, conditions) = match command {
        BenchCommand::Psi(args) => (plan::plan(args, &|text| out.note(text))?, &args.conditions),
        BenchCommand::Lighthouse(args) => (plan::lighthouse(args)?, &args.conditions),
        BenchCommand::Lookup(args) => return lookup::run(args, out),
        BenchCommand::Round(args) => return round::run(args, out),
        BenchCommand::Collect(args) => return collect::run(args, out),
        BenchCommand::Evaluate(args) => return evaluate::run(args, out),
    };
    let mut rows = Vec::with_capacity(plan.len());
    for measurement in &plan {
        rows.push(median_run(measurement, conditions, out).await?);
    }
    out.json_or(&rows, |out| report::draw(&rows, *out))?;
    Ok(Exit::Ok)
}

/// The run with the median wall time; of an even number the faster of the two in the middle.
async fn median_run(measurement: &Measurement, conditions: &Conditions, out: Output) -> Result<Row, Problem> {
    let mut rows = Vec::new();
    for number in 1..=conditions.repeat {
        out.note(&format!("{measurement}, {number} of {}", conditions.repeat));
        rows.push(run_once(measurement, conditions, out).await?);
    }
    rows.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
    Ok(rows.swap_remove((rows.len() - 1) / 2))
}

async fn run_once(measurement: &Measurement, conditions: &Conditions, out: Output) -> Result<Row, Problem> {
    let mut pair = Pair::start(measurement)?;
    let relay = match conditions.link {
        None => None,
        Some(link) => Some(Relay::start(link, pair.sender_address()).await.map_err(|error| problems::relay(&error))?),
    };
    pair.release(relay.as_ref().map(Relay::address))?;
    let (receiver, sender) = pair.figures()?;
    if !receiver.as_planted {
        return Err(problems::wrong_matches(measurement.protocol.name()));
    }
    for note in receiver.notes.iter().chain(&sender.notes).take(1) {
        out.note(note);
    }
    Ok(Row::of(measurement, &receiver, &sender))
}
