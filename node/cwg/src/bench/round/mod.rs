//! `cwg bench round`: a hub and members as they are shipped, over QUIC on loopback, from the consent of every member to what each
//! has found.
//!
//! Nodes write down when each frame, job and line of the log was ([`crate::trace`]); [`spans`] reads phases, processor time and
//! traffic off that. Nothing is timed by asking: whoever asks waits as long as a question takes.

mod report;
mod spans;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cwg_app::view::{RoundView, View};
use cwg_app::{Exit, Problem, Request, RoundTerms, TypeItems};
use cwg_protocol::round::limits::{EVALUATION_BATCH, UPLOADS_SPARE};

use super::args::BenchRound;
use super::evaluate::Holders;
use super::gauge;
use super::planted;
use crate::clocks;
use crate::demo::held;
use crate::demo::network::{Bank, Daemon, Network, Sample, Traced, unexpected};
use crate::output::Output;
use crate::problems;
use crate::trace::Event;
use report::Figures;
use spans::{Role, Traces};

/// Holds the rounds, and shows what they took.
pub(super) fn run(args: &BenchRound, out: Output) -> Result<Exit, Problem> {
    let figures = tokio::task::block_in_place(|| measure(args, out))?;
    out.json_or(&figures, |out| report::draw(&figures, *out))?;
    Ok(Exit::Ok)
}

/// The round with the median busy time for each threshold; of an even number the faster of the two in the middle.
fn measure(args: &BenchRound, out: Output) -> Result<Vec<Figures>, Problem> {
    if let Some(threshold) = args.thresholds.iter().find(|threshold| **threshold + UPLOADS_SPARE > args.members) {
        return Err(problems::too_few_members(*threshold, args.members));
    }
    let keyholders = args.keyholders.min(args.members);
    let holders = Holders::new(keyholders, args.evaluators)?;
    let mut evaluate_secs = match args.evaluate {
        Some(seconds) => seconds,
        None => seems_to_need(args, &holders)?,
    };
    let lists = planted::lists(args.members, args.items);
    let network = start(args, &lists, out)?;
    held::make_key(&network, keyholders, args.evaluators)?;
    let mut figures = Vec::new();
    for threshold in &args.thresholds {
        let expected = planted::held_by(*threshold, &lists);
        let mut rounds = Vec::new();
        for number in 1..=args.repeat {
            out.note(&format!("k = {threshold}, {number} of {}, {evaluate_secs} s to evaluate", args.repeat));
            let round = hold(&network, terms(args, *threshold, evaluate_secs, &network), &expected)?;
            if args.evaluate.is_none() {
                evaluate_secs = (1.5 * round.evaluation_s).ceil() as u64 + EVALUATE_SPARE_SECS;
            }
            rounds.push(round);
        }
        rounds.sort_by(|a, b| a.busy_s.total_cmp(&b.busy_s));
        figures.push(rounds.swap_remove((rounds.len() - 1) / 2));
    }
    network.stop();
    Ok(figures)
}

/// Seconds for the evaluation of all items, about, with as much again for what else this machine does.
fn seems_to_need(args: &BenchRound, holders: &Holders) -> Result<u64, Problem> {
    let of_batch = holders.costs(1)?.wall_s();
    let batches = f64::from(args.items.div_ceil(EVALUATION_BATCH)) * f64::from(args.members);
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    Ok((2.0 * batches * of_batch / cores).ceil() as u64 + EVALUATE_SPARE_SECS)
}

/// A hub and members that have loaded their lists.
fn start(args: &BenchRound, lists: &[BTreeSet<u32>], out: Output) -> Result<Network, Problem> {
    let names: Vec<String> = (1..=args.members).map(|number| format!("Bank {number}")).collect();
    let files: Vec<String> = lists.iter().map(file_of).collect();
    let of_bank = names.iter().zip(&files);
    let samples: Vec<Sample<'_>> =
        of_bank.map(|(name, file)| Sample { name, file: file.as_bytes(), map: MAP }).collect();
    let network = Network::start(&samples, &charter(args, &names), Traced::Yes, |talk| out.note(talk))?;
    for bank in network.banks() {
        let load = Request::IndicatorsLoad { path: bank.file(), map: bank.map() };
        let View::LoadReport(report) = bank.ask(&load)? else { return Err(unexpected("a load")) };
        if report.items != Some(args.items.into()) {
            return Err(unexpected("a load of every item"));
        }
    }
    Ok(network)
}

/// The terms of a round: steps that end when everything is there have time enough, and only the end of evaluations is waited for.
fn terms(args: &BenchRound, threshold: u8, evaluate_secs: u64, network: &Network) -> RoundTerms {
    RoundTerms {
        pilot: network.banks()[0].pilot().to_owned(),
        threshold,
        types: vec![TypeItems { kind: "email".to_owned(), items: args.items }],
        uploads: args.members,
        evaluate_secs,
        claim_secs: 120,
        upload_secs: 3600,
        stall_secs: 600,
        beat_secs: 1,
        answer_secs: 600,
        turns: 4,
        rooms: 0,
        interval_secs: 1,
        posts: 1,
        free_text: false,
        count: false,
    }
}

/// Holds one round, compares what every member found with what it should have, and reads off what it took.
fn hold(network: &Network, terms: RoundTerms, expected: &[BTreeSet<u32>]) -> Result<Figures, Problem> {
    let (threshold, items) = (terms.threshold, terms.types[0].items);
    let nodes: Vec<&Daemon> = network.banks().iter().map(Bank::daemon).chain([network.hub()]).collect();
    let peaks_are_of_round = nodes.iter().all(|node| gauge::set_peak_back(&node.number()));
    let since = clocks::monotonic();
    let ends = held::hold(network, terms)?;
    let round = &ends[0].round;
    for ((bank, end), expected) in network.banks().iter().zip(&ends).zip(expected) {
        if let Some(end) = &end.end {
            return Err(problems::round_ended(&end.problem, &end.code));
        }
        if found(bank, round)? != *expected {
            return Err(problems::wrong_matches("the round"));
        }
    }
    let peaks = nodes.iter().map(|node| gauge::peak_of(&node.number()).filter(|_| peaks_are_of_round)).collect();
    let roles = roles(network, &held::at_hub(network, round)?);
    let traces = nodes.iter().map(|node| Event::read(&node.trace()?).ok_or_else(|| unexpected("a trace")));
    let traces = Traces::new(traces.collect::<Result<_, _>>()?, roles, since);
    let found = expected.iter().map(BTreeSet::len).sum();
    traces
        .and_then(|traces| Figures::of(&traces, peaks, (threshold, items), found))
        .ok_or_else(|| unexpected("a trace"))
}

/// What each node was, in the order of the banks, the hub last.
fn roles(network: &Network, round: &RoundView) -> Vec<Role> {
    let relay = round.turns.last().map(|turn| &turn.relay);
    let of = |bank: &Bank| match bank {
        bank if relay == Some(&bank.name) => Role::Relay,
        bank if round.keyholders.contains(&bank.name) => Role::Keyholder,
        _ => Role::Member,
    };
    network.banks().iter().map(of).chain([Role::Hub]).collect()
}

/// The numbers whose items a bank has found.
fn found(bank: &Bank, round: &str) -> Result<BTreeSet<u32>, Problem> {
    let number = |canonical: &str| canonical.strip_prefix("invented.")?.strip_suffix("@example.com")?.parse().ok();
    let matches = bank.matches(round)?;
    matches.iter().map(|found| number(&found.canonical).ok_or_else(|| unexpected("an item of the file"))).collect()
}

fn file_of(list: &BTreeSet<u32>) -> String {
    list.iter().fold("mail\n".to_owned(), |mut text, number| {
        let _ = writeln!(text, "invented.{number}@example.com");
        text
    })
}

fn charter(args: &BenchRound, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let rounds = args.repeat * args.thresholds.len() as u32;
    let keyholders = &names[..args.keyholders.min(args.members).into()];
    CHARTER
        .replace("MEMBERS", &names.join(", "))
        .replace("KEYHOLDERS", &keyholders.join(", "))
        .replace("EVALUATORS", &args.evaluators.to_string())
        .replace("UPLOADS", &(2 + UPLOADS_SPARE).to_string())
        .replace("ROUNDS", &rounds.to_string())
        .replace("ITEMS", &args.items.max(10).to_string())
}

/// For what is not evaluation: joining, batches on their way.
const EVALUATE_SPARE_SECS: u64 = 10;

const CHARTER: &str = r#"
name = "Rounds"
purpose = "Measure rounds"
legal_basis = "None: everything is invented"
members = [MEMBERS]
runs = ["round"]
learns = ["proposer"]
opens = 2020-01-01
closes = 2099-12-31
retention_days = 1
[budget]
items_per_session = ITEMS
sessions_per_day = 10
items_min = 10
[rounds]
keyholders = [KEYHOLDERS]
threshold = EVALUATORS
uploads_min = UPLOADS
rounds_per_key = ROUNDS
[[indicators]]
type = "email"
roles = ["holder"]
"#;

const MAP: &str = r#"format = "csv"
role = "holder"
[[columns]]
column = "mail"
type = "email"
"#;
