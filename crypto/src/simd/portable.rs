//! The portable twins: what every other kernel is held equal to.

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

use crate::Block;

/// The product, one bit of the second factor after the other.
pub(crate) fn product(a: Block, b: Block) -> Block {
    let (mut power, mut sum) = (a, Block::ZERO);
    for bit in 0..128 {
        sum += power.masked((b.number() >> bit) as u8);
        power = power.times_x();
    }
    sum
}

pub(super) fn products(a: &[Block], b: &[Block], out: &mut [Block]) {
    for ((a, b), out) in a.iter().zip(b).zip(out) {
        *out = product(*a, *b);
    }
}

pub(super) fn inner_product(a: &[Block], b: &[Block]) -> Block {
    a.iter().zip(b).fold(Block::ZERO, |sum, (a, b)| sum + product(*a, *b))
}

pub(super) fn add_scaled(acc: &mut [Block], source: &[Block], factor: Block) {
    for (acc, source) in acc.iter_mut().zip(source) {
        *acc += product(*source, factor);
    }
}

/// `acc[i]` += Σ `points[i]`^(j+1) · `coefficients[j]`.
pub(super) fn add_polynomial(acc: &mut [Block], points: &[Block], coefficients: &[Block]) {
    for (acc, point) in acc.iter_mut().zip(points) {
        *acc += coefficients.iter().rev().fold(Block::ZERO, |sum, c| product(sum + *c, *point));
    }
}

pub(super) fn schedule(key: Block) -> Aes128Enc {
    Aes128Enc::new(&key.to_bytes().into())
}

pub(super) fn permute(cipher: &Aes128Enc, block: Block) -> Block {
    let mut bytes = block.to_bytes().into();
    cipher.encrypt_block(&mut bytes);
    Block::from_bytes(bytes.into())
}

pub(super) fn davies_meyer(keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    for ((key, input), output) in keys.iter().zip(inputs).zip(outputs) {
        *output = permute(&schedule(*key), *input) + *input;
    }
}
