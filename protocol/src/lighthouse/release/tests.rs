use cwg_crypto::{Secret32, SigningKey};

use super::*;
use crate::NodeKey;
use crate::lighthouse::limits::RELEASE_LEN_MAX;
use crate::lighthouse::record::{Record, Tally};
use crate::lighthouse::samples::{NETWORK, NOW, clue_with, record_with, records};
use crate::lighthouse::{Caveat, Field, Pseudonym, SourceKind};
use crate::roster::Name;
use crate::wire::{decode, encode};

const HUB: u8 = 1;
const BUILDER: u8 = 2;
const APPROVER: u8 = 3;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn name(text: &str) -> Name {
    text.to_owned().try_into().unwrap()
}

fn summary(records: &[Record]) -> Summary {
    let mut tally = Tally::new();
    records.iter().for_each(|record| tally.push(record).unwrap());
    tally.finish()
}

fn terms(pseudonym: &str, clues: u32) -> SourceTerms {
    SourceTerms {
        source: Source { pseudonym: pseudonym.parse::<Pseudonym>().unwrap(), kind: SourceKind::Hotline },
        caveats: Caveats::NONE.with(Caveat::MatchOnly),
        kinds: vec![IndicatorKind::Phone].try_into().unwrap(),
        clues,
    }
}

fn body() -> ReleaseBody {
    ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(5),
        purpose: Purpose::Live,
        ruleset: 1,
        ruleset_hash: Digest::from_bytes([3; 32]),
        created: NOW,
        valid_until: NOW.plus_secs(1000),
        client_min: ClientVersion { major: 0, minor: 2, patch: 0 },
        sources: vec![terms("hotline-north", 4), terms("hotline-south", 0)].try_into().unwrap(),
        content: summary(&records(4)),
        base: Some(DeltaBase { number: ReleaseNumber(4), root: Digest::from_bytes([4; 32]) }),
        class: LabelClass::B64,
        contradictions: 0,
        changes: vec![String::from("4 clues from one source").try_into().unwrap()].try_into().unwrap(),
    }
}

fn built(body: &ReleaseBody) -> BuiltRelease {
    BuiltRelease::build(body, name("Kim"), &key(BUILDER)).unwrap()
}

fn signed(body: &ReleaseBody) -> SignedRelease {
    built(body).approve(name("Lee"), &key(APPROVER)).unwrap().publish(&key(HUB)).unwrap()
}

fn expected() -> Expected {
    Expected {
        network: NETWORK,
        hub: NodeKey(key(HUB).verifying_key()),
        purpose: Purpose::Live,
        ruleset: 1,
        ruleset_hash: Digest::from_bytes([3; 32]),
        client: ClientVersion { major: 0, minor: 2, patch: 1 },
        seen: Some(Seen { number: ReleaseNumber(4), digest: Digest::from_bytes([9; 32]) }),
    }
}

fn verified() -> VerifiedRelease {
    VerifiedRelease::verify(signed(&body()), &expected(), NOW).unwrap()
}

#[test]
fn a_release_that_two_people_and_the_hub_signed_is_good() {
    let release = verified();
    assert_eq!((&*release.builder().name, &*release.approver().name), ("Kim", "Lee"));
    assert_eq!(release.body(), &body());
    let seen = Expected { seen: Some(release.seen()), ..expected() };
    assert!(VerifiedRelease::verify(signed(&body()), &seen, NOW).is_ok(), "the same release again");
    let bytes = encode(release.signed());
    assert_eq!(decode::<SignedRelease>(&bytes, 2 * RELEASE_LEN_MAX).as_ref(), Ok(release.signed()));
}

#[test]
fn each_reason_to_refuse_a_release_has_its_own_code() {
    let check = |change: fn(&mut Expected), now: u64, code: &str| {
        let mut expected = expected();
        change(&mut expected);
        let error = VerifiedRelease::verify(signed(&body()), &expected, UnixTime(now)).expect_err(code);
        assert_eq!(error.code(), code);
    };
    let now = NOW.0;
    check(|e| e.hub = NodeKey(key(9).verifying_key()), now, "release-wrong-signer");
    check(|e| e.network = NetworkId([9; 16]), now, "release-other-network");
    check(|e| e.purpose = Purpose::Drill, now, "release-other-purpose");
    check(|e| e.seen = Some(Seen { number: ReleaseNumber(6), ..e.seen.unwrap() }), now, "release-rollback");
    check(|e| e.seen = Some(Seen { number: ReleaseNumber(5), ..e.seen.unwrap() }), now, "release-fork");
    check(|e| e.client = ClientVersion { major: 0, minor: 1, patch: 9 }, now, "release-client-too-old");
    check(|e| e.ruleset = 2, now, "release-ruleset");
    check(|e| e.ruleset_hash = Digest::from_bytes([4; 32]), now, "release-ruleset");
    check(|_| (), now + 1001, "release-expired");
    check(|_| (), now - 601, "release-future");
}

#[test]
fn one_person_cannot_build_and_approve() {
    let approve = |text: &str, byte: u8| built(&body()).approve(name(text), &key(byte));
    assert_eq!(approve("Lee", BUILDER), Err(ReleaseError::SamePerson));
    for same in ["Kim", "kim", "  KIM "] {
        assert_eq!(approve(same, APPROVER), Err(ReleaseError::SamePerson), "{same}");
    }
    assert_eq!(approve(" ", APPROVER), Err(ReleaseError::Rule("a person who signs has a name")));
    // The node's key is nobody's.
    let approved = approve("Lee", HUB).unwrap();
    assert_eq!(approved.publish(&key(HUB)), Err(ReleaseError::SamePerson));
}

#[test]
fn a_signature_of_someone_else_is_refused_by_name() {
    let verify = |signed: SignedRelease| VerifiedRelease::verify(signed, &expected(), NOW).map(|_| ()).unwrap_err();
    // What the hub itself signs over a forged person's signature.
    let forged = |change: fn(&mut ApprovedRelease)| {
        let mut signed = signed(&body());
        change(&mut signed.approved);
        let part = encode(&(signed.digest(), &signed.approved.built.builder, &signed.approved.approver));
        signed.signature = key(HUB).sign(cwg_crypto::Domain::ReleaseHub, &[&part]);
        signed
    };
    assert_eq!(verify(forged(|a| a.built.builder.name = name("Max"))), ReleaseError::BuilderSignature);
    assert_eq!(verify(forged(|a| a.built.builder.signature = a.approver.signature)), ReleaseError::BuilderSignature);
    assert_eq!(verify(forged(|a| a.approver.name = name("Max"))), ReleaseError::ApproverSignature);
    assert_eq!(verify(forged(|a| a.approver.signature = a.built.builder.signature)), ReleaseError::ApproverSignature);
    let other = ReleaseBody { contradictions: 1, ..body() };
    let mut swapped = signed(&body());
    swapped.approved.built.body = built(&other).body;
    assert_eq!(verify(swapped), ReleaseError::WrongSigner);
    let mut stolen = built(&body());
    stolen.body = built(&other).body;
    assert_eq!(stolen.approve(name("Lee"), &key(APPROVER)), Err(ReleaseError::BuilderSignature));
}

#[test]
fn a_body_that_breaks_a_rule_is_not_signed() {
    let check = |change: fn(&mut ReleaseBody), rule: &str| {
        let mut body = body();
        change(&mut body);
        let refused = BuiltRelease::build(&body, name("Kim"), &key(BUILDER)).expect_err(rule);
        assert!(refused.to_string().contains(rule), "{refused}: {rule}");
    };
    check(|b| b.number = ReleaseNumber(0), "numbers start at 1");
    check(|b| b.valid_until = b.created, "ends after");
    check(|b| b.sources = vec![terms("hotline-north", 2), terms("hotline-north", 2)].try_into().unwrap(), "sorted");
    check(|b| b.sources = vec![terms("south", 4), terms("north", 0)].try_into().unwrap(), "sorted");
    check(
        |b| {
            let mut police = terms("hotline-north", 0);
            police.source.kind = SourceKind::Open;
            b.sources = vec![terms("hotline-north", 4), police].try_into().unwrap();
        },
        "one source",
    );
    check(|b| b.sources = vec![terms("hotline-north", 3)].try_into().unwrap(), "by source add up");
    check(|b| b.content.clues = 5, "by kind add up");
    check(|b| b.content.withdrawals = CLUES_MAX, "ten million");
    check(|b| b.contradictions = 5, "contradictions");
    check(|b| b.base = Some(DeltaBase { number: b.number, root: b.content.root }), "earlier");
    for line in ["", "call 0412345678", "a@b.example", "see https://x.example", "www.x.example"] {
        let mut body = body();
        body.changes = vec![line.to_owned().try_into().unwrap()].try_into().unwrap();
        assert_eq!(
            BuiltRelease::build(&body, name("Kim"), &key(BUILDER)),
            Err(ReleaseError::Rule("a line of changes holds no identifier")),
            "{line}"
        );
    }
}

#[test]
fn only_the_records_that_were_signed_are_its_content() {
    let release = verified();
    let check = |records: &[Record]| -> Result<(), ReleaseError> {
        let mut check = release.check_content();
        records.iter().try_for_each(|record| check.push(record))?;
        check.finish().map(|content| assert_eq!(content.release().seen(), release.seen()))
    };
    let good = records(4);
    assert_eq!(check(&good), Ok(()));
    assert_eq!(check(&good[..3]), Err(ReleaseError::WrongRoot));
    assert_eq!(check(&records(5)), Err(ReleaseError::WrongRoot));
    assert_eq!(check(&[good[1].clone(), good[0].clone()]), Err(ReleaseError::WrongRoot));
    let with = |changes: &[(Field, &str)]| {
        let mut records = good.clone();
        records[2] = record_with(3, changes);
        records
    };
    assert_eq!(check(&with(&[(Field::Confidence, "79")])), Err(ReleaseError::WrongRoot));
    let terms = |text| Err(ReleaseError::Terms(text));
    assert_eq!(check(&with(&[(Field::Source, "hotline-east")])), terms("its source is not listed"));
    assert_eq!(check(&with(&[(Field::View, "yes")])), terms("a caveat of its source is missing"));
    let late = release.body().check_terms(&clue_with(3, &[(Field::Expires, "2027-01-10")]));
    assert_eq!(late.map(|_| ()), terms("it expired before the release was built"));
    let email = [(Field::Kind, "email"), (Field::Value, "a@example.com")];
    assert_eq!(check(&with(&email)), terms("its source does not permit this kind"));
}

#[test]
fn labels_name_a_source_by_its_place() {
    let body = body();
    let place = |pseudonym: &str| body.source_place(&terms(pseudonym, 0).source);
    assert_eq!((place("hotline-north"), place("hotline-south"), place("nobody")), (Some(0), Some(1), None));
}

#[test]
fn the_longest_release_fits_its_limit() {
    let mut sources: Vec<SourceTerms> = (0..SOURCES_MAX)
        .map(|number| SourceTerms {
            kinds: IndicatorKind::ALL.to_vec().try_into().unwrap(),
            ..terms(&format!("{:s<30}{number:02}", "s"), 0)
        })
        .collect();
    sources[0].clues = 4;
    let line = "x".repeat(CHANGE_LEN_MAX);
    let changes = vec![line.try_into().unwrap(); CHANGES_MAX];
    let longest = ReleaseBody { sources: sources.try_into().unwrap(), changes: changes.try_into().unwrap(), ..body() };
    let signed = signed(&longest);
    assert!(VerifiedRelease::verify(signed, &expected(), NOW).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..800)) {
        if let Ok(signed) = decode::<SignedRelease>(&bytes, RELEASE_LEN_MAX) {
            proptest::prop_assert!(VerifiedRelease::verify(signed, &expected(), NOW).is_err());
        }
    }
}
