//! A member and the hub under one charter, made from records, with releases of invented clues between them.

use std::collections::{BTreeMap, VecDeque};

use cwg_crypto::{Digest, Secret32, Seed, SigningKey};
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{
    ConnId, DownReason, Effect, FoundRow, IndicatorRow, Input, LoadQuery, Loaded, More, Now, PeerUp, Selection,
    SetSource, Side, Ticket,
};
use cwg_engine::record::{
    Book, BookReport, ContentId, Entry, LighthousePlan, NodeKind, Record, ReleaseDraft, RunPlan, StoredSecret,
};
use cwg_engine::state::{RunPhase, State};
use cwg_engine::{Config, Engine, client_version};
use cwg_protocol::charter::{Body as CharterBody, Budget, Charter, KindRoles, MemberSignature, RunKind};
use cwg_protocol::indicator::{IndicatorKind, RULESET_ID, Roles, Rules, Strength, ruleset_hash};
use cwg_protocol::lighthouse::{
    BuiltRelease, Clue, ClueDraft, ClueId, DeltaBase, Field, Label, LabelClass, Purpose, ReleaseBody, ReleaseNumber,
    Seen, SignedRelease, Source, SourceKind, SourceTerms, Tally, Watermark, WatermarkKey,
};
use cwg_protocol::psi::{LabelLen, Loaded as Set, lighthouse_protocol};
use cwg_protocol::roster::{Body, Entry as RosterEntry, Roster, Status};
use cwg_protocol::session::{HeldItems, Learns, OwnSet};
use cwg_protocol::wire::{BoundedText, BoundedVec, Message};
use cwg_protocol::{Epoch, Item, NetworkId, NodeKey, OperatorKey, PilotId, RunId, TransportKey, UnixTime};

pub(crate) const WALL: u64 = 1_800_000_000;
pub(crate) const DAY_SECS: u64 = 86_400;
pub(crate) const MEMBER: usize = 0;
pub(crate) const HUB: usize = 1;
pub(crate) const CLASS: LabelClass = LabelClass::B64;
const NETWORK: NetworkId = NetworkId([9; 16]);
const PILOT: PilotId = PilotId([4; 8]);

/// What a driver finds when it reads the book again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookFate {
    Stays,
    Unread,
    Changes,
}

type Wire = Box<dyn FnMut(usize, Message) -> Option<Message>>;

pub(crate) struct Pair {
    pub(crate) engines: [Engine; 2],
    pub(crate) journals: [Vec<Record>; 2],
    pub(crate) now: Now,
    /// What becomes of a message of a node on its way: by default it arrives as it is.
    pub(crate) wire: Wire,
    /// The member's file, an item more than once as the file has it.
    pub(crate) book: Vec<IndicatorRow>,
    pub(crate) fate: BookFate,
    /// What the hub's store has for its release: strictly ascending.
    pub(crate) entries: Vec<(Item, Vec<u8>)>,
    /// Bytes of its labels.
    pub(crate) label_len: u16,
    /// Connections that a node closed.
    pub(crate) closed: usize,
    /// How often each has gathered a set.
    pub(crate) gathers: [usize; 2],
    sets: [BTreeMap<Ticket, (Set, LabelLen)>; 2],
    queue: VecDeque<(usize, Effect)>,
    conns: u64,
}

pub(crate) fn text<const N: usize>(text: &str) -> BoundedText<N> {
    text.to_owned().try_into().unwrap()
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

pub(crate) fn node(number: usize) -> NodeKey {
    NodeKey(key(10 + number as u8).verifying_key())
}

fn transport(number: usize) -> TransportKey {
    TransportKey(key(20 + number as u8).verifying_key())
}

/// A clue with a phone number of its own.
pub(crate) fn clue(number: u16, grade: &str) -> Clue {
    let (id, phone) = (ClueId::from_bytes(u128::from(number).to_be_bytes()).to_string(), phone(number));
    let cells = [
        (Field::Id, id.as_str()),
        (Field::Kind, "phone"),
        (Field::Value, phone.as_str()),
        (Field::Role, "payee"),
        (Field::Typology, "livestream"),
        (Field::FirstSeen, "2026-12-01"),
        (Field::Source, "hotline-north"),
        (Field::SourceKind, "hotline"),
        (Field::Grade, grade),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::Expires, "2027-12-01"),
    ];
    let draft = cells.into_iter().fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).unwrap());
    Clue::from_draft(&draft, &Rules::default(), UnixTime(WALL)).unwrap()
}

pub(crate) fn phone(number: u16) -> String {
    format!("+6141{:07}", 2_345_000 + u32::from(number))
}

pub(crate) fn item(number: u16) -> Item {
    Item::of(NETWORK, IndicatorKind::Phone, &phone(number))
}

/// The entries of a release of clues.
pub(crate) fn entries(clues: &[Clue]) -> Vec<(Item, Vec<u8>)> {
    let entry = |clue: &Clue| {
        let label = Label::merge(&[(clue, Strength::B, 0)], CLASS).unwrap().encode(CLASS).unwrap();
        (clue.items(NETWORK).next().unwrap().0, label)
    };
    let mut entries: Vec<_> = clues.iter().map(entry).collect();
    entries.sort();
    entries
}

pub(crate) fn row(number: u16, kind: IndicatorKind) -> IndicatorRow {
    IndicatorRow {
        item: Item::of(NETWORK, kind, &phone(number)),
        kind,
        roles: Roles::BOTH,
        strength: Strength::B,
        canonical: phone(number),
        references: vec![format!("customer {number}")],
        rows: 1,
    }
}

/// The release of that number, with the source of [`clue`].
pub(crate) fn release(number: u32, now: UnixTime) -> (ReleaseBody, SignedRelease) {
    let source = Source { pseudonym: "hotline-north".parse().unwrap(), kind: SourceKind::Hotline };
    let terms = SourceTerms { source, caveats: Default::default(), kinds: BoundedVec::default(), clues: 0 };
    let content = Tally::new().finish();
    let base = (number > 1).then(|| DeltaBase { number: ReleaseNumber(number - 1), root: content.root });
    let body = ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        created: now,
        valid_until: now.plus_secs(45 * DAY_SECS),
        client_min: client_version(),
        sources: vec![terms].try_into().unwrap(),
        content,
        base,
        class: CLASS,
        contradictions: 0,
        changes: BoundedVec::default(),
    };
    let built = BuiltRelease::build(&body, text("ann"), &key(70)).unwrap();
    let signed = built.approve(text("ben"), &key(71)).unwrap().publish(&key(10 + HUB as u8)).unwrap();
    (body, signed)
}

/// What is recorded when a release is published, or adopted.
pub(crate) fn published(number: u32, now: UnixTime, at: usize) -> Vec<Entry> {
    let (body, signed) = release(number, now);
    if at == MEMBER {
        let mark: Watermark =
            WatermarkKey::new(Secret32::new([8; 32])).mark(NETWORK, ReleaseNumber(number), node(MEMBER));
        return vec![Entry::ReleaseAdopted { signed: Box::new(signed), mark }];
    }
    let draft = ReleaseDraft { body, content: content(number), withdrawn: Vec::new() };
    vec![Entry::ReleaseDrafted(Box::new(draft)), Entry::ReleasePublished(Box::new(signed))]
}

fn content(number: u32) -> ContentId {
    ContentId([number as u8; 8])
}

fn roster() -> Roster {
    let entry = |number: usize| RosterEntry {
        name: text(&format!("node {number}")),
        node: node(number),
        transport: transport(number),
        address: text("node.example:7443"),
        status: Status::Active,
        since: Epoch(1),
    };
    let body = Body {
        network: NETWORK,
        epoch: Epoch(1),
        previous: Digest::from_bytes([0; 32]),
        issued: UnixTime(WALL - 3600),
        valid_until: UnixTime(WALL + 300 * DAY_SECS),
        hub: entry(HUB),
        // A charter needs two members.
        members: vec![entry(MEMBER), entry(2)].try_into().unwrap(),
    };
    Roster::sign(body, &key(10 + HUB as u8)).unwrap()
}

fn charter(runs: &[RunKind], budget: Budget) -> Charter {
    let mut members = vec![node(MEMBER), node(2)];
    members.sort();
    let kinds = [IndicatorKind::Phone, IndicatorKind::Pan].map(|kind| KindRoles { kind, roles: Roles::BOTH });
    let kinds = kinds.into_iter().filter(|entry| runs.iter().any(|run| run.admits(entry.kind)));
    let body = CharterBody {
        network: NETWORK,
        pilot: PILOT,
        version: 1,
        name: text("release"),
        purpose: text("find payees of the release"),
        legal_basis: text("invented act, section 1"),
        members: members.try_into().unwrap(),
        kinds: kinds.collect::<Vec<_>>().try_into().unwrap(),
        runs: runs.to_vec().try_into().unwrap(),
        learns: vec![Learns::Proposer].try_into().unwrap(),
        opens: UnixTime(WALL - 3600),
        closes: UnixTime(WALL + 300 * DAY_SECS),
        retention_days: 90,
        budget,
    };
    Charter::sign(body, &key(10 + HUB as u8)).unwrap()
}

fn founding(number: usize, charter: &Charter) -> Vec<Record> {
    let kind = if number == HUB { NodeKind::Hub } else { NodeKind::Member };
    let secret = |byte: usize| StoredSecret([byte as u8; 32]);
    let founded = Entry::Founded {
        kind,
        name: text(&format!("node {number}")),
        address: text("node.example:7443"),
        node: secret(10 + number),
        transport: secret(20 + number),
    };
    let roster = roster().signed().clone();
    let mut entries = vec![founded];
    entries.push(if number == HUB {
        Entry::NetworkFounded { network: NETWORK, roster }
    } else {
        Entry::Joined { network: NETWORK, hub: node(HUB), roster }
    });
    if number == HUB {
        entries.push(Entry::LighthouseKeyed { secret: secret(90) });
    }
    entries.push(Entry::CharterAdopted { charter: charter.signed().clone() });
    entries.extend([MEMBER, 2].map(|member| {
        let person = key(30 + member as u8);
        let signature = MemberSignature::complete(
            charter.digest(),
            node(member),
            text("a person"),
            OperatorKey(person.verifying_key()),
            MemberSignature::sign_as_person(charter.digest(), node(member), &person),
            &key(10 + member as u8),
        );
        Entry::CharterSigned { pilot: PILOT, charter: charter.digest(), signature }
    }));
    entries.extend(published(1, UnixTime(WALL - DAY_SECS), number));
    entries.into_iter().map(|entry| Record { at: UnixTime(WALL - 60), entry }).collect()
}

impl Pair {
    /// Clues 1 to 40 at the hub; the member holds numbers 31 to 60, and each third of them twice.
    pub(crate) fn new() -> Self {
        let budget = Budget { items_per_session: 32, sessions_per_day: 10, items_min: 10 };
        Self::under(&charter(&[RunKind::Pair, RunKind::Lighthouse], budget))
    }

    pub(crate) fn with_runs(runs: &[RunKind]) -> Self {
        let budget = Budget { items_per_session: 32, sessions_per_day: 10, items_min: 10 };
        Self::under(&charter(runs, budget))
    }

    fn under(charter: &Charter) -> Self {
        let now = Now { wall: UnixTime(WALL), mono_ms: 1000 };
        let journals = [MEMBER, HUB].map(|number| founding(number, charter));
        let engines = [MEMBER, HUB].map(|number| {
            let state = State::replay(journals[number].iter().cloned()).unwrap();
            Engine::new(Config { online: true }, state, Seed::new([40 + number as u8; 32]), now)
        });
        let clues: Vec<Clue> = (1..=40).map(|number| clue(number, "B2")).collect();
        let mut pair = Self {
            engines,
            journals,
            now,
            wire: Box::new(|_, message| Some(message)),
            book: (31..=60).map(|number| row(number, IndicatorKind::Phone)).collect(),
            fate: BookFate::Stays,
            entries: entries(&clues),
            label_len: CLASS.into(),
            closed: 0,
            gathers: [0; 2],
            sets: [BTreeMap::new(), BTreeMap::new()],
            queue: VecDeque::new(),
            conns: 0,
        };
        pair.pump();
        pair
    }

    pub(crate) fn plan(&self) -> RunPlan {
        let state = self.engines[MEMBER].state();
        RunPlan {
            run: RunId([0; 8]),
            pilot: PILOT,
            charter: state.pilots()[&PILOT].charter.digest(),
            peer: node(HUB),
            learns: Learns::Proposer,
            protocol: lighthouse_protocol().id(),
            selection: Selection(vec![(IndicatorKind::Phone, Roles::BOTH)]),
            lighthouse: Some(LighthousePlan {
                release: state.lighthouse().current().unwrap().seen,
                book: Some(Book { file: "/book.csv".to_owned(), map: "/map.toml".to_owned() }),
            }),
        }
    }

    /// Plans and starts a run.
    pub(crate) fn start(&mut self) -> RunId {
        let run = self.planned(self.plan()).unwrap();
        self.consent(run).unwrap();
        run
    }

    pub(crate) fn planned(&mut self, plan: RunPlan) -> Result<RunId, Refusal> {
        match self.command(Command::PlanRun(plan))? {
            Reply::RunPlanned(run) => Ok(run),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn consent(&mut self, run: RunId) -> Result<Reply, Refusal> {
        self.command(Command::StartRun { run, leakage: lighthouse_protocol().leakage().digest() })
    }

    pub(crate) fn command(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.engines[MEMBER].handle(self.now, Input::Command(Ticket(7), command));
        let mut answer = None;
        while let Some(effect) = self.engines[MEMBER].poll_effect() {
            match effect {
                Effect::Reply(Ticket(7), reply) => answer = Some(*reply),
                effect => self.queue.push_back((MEMBER, effect)),
            }
        }
        self.pump();
        answer.expect("answered at once")
    }

    /// The next release is published at the hub, which tells the member as far as the wire lets it.
    pub(crate) fn restart_with(&mut self, number: usize, entries: Vec<Entry>) {
        let records = entries.into_iter().map(|entry| Record { at: self.now.wall, entry });
        self.journals[number].extend(records);
        let state = State::replay(self.journals[number].iter().cloned()).unwrap();
        let seed = Seed::new([60 + number as u8; 32]);
        self.engines[number] = Engine::new(Config { online: true }, state, seed, self.now);
        self.sets[number].clear();
        self.queue.clear();
        for conn in 1..=self.conns {
            self.engines[1 - number].handle(self.now, Input::PeerDown(ConnId(conn), DownReason::Lost));
        }
        self.pump();
    }

    pub(crate) fn pass_ms(&mut self, ms: u64) {
        let until = self.now.mono_ms + ms;
        loop {
            let due = self.engines.iter().enumerate().filter_map(|(at, engine)| Some((engine.poll_deadline()?, at)));
            let Some((due, at)) = due.min().filter(|(due, _)| *due <= until) else { break };
            self.now.mono_ms = due.max(self.now.mono_ms + 1);
            self.engines[at].handle(self.now, Input::Deadline);
            self.pump();
        }
        self.now.mono_ms = self.now.mono_ms.max(until);
    }

    pub(crate) fn phase(&self, number: usize, run: RunId) -> RunPhase {
        self.engines[number].state().runs()[&run].phase.clone()
    }

    pub(crate) fn charges(&self, number: usize) -> usize {
        let charged = |record: &&Record| matches!(record.entry, Entry::SessionCharged { .. });
        self.journals[number].iter().filter(charged).count()
    }

    pub(crate) fn seen(&self, number: usize) -> Seen {
        self.engines[number].state().lighthouse().current().unwrap().seen
    }

    fn pump(&mut self) {
        loop {
            for number in [MEMBER, HUB] {
                while let Some(effect) = self.engines[number].poll_effect() {
                    self.queue.push_back((number, effect));
                }
            }
            let Some((number, effect)) = self.queue.pop_front() else { return };
            self.carry_out(number, effect);
        }
    }

    fn carry_out(&mut self, number: usize, effect: Effect) {
        let other = 1 - number;
        let input = match effect {
            Effect::Store(records) => return self.journals[number].extend(records),
            Effect::Send(conn, body) => {
                let Some(message) = (self.wire)(number, Message::decode(&body).unwrap()) else { return };
                return self.engines[other].handle(self.now, Input::Frame(conn, message.encode()));
            }
            Effect::Close(conn, code) => {
                self.closed += 1;
                let reason = DownReason::ClosedByPeer(code as u32);
                return self.engines[other].handle(self.now, Input::PeerDown(conn, reason));
            }
            Effect::Dial(dial) if dial.key == transport(other) => return self.connect(number),
            Effect::Load(ticket, query) => Input::Loaded(ticket, self.load(number, ticket, query)),
            Effect::Forget(ticket) => {
                self.sets[number].remove(&ticket);
                return;
            }
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            Effect::Dial(_) | Effect::Reply(..) | Effect::Allow(_) | Effect::Log(..) => return,
            Effect::Edition(..) | Effect::RemoveEdition(_) | Effect::DestroyTable(_) => {
                panic!("nothing here is about the standing comparison")
            }
        };
        self.engines[number].handle(self.now, input);
    }

    fn connect(&mut self, dialer: usize) {
        self.conns += 1;
        let (conn, exporter) = (ConnId(self.conns), [self.conns as u8; 32]);
        for (number, side) in [(dialer, Side::Dialer), (1 - dialer, Side::Listener)] {
            let up = PeerUp { conn, key: transport(1 - number), side, exporter };
            self.engines[number].handle(self.now, Input::PeerUp(up));
        }
    }

    fn load(&mut self, number: usize, ticket: Ticket, query: LoadQuery) -> Loaded {
        match query {
            LoadQuery::Gather { source, selection, limit, salt } => {
                self.gathers[number] += 1;
                let (set, len, book) = match (number, source) {
                    (MEMBER, SetSource::Book(_)) if self.fate == BookFate::Unread => return Loaded::BookUnread,
                    (MEMBER, SetSource::Book(_)) => {
                        let rows = self.book.iter().filter(|row| selection.contains(row));
                        let mut items: Vec<Item> = rows.map(|row| row.item).collect();
                        items.sort();
                        items.dedup();
                        let rows = self.book.len() as u64;
                        let report = BookReport {
                            rows,
                            accepted: rows,
                            repaired: 0,
                            refused: 0,
                            refusals: Vec::new(),
                            first: Vec::new(),
                        };
                        (Set { items: items.into(), labels: [].into() }, LabelLen::NONE, Some(Box::new(report)))
                    }
                    (HUB, SetSource::Release(id)) => {
                        assert_eq!(id, content(self.seen(HUB).number.0));
                        let len = usize::from(self.label_len);
                        let labels = self.entries.iter().flat_map(|(_, label)| {
                            let mut label = label.clone();
                            label.resize(len, 0);
                            label
                        });
                        let items = self.entries.iter().map(|(item, _)| *item).collect();
                        let len = LabelLen::new(self.label_len).unwrap();
                        (Set { items, labels: labels.collect() }, len, None)
                    }
                    (_, other) => panic!("{other:?} at node {number}"),
                };
                let items = set.items.len() as u32;
                if items > limit {
                    return Loaded::TooMany;
                }
                let own =
                    if len.is_none() { OwnSet::of(&set.items, &salt) } else { OwnSet::of_labelled(&set, len, &salt) };
                self.sets[number].insert(ticket, (set, len));
                Loaded::Gathered { set: own, items, book }
            }
            LoadQuery::Shard { gathered, session, shard } => {
                let (set, len) = &self.sets[number][&gathered];
                Loaded::Shard(HeldItems::new(set.clone(), *len, session).shard(shard))
            }
            LoadQuery::Rows { gathered, places, bits, .. } => {
                assert_eq!((number, bits), (MEMBER, 0), "few items are one shard, in their order");
                if self.fate == BookFate::Changes {
                    return Loaded::BookChanged;
                }
                let (set, _) = &self.sets[number][&gathered];
                let row = |place: &u32| self.book.iter().find(|row| row.item == set.items[*place as usize]).unwrap();
                let found = (0..).zip(&places).map(|(number, place)| FoundRow { number, row: row(place).clone() });
                Loaded::Rows { rows: found.collect(), more: More::No }
            }
            LoadQuery::MoreRows { .. } => panic!("there are no more"),
            LoadQuery::Items { .. } | LoadQuery::RowsOf { .. } => panic!("there are no rounds"),
        }
    }
}
