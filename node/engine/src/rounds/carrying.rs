//! The relay's side of turns: it carries what it cannot read. What it holds is in memory alone: if it starts again, the hub opens the next
//! relay's turn.

use cwg_protocol::round::upload::{Passed, Relay, RelayStep, Returned, Slots, ToHub, TurnEnd, TurnEnded, Upload};
use cwg_protocol::round::{Execution, RoundMessage, Turn};
use cwg_protocol::{NodeKey, RunId, UnixTime, Violation};

use super::Broken;
use crate::Engine;
use crate::io::{Effect, Level};

impl Engine {
    /// Begins to carry, if a turn is this node's.
    pub(super) fn carry_turn(&mut self, round: RunId, turn: &Turn) {
        let is_ours = self.state.own_key() == Some(turn.relay());
        self.rounds.carrying.remove(&round);
        let Some(terms) = self.terms_of(round).filter(|_| is_ours) else { return };
        let seed = self.fresh_seed("channels");
        self.rounds.carrying.insert(round, Relay::new(terms, turn.clone(), seed));
        self.push(Effect::Log(Level::Info, "round-carrying"));
    }

    fn carrying(&mut self, execution: Execution) -> Option<(RunId, &mut Relay)> {
        let mut turns = self.rounds.carrying.iter_mut();
        turns.find(|(_, relay)| relay.turn().execution() == execution).map(|(round, relay)| (*round, relay))
    }

    pub(super) fn on_upload(&mut self, from: NodeKey, upload: Upload) -> Result<(), Broken> {
        let now = self.now.wall;
        // A turn that is over, or was lost with an earlier life of this node.
        let Some((round, relay)) = self.carrying(upload.execution) else { return Ok(()) };
        let step = relay.on_upload(now, from, upload).map_err(|violation| violation.code())?;
        self.carry_on(round, Ok(step));
        Ok(())
    }

    pub(super) fn on_taken(&mut self, taken: Passed) -> Result<(), Broken> {
        self.take_from_hub(taken.execution, |relay, now| relay.on_taken(now, taken))
    }

    pub(super) fn on_returned(&mut self, returned: Returned) -> Result<(), Broken> {
        self.take_from_hub(returned.execution, |relay, _| relay.on_returned(returned))
    }

    pub(super) fn on_slots_of_hub(&mut self, slots: Slots) -> Result<(), Broken> {
        self.take_from_hub(slots.execution, |relay, now| relay.on_slots(now, slots))
    }

    fn take_from_hub(
        &mut self,
        execution: Execution,
        take: impl FnOnce(&mut Relay, UnixTime) -> Result<RelayStep, Violation>,
    ) -> Result<(), Broken> {
        let now = self.now.wall;
        let Some((round, relay)) = self.carrying(execution) else { return Ok(()) };
        let step = take(relay, now);
        self.carry_on(round, step);
        Ok(())
    }

    pub(super) fn answer_again(&mut self, node: NodeKey) {
        for round in self.rounds.carrying.keys().copied().collect::<Vec<_>>() {
            let step = self.rounds.carrying[&round].again(node);
            self.carry_on(round, Ok(step));
        }
    }

    /// The hub has ended a turn that this node may carry.
    pub(super) fn carried_turn_ended(&mut self, ended: TurnEnded) {
        let over = ended.end != TurnEnd::Answered;
        self.rounds.carrying.retain(|_, relay| !(over && relay.turn().execution() == ended.execution));
    }

    pub(super) fn keep_carrying(&mut self) {
        let now = self.now.wall;
        self.rounds.carrying.retain(|_, relay| now <= relay.turn().answer_by());
        for round in self.rounds.carrying.keys().copied().collect::<Vec<_>>() {
            let relay = self.rounds.carrying.get_mut(&round).expect("one of those that are carried");
            if relay.deadline().is_some_and(|deadline| deadline <= now) {
                let step = relay.on_time(now);
                self.carry_on(round, Ok(step));
            }
        }
    }

    pub(super) fn carrying_due(&self) -> impl Iterator<Item = UnixTime> {
        let over = |relay: &Relay| relay.turn().answer_by().plus_secs(1);
        self.rounds.carrying.values().flat_map(move |relay| relay.deadline().into_iter().chain([over(relay)]))
    }

    fn carry_on(&mut self, round: RunId, step: Result<RelayStep, Violation>) {
        let step = match step {
            Ok(step) => step,
            // Only the hub's messages come here: this node carries for it no more.
            Err(violation) => {
                self.rounds.carrying.remove(&round);
                return self.note_fault(self.state.hub(), violation.code());
            }
        };
        for message in step.to_hub {
            self.tell_hub(match message {
                ToHub::Channels(channels) => RoundMessage::Channels(channels),
                ToHub::Carried(carried) => RoundMessage::Carried(carried),
                ToHub::Dropped(dropped) => RoundMessage::Dropped(dropped),
            });
        }
        for (member, passed) in step.passed {
            self.tell(member, RoundMessage::Passed(passed));
        }
        for (member, slots) in step.slots {
            self.tell(member, RoundMessage::Slots(slots));
        }
        for (member, answer) in step.answers {
            self.tell(member, RoundMessage::Answer(answer));
        }
    }
}
