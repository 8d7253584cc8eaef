//! Masks that commute: two parties, each with a key of its own, mask each other's inputs, and equal inputs have equal tags
//! whoever masked first (Meadows, S&P 1986; Huberman, Franklin, Hogg, EC 1999).
//!
//! ```text
//! masked(x)  = a · H(session ‖ x)                what a party sends of its own inputs
//! tag(x)     = T(session, b · masked(x))         what the other makes of it; the same as from b and then a
//! ```
//!
//! Under DDH in ristretto255, with H a random oracle, masked inputs look random to whoever lacks the key, and tags to whoever lacks one of
//! both. So nobody tests a guess at an input without the owner of each key: that is the difference from tags under a key that
//! both know. Which inputs may be masked, how many and in what order is the caller's.

use core::fmt;

use zeroize::{Zeroize as _, Zeroizing};

use crate::group::{Dst, Expander, Scalar, decode_all, double_and_encode};
use crate::{Digest, Domain, Seed, derive_public};

/// One party's key for one session.
pub struct MaskKey {
    /// Half of the key: points are encoded as twice a point, for which one inversion serves a whole batch.
    half: Scalar,
    session: Digest,
}

/// What both keys make of an input: 16 bytes, of one session.
pub type MaskedTag = [u8; 16];

/// Bytes that are no element, by their place in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("masked element {index} of the batch is not a valid group element")]
pub struct BadMasked {
    /// Its place.
    pub index: usize,
}

impl MaskKey {
    /// A key for a session. The seed serves it alone.
    pub fn new(session: Digest, seed: Seed) -> Self {
        Self { half: Scalar::random(&mut seed.rng()), session }
    }

    /// Masks own inputs of 32 bytes, in their order. A caller sends them in another one, that of their encodings for example.
    ///
    /// An input whose hash is the identity has an encoding that the other side refuses; nobody can find one.
    pub fn mask(&self, inputs: &[[u8; 32]]) -> Vec<[u8; 32]> {
        const DST: Dst = Dst::new(Domain::CommuteHash.text().as_bytes());
        let hash = Expander::new(DST);
        let mut points = Zeroizing::new(Vec::with_capacity(inputs.len()));
        points.extend(inputs.iter().map(|input| hash.point(&[self.session.as_bytes(), input]) * self.half.0));
        double_and_encode(&points)
    }

    /// Masks what the other side has masked, and hashes it to tags, in the order of the batch.
    ///
    /// # Errors
    /// Names the first element that is not canonical or is the identity.
    pub fn tags(&self, masked: &[[u8; 32]]) -> Result<Vec<MaskedTag>, BadMasked> {
        let mut points = decode_all(masked).map_err(|index| BadMasked { index })?;
        points.iter_mut().for_each(|point| *point *= self.half.0);
        let mut encoded = double_and_encode(&points);
        points.zeroize();
        let tag = |twice: &[u8; 32]| derive_public(Domain::CommuteTag, &[self.session.as_bytes(), twice]).first_half();
        let tags = encoded.iter().map(tag).collect();
        encoded.zeroize();
        Ok(tags)
    }
}

impl fmt::Debug for MaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::hash_to_group;

    const SESSION: Digest = Digest::from_bytes([3; 32]);

    fn key(session: Digest, byte: u8) -> MaskKey {
        MaskKey::new(session, Seed::new([byte; 32]))
    }

    #[test]
    fn tags_are_equal_for_equal_inputs_whoever_masked_first() {
        let (one, other) = (key(SESSION, 1), key(SESSION, 2));
        let (left, right) = ([[1; 32], [2; 32], [3; 32]], [[3; 32], [4; 32], [1; 32]]);
        let of_left = other.tags(&one.mask(&left)).unwrap();
        let of_right = one.tags(&other.mask(&right)).unwrap();
        for (l, tag) in left.iter().zip(&of_left) {
            for (r, other_tag) in right.iter().zip(&of_right) {
                assert_eq!(tag == other_tag, l == r);
            }
        }
    }

    #[test]
    fn a_masked_input_is_the_key_times_its_hash() {
        let key = key(SESSION, 1);
        let dst = Dst::new(Domain::CommuteHash.text().as_bytes());
        let hash = hash_to_group(&[SESSION.as_bytes(), &[7; 32]], dst).unwrap();
        let expected = (hash.0 * (key.half.0 + key.half.0)).compress().to_bytes();
        assert_eq!(key.mask(&[[7; 32]]), [expected]);
    }

    #[test]
    fn masks_and_tags_differ_by_key_and_by_session() {
        let other_session = Digest::from_bytes([4; 32]);
        let masked = [key(SESSION, 1), key(SESSION, 2), key(other_session, 1)].map(|key| key.mask(&[[7; 32]])[0]);
        assert!(masked[0] != masked[1] && masked[0] != masked[2]);
        let of = |session| key(session, 2).tags(&masked[..1]).unwrap()[0];
        assert_ne!(of(SESSION), of(other_session));
    }

    #[test]
    fn what_is_no_element_is_refused_by_its_place() {
        let key = key(SESSION, 1);
        let good = key.mask(&[[7; 32]])[0];
        for bad in [[0; 32], [0xff; 32]] {
            assert_eq!(key.tags(&[good, bad]), Err(BadMasked { index: 1 }));
        }
    }
}
