//! AES-128 with VAES, two blocks a register and eight registers in flight.

use core::arch::x86_64::*;

use super::Middle;
use super::cipher::RoundKeys;
use super::middle_field::{LANES, broadcast, load, load_some, store, store_some};
use super::narrow_aes::{ROTATED_LAST_WORD, ROUND_CONSTANTS};
use crate::Block;

/// Registers in flight.
const DEPTH: usize = 8;

/// Blocks in flight.
const BATCH: usize = DEPTH * LANES;

impl Middle {
    pub(super) fn hash(self, keys: &RoundKeys, input: &[Block], output: &mut [Block]) {
        // SAFETY: a `Middle` exists only where the features do.
        unsafe { hash(keys, input, output) }
    }

    pub(super) fn hash_in_place(self, keys: &RoundKeys, blocks: &mut [Block]) {
        // SAFETY: as above.
        unsafe { hash_in_place(keys, blocks) }
    }

    pub(super) fn count(self, keys: &RoundKeys, first: u64, blocks: &mut [Block]) {
        // SAFETY: as above.
        unsafe { count(keys, first, blocks) }
    }

    pub(super) fn expand_pairs(self, left: &RoundKeys, right: &RoundKeys, parents: &[Block], children: &mut [Block]) {
        // SAFETY: as above.
        unsafe { expand_pairs(left, right, parents, children) }
    }

    pub(super) fn davies_meyer(self, keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
        // SAFETY: as above.
        unsafe { davies_meyer(keys, inputs, outputs) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn registers(keys: &RoundKeys) -> [__m256i; 11] {
    let mut registers = [_mm256_setzero_si256(); 11];
    for (register, key) in registers.iter_mut().zip(&keys.0) {
        *register = broadcast(key);
    }
    registers
}

/// π in every lane.
#[inline]
#[target_feature(enable = "vaes,avx2")]
fn permute<const N: usize>(keys: &[__m256i; 11], mut blocks: [__m256i; N]) -> [__m256i; N] {
    for block in &mut blocks {
        *block = _mm256_xor_si256(*block, keys[0]);
    }
    for key in &keys[1..10] {
        for block in &mut blocks {
            *block = _mm256_aesenc_epi128(*block, *key);
        }
    }
    for block in &mut blocks {
        *block = _mm256_aesenclast_epi128(*block, keys[10]);
    }
    blocks
}

/// π(x) + x in every lane.
#[inline]
#[target_feature(enable = "vaes,avx2")]
fn hash_some<const N: usize>(keys: &[__m256i; 11], blocks: [__m256i; N]) -> [__m256i; N] {
    let mut hashed = permute(keys, blocks);
    for (hashed, block) in hashed.iter_mut().zip(blocks) {
        *hashed = _mm256_xor_si256(*hashed, block);
    }
    hashed
}

#[inline]
#[target_feature(enable = "avx")]
fn load_all<const N: usize>(chunks: &[[Block; LANES]]) -> [__m256i; N] {
    let mut registers = [_mm256_setzero_si256(); N];
    for (register, chunk) in registers.iter_mut().zip(chunks) {
        *register = load(chunk);
    }
    registers
}

#[inline]
#[target_feature(enable = "avx")]
fn store_all<const N: usize>(chunks: &mut [[Block; LANES]], registers: [__m256i; N]) {
    for (chunk, register) in chunks.iter_mut().zip(registers) {
        store(chunk, register);
    }
}

#[target_feature(enable = "vaes,avx2")]
fn hash(keys: &RoundKeys, input: &[Block], output: &mut [Block]) {
    let keys = registers(keys);
    let (input, input_rest) = input.as_chunks::<BATCH>();
    let (output, output_rest) = output.as_chunks_mut::<BATCH>();
    for (input, output) in input.iter().zip(output) {
        let hashed = hash_some::<DEPTH>(&keys, load_all(input.as_chunks().0));
        store_all(output.as_chunks_mut().0, hashed);
    }
    for (input, output) in input_rest.chunks(LANES).zip(output_rest.chunks_mut(LANES)) {
        let [hashed] = hash_some(&keys, [load_some(input)]);
        store_some(output, hashed);
    }
}

#[target_feature(enable = "vaes,avx2")]
fn hash_in_place(keys: &RoundKeys, blocks: &mut [Block]) {
    let keys = registers(keys);
    let (batches, rest) = blocks.as_chunks_mut::<BATCH>();
    for batch in batches {
        let batch = batch.as_chunks_mut().0;
        let hashed = hash_some::<DEPTH>(&keys, load_all(batch));
        store_all(batch, hashed);
    }
    for chunk in rest.chunks_mut(LANES) {
        let [hashed] = hash_some(&keys, [load_some(chunk)]);
        store_some(chunk, hashed);
    }
}

#[target_feature(enable = "vaes,avx2")]
fn count(keys: &RoundKeys, first: u64, blocks: &mut [Block]) {
    let keys = registers(keys);
    let first = first as i64;
    let mut number = _mm256_add_epi64(_mm256_set_epi64x(0, first, 0, first), _mm256_set_epi64x(0, 1, 0, 0));
    let step = _mm256_set_epi64x(0, LANES as i64, 0, LANES as i64);
    let (batches, rest) = blocks.as_chunks_mut::<BATCH>();
    for batch in batches {
        let mut numbers = [number; DEPTH];
        for slot in &mut numbers {
            *slot = number;
            number = _mm256_add_epi64(number, step);
        }
        store_all(batch.as_chunks_mut().0, permute(&keys, numbers));
    }
    for chunk in rest.chunks_mut(LANES) {
        let [permuted] = permute(&keys, [number]);
        number = _mm256_add_epi64(number, step);
        store_some(chunk, permuted);
    }
}

/// Four registers of parents in flight, under both keys.
#[target_feature(enable = "vaes,avx2")]
fn expand_pairs(left: &RoundKeys, right: &RoundKeys, parents: &[Block], children: &mut [Block]) {
    const PARENTS: usize = BATCH / 2;
    let (left, right) = (registers(left), registers(right));
    let (parents, parents_rest) = parents.as_chunks::<PARENTS>();
    let (children, children_rest) = children.as_chunks_mut::<BATCH>();
    for (parents, children) in parents.iter().zip(children) {
        let parents: [__m256i; DEPTH / 2] = load_all(parents.as_chunks().0);
        let (lefts, rights) = (hash_some(&left, parents), hash_some(&right, parents));
        for (chunks, (left, right)) in
            children.as_chunks_mut::<{ 2 * LANES }>().0.iter_mut().zip(lefts.into_iter().zip(rights))
        {
            store_all(chunks.as_chunks_mut().0, interleave(left, right));
        }
    }
    for (parents, children) in parents_rest.chunks(LANES).zip(children_rest.chunks_mut(2 * LANES)) {
        let blocks = [load_some(parents)];
        let ([left], [right]) = (hash_some(&left, blocks), hash_some(&right, blocks));
        for (chunk, register) in children.chunks_mut(LANES).zip(interleave(left, right)) {
            store_some(chunk, register);
        }
    }
}

/// Lanes l₀ r₀ and l₁ r₁.
#[inline]
#[target_feature(enable = "avx2")]
fn interleave(left: __m256i, right: __m256i) -> [__m256i; 2] {
    [_mm256_permute2x128_si256::<0x20>(left, right), _mm256_permute2x128_si256::<0x31>(left, right)]
}

/// The next round key in every lane: see the narrow twin.
#[inline]
#[target_feature(enable = "vaes,avx2")]
fn next_key(key: __m256i, constant: i32) -> __m256i {
    let rotated = _mm256_shuffle_epi8(key, _mm256_set1_epi32(ROTATED_LAST_WORD));
    let word = _mm256_aesenclast_epi128(rotated, _mm256_set1_epi32(constant));
    let pairs = _mm256_xor_si256(key, _mm256_bslli_epi128::<4>(key));
    _mm256_xor_si256(_mm256_xor_si256(pairs, _mm256_bslli_epi128::<8>(pairs)), word)
}

/// Eight keys in flight.
#[target_feature(enable = "vaes,avx2")]
fn davies_meyer(keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    const KEYS: usize = 4 * LANES;
    let (keys, keys_rest) = keys.as_chunks::<KEYS>();
    let (inputs, inputs_rest) = inputs.as_chunks::<KEYS>();
    let (outputs, outputs_rest) = outputs.as_chunks_mut::<KEYS>();
    for ((keys, inputs), outputs) in keys.iter().zip(inputs).zip(outputs) {
        let hashed = davies_meyer_some::<4>(load_all(keys.as_chunks().0), load_all(inputs.as_chunks().0));
        store_all(outputs.as_chunks_mut().0, hashed);
    }
    let rest = keys_rest.chunks(LANES).zip(inputs_rest.chunks(LANES)).zip(outputs_rest.chunks_mut(LANES));
    for ((keys, inputs), outputs) in rest {
        let [hashed] = davies_meyer_some([load_some(keys)], [load_some(inputs)]);
        store_some(outputs, hashed);
    }
}

#[inline]
#[target_feature(enable = "vaes,avx2")]
fn davies_meyer_some<const N: usize>(mut keys: [__m256i; N], inputs: [__m256i; N]) -> [__m256i; N] {
    let mut blocks = inputs;
    for (block, key) in blocks.iter_mut().zip(&keys) {
        *block = _mm256_xor_si256(*block, *key);
    }
    for constant in &ROUND_CONSTANTS[..9] {
        for (block, key) in blocks.iter_mut().zip(&mut keys) {
            *key = next_key(*key, *constant);
            *block = _mm256_aesenc_epi128(*block, *key);
        }
    }
    for ((block, key), input) in blocks.iter_mut().zip(keys).zip(inputs) {
        let permuted = _mm256_aesenclast_epi128(*block, next_key(key, ROUND_CONSTANTS[9]));
        *block = _mm256_xor_si256(permuted, input);
    }
    blocks
}
