//! What an operator or a peer was told is in the records at that moment, and after every crash.

use cwg_crypto::Digest;
use cwg_engine::command::{Refusal, Reply, RunEnd};
use cwg_engine::io::ConnId;
use cwg_engine::record::{Entry, Record};
use cwg_engine::state::RunPhase;
use cwg_protocol::round::RoundMessage;
use cwg_protocol::round::upload::TurnEnd;
use cwg_protocol::session::Place;
use cwg_protocol::wire::Message;
use cwg_protocol::{NodeKey, RunId};

use crate::operators::WishStage;
use crate::world::World;

/// At the end: runs that operators were told of are still there, as they were told.
pub(super) fn check(world: &World) -> Vec<String> {
    let mut lost = Vec::new();
    for wish in &world.work.wishes {
        let (run, told) = match &wish.stage {
            WishStage::Planned(run) | WishStage::Started(run) => (run, None),
            WishStage::Ended(run, end) => (run, Some(end)),
            WishStage::Wanted | WishStage::Refused(_) => continue,
        };
        let node = wish.proposer;
        let Some(state) = world.state(node) else { continue };
        let phase = state.runs().get(run).map(|run| &run.phase);
        let as_told = match (told, phase) {
            (None, Some(_)) => true,
            (Some(RunEnd::Sealed(told)), Some(RunPhase::Sealed(now))) => told == now,
            (Some(RunEnd::Ended(told)), Some(RunPhase::Ended(now))) => told == now,
            _ => false,
        };
        if !as_told {
            lost.push(format!("node {node}: run {run} is not as its operator was told"));
        }
    }
    // A seal is final: no later record of the same run takes it back.
    for (node, simulated) in world.nodes.iter().enumerate() {
        let Some(state) = world.state(node) else { continue };
        for record in simulated.disk.records() {
            if let Entry::RunSealed { run, .. } = &record.entry {
                let phase = state.runs().get(run).map(|run| run.phase.name());
                if phase != Some("sealed") {
                    lost.push(format!("node {node}: run {run} was sealed and is now {phase:?}"));
                }
            }
        }
    }
    lost
}

/// Whether what a message of a ceremony or a round promises is in these records.
fn round_is_durable(
    records: &[Record],
    to: Option<NodeKey>,
    message: &RoundMessage,
    of_terms: impl Fn(Digest) -> Option<RunId>,
) -> bool {
    let any = |is: &dyn Fn(&Entry) -> bool| records.iter().any(|record| is(&record.entry));
    match message {
        RoundMessage::CeremonyCalled(sent) => {
            any(&|entry| matches!(entry, Entry::CeremonyCalled { signed, .. } if **signed == *sent))
        }
        RoundMessage::CeremonyBoard(sent) => {
            any(&|entry| matches!(entry, Entry::BoardShown(board) if **board == *sent))
        }
        RoundMessage::CeremonyPost(_) => any(&|entry| matches!(entry, Entry::CeremonyCalled { seed: Some(_), .. })),
        RoundMessage::RoundOffered(sent) => any(&|entry| match entry {
            Entry::RoundOpened { signed, .. } | Entry::RoundOffered(signed) => **signed == *sent,
            _ => false,
        }),
        RoundMessage::EvaluateAsk(ask) => {
            let of = of_terms(ask.terms);
            any(&|entry| matches!(entry, Entry::RoundBound { round, .. } if Some(*round) == of))
        }
        RoundMessage::EvaluateAnswer(answer) => {
            let charged = (of_terms(answer.terms), answer.batch, to);
            any(&|entry| match entry {
                Entry::RoundCharged { charge, .. } => {
                    (Some(charge.round), charge.batch, Some(charge.member)) == charged
                }
                _ => false,
            })
        }
        RoundMessage::TurnOpened(sent) => {
            any(&|entry| matches!(entry, Entry::TurnOpened { signed, .. } if **signed == *sent))
        }
        RoundMessage::TicketAsk(_) => any(&|entry| matches!(entry, Entry::TurnOpened { .. })),
        // A turn is answered before anyone has an answer, or a hub that starts again would open another one over it.
        RoundMessage::Returned(_) => {
            any(&|entry| matches!(entry, Entry::TurnEnded { ending, .. } if ending.end == TurnEnd::Answered))
        }
        RoundMessage::RoomUpload(upload) => {
            any(&|entry| matches!(entry, Entry::RoomUploaded { posts, .. } if **posts == *upload))
        }
        RoundMessage::RoomPage(sent) => {
            any(&|entry| matches!(entry, Entry::RoomPageShown { page, .. } if **page == *sent))
        }
        _ => true,
    }
}

impl World {
    /// Before a frame leaves: what it promises is durable.
    pub(crate) fn check_promise(&mut self, node: usize, conn: ConnId, body: &[u8]) {
        let Ok(message) = Message::decode(body) else {
            return self.breach("log_only_grows", format!("node {node} sends what is no message"));
        };
        let records = self.nodes[node].disk.records();
        let charged = |run, number, side| {
            records.iter().any(|record| {
                matches!(&record.entry, Entry::SessionCharged { plan, place, attempt, .. }
                    if plan.run == run && *attempt == number && *place == side)
            })
        };
        let durable = match &message {
            Message::Propose(propose) => charged(propose.run, propose.attempt, Place::Proposer),
            Message::Accept(accept) => charged(accept.run, accept.attempt, Place::Acceptor),
            Message::Joined(joined) => records.iter().any(|record| match &record.entry {
                Entry::Admitted { roster, .. } | Entry::RosterAdopted { roster } => *roster == joined.roster,
                _ => false,
            }),
            Message::RosterChain(chain) => chain.rosters.iter().all(|sent| {
                records.iter().any(|record| match &record.entry {
                    Entry::Admitted { roster, .. }
                    | Entry::RosterAdopted { roster }
                    | Entry::Joined { roster, .. }
                    | Entry::NetworkFounded { roster, .. } => roster == sent,
                    _ => false,
                })
            }),
            Message::CharterOffer(offer) => offer.signatures.iter().all(|sent| {
                records
                    .iter()
                    .any(|record| matches!(&record.entry, Entry::CharterSigned { signature, .. } if signature == sent))
            }),
            Message::Round(message) => {
                let to = self.peer_at(node, conn).and_then(|peer| self.work.operators[peer].node);
                let rounds = self.state(node).map(|state| state.rounds().rounds());
                let of_terms =
                    |terms| rounds?.iter().find(|(_, known)| known.terms.digest() == terms).map(|(round, _)| *round);
                round_is_durable(records, to, message, of_terms)
            }
            _ => true,
        };
        if !durable {
            self.breach("log_only_grows", format!("node {node} sends {} before it is durable", message.name()));
        }
    }

    /// Before an operator hears: what the answer says is durable.
    pub(crate) fn check_reply(&mut self, node: usize, answer: &Result<Reply, Refusal>) {
        let records = self.nodes[node].disk.records();
        let any = |is: &dyn Fn(&Entry) -> bool| records.iter().any(|record| is(&record.entry));
        let durable = match answer {
            Ok(Reply::Founded(_)) => any(&|entry| matches!(entry, Entry::Founded { .. })),
            Ok(Reply::Invited(invitation)) => {
                any(&|entry| matches!(entry, Entry::Invited { id, .. } if *id == invitation.id))
            }
            Ok(Reply::Joined(_)) => any(&|entry| matches!(entry, Entry::Joined { .. })),
            Ok(Reply::RunPlanned(planned)) => {
                any(&|entry| matches!(entry, Entry::RunPlanned(plan) if plan.run == *planned))
            }
            Ok(Reply::RunEnded(RunEnd::Sealed(_))) => any(&|entry| matches!(entry, Entry::RunSealed { .. })),
            Ok(Reply::RunEnded(RunEnd::Ended(told))) => any(&|entry| match entry {
                Entry::RunEnded { code, .. } | Entry::SessionEnded { code, .. } => code == told,
                _ => false,
            }),
            Ok(Reply::CeremonyCalled(_)) => any(&|entry| matches!(entry, Entry::CeremonyCalled { .. })),
            Ok(Reply::RoundOpened(_)) => any(&|entry| matches!(entry, Entry::RoundOpened { .. })),
            Ok(Reply::RoundEnded(RunEnd::Sealed(found))) => any(&|entry| match entry {
                Entry::RoundResult { rooms, .. } => *found == u32::try_from(rooms.len()).ok(),
                _ => false,
            }),
            Ok(Reply::RoundEnded(RunEnd::Ended(told))) => {
                any(&|entry| matches!(entry, Entry::RoundEnded { code, .. } if code == told))
            }
            Ok(Reply::CharterWritten(_)) => any(&|entry| matches!(entry, Entry::CharterAdopted { .. })),
            Ok(_) | Err(_) => true,
        };
        if !durable {
            self.breach("log_only_grows", format!("node {node} answers before it is durable"));
        }
    }
}
