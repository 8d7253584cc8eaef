//! Connections: who is at the other end, hello, rosters that travel.

use cwg_protocol::NodeKey;
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};
use cwg_protocol::roster::{Roster, RosterError, Status};
use cwg_protocol::wire::limits::{CLOCK_SKEW_MAX_SECS, PROTOCOL_VERSION, ROSTER_CHAIN_MAX};
use cwg_protocol::wire::{Hello, LighthouseHas, Message, RosterChain, RosterFetch};
use cwg_protocol::{Epoch, TransportKey};

use crate::Engine;
use crate::dialing::Dialing;
use crate::io::{CloseCode, ConnId, DownReason, Effect, PeerUp, Side};
use crate::limits::{HELLO_WITHIN_MS, ROSTER_RENEW_SECS, ROSTER_VALID_SECS};
use crate::record::Entry;

/// One connection.
pub(crate) struct Conn {
    pub(crate) key: TransportKey,
    pub(crate) side: Side,
    pub(crate) exporter: [u8; 32],
    pub(crate) phase: Phase,
    deadline_ms: Option<u64>,
    /// When both had said hello.
    pub(crate) ready_ms: Option<u64>,
    /// Digest of the peer's ruleset, once it has said it.
    pub(crate) ruleset: Option<cwg_crypto::Digest>,
    /// Hub: what the member has of Lighthouse, or was sent over this connection.
    pub(crate) lighthouse: Option<LighthouseHas>,
}

/// What a connection awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    AwaitHello,
    AwaitJoin,
    AwaitJoined,
    Ready { node: NodeKey, epoch: Epoch },
}

/// Why a peer closed a connection on which it had not said hello, or had heard ours.
fn refusal_of_hello(close_code: u32) -> Option<&'static str> {
    let known = [CloseCode::Version, CloseCode::NotOnRoster, CloseCode::Clock];
    match known.into_iter().find(|known| *known as u32 == close_code)? {
        CloseCode::Version => Some("protocol-version"),
        CloseCode::Clock => Some("clock-skew"),
        _ => Some("not-on-roster"),
    }
}

impl Conn {
    /// Who is at the other end, once it has said so.
    pub(crate) fn peer(&self) -> Option<NodeKey> {
        match self.phase {
            Phase::Ready { node, .. } => Some(node),
            _ => None,
        }
    }
}

impl Engine {
    pub(crate) fn on_peer_up(&mut self, up: PeerUp) {
        let now = self.now;
        if up.side == Side::Dialer {
            // The dial has ended, whatever becomes of the connection.
            let node = self.state.network().and_then(|network| network.roster().active_by_transport(up.key));
            let node = node.map(|entry| entry.node);
            self.dials.retain(|_, why| node.map(Dialing::Node) != Some(*why));
        }
        let joins = self.joining.as_ref().is_some_and(|joining| joining.hub_transport() == up.key);
        let invited = self.state.invited_keys(now.wall).any(|key| key == up.key);
        let on_roster =
            self.state.network().is_some_and(|network| network.roster().active_by_transport(up.key).is_some());
        let phase = match up.side {
            Side::Dialer if joins => Phase::AwaitJoined,
            Side::Listener if invited => Phase::AwaitJoin,
            _ if on_roster => Phase::AwaitHello,
            _ => {
                self.push(Effect::Close(up.conn, CloseCode::NotOnRoster));
                return;
            }
        };
        let deadline_ms = Some(now.mono_ms + HELLO_WITHIN_MS);
        let conn = Conn {
            key: up.key,
            side: up.side,
            exporter: up.exporter,
            phase,
            deadline_ms,
            ready_ms: None,
            ruleset: None,
            lighthouse: None,
        };
        self.conns.insert(up.conn, conn);
        match phase {
            Phase::AwaitJoined => self.send_join(up.conn),
            Phase::AwaitHello => self.send_hello(up.conn),
            _ => {}
        }
    }

    pub(crate) fn on_peer_down(&mut self, id: ConnId, reason: DownReason) {
        let refusal = match reason {
            DownReason::ClosedByPeer(code) => refusal_of_hello(code),
            _ => None,
        };
        self.conn_over(id, refusal);
    }

    /// A connection is gone; before it was any good, perhaps, because one of the two refused the other by this code.
    pub(crate) fn conn_over(&mut self, id: ConnId, refusal: Option<&'static str>) {
        let Some(conn) = self.conns.remove(&id) else { return };
        self.wait_before_redial(&conn, refusal);
        match conn.phase {
            Phase::AwaitJoined => self.join_failed("connection-lost"),
            Phase::Ready { node, .. } => {
                self.sessions_lost(id);
                self.standing_lost(id);
                self.rounds_lost(node);
                self.counts_lost(node);
            }
            Phase::AwaitHello | Phase::AwaitJoin => {}
        }
    }

    pub(crate) fn on_frame(&mut self, id: ConnId, body: &[u8]) {
        let Some(conn) = self.conns.get(&id) else { return };
        let phase = conn.phase;
        let Ok(message) = Message::decode(body) else {
            self.refuse(id, CloseCode::Violation, "malformed-message");
            return;
        };
        match (phase, message) {
            (Phase::AwaitHello, Message::Hello(hello)) => self.on_hello(id, &hello),
            (Phase::AwaitJoin, Message::Join(join)) => self.on_join(id, &join),
            (Phase::AwaitJoined, Message::Joined(joined)) => self.on_joined(id, joined.roster),
            (Phase::AwaitJoined, Message::JoinRefused(refusal)) => self.on_join_refused(id, refusal),
            (Phase::Ready { node, .. }, message) => self.on_message(id, node, message),
            _ => self.refuse(id, CloseCode::Violation, "unexpected-message"),
        }
    }

    fn on_message(&mut self, id: ConnId, node: NodeKey, message: Message) {
        match message {
            Message::RosterFetch(fetch) => self.on_roster_fetch(id, node, fetch.after),
            Message::RosterChain(chain) => self.on_roster_chain(id, chain),
            Message::CharterOffer(offer) => self.on_charter_offer(id, node, offer),
            Message::Propose(propose) => self.on_propose(id, node, propose),
            Message::Accept(accept) => self.on_accept(id, node, &accept),
            Message::Decline(decline) => self.on_decline(id, &decline),
            Message::Psi(frame) => self.on_psi(id, &frame),
            Message::Seal(seal) => self.on_seal(id, &seal),
            Message::SessionAbort(abort) => self.on_session_abort(id, &abort),
            Message::LighthouseHas(_)
            | Message::ReleaseOffer(_)
            | Message::Recalls(_)
            | Message::TrendsOffer(_)
            | Message::FigureOffer(_)
            | Message::MeanOffer(_) => self.on_lighthouse_message(id, node, message),
            Message::PeriodOffer(_)
            | Message::EditionOffer(_)
            | Message::ChunkFetch(_)
            | Message::Chunk(_)
            | Message::ChunkRefused(_)
            | Message::Evaluate(_)
            | Message::Evaluated(_)
            | Message::EvaluateRefused(_) => self.on_standing_message(id, node, message),
            Message::Round(message) => self.on_round_message(id, node, message),
            Message::Count(message) => self.on_count_message(id, node, message),
            Message::Hello(_) | Message::Join(_) | Message::Joined(_) | Message::JoinRefused(_) => {
                self.refuse(id, CloseCode::Violation, "unexpected-message");
            }
        }
    }

    fn send_hello(&mut self, id: ConnId) {
        let (Some(own), Some(network), Some(conn)) = (self.state.own(), self.state.network(), self.conns.get(&id))
        else {
            return;
        };
        let mut hello = Hello {
            version: PROTOCOL_VERSION,
            network: network.id,
            node: own.node(),
            epoch: network.roster().epoch(),
            roster: network.roster().digest(),
            ruleset: RULESET_ID,
            ruleset_digest: ruleset_hash(),
            clock: self.now.wall.0,
            signature: cwg_crypto::Signature::from_bytes([0; 64]),
        };
        hello.sign(&conn.exporter, conn.side == Side::Dialer, &own.signing);
        self.send(id, &Message::Hello(hello));
    }

    fn on_hello(&mut self, id: ConnId, hello: &Hello) {
        let (Some(network), Some(conn)) = (self.state.network(), self.conns.get(&id)) else { return };
        let own_epoch = network.roster().epoch();
        let fault = if hello.version != PROTOCOL_VERSION {
            Some((CloseCode::Version, "protocol-version"))
        } else if hello.network != network.id {
            Some((CloseCode::NotOnRoster, "other-network"))
        } else if hello.verify(&conn.exporter, conn.side == Side::Listener).is_err() {
            Some((CloseCode::Violation, "bad-hello"))
        } else if network.roster().active_by_transport(conn.key).is_none_or(|node| node.node != hello.node) {
            Some((CloseCode::NotOnRoster, "not-on-roster"))
        } else if hello.clock.abs_diff(self.now.wall.0) > CLOCK_SKEW_MAX_SECS {
            Some((CloseCode::Clock, "clock-skew"))
        } else {
            None
        };
        if let Some((close, code)) = fault {
            self.refuse(id, close, code);
            return;
        }
        let (node, epoch) = (hello.node, hello.epoch);
        let conn = self.conns.get_mut(&id).expect("looked up above");
        conn.phase = Phase::Ready { node, epoch };
        conn.deadline_ms = None;
        conn.ready_ms = Some(self.now.mono_ms);
        conn.ruleset = Some(hello.ruleset_digest);
        let side = conn.side;
        self.let_in(node);
        if side == Side::Listener {
            self.replace_earlier(id, node);
        }
        if epoch > own_epoch {
            self.send(id, &Message::RosterFetch(RosterFetch { after: own_epoch }));
        } else if epoch < own_epoch {
            // Our hello may have named an older roster than the one we have now, so the peer may not ask.
            self.send_rosters(id, epoch);
        }
        self.offer_charters(id, node);
        self.say_lighthouse(id, node);
        self.begin_standing(id, node);
        self.begin_rounds(node);
        self.begin_counts(node);
        self.sessions_ready(node);
    }

    /// A node dials only when it has no connection: what it dialed before is lost, and perhaps it was another process.
    fn replace_earlier(&mut self, id: ConnId, node: NodeKey) {
        let dialed = |conn: &Conn| conn.side == Side::Listener && conn.peer() == Some(node);
        let earlier: Vec<ConnId> =
            self.conns.range(..id).filter(|(_, conn)| dialed(conn)).map(|(earlier, _)| *earlier).collect();
        for earlier in earlier {
            self.close(earlier, CloseCode::Replaced);
        }
    }

    fn on_roster_fetch(&mut self, id: ConnId, node: NodeKey, after: Epoch) {
        self.send_rosters(id, after);
        self.sessions_ready(node);
    }

    /// Sends what comes after an epoch. From then on the peer has it: frames arrive in order.
    fn send_rosters(&mut self, id: ConnId, after: Epoch) {
        let Some(network) = self.state.network() else { return };
        let newer: Vec<&Roster> =
            network.rosters.iter().filter(|roster| roster.epoch() > after).take(ROSTER_CHAIN_MAX).collect();
        let last = newer.last().map_or(after, |roster| roster.epoch());
        let rosters: Vec<_> = newer.into_iter().map(|roster| roster.signed().clone()).collect();
        let rosters = rosters.try_into().expect("taken up to the limit");
        if let Some(Phase::Ready { epoch: known, .. }) = self.conns.get_mut(&id).map(|conn| &mut conn.phase) {
            *known = (*known).max(last);
        }
        self.send(id, &Message::RosterChain(RosterChain { rosters }));
    }

    fn on_roster_chain(&mut self, id: ConnId, chain: RosterChain) {
        let count = chain.rosters.len();
        for signed in chain.rosters.into_inner() {
            let Some(network) = self.state.network() else { return };
            let after = network.roster().epoch();
            let checked = Roster::verify(signed.clone(), network.id, network.hub).and_then(|roster| {
                roster.follows(Some(network.roster()))?;
                roster.in_force(self.now.wall)
            });
            match checked {
                // One that is over, or signed while the hub's clock was ahead, is a link of the chain all the same, and
                // whom it revokes is revoked; sessions ask whether it is in force.
                Ok(()) | Err(RosterError::Expired(_) | RosterError::Future(_)) => {
                    self.commit(Entry::RosterAdopted { roster: signed })
                }
                // Sent by two peers at once: nothing new.
                Err(RosterError::Rollback { .. }) => {}
                // A newer one was sent to all while ours was on its way.
                Err(RosterError::Gap { .. }) => {
                    self.send(id, &Message::RosterFetch(RosterFetch { after }));
                    break;
                }
                Err(error) => {
                    self.refuse(id, CloseCode::Violation, error.code());
                    return;
                }
            }
        }
        self.after_roster();
        let epoch = self.state.network().map(|network| network.roster().epoch());
        if let (Some(after), ROSTER_CHAIN_MAX) = (epoch, count) {
            self.send(id, &Message::RosterFetch(RosterFetch { after }));
        }
    }

    /// What a new roster brings: connections of revoked nodes end, and runs that waited for it go on.
    pub(crate) fn after_roster(&mut self) {
        let Some(network) = self.state.network() else { return };
        let roster = network.roster();
        let epoch = roster.epoch();
        let gone: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, conn)| conn.peer().is_some_and(|peer| roster.active_by_node(peer).is_none()))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.close(id, CloseCode::NotOnRoster);
        }
        self.end_runs_with_strangers();
        for conn in self.conns.values_mut() {
            if let Phase::Ready { epoch: known, .. } = &mut conn.phase {
                *known = (*known).max(epoch);
            }
        }
        let peers: Vec<NodeKey> = self.connected().collect();
        for peer in peers {
            self.sessions_ready(peer);
        }
    }

    /// Hub: sends the newest roster to everyone who is connected.
    pub(crate) fn broadcast_roster(&mut self) {
        let Some(network) = self.state.network() else { return };
        let newest = vec![network.roster().signed().clone()];
        let chain = RosterChain { rosters: newest.try_into().expect("one is under the limit") };
        self.send_to_all(&Message::RosterChain(chain));
        self.after_roster();
    }

    /// Hub: renews the roster before it expires, and one that it signed while its own clock was ahead.
    pub(crate) fn renew_roster(&mut self) {
        let Some(network) = self.state.network().filter(|_| self.is_hub()) else { return };
        let lasts = network.roster().body().valid_until > self.now.wall.plus_secs(ROSTER_RENEW_SECS);
        if lasts && !matches!(network.roster().in_force(self.now.wall), Err(RosterError::Future(_))) {
            return;
        }
        let members = network.roster().body().members.to_vec();
        if let Ok(roster) = self.next_roster(members) {
            self.commit(Entry::RosterAdopted { roster: roster.signed().clone() });
            self.broadcast_roster();
        }
    }

    /// Hub: signs the roster after the one in force.
    pub(crate) fn next_roster(
        &self,
        members: Vec<cwg_protocol::roster::Entry>,
    ) -> Result<Roster, crate::command::Refusal> {
        let own = self.hub()?;
        let last = self.state.network().ok_or(crate::command::Refusal::NotJoined)?.roster();
        let mut body = last.body().clone();
        body.epoch = Epoch(last.epoch().0 + 1);
        body.previous = last.digest();
        body.issued = self.now.wall;
        body.valid_until = self.now.wall.plus_secs(ROSTER_VALID_SECS);
        body.members = members.try_into().map_err(|_| crate::command::Refusal::NetworkFull)?;
        Ok(Roster::sign(body, &own.signing)?)
    }

    pub(crate) fn next_conn_deadline(&self) -> Option<u64> {
        self.conns.values().filter_map(|conn| conn.deadline_ms).min()
    }

    pub(crate) fn expire_conns(&mut self) {
        let now_ms = self.now.mono_ms;
        let late: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, conn)| conn.deadline_ms.is_some_and(|deadline| deadline <= now_ms))
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            self.close(id, CloseCode::TimedOut);
        }
    }

    /// When the next invitation expires, so that the allow list shrinks in time. Wall time, seen from the monotonic clock.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        let known = self.state.invitations().values().chain(self.state.used_invitations().values());
        let open = known.filter(|invitation| invitation.expires > self.now.wall);
        open.map(|open| self.mono_at(open.expires)).min()
    }

    /// The connection with a node over which sessions run: the newest, as an older one may be dead already.
    pub(crate) fn ready_conn(&self, node: NodeKey) -> Option<(ConnId, &Conn)> {
        self.conns.iter().rev().find(|(_, conn)| conn.peer() == Some(node)).map(|(id, conn)| (*id, conn))
    }

    /// Hub: revokes a member.
    pub(crate) fn revoke(&mut self, member: NodeKey) -> Result<crate::command::Reply, crate::command::Refusal> {
        use crate::command::{Refusal, Reply};
        self.hub()?;
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        let mut members = network.roster().body().members.to_vec();
        let next = Epoch(network.roster().epoch().0 + 1);
        let entry = members.iter_mut().find(|entry| entry.node == member).ok_or(Refusal::UnknownMember)?;
        if entry.status == Status::Revoked {
            return Err(Refusal::AlreadyRevoked);
        }
        entry.status = Status::Revoked;
        entry.since = next;
        let roster = self.next_roster(members)?;
        self.commit(Entry::RosterAdopted { roster: roster.signed().clone() });
        self.broadcast_roster();
        Ok(Reply::Done)
    }
}
