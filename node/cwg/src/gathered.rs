//! The sets that are kept for the sessions of the engine: gathered once, in memory if they are few items, else in sealed temporary
//! files beside the set files, until the engine lets go of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cwg_engine::PersonItems;
use cwg_engine::io::{FoundRow, LoadQuery, Loaded, More, OwnKinds, Selection, SetSource, Ticket};
use cwg_engine::limits::ROWS_PER_LOAD;
use cwg_engine::record::ContentId;
use cwg_protocol::psi::LabelLen;
use cwg_protocol::{Item, NetworkId, UnixTime};
use cwg_store::{MergedRows, Releases, SetRef, Sets, StoreError};

use crate::book_set::{BookSet, Gathered};
use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter, order_of};

/// A set that one load gathers and others read, one at a time. Empty until it is gathered.
type Shared = Arc<Mutex<Option<GatheredSet>>>;

struct GatheredSet {
    items: ItemSource,
    origin: Origin,
}

/// Where the rows of a set are.
enum Origin {
    Loads(Selection, Option<RowsOfMatched>),
    Book(Box<BookSet>),
    /// The hub learns no matches.
    Release,
}

/// The rows of what matched, in one pass over the sets.
struct RowsOfMatched {
    /// The items that matched and have not been met, by the half that tells them apart, descending; each with its number among
    /// the places asked for.
    matched: Vec<(u128, u32)>,
    rows: MergedRows,
}

/// What the store has, and when and for whom it is read.
pub(crate) struct Stored {
    pub(crate) sets: Sets,
    /// The sets that are in use.
    pub(crate) live: Vec<SetRef>,
    pub(crate) releases: Releases,
    pub(crate) network: Option<NetworkId>,
    pub(crate) now: UnixTime,
}

/// By the tickets of the loads that gather them.
#[derive(Default)]
pub(crate) struct GatheredSets(BTreeMap<Ticket, Shared>);

/// A load, with what it needs of the loop.
pub(crate) struct Read {
    query: LoadQuery,
    /// `None` if the set was forgotten.
    set: Option<Shared>,
}

impl GatheredSets {
    /// Notes which set a query is about.
    pub(crate) fn prepare(&mut self, ticket: Ticket, query: LoadQuery) -> Read {
        let set = match &query {
            LoadQuery::Gather { .. } => Some(Arc::clone(self.0.entry(ticket).or_default())),
            LoadQuery::Shard { gathered, .. } | LoadQuery::Rows { gathered, .. } | LoadQuery::MoreRows { gathered } => {
                self.0.get(gathered).cloned()
            }
            LoadQuery::Items { .. } | LoadQuery::ItemsByPerson { .. } | LoadQuery::RowsOf { .. } => None,
        };
        Read { query, set }
    }

    /// Lets go of a set. A load that is under way keeps it to its end.
    pub(crate) fn forget(&mut self, ticket: Ticket) {
        self.0.remove(&ticket);
    }
}

impl Read {
    /// Answers the query.
    ///
    /// # Errors
    /// If a set is missing or damaged, or the disk refuses.
    pub(crate) fn run(self, stored: &Stored) -> Result<Loaded, StoreError> {
        match &self.query {
            LoadQuery::Items { selection, limit } => return stored.items(selection, *limit),
            LoadQuery::ItemsByPerson { selection, each, limit } => {
                let list = PersonItems::of(stored.sets.merged(selection, &stored.live)?, *each, *limit)?;
                return Ok(list.map_or(Loaded::TooMany, Loaded::ItemsByPerson));
            }
            LoadQuery::RowsOf { selection, items } => return stored.rows_of(selection, items),
            _ => {}
        }
        let Some(set) = self.set else { return Ok(Loaded::Failed) };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.query, set.as_mut()) {
            (LoadQuery::Gather { source, selection, limit, salt }, _) => {
                let (gathered, answer) = stored.gather(source, selection, limit, &salt)?;
                *set = gathered;
                Ok(answer)
            }
            (LoadQuery::Shard { session, shard, .. }, Some(set)) => Ok(Loaded::Shard(set.items.load(session, shard)?)),
            (LoadQuery::Rows { session, bits, places, .. }, Some(GatheredSet { items, origin })) => match origin {
                Origin::Loads(selection, rows) => {
                    let mut matched = Vec::with_capacity(places.len());
                    items.visit_at(session, bits, &places, |item, _| {
                        matched.push((order_of(item), u32::try_from(matched.len()).unwrap_or(u32::MAX)));
                    })?;
                    matched.sort_unstable_by(|one, other| other.cmp(one));
                    let merged = stored.sets.merged(selection, &stored.live)?;
                    rows.insert(RowsOfMatched { matched, rows: merged }).next_piece()
                }
                Origin::Book(book) => book.rows_at(items, (session, bits), &places),
                Origin::Release => Ok(Loaded::Failed),
            },
            (LoadQuery::MoreRows { .. }, Some(GatheredSet { items, origin })) => match origin {
                Origin::Loads(_, Some(rows)) => rows.next_piece(),
                Origin::Book(book) => book.next_piece(items),
                Origin::Loads(_, None) | Origin::Release => Ok(Loaded::Failed),
            },
            (_, None) | (LoadQuery::Items { .. } | LoadQuery::ItemsByPerson { .. } | LoadQuery::RowsOf { .. }, _) => {
                Ok(Loaded::Failed)
            }
        }
    }
}

impl Stored {
    fn gather(
        &self,
        source: SetSource,
        selection: Selection,
        limit: u32,
        salt: &[u8; 32],
    ) -> Result<(Option<GatheredSet>, Loaded), StoreError> {
        let (items, origin, book) = match source {
            SetSource::Loads => {
                let Some(items) = self.gather_loads(&selection, limit, salt)? else {
                    return Ok((None, Loaded::TooMany));
                };
                (items, Origin::Loads(selection, None), None)
            }
            SetSource::Book(book) => {
                let Some(network) = self.network else { return Ok((None, Loaded::Failed)) };
                let dir = self.sets.temporary_dir();
                match BookSet::gather(&book, selection, (network, self.now), dir.as_path(), salt)? {
                    Gathered::Items(gathered) => {
                        let (items, set, report) = *gathered;
                        (items, Origin::Book(Box::new(set)), Some(Box::new(report)))
                    }
                    Gathered::TooMany => return Ok((None, Loaded::TooMany)),
                    Gathered::Unread(problem) => {
                        tracing::error!(code = problem.code, problem = problem.problem, "a book cannot be read");
                        return Ok((None, Loaded::BookUnread));
                    }
                }
            }
            SetSource::Release(content) => (self.gather_release(content, salt)?, Origin::Release, None),
        };
        let count = u32::try_from(items.count()).unwrap_or(u32::MAX);
        if count > limit {
            return Ok((None, Loaded::TooMany));
        }
        let answer = Loaded::Gathered { set: items.own_set(), items: count, book };
        Ok((Some(GatheredSet { items, origin }), answer))
    }

    /// The items of the sets in use, with their kinds.
    fn items(&self, selection: &Selection, limit: u32) -> Result<Loaded, StoreError> {
        let mut items = Vec::new();
        for row in self.sets.merged(selection, &self.live)? {
            if items.len() == limit as usize {
                return Ok(Loaded::TooMany);
            }
            let row = row?;
            items.push((row.kind, row.item));
        }
        items.sort_unstable_by_key(|(_, item)| *item);
        Ok(Loaded::Items(OwnKinds(items)))
    }

    /// The rows of items, in one pass over the sets in use. What was purged since is passed over.
    fn rows_of(&self, selection: &Selection, items: &[Item]) -> Result<Loaded, StoreError> {
        let mut rows = Vec::with_capacity(items.len());
        for row in self.sets.merged(selection, &self.live)? {
            let row = row?;
            if let Ok(place) = items.binary_search(&row.item) {
                rows.push(FoundRow { number: u32::try_from(place).unwrap_or(u32::MAX), row });
            }
        }
        Ok(Loaded::Rows { rows, more: More::No })
    }

    /// `None` if there are more items than the limit.
    fn gather_loads(
        &self,
        selection: &Selection,
        limit: u32,
        salt: &[u8; 32],
    ) -> Result<Option<ItemSource>, StoreError> {
        let mut writer = ItemSourceWriter::new(self.sets.temporary_dir().as_path(), HOLD_MAX);
        for (number, row) in (0..).zip(self.sets.merged(selection, &self.live)?) {
            if number == limit {
                return Ok(None);
            }
            writer.push(row?.item, number)?;
        }
        writer.finish(salt).map(Some)
    }

    /// The entries of a release. Their labels stay where they are until they are asked for.
    fn gather_release(&self, content: ContentId, salt: &[u8; 32]) -> Result<ItemSource, StoreError> {
        let entries = self.releases.entries(content)?;
        let class = entries.class();
        let len = LabelLen::new(class.into()).expect("a class is a length of labels");
        let mut items = ItemSourceWriter::new(self.sets.temporary_dir().as_path(), HOLD_MAX);
        let mut number = 0_u32;
        entries.visit(|item, _| {
            items.push(item, number)?;
            number = number.saturating_add(1);
            Ok(())
        })?;
        let labeller = move |numbers: &[u32], labels: &mut [u8]| {
            let mut each = labels.chunks_exact_mut(class.len());
            entries.labels_at(numbers.iter().map(|number| u64::from(*number)), |_, label| {
                each.next().expect("a label for each number").copy_from_slice(label);
                Ok(())
            })
        };
        items.labelled(len, Box::new(labeller)).finish(salt)
    }
}

impl RowsOfMatched {
    fn next_piece(&mut self) -> Result<Loaded, StoreError> {
        let mut found = Vec::new();
        while !self.matched.is_empty() {
            if found.len() == ROWS_PER_LOAD {
                return Ok(Loaded::Rows { rows: found, more: More::Yes });
            }
            let Some(row) = self.rows.next() else { break };
            let row = row?;
            let order = order_of(&row.item);
            // What was purged since is passed over.
            while self.matched.pop_if(|(matched, _)| *matched < order).is_some() {}
            if let Some((_, number)) = self.matched.pop_if(|(matched, _)| *matched == order) {
                found.push(FoundRow { number, row });
            }
        }
        Ok(Loaded::Rows { rows: found, more: More::No })
    }
}
