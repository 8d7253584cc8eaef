//! The files of sources that a build is made from.

use cwg_engine::state::State;
use cwg_protocol::lighthouse::ClueIdKey;
use cwg_protocol::{NetworkId, UnixTime};

use super::Hub;
use crate::files;
use crate::lighthouse::{Gathered, ItemContradictions, SourceMap, read_source};
use crate::problem::{Exit, Problem};
use crate::request::SourceFile;
use crate::view::{ContradictionLine, SourceReportView, SourceReportsView, View};

/// Reads sources, and keeps nothing.
#[derive(Debug)]
pub struct SourcesWork {
    sources: Vec<SourceFile>,
    names: ClueIdKey,
    network: NetworkId,
    now: UnixTime,
}

/// What sources came to.
pub(super) struct Read {
    pub(super) maps: Vec<SourceMap>,
    pub(super) reports: Vec<SourceReportView>,
    pub(super) gathered: Gathered,
}

impl SourcesWork {
    pub(crate) fn new(sources: Vec<SourceFile>, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let hub = Hub::of(state)?;
        check(&sources)?;
        Ok(Self { sources, names: hub.keys.names(), network: hub.network, now })
    }

    pub(super) fn run(self) -> Result<View, Problem> {
        let Read { reports, gathered, .. } = read(&self.sources, &self.names, self.now, &mut || Ok(()))?;
        let found = gathered.contradictions(self.network);
        Ok(View::SourceReports(SourceReportsView {
            reports,
            clues: gathered.len() as u64,
            contradictions: lines(&found),
            contradicting: names(&found),
        }))
    }
}

/// Some sources, and not too many.
pub(super) fn check(sources: &[SourceFile]) -> Result<(), Problem> {
    if sources.len() <= FILES_MAX {
        return Ok(());
    }
    let problem = format!("{} files of sources, at most {FILES_MAX} are read at once", sources.len());
    Err(Problem::new(Exit::Usage, "too-many-files", problem, "put the files of one source together"))
}

/// Reads all files. `told` is called after each.
pub(super) fn read(
    sources: &[SourceFile],
    names: &ClueIdKey,
    now: UnixTime,
    told: &mut dyn FnMut() -> Result<(), Problem>,
) -> Result<Read, Problem> {
    let today = crate::work::today(now);
    let mut read = Read { maps: Vec::new(), reports: Vec::new(), gathered: Gathered::default() };
    for source in sources {
        let map = files::read_source_map(&source.map)?.on(today);
        let (file, _) = files::open_regular(&source.path)?;
        read.reports.push(read_source(&map, file, &files::shown(&source.path), names, now, &mut read.gathered)?);
        read.maps.push(map);
        told()?;
    }
    Ok(read)
}

pub(super) fn lines(found: &ItemContradictions) -> Vec<ContradictionLine> {
    found
        .by_kind
        .iter()
        .map(|(kind, items)| ContradictionLine { code: kind.code().to_owned(), items: *items })
        .collect()
}

pub(super) fn names(found: &ItemContradictions) -> Vec<Vec<String>> {
    found.first.iter().map(|clues| clues.iter().map(ToString::to_string).collect()).collect()
}

/// Files of one build: some for each of the sources that a release has.
const FILES_MAX: usize = 256;
