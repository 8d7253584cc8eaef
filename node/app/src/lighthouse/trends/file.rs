//! The file in which the hub keeps the trends that it released last. They are public; what matters is that they are those.

use cwg_protocol::lighthouse::Trends;

use crate::{Exit, Problem};

/// The text of the file.
pub fn write_trends(trends: &Trends) -> String {
    let mut text = serde_json::to_string_pretty(trends).expect("figures are written as JSON");
    text.push('\n');
    text
}

/// Reads the file.
///
/// # Errors
/// If it is no such file; the problem names the line.
pub fn read_trends(text: &str) -> Result<Trends, Problem> {
    serde_json::from_str(text).map_err(|error| {
        Problem::new(
            Exit::BadInput,
            "trends-malformed",
            format!("line {} of the trends released last cannot be read", error.line()),
            "give the file that was written when trends were last released, unchanged",
        )
    })
}
