//! Counting what became of the records of a source.

use std::collections::BTreeMap;

use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::lighthouse::Field;

use super::PLACES_LISTED_MAX;
use super::assemble::Assembled;
use super::found::{Place, Refusal};
use super::gathered::Taken;
use super::source_map::SourceMap;
use crate::view::{KeyCount, RefusalCount, RefusedPlace, RepairCount, SourceReportView};

/// Counts of the records of one file.
#[derive(Default)]
pub(super) struct Tally {
    records: u64,
    accepted: u64,
    repaired: u64,
    repeated: u64,
    settled: u64,
    two_under_one_name: u64,
    kinds: BTreeMap<IndicatorKind, u64>,
    refusals: BTreeMap<&'static str, (String, String, u64)>,
    repairs: BTreeMap<&'static str, u64>,
    listed: Vec<RefusedPlace>,
    refusals_total: u64,
}

/// What became of a clue that was made.
pub(super) struct Outcome {
    pub(super) kind: IndicatorKind,
    pub(super) repairs: Vec<&'static str>,
    pub(super) taken: Taken,
}

impl Outcome {
    /// Before the clue is given away.
    pub(super) fn of(assembled: &Assembled) -> Self {
        let mut repairs: Vec<&'static str> = assembled.repairs.iter().map(|code| code.code()).collect();
        if assembled.time_cut {
            repairs.push("time-cut");
        }
        Self { kind: assembled.clue.kind(), repairs, taken: Taken::New }
    }
}

impl Tally {
    pub(super) fn made(&mut self, place: &Place, outcome: Outcome) {
        self.records += 1;
        match outcome.taken {
            Taken::New => {}
            Taken::Repeated => self.repeated += 1,
            Taken::Settled => self.settled += 1,
            Taken::TwoUnderOneName => {
                self.two_under_one_name += 1;
                let refusal = Refusal::new(
                    "two-under-one-name",
                    "another clue of this id says something else",
                    "give one of them another id, or leave one out; nothing can be built before",
                );
                return self.list(place, refusal);
            }
        }
        if outcome.repairs.is_empty() {
            self.accepted += 1;
        } else {
            self.repaired += 1;
        }
        for code in outcome.repairs {
            *self.repairs.entry(code).or_default() += 1;
        }
        *self.kinds.entry(outcome.kind).or_default() += 1;
    }

    pub(super) fn refused(&mut self, place: &Place, refusal: Refusal) {
        self.records += 1;
        self.list(place, refusal);
    }

    fn list(&mut self, place: &Place, refusal: Refusal) {
        self.refusals_total += 1;
        if self.listed.len() < PLACES_LISTED_MAX {
            let field = refusal.field.map(|field: Field| field.name().to_owned());
            self.listed.push(RefusedPlace { place: place.to_string(), field, code: refusal.code.to_owned() });
        }
        self.refusals.entry(refusal.code).or_insert((refusal.problem, refusal.hint, 0)).2 += 1;
    }

    pub(super) fn report(self, map: &SourceMap, file: &str, notes: Vec<String>) -> SourceReportView {
        SourceReportView {
            file: file.to_owned(),
            source: map.pseudonym().to_owned(),
            source_kind: map.source_kind().to_owned(),
            records: self.records,
            accepted: self.accepted,
            repaired: self.repaired,
            refused: self.refusals_total,
            repeated: self.repeated,
            settled: self.settled,
            two_under_one_name: self.two_under_one_name,
            kinds: self.kinds.into_iter().map(|(kind, keys)| KeyCount { kind: kind.name().into(), keys }).collect(),
            refusals: self
                .refusals
                .into_iter()
                .map(|(code, (problem, hint, count))| RefusalCount { code: code.into(), problem, hint, count })
                .collect(),
            repairs: self.repairs.into_iter().map(|(code, count)| RepairCount { code: code.into(), count }).collect(),
            refused_not_listed: self.refusals_total - self.listed.len() as u64,
            refused_at: self.listed,
            notes,
        }
    }
}
