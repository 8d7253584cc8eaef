//! Endemic oblivious transfer of Masny and Rindal (2019/706, figure 8) with Diffie-Hellman in ristretto255, in the random-oracle
//! model. "Endemic": a malicious side may choose its own keys, and nothing more, which is all that an extension needs.
//!
//! For transfer j of 128, with choice bit c, and s the session:
//!
//! ```text
//! H(i, R)    = 2019/706's oracle: hash_to_ristretto255(s ‖ j as 4 bytes little-endian ‖ i as 1 byte ‖ R)
//! receiver   R_{1-c} = a random element, R_c = x·G - H(c, R_{1-c});      sends R_0 ‖ R_1
//! sender     A = a·G;                                                    sends A
//! key i      = first 16 bytes of derive(base-ot-key, D_i; s, j, i, A, R_0, R_1),   D_i = a·(R_i + H(i, R_{1-i}))
//! ```
//!
//! D_c = x·A is the receiver's. Both messages may cross on the wire: neither depends on the other. The scalar a is fresh for
//! each transfer, as the proof has it; nothing but the encoding of elements is batched.
//!
//! Not against a quantum adversary. A hybrid will put the secrets of ML-KEM transfers beside D_i into the same derivation, and
//! their messages behind these; keys and types stay as they are.

use core::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar as DalekScalar;
use subtle::{Choice, ConditionallySelectable as _};
use zeroize::Zeroizing;

use super::{ChosenKeys, Delta, KeyPairs, TRANSFERS};
use crate::group::{Dst, Expander, Scalar, decode_all, double_and_encode};
use crate::{Block, Digest, Domain, Secret32, Seed, derive};

/// Bytes of a receiver's message: R_0 and R_1 of each transfer in turn.
pub const RECEIVER_LEN: usize = TRANSFERS * 2 * ELEMENT_LEN;

/// Bytes of a sender's message: A of each transfer in turn.
pub const SENDER_LEN: usize = TRANSFERS * ELEMENT_LEN;

/// The side of the base transfers that gets both keys of each.
pub struct OtSender {
    session: Digest,
    // Half of each a: multiplying by it leaves a doubling for the batched encoding.
    halves: Zeroizing<Vec<DalekScalar>>,
    publics: Vec<[u8; ELEMENT_LEN]>,
}

impl OtSender {
    /// Begins 128 transfers. Beside the state, [`SENDER_LEN`] bytes to send. The seed serves nothing else.
    pub fn new(session: &Digest, seed: Seed) -> (Self, Vec<u8>) {
        let halves = random_scalars(&mut seed.rng());
        let publics = double_and_encode(&halves.iter().map(RistrettoPoint::mul_base).collect::<Vec<_>>());
        let message = publics.concat();
        (Self { session: *session, halves, publics }, message)
    }

    /// Both keys of each transfer, from the receiver's message.
    ///
    /// # Errors
    /// If the message has another length than [`RECEIVER_LEN`], or names the first transfer with an element that is not canonical
    /// or is the identity.
    pub fn finish(self, message: &[u8]) -> Result<KeyPairs, OtError> {
        let encoded = elements(message, RECEIVER_LEN)?;
        let points = decode_all(encoded).map_err(|index| OtError::BadElement { transfer: index / 2 })?;
        let oracle = Oracle::new(&self.session);
        let mut halves = Zeroizing::new(Vec::with_capacity(2 * TRANSFERS));
        for (transfer, half) in self.halves.iter().enumerate() {
            for side in 0..2 {
                let hash = oracle.point(transfer, side, &encoded[2 * transfer + 1 - side as usize]);
                halves.push((points[2 * transfer + side as usize] + hash) * half);
            }
        }
        let shared = Zeroizing::new(double_and_encode(&halves));
        let key = |transfer: usize, side: u8| {
            let pair = [encoded[2 * transfer], encoded[2 * transfer + 1]];
            key(&self.session, transfer, side, &shared[2 * transfer + side as usize], &self.publics[transfer], &pair)
        };
        Ok(KeyPairs(Zeroizing::new((0..TRANSFERS).map(|transfer| [key(transfer, 0), key(transfer, 1)]).collect())))
    }
}

impl fmt::Debug for OtSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtSender(..)")
    }
}

/// The side of the base transfers that gets the key of its choice from each.
pub struct OtReceiver {
    session: Digest,
    choices: Delta,
    halves: Zeroizing<Vec<DalekScalar>>,
    elements: Vec<[[u8; ELEMENT_LEN]; 2]>,
}

impl OtReceiver {
    /// Begins 128 transfers with these choices. Beside the state, [`RECEIVER_LEN`] bytes to send. The seed serves nothing else.
    pub fn new(session: &Digest, choices: Delta, seed: Seed) -> (Self, Vec<u8>) {
        let mut rng = seed.rng();
        let halves = random_scalars(&mut rng);
        let others: Zeroizing<Vec<_>> = Zeroizing::new((0..TRANSFERS).map(|_| random_point(&mut rng)).collect());
        let others = Zeroizing::new(double_and_encode(&others));
        let oracle = Oracle::new(session);
        let elements: Vec<_> = (0..TRANSFERS)
            .map(|transfer| {
                let (choice, other) = (choices.bit(transfer), others[transfer]);
                let scalar = Zeroizing::new(halves[transfer] + halves[transfer]);
                let hash = oracle.point(transfer, choice, &other);
                let chosen = (RistrettoPoint::mul_base(&scalar) - hash).compress().to_bytes();
                let choice = Choice::from(choice);
                [
                    <[u8; 32]>::conditional_select(&chosen, &other, choice),
                    <[u8; 32]>::conditional_select(&other, &chosen, choice),
                ]
            })
            .collect();
        let message = elements.as_flattened().concat();
        (Self { session: *session, choices, halves, elements }, message)
    }

    /// The chosen key of each transfer, from the sender's message.
    ///
    /// # Errors
    /// If the message has another length than [`SENDER_LEN`], or names the first transfer with an element that is not canonical or
    /// is the identity.
    pub fn finish(self, message: &[u8]) -> Result<ChosenKeys, OtError> {
        let publics = elements(message, SENDER_LEN)?;
        let points = decode_all(publics).map_err(|transfer| OtError::BadElement { transfer })?;
        let halves: Zeroizing<Vec<_>> =
            Zeroizing::new(points.iter().zip(self.halves.iter()).map(|(point, half)| point * half).collect());
        let shared = Zeroizing::new(double_and_encode(&halves));
        let keys = (0..TRANSFERS)
            .map(|transfer| {
                let choice = self.choices.bit(transfer);
                key(&self.session, transfer, choice, &shared[transfer], &publics[transfer], &self.elements[transfer])
            })
            .collect();
        Ok(ChosenKeys { choices: self.choices, keys: Zeroizing::new(keys) })
    }
}

impl fmt::Debug for OtReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtReceiver(..)")
    }
}

/// Why base transfers failed: the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtError {
    /// The message has the wrong length.
    #[error("a message of base transfers has {expected} bytes, this one {got}")]
    Len {
        /// Bytes that the message must have.
        expected: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// An element is not canonical or is the identity.
    #[error("an element of base transfer {transfer} is not a valid group element")]
    BadElement {
        /// The number of the transfer.
        transfer: usize,
    },
}

/// H of the module's formulas, for one session.
struct Oracle {
    expander: Expander,
    session: Digest,
}

impl Oracle {
    fn new(session: &Digest) -> Self {
        const DST: Dst = Dst::new(Domain::BaseOtHash.text().as_bytes());
        Self { expander: Expander::new(DST), session: *session }
    }

    fn point(&self, transfer: usize, side: u8, other: &[u8; ELEMENT_LEN]) -> RistrettoPoint {
        self.expander.point(&[self.session.as_bytes(), &number(transfer), &[side], other])
    }
}

fn key(
    session: &Digest,
    transfer: usize,
    side: u8,
    shared: &[u8; ELEMENT_LEN],
    public: &[u8; ELEMENT_LEN],
    pair: &[[u8; ELEMENT_LEN]; 2],
) -> Block {
    let shared = Secret32::new(*shared);
    let parts: [&[u8]; 6] = [session.as_bytes(), &number(transfer), &[side], public, &pair[0], &pair[1]];
    let key = derive(Domain::BaseOtKey, &shared, &parts);
    let (first, _) = key.expose().split_first_chunk().expect("a secret has 32 bytes");
    Block::from_bytes(*first)
}

fn elements(message: &[u8], expected: usize) -> Result<&[[u8; ELEMENT_LEN]], OtError> {
    if message.len() != expected {
        return Err(OtError::Len { expected, got: message.len() });
    }
    Ok(message.as_chunks().0)
}

fn random_scalars(rng: &mut impl rand_core::CryptoRng) -> Zeroizing<Vec<DalekScalar>> {
    Zeroizing::new((0..TRANSFERS).map(|_| Scalar::random(rng).0).collect())
}

fn random_point(rng: &mut impl rand_core::CryptoRng) -> RistrettoPoint {
    let mut bytes = Zeroizing::new([0; 64]);
    rng.fill_bytes(bytes.as_mut());
    RistrettoPoint::from_uniform_bytes(&bytes)
}

const fn number(transfer: usize) -> [u8; 4] {
    (transfer as u32).to_le_bytes()
}

const ELEMENT_LEN: usize = 32;
