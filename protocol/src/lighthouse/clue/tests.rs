use super::*;
use crate::lighthouse::limits::CELL_LEN_MAX;
use crate::wire::{decode, encode};

const NOW: UnixTime = UnixTime(1_800_000_000);
const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const OTHER_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

/// The least row that is a clue.
fn draft() -> ClueDraft {
    let cells = [
        (Field::Id, ID),
        (Field::Kind, "phone"),
        (Field::Value, "+61 412 345 678"),
        (Field::Typology, "livestream"),
        (Field::FirstSeen, "2026-03"),
        (Field::Source, "hotline-north"),
        (Field::SourceKind, "hotline"),
        (Field::Grade, "B2"),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::Expires, "2027-06-30"),
    ];
    cells.into_iter().fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).unwrap())
}

fn from(draft: &ClueDraft) -> Result<Clue, DraftError> {
    Clue::from_draft(draft, &Rules::default(), NOW)
}

fn changed(changes: &[(Field, &str)]) -> Result<Clue, DraftError> {
    from(&changes.iter().fold(draft(), |draft, (field, text)| draft.with(*field, text).unwrap()))
}

#[test]
fn the_least_row_gives_a_clue_with_the_strictest_reading_of_what_is_not_said() {
    let clue = from(&draft()).unwrap();
    let fields = clue.fields();
    assert_eq!(clue.id(), ID.parse().unwrap());
    assert_eq!((clue.kind(), &*fields.keys[0].text), (IndicatorKind::Phone, "+61412345678"));
    assert_eq!((fields.role, fields.subject, fields.minor), (ClueRole::Unknown, Subject::Unknown, Minor::Unknown));
    assert_eq!((fields.review, fields.status, fields.decay), (Review::Unreviewed, Status::Active, Decay::Linear));
    assert_eq!(fields.caveats, Caveats::NONE.with(Caveat::MatchOnly), "viewing is not permitted by silence");
    assert_eq!(fields.observed.first.to_string(), "2026-03-01");
    assert_eq!(fields.observed.last.to_string(), "2026-03-31");
    assert_eq!((fields.observed.count, fields.observed.precision), (1, Precision::Month));
    assert_eq!(fields.place, None);
}

#[test]
fn a_full_row_gives_all_it_says_and_survives_encoding() {
    let links = format!("paid:{OTHER_ID}, controls:{OTHER_ID}");
    let clue = changed(&[
        (Field::Kind, "email"),
        (Field::Value, "A.B+x@gmail.com"),
        (Field::Role, "payee"),
        (Field::Subject, "mule"),
        (Field::Minor, "no"),
        (Field::Stage, "payment"),
        (Field::Platform, "telegram"),
        (Field::LastSeen, "2027"),
        (Field::Count, "12"),
        (Field::Country, "AU"),
        (Field::State, "VIC"),
        (Field::Sa3, "20604"),
        (Field::PlaceBasis, "billing"),
        (Field::RadiusKm, "25"),
        (Field::Review, "human"),
        (Field::Links, &links),
        (Field::Caveats, "no-sole-basis, no-law-enforcement"),
        (Field::View, "yes"),
        (Field::Decay, "half-life:90"),
        (Field::Status, "recalled"),
    ])
    .unwrap();
    let fields = clue.fields();
    let kinds: Vec<_> = fields.keys.iter().map(|key| key.kind).collect();
    assert_eq!(kinds, [IndicatorKind::Email, IndicatorKind::Mailbox]);
    assert_eq!(fields.caveats, Caveats::NONE.with(Caveat::NoLawEnforcement).with(Caveat::NoSoleBasis));
    assert_eq!(fields.links.iter().map(|link| link.relation).collect::<Vec<_>>(), [Relation::Paid, Relation::Controls]);
    assert_eq!(fields.observed.last, Day::of(NOW).plus(1), "a year that lasts still was seen by today");
    assert_eq!(decode::<Clue>(&encode(&clue), 1024), Ok(clue.clone()));
}

#[test]
fn each_fault_names_its_field_its_code_and_a_remedy_and_never_the_value() {
    let itself = format!("paid:{ID}");
    let twice = format!("paid:{OTHER_ID},paid:{OTHER_ID}");
    let many = vec![format!("paid:{OTHER_ID}"); LINKS_MAX + 1];
    let many: Vec<String> = many.iter().enumerate().map(|(at, link)| format!("{}{at:02}", &link[..29])).collect();
    let many = many.join(",");
    for (changes, field, code) in [
        (&[(Field::Id, "")][..], Field::Id, "clue-missing"),
        (&[(Field::Id, "7")], Field::Id, "clue-form"),
        (&[(Field::Kind, "")], Field::Kind, "clue-missing"),
        (&[(Field::Kind, "mailbox")], Field::Kind, "clue-not-one-of"),
        (&[(Field::Value, "")], Field::Value, "clue-missing"),
        (&[(Field::Value, "0412 345 678")], Field::Value, "no-region"),
        (&[(Field::Value, "1234567")], Field::Value, "no-region"),
        (&[(Field::Kind, "domain"), (Field::Value, "https://example.org/a?b")], Field::Value, "url-has-path"),
        (&[(Field::Kind, "handle"), (Field::Value, "https://t.me/joinchat/x")], Field::Value, "url-not-profile"),
        (&[(Field::Value, "data:image/png;base64,AA")], Field::Value, "forbidden-media"),
        (&[(Field::Value, "tfn 123 456 782")], Field::Value, "forbidden-tax-file-number"),
        (&[(Field::Role, "holder")], Field::Role, "clue-not-one-of"),
        (&[(Field::Subject, "Victim")], Field::Subject, "clue-not-one-of"),
        (&[(Field::Minor, "true")], Field::Minor, "clue-not-one-of"),
        (&[(Field::Typology, "")], Field::Typology, "clue-missing"),
        (&[(Field::Typology, "anything else")], Field::Typology, "clue-not-one-of"),
        (&[(Field::Platform, "nosuch")], Field::Platform, "clue-form"),
        (&[(Field::FirstSeen, "")], Field::FirstSeen, "clue-missing"),
        (&[(Field::FirstSeen, "03/2026")], Field::FirstSeen, "clue-date"),
        (&[(Field::FirstSeen, "2028")], Field::FirstSeen, "clue-future"),
        (&[(Field::LastSeen, "2028-01-01")], Field::LastSeen, "clue-future"),
        (&[(Field::LastSeen, "2026-02")], Field::LastSeen, "clue-before"),
        (&[(Field::Count, "0")], Field::Count, "clue-number"),
        (&[(Field::Count, "+1")], Field::Count, "clue-number"),
        (&[(Field::Count, "4294967296")], Field::Count, "clue-number"),
        (&[(Field::State, "VIC")], Field::State, "clue-needs"),
        (&[(Field::Country, "Australia")], Field::Country, "clue-form"),
        (&[(Field::Country, "AU")], Field::PlaceBasis, "clue-missing"),
        (&[(Field::Country, "PH"), (Field::PlaceBasis, "ip"), (Field::State, "VIC")], Field::State, "clue-contradicts"),
        (&[(Field::Country, "PH"), (Field::PlaceBasis, "ip"), (Field::Sa3, "20604")], Field::Sa3, "clue-contradicts"),
        (
            &[(Field::Country, "AU"), (Field::PlaceBasis, "ip"), (Field::State, "NSW"), (Field::Sa3, "20604")],
            Field::Sa3,
            "clue-contradicts",
        ),
        (&[(Field::Country, "AU"), (Field::Postcode3, "3000")], Field::Postcode3, "clue-form"),
        (
            &[(Field::Country, "AU"), (Field::Sa3, "20604"), (Field::Postcode3, "300")],
            Field::Postcode3,
            "clue-contradicts",
        ),
        (&[(Field::Country, "AU"), (Field::RadiusKm, "20001")], Field::RadiusKm, "clue-number"),
        (&[(Field::Source, "Bank of Examples")], Field::Source, "clue-form"),
        (&[(Field::Source, "a-12345")], Field::Source, "clue-form"),
        (&[(Field::SourceKind, "police")], Field::SourceKind, "clue-not-one-of"),
        (&[(Field::Grade, "G1")], Field::Grade, "clue-form"),
        (&[(Field::Confidence, "101")], Field::Confidence, "clue-number"),
        (&[(Field::Confidence, "")], Field::Confidence, "clue-missing"),
        (&[(Field::Links, "paid")], Field::Links, "clue-form"),
        (&[(Field::Links, &itself)], Field::Links, "clue-itself"),
        (&[(Field::Links, &twice)], Field::Links, "clue-repeated"),
        (&[(Field::Links, &many)], Field::Links, "clue-too-many"),
        (&[(Field::Caveats, "")], Field::Caveats, "clue-missing"),
        (&[(Field::Caveats, "secret")], Field::Caveats, "clue-not-one-of"),
        (&[(Field::Caveats, "no-onward,no-onward")], Field::Caveats, "clue-repeated"),
        (&[(Field::Caveats, "match-only"), (Field::View, "yes")], Field::View, "clue-contradicts"),
        (&[(Field::View, "maybe")], Field::View, "clue-not-one-of"),
        (&[(Field::Expires, "")], Field::Expires, "clue-missing"),
        (&[(Field::Expires, "2026-03-30")], Field::Expires, "clue-before"),
        (&[(Field::Expires, "2036-04-01")], Field::Expires, "clue-too-late"),
        (&[(Field::Decay, "fast")], Field::Decay, "clue-form"),
        (&[(Field::Status, "gone")], Field::Status, "clue-not-one-of"),
    ] {
        let error = changed(changes).expect_err(code);
        assert_eq!((error.field, error.code()), (field, code), "{changes:?}");
        assert!(error.hint().len() > 10 && error.to_string().contains(field.name()));
        for (_, text) in changes.iter().filter(|(_, text)| text.len() > 3 && *text != "true") {
            assert!(!error.to_string().contains(text) && !format!("{error:?}").contains(text), "{code}");
        }
    }
}

#[test]
fn a_name_of_a_victim_or_a_minor_is_refused() {
    let canonical = canonicalize(ColumnKind::Handle, b"any:jo citizen", &Rules::default()).unwrap();
    let check = |field, text, refused: bool| {
        let draft = draft().with(field, text).unwrap();
        let clue = Clue::from_canonical(&draft, &canonical, KeyNature::PersonalName, NOW);
        let expected = Field::Value.fault(Fault::Forbidden(Forbidden::VictimName));
        assert_eq!(clue.err(), refused.then_some(expected), "{text}");
        assert!(Clue::from_canonical(&draft, &canonical, KeyNature::Identifier, NOW).is_ok());
    };
    check(Field::Subject, "victim", true);
    check(Field::Minor, "yes", true);
    check(Field::Subject, "suspect", false);
    check(Field::Minor, "no", false);
}

#[test]
fn bytes_that_break_a_rule_are_no_clue() {
    let good = from(&draft()).unwrap().fields().clone();
    let check = |change: fn(&mut ClueFields), expected| {
        let mut fields = good.clone();
        change(&mut fields);
        assert_eq!(Clue::new(fields.clone()), Err(expected));
        assert!(decode::<Clue>(&encode(&fields), 4096).is_err());
    };
    let link = Link { relation: Relation::Paid, to: OTHER_ID.parse().unwrap() };
    assert!(Clue::new(ClueFields { links: vec![link].try_into().unwrap(), ..good.clone() }).is_ok());
    check(|f| f.keys = BoundedVec::default(), BadClue::Keys);
    check(|f| f.keys = vec![f.keys[0].clone(), f.keys[0].clone()].try_into().unwrap(), BadClue::Keys);
    check(
        |f| f.keys = vec![ClueKey { text: BoundedText::default(), ..f.keys[0].clone() }].try_into().unwrap(),
        BadClue::Keys,
    );
    check(|f| f.observed.count = 0, BadClue::Observed);
    check(|f| f.observed.first = f.observed.last.plus(1), BadClue::Observed);
    check(|f| f.expires = f.observed.first, BadClue::Expires);
    check(|f| f.expires = f.observed.last.plus(EXPIRY_MAX_DAYS + 1), BadClue::Expires);
    check(|f| f.links = vec![Link { relation: Relation::Paid, to: f.id }].try_into().unwrap(), BadClue::Links);
    check(
        |f| f.links = vec![Link { relation: Relation::Paid, to: OTHER_ID.parse().unwrap() }; 2].try_into().unwrap(),
        BadClue::Links,
    );
}

#[test]
fn only_an_active_clue_has_items() {
    let network = NetworkId([9; 16]);
    let active = from(&draft()).unwrap();
    let expected = Item::of(network, IndicatorKind::Phone, "+61412345678");
    assert_eq!(active.items(network).collect::<Vec<_>>(), [(expected, Strength::B)]);
    for status in ["recalled", "superseded"] {
        assert_eq!(changed(&[(Field::Status, status)]).unwrap().items(network).count(), 0);
    }
}

#[test]
fn a_clue_prints_no_identifier() {
    let clue = from(&draft()).unwrap();
    for text in [format!("{clue:?}"), format!("{:?}", clue.fields())] {
        assert!(!text.contains("412345678"), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_row_panics(cells in proptest::collection::vec((0..Field::ALL.len(), ".{0,40}"), 0..12)) {
        let draft = cells.iter().fold(draft(), |draft, (field, text)| draft.with(Field::ALL[*field], text).unwrap());
        let _ = from(&draft);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        if let Ok(clue) = decode::<Clue>(&bytes, CELL_LEN_MAX) {
            proptest::prop_assert_eq!(encode(&clue), bytes);
        }
    }

    #[test]
    fn a_changed_byte_gives_another_clue_or_none(at in 0usize..1000, to: u8) {
        let clue = from(&draft()).unwrap();
        let mut bytes = encode(&clue);
        let at = at % bytes.len();
        let same = bytes[at] == to;
        bytes[at] = to;
        let decoded = decode::<Clue>(&bytes, 1024);
        proptest::prop_assert_eq!(decoded == Ok(clue), same);
    }
}
