//! Checked batches of the correlation, from real base transfers and their extension: what honest sides get, and what an
//! answer gives away of a side that is not.

// The allowance for tests in clippy.toml does not reach functions that tests share.
#![allow(clippy::unwrap_used)]

use core::iter::zip;

use cwg_crypto::ot::{Correlation, CotReceiver, CotSender, Delta, OtReceiver, OtSender, TRANSFERS, field_entries};
use cwg_crypto::vole::{Batches, Code, Grown, Place, Room, Shape, Taken, Transfers, Weight};
use cwg_crypto::{Block, Digest, Domain, Seed, digest};

/// Batches for which one session has entries.
const BATCHES: usize = 2;

/// Small enough to be tampered with everywhere. Its levels all have an even number of nodes.
const SMALL: Shape = Shape::new(3, 128);

/// Both sides of a session that has its entries.
struct Session {
    batches: Batches,
    sender: CotSender,
    q: Vec<Block>,
    correlation: Correlation,
}

/// What a dishonest side changes of one batch.
#[derive(Default)]
struct Tamper {
    /// A bit of the corrections, on their way to the side with Δ.
    correction: Option<usize>,
    /// A bit of the trees, on their way to the other side.
    message: Option<usize>,
    /// Added to the point of the challenge, and to x*.
    challenge: [Block; 2],
    /// An entry of the base of the side with Δ, which it takes for another.
    base: Option<usize>,
}

/// Memory of an earlier batch, of both sides.
#[derive(Default)]
struct Memory {
    leaves: Vec<Block>,
    outputs: Vec<Block>,
    other: Room,
}

/// Everything that came of one batch.
struct Outcome {
    message: Vec<u8>,
    expected: Digest,
    answer: Digest,
    b: Vec<Block>,
    pairs: Vec<[Block; 2]>,
    memory: Memory,
}

impl Session {
    fn new(shape: Shape, weight: Weight) -> Self {
        let session = digest(Domain::Session, &[b"vole"]);
        let (ot_receiver, elements) = OtReceiver::new(&session, Delta::random(Seed::new([1; 32])), Seed::new([2; 32]));
        let (ot_sender, publics) = OtSender::new(&session, Seed::new([3; 32]));
        let (mut receiver, setup) = CotReceiver::new(&session, ot_sender.finish(&elements).unwrap());
        let sender = CotSender::new(&session, ot_receiver.finish(&publics).unwrap(), &setup).unwrap();
        let count = BATCHES * (TRANSFERS * shape.base() + shape.transfers());
        let (extension, correlation) = receiver.extend(count);
        let (sender, q) = sender.receive(count, &extension).unwrap();
        let batches = Batches::new(&session, shape, Code::new(shape.outputs(), weight));
        Self { batches, sender, q: q.to_vec(), correlation }
    }

    /// A batch's base comes from the entries of its first runs, its transfers are entries behind those of all bases.
    fn place(&self, batch: usize) -> Place {
        let shape = self.batches.shape();
        let first_entry = BATCHES * TRANSFERS * shape.base() + batch * shape.transfers();
        Place { batch: batch as u64, first_entry: first_entry as u64 }
    }

    /// b, and a and c, of a batch's base.
    fn base(&self, batch: usize) -> (Vec<Block>, Vec<[Block; 2]>) {
        let base = self.batches.shape().base();
        let (first, last) = (batch * base, (batch + 1) * base);
        let b = field_entries(&self.q[TRANSFERS * first..TRANSFERS * last]);
        let c = field_entries(&self.correlation.t[TRANSFERS * first..TRANSFERS * last]);
        (b.to_vec(), zip(&self.correlation.bits[first..last], c.iter()).map(|(a, c)| [*a, *c]).collect())
    }

    /// One batch from start to end.
    fn run(&self, batch: usize, tamper: &Tamper, memory: Memory) -> Outcome {
        let (batches, delta, place) = (&self.batches, self.sender.delta(), self.place(batch));
        let Memory { leaves, outputs, other } = memory;
        let (grown, message, taken) = self.exchange(batch, tamper, leaves, other);
        let Taken { point, lacking, expected, .. } = taken;
        let b = grown.outputs(batches, outputs);
        let (answer, leaves) =
            grown.answer(batches, place, delta, point + tamper.challenge[0], lacking + tamper.challenge[1]);
        let taken_outputs = taken.outputs(batches);
        let pairs = taken_outputs.pairs().to_vec();
        let kept = b[..batches.shape().outputs()].to_vec();
        let memory = Memory { leaves, outputs: b, other: taken_outputs.into_room() };
        Outcome { message, expected, answer, b: kept, pairs, memory }
    }

    /// As far as the challenge.
    fn exchange(&self, batch: usize, tamper: &Tamper, leaves: Vec<Block>, room: Room) -> (Grown, Vec<u8>, Taken) {
        let (batches, place) = (&self.batches, self.place(batch));
        let (first, count) = (place.first_entry as usize, batches.shape().transfers());
        let (mut b, pairs) = self.base(batch);
        if let Some(entry) = tamper.base {
            b[entry] += Block::ONE;
        }
        let seeds = [4, 5].map(|byte| Seed::new([byte; 32]).fork("batch", batch as u64));
        let (positions, mut corrections) = batches.choose(|bit| self.correlation.bit(first + bit), &seeds[0]);
        flip(&mut corrections, tamper.correction);
        let transfers = Transfers { q: &self.q[first..first + count], corrections: &corrections };
        let (grown, mut message) = batches.grow(place, self.sender.delta(), transfers, &b, &seeds[1], leaves);
        flip(&mut message, tamper.message);
        let t = &self.correlation.t[first..first + count];
        let taken = batches.take(place, &positions, t, &pairs, &message, room);
        (grown, message, taken)
    }

    /// Of each transfer of batch 0, which sum the other side needs: its choice as corrected.
    fn needed_sides(&self) -> Vec<usize> {
        let first = self.place(0).first_entry as usize;
        let bit = |transfer| self.correlation.bit(first + transfer);
        let (_, corrections) = self.batches.choose(bit, &Seed::new([4; 32]).fork("batch", 0));
        let corrected = |transfer: usize| corrections[transfer / 8] >> (transfer % 8) & 1 ^ bit(transfer);
        (0..self.batches.shape().transfers()).map(|transfer| usize::from(corrected(transfer))).collect()
    }

    fn tampered(&self, tamper: &Tamper) -> Outcome {
        self.run(0, tamper, Memory::default())
    }

    fn honest(&self, batch: usize) -> Outcome {
        self.run(batch, &Tamper::default(), Memory::default())
    }
}

fn flip(bytes: &mut [u8], bit: Option<usize>) {
    if let Some(bit) = bit {
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// The first bit of a block of the trees as sent: a level's sum of a side, or with level = depth the tree's last block.
fn bit_of_message(shape: Shape, tree: usize, level: usize, side: usize) -> usize {
    128 * (tree * (2 * shape.depth() + 1) + 2 * level + side)
}

fn check_correlation(shape: Shape, weight: Weight) {
    let session = Session::new(shape, weight);
    let delta = session.sender.delta().block();
    for batch in 0..BATCHES {
        let Outcome { b, pairs, answer, expected, message, .. } = session.honest(batch);
        assert!(answer == expected, "{shape:?}: both sides agree on the check");
        assert_eq!((b.len(), pairs.len(), message.len()), (shape.outputs(), shape.outputs(), shape.message_len()));
        assert!(zip(&b, &pairs).all(|(b, [a, c])| *c == *b + *a * delta), "{shape:?} with {weight:?}");
        // It would also hold of entries that are zero, or all alike.
        assert!(distinct(b) && pairs.iter().any(|[a, _]| *a != Block::ZERO), "{shape:?}");
        // Noise of three trees leaves some outputs without any.
        assert!(shape.base() <= 4 || distinct(pairs.iter().map(|[a, _]| *a).collect()), "{shape:?}");
    }
}

fn distinct(mut blocks: Vec<Block>) -> bool {
    blocks.sort_unstable();
    blocks.windows(2).all(|pair| pair[0] != pair[1])
}

#[test]
fn every_output_is_correlated_and_both_sides_agree_on_the_check() {
    // A code has an even number of outputs: with three trees, leaves are a multiple of four.
    for (trees, leaves) in [(3, 128), (3, 132), (3, 2048), (144, 128), (144, 130), (144, 2048)] {
        for weight in [Weight::FAST, Weight::CONSERVATIVE] {
            check_correlation(Shape::new(trees, leaves), weight);
        }
    }
}

#[test]
fn a_wrong_sum_of_any_level_is_noticed_where_it_is_needed_and_only_there() {
    let session = Session::new(SMALL, Weight::FAST);
    let honest = session.honest(0);
    let depth = SMALL.depth();
    for (transfer, needed) in session.needed_sides().into_iter().enumerate() {
        for side in 0..2 {
            let bit = bit_of_message(SMALL, transfer / depth, transfer % depth, side);
            let outcome = session.tampered(&Tamper { message: Some(bit), ..Tamper::default() });
            // Of the other sum the other side has no key, and it never looks at it: that nobody notices is no fault, since
            // nothing depends on it. Whether somebody notices is the bit of the position that such a side learns at the risk
            // of being found out.
            assert_eq!(outcome.answer == outcome.expected, side != needed, "transfer {transfer}, side {side}");
            assert_eq!(outcome.expected == honest.expected, side != needed);
            assert_eq!(outcome.pairs == honest.pairs, side != needed);
        }
    }
}

#[test]
fn a_wrong_last_block_of_any_tree_is_noticed() {
    let session = Session::new(SMALL, Weight::FAST);
    for tree in 0..3 {
        let bit = bit_of_message(SMALL, tree, SMALL.depth(), 0);
        let outcome = session.tampered(&Tamper { message: Some(bit), ..Tamper::default() });
        assert!(outcome.answer != outcome.expected, "tree {tree}");
    }
}

#[test]
fn a_wrong_correction_of_any_transfer_is_noticed() {
    let session = Session::new(SMALL, Weight::FAST);
    for transfer in 0..SMALL.transfers() {
        let outcome = session.tampered(&Tamper { correction: Some(transfer), ..Tamper::default() });
        assert!(outcome.answer != outcome.expected, "transfer {transfer}");
    }
}

#[test]
fn another_challenge_has_another_answer() {
    let session = Session::new(SMALL, Weight::FAST);
    for challenge in [[Block::ONE, Block::ZERO], [Block::ZERO, Block::ONE]] {
        let outcome = session.tampered(&Tamper { challenge, ..Tamper::default() });
        assert!(outcome.answer != outcome.expected);
    }
}

#[test]
fn another_base_is_noticed_the_entry_kept_for_the_check_among_it() {
    let session = Session::new(SMALL, Weight::FAST);
    for entry in 0..SMALL.base() {
        let outcome = session.tampered(&Tamper { base: Some(entry), ..Tamper::default() });
        assert!(outcome.answer != outcome.expected, "entry {entry}");
    }
}

#[test]
fn two_batches_of_a_session_have_nothing_in_common() {
    let session = Session::new(SMALL, Weight::FAST);
    let (first, second) = (session.honest(0), session.honest(1));
    assert!(first.expected != second.expected);
    assert!(zip(&first.b, &second.b).all(|(first, second)| first != second));
    assert!(zip(&first.pairs, &second.pairs).all(|(first, second)| first[0] != second[0] && first[1] != second[1]));
}

#[test]
fn the_answer_of_a_batch_is_bound_to_its_number() {
    let session = Session::new(SMALL, Weight::FAST);
    let (grown, _, taken) = session.exchange(0, &Tamper::default(), Vec::new(), Room::default());
    let place = Place { batch: 1, ..session.place(0) };
    let (answer, _) = grown.answer(&session.batches, place, session.sender.delta(), taken.point, taken.lacking);
    assert!(answer != taken.expected);
}

#[test]
fn memory_of_another_batch_changes_nothing() {
    let large = Shape::new(3, 2048);
    for (before, after) in [(SMALL, SMALL), (large, SMALL), (SMALL, large)] {
        let (earlier, session) = (Session::new(before, Weight::FAST), Session::new(after, Weight::FAST));
        let used = earlier.honest(0).memory;
        let (again, fresh) = (session.run(1, &Tamper::default(), used), session.honest(1));
        assert!(again.message == fresh.message && again.expected == fresh.expected && again.answer == fresh.answer);
        assert!(again.b == fresh.b && again.pairs == fresh.pairs, "{before:?}, then {after:?}");
    }
}
