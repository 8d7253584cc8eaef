//! What changed between two releases, or from the current one to the draft.

use std::collections::BTreeMap;

use cwg_engine::record::ContentId;
use cwg_engine::state::State;
use cwg_protocol::lighthouse::{Change, Day, Delta, DeltaError, Record, ReleaseBody, ReleaseNumber};

use super::contents::{Contents, RecordsOf};
use super::{Hub, kept_content_of, release};
use crate::problem::{Exit, Problem};
use crate::view::{DiffLine, ReleaseDiffView, View};

/// Compares two contents.
#[derive(Debug)]
pub struct DiffWork {
    from: Side,
    to: Side,
    /// When the later one was built.
    today: Day,
}

#[derive(Clone, Copy, Debug)]
struct Side {
    number: ReleaseNumber,
    content: ContentId,
}

impl DiffWork {
    /// From one release to another; without numbers from the current one to the draft, or to the current one from the one
    /// before it if there is no draft.
    pub(crate) fn new(from: Option<u32>, to: Option<u32>, state: &State) -> Result<Self, Problem> {
        Hub::of(state)?;
        let lighthouse = state.lighthouse();
        let published = |number: u32| {
            let release = release(state, number)?;
            Ok::<_, Problem>((
                Side { number: release.seen.number, content: kept_content_of(state, release)? },
                &release.body,
            ))
        };
        let later: (Side, &ReleaseBody) = match (to, lighthouse.draft(), lighthouse.current()) {
            (Some(number), ..) => published(number)?,
            (None, Some(draft), _) => {
                let body = &draft.draft.body;
                (Side { number: body.number, content: draft.draft.content }, body)
            }
            (None, None, Some(current)) => published(current.seen.number.0)?,
            (None, None, None) => return Err(super::no_release()),
        };
        let number = from.unwrap_or(later.0.number.0.saturating_sub(1));
        if number == 0 && from.is_none() {
            let hint = "cwg lighthouse show tells what is in it";
            return Err(Problem::new(Exit::Refused, "first-release", "there is no release before the first", hint));
        }
        let (from, _) = published(number)?;
        Ok(Self { from, to: later.0, today: Day::of(later.1.created) })
    }

    pub(super) fn run(self, contents: &dyn Contents) -> Result<View, Problem> {
        let (mut first, mut second) = (Checked::of(self.from, contents)?, Checked::of(self.to, contents)?);
        let delta = Delta::between((self.from.number, &mut first), (self.to.number, &mut second), self.today);
        // Records that could not be read ended the comparison early: that is the cause of whatever it says.
        if let Some(problem) = first.failed.or(second.failed) {
            return Err(problem);
        }
        let delta = delta.map_err(|error| refused(&error))?;
        let counts = delta.counts();
        let all = [&counts.added, &counts.changed, &counts.withdrawn];
        let mut kinds = BTreeMap::<&'static str, [u32; 3]>::new();
        for (place, counts) in all.into_iter().enumerate() {
            counts.iter().for_each(|count| kinds.entry(count.kind.name()).or_default()[place] = count.clues);
        }
        let forgotten = delta.changes().iter().filter(|change| matches!(change, Change::Forgotten(_))).count();
        let line = |(kind, [added, changed, withdrawn]): (&str, [u32; 3])| DiffLine {
            kind: kind.to_owned(),
            added,
            changed,
            withdrawn,
        };
        Ok(View::ReleaseDiff(ReleaseDiffView {
            from: self.from.number.0,
            to: self.to.number.0,
            kinds: kinds.into_iter().map(line).collect(),
            forgotten: forgotten as u64,
            padded: delta.padded_len(),
        }))
    }
}

/// The records of a content until one cannot be read.
struct Checked<'a> {
    records: RecordsOf<'a>,
    failed: Option<Problem>,
}

impl<'a> Checked<'a> {
    fn of(side: Side, contents: &'a dyn Contents) -> Result<Self, Problem> {
        Ok(Self { records: contents.records(side.content)?, failed: None })
    }
}

impl Iterator for Checked<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        match self.records.next()? {
            Ok(record) => Some(record),
            Err(problem) => {
                self.failed = Some(problem);
                None
            }
        }
    }
}

fn refused(error: &DeltaError) -> Problem {
    let (exit, hint) = match error {
        DeltaError::Numbers => (Exit::Usage, "name the earlier release first"),
        DeltaError::TooMany => (Exit::Refused, "compare two releases that are nearer to each other"),
        _ => (Exit::Internal, "report this with the output of cwg doctor"),
    };
    Problem::new(exit, error.code(), error.to_string(), hint)
}
