//! The receivers' side, complaints, and the verdict that everyone comes to alike.

use core::fmt;

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as GENERATOR;
use curve25519_dalek::ristretto::RistrettoPoint;
use zeroize::Zeroizing;

use super::ceremony::Ceremony;
use super::dealing::{Dealing, Pledge, Possession, Shared};
use super::index::Index;
use super::polynomial::lagrange;
use super::share::{Share, SharedKey};
use super::sigma::{Sigma, Statement};
use crate::group::{self, BadEncoding, Element};
use crate::{BulkHasher, Digest, Domain, Seed};

/// One receiver, from its key to its share.
pub struct Receiver {
    secret: group::Scalar,
    key: ReceiverKey,
}

impl Receiver {
    /// A receiver with a fresh key for this ceremony alone.
    ///
    /// # Errors
    /// If the ceremony has no such receiver.
    pub fn new(ceremony: &Ceremony, index: Index, seed: Seed) -> Result<Self, SettleError> {
        if !ceremony.receivers().any(|receiver| receiver == index) {
            return Err(SettleError::Stranger { index });
        }
        let secret = group::Scalar::random(&mut seed.fork("receive", 0).rng());
        let point = RistrettoPoint::mul_base(&secret.0);
        let possession = Possession::Receiving.prove(ceremony, index, &point, &secret.0, seed.fork("possession", 0));
        Ok(Self { secret, key: ReceiverKey { index, point, encoded: point.compress().to_bytes(), possession } })
    }

    /// The key that shares are sealed to.
    pub fn key(&self) -> ReceiverKey {
        self.key.clone()
    }

    /// A complaint for each dealing whose box for this receiver does not hold what the dealing's commitments say. It opens that
    /// box to everyone and nothing else.
    pub fn complaints(&self, ceremony: &Ceremony, dealings: &[Dealing], seed: &Seed) -> Vec<Complaint> {
        let bad = dealings.iter().filter(|dealing| self.open(ceremony, dealing).is_none());
        bad.map(|dealing| {
            let shared = dealing.public.ephemeral * self.secret.0;
            let proof = with_complaint(ceremony, &self.key, dealing, &shared, |statement| {
                Sigma::prove(statement, &self.secret.0, seed.fork("complaint", dealing.dealer.number().into()))
            });
            Complaint { receiver: self.key.index, dealer: dealing.dealer, shared, proof }
        })
        .collect()
    }

    /// This receiver's share of what was settled.
    ///
    /// # Errors
    /// If a dealing that was counted does not give this receiver its share: a complaint was due.
    pub fn finish(self, ceremony: &Ceremony, settled: &Settled, dealings: &[Dealing]) -> Result<Share, FinishError> {
        let mut sum = Zeroizing::new(Scalar::ZERO);
        for dealer in &settled.counted {
            let dealing = dealings.iter().find(|dealing| dealing.dealer == *dealer);
            let share = dealing.and_then(|dealing| self.open(ceremony, dealing));
            let share = share.ok_or(FinishError::NoShare { dealer: *dealer })?;
            *sum += weight(ceremony, &settled.counted, *dealer) * *share;
        }
        let share = Share::new(self.key.index, group::Scalar(*sum));
        let is_right = RistrettoPoint::mul_base(&sum).compress().to_bytes();
        match settled.key.share(self.key.index) {
            Some(public) if *public.as_bytes() == is_right => Ok(share),
            _ => Err(FinishError::OtherKey),
        }
    }

    fn open(&self, ceremony: &Ceremony, dealing: &Dealing) -> Option<Zeroizing<Scalar>> {
        let shared = Zeroizing::new((dealing.public.ephemeral * self.secret.0).compress().to_bytes());
        dealing.open(ceremony, &self.key, &Shared(shared))
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver(..)")
    }
}

/// A receiver's key for one ceremony, with proof that it holds it.
#[derive(Clone)]
pub struct ReceiverKey {
    pub(super) index: Index,
    pub(super) point: RistrettoPoint,
    pub(super) encoded: [u8; 32],
    possession: Sigma,
}

impl ReceiverKey {
    /// Whose it is.
    pub fn index(&self) -> Index {
        self.index
    }

    /// Its encoding: index, key, proof.
    pub fn encode(&self) -> [u8; 97] {
        let mut bytes = [0; 97];
        bytes[0] = self.index.number();
        bytes[1..33].copy_from_slice(&self.encoded);
        bytes[33..].copy_from_slice(&self.possession.encode());
        bytes
    }

    /// The key with this encoding. Whether the proof holds, [`settle`] says.
    ///
    /// # Errors
    /// If index, element or scalars are not valid.
    pub fn decode(bytes: &[u8; 97]) -> Result<Self, BadEncoding> {
        let index = Index::new(bytes[0]).map_err(|_| BadEncoding)?;
        let encoded = *bytes[1..].first_chunk().expect("96 bytes are left");
        let possession = Sigma::decode(bytes.last_chunk().expect("97 bytes have 64")).ok_or(BadEncoding)?;
        Ok(Self { index, point: Element::decode(&encoded)?.0, encoded, possession })
    }
}

impl fmt::Debug for ReceiverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiverKey(of {})", self.index.number())
    }
}

/// What a receiver says against a dealer: the secret that opens the box between them, and proof that it is that.
#[derive(Clone)]
pub struct Complaint {
    receiver: Index,
    dealer: Index,
    shared: RistrettoPoint,
    proof: Sigma,
}

impl Complaint {
    /// Who complains.
    pub fn receiver(&self) -> Index {
        self.receiver
    }

    /// Of whom.
    pub fn dealer(&self) -> Index {
        self.dealer
    }

    /// Its encoding: receiver, dealer, shared secret, proof.
    pub fn encode(&self) -> [u8; 98] {
        let mut bytes = [0; 98];
        bytes[..2].copy_from_slice(&[self.receiver.number(), self.dealer.number()]);
        bytes[2..34].copy_from_slice(self.shared.compress().as_bytes());
        bytes[34..].copy_from_slice(&self.proof.encode());
        bytes
    }

    /// The complaint with this encoding. Whether it is upheld, [`settle`] says.
    ///
    /// # Errors
    /// If an index, the element or a scalar is not valid.
    pub fn decode(bytes: &[u8; 98]) -> Result<Self, BadEncoding> {
        let index = |number| Index::new(number).map_err(|_| BadEncoding);
        let shared = Element::decode(bytes[2..].first_chunk().expect("96 bytes are left"))?.0;
        let proof = Sigma::decode(bytes.last_chunk().expect("98 bytes have 64")).ok_or(BadEncoding)?;
        Ok(Self { receiver: index(bytes[0])?, dealer: index(bytes[1])?, shared, proof })
    }
}

impl fmt::Debug for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Complaint(of {} against {})", self.receiver.number(), self.dealer.number())
    }
}

/// What a ceremony came to: the same for everyone who has seen the same messages.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The public half of the key.
    pub key: SharedKey,
    /// Who did what they must not, and what. They hold shares all the same; what follows is for people to decide.
    pub faults: Vec<Fault>,
    /// The digest of all messages. Holders sign it, and use no share before they have seen it signed by the others: whoever
    /// was shown something else has another digest.
    pub transcript: Digest,
    /// The dealers whose dealings make the key.
    counted: Vec<Index>,
}

impl Settled {
    /// The dealers whose dealings make the key, ascending.
    pub fn counted(&self) -> &[Index] {
        &self.counted
    }
}

/// The verdict over a ceremony, from its messages in any order. Anyone can come to it, without any secret.
///
/// Of a handover the first as many good dealings count as the old threshold says; of a new key, all.
///
/// # Errors
/// If not every receiver has given one key with a proof that holds, someone spoke who has no part in it, or too few dealings
/// are good.
pub fn settle(
    ceremony: &Ceremony,
    keys: &[ReceiverKey],
    pledges: &[Pledge],
    dealings: &[Dealing],
    complaints: &[Complaint],
) -> Result<Settled, SettleError> {
    check_receiver_keys(ceremony, keys)?;
    let dealers = ceremony.dealers();
    let speakers = pledges.iter().map(|pledge| pledge.dealer).chain(dealings.iter().map(|dealing| dealing.dealer));
    let mut speakers = speakers.chain(complaints.iter().map(|complaint| complaint.dealer));
    if let Some(index) = speakers.find(|index| !dealers.contains(index)) {
        return Err(SettleError::Stranger { index });
    }

    let mut faults: Vec<Fault> =
        dealers.iter().filter_map(|dealer| fault_of_dealing(ceremony, *dealer, pledges, dealings)).collect();
    let mut complaints: Vec<_> = complaints.iter().collect();
    complaints.sort_by_key(|complaint| complaint.encode());
    for complaint in &complaints {
        faults.push(judge(ceremony, keys, dealings, complaint)?);
    }
    let mut counted = dealers;
    counted.retain(|dealer| !faults.iter().any(|fault| fault.disqualifies() == Some(*dealer)));
    let needed = ceremony.dealings_needed();
    if counted.len() < needed.into() {
        return Err(SettleError::TooFewDealings { needed, good: counted.len() as u8, faults });
    }
    if ceremony.old_key().is_some() {
        counted.truncate(needed.into());
    }
    let key = public_half(ceremony, &counted, dealings).ok_or(SettleError::Identity)?;
    let transcript = transcript(ceremony, keys, pledges, dealings, &complaints);
    Ok(Settled { key, faults, transcript, counted })
}

/// Exactly one key of each receiver, with a proof that holds.
pub(super) fn check_receiver_keys(ceremony: &Ceremony, keys: &[ReceiverKey]) -> Result<(), SettleError> {
    for index in ceremony.receivers() {
        let mut of_index = keys.iter().filter(|key| key.index == index);
        let (Some(key), None) = (of_index.next(), of_index.next()) else {
            return Err(SettleError::ReceiverKey { index });
        };
        if !Possession::Receiving.vartime_holds(ceremony, index, &key.point, &key.possession) {
            return Err(SettleError::ReceiverKey { index });
        }
    }
    let is_receiver = |key: &&ReceiverKey| ceremony.receivers().any(|index| index == key.index);
    match keys.iter().find(|key| !is_receiver(key)) {
        Some(key) => Err(SettleError::Stranger { index: key.index }),
        None => Ok(()),
    }
}

/// What is wrong with a dealer's pledge and dealing, for everyone to see.
fn fault_of_dealing(ceremony: &Ceremony, dealer: Index, pledges: &[Pledge], dealings: &[Dealing]) -> Option<Fault> {
    let mut pledges = pledges.iter().filter(|pledge| pledge.dealer == dealer);
    let mut dealings = dealings.iter().filter(|dealing| dealing.dealer == dealer);
    let (Some(pledge), Some(dealing)) = (pledges.next(), dealings.next()) else {
        return Some(Fault::Silent { dealer });
    };
    if pledges.next().is_some() || dealings.next().is_some() {
        return Some(Fault::SpokeTwice { dealer });
    }
    let constant = dealing.public.commitments.constant();
    let old_share = ceremony.old_key().and_then(|key| key.share(dealer));
    if dealing.public.pledge(ceremony, dealer) != *pledge {
        Some(Fault::OtherThanPledged { dealer })
    } else if !Possession::Dealt.vartime_holds(ceremony, dealer, constant, &dealing.public.possession) {
        Some(Fault::NoPossession { dealer })
    } else if old_share.is_some_and(|share| share.element().0 != *constant) {
        Some(Fault::OtherShare { dealer })
    } else {
        None
    }
}

/// Whose fault a complaint shows. A dealing that was given twice is a fault already; its first one is looked at.
fn judge(
    ceremony: &Ceremony,
    keys: &[ReceiverKey],
    dealings: &[Dealing],
    complaint: &Complaint,
) -> Result<Fault, SettleError> {
    let (receiver, dealer) = (complaint.receiver, complaint.dealer);
    let key = keys.iter().find(|key| key.index == receiver).ok_or(SettleError::Stranger { index: receiver })?;
    let unfounded = Fault::UnfoundedComplaint { receiver, dealer };
    let Some(dealing) = dealings.iter().find(|dealing| dealing.dealer == dealer) else {
        return Ok(unfounded);
    };
    let is_proven =
        with_complaint(ceremony, key, dealing, &complaint.shared, |statement| complaint.proof.vartime_holds(statement));
    let shared = Shared(complaint.shared.compress().to_bytes().into());
    let is_upheld = is_proven && dealing.open(ceremony, key, &shared).is_none();
    Ok(if is_upheld { Fault::BadShare { dealer, receiver } } else { unfounded })
}

fn with_complaint<T>(
    ceremony: &Ceremony,
    key: &ReceiverKey,
    dealing: &Dealing,
    shared: &RistrettoPoint,
    then: impl FnOnce(&Statement<'_>) -> T,
) -> T {
    then(&Statement {
        domain: Domain::SigmaComplaint,
        bases_and_images: &[(GENERATOR, key.point), (dealing.public.ephemeral, *shared)],
        parts: &[ceremony.name().as_bytes(), &[key.index.number(), dealing.dealer.number()]],
    })
}

/// What a dealer's dealing counts: once for a new key, by Lagrange's weight for shares that are handed over.
fn weight(ceremony: &Ceremony, counted: &[Index], dealer: Index) -> Scalar {
    if ceremony.old_key().is_some() { lagrange(counted, dealer) } else { Scalar::ONE }
}

fn public_half(ceremony: &Ceremony, counted: &[Index], dealings: &[Dealing]) -> Option<SharedKey> {
    let weighted = |of: &dyn Fn(&Dealing) -> RistrettoPoint| -> RistrettoPoint {
        let good = dealings.iter().filter(|dealing| counted.contains(&dealing.dealer));
        good.map(|dealing| of(dealing) * weight(ceremony, counted, dealing.dealer)).sum()
    };
    let group = weighted(&|dealing| *dealing.public.commitments.constant());
    let shares: Vec<_> =
        ceremony.receivers().map(|index| weighted(&|dealing| dealing.public.commitments.at(index))).collect();
    SharedKey::new(ceremony.threshold(), &group, &shares)
}

/// Over the messages of each kind, in the order of their encodings.
fn transcript(
    ceremony: &Ceremony,
    keys: &[ReceiverKey],
    pledges: &[Pledge],
    dealings: &[Dealing],
    complaints: &[&Complaint],
) -> Digest {
    let pledge = |pledge: &Pledge| [&[pledge.dealer.number()], pledge.digest.as_bytes().as_slice()].concat();
    let kinds: [Vec<Vec<u8>>; 4] = [
        keys.iter().map(|key| key.encode().to_vec()).collect(),
        pledges.iter().map(pledge).collect(),
        dealings.iter().map(Dealing::encode).collect(),
        complaints.iter().map(|complaint| complaint.encode().to_vec()).collect(),
    ];
    let mut hasher = BulkHasher::new(Domain::CeremonyTranscript);
    hasher.part(ceremony.name().as_bytes());
    for mut messages in kinds {
        messages.sort_unstable();
        hasher.part(&(messages.len() as u32).to_le_bytes());
        messages.iter().for_each(|message| hasher.part(message));
    }
    hasher.finish()
}

/// What someone did that the ceremony's rules forbid, as everyone can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No pledge or no dealing that can be read.
    Silent {
        /// The dealer.
        dealer: Index,
    },
    /// Two pledges or two dealings.
    SpokeTwice {
        /// The dealer.
        dealer: Index,
    },
    /// The dealing is not what the pledge is of.
    OtherThanPledged {
        /// The dealer.
        dealer: Index,
    },
    /// The proof that the dealer knows what it dealt does not hold.
    NoPossession {
        /// The dealer.
        dealer: Index,
    },
    /// What was dealt is not the dealer's share of the key that is handed over.
    OtherShare {
        /// The dealer.
        dealer: Index,
    },
    /// The dealer gave a receiver no share, or a wrong one.
    BadShare {
        /// The dealer.
        dealer: Index,
        /// Who complained, rightly.
        receiver: Index,
    },
    /// A complaint that its proof or the opened share speaks against.
    UnfoundedComplaint {
        /// Who complained.
        receiver: Index,
        /// Against whom.
        dealer: Index,
    },
}

impl Fault {
    /// The dealer whose dealing does not count because of it.
    pub fn disqualifies(&self) -> Option<Index> {
        match *self {
            Self::Silent { dealer }
            | Self::SpokeTwice { dealer }
            | Self::OtherThanPledged { dealer }
            | Self::NoPossession { dealer }
            | Self::OtherShare { dealer }
            | Self::BadShare { dealer, .. } => Some(dealer),
            Self::UnfoundedComplaint { .. } => None,
        }
    }
}

/// Why a ceremony came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// No key of a receiver, more than one, or one without a proof that holds.
    #[error("there is not exactly one proven key of receiver {}", index.number())]
    ReceiverKey {
        /// The receiver.
        index: Index,
    },
    /// A message of someone, or about someone, who has no part in the ceremony.
    #[error("holder {} has no such part in this ceremony", index.number())]
    Stranger {
        /// The number given.
        index: Index,
    },
    /// The ceremony must be held again, without those at fault.
    #[error("{good} dealings are good, {needed} are needed")]
    TooFewDealings {
        /// How many must be good.
        needed: u8,
        /// How many are.
        good: u8,
        /// What was wrong with the others.
        faults: Vec<Fault>,
    },
    /// A public key came out as the identity, which happens with probability 2^-248.
    #[error("a public key is the identity: hold the ceremony again")]
    Identity,
}

/// Why a receiver has no share of a key that was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FinishError {
    /// The box is not there or does not hold what it should.
    #[error("the dealing of {} does not give this receiver its share: a complaint was due", dealer.number())]
    NoShare {
        /// The dealer.
        dealer: Index,
    },
    /// The sum of what was dealt is not the share of the settled key.
    #[error("the share is not the one of the settled key: dealings and verdict are not of one ceremony")]
    OtherKey,
}
