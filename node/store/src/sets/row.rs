//! A row of a set file: its bytes, and how two rows of one item become one (`docs/spec/store.md` §5.1).

use cwg_engine::io::IndicatorRow;
use cwg_protocol::Item;
use cwg_protocol::indicator::{IndicatorKind, Role, Roles, Strength};

use crate::{StoreError, field};

/// Adds to `into` what another row of the same item says: roles united, references merged, rows counted, the stronger
/// strength. The order in which rows come does not matter.
pub fn fold_rows(into: &mut IndicatorRow, other: IndicatorRow) {
    debug_assert!(into.item == other.item, "only rows of one item fold");
    into.roles = into.roles.union(other.roles);
    into.strength = into.strength.min(other.strength);
    into.rows = into.rows.saturating_add(other.rows);
    into.references.extend(other.references);
    into.references.sort_unstable();
    into.references.dedup();
    // The least ones stay, whichever rows came first.
    into.references.truncate(REFERENCES_MAX);
}

/// Appends the bytes of a row, after their length in two bytes. `number` is the row's in the load, for the error.
pub(super) fn encode(row: &IndicatorRow, number: u64, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let check = |field, len: usize, max| {
        if len > max { Err(StoreError::BadRow { row: number, field, max }) } else { Ok(()) }
    };
    check("a canonical form", row.canonical.len(), CANONICAL_LEN_MAX)?;
    check("references", row.references.len(), REFERENCES_MAX)?;
    for reference in &row.references {
        check("a reference", reference.len(), REFERENCE_LEN_MAX)?;
    }
    let start = out.len();
    out.extend_from_slice(&[0; 2]);
    out.extend_from_slice(&row.item.0);
    out.extend_from_slice(&(row.kind as u16).to_le_bytes());
    out.push(roles_byte(row.roles));
    out.push(strength_byte(row.strength));
    out.extend_from_slice(&row.rows.to_le_bytes());
    out.extend_from_slice(&(row.canonical.len() as u16).to_le_bytes());
    out.extend_from_slice(row.canonical.as_bytes());
    out.push(row.references.len() as u8);
    for reference in &row.references {
        out.push(reference.len() as u8);
        out.extend_from_slice(reference.as_bytes());
    }
    let len = (out.len() - start - 2) as u16;
    out[start..start + 2].copy_from_slice(&len.to_le_bytes());
    Ok(())
}

/// The bytes of the row at the start of `bytes`, without their length, and what follows them.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (row, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    (row.len() >= FIXED_LEN).then_some((row, rest))
}

/// The item of a row's bytes.
pub(super) fn item_of(row: &[u8]) -> Item {
    Item(field(row, 0))
}

/// The row of all these bytes. Seals keep strangers' bytes out; this keeps a defect of ours from going on.
pub(super) fn decode(row: &[u8]) -> Option<IndicatorRow> {
    let (fixed, mut rest) = row.split_at_checked(FIXED_LEN)?;
    let kind = kind_of(u16::from_le_bytes(field(fixed, 32)))?;
    let canonical_len = usize::from(u16::from_le_bytes(field(fixed, 40)));
    let canonical = text(&mut rest, canonical_len, CANONICAL_LEN_MAX)?;
    let count = usize::from(*rest.split_off_first()?);
    if count > REFERENCES_MAX {
        return None;
    }
    let mut references = Vec::with_capacity(count);
    for _ in 0..count {
        let len = usize::from(*rest.split_off_first()?);
        references.push(text(&mut rest, len, REFERENCE_LEN_MAX)?);
    }
    rest.is_empty().then_some(IndicatorRow {
        item: item_of(fixed),
        kind,
        roles: roles_of(fixed[34])?,
        strength: strength_of(fixed[35])?,
        canonical,
        references,
        rows: u32::from_le_bytes(field(fixed, 36)),
    })
}

pub(super) fn kind_of(number: u16) -> Option<IndicatorKind> {
    IndicatorKind::ALL.into_iter().find(|kind| *kind as u16 == number)
}

pub(super) fn roles_byte(roles: Roles) -> u8 {
    roles.iter().fold(0, |byte, role| byte | role_bit(role))
}

pub(super) fn roles_of(byte: u8) -> Option<Roles> {
    let roles = Role::ALL
        .into_iter()
        .filter(|role| byte & role_bit(*role) != 0)
        .fold(Roles::NONE, |roles, role| roles.union(Roles::only(role)));
    (roles_byte(roles) == byte).then_some(roles)
}

fn role_bit(role: Role) -> u8 {
    match role {
        Role::Holder => 1,
        Role::Counterparty => 2,
    }
}

fn strength_byte(strength: Strength) -> u8 {
    match strength {
        Strength::A => 1,
        Strength::B => 2,
        Strength::C => 3,
    }
}

fn strength_of(byte: u8) -> Option<Strength> {
    [Strength::A, Strength::B, Strength::C].into_iter().find(|strength| strength_byte(*strength) == byte)
}

fn text(rest: &mut &[u8], len: usize, max: usize) -> Option<String> {
    let bytes = rest.split_off(..len).filter(|_| len <= max)?;
    String::from_utf8(bytes.to_vec()).ok()
}

const CANONICAL_LEN_MAX: usize = 512;
const REFERENCES_MAX: usize = 16;
const REFERENCE_LEN_MAX: usize = 128;
/// Item, kind, roles, strength, rows, length of the canonical form.
const FIXED_LEN: usize = 42;
/// No encoded row is longer: two bytes of length, the fixed fields, the form, a count, sixteen references.
pub(super) const LEN_MAX: usize = 2 + FIXED_LEN + CANONICAL_LEN_MAX + 1 + REFERENCES_MAX * (1 + REFERENCE_LEN_MAX);
