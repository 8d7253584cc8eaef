//! Bodies and messages that must be refused, each with the name of the error.

use std::sync::Arc;

use cwg_crypto::Seed;
use cwg_protocol::Item;
use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::psi::{Binding, LabelLen, Party, PsiRole, SetSizes, Step, protocol_named};
use cwg_protocol::wire::{Message, RosterFetch};
use cwg_protocol::{Epoch, SessionId, Violation};
use serde_json::{Value, json};

use super::messages::{propose, signed_hello, signed_join};

/// A frame's body that is no message.
#[derive(Debug)]
pub struct Refused {
    /// The defect.
    pub defect: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// `WireError` by its variant, and the codec's error where there is one.
    pub error: &'static str,
}

impl Refused {
    pub(super) fn to_json(&self) -> Value {
        json!({ "defect": self.defect, "body": hex::encode(&self.body), "error": self.error })
    }
}

/// Bodies that `Message::decode` refuses.
pub fn refused() -> Vec<Refused> {
    let case = |defect, body: Vec<u8>, error| Refused { defect, body, error };
    let with = |message: &Message, change: &dyn Fn(&mut Vec<u8>)| {
        let mut body = message.encode();
        change(&mut body);
        body
    };
    let fetch = Message::RosterFetch(RosterFetch { after: Epoch(7) });
    let hello = Message::Hello(signed_hello());
    let join = Message::Join(signed_join());
    let propose = Message::Propose(propose());
    // Kind and version, then invitation, node and transport: the address begins at 2 + 2 + 8 + 32 + 32.
    let address_at = 76;
    // Kind, run, attempt, epoch, roster, pilot, charter, learns, protocol, leakage, ruleset.
    let selection_at = 2 + 8 + 4 + 8 + 32 + 8 + 32 + 4 + 2 + 32 + 32;
    let many_rosters = [&0x21u16.to_le_bytes()[..], &17u64.to_le_bytes()].concat();
    let huge_count = [&0x21u16.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
    vec![
        case("empty body", vec![], "NoKind"),
        case("one byte", vec![1], "NoKind"),
        case("unknown kind", vec![0xff, 0xff], "UnknownKind"),
        case("kind zero", vec![0, 0], "UnknownKind"),
        case("kind of another message", with(&fetch, &|body| body[0] = 0x45), "Payload Malformed"),
        case("trailing byte", with(&fetch, &|body| body.push(0)), "Payload Malformed"),
        case("truncated by one byte", with(&fetch, &|body| body.truncate(body.len() - 1)), "Payload Malformed"),
        case("kind alone", 0x20u16.to_le_bytes().to_vec(), "Payload Malformed"),
        case("over the limit of its kind", with(&fetch, &|body| body.resize(2 + 513, 0)), "Payload TooLong"),
        case("signing key that is no point", with(&hello, &|body| body[20..52].fill(0xff)), "Payload Malformed"),
        case("signing key of small order", with(&hello, &|body| body[20..52].fill(0)), "Payload Malformed"),
        case("count over the limit", many_rosters, "Payload Malformed"),
        case("largest count", huge_count, "Payload Malformed"),
        case("selection over the limit", with(&propose, &|body| body[selection_at] = 33), "Payload Malformed"),
        case(
            "indicator kind unknown",
            with(&propose, &|body| body[selection_at + 8] = IndicatorKind::ALL.len() as u8),
            "Payload Malformed",
        ),
        case("address longer than the message", with(&join, &|body| body[address_at] = 0xff), "Payload Malformed"),
        case("control character in a text", with(&join, &|body| body[address_at + 8] = 0x1b), "Payload Malformed"),
        case("text that is not UTF-8", with(&join, &|body| body[address_at + 8] = 0xff), "Payload Malformed"),
        case(
            "decline code unknown",
            [&[0x42, 0][..], &[0x40; 8], &[1, 0, 0, 0], &[11, 0, 0, 0]].concat(),
            "Payload Malformed",
        ),
        case("psi frame without a lane", [&[0x43, 0][..], &SessionId([1; 32]).0].concat(), "Payload Malformed"),
        case("psi frame of lane two", [&[0x43, 0][..], &[1; 32], &[2]].concat(), "Payload Malformed"),
    ]
}

/// Messages of `voprf` that end an execution at the last one.
#[derive(Debug)]
pub struct Steps {
    /// The defect.
    pub defect: &'static str,
    /// Which side gets them.
    pub role: PsiRole,
    /// Padded sizes of receiver and sender.
    pub sizes: (u32, u32),
    /// Messages to it, in order.
    pub messages: Vec<Vec<u8>>,
    /// What the last one raises.
    pub violation: Violation,
}

impl Steps {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "defect": self.defect,
            "role": if self.role == PsiRole::Receiver { "receiver" } else { "sender" },
            "receiver_items": self.sizes.0,
            "sender_items": self.sizes.1,
            "messages": self.messages.iter().map(hex::encode).collect::<Vec<_>>(),
            "violation": self.violation.code(),
        })
    }

    /// Feeds the messages, running each job as it comes; the number of the message that was refused and why.
    pub fn outcome(&self) -> Option<(usize, Violation)> {
        let (mut party, started) = open(self.role, self.sizes);
        run_jobs(party.as_mut(), started).ok()?;
        self.messages.iter().enumerate().find_map(|(number, message)| {
            let step = party.on_message(message).and_then(|step| run_jobs(party.as_mut(), step));
            step.err().map(|violation| (number, violation))
        })
    }
}

/// A party that has its set, with all it does until it awaits the other side.
fn open(role: PsiRole, (receiver, sender): (u32, u32)) -> (Box<dyn Party>, Step) {
    let sizes = SetSizes { receiver, sender, label_len: LabelLen::NONE };
    let binding = Binding { session: [0x48; 32], lane: 0 };
    let mut party = protocol_named("voprf").expect("it is in the list").open(role, binding, sizes, Seed::new([9; 32]));
    let mut started = party.start();
    for shard in std::mem::take(&mut started.loads) {
        let loaded = party.on_loaded(shard, (0..10u8).map(|n| Item([n; 32])).collect::<Arc<[Item]>>().into());
        started.send.extend(loaded.send);
        started.jobs.extend(loaded.jobs);
    }
    (party, started)
}

fn run_jobs(party: &mut dyn Party, step: Step) -> Result<(), Violation> {
    let mut steps = vec![step];
    while let Some(step) = steps.pop() {
        for (id, job) in step.jobs {
            steps.push(party.on_computed(id, job.run())?);
        }
    }
    Ok(())
}

/// What the sender of the receiver's cases would open with: the first message of a real one.
fn opening() -> Vec<u8> {
    open(PsiRole::Sender, (16, 16)).1.send.remove(0)
}

/// The receiver's first batch, blinded from a fixed seed.
fn blinded() -> Vec<u8> {
    let (mut party, step) = open(PsiRole::Receiver, (16, 16));
    let (id, job) = step.jobs.into_iter().next().expect("one batch");
    let mut sent = party.on_computed(id, job.run()).expect("own job").send;
    sent.remove(0)
}

fn tags(frame: u32, tags: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let tags: Vec<u8> = tags.into_iter().flat_map(|tag| [tag; 16]).collect();
    [&[4][..], &frame.to_le_bytes(), &tags].concat()
}

/// Sequences that must end at their last message.
pub fn steps() -> Vec<Steps> {
    let case = |defect, role, messages, violation| Steps { defect, role, sizes: (16, 16), messages, violation };
    let to_receiver = |defect, messages, violation| case(defect, PsiRole::Receiver, messages, violation);
    let to_sender = |defect, messages, violation| case(defect, PsiRole::Sender, messages, violation);
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut message = blinded();
        change(&mut message);
        message
    };
    let evaluated =
        |batch: u32, elements: usize| [&[3][..], &batch.to_le_bytes(), &[0; 64], &vec![0; 32 * elements]].concat();
    let awaits_answers = Violation::Unexpected { awaiting: "evaluated batch or tags" };
    let count = |what, got| Violation::CountMismatch { what, expected: 16, got };
    vec![
        to_receiver("empty message", vec![vec![]], Violation::Malformed { what: "psi message" }),
        to_receiver("unknown message", vec![vec![5]], Violation::Malformed { what: "psi message" }),
        to_receiver("opening one byte short", vec![opening()[..32].to_vec()], Violation::Malformed { what: "opening" }),
        to_receiver("public key is the identity", vec![[&[1][..], &[0; 32]].concat()], Violation::BadPublicKey),
        to_receiver("public key is not canonical", vec![[&[1][..], &[0xff; 32]].concat()], Violation::BadPublicKey),
        to_receiver("second opening", vec![opening(), opening()], awaits_answers),
        to_receiver("a receiver's message", vec![opening(), blinded()], awaits_answers),
        to_receiver("answer before the opening", vec![evaluated(0, 16)], Violation::Unexpected { awaiting: "opening" }),
        to_receiver("answer to no batch", vec![opening(), evaluated(1, 16)], Violation::UnawaitedBatch { batch: 1 }),
        to_receiver("answer one element short", vec![opening(), evaluated(0, 15)], count("evaluated elements", 15)),
        to_receiver(
            "answer cut inside an element",
            vec![opening(), evaluated(0, 16)[..100].to_vec()],
            Violation::Malformed { what: "evaluated batch" },
        ),
        to_receiver(
            "proof that is not canonical",
            vec![opening(), [&[3, 0, 0, 0, 0][..], &[0xff; 64], &[0; 512]].concat()],
            Violation::BadProof { batch: 0 },
        ),
        to_receiver(
            "answers that are the identity",
            vec![opening(), evaluated(0, 16)],
            Violation::BadElement { batch: 0, index: 0 },
        ),
        to_receiver(
            "the batch sent back",
            vec![opening(), [&[3, 0, 0, 0, 0][..], &[0; 64], &blinded()[5..]].concat()],
            Violation::BadProof { batch: 0 },
        ),
        to_receiver("one tag short", vec![opening(), tags(0, 0..15)], count("tags", 15)),
        to_receiver("one tag too many", vec![opening(), tags(0, 0..17)], count("tags", 17)),
        to_receiver("tags of a later frame", vec![opening(), tags(1, 0..16)], count("tags", 16)),
        to_receiver("a tag twice", vec![opening(), tags(0, (0..15).chain([14]))], Violation::TagsOutOfOrder),
        to_receiver("tags descending", vec![opening(), tags(0, (0..16).rev())], Violation::TagsOutOfOrder),
        to_sender("a sender's message", vec![opening()], Violation::Unexpected { awaiting: "blinded batch" }),
        to_sender("batch beyond the last", vec![changed(&|m| m[1] = 1)], Violation::UnawaitedBatch { batch: 1 }),
        to_sender("batch twice", vec![blinded(), blinded()], Violation::UnawaitedBatch { batch: 0 }),
        to_sender("one element short", vec![changed(&|m| m.truncate(5 + 15 * 32))], count("blinded elements", 15)),
        to_sender(
            "cut inside an element",
            vec![changed(&|m| m.truncate(50))],
            Violation::Malformed { what: "blinded batch" },
        ),
        to_sender(
            "element twice",
            vec![changed(&|m| m.copy_within(5..37, 37))],
            Violation::RepeatedElement { batch: 0 },
        ),
        to_sender(
            "last element is the identity",
            vec![changed(&|m| m[5 + 15 * 32..].fill(0))],
            Violation::BadElement { batch: 0, index: 15 },
        ),
        to_sender(
            "first element is not canonical",
            vec![changed(&|m| m[5..37].fill(0xff))],
            Violation::BadElement { batch: 0, index: 0 },
        ),
    ]
}
