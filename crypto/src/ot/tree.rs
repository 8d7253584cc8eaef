//! All-but-one transfers: 32 trees of 16 leaves from 128 base transfers, of which one side knows all leaves and the other all
//! but the one at its point. The tree is that of GGM, its puncturing and its check are those of 2022/192, figures 13 and 14.
//!
//! Tree g has point Δ_g, bits 4g to 4g + 3 of Δ, and leaves x of 4 bits. Level i splits by bit i of x; child c of a node n is
//! π_c(n) + n under one of two AES keys of the session. With k_0, k_1 the keys of base transfer 4g + i:
//!
//! ```text
//! level 0      the nodes are k_1 (bit 0) and k_0 (bit 1)
//! level 1..3   sent: (sum of the children with bit 0) + k_1, (sum of those with bit 1) + k_0;   2 · 16 bytes
//! ```
//!
//! So a choice of Δ's bit opens the sum on the side away from the point, and with it the point's sibling. For a leaf F, the seed
//! of its stream is π(F) + F under a third key, and its proof is the BLAKE3 derivation of session, g and F, 32 bytes. The owner
//! sends the sum of the 16 proofs of each tree, and one digest of all 512 proofs in order:
//!
//! ```text
//! setup = for each tree: 3 levels · 32 bytes ‖ sum of proofs (32);  then digest (32)
//! ```
//!
//! The other side takes the missing proof from the sum and compares digests. An owner that sends unequal sums is found out unless
//! the point avoids the leaves it spoiled, so it learns that Δ_g is in a set of its choice at the risk of being caught: a leak
//! that 2022/192 allows for, and that each abort prices.
//!
//! The puncturing side keeps leaves by position p = x + Δ_g: its unknown leaf is at position 0 of every tree, no address depends
//! on Δ, and the streams need no more reordering.

use subtle::{Choice, ConditionallySelectable as _};
use zeroize::Zeroizing;

use super::{ChosenKeys, Delta, ExtensionError, KeyPairs, session_mmo};
use crate::{Block, Digest, Domain, Mmo, ct_eq, derive_public};

/// Bytes of the message that shares the trees.
pub const SETUP_LEN: usize = TREES * TREE_LEN + PROOF_LEN;

/// Trees of one set of base transfers.
pub(super) const TREES: usize = 32;

/// Levels of a tree, bits of its point.
pub(super) const DEPTH: usize = 4;

/// Leaves of a tree.
pub(super) const LEAVES: usize = 1 << DEPTH;

/// The owner's side: 16 seeds for each of 32 trees, by leaf, and [`SETUP_LEN`] bytes to send.
pub(super) fn share(session: &Digest, keys: &KeyPairs) -> (Zeroizing<Vec<Block>>, Vec<u8>) {
    let hashes = Hashes::new(session);
    let mut seeds = Zeroizing::new(Vec::with_capacity(TREES * LEAVES));
    let mut proofs = Zeroizing::new(Vec::with_capacity(TREES * LEAVES));
    let mut message = Vec::with_capacity(SETUP_LEN);
    for (tree, keys) in keys.pairs().chunks_exact(DEPTH).enumerate() {
        let mut nodes = Zeroizing::new(vec![keys[0][1], keys[0][0]]);
        for [key_0, key_1] in &keys[1..] {
            let [children_0, children_1] = hashes.children(&nodes);
            message.extend((sum(&children_0) + *key_1).to_bytes());
            message.extend((sum(&children_1) + *key_0).to_bytes());
            nodes = joined(&children_0, &children_1);
        }
        let of_tree = hashes.proofs(tree, &nodes);
        message.extend(sum_of_proofs(&of_tree));
        proofs.extend_from_slice(&of_tree);
        hashes.seeds_in_place(&mut nodes);
        seeds.extend_from_slice(&nodes);
    }
    message.extend(hashes.digest(&proofs).as_bytes());
    (seeds, message)
}

/// The other side: 16 seeds for each tree by position, of which that at position 0 is void.
pub(super) fn puncture(
    session: &Digest,
    keys: &ChosenKeys,
    message: &[u8],
) -> Result<Zeroizing<Vec<Block>>, ExtensionError> {
    if message.len() != SETUP_LEN {
        return Err(ExtensionError::Len { expected: SETUP_LEN, got: message.len() });
    }
    let (trees, digest) = message.split_at(SETUP_LEN - PROOF_LEN);
    let hashes = Hashes::new(session);
    let mut seeds = Zeroizing::new(Vec::with_capacity(TREES * LEAVES));
    let mut proofs = Zeroizing::new(Vec::with_capacity(TREES * LEAVES));
    for (tree, message) in trees.chunks_exact(TREE_LEN).enumerate() {
        let (levels, proof_sum) = message.split_at(TREE_LEN - PROOF_LEN);
        let mut nodes = leaves_but_one(&hashes, keys, tree, levels.as_chunks().0);
        let mut of_tree = hashes.proofs(tree, &nodes);
        // The proof at the point is what the others leave of the sum.
        of_tree[0] = proof_sum.try_into().expect("the rest of a tree's message is a proof");
        of_tree[0] = sum_of_proofs(&of_tree);
        by_leaf(&mut of_tree, keys.choices(), tree);
        proofs.extend_from_slice(&of_tree);
        hashes.seeds_in_place(&mut nodes);
        seeds.extend_from_slice(&nodes);
    }
    if !ct_eq(hashes.digest(&proofs).as_bytes(), digest) {
        return Err(ExtensionError::TreesDiffer);
    }
    Ok(seeds)
}

/// The leaves of one tree by position. The one at position 0 is void.
fn leaves_but_one(
    hashes: &Hashes,
    keys: &ChosenKeys,
    tree: usize,
    levels: &[[u8; BLOCK_LEN]],
) -> Zeroizing<Vec<Block>> {
    let first = tree * DEPTH;
    let mut nodes = Zeroizing::new(vec![Block::ZERO, keys.keys()[first]]);
    for (level, masked) in (1..).zip(levels.chunks_exact(2)) {
        let bit = keys.choices().bit(first + level);
        let [mut towards, mut away] = hashes.children(&nodes);
        for (towards, away) in towards.iter_mut().zip(away.iter_mut()) {
            swap_if(bit, towards, away);
        }
        let [mut opened, mut other] = [masked[1], masked[0]].map(Block::from_bytes);
        swap_if(bit, &mut opened, &mut other);
        towards[0] = Block::ZERO;
        away[0] = opened + keys.keys()[first + level];
        away[0] = sum(&away);
        nodes = joined(&towards, &away);
    }
    nodes
}

/// Reorders what stands at position p = x + Δ_g to x.
fn by_leaf(proofs: &mut [[u8; PROOF_LEN]], delta: &Delta, tree: usize) {
    for level in 0..DEPTH {
        let bit = Choice::from(delta.bit(tree * DEPTH + level));
        for pair in proofs.chunks_exact_mut(2 << level) {
            let (lower, upper) = pair.split_at_mut(1 << level);
            for (lower, upper) in lower.iter_mut().zip(upper) {
                <[u8; PROOF_LEN]>::conditional_swap(lower, upper, bit);
            }
        }
    }
}

/// The hashes of the trees of one session.
struct Hashes {
    children: [Mmo; 2],
    seed: Mmo,
    session: Digest,
}

impl Hashes {
    fn new(session: &Digest) -> Self {
        Self {
            children: [Domain::CotTreeLeft, Domain::CotTreeRight].map(|domain| session_mmo(domain, session)),
            seed: session_mmo(Domain::CotLeafSeed, session),
            session: *session,
        }
    }

    /// Both children of each node.
    fn children(&self, nodes: &[Block]) -> [Zeroizing<Vec<Block>>; 2] {
        self.children.each_ref().map(|mmo| {
            let mut children = Zeroizing::new(nodes.to_vec());
            mmo.hash_in_place(&mut children);
            children
        })
    }

    fn seeds_in_place(&self, leaves: &mut [Block]) {
        self.seed.hash_in_place(leaves);
    }

    fn proofs(&self, tree: usize, leaves: &[Block]) -> Zeroizing<Vec<[u8; PROOF_LEN]>> {
        let tree = [tree as u8];
        let proof = |leaf: &Block| {
            let parts = [self.session.as_bytes(), tree.as_slice(), &leaf.to_bytes()];
            *derive_public(Domain::CotLeafProof, &parts).as_bytes()
        };
        Zeroizing::new(leaves.iter().map(proof).collect())
    }

    fn digest(&self, proofs: &[[u8; PROOF_LEN]]) -> Digest {
        derive_public(Domain::CotLeafDigest, &[self.session.as_bytes(), proofs.as_flattened()])
    }
}

fn sum(blocks: &[Block]) -> Block {
    blocks.iter().fold(Block::ZERO, |sum, block| sum + *block)
}

fn sum_of_proofs(proofs: &[[u8; PROOF_LEN]]) -> [u8; PROOF_LEN] {
    let mut sum = [0; PROOF_LEN];
    for proof in proofs {
        sum.iter_mut().zip(proof).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

/// The nodes of the next level: those with bit 0, then those with bit 1.
fn joined(children_0: &[Block], children_1: &[Block]) -> Zeroizing<Vec<Block>> {
    Zeroizing::new([children_0, children_1].concat())
}

fn swap_if(bit: u8, a: &mut Block, b: &mut Block) {
    let difference = (*a + *b).masked(bit);
    *a += difference;
    *b += difference;
}

const BLOCK_LEN: usize = 16;
const PROOF_LEN: usize = 32;
const TREE_LEN: usize = (DEPTH - 1) * 2 * BLOCK_LEN + PROOF_LEN;
