//! Dialing: whom this node should be connected with, when it tries again, and when it takes a no for an answer.

use std::collections::BTreeSet;

use cwg_protocol::NodeKey;

use crate::Engine;
use crate::io::{DialFailure, Effect, Level, Ticket};
use crate::limits::{REDIAL_MAX_MS, REDIAL_MIN_MS, REFUSALS_MAX};
use crate::peers::{Conn, Phase};

/// Why a dial was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialing {
    Node(NodeKey),
    Join,
}

/// When to dial a node again, and what became of it so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redial {
    at_ms: u64,
    wait_ms: u64,
    /// How often one of the two has refused the other since the last good hello.
    refusals: u32,
}

impl Engine {
    pub(crate) fn on_dial_failed(&mut self, ticket: Ticket, failure: DialFailure) {
        let code = match failure {
            DialFailure::Unresolved => "address-unresolved",
            DialFailure::Unreachable => "unreachable",
            DialFailure::Refused => "handshake-refused",
            DialFailure::Busy => "peer-busy",
        };
        match self.dials.remove(&ticket) {
            Some(Dialing::Join) => self.join_failed(code),
            Some(Dialing::Node(node)) => {
                self.push(Effect::Log(Level::Info, code));
                self.redial_later(node);
                if failure == DialFailure::Refused {
                    self.turned_away(node, code);
                }
            }
            None => {}
        }
    }

    /// A node whose connections end soon after they stand is dialed less and less often, as one that cannot be reached.
    pub(crate) fn wait_before_redial(&mut self, conn: &Conn, refusal: Option<&'static str>) {
        let Some(node) = self.state.network().and_then(|network| network.roster().active_by_transport(conn.key)) else {
            return;
        };
        let node = node.node;
        let lasted = conn.ready_ms.is_some_and(|since| self.now.mono_ms.saturating_sub(since) >= REDIAL_MAX_MS);
        if lasted {
            self.redial.remove(&node);
        }
        self.redial_later(node);
        if let (Some(code), Phase::AwaitHello) = (refusal, conn.phase) {
            self.turned_away(node, code);
        }
    }

    fn redial_later(&mut self, node: NodeKey) {
        let last = self.redial.get(&node);
        let wait_ms = last.map_or(REDIAL_MIN_MS, |last| (2 * last.wait_ms).min(REDIAL_MAX_MS));
        let refusals = last.map_or(0, |last| last.refusals);
        self.redial.insert(node, Redial { at_ms: self.now.mono_ms + wait_ms, wait_ms, refusals });
    }

    /// One refusal may be a roster that is on its way. Several are an answer, and whoever waits for a run is given it.
    fn turned_away(&mut self, node: NodeKey, code: &'static str) {
        let Some(redial) = self.redial.get_mut(&node) else { return };
        redial.refusals += 1;
        if redial.refusals >= REFUSALS_MAX {
            self.end_runs_that_await(|peer| peer == node, code);
        }
    }

    /// Both have said hello.
    pub(crate) fn let_in(&mut self, node: NodeKey) {
        if let Some(redial) = self.redial.get_mut(&node) {
            redial.refusals = 0;
        }
    }

    /// An operator wants this node reached: without delay, whatever became of it before.
    pub(crate) fn dial_at_once(&mut self, node: NodeKey) {
        self.redial.remove(&node);
    }

    /// Runs with members that are not, or no longer, on the roster cannot begin.
    pub(crate) fn end_runs_with_strangers(&mut self) {
        let Some(network) = self.state.network() else { return };
        let active: BTreeSet<NodeKey> = network.roster().active().map(|node| node.node).collect();
        self.end_runs_that_await(|peer| !active.contains(&peer), "peer-not-on-roster");
    }

    /// Dials whom this node should be connected with: a member its hub, and any peer of a session that waits.
    pub(crate) fn keep_dialing(&mut self) {
        for node in self.wanted() {
            let dialing = self.dials.values().any(|why| *why == Dialing::Node(node));
            let waits = self.redial.get(&node).is_some_and(|redial| redial.at_ms > self.now.mono_ms);
            let Some(entry) = self.state.active(node) else { continue };
            // Under way already, or a connection that has not said hello yet.
            let coming = self.conns.values().any(|conn| conn.key == entry.transport);
            if dialing || waits || coming || entry.address.is_empty() {
                continue;
            }
            let (address, key) = (entry.address.to_string(), entry.transport);
            self.dial(&address, key, None, Dialing::Node(node));
        }
    }

    fn wanted(&self) -> Vec<NodeKey> {
        let hub = self.state.hub().filter(|_| !self.is_hub());
        let peers = self.sessions.values().filter(|active| active.awaits_peer()).map(|active| active.peer);
        let of_groups = self.wanted_for_rounds().into_iter().chain(self.wanted_for_counts());
        let mut wanted: Vec<NodeKey> = hub.into_iter().chain(peers).chain(of_groups).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    pub(crate) fn next_redial(&self) -> Option<u64> {
        // What is past was acted on, or a dial or a connection is under way: it is no deadline any more.
        let due = self.wanted().into_iter().filter_map(|node| self.redial.get(&node)).map(|redial| redial.at_ms);
        due.filter(|at_ms| *at_ms > self.now.mono_ms).min()
    }
}
