//! The way of what members upload: the relay of an interval gathers it, the hub opens it and shows a page.

use std::collections::BTreeMap;

use cwg_protocol::psi::JobOutput;
use cwg_protocol::reveal::{RevealMessage, RevealRelay, RevealUpload};
use cwg_protocol::round::room::{RoomBatch, RoomBoard, RoomRelay, RoomUpload};
use cwg_protocol::round::upload::{TurnEnd, TurnEnded};
use cwg_protocol::round::{RoomPageAsk, RoomTerms, RoundMessage, Turn};
use cwg_protocol::{NodeKey, RunId, UnixTime};

use super::{relay_of, round_of};
use crate::Engine;
use crate::record::Entry;
use crate::rounds::opening::hub_keys;
use crate::rounds::{Broken, JobOf};

/// What a relay gathers in one interval.
pub(in crate::rounds) struct IntervalRelay {
    posts: RoomRelay,
    /// None where the charter has no reveals.
    deposits: Option<RevealRelay>,
}

/// What the hub is to open next: the first that came and is over by now. What was shown without is passed over.
pub(in crate::rounds) fn next_batch<B>(
    batches: &mut BTreeMap<(RunId, u16), B>,
    round: RunId,
    (next, rooms, now): (u16, RoomTerms, UnixTime),
) -> Option<B> {
    batches.retain(|(of, interval), _| *of != round || *interval >= next);
    let (first, _) = batches.range((round, 0)..=(round, u16::MAX)).next()?;
    let first = Some(*first).filter(|(_, interval)| now >= rooms.interval_end(*interval))?;
    batches.remove(&first)
}

impl Engine {
    /// A turn was answered, and this node is one of the relays that carry posts.
    pub(in crate::rounds) fn rooms_begin(&mut self, ended: TurnEnded) {
        let Some(own) = self.state.own_key().filter(|_| ended.end == TurnEnd::Answered) else { return };
        let is_of = |turn: &&Turn| turn.execution() == ended.execution;
        let newest = self.rounds.turns.iter().find(|(_, turn)| is_of(turn)).map(|(round, turn)| (*round, turn.clone()));
        let Some((round, turn)) = newest else { return };
        let known = &self.state.rounds().rounds()[&round];
        let body = known.terms.body();
        if body.rooms.intervals > 0 && body.relays.contains(&own) && known.rooms.carried.is_none() {
            self.commit(Entry::RoomsCarried { round, signed: Box::new(turn.signed().clone()) });
        }
    }

    /// The machines of one interval, if this node carries it.
    fn interval_relay(&mut self, round: RunId, interval: u16) -> Option<&mut IntervalRelay> {
        let known = &self.state.rounds().rounds()[&round];
        let own = self.state.own_key();
        let (execution, has_reveals) = (known.answered()?.execution(), known.has_reveals());
        if own.is_none() || relay_of(known, interval) != own {
            return None;
        }
        if !self.rounds.rooms.relays.contains_key(&(round, interval)) {
            let (terms, rooms) = (known.terms.clone(), known.terms.body().rooms);
            let first = if self.now.wall < rooms.opens { 0 } else { rooms.interval_at(self.now.wall)? };
            // Of this interval, or of the next from those whose clocks are ahead.
            if interval < first || interval > first.saturating_add(1) || interval >= rooms.intervals {
                return None;
            }
            let posts = RoomRelay::new(terms.clone(), execution, interval, self.fresh_seed("rooms"));
            let deposits =
                has_reveals.then(|| RevealRelay::new(terms, execution, interval, self.fresh_seed("deposits")));
            self.rounds.rooms.relays.insert((round, interval), IntervalRelay { posts, deposits });
        }
        self.rounds.rooms.relays.get_mut(&(round, interval))
    }

    pub(in crate::rounds) fn on_room_upload(&mut self, from: NodeKey, upload: RoomUpload) -> Result<(), Broken> {
        let Some(round) = round_of(self, upload.execution) else { return Ok(()) };
        let Some(relay) = self.interval_relay(round, upload.interval) else { return Ok(()) };
        relay.posts.on_upload(from, upload).map_err(|violation| violation.code())
    }

    pub(in crate::rounds) fn on_reveal_upload(&mut self, from: NodeKey, upload: RevealUpload) -> Result<(), Broken> {
        let Some(round) = round_of(self, upload.execution) else { return Ok(()) };
        let Some(relay) = self.interval_relay(round, upload.interval) else { return Ok(()) };
        let deposits = relay.deposits.as_mut().ok_or("unexpected-message")?;
        deposits.on_upload(from, upload).map_err(|violation| violation.code())
    }

    /// Passes on what is due: also where nobody has sent anything, or the hub would learn that.
    pub(super) fn carry_rooms(&mut self, round: RunId) {
        let now = self.now.wall;
        if let Some(interval) = self.state.rounds().rounds()[&round].terms.body().rooms.interval_at(now) {
            self.interval_relay(round, interval);
        }
        let under_way = &mut self.rounds.rooms;
        let of_round: Vec<_> = under_way.relays.range((round, 0)..=(round, u16::MAX)).map(|(key, _)| *key).collect();
        for key in of_round {
            let relay = self.rounds.rooms.relays.get_mut(&key).expect("one of those that are there");
            let Some(posts) = relay.posts.on_time(now) else { continue };
            let deposits = relay.deposits.as_mut().and_then(|deposits| deposits.on_time(now));
            let under_way = &mut self.rounds.rooms;
            under_way.relays.remove(&key);
            under_way.batches.retain(|(of, _), _| *of != round);
            under_way.deposits.retain(|(of, _), _| *of != round);
            under_way.batches.insert(key, posts);
            under_way.deposits.extend(deposits.map(|deposits| (key, deposits)));
            self.pass_on_again(round);
        }
    }

    /// Relay: what it passed on last, to the hub.
    pub(super) fn pass_on_again(&mut self, round: RunId) {
        let of_round = (round, 0)..=(round, u16::MAX);
        let under_way = &self.rounds.rooms;
        let deposits = under_way
            .deposits
            .range(of_round.clone())
            .map(|(_, batch)| RoundMessage::Reveal(RevealMessage::RevealBatch(batch.clone())));
        let posts = under_way.batches.range(of_round).map(|(_, batch)| RoundMessage::RoomBatch(batch.clone()));
        for message in deposits.chain(posts).collect::<Vec<_>>() {
            self.tell_hub(message);
        }
    }

    pub(in crate::rounds) fn on_room_batch(&mut self, from: NodeKey, batch: RoomBatch) -> Result<(), Broken> {
        let Some(round) = round_of(self, batch.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if relay_of(known, batch.interval) != Some(from) {
            return Err("unexpected-message");
        }
        // Sent again after a lost connection.
        if known.rooms.pages.contains_key(&batch.interval) {
            return Ok(());
        }
        self.rounds.rooms.batches.insert((round, batch.interval), batch);
        self.open_batch(round);
        Ok(())
    }

    /// Hub: opens what came, once its interval is over by this node's clock too. One interval after the other: no page is shown once a later one
    /// is.
    pub(super) fn open_batch(&mut self, round: RunId) {
        if self.is_computing(|of| matches!(of, JobOf::Page(busy) if *busy == round)) {
            return;
        }
        let known = &self.state.rounds().rounds()[&round];
        let terms = known.terms.clone();
        let (Some(turn), Some(seed)) = (known.answered().cloned(), known.seed()) else { return };
        let next = known.rooms.pages.last_key_value().map_or(0, |(last, _)| last + 1);
        let due = (next, terms.body().rooms, self.now.wall);
        let Some(batch) = next_batch(&mut self.rounds.rooms.batches, round, due) else { return };
        if !self.rounds.rooms.boards.contains_key(&round) {
            let (opening, seed) = (hub_keys(&seed).1, self.fresh_seed("pages"));
            let board = RoomBoard::new(terms.clone(), turn.execution(), next, opening, seed);
            self.rounds.rooms.boards.insert(round, board);
        }
        let relay = terms.room_relay(turn.number(), batch.interval);
        let board = self.rounds.rooms.boards.get_mut(&round).expect("it was made above");
        match board.on_batch(self.now.wall, batch) {
            Ok(job) => self.compute_for_rounds(JobOf::Page(round), job),
            Err(violation) => self.note_fault(Some(relay), violation.code()),
        }
    }

    pub(in crate::rounds) fn on_page_computed(&mut self, round: RunId, output: JobOutput) {
        let Some(board) = self.rounds.rooms.boards.get(&round) else { return };
        if let Ok(page) = board.on_computed(output) {
            self.commit(Entry::RoomPageShown { round, page: Box::new(page), own: false });
        }
        self.open_batch(round);
    }

    pub(in crate::rounds) fn on_room_page_ask(&mut self, from: NodeKey, ask: RoomPageAsk) -> Result<(), Broken> {
        let Some(round) = round_of(self, ask.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if !known.terms.names(from) {
            return Err("unexpected-message");
        }
        if let Some(page) = known.rooms.pages.get(&ask.interval).cloned() {
            self.tell(from, RoundMessage::RoomPage(page));
        }
        Ok(())
    }
}
