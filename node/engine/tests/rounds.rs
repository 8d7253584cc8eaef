//! Ceremonies and rounds among a hub and members: exact against plain counting, whoever goes away.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod network;
mod wiring;

use std::collections::BTreeSet;

use cwg_crypto::Digest;
use cwg_engine::RoundPhase;
use cwg_engine::command::{Command, KeyOrigin, Refusal, Reply, RoundPlan, RoundTells, RunEnd};
use cwg_engine::io::{Input, Ticket};
use cwg_engine::record::Entry;
use cwg_protocol::charter::RunKind;
use cwg_protocol::count::{Figure, LedgerRefusal};
use cwg_protocol::round::RoundMessage;
use cwg_protocol::round::ceremony::Phase;
use cwg_protocol::round::upload::TurnEnd;
use cwg_protocol::wire::Message;
use cwg_protocol::{RunId, UnixTime};
use founding::{PILOT, node};
use network::{EVALUATE_SECS, HUB, ITEMS, Network, leakage};
use wiring::{Wired as _, passing};

/// Number `n` is on the lists of all members whose number divides it; numbers from 1000 on are everyone's own.
fn fill(network: &mut Network, members: usize) {
    for member in 1..=members {
        let shared = (1..=24).filter(|number| number % member as u32 == 0).take(12);
        let own = (0..4).map(|number| 1_000 * member as u32 + number);
        network.hold(member, shared.chain(own));
    }
}

/// With a key that three of the first five members evaluate under.
fn with_key(members: usize) -> Network {
    let mut network = Network::new(members);
    network.call(&[1, 2, 3, 4, 5], 3, KeyOrigin::New);
    fill(&mut network, members);
    network
}

fn assert_exact(network: &Network, round: RunId, members: &[usize], threshold: usize) {
    let mut total = BTreeSet::new();
    for member in members {
        let found = network.found(*member, round).unwrap_or_else(|| panic!("member {member} has no result"));
        assert_eq!(found, network.expected(*member, members, threshold), "member {member}");
        total.extend(found);
    }
    assert!(!total.is_empty(), "something is found");
}

fn endings(network: &Network, round: RunId) -> Vec<TurnEnd> {
    network.engines[HUB].state().rounds().rounds()[&round].endings.values().map(|ending| ending.end).collect()
}

#[test]
fn a_ceremony_gives_its_holders_one_key_and_the_hub_the_public_half_alone() {
    for (holders, threshold) in [(vec![1, 2], 2), (vec![1, 2, 3, 4, 5], 3)] {
        let mut network = Network::new(6);
        network.call(&holders, threshold, KeyOrigin::New);
        let public =
            |number: usize| network.engines[number].state().rounds().keys().get(&PILOT).map(|key| key.held.public());
        assert!(public(HUB).is_some());
        for number in 0..=6 {
            let is_holder =
                network.engines[number].state().rounds().keys().get(&PILOT).is_some_and(|key| key.is_holder());
            assert_eq!(is_holder, holders.contains(&number));
            assert_eq!(public(number), public(HUB).filter(|_| is_holder || number == HUB));
        }
        assert!(network.closed.is_empty());
    }
}

#[test]
fn a_refresh_leaves_the_key_as_it_is_and_a_handover_gives_it_to_others() {
    let mut network = with_key(6);
    let key = |network: &Network| network.engines[HUB].state().rounds().keys()[&PILOT].held.clone();
    let first = key(&network);
    network.call(&[1, 2, 3, 4, 5], 3, KeyOrigin::Handover);
    let second = key(&network);
    assert_eq!(second.public(), first.public());
    assert_ne!(second.signed(), first.signed(), "its shares are others");
    network.call(&[2, 3, 6], 2, KeyOrigin::Handover);
    assert_eq!(key(&network).public(), first.public());
    let round = network.open(2);
    network.join(round, 1..=6);
    network.pass(EVALUATE_SECS + 2_000);
    assert_exact(&network, round, &[1, 2, 3, 4, 5, 6], 2);
}

#[test]
fn a_ceremony_goes_on_after_any_of_its_nodes_started_again() {
    let boards = |network: &Network| {
        network.journals[HUB].iter().filter(|record| matches!(record.entry, Entry::BoardShown(_))).count()
    };
    for number in [HUB, 2] {
        for shown in 0..4 {
            let mut network = Network::new(5);
            let mut held = 0;
            // The third holder's words are held back from one phase on, so that the node starts again within it.
            network.wire = passing(move |from, _, message| {
                let is_post = from == 3 && matches!(message, Message::Round(RoundMessage::CeremonyPost(_)));
                held += usize::from(is_post);
                !(is_post && held == shown + 1)
            });
            network.call(&[1, 2, 3], 2, KeyOrigin::New);
            assert_eq!(boards(&network), shown);
            network.restart(number);
            network.part(3, HUB);
            network.pass(60);
            assert_eq!(boards(&network), 4, "node {number} after {shown} boards");
            assert!(network.engines[number].state().rounds().keys().contains_key(&PILOT));
        }
    }
}

#[test]
fn a_ceremony_without_one_of_its_holders_comes_to_nothing_and_another_is_called() {
    let mut network = Network::new(5);
    network.kill(3);
    let failed = network.call(&[1, 2, 3], 2, KeyOrigin::New);
    network.pass(5 * 3_600);
    let end = |network: &Network| network.engines[HUB].state().rounds().ceremonies()[&failed].end.clone();
    assert!(matches!(end(&network), Some(Err(_))));
    network.call(&[1, 2, 4], 2, KeyOrigin::New);
    assert!(network.engines[4].state().rounds().keys()[&PILOT].is_holder());
}

/// How a ceremony ended at a node, if it did.
fn end(network: &Network, number: usize, ceremony: Digest) -> Option<Result<(), String>> {
    let called = network.engines[number].state().rounds().ceremonies().get(&ceremony)?;
    called.end.clone().map(|end| end.map_err(|code| code.0))
}

#[test]
fn whoever_was_away_when_a_ceremony_failed_or_was_superseded_hears_of_its_end() {
    for supersedes in [false, true] {
        let mut network = Network::new(5);
        network.kill(3);
        // One participant hears of it and is away from then on.
        network.wire = passing(|from, _, message| {
            !(from == 2 && matches!(message, Message::Round(RoundMessage::CeremonyPost(_))))
        });
        let failed = network.call(&[1, 2, 3], 2, KeyOrigin::New);
        network.kill(2);
        network.wire = passing(|_, _, _| true);
        if supersedes {
            network.call(&[1, 4], 2, KeyOrigin::New);
        } else {
            network.pass(5 * 3_600);
        }
        assert!(end(&network, 2, failed).is_none());
        network.restart(2);
        network.pass(60);
        assert_eq!(end(&network, 2, failed), Some(Err("ceremony-withheld".to_owned())));
        assert!(
            (0..=5).filter(|number| *number != 3).all(|number| network.engines[number].rounds_under_way().is_empty())
        );
    }
}

#[test]
fn whoever_missed_the_end_of_a_ceremony_holds_its_key_before_it_takes_part_in_the_next() {
    let mut network = Network::new(5);
    network.wire = passing(|_, to, message| {
        !(to == 3
            && matches!(message, Message::Round(RoundMessage::CeremonyBoard(board)) if board.phase == Phase::Signing))
    });
    network.call(&[1, 2, 3], 2, KeyOrigin::New);
    assert!(network.engines[3].state().rounds().keys().is_empty());
    network.kill(3);
    network.wire = passing(|_, _, _| true);
    let mut last = network.call(&[1, 2, 3], 2, KeyOrigin::Handover);
    // Whatever order the names of ceremonies are in.
    for _ in 0..4 {
        last = network.call(&[1, 2, 3], 2, KeyOrigin::Handover);
    }
    network.restart(3);
    network.pass(60);
    assert_eq!(end(&network, 3, last), Some(Ok(())));
    assert!(network.engines[3].state().rounds().keys()[&PILOT].is_holder());
    assert!(network.closed.is_empty());
}

#[test]
fn a_holder_that_did_not_see_its_share_handed_over_stays_out_of_the_next_ceremony_and_stays_connected() {
    let mut network = Network::new(5);
    network.call(&[1, 2, 3], 2, KeyOrigin::New);
    network.wire =
        passing(|from, _, message| !(from == 3 && matches!(message, Message::Round(RoundMessage::CeremonyPost(_)))));
    let missed = network.call(&[1, 2, 4], 2, KeyOrigin::Handover);
    network.pass(5 * 3_600);
    network.wire = passing(|_, _, _| true);
    assert_eq!(end(&network, 3, missed), Some(Err("ceremony-withheld".to_owned())));
    assert_eq!(end(&network, HUB, missed), Some(Ok(())));
    network.call(&[1, 2, 3], 2, KeyOrigin::Handover);
    assert_eq!(network.refused(3), ["ceremony-old-key"]);
    assert!(network.closed.is_empty());
}

#[test]
fn a_round_finds_exactly_what_enough_members_hold() {
    for threshold in [2, 3] {
        let mut network = with_key(7);
        let round = network.open(threshold);
        network.join(round, 1..=7);
        network.pass(EVALUATE_SECS + 2_000);
        assert_eq!(endings(&network, round), [TurnEnd::Answered]);
        assert_exact(&network, round, &[1, 2, 3, 4, 5, 6, 7], threshold.into());
        for number in 0..=7 {
            assert!(network.engines[number].state().rounds().rounds()[&round].phase.is_over());
            assert_eq!(network.refused(number), Vec::<&str>::new());
        }
        assert!(network.closed.is_empty());
    }
}

#[test]
fn whoever_waits_for_a_round_is_told_how_it_ended() {
    let mut network = with_key(5);
    let round = network.open(2);
    network.join(round, 1..=5);
    network.handle(1, Input::Command(Ticket(9), Command::AwaitRound(round)));
    network.pass(EVALUATE_SECS + 2_000);
    let expected = network.expected(1, &[1, 2, 3, 4, 5], 2).len() as u32;
    let (_, _, reply) = network.replies.iter().find(|(_, ticket, _)| *ticket == Ticket(9)).unwrap();
    assert!(matches!(reply, Ok(Reply::RoundEnded(RunEnd::Sealed(Some(found)))) if *found == expected));
}

#[test]
fn a_member_that_does_not_come_is_not_counted_and_holds_up_nobody() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.join(round, 1..=6);
    network.pass(EVALUATE_SECS - 10);
    network.kill(6);
    network.pass(2_010);
    assert_exact(&network, round, &[1, 2, 3, 4, 5], 2);
    assert_eq!(network.found(6, round), None);
    assert_eq!(network.found(7, round), None, "nobody consented there");
}

#[test]
fn another_keyholder_is_asked_in_the_place_of_those_that_are_away() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.kill(4);
    network.kill(5);
    network.join(round, [1, 2, 3, 6, 7]);
    network.pass(EVALUATE_SECS + 2_000);
    assert_exact(&network, round, &[1, 2, 3, 6, 7], 2);
}

#[test]
fn with_too_few_keyholders_a_member_is_told_so() {
    let mut network = with_key(7);
    let round = network.open(2);
    for keyholder in [3, 4, 5] {
        network.kill(keyholder);
    }
    network.join(round, [1, 2, 6, 7]);
    network.pass(600);
    let phase = &network.engines[6].state().rounds().rounds()[&round].phase;
    assert_eq!(*phase, RoundPhase::Ended("too-few-keyholders".into()));
}

#[test]
fn when_a_relay_is_lost_the_next_one_takes_over_and_nothing_is_counted_twice() {
    for threshold in [2, 3] {
        let mut network = with_key(7);
        let round = network.open(threshold);
        network.join(round, 1..=7);
        let relays = &network.engines[HUB].state().rounds().rounds()[&round].terms.body().relays;
        let first = (1..=7).find(|number| node(*number) == relays[0]).unwrap();
        // The relay goes silent after its channels; its process ends soon after.
        network.wire = passing(move |from, to, message| {
            !(from == first && to == HUB && matches!(message, Message::Round(RoundMessage::Carried(_))))
        });
        network.pass(EVALUATE_SECS + 10);
        network.kill(first);
        network.wire = passing(|_, _, _| true);
        network.pass(3_000);
        assert_eq!(endings(&network, round), [TurnEnd::RelayFailed, TurnEnd::Answered]);
        let others: Vec<usize> = (1..=7).filter(|number| *number != first).collect();
        assert_exact(&network, round, &others, threshold.into());
    }
}

#[test]
fn a_member_that_starts_again_goes_on_from_what_is_stored() {
    // Before its items are evaluated, and between that and the turn.
    for when in [0, EVALUATE_SECS - 5] {
        let mut network = with_key(5);
        let round = network.open(2);
        network.join(round, 1..=5);
        network.pass(when);
        network.restart(2);
        network.pass(EVALUATE_SECS + 2_000 - when);
        assert_exact(&network, round, &[1, 2, 3, 4, 5], 2);
        let charges = |number: usize| {
            network.engines[number]
                .state()
                .rounds()
                .charges()
                .iter()
                .filter(|(_, charge)| charge.member == node(2))
                .count()
        };
        assert!((1..=5).all(|holder| charges(holder) <= 2), "the same elements were not charged again");
    }
}

#[test]
fn a_member_that_starts_again_within_a_turn_leaves_that_turn_alone() {
    let mut network = with_key(6);
    let round = network.open(2);
    network.join(round, 1..=6);
    network.wire =
        passing(|from, _, message| !(from == 2 && matches!(message, Message::Round(RoundMessage::Upload(_)))));
    network.pass(EVALUATE_SECS + 10);
    network.restart(2);
    network.wire = passing(|_, _, _| true);
    network.pass(20_000);
    assert_exact(&network, round, &[1, 3, 4, 5, 6], 2);
    assert_eq!(
        network.engines[2].state().rounds().rounds()[&round].phase,
        RoundPhase::Ended("round-unanswered".into())
    );
}

#[test]
fn a_member_whose_items_changed_since_they_were_bound_ends_by_name() {
    let mut network = with_key(5);
    let round = network.open(2);
    network.join(round, 1..=5);
    network.hold(2, [5, 6, 7]);
    network.restart(2);
    let phase = &network.engines[2].state().rounds().rounds()[&round].phase;
    assert_eq!(*phase, RoundPhase::Ended("round-items-changed".into()));
}

#[test]
fn a_hub_that_starts_again_ends_the_turn_and_opens_the_next() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.join(round, 1..=7);
    network.wire =
        passing(|_, to, message| !(to == HUB && matches!(message, Message::Round(RoundMessage::Carried(_)))));
    network.pass(EVALUATE_SECS + 10);
    network.restart(HUB);
    network.wire = passing(|_, _, _| true);
    network.pass(3_000);
    assert_eq!(endings(&network, round), [TurnEnd::RelayFailed, TurnEnd::Answered]);
    assert_exact(&network, round, &[1, 2, 3, 4, 5, 6, 7], 2);
}

#[test]
fn lost_connections_within_a_turn_lose_nothing() {
    let mut network = with_key(7);
    let round = network.open(3);
    network.join(round, 1..=7);
    let relays = &network.engines[HUB].state().rounds().rounds()[&round].terms.body().relays;
    let relay = (1..=7).find(|number| node(*number) == relays[0]).unwrap();
    let member = (1..=7).find(|number| *number != relay).unwrap();
    let mut swallowed = 0;
    // What the relay says to one member is lost three times, with the connection.
    network.wire = passing(move |from, to, message| {
        let is_lost = (from, to) == (relay, member) && matches!(message, Message::Round(RoundMessage::Passed(_)));
        swallowed += usize::from(is_lost);
        !is_lost || swallowed > 3
    });
    network.pass(EVALUATE_SECS + 5);
    for _ in 0..3 {
        network.part(member, relay);
        network.pass(5);
    }
    network.pass(2_000);
    assert_exact(&network, round, &[1, 2, 3, 4, 5, 6, 7], 3);
}

#[test]
fn a_revoked_member_is_counted_no_more() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.join(round, 1..=7);
    network.pass(EVALUATE_SECS - 10);
    network.command(HUB, Command::Revoke { member: node(7) }).unwrap();
    network.pass(4_000);
    assert_exact(&network, round, &[1, 2, 3, 4, 5, 6], 2);
    assert_eq!(network.found(7, round), None);
}

#[test]
fn with_fewer_uploads_than_the_terms_say_nobody_learns_anything() {
    let mut network = with_key(6);
    let round = network.open(2);
    network.join(round, 1..=3);
    network.pass(EVALUATE_SECS + 12_000);
    assert_eq!(endings(&network, round), [TurnEnd::TooFewUploads]);
    for member in 1..=3 {
        assert_eq!(network.found(member, round), None);
        let phase = &network.engines[member].state().rounds().rounds()[&round].phase;
        assert_eq!(*phase, RoundPhase::Ended("too-few-uploads".into()));
    }
}

#[test]
fn what_may_not_be_asked_for_is_refused_by_name() {
    let mut network = Network::new(5);
    let plan = network.plan(2);
    let no_key = network.command(HUB, Command::OpenRound(Box::new(plan))).unwrap_err();
    assert_eq!(no_key, Refusal::NoSharedKey);
    network.call(&[1, 2, 3], 2, KeyOrigin::New);
    fill(&mut network, 5);
    let round = network.open(2);
    let again = network.plan(2);
    assert_eq!(network.command(HUB, Command::OpenRound(Box::new(again))).unwrap_err(), Refusal::UnderWay);
    let mut join = |round, leakage| network.command(1, Command::JoinRound { round, leakage });
    assert_eq!(join(round, leakage(3)).unwrap_err(), Refusal::Consent);
    assert_eq!(join(round, Digest::from_bytes([0; 32])).unwrap_err(), Refusal::Consent);
    assert_eq!(join(RunId([0; 8]), leakage(2)).unwrap_err(), Refusal::UnknownRound);
    join(round, leakage(2)).unwrap();
    assert_eq!(join(round, leakage(2)).unwrap_err(), Refusal::RoundState("joined"));
    network.command(HUB, Command::CloseRound { round }).unwrap();
    assert_eq!(network.command(HUB, Command::CloseRound { round }).unwrap_err(), Refusal::RoundState("ended"));
    assert_eq!(network.command(1, Command::CloseRound { round }).unwrap_err(), Refusal::NotHub);
}

#[test]
fn a_member_with_more_items_than_the_terms_have_is_told_so() {
    let mut network = with_key(5);
    network.hold(1, (0..2 * ITEMS + 2).map(|number| 2 * number));
    let round = network.open(2);
    network.join(round, 1..=5);
    let phase = &network.engines[1].state().rounds().rounds()[&round].phase;
    assert_eq!(*phase, RoundPhase::Ended("too-many-items".into()));
}

/// More items of one kind than the terms have.
fn overfill(network: &mut Network, member: usize) {
    network.hold(member, (0..2 * ITEMS + 2).map(|number| 2 * number));
}

#[test]
fn a_keyholder_whose_own_part_has_ended_evaluates_for_others() {
    let mut network = with_key(7);
    overfill(&mut network, 1);
    let round = network.open(2);
    network.kill(4);
    network.kill(5);
    network.join(round, [1, 2, 3, 6, 7]);
    network.pass(EVALUATE_SECS + 2_000);
    assert_exact(&network, round, &[2, 3, 6, 7], 2);
}

#[test]
fn a_relay_whose_own_part_has_ended_carries_for_others() {
    let mut network = with_key(7);
    let round = network.open(2);
    let relays = &network.engines[HUB].state().rounds().rounds()[&round].terms.body().relays;
    let first = (1..=7).find(|number| node(*number) == relays[0]).unwrap();
    overfill(&mut network, first);
    network.join(round, 1..=7);
    network.pass(EVALUATE_SECS + 2_000);
    assert_eq!(endings(&network, round), [TurnEnd::Answered]);
    let others: Vec<usize> = (1..=7).filter(|number| *number != first).collect();
    assert_exact(&network, round, &others, 2);
}

#[test]
fn a_round_that_nobody_here_joined_ends_at_its_end_for_whoever_waits() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.join(round, 1..=6);
    network.handle(7, Input::Command(Ticket(9), Command::AwaitRound(round)));
    network.pass(EVALUATE_SECS + 12_000);
    let (_, _, reply) = network.replies.iter().find(|(_, ticket, _)| *ticket == Ticket(9)).unwrap();
    assert!(matches!(reply, Ok(Reply::RoundEnded(RunEnd::Ended(code))) if *code == "round-not-joined".into()));
    for number in 0..=7 {
        assert!(network.engines[number].rounds_under_way().is_empty(), "node {number}");
    }
}

#[test]
fn a_round_that_the_hub_closes_is_over_at_once_for_everyone_there_and_for_others_when_they_come_back() {
    let mut network = with_key(5);
    let round = network.open(2);
    network.join(round, 1..=5);
    network.handle(1, Input::Command(Ticket(9), Command::AwaitRound(round)));
    network.kill(5);
    network.command(HUB, Command::CloseRound { round }).unwrap();
    network.pump();
    let (_, _, reply) = network.replies.iter().find(|(_, ticket, _)| *ticket == Ticket(9)).unwrap();
    assert!(matches!(reply, Ok(Reply::RoundEnded(RunEnd::Ended(code))) if *code == "round-closed".into()));
    network.restart(5);
    for number in 0..=5 {
        let state = network.engines[number].state();
        let is_closed =
            matches!(&state.rounds().rounds()[&round].phase, RoundPhase::Ended(code) if code.0 == "round-closed");
        assert!(is_closed, "node {number}");
    }
}

#[test]
fn a_clock_that_is_set_right_while_nothing_comes_in_costs_minutes_at_most() {
    let mut network = with_key(7);
    let round = network.open(2);
    network.join(round, 1..=7);
    network.pass(EVALUATE_SECS + 2_000);
    // As after a start with a clock that is a month behind; then it is right again, and past the round's end.
    let right = network.now.wall.plus_secs(20_000);
    network.now.wall = UnixTime(network.now.wall.0 - 30 * 86_400);
    for number in 0..=7 {
        network.handle(number, Input::Deadline);
    }
    network.pump();
    network.now.wall = right;
    network.pass(700);
    for number in 0..=7 {
        assert!(network.engines[number].rounds_under_way().is_empty(), "node {number}");
    }
}

/// Everything that hub, relay and keyholders see of two members is the same when the two exchange their lists.
#[test]
fn lists_that_are_exchanged_leave_times_lengths_and_order_as_they_are() {
    for threshold in [2, 3] {
        let seen = |exchanged: bool| {
            let mut network = with_key(6);
            let (one, other) = if exchanged { (2, 1) } else { (1, 2) };
            network.hold(one, 1..=12);
            network.hold(other, [6]);
            let round = network.open(threshold);
            network.join(round, 1..=6);
            network.pass(EVALUATE_SECS + 2_000);
            assert_eq!(endings(&network, round), [TurnEnd::Answered]);
            network.seen.clone()
        };
        let world = seen(false);
        assert!(world.iter().any(|(_, to, kind, _)| *to == HUB && *kind == "Carried"));
        assert_eq!(world, seen(true), "k = {threshold}");
    }
}

#[test]
fn messages_that_arrive_twice_change_nothing() {
    for doubled in ["EvaluateAsk", "TicketAsk", "Upload", "CeremonyPost", "TurnOpened", "RoundOffered"] {
        let mut network = Network::new(5);
        network.doubled = Some(doubled);
        network.call(&[1, 2, 3], 2, KeyOrigin::New);
        fill(&mut network, 5);
        let round = network.open(2);
        network.join(round, 1..=5);
        network.pass(EVALUATE_SECS + 2_000);
        assert_exact(&network, round, &[1, 2, 3, 4, 5], 2);
        assert!(network.closed.is_empty(), "{doubled}");
    }
}

#[test]
fn an_upload_that_comes_late_is_not_counted() {
    let mut network = with_key(6);
    let round = network.open(2);
    network.join(round, 1..=6);
    network.wire =
        passing(|from, _, message| !(from == 2 && matches!(message, Message::Round(RoundMessage::Upload(_)))));
    network.pass(EVALUATE_SECS + 150);
    network.wire = passing(|_, _, _| true);
    let relays = network.engines[HUB].state().rounds().rounds()[&round].terms.body().relays.clone();
    let relay = (1..=6).find(|number| node(*number) == relays[0]).unwrap();
    network.part(2, relay);
    network.pass(3_000);
    assert_exact(&network, round, &[1, 3, 4, 5, 6], 2);
    assert_eq!(network.found(2, round), None);
}

#[test]
fn a_round_that_is_counted_tells_about_how_many_items_it_found_once_a_month_and_no_band() {
    let mut network = Network::allowing(5, &[RunKind::Round, RunKind::Count]);
    network.call(&[1, 2, 3], 2, KeyOrigin::New);
    (1..=5).for_each(|member| network.hold(member, 0..2 * ITEMS));
    let counted = |network: &Network| RoundPlan { tells: RoundTells::Count, ..network.plan(2) };
    let round = network.open_as(counted(&network));
    // A turn that fails draws no noise of its own.
    network.restart(HUB);
    network.join(round, 1..=5);
    network.pass(EVALUATE_SECS + 2_000);
    let known = |network: &Network| {
        let known = &network.engines[HUB].state().rounds().rounds()[&round];
        (known.figure, known.endings.values().map(|ending| ending.band).collect::<Vec<_>>())
    };
    let (told, bands) = known(&network);
    let Some(Figure::About(about)) = told else { panic!("{told:?}") };
    assert!(about.abs_diff(2 * ITEMS) <= founding::noise().margin_of_round(2));
    assert_eq!(bands, [None]);
    network.restart(HUB);
    assert_eq!(known(&network), (told, bands));
    network.pass(20_000);
    let again = counted(&network);
    let refused = network.command(HUB, Command::OpenRound(Box::new(again))).unwrap_err();
    assert_eq!(refused, LedgerRefusal::Released.into());
    network.open(2);
}

#[test]
fn a_round_is_counted_only_where_the_charter_has_counts() {
    let mut network = with_key(5);
    let plan = RoundPlan { tells: RoundTells::Count, ..network.plan(2) };
    let refused = network.command(HUB, Command::OpenRound(Box::new(plan))).unwrap_err();
    assert_eq!(refused, Refusal::NotAllowed("counts"));
}
