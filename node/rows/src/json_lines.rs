//! Rows of a file with one JSON object a line (RFC 8259), in bounded memory.

use core::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{COLUMNS_MAX, Cell, Line, Lines, Row, RowFault, RowsError};

/// The rows of a file of JSON objects.
pub(crate) struct JsonLines<R> {
    lines: Lines<R>,
    rows: u64,
    /// Names in the order in which they first stood in an object.
    columns: Vec<String>,
}

impl<R: Read> JsonLines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { lines: Lines::new(input), rows: 0, columns: Vec::new() }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn next_row(&mut self, row: &mut Row) -> Result<bool, RowsError> {
        let line = self.lines.next_line()?;
        if line == Line::End {
            return Ok(false);
        }
        self.rows += 1;
        row.begin(self.rows, Some(self.lines.number()), self.columns.len());
        let read = if line == Line::TooLong { Err(RowFault::TooLong) } else { self.read_object(row) };
        if let Err(fault) = read {
            row.refuse(fault);
        }
        Ok(true)
    }

    fn read_object(&mut self, row: &mut Row) -> Result<(), RowFault> {
        let text = core::str::from_utf8(self.lines.text()).map_err(|_| RowFault::NotUtf8)?;
        let mut json = serde_json::Deserializer::from_str(text);
        let mut fault = None;
        let object = Object { columns: &mut self.columns, row, fault: &mut fault };
        object.deserialize(&mut json).and_then(|()| json.end()).map_err(|_| RowFault::JsonShape)?;
        fault.map_or(Ok(()), Err)
    }
}

/// Takes the cells of one object.
struct Object<'a> {
    columns: &'a mut Vec<String>,
    row: &'a mut Row,
    fault: &'a mut Option<RowFault>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = vec![false; COLUMNS_MAX];
        while let Some(name) = map.next_key::<String>()? {
            let cell = map.next_value_seed(CellOf)?;
            let column = match self.columns.iter().position(|known| *known == name) {
                Some(column) => column,
                None if self.columns.len() == COLUMNS_MAX => {
                    self.fault.get_or_insert(RowFault::TooManyColumns);
                    continue;
                }
                None => {
                    self.columns.push(name);
                    self.columns.len() - 1
                }
            };
            if core::mem::replace(&mut seen[column], true) {
                self.fault.get_or_insert(RowFault::JsonRepeated);
            }
            self.row.set(column, cell);
        }
        Ok(())
    }
}

/// Reads one value; what has no text is passed over without being kept.
struct CellOf;

impl<'de> DeserializeSeed<'de> for CellOf {
    type Value = Cell;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellOf {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Absent)
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(if text.is_empty() { Cell::Absent } else { Cell::Text(text.to_owned()) })
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Cell, E> {
        Ok(Cell::Text(if yes { "yes" } else { "no" }.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Cell, E> {
        Ok(Cell::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Text(number.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Cell, E> {
        Ok(Cell::NotText)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cell, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::NotText)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::NotText)
    }
}
