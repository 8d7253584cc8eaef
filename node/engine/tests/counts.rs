//! Counts of two banks and a hub: near plain counting, once a month, whoever goes away.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod wiring;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use cwg_crypto::Digest;
use cwg_engine::command::{Command, CountPlan, Refusal, Reply};
use cwg_engine::io::{Effect, IndicatorRow, Input, LoadQuery, Loaded};
use cwg_engine::record::Entry;
use cwg_engine::{CountPhase, KnownCount, PersonItems};
use cwg_protocol::RunId;
use cwg_protocol::charter::{Budget, KindRoles, RunKind};
use cwg_protocol::count::{CountMessage, CountRefusal, Figure, LEAKAGE, LedgerRefusal};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::wire::Message;
use founding::{DAY_SECS, Group, PILOT, node, noise, row_of};
use wiring::{Nodes, Wired, passing};

const HUB: usize = 0;
const BANKS: [usize; 2] = [1, 2];
const ITEMS: u32 = 256;
const SECS: u64 = 3_600;
const KIND: IndicatorKind = IndicatorKind::Phone;

/// The hub is node 0, banks are 1 and up.
struct Network {
    nodes: Nodes,
    held: Vec<Vec<IndicatorRow>>,
}

wiring::of_nodes!(Network);

impl Wired for Network {
    fn carry_out(&mut self, number: usize, effect: Effect) {
        let input = match effect {
            Effect::Dial(dial) => return self.dial(number, &dial),
            Effect::Load(ticket, LoadQuery::ItemsByPerson { selection, each, limit }) => {
                let rows = self.held[number].iter().filter(|row| selection.contains(row)).cloned();
                let list = PersonItems::of(rows.map(Ok::<_, Infallible>), each, limit).unwrap();
                Input::Loaded(ticket, list.map_or(Loaded::TooMany, Loaded::ItemsByPerson))
            }
            Effect::Compute(ticket, job) => Input::Computed(ticket, job.run()),
            other => panic!("{other:?} is no part of a count"),
        };
        self.handle(number, input);
    }
}

impl Network {
    fn new(members: usize) -> Self {
        let all: Vec<usize> = (1..=members).collect();
        let group = Group { hub: HUB, members: &all };
        let budget = Budget { items_per_session: 4096, sessions_per_day: 2, items_min: 10 };
        let charter = group.charter(&[KIND], &[RunKind::Count], budget);
        let journals = (0..=members).map(|number| group.journal(number, Some(&charter))).collect();
        let mut network = Self { nodes: Nodes::new(journals), held: vec![Vec::new(); members + 1] };
        network.pump();
        network
    }

    /// Two banks that have 200 of their 240 items in common.
    fn pair() -> Self {
        let mut network = Self::new(2);
        network.hold(1, 0..240);
        network.hold(2, 40..280);
        network
    }

    fn hold(&mut self, bank: usize, numbers: Range<u32>) {
        let mut rows: Vec<_> = numbers.map(|number| row_of(KIND, &format!("invented {number}"))).collect();
        rows.sort_by_key(|row| row.item);
        self.held[bank] = rows;
    }

    fn plan(banks: [usize; 2], items: u32) -> CountPlan {
        let kinds = vec![KindRoles { kind: KIND, roles: Roles::BOTH }];
        CountPlan { pilot: PILOT, banks: banks.map(node), kinds, items, secs: SECS }
    }

    fn try_open(&mut self, banks: [usize; 2]) -> Result<RunId, Refusal> {
        match self.command(HUB, Command::OpenCount(Self::plan(banks, ITEMS)))? {
            Reply::CountOpened(count) => Ok(count),
            other => panic!("{other:?}"),
        }
    }

    fn open(&mut self) -> RunId {
        self.try_open(BANKS).unwrap()
    }

    fn try_join(&mut self, bank: usize, count: RunId) -> Result<(), Refusal> {
        self.command(bank, Command::JoinCount { count, leakage: LEAKAGE.digest() }).map(|_| ())
    }

    /// Both banks consent.
    fn join(&mut self, count: RunId) {
        for bank in BANKS {
            self.try_join(bank, count).unwrap();
        }
    }

    fn known(&self, number: usize, count: RunId) -> &KnownCount {
        &self.engines[number].state().counts().counts()[&count]
    }

    fn told(&self, number: usize, count: RunId) -> Option<Figure> {
        match self.known(number, count).phase {
            CountPhase::Told(figure) => Some(figure),
            _ => None,
        }
    }

    fn ended(&self, number: usize, count: RunId) -> &str {
        match &self.known(number, count).phase {
            CountPhase::Ended(code) => &code.0,
            other => panic!("node {number} is {other:?}"),
        }
    }

    /// How often a count was charged at a node.
    fn charges(&self, number: usize) -> usize {
        let is_charge = |entry: &Entry| matches!(entry, Entry::CountCharged { .. } | Entry::Counted { .. });
        self.journals[number].iter().filter(|record| is_charge(&record.entry)).count()
    }

    fn assert_told(&self, count: RunId, expected: Figure) {
        for number in 0..=2 {
            assert_eq!(self.told(number, count), Some(expected), "node {number}");
            assert_eq!(self.charges(number), 1, "node {number}");
        }
    }
}

/// What an undisturbed count of the pair tells.
fn undisturbed() -> Figure {
    let mut network = Network::pair();
    let count = network.open();
    network.join(count);
    network.told(1, count).unwrap()
}

fn is_from(message: &Message, name: &str) -> bool {
    matches!(message, Message::Count(message) if message.name() == name)
}

#[test]
fn both_banks_and_the_hub_get_one_figure_near_the_plain_count() {
    for (shared, items) in [(0..0, 240), (40..280, 200), (0..240, 240)] {
        let mut network = Network::new(2);
        network.hold(1, 0..240);
        network.hold(2, if shared.is_empty() { 1_000..1_240 } else { shared.clone() });
        let count = network.open();
        network.join(count);
        let figure = network.told(HUB, count).unwrap();
        network.assert_told(count, figure);
        match figure {
            Figure::UnderFloor => assert!(shared.is_empty()),
            Figure::About(about) => {
                assert!(!shared.is_empty());
                assert!(about.abs_diff(items) <= 3 * noise().bound() + 5);
                // And with these seeds where 19 of 20 are.
                assert!(about.abs_diff(items) <= noise().margin_of_pair());
            }
        }
        assert!(network.closed.is_empty());
        assert!((0..=2).all(|number| network.refused(number).is_empty()));
    }
}

#[test]
fn whoever_waits_for_a_count_is_told_when_it_is_over() {
    let mut network = Network::pair();
    let count = network.open();
    for number in [HUB, 1] {
        network.give(number, Command::AwaitCount(count));
        assert!(network.reply(number).is_none());
    }
    network.join(count);
    for number in [HUB, 1] {
        assert!(matches!(network.reply(number), Some(Ok(Reply::Done))), "node {number}");
    }
}

#[test]
fn a_pair_has_one_count_a_month() {
    let mut network = Network::pair();
    let count = network.open();
    assert_eq!(network.try_open(BANKS).unwrap_err(), Refusal::UnderWay);
    network.join(count);
    assert_eq!(network.try_open([2, 1]).unwrap_err(), LedgerRefusal::Released.into());
    network.pass_ms(31 * DAY_SECS * 1_000);
    let next = network.open();
    network.join(next);
    assert!(network.told(1, next).is_some());
}

#[test]
fn a_bank_is_in_no_more_counts_of_a_month_than_its_epsilon_allows() {
    let mut network = Network::new(6);
    for other in 2..=5 {
        network.try_open([1, other]).unwrap();
    }
    // None of them has told anything yet: what is under way counts.
    let refused = network.try_open([1, 6]).unwrap_err();
    assert_eq!(refused, LedgerRefusal::Epsilon { asked: 500, left: 0 }.into());
    network.try_open([2, 6]).unwrap();
}

#[test]
fn a_bank_consents_to_no_more_than_its_own_ledger_allows() {
    let mut network = Network::pair();
    let before = network.journals[HUB].clone();
    let count = network.open();
    network.join(count);
    // A hub that was set back to an old copy of its journal, or forgets on purpose.
    network.journals[HUB] = before;
    network.restart(HUB);
    network.pass_ms(60_000);
    let again = network.open();
    for bank in BANKS {
        assert_eq!(network.try_join(bank, again).unwrap_err(), LedgerRefusal::Released.into());
        assert_eq!(network.charges(bank), 1);
    }
}

#[test]
fn a_second_count_of_the_same_two_banks_is_passed_over_and_noted() {
    let mut network = Network::pair();
    let before = network.journals[HUB].clone();
    let first = network.open();
    network.try_join(1, first).unwrap();
    network.journals[HUB] = before;
    network.restart(HUB);
    network.pass_ms(60_000);
    network.try_open(BANKS).unwrap();
    for bank in BANKS {
        assert_eq!(network.refused(bank)[0], "count-offered-twice");
        assert_eq!(network.engines[bank].state().counts().counts().len(), 1);
        assert!(!network.closers().contains(&bank), "rounds go on over the same connection");
    }
}

#[test]
fn a_count_to_which_one_bank_does_not_come_ends_uncharged_and_another_follows() {
    let mut network = Network::pair();
    let count = network.open();
    network.try_join(1, count).unwrap();
    network.pass_ms(1_000 * (SECS + 2));
    assert_eq!(network.ended(HUB, count), "count-unanswered");
    assert_eq!(network.ended(1, count), "count-unanswered");
    assert_eq!(network.ended(2, count), "count-missed");
    assert_eq!(network.try_join(2, count).unwrap_err(), Refusal::CountState("ended"));
    assert_eq!([HUB, 1, 2].map(|number| network.charges(number)), [0; 3]);
    let next = network.open();
    network.join(next);
    assert!(network.told(2, next).is_some());
}

#[test]
fn whoever_starts_again_at_any_point_gets_the_same_figure() {
    let expected = undisturbed();
    for held in ["CountElements", "CountTags", "CountAnswered"] {
        for from in [HUB, 1, 2] {
            for restarted in [HUB, 1, 2] {
                let mut network = Network::pair();
                let count = network.open();
                network.wire = passing(move |of, _, message| !(of == from && is_from(message, held)));
                network.join(count);
                network.restart(restarted);
                network.wire = passing(|_, _, _| true);
                network.lose(|_| true);
                network.pass_ms(60_000);
                network.assert_told(count, expected);
            }
        }
    }
}

#[test]
fn a_bank_that_was_away_gets_the_answer_when_it_comes_back() {
    let expected = undisturbed();
    for days in [0, 3] {
        let mut network = Network::pair();
        let count = network.open();
        network.wire = passing(|_, to, message| !(to == 2 && is_from(message, "CountAnswered")));
        network.join(count);
        network.kill(2);
        network.wire = passing(|_, _, _| true);
        network.pass_ms(days * DAY_SECS * 1_000 + 1_000);
        network.restart(2);
        network.pass_ms(60_000);
        network.assert_told(count, expected);
    }
}

#[test]
fn a_bank_that_has_sent_all_and_starts_again_after_the_end_still_awaits_the_answer() {
    let expected = undisturbed();
    let mut network = Network::pair();
    let count = network.open();
    network.wire = passing(|_, to, message| !(to == 2 && is_from(message, "CountAnswered")));
    network.join(count);
    network.kill(2);
    network.pass_ms((SECS + 60) * 1_000);
    network.restart(2);
    assert_eq!(network.engines[2].state().counts().counts()[&count].phase, CountPhase::Joined);
    network.wire = passing(|_, _, _| true);
    network.restart(HUB);
    network.pass_ms(60_000);
    network.assert_told(count, expected);
}

#[test]
fn lists_of_several_batches_survive_lost_connections() {
    let mut network = Network::new(2);
    network.hold(1, 0..1_500);
    network.hold(2, 500..2_000);
    let plan = Network::plan(BANKS, 1_536);
    let Ok(Reply::CountOpened(count)) = network.command(HUB, Command::OpenCount(plan)) else { panic!("not opened") };
    let mut lost = 0;
    network.wire = passing(move |from, _, message| {
        let is_second = matches!(
            message,
            Message::Count(CountMessage::CountElements(elements)) if from == 1 && elements.number == 1
        );
        lost += usize::from(is_second);
        !is_second || lost > 2
    });
    network.join(count);
    for _ in 0..3 {
        assert_eq!(network.told(2, count).is_some(), network.charges(2) == 1);
        network.part(1, 2);
        network.pass_ms(20_000);
    }
    let Some(Figure::About(about)) = network.told(2, count) else { panic!("not told") };
    assert!(about.abs_diff(1_000) <= noise().margin_of_pair());
    assert!(network.closed.is_empty());
}

#[test]
fn messages_that_arrive_twice_change_nothing() {
    let expected = undisturbed();
    for doubled in ["CountOffered", "CountElements", "CountTags", "CountAnswered"] {
        let mut network = Network::pair();
        network.doubled = Some(doubled);
        let count = network.open();
        network.join(count);
        network.assert_told(count, expected);
        assert!(network.closed.is_empty(), "{doubled}");
    }
}

#[test]
fn a_bank_whose_list_is_another_one_after_a_start_sends_nothing_more() {
    let mut network = Network::pair();
    let count = network.open();
    network.try_join(1, count).unwrap();
    network.hold(1, 0..239);
    network.restart(1);
    assert_eq!(network.ended(1, count), "count-list-changed");
    network.try_join(2, count).unwrap();
    network.pass_ms(60_000);
    assert_eq!([HUB, 1, 2].map(|number| network.charges(number)), [0; 3]);
}

#[test]
fn a_bank_that_sends_another_list_after_a_start_of_the_other_tests_no_second_one() {
    let mut network = Network::pair();
    let count = network.open();
    network.wire = passing(|_, _, message| !is_from(message, "CountTags"));
    network.join(count);
    assert_eq!(network.charges(1), 1);
    // The elements of the one stand in place of the other's: as many, ascending, and of the group.
    let mut elements = None;
    network.wire = Box::new(move |from, _, message| match message {
        Message::Count(CountMessage::CountElements(of)) if from == 1 => {
            elements = Some(of.clone());
            Some(Message::Count(CountMessage::CountElements(of)))
        }
        Message::Count(CountMessage::CountElements(_)) => {
            elements.clone().map(|of| Message::Count(CountMessage::CountElements(of)))
        }
        Message::Count(CountMessage::CountTags(_)) => None,
        other => Some(other),
    });
    network.restart(1);
    network.pass_ms(60_000);
    assert_eq!(network.ended(1, count), "count-other-changed");
    assert_eq!(network.charges(1), 1);
}

#[test]
fn terms_that_the_hub_did_not_sign_are_refused() {
    let mut network = Network::pair();
    network.wire = Box::new(|_, _, message| {
        let Message::Count(CountMessage::CountOffered(_)) = &message else { return Some(message) };
        let mut bytes = message.encode();
        let last = bytes.len() - 100;
        bytes[last] ^= 1;
        Some(Message::decode(&bytes).unwrap())
    });
    network.open();
    for bank in BANKS {
        assert_eq!(network.refused(bank), ["count-wrong-signer"]);
        assert!(network.engines[bank].state().counts().counts().is_empty());
    }
}

#[test]
fn a_stranger_s_list_and_tags_count_for_nothing_and_end_nothing() {
    let mut network = Network::new(3);
    network.hold(1, 0..240);
    network.hold(2, 40..280);
    let count = network.open();
    network.try_join(1, count).unwrap();
    // What bank 1 says to bank 2 comes to bank 1 and the hub as if bank 3 had said it.
    network.link(3, 1);
    network.pump();
    network.wire = Box::new(|from, to, message| match message {
        Message::Count(CountMessage::CountElements(_)) if (from, to) == (2, 1) => None,
        other => Some(other),
    });
    network.try_join(2, count).unwrap();
    assert_eq!(network.told(1, count), None);
    let known = network.known(1, count).terms.clone();
    let tags =
        cwg_protocol::count::CountTags { terms: known.digest(), number: 0, tags: vec![[1; 16]].try_into().unwrap() };
    network.say(3, HUB, &Message::Count(CountMessage::CountTags(tags)));
    let elements = cwg_protocol::count::CountElements {
        terms: known.digest(),
        number: 0,
        elements: vec![[1; 32]].try_into().unwrap(),
    };
    network.say(3, 1, &Message::Count(CountMessage::CountElements(elements)));
    for number in [HUB, 1] {
        assert_eq!(network.refused(number), ["unexpected-message"], "node {number}");
    }
    network.wire = passing(|_, _, _| true);
    network.part(1, 2);
    network.pass_ms(60_000);
    assert!(network.told(1, count).is_some());
}

#[test]
fn what_a_bank_sends_against_the_rules_ends_the_count_where_it_comes() {
    let mut network = Network::pair();
    let count = network.open();
    network.wire = Box::new(|from, _, message| match message {
        Message::Count(CountMessage::CountTags(mut tags)) if from == 1 => {
            let mut reversed = tags.tags.into_inner();
            reversed.reverse();
            tags.tags = reversed.try_into().unwrap();
            Some(Message::Count(CountMessage::CountTags(tags)))
        }
        other => Some(other),
    });
    network.join(count);
    assert_eq!(network.ended(HUB, count), "tags-out-of-order");
    assert_eq!(network.charges(HUB), 0);
    network.pass_ms(1_000 * (SECS + 700));
    for bank in BANKS {
        assert_eq!(network.ended(bank, count), "count-unanswered", "nobody is told why");
        assert_eq!(network.charges(bank), 1, "its tags were sent");
    }
}

#[test]
fn what_may_not_be_asked_for_is_refused_by_name() {
    let mut network = Network::new(3);
    let count = network.open();
    let mut join =
        |bank: usize, count, leakage| network.command(bank, Command::JoinCount { count, leakage }).unwrap_err();
    assert_eq!(join(1, count, Digest::from_bytes([0; 32])), Refusal::Consent);
    assert_eq!(join(1, RunId([0; 8]), LEAKAGE.digest()), Refusal::UnknownCount);
    assert_eq!(join(3, count, LEAKAGE.digest()), Refusal::UnknownCount, "only its two banks know of it");
    assert_eq!(join(HUB, count, LEAKAGE.digest()), Refusal::NotMember);
    let mut open = |number: usize, plan| network.command(number, Command::OpenCount(plan)).unwrap_err();
    assert_eq!(open(1, Network::plan([1, 3], ITEMS)), Refusal::NotHub);
    assert_eq!(open(HUB, Network::plan([1, 1], ITEMS)).code(), "count-rule");
    assert_eq!(open(HUB, Network::plan([1, 9], ITEMS)).code(), "count-not-allowed");
    assert_eq!(open(HUB, Network::plan([1, 3], 5_000)).code(), "count-not-allowed");
    let long = CountPlan { secs: 8 * DAY_SECS, ..Network::plan([1, 3], ITEMS) };
    assert_eq!(open(HUB, long).code(), "count-rule");
    let unknown = CountPlan { pilot: cwg_protocol::PilotId([1; 8]), ..Network::plan([1, 3], ITEMS) };
    assert_eq!(open(HUB, unknown), Refusal::UnknownPilot);
}

#[test]
fn a_list_that_does_not_fit_is_refused_and_another_one_is_taken() {
    let mut network = Network::pair();
    let count = network.open();
    for (numbers, refused) in
        [(0..9, CountRefusal::TooFew { own: 9, least: 10 }), (0..300, CountRefusal::TooMany { own: 300, room: ITEMS })]
    {
        network.hold(1, numbers);
        assert_eq!(network.try_join(1, count).unwrap_err(), refused.into());
        assert_eq!(network.known(1, count).phase, CountPhase::Open);
    }
    network.hold(1, 0..240);
    network.join(count);
    network.assert_told(count, network.told(HUB, count).unwrap());
    assert_eq!(network.try_join(1, count).unwrap_err(), Refusal::CountState("told"));
}

#[test]
fn a_person_brings_no_more_items_than_the_noise_hides() {
    let mut network = Network::pair();
    // Bank 1: 120 persons with two items each.
    for (number, row) in network.held[1].iter_mut().enumerate() {
        row.references = vec![format!("c{}", number / 2)];
    }
    let count = network.open();
    network.join(count);
    let own = network.known(1, count).own.unwrap();
    assert_eq!((own.items, own.left_out), (120, 120));
    let brought: BTreeSet<_> = network.held[1].iter().step_by(2).map(|row| row.item).collect();
    let common = network.held[2].iter().filter(|row| brought.contains(&row.item)).count() as u32;
    let Some(Figure::About(about)) = network.told(1, count) else { panic!("not told") };
    assert!(about.abs_diff(common) <= noise().margin_of_pair());
}

/// What the hub and whoever watches sees has the same lengths and order, whatever the two have in common.
#[test]
fn nothing_but_the_figure_depends_on_what_two_banks_have_in_common() {
    let seen = |other: Range<u32>| {
        let mut network = Network::pair();
        network.hold(2, other);
        let count = network.open();
        network.join(count);
        assert!(network.told(1, count).is_some());
        network.seen.clone()
    };
    let everything = seen(0..240);
    assert!(everything.iter().any(|(from, to, kind, _)| (*from, *to, *kind) == (1, HUB, "CountTags")));
    assert_eq!(everything, seen(1_000..1_240));
    assert_eq!(everything, seen(40..280));
    assert_eq!(everything, seen(0..10), "nor on how many items it has");
}
