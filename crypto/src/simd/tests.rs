//! Every path of this machine against the portable twin, and against published vectors.

use super::*;
use crate::Block;

/// Pseudo-random blocks by a generator that shares nothing with what is tested (Vigna's splitmix64).
fn blocks(count: usize, seed: u64) -> Vec<Block> {
    let mut state = seed;
    let mut word = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u128::from(mixed ^ (mixed >> 31))
    };
    (0..count).map(|_| Block::new(word() | word() << 64)).collect()
}

/// Runs a case on every path and demands what the portable path gives, for all short lengths and some long ones.
fn check(name: &str, case: impl Fn(Path, usize) -> Vec<Block>) {
    for length in (0..=70).chain([127, 128, 129, 255, 256, 1000, 1021]) {
        let expected = case(Path::Portable, length);
        for path in Path::all() {
            assert!(case(path, length) == expected, "{name} of {length} on {path:?}");
        }
    }
}

#[test]
fn every_path_has_the_field_of_the_portable_one() {
    check("products", |path, n| {
        let mut out = blocks(n, 1);
        products(path, &blocks(n, 2), &blocks(n, 3), &mut out);
        out
    });
    check("inner product", |path, n| vec![inner_product(path, &blocks(n, 4), &blocks(n, 5))]);
    check("scaled sum", |path, n| {
        let mut acc = blocks(n, 6);
        add_scaled(path, &mut acc, &blocks(n, 7), blocks(1, 8)[0]);
        acc
    });
    for degree in 0..9 {
        check("polynomial", |path, n| {
            let mut acc = blocks(n, 9);
            add_polynomial(path, &mut acc, &blocks(n, 10), &blocks(degree, 11));
            acc
        });
    }
}

#[test]
fn every_path_reduces_extreme_factors() {
    let extremes: Vec<Block> = (0..128)
        .map(|bit| Block::new(1 << bit))
        .chain([0, 1, u128::MAX, u64::MAX.into(), u128::from(u64::MAX) << 64, 0x87, 0x87 << 121].map(Block::new))
        .collect();
    for factor in &extremes {
        let factors = vec![*factor; extremes.len()];
        let expected: Vec<Block> = extremes.iter().map(|other| portable::product(*other, *factor)).collect();
        for path in Path::all() {
            let mut out = factors.clone();
            products(path, &extremes, &factors, &mut out);
            assert!(out == expected, "{path:?}");
        }
        assert!(extremes.iter().zip(&expected).all(|(other, product)| *other * *factor == *product));
    }
}

#[test]
fn every_path_has_the_cipher_of_the_portable_one() {
    let cipher = |path, seed| Cipher::new(path, blocks(1, seed)[0]);
    check("hash", |path, n| {
        let mut out = blocks(n, 1);
        cipher(path, 2).hash(&blocks(n, 3), &mut out);
        out
    });
    check("hash in place", |path, n| {
        let mut out = blocks(n, 4);
        cipher(path, 5).hash_in_place(&mut out);
        out
    });
    // A carry out of 32 bits stands in the way of the second.
    for first in [0, 0xffff_fff0, 1 << 40] {
        check("count", |path, n| {
            let mut out = blocks(n, 6);
            cipher(path, 7).count(first, &mut out);
            out
        });
    }
    check("pairs", |path, n| {
        let mut out = blocks(2 * n, 8);
        expand_pairs(&cipher(path, 9), &cipher(path, 10), &blocks(n, 11), &mut out);
        out
    });
    check("many keys", |path, n| {
        let mut out = blocks(n, 12);
        davies_meyer(path, &blocks(n, 13), &blocks(n, 14), &mut out);
        out
    });
}

#[test]
fn pairs_are_the_hashes_under_either_key() {
    for path in Path::all() {
        let (left, right) = (Cipher::new(path, Block::new(1)), Cipher::new(path, Block::new(2)));
        let parents = blocks(37, 1);
        let (mut lefts, mut rights) = (parents.clone(), parents.clone());
        left.hash_in_place(&mut lefts);
        right.hash_in_place(&mut rights);
        let mut children = blocks(74, 2);
        expand_pairs(&left, &right, &parents, &mut children);
        let expected: Vec<Block> = lefts.iter().zip(&rights).flat_map(|(left, right)| [*left, *right]).collect();
        assert!(children == expected, "{path:?}");
    }
}

fn block(hex: &str) -> Block {
    Block::from_bytes(hex::decode(hex).unwrap().try_into().unwrap())
}

/// Key, plaintext, ciphertext: FIPS 197, appendices B and C.1; SP 800-38A, section F.1.1.
const AES_VECTORS: &[[&str; 3]] = &[
    ["2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32"],
    ["000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"],
    ["2b7e151628aed2a6abf7158809cf4f3c", "6bc1bee22e409f96e93d7e117393172a", "3ad77bb40d7a3660a89ecaf32466ef97"],
    ["2b7e151628aed2a6abf7158809cf4f3c", "ae2d8a571e03ac9c9eb76fac45af8e51", "f5d3d58503b9699de785895a96fdbaaf"],
    ["2b7e151628aed2a6abf7158809cf4f3c", "30c81c46a35ce411e5fbc1191a0a52ef", "43b1cd7f598ece23881b00e3ed030688"],
    ["2b7e151628aed2a6abf7158809cf4f3c", "f69f2445df4f9b17ad2b417be66c3710", "7b0c785e27e8ad3f8223207104725dd4"],
];

#[test]
fn every_path_encrypts_the_published_vectors() {
    for path in Path::all() {
        for [key, plain, encrypted] in AES_VECTORS.iter().map(|vector| vector.map(block)) {
            // In every lane of every register.
            let (keys, inputs, expected) = ([key; 33], [plain; 33], [encrypted + plain; 33]);
            let mut hashed = inputs;
            Cipher::new(path, key).hash_in_place(&mut hashed);
            assert!(hashed == expected, "{path:?}");
            davies_meyer(path, &keys, &inputs, &mut hashed);
            assert!(hashed == expected, "{path:?}");
        }
    }
}
