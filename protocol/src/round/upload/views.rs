//! What each observer sees of two worlds that differ in what must be hidden from it: the same.
//!
//! A view is every message to or from the observer with its time, its length and its place in the order; where it says so,
//! with its bytes.

use std::collections::BTreeSet;

use super::tests::lists;
use super::world::*;
use crate::round::sample::{EVALUATE_BY, terms};

type Lists = Vec<Vec<[u8; 32]>>;

/// Time, from, to, kind and length of all that an observer sees, in order.
fn shape(went: &Went, observers: &[Who]) -> Vec<(u64, Who, Who, &'static str, usize)> {
    let of = |seen: &&Seen| observers.iter().any(|who| seen.from == *who || seen.to == *who);
    went.seen.iter().filter(of).map(|seen| (seen.at.0, seen.from, seen.to, seen.kind, seen.len)).collect()
}

/// With the bytes.
fn bytes(went: &Went, observers: &[Who]) -> Vec<Seen> {
    let of = |seen: &&Seen| observers.iter().any(|who| seen.from == *who || seen.to == *who);
    went.seen.iter().filter(of).cloned().collect()
}

/// What came of each channel, without its name and its place in the order of names.
fn carried(went: &Went) -> BTreeSet<Vec<Vec<u8>>> {
    let channels: BTreeSet<_> = went.to_hub.iter().map(|carried| carried.channel).collect();
    let of = |channel| went.to_hub.iter().filter(move |carried| carried.channel == channel);
    channels.into_iter().map(|channel| of(channel).map(|carried| carried.sealed.to_vec()).collect()).collect()
}

fn run(threshold: u8, lists: &Lists) -> Went {
    let went = World::new(terms(threshold, 20), lists.clone()).turn(0, EVALUATE_BY);
    assert!(went.violations.is_empty() && went.found.len() == 15);
    went
}

fn exchanged(lists: &Lists, one: u8, other: u8) -> Lists {
    let mut lists = lists.clone();
    lists.swap(usize::from(one) - 1, usize::from(other) - 1);
    lists
}

fn value(owner: u8, number: u8) -> [u8; 32] {
    let mut value = [owner; 32];
    value[1] = number;
    value
}

/// Every member holds `own` items of its own, and these members a common one besides.
fn with_common(own: u8, holders: &[u8]) -> Lists {
    let of = |member: u8| {
        let common = holders.contains(&member).then(|| value(0, 0));
        (0..own).map(|number| value(member, number)).chain(common).collect()
    };
    (1..=15).map(of).collect()
}

#[test]
fn the_hub_cannot_tell_which_member_sent_what() {
    // Two members exchange their lists and their randomness: what reaches the hub is the same, but for names that the relay
    // draws.
    for threshold in [2, 3] {
        let lists = lists(60, 60, 40);
        let first = run(threshold, &lists);
        let mut world = World::new(terms(threshold, 20), exchanged(&lists, 4, 11));
        world.exchanged = Some((4, 11));
        let second = world.turn(0, EVALUATE_BY);
        assert_eq!(carried(&first), carried(&second), "k = {threshold}");
        assert_eq!(shape(&first, &[Who::Hub]), shape(&second, &[Who::Hub]));
        assert_eq!(first.collected, second.collected);
        // Nor does a member that works with the hub help: what it gets is the same to the last byte.
        for member in [1, 15] {
            let of = |went: &Went| bytes(went, &[Who::Member(member)]);
            assert_eq!(of(&first), of(&second), "k = {threshold}, with member {member}");
        }
        assert_eq!(first.found[&4], second.found[&11]);
    }
}

#[test]
fn the_relay_and_whoever_watches_the_links_see_the_same_whatever_anyone_holds() {
    for threshold in [2, 3, 5] {
        let everyone = [Who::Hub, Who::Relay];
        let nothing: Lists = vec![vec![]; 15];
        let expected = shape(&run(threshold, &nothing), &everyone);
        let all_alike: Lists = vec![with_common(30, &[1])[0].clone(); 15];
        for lists in [lists(60, 60, 40), all_alike, with_common(10, &[3, 7, 8]), lists(1, 255, 1)] {
            assert_eq!(shape(&run(threshold, &lists), &everyone), expected, "k = {threshold}");
        }
    }
}

#[test]
fn what_goes_through_the_relay_tells_it_nothing() {
    // The same lists and ticket under other randomness share no bytes; a tag of a known item is nowhere in them.
    let lists = with_common(10, &[1, 2, 3]);
    let world = World::new(terms(2, 20), lists.clone());
    let [first, second] = [7, 8].map(|byte| world.turn_from(0, EVALUATE_BY, &crate::round::sample::seed(byte)));
    let blocks = |went: &Went| -> BTreeSet<[u8; 16]> {
        went.to_hub.iter().flat_map(|carried| carried.sealed.as_chunks().0.to_vec()).collect()
    };
    assert!(blocks(&first).is_disjoint(&blocks(&second)));
    let turn = crate::round::Turn::open(&terms(2, 20), 0, EVALUATE_BY, &crate::round::sample::signing(0)).unwrap();
    let key = cwg_crypto::collect::ItemKey::new(&cwg_crypto::Secret32::new(value(0, 0)), &turn.execution().0);
    let tag = key.tag().0;
    assert!(first.to_hub.iter().all(|carried| carried.sealed.windows(16).all(|window| window != tag)));
}

#[test]
fn a_member_sees_the_same_whoever_the_other_holders_are() {
    for threshold in [2, 3] {
        let holders: Vec<u8> = (1..threshold).chain([9]).collect();
        let lists = with_common(20, &holders);
        let went = [run(threshold, &lists), run(threshold, &exchanged(&lists, 9, 12))];
        for colluders in [vec![Who::Member(1)], (1..threshold).map(Who::Member).collect()] {
            let [first, second] = went.each_ref().map(|went| bytes(went, &colluders));
            assert_eq!(first, second, "k = {threshold}: {} of them together", colluders.len());
        }
        // They do find it, and whoever holds nothing of it sees no difference either.
        assert!(went.iter().all(|went| went.found[&1] == [20]));
        let [first, second] = went.each_ref().map(|went| bytes(went, &[Who::Member(5)]));
        assert_eq!(first, second);
    }
}

#[test]
fn below_the_threshold_a_holder_does_not_learn_whether_others_hold_its_item() {
    for threshold in [3, 4] {
        let alone = run(threshold, &with_common(20, &[1]));
        let few = run(threshold, &with_common(20, &(1..threshold).collect::<Vec<_>>()));
        assert_eq!(bytes(&alone, &[Who::Member(1)]), bytes(&few, &[Who::Member(1)]), "k = {threshold}");
        assert_eq!(alone.collected, few.collected);
        assert!(few.found.values().all(Vec::is_empty));
    }
}

#[test]
fn answers_leave_on_the_beat_and_in_the_order_of_channels() {
    let mut world = World::new(terms(3, 20), lists(60, 60, 40));
    world.slots_take_secs = 3;
    let went = world.turn(0, EVALUATE_BY);
    let answers: Vec<_> = went.seen.iter().filter(|seen| seen.kind == "returned").collect();
    assert_eq!(answers.len(), 15);
    assert!(answers.iter().all(|seen| seen.len == answers[0].len));
    let (uploaded, answered) = (EVALUATE_BY.plus_secs(3), EVALUATE_BY.plus_secs(10));
    assert!(went.seen.iter().filter(|seen| seen.kind == "carried").any(|seen| seen.at == uploaded));
    assert!(answers.iter().all(|seen| seen.at == answered), "the beat is ten seconds from the opening on");
    let order: Vec<_> = went.to_hub.iter().map(|carried| (carried.rank, carried.channel)).collect();
    assert!(order.is_sorted() && went.returned.is_sorted());
}
