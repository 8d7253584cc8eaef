//! What is confirmed to one list: a bit for each of its places, of the same length whatever was found.

use core::fmt;

/// A fixed number of bits, eight a byte, the lowest first.
#[derive(Clone, PartialEq, Eq)]
pub struct Bits {
    len: usize,
    bytes: Vec<u8>,
}

impl Bits {
    /// All of them clear.
    pub fn new(len: usize) -> Self {
        Self { len, bytes: vec![0; len.div_ceil(8)] }
    }

    /// The bits of an encoding.
    ///
    /// # Errors
    /// If it is not of this many bits, or a spare bit of its last byte is set.
    pub fn decode(bytes: &[u8], len: usize) -> Result<Self, BadBits> {
        let spare = bytes.len().saturating_mul(8).checked_sub(len).filter(|_| bytes.len() == len.div_ceil(8));
        let spare = spare.ok_or(BadBits::Length { expected: len.div_ceil(8), got: bytes.len() })?;
        if bytes.last().is_some_and(|last| spare > 0 && last >> (8 - spare) != 0) {
            return Err(BadBits::SpareBit);
        }
        Ok(Self { len, bytes: bytes.to_vec() })
    }

    /// Their encoding: a byte for each eight bits begun.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no bit at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets a bit.
    ///
    /// # Panics
    /// If there is no bit at this place.
    pub fn set(&mut self, place: usize) {
        assert!(place < self.len, "a place of the list");
        self.bytes[place / 8] |= 1 << (place % 8);
    }

    /// Whether a bit is set. Past the end none is.
    pub fn is_set(&self, place: usize) -> bool {
        place < self.len && self.bytes[place / 8] >> (place % 8) & 1 == 1
    }

    /// The places of all bits that are set, ascending.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let bytes = self.bytes.iter().enumerate().filter(|(_, byte)| **byte != 0);
        bytes.flat_map(|(at, byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| 8 * at + bit))
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bits({} of them)", self.len)
    }
}

/// Bytes that are not the bits that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBits {
    /// Too short or too long.
    #[error("{expected} bytes of bits were awaited, {got} came")]
    Length {
        /// Bytes that this many bits take.
        expected: usize,
        /// Bytes there are.
        got: usize,
    },
    /// There is one form of the same bits: what the last byte has to spare is clear.
    #[error("a bit past the last place is set")]
    SpareBit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_what_was_set_and_survive_their_encoding() {
        for len in [0, 1, 7, 8, 9, 64, 1000] {
            let mut bits = Bits::new(len);
            let places: Vec<_> = (0..len).filter(|place| place * place % 7 == 2).collect();
            places.iter().for_each(|place| bits.set(*place));
            let again = Bits::decode(bits.as_bytes(), len).unwrap();
            assert_eq!(again.places().collect::<Vec<_>>(), places);
            assert!((0..len + 9).all(|place| again.is_set(place) == places.contains(&place)));
        }
    }

    #[test]
    fn another_length_or_a_spare_bit_is_refused() {
        let check = |bytes: &[u8], len: usize, expected: BadBits| assert_eq!(Bits::decode(bytes, len), Err(expected));
        check(&[0], 9, BadBits::Length { expected: 2, got: 1 });
        check(&[0, 0], 8, BadBits::Length { expected: 1, got: 2 });
        check(&[0], 0, BadBits::Length { expected: 0, got: 1 });
        check(&[0x80], 7, BadBits::SpareBit);
        check(&[0xff, 2], 9, BadBits::SpareBit);
        check(&[], usize::MAX, BadBits::Length { expected: usize::MAX.div_ceil(8), got: 0 });
    }
}
