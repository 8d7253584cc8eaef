//! A dealer's side: a pledge, then the dealing that it pledged.

use core::fmt;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as GENERATOR;
use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use super::ceremony::Ceremony;
use super::index::Index;
use super::polynomial::{Commitments, Polynomial};
use super::settle::{ReceiverKey, SettleError, check_receiver_keys};
use super::share::Share;
use super::sigma::{Sigma, Statement};
use crate::group::{self, decode_all};
use crate::{Digest, Domain, SealKey, Secret32, Seed, derive, digest};

/// One dealer, from its pledge to its dealing.
pub struct Dealer {
    index: Index,
    polynomial: Polynomial,
    ephemeral: group::Scalar,
    public: PublicPart,
    pledge: Pledge,
}

impl Dealer {
    /// A dealer of a new key, who adds a random number to it.
    ///
    /// # Errors
    /// If the ceremony has no such dealer, or hands over a key.
    pub fn new(ceremony: &Ceremony, index: Index, seed: Seed) -> Result<Self, DealError> {
        if ceremony.old_key().is_some() {
            return Err(DealError::OtherKey);
        }
        let constant = group::Scalar::random(&mut seed.fork("constant", 0).rng());
        Self::of(ceremony, index, &constant.0, &seed)
    }

    /// A dealer who hands over a share.
    ///
    /// # Errors
    /// If the ceremony has no such dealer, or the share is not one of the key that it hands over.
    pub fn of_share(ceremony: &Ceremony, share: &Share, seed: Seed) -> Result<Self, DealError> {
        let index = share.index();
        let expected = ceremony.old_key().and_then(|key| key.share(index));
        if expected != Some(share.evaluation_key().public()) {
            return Err(DealError::OtherKey);
        }
        Self::of(ceremony, index, &share.scalar().0, &seed)
    }

    /// With any constant term: what an honest dealer deals is its part of a new key or its old share.
    pub(super) fn of(ceremony: &Ceremony, index: Index, constant: &Scalar, seed: &Seed) -> Result<Self, DealError> {
        if !ceremony.dealers().contains(&index) {
            return Err(DealError::NotADealer { index });
        }
        let polynomial = Polynomial::random(constant, ceremony.threshold(), &mut seed.fork("polynomial", 0).rng());
        let ephemeral = group::Scalar::random(&mut seed.fork("ephemeral", 0).rng());
        let commitments = polynomial.commit();
        let possession = Possession::Dealt.prove(
            ceremony,
            index,
            commitments.constant(),
            polynomial.constant(),
            seed.fork("possession", 0),
        );
        let public = PublicPart::new(commitments, possession, RistrettoPoint::mul_base(&ephemeral.0));
        let pledge = public.pledge(ceremony, index);
        Ok(Self { index, polynomial, ephemeral, public, pledge })
    }

    /// What binds the dealer to its polynomial before it has seen anyone else's.
    pub fn pledge(&self) -> Pledge {
        self.pledge
    }

    /// Seals a share to each receiver. Only once all pledges are known may the dealing be sent.
    ///
    /// # Errors
    /// If not every receiver has given exactly one key, with proof that it holds it.
    pub fn deal(self, ceremony: &Ceremony, keys: &[ReceiverKey]) -> Result<Dealing, SettleError> {
        check_receiver_keys(ceremony, keys)?;
        let mut keys: Vec<_> = keys.iter().collect();
        keys.sort_by_key(|key| key.index);
        let boxes = keys.iter().map(|key| {
            let shared = Shared((key.point * self.ephemeral.0).compress().to_bytes().into());
            let sealing = shared.seal_key(ceremony, self.index, key, &self.public.ephemeral_encoded());
            let share = Zeroizing::new(self.polynomial.at(key.index).to_bytes());
            sealing.seal(&[0; 24], &[], share.as_slice()).try_into().expect("32 bytes and a tag")
        });
        Ok(Dealing { dealer: self.index, boxes: boxes.collect(), public: self.public })
    }
}

impl fmt::Debug for Dealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dealer(..)")
    }
}

/// The digest of what a dealer will deal, but for the boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pledge {
    /// The dealer.
    pub dealer: Index,
    /// The digest.
    pub digest: Digest,
}

/// What a dealer sends to all: commitments to its polynomial, and a sealed share for each receiver.
#[derive(Clone)]
pub struct Dealing {
    pub(super) dealer: Index,
    pub(super) public: PublicPart,
    /// A sealed share for each receiver, in their order.
    pub(super) boxes: Vec<[u8; BOX_LEN]>,
}

impl Dealing {
    /// The dealer.
    pub fn dealer(&self) -> Index {
        self.dealer
    }

    /// Its encoding: dealer (1), a commitment for each coefficient (32 each), proof (64), ephemeral key (32), a box for each
    /// receiver (48 each).
    pub fn encode(&self) -> Vec<u8> {
        let boxes = self.boxes.iter().flatten().copied();
        [self.dealer.number()].into_iter().chain(self.public.encoded.iter().copied()).chain(boxes).collect()
    }

    /// The dealing with this encoding. Whether it is a good one, [`super::settle`] says.
    ///
    /// # Errors
    /// If the length is not that of as many commitments as the threshold and as many boxes as receivers, the dealer has no
    /// number, or an element or scalar is not valid. The identity is no valid element, so the degree is that of the threshold.
    pub fn decode(ceremony: &Ceremony, bytes: &[u8]) -> Result<Self, BadDealing> {
        let (&[dealer], rest) = bytes.split_first_chunk().ok_or(BadDealing)?;
        let dealer = Index::new(dealer).map_err(|_| BadDealing)?;
        let public_len = 32 * usize::from(ceremony.threshold()) + 64 + 32;
        let (public, boxes) = rest.split_at_checked(public_len).ok_or(BadDealing)?;
        let (boxes, rest) = boxes.as_chunks();
        if !rest.is_empty() || boxes.len() != ceremony.receivers().count() {
            return Err(BadDealing);
        }
        Ok(Self { dealer, public: PublicPart::decode(public)?, boxes: boxes.to_vec() })
    }

    /// The share that a shared secret opens, if it is the one that the commitments say.
    pub(super) fn open(&self, ceremony: &Ceremony, key: &ReceiverKey, shared: &Shared) -> Option<Zeroizing<Scalar>> {
        let sealed = &self.boxes[usize::from(key.index.number()) - 1];
        let sealing = shared.seal_key(ceremony, self.dealer, key, &self.public.ephemeral_encoded());
        let opened = sealing.open(&[0; 24], &[], sealed).ok()?;
        let scalar = Scalar::from_canonical_bytes(opened.as_slice().try_into().ok()?);
        let share = Zeroizing::new(Option::<Scalar>::from(scalar)?);
        (RistrettoPoint::mul_base(&share) == self.public.commitments.at(key.index)).then_some(share)
    }
}

impl fmt::Debug for Dealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dealing(of {})", self.dealer.number())
    }
}

/// Bytes of a sealed share: a scalar and a tag.
const BOX_LEN: usize = 48;

/// What a pledge is of.
#[derive(Clone)]
pub(super) struct PublicPart {
    pub(super) commitments: Commitments,
    pub(super) possession: Sigma,
    pub(super) ephemeral: RistrettoPoint,
    encoded: Vec<u8>,
}

impl PublicPart {
    pub(super) fn new(commitments: Commitments, possession: Sigma, ephemeral: RistrettoPoint) -> Self {
        let points = commitments.0.iter().flat_map(|point| point.compress().to_bytes());
        let encoded = points.chain(possession.encode()).chain(ephemeral.compress().to_bytes()).collect();
        Self { commitments, possession, ephemeral, encoded }
    }

    fn decode(encoded: &[u8]) -> Result<Self, BadDealing> {
        let (commitments, rest) = encoded.split_at(encoded.len() - 96);
        let (possession, ephemeral) = rest.split_first_chunk().ok_or(BadDealing)?;
        let possession = Sigma::decode(possession).ok_or(BadDealing)?;
        let points = decode_all(commitments.as_chunks().0).map_err(|_| BadDealing)?;
        let ephemeral = decode_all(ephemeral.as_chunks().0).map_err(|_| BadDealing)?[0];
        Ok(Self { commitments: Commitments(points), possession, ephemeral, encoded: encoded.to_vec() })
    }

    pub(super) fn pledge(&self, ceremony: &Ceremony, dealer: Index) -> Pledge {
        let parts: [&[u8]; 3] = [ceremony.name().as_bytes(), &[dealer.number()], &self.encoded];
        Pledge { dealer, digest: digest(Domain::CeremonyPledge, &parts) }
    }

    fn ephemeral_encoded(&self) -> [u8; 32] {
        *self.encoded.last_chunk().expect("it ends with the ephemeral key")
    }
}

/// What dealer and receiver have in common: either's secret times the other's public key.
pub(super) struct Shared(pub(super) Zeroizing<[u8; 32]>);

impl Shared {
    /// The key of the one box from this dealer to this receiver. It seals once, so its nonce is zero.
    fn seal_key(&self, ceremony: &Ceremony, dealer: Index, receiver: &ReceiverKey, ephemeral: &[u8; 32]) -> SealKey {
        let numbers = [dealer.number(), receiver.index.number()];
        let parts: [&[u8]; 4] = [ceremony.name().as_bytes(), &numbers, ephemeral, &receiver.encoded];
        SealKey::new(derive(Domain::CeremonyShare, &Secret32::new(*self.0), &parts))
    }
}

/// Whose secret a proof of possession is of.
#[derive(Clone, Copy)]
pub(super) enum Possession {
    Dealt = 1,
    Receiving = 2,
}

impl Possession {
    pub(super) fn prove(
        self,
        ceremony: &Ceremony,
        of: Index,
        image: &RistrettoPoint,
        secret: &Scalar,
        seed: Seed,
    ) -> Sigma {
        self.with_statement(ceremony, of, image, |statement| Sigma::prove(statement, secret, seed))
    }

    pub(super) fn vartime_holds(self, ceremony: &Ceremony, of: Index, image: &RistrettoPoint, proof: &Sigma) -> bool {
        self.with_statement(ceremony, of, image, |statement| proof.vartime_holds(statement))
    }

    fn with_statement<T>(
        self,
        ceremony: &Ceremony,
        of: Index,
        image: &RistrettoPoint,
        then: impl FnOnce(&Statement<'_>) -> T,
    ) -> T {
        then(&Statement {
            domain: Domain::SigmaPossession,
            bases_and_images: &[(GENERATOR, *image)],
            parts: &[ceremony.name().as_bytes(), &[self as u8, of.number()]],
        })
    }
}

/// Why someone cannot deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DealError {
    /// The ceremony names its dealers.
    #[error("holder {} is not a dealer of this ceremony", index.number())]
    NotADealer {
        /// The holder.
        index: Index,
    },
    /// A handover deals shares of the old key, a new key has none.
    #[error("the share is not one of the key that this ceremony hands over, or it hands over none")]
    OtherKey,
}

/// Bytes that are no dealing of the ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the encoding of a dealing of this ceremony")]
pub struct BadDealing;
