//! `evm`: `0x` and forty lower-case hex digits, one key space for every chain (`docs/spec/ruleset-2.md` §3.8).

use sha3::{Digest as _, Keccak256};

use super::without_uri;
use crate::indicator::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, ascii_lower, hex_text},
    refusal::RefusalCode,
    repair::RepairCode,
    tables,
};

const HEX_DIGITS: usize = 40;

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, "ethereum:");
    let bare = if bare.len() == text.len() { bare } else { bare.split('@').next().unwrap_or(bare) };
    // ERC-681: a payment may name its function before the address.
    let bare = if bare.len() == text.len() { bare } else { after_prefix(bare, "pay-").unwrap_or(bare) };
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    let digits = after_prefix(bare, "0x");
    repairs.note(digits.is_none(), RepairCode::PrefixAdded);
    repairs.note(bare.starts_with("0X"), RepairCode::LowerCased);
    let digits = digits.unwrap_or(bare);
    if digits.len() != HEX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RefusalCode::AddressShape);
    }
    let lower = ascii_lower(digits.into(), &mut repairs);
    let mixed =
        digits.bytes().any(|byte| byte.is_ascii_uppercase()) && digits.bytes().any(|byte| byte.is_ascii_lowercase());
    if mixed && !has_checksum_case(digits, &lower) {
        return Err(RefusalCode::Checksum);
    }
    let text = format!("0x{lower}");
    refuse_unowned(&text)?;
    Ok(Canonical::new(IndicatorKind::Evm, text, Strength::A, repairs))
}

/// The canonical text of a 20-byte address, or why nobody can own it.
pub(in crate::indicator) fn address_text(address: &[u8; 20]) -> Result<String, RefusalCode> {
    let text = format!("0x{}", hex_text(address));
    refuse_unowned(&text).map(|()| text)
}

/// Refuses the zero address, the precompiled contracts next to it and the contracts of the table.
fn refuse_unowned(text: &str) -> Result<(), RefusalCode> {
    if tables::is_known_contract("evm", text) {
        return Err(RefusalCode::KnownContract);
    }
    // Precompiles and system contracts of the chains lie in the lowest 2^16 addresses.
    let reserved = text[2..2 + 36].bytes().all(|byte| byte == b'0');
    if reserved { Err(RefusalCode::ZeroAddress) } else { Ok(()) }
}

/// ERC-55: a letter is upper case where the digit of the Keccak-256 of the lower-case text is 8 or more.
fn has_checksum_case(digits: &str, lower: &str) -> bool {
    let hash = Keccak256::digest(lower.as_bytes());
    digits.bytes().enumerate().all(|(at, byte)| {
        let nibble = if at % 2 == 0 { hash[at / 2] >> 4 } else { hash[at / 2] & 15 };
        !byte.is_ascii_alphabetic() || byte.is_ascii_uppercase() == (nibble >= 8)
    })
}
