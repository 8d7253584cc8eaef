//! The one place that knows bincode: fixed-width little-endian integers, a hard limit, no trailing bytes.
//!
//! bincode 1.3.3 is complete and unmaintained; `docs/adr/0004` says how it is contained. Types that pass through here
//! have no recursion, no zero-sized elements, no floats and no maps, and their collections are bounded.

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// More bytes than the limit for this kind.
    #[error("{len} bytes, over the limit of {limit}")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not an encoding of this type, or bytes left over.
    #[error("malformed encoding")]
    Malformed,
    /// A second encoding of a value that has a canonical one.
    #[error("not the canonical encoding")]
    NotCanonical,
}

/// The encoding of a value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    options().serialize(value).expect("wire and record types have no failing serializer")
}

/// The value encoded by exactly these bytes.
///
/// # Errors
/// If there are more than `len_max` bytes, or they are not one value and nothing else.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], len_max: usize) -> Result<T, CodecError> {
    if bytes.len() > len_max {
        return Err(CodecError::TooLong { len: bytes.len(), limit: len_max });
    }
    options().with_limit(len_max as u64).reject_trailing_bytes().deserialize(bytes).map_err(|_| CodecError::Malformed)
}

/// [`decode`] for what is signed or hashed: the value must encode to the same bytes again.
///
/// # Errors
/// As [`decode`], and if the encoding is not the canonical one.
pub fn decode_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8], len_max: usize) -> Result<T, CodecError> {
    let value = decode(bytes, len_max)?;
    if encode(&value) != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_little_endian()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{BoundedBytes, BoundedText, BoundedVec};

    #[test]
    fn refuses_trailing_truncated_and_oversized_bytes() {
        let bytes = encode(&(7u32, 9u16));
        assert_eq!(decode::<(u32, u16)>(&bytes, 64), Ok((7, 9)));
        assert_eq!(decode::<(u32, u16)>(&[&bytes[..], &[0]].concat(), 64), Err(CodecError::Malformed));
        assert_eq!(decode::<(u32, u16)>(&bytes[..5], 64), Err(CodecError::Malformed));
        assert_eq!(decode::<(u32, u16)>(&bytes, 5), Err(CodecError::TooLong { len: 6, limit: 5 }));
    }

    #[test]
    fn refuses_a_count_over_its_limit_before_it_reads_an_element() {
        let three = encode(&vec![1u8, 2, 3]);
        assert!(decode::<BoundedVec<u8, 3>>(&three, 64).is_ok());
        assert_eq!(decode::<BoundedVec<u8, 2>>(&three, 64), Err(CodecError::Malformed));
        let mut huge = u64::MAX.to_le_bytes().to_vec();
        huge.push(1);
        assert_eq!(decode::<BoundedVec<u8, 3>>(&huge, 64), Err(CodecError::Malformed));
        assert_eq!(decode::<BoundedText<3>>(&huge, 64), Err(CodecError::Malformed));
    }

    #[test]
    fn bytes_have_the_encoding_of_a_list_of_bytes_and_its_limit() {
        let bytes: BoundedBytes<3> = vec![1, 2, 3].try_into().expect("within the limit");
        assert_eq!(encode(&bytes), encode(&vec![1u8, 2, 3]));
        assert_eq!(decode::<BoundedBytes<3>>(&encode(&bytes), 64), Ok(bytes.clone()));
        assert_eq!(decode::<BoundedBytes<2>>(&encode(&bytes), 64), Err(CodecError::Malformed));
        let mut huge = u64::MAX.to_le_bytes().to_vec();
        huge.push(1);
        assert_eq!(decode::<BoundedBytes<3>>(&huge, 64), Err(CodecError::Malformed));
    }

    #[test]
    fn refuses_control_characters_in_text() {
        assert!(decode::<BoundedText<8>>(&encode(&"bank"), 64).is_ok());
        assert_eq!(decode::<BoundedText<8>>(&encode(&"ba\u{1b}nk"), 64), Err(CodecError::Malformed));
    }
}
