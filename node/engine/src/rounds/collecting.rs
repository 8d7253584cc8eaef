//! The hub's side of turns: it opens one after the other until one is answered, gives tickets and slots, and searches.
//!
//! What a turn has is in memory alone. A hub that starts again ends the turn that it had opened by name, and opens the next relay's.

use cwg_protocol::count::RoundCount;
use cwg_protocol::psi::{JobId, JobOutput};
use cwg_protocol::round::upload::{
    Carried, Channels, Collected, Collector, CollectorStep, Dropped, TicketAsk, ToRelay, TurnEnd, TurnEnded,
};
use cwg_protocol::round::{Execution, RoundMessage, Turn};
use cwg_protocol::{NodeKey, RunId, UnixTime, Violation};

use super::opening::hub_keys;
use super::{Broken, JobOf};
use crate::Engine;
use crate::io::{Effect, Level};
use crate::record::{Code, Entry, TurnEnding};

impl Engine {
    /// Hub: what time brings to rounds that are open.
    pub(super) fn keep_turns(&mut self) {
        if !self.is_hub() {
            return;
        }
        let open = self.state.rounds().rounds().iter().filter(|(_, known)| !known.phase.is_over());
        for round in open.map(|(round, _)| *round).collect::<Vec<_>>() {
            let now = self.now.wall;
            if let Some(collector) = self.rounds.collecting.get_mut(&round) {
                let step = collector.on_time(now);
                self.carry_collecting(round, Ok(step));
            } else {
                self.next_turn(round);
            }
        }
    }

    /// Opens the next turn when it is time and there is a relay; ends the round when there is no time or no relay left.
    fn next_turn(&mut self, round: RunId) {
        let known = &self.state.rounds().rounds()[&round];
        let (terms, schedule) = (known.terms.clone(), known.terms.body().schedule);
        let last = known.turns.last().map(Turn::number);
        if let Some(last) = last.filter(|last| !known.endings.contains_key(last)) {
            return self.turn_over_as(round, last, TurnEnd::RelayFailed, "node-restarted");
        }
        let now = self.now.wall;
        if now < schedule.evaluate_by {
            return;
        }
        if now.plus_secs(schedule.turn_secs()) > schedule.ends {
            return self.end_round(round, "round-out-of-time");
        }
        let due = *self.rounds.relay_due.entry(round).or_insert(now);
        let first = last.map_or(0, |last| usize::from(last) + 1);
        let left: Vec<(usize, NodeKey)> = terms.body().relays.iter().copied().enumerate().skip(first).collect();
        let is_there = |relay: NodeKey| self.ready_conn(relay).is_some();
        // The first in order, if it comes in time; then whoever is there.
        let chosen = match left.first() {
            None => return self.end_round(round, "round-relays-failed"),
            Some((number, relay)) if is_there(*relay) => Some(*number),
            Some(_) if now >= due.plus_secs(schedule.stall_secs.into()) => {
                left.iter().find(|(_, relay)| is_there(*relay)).map(|(number, _)| *number)
            }
            Some(_) => None,
        };
        let Some(number) = chosen else { return };
        self.rounds.relay_due.remove(&round);
        let seed = known.seed().expect("the hub has keys for its rounds");
        let Ok(own) = self.hub() else { return };
        let number = u8::try_from(number).expect("there are four relays at most");
        let Ok(turn) = Turn::open(&terms, number, now, &own.signing) else {
            return self.end_round(round, "round-out-of-time");
        };
        let (issuer, opening) = hub_keys(&seed);
        let signed = turn.signed().clone();
        self.commit(Entry::TurnOpened { round, signed: Box::new(signed.clone()) });
        self.push(Effect::Log(Level::Info, "round-turn-opened"));
        let collector = Collector::new(terms, turn, issuer, opening, self.fresh_seed("turn"));
        self.rounds.collecting.insert(round, collector);
        self.tell_round(round, &RoundMessage::TurnOpened(signed));
    }

    pub(super) fn turns_due(&self) -> impl Iterator<Item = UnixTime> {
        let open = self.state.rounds().rounds().iter().filter(|(_, known)| !known.phase.is_over() && self.is_hub());
        open.filter_map(|(round, known)| match self.rounds.collecting.get(round) {
            Some(collector) => collector.deadline(),
            None => {
                let schedule = &known.terms.body().schedule;
                let due = self.rounds.relay_due.get(round).map(|due| due.plus_secs(schedule.stall_secs.into()));
                let opens = [Some(schedule.evaluate_by), due, Some(schedule.ends)];
                opens.into_iter().flatten().filter(|due| *due > self.now.wall).min()
            }
        })
    }

    /// What comes from the relay of a turn; from anyone else it counts for nothing.
    fn take_from_relay(
        &mut self,
        relay: NodeKey,
        execution: Execution,
        take: impl FnOnce(&mut Collector) -> Result<CollectorStep, Violation>,
    ) -> Result<(), Broken> {
        let mut turns = self.rounds.collecting.iter_mut();
        let is_of = |turn: &Turn| (turn.relay(), turn.execution()) == (relay, execution);
        let Some((round, collector)) = turns.find(|(_, collector)| is_of(collector.turn())) else { return Ok(()) };
        let (round, step) = (*round, take(collector));
        self.carry_collecting(round, step);
        Ok(())
    }

    pub(super) fn on_ticket_ask(&mut self, from: NodeKey, ask: TicketAsk) -> Result<(), Broken> {
        let now = self.now.wall;
        let mut turns = self.rounds.collecting.values_mut();
        let Some(collector) = turns.find(|collector| collector.turn().execution() == ask.execution) else {
            return Ok(());
        };
        // Too late, by the clock or by the way: no fault.
        if now > collector.turn().claim_by() {
            return Ok(());
        }
        let given = collector.on_ticket_ask(now, from, ask).map_err(|violation| violation.code())?;
        self.tell(from, RoundMessage::TicketGiven(given));
        Ok(())
    }

    pub(super) fn on_channels(&mut self, from: NodeKey, channels: &Channels) -> Result<(), Broken> {
        self.take_from_relay(from, channels.execution, |collector| collector.on_channels(channels))
    }

    pub(super) fn on_carried(&mut self, from: NodeKey, carried: Carried) -> Result<(), Broken> {
        self.take_from_relay(from, carried.execution, |collector| collector.on_carried(carried))
    }

    pub(super) fn on_dropped(&mut self, from: NodeKey, dropped: Dropped) -> Result<(), Broken> {
        self.take_from_relay(from, dropped.execution, |collector| collector.on_dropped(dropped))
    }

    pub(super) fn on_collecting_computed(&mut self, round: RunId, execution: Execution, job: JobId, output: JobOutput) {
        let now = self.now.wall;
        let collector = self.rounds.collecting.get_mut(&round);
        let Some(collector) = collector.filter(|collector| collector.turn().execution() == execution) else { return };
        let step = collector.on_computed(now, job, output);
        self.carry_collecting(round, step);
    }

    /// What was on its way over a connection is lost with it.
    pub(super) fn relay_lost(&mut self, node: NodeKey) {
        let of_relay = self.rounds.collecting.iter().filter(|(_, collector)| collector.turn().relay() == node);
        for round in of_relay.map(|(round, _)| *round).collect::<Vec<_>>() {
            self.relay_failed(round);
        }
    }

    fn relay_failed(&mut self, round: RunId) {
        if let Some(collector) = self.rounds.collecting.get_mut(&round) {
            let step = collector.on_relay_failed();
            self.carry_collecting(round, Ok(step));
        }
    }

    fn carry_collecting(&mut self, round: RunId, step: Result<CollectorStep, Violation>) {
        let Some(turn) = self.rounds.collecting.get(&round).map(|collector| collector.turn().clone()) else { return };
        let step = match step {
            Ok(step) => step,
            Err(violation) => {
                self.note_fault(Some(turn.relay()), violation.code());
                return self.relay_failed(round);
            }
        };
        let (number, execution) = (turn.number(), turn.execution());
        // Before an answer leaves: a hub that starts again must not open another turn over it.
        let end = step.end.as_ref().map(|collected| collected.end);
        if let Some(collected) = step.end {
            self.commit_all(self.ended(round, number, collected));
        }
        for message in step.to_relay {
            self.tell(
                turn.relay(),
                match message {
                    ToRelay::Slots(slots) => RoundMessage::Slots(slots),
                    ToRelay::Returned(returned) => RoundMessage::Returned(returned),
                    ToRelay::Taken(taken) => RoundMessage::Passed(taken),
                },
            );
        }
        for (id, job) in step.jobs {
            self.compute_for_rounds(JobOf::Collecting(round, execution, id), job);
        }
        if let Some(end) = end {
            self.turn_ended(round, execution, end);
        }
    }

    /// The exact number of what was found goes no further than here: stored is its band, or with noise about what it is.
    fn ended(&self, round: RunId, turn: u8, collected: Collected) -> Vec<Entry> {
        let known = &self.state.rounds().rounds()[&round];
        let (band, confirmed) = (collected.band(), collected.confirmed);
        let faults: Vec<Code> = collected.faults.into_iter().map(|fault| fault.code().into()).collect();
        let ending = TurnEnding { end: collected.end, uploads: collected.uploads, band, faults };
        let (Some(noise), Some(charge), Some(confirmed)) = (known.noise, known.charge(), confirmed) else {
            return vec![Entry::TurnEnded { round, turn, ending }];
        };
        let seed = known.seed().expect("the hub has keys for its rounds").fork("count", 0);
        let figure = RoundCount::new(confirmed, known.terms.body().threshold, noise, &seed).figure();
        let ending = TurnEnding { band: None, ..ending };
        vec![Entry::RoundCounted { round, charge: Box::new(charge), figure }, Entry::TurnEnded { round, turn, ending }]
    }

    /// Ends a turn before its time.
    pub(super) fn turn_over(&mut self, round: RunId, end: TurnEnd, code: &'static str) {
        if let Some(turn) = self.rounds.collecting.get(&round).map(|collector| collector.turn().number()) {
            self.turn_over_as(round, turn, end, code);
        }
    }

    fn turn_over_as(&mut self, round: RunId, number: u8, end: TurnEnd, code: &'static str) {
        let turns = &self.state.rounds().rounds()[&round].turns;
        let Some(turn) = turns.iter().find(|turn| turn.number() == number).cloned() else { return };
        let ending = TurnEnding { end, uploads: 0, band: None, faults: vec![code.into()] };
        self.commit(Entry::TurnEnded { round, turn: number, ending });
        self.turn_ended(round, turn.execution(), end);
    }

    /// What follows from the end of a turn, once it is stored.
    fn turn_ended(&mut self, round: RunId, execution: Execution, end: TurnEnd) {
        self.rounds.collecting.remove(&round);
        self.push(Effect::Log(Level::Info, "round-turn-ended"));
        self.tell_round(round, &RoundMessage::TurnEnded(TurnEnded { execution, end }));
        match end {
            TurnEnd::Answered => self.round_over(round),
            TurnEnd::TooFewUploads => self.end_round(round, "too-few-uploads"),
            TurnEnd::RelayFailed => {}
        }
    }
}
