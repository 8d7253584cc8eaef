//! Whoever a node's own roster revokes has no connection with it: none is made, and none stands at the end with any node
//! that knows the newest roster.

use std::collections::BTreeSet;

use cwg_protocol::roster::Status;
use cwg_protocol::{NodeKey, TransportKey};

use crate::world::{HUB, World};

pub(super) fn check(world: &World) -> Vec<String> {
    let Some(network) = world.state(HUB).and_then(|state| state.network()) else { return Vec::new() };
    let revoked: BTreeSet<TransportKey> = network
        .roster()
        .body()
        .members
        .iter()
        .filter(|entry| entry.status == Status::Revoked)
        .map(|entry| entry.transport)
        .collect();
    let epoch = network.roster().epoch();
    let mut standing = Vec::new();
    for (node, key) in world.standing() {
        let up_to_date =
            world.state(node).and_then(|state| state.network()).is_some_and(|known| known.roster().epoch() == epoch);
        if up_to_date && revoked.contains(&key) {
            standing.push(format!("node {node} is connected with a revoked member"));
        }
    }
    standing
}

impl World {
    /// A listener completed a handshake with the holder of this key.
    pub(crate) fn note_connection(&mut self, listener: usize, key: TransportKey) {
        let revoked = self.state(listener).and_then(|state| state.network()).is_some_and(|network| {
            let members = &network.roster().body().members;
            members.iter().any(|entry| entry.transport == key && entry.status == Status::Revoked)
        });
        // The allow list follows the roster as soon as the roster is durable.
        let durable = self.nodes[listener].allow_is_current();
        if revoked && durable {
            self.breach("revoked_cannot_connect", format!("node {listener} completed a handshake with a revoked key"));
        }
    }

    /// After every input: whom the engine calls connected is active on its own roster.
    pub(crate) fn check_connected(&mut self, node: usize) {
        let Some(engine) = self.engine(node) else { return };
        let gone = |peer: &NodeKey| engine.state().active(*peer).is_none();
        if engine.connected().any(|peer| gone(&peer)) {
            self.breach("revoked_cannot_connect", format!("node {node} keeps a peer that is not on its roster"));
        }
    }
}
