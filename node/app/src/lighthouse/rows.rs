//! Rows of CSV, JSON lines and Parquet as records.

use std::fs::File;

use cwg_protocol::lighthouse::{ColumnError, Field, forbidden_column};
use cwg_rows::{Cell, Row, Rows, RowsError};

use super::found::{Found, FoundValue, Place, Refusal};
use super::read::Intake;
use super::source_map::{SourceFormat, SourceMap};
use crate::files;
use crate::problem::{Exit, Problem};

pub(super) fn read_rows(map: &SourceMap, file: File, name: &str, intake: &mut Intake<'_>) -> Result<(), Problem> {
    let broken = |error: RowsError| files::rows_problem(name, &error);
    let mut rows = match map.format() {
        SourceFormat::Jsonl => Rows::json_lines(file),
        SourceFormat::Parquet => Rows::parquet(file).map_err(broken)?,
        _ => Rows::csv(file, map.delimiter()).map_err(broken)?,
    };
    let mut columns = Columns::default();
    columns.learn(map, rows.columns(), name)?;
    if rows.columns_are_known() {
        columns.check_complete(map, name)?;
        rows.read_only(&columns.read()).map_err(broken)?;
    }
    let mut row = Row::default();
    while rows.next_row(&mut row).map_err(broken)? {
        columns.learn(map, rows.columns(), name)?;
        let place = Place::Row { number: row.number, line: row.line };
        match columns.found(map, &row, place.clone()) {
            Ok(found) => intake.take(&found)?,
            Err(refusal) => intake.refuse(&place, refusal),
        }
    }
    Ok(())
}

/// What each column of the file is for.
#[derive(Default)]
struct Columns {
    uses: Vec<Use>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Field(Field),
    Part(usize),
    Reference,
    Ignored,
}

impl Columns {
    /// Finds the use of columns that are new. One that is forbidden or not known refuses the file.
    fn learn(&mut self, map: &SourceMap, names: &[String], file: &str) -> Result<(), Problem> {
        for (at, name) in names.iter().enumerate().skip(self.uses.len()) {
            // The name itself is not repeated: in a file without a head line it is a value.
            let refused = |code: &str, problem: String, hint: &str| {
                Err(Problem::new(Exit::BadInput, code, format!("{file}, column {}: {problem}", at + 1), hint))
            };
            // By both lists: that of clues and that of the banks' own files.
            if let Some(forbidden) = forbidden_column(name) {
                return refused(forbidden.code(), forbidden.problem().to_owned(), forbidden.hint());
            }
            if let Some(sort) = cwg_protocol::indicator::Forbidden::of_header(name) {
                let problem = format!("it looks like {}, which must not enter the network", sort.looks_like());
                return refused("forbidden-column", problem, sort.hint());
            }
            let field = map.columns.iter().find(|(column, _)| map.same_column(column, name)).map(|(_, field)| *field);
            let part = map.parts.iter().flat_map(|(_, columns)| columns.iter().enumerate());
            let mut part = part.filter_map(|(part, column)| column.as_ref().map(|column| (part, column)));
            let part = part.find(|(_, column)| map.same_column(column, name)).map(|(part, _)| part);
            let found = if let Some(field) = field {
                Use::Field(field)
            } else if let Some(part) = part {
                Use::Part(part)
            } else if map.reference().is_some_and(|column| map.same_column(column, name)) {
                Use::Reference
            } else if map.ignores(name) {
                Use::Ignored
            } else {
                match Field::of_column(name) {
                    Ok(Field::Source | Field::SourceKind) => {
                        return refused(
                            "source-in-column",
                            "a column sets the source".into(),
                            "name it in the map alone",
                        );
                    }
                    Ok(field) => Use::Field(field),
                    Err(ColumnError::Forbidden(forbidden)) => {
                        return refused(forbidden.code(), forbidden.problem().to_owned(), forbidden.hint());
                    }
                    Err(error @ ColumnError::Unknown) => {
                        let hint = "map it under [columns], or name it under ignore if it is to be passed over";
                        return refused("column-unknown", error.to_string(), hint);
                    }
                }
            };
            if found != Use::Ignored && self.uses.contains(&found) {
                return refused("column-repeated", "an earlier column is for the same".into(), "map one of them alone");
            }
            self.uses.push(found);
        }
        Ok(())
    }

    /// Every column that the map names must be there, where all are known.
    fn check_complete(&self, map: &SourceMap, file: &str) -> Result<(), Problem> {
        let fields = map.columns.iter().map(|(column, field)| (column, Use::Field(*field)));
        let parts = map.parts.iter().flat_map(|(_, columns)| columns.iter().enumerate());
        let parts = parts.filter_map(|(part, column)| column.as_ref().map(|column| (column, Use::Part(part))));
        let mut wanted = fields.chain(parts);
        match wanted.find(|(_, wanted)| !self.uses.contains(wanted)) {
            None => Ok(()),
            Some((column, _)) => Err(Problem::new(
                Exit::BadInput,
                "column-missing",
                format!("{file} has no column {column}, which the map names"),
                "check the name, the delimiter, and whether the first line is the header",
            )),
        }
    }

    fn read(&self) -> Vec<usize> {
        (0..self.uses.len()).filter(|at| self.uses[*at] != Use::Ignored).collect()
    }

    fn found(&self, map: &SourceMap, row: &Row, place: Place) -> Result<Found, Refusal> {
        if let Some(fault) = row.fault {
            let (code, problem, hint) = fault.text();
            return Err(Refusal::new(code, problem, hint));
        }
        let mut cells = Vec::new();
        let mut reference = None;
        let mut parts: Vec<String> = map.parts.iter().flat_map(|(_, columns)| columns).map(|_| String::new()).collect();
        for (at, column) in self.uses.iter().enumerate() {
            let text = match row.cell(at) {
                Cell::Text(text) => text,
                Cell::Absent => continue,
                Cell::NotText if *column == Use::Ignored => continue,
                Cell::NotText => {
                    let mut refusal = Refusal::new(
                        "cell-not-text",
                        "a cell is neither text nor a whole number",
                        "write values as text",
                    );
                    refusal.field = if let Use::Field(field) = column { Some(*field) } else { None };
                    return Err(refusal);
                }
            };
            match column {
                Use::Field(field) => cells.push((*field, text.clone())),
                Use::Part(part) => parts[*part].clone_from(text),
                Use::Reference => reference = Some((text.clone(), 0)),
                Use::Ignored => {}
            }
        }
        let value = map.parts.as_ref().map_or(FoundValue::InCells, |(kind, _)| FoundValue::Parts(*kind, parts));
        Ok(Found { place, reference, value, cells, caveats: None })
    }
}
