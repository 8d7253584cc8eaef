//! Writes the sample files: `cargo run -p cwg-app --example samples`. A test holds the committed ones equal to these.

mod generate;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for (name, bytes) in generate::files() {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
