//! `ton`: the raw form, workchain and hash, of which there is one (TEP-2; `docs/spec/ruleset-2.md` §3.15). Its
//! user-friendly forms carry flags that say nothing about the owner.

use data_encoding::{BASE64, BASE64URL, HEXLOWER_PERMISSIVE};

use super::{crc16, tagged, without_uri};
use crate::indicator::{
    IndicatorKind,
    canonical::Canonical,
    clean::{Clean, hex_text},
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::RepairCode,
    tables,
};

const HASH_LEN: usize = 32;
/// Characters of a user-friendly address.
const FRIENDLY_LEN: usize = 48;
const BOUNCEABLE: u8 = 0x11;
const NON_BOUNCEABLE: u8 = 0x51;
const TEST_FLAG: u8 = 0x80;

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let [address, memo] = tagged::split(&text);
    let mut canonical = canonicalize_parts(&Parts(&[address, memo])).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(in crate::indicator) fn canonicalize_parts(parts: &Parts<'_>) -> Result<Canonical, PartRefusal> {
    let Clean { text, mut repairs } = parts.required(tagged::ADDRESS)?;
    let bare = without_uri(&text, "ton:");
    let bare = bare.strip_prefix("transfer/").unwrap_or(bare);
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    let address = canonical_address(bare).map_err(|code| code.of_part(tagged::ADDRESS))?;
    repairs.note(address != bare, RepairCode::NotationChanged);
    let memo = tagged::memo(parts, &mut repairs)?;
    Ok(tagged::keyed(IndicatorKind::Ton, &address, memo, repairs))
}

fn canonical_address(text: &str) -> Result<String, RefusalCode> {
    let (workchain, hash) = match text.split_once(':') {
        Some((workchain, digits)) => (workchain.parse().map_err(|_| RefusalCode::AddressShape)?, raw(digits)?),
        None => friendly(text)?,
    };
    // The master chain and the base chain; there are no others.
    if !matches!(workchain, 0 | -1) {
        return Err(RefusalCode::WrongNetwork);
    }
    if hash == [0; HASH_LEN] {
        return Err(RefusalCode::ZeroAddress);
    }
    let text = format!("{workchain}:{}", hex_text(&hash));
    if tables::is_known_contract("ton", &text) { Err(RefusalCode::KnownContract) } else { Ok(text) }
}

fn raw(digits: &str) -> Result<[u8; HASH_LEN], RefusalCode> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| RefusalCode::AddressShape)?;
    bytes.try_into().map_err(|_| RefusalCode::AddressShape)
}

fn friendly(text: &str) -> Result<(i8, [u8; HASH_LEN]), RefusalCode> {
    if text.len() != FRIENDLY_LEN {
        return Err(RefusalCode::AddressShape);
    }
    let alphabet = if text.contains(['-', '_']) { BASE64URL } else { BASE64 };
    let bytes = alphabet.decode(text.as_bytes()).map_err(|_| RefusalCode::AddressShape)?;
    let (body, check) = bytes.split_last_chunk::<2>().ok_or(RefusalCode::AddressShape)?;
    if crc16(body).to_be_bytes() != *check {
        return Err(RefusalCode::Checksum);
    }
    let ([flags, workchain], hash) = body.split_first_chunk::<2>().ok_or(RefusalCode::AddressShape)?;
    let hash: [u8; HASH_LEN] = hash.try_into().map_err(|_| RefusalCode::AddressShape)?;
    match *flags {
        BOUNCEABLE | NON_BOUNCEABLE => Ok((*workchain as i8, hash)),
        flags if matches!(flags & !TEST_FLAG, BOUNCEABLE | NON_BOUNCEABLE) => Err(RefusalCode::Testnet),
        _ => Err(RefusalCode::AddressShape),
    }
}
