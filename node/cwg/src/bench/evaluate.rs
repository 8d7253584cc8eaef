//! `cwg bench evaluate`: what keyholders and members of a round compute of the shared function, on one thread.

use cwg_app::{Exit, Problem};
use cwg_crypto::threshold::{Ceremony, Dealer, Partial, Receiver, Share, SharedKey, combine, input, settle};
use cwg_crypto::voprf::{Blinding, Proof, evaluate};
use cwg_crypto::{Digest, Seed};
use cwg_protocol::round::limits::EVALUATION_BATCH;
use serde::Serialize;

use super::args::BenchEvaluate;
use super::gauge::Stopwatch;
use crate::output::{Output, drawn};
use crate::{entropy, problems};

/// What was measured. The names are what `--json` prints; elements a second of processor time of one thread.
#[derive(Debug, Serialize)]
struct Figures {
    keyholders: u8,
    evaluators: u8,
    batch: u32,
    batches: u32,
    evaluated_per_s: f64,
    blinded_per_s: f64,
    joined_per_s: f64,
    member_per_s: f64,
    wall_s: f64,
    cpu_s: f64,
}

/// Time that a number of batches took.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// Blinding at a member.
    pub(super) blind: Stopwatch,
    /// Evaluations with their proofs, at all of the keyholders that are asked.
    pub(super) evaluate: Stopwatch,
    /// Verifying, joining and finalizing at a member.
    pub(super) join: Stopwatch,
}

/// A key that several hold, all of them here.
pub(super) struct Holders {
    key: SharedKey,
    /// As many shares as it takes.
    shares: Vec<Share>,
}

/// Measures, and shows it.
pub(super) fn run(args: &BenchEvaluate, out: Output) -> Result<Exit, Problem> {
    let holders = Holders::new(args.keyholders, args.evaluators)?;
    let costs = tokio::task::block_in_place(|| holders.costs(args.batches))?;
    let elements = f64::from(args.batches) * f64::from(EVALUATION_BATCH);
    let per_s = |elements: f64, seconds: f64| elements / seconds;
    let (blind, evaluated, join) = (costs.blind.cpu_s(), costs.evaluate.cpu_s(), costs.join.cpu_s());
    let figures = Figures {
        keyholders: args.keyholders,
        evaluators: args.evaluators,
        batch: EVALUATION_BATCH,
        batches: args.batches,
        evaluated_per_s: per_s(f64::from(args.evaluators) * elements, evaluated),
        blinded_per_s: per_s(elements, blind),
        joined_per_s: per_s(elements, join),
        member_per_s: per_s(elements, blind + join),
        wall_s: costs.wall_s(),
        cpu_s: blind + evaluated + join,
    };
    out.json_or(&figures, |out| draw(&figures, *out))?;
    Ok(Exit::Ok)
}

impl Holders {
    /// A key of so many holders, of whom so many evaluate: a whole ceremony.
    pub(super) fn new(holders: u8, threshold: u8) -> Result<Self, Problem> {
        let seed = entropy::seed()?;
        let cannot = |_| problems::not_so_many_holders(holders, threshold);
        let ceremony = Ceremony::new_key(Digest::from_bytes([0; 32]), holders, threshold).map_err(cannot)?;
        let all: Vec<_> = ceremony.receivers().collect();
        let fork = |part: &str, number: u8| seed.fork(part, number.into());
        let (mut receivers, mut dealers) = (Vec::new(), Vec::new());
        for at in all {
            let receiver = Receiver::new(&ceremony, at, fork("receive", at.number()));
            receivers.push(receiver.expect("an index of the ceremony"));
            dealers.push(Dealer::new(&ceremony, at, fork("deal", at.number())).expect("an index of the ceremony"));
        }
        let keys: Vec<_> = receivers.iter().map(Receiver::key).collect();
        let pledges: Vec<_> = dealers.iter().map(Dealer::pledge).collect();
        let deal = |dealer: Dealer| dealer.deal(&ceremony, &keys).expect("there is a key of each receiver");
        let dealings: Vec<_> = dealers.into_iter().map(deal).collect();
        let settled = settle(&ceremony, &keys, &pledges, &dealings, &[]).expect("everyone dealt well");
        let finish = |receiver: Receiver| receiver.finish(&ceremony, &settled, &dealings).expect("dealings are sound");
        let shares = receivers.into_iter().take(threshold.into()).map(finish).collect();
        Ok(Self { key: settled.key, shares })
    }

    /// What so many batches take, each asked of as many keyholders as it takes.
    pub(super) fn costs(&self, batches: u32) -> Result<Costs, Problem> {
        let (seed, group) = (entropy::seed()?, self.key.group());
        let mut costs = Costs::default();
        for batch in 0..batches {
            let seed = seed.fork("batch", batch.into());
            let item = |number: u32| *seed.fork("item", number.into()).into_secret().expose();
            let inputs: Vec<_> = (0..EVALUATION_BATCH).map(|number| input(&group, &item(number))).collect();
            let blinding = costs.blind.time(|| Blinding::of(&inputs, seed.fork("blind", 0)));
            let blinding = blinding.expect("a batch is within its limit");
            let answers = costs.evaluate.time(|| self.answers(&blinding, &seed));
            let partials: Vec<_> = self
                .shares
                .iter()
                .zip(&answers)
                .map(|(share, (evaluated, proof))| Partial { index: share.index(), evaluated, proof })
                .collect();
            let outputs = costs.join.time(|| combine(blinding, &inputs, &partials, &self.key));
            let outputs = outputs.unwrap_or_else(|(error, _)| panic!("honest answers join: {error}"));
            assert_eq!(outputs.len(), inputs.len());
        }
        Ok(costs)
    }

    fn answers(&self, blinding: &Blinding, seed: &Seed) -> Vec<(Vec<[u8; 32]>, Proof)> {
        let answer = |share: &Share| {
            let seed = seed.fork("prove", share.index().number().into());
            evaluate(&share.evaluation_key(), blinding.blinded(), seed).expect("blinded elements are elements")
        };
        self.shares.iter().map(answer).collect()
    }
}

impl Costs {
    /// Seconds of the clock on the wall.
    pub(super) fn wall_s(&self) -> f64 {
        [&self.blind, &self.evaluate, &self.join].iter().map(|part| part.wall_s()).sum()
    }
}

fn draw(figures: &Figures, out: Output) {
    let headers = [
        "keyholders",
        "evaluations a second and core\nkeyholder, with proof",
        "member:\nblinded",
        "member: verified,\njoined, finalized",
        "member:\nboth",
    ];
    let row = vec![
        format!("{} of {}", figures.evaluators, figures.keyholders),
        format!("{:.0}", figures.evaluated_per_s),
        format!("{:.0}", figures.blinded_per_s),
        format!("{:.0}", figures.joined_per_s),
        format!("{:.0}", figures.member_per_s),
    ];
    out.line(&drawn(&headers.map(str::to_owned), &[row]));
}
