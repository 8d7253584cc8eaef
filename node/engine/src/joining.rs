//! Founding a network, inviting, joining.

use cwg_crypto::{Secret32, SigningKey};
use cwg_protocol::invitation::{Invitation, InvitationId};
use cwg_protocol::roster::{Address, Body, Entry as Node, Name, Roster, SignedRoster, Status};
use cwg_protocol::wire::limits::{MEMBERS_MAX, PROTOCOL_VERSION};
use cwg_protocol::wire::{Join, JoinRefusal, Joined, Message};
use cwg_protocol::{Epoch, NetworkId, NodeKey, TransportKey};

use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::dialing::Dialing;
use crate::io::{CloseCode, ConnId, Effect, Level, Ticket};
use crate::limits::{INVITATION_SECS_MAX, INVITATIONS_OPEN_MAX, ROSTER_VALID_SECS};
use crate::record::{Entry, NodeKind, StoredSecret};

/// A join under way.
pub(crate) struct Joining {
    ticket: Ticket,
    invitation: Invitation,
}

/// How an invited node is let in.
enum Admission {
    /// With the next roster.
    New(SignedRoster),
    /// It stands on this one: the answer to an earlier request was lost.
    Again(SignedRoster),
}

impl Joining {
    pub(crate) fn hub_transport(&self) -> TransportKey {
        self.invitation.hub_transport
    }
}

impl Engine {
    /// The keys of a new node, not stored yet.
    fn founded(&mut self, kind: NodeKind, name: Name, address: Address) -> Result<Entry, Refusal> {
        if self.state.own().is_some() {
            return Err(Refusal::AlreadyFounded);
        }
        if name.trim().is_empty() {
            return Err(Refusal::EmptyName);
        }
        let node = StoredSecret(self.random("node key"));
        let transport = StoredSecret(self.random("transport key"));
        Ok(Entry::Founded { kind, name, address, node, transport })
    }

    pub(crate) fn found_member(&mut self, name: Name, address: Address) -> Result<Reply, Refusal> {
        let founded = self.founded(NodeKind::Member, name, address)?;
        self.commit(founded);
        Ok(Reply::Founded(self.own()?.node()))
    }

    pub(crate) fn found_hub(&mut self, name: Name, address: Address) -> Result<Reply, Refusal> {
        let founded = self.founded(NodeKind::Hub, name.clone(), address.clone())?;
        let Entry::Founded { node, transport, .. } = &founded else { unreachable!("built above") };
        let signing = SigningKey::from_secret(&Secret32::new(node.0));
        let transport = SigningKey::from_secret(&Secret32::new(transport.0));
        let network = NetworkId(self.random("network"));
        let node = NodeKey(signing.verifying_key());
        let transport = TransportKey(transport.verifying_key());
        let hub = Node { name, node, transport, address, status: Status::Active, since: Epoch(1) };
        let body = Body {
            network,
            epoch: Epoch(1),
            previous: cwg_crypto::Digest::from_bytes([0; 32]),
            issued: self.now.wall,
            valid_until: self.now.wall.plus_secs(ROSTER_VALID_SECS),
            hub,
            members: Vec::new().try_into().expect("none is under the limit"),
        };
        let roster = Roster::sign(body, &signing)?;
        // Together or not at all: a hub with keys and no network could neither go on nor be founded again.
        let secret = StoredSecret(self.random("lighthouse secret"));
        let founded = [founded, Entry::NetworkFounded { network, roster: roster.signed().clone() }];
        self.commit_all(founded.into_iter().chain([Entry::LighthouseKeyed { secret }]).collect());
        Ok(Reply::Founded(node))
    }

    pub(crate) fn invite(&mut self, name: Name, valid_secs: u64) -> Result<Reply, Refusal> {
        self.hub()?;
        let now = self.now.wall;
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        if name.trim().is_empty() {
            return Err(Refusal::EmptyName);
        }
        if !(60..=INVITATION_SECS_MAX).contains(&valid_secs) {
            return Err(Refusal::InvitationLife);
        }
        let open: Vec<_> = self.state.invitations().values().filter(|open| open.expires > now).collect();
        if network.roster().active().any(|node| node.name == name) || open.iter().any(|open| open.name == name) {
            return Err(Refusal::NameTaken);
        }
        if open.len() >= INVITATIONS_OPEN_MAX || network.roster().active().count() > MEMBERS_MAX {
            return Err(Refusal::NetworkFull);
        }
        let hub = network.roster().body().hub.clone();
        let id = InvitationId(self.random("invitation"));
        let secret = self.random("invitation secret");
        let (network, expires) = (self.state.network().ok_or(Refusal::NotJoined)?.id, now.plus_secs(valid_secs));
        let invitation =
            Invitation::new(id, network, hub.node, hub.transport, hub.address, name.clone(), expires, secret);
        self.commit(Entry::Invited { id, name, expires, key: invitation.transport_key() });
        Ok(Reply::Invited(Box::new(invitation)))
    }

    pub(crate) fn join(&mut self, ticket: Ticket, invitation: Invitation) -> Result<(), Refusal> {
        self.member()?;
        if self.state.network().is_some() {
            return Err(Refusal::AlreadyJoined);
        }
        if !self.config.online {
            return Err(Refusal::Offline);
        }
        if self.joining.is_some() {
            return Err(Refusal::UnderWay);
        }
        if invitation.expires <= self.now.wall {
            return Err(Refusal::InvitationExpired(invitation.expires));
        }
        let secret = *invitation.transport_secret().expose();
        let (address, key) = (invitation.hub_address.to_string(), invitation.hub_transport);
        self.joining = Some(Joining { ticket, invitation });
        self.dial(&address, key, Some(secret), Dialing::Join);
        Ok(())
    }

    pub(crate) fn send_join(&mut self, id: ConnId) {
        let (Some(own), Some(joining), Some(conn)) = (self.state.own(), &self.joining, self.conns.get(&id)) else {
            return;
        };
        let mut join = Join {
            version: PROTOCOL_VERSION,
            invitation: joining.invitation.id,
            node: own.node(),
            transport: own.transport_key(),
            address: own.address.clone(),
            signature: cwg_crypto::Signature::from_bytes([0; 64]),
        };
        join.sign(&conn.exporter, &own.signing);
        self.dials.retain(|_, why| *why != Dialing::Join);
        self.send(id, &Message::Join(join));
    }

    /// Hub: an invited node asks to become a member.
    pub(crate) fn on_join(&mut self, id: ConnId, join: &Join) {
        let Some(conn) = self.conns.get(&id) else { return };
        if join.verify(&conn.exporter).is_err() {
            self.refuse(id, CloseCode::Violation, "bad-join");
            return;
        }
        let key = conn.key;
        match self.admit(join, key) {
            Ok(Admission::New(roster)) => {
                self.commit(Entry::Admitted { id: join.invitation, roster: roster.clone() });
                self.send(id, &Message::Joined(Joined { roster }));
                self.broadcast_roster();
            }
            Ok(Admission::Again(roster)) => self.send(id, &Message::Joined(Joined { roster })),
            Err(refusal) => {
                self.commit(Entry::Refused { peer: None, code: refusal.code().into() });
                self.send(id, &Message::JoinRefused(refusal));
                self.close(id, CloseCode::Done);
            }
        }
    }

    fn admit(&self, join: &Join, key: TransportKey) -> Result<Admission, JoinRefusal> {
        if join.version != PROTOCOL_VERSION {
            return Err(JoinRefusal::Version);
        }
        let now = self.now.wall;
        let invitation = self.state.invitation(join.invitation, key, now).ok_or(JoinRefusal::InvitationUnknown)?;
        let roster = self.state.network().ok_or(JoinRefusal::InvitationUnknown)?.roster();
        // The node is a member already and has not heard of it. It signed the request with the member's key.
        if roster.active_by_node(join.node).is_some_and(|node| node.transport == join.transport) {
            return Ok(Admission::Again(roster.signed().clone()));
        }
        if !self.state.invitations().contains_key(&join.invitation) {
            return Err(JoinRefusal::InvitationUnknown);
        }
        let mut members = roster.body().members.to_vec();
        members.push(Node {
            name: invitation.name.clone(),
            node: join.node,
            transport: join.transport,
            address: join.address.clone(),
            status: Status::Active,
            since: Epoch(roster.epoch().0 + 1),
        });
        if members.iter().filter(|node| node.status == Status::Active).count() > MEMBERS_MAX {
            return Err(JoinRefusal::NetworkFull);
        }
        let next = self.next_roster(members).map(|roster| Admission::New(roster.signed().clone()));
        next.map_err(|refusal| match refusal {
            Refusal::NetworkFull => JoinRefusal::NetworkFull,
            _ => JoinRefusal::KeyTaken,
        })
    }

    /// Member: the hub let us in.
    pub(crate) fn on_joined(&mut self, id: ConnId, roster: SignedRoster) {
        let Some(joining) = self.joining.take() else { return };
        let invitation = &joining.invitation;
        let now = self.now.wall;
        let ours = self.state.own().map(crate::state::Own::node);
        let checked = Roster::verify(roster.clone(), invitation.network, invitation.hub).and_then(|verified| {
            verified.in_force(now)?;
            let named = ours.is_some_and(|node| verified.active_by_node(node).is_some());
            if named { Ok(verified.epoch()) } else { Err(cwg_protocol::roster::RosterError::Rule("we are not on it")) }
        });
        match checked {
            Ok(epoch) => {
                self.commit(Entry::Joined { network: invitation.network, hub: invitation.hub, roster });
                self.reply(joining.ticket, Ok(Reply::Joined(epoch)));
                self.conns.remove(&id);
                self.push(Effect::Close(id, CloseCode::Done));
            }
            Err(error) => {
                self.commit(Entry::Refused { peer: None, code: error.code().into() });
                self.reply(joining.ticket, Err(error.into()));
                self.close(id, CloseCode::Violation);
            }
        }
    }

    pub(crate) fn on_join_refused(&mut self, id: ConnId, refusal: JoinRefusal) {
        if let Some(joining) = self.joining.take() {
            self.commit(Entry::Refused { peer: None, code: refusal.code().into() });
            self.reply(joining.ticket, Err(Refusal::JoinRefused(refusal.code().into())));
        }
        self.close(id, CloseCode::Done);
    }

    pub(crate) fn join_failed(&mut self, code: &'static str) {
        if let Some(joining) = self.joining.take() {
            self.push(Effect::Log(Level::Warn, code));
            self.commit(Entry::Refused { peer: None, code: code.into() });
            self.reply(joining.ticket, Err(Refusal::JoinFailed(code.into())));
        }
    }
}
