//! Writes `vectors/ot.json`. The test `ot` holds the file against what this would write.

#![forbid(unsafe_code)]

#[path = "../tests/ot/mod.rs"]
mod computed;

fn main() -> std::io::Result<()> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/ot.json");
    std::fs::write(file, format!("{:#}\n", computed::vectors()))
}
