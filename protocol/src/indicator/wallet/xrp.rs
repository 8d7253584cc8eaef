//! `xrp`: classic address and destination tag (XRPL "Addresses", XLS-5d X-addresses; `docs/spec/ruleset-2.md` §3.15).

use super::{base58_refusal, tagged, without_uri};
use crate::indicator::{
    IndicatorKind,
    canonical::Canonical,
    clean::{Clean, after_prefix},
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::RepairCode,
};

/// An X-address: prefix, 20 bytes of hash, one of flags, eight of tag.
const X_LEN: usize = 2 + 20 + 1 + 8;
const X_MAIN: [u8; 2] = [0x05, 0x44];
const X_TEST: [u8; 2] = [0x04, 0x93];

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let [address, tag] = tagged::split(&text);
    let mut canonical = canonicalize_parts(&Parts(&[address, tag])).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    Ok(canonical)
}

pub(in crate::indicator) fn canonicalize_parts(parts: &Parts<'_>) -> Result<Canonical, PartRefusal> {
    let Clean { text, mut repairs } = parts.required(tagged::ADDRESS)?;
    let refused = |code: RefusalCode| code.of_part(tagged::ADDRESS);
    let bare = ["xrpl:", "ripple:", "xrp:"]
        .into_iter()
        .find(|scheme| after_prefix(&text, scheme).is_some())
        .map_or(&*text, |scheme| without_uri(&text, scheme));
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    let (address, inside) = match bare.as_bytes() {
        [b'X' | b'T', ..] => {
            repairs.insert(RepairCode::NotationChanged);
            from_x_address(bare).map_err(refused)?
        }
        _ => (classic(bare).map_err(refused)?, None),
    };
    // The first account and the one that was made by all-zero keys belong to nobody.
    if address[..19] == [0; 19] && address[19] <= 1 {
        return Err(refused(RefusalCode::ZeroAddress));
    }
    let stated = tagged::number(parts, u32::MAX.into(), &mut repairs)?;
    let tag = tagged::one_tag(inside, stated)?;
    let text = bs58::encode(address).with_alphabet(bs58::Alphabet::RIPPLE).with_check_version(0).into_string();
    Ok(tagged::keyed(IndicatorKind::Xrp, &text, tag, repairs))
}

fn decode(text: &str) -> Result<Vec<u8>, RefusalCode> {
    if !(25..=50).contains(&text.len()) {
        return Err(RefusalCode::AddressShape);
    }
    bs58::decode(text).with_alphabet(bs58::Alphabet::RIPPLE).with_check(None).into_vec().map_err(base58_refusal)
}

fn classic(text: &str) -> Result<[u8; 20], RefusalCode> {
    if !text.starts_with('r') {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = decode(text)?;
    let (version, hash) = bytes.split_first().ok_or(RefusalCode::AddressShape)?;
    if *version != 0 {
        return Err(RefusalCode::WrongNetwork);
    }
    hash.try_into().map_err(|_| RefusalCode::AddressShape)
}

/// The account and the tag in an X-address.
fn from_x_address(text: &str) -> Result<([u8; 20], Option<String>), RefusalCode> {
    let bytes = decode(text)?;
    let bytes: [u8; X_LEN] = bytes.try_into().map_err(|_| RefusalCode::AddressShape)?;
    match [bytes[0], bytes[1]] {
        X_MAIN => {}
        X_TEST => return Err(RefusalCode::Testnet),
        _ => return Err(RefusalCode::WrongNetwork),
    }
    let hash = *bytes[2..].first_chunk::<20>().expect("an X-address has 31 bytes");
    let tag = *bytes.last_chunk::<8>().expect("an X-address has 31 bytes");
    let tag = u64::from_le_bytes(tag);
    match bytes[22] {
        0 if tag == 0 => Ok((hash, None)),
        1 if u32::try_from(tag).is_ok() => Ok((hash, Some(tag.to_string()))),
        _ => Err(RefusalCode::AddressShape),
    }
}
