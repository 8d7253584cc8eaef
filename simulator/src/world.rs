//! The fake world: nodes, their disks and books, and one queue of events ordered by virtual time and number.
//!
//! It is the driver of every engine. Effects are carried out in order, and what follows a `Store` waits for its sync.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::Seed;
use cwg_engine::command::RunEnd;
use cwg_engine::io::{ConnId, EditionDone, Effect, Input, Loaded, Now};
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_protocol::wire::Message;
use cwg_protocol::{NodeKey, TransportKey, UnixTime};

use crate::adversary::Adversary;
use crate::book::Book;
use crate::checkers::Breach;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::net::{Net, NetEvent};
use crate::operators::{WishStage, Workload};
use crate::report::Counts;
use crate::rounds::Seen;
use crate::scenario::Scenario;
use crate::trace::{Trace, mark};

/// One second of virtual time.
pub(crate) const SEC: u64 = 1_000_000;

/// The hub's number; members follow.
pub(crate) const HUB: usize = 0;

/// The true time at the start, seconds since 1970.
const EPOCH_SECS: u64 = 1_800_000_000;

/// What an element of a job costs, microseconds of virtual time.
const ELEMENT_US: u64 = 60;

/// Messages of ceremonies and rounds have kinds from here on.
pub(crate) const FIRST_OF_ROUNDS: u8 = 0x70;

/// Deadlines that may come at one moment before a node is said to spin.
const WAKES_AT_ONCE_MAX: u32 = 64;

/// Breaches of one claim that a report lists.
const BREACHES_PER_CLAIM: usize = 4;

/// One node and its driver.
pub(crate) struct Node {
    /// Nothing while it is down.
    pub(crate) engine: Option<Engine>,
    /// Counts its processes: an event of an earlier one means nothing.
    pub(crate) life: u32,
    pub(crate) disk: Disk,
    outbox: VecDeque<Effect>,
    syncing: bool,
    wake_at: Option<u64>,
    wakes_at_once: (u64, u32),
    started_us: u64,
    /// How far its clock is from the truth, seconds.
    pub(crate) skew_secs: i64,
    pub(crate) allow: BTreeSet<TransportKey>,
    /// At the hub the entries of its release: it holds no bank's rows.
    pub(crate) book: Option<Book>,
    pub(crate) hostile: Option<Adversary>,
    seed: Seed,
    pub(crate) next_conn: u64,
}

pub(crate) enum Event {
    Synced { node: usize, life: u32 },
    Input { node: usize, life: u32, input: Box<Input> },
    Wake { node: usize, life: u32 },
    Operator { node: usize },
    Net(NetEvent),
    Crash { node: usize },
    Restart { node: usize, life: u32 },
    ClockJump { node: usize, secs: i64 },
    Growth { node: usize, number: u64 },
    Calm,
}

/// Everything.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) now_us: u64,
    events: BTreeMap<(u64, u64), Event>,
    next_event: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) net: Net,
    pub(crate) work: Workload,
    pub(crate) seen: Seen,
    pub(crate) dice: Dice,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) breaches: Vec<Breach>,
    /// Whether the faults are over.
    pub(crate) calm: bool,
}

impl Node {
    /// Whether every effect of its engine has been carried out, the allow list among them.
    pub(crate) fn allow_is_current(&self) -> bool {
        self.outbox.is_empty() && !self.syncing
    }
}

impl World {
    pub(crate) fn new(number: u64, scenario: &Scenario) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        let seed = Seed::new(bytes);
        let mut dice = Dice::new(&seed, "world", 0);
        let books = Book::planted(&seed, scenario);
        let mut released = Some(Book::released(&books, UnixTime(EPOCH_SECS)));
        let mut books = books.into_iter();
        let nodes = (0..=scenario.members as usize)
            .map(|index| {
                let most = scenario.skew_max_secs;
                let skew_secs = i64::try_from(dice.between(0, 2 * most)).expect("minutes") - most as i64;
                let hostile = index != HUB && index > (scenario.members - scenario.hostile) as usize;
                Node {
                    engine: None,
                    life: 0,
                    disk: Disk::default(),
                    outbox: VecDeque::new(),
                    syncing: false,
                    wake_at: None,
                    wakes_at_once: (0, 0),
                    started_us: 0,
                    skew_secs,
                    allow: BTreeSet::new(),
                    book: if index == HUB { released.take() } else { books.next() },
                    hostile: hostile.then(|| Adversary::new(&seed, index, scenario.lies_permille)),
                    seed: seed.fork("node", index as u64),
                    next_conn: 0,
                }
            })
            .collect();
        let mut world = Self {
            work: Workload::new(&seed, scenario),
            net: Net::new(&seed, scenario),
            seen: Seen::default(),
            scenario: scenario.clone(),
            now_us: 0,
            events: BTreeMap::new(),
            next_event: 0,
            nodes,
            dice,
            trace: Trace::new(),
            counts: Counts::default(),
            breaches: Vec::new(),
            calm: false,
        };
        // First of all, so that a trace names what gave it.
        let knobs = scenario.to_string().replace('\n', ", ");
        world.trace.line(0, format_args!("seed {number}, {knobs}"));
        world.plan_faults();
        for node in 0..world.nodes.len() {
            world.start(node);
            world.at(world.now_us + SEC / 10, Event::Operator { node });
        }
        world
    }

    /// Draws when what goes wrong.
    fn plan_faults(&mut self) {
        let scenario = self.scenario.clone();
        let end = scenario.faults_secs * SEC;
        let nodes = self.nodes.len();
        for _ in 0..scenario.crashes {
            let (at, node) = (self.dice.below(end), self.dice.index(nodes));
            self.at(at, Event::Crash { node });
        }
        for _ in 0..scenario.clock_jumps {
            let (at, node) = (self.dice.below(end), self.dice.index(nodes));
            let secs = i64::try_from(self.dice.between(1, scenario.clock_jump_max_secs)).expect("days");
            let secs = if self.dice.chance(500) { secs } else { -secs };
            self.at(at, Event::ClockJump { node, secs });
        }
        for _ in 0..scenario.cuts {
            let (at, from) = (self.dice.below(end), self.dice.index(nodes));
            let to = (from + 1 + self.dice.index(nodes - 1)) % nodes;
            let until = at + self.dice.between(1, scenario.cut_max_secs) * SEC;
            self.at(at, Event::Net(NetEvent::Cut { from, to, until_us: until }));
            if self.dice.chance(600) {
                self.at(at, Event::Net(NetEvent::Cut { from: to, to: from, until_us: until }));
            }
        }
        for number in 0..u64::from(scenario.growths) {
            let (at, node) = (self.dice.below(end), 1 + self.dice.index(nodes - 1));
            self.at(at, Event::Growth { node, number });
        }
        self.at(end, Event::Calm);
    }

    pub(crate) fn at(&mut self, at_us: u64, event: Event) {
        self.next_event += 1;
        self.events.insert((at_us.max(self.now_us), self.next_event), event);
    }

    /// Carries out the next event; false when the simulation is over.
    pub(crate) fn step(&mut self) -> bool {
        let limit = (self.scenario.faults_secs + self.scenario.settle_secs) * SEC;
        let Some(((at, _), event)) = self.events.pop_first() else { return false };
        if at > limit || (self.calm && self.work.is_over(at)) {
            return false;
        }
        self.now_us = at;
        match event {
            Event::Synced { node, life } if self.lives(node, life) => {
                let durable = self.nodes[node].disk.synced();
                self.nodes[node].syncing = false;
                self.note_durable(node, &durable);
                self.pump(node);
            }
            Event::Input { node, life, input } if self.lives(node, life) => self.input(node, *input),
            Event::Wake { node, life } if self.lives(node, life) && self.nodes[node].wake_at == Some(at) => {
                self.nodes[node].wake_at = None;
                self.input(node, Input::Deadline);
            }
            Event::Operator { node } => {
                self.operate(node);
                if node == HUB {
                    self.void_wishes();
                }
                // Rounds take hours, and their people are in no hurry.
                let pause = if self.scenario.rounds > 0 { 3 * SEC } else { SEC / 2 };
                let next = self.now_us + pause + self.dice.below(pause);
                self.at(next, Event::Operator { node });
            }
            Event::Net(event) => self.on_net(event),
            Event::Crash { node } if !self.calm => self.crash(node),
            Event::Restart { node, life } if self.nodes[node].life == life => self.start(node),
            Event::ClockJump { node, secs } if !self.calm => {
                self.trace.line(self.now_us, format_args!("{node} clock jumps {secs}"));
                self.nodes[node].skew_secs += secs;
            }
            Event::Growth { node, number } => {
                self.trace.line(self.now_us, format_args!("{node} has one item more"));
                if let Some(book) = &mut self.nodes[node].book {
                    book.grow(&mut self.dice, number);
                }
            }
            Event::Calm => self.become_calm(),
            _ => {}
        }
        true
    }

    fn become_calm(&mut self) {
        self.trace.line(self.now_us, format_args!("calm"));
        self.calm = true;
        self.heal();
        let most = self.scenario.skew_max_secs as i64;
        for node in 0..self.nodes.len() {
            self.nodes[node].skew_secs = self.nodes[node].skew_secs.clamp(-most, most);
            if self.nodes[node].engine.is_none() {
                self.start(node);
            }
        }
    }

    /// Now and then something fails just as a message of a round is on its way.
    fn strike(&mut self, node: usize, conn: ConnId, body: &[u8]) {
        let is_of_round = body.get(..2).is_some_and(|kind| kind[1] == 0 && kind[0] >= FIRST_OF_ROUNDS);
        if self.calm || !is_of_round || !self.dice.chance(self.scenario.strikes_permille) {
            return;
        }
        let Some(peer) = self.peer_at(node, conn) else { return };
        let at = self.now_us + self.dice.below(2 * self.scenario.delay_ms * 1000 + SEC / 100);
        let (from, to) = if self.dice.chance(500) { (node, peer) } else { (peer, node) };
        if self.dice.chance(600) {
            self.at(at, Event::Crash { node: from });
        } else {
            let until_us = at + self.dice.between(1, self.scenario.cut_max_secs) * SEC;
            self.at(at, Event::Net(NetEvent::Cut { from, to, until_us }));
        }
    }

    fn lives(&self, node: usize, life: u32) -> bool {
        self.nodes[node].life == life && self.nodes[node].engine.is_some()
    }

    pub(crate) fn now_of(&self, node: usize) -> Now {
        let node = &self.nodes[node];
        let wall = (EPOCH_SECS + self.now_us / SEC).saturating_add_signed(node.skew_secs);
        Now { wall: UnixTime(wall), mono_ms: (self.now_us - node.started_us) / 1000 }
    }

    pub(crate) fn engine(&self, node: usize) -> Option<&Engine> {
        self.nodes[node].engine.as_ref()
    }

    pub(crate) fn state(&self, node: usize) -> Option<&State> {
        self.engine(node).map(Engine::state)
    }

    fn start(&mut self, node: usize) {
        let started = &mut self.nodes[node];
        started.life += 1;
        started.started_us = self.now_us;
        started.next_conn = 0;
        let life = started.life;
        let records = started.disk.records().to_vec();
        self.trace.line(self.now_us, format_args!("{node} starts life {life} with {} records", records.len()));
        let state = match State::replay(records) {
            Ok(state) => state,
            Err(misfit) => {
                self.breach("records_replay", format!("node {node}: {misfit}"));
                return;
            }
        };
        let seed = self.nodes[node].seed.fork("life", life.into());
        let now = self.now_of(node);
        self.nodes[node].engine = Some(Engine::new(Config { online: true }, state, seed, now));
        self.drain(node);
    }

    pub(crate) fn crash(&mut self, node: usize) {
        if self.nodes[node].engine.is_none() {
            return;
        }
        self.counts.crashes += 1;
        let crashed = &mut self.nodes[node];
        crashed.engine = None;
        crashed.outbox.clear();
        crashed.syncing = false;
        crashed.wake_at = None;
        crashed.allow.clear();
        if let Some(book) = &mut crashed.book {
            book.restart();
        }
        if let Some(adversary) = &mut crashed.hostile {
            adversary.restarted();
        }
        let durable = crashed.disk.crash(&mut self.dice);
        let (life, kept) = (crashed.life, crashed.disk.records().len());
        self.trace.line(self.now_us, format_args!("{node} crashes with {kept} records"));
        self.note_durable(node, &durable);
        self.drop_conns(node);
        self.work.crashed(node);
        let down = self.dice.below(self.scenario.down_max_secs * SEC) + SEC / 100;
        self.at(self.now_us + down, Event::Restart { node, life });
    }

    /// An input that comes later, if the process lives until then.
    pub(crate) fn input_at(&mut self, at_us: u64, node: usize, input: Input) {
        let life = self.nodes[node].life;
        self.at(at_us, Event::Input { node, life, input: Box::new(input) });
    }

    /// Gives an engine an input and takes what comes out.
    pub(crate) fn input(&mut self, node: usize, input: Input) {
        let now = self.now_of(node);
        self.trace.line(self.now_us, format_args!("{node} < {}", input_text(&input)));
        if let Input::Frame(_, body) = &input {
            self.note_arrived(node, body);
        }
        let Some(engine) = &mut self.nodes[node].engine else { return };
        engine.handle(now, input);
        self.drain(node);
    }

    fn drain(&mut self, node: usize) {
        let driven = &mut self.nodes[node];
        let Some(engine) = &mut driven.engine else { return };
        while let Some(effect) = engine.poll_effect() {
            driven.outbox.push_back(effect);
        }
        let wake = engine.poll_deadline().map(|ms| driven.started_us.saturating_add(ms.saturating_mul(1000)));
        self.check_connected(node);
        self.schedule_wake(node, wake);
        self.pump(node);
    }

    fn schedule_wake(&mut self, node: usize, wake: Option<u64>) {
        // A deadline beyond the end of all simulations is none.
        let wake = wake.filter(|at| *at < u64::MAX / 2).map(|at| at.max(self.now_us));
        let now_us = self.now_us;
        let driven = &mut self.nodes[node];
        if wake.is_none() || wake == driven.wake_at {
            driven.wake_at = wake;
            return;
        }
        driven.wake_at = wake;
        let (at, life) = (wake.expect("checked above"), driven.life);
        if at == now_us {
            let (moment, count) = &mut driven.wakes_at_once;
            *count = if *moment == now_us { *count + 1 } else { 0 };
            *moment = now_us;
            if *count == WAKES_AT_ONCE_MAX {
                self.breach("deadlines_advance", format!("node {node} asks for the same deadline again and again"));
            }
            if self.nodes[node].wakes_at_once.1 >= WAKES_AT_ONCE_MAX {
                self.at(now_us + SEC / 100, Event::Wake { node, life });
                self.nodes[node].wake_at = Some(now_us + SEC / 100);
                return;
            }
        }
        self.at(at, Event::Wake { node, life });
    }

    /// Carries out effects up to the next one that must wait for the disk.
    fn pump(&mut self, node: usize) {
        while !self.nodes[node].syncing {
            let Some(effect) = self.nodes[node].outbox.pop_front() else { return };
            self.carry_out(node, effect);
        }
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        let life = self.nodes[node].life;
        match effect {
            Effect::Store(records) => {
                let codes: Vec<&str> = records.iter().map(|record| record.entry.code()).collect();
                self.trace.line(self.now_us, format_args!("{node} > store {}", codes.join(" ")));
                self.note_stored(node, &records);
                self.nodes[node].disk.write(records);
                self.nodes[node].syncing = true;
                let sync = self.dice.between(SEC / 10_000, self.scenario.sync_max_ms * 1000);
                self.at(self.now_us + sync, Event::Synced { node, life });
            }
            Effect::Send(conn, body) => {
                self.check_promise(node, conn, &body);
                self.note_said(node, &body);
                self.strike(node, conn, &body);
                self.send(node, conn, body);
            }
            Effect::Close(conn, code) => {
                self.trace.line(self.now_us, format_args!("{node} > close {} {code:?}", conn.0));
                self.close(node, conn, code as u32);
            }
            Effect::Dial(dial) => {
                self.trace.line(self.now_us, format_args!("{node} > dial {} {}", dial.ticket.0, dial.endpoint.0));
                self.dial(node, dial);
            }
            Effect::Allow(keys) => {
                self.trace.line(self.now_us, format_args!("{node} > allow {}", keys.len()));
                self.allow(node, keys.into_iter().collect());
            }
            Effect::Load(ticket, query) => {
                let loaded = self.nodes[node].book.as_mut().map_or(Loaded::Failed, |book| book.answer(ticket, query));
                self.note_loaded(node, &loaded);
                let wait = self.dice.between(100, 20_000);
                self.trace.line(self.now_us, format_args!("{node} > load {}", ticket.0));
                self.input_at(self.now_us + wait, node, Input::Loaded(ticket, loaded));
            }
            Effect::Forget(ticket) => {
                self.trace.line(self.now_us, format_args!("{node} > forget {}", ticket.0));
                if let Some(book) = &mut self.nodes[node].book {
                    book.forget(ticket);
                }
            }
            Effect::Compute(ticket, job) => {
                let elements = u64::from(job.elements);
                self.trace.line(self.now_us, format_args!("{node} > compute {} {elements}", ticket.0));
                // Jobs on several cores end in any order.
                let cost = elements * ELEMENT_US;
                let spent = self.dice.between(cost / 2, 2 * cost);
                let output = job.run();
                self.input_at(self.now_us + spent, node, Input::Computed(ticket, output));
            }
            Effect::Edition(ticket, _) => {
                // Scenarios publish no editions: there is no file.
                self.trace.line(self.now_us, format_args!("{node} > edition {}", ticket.0));
                self.input_at(self.now_us + 100, node, Input::Edition(ticket, EditionDone::Failed));
            }
            Effect::RemoveEdition(_) | Effect::DestroyTable(_) => {
                self.trace.line(self.now_us, format_args!("{node} > remove"));
            }
            Effect::Reply(ticket, answer) => {
                self.answered(node, ticket, *answer);
            }
            Effect::Log(level, code) => {
                self.trace.line(self.now_us, format_args!("{node} > log {level:?} {code}"));
                self.counts.logged(code);
            }
        }
    }

    /// Counts how the wanted runs ended.
    pub(crate) fn count_runs(&mut self) {
        for wish in &self.work.wishes {
            match &wish.stage {
                WishStage::Ended(_, RunEnd::Sealed(_)) => self.counts.sealed += 1,
                WishStage::Ended(_, RunEnd::Ended(code)) => {
                    *self.counts.ended.entry(code.0.clone()).or_default() += 1;
                }
                WishStage::Refused(code) => *self.counts.refused.entry(code.clone()).or_default() += 1,
                _ => {}
            }
        }
    }

    pub(crate) fn breach(&mut self, claim: &'static str, detail: String) {
        self.trace.line(self.now_us, format_args!("BREACH {claim}: {detail}"));
        // The first of a kind is enough.
        if self.breaches.iter().filter(|breach| breach.claim == claim).count() >= BREACHES_PER_CLAIM {
            return;
        }
        self.breaches.push(Breach { claim, at_us: self.now_us, detail });
    }

    /// Which simulated node holds a key; the records say so.
    pub(crate) fn node_of(&self, key: NodeKey) -> Option<usize> {
        self.work.node_of(key)
    }
}

/// A line about an input: kinds, numbers and lengths only.
fn input_text(input: &Input) -> String {
    match input {
        Input::Command(ticket, _) => format!("command {}", ticket.0),
        Input::PeerUp(up) => format!("up {} {:?}", up.conn.0, up.side),
        Input::Frame(ConnId(conn), body) => {
            let name = Message::decode(body).map_or("undecodable", |message| message.name());
            format!("frame {conn} {name} {} {:08x}", body.len(), mark(body))
        }
        Input::PeerDown(conn, reason) => format!("down {} {reason:?}", conn.0),
        Input::DialFailed(ticket, failure) => format!("dial-failed {} {failure:?}", ticket.0),
        Input::Loaded(ticket, _) => format!("loaded {}", ticket.0),
        Input::Computed(ticket, _) => format!("computed {}", ticket.0),
        Input::Edition(ticket, _) => format!("edition {}", ticket.0),
        Input::Deadline => "deadline".to_owned(),
    }
}
