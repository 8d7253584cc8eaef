//! The trends of the current release: counted from its content, disclosed after what was released before.

use cwg_engine::command::{Command, Refusal};
use cwg_engine::record::ContentId;
use cwg_engine::state::State;
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::{Counts, ReleaseBody, Tally, Trends};

use super::contents::Contents;
use super::{Hub, content_of};
use crate::action::Pending;
use crate::problem::{Exit, Problem};
use crate::refusals;
use crate::work::Submit;

/// Counts the clues of the current release.
#[derive(Debug)]
pub struct TrendsWork {
    body: ReleaseBody,
    content: ContentId,
    last: Option<Trends>,
    now: UnixTime,
}

impl TrendsWork {
    pub(crate) fn new(state: &State, now: UnixTime) -> Result<Self, Problem> {
        let current = Hub::of(state)?.current()?;
        let last = state.lighthouse().trends().cloned();
        Ok(Self { body: current.body.clone(), content: content_of(current)?, last, now })
    }

    pub(super) fn run(self, contents: &dyn Contents) -> Result<Submit, Problem> {
        let (mut counts, mut tally) = (Counts::new(&self.body), Tally::new());
        for record in contents.records(self.content)? {
            let record = record?;
            tally.push(&record).map_err(|_| other_content())?;
            if let Some(clue) = record.clue() {
                counts.add(clue).map_err(|error| {
                    Problem::new(Exit::BadInput, "not-counted", error.to_string(), "build the release again")
                })?;
            }
        }
        if tally.finish() != self.body.content {
            return Err(other_content());
        }
        let trends =
            Trends::of(&counts, self.last.as_ref()).map_err(|error| refusals::problem(&Refusal::Disclosure(error)))?;
        Ok(Submit::Commands(vec![Command::ReleaseTrends(Box::new(trends))], Pending::trends(self.now)))
    }
}

fn other_content() -> Problem {
    Problem::new(
        Exit::Io,
        "release-wrong-root",
        "the content in the store is not the one that was signed",
        "stop the node, check the disk, and restore the directory from a backup",
    )
}
