//! The node at a glance, and what needs attention.

use cwg_engine::limits::ROSTER_RENEW_SECS;
use cwg_engine::record::NodeKind;
use cwg_engine::state::{RunPhase, State};
use cwg_protocol::UnixTime;
use cwg_protocol::charter::NotLive;
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};

use super::{Running, head_text};
use crate::describe::kind_name;
use crate::times::shown;
use crate::view::{CheckResult, DoctorPart, DoctorView, PeerLine, Sizes, StatusView, View};

/// Shows the node at a glance.
#[derive(Debug)]
pub struct StatusWork;

/// Looks for what needs attention.
#[derive(Debug)]
pub struct DoctorWork {
    now: UnixTime,
}

impl StatusWork {
    /// What the state and the daemon know.
    pub fn run(&self, state: &State, running: &Running) -> View {
        let own = state.own();
        let network = state.network();
        let roster = network.map(|network| network.roster());
        let own_key = own.map(cwg_engine::state::Own::node);
        let others = roster.into_iter().flat_map(|roster| roster.active()).filter(|entry| Some(entry.node) != own_key);
        View::Status(Box::new(StatusView {
            kind: own.map_or("none", |own| kind_name(own.kind)).to_owned(),
            name: own.map(|own| own.name.to_string()),
            address: own.map(|own| own.address.to_string()),
            fingerprint: own.map(|own| own.node().to_string()),
            transport_fingerprint: own.map(|own| own.transport_key().to_string()),
            network: network.map(|network| network.id.to_string()),
            roster_epoch: roster.map(|roster| roster.epoch().0),
            roster_valid_until: roster.map(|roster| shown(roster.body().valid_until)),
            online: running.online,
            peers: others
                .map(|entry| PeerLine {
                    name: entry.name.to_string(),
                    kind: if network.is_some_and(|network| network.hub == entry.node) { "hub" } else { "member" }
                        .to_owned(),
                    connected: running.connected.contains(&entry.node),
                })
                .collect(),
            sizes: sizes(state, running),
            head: running.head.as_ref().map(|(number, digest)| head_text(*number, digest)),
            ruleset: format!("{RULESET_ID} ({})", ruleset_hash()),
        }))
    }
}

fn sizes(state: &State, running: &Running) -> Sizes {
    let matches = state.runs().values().map(|run| match run.phase {
        RunPhase::Sealed(matches) => u64::from(matches.unwrap_or(0)),
        _ => 0,
    });
    Sizes {
        records: state.records(),
        journal_bytes: running.journal_bytes,
        set_bytes: running.set_bytes,
        loads: state.loads().len() as u64,
        items: state.loads().values().map(|load| load.items).sum(),
        pilots: state.pilots().len() as u64,
        runs: state.runs().len() as u64,
        matches: matches.sum(),
    }
}

impl DoctorWork {
    pub(crate) fn new(now: UnixTime) -> Self {
        Self { now }
    }

    /// The checks of the state, then those that the daemon adds: disk, clock, ports.
    pub fn run(&self, state: &State, running: &Running, daemon: Vec<DoctorPart>) -> View {
        let mut parts = vec![self.keys(state), self.roster(state), self.sets(state, running)];
        if state.own().is_some_and(|own| own.kind == NodeKind::Member) {
            parts.push(operators(state));
            parts.push(self.pilots(state));
        }
        parts.push(connections(state, running));
        parts.extend(daemon);
        View::Doctor(DoctorView { parts })
    }

    fn keys(&self, state: &State) -> DoctorPart {
        match state.own() {
            Some(own) => part("keys", CheckResult::Good, format!("this is a {}", kind_name(own.kind)), None),
            None => part(
                "keys",
                CheckResult::Bad,
                "this directory holds no node",
                Some("run cwg hub init or cwg member init"),
            ),
        }
    }

    fn roster(&self, state: &State) -> DoctorPart {
        let Some(network) = state.network() else {
            return part(
                "roster",
                CheckResult::Bad,
                "this node is in no network",
                Some("join with cwg member join INVITATION"),
            );
        };
        let roster = network.roster();
        let until = shown(roster.body().valid_until);
        if let Err(error) = roster.in_force(self.now) {
            let hint = "connect to the hub; check this machine's clock";
            return part("roster", CheckResult::Bad, error.to_string(), Some(hint));
        }
        if roster.body().valid_until < self.now.plus_secs(ROSTER_RENEW_SECS / 2) {
            let hint = "the hub renews it by itself; start the hub, and connect to it";
            return part(
                "roster",
                CheckResult::Attention,
                format!("epoch {} ends {until}", roster.epoch()),
                Some(hint),
            );
        }
        part("roster", CheckResult::Good, format!("epoch {} is valid until {until}", roster.epoch()), None)
    }

    fn sets(&self, state: &State, running: &Running) -> DoctorPart {
        if running.damaged_sets.is_empty() {
            return part("sets", CheckResult::Good, format!("{} loads in use", state.loads().len()), None);
        }
        let names: Vec<String> = running.damaged_sets.iter().map(ToString::to_string).collect();
        let found = format!("missing or damaged: {}", names.join(", "));
        part("sets", CheckResult::Bad, found, Some("purge these loads and load their files again"))
    }

    fn pilots(&self, state: &State) -> DoctorPart {
        let own = state.own().map(cwg_engine::state::Own::node);
        let waiting = state.pilots().values().filter(|pilot| {
            own.is_some_and(|own| pilot.charter.names(own) && !pilot.signatures.contains_key(&own))
                && pilot.live(self.now).err() != Some(NotLive::Closed)
        });
        match waiting.count() {
            0 => part("pilots", CheckResult::Good, format!("{} known, none awaits us", state.pilots().len()), None),
            count => {
                let hint = "read them with cwg pilot show, then cwg pilot sign";
                part("pilots", CheckResult::Attention, format!("{count} await our signature"), Some(hint))
            }
        }
    }
}

fn operators(state: &State) -> DoctorPart {
    if state.operators().is_empty() {
        let hint = "register the person who signs charters with cwg operator add";
        return part("operators", CheckResult::Attention, "no person has a key", Some(hint));
    }
    part("operators", CheckResult::Good, format!("{} persons have a key", state.operators().len()), None)
}

fn connections(state: &State, running: &Running) -> DoctorPart {
    if !running.online {
        return part("network", CheckResult::Attention, "the network driver does not run", Some("start cwg serve"));
    }
    let own = state.own().map(cwg_engine::state::Own::node);
    let others =
        state.network().map_or(0, |network| network.roster().active().filter(|entry| Some(entry.node) != own).count());
    let found = format!("{} of {others} other nodes are connected", running.connected.len());
    if running.connected.is_empty() && others > 0 {
        let hint = "check that the others run and that UDP passes the firewall";
        return part("network", CheckResult::Attention, found, Some(hint));
    }
    part("network", CheckResult::Good, found, None)
}

fn part(check: &str, result: CheckResult, found: impl Into<String>, hint: Option<&str>) -> DoctorPart {
    DoctorPart { check: check.to_owned(), result, found: found.into(), hint: hint.map(str::to_owned) }
}
