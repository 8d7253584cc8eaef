//! The hub's part of a turn: it issues and redeems tickets, gives slots, searches the lists of all slots, and answers each.
//!
//! It knows slots by channels and no member by either. Pieces are searched rank by rank as the relay passes them on, and
//! forgotten.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::Seed;
use cwg_crypto::collect::{Slot, Suspects};
use cwg_crypto::hpke::OpeningKey;
use cwg_crypto::ticket::{TicketSerial, issue, slots_of};
use cwg_crypto::voprf::EvaluationKey;
use serde::{Deserialize, Serialize};

use super::answer_nonce;
use super::lane::{Lane, PieceJob};
use super::message::{
    Carried, Channel, Channels, Dropped, Passed, Returned, SealedBytes, Slots, TicketAsk, TicketGiven, TurnEnd,
};
use super::search::{CommonTags, CountBand, Opened, Tally, search_job, tag_jobs};
use crate::psi::{Job, JobId, JobOutput};
use crate::round::form::{Form, Lists};
use crate::round::limits::PIECES_AHEAD;
use crate::round::room::random_bytes;
use crate::round::terms::SharedTerms;
use crate::round::turn::Turn;
use crate::violation::Violation;
use crate::{NodeKey, UnixTime};

/// One turn at the hub. A hub that starts again has lost it, and opens the next relay's turn.
pub struct Collector {
    terms: SharedTerms,
    turn: Turn,
    issuer: EvaluationKey,
    opening: OpeningKey,
    issued: BTreeMap<NodeKey, (TicketAsk, TicketGiven)>,
    lanes: BTreeMap<Channel, Lane>,
    phase: Phase,
    tally: Option<Tally>,
    /// The next rank whose pieces are searched, and ranks being searched.
    next_searched: u32,
    searching: BTreeSet<u32>,
    /// The last rank of which all before it are searched.
    taken: u32,
    jobs_left: u32,
    faults: Vec<SlotFault>,
    seed: Seed,
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The relay's channels.
    Channels,
    /// A ticket of each.
    Claims,
    /// All pieces of each.
    Pieces,
    /// Own jobs: the comparison of tags, then the sealing of answers.
    Tags,
    /// As above.
    Sealing,
    /// The beat at which answers leave.
    Beat(UnixTime),
    Ended,
}

/// Why a channel's upload does not count. Whose it is, nobody here knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum SlotFault {
    /// What came as a ticket was sealed otherwise, or is none.
    #[error("the ticket of a channel is not one that was issued for this turn")]
    Ticket,
    /// A ticket that another channel has shown.
    #[error("a ticket was shown twice")]
    TicketTwice,
    /// A piece that does not open, or is not of its form.
    #[error("a piece of an upload is malformed")]
    Piece,
    /// It held up all others.
    #[error("an upload was not completed in time")]
    Incomplete,
}

impl SlotFault {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ticket => "slot-ticket",
            Self::TicketTwice => "slot-ticket-twice",
            Self::Piece => "slot-piece",
            Self::Incomplete => "slot-incomplete",
        }
    }
}

/// Messages in order, jobs in any order, and the end.
#[derive(Debug, Default)]
pub struct CollectorStep {
    /// For the relay of the turn.
    pub to_relay: Vec<ToRelay>,
    /// Jobs, independent of each other.
    pub jobs: Vec<(JobId, Job)>,
    /// Set once.
    pub end: Option<Collected>,
}

/// What a hub sends to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToRelay {
    /// For everyone.
    Slots(Slots),
    /// For one channel.
    Returned(Returned),
    /// A rank is done with.
    Taken(Passed),
}

/// How the turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// How, for everyone.
    pub end: TurnEnd,
    /// Complete uploads.
    pub uploads: u8,
    /// About how many items enough of them hold; none without a result. It stays inside the hub: what is told of it is
    /// [`Self::band`] or a [`crate::count::RoundCount`].
    pub confirmed: Option<u64>,
    /// What was wrong with the others.
    pub faults: Vec<SlotFault>,
}

impl Collected {
    /// How many items enough members hold, as far as the coordinator is told.
    pub fn band(&self) -> Option<CountBand> {
        self.confirmed.map(CountBand::of)
    }
}

/// Jobs by number: a search of a rank, the opening of the next piece of a slot, a part of all tags, the sealing of an answer.
const OPENING: u32 = 1 << 28;
const TAGS: u32 = 2 << 28;
const SEALING: u32 = 3 << 28;

impl Collector {
    /// The hub's side of a turn, with the secret halves of the keys in the terms.
    ///
    /// # Panics
    /// If they are not those of the terms.
    pub fn new(terms: SharedTerms, turn: Turn, issuer: EvaluationKey, opening: OpeningKey, seed: Seed) -> Self {
        let body = terms.body();
        assert!(
            issuer.public() == body.issuer && *opening.public().as_bytes() == body.sealing,
            "the keys are the terms'"
        );
        Self {
            terms,
            turn,
            issuer,
            opening,
            issued: BTreeMap::new(),
            lanes: BTreeMap::new(),
            phase: Phase::Channels,
            tally: None,
            next_searched: 1,
            searching: BTreeSet::new(),
            taken: 0,
            jobs_left: 0,
            faults: Vec::new(),
            seed,
        }
    }

    /// The turn.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// When to call [`Self::on_time`].
    pub fn deadline(&self) -> Option<UnixTime> {
        let grace = self.terms.body().schedule.stall_secs.into();
        match self.phase {
            Phase::Channels | Phase::Claims => Some(self.turn.claim_by().plus_secs(grace)),
            // Once everything has come, only own jobs are waited for.
            Phase::Pieces if self.lanes.values().all(|lane| lane.is_dropped || lane.next > self.form().pieces()) => {
                None
            }
            Phase::Pieces => Some(self.turn.upload_by().plus_secs(grace)),
            Phase::Beat(at) => Some(at),
            Phase::Tags | Phase::Sealing | Phase::Ended => None,
        }
    }

    /// Issues a member's ticket: one, and the same again if the same is asked for.
    ///
    /// # Errors
    /// If the asker takes no part, it is too late, another element was asked for before, or it is none.
    pub fn on_ticket_ask(&mut self, now: UnixTime, member: NodeKey, ask: TicketAsk) -> Result<TicketGiven, Violation> {
        if ask.execution != self.turn.execution() || !self.terms.names(member) || now > self.turn.claim_by() {
            return Err(Violation::Unexpected { awaiting: "a request for a ticket of this turn, in its time" });
        }
        match self.issued.get(&member) {
            Some((known, given)) if *known == ask => return Ok(*given),
            Some(_) => return Err(Violation::Unexpected { awaiting: "one request for a ticket" }),
            None => {}
        }
        let seed = self.seed.fork("issue", self.issued.len() as u64);
        let issued = issue(&self.issuer, &ask.blinded, seed);
        let (evaluated, proof) = issued.map_err(|_| Violation::BadElement { batch: 0, index: 0 })?;
        let given = TicketGiven { execution: ask.execution, evaluated, proof };
        self.issued.insert(member, (ask, given));
        Ok(given)
    }

    /// The relay names its channels.
    ///
    /// # Errors
    /// If it has done so before, or they are not in order or more than there are members.
    pub fn on_channels(&mut self, channels: &Channels) -> Result<CollectorStep, Violation> {
        self.check(channels.execution == self.turn.execution() && self.phase == Phase::Channels)?;
        let in_order = channels.channels.is_sorted_by(|a, b| a < b);
        self.check(in_order && channels.channels.len() <= self.terms.body().members.len())?;
        self.lanes = channels.channels.iter().map(|channel| (*channel, Lane::default())).collect();
        self.phase = Phase::Claims;
        let mut step = CollectorStep::default();
        self.give_slots(&mut step);
        Ok(step)
    }

    /// Takes a rank of a channel.
    ///
    /// # Errors
    /// If the relay does not keep to the order, or is too far ahead of the search. What a member did wrong is no violation of
    /// the relay's.
    pub fn on_carried(&mut self, carried: Carried) -> Result<CollectorStep, Violation> {
        self.check(carried.execution == self.turn.execution())?;
        let pieces = self.form().pieces();
        let in_phase = match self.phase {
            Phase::Claims => carried.rank == 0,
            Phase::Pieces => (1..=pieces.min(self.taken + PIECES_AHEAD)).contains(&carried.rank),
            _ => false,
        };
        let lane = self
            .lanes
            .get_mut(&carried.channel)
            .filter(|lane| in_phase && carried.rank == lane.next && !lane.is_dropped);
        let lane = lane.ok_or(Violation::Unexpected { awaiting: AWAITS_RANK })?;
        lane.next += 1;
        let mut step = CollectorStep::default();
        if carried.rank > 0 {
            if !lane.is_out {
                lane.waiting.push_back((carried.rank, carried.sealed));
            }
            self.open_next(carried.channel, &mut step);
            self.search(&mut step);
            return Ok(step);
        }
        lane.waiting.push_back((0, carried.sealed));
        self.give_slots(&mut step);
        Ok(step)
    }

    /// The relay has dropped a channel.
    ///
    /// # Errors
    /// If there is none that it could drop now.
    pub fn on_dropped(&mut self, dropped: Dropped) -> Result<CollectorStep, Violation> {
        self.check(dropped.execution == self.turn.execution() && self.phase == Phase::Pieces)?;
        let lane = self.lanes.get_mut(&dropped.channel).filter(|lane| !lane.is_dropped);
        let lane = lane.ok_or(Violation::Unexpected { awaiting: AWAITS_RANK })?;
        lane.is_dropped = true;
        self.take_out(dropped.channel, SlotFault::Incomplete);
        let mut step = CollectorStep::default();
        self.search(&mut step);
        Ok(step)
    }

    /// The relay is lost, or broke the protocol: the turn is over.
    pub fn on_relay_failed(&mut self) -> CollectorStep {
        let mut step = CollectorStep::default();
        if !matches!(self.phase, Phase::Ended) {
            self.end(TurnEnd::RelayFailed, None, &mut step);
        }
        step
    }

    /// The step after a job was run.
    ///
    /// # Errors
    /// Never by a peer's fault.
    pub fn on_computed(&mut self, now: UnixTime, job: JobId, output: JobOutput) -> Result<CollectorStep, Violation> {
        let mut step = CollectorStep::default();
        if self.phase == Phase::Ended {
            return Ok(step);
        }
        match job.0 {
            number if number < OPENING => {
                let suspects: Vec<Suspects> = output.open()?;
                if let Some(tally) = &mut self.tally {
                    tally.enter_bins(number - 1, &suspects);
                }
                self.searching.remove(&number);
                self.search(&mut step);
            }
            number if number < TAGS => {
                let (opener, rank, opened): PieceJob = output.open()?;
                let (channel, lane) = self.lane_of(number - OPENING);
                lane.opener = Some(opener);
                match opened {
                    Some(opened) if !lane.is_out => {
                        lane.opened.insert(rank, opened);
                    }
                    Some(_) => {}
                    None => self.take_out(channel, SlotFault::Piece),
                }
                self.open_next(channel, &mut step);
                self.search(&mut step);
            }
            number if number < SEALING => {
                let (common, different): CommonTags = output.open()?;
                let slots = self.slots();
                if let Some(tally) = &mut self.tally {
                    tally.enter_tags(&slots, &common, different);
                }
                self.jobs_left -= 1;
                if self.jobs_left == 0 {
                    self.seal_answers(&mut step);
                }
            }
            number => {
                self.lane_of(number - SEALING).1.answer = output.open()?;
                self.jobs_left -= 1;
                if self.jobs_left == 0 {
                    self.phase = Phase::Beat(self.turn.beat(now));
                    return Ok(self.on_time(now));
                }
            }
        }
        Ok(step)
    }

    /// The step after time has passed.
    pub fn on_time(&mut self, now: UnixTime) -> CollectorStep {
        let mut step = CollectorStep::default();
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return step;
        }
        match self.phase {
            Phase::Channels | Phase::Claims | Phase::Pieces => self.end(TurnEnd::RelayFailed, None, &mut step),
            Phase::Beat(_) => self.answer(&mut step),
            Phase::Tags | Phase::Sealing | Phase::Ended => {}
        }
        step
    }

    fn form(&self) -> &Form {
        self.terms.form()
    }

    fn check(&self, holds: bool) -> Result<(), Violation> {
        if holds { Ok(()) } else { Err(Violation::Unexpected { awaiting: AWAITS_RANK }) }
    }

    /// Slots whose uploads count, ascending.
    fn slots(&self) -> Vec<Slot> {
        let mut slots: Vec<_> = self.lanes.values().filter(|lane| !lane.is_out).filter_map(|lane| lane.slot).collect();
        slots.sort_unstable();
        slots
    }

    /// The channel of a slot that jobs are named after, and its lane.
    fn lane_of(&mut self, slot: u32) -> (Channel, &mut Lane) {
        let is_of = |lane: &Lane| lane.slot.is_some_and(|of| u32::from(of.number()) == slot);
        let found = self.lanes.iter_mut().find(|(_, lane)| is_of(lane));
        let (channel, lane) = found.expect("jobs are of slots that were given");
        (*channel, lane)
    }

    fn take_out(&mut self, channel: Channel, fault: SlotFault) {
        if let Some(lane) = self.lanes.get_mut(&channel).filter(|lane| !lane.is_out) {
            lane.take_out();
            self.faults.push(fault);
        }
    }

    /// When a ticket of each channel is there: redeems them, and tells everyone the slots.
    fn give_slots(&mut self, step: &mut CollectorStep) {
        if !self.lanes.values().all(|lane| lane.next == 1) {
            return;
        }
        let mut serials: Vec<(Channel, TicketSerial)> = Vec::new();
        let (execution, len) = (self.turn.execution(), self.form().sealed_len());
        for channel in self.lanes.keys().copied().collect::<Vec<_>>() {
            let lane = self.lanes.get_mut(&channel).expect("a channel");
            match lane.redeem(&self.opening, &self.issuer, &execution, len) {
                Some(serial) if serials.iter().any(|(_, known)| *known == serial) => {
                    self.take_out(channel, SlotFault::TicketTwice);
                }
                Some(serial) => serials.push((channel, serial)),
                None => self.take_out(channel, SlotFault::Ticket),
            }
        }
        let slots = slots_of(&serials.iter().map(|(_, serial)| *serial).collect::<Vec<_>>());
        let slots = slots.expect("there are up to fifteen channels, and no serial twice");
        for ((channel, _), slot) in serials.iter().zip(slots) {
            self.lanes.get_mut(channel).expect("a channel").slot = Some(slot);
        }
        if serials.len() < self.terms.body().uploads_min.into() {
            return self.end(TurnEnd::TooFewUploads, None, step);
        }
        let mut in_order: Vec<_> = serials.iter().map(|(_, serial)| *serial.digest()).collect();
        in_order.sort_unstable();
        let serials_in_order = in_order.try_into().expect("a serial for each of fifteen channels");
        step.to_relay.push(ToRelay::Slots(Slots { execution, serials: serials_in_order }));
        self.tally = Some(Tally::new(*self.form(), serials.iter().filter_map(|(channel, _)| self.lanes[channel].slot)));
        self.phase = Phase::Pieces;
    }

    fn open_next(&mut self, channel: Channel, step: &mut CollectorStep) {
        let form = *self.form();
        let opening = self.lanes.get_mut(&channel).and_then(|lane| lane.open_next(form));
        step.jobs.extend(opening.map(|(slot, job)| (JobId(OPENING + u32::from(slot.number())), job)));
    }

    /// Searches each rank that all slots have opened, and ends when the last one is done.
    fn search(&mut self, step: &mut CollectorStep) {
        if self.phase != Phase::Pieces {
            return;
        }
        let pieces = self.form().pieces();
        loop {
            let rank = self.next_searched;
            let is_ready = |lane: &Lane| lane.is_out || lane.opened.contains_key(&rank);
            if rank > pieces || !self.lanes.values().all(is_ready) {
                break;
            }
            self.next_searched += 1;
            let mut shares = Vec::new();
            for lane in self.lanes.values_mut() {
                match (lane.slot, lane.opened.remove(&rank)) {
                    (Some(slot), Some(Opened::Shares(of_slot))) => shares.push((slot, of_slot)),
                    (_, Some(Opened::Tags(tags))) => lane.tags.extend(tags),
                    _ => {}
                }
            }
            if let Lists::Tables(params) = self.form().lists() {
                shares.sort_unstable_by_key(|(slot, _)| *slot);
                self.searching.insert(rank);
                step.jobs.push((JobId(rank), search_job(params.threshold(), shares)));
            }
        }
        let done = self.searching.first().copied().unwrap_or(self.next_searched) - 1;
        let execution = self.turn.execution();
        let taken = (self.taken + 1..=done).map(|rank| ToRelay::Taken(Passed { execution, rank }));
        step.to_relay.extend(taken);
        self.taken = done;
        if done == pieces {
            self.finish(step);
        }
    }

    fn finish(&mut self, step: &mut CollectorStep) {
        if self.slots().len() < self.terms.body().uploads_min.into() {
            return self.end(TurnEnd::TooFewUploads, None, step);
        }
        if self.form().lists() != Lists::Tags {
            return self.seal_answers(step);
        }
        self.phase = Phase::Tags;
        let slots = self.slots();
        let lists = slots.iter().map(|slot| {
            let (_, lane) = self.lane_of(slot.number().into());
            core::mem::take(&mut lane.tags)
        });
        let jobs = tag_jobs(lists.collect());
        self.jobs_left = jobs.len() as u32;
        step.jobs.extend((TAGS..).zip(jobs).map(|(number, job)| (JobId(number), job)));
    }

    /// Seals each slot's answer. The keys are used up.
    fn seal_answers(&mut self, step: &mut CollectorStep) {
        self.phase = Phase::Sealing;
        let (form, execution) = (*self.form(), self.turn.execution());
        let tally = self.tally.as_ref().expect("slots were given");
        for lane in self.lanes.values_mut().filter(|lane| !lane.is_out) {
            let (Some(slot), Some(key)) = (lane.slot, lane.answer_key.take()) else { continue };
            let bits = tally.of(slot).expect("every slot has its bits").clone();
            let job = Job::new(form.answer_len(), move || {
                let sealed = (0..form.answer_pieces()).map(|number| {
                    let plain = form.answer_piece(bits.as_bytes(), number);
                    let sealed = key.seal(&answer_nonce(number + 1), &[execution.0.as_bytes()], &plain);
                    SealedBytes::try_from(sealed).expect("pieces of answers are within the limit")
                });
                Ok(sealed.collect::<Vec<_>>())
            });
            self.jobs_left += 1;
            step.jobs.push((JobId(SEALING + u32::from(slot.number())), job));
        }
    }

    /// Sends all answers, rank by rank in the order of the channels. A channel whose upload did not count gets random bytes.
    fn answer(&mut self, step: &mut CollectorStep) {
        let (form, execution) = (*self.form(), self.turn.execution());
        for rank in 1..=form.answer_pieces() {
            for (at, (channel, lane)) in (0..).zip(&self.lanes).filter(|(_, (_, lane))| !lane.is_dropped) {
                let sealed = lane.answer.get(rank as usize - 1).cloned().unwrap_or_else(|| {
                    let mut rng = self.seed.fork("filling", u64::from(rank) << 8 | at).rng();
                    let random = random_bytes(&mut rng, form.answer_sealed_len());
                    random.try_into().expect("pieces of answers are within the limit")
                });
                step.to_relay.push(ToRelay::Returned(Returned { execution, channel: *channel, rank, sealed }));
            }
        }
        let confirmed = self.tally.as_ref().map(Tally::confirmed);
        self.end(TurnEnd::Answered, confirmed, step);
    }

    fn end(&mut self, end: TurnEnd, confirmed: Option<u64>, step: &mut CollectorStep) {
        let uploads = match end {
            TurnEnd::RelayFailed => 0,
            TurnEnd::Answered | TurnEnd::TooFewUploads => self.slots().len() as u8,
        };
        let mut faults = core::mem::take(&mut self.faults);
        faults.sort_unstable();
        self.phase = Phase::Ended;
        self.lanes.clear();
        self.tally = None;
        step.end = Some(Collected { end, uploads, confirmed, faults });
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collector({:?})", self.phase)
    }
}

const AWAITS_RANK: &str = "the next rank of a channel of this turn";
