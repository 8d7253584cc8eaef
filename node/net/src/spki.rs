//! An Ed25519 key as SubjectPublicKeyInfo (RFC 8410 §4), the form of a raw public key in TLS (RFC 7250 §3).

use cwg_crypto::VerifyingKey;
use cwg_protocol::TransportKey;

/// DER of all that precedes the key: SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING (no unused bits) }.
const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Length of the whole, in bytes.
pub(crate) const SPKI_LEN: usize = 44;

/// Bytes that are not the one encoding of a usable Ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSpki;

/// The one encoding of a key.
pub(crate) fn encode(key: &TransportKey) -> [u8; SPKI_LEN] {
    let mut spki = [0; SPKI_LEN];
    spki[..PREFIX.len()].copy_from_slice(&PREFIX);
    spki[PREFIX.len()..].copy_from_slice(key.0.as_bytes());
    spki
}

/// The key of an encoding. There is one encoding of a key, so this is a comparison, not a DER parser.
pub(crate) fn decode(spki: &[u8]) -> Result<TransportKey, BadSpki> {
    let key = spki.strip_prefix(&PREFIX).ok_or(BadSpki)?;
    let key = <[u8; 32]>::try_from(key).map_err(|_| BadSpki)?;
    VerifyingKey::from_bytes(key).map(TransportKey).map_err(|_| BadSpki)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8410 §10.1, the example public key.
    const RFC_8410: &str = "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_example_of_rfc_8410_decodes_and_encodes_to_itself() {
        let spki = bytes(RFC_8410);
        assert_eq!(encode(&decode(&spki).unwrap())[..], spki);
    }

    #[test]
    fn whatever_is_not_the_one_encoding_is_refused() {
        let key = &RFC_8410[24..];
        let cases: &[(&str, String)] = &[
            ("empty", String::new()),
            ("prefix alone", RFC_8410[..24].into()),
            ("one byte short", RFC_8410[..86].into()),
            ("one byte more", format!("{RFC_8410}00")),
            ("length in the long form", format!("30812a300506032b6570032100{key}")),
            ("outer length one too few", format!("3029300506032b6570032100{key}")),
            ("NULL parameters", format!("302c300706032b65700500032100{key}")),
            ("X25519", format!("302a300506032b656e032100{key}")),
            ("Ed448", format!("302a300506032b6571032100{key}")),
            ("unused bits", format!("302a300506032b6570032101{key}")),
            ("octet string", format!("302a300506032b6570042100{key}")),
            ("indefinite length", format!("3080300506032b6570032100{key}0000")),
            ("the identity point", format!("302a300506032b657003210001{}", "00".repeat(31))),
            ("a point of order four", format!("302a300506032b6570032100{}", "00".repeat(32))),
            ("no point", format!("302a300506032b657003210002{}", "00".repeat(31))),
            ("the bare key", key.into()),
            ("an X.509 certificate's first bytes", format!("3082013030820100{key}")),
        ];
        for (claim, hex) in cases {
            assert_eq!(decode(&bytes(hex)), Err(BadSpki), "{claim}");
        }
    }

    #[test]
    fn every_flipped_bit_of_the_prefix_is_refused() {
        let spki = bytes(RFC_8410);
        for bit in 0..PREFIX.len() * 8 {
            let mut spki = spki.clone();
            spki[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&spki), Err(BadSpki), "bit {bit}");
        }
    }
}
