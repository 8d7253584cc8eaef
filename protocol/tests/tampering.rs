//! A peer that sends anything but the protocol is named or finds its seal refused; nothing is ever released to the
//! side that was lied to, and nothing panics.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{Ends, items, run};
use cwg_protocol::Violation;
use cwg_protocol::psi::PROTOCOLS;
use cwg_protocol::session::{Lane, Learns};
use cwg_protocol::wire::PsiFrame;

/// Runs an exchange in which every frame in turn is changed, and demands that nobody is released anything.
fn check(what: &str, change: impl Fn(&mut PsiFrame)) {
    let (proposer, acceptor) = (items(0..40), items(20..60));
    for protocol in PROTOCOLS {
        let frames = run(*protocol, Learns::Both, &proposer, &acceptor, |_, _| {}).frames.len();
        for victim in 0..frames {
            let ends = run(*protocol, Learns::Both, &proposer, &acceptor, |number, frame| {
                if number == victim {
                    change(frame);
                }
            });
            nothing_released(&ends, &format!("{}: {what} in frame {victim}", protocol.name()));
        }
    }
}

fn nothing_released(ends: &Ends, what: &str) {
    assert!(ends.proposer.is_err() && ends.acceptor.is_err(), "{what} went unnoticed");
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    check("first byte flipped", |frame| frame.body[0] ^= 1);
    check("second byte flipped", |frame| frame.body[1] ^= 0x80);
    check("last byte flipped", |frame| *frame.body.last_mut().unwrap() ^= 1);
    check("middle byte flipped", |frame| {
        let middle = frame.body.len() / 2;
        frame.body[middle] ^= 4;
    });
}

#[test]
fn a_frame_of_another_length_is_noticed() {
    check("emptied", |frame| frame.body.clear());
    check("one byte cut", |frame| {
        frame.body.pop();
    });
    check("one byte added", |frame| frame.body.push(0));
    check("one element cut", |frame| frame.body.truncate(frame.body.len().saturating_sub(32)));
    check("one element repeated", |frame| {
        let last: Vec<u8> = frame.body.iter().rev().take(32).rev().copied().collect();
        frame.body.extend(last);
    });
}

#[test]
fn a_frame_in_the_other_lane_is_noticed() {
    check("lane swapped", |frame| {
        frame.lane = match frame.lane {
            Lane::ProposerReceives => Lane::AcceptorReceives,
            Lane::AcceptorReceives => Lane::ProposerReceives,
        };
    });
}

#[test]
fn elements_that_are_none_are_named() {
    for (name, element) in [("the identity", [0; 32]), ("a non-canonical encoding", [0xff; 32])] {
        check(name, |frame| {
            let from = frame.body.len().saturating_sub(32);
            let len = frame.body.len() - from;
            frame.body[from..].copy_from_slice(&element[..len]);
        });
    }
}

#[test]
fn a_repeated_element_is_named() {
    let (proposer, acceptor) = (items(0..40), items(20..60));
    let ends = run(PROTOCOLS[0], Learns::Proposer, &proposer, &acceptor, |_, frame| {
        // Kind 2 is a blinded batch: its first element is put in place of its second.
        if frame.body[0] == 2 {
            let first: [u8; 32] = frame.body[5..37].try_into().unwrap();
            frame.body[37..69].copy_from_slice(&first);
        }
    });
    assert_eq!(ends.proposer.unwrap_err(), Violation::RepeatedElement { batch: 0 });
}

#[test]
fn an_echoed_batch_is_refused_by_its_proof() {
    let (proposer, acceptor) = (items(0..16), items(8..24));
    let mut blinded = Vec::new();
    let ends = run(PROTOCOLS[0], Learns::Proposer, &proposer, &acceptor, |_, frame| match frame.body[0] {
        2 => blinded = frame.body[5..].to_vec(),
        3 => frame.body[69..].copy_from_slice(&blinded),
        _ => {}
    });
    assert_eq!(ends.proposer.unwrap_err(), Violation::BadProof { batch: 0 });
}
