//! One vector of each message with fixed fields.

use cwg_crypto::Digest;
use cwg_protocol::charter::KindRoles;
use cwg_protocol::indicator::{IndicatorKind, Role, Roles};
use cwg_protocol::invitation::InvitationId;
use cwg_protocol::psi::{LabelLen, ProtocolId};
use cwg_protocol::session::{Lane, Learns, OwnSet, Seal as SealSignature};
use cwg_protocol::wire::{
    Accept, BoundedText, Decline, DeclineCode, Hello, Join, JoinRefusal, Message, Propose, PsiFrame, RosterFetch, Seal,
    SessionAbort,
};
use cwg_protocol::{Epoch, NetworkId, PilotId, RunId, SessionId};

use super::{
    CLOCK, EXPORTER, FIRST, FIRST_TRANSPORT, Laid, NETWORK, counted, key, no_signature, node, public, transport,
};

/// One of each, small enough to check by hand.
pub fn messages() -> Vec<Laid> {
    let mut all = vec![
        hello(),
        join(),
        join_refused(),
        roster_fetch(),
        propose_laid(),
        accept(),
        decline(),
        psi(),
        seal(),
        abort(),
    ];
    all.extend(super::standing::messages());
    all
}

pub(super) fn laid(name: &'static str, kind: u16, fields: Vec<(&'static str, Vec<u8>)>, message: &Message) -> Laid {
    let mut all = vec![("kind u16", kind.to_le_bytes().to_vec())];
    all.extend(fields);
    Laid { name, fields: all, bytes: message.encode(), gives: Vec::new() }
}

/// The hello of a dialer, signed for the fixed exporter.
pub(super) fn signed_hello() -> Hello {
    let mut hello = Hello {
        version: 1,
        network: NetworkId(NETWORK),
        node: node(FIRST),
        epoch: Epoch(2),
        roster: Digest::from_bytes([0x11; 32]),
        ruleset: 1,
        ruleset_digest: Digest::from_bytes([0x12; 32]),
        clock: CLOCK,
        signature: no_signature(),
    };
    hello.sign(&EXPORTER, true, &key(FIRST));
    hello
}

fn hello() -> Laid {
    let hello = signed_hello();
    let fields = vec![
        ("version u16", vec![1, 0]),
        ("network [16]", NETWORK.to_vec()),
        ("node [32]", public(FIRST)),
        ("epoch u64", vec![2, 0, 0, 0, 0, 0, 0, 0]),
        ("roster [32]", vec![0x11; 32]),
        ("ruleset u16", vec![1, 0]),
        ("ruleset_digest [32]", vec![0x12; 32]),
        ("clock u64", CLOCK.to_le_bytes().to_vec()),
        ("signature [64]", hello.signature.as_bytes().to_vec()),
    ];
    laid("hello of a dialer, exporter ee..", 0x01, fields, &Message::Hello(hello))
}

/// The join of a member that only dials.
pub(super) fn signed_join() -> Join {
    let mut join = Join {
        version: 1,
        invitation: InvitationId([0x20; 8]),
        node: node(FIRST),
        transport: transport(FIRST_TRANSPORT),
        address: address("bank.example:4433"),
        signature: no_signature(),
    };
    join.sign(&EXPORTER, &key(FIRST));
    join
}

fn join() -> Laid {
    let join = signed_join();
    let fields = vec![
        ("version u16", vec![1, 0]),
        ("invitation [8]", vec![0x20; 8]),
        ("node [32]", public(FIRST)),
        ("transport [32]", public(FIRST_TRANSPORT)),
        ("address text", counted(b"bank.example:4433")),
        ("signature [64]", join.signature.as_bytes().to_vec()),
    ];
    laid("join, exporter ee..", 0x10, fields, &Message::Join(join))
}

fn join_refused() -> Laid {
    let message = Message::JoinRefused(JoinRefusal::NetworkFull);
    laid("join refused: network full", 0x12, vec![("code u32", vec![1, 0, 0, 0])], &message)
}

fn roster_fetch() -> Laid {
    let message = Message::RosterFetch(RosterFetch { after: Epoch(7) });
    laid("fetch of rosters after epoch 7", 0x20, vec![("after u64", vec![7, 0, 0, 0, 0, 0, 0, 0])], &message)
}

/// A proposal of one kind in one role.
pub(super) fn propose() -> Propose {
    Propose {
        run: RunId([0x40; 8]),
        attempt: 1,
        epoch: Epoch(2),
        roster: Digest::from_bytes([0x11; 32]),
        pilot: PilotId([0x41; 8]),
        charter: Digest::from_bytes([0x42; 32]),
        learns: Learns::Proposer,
        protocol: ProtocolId(1),
        leakage: Digest::from_bytes([0x43; 32]),
        ruleset: Digest::from_bytes([0x12; 32]),
        selection: vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::only(Role::Holder) }]
            .try_into()
            .expect("one is under the limit"),
        release: None,
        set: OwnSet { padded: 20, commitment: Digest::from_bytes([0x44; 32]), label_len: LabelLen::NONE },
        nonce: [0x45; 32],
    }
}

fn propose_laid() -> Laid {
    let fields = vec![
        ("run [8]", vec![0x40; 8]),
        ("attempt u32", vec![1, 0, 0, 0]),
        ("epoch u64", vec![2, 0, 0, 0, 0, 0, 0, 0]),
        ("roster [32]", vec![0x11; 32]),
        ("pilot [8]", vec![0x41; 8]),
        ("charter [32]", vec![0x42; 32]),
        ("learns u32: proposer", vec![0, 0, 0, 0]),
        ("protocol u16", vec![1, 0]),
        ("leakage [32]", vec![0x43; 32]),
        ("ruleset [32]", vec![0x12; 32]),
        ("selection: count u64", vec![1, 0, 0, 0, 0, 0, 0, 0]),
        ("selection: kind u32, phone is number 4, place 3", vec![3, 0, 0, 0]),
        ("selection: roles u8, holder", vec![1]),
        ("release: none", vec![0]),
        ("set: padded u32", vec![20, 0, 0, 0]),
        ("set: commitment [32]", vec![0x44; 32]),
        ("nonce [32]", vec![0x45; 32]),
    ];
    laid("proposal: phones of holders, the proposer learns", 0x40, fields, &Message::Propose(propose()))
}

fn accept() -> Laid {
    let accept = Accept {
        run: RunId([0x40; 8]),
        attempt: 1,
        set: OwnSet { padded: 1024, commitment: Digest::from_bytes([0x46; 32]), label_len: LabelLen::NONE },
        nonce: [0x47; 32],
        session: SessionId([0x48; 32]),
    };
    let fields = vec![
        ("run [8]", vec![0x40; 8]),
        ("attempt u32", vec![1, 0, 0, 0]),
        ("set: padded u32", vec![0, 4, 0, 0]),
        ("set: commitment [32]", vec![0x46; 32]),
        ("nonce [32]", vec![0x47; 32]),
        ("session [32]", vec![0x48; 32]),
    ];
    laid("acceptance", 0x41, fields, &Message::Accept(accept))
}

fn decline() -> Laid {
    let decline = Decline { run: RunId([0x40; 8]), attempt: 2, code: DeclineCode::Budget };
    let fields =
        vec![("run [8]", vec![0x40; 8]), ("attempt u32", vec![2, 0, 0, 0]), ("code u32: budget", vec![5, 0, 0, 0])];
    laid("decline: budget", 0x42, fields, &Message::Decline(decline))
}

fn psi() -> Laid {
    let frame = PsiFrame { session: SessionId([0x48; 32]), lane: Lane::AcceptorReceives, body: vec![1, 2, 3] };
    let fields = vec![("session [32]", vec![0x48; 32]), ("lane u8", vec![1]), ("body, to the end", vec![1, 2, 3])];
    laid("psi frame of three bytes", 0x43, fields, &Message::Psi(frame))
}

fn seal() -> Laid {
    let signature = cwg_crypto::Signature::from_bytes([0x49; 64]);
    let seal = Seal { session: SessionId([0x48; 32]), seal: SealSignature(signature) };
    let fields = vec![("session [32]", vec![0x48; 32]), ("seal [64]", vec![0x49; 64])];
    laid("seal (its signature is no one's)", 0x44, fields, &Message::Seal(seal))
}

fn abort() -> Laid {
    let message = Message::SessionAbort(SessionAbort { session: SessionId([0x48; 32]) });
    laid("abort of a session", 0x45, vec![("session [32]", vec![0x48; 32])], &message)
}

fn address(text: &str) -> BoundedText<{ cwg_protocol::wire::limits::ENDPOINT_LEN_MAX }> {
    text.to_owned().try_into().expect("short")
}
