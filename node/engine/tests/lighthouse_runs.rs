//! Lighthouse runs in bulk: a member's book against the hub's release, and how they end when something is not as both agreed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod release;
mod wiring;

use std::collections::BTreeMap;

use cwg_crypto::Digest;
use cwg_engine::command::Refusal;
use cwg_engine::record::{Entry, Match, RunPlan};
use cwg_engine::state::RunPhase;
use cwg_protocol::charter::RunKind;
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::lighthouse::{Label, ReleaseError, ReleaseNumber};
use cwg_protocol::psi::{LabelLen, protocol_named};
use cwg_protocol::session::Learns;
use cwg_protocol::wire::Message;
use cwg_protocol::{Item, RunId, UnixTime};
use founding::{DAY_SECS, WALL, node};
use release::{BookFate, CLASS, HUB, MEMBER, Pair, clue, entries, item, published, row};
use wiring::{Wired as _, passing};

/// What the member's journal has of a run's matches.
fn stored(pair: &Pair, run: RunId) -> Vec<Match> {
    let found = pair.journals[MEMBER].iter().filter_map(|record| match &record.entry {
        Entry::Matches { run: of, rows, .. } if *of == run => Some(rows.clone()),
        _ => None,
    });
    found.flatten().collect()
}

fn ended(code: &str) -> RunPhase {
    RunPhase::Ended(code.into())
}

#[test]
fn a_member_learns_the_labels_of_what_it_holds_and_the_hub_learns_nothing() {
    let mut pair = Pair::new();
    let run = pair.start();
    // By plain comparison.
    let labels: BTreeMap<Item, Vec<u8>> = pair.entries.iter().cloned().collect();
    let mut expected: Vec<(Item, Vec<u8>)> =
        (31..=60).filter_map(|number| Some((item(number), labels.get(&item(number))?.clone()))).collect();
    expected.sort();
    let mut found: Vec<(Item, Vec<u8>)> =
        stored(&pair, run).into_iter().map(|found| (found.row.item, found.label)).collect();
    found.sort();
    assert_eq!((expected.len(), &found), (10, &expected));
    assert_eq!(pair.phase(MEMBER, run), RunPhase::Sealed(Some(10)));
    assert_eq!(pair.phase(HUB, run), RunPhase::Sealed(None));
    let state = |number: usize| &pair.engines[number].state().runs()[&run];
    let [ours, theirs] = [MEMBER, HUB].map(|number| state(number).receipt.as_ref().unwrap());
    assert_eq!(ours, theirs, "both have one receipt");
    assert_eq!(ours.terms.release, Some(pair.seen(MEMBER).digest));
    assert_eq!(state(MEMBER).book.as_ref().unwrap().rows, 30);
    // Of its own file the hub is told nothing.
    assert!(state(HUB).plan.lighthouse.as_ref().unwrap().book.is_none());
    assert_eq!((pair.charges(MEMBER), pair.charges(HUB)), (1, 1));
}

#[test]
fn a_release_of_one_clue_is_compared_like_any_other() {
    let mut pair = Pair::new();
    pair.entries = entries(&[clue(35, "A1")]);
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), RunPhase::Sealed(Some(1)));
    let label = Label::decode(&stored(&pair, run)[0].label, CLASS).unwrap();
    assert_eq!((label.clues.len(), label.clues[0].id), (1, clue(35, "A1").fields().id));
    pair.entries.clear();
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), ended("declined-set"));
}

#[test]
fn what_the_charter_does_not_allow_is_not_planned() {
    type Change = fn(&mut RunPlan);
    let cases: [(&str, Change); 5] = [
        ("the hub to learn", |plan| plan.learns = Learns::Both),
        ("this protocol", |plan| plan.protocol = protocol_named("vole").unwrap().id()),
        ("a lighthouse run of these two", |plan| plan.peer = node(2)),
        ("these indicator types and roles", |plan| plan.selection.0 = vec![(IndicatorKind::Email, Roles::BOTH)]),
        // The hub is no member of a pair run.
        ("this protocol", |plan| plan.lighthouse = None),
    ];
    let mut pair = Pair::new();
    for (what, change) in cases {
        let mut plan = pair.plan();
        change(&mut plan);
        assert_eq!(pair.planned(plan).unwrap_err(), Refusal::NotAllowed(what));
    }
    let mut plan = pair.plan();
    plan.lighthouse.as_mut().unwrap().book = None;
    assert_eq!(pair.planned(plan).unwrap_err(), Refusal::NotAllowed("a lighthouse run without a book"));
    let mut plan = pair.plan();
    (plan.lighthouse, plan.protocol) = (None, protocol_named("vole").unwrap().id());
    assert_eq!(pair.planned(plan).unwrap_err(), Refusal::NotAllowed("a run with this member"));
    let mut cards = pair.plan();
    cards.selection.0 = vec![(IndicatorKind::Pan, Roles::BOTH)];
    assert!(pair.planned(cards).is_ok(), "card numbers enter lighthouse runs");
    let mut pair = Pair::with_runs(&[RunKind::Pair]);
    assert_eq!(pair.planned(pair.plan()).unwrap_err(), Refusal::NotAllowed("lighthouse runs"));
}

/// What a member that keeps no rule proposes is declined before anything is loaded.
#[test]
fn the_hub_checks_for_itself_what_is_proposed() {
    type Change = fn(cwg_protocol::wire::Propose) -> cwg_protocol::wire::Propose;
    let cases: [(&str, Change); 4] = [
        ("declined-not-allowed", |propose| cwg_protocol::wire::Propose { learns: Learns::Both, ..propose }),
        ("declined-not-allowed", |propose| cwg_protocol::wire::Propose { release: None, ..propose }),
        ("declined-size", |mut propose| {
            propose.set.padded = 40;
            propose
        }),
        ("declined-size", |mut propose| {
            propose.set.label_len = LabelLen::new(64).unwrap();
            propose
        }),
    ];
    for (code, change) in cases {
        let mut pair = Pair::new();
        pair.wire = Box::new(move |_, _, message| match message {
            Message::Propose(propose) => Some(Message::Propose(change(propose))),
            other => Some(other),
        });
        let run = pair.start();
        assert_eq!(pair.phase(MEMBER, run), ended(code));
        assert_eq!((pair.gathers[HUB], pair.charges(HUB)), (0, 0), "{code}");
    }
}

#[test]
fn a_book_is_bounded_by_the_charter_and_the_release_is_not() {
    let mut pair = Pair::new();
    pair.book.extend((61..=63).map(|number| row(number, IndicatorKind::Phone)));
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), ended("set-too-large"), "33 items where 32 are allowed");
    pair.book.truncate(9);
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), ended("set-too-small"));
    // Forty clues are over the charter's 32 items, and no matter.
    assert!(pair.entries.len() > 32);
    // What is not of the selection does not count.
    pair.book = (31..=45).map(|number| row(number, IndicatorKind::Phone)).collect();
    pair.book.extend((100..200).map(|number| row(number, IndicatorKind::Email)));
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), RunPhase::Sealed(Some(10)));
}

#[test]
fn another_release_than_the_hubs_current_one_is_declined_and_the_plan_is_made_anew() {
    let mut pair = Pair::new();
    // The newer release does not reach the member.
    pair.wire = passing(|_, _, message| !matches!(message, Message::ReleaseOffer(_)));
    pair.restart_with(HUB, published(2, UnixTime(WALL - 60), HUB));
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), RunPhase::Running, "it may be on its way");
    assert_eq!(pair.gathers[HUB], 0);
    pair.pass_ms(600_000);
    assert_eq!(pair.phase(MEMBER, run), ended("declined-release"));
    assert_eq!((pair.charges(MEMBER), pair.charges(HUB)), (5, 0));
    // It comes while a run waits for another session.
    let run = pair.start();
    pair.restart_with(MEMBER, published(2, UnixTime(WALL - 60), MEMBER));
    pair.pass_ms(60_000);
    assert_eq!(pair.phase(MEMBER, run), ended("release-outdated"));
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), RunPhase::Sealed(Some(10)));
    assert_eq!(pair.seen(MEMBER).number, ReleaseNumber(2));
}

#[test]
fn a_digest_that_is_no_release_of_the_hub_is_declined_by_the_same_code() {
    let mut pair = Pair::new();
    pair.wire = Box::new(|_, _, message| match message {
        Message::Propose(mut propose) => {
            propose.release = Some(Digest::from_bytes([1; 32]));
            Some(Message::Propose(propose))
        }
        other => Some(other),
    });
    let run = pair.start();
    pair.pass_ms(600_000);
    assert_eq!((pair.phase(MEMBER, run), pair.gathers[HUB]), (ended("declined-release"), 0));
}

#[test]
fn an_expired_release_is_compared_by_neither_side() {
    let mut pair = Pair::new();
    let planned = pair.planned(pair.plan()).unwrap();
    pair.now.wall = UnixTime(WALL + 45 * DAY_SECS);
    let expired = Refusal::Release(ReleaseError::Expired(ReleaseNumber(1)));
    assert_eq!(pair.consent(planned).unwrap_err(), expired);
    assert_eq!(pair.planned(pair.plan()).unwrap_err(), expired);
    assert_eq!(pair.charges(MEMBER), 0);
}

#[test]
fn labels_of_another_length_than_the_release_says_end_the_session_before_it_begins() {
    // A hub whose files are not those of its release declines by itself.
    let mut pair = Pair::new();
    pair.label_len = 128;
    let run = pair.start();
    pair.pass_ms(600_000);
    assert_eq!((pair.phase(MEMBER, run), pair.charges(HUB)), (ended("declined-busy"), 0));
    // One that says so in its answer is at fault.
    let mut pair = Pair::new();
    pair.wire = Box::new(|from, _, message| match message {
        Message::Accept(mut accept) if from == HUB => {
            accept.set.label_len = LabelLen::new(128).unwrap();
            Some(Message::Accept(accept))
        }
        other => Some(other),
    });
    let run = pair.start();
    assert_eq!(pair.phase(MEMBER, run), ended("label-wrong-class"));
    assert_eq!(pair.engines[MEMBER].state().faults(node(HUB)), 1);
}

#[test]
fn a_bad_label_of_a_match_ends_the_run_with_nothing_stored_and_one_of_no_match_is_never_seen() {
    type Spoil = fn(&mut Vec<u8>);
    let cases: [(&str, Spoil); 3] = [
        ("label-not-canonical", |label| *label.last_mut().unwrap() = 1),
        ("label-malformed", |label| label[5 + 18] = 0xff),
        // The release has one source.
        ("label-source-unlisted", |label| label[5 + 23] = 1),
    ];
    for (code, spoil) in cases {
        let spoilt = |number: u16| {
            let mut pair = Pair::new();
            let at = pair.entries.iter().position(|(of, _)| *of == item(number)).unwrap();
            spoil(&mut pair.entries[at].1);
            let run = pair.start();
            (pair, run)
        };
        let (pair, run) = spoilt(33);
        assert_eq!(pair.phase(MEMBER, run), ended(code));
        assert!(stored(&pair, run).is_empty(), "{code}");
        // The hub has its seal, and cannot tell this from a run that went well.
        assert_eq!(pair.phase(HUB, run), RunPhase::Sealed(None), "{code}");
        assert!(pair.closed.is_empty(), "{code}");
        assert_eq!(pair.engines[MEMBER].state().faults(node(HUB)), 1, "{code}");
        let (pair, run) = spoilt(3);
        assert_eq!(pair.phase(MEMBER, run), RunPhase::Sealed(Some(10)), "{code}");
    }
}

#[test]
fn a_book_that_cannot_be_read_or_that_changed_ends_the_run_by_name_with_nothing_stored() {
    for (fate, code, charges) in [(BookFate::Unread, "book-unread", 0), (BookFate::Changes, "book-changed", 1)] {
        let mut pair = Pair::new();
        pair.fate = fate;
        let run = pair.start();
        assert_eq!((pair.phase(MEMBER, run), pair.charges(MEMBER)), (ended(code), charges));
        assert!(stored(&pair, run).is_empty());
        assert_eq!(pair.engines[MEMBER].state().faults(node(HUB)), 0, "no fault of the hub's");
    }
}
