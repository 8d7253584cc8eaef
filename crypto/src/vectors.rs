//! Reading of the vector files under `vectors/`, for tests.

use serde_json::Value;

/// A parsed vector file.
pub(crate) fn vectors(file: &str) -> Value {
    serde_json::from_str(file).expect("a vector file is JSON")
}

/// The text of a field.
pub(crate) fn text(field: &Value) -> &str {
    field.as_str().expect("a field of a vector is text")
}

/// The bytes of a hexadecimal field.
pub(crate) fn bytes(field: &Value) -> Vec<u8> {
    hex::decode(text(field)).expect("a field of a vector is hexadecimal")
}

/// The bytes of a hexadecimal field of known length.
pub(crate) fn array<const N: usize>(field: &Value) -> [u8; N] {
    bytes(field).try_into().expect("a field of a vector has its length")
}

/// The fields of a list.
pub(crate) fn list<T>(field: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    field.as_array().expect("a field of a vector is a list").iter().map(read).collect()
}
