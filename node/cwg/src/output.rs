//! Data to standard output, talk to standard error; the same view as text or as JSON.

use std::io::{IsTerminal as _, Write as _};

use comfy_table::{LineStyle, Table, TableStyle};
use cwg_app::view::Screen;
use cwg_app::{Problem, View};
use serde::Serialize;

/// How a command speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows a view.
    pub(crate) fn view(self, view: &View) {
        if self.json {
            self.document(view);
        } else {
            self.screen(&view.screen());
        }
    }

    /// One JSON document, or what `text` draws.
    pub(crate) fn json_or<T: Serialize>(self, value: &T, text: impl FnOnce(&Self)) -> Result<(), Problem> {
        if self.json {
            self.document(value)
        } else {
            text(&self)
        }
        Ok(())
    }

    /// A line of data, in the text form.
    pub(crate) fn line(self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A closed pipe is the reader's choice.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// A line of talk.
    pub(crate) fn note(self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// A problem and its hint.
    pub(crate) fn problem(self, problem: &Problem) {
        if self.json {
            self.document(&serde_json::json!({ "problem": problem }));
        }
        self.note(&format!("error: {}", problem.problem));
        self.note(&format!("hint: {}", problem.hint));
    }

    fn document<T: Serialize>(self, value: &T) {
        let text = serde_json::to_string_pretty(value).expect("views and reports have no failing serializer");
        self.line(&text);
    }

    /// Draws a screen: title, fields, tables, notes.
    pub(crate) fn screen(self, screen: &Screen) {
        if !screen.title.is_empty() {
            self.line(&screen.title);
        }
        let width = screen.fields.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        for (label, value) in &screen.fields {
            self.line(&format!("  {label:<width$}  {value}"));
        }
        for table in &screen.tables {
            self.line("");
            if !table.title.is_empty() {
                self.line(&table.title);
            }
            if table.headers.iter().all(String::is_empty) {
                table.rows.iter().for_each(|row| self.line(&format!("  - {}", row.join(" "))));
            } else {
                self.line(&drawn(&table.headers, &table.rows));
            }
        }
        for note in &screen.notes {
            self.line("");
            self.line(note);
        }
    }
}

/// A table as text, as wide as it needs.
pub(crate) fn drawn(headers: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    if headers.iter().any(|header| !header.is_empty()) {
        table.set_header(headers);
    }
    table.add_rows(rows);
    table.trim_fmt()
}

/// Shows how far long work is: in place on a terminal, a line a second otherwise.
pub(crate) fn progress() -> crate::node::Hearer {
    let terminal = std::io::stderr().is_terminal();
    Box::new(move |far| {
        let mut talk = std::io::stderr().lock();
        let (before, after) = if terminal { ("\r", "") } else { ("", "\n") };
        let _ = write!(talk, "{before}{} rows, {} %{after}", far.rows, far.percent).and_then(|()| talk.flush());
    })
}
