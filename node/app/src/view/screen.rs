//! The drawing model: what both front ends draw, without how.

use serde::{Deserialize, Serialize};

use super::EndReason;

/// A screen: fields, then tables, then notes. Every text in it is safe for a terminal: control and direction characters
/// are shown as escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// What it is.
    pub title: String,
    /// Label and value, one a line.
    pub fields: Vec<(String, String)>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Sentences below.
    pub notes: Vec<String>,
}

/// A table of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What stands above it; may be empty.
    pub title: String,
    /// One for each column.
    pub headers: Vec<String>,
    /// Each as long as the headers.
    pub rows: Vec<Vec<String>>,
}

impl Screen {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: safe(&title.into()), ..Self::default() }
    }

    pub(crate) fn field(mut self, label: &str, value: impl ToString) -> Self {
        self.fields.push((label.to_owned(), safe(&value.to_string())));
        self
    }

    /// A field that is left out if there is nothing to say.
    pub(crate) fn field_if(self, label: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.field(label, value),
            None => self,
        }
    }

    pub(crate) fn note(mut self, note: impl AsRef<str>) -> Self {
        self.notes.push(safe(note.as_ref()));
        self
    }

    pub(crate) fn notes<T: AsRef<str>>(self, notes: impl IntoIterator<Item = T>) -> Self {
        notes.into_iter().fold(self, Self::note)
    }

    /// Why something ended, and what to do.
    pub(crate) fn end(self, end: Option<&EndReason>) -> Self {
        match end {
            Some(end) => self.note(format!("{} ({})", end.problem, end.code)).note(format!("hint: {}", end.hint)),
            None => self,
        }
    }

    pub(crate) fn table<const N: usize>(
        mut self,
        title: &str,
        headers: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Self {
        self.tables.push(Table {
            title: title.to_owned(),
            headers: headers.map(str::to_owned).into(),
            rows: rows.into_iter().map(|row| row.iter().map(|cell| safe(cell)).collect()).collect(),
        });
        self
    }

    /// A table of one column; left out if it is empty.
    pub(crate) fn list(self, title: &str, rows: &[String]) -> Self {
        if rows.is_empty() {
            return self;
        }
        self.table(title, [""], rows.iter().map(|row| [row.clone()]))
    }
}

/// Text that cannot move a cursor or turn the direction of writing (CVE-2021-42574 and its kin).
fn safe(text: &str) -> String {
    let unsafe_char = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(unsafe_char) {
        return text.to_owned();
    }
    text.chars().map(|c| if unsafe_char(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_screen_moves_the_cursor_or_turns_the_writing() {
        let evil = "a\x1b[2Jb\r\n\u{202e}c\u{200b}";
        let screen = Screen::new(evil).field("x", evil).note(evil).list("l", &[evil.to_owned()]).table(
            "t",
            ["h"],
            [[evil.to_owned()]],
        );
        let json = serde_json::to_string(&screen).unwrap();
        let back: Screen = serde_json::from_str(&json).unwrap();
        assert_eq!(back, screen);
        let drawn = format!("{}{}{}{}", back.title, back.fields[0].1, back.notes[0], back.tables[1].rows[0][0]);
        assert!(!drawn.contains(['\x1b', '\r', '\n', '\u{202e}', '\u{200b}']), "{drawn:?}");
        assert!(drawn.contains("a\\u{1b}[2Jb"));
        assert_eq!(safe("Zoë 日本"), "Zoë 日本");
    }
}
