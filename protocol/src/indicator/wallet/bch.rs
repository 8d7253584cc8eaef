//! `bch`: CashAddr in lower case without its prefix (CHIP-2022-02 CashTokens, spec `cashaddr.md`;
//! `docs/spec/ruleset-2.md` §3.13). The legacy notation of the same hash is rewritten.

use super::{base58_address, is_mixed_case, without_uri};
use crate::indicator::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::{Clean, after_prefix, ascii_lower, hex_text},
    refusal::RefusalCode,
    repair::RepairCode,
};

const PREFIX: &str = "bitcoincash";
const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Symbols of the checksum.
const CHECK_LEN: usize = 8;
/// Symbols of a payload of 20 and of 32 bytes, version and checksum included.
const PAYLOAD_LENS: [usize; 2] = [42, 61];

/// What a hash is of. Addresses that take CashTokens are numbered two higher and belong to the same owner.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HashOf {
    Key = 0,
    Script = 1,
}

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    if ["bchtest:", "bchreg:"].into_iter().any(|test| after_prefix(&text, test).is_some()) {
        return Err(RefusalCode::Testnet);
    }
    let bare = without_uri(&text, "bitcoincash:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if bare.contains(':') {
        return Err(RefusalCode::WrongNetwork);
    }
    let (of, hash) = if PAYLOAD_LENS.contains(&bare.len()) {
        if is_mixed_case(bare) {
            return Err(RefusalCode::MixedCase);
        }
        decode(&ascii_lower(bare.into(), &mut repairs))?
    } else {
        let (version, hash) = base58_address(bare)?;
        let of = match version {
            // 1C and 28 are BitPay's versions of the same two.
            0x00 | 0x1C => HashOf::Key,
            0x05 | 0x28 => HashOf::Script,
            0x6F | 0xC4 => return Err(RefusalCode::Testnet),
            _ => return Err(RefusalCode::WrongNetwork),
        };
        (of, hash.to_vec())
    };
    if hash.iter().all(|byte| *byte == 0) {
        return Err(RefusalCode::ZeroAddress);
    }
    let text = encode(of, &hash);
    repairs.note(!bare.eq_ignore_ascii_case(&text), RepairCode::NotationChanged);
    let mut canonical = Canonical::new(IndicatorKind::Bch, text, Strength::A, repairs);
    if of == HashOf::Key {
        canonical.alias(IndicatorKind::Hash160, hex_text(&hash), Strength::A);
    }
    Ok(canonical)
}

/// The hash in a lower-case text.
fn decode(text: &str) -> Result<(HashOf, Vec<u8>), RefusalCode> {
    let symbol = |byte: u8| CHARSET.iter().position(|known| *known == byte).map(|at| at as u8);
    let symbols: Vec<u8> = text.bytes().map(symbol).collect::<Option<_>>().ok_or(RefusalCode::AddressShape)?;
    if polymod(&symbols) != 0 {
        return Err(RefusalCode::Checksum);
    }
    let payload = regrouped(&symbols[..symbols.len() - CHECK_LEN], 5, 8).ok_or(RefusalCode::AddressShape)?;
    let (version, hash) = payload.split_first().ok_or(RefusalCode::AddressShape)?;
    let len = match version & 7 {
        0 => 20,
        3 => 32,
        _ => return Err(RefusalCode::AddressShape),
    };
    let of = match version >> 3 {
        0 | 2 => HashOf::Key,
        1 | 3 => HashOf::Script,
        _ => return Err(RefusalCode::AddressShape),
    };
    // The hash of a key has 20 bytes; only scripts have longer ones.
    if hash.len() != len || (of == HashOf::Key && len != 20) {
        return Err(RefusalCode::AddressShape);
    }
    Ok((of, hash.to_vec()))
}

fn encode(of: HashOf, hash: &[u8]) -> String {
    let size = if hash.len() == 20 { 0 } else { 3 };
    let payload: Vec<u8> = core::iter::once((of as u8) << 3 | size).chain(hash.iter().copied()).collect();
    let mut symbols = regrouped_padded(&payload);
    let unchecked = symbols.len();
    symbols.extend([0; CHECK_LEN]);
    let check = polymod(&symbols);
    for (at, symbol) in symbols[unchecked..].iter_mut().enumerate() {
        *symbol = (check >> (5 * (CHECK_LEN - 1 - at)) & 31) as u8;
    }
    symbols.iter().map(|symbol| char::from(CHARSET[usize::from(*symbol)])).collect()
}

/// The BCH code of CashAddr over the prefix, a zero and the symbols; 0 where the checksum fits.
fn polymod(symbols: &[u8]) -> u64 {
    const GENERATORS: [u64; 5] = [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let prefix = PREFIX.bytes().map(|byte| byte & 31).chain([0]);
    let check = prefix.chain(symbols.iter().copied()).fold(1u64, |check, symbol| {
        let shifted = (check & 0x07_ffff_ffff) << 5 ^ u64::from(symbol);
        let top = check >> 35;
        (0..).zip(GENERATORS).filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |check, (_, term)| check ^ term)
    });
    check ^ 1
}

/// The same bits in groups of another width. The bits left over must be zero and fewer than a group.
fn regrouped(groups: &[u8], from: u32, to: u32) -> Option<Vec<u8>> {
    let (mut bits, mut held) = (0u32, 0);
    let mut out = Vec::with_capacity(groups.len());
    for group in groups {
        bits = bits << from | u32::from(*group);
        held += from;
        while held >= to {
            held -= to;
            out.push((bits >> held & ((1 << to) - 1)) as u8);
        }
    }
    let rest = bits & ((1 << held) - 1);
    (held < from && rest == 0).then_some(out)
}

/// Bytes in groups of five bits, the last one padded with zeros.
fn regrouped_padded(bytes: &[u8]) -> Vec<u8> {
    let bits = bytes.len() * 8;
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (0..bits).step_by(5).map(|at| (at..at + 5).fold(0, |group, at| group << 1 | bit(at))).collect()
}
