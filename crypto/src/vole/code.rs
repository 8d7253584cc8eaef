//! The Expand-Convolute code of 2023/882 over GF(2^128), with a field constant in its convolution.
//!
//! # The code
//!
//! It takes 2h elements to h. The vector's second half is convolved in two passes. Then output i is element i of the first
//! half plus `weight` elements of the convolved second half.
//!
//! **A pass** goes once round the ring of the h elements x_0 .. x_(h-1). For each i from 0 to h-1, with the values as they
//! are at that moment: x_i is added to x_(i+1+j) for those j in 0..24 whose bit in the mask m_i is 1, and alpha·x_i is
//! added to x_(i+25), with indices taken modulo h. So the last 25 elements add into the first ones, which are not taken
//! again. Every step can be undone, hence every pass. Here alpha = x^3 + 1.
//!
//! **An output** i has `weight` terms, an odd number. Term r below k = (weight-1)/2 is regular: it draws from the region
//! from ⌊rh/k⌋ to ⌊(r+1)h/k⌋. The others are uniform: they draw from all h elements. Terms are drawn independently and may
//! fall on the same element, which then cancels.
//!
//! # Its randomness
//!
//! The code is public, and chosen by nobody: its key is the first half of BLAKE3's derivation under
//! `cwg-network expand-convolute/v1` from h and the weight, as eight little-endian bytes each. AES-128 in counter mode under
//! that key gives 2 + weight keys: of pass 0, pass 1, and terms 0, 1, .... Each of those keys gives a stream of
//! little-endian 32-bit words in the same way, one word a step or an output: m_i is bits 1+(i mod 8) to 24+(i mod 8) of
//! word i, and a term's word w draws element ⌊w·len/2^32⌋ of its range. The bias of that is below len/2^32.
//!
//! # Why alpha
//!
//! Without it the code is linear over GF(2), and the 128 bits of an element are 128 codewords with the same noise positions:
//! t noise values span at most t dimensions of GF(2)^128, those that miss an information set span fewer, and Gaussian
//! elimination tells which. A constant outside every proper subfield ties the bits together. `alpha_is_in_no_subfield` and
//! the tests of ranks hold both.
//!
//! Time depends on sizes alone.

use super::convolution::convolve_ring;
use super::expander::{Term, add_terms};
use crate::simd::CodePath;
use crate::{Block, Domain, Prg, derive_public};

/// The fewest outputs that a code may have.
pub const OUTPUTS_MIN: usize = 64;

/// How many elements an output sums, beside its own: odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(usize);

impl Weight {
    /// 7: fast, and with less distance.
    pub const FAST: Self = Self(7);

    /// 21: what is used unless told otherwise.
    pub const CONSERVATIVE: Self = Self(21);

    /// An odd weight from 3 to 63.
    pub const fn new(terms: usize) -> Option<Self> {
        if terms % 2 == 1 && terms >= 3 && terms < 64 { Some(Self(terms)) } else { None }
    }

    /// Its number.
    pub const fn terms(self) -> usize {
        self.0
    }
}

/// One code: the same for all who name the same outputs and weight.
///
/// ```
/// use cwg_crypto::Block;
/// use cwg_crypto::vole::{Code, Weight};
///
/// let code = Code::new(64, Weight::FAST);
/// let mut vector = vec![Block::ZERO; 128];
/// vector[90] = Block::ONE;
/// let outputs = code.compress(&mut vector);
/// assert_eq!(outputs.len(), 64);
/// assert!(outputs.iter().any(|output| *output != Block::ZERO));
/// ```
#[derive(Clone)]
pub struct Code {
    outputs: usize,
    passes: [Block; PASSES],
    terms: Vec<Term>,
}

impl Code {
    /// The code of `outputs` outputs and twice as many inputs.
    ///
    /// # Panics
    /// If there are fewer than [`OUTPUTS_MIN`] outputs, an odd number, or 2^32.
    pub fn new(outputs: usize, weight: Weight) -> Self {
        let fits = outputs >= OUTPUTS_MIN && outputs.is_multiple_of(2) && u32::try_from(outputs).is_ok();
        assert!(fits, "an even number of outputs, 64 or more");
        let parts = [outputs, weight.terms()].map(|number| (number as u64).to_le_bytes());
        let root = derive_public(Domain::ExpandConvolute, &[&parts[0], &parts[1]]).first_half();
        let mut keys = vec![Block::ZERO; PASSES + weight.terms()];
        Prg::new(Block::from_bytes(root)).fill(&mut keys);
        let regions = weight.terms() / 2;
        let term = |(number, key): (usize, &Block)| Term {
            key: *key,
            range: match number {
                region if region < regions => region * outputs / regions..(region + 1) * outputs / regions,
                _ => 0..outputs,
            },
        };
        let terms = keys[PASSES..].iter().enumerate().map(term).collect();
        Self { outputs, passes: [keys[0], keys[1]], terms }
    }

    /// How many outputs it has.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many elements it takes: twice the outputs.
    pub const fn inputs(&self) -> usize {
        2 * self.outputs
    }

    /// Compresses a vector in place, and returns its first half: the outputs. The second half holds what the convolution made
    /// of it, as secret as the vector was.
    ///
    /// # Panics
    /// If the vector's length is not [`Code::inputs`].
    pub fn compress<'v>(&self, vector: &'v mut [Block]) -> &'v mut [Block] {
        self.compress_lanes::<1>(vector.as_chunks_mut().0).as_flattened_mut()
    }

    /// Compresses two vectors at once, which costs less than one after the other: element i of both stand side by side.
    ///
    /// # Panics
    /// If the number of pairs is not [`Code::inputs`].
    pub fn compress_pair<'v>(&self, vectors: &'v mut [[Block; 2]]) -> &'v mut [[Block; 2]] {
        self.compress_lanes(vectors)
    }

    fn compress_lanes<'v, const W: usize>(&self, vectors: &'v mut [[Block; W]]) -> &'v mut [[Block; W]] {
        assert!(vectors.len() == self.inputs(), "as many elements as the code takes");
        let (outputs, ring) = vectors.split_at_mut(self.outputs);
        let path = CodePath::best();
        for key in self.passes {
            convolve_ring(path, key, ring);
        }
        add_terms(path, &self.terms, ring, outputs);
        outputs
    }
}

const PASSES: usize = 2;

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
