//! Every protocol equals the ideal functionality, and keeps its declared leakage and cost.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{dealt, items, label_len, labels_of, run, run_over};
use cwg_protocol::Item;
use cwg_protocol::psi::{Outcome, PROTOCOLS, PsiProtocol, Shard, ideal};
use cwg_protocol::session::{Lane, Learns, Matches, OwnItems, Place, Released};

/// Items that matched, each with its label if there are labels.
type Found = (Vec<Item>, Option<Vec<Vec<u8>>>);

fn ideal_items(protocol: &dyn PsiProtocol, own: &[Item], other: &[Item]) -> Found {
    let at = |places: &[u32]| places.iter().map(|place| own[*place as usize]).collect();
    let outcome = match protocol.carries_labels() {
        true => ideal::intersect_labelled(own, other, &labels_of(other), label_len()),
        false => ideal::intersect(own, other),
    };
    match outcome {
        Outcome::Matched { places, .. } => (at(&places), None),
        Outcome::Labelled { places, labels, .. } => (at(&places), Some(labels.iter().map(<[u8]>::to_vec).collect())),
        Outcome::Nothing => unreachable!("the ideal receiver has an output"),
    }
}

/// What was released, as items in their order.
fn released_items(released: &Released, own: &[Item]) -> Option<Found> {
    let items = released_in_order(released, own)?;
    let Some(labels) = &released.labels else {
        let mut items = items;
        items.sort_unstable();
        return Some((items, None));
    };
    assert_eq!(items.len(), labels.iter().len(), "a label for each match");
    let mut found: Vec<(Item, Vec<u8>)> = items.into_iter().zip(labels.iter().map(<[u8]>::to_vec)).collect();
    found.sort_unstable();
    let (items, labels) = found.into_iter().unzip();
    Some((items, Some(labels)))
}

/// The items as they were released: places of a stored set are found by dealing it again.
fn released_in_order(released: &Released, own: &[Item]) -> Option<Vec<Item>> {
    Some(match released.matches.as_ref()? {
        Matches::Items(items) => items.clone(),
        Matches::Places { bits, places } => {
            let session = released.receipt.session.0;
            let shards = (0..1 << bits).flat_map(|index| dealt(session, own, Shard { bits: *bits, index }));
            let order: Vec<Item> = shards.collect();
            places.iter().map(|place| order[*place as usize]).collect()
        }
    })
}

fn check(proposer: &[Item], acceptor: &[Item]) {
    for protocol in PROTOCOLS {
        for learns in [Learns::Proposer, Learns::Acceptor, Learns::Both] {
            let ends = run(*protocol, learns, proposer, acceptor, |_, _| {});
            let own = [OwnItems::Stored, OwnItems::Stored];
            let stored = run_over(*protocol, learns, [proposer, acceptor], own, |_, _| {});
            let (first, second) = (ends.proposer.unwrap(), ends.acceptor.unwrap());
            let expected = |learns: bool, own, other| learns.then(|| ideal_items(*protocol, own, other));
            let name = protocol.name();
            let sizes = format!("{} x {}", proposer.len(), acceptor.len());
            for released in [&first, &stored.proposer.unwrap()] {
                let expected = expected(learns != Learns::Acceptor, proposer, acceptor);
                assert!(released_items(released, proposer) == expected, "{name}: the proposer of {sizes}");
            }
            for released in [&second, &stored.acceptor.unwrap()] {
                let expected = expected(learns != Learns::Proposer, acceptor, proposer);
                assert!(released_items(released, acceptor) == expected, "{name}: the acceptor of {sizes}");
            }
            assert_eq!(first.receipt, second.receipt);
            first.receipt.verify().unwrap();
        }
    }
}

#[test]
fn every_protocol_equals_the_ideal_at_small_sizes() {
    for (proposer, acceptor) in [
        (items([]), items([1])),
        (items([1]), items([1])),
        (items([]), items([])),
        (items([1, 2]), items([2, 3])),
        (items([1]), items([2])),
        (items(0..15), items(8..23)),
        (items(0..16), items(0..16)),
        (items(0..17), items(100..117)),
        (items(0..3), items(0..300)),
        (items(0..300), items(299..301)),
    ] {
        check(&proposer, &acceptor);
    }
}

#[test]
fn every_protocol_equals_the_ideal_around_a_batch() {
    for len in [1023, 1024, 1025] {
        check(&items(0..len), &items(len / 2..len / 2 + 40));
    }
}

#[test]
fn frames_have_the_declared_bytes_and_do_not_depend_on_what_matches() {
    let shape = |proposer: &[Item], acceptor: &[Item], protocol| {
        let ends = run(protocol, Learns::Proposer, proposer, acceptor, |_, _| {});
        ends.proposer.unwrap();
        let shape: Vec<(Place, Lane, usize)> =
            ends.frames.iter().map(|(from, frame)| (*from, frame.lane, frame.body.len())).collect();
        shape
    };
    for protocol in PROTOCOLS {
        let own = items(0..200);
        let all = shape(&own, &items(0..180), *protocol);
        let none = shape(&own, &items(1000..1170), *protocol);
        assert_eq!(all, none, "{}: 170 and 180 items have one padded size, whatever matches", protocol.name());
        let bytes = |from| -> u64 { all.iter().filter(|f| f.0 == from).map(|f| f.2 as u64).sum() };
        let sizes = cwg_protocol::psi::SetSizes { receiver: 224, sender: 192, label_len: label_len() };
        let cost = protocol.cost(sizes);
        assert_eq!(bytes(Place::Proposer), cost.bytes_to_sender, "{}", protocol.name());
        assert_eq!(bytes(Place::Acceptor), cost.bytes_to_receiver, "{}", protocol.name());
    }
}

#[test]
fn two_sessions_over_equal_sets_share_no_32_bytes() {
    for protocol in PROTOCOLS {
        let own = items(0..32);
        let mut first = std::collections::BTreeSet::new();
        let ends = run(*protocol, Learns::Both, &own, &own, |_, _| {});
        for (_, frame) in &ends.frames {
            first.extend(frame.body.windows(32).map(<[u8]>::to_vec));
        }
        // Another exporter, nonce or attempt is another session; here the seeds of the parties are equal on purpose.
        let mut other = common::terms(*protocol, Learns::Both, &own, &own);
        other.attempt = 2;
        assert_ne!(other.session(&common::EXPORTER), ends.proposer.unwrap().receipt.session);
        let repeated = common_session_frames(*protocol, other, &own);
        assert!(repeated.iter().all(|body| body.windows(32).all(|window| !first.contains(window))));
    }
}

/// First frames of a session under other terms, with fresh seeds as the engine draws them.
fn common_session_frames(
    protocol: &dyn cwg_protocol::psi::PsiProtocol,
    terms: cwg_protocol::session::Terms,
    own: &[Item],
) -> Vec<Vec<u8>> {
    let seed = cwg_crypto::Seed::new([77; 32]);
    let mut session = cwg_protocol::session::Session::open(
        terms,
        &common::EXPORTER,
        Place::Proposer,
        protocol,
        OwnItems::Held(own.into()),
        &seed,
    );
    let key = common::key(1);
    let mut step = session.start(&key);
    let mut bodies: Vec<Vec<u8>> = step.send.drain(..).map(|frame| frame.body).collect();
    for (lane, job, work) in step.jobs {
        let next = session.on_computed(&key, lane, job, work.run()).unwrap();
        bodies.extend(next.send.into_iter().map(|frame| frame.body));
    }
    bodies
}
