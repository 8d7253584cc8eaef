//! A hub and one member in memory, over a wire that a test can cut or change; editions are in memory too.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use cwg_crypto::{Digest, Seed};
use cwg_engine::command::{Command, EvaluationBatch, Refusal, Reply};
use cwg_engine::io::{EditionDone, EditionWork, Effect, Input, Ticket};
use cwg_engine::record::{ContentId, ReleaseDraft};
use cwg_protocol::Item;
use cwg_protocol::charter::{Budget, RunKind};
use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::lighthouse::standing::{
    Content, EditionBody, EditionError, EditionPlan, Entries, OwnOutput, Period, Said, VerifiedEdition,
};
use cwg_protocol::lighthouse::{LabelClass, ReleaseNumber};
use cwg_protocol::psi::Job;

use crate::founding::{DAY_SECS, Group, NETWORK, PILOT, node};
use crate::wiring::{Nodes, Wired};

pub(crate) const HUB: usize = 0;
pub(crate) const BANK: usize = 1;
/// A second bank, without which there is no charter.
const OTHER: usize = 2;

/// The hub, number 0, and a member, number 1.
pub(crate) struct Pair {
    nodes: Nodes,
    /// What becomes of a job's output.
    pub(crate) hold_jobs: bool,
    held: Vec<(usize, Ticket, Job)>,
    /// Editions of the hub, and what the member has of each.
    pub(crate) published: BTreeMap<Digest, Vec<u8>>,
    pub(crate) parts: BTreeMap<Digest, Vec<u8>>,
    pub(crate) kept: BTreeMap<Digest, Vec<u8>>,
    pub(crate) destroyed: Vec<(usize, Period)>,
    /// The chunks from which on a download was begun.
    pub(crate) begun: Vec<u32>,
    said: BTreeMap<ReleaseNumber, Vec<Item>>,
}

crate::wiring::of_nodes!(Pair);

impl Wired for Pair {
    fn carry_out(&mut self, number: usize, effect: Effect) {
        match effect {
            Effect::Compute(ticket, job) if self.hold_jobs => self.held.push((number, ticket, job)),
            Effect::Compute(ticket, job) => self.handle(number, Input::Computed(ticket, job.run())),
            Effect::Edition(ticket, work) => {
                let done = self.on_file(work);
                self.handle(number, Input::Edition(ticket, done));
            }
            Effect::RemoveEdition(digest) if number == BANK => {
                self.parts.remove(&digest);
                self.kept.remove(&digest);
            }
            Effect::RemoveEdition(digest) => drop(self.published.remove(&digest)),
            Effect::DestroyTable(period) => self.destroyed.push((number, period)),
            // Nobody dials: a test connects.
            Effect::Dial(_) => {}
            other => panic!("{other:?} is no part of the standing comparison"),
        }
    }

    fn restart(&mut self, number: usize) {
        self.held.retain(|(of, ..)| *of != number);
        self.start_again(number);
        self.pump();
    }
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::under(&[RunKind::Lighthouse])
    }

    /// Under a charter of these kinds of runs.
    pub(crate) fn under(runs: &[RunKind]) -> Self {
        let group = Group { hub: HUB, members: &[BANK, OTHER] };
        let budget = Budget { items_per_session: 1024, sessions_per_day: 2, items_min: 10 };
        let charter = group.charter(&[IndicatorKind::Phone], runs, budget);
        Self {
            nodes: Nodes::new([HUB, BANK].map(|number| group.journal(number, Some(&charter))).to_vec()),
            hold_jobs: false,
            held: Vec::new(),
            published: BTreeMap::new(),
            parts: BTreeMap::new(),
            kept: BTreeMap::new(),
            destroyed: Vec::new(),
            begun: Vec::new(),
            said: BTreeMap::new(),
        }
    }

    pub(crate) fn connect(&mut self) {
        self.link(BANK, HUB);
        self.pump();
    }

    /// The connection goes, with what was on its way.
    pub(crate) fn lose(&mut self) {
        self.part(BANK, HUB);
    }

    pub(crate) fn pass_days(&mut self, days: u64) {
        self.pass_ms(days * DAY_SECS * 1000);
    }

    pub(crate) fn open_period(&mut self, allowance: u32) -> Period {
        match self.command(HUB, Command::OpenPeriod { days: 60, allowance }) {
            Ok(Reply::PeriodOpened(period)) => period,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn evaluate(&mut self, period: Period, items: &[Item]) -> Result<Vec<OwnOutput>, Refusal> {
        match self.command(BANK, ask(period, items)) {
            Ok(Reply::Evaluated(outputs)) => Ok(outputs),
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => Err(refusal),
        }
    }

    /// Publishes a release that says something of these items, without an edition.
    pub(crate) fn release(&mut self, items: &[Item]) -> ReleaseNumber {
        let body = self.next_release(HUB);
        let draft = ReleaseDraft { body, content: ContentId([1; 8]), withdrawn: Vec::new() };
        let number = self.publish_release(HUB, draft);
        self.said.insert(number, items.to_vec());
        number
    }

    /// Makes the edition of the current release: a delta where there is a chain, and publishes it.
    pub(crate) fn edition(&mut self, period: Period) -> Result<Digest, Refusal> {
        let (body, rows) = self.edition_parts(period);
        let digest = body.digest();
        self.published.insert(digest, rows);
        self.command(HUB, Command::PublishEdition(Box::new(body))).map(|_| digest)
    }

    pub(crate) fn edition_parts(&self, period: Period) -> (EditionBody, Vec<u8>) {
        let state = self.engines[HUB].state();
        let current = state.lighthouse().current().unwrap();
        let release = current.usable(NETWORK, node(HUB), self.now.wall).unwrap();
        let known = &state.standing().periods()[&period];
        let key = known.key().unwrap();
        let now = entries(&self.said[&release.seen().number]);
        let seed = Seed::new([release.seen().number.0 as u8; 32]);
        let last = known.editions().last().map(|edition| edition.verified.body().release);
        let (plan, entries) = match last {
            None => (EditionPlan::snapshot(key, &release, &now, 1024, &seed).unwrap(), now),
            Some(last) => {
                let changed = now.since(&entries(&self.said[&last])).unwrap();
                (EditionPlan::delta(key, &release, known.chain(), &changed, &seed).unwrap(), changed)
            }
        };
        let rows = entries.batches(1000).flat_map(|(items, labels)| plan.seal(key, items, labels).unwrap()).collect();
        plan.finish(rows).unwrap().into_parts()
    }

    /// What the member's editions say of an output: the latest counts.
    pub(crate) fn said(&self, period: Period, output: &OwnOutput) -> Option<Vec<u8>> {
        let editions = self.engines[BANK].state().standing().periods()[&period].editions().iter().rev();
        for edition in editions {
            let rows = &self.kept[&edition.verified.digest()];
            let content = checked(&edition.verified, rows).unwrap();
            let load = |chunk| Ok::<_, ()>(chunk_of(&edition.verified, rows, chunk).to_vec());
            match content.look_up(output, load).unwrap() {
                Some(Said::Label(label)) => return Some(label.to_vec()),
                Some(_) => return None,
                None => {}
            }
        }
        None
    }

    /// Runs jobs that were held back.
    pub(crate) fn run_held(&mut self) {
        for (number, ticket, job) in std::mem::take(&mut self.held) {
            self.handle(number, Input::Computed(ticket, job.run()));
        }
        self.pump();
    }

    fn on_file(&mut self, work: EditionWork) -> EditionDone {
        match work {
            EditionWork::Read { edition, chunk } => {
                let Some(rows) = self.published.get(&edition.digest()) else { return EditionDone::Failed };
                let path = checked(&edition, rows).unwrap().proof(chunk).unwrap().path().to_vec();
                EditionDone::Chunk { bytes: chunk_of(&edition, rows, chunk).to_vec(), path }
            }
            EditionWork::Begin { edition } => {
                let part = self.parts.entry(edition.digest()).or_default();
                let chunk = edition.resume_at(part.len() as u64);
                part.truncate(chunk as usize * edition.chunk_len(0));
                self.begun.push(chunk);
                EditionDone::Begun { chunk }
            }
            EditionWork::Write { edition, chunk, bytes } => {
                let part = self.parts.get_mut(&edition.digest()).unwrap();
                assert_eq!(part.len(), chunk as usize * edition.chunk_len(0), "chunks are written in order");
                part.extend(bytes);
                EditionDone::Written
            }
            EditionWork::Check { edition } => {
                let part = self.parts.remove(&edition.digest()).unwrap();
                match checked(&edition, &part) {
                    Ok(_) => {
                        self.kept.insert(edition.digest(), part);
                        EditionDone::Checked
                    }
                    Err(error) => EditionDone::Broken(error),
                }
            }
        }
    }
}

pub(crate) fn ask(period: Period, items: &[Item]) -> Command {
    Command::Evaluate(EvaluationBatch { pilot: PILOT, period, items: items.to_vec() })
}

fn entries(items: &[Item]) -> Entries {
    let labels = items.iter().flat_map(|item| [item.0, item.0]).flatten().collect();
    Entries::new(LabelClass::B64, items.to_vec(), labels).unwrap()
}

/// So many items from this number on, ascending.
pub(crate) fn items(numbers: std::ops::Range<u32>) -> Vec<Item> {
    let mut items: Vec<Item> = numbers.map(|number| Item::of_line(&number.to_le_bytes())).collect();
    items.sort_unstable();
    items
}

fn chunk_of<'a>(edition: &VerifiedEdition, rows: &'a [u8], chunk: u32) -> &'a [u8] {
    &rows[chunk as usize * edition.chunk_len(0)..][..edition.chunk_len(chunk)]
}

fn checked(edition: &VerifiedEdition, rows: &[u8]) -> Result<Content, EditionError> {
    let mut check = edition.clone().check_content();
    rows.chunks(edition.chunk_len(0)).try_for_each(|chunk| check.push(chunk))?;
    check.finish()
}
