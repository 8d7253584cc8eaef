//! Deposits: what every member sends to the hub, through the relay, once in every interval (`docs/spec/reveal.md` §4).

use core::fmt;

use cwg_crypto::hpke::{ENCAPSULATED_LEN, OVERHEAD, OpeningKey, SealingKey, open_one, seal_one};
use cwg_crypto::{Digest, Secret32, Seed};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::approval::Side;
use super::limits::BOX_PLAIN_LEN;
use super::step::SEALED_SLOT_LEN;
use crate::round::{Execution, RoundTerms};
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedBytes, BoundedVec};

/// Bytes of a box: the encapsulated key, and what was sealed.
pub(super) const BOX_LEN: usize = ENCAPSULATED_LEN + BOX_PLAIN_LEN + OVERHEAD;

/// Bytes of a deposit before it is sealed: what it is, slot, mark, box.
pub(super) const DEPOSIT_LEN: usize = 1 + 16 + 32 + BOX_LEN;
const CARRIED_LEN: usize = ENCAPSULATED_LEN + DEPOSIT_LEN + OVERHEAD;

/// A deposit as it is carried: the encapsulated key, and what was sealed to the hub.
pub(super) type CarriedDeposit = BoundedBytes<CARRIED_LEN>;

/// A box as it is shown.
pub(super) type ShownBox = BoundedBytes<BOX_LEN>;

/// Boxes of a page: a deposit of an interval releases itself and one that was held.
pub(super) const PAGE_BOXES_MAX: usize = 2 * MEMBERS_MAX;

/// Where the hub puts the boxes of one reveal. Random; both sides have it and nobody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Slot(pub(super) [u8; 16]);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

/// What a deposit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// Takes the slot's boxes away. First in the order, so that who withdraws in the interval of the release is heard.
    Withdraw,
    /// Puts a box there.
    Hold,
}

/// A deposit to be sent in one interval.
#[derive(Clone, PartialEq, Eq)]
pub struct Deposit {
    pub(super) purpose: Purpose,
    pub(super) slot: Slot,
    /// Of a box the digest of its side's secret, of a withdrawal the secret.
    pub(super) mark: [u8; 32],
    pub(super) sealed: Vec<u8>,
}

impl fmt::Debug for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deposit({:?})", self.purpose)
    }
}

impl Deposit {
    /// A box of nothing in a slot that nobody else has.
    fn random(seed: &Seed) -> Self {
        let mut rng = seed.fork("slot", 0).rng();
        let mut slot = Slot([0; 16]);
        let mut mark = [0; 32];
        rng.fill_bytes(&mut slot.0);
        rng.fill_bytes(&mut mark);
        Self { purpose: Purpose::Hold, slot, mark, sealed: filler_box(&seed.fork("box", 0)) }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let purpose = match self.purpose {
            Purpose::Hold => 1,
            Purpose::Withdraw => 2,
        };
        Zeroizing::new([&[purpose], self.slot.0.as_slice(), &self.mark, &self.sealed].concat())
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[purpose], rest) = bytes.split_first_chunk()?;
        let (slot, rest) = rest.split_first_chunk()?;
        let (mark, sealed) = rest.split_first_chunk()?;
        let purpose = match purpose {
            1 => Purpose::Hold,
            2 => Purpose::Withdraw,
            _ => return None,
        };
        (sealed.len() == BOX_LEN).then(|| Self { purpose, slot: Slot(*slot), mark: *mark, sealed: sealed.to_vec() })
    }
}

/// A member's deposit of an interval, to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealUpload {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval of the rooms.
    pub interval: u16,
    /// The deposit.
    pub deposit: CarriedDeposit,
}

/// Everyone's deposits of an interval, to the hub: one for each member, whoever was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealBatch {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
    /// The deposits, in random order.
    pub deposits: BoundedVec<CarriedDeposit, MEMBERS_MAX>,
}

/// What the hub shows everyone of an interval: the boxes that it releases, and boxes of nothing up to two for each member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPage {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
    /// The boxes, ascending.
    pub boxes: BoundedVec<ShownBox, PAGE_BOXES_MAX>,
}

/// A member's upload of an interval: to be sent with its posts, also when there is nothing to deposit. One reveal has its turn in an interval, others
/// wait for the next. The seed serves this interval alone; the same gives the same bytes.
pub fn reveal_upload(
    terms: &RoundTerms,
    execution: Execution,
    interval: u16,
    deposit: Option<&Deposit>,
    seed: &Seed,
) -> RevealUpload {
    let random = Deposit::random(&seed.fork("dummy", 0));
    let deposit = carried(terms, execution, interval, &deposit.unwrap_or(&random).encode(), seed.fork("outer", 0));
    RevealUpload { execution, interval, deposit }
}

/// A deposit for a member that was not there.
pub(super) fn random_carried(terms: &RoundTerms, execution: Execution, interval: u16, seed: &Seed) -> CarriedDeposit {
    reveal_upload(terms, execution, interval, None, seed).deposit
}

fn carried(terms: &RoundTerms, execution: Execution, interval: u16, deposit: &[u8], seed: Seed) -> CarriedDeposit {
    let interval = interval.to_le_bytes();
    let sealed = seal_one(&terms.sealing(), &outer_parts(&execution, &interval), CARRIED_LEN, deposit, seed);
    let sealed = sealed.expect("the terms were checked for a key that can be sealed to");
    sealed.try_into().expect("of the length of all")
}

/// Opens a deposit as the hub. None if it is none.
pub(super) fn open_carried(
    key: &OpeningKey,
    execution: Execution,
    interval: u16,
    carried: &CarriedDeposit,
) -> Option<Deposit> {
    let interval = interval.to_le_bytes();
    Deposit::decode(&open_one(key, &outer_parts(&execution, &interval), CARRIED_LEN, carried).ok()?)
}

/// The turn, that it is a deposit (0 and 1 are lists and posts), and the interval.
fn outer_parts<'a>(execution: &'a Execution, interval: &'a [u8; 2]) -> [&'a [u8]; 3] {
    [execution.0.as_bytes(), &[2], interval]
}

/// Seals what a side shows to the other's key. None if that key is none.
pub(super) fn seal_box(
    to: [u8; 32],
    name: &Digest,
    slot: Slot,
    from: Side,
    plain: &[u8],
    seed: Seed,
) -> Option<Vec<u8>> {
    let side = [from.number()];
    seal_one(&SealingKey::from_bytes(to), &box_parts(name, &slot, &side), BOX_LEN, plain, seed).ok()
}

/// A box of nothing, sealed to a key that nobody keeps. Random bytes would be told from a box: they are no X25519 key in most cases.
pub(super) fn filler_box(seed: &Seed) -> Vec<u8> {
    let to = OpeningKey::derive(&seed.fork("to", 0).into_secret()).public();
    seal_one(&to, &[], BOX_LEN, &[], seed.fork("seal", 0)).expect("something can be sealed to a key that was derived")
}

/// Opens a box, if it is the one that this side of this reveal awaits.
pub(super) fn open_box(
    key: &OpeningKey,
    name: &Digest,
    slot: Slot,
    from: Side,
    shown: &ShownBox,
) -> Option<Zeroizing<Vec<u8>>> {
    let side = [from.number()];
    open_one(key, &box_parts(name, &slot, &side), BOX_LEN, shown).ok()
}

/// The slot is among them, so that no third holder of the item, who can compute the name, makes a box that opens.
fn box_parts<'a>(name: &'a Digest, slot: &'a Slot, side: &'a [u8; 1]) -> [&'a [u8]; 4] {
    [name.as_bytes(), &[3], &slot.0, side]
}

/// The slot, sealed to the requester. None if its key is none.
pub(super) fn seal_slot(to: [u8; 32], name: &Digest, slot: Slot, seed: Seed) -> Option<[u8; SEALED_SLOT_LEN]> {
    let to = SealingKey::from_bytes(to);
    seal_one(&to, &[name.as_bytes(), &[4]], SEALED_SLOT_LEN, &slot.0, seed).ok()?.try_into().ok()
}

/// Opens it.
pub(super) fn open_slot(key: &Secret32, name: &Digest, sealed: &[u8; SEALED_SLOT_LEN]) -> Option<Slot> {
    let key = OpeningKey::derive(key);
    let opened = open_one(&key, &[name.as_bytes(), &[4]], SEALED_SLOT_LEN, sealed).ok()?;
    Some(Slot(opened.as_slice().try_into().ok()?))
}
