use cwg_crypto::Digest;

use super::*;
use crate::lighthouse::samples::{NETWORK, NOW, TODAY, clue_with};
use crate::lighthouse::{
    Caveats, ClientVersion, DisclosureError, Field, Figure, LabelClass, Region, Source, SourceTerms, Tally, Trends,
    When,
};

fn body(number: u32, days: u64) -> ReleaseBody {
    let terms = |pseudonym: &str| SourceTerms {
        source: Source { pseudonym: pseudonym.parse().unwrap(), kind: SourceKind::Hotline },
        caveats: Caveats::NONE,
        kinds: vec![IndicatorKind::Phone].try_into().unwrap(),
        clues: 1,
    };
    ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Live,
        ruleset: 2,
        ruleset_hash: Digest::from_bytes([3; 32]),
        created: NOW.plus_secs(days * 86_400),
        valid_until: NOW.plus_secs(days * 86_400 + 1000),
        client_min: ClientVersion { major: 0, minor: 2, patch: 0 },
        sources: vec![terms("hotline-east"), terms("hotline-north"), terms("hotline-west")].try_into().unwrap(),
        content: Tally::new().finish(),
        base: None,
        class: LabelClass::B64,
        contradictions: 0,
        changes: vec![].try_into().unwrap(),
    }
}

fn counted(clues: &[Clue]) -> Counts {
    let mut counts = Counts::new(&body(1, 0));
    clues.iter().for_each(|clue| counts.add(clue).unwrap());
    counts
}

fn clue(number: u8, more: &[(Field, &str)]) -> Clue {
    clue_with(number, more)
}

/// Clues of three sources, evenly, each with these cells.
fn evenly(count: u8, more: &[(Field, &str)]) -> Vec<Clue> {
    let source = |number: u8| ["hotline-east", "hotline-north", "hotline-west"][usize::from(number % 3)];
    (0..count).map(|number| clue(number, &[more, &[(Field::Source, source(number))]].concat())).collect()
}

#[test]
fn a_clue_is_counted_once_in_every_view() {
    let changes = [
        (Field::Platform, "snapchat"),
        (Field::Typology, "sextortion"),
        (Field::Country, "AU"),
        (Field::Sa3, "20604"),
        (Field::PlaceBasis, "billing"),
        (Field::LastSeen, "2026-12-20"),
    ];
    let counts = counted(&[clue(1, &changes)]);
    assert_eq!(counts.head().month.to_string(), "2027-01");
    let month = &counts.times[1];
    assert_eq!((month.all.clues, month.platforms[0].clues, month.typologies[2].clues), (1, 1, 1));
    let victoria = &counts.places[1];
    assert_eq!((victoria.all.clues, victoria.areas[&20604].clues, victoria.area_not_said.clues), (1, 1, 0));
    let one = |cells: Vec<u32>| assert_eq!(cells.iter().sum::<u32>(), 1);
    one(counts.times.iter().flat_map(|row| &row.platforms).map(CellCount::clues).collect());
    one(counts.times.iter().flat_map(|row| &row.typologies).map(CellCount::clues).collect());
    one(counts.places.iter().map(|place| place.all.clues).collect());
    one(counts.kinds.iter().map(CellCount::clues).collect());
    one(counts.source_kinds.iter().flat_map(|kind| &kind.grades).map(CellCount::clues).collect());
    let quality = &counts.source_qualities()[1];
    assert_eq!((quality.clues, quality.grades, quality.mean_confidence()), (1, [1, 0, 0], Some(80)));
}

#[test]
fn time_is_the_month_in_which_a_clue_was_last_seen() {
    for (first, last, row) in [
        ("2027-01-15", "2027-01-16", 0),
        ("2026-12-01", "2026-12-31", 1),
        ("2024-01-01", "2025-02", 23),
        ("2024-01-01", "2025-01-31", EARLIER),
        ("2026", "2026", UNDATED),
        ("2019", "2020", EARLIER),
    ] {
        let changes = [(Field::FirstSeen, first), (Field::LastSeen, last), (Field::Expires, "2028-01-01")];
        assert_eq!(time_of(clue(1, &changes).fields(), TODAY.month()), row, "{first} to {last}");
    }
}

#[test]
fn places_are_states_abroad_or_not_said() {
    for (changes, place, area) in [
        (&[(Field::Country, "AU"), (Field::Sa3, "80101")][..], 7, Some(80101)),
        (&[(Field::Country, "AU"), (Field::State, "NSW")], 0, None),
        (&[(Field::Country, "AU"), (Field::Postcode3, "300")], NO_PLACE, None),
        (&[(Field::Country, "PH")], ABROAD, None),
    ] {
        let clue = clue(1, &[changes, &[(Field::PlaceBasis, "stated")]].concat());
        assert_eq!(place_of(clue.fields()), (place, area.map(|area| Sa3::try_from(area).unwrap())));
    }
    assert_eq!(place_of(clue(1, &[]).fields()), (NO_PLACE, None));
}

#[test]
fn a_clue_of_a_source_that_is_not_listed_is_refused() {
    let stranger = clue(1, &[(Field::Source, "hotline-south")]);
    assert_eq!(Counts::new(&body(1, 0)).add(&stranger), Err(CountError::UnlistedSource));
}

#[test]
fn more_areas_than_are_kept_are_refused() {
    let mut counts = Counts::new(&body(1, 0));
    for area in 0..TREND_AREAS_MAX as u32 {
        counts.add_place(0, Sa3::try_from(10_000 + area).ok(), 0).unwrap();
    }
    assert_eq!(counts.add_place(0, Sa3::try_from(10_000).ok(), 0), Ok(()), "one that is known");
    assert_eq!(counts.add_place(1, Sa3::try_from(20_000).ok(), 0), Err(CountError::TooManyAreas));
}

#[test]
fn a_month_has_one_release_of_trends_and_the_next_keeps_to_what_was_told() {
    let trends = |number, days, clues: &[Clue], before: Option<&Trends>| {
        let mut counts = Counts::new(&body(number, days));
        clues.iter().for_each(|clue| counts.add(clue).unwrap());
        Trends::of(&counts, before)
    };
    let first = trends(1, 0, &evenly(204, &[]), None).unwrap();
    assert_eq!(first.all, Figure::Shown(200));
    let again = trends(2, 10, &evenly(240, &[]), Some(&first));
    assert_eq!(again, Err(DisclosureError::PeriodReleased { released: first.period }));
    let second = trends(2, 31, &evenly(209, &[]), Some(&first)).unwrap();
    assert_eq!(second.all, Figure::Shown(200), "five more do not show");
    assert_eq!(second.marks.iter().map(|mark| mark.release.0).collect::<Vec<_>>(), [1, 2]);
    let third = trends(3, 62, &evenly(210, &[]), Some(&second)).unwrap();
    assert_eq!(third.all, Figure::Shown(210));
    let malformed = Trends { times: vec![], ..second };
    assert_eq!(trends(3, 62, &[], Some(&malformed)), Err(DisclosureError::Malformed));
}

#[test]
fn below_a_hidden_cell_everything_is_hidden() {
    let area = |sa3| vec![(Field::Country, "AU"), (Field::PlaceBasis, "billing"), (Field::Sa3, sa3)];
    // 60 clues in one area of Tasmania, 9 in one of Victoria, 120 nowhere.
    let clues = [evenly(60, &area("60101")), evenly(9, &area("20604")), evenly(120, &[])].concat();
    let trends = Trends::of(&counted(&clues), None).unwrap();
    let place = |name: Region| trends.places.iter().find(|place| place.region == name).unwrap();
    assert_eq!(place(Region::State(State::Victoria)).all, Figure::Hidden);
    assert_eq!(place(Region::NotSaid).all, Figure::Hidden, "hidden beside the small ones");
    let tasmania = place(Region::State(State::Tasmania));
    assert_eq!((tasmania.all, &tasmania.areas[..]), (Figure::Shown(60), &[][..]), "one area is the state");
    for row in &trends.times {
        let hidden = row.platforms.iter().chain(&row.typologies).all(|figure| *figure == Figure::Hidden);
        assert!(row.all != Figure::Hidden || hidden, "{:?}", row.when);
    }
    assert!(trends.times.iter().any(|row| row.when == When::Undated));
}
