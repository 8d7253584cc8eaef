use super::*;
use crate::lighthouse::label::LabelClass;
use crate::lighthouse::samples::{TODAY, clue_with};
use crate::lighthouse::{Field, Minor, Subject};

const SOLE: (Field, &str) = (Field::Caveats, "no-sole-basis");

/// The label of an item with one clue.
fn label(number: u8, strength: Strength, source: u8, changes: &[(Field, &str)]) -> Label {
    let clue = clue_with(number, &[&[(Field::LastSeen, "2027-01-10")], changes].concat());
    Label::merge(&[(&clue, strength, source)], LabelClass::B512).unwrap()
}

fn key(label: &Label, own_value: u32) -> KeyMatch<'_> {
    KeyMatch {
        kind: IndicatorKind::Phone,
        own_value,
        role: Role::Counterparty,
        shared_by: 1,
        company: Company::NotNeeded,
        label,
    }
}

fn name(label: &Label, own_value: u32) -> KeyMatch<'_> {
    KeyMatch { company: Company::Needed, ..key(label, own_value) }
}

fn opening(matches: &[KeyMatch<'_>]) -> Opening {
    let forward = assess(matches, TODAY).unwrap().opening;
    let backward: Vec<_> = matches.iter().rev().copied().collect();
    assert_eq!(assess(&backward, TODAY).unwrap().opening, forward, "the order of keys does not matter");
    forward
}

#[test]
fn one_strong_key_opens_a_case_from_grade_c3_on() {
    let check = |strength, changes: &[(Field, &str)], expected| {
        let label = label(1, strength, 0, changes);
        assert_eq!(opening(&[key(&label, 1)]), expected, "{strength} {changes:?}");
    };
    let (may, not) = (Opening::May(Corroboration::StrongKey), Opening::MayNot);
    check(Strength::A, &[(Field::Grade, "C3")], may);
    check(Strength::A, &[(Field::Grade, "D3")], not(NotEnough::Grade));
    check(Strength::A, &[(Field::Grade, "C4")], not(NotEnough::Grade));
    check(Strength::A, &[(Field::Grade, "F1")], not(NotEnough::Grade));
    check(Strength::A, &[SOLE], not(NotEnough::SoleBasis));
    check(Strength::B, &[(Field::Grade, "A1")], not(NotEnough::OneKey));
    check(Strength::C, &[(Field::Grade, "A1")], not(NotEnough::OneKey));
    check(Strength::A, &[(Field::Expires, "2027-01-14")], not(NotEnough::NothingInForce));
}

#[test]
fn two_different_keys_open_a_case() {
    let (first, second) = (label(1, Strength::B, 0, &[]), label(2, Strength::C, 0, &[(Field::Grade, "F6")]));
    assert_eq!(opening(&[key(&first, 1), key(&second, 2)]), Opening::May(Corroboration::TwoKeys));
    let not = Opening::MayNot(NotEnough::OneKey);
    assert_eq!(opening(&[key(&first, 1), key(&second, 1)]), not, "two forms of one own value");
    assert_eq!(opening(&[key(&first, 1), key(&first, 2)]), not, "two forms of one clue");
    let expired = label(2, Strength::B, 0, &[(Field::Expires, "2027-01-14")]);
    assert_eq!(opening(&[key(&first, 1), key(&expired, 2)]), not, "an expired clue is no company");
    let weak = label(2, Strength::A, 0, &[(Field::Grade, "E5")]);
    assert_eq!(opening(&[key(&first, 1), key(&weak, 2)]), Opening::May(Corroboration::TwoKeys));
}

#[test]
fn a_name_alone_never_opens_a_case_however_many_there_are() {
    let labels: Vec<Label> =
        (1..=5).map(|number| label(number, Strength::A, number, &[(Field::Grade, "A1")])).collect();
    let names: Vec<KeyMatch<'_>> = labels.iter().zip(1..).map(|(label, own)| name(label, own)).collect();
    assert_eq!(opening(&names[..1]), Opening::MayNot(NotEnough::NamesOnly));
    assert_eq!(opening(&names), Opening::MayNot(NotEnough::NamesOnly));
    let phone = label(6, Strength::B, 0, &[]);
    let beside: Vec<KeyMatch<'_>> = names[..1].iter().copied().chain([key(&phone, 9)]).collect();
    assert_eq!(opening(&beside), Opening::May(Corroboration::TwoKeys));
}

#[test]
fn a_clue_that_is_not_to_be_the_sole_basis_needs_another_source_or_another_clue() {
    let sole = |number, source| label(number, Strength::A, source, &[SOLE]);
    let (first, same, other) = (sole(1, 0), sole(2, 0), sole(3, 1));
    assert_eq!(opening(&[key(&first, 1), key(&same, 2)]), Opening::MayNot(NotEnough::SoleBasis));
    assert_eq!(opening(&[key(&first, 1), key(&other, 2)]), Opening::May(Corroboration::TwoKeys));
    let free = label(4, Strength::B, 0, &[]);
    assert_eq!(opening(&[key(&first, 1), key(&free, 2)]), Opening::May(Corroboration::TwoKeys));
}

#[test]
fn a_score_is_the_product_of_its_parts() {
    let label = label(1, Strength::B, 0, &[(Field::Grade, "B2"), (Field::Confidence, "80"), (Field::Decay, "steady")]);
    let assessment = assess(&[key(&label, 1)], TODAY).unwrap();
    let parts: Vec<_> = assessment.keys[0].parts.iter().map(|part| (part.kind, part.permille)).collect();
    let expected = [
        (PartKind::Strength, 600),
        (PartKind::Grade, 649),
        (PartKind::Recency, 1000),
        (PartKind::RoleFit, 1000),
        (PartKind::Rarity, 1000),
    ];
    assert_eq!(parts, expected);
    assert_eq!((assessment.total, assessment.band, assessment.independent), (389_400, Band::Medium, 1));
}

#[test]
fn each_part_lowers_a_score() {
    let total = |strength, changes: &[(Field, &str)], role, shared_by| {
        let label = label(1, strength, 0, changes);
        assess(&[KeyMatch { role, shared_by, ..key(&label, 1) }], TODAY).unwrap().total
    };
    let best: &[(Field, &str)] = &[(Field::Grade, "A1"), (Field::Confidence, "100"), (Field::Decay, "steady")];
    let with = |change| [best, &[change]].concat();
    let payee = Role::Counterparty;
    assert_eq!(total(Strength::A, best, payee, 1), MILLION);
    for lower in [
        total(Strength::B, best, payee, 1),
        total(Strength::A, &with((Field::Grade, "A2")), payee, 1),
        total(Strength::A, &with((Field::Confidence, "99")), payee, 1),
        total(Strength::A, &with((Field::Decay, "half-life:5")), payee, 1),
        total(Strength::A, &with((Field::Role, "payer")), payee, 1),
        total(Strength::A, best, payee, 2),
    ] {
        assert!(lower < MILLION, "{lower}");
    }
    assert_eq!(total(Strength::A, &with((Field::Role, "payer")), Role::Holder, 1), MILLION);
    assert_eq!(total(Strength::A, best, payee, u32::MAX), 50_000);
}

#[test]
fn independent_keys_add_up_and_forms_of_one_do_not() {
    let (first, second) = (label(1, Strength::B, 0, &[]), label(2, Strength::B, 0, &[]));
    let alone = assess(&[key(&first, 1)], TODAY).unwrap();
    let forms = assess(&[key(&first, 1), KeyMatch { kind: IndicatorKind::Email, ..key(&first, 2) }], TODAY).unwrap();
    let both = assess(&[key(&first, 1), key(&second, 2)], TODAY).unwrap();
    assert_eq!((forms.total, forms.independent, forms.keys.len()), (alone.total, 1, 2));
    assert!(both.total > alone.total && both.independent == 2 && both.urgency() > alone.urgency());
}

#[test]
fn labels_that_both_hide_clues_are_independent_only_if_they_cannot_be_forms_of_one_identifier() {
    let hiding = |number| Label { more: 1, ..label(number, Strength::B, 0, &[]) };
    let (first, second) = (hiding(1), hiding(2));
    let of = |kind, label, own_value| KeyMatch { kind, ..key(label, own_value) };
    let check = |a, b, independent| {
        let assessment = assess(&[of(a, &first, 1), of(b, &second, 2)], TODAY).unwrap();
        assert_eq!(assessment.independent, independent, "{a} {b}");
    };
    check(IndicatorKind::Email, IndicatorKind::Mailbox, 1);
    check(IndicatorKind::Ltc, IndicatorKind::Doge, 1);
    check(IndicatorKind::Mailbox, IndicatorKind::Ewallet, 1);
    check(IndicatorKind::Email, IndicatorKind::Phone, 2);
    check(IndicatorKind::Sol, IndicatorKind::Btc, 2);
}

/// Over every value of the ruleset's vectors.
#[test]
fn all_forms_of_one_identifier_are_taken_for_forms_of_one() {
    let texts =
        [include_str!("../../../vectors/ruleset-2.json"), include_str!("../../../vectors/ruleset-2-kinds.json")];
    let vectors = texts.iter().flat_map(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap());
    let mut of_several_kinds = 0;
    for vector in vectors {
        let Some(keys) = vector["expect"]["keys"].as_array() else { continue };
        let of =
            |key: &serde_json::Value| IndicatorKind::ALL.into_iter().find(|kind| key["kind"] == kind.name()).unwrap();
        let kinds: Vec<IndicatorKind> = keys.iter().map(of).collect();
        assert!(kinds.iter().all(|kind| forms_of_one(kinds[0], *kind) && forms_of_one(*kind, kinds[0])), "{vector}");
        of_several_kinds += usize::from(kinds.iter().any(|kind| *kind != kinds[0]));
    }
    assert!(of_several_kinds > 20);
    for kind in IndicatorKind::ALL {
        assert_eq!(family(family(kind)), family(kind), "a family is named by one of its own");
    }
}

#[test]
fn a_victim_of_any_key_is_read_as_one() {
    let victim = label(1, Strength::B, 0, &[(Field::Subject, "victim"), (Field::Minor, "yes")]);
    let suspect = label(2, Strength::A, 0, &[(Field::Subject, "suspect")]);
    let reading = assess(&[key(&suspect, 1), key(&victim, 2)], TODAY).unwrap().reading;
    assert_eq!((reading.subject, reading.minor), (Subject::Victim, Minor::Yes));
}

#[test]
fn a_label_that_shows_nothing_scores_nothing() {
    let clue = clue_with(1, &[]);
    let label = Label::merge(&[(&clue, Strength::A, 0)], LabelClass::B32).unwrap();
    let assessment = assess(&[key(&label, 1)], TODAY).unwrap();
    assert_eq!((assessment.band, assessment.independent, assessment.keys.len()), (Band::Low, 0, 0));
    assert_eq!(assessment.opening, Opening::MayNot(NotEnough::NothingInForce));
    assert!(assess(&[key(&label, 1); SCORED_KEYS_MAX], TODAY).is_ok());
    assert_eq!(assess(&[key(&label, 1); SCORED_KEYS_MAX + 1], TODAY).err(), Some(TooManyKeys));
}
