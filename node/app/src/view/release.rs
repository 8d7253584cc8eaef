//! Releases of Lighthouse: the hub's draft, what was published, what changed, who has it. Names of clues, never their identifiers.

use serde::{Deserialize, Serialize};

use super::{KeyCount, Screen, SourceReportView};
use crate::lighthouse::trends::ComparisonView;
use crate::problem::Exit;

/// One release, or the draft of the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseView {
    /// Its number.
    pub number: u32,
    /// A draft: `unsigned`, `built` or `approved`; else `published` at the hub and `adopted` at a member.
    pub stage: String,
    /// Digest of the head: what persons sign.
    pub digest: String,
    /// Root over the records.
    pub root: String,
    /// Clues.
    pub clues: u32,
    /// Withdrawals.
    pub withdrawals: u32,
    /// Clues by kind.
    pub kinds: Vec<KeyCount>,
    /// Its sources, in the order in which labels name them.
    pub sources: Vec<ReleaseSourceLine>,
    /// Items whose clues contradict each other.
    pub contradictions: u32,
    /// What changed, for people.
    pub changes: Vec<String>,
    /// When it was built.
    pub created: String,
    /// Until when it may be used.
    pub valid_until: String,
    /// Whether that is over.
    pub expired: bool,
    /// The release before, from which a delta leads here.
    pub base: Option<u32>,
    /// Bytes of a label.
    pub label_bytes: u16,
    /// Number of the ruleset.
    pub ruleset: u16,
    /// The oldest version of this program that understands it.
    pub version_min: String,
    /// Whoever built it.
    pub builder: Option<PersonLine>,
    /// Whoever approved it.
    pub approver: Option<PersonLine>,
    /// The number of the last recall that this node knows.
    pub recalls: u32,
    /// At the hub: what each member said it has.
    pub members: Vec<MemberReleaseLine>,
    /// Of a draft that nobody has signed: the head's encoding in hexadecimal, for [`crate::sign_release`].
    pub head: Option<String>,
    /// Of a draft that was built: its encoding in hexadecimal, for [`crate::approve_release`].
    pub built: Option<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// A source of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSourceLine {
    /// Its pseudonym.
    pub source: String,
    /// What kind of organisation it is.
    pub source_kind: String,
    /// Caveats that each of its clues has at least.
    pub caveats: Vec<String>,
    /// Kinds of identifiers that it permits.
    pub kinds: Vec<String>,
    /// Its clues.
    pub clues: u32,
}

/// A person who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonLine {
    /// The name.
    pub name: String,
    /// Fingerprint of the key.
    pub fingerprint: String,
}

/// What a member said it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReleaseLine {
    /// Its name on the roster.
    pub member: String,
    /// Its newest release; none if it has none, or has not said so.
    pub release: Option<u32>,
    /// The number of the last recall that it has confirmed.
    pub recalls: u32,
    /// When this last changed; none if it has said nothing yet.
    pub since: Option<String>,
}

/// All releases of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasesView {
    /// Newest first.
    pub releases: Vec<ReleaseLine>,
    /// Where the draft of the next stands; none if there is none.
    pub draft: Option<String>,
}

/// One release of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseLine {
    /// Its number.
    pub number: u32,
    /// When this node published or adopted it.
    pub at: String,
    /// Until when it may be used.
    pub valid_until: String,
    /// Clues.
    pub clues: u32,
    /// Withdrawals.
    pub withdrawals: u32,
    /// Digest of the head.
    pub digest: String,
}

/// What a build came to: a draft, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildView {
    /// The draft.
    pub release: ReleaseView,
    /// What each file of a source came to.
    pub reports: Vec<SourceReportView>,
    /// Clues of the release before that stand as they were.
    pub carried: u64,
    /// Clues that are new.
    pub added: u64,
    /// Clues that say something else than before.
    pub changed: u64,
    /// Clues that are recalled from this release on.
    pub recalled: u64,
    /// Clues that are superseded from this release on.
    pub superseded: u64,
    /// Clues that expired.
    pub expired: u64,
    /// Withdrawals that have stood their time and are no longer listed.
    pub forgotten: u64,
    /// Clues of the sources that are expired, recalled or superseded, and never stood in a release.
    pub never_published: u64,
    /// Clues of the sources that were withdrawn before and are not taken again.
    pub withdrawn_before: u64,
    /// The names of the first of them.
    pub withdrawn_before_first: Vec<String>,
    /// Items by contradiction.
    pub contradictions: Vec<ContradictionLine>,
    /// For the first items with a contradiction, the names of their clues.
    pub contradicting: Vec<Vec<String>>,
}

/// What sources came to that were read and not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReportsView {
    /// What each file came to.
    pub reports: Vec<SourceReportView>,
    /// Different clues of all.
    pub clues: u64,
    /// Items by contradiction.
    pub contradictions: Vec<ContradictionLine>,
    /// For the first items with a contradiction, the names of their clues.
    pub contradicting: Vec<Vec<String>>,
}

/// How many items have a contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContradictionLine {
    /// Its stable code.
    pub code: String,
    /// Items; one may have several contradictions.
    pub items: u64,
}

/// What changed between two releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseDiffView {
    /// The earlier.
    pub from: u32,
    /// The later; the draft has the number that it will have.
    pub to: u32,
    /// By kind of identifier.
    pub kinds: Vec<DiffLine>,
    /// Records that have stood their time.
    pub forgotten: u64,
    /// The size that anyone else sees of the change.
    pub padded: u32,
}

/// What changed among the clues of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// The kind.
    pub kind: String,
    /// Clues that are new.
    pub added: u32,
    /// Clues that say something else.
    pub changed: u32,
    /// Clues that were withdrawn.
    pub withdrawn: u32,
}

/// Clues that were taken back, and who knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallsView {
    /// How many this command took back; none if it only asked.
    pub new: Option<u32>,
    /// How many there are in all.
    pub all: u32,
    /// The last of them, newest first.
    pub recalls: Vec<RecallLine>,
    /// At the hub: what each member said it has.
    pub members: Vec<MemberReleaseLine>,
}

/// A clue that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallLine {
    /// Consecutive number.
    pub number: u32,
    /// The name of the clue.
    pub clue: String,
    /// Why.
    pub reason: String,
    /// When, by the hub's clock.
    pub at: String,
}

/// A file of a release: written, or checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFileView {
    /// The file's name, without its folder.
    pub file: String,
    /// Whether it was written by this command; else it was checked.
    pub written: bool,
    /// Its bytes.
    pub bytes: u64,
    /// Number of the release.
    pub number: u32,
    /// Clues.
    pub clues: u32,
    /// Withdrawals.
    pub withdrawals: u32,
    /// Root over the records.
    pub root: String,
    /// Whoever built it.
    pub builder: PersonLine,
    /// Whoever approved it.
    pub approver: PersonLine,
    /// Until when it may be used.
    pub valid_until: String,
}

/// The group's mean, and figures that were released for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMeanView {
    /// The month of the mean; none if none was released yet.
    pub month: Option<String>,
    /// The mean, a multiple of 10; none while it is held back.
    pub mean: Option<u32>,
    /// At a member that released a figure for that month: how it stands to the mean.
    pub comparison: Option<ComparisonView>,
    /// Figures that were released, by month.
    pub released: Vec<FigureLine>,
}

/// Figures of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureLine {
    /// The month.
    pub month: String,
    /// At a member: its own.
    pub own: Option<u32>,
    /// At the hub: how many members released one.
    pub members: Option<u64>,
}

impl GroupMeanView {
    pub(crate) fn screen(&self) -> Screen {
        let mut screen = match (&self.comparison, &self.month) {
            (Some(comparison), _) => comparison.screen(),
            (None, Some(month)) => {
                let mean = self.mean.map_or_else(|| "held back".to_owned(), |mean| mean.to_string());
                Screen::new(format!("Matches with clues in {month}")).field("mean of the group", mean)
            }
            (None, None) => Screen::new("Matches with clues").note("No mean was released yet"),
        };
        if !self.released.is_empty() {
            let figure = |line: &FigureLine| {
                let members = line.members.map(|members| format!("of {members} members"));
                line.own.map(|own| own.to_string()).or(members).unwrap_or_default()
            };
            let rows = self.released.iter().map(|line| [line.month.clone(), figure(line)]);
            screen = screen.table("Figures released", ["month", "figure"], rows);
        }
        screen
    }
}

impl PersonLine {
    fn shown(&self) -> String {
        format!("{}, {}", self.name, self.fingerprint)
    }
}

impl ReleaseView {
    pub(crate) fn screen(&self) -> Screen {
        let draft = self.head.is_some() || matches!(self.stage.as_str(), "built" | "approved");
        let title =
            if draft { format!("Draft of release {}", self.number) } else { format!("Release {}", self.number) };
        let until = if self.expired { format!("{} (over)", self.valid_until) } else { self.valid_until.clone() };
        let sources = self.sources.iter().map(|line| {
            let listed = |words: &[String]| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
            let clues = line.clues.to_string();
            [line.source.clone(), line.source_kind.clone(), clues, listed(&line.caveats), listed(&line.kinds)]
        });
        let screen = Screen::new(title)
            .field("state", &self.stage)
            .field("clues", self.clues)
            .field("withdrawals", self.withdrawals)
            .field("items with a contradiction", self.contradictions)
            .field("built", &self.created)
            .field("valid until", until)
            .field_if("follows release", self.base)
            .field("label", format!("{} bytes for each item", self.label_bytes))
            .field("rules", format!("ruleset {}, from version {} on", self.ruleset, self.version_min))
            .field("built by", self.builder.as_ref().map_or_else(|| "nobody yet".to_owned(), PersonLine::shown))
            .field("approved by", self.approver.as_ref().map_or_else(|| "nobody yet".to_owned(), PersonLine::shown))
            .field("root", &self.root)
            .field("digest", &self.digest)
            .field("recalls known", self.recalls)
            .table("Clues", ["kind", "clues"], self.kinds.iter().map(|line| [line.kind.clone(), line.keys.to_string()]))
            .table("Sources", ["source", "kind", "clues", "caveats", "permits"], sources)
            .list("Changes", &self.changes);
        let screen = if draft { screen } else { members(screen, &self.members) };
        screen.notes(&self.notes)
    }
}

impl ReleasesView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.releases.iter().map(|line| {
            let counts = [line.clues.to_string(), line.withdrawals.to_string()];
            let [clues, withdrawals] = counts;
            [line.number.to_string(), line.at.clone(), line.valid_until.clone(), clues, withdrawals]
        });
        Screen::new("Releases").field_if("draft of the next", self.draft.as_ref()).table(
            "",
            ["release", "since", "valid until", "clues", "withdrawals"],
            rows,
        )
    }
}

impl BuildView {
    pub(crate) fn screen(&self) -> Screen {
        let mut screen = self.release.screen();
        let counts = [
            ("stand as before", self.carried),
            ("new", self.added),
            ("changed", self.changed),
            ("recalled", self.recalled),
            ("superseded", self.superseded),
            ("expired", self.expired),
            ("no longer listed", self.forgotten),
            ("never published, not active", self.never_published),
            ("withdrawn before, not taken again", self.withdrawn_before),
        ];
        screen = screen.table(
            "Since the release before",
            ["clues", "count"],
            counts.map(|(name, count)| [name.to_owned(), count.to_string()]),
        );
        screen = screen.list("Withdrawn before, not taken again: give them new ids", &self.withdrawn_before_first);
        screen = contradictions(screen, &self.contradictions, &self.contradicting);
        reports(screen, &self.reports)
    }
}

impl SourceReportsView {
    pub(crate) fn screen(&self) -> Screen {
        let screen = Screen::new("Sources").field("clues, each once", self.clues);
        let screen = contradictions(screen, &self.contradictions, &self.contradicting);
        reports(screen, &self.reports)
    }

    /// What the command line exits with: as the worst of its reports.
    pub(super) fn exit(&self) -> Exit {
        self.reports.iter().map(SourceReportView::exit).find(|exit| *exit != Exit::Ok).unwrap_or(Exit::Ok)
    }
}

fn contradictions(screen: Screen, lines: &[ContradictionLine], first: &[Vec<String>]) -> Screen {
    if lines.is_empty() {
        return screen;
    }
    let rows = lines.iter().map(|line| [line.code.clone(), line.items.to_string()]);
    let clues: Vec<String> = first.iter().map(|clues| clues.join(" and ")).collect();
    screen.table("Contradictions", ["code", "items"], rows).list("Clues that contradict each other", &clues)
}

fn reports(screen: Screen, reports: &[SourceReportView]) -> Screen {
    reports.iter().fold(screen, |mut screen, report| {
        let own = report.screen();
        let rows = own.fields.into_iter().map(|(label, value)| [label, value]);
        screen = screen.table(&own.title, ["of the file", ""], rows);
        screen.tables.extend(own.tables);
        screen.notes.extend(own.notes);
        screen
    })
}

impl ReleaseDiffView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.kinds.iter().map(|line| {
            [line.kind.clone(), line.added.to_string(), line.changed.to_string(), line.withdrawn.to_string()]
        });
        Screen::new(format!("From release {} to {}", self.from, self.to))
            .table("", ["kind", "added", "changed", "withdrawn"], rows)
            .field("no longer listed", self.forgotten)
            .field("size that others see", format!("{} changes", self.padded))
    }
}

impl RecallsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self
            .recalls
            .iter()
            .map(|line| [line.number.to_string(), line.clue.clone(), line.reason.clone(), line.at.clone()]);
        let screen = Screen::new("Recalls")
            .field_if("taken back now", self.new)
            .field("taken back in all", self.all)
            .table("", ["number", "clue", "reason", "when"], rows);
        members(screen, &self.members)
    }
}

impl ReleaseFileView {
    pub(crate) fn screen(&self) -> Screen {
        let done = if self.written { "Wrote" } else { "Checked" };
        let screen = Screen::new(format!("{done} {}: release {}", self.file, self.number))
            .field("bytes", self.bytes)
            .field("clues", self.clues)
            .field("withdrawals", self.withdrawals)
            .field("valid until", &self.valid_until)
            .field("built by", self.builder.shown())
            .field("approved by", self.approver.shown())
            .field("root", &self.root);
        screen.note(
            "The file holds identifiers in the clear: keep it where only those may read it who may see every clue",
        )
    }
}

fn members(screen: Screen, members: &[MemberReleaseLine]) -> Screen {
    if members.is_empty() {
        return screen;
    }
    let rows = members.iter().map(|line| {
        let release = line.release.map_or_else(|| "none".to_owned(), |number| number.to_string());
        let since = line.since.clone().unwrap_or_else(|| "has said nothing yet".to_owned());
        [line.member.clone(), release, line.recalls.to_string(), since]
    });
    screen.table("Members", ["member", "release", "confirmed recalls up to", "since"], rows)
}
