//! The hub opens counts, takes the tags of both banks and tells them what may be told.
//!
//! | durable before | is |
//! |---|---|
//! | terms are shown | the seed of the hub's noise, with the terms |
//! | anyone is told of the figure | the charge and the signed answer, in one commit |
//!
//! Tags are in memory alone: after a start both banks send them again, and the noise is the one of the seed.

use cwg_protocol::count::{
    Charge, CountBody, CountHub, CountMessage, CountTags, CountTerms, LEAKAGE, LedgerRefusal, SharedCount,
};
use cwg_protocol::psi::{JobOutput, padded_size};
use cwg_protocol::{NodeKey, RunId};

use super::state::{CountPhase, KnownCount};
use super::{Broken, JobOf};
use crate::Engine;
use crate::command::{CountPlan, Refusal, Reply};
use crate::io::{Effect, Level};
use crate::limits::COUNT_TOLD_SECS;
use crate::record::{Entry, StoredSecret};

impl Engine {
    pub(super) fn open_count(&mut self, plan: CountPlan) -> Result<Reply, Refusal> {
        self.hub()?;
        let roster = self.state.network().ok_or(Refusal::NotJoined)?.roster().clone();
        let pilot = self.state.pilots().get(&plan.pilot).ok_or(Refusal::UnknownPilot)?;
        pilot.live(self.now.wall)?;
        let charter = pilot.charter.clone();
        let noise = charter.body().counts.as_ref().ok_or(Refusal::NotAllowed("counts"))?.noise;
        let mut banks = plan.banks;
        banks.sort();
        let is_open = |known: &KnownCount| known.terms.body().banks == banks && !known.phase.is_over();
        if self.state.counts().counts().values().any(is_open) {
            return Err(Refusal::UnderWay);
        }
        let count = RunId(self.random("count"));
        let body = CountBody {
            network: charter.body().network,
            pilot: plan.pilot,
            charter: charter.digest(),
            epoch: roster.epoch(),
            run: count,
            banks,
            kinds: plan.kinds.try_into().map_err(|_| Refusal::NotAllowed("so many types"))?,
            items: padded_size(plan.items as usize),
            noise,
            leakage: LEAKAGE.digest(),
            opens: self.now.wall,
            ends: self.now.wall.plus_secs(plan.secs),
        };
        let terms = CountTerms::sign(&body, &self.hub()?.signing, &charter, &roster)?;
        self.admit_release(&Charge::of_pair(&terms))?;
        let seed = StoredSecret(self.random("count noise"));
        self.commit(Entry::CountOpened { seed, signed: Box::new(terms.signed().clone()) });
        self.push(Effect::Log(Level::Info, "count-opened"));
        self.await_tags(count);
        self.tell_banks(&terms, &CountMessage::CountOffered(terms.signed().clone()));
        Ok(Reply::CountOpened(count))
    }

    /// Whether a release may be made beside those that were and those that are under way.
    pub(crate) fn admit_release(&self, charge: &Charge) -> Result<(), LedgerRefusal> {
        let mut ledger = self.state.counts().ledger().clone();
        for known in self.state.counts().counts().values() {
            // A bank that has not consented releases nothing.
            let is_ours =
                if self.is_hub() { known.phase == CountPhase::Open } else { known.phase == CountPhase::Joined };
            if is_ours {
                ledger.enter(Charge::of_pair(&known.terms));
            }
        }
        for known in self.state.rounds().rounds().values().filter(|known| !known.phase.is_over()) {
            if let Some(charge) = known.charge() {
                ledger.enter(charge);
            }
        }
        ledger.admit(charge).map(|_| ())
    }

    /// Awaits the tags of both banks of an open count.
    pub(super) fn await_tags(&mut self, count: RunId) {
        let known = &self.state.counts().counts()[&count];
        let Some(seed) = known.seed() else { return };
        self.counts.collecting.insert(count, CountHub::new(known.terms.clone(), &seed));
    }

    fn tell_banks(&mut self, terms: &CountTerms, message: &CountMessage) {
        for bank in terms.body().banks {
            self.tell_of_count(bank, message.clone());
        }
    }

    /// What a bank may have missed: terms of what is open, answers of what is not long over.
    pub(super) fn show_counts(&mut self, node: NodeKey) {
        let now = self.now.wall;
        let of_node = self.state.counts().counts().values().filter(|known| known.terms.names(node));
        let message = |known: &KnownCount| match (&known.phase, &known.answer) {
            (CountPhase::Open, _) => Some(CountMessage::CountOffered(known.terms.signed().clone())),
            (_, Some(answer)) if now <= known.terms.body().ends.plus_secs(COUNT_TOLD_SECS) => {
                Some(CountMessage::CountAnswered(answer.clone()))
            }
            _ => None,
        };
        for message in of_node.filter_map(message).collect::<Vec<_>>() {
            self.tell_of_count(node, message);
        }
    }

    pub(super) fn on_count_tags(&mut self, from: NodeKey, tags: CountTags) -> Result<(), Broken> {
        let now = self.now.wall;
        let Some((count, terms)) = self.count_under(tags.terms) else { return Ok(()) };
        if !terms.names(from) {
            return Err("unexpected-message");
        }
        let Some(machine) = self.counts.collecting.get_mut(&count) else { return Ok(()) };
        // Sent again, or too late by the way: no fault.
        if tags.number < machine.received(from) || now > machine.deadline() {
            return Ok(());
        }
        match machine.on_tags(from, now, tags) {
            Ok(None) => {}
            Ok(Some((_, job))) => self.compute_for_counts(JobOf::Comparing(count), job),
            Err(violation) => {
                self.end_count(count, violation.code());
                return Err(violation.code());
            }
        }
        Ok(())
    }

    pub(super) fn on_compared(&mut self, count: RunId, output: JobOutput) {
        let Some(machine) = self.counts.collecting.remove(&count) else { return };
        let Ok(own) = self.hub() else { return };
        let counted = match machine.on_computed(output, &own.signing) {
            Ok(counted) => counted,
            Err(violation) => return self.end_count(count, violation.code()),
        };
        let terms: SharedCount = self.state.counts().counts()[&count].terms.clone();
        let charge = Box::new(Charge::of_pair(&terms));
        self.commit(Entry::Counted { count, charge, answer: Box::new(counted.answer.clone()) });
        self.push(Effect::Log(Level::Info, "counted"));
        self.tell_banks(&terms, &CountMessage::CountAnswered(counted.answer));
        self.count_over(count);
    }
}
