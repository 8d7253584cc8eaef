//! A session in which a hostile member lied before its seal has no result on the honest side: no seal, no match.

use cwg_engine::record::Entry;

use crate::world::World;

pub(super) fn check(world: &World) -> Vec<String> {
    let mut sealed = Vec::new();
    for (liar, adversary) in world.nodes.iter().enumerate().filter_map(|(n, node)| Some((n, node.hostile.as_ref()?))) {
        for (node, honest) in world.nodes.iter().enumerate().filter(|(node, _)| *node != liar) {
            for record in honest.disk.records() {
                if let Entry::RunSealed { run, receipt, .. } = &record.entry
                    && adversary.lied.contains(&receipt.session)
                {
                    sealed.push(format!("node {node} sealed run {run}, in which node {liar} lied"));
                }
            }
        }
    }
    sealed
}
