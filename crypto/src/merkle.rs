//! Merkle trees after RFC 9162 §2.1, under the domains of this project: roots and proofs of inclusion.
//!
//! Leaves and nodes are told apart by their [`Domain`] instead of the RFC's first byte; shape and algorithms are the RFC's.
//! A tree keeps one digest for each bit of its size, so a root over any number of leaves takes O(log n) memory.
//!
//! A proof names the siblings of a leaf. Whoever gets one can test guesses of a sibling's record against its leaf, so what
//! can be guessed is salted before it becomes a leaf. Consistency proofs are left out: nobody asks for one yet.

use crate::{Digest, Domain, digest};

/// Digests on the longest path: one for each bit of the largest size.
pub const PATH_MAX: usize = 64;

/// Combines two children; the tests put the RFC's own in its place, to run its vectors.
type NodeHash = fn(&Digest, &Digest) -> Digest;

/// The leaf of a record.
pub fn leaf(record: &[u8]) -> Digest {
    digest(Domain::MerkleLeaf, &[record])
}

/// A tree that grows leaf by leaf and keeps only the roots of its full subtrees.
#[derive(Clone, Debug)]
pub struct MerkleTree {
    /// Full subtrees from the left, larger before smaller: one for each bit set in `len`.
    subtrees: Vec<Subtree>,
    len: u64,
    node: NodeHash,
}

#[derive(Clone, Copy, Debug)]
struct Subtree {
    root: Digest,
    /// Whether the leaf to be proven lies below it.
    holds: bool,
}

/// The siblings on the way from a leaf to the root of a tree (RFC 9162 §2.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    index: u64,
    len: u64,
    path: Vec<Digest>,
}

/// A proof that does not lead from the leaf to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead from the leaf to the root")]
pub struct BadInclusion;

impl Default for MerkleTree {
    fn default() -> Self {
        Self::new()
    }
}

impl MerkleTree {
    /// A tree without leaves.
    pub const fn new() -> Self {
        Self::under(node)
    }

    /// Adds the next leaf, made by [`leaf`].
    pub fn push(&mut self, leaf: Digest) {
        self.grow(Subtree { root: leaf, holds: false }, &mut Vec::new());
    }

    /// How many leaves it has.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The root over the leaves so far (RFC 9162 §2.1.1).
    pub fn root(&self) -> Digest {
        self.close(&mut Vec::new())
    }

    const fn under(node: NodeHash) -> Self {
        Self { subtrees: Vec::new(), len: 0, node }
    }

    /// Adds a leaf, and joins equal subtrees as a binary counter carries. Siblings of what holds the leaf go to `path`.
    fn grow(&mut self, leaf: Subtree, path: &mut Vec<Digest>) {
        let mut right = leaf;
        for _ in 0..self.len.trailing_ones() {
            let left = self.subtrees.pop().expect("one subtree for each bit of the length");
            right = self.join(left, right, path);
        }
        self.subtrees.push(right);
        self.len += 1;
    }

    fn close(&self, path: &mut Vec<Digest>) -> Digest {
        let mut subtrees = self.subtrees.iter().rev().copied();
        let Some(last) = subtrees.next() else { return digest(Domain::MerkleEmpty, &[]) };
        subtrees.fold(last, |right, left| self.join(left, right, path)).root
    }

    fn join(&self, left: Subtree, right: Subtree, path: &mut Vec<Digest>) -> Subtree {
        if left.holds {
            path.push(right.root);
        } else if right.holds {
            path.push(left.root);
        }
        Subtree { root: (self.node)(&left.root, &right.root), holds: left.holds || right.holds }
    }
}

impl InclusionProof {
    /// The proof of the leaf at `index`, with the root it leads to, in one pass and O(log n) memory. `None` if there are not
    /// that many leaves.
    pub fn build(leaves: impl IntoIterator<Item = Digest>, index: u64) -> Option<(Self, Digest)> {
        Self::build_under(node, leaves, index)
    }

    /// A proof from its parts, as they were received. Only [`InclusionProof::verify`] says whether it proves anything.
    ///
    /// # Errors
    /// If the index is outside the tree, or the path longer than that of any tree.
    pub fn from_parts(index: u64, len: u64, path: Vec<Digest>) -> Result<Self, BadInclusion> {
        if index >= len || path.len() > PATH_MAX {
            return Err(BadInclusion);
        }
        Ok(Self { index, len, path })
    }

    /// The place of the leaf, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The number of leaves of the tree.
    pub const fn tree_len(&self) -> u64 {
        self.len
    }

    /// Siblings, from the leaf's to those below the root.
    pub fn path(&self) -> &[Digest] {
        &self.path
    }

    /// Checks that the leaf stands at this place of the tree with this root (RFC 9162 §2.1.3.2).
    ///
    /// # Errors
    /// If it does not.
    pub fn verify(&self, leaf: Digest, root: Digest) -> Result<(), BadInclusion> {
        self.verify_under(node, leaf, root)
    }

    fn build_under(node: NodeHash, leaves: impl IntoIterator<Item = Digest>, index: u64) -> Option<(Self, Digest)> {
        let mut tree = MerkleTree::under(node);
        let mut path = Vec::new();
        for root in leaves {
            tree.grow(Subtree { root, holds: tree.len == index }, &mut path);
        }
        let root = tree.close(&mut path);
        (index < tree.len).then_some((Self { index, len: tree.len, path }, root))
    }

    fn verify_under(&self, node: NodeHash, leaf: Digest, root: Digest) -> Result<(), BadInclusion> {
        // `place` is the node on the way up, `last` the rightmost node of its level: the RFC's fn and sn.
        let (mut place, mut last) = (self.index, self.len - 1);
        let mut reached = leaf;
        for sibling in &self.path {
            if last == 0 {
                return Err(BadInclusion);
            }
            if place & 1 == 1 || place == last {
                reached = node(sibling, &reached);
                // A rightmost node without a sibling stands for itself on the levels above.
                while place & 1 == 0 && place != 0 {
                    (place, last) = (place >> 1, last >> 1);
                }
            } else {
                reached = node(&reached, sibling);
            }
            (place, last) = (place >> 1, last >> 1);
        }
        if last == 0 && reached == root { Ok(()) } else { Err(BadInclusion) }
    }
}

fn node(left: &Digest, right: &Digest) -> Digest {
    digest(Domain::MerkleNode, &[left.as_bytes(), right.as_bytes()])
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// RFC 9162 §2.1.1, as it stands there.
    fn rfc_leaf(record: &[u8]) -> Digest {
        Digest::from_bytes(Sha256::digest([&[0], record].concat()).into())
    }

    fn rfc_node(left: &Digest, right: &Digest) -> Digest {
        Digest::from_bytes(Sha256::digest([&[1], &left.as_bytes()[..], right.as_bytes()].concat()).into())
    }

    /// The recursive definition of RFC 9162 §2.1.1, to hold the counter against.
    fn by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => digest(Domain::MerkleEmpty, &[]),
            [only] => *only,
            _ => {
                let split = 1 << (usize::BITS - 1 - (leaves.len() - 1).leading_zeros());
                node(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
            }
        }
    }

    fn leaves(count: u32) -> Vec<Digest> {
        (0..count).map(|number| leaf(&number.to_le_bytes())).collect()
    }

    #[test]
    fn roots_and_proofs_match_the_published_vectors() {
        // Test vectors of Certificate Transparency's reference implementation: eight records, the root after each.
        let records =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
                .map(|record| hex::decode(record).unwrap());
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = MerkleTree::under(rfc_node);
        for (record, root) in records.iter().zip(roots) {
            tree.push(rfc_leaf(record));
            assert_eq!(tree.root().to_string(), root);
        }
        let leaves = records.map(|record| rfc_leaf(&record));
        let check = |index, count: usize, path: &[&str]| {
            let (proof, root) = InclusionProof::build_under(rfc_node, leaves[..count].iter().copied(), index).unwrap();
            assert_eq!(proof.path().iter().map(Digest::to_string).collect::<Vec<_>>(), path);
            assert_eq!(root.to_string(), roots[count - 1]);
            proof.verify_under(rfc_node, leaves[index as usize], root).unwrap();
        };
        check(
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        );
        check(
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        );
        check(2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]);
    }

    #[test]
    fn a_root_is_that_of_the_recursive_definition_at_every_size() {
        let leaves = leaves(70);
        let mut tree = MerkleTree::new();
        for (at, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), by_definition(&leaves[..at]));
            tree.push(*leaf);
        }
        assert_eq!(tree.len(), 70);
    }

    #[test]
    fn each_leaf_has_a_proof_that_no_other_leaf_place_size_or_root_fits() {
        for count in 1..=20u32 {
            let leaves = leaves(count);
            for index in 0..u64::from(count) {
                let (proof, root) = InclusionProof::build(leaves.iter().copied(), index).unwrap();
                assert_eq!(root, by_definition(&leaves));
                let own = leaves[index as usize];
                assert_eq!(proof.verify(own, root), Ok(()));
                for (other, leaf) in leaves.iter().enumerate().filter(|(other, _)| *other as u64 != index) {
                    assert_eq!(proof.verify(*leaf, root), Err(BadInclusion));
                    let moved = InclusionProof { index: other as u64, ..proof.clone() };
                    assert_eq!(moved.verify(own, root), Err(BadInclusion), "{index} to {other} of {count}");
                }
                assert_eq!(proof.verify(own, leaf(b"another root")), Err(BadInclusion));
                for at in 0..proof.path.len() {
                    let mut longer = proof.clone();
                    longer.path.insert(at, own);
                    assert_eq!(longer.verify(own, root), Err(BadInclusion));
                    let mut shorter = proof.clone();
                    shorter.path.remove(at);
                    assert_eq!(shorter.verify(own, root), Err(BadInclusion));
                    let mut changed = proof.clone();
                    changed.path[at] = own;
                    assert_eq!(changed.verify(own, root), Err(BadInclusion));
                }
            }
            assert_eq!(InclusionProof::build(leaves, u64::from(count)), None);
        }
    }

    #[test]
    fn a_node_never_passes_as_a_leaf() {
        let all = leaves(4);
        let (proof, root) = InclusionProof::build(all.iter().copied(), 0).unwrap();
        let inner = node(&all[0], &all[1]);
        let upper = InclusionProof::from_parts(0, 2, proof.path()[1..].to_vec()).unwrap();
        // The digest of a node leads to the root; the record that a node would have to be does not.
        assert_eq!(upper.verify(inner, root), Ok(()));
        let record = [&all[0].as_bytes()[..], all[1].as_bytes()].concat();
        assert_eq!(upper.verify(leaf(&record), root), Err(BadInclusion));
    }

    #[test]
    fn parts_that_no_tree_has_are_refused() {
        let long = vec![leaf(b""); PATH_MAX + 1];
        for (index, len, path) in [(0, 0, vec![]), (5, 5, vec![]), (0, u64::MAX, long)] {
            assert_eq!(InclusionProof::from_parts(index, len, path), Err(BadInclusion));
        }
        let proof = InclusionProof::from_parts(u64::MAX - 1, u64::MAX, vec![leaf(b""); PATH_MAX]).unwrap();
        assert_eq!(proof.verify(leaf(b""), leaf(b"")), Err(BadInclusion));
    }
}
