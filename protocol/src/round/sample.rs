//! A network, its charter, a shared key and terms, for tests.

use std::sync::{Arc, OnceLock};

use cwg_crypto::hpke::OpeningKey;
use cwg_crypto::threshold::{Index, Share};
use cwg_crypto::voprf::EvaluationKey;
use cwg_crypto::{Digest, Seed, SigningKey};

use super::ceremony::{BoardKeeper, CeremonyBody, CeremonyTerms, Made, Origin, Participant, Progress};
use super::*;
use crate::charter::{self, Budget, Charter, KindRoles, RoundRules, RunKind};
use crate::indicator::{IndicatorKind, Roles};
use crate::roster::{self, Entry, Roster, Status};
use crate::{Epoch, NetworkId, NodeKey, PilotId, RunId, TransportKey, UnixTime};

pub(crate) const NETWORK: NetworkId = NetworkId([1; 16]);
pub(crate) const MEMBERS: u8 = 15;
pub(crate) const EVALUATE_BY: UnixTime = UnixTime(1_000);

pub(crate) fn seed(byte: u8) -> Seed {
    Seed::new([byte; 32])
}

/// The signing key of member 1 to 15; 0 is the hub.
pub(crate) fn signing(number: u8) -> SigningKey {
    SigningKey::from_secret(&seed(number).fork("sign", 0).into_secret())
}

pub(crate) fn node(number: u8) -> NodeKey {
    NodeKey(signing(number).verifying_key())
}

/// All members, in the order of their keys.
pub(crate) fn members() -> Vec<NodeKey> {
    let mut members: Vec<_> = (1..=MEMBERS).map(node).collect();
    members.sort();
    members
}

fn text<const N: usize>(text: &str) -> crate::wire::BoundedText<N> {
    String::from(text).try_into().unwrap()
}

pub(crate) fn charter_body() -> charter::Body {
    charter::Body {
        network: NETWORK,
        pilot: PilotId([2; 8]),
        version: 1,
        name: text("payees"),
        purpose: text("find shared payees"),
        legal_basis: text("invented act, section 1"),
        members: members().try_into().unwrap(),
        kinds: [IndicatorKind::AuAccount, IndicatorKind::Phone]
            .map(|kind| KindRoles { kind, roles: Roles::BOTH })
            .to_vec()
            .try_into()
            .unwrap(),
        runs: vec![RunKind::Round].try_into().unwrap(),
        learns: vec![].try_into().unwrap(),
        opens: UnixTime(0),
        closes: UnixTime(1_000_000),
        retention_days: 90,
        budget: Budget { items_per_session: 200_000, sessions_per_day: 4, items_min: 10 },
        rounds: Some(RoundRules {
            keyholders: members().try_into().unwrap(),
            threshold: 2,
            uploads_min: 4,
            rounds_per_key: 1,
            reveals: Some(text("7.2")),
        }),
        counts: None,
    }
}

pub(crate) fn charter() -> &'static Charter {
    static CHARTER: OnceLock<Charter> = OnceLock::new();
    CHARTER.get_or_init(|| Charter::sign(charter_body(), &signing(0)).unwrap())
}

fn entry(number: u8) -> Entry {
    let transport = SigningKey::from_secret(&seed(number).fork("transport", 0).into_secret());
    Entry {
        name: text(&format!("node {number}")),
        node: node(number),
        transport: TransportKey(transport.verifying_key()),
        address: text(""),
        status: Status::Active,
        since: Epoch(1),
    }
}

pub(crate) fn roster() -> &'static Roster {
    static ROSTER: OnceLock<Roster> = OnceLock::new();
    ROSTER.get_or_init(|| {
        let body = roster::Body {
            network: NETWORK,
            epoch: Epoch(1),
            previous: Digest::from_bytes([0; 32]),
            issued: UnixTime(0),
            valid_until: UnixTime(1_000_000),
            hub: entry(0),
            members: (1..=MEMBERS).map(entry).collect::<Vec<_>>().try_into().unwrap(),
        };
        Roster::sign(body, &signing(0)).unwrap()
    })
}

pub(crate) fn ceremony_body(holders: &[u8], threshold: u8, origin: Origin) -> CeremonyBody {
    CeremonyBody {
        network: NETWORK,
        pilot: charter_body().pilot,
        charter: charter().digest(),
        unique: [holders.len() as u8; 16],
        period: KeyPeriod(1),
        threshold,
        holders: holders.iter().map(|number| node(*number)).collect::<Vec<_>>().try_into().unwrap(),
        origin,
        ends: [100, 200, 300, 400].map(UnixTime),
    }
}

/// Everyone's end of a ceremony in which nobody errs. Each brings its share if it has one.
pub(crate) fn hold(terms: &CeremonyTerms, nodes: &[u8], shares: &[(u8, &Share)]) -> Vec<(u8, Made)> {
    let mut board = BoardKeeper::new(terms.clone());
    let mut all: Vec<(u8, Participant)> = Vec::new();
    for number in nodes {
        let old = shares.iter().find(|(of, _)| of == number).map(|(_, share)| *share);
        let (participant, post) = Participant::new(terms.clone(), &signing(*number), old, seed(*number)).unwrap();
        board.on_post(post).unwrap();
        all.push((*number, participant));
    }
    let mut made = Vec::new();
    while let Some(shown) = board.close(UnixTime(0)) {
        for (number, participant) in core::mem::take(&mut all) {
            match participant.on_board(&shown, &signing(number)).unwrap() {
                Progress::Next(participant, post) => {
                    post.into_iter().for_each(|post| board.on_post(post).unwrap());
                    all.push((number, *participant));
                }
                Progress::Made(end) => made.push((number, *end)),
            }
        }
    }
    assert!(all.is_empty());
    made
}

/// Members 1 to 5 hold a key of which any three evaluate.
pub(crate) fn key() -> &'static (HeldKey, Vec<Vec<u8>>) {
    static KEY: OnceLock<(HeldKey, Vec<Vec<u8>>)> = OnceLock::new();
    KEY.get_or_init(|| {
        let terms =
            CeremonyTerms::sign(&ceremony_body(&[1, 2, 3, 4, 5], 3, Origin::New), &signing(0), charter()).unwrap();
        let made = hold(&terms, &[1, 2, 3, 4, 5], &[]);
        let key = made[0].1.key.clone();
        let shares = made.iter().map(|(_, made)| made.share.as_ref().unwrap().encode().to_vec());
        (key, shares.collect())
    })
}

/// The share of a holder, 1 to 5.
pub(crate) fn share(index: Index) -> Share {
    let bytes = &key().1[usize::from(index.number()) - 1];
    Share::decode(bytes.as_slice().try_into().unwrap()).unwrap()
}

pub(crate) fn issuer() -> EvaluationKey {
    EvaluationKey::from_seed(&seed(100))
}

pub(crate) fn opening_key() -> OpeningKey {
    OpeningKey::derive(&seed(101).into_secret())
}

/// Terms of a round of all members, of `items` accounts and as many telephone numbers.
pub(crate) fn terms_body(threshold: u8, items: u32) -> TermsBody {
    let tables = match threshold {
        2 => 0,
        _ => cwg_crypto::collect::TableParams::new(threshold, 2 * items).unwrap().tables(),
    };
    TermsBody {
        network: NETWORK,
        pilot: charter_body().pilot,
        charter: charter().digest(),
        epoch: Epoch(1),
        round: RunId([7; 8]),
        threshold,
        kinds: [IndicatorKind::AuAccount, IndicatorKind::Phone]
            .map(|kind| KindItems { kind, roles: Roles::BOTH, items })
            .to_vec()
            .try_into()
            .unwrap(),
        tables: tables as u8,
        leakage: RoundLeakage::of(threshold).digest(),
        key: key().0.signed().clone(),
        issuer: issuer().public(),
        sealing: *opening_key().public().as_bytes(),
        members: members().try_into().unwrap(),
        relays: vec![node(6), node(7), node(8)].try_into().unwrap(),
        uploads_min: threshold + 2,
        schedule: Schedule {
            evaluate_by: EVALUATE_BY,
            claim_secs: 100,
            upload_secs: 1000,
            stall_secs: 50,
            beat_secs: 10,
            answer_secs: 100,
            ends: UnixTime(10_000),
        },
        rooms: RoomTerms { opens: UnixTime(20_000), interval_secs: 100, intervals: 4, posts: 2, text: FreeText::Off },
    }
}

pub(crate) fn terms(threshold: u8, items: u32) -> SharedTerms {
    Arc::new(RoundTerms::sign(&terms_body(threshold, items), &signing(0), charter(), roster()).unwrap())
}
