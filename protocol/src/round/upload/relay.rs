//! The relay's part of a turn: it knows whose uploads it carries, and nothing of what they are.
//!
//! It passes a rank on when it has it of every channel that is still there. Whoever holds all others up for longer than the
//! terms allow is dropped for good, so that one member's silence costs the others a known time and tells the hub no more than
//! that a channel ended.

use core::fmt;
use std::collections::BTreeMap;

use cwg_crypto::Seed;
use cwg_crypto::hpke::ENCAPSULATED_LEN;
use rand_core::Rng as _;

use super::message::{Answer, Carried, Channel, Channels, Dropped, Passed, Returned, SealedBytes, Slots, Upload};
use crate::round::form::Form;
use crate::round::limits::PIECES_AHEAD;
use crate::round::terms::SharedTerms;
use crate::round::turn::Turn;
use crate::violation::Violation;
use crate::{NodeKey, UnixTime};

/// One turn's relay. What it holds is a window of sealed pieces of each member, and at the end the answers; a relay that
/// starts again has lost it, and the hub opens the next one's turn.
pub struct Relay {
    terms: SharedTerms,
    turn: Turn,
    lanes: BTreeMap<NodeKey, Lane>,
    phase: Phase,
    /// Ranks that the hub is done with: it is not sent more than a window beyond them.
    taken: u32,
    /// What everyone was told of slots, to be sent again after a connection was lost.
    slots: Option<Slots>,
    seed: Seed,
}

/// One member's way through.
struct Lane {
    channel: Channel,
    /// The next rank awaited of the member.
    next: u32,
    /// What came and was not passed on.
    waiting: BTreeMap<u32, SealedBytes>,
    /// Set for good when it held up all others.
    is_dropped: bool,
    /// What came back, to be sent again after a connection was lost.
    answers: Vec<Answer>,
}

/// What is awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Tickets of all members, or the end of their time.
    Claims,
    /// The slots.
    Slots,
    /// A rank of all channels, since when.
    Pieces { rank: u32, since: UnixTime },
    /// Answers.
    Answers,
}

/// Messages in order.
#[derive(Debug, Default)]
pub struct RelayStep {
    /// For the hub.
    pub to_hub: Vec<ToHub>,
    /// Leave to go on, the same for every member that is still there.
    pub passed: Vec<(NodeKey, Passed)>,
    /// The slots, the same for every member that is still there.
    pub slots: Vec<(NodeKey, Slots)>,
    /// What came back.
    pub answers: Vec<(NodeKey, Answer)>,
}

/// What a relay sends to the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToHub {
    /// The names of all channels.
    Channels(Channels),
    /// A rank of one.
    Carried(Carried),
    /// Nothing more comes of one.
    Dropped(Dropped),
}

impl Relay {
    /// The relay of a turn. The seed names its channels and must be of no use to anyone else: whoever knows it knows whose
    /// they are.
    pub fn new(terms: SharedTerms, turn: Turn, seed: Seed) -> Self {
        Self { terms, turn, lanes: BTreeMap::new(), phase: Phase::Claims, taken: 0, slots: None, seed }
    }

    /// The turn.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// When to call [`Self::on_time`]; none while the hub is waited for. After [`Turn::answer_by`] a relay is of no more use.
    pub fn deadline(&self) -> Option<UnixTime> {
        match self.phase {
            Phase::Claims => Some(self.turn.claim_by()),
            Phase::Pieces { rank, since } if rank <= self.taken + PIECES_AHEAD => {
                Some(self.turn.upload_by().min(self.stall_end(since)))
            }
            Phase::Slots | Phase::Pieces { .. } | Phase::Answers => None,
        }
    }

    /// Takes a rank of a member's upload. One that comes again, or too late, is passed over.
    ///
    /// # Errors
    /// If the sender takes no part or has another turn, the rank is not the next one or too far ahead, another upload was
    /// begun before, or the length is not that of all.
    pub fn on_upload(&mut self, now: UnixTime, member: NodeKey, upload: Upload) -> Result<RelayStep, Violation> {
        if upload.execution != self.turn.execution() || !self.terms.names(member) {
            return Err(Violation::Unexpected { awaiting: "an upload of this turn" });
        }
        let extra = if upload.rank == 0 { ENCAPSULATED_LEN } else { 0 };
        let expected = self.form().sealed_len() + extra;
        if upload.sealed.len() != expected {
            let (expected, got) = (expected as u64, upload.sealed.len() as u64);
            return Err(Violation::CountMismatch { what: "bytes of an upload", expected, got });
        }
        let first_too_far = (self.passed() + PIECES_AHEAD).min(self.form().pieces() + 1);
        if let Some(lane) = self.lanes.get_mut(&member) {
            if lane.is_dropped {
                return Ok(RelayStep::default());
            }
            if upload.rank < lane.next {
                return match lane.waiting.get(&upload.rank) {
                    Some(known) if *known != upload.sealed => Err(Violation::Unexpected { awaiting: "one upload" }),
                    _ => Ok(RelayStep::default()),
                };
            }
            if upload.rank > lane.next || upload.rank >= first_too_far {
                return Err(Violation::Unexpected { awaiting: "the next rank" });
            }
            lane.next += 1;
            lane.waiting.insert(upload.rank, upload.sealed);
        } else {
            if upload.rank > 0 {
                return Err(Violation::Unexpected { awaiting: "a ticket" });
            }
            if self.phase != Phase::Claims || now > self.turn.claim_by() {
                return Ok(RelayStep::default());
            }
            let channel = self.channel_of(member);
            let waiting = BTreeMap::from([(0, upload.sealed)]);
            self.lanes.insert(member, Lane { channel, next: 1, waiting, is_dropped: false, answers: Vec::new() });
        }
        let mut step = RelayStep::default();
        self.advance(now, &mut step);
        Ok(step)
    }

    /// The hub is done with a rank.
    ///
    /// # Errors
    /// If it is of another turn, not the next one, or was not passed on.
    pub fn on_taken(&mut self, now: UnixTime, taken: Passed) -> Result<RelayStep, Violation> {
        let is_next = taken.rank == self.taken + 1 && taken.rank < self.passed();
        if taken.execution != self.turn.execution() || !is_next {
            return Err(Violation::Unexpected { awaiting: "the next rank that was passed on" });
        }
        self.taken = taken.rank;
        let mut step = RelayStep::default();
        // What could not be passed on for the hub's sake was not held up by a member.
        if let Phase::Pieces { since, .. } = &mut self.phase {
            *since = now;
        }
        self.advance(now, &mut step);
        Ok(step)
    }

    /// Takes the slots: every member gets the very same.
    ///
    /// # Errors
    /// If they are of another turn or were there before, are more than there are channels, or one is there twice: the hub would have
    /// two members at one slot.
    pub fn on_slots(&mut self, now: UnixTime, slots: Slots) -> Result<RelayStep, Violation> {
        let is_awaited = slots.execution == self.turn.execution() && self.phase == Phase::Slots;
        if !is_awaited || slots.serials.len() > self.lanes.len() || !slots.serials.is_sorted_by(|a, b| a < b) {
            return Err(Violation::Unexpected { awaiting: "a slot of its own for each of the channels" });
        }
        let to_all = self.lanes.keys().map(|member| (*member, slots.clone())).collect();
        let mut step = RelayStep { slots: to_all, ..RelayStep::default() };
        self.slots = Some(slots);
        self.phase = Phase::Pieces { rank: 1, since: now };
        self.advance(now, &mut step);
        Ok(step)
    }

    /// Takes what goes back to a channel.
    ///
    /// # Errors
    /// If there is no such channel, the rank is not its next one, or the length is not that of all.
    pub fn on_returned(&mut self, returned: Returned) -> Result<RelayStep, Violation> {
        let form = *self.form();
        let is_of_turn = returned.execution == self.turn.execution();
        let lane = self.lanes.iter_mut().find(|(_, lane)| lane.channel == returned.channel).filter(|_| is_of_turn);
        let (member, lane) = lane.ok_or(Violation::Unexpected { awaiting: "an answer to a channel" })?;
        let is_next = returned.rank as usize == lane.answers.len() + 1 && returned.rank <= form.answer_pieces();
        let expected = form.answer_sealed_len();
        if self.phase != Phase::Answers || !is_next {
            return Err(Violation::Unexpected { awaiting: "the next rank of an answer" });
        }
        if returned.sealed.len() != expected {
            let (expected, got) = (expected as u64, returned.sealed.len() as u64);
            return Err(Violation::CountMismatch { what: "bytes of an answer", expected, got });
        }
        let answer = Answer { execution: returned.execution, rank: returned.rank, sealed: returned.sealed };
        lane.answers.push(answer.clone());
        Ok(RelayStep { answers: vec![(*member, answer)], ..RelayStep::default() })
    }

    /// The step after time has passed.
    pub fn on_time(&mut self, now: UnixTime) -> RelayStep {
        let mut step = RelayStep::default();
        self.advance(now, &mut step);
        step
    }

    /// What to send a member again after its connection was lost: how far its ranks were passed on, the slots, and all that came back. The
    /// member sends again what was not passed on.
    pub fn again(&self, member: NodeKey) -> RelayStep {
        let Some(lane) = self.lanes.get(&member).filter(|lane| !lane.is_dropped) else { return RelayStep::default() };
        let execution = self.turn.execution();
        let last = self.passed().checked_sub(1).map(|rank| (member, Passed { execution, rank }));
        let slots = self.slots.iter().map(|slots| (member, slots.clone())).collect();
        let answers = lane.answers.iter().map(|answer| (member, answer.clone())).collect();
        RelayStep { to_hub: Vec::new(), passed: last.into_iter().collect(), slots, answers }
    }

    fn form(&self) -> &Form {
        self.terms.form()
    }

    fn stall_end(&self, since: UnixTime) -> UnixTime {
        since.plus_secs(self.terms.body().schedule.stall_secs.into())
    }

    /// Ranks that were passed on.
    fn passed(&self) -> u32 {
        match self.phase {
            Phase::Claims => 0,
            Phase::Slots => 1,
            Phase::Pieces { rank, .. } => rank,
            Phase::Answers => self.form().pieces() + 1,
        }
    }

    fn channel_of(&self, member: NodeKey) -> Channel {
        let at = self.terms.body().members.iter().position(|known| *known == member);
        let mut name = [0; 16];
        self.seed.fork("channel", at.expect("it takes part") as u64).rng().fill_bytes(&mut name);
        Channel(name)
    }

    /// Passes on what is complete, or whose time is over.
    fn advance(&mut self, now: UnixTime, step: &mut RelayStep) {
        if self.phase == Phase::Claims {
            let all = self.lanes.len() == self.terms.body().members.len();
            if !all && now < self.turn.claim_by() {
                return;
            }
            let mut channels: Vec<_> = self.lanes.values().map(|lane| lane.channel).collect();
            channels.sort_unstable();
            let channels = channels.try_into().expect("a channel for each of fifteen members");
            step.to_hub.push(ToHub::Channels(Channels { execution: self.turn.execution(), channels }));
            self.phase = Phase::Slots;
            self.pass(0, step);
        }
        while let Phase::Pieces { rank, since } = self.phase {
            if rank > self.taken + PIECES_AHEAD {
                return;
            }
            let is_complete = |lane: &Lane| lane.is_dropped || lane.waiting.contains_key(&rank);
            if !self.lanes.values().all(is_complete) {
                if now < self.stall_end(since) && now < self.turn.upload_by() {
                    return;
                }
                self.drop_silent(rank, step);
            }
            self.pass(rank, step);
            self.phase = match rank == self.form().pieces() {
                true => Phase::Answers,
                false => Phase::Pieces { rank: rank + 1, since: now },
            };
        }
    }

    /// Passes on one rank of all that are there, in the order of their channels.
    fn pass(&mut self, rank: u32, step: &mut RelayStep) {
        let execution = self.turn.execution();
        let mut carried = Vec::new();
        for (member, lane) in &mut self.lanes {
            if let Some(sealed) = lane.waiting.remove(&rank) {
                carried.push(Carried { execution, channel: lane.channel, rank, sealed });
                step.passed.push((*member, Passed { execution, rank }));
            }
        }
        carried.sort_unstable_by_key(|carried| carried.channel);
        step.to_hub.extend(carried.into_iter().map(ToHub::Carried));
    }

    fn drop_silent(&mut self, rank: u32, step: &mut RelayStep) {
        let execution = self.turn.execution();
        let silent = self.lanes.values_mut().filter(|lane| !lane.is_dropped && !lane.waiting.contains_key(&rank));
        let mut dropped: Vec<_> = silent
            .map(|lane| {
                lane.is_dropped = true;
                lane.waiting.clear();
                Dropped { execution, channel: lane.channel }
            })
            .collect();
        dropped.sort_unstable_by_key(|dropped| dropped.channel);
        step.to_hub.extend(dropped.into_iter().map(ToHub::Dropped));
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({} ranks passed)", self.passed())
    }
}
