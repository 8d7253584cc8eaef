//! `cwg protocols`: each protocol with what it reveals and costs.

use cwg_app::Problem;
use cwg_protocol::psi::{PROTOCOLS, SetSizes};
use serde::Serialize;

use crate::commands::show_leakage;
use crate::output::{Output, drawn};

#[derive(Debug, Serialize)]
struct ProtocolReport {
    name: &'static str,
    number: u16,
    items_max: u32,
    leakage: cwg_app::view::LeakageView,
    cost: Vec<CostLine>,
}

#[derive(Debug, Serialize)]
struct CostLine {
    items_each_side: u32,
    bytes_to_sender: u64,
    bytes_to_receiver: u64,
    group_operations: u64,
    flights: u32,
}

/// Shows every protocol.
pub(crate) fn show(out: Output) -> Result<(), Problem> {
    let reports = PROTOCOLS
        .iter()
        .map(|protocol| {
            let cost = [1 << 10, 1 << 14, 1 << 17].map(|items| {
                let cost = protocol.cost(SetSizes { receiver: items, sender: items });
                CostLine {
                    items_each_side: items,
                    bytes_to_sender: cost.bytes_to_sender,
                    bytes_to_receiver: cost.bytes_to_receiver,
                    group_operations: cost.group_operations,
                    flights: cost.flights,
                }
            });
            Ok(ProtocolReport {
                name: protocol.name(),
                number: protocol.id().0,
                items_max: protocol.items_max(),
                leakage: cwg_app::leakage_of(protocol.name())?,
                cost: cost.into(),
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    out.json_or(&reports, |out| reports.iter().for_each(|report| draw(report, *out)))
}

fn draw(report: &ProtocolReport, out: Output) {
    out.line(&format!("{} (number {}, sets up to {} items, padding included)", report.name, report.number, report.items_max));
    show_leakage(&report.leakage, out);
    let headers = ["items each side", "bytes to sender", "bytes to receiver", "group operations", "flights"];
    let rows: Vec<Vec<String>> = report
        .cost
        .iter()
        .map(|line| {
            vec![
                line.items_each_side.to_string(),
                line.bytes_to_sender.to_string(),
                line.bytes_to_receiver.to_string(),
                line.group_operations.to_string(),
                line.flights.to_string(),
            ]
        })
        .collect();
    out.line(&drawn(&headers.map(str::to_owned), &rows));
}
