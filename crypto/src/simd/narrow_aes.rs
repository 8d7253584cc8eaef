//! AES-128 with AES-NI, one block a register and eight in flight.
//!
//! The key schedule (FIPS 197, section 5.2) is AESENCLAST on a register with the rotated last word in all four columns:
//! ShiftRows does nothing to equal columns, SubBytes is SubWord in each, and the round constant is the key that is added.
//! Unlike AESKEYGENASSIST it has the throughput of a round.

use core::arch::x86_64::*;
use core::array;

use super::Narrow;
use super::cipher::RoundKeys;
use super::narrow_field::{load, store};
use crate::Block;

/// Blocks in flight.
const BATCH: usize = 8;

/// Round constants of rounds 1 to 10.
pub(super) const ROUND_CONSTANTS: [i32; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];

/// Bytes 13, 14, 15, 12: RotWord of the last word.
pub(super) const ROTATED_LAST_WORD: i32 = 0x0c0f_0e0d;

impl Narrow {
    pub(super) fn schedule(self, key: Block) -> RoundKeys {
        // SAFETY: a `Narrow` exists only where the features do.
        unsafe { schedule(key) }
    }

    pub(super) fn hash(self, keys: &RoundKeys, input: &[Block], output: &mut [Block]) {
        // SAFETY: as above.
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

/// The next round key.
#[inline]
#[target_feature(enable = "aes,ssse3,sse2")]
fn next_key(key: __m128i, constant: i32) -> __m128i {
    let rotated = _mm_shuffle_epi8(key, _mm_set1_epi32(ROTATED_LAST_WORD));
    let word = _mm_aesenclast_si128(rotated, _mm_set1_epi32(constant));
    let pairs = _mm_xor_si128(key, _mm_bslli_si128::<4>(key));
    _mm_xor_si128(_mm_xor_si128(pairs, _mm_bslli_si128::<8>(pairs)), word)
}

#[target_feature(enable = "aes,ssse3,sse2")]
fn schedule(key: Block) -> RoundKeys {
    let mut keys = RoundKeys([key; 11]);
    let mut register = load(&key);
    for (key, constant) in keys.0[1..].iter_mut().zip(ROUND_CONSTANTS) {
        register = next_key(register, constant);
        store(key, register);
    }
    keys
}

#[inline]
#[target_feature(enable = "sse2")]
fn registers(keys: &RoundKeys) -> [__m128i; 11] {
    let mut registers = [_mm_setzero_si128(); 11];
    for (register, key) in registers.iter_mut().zip(&keys.0) {
        *register = load(key);
    }
    registers
}

/// π in every register.
#[inline]
#[target_feature(enable = "aes,sse2")]
fn permute<const N: usize>(keys: &[__m128i; 11], mut blocks: [__m128i; N]) -> [__m128i; N] {
    for block in &mut blocks {
        *block = _mm_xor_si128(*block, keys[0]);
    }
    for key in &keys[1..10] {
        for block in &mut blocks {
            *block = _mm_aesenc_si128(*block, *key);
        }
    }
    for block in &mut blocks {
        *block = _mm_aesenclast_si128(*block, keys[10]);
    }
    blocks
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn hash_some<const N: usize>(keys: &[__m128i; 11], input: &[Block; N]) -> [__m128i; N] {
    let mut blocks = [_mm_setzero_si128(); N];
    for (block, input) in blocks.iter_mut().zip(input) {
        *block = load(input);
    }
    let mut hashed = permute(keys, blocks);
    for (hashed, block) in hashed.iter_mut().zip(blocks) {
        *hashed = _mm_xor_si128(*hashed, block);
    }
    hashed
}

#[inline]
#[target_feature(enable = "sse2")]
fn store_all<const N: usize>(blocks: &mut [Block; N], registers: [__m128i; N]) {
    for (block, register) in blocks.iter_mut().zip(registers) {
        store(block, register);
    }
}

#[target_feature(enable = "aes,sse2")]
fn hash(keys: &RoundKeys, input: &[Block], output: &mut [Block]) {
    let keys = registers(keys);
    let (input, input_rest) = input.as_chunks::<BATCH>();
    let (output, output_rest) = output.as_chunks_mut::<BATCH>();
    for (input, output) in input.iter().zip(output) {
        store_all(output, hash_some(&keys, input));
    }
    for (input, output) in input_rest.iter().zip(output_rest) {
        store_all(array::from_mut(output), hash_some(&keys, array::from_ref(input)));
    }
}

#[target_feature(enable = "aes,sse2")]
fn hash_in_place(keys: &RoundKeys, blocks: &mut [Block]) {
    let keys = registers(keys);
    let (batches, rest) = blocks.as_chunks_mut::<BATCH>();
    for batch in batches {
        let hashed = hash_some(&keys, batch);
        store_all(batch, hashed);
    }
    for block in rest {
        let hashed = hash_some(&keys, array::from_ref(block));
        store_all(array::from_mut(block), hashed);
    }
}

#[target_feature(enable = "aes,sse2")]
fn count(keys: &RoundKeys, first: u64, blocks: &mut [Block]) {
    let keys = registers(keys);
    let mut number = _mm_set_epi64x(0, first as i64);
    let one = _mm_set_epi64x(0, 1);
    for batch in blocks.chunks_mut(BATCH) {
        let mut numbers = [number; BATCH];
        for slot in &mut numbers {
            *slot = number;
            number = _mm_add_epi64(number, one);
        }
        for (block, register) in batch.iter_mut().zip(permute(&keys, numbers)) {
            store(block, register);
        }
    }
}

#[target_feature(enable = "aes,sse2")]
fn expand_pairs(left: &RoundKeys, right: &RoundKeys, parents: &[Block], children: &mut [Block]) {
    const PARENTS: usize = BATCH / 2;
    let (left, right) = (registers(left), registers(right));
    let (parents, parents_rest) = parents.as_chunks::<PARENTS>();
    let (children, children_rest) = children.as_chunks_mut::<BATCH>();
    for (parents, children) in parents.iter().zip(children) {
        expand_some(&left, &right, parents, children);
    }
    for (parent, children) in parents_rest.iter().zip(children_rest.chunks_mut(2)) {
        expand_some(&left, &right, array::from_ref(parent), children);
    }
}

#[inline]
#[target_feature(enable = "aes,sse2")]
fn expand_some<const N: usize>(
    left: &[__m128i; 11],
    right: &[__m128i; 11],
    parents: &[Block; N],
    children: &mut [Block],
) {
    let (lefts, rights) = (hash_some(left, parents), hash_some(right, parents));
    for (pair, (left, right)) in children.as_chunks_mut::<2>().0.iter_mut().zip(lefts.into_iter().zip(rights)) {
        store_all(pair, [left, right]);
    }
}

/// Four keys in flight: a key and a block each.
#[target_feature(enable = "aes,ssse3,sse2")]
fn davies_meyer(keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    const KEYS: usize = 4;
    let (keys, keys_rest) = keys.as_chunks::<KEYS>();
    let (inputs, inputs_rest) = inputs.as_chunks::<KEYS>();
    let (outputs, outputs_rest) = outputs.as_chunks_mut::<KEYS>();
    for ((keys, inputs), outputs) in keys.iter().zip(inputs).zip(outputs) {
        davies_meyer_some(keys, inputs, outputs);
    }
    for ((key, input), output) in keys_rest.iter().zip(inputs_rest).zip(outputs_rest) {
        davies_meyer_some(array::from_ref(key), array::from_ref(input), array::from_mut(output));
    }
}

#[inline]
#[target_feature(enable = "aes,ssse3,sse2")]
fn davies_meyer_some<const N: usize>(keys: &[Block; N], inputs: &[Block; N], outputs: &mut [Block; N]) {
    let mut round_keys = [_mm_setzero_si128(); N];
    let mut blocks = [_mm_setzero_si128(); N];
    for lane in 0..N {
        round_keys[lane] = load(&keys[lane]);
        blocks[lane] = _mm_xor_si128(load(&inputs[lane]), round_keys[lane]);
    }
    for constant in &ROUND_CONSTANTS[..9] {
        for (block, key) in blocks.iter_mut().zip(&mut round_keys) {
            *key = next_key(*key, *constant);
            *block = _mm_aesenc_si128(*block, *key);
        }
    }
    for lane in 0..N {
        let block = _mm_aesenclast_si128(blocks[lane], next_key(round_keys[lane], ROUND_CONSTANTS[9]));
        store(&mut outputs[lane], _mm_xor_si128(block, load(&inputs[lane])));
    }
}
