//! What the black-box tests share. Nothing depends on this crate.

#![forbid(unsafe_code)]

pub mod vectors;
