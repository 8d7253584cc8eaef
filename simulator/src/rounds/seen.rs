//! What someone who sees everything knows of rounds: who brought which list, whose uploads the hub had when a turn ended, and what was read
//! in rooms. Checkers hold results against it.

use std::collections::{BTreeMap, BTreeSet};

use cwg_engine::io::Loaded;
use cwg_engine::record::{Entry, Record, TurnEnding};
use cwg_protocol::round::evaluate::BatchName;
use cwg_protocol::round::upload::{Carried, Channel};
use cwg_protocol::round::{Execution, RoundMessage};
use cwg_protocol::wire::Message;
use cwg_protocol::{Item, RunId};

use crate::world::{HUB, World};

type Mark = [u8; 32];

/// Notes of everything.
#[derive(Default)]
pub(crate) struct Seen {
    /// What each node was last given as its own items.
    read: BTreeMap<usize, BTreeSet<Item>>,
    /// The list that a member brings to a round.
    pub(crate) lists: BTreeMap<(RunId, usize), BTreeSet<Item>>,
    /// Who sent which sealed bytes.
    uploads: BTreeMap<Mark, usize>,
    /// The ranks of each channel that reached the hub.
    carried: BTreeMap<Execution, BTreeMap<Channel, BTreeMap<u32, Option<usize>>>>,
    /// What was sent, by what there must be one of.
    once: BTreeMap<(usize, Once), Mark>,
    /// Whose uploads the hub had when it ended a turn.
    pub(crate) turns: BTreeMap<(RunId, u8), Counted>,
    /// Turns that the hub has opened: their names, relays, and the pieces of each upload.
    opened: BTreeMap<(RunId, u8), (Execution, Option<usize>, u32)>,
    /// When a member's posts of an interval were on its disk.
    pub(crate) left: BTreeMap<(usize, RunId, u16), u64>,
}

/// What a member says once, however often it says it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Once {
    Batch(cwg_crypto::Digest, BatchName),
    Ticket(Execution),
    Rank(Execution, u32),
    Room(Execution, u16),
}

/// Whose uploads a turn had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// All ranks.
    pub(crate) complete: BTreeSet<usize>,
    /// Some after the ticket.
    pub(crate) partial: BTreeSet<usize>,
    pub(crate) ending: Option<TurnEnding>,
}

fn mark(bytes: &[u8]) -> Mark {
    *blake3::hash(bytes).as_bytes()
}

impl World {
    /// A node was given its own items.
    pub(crate) fn note_loaded(&mut self, node: usize, loaded: &Loaded) {
        if let Loaded::Items(items) = loaded {
            self.seen.read.insert(node, items.0.iter().map(|(_, item)| *item).collect());
        }
    }

    /// An engine says something, whatever an adversary makes of it.
    pub(crate) fn note_said(&mut self, node: usize, body: &[u8]) {
        let Ok(Message::Round(message)) = Message::decode(body) else { return };
        let (once, said) = match &message {
            RoundMessage::EvaluateAsk(ask) => (Once::Batch(ask.terms, ask.batch), mark(ask.blinded.as_flattened())),
            RoundMessage::TicketAsk(ask) => (Once::Ticket(ask.execution), mark(&ask.blinded)),
            RoundMessage::Upload(upload) => {
                self.seen.uploads.insert(mark(&upload.sealed), node);
                (Once::Rank(upload.execution, upload.rank), mark(&upload.sealed))
            }
            RoundMessage::RoomUpload(upload) => (Once::Room(upload.execution, upload.interval), mark(body)),
            _ => return,
        };
        if *self.seen.once.entry((node, once)).or_insert(said) != said {
            self.breach("one_list_to_a_round", format!("node {node} sends another {} than before", message.name()));
        }
    }

    /// A frame has arrived.
    pub(crate) fn note_arrived(&mut self, node: usize, body: &[u8]) {
        if node != HUB {
            return;
        }
        let Ok(Message::Round(RoundMessage::Carried(Carried { execution, channel, rank, sealed }))) =
            Message::decode(body)
        else {
            return;
        };
        let whose = self.seen.uploads.get(&mark(&sealed)).copied();
        self.seen.carried.entry(execution).or_default().entry(channel).or_default().insert(rank, whose);
    }

    /// Records are to be stored: the state has them already.
    pub(crate) fn note_stored(&mut self, node: usize, records: &[Record]) {
        for record in records {
            if let (HUB, Entry::TurnOpened { round, .. }) = (node, &record.entry) {
                let known = self.state(HUB).and_then(|state| state.rounds().rounds().get(round));
                let opened = known.and_then(|known| {
                    let turn = known.turns.last()?;
                    Some((turn.number(), turn.execution(), self.node_of(turn.relay()), known.terms.form().pieces()))
                });
                let Some((number, execution, relay, pieces)) = opened else { continue };
                self.seen.opened.insert((*round, number), (execution, relay, pieces));
            }
        }
    }

    /// Records are on the disk.
    pub(crate) fn note_durable(&mut self, node: usize, records: &[Record]) {
        for record in records {
            match &record.entry {
                Entry::RoundBound { round, items, .. } => self.note_bound(node, *round, *items),
                Entry::TurnEnded { round, turn, ending } => self.note_turn_ended(*round, *turn, ending),
                Entry::RoomUploaded { round, posts, .. } => {
                    self.seen.left.insert((node, *round, posts.interval), self.now_us);
                }
                entry => self.counts.count_of_rounds(entry, node == HUB),
            }
        }
    }

    fn note_bound(&mut self, node: usize, round: RunId, items: u32) {
        let list = self.seen.read.get(&node).cloned().unwrap_or_default();
        if list.len() != items as usize {
            self.breach("one_list_to_a_round", format!("node {node} binds {items} items of {}", list.len()));
        }
        if self.seen.lists.insert((round, node), list).is_some() {
            self.breach("one_list_to_a_round", format!("node {node} binds its items twice"));
        }
    }

    fn note_turn_ended(&mut self, round: RunId, number: u8, ending: &TurnEnding) {
        self.counts.of_rounds(ending.end.code().to_owned());
        let mut counted = Counted { ending: Some(ending.clone()), ..Counted::default() };
        let Some((execution, relay, pieces)) = self.seen.opened.get(&(round, number)).copied() else {
            return self.breach("rounds_end_in_time", format!("turn {number} ended and was never opened"));
        };
        for ranks in self.seen.carried.get(&execution).into_iter().flat_map(BTreeMap::values) {
            let of_member = ranks.values().find_map(|whose| *whose);
            // What a relay uploads itself is on no wire.
            let Some(whose) = of_member.or(relay) else { continue };
            let as_sent = of_member.is_none() && self.nodes[whose].hostile.is_none();
            let is_good = |rank| ranks.get(&rank).is_some_and(|by| as_sent || *by == Some(whose));
            if (0..=pieces).all(is_good) {
                counted.complete.insert(whose);
            } else if ranks.len() > 1 {
                counted.partial.insert(whose);
            }
        }
        self.seen.turns.insert((round, number), counted);
    }
}
