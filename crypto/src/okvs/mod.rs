//! Oblivious key-value store: a vector from which anybody reads the value of a key, and which shows nothing of the keys as
//! long as the values look random. Rindal and Raghuraman, "Blazing fast PSI" (2022/320), section 3: three sparse columns and a few
//! dense ones a row, over GF(2^128), in bins of about 2^15 keys.
//!
//! The vector has a slice of [`OkvsParams::bin_len`] blocks for each bin: its sparse columns, then its dense ones. A key k
//! falls into one bin and has there the value P\[p₀\] + P\[p₁\] + P\[p₂\] + Σ z^(j+1)·D\[j\], where the bin, three distinct columns p
//! and the point z are hashes of k under [`RowKeys`] chosen after the keys. Reading is linear in the vector.
//!
//! Encoding peels: a column that one row alone has left is that row's to set. Rows that cannot be peeled, at most as many
//! as there are dense columns, form the gap, which a small system in the dense columns solves. Columns that no row sets
//! are filled with random blocks: left at zero, they would tell where the keys are not.
//!
//! Whatever is a size follows from the number of items and a statistical parameter: see [`OkvsParams`]. Peeling takes time and
//! memory accesses that depend on the keys; the caller must not let a peer time it. Reading accesses memory by key, too.

mod decode;
mod encode;
mod gap;
mod params;
mod peel;
mod rows;
#[cfg(test)]
mod tests;

use core::ops::Range;

use thiserror::Error;

pub use params::{ITEMS_MAX, OkvsParams, bin_capacity};
pub use rows::{Row, RowKeys};

use crate::{Block, Prg};

/// Why keys cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OkvsError {
    /// More keys than the parameters were made for.
    #[error("{keys} keys, and the parameters are for {items}")]
    TooManyKeys {
        /// How many there are.
        keys: usize,
        /// How many there may be.
        items: u64,
    },
    /// A bin holds more keys than its columns are made for: another choice of row keys helps, but for 2^-(lambda+1) of them.
    #[error("a bin has {keys} keys and room for {capacity}")]
    BinFull {
        /// How many it holds.
        keys: usize,
        /// How many it may hold.
        capacity: usize,
    },
    /// More rows than dense columns are left when no more can be peeled: another choice of row keys helps, but for 2^-(lambda+1)
    /// of them.
    #[error("more than {dense} rows of a bin depend on dense columns")]
    GapTooLarge {
        /// Dense columns of a bin.
        dense: usize,
    },
    /// Two keys are equal.
    #[error("a key is there twice")]
    DuplicateKey,
    /// Rows depend on each other though their keys differ: another choice of row keys helps, but for 2^-100 of them.
    #[error("the rows of a bin depend on each other")]
    DependentRows,
}

/// Keys sorted into their bins, each with its place among the keys given: 20 bytes a key.
#[derive(Debug)]
pub struct Binned {
    params: OkvsParams,
    row_keys: RowKeys,
    keys: Vec<Block>,
    places: Vec<u32>,
    /// Where each bin starts, and the end.
    starts: Vec<u32>,
}

impl Binned {
    /// Sorts distinct keys that are to be encoded, at most [`OkvsParams::items`].
    ///
    /// # Errors
    /// [`OkvsError::TooManyKeys`] and [`OkvsError::BinFull`]. That keys repeat is found when their bin is encoded.
    pub fn new(params: &OkvsParams, row_keys: &RowKeys, keys: Vec<Block>) -> Result<Self, OkvsError> {
        if keys.len() as u64 > params.items() {
            return Err(OkvsError::TooManyKeys { keys: keys.len(), items: params.items() });
        }
        let binned = Self::for_decoding(params, row_keys, keys);
        let fullest = (0..params.bins()).map(|bin| binned.keys_of(bin..bin + 1).len()).max().unwrap_or(0);
        if fullest > params.capacity() {
            return Err(OkvsError::BinFull { keys: fullest, capacity: params.capacity() });
        }
        Ok(binned)
    }

    /// Sorts keys whose values are to be read: any number of them, and they may repeat.
    ///
    /// # Panics
    /// If there are 2^32 keys or more.
    pub fn for_decoding(params: &OkvsParams, row_keys: &RowKeys, keys: Vec<Block>) -> Self {
        let count = u32::try_from(keys.len()).expect("places are 32 bits");
        let of = |keys, places, starts| Self { params: *params, row_keys: row_keys.clone(), keys, places, starts };
        if params.bins() == 1 {
            return of(keys, (0..count).collect(), vec![0, count]);
        }
        let mut starts = vec![0_u32; params.bins() + 1];
        row_keys.each_bin(params.bins(), &keys, |_, bin| starts[bin + 1] += 1);
        for bin in 0..params.bins() {
            starts[bin + 1] += starts[bin];
        }
        let mut next = starts.clone();
        let mut sorted = vec![Block::ZERO; keys.len()];
        let mut places = vec![0; keys.len()];
        row_keys.each_bin(params.bins(), &keys, |place, bin| {
            let slot = next[bin] as usize;
            sorted[slot] = keys[place];
            places[slot] = place as u32;
            next[bin] += 1;
        });
        of(sorted, places, starts)
    }

    /// The parameters that made the bins.
    pub fn params(&self) -> &OkvsParams {
        &self.params
    }

    /// Where the keys of some bins stand among all in binned order.
    ///
    /// # Panics
    /// If a bin is not there.
    pub fn keys_of(&self, bins: Range<usize>) -> Range<usize> {
        self.starts[bins.start] as usize..self.starts[bins.end] as usize
    }

    /// The keys in binned order.
    pub fn keys(&self) -> &[Block] {
        &self.keys
    }

    /// For each key in binned order, its place among the keys given.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// Encodes one bin: see [`Self::encode_bins`].
    ///
    /// # Errors
    /// As there.
    pub fn encode_bin(&self, bin: usize, values: &[Block], fill: &mut Prg, out: &mut [Block]) -> Result<(), OkvsError> {
        self.encode_bins(bin..bin + 1, values, fill, out)
    }

    /// Encodes some bins: `values` are those of [`Self::keys_of`] these bins, `out` is the vector's slice of them, and `fill` draws
    /// what no key sets.
    ///
    /// # Errors
    /// [`OkvsError::GapTooLarge`], [`OkvsError::DuplicateKey`], [`OkvsError::DependentRows`].
    ///
    /// # Panics
    /// If `values` or `out` have another length, or the bins were sorted for decoding and one is over its capacity.
    pub fn encode_bins(
        &self,
        bins: Range<usize>,
        values: &[Block],
        fill: &mut Prg,
        out: &mut [Block],
    ) -> Result<(), OkvsError> {
        let first = self.keys_of(bins.clone()).start;
        assert_eq!(values.len(), self.keys_of(bins.clone()).len(), "one value a key");
        assert_eq!(out.len(), bins.len() * self.params.bin_len(), "the bins' slice of the vector");
        let mut encoder = encode::Encoder::new(&self.params, &self.row_keys);
        for (bin, out) in bins.zip(out.chunks_exact_mut(self.params.bin_len())) {
            let own = self.keys_of(bin..bin + 1);
            encoder.encode(&self.keys[own.clone()], &values[own.start - first..own.end - first], fill, out)?;
        }
        Ok(())
    }

    /// Reads the values of one bin's keys: see [`Self::decode_bins`].
    pub fn decode_bin(&self, bin: usize, columns: &[Block], out: &mut [Block]) {
        self.decode_bins(bin..bin + 1, columns, out);
    }

    /// Reads the values of the keys of some bins, in binned order: `columns` is the vector's slice of these bins. A key that
    /// was not encoded has a value that looks random.
    ///
    /// # Panics
    /// If `columns` or `out` have another length.
    pub fn decode_bins(&self, bins: Range<usize>, columns: &[Block], out: &mut [Block]) {
        let first = self.keys_of(bins.clone()).start;
        assert_eq!(out.len(), self.keys_of(bins.clone()).len(), "one value a key");
        assert_eq!(columns.len(), bins.len() * self.params.bin_len(), "the bins' slice of the vector");
        for (bin, columns) in bins.zip(columns.chunks_exact(self.params.bin_len())) {
            let own = self.keys_of(bin..bin + 1);
            let out = &mut out[own.start - first..own.end - first];
            self.decode_keys(&self.keys[own], columns, out);
        }
    }

    /// Reads the values of keys of one bin: `columns` is the vector's slice of that bin.
    ///
    /// # Panics
    /// If `columns` or `out` have another length.
    pub fn decode_keys(&self, keys: &[Block], columns: &[Block], out: &mut [Block]) {
        assert_eq!(out.len(), keys.len(), "one value a key");
        assert_eq!(columns.len(), self.params.bin_len(), "the bin's slice of the vector");
        decode::decode(&self.params, &self.row_keys, keys, columns, out);
    }
}
