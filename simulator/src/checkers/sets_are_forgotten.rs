//! When no session is under way, no driver keeps a set for one: memory and disk are not used up by sessions that are over.

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let kept = world.nodes.iter().map(|node| node.book.as_ref().map_or(0, |book| book.gathered()));
    let kept = kept.enumerate().filter(|(_, kept)| *kept > 0);
    kept.map(|(node, kept)| format!("node {node} still keeps {kept} sets")).collect()
}
