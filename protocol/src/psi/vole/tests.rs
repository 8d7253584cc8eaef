//! Whole executions, dealt into small shards, with jobs that end in any order, and every message changed.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use cwg_crypto::Seed;

use super::plan::Plan;
use super::profile::{LABELLED, MALICIOUS, Profile, SEMI_HONEST};
use super::{message, open};
use crate::Item;
use crate::psi::{
    Binding, GivenUp, LabelLen, Loaded, Outcome, Party, PsiRole, SetSizes, Shard, Splitter, Step, padded_size,
};
use crate::violation::Violation;

const SESSION: [u8; 32] = [3; 32];

fn items(numbers: impl IntoIterator<Item = u32>) -> Vec<Item> {
    let mut items: Vec<Item> = numbers.into_iter().map(|n| Item::of_line(&n.to_le_bytes())).collect();
    items.sort_unstable();
    items
}

fn sizes(receiver: &[Item], sender: &[Item]) -> SetSizes {
    SetSizes {
        receiver: padded_size(receiver.len()),
        sender: padded_size(sender.len()),
        label_len: LabelLen::new(48).expect("a length"),
    }
}

/// What a sender says of an item.
fn label_of(item: &Item, len: LabelLen) -> Vec<u8> {
    item.0.iter().rev().cycle().take(len.bytes()).copied().collect()
}

/// One side and its set.
struct Side {
    party: Box<dyn Party>,
    items: Vec<Item>,
    label_len: LabelLen,
    given_up: Option<GivenUp>,
    outcome: Option<Outcome>,
}

impl Side {
    fn new(role: PsiRole, items: &[Item], plan: &Plan) -> Self {
        let seed = Seed::new([if role == PsiRole::Receiver { 1 } else { 2 }; 32]);
        let party = open(role, Binding { session: SESSION, lane: 0 }, plan.clone(), seed);
        let label_len = plan.labels.map_or(LabelLen::NONE, |code| code.label_len());
        Self { party, items: items.to_vec(), label_len, given_up: None, outcome: None }
    }

    fn shard(&self, shard: Shard) -> Arc<[Item]> {
        let mut numbers = vec![0; self.items.len()];
        Splitter::new(&SESSION).split(&self.items, shard.bits, &mut numbers);
        self.items.iter().zip(numbers).filter(|(_, number)| *number == shard.index).map(|(item, _)| *item).collect()
    }

    /// Runs jobs, the last one first where `reversed`, and loads, until the side awaits the other; what it sends.
    fn settle(&mut self, step: Step, reversed: bool) -> Result<Vec<Vec<u8>>, Violation> {
        let (mut sent, mut steps, mut jobs) = (Vec::new(), VecDeque::from([step]), VecDeque::new());
        loop {
            if let Some(step) = steps.pop_front() {
                sent.extend(step.send);
                jobs.extend(step.jobs);
                self.given_up = self.given_up.or(step.given_up);
                self.outcome = self.outcome.take().or(step.outcome);
                for shard in step.loads {
                    let items = self.shard(shard);
                    let labels = items.iter().flat_map(|item| label_of(item, self.label_len)).collect();
                    steps.push_back(self.party.on_loaded(shard, Loaded { items, labels }));
                }
            } else if let Some((id, job)) = if reversed { jobs.pop_back() } else { jobs.pop_front() } {
                steps.push_back(self.party.on_computed(id, job.run())?);
            } else {
                return Ok(sent);
            }
        }
    }
}

/// What became of an execution.
struct End {
    receiver: Side,
    /// Every message, with whether the receiver sent it.
    messages: Vec<(bool, Vec<u8>)>,
}

/// Runs one; `tamper` sees every message before it arrives.
fn run(
    receiver: &[Item],
    sender: &[Item],
    plan: &Plan,
    reversed: bool,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Result<End, (bool, Violation)> {
    let mut sides = [Side::new(PsiRole::Receiver, receiver, plan), Side::new(PsiRole::Sender, sender, plan)];
    let mut messages = Vec::new();
    let mut queue = VecDeque::new();
    for (from, side) in sides.iter_mut().enumerate() {
        let step = side.party.start();
        let sent = side.settle(step, reversed).map_err(|violation| (from == 0, violation))?;
        queue.extend(sent.into_iter().map(|body| (from, body)));
    }
    while let Some((from, mut body)) = queue.pop_front() {
        tamper(messages.len(), &mut body);
        messages.push((from == 0, body.clone()));
        let to = 1 - from;
        let side = &mut sides[to];
        let sent = side.party.on_message(&body).and_then(|step| side.settle(step, reversed));
        queue.extend(sent.map_err(|violation| (to == 0, violation))?.into_iter().map(|body| (to, body)));
    }
    let [receiver, sender] = sides;
    assert!(receiver.given_up.is_some() || sender.outcome == Some(Outcome::Nothing), "the sender comes to its end");
    Ok(End { receiver, messages })
}

/// Items of the receiver at the places of its outcome. Labels are those of the items.
fn matched(side: &Side) -> Vec<Item> {
    let (bits, places, labels) = match &side.outcome {
        Some(Outcome::Matched { bits, places }) => (bits, places, None),
        Some(Outcome::Labelled { bits, places, labels }) => (bits, places, Some(labels)),
        _ => panic!("the receiver comes to its end"),
    };
    assert!(places.is_sorted());
    let all: Vec<Item> = (0..1 << bits).flat_map(|index| side.shard(Shard { bits: *bits, index }).to_vec()).collect();
    let mut items: Vec<Item> = places.iter().map(|place| all[*place as usize]).collect();
    assert_eq!(labels.is_some(), !side.label_len.is_none());
    if let Some(labels) = labels {
        assert_eq!(labels.iter().len(), items.len());
        assert!(items.iter().zip(labels.iter()).all(|(item, label)| label == label_of(item, side.label_len)));
    }
    items.sort_unstable();
    items
}

fn check(receiver: &[Item], sender: &[Item], profile: Profile, shard_items: u32, bits: (u8, u8)) {
    let plan = Plan::with_shards(sizes(receiver, sender), profile, shard_items);
    assert_eq!((plan.shard_bits, plan.bucket_bits), bits, "{} x {}", receiver.len(), sender.len());
    let held: BTreeSet<&Item> = sender.iter().collect();
    let expected: Vec<Item> = receiver.iter().copied().filter(|item| held.contains(item)).collect();
    for reversed in [false, true] {
        let end = run(receiver, sender, &plan, reversed, |_, _| {}).expect("both are honest");
        assert_eq!(end.receiver.given_up, None);
        assert_eq!(matched(&end.receiver), expected, "{} x {}", receiver.len(), sender.len());
    }
}

#[test]
fn shards_and_buckets_of_any_number_give_the_exact_intersection() {
    for profile in [MALICIOUS, SEMI_HONEST, LABELLED] {
        check(&items(0..900), &items(400..1500), profile, 1024, (0, 1));
        check(&items(0..2000), &items(1000..3000), profile, 512, (2, 2));
        check(&items(0..4000), &items(3990..4005), profile, 1024, (2, 2));
        check(&items(0..20), &items(10..4000), profile, 1024, (0, 2));
    }
}

#[test]
fn the_edges_of_sets_and_shards_give_the_exact_intersection() {
    let full = items(0..2048);
    for profile in [MALICIOUS, LABELLED] {
        check(&full, &full, profile, 1024, (1, 1));
        check(&full, &items(5000..7048), profile, 1024, (1, 1));
        check(&full, &items([]), profile, 1024, (1, 1));
        check(&items([]), &full, profile, 1024, (0, 1));
        check(&items([]), &items([]), profile, 1024, (0, 0));
        check(&items([7]), &items([7]), profile, 1024, (0, 0));
        check(&items([7, 8]), &items([8, 9]), profile, 1024, (0, 0));
        for len in [1023, 1024, 1025, 2047, 2049] {
            let bits = if padded_size(len as usize) <= 1024 {
                0
            } else {
                padded_size(len as usize).div_ceil(1024).next_power_of_two().ilog2() as u8
            };
            check(&items(0..len), &items(len / 2..len / 2 + 100), profile, 1024, (bits, bits));
        }
    }
}

#[test]
fn more_batches_than_the_window_and_several_bins_give_the_exact_intersection() {
    for profile in [MALICIOUS, LABELLED] {
        let (receiver, sender) = (items(0..40_000), items(39_000..41_000));
        let mut plan = Plan::new(sizes(&receiver, &sender), profile);
        assert!(plan.okvs.bins() > 1);
        plan.small_batches(8);
        let end = run(&receiver, &sender, &plan, true, |_, _| {}).expect("both are honest");
        assert_eq!(matched(&end.receiver), items(39_000..40_000));
    }
}

#[test]
fn a_set_without_its_labels_is_given_up() {
    let all = items(0..16);
    let plan = Plan::new(sizes(&all, &all), LABELLED);
    let mut sides = [Side::new(PsiRole::Receiver, &all, &plan), Side::new(PsiRole::Sender, &all, &plan)];
    sides[1].label_len = LabelLen::NONE;
    let mut queue = VecDeque::new();
    for (from, side) in sides.iter_mut().enumerate() {
        let step = side.party.start();
        queue.extend(side.settle(step, false).expect("nothing is said yet").into_iter().map(|body| (from, body)));
    }
    while let Some((from, body)) = queue.pop_front() {
        let side = &mut sides[1 - from];
        let step = side.party.on_message(&body).expect("both follow the protocol");
        queue.extend(side.settle(step, false).expect("so far").into_iter().map(|body| (1 - from, body)));
    }
    assert_eq!(sides[1].given_up, Some(GivenUp::LabelsUnfit));
}

#[test]
fn two_items_with_one_digest_are_given_up_and_never_lost() {
    let mut twins = items(0..100);
    let mut twin = twins[50];
    twin.0[31] ^= 1;
    twins.push(twin);
    twins.sort_unstable();
    let plan = Plan::new(sizes(&twins, &twins), MALICIOUS);
    let mut side = Side::new(PsiRole::Receiver, &twins, &plan);
    let step = side.party.start();
    side.settle(step, false).expect("no peer is at fault");
    assert_eq!(side.given_up, Some(GivenUp::SetUnencoded));
}

#[test]
fn a_shard_over_its_size_is_given_up() {
    let all = items(0..64);
    let plan = Plan::new(SetSizes { receiver: 16, sender: 16, label_len: LabelLen::NONE }, MALICIOUS);
    let mut side = Side::new(PsiRole::Receiver, &all, &plan);
    let step = side.party.start();
    side.settle(step, false).expect("no peer is at fault");
    assert_eq!(side.given_up, Some(GivenUp::ShardOverfull));
}

/// What is done to messages of one kind, and who then says what of the other.
fn tampered(kind: u8, change: impl Fn(&mut Vec<u8>)) -> Option<(bool, Violation)> {
    let (receiver, sender) = (items(0..60), items(30..90));
    let plan = Plan::new(sizes(&receiver, &sender), LABELLED);
    let mut done = false;
    let end = run(&receiver, &sender, &plan, false, |_, body| {
        if body[0] == kind && !done {
            done = true;
            change(body);
        }
    });
    assert!(done, "there is a message of kind {kind}");
    end.err()
}

#[test]
fn each_changed_message_is_caught_at_its_step() {
    let receiver = |violation| Some((true, violation));
    let sender = |violation| Some((false, violation));
    let last = |body: &mut Vec<u8>| *body.last_mut().expect("no message is empty") ^= 1;
    let at = |place: usize| move |body: &mut Vec<u8>| body[place] ^= 1;
    // Elements of the base transfers: not one at all, then another one.
    let not_an_element = |body: &mut Vec<u8>| body[1..33].fill(0xff);
    assert_eq!(tampered(1, not_an_element), receiver(Violation::BadElement { batch: 0, index: 0 }));
    assert_eq!(tampered(2, not_an_element), sender(Violation::BadElement { batch: 0, index: 0 }));
    // The setup of the extension stands behind them.
    assert_eq!(tampered(2, last), sender(Violation::BadExtension));
    // The extension itself, and the corrections behind it: wrong keys show in the trees that they opened.
    assert_eq!(tampered(3, at(100)), sender(Violation::BadExtension));
    assert_eq!(tampered(3, last), receiver(Violation::BadBatch { batch: 0 }));
    // A commitment that is not of the mask, trees, the challenge, the answer, the mask.
    assert_eq!(tampered(4, last), receiver(Violation::BadMask));
    assert_eq!(tampered(5, last), receiver(Violation::BadBatch { batch: 0 }));
    assert_eq!(tampered(6, last), receiver(Violation::BadBatch { batch: 0 }));
    assert_eq!(tampered(6, at(10)), receiver(Violation::BadBatch { batch: 0 }));
    assert_eq!(tampered(7, last), receiver(Violation::BadBatch { batch: 0 }));
    assert_eq!(tampered(10, last), receiver(Violation::BadMask));
}

#[test]
fn each_changed_message_about_labels_is_caught_at_its_step() {
    let awaiting = |by_receiver, awaiting| Some((by_receiver, Violation::Unexpected { awaiting }));
    let at = |place: usize| move |body: &mut Vec<u8>| body[place] ^= 1;
    // A bucket that is compared: another one, and bytes behind it.
    assert_eq!(tampered(12, at(1)), awaiting(false, "a message of a shard under way"));
    let malformed = Some((false, Violation::Malformed { what: "psi message" }));
    assert_eq!(tampered(12, |body| body.push(0)), malformed);
    assert_eq!(tampered(12, |body| body.truncate(4)), malformed);
    // Labels: of another bucket, another frame, one byte less or more, of all items spoilt.
    assert_eq!(tampered(13, at(1)), awaiting(true, "a message of a shard under way"));
    assert_eq!(tampered(13, at(5)), awaiting(true, "the next frame of labels"));
    let shorter = |body: &mut Vec<u8>| body.truncate(body.len() - 1);
    for change in [shorter, |body: &mut Vec<u8>| body.push(0)] {
        let Some((true, Violation::CountMismatch { what: "bytes of labels", .. })) = tampered(13, change) else {
            panic!("a frame of another length is named")
        };
    }
    let spoil = |body: &mut Vec<u8>| body[9..].iter_mut().for_each(|byte| *byte ^= 1);
    assert_eq!(tampered(13, spoil), Some((true, Violation::BadLabel)));
}

#[test]
fn a_spoilt_label_is_told_at_the_end_and_only_if_it_is_of_a_match() {
    let (receiver, sender) = (items(0..2000), items(1400..2400));
    let plan = Plan::with_shards(sizes(&receiver, &sender), LABELLED, 256);
    assert!(plan.shard_bits > 1);
    let honest = run(&receiver, &sender, &plan, false, |_, _| {}).expect("both are honest").messages.len();
    let row_len = 48 + 16;
    let (mut found, mut unseen) = (0, 0);
    for row in 0..12 {
        let (mut done, mut seen) = (false, 0);
        let end = run(&receiver, &sender, &plan, false, |number, body| {
            seen = number + 1;
            if body[0] == 13 && !done {
                done = true;
                body[9 + row * row_len] ^= 1;
            }
        });
        match end {
            Ok(end) => {
                unseen += 1;
                assert_eq!(matched(&end.receiver), items(1400..2000), "a label of no match changes nothing");
            }
            Err(violation) => {
                found += 1;
                assert_eq!(violation, (true, Violation::BadLabel));
                assert_eq!(seen, honest, "everything is answered as if nothing were wrong");
            }
        }
    }
    assert!(found > 0 && unseen > 0, "some of these are matches, some are not: {found} and {unseen}");
}

#[test]
fn labels_are_taken_once_they_are_asked_for_and_once() {
    let (receiver, sender) = (items(0..60), items(30..90));
    let plan = Plan::new(sizes(&receiver, &sender), LABELLED);
    let end = run(&receiver, &sender, &plan, false, |_, _| {}).expect("both are honest");
    let kinds: Vec<u8> = end.messages.iter().map(|(_, body)| body[0]).collect();
    assert!(kinds.ends_with(&[11, 12, 13]), "tags, compared, labels: {kinds:?}");
    // The unlabelled protocol knows none of it.
    let plain = Plan::new(sizes(&receiver, &sender), MALICIOUS);
    for kind in [12, 13] {
        let mut said = 0;
        let end = run(&receiver, &sender, &plain, false, |_, body| {
            if body[0] == if kind == 12 { 9 } else { 11 } {
                said += 1;
                body[0] = kind;
                body.truncate(if kind == 12 { 5 } else { body.len() });
            }
        });
        assert!(said > 0);
        assert!(matches!(end.err(), Some((by_receiver, Violation::Unexpected { .. })) if by_receiver == (kind == 13)));
    }
}

#[test]
fn a_changed_vector_gives_no_match_that_is_not_one() {
    // Only the seal shows a changed seed or vector; what is found before it is no more than the truth.
    let (receiver, sender) = (items(0..60), items(30..90));
    let plan = Plan::new(sizes(&receiver, &sender), MALICIOUS);
    for kind in [8, 9] {
        let end = run(&receiver, &sender, &plan, false, |_, body| {
            if body[0] == kind {
                body[20] ^= 1;
            }
        });
        let found: BTreeSet<Item> = matched(&end.expect("nobody can tell yet").receiver).into_iter().collect();
        assert!(found.is_subset(&items(30..60).into_iter().collect()));
    }
}

#[test]
fn messages_out_of_place_are_refused() {
    for profile in [MALICIOUS, LABELLED] {
        refuses_messages_out_of_place(profile);
    }
}

fn refuses_messages_out_of_place(profile: Profile) {
    let plan = Plan::new(SetSizes { receiver: 64, sender: 64, ..sizes(&[], &[]) }, profile);
    let (receiver, sender) = (items(0..60), items(30..90));
    let end = run(&receiver, &sender, &plan, false, |_, _| {}).expect("both are honest");
    for (number, (by_receiver, body)) in end.messages.iter().enumerate() {
        // Each message comes to a side that has just begun, and the first ones twice.
        let role = if *by_receiver { PsiRole::Sender } else { PsiRole::Receiver };
        let mut fresh = Side::new(role, if *by_receiver { &sender } else { &receiver }, &plan);
        let step = fresh.party.start();
        fresh.settle(step, false).expect("no message yet");
        let first = number == 0 || (number == 1 && *by_receiver);
        assert_eq!(fresh.party.on_message(body).is_ok(), first, "message {number}, kind {}", body[0]);
        if first {
            assert!(fresh.party.on_message(body).is_err(), "message {number} again");
        }
    }
    for body in [&[][..], &[0], &[12], &[13], &[14], &[9, 0, 0, 0, 0, 0, 0, 0, 0, 1], &[4, 1, 0, 0, 0]] {
        let mut fresh = Side::new(PsiRole::Sender, &sender, &plan);
        let step = fresh.party.start();
        fresh.settle(step, false).expect("no message yet");
        assert!(fresh.party.on_message(body).is_err());
    }
    assert!(message::Message::decode(&[]).is_err());
}
