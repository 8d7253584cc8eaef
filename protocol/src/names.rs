//! Names of things: one newtype per meaning, fixed width on every wire and disk.

use core::fmt;

use cwg_crypto::{Digest, Domain, VerifyingKey};
use serde::{Deserialize, Serialize};

macro_rules! random_name {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let mut bytes = [0; $len];
                if text.len() != 2 * $len || !text.is_ascii() {
                    return Err(BadName { what: stringify!($name), digits: 2 * $len });
                }
                for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                    *byte = core::str::from_utf8(pair)
                        .ok()
                        .filter(|pair| pair.bytes().all(|c| c.is_ascii_hexdigit()))
                        .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                        .ok_or(BadName { what: stringify!($name), digits: 2 * $len })?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

/// A text that is not a name of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {what} is {digits} hexadecimal digits")]
pub struct BadName {
    /// The kind of name that was expected.
    pub what: &'static str,
    /// How many hexadecimal digits it has.
    pub digits: usize,
}

random_name!(
    /// One network, drawn at random by its hub once. Every digest of an item is bound to it.
    NetworkId, 16
);
random_name!(
    /// One pilot, the same for every version of its charter.
    PilotId, 8
);
random_name!(
    /// One run: an execution of a charter's right, whatever number of sessions it takes.
    RunId, 8
);
random_name!(
    /// One session, the digest of everything both sides agreed before it started.
    SessionId, 32
);
random_name!(
    /// One load of indicators into a member's store.
    LoadId, 8
);

/// The signing key of a node: what a member, or the hub, *is* in the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeKey(pub VerifyingKey);

/// The key a node proves in the TLS handshake (Ed25519, RFC 8032; carried as in RFC 7250).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransportKey(pub VerifyingKey);

/// The public key of a named person, kept under that person's own passphrase.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperatorKey(pub VerifyingKey);

macro_rules! key_name {
    ($name:ident, $domain:ident) => {
        impl $name {
            /// What a person reads back to another to compare keys.
            pub fn fingerprint(&self) -> Fingerprint {
                Fingerprint::of(cwg_crypto::digest(Domain::$domain, &[self.0.as_bytes()]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.fingerprint().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}
key_name!(NodeKey, NodeFingerprint);
key_name!(TransportKey, TransportFingerprint);
key_name!(OperatorKey, OperatorFingerprint);

impl TransportKey {
    /// The key itself as text, for a peer that has nothing else to pin (`cwg psi`): 52 letters and digits.
    pub fn to_pin(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(self.0.as_bytes()).to_ascii_lowercase()
    }

    /// Reads a key from [`TransportKey::to_pin`].
    ///
    /// # Errors
    /// If the text is not one, or the key is not valid.
    pub fn from_pin(text: &str) -> Result<Self, BadPin> {
        let bytes = data_encoding::BASE32_NOPAD.decode(text.trim().to_ascii_uppercase().as_bytes());
        let bytes: [u8; 32] = bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(BadPin)?;
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| BadPin)
    }
}

/// A text that pins no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pin is the 52 letters and digits (a-z, 2-7) that the listener printed")]
pub struct BadPin;

/// 160 bits of a key's digest, in Base32 groups of four that can be read out over a telephone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 20]);

impl Fingerprint {
    fn of(digest: Digest) -> Self {
        Self(digest.as_bytes()[..20].try_into().expect("a digest has 32 bytes"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = data_encoding::BASE32_NOPAD.encode(&self.0).to_ascii_lowercase();
        for (i, group) in text.as_bytes().chunks(4).enumerate() {
            if i > 0 {
                f.write_str("-")?;
            }
            f.write_str(core::str::from_utf8(group).expect("Base32 is ASCII"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl core::str::FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Self, BadFingerprint> {
        let text: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_uppercase();
        data_encoding::BASE32_NOPAD
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(BadFingerprint)
    }
}

/// A text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is eight groups of four letters and digits (a-z, 2-7)")]
pub struct BadFingerprint;

/// The consecutive number of a roster. Not a time and not a key period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Seconds since 1970-01-01 UTC, as an argument: nothing below a driver reads a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// This time and `secs` more, without overflow.
    #[must_use]
    pub fn plus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs))
    }
}
