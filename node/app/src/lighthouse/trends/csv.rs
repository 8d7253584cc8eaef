//! Trends as CSV (RFC 4180): one figure a line, in one shape for all tables.

use super::view::TrendsView;

impl TrendsView {
    /// Lines `table,row,column,clues`, ended by CRLF. `clues` is empty where a figure is held back.
    pub fn csv(&self) -> String {
        let mut lines = Lines(String::new());
        let purpose = if self.drill { "drill" } else { "live" };
        lines.push(["table", "row", "column", "clues"]);
        lines.push(["about", "purpose", purpose, ""]);
        lines.push(["about", "period", &self.period, ""]);
        lines.push(["about", "release", &self.release.to_string(), ""]);
        lines.figure("all", "all", "all", self.clues);
        for row in &self.times {
            lines.figure("time", &row.when, "all", row.clues);
            for (name, clues) in self.platform_names.iter().zip(&row.platforms) {
                lines.figure("time-by-platform", &row.when, name, *clues);
            }
            for (name, clues) in self.typology_names.iter().zip(&row.typologies) {
                lines.figure("time-by-typology", &row.when, name, *clues);
            }
        }
        for row in &self.ages {
            let column = if row.held_back == 0 { "all" } else { "months not held back" };
            lines.figure("age", &row.age, column, row.clues);
        }
        for row in &self.places {
            lines.figure("place", &row.place, "all", row.clues);
            row.areas.iter().for_each(|area| {
                lines.figure("place-by-sa3", &row.place, &area.sa3.to_string(), Some(area.clues));
            });
        }
        self.kinds.iter().for_each(|row| lines.figure("kind", &row.name, "all", row.clues));
        for row in &self.source_kinds {
            lines.figure("source-kind", &row.source_kind, "all", row.clues);
            row.grades.iter().for_each(|grade| {
                lines.figure("source-kind-by-grade", &row.source_kind, &grade.name, grade.clues);
            });
        }
        lines.0
    }
}

struct Lines(String);

impl Lines {
    fn figure(&mut self, table: &str, row: &str, column: &str, clues: Option<u32>) {
        self.push([table, row, column, &clues.map_or_else(String::new, |clues| clues.to_string())]);
    }

    fn push(&mut self, cells: [&str; 4]) {
        self.0.push_str(&cells.map(cell).join(","));
        self.0.push_str("\r\n");
    }
}

/// One cell. A spreadsheet takes what begins with one of these for a formula, so an apostrophe goes before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = format!("{}{text}", if formula { "'" } else { "" });
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        for (text, expected) in [
            ("social", "social"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=a\r\nb", "\"'=a\r\nb\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
