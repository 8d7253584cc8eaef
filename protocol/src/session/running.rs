//! The running session: parties, transcript, seal.

use std::collections::{BTreeMap, VecDeque};

use cwg_crypto::{Digest, Lane as TranscriptLane, Seed, SigningKey, Transcript};

use super::own::{HeldItems, Matches, OwnItems};
use super::{Lane, Place, Receipt, Seal, SealVerified, Terms};
use crate::SessionId;
use crate::psi::{Binding, GivenUp, Job, JobId, JobOutput, Labels, Loaded, Outcome, Party, PsiProtocol, Shard, Step};
use crate::violation::Violation;
use crate::wire::PsiFrame;

/// What a session asks of its surroundings.
#[derive(Debug, Default)]
pub struct SessionStep {
    /// Frames for the peer, in order.
    pub send: Vec<PsiFrame>,
    /// Jobs with the lane and number under which their output comes back.
    pub jobs: Vec<(Lane, JobId, Job)>,
    /// Shards of a stored set to be loaded, in order, with the lane that asks.
    pub loads: Vec<(Lane, Shard)>,
    /// Set if this side cannot go on by no fault of anyone: another session may.
    pub given_up: Option<GivenUp>,
    /// Set once: our seal for the peer. Everything we send is sent.
    pub seal: Option<Seal>,
}

/// The end of a sealed session.
#[derive(Debug)]
pub struct Released {
    /// What is kept.
    pub receipt: Receipt,
    /// What of ours the peer also holds; `None` where we were not to learn.
    pub matches: Option<Matches>,
    /// The peer's label of each match, in their order, if the protocol carries labels and we were to learn.
    pub labels: Option<Labels>,
}

/// The own set, as the session sees it.
enum Own {
    Held(Box<HeldItems>),
    Stored,
}

/// One execution of this side.
struct Execution {
    party: Box<dyn Party>,
    outcome: Option<Outcome>,
}

/// A session whose terms are agreed.
pub struct Session {
    terms: Terms,
    id: SessionId,
    place: Place,
    own: Own,
    executions: BTreeMap<Lane, Execution>,
    transcript: Transcript,
    own_seal: Option<Seal>,
    peer_seal: Option<Seal>,
}

impl Session {
    /// Opens a session under agreed terms, with the set that they name as ours.
    pub fn open(
        terms: Terms,
        exporter: &[u8; 32],
        place: Place,
        protocol: &dyn PsiProtocol,
        own: OwnItems,
        seed: &Seed,
    ) -> Self {
        let id = terms.session(exporter);
        let own_set = match place {
            Place::Proposer => terms.proposer_set,
            Place::Acceptor => terms.acceptor_set,
        };
        let executions = terms.learns.lanes().iter().map(|lane| {
            let binding = Binding { session: id.0, lane: lane.number() };
            let seed = seed.fork("lane", u64::from(lane.number()));
            (
                *lane,
                Execution { party: protocol.open(lane.role(place), binding, terms.sizes(*lane), seed), outcome: None },
            )
        });
        Self {
            executions: executions.collect(),
            transcript: Transcript::new(Digest::from_bytes(id.0)),
            terms,
            id,
            place,
            own: match own {
                OwnItems::Held(items) => Own::Held(Box::new(HeldItems::new(items.into(), own_set.label_len, id))),
                OwnItems::Labelled(set) => Own::Held(Box::new(HeldItems::new(set, own_set.label_len, id))),
                OwnItems::Stored => Own::Stored,
            },
            own_seal: None,
            peer_seal: None,
        }
    }

    /// Its name.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Its terms.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The first step.
    pub fn start(&mut self, key: &SigningKey) -> SessionStep {
        let mut step = SessionStep::default();
        let lanes: Vec<Lane> = self.executions.keys().copied().collect();
        for lane in lanes {
            let started = self.executions.get_mut(&lane).expect("own lane").party.start();
            self.absorb(lane, started, &mut step);
        }
        self.sign_when_complete(key, &mut step);
        step
    }

    /// The step after a frame of the peer.
    ///
    /// # Errors
    /// If the frame is not allowed now. The session is over.
    pub fn on_frame(&mut self, key: &SigningKey, frame: &PsiFrame) -> Result<SessionStep, Violation> {
        // A side that has signed has declared the transcript complete.
        if self.peer_seal.is_some() || self.own_seal.is_some() {
            return Err(Violation::Unexpected { awaiting: "seal" });
        }
        let execution =
            self.executions.get_mut(&frame.lane).ok_or(Violation::Unexpected { awaiting: "a lane of the terms" })?;
        self.transcript.absorb(direction(self.place.other()), frame.lane.number().into(), &frame.body);
        let next = execution.party.on_message(&frame.body)?;
        let mut step = SessionStep::default();
        self.absorb(frame.lane, next, &mut step);
        self.sign_when_complete(key, &mut step);
        Ok(step)
    }

    /// The step after one of our jobs.
    ///
    /// # Errors
    /// If the job found a violation. The session is over.
    pub fn on_computed(
        &mut self,
        key: &SigningKey,
        lane: Lane,
        job: JobId,
        output: JobOutput,
    ) -> Result<SessionStep, Violation> {
        let execution = self.executions.get_mut(&lane).expect("a driver returns jobs to the lane they came from");
        let next = execution.party.on_computed(job, output)?;
        let mut step = SessionStep::default();
        self.absorb(lane, next, &mut step);
        self.sign_when_complete(key, &mut step);
        Ok(step)
    }

    /// The step after a shard of a stored set, which a lane asked for, is here.
    pub fn on_loaded(&mut self, key: &SigningKey, lane: Lane, shard: Shard, loaded: impl Into<Loaded>) -> SessionStep {
        let execution = self.executions.get_mut(&lane).expect("a driver returns shards to the lane that asked");
        let next = execution.party.on_loaded(shard, loaded.into());
        let mut step = SessionStep::default();
        self.absorb(lane, next, &mut step);
        self.sign_when_complete(key, &mut step);
        step
    }

    /// Takes the peer's seal. It may come before ours: the peer is then ahead.
    ///
    /// # Errors
    /// If there was one before.
    pub fn on_seal(&mut self, seal: Seal) -> Result<(), Violation> {
        if self.peer_seal.is_some() {
            return Err(Violation::Unexpected { awaiting: "nothing" });
        }
        self.peer_seal = Some(seal);
        Ok(())
    }

    /// Whether both seals are here.
    pub fn is_complete(&self) -> bool {
        self.own_seal.is_some() && self.peer_seal.is_some()
    }

    /// Verifies the peer's seal and lets the output out.
    ///
    /// # Errors
    /// If the peer signed another transcript. Nothing is released.
    ///
    /// # Panics
    /// If the session is not complete.
    pub fn release(self) -> Result<Released, Violation> {
        let own = self.own_seal.expect("complete");
        let peer = self.peer_seal.expect("complete");
        let end = self.transcript.end();
        let peer_key = match self.place {
            Place::Proposer => self.terms.acceptor,
            Place::Acceptor => self.terms.proposer,
        };
        let verified = peer.verify(peer_key, self.id, end, self.place.other())?;
        let (proposer, acceptor) = match self.place {
            Place::Proposer => (own, peer),
            Place::Acceptor => (peer, own),
        };
        let (matches, labels) = reveal(self.own, self.executions, &verified);
        let receipt = Receipt { terms: self.terms, session: self.id, transcript: end, proposer, acceptor };
        Ok(Released { receipt, matches, labels })
    }

    /// Takes a party's step, and those that follow from the shards of a held set.
    fn absorb(&mut self, lane: Lane, next: Step, step: &mut SessionStep) {
        let mut steps = VecDeque::from([next]);
        while let Some(next) = steps.pop_front() {
            for body in next.send {
                self.transcript.absorb(direction(self.place), lane.number().into(), &body);
                step.send.push(PsiFrame { session: self.id, lane, body });
            }
            step.jobs.extend(next.jobs.into_iter().map(|(id, job)| (lane, id, job)));
            step.given_up = step.given_up.or(next.given_up);
            let execution = self.executions.get_mut(&lane).expect("own lane");
            if next.outcome.is_some() {
                execution.outcome = next.outcome;
            }
            match &mut self.own {
                Own::Stored => step.loads.extend(next.loads.into_iter().map(|shard| (lane, shard))),
                Own::Held(own) => {
                    let shards = next.loads.into_iter();
                    steps.extend(shards.map(|shard| execution.party.on_loaded(shard, own.shard(shard))));
                }
            }
        }
    }

    fn sign_when_complete(&mut self, key: &SigningKey, step: &mut SessionStep) {
        if self.own_seal.is_none() && self.executions.values().all(|execution| execution.outcome.is_some()) {
            let seal = Seal::sign(key, self.id, self.transcript.end(), self.place);
            self.own_seal = Some(seal);
            step.seal = Some(seal);
        }
    }
}

/// The output, which only a verified seal opens.
fn reveal(
    own: Own,
    executions: BTreeMap<Lane, Execution>,
    _verified: &SealVerified,
) -> (Option<Matches>, Option<Labels>) {
    let outcomes = executions.into_values().filter_map(|execution| execution.outcome);
    let found = outcomes.into_iter().find_map(|outcome| match outcome {
        Outcome::Matched { bits, places } => Some((bits, places, None)),
        Outcome::Labelled { bits, places, labels } => Some((bits, places, Some(labels))),
        Outcome::Nothing => None,
    });
    let Some((bits, places, labels)) = found else { return (None, None) };
    match (own, labels) {
        (Own::Stored, labels) => (Some(Matches::Places { bits, places }), labels),
        (Own::Held(mut own), None) => (Some(Matches::Items(own.at(bits, &places))), None),
        (Own::Held(mut own), Some(labels)) => {
            let (items, labels) = own.labelled_at(bits, &places, &labels);
            (Some(Matches::Items(items)), Some(labels))
        }
    }
}

fn direction(place: Place) -> TranscriptLane {
    match place {
        Place::Proposer => TranscriptLane::First,
        Place::Acceptor => TranscriptLane::Second,
    }
}

impl Place {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Proposer => Self::Acceptor,
            Self::Acceptor => Self::Proposer,
        }
    }
}
