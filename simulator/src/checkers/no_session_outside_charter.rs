//! When a session is charged, its charter is signed by all and within its dates, allows kinds, roles and learner, and
//! the peer is on the roster in force; a lighthouse run is a member's with its hub, over the newest release, which is in force. Held
//! against the records before it.

use cwg_engine::record::{Entry, NodeKind, RunPlan};
use cwg_engine::state::State;
use cwg_protocol::UnixTime;
use cwg_protocol::charter::RunKind;
use cwg_protocol::session::Learns;

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut outside = Vec::new();
    for (node, simulated) in world.nodes.iter().enumerate() {
        let mut state = State::default();
        for record in simulated.disk.records() {
            if let Entry::SessionCharged { plan, .. } = &record.entry
                && let Some(why) = fault(&state, plan, record.at)
            {
                outside.push(format!("node {node} charged a session of run {} although {why}", plan.run));
            }
            if let Err(misfit) = state.apply(record) {
                outside.push(format!("node {node}: {misfit}"));
                break;
            }
        }
    }
    outside
}

fn fault(state: &State, plan: &RunPlan, at: UnixTime) -> Option<&'static str> {
    let Some(own) = state.own() else { return Some("it has no keys") };
    let Some(pilot) = state.pilots().get(&plan.pilot) else { return Some("it knows no such pilot") };
    let body = pilot.charter.body();
    let in_charter = |node| body.members.contains(&node);
    let allowed = |(kind, roles): &(_, cwg_protocol::indicator::Roles)| {
        body.kinds.iter().any(|entry| entry.kind == *kind && entry.roles.union(*roles) == entry.roles)
    };
    let signed = body.members.iter().all(|member| pilot.signatures.contains_key(member));
    let roster = state.network().map(|network| network.roster());
    let (kind, hub) = (plan.kind(), state.network().map(|network| network.hub));
    let own_is_hub = own.kind == NodeKind::Hub;
    let named = if kind == RunKind::Lighthouse {
        let member = if own_is_hub { plan.peer } else { own.node() };
        in_charter(member) && (own_is_hub || hub == Some(plan.peer))
    } else {
        in_charter(own.node()) && in_charter(plan.peer)
    };
    let learner = if kind == RunKind::Lighthouse { &[Learns::Proposer][..] } else { &body.learns };
    let current = state.lighthouse().current();
    let over_current = plan.lighthouse.as_ref().is_none_or(|over| {
        current.is_some_and(|current| current.seen == over.release && at <= current.body.valid_until)
    });
    let faults = [
        (own_is_hub && kind != RunKind::Lighthouse, "it is the hub"),
        (!over_current, "its release is not the newest, or has expired"),
        (pilot.charter.digest() != plan.charter, "the charter is another"),
        (!signed, "not all have signed"),
        (at < body.opens || at > body.closes, "the charter is not within its dates"),
        (!body.runs.contains(&kind), "runs of its kind are not allowed"),
        (!learner.contains(&plan.learns), "the learner is not allowed"),
        (!plan.selection.0.iter().all(allowed), "the selection is not allowed"),
        (!named, "it does not name who it must"),
        (plan.peer == own.node(), "the peer is itself"),
        (state.active(plan.peer).is_none(), "the peer is not on the roster"),
        (roster.is_none_or(|roster| roster.in_force(at).is_err()), "the roster is not in force"),
    ];
    faults.into_iter().find(|(holds, _)| *holds).map(|(_, why)| why)
}
