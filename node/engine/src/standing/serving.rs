//! The hub's side: batches are charged, then evaluated off the loop; chunks of editions are read and sent with their proofs.

use std::sync::Arc;

use cwg_crypto::Digest;
use cwg_protocol::charter::RunKind;
use cwg_protocol::lighthouse::standing::{Charge, evaluated, evaluation};
use cwg_protocol::psi::JobOutput;
use cwg_protocol::wire::limits::{CHUNKS_PER_PEER_MAX, EVALUATIONS_PER_PEER_MAX};
use cwg_protocol::wire::{Chunk, ChunkFetch, ChunkRefused, Evaluate, EvaluateCode, EvaluateRefused, Message};
use cwg_protocol::{NodeKey, PilotId};

use crate::Engine;
use crate::io::{CloseCode, ConnId, EditionDone, EditionWork, Effect, Ticket};
use crate::record::Entry;

/// A batch that is being evaluated.
pub(super) struct Served {
    pub(super) conn: ConnId,
    number: u32,
}

/// A chunk that is being read.
pub(super) struct Reading {
    pub(super) conn: ConnId,
    edition: Digest,
    chunk: u32,
}

impl Engine {
    pub(super) fn on_evaluate(&mut self, conn: ConnId, member: NodeKey, request: Evaluate) {
        if request.elements.is_empty() {
            return self.refuse(conn, CloseCode::Violation, "count-mismatch");
        }
        let of_member = self.standing.served.values().filter(|served| served.conn == conn);
        if of_member.clone().any(|served| served.number == request.number) {
            return self.refuse(conn, CloseCode::Violation, "unawaited-batch");
        }
        let room = of_member.count() < EVALUATIONS_PER_PEER_MAX;
        let admitted = if room { self.admit_batch(member, &request) } else { Err(EvaluateCode::Busy) };
        let charge = match admitted {
            Ok(charge) => charge,
            Err(code) => return self.refuse_evaluation(conn, member, &request, code),
        };
        let (period, pilot, items) = (request.period, request.pilot, charge.items());
        // Durable before the job is begun: a crash must not give items back.
        self.commit(Entry::EvaluationCharged { member, pilot, period, items });
        let Some(key) = self.state.standing().periods().get(&period).and_then(|period| period.key()) else { return };
        let key = Arc::clone(key);
        let (ticket, seed) = (self.ticket(), self.fresh_seed("evaluation"));
        self.standing.served.insert(ticket, Served { conn, number: request.number });
        self.push(Effect::Compute(ticket, evaluation(key, charge, request.number, request.elements, seed)));
    }

    fn admit_batch(&self, member: NodeKey, request: &Evaluate) -> Result<Charge, EvaluateCode> {
        let period = self.state.standing().periods().get(&request.period).ok_or(EvaluateCode::Period)?;
        let allowance = period.allowance().filter(|_| period.body().closes > self.now.wall);
        let allowance = allowance.ok_or(EvaluateCode::Period)?;
        self.lighthouse_allowed(request.pilot, member).ok_or(EvaluateCode::NotAllowed)?;
        let items = u32::try_from(request.elements.len()).expect("a batch is bounded");
        allowance.admit(member, items).map_err(|_| EvaluateCode::Allowance)
    }

    /// Whether the live charter of a pilot lets a member compare itself with releases.
    pub(super) fn lighthouse_allowed(&self, pilot: PilotId, member: NodeKey) -> Option<()> {
        let pilot = self.state.pilots().get(&pilot)?;
        let charter = pilot.live(self.now.wall).ok()?.charter();
        let allowed = charter.names(member) && charter.body().runs.contains(&RunKind::Lighthouse);
        allowed.then_some(())
    }

    fn refuse_evaluation(&mut self, conn: ConnId, member: NodeKey, request: &Evaluate, code: EvaluateCode) {
        let period = self.state.standing().periods().get(&request.period);
        let left = period.and_then(|period| period.allowance()).map_or(0, |allowance| allowance.left(member));
        self.commit(Entry::Refused { peer: Some(member), code: code.code().into() });
        self.send(conn, &Message::EvaluateRefused(EvaluateRefused { number: request.number, code, left }));
    }

    pub(super) fn on_served(&mut self, ticket: Ticket, output: JobOutput) {
        // Charged is spent, even if the member has gone.
        let Some(served) = self.standing.served.remove(&ticket) else { return };
        match evaluated(output) {
            Ok(answer) => self.send(served.conn, &Message::Evaluated(answer)),
            Err(violation) => self.refuse(served.conn, CloseCode::Violation, violation.code()),
        }
    }

    /// An output of a job of this comparison; gives back one that is not.
    pub(crate) fn on_standing_computed(&mut self, ticket: Ticket, output: JobOutput) -> Option<JobOutput> {
        if self.standing.served.contains_key(&ticket) {
            self.on_served(ticket, output);
            return None;
        }
        let Some(number) = self.standing.jobs.remove(&ticket) else { return Some(output) };
        self.on_asked_computed(number, output);
        None
    }

    pub(super) fn on_chunk_fetch(&mut self, conn: ConnId, fetch: ChunkFetch) {
        let ChunkFetch { edition, chunk } = fetch;
        if self.standing.reading.values().filter(|reading| reading.conn == conn).count() >= CHUNKS_PER_PEER_MAX {
            return self.refuse(conn, CloseCode::Violation, "too-many-chunks");
        }
        let known = self.state.standing().edition(edition).filter(|known| chunk < known.verified.chunks());
        let Some(verified) = known.map(|known| Box::new(known.verified.clone())) else {
            return self.send(conn, &Message::ChunkRefused(ChunkRefused { edition, chunk }));
        };
        let ticket = self.ticket();
        self.standing.reading.insert(ticket, Reading { conn, edition, chunk });
        self.push(Effect::Edition(ticket, EditionWork::Read { edition: verified, chunk }));
    }

    /// What became of a read of the hub's; gives back what is not.
    pub(super) fn on_read(&mut self, ticket: Ticket, done: EditionDone) -> Option<EditionDone> {
        let Some(Reading { conn, edition, chunk }) = self.standing.reading.remove(&ticket) else { return Some(done) };
        let read = match done {
            EditionDone::Chunk { bytes, path } => bytes.try_into().ok().zip(path.try_into().ok()),
            _ => None,
        };
        let message = match read {
            Some((bytes, path)) => Message::Chunk(Chunk { edition, chunk, bytes, path }),
            None => Message::ChunkRefused(ChunkRefused { edition, chunk }),
        };
        self.send(conn, &message);
        None
    }
}
