//! The figures of one measurement, as JSON and as a row of a table.

use serde::Serialize;

use super::plan::Measurement;
use super::side::Figures;
use crate::output::{Output, drawn};

/// One measurement. The names are what `--json` prints; seconds, 10^6 bytes, bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) protocol: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) receiver_items: u32,
    pub(crate) sender_items: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label_len: Option<usize>,
    pub(crate) matches: Option<usize>,
    pub(crate) wall_s: f64,
    pub(crate) receiver_cpu_s: f64,
    pub(crate) sender_cpu_s: f64,
    pub(crate) receiver_rss_mb: Option<f64>,
    pub(crate) sender_rss_mb: Option<f64>,
    pub(crate) bytes_to_sender: u64,
    pub(crate) bytes_to_receiver: u64,
    pub(crate) bits_per_item: f64,
}

impl Row {
    /// The row of what both sides measured.
    pub(crate) fn of(measurement: &Measurement, receiver: &Figures, sender: &Figures) -> Self {
        let (bytes_to_sender, bytes_to_receiver) = (receiver.bytes_sent, sender.bytes_sent);
        let larger = measurement.receiver_items.max(measurement.sender_items);
        Self {
            protocol: measurement.protocol.name(),
            profile: measurement.profile(),
            receiver_items: measurement.receiver_items,
            sender_items: measurement.sender_items,
            label_len: (!measurement.label_len.is_none()).then_some(measurement.label_len.bytes()),
            matches: receiver.matches,
            wall_s: receiver.wall_s,
            receiver_cpu_s: receiver.cpu_s,
            sender_cpu_s: sender.cpu_s,
            receiver_rss_mb: receiver.rss_mb,
            sender_rss_mb: sender.rss_mb,
            bytes_to_sender,
            bytes_to_receiver,
            bits_per_item: 8.0 * (bytes_to_sender + bytes_to_receiver) as f64 / f64::from(larger),
        }
    }

    fn cells(&self) -> Vec<String> {
        let mb = |rss: Option<f64>| rss.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.0}"));
        vec![
            self.protocol.to_owned(),
            self.profile.to_owned(),
            self.receiver_items.to_string(),
            self.sender_items.to_string(),
            self.matches.map_or_else(|| "-".to_owned(), |matches| matches.to_string()),
            format!("{:.3}", self.wall_s),
            format!("{:.3}", self.receiver_cpu_s),
            format!("{:.3}", self.sender_cpu_s),
            mb(self.receiver_rss_mb),
            mb(self.sender_rss_mb),
            self.bytes_to_sender.to_string(),
            self.bytes_to_receiver.to_string(),
            format!("{:.0}", self.bits_per_item),
        ]
    }
}

/// Draws the rows as a table.
pub(crate) fn draw(rows: &[Row], out: Output) {
    let headers = [
        "protocol",
        "profile",
        "items of\nreceiver",
        "items of\nsender",
        "matches",
        "wall\ns",
        "processor s\nreceiver",
        "processor s\nsender",
        "peak MB\nreceiver",
        "peak MB\nsender",
        "bytes to\nsender",
        "bytes to\nreceiver",
        "bits per\nitem",
    ];
    let rows: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    out.line(&drawn(&headers.map(str::to_owned), &rows));
}
