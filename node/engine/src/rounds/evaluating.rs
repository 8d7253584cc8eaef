//! A keyholder evaluates for members, within their allowances.

use cwg_crypto::Digest;
use cwg_protocol::NodeKey;
use cwg_protocol::charter::{Body, Charter};
use cwg_protocol::psi::JobOutput;
use cwg_protocol::round::evaluate::{Allowance, BatchName, EvaluateAsk, EvaluateRefusal, Keyholder};
use cwg_protocol::round::{EvaluateRefused, RoundMessage};

use super::state::HeldShare;
use super::{Broken, JobOf};
use crate::Engine;
use crate::io::CloseCode;
use crate::record::Entry;

/// Elements of each kind that are evaluated for one member under one key of a pilot.
pub(super) fn allowance_of(charter: &Charter) -> u64 {
    let Body { budget, rounds, .. } = charter.body();
    let times = rounds.as_ref().map_or(0, |rules| rules.rounds_per_key);
    u64::from(budget.items_per_session) * u64::from(times)
}

impl Engine {
    pub(super) fn on_evaluate_ask(&mut self, from: NodeKey, ask: EvaluateAsk) -> Result<(), Broken> {
        let (terms, batch) = (ask.terms, ask.batch);
        // Asked for again, over another connection, while it is being evaluated: bounds the work for one member.
        if self.rounds.evaluating.contains(&(from, terms, batch)) {
            return Ok(());
        }
        let Some(keyholder) = self.keyholder_of(terms) else {
            self.refuse_batch(from, terms, batch, EvaluateRefusal::OtherTerms);
            return Ok(());
        };
        let (keyholder, charter) = keyholder;
        let (seed, now) = (self.fresh_seed("evaluation"), self.now.wall);
        let pilot = charter.body().pilot;
        let most = allowance_of(&charter);
        let allowance = self.rounds.allowances.entry(pilot).or_insert_with(|| Allowance::new(most));
        match keyholder.on_ask(allowance, now, from, ask, seed) {
            Ok(Ok(evaluation)) => {
                // A crash must not give elements back.
                if let Some(charge) = evaluation.charge {
                    self.commit(Entry::RoundCharged { pilot, charge });
                }
                self.rounds.evaluating.insert((from, terms, batch));
                self.compute_for_rounds(JobOf::Evaluating { to: from, terms, batch }, evaluation.job);
                Ok(())
            }
            Ok(Err(refusal)) => {
                self.refuse_batch(from, terms, batch, refusal);
                Ok(())
            }
            Err(violation) => Err(violation.code()),
        }
    }

    /// This node as a keyholder of the round with these terms.
    fn keyholder_of(&self, terms: Digest) -> Option<(Keyholder, Charter)> {
        let mut rounds = self.state.rounds().rounds().values();
        // Until the time of evaluations is over, whatever became of this node's own part.
        let known = rounds.find(|known| known.terms.digest() == terms)?;
        let pilot = known.terms.body().pilot;
        let share = self.state.rounds().keys().get(&pilot).and_then(HeldShare::share)?;
        let charter = self.state.pilots().get(&pilot)?.charter.clone();
        Some((Keyholder::new(known.terms.clone(), &share)?, charter))
    }

    fn refuse_batch(&mut self, to: NodeKey, terms: Digest, batch: BatchName, refusal: EvaluateRefusal) {
        self.commit(Entry::Refused { peer: Some(to), code: refusal.code().into() });
        self.tell(to, RoundMessage::EvaluateRefused(EvaluateRefused { terms, batch, refusal }));
    }

    pub(super) fn on_evaluated_batch(&mut self, to: NodeKey, terms: Digest, batch: BatchName, output: JobOutput) {
        self.rounds.evaluating.remove(&(to, terms, batch));
        match Keyholder::answer(output) {
            Ok(answer) => self.tell(to, RoundMessage::EvaluateAnswer(answer)),
            Err(violation) => match self.ready_conn(to) {
                Some((conn, _)) => self.refuse(conn, CloseCode::Violation, violation.code()),
                None => self.commit(Entry::Refused { peer: Some(to), code: violation.code().into() }),
            },
        }
    }
}
