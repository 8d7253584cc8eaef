//! The columns that a map names, found in a header and numbered as slots.

use cwg_protocol::indicator::{Forbidden, Role, Rules};

use super::map::{ColumnMap, ColumnName, ValuePlace, refused};
use crate::problem::Problem;

/// Where a file keeps what the map names.
#[derive(Debug)]
pub(super) struct Columns {
    /// For each slot the name for messages.
    pub(super) names: Vec<String>,
    /// For each slot of a CSV file the index of its column.
    pub(super) indices: Vec<usize>,
    pub(super) reference: Option<usize>,
    pub(super) values: Vec<SlottedValue>,
}

/// One value of a row, by slots.
#[derive(Debug)]
pub(super) struct SlottedValue {
    pub(super) place: ValuePlace<usize>,
    pub(super) role: Option<Role>,
    pub(super) rules: Rules,
}

impl Columns {
    /// The columns of a CSV file, whose header is given if it has one, and the number of columns of its first row.
    pub(super) fn of_header(
        map: &ColumnMap,
        header: Option<&[String]>,
        width: usize,
        file: &str,
    ) -> Result<Self, Problem> {
        let mut indices = Vec::new();
        let mut names = Vec::new();
        for name in map.names() {
            let index = find(name, header, width, file)?;
            // A number can hide what a name would show.
            if let Some(sort) =
                header.and_then(|header| header.get(index)).and_then(|title| Forbidden::of_header(title))
            {
                let problem = format!("{file}: column {name} looks like {}", sort.looks_like());
                return Err(refused(problem, sort.hint()));
            }
            indices.push(index);
            names.push(name.to_string());
        }
        Ok(Self::slotted(map, names, indices))
    }

    /// The fields of JSON objects.
    pub(super) fn of_fields(map: &ColumnMap) -> Self {
        let names = map.names().into_iter().map(ColumnName::to_string).collect();
        Self::slotted(map, names, Vec::new())
    }

    /// Slots are numbered in the order in which the map names columns.
    fn slotted(map: &ColumnMap, names: Vec<String>, indices: Vec<usize>) -> Self {
        let mut next = 0..;
        let mut slot = || next.next().expect("a map names few columns");
        let reference = map.reference().map(|_| slot());
        let values = map.values().iter().map(|value| SlottedValue {
            place: match &value.place {
                ValuePlace::One { kind, .. } => ValuePlace::One { kind: *kind, column: slot() },
                ValuePlace::Parts { kind, columns } => ValuePlace::Parts {
                    kind: *kind,
                    columns: columns.iter().map(|column| column.as_ref().map(|_| slot())).collect(),
                },
                ValuePlace::Typed { role, .. } => {
                    ValuePlace::Typed { kind: slot(), value: slot(), role: role.as_ref().map(|_| slot()) }
                }
            },
            role: value.role,
            rules: value.rules,
        });
        let values = values.collect();
        Self { names, indices, reference, values }
    }
}

fn find(name: &ColumnName, header: Option<&[String]>, width: usize, file: &str) -> Result<usize, Problem> {
    match name {
        ColumnName::Number(number) => {
            let index = *number as usize - 1;
            if index >= width {
                let problem = format!("{file}: there is no column {number}: the first row has {width}");
                return Err(refused(problem, "check the number, and the delimiter of the map"));
            }
            Ok(index)
        }
        ColumnName::Name(name) => {
            let same = |title: &String| title.trim().eq_ignore_ascii_case(name.trim());
            let found: Vec<usize> = header
                .unwrap_or_default()
                .iter()
                .enumerate()
                .filter(|(_, title)| same(title))
                .map(|(at, _)| at)
                .collect();
            match found[..] {
                [one] => Ok(one),
                [] => Err(refused(
                    format!("{file}: the header has no column {name}"),
                    "check the name, the delimiter of the map, and whether the first line is the header",
                )),
                _ => Err(refused(
                    format!("{file}: the header has more than one column {name}"),
                    "name it by its number instead",
                )),
            }
        }
    }
}
