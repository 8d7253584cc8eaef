//! Up to so many items of one person: what the noise of a count hides (`docs/spec/count.md` §2).
//!
//! A person is a reference of the bank's; a row without one is a person of its own. Each person chooses the first of its items, in the order of items,
//! and the list is what anyone chose. Without the rows of one person the list has up to so many items fewer and no others, because nobody's choice
//! depends on anyone else. If an item had to find room with each of its holders instead, one person less would make room for other items of
//! those who share one with it, and so on without end.

use std::collections::BTreeMap;

use cwg_protocol::Item;
use cwg_protocol::count::Sensitivity;

use crate::io::IndicatorRow;

/// Items of a bank's list.
#[derive(PartialEq, Eq)]
pub struct PersonItems {
    /// Strictly ascending.
    pub items: Vec<Item>,
    /// Items that nobody chose.
    pub left_out: u64,
}

/// Items are guessable: they are never printed.
impl core::fmt::Debug for PersonItems {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PersonItems({} items, {} left out)", self.items.len(), self.left_out)
    }
}

impl PersonItems {
    /// The list of these rows, which come in the order of their items; `None` if it has more than `limit`.
    ///
    /// # Errors
    /// That of the first row that is one.
    pub fn of<E>(
        rows: impl Iterator<Item = Result<IndicatorRow, E>>,
        each: Sensitivity,
        limit: u32,
    ) -> Result<Option<Self>, E> {
        let (mut list, mut chosen) = (Self { items: Vec::new(), left_out: 0 }, Chosen(BTreeMap::new()));
        for row in rows {
            let row = row?;
            if !chosen.take(row.references, each) {
                list.left_out += 1;
            } else if list.items.len() == limit as usize {
                return Ok(None);
            } else {
                list.items.push(row.item);
            }
        }
        Ok(Some(list))
    }
}

/// How many items each person has chosen. A person is in it only once it has chosen one, so that it is no larger than a list with all its references.
struct Chosen(BTreeMap<String, u8>);

impl Chosen {
    /// Whether one of these persons chooses the next item.
    fn take(&mut self, persons: Vec<String>, each: Sensitivity) -> bool {
        let mut is_chosen = persons.is_empty();
        for person in persons {
            let items = self.0.entry(person).or_insert(0);
            if *items < each.number() {
                *items += 1;
                is_chosen = true;
            }
        }
        is_chosen
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use cwg_protocol::indicator::{IndicatorKind, Roles, Strength};

    use super::*;

    /// The list of rows with these references, by their numbers.
    fn list<'a>(rows: impl IntoIterator<Item = (u8, &'a str)>, each: u8, limit: u32) -> Option<(Vec<u8>, u64)> {
        let row = |(number, persons): (u8, &str)| IndicatorRow {
            item: Item([number; 32]),
            kind: IndicatorKind::Phone,
            roles: Roles::BOTH,
            strength: Strength::A,
            canonical: String::new(),
            references: persons.split_whitespace().map(str::to_owned).collect(),
            rows: 1,
        };
        let rows = rows.into_iter().map(|of| Ok::<_, Infallible>(row(of)));
        let list = PersonItems::of(rows, each.try_into().unwrap(), limit).unwrap()?;
        Some((list.items.iter().map(|item| item.0[0]).collect(), list.left_out))
    }

    #[test]
    fn each_person_brings_the_first_of_its_items() {
        for (rows, each, expected) in [
            (vec![(1, "a"), (2, "a"), (3, "a"), (4, "b")], 2, (vec![1, 2, 4], 1)),
            (vec![(1, "a"), (2, "a b"), (3, "b"), (4, "b")], 1, (vec![1, 2], 2)),
            (vec![(1, "a"), (2, "a b"), (3, "b c"), (4, "c d")], 1, (vec![1, 2, 3, 4], 0)),
            // Without a reference each row is a person.
            (vec![(1, ""), (2, ""), (3, "")], 1, (vec![1, 2, 3], 0)),
        ] {
            assert_eq!(list(rows, each, 10), Some(expected));
        }
        assert_eq!(list(vec![(1, ""), (2, "")], 1, 1), None);
        assert_eq!(list(vec![(1, "a"), (2, "a")], 1, 1), Some((vec![1], 1)), "what is left out needs no room");
    }

    #[test]
    fn without_one_person_a_list_has_up_to_so_many_items_fewer_and_no_others() {
        // Chains of shared items: each person holds some of its own and some of the next.
        let holders = ["a", "a b", "b c", "c", "a b c", "c d", "d", "d a", "b", "a", "b d", "c a", "a", "d b c", "c"];
        let rows: Vec<(u8, String)> = (1..).zip(holders.map(str::to_owned)).collect();
        for each in 1..=4 {
            let whole: BTreeSet<u8> =
                list(rows.iter().map(|(n, of)| (*n, &**of)), each, 99).unwrap().0.into_iter().collect();
            for person in ["a", "b", "c", "d"] {
                let without: Vec<(u8, String)> = rows
                    .iter()
                    .map(|(number, of)| {
                        (*number, of.split(' ').filter(|of| *of != person).collect::<Vec<_>>().join(" "))
                    })
                    .filter(|(_, of)| !of.is_empty())
                    .collect();
                let less: BTreeSet<u8> =
                    list(without.iter().map(|(n, of)| (*n, &**of)), each, 99).unwrap().0.into_iter().collect();
                assert!(less.is_subset(&whole), "{person}");
                assert!(whole.len() - less.len() <= each.into(), "{person}: {whole:?} and {less:?}");
            }
        }
    }
}
