//! AES-128 under one key, on the path that it was made for; and under many keys.

use aes::Aes128Enc;
#[cfg(target_arch = "x86_64")]
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Path, portable};
use crate::Block;

/// The eleven round keys of FIPS 197, section 5.2.
#[cfg(target_arch = "x86_64")]
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct RoundKeys(pub(super) [Block; 11]);

/// AES-128 under one key.
pub(crate) enum Cipher {
    Portable(Aes128Enc),
    #[cfg(target_arch = "x86_64")]
    Narrow(super::Narrow, RoundKeys),
    #[cfg(target_arch = "x86_64")]
    Middle(super::Middle, RoundKeys),
    #[cfg(target_arch = "x86_64")]
    Wide(super::Wide, RoundKeys),
}

impl Cipher {
    pub(crate) fn new(path: Path, key: Block) -> Self {
        match path {
            Path::Portable => Self::Portable(portable::schedule(key)),
            #[cfg(target_arch = "x86_64")]
            Path::Narrow(narrow) => Self::Narrow(narrow, narrow.schedule(key)),
            #[cfg(target_arch = "x86_64")]
            Path::Middle(middle) => Self::Middle(middle, middle.narrow().schedule(key)),
            #[cfg(target_arch = "x86_64")]
            Path::Wide(wide) => Self::Wide(wide, wide.narrow().schedule(key)),
        }
    }

    /// `output[i]` = π(`input[i]`) + `input[i]`.
    pub(crate) fn hash(&self, input: &[Block], output: &mut [Block]) {
        match self {
            Self::Portable(cipher) => {
                for (input, output) in input.iter().zip(output) {
                    *output = portable::permute(cipher, *input) + *input;
                }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Narrow(narrow, keys) => narrow.hash(keys, input, output),
            #[cfg(target_arch = "x86_64")]
            Self::Middle(middle, keys) => middle.hash(keys, input, output),
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide, keys) => wide.hash(keys, input, output),
        }
    }

    /// `blocks[i]` += π(`blocks[i]`).
    pub(crate) fn hash_in_place(&self, blocks: &mut [Block]) {
        match self {
            Self::Portable(cipher) => {
                for block in blocks {
                    *block += portable::permute(cipher, *block);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Narrow(narrow, keys) => narrow.hash_in_place(keys, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Middle(middle, keys) => middle.hash_in_place(keys, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide, keys) => wide.hash_in_place(keys, blocks),
        }
    }

    /// `blocks[i]` = π(`first` + i), where the numbers stay below 2^64.
    pub(crate) fn count(&self, first: u64, blocks: &mut [Block]) {
        match self {
            Self::Portable(cipher) => {
                for (number, block) in (first..).zip(blocks) {
                    *block = portable::permute(cipher, Block::new(number.into()));
                }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Narrow(narrow, keys) => narrow.count(keys, first, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Middle(middle, keys) => middle.count(keys, first, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Wide(wide, keys) => wide.count(keys, first, blocks),
        }
    }
}

/// Each parent to its hash under either key: children 2i and 2i+1 of parent i. The sums of the left and of the right
/// children.
pub(crate) fn expand_pairs(left: &Cipher, right: &Cipher, parents: &[Block], children: &mut [Block]) {
    match (left, right) {
        #[cfg(target_arch = "x86_64")]
        (Cipher::Narrow(narrow, left), Cipher::Narrow(_, right)) => narrow.expand_pairs(left, right, parents, children),
        #[cfg(target_arch = "x86_64")]
        (Cipher::Middle(middle, left), Cipher::Middle(_, right)) => middle.expand_pairs(left, right, parents, children),
        #[cfg(target_arch = "x86_64")]
        (Cipher::Wide(wide, left), Cipher::Wide(_, right)) => wide.expand_pairs(left, right, parents, children),
        _ => {
            for (parent, pair) in parents.iter().zip(children.as_chunks_mut::<2>().0) {
                for (cipher, child) in [left, right].into_iter().zip(pair) {
                    cipher.hash(core::array::from_ref(parent), core::array::from_mut(child));
                }
            }
        }
    }
}

/// `outputs[i]` = π under `keys[i]` of `inputs[i]`, + `inputs[i]`.
pub(crate) fn davies_meyer(path: Path, keys: &[Block], inputs: &[Block], outputs: &mut [Block]) {
    match path {
        Path::Portable => portable::davies_meyer(keys, inputs, outputs),
        #[cfg(target_arch = "x86_64")]
        Path::Narrow(narrow) => narrow.davies_meyer(keys, inputs, outputs),
        #[cfg(target_arch = "x86_64")]
        Path::Middle(middle) => middle.davies_meyer(keys, inputs, outputs),
        #[cfg(target_arch = "x86_64")]
        Path::Wide(wide) => wide.davies_meyer(keys, inputs, outputs),
    }
}
