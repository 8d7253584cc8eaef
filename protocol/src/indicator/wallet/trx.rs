//! `trx`: Base58Check text beginning with `T` (`docs/spec/ruleset-2.md` §3.9).

use super::{base58_address, evm, without_uri};
use crate::indicator::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix},
    refusal::RefusalCode,
    repair::RepairCode,
    tables,
};

/// The version byte of TRON.
const VERSION: u8 = 0x41;

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, "tron:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    let (text, hash) = match hex_address(bare) {
        Some(hash) => {
            repairs.insert(RepairCode::NotationChanged);
            (bs58::encode(hash).with_check_version(VERSION).into_string(), hash)
        }
        None => {
            let (version, hash) = base58_address(bare)?;
            if version != VERSION {
                return Err(RefusalCode::WrongNetwork);
            }
            (bare.to_owned(), hash)
        }
    };
    if tables::is_known_contract("trx", &text) {
        return Err(RefusalCode::KnownContract);
    }
    // One key owns both addresses, but people seldom use it on both chains.
    let alias = evm::address_text(&hash)?;
    let mut canonical = Canonical::new(IndicatorKind::Trx, text, Strength::A, repairs);
    canonical.alias(IndicatorKind::Evm, alias, Strength::B);
    Ok(canonical)
}

/// The 20 bytes after `41` in hexadecimal notation.
fn hex_address(text: &str) -> Option<[u8; 20]> {
    let digits = after_prefix(text, "0x").unwrap_or(text);
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    let (version, hash) = bytes.split_first()?;
    if *version == VERSION { hash.try_into().ok() } else { None }
}
