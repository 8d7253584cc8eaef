//! `btc`, `ltc`, `doge`: Base58Check, bech32 (BIP 173) and bech32m (BIP 350) addresses (`docs/spec/ruleset-2.md` §3.7).

use bech32::{Bech32, Bech32m, primitives::decode::UncheckedHrpstring};

use super::{base58_address, is_mixed_case, without_uri};
use crate::indicator::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, ascii_lower, hex_text},
    refusal::RefusalCode,
    repair::RepairCode,
};

/// What tells the addresses of one currency from those of the others.
pub(in crate::indicator) struct Coin {
    kind: IndicatorKind,
    scheme: &'static str,
    /// Version of the hash of a key.
    key_version: u8,
    /// Version of the hash of a script.
    script_version: u8,
    /// An older version of the same, which belongs to Bitcoin as well.
    old_script_version: Option<u8>,
    /// What a witness address begins with, separator included.
    witness: Option<&'static str>,
}

/// Bitcoin.
pub(in crate::indicator) const BITCOIN: Coin = Coin {
    kind: IndicatorKind::Btc,
    scheme: "bitcoin:",
    key_version: 0x00,
    script_version: 0x05,
    old_script_version: None,
    witness: Some("bc1"),
};

/// Litecoin.
pub(in crate::indicator) const LITECOIN: Coin = Coin {
    kind: IndicatorKind::Ltc,
    scheme: "litecoin:",
    key_version: 0x30,
    script_version: 0x32,
    old_script_version: Some(0x05),
    witness: Some("ltc1"),
};

/// Dogecoin.
pub(in crate::indicator) const DOGECOIN: Coin = Coin {
    kind: IndicatorKind::Doge,
    scheme: "dogecoin:",
    key_version: 0x1E,
    script_version: 0x16,
    old_script_version: None,
    witness: None,
};

/// Versions of test networks of Bitcoin and its relatives.
const TEST_VERSIONS: [u8; 4] = [0x6F, 0xC4, 0x3A, 0x71];
const TEST_WITNESSES: [&str; 4] = ["tb1", "bcrt1", "tltc1", "rltc1"];

/// Longest bech32 address (BIP 173).
const ADDRESS_LEN_MAX: usize = 90;

pub(in crate::indicator) fn canonicalize(value: Clean<'_>, coin: &Coin) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, coin.scheme);
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if bare.len() > ADDRESS_LEN_MAX || !bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let other = [BITCOIN.scheme, LITECOIN.scheme, DOGECOIN.scheme, "bitcoincash:"];
        let other = other.into_iter().any(|scheme| after_prefix(bare, scheme).is_some());
        return Err(if other { RefusalCode::WrongNetwork } else { RefusalCode::AddressShape });
    }
    if let Some(refusal) = other_witness(bare, coin) {
        return Err(refusal);
    }
    if coin.witness.is_none_or(|witness| after_prefix(bare, witness).is_none()) {
        let (version, hash) = base58_address(bare)?;
        let script = version == coin.script_version || Some(version) == coin.old_script_version;
        let mut text = bare.to_owned();
        if script && version != coin.script_version {
            repairs.insert(RepairCode::NotationChanged);
            text = bs58::encode(hash).with_check_version(coin.script_version).into_string();
        }
        let mut canonical = Canonical::new(coin.kind, text, Strength::A, repairs);
        match version {
            version if version == coin.key_version => {
                canonical.alias(IndicatorKind::Hash160, hex_text(&hash), Strength::A)
            }
            // The hash of a script names no key, so it gives no alias.
            _ if script => {}
            version if TEST_VERSIONS.contains(&version) => return Err(RefusalCode::Testnet),
            _ => return Err(RefusalCode::WrongNetwork),
        }
        return Ok(canonical);
    }
    if is_mixed_case(bare) {
        return Err(RefusalCode::MixedCase);
    }
    let text = ascii_lower(bare.into(), &mut repairs);
    let (version, program) = witness(&text)?;
    if program.iter().all(|byte| *byte == 0) {
        return Err(RefusalCode::ZeroAddress);
    }
    let mut canonical = Canonical::new(coin.kind, text, Strength::A, repairs);
    if version == 0 && program.len() == 20 {
        canonical.alias(IndicatorKind::Hash160, hex_text(&program), Strength::A);
    }
    Ok(canonical)
}

/// Why a witness address of another network is none of this currency.
fn other_witness(text: &str, coin: &Coin) -> Option<RefusalCode> {
    let begins = |prefix| after_prefix(text, prefix).is_some();
    if TEST_WITNESSES.into_iter().any(begins) {
        return Some(RefusalCode::Testnet);
    }
    let others = [BITCOIN.witness, LITECOIN.witness].into_iter().flatten();
    others.filter(|other| Some(*other) != coin.witness).any(begins).then_some(RefusalCode::WrongNetwork)
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
