use cwg_crypto::{Seed, SigningKey};

use super::*;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Seed::new([byte; 32]).into_secret())
}

fn entry(byte: u8) -> Entry {
    Entry {
        name: format!("node {byte}").try_into().unwrap(),
        node: NodeKey(key(byte).verifying_key()),
        transport: TransportKey(key(byte + 100).verifying_key()),
        address: String::new().try_into().unwrap(),
        status: Status::Active,
        since: Epoch(1),
    }
}

fn body(epoch: u64, previous: Digest, members: &[u8]) -> Body {
    Body {
        network: NetworkId([1; 16]),
        epoch: Epoch(epoch),
        previous,
        issued: UnixTime(1000 + epoch),
        valid_until: UnixTime(100_000),
        hub: entry(1),
        members: members.iter().map(|byte| entry(*byte)).collect::<Vec<_>>().try_into().unwrap(),
    }
}

fn signed(epoch: u64, previous: Digest, members: &[u8]) -> Roster {
    Roster::sign(body(epoch, previous, members), &key(1)).unwrap()
}

const NONE: Digest = Digest::from_bytes([0; 32]);

#[test]
fn accepts_what_the_hub_signed_and_nothing_else() {
    let (network, hub) = (NetworkId([1; 16]), entry(1).node);
    let good = signed(1, NONE, &[2, 3]);
    let check = |roster: SignedRoster| Roster::verify(roster, network, hub).map(|roster| roster.digest());
    assert_eq!(check(good.signed().clone()), Ok(good.digest()));
    assert_eq!(Roster::verify(good.signed().clone(), network, entry(2).node), Err(RosterError::WrongSigner));
    assert_eq!(Roster::verify(good.signed().clone(), NetworkId([2; 16]), hub), Err(RosterError::OtherNetwork));

    let forged = Roster::sign(body(1, NONE, &[2]), &key(2)).unwrap();
    assert_eq!(check(forged.signed().clone()), Err(RosterError::WrongSigner));

    let mut changed = good.signed().clone();
    let mut bytes = changed.body.clone().into_inner();
    *bytes.last_mut().unwrap() ^= 1;
    changed.body = bytes.try_into().unwrap();
    assert_eq!(check(changed), Err(RosterError::WrongSigner));
}

#[test]
fn refuses_signed_bytes_that_are_not_canonical() {
    let mut bytes = encode(&body(1, NONE, &[2]));
    bytes.push(0);
    let roster = SignedRoster { signature: key(1).sign(Domain::Roster, &[&bytes]), body: bytes.try_into().unwrap() };
    assert_eq!(Roster::verify(roster, NetworkId([1; 16]), entry(1).node), Err(RosterError::Malformed));
}

#[test]
fn names_rollback_fork_and_gap() {
    let first = signed(1, NONE, &[2]);
    let second = signed(2, first.digest(), &[2, 3]);
    let third = signed(3, second.digest(), &[2, 3, 4]);
    let check = |have: &Roster, next: &Roster| next.follows(Some(have));
    assert_eq!(first.follows(None), Ok(()));
    assert_eq!(check(&first, &second), Ok(()));
    assert_eq!(check(&second, &third), Ok(()));
    assert_eq!(check(&second, &first), Err(RosterError::Rollback { have: Epoch(2), got: Epoch(1) }));
    assert_eq!(check(&first, &third), Err(RosterError::Gap { have: Epoch(1), got: Epoch(3) }));
    let fork = signed(2, first.digest(), &[2, 4]);
    assert_eq!(check(&second, &fork), Err(RosterError::Fork(Epoch(2))));
    let other_past = signed(3, fork.digest(), &[2, 4]);
    assert_eq!(check(&second, &other_past), Err(RosterError::Fork(Epoch(2))));
}

#[test]
fn names_expiry_and_a_wrong_clock() {
    let roster = signed(1, NONE, &[2]);
    assert_eq!(roster.in_force(UnixTime(1001)), Ok(()));
    assert_eq!(roster.in_force(UnixTime(500)), Ok(()));
    assert_eq!(roster.in_force(UnixTime(100_001)), Err(RosterError::Expired(Epoch(1))));
    assert_eq!(roster.in_force(UnixTime(400)), Err(RosterError::Future(Epoch(1))));
}

#[test]
fn the_longest_roster_fits_its_limit_and_a_chain_of_them_a_frame() {
    use crate::wire::limits::{FRAME_LEN_MAX, ROSTER_CHAIN_MAX};
    let mut longest = body(7, NONE, &[]);
    let mut entries: Vec<Entry> = (1..2 + ENTRIES_MAX as u8)
        .map(|byte| Entry {
            name: format!("{byte:0>NAME_LEN_MAX$}").try_into().unwrap(),
            address: "a".repeat(ENDPOINT_LEN_MAX).try_into().unwrap(),
            status: if byte < 17 { Status::Active } else { Status::Revoked },
            ..entry(byte)
        })
        .collect();
    longest.hub = entries.remove(0);
    longest.members = entries.try_into().unwrap();
    longest.issued = UnixTime(1);
    let roster = Roster::sign(longest, &key(1)).unwrap();
    assert!(encode(roster.signed()).len() * ROSTER_CHAIN_MAX + 16 <= FRAME_LEN_MAX);
}

#[test]
fn refuses_one_key_twice_and_a_sixteenth_member() {
    let mut twice = body(1, NONE, &[2, 3]);
    let mut members = twice.members.clone().into_inner();
    members[1].transport = members[0].node.0.into_transport();
    twice.members = members.try_into().unwrap();
    assert!(matches!(Roster::sign(twice, &key(1)), Err(RosterError::Rule(_))));
    let sixteen: Vec<u8> = (2..18).collect();
    assert!(matches!(Roster::sign(body(1, NONE, &sixteen), &key(1)), Err(RosterError::Rule(_))));
    assert!(Roster::sign(body(1, NONE, &sixteen[..15]), &key(1)).is_ok());
}

trait IntoTransport {
    fn into_transport(self) -> TransportKey;
}

impl IntoTransport for cwg_crypto::VerifyingKey {
    fn into_transport(self) -> TransportKey {
        TransportKey(self)
    }
}
