//! Hub: opens the deposits of an interval, and shows the boxes that meet.

use cwg_protocol::psi::JobOutput;
use cwg_protocol::reveal::{RevealBatch, RevealBoard, RevealPageAsk};
use cwg_protocol::round::RoundMessage;
use cwg_protocol::{NodeKey, RunId};

use crate::Engine;
use crate::record::Entry;
use crate::rounds::opening::hub_keys;
use crate::rounds::rooms::{next_batch, relay_of, round_of};
use crate::rounds::{Broken, JobOf};

impl Engine {
    pub(in crate::rounds) fn on_reveal_batch(&mut self, from: NodeKey, batch: RevealBatch) -> Result<(), Broken> {
        let Some(round) = round_of(self, batch.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if !known.has_reveals() || relay_of(known, batch.interval) != Some(from) {
            return Err("unexpected-message");
        }
        // Sent again after a lost connection.
        if known.reveals.pages.contains_key(&batch.interval) {
            return Ok(());
        }
        self.rounds.rooms.deposits.insert((round, batch.interval), batch);
        self.open_deposits(round);
        Ok(())
    }

    /// Opens what came, once its interval is over by this node's clock too. One interval after the other: what is held follows from all
    /// before.
    pub(in crate::rounds) fn open_deposits(&mut self, round: RunId) {
        if self.is_computing(|of| matches!(of, JobOf::Deposits(busy) if *busy == round)) {
            return;
        }
        let known = &self.state.rounds().rounds()[&round];
        let (terms, escrow) = (known.terms.clone(), known.reveals.escrow.clone());
        let (Some(turn), Some(seed)) = (known.answered().cloned(), known.seed()) else { return };
        let next = known.reveals.pages.last_key_value().map_or(0, |(last, _)| last + 1);
        let due = (next, terms.body().rooms, self.now.wall);
        let Some(batch) = next_batch(&mut self.rounds.rooms.deposits, round, due) else { return };
        if !self.rounds.rooms.escrows.contains_key(&round) {
            let (opening, seed) = (hub_keys(&seed).1, self.fresh_seed("boxes"));
            let board = RevealBoard::new(terms.clone(), turn.execution(), next, opening, escrow, seed);
            self.rounds.rooms.escrows.insert(round, board);
        }
        let relay = terms.room_relay(turn.number(), batch.interval);
        let board = self.rounds.rooms.escrows.get_mut(&round).expect("it was made above");
        match board.on_batch(self.now.wall, batch) {
            Ok(job) => self.compute_for_rounds(JobOf::Deposits(round), job),
            Err(violation) => self.note_fault(Some(relay), violation.code()),
        }
    }

    pub(in crate::rounds) fn on_deposits_opened(&mut self, round: RunId, output: JobOutput) {
        let Some(board) = self.rounds.rooms.escrows.get_mut(&round) else { return };
        if let Ok((page, escrow)) = board.on_computed(output) {
            self.commit(Entry::RevealPageShown { round, page: Box::new(page), escrow: Box::new(escrow) });
        }
        self.open_deposits(round);
    }

    pub(in crate::rounds) fn on_reveal_page_ask(&mut self, from: NodeKey, ask: RevealPageAsk) -> Result<(), Broken> {
        let Some(round) = round_of(self, ask.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if !known.terms.names(from) {
            return Err("unexpected-message");
        }
        if let Some(page) = known.reveals.pages.get(&ask.interval).cloned() {
            self.tell(from, RoundMessage::Reveal(cwg_protocol::reveal::RevealMessage::RevealPage(page)));
        }
        Ok(())
    }
}
