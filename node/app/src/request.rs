//! What a front end can ask for. As JSON, `{"request": "run-plan", ...}`; it also travels over the daemon's socket.
//!
//! Pilots, runs, loads and matches are named by their hexadecimal number or by its first digits, at least four, as long
//! as one alone begins with them; a pilot also by its name.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::charter_file::CharterFile;
use crate::counts::CountRequest;
pub use crate::lighthouse::request::{LighthouseRequest, SourceFile};
use crate::rounds::{RevealRequest, RoundRequest};

/// What a front end can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Makes this directory the hub of a new network. Answered by `node-made`.
    HubInit {
        /// The hub's name.
        name: String,
        /// Host and UDP port where members reach it.
        listen: String,
    },
    /// Hub: invites a member. Answered by `invitation`.
    Invite {
        /// The name the member will have.
        name: String,
        /// How long the invitation is good for, seconds.
        valid_secs: u64,
    },
    /// Gives this directory the keys of a member. Answered by `node-made`.
    MemberInit {
        /// The member's own name for itself.
        name: String,
        /// Host and UDP port where others reach it; empty if it only dials.
        listen: String,
    },
    /// Member: joins a network. Answered by `roster`.
    Join {
        /// The text of the invitation.
        invitation: String,
    },
    /// Answered by `roster`.
    RosterShow,
    /// Hub: revokes a member. Answered by `roster`.
    RosterRevoke {
        /// Its name, or the fingerprint of its signing key.
        member: String,
    },
    /// Registers a person's key. Answered by `operators`.
    OperatorAdd {
        /// The person.
        name: String,
        /// The public key, 64 hexadecimal digits.
        key: String,
    },
    /// Answered by `operators`.
    OperatorList,
    /// Hub: writes a charter. Answered by `pilot`.
    PilotNew {
        /// The charter.
        charter: CharterFile,
    },
    /// Answered by `pilot`.
    PilotShow {
        /// The pilot.
        pilot: String,
    },
    /// Answered by `pilots`.
    PilotList,
    /// Member: signs a charter with a person's signature. Answered by `pilot`.
    PilotSign {
        /// The pilot.
        pilot: String,
        /// The person, as registered.
        person: String,
        /// Digest of the charter that was shown, 64 hexadecimal digits.
        charter: String,
        /// The person's signature, 128 hexadecimal digits; see [`crate::sign_as_person`].
        signature: String,
    },
    /// Member: loads a file. Answered by `load-report`.
    IndicatorsLoad {
        /// The file, by a path that the daemon can read.
        path: PathBuf,
        /// The column map.
        map: PathBuf,
    },
    /// Reads a file as a load would and keeps nothing. Answered by `load-report`.
    IndicatorsCheck {
        /// The file.
        path: PathBuf,
        /// The column map.
        map: PathBuf,
    },
    /// Answered by `indicators`.
    IndicatorsStats,
    /// Deletes loads. Answered by `indicators`.
    IndicatorsPurge {
        /// Which.
        which: Purge,
    },
    /// Member: plans a pair run. Answered by `run-plan`.
    RunPlan {
        /// The pilot.
        pilot: String,
        /// The other member, by name or fingerprint.
        with: String,
        /// Who learns.
        learns: WhoLearns,
        /// Indicator types; none given means all that the charter allows.
        #[serde(default)]
        types: Vec<String>,
        /// Roles; none given means all that the charter allows for each type.
        #[serde(default)]
        roles: Vec<String>,
        /// The PSI protocol; none given means the one for the size of the own set.
        #[serde(default)]
        protocol: Option<String>,
    },
    /// Member: plans a lighthouse run with the hub: its own file against the newest release. Answered by `run-plan`.
    LighthousePlan {
        /// The pilot.
        pilot: String,
        /// The file, by a path that the daemon can read when the run is started.
        book: PathBuf,
        /// Its column map.
        map: PathBuf,
        /// Indicator types; none given means all that the charter allows.
        #[serde(default)]
        types: Vec<String>,
        /// Roles; none given means all that the charter allows for each type.
        #[serde(default)]
        roles: Vec<String>,
    },
    /// Member: starts a planned run. Answered by `run`.
    RunStart {
        /// The run.
        run: String,
        /// Digest of the leakage that was shown and consented to, 64 hexadecimal digits.
        leakage: String,
    },
    /// Answered by `run` when the run has ended.
    RunAwait {
        /// The run.
        run: String,
    },
    /// Answered by `run`.
    RunStatus {
        /// The run.
        run: String,
    },
    /// Answered by `runs`.
    RunList,
    /// Answered by `matches`.
    MatchList {
        /// Only of this run.
        #[serde(default)]
        run: Option<String>,
        /// Only of this indicator type.
        #[serde(default)]
        kind: Option<String>,
        /// Only those after this one.
        #[serde(default)]
        after: Option<String>,
        /// At most so many, up to 1000.
        limit: u32,
        /// Those of lighthouse runs all of whose clues were taken back, and no others.
        #[serde(default)]
        withdrawn: bool,
    },
    /// Answered by `match`.
    MatchShow {
        /// The match.
        id: String,
    },
    /// Answered by `audit`.
    AuditShow {
        /// The number of the first entry; the first of all is 1.
        from: u64,
        /// At most so many, up to 1000.
        limit: u32,
    },
    /// Answered by `audit-verified`.
    AuditVerify {
        /// A head noted earlier, `NUMBER:DIGEST`, that must lie on the chain.
        #[serde(default)]
        head: Option<String>,
    },
    /// Lighthouse: releases, recalls, trends.
    Lighthouse {
        /// What.
        ask: LighthouseRequest,
    },
    /// Shared keys, rounds and rooms.
    Round {
        /// What.
        ask: RoundRequest,
    },
    /// Reveals in rooms.
    Reveal {
        /// What.
        ask: RevealRequest,
    },
    /// Counts.
    Count {
        /// What.
        ask: CountRequest,
    },
    /// Answered by `status`.
    Status,
    /// Answered by `doctor`.
    Doctor,
    /// Hub: opens the next key period of the standing comparison. Answered by `standing`.
    PeriodOpen {
        /// How long it lasts: 30 to 90.
        days: u32,
        /// Items that each member may have evaluated.
        allowance: u32,
    },
    /// Answered by `standing`.
    StandingShow,
    /// Hub: publishes the current release in every open period. Answered by `standing`.
    EditionPublish,
    /// Member: has the items of a file evaluated that its table does not have. Answered by `evaluation`.
    Evaluate {
        /// The pilot.
        pilot: String,
        /// The file, by a path that the daemon can read.
        path: PathBuf,
        /// The column map.
        map: PathBuf,
    },
    /// Member: compares its table with the editions, without telling anyone. Answered by `run`.
    Compare {
        /// The pilot.
        pilot: String,
        /// The file that was evaluated: rows of what matches are read from it.
        path: PathBuf,
        /// The column map.
        map: PathBuf,
    },
    /// Member: asks what the editions say of one value. Answered by `look-up`.
    LookUp {
        /// The pilot.
        pilot: String,
        /// The type of the value.
        kind: String,
        /// The value.
        value: String,
    },
}

/// Which loads to delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purge {
    /// One.
    Load(String),
    /// All that were loaded more than so many days ago.
    OlderThanDays(u32),
}

/// Who gets the output of a pair run, as the person who plans it sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhoLearns {
    /// This member.
    #[serde(alias = "proposer")]
    Us,
    /// The other member.
    #[serde(alias = "acceptor")]
    Them,
    /// Both.
    Both,
}
