use super::*;
use crate::lighthouse::Field;
use crate::lighthouse::samples::{clue_with, id};

const FULL: &[(Field, &str)] = &[
    (Field::Subject, "mule"),
    (Field::Minor, "no"),
    (Field::Stage, "payment"),
    (Field::Platform, "telegram"),
    (Field::LastSeen, "2026-12-20"),
    (Field::Count, "70000"),
    (Field::Country, "AU"),
    (Field::State, "VIC"),
    (Field::Sa3, "20604"),
    (Field::PlaceBasis, "billing"),
    (Field::RadiusKm, "300"),
    (Field::Review, "human"),
    (Field::Caveats, "no-sole-basis"),
    (Field::Decay, "half-life:400"),
];

fn links(count: u8) -> String {
    (100..100 + count).map(|number| format!("paid:{}", id(number))).collect::<Vec<_>>().join(",")
}

fn with_links(number: u8, count: u8) -> Clue {
    let links = links(count);
    clue_with(number, &[FULL, &[(Field::Links, &links)]].concat())
}

fn merged(clues: &[Clue], class: LabelClass) -> Label {
    let clues: Vec<_> = clues.iter().map(|clue| (clue, Strength::B, 3)).collect();
    Label::merge(&clues, class).expect("one is active")
}

#[test]
fn a_clue_without_links_takes_at_most_48_bytes() {
    let clue = clue_with(1, FULL);
    assert_eq!(LabelClue::of(&clue, Strength::A, 0).encoded_len(), ENTRY_LEN);
    assert!(ENTRY_LEN <= 48 && HEAD_LEN + ENTRY_LEN <= LabelClass::B64.len());
}

#[test]
fn classes_are_found_by_length() {
    for (len, class) in [
        (0, Some(LabelClass::B32)),
        (32, Some(LabelClass::B32)),
        (33, Some(LabelClass::B64)),
        (128, Some(LabelClass::B128)),
        (129, Some(LabelClass::B256)),
        (512, Some(LabelClass::B512)),
        (513, None),
    ] {
        assert_eq!(LabelClass::for_len(len), class, "{len}");
    }
    for class in LabelClass::ALL {
        assert_eq!(LabelClass::try_from(u16::from(class)), Ok(class));
    }
    assert_eq!(LabelClass::try_from(48), Err(NoClass));
}

#[test]
fn labels_survive_encoding_in_every_class_they_fit() {
    let clues: Vec<Clue> = vec![clue_with(1, &[]), clue_with(2, FULL), with_links(3, 5), clue_with(4, &[])];
    for class in LabelClass::ALL {
        let label = merged(&clues, class);
        assert_eq!(label.clues.len() + usize::from(label.more), clues.len());
        let bytes = label.encode(class).unwrap();
        assert_eq!(bytes.len(), class.len());
        assert_eq!(Label::decode(&bytes, class), Ok(label));
    }
}

#[test]
fn a_class_shows_as_many_clues_as_it_says() {
    let clues: Vec<Clue> = (1..=20).map(|number| clue_with(number, &[])).collect();
    for (class, shown) in LabelClass::ALL.into_iter().zip([0, 1, 2, 5, LABEL_CLUES_MAX]) {
        let label = merged(&clues, class);
        assert_eq!((label.clues.len(), usize::from(label.more)), (shown, 20 - shown));
    }
    let linked = merged(&[with_links(1, 4)], LabelClass::B128);
    assert_eq!((linked.clues[0].links.len(), linked.clues[0].links_left_out), (4, LinksLeftOut::None));
    let cut = merged(&[with_links(1, 5)], LabelClass::B128);
    assert_eq!((cut.clues[0].links.len(), cut.clues[0].links_left_out), (4, LinksLeftOut::Some));
    let whole = merged(&[with_links(1, 16)], LabelClass::B512);
    assert_eq!((whole.clues[0].links.len(), whole.clues[0].links_left_out), (16, LinksLeftOut::None));
}

#[test]
fn a_victim_is_shown_however_small_the_class_and_however_weak_the_grade() {
    let suspect = clue_with(1, &[(Field::Subject, "suspect"), (Field::Grade, "A1")]);
    let victim = clue_with(2, &[(Field::Subject, "victim"), (Field::Grade, "F6")]);
    let label = merged(&[suspect, victim], LabelClass::B64);
    assert_eq!((label.clues[0].subject, label.more), (Subject::Victim, 1));
    assert_eq!(label.reading.subject, Subject::Victim);
    let hidden = merged(&[clue_with(1, &[(Field::Subject, "victim")])], LabelClass::B32);
    assert_eq!((hidden.clues.len(), hidden.reading.subject), (0, Subject::Victim));
}

#[test]
fn recalled_clues_are_in_no_label() {
    let recalled = clue_with(1, &[(Field::Status, "recalled"), (Field::Subject, "victim")]);
    assert_eq!(Label::merge(&[(&recalled, Strength::A, 0)], LabelClass::B512), None);
    let label = merged(&[recalled, clue_with(2, &[])], LabelClass::B512);
    assert_eq!((label.clues.len(), label.more), (1, 0));
    assert!(label.reading.contradictions.has(crate::lighthouse::Contradiction::RecalledBeside));
    let bytes = label.encode(LabelClass::B512).unwrap();
    assert_eq!(Label::decode(&bytes, LabelClass::B512), Ok(label));
}

#[test]
fn one_clue_under_two_forms_stands_once_with_the_stronger() {
    let clue = clue_with(1, &[]);
    let label = Label::merge(&[(&clue, Strength::C, 0), (&clue, Strength::A, 0)], LabelClass::B512).unwrap();
    assert_eq!((label.clues.len(), label.clues[0].strength, label.more), (1, Strength::A, 0));
}

#[test]
fn a_label_of_another_class_is_refused() {
    let label = merged(&[clue_with(1, &[])], LabelClass::B64);
    let bytes = label.encode(LabelClass::B64).unwrap();
    for class in LabelClass::ALL.into_iter().filter(|class| *class != LabelClass::B64) {
        let expected = Err(LabelError::WrongClass { len: 64, expected: class.len() });
        assert_eq!(Label::decode(&bytes, class), expected);
    }
    assert!(matches!(label.encode(LabelClass::B32), Err(LabelError::WrongClass { .. })));
}

#[test]
fn every_bit_that_stands_for_nothing_is_refused() {
    let class = LabelClass::B128;
    let bytes = merged(&[with_links(1, 2)], class).encode(class).unwrap();
    let entry = HEAD_LEN;
    let check = |at: usize, to: u8, code: &str| {
        let mut bytes = bytes.clone();
        bytes[at] = to;
        let error = Label::decode(&bytes, class).expect_err(code);
        assert_eq!(error.code(), code, "byte {at} to {to}");
    };
    let (malformed, canonical) = ("label-malformed", "label-not-canonical");
    check(0, 0, canonical);
    check(0, 2, malformed);
    check(0, 12, malformed);
    check(3, 0b1000_0000, malformed);
    check(3, 0b0000_1100, malformed);
    check(3, 0, canonical);
    check(4, 0b0001_0000, malformed);
    check(4, 0, canonical);
    check(entry + 16, 6, malformed);
    check(entry + 17, 0, malformed);
    check(entry + 18, 0xff, malformed);
    check(entry + 20, 0xff, malformed);
    check(entry + 21, 0, malformed);
    check(entry + 21, 0b0011_1001, malformed);
    check(entry + 21, 0b1101_0010, malformed);
    check(entry + 22, 101, malformed);
    check(entry + 24, 0xff, malformed);
    check(entry + 33, 0, malformed);
    check(entry + 35, 0xff, malformed);
    check(entry + 36, b'a', malformed);
    check(entry + 38, 0b0110_0010, malformed);
    check(entry + 38, 0b1001_0001, malformed);
    check(entry + 43, 0xff, malformed);
    check(entry + 44, 17, malformed);
    check(entry + 45, 4, malformed);
    check(entry + 45, 2, canonical);
    check(127, 1, canonical);
}

#[test]
fn a_label_that_hides_a_victim_is_refused() {
    let class = LabelClass::B128;
    let clues = [clue_with(1, &[(Field::Subject, "victim")]), clue_with(2, &[(Field::Subject, "suspect")])];
    let mut label = merged(&clues, class);
    label.reading.subject = Subject::Suspect;
    assert_eq!(label.encode(class), Err(LabelError::NotCanonical("reading")));
    let mut label = merged(&clues, class);
    label.clues.swap(0, 1);
    assert_eq!(label.encode(class), Err(LabelError::NotCanonical("order of clues")));
}

proptest::proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        clue_bytes in proptest::collection::vec((0usize..64, proptest::prelude::any::<u8>()), 0..4),
    ) {
        let class = LabelClass::B64;
        let mut bytes = merged(&[clue_with(1, FULL)], class).encode(class).unwrap();
        clue_bytes.iter().for_each(|(at, to)| bytes[*at] = *to);
        if let Ok(label) = Label::decode(&bytes, class) {
            proptest::prop_assert_eq!(label.encode(class), Ok(bytes));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        for class in LabelClass::ALL {
            let len = bytes.len().min(class.len());
            let _ = Label::decode(&bytes[..len], class);
        }
    }
}
