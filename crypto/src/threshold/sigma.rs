//! Proof of knowledge of one scalar that takes each of some bases to its image: Schnorr's with one base, Chaum and Pedersen's
//! with two, made non-interactive by a hash of everything (Fiat and Shamir).

use core::fmt;

use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::VartimeMultiscalarMul as _;
use rand_core::SeedableRng as _;

use crate::group;
use crate::hash::derive_public_long;
use crate::{Domain, Seed, derive};

/// 64 bytes: challenge, then response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Sigma {
    challenge: Scalar,
    response: Scalar,
}

/// What is proven: the scalar takes every base to its image. `parts` say where and for whom.
pub(super) struct Statement<'a> {
    pub(super) domain: Domain,
    pub(super) bases_and_images: &'a [(RistrettoPoint, RistrettoPoint)],
    pub(super) parts: &'a [&'a [u8]],
}

impl Sigma {
    /// Proves a statement. The random scalar depends on secret and statement too, so a seed used twice gives nothing away.
    pub(super) fn prove(statement: &Statement<'_>, secret: &Scalar, seed: Seed) -> Self {
        let images = statement.encoded();
        let mut parts: Vec<&[u8]> = vec![statement.domain.text().as_bytes(), secret.as_bytes()];
        parts.extend(images.iter().map(|point| point.as_slice()).chain(statement.parts.iter().copied()));
        let seed = derive(Domain::SigmaNonce, &seed.into_secret(), &parts);
        let nonce = group::Scalar::random(&mut rand_chacha::ChaCha20Rng::from_seed(*seed.expose()));
        let commitments: Vec<_> = statement.bases_and_images.iter().map(|(base, _)| base * nonce.0).collect();
        let challenge = statement.challenge(&commitments);
        Self { challenge, response: nonce.0 - challenge * secret }
    }

    /// Whether it proves the statement. Variable time, all public.
    pub(super) fn vartime_holds(&self, statement: &Statement<'_>) -> bool {
        let Self { challenge: c, response: s } = self;
        let commitments: Vec<_> = statement
            .bases_and_images
            .iter()
            .map(|(base, image)| RistrettoPoint::vartime_multiscalar_mul([s, c], [base, image]))
            .collect();
        statement.challenge(&commitments) == *c
    }

    pub(super) fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(self.challenge.as_bytes());
        bytes[32..].copy_from_slice(self.response.as_bytes());
        bytes
    }

    /// None if either half is not below the group's order.
    pub(super) fn decode(bytes: &[u8; 64]) -> Option<Self> {
        let (challenge, response) = bytes.split_at(32);
        let [challenge, response] = [challenge, response].map(|half| {
            let half = half.try_into().expect("half of 64 bytes");
            Option::<Scalar>::from(Scalar::from_canonical_bytes(half))
        });
        Some(Self { challenge: challenge?, response: response? })
    }
}

impl fmt::Debug for Sigma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sigma(..)")
    }
}

impl Statement<'_> {
    fn encoded(&self) -> Vec<[u8; 32]> {
        self.bases_and_images.iter().flat_map(|(base, image)| [base, image]).map(|point| point.compress().0).collect()
    }

    fn challenge(&self, commitments: &[RistrettoPoint]) -> Scalar {
        let points: Vec<[u8; 32]> =
            self.encoded().into_iter().chain(commitments.iter().map(|point| point.compress().0)).collect();
        let mut parts: Vec<&[u8]> = self.parts.to_vec();
        parts.extend(points.iter().map(|point| point.as_slice()));
        Scalar::from_bytes_mod_order_wide(&derive_public_long(self.domain, &parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement<'a>(pairs: &'a [(RistrettoPoint, RistrettoPoint)], parts: &'a [&'a [u8]]) -> Statement<'a> {
        Statement { domain: Domain::SigmaComplaint, bases_and_images: pairs, parts }
    }

    #[test]
    fn a_proof_holds_for_its_statement_alone() {
        let mut rng = Seed::new([1; 32]).rng();
        let secret = Scalar::random(&mut rng);
        let bases = [(); 3].map(|()| RistrettoPoint::random(&mut rng));
        let pairs: Vec<_> = bases.iter().map(|base| (*base, base * secret)).collect();
        for count in 1..=3 {
            let right = statement(&pairs[..count], &[b"a", b"bc"]);
            let proof = Sigma::prove(&right, &secret, Seed::new([2; 32]));
            assert!(proof.vartime_holds(&right));
            assert_eq!(Sigma::decode(&proof.encode()), Some(proof));

            let mut wrong = pairs[..count].to_vec();
            wrong[count - 1].1 += bases[0];
            assert!(!proof.vartime_holds(&statement(&wrong, &[b"a", b"bc"])));
            assert!(!proof.vartime_holds(&statement(&pairs[..count], &[b"ab", b"c"])));
            let domain = Domain::SigmaPossession;
            assert!(!proof.vartime_holds(&Statement { domain, ..statement(&pairs[..count], &[b"a", b"bc"]) }));
            let changed = Sigma { response: proof.response + Scalar::ONE, ..proof };
            assert!(!changed.vartime_holds(&right));
        }
        assert_eq!(Sigma::decode(&[0xff; 64]), None);
    }
}
