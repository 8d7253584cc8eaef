//! What a front end shows: one struct for each screen, in words and numbers of its own.
//!
//! As JSON (`--json`), a view is `{"view": "roster", ...}` with the fields documented here; names of fields are stable,
//! times are RFC 3339 in UTC, numbers of things are hexadecimal. For people, [`View::screen`] gives the same as fields,
//! tables and notes, which the command line and the console draw alike.

mod audit;
mod clues;
mod count;
mod indicators;
mod matches;
mod node;
mod pilot;
mod protocol;
mod release;
mod reveal;
mod roster;
mod round;
mod run;
mod screen;
mod source;
mod standing;

use serde::{Deserialize, Serialize};

pub use audit::{AuditEntryView, AuditVerifiedView, AuditView, Detail};
pub use clues::{ClueMatchView, ClueView, CustomerView, KeyView, PartView, RecalledClue};
pub use count::{CountLine, CountView, CountsView, LedgerView, NoiseView, ReleaseChargeLine, SpentLine, ToldView};
pub use indicators::{
    IndicatorsView, KeyCount, KindLine, LoadLine, LoadReportView, RefusalCount, RefusedRow, RepairCount, ValueCount,
};
pub use matches::{MatchLine, MatchView, MatchesView};
pub use node::{
    CheckResult, DoctorPart, DoctorView, NodeMadeView, OperatorLine, OperatorsView, PeerLine, Sizes, StatusView,
};
pub use pilot::{Allowance, PilotLine, PilotView, PilotsView, RoundRulesLine, SignatureLine};
pub use protocol::{CostLine, ProtocolView};
pub use release::{
    BuildView, ContradictionLine, DiffLine, FigureLine, GroupMeanView, MemberReleaseLine, PersonLine, RecallLine,
    RecallsView, ReleaseDiffView, ReleaseFileView, ReleaseLine, ReleaseSourceLine, ReleaseView, ReleasesView,
    SourceReportsView,
};
pub use reveal::{ReceivedView, RevealFields, RevealLine, RevealView, RevealsView};
pub use roster::{InvitationLine, InvitationView, MemberLine, RosterView};
pub use round::{
    CeremonyLine, PostLine, RevealedTo, RoomsView, RoundLine, RoundType, RoundView, RoundsView, SharedKeyLine,
    SharedKeysView, TurnLine,
};
pub use run::{
    BookPlace, BookView, CodeCount, EndReason, LeakageView, RunLine, RunPlanView, RunView, RunsView, SetSizeView,
    TypeRoles,
};
pub use screen::{Screen, Table};
pub use source::{RefusedPlace, SourceReportView};
pub use standing::{ClueLine, EvaluationView, LeftLine, LookUpView, PeriodLine, ReadingView, StandingView};

use crate::lighthouse::trends::TrendsView;
use crate::problem::Exit;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "view", rename_all = "kebab-case")]
pub enum View {
    /// A hub or a member has its keys.
    NodeMade(NodeMadeView),
    /// A fresh invitation.
    Invitation(InvitationView),
    /// The roster.
    Roster(RosterView),
    /// Named persons.
    Operators(OperatorsView),
    /// One pilot.
    Pilot(Box<PilotView>),
    /// All pilots.
    Pilots(PilotsView),
    /// What a load, or a check of a file, came to.
    LoadReport(Box<LoadReportView>),
    /// What a file of a source came to.
    SourceReport(Box<SourceReportView>),
    /// What files of sources came to.
    SourceReports(SourceReportsView),
    /// A release, or the draft of the next.
    Release(Box<ReleaseView>),
    /// All releases.
    Releases(ReleasesView),
    /// What a build came to.
    Build(Box<BuildView>),
    /// What changed between two releases.
    ReleaseDiff(ReleaseDiffView),
    /// Clues that were taken back.
    Recalls(RecallsView),
    /// A file of a release.
    ReleaseFile(Box<ReleaseFileView>),
    /// Trends of a release.
    Trends(Box<TrendsView>),
    /// The group's mean, and figures released for it.
    GroupMean(GroupMeanView),
    /// The loads in use.
    Indicators(IndicatorsView),
    /// A planned run, before consent.
    RunPlan(Box<RunPlanView>),
    /// One run.
    Run(Box<RunView>),
    /// All runs.
    Runs(RunsView),
    /// Matches, masked.
    Matches(MatchesView),
    /// One match.
    Match(Box<MatchView>),
    /// Entries of the audit.
    Audit(AuditView),
    /// What checking the audit came to.
    AuditVerified(AuditVerifiedView),
    /// The node at a glance.
    Status(Box<StatusView>),
    /// What may need attention.
    Doctor(DoctorView),
    /// Key periods of the standing comparison.
    Standing(StandingView),
    /// What an evaluation of a file came to.
    Evaluation(EvaluationView),
    /// What the editions say of one value.
    LookUp(Box<LookUpView>),
    /// Shared keys and ceremonies.
    SharedKeys(SharedKeysView),
    /// One round.
    Round(Box<RoundView>),
    /// All rounds.
    Rounds(RoundsView),
    /// What is said in rooms.
    Rooms(RoomsView),
    /// Reveals of this member.
    Reveals(RevealsView),
    /// One reveal.
    Reveal(Box<RevealView>),
    /// One count.
    Count(Box<CountView>),
    /// All counts.
    Counts(CountsView),
    /// What was released, and what is left.
    Ledger(LedgerView),
}

impl View {
    /// What people see.
    pub fn screen(&self) -> Screen {
        match self {
            Self::NodeMade(view) => view.screen(),
            Self::Invitation(view) => view.screen(),
            Self::Roster(view) => view.screen(),
            Self::Operators(view) => view.screen(),
            Self::Pilot(view) => view.screen(),
            Self::Pilots(view) => view.screen(),
            Self::LoadReport(view) => view.screen(),
            Self::SourceReport(view) => view.screen(),
            Self::SourceReports(view) => view.screen(),
            Self::Release(view) => view.screen(),
            Self::Releases(view) => view.screen(),
            Self::Build(view) => view.screen(),
            Self::ReleaseDiff(view) => view.screen(),
            Self::Recalls(view) => view.screen(),
            Self::ReleaseFile(view) => view.screen(),
            Self::Trends(view) => view.screen(),
            Self::GroupMean(view) => view.screen(),
            Self::Indicators(view) => view.screen(),
            Self::RunPlan(view) => view.screen(),
            Self::Run(view) => view.screen(),
            Self::Runs(view) => view.screen(),
            Self::Matches(view) => view.screen(),
            Self::Match(view) => view.screen(),
            Self::Audit(view) => view.screen(),
            Self::AuditVerified(view) => view.screen(),
            Self::Status(view) => view.screen(),
            Self::Doctor(view) => view.screen(),
            Self::Standing(view) => view.screen(),
            Self::Evaluation(view) => view.screen(),
            Self::LookUp(view) => view.screen(),
            Self::SharedKeys(view) => view.screen(),
            Self::Round(view) => view.screen(),
            Self::Rounds(view) => view.screen(),
            Self::Rooms(view) => view.screen(),
            Self::Reveals(view) => view.screen(),
            Self::Reveal(view) => view.screen(),
            Self::Count(view) => view.screen(),
            Self::Counts(view) => view.screen(),
            Self::Ledger(view) => view.screen(),
        }
    }

    /// What the command line exits with after showing it: [`Exit::Ok`], [`Exit::No`] where the answer is no, or what a
    /// report of a source says.
    pub fn exit(&self) -> Exit {
        match self {
            Self::SourceReport(view) => return view.exit(),
            Self::SourceReports(view) => return view.exit(),
            _ => {}
        }
        let no = match self {
            Self::AuditVerified(view) => !view.sound,
            Self::Run(view) => view.end.is_some(),
            Self::Round(view) => view.end.is_some(),
            Self::Count(view) => view.end.is_some(),
            Self::LookUp(view) => !view.is_match(),
            Self::Doctor(view) => view.parts.iter().any(|part| part.result == CheckResult::Bad),
            _ => false,
        };
        if no { Exit::No } else { Exit::Ok }
    }
}
