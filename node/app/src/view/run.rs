//! Runs: planned, under way, ended; and what they reveal.

use serde::{Deserialize, Serialize};

use super::Screen;

/// An indicator type with roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeRoles {
    /// The type's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// `holder`, `counterparty`.
    pub roles: Vec<String>,
}

/// What a run reveals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakageView {
    /// The PSI protocol.
    pub protocol: String,
    /// What consent must name, 64 hexadecimal digits.
    pub digest: String,
    /// What the first side learns; `us` in a plan, the side that learns in a charter.
    pub receiver: Vec<String>,
    /// What the side that does not learn the result learns all the same.
    pub sender: Vec<String>,
    /// What someone who watches the network learns.
    pub observer: Vec<String>,
    /// What nobody is protected against. Guessing of values with few possibilities stands first.
    pub not_protected: Vec<String>,
    /// `semi-honest` or `malicious`: against whom the rest holds.
    pub model: String,
    /// Under which assumption.
    pub assumption: String,
}

/// How many own items a run would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSizeView {
    /// Items of the loads in use that fit the plan. An upper bound: loads may share items. None in a lighthouse run, whose book is
    /// read when it starts.
    pub items_at_most: Option<u64>,
    /// That number, padded: what the other side would see at most.
    pub padded_at_most: Option<u64>,
    /// What a side that learns brings at least.
    pub items_min: u32,
    /// What a side brings at most, padding included.
    pub items_max: u32,
}

/// The file that a lighthouse run compares, and what became of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookView {
    /// The file.
    pub file: String,
    /// Its column map.
    pub map: String,
    /// Rows read; none before it was read.
    pub rows: Option<u64>,
    /// Rows taken as they were.
    pub accepted: Option<u64>,
    /// Rows taken after a repair.
    pub repaired: Option<u64>,
    /// Rows refused.
    pub refused: Option<u64>,
    /// Refusals of rows and values by code.
    pub refusals: Vec<CodeCount>,
    /// Where the first of them are.
    pub first_refused: Vec<BookPlace>,
}

/// How often a code came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCount {
    /// The stable code.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// A place in a book at which something was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookPlace {
    /// The line; in a file without lines the row.
    pub line: u64,
    /// The stable code.
    pub code: String,
}

/// A planned run, as it is shown before consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlanView {
    /// The run.
    pub run: String,
    /// The pilot's number.
    pub pilot: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// The pilot's purpose.
    pub purpose: String,
    /// `pair` or `lighthouse`.
    pub kind: String,
    /// The other member, or the hub.
    pub with: String,
    /// Of a lighthouse run: the number of the release.
    pub release: Option<u32>,
    /// Of a lighthouse run: our file.
    pub book: Option<BookView>,
    /// Who learns: `us`, `them`, `both`.
    pub learns: String,
    /// Types and roles that enter.
    pub indicators: Vec<TypeRoles>,
    /// What we learn.
    pub we_learn: Vec<String>,
    /// What they learn.
    pub they_learn: Vec<String>,
    /// The protocol's statement and its digest.
    pub leakage: LeakageView,
    /// Our side.
    pub own_set: SetSizeView,
    /// Sessions left today with this member.
    pub sessions_left: u32,
    /// Whether the charter is live.
    pub live: bool,
    /// What would keep the run from starting now; empty if nothing would.
    pub obstacles: Vec<String>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The run.
    pub run: String,
    /// The pilot's number.
    pub pilot: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// `pair` or `lighthouse`.
    pub kind: String,
    /// The other member, or the hub.
    pub with: String,
    /// Of a lighthouse run: the number of the release.
    pub release: Option<u32>,
    /// Of a lighthouse run of ours: the file, and what became of its rows.
    pub book: Option<BookView>,
    /// `proposer` or `acceptor`: which side this node is.
    pub place: String,
    /// Who learns: `us`, `them`, `both`.
    pub learns: String,
    /// The PSI protocol.
    pub protocol: String,
    /// Types and roles that enter.
    pub indicators: Vec<TypeRoles>,
    /// `planned`, `running`, `sealed`, `ended`.
    pub phase: String,
    /// Sessions charged for it.
    pub sessions: u32,
    /// When it last changed.
    pub changed: String,
    /// How many matches we learnt; none if it is not sealed or we were not to learn.
    pub matches: Option<u32>,
    /// Why it ended without a result.
    pub end: Option<EndReason>,
    /// What was kept of the session: its name, transcript and padded sizes.
    pub session: Option<String>,
    /// Digest of the session's transcript, which both sides signed.
    pub transcript: Option<String>,
    /// Padded size of our set.
    pub own_items_padded: Option<u32>,
    /// Padded size of the other side's set.
    pub other_items_padded: Option<u32>,
}

/// Why a run or a round ended without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

/// All runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsView {
    /// The one that changed last stands first.
    pub runs: Vec<RunLine>,
}

/// One run of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// The run.
    pub run: String,
    /// The pilot's name.
    pub pilot_name: String,
    /// The other member.
    pub with: String,
    /// Who learns: `us`, `them`, `both`.
    pub learns: String,
    /// `planned`, `running`, `sealed`, `ended`.
    pub phase: String,
    /// How many matches we learnt.
    pub matches: Option<u32>,
    /// The code with which it ended.
    pub end: Option<String>,
    /// When it last changed.
    pub changed: String,
}

impl LeakageView {
    /// The statement as tables, for a charter.
    pub(crate) fn draw(&self, screen: Screen) -> Screen {
        self.draw_rest(
            screen
                .list("A side that learns gets to know", &self.receiver)
                .list("A side that does not learn still gets to know", &self.sender),
        )
    }

    fn draw_rest(&self, screen: Screen) -> Screen {
        screen
            .list("Someone who watches the network gets to know", &self.observer)
            .list("NOT protected", &self.not_protected)
            .field(
                "protocol",
                format!("{}, against {} members, if {} holds", self.protocol, self.model, self.assumption),
            )
            .field("leakage digest", &self.digest)
    }
}

impl RunPlanView {
    pub(crate) fn screen(&self) -> Screen {
        let set = &self.own_set;
        let types = self.indicators.iter().map(|line| [line.kind.clone(), line.roles.join(", ")]);
        let screen = Screen::new(format!("Run {} with {}", self.run, self.with))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("purpose", &self.purpose)
            .field("kind of run", &self.kind)
            .field_if("release", self.release)
            .field_if("our file", self.book.as_ref().map(|book| format!("{}, read by {}", book.file, book.map)))
            .field("who learns", &self.learns)
            .field("our items", own_items(set))
            .field("allowed items", format!("{} to {}", set.items_min, set.items_max))
            .field("sessions left today", self.sessions_left)
            .table("What enters", ["type", "roles"], types)
            .list("We get to know", &self.we_learn)
            .list("They get to know", &self.they_learn);
        let screen = self.leakage.draw_rest(screen);
        if self.obstacles.is_empty() {
            return screen
                .note(format!("To consent and start: cwg run start {} --leakage {}", self.run, self.leakage.digest));
        }
        screen.list("Keeps it from starting", &self.obstacles)
    }
}

impl RunView {
    pub(crate) fn screen(&self) -> Screen {
        let types: Vec<String> =
            self.indicators.iter().map(|line| format!("{} ({})", line.kind, line.roles.join(", "))).collect();
        let screen = Screen::new(format!("Run {}", self.run))
            .field("pilot", format!("{} ({})", self.pilot_name, self.pilot))
            .field("kind of run", &self.kind)
            .field("with", &self.with)
            .field_if("release", self.release)
            .field("we are", &self.place)
            .field("who learns", &self.learns)
            .field("protocol", &self.protocol)
            .field("what enters", types.join(", "))
            .field("state", &self.phase)
            .field("sessions", self.sessions)
            .field("changed", &self.changed)
            .field_if("matches", self.matches)
            .field_if("our items, padded", self.own_items_padded)
            .field_if("their items, padded", self.other_items_padded)
            .field_if("session", self.session.as_ref())
            .field_if("transcript", self.transcript.as_ref());
        let screen = match &self.book {
            Some(book) => book.draw(screen),
            None => screen,
        };
        screen.end(self.end.as_ref())
    }
}

fn own_items(set: &SetSizeView) -> String {
    match (set.items_at_most, set.padded_at_most) {
        (Some(items), Some(padded)) => format!("at most {items}, shown to them as at most {padded}"),
        _ => "known when the file is read; shown to them rounded up".to_owned(),
    }
}

impl BookView {
    fn draw(&self, screen: Screen) -> Screen {
        let screen = screen.field("our file", format!("{}, read by {}", self.file, self.map));
        let (Some(rows), Some(accepted), Some(repaired), Some(refused)) =
            (self.rows, self.accepted, self.repaired, self.refused)
        else {
            return screen;
        };
        let screen =
            screen.field("its rows", format!("{rows}: {accepted} accepted, {repaired} repaired, {refused} refused"));
        if self.refusals.is_empty() {
            return screen;
        }
        let counts = self.refusals.iter().map(|line| [line.code.clone(), line.count.to_string()]);
        let first = self.first_refused.iter().map(|place| [place.line.to_string(), place.code.clone()]);
        screen.table("Refused, rows and values", ["code", "count"], counts).table(
            "The first of them",
            ["line", "code"],
            first,
        )
    }
}

impl RunsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.runs.iter().map(|line| {
            [
                line.run.clone(),
                line.pilot_name.clone(),
                line.with.clone(),
                line.learns.clone(),
                line.end.as_ref().map_or(line.phase.clone(), |end| format!("{}: {end}", line.phase)),
                line.matches.map_or(String::new(), |matches| matches.to_string()),
                line.changed.clone(),
            ]
        });
        Screen::new("Runs").table("", ["run", "pilot", "with", "who learns", "state", "matches", "changed"], rows)
    }
}
