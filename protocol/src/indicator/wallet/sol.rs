//! `sol`: 32 bytes in Base58 (`docs/spec/ruleset-2.md` §3.16). The notation carries no checksum.

use super::without_uri;
use crate::indicator::{
    IndicatorKind, Strength, canonical::Canonical, clean::Clean, refusal::RefusalCode, repair::RepairCode, tables,
};

const KEY_LEN: usize = 32;

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, "solana:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if !(32..=44).contains(&bare.len()) {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = bs58::decode(bare).into_vec().map_err(|_| RefusalCode::AddressShape)?;
    if bytes.len() != KEY_LEN {
        return Err(RefusalCode::AddressShape);
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(RefusalCode::ZeroAddress);
    }
    if tables::is_known_contract("sol", bare) {
        return Err(RefusalCode::KnownContract);
    }
    Ok(Canonical::new(IndicatorKind::Sol, bare.to_owned(), Strength::A, repairs))
}
