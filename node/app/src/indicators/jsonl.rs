//! Rows of a file with one JSON object a line (RFC 8259), in bounded memory. Fields that the map does not name are
//! passed over.

use core::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::ROW_LEN_MAX;
use super::block::{Block, RowAt, RowFault, Source};
use super::columns::Columns;
use crate::files::io_problem;
use crate::problem::Problem;

/// The rows of a file of JSON objects.
pub(super) struct JsonRows<R> {
    input: BufReader<R>,
    file: String,
    /// For each slot the name of its field.
    names: Vec<String>,
    line: Vec<u8>,
    lines: u64,
    rows: u64,
    bytes: u64,
}

/// How a line ended.
enum Line {
    Whole,
    TooLong,
    End,
}

impl<R: Read> JsonRows<R> {
    pub(super) fn open(input: R, columns: &Columns, file: &str) -> Self {
        Self {
            input: BufReader::with_capacity(ROW_LEN_MAX, input),
            file: file.to_owned(),
            names: columns.names.clone(),
            line: Vec::new(),
            lines: 0,
            rows: 0,
            bytes: 0,
        }
    }

    /// Reads a line without its end; of one that is too long, the rest is passed over.
    fn next_line(&mut self) -> std::io::Result<Line> {
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let input = match self.input.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if input.is_empty() {
                break;
            }
            any = true;
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            if too_long || self.line.len() + part.len() > ROW_LEN_MAX {
                too_long = true;
                self.line.clear();
            } else {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                break;
            }
        }
        self.lines += u64::from(any);
        Ok(match (any, too_long) {
            (false, _) => Line::End,
            (true, true) => Line::TooLong,
            (true, false) => Line::Whole,
        })
    }

    fn add_row(&mut self, block: &mut Block) {
        let Ok(text) = core::str::from_utf8(&self.line) else { return block.refuse(RowFault::NotUtf8) };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let mut found: Vec<Option<String>> = vec![None; self.names.len()];
        let mut fault = None;
        let read = Fields { names: &self.names, found: &mut found, fault: &mut fault }
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if read.is_err() {
            return block.refuse(RowFault::JsonShape);
        }
        if let Some(fault) = fault {
            return block.refuse(fault);
        }
        for (slot, value) in found.iter().enumerate() {
            if let Some(value) = value {
                block.set_cell(slot, value.as_bytes());
            }
        }
    }
}

impl<R: Read> Source for JsonRows<R> {
    fn fill(&mut self, block: &mut Block) -> Result<(), Problem> {
        block.clear(self.names.len());
        while !block.is_full() {
            let line = self.next_line().map_err(|error| io_problem(&self.file, &error))?;
            if matches!(line, Line::End) {
                break;
            }
            if self.lines == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            let empty = matches!(line, Line::Whole) && self.line.iter().all(u8::is_ascii_whitespace);
            if empty {
                continue;
            }
            self.rows += 1;
            let fault = matches!(line, Line::TooLong).then_some(RowFault::TooLong);
            block.push(RowAt { row: self.rows, line: self.lines, fault });
            if fault.is_none() {
                self.add_row(block);
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Takes the named fields of one object.
struct Fields<'a> {
    names: &'a [String],
    found: &'a mut [Option<String>],
    fault: &'a mut Option<RowFault>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; self.names.len()];
        while let Some(name) = map.next_key::<String>()? {
            let slots: Vec<usize> =
                self.names.iter().enumerate().filter(|(_, known)| **known == name).map(|(at, _)| at).collect();
            if slots.is_empty() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = match map.next_value::<serde_json::Value>()? {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
                _ => {
                    self.fault.get_or_insert(RowFault::JsonValue);
                    None
                }
            };
            for slot in slots {
                if core::mem::replace(&mut seen[slot], true) {
                    self.fault.get_or_insert(RowFault::JsonRepeated);
                }
                self.found[slot].clone_from(&value);
            }
        }
        Ok(())
    }
}
