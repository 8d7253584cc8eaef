//! Trends of an invented release: `cargo run --release -p cwg-app --example trends [CLUES] [SEED]`.
//!
//! Invents a release before and a release of so many clues (a million), releases the trends of both, writes the pictures, the
//! CSV and the JSON of the second below `target/trends`, and says how long counting, disclosure and drawing took. Making the
//! clues up is not timed. Every identifier is invented.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::{Duration, Instant};

use cwg_app::lighthouse::trends::{Picture, TrendsView, write_trends};
use cwg_crypto::Digest;
use cwg_protocol::indicator::{IndicatorKind, Strength};
use cwg_protocol::lighthouse::{
    Area, Caveats, ClientVersion, Clue, ClueFields, ClueId, ClueKey, ClueRole, Confidence, Country, Counts, Day, Decay,
    Grade, LabelClass, ListedPlatform, Minor, Observed, Place, PlaceBasis, PlaceFields, Precision, Purpose,
    ReleaseBody, ReleaseNumber, Review, Sa3, Source, SourceKind, SourceTerms, Stage, State, Status, Subject, Tally,
    Trends, Typology,
};
use cwg_protocol::{NetworkId, UnixTime};

const SOURCES: [(&str, SourceKind); 9] = [
    ("hotline-east", SourceKind::Hotline),
    ("hotline-north", SourceKind::Hotline),
    ("hotline-west", SourceKind::Hotline),
    ("member-amber", SourceKind::Member),
    ("member-coral", SourceKind::Member),
    ("member-slate", SourceKind::Member),
    ("open-one", SourceKind::Open),
    ("platform-one", SourceKind::Platform),
    ("platform-two", SourceKind::Platform),
];

const DAY_SECS: u64 = 86_400;
/// 2027-06-15.
const NOW: UnixTime = UnixTime(20_984 * DAY_SECS);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let clues: u32 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(7), |text| text.parse())?;

    let before = UnixTime(NOW.0 - 31 * DAY_SECS);
    let (counts, _) = counted(&release(11, before), before, clues / 20 * 19, seed)?;
    let before = Trends::of(&counts, None)?;
    let (counts, counting) = counted(&release(12, NOW), NOW, clues, seed)?;

    let start = Instant::now();
    let trends = Trends::of(&counts, Some(&before))?;
    let disclosing = start.elapsed();
    let start = Instant::now();
    let view = TrendsView::from(&trends);
    let csv = view.csv();
    let pictures: Vec<(Picture, String)> = Picture::ALL.iter().map(|picture| (*picture, picture.draw(&view))).collect();
    let drawing = start.elapsed();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/trends");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("trends.csv"), csv)?;
    std::fs::write(folder.join("trends.json"), write_trends(&trends))?;
    for (picture, svg) in pictures {
        std::fs::write(folder.join(format!("{}.svg", picture.name())), svg)?;
    }
    let all = counting + disclosing + drawing;
    println!(
        "{clues} clues: counted {counting:.0?}, disclosed {disclosing:.0?}, drawn {drawing:.0?}, in all {all:.0?}"
    );
    println!("written to target/trends");
    Ok(())
}

/// Counts invented clues, made up a thousand at a time; the time is that of counting.
fn counted(
    body: &ReleaseBody,
    now: UnixTime,
    clues: u32,
    seed: u64,
) -> Result<(Counts, Duration), Box<dyn std::error::Error>> {
    let mut dice = Dice(seed);
    let mut counts = Counts::new(body);
    let mut counting = Duration::ZERO;
    let mut left = clues;
    while left > 0 {
        let batch = (0..left.min(1_000)).map(|place| invented(&mut dice, now, left - place));
        let batch: Vec<Clue> = batch.collect::<Result<_, _>>()?;
        let start = Instant::now();
        batch.iter().try_for_each(|clue| counts.add(clue))?;
        counting += start.elapsed();
        left -= left.min(1_000);
    }
    Ok((counts, counting))
}

fn release(number: u32, created: UnixTime) -> ReleaseBody {
    let terms = SOURCES.map(|(pseudonym, kind)| SourceTerms {
        source: Source { pseudonym: pseudonym.parse().expect("a pseudonym"), kind },
        caveats: Caveats::NONE,
        kinds: vec![IndicatorKind::Phone].try_into().expect("one kind"),
        clues: 1,
    });
    ReleaseBody {
        network: NetworkId([1; 16]),
        number: ReleaseNumber(number),
        purpose: Purpose::Drill,
        ruleset: 2,
        ruleset_hash: Digest::from_bytes([0; 32]),
        created,
        valid_until: created.plus_secs(30 * DAY_SECS),
        client_min: ClientVersion { major: 0, minor: 1, patch: 0 },
        sources: terms.to_vec().try_into().expect("nine sources"),
        content: Tally::new().finish(),
        base: None,
        class: LabelClass::B64,
        contradictions: 0,
        changes: vec![].try_into().expect("no line"),
    }
}

/// A clue of which every field that a trend counts is drawn from an uneven distribution, as those of sources are.
fn invented(dice: &mut Dice, now: UnixTime, number: u32) -> Result<Clue, Box<dyn std::error::Error>> {
    let (pseudonym, kind) = SOURCES[dice.uneven(SOURCES.len())];
    let platforms = ListedPlatform::all().count();
    // More in recent months, some in none that is known.
    let age = (dice.below(1_000) * dice.below(1_000) / 1_100) as u16;
    let last = Day::from_number(Day::of(now).number() - age);
    let precision = if dice.below(20) == 0 { Precision::Year } else { Precision::Day };
    let indicator = KINDS[dice.uneven(KINDS.len())];
    let fields = ClueFields {
        id: ClueId::new(now, core::array::from_fn(|_| dice.below(256) as u8)),
        keys: vec![ClueKey {
            kind: indicator,
            strength: Strength::B,
            text: format!("invented-{number}").try_into().map_err(|_| "a short text")?,
        }]
        .try_into()
        .map_err(|_| "one key")?,
        role: ClueRole::Payee,
        subject: Subject::Unknown,
        minor: Minor::Unknown,
        typology: Typology::ALL[(dice.uneven(Typology::ALL.len()) + 1) % Typology::ALL.len()],
        stage: Stage::Unknown,
        platform: (dice.below(5) > 0)
            .then(|| ListedPlatform::try_from(dice.uneven(platforms) as u16 + 1))
            .transpose()?,
        observed: Observed { first: last, last, count: 1, precision },
        place: (dice.below(4) > 0).then(|| place(dice)).transpose()?,
        source: Source { pseudonym: pseudonym.parse()?, kind },
        grade: Grade::new(dice.below(6) as u8 + 1, dice.below(6) as u8 + 1)?,
        confidence: Confidence::try_from(dice.below(101) as u8)?,
        review: Review::Human,
        links: vec![].try_into().map_err(|_| "no link")?,
        caveats: Caveats::NONE,
        expires: last.plus(365),
        decay: Decay::Linear,
        status: Status::Active,
    };
    Ok(Clue::new(fields)?)
}

const KINDS: [IndicatorKind; 9] = [
    IndicatorKind::Phone,
    IndicatorKind::Email,
    IndicatorKind::Handle,
    IndicatorKind::AuAccount,
    IndicatorKind::Btc,
    IndicatorKind::Evm,
    IndicatorKind::Device,
    IndicatorKind::ForeignAccount,
    IndicatorKind::Domain,
];

fn place(dice: &mut Dice) -> Result<Place, Box<dyn std::error::Error>> {
    let abroad = dice.below(6) == 0;
    // The other territories have a clue in fifty thousand.
    let state = if dice.below(50_000) == 0 { State::OtherTerritories } else { State::ALL[dice.uneven(8)] };
    let area = Sa3::try_from(u32::from(u8::from(state)) * 10_000 + 101 + dice.uneven(40) as u32)?;
    let (country, state, area) = if abroad {
        (Country::parse("PH")?, None, None)
    } else {
        (Country::AUSTRALIA, Some(state), (dice.below(3) > 0).then_some(Area::Sa3(area)))
    };
    Ok(Place::new(PlaceFields { country, state, area, basis: PlaceBasis::Billing, radius_km: 0 })?)
}

/// The same numbers for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A place below `end`, of which the first are drawn most.
    fn uneven(&mut self, end: usize) -> usize {
        let (one, other) = (self.below(end as u64), self.below(end as u64));
        one.min(other) as usize
    }
}
