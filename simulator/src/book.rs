//! A member's set, or the entries of the hub's release, in memory: planted matches are the truth that results are held against.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_engine::PersonItems;
use cwg_engine::io::{FoundRow, IndicatorRow, LoadQuery, Loaded, More, OwnKinds, Selection, SetSource, Ticket};
use cwg_engine::record::BookReport;
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::psi::{LabelLen, Loaded as Set};
use cwg_protocol::session::{HeldItems, OwnSet};
use cwg_protocol::{Item, NetworkId, UnixTime};

use crate::dice::Dice;
use crate::release;
use crate::scenario::Scenario;

/// Kinds that simulated members hold.
pub(crate) const KINDS: [IndicatorKind; 3] = [IndicatorKind::AuAccount, IndicatorKind::Phone, IndicatorKind::Email];

/// Rows that books grow by have numbers from here on.
const GROWN: u64 = 500_000;

/// Rows of what matched that are answered at once.
const ROWS_PER_PIECE: usize = 5;

pub(crate) struct Book {
    rows: BTreeMap<Item, IndicatorRow>,
    /// At the hub: what it says of each item of its release.
    labels: BTreeMap<Item, Vec<u8>>,
    /// Sets that were gathered and not forgotten, and the length of their labels.
    gathered: BTreeMap<Ticket, (Set, LabelLen)>,
    /// What matched of them, as far as its rows have not been answered.
    matched: BTreeMap<Ticket, VecDeque<(u32, Item)>>,
}

impl Book {
    /// The books of all members. Each pair has `common` items in common, everything else is held by one alone.
    pub(crate) fn planted(seed: &Seed, scenario: &Scenario) -> Vec<Self> {
        let mut dice = Dice::new(seed, "books", scenario.planting);
        let members = scenario.members as usize;
        let mut books: Vec<Self> = (0..members).map(|_| Self::of(BTreeMap::new())).collect();
        let mut serial = 0;
        for one in 0..members {
            for other in one + 1..members {
                for _ in 0..scenario.common {
                    let (kind, canonical) = identifier(&mut dice, &mut serial);
                    for holder in [one, other] {
                        books[holder].add(&mut dice, kind, &canonical);
                    }
                }
            }
        }
        for number in 0..scenario.shared as usize {
            let (kind, canonical) = identifier(&mut dice, &mut serial);
            let mut holders: Vec<usize> = (0..members).collect();
            dice.shuffle(&mut holders);
            for holder in holders.into_iter().take(2 + number % (members - 1)) {
                books[holder].add(&mut dice, kind, &canonical);
            }
        }
        // Kind and roles follow from the serial number alone, so that sizes do not depend on the planting.
        for book in &mut books {
            while book.rows.len() < scenario.items as usize {
                let (kind, canonical) = identifier(&mut dice, &mut serial);
                book.add(&mut dice, kind, &canonical);
            }
        }
        if scenario.exchanged {
            books.swap(0, 1);
        }
        books
    }

    /// A row that nobody else has.
    pub(crate) fn grow(&mut self, dice: &mut Dice, number: u64) {
        let mut serial = GROWN + number;
        let (kind, canonical) = identifier(dice, &mut serial);
        self.add(dice, kind, &canonical);
    }

    /// A book of no rows, with labels if it is the hub's.
    fn of(labels: BTreeMap<Item, Vec<u8>>) -> Self {
        Self { rows: BTreeMap::new(), labels, gathered: BTreeMap::new(), matched: BTreeMap::new() }
    }

    /// What the hub releases: every third item of each member, and as many of nobody.
    pub(crate) fn released(members: &[Self], now: UnixTime) -> Self {
        let held = members.iter().flat_map(|book| book.rows.keys().step_by(3)).copied();
        let held: BTreeSet<Item> = held.collect();
        let nobodys = (0..held.len() as u64).map(|number| Item::of_line(&number.to_le_bytes()));
        let items: BTreeSet<Item> = held.iter().copied().chain(nobodys).collect();
        Self::of(release::labels(items.into_iter(), now))
    }

    fn add(&mut self, dice: &mut Dice, kind: IndicatorKind, canonical: &str) {
        let item = Item::of(NetworkId([0; 16]), kind, canonical);
        let roles = match self.rows.len() % 4 {
            1 => Roles::only(Role::Counterparty),
            2 => Roles::BOTH,
            _ => Roles::only(Role::Holder),
        };
        let reference = format!("customer-{:016x}", dice.below(u64::MAX));
        let row = IndicatorRow {
            item,
            kind,
            roles,
            strength: Strength::A,
            canonical: canonical.to_owned(),
            references: vec![reference],
            rows: 1,
        };
        self.rows.insert(item, row);
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, query: LoadQuery) -> Loaded {
        match query {
            LoadQuery::Gather { source, selection, limit, salt } => {
                // A book has the same rows, as if they came from a file.
                let book = matches!(source, SetSource::Book(_)).then(|| Box::new(self.report()));
                let (set, len) = match source {
                    SetSource::Loads | SetSource::Book(_) => {
                        (self.selected(&selection).into_iter().collect::<Arc<[Item]>>().into(), None)
                    }
                    SetSource::Release(_) => {
                        let items = self.labels.keys().copied().collect();
                        let labels = self.labels.values().flatten().copied().collect();
                        (Set { items, labels }, LabelLen::new(release::CLASS.into()))
                    }
                };
                let count = u32::try_from(set.items.len()).expect("a simulated set is small");
                if count > limit {
                    return Loaded::TooMany;
                }
                let own = match len {
                    None => OwnSet::of(&set.items, &salt),
                    Some(len) => OwnSet::of_labelled(&set, len, &salt),
                };
                self.gathered.insert(ticket, (set, len.unwrap_or(LabelLen::NONE)));
                Loaded::Gathered { set: own, items: count, book }
            }
            LoadQuery::Shard { gathered, session, shard } => match self.gathered.get(&gathered) {
                Some((set, len)) => Loaded::Shard(HeldItems::new(set.clone(), *len, session).shard(shard)),
                None => Loaded::Failed,
            },
            LoadQuery::Rows { gathered, session, bits, places } => {
                let Some((set, len)) = self.gathered.get(&gathered) else { return Loaded::Failed };
                // One place at a time, because the number of a row is that of its place.
                let mut items = HeldItems::new(set.clone(), *len, session);
                let item = |place: &u32| items.at(bits, &[*place])[0];
                let items: Vec<Item> = places.iter().map(item).collect();
                self.matched.insert(gathered, (0..).zip(items).collect());
                self.next_rows(gathered)
            }
            LoadQuery::MoreRows { gathered } => self.next_rows(gathered),
            LoadQuery::Items { selection, limit } => {
                let rows = self.selected(&selection).into_iter().filter_map(|item| self.rows.get(&item));
                let items: Vec<_> = rows.map(|row| (row.kind, row.item)).collect();
                if items.len() > limit as usize { Loaded::TooMany } else { Loaded::Items(OwnKinds(items)) }
            }
            LoadQuery::ItemsByPerson { selection, each, limit } => {
                let rows = self.selected(&selection).into_iter().filter_map(|item| self.rows.get(&item).cloned());
                let list =
                    PersonItems::of(rows.map(Ok::<_, Infallible>), each, limit).unwrap_or_else(|never| match never {});
                list.map_or(Loaded::TooMany, Loaded::ItemsByPerson)
            }
            LoadQuery::RowsOf { items, .. } => {
                let row = |(number, item)| Some(FoundRow { number, row: self.rows.get(&item)?.clone() });
                Loaded::Rows { rows: (0..).zip(items).filter_map(row).collect(), more: More::No }
            }
        }
    }

    /// A few rows at a time, so that simulated crashes fall between them.
    fn next_rows(&mut self, gathered: Ticket) -> Loaded {
        let Some(matched) = self.matched.get_mut(&gathered) else { return Loaded::Failed };
        let piece: Vec<(u32, Item)> = matched.drain(..matched.len().min(ROWS_PER_PIECE)).collect();
        let row = |(number, item): &(u32, Item)| Some(FoundRow { number: *number, row: self.rows.get(item)?.clone() });
        let rows = piece.iter().filter_map(row).collect();
        Loaded::Rows { rows, more: if matched.is_empty() { More::No } else { More::Yes } }
    }

    pub(crate) fn forget(&mut self, ticket: Ticket) {
        self.gathered.remove(&ticket);
        self.matched.remove(&ticket);
    }

    /// Sets that the engine has not let go of.
    pub(crate) fn gathered(&self) -> usize {
        self.gathered.len()
    }

    /// The process ended: what it had gathered is gone.
    pub(crate) fn restart(&mut self) {
        self.gathered.clear();
        self.matched.clear();
    }

    pub(crate) fn selected(&self, selection: &Selection) -> BTreeSet<Item> {
        self.rows.values().filter(|row| selection.contains(row)).map(|row| row.item).collect()
    }

    /// What the hub says of an item of its release.
    pub(crate) fn label(&self, item: &Item) -> Option<&[u8]> {
        self.labels.get(item).map(Vec::as_slice)
    }

    /// Items of the hub's release.
    pub(crate) fn released_items(&self) -> BTreeSet<Item> {
        self.labels.keys().copied().collect()
    }

    fn report(&self) -> BookReport {
        let rows = self.rows.len() as u64;
        BookReport { rows, accepted: rows, repaired: 0, refused: 0, refusals: Vec::new(), first: Vec::new() }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &IndicatorRow> {
        self.rows.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

fn identifier(dice: &mut Dice, serial: &mut u64) -> (IndicatorKind, String) {
    *serial += 1;
    let kind = KINDS[*serial as usize % KINDS.len()];
    let noise = dice.below(1_000_000);
    let text = match kind {
        IndicatorKind::Phone => format!("+614{serial:06}{noise:06}"),
        IndicatorKind::Email => format!("mule{serial}x{noise}@example.org"),
        _ => format!("{noise:06}:{serial:09}"),
    };
    (kind, text)
}
