//! The hub opens rounds and shows their terms; members and keyholders adopt them.

use cwg_crypto::Seed;
use cwg_crypto::collect::TableParams;
use cwg_crypto::hpke::OpeningKey;
use cwg_crypto::voprf::EvaluationKey;
use cwg_protocol::count::Charge;
use cwg_protocol::lighthouse::Day;
use cwg_protocol::round::limits::RELAYS_MAX;
use cwg_protocol::round::upload::{TurnEnd, TurnEnded};
use cwg_protocol::round::{
    RoundClosed, RoundLeakage, RoundMessage, RoundTerms, SharedTerms, SignedTerms, TermsBody, TermsError,
};
use cwg_protocol::{NodeKey, PilotId, RunId};

use super::Broken;
use super::state::{KnownRound, RoundPhase};
use crate::Engine;
use crate::command::{Refusal, Reply, RoundPlan, RoundTells};
use crate::io::{Effect, Level};
use crate::record::{Entry, StoredSecret};

/// The hub's keys of a round: for tickets, and to open what is sealed to it.
pub(super) fn hub_keys(seed: &Seed) -> (EvaluationKey, OpeningKey) {
    (EvaluationKey::from_seed(&seed.fork("issuer", 0)), OpeningKey::derive(&seed.fork("opening", 0).into_secret()))
}

impl Engine {
    pub(super) fn open_round_of(&self, pilot: PilotId) -> Option<RunId> {
        let mut rounds = self.state.rounds().rounds().iter();
        rounds.find(|(_, known)| known.terms.body().pilot == pilot && !known.phase.is_over()).map(|(round, _)| *round)
    }

    pub(super) fn open_round(&mut self, plan: RoundPlan) -> Result<Reply, Refusal> {
        self.hub()?;
        let roster = self.state.network().ok_or(Refusal::NotJoined)?.roster().clone();
        let pilot = self.state.pilots().get(&plan.pilot).ok_or(Refusal::UnknownPilot)?;
        pilot.live(self.now.wall)?;
        let charter = pilot.charter.clone();
        if self.open_round_of(plan.pilot).is_some() {
            return Err(Refusal::UnderWay);
        }
        if plan.schedule.evaluate_by <= self.now.wall {
            return Err(TermsError::Rule("there is time to evaluate").into());
        }
        let noise = match plan.tells {
            RoundTells::Band => None,
            RoundTells::Count => Some(charter.body().counts.as_ref().ok_or(Refusal::NotAllowed("counts"))?.noise),
        };
        let key = &self.state.rounds().keys().get(&plan.pilot).ok_or(Refusal::NoSharedKey)?.held;
        let is_active = |member: &&NodeKey| roster.active_by_node(**member).is_some();
        let members: Vec<NodeKey> = charter.body().members.iter().filter(is_active).copied().collect();
        // Those first that hold no share: one node fewer that knows of two sides.
        let mut relays = members.clone();
        relays.sort_by_key(|member| key.index_of(*member).is_some());
        relays.truncate(RELAYS_MAX);
        let key = key.signed().clone();
        let items = plan.kinds.iter().fold(0_u32, |sum, kind| sum.saturating_add(kind.items));
        let tables = match plan.threshold {
            2 => 0,
            threshold => TableParams::new(threshold, items)
                .map_err(|_| TermsError::Rule("a slot has up to 2^20 items, which 2 to 15 members hold"))?
                .tables(),
        };
        let seed = StoredSecret(self.random("round keys"));
        let (issuer, opening) = hub_keys(&Seed::new(seed.0));
        let body = TermsBody {
            network: charter.body().network,
            pilot: plan.pilot,
            charter: charter.digest(),
            epoch: roster.epoch(),
            round: RunId(self.random("round")),
            threshold: plan.threshold,
            kinds: plan.kinds.try_into().map_err(|_| TermsError::Rule("kinds are few"))?,
            tables: u8::try_from(tables).expect("at most 32 tables"),
            key,
            issuer: issuer.public(),
            sealing: *opening.public().as_bytes(),
            members: members.try_into().expect("a charter has up to fifteen members"),
            relays: relays.try_into().expect("cut to the limit"),
            uploads_min: plan.uploads_min,
            schedule: plan.schedule,
            rooms: plan.rooms,
            leakage: RoundLeakage::of(plan.threshold).digest(),
        };
        let terms = RoundTerms::sign(&body, &self.hub()?.signing, &charter, &roster)?;
        if let Some(noise) = noise {
            self.admit_release(&Charge::of_round(&terms, Day::of(self.now.wall).month(), noise))?;
        }
        self.commit(Entry::RoundOpened { seed, signed: Box::new(terms.signed().clone()), noise });
        self.push(Effect::Log(Level::Info, "round-opened"));
        self.tell_round(body.round, &RoundMessage::RoundOffered(terms.signed().clone()));
        Ok(Reply::RoundOpened(body.round))
    }

    /// Members and keyholders of a round.
    pub(super) fn tell_round(&mut self, round: RunId, message: &RoundMessage) {
        let Some(known) = self.state.rounds().rounds().get(&round) else { return };
        for node in concerned(&known.terms) {
            self.tell(node, message.clone());
        }
    }

    pub(super) fn close_round(&mut self, round: RunId) -> Result<Reply, Refusal> {
        self.hub()?;
        let known = self.state.rounds().rounds().get(&round).ok_or(Refusal::UnknownRound)?;
        if known.phase.is_over() {
            return Err(Refusal::RoundState(known.phase.name()));
        }
        let terms = known.terms.digest();
        self.turn_over(round, TurnEnd::RelayFailed, CLOSED);
        self.end_round(round, CLOSED);
        self.tell_round(round, &RoundMessage::RoundClosed(RoundClosed { terms }));
        Ok(Reply::Done)
    }

    pub(super) fn on_round_closed(&mut self, closed: RoundClosed) -> Result<(), Broken> {
        let is_of = |known: &KnownRound| known.terms.digest() == closed.terms && !known.phase.is_over();
        let rounds = self.state.rounds().rounds();
        if let Some(round) = rounds.iter().find(|(_, known)| is_of(known)).map(|(round, _)| *round) {
            self.end_round(round, CLOSED);
        }
        Ok(())
    }

    /// Hub: what a node may have missed of rounds that are open.
    pub(super) fn show_rounds(&mut self, node: NodeKey) {
        let is_of_node = |known: &&KnownRound| !known.phase.is_over() && concerned(&known.terms).contains(&node);
        let mut messages = Vec::new();
        for known in self.state.rounds().rounds().values().filter(is_of_node) {
            messages.push(RoundMessage::RoundOffered(known.terms.signed().clone()));
            let open = known.turns.last().filter(|turn| !known.endings.contains_key(&turn.number()));
            messages.extend(open.map(|turn| RoundMessage::TurnOpened(turn.signed().clone())));
        }
        let now = self.now.wall;
        let is_closed = |known: &KnownRound| matches!(&known.phase, RoundPhase::Ended(code) if code.0 == CLOSED);
        for known in self.state.rounds().rounds().values().filter(|known| is_closed(known)) {
            if now < known.terms.body().schedule.ends && concerned(&known.terms).contains(&node) {
                messages.push(RoundMessage::RoundClosed(RoundClosed { terms: known.terms.digest() }));
            }
        }
        // A relay that was away when the turn was answered still has its intervals of the rooms.
        let is_relay = |known: &KnownRound| known.terms.body().relays.contains(&node);
        for (_, known) in self.with_rooms().filter(|(_, known)| is_relay(known)) {
            let Some(turn) = known.answered() else { continue };
            messages.push(RoundMessage::RoundOffered(known.terms.signed().clone()));
            messages.push(RoundMessage::TurnOpened(turn.signed().clone()));
            let ended = TurnEnded { execution: turn.execution(), end: TurnEnd::Answered };
            messages.push(RoundMessage::TurnEnded(ended));
        }
        for message in messages {
            self.tell(node, message);
        }
    }

    pub(super) fn on_round_offered(&mut self, signed: SignedTerms) -> Result<(), Broken> {
        let Some(known) = self.known() else { return Ok(()) };
        let terms = known.round(&signed).map_err(|error| error.code())?;
        if let Some(known) = self.state.rounds().rounds().get(&terms.body().round) {
            return terms.same_as(&known.terms).map_err(|error| error.code());
        }
        let own = self.own().map_err(|_| "unexpected-message")?.node();
        if !concerned(&terms).contains(&own) {
            return Err("terms-not-ours");
        }
        if self.now.wall >= terms.body().schedule.ends {
            return Ok(());
        }
        self.push(Effect::Log(Level::Info, "round-offered"));
        self.commit(Entry::RoundOffered(Box::new(signed)));
        Ok(())
    }

    pub(super) fn terms_of(&self, round: RunId) -> Option<SharedTerms> {
        self.state.rounds().rounds().get(&round).map(|known| known.terms.clone())
    }
}

fn concerned(terms: &RoundTerms) -> Vec<NodeKey> {
    let holders = terms.key().body().holders.iter().filter(|holder| !terms.names(**holder));
    terms.body().members.iter().chain(holders).copied().collect()
}

/// How a round ends that the hub closes.
const CLOSED: &str = "round-closed";
