//! The manifests, as cargo reads them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::sources::root;

/// A package of this workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the root.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A direct dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// As its package is called, or as the manifest renames it.
    pub(crate) name: String,
    /// As sources name it.
    pub(crate) ident: String,
    pub(crate) dev: bool,
}

/// Packages whose library has another name.
const LIBRARIES: &[(&str, &str)] = &[("iban_validate", "iban")];

/// Every package of the workspace.
pub(crate) fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    metadata["packages"].as_array().expect("a list of packages").iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let manifest = text(&value["manifest_path"]);
    let folder = manifest
        .strip_prefix(&format!("{}/", root().display()))
        .and_then(|path| path.strip_suffix("/Cargo.toml"))
        .expect("packages lie below the root");
    let dependencies = value["dependencies"].as_array().expect("a list of dependencies").iter().map(|dependency| {
        let name = dependency["rename"].as_str().map_or_else(|| text(&dependency["name"]), str::to_owned);
        let library = LIBRARIES.iter().find(|(package, _)| *package == name).map(|(_, library)| *library);
        let ident = library.map_or_else(|| name.replace('-', "_"), str::to_owned);
        Dependency { ident, name, dev: dependency["kind"] == "dev" }
    });
    Package { name: text(&value["name"]), folder: folder.to_owned(), dependencies: dependencies.collect() }
}

/// Names under `[workspace.dependencies]` of the root manifest.
pub(crate) fn workspace_dependencies() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest is there");
    let section = manifest.split("[workspace.dependencies]\n").nth(1).expect("the section is there");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().to_owned()));
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}
