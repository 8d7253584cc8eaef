//! `cwg bench lookup`: the standing comparison between a hub and a bank as they are shipped, over QUIC on loopback: a file is
//! evaluated, compared, and values are looked up one after the other, each from the question on the bank's socket to its answer.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cwg_app::view::View;
use cwg_app::{Exit, Problem, Request};
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::ClueId;
use serde::Serialize;

use super::args::BenchLookup;
use crate::demo::network::{Network, Sample, Traced, unexpected, until};
use crate::output::{Output, drawn};
use crate::problems;

/// What was measured. The names are what `--json` prints; seconds, milliseconds.
#[derive(Debug, Serialize)]
struct Figures {
    clues: u32,
    customers: u32,
    edition_s: f64,
    evaluate_s: f64,
    evaluated_per_s: f64,
    compare_s: f64,
    matches: u32,
    look_ups: u32,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

/// Starts the network, measures, and removes it.
pub(super) fn run(args: &BenchLookup, out: Output) -> Result<Exit, Problem> {
    let figures = tokio::task::block_in_place(|| measure(args, out))?;
    out.json_or(&figures, |out| draw(&figures, *out))?;
    Ok(Exit::Ok)
}

fn measure(args: &BenchLookup, out: Output) -> Result<Figures, Problem> {
    // Every second customer is in the release, as far as there are clues.
    let book: String = (0..args.customers).fold("mail,ref\n".to_owned(), |mut text, customer| {
        let _ = writeln!(text, "{},c{customer}", address(2 * customer));
        text
    });
    let samples = [("Bank A", book.as_bytes()), ("Bank B", &b"mail,ref\n"[..])];
    let samples = samples.map(|(name, file)| Sample { name, file, map: BOOK_MAP });
    let network = Network::start(&samples, CHARTER, Traced::No, |talk| out.note(talk))?;
    publish(&network, args.clues)?;
    let bank = &network.banks()[0];
    let (edition_s, ()) = timed(|| {
        network.hub_command(&["lighthouse", "edition", "publish"])?;
        until(DOWNLOADED_WITHIN, "an edition", || match bank.ask(&Request::StandingShow)? {
            View::Standing(view) => Ok(view.periods.iter().any(|period| period.release.is_some())),
            _ => Err(unexpected("periods")),
        })
    })?;
    let (pilot, path, map) = (CHARTER_NAME.to_owned(), bank.file(), bank.map());
    let evaluate = Request::Evaluate { pilot: pilot.clone(), path: path.clone(), map: map.clone() };
    let (evaluate_s, view) = timed(|| bank.ask(&evaluate))?;
    let View::Evaluation(evaluation) = view else { return Err(unexpected("an evaluation")) };
    let (compare_s, view) = timed(|| bank.ask(&Request::Compare { pilot: pilot.clone(), path, map }))?;
    let View::Run(run) = view else { return Err(unexpected("a run")) };
    let mut times = Vec::with_capacity(args.look_ups as usize);
    for number in 0..args.look_ups {
        // Half of them say something.
        let value = address(number % (2 * args.clues));
        let request = Request::LookUp { pilot: pilot.clone(), kind: "email".to_owned(), value };
        let (seconds, view) = timed(|| bank.ask(&request))?;
        let View::LookUp(found) = view else { return Err(unexpected("a look-up")) };
        if found.clues.is_empty() == (number % (2 * args.clues) < args.clues) {
            return Err(problems::wrong_matches("standing"));
        }
        times.push(1000.0 * seconds);
    }
    times.sort_by(f64::total_cmp);
    let at = |permille: usize| times[(times.len() * permille / 1000).min(times.len() - 1)];
    Ok(Figures {
        clues: args.clues,
        customers: args.customers,
        edition_s,
        evaluate_s,
        evaluated_per_s: evaluation.evaluated as f64 / evaluate_s,
        compare_s,
        matches: run.matches.unwrap_or(0),
        look_ups: args.look_ups,
        p50_ms: at(500),
        p90_ms: at(900),
        p99_ms: at(990),
        max_ms: at(1000),
    })
}

/// A release of clues on the first addresses, and a period.
fn publish(network: &Network, clues: u32) -> Result<(), Problem> {
    let source = (0..clues).fold("id,kind,value,first-seen\n".to_owned(), |mut text, number| {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&number.to_be_bytes());
        let id = ClueId::new(UnixTime(1_780_000_000), random);
        let _ = writeln!(text, "{id},email,{},2026-05-01", address(number));
        text
    });
    let (source, map) =
        (network.write("source.csv", source.as_bytes())?, network.write("source.toml", SOURCE_MAP.as_bytes())?);
    let passphrase = network.write("passphrase", b"correct horse battery staple\n")?;
    for person in ["Ann", "Ben"] {
        network.hub_command(&["operator", "add", person, "--operator-passphrase-file", &passphrase])?;
    }
    let as_person = |person: &str, args: &[&str]| {
        let rest = ["--operator", person, "--operator-passphrase-file", &passphrase];
        network.hub_command(&[&["lighthouse"], args, &rest].concat())
    };
    as_person("Ann", &["build", "--source", &source, &map])?;
    as_person("Ben", &["approve", "--yes"])?;
    network.hub_command(&["lighthouse", "publish"])?;
    network.hub_command(&["lighthouse", "period", "open", "--allowance", "67108864"])
}

fn address(number: u32) -> String {
    format!("invented.{number}@example.com")
}

fn timed<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<(f64, T), Problem> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed().as_secs_f64(), done))
}

fn draw(figures: &Figures, out: Output) {
    let headers = [
        "clues",
        "customers",
        "edition\ns",
        "evaluated\na second",
        "compared\ns",
        "matches",
        "p50\nms",
        "p90\nms",
        "p99\nms",
    ];
    let row = vec![
        figures.clues.to_string(),
        figures.customers.to_string(),
        format!("{:.1}", figures.edition_s),
        format!("{:.0}", figures.evaluated_per_s),
        format!("{:.2}", figures.compare_s),
        figures.matches.to_string(),
        format!("{:.2}", figures.p50_ms),
        format!("{:.2}", figures.p90_ms),
        format!("{:.2}", figures.p99_ms),
    ];
    out.line(&drawn(&headers.map(str::to_owned), &[row]));
}

const DOWNLOADED_WITHIN: Duration = Duration::from_secs(600);
const CHARTER_NAME: &str = "Look-ups";

const CHARTER: &str = r#"
name = "Look-ups"
purpose = "Measure the standing comparison"
legal_basis = "None: everything is invented"
members = ["Bank A", "Bank B"]
runs = ["lighthouse"]
learns = ["proposer"]
opens = 2020-01-01
closes = 2099-12-31
retention_days = 1
[budget]
items_per_session = 4096
sessions_per_day = 10
items_min = 10
[[indicators]]
type = "email"
roles = ["holder"]
"#;

const BOOK_MAP: &str = r#"format = "csv"
role = "holder"
reference = "ref"
[[columns]]
column = "mail"
type = "email"
"#;

const SOURCE_MAP: &str = r#"format = "csv"
expires_after_days = 3000
[source]
pseudonym = "invented-desk"
kind = "hotline"
[defaults]
typology = "sextortion"
grade = "B2"
confidence = "70"
caveats = "none"
"#;
