//! Runs of two members: how they end when the peer will not have them, and by which name.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod members;

use cwg_crypto::Digest;
use cwg_engine::command::{Command, Refusal};
use cwg_engine::io::{DialFailure, Input};
use cwg_engine::record::Entry;
use cwg_engine::state::RunPhase;
use cwg_protocol::RunId;
use cwg_protocol::charter::KindRoles;
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::session::Learns;
use cwg_protocol::wire::{Message, RosterChain};
use members::{Damaged, Dialed, Members, without_member_1};

fn charges(members: &Members, member: usize) -> usize {
    members.journals[member].iter().filter(|record| matches!(record.entry, Entry::SessionCharged { .. })).count()
}

#[test]
fn two_members_seal_a_run() {
    let mut members = Members::new();
    let run = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Sealed(Some(12)));
    assert_eq!(members.phase(1, run), RunPhase::Sealed(None));
}

#[test]
fn card_numbers_enter_no_run_between_members_although_the_charter_has_them() {
    let mut members = Members::new();
    let refused = members.start_run_of(IndicatorKind::Pan, Learns::Proposer).unwrap_err();
    assert_eq!(refused, Refusal::NotAllowed("card numbers in a run between members"));
    // A proposer that asks all the same is declined before the acceptor loads anything.
    members.wire = Box::new(|_, message| match message {
        Message::Propose(mut propose) => {
            let selection = vec![KindRoles { kind: IndicatorKind::Pan, roles: Roles::BOTH }];
            propose.selection = selection.try_into().unwrap();
            Some(Message::Propose(propose))
        }
        other => Some(other),
    });
    let run = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Ended("declined-not-allowed".into()));
    assert_eq!((charges(&members, 1), members.loads[1]), (0, 0));
}

#[test]
fn a_run_whose_peer_refuses_the_handshake_ends_by_that_name_and_charges_nothing() {
    let mut members = Members::new();
    members.dialed = Dialed::Fails(DialFailure::Refused);
    let run = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Running, "one refusal may be a roster that is on its way");
    members.pass_ms(10_000);
    assert_eq!(members.phase(0, run), RunPhase::Ended("handshake-refused".into()));
    assert_eq!((members.dials, charges(&members, 0)), (3, 0));
    // An operator who starts another run is not made to wait for what became of the last.
    members.dialed = Dialed::Connects;
    let again = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, again), RunPhase::Sealed(Some(12)));
}

#[test]
fn a_peer_that_is_silent_or_busy_is_dialed_again() {
    for failure in [DialFailure::Unreachable, DialFailure::Busy, DialFailure::Unresolved] {
        let mut members = Members::new();
        members.dialed = Dialed::Fails(failure);
        let run = members.start_run(Learns::Proposer).unwrap();
        members.pass_ms(120_000);
        assert_eq!(members.phase(0, run), RunPhase::Running, "{failure:?}");
        members.dialed = Dialed::Connects;
        members.pass_ms(15_000);
        assert_eq!(members.phase(0, run), RunPhase::Sealed(Some(12)), "{failure:?}");
    }
}

#[test]
fn a_run_that_waits_for_a_member_ends_when_the_member_is_revoked() {
    let mut members = Members::new();
    members.dialed = Dialed::Fails(DialFailure::Unreachable);
    let run = members.start_run(Learns::Proposer).unwrap();
    members.hub_says_hello(0, members.now[0].wall);
    let rosters = vec![without_member_1().signed().clone()].try_into().unwrap();
    let chain = Message::RosterChain(RosterChain { rosters });
    members.input(0, Input::Frame(cwg_engine::io::ConnId(1), chain.encode()));
    assert_eq!(members.phase(0, run), RunPhase::Ended("peer-not-on-roster".into()));
}

#[test]
fn clocks_or_versions_that_differ_end_a_run_by_name() {
    let check = |change: fn(&mut Members), code: &str| {
        let mut members = Members::new();
        change(&mut members);
        let run = members.start_run(Learns::Proposer).unwrap();
        members.pass_ms(10_000);
        assert_eq!(members.phase(0, run), RunPhase::Ended(code.into()));
        assert_eq!(charges(&members, 0), 0);
    };
    check(|members| members.now[0].wall = members.now[0].wall.plus_secs(3600), "clock-skew");
    check(
        |members| {
            members.wire = Box::new(|from, message| match message {
                // What a later version says of itself, as far as this one can read it.
                Message::Hello(mut hello) if from == 1 => {
                    hello.version += 1;
                    Some(Message::Hello(hello))
                }
                other => Some(other),
            });
        },
        "protocol-version",
    );
}

#[test]
fn a_peer_with_another_ruleset_is_refused_by_name_before_anything_is_loaded_or_charged() {
    let mut members = Members::new();
    members.wire = Box::new(|_, message| match message {
        Message::Propose(mut propose) => {
            propose.ruleset = Digest::from_bytes([1; 32]);
            Some(Message::Propose(propose))
        }
        other => Some(other),
    });
    let run = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Ended("declined-ruleset".into()));
    assert_eq!((charges(&members, 1), members.loads[1]), (0, 0));
    let refused = members.journals[1]
        .iter()
        .any(|record| matches!(&record.entry, Entry::Refused { peer: Some(_), code } if code.0 == "declined-ruleset"));
    assert!(refused, "the acceptor remembers it");
}

#[test]
fn a_peer_that_says_at_hello_that_it_has_another_ruleset_costs_no_session() {
    let mut members = Members::new();
    members.wire = Box::new(|from, message| match message {
        Message::Hello(hello) if from == 1 => Some(Message::Hello(members::signed_anew(hello, 1, |hello| {
            hello.ruleset_digest = Digest::from_bytes([1; 32])
        }))),
        other => Some(other),
    });
    let run = members.start_run(Learns::Proposer).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Ended("other-ruleset".into()));
    assert_eq!((charges(&members, 0), charges(&members, 1), members.loads[1]), (0, 0, 0));
}

#[test]
fn whoever_waits_for_a_run_that_cannot_begin_is_told() {
    let mut members = Members::new();
    members.dialed = Dialed::Fails(DialFailure::Refused);
    let run = members.start_run(Learns::Proposer).unwrap();
    members.input(0, Input::Command(cwg_engine::io::Ticket(8), Command::AwaitRun(run)));
    assert!(members.ended.is_empty());
    members.pass_ms(10_000);
    assert_eq!(members.ended.len(), 1);
}

/// A run of which both learn, sealed at member 1 alone: its seal never arrived.
fn sealed_on_one_side() -> (Members, RunId) {
    let mut members = Members::new();
    members.wire = Box::new(|from, message| match message {
        Message::Seal(_) if from == 1 => None,
        other => Some(other),
    });
    let run = members.start_run(Learns::Both).unwrap();
    assert_eq!(members.phase(1, run), RunPhase::Sealed(Some(12)));
    assert_eq!(members.phase(0, run), RunPhase::Running);
    members.wire = Box::new(|_, message| Some(message));
    (members, run)
}

/// The matches records of member 1: first number and count, in the order of the journal.
fn matches_stored(members: &Members) -> Vec<(u32, usize)> {
    let stored = members.journals[1].iter().filter_map(|record| match &record.entry {
        Entry::Matches { first, rows, .. } => Some((*first, rows.len())),
        _ => None,
    });
    stored.collect()
}

#[test]
fn a_run_that_is_sealed_again_has_the_matches_of_the_later_seal_and_no_more() {
    for left in [11, 10] {
        let (mut members, run) = sealed_on_one_side();
        members.held[1].truncate(left);
        members.pass_ms(130_000);
        let count = u32::try_from(left).unwrap();
        for member in [0, 1] {
            assert_eq!(members.phase(member, run), RunPhase::Sealed(Some(count)));
        }
        assert_eq!(matches_stored(&members), [(0, 12), (0, left), (count, 0)]);
    }
}

#[test]
fn a_result_stands_when_its_repetition_fails() {
    let (mut members, run) = sealed_on_one_side();
    members.damaged = Some(Damaged::Rows);
    members.pass_ms(130_000);
    assert_eq!(members.phase(0, run), RunPhase::Ended("set-damaged".into()));
    assert_eq!(members.phase(1, run), RunPhase::Sealed(Some(12)));
    assert!(members.journals[1].iter().any(|record| matches!(record.entry, Entry::RunEnded { .. })));
    assert_eq!(matches_stored(&members), [(0, 12)]);
}

#[test]
fn a_set_that_cannot_be_read_ends_a_run_by_name_and_is_not_tried_again() {
    let mut members = Members::new();
    members.damaged = Some(Damaged::Shards);
    let run = members.start_run(Learns::Both).unwrap();
    assert_eq!(members.phase(0, run), RunPhase::Ended("set-damaged".into()));
    members.pass_ms(600_000);
    assert_eq!((charges(&members, 0), charges(&members, 1)), (1, 1));
    assert!(matches_stored(&members).is_empty());
}

#[test]
fn a_set_is_kept_for_as_long_as_its_session() {
    let mut members = Members::new();
    members.dialed = Dialed::Fails(DialFailure::Unreachable);
    let run = members.start_run(Learns::Both).unwrap();
    let kept = |members: &Members| members.gathered.each_ref().map(|sets| sets.len());
    assert_eq!(kept(&members), [1, 0], "it waits for its peer");
    members.dialed = Dialed::Connects;
    members.wire = Box::new(|_, message| match message {
        Message::Seal(_) => None,
        other => Some(other),
    });
    members.pass_ms(15_000);
    assert_eq!(kept(&members), [1, 1], "the seals are missing");
    members.wire = Box::new(|_, message| Some(message));
    members.pass_ms(130_000);
    assert_eq!(members.phase(0, run), RunPhase::Sealed(Some(12)));
    assert_eq!(kept(&members), [0, 0]);
}

#[test]
fn a_peer_by_whose_fault_three_sessions_ended_gets_no_other_in_this_epoch() {
    let mut members = Members::new();
    members.wire = Box::new(|from, message| match message {
        Message::Psi(mut frame) if from == 1 => {
            frame.body = vec![0];
            Some(Message::Psi(frame))
        }
        other => Some(other),
    });
    for number in 1..=3 {
        let run = members.start_run(Learns::Proposer).unwrap();
        assert!(matches!(members.phase(0, run), RunPhase::Ended(code) if code != "faults-used-up".into()));
        assert_eq!(charges(&members, 0), number);
        members.pass_ms(86_400_000);
    }
    members.wire = Box::new(|_, message| Some(message));
    let run = members.start_run(Learns::Proposer).unwrap();
    members.pass_ms(20_000);
    assert_eq!(members.phase(0, run), RunPhase::Ended("faults-used-up".into()));
    assert_eq!(charges(&members, 0), 3);
}
