//! A member takes part in a round: its items, their evaluation, its part of a turn, and what it found.
//!
//! | durable before | is |
//! |---|---|
//! | anything is asked of a keyholder | the seed, and the commitment to the items |
//! | a ticket is asked for | the turn |
//! | anyone is told of the result | rows and rooms, in one commit |
//!
//! So after a start the same elements are asked for, and an interrupted turn is left alone: shares of an item at two slots would count twice.

use std::collections::BTreeSet;

use cwg_crypto::Digest;
use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::psi::{JobId, JobOutput};
use cwg_protocol::round::evaluate::{Asked, Asking, AskingStep, EvaluateAnswer};
use cwg_protocol::round::upload::{
    Answer, Found, Passed, Slots, TicketGiven, TurnEnd, TurnEnded, Uploader, UploaderStep,
};
use cwg_protocol::round::{EvaluateRefused, Execution, RoundMessage, SharedTerms, SignedTurn, TermsError, Turn};
use cwg_protocol::session::OwnSet;
use cwg_protocol::{Item, NodeKey, RunId, UnixTime, Violation};

use super::state::{KnownRound, RoundPhase};
use super::{Broken, JobOf};
use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::io::{Effect, FoundRow, Level, LoadQuery, Loaded, Selection};
use crate::limits::{ROWS_PER_LOAD, VALUES_PER_RECORD};
use crate::record::{Entry, Match, RoomOf, StoredSecret};
use crate::sets::match_entries;

/// A round in which this node takes part.
pub(super) struct Taking {
    items: Vec<(IndicatorKind, Item)>,
    /// Keyholders that were asked.
    asked: BTreeSet<NodeKey>,
    stage: Stage,
}

/// What is awaited.
enum Stage {
    /// The own items.
    Items,
    /// Keyholders.
    Asking(Box<Asking>),
    /// A turn.
    Turn,
    /// The relay and the hub.
    Uploading(Box<Uploader>),
    /// Rows of what enough members hold.
    Rows(FoundRows),
}

struct FoundRows {
    turn: u8,
    rooms: Vec<RoomOf>,
    /// Items whose rows are loaded.
    loaded: usize,
    stored: u32,
}

impl Taking {
    const fn new() -> Self {
        Self { items: Vec::new(), asked: BTreeSet::new(), stage: Stage::Items }
    }

    /// Nodes with which it needs a connection.
    pub(super) fn wanted(&self) -> Vec<NodeKey> {
        match &self.stage {
            Stage::Asking(_) => self.asked.iter().copied().collect(),
            Stage::Uploading(uploader) => vec![uploader.turn().relay()],
            Stage::Items | Stage::Turn | Stage::Rows(_) => Vec::new(),
        }
    }
}

impl Engine {
    pub(super) fn join_round(&mut self, round: RunId, leakage: Digest) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        if !self.config.online {
            return Err(Refusal::Offline);
        }
        let known = self.state.rounds().rounds().get(&round).ok_or(Refusal::UnknownRound)?;
        let terms = &known.terms;
        if known.phase != RoundPhase::Open {
            return Err(Refusal::RoundState(known.phase.name()));
        }
        if !terms.names(own) {
            return Err(Refusal::NotAllowed("this member to take part"));
        }
        if self.now.wall > terms.body().schedule.evaluate_by {
            return Err(Refusal::RoundState("evaluated already"));
        }
        self.state.pilots().get(&terms.body().pilot).ok_or(Refusal::UnknownPilot)?.live(self.now.wall)?;
        if leakage != known.leakage().digest() {
            return Err(Refusal::Consent);
        }
        let seed = StoredSecret(self.random("round part"));
        self.commit(Entry::RoundJoined { round, leakage, seed });
        self.push(Effect::Log(Level::Info, "round-joined"));
        self.load_items(round);
        Ok(Reply::Done)
    }

    fn load_items(&mut self, round: RunId) {
        let Some(terms) = self.terms_of(round) else { return };
        self.rounds.taking.insert(round, Taking::new());
        let query = LoadQuery::Items { selection: selection_of(&terms), limit: terms.form().items() };
        self.load_for_round(round, query);
    }

    fn load_for_round(&mut self, round: RunId, query: LoadQuery) {
        let ticket = self.ticket();
        self.rounds.loads.insert(ticket, round);
        self.push(Effect::Load(ticket, query));
    }

    /// After a start: the items are read again, and all that follows from them and the seed is the same.
    pub(super) fn resume_taking(&mut self) {
        let joined = self.state.rounds().rounds().iter().filter(|(_, known)| known.phase == RoundPhase::Joined);
        for round in joined.map(|(round, _)| *round).collect::<Vec<_>>() {
            self.load_items(round);
        }
    }

    pub(super) fn on_taking_loaded(&mut self, round: RunId, loaded: Loaded) {
        let Some(taking) = self.rounds.taking.get(&round) else { return };
        match (&taking.stage, loaded) {
            (Stage::Items, Loaded::Items(items)) => self.bind_items(round, items.0),
            (Stage::Rows(_), Loaded::Rows { rows, .. }) => self.store_found(round, rows),
            (Stage::Items, Loaded::TooMany) => self.end_round(round, "too-many-items"),
            _ => self.end_round(round, "set-damaged"),
        }
    }

    fn bind_items(&mut self, round: RunId, items: Vec<(IndicatorKind, Item)>) {
        let known = &self.state.rounds().rounds()[&round];
        let (terms, bound, evaluated) = (known.terms.clone(), known.bound, known.values.is_some());
        let seed = known.seed().expect("a round that was joined has a seed");
        let plain: Vec<Item> = items.iter().map(|(_, item)| *item).collect();
        let commitment = OwnSet::of(&plain, seed.fork("salt", 0).into_secret().expose()).commitment;
        // Other items than before would be asked for under names that keyholders have charged.
        if bound.is_some_and(|(_, bound)| bound != commitment) {
            return self.end_round(round, "round-items-changed");
        }
        let taking = self.rounds.taking.get_mut(&round).expect("its items were awaited");
        taking.items = items;
        if evaluated {
            taking.stage = Stage::Turn;
            return self.enter_turn(round);
        }
        if self.now.wall > terms.body().schedule.evaluate_by {
            return self.end_round(round, "round-evaluation-missed");
        }
        let Ok(mut asking) = Asking::new(terms, &taking.items, seed.fork("asking", 0)) else {
            return self.end_round(round, "too-many-items");
        };
        let step = asking.start(self.now.wall);
        taking.stage = Stage::Asking(Box::new(asking));
        if bound.is_none() {
            let items = u32::try_from(plain.len()).unwrap_or(u32::MAX);
            self.commit(Entry::RoundBound { round, items, commitment });
        }
        self.carry_asking(round, step);
    }

    fn asking(&mut self, round: RunId) -> Option<&mut Asking> {
        match &mut self.rounds.taking.get_mut(&round)?.stage {
            Stage::Asking(asking) => Some(asking),
            _ => None,
        }
    }

    fn asking_under(&mut self, terms: Digest) -> Option<(RunId, &mut Asking)> {
        let mut rounds = self.state.rounds().rounds().iter();
        let round = rounds.find(|(_, known)| known.terms.digest() == terms).map(|(round, _)| *round)?;
        Some((round, self.asking(round)?))
    }

    pub(super) fn on_evaluate_answer(&mut self, from: NodeKey, answer: EvaluateAnswer) -> Result<(), Broken> {
        let now = self.now.wall;
        let Some((round, asking)) = self.asking_under(answer.terms) else { return Ok(()) };
        let step = asking.on_answer(now, from, answer);
        self.carry_asking(round, step);
        Ok(())
    }

    pub(super) fn on_asking_refused(&mut self, from: NodeKey, refused: EvaluateRefused) -> Result<(), Broken> {
        let now = self.now.wall;
        let Some((round, asking)) = self.asking_under(refused.terms) else { return Ok(()) };
        let step = asking.on_refusal(now, from, refused.refusal);
        self.carry_asking(round, step);
        Ok(())
    }

    pub(super) fn on_asking_computed(&mut self, round: RunId, job: JobId, output: JobOutput) {
        let now = self.now.wall;
        let Some(asking) = self.asking(round) else { return };
        match asking.on_computed(now, job, output) {
            Ok(step) => self.carry_asking(round, step),
            Err(violation) => self.end_round(round, violation.code()),
        }
    }

    pub(super) fn ask_keyholder_again(&mut self, node: NodeKey) {
        let rounds: Vec<RunId> = self.rounds.taking.keys().copied().collect();
        for round in rounds {
            let asks = self.asking(round).map(|asking| asking.again(node)).unwrap_or_default();
            for ask in asks {
                self.tell(node, RoundMessage::EvaluateAsk(ask));
            }
        }
    }

    fn carry_asking(&mut self, round: RunId, step: AskingStep) {
        for (node, fault) in step.faults {
            self.note_fault(Some(node), fault.code());
        }
        for (node, ask) in step.send {
            if let Some(taking) = self.rounds.taking.get_mut(&round) {
                taking.asked.insert(node);
            }
            self.tell(node, RoundMessage::EvaluateAsk(ask));
        }
        for (id, job) in step.jobs {
            self.compute_for_rounds(JobOf::Asking(round, id), job);
        }
        match step.end {
            Some(Asked::Evaluated(values)) => {
                let stored: Vec<StoredSecret> = values.iter().map(|value| StoredSecret(*value.expose())).collect();
                self.store_values(round, &stored);
            }
            Some(Asked::TooFewKeyholders) => self.end_round(round, "too-few-keyholders"),
            None => {}
        }
    }

    fn store_values(&mut self, round: RunId, values: &[StoredSecret]) {
        let entry = |first: usize, values: &[StoredSecret]| {
            let first = u32::try_from(first).expect("a slot has up to 2^20 items");
            Entry::RoundEvaluated { round, first, values: values.to_vec() }
        };
        let mut entries = vec![entry(0, &[])];
        let pieces = (0..).step_by(VALUES_PER_RECORD).zip(values.chunks(VALUES_PER_RECORD));
        entries.extend(pieces.map(|(first, piece)| entry(first, piece)));
        self.commit_all(entries);
        self.push(Effect::Log(Level::Info, "round-evaluated"));
        if let Some(taking) = self.rounds.taking.get_mut(&round) {
            taking.stage = Stage::Turn;
        }
        self.enter_turn(round);
    }

    pub(super) fn on_turn_opened(&mut self, signed: SignedTurn) -> Result<(), Broken> {
        let Some(hub) = self.state.hub() else { return Ok(()) };
        let concerned =
            self.state.rounds().rounds().iter().filter(|(_, known)| self.turns_until(known) > self.now.wall);
        let mut verified = concerned.map(|(round, known)| (*round, Turn::verify(signed.clone(), &known.terms, hub)));
        let of_known = verified.find(|(_, turn)| !matches!(turn, Err(TermsError::OtherCharter)));
        // A round that is over, or not yet known: its terms come first, so it is over.
        let Some((round, turn)) = of_known else { return Ok(()) };
        let turn = turn.map_err(|error| error.code())?;
        let entered = self.state.rounds().rounds()[&round].turns.last();
        let newest = self.rounds.turns.get(&round).or(entered);
        newest.map_or(Ok(()), |newest| turn.follows(newest)).map_err(|error| error.code())?;
        if self.rounds.turns.get(&round).is_some_and(|known| known.execution() == turn.execution()) {
            self.carry_tickets_again(round);
            return Ok(());
        }
        self.carry_turn(round, &turn);
        self.rounds.turns.insert(round, turn);
        self.enter_turn(round);
        Ok(())
    }

    /// Until when turns of a round concern this node, whatever became of its own part in it: it may be their relay, and one that has not heard
    /// that its rooms are to be carried may still hear of it until they close.
    fn turns_until(&self, known: &KnownRound) -> UnixTime {
        let body = known.terms.body();
        let rooms = self.state.own_key().is_some_and(|own| body.relays.contains(&own)) && body.rooms.intervals > 0;
        let hears_of_rooms = rooms && known.rooms.carried.is_none() && !known.rooms.is_closed;
        if hears_of_rooms { body.rooms.closes() } else { body.schedule.ends }
    }

    /// The hub has opened the turn that this node is in, and may not have its request for a ticket.
    fn carry_tickets_again(&mut self, round: RunId) {
        let Some(Stage::Uploading(uploader)) = self.rounds.taking.get(&round).map(|taking| &taking.stage) else {
            return;
        };
        if let Some(ask) = uploader.again().to_hub {
            self.tell_hub(RoundMessage::TicketAsk(ask));
        }
    }

    /// Takes part in the newest turn, once the items are evaluated.
    fn enter_turn(&mut self, round: RunId) {
        let Some(turn) = self.rounds.turns.get(&round).cloned() else { return };
        let is_free = |stage: &Stage| matches!(stage, Stage::Turn | Stage::Uploading(_));
        if !self.rounds.taking.get(&round).is_some_and(|taking| is_free(&taking.stage)) {
            return;
        }
        let known = &self.state.rounds().rounds()[&round];
        let entered = known.turns.iter().any(|entered| entered.number() >= turn.number());
        let (Some(values), Some(seed)) = (known.values(), known.seed()) else { return };
        if entered || self.now.wall > turn.claim_by() {
            return;
        }
        let terms = known.terms.clone();
        self.commit(Entry::TurnOpened { round, signed: Box::new(turn.signed().clone()) });
        let seed = seed.fork("turn", turn.number().into());
        let (uploader, step) = Uploader::new(terms, turn, &values, seed);
        self.rounds.taking.get_mut(&round).expect("seen above").stage = Stage::Uploading(Box::new(uploader));
        self.carry_uploading(round, Ok(step));
    }

    /// The round whose turn this is, if this node is in it.
    fn uploading(&mut self, execution: Execution) -> Option<(RunId, &mut Uploader)> {
        self.rounds.taking.iter_mut().find_map(|(round, taking)| match &mut taking.stage {
            Stage::Uploading(uploader) if uploader.turn().execution() == execution => Some((*round, &mut **uploader)),
            _ => None,
        })
    }

    pub(super) fn on_ticket_given(&mut self, given: &TicketGiven) -> Result<(), Broken> {
        let Some((round, uploader)) = self.uploading(given.execution) else { return Ok(()) };
        let step = uploader.on_ticket(given);
        self.carry_uploading(round, step);
        Ok(())
    }

    pub(super) fn on_slots(&mut self, from: NodeKey, slots: &Slots) -> Result<(), Broken> {
        self.take_carried(from, slots.execution, |uploader| uploader.on_slots(slots))
    }

    pub(super) fn on_passed(&mut self, from: NodeKey, passed: Passed) -> Result<(), Broken> {
        self.take_carried(from, passed.execution, |uploader| uploader.on_passed(passed))
    }

    pub(super) fn on_answer(&mut self, from: NodeKey, answer: &Answer) -> Result<(), Broken> {
        self.take_carried(from, answer.execution, |uploader| uploader.on_answer(answer))
    }

    /// What the relay of the turn alone says.
    fn take_carried(
        &mut self,
        from: NodeKey,
        execution: Execution,
        take: impl FnOnce(&mut Uploader) -> Result<UploaderStep, Violation>,
    ) -> Result<(), Broken> {
        let Some((round, uploader)) = self.uploading(execution) else { return Ok(()) };
        if uploader.turn().relay() != from {
            return Err("unexpected-message");
        }
        let step = take(uploader);
        self.carry_uploading(round, step);
        Ok(())
    }

    pub(super) fn on_uploading_computed(&mut self, round: RunId, execution: Execution, job: JobId, output: JobOutput) {
        let Some((_, uploader)) = self.uploading(execution) else { return };
        let step = uploader.on_computed(job, output);
        self.carry_uploading(round, step);
    }

    pub(super) fn upload_again(&mut self, node: NodeKey) {
        let of_relay = self.rounds.taking.values().filter_map(|taking| match &taking.stage {
            Stage::Uploading(uploader) if uploader.turn().relay() == node => Some(uploader.again().to_relay),
            _ => None,
        });
        for upload in of_relay.flatten().collect::<Vec<_>>() {
            self.tell(node, RoundMessage::Upload(upload));
        }
    }

    fn carry_uploading(&mut self, round: RunId, step: Result<UploaderStep, Violation>) {
        let Some(Stage::Uploading(uploader)) = self.rounds.taking.get(&round).map(|taking| &taking.stage) else {
            return;
        };
        let (turn, execution) = (uploader.turn().clone(), uploader.turn().execution());
        let step = match step {
            Ok(step) => step,
            // What the relay carries comes from the hub, sealed: this node cannot tell which of them it was, and leaves the turn.
            Err(violation) => {
                self.note_fault(Some(turn.relay()), violation.code());
                return self.leave_turn(round);
            }
        };
        if let Some(ask) = step.to_hub {
            self.tell_hub(RoundMessage::TicketAsk(ask));
        }
        for upload in step.to_relay {
            self.tell(turn.relay(), RoundMessage::Upload(upload));
        }
        for (id, job) in step.jobs {
            self.compute_for_rounds(JobOf::Uploading(round, execution, id), job);
        }
        if let Some(found) = step.end {
            self.load_found(round, turn.number(), found);
        }
    }

    fn leave_turn(&mut self, round: RunId) {
        if let Some(taking) = self.rounds.taking.get_mut(&round) {
            taking.stage = Stage::Turn;
        }
    }

    fn load_found(&mut self, round: RunId, turn: u8, found: Found) {
        let Some(taking) = self.rounds.taking.get_mut(&round) else { return };
        let mut rooms: Vec<RoomOf> = found
            .0
            .into_iter()
            .map(|found| RoomOf { item: taking.items[found.place].1, key: StoredSecret(*found.room.expose()) })
            .collect();
        rooms.sort_by_key(|room| room.item);
        taking.stage = Stage::Rows(FoundRows { turn, rooms, loaded: 0, stored: 0 });
        self.load_more_found(round);
    }

    /// Asks for the rows of the next items, or stores the result when there are no more.
    fn load_more_found(&mut self, round: RunId) {
        let Some(terms) = self.terms_of(round) else { return };
        let Some(Stage::Rows(found)) = self.rounds.taking.get_mut(&round).map(|taking| &mut taking.stage) else {
            return;
        };
        let next = found.rooms[found.loaded..].iter().take(ROWS_PER_LOAD).map(|room| room.item);
        let items: Vec<Item> = next.collect();
        found.loaded += items.len();
        if items.is_empty() {
            let entry = Entry::RoundResult { round, turn: found.turn, rooms: core::mem::take(&mut found.rooms) };
            self.commit(entry);
            self.push(Effect::Log(Level::Info, "round-answered"));
            self.round_over(round);
            return;
        }
        self.load_for_round(round, LoadQuery::RowsOf { selection: selection_of(&terms), items });
    }

    /// Stores rows; they count for nothing without the result.
    fn store_found(&mut self, round: RunId, rows: Vec<FoundRow>) {
        let Some(Stage::Rows(found)) = self.rounds.taking.get_mut(&round).map(|taking| &mut taking.stage) else {
            return;
        };
        let rows: Vec<Match> = rows.into_iter().map(|found| Match { row: found.row, label: Vec::new() }).collect();
        let entries = match_entries(round, found.stored, &rows);
        found.stored = found.stored.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if !entries.is_empty() {
            self.commit_all(entries);
        }
        self.load_more_found(round);
    }

    pub(super) fn on_turn_ended(&mut self, ended: TurnEnded) -> Result<(), Broken> {
        self.rooms_begin(ended);
        self.carried_turn_ended(ended);
        // Whoever has left the turn hears of its end all the same.
        let is_of = |known: &KnownRound| known.turns.last().is_some_and(|turn| turn.execution() == ended.execution);
        let mut rounds = self.state.rounds().rounds().iter();
        let Some((round, _)) = rounds.find(|(_, known)| known.phase == RoundPhase::Joined && is_of(known)) else {
            return Ok(());
        };
        let round = *round;
        match ended.end {
            // What was answered is on its way through the relay.
            TurnEnd::Answered => {}
            TurnEnd::RelayFailed if self.uploading(ended.execution).is_some() => self.leave_turn(round),
            TurnEnd::RelayFailed => {}
            TurnEnd::TooFewUploads => self.end_round(round, "too-few-uploads"),
        }
        Ok(())
    }

    pub(super) fn keep_taking(&mut self) {
        let now = self.now.wall;
        for round in self.rounds.taking.keys().copied().collect::<Vec<_>>() {
            let Some(terms) = self.terms_of(round) else { continue };
            let Some(taking) = self.rounds.taking.get_mut(&round) else { continue };
            match &mut taking.stage {
                Stage::Asking(_) if now > terms.body().schedule.evaluate_by => {
                    self.end_round(round, "round-evaluation-missed");
                }
                Stage::Asking(asking) if asking.deadline().is_some_and(|deadline| deadline <= now) => {
                    let step = asking.on_time(now);
                    self.carry_asking(round, step);
                }
                Stage::Uploading(uploader) if uploader.deadline() <= now => taking.stage = Stage::Turn,
                Stage::Turn if now >= terms.body().schedule.ends => self.end_round(round, "round-unanswered"),
                _ => {}
            }
        }
        let offered = self.offered().filter(|(_, ends)| *ends <= now);
        for round in offered.map(|(round, _)| round).collect::<Vec<_>>() {
            self.end_round(round, "round-not-joined");
        }
        let over = |round: &&RunId| self.turns_until(&self.state.rounds().rounds()[*round]) <= now;
        for round in self.rounds.turns.keys().filter(over).copied().collect::<Vec<_>>() {
            self.rounds.turns.remove(&round);
        }
    }

    /// Rounds that nobody here has consented to, and when they end.
    fn offered(&self) -> impl Iterator<Item = (RunId, UnixTime)> {
        let is_member = !self.is_hub();
        let rounds = self.state.rounds().rounds().iter();
        let offered = rounds.filter(move |(_, known)| is_member && known.phase == RoundPhase::Open);
        offered.map(|(round, known)| (*round, known.terms.body().schedule.ends))
    }

    pub(super) fn taking_due(&self) -> impl Iterator<Item = UnixTime> {
        let of_round = |(round, taking): (&RunId, &Taking)| {
            let schedule = self.terms_of(*round)?.body().schedule;
            match &taking.stage {
                Stage::Asking(asking) => {
                    let missed = schedule.evaluate_by.plus_secs(1);
                    Some(asking.deadline().map_or(missed, |deadline| deadline.min(missed)))
                }
                Stage::Uploading(uploader) => Some(uploader.deadline()),
                Stage::Turn => Some(schedule.ends),
                Stage::Items | Stage::Rows(_) => None,
            }
        };
        let turns = self.rounds.turns.keys().map(|round| self.turns_until(&self.state.rounds().rounds()[round]));
        self.rounds.taking.iter().filter_map(of_round).chain(self.offered().map(|(_, ends)| ends)).chain(turns)
    }
}

/// What of the own set enters a round.
fn selection_of(terms: &SharedTerms) -> Selection {
    Selection(terms.body().kinds.iter().map(|entry| (entry.kind, entry.roles)).collect())
}
