//! Contradictions between the clues of one item, counted for whoever approves a release (`docs/spec/lighthouse.md` §3).

use cwg_protocol::lighthouse::{Clue, ClueId, Contradiction, read};
use cwg_protocol::{Item, NetworkId};

use super::PLACES_LISTED_MAX;

/// Items whose clues contradict each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemContradictions {
    /// Items with at least one contradiction.
    pub items: u64,
    /// Items by contradiction; an item may have several.
    pub by_kind: Vec<(Contradiction, u64)>,
    /// For the first of them, the names of their clues: what a person compares.
    pub first: Vec<Vec<ClueId>>,
}

impl ItemContradictions {
    /// Those among these clues, of whatever status, in the items of one part. A recalled clue has no item to match by, but
    /// still contradicts an active one of the same item.
    pub(super) fn of<'a>(
        clues: impl IntoIterator<Item = &'a Clue>,
        network: NetworkId,
        part: impl Fn(&Item) -> bool,
    ) -> Self {
        let mut keys: Vec<(Item, &Clue)> = Vec::new();
        for clue in clues {
            let items = clue.fields().keys.iter().map(|key| Item::of(network, key.kind, &key.text));
            keys.extend(items.filter(&part).map(|item| (item, clue)));
        }
        keys.sort_by_key(|(item, clue)| (*item, clue.id()));
        let mut found = Self::default();
        for same in keys.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let reading = read(same.iter().map(|(_, clue)| *clue)).contradictions;
            let kinds: Vec<_> = Contradiction::ALL.into_iter().filter(|kind| reading.has(*kind)).collect();
            if !kinds.is_empty() {
                let first = vec![same.iter().map(|(_, clue)| clue.id()).collect()];
                found.absorb(Self { items: 1, by_kind: kinds.into_iter().map(|kind| (kind, 1)).collect(), first });
            }
        }
        found
    }

    /// Adds those of another part.
    pub(super) fn absorb(&mut self, part: Self) {
        self.items += part.items;
        for (kind, items) in part.by_kind {
            match self.by_kind.binary_search_by_key(&kind, |(kind, _)| *kind) {
                Ok(place) => self.by_kind[place].1 += items,
                Err(place) => self.by_kind.insert(place, (kind, items)),
            }
        }
        let room = PLACES_LISTED_MAX - self.first.len();
        self.first.extend(part.first.into_iter().take(room));
    }
}
