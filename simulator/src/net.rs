//! Links between nodes: what lies below the engine. Packets are lost, late, repeated and out of order; frames are not,
//! because a reliable stream carries them. It ends when nothing is heard for too long, on each end at its own time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::Seed;
use cwg_engine::io::{ConnId, Dial, DialFailure, DownReason, Input, PeerUp, Side, Ticket};
use cwg_protocol::TransportKey;
use cwg_protocol::wire::limits::FRAME_LEN_MAX;

use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::trace::mark;
use crate::world::{Event, SEC, World};

/// Bytes of a packet's content.
const PACKET_LEN: usize = 1200;

/// The first retransmission, over the round trip.
const RETRANSMIT_US: u64 = 25_000;

/// Nothing heard for this long ends a connection; as in the transport driver.
const IDLE_US: u64 = 20 * SEC;

/// A quiet connection is probed this often; as in the transport driver.
const PROBE_US: u64 = 4 * SEC;

/// A handshake takes at most this; as in the transport driver.
const HANDSHAKE_US: u64 = 30 * SEC;

/// A closing end flushes for at most this; as in the transport driver.
const FLUSH_US: u64 = 5 * SEC;

/// Connections that one key may have with a listener, before one more ends the oldest; as in the transport driver.
const PER_KEY_MAX: usize = 2;

/// The transport's own close code for a key that is no longer allowed.
const NOT_ALLOWED: u32 = 0x1_0003;

/// The transport's own close code for the oldest connection of a key that has dialed again.
const REPLACED: u32 = 0x1_000a;

pub(crate) struct Net {
    dice: Dice,
    delay_us: u64,
    jitter_us: u64,
    loss_permille: u32,
    repeat_permille: u32,
    /// Directions that carry nothing.
    cuts: BTreeSet<(usize, usize)>,
    wires: BTreeMap<u64, Wire>,
    next_wire: u64,
    /// Every frame that was sent, for the checkers.
    pub(crate) sent: Vec<Sent>,
}

/// One frame as someone on the wire could count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: u16,
    pub(crate) len: usize,
}

/// One connection: the dialer's end and the listener's.
struct Wire {
    ends: [End; 2],
}

struct End {
    node: usize,
    life: u32,
    id: ConnId,
    /// The key that this end proved.
    key: TransportKey,
    open: bool,
    heard_us: u64,
    /// What is on its way from this end to the other.
    flow: VecDeque<Parcel>,
    last_due_us: u64,
}

struct Parcel {
    due_us: u64,
    what: What,
}

enum What {
    Up([u8; 32]),
    Frame(Vec<u8>),
    Close(u32),
}

pub(crate) enum NetEvent {
    Cut { from: usize, to: usize, until_us: u64 },
    Healed { from: usize, to: usize },
    Shake(Box<Shake>),
    Arrive { wire: u64, from: usize },
    Probe { wire: u64, from: usize },
    Idle { wire: u64, end: usize },
    FlushOver { wire: u64, from: usize },
}

/// A handshake under way.
pub(crate) struct Shake {
    node: usize,
    life: u32,
    ticket: Ticket,
    target: usize,
    key: TransportKey,
    proven: TransportKey,
    began_us: u64,
}

impl Net {
    pub(crate) fn new(seed: &Seed, scenario: &Scenario) -> Self {
        Self {
            dice: Dice::new(seed, "net", 0),
            delay_us: scenario.delay_ms * 1000,
            jitter_us: scenario.jitter_ms * 1000,
            loss_permille: scenario.loss_permille,
            repeat_permille: scenario.repeat_permille,
            cuts: BTreeSet::new(),
            wires: BTreeMap::new(),
            next_wire: 0,
            sent: Vec::new(),
        }
    }

    /// How long a frame of that length takes, retransmissions included: as long as its slowest packet.
    fn travel_us(&mut self, len: usize) -> u64 {
        let packets = len / PACKET_LEN + 1;
        (0..packets).map(|_| self.packet_us()).max().unwrap_or(0)
    }

    fn packet_us(&mut self) -> u64 {
        let mut late = 0;
        let mut wait = RETRANSMIT_US + 2 * (self.delay_us + self.jitter_us);
        while self.dice.chance(self.loss_permille) {
            late += wait;
            wait *= 2;
        }
        let one = self.delay_us + self.dice.below(self.jitter_us + 1);
        // A repeated packet counts by its first copy.
        if self.dice.chance(self.repeat_permille) {
            late + one.min(self.delay_us + self.dice.below(self.jitter_us + 1))
        } else {
            late + one
        }
    }

    fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts.contains(&(from, to))
    }

    fn end_of(&self, node: usize, life: u32, conn: ConnId) -> Option<(u64, usize)> {
        self.wires.iter().find_map(|(number, wire)| {
            let end = wire.ends.iter().position(|end| end.node == node && end.life == life && end.id == conn)?;
            Some((*number, end))
        })
    }
}

impl World {
    /// Who is at the other end of a connection.
    pub(crate) fn peer_at(&self, node: usize, conn: ConnId) -> Option<usize> {
        let (wire, end) = self.net.end_of(node, self.nodes[node].life, conn)?;
        Some(self.net.wires[&wire].ends[1 - end].node)
    }

    pub(crate) fn on_net(&mut self, event: NetEvent) {
        match event {
            NetEvent::Cut { from, to, until_us } if !self.calm => {
                self.trace.line(self.now_us, format_args!("cut {from} to {to}"));
                self.counts.cuts += 1;
                self.net.cuts.insert((from, to));
                self.at(until_us, Event::Net(NetEvent::Healed { from, to }));
            }
            NetEvent::Cut { .. } => {}
            NetEvent::Healed { from, to } => {
                self.net.cuts.remove(&(from, to));
            }
            NetEvent::Shake(shake) => self.shake(shake),
            NetEvent::Arrive { wire, from } => self.arrive(wire, from),
            NetEvent::Probe { wire, from } => self.probe(wire, from),
            NetEvent::Idle { wire, end } => self.idle(wire, end),
            NetEvent::FlushOver { wire, from } => {
                if let Some(wire) = self.net.wires.get_mut(&wire) {
                    wire.ends[from].flow.clear();
                }
            }
        }
    }

    /// No more faults of links.
    pub(crate) fn heal(&mut self) {
        self.net.cuts.clear();
        self.net.loss_permille = 0;
        self.net.repeat_permille = 0;
    }

    pub(crate) fn dial(&mut self, node: usize, dial: Dial) {
        let number = dial.endpoint.0.strip_prefix("node-").and_then(|rest| rest.strip_suffix(".sim:4433"));
        let target = number.and_then(|number| number.parse().ok()).filter(|target| *target < self.nodes.len());
        let Some(target) = target else {
            return self.input_at(self.now_us, node, Input::DialFailed(dial.ticket, DialFailure::Unresolved));
        };
        let own = self.state(node).and_then(|state| state.own()).expect("only a founded node dials");
        let proven = dial.identity.as_ref().map_or(own.transport_key(), |secret| {
            let secret = cwg_crypto::Secret32::new(**secret);
            TransportKey(cwg_crypto::SigningKey::from_secret(&secret).verifying_key())
        });
        let (life, began_us) = (self.nodes[node].life, self.now_us);
        let shake = Shake { node, life, ticket: dial.ticket, target, key: dial.key, proven, began_us };
        let first = self.now_us + self.net.packet_us() + self.net.packet_us() + self.net.packet_us();
        self.at(first, Event::Net(NetEvent::Shake(Box::new(shake))));
    }

    fn shake(&mut self, shake: Box<Shake>) {
        let (node, target) = (shake.node, shake.target);
        if self.nodes[node].life != shake.life || self.nodes[node].engine.is_none() {
            return;
        }
        let failed = |failure| Input::DialFailed(shake.ticket, failure);
        if self.now_us >= shake.began_us + HANDSHAKE_US {
            return self.input(node, failed(DialFailure::Unreachable));
        }
        let reached = !self.net.is_cut(node, target)
            && !self.net.is_cut(target, node)
            && self.state(target).is_some_and(|state| state.own().is_some());
        if reached {
            let theirs = self.state(target).and_then(|state| state.own()).map(|own| own.transport_key());
            if theirs != Some(shake.key) || !self.nodes[target].allow.contains(&shake.proven) {
                return self.input(node, failed(DialFailure::Refused));
            }
            self.make_room(target, shake.proven);
            return self.connect(&shake);
        }
        let again = self.now_us + self.net.dice.between(SEC, 3 * SEC);
        self.at(again, Event::Net(NetEvent::Shake(shake)));
    }

    /// One more connection of a key ends its oldest ones, unflushed.
    fn make_room(&mut self, target: usize, dialer_key: TransportKey) {
        let life = self.nodes[target].life;
        let of_key = |wire: &Wire| {
            let [dialer, listener] = &wire.ends;
            dialer.key == dialer_key && listener.node == target && listener.life == life && listener.open
        };
        let standing: Vec<u64> =
            self.net.wires.iter().filter(|(_, wire)| of_key(wire)).map(|(number, _)| *number).collect();
        for number in standing.iter().take((standing.len() + 1).saturating_sub(PER_KEY_MAX)) {
            self.close_unflushed(*number, 1, REPLACED);
        }
    }

    fn connect(&mut self, shake: &Shake) {
        let now_us = self.now_us;
        let exporter: [u8; 32] = self.net.dice.bytes();
        self.net.next_wire += 1;
        let number = self.net.next_wire;
        let mut end = |node: usize, key| {
            self.nodes[node].next_conn += 1;
            let id = ConnId(self.nodes[node].next_conn);
            let life = self.nodes[node].life;
            End { node, life, id, key, open: true, heard_us: now_us, flow: VecDeque::new(), last_due_us: now_us }
        };
        let wire = Wire { ends: [end(shake.node, shake.proven), end(shake.target, shake.key)] };
        let up = PeerUp { conn: wire.ends[1].id, key: shake.proven, side: Side::Listener, exporter };
        self.net.wires.insert(number, wire);
        self.counts.connections += 1;
        self.note_connection(shake.target, shake.proven);
        for end in 0..2 {
            self.at(now_us + PROBE_US, Event::Net(NetEvent::Probe { wire: number, from: end }));
            self.at(now_us + IDLE_US, Event::Net(NetEvent::Idle { wire: number, end }));
        }
        self.load_parcel(number, 1, 64, What::Up(exporter));
        self.input(shake.target, Input::PeerUp(up));
    }

    pub(crate) fn send(&mut self, node: usize, conn: ConnId, body: Vec<u8>) {
        let Some((wire, end)) = self.net.end_of(node, self.nodes[node].life, conn) else { return };
        if !self.net.wires[&wire].ends[end].open {
            return;
        }
        let to = self.net.wires[&wire].ends[1 - end].node;
        let bodies = match &mut self.nodes[node].hostile {
            Some(adversary) => adversary.rewrite(conn, body, &mut self.counts),
            None => vec![body],
        };
        for body in bodies {
            let kind = body.first_chunk::<2>().map_or(u16::MAX, |kind| u16::from_le_bytes(*kind));
            let (len, hash) = (body.len(), mark(&body));
            self.trace
                .line(self.now_us, format_args!("{node} > send {} to {to}: {kind:#04x} {len} {hash:08x}", conn.0));
            self.counts.frames += 1;
            self.counts.bytes += body.len() as u64;
            self.net.sent.push(Sent { from: node, to, kind, len: body.len() });
            self.load_parcel(wire, end, body.len(), What::Frame(body));
        }
    }

    fn load_parcel(&mut self, wire: u64, from: usize, len: usize, what: What) {
        let travel = self.net.travel_us(len);
        let Some(link) = self.net.wires.get_mut(&wire) else { return };
        let end = &mut link.ends[from];
        // In order: nothing overtakes what was sent before.
        let due_us = (self.now_us + travel).max(end.last_due_us + 1);
        end.last_due_us = due_us;
        end.flow.push_back(Parcel { due_us, what });
        self.at(due_us, Event::Net(NetEvent::Arrive { wire, from }));
    }

    fn arrive(&mut self, number: u64, from: usize) {
        let now_us = self.now_us;
        let Some(wire) = self.net.wires.get(&number) else { return };
        let (sender, receiver) = (&wire.ends[from], &wire.ends[1 - from]);
        let (sender_node, node, life, open) = (sender.node, receiver.node, receiver.life, receiver.open);
        if self.net.is_cut(sender_node, node) {
            let again = now_us + self.net.dice.between(SEC / 5, SEC);
            return self.at(again, Event::Net(NetEvent::Arrive { wire: number, from }));
        }
        let wire = self.net.wires.get_mut(&number).expect("looked up above");
        if !open || self.nodes[node].life != life {
            wire.ends[from].flow.clear();
            return self.sweep(number);
        }
        if wire.ends[from].flow.front().is_none_or(|parcel| parcel.due_us > now_us) {
            return;
        }
        let parcel = wire.ends[from].flow.pop_front().expect("looked at above");
        let key = wire.ends[from].key;
        let receiver = &mut wire.ends[1 - from];
        receiver.heard_us = now_us;
        let conn = receiver.id;
        // What a cut has held back comes at once, in order.
        if wire.ends[from].flow.front().is_some_and(|next| next.due_us <= now_us) {
            self.at(now_us, Event::Net(NetEvent::Arrive { wire: number, from }));
        }
        match parcel.what {
            What::Up(exporter) => {
                self.input(node, Input::PeerUp(PeerUp { conn, key, side: Side::Dialer, exporter }));
            }
            What::Frame(body) if body.len() > FRAME_LEN_MAX => self.ended(number, 1 - from, DownReason::Violation),
            What::Frame(body) => self.input(node, Input::Frame(conn, body)),
            What::Close(code) => self.ended(number, 1 - from, DownReason::ClosedByPeer(code)),
        }
    }

    fn probe(&mut self, number: u64, from: usize) {
        let Some(wire) = self.net.wires.get(&number) else { return };
        let (node, to) = (wire.ends[from].node, wire.ends[1 - from].node);
        if !wire.ends[from].open {
            return;
        }
        let peer_restarted = self.nodes[to].life != wire.ends[1 - from].life && self.nodes[to].engine.is_some();
        let arrives = !self.net.is_cut(node, to) && !self.net.dice.chance(self.net.loss_permille);
        if arrives && peer_restarted && self.net.dice.chance(500) {
            // RFC 9000 §10.3: a restarted peer resets what it does not know; not every implementation can.
            return self.ended(number, from, DownReason::Lost);
        }
        let now_us = self.now_us;
        let wire = self.net.wires.get_mut(&number).expect("looked up above");
        if arrives && wire.ends[1 - from].open && !peer_restarted {
            wire.ends[1 - from].heard_us = now_us;
        }
        self.at(now_us + PROBE_US, Event::Net(NetEvent::Probe { wire: number, from }));
    }

    fn idle(&mut self, number: u64, end: usize) {
        let Some(wire) = self.net.wires.get(&number) else { return };
        let this = &wire.ends[end];
        if !this.open {
            return;
        }
        let due = this.heard_us + IDLE_US;
        if due <= self.now_us {
            self.ended(number, end, DownReason::TimedOut);
        } else {
            self.at(due, Event::Net(NetEvent::Idle { wire: number, end }));
        }
    }

    /// One end is over; what it had sent may still arrive.
    fn ended(&mut self, number: u64, end: usize, reason: DownReason) {
        let Some(wire) = self.net.wires.get_mut(&number) else { return };
        let this = &mut wire.ends[end];
        if !this.open {
            return;
        }
        this.open = false;
        let (node, life, conn) = (this.node, this.life, this.id);
        let keep = self.net.dice.index(this.flow.len() + 1);
        this.flow.truncate(keep);
        self.sweep(number);
        if self.nodes[node].life == life {
            self.input(node, Input::PeerDown(conn, reason));
        }
    }

    /// The engine closes: what was sent goes first, for as long as a flush may take.
    pub(crate) fn close(&mut self, node: usize, conn: ConnId, code: u32) {
        let Some((number, end)) = self.net.end_of(node, self.nodes[node].life, conn) else { return };
        if !self.net.wires[&number].ends[end].open {
            return;
        }
        self.load_parcel(number, end, 32, What::Close(code));
        self.net.wires.get_mut(&number).expect("found above").ends[end].open = false;
        self.at(self.now_us + FLUSH_US, Event::Net(NetEvent::FlushOver { wire: number, from: end }));
        self.input_at(self.now_us, node, Input::PeerDown(conn, DownReason::ClosedHere));
    }

    /// The allow list is replaced: connections of keys that are no longer on it end at once, unflushed.
    pub(crate) fn allow(&mut self, node: usize, keys: BTreeSet<TransportKey>) {
        let life = self.nodes[node].life;
        let old = core::mem::replace(&mut self.nodes[node].allow, keys);
        let now_allowed = &self.nodes[node].allow;
        let mut over = Vec::new();
        for (number, wire) in &self.net.wires {
            for (place, end) in wire.ends.iter().enumerate() {
                let key = wire.ends[1 - place].key;
                let concerned = place == 1 || old.contains(&key);
                if end.node == node && end.life == life && end.open && concerned && !now_allowed.contains(&key) {
                    over.push((*number, place));
                }
            }
        }
        for (number, place) in over {
            self.close_unflushed(number, place, NOT_ALLOWED);
        }
    }

    /// The driver closes one end: of what was sent, a part arrives, then the close.
    fn close_unflushed(&mut self, number: u64, place: usize, code: u32) {
        self.load_parcel(number, place, 32, What::Close(code));
        let Some(wire) = self.net.wires.get_mut(&number) else { return };
        let flow = &mut wire.ends[place].flow;
        let close = flow.pop_back().expect("loaded above");
        let keep = self.net.dice.index(flow.len() + 1);
        flow.truncate(keep);
        flow.push_back(close);
        wire.ends[place].open = false;
        let (node, conn) = (wire.ends[place].node, wire.ends[place].id);
        self.input_at(self.now_us, node, Input::PeerDown(conn, DownReason::ClosedHere));
    }

    /// A crash: the ends of this node are gone without a word.
    pub(crate) fn drop_conns(&mut self, node: usize) {
        for wire in self.net.wires.values_mut() {
            for end in wire.ends.iter_mut().filter(|end| end.node == node && end.open) {
                end.open = false;
                let keep = self.net.dice.index(end.flow.len() + 1);
                end.flow.truncate(keep);
            }
        }
    }

    fn sweep(&mut self, number: u64) {
        if self.net.wires.get(&number).is_some_and(|wire| wire.ends.iter().all(|end| !end.open && end.flow.is_empty()))
        {
            self.net.wires.remove(&number);
        }
    }

    /// Pairs of nodes that are connected now, as (end, key of the other end).
    pub(crate) fn standing(&self) -> Vec<(usize, TransportKey)> {
        let mut all = Vec::new();
        for wire in self.net.wires.values() {
            for place in 0..2 {
                let end = &wire.ends[place];
                if end.open && self.nodes[end.node].life == end.life && self.nodes[end.node].engine.is_some() {
                    all.push((end.node, wire.ends[1 - place].key));
                }
            }
        }
        all
    }
}
