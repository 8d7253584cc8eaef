//! Tickets: one is given to each of some known people, and later taken from someone, without anyone knowing from whom.
//!
//! The pattern of Privacy Pass with private verification (RFC 9578 §5): the issuer evaluates a blinded element under a key that
//! serves this one execution, with a proof that it is the same key for everyone, and whoever asked removes the blind. Whoever
//! issues can check a ticket and cannot tell which of the elements it evaluated became this ticket. A ticket has a serial, by
//! which a second use is seen.
//!
//! ```
//! use cwg_crypto::ticket::{self, TicketRequest};
//! use cwg_crypto::voprf::EvaluationKey;
//! use cwg_crypto::{Digest, Seed};
//!
//! let (key, execution) = (EvaluationKey::from_seed(&Seed::new([1; 32])), Digest::from_bytes([2; 32]));
//! let request = TicketRequest::new(&execution, &key.public(), Seed::new([3; 32]));
//! let (evaluated, proof) = ticket::issue(&key, request.blinded(), Seed::new([4; 32]))?;
//! let ticket = request.finish(&evaluated, &proof)?;
//! let serial = ticket::redeem(&key, &execution, &ticket)?;
//! assert_eq!(ticket::slots_of(&[serial])?[0].number(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately left out: that each person gets one, and the memory of serials. The issuer must show everyone the same public
//! key before the first request; with a key for each person it would know them by their tickets.

use core::fmt;

use rand_core::Rng as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::collect::{SLOTS_MAX, Slot};
use crate::voprf::{Blinding, EvaluateError, EvaluationKey, FinalizeError, Proof, PublicKey, evaluate, evaluate_own};
use crate::{Digest, Domain, Seed, ct_eq, derive_public};

/// What was asked for and not yet given.
pub struct TicketRequest {
    input: [u8; INPUT_LEN],
    issuer: PublicKey,
    blinding: Blinding,
}

impl TicketRequest {
    /// A request for a ticket of an execution. The seed serves this request alone.
    pub fn new(execution: &Digest, issuer: &PublicKey, seed: Seed) -> Self {
        let mut nonce = [0; 32];
        seed.fork("nonce", 0).rng().fill_bytes(&mut nonce);
        let input = input(&nonce, execution, issuer);
        let blinding = Blinding::of(&[input], seed.fork("blind", 0))
            .expect("one input of 96 bytes, and none is known to hash to the identity");
        Self { input, issuer: *issuer, blinding }
    }

    /// The blinded element, which says nothing of the ticket.
    pub fn blinded(&self) -> &[u8; 32] {
        &self.blinding.blinded()[0]
    }

    /// The ticket.
    ///
    /// # Errors
    /// If the evaluated element is not valid, or was not evaluated under the issuer's public key.
    pub fn finish(self, evaluated: &[u8; 32], proof: &Proof) -> Result<Ticket, FinalizeError> {
        let outputs = self.blinding.finalize(&[self.input], &[*evaluated], proof, &self.issuer)?;
        let nonce = *self.input.first_chunk().expect("96 bytes have 32");
        Ok(Ticket { nonce, authenticator: *outputs[0].expose() })
    }
}

impl fmt::Debug for TicketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketRequest(..)")
    }
}

/// Evaluates one request, with a proof that it was under this key.
///
/// # Errors
/// If the element is not canonical or is the identity.
pub fn issue(key: &EvaluationKey, blinded: &[u8; 32], seed: Seed) -> Result<([u8; 32], Proof), EvaluateError> {
    let (evaluated, proof) = evaluate(key, &[*blinded], seed)?;
    Ok((evaluated[0], proof))
}

/// The right to one place in one execution. Whoever has the bytes has the right.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Ticket {
    nonce: [u8; 32],
    authenticator: [u8; 64],
}

impl Ticket {
    /// Its encoding: nonce, then authenticator.
    pub fn encode(&self) -> [u8; TICKET_LEN] {
        let mut bytes = [0; TICKET_LEN];
        bytes[..32].copy_from_slice(&self.nonce);
        bytes[32..].copy_from_slice(&self.authenticator);
        bytes
    }

    /// Its serial in an execution. Its owner knows it beforehand, and nobody else can tell whose it is.
    pub fn serial(&self, execution: &Digest) -> TicketSerial {
        TicketSerial(derive_public(Domain::TicketSerial, &[execution.as_bytes(), &self.nonce]))
    }

    /// The ticket with this encoding. Whether it is good, [`redeem`] says.
    pub fn decode(bytes: &[u8; TICKET_LEN]) -> Self {
        let (nonce, authenticator) = bytes.split_first_chunk().expect("96 bytes have 32");
        Self { nonce: *nonce, authenticator: authenticator.try_into().expect("64 bytes are left") }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// Bytes of a ticket.
pub const TICKET_LEN: usize = 96;

/// Checks a ticket under the key that issued it. The serial is the same each time the ticket is shown: whoever redeems must
/// remember it and refuse it the second time.
///
/// # Errors
/// If the key did not issue this ticket for this execution.
pub fn redeem(key: &EvaluationKey, execution: &Digest, ticket: &Ticket) -> Result<TicketSerial, BadTicket> {
    let outputs = evaluate_own(key, &[input(&ticket.nonce, execution, &key.public())]).map_err(|_| BadTicket)?;
    if !ct_eq(outputs[0].expose(), &ticket.authenticator) {
        return Err(BadTicket);
    }
    Ok(ticket.serial(execution))
}

/// A digest of a redeemed ticket: public, and of no use to whoever would redeem it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketSerial(Digest);

impl TicketSerial {
    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

/// A slot for each serial, in the order given: 1 for the smallest serial, 2 for the next. Whoever redeems has no say in it.
///
/// # Errors
/// If there are more serials than slots, or one is there twice.
pub fn slots_of(serials: &[TicketSerial]) -> Result<Vec<Slot>, SlotsError> {
    if serials.len() > usize::from(SLOTS_MAX) {
        return Err(SlotsError::TooMany { serials: serials.len() });
    }
    let slots = serials.iter().map(|serial| {
        if serials.iter().filter(|other| *other == serial).count() > 1 {
            return Err(SlotsError::Repeated);
        }
        let smaller = serials.iter().filter(|other| *other < serial).count();
        Ok(Slot::new(smaller as u8 + 1).expect("there are no more serials than slots"))
    });
    slots.collect()
}

/// What the function is evaluated on: nonce, execution, public key of the issuer.
fn input(nonce: &[u8; 32], execution: &Digest, issuer: &PublicKey) -> [u8; INPUT_LEN] {
    let mut bytes = [0; INPUT_LEN];
    bytes[..32].copy_from_slice(nonce);
    bytes[32..64].copy_from_slice(execution.as_bytes());
    bytes[64..].copy_from_slice(issuer.as_bytes());
    bytes
}

const INPUT_LEN: usize = 96;

/// Bytes that no key issued, or another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ticket was not issued under this key for this execution")]
pub struct BadTicket;

/// Why slots were not given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// More than [`SLOTS_MAX`].
    #[error("there are {SLOTS_MAX} slots, and {serials} tickets were redeemed")]
    TooMany {
        /// How many there were.
        serials: usize,
    },
    /// A ticket was taken twice.
    #[error("one ticket was redeemed twice")]
    Repeated,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: Digest = Digest::from_bytes([2; 32]);

    fn key(number: u8) -> EvaluationKey {
        EvaluationKey::from_seed(&Seed::new([number; 32]))
    }

    fn request(number: u8) -> TicketRequest {
        TicketRequest::new(&EXECUTION, &key(1).public(), Seed::new([number; 32]))
    }

    fn ticket(number: u8) -> Ticket {
        let request = request(number);
        let (evaluated, proof) = issue(&key(1), request.blinded(), Seed::new([9; 32])).unwrap();
        request.finish(&evaluated, &proof).unwrap()
    }

    #[test]
    fn an_issued_ticket_is_redeemed_under_its_key_and_execution_alone() {
        let redeemed = |key: &EvaluationKey, execution: u8, bytes: &[u8; TICKET_LEN]| {
            redeem(key, &Digest::from_bytes([execution; 32]), &Ticket::decode(bytes))
        };
        let bytes = ticket(5).encode();
        let serial = redeemed(&key(1), 2, &bytes).unwrap();
        assert_eq!(Ticket::decode(&bytes).serial(&EXECUTION), serial, "its owner knows the serial");
        assert_eq!(redeemed(&key(1), 2, &bytes), Ok(serial), "a second use has the same serial");
        assert_ne!(redeemed(&key(1), 2, &ticket(6).encode()), Ok(serial));
        assert_eq!(redeemed(&key(2), 2, &bytes), Err(BadTicket));
        assert_eq!(redeemed(&key(1), 3, &bytes), Err(BadTicket));
        for bit in 0..8 * TICKET_LEN {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(redeemed(&key(1), 2, &changed), Err(BadTicket), "bit {bit}");
        }
    }

    #[test]
    fn an_issuer_that_uses_a_key_of_its_own_for_someone_is_found_out() {
        let request = request(5);
        let (evaluated, proof) = issue(&key(2), request.blinded(), Seed::new([9; 32])).unwrap();
        assert_eq!(request.finish(&evaluated, &proof).unwrap_err(), FinalizeError::ProofRefused);
        assert_eq!(issue(&key(1), &[0; 32], Seed::new([9; 32])).unwrap_err(), EvaluateError::BadElement { index: 0 });
    }

    #[test]
    fn slots_follow_serials_whatever_the_order_of_redeeming() {
        let serials: Vec<_> = (0..15).map(|number| redeem(&key(1), &EXECUTION, &ticket(number)).unwrap()).collect();
        let slots = slots_of(&serials).unwrap();
        let mut numbers: Vec<_> = slots.iter().map(|slot| slot.number()).collect();
        let reversed: Vec<_> = serials.iter().rev().copied().collect();
        assert!(slots_of(&reversed).unwrap().iter().rev().eq(&slots));
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=15).collect::<Vec<_>>());
        assert_eq!(slots_of(&[serials[0], serials[1], serials[0]]), Err(SlotsError::Repeated));
        assert_eq!(slots_of(&[serials.as_slice(), &serials[..1]].concat()), Err(SlotsError::TooMany { serials: 16 }));
        assert_eq!(slots_of(&[]), Ok(vec![]));
    }

    #[test]
    fn tickets_do_not_print() {
        assert_eq!(format!("{:?} {:?}", ticket(1), request(1)), "Ticket(..) TicketRequest(..)");
    }
}
