//! The rules of `ARCHITECTURE.md`, checked on the manifests and the sources of this workspace.

mod lexer;
mod manifests;
mod rules;
mod sources;

use std::collections::BTreeSet;

use manifests::{Package, packages};
use rules::Breach;
use sources::{Source, root, sources};

/// Folder, package, and the packages of this workspace it may depend on. `ARCHITECTURE.md` prints the same table.
const FOLDERS: &[(&str, &str, &[&str])] = &[
    ("crypto", "cwg-crypto", &[]),
    ("protocol", "cwg-protocol", &["cwg-crypto"]),
    ("node/engine", "cwg-engine", &["cwg-crypto", "cwg-protocol"]),
    ("node/store", "cwg-store", &["cwg-crypto", "cwg-protocol", "cwg-engine"]),
    ("node/net", "cwg-net", &["cwg-crypto", "cwg-protocol", "cwg-engine"]),
    ("node/rows", "cwg-rows", &[]),
    ("node/app", "cwg-app", &["cwg-crypto", "cwg-protocol", "cwg-engine", "cwg-rows"]),
    ("node/cwg", "cwg", &["cwg-crypto", "cwg-protocol", "cwg-engine", "cwg-store", "cwg-net", "cwg-app"]),
    ("simulator", "cwg-simulator", &["cwg-crypto", "cwg-protocol", "cwg-engine"]),
    (
        "tests",
        "cwg-tests",
        &[
            "cwg-crypto",
            "cwg-protocol",
            "cwg-engine",
            "cwg-store",
            "cwg-net",
            "cwg-rows",
            "cwg-app",
            "cwg",
            "cwg-simulator",
        ],
    ),
];

/// Crates that only some packages may depend on and name.
const HOMES: &[(&str, &[&str])] = &[
    ("curve25519-dalek", &["cwg-crypto"]),
    ("ed25519-dalek", &["cwg-crypto"]),
    ("bincode", &["cwg-protocol"]),
    ("sled", &["cwg-store"]),
    ("parquet", &["cwg-rows"]),
    ("quinn", &["cwg-net"]),
    ("rustls", &["cwg-net"]),
    ("socket2", &["cwg-net"]),
    ("tokio", &["cwg-net", "cwg"]),
    ("rayon", &["cwg"]),
    ("clap", &["cwg"]),
    ("getrandom", &["cwg-store", "cwg-app", "cwg"]),
];

/// Folders without socket, file, thread, async, clock, environment or entropy.
const PURE: &[&str] = &["crypto/src/", "protocol/src/", "node/engine/src/"];

const FILE_LINES_MAX: usize = 800;

/// Fails with every breach, each at its place.
fn demand(rule: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

fn scan<'a>(among: impl IntoIterator<Item = &'a Source>, rule: impl Fn(&str) -> Vec<Breach>) -> Vec<String> {
    let found = among.into_iter().flat_map(|source| {
        rule(&source.text).into_iter().map(|(line, what)| format!("{}:{line}: {what}", source.path))
    });
    found.collect()
}

fn folder_of(package: &str) -> &'static str {
    FOLDERS.iter().find(|(_, name, _)| *name == package).map_or("", |(folder, ..)| folder)
}

fn arrow_breaches(package: &Package) -> Vec<String> {
    let Some((_, _, allowed)) = FOLDERS.iter().find(|(_, name, _)| *name == package.name) else {
        return vec![format!("{} stands in no table of folders", package.name)];
    };
    let ours: BTreeSet<&str> = FOLDERS.iter().map(|(_, name, _)| *name).collect();
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        if ours.contains(name) && !allowed.contains(&name) {
            found.push(format!("{} depends on {name}", package.name));
        }
        let home = HOMES.iter().find(|(crate_, _)| *crate_ == name && !dependency.dev);
        if home.is_some_and(|(_, homes)| !homes.contains(&package.name.as_str())) {
            found.push(format!("{} depends on {name}, whose home is elsewhere", package.name));
        }
    }
    found
}

#[test]
fn dependencies_run_only_as_the_table_of_folders_says() {
    demand("arrows", packages().iter().flat_map(arrow_breaches).collect());
}

#[test]
fn an_arrow_against_the_table_is_found() {
    let package = |name: &str, on: &str, dev| Package {
        name: name.into(),
        folder: String::new(),
        dependencies: vec![manifests::Dependency { name: on.into(), ident: on.replace('-', "_"), dev }],
    };
    for (name, on, dev, broken) in [
        ("cwg-crypto", "cwg-protocol", false, true),
        ("cwg-protocol", "cwg-crypto", false, false),
        ("cwg-engine", "cwg-store", true, true),
        ("cwg-engine", "tokio", false, true),
        ("cwg-net", "tokio", false, false),
        ("cwg-app", "sled", false, true),
        ("cwg-new", "serde", false, true),
    ] {
        assert_eq!(!arrow_breaches(&package(name, on, dev)).is_empty(), broken, "{name} on {on}");
    }
}

#[test]
fn the_folders_are_those_of_the_table_and_of_the_architecture_page() {
    let table: BTreeSet<(String, String)> =
        FOLDERS.iter().map(|(folder, name, _)| ((*folder).to_owned(), (*name).to_owned())).collect();
    let real: BTreeSet<(String, String)> = packages().into_iter().map(|p| (p.folder, p.name)).collect();
    assert_eq!(table, real, "the table in this test and the workspace");
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    assert_eq!(folders_of_page(&page), table, "ARCHITECTURE.md and the workspace");
    for (folder, _, allowed) in FOLDERS {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{folder}/` |"))).expect("compared above");
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        for name in *allowed {
            let short = name.strip_prefix("cwg-").unwrap_or(name);
            let said = last.split([',', ' ']).any(|word| word == short)
                || last.contains("anything")
                || last.contains("all above");
            assert!(said, "ARCHITECTURE.md does not say that {folder} may depend on {short}");
        }
    }
    assert!(page.lines().count() < 200, "ARCHITECTURE.md stays under 200 lines");
}

/// Folder and package of each row of the page's table.
fn folders_of_page(page: &str) -> BTreeSet<(String, String)> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let folder = cells.next()?.strip_suffix("/`")?;
        let package = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((folder.to_owned(), package.to_owned()))
    });
    rows.collect()
}

#[test]
fn a_missing_row_of_the_page_is_seen() {
    let page = "| folder | package |\n| `crypto/` | `cwg-crypto` | x | y |\ntext `protocol/`\n";
    assert_eq!(folders_of_page(page), [("crypto".to_owned(), "cwg-crypto".to_owned())].into());
}

#[test]
fn crypto_protocol_and_engine_are_pure() {
    let all = sources();
    let pure = all.iter().filter(|source| !source.test && PURE.iter().any(|folder| source.path.starts_with(folder)));
    demand("purity", scan(pure, rules::impurities));
}

#[test]
fn the_engine_does_not_ask_whether_it_is_simulated() {
    let all = sources();
    let engine = all
        .iter()
        .filter(|s| !s.test && (s.path.starts_with("node/engine/src/") || s.path.starts_with("protocol/src/")));
    demand("no question about the simulator", scan(engine, rules::asks_whether_simulated));
}

#[test]
fn unsafe_stands_in_crypto_simd_alone() {
    let all = sources();
    demand("unsafe", scan(all.iter().filter(|s| !s.path.starts_with("crypto/src/simd/")), rules::unsafes));
    let has_simd = root().join("crypto/src/simd").exists();
    let open: Vec<String> = all
        .iter()
        .filter(|s| s.path.ends_with("src/lib.rs") || s.path.ends_with("src/main.rs"))
        .filter(|s| rules::has_code(&s.text))
        .filter(|s| !rules::forbids_unsafe(&s.text, has_simd && s.path == "crypto/src/lib.rs"))
        .map(|s| s.path.clone())
        .collect();
    demand("crate roots without #![forbid(unsafe_code)]", open);
}

#[test]
fn each_crate_is_named_in_its_home_only() {
    let all = sources();
    let mut found =
        scan(all.iter().filter(|s| s.path != "protocol/src/wire/codec.rs"), |text| rules::names_crate(text, "bincode"));
    for (name, homes) in HOMES {
        let inside = |s: &&Source| homes.iter().any(|home| s.path.starts_with(&format!("{}/", folder_of(home))));
        found.extend(scan(all.iter().filter(|s| !s.test && !inside(s)), |text| rules::names_crate(text, name)));
    }
    demand("homes", found);
}

#[test]
fn console_and_rendering_name_no_engine_or_protocol_type() {
    let all = sources();
    let views = |s: &&Source| s.path.starts_with("node/console/") || s.path.starts_with("node/cwg/src/render");
    for name in ["cwg-engine", "cwg-protocol", "cwg-crypto"] {
        demand("views", scan(all.iter().filter(views), |text| rules::names_crate(text, name)));
    }
}

#[test]
fn names_have_no_banned_words() {
    demand("banned words", scan(sources().iter().filter(|s| !s.test), rules::banned_names));
}

#[test]
fn nothing_is_unfinished_or_ignored() {
    demand("unfinished", scan(&sources(), rules::unfinished));
}

#[test]
fn domain_strings_stand_in_one_file() {
    let all = sources();
    let elsewhere = all.iter().filter(|s| !s.test && s.path != "crypto/src/domain.rs");
    demand("domain strings", scan(elsewhere, rules::stray_domains));
    let table = all.iter().find(|s| s.path == "crypto/src/domain.rs").expect("the table is there");
    assert!(!rules::stray_domains(&table.text).is_empty(), "the scan sees the table's own strings");
}

#[test]
fn no_file_is_longer_than_800_lines() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|s| too_long(&s.text))
        .map(|s| format!("{}: {} lines", s.path, s.text.lines().count()))
        .collect();
    demand("length", long);
    assert!(too_long(&"\n".repeat(FILE_LINES_MAX + 1)) && !too_long(&"\n".repeat(FILE_LINES_MAX)));
}

fn too_long(text: &str) -> bool {
    text.lines().count() > FILE_LINES_MAX
}

/// Dependencies of a package that none of its sources names. A crate without code yet is not judged.
fn unused(package: &Package, own: &[&Source]) -> Vec<String> {
    let written = own.iter().any(|s| s.path.contains("/src/") && rules::has_code(&s.text));
    let unnamed = package
        .dependencies
        .iter()
        .filter(|dependency| written && own.iter().all(|s| rules::names_crate(&s.text, &dependency.ident).is_empty()));
    unnamed.map(|dependency| format!("{} does not use {}", package.name, dependency.name)).collect()
}

#[test]
fn every_dependency_is_used() {
    let all = sources();
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for package in packages() {
        let own: Vec<&Source> = all.iter().filter(|s| s.path.starts_with(&format!("{}/", package.folder))).collect();
        found.extend(unused(&package, &own));
        used.extend(package.dependencies.iter().map(|dependency| dependency.name.clone()));
    }
    let listed = manifests::workspace_dependencies();
    found.extend(listed.difference(&used).map(|name| format!("no package uses {name} of the root manifest")));
    demand("dependencies", found);
}

#[test]
fn an_unused_dependency_is_found() {
    let source = |text: &str| Source { path: "x/src/lib.rs".into(), text: text.into(), test: false };
    let package = Package {
        name: "x".into(),
        folder: "x".into(),
        dependencies: vec![manifests::Dependency { name: "a-b".into(), ident: "a_b".into(), dev: false }],
    };
    assert!(unused(&package, &[&source("use a_b::C;")]).is_empty());
    assert!(!unused(&package, &[&source("// a_b\nuse ab::C;")]).is_empty());
    assert!(unused(&package, &[&source("//! Nothing yet.")]).is_empty());
}

#[test]
fn every_dependency_has_its_line_in_the_decision_record() {
    let adr = std::fs::read_to_string(root().join("docs/adr/0012-dependencies.md")).expect("the record is there");
    let said: BTreeSet<&str> =
        adr.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name)).collect();
    let listed = manifests::workspace_dependencies();
    let missing = listed.iter().filter(|name| !name.starts_with("cwg-") && !said.contains(name.as_str()));
    demand("dependencies without a reason", missing.cloned().collect());
    demand(
        "reasons without a dependency",
        said.iter().filter(|name| !listed.contains(**name)).map(|name| (*name).to_owned()).collect(),
    );
}

/// Files that a page names in backquotes and that are not there.
fn dead_paths(page: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let quoted = page.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|text| {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let ours = ["crypto/", "protocol/", "node/", "simulator/", "tests/", "docs/", ".ci/"];
        plain && ours.iter().any(|folder| text.starts_with(folder))
    });
    paths.filter(|path| !exists(path) && !PLANNED.contains(path)).map(str::to_owned).collect()
}

/// Places that rules speak of before they exist.
const PLANNED: &[&str] = &["crypto/src/simd/", "docs/spec/NAME.md"];

#[test]
fn the_files_that_pages_name_are_there() {
    let mut found = Vec::new();
    for page in ["ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "docs/leakage.md", "docs/operations.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        let dead = dead_paths(&text, |path| root().join(path).exists());
        found.extend(dead.into_iter().map(|path| format!("{page} names {path}")));
    }
    demand("dead paths", found);
    assert_eq!(dead_paths("see `docs/gone.md`, `a/b` and docs/x.md, `docs/x y.md`", |_| false), ["docs/gone.md"]);
}
