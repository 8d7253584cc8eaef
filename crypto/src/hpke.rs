//! Sealing to a public key: HPKE in its base mode (RFC 9180), with X25519, HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! Whoever carries what was sealed learns that it is there and how long it is, so all messages of an execution are filled up to
//! one length. A [`Sealer`] seals any number of them to one public key; they open in their order alone. Both sides also have a
//! key for the answer, which goes back by the way the messages came.
//!
//! The HPKE itself is the `hpke` crate's; the RFC's vector is a test here. It is not post-quantum: someone who records what was
//! sealed and later has a quantum computer opens it.

use core::fmt;

use hpke::aead::{AeadCtxR, AeadCtxS, AeadTag, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, setup_receiver, setup_sender_with_rng};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Digest, Domain, SealKey, Secret32, Seed, digest};

type PrivateKey = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;

/// The key that opens.
pub struct OpeningKey {
    secret: PrivateKey,
    public: SealingKey,
}

impl OpeningKey {
    /// DeriveKeyPair of RFC 9180 §7.1.3: the same secret always gives the same key.
    pub fn derive(secret: &Secret32) -> Self {
        let (secret, public) = X25519HkdfSha256::derive_keypair(secret.expose());
        Self { secret, public: SealingKey(public.to_bytes().into()) }
    }

    /// The public half.
    pub fn public(&self) -> SealingKey {
        self.public
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey(..)")
    }
}

/// The public key that seals to an [`OpeningKey`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// The key with this encoding. Any 32 bytes are one; a point of low order is refused when something is sealed to it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its encoding.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", Digest::from_bytes(self.0))
    }
}

/// Seals messages of one length to one public key, in order.
pub struct Sealer {
    state: AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>,
    encapsulated: [u8; 32],
    len: usize,
}

impl Sealer {
    /// Every sealed message will have `len` bytes. What it is for is bound to the parts, of which the other side must have the
    /// same.
    ///
    /// # Errors
    /// If the public key is a point of low order, or `len` leaves no room for a message.
    pub fn new(to: &SealingKey, parts: &[&[u8]], len: usize, seed: Seed) -> Result<Self, HpkeError> {
        Self::with_bound(to, digest(Domain::HpkeSealed, parts).as_bytes(), len, &mut seed.rng())
    }

    /// What the other side needs before it can open: 32 bytes.
    pub fn encapsulated(&self) -> &[u8; 32] {
        &self.encapsulated
    }

    /// Seals the next message: its length, the message, and zeros.
    ///
    /// # Errors
    /// If the message is too long.
    pub fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, HpkeError> {
        let room = self.len - OVERHEAD;
        if message.len() > room {
            return Err(HpkeError::TooLong { room, len: message.len() });
        }
        let mut sealed = Vec::with_capacity(self.len);
        sealed.extend_from_slice(&(message.len() as u32).to_le_bytes());
        sealed.extend_from_slice(message);
        sealed.resize(self.len - TAG_LEN, 0);
        let tag = self.seal_raw(&mut sealed, &[])?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// The key of the answer. The other side has the same.
    pub fn answer_key(&self) -> SealKey {
        answer_key(|name, out| self.state.export(name, out))
    }

    fn with_bound(to: &SealingKey, bound: &[u8], len: usize, rng: &mut impl CryptoRng) -> Result<Self, HpkeError> {
        check_len(len)?;
        let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&to.0).map_err(|_| HpkeError::BadKey)?;
        let (encapsulated, state) =
            setup_sender_with_rng(&OpModeS::Base, &to, bound, rng).map_err(|_| HpkeError::BadKey)?;
        Ok(Self { state, encapsulated: encapsulated.to_bytes().into(), len })
    }

    fn seal_raw(&mut self, buffer: &mut [u8], aad: &[u8]) -> Result<[u8; TAG_LEN], HpkeError> {
        // The one error is the end of 2^64 messages or of a message's 256 GiB.
        let tag = self.state.seal_inout_detached(buffer.into(), aad).map_err(|_| HpkeError::Exhausted)?;
        Ok(tag.to_bytes().into())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

/// Opens what a [`Sealer`] sealed, in the same order.
pub struct Opener {
    state: AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>,
    len: usize,
}

impl Opener {
    /// For messages of `len` bytes when sealed, under the same parts.
    ///
    /// # Errors
    /// If what was encapsulated is a point of low order, or `len` leaves no room for a message.
    pub fn new(key: &OpeningKey, encapsulated: &[u8; 32], parts: &[&[u8]], len: usize) -> Result<Self, HpkeError> {
        Self::with_bound(key, encapsulated, digest(Domain::HpkeSealed, parts).as_bytes(), len)
    }

    /// Opens the next message. After a refusal the same message can be tried again.
    ///
    /// # Errors
    /// If it has another length, was not sealed as the next one to this key under these parts, or is not filled up as it should.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
        if sealed.len() != self.len {
            return Err(HpkeError::Length { expected: self.len, got: sealed.len() });
        }
        let (body, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(HpkeError::Refused)?;
        let mut opened = Zeroizing::new(body.to_vec());
        self.open_raw(&mut opened, &[], tag)?;
        let (len, rest) = opened.split_first_chunk().ok_or(HpkeError::Filling)?;
        let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| HpkeError::Filling)?;
        let (message, filling) = rest.split_at_checked(len).ok_or(HpkeError::Filling)?;
        if filling.iter().any(|byte| *byte != 0) {
            return Err(HpkeError::Filling);
        }
        Ok(Zeroizing::new(message.to_vec()))
    }

    /// The key of the answer. The other side has the same.
    pub fn answer_key(&self) -> SealKey {
        answer_key(|name, out| self.state.export(name, out))
    }

    fn with_bound(key: &OpeningKey, encapsulated: &[u8; 32], bound: &[u8], len: usize) -> Result<Self, HpkeError> {
        check_len(len)?;
        let encapsulated =
            <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| HpkeError::BadKey)?;
        let state = setup_receiver(&OpModeR::Base, &key.secret, &encapsulated, bound).map_err(|_| HpkeError::BadKey)?;
        Ok(Self { state, len })
    }

    fn open_raw(&mut self, buffer: &mut [u8], aad: &[u8], tag: &[u8; TAG_LEN]) -> Result<(), HpkeError> {
        let tag = AeadTag::from_bytes(tag).map_err(|_| HpkeError::Refused)?;
        self.state.open_inout_detached(buffer.into(), aad, &tag).map_err(|_| HpkeError::Refused)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// Seals one message by itself, for [`open_one`]: `len` bytes, the encapsulated key first.
///
/// # Errors
/// As [`Sealer::new`].
///
/// # Panics
/// If the message is longer than `len` has room for.
pub fn seal_one(
    to: &SealingKey,
    parts: &[&[u8]],
    len: usize,
    message: &[u8],
    seed: Seed,
) -> Result<Vec<u8>, HpkeError> {
    let mut sealer = Sealer::new(to, parts, len.saturating_sub(ENCAPSULATED_LEN), seed)?;
    let sealed = sealer.seal(message).expect("the length has room for the message");
    Ok([sealer.encapsulated().as_slice(), &sealed].concat())
}

/// Opens what [`seal_one`] sealed, under the same parts and to the same length.
///
/// # Errors
/// As [`Opener::new`] and [`Opener::open`].
pub fn open_one(key: &OpeningKey, parts: &[&[u8]], len: usize, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let cut = HpkeError::Length { expected: len, got: sealed.len() };
    let (encapsulated, sealed) = sealed.split_first_chunk().ok_or(cut)?;
    Opener::new(key, encapsulated, parts, len.saturating_sub(ENCAPSULATED_LEN))?.open(sealed)
}

/// What is sealed besides a message: its length and a tag.
pub const OVERHEAD: usize = 4 + TAG_LEN;

/// Bytes of the encapsulated key, which comes before what was sealed.
pub const ENCAPSULATED_LEN: usize = 32;

/// Bytes of ChaCha20-Poly1305's tag.
const TAG_LEN: usize = 16;

fn check_len(len: usize) -> Result<(), HpkeError> {
    if len <= OVERHEAD || len > u32::MAX as usize { Err(HpkeError::SealedLen { len }) } else { Ok(()) }
}

fn answer_key(export: impl FnOnce(&[u8], &mut [u8]) -> Result<(), hpke::HpkeError>) -> SealKey {
    let mut bytes = Zeroizing::new([0; 32]);
    export(Domain::HpkeAnswer.text().as_bytes(), bytes.as_mut_slice()).expect("32 bytes are one block of HKDF");
    SealKey::new(Secret32::new(*bytes))
}

/// Why something was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// A public key or an encapsulated one is a point of low order.
    #[error("the key is a point of low order: no secret can be agreed on with it")]
    BadKey,
    /// A length that has no room for a message, or is above 2^32 - 1.
    #[error("a sealed message has {OVERHEAD} bytes besides the message and less than 2^32 in all, not {len}")]
    SealedLen {
        /// The length asked for.
        len: usize,
    },
    /// The message does not fit.
    #[error("a message has up to {room} bytes here, this one {len}")]
    TooLong {
        /// Bytes there is room for.
        room: usize,
        /// Bytes of the message.
        len: usize,
    },
    /// No more messages can be sealed.
    #[error("this key has sealed all that it may")]
    Exhausted,
    /// What came has another length than all messages have.
    #[error("a sealed message has {expected} bytes here, this one {got}")]
    Length {
        /// Bytes that it should have.
        expected: usize,
        /// Bytes that it has.
        got: usize,
    },
    /// Key, order, parts or bytes are not those it was sealed with.
    #[error("the sealed message does not open under this key, place and what it is bound to")]
    Refused,
    /// It opens, and its inside is not a length, a message and zeros.
    #[error("the sealed message is not filled up as it should be")]
    Filling,
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use rand_core::{TryCryptoRng, TryRng};

    use super::*;
    use crate::vectors::{array, bytes, list, vectors};

    const LEN: usize = 64;

    fn key() -> OpeningKey {
        OpeningKey::derive(&Secret32::new([1; 32]))
    }

    fn sealer() -> Sealer {
        Sealer::new(&key().public(), &[b"a", b"bc"], LEN, Seed::new([2; 32])).unwrap()
    }

    fn opener(sealer: &Sealer) -> Opener {
        Opener::new(&key(), sealer.encapsulated(), &[b"a", b"bc"], LEN).unwrap()
    }

    /// Gives 32 bytes that a vector says, and nothing more.
    struct Fixed(Vec<u8>);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("HPKE fills bytes")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("HPKE fills bytes")
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.copy_from_slice(&self.0.drain(..bytes.len()).collect::<Vec<_>>());
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    #[test]
    fn both_sides_match_rfc_9180() {
        let case = vectors(include_str!("../vectors/rfc9180-x25519-sha256-chacha20poly1305.json"));
        let key = OpeningKey::derive(&Secret32::new(array(&case["ikmR"])));
        assert_eq!(key.public().as_bytes(), &array(&case["pkRm"]));
        let info = bytes(&case["info"]);
        let mut sealer = Sealer::with_bound(&key.public(), &info, 100, &mut Fixed(bytes(&case["ikmE"]))).unwrap();
        assert_eq!(sealer.encapsulated(), &array(&case["enc"]));
        let mut opener = Opener::with_bound(&key, sealer.encapsulated(), &info, 100).unwrap();
        for (aad, pt, ct) in list(&case["encryptions"], |e| (bytes(&e["aad"]), bytes(&e["pt"]), bytes(&e["ct"]))) {
            let mut buffer = pt.clone();
            let tag = sealer.seal_raw(&mut buffer, &aad).unwrap();
            assert_eq!([buffer.as_slice(), &tag].concat(), ct);
            opener.open_raw(&mut buffer, &aad, &tag).unwrap();
            assert_eq!(buffer, pt);
        }
        for (name, value) in list(&case["exports"], |e| (bytes(&e["exporter_context"]), bytes(&e["exported_value"]))) {
            let mut exported = [0; 32];
            sealer.state.export(&name, &mut exported).unwrap();
            assert_eq!(exported[..], value);
        }
    }

    #[test]
    fn one_message_by_itself_opens_under_its_key_parts_and_length_alone() {
        let (to, len) = (key().public(), ENCAPSULATED_LEN + LEN);
        let sealed = seal_one(&to, &[b"a"], len, b"message", Seed::new([2; 32])).unwrap();
        assert_eq!(sealed.len(), len);
        assert_eq!(*open_one(&key(), &[b"a"], len, &sealed).unwrap(), b"message");
        assert_eq!(open_one(&key(), &[b"b"], len, &sealed), Err(HpkeError::Refused));
        let other = OpeningKey::derive(&Secret32::new([3; 32]));
        assert_eq!(open_one(&other, &[b"a"], len, &sealed), Err(HpkeError::Refused));
        for cut in [0, ENCAPSULATED_LEN - 1, ENCAPSULATED_LEN, len - 1] {
            assert!(matches!(open_one(&key(), &[b"a"], len, &sealed[..cut]), Err(HpkeError::Length { .. })), "{cut}");
        }
        let low = SealingKey::from_bytes([0; 32]);
        assert_eq!(seal_one(&low, &[b"a"], len, b"message", Seed::new([2; 32])), Err(HpkeError::BadKey));
    }

    #[test]
    fn messages_of_all_lengths_have_one_length_and_open_in_order() {
        let mut sealer = sealer();
        let mut opener = opener(&sealer);
        for len in 0..=LEN - OVERHEAD {
            let message = vec![0xab; len];
            let sealed = sealer.seal(&message).unwrap();
            assert_eq!(sealed.len(), LEN);
            assert_eq!(*opener.open(&sealed).unwrap(), message);
        }
        let room = LEN - OVERHEAD;
        assert_eq!(sealer.seal(&[0; LEN]), Err(HpkeError::TooLong { room, len: LEN }));
        let nonce = [0; 24];
        let answer = opener.answer_key().seal(&nonce, &[], b"answer");
        assert_eq!(sealer.answer_key().open(&nonce, &[], &answer).unwrap().as_slice(), b"answer");
    }

    #[test]
    fn what_was_sealed_for_another_place_key_or_purpose_is_refused() {
        let mut sealer = sealer();
        let [first, second] = [b"one", b"two"].map(|message| sealer.seal(message).unwrap());
        let check =
            |mut opener: Opener, sealed: &[u8], expected| assert_eq!(opener.open(sealed).unwrap_err(), expected);
        check(opener(&sealer), &second, HpkeError::Refused);
        let mut after = opener(&sealer);
        after.open(&first).unwrap();
        check(after, &first, HpkeError::Refused);
        let of = |key: &OpeningKey, parts: &[&[u8]]| Opener::new(key, sealer.encapsulated(), parts, LEN).unwrap();
        check(of(&OpeningKey::derive(&Secret32::new([9; 32])), &[b"a", b"bc"]), &first, HpkeError::Refused);
        check(of(&key(), &[b"ab", b"c"]), &first, HpkeError::Refused);
        for bit in 0..8 * LEN {
            let mut changed = first.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(opener(&sealer), &changed, HpkeError::Refused);
        }
        check(opener(&sealer), &first[1..], HpkeError::Length { expected: LEN, got: LEN - 1 });
        check(opener(&sealer), &[], HpkeError::Length { expected: LEN, got: 0 });
    }

    #[test]
    fn wrong_filling_and_keys_of_low_order_are_refused() {
        let check = |inside: &[u8]| {
            let mut sealer = sealer();
            let mut body = inside.to_vec();
            body.resize(LEN - TAG_LEN, 0);
            let tag = sealer.seal_raw(&mut body, &[]).unwrap();
            opener(&sealer).open(&[body.as_slice(), &tag].concat()).map(|message| message.len())
        };
        assert_eq!(check(&[3, 0, 0, 0, 1, 2, 3]), Ok(3));
        assert_eq!(check(&[2, 0, 0, 0, 1, 2, 3]), Err(HpkeError::Filling));
        assert_eq!(check(&[45, 0, 0, 0]), Err(HpkeError::Filling));
        assert_eq!(check(&[0xff; 4]), Err(HpkeError::Filling));
        let zero = SealingKey::from_bytes([0; 32]);
        assert_eq!(Sealer::new(&zero, &[], LEN, Seed::new([0; 32])).unwrap_err(), HpkeError::BadKey);
        assert_eq!(Opener::new(&key(), &[0; 32], &[], LEN).unwrap_err(), HpkeError::BadKey);
        let short = Sealer::new(&key().public(), &[], OVERHEAD, Seed::new([0; 32]));
        assert_eq!(short.unwrap_err(), HpkeError::SealedLen { len: OVERHEAD });
        assert_eq!(format!("{:?} {:?}", key(), sealer()), "OpeningKey(..) Sealer(..)");
    }
}
