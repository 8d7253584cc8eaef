//! Shared keys and rounds (`docs/spec/round-messages.md`): the machines of `cwg_protocol::round`, fed with messages, jobs and time, and
//! what they do carried out.
//!
//! | who | file |
//! |---|---|
//! | hub and keyholders make a key | `ceremony.rs` |
//! | hub opens a round, members adopt its terms | `opening.rs` |
//! | keyholder evaluates | `evaluating.rs` |
//! | member takes part | `taking_part.rs` |
//! | hub gives tickets and slots, and searches | `collecting.rs` |
//! | relay carries uploads | `carrying.rs` |
//! | holders write to each other | `rooms/mod.rs` |
//! | two of them show each other named fields | `reveals/mod.rs` |
//!
//! A node may be member, keyholder and relay of one round; what it says to itself goes the same way as all else. Nothing that was begun
//! is left to memory alone unless losing it is a named end: of a turn that a start interrupts, nothing is taken up again.

mod carrying;
mod ceremony;
mod collecting;
mod evaluating;
mod opening;
pub(crate) mod reveals;
mod rooms;
pub(crate) mod state;
mod taking_part;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::Digest;
use cwg_protocol::psi::{Job, JobId, JobOutput};
use cwg_protocol::reveal::RevealMessage;
use cwg_protocol::round::ceremony::{BoardKeeper, Participant};
use cwg_protocol::round::evaluate::{Allowance, BatchName};
use cwg_protocol::round::upload::{Collector, Relay};
use cwg_protocol::round::{Execution, RoundMessage, Turn};
use cwg_protocol::wire::Message;
use cwg_protocol::{NodeKey, PilotId, RunId, UnixTime};

use crate::Engine;
use crate::command::{Command, Refusal, Reply, RunEnd};
use crate::io::{CloseCode, ConnId, Effect, Level, Loaded, Ticket};
use crate::limits::CLOCK_CHECK_MS;
use crate::record::{Code, Entry};
use state::{Known, RoundPhase};

/// What of ceremonies and rounds is under way.
#[derive(Default)]
pub(crate) struct UnderWay {
    /// Hub: boards of ceremonies.
    boards: BTreeMap<Digest, BoardKeeper>,
    /// This node's parts in ceremonies.
    parts: BTreeMap<Digest, Participant>,
    /// Keyholder: the ledger of each pilot, and what is being evaluated.
    allowances: BTreeMap<PilotId, Allowance>,
    evaluating: BTreeSet<(NodeKey, Digest, BatchName)>,
    /// Member: rounds in which it takes part.
    taking: BTreeMap<RunId, taking_part::Taking>,
    /// Member: the newest turn of each round whose turns concern it.
    turns: BTreeMap<RunId, Turn>,
    /// Hub: turns, and since when a relay is looked for.
    collecting: BTreeMap<RunId, Collector>,
    relay_due: BTreeMap<RunId, UnixTime>,
    /// Relay: turns.
    carrying: BTreeMap<RunId, Relay>,
    rooms: rooms::UnderWay,
    jobs: BTreeMap<Ticket, JobOf>,
    loads: BTreeMap<Ticket, RunId>,
    waiting: BTreeMap<RunId, Vec<Ticket>>,
    /// What this node says to itself.
    own: VecDeque<RoundMessage>,
}

/// Whose a job is.
enum JobOf {
    Asking(RunId, JobId),
    Evaluating { to: NodeKey, terms: Digest, batch: BatchName },
    Uploading(RunId, Execution, JobId),
    Collecting(RunId, Execution, JobId),
    Page(RunId),
    Steps(RunId, u16),
    Deposits(RunId),
}

/// What a peer said is against the rules, by its code.
type Broken = &'static str;

impl Engine {
    /// Rounds of which this process holds something: a turn, rooms, what is asked of keyholders, or someone who waits. Ceremonies count by
    /// their pilots' names.
    pub fn rounds_under_way(&self) -> BTreeSet<RunId> {
        let UnderWay { boards, parts, taking, turns, collecting, relay_due, carrying, rooms, waiting, .. } =
            &self.rounds;
        let of_turns = turns.keys().chain(relay_due.keys()).chain(collecting.keys()).chain(carrying.keys());
        let rounds = taking.keys().chain(waiting.keys()).chain(of_turns).chain(rooms.rounds()).copied();
        let of_ceremonies = boards
            .keys()
            .chain(parts.keys())
            .filter_map(|ceremony| Some(RunId(self.state.rounds().ceremonies().get(ceremony)?.terms.body().pilot.0)));
        rounds.chain(of_ceremonies).collect()
    }

    pub(crate) fn on_rounds_command(&mut self, ticket: Ticket, command: Command) -> Result<Option<Reply>, Refusal> {
        match command {
            Command::CallCeremony(call) => self.call_ceremony(call).map(Some),
            Command::OpenRound(plan) => self.open_round(*plan).map(Some),
            Command::CloseRound { round } => self.close_round(round).map(Some),
            Command::JoinRound { round, leakage } => self.join_round(round, leakage).map(Some),
            Command::AwaitRound(round) => self.await_round(ticket, round),
            Command::PostToRoom { round, item, draft } => self.post_to_room(round, item, *draft).map(Some),
            Command::Reveal { round, ask } => self.on_reveal_command(round, *ask).map(Some),
            _ => unreachable!("other commands are carried out elsewhere"),
        }
    }

    pub(crate) fn on_round_message(&mut self, conn: ConnId, from: NodeKey, message: RoundMessage) {
        if let Err(code) = self.take_round_message(from, message) {
            self.refuse(conn, CloseCode::Violation, code);
        }
    }

    fn take_round_message(&mut self, from: NodeKey, message: RoundMessage) -> Result<(), Broken> {
        let is_of_hub = self.state.hub() == Some(from) && !self.is_hub();
        match message {
            RoundMessage::CeremonyCalled(signed) if is_of_hub => self.on_ceremony_called(signed),
            RoundMessage::CeremonyBoard(board) if is_of_hub => self.on_ceremony_board(board),
            RoundMessage::RoundOffered(signed) if is_of_hub => self.on_round_offered(signed),
            RoundMessage::RoundClosed(closed) if is_of_hub => self.on_round_closed(closed),
            RoundMessage::TurnOpened(signed) if is_of_hub => self.on_turn_opened(signed),
            RoundMessage::TicketGiven(given) if is_of_hub => self.on_ticket_given(&given),
            RoundMessage::Returned(returned) if is_of_hub => self.on_returned(returned),
            RoundMessage::Passed(taken) if is_of_hub => self.on_taken(taken),
            RoundMessage::Slots(slots) if is_of_hub => self.on_slots_of_hub(slots),
            RoundMessage::TurnEnded(ended) if is_of_hub => self.on_turn_ended(ended),
            RoundMessage::CeremonyPost(post) if self.is_hub() => self.on_ceremony_post(from, post),
            RoundMessage::TicketAsk(ask) if self.is_hub() => self.on_ticket_ask(from, ask),
            RoundMessage::Channels(channels) if self.is_hub() => self.on_channels(from, &channels),
            RoundMessage::Carried(carried) if self.is_hub() => self.on_carried(from, carried),
            RoundMessage::Dropped(dropped) if self.is_hub() => self.on_dropped(from, dropped),
            RoundMessage::EvaluateAsk(ask) if !self.is_hub() => self.on_evaluate_ask(from, ask),
            RoundMessage::EvaluateAnswer(answer) if !self.is_hub() => self.on_evaluate_answer(from, answer),
            RoundMessage::EvaluateRefused(refused) if !self.is_hub() => self.on_asking_refused(from, refused),
            RoundMessage::Upload(upload) if !self.is_hub() => self.on_upload(from, upload),
            RoundMessage::Passed(passed) if !self.is_hub() => self.on_passed(from, passed),
            RoundMessage::Slots(slots) if !self.is_hub() => self.on_slots(from, &slots),
            RoundMessage::Answer(answer) if !self.is_hub() => self.on_answer(from, &answer),
            RoundMessage::RoomUpload(upload) if !self.is_hub() => self.on_room_upload(from, upload),
            RoundMessage::RoomPage(page) if is_of_hub => self.on_room_page(page),
            RoundMessage::RoomBatch(batch) if self.is_hub() => self.on_room_batch(from, batch),
            RoundMessage::RoomPageAsk(ask) if self.is_hub() => self.on_room_page_ask(from, ask),
            RoundMessage::Reveal(message) => self.take_reveal_message(from, message),
            _ => Err("unexpected-message"),
        }
    }

    fn take_reveal_message(&mut self, from: NodeKey, message: RevealMessage) -> Result<(), Broken> {
        match message {
            RevealMessage::RevealUpload(upload) if !self.is_hub() => self.on_reveal_upload(from, upload),
            RevealMessage::RevealPage(page) if !self.is_hub() && self.state.hub() == Some(from) => {
                self.on_reveal_page(&page)
            }
            RevealMessage::RevealBatch(batch) if self.is_hub() => self.on_reveal_batch(from, batch),
            RevealMessage::RevealPageAsk(ask) if self.is_hub() => self.on_reveal_page_ask(from, ask),
            _ => Err("unexpected-message"),
        }
    }

    /// Both have said hello: each says what the other may not know, or has lost.
    pub(crate) fn begin_rounds(&mut self, node: NodeKey) {
        if self.is_hub() {
            self.show_ceremonies(node);
            self.show_rounds(node);
        } else {
            self.ask_keyholder_again(node);
            self.upload_again(node);
            self.answer_again(node);
            self.begin_rooms(node);
        }
    }

    pub(crate) fn rounds_lost(&mut self, node: NodeKey) {
        if self.is_hub() {
            self.relay_lost(node);
        }
    }

    /// What time alone brings.
    pub(crate) fn keep_rounds(&mut self) {
        self.keep_ceremonies();
        self.keep_turns();
        self.keep_taking();
        self.keep_carrying();
        self.keep_rooms();
        self.keep_reveals();
        let Some(own) = self.state.own_key() else { return };
        while let Some(message) = self.rounds.own.pop_front() {
            if let Err(code) = self.take_round_message(own, message) {
                self.push(Effect::Log(Level::Warn, code));
            }
        }
    }

    /// In milliseconds of the monotonic clock.
    pub(crate) fn next_rounds_deadline(&self) -> Option<u64> {
        let under_way = &self.rounds;
        let boards = under_way.boards.values().filter_map(BoardKeeper::deadline);
        let rooms = self.rooms_due().chain(self.reveals_due());
        let due = boards.chain(self.turns_due()).chain(self.taking_due()).chain(self.carrying_due()).chain(rooms);
        let next = due.filter(|due| *due > self.now.wall).min().map(|next| self.mono_at(next));
        next.map(|at_ms| at_ms.min(self.now.mono_ms.saturating_add(CLOCK_CHECK_MS)))
    }

    pub(crate) fn on_rounds_computed(&mut self, ticket: Ticket, output: JobOutput) -> Option<JobOutput> {
        let Some(of) = self.rounds.jobs.remove(&ticket) else { return Some(output) };
        match of {
            JobOf::Asking(round, job) => self.on_asking_computed(round, job, output),
            JobOf::Evaluating { to, terms, batch } => self.on_evaluated_batch(to, terms, batch, output),
            JobOf::Uploading(round, execution, job) => self.on_uploading_computed(round, execution, job, output),
            JobOf::Page(round) => self.on_page_computed(round, output),
            JobOf::Steps(round, interval) => self.on_steps_read(round, interval, output),
            JobOf::Deposits(round) => self.on_deposits_opened(round, output),
            JobOf::Collecting(round, execution, job) => self.on_collecting_computed(round, execution, job, output),
        }
        None
    }

    pub(crate) fn on_rounds_loaded(&mut self, ticket: Ticket, loaded: Loaded) -> Option<Loaded> {
        let Some(round) = self.rounds.loads.remove(&ticket) else { return Some(loaded) };
        self.on_taking_loaded(round, loaded);
        None
    }

    /// After a start: what the records say is under way goes on, as far as it can.
    pub(crate) fn resume_rounds(&mut self) {
        for (pilot, charge) in self.state.rounds().charges() {
            let allowance = self.state.pilots().get(pilot).map_or(0, |pilot| evaluating::allowance_of(&pilot.charter));
            self.rounds.allowances.entry(*pilot).or_insert_with(|| Allowance::new(allowance)).restore(charge);
        }
        self.resume_ceremonies();
        self.resume_taking();
    }

    /// Nodes with which rounds need a connection.
    pub(crate) fn wanted_for_rounds(&self) -> Vec<NodeKey> {
        let own = self.state.own_key();
        let wanted = self.rounds.taking.values().flat_map(taking_part::Taking::wanted);
        wanted.chain(self.relays_of_rooms()).filter(|node| Some(*node) != own).collect()
    }

    pub(crate) fn known(&self) -> Option<Known<'_>> {
        Some(Known { network: self.state.network()?, pilots: self.state.pilots() })
    }

    /// Says something to a node, this one included. Who is not connected is told again when it is.
    fn tell(&mut self, to: NodeKey, message: RoundMessage) {
        if self.state.own_key() == Some(to) {
            self.rounds.own.push_back(message);
        } else if let Some((conn, _)) = self.ready_conn(to) {
            self.send(conn, &Message::Round(message));
        }
    }

    fn tell_hub(&mut self, message: RoundMessage) {
        if let Some(hub) = self.state.hub() {
            self.tell(hub, message);
        }
    }

    fn is_computing(&self, is_it: impl Fn(&JobOf) -> bool) -> bool {
        self.rounds.jobs.values().any(is_it)
    }

    fn compute_for_rounds(&mut self, of: JobOf, job: Job) {
        let ticket = self.ticket();
        self.rounds.jobs.insert(ticket, of);
        self.push(Effect::Compute(ticket, job));
    }

    fn await_round(&mut self, ticket: Ticket, round: RunId) -> Result<Option<Reply>, Refusal> {
        self.member()?;
        match self.round_end(round).ok_or(Refusal::UnknownRound)? {
            Some(end) => Ok(Some(Reply::RoundEnded(end))),
            None => {
                self.rounds.waiting.entry(round).or_default().push(ticket);
                Ok(None)
            }
        }
    }

    fn round_end(&self, round: RunId) -> Option<Option<RunEnd>> {
        Some(match &self.state.rounds().rounds().get(&round)?.phase {
            RoundPhase::Open | RoundPhase::Joined => None,
            RoundPhase::Answered(items) => Some(RunEnd::Sealed(*items)),
            RoundPhase::Ended(code) => Some(RunEnd::Ended(code.clone())),
        })
    }

    /// Ends a round here, without a result.
    fn end_round(&mut self, round: RunId, code: impl Into<Code>) {
        self.commit(Entry::RoundEnded { round, code: code.into() });
        self.push(Effect::Log(Level::Warn, "round-ended"));
        self.round_over(round);
    }

    /// Whoever waits for a round that is over is answered.
    fn round_over(&mut self, round: RunId) {
        self.rounds.taking.remove(&round);
        self.rounds.relay_due.remove(&round);
        let Some(Some(end)) = self.round_end(round) else { return };
        for ticket in self.rounds.waiting.remove(&round).unwrap_or_default() {
            self.reply(ticket, Ok(Reply::RoundEnded(end.clone())));
        }
    }
}
