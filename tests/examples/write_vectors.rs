//! Writes `docs/spec/vectors/`. The test `specification` holds the files against what this would write.

#![forbid(unsafe_code)]

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec/vectors");
    std::fs::create_dir_all(&folder)?;
    for (name, value) in cwg_tests::vectors::files() {
        std::fs::write(folder.join(name), format!("{value:#}\n"))?;
    }
    Ok(())
}
