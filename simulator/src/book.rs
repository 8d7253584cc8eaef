//! A member's set, in memory: planted matches are the truth that results are held against.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_engine::io::{FoundRow, IndicatorRow, LoadQuery, Loaded, More, Selection, SetSource, Ticket};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};
use cwg_protocol::psi::LabelLen;
use cwg_protocol::session::{HeldItems, OwnSet};
use cwg_protocol::{Item, NetworkId};

use crate::dice::Dice;
use crate::scenario::Scenario;

/// Kinds that simulated members hold.
pub(crate) const KINDS: [IndicatorKind; 3] = [IndicatorKind::AuAccount, IndicatorKind::Phone, IndicatorKind::Email];

/// Rows of what matched that are answered at once.
const ROWS_PER_PIECE: usize = 5;

pub(crate) struct Book {
    rows: BTreeMap<Item, IndicatorRow>,
    /// Sets that were gathered and not forgotten.
    gathered: BTreeMap<Ticket, Arc<[Item]>>,
    /// What matched of them, as far as its rows have not been answered.
    matched: BTreeMap<Ticket, VecDeque<(u32, Item)>>,
}

impl Book {
    /// The books of all members. Each pair has `common` items in common, everything else is held by one alone.
    pub(crate) fn planted(seed: &Seed, scenario: &Scenario) -> Vec<Self> {
        let mut dice = Dice::new(seed, "books", scenario.planting);
        let members = scenario.members as usize;
        let mut books: Vec<Self> = (0..members)
            .map(|_| Self { rows: BTreeMap::new(), gathered: BTreeMap::new(), matched: BTreeMap::new() })
            .collect();
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
        // Kind and roles follow from the serial number alone, so that sizes do not depend on the planting.
        for book in &mut books {
            while book.rows.len() < scenario.items as usize {
                let (kind, canonical) = identifier(&mut dice, &mut serial);
                book.add(&mut dice, kind, &canonical);
            }
        }
        books
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
            LoadQuery::Gather { source: SetSource::Loads, selection, limit, salt } => {
                let items: Arc<[Item]> = self.selected(&selection).into_iter().collect();
                let count = u32::try_from(items.len()).expect("a simulated set is small");
                if count > limit {
                    return Loaded::TooMany;
                }
                let set = OwnSet::of(&items, &salt);
                self.gathered.insert(ticket, items);
                Loaded::Gathered { set, items: count, book: None }
            }
            LoadQuery::Gather { .. } => Loaded::Failed,
            LoadQuery::Shard { gathered, session, shard } => match self.gathered.get(&gathered) {
                Some(items) => {
                    Loaded::Shard(HeldItems::new(Arc::clone(items).into(), LabelLen::NONE, session).shard(shard))
                }
                None => Loaded::Failed,
            },
            LoadQuery::Rows { gathered, session, bits, places } => {
                let Some(items) = self.gathered.get(&gathered) else { return Loaded::Failed };
                let items = HeldItems::new(Arc::clone(items).into(), LabelLen::NONE, session).at(bits, &places);
                self.matched.insert(gathered, (0..).zip(items).collect());
                self.next_rows(gathered)
            }
            LoadQuery::MoreRows { gathered } => self.next_rows(gathered),
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
