//! Tests of the trees: both sides against each other and against a tree grown node by node.

use super::*;
use crate::Prg;

const LEAVES: [usize; 8] = [2, 4, 6, 10, 1024, 1228, 2046, 2048];

fn branching() -> Branching {
    Branching::new([3; 16], [5; 16])
}

fn roots(trees: usize) -> Vec<Block> {
    let mut roots = vec![Block::ZERO; trees];
    Prg::new(Block::new(1)).fill(&mut roots);
    roots
}

/// Points at both ends and anywhere between, no two alike in a row.
fn points(forest: Forest, round: usize) -> Vec<u32> {
    let point = |tree: usize| match (tree + round) % 4 {
        0 => 0,
        1 => forest.leaves() - 1,
        _ => (tree * 7919 + round * 104_729) % forest.leaves(),
    };
    (0..forest.trees()).map(|tree| point(tree) as u32).collect()
}

fn needed(forest: Forest, points: &[u32], sums: &[[Block; 2]]) -> Vec<Block> {
    let sides = points.iter().flat_map(|point| forest.needed_sides(*point));
    sums.iter().zip(sides).map(|(sums, side)| sums[usize::from(side)]).collect()
}

/// One tree, node by node from the definition: its levels below the root.
fn levels(forest: Forest, root: Block) -> Vec<Vec<Block>> {
    let keys = [Mmo::new([3; 16]), Mmo::new([5; 16])];
    let child = |parents: &[Block], place: usize| {
        let mut node = [parents[place / 2]];
        keys[place % 2].hash_in_place(&mut node);
        node[0]
    };
    let mut levels = vec![vec![root]];
    for level in 1..=forest.depth() {
        let parents = levels.last().unwrap();
        levels.push((0..forest.width(level)).map(|place| child(parents, place)).collect());
    }
    levels.split_off(1)
}

#[test]
fn the_owner_grows_every_node_and_sums_each_side_of_each_level() {
    for (trees, leaves) in LEAVES.map(|leaves| (3, leaves)).into_iter().chain([(9, 10), (17, 6)]) {
        let forest = Forest::new(trees, leaves);
        let mut grown = vec![Block::ZERO; trees * leaves];
        let sums = branching().grow(forest, &roots(trees), &mut grown);
        for (tree, root) in roots(trees).into_iter().enumerate() {
            let levels = levels(forest, root);
            assert!(grown[tree * leaves..][..leaves] == levels[forest.depth() - 1]);
            for (level, nodes) in levels.iter().enumerate() {
                let side = |side| nodes.iter().skip(side).step_by(2).fold(Block::ZERO, |sum, node| sum + *node);
                assert!(sums[tree * forest.depth() + level] == [side(0), side(1)]);
            }
        }
    }
}

#[test]
fn both_sides_agree_but_for_the_point_where_the_leaf_is_zero() {
    for leaves in LEAVES {
        for trees in [1, 3, 144] {
            check_punctured(Forest::new(trees, leaves), trees + leaves);
        }
    }
}

#[test]
fn every_point_of_a_tree_can_be_missing() {
    for leaves in [2, 4, 6, 10, 14, 22, 26, 38] {
        for point in 0..leaves as u32 {
            check_points(Forest::new(1, leaves), &[point]);
        }
    }
}

fn check_punctured(forest: Forest, round: usize) {
    check_points(forest, &points(forest, round));
}

fn check_points(forest: Forest, points: &[u32]) {
    let len = forest.trees() * forest.leaves();
    let (mut whole, mut punctured) = (vec![Block::ZERO; len], vec![Block::ONE; len]);
    let sums = branching().grow(forest, &roots(forest.trees()), &mut whole);
    branching().grow_punctured(forest, points, &needed(forest, points, &sums), &mut punctured);
    for (tree, point) in points.iter().enumerate() {
        let missing = &mut whole[tree * forest.leaves() + *point as usize];
        assert!(*missing != Block::ZERO);
        *missing = Block::ZERO;
    }
    assert!(punctured == whole, "{forest:?}");
}

#[test]
fn a_wrong_sum_leaves_wrong_leaves() {
    let (forest, points) = (Forest::new(2, 10), [7, 3]);
    let (mut whole, mut punctured) = (vec![Block::ZERO; 20], vec![Block::ZERO; 20]);
    let sums = branching().grow(forest, &roots(2), &mut whole);
    for wrong in 0..8 {
        let mut needed = needed(forest, &points, &sums);
        needed[wrong] += Block::ONE;
        branching().grow_punctured(forest, &points, &needed, &mut punctured);
        let agree =
            |tree: usize| whole[10 * tree..][..10].iter().zip(&punctured[10 * tree..]).filter(|(a, b)| a == b).count();
        assert_eq!(agree(1 - wrong / 4), 9);
        assert!(agree(wrong / 4) < 9);
    }
}

#[test]
fn levels_have_the_documented_widths() {
    for (leaves, widths) in
        [(2, &[1, 2][..]), (6, &[1, 2, 3, 6]), (10, &[1, 2, 3, 5, 10]), (1228, &[1, 2, 3, 5, 10, 20])]
    {
        let forest = Forest::new(1, leaves);
        assert!((0..widths.len()).all(|level| forest.width(level) == widths[level]), "{leaves} leaves");
        assert_eq!(forest.width(forest.depth()), leaves);
    }
}

#[test]
#[should_panic(expected = "a point is a leaf's place")]
fn a_point_beyond_the_leaves_is_refused() {
    branching().grow_punctured(Forest::new(1, 6), &[6], &[Block::ZERO; 3], &mut [Block::ZERO; 6]);
}

#[test]
#[should_panic(expected = "of an even number of leaves")]
fn an_odd_number_of_leaves_is_refused() {
    Forest::new(1, 7);
}
