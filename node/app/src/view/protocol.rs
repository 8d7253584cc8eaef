//! Protocols: what each reveals and costs.

use serde::{Deserialize, Serialize};

use super::LeakageView;

/// One protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolView {
    /// Its name.
    pub name: String,
    /// Its number on the wire.
    pub number: u16,
    /// Largest set of either side, padding included.
    pub items_max: u32,
    /// What it reveals, and under which assumption the rest holds.
    pub leakage: LeakageView,
    /// Bytes of a label for which the cost is given, for a protocol that carries labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_len: Option<u16>,
    /// What it costs, for some sizes.
    pub cost: Vec<CostLine>,
}

/// The cost of one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// Items of each side, padding included.
    pub items_each_side: u32,
    /// Bytes from receiver to sender.
    pub bytes_to_sender: u64,
    /// Bytes from sender to receiver.
    pub bytes_to_receiver: u64,
    /// Multiplications in the group, both sides.
    pub group_operations: u64,
    /// Changes of direction.
    pub flights: u32,
}
