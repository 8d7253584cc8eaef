//! Which sources a release has, under which terms: those of the files that it is built from, and those of the clues that it
//! carries.

use std::collections::{BTreeMap, BTreeSet};

use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::lighthouse::limits::SOURCES_MAX;
use cwg_protocol::lighthouse::{
    BadClue, Caveats, Clue, ClueIdKey, Pseudonym, ReleaseBody, ReleaseNumber, Source, SourceKind, SourceTerms,
};
use cwg_protocol::wire::BoundedVec;

use super::super::SourceMap;
use crate::problem::{Exit, Problem};

/// The sources of a release that is being built.
pub(super) struct Terms {
    sources: BTreeMap<Source, Counted>,
    /// Pseudonyms of this release, by those in the files.
    found: BTreeMap<Pseudonym, Pseudonym>,
    /// Pseudonyms of this release, by those in the release before.
    carried: BTreeMap<Pseudonym, Pseudonym>,
}

/// From where a clue comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file of a source.
    File,
    /// The release before.
    Before,
}

struct Counted {
    caveats: Caveats,
    kinds: BTreeSet<IndicatorKind>,
    clues: u32,
}

impl Terms {
    /// The terms of these files, and of the release before where no file says otherwise.
    ///
    /// # Errors
    /// If one pseudonym stands for two kinds of organisation.
    pub(super) fn new(
        maps: &[SourceMap],
        before: Option<&ReleaseBody>,
        names: &ClueIdKey,
        number: ReleaseNumber,
    ) -> Result<Self, Problem> {
        let mut terms = Self { sources: BTreeMap::new(), found: BTreeMap::new(), carried: BTreeMap::new() };
        for map in maps {
            let own = map.source();
            // A member has another pseudonym in each release: its word in the file, after as many steps as there are releases.
            let steps = if own.kind == SourceKind::Member { number.0 } else { 0 };
            let pseudonym = (0..steps).fold(own.pseudonym.clone(), |pseudonym, _| names.next_pseudonym(&pseudonym));
            terms.found.insert(own.pseudonym, pseudonym.clone());
            terms.add(Source { pseudonym, kind: own.kind }, map.caveats());
        }
        for listed in before.iter().flat_map(|body| body.sources.iter()) {
            let Source { pseudonym, kind } = listed.source.clone();
            let next = if kind == SourceKind::Member { names.next_pseudonym(&pseudonym) } else { pseudonym.clone() };
            terms.carried.insert(pseudonym, next.clone());
            let source = Source { pseudonym: next, kind };
            if !terms.sources.contains_key(&source) {
                terms.add(source, listed.caveats);
            }
        }
        let pseudonyms: BTreeSet<&Pseudonym> = terms.sources.keys().map(|source| &source.pseudonym).collect();
        if pseudonyms.len() < terms.sources.len() {
            return Err(Problem::new(
                Exit::BadInput,
                "source-kind-changed",
                "one pseudonym stands for two kinds of organisation",
                "keep the kind that the source had, or give the other one a pseudonym of its own",
            ));
        }
        Ok(terms)
    }

    /// Where two files of a source say different things, each of its clues has what both say.
    fn add(&mut self, source: Source, caveats: Caveats) {
        let counted = self.sources.entry(source).or_insert(Counted { caveats, kinds: BTreeSet::new(), clues: 0 });
        let both = counted.caveats.iter().filter(|caveat| caveats.has(*caveat));
        counted.caveats = both.fold(Caveats::NONE, Caveats::with);
    }

    /// The clue as this release has it: under the pseudonym of its source in this release, with the caveats of its source. A
    /// carried clue takes on what its source asks since.
    ///
    /// # Errors
    /// If its source is none of the release's, which a content that was checked does not have.
    pub(super) fn apply(&self, clue: Clue, from: Origin) -> Result<Clue, Problem> {
        let renamed = match from {
            Origin::File => &self.found,
            Origin::Before => &self.carried,
        };
        let source = &clue.fields().source;
        let unlisted = || Problem::defect("a clue names a source that its release does not list");
        let pseudonym = renamed.get(&source.pseudonym).ok_or_else(unlisted)?;
        let next = Source { pseudonym: pseudonym.clone(), kind: source.kind };
        let caveats = clue.fields().caveats.union(self.sources.get(&next).ok_or_else(unlisted)?.caveats);
        if *source == next && caveats == clue.fields().caveats {
            return Ok(clue);
        }
        let mut fields = clue.fields().clone();
        (fields.source, fields.caveats) = (next, caveats);
        Clue::new(fields).map_err(|_: BadClue| Problem::defect("a clue with other caveats breaks a rule"))
    }

    /// Counts a clue of the release.
    pub(super) fn count(&mut self, clue: &Clue) {
        if let Some(counted) = self.sources.get_mut(&clue.fields().source) {
            counted.clues += 1;
            counted.kinds.insert(clue.kind());
        }
    }

    /// The sources that have clues, as the release lists them.
    ///
    /// # Errors
    /// If there are more than a release has.
    pub(super) fn into_list(self) -> Result<BoundedVec<SourceTerms, SOURCES_MAX>, Problem> {
        let with_clues = self.sources.into_iter().filter(|(_, counted)| counted.clues > 0);
        let listed: Vec<SourceTerms> = with_clues
            .map(|(source, counted)| SourceTerms {
                source,
                caveats: counted.caveats,
                kinds: kinds(counted.kinds),
                clues: counted.clues,
            })
            .collect();
        let found = listed.len();
        listed.try_into().map_err(|_| {
            Problem::new(
                Exit::BadInput,
                "too-many-sources",
                format!("the release would have {found} sources, at most {SOURCES_MAX} fit"),
                "give the files of one organisation one pseudonym",
            )
        })
    }
}

fn kinds<const N: usize>(kinds: BTreeSet<IndicatorKind>) -> BoundedVec<IndicatorKind, N> {
    kinds.into_iter().collect::<Vec<_>>().try_into().expect("there are fewer kinds than a list of kinds takes")
}
