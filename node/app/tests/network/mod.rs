//! A hub and members made from records, driven through requests as a daemon would.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use cwg_app::hub::{Contents, EntrySink, RecordSink, RecordsOf};
use cwg_app::indicators::{RowSink, SetSink, SinkProblem, SinkSummary};
use cwg_app::{
    Action, Checked, DamagedRecord, Problem, Records, Request, Running, Submit, View, Work, answer, prepare,
};
use cwg_crypto::{Digest, Secret32, Seed, SigningKey};
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{Effect, IndicatorRow, Input, Now, Ticket};
use cwg_engine::record::{ContentId, Entry, NodeKind, Record, StoredSecret};
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::lighthouse::standing::Entries;
use cwg_protocol::lighthouse::{LabelClass, Record as LighthouseRecord};
use cwg_protocol::roster::{Body, Entry as RosterEntry, Name, Roster, Status};
use cwg_protocol::{Epoch, NetworkId, NodeKey, TransportKey, UnixTime};

/// 2026-06-01T00:00:00Z.
pub(crate) const NOW: UnixTime = UnixTime(1_780_272_000);
pub(crate) const NETWORK: NetworkId = NetworkId([9; 16]);

pub(crate) struct Node {
    engine: Engine,
    pub(crate) records: Vec<Record>,
    tickets: Cell<u64>,
    pub(crate) kept: Vec<IndicatorRow>,
    pub(crate) now: UnixTime,
    pub(crate) contents: MemContents,
}

pub(crate) fn name(text: &str) -> Name {
    text.to_owned().try_into().unwrap()
}

/// The signing key of a node: the hub's number is 0, members count from 1.
pub(crate) fn node_key(number: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([2 * number + 1; 32]))
}

fn roster(members: &[&str]) -> Roster {
    let entry = |number: u8, text: &str| RosterEntry {
        name: name(text),
        node: NodeKey(node_key(number).verifying_key()),
        transport: TransportKey(SigningKey::from_secret(&Secret32::new([2 * number + 2; 32])).verifying_key()),
        address: "node.example:7443".to_owned().try_into().unwrap(),
        status: Status::Active,
        since: Epoch(1),
    };
    let members: Vec<RosterEntry> = members.iter().enumerate().map(|(at, text)| entry(at as u8 + 1, text)).collect();
    let body = Body {
        network: NETWORK,
        epoch: Epoch(1),
        previous: Digest::from_bytes([0; 32]),
        issued: UnixTime(NOW.0 - 86_400),
        valid_until: NOW.plus_secs(300 * 86_400),
        hub: entry(0, "Hub"),
        members: members.try_into().unwrap(),
    };
    Roster::sign(body, &node_key(0)).unwrap()
}

impl Node {
    pub(crate) fn hub_with(members: &[&str]) -> Self {
        let roster = roster(members).signed().clone();
        Self::of(0, NodeKind::Hub, "Hub", Entry::NetworkFounded { network: NETWORK, roster })
    }

    /// The member of that number, from 1.
    pub(crate) fn member(number: u8, members: &[&str]) -> Self {
        let roster = roster(members).signed().clone();
        let hub = NodeKey(node_key(0).verifying_key());
        let joined = Entry::Joined { network: NETWORK, hub, roster };
        Self::of(number, NodeKind::Member, members[number as usize - 1], joined)
    }

    fn of(number: u8, kind: NodeKind, text: &str, entered: Entry) -> Self {
        let founded = Entry::Founded {
            kind,
            name: name(text),
            address: "node.example:7443".to_owned().try_into().unwrap(),
            node: StoredSecret([2 * number + 1; 32]),
            transport: StoredSecret([2 * number + 2; 32]),
        };
        Self::from_records([founded, entered].map(|entry| Record { at: UnixTime(NOW.0 - 3600), entry }).into())
    }

    pub(crate) fn from_records(records: Vec<Record>) -> Self {
        let state = State::replay(records.iter().cloned()).unwrap();
        let now = Now { wall: NOW, mono_ms: 0 };
        let engine = Engine::new(Config { online: false }, state, Seed::new([5; 32]), now);
        let contents = MemContents::default();
        Self { engine, records, tickets: Cell::new(0), kept: Vec::new(), now: NOW, contents }
    }

    /// Adds records that came some other way and starts again.
    pub(crate) fn with(self, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut records = self.records;
        records.extend(entries.into_iter().map(|entry| Record { at: NOW, entry }));
        Self::from_records(records)
    }

    pub(crate) fn state(&self) -> &State {
        self.engine.state()
    }

    fn submit(&mut self, command: Command) -> Result<Reply, Refusal> {
        let ticket = Ticket(self.tickets.replace(self.tickets.get() + 1));
        self.engine.handle(Now { wall: self.now, mono_ms: 0 }, Input::Command(ticket, command));
        let mut reply = None;
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Store(records) => self.records.extend(records),
                Effect::Reply(to, answered) if to == ticket => reply = Some(*answered),
                _ => {}
            }
        }
        reply.expect("a command without the network is answered at once")
    }

    /// As a daemon does it.
    pub(crate) fn ask(&mut self, request: Request) -> Result<View, Problem> {
        // Every request travels.
        let json = serde_json::to_string(&request).unwrap();
        let request: Request = serde_json::from_str(&json).unwrap();
        match prepare(request, self.state(), self.now)? {
            Action::Show(view) => Ok(view),
            Action::Submit(command, pending) => {
                let reply = self.submit(command);
                answer(pending, reply, self.state())
            }
            Action::Work(work) => self.work(work),
        }
    }

    fn work(&mut self, work: Work) -> Result<View, Problem> {
        let journal = Journal(self.records.clone());
        let state = self.state();
        let running =
            Running { online: false, head: Some((journal.0.len() as u64, chain(&journal.0))), ..Running::default() };
        let submit = match work {
            Work::Load(work) => work.load([0xab; 8], Set::default(), &mut cwg_app::indicators::NoProgress)?,
            Work::Lighthouse(work) => {
                let fresh = ContentId([self.tickets.get() as u8; 8]);
                work.run(&self.contents, fresh, &mut cwg_app::indicators::NoProgress)?
            }
            Work::PurgeOlder(work) => work.run(state, &journal)?,
            Work::Figure(work) => work.run(state, &journal)?,
            Work::PlanBook(work) => work.run()?,
            Work::Check(work) => return work.check(&mut cwg_app::indicators::NoProgress),
            Work::Stats => return Work::stats(state, &journal),
            Work::MatchList(work) => return work.run(state, &journal),
            Work::MatchShow(work) => return work.run(state, &journal),
            Work::AuditShow(work) => return work.run(state, &journal),
            Work::AuditVerify(work) => return Ok(work.run(&journal)),
            Work::Status(work) => return Ok(work.run(state, &running)),
            Work::Doctor(work) => return Ok(work.run(state, &running, Vec::new())),
            Work::PublishEdition | Work::Evaluate(_) | Work::LookUp(_) | Work::Compare(_) => {
                panic!("this needs the daemon")
            }
        };
        match submit {
            Submit::Nothing(view) => Ok(view),
            Submit::Commands(commands, pending) => {
                let mut reply = Ok(Reply::Done);
                for command in commands {
                    reply = self.submit(command);
                    if reply.is_err() {
                        break;
                    }
                }
                answer(pending, reply, self.state())
            }
        }
    }
}

/// Contents of releases in memory.
#[derive(Default)]
pub(crate) struct MemContents {
    pub(crate) records: RefCell<BTreeMap<ContentId, Vec<LighthouseRecord>>>,
    /// Class and number of the entries of each.
    pub(crate) entries: RefCell<BTreeMap<ContentId, (LabelClass, usize)>>,
}

struct RecordsTo<'a>(&'a MemContents, ContentId, Vec<LighthouseRecord>);

struct EntriesTo<'a>(&'a MemContents, ContentId, LabelClass, usize);

impl Contents for MemContents {
    fn records(&self, content: ContentId) -> Result<RecordsOf<'_>, Problem> {
        let records = self.records.borrow()[&content].clone();
        Ok(Box::new(records.into_iter().map(Ok)))
    }

    fn write_records(&self, content: ContentId) -> Result<Box<dyn RecordSink + '_>, Problem> {
        Ok(Box::new(RecordsTo(self, content, Vec::new())))
    }

    fn write_entries(&self, content: ContentId, class: LabelClass) -> Result<Box<dyn EntrySink + '_>, Problem> {
        Ok(Box::new(EntriesTo(self, content, class, 0)))
    }

    fn remove(&self, content: ContentId) -> Result<(), Problem> {
        self.records.borrow_mut().remove(&content);
        self.entries.borrow_mut().remove(&content);
        Ok(())
    }
}

impl RecordSink for RecordsTo<'_> {
    fn push(&mut self, record: &LighthouseRecord) -> Result<(), Problem> {
        self.2.push(record.clone());
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Problem> {
        assert!(self.0.records.borrow_mut().insert(self.1, self.2).is_none(), "a content is written once");
        Ok(())
    }
}

impl EntrySink for EntriesTo<'_> {
    fn push(&mut self, entries: &Entries) -> Result<(), Problem> {
        self.3 += entries.len();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Problem> {
        assert!(self.0.entries.borrow_mut().insert(self.1, (self.2, self.3)).is_none(), "a content is written once");
        Ok(())
    }
}

/// Records in memory, chained by their codes and times.
pub(crate) struct Journal(pub(crate) Vec<Record>);

pub(crate) fn chain(records: &[Record]) -> Digest {
    let mut hasher = cwg_crypto::Hasher::new(cwg_crypto::Domain::JournalChain);
    for record in records {
        hasher.part(record.entry.code().as_bytes());
        hasher.part(&record.at.0.to_le_bytes());
    }
    hasher.finish()
}

impl Records for Journal {
    fn replay<'a>(&'a self, from: u64) -> Box<dyn Iterator<Item = Result<(u64, Record), DamagedRecord>> + 'a> {
        let numbered = self.0.iter().enumerate().map(|(at, record)| Ok((at as u64 + 1, record.clone())));
        Box::new(numbered.skip(from as usize - 1))
    }

    fn verify(&self) -> Result<Checked, DamagedRecord> {
        Ok(Checked { records: self.0.len() as u64, head: chain(&self.0) })
    }

    fn digest_at(&self, number: u64) -> Result<Option<Digest>, DamagedRecord> {
        Ok(self.0.get(..number as usize).map(chain))
    }
}

/// A set in memory.
#[derive(Default)]
pub(crate) struct Set(std::collections::BTreeMap<cwg_protocol::Item, (IndicatorKind, Roles)>);

impl RowSink for Set {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        let entry = self.0.entry(row.item).or_insert((row.kind, Roles::NONE));
        entry.1 = entry.1.union(row.roles);
        Ok(())
    }
}

impl SetSink for Set {
    fn finish(self) -> Result<SinkSummary, SinkProblem> {
        let mut kinds = std::collections::BTreeMap::new();
        for (kind, roles) in self.0.values() {
            *kinds.entry((*kind, *roles)).or_insert(0) += 1;
        }
        let kinds = kinds.into_iter().map(|((kind, roles), items)| (kind, roles, items)).collect();
        Ok(SinkSummary { digest: Digest::from_bytes([3; 32]), items: self.0.len() as u64, kinds })
    }
}
