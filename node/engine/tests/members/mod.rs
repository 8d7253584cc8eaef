//! Two members under one signed charter, made from records, with a wire between them that a test can hold or change.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{
    ConnId, DialFailure, DownReason, Effect, FoundRow, IndicatorRow, Input, LoadQuery, Loaded, More, Now, PeerUp,
    Selection, Side, Ticket,
};
use cwg_engine::record::{Record, RunPlan};
use cwg_engine::state::{RunPhase, State};
use cwg_engine::{Config, Engine};
use cwg_protocol::charter::{Budget, Charter, RunKind};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::psi::{LabelLen, protocol_named};
use cwg_protocol::roster::{Roster, Status};
use cwg_protocol::session::{HeldItems, Learns, OwnSet};
use cwg_protocol::wire::{Hello, Message};
use cwg_protocol::{Epoch, Item, RunId, UnixTime};

use crate::founding::{Group, NETWORK, PILOT, WALL, node, node_key, row_of, transport};

pub(crate) const SESSIONS_PER_DAY: u32 = 2;
const HUB: usize = 9;
const GROUP: Group<'static> = Group { hub: HUB, members: &[0, 1] };

/// How a dial ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialed {
    Connects,
    Fails(DialFailure),
}

/// What of a set cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damaged {
    Shards,
    Rows,
}

/// Member 0, member 1, and what is between them.
pub(crate) struct Members {
    pub(crate) engines: [Engine; 2],
    pub(crate) journals: [Vec<Record>; 2],
    pub(crate) now: [Now; 2],
    pub(crate) dialed: Dialed,
    /// What becomes of a message of a member on its way: by default it arrives as it is.
    pub(crate) wire: Box<dyn FnMut(usize, Message) -> Option<Message>>,
    pub(crate) dials: usize,
    /// The own set of each.
    pub(crate) held: [Vec<IndicatorRow>; 2],
    /// What of the sets cannot be read.
    pub(crate) damaged: Option<Damaged>,
    /// What is kept for sessions.
    pub(crate) gathered: [BTreeMap<Ticket, Arc<[Item]>>; 2],
    /// How often each has loaded its own set.
    pub(crate) loads: [usize; 2],
    pub(crate) ended: Vec<Reply>,
    queue: VecDeque<(usize, Effect)>,
    conns: u64,
    lives: u8,
}

/// Twelve rows, ascending by their items.
fn rows() -> Vec<IndicatorRow> {
    let mut rows: Vec<_> = (0..12).map(|number| row_of(IndicatorKind::Phone, &format!("invented {number}"))).collect();
    rows.sort_by_key(|row| row.item);
    rows
}

/// A listener's hello on the first connection, changed by the one who signs it.
pub(crate) fn signed_anew(mut hello: Hello, member: usize, change: impl Fn(&mut Hello)) -> Hello {
    change(&mut hello);
    hello.sign(&[1; 32], false, &node_key(member));
    hello
}

/// The roster after the first, in which member 1 is revoked.
pub(crate) fn without_member_1() -> Roster {
    let first = GROUP.roster();
    let mut body = first.body().clone();
    body.epoch = Epoch(2);
    body.previous = first.digest();
    let mut members = body.members.to_vec();
    (members[1].status, members[1].since) = (Status::Revoked, Epoch(2));
    body.members = members.try_into().unwrap();
    Roster::sign(body, &node_key(HUB)).unwrap()
}

fn charter() -> Charter {
    let budget = Budget { items_per_session: 1024, sessions_per_day: SESSIONS_PER_DAY, items_min: 10 };
    let kinds = [IndicatorKind::Phone, IndicatorKind::Pan];
    GROUP.charter(&kinds, &[RunKind::Pair, RunKind::Lighthouse], budget)
}

fn engine(journal: &[Record], seed: u8, now: Now) -> Engine {
    let state = State::replay(journal.iter().cloned()).unwrap();
    Engine::new(Config { online: true }, state, Seed::new([seed; 32]), now)
}

impl Members {
    pub(crate) fn new() -> Self {
        let charter = charter();
        let journals = [0, 1].map(|member| GROUP.journal(member, Some(&charter)));
        let now = [Now { wall: UnixTime(WALL), mono_ms: 1000 }; 2];
        let engines = [0, 1].map(|member| engine(&journals[member], 40 + member as u8, now[member]));
        let wire = Box::new(|_, message| Some(message));
        let (dialed, queue) = (Dialed::Connects, VecDeque::new());
        let mut members = Self {
            engines,
            journals,
            now,
            dialed,
            wire,
            dials: 0,
            held: [rows(), rows()],
            damaged: None,
            gathered: [BTreeMap::new(), BTreeMap::new()],
            loads: [0; 2],
            ended: Vec::new(),
            queue,
            conns: 0,
            lives: 50,
        };
        members.pump();
        members
    }

    /// Kills a member's process and starts it again on what its journal holds, `mono_ms` back at its beginning.
    pub(crate) fn restart(&mut self, member: usize) {
        self.lives += 1;
        self.gathered[member].clear();
        self.queue.clear();
        self.now[member].mono_ms = 1000;
        self.engines[member] = engine(&self.journals[member], self.lives, self.now[member]);
        let other = 1 - member;
        // The other one notices as soon as the new process dials; here, at once.
        for conn in 1..=self.conns {
            self.engines[other].handle(self.now[other], Input::PeerDown(ConnId(conn), DownReason::Lost));
        }
        self.pump();
    }

    /// Plans and starts a run of member 0 with member 1.
    pub(crate) fn start_run(&mut self, learns: Learns) -> Result<RunId, Refusal> {
        self.start_run_of(IndicatorKind::Phone, learns)
    }

    /// The same over one kind of indicator.
    pub(crate) fn start_run_of(&mut self, kind: IndicatorKind, learns: Learns) -> Result<RunId, Refusal> {
        let voprf = protocol_named("voprf").unwrap();
        let plan = RunPlan {
            run: RunId([0; 8]),
            pilot: PILOT,
            charter: charter().digest(),
            peer: node(1),
            learns,
            protocol: voprf.id(),
            selection: Selection(vec![(kind, Roles::BOTH)]),
            lighthouse: None,
        };
        let Reply::RunPlanned(run) = self.command(0, Command::PlanRun(plan))? else { panic!("not planned") };
        self.command(0, Command::StartRun { run, leakage: voprf.leakage().digest() })?;
        Ok(run)
    }

    pub(crate) fn command(&mut self, member: usize, command: Command) -> Result<Reply, Refusal> {
        self.engines[member].handle(self.now[member], Input::Command(Ticket(7), command));
        let mut answer = None;
        while let Some(effect) = self.engines[member].poll_effect() {
            match effect {
                Effect::Reply(Ticket(7), reply) => answer = Some(*reply),
                effect => self.queue.push_back((member, effect)),
            }
        }
        self.pump();
        answer.expect("answered at once")
    }

    pub(crate) fn input(&mut self, member: usize, input: Input) {
        self.engines[member].handle(self.now[member], input);
        self.pump();
    }

    /// Lets time pass on both sides, from deadline to deadline.
    pub(crate) fn pass_ms(&mut self, ms: u64) {
        let until = [0, 1].map(|member| self.now[member].mono_ms + ms);
        for member in [0, 1] {
            while let Some(due) = self.engines[member].poll_deadline().filter(|due| *due <= until[member]) {
                self.move_to(member, due.max(self.now[member].mono_ms + 1));
                self.input(member, Input::Deadline);
            }
            self.move_to(member, until[member]);
        }
    }

    fn move_to(&mut self, member: usize, mono_ms: u64) {
        let now = &mut self.now[member];
        let secs = mono_ms / 1000 - now.mono_ms / 1000;
        *now = Now { wall: now.wall.plus_secs(secs), mono_ms };
    }

    pub(crate) fn phase(&self, member: usize, run: RunId) -> RunPhase {
        self.engines[member].state().runs()[&run].phase.clone()
    }

    /// Says hello to a member as its hub whose clock stands at `clock`.
    pub(crate) fn hub_says_hello(&mut self, member: usize, clock: UnixTime) {
        self.conns += 1;
        let (conn, exporter) = (ConnId(self.conns), [7; 32]);
        let key = transport(HUB);
        self.input(member, Input::PeerUp(PeerUp { conn, key, side: Side::Dialer, exporter }));
        let network = self.engines[member].state().network().unwrap();
        let mut hello = Hello {
            version: cwg_protocol::wire::limits::PROTOCOL_VERSION,
            network: NETWORK,
            node: node(HUB),
            epoch: network.roster().epoch(),
            roster: network.roster().digest(),
            ruleset: cwg_protocol::indicator::RULESET_ID,
            ruleset_digest: cwg_protocol::indicator::ruleset_hash(),
            clock: clock.0,
            signature: cwg_crypto::Signature::from_bytes([0; 64]),
        };
        hello.sign(&exporter, false, &node_key(HUB));
        self.input(member, Input::Frame(conn, Message::Hello(hello).encode()));
    }

    fn pump(&mut self) {
        loop {
            for member in [0, 1] {
                while let Some(effect) = self.engines[member].poll_effect() {
                    self.queue.push_back((member, effect));
                }
            }
            let Some((member, effect)) = self.queue.pop_front() else { return };
            self.carry_out(member, effect);
        }
    }

    fn carry_out(&mut self, member: usize, effect: Effect) {
        let other = 1 - member;
        let input = match effect {
            Effect::Store(records) => {
                self.journals[member].extend(records);
                return;
            }
            Effect::Send(conn, body) => {
                let message = Message::decode(&body).unwrap();
                let Some(message) = (self.wire)(member, message) else { return };
                return self.engines[other].handle(self.now[other], Input::Frame(conn, message.encode()));
            }
            Effect::Close(conn, code) => {
                let reason = DownReason::ClosedByPeer(code as u32);
                return self.engines[other].handle(self.now[other], Input::PeerDown(conn, reason));
            }
            Effect::Dial(dial) if dial.key == transport(HUB) => return,
            Effect::Dial(dial) => {
                self.dials += 1;
                match self.dialed {
                    Dialed::Fails(failure) => Input::DialFailed(dial.ticket, failure),
                    Dialed::Connects => return self.connect(member),
                }
            }
            Effect::Load(ticket, query) => Input::Loaded(ticket, self.load(member, ticket, query)),
            Effect::Forget(ticket) => {
                self.gathered[member].remove(&ticket).expect("a set is forgotten once");
                return;
            }
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            Effect::Reply(_, reply) => {
                self.ended.push(reply.unwrap());
                return;
            }
            Effect::Allow(_) | Effect::Log(..) | Effect::RemoveEdition(_) | Effect::DestroyTable(_) => return,
            Effect::Edition(..) => panic!("nothing is published here"),
        };
        self.engines[member].handle(self.now[member], input);
    }

    fn load(&mut self, member: usize, ticket: Ticket, query: LoadQuery) -> Loaded {
        match query {
            LoadQuery::Gather { salt, .. } => {
                self.loads[member] += 1;
                let items: Arc<[Item]> = self.held[member].iter().map(|row| row.item).collect();
                let (set, count) = (OwnSet::of(&items, &salt), items.len() as u32);
                self.gathered[member].insert(ticket, items);
                Loaded::Gathered { set, items: count, book: None }
            }
            LoadQuery::Shard { .. } if self.damaged == Some(Damaged::Shards) => Loaded::Failed,
            LoadQuery::Shard { gathered, session, shard } => {
                let items = Arc::clone(&self.gathered[member][&gathered]);
                Loaded::Shard(HeldItems::new(items.into(), LabelLen::NONE, session).shard(shard))
            }
            LoadQuery::Rows { .. } if self.damaged == Some(Damaged::Rows) => Loaded::Failed,
            LoadQuery::Rows { gathered, session, bits, places } => {
                let items = Arc::clone(&self.gathered[member][&gathered]);
                let items = HeldItems::new(items.into(), LabelLen::NONE, session).at(bits, &places);
                let held = &self.held[member];
                let row = |(number, item): (u32, Item)| {
                    Some(FoundRow { number, row: held.iter().find(|row| row.item == item)?.clone() })
                };
                Loaded::Rows { rows: (0..).zip(items).filter_map(row).collect(), more: More::No }
            }
            LoadQuery::MoreRows { .. } => panic!("there are no more"),
            LoadQuery::Items { .. } | LoadQuery::ItemsByPerson { .. } | LoadQuery::RowsOf { .. } => {
                panic!("there are no rounds and no counts")
            }
        }
    }

    fn connect(&mut self, dialer: usize) {
        self.conns += 1;
        let (conn, exporter) = (ConnId(self.conns), [self.conns as u8; 32]);
        for (member, side) in [(dialer, Side::Dialer), (1 - dialer, Side::Listener)] {
            let key = transport(1 - member);
            self.engines[member].handle(self.now[member], Input::PeerUp(PeerUp { conn, key, side, exporter }));
        }
    }
}
