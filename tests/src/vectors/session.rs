//! Vectors of what is signed or derived: roster, charter, invitation, session.

use cwg_crypto::{Digest, Lane as TranscriptLane, Transcript};
use cwg_protocol::charter::{self, Charter, KindRoles, MemberSignature, RunKind};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::invitation::{Invitation, InvitationId};
use cwg_protocol::roster::{self, Entry, Roster, Status};
use cwg_protocol::session::{Learns, OwnSet, Receipt, Seal, Terms};
use cwg_protocol::wire::encode;
use cwg_protocol::{Epoch, Item, NetworkId, OperatorKey, PilotId, UnixTime};
use serde_json::{Value, json};

use super::count::{noise, noise_fields};
use super::messages::propose;
use super::{
    CLOCK, EXPORTER, FIRST, FIRST_TRANSPORT, FOURTH, HUB, HUB_TRANSPORT, Laid, NETWORK, PERSON, SECOND, THIRD, counted,
    key, node, public, transport,
};

const YEAR_SECS: u64 = 365 * 86_400;

/// A roster and a charter, with signatures.
pub fn signed() -> Vec<Laid> {
    vec![roster(), charter()]
}

fn entry(name: &str, node_byte: u8, transport_byte: u8, since: u64) -> Entry {
    Entry {
        name: name.to_owned().try_into().expect("short"),
        node: node(node_byte),
        transport: transport(transport_byte),
        address: String::new().try_into().expect("empty"),
        status: Status::Active,
        since: Epoch(since),
    }
}

fn roster() -> Laid {
    let body = roster::Body {
        network: NetworkId(NETWORK),
        epoch: Epoch(2),
        previous: Digest::from_bytes([0x30; 32]),
        issued: UnixTime(CLOCK),
        valid_until: UnixTime(CLOCK + YEAR_SECS),
        hub: entry("Hub", HUB, HUB_TRANSPORT, 1),
        members: vec![entry("First", FIRST, FIRST_TRANSPORT, 2)].try_into().expect("one"),
    };
    let laid_entry = |name: &str, node: u8, transport: u8, since: u64| {
        let since = since.to_le_bytes();
        [counted(name.as_bytes()), public(node), public(transport), counted(b""), vec![0; 4], since.to_vec()].concat()
    };
    let fields = vec![
        ("network [16]", NETWORK.to_vec()),
        ("epoch u64", 2u64.to_le_bytes().to_vec()),
        ("previous [32]", vec![0x30; 32]),
        ("issued u64", CLOCK.to_le_bytes().to_vec()),
        ("valid_until u64", (CLOCK + YEAR_SECS).to_le_bytes().to_vec()),
        ("hub: name, node, transport, address, status u32, since u64", laid_entry("Hub", HUB, HUB_TRANSPORT, 1)),
        ("members: count u64", 1u64.to_le_bytes().to_vec()),
        ("member", laid_entry("First", FIRST, FIRST_TRANSPORT, 2)),
    ];
    let bytes = encode(&body);
    let roster = Roster::sign(body, &key(HUB)).expect("it keeps the rules");
    let gives = vec![("digest", roster.digest().as_bytes().to_vec()), ("SignedRoster", encode(roster.signed()))];
    Laid { name: "roster of epoch 2, one member", fields, bytes, gives }
}

fn charter() -> Laid {
    let mut members = [FIRST, SECOND, THIRD, FOURTH].map(node);
    members.sort_unstable();
    let text = |text: &str| text.to_owned();
    let body = charter::Body {
        network: NetworkId(NETWORK),
        pilot: PilotId([0x41; 8]),
        version: 1,
        name: text("Pilot").try_into().expect("short"),
        purpose: text("Drill").try_into().expect("short"),
        legal_basis: text("None").try_into().expect("short"),
        members: members.to_vec().try_into().expect("four"),
        kinds: vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::BOTH }].try_into().expect("one"),
        runs: vec![RunKind::Pair, RunKind::Round, RunKind::Count].try_into().expect("three"),
        learns: vec![Learns::Proposer, Learns::Both].try_into().expect("two"),
        opens: UnixTime(CLOCK),
        closes: UnixTime(CLOCK + YEAR_SECS),
        retention_days: 90,
        budget: charter::Budget { items_per_session: 4096, sessions_per_day: 3, items_min: 10 },
        rounds: Some(charter::RoundRules {
            keyholders: members.to_vec().try_into().expect("four"),
            threshold: 3,
            uploads_min: 4,
            rounds_per_key: 12,
            reveals: Some(text("clause 9").try_into().expect("short")),
        }),
        counts: Some(charter::CountRules { noise: noise() }),
    };
    let u32s = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let fields = vec![
        ("network [16]", NETWORK.to_vec()),
        ("pilot [8]", vec![0x41; 8]),
        ("version u32", u32s(&[1])),
        ("name text", counted(b"Pilot")),
        ("purpose text", counted(b"Drill")),
        ("legal_basis text", counted(b"None")),
        ("members: count u64", 4u64.to_le_bytes().to_vec()),
        ("members", members.iter().flat_map(|member| *member.0.as_bytes()).collect()),
        ("kinds: count u64", 1u64.to_le_bytes().to_vec()),
        ("kinds: kind u32, roles u8", [u32s(&[3]), vec![3]].concat()),
        ("runs: count u64", 3u64.to_le_bytes().to_vec()),
        ("runs u32: pair, round, count", u32s(&[0, 2, 3])),
        ("learns: count u64", 2u64.to_le_bytes().to_vec()),
        ("learns u32: proposer, both", u32s(&[0, 2])),
        ("opens u64", CLOCK.to_le_bytes().to_vec()),
        ("closes u64", (CLOCK + YEAR_SECS).to_le_bytes().to_vec()),
        ("retention_days u32", u32s(&[90])),
        ("budget: items_per_session, sessions_per_day, items_min", u32s(&[4096, 3, 10])),
        ("rounds: there", vec![1]),
        ("keyholders: count u64", 4u64.to_le_bytes().to_vec()),
        ("keyholders", members.iter().flat_map(|member| *member.0.as_bytes()).collect()),
        ("threshold u8, uploads_min u8, rounds_per_key u16", vec![3, 4, 12, 0]),
        ("reveals: there", vec![1]),
        ("clause text", counted(b"clause 9")),
        ("counts: there", vec![1]),
        ("epsilon u16, delta u8, sensitivity u8", noise_fields()),
    ];
    let bytes = encode(&body);
    let charter = Charter::sign(body, &key(HUB)).expect("it keeps the rules");
    let person = MemberSignature::sign_as_person(charter.digest(), node(FIRST), &key(PERSON));
    let signature = MemberSignature::complete(
        charter.digest(),
        node(FIRST),
        text("Kim").try_into().expect("short"),
        OperatorKey(key(PERSON).verifying_key()),
        person,
        &key(FIRST),
    );
    charter.check_signature(&signature).expect("both signatures are good");
    let gives = vec![
        ("digest", charter.digest().as_bytes().to_vec()),
        ("SignedCharter", encode(charter.signed())),
        ("MemberSignature of the first member", encode(&signature)),
    ];
    Laid { name: "charter of four members", fields, bytes, gives }
}

/// An invitation and what both sides derive from it.
pub fn invitation() -> Value {
    let invitation = Invitation::new(
        InvitationId([0x20; 8]),
        NetworkId(NETWORK),
        node(HUB),
        transport(HUB_TRANSPORT),
        "hub.example:4433".to_owned().try_into().expect("short"),
        "First".to_owned().try_into().expect("short"),
        UnixTime(CLOCK),
        [0x21; 32],
    );
    json!({
        "id": hex::encode([0x20; 8]),
        "network": hex::encode(NETWORK),
        "hub": hex::encode(public(HUB)),
        "hub_transport": hex::encode(public(HUB_TRANSPORT)),
        "hub_address": "hub.example:4433",
        "name": "First",
        "expires": CLOCK,
        "secret": hex::encode([0x21; 32]),
        "text": invitation.to_text(),
        "transport_secret": hex::encode(invitation.transport_secret().expose()),
        "transport_key": hex::encode(invitation.transport_key().0.as_bytes()),
    })
}

/// Terms, the session's name, a transcript of three frames and both seals over it.
pub fn session() -> Value {
    let items = |numbers: [u8; 2]| numbers.map(|n| Item([n; 32]));
    let (proposer_salt, acceptor_salt) = ([0x50; 32], [0x51; 32]);
    let propose = propose();
    let terms = Terms {
        network: NetworkId(NETWORK),
        epoch: propose.epoch,
        roster: propose.roster,
        pilot: propose.pilot,
        charter: propose.charter,
        run: propose.run,
        attempt: propose.attempt,
        proposer: node(FIRST),
        acceptor: node(SECOND),
        learns: propose.learns,
        protocol: propose.protocol,
        leakage: propose.leakage,
        ruleset: propose.ruleset,
        selection: propose.selection.clone(),
        release: propose.release,
        proposer_set: OwnSet::of(&items([1, 2]), &proposer_salt),
        acceptor_set: OwnSet::of(&items([2, 3]), &acceptor_salt),
        proposer_nonce: propose.nonce,
        acceptor_nonce: [0x47; 32],
    };
    let session = terms.session(&EXPORTER);
    let mut transcript = Transcript::new(Digest::from_bytes(session.0));
    transcript.absorb(TranscriptLane::Second, 0, b"from the acceptor");
    transcript.absorb(TranscriptLane::First, 0, b"from the proposer");
    transcript.absorb(TranscriptLane::Second, 0, b"again");
    let end = transcript.end();
    let seal = |byte: u8, place: u32| {
        let parts: [&[u8]; 3] = [&session.0, end.as_bytes(), &place.to_le_bytes()];
        Seal(key(byte).sign(cwg_crypto::Domain::Seal, &parts))
    };
    let (proposer, acceptor) = (seal(FIRST, 0), seal(SECOND, 1));
    let receipt = Receipt { terms: terms.clone(), session, transcript: end, proposer, acceptor };
    receipt.verify().expect("seals laid out by hand are those the program verifies");
    json!({
        "proposer": { "salt": hex::encode(proposer_salt), "items": ["01 x 32", "02 x 32"],
            "commitment": terms.proposer_set.commitment.to_string(), "padded": terms.proposer_set.padded },
        "acceptor": { "salt": hex::encode(acceptor_salt), "items": ["02 x 32", "03 x 32"],
            "commitment": terms.acceptor_set.commitment.to_string(), "padded": terms.acceptor_set.padded },
        "terms": hex::encode(encode(&terms)),
        "exporter": hex::encode(EXPORTER),
        "session": session.to_string(),
        "frames": [
            { "from": "acceptor", "lane": 0, "body": hex::encode("from the acceptor") },
            { "from": "proposer", "lane": 0, "body": hex::encode("from the proposer") },
            { "from": "acceptor", "lane": 0, "body": hex::encode("again") },
        ],
        "transcript": end.to_string(),
        "proposer_seal": hex::encode(proposer.0.as_bytes()),
        "acceptor_seal": hex::encode(acceptor.0.as_bytes()),
    })
}
