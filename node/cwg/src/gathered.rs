//! The sets that are kept for the sessions of the engine: gathered from the set files once, in memory if they are few items,
//! else in sealed temporary files beside the set files, until the engine lets go of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cwg_engine::io::{LoadQuery, Loaded, More, Selection, Ticket};
use cwg_engine::limits::ROWS_PER_LOAD;
use cwg_protocol::Item;
use cwg_store::{MergedRows, SetRef, Sets, StoreError};

use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter};

/// A set that one load gathers and others read, one at a time. Empty until it is gathered.
type Shared = Arc<Mutex<Option<GatheredSet>>>;

struct GatheredSet {
    source: ItemSource,
    selection: Selection,
    rows: Option<RowsOfMatched>,
}

/// The rows of what matched, in one pass over the sets.
struct RowsOfMatched {
    /// The items that matched and have not been met, by the half that tells them apart, descending.
    matched: Vec<u128>,
    rows: MergedRows,
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
        };
        Read { query, set }
    }

    /// Lets go of a set. A load that is under way keeps it to its end.
    pub(crate) fn forget(&mut self, ticket: Ticket) {
        self.0.remove(&ticket);
    }
}

impl Read {
    /// Answers the query from the sets that are live.
    ///
    /// # Errors
    /// If a set is missing or damaged, or the disk refuses.
    pub(crate) fn run(self, sets: &Sets, live: &[SetRef]) -> Result<Loaded, StoreError> {
        let Some(set) = self.set else { return Ok(Loaded::Failed) };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        match (self.query, set.as_mut()) {
            (LoadQuery::Gather { selection, limit, salt }, _) => {
                let mut writer = ItemSourceWriter::new(sets.temporary_dir().as_path(), HOLD_MAX);
                let mut items = 0;
                for row in sets.merged(&selection, live)? {
                    if items == limit {
                        return Ok(Loaded::TooMany);
                    }
                    writer.push(row?.item, items)?;
                    items += 1;
                }
                let source = writer.finish(&salt)?;
                let gathered = Loaded::Gathered { set: source.own_set(), items };
                *set = Some(GatheredSet { source, selection, rows: None });
                Ok(gathered)
            }
            (LoadQuery::Shard { session, shard, .. }, Some(set)) => Ok(Loaded::Shard(set.source.load(session, shard)?)),
            (LoadQuery::Rows { session, bits, places, .. }, Some(set)) => {
                let mut matched = Vec::with_capacity(places.len());
                set.source.visit_at(session, bits, &places, |item, _| matched.push(order_of(item)))?;
                matched.sort_unstable_by(|one, other| other.cmp(one));
                let rows = sets.merged(&set.selection, live)?;
                set.rows.insert(RowsOfMatched { matched, rows }).next_piece()
            }
            (LoadQuery::MoreRows { .. }, Some(GatheredSet { rows: Some(rows), .. })) => rows.next_piece(),
            (LoadQuery::MoreRows { .. }, Some(_)) | (_, None) => Ok(Loaded::Failed),
        }
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
            while self.matched.pop_if(|matched| *matched < order).is_some() {}
            if self.matched.pop_if(|matched| *matched == order).is_some() {
                found.push(row);
            }
        }
        Ok(Loaded::Rows { rows: found, more: More::No })
    }
}

/// The half of an item that tells it apart in a run, such that the order of items is kept.
fn order_of(item: &Item) -> u128 {
    let (half, _) = item.0.split_first_chunk().expect("an item has 32 bytes");
    u128::from_be_bytes(*half)
}
