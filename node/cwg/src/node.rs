//! The node's loop: one engine, and the drivers that feed it and do what it says, in its order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Instant, SystemTime};

use cwg_app::{Action, LighthouseRequest, Pending, Problem, Request, View};
use cwg_crypto::Secret32;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{ConnId, Dial, EditionDone, Effect, Input, Level, LoadQuery, Loaded, Now, Ticket};
use cwg_engine::record::ContentId;
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_net::{Allow, Alpn, Limits, Net, NetConfig, NetEvent, TransportIdentity};
use cwg_protocol::psi::JobOutput;
use cwg_protocol::{TransportKey, UnixTime};
use cwg_store::{SetRef, Store, Unlock};
use tokio::sync::mpsc;

use crate::config::NodeConfig;
use crate::contents::UnderWay;
use crate::gathered::{GatheredSets, Stored};
use crate::outgoing::{Outgoing, Wire};
use crate::trace::Trace;
use crate::{entropy, problems};

/// What is done with an answer.
pub(crate) type Answer = Box<dyn FnOnce(Result<View, Problem>) + Send>;

/// How far long work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Far {
    /// Rows read.
    pub(crate) rows: u64,
    /// Of the file, in whole percent.
    pub(crate) percent: u64,
}

/// Who hears how far long work is.
pub(crate) type Hearer = Box<dyn FnMut(Far) + Send>;

/// What reaches the loop besides the network.
pub(crate) enum Inbox {
    /// A front end asks.
    Request(Request, Answer, Hearer),
    /// A load of sets was answered.
    Loaded(Ticket, Loaded),
    /// A job was run.
    Computed(Ticket, JobOutput),
    /// Work off the loop ended in a command.
    Submit(Command, Pending, Answer),
    /// Work off the loop asks the engine.
    Ask(Command, Told),
    /// Work off the loop asks what the node knows.
    Look(Box<dyn FnOnce(&Node) + Send>),
    /// Work on an edition's file was done.
    Edition(Ticket, EditionDone),
    /// Work off the loop on a content of a release is over.
    Written(ContentId),
}

/// Who hears the engine's own reply.
pub(crate) type Told = Box<dyn FnOnce(Result<Reply, Refusal>) + Send>;

/// Who waits for a reply.
enum Waiter {
    FrontEnd(Pending, Answer),
    Work(Told),
}

/// Frames that may wait between the network and the engine; each may hold 256 KiB.
const EVENTS_WAITING_MAX: usize = 64;

/// One node and its drivers.
pub(crate) struct Node {
    pub(crate) dir: PathBuf,
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    net: Option<Net>,
    /// Dials with an invitation's key; only while this node joins.
    joining: Option<Net>,
    outgoing: Outgoing,
    config: NodeConfig,
    inbox: mpsc::UnboundedReceiver<Inbox>,
    outbox: mpsc::UnboundedSender<Inbox>,
    events: mpsc::Receiver<NetEvent>,
    event_sender: mpsc::Sender<NetEvent>,
    waiting: BTreeMap<Ticket, Waiter>,
    commands: u64,
    started: Instant,
    allowed: BTreeSet<TransportKey>,
    gathered: GatheredSets,
    /// Whether a file is being evaluated.
    pub(crate) evaluating: Arc<AtomicBool>,
    pub(crate) contents: UnderWay,
    trace: Option<Trace>,
}

/// Whether this process talks to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It listens and dials.
    Serving,
    /// It dials only.
    Dialing,
    /// It does neither.
    Offline,
}

impl Node {
    /// Whether a new node could take a request at all.
    pub(crate) fn check(request: &Request) -> Result<(), Problem> {
        cwg_app::prepare(request.clone(), &State::default(), now(Instant::now()).wall).map(|_| ())
    }

    /// Makes the store of a new node.
    pub(crate) fn create(dir: &Path, unlock: Unlock<'_>, config: NodeConfig) -> Result<Self, Problem> {
        let cost = cwg_store::PassphraseCost::default();
        let store = Store::create(dir, unlock, cost, keys()).map_err(|error| problems::store(&error))?;
        Self::with(dir, store, config, Reach::Offline)
    }

    /// Opens a node: checks every record, replays them, and starts what it needs to reach others.
    pub(crate) fn open(dir: &Path, unlock: Unlock<'_>, config: NodeConfig, reach: Reach) -> Result<Self, Problem> {
        let store = Store::open(dir, unlock, keys()).map_err(|error| problems::store(&error))?;
        Self::with(dir, store, config, reach)
    }

    fn with(dir: &Path, store: Store, config: NodeConfig, reach: Reach) -> Result<Self, Problem> {
        let started = Instant::now();
        let state = replay(&store)?;
        let live: Vec<_> = state.loads().keys().copied().collect();
        store.sets().remove_unlisted(&live).map_err(|error| problems::store(&error))?;
        clear_standing(&store, &state).map_err(|error| problems::store(&error))?;
        let (event_sender, events) = mpsc::channel(EVENTS_WAITING_MAX);
        let net = match (reach, state.own()) {
            (Reach::Offline, _) | (_, None) => None,
            (Reach::Serving, Some(own)) => {
                let listen = match config.bind {
                    Some(bind) => Some(bind),
                    None if own.address.is_empty() => None,
                    None => Some(own.address.parse::<SocketAddr>().map_err(|_| problems::bind_unknown(&own.address))?),
                };
                Some(start_net(listen, own.transport_secret(), &config, event_sender.clone())?)
            }
            (Reach::Dialing, Some(own)) => {
                Some(start_net(None, own.transport_secret(), &config, event_sender.clone())?)
            }
        };
        let now = now(started);
        let engine = Engine::new(Config { online: net.is_some() }, state, entropy::seed()?, now);
        let (outbox, inbox) = mpsc::unbounded_channel();
        let mut node = Self {
            dir: dir.to_owned(),
            engine,
            store,
            net,
            joining: None,
            outgoing: Outgoing::default(),
            config,
            inbox,
            outbox,
            events,
            event_sender,
            waiting: BTreeMap::new(),
            commands: 0,
            started,
            allowed: BTreeSet::new(),
            gathered: GatheredSets::default(),
            evaluating: Arc::default(),
            contents: UnderWay::default(),
            trace: None,
        };
        node.tidy_contents();
        node.carry_out()?;
        Ok(node)
    }

    /// The address that is listened on.
    pub(crate) fn local_addr(&self) -> Option<SocketAddr> {
        self.net.as_ref().and_then(Net::local_addr)
    }

    /// From now on what is done is written down.
    pub(crate) fn trace_to(&mut self, trace: Trace) {
        self.trace = Some(trace);
    }

    /// Where front ends and workers put what the loop is to take.
    pub(crate) fn outbox(&self) -> mpsc::UnboundedSender<Inbox> {
        self.outbox.clone()
    }

    /// Whether this process talks to others.
    pub(crate) fn online(&self) -> bool {
        self.net.is_some()
    }

    /// Answers one request, and ends.
    pub(crate) async fn run_one(mut self, request: Request, hearer: Hearer) -> Result<View, Problem> {
        let (sender, mut answer) = tokio::sync::oneshot::channel();
        self.take(Inbox::Request(request, Box::new(move |result| drop(sender.send(result))), hearer))?;
        loop {
            tokio::select! {
                biased;
                result = &mut answer => {
                    self.stop().await;
                    return result.map_err(|_| problems::no_answer())?;
                }
                step = self.step() => step?,
            }
        }
    }

    /// Runs until `stop` says so.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Problem> {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => {
                    self.stop().await;
                    return Ok(());
                }
                step = self.step() => step?,
            }
        }
    }

    async fn stop(mut self) {
        for net in [self.net.take(), self.joining.take()].into_iter().flatten() {
            net.shutdown().await;
        }
        if let Err(error) = self.store.close() {
            tracing::warn!(problem = %error, "the index was not closed; it will be rebuilt");
        }
    }

    /// Takes the next input, whatever it is, and does what follows.
    async fn step(&mut self) -> Result<(), Problem> {
        let deadline = self.engine.poll_deadline().map(|ms| self.started + std::time::Duration::from_millis(ms));
        tokio::select! {
            Some(event) = self.events.recv() => {
                self.on_outgoing(|outgoing, nets| match event {
                    NetEvent::Drained { conn } => outgoing.on_drained(nets, conn),
                    NetEvent::Down { conn, .. } => outgoing.on_down(conn),
                    _ => {}
                });
                if let Some(input) = input_of(event) {
                    if let (Some(trace), Input::Frame(_, body)) = (&self.trace, &input) {
                        trace.received(body);
                    }
                    self.engine.handle(now(self.started), input);
                }
            }
            Some(message) = self.inbox.recv() => return self.take(message),
            () = at(deadline) => self.engine.handle(now(self.started), Input::Deadline),
        }
        self.carry_out()
    }

    fn take(&mut self, message: Inbox) -> Result<(), Problem> {
        // What a draft had is needed no more once it is dropped, replaced, or its work has failed.
        let tidies = matches!(message, Inbox::Written(_))
            || matches!(&message, Inbox::Request(request, ..) if drops_content(request));
        match message {
            Inbox::Request(request, answer, hearer) => self.on_request(request, answer, hearer),
            Inbox::Loaded(ticket, loaded) => self.engine.handle(now(self.started), Input::Loaded(ticket, loaded)),
            Inbox::Computed(ticket, output) => self.engine.handle(now(self.started), Input::Computed(ticket, output)),
            Inbox::Submit(command, pending, answer) => self.submit(command, pending, answer),
            Inbox::Ask(command, told) => self.await_reply(command, Waiter::Work(told)),
            Inbox::Look(look) => look(self),
            Inbox::Edition(ticket, done) => self.engine.handle(now(self.started), Input::Edition(ticket, done)),
            Inbox::Written(content) => self.contents.end(content),
        }
        self.carry_out()?;
        if tidies {
            self.tidy_contents();
        }
        Ok(())
    }

    fn tidy_contents(&self) {
        self.contents.tidy(&self.store.releases(), cwg_app::hub::kept_contents(self.engine.state()));
    }

    fn on_request(&mut self, request: Request, answer: Answer, hearer: Hearer) {
        let wall = now(self.started).wall;
        match cwg_app::prepare(request, self.engine.state(), wall) {
            Ok(Action::Show(view)) => answer(Ok(view)),
            Ok(Action::Submit(command, pending)) => self.submit(command, pending, answer),
            Ok(Action::Work(work)) => crate::work::begin(self, work, answer, hearer),
            Err(problem) => answer(Err(problem)),
        }
    }

    pub(crate) fn submit(&mut self, command: Command, pending: Pending, answer: Answer) {
        self.await_reply(command, Waiter::FrontEnd(pending, answer));
    }

    fn await_reply(&mut self, command: Command, waiter: Waiter) {
        self.commands += 1;
        let ticket = Ticket(self.commands);
        self.waiting.insert(ticket, waiter);
        self.engine.handle(now(self.started), Input::Command(ticket, command));
    }

    /// A command whose answer nobody waits for; its refusal is an entry in the audit.
    pub(crate) fn submit_silently(&mut self, command: Command) {
        self.commands += 1;
        self.engine.handle(now(self.started), Input::Command(Ticket(self.commands), command));
    }

    /// Does all that the engine says. A failed write stops the node: nothing is promised that is not on disk.
    pub(crate) fn carry_out(&mut self) -> Result<(), Problem> {
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Store(records) => {
                    let payloads: Vec<Vec<u8>> = records.iter().map(cwg_store::encode_record).collect();
                    let store = &mut self.store;
                    tokio::task::block_in_place(|| store.append(&payloads)).map_err(|error| problems::store(&error))?;
                }
                Effect::Send(conn, body) => {
                    if let Some(trace) = &self.trace {
                        trace.sent(&body);
                    }
                    self.on_outgoing(|outgoing, nets| outgoing.send(nets, conn, body));
                }
                Effect::Close(conn, code) => {
                    self.on_outgoing(|outgoing, nets| outgoing.close(nets, conn, code as u32));
                }
                Effect::Dial(dial) => self.dial(dial)?,
                Effect::Allow(keys) => {
                    self.allowed = keys.into_iter().collect();
                    if let Some(net) = &self.net {
                        net.allow(Allow::Keys(self.allowed.clone()));
                    }
                }
                Effect::Load(ticket, query) => self.load(ticket, query),
                Effect::Forget(ticket) => self.gathered.forget(ticket),
                Effect::Compute(ticket, job) => {
                    let (outbox, trace) = (self.outbox.clone(), self.trace.clone());
                    rayon::spawn_fifo(move || {
                        let output = job.run();
                        trace.inspect(Trace::job);
                        // The loop is gone only when the process ends.
                        drop(outbox.send(Inbox::Computed(ticket, output)));
                    });
                }
                Effect::Edition(ticket, work) => {
                    let (editions, outbox) = (self.store.editions(), self.outbox.clone());
                    tokio::task::spawn_blocking(move || {
                        drop(outbox.send(Inbox::Edition(ticket, crate::standing::work_on_edition(&editions, work))));
                    });
                }
                Effect::RemoveEdition(digest) => {
                    self.store.editions().remove(digest).map_err(|error| problems::store(&error))?;
                }
                Effect::DestroyTable(period) => {
                    self.store.tables().destroy(period).map_err(|error| problems::store(&error))?;
                }
                Effect::Reply(ticket, reply) => self.reply(ticket, *reply),
                Effect::Log(level, code) => {
                    if let Some(trace) = &self.trace {
                        trace.log(code);
                    }
                    match level {
                        Level::Info => tracing::info!(code),
                        Level::Warn => tracing::warn!(code),
                    }
                }
            }
        }
        Ok(())
    }

    fn reply(&mut self, ticket: Ticket, reply: Result<Reply, Refusal>) {
        match self.waiting.remove(&ticket) {
            Some(Waiter::FrontEnd(pending, answer)) => {
                answer(cwg_app::answer(pending, reply, self.engine.state()));
            }
            Some(Waiter::Work(told)) => told(reply),
            None => {}
        }
    }

    fn on_outgoing(&mut self, act: impl FnOnce(&mut Outgoing, &Nets<'_>)) {
        act(&mut self.outgoing, &Nets([self.net.as_ref(), self.joining.as_ref()]));
    }

    fn dial(&mut self, dial: Dial) -> Result<(), Problem> {
        match dial.identity {
            None => {
                if let Some(net) = &self.net {
                    net.dial(dial.ticket.0, &dial.endpoint, dial.key);
                }
            }
            Some(secret) => {
                let net = start_net(None, &Secret32::new(*secret), &self.config, self.event_sender.clone())?;
                net.dial(dial.ticket.0, &dial.endpoint, dial.key);
                self.joining = Some(net);
            }
        }
        Ok(())
    }

    /// The sets that are in use, as the journal names them.
    pub(crate) fn live_sets(&self) -> Vec<SetRef> {
        self.engine.state().loads().values().map(|load| SetRef { load: load.load, digest: load.digest }).collect()
    }

    fn load(&mut self, ticket: Ticket, query: LoadQuery) {
        let read = self.gathered.prepare(ticket, query);
        let stored = Stored {
            sets: self.store.sets().clone(),
            live: self.live_sets(),
            releases: self.store.releases(),
            network: self.engine.state().network().map(|network| network.id),
            now: now(self.started).wall,
        };
        let outbox = self.outbox.clone();
        // A load waits for the disk, and for another load of the same set: not on a core that jobs want.
        tokio::task::spawn_blocking(move || {
            let loaded = read.run(&stored).unwrap_or_else(|error| {
                tracing::error!(problem = %error, "a set cannot be read");
                Loaded::Failed
            });
            drop(outbox.send(Inbox::Loaded(ticket, loaded)));
        });
    }
}

/// Whether a content of a release may be needed no more after a request.
fn drops_content(request: &Request) -> bool {
    let Request::Lighthouse { ask } = request else { return false };
    matches!(ask, LighthouseRequest::Drop | LighthouseRequest::Publish)
}

/// The drivers of a node. Connections are numbered across them, and each ignores those that are not its own.
struct Nets<'a>([Option<&'a Net>; 2]);

impl Nets<'_> {
    fn all(&self) -> impl Iterator<Item = &Net> {
        self.0.into_iter().flatten()
    }
}

impl Wire for Nets<'_> {
    fn queued_len(&self, conn: ConnId) -> Option<usize> {
        self.all().find_map(|net| net.queued_len(conn))
    }

    fn send(&self, conn: ConnId, body: Vec<u8>) {
        if let Some(net) = self.all().find(|net| net.queued_len(conn).is_some()) {
            net.send(conn, body);
        }
    }

    fn close(&self, conn: ConnId, code: u32) {
        self.all().for_each(|net| net.close(conn, code));
    }
}

fn input_of(event: NetEvent) -> Option<Input> {
    match event {
        NetEvent::Up(up) => Some(Input::PeerUp(up)),
        NetEvent::Frame { conn, body } => Some(Input::Frame(conn, body)),
        NetEvent::Down { conn, reason } => Some(Input::PeerDown(conn, reason)),
        NetEvent::DialFailed { dial, failure } => Some(Input::DialFailed(Ticket(dial), failure)),
        NetEvent::Drained { .. } => None,
    }
}

fn start_net(
    listen: Option<SocketAddr>,
    secret: &Secret32,
    config: &NodeConfig,
    events: mpsc::Sender<NetEvent>,
) -> Result<Net, Problem> {
    let limits = Limits { congestion: config.congestion, ..Limits::default() };
    let net = NetConfig { listen, alpn: Alpn::Cwg1, pq: config.pq, limits };
    Net::start(net, TransportIdentity::from_secret(secret), Allow::Keys(BTreeSet::new()), events)
        .map_err(|error| problems::net(&error))
}

fn replay(store: &Store) -> Result<State, Problem> {
    let mut state = State::default();
    for record in store.replay(1) {
        let (number, payload) = record.map_err(|error| problems::store(&error))?;
        let record = cwg_store::decode_record(&payload).map_err(|error| problems::record(number, &error))?;
        state.apply(&record).map_err(|error| problems::misfit(&error))?;
    }
    Ok(state)
}

/// Destroys tables of periods that are over, and removes editions that are replaced: a crash may have left them.
fn clear_standing(store: &Store, state: &State) -> Result<(), cwg_store::StoreError> {
    let periods = state.standing().periods();
    store.tables().destroy_unlisted(&periods.keys().copied().collect::<Vec<_>>())?;
    let editions = periods.values().flat_map(|period| period.editions());
    let live: Vec<_> = editions.map(|edition| edition.verified.digest()).collect();
    store.editions().remove_unlisted(&live)
}

fn keys() -> cwg_store::KeysOf {
    std::sync::Arc::new(cwg_store::keys_of_record)
}

/// Both clocks.
pub(crate) fn now(started: Instant) -> Now {
    let mono_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Now { wall: wall(), mono_ms }
}

/// The wall clock.
pub(crate) fn wall() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| since.as_secs()))
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
