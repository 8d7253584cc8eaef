//! Protocols as people see them.

use cwg_protocol::psi::{LabelLen, PROTOCOLS, SetSizes, protocol_named};

use crate::describe::leakage_view;
use crate::problem::{Exit, Problem};
use crate::view::{CostLine, LeakageView, ProtocolView};

/// Sizes for which costs are shown.
const SIZES: [u32; 3] = [1 << 10, 1 << 14, 1 << 17];

/// Bytes of a label for which costs are shown.
const LABEL_LEN: u16 = 32;

/// What a protocol reveals.
///
/// # Errors
/// If there is no protocol of that name.
pub fn leakage_of(name: &str) -> Result<LeakageView, Problem> {
    protocol_named(name).and_then(|protocol| leakage_view(protocol.id())).ok_or_else(|| {
        Problem::new(Exit::Usage, "unknown-protocol", "no protocol has this name", "cwg protocols lists them")
    })
}

/// Every protocol with what it reveals, under which assumption, and what it costs.
pub fn protocols() -> Vec<ProtocolView> {
    PROTOCOLS
        .iter()
        .filter_map(|protocol| {
            let label_len = protocol.carries_labels().then_some(LABEL_LEN);
            let cost = SIZES.map(|items| {
                let label_len = label_len.and_then(LabelLen::new).unwrap_or_default();
                let cost = protocol.cost(SetSizes { receiver: items, sender: items, label_len });
                CostLine {
                    items_each_side: items,
                    bytes_to_sender: cost.bytes_to_sender,
                    bytes_to_receiver: cost.bytes_to_receiver,
                    group_operations: cost.group_operations,
                    flights: cost.flights,
                }
            });
            Some(ProtocolView {
                name: protocol.name().to_owned(),
                number: protocol.id().0,
                items_max: protocol.items_max(),
                label_len,
                leakage: leakage_view(protocol.id())?,
                cost: cost.into(),
            })
        })
        .collect()
}
