//! Work that needs the store: reads of the journal in the loop, loads of files on a thread of their own.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cwg_app::hub::LighthouseWork;
use cwg_app::indicators::{Progress, RowSink, SetSink, SinkProblem, SinkSummary};
use cwg_app::{Checked, DamagedRecord, LoadWork, Problem, Records, Running, Submit, Work};
use cwg_crypto::Digest;
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::{Entry, Match, Record};
use cwg_protocol::RunId;
use cwg_store::{MATCHES, SetWriter, Store, StoreError, decode_record};
use tokio::sync::mpsc::UnboundedSender;

use crate::contents::Stored;
use crate::node::{Answer, Far, Hearer, Inbox, Node};
use crate::{doctor, entropy, problems};

/// Carries work out, or starts it.
pub(crate) fn begin(node: &mut Node, work: Work, answer: Answer, hearer: Hearer) {
    match work {
        Work::Load(load) => begin_load(node, load, answer, hearer),
        Work::Lighthouse(work) => begin_lighthouse(node, work, answer, hearer),
        Work::Check(load) => {
            std::thread::spawn(move || answer(load.check(&mut Told::to(hearer))));
        }
        Work::PublishEdition => crate::standing::publish(node, answer),
        Work::Evaluate(work) => crate::standing::evaluate(node, work, answer, hearer),
        Work::Compare(work) => crate::standing::compare(node, work, answer),
        Work::LookUp(work) => crate::standing::look_up(node, work, answer),
        work => match tokio::task::block_in_place(|| look(node, work)) {
            Ok(Submit::Nothing(view)) => answer(Ok(view)),
            Ok(Submit::Commands(commands, pending)) => {
                let mut commands = commands;
                let Some(last) = commands.pop() else { return answer(Err(problems::no_answer())) };
                for command in commands {
                    node.submit_silently(command);
                }
                node.submit(last, pending, answer);
            }
            Err(problem) => answer(Err(problem)),
        },
    }
}

fn look(node: &Node, work: Work) -> Result<Submit, Problem> {
    let state = node.engine.state();
    let journal = Journal(&node.store);
    let view = match work {
        Work::Stats => Work::stats(state, &journal)?,
        Work::PurgeOlder(work) => return work.run(state, &journal),
        Work::Figure(work) => return work.run(state, &journal),
        Work::PlanBook(work) => return work.run(),
        Work::MatchList(work) => work.run(state, &journal)?,
        Work::MatchShow(work) => work.run(state, &journal)?,
        Work::AuditShow(work) => work.run(state, &journal)?,
        Work::AuditVerify(work) => work.run(&journal),
        Work::Status(work) => work.run(state, &running(node)),
        Work::Doctor(work) => work.run(state, &running(node), doctor::parts(node)),
        Work::Load(_)
        | Work::Check(_)
        | Work::Lighthouse(_)
        | Work::PublishEdition
        | Work::Evaluate(_)
        | Work::Compare(_)
        | Work::LookUp(_) => unreachable!("begun before"),
    };
    Ok(Submit::Nothing(view))
}

/// Reads a file into a set, off the loop; what comes of it goes through the loop.
fn begin_load(node: &Node, work: LoadWork, answer: Answer, hearer: Hearer) {
    let (sets, outbox) = (node.store.sets().clone(), node.outbox());
    std::thread::spawn(move || {
        let load = move || -> Result<Submit, Problem> {
            let name = fresh_name()?;
            let writer = sets.writer(cwg_protocol::LoadId(name)).map_err(|error| problems::store(&error))?;
            work.load(name, Sink(writer), &mut Told::to(hearer))
        };
        end(load(), answer, &outbox);
    });
}

/// Works on contents of releases, off the loop.
fn begin_lighthouse(node: &mut Node, work: LighthouseWork, answer: Answer, hearer: Hearer) {
    let fresh = match fresh_name() {
        Ok(name) => node.contents.begin(name),
        Err(problem) => return answer(Err(problem)),
    };
    let (contents, outbox) = (Stored(node.store.releases()), node.outbox());
    std::thread::spawn(move || {
        end(work.run(&contents, fresh, &mut Told::to(hearer)), answer, &outbox);
        // After the command: whether the content stays is then known.
        drop(outbox.send(Inbox::Written(fresh)));
    });
}

/// Takes what work off the loop came to through the loop.
fn end(came: Result<Submit, Problem>, answer: Answer, outbox: &UnboundedSender<Inbox>) {
    match came {
        Err(problem) => answer(Err(problem)),
        Ok(Submit::Nothing(view)) => answer(Ok(view)),
        Ok(Submit::Commands(mut commands, pending)) => match commands.pop() {
            // The loop is gone only when the process ends.
            Some(command) => drop(outbox.send(Inbox::Submit(command, pending, answer))),
            None => answer(Err(problems::no_answer())),
        },
    }
}

fn fresh_name() -> Result<[u8; 8], Problem> {
    let mut name = [0; 8];
    name.copy_from_slice(&entropy::seed()?.into_secret().expose()[..8]);
    Ok(name)
}

/// Says once a second how far a load is.
struct Told {
    hearer: Hearer,
    last: Instant,
}

impl Told {
    fn to(hearer: Hearer) -> Self {
        Self { hearer, last: Instant::now() }
    }
}

impl Progress for Told {
    fn advanced(&mut self, rows: u64, bytes: u64, of_bytes: u64) -> ControlFlow<()> {
        if self.last.elapsed() >= Duration::from_secs(1) {
            self.last = Instant::now();
            (self.hearer)(Far { rows, percent: bytes.saturating_mul(100) / of_bytes.max(1) });
        }
        ControlFlow::Continue(())
    }
}

/// The store's writer as the application layer sees it.
struct Sink(SetWriter);

impl RowSink for Sink {
    fn push(&mut self, _: u64, row: &IndicatorRow) -> Result<(), SinkProblem> {
        self.0.push(row).map_err(|error| sink_problem(&error))
    }
}

impl SetSink for Sink {
    fn finish(self) -> Result<SinkSummary, SinkProblem> {
        let summary = self.0.finish().map_err(|error| sink_problem(&error))?;
        Ok(SinkSummary { digest: summary.digest, items: summary.items, kinds: summary.per_kind })
    }
}

pub(crate) fn sink_problem(error: &StoreError) -> SinkProblem {
    SinkProblem { problem: error.problem(), hint: error.hint().to_owned() }
}

/// The journal as the application layer sees it.
struct Journal<'a>(&'a Store);

impl Records for Journal<'_> {
    fn replay<'a>(&'a self, from: u64) -> Box<dyn Iterator<Item = Result<(u64, Record), DamagedRecord>> + 'a> {
        let mut sound = from.saturating_sub(1);
        Box::new(self.0.replay(from).map(move |entry| {
            let (number, payload) = entry.map_err(|error| damaged(sound, &error))?;
            sound = number;
            Ok((number, decoded(number, &payload)?))
        }))
    }

    fn verify(&self) -> Result<Checked, DamagedRecord> {
        let verified = self.0.verify().map_err(|error| damaged(0, &error))?;
        Ok(Checked { records: verified.records, head: verified.head.hash })
    }

    fn digest_at(&self, number: u64) -> Result<Option<Digest>, DamagedRecord> {
        let head = self.0.head_at(number).map_err(|error| damaged(number.saturating_sub(1), &error))?;
        Ok(head.map(|head| head.hash))
    }

    fn matches<'a>(&'a self, run: RunId) -> Box<dyn Iterator<Item = Result<Vec<Match>, DamagedRecord>> + 'a> {
        let mut number = 0;
        Box::new(std::iter::from_fn(move || {
            let found = self.0.index().get(MATCHES, &cwg_store::match_key(run, number));
            let record = match found {
                Ok(payload) => decoded(0, &payload?),
                Err(error) => Err(damaged(0, &error)),
            };
            match record.map(|record| record.entry) {
                Ok(Entry::Matches { first, rows, .. }) if first == number && !rows.is_empty() => {
                    number = first.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
                    Some(Ok(rows))
                }
                // The end of what was sealed again, or what is left of an earlier seal.
                Ok(Entry::Matches { .. }) => None,
                Ok(_) => Some(Err(DamagedRecord {
                    sound: 0,
                    what: "the index leads to a record that holds no matches".to_owned(),
                    hint: "stop the node, remove its index directory and start it again".to_owned(),
                })),
                Err(damage) => Some(Err(damage)),
            }
        }))
    }
}

fn decoded(number: u64, payload: &[u8]) -> Result<Record, DamagedRecord> {
    decode_record(payload).map_err(|error| DamagedRecord {
        sound: number.saturating_sub(1),
        what: error.to_string(),
        hint: String::new(),
    })
}

fn damaged(sound: u64, error: &StoreError) -> DamagedRecord {
    DamagedRecord { sound, what: error.problem(), hint: error.hint().to_owned() }
}

/// What only this process knows.
fn running(node: &Node) -> Running {
    let head = node.store.head();
    let damaged_sets =
        node.live_sets().iter().filter(|set| node.store.sets().reader(set).is_err()).map(|set| set.load).collect();
    Running {
        online: node.online(),
        connected: node.engine.connected().collect(),
        head: Some((head.seq, head.hash)),
        journal_bytes: doctor::bytes_in(&node.dir.join("journal")),
        set_bytes: doctor::bytes_in(&node.dir.join("sets")),
        damaged_sets,
    }
}

#[cfg(test)]
mod tests {
    use cwg_engine::limits::MATCHES_PER_RECORD;
    use cwg_protocol::indicator::{IndicatorKind, Roles, Strength};
    use cwg_protocol::{Item, UnixTime};
    use cwg_store::{PassphraseCost, Unlock, create_key_file, encode_record, keys_of_record};

    use super::*;

    const RUN: RunId = RunId([1; 8]);

    fn row(number: usize) -> Match {
        let row = IndicatorRow {
            item: Item([0; 32]),
            kind: IndicatorKind::Phone,
            roles: Roles::BOTH,
            strength: Strength::A,
            canonical: format!("invented {number}"),
            references: Vec::new(),
            rows: 1,
        };
        Match { row, label: vec![7; number % 3] }
    }

    /// The records of a seal with these rows, as the engine writes them when the run had been sealed before.
    fn sealed_again(rows: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        let rows: Vec<Match> = rows.map(row).collect();
        let chunks = rows.chunks(MATCHES_PER_RECORD).chain([&[][..]]);
        let mut first = 0;
        let entry = |rows: &[Match]| {
            let entry = Entry::Matches { run: RUN, first, rows: rows.to_vec() };
            first += u32::try_from(rows.len()).unwrap();
            encode_record(&Record { at: UnixTime(7), entry })
        };
        chunks.map(entry).collect()
    }

    #[test]
    fn the_index_leads_to_the_matches_of_the_last_seal_and_to_no_earlier_one() {
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("key");
        create_key_file(&key).unwrap();
        let keys_of = std::sync::Arc::new(keys_of_record);
        let dir = place.path().join("store");
        let mut store = Store::create(&dir, Unlock::KeyFile(&key), PassphraseCost::default(), keys_of).unwrap();
        let full = MATCHES_PER_RECORD;
        for last in [0..2 * full + 3, 10..20, 5000..5000 + full, 7..full, 0..0, 30..33 + full] {
            store.append(&sealed_again(last.clone())).unwrap();
            let found: Result<Vec<Vec<Match>>, _> = Journal(&store).matches(RUN).collect();
            assert_eq!(found.unwrap().concat(), last.map(row).collect::<Vec<_>>());
        }
    }
}
