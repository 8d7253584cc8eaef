//! One batch of the correlation c = b + a·Δ: from entries over the base to thousands of entries more, by a multi-point PPRF,
//! its check, and the code (2019/1159; 2022/320, section 3).
//!
//! The side with Δ has b and grows trees of pseudo-random leaves v; the other side gets all leaves but one of each tree, and
//! at the one left out v + y·Δ, where y is its own element of the base. So it has w = v + e·Δ for a vector e that is zero but
//! for one y in each tree, the regular noise. The code makes of e, w and v the outputs a, c and b.
//!
//! # The check
//!
//! A side with Δ that grows one tree wrongly would learn from an abort whether the other's position was in it. So the other
//! side names a random point X after it has all trees, and x* = sum of X^(l+1)·e_l - y_last with an element of the base kept
//! for this; the side with Δ answers with a digest of its own sum of X^(l+1)·v_l + Δ·x* - b_last. An honest answer is the
//! digest of what the other side knows itself: sum of X^(l+1)·w_l - c_last. What a wrong tree can still learn, that it was
//! not found out, is a guess of the noise's position in it, and the noise is heavy enough to spare some.
//!
//! That y is one field element for all bits of Δ, and not another for some, is ensured where the base comes from: the
//! consistency check of the extension (`docs/adr/0014-one-correlation.md`).

use core::fmt;

use rand_core::Rng as _;
use zeroize::Zeroizing;

use super::code::Code;
use super::pprf::{Branching, Forest};
use crate::ot::{Delta, OtHash};
use crate::{Block, Digest, Domain, Seed, derive_public, digest, power_sum, powers};

const BLOCK_LEN: usize = 16;

/// Trees and leaves of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    trees: usize,
    leaves: usize,
}

impl Shape {
    /// A batch of that many trees, each of that many leaves.
    ///
    /// # Panics
    /// If there is no tree, or its leaves are no even number from 2 to 2^20.
    pub const fn new(trees: usize, leaves: usize) -> Self {
        assert!(
            trees > 0 && leaves >= 2 && leaves.is_multiple_of(2) && leaves <= 1 << 20,
            "trees of an even number of leaves"
        );
        Self { trees, leaves }
    }

    /// Its trees.
    pub const fn trees(self) -> usize {
        self.trees
    }

    /// How many entries it gives: half the leaves of all trees.
    pub const fn outputs(self) -> usize {
        self.trees * self.leaves / 2
    }

    /// Levels of a tree below its root.
    pub const fn depth(self) -> usize {
        self.leaves.next_power_of_two().trailing_zeros() as usize
    }

    fn forest(self) -> Forest {
        Forest::new(self.trees, self.leaves)
    }

    /// Transfers that it takes: one for each level of each tree.
    pub const fn transfers(self) -> usize {
        self.trees * self.depth()
    }

    /// Entries over the field that it takes: one for each tree, and one for the check.
    pub const fn base(self) -> usize {
        self.trees + 1
    }

    /// Bytes that correct the choices of its transfers.
    pub const fn corrections_len(self) -> usize {
        self.transfers().div_ceil(8)
    }

    /// Bytes of its trees as sent: two sums a level, and one block a tree.
    pub const fn message_len(self) -> usize {
        self.trees * (2 * self.depth() + 1) * BLOCK_LEN
    }
}

/// What all batches of one session share: keys of the trees and of the transfers, and the code.
pub struct Batches {
    session: Digest,
    shape: Shape,
    branching: Branching,
    transfers: OtHash,
    code: Code,
}

/// One batch among those of its session: its number, and that of the first entry its transfers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the batch.
    pub batch: u64,
    /// Number of its first entry among all of the session.
    pub first_entry: u64,
}

/// The transfers of a batch on the side with Δ.
#[derive(Clone, Copy)]
pub struct Transfers<'t> {
    /// One entry for each.
    pub q: &'t [Block],
    /// The other side's corrections of its choices: [`Shape::corrections_len`] bytes.
    pub corrections: &'t [u8],
}

impl fmt::Debug for Transfers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transfers(..)")
    }
}

impl Batches {
    /// Of a session, all of one shape.
    pub fn new(session: &Digest, shape: Shape, code: Code) -> Self {
        assert!(code.outputs() == shape.outputs(), "a code of as many outputs as the batches give");
        let key = |side: u8| derive_public(Domain::VoleTree, &[session.as_bytes(), &[side]]).first_half();
        let branching = Branching::new(key(0), key(1));
        Self { session: *session, shape, branching, transfers: OtHash::new(session), code }
    }

    /// Their shape.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The side with Δ grows a batch. `base` is b of [`Shape::base`] entries. Beside the state, [`Shape::message_len`] bytes to send. The seed is for this batch alone.
    ///
    /// # Panics
    /// If a length is another.
    pub fn grow(
        &self,
        place: Place,
        delta: &Delta,
        transfers: Transfers<'_>,
        base: &[Block],
        seed: &Seed,
        room: Vec<Block>,
    ) -> (Grown, Vec<u8>) {
        let Shape { trees, leaves } = self.shape;
        let (depth, Transfers { q, corrections }) = (self.shape.depth(), transfers);
        assert!(q.len() == self.shape.transfers() && base.len() == self.shape.base(), "entries as the shape says");
        assert!(corrections.len() == self.shape.corrections_len(), "a correction for each transfer");
        let roots = random_blocks(seed, trees);
        let mut all = room;
        all.resize(trees * leaves, Block::ZERO);
        let sums = self.branching.grow(self.shape.forest(), &roots, &mut all);
        let keys = self.transfers.key_pairs(place.first_entry, q, delta);
        let mut message = Vec::with_capacity(self.shape.message_len());
        for tree in 0..trees {
            for transfer in tree * depth..(tree + 1) * depth {
                let flip = bit(corrections, transfer);
                let [left, right] = sums[transfer];
                let [first, second] = keys[transfer];
                // A choice that was corrected finds its key on the other side.
                let swap = (first + second).masked(flip);
                message.extend_from_slice(&(left + first + swap).to_bytes());
                message.extend_from_slice(&(right + second + swap).to_bytes());
            }
            let sum = all[tree * leaves..(tree + 1) * leaves].iter().fold(base[tree], |sum, leaf| sum + *leaf);
            message.extend_from_slice(&sum.to_bytes());
        }
        (Grown { leaves: all, last: base[trees] }, message)
    }

    /// Positions of the noise of a batch, and the bytes that turn the random choices of `bits` into those that lead there.
    /// Bit i of `bits` is the choice of transfer i. The seed is for this batch alone.
    pub fn choose(&self, bits: impl Fn(usize) -> u8, seed: &Seed) -> (Positions, Vec<u8>) {
        let (leaves, depth) = (self.shape.leaves, self.shape.depth());
        let mut rng = seed.fork("positions", 0).rng();
        let places: Zeroizing<Vec<u32>> = Zeroizing::new(
            (0..self.shape.trees).map(|_| ((u128::from(rng.next_u64()) * leaves as u128) >> 64) as u32).collect(),
        );
        let mut corrections = vec![0; self.shape.corrections_len()];
        for (tree, place) in places.iter().enumerate() {
            for (level, side) in self.shape.forest().needed_sides(*place).enumerate() {
                let transfer = tree * depth + level;
                corrections[transfer / 8] |= (side ^ (bits(transfer) & 1)) << (transfer % 8);
            }
        }
        let point = random_blocks(&seed.fork("point", 0), 1)[0];
        (Positions { places, point }, corrections)
    }

    /// The other side takes a batch. `t` has one entry for each transfer, `base` is a and c of [`Shape::base`] entries,
    /// `message` is what [`Batches::grow`] sent.
    ///
    /// # Panics
    /// If a length is another.
    pub fn take(
        &self,
        place: Place,
        positions: &Positions,
        t: &[Block],
        base: &[[Block; 2]],
        message: &[u8],
        room: Room,
    ) -> Taken {
        let Shape { trees, leaves } = self.shape;
        assert!(t.len() == self.shape.transfers() && base.len() == self.shape.base(), "entries as the shape says");
        assert!(message.len() == self.shape.message_len(), "a message as the shape says");
        let (message, _) = message.as_chunks::<BLOCK_LEN>();
        let of_tree = 2 * self.shape.depth() + 1;
        let Room { leaves: mut known, mut pairs } = room;
        known.resize(trees * leaves, Block::ZERO);
        pairs.resize(trees * leaves, [Block::ZERO; 2]);
        let sums = self.sums(place, positions, t, message);
        self.branching.grow_punctured(self.shape.forest(), &positions.places, &sums, &mut known);
        let powers = powers(positions.point, leaves);
        let (mut lacking, mut to_tree) = (base[trees][0], Block::ONE);
        for (tree, [noise, entry]) in base[..trees].iter().enumerate() {
            let range = tree * leaves..(tree + 1) * leaves;
            let at_position = known[range.clone()].iter().fold(*entry, |sum, leaf| sum + *leaf)
                + Block::from_bytes(message[tree * of_tree + of_tree - 1]);
            let mut power = Block::ZERO;
            let nodes = known[range.clone()].iter_mut().zip(&mut pairs[range]).zip(&powers);
            for (number, ((leaf, pair), power_here)) in (0u32..).zip(nodes) {
                // One at the position and nowhere else, in the same time for all positions.
                let here = (u64::from(number ^ positions.places[tree]).wrapping_sub(1) >> 63) as u8;
                *leaf += at_position.masked(here);
                *pair = [noise.masked(here), *leaf];
                power += power_here.masked(here);
            }
            lacking += to_tree * power * *noise;
            to_tree *= powers[leaves - 1];
        }
        let expected = self.check(place, power_sum(&known, positions.point) + base[trees][1]);
        Taken { point: positions.point, lacking, expected, room: Room { leaves: known, pairs } }
    }

    /// For each tree and level the sum of the side beside the path to the tree's position.
    fn sums(
        &self,
        place: Place,
        positions: &Positions,
        t: &[Block],
        message: &[[u8; BLOCK_LEN]],
    ) -> Zeroizing<Vec<Block>> {
        let of_tree = 2 * self.shape.depth() + 1;
        let mut sums = self.transfers.chosen_keys(place.first_entry, t);
        let trees = sums.chunks_mut(self.shape.depth()).zip(message.chunks(of_tree)).zip(positions.places.iter());
        for ((sums, message), place) in trees {
            let sides = self.shape.forest().needed_sides(*place);
            for ((sum, pair), side) in sums.iter_mut().zip(message.as_chunks::<2>().0).zip(sides) {
                let [left, right] = pair.map(Block::from_bytes);
                *sum += left + (left + right).masked(side);
            }
        }
        sums
    }

    fn check(&self, place: Place, value: Block) -> Digest {
        digest(Domain::VoleCheck, &[self.session.as_bytes(), &place.batch.to_le_bytes(), &value.to_bytes()])
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batches({:?}, ..)", self.shape)
    }
}

/// Memory for one batch, to be used again for the next: what it holds between batches means nothing.
#[derive(Default)]
pub struct Room {
    leaves: Vec<Block>,
    pairs: Vec<[Block; 2]>,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Room(..)")
    }
}

/// A batch of the side with Δ, before it is challenged.
pub struct Grown {
    leaves: Vec<Block>,
    last: Block,
}

impl Grown {
    /// b of the batch's outputs, at the start of a vector that has room for twice as many.
    pub fn outputs(&self, batches: &Batches, mut room: Vec<Block>) -> Vec<Block> {
        room.clear();
        room.extend_from_slice(&self.leaves);
        batches.code.compress(&mut room);
        room
    }

    /// The answer to a challenge, and the memory of the batch.
    pub fn answer(
        self,
        batches: &Batches,
        place: Place,
        delta: &Delta,
        point: Block,
        lacking: Block,
    ) -> (Digest, Vec<Block>) {
        let value = power_sum(&self.leaves, point) + delta.block() * lacking + self.last;
        (batches.check(place, value), self.leaves)
    }
}

impl fmt::Debug for Grown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Grown(..)")
    }
}

/// Where the noise of a batch is, one leaf of each tree, and the point at which the batch will be checked.
pub struct Positions {
    places: Zeroizing<Vec<u32>>,
    point: Block,
}

impl fmt::Debug for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Positions(..)")
    }
}

/// A batch of the other side. Its outputs may be used for nothing before the answer to the challenge was the expected one.
pub struct Taken {
    /// The point X of the challenge.
    pub point: Block,
    /// x*, to be sent with it.
    pub lacking: Block,
    /// The answer of an honest side.
    pub expected: Digest,
    room: Room,
}

impl Taken {
    /// a and c of the batch's outputs.
    pub fn outputs(mut self, batches: &Batches) -> Outputs {
        batches.code.compress_pair(&mut self.room.pairs);
        Outputs { room: self.room, len: batches.shape.outputs() }
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Taken(..)")
    }
}

/// What the other side has of a batch.
pub struct Outputs {
    room: Room,
    len: usize,
}

impl Outputs {
    /// a and c of each output, side by side.
    pub fn pairs(&self) -> &[[Block; 2]] {
        &self.room.pairs[..self.len]
    }

    /// The memory of the batch.
    pub fn into_room(self) -> Room {
        self.room
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outputs(..)")
    }
}

fn bit(bits: &[u8], index: usize) -> u8 {
    bits[index / 8] >> (index % 8) & 1
}

fn random_blocks(seed: &Seed, count: usize) -> Zeroizing<Vec<Block>> {
    let mut rng = seed.rng();
    Zeroizing::new(
        (0..count)
            .map(|_| {
                let mut bytes = [0; BLOCK_LEN];
                rng.fill_bytes(&mut bytes);
                Block::from_bytes(bytes)
            })
            .collect(),
    )
}
