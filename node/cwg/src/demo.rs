//! `cwg demo`: a hub and five banks as real processes over real QUIC, on sample files with planted truth. Three compare in pairs, all five hold
//! a round.
//!
//! Everything the banks do goes through their own daemons, as a person's commands would. The people, accounts and
//! wallets in the samples are invented.

pub(crate) mod held;
pub(crate) mod network;
mod round;

use std::collections::{BTreeMap, BTreeSet};

use cwg_app::view::RunView;
use cwg_app::{Exit, Problem, Request, View, WhoLearns};
use serde::{Deserialize, Serialize};

use crate::args::DemoArgs;
use crate::output::{Output, drawn};
use network::{Bank, Network, Sample, Traced};

/// Those who compare in pairs have a file of customers.
const SAMPLES: [Sample<'_>; 5] = [
    Sample {
        name: "Bank A",
        file: include_bytes!("../../app/samples/bank-a.csv"),
        map: include_str!("../../app/samples/bank-a.map.toml"),
    },
    Sample {
        name: "Bank B",
        file: include_bytes!("../../app/samples/bank-b.csv"),
        map: include_str!("../../app/samples/bank-b.map.toml"),
    },
    Sample {
        name: "Bank C",
        file: include_bytes!("../../app/samples/bank-c.csv"),
        map: include_str!("../../app/samples/bank-c.map.toml"),
    },
    Sample { name: "Bank D", file: b"", map: "" },
    Sample { name: "Bank E", file: b"", map: "" },
];

/// Banks that compare in pairs.
const OF_PAIRS: usize = 3;

const TRUTH: &str = include_str!("../../app/samples/truth.json");

const CHARTER: &str = include_str!("demo/charter.toml");

/// Who proposes to whom, and who learns: the charter allows the proposer, or both.
const RUNS: [(usize, usize, WhoLearns); 3] = [(0, 1, WhoLearns::Both), (0, 2, WhoLearns::Us), (1, 2, WhoLearns::Us)];

/// What the samples plant: for each pair of files, what both hold.
#[derive(Deserialize)]
struct Truth {
    common: BTreeMap<String, BTreeSet<Fact>>,
}

/// One identifier in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Fact {
    #[serde(rename = "type")]
    kind: String,
    canonical: String,
}

/// What one side of one run came to.
#[derive(Debug, Serialize)]
struct Line {
    member: String,
    with: String,
    learns: bool,
    own_items_shown_as: u32,
    matches: usize,
    planted: usize,
    true_to_plan: bool,
}

/// What the demo found.
#[derive(Debug, Serialize)]
struct Report {
    runs: Vec<Line>,
    round: round::Report,
    truth_met: bool,
}

/// Runs the demo. Exits with "no" if what was learnt is not what was planted.
pub(crate) async fn run(args: &DemoArgs, out: Output) -> Result<Exit, Problem> {
    let talk = |text: &str| out.note(text);
    talk("starting a hub and five banks, each a process with a directory and keys of its own");
    let mut network = Network::start(&SAMPLES, CHARTER, Traced::No, talk)?;
    for bank in &network.banks()[..OF_PAIRS] {
        let View::LoadReport(load) = bank.ask(&Request::IndicatorsLoad { path: bank.file(), map: bank.map() })? else {
            return Err(network::unexpected("a load"));
        };
        let refused: Vec<String> =
            load.refusals.iter().map(|refusal| format!("{} {}", refusal.count, refusal.code)).collect();
        talk(&format!(
            "{}: {} rows read; {} taken as they are, {} repaired, {} refused ({}); {} items",
            bank.name,
            load.rows,
            load.rows_accepted,
            load.rows_repaired,
            load.rows_refused,
            refused.join(", "),
            load.items.unwrap_or_default(),
        ));
    }
    let truth: Truth = serde_json::from_str(TRUTH).map_err(|_| network::unexpected("the planted truth"))?;
    let mut runs = Vec::new();
    for (from, to, learns) in RUNS {
        let (proposer, acceptor) = (&network.banks()[from], &network.banks()[to]);
        talk(&format!("{} and {} compare, {}", proposer.name, acceptor.name, words(learns)));
        let run = proposer.run_with(&acceptor.name, learns)?;
        let planted = truth.planted(proposer, acceptor)?;
        runs.push(side(proposer, acceptor, &run, true, planted)?);
        let View::Run(other) = acceptor.ask(&Request::RunAwait { run: run.run.clone() })? else {
            return Err(network::unexpected("a run"));
        };
        runs.push(side(acceptor, proposer, &other, learns == WhoLearns::Both, planted)?);
    }
    let round = round::run(&mut network, talk)?;
    let truth_met = runs.iter().all(|line| line.true_to_plan) && round.is_true_to_plan();
    let report = Report { runs, round, truth_met };
    out.json_or(&report, |out| draw(&report, *out))?;
    if args.keep {
        talk(&format!("kept in {}", network.keep().display()));
    } else {
        network.stop();
    }
    Ok(if report.truth_met { Exit::Ok } else { Exit::No })
}

fn words(learns: WhoLearns) -> &'static str {
    match learns {
        WhoLearns::Both => "both learn",
        WhoLearns::Us => "the first learns, the second does not",
        WhoLearns::Them => "the second learns, the first does not",
    }
}

impl Truth {
    fn planted(&self, first: &Bank, second: &Bank) -> Result<&BTreeSet<Fact>, Problem> {
        let mut names = [first.slug(), second.slug()];
        names.sort_unstable();
        self.common.get(&names.join(" ")).ok_or_else(|| network::unexpected("the planted truth"))
    }
}

/// Compares what a side holds after a run with what was planted.
fn side(bank: &Bank, with: &Bank, run: &RunView, learns: bool, planted: &BTreeSet<Fact>) -> Result<Line, Problem> {
    let found: BTreeSet<Fact> = bank
        .matches(&run.run)?
        .into_iter()
        .map(|found| Fact { kind: found.kind, canonical: found.canonical })
        .collect();
    let expected = if learns { planted.clone() } else { BTreeSet::new() };
    Ok(Line {
        member: bank.name.clone(),
        with: with.name.clone(),
        learns,
        own_items_shown_as: run.own_items_padded.unwrap_or_default(),
        matches: found.len(),
        planted: planted.len(),
        true_to_plan: found == expected && run.phase == "sealed" && run.matches.is_some() == learns,
    })
}

fn draw(report: &Report, out: Output) {
    let headers = ["member", "compared with", "learnt", "could not learn", "planted truth"];
    let rows: Vec<Vec<String>> = report
        .runs
        .iter()
        .map(|line| {
            let learnt = if line.learns {
                format!("{} of its own items that both hold", line.matches)
            } else {
                "nothing: it was not to learn".to_owned()
            };
            let could_not = if line.learns {
                format!("anything about the other items of {}, but their number, rounded", line.with)
            } else {
                format!("which, or how many, of its items {} found", line.with)
            };
            let verdict = match (line.true_to_plan, line.learns) {
                (true, true) => format!("{} planted, all found, none besides", line.planted),
                (true, false) => "nothing stored, as it should be".to_owned(),
                (false, _) => format!("NOT MET: {} planted, {} found", line.planted, line.matches),
            };
            vec![line.member.clone(), line.with.clone(), learnt, could_not, verdict]
        })
        .collect();
    out.line(&drawn(&headers.map(str::to_owned), &rows));
    out.line("");
    draw_round(&report.round, out);
    out.line(if report.truth_met {
        "The planted truth is met: every run and the round found exactly what they should, and nobody read what is not theirs."
    } else {
        "The planted truth is NOT met."
    });
    out.line("Guessing is not prevented: a bank that loads identifiers it merely guessed learns whether the other holds them;");
    out.line("charters, budgets and the audit bound that, and `cwg protocols` says what else is not protected.");
}

fn draw_round(report: &round::Report, out: Output) {
    out.line("The round: payees that at least three of five banks have. Nobody learns which banks.");
    let headers = ["member", "payees", "learnt", "planted truth"];
    let rows: Vec<Vec<String>> = report
        .members
        .iter()
        .map(|line| {
            let verdict = if line.true_to_plan { "all found, none besides" } else { "NOT MET" };
            let learnt = format!("{} of them are held by three or more", line.found);
            vec![line.member.clone(), line.payees.to_string(), learnt, format!("{} planted, {verdict}", line.planted)]
        })
        .collect();
    out.line(&drawn(&headers.map(str::to_owned), &rows));
    out.line("");
    out.line("Said in the room of one payee, as its three holders read it:");
    for (writer, says) in &report.room.said {
        out.line(&format!("  {writer}  {says}"));
    }
    out.line(&format!("Read of it by a bank without the payee: {} posts", report.room.read_by_others));
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "nothing".to_owned());
    out.line(&format!(
        "Revealed after two approvals on each side: {} to the one who asked, {} to the one who was asked",
        named(&report.reveal.to_requester),
        named(&report.reveal.to_asked)
    ));
    out.line("");
}
