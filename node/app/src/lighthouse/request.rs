//! What a front end can ask of Lighthouse, and what becomes of it.

use std::path::PathBuf;

use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::state::State;
use cwg_protocol::UnixTime;
use cwg_protocol::lighthouse::limits::{RELEASE_LEN_MAX, SIGNED_RELEASE_LEN_MAX};
use cwg_protocol::lighthouse::{ApprovedRelease, BadMonth, BuiltRelease, ClueId, Month, WithdrawalReason};
use cwg_protocol::wire::decode_canonical;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::describe;
use super::hub::{BuildWork, DiffWork, ExportWork, LighthouseWork, SourcesWork, TrendsWork, VerifyWork, Wishes};
use crate::action::{Action, Pending};
use crate::problem::{Exit, Problem};
use crate::view::{BuildView, View};
use crate::work::{FigureWork, Work};

/// What can be asked of Lighthouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LighthouseRequest {
    /// Hub: reads sources and keeps nothing. Answered by `source-reports`.
    Check {
        /// The sources.
        sources: Vec<SourceFile>,
    },
    /// Hub: builds the draft of the next release, in place of any other. Answered by `build`.
    Build {
        /// The sources. Without any, the draft has what the release before has and is still in force.
        sources: Vec<SourceFile>,
        /// Bytes of a label: 32, 64, 128, 256 or 512.
        label_bytes: u16,
        /// For how many days it may be used.
        valid_days: u16,
        /// What changed, for people.
        changes: Vec<String>,
    },
    /// Hub: takes the builder's signature. Answered by `release`.
    Sign {
        /// What [`crate::sign_release`] made.
        built: String,
    },
    /// Hub: takes the second person's signature. Answered by `release`.
    Approve {
        /// What [`crate::approve_release`] made.
        approved: String,
    },
    /// Hub: publishes the approved draft. Answered by `release`.
    Publish,
    /// Hub: throws the draft away. Answered by `releases`.
    Drop,
    /// Answered by `release`.
    Show {
        /// The number of a release, or `draft`; without it the newest.
        #[serde(default)]
        release: Option<String>,
    },
    /// Answered by `releases`.
    List,
    /// Hub: what changed. Answered by `release-diff`.
    Diff {
        /// The earlier; without it the one before the later.
        #[serde(default)]
        from: Option<u32>,
        /// The later; without it the draft, or the newest if there is none.
        #[serde(default)]
        to: Option<u32>,
    },
    /// Hub: takes clues back. Answered by `recalls`.
    Recall {
        /// Their names.
        clues: Vec<String>,
        /// `recalled` or `superseded`.
        reason: String,
    },
    /// Answered by `recalls`.
    Recalls,
    /// Answered by `trends`: those released last.
    Trends,
    /// Hub: releases the trends of the current release. Answered by `trends`.
    ReleaseTrends,
    /// Member: releases to the hub how many different values of its own met a clue in a month that is over. Answered by
    /// `group-mean`.
    ReleaseFigure {
        /// The month, `YYYY-MM`.
        month: String,
    },
    /// Hub: releases the mean of the figures that members released for a month. Answered by `group-mean`.
    ReleaseMean {
        /// The month, `YYYY-MM`.
        month: String,
    },
    /// The mean released last, and at a member its own figure beside it. Answered by `group-mean`.
    Mean,
    /// Hub: writes the current release to a new file. Answered by `release-file`.
    Export {
        /// The file, by a path that the daemon can write.
        path: PathBuf,
    },
    /// Checks a file of a release. Answered by `release-file`.
    Verify {
        /// The file, by a path that the daemon can read.
        path: PathBuf,
    },
}

/// A file of a source with its map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The file, by a path that the daemon can read.
    pub path: PathBuf,
    /// How it is read.
    pub map: PathBuf,
}

/// What the engine's reply will mean.
#[derive(Debug)]
pub(crate) enum Awaited {
    Drafted(Box<BuildView>),
    Draft,
    Published,
    Dropped,
    Recalled,
    Trends,
    Mean,
}

/// What is to be done for a request.
pub(crate) fn prepare(ask: LighthouseRequest, state: &State, now: UnixTime) -> Result<Action, Problem> {
    let work = |work: LighthouseWork| Ok(Action::Work(Work::Lighthouse(work)));
    let submit = |command, awaited| Ok(Action::Submit(command, Pending::lighthouse(awaited, now)));
    match ask {
        LighthouseRequest::Check { sources } => work(LighthouseWork::Sources(SourcesWork::new(sources, state, now)?)),
        LighthouseRequest::Build { sources, label_bytes, valid_days, changes } => {
            let wishes = Wishes { label_bytes, valid_days, changes };
            work(LighthouseWork::Build(Box::new(BuildWork::new(sources, wishes, state, now)?)))
        }
        LighthouseRequest::Sign { built } => {
            let built: BuiltRelease = encoded("a built release", &built, SIGNED_RELEASE_LEN_MAX)?;
            submit(Command::SignDraft(Box::new(built)), Awaited::Draft)
        }
        LighthouseRequest::Approve { approved } => {
            let approved: ApprovedRelease = encoded("an approved release", &approved, SIGNED_RELEASE_LEN_MAX)?;
            submit(Command::ApproveDraft(Box::new(approved)), Awaited::Draft)
        }
        LighthouseRequest::Publish => submit(Command::PublishRelease, Awaited::Published),
        LighthouseRequest::Drop => submit(Command::DropDraft, Awaited::Dropped),
        LighthouseRequest::Show { release } => show(release.as_deref(), state, now),
        LighthouseRequest::List => Ok(Action::Show(View::Releases(describe::releases(state)))),
        LighthouseRequest::Diff { from, to } => work(LighthouseWork::Diff(DiffWork::new(from, to, state)?)),
        LighthouseRequest::Recall { clues, reason } => submit(recall(&clues, &reason)?, Awaited::Recalled),
        LighthouseRequest::Recalls => Ok(Action::Show(View::Recalls(describe::recalls(state, None)))),
        LighthouseRequest::Trends => Ok(Action::Show(describe::trends(state)?)),
        LighthouseRequest::ReleaseTrends => work(LighthouseWork::Trends(Box::new(TrendsWork::new(state, now)?))),
        LighthouseRequest::ReleaseFigure { month: period } => {
            Ok(Action::Work(Work::Figure(FigureWork::new(month(&period)?, now))))
        }
        LighthouseRequest::ReleaseMean { month: period } => {
            submit(Command::ReleaseMean { period: month(&period)? }, Awaited::Mean)
        }
        LighthouseRequest::Mean => Ok(Action::Show(View::GroupMean(describe::group_mean(state)))),
        LighthouseRequest::Export { path } => work(LighthouseWork::Export(Box::new(ExportWork::new(path, state)?))),
        LighthouseRequest::Verify { path } => {
            work(LighthouseWork::Verify(Box::new(VerifyWork::new(path, state, now)?)))
        }
    }
}

/// The view for the engine's reply.
pub(crate) fn answer(
    awaited: Awaited,
    reply: Result<Reply, Refusal>,
    state: &State,
    now: UnixTime,
) -> Result<View, Problem> {
    let reply = reply.map_err(|refusal| crate::refusals::problem(&refusal))?;
    match (awaited, reply) {
        (Awaited::Drafted(mut view), Reply::Done) => {
            view.release = describe::draft(state, now)?;
            Ok(View::Build(view))
        }
        (Awaited::Draft, Reply::Done) => Ok(View::Release(Box::new(describe::draft(state, now)?))),
        (Awaited::Published, Reply::Published(number)) => {
            let release = super::hub::release(state, number.0)?;
            Ok(View::Release(Box::new(describe::published(state, release, now))))
        }
        (Awaited::Dropped, Reply::Done) => Ok(View::Releases(describe::releases(state))),
        (Awaited::Recalled, Reply::Recalled(new)) => Ok(View::Recalls(describe::recalls(state, Some(new)))),
        (Awaited::Trends, Reply::Done) => describe::trends(state),
        (Awaited::Mean, Reply::Done) => Ok(View::GroupMean(describe::group_mean(state))),
        _ => Err(Problem::defect("the engine's reply does not fit the command")),
    }
}

fn show(release: Option<&str>, state: &State, now: UnixTime) -> Result<Action, Problem> {
    let view = match release {
        Some("draft") => describe::draft(state, now)?,
        Some(number) => {
            let number = number.parse().map_err(|_| {
                let problem = "a release is named by its number, or `draft`";
                Problem::new(Exit::Usage, "release-name", problem, "cwg lighthouse list shows the numbers")
            })?;
            describe::published(state, super::hub::release(state, number)?, now)
        }
        None => {
            let current = state.lighthouse().current().ok_or_else(super::hub::no_release)?;
            describe::published(state, current, now)
        }
    };
    Ok(Action::Show(View::Release(Box::new(view))))
}

fn month(text: &str) -> Result<Month, Problem> {
    text.trim().parse().map_err(|error: BadMonth| {
        Problem::new(Exit::Usage, "month", error.to_string(), "name a month that is over, for example 2026-05")
    })
}

fn recall(clues: &[String], reason: &str) -> Result<Command, Problem> {
    let clues = clues.iter().map(|clue| {
        clue.trim().parse::<ClueId>().map_err(|error| {
            let hint = "copy the id from the report of a build, from a source, or from what a member saw";
            Problem::new(Exit::Usage, "clue-name", error.to_string(), hint)
        })
    });
    let reason = WithdrawalReason::from_name(reason).ok_or_else(|| {
        let hint = "recalled if it was wrong, superseded if another clue stands for it";
        Problem::new(Exit::Usage, "recall-reason", "this is no reason of a recall", hint)
    })?;
    Ok(Command::Recall { clues: clues.collect::<Result<_, _>>()?, reason })
}

/// A value from its encoding in hexadecimal digits, as views and [`crate::sign_release`] have it.
pub(crate) fn encoded<T: Serialize + DeserializeOwned>(
    what: &'static str,
    text: &str,
    len_max: usize,
) -> Result<T, Problem> {
    let refused = || {
        let problem = format!("this is not the encoding of {what}");
        Problem::new(Exit::Usage, "not-encoded", problem, "use the same version of the program as the node")
    };
    let text = text.trim();
    if text.len() > 2 * len_max.max(RELEASE_LEN_MAX) {
        return Err(refused());
    }
    decode_canonical(&hex::decode(text).map_err(|_| refused())?, len_max).map_err(|_| refused())
}
