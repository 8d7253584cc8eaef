//! Names of clues: ULIDs, the same in every release a clue stands in.

use core::fmt;
use core::str::FromStr;

use cwg_crypto::{Domain, Secret32, derive};
use serde::{Deserialize, Serialize};

use super::clue::Pseudonym;
use crate::UnixTime;

/// The name of a clue: 48 bits of time, 80 random bits, big endian, so that names sort by age (the ULID specification).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClueId([u8; 16]);

/// A text that names no clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a clue is 26 digits and letters without I, L, O and U, of which the first is 0 to 7")]
pub struct BadClueId;

/// Crockford's Base32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const TEXT_LEN: usize = 26;

/// Letters of a member's pseudonym, four bits each: two of 64 sources meet once in 10^14.
const PSEUDONYM_LETTERS: usize = 16;

impl ClueId {
    /// A new name, from the time to the second and 80 random bits.
    pub fn new(now: UnixTime, random: [u8; 10]) -> Self {
        let millis = now.0.saturating_mul(1000).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes[6..].copy_from_slice(&random);
        Self(bytes)
    }

    /// The name with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The hub's secret from which it makes names for clues whose source has names of its own. Without a secret the name of a
/// record whose own name is a digest of its identifier, as STIX has them, would tell the identifier to whoever can guess.
pub struct ClueIdKey(Secret32);

impl ClueIdKey {
    /// Takes a secret, drawn at random once for a network.
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The name of what the source of this series calls `reference`, the same in every release. `part` tells apart several
    /// clues of one reference. It sorts by nothing: its bytes look random.
    pub fn name(&self, series: &str, reference: &str, part: u32) -> ClueId {
        let parts = [series.as_bytes(), reference.as_bytes(), &part.to_le_bytes()];
        let secret = derive(Domain::ClueId, &self.0, &parts);
        ClueId(*secret.expose().first_chunk().expect("32 bytes have a first half"))
    }

    /// The pseudonym of a member in the release after the one in which it had `before`, or in the first from the hub's own
    /// word for it. Applied once for each release, it leads from that word to the pseudonym of any release, whether the
    /// member's clues are new or carried; without the key nobody follows it, and two releases cannot be joined by it.
    ///
    /// # Panics
    /// Never: its letters are those of a pseudonym.
    pub fn next_pseudonym(&self, before: &Pseudonym) -> Pseudonym {
        let secret = derive(Domain::SourcePseudonym, &self.0, &[before.to_string().as_bytes()]);
        let letters = secret.expose()[..PSEUDONYM_LETTERS].iter().map(|byte| char::from(b'a' + (byte & 15)));
        let text: String = "member-".chars().chain(letters).collect();
        text.parse().expect("small letters and a dash, a letter first")
    }
}

impl fmt::Debug for ClueIdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClueIdKey(..)")
    }
}

impl fmt::Display for ClueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        (0..TEXT_LEN).rev().try_for_each(|place| {
            let letter = ALPHABET[(value >> (5 * place)) as usize & 31];
            fmt::Write::write_char(f, char::from(letter))
        })
    }
}

impl fmt::Debug for ClueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClueId({self})")
    }
}

impl FromStr for ClueId {
    type Err = BadClueId;

    /// Reads upper and lower case. Letters that Crockford reads as digits are refused: a name is copied, not typed.
    fn from_str(text: &str) -> Result<Self, BadClueId> {
        if text.len() != TEXT_LEN || text.as_bytes()[0] > b'7' {
            return Err(BadClueId);
        }
        text.bytes()
            .try_fold(0u128, |value, letter| {
                let digit = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
                Some(value << 5 | digit as u128)
            })
            .map(|value| Self(value.to_be_bytes()))
            .ok_or(BadClueId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_the_ulid_specification() {
        // The specification's example: 01ARZ3NDEKTSV4RRFFQ69G5FAV; its time part is 1469922850259 ms.
        let id: ClueId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        assert_eq!(id.to_string(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        let millis = id.as_bytes()[..6].iter().fold(0u64, |millis, byte| millis << 8 | u64::from(*byte));
        assert_eq!(millis, 1_469_922_850_259);
        assert_eq!(ClueId::from_bytes([0xff; 16]).to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!("01arz3ndektsv4rrffq69g5fav".parse(), Ok(id));
    }

    #[test]
    fn a_members_pseudonym_changes_with_every_release_and_carries_on() {
        let key = ClueIdKey::new(Secret32::new([1; 32]));
        let own: Pseudonym = "member-north".parse().unwrap();
        let (first, second) = (key.next_pseudonym(&own), key.next_pseudonym(&key.next_pseudonym(&own)));
        assert_eq!(key.next_pseudonym(&first), second, "carried, or made of the hub's own word");
        assert!(own != first && first != second);
        assert_ne!(ClueIdKey::new(Secret32::new([2; 32])).next_pseudonym(&own), first);
    }

    #[test]
    fn names_sort_by_their_time() {
        let early = ClueId::new(UnixTime(1_800_000_000), [0xff; 10]);
        let late = ClueId::new(UnixTime(1_800_000_001), [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
            "01ARZ3NDEKTSV4RRFFQ69G5FAVV",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FAU",
            "O1ARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FA\u{e9}",
            "\u{e9}1ARZ3NDEKTSV4RRFFQ69G5FA",
        ] {
            assert_eq!(text.parse::<ClueId>(), Err(BadClueId), "{text}");
        }
    }
}
