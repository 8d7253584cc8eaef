//! A hub's work on releases, outside the engine: building a draft from sources and from the release before, comparing two
//! contents, trends, and files of releases (`docs/spec/lighthouse.md` §2 to §6).
//!
//! Everything here reads and writes contents record by record. What memory holds is the clues of the sources, and one part of the
//! items at a time. Signing is elsewhere: a person's key never comes to the node.

mod build;
mod contents;
mod diff;
mod file;
mod merge;
mod parts;
mod sources;
mod terms;
mod trends;

use cwg_engine::record::{ContentId, NodeKind};
use cwg_engine::state::State;
use cwg_engine::{LighthouseKeys, Published};
use cwg_protocol::lighthouse::ReleaseNumber;
use cwg_protocol::{NetworkId, NodeKey};

pub use contents::{Contents, EntrySink, RecordSink, RecordsOf};

pub(crate) use build::{BuildWork, Wishes};
pub(crate) use diff::DiffWork;
pub(crate) use file::{ExportWork, VerifyWork};
pub(crate) use sources::SourcesWork;
pub(crate) use trends::TrendsWork;

use crate::indicators::Progress;
use crate::named;
use crate::problem::{Exit, Problem};
use crate::work::Submit;

/// Work on releases. It takes minutes where releases are large: run it beside the loop.
#[derive(Debug)]
pub enum LighthouseWork {
    /// Read sources, and keep nothing.
    Sources(SourcesWork),
    /// Write the content of a draft, then submit the draft.
    Build(Box<BuildWork>),
    /// Compare two contents.
    Diff(DiffWork),
    /// Count the clues of the current release, then submit its trends.
    Trends(Box<TrendsWork>),
    /// Write the current release to a file.
    Export(Box<ExportWork>),
    /// Check a file of a release.
    Verify(Box<VerifyWork>),
}

impl LighthouseWork {
    /// Does it. `fresh` is a name that no content has, for what is written; after an error nothing of that name is left.
    /// `progress` may stop a build.
    ///
    /// # Errors
    /// If a file is not what it should be, the content is damaged, or the disk refuses.
    pub fn run(
        self,
        contents: &dyn Contents,
        fresh: ContentId,
        progress: &mut dyn Progress,
    ) -> Result<Submit, Problem> {
        match self {
            Self::Sources(work) => work.run().map(Submit::Nothing),
            Self::Build(work) => work.run(contents, fresh, progress),
            Self::Diff(work) => work.run(contents).map(Submit::Nothing),
            Self::Trends(work) => work.run(contents),
            Self::Export(work) => work.run(contents).map(Submit::Nothing),
            Self::Verify(work) => work.run().map(Submit::Nothing),
        }
    }
}

/// The contents that a hub keeps: that of the draft, and those of the newest [`CONTENTS_KEPT`] releases. What older ones hold of
/// clues that were withdrawn since is not kept.
pub fn kept_contents(state: &State) -> Vec<ContentId> {
    let lighthouse = state.lighthouse();
    let releases = lighthouse.releases().values().rev().take(CONTENTS_KEPT).filter_map(|release| release.content);
    releases.chain(lighthouse.draft().map(|draft| draft.draft.content)).collect()
}

/// Releases whose contents a hub keeps, for deltas and comparisons: more than are in force at once.
pub const CONTENTS_KEPT: usize = 8;

/// The hub as its work needs it.
struct Hub<'a> {
    network: NetworkId,
    hub: NodeKey,
    keys: LighthouseKeys,
    current: Option<&'a Published>,
}

impl<'a> Hub<'a> {
    fn of(state: &'a State) -> Result<Self, Problem> {
        let own = state.own().ok_or_else(named::not_joined)?;
        if own.kind != NodeKind::Hub {
            return Err(not_hub());
        }
        let network = state.network().ok_or_else(named::not_joined)?;
        let lighthouse = state.lighthouse();
        let keys = lighthouse.keys().ok_or_else(|| {
            Problem::new(
                Exit::Configuration,
                "hub-without-lighthouse",
                "this hub was made before it could publish releases",
                "found the network anew with this version of the program",
            )
        })?;
        Ok(Self { network: network.id, hub: network.hub, keys, current: lighthouse.current() })
    }

    fn current(&self) -> Result<&'a Published, Problem> {
        self.current.ok_or_else(no_release)
    }
}

fn not_hub() -> Problem {
    Problem::new(
        Exit::Refused,
        "not-hub",
        "only the hub has the records of a release",
        "run it in the directory of the hub; a member sees the head with cwg lighthouse show",
    )
}

/// Nothing was published, or nothing came from the hub yet.
pub fn no_release() -> Problem {
    Problem::new(
        Exit::Refused,
        "no-release",
        "there is no release yet",
        "a hub builds, approves and publishes one; a member gets it when it is connected to its hub",
    )
}

/// Where the hub has the content of a published release.
fn content_of(release: &Published) -> Result<ContentId, Problem> {
    release.content.ok_or_else(not_hub)
}

/// The same, for a release that may be an old one.
fn kept_content_of(state: &State, release: &Published) -> Result<ContentId, Problem> {
    let content = content_of(release)?;
    if kept_contents(state).contains(&content) {
        return Ok(content);
    }
    Err(Problem::new(
        Exit::Refused,
        "content-not-kept",
        format!("the records of release {} are not kept any more", release.seen.number),
        format!("those of the newest {CONTENTS_KEPT} releases are; cwg lighthouse show still shows its head"),
    ))
}

/// A release by its number.
pub(crate) fn release(state: &State, number: u32) -> Result<&Published, Problem> {
    state.lighthouse().releases().get(&ReleaseNumber(number)).ok_or_else(|| {
        Problem::new(
            Exit::BadInput,
            "unknown-release",
            format!("there is no release {number}"),
            "cwg lighthouse list shows those that there are",
        )
    })
}
