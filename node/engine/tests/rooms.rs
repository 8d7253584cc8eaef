//! Rooms among a hub and members: who holds an item reads what is said of it, and nobody else sees whether anyone writes.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod network;
mod wiring;

use cwg_engine::command::{Command, KeyOrigin, Refusal};
use cwg_protocol::RunId;
use cwg_protocol::lighthouse::{Caveats, Day};
use cwg_protocol::round::room::{Content, Draft, Outcome, Question};
use network::{EVALUATE_SECS, HUB, Network, row};
use wiring::Wired as _;

/// Seconds from the opening of a round to the first interval of its rooms.
const ROOMS_OPEN: u64 = EVALUATE_SECS + 20_000;

/// Five members; 1 and 2 hold one item, 2 and 3 another. With their answers.
fn answered() -> (Network, RunId) {
    let mut network = Network::new(5);
    network.room_intervals = 4;
    network.call(&[1, 2, 3], 2, KeyOrigin::New);
    for (member, numbers) in [(1, vec![7, 101]), (2, vec![7, 8]), (3, vec![8, 103]), (4, vec![104]), (5, vec![105])] {
        network.hold(member, numbers);
    }
    let round = network.open(2);
    network.join(round, 1..=5);
    network.pass(EVALUATE_SECS + 2_000);
    assert_eq!(network.found(2, round).unwrap().len(), 2);
    (network, round)
}

fn draft(content: Content) -> Box<Draft> {
    Box::new(Draft { content, caveats: Caveats::NONE, expires: Day::from_number(0), answers: None, text: None })
}

fn post(network: &mut Network, member: usize, round: RunId, number: u32, content: Content) -> Result<(), Refusal> {
    let item = row(network::kinds()[number as usize % 2], number).item;
    network.command(member, Command::PostToRoom { round, item, draft: draft(content) }).map(|_| ())
}

fn read(network: &Network, member: usize, round: RunId) -> Vec<Content> {
    let posts = network.engines[member].state().rounds().rounds()[&round].posts();
    posts.into_iter().map(|(_, _, post)| post.unwrap().draft.content).collect()
}

#[test]
fn holders_read_what_is_said_of_their_item_and_nobody_else_does() {
    let (mut network, round) = answered();
    let (useful, question) = (Content::Outcome(Outcome::Useful), Content::Question(Question::InUse));
    post(&mut network, 1, round, 7, useful).unwrap();
    network.pass(ROOMS_OPEN - EVALUATE_SECS - 2_000 + 20);
    // Written within an interval, it leaves with the next.
    post(&mut network, 3, round, 8, question).unwrap();
    network.pass(140);
    assert_eq!(read(&network, 1, round), [useful]);
    assert_eq!(read(&network, 2, round), [useful]);
    assert!(read(&network, 3, round).is_empty());
    network.pass(100);
    assert_eq!(read(&network, 1, round), [useful]);
    assert_eq!(read(&network, 2, round), [useful, question]);
    assert_eq!(read(&network, 3, round), [question]);
    for member in [4, 5] {
        assert!(read(&network, member, round).is_empty());
    }
    assert!(network.closed.is_empty());
    // Afterwards all of it is forgotten.
    network.pass(400);
    assert!(read(&network, 2, round).is_empty());
    assert_eq!(network.engines[2].state().rounds().rounds()[&round].rooms().count(), 0);
}

#[test]
fn what_was_written_survives_a_start_of_its_writer_and_of_the_hub() {
    let (mut network, round) = answered();
    let useful = Content::Outcome(Outcome::Useful);
    post(&mut network, 1, round, 7, useful).unwrap();
    network.restart(1);
    network.pass(ROOMS_OPEN - EVALUATE_SECS - 2_000 + 20);
    network.restart(1);
    network.restart(HUB);
    network.pass(200);
    assert_eq!(read(&network, 2, round), [useful]);
}

#[test]
fn writing_or_not_leaves_times_lengths_and_order_as_they_are() {
    let seen = |writes: bool| {
        let (mut network, round) = answered();
        if writes {
            post(&mut network, 1, round, 7, Content::Outcome(Outcome::Useful)).unwrap();
        }
        network.pass(ROOMS_OPEN);
        assert_eq!(read(&network, 2, round).len(), 0, "forgotten by now");
        network.seen.clone()
    };
    let silent = seen(false);
    assert!(silent.iter().any(|(_, to, kind, _)| *to == HUB && *kind == "RoomBatch"));
    assert_eq!(silent, seen(true));
}

#[test]
fn posts_that_cannot_be_taken_are_refused_by_name() {
    let (mut network, round) = answered();
    let useful = Content::Outcome(Outcome::Useful);
    let refused = |refusal: Refusal| assert!(matches!(refusal, Refusal::Post(_)), "{refusal}");
    refused(post(&mut network, 4, round, 7, useful).unwrap_err());
    refused(post(&mut network, 1, round, 101, useful).unwrap_err());
    network.pass(ROOMS_OPEN - EVALUATE_SECS - 2_000 + 310);
    refused(post(&mut network, 1, round, 7, useful).unwrap_err());
}
