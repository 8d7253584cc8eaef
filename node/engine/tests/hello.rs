//! A hub and what it makes of peers that say hello wrongly: refused by name, remembered, and nothing else changed.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cwg_crypto::{Digest, Seed, Signature, SigningKey};
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::{CloseCode, ConnId, Effect, Input, Now, PeerUp, Side, Ticket};
use cwg_engine::record::Entry;
use cwg_engine::state::State;
use cwg_engine::{Config, Engine};
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};
use cwg_protocol::invitation::Invitation;
use cwg_protocol::wire::limits::{CLOCK_SKEW_MAX_SECS, PROTOCOL_VERSION};
use cwg_protocol::wire::{Hello, Join, Message};
use cwg_protocol::{NetworkId, NodeKey, TransportKey, UnixTime};

const NOW: Now = Now { wall: UnixTime(1_800_000_000), mono_ms: 1_000 };
const EXPORTER: [u8; 32] = [5; 32];

/// What the engine says, in order.
fn said(engine: &mut Engine) -> Vec<Effect> {
    std::iter::from_fn(|| engine.poll_effect()).collect()
}

fn reply(effects: Vec<Effect>) -> Result<Reply, Refusal> {
    let replies = effects.into_iter().filter_map(|effect| match effect {
        Effect::Reply(_, reply) => Some(*reply),
        _ => None,
    });
    replies.last().unwrap()
}

fn command(engine: &mut Engine, command: Command) -> Result<Reply, Refusal> {
    engine.handle(NOW, Input::Command(Ticket(1), command));
    reply(said(engine))
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Seed::new([byte; 32]).into_secret())
}

fn up(conn: u64, key: TransportKey) -> Input {
    Input::PeerUp(PeerUp { conn: ConnId(conn), key, side: Side::Listener, exporter: EXPORTER })
}

fn text<const N: usize>(text: &str) -> cwg_protocol::wire::BoundedText<N> {
    text.to_owned().try_into().unwrap()
}

fn invite(engine: &mut Engine) -> Invitation {
    match command(engine, Command::Invite { name: text("Bank"), valid_secs: 3600 }) {
        Ok(Reply::Invited(invitation)) => *invitation,
        other => panic!("{other:?}"),
    }
}

/// A hub with one member, whose keys are `key(1)` and `key(2)`.
fn hub() -> Engine {
    let mut engine = Engine::new(Config { online: true }, State::default(), Seed::new([9; 32]), NOW);
    command(&mut engine, Command::FoundHub { name: text("Hub"), address: text("127.0.0.1:1") }).unwrap();
    let invitation = invite(&mut engine);
    engine.handle(NOW, up(1, invitation.transport_key()));
    let mut join = Join {
        version: PROTOCOL_VERSION,
        invitation: invitation.id,
        node: NodeKey(key(1).verifying_key()),
        transport: TransportKey(key(2).verifying_key()),
        address: text(""),
        signature: Signature::from_bytes([0; 64]),
    };
    join.sign(&EXPORTER, &key(1));
    engine.handle(NOW, Input::Frame(ConnId(1), Message::Join(join).encode()));
    let effects = said(&mut engine);
    let stored = effects.iter().position(|effect| matches!(effect, Effect::Store(_))).unwrap();
    let sent = effects.iter().position(|effect| matches!(effect, Effect::Send(..))).unwrap();
    assert!(stored < sent, "a member is told only what is stored");
    engine
}

fn hello(engine: &Engine) -> Hello {
    let network = engine.state().network().unwrap();
    Hello {
        version: PROTOCOL_VERSION,
        network: network.id,
        node: NodeKey(key(1).verifying_key()),
        epoch: network.roster().epoch(),
        roster: network.roster().digest(),
        ruleset: RULESET_ID,
        ruleset_digest: ruleset_hash(),
        clock: NOW.wall.0,
        signature: Signature::from_bytes([0; 64]),
    }
}

/// Says a hello that was changed in one respect. Returns the close and the code that was remembered.
fn refused(change: impl Fn(&mut Hello), signed_by: u8) -> Option<(CloseCode, String)> {
    let mut engine = hub();
    engine.handle(NOW, up(2, TransportKey(key(2).verifying_key())));
    let mut hello = hello(&engine);
    change(&mut hello);
    hello.sign(&EXPORTER, true, &key(signed_by));
    said(&mut engine);
    let before = (engine.state().roster_digest(), engine.state().records());
    engine.handle(NOW, Input::Frame(ConnId(2), Message::Hello(hello).encode()));
    let (mut close, mut code) = (None, None);
    for effect in said(&mut engine) {
        match effect {
            Effect::Close(ConnId(2), with) => close = Some(with),
            Effect::Store(records) => {
                for record in records {
                    let Entry::Refused { code: why, .. } = record.entry else { panic!("{:?}", record.entry) };
                    code = Some(why.0);
                }
            }
            _ => {}
        }
    }
    let records = before.1 + u64::from(code.is_some());
    assert_eq!((engine.state().roster_digest(), engine.state().records()), (before.0, records));
    assert_eq!(engine.connected().count(), usize::from(close.is_none()));
    close.map(|close| (close, code.unwrap()))
}

#[test]
fn a_peer_of_another_version_network_clock_or_key_is_refused_by_name() {
    let check = |what: &str, change: fn(&mut Hello), signed_by, close, code: &str| {
        assert_eq!(refused(change, signed_by), Some((close, code.to_owned())), "{what}");
    };
    assert_eq!(refused(|_| (), 1), None);
    check("version", |hello| hello.version += 1, 1, CloseCode::Version, "protocol-version");
    check("network", |hello| hello.network = NetworkId([0; 16]), 1, CloseCode::NotOnRoster, "other-network");
    check("signature", |_| (), 3, CloseCode::Violation, "bad-hello");
    check("clock", |hello| hello.clock += CLOCK_SKEW_MAX_SECS + 1, 1, CloseCode::Clock, "clock-skew");
    check("behind", |hello| hello.clock -= CLOCK_SKEW_MAX_SECS + 1, 1, CloseCode::Clock, "clock-skew");
    assert_eq!(refused(|hello| hello.clock += CLOCK_SKEW_MAX_SECS, 1), None);
    // Another ruleset does not end a connection, over which rosters still travel; a proposal under it is declined.
    assert_eq!(refused(|hello| hello.ruleset_digest = Digest::from_bytes([1; 32]), 1), None);
}

#[test]
fn a_node_that_is_not_on_the_roster_gets_no_hello() {
    let mut engine = hub();
    engine.handle(NOW, up(3, TransportKey(key(7).verifying_key())));
    let effects = said(&mut engine);
    assert!(matches!(effects[..], [Effect::Close(ConnId(3), CloseCode::NotOnRoster)]), "{effects:?}");
}

#[test]
fn a_revoked_member_loses_its_connection_and_its_key() {
    let mut engine = hub();
    engine.handle(NOW, up(2, TransportKey(key(2).verifying_key())));
    let mut hello = hello(&engine);
    hello.sign(&EXPORTER, true, &key(1));
    engine.handle(NOW, Input::Frame(ConnId(2), Message::Hello(hello).encode()));
    said(&mut engine);
    engine.handle(NOW, Input::Command(Ticket(1), Command::Revoke { member: NodeKey(key(1).verifying_key()) }));
    let effects = said(&mut engine);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Close(ConnId(2), CloseCode::NotOnRoster))));
    let allowed = effects.iter().rev().find_map(|effect| match effect {
        Effect::Allow(keys) => Some(keys.clone()),
        _ => None,
    });
    assert!(!allowed.unwrap().contains(&TransportKey(key(2).verifying_key())));
}

#[test]
fn commands_that_are_not_this_nodes_are_refused_and_change_nothing_else() {
    let mut engine = hub();
    let before = engine.state().records();
    let member = NodeKey(key(8).verifying_key());
    let found = Command::FoundHub { name: text("Hub"), address: text("127.0.0.1:1") };
    assert!(matches!(command(&mut engine, found), Err(Refusal::AlreadyFounded)));
    assert!(matches!(command(&mut engine, Command::Revoke { member }), Err(Refusal::UnknownMember)));
    let taken = Command::Invite { name: text("Bank"), valid_secs: 3600 };
    assert!(matches!(command(&mut engine, taken), Err(Refusal::NameTaken)));
    let short = Command::Invite { name: text("Other"), valid_secs: 1 };
    assert!(matches!(command(&mut engine, short), Err(Refusal::InvitationLife)));
    let purge = Command::Purge(cwg_protocol::LoadId([0; 8]));
    assert!(matches!(command(&mut engine, purge), Err(Refusal::NotMember)));
    assert_eq!(engine.state().records(), before + 5, "each refusal is one entry");
}

/// The hub's answer when its member says hello on this connection.
fn greet(engine: &mut Engine, conn: u64) -> Vec<Effect> {
    engine.handle(NOW, up(conn, TransportKey(key(2).verifying_key())));
    let mut hello = hello(engine);
    hello.sign(&EXPORTER, true, &key(1));
    engine.handle(NOW, Input::Frame(ConnId(conn), Message::Hello(hello).encode()));
    said(engine)
}

#[test]
fn a_member_that_dials_again_loses_the_connection_it_no_longer_knows() {
    let mut engine = hub();
    assert!(!greet(&mut engine, 2).iter().any(|effect| matches!(effect, Effect::Close(..))));
    let effects = greet(&mut engine, 3);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Close(ConnId(2), CloseCode::Replaced))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Close(ConnId(3), _))));
    assert_eq!(engine.connected().count(), 1);
}

#[test]
fn an_invitation_that_has_expired_lets_nobody_in() {
    let mut engine = Engine::new(Config { online: true }, State::default(), Seed::new([9; 32]), NOW);
    command(&mut engine, Command::FoundHub { name: text("Hub"), address: text("127.0.0.1:1") }).unwrap();
    let invitation = invite(&mut engine);
    let invited = invitation.transport_key();
    let late = Now { wall: NOW.wall.plus_secs(3600), mono_ms: NOW.mono_ms + 3_600_000 };
    engine.handle(late, Input::Deadline);
    let allowed = said(&mut engine).into_iter().find_map(|effect| match effect {
        Effect::Allow(keys) => Some(keys),
        _ => None,
    });
    assert!(!allowed.unwrap().contains(&invited), "its key is taken off the list");
    engine.handle(late, up(2, invited));
    let effects = said(&mut engine);
    assert!(matches!(effects[..], [Effect::Close(ConnId(2), CloseCode::NotOnRoster)]), "{effects:?}");

    let mut member = Engine::new(Config { online: true }, State::default(), Seed::new([8; 32]), late);
    member.handle(late, Input::Command(Ticket(1), Command::FoundMember { name: text("Bank"), address: text("") }));
    reply(said(&mut member)).unwrap();
    let expires = invitation.expires;
    member.handle(late, Input::Command(Ticket(1), Command::Join(Box::new(invitation))));
    assert!(matches!(reply(said(&mut member)), Err(Refusal::InvitationExpired(at)) if at == expires));
}
