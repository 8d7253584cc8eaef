//! This node: its keys, its persons, its state.

use serde::{Deserialize, Serialize};

use super::Screen;

/// A hub or a member has its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeMadeView {
    /// `hub` or `member`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where it listens; empty if it only dials.
    pub address: String,
    /// Fingerprint of its signing key, to be read back by telephone.
    pub fingerprint: String,
    /// Fingerprint of its transport key.
    pub transport_fingerprint: String,
    /// Hub: the network it founded.
    pub network: Option<String>,
}

/// Named persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorsView {
    /// By name.
    pub operators: Vec<OperatorLine>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLine {
    /// The name.
    pub name: String,
    /// Fingerprint of the key.
    pub fingerprint: String,
}

/// The node at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// `hub`, `member`, or `none` before it has keys.
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// Where it listens.
    pub address: Option<String>,
    /// Fingerprint of its signing key.
    pub fingerprint: Option<String>,
    /// Fingerprint of its transport key.
    pub transport_fingerprint: Option<String>,
    /// The network it is in.
    pub network: Option<String>,
    /// Epoch of the roster in force.
    pub roster_epoch: Option<u64>,
    /// When that roster ends.
    pub roster_valid_until: Option<String>,
    /// Whether a daemon runs with its network.
    pub online: bool,
    /// The other active nodes, and whether they are connected.
    pub peers: Vec<PeerLine>,
    /// How many of each thing there are.
    pub sizes: Sizes,
    /// Where the audit's chain stands, `NUMBER:DIGEST`.
    pub head: Option<String>,
    /// Number and digest of the rules for canonical forms.
    pub ruleset: String,
}

/// One other node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerLine {
    /// Its name.
    pub name: String,
    /// `hub` or `member`.
    pub kind: String,
    /// Whether a connection stands.
    pub connected: bool,
}

/// How many of each thing there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Records of the journal.
    pub records: u64,
    /// Bytes of the journal, if known.
    pub journal_bytes: Option<u64>,
    /// Bytes of the set files, if known.
    pub set_bytes: Option<u64>,
    /// Loads in use.
    pub loads: u64,
    /// Items of all loads.
    pub items: u64,
    /// Pilots.
    pub pilots: u64,
    /// Runs.
    pub runs: u64,
    /// Matches of all sealed runs.
    pub matches: u64,
}

/// What may need attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorView {
    /// One line for each check.
    pub parts: Vec<DoctorPart>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorPart {
    /// What was checked.
    pub check: String,
    /// How it stands.
    pub result: CheckResult,
    /// What was found.
    pub found: String,
    /// What to do; none if nothing is to be done.
    pub hint: Option<String>,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As it should be.
    Good,
    /// Works, and wants attention.
    Attention,
    /// Does not work.
    Bad,
}

impl NodeMadeView {
    pub(crate) fn screen(&self) -> Screen {
        let screen = Screen::new(format!("{} {}", self.kind, self.name))
            .field("fingerprint", &self.fingerprint)
            .field("transport fingerprint", &self.transport_fingerprint)
            .field("address", if self.address.is_empty() { "none: this node only dials" } else { &self.address })
            .field_if("network", self.network.as_ref());
        if self.kind == "hub" {
            return screen.note("Read the fingerprint to each member by telephone; then cwg hub invite NAME");
        }
        screen.note("Read the fingerprint to the hub's coordinator by telephone; then cwg member join INVITATION")
    }
}

impl OperatorsView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.operators.iter().map(|line| [line.name.clone(), line.fingerprint.clone()]);
        Screen::new("Operators").table("", ["name", "fingerprint"], rows)
    }
}

impl StatusView {
    pub(crate) fn screen(&self) -> Screen {
        let sizes = &self.sizes;
        let peers = self.peers.iter().map(|peer| {
            let state = if peer.connected { "connected" } else { "not connected" };
            [peer.name.clone(), peer.kind.clone(), state.to_owned()]
        });
        Screen::new("Status")
            .field("node", self.name.as_ref().map_or(self.kind.clone(), |name| format!("{} {name}", self.kind)))
            .field_if("fingerprint", self.fingerprint.as_ref())
            .field_if("transport fingerprint", self.transport_fingerprint.as_ref())
            .field_if("address", self.address.as_ref())
            .field_if("network", self.network.as_ref())
            .field_if("roster epoch", self.roster_epoch)
            .field_if("roster valid until", self.roster_valid_until.as_ref())
            .field("network driver", if self.online { "running" } else { "not running" })
            .field("records", sizes.records)
            .field_if("journal bytes", sizes.journal_bytes)
            .field_if("set bytes", sizes.set_bytes)
            .field("loads", format!("{} with {} items", sizes.loads, sizes.items))
            .field("pilots", sizes.pilots)
            .field("runs", sizes.runs)
            .field("matches", sizes.matches)
            .field_if("head", self.head.as_ref())
            .field("ruleset", &self.ruleset)
            .table("Other nodes", ["name", "kind", "state"], peers)
    }
}

impl DoctorView {
    pub(crate) fn screen(&self) -> Screen {
        let rows = self.parts.iter().map(|part| {
            let result = match part.result {
                CheckResult::Good => "good",
                CheckResult::Attention => "attention",
                CheckResult::Bad => "BAD",
            };
            [part.check.clone(), result.to_owned(), part.found.clone(), part.hint.clone().unwrap_or_default()]
        });
        Screen::new("Doctor").table("", ["check", "result", "found", "hint"], rows)
    }
}
