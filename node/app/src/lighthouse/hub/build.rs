//! Building the draft of the next release from sources and from the release before.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use cwg_engine::client_version;
use cwg_engine::command::Command;
use cwg_engine::record::{ContentId, ReleaseDraft};
use cwg_engine::state::State;
use cwg_protocol::UnixTime;
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};
use cwg_protocol::lighthouse::limits::{CHANGE_LEN_MAX, CHANGES_MAX};
use cwg_protocol::lighthouse::{
    ClueId, Day, DeltaBase, LabelClass, Purpose, ReleaseBody, ReleaseNumber, WithdrawalReason,
};
use cwg_protocol::wire::{BoundedText, BoundedVec};

use super::contents::Contents;
use super::merge::{Counts, Ground, Merged, merge};
use super::parts::{parts_of, stopped, write_entries};
use super::sources::{self, Read};
use super::terms::Terms;
use super::{Hub, content_of};
use crate::action::Pending;
use crate::indicators::Progress;
use crate::problem::{Exit, Problem};
use crate::request::SourceFile;
use crate::view::{BuildView, ReleaseView, SourceReportView};
use crate::work::Submit;

/// Builds a draft.
#[derive(Debug)]
pub struct BuildWork {
    sources: Vec<SourceFile>,
    keys: cwg_engine::LighthouseKeys,
    network: cwg_protocol::NetworkId,
    before: Option<Before>,
    recalled: BTreeMap<ClueId, WithdrawalReason>,
    class: LabelClass,
    valid_until: UnixTime,
    changes: BoundedVec<BoundedText<CHANGE_LEN_MAX>, CHANGES_MAX>,
    now: UnixTime,
}

/// The release that the next one follows.
#[derive(Debug)]
struct Before {
    body: ReleaseBody,
    content: ContentId,
}

/// What a person wishes of a build, besides the sources.
#[derive(Debug)]
pub(crate) struct Wishes {
    /// Bytes of a label.
    pub(crate) label_bytes: u16,
    /// For how many days it may be used.
    pub(crate) valid_days: u16,
    /// Lines for people.
    pub(crate) changes: Vec<String>,
}

impl BuildWork {
    pub(crate) fn new(sources: Vec<SourceFile>, wishes: Wishes, state: &State, now: UnixTime) -> Result<Self, Problem> {
        let hub = Hub::of(state)?;
        sources::check(&sources)?;
        let class = LabelClass::try_from(wishes.label_bytes).map_err(|error| {
            Problem::new(Exit::Usage, "label-class", error.to_string(), "64 bytes show one clue, 128 two, 256 five")
        })?;
        if !(1..=VALID_DAYS_MAX).contains(&wishes.valid_days) {
            let problem = format!("a release is valid for 1 to {VALID_DAYS_MAX} days");
            return Err(Problem::new(
                Exit::Usage,
                "valid-days",
                problem,
                "choose more than passes between two releases",
            ));
        }
        let before = hub
            .current
            .map(|current| Ok::<_, Problem>(Before { body: current.body.clone(), content: content_of(current)? }));
        let recalled = state.lighthouse().recalled().iter().map(|(clue, recall)| (*clue, recall.reason));
        Ok(Self {
            sources,
            network: hub.network,
            before: before.transpose()?,
            recalled: recalled.collect(),
            class,
            valid_until: now.plus_secs(u64::from(wishes.valid_days) * 86_400),
            changes: changes(wishes.changes)?,
            now,
            keys: hub.keys,
        })
    }

    pub(super) fn run(
        self,
        contents: &dyn Contents,
        fresh: ContentId,
        progress: &mut dyn Progress,
    ) -> Result<Submit, Problem> {
        let built = self.build(contents, fresh, progress);
        if built.is_err() {
            // The next start removes what this cannot; what went wrong first is what the person has to know.
            let _ = contents.remove(fresh);
        }
        built
    }

    fn build(self, contents: &dyn Contents, fresh: ContentId, progress: &mut dyn Progress) -> Result<Submit, Problem> {
        let mut steps = Steps { done: 0, sources: self.sources.len() as u64, clues: 0, progress };
        let names = self.keys.names();
        let Read { maps, reports, gathered } =
            sources::read(&self.sources, &names, self.now, &mut || steps.source_read())?;
        nothing_taken(&reports)?;
        let number = ReleaseNumber(self.before.as_ref().map_or(0, |before| before.body.number.0) + 1);
        let terms = Terms::new(&maps, self.before.as_ref().map(|before| &before.body), &names, number)?;
        let merged = self.merge_into(contents, fresh, terms, gathered)?;
        if merged.summary.clues + merged.summary.withdrawals == 0 {
            return Err(empty());
        }
        steps.clues = merged.summary.clues.into();
        let Merged { summary, terms, counts, withdrawn, gone } = merged;
        let mut body = ReleaseBody {
            network: self.network,
            number,
            purpose: Purpose::Live,
            ruleset: RULESET_ID,
            ruleset_hash: ruleset_hash(),
            created: self.now,
            valid_until: self.valid_until,
            client_min: client_version(),
            sources: terms.into_list()?,
            content: summary,
            base: self.before.map(|before| DeltaBase { number: before.body.number, root: before.body.content.root }),
            class: self.class,
            contradictions: 0,
            changes: self.changes,
        };
        let found = write_entries(&body, contents, fresh, &gone, parts_of(body.content.clues), &mut |part, parts| {
            steps.part_done(part, parts)
        })?;
        body.contradictions = u32::try_from(found.items).unwrap_or(u32::MAX).min(body.content.clues);
        body.check_rules().map_err(|error| {
            let hint = "lines of changes hold no @, no web address and no six digits in a row";
            Problem::new(Exit::BadInput, error.code(), error.to_string(), hint)
        })?;
        let draft = ReleaseDraft { body, content: fresh, withdrawn };
        let view = view(&counts, reports, &found);
        Ok(Submit::Commands(vec![Command::DraftRelease(Box::new(draft))], Pending::drafted(view, self.now)))
    }

    fn merge_into(
        &self,
        contents: &dyn Contents,
        fresh: ContentId,
        terms: Terms,
        gathered: crate::lighthouse::Gathered,
    ) -> Result<Merged, Problem> {
        let ground = Ground {
            network: self.network,
            key: self.keys.records(),
            today: Day::of(self.now),
            recalled: self.recalled.clone(),
        };
        let before = self.before.as_ref().map(|before| contents.records(before.content)).transpose()?;
        let mut sink = contents.write_records(fresh)?;
        let merged = merge(&ground, terms, before, gathered.into_clues()?, sink.as_mut())?;
        sink.finish()?;
        Ok(merged)
    }
}

/// How far a build is: files first, then parts of the items, half of the way each.
struct Steps<'a> {
    done: u64,
    sources: u64,
    clues: u64,
    progress: &'a mut dyn Progress,
}

impl Steps<'_> {
    fn source_read(&mut self) -> Result<(), Problem> {
        self.done += 1;
        match self.progress.advanced(self.clues, self.done, 2 * self.sources) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(stopped()),
        }
    }

    fn part_done(&mut self, part: u32, parts: u32) -> ControlFlow<()> {
        self.progress.advanced(self.clues, u64::from(parts) + u64::from(part), 2 * u64::from(parts))
    }
}

fn changes(lines: Vec<String>) -> Result<BoundedVec<BoundedText<CHANGE_LEN_MAX>, CHANGES_MAX>, Problem> {
    let refused = || {
        let problem = format!("a release has at most {CHANGES_MAX} lines of changes of {CHANGE_LEN_MAX} bytes");
        Problem::new(Exit::Usage, "changes", problem, "say it in fewer words; nobody reads more")
    };
    let lines = lines.into_iter().map(BoundedText::try_from).collect::<Result<Vec<_>, _>>().map_err(|_| refused())?;
    lines.try_into().map_err(|_| refused())
}

/// A source that was named and gave nothing is rather a wrong map than a source without news.
fn nothing_taken(reports: &[SourceReportView]) -> Result<(), Problem> {
    let Some(report) = reports.iter().find(|report| report.accepted + report.repaired == 0) else { return Ok(()) };
    Err(Problem::new(
        Exit::BadInput,
        "nothing-taken",
        format!("{}: none of {} records could be taken", report.file, report.records),
        "cwg lighthouse check tells why, place by place; or leave this source out",
    ))
}

fn empty() -> Problem {
    Problem::new(
        Exit::BadInput,
        "empty-release",
        "the release would have no record",
        "name sources whose clues are active and not expired; an empty release would only tell members that there is nothing",
    )
}

fn view(counts: &Counts, reports: Vec<SourceReportView>, found: &crate::lighthouse::ItemContradictions) -> BuildView {
    BuildView {
        // Filled in once the engine has taken the draft.
        release: ReleaseView::default(),
        reports,
        carried: counts.carried,
        added: counts.added,
        changed: counts.changed,
        recalled: counts.recalled,
        superseded: counts.superseded,
        expired: counts.expired,
        forgotten: counts.forgotten,
        never_published: counts.never_published,
        withdrawn_before: counts.withdrawn_before,
        withdrawn_before_first: counts.withdrawn_before_first.iter().map(ToString::to_string).collect(),
        contradictions: sources::lines(found),
        contradicting: sources::names(found),
    }
}

/// Days for which a release may be used at most: what is older than half a year is no lead any more.
const VALID_DAYS_MAX: u16 = 180;
