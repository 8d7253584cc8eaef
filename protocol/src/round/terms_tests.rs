use super::*;
use crate::charter::RoundRules;
use crate::round::sample::{charter, charter_body, key, members, node, roster, signing, terms_body};

fn check(what: &str, expected: &str, change: impl Fn(&mut TermsBody)) {
    let mut body = terms_body(3, 50);
    change(&mut body);
    let refused = RoundTerms::sign(&body, &signing(0), charter(), roster()).expect_err(what);
    assert_eq!(refused.code(), expected, "{what}");
}

#[test]
fn terms_are_what_was_signed_at_every_threshold() {
    for threshold in 2..=13 {
        let terms = RoundTerms::sign(&terms_body(threshold, 50), &signing(0), charter(), roster()).unwrap();
        assert_eq!(*terms.body(), terms_body(threshold, 50));
        let again = RoundTerms::verify(terms.signed().clone(), charter(), roster()).unwrap();
        assert_eq!(again, terms);
        assert_eq!(again.same_as(&terms), Ok(()));
        assert_eq!(terms.key().key().threshold(), 3);
    }
}

#[test]
fn every_rule_refuses_the_terms_that_break_it() {
    check("another network", "terms-other-charter", |body| body.network.0[0] ^= 1);
    check("another pilot", "terms-other-charter", |body| body.pilot.0[0] ^= 1);
    check("another charter", "terms-other-charter", |body| body.charter = Digest::from_bytes([9; 32]));
    check("another epoch", "terms-other-charter", |body| body.epoch.0 += 1);
    check("one holder", "terms-rule", |body| body.threshold = 1);
    check("sixteen holders", "terms-rule", |body| body.threshold = 16);
    check("one table fewer", "terms-rule", |body| body.tables -= 1);
    check("tables for tags", "terms-rule", |body| {
        (body.threshold, body.uploads_min, body.leakage) = (2, 4, RoundLeakage::of(2).digest())
    });
    check("no kind", "terms-not-allowed", |body| body.kinds = vec![].try_into().unwrap());
    check("a kind that the charter does not have", "terms-not-allowed", |body| {
        body.kinds = vec![KindItems { kind: IndicatorKind::Email, roles: Roles::BOTH, items: 50 }].try_into().unwrap()
    });
    check("a kind without items", "terms-rule", |body| {
        let mut kinds = body.kinds.to_vec();
        kinds[0].items = 0;
        body.kinds = kinds.try_into().unwrap();
    });
    check("kinds out of order", "terms-rule", |body| {
        let kinds: Vec<_> = body.kinds.iter().rev().copied().collect();
        body.kinds = kinds.try_into().unwrap();
    });
    check("more items than the budget", "terms-not-allowed", |body| {
        let mut kinds = body.kinds.to_vec();
        kinds[0].items = 200_000;
        body.kinds = kinds.try_into().unwrap();
    });
    check("a member who is a stranger", "terms-not-allowed", |body| body.members = vec![node(99)].try_into().unwrap());
    check("a key of low order", "terms-rule", |body| body.sealing = [0; 32]);
    check("a member twice", "terms-rule", |body| {
        let mut members = body.members.to_vec();
        members[1] = members[0];
        body.members = members.try_into().unwrap();
    });
    check("another leakage", "terms-other-leakage", |body| body.leakage = RoundLeakage::of(2).digest());
    check("no relay", "terms-rule", |body| body.relays = vec![].try_into().unwrap());
    check("a relay twice", "terms-rule", |body| body.relays = vec![node(6), node(6)].try_into().unwrap());
    check("a relay that is no member", "terms-rule", |body| body.relays = vec![node(0)].try_into().unwrap());
    check("too few uploads", "terms-rule", |body| body.uploads_min = 4);
    check("more uploads than members", "terms-rule", |body| body.uploads_min = 16);
    check("no time for a turn", "terms-rule", |body| body.schedule.ends = UnixTime(2_199));
    check("a step of no time", "terms-rule", |body| body.schedule.beat_secs = 0);
    check("a stall longer than the upload", "terms-rule", |body| body.schedule.stall_secs = 1001);
    check("after the charter", "terms-not-allowed", |body| body.schedule.ends = UnixTime(u64::MAX));
    let under = |change: fn(&mut RoundRules)| {
        let mut body = charter_body();
        change(body.rounds.as_mut().unwrap());
        let charter = Charter::sign(body, &signing(0)).unwrap();
        let terms = TermsBody { charter: charter.digest(), ..terms_body(3, 50) };
        RoundTerms::sign(&terms, &signing(0), &charter, roster()).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(under(|_| {}), Ok(()));
    let not_allowed = Err("terms-not-allowed");
    assert_eq!(under(|rules| rules.threshold = 4), not_allowed, "a key that fewer evaluate under");
    assert_eq!(under(|rules| rules.uploads_min = 6), not_allowed, "fewer uploads than the charter's");
    assert_eq!(under(|rules| rules.keyholders = members()[..3].to_vec().try_into().unwrap()), not_allowed);
    check("rooms before the end", "terms-rule", |body| body.rooms.opens = UnixTime(9_999));
    check("rooms without posts", "terms-rule", |body| body.rooms.posts = 0);
    check("rooms after the charter", "terms-not-allowed", |body| body.rooms.opens = UnixTime(999_999));
    check("a key of another network", "key-other-pilot", |body| {
        let mut bytes = crate::wire::encode(&body.key);
        bytes[8] ^= 1;
        body.key = crate::wire::decode(&bytes, 10_000).unwrap();
    });
}

#[test]
fn a_charter_without_rounds_or_a_foreign_signature_allows_none() {
    let without = charter_body();
    let without = crate::charter::Body { runs: vec![RunKind::Lighthouse].try_into().unwrap(), rounds: None, ..without };
    let without = Charter::sign(without, &signing(0)).unwrap();
    let body = TermsBody { charter: without.digest(), ..terms_body(3, 50) };
    let refused = RoundTerms::sign(&body, &signing(0), &without, roster()).unwrap_err();
    assert_eq!(refused.code(), "terms-not-allowed");
    let refused = RoundTerms::sign(&terms_body(3, 50), &signing(1), charter(), roster()).unwrap_err();
    assert_eq!(refused, TermsError::WrongSigner);
}

#[test]
fn two_terms_of_one_round_are_a_fault_of_the_hub() {
    let one = RoundTerms::sign(&terms_body(3, 50), &signing(0), charter(), roster()).unwrap();
    let own_issuer = cwg_crypto::voprf::EvaluationKey::from_seed(&crate::round::sample::seed(9)).public();
    let body = TermsBody { issuer: own_issuer, ..terms_body(3, 50) };
    let other = RoundTerms::sign(&body, &signing(0), charter(), roster()).unwrap();
    assert_eq!(other.same_as(&one), Err(TermsError::Fork));
    let body = TermsBody { round: RunId([8; 8]), ..body };
    let next = RoundTerms::sign(&body, &signing(0), charter(), roster()).unwrap();
    assert_eq!(next.same_as(&one), Ok(()));
}

#[test]
fn a_key_of_another_pilot_or_with_a_signature_missing_is_refused() {
    let (key, _) = key();
    let other = HeldKey::verify(key.signed(), key.body().network, PilotId([9; 8]));
    assert_eq!(other, Err(KeyError::OtherPilot));
    let mut bytes = crate::wire::encode(key.signed());
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let changed: SignedKey = crate::wire::decode(&bytes, 10_000).unwrap();
    let holder = cwg_crypto::threshold::Index::new(5).unwrap();
    assert_eq!(HeldKey::verify(&changed, key.body().network, key.body().pilot), Err(KeyError::Unsigned { holder }));
}

#[test]
fn turns_follow_each_other_each_with_its_relay_and_its_name() {
    use crate::round::{SignedTurn, Turn, TurnBody};
    let terms = RoundTerms::sign(&terms_body(3, 50), &signing(0), charter(), roster()).unwrap();
    let open = |turn, at| Turn::open(&terms, turn, UnixTime(at), &signing(0));
    let [first, second] = [open(0, 1_000), open(1, 1_500)].map(Result::unwrap);
    assert_ne!(first.execution(), second.execution());
    assert_eq!([first.relay(), second.relay()], [node(6), node(7)]);
    assert_eq!([first.claim_by(), first.upload_by(), first.answer_by()], [1_100, 2_100, 2_200].map(UnixTime));
    assert_eq!([1_000, 1_001, 1_010, 1_011].map(|at| first.beat(UnixTime(at)).0), [1_000, 1_010, 1_010, 1_020]);
    assert_eq!(second.follows(&first), Ok(()));
    assert_eq!(first.follows(&second), Err(TermsError::Fork));
    assert_eq!(open(0, 1_001).unwrap().follows(&first), Err(TermsError::Fork));
    assert_eq!(open(0, 1_000).unwrap().follows(&first), Ok(()));
    for (turn, at) in [(3, 1_000), (0, 999), (0, 8_801)] {
        assert!(matches!(open(turn, at), Err(TermsError::Rule(_))), "turn {turn} at {at}");
    }
    let foreign = TurnBody { terms: Digest::from_bytes([1; 32]), turn: 0, opens: UnixTime(1_000) };
    let foreign = SignedTurn::sign(&foreign, Domain::RoundTurn, &signing(0)).unwrap();
    assert_eq!(Turn::verify(foreign, &terms, node(0)), Err(TermsError::OtherCharter));
    assert_eq!(Turn::verify(first.signed().clone(), &terms, node(1)), Err(TermsError::WrongSigner));
}

#[test]
fn the_rooms_have_their_intervals() {
    let rooms = terms_body(3, 50).rooms;
    for (at, interval) in
        [(19_999, None), (20_000, Some(0)), (20_099, Some(0)), (20_100, Some(1)), (20_399, Some(3)), (20_400, None)]
    {
        assert_eq!(rooms.interval_at(UnixTime(at)), interval, "{at}");
    }
    assert_eq!(rooms.interval_end(3), rooms.closes());
    let terms = RoundTerms::sign(&terms_body(3, 50), &signing(0), charter(), roster()).unwrap();
    let relays = [0, 1, 2, 3].map(|interval| terms.room_relay(1, interval));
    assert_eq!(relays, [7, 8, 6, 7].map(node));
}
