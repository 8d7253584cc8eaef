//! Clues for the tests of this folder. Every identifier is invented.

use cwg_crypto::Secret32;

use super::{Clue, ClueDraft, ClueId, Day, Field, Record, RecordKey};
use crate::indicator::Rules;
use crate::{NetworkId, UnixTime};

pub(super) const NETWORK: NetworkId = NetworkId([0x10; 16]);
pub(super) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(super) const TODAY: Day = Day::from_number(20_833);

pub(super) fn key() -> RecordKey {
    RecordKey::new(Secret32::new([7; 32]))
}

pub(super) fn id(number: u8) -> ClueId {
    ClueId::new(NOW, [number; 10])
}

/// A clue with the name of this number and a phone number of its own.
pub(super) fn clue_with(number: u8, changes: &[(Field, &str)]) -> Clue {
    let (id, phone) = (id(number).to_string(), format!("+61412345{number:03}"));
    let cells = [
        (Field::Id, id.as_str()),
        (Field::Kind, "phone"),
        (Field::Value, phone.as_str()),
        (Field::Role, "payee"),
        (Field::Typology, "livestream"),
        (Field::FirstSeen, "2026-12-01"),
        (Field::Source, "hotline-north"),
        (Field::SourceKind, "hotline"),
        (Field::Grade, "B2"),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::Expires, "2027-12-01"),
    ];
    let cells = cells.into_iter().chain(changes.iter().copied());
    let draft = cells.fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).expect("short"));
    Clue::from_draft(&draft, &Rules::default(), NOW).expect("a good row")
}

pub(super) fn record_with(number: u8, changes: &[(Field, &str)]) -> Record {
    Record::of(clue_with(number, changes), TODAY, NETWORK, &key()).expect("it is kept")
}

pub(super) fn records(count: u8) -> Vec<Record> {
    (1..=count).map(|number| record_with(number, &[])).collect()
}
