//! Writes `vectors/okvs.json` and `vectors/expand-convolute.json`. The test `linear` holds the files against what this would
//! write.

#![forbid(unsafe_code)]

#[path = "../tests/linear/mod.rs"]
mod computed;

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    std::fs::write(folder.join("okvs.json"), format!("{:#}\n", computed::okvs()))?;
    std::fs::write(folder.join("expand-convolute.json"), format!("{:#}\n", computed::expand_convolute()))
}
