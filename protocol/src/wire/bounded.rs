//! Collections that check their limit while they are decoded.

use core::fmt;
use core::ops::Deref;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// At most `N` values. A longer one is refused before its first element is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct BoundedVec<T, const N: usize>(Vec<T>);

/// At most `N` bytes, read and written as a whole. Not printed: what is sealed tells nobody anything.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BoundedBytes<const N: usize>(Vec<u8>);

/// At most `N` bytes of UTF-8 without control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BoundedText<const N: usize>(String);

/// More than a named limit allows, or a character that has no place in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverLimit {
    /// Too long.
    #[error("{len} is over the limit of {limit}")]
    Length {
        /// What was given.
        len: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A control character.
    #[error("control characters are not allowed")]
    Control,
}

impl<T, const N: usize> BoundedVec<T, N> {
    /// The values, as a vector.
    pub fn into_inner(self) -> Vec<T> {
        self.0
    }
}

impl<T, const N: usize> Default for BoundedVec<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const N: usize> TryFrom<Vec<T>> for BoundedVec<T, N> {
    type Error = OverLimit;

    fn try_from(values: Vec<T>) -> Result<Self, OverLimit> {
        if values.len() > N {
            return Err(OverLimit::Length { len: values.len(), limit: N });
        }
        Ok(Self(values))
    }
}

impl<T, const N: usize> Deref for BoundedVec<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for BoundedVec<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values<T, const N: usize>(core::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Values<T, N> {
            type Value = BoundedVec<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let declared = seq.size_hint().unwrap_or(0);
                if declared > N {
                    return Err(A::Error::custom(OverLimit::Length { len: declared, limit: N }));
                }
                let mut values = Vec::with_capacity(declared);
                while let Some(value) = seq.next_element()? {
                    if values.len() == N {
                        return Err(A::Error::custom(OverLimit::Length { len: N + 1, limit: N }));
                    }
                    values.push(value);
                }
                Ok(BoundedVec(values))
            }
        }

        deserializer.deserialize_seq(Values(core::marker::PhantomData))
    }
}

impl<const N: usize> BoundedBytes<N> {
    /// The bytes, as a vector.
    pub fn into_inner(self) -> Vec<u8> {
        self.0
    }
}

impl<const N: usize> TryFrom<Vec<u8>> for BoundedBytes<N> {
    type Error = OverLimit;

    fn try_from(bytes: Vec<u8>) -> Result<Self, OverLimit> {
        if bytes.len() > N {
            return Err(OverLimit::Length { len: bytes.len(), limit: N });
        }
        Ok(Self(bytes))
    }
}

impl<const N: usize> Deref for BoundedBytes<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for BoundedBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<const N: usize> Serialize for BoundedBytes<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for BoundedBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<const N: usize>;

        impl<const N: usize> Visitor<'_> for Bytes<N> {
            type Value = BoundedBytes<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} bytes")
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
                BoundedBytes::try_from(bytes).map_err(E::custom)
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                self.visit_byte_buf(bytes.to_vec())
            }
        }

        deserializer.deserialize_byte_buf(Bytes::<N>)
    }
}

impl<const N: usize> TryFrom<String> for BoundedText<N> {
    type Error = OverLimit;

    fn try_from(text: String) -> Result<Self, OverLimit> {
        if text.len() > N {
            return Err(OverLimit::Length { len: text.len(), limit: N });
        }
        if text.chars().any(char::is_control) {
            return Err(OverLimit::Control);
        }
        Ok(Self(text))
    }
}

impl<const N: usize> Deref for BoundedText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> fmt::Display for BoundedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for BoundedText<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
