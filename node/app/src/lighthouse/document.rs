//! Documents that are read whole: JSON within a limit, and paths in it that name no value.

use std::fs::File;
use std::io::Read as _;

use serde_json::Value;

use super::DOCUMENT_LEN_MAX;
use crate::files::io_problem;
use crate::problem::{Exit, Problem};

/// Reads one JSON document.
pub(super) fn read(file: File, name: &str) -> Result<Value, Problem> {
    let mut bytes = Vec::new();
    file.take(DOCUMENT_LEN_MAX + 1).read_to_end(&mut bytes).map_err(|error| io_problem(name, &error))?;
    if bytes.len() as u64 > DOCUMENT_LEN_MAX {
        return Err(Problem::new(
            Exit::BadInput,
            "document-too-long",
            format!("{name} is longer than {} MiB", DOCUMENT_LEN_MAX >> 20),
            "split it into several files",
        ));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // The parser's own message may repeat a value: only its place is told.
    serde_json::from_slice(text).map_err(|error| {
        let place = format!("{name}, line {}, column {}", error.line(), error.column());
        Problem::new(Exit::BadInput, "json-syntax", format!("{place}: not JSON"), "export the file again")
    })
}

/// A document that is not what the map says.
pub(super) fn wrong_shape(name: &str, what: &str, hint: &str) -> Problem {
    Problem::new(Exit::BadInput, "document-shape", format!("{name}: {what}"), hint)
}

/// The text of a member, unless it is empty.
pub(super) fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// A text, or a whole number as one.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// The elements of a member that is a list; none if there is no such list.
pub(super) fn list<'a>(object: &'a Value, member: &str) -> &'a [Value] {
    object.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
