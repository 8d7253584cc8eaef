//! Sessions under way: from the load of the own set to the seal (`docs/spec/session.md`).

use cwg_protocol::charter::KindRoles;
use cwg_protocol::indicator::ruleset_hash;
use cwg_protocol::lighthouse::{ReleaseNumber, Seen};
use cwg_protocol::psi::{JobId, JobOutput, protocol};
use cwg_protocol::session::{Lane, OwnItems, OwnSet, Place, Receipt, Session, SessionStep, Terms};
use cwg_protocol::wire::limits::SESSIONS_PER_PEER_MAX;
use cwg_protocol::wire::{Accept, Decline, DeclineCode, Message, Propose, PsiFrame, Seal, SessionAbort};
use cwg_protocol::{NodeKey, RunId, SessionId, Violation};

use crate::Engine;
use crate::io::{CloseCode, ConnId, Effect, Level, Selection, Ticket};
use crate::limits::{FAULTS_PER_EPOCH_MAX, ITEMS_READ_PER_MS, SESSION_STALL_MS, SESSIONS_MAX};
use crate::peers::Phase;
use crate::record::{Entry, LighthousePlan, RunPlan};
use crate::runs::{budget_of, check_plan, learns};
use crate::sets::RowsLoaded;

/// One session under way.
pub(crate) struct Active {
    pub(crate) plan: RunPlan,
    pub(crate) peer: NodeKey,
    pub(crate) place: Place,
    pub(crate) attempt: u32,
    pub(crate) stage: Stage,
    /// Proposer: nothing is proposed before.
    not_before_ms: u64,
    /// When it is given up if nothing happens.
    pub(crate) stall_ms: u64,
    /// When the run it belongs to is given up, for the proposer.
    give_up_ms: u64,
}

/// What a session awaits.
pub(crate) enum Stage {
    /// Nothing: it has just been made.
    Fresh,
    /// Its own set, committed to under this salt, for this proposal if it is the acceptor.
    AwaitSet([u8; 32], Option<Box<(ConnId, Propose)>>),
    /// Proposer: a connection under the same roster.
    AwaitPeer(Ready),
    /// Proposer: the answer.
    AwaitAccept(ConnId, Ready, Box<Propose>),
    /// Frames, jobs, shards, the seal.
    Running(ConnId, Box<Session>),
    /// The rows of what matched. Both seals are here: the result stands even if the peer goes.
    AwaitRows(Box<Receipt>, RowsLoaded),
}

/// An own set that the driver keeps, and what was said about it.
pub(crate) struct Ready {
    pub(crate) set: OwnSet,
    /// Without dummies.
    pub(crate) items: u32,
    pub(crate) salt: [u8; 32],
}

/// Where a job's output belongs.
pub(crate) struct JobPlace {
    active: u64,
    lane: Lane,
    job: JobId,
}

impl Active {
    pub(crate) fn proposing(plan: RunPlan, not_before_ms: u64, give_up_ms: u64) -> Self {
        let (peer, place) = (plan.peer, Place::Proposer);
        Self { plan, peer, place, attempt: 0, stage: Stage::Fresh, not_before_ms, stall_ms: 0, give_up_ms }
    }

    /// Whether it takes one of the places that this node has for sessions on one side of it.
    fn is_under_way(&self, place: Place) -> bool {
        let waits = matches!(self.stage, Stage::AwaitPeer(_) | Stage::AwaitRows(..) | Stage::AwaitSet(_, None));
        self.place == place && !waits
    }

    /// When something is to be done about it if nothing else happens.
    fn deadline_ms(&self, now_ms: u64) -> u64 {
        if self.awaits_peer() && self.not_before_ms > now_ms { self.not_before_ms } else { self.stall_ms }
    }

    pub(crate) fn awaits_peer(&self) -> bool {
        matches!(self.stage, Stage::AwaitPeer(_))
    }

    fn conn(&self) -> Option<ConnId> {
        match &self.stage {
            Stage::AwaitSet(_, Some(proposal)) => Some(proposal.0),
            Stage::AwaitAccept(conn, ..) | Stage::Running(conn, _) => Some(*conn),
            _ => None,
        }
    }
}

impl Engine {
    pub(crate) fn begin_session(&mut self, active: Active) {
        self.gather(active, None);
    }

    /// How long a session may be silent: its sets, as large as they may be, have to be read.
    pub(crate) fn patience_ms(&self, plan: &RunPlan) -> u64 {
        SESSION_STALL_MS + u64::from(self.largest_set(plan)) / ITEMS_READ_PER_MS
    }

    pub(crate) fn set_of_proposer(&mut self, number: u64, mut active: Active, ready: Ready) {
        let Some(pilot) = self.state.pilots().get(&active.plan.pilot) else {
            return self.end_run(active.plan.run, "charter-unknown");
        };
        let budget = pilot.charter.body().budget;
        if learns(active.plan.learns, Place::Proposer) && ready.items < budget.items_min {
            return self.end_run(active.plan.run, "set-too-small");
        }
        if ready.items == 0 {
            return self.end_run(active.plan.run, "set-empty");
        }
        if ready.set.padded > self.own_limit(&active.plan) {
            return self.end_run(active.plan.run, "set-too-large");
        }
        active.stage = Stage::AwaitPeer(ready);
        // A book may have taken all the time there was.
        active.stall_ms = active.give_up_ms.max(self.now.mono_ms + SESSION_STALL_MS);
        let peer = active.peer;
        self.sessions.insert(number, active);
        self.sessions_ready(peer);
    }

    /// A peer is there, under our roster or not: propose what waits for it.
    pub(crate) fn sessions_ready(&mut self, node: NodeKey) {
        let epoch = self.state.network().map(|network| network.roster().epoch());
        let Some((id, conn)) = self.ready_conn(node) else { return };
        if conn.ruleset.is_some_and(|theirs| theirs != ruleset_hash()) {
            // It would decline, at the cost of a session.
            return self.end_runs_that_await(|peer| peer == node, "other-ruleset");
        }
        if !matches!(conn.phase, Phase::Ready { epoch: theirs, .. } if Some(theirs) == epoch) {
            return;
        }
        let now_ms = self.now.mono_ms;
        let waiting: Vec<u64> = self
            .sessions
            .iter()
            .filter(|(_, active)| active.peer == node && active.awaits_peer() && active.not_before_ms <= now_ms)
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            // More would be declined as busy, each at the cost of a session.
            if self.under_way_with(node, Place::Proposer) < SESSIONS_PER_PEER_MAX {
                self.propose(number, id);
            }
        }
    }

    /// Proposes what waited for a time or for its turn.
    pub(crate) fn propose_waiting(&mut self) {
        let waiting = self.sessions.values().filter(|active| active.awaits_peer()).map(|active| active.peer);
        let peers: std::collections::BTreeSet<NodeKey> = waiting.collect();
        for peer in peers {
            self.sessions_ready(peer);
        }
    }

    fn under_way_with(&self, peer: NodeKey, place: Place) -> usize {
        self.sessions.values().filter(|active| active.peer == peer && active.is_under_way(place)).count()
    }

    fn propose(&mut self, number: u64, conn: ConnId) {
        let Some(mut active) = self.sessions.remove(&number) else { return };
        let Stage::AwaitPeer(ready) = active.stage else { return };
        let plan = active.plan.clone();
        if let Err(code) = self.may_charge(&plan) {
            return self.end_run(plan.run, code);
        }
        let attempt = self.state.runs().get(&plan.run).map_or(0, |run| run.attempts) + 1;
        let nonce = self.random("nonce");
        let (Some(network), Some(protocol)) = (self.state.network(), protocol(plan.protocol)) else { return };
        let propose = Propose {
            run: plan.run,
            attempt,
            epoch: network.roster().epoch(),
            roster: network.roster().digest(),
            pilot: plan.pilot,
            charter: plan.charter,
            learns: plan.learns,
            protocol: plan.protocol,
            leakage: protocol.leakage().digest(),
            ruleset: ruleset_hash(),
            selection: selection_to_wire(&plan.selection),
            release: plan.lighthouse.as_ref().map(|lighthouse| lighthouse.release.digest),
            set: ready.set,
            nonce,
        };
        // The budget is charged before the peer hears of it.
        let (items, salt) = (ready.set.padded, ready.salt);
        self.commit(Entry::SessionCharged { plan, place: Place::Proposer, attempt, items, salt });
        active.attempt = attempt;
        active.stage = Stage::AwaitAccept(conn, ready, Box::new(propose.clone()));
        active.stall_ms = self.now.mono_ms + self.patience_ms(&active.plan);
        self.sessions.insert(number, active);
        self.send(conn, &Message::Propose(propose));
    }

    pub(crate) fn on_propose(&mut self, conn: ConnId, from: NodeKey, propose: Propose) {
        let (run, attempt) = (propose.run, propose.attempt);
        let checked = self.check_proposal(from, &propose).and_then(|plan| {
            self.supersede(from, run);
            self.has_room(from).then_some(plan).ok_or(DeclineCode::Busy)
        });
        match checked {
            Err(code) => self.decline(conn, run, attempt, code),
            Ok(plan) => {
                let active = Active {
                    plan,
                    peer: from,
                    place: Place::Acceptor,
                    attempt,
                    stage: Stage::Fresh,
                    not_before_ms: 0,
                    stall_ms: 0,
                    give_up_ms: 0,
                };
                self.gather(active, Some(Box::new((conn, propose))));
            }
        }
    }

    fn check_proposal(&self, from: NodeKey, propose: &Propose) -> Result<RunPlan, DeclineCode> {
        let now = self.now.wall;
        let own = self.own().map_err(|_| DeclineCode::NotAllowed)?.node();
        (self.is_hub() == propose.release.is_some()).then_some(()).ok_or(DeclineCode::NotAllowed)?;
        let network = self.state.network().ok_or(DeclineCode::Roster)?;
        let in_force = network.roster().in_force(now).is_ok() && network.roster().digest() == propose.roster;
        in_force.then_some(()).ok_or(DeclineCode::Roster)?;
        (propose.ruleset == ruleset_hash()).then_some(()).ok_or(DeclineCode::Ruleset)?;
        let pilot = self.state.pilots().get(&propose.pilot).ok_or(DeclineCode::Charter)?;
        let live = pilot.charter.digest() == propose.charter && pilot.live(now).is_ok();
        live.then_some(()).ok_or(DeclineCode::Charter)?;
        let known = protocol(propose.protocol).ok_or(DeclineCode::NotAllowed)?;
        (known.leakage().digest() == propose.leakage).then_some(()).ok_or(DeclineCode::Leakage)?;
        // Whether it is the hub's current one is looked at last: a proposal that is not allowed says nothing of it.
        let seen = |digest| Seen { number: ReleaseNumber(0), digest };
        let mut plan = RunPlan {
            run: propose.run,
            pilot: propose.pilot,
            charter: propose.charter,
            peer: from,
            learns: propose.learns,
            protocol: propose.protocol,
            selection: Selection(propose.selection.iter().map(|entry| (entry.kind, entry.roles)).collect()),
            lighthouse: propose.release.map(|digest| LighthousePlan { release: seen(digest), book: None }),
        };
        check_plan(pilot, &plan, own, network.hub).map_err(|_| DeclineCode::NotAllowed)?;
        if let (Some(digest), Some(lighthouse)) = (propose.release, &mut plan.lighthouse) {
            lighthouse.release = self.release_named(digest).ok_or(DeclineCode::Release)?;
        }
        let sized = propose.set.padded >= cwg_protocol::wire::limits::ITEMS_MIN_PADDED
            && cwg_protocol::psi::padded_size(propose.set.padded as usize) == propose.set.padded
            && propose.set.padded <= self.peer_limit(&plan)
            // Only a receiver proposes a run that carries labels.
            && propose.set.label_len.is_none();
        sized.then_some(()).ok_or(DeclineCode::Size)?;
        let faulty = self.state.faults(from) >= FAULTS_PER_EPOCH_MAX;
        if faulty || self.state.charged(propose.pilot, from, now) >= budget_of(pilot) {
            return Err(DeclineCode::Budget);
        }
        if let Some(run) = self.state.runs().get(&propose.run) {
            let ours_to_repeat = run.place == Place::Acceptor && run.plan == plan && run.attempts < propose.attempt;
            ours_to_repeat.then_some(()).ok_or(DeclineCode::Repeated)?;
        }
        Ok(plan)
    }

    /// A later session of a run: its proposer has given up the earlier one, whether we have heard of it or not.
    fn supersede(&mut self, from: NodeKey, run: RunId) {
        let earlier = self
            .sessions
            .iter()
            .find(|(_, active)| active.peer == from && active.plan.run == run && active.is_under_way(Place::Acceptor));
        if let Some(active) = earlier.map(|(number, _)| *number).and_then(|number| self.sessions.remove(&number)) {
            self.session_over(&active, "superseded");
        }
    }

    /// What this node proposes itself is not counted: two that wait for each other would both be busy for ever.
    fn has_room(&self, from: NodeKey) -> bool {
        let all = self.sessions.values().filter(|active| active.is_under_way(Place::Acceptor)).count();
        self.under_way_with(from, Place::Acceptor) < SESSIONS_PER_PEER_MAX && all < SESSIONS_MAX
    }

    pub(crate) fn set_of_acceptor(
        &mut self,
        number: u64,
        active: Active,
        conn: ConnId,
        propose: &Propose,
        ready: &Ready,
    ) {
        let Some(budget) = self.state.pilots().get(&active.plan.pilot).map(|pilot| pilot.charter.body().budget) else {
            return;
        };
        let (run, attempt) = (active.plan.run, active.attempt);
        // Another proposal may have taken the last of the budget while the set was gathered.
        if let Err(code) = self.check_proposal(active.peer, propose) {
            return self.decline(conn, run, attempt, code);
        }
        let too_few = learns(active.plan.learns, Place::Acceptor) && ready.items < budget.items_min;
        // One code for all of these: which one it is would say more about our set.
        if ready.items == 0 || too_few || ready.set.padded > self.own_limit(&active.plan) {
            return self.decline(conn, run, attempt, DeclineCode::Set);
        }
        if !self.labels_as_planned(&active.plan, ready.set.label_len) {
            // The files of the release are not those of its record: for the peer the same as a set that cannot be read.
            self.push(Effect::Log(Level::Warn, "set-damaged"));
            return self.decline(conn, run, attempt, DeclineCode::Busy);
        }
        let nonce = self.random("nonce");
        let Some(terms) = self.terms(Place::Acceptor, propose, active.peer, ready.set, nonce) else { return };
        let Some(exporter) = self.conns.get(&conn).map(|conn| conn.exporter) else { return };
        let (plan, items) = (active.plan.clone(), ready.set.padded);
        self.commit(Entry::SessionCharged { plan, place: Place::Acceptor, attempt, items, salt: ready.salt });
        let accept = Accept { run, attempt, set: ready.set, nonce, session: terms.session(&exporter) };
        self.send(conn, &Message::Accept(accept));
        self.open_session(number, active, conn, terms, &exporter);
    }

    pub(crate) fn on_accept(&mut self, conn: ConnId, from: NodeKey, accept: &Accept) {
        let Some(number) = self.awaiting_answer(conn, accept.run, accept.attempt) else {
            let proposed = self.state.runs().get(&accept.run).is_some_and(|run| {
                run.place == Place::Proposer && run.plan.peer == from && accept.attempt <= run.attempts
            });
            if !proposed || self.running(conn, accept.session).is_some() {
                return self.refuse(conn, CloseCode::Violation, "unexpected-message");
            }
            // An answer to what we have given up: no fault of the peer's, but it must not wait for us.
            return self.send(conn, &Message::SessionAbort(SessionAbort { session: accept.session }));
        };
        let mut active = self.sessions.remove(&number).expect("found above");
        let Stage::AwaitAccept(_, ready, propose) = core::mem::replace(&mut active.stage, Stage::Fresh) else {
            unreachable!("found by this stage")
        };
        let sized = accept.set.padded >= cwg_protocol::wire::limits::ITEMS_MIN_PADDED
            && cwg_protocol::psi::padded_size(accept.set.padded as usize) == accept.set.padded
            && accept.set.padded <= self.peer_limit(&active.plan);
        let terms = self.terms_of_proposer(&propose, from, &ready, accept);
        let exporter = self.conns.get(&conn).map(|conn| conn.exporter);
        let (Some(terms), Some(exporter), true) = (terms, exporter, sized) else {
            return self.session_broken(conn, active, "declined-size");
        };
        if !self.labels_as_planned(&active.plan, accept.set.label_len) {
            return self.session_broken(conn, active, "label-wrong-class");
        }
        if terms.session(&exporter) != accept.session {
            return self.session_broken(conn, active, "terms-differ");
        }
        self.open_session(number, active, conn, terms, &exporter);
    }

    fn terms_of_proposer(&self, propose: &Propose, peer: NodeKey, ready: &Ready, accept: &Accept) -> Option<Terms> {
        let mut terms = self.terms(Place::Proposer, propose, peer, ready.set, propose.nonce)?;
        terms.acceptor_set = accept.set;
        terms.acceptor_nonce = accept.nonce;
        Some(terms)
    }

    /// Terms from a proposal and this node's own view. A proposer fills in the acceptor's part when it knows it.
    fn terms(
        &self,
        place: Place,
        propose: &Propose,
        peer: NodeKey,
        own_set: OwnSet,
        own_nonce: [u8; 32],
    ) -> Option<Terms> {
        let network = self.state.network()?;
        let own = self.state.own()?.node();
        let (proposer, acceptor) = match place {
            Place::Proposer => (own, peer),
            Place::Acceptor => (peer, own),
        };
        Some(Terms {
            network: network.id,
            epoch: propose.epoch,
            roster: propose.roster,
            pilot: propose.pilot,
            charter: propose.charter,
            run: propose.run,
            attempt: propose.attempt,
            proposer,
            acceptor,
            learns: propose.learns,
            protocol: propose.protocol,
            leakage: propose.leakage,
            ruleset: propose.ruleset,
            selection: propose.selection.clone(),
            release: propose.release,
            proposer_set: propose.set,
            acceptor_set: own_set,
            proposer_nonce: propose.nonce,
            acceptor_nonce: own_nonce,
        })
    }

    fn open_session(&mut self, number: u64, mut active: Active, conn: ConnId, terms: Terms, exporter: &[u8; 32]) {
        let Some(known) = protocol(terms.protocol) else { return };
        let seed = self.fresh_seed("session");
        let mut session = Session::open(terms, exporter, active.place, known, OwnItems::Stored, &seed);
        let Some(own) = self.state.own() else { return };
        let step = session.start(&own.signing);
        active.stage = Stage::Running(conn, Box::new(session));
        active.stall_ms = self.now.mono_ms + self.patience_ms(&active.plan);
        self.sessions.insert(number, active);
        self.carry_out(number, conn, step);
    }

    fn carry_out(&mut self, number: u64, conn: ConnId, step: SessionStep) {
        for frame in step.send {
            self.send(conn, &Message::Psi(frame));
        }
        for (lane, job, work) in step.jobs {
            let ticket = self.ticket();
            self.jobs.insert(ticket, JobPlace { active: number, lane, job });
            self.push(Effect::Compute(ticket, work));
        }
        for (lane, shard) in step.loads {
            self.ask_for_shard(number, lane, shard);
        }
        if let Some(given_up) = step.given_up {
            let active = self.sessions.remove(&number).expect("it has just made a step");
            self.tell_abort(&active);
            return self.give_up(&active, given_up.code());
        }
        if let Some(seal) = step.seal {
            let Some(Stage::Running(_, session)) = self.sessions.get(&number).map(|active| &active.stage) else {
                return;
            };
            let session = session.id();
            self.send(conn, &Message::Seal(Seal { session, seal }));
        }
        self.release_if_complete(number);
    }

    pub(crate) fn on_psi(&mut self, conn: ConnId, frame: &PsiFrame) {
        let Some(number) = self.running(conn, frame.session) else {
            // A session that we ended: what was on its way is of no interest.
            return;
        };
        self.step(number, |session, key| session.on_frame(key, frame));
    }

    pub(crate) fn on_computed(&mut self, ticket: Ticket, output: JobOutput) {
        let Some(output) = self.on_standing_computed(ticket, output) else { return };
        let Some(output) = self.on_rounds_computed(ticket, output) else { return };
        let Some(output) = self.on_counts_computed(ticket, output) else { return };
        let Some(place) = self.jobs.remove(&ticket) else { return };
        if self.sessions.contains_key(&place.active) {
            self.step(place.active, |session, key| session.on_computed(key, place.lane, place.job, output));
        }
    }

    pub(crate) fn step(
        &mut self,
        number: u64,
        advance: impl FnOnce(&mut Session, &cwg_crypto::SigningKey) -> Result<SessionStep, Violation>,
    ) {
        let patience_ms = self.sessions.get(&number).map_or(0, |active| self.patience_ms(&active.plan));
        let (Some(own), Some(active)) = (self.state.own(), self.sessions.get_mut(&number)) else { return };
        let Stage::Running(conn, session) = &mut active.stage else { return };
        let conn = *conn;
        active.stall_ms = self.now.mono_ms + patience_ms;
        match advance(session, &own.signing) {
            Ok(step) => self.carry_out(number, conn, step),
            Err(violation) => {
                let active = self.sessions.remove(&number).expect("looked up above");
                self.session_broken(conn, active, violation.code());
            }
        }
    }

    pub(crate) fn on_seal(&mut self, conn: ConnId, seal: &Seal) {
        let Some(number) = self.running(conn, seal.session) else { return };
        self.step(number, |session, _| session.on_seal(seal.seal).map(|()| SessionStep::default()));
    }

    fn release_if_complete(&mut self, number: u64) {
        let complete = matches!(
            self.sessions.get(&number).map(|active| &active.stage),
            Some(Stage::Running(_, session)) if session.is_complete()
        );
        if !complete {
            return;
        }
        let mut active = self.sessions.remove(&number).expect("looked up above");
        let Stage::Running(conn, session) = core::mem::replace(&mut active.stage, Stage::Fresh) else {
            unreachable!("looked up above")
        };
        match session.release() {
            Err(violation) => self.session_broken(conn, active, violation.code()),
            Ok(released) => {
                let fault = released.labels.as_ref().and_then(|labels| self.labels_fault(&active.plan, labels));
                match fault {
                    Some(code) => self.labels_refused(&active, code),
                    None => self.load_rows(number, active, released),
                }
            }
        }
    }

    /// The peer declined: tried again later if that may help.
    pub(crate) fn on_decline(&mut self, conn: ConnId, decline: &Decline) {
        let Some(number) = self.awaiting_answer(conn, decline.run, decline.attempt) else { return };
        let active = self.sessions.remove(&number).expect("found above");
        self.session_over(&active, decline.code.code());
        if decline.code.may_pass() {
            self.retry_run(active.plan.run, active.give_up_ms, decline.code.code());
        } else {
            self.end_run(active.plan.run, decline.code.code());
        }
    }

    pub(crate) fn decline(&mut self, conn: ConnId, run: RunId, attempt: u32, code: DeclineCode) {
        let peer = self.conns.get(&conn).and_then(crate::peers::Conn::peer);
        self.push(Effect::Log(Level::Warn, code.code()));
        self.commit(Entry::Refused { peer, code: code.code().into() });
        self.send(conn, &Message::Decline(Decline { run, attempt, code }));
    }

    /// The peer gave a session up.
    pub(crate) fn on_session_abort(&mut self, conn: ConnId, abort: &SessionAbort) {
        let Some(number) = self.running(conn, abort.session) else { return };
        let active = self.sessions.remove(&number).expect("found above");
        self.session_over(&active, "aborted-by-peer");
        self.run_over(&active, "aborted-by-peer");
    }

    /// A session whose peer broke the protocol: ended here, told to the peer, never tried again by itself.
    fn session_broken(&mut self, conn: ConnId, active: Active, code: &'static str) {
        self.tell_abort(&active);
        self.session_over(&active, code);
        self.run_over(&active, code);
        self.refuse(conn, CloseCode::Violation, code);
    }

    /// Tells the peer that a running session is given up.
    pub(crate) fn tell_abort(&mut self, active: &Active) {
        if let Stage::Running(conn, session) = &active.stage {
            let (conn, session) = (*conn, session.id());
            self.send(conn, &Message::SessionAbort(SessionAbort { session }));
        }
    }

    /// What a session that is not tried again means for its run.
    pub(crate) fn run_over(&mut self, active: &Active, code: &str) {
        match active.place {
            Place::Proposer => self.end_run(active.plan.run, code),
            Place::Acceptor => self.answer_waiting(active.plan.run),
        }
    }

    pub(crate) fn session_over(&mut self, active: &Active, code: &str) {
        if active.attempt > 0 {
            let (run, attempt) = (active.plan.run, active.attempt);
            // A proposal that was declined before it was charged here has no run to end.
            if self.state.runs().contains_key(&run) {
                self.commit(Entry::SessionEnded { run, attempt, code: code.into() });
            }
        }
    }

    /// A connection went: its sessions end, and a proposer tries again.
    pub(crate) fn sessions_lost(&mut self, conn: ConnId) {
        let lost: Vec<u64> =
            self.sessions.iter().filter(|(_, active)| active.conn() == Some(conn)).map(|(number, _)| *number).collect();
        for number in lost {
            let active = self.sessions.remove(&number).expect("listed above");
            self.give_up(&active, "peer-lost");
        }
    }

    /// Ends the runs that wait for a peer which will not come.
    pub(crate) fn end_runs_that_await(&mut self, will_not_come: impl Fn(NodeKey) -> bool, code: &str) {
        let awaits = |active: &Active| active.awaits_peer() && will_not_come(active.peer);
        let over: Vec<u64> =
            self.sessions.iter().filter(|(_, active)| awaits(active)).map(|(number, _)| *number).collect();
        for number in over {
            let active = self.sessions.remove(&number).expect("listed above");
            self.end_run(active.plan.run, code);
        }
    }

    fn give_up(&mut self, active: &Active, code: &'static str) {
        self.session_over(active, code);
        match active.place {
            Place::Proposer => self.retry_run(active.plan.run, active.give_up_ms, code),
            Place::Acceptor => self.answer_waiting(active.plan.run),
        }
    }

    pub(crate) fn expire_sessions(&mut self) {
        let now_ms = self.now.mono_ms;
        let stalled: Vec<u64> =
            self.sessions.iter().filter(|(_, active)| active.stall_ms <= now_ms).map(|(number, _)| *number).collect();
        for number in stalled {
            let active = self.sessions.remove(&number).expect("listed above");
            self.tell_abort(&active);
            let code = if active.awaits_peer() { "peer-unreachable" } else { "session-stalled" };
            self.give_up(&active, code);
        }
    }

    pub(crate) fn next_session_deadline(&self) -> Option<u64> {
        self.sessions.values().map(|active| active.deadline_ms(self.now.mono_ms)).min()
    }

    fn running(&self, conn: ConnId, session: SessionId) -> Option<u64> {
        self.sessions
            .iter()
            .find(|(_, active)| {
                matches!(&active.stage, Stage::Running(on, running) if *on == conn && running.id() == session)
            })
            .map(|(number, _)| *number)
    }

    fn awaiting_answer(&self, conn: ConnId, run: RunId, attempt: u32) -> Option<u64> {
        self.sessions
            .iter()
            .find(|(_, active)| {
                matches!(&active.stage, Stage::AwaitAccept(on, ..) if *on == conn)
                    && active.plan.run == run
                    && active.attempt == attempt
            })
            .map(|(number, _)| *number)
    }
}

fn selection_to_wire(
    selection: &Selection,
) -> cwg_protocol::wire::BoundedVec<KindRoles, { cwg_protocol::wire::limits::SELECTION_MAX }> {
    let entries: Vec<KindRoles> =
        selection.0.iter().map(|(kind, roles)| KindRoles { kind: *kind, roles: *roles }).collect();
    entries.try_into().expect("a checked selection has each kind once")
}
