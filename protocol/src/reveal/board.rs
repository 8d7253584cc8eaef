//! The way of deposits: the relay passes everyone's on together, the hub pairs them (`docs/spec/reveal.md` §4).

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use cwg_crypto::hpke::OpeningKey;
use cwg_crypto::{Domain, Seed, ct_eq, digest};
use serde::{Deserialize, Serialize};

use super::deposit::{
    BOX_LEN, CarriedDeposit, Deposit, Purpose, RevealBatch, RevealPage, RevealUpload, ShownBox, Slot, filler_box,
    open_carried, random_carried,
};
use super::limits::HOLD_INTERVALS;
use crate::psi::{Job, JobOutput};
use crate::round::room::Gathered;
use crate::round::{Execution, RoundTerms, SharedTerms};
use crate::violation::Violation;
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedBytes, BoundedVec};
use crate::{NodeKey, UnixTime};

/// The relay's part in one interval ([`crate::round::RoundTerms::room_relay`]): it takes one deposit of each member, and passes all on together.
pub struct RevealRelay(Gathered<CarriedDeposit>);

impl RevealRelay {
    /// For one interval. It may be there before the interval begins: some members' clocks are ahead.
    pub fn new(terms: SharedTerms, execution: Execution, interval: u16, seed: Seed) -> Self {
        Self(Gathered::new(terms, execution, interval, seed))
    }

    /// When to call [`Self::on_time`]: at the end of the interval. None once everything was passed on.
    pub fn deadline(&self) -> Option<UnixTime> {
        self.0.deadline()
    }

    /// Takes a member's deposit. The same again, or one that comes too late, is passed over.
    ///
    /// # Errors
    /// If the sender takes no part, the deposit is of another turn or interval, a second one, or not of the length of all.
    pub fn on_upload(&mut self, member: NodeKey, upload: RevealUpload) -> Result<(), Violation> {
        check_len(&upload.deposit)?;
        self.0.take(member, (upload.execution, upload.interval), upload.deposit)
    }

    /// At the end of the interval: everyone's deposits in random order. For those who were not there the relay makes some, so that the hub does
    /// not learn how many were.
    pub fn on_time(&mut self, now: UnixTime) -> Option<RevealBatch> {
        let uploads = self.0.pass_on(now)?;
        let Gathered { terms, execution, interval, seed, .. } = &self.0;
        let mut deposits: Vec<CarriedDeposit> = uploads.collect();
        while deposits.len() < terms.body().members.len() {
            let seed = seed.fork("absent", deposits.len() as u64);
            deposits.push(random_carried(terms, *execution, *interval, &seed));
        }
        self.0.shuffle(&mut deposits);
        let deposits = deposits.try_into().expect("one for each member");
        Some(RevealBatch { execution: *execution, interval: *interval, deposits })
    }
}

impl fmt::Debug for RevealRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevealRelay(interval {})", self.0.interval)
    }
}

/// A box that waits for the other one of its slot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    interval: u16,
    mark: [u8; 32],
    sealed: ShownBox,
}

/// What the hub holds: boxes of the last intervals, real ones and others, and slots that are done with. To be stored with each page.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escrow {
    held: BoundedVec<(Slot, Held), HELD_MAX>,
    closed: BoundedVec<(Slot, u16), CLOSED_MAX>,
}

/// Boxes of the interval and of those before it for which boxes are held; slots of twice as many.
const HELD_MAX: usize = MEMBERS_MAX * (HOLD_INTERVALS as usize + 1);
const CLOSED_MAX: usize = MEMBERS_MAX * (2 * HOLD_INTERVALS as usize + 1);

impl fmt::Debug for Escrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Escrow({} held)", self.held.len())
    }
}

impl Escrow {
    /// Takes the deposits of an interval; gives the boxes that are released.
    fn take(&mut self, interval: u16, mut deposits: Vec<Deposit>) -> Vec<Vec<u8>> {
        // A slot that is done with is remembered for as long as a box of it could still come.
        let age = |since: u16| interval.saturating_sub(since);
        let known = core::mem::take(&mut self.held).into_inner().into_iter();
        let mut held: BTreeMap<Slot, Held> = known.filter(|(_, held)| age(held.interval) <= HOLD_INTERVALS).collect();
        let known = core::mem::take(&mut self.closed).into_inner().into_iter();
        let mut closed: BTreeMap<Slot, u16> = known.filter(|(_, since)| age(*since) <= 2 * HOLD_INTERVALS).collect();
        deposits.sort_by(|a, b| (a.purpose, a.slot, &a.mark).cmp(&(b.purpose, b.slot, &b.mark)));
        let mut released = Vec::new();
        for deposit in deposits {
            if closed.contains_key(&deposit.slot) {
                continue;
            }
            match (deposit.purpose, held.get(&deposit.slot)) {
                (Purpose::Withdraw, Some(own)) => {
                    let mark = digest(Domain::RevealMarkDigest, &[&deposit.mark]);
                    if ct_eq(mark.as_bytes(), &own.mark) {
                        held.remove(&deposit.slot);
                        closed.insert(deposit.slot, interval);
                    }
                }
                (Purpose::Withdraw, None) => {}
                (Purpose::Hold, None) => {
                    let sealed = deposit.sealed.try_into().expect("a deposit has the length of all");
                    held.insert(deposit.slot, Held { interval, mark: deposit.mark, sealed });
                }
                (Purpose::Hold, Some(own)) if own.mark == deposit.mark => {}
                (Purpose::Hold, Some(_)) => {
                    let other = held.remove(&deposit.slot).expect("it was just there");
                    released.extend([other.sealed.into_inner(), deposit.sealed]);
                    closed.insert(deposit.slot, interval);
                }
            }
        }
        self.held = held.into_iter().collect::<Vec<_>>().try_into().expect("one box a member in each interval");
        self.closed = closed.into_iter().collect::<Vec<_>>().try_into().expect("one slot a member in each interval");
        released
    }
}

/// The hub's part.
pub struct RevealBoard {
    terms: SharedTerms,
    execution: Execution,
    opening: Arc<OpeningKey>,
    next: u16,
    escrow: Escrow,
    seed: Seed,
}

impl RevealBoard {
    /// From an interval on, with what was held.
    pub fn new(
        terms: SharedTerms,
        execution: Execution,
        next: u16,
        opening: OpeningKey,
        escrow: Escrow,
        seed: Seed,
    ) -> Self {
        Self { terms, execution, opening: Arc::new(opening), next, escrow, seed }
    }

    /// What is held now.
    pub fn escrow(&self) -> &Escrow {
        &self.escrow
    }

    /// Takes the deposits of an interval: a job, whose output [`Self::on_computed`] turns into a page. What does not open is passed over.
    ///
    /// # Errors
    /// If the relay sends another turn's, an interval that is not over or was there before, or another number of deposits or lengths.
    pub fn on_batch(&mut self, now: UnixTime, batch: RevealBatch) -> Result<Job, Violation> {
        let interval = batch.interval;
        let is_due = interval >= self.next && self.terms.body().rooms.is_over(interval, now);
        if batch.execution != self.execution || !is_due {
            return Err(Violation::Unexpected { awaiting: "the deposits of the next interval" });
        }
        let (expected, got) = (self.terms.body().members.len() as u64, batch.deposits.len() as u64);
        if expected != got {
            return Err(Violation::CountMismatch { what: "deposits of an interval", expected, got });
        }
        batch.deposits.iter().try_for_each(check_len)?;
        self.next = interval + 1;
        let opening = Arc::clone(&self.opening);
        Ok(Job::new(batch.deposits.len(), move || {
            let open = |carried| open_carried(&opening, batch.execution, interval, carried);
            Ok((interval, batch.deposits.iter().filter_map(open).collect::<Vec<Deposit>>()))
        }))
    }

    /// The page that a job gave, and what is held from now on: both are stored together, then the page is shown to every member until the rooms
    /// close.
    ///
    /// # Errors
    /// Never by a peer's fault.
    pub fn on_computed(&mut self, output: JobOutput) -> Result<(RevealPage, Escrow), Violation> {
        let (interval, deposits): (u16, Vec<Deposit>) = output.open()?;
        let mut boxes = self.escrow.take(interval, deposits);
        let seed = self.seed.fork("filling", interval.into());
        let fillers =
            (boxes.len()..2 * self.terms.body().members.len()).map(|at| filler_box(&seed.fork("box", at as u64)));
        boxes.extend(fillers.collect::<Vec<_>>());
        boxes.sort_unstable();
        let boxes: Vec<ShownBox> = boxes.into_iter().map(|one| one.try_into().expect("of the length of all")).collect();
        let boxes = boxes.try_into().expect("each deposit releases itself and one more at most");
        Ok((RevealPage { execution: self.execution, interval, boxes }, self.escrow.clone()))
    }
}

impl fmt::Debug for RevealBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevealBoard(awaits interval {}, {:?})", self.next, self.escrow)
    }
}

/// Checks a page before its boxes are tried.
///
/// # Errors
/// If it is not one of this turn, with as many boxes as there must be, in their order.
pub fn check_page(terms: &RoundTerms, execution: Execution, page: &RevealPage) -> Result<(), Violation> {
    let is_whole = page.boxes.iter().all(|shown| shown.len() == BOX_LEN) && page.boxes.is_sorted_by(|a, b| **a <= **b);
    if page.execution != execution || page.interval >= terms.body().rooms.intervals || !is_whole {
        return Err(Violation::Malformed { what: "page of reveals" });
    }
    let (expected, got) = (2 * terms.body().members.len() as u64, page.boxes.len() as u64);
    if expected != got {
        return Err(Violation::CountMismatch { what: "boxes of a page", expected, got });
    }
    Ok(())
}

fn check_len<const N: usize>(deposit: &BoundedBytes<N>) -> Result<(), Violation> {
    if deposit.len() == N { Ok(()) } else { Err(Violation::Malformed { what: "deposit" }) }
}
