//! Rooms: in every interval every member that has its answer posts as often as the terms say, whether it has anything to say or not, and
//! fetches the page. The relays of the terms take turns in carrying, the hub shows (`ways.rs`).
//!
//! Where the charter allows reveals, a deposit leaves with the posts, and the page of boxes is fetched with theirs.
//!
//! What leaves is stored first, as it is sent: after a start the same is sent again.

mod ways;

use std::collections::BTreeMap;

use cwg_crypto::{Secret32, Seed};
use cwg_protocol::lighthouse::Day;
use cwg_protocol::reveal::{RevealBatch, RevealBoard, RevealMessage, RevealPageAsk, reveal_upload};
use cwg_protocol::round::room::{Draft, RoomBatch, RoomBoard, RoomKey, RoomPage, Said, read_page, room_upload_of};
use cwg_protocol::round::{Execution, FreeText, RoomPageAsk, RoomTerms, RoundMessage, Turn};
use cwg_protocol::{Item, NodeKey, RunId, UnixTime};

use super::Broken;
use super::reveals::Leaving;
use super::state::{KnownRound, Uploaded};
use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::io::{Effect, Level};
use crate::limits::DRAFTS_MAX;
use crate::record::Entry;
pub(super) use ways::next_batch;

/// What of rooms is under way.
#[derive(Default)]
pub(super) struct UnderWay {
    /// Relay: what it gathers of intervals.
    relays: BTreeMap<(RunId, u16), ways::IntervalRelay>,
    /// Hub.
    boards: BTreeMap<RunId, RoomBoard>,
    pub(super) escrows: BTreeMap<RunId, RevealBoard>,
    /// Relay: the last that it passed on. Hub: what is to be opened.
    batches: BTreeMap<(RunId, u16), RoomBatch>,
    pub(super) deposits: BTreeMap<(RunId, u16), RevealBatch>,
    /// Member: how often it has asked for pages ([`asks_due`]).
    pages_asked: BTreeMap<RunId, u64>,
    /// Member: pages that were not read. The first of each round is being read.
    pub(super) unread: BTreeMap<(RunId, u16), RoomPage>,
}

impl UnderWay {
    /// Rounds of which it holds something; some several times.
    pub(super) fn rounds(&self) -> impl Iterator<Item = &RunId> {
        let of_intervals =
            self.relays.keys().chain(self.batches.keys()).chain(self.deposits.keys()).chain(self.unread.keys());
        let of_rounds = self.boards.keys().chain(self.escrows.keys()).chain(self.pages_asked.keys());
        of_intervals.map(|(round, _)| round).chain(of_rounds)
    }

    fn close(&mut self, round: RunId) {
        self.relays.retain(|(of, _), _| *of != round);
        self.boards.remove(&round);
        self.escrows.remove(&round);
        self.batches.retain(|(of, _), _| *of != round);
        self.deposits.retain(|(of, _), _| *of != round);
        self.pages_asked.remove(&round);
        self.unread.retain(|(of, _), _| *of != round);
    }
}

/// When what was in the rooms is forgotten: the page of the last interval is fetched in one more.
fn forgotten_at(rooms: &RoomTerms) -> UnixTime {
    rooms.closes().plus_secs(rooms.interval_secs.into())
}

/// Whether a round has rooms here that are not over.
fn has_rooms(known: &KnownRound) -> bool {
    known.terms.body().rooms.intervals > 0 && !known.rooms.is_closed && known.answered().is_some()
}

/// Who carries the posts of an interval.
pub(super) fn relay_of(known: &KnownRound, interval: u16) -> Option<NodeKey> {
    known.answered().map(|turn| known.terms.room_relay(turn.number(), interval))
}

/// How many pages a member may ask for: each half an interval after its posts were passed on.
fn pages_due(rooms: &RoomTerms, now: UnixTime) -> u64 {
    let secs = u64::from(rooms.interval_secs);
    let since = now.0.saturating_sub(rooms.opens.0.saturating_add(secs / 2));
    (since / secs.max(1)).min(rooms.intervals.into())
}

/// How often a member has asked by now: when a page may be asked for, and a quarter of an interval later again for what has not come,
/// since the clocks of relay and hub may be behind its own.
fn asks_due(rooms: &RoomTerms, now: UnixTime) -> u64 {
    let secs = u64::from(rooms.interval_secs).max(1);
    let since = now.0.saturating_sub(rooms.opens.0.saturating_add(secs / 2));
    2 * (since / secs) + u64::from(since % secs >= secs / 4)
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
                self.open_deposits(round);
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
            // The next beginning of an interval, the next middle of one, and a quarter later.
            let next = |first: UnixTime| match now.0.checked_sub(first.0) {
                None => first,
                Some(since) => first.plus_secs((since / secs + 1) * secs),
            };
            let asked = rooms.opens.plus_secs(secs / 2);
            [next(rooms.opens), next(asked), next(asked.plus_secs(secs / 4)), forgotten_at(&rooms)]
        })
    }

    fn close_rooms(&mut self, round: RunId) {
        self.rounds.rooms.close(round);
        let mut entries = self.reveals_closed(round);
        entries.push(Entry::RoomsClosed { round });
        self.commit_all(entries);
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
        if known.rooms.uploaded.as_ref().is_some_and(|sent| sent.posts.interval >= interval) {
            return;
        }
        let leaving = self.reveals_leaving(round, interval);
        if let Some(entries) = self.upload(round, interval, leaving) {
            self.commit_all(entries);
            self.send_upload(round);
        }
    }

    /// What leaves in an interval, as it is stored.
    fn upload(&self, round: RunId, interval: u16, leaving: Leaving) -> Option<Vec<Entry>> {
        let known = &self.state.rounds().rounds()[&round];
        let (execution, seed, writer) = (known.answered()?.execution(), known.seed()?, known.writer()?);
        // Where something of a reveal leaves, a post that says nothing goes with it, unless steps fill all: by that, or by them, this member knows its upload on the page.
        let taken = leaving.steps.len() + usize::from(!leaving.is_empty());
        let fit = usize::from(known.terms.body().rooms.posts).saturating_sub(taken);
        let drafts = known.rooms.drafts.iter().take(fit);
        let drafted = drafts.len();
        let drafts = drafts.map(|(item, draft)| (*item, Said::Post(draft.clone())));
        let steps = leaving.steps.into_iter().map(|(item, step)| (item, Said::Step(step)));
        let said: Vec<(RoomKey, Said)> =
            steps.chain(drafts).filter_map(|(item, said)| Some((known.room_key(item)?, said))).collect();
        let said: Vec<(&RoomKey, Said)> = said.iter().map(|(key, said)| (key, said.clone())).collect();
        let posts = room_upload_of(&known.terms, execution, interval, &said, &writer, &post_seed(&seed, interval));
        let posts = posts.expect("no more than fit an interval");
        let deposit = known.has_reveals().then(|| {
            let seed = seed.fork("deposit", interval.into());
            Box::new(reveal_upload(&known.terms, execution, interval, leaving.deposit.as_ref(), &seed))
        });
        let drafts = u8::try_from(drafted).expect("no more than fit an interval");
        let mut entries = leaving.changed;
        entries.push(Entry::RoomUploaded { round, drafts, posts: Box::new(posts), deposit });
        Some(entries)
    }

    /// The deposit goes first: a consent that the others read has its box at the hub.
    fn send_upload(&mut self, round: RunId) {
        let known = &self.state.rounds().rounds()[&round];
        let Some(Uploaded { posts, deposit }) = known.rooms.uploaded.clone() else { return };
        let Some(relay) = relay_of(known, posts.interval) else { return };
        if let Some(deposit) = deposit {
            self.tell(relay, RoundMessage::Reveal(RevealMessage::RevealUpload(deposit)));
        }
        self.tell(relay, RoundMessage::RoomUpload(posts));
    }

    fn ask_for_pages(&mut self, round: RunId, rooms: &RoomTerms) {
        let (due, asks) = (pages_due(rooms, self.now.wall), asks_due(rooms, self.now.wall));
        if self.rounds.rooms.pages_asked.get(&round).is_some_and(|asked| *asked >= asks) {
            return;
        }
        self.rounds.rooms.pages_asked.insert(round, asks);
        let known = &self.state.rounds().rounds()[&round];
        let Some(execution) = known.answered().map(Turn::execution).filter(|_| known.seed.is_some()) else { return };
        let is_due = |page: &u16| u64::from(*page) < due;
        let unread = &self.rounds.rooms.unread;
        let has_come = |page: &u16| known.rooms.pages.contains_key(page) || unread.contains_key(&(round, *page));
        let of_posts: Vec<u16> = (0..rooms.intervals).take_while(is_due).filter(|page| !has_come(page)).collect();
        let of_boxes = (0..rooms.intervals).take_while(is_due).filter(|page| !known.reveals.read.contains(page));
        let of_boxes: Vec<u16> = of_boxes.filter(|_| known.has_reveals()).collect();
        for interval in of_posts {
            self.tell_hub(RoundMessage::RoomPageAsk(RoomPageAsk { execution, interval }));
        }
        for interval in of_boxes {
            let ask = RevealPageAsk { execution, interval };
            self.tell_hub(RoundMessage::Reveal(RevealMessage::RevealPageAsk(ask)));
        }
    }

    /// Whether this member may have asked for the page by now. What follows from a page must not follow from one that is ahead of time.
    pub(super) fn is_page_due(&self, known: &KnownRound, interval: u16) -> bool {
        u64::from(interval) < pages_due(&known.terms.body().rooms, self.now.wall)
    }

    /// A node is there again: its relay is sent what belongs to this interval, the hub what it may not have, and asked for pages.
    pub(super) fn begin_rooms(&mut self, node: NodeKey) {
        let hub = self.state.hub();
        for round in self.with_rooms().map(|(round, _)| round).collect::<Vec<_>>() {
            let known = &self.state.rounds().rounds()[&round];
            let now = known.terms.body().rooms.interval_at(self.now.wall);
            let is_of_now = known.rooms.uploaded.as_ref().is_some_and(|sent| Some(sent.posts.interval) == now);
            if is_of_now && now.and_then(|now| relay_of(known, now)) == Some(node) {
                self.send_upload(round);
            }
            if hub == Some(node) {
                self.rounds.rooms.pages_asked.remove(&round);
                self.pass_on_again(round);
            }
        }
    }

    pub(super) fn on_room_page(&mut self, page: RoomPage) -> Result<(), Broken> {
        let Some(round) = round_of(self, page.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        read_page(&known.terms, page.execution, &page, &[]).map_err(|violation| violation.code())?;
        if known.rooms.pages.contains_key(&page.interval) || !self.is_page_due(known, page.interval) {
            return Ok(());
        }
        if !known.has_reveals() {
            self.commit(Entry::RoomPageShown { round, page: Box::new(page), own: false });
            return Ok(());
        }
        let of_round = (round, 0)..=(round, u16::MAX);
        let is_idle = self.rounds.rooms.unread.range(of_round).next().is_none();
        self.rounds.rooms.unread.insert((round, page.interval), page);
        if is_idle {
            self.read_next_page(round);
        }
        Ok(())
    }
}

/// The round whose rooms, which are not over here, this turn gave.
pub(super) fn round_of(engine: &Engine, execution: Execution) -> Option<RunId> {
    let is_of = |known: &KnownRound| known.answered().is_some_and(|turn| turn.execution() == execution);
    engine.with_rooms().find(|(_, known)| is_of(known)).map(|(round, _)| round)
}

/// The randomness of a member's posts of an interval.
pub(super) fn post_seed(seed: &Seed, interval: u16) -> Seed {
    seed.fork("room", interval.into())
}

impl KnownRound {
    /// The key of an item's room.
    pub(super) fn room_key(&self, item: Item) -> Option<RoomKey> {
        let room = self.found.iter().find(|room| room.item == item)?;
        Some(RoomKey::new(Secret32::new(room.key.0)))
    }

    /// Member: its secret of the turn, from which its pseudonyms follow.
    pub(super) fn writer(&self) -> Option<Secret32> {
        Some(self.seed()?.fork("writer", self.answered()?.number().into()).into_secret())
    }
}
