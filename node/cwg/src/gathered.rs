//! The sets that are kept for the sessions of the engine: gathered from the set files once, in memory if they are few items,
//! else in sealed temporary files beside the set files, until the engine lets go of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cwg_engine::io::{IndicatorRow, LoadQuery, Loaded, Ticket};
use cwg_protocol::Item;
use cwg_store::{SetRef, Sets, StoreError};

use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter};

/// A set that one load gathers and others read, one at a time. Empty until it is gathered.
type Shared = Arc<Mutex<Option<ItemSource>>>;

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
            LoadQuery::Shard { gathered, .. } | LoadQuery::Rows { gathered, .. } => self.0.get(gathered).cloned(),
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
                *set = Some(source);
                Ok(gathered)
            }
            (LoadQuery::Shard { session, shard, .. }, Some(source)) => Ok(Loaded::Shard(source.shard(session, shard)?)),
            (LoadQuery::Rows { session, bits, places, .. }, Some(source)) => {
                let mut items: Vec<Item> = Vec::with_capacity(places.len());
                source.visit_at(session, bits, &places, |item, _| items.push(*item))?;
                items.sort_unstable();
                let rows: Vec<IndicatorRow> = sets.resolve(&items, live)?;
                Ok(Loaded::Rows(rows))
            }
            (_, None) => Ok(Loaded::Failed),
        }
    }
}
