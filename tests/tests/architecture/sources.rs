//! The sources of this workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lexer::{lexemes, without_tests};

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether it is compiled for tests and benchmarks only.
    pub(crate) test: bool,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().expect("tests/ lies in the root").to_owned()
}

/// Every Rust file below the root, ours alone.
pub(crate) fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    for folder in ["crypto", "protocol", "node", "simulator", "tests"] {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 20, "the sources are where this test looks for them");
    let test_files: BTreeSet<String> = found.iter().flat_map(test_modules).collect();
    for source in &mut found {
        let below =
            |module: &String| source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"));
        source.test = ["tests", "benches", "examples", "fuzz"].iter().any(|folder| {
            source.path.starts_with(&format!("{folder}/")) || source.path.contains(&format!("/{folder}/"))
        }) || test_files.iter().any(below);
    }
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(root, &path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            let relative = path.strip_prefix(root).expect("below the root");
            found.push(Source { path: relative.display().to_string(), text, test: false });
        }
    }
}

/// Paths, without `.rs`, of the modules that a file declares under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let stem = source.path.strip_suffix(".rs").expect("collected by it");
    let folder = match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod")) => folder,
        _ => stem,
    };
    without_tests(&lexemes(&source.text)).1.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn test_modules_in_files_of_their_own_are_told_apart() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into(), test: false };
    let declared = "mod a;\n#[cfg(test)]\nmod faults;\n#[cfg(test)]\nmod tests { mod x; }\n";
    assert_eq!(test_modules(&source("node/store/src/lib.rs", declared)), ["node/store/src/faults"]);
    assert_eq!(test_modules(&source("protocol/src/roster.rs", declared)), ["protocol/src/roster/faults"]);
}
