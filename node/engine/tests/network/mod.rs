//! A hub and members under one charter with rounds, made from records, with a wire between them that a test can cut or watch.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::{Digest, Seed};
use cwg_engine::command::{CeremonyCall, Command, KeyOrigin, Refusal, Reply, RoundPlan};
use cwg_engine::io::{
    ConnId, DialFailure, DownReason, Effect, FoundRow, IndicatorRow, Input, LoadQuery, Loaded, More, Now, OwnKinds,
    PeerUp, Side, Ticket,
};
use cwg_engine::record::{Entry, Record};
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_protocol::charter::{Budget, RunKind};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::round::{FreeText, KindItems, RoomTerms, RoundLeakage, Schedule};
use cwg_protocol::wire::Message;
use cwg_protocol::{Item, RunId, UnixTime};

use crate::founding::{Group, PILOT, WALL, node, row_of, transport};

pub(crate) const HUB: usize = 0;
/// Items of each of the two kinds that every member brings.
pub(crate) const ITEMS: u32 = 16;
pub(crate) const EVALUATE_SECS: u64 = 1_000;
/// What went over the wire: from whom, to whom, what, and how long it was.
pub(crate) type Seen = (usize, usize, &'static str, usize);

/// What becomes of a message on its way.
type Wire = Box<dyn FnMut(usize, usize, &Message) -> bool>;

/// The hub is node 0, members are 1 and up.
pub(crate) struct Network {
    pub(crate) engines: Vec<Engine>,
    pub(crate) journals: Vec<Vec<Record>>,
    pub(crate) now: Now,
    pub(crate) held: Vec<Vec<IndicatorRow>>,
    /// Nodes whose process does not run.
    pub(crate) away: BTreeSet<usize>,
    pub(crate) wire: Wire,
    pub(crate) seen: Vec<Seen>,
    pub(crate) replies: Vec<(usize, Ticket, Result<Reply, Refusal>)>,
    /// Intervals of the rooms of rounds that are opened.
    pub(crate) room_intervals: u16,
    /// Messages of these kinds arrive twice.
    pub(crate) doubled: Option<&'static str>,
    /// Codes with which connections were refused.
    pub(crate) closed: Vec<(usize, u32)>,
    conns: BTreeMap<ConnId, (usize, usize)>,
    next_conn: u64,
    lives: u64,
    queue: VecDeque<(usize, Effect)>,
}

/// Row of an invented item.
pub(crate) fn row(kind: IndicatorKind, number: u32) -> IndicatorRow {
    row_of(kind, &format!("invented {number}"))
}

fn engine(journal: &[Record], life: u64, now: Now) -> Engine {
    let state = State::replay(journal.iter().cloned()).unwrap();
    Engine::new(Config { online: true }, state, Seed::new([3; 32]).fork("life", life), now)
}

impl Network {
    /// A hub and members that hold nothing.
    pub(crate) fn new(members: usize) -> Self {
        let now = Now { wall: UnixTime(WALL), mono_ms: 1_000 };
        let all: Vec<usize> = (1..=members).collect();
        let group = Group { hub: HUB, members: &all };
        let budget = Budget { items_per_session: 1024, sessions_per_day: 2, items_min: 10 };
        let charter = group.charter(&kinds(), &[RunKind::Round], budget);
        let journals: Vec<_> = (0..=members).map(|number| group.journal(number, Some(&charter))).collect();
        let engines = journals.iter().zip(0..).map(|(journal, life)| engine(journal, life, now)).collect();
        let mut network = Self {
            engines,
            held: vec![Vec::new(); members + 1],
            journals,
            now,
            away: BTreeSet::new(),
            wire: Box::new(|_, _, _| true),
            seen: Vec::new(),
            replies: Vec::new(),
            closed: Vec::new(),
            room_intervals: 0,
            doubled: None,
            conns: BTreeMap::new(),
            next_conn: 0,
            lives: 100,
            queue: VecDeque::new(),
        };
        network.start_all();
        network
    }

    fn start_all(&mut self) {
        for number in 0..self.engines.len() {
            self.engines[number].handle(self.now, Input::Deadline);
        }
        self.pump();
    }

    pub(crate) fn command(&mut self, number: usize, command: Command) -> Result<Reply, Refusal> {
        self.engines[number].handle(self.now, Input::Command(Ticket(7), command));
        self.pump();
        let at = self.replies.iter().position(|(of, ticket, _)| (*of, *ticket) == (number, Ticket(7)));
        self.replies.remove(at.expect("answered at once")).2
    }

    pub(crate) fn call(&mut self, holders: &[usize], threshold: u8, origin: KeyOrigin) -> Digest {
        let holders = holders.iter().map(|number| node(*number)).collect();
        let call = CeremonyCall { pilot: PILOT, holders, threshold, phase_secs: 3_600, origin };
        let Reply::CeremonyCalled(digest) = self.command(HUB, Command::CallCeremony(call)).unwrap() else {
            panic!("not called")
        };
        digest
    }

    pub(crate) fn plan(&self, threshold: u8) -> RoundPlan {
        let evaluate_by = self.now.wall.plus_secs(EVALUATE_SECS);
        RoundPlan {
            pilot: PILOT,
            threshold,
            kinds: kinds().map(|kind| KindItems { kind, roles: Roles::BOTH, items: ITEMS }).to_vec(),
            uploads_min: threshold + 2,
            schedule: Schedule {
                evaluate_by,
                claim_secs: 100,
                upload_secs: 1_000,
                stall_secs: 50,
                beat_secs: 10,
                answer_secs: 100,
                ends: evaluate_by.plus_secs(10_000),
            },
            rooms: RoomTerms {
                opens: evaluate_by.plus_secs(20_000),
                interval_secs: 100,
                intervals: self.room_intervals,
                posts: 2,
                text: FreeText::Off,
            },
        }
    }

    pub(crate) fn open(&mut self, threshold: u8) -> RunId {
        let plan = self.plan(threshold);
        let Reply::RoundOpened(round) = self.command(HUB, Command::OpenRound(Box::new(plan))).unwrap() else {
            panic!("not opened")
        };
        round
    }

    /// These members consent.
    pub(crate) fn join(&mut self, round: RunId, members: impl IntoIterator<Item = usize>) {
        for member in members {
            let leakage = self.engines[member].state().rounds().rounds()[&round].leakage().digest();
            self.command(member, Command::JoinRound { round, leakage }).unwrap();
        }
    }

    /// Everyone holds these numbers, of both kinds in turn.
    pub(crate) fn hold(&mut self, member: usize, numbers: impl IntoIterator<Item = u32>) {
        let kinds = kinds();
        let mut rows: Vec<_> = numbers.into_iter().map(|number| row(kinds[number as usize % 2], number)).collect();
        rows.sort_by_key(|row| row.item);
        self.held[member] = rows;
    }

    /// What the records of a member say that it found, as rows, if it has a result.
    pub(crate) fn found(&self, member: usize, round: RunId) -> Option<BTreeSet<String>> {
        let entries = || self.journals[member].iter().map(|record| &record.entry);
        entries().find(|entry| matches!(entry, Entry::RoundResult { round: of, .. } if *of == round))?;
        let rows = entries().filter_map(|entry| match entry {
            Entry::Matches { run, rows, .. } if *run == round => Some(rows),
            _ => None,
        });
        Some(rows.flatten().map(|found| found.row.canonical.clone()).collect())
    }

    /// What plain counting says that a member finds.
    pub(crate) fn expected(&self, member: usize, among: &[usize], threshold: usize) -> BTreeSet<String> {
        let holders =
            |row: &&IndicatorRow| among.iter().filter(|other| self.held[**other].contains(row)).count() >= threshold;
        self.held[member].iter().filter(holders).map(|row| row.canonical.clone()).collect()
    }

    /// Kills a process: its connections are lost.
    pub(crate) fn kill(&mut self, number: usize) {
        self.away.insert(number);
        self.cut(number);
        self.pump();
    }

    fn cut(&mut self, number: usize) {
        let lost: Vec<ConnId> =
            self.conns.iter().filter(|(_, ends)| ends.0 == number || ends.1 == number).map(|(conn, _)| *conn).collect();
        for conn in lost {
            let (one, other) = self.conns.remove(&conn).unwrap();
            for end in [one, other] {
                if !self.away.contains(&end) {
                    self.engines[end].handle(self.now, Input::PeerDown(conn, DownReason::Lost));
                }
            }
        }
    }

    /// Loses all connections between two nodes.
    pub(crate) fn part(&mut self, one: usize, other: usize) {
        let lost: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, ends)| **ends == (one, other) || **ends == (other, one))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in lost {
            self.conns.remove(&conn);
            for end in [one, other] {
                self.engines[end].handle(self.now, Input::PeerDown(conn, DownReason::Lost));
            }
        }
        self.pump();
    }

    /// Starts a process again on what its journal holds.
    pub(crate) fn restart(&mut self, number: usize) {
        self.kill(number);
        self.away.remove(&number);
        self.queue.retain(|(of, _)| *of != number);
        self.lives += 1;
        self.engines[number] = engine(&self.journals[number], self.lives, self.now);
        self.engines[number].handle(self.now, Input::Deadline);
        self.pump();
    }

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn pass(&mut self, secs: u64) {
        let until = self.now.mono_ms + secs * 1_000;
        loop {
            let due = (0..self.engines.len()).filter(|number| !self.away.contains(number));
            let due = due.filter_map(|number| Some((self.engines[number].poll_deadline()?, number)));
            let Some((at, number)) = due.min().filter(|(at, _)| *at <= until) else { break };
            self.move_to(at.max(self.now.mono_ms + 1));
            self.engines[number].handle(self.now, Input::Deadline);
            self.pump();
        }
        self.move_to(until);
    }

    fn move_to(&mut self, mono_ms: u64) {
        let secs = mono_ms / 1_000 - self.now.mono_ms / 1_000;
        self.now = Now { wall: self.now.wall.plus_secs(secs), mono_ms };
    }

    pub(crate) fn pump(&mut self) {
        loop {
            for number in 0..self.engines.len() {
                while let Some(effect) = self.engines[number].poll_effect() {
                    if !self.away.contains(&number) {
                        self.queue.push_back((number, effect));
                    }
                }
            }
            let Some((number, effect)) = self.queue.pop_front() else { return };
            if !self.away.contains(&number) {
                self.carry_out(number, effect);
            }
        }
    }

    fn other_end(&self, number: usize, conn: ConnId) -> Option<usize> {
        let (one, other) = *self.conns.get(&conn)?;
        Some(if one == number { other } else { one })
    }

    fn carry_out(&mut self, number: usize, effect: Effect) {
        let input = match effect {
            Effect::Store(records) => return self.journals[number].extend(records),
            Effect::Send(conn, body) => {
                let Some(other) = self.other_end(number, conn) else { return };
                let message = Message::decode(&body).unwrap();
                if !(self.wire)(number, other, &message) {
                    return;
                }
                if let Message::Round(message) = &message {
                    self.seen.push((number, other, message.name(), body.len()));
                    if self.doubled == Some(message.name()) {
                        self.engines[other].handle(self.now, Input::Frame(conn, body.clone()));
                    }
                }
                return self.engines[other].handle(self.now, Input::Frame(conn, body));
            }
            Effect::Close(conn, code) => {
                let Some(other) = self.other_end(number, conn) else { return };
                self.closed.push((number, code as u32));
                self.conns.remove(&conn);
                let reason = DownReason::ClosedByPeer(code as u32);
                return self.engines[other].handle(self.now, Input::PeerDown(conn, reason));
            }
            Effect::Dial(dial) => {
                let other = (0..self.engines.len()).find(|other| transport(*other) == dial.key).unwrap();
                if self.away.contains(&other) {
                    Input::DialFailed(dial.ticket, DialFailure::Unreachable)
                } else {
                    return self.connect(number, other);
                }
            }
            Effect::Load(ticket, query) => Input::Loaded(ticket, self.load(number, query)),
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            Effect::Reply(ticket, reply) => return self.replies.push((number, ticket, *reply)),
            Effect::Allow(_) | Effect::Log(..) => return,
            other => panic!("{other:?} is no part of a round"),
        };
        self.engines[number].handle(self.now, input);
    }

    fn connect(&mut self, dialer: usize, listener: usize) {
        self.next_conn += 1;
        let (conn, exporter) = (ConnId(self.next_conn), [self.next_conn as u8; 32]);
        self.conns.insert(conn, (dialer, listener));
        let up = |key, side| Input::PeerUp(PeerUp { conn, key, side, exporter });
        self.engines[dialer].handle(self.now, up(transport(listener), Side::Dialer));
        self.engines[listener].handle(self.now, up(transport(dialer), Side::Listener));
    }

    fn load(&mut self, number: usize, query: LoadQuery) -> Loaded {
        match query {
            LoadQuery::Items { selection, limit } => {
                let rows = self.held[number].iter().filter(|row| selection.contains(row));
                let items: Vec<_> = rows.map(|row| (row.kind, row.item)).collect();
                if items.len() > limit as usize { Loaded::TooMany } else { Loaded::Items(OwnKinds(items)) }
            }
            LoadQuery::RowsOf { items, .. } => {
                let row = |(number, item): (u32, Item), held: &[IndicatorRow]| {
                    let row = held.iter().find(|row| row.item == item)?.clone();
                    Some(FoundRow { number, row })
                };
                let rows = (0..).zip(items).filter_map(|place| row(place, &self.held[number])).collect();
                Loaded::Rows { rows, more: More::No }
            }
            other => panic!("{other:?} is no part of a round"),
        }
    }

    /// Whether the journals of all hold no fault of anyone.
    pub(crate) fn refusals(&self, number: usize) -> Vec<String> {
        let refused = self.journals[number].iter().filter_map(|record| match &record.entry {
            Entry::Refused { code, .. } => Some(code.to_string()),
            _ => None,
        });
        refused.collect()
    }
}

/// The two kinds of the charter, in its order.
pub(crate) fn kinds() -> [IndicatorKind; 2] {
    let mut kinds = [IndicatorKind::Phone, IndicatorKind::Email];
    kinds.sort();
    kinds
}

/// The digest of the leakage of a round.
pub(crate) fn leakage(threshold: u8) -> Digest {
    RoundLeakage::of(threshold).digest()
}
