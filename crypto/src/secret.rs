//! Secrets: zeroized on drop, never printed, never cloned, compared in constant time.

use core::fmt;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Domain, derive};

/// 32 secret bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes 32 bytes as a secret. The caller's copy is the caller's to erase.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the one line that needs them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for Secret32 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(..)")
    }
}

/// Whether two strings of bytes are equal, in time that depends on their lengths alone. For tags and for digests of secrets.
#[must_use]
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The source of all randomness of one piece of work. A driver draws it from the operating system, a test names it.
#[derive(ZeroizeOnDrop)]
pub struct Seed(Secret32);

impl Seed {
    /// A seed with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Secret32::new(bytes))
    }

    /// An independent seed for a part of the work.
    #[must_use]
    pub fn fork(&self, purpose: &str, number: u64) -> Self {
        Self(derive(Domain::SeedFork, &self.0, &[purpose.as_bytes(), &number.to_le_bytes()]))
    }

    /// The generator that this seed starts. Fork first where a seed serves more than one purpose.
    pub fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(*self.0.expose())
    }

    /// The seed as a secret, for example of a signing key.
    pub fn into_secret(self) -> Secret32 {
        Secret32::new(*self.0.expose())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng as _;

    use super::*;

    fn drawn(seed: &Seed) -> u64 {
        seed.rng().next_u64()
    }

    #[test]
    fn secrets_print_their_name_only() {
        assert_eq!(format!("{:?} {:?}", Secret32::new([7; 32]), Seed::new([7; 32])), "Secret32(..) Seed(..)");
    }

    #[test]
    fn equality_is_of_all_bytes() {
        let check = |a: &[u8], b: &[u8], expected: bool| assert_eq!(ct_eq(a, b), expected, "{a:?} {b:?}");
        check(b"", b"", true);
        check(b"abc", b"abc", true);
        check(b"abc", b"abd", false);
        check(b"abc", b"bbc", false);
        check(b"abc", b"ab", false);
        check(b"", b"a", false);
        assert!(bool::from(Secret32::new([1; 32]).ct_eq(&Secret32::new([1; 32]))));
        assert!(!bool::from(Secret32::new([1; 32]).ct_eq(&Secret32::new([2; 32]))));
    }

    #[test]
    fn forks_differ_by_purpose_number_and_seed() {
        let seed = Seed::new([1; 32]);
        let draws = [
            drawn(&seed),
            drawn(&seed.fork("a", 0)),
            drawn(&seed.fork("a", 1)),
            drawn(&seed.fork("b", 0)),
            drawn(&seed.fork("", 0)),
            drawn(&Seed::new([2; 32]).fork("a", 0)),
            drawn(&seed.fork("a", 0).fork("a", 0)),
        ];
        for (i, draw) in draws.iter().enumerate() {
            assert!(!draws[..i].contains(draw), "draw {i} repeats");
        }
        assert_eq!(drawn(&seed.fork("a", 1)), draws[2]);
    }

    #[test]
    fn a_seed_becomes_the_secret_of_its_bytes() {
        assert_eq!(Seed::new([9; 32]).into_secret().expose(), &[9; 32]);
    }
}
