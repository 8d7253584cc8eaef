//! Whole turns of fifteen members, against plain counting.

use std::collections::BTreeMap;

use rand_core::Rng as _;

use super::world::*;
use super::*;
use crate::UnixTime;
use crate::round::sample::{EVALUATE_BY, MEMBERS, seed, terms};
use crate::violation::Violation;

/// Values for each member: `common` items are each on every list with a probability of `odds` in 256, the rest are the
/// member's own, up to `len`.
pub(super) fn lists(common: u64, odds: u8, len: usize) -> Vec<Vec<[u8; 32]>> {
    let mut rng = seed(50).rng();
    let value = |owner: u8, number: u64| {
        let mut value = [owner; 32];
        value[..8].copy_from_slice(&number.to_le_bytes());
        value
    };
    let mut lists: Vec<Vec<[u8; 32]>> = (1..=MEMBERS).map(|_| Vec::new()).collect();
    for number in 0..common {
        for list in &mut lists {
            if (rng.next_u32() as u8) < odds && list.len() < len {
                list.push(value(0, number));
            }
        }
    }
    for (owner, list) in (1..).zip(&mut lists) {
        let own = (list.len()..len).map(|number| value(owner, number as u64));
        list.extend(own);
    }
    lists
}

/// What each of these members holds and at least `threshold` of them do.
pub(super) fn counted(lists: &[Vec<[u8; 32]>], of: &[u8], threshold: usize) -> BTreeMap<u8, Vec<usize>> {
    let mut counts = BTreeMap::new();
    let lists = || of.iter().map(|number| (*number, &lists[usize::from(*number) - 1]));
    lists().flat_map(|(_, list)| list).for_each(|value| *counts.entry(value).or_insert(0) += 1);
    let found = |list: &Vec<[u8; 32]>| (0..list.len()).filter(|at| counts[&list[*at]] >= threshold).collect();
    lists().map(|(number, list)| (number, found(list))).collect()
}

fn all() -> Vec<u8> {
    (1..=MEMBERS).collect()
}

fn without(missing: &[u8]) -> Vec<u8> {
    all().into_iter().filter(|number| !missing.contains(number)).collect()
}

#[test]
fn every_member_finds_what_enough_hold_and_nothing_else() {
    for threshold in [2, 3, 4] {
        let lists = lists(60, 50, 40);
        let world = World::new(terms(threshold, 20), lists.clone());
        let went = world.turn(0, EVALUATE_BY);
        let expected = counted(&lists, &all(), threshold.into());
        assert!(expected.values().any(|found| !found.is_empty()));
        assert_eq!(went.found, expected, "k = {threshold}");
        let collected = went.collected.unwrap();
        assert_eq!((collected.end, collected.uploads, collected.faults.len()), (TurnEnd::Answered, MEMBERS, 0));
        let distinct: std::collections::BTreeSet<_> = expected
            .iter()
            .flat_map(|(number, places)| places.iter().map(|at| lists[usize::from(*number) - 1][*at]))
            .collect();
        assert_eq!(collected.band(), Some(CountBand::of(distinct.len() as u64)));
        assert!(went.violations.is_empty());
        // Holders of one item have one room, and no two items have the same.
        let mut rooms = BTreeMap::new();
        for (number, places) in &went.found {
            for (place, room) in places.iter().zip(&went.rooms[number]) {
                let value = lists[usize::from(*number) - 1][*place];
                assert_eq!(*rooms.entry(value).or_insert(*room), *room);
            }
        }
        let distinct: std::collections::BTreeSet<_> = rooms.values().collect();
        assert_eq!(distinct.len(), rooms.len());
    }
}

#[test]
fn the_order_in_which_jobs_end_changes_no_result() {
    use Manner::*;
    for threshold in [2, 3] {
        let lists = lists(60, 60, 40);
        for order in 1..=4 {
            let mut world = World::new(terms(threshold, 20), lists.clone());
            world.order = Some(order);
            let went = world.turn(0, EVALUATE_BY);
            assert_eq!(went.found, counted(&lists, &all(), threshold.into()), "k = {threshold}, order {order}");
            assert!(went.violations.is_empty());
            // With someone who spoils a piece and someone who falls silent, jobs end after what they are for has gone.
            let went = world.with(&[(4, Spoils(1)), (9, SilentFrom(1))]).turn(0, EVALUATE_BY);
            let mut expected = counted(&lists, &without(&[4, 9]), threshold.into());
            expected.retain(|number, _| went.found.contains_key(number));
            assert_eq!((&went.found, went.found.len()), (&expected, 13), "k = {threshold}, order {order}");
        }
    }
}

#[test]
fn jobs_that_end_after_the_turn_change_nothing() {
    let mut world = World::new(terms(3, 20), lists(60, 60, 40));
    world.order = Some(9);
    let carried = std::cell::Cell::new(0);
    let bend = |_: Who, _: Who, sent: Sent| match sent {
        Sent::ToHub(ToHub::Carried(carried_one)) if carried_one.rank == 3 => {
            carried.set(carried.get() + 1);
            Some(Sent::ToHub(ToHub::Carried(Carried { rank: 9, ..carried_one })))
        }
        sent => Some(sent),
    };
    world.bend = Some(&bend);
    let went = world.turn(0, EVALUATE_BY);
    assert_eq!(went.collected.unwrap().end, TurnEnd::RelayFailed);
    assert!(carried.get() > 0 && went.found.is_empty());
}

#[test]
fn a_relay_may_not_be_further_ahead_of_the_search_than_a_window() {
    // A relay that gives itself leave: what the hub says it is done with comes from nowhere.
    let ahead = std::cell::Cell::new(0);
    let bend = |_: Who, _: Who, sent: Sent| match sent {
        Sent::ToHub(ToHub::Carried(carried)) => {
            ahead.set(carried.rank.max(ahead.get()));
            Some(Sent::ToHub(ToHub::Carried(carried)))
        }
        Sent::ToRelay(ToRelay::Taken(_)) => None,
        sent => Some(sent),
    };
    let mut world = World::new(terms(3, 20), lists(60, 60, 40));
    world.bend = Some(&bend);
    let went = world.turn(0, EVALUATE_BY);
    assert_eq!(ahead.get(), crate::round::limits::PIECES_AHEAD, "an honest relay waits for the hub");
    assert!(went.found.is_empty());
}

#[test]
fn a_hub_takes_no_rank_that_is_further_ahead_of_its_search_than_a_window() {
    use crate::round::limits::PIECES_AHEAD;
    use crate::round::sample::{issuer, opening_key, signing};
    let terms = terms(3, 20);
    let came = World::new(terms.clone(), lists(60, 60, 40)).turn(0, EVALUATE_BY).to_hub;
    let turn = crate::round::Turn::open(&terms, 0, EVALUATE_BY, &signing(0)).unwrap();
    let mut hub = Collector::new(terms, turn.clone(), issuer(), opening_key(), seed(1));
    let tickets: Vec<_> = came.iter().filter(|carried| carried.rank == 0).cloned().collect();
    let channels: Vec<_> = tickets.iter().map(|carried| carried.channel).collect();
    let named = Channels { execution: turn.execution(), channels: channels.try_into().unwrap() };
    hub.on_channels(&named).unwrap();
    tickets.into_iter().for_each(|carried| drop(hub.on_carried(carried).unwrap()));
    // One channel alone: its pieces are opened, and nothing can be searched.
    let of_first = came.into_iter().filter(|carried| carried.channel == named.channels[0] && carried.rank > 0);
    for carried in of_first.take(PIECES_AHEAD as usize + 1) {
        let rank = carried.rank;
        assert_eq!(hub.on_carried(carried).is_ok(), rank <= PIECES_AHEAD, "rank {rank}");
    }
}

#[test]
fn lists_longer_than_a_piece_and_empty_ones_are_uploaded_alike() {
    for (threshold, items) in [(2, 4_100), (3, 1_400)] {
        let mut lists = lists(300, 40, 1_000);
        lists[3] = vec![];
        lists[4].truncate(1);
        let terms = terms(threshold, items);
        assert!(terms.form().pieces_of_table() == 2);
        let went = World::new(terms, lists.clone()).turn(0, EVALUATE_BY);
        assert_eq!(went.found, counted(&lists, &all(), threshold.into()), "k = {threshold}");
    }
}

/// A turn in which some members do not do as they should, and the others find what enough of those who did hold.
fn check(
    threshold: u8,
    manners: &[(u8, Manner)],
    counts: &[u8],
    finds: &[u8],
    faults: &[SlotFault],
) -> Vec<(Who, Violation)> {
    let lists = lists(60, 60, 40);
    let went = World::new(terms(threshold, 20), lists.clone()).with(manners).turn(0, EVALUATE_BY);
    let mut expected = counted(&lists, counts, threshold.into());
    expected.retain(|number, _| finds.contains(number));
    assert_eq!(went.found, expected, "k = {threshold}, {manners:?}");
    let collected = went.collected.unwrap();
    assert_eq!(collected.end, TurnEnd::Answered);
    assert_eq!(usize::from(collected.uploads), finds.len(), "{manners:?}");
    assert_eq!(collected.faults, faults, "{manners:?}");
    went.violations
}

#[test]
fn a_turn_goes_on_without_those_who_are_absent_late_or_silent() {
    use Manner::*;
    for threshold in [2, 3] {
        let rest = without(&[4]);
        for manner in [Absent, LateTicket, SilentFrom(0)] {
            assert!(check(threshold, &[(4, manner)], &rest, &rest, &[]).is_empty());
        }
        check(threshold, &[(4, SilentFrom(1))], &rest, &rest, &[SlotFault::Incomplete]);
        let rest = without(&[2, 9, 15]);
        let silent = [(2, SilentFrom(1)), (9, Absent), (15, SilentFrom(1))];
        check(threshold, &silent, &rest, &rest, &[SlotFault::Incomplete; 2]);
    }
}

#[test]
fn an_upload_that_ends_half_way_counts_for_what_was_searched_before_and_no_more() {
    let lists = lists(60, 60, 40);
    let went = World::new(terms(3, 20), lists.clone()).with(&[(4, Manner::SilentFrom(9))]).turn(0, EVALUATE_BY);
    let rest = without(&[4]);
    let (least, most) = (counted(&lists, &rest, 3), counted(&lists, &all(), 3));
    for number in rest {
        let found = &went.found[&number];
        assert!(least[&number].iter().all(|place| found.contains(place)), "what the others hold is found");
        assert!(found.iter().all(|place| most[&number].contains(place)), "nothing is found that too few hold");
    }
    assert!(!went.found.contains_key(&4));
    assert_eq!(went.collected.unwrap().faults, [SlotFault::Incomplete]);
}

#[test]
fn bad_tickets_and_malformed_uploads_do_not_count_and_are_named() {
    use Manner::*;
    for threshold in [2, 3] {
        let rest = without(&[4]);
        check(threshold, &[(4, Spoils(0))], &rest, &rest, &[SlotFault::Ticket]);
        check(threshold, &[(4, Spoils(1))], &rest, &rest, &[SlotFault::Piece]);
        let twice = check(threshold, &[(4, SendsTwice(1))], &all(), &all(), &[]);
        assert_eq!(twice, [(Who::Member(4), Violation::Unexpected { awaiting: "one upload" })]);
    }
    // A stolen ticket is not even sealed for another: it comes with the other's key, and is the same upload.
    let lists = lists(60, 60, 40);
    let went = World::new(terms(3, 20), lists.clone()).with(&[(4, StealsTicket)]).turn(0, EVALUATE_BY);
    let collected = went.collected.unwrap();
    assert_eq!(collected.end, TurnEnd::Answered);
    assert!(collected.faults.contains(&SlotFault::TicketTwice));
}

#[test]
fn too_few_uploads_end_the_turn_without_a_result() {
    use Manner::*;
    for (threshold, manner) in [(2, Absent), (3, SilentFrom(0)), (2, SilentFrom(1)), (3, SilentFrom(5)), (3, Spoils(2))]
    {
        let needed = threshold + 2;
        let manners: Vec<_> = (needed..=MEMBERS).map(|number| (number, manner)).collect();
        let went = World::new(terms(threshold, 20), lists(60, 60, 40)).with(&manners).turn(0, EVALUATE_BY);
        let collected = went.collected.unwrap();
        assert_eq!((collected.end, collected.band()), (TurnEnd::TooFewUploads, None), "k = {threshold}, {manner:?}");
        assert_eq!(collected.uploads, needed - 1);
        assert!(went.found.is_empty());
    }
}

#[test]
fn another_relay_takes_over_from_one_that_dies() {
    for threshold in [2, 3] {
        let lists = lists(60, 60, 40);
        for after in [0, 1, 5, 17, 40, 200] {
            let mut world = World::new(terms(threshold, 20), lists.clone());
            world.relay_dies_after = Some(after);
            let first = world.turn(0, EVALUATE_BY);
            let collected = first.collected.clone().expect("the hub does not wait for ever");
            if collected.end == TurnEnd::Answered {
                continue;
            }
            assert_eq!((collected.end, collected.band()), (TurnEnd::RelayFailed, None));
            assert!(first.found.is_empty());
            world.relay_dies_after = None;
            let second = world.turn(1, first.now);
            assert_eq!(second.found, counted(&lists, &all(), threshold.into()));
            // Nothing that was uploaded in the first turn comes again in the second.
            let channels = |went: &Went| {
                went.to_hub.iter().map(|carried| carried.channel).collect::<std::collections::BTreeSet<_>>()
            };
            assert!(channels(&first).is_disjoint(&channels(&second)));
            assert!(first.to_hub.iter().all(|one| second.to_hub.iter().all(|other| one.sealed != other.sealed)));
        }
    }
}

#[test]
fn a_message_changed_on_its_way_through_the_relay_gives_nobody_a_false_result() {
    let lists = lists(30, 80, 20);
    let expected = counted(&lists, &all(), 3);
    // Every message of a kind that carries something sealed or proven, its last byte changed, once at each of several places
    // in the turn.
    for kind in ["given", "carried", "returned", "answer"] {
        for nth in [0, 3, 14, 15, 31, 100] {
            let count = std::cell::Cell::new(0);
            let bend = |_: Who, _: Who, sent: Sent| {
                if sent.kind().0 != kind {
                    return Some(sent);
                }
                count.set(count.get() + 1);
                if count.get() != nth + 1 {
                    return Some(sent);
                }
                let flip = |sealed: &[u8]| {
                    let mut bytes = sealed.to_vec();
                    *bytes.last_mut().unwrap() ^= 1;
                    bytes.try_into().unwrap()
                };
                Some(match sent {
                    Sent::Given(given) => {
                        let evaluated = cwg_crypto::voprf::EvaluationKey::from_seed(&seed(3)).public();
                        Sent::Given(TicketGiven { evaluated: *evaluated.as_bytes(), ..given })
                    }
                    Sent::ToHub(ToHub::Carried(carried)) => {
                        Sent::ToHub(ToHub::Carried(Carried { sealed: flip(&carried.sealed), ..carried }))
                    }
                    Sent::ToRelay(ToRelay::Returned(returned)) => {
                        Sent::ToRelay(ToRelay::Returned(Returned { sealed: flip(&returned.sealed), ..returned }))
                    }
                    Sent::Answer(answer) => Sent::Answer(Answer { sealed: flip(&answer.sealed), ..answer }),
                    other => other,
                })
            };
            let mut world = World::new(terms(3, 10), lists.clone());
            world.bend = Some(&bend);
            let went = world.turn(0, EVALUATE_BY);
            let touched = count.get() > nth;
            for (number, found) in &went.found {
                assert!(found.iter().all(|place| expected[number].contains(place)), "{kind} {nth}");
            }
            let missing = all().iter().filter(|number| !went.found.contains_key(number)).count();
            assert_eq!(missing, usize::from(touched), "{kind} {nth}: the one whose message it was gets no result");
        }
    }
}

/// A turn in which messages are changed on their way, and whoever seems to have sent them is blamed.
fn blames(what: &str, blamed: Who, bend: &Bend<'_>) {
    let mut world = World::new(terms(3, 10), lists(30, 80, 20));
    world.bend = Some(bend);
    let went = world.turn(0, EVALUATE_BY);
    assert!(went.violations.iter().any(|(who, _)| *who == blamed), "{what}: {:?}", went.violations);
}

#[test]
fn a_relay_that_does_not_keep_to_the_order_is_found_out() {
    let rank = |carried: &Carried, rank| Carried { rank, ..carried.clone() };
    blames("a rank too far", Who::Relay, &|_, _, sent| match sent {
        Sent::ToHub(ToHub::Carried(carried)) if carried.rank == 2 => {
            Some(Sent::ToHub(ToHub::Carried(rank(&carried, 3))))
        }
        sent => Some(sent),
    });
    blames("a channel of its own", Who::Relay, &|_, _, sent| match sent {
        Sent::ToHub(ToHub::Carried(carried)) if carried.rank == 1 => {
            Some(Sent::ToHub(ToHub::Carried(Carried { channel: Channel([7; 16]), ..carried })))
        }
        sent => Some(sent),
    });
    blames("channels twice", Who::Relay, &|_, _, sent| match sent {
        Sent::ToHub(ToHub::Channels(channels)) => {
            let first = channels.channels[0];
            Some(Sent::ToHub(ToHub::Channels(Channels {
                channels: vec![first, first].try_into().unwrap(),
                ..channels
            })))
        }
        sent => Some(sent),
    });
    blames("another turn", Who::Relay, &|_, _, sent| match sent {
        Sent::ToHub(ToHub::Channels(channels)) => {
            let execution = crate::round::Execution(cwg_crypto::Digest::from_bytes([1; 32]));
            Some(Sent::ToHub(ToHub::Channels(Channels { execution, ..channels })))
        }
        sent => Some(sent),
    });
}

#[test]
fn a_hub_that_gives_one_slot_twice_or_answers_out_of_order_is_found_out() {
    blames("an answer too early", Who::Hub, &|_, _, sent| match sent {
        Sent::ToRelay(ToRelay::Returned(returned)) if returned.rank == 1 => {
            Some(Sent::ToRelay(ToRelay::Returned(Returned { rank: 2, ..returned })))
        }
        sent => Some(sent),
    });
    blames("a short answer", Who::Hub, &|_, _, sent| match sent {
        Sent::ToRelay(ToRelay::Returned(returned)) if returned.rank == 1 => {
            let sealed = returned.sealed[1..].to_vec().try_into().unwrap();
            Some(Sent::ToRelay(ToRelay::Returned(Returned { sealed, ..returned })))
        }
        sent => Some(sent),
    });
    let with = |slots: &Slots, change: &dyn Fn(&mut Vec<cwg_crypto::Digest>)| {
        let mut serials = slots.serials.to_vec();
        change(&mut serials);
        Slots { serials: serials.try_into().unwrap(), ..*slots }
    };
    blames("two members at one slot", Who::Hub, &|_, _, sent| match sent {
        Sent::ToRelay(ToRelay::Slots(slots)) => {
            Some(Sent::ToRelay(ToRelay::Slots(with(&slots, &|serials| serials[4] = serials[3]))))
        }
        sent => Some(sent),
    });
    blames("slots out of order", Who::Hub, &|_, _, sent| match sent {
        Sent::ToRelay(ToRelay::Slots(slots)) => {
            Some(Sent::ToRelay(ToRelay::Slots(with(&slots, &|serials| serials.reverse()))))
        }
        sent => Some(sent),
    });
    blames("a member without a slot", Who::Member(3), &|_, to, sent| match sent {
        Sent::Slots(slots) if to == Who::Member(3) => Some(Sent::Slots(with(&slots, &|serials| {
            *serials = (1..=15).map(|byte| cwg_crypto::Digest::from_bytes([byte; 32])).collect()
        }))),
        sent => Some(sent),
    });
    blames("too few slots", Who::Member(3), &|_, to, sent| match sent {
        Sent::Slots(slots) if to == Who::Member(3) => Some(Sent::Slots(with(&slots, &|serials| serials.truncate(4)))),
        sent => Some(sent),
    });
}

#[test]
fn messages_of_another_turn_or_length_are_refused() {
    blames("leave for what was not sent", Who::Member(3), &|_, to, sent| match sent {
        Sent::Passed(passed) if to == Who::Member(3) => Some(Sent::Passed(Passed { rank: passed.rank + 1, ..passed })),
        sent => Some(sent),
    });
    blames("an upload of another turn", Who::Member(3), &|from, _, sent| match sent {
        Sent::Upload(upload) if from == Who::Member(3) => {
            let execution = crate::round::Execution(cwg_crypto::Digest::from_bytes([1; 32]));
            Some(Sent::Upload(Upload { execution, ..upload }))
        }
        sent => Some(sent),
    });
    blames("a short upload", Who::Member(3), &|from, _, sent| match sent {
        Sent::Upload(upload) if from == Who::Member(3) => {
            Some(Sent::Upload(Upload { sealed: upload.sealed[1..].to_vec().try_into().unwrap(), ..upload }))
        }
        sent => Some(sent),
    });
}

#[test]
fn tickets_are_one_a_member_in_their_time() {
    use crate::round::Turn;
    use crate::round::sample::{issuer, node, opening_key, signing};
    let terms = terms(3, 10);
    let turn = Turn::open(&terms, 0, EVALUATE_BY, &signing(0)).unwrap();
    let mut hub = Collector::new(terms.clone(), turn.clone(), issuer(), opening_key(), seed(1));
    let ask = |byte| Uploader::new(terms.clone(), turn.clone(), &[], seed(byte)).1.to_hub.unwrap();
    let given = hub.on_ticket_ask(EVALUATE_BY, node(1), ask(1)).unwrap();
    assert_eq!(hub.on_ticket_ask(EVALUATE_BY, node(1), ask(1)), Ok(given), "the same again after a lost connection");
    assert!(hub.on_ticket_ask(EVALUATE_BY, node(1), ask(2)).is_err(), "a second ticket");
    assert!(hub.on_ticket_ask(EVALUATE_BY, node(77), ask(3)).is_err(), "a stranger");
    assert!(hub.on_ticket_ask(UnixTime(1_101), node(2), ask(4)).is_err(), "too late");
    let bad = TicketAsk { blinded: [0xff; 32], ..ask(5) };
    assert_eq!(hub.on_ticket_ask(EVALUATE_BY, node(3), bad), Err(Violation::BadElement { batch: 0, index: 0 }));
}
