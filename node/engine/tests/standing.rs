//! The standing comparison between a hub and a member: periods, evaluations, downloads, rotation, and every fault by its name.

mod founding;
mod hub_and_member;
mod wiring;

use cwg_crypto::Seed;
use cwg_crypto::voprf::EvaluationKey;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::record::Entry;
use cwg_protocol::charter::RunKind;
use cwg_protocol::lighthouse::standing::{Period, PeriodBody, PeriodError, SignedPeriod};
use cwg_protocol::wire::{EvaluateCode, Message};
use founding::{DAY_SECS, node, node_key};
use hub_and_member::{BANK, HUB, Pair, ask, items};
use wiring::{Wired as _, passing};

fn not_evaluated(code: EvaluateCode, left: u32) -> Refusal {
    Refusal::NotEvaluated { code, left }
}

#[test]
fn what_is_evaluated_is_what_the_hub_publishes_and_later_editions_count() {
    let mut pair = Pair::new();
    let period = pair.open_period(1000);
    pair.release(&items(0..40));
    pair.edition(period).unwrap();
    pair.connect();
    let own = items(20..60);
    let outputs = pair.evaluate(period, &own).unwrap();
    assert_eq!(outputs.len(), own.len());
    let published = items(0..40);
    for (item, output) in own.iter().zip(&outputs) {
        let label = published.contains(item).then(|| [item.0, item.0].concat());
        assert_eq!(pair.said(period, output), label);
    }
    // A release after it: some are new, some are gone.
    pair.release(&items(30..50));
    pair.edition(period).unwrap();
    let published = items(30..50);
    for (item, output) in own.iter().zip(&outputs) {
        assert_eq!(pair.said(period, output).is_some(), published.contains(item));
    }
    assert!(pair.closed.is_empty() && pair.refused(BANK).is_empty());
}

#[test]
fn a_batch_is_charged_before_it_is_evaluated_and_never_beyond_the_allowance() {
    let mut pair = Pair::new();
    let period = pair.open_period(10);
    pair.connect();
    pair.hold_jobs = true;
    pair.give(BANK, ask(period, &items(0..6)));
    pair.run_held();
    // The batch is at the hub; nothing of it was evaluated, and the charge is in the journal.
    let charged = |pair: &Pair| {
        let charges = pair.journals[HUB].iter().filter_map(|record| match record.entry {
            Entry::EvaluationCharged { member, items, .. } => Some((member, items)),
            _ => None,
        });
        charges.collect::<Vec<_>>()
    };
    assert_eq!(charged(&pair), [(node(BANK), 6)]);
    // The hub ends before it has evaluated: what was charged is spent.
    pair.restart(HUB);
    pair.hold_jobs = false;
    let left = |pair: &Pair| {
        let period = &pair.engines[HUB].state().standing().periods()[&period];
        period.allowance().unwrap().left(node(BANK))
    };
    assert_eq!(left(&pair), 4);
    pair.connect();
    assert_eq!(pair.reply(BANK).unwrap().unwrap_err(), not_evaluated(EvaluateCode::Allowance, 4), "asked for again");
    assert_eq!(pair.evaluate(period, &items(0..5)).unwrap_err(), not_evaluated(EvaluateCode::Allowance, 4));
    assert_eq!(pair.evaluate(period, &items(0..4)).unwrap().len(), 4);
    assert_eq!(left(&pair), 0);
    assert_eq!(pair.evaluate(period, &items(0..1)).unwrap_err(), not_evaluated(EvaluateCode::Allowance, 0));
    assert!(pair.closed.is_empty(), "an allowance that is used up is no fault");
}

#[test]
fn what_a_lost_connection_takes_is_asked_for_again_over_the_next() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    pair.wire = passing(|_, _, message| !matches!(message, Message::Evaluated(_)));
    pair.give(BANK, ask(period, &items(0..5)));
    assert!(pair.replies.is_empty());
    pair.wire = passing(|_, _, _| true);
    pair.lose();
    pair.connect();
    let Ok(Reply::Evaluated(outputs)) = pair.reply(BANK).unwrap() else { panic!("no outputs") };
    let again = pair.evaluate(period, &items(0..5)).unwrap();
    assert!(outputs.iter().zip(&again).all(|(one, other)| one.expose() == other.expose()));
    // What was asked is in this member's own records, before anything of it was sent.
    let asked = pair.engines[BANK].state().standing().periods()[&period].asked();
    assert_eq!(asked, 10);
    // No hub for two minutes: the command ends by name, and a late answer is no fault.
    pair.lose();
    pair.give(BANK, ask(period, &items(0..5)));
    pair.pass_ms(119_000);
    assert!(pair.replies.is_empty());
    pair.pass_ms(1_000);
    assert_eq!(pair.reply(BANK).unwrap().unwrap_err(), Refusal::HubUnreachable);
}

#[test]
fn an_evaluation_under_another_key_or_spoiled_is_a_fault_and_gives_no_output() {
    type Change = fn(&mut cwg_protocol::wire::Evaluated);
    let changes: [(&str, Change); 4] = [
        ("bad-proof", |answer| {
            let mut elements = answer.elements.to_vec();
            elements.swap(0, 1);
            answer.elements = elements.try_into().unwrap();
        }),
        ("count-mismatch", |answer| answer.elements = answer.elements[1..].to_vec().try_into().unwrap()),
        ("bad-element", |answer| {
            let mut elements = answer.elements.to_vec();
            elements[2] = [0; 32];
            answer.elements = elements.try_into().unwrap();
        }),
        ("bad-proof", |answer| {
            let key = EvaluationKey::from_seed(&Seed::new([1; 32]));
            let seed = Seed::new([2; 32]);
            let (elements, proof) = cwg_crypto::voprf::evaluate(&key, &answer.elements, seed).unwrap();
            (answer.elements, answer.proof) = (elements.try_into().unwrap(), proof);
        }),
    ];
    for (code, change) in changes {
        let mut pair = Pair::new();
        let period = pair.open_period(100);
        pair.connect();
        pair.wire = Box::new(move |_, _, message| match message {
            Message::Evaluated(mut answer) => {
                change(&mut answer);
                Some(Message::Evaluated(answer))
            }
            message => Some(message),
        });
        assert_eq!(pair.evaluate(period, &items(0..5)).unwrap_err(), Refusal::HubFault(code.into()), "{code}");
        assert_eq!((pair.refused(BANK), pair.closers()), (vec![code], vec![BANK]));
    }
}

#[test]
fn a_member_that_sends_what_is_no_element_is_at_fault_and_what_it_was_charged_is_spent() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    pair.wire = Box::new(|_, _, message| match message {
        Message::Evaluate(mut request) => {
            request.elements = vec![[0xff; 32]].try_into().unwrap();
            Some(Message::Evaluate(request))
        }
        message => Some(message),
    });
    pair.give(BANK, ask(period, &items(0..1)));
    assert_eq!((pair.refused(HUB), pair.closers()), (vec!["bad-element"], vec![HUB]));
    let left = pair.engines[HUB].state().standing().periods()[&period].allowance().unwrap().left(node(BANK));
    assert_eq!(left, 99);
}

#[test]
fn nothing_is_evaluated_without_a_charter_that_allows_it_on_both_sides() {
    let mut pair = Pair::under(&[RunKind::Pair]);
    let period = pair.open_period(100);
    pair.connect();
    assert!(matches!(pair.evaluate(period, &items(0..1)), Err(Refusal::NotAllowed(_))));
    // A member that asks all the same.
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    pair.wire = Box::new(|_, _, message| match message {
        Message::Evaluate(mut request) => {
            request.pilot = cwg_protocol::PilotId([5; 8]);
            Some(Message::Evaluate(request))
        }
        message => Some(message),
    });
    assert_eq!(pair.evaluate(period, &items(0..1)).unwrap_err(), not_evaluated(EvaluateCode::NotAllowed, 100));
    assert_eq!(pair.refused(HUB), ["evaluation-not-allowed"]);
}

#[test]
fn a_second_key_for_a_period_is_a_fault_by_name_and_the_first_stays() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    let pinned = pair.engines[BANK].state().standing().periods()[&period].body().clone();
    pair.lose();
    let public = EvaluationKey::from_seed(&Seed::new([1; 32])).public();
    let body = PeriodBody { public, ..pinned.clone() };
    let second = SignedPeriod::sign(&body, &node_key(HUB)).unwrap();
    pair.wire = Box::new(move |_, _, message| match message {
        Message::PeriodOffer(mut offer) => {
            offer.period = second.clone();
            Some(Message::PeriodOffer(offer))
        }
        message => Some(message),
    });
    pair.connect();
    assert_eq!((pair.refused(BANK), pair.closers()), (vec!["period-fork"], vec![BANK]));
    assert_eq!(pair.engines[BANK].state().standing().periods()[&period].body(), &pinned);
}

#[test]
fn a_download_goes_on_where_it_broke_off_and_a_bad_chunk_is_asked_for_once_more() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.release(&items(0..6000));
    let digest = pair.edition(period).unwrap();
    // Three chunks arrive, then the connection goes.
    let mut through = 3;
    pair.wire = Box::new(move |_, _, message| match message {
        Message::Chunk(_) if through == 0 => None,
        Message::Chunk(chunk) => {
            through -= 1;
            Some(Message::Chunk(chunk))
        }
        message => Some(message),
    });
    pair.connect();
    pair.lose();
    assert!(pair.engines[BANK].state().standing().edition(digest).is_none(), "nothing of it counts yet");
    // The member is killed; the rest comes, one chunk changed on its way, once.
    pair.restart(BANK);
    let mut spoiled = false;
    pair.wire = Box::new(move |_, _, message| match message {
        Message::Chunk(mut chunk) if chunk.chunk == 5 && !spoiled => {
            spoiled = true;
            let mut bytes = chunk.bytes.to_vec();
            bytes[17] ^= 1;
            chunk.bytes = bytes.try_into().unwrap();
            Some(Message::Chunk(chunk))
        }
        message => Some(message),
    });
    pair.connect();
    assert_eq!(pair.begun, [0, 3]);
    assert!(pair.engines[BANK].state().standing().edition(digest).is_some());
    assert_eq!(pair.kept[&digest], pair.published[&digest]);
    assert!(pair.refused(BANK).is_empty() && pair.closed.is_empty());
}

#[test]
fn an_edition_that_is_not_what_was_signed_is_refused_by_name_and_not_fetched_again() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.release(&items(0..2000));
    let digest = pair.edition(period).unwrap();
    pair.wire = Box::new(|_, _, message| match message {
        Message::Chunk(mut chunk) => {
            chunk.bytes = chunk.bytes[1..].to_vec().try_into().unwrap();
            Some(Message::Chunk(chunk))
        }
        message => Some(message),
    });
    pair.connect();
    assert_eq!(pair.refused(BANK), ["edition-bad-chunk"]);
    pair.lose();
    pair.connect();
    assert_eq!(pair.begun.len(), 1, "not before the next start");
    // What was written and changed on the disk is fetched anew, once.
    pair.wire = passing(|_, _, _| true);
    pair.parts.insert(digest, vec![0; 200_000]);
    pair.restart(BANK);
    pair.connect();
    assert_eq!(pair.begun[1..], [3, 0]);
    assert!(pair.engines[BANK].state().standing().edition(digest).is_some());
}

#[test]
fn editions_come_in_the_order_of_their_chain_and_none_goes_back() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    for end in [10, 20, 30] {
        pair.release(&items(0..end));
        pair.edition(period).unwrap();
    }
    // Deltas come before their snapshot is here: each waits for its turn.
    pair.connect();
    let numbers = |pair: &Pair| {
        let editions = pair.engines[BANK].state().standing().periods()[&period].editions().iter();
        editions.map(|edition| edition.verified.body().release.0).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&pair), [1, 2, 3]);
    pair.lose();
    pair.connect();
    assert_eq!((numbers(&pair), pair.begun.len()), (vec![1, 2, 3], 3), "what is here is not fetched again");
    // The same release again, or an earlier one, is no next edition.
    assert!(matches!(pair.edition(period), Err(Refusal::Edition(_))));
    assert!(pair.refused(BANK).is_empty());
    pair.restart(BANK);
    assert_eq!(numbers(&pair), [1, 2, 3]);
}

#[test]
fn an_edition_waits_for_its_release() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    pair.release(&items(0..10));
    pair.edition(period).unwrap();
    pair.wire = passing(|_, _, message| !matches!(message, Message::ReleaseOffer(_)));
    pair.release(&items(0..20));
    let second = pair.edition(period).unwrap();
    assert!(pair.engines[BANK].state().standing().edition(second).is_none());
    pair.wire = passing(|_, _, _| true);
    pair.lose();
    pair.connect();
    assert!(pair.engines[BANK].state().standing().edition(second).is_some());
}

#[test]
fn a_period_ends_with_its_table_and_a_later_one_may_end_it_before() {
    let mut pair = Pair::new();
    let first = pair.open_period(100);
    pair.connect();
    pair.release(&items(0..10));
    pair.edition(first).unwrap();
    pair.command(BANK, Command::TableGrown { period: first, rows: 5 }).unwrap();
    pair.pass_days(30);
    let second = pair.open_period(100);
    assert_eq!(second, Period(2));
    assert_eq!(pair.command(HUB, Command::OpenPeriod { days: 60, allowance: 1 }).unwrap_err(), Refusal::PeriodsOpen);
    // The later one has no table yet.
    let close = |pair: &mut Pair| pair.command(BANK, Command::ClosePeriod { period: first });
    assert_eq!(close(&mut pair).unwrap_err(), Refusal::PeriodInUse);
    pair.command(BANK, Command::TableGrown { period: second, rows: 5 }).unwrap();
    assert_eq!(close(&mut pair).unwrap_err(), Refusal::PeriodInUse, "nor an edition");
    pair.edition(second).unwrap();
    close(&mut pair).unwrap();
    assert_eq!(pair.destroyed, [(BANK, first)]);
    assert_eq!(pair.evaluate(first, &items(0..1)).unwrap_err(), Refusal::UnknownPeriod);
    // The hub tells of it until its end, and the member does not take it up again.
    pair.lose();
    pair.connect();
    assert!(!pair.engines[BANK].state().standing().periods().contains_key(&first));
    pair.pass_days(31);
    assert!(!pair.engines[HUB].state().standing().periods().contains_key(&first));
    pair.pass_days(30);
    assert_eq!(pair.destroyed, [(BANK, first), (BANK, second)]);
    assert!(pair.kept.is_empty(), "editions go with their period");
    pair.restart(BANK);
    assert!(pair.engines[BANK].state().standing().periods().is_empty());
}

#[test]
fn a_hub_refuses_what_is_under_way_in_a_period_that_ended() {
    let mut pair = Pair::new();
    let period = pair.open_period(100);
    pair.connect();
    // The member's clock is behind: it still asks.
    pair.hold_jobs = true;
    pair.give(BANK, ask(period, &items(0..3)));
    pair.now.wall = pair.now.wall.plus_secs(60 * DAY_SECS);
    pair.run_held();
    pair.run_held();
    assert!(matches!(
        pair.reply(BANK).unwrap().unwrap_err(),
        Refusal::UnknownPeriod | Refusal::NotEvaluated { code: EvaluateCode::Period, .. }
    ));
}

#[test]
fn a_period_of_other_days_or_without_an_allowance_is_not_opened() {
    let mut pair = Pair::new();
    for (days, allowance) in [(29, 10), (91, 10), (60, 0), (60, (1 << 26) + 1)] {
        let refused = pair.command(HUB, Command::OpenPeriod { days, allowance }).unwrap_err();
        assert!(matches!(refused, Refusal::Period(PeriodError::Rule(_))), "{refused:?}");
    }
    let refused = pair.command(BANK, Command::OpenPeriod { days: 60, allowance: 1 }).unwrap_err();
    assert_eq!(refused, Refusal::NotHub);
}
