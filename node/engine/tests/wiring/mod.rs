//! Nodes under one clock with wires between them, which a test can cut, change or watch. What else the engines ask for is each network's
//! own.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::DerefMut;

use cwg_crypto::Seed;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{CloseCode, ConnId, Dial, DialFailure, DownReason, Effect, Input, Now, PeerUp, Side, Ticket};
use cwg_engine::record::{Entry, Record, ReleaseDraft};
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::{ReleaseBody, ReleaseNumber};
use cwg_protocol::wire::Message;

use crate::founding::{WALL, release_body, signed, transport};

/// What becomes of a message from one node to another.
pub(crate) type Wire = Box<dyn FnMut(usize, usize, Message) -> Option<Message>>;

/// A wire on which a message arrives as it is, or not at all.
pub(crate) fn passing(mut passes: impl FnMut(usize, usize, &Message) -> bool + 'static) -> Wire {
    Box::new(move |from, to, message| passes(from, to, &message).then_some(message))
}

/// A network is its nodes, and what its own tests need besides.
macro_rules! of_nodes {
    ($network:ident) => {
        impl core::ops::Deref for $network {
            type Target = $crate::wiring::Nodes;

            fn deref(&self) -> &Self::Target {
                &self.nodes
            }
        }

        impl core::ops::DerefMut for $network {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.nodes
            }
        }
    };
}
pub(crate) use of_nodes;

/// Nodes by their numbers.
pub(crate) struct Nodes {
    pub(crate) engines: Vec<Engine>,
    pub(crate) journals: Vec<Vec<Record>>,
    pub(crate) now: Now,
    /// Nodes whose process does not run.
    pub(crate) away: BTreeSet<usize>,
    /// By default every message arrives as it is.
    pub(crate) wire: Wire,
    /// Messages of rounds and counts that arrived: from whom, to whom, which, and how long it was.
    pub(crate) seen: Vec<(usize, usize, &'static str, usize)>,
    /// Messages of rounds and counts of this name arrive twice.
    pub(crate) doubled: Option<&'static str>,
    /// Who closed a connection, and why.
    pub(crate) closed: Vec<(usize, CloseCode)>,
    pub(crate) replies: Vec<(usize, Ticket, Result<Reply, Refusal>)>,
    /// Both ends of each connection.
    conns: BTreeMap<ConnId, [usize; 2]>,
    next_conn: u64,
    lives: u64,
    queue: VecDeque<(usize, Effect)>,
}

impl Nodes {
    /// Nodes that start on what their journals hold, without a connection.
    pub(crate) fn new(journals: Vec<Vec<Record>>) -> Self {
        let mut nodes = Self {
            engines: Vec::new(),
            journals: Vec::new(),
            now: Now { wall: UnixTime(WALL), mono_ms: 1_000 },
            away: BTreeSet::new(),
            wire: passing(|_, _, _| true),
            seen: Vec::new(),
            doubled: None,
            closed: Vec::new(),
            replies: Vec::new(),
            conns: BTreeMap::new(),
            next_conn: 0,
            lives: 0,
            queue: VecDeque::new(),
        };
        for journal in journals {
            let engine = nodes.started(&journal);
            nodes.engines.push(engine);
            nodes.journals.push(journal);
        }
        nodes
    }

    fn started(&mut self, journal: &[Record]) -> Engine {
        self.lives += 1;
        let state = State::replay(journal.iter().cloned()).unwrap();
        Engine::new(Config { online: true }, state, Seed::new([3; 32]).fork("life", self.lives), self.now)
    }

    pub(crate) fn handle(&mut self, number: usize, input: Input) {
        self.engines[number].handle(self.now, input);
    }

    /// Nodes that closed a connection, one by one.
    pub(crate) fn closers(&self) -> Vec<usize> {
        self.closed.iter().map(|(number, _)| *number).collect()
    }

    /// Codes of what a node noted as refused.
    pub(crate) fn refused(&self, number: usize) -> Vec<&str> {
        let entries = self.journals[number].iter().map(|record| &record.entry);
        entries
            .filter_map(|entry| if let Entry::Refused { code, .. } = entry { Some(&*code.0) } else { None })
            .collect()
    }

    /// The answer to a command, if there is one.
    pub(crate) fn reply(&mut self, number: usize) -> Option<Result<Reply, Refusal>> {
        let at = self.replies.iter().position(|(of, ticket, _)| (*of, *ticket) == (number, TICKET))?;
        Some(self.replies.remove(at).2)
    }

    /// Connects two nodes.
    pub(crate) fn link(&mut self, dialer: usize, listener: usize) {
        self.next_conn += 1;
        let (conn, exporter) = (ConnId(self.next_conn), [self.next_conn as u8; 32]);
        self.conns.insert(conn, [dialer, listener]);
        for (at, with, side) in [(dialer, listener, Side::Dialer), (listener, dialer, Side::Listener)] {
            self.handle(at, Input::PeerUp(PeerUp { conn, key: transport(with), side, exporter }));
        }
    }

    /// Connects to the node that is dialed, unless it is away.
    pub(crate) fn dial(&mut self, dialer: usize, dial: &Dial) {
        let listener = (0..self.engines.len()).find(|other| transport(*other) == dial.key).unwrap();
        if self.away.contains(&listener) {
            self.handle(dialer, Input::DialFailed(dial.ticket, DialFailure::Unreachable));
        } else {
            self.link(dialer, listener);
        }
    }

    /// Loses the connections of which both ends are among these, with what is on its way over them.
    pub(crate) fn lose(&mut self, is_lost: impl Fn([usize; 2]) -> bool) {
        let lost: Vec<_> = self.conns.extract_if(.., |_, ends| is_lost(*ends)).collect();
        for (conn, ends) in lost {
            for end in ends.into_iter().filter(|end| !self.away.contains(end)).collect::<Vec<_>>() {
                self.handle(end, Input::PeerDown(conn, DownReason::Lost));
            }
        }
    }

    pub(crate) fn stop(&mut self, number: usize) {
        self.away.insert(number);
        self.lose(|ends| ends.contains(&number));
        self.queue.retain(|(of, _)| *of != number);
    }

    /// Starts a process on what its journal holds, in the place of one that ran or was killed.
    pub(crate) fn start_again(&mut self, number: usize) {
        self.stop(number);
        self.away.remove(&number);
        let journal = std::mem::take(&mut self.journals[number]);
        self.engines[number] = self.started(&journal);
        self.journals[number] = journal;
        self.handle(number, Input::Deadline);
    }

    /// The release after the newest of a hub, without entries.
    pub(crate) fn next_release(&self, hub: usize) -> ReleaseBody {
        let current = self.engines[hub].state().lighthouse().current();
        release_body(current.map_or(0, |current| current.seen.number.0) + 1, self.now.wall)
    }

    pub(crate) fn conn_between(&self, one: usize, other: usize) -> ConnId {
        let mut of_both = self.conns.iter().rev().filter(|(_, ends)| ends.contains(&one) && ends.contains(&other));
        *of_both.next().expect("they are connected").0
    }

    fn other_end(&self, number: usize, conn: ConnId) -> Option<usize> {
        self.conns.get(&conn)?.iter().copied().find(|end| *end != number)
    }

    /// Carries out what concerns journals, wires and commands, until there is something else to do.
    pub(crate) fn next_effect(&mut self) -> Option<(usize, Effect)> {
        loop {
            for number in 0..self.engines.len() {
                while let Some(effect) = self.engines[number].poll_effect() {
                    if !self.away.contains(&number) {
                        self.queue.push_back((number, effect));
                    }
                }
            }
            let (number, effect) = self.queue.pop_front()?;
            match effect {
                Effect::Store(records) => self.journals[number].extend(records),
                Effect::Reply(ticket, reply) => self.replies.push((number, ticket, *reply)),
                Effect::Send(conn, body) => self.deliver(number, conn, &body),
                Effect::Close(conn, code) => {
                    self.closed.push((number, code));
                    if let Some(other) = self.other_end(number, conn) {
                        self.conns.remove(&conn);
                        self.handle(other, Input::PeerDown(conn, DownReason::ClosedByPeer(code as u32)));
                    }
                }
                Effect::Allow(_) | Effect::Log(..) => {}
                effect => return Some((number, effect)),
            }
        }
    }

    fn deliver(&mut self, from: usize, conn: ConnId, body: &[u8]) {
        let Some(to) = self.other_end(from, conn) else { return };
        let Some(message) = (self.wire)(from, to, Message::decode(body).unwrap()) else { return };
        let body = message.encode();
        if matches!(message, Message::Round(_) | Message::Count(_)) {
            self.seen.push((from, to, message.name(), body.len()));
            if self.doubled == Some(message.name()) {
                self.handle(to, Input::Frame(conn, body.clone()));
            }
        }
        self.handle(to, Input::Frame(conn, body));
    }
}

/// A network of such nodes.
pub(crate) trait Wired: DerefMut<Target = Nodes> {
    /// Does what a node asks of its own driver.
    fn carry_out(&mut self, number: usize, effect: Effect);

    /// Goes on until nobody has anything to do.
    fn pump(&mut self) {
        while let Some((number, effect)) = self.next_effect() {
            self.carry_out(number, effect);
        }
    }

    /// A command whose answer may come later.
    fn give(&mut self, number: usize, command: Command) {
        self.handle(number, Input::Command(TICKET, command));
        self.pump();
    }

    fn command(&mut self, number: usize, command: Command) -> Result<Reply, Refusal> {
        self.give(number, command);
        self.reply(number).expect("answered at once")
    }

    /// Publishes a release: drafted, and signed by both persons.
    fn publish_release(&mut self, hub: usize, draft: ReleaseDraft) -> ReleaseNumber {
        let (built, approved) = signed(&draft.body);
        let steps = [
            Command::DraftRelease(Box::new(draft)),
            Command::SignDraft(Box::new(built)),
            Command::ApproveDraft(Box::new(approved)),
        ];
        for step in steps {
            self.command(hub, step).unwrap();
        }
        match self.command(hub, Command::PublishRelease) {
            Ok(Reply::Published(number)) => number,
            other => panic!("{other:?}"),
        }
    }

    /// Kills a process: its connections are lost.
    fn kill(&mut self, number: usize) {
        self.stop(number);
        self.pump();
    }

    /// Starts a process again on what its journal holds.
    fn restart(&mut self, number: usize) {
        self.start_again(number);
        self.pump();
    }

    /// Loses all connections between two nodes.
    fn part(&mut self, one: usize, other: usize) {
        self.lose(|ends| ends == [one, other] || ends == [other, one]);
        self.pump();
    }

    /// A node says something that its engine does not, over its newest connection with another.
    fn say(&mut self, from: usize, to: usize, message: &Message) {
        let conn = self.conn_between(from, to);
        self.handle(to, Input::Frame(conn, message.encode()));
        self.pump();
    }

    /// Lets time pass, from deadline to deadline.
    fn pass_ms(&mut self, ms: u64) {
        let until = self.now.mono_ms + ms;
        loop {
            let running = (0..self.engines.len()).filter(|number| !self.away.contains(number));
            let due = running.filter_map(|number| Some((self.engines[number].poll_deadline()?, number)));
            let Some((at, number)) = due.min().filter(|(at, _)| *at <= until) else { break };
            let at = at.max(self.now.mono_ms + 1);
            self.now = moved(self.now, at);
            self.handle(number, Input::Deadline);
            self.pump();
        }
        self.now = moved(self.now, until);
    }
}

fn moved(now: Now, mono_ms: u64) -> Now {
    Now { wall: now.wall.plus_secs(mono_ms / 1_000 - now.mono_ms / 1_000), mono_ms }
}

/// Of every command: a node is given one at a time.
const TICKET: Ticket = Ticket(7);
