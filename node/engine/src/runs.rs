//! Runs: planned, consented to, started, tried again, ended.

use cwg_protocol::charter::RunKind;
use cwg_protocol::indicator::Roles;
use cwg_protocol::psi::protocol;
use cwg_protocol::session::{Learns, Place};
use cwg_protocol::{NodeKey, RunId};

use crate::Engine;
use crate::command::{Refusal, Reply, RunEnd};
use crate::io::{Effect, Level, Selection, Ticket};
use crate::limits::{RUN_ATTEMPTS_MAX, RUN_WITHIN_MS};
use crate::record::{Entry, RunPlan};
use crate::sessions::Active;
use crate::state::{Pilot, RunPhase};

impl Engine {
    pub(crate) fn plan_run(&mut self, mut plan: RunPlan) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let pilot = self.state.pilots().get(&plan.pilot).ok_or(Refusal::UnknownPilot)?;
        plan.charter = pilot.charter.digest();
        check_plan(pilot, &plan, own)?;
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
        check_plan(pilot, plan, own)?;
        if self.state.active(plan.peer).is_none() {
            return Err(Refusal::UnknownMember);
        }
        self.state.network().ok_or(Refusal::NotJoined)?.roster().in_force(now)?;
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
        self.commit(Entry::RunStarted { run, leakage });
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
        let interrupted: Vec<(RunId, Place, u32)> = self
            .state
            .runs()
            .iter()
            .filter(|(_, run)| run.phase == RunPhase::Running)
            .map(|(id, run)| (*id, run.place, run.attempts))
            .collect();
        for (run, place, attempt) in interrupted {
            match place {
                Place::Proposer => self.begin_run(run),
                Place::Acceptor => {
                    self.commit(Entry::SessionEnded { run, attempt, code: "node-restarted".into() });
                }
            }
        }
    }

    fn begin_run(&mut self, run: RunId) {
        let plan = self.state.runs()[&run].plan.clone();
        let give_up_ms = self.now.mono_ms + RUN_WITHIN_MS;
        self.begin_session(Active::proposing(plan, give_up_ms));
    }

    /// Another session for the same run, if one is left.
    pub(crate) fn retry_run(&mut self, run: RunId, give_up_ms: u64, code: &'static str) {
        let Some(known) = self.state.runs().get(&run) else { return };
        let left = known.attempts < RUN_ATTEMPTS_MAX && self.now.mono_ms < give_up_ms;
        let allowed = self.state.pilots().get(&known.plan.pilot).is_some_and(|pilot| {
            pilot.live(self.now.wall).is_ok()
                && self.state.charged(known.plan.pilot, known.plan.peer, self.now.wall) < budget_of(pilot)
        });
        if left && allowed && known.phase == RunPhase::Running {
            let plan = known.plan.clone();
            self.begin_session(Active::proposing(plan, give_up_ms));
        } else {
            self.end_run(run, code);
        }
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

/// Whether a charter allows a pair run as planned. Its dates and signatures are another matter.
pub(crate) fn check_plan(pilot: &Pilot, plan: &RunPlan, own: NodeKey) -> Result<(), Refusal> {
    let charter = &pilot.charter;
    let body = charter.body();
    let allow = |holds: bool, what| if holds { Ok(()) } else { Err(Refusal::NotAllowed(what)) };
    allow(body.runs.contains(&RunKind::Pair), "pair runs")?;
    allow(body.learns.contains(&plan.learns), "this side to learn")?;
    allow(protocol(plan.protocol).is_some(), "this protocol")?;
    allow(plan.peer != own && charter.names(plan.peer) && charter.names(own), "a run with this member")?;
    allow(selection_allowed(pilot, &plan.selection), "these indicator types and roles")
}

fn selection_allowed(pilot: &Pilot, selection: &Selection) -> bool {
    let sorted = selection.0.is_sorted_by(|a, b| a.0 < b.0);
    let inside = selection.0.iter().all(|(kind, roles)| {
        let allowed = pilot.charter.roles_of(*kind);
        *roles != Roles::NONE && roles.union(allowed) == allowed
    });
    sorted && inside && !selection.0.is_empty()
}

/// Whether a side learns.
pub(crate) fn learns(learns: Learns, place: Place) -> bool {
    matches!(
        (learns, place),
        (Learns::Both, _) | (Learns::Proposer, Place::Proposer) | (Learns::Acceptor, Place::Acceptor)
    )
}
