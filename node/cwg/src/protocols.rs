//! `cwg protocols`: each protocol with what it reveals and costs.

use cwg_app::Problem;
use cwg_app::view::ProtocolView;

use crate::commands::show_leakage;
use crate::output::{Output, drawn};

/// Shows every protocol.
pub(crate) fn show(out: Output) -> Result<(), Problem> {
    let protocols = cwg_app::protocols();
    out.json_or(&protocols, |out| protocols.iter().for_each(|protocol| draw(protocol, *out)))
}

fn draw(report: &ProtocolView, out: Output) {
    out.line(&format!(
        "{} (number {}, sets up to {} items, padding included)",
        report.name, report.number, report.items_max
    ));
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
    if let Some(label_len) = report.label_len {
        out.line(&format!("with a label of {label_len} bytes for each item of the sender:"));
    }
    out.line(&drawn(&headers.map(str::to_owned), &rows));
}
