//! A member and the hub under one charter, made from records, with releases of invented clues between them.

use std::collections::BTreeMap;

use cwg_crypto::Secret32;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{Effect, FoundRow, IndicatorRow, Input, LoadQuery, Loaded, More, Selection, SetSource, Ticket};
use cwg_engine::record::{Book, BookReport, ContentId, Entry, LighthousePlan, Record, ReleaseDraft, RunPlan};
use cwg_engine::state::RunPhase;
use cwg_protocol::charter::{Budget, RunKind};
use cwg_protocol::indicator::{IndicatorKind, Roles, Rules, Strength};
use cwg_protocol::lighthouse::{
    Clue, ClueDraft, ClueId, Field, Label, LabelClass, ReleaseBody, ReleaseNumber, Seen, SignedRelease, Source,
    SourceKind, SourceTerms, Watermark, WatermarkKey,
};
use cwg_protocol::psi::{LabelLen, Loaded as Set, lighthouse_protocol};
use cwg_protocol::session::{HeldItems, Learns, OwnSet};
use cwg_protocol::wire::BoundedVec;
use cwg_protocol::{Item, RunId, UnixTime};

use crate::founding::{DAY_SECS, Group, NETWORK, PILOT, WALL, node, node_key, release_body, row_of, signed, transport};
use crate::wiring::{Nodes, Wired};

pub(crate) const MEMBER: usize = 0;
pub(crate) const HUB: usize = 1;
/// A second member, without which there is no charter.
const OTHER: usize = 2;
pub(crate) const CLASS: LabelClass = LabelClass::B64;
/// What a driver finds when it reads the book again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookFate {
    Stays,
    Unread,
    Changes,
}

pub(crate) struct Pair {
    nodes: Nodes,
    /// The member's file, an item more than once as the file has it.
    pub(crate) book: Vec<IndicatorRow>,
    pub(crate) fate: BookFate,
    /// What the hub's store has for its release: strictly ascending.
    pub(crate) entries: Vec<(Item, Vec<u8>)>,
    /// Bytes of its labels.
    pub(crate) label_len: u16,
    /// How often each has gathered a set.
    pub(crate) gathers: [usize; 2],
    sets: [BTreeMap<Ticket, (Set, LabelLen)>; 2],
}

crate::wiring::of_nodes!(Pair);

impl Wired for Pair {
    fn carry_out(&mut self, number: usize, effect: Effect) {
        let input = match effect {
            Effect::Dial(dial) if dial.key == transport(1 - number) => return self.link(number, 1 - number),
            Effect::Load(ticket, query) => Input::Loaded(ticket, self.load(number, ticket, query)),
            Effect::Forget(ticket) => return drop(self.sets[number].remove(&ticket)),
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            Effect::Dial(_) => return,
            other => panic!("{other:?} is no part of a run"),
        };
        self.handle(number, input);
    }
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
    IndicatorRow { references: vec![format!("customer {number}")], ..row_of(kind, &phone(number)) }
}

/// The release of that number, with the source of [`clue`].
fn release(number: u32, now: UnixTime) -> (ReleaseBody, SignedRelease) {
    let source = Source { pseudonym: "hotline-north".parse().unwrap(), kind: SourceKind::Hotline };
    let terms = SourceTerms { source, caveats: Default::default(), kinds: BoundedVec::default(), clues: 0 };
    let body = ReleaseBody { sources: vec![terms].try_into().unwrap(), ..release_body(number, now) };
    let signed = signed(&body).1.publish(&node_key(HUB)).unwrap();
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

impl Pair {
    /// Clues 1 to 40 at the hub; the member holds numbers 31 to 60, and each third of them twice.
    pub(crate) fn new() -> Self {
        Self::with_runs(&[RunKind::Pair, RunKind::Lighthouse])
    }

    pub(crate) fn with_runs(runs: &[RunKind]) -> Self {
        let group = Group { hub: HUB, members: &[MEMBER, OTHER] };
        let budget = Budget { items_per_session: 32, sessions_per_day: 10, items_min: 10 };
        let admitted = |kind: &IndicatorKind| runs.iter().any(|run| run.admits(*kind));
        let kinds: Vec<_> = [IndicatorKind::Phone, IndicatorKind::Pan].into_iter().filter(admitted).collect();
        let charter = group.charter(&kinds, runs, budget);
        let journals = [MEMBER, HUB].map(|number| {
            let mut journal = group.journal(number, Some(&charter));
            let published = published(1, UnixTime(WALL - DAY_SECS), number).into_iter();
            journal.extend(published.map(|entry| Record { at: UnixTime(WALL - 60), entry }));
            journal
        });
        let clues: Vec<Clue> = (1..=40).map(|number| clue(number, "B2")).collect();
        let mut pair = Self {
            nodes: Nodes::new(journals.to_vec()),
            book: (31..=60).map(|number| row(number, IndicatorKind::Phone)).collect(),
            fate: BookFate::Stays,
            entries: entries(&clues),
            label_len: CLASS.into(),
            gathers: [0; 2],
            sets: [BTreeMap::new(), BTreeMap::new()],
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
        match self.command(MEMBER, Command::PlanRun(plan))? {
            Reply::RunPlanned(run) => Ok(run),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn consent(&mut self, run: RunId) -> Result<Reply, Refusal> {
        self.command(MEMBER, Command::StartRun { run, leakage: lighthouse_protocol().leakage().digest() })
    }

    /// Starts a node again with more in its journal.
    pub(crate) fn restart_with(&mut self, number: usize, entries: Vec<Entry>) {
        let at = self.now.wall;
        self.journals[number].extend(entries.into_iter().map(|entry| Record { at, entry }));
        self.sets[number].clear();
        self.restart(number);
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
            LoadQuery::Items { .. } | LoadQuery::ItemsByPerson { .. } | LoadQuery::RowsOf { .. } => {
                panic!("there are no rounds and no counts")
            }
        }
    }
}
