//! Writes `vectors/collect.json`, `vectors/threshold.json` and `vectors/ticket.json`. The test `rounds` holds the files against
//! what this would write.

#![forbid(unsafe_code)]

#[path = "../tests/rounds/mod.rs"]
mod computed;

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let files = [
        ("collect.json", computed::collect()),
        ("threshold.json", computed::threshold()),
        ("ticket.json", computed::ticket()),
    ];
    files.iter().try_for_each(|(name, vectors)| std::fs::write(folder.join(name), format!("{vectors:#}\n")))
}
