use cwg_crypto::{Seed, SigningKey};

use super::*;
use crate::count::NoiseTerms;

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Seed::new([byte; 32]).into_secret())
}

fn node(byte: u8) -> NodeKey {
    NodeKey(key(byte).verifying_key())
}

fn body() -> Body {
    let mut members = vec![node(2), node(3)];
    members.sort();
    Body {
        network: NetworkId([1; 16]),
        pilot: PilotId([2; 8]),
        version: 1,
        name: String::from("payees").try_into().unwrap(),
        purpose: String::from("find shared payees").try_into().unwrap(),
        legal_basis: String::from("invented act, section 1").try_into().unwrap(),
        members: members.try_into().unwrap(),
        kinds: vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::BOTH }].try_into().unwrap(),
        runs: vec![RunKind::Pair].try_into().unwrap(),
        learns: vec![Learns::Proposer].try_into().unwrap(),
        opens: UnixTime(100),
        closes: UnixTime(200),
        retention_days: 90,
        budget: Budget { items_per_session: 1000, sessions_per_day: 4, items_min: 10 },
        rounds: None,
        counts: None,
    }
}

fn signature(charter: &Charter, byte: u8) -> MemberSignature {
    let person = key(byte + 50);
    MemberSignature::complete(
        charter.digest(),
        node(byte),
        String::from("a person").try_into().unwrap(),
        OperatorKey(person.verifying_key()),
        MemberSignature::sign_as_person(charter.digest(), node(byte), &person),
        &key(byte),
    )
}

#[test]
fn every_rule_refuses_the_charter_that_breaks_it() {
    let check = |what: &str, change: fn(&mut Body)| {
        let mut changed = body();
        change(&mut changed);
        assert!(matches!(Charter::sign(changed, &key(1)), Err(CharterError::Rule(_))), "{what}");
    };
    assert!(Charter::sign(body(), &key(1)).is_ok());
    check("no version", |body| body.version = 0);
    check("no name", |body| body.name = String::from(" ").try_into().unwrap());
    check("no purpose", |body| body.purpose = String::new().try_into().unwrap());
    check("no legal basis", |body| body.legal_basis = String::new().try_into().unwrap());
    check("one member", |body| body.members = vec![node(2)].try_into().unwrap());
    check("a member twice", |body| body.members = vec![node(2), node(2)].try_into().unwrap());
    check("no type", |body| body.kinds = Vec::new().try_into().unwrap());
    check("a type without a role", |body| {
        body.kinds = vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::NONE }].try_into().unwrap();
    });
    check("no run", |body| body.runs = Vec::new().try_into().unwrap());
    check("card numbers without lighthouse runs", |body| {
        body.kinds = vec![KindRoles { kind: IndicatorKind::Pan, roles: Roles::BOTH }].try_into().unwrap();
    });
    check("nobody learns", |body| body.learns = Vec::new().try_into().unwrap());
    check("dates reversed", |body| body.closes = body.opens);
    check("no retention", |body| body.retention_days = 0);
    check("no sessions", |body| body.budget.sessions_per_day = 0);
    check("a set of nine", |body| body.budget.items_min = 9);
    check("rules of rounds without rounds", |body| body.rounds = with_rounds().rounds);
    check("rules of counts without counts", |body| body.counts = Some(counts()));
    check("rounds without rules", |body| body.runs = vec![RunKind::Round].try_into().unwrap());
    check("counts without rules", |body| body.runs = vec![RunKind::Count].try_into().unwrap());
}

fn counts() -> CountRules {
    let (epsilon, delta, sensitivity) = (500.try_into().unwrap(), 9.try_into().unwrap(), 4.try_into().unwrap());
    CountRules { noise: NoiseTerms { epsilon, delta, sensitivity } }
}

/// Of five members, three of which may hold a share.
fn with_rounds() -> Body {
    let mut members: Vec<_> = (2..7).map(node).collect();
    members.sort();
    let rounds = RoundRules {
        keyholders: members[..3].to_vec().try_into().unwrap(),
        threshold: 2,
        uploads_min: 4,
        rounds_per_key: 12,
        reveals: Some(String::from("clause 9").try_into().unwrap()),
    };
    let runs = vec![RunKind::Round].try_into().unwrap();
    Body { members: members.try_into().unwrap(), runs, rounds: Some(rounds), ..body() }
}

#[test]
fn every_rule_of_rounds_refuses_the_charter_that_breaks_it() {
    let check = |what: &str, change: fn(&mut RoundRules)| {
        let mut changed = with_rounds();
        change(changed.rounds.as_mut().unwrap());
        assert!(matches!(Charter::sign(changed, &key(1)), Err(CharterError::Rule(_))), "{what}");
    };
    assert!(Charter::sign(with_rounds(), &key(1)).is_ok());
    check("a stranger holds a share", |rules| rules.keyholders = vec![node(60), node(61)].try_into().unwrap());
    check("keyholders out of order", |rules| {
        let reversed = rules.keyholders.iter().rev().copied().collect::<Vec<_>>();
        rules.keyholders = reversed.try_into().unwrap();
    });
    check("one keyholder", |rules| rules.keyholders = rules.keyholders[..1].to_vec().try_into().unwrap());
    check("one evaluates alone", |rules| rules.threshold = 1);
    check("more than there are", |rules| rules.threshold = 4);
    check("three uploads", |rules| rules.uploads_min = 3);
    check("more uploads than members", |rules| rules.uploads_min = 6);
    check("a key for no round", |rules| rules.rounds_per_key = 0);
    check("a key for ever", |rules| rules.rounds_per_key = ROUNDS_PER_KEY_MAX + 1);
    check("an empty clause", |rules| rules.reveals = Some(String::from(" ").try_into().unwrap()));
}

#[test]
fn card_numbers_enter_lighthouse_runs_alone() {
    for run in RunKind::ALL {
        assert_eq!(run.admits(IndicatorKind::Pan), run == RunKind::Lighthouse, "{}", run.name());
        assert!(run.admits(IndicatorKind::Phone));
    }
    let mut body = body();
    body.kinds = vec![KindRoles { kind: IndicatorKind::Pan, roles: Roles::BOTH }].try_into().unwrap();
    body.runs = vec![RunKind::Pair, RunKind::Lighthouse].try_into().unwrap();
    assert!(Charter::sign(body, &key(1)).is_ok());
}

#[test]
fn is_live_only_when_all_have_signed_and_within_its_dates() {
    let charter = Charter::sign(body(), &key(1)).unwrap();
    let live = |signed: &[u8], now| {
        charter.live(|member| signed.iter().any(|byte| node(*byte) == member), UnixTime(now)).map(|_| ())
    };
    assert_eq!(live(&[2, 3], 150), Ok(()));
    assert_eq!(live(&[2], 150), Err(NotLive::Unsigned { missing: 1, members: 2 }));
    assert_eq!(live(&[], 150), Err(NotLive::Unsigned { missing: 2, members: 2 }));
    assert_eq!(live(&[2, 3], 99), Err(NotLive::NotOpen));
    assert_eq!(live(&[2, 3], 201), Err(NotLive::Closed));
}

#[test]
fn a_signature_holds_for_one_charter_one_member_and_one_person() {
    let charter = Charter::sign(body(), &key(1)).unwrap();
    let good = signature(&charter, 2);
    let check = |signature: &MemberSignature| charter.check_signature(signature);
    assert_eq!(check(&good), Ok(()));
    let bad = Err(CharterError::BadMemberSignature);
    assert_eq!(check(&signature(&charter, 4)), bad, "not named in the charter");
    assert_eq!(check(&MemberSignature { member: node(3), ..good.clone() }), bad);
    assert_eq!(check(&MemberSignature { person: String::from("other").try_into().unwrap(), ..good.clone() }), bad);
    let other = signature(&charter, 3);
    assert_eq!(check(&MemberSignature { person_key: other.person_key, ..good.clone() }), bad);
    assert_eq!(check(&MemberSignature { person_signature: other.person_signature, ..good.clone() }), bad);

    let mut next = body();
    next.version = 2;
    let next = Charter::sign(next, &key(1)).unwrap();
    assert_eq!(next.check_signature(&good), bad);
}

#[test]
fn accepts_what_the_hub_signed_and_nothing_else() {
    let charter = Charter::sign(body(), &key(1)).unwrap();
    let verify = |signed: &SignedCharter, hub, network| Charter::verify(signed.clone(), network, hub).map(|_| ());
    assert_eq!(verify(charter.signed(), node(1), NetworkId([1; 16])), Ok(()));
    assert_eq!(verify(charter.signed(), node(2), NetworkId([1; 16])), Err(CharterError::WrongSigner));
    assert_eq!(verify(charter.signed(), node(1), NetworkId([9; 16])), Err(CharterError::OtherNetwork));
}
