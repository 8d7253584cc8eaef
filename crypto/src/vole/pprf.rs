//! Many puncturable pseudorandom functions at once, as trees of Goldreich, Goldwasser and Micali (2019/1159, section 3).
//!
//! A tree of L leaves has depth d = ⌈log2 L⌉. Its level i, from the root's 0 to the leaves' d, has ⌈L / 2^(d-i)⌉ nodes. The
//! children of node v at place p stand at 2p and 2p+1: π_left(v) + v and π_right(v) + v under two keys. If a level has an
//! odd number of nodes, its last one is a left child alone.
//!
//! The owner grows whole trees from their roots, and for each level below the root sums its left children and its right
//! ones. Whoever has a point α, and of each level the sum of those children on the side that is not the side of α's path,
//! grows every leaf but the one at α.
//!
//! Masking the sums and choosing between them is oblivious transfer, which is not here.
//!
//! # Time
//!
//! Neither time nor memory access depends on roots, sums or points: which node is missing is decided by masks over all nodes
//! of a level. Levels are grown over several trees at once, so that AES is kept busy where they are narrow.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Block, Mmo, expand_pairs};

/// How many trees, of how many leaves each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forest {
    trees: usize,
    leaves: usize,
}

impl Forest {
    /// So many trees of so many leaves each.
    ///
    /// # Panics
    /// If the number of leaves is odd, zero or above 2^31, or there is no tree.
    pub fn new(trees: usize, leaves: usize) -> Self {
        let fits = leaves >= 2 && leaves.is_multiple_of(2) && leaves <= 1 << 31;
        assert!(trees > 0 && fits, "trees, of an even number of leaves");
        Self { trees, leaves }
    }

    /// Trees.
    pub const fn trees(self) -> usize {
        self.trees
    }

    /// Leaves of one tree.
    pub const fn leaves(self) -> usize {
        self.leaves
    }

    /// Levels below the root.
    pub const fn depth(self) -> usize {
        self.leaves.next_power_of_two().trailing_zeros() as usize
    }

    /// Nodes of one tree's level; the root's is level 0.
    pub const fn width(self, level: usize) -> usize {
        self.leaves.div_ceil(1 << (self.depth() - level))
    }

    /// The place of a leaf's ancestor, or of the leaf itself, within its level.
    const fn ancestor(self, leaf: u32, level: usize) -> u32 {
        leaf >> (self.depth() - level)
    }

    /// Which sum of each level, counted from the one below the root, the holder of a point needs: 0 for the left children's, 1
    /// for the right ones'. Never the side of the point's path.
    pub fn needed_sides(self, point: u32) -> impl Iterator<Item = u8> {
        (1..=self.depth()).map(move |level| !self.ancestor(point, level) as u8 & 1)
    }
}

/// The two keys that make children.
///
/// ```
/// use cwg_crypto::Block;
/// use cwg_crypto::vole::pprf::{Branching, Forest};
///
/// let (forest, branching) = (Forest::new(1, 6), Branching::new([1; 16], [2; 16]));
/// let mut leaves = [Block::ZERO; 6];
/// let sums = branching.grow(forest, &[Block::ONE], &mut leaves);
///
/// let needed: Vec<_> = sums.iter().zip(forest.needed_sides(4)).map(|(sums, side)| sums[usize::from(side)]).collect();
/// let mut punctured = [Block::ZERO; 6];
/// branching.grow_punctured(forest, &[4], &needed, &mut punctured);
/// leaves[4] = Block::ZERO;
/// assert_eq!(punctured, leaves);
/// ```
pub struct Branching {
    left: Mmo,
    right: Mmo,
    /// The children of zero: what grows where a node is missing.
    of_zero: [Block; 2],
}

impl Branching {
    /// Under these keys, which must differ and belong to one session.
    pub fn new(left: [u8; 16], right: [u8; 16]) -> Self {
        let mut branching = Self { left: Mmo::new(left), right: Mmo::new(right), of_zero: [Block::ZERO; 2] };
        let mut of_zero = [Block::ZERO; 2];
        branching.expand(&[Block::ZERO], &mut of_zero);
        branching.of_zero = of_zero;
        branching
    }

    /// All leaves of the trees of these roots, tree after tree. Returns for each tree, and for each level below its root, the
    /// sum of left children and that of right ones: trees × depth pairs, tree after tree.
    ///
    /// # Panics
    /// If there is not one root a tree, or not room for exactly all leaves.
    pub fn grow(&self, forest: Forest, roots: &[Block], leaves: &mut [Block]) -> Vec<[Block; 2]> {
        assert!(roots.len() == forest.trees, "a root for each tree");
        let mut sums = vec![[Block::ZERO; 2]; forest.trees * forest.depth()];
        let groups = sums.chunks_mut(TREES_AT_ONCE * forest.depth());
        for (number, (leaves, sums)) in groups_of(forest, leaves).zip(groups).enumerate() {
            let first = number * TREES_AT_ONCE;
            let nodes = &roots[first..roots.len().min(first + TREES_AT_ONCE)];
            self.grow_group(forest, nodes, leaves, |tree, level, nodes| {
                sums[tree * forest.depth() + level - 1] = sums_of(nodes);
            });
        }
        sums
    }

    /// All leaves but one of each tree, tree after tree; the leaf at the tree's point is zero. Takes for each tree, and for each
    /// level below its root, the sum of the side that [`Forest::needed_sides`] names: trees × depth, tree after tree.
    ///
    /// With wrong sums it grows wrong leaves, and says nothing.
    ///
    /// # Panics
    /// If the numbers of points, sums or leaves do not fit the forest, or a point is not below the number of leaves.
    pub fn grow_punctured(&self, forest: Forest, points: &[u32], sums: &[Block], leaves: &mut [Block]) {
        let depth = forest.depth();
        assert!(
            points.len() == forest.trees && sums.len() == forest.trees * depth,
            "a point for each tree, and its sums"
        );
        assert!(points.iter().all(|point| (*point as usize) < forest.leaves), "a point is a leaf's place");
        let inputs = points.chunks(TREES_AT_ONCE).zip(sums.chunks(TREES_AT_ONCE * depth));
        for (leaves, (points, sums)) in groups_of(forest, leaves).zip(inputs) {
            let roots = [Block::ZERO; TREES_AT_ONCE];
            self.grow_group(forest, &roots[..points.len()], leaves, |tree, level, nodes| {
                self.mend(nodes, forest.ancestor(points[tree], level), sums[tree * depth + level - 1]);
            });
        }
    }

    /// Grows a few trees level by level, and shows each tree's level to `visit` before the next is grown from it.
    fn grow_group(
        &self,
        forest: Forest,
        roots: &[Block],
        leaves: &mut [Block],
        mut visit: impl FnMut(usize, usize, &mut [Block]),
    ) {
        let room = roots.len() * (forest.width(forest.depth() - 1) + 1);
        let mut parents = Zeroizing::new(Vec::with_capacity(room));
        let mut children = Zeroizing::new(vec![Block::ZERO; room]);
        parents.extend_from_slice(roots);
        for level in 1..forest.depth() {
            let (grown, width) = (2 * forest.width(level - 1), forest.width(level));
            let nodes = &mut children[..roots.len() * grown];
            self.expand(&parents, nodes);
            parents.clear();
            for (tree, nodes) in nodes.chunks_mut(grown).enumerate() {
                visit(tree, level, &mut nodes[..width]);
                parents.extend_from_slice(&nodes[..width]);
            }
        }
        // An even number of leaves: the last level is whole.
        self.expand(&parents, leaves);
        for (tree, leaves) in leaves.chunks_mut(forest.leaves).enumerate() {
            visit(tree, forest.depth(), leaves);
        }
    }

    /// Corrects a level that was grown with zero for the missing parent: the missing node becomes zero, its sibling what the
    /// sum of its side says.
    fn mend(&self, nodes: &mut [Block], missing: u32, sum: Block) {
        let [left, right] = sums_of(nodes);
        let [left_of_zero, right_of_zero] = self.of_zero;
        let on_right = missing as u8 & 1;
        let on_left = on_right ^ 1;
        // Each side's sum has the wrong child of zero in it. Where the missing node is the last and has no sibling, what the
        // sibling would be is written nowhere.
        let left_change = left_of_zero.masked(on_left) + (sum + left).masked(on_right);
        let right_change = right_of_zero.masked(on_right) + (sum + right).masked(on_left);
        for (parent, children) in (0_u32..).zip(nodes.chunks_mut(2)) {
            let bit = parent.ct_eq(&(missing >> 1)).unwrap_u8();
            children[0] += left_change.masked(bit);
            if let [_, right] = children {
                *right += right_change.masked(bit);
            }
        }
    }

    /// The left and the right child of each parent, side by side.
    fn expand(&self, parents: &[Block], children: &mut [Block]) {
        expand_pairs(&self.left, &self.right, parents, children);
    }
}

impl fmt::Debug for Branching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Branching(..)")
    }
}

/// The leaves of a few trees after the other.
fn groups_of(forest: Forest, leaves: &mut [Block]) -> impl Iterator<Item = &mut [Block]> {
    assert!(leaves.len() == forest.trees * forest.leaves, "room for all leaves");
    leaves.chunks_mut(TREES_AT_ONCE * forest.leaves)
}

/// The sum of the nodes at even places, and of those at odd ones.
fn sums_of(nodes: &[Block]) -> [Block; 2] {
    let (pairs, last) = nodes.as_chunks();
    let start = [last.first().copied().unwrap_or_default(), Block::ZERO];
    pairs.iter().fold(start, |[left, right], pair: &[Block; 2]| [left + pair[0], right + pair[1]])
}

/// Trees grown together: enough to keep AES busy near the roots, few enough for the caches near the leaves.
const TREES_AT_ONCE: usize = 8;

#[cfg(test)]
#[path = "pprf_tests.rs"]
mod tests;
