//! The two heavy parts of a silent VOLE over GF(2^128): the trees that hold its noise and the code that hides it.
//!
//! | module | what | source |
//! |---|---|---|
//! | [`Code`] | the field-mixed Expand-Convolute code, rate 1/2 | 2023/882, and the constant that it lacks |
//! | [`pprf`] | many puncturable functions at once, as binary trees | 2019/1159, section 3 |
//! | [`security`] | what the known attacks on the code's assumption cost | 2022/712 |
//!
//! A batch: t trees of L leaves make a vector of t·L blocks, one leaf of each tree unknown to one side; the code turns it
//! into t·L/2 blocks that look random to that side. Base correlations, their checks and the exchange are not here.

mod batch;
mod code;
pub(crate) mod convolution;
pub(crate) mod expander;
pub mod pprf;
pub mod security;
mod words;

pub use batch::{Batches, Grown, Outputs, Place, Positions, Room, Shape, Taken, Transfers};
pub use code::{Code, OUTPUTS_MIN, Weight};
