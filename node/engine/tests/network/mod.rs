//! A hub and members under one charter with rounds, made from records, with a wire between them that a test can cut or watch.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeSet;

use cwg_crypto::Digest;
use cwg_engine::command::{CeremonyCall, Command, KeyOrigin, Reply, RoundPlan, RoundTells};
use cwg_engine::io::{Effect, FoundRow, IndicatorRow, Input, LoadQuery, Loaded, More, OwnKinds};
use cwg_engine::record::Entry;
use cwg_protocol::charter::{Budget, Charter, RunKind};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::round::{FreeText, KindItems, RoomTerms, RoundLeakage, Schedule};
use cwg_protocol::{Item, RunId};

use crate::founding::{Group, PILOT, node, node_key, row_of};
use crate::wiring::{Nodes, Wired};

pub(crate) const HUB: usize = 0;
/// Items of each of the two kinds that every member brings.
pub(crate) const ITEMS: u32 = 16;
pub(crate) const EVALUATE_SECS: u64 = 1_000;
/// The hub is node 0, members are 1 and up.
pub(crate) struct Network {
    nodes: Nodes,
    pub(crate) held: Vec<Vec<IndicatorRow>>,
    /// Intervals of the rooms of rounds that are opened.
    pub(crate) room_intervals: u16,
}

crate::wiring::of_nodes!(Network);

impl Wired for Network {
    fn carry_out(&mut self, number: usize, effect: Effect) {
        let input = match effect {
            Effect::Dial(dial) => return self.dial(number, &dial),
            Effect::Load(ticket, query) => Input::Loaded(ticket, self.load(number, query)),
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            other => panic!("{other:?} is no part of a round"),
        };
        self.handle(number, input);
    }
}

fn charter_of(members: &[usize], runs: &[RunKind]) -> Charter {
    let budget = Budget { items_per_session: 1024, sessions_per_day: 2, items_min: 10 };
    Group { hub: HUB, members }.charter(&kinds(), runs, budget)
}

/// Row of an invented item.
pub(crate) fn row(kind: IndicatorKind, number: u32) -> IndicatorRow {
    row_of(kind, &format!("invented {number}"))
}

impl Network {
    /// A hub and members that hold nothing.
    pub(crate) fn new(members: usize) -> Self {
        Self::allowing(members, &[RunKind::Round])
    }

    /// The same under a charter that allows these kinds of runs.
    pub(crate) fn allowing(members: usize, runs: &[RunKind]) -> Self {
        let all: Vec<usize> = (1..=members).collect();
        Self::under(&all, &charter_of(&all, runs))
    }

    /// The same under a charter of rounds without a clause that allows reveals.
    pub(crate) fn without_reveals(members: usize) -> Self {
        let all: Vec<usize> = (1..=members).collect();
        let mut body = charter_of(&all, &[RunKind::Round]).body().clone();
        body.rounds.as_mut().unwrap().reveals = None;
        Self::under(&all, &Charter::sign(body, &node_key(HUB)).unwrap())
    }

    fn under(all: &[usize], charter: &Charter) -> Self {
        let (group, members) = (Group { hub: HUB, members: all }, all.len());
        let journals = (0..=members).map(|number| group.journal(number, Some(charter))).collect();
        let mut network = Self { nodes: Nodes::new(journals), held: vec![Vec::new(); members + 1], room_intervals: 0 };
        network.pump();
        network
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
            tells: RoundTells::Band,
        }
    }

    pub(crate) fn open(&mut self, threshold: u8) -> RunId {
        self.open_as(self.plan(threshold))
    }

    pub(crate) fn open_as(&mut self, plan: RoundPlan) -> RunId {
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

    /// Lets time pass, from deadline to deadline.
    pub(crate) fn pass(&mut self, secs: u64) {
        self.pass_ms(1_000 * secs);
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
