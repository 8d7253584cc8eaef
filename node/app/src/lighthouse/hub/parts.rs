//! What a release says of each item: labels and contradictions, one part of the items in memory at a time.

use std::ops::ControlFlow;

use cwg_engine::record::ContentId;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::Entries;
use cwg_protocol::lighthouse::{Clue, ReleaseBody};

use super::contents::Contents;
use crate::lighthouse::ItemContradictions;
use crate::problem::{Exit, Problem};

/// How many parts keep the clues of one small.
pub(super) const fn parts_of(clues: u32) -> u32 {
    if clues == 0 { 1 } else { clues.div_ceil(CLUES_PER_PART) }
}

/// Writes the entries of a content whose records are there, and finds the contradictions. `gone` are clues that this release
/// withdraws. `told` hears how many parts are done, of how many.
pub(super) fn write_entries(
    body: &ReleaseBody,
    contents: &dyn Contents,
    content: ContentId,
    gone: &[Clue],
    parts: u32,
    told: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<ItemContradictions, Problem> {
    let mut sink = contents.write_entries(content, body.class)?;
    let mut contradictions = ItemContradictions::default();
    for part in 0..parts {
        let within = |item: &Item| part_of(item, parts) == part;
        let mut clues = Vec::new();
        for record in contents.records(content)? {
            let record = record?;
            let has_one = |clue: &&Clue| clue.items(body.network).any(|(item, _)| within(&item));
            clues.extend(record.clue().filter(has_one).cloned());
        }
        let of_part: Vec<&Clue> = clues.iter().collect();
        let entries = Entries::of_part(body, &of_part, within).map_err(|error| {
            Problem::new(Exit::BadInput, error.code(), error.to_string(), "mend the sources, and build again")
        })?;
        sink.push(&entries)?;
        contradictions.absorb(ItemContradictions::of(clues.iter().chain(gone), body.network, within));
        if told(part + 1, parts).is_break() {
            return Err(stopped());
        }
    }
    sink.finish()?;
    Ok(contradictions)
}

pub(super) fn stopped() -> Problem {
    Problem::new(Exit::TryAgain, "stopped", "the build was stopped", "start it again; nothing was kept")
}

/// Items are uniform: their first bytes cut them into parts of nearly one size, and parts ascend as items do.
fn part_of(item: &Item, parts: u32) -> u32 {
    let first = u32::from_be_bytes(*item.0.first_chunk().expect("an item has 32 bytes"));
    u32::try_from((u64::from(first) * u64::from(parts)) >> 32).expect("below the number of parts")
}

/// Clues of one part, some 600 bytes each with what is made of them.
const CLUES_PER_PART: u32 = 250_000;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use cwg_crypto::Secret32;
    use cwg_protocol::UnixTime;
    use cwg_protocol::indicator::{IndicatorKind, RULESET_ID, Rules, ruleset_hash};
    use cwg_protocol::lighthouse::{
        Caveats, ClueDraft, ClueId, Day, Field, LabelClass, Purpose, Record, RecordKey, ReleaseNumber, SourceTerms,
        Tally,
    };
    use cwg_protocol::wire::BoundedVec;

    use super::super::contents::{EntrySink, RecordSink, RecordsOf};
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn parts_ascend_with_items_and_none_is_left_out() {
        for parts in [1, 2, 3, 7, 40] {
            let of = |first: [u8; 4]| {
                let mut item = [0xff; 32];
                item[..4].copy_from_slice(&first);
                part_of(&Item(item), parts)
            };
            assert_eq!((of([0; 4]), of([0xff; 4])), (0, parts - 1));
            let all: Vec<u32> = (0..=255).map(|byte| of([byte, 0, 0, 0])).collect();
            assert!(all.is_sorted() && (0..parts).all(|part| all.contains(&part)), "{parts}");
        }
        assert_eq!([0, 1, CLUES_PER_PART, CLUES_PER_PART + 1].map(parts_of), [1, 1, 1, 2]);
    }

    /// Clues that two by two have one identifier; every fourth pair contradicts itself. Emails have several keys.
    fn clue(number: u16) -> Clue {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&number.to_be_bytes());
        let (id, value) = (ClueId::new(NOW, random).to_string(), format!("some.one+x{}@gmail.com", number / 2));
        let subject = if number.is_multiple_of(8) { "victim" } else { "suspect" };
        let cells = [
            (Field::Id, id.as_str()),
            (Field::Kind, "email"),
            (Field::Value, value.as_str()),
            (Field::Subject, subject),
            (Field::Typology, "livestream"),
            (Field::FirstSeen, "2026-12-01"),
            (Field::Source, "hotline-north"),
            (Field::SourceKind, "hotline"),
            (Field::Grade, "B2"),
            (Field::Confidence, "80"),
            (Field::Caveats, "none"),
            (Field::Expires, "2027-12-01"),
        ];
        let draft = cells.into_iter().fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).unwrap());
        Clue::from_draft(&draft, &Rules::default(), NOW).unwrap()
    }

    fn body(records: &[Record]) -> ReleaseBody {
        let mut tally = Tally::new();
        records.iter().for_each(|record| tally.push(record).unwrap());
        let terms = SourceTerms {
            source: records[0].clue().unwrap().fields().source.clone(),
            caveats: Caveats::NONE,
            kinds: vec![IndicatorKind::Email].try_into().unwrap(),
            clues: records.len() as u32,
        };
        ReleaseBody {
            network: cwg_protocol::NetworkId([4; 16]),
            number: ReleaseNumber(1),
            purpose: Purpose::Live,
            ruleset: RULESET_ID,
            ruleset_hash: ruleset_hash(),
            created: NOW,
            valid_until: NOW.plus_secs(1000),
            client_min: cwg_engine::client_version(),
            sources: vec![terms].try_into().unwrap(),
            content: tally.finish(),
            base: None,
            class: LabelClass::B128,
            contradictions: 0,
            changes: BoundedVec::default(),
        }
    }

    /// Records that are there, and a place for entries.
    struct Fake {
        records: Vec<Record>,
        written: RefCell<Vec<(Item, Vec<u8>)>>,
    }

    struct To<'a>(&'a Fake);

    impl Contents for Fake {
        fn records(&self, _: ContentId) -> Result<RecordsOf<'_>, Problem> {
            Ok(Box::new(self.records.iter().cloned().map(Ok)))
        }

        fn write_records(&self, _: ContentId) -> Result<Box<dyn RecordSink + '_>, Problem> {
            Err(Problem::defect("the records are there"))
        }

        fn write_entries(&self, _: ContentId, _: LabelClass) -> Result<Box<dyn EntrySink + '_>, Problem> {
            Ok(Box::new(To(self)))
        }

        fn remove(&self, _: ContentId) -> Result<(), Problem> {
            Ok(())
        }
    }

    impl EntrySink for To<'_> {
        fn push(&mut self, entries: &Entries) -> Result<(), Problem> {
            for (items, labels) in entries.batches(1) {
                self.0.written.borrow_mut().push((items[0], labels.to_vec()));
            }
            Ok(())
        }

        fn finish(self: Box<Self>) -> Result<(), Problem> {
            Ok(())
        }
    }

    #[test]
    fn any_number_of_parts_gives_the_same_entries_and_contradictions() {
        let key = RecordKey::new(Secret32::new([5; 32]));
        let network = cwg_protocol::NetworkId([4; 16]);
        let records: Vec<Record> =
            (0..200).map(|number| Record::of(clue(number), Day::of(NOW), network, &key).unwrap()).collect();
        let body = body(&records);
        let by = |parts: u32| {
            let fake = Fake { records: records.clone(), written: RefCell::default() };
            let mut told = 0;
            let found = write_entries(&body, &fake, ContentId([1; 8]), &[], parts, &mut |_, _| {
                told += 1;
                ControlFlow::Continue(())
            });
            assert_eq!(told, parts);
            let mut found = found.unwrap();
            found.first.sort();
            (fake.written.into_inner(), found)
        };
        let (entries, found) = by(1);
        assert!(entries.len() > 100 && entries.is_sorted_by(|a, b| a.0 < b.0));
        assert!(found.items >= 25);
        for parts in [2, 3, 17] {
            assert!(by(parts) == (entries.clone(), found.clone()), "{parts} parts");
        }
    }

    #[test]
    fn a_stop_ends_it() {
        let key = RecordKey::new(Secret32::new([5; 32]));
        let records = vec![Record::of(clue(1), Day::of(NOW), cwg_protocol::NetworkId([4; 16]), &key).unwrap()];
        let body = body(&records);
        let fake = Fake { records, written: RefCell::default() };
        let stop = &mut |_, _| ControlFlow::Break(());
        assert_eq!(write_entries(&body, &fake, ContentId([1; 8]), &[], 2, stop).unwrap_err().code, "stopped");
    }
}
