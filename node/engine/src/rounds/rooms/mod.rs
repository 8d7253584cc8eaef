//! Rooms: in every interval every member that has its answer posts as often as the terms say, whether it has anything to say or not, and
//! fetches the page. The relays of the terms take turns in carrying, the hub shows.
//!
//! An upload follows from the seed, the interval and the drafts in it, which are stored first: after a start the same is sent again.

use cwg_crypto::Secret32;
use cwg_protocol::lighthouse::Day;
use cwg_protocol::psi::JobOutput;
use cwg_protocol::round::room::{
    Draft, RoomBatch, RoomBoard, RoomKey, RoomPage, RoomRelay, RoomUpload, read_page, room_upload,
};
use cwg_protocol::round::upload::{TurnEnd, TurnEnded};
use cwg_protocol::round::{Execution, FreeText, RoomPageAsk, RoomTerms, RoundMessage, Turn};
use cwg_protocol::{Item, NodeKey, RunId, UnixTime};

use super::opening::hub_keys;
use super::state::KnownRound;
use super::{Broken, JobOf};
use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::io::{Effect, Level};
use crate::limits::DRAFTS_MAX;
use crate::record::Entry;

/// When what was in the rooms is forgotten: the page of the last interval is fetched in one more.
fn forgotten_at(rooms: &RoomTerms) -> UnixTime {
    rooms.closes().plus_secs(rooms.interval_secs.into())
}

/// Whether a round has rooms here that are not over.
fn has_rooms(known: &KnownRound) -> bool {
    known.terms.body().rooms.intervals > 0 && !known.rooms.is_closed && known.answered().is_some()
}

/// Who carries the posts of an interval.
fn relay_of(known: &KnownRound, interval: u16) -> Option<NodeKey> {
    known.answered().map(|turn| known.terms.room_relay(turn.number(), interval))
}

/// How many pages a member may ask for: each half an interval after its posts were passed on.
fn pages_due(rooms: &RoomTerms, now: UnixTime) -> u64 {
    let secs = u64::from(rooms.interval_secs);
    let since = now.0.saturating_sub(rooms.opens.0.saturating_add(secs / 2));
    (since / secs.max(1)).min(rooms.intervals.into())
}

impl Engine {
    pub(super) fn post_to_room(&mut self, round: RunId, item: Item, draft: Draft) -> Result<Reply, Refusal> {
        self.member()?;
        let known = self.state.rounds().rounds().get(&round).ok_or(Refusal::UnknownRound)?;
        let rooms = known.terms.body().rooms;
        if !has_rooms(known) || !known.rooms().any(|of| of == item) {
            return Err(Refusal::Post("there is no such room here"));
        }
        let next = match rooms.interval_at(self.now.wall) {
            Some(interval) => interval.saturating_add(1),
            None if self.now.wall < rooms.opens => 0,
            None => rooms.intervals,
        };
        let before = known.drafts() / usize::from(rooms.posts.max(1));
        if usize::from(next) + before >= usize::from(rooms.intervals) {
            return Err(Refusal::Post("the rooms close before it would leave"));
        }
        if known.drafts() >= DRAFTS_MAX {
            return Err(Refusal::Post("too many posts wait for their interval"));
        }
        if draft.text.is_some() && rooms.text == FreeText::Off {
            return Err(Refusal::Post("the terms of the round allow no free text"));
        }
        if draft.expires > Day::of(rooms.closes()) {
            return Err(Refusal::Post("it would outlive the rooms"));
        }
        self.commit(Entry::RoomDrafted { round, item, draft: Box::new(draft) });
        Ok(Reply::Done)
    }

    /// Rounds whose rooms are not over here.
    pub(super) fn with_rooms(&self) -> impl Iterator<Item = (RunId, &KnownRound)> {
        let rounds = self.state.rounds().rounds().iter().map(|(round, known)| (*round, known));
        rounds.filter(|(_, known)| has_rooms(known))
    }

    pub(super) fn keep_rooms(&mut self) {
        for round in self.with_rooms().map(|(round, _)| round).collect::<Vec<_>>() {
            let rooms = self.state.rounds().rounds()[&round].terms.body().rooms;
            if self.now.wall >= forgotten_at(&rooms) {
                self.close_rooms(round);
            } else if self.is_hub() {
                self.open_batch(round);
            } else {
                self.post_of_interval(round, &rooms);
                self.ask_for_pages(round, &rooms);
                self.carry_rooms(round);
            }
        }
    }

    pub(super) fn rooms_due(&self) -> impl Iterator<Item = UnixTime> {
        self.with_rooms().flat_map(|(_, known)| {
            let rooms = known.terms.body().rooms;
            let (now, secs) = (self.now.wall, u64::from(rooms.interval_secs).max(1));
            // The next beginning of an interval, and the next middle of one.
            let next = |first: UnixTime| match now.0.checked_sub(first.0) {
                None => first,
                Some(since) => first.plus_secs((since / secs + 1) * secs),
            };
            [next(rooms.opens), next(rooms.opens.plus_secs(secs / 2)), forgotten_at(&rooms)]
        })
    }

    fn close_rooms(&mut self, round: RunId) {
        self.rounds.room_relays.retain(|(of, _), _| *of != round);
        self.rounds.room_boards.remove(&round);
        self.rounds.batches.retain(|(of, _), _| *of != round);
        self.rounds.pages_asked.remove(&round);
        self.commit(Entry::RoomsClosed { round });
        self.push(Effect::Log(Level::Info, "rooms-closed"));
    }

    /// Relays of rooms that are open now.
    pub(super) fn relays_of_rooms(&self) -> impl Iterator<Item = NodeKey> {
        let now = |known: &KnownRound| relay_of(known, known.terms.body().rooms.interval_at(self.now.wall)?);
        self.with_rooms().filter_map(move |(_, known)| now(known)).filter(|_| !self.is_hub())
    }

    /// Member: what it has to say leaves when an interval begins, with as much that says nothing.
    fn post_of_interval(&mut self, round: RunId, rooms: &RoomTerms) {
        let known = &self.state.rounds().rounds()[&round];
        let Some(interval) = rooms.interval_at(self.now.wall).filter(|_| known.seed.is_some()) else { return };
        if known.rooms.uploaded.as_ref().is_some_and(|(last, _)| *last >= interval) {
            return;
        }
        let drafts = u8::try_from(known.drafts()).unwrap_or(u8::MAX).min(rooms.posts);
        self.commit(Entry::RoomUploaded { round, interval, drafts });
        self.send_posts(round);
    }

    fn send_posts(&mut self, round: RunId) {
        let known = &self.state.rounds().rounds()[&round];
        let Some((interval, sent)) = &known.rooms.uploaded else { return };
        let (Some(turn), Some(seed)) = (known.answered(), known.seed()) else { return };
        let key = |item: &Item| {
            let room = known.found.iter().find(|room| room.item == *item)?;
            Some(RoomKey::new(Secret32::new(room.key.0)))
        };
        let with_keys: Vec<(RoomKey, Draft)> =
            sent.iter().filter_map(|(item, draft)| Some((key(item)?, draft.clone()))).collect();
        let drafts: Vec<(&RoomKey, Draft)> = with_keys.iter().map(|(key, draft)| (key, draft.clone())).collect();
        let writer = seed.fork("writer", turn.number().into()).into_secret();
        let of_interval = seed.fork("room", (*interval).into());
        let upload = room_upload(&known.terms, turn.execution(), *interval, &drafts, &writer, &of_interval);
        let relay = known.terms.room_relay(turn.number(), *interval);
        let (relay, upload) = (relay, upload.expect("no more than fit an interval were stored"));
        self.tell(relay, RoundMessage::RoomUpload(upload));
    }

    fn ask_for_pages(&mut self, round: RunId, rooms: &RoomTerms) {
        let due = pages_due(rooms, self.now.wall);
        if self.rounds.pages_asked.get(&round).is_some_and(|asked| *asked >= due) {
            return;
        }
        self.rounds.pages_asked.insert(round, due);
        let known = &self.state.rounds().rounds()[&round];
        let Some(execution) = known.answered().map(Turn::execution).filter(|_| known.seed.is_some()) else { return };
        let missing = (0..rooms.intervals).take_while(|page| u64::from(*page) < due);
        let missing: Vec<u16> = missing.filter(|page| !known.rooms.pages.contains_key(page)).collect();
        for interval in missing {
            self.tell_hub(RoundMessage::RoomPageAsk(RoomPageAsk { execution, interval }));
        }
    }

    /// A node is there again: its relay is sent this interval's posts, the hub what it may not have, and asked for pages.
    pub(super) fn begin_rooms(&mut self, node: NodeKey) {
        let hub = self.state.hub();
        for round in self.with_rooms().map(|(round, _)| round).collect::<Vec<_>>() {
            let known = &self.state.rounds().rounds()[&round];
            let now = known.terms.body().rooms.interval_at(self.now.wall);
            let is_of_now = known.rooms.uploaded.as_ref().is_some_and(|(interval, _)| Some(*interval) == now);
            if is_of_now && now.and_then(|now| relay_of(known, now)) == Some(node) {
                self.send_posts(round);
            }
            if hub == Some(node) {
                self.rounds.pages_asked.remove(&round);
                let batches = self.rounds.batches.iter().filter(|((of, _), _)| *of == round);
                for batch in batches.map(|(_, batch)| batch.clone()).collect::<Vec<_>>() {
                    self.tell(node, RoundMessage::RoomBatch(batch));
                }
            }
        }
    }

    fn round_of_rooms(&self, execution: Execution) -> Option<RunId> {
        let is_of = |known: &KnownRound| known.answered().is_some_and(|turn| turn.execution() == execution);
        self.with_rooms().find(|(_, known)| is_of(known)).map(|(round, _)| round)
    }

    pub(super) fn on_room_page(&mut self, page: RoomPage) -> Result<(), Broken> {
        let Some(round) = self.round_of_rooms(page.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        read_page(&known.terms, page.execution, &page, &[]).map_err(|violation| violation.code())?;
        if !known.rooms.pages.contains_key(&page.interval) {
            self.commit(Entry::RoomPageShown { round, page: Box::new(page) });
        }
        Ok(())
    }

    /// A turn was answered, and this node is one of the relays that carry posts.
    pub(super) fn rooms_begin(&mut self, ended: TurnEnded) {
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

    /// The machine of one interval's posts, if this node carries them.
    fn room_relay(&mut self, round: RunId, interval: u16) -> Option<&mut RoomRelay> {
        let known = &self.state.rounds().rounds()[&round];
        let own = self.state.own_key();
        let execution = known.answered()?.execution();
        if own.is_none() || relay_of(known, interval) != own {
            return None;
        }
        if !self.rounds.room_relays.contains_key(&(round, interval)) {
            let (terms, rooms) = (known.terms.clone(), known.terms.body().rooms);
            let first = if self.now.wall < rooms.opens { 0 } else { rooms.interval_at(self.now.wall)? };
            // Of this interval, or of the next from those whose clocks are ahead.
            if interval < first || interval > first.saturating_add(1) || interval >= rooms.intervals {
                return None;
            }
            let seed = self.fresh_seed("rooms");
            self.rounds.room_relays.insert((round, interval), RoomRelay::new(terms, execution, interval, seed));
        }
        self.rounds.room_relays.get_mut(&(round, interval))
    }

    pub(super) fn on_room_upload(&mut self, from: NodeKey, upload: RoomUpload) -> Result<(), Broken> {
        let Some(round) = self.round_of_rooms(upload.execution) else { return Ok(()) };
        let Some(relay) = self.room_relay(round, upload.interval) else { return Ok(()) };
        relay.on_upload(from, upload).map_err(|violation| violation.code())
    }

    /// Passes on what is due: also where nobody has sent anything, or the hub would learn that.
    fn carry_rooms(&mut self, round: RunId) {
        let now = self.now.wall;
        if let Some(interval) = self.state.rounds().rounds()[&round].terms.body().rooms.interval_at(now) {
            self.room_relay(round, interval);
        }
        let of_round: Vec<u16> =
            self.rounds.room_relays.keys().filter(|(of, _)| *of == round).map(|(_, interval)| *interval).collect();
        for interval in of_round {
            let relay = self.rounds.room_relays.get_mut(&(round, interval)).expect("one of those that are there");
            let Some(batch) = relay.on_time(now) else { continue };
            self.rounds.room_relays.remove(&(round, interval));
            self.rounds.batches.retain(|(of, _), _| *of != round);
            self.rounds.batches.insert((round, interval), batch.clone());
            self.tell_hub(RoundMessage::RoomBatch(batch));
        }
    }

    pub(super) fn on_room_batch(&mut self, from: NodeKey, batch: RoomBatch) -> Result<(), Broken> {
        let Some(round) = self.round_of_rooms(batch.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if relay_of(known, batch.interval) != Some(from) {
            return Err("unexpected-message");
        }
        // Sent again after a lost connection.
        if known.rooms.pages.contains_key(&batch.interval) {
            return Ok(());
        }
        self.rounds.batches.insert((round, batch.interval), batch);
        self.open_batch(round);
        Ok(())
    }

    /// Hub: opens what came, once its interval is over by this node's clock too.
    fn open_batch(&mut self, round: RunId) {
        let known = &self.state.rounds().rounds()[&round];
        let (terms, now) = (known.terms.clone(), self.now.wall);
        let (Some(turn), Some(seed)) = (known.answered().cloned(), known.seed()) else { return };
        let next = known.rooms.pages.last_key_value().map_or(0, |(last, _)| last + 1);
        let first = self.rounds.batches.keys().find(|(of, _)| *of == round).copied();
        let Some(first) = first.filter(|(_, interval)| now >= terms.body().rooms.interval_end(*interval)) else {
            return;
        };
        let batch = self.rounds.batches.remove(&first).expect("looked up above");
        let relay = terms.room_relay(turn.number(), batch.interval);
        // Later ones were shown in its place: its relay was away for too long.
        if batch.interval < next {
            return;
        }
        if !self.rounds.room_boards.contains_key(&round) {
            let (opening, seed) = (hub_keys(&seed).1, self.fresh_seed("pages"));
            let board = RoomBoard::new(terms, turn.execution(), next, opening, seed);
            self.rounds.room_boards.insert(round, board);
        }
        let board = self.rounds.room_boards.get_mut(&round).expect("it was made above");
        match board.on_batch(now, batch) {
            Ok(job) => self.compute_for_rounds(JobOf::Page(round), job),
            Err(violation) => {
                self.note_fault(Some(relay), violation.code());
            }
        }
    }

    pub(super) fn on_page_computed(&mut self, round: RunId, output: JobOutput) {
        let Some(board) = self.rounds.room_boards.get(&round) else { return };
        if let Ok(page) = board.on_computed(output) {
            self.commit(Entry::RoomPageShown { round, page: Box::new(page) });
        }
    }

    pub(super) fn on_room_page_ask(&mut self, from: NodeKey, ask: RoomPageAsk) -> Result<(), Broken> {
        let Some(round) = self.round_of_rooms(ask.execution) else { return Ok(()) };
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
