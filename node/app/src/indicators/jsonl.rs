//! Rows of a file with one JSON object a line (RFC 8259), in bounded memory. Fields that the map does not name are
//! passed over.

use core::fmt;
use std::io::Read;

use cwg_rows::{self as rows, Line, Lines};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::block::{Block, RowAt, RowFault, Source};
use super::columns::Columns;
use crate::files::io_problem;
use crate::problem::Problem;

/// The rows of a file of JSON objects.
pub(super) struct JsonRows<R> {
    lines: Lines<R>,
    file: String,
    /// For each slot the name of its field.
    names: Vec<String>,
    rows: u64,
}

impl<R: Read> JsonRows<R> {
    pub(super) fn open(input: R, columns: &Columns, file: &str) -> Self {
        Self { lines: Lines::new(input), file: file.to_owned(), names: columns.names.clone(), rows: 0 }
    }

    fn add_row(&mut self, block: &mut Block) {
        let Ok(text) = core::str::from_utf8(self.lines.text()) else {
            return block.refuse(rows::RowFault::NotUtf8.into());
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let mut found: Vec<Option<String>> = vec![None; self.names.len()];
        let mut fault = None;
        let read = Fields { names: &self.names, found: &mut found, fault: &mut fault }
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if read.is_err() {
            return block.refuse(rows::RowFault::JsonShape.into());
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
            let line = self.lines.next_line().map_err(|error| io_problem(&self.file, &error))?;
            if line == Line::End {
                break;
            }
            self.rows += 1;
            let fault = (line == Line::TooLong).then_some(rows::RowFault::TooLong.into());
            block.push(RowAt { row: self.rows, line: self.lines.number(), fault });
            if fault.is_none() {
                self.add_row(block);
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.lines.bytes()
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
                    self.fault.get_or_insert(rows::RowFault::JsonRepeated.into());
                }
                self.found[slot].clone_from(&value);
            }
        }
        Ok(())
    }
}
