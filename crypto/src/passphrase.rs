//! A secret from a passphrase: Argon2id, version 0x13 (RFC 9106).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::Secret32;

/// What a guess at a passphrase costs. It is read from files, so decoding checks the bounds: below them a guess is cheap, above
/// them a changed file could exhaust the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCost", into = "RawCost")]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106 §4, with one lane because lanes are computed in turn.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// Memory in KiB, at least.
    pub const MEMORY_KIB_MIN: u32 = 8 * 1024;
    /// Memory in KiB, at most.
    pub const MEMORY_KIB_MAX: u32 = 1024 * 1024;
    /// Passes over the memory, at most. There is at least 1.
    pub const PASSES_MAX: u32 = 16;
    /// Lanes, at most. There is at least 1. They are computed one after the other.
    pub const LANES_MAX: u32 = 8;

    /// A cost within the bounds.
    ///
    /// # Errors
    /// Names the parameter that is out of bounds.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, BadCost> {
        if !(Self::MEMORY_KIB_MIN..=Self::MEMORY_KIB_MAX).contains(&memory_kib) {
            return Err(BadCost::Memory { kib: memory_kib });
        }
        if !(1..=Self::PASSES_MAX).contains(&passes) {
            return Err(BadCost::Passes { passes });
        }
        if !(1..=Self::LANES_MAX).contains(&lanes) {
            return Err(BadCost::Lanes { lanes });
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// Memory in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why a cost was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCost {
    /// Too little or too much memory.
    #[error(
        "memory of {kib} KiB is outside {} to {} KiB",
        PassphraseCost::MEMORY_KIB_MIN,
        PassphraseCost::MEMORY_KIB_MAX
    )]
    Memory {
        /// KiB asked for.
        kib: u32,
    },
    /// No pass or too many.
    #[error("{passes} passes are outside 1 to {}", PassphraseCost::PASSES_MAX)]
    Passes {
        /// Passes asked for.
        passes: u32,
    },
    /// No lane or too many.
    #[error("{lanes} lanes are outside 1 to {}", PassphraseCost::LANES_MAX)]
    Lanes {
        /// Lanes asked for.
        lanes: u32,
    },
}

/// Why no secret came of a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// It is longer than [`PASSPHRASE_LEN_MAX`].
    #[error("a passphrase has at most {PASSPHRASE_LEN_MAX} bytes, this one {len}")]
    TooLong {
        /// Bytes it has.
        len: usize,
    },
    /// The machine does not have the memory that the cost names.
    #[error("{kib} KiB of memory are needed for the passphrase and not to be had")]
    OutOfMemory {
        /// KiB needed.
        kib: u32,
    },
}

/// Bytes of a passphrase, at most.
pub const PASSPHRASE_LEN_MAX: usize = 1024;

/// The secret that a passphrase and a salt stand for, at this cost. The memory is erased before it is given back.
///
/// # Errors
/// If the passphrase is too long or the memory is not to be had.
pub fn derive_from_passphrase(
    passphrase: &[u8],
    salt: &[u8; 16],
    cost: PassphraseCost,
) -> Result<Secret32, PassphraseError> {
    if passphrase.len() > PASSPHRASE_LEN_MAX {
        return Err(PassphraseError::TooLong { len: passphrase.len() });
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .expect("the bounds of a cost are within those of RFC 9106 §3.1");
    let mut memory = blocks(&params).ok_or(PassphraseError::OutOfMemory { kib: cost.memory_kib })?;
    let mut secret = Zeroizing::new([0; 32]);
    let filled = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        passphrase,
        salt,
        &mut *secret,
        &mut memory,
    );
    memory.zeroize();
    filled.expect("lengths and memory are within the bounds of RFC 9106 §3.1");
    Ok(Secret32::new(*secret))
}

/// The memory to work in, or none if the machine has not that much.
fn blocks(params: &Params) -> Option<Vec<Block>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(params.block_count()).ok()?;
    memory.resize(params.block_count(), Block::default());
    Some(memory)
}

/// What a file holds before it is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl TryFrom<RawCost> for PassphraseCost {
    type Error = BadCost;

    fn try_from(raw: RawCost) -> Result<Self, BadCost> {
        Self::new(raw.memory_kib, raw.passes, raw.lanes)
    }
}

impl From<PassphraseCost> for RawCost {
    fn from(cost: PassphraseCost) -> Self {
        Self { memory_kib: cost.memory_kib, passes: cost.passes, lanes: cost.lanes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PassphraseCost = PassphraseCost { memory_kib: PassphraseCost::MEMORY_KIB_MIN, passes: 1, lanes: 1 };

    #[test]
    fn argon2id_matches_rfc_9106() {
        // RFC 9106 §5.3. Its secret and associated bytes are no part of our function, so this checks the crate beneath it.
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .output_len(32)
            .build()
            .unwrap();
        let mut tag = [0; 32];
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params)
            .unwrap()
            .hash_password_into(&[1; 32], &[2; 16], &mut tag)
            .unwrap();
        assert_eq!(hex::encode(tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn the_secret_is_argon2id_of_passphrase_salt_and_cost() {
        let cost = PassphraseCost::new(PassphraseCost::MEMORY_KIB_MIN, 2, 3).unwrap();
        let params = Params::new(PassphraseCost::MEMORY_KIB_MIN, 2, 3, Some(32)).unwrap();
        let mut expected = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"correct horse", &[9; 16], &mut expected)
            .unwrap();
        let secret = derive_from_passphrase(b"correct horse", &[9; 16], cost).unwrap();
        assert_eq!(*secret.expose(), expected);
    }

    #[test]
    fn passphrase_salt_and_each_cost_change_the_secret() {
        let cost = |memory_kib, passes, lanes| PassphraseCost::new(memory_kib, passes, lanes).unwrap();
        let min = PassphraseCost::MEMORY_KIB_MIN;
        let secrets = [
            derive_from_passphrase(b"one", &[0; 16], CHEAP),
            derive_from_passphrase(b"two", &[0; 16], CHEAP),
            derive_from_passphrase(b"", &[0; 16], CHEAP),
            derive_from_passphrase(b"one", &[1; 16], CHEAP),
            derive_from_passphrase(b"one", &[0; 16], cost(min + 64, 1, 1)),
            derive_from_passphrase(b"one", &[0; 16], cost(min, 2, 1)),
            derive_from_passphrase(b"one", &[0; 16], cost(min, 1, 2)),
        ]
        .map(|secret| *secret.unwrap().expose());
        for (i, secret) in secrets.iter().enumerate() {
            assert!(!secrets[..i].contains(secret), "secret {i} repeats");
        }
    }

    #[test]
    fn an_overlong_passphrase_is_refused() {
        assert!(derive_from_passphrase(&[b'x'; PASSPHRASE_LEN_MAX], &[0; 16], CHEAP).is_ok());
        assert_eq!(
            derive_from_passphrase(&[b'x'; PASSPHRASE_LEN_MAX + 1], &[0; 16], CHEAP).unwrap_err(),
            PassphraseError::TooLong { len: 1025 }
        );
    }

    #[test]
    fn a_cost_out_of_bounds_is_refused_when_decoded() {
        let check = |text: &str, expected: Option<&str>| match serde_json::from_str::<PassphraseCost>(text) {
            Ok(cost) => {
                assert_eq!(expected, None, "{text}");
                assert_eq!(serde_json::to_string(&cost).unwrap(), text);
            }
            Err(error) => {
                let expected = expected.expect("this cost is within the bounds");
                assert!(error.to_string().contains(expected), "{text}: {error}");
            }
        };
        check(r#"{"memory_kib":65536,"passes":3,"lanes":1}"#, None);
        check(r#"{"memory_kib":8192,"passes":1,"lanes":8}"#, None);
        check(r#"{"memory_kib":1048576,"passes":16,"lanes":1}"#, None);
        check(r#"{"memory_kib":8191,"passes":3,"lanes":1}"#, Some("memory of 8191 KiB"));
        check(r#"{"memory_kib":4294967295,"passes":3,"lanes":1}"#, Some("memory of 4294967295 KiB"));
        check(r#"{"memory_kib":65536,"passes":0,"lanes":1}"#, Some("0 passes"));
        check(r#"{"memory_kib":65536,"passes":17,"lanes":1}"#, Some("17 passes"));
        check(r#"{"memory_kib":65536,"passes":3,"lanes":0}"#, Some("0 lanes"));
        check(r#"{"memory_kib":65536,"passes":3,"lanes":9}"#, Some("9 lanes"));
        check(r#"{"memory_kib":65536,"passes":3,"lanes":1,"x":1}"#, Some("unknown field"));
    }
}
