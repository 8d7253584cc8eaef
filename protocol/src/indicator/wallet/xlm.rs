//! `xlm`: account of Stellar and memo (SEP-23 strkey; `docs/spec/ruleset-2.md` §3.15).

use data_encoding::BASE32_NOPAD;

use super::{crc16, tagged, without_uri};
use crate::indicator::{
    IndicatorKind,
    canonical::Canonical,
    clean::Clean,
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::RepairCode,
};

const ACCOUNT_VERSION: u8 = 6 << 3;
const MUXED_VERSION: u8 = 12 << 3;
const KEY_LEN: usize = 32;
/// Characters of an account, and of a muxed one, which carries eight bytes of identifier.
const STRKEY_LENS: [usize; 2] = [56, 69];

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let [address, memo] = tagged::split(&text);
    let mut canonical = canonicalize_parts(&Parts(&[address, memo])).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(in crate::indicator) fn canonicalize_parts(parts: &Parts<'_>) -> Result<Canonical, PartRefusal> {
    let Clean { text, mut repairs } = parts.required(tagged::ADDRESS)?;
    let bare = without_uri(&text, "stellar:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    let (key, inside) = decode(bare).map_err(|code| code.of_part(tagged::ADDRESS))?;
    repairs.note(inside.is_some(), RepairCode::NotationChanged);
    let stated = tagged::memo(parts, &mut repairs)?;
    let memo = tagged::one_tag(inside, stated)?;
    Ok(tagged::keyed(IndicatorKind::Xlm, &encode(&key), memo, repairs))
}

fn decode(text: &str) -> Result<([u8; KEY_LEN], Option<String>), RefusalCode> {
    if !STRKEY_LENS.contains(&text.len()) {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| RefusalCode::AddressShape)?;
    let (body, check) = bytes.split_last_chunk::<2>().ok_or(RefusalCode::AddressShape)?;
    if crc16(body).to_le_bytes() != *check {
        return Err(RefusalCode::Checksum);
    }
    let (version, rest) = body.split_first().ok_or(RefusalCode::AddressShape)?;
    let (key, id) = rest.split_first_chunk::<KEY_LEN>().ok_or(RefusalCode::AddressShape)?;
    let id = match (*version, id) {
        (ACCOUNT_VERSION, []) => None,
        (MUXED_VERSION, id) => {
            let id: [u8; 8] = id.try_into().map_err(|_| RefusalCode::AddressShape)?;
            Some(u64::from_be_bytes(id).to_string())
        }
        // Seeds, hashes and contracts are written in the same way. A seed is a secret of its owner.
        _ => return Err(RefusalCode::AddressShape),
    };
    if *key == [0; KEY_LEN] { Err(RefusalCode::ZeroAddress) } else { Ok((*key, id)) }
}

fn encode(key: &[u8; KEY_LEN]) -> String {
    let mut bytes = vec![ACCOUNT_VERSION];
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&crc16(&bytes).to_le_bytes());
    BASE32_NOPAD.encode(&bytes)
}
