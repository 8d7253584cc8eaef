//! Counts from lists to what is told, what each party sees, and what is refused.

use std::collections::BTreeSet;

use cwg_crypto::commute::MaskKey;
use cwg_crypto::{Digest, Seed};

use super::sample::*;
use super::*;
use crate::charter::KindRoles;
use crate::indicator::{IndicatorKind, Roles};
use crate::lighthouse::Day;
use crate::round::sample::{node, roster, seed, signing};
use crate::violation::Violation;
use crate::wire::limits::TAGS_PER_FRAME;
use crate::{Epoch, Item, NetworkId, NodeKey, PilotId, UnixTime};

/// Items by number: those of one list and another are equal where numbers are.
fn items(numbers: core::ops::Range<u16>) -> Vec<Item> {
    numbers
        .map(|number| Item(*cwg_crypto::derive_public(cwg_crypto::Domain::Item, &[&number.to_le_bytes()]).as_bytes()))
        .collect()
}

/// What one count sent, and what came of it.
struct Went {
    elements: [Vec<CountElements>; 2],
    tags: [Vec<CountTags>; 2],
    counted: Counted,
}

/// A count of these lists, with this noise of both banks and of the hub.
fn count(lists: [&[Item]; 2], noise: [i64; 3], byte: u8) -> Went {
    let terms = terms();
    let [mut left, mut right] = [0, 1].map(|place| {
        let seed = seed(byte).fork("bank", place as u64);
        let made = CountBank::with_noise(terms.clone(), place, lists[place], 0, noise[place], &seed);
        let (mut bank, step) = made.unwrap();
        let elements = run(&mut bank, step).to_other;
        (bank, elements)
    });
    let elements = [left.1, right.1];
    let tags = [receive(&mut left.0, 1, &elements[1]), receive(&mut right.0, 0, &elements[0])];
    let mut hub = CountHub::with_noise(terms, noise[2]);
    let mut jobs = Vec::new();
    for (place, tags) in tags.iter().enumerate() {
        jobs.extend(tags.iter().filter_map(|tags| hub.on_tags(banks()[place], OPENS, tags.clone()).unwrap()));
    }
    let [(_, job)] = <[_; 1]>::try_from(jobs).unwrap();
    let counted = hub.on_computed(job.run(), &signing(0)).unwrap();
    assert_eq!(super::sample::terms().open_answer(&counted.answer), Ok(counted.figure));
    Went { elements, tags, counted }
}

/// Runs all jobs of a step; what the last of them gives.
fn run(bank: &mut CountBank, step: CountStep) -> CountStep {
    let mut last = CountStep::default();
    for (id, job) in step.jobs {
        last = bank.on_computed(id, job.run()).unwrap();
    }
    last
}

fn receive(bank: &mut CountBank, from: usize, elements: &[CountElements]) -> Vec<CountTags> {
    let mut tags = Vec::new();
    for message in elements {
        let step = bank.on_elements(banks()[from], message.clone()).unwrap();
        tags = run(bank, step).to_hub;
    }
    tags
}

fn all_tags(tags: &[CountTags]) -> BTreeSet<[u8; 16]> {
    tags.iter().flat_map(|tags| tags.tags.to_vec()).collect()
}

#[test]
fn without_noise_the_count_is_exact() {
    // Where the hub's number lifts a count to the floor and one less does not, the count is what is between.
    for (left, right, common) in
        [(0..30, 30..60, 0), (0..30, 29..60, 1), (0..50, 10..40, 30), (0..64, 0..64, 64), (0..0, 0..5, 0)]
    {
        let lists = [items(left), items(right)];
        let of = |noise| count([&lists[0], &lists[1]], [0, 0, noise], 1).counted.figure;
        assert_eq!(of(20 - common), Figure::About(20), "{common}");
        assert_eq!(of(19 - common), Figure::UnderFloor, "{common}");
    }
}

#[test]
fn each_bank_s_noise_is_in_the_count() {
    let lists = [items(0..50), items(20..60)];
    for (left, right) in [(0, 0), (5, 0), (0, -7), (42, 42), (-42, -42), (-3, 42)] {
        let of = |noise| count([&lists[0], &lists[1]], [left, right, noise], 1).counted.figure;
        let common = 30 + left + right;
        assert_eq!((of(20 - common), of(19 - common)), (Figure::About(20), Figure::UnderFloor), "{left} {right}");
    }
}

#[test]
fn every_message_has_a_length_that_follows_from_the_terms_alone() {
    let shape = |went: &Went| {
        let elements = went.elements.iter().flatten().map(|m| CountMessage::CountElements(m.clone()).encode().len());
        let tags = went.tags.iter().flatten().map(|m| CountMessage::CountTags(m.clone()).encode().len());
        (elements.collect::<Vec<_>>(), tags.collect::<Vec<_>>())
    };
    let (empty, some, full) = (items(0..0), items(0..20), items(0..64));
    let expected = shape(&count([&empty, &empty], [0; 3], 1));
    let list = terms().list_len();
    assert_eq!(list, 64 + 4 * 42);
    assert_eq!(expected, (vec![2 + 32 + 4 + 8 + 32 * list; 2], vec![2 + 32 + 4 + 8 + 16 * list; 2]));
    for (lists, noise) in
        [([&some, &full], [-42, 42, 3]), ([&full, &full], [42, 42, -9]), ([&full, &empty], [-42, -42, 0])]
    {
        assert_eq!(shape(&count([lists[0], lists[1]], noise, 2)), expected);
    }
}

#[test]
fn the_hub_sees_two_lists_and_how_many_are_equal_and_nothing_else() {
    let lists = [items(0..50), items(20..60)];
    let swapped = [items(100..140), items(110..160)];
    let view = |went: &Went| {
        let [left, right] = went.tags.each_ref().map(|tags| all_tags(tags));
        (left.len(), right.len(), left.intersection(&right).count())
    };
    // Another thirty common items, held by lists of other sizes; and fewer common ones with noise that makes up for it.
    let worlds = [
        count([&lists[0], &lists[1]], [4, -2, 0], 1),
        count([&swapped[0], &swapped[1]], [4, -2, 0], 2),
        count([&lists[0], &items(45..60)], [27, 0, 0], 3),
    ];
    let expected = (232, 232, 2 * 42 + 32);
    assert!(worlds.iter().all(|went| view(went) == expected));
    // Nothing links one count to the next, not even of the same lists.
    let again = count([&lists[0], &lists[1]], [4, -2, 0], 4);
    let whole = |went: &Went| went.tags.iter().flat_map(|tags| all_tags(tags)).collect::<BTreeSet<_>>();
    assert!(whole(&worlds[0]).is_disjoint(&whole(&again)));
}

#[test]
fn a_bank_that_works_with_the_hub_tests_no_guess_and_does_not_see_which_of_its_items_matched() {
    let terms = terms();
    let lists = [items(0..50), items(20..60)];
    let went = count([&lists[0], &lists[1]], [0; 3], 1);
    let own = MaskKey::new(terms.digest(), seed(1).fork("bank", 1).fork("key", 0));
    let seen = all_tags(&went.tags[0]).into_iter().chain(all_tags(&went.tags[1])).collect::<BTreeSet<_>>();
    let guesses: Vec<[u8; 32]> = items(0..100).iter().map(|item| item.0).collect();
    let masked = own.mask(&guesses);
    // All that its own key gives of a guess.
    let tags = own.tags(&masked).unwrap();
    assert!(tags.iter().all(|tag| !seen.contains(tag)));
    assert!(went.elements[0].iter().flat_map(|m| m.elements.to_vec()).all(|element| !masked.contains(&element)));
    // It knows its own key, so this is its own list: the test looks where it should.
    let sent: BTreeSet<_> = went.elements[1].iter().flat_map(|m| m.elements.to_vec()).collect();
    assert!(masked[20..60].iter().all(|element| sent.contains(element)));
    // Tags of its list come sorted, not in the order in which it sent them.
    assert!(went.tags[0][0].tags.is_sorted());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_noise_is_that_of_the_seed() {
    let make = |byte| {
        let (mut bank, step) = CountBank::new(terms(), banks()[0], &items(0..20), 10, OPENS, &seed(byte)).unwrap();
        run(&mut bank, step).to_other
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn a_set_that_does_not_fit_the_count_is_refused_by_name() {
    let refusal = |me: NodeKey, items: &[Item], now| CountBank::new(terms(), me, items, 10, now, &seed(1)).unwrap_err();
    let [me, _] = banks();
    assert_eq!(refusal(node(3), &items(0..20), OPENS), CountRefusal::NotNamed);
    assert_eq!(refusal(me, &items(0..20), UnixTime(999)), CountRefusal::NotOpen);
    assert_eq!(refusal(me, &items(0..20), UnixTime(2_001)), CountRefusal::NotOpen);
    assert_eq!(refusal(me, &items(0..65), OPENS), CountRefusal::TooMany { own: 65, room: 64 });
    let repeated = [items(0..9), items(0..9)].concat();
    assert_eq!(refusal(me, &repeated, OPENS), CountRefusal::TooFew { own: 9, least: 10 });
}

/// Changes a message before it is taken.
type Change<T> = fn(&mut T);

#[test]
fn what_the_other_bank_sends_wrongly_is_refused_by_name() {
    let went = count([&items(0..20), &items(0..20)], [0; 3], 1);
    let good = went.elements[1][0].clone();
    let check = |from: NodeKey, change: Change<CountElements>, expected: Violation| {
        let (mut bank, _) = CountBank::new(terms(), banks()[0], &items(0..20), 10, OPENS, &seed(1)).unwrap();
        let mut message = good.clone();
        change(&mut message);
        let found = bank.on_elements(from, message).map(|step| step.jobs);
        let found = found.and_then(|mut jobs| {
            let (id, job) = jobs.remove(0);
            bank.on_computed(id, job.run()).map(|_| ())
        });
        assert_eq!(found, Err(expected));
    };
    let other = banks()[1];
    let awaiting = Violation::Unexpected { awaiting: "elements of the other bank" };
    check(node(3), |_| {}, awaiting);
    check(other, |m| m.terms = Digest::from_bytes([0; 32]), awaiting);
    check(other, |m| m.number = 1, Violation::UnawaitedBatch { batch: 1 });
    let short = Violation::CountMismatch { what: "values of a batch", expected: 232, got: 231 };
    check(other, |m| m.elements = m.elements[1..].to_vec().try_into().unwrap(), short);
    let swap = |m: &mut CountElements| {
        let mut elements = m.elements.to_vec();
        elements.swap(0, 1);
        m.elements = elements.try_into().unwrap();
    };
    check(other, swap, Violation::Malformed { what: "order of elements" });
    let repeat = |m: &mut CountElements| {
        let mut elements = m.elements.to_vec();
        elements[1] = elements[0];
        m.elements = elements.try_into().unwrap();
    };
    check(other, repeat, Violation::RepeatedElement { batch: 0 });
    let no_element = |m: &mut CountElements| {
        let mut elements = m.elements.to_vec();
        elements[231] = [0xff; 32];
        m.elements = elements.try_into().unwrap();
    };
    check(other, no_element, Violation::BadElement { batch: 0, index: 231 });
    let (mut bank, _) = CountBank::new(terms(), banks()[0], &items(0..20), 10, OPENS, &seed(1)).unwrap();
    bank.on_elements(other, good.clone()).unwrap();
    assert_eq!(bank.on_elements(other, good).map(|_| ()), Err(awaiting), "nothing after the last batch");
}

#[test]
fn what_a_bank_sends_the_hub_wrongly_is_refused_by_name() {
    let went = count([&items(0..20), &items(0..20)], [0; 3], 1);
    let check = |from: NodeKey, now: UnixTime, change: Change<CountTags>, expected: Violation| {
        let mut message = went.tags[0][0].clone();
        change(&mut message);
        let mut hub = CountHub::new(terms(), &seed(1));
        assert_eq!(hub.on_tags(from, now, message).map(|_| ()), Err(expected));
    };
    let [bank, _] = banks();
    let awaiting = Violation::Unexpected { awaiting: "tags of a count" };
    check(node(3), OPENS, |_| {}, awaiting);
    check(bank, UnixTime(2_001), |_| {}, awaiting);
    check(bank, OPENS, |m| m.terms = Digest::from_bytes([0; 32]), awaiting);
    check(bank, OPENS, |m| m.number = 1, Violation::UnawaitedBatch { batch: 1 });
    let short = Violation::CountMismatch { what: "values of a batch", expected: 232, got: 0 };
    check(bank, OPENS, |m| m.tags = vec![].try_into().unwrap(), short);
    let repeat = |m: &mut CountTags| {
        let mut tags = m.tags.to_vec();
        tags[1] = tags[0];
        m.tags = tags.try_into().unwrap();
    };
    check(bank, OPENS, repeat, Violation::TagsOutOfOrder);
    let mut hub = CountHub::new(terms(), &seed(1));
    hub.on_tags(bank, OPENS, went.tags[0][0].clone()).unwrap();
    let again = hub.on_tags(bank, OPENS, went.tags[0][0].clone()).map(|_| ());
    assert_eq!(again, Err(Violation::UnawaitedBatch { batch: 0 }));
}

#[test]
fn an_answer_of_another_count_hub_or_precision_is_refused() {
    let mut other = body();
    other.run = crate::RunId([8; 8]);
    let sign = |terms: &CountTerms, figure, key| answer::sign(terms, figure, &signing(key));
    let signature = Err(Violation::BadSignature { what: "answer of a count" });
    let malformed = Err(Violation::Malformed { what: "answer of a count" });
    assert_eq!(terms().open_answer(&sign(&terms(), Figure::About(30), 1)), signature);
    assert_eq!(terms().open_answer(&sign(&terms_of(&other), Figure::About(30), 0)), malformed);
    assert_eq!(terms().open_answer(&sign(&terms(), Figure::About(31), 0)), malformed);
    assert_eq!(terms().open_answer(&sign(&terms(), Figure::About(10), 0)), malformed);
    assert_eq!(terms().open_answer(&sign(&terms(), Figure::About(30), 0)), Ok(Figure::About(30)));
}

#[test]
fn figures_are_multiples_of_ten_from_twenty_on() {
    let check = |noisy, expected: &str| assert_eq!(Figure::of(noisy).to_string(), expected);
    check(-40, "under 20");
    check(0, "under 20");
    check(19, "under 20");
    check(20, "about 20");
    check(24, "about 20");
    check(25, "about 30");
    check(1_234_567, "about 1234570");
}

#[test]
fn terms_that_charter_or_rules_do_not_allow_are_refused() {
    let check = |change: fn(&mut CountBody), code: &str| {
        let mut body = body();
        change(&mut body);
        let found = CountTerms::sign(&body, &signing(0), charter(), roster());
        assert_eq!(found.unwrap_err().code(), code);
    };
    check(|b| b.network = NetworkId([0; 16]), "count-other-charter");
    check(|b| b.noise = noise(400, 9, 1), "count-not-allowed");
    check(|b| b.pilot = PilotId([0; 8]), "count-other-charter");
    check(|b| b.charter = Digest::from_bytes([0; 32]), "count-other-charter");
    check(|b| b.epoch = Epoch(2), "count-other-charter");
    check(|b| b.banks[0] = NodeKey(signing(99).verifying_key()), "count-not-allowed");
    check(|b| b.items = 262_144, "count-not-allowed");
    check(|b| b.ends = UnixTime(2_000_000), "count-not-allowed");
    check(
        |b| b.kinds = vec![KindRoles { kind: IndicatorKind::Email, roles: Roles::BOTH }].try_into().unwrap(),
        "count-not-allowed",
    );
    check(|b| b.leakage = Digest::from_bytes([0; 32]), "count-other-leakage");
    check(|b| b.kinds = vec![].try_into().unwrap(), "count-rule");
    check(|b| b.banks.swap(0, 1), "count-rule");
    check(|b| b.banks[1] = b.banks[0], "count-rule");
    check(|b| b.items = 65, "count-rule");
    check(|b| b.ends = b.opens, "count-rule");
    check(|b| b.ends = b.opens.plus_secs(7 * 86_400 + 1), "count-rule");
    let by_a_member = CountTerms::sign(&body(), &signing(1), charter(), roster());
    assert_eq!(by_a_member.unwrap_err(), CountTermsError::WrongSigner);
    let without = crate::round::sample::charter();
    let mut of_rounds = body();
    of_rounds.charter = without.digest();
    let found = CountTerms::sign(&of_rounds, &signing(0), without, roster()).unwrap_err();
    assert_eq!(found, CountTermsError::NotAllowed("it has no runs of this kind"));
}

#[test]
fn every_message_is_read_as_it_was_written_within_its_limit() {
    let went = count([&items(0..20), &items(0..20)], [0; 3], 1);
    let full = CountElements {
        elements: vec![[1; 32]; limits::COUNT_BATCH].try_into().unwrap(),
        ..went.elements[0][0].clone()
    };
    let full_tags = CountTags { tags: vec![[1; 16]; TAGS_PER_FRAME].try_into().unwrap(), ..went.tags[0][0].clone() };
    let messages = [
        CountMessage::CountOffered(terms().signed().clone()),
        CountMessage::CountElements(full),
        CountMessage::CountTags(full_tags),
        CountMessage::CountAnswered(went.counted.answer),
    ];
    for (message, (name, kind, len_max)) in messages.iter().zip(CountMessage::KINDS) {
        let bytes = message.encode();
        assert_eq!((message.name(), u16::from_le_bytes([bytes[0], bytes[1]])), (*name, *kind));
        assert!(bytes.len() <= len_max + 2, "{name}");
        assert_eq!(CountMessage::decode(&bytes).as_ref(), Ok(message));
        assert!(CountMessage::decode(&bytes[..bytes.len() - 1]).is_err(), "{name}");
    }
    assert_eq!(CountMessage::KINDS.len(), messages.len());
}

#[test]
fn a_round_s_count_has_noise_and_a_floor() {
    let of = |confirmed, threshold, byte: u64| {
        RoundCount::new(confirmed, threshold, noise(500, 9, 1), &Seed::new([3; 32]).fork("round", byte)).figure()
    };
    for threshold in [2, 3] {
        // B is 42 for a weight of one and 125 for three: outside of these no draw leads.
        let bound = if threshold == 2 { 42 } else { 125 };
        let drawn: BTreeSet<_> = (0..200).map(|byte| of(1_000, threshold, byte)).collect();
        assert!(drawn.len() > 1);
        let near = |figure: &Figure| matches!(figure, Figure::About(count) if count.abs_diff(1_000) <= bound + 5);
        assert!(drawn.iter().all(near));
        assert!((0..50).any(|byte| of(0, threshold, byte) == Figure::UnderFloor));
    }
    // A few items look like none.
    let hidden = (0..100).filter(|byte| of(5, 2, *byte) == Figure::UnderFloor).count();
    assert!(hidden > 95);
}

fn charge(banks: [u8; 2], month_day: u16, epsilon: u16, digits: u8, name: u8) -> Charge {
    let banks = banks.map(node);
    Charge {
        month: Day::from_number(month_day).month(),
        subject: Subject::Pair(banks),
        terms: Digest::from_bytes([name; 32]),
        members: banks.to_vec().try_into().unwrap(),
        noise: noise(epsilon, digits, 1),
    }
}

#[test]
fn a_pair_has_one_release_a_month() {
    let mut ledger = Ledger::default();
    let first = charge([1, 2], 5, 500, 9, 1);
    assert_eq!(ledger.admit(&first), Ok(Admitted::New));
    ledger.enter(first.clone());
    assert_eq!(ledger.admit(&first), Ok(Admitted::Again), "after a crash");
    assert_eq!(ledger.admit(&charge([1, 2], 6, 50, 9, 2)), Err(LedgerRefusal::Released));
    assert_eq!(ledger.admit(&charge([1, 2], 5, 499, 9, 1)), Err(LedgerRefusal::Released), "the same name, otherwise");
    assert_eq!(ledger.admit(&charge([1, 2], 40, 500, 9, 2)), Ok(Admitted::New), "the next month");
    ledger.enter(charge([1, 2], 5, 50, 9, 9));
    assert_eq!(ledger.epsilon_spent(node(1), first.month), 500, "the first stays");
}

#[test]
fn epsilon_and_delta_are_summed_over_all_releases_of_a_member() {
    let mut ledger = Ledger::default();
    for other in 2..=5 {
        let charge = charge([1, other], 5, 500, 9, other);
        assert_eq!(ledger.admit(&charge), Ok(Admitted::New));
        ledger.enter(charge);
    }
    assert_eq!(ledger.epsilon_spent(node(1), Day::from_number(5).month()), 2_000);
    assert_eq!(ledger.admit(&charge([1, 6], 5, 50, 9, 6)), Err(LedgerRefusal::Epsilon { asked: 50, left: 0 }));
    assert_eq!(ledger.admit(&charge([2, 6], 5, 500, 9, 6)), Ok(Admitted::New), "whoever has some left");
    assert_eq!(ledger.admit(&charge([1, 6], 40, 500, 9, 6)), Ok(Admitted::New), "the next month");
    ledger.enter(charge([7, 8], 5, 50, 6, 1));
    assert_eq!(ledger.admit(&charge([7, 9], 5, 50, 12, 2)), Err(LedgerRefusal::Delta));
    let rounds = crate::round::sample::terms(3, 10);
    let of_round = Charge::of_round(&rounds, Day::from_number(5).month(), noise(500, 9, 1));
    assert_eq!(ledger.admit(&of_round), Err(LedgerRefusal::Epsilon { asked: 500, left: 0 }), "member 1 is in it");
    assert_eq!(Ledger::default().admit(&of_round), Ok(Admitted::New));
}

#[test]
fn a_pair_s_charge_is_of_the_month_in_which_it_is_held() {
    let charge = Charge::of_pair(&terms());
    assert_eq!((charge.month, charge.subject), (Day::from_number(0).month(), Subject::Pair(banks())));
    let bytes = crate::wire::encode(&charge);
    assert_eq!(crate::wire::decode::<Charge>(&bytes, bytes.len()), Ok(charge));
}

#[test]
fn kinds_and_codes_are_as_the_specification_says() {
    let page = include_str!("../../../docs/spec/count.md");
    for (name, kind, _) in CountMessage::KINDS {
        assert!(page.contains(&format!("| 0x{kind:02x} | `{name}` |")), "{name}");
        assert!((0x90..=0x97).contains(kind));
    }
    let terms = [
        CountTermsError::WrongSigner.code(),
        CountTermsError::Malformed.code(),
        CountTermsError::OtherCharter.code(),
        CountTermsError::NotAllowed("").code(),
        CountTermsError::OtherLeakage.code(),
        CountTermsError::Rule("").code(),
    ];
    let sets = [
        CountRefusal::NotNamed.code(),
        CountRefusal::NotOpen.code(),
        CountRefusal::TooMany { own: 0, room: 0 }.code(),
        CountRefusal::TooFew { own: 0, least: 0 }.code(),
    ];
    let ledger = [
        LedgerRefusal::Released.code(),
        LedgerRefusal::Epsilon { asked: 0, left: 0 }.code(),
        LedgerRefusal::Delta.code(),
        LedgerRefusal::Full.code(),
    ];
    for code in terms.iter().chain(&sets).chain(&ledger) {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
    let epsilon = format!("`EPSILON_MIN` {} to `EPSILON_MAX` {}", limits::EPSILON_MIN, limits::EPSILON_MAX);
    let month = format!("`EPSILON_OF_MONTH_MAX`, {} thousandths", limits::EPSILON_OF_MONTH_MAX);
    let told = format!("Under `COUNT_FLOOR` ({})", limits::COUNT_FLOOR);
    for said in [epsilon, month, told] {
        assert!(page.contains(&said), "{said}");
    }
}
