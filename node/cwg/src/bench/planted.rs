//! Made-up lists of several members, and what plain counting finds in them.

use std::collections::{BTreeMap, BTreeSet};

/// What each of so many members holds: `items` different numbers each. About a hundredth of a list is shared, by one, two and up
/// to all of the members in turn, so that there are numbers just under every threshold and just at it.
pub(super) fn lists(members: u8, items: u32) -> Vec<BTreeSet<u32>> {
    let of = u32::from(members);
    let shared = items.min((items / 50).max(2 * of));
    let holds = |number: u32, member: u32| {
        let (first, row) = (number % of, number / of);
        let holders = 1 + (number + row) % of;
        (member + of - first) % of < holders
    };
    (0..of)
        .map(|member| {
            let common = (0..shared).filter(|number| holds(*number, member));
            let own = (0..).map(|at| shared + member + of * at);
            common.chain(own).take(items as usize).collect()
        })
        .collect()
}

/// Of each list the numbers that at least so many lists hold, counted one by one.
pub(super) fn held_by(threshold: u8, lists: &[BTreeSet<u32>]) -> Vec<BTreeSet<u32>> {
    let mut holders = BTreeMap::<u32, usize>::new();
    lists.iter().flatten().for_each(|number| *holders.entry(*number).or_default() += 1);
    let is_held = |number: &&u32| holders[number] >= threshold.into();
    lists.iter().map(|list| list.iter().filter(is_held).copied().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_full_and_have_numbers_of_every_number_of_holders() {
        for (members, items) in [(15, 1_000), (15, 64), (5, 40), (4, 16), (2, 3)] {
            let lists = lists(members, items);
            assert!(lists.len() == usize::from(members) && lists.iter().all(|list| list.len() == items as usize));
            let held = (1..=members).map(|threshold| held_by(threshold, &lists));
            let held: Vec<usize> = held.map(|lists| lists.iter().map(BTreeSet::len).sum::<usize>()).collect();
            assert_eq!(held[0], usize::from(members) * items as usize);
            if items >= 2 * u32::from(members) {
                assert!(held.is_sorted_by(|a, b| a > b) && held.last() > Some(&0), "{held:?}");
            }
        }
    }

    #[test]
    fn counting_keeps_what_enough_lists_hold() {
        let lists: [BTreeSet<u32>; 3] = [[1, 2, 3], [2, 3, 4], [3, 5, 6]].map(BTreeSet::from);
        let check = |threshold, expected: [&[u32]; 3]| {
            assert_eq!(held_by(threshold, &lists), expected.map(|list| list.iter().copied().collect()));
        };
        check(1, [&[1, 2, 3], &[2, 3, 4], &[3, 5, 6]]);
        check(2, [&[2, 3], &[2, 3], &[3]]);
        check(3, [&[3], &[3], &[3]]);
        check(4, [&[], &[], &[]]);
    }
}
