//! `xmr`: the standard address or a subaddress of 95 characters (Monero's base58 and address format;
//! `docs/spec/ruleset-2.md` §3.14). An integrated address gives its standard part; the payment id is part of no key.

use sha3::{Digest as _, Keccak256};

use super::without_uri;
use crate::indicator::{
    IndicatorKind, Strength, canonical::Canonical, clean::Clean, refusal::RefusalCode, repair::RepairCode,
};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Bytes of a block and characters it takes.
const BLOCK: (usize, usize) = (8, 11);
/// Characters that so many bytes at the end take.
const LAST_LENS: [usize; 9] = [0, 2, 3, 5, 6, 7, 9, 10, 11];
const CHECK_LEN: usize = 4;
/// Version, spend key and view key.
const BODY_LEN: usize = 1 + 32 + 32;
const PAYMENT_ID_LEN: usize = 8;
/// Characters of an address, and of one with a payment id.
const ADDRESS_LENS: [usize; 2] = [95, 106];

const STANDARD: u8 = 18;
const INTEGRATED: u8 = 19;
const SUBADDRESS: u8 = 42;
/// Test network and stage network: standard, integrated, subaddress.
const TEST_VERSIONS: [u8; 6] = [53, 54, 63, 24, 25, 36];

pub(in crate::indicator) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, mut repairs } = value;
    let bare = without_uri(&text, "monero:");
    repairs.note(bare.len() != text.len(), RepairCode::UriStripped);
    if !ADDRESS_LENS.contains(&bare.len()) {
        return Err(RefusalCode::AddressShape);
    }
    let bytes = decode(bare).ok_or(RefusalCode::AddressShape)?;
    let (body, check) = bytes.split_at(bytes.len() - CHECK_LEN);
    if Keccak256::digest(body)[..CHECK_LEN] != *check {
        return Err(RefusalCode::Checksum);
    }
    match (body[0], body.len()) {
        (STANDARD | SUBADDRESS, BODY_LEN) => {
            Ok(Canonical::new(IndicatorKind::Xmr, bare.to_owned(), Strength::A, repairs))
        }
        (INTEGRATED, len) if len == BODY_LEN + PAYMENT_ID_LEN => {
            repairs.insert(RepairCode::PaymentIdDropped);
            let mut standard = body[..BODY_LEN].to_vec();
            standard[0] = STANDARD;
            let check = Keccak256::digest(&standard);
            standard.extend_from_slice(&check[..CHECK_LEN]);
            Ok(Canonical::new(IndicatorKind::Xmr, encode(&standard), Strength::A, repairs))
        }
        (version, _) if TEST_VERSIONS.contains(&version) => Err(RefusalCode::Testnet),
        _ => Err(RefusalCode::WrongNetwork),
    }
}

/// Blocks of 11 characters to 8 bytes each, and the rest; `None` where a block holds no such number.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for block in text.as_bytes().chunks(BLOCK.1) {
        let len = LAST_LENS.iter().position(|len| *len == block.len())?;
        let number = block.iter().try_fold(0u128, |number, byte| {
            let digit = ALPHABET.iter().position(|known| known == byte)?;
            Some(number * 58 + digit as u128)
        })?;
        if number >> (8 * len) != 0 {
            return None;
        }
        bytes.extend_from_slice(&number.to_be_bytes()[16 - len..]);
    }
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for block in bytes.chunks(BLOCK.0) {
        let mut number = block.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let mut digits = vec![ALPHABET[0]; LAST_LENS[block.len()]];
        for digit in digits.iter_mut().rev() {
            *digit = ALPHABET[(number % 58) as usize];
            number /= 58;
        }
        text.extend(digits.into_iter().map(char::from));
    }
    text
}
