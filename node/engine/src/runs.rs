//! Runs: planned, consented to, started, tried again, ended.

use cwg_protocol::charter::RunKind;
use cwg_protocol::indicator::Roles;
use cwg_protocol::psi::protocol;
use cwg_protocol::session::{Learns, Place};
use cwg_protocol::{NodeKey, RunId};

use crate::Engine;
use crate::command::{Refusal, Reply, RunEnd};
use crate::io::{Effect, Level, Selection, Ticket};
use crate::limits::{FAULTS_PER_EPOCH_MAX, RETRY_MAX_MS, RETRY_MIN_MS, RUN_ATTEMPTS_MAX, RUN_WITHIN_MS};
use crate::record::{Entry, RunPlan};
use crate::sessions::Active;
use crate::state::{Pilot, RunPhase};

impl Engine {
    pub(crate) fn plan_run(&mut self, mut plan: RunPlan) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let pilot = self.state.pilots().get(&plan.pilot).ok_or(Refusal::UnknownPilot)?;
        let hub = self.state.network().ok_or(Refusal::NotJoined)?.hub;
        plan.charter = pilot.charter.digest();
        check_plan(pilot, &plan, own, hub)?;
        self.check_release(&plan)?;
        // What a member compares is its own: only the hub has the content of a release.
        if plan.lighthouse.as_ref().is_some_and(|lighthouse| lighthouse.book.is_none()) {
            return Err(Refusal::NotAllowed("a lighthouse run without a book"));
        }
        if self.state.active(plan.peer).is_none() {
            return Err(Refusal::UnknownMember);
        }
        plan.run = RunId(self.random("run"));
        let run = plan.run;
        self.commit(Entry::RunPlanned(plan));
        Ok(Reply::RunPlanned(run))
    }

    pub(crate) fn start_run(&mut self, run: RunId, consent: cwg_crypto::Digest) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let now = self.now.wall;
        let known = self.state.runs().get(&run).ok_or(Refusal::UnknownRun)?;
        if known.phase != RunPhase::Planned {
            return Err(Refusal::RunState(known.phase.name()));
        }
        let plan = &known.plan;
        let pilot = self.state.pilots().get(&plan.pilot).ok_or(Refusal::UnknownPilot)?;
        pilot.live(now)?;
        if pilot.charter.digest() != plan.charter {
            return Err(Refusal::CharterChanged);
        }
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        check_plan(pilot, plan, own, network.hub)?;
        self.check_release(plan)?;
        if self.state.active(plan.peer).is_none() {
            return Err(Refusal::UnknownMember);
        }
        network.roster().in_force(now)?;
        let leakage = protocol(plan.protocol).ok_or(Refusal::NotAllowed("this protocol"))?.leakage().digest();
        if leakage != consent {
            return Err(Refusal::Consent);
        }
        if self.state.charged(plan.pilot, plan.peer, now) >= budget_of(pilot) {
            return Err(Refusal::Budget);
        }
        if !self.config.online {
            return Err(Refusal::Offline);
        }
        let peer = plan.peer;
        self.commit(Entry::RunStarted { run, leakage });
        self.dial_at_once(peer);
        self.begin_run(run);
        Ok(Reply::Done)
    }

    pub(crate) fn await_run(&mut self, ticket: Ticket, run: RunId) -> Result<Option<Reply>, Refusal> {
        let known = self.state.runs().get(&run).ok_or(Refusal::UnknownRun)?;
        match &known.phase {
            RunPhase::Planned => Err(Refusal::RunState("planned")),
            RunPhase::Sealed(matches) => Ok(Some(Reply::RunEnded(RunEnd::Sealed(*matches)))),
            RunPhase::Ended(code) => Ok(Some(Reply::RunEnded(RunEnd::Ended(code.clone())))),
            RunPhase::Running => {
                self.waiting.entry(run).or_default().push(ticket);
                Ok(None)
            }
        }
    }

    /// After a start: runs of ours that a crash interrupted go on with a new session; a peer's runs are the peer's to
    /// take up again.
    pub(crate) fn resume_runs(&mut self) {
        let give_up_ms = self.now.mono_ms + RUN_WITHIN_MS;
        let interrupted: Vec<(RunId, Place, u32)> = self
            .state
            .runs()
            .iter()
            .filter(|(_, run)| run.phase == RunPhase::Running)
            .map(|(id, run)| (*id, run.place, run.attempts))
            .collect();
        for (run, place, attempt) in interrupted {
            match place {
                Place::Proposer => self.retry_run(run, give_up_ms, "node-restarted"),
                Place::Acceptor => {
                    self.commit(Entry::SessionEnded { run, attempt, code: "node-restarted".into() });
                }
            }
        }
    }

    fn begin_run(&mut self, run: RunId) {
        let plan = self.state.runs()[&run].plan.clone();
        let give_up_ms = self.now.mono_ms + RUN_WITHIN_MS;
        self.begin_session(Active::proposing(plan, self.now.mono_ms, give_up_ms));
    }

    /// Another session for the same run, if one is left: not at once, so that what was in its way can pass.
    pub(crate) fn retry_run(&mut self, run: RunId, give_up_ms: u64, code: &'static str) {
        let Some(known) = self.state.runs().get(&run).filter(|known| known.phase == RunPhase::Running) else { return };
        let left = known.attempts < RUN_ATTEMPTS_MAX && self.now.mono_ms < give_up_ms;
        let plan = known.plan.clone();
        if !left {
            return self.end_run(run, code);
        }
        if let Err(refused) = self.may_charge(&plan) {
            return self.end_run(run, refused);
        }
        let waits = known.attempts.checked_sub(1).map_or(0, |again| (RETRY_MIN_MS << again).min(RETRY_MAX_MS));
        self.begin_session(Active::proposing(plan, self.now.mono_ms + waits, give_up_ms));
    }

    /// Whether another session of a run may be charged now: time has passed since it was started.
    pub(crate) fn may_charge(&self, plan: &RunPlan) -> Result<(), &'static str> {
        let now = self.now.wall;
        let pilot = self.state.pilots().get(&plan.pilot).ok_or("charter-unknown")?;
        if pilot.charter.digest() != plan.charter {
            return Err("charter-changed");
        }
        pilot.live(now).map_err(|_| "charter-not-live")?;
        self.state.active(plan.peer).ok_or("peer-not-on-roster")?;
        self.check_release(plan).map_err(|refusal| refusal.code())?;
        let roster = self.state.network().ok_or("not-joined")?.roster();
        roster.in_force(now).map_err(|error| error.code())?;
        if self.state.charged(plan.pilot, plan.peer, now) >= budget_of(pilot) {
            return Err("budget-used-up");
        }
        if self.state.faults(plan.peer) >= FAULTS_PER_EPOCH_MAX {
            return Err("faults-used-up");
        }
        Ok(())
    }

    pub(crate) fn end_run(&mut self, run: RunId, code: &str) {
        self.push(Effect::Log(Level::Warn, "run-ended"));
        self.commit(Entry::RunEnded { run, code: code.into() });
        self.answer_waiting(run);
    }

    pub(crate) fn answer_waiting(&mut self, run: RunId) {
        let end = match self.state.runs().get(&run).map(|run| &run.phase) {
            Some(RunPhase::Sealed(matches)) => RunEnd::Sealed(*matches),
            Some(RunPhase::Ended(code)) => RunEnd::Ended(code.clone()),
            _ => return,
        };
        for ticket in self.waiting.remove(&run).unwrap_or_default() {
            self.reply(ticket, Ok(Reply::RunEnded(end.clone())));
        }
    }
}

/// Sessions a day that a charter allows with one peer.
pub(crate) fn budget_of(pilot: &Pilot) -> usize {
    pilot.charter.body().budget.sessions_per_day as usize
}

/// Whether a charter allows a run as planned, at either side of it. Its dates and signatures are another matter, and so is the
/// release of a lighthouse run.
pub(crate) fn check_plan(pilot: &Pilot, plan: &RunPlan, own: NodeKey, hub: NodeKey) -> Result<(), Refusal> {
    let charter = &pilot.charter;
    let body = charter.body();
    let allow = |holds: bool, what| if holds { Ok(()) } else { Err(Refusal::NotAllowed(what)) };
    let known = protocol(plan.protocol);
    match plan.kind() {
        RunKind::Lighthouse => {
            allow(body.runs.contains(&RunKind::Lighthouse), "lighthouse runs")?;
            allow(plan.learns == Learns::Proposer, "the hub to learn")?;
            allow(known.is_some_and(|known| known.for_lighthouse()), "this protocol")?;
            // No charter names the hub.
            let member = if own == hub { plan.peer } else { own };
            let with_hub = (own == hub) != (plan.peer == hub);
            allow(with_hub && charter.names(member), "a lighthouse run of these two")?;
        }
        _ => {
            allow(body.runs.contains(&RunKind::Pair), "pair runs")?;
            allow(body.learns.contains(&plan.learns), "this side to learn")?;
            allow(known.is_some_and(|known| known.for_members()), "this protocol")?;
            allow(plan.peer != own && charter.names(plan.peer) && charter.names(own), "a run with this member")?;
        }
    }
    let admitted = plan.selection.0.iter().all(|(kind, _)| plan.kind().admits(*kind));
    allow(admitted, "card numbers in a run between members")?;
    allow(selection_allowed(pilot, &plan.selection), "these indicator types and roles")
}

fn selection_allowed(pilot: &Pilot, selection: &Selection) -> bool {
    let sorted = selection.0.is_sorted_by(|a, b| a.0 < b.0);
    let inside = selection.0.iter().all(|(kind, roles)| *roles != Roles::NONE && pilot.charter.allows(*kind, *roles));
    sorted && inside && !selection.0.is_empty()
}

/// Whether a side learns.
pub(crate) fn learns(learns: Learns, place: Place) -> bool {
    matches!(
        (learns, place),
        (Learns::Both, _) | (Learns::Proposer, Place::Proposer) | (Learns::Acceptor, Place::Acceptor)
    )
}
