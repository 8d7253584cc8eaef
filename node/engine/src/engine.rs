//! The engine itself: inputs in, effects out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::Seed;
use cwg_protocol::wire::Message;
use cwg_protocol::{NetworkId, NodeKey, RunId, TransportKey, UnixTime};
use rand_core::Rng as _;

use crate::command::{Command, Refusal, Reply};
use crate::dialing::{Dialing, Redial};
use crate::io::{CloseCode, ConnId, Dial, Effect, Endpoint, Input, Level, Now, Ticket};
use crate::joining::Joining;
use crate::peers::{Conn, Phase};
use crate::record::{Entry, NodeKind, Record};
use crate::sessions::Active;
use crate::state::{Own, State};

/// What does not come from the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whether this process has a transport: without one, nothing that needs a peer is begun.
    pub online: bool,
}

/// One node. See the crate.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) state: State,
    seed: Seed,
    seeds_drawn: u64,
    pub(crate) now: Now,
    effects: VecDeque<Effect>,
    next_ticket: u64,
    pub(crate) conns: BTreeMap<ConnId, Conn>,
    pub(crate) dials: BTreeMap<Ticket, Dialing>,
    pub(crate) redial: BTreeMap<NodeKey, Redial>,
    pub(crate) joining: Option<Joining>,
    pub(crate) sessions: BTreeMap<u64, Active>,
    pub(crate) jobs: BTreeMap<Ticket, crate::sessions::JobPlace>,
    pub(crate) loads: BTreeMap<Ticket, u64>,
    pub(crate) shards: BTreeMap<Ticket, crate::sets::ShardPlace>,
    /// Sets that the driver keeps, by the numbers of their sessions.
    pub(crate) gathered: BTreeSet<u64>,
    pub(crate) waiting: BTreeMap<RunId, Vec<Ticket>>,
    pub(crate) standing: crate::standing::UnderWay,
    pub(crate) rounds: crate::rounds::UnderWay,
    pub(crate) counts: crate::counts::UnderWay,
    allowed: BTreeSet<TransportKey>,
}

impl Engine {
    /// A node that knows `state`. All its randomness comes from the seed, which no two engines may share.
    pub fn new(config: Config, state: State, seed: Seed, now: Now) -> Self {
        let mut engine = Self {
            config,
            state,
            seed,
            seeds_drawn: 0,
            now,
            effects: VecDeque::new(),
            next_ticket: 0,
            conns: BTreeMap::new(),
            dials: BTreeMap::new(),
            redial: BTreeMap::new(),
            joining: None,
            sessions: BTreeMap::new(),
            jobs: BTreeMap::new(),
            loads: BTreeMap::new(),
            shards: BTreeMap::new(),
            gathered: BTreeSet::new(),
            waiting: BTreeMap::new(),
            standing: crate::standing::UnderWay::default(),
            rounds: crate::rounds::UnderWay::default(),
            counts: crate::counts::UnderWay::default(),
            allowed: BTreeSet::new(),
        };
        if config.online {
            engine.resume_runs();
            engine.resume_rounds();
            engine.resume_counts();
            engine.keep_up();
        }
        engine
    }

    /// What the node knows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Nodes with which a connection stands and both have said hello.
    pub fn connected(&self) -> impl Iterator<Item = NodeKey> {
        self.conns.values().filter_map(Conn::peer)
    }

    /// Takes one input. Never blocks, never fails.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Command(ticket, command) => self.on_command(ticket, command),
            Input::PeerUp(up) => self.on_peer_up(up),
            Input::Frame(conn, body) => self.on_frame(conn, &body),
            Input::PeerDown(conn, reason) => self.on_peer_down(conn, reason),
            Input::DialFailed(ticket, failure) => self.on_dial_failed(ticket, failure),
            Input::Loaded(ticket, loaded) => self.on_loaded(ticket, loaded),
            Input::Computed(ticket, output) => self.on_computed(ticket, output),
            Input::Edition(ticket, done) => self.on_edition(ticket, done),
            Input::Deadline => {}
        }
        self.keep_up();
        self.forget_sets();
    }

    /// The next thing to be done, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Input::Deadline`] is due, in milliseconds of the monotonic clock.
    pub fn poll_deadline(&self) -> Option<u64> {
        let dials = if self.config.online { self.next_redial() } else { None };
        let sessions = [self.next_session_deadline(), self.next_standing_deadline()];
        let groups = [self.next_rounds_deadline(), self.next_counts_deadline()];
        let work = sessions.into_iter().chain(groups);
        [self.next_conn_deadline(), dials, self.next_expiry()].into_iter().chain(work).flatten().min()
    }

    /// What time alone brings, and what follows from any input: dials, time-outs, renewals, the allow list.
    fn keep_up(&mut self) {
        if !self.config.online {
            return;
        }
        self.expire_conns();
        self.expire_sessions();
        self.renew_roster();
        self.propose_waiting();
        self.keep_standing();
        self.keep_rounds();
        self.keep_counts();
        self.keep_dialing();
        let mut allowed = self.state.allowed(self.now.wall);
        // The key of a used invitation stays until its connection ends: a driver that is told to end the connections of
        // all others would take the answer with it.
        allowed.extend(self.conns.values().filter(|conn| conn.phase == Phase::AwaitJoin).map(|conn| conn.key));
        if allowed != self.allowed {
            self.allowed.clone_from(&allowed);
            self.push(Effect::Allow(allowed.into_iter().collect()));
        }
    }

    fn on_command(&mut self, ticket: Ticket, command: Command) {
        let answer = match command {
            Command::FoundHub { name, address } => self.found_hub(name, address).map(Some),
            Command::FoundMember { name, address } => self.found_member(name, address).map(Some),
            Command::Invite { name, valid_secs } => self.invite(name, valid_secs).map(Some),
            Command::Join(invitation) => self.join(ticket, *invitation).map(|()| None),
            Command::Revoke { member } => self.revoke(member).map(Some),
            Command::AddOperator { name, key } => self.add_operator(name, key).map(Some),
            Command::WriteCharter(body) => self.write_charter(*body).map(Some),
            Command::SignCharter { pilot, charter, person, signature } => {
                self.sign_charter(pilot, charter, person, signature).map(Some)
            }
            Command::CommitLoad(summary) => self.commit_load(summary).map(Some),
            Command::Purge(load) => self.purge(load).map(Some),
            Command::PlanRun(plan) => self.plan_run(plan).map(Some),
            Command::StartRun { run, leakage } => self.start_run(run, leakage).map(Some),
            Command::AwaitRun(run) => self.await_run(ticket, run),
            Command::OpenPeriod { .. }
            | Command::PublishEdition(_)
            | Command::Evaluate(_)
            | Command::TableGrown { .. }
            | Command::StoreComparison(_)
            | Command::ClosePeriod { .. } => self.on_standing_command(ticket, command),
            Command::CallCeremony(_)
            | Command::OpenRound(_)
            | Command::CloseRound { .. }
            | Command::JoinRound { .. }
            | Command::AwaitRound(_)
            | Command::PostToRoom { .. }
            | Command::Reveal { .. } => self.on_rounds_command(ticket, command),
            Command::OpenCount(_) | Command::JoinCount { .. } | Command::AwaitCount(_) => {
                self.on_counts_command(ticket, command)
            }
            command => self.on_lighthouse_command(command).map(Some),
        };
        match answer {
            Ok(Some(reply)) => self.reply(ticket, Ok(reply)),
            Ok(None) => {}
            Err(refusal) => self.refuse_command(ticket, refusal),
        }
    }

    /// A refusal is an entry of its own, once there is a node that can refuse.
    pub(crate) fn refuse_command(&mut self, ticket: Ticket, refusal: Refusal) {
        if self.state.own().is_some() {
            self.commit(Entry::Refused { peer: None, code: refusal.code().into() });
        }
        self.reply(ticket, Err(refusal));
    }

    fn commit_load(&mut self, summary: crate::record::LoadSummary) -> Result<Reply, Refusal> {
        self.member()?;
        self.commit(Entry::Loaded(summary));
        Ok(Reply::Done)
    }

    fn purge(&mut self, load: cwg_protocol::LoadId) -> Result<Reply, Refusal> {
        self.member()?;
        if !self.state.loads().contains_key(&load) {
            return Err(Refusal::UnknownLoad);
        }
        self.commit(Entry::Purged { load });
        Ok(Reply::Done)
    }

    /// Applies an entry and has it stored before anything that is pushed after it.
    pub(crate) fn commit(&mut self, entry: Entry) {
        self.commit_all(vec![entry]);
    }

    /// [`Engine::commit`] for entries that are stored together or not at all.
    pub(crate) fn commit_all(&mut self, entries: Vec<Entry>) {
        let records: Vec<Record> = entries.into_iter().map(|entry| Record { at: self.now.wall, entry }).collect();
        for record in &records {
            self.state.apply(record).expect("the engine checks an entry before it commits it");
        }
        self.push(Effect::Store(records));
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn send(&mut self, conn: ConnId, message: &Message) {
        self.push(Effect::Send(conn, message.encode()));
    }

    /// Connections of those that have said hello.
    pub(crate) fn peers(&self) -> Vec<(ConnId, NodeKey)> {
        self.conns.iter().filter_map(|(id, conn)| Some((*id, conn.peer()?))).collect()
    }

    pub(crate) fn send_to_all(&mut self, message: &Message) {
        for (conn, _) in self.peers() {
            self.send(conn, message);
        }
    }

    pub(crate) fn reply(&mut self, ticket: Ticket, answer: Result<Reply, Refusal>) {
        self.push(Effect::Reply(ticket, Box::new(answer)));
    }

    pub(crate) fn close(&mut self, conn: ConnId, code: CloseCode) {
        self.push(Effect::Close(conn, code));
        self.conn_over(conn, None);
    }

    /// Closes a connection for a fault of its peer, and remembers the fault.
    pub(crate) fn refuse(&mut self, conn: ConnId, close: CloseCode, code: &'static str) {
        let peer = self.conns.get(&conn).and_then(Conn::peer);
        self.note_fault(peer, code);
        self.push(Effect::Close(conn, close));
        self.conn_over(conn, Some(code));
    }

    /// Remembers a fault that ends no connection.
    pub(crate) fn note_fault(&mut self, peer: Option<NodeKey>, code: &'static str) {
        self.push(Effect::Log(Level::Warn, code));
        self.commit(Entry::Refused { peer, code: code.into() });
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    pub(crate) fn dial(&mut self, endpoint: &str, key: TransportKey, identity: Option<[u8; 32]>, why: Dialing) {
        let ticket = self.ticket();
        self.dials.insert(ticket, why);
        let endpoint = Endpoint(endpoint.to_owned());
        self.push(Effect::Dial(Dial { ticket, endpoint, key, identity: identity.map(Into::into) }));
    }

    /// A time that is to come, in milliseconds of the monotonic clock: the beginning of its second, so that what is due then does not tell
    /// within which part of a second this node was busy before.
    pub(crate) fn mono_at(&self, time: UnixTime) -> u64 {
        let (secs, now) = (time.0.saturating_sub(self.now.wall.0), self.now.mono_ms);
        (now - now % 1000).saturating_add(secs.saturating_mul(1000)).max(now)
    }

    /// A seed that was never used before.
    pub(crate) fn fresh_seed(&mut self, purpose: &str) -> Seed {
        self.seeds_drawn += 1;
        self.seed.fork(purpose, self.seeds_drawn)
    }

    pub(crate) fn random<const N: usize>(&mut self, purpose: &str) -> [u8; N] {
        let mut bytes = [0; N];
        self.fresh_seed(purpose).rng().fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn own(&self) -> Result<&Own, Refusal> {
        self.state.own().ok_or(Refusal::NotFounded)
    }

    pub(crate) fn hub(&self) -> Result<&Own, Refusal> {
        let own = self.own()?;
        if own.kind == NodeKind::Hub { Ok(own) } else { Err(Refusal::NotHub) }
    }

    /// Network and key of this hub.
    pub(crate) fn as_hub(&self) -> Result<(NetworkId, NodeKey), Refusal> {
        let node = self.hub()?.node();
        Ok((self.state.network().ok_or(Refusal::NotJoined)?.id, node))
    }

    pub(crate) fn member(&self) -> Result<&Own, Refusal> {
        let own = self.own()?;
        if own.kind == NodeKind::Member { Ok(own) } else { Err(Refusal::NotMember) }
    }

    pub(crate) fn is_hub(&self) -> bool {
        self.hub().is_ok()
    }
}
