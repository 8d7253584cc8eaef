//! `btc`: Base58Check, bech32 (BIP 173) and bech32m (BIP 350) addresses (`docs/spec/ruleset-1.md` §3.7).

use bech32::{Bech32, Bech32m, primitives::decode::UncheckedHrpstring};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, ascii_lower, hex_text},
    refusal::RefusalCode,
    repair::RepairCode,
};

/// Longest bech32 address (BIP 173).
const ADDRESS_LEN_MAX: usize = 90;

pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, "bitcoin:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if bare.len() > ADDRESS_LEN_MAX || !bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let other = after_prefix(bare, "bitcoincash:").is_some();
        return Err(if other { RefusalCode::WrongNetwork } else { RefusalCode::AddressShape });
    }
    if let Some(refusal) = other_segwit_network(bare) {
        return Err(refusal);
    }
    if after_prefix(bare, "bc1").is_none() {
        let (version, hash) = base58_address(bare)?;
        return match version {
            0x00 => {
                let alias = hex_text(&hash);
                let mut canonical = Canonical::new(IndicatorKind::Btc, bare.to_owned(), Strength::A, repairs);
                canonical.alias(IndicatorKind::Hash160, alias, Strength::A);
                Ok(canonical)
            }
            // The hash of a script names no key, so it gives no alias.
            0x05 => Ok(Canonical::new(IndicatorKind::Btc, bare.to_owned(), Strength::A, repairs)),
            0x6F | 0xC4 => Err(RefusalCode::Testnet),
            _ => Err(RefusalCode::WrongNetwork),
        };
    }
    let mixed =
        bare.bytes().any(|byte| byte.is_ascii_uppercase()) && bare.bytes().any(|byte| byte.is_ascii_lowercase());
    if mixed {
        return Err(RefusalCode::MixedCase);
    }
    let text = ascii_lower(bare.into(), &mut repairs);
    let (version, program) = witness(&text)?;
    if program.iter().all(|byte| *byte == 0) {
        return Err(RefusalCode::ZeroAddress);
    }
    let mut canonical = Canonical::new(IndicatorKind::Btc, text, Strength::A, repairs);
    if version == 0 && program.len() == 20 {
        canonical.alias(IndicatorKind::Hash160, hex_text(&program), Strength::A);
    }
    Ok(canonical)
}

/// The address inside a payment URI, without scheme and query.
pub(super) fn without_uri<'a>(text: &'a str, scheme: &str) -> &'a str {
    match after_prefix(text, scheme) {
        Some(rest) => rest.trim_start_matches('/').split('?').next().unwrap_or(rest),
        None => text,
    }
}

/// Version byte and 20-byte hash of a Base58Check address.
pub(super) fn base58_address(text: &str) -> Result<(u8, [u8; 20]), RefusalCode> {
    // 25 bytes take 26 to 35 characters; anything else is not worth the quadratic conversion.
    if !(26..=35).contains(&text.len()) {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = bs58::decode(text).with_check(None).into_vec().map_err(|refusal| match refusal {
        bs58::decode::Error::InvalidChecksum { .. } => RefusalCode::Checksum,
        _ => RefusalCode::AddressShape,
    })?;
    let (version, hash) = bytes.split_first().ok_or(RefusalCode::AddressShape)?;
    let hash: [u8; 20] = hash.try_into().map_err(|_| RefusalCode::AddressShape)?;
    if hash == [0; 20] { Err(RefusalCode::ZeroAddress) } else { Ok((*version, hash)) }
}

fn other_segwit_network(text: &str) -> Option<RefusalCode> {
    let begins = |prefix| after_prefix(text, prefix).is_some();
    if begins("tb1") || begins("bcrt1") {
        Some(RefusalCode::Testnet)
    } else {
        begins("ltc1").then_some(RefusalCode::WrongNetwork)
    }
}

/// Witness version and program: version 0 needs bech32, all later ones bech32m.
fn witness(text: &str) -> Result<(u8, Vec<u8>), RefusalCode> {
    let unchecked = UncheckedHrpstring::new(text).map_err(|_| RefusalCode::AddressShape)?;
    let version = unchecked.witness_version().ok_or(RefusalCode::AddressShape)?.to_u8();
    let (right, other) = if version == 0 {
        (unchecked.has_valid_checksum::<Bech32>(), unchecked.has_valid_checksum::<Bech32m>())
    } else {
        (unchecked.has_valid_checksum::<Bech32m>(), unchecked.has_valid_checksum::<Bech32>())
    };
    if !right {
        return Err(if other { RefusalCode::Bech32Variant } else { RefusalCode::Checksum });
    }
    let (_, _, program) = bech32::segwit::decode(text).map_err(|_| RefusalCode::AddressShape)?;
    Ok((version, program))
}
