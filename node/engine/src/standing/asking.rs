//! A member's evaluations: a batch of items is blinded, sent, checked and unblinded; its outputs are the answer to a command.
//!
//! Who asks sees to it that no more than [`ASKED_MAX`] batches wait. What a lost connection takes with it is asked for again over
//! the next; the hub charges it again, and what was charged is spent.

use cwg_protocol::PilotId;
use cwg_protocol::lighthouse::standing::{BlindedItems, Period, blinding, outputs};
use cwg_protocol::psi::{Job, JobOutput};
use cwg_protocol::wire::limits::{EVALUATION_BATCH_MAX, EVALUATIONS_PER_PEER_MAX};
use cwg_protocol::wire::{Evaluate, EvaluateRefused, Evaluated, Message};

use crate::Engine;
use crate::command::{EvaluationBatch, Refusal, Reply};
use crate::io::{CloseCode, ConnId, Effect, Ticket};
use crate::limits::{ASKED_MAX, EVALUATE_WITHIN_MS, LARGE_BATCH, LARGE_BATCHES_MAX};
use crate::record::Entry;

/// A batch on its way.
pub(super) struct Asked {
    /// The command that it answers.
    ticket: Ticket,
    pilot: PilotId,
    period: Period,
    items: usize,
    stage: Stage,
    deadline_ms: u64,
}

/// What a batch awaits.
enum Stage {
    Blinding,
    /// Its turn, or a connection.
    Turn(BlindedItems),
    Evaluation(ConnId, BlindedItems),
    /// The check of the proof.
    Finishing(ConnId),
}

impl Engine {
    pub(super) fn evaluate(&mut self, ticket: Ticket, batch: EvaluationBatch) -> Result<(), Refusal> {
        let own = self.member()?.node();
        if !self.config.online {
            return Err(Refusal::Offline);
        }
        let EvaluationBatch { pilot, period, items } = batch;
        self.state.standing().periods().get(&period).ok_or(Refusal::UnknownPeriod)?;
        self.lighthouse_allowed(pilot, own).ok_or(Refusal::NotAllowed("a comparison with releases now"))?;
        if items.is_empty() || items.len() > EVALUATION_BATCH_MAX {
            return Err(Refusal::BatchLen);
        }
        if self.standing.asked.len() >= ASKED_MAX {
            return Err(Refusal::UnderWay);
        }
        self.standing.numbers = self.standing.numbers.wrapping_add(1);
        let number = self.standing.numbers;
        let deadline_ms = self.now.mono_ms + EVALUATE_WITHIN_MS;
        let count = items.len();
        let asked = Asked { ticket, pilot, period, items: count, stage: Stage::Blinding, deadline_ms };
        self.standing.asked.insert(number, asked);
        let seed = self.fresh_seed("blinding");
        self.compute_for(number, blinding(items, seed));
        // While it is blinded, and durable before anything of it is sent: who looked at whom is asked of a bank, too.
        let items = u32::try_from(count).expect("a batch is bounded");
        self.commit(Entry::EvaluationAsked { pilot, period, items });
        Ok(())
    }

    fn compute_for(&mut self, number: u32, job: Job) {
        let ticket = self.ticket();
        self.standing.jobs.insert(ticket, number);
        self.push(Effect::Compute(ticket, job));
    }

    pub(super) fn on_asked_computed(&mut self, number: u32, output: JobOutput) {
        let Some(asked) = self.standing.asked.get_mut(&number) else { return };
        if let Stage::Blinding = asked.stage {
            asked.stage = Stage::Turn(BlindedItems::of(output));
            return self.send_asked();
        }
        let asked = self.standing.asked.remove(&number).expect("looked up above");
        let Stage::Finishing(conn) = asked.stage else { unreachable!("two stages have a job") };
        match outputs(output) {
            Ok(outputs) => self.reply(asked.ticket, Ok(Reply::Evaluated(outputs))),
            Err(violation) => {
                self.reply(asked.ticket, Err(Refusal::HubFault(violation.code().into())));
                self.refuse(conn, CloseCode::Violation, violation.code());
            }
        }
        self.send_asked();
    }

    /// Sends what waits for its turn. Small batches pass large ones: a look-up does not wait for a book.
    pub(super) fn send_asked(&mut self) {
        let Some(hub) = self.state.hub() else { return };
        let Some((conn, _)) = self.ready_conn(hub) else { return };
        let asked = &self.standing.asked;
        let sent = |asked: &&Asked| matches!(asked.stage, Stage::Evaluation(..));
        let mut room = EVALUATIONS_PER_PEER_MAX - asked.values().filter(sent).count();
        let large = asked.values().filter(sent).filter(|asked| asked.items > LARGE_BATCH).count();
        let mut room_for_large = LARGE_BATCHES_MAX.saturating_sub(large);
        let mut messages = Vec::new();
        for (number, asked) in &mut self.standing.asked {
            let is_large = asked.items > LARGE_BATCH;
            if room == 0 || (is_large && room_for_large == 0) || !matches!(asked.stage, Stage::Turn(_)) {
                continue;
            }
            let Stage::Turn(blinded) = core::mem::replace(&mut asked.stage, Stage::Blinding) else { continue };
            let elements = blinded.elements();
            asked.stage = Stage::Evaluation(conn, blinded);
            let Asked { period, pilot, .. } = *asked;
            messages.push(Message::Evaluate(Evaluate { period, pilot, number: *number, elements }));
            room -= 1;
            room_for_large -= usize::from(is_large);
        }
        for message in messages {
            self.send(conn, &message);
        }
    }

    pub(super) fn on_evaluated(&mut self, conn: ConnId, answer: Evaluated) {
        let number = answer.number;
        // An answer to what we have given up is no fault of the hub's.
        let Some(asked) = self.standing.asked.get_mut(&number) else { return };
        match core::mem::replace(&mut asked.stage, Stage::Finishing(conn)) {
            Stage::Evaluation(on, blinded) if on == conn => {
                asked.deadline_ms = u64::MAX;
                let Some(period) = self.state.standing().periods().get(&asked.period) else { return };
                let public = period.body().public;
                self.compute_for(number, blinded.finishing(answer, public));
                self.send_asked();
            }
            stage => {
                asked.stage = stage;
                self.refuse(conn, CloseCode::Violation, "unawaited-batch");
            }
        }
    }

    pub(super) fn on_evaluate_refused(&mut self, conn: ConnId, refused: EvaluateRefused) {
        let awaited = self.standing.asked.get(&refused.number);
        if awaited.is_some_and(|asked| matches!(asked.stage, Stage::Evaluation(on, _) if on == conn)) {
            let asked = self.standing.asked.remove(&refused.number).expect("looked up above");
            let EvaluateRefused { code, left, .. } = refused;
            self.reply(asked.ticket, Err(Refusal::NotEvaluated { code, left }));
            self.send_asked();
        }
    }

    /// A connection went: what was asked for over it waits for the next.
    pub(super) fn ask_later(&mut self, conn: ConnId) {
        for asked in self.standing.asked.values_mut() {
            if matches!(asked.stage, Stage::Evaluation(on, _) if on == conn)
                && let Stage::Evaluation(_, blinded) = core::mem::replace(&mut asked.stage, Stage::Blinding)
            {
                asked.stage = Stage::Turn(blinded);
            }
        }
        self.send_asked();
    }

    pub(super) fn expire_asked(&mut self) {
        let now_ms = self.now.mono_ms;
        self.end_asked(Refusal::HubUnreachable, |asked| asked.deadline_ms <= now_ms);
    }

    pub(super) fn end_asked_of(&mut self, period: Period) {
        self.end_asked(Refusal::UnknownPeriod, |asked| asked.period == period);
    }

    fn end_asked(&mut self, refusal: Refusal, over: impl Fn(&Asked) -> bool) {
        let numbers: Vec<u32> =
            self.standing.asked.iter().filter(|(_, asked)| over(asked)).map(|(number, _)| *number).collect();
        for number in numbers {
            let asked = self.standing.asked.remove(&number).expect("listed above");
            self.reply(asked.ticket, Err(refusal.clone()));
        }
    }

    pub(super) fn next_asked_deadline(&self) -> Option<u64> {
        self.standing.asked.values().map(|asked| asked.deadline_ms).filter(|deadline| *deadline < u64::MAX).min()
    }
}
