//! One file of a source, from its bytes to its report.

use std::fs::File;

use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::ClueIdKey;

use super::assemble::Assembler;
use super::found::{Found, Place, Refusal};
use super::gathered::ClueSink;
use super::report::{Outcome, Tally};
use super::source_map::{SourceFormat, SourceMap};
use super::{document, misp, rows, stix};
use crate::problem::Problem;
use crate::view::SourceReportView;

/// Reads one file of a source into a sink. `name` is the file's name for messages.
///
/// # Errors
/// If the file as a whole is refused: it holds what must never enter, its columns are not known, or it cannot be read. What
/// the sink took from it until then must not be used. Records that are not as they should be are refused in the report.
pub fn read_source(
    map: &SourceMap,
    file: File,
    name: &str,
    names: &ClueIdKey,
    now: UnixTime,
    sink: &mut dyn ClueSink,
) -> Result<SourceReportView, Problem> {
    let assembler = Assembler { map, names, now };
    let mut intake = Intake { assembler, sink, tally: Tally::default() };
    let notes = match map.format() {
        SourceFormat::Csv | SourceFormat::Jsonl | SourceFormat::Parquet => {
            rows::read_rows(map, file, name, &mut intake)?;
            Vec::new()
        }
        SourceFormat::Stix => stix::read_bundle(map, &document::read(file, name)?, name, &mut intake)?,
        SourceFormat::Misp => misp::read_events(map, &document::read(file, name)?, name, &mut intake)?,
    };
    Ok(intake.tally.report(map, name, notes))
}

/// Where formats put what they find.
pub(super) struct Intake<'a> {
    assembler: Assembler<'a>,
    sink: &'a mut dyn ClueSink,
    tally: Tally,
}

impl Intake<'_> {
    /// Makes the clue of a record, or counts why there is none.
    pub(super) fn take(&mut self, found: &Found) -> Result<(), Problem> {
        match self.assembler.clue(found) {
            Ok(assembled) => {
                let mut outcome = Outcome::of(&assembled);
                outcome.taken = self.sink.push(assembled.clue)?;
                self.tally.made(&found.place, outcome);
            }
            Err(refusal) => self.tally.refused(&found.place, refusal),
        }
        Ok(())
    }

    /// Counts a record that gives no clue.
    pub(super) fn refuse(&mut self, place: &Place, refusal: Refusal) {
        self.tally.refused(place, refusal);
    }
}
