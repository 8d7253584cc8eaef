//! Public files used for their formats and their mess. They lie outside the repository and may be absent.

use std::fs;

/// The text of a file of the shared folder; without it, says so and gives nothing.
pub(crate) fn read(name: &str) -> Option<String> {
    let path = format!("{}/../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).ok();
    if text.is_none() {
        println!("skipped: {name} is not in the shared folder of test files");
    }
    text
}
