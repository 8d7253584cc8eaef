//! From the cells of rows to indicator rows. Pure: runs on any thread.

use core::ops::Range;

use cwg_engine::io::IndicatorRow;
use cwg_protocol::indicator::{
    Canonical, ColumnKind, RefusalCode, Role, Roles, Rules, canonicalize, canonicalize_parts,
};
use cwg_protocol::{Item, NetworkId};
use zeroize::Zeroize;

use super::REFERENCE_LEN_MAX;
use super::block::{Block, Cells, RowAt, RowFault};
use super::columns::{Columns, SlottedValue};
use super::map::ValuePlace;
use super::report::Tally;
use super::run::Picked;

/// What came of some rows.
pub(super) struct Worked {
    /// Each with the number of its row.
    pub(super) rows: Vec<(u64, IndicatorRow)>,
    pub(super) tally: Tally,
}

/// The numbers of cards do not stay in memory.
impl Drop for Worked {
    fn drop(&mut self) {
        let cards = self.rows.iter_mut().map(|(_, row)| row).filter(|row| row.kind.is_card());
        cards.for_each(|row| row.canonical.zeroize());
    }
}

/// Works on those of some rows of a block that are picked.
pub(super) fn work_on(
    block: &Block,
    range: Range<usize>,
    columns: &Columns,
    network: NetworkId,
    picked: Picked<'_>,
) -> Worked {
    let mut worked = Worked { rows: Vec::new(), tally: Tally::new(columns) };
    for (row, cells) in block.rows(range).filter(|(row, _)| picked.has(row.row)) {
        work_on_row(row, cells, columns, network, &mut worked);
    }
    worked
}

/// What became of one value.
enum Value {
    Empty(ColumnKind),
    Taken(ColumnKind, Role, Canonical),
    Refused(ColumnKind, usize, RefusalCode),
    /// The row does not say what the value is.
    Unclear(usize, RowFault),
}

fn work_on_row(row: RowAt, cells: Cells<'_>, columns: &Columns, network: NetworkId, worked: &mut Worked) {
    let tally = &mut worked.tally;
    if let Some(fault) = row.fault {
        tally.row_refused();
        return tally.refuse(row, None, fault.text());
    }
    let Ok(reference) = reference_of(cells, columns) else {
        tally.row_refused();
        return tally.refuse(row, columns.reference, RowFault::Reference.text());
    };
    let (mut taken, mut repaired, mut refused) = (false, false, false);
    for value in &columns.values {
        match read_value(value, cells) {
            Value::Empty(kind) => tally.empty(kind),
            Value::Taken(kind, role, canonical) => {
                taken = true;
                repaired |= !canonical.repairs.is_empty();
                tally.taken(kind, &canonical);
                let rows = rows_of(canonical, role, reference, network);
                worked.rows.extend(rows.map(|found| (row.row, found)));
            }
            Value::Refused(kind, slot, code) => {
                refused = true;
                tally.value_refused(kind);
                tally.refuse(row, Some(slot), (code.code(), code.problem(), code.hint()));
            }
            Value::Unclear(slot, fault) => {
                refused = true;
                tally.refuse(row, Some(slot), fault.text());
            }
        }
    }
    match (taken, refused) {
        (true, _) => tally.row_taken(repaired, refused),
        (false, true) => tally.row_refused(),
        (false, false) => {
            tally.row_refused();
            tally.refuse(row, None, RowFault::NoValue.text());
        }
    }
}

fn read_value(value: &SlottedValue, cells: Cells<'_>) -> Value {
    match &value.place {
        ValuePlace::One { kind, column } => {
            let (kind, column) = (*kind, *column);
            let role = value.role.expect("a map gives each column a role");
            let cell = cells.cell(column);
            if is_blank(cell) {
                return Value::Empty(kind);
            }
            taken_or_refused(kind, role, column, canonicalize(kind, cell, &value.rules))
        }
        ValuePlace::Parts { kind, columns } => {
            let role = value.role.expect("a map gives each value a role");
            let parts: Vec<&[u8]> = columns.iter().map(|slot| slot.map_or(&[][..], |slot| cells.cell(slot))).collect();
            if parts.iter().all(|cell| is_blank(cell)) {
                return Value::Empty(*kind);
            }
            match canonicalize_parts(*kind, &parts, &value.rules) {
                Ok(canonical) => Value::Taken(*kind, role, canonical),
                Err(refusal) => {
                    // A part that the map leaves out cannot be to blame alone: then the first of the map is named.
                    let blamed =
                        columns.get(refusal.part).copied().flatten().or(columns.iter().flatten().next().copied());
                    Value::Refused(*kind, blamed.expect("a map names a column"), refusal.code)
                }
            }
        }
        ValuePlace::Typed { kind, value: slot, role } => read_typed(value, cells, *kind, *slot, *role, &value.rules),
    }
}

fn read_typed(
    value: &SlottedValue,
    cells: Cells<'_>,
    kind_slot: usize,
    slot: usize,
    role_slot: Option<usize>,
    rules: &Rules,
) -> Value {
    let word = |slot: usize| core::str::from_utf8(cells.cell(slot)).unwrap_or_default().trim().to_ascii_lowercase();
    let Some(kind) = ColumnKind::from_name(&word(kind_slot)) else {
        return Value::Unclear(kind_slot, RowFault::TypeUnknown);
    };
    let stated = role_slot.filter(|slot| !is_blank(cells.cell(*slot)));
    let role = match stated {
        Some(slot) => Role::from_name(&word(slot)),
        None => value.role,
    };
    let Some(role) = role else {
        return Value::Unclear(role_slot.unwrap_or(slot), RowFault::RoleUnknown);
    };
    taken_or_refused(kind, role, slot, canonicalize(kind, cells.cell(slot), rules))
}

fn taken_or_refused(kind: ColumnKind, role: Role, slot: usize, canonical: Result<Canonical, RefusalCode>) -> Value {
    match canonical {
        Ok(canonical) => Value::Taken(kind, role, canonical),
        Err(code) => Value::Refused(kind, slot, code),
    }
}

fn rows_of(
    canonical: Canonical,
    role: Role,
    reference: Option<&str>,
    network: NetworkId,
) -> impl Iterator<Item = IndicatorRow> {
    canonical.keys.into_iter().map(move |mut key| IndicatorRow {
        item: Item::of(network, key.kind, &key.text),
        kind: key.kind,
        roles: Roles::only(role),
        strength: key.strength,
        canonical: core::mem::take(&mut key.text),
        references: reference.map(str::to_owned).into_iter().collect(),
        rows: 1,
    })
}

/// The row's reference, if the map names a column and the row has one there.
fn reference_of<'a>(cells: Cells<'a>, columns: &Columns) -> Result<Option<&'a str>, ()> {
    let Some(slot) = columns.reference else { return Ok(None) };
    let text = core::str::from_utf8(cells.cell(slot)).map_err(|_| ())?.trim();
    if text.len() > REFERENCE_LEN_MAX || text.contains(char::is_control) {
        return Err(());
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn is_blank(cell: &[u8]) -> bool {
    cell.iter().all(u8::is_ascii_whitespace)
}
