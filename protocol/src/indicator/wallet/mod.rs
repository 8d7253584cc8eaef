//! Addresses of currencies: one file a family of notations (`docs/spec/ruleset-2.md` §3.7 to §3.9 and §3.13 to §3.16).

pub(super) mod bch;
pub(super) mod evm;
pub(super) mod sol;
pub(super) mod ton;
pub(super) mod trx;
pub(super) mod utxo;
pub(super) mod xlm;
pub(super) mod xmr;
pub(super) mod xrp;

mod tagged;

use super::{clean::after_prefix, refusal::RefusalCode};

/// The address inside a payment URI, without scheme and query.
fn without_uri<'a>(text: &'a str, scheme: &str) -> &'a str {
    match after_prefix(text, scheme) {
        Some(rest) => rest.trim_start_matches('/').split('?').next().unwrap_or(rest),
        None => text,
    }
}

/// Version byte and 20-byte hash of a Base58Check address.
fn base58_address(text: &str) -> Result<(u8, [u8; 20]), RefusalCode> {
    // 25 bytes take 26 to 35 characters; anything else is not worth the quadratic conversion.
    if !(26..=35).contains(&text.len()) {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = bs58::decode(text).with_check(None).into_vec().map_err(base58_refusal)?;
    let (version, hash) = bytes.split_first().ok_or(RefusalCode::AddressShape)?;
    let hash: [u8; 20] = hash.try_into().map_err(|_| RefusalCode::AddressShape)?;
    if hash == [0; 20] { Err(RefusalCode::ZeroAddress) } else { Ok((*version, hash)) }
}

fn base58_refusal(refusal: bs58::decode::Error) -> RefusalCode {
    match refusal {
        bs58::decode::Error::InvalidChecksum { .. } => RefusalCode::Checksum,
        _ => RefusalCode::AddressShape,
    }
}

/// Whether a text of bech32 or of CashAddr has letters of both cases, which is a sign of damage.
fn is_mixed_case(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// CRC-16/XMODEM: polynomial 1021, start 0 (Stellar SEP-23, TEP-2 of TON).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue_of_parametrised_crcs_holds() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }
}
