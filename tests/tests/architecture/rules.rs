//! The rules as functions from a source to the places where it breaks them. Each can fail: see the tests below.

use crate::lexer::{Lexeme, What, after_group, lexemes, paths, without_tests};

/// A place that breaks a rule: a line and what stands there.
pub(crate) type Breach = (usize, String);

/// What a pure crate may name of the standard library's and others' worlds: nothing of this.
const IMPURE: &[&str] = &[
    "std::net",
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "std::io",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::mpsc",
    "tokio",
    "futures",
    "async_std",
    "rayon",
    "getrandom",
    "rand",
    "rand_core::OsRng",
    "sled",
    "quinn",
    "rustls",
    "socket2",
    "tracing",
    "tempfile",
];

/// Last parts of paths by which time or entropy could come in unseen.
const IMPURE_ENDS: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "OsRng",
    "SysRng",
    "thread_rng",
    "from_os_rng",
];

/// Words that no name of ours has (style guide, glossary).
const BANNED: &[&str] = &[
    "context", "manager", "handler", "helper", "helpers", "utils", "util", "data", "info", "process", "token", "server",
];

/// Sockets, files, threads, async, clocks, environment, entropy, outside of tests.
pub(crate) fn impurities(source: &str) -> Vec<Breach> {
    let (shipped, _) = without_tests(&lexemes(source));
    let mut found: Vec<Breach> = paths(&shipped)
        .into_iter()
        .filter(|(_, path)| {
            // Addresses of `core::net` are values; the sockets are in `std::net` alone.
            let twin = path.strip_prefix("core::").filter(|rest| rest.split("::").next() != Some("net"));
            let path = twin.map_or(path.clone(), |rest| format!("std::{rest}"));
            let inside = |root: &&str| path == **root || path.starts_with(&format!("{root}::"));
            IMPURE.iter().any(inside) || IMPURE_ENDS.iter().any(|end| path.ends_with(end))
        })
        .collect();
    let keywords = ["async", "await", "extern"];
    found.extend(shipped.iter().filter_map(|l| {
        let word = l.word().filter(|word| keywords.contains(word))?;
        Some((l.line, word.to_owned()))
    }));
    found
}

/// Paths into a crate that has another home.
pub(crate) fn names_crate(source: &str, home_of: &str) -> Vec<Breach> {
    let root = home_of.replace('-', "_");
    paths(&lexemes(source)).into_iter().filter(|(_, path)| path.split("::").next() == Some(&root)).collect()
}

/// Whether a crate root forbids `unsafe`, or denies it where a deny is enough.
pub(crate) fn forbids_unsafe(source: &str, deny_is_enough: bool) -> bool {
    let all = lexemes(source);
    all.windows(8).any(|l| {
        let level = l[3].word() == Some("forbid") || (deny_is_enough && l[3].word() == Some("deny"));
        l[0].is("#") && l[1].is("!") && l[2].is("[") && level && l[5].word() == Some("unsafe_code")
    })
}

/// Every `unsafe`.
pub(crate) fn unsafes(source: &str) -> Vec<Breach> {
    words(&lexemes(source), &["unsafe"])
}

/// Unfinished or silenced work.
pub(crate) fn unfinished(source: &str) -> Vec<Breach> {
    let all = lexemes(source);
    let mut found: Vec<Breach> = all
        .windows(2)
        .filter(|l| matches!(l[0].word(), Some("todo" | "unimplemented")) && l[1].is("!"))
        .map(|l| (l[0].line, format!("{}!", l[0].word().unwrap_or_default())))
        .collect();
    let ignored = all.windows(3).filter(|l| l[0].is("#") && l[1].is("[") && l[2].word() == Some("ignore"));
    found.extend(ignored.map(|l| (l[2].line, "#[ignore]".to_owned())));
    found
}

/// Strings that begin like a domain and stand outside the table of domains.
pub(crate) fn stray_domains(source: &str) -> Vec<Breach> {
    let (shipped, _) = without_tests(&lexemes(source));
    let texts = shipped.iter().filter_map(|l| match &l.what {
        What::Text(text) if text.starts_with("cwg-network ") => Some((l.line, text.clone())),
        _ => None,
    });
    texts.collect()
}

/// Names of types, traits, functions and modules with a banned word in them. Methods that a trait names are the trait's.
pub(crate) fn banned_names(source: &str) -> Vec<Breach> {
    let all = without_trait_impls(&lexemes(source));
    let keywords = ["struct", "enum", "union", "trait", "type", "fn", "mod", "const", "static"];
    let named = all.windows(2).filter(|l| l[0].word().is_some_and(|word| keywords.contains(&word)));
    named
        .filter_map(|l| {
            let name = l[1].word()?;
            let banned = words_of(name).iter().any(|word| BANNED.contains(&word.as_str()));
            banned.then(|| (l[1].line, name.to_owned()))
        })
        .collect()
}

/// Whether the engine asks if it is simulated: words that say so, and conditional compilation.
pub(crate) fn asks_whether_simulated(source: &str) -> Vec<Breach> {
    let (shipped, _) = without_tests(&lexemes(source));
    let words = shipped.iter().filter_map(|l| {
        let word = l.word()?;
        let asks = word == "cfg" || words_of(word).iter().any(|w| w.starts_with("simulat"));
        asks.then(|| (l.line, word.to_owned()))
    });
    words.collect()
}

/// Whether any code stands here besides comments and an empty `main`.
pub(crate) fn has_code(source: &str) -> bool {
    let code: Vec<String> = lexemes(source).iter().filter_map(|l| l.word().map(str::to_owned)).collect();
    !(code.is_empty() || code == ["fn", "main"])
}

fn words(all: &[Lexeme], wanted: &[&str]) -> Vec<Breach> {
    let hits = all.iter().filter_map(|l| Some((l.line, l.word().filter(|word| wanted.contains(word))?.to_owned())));
    hits.collect()
}

/// Without the bodies of `impl Trait for Type`.
fn without_trait_impls(all: &[Lexeme]) -> Vec<Lexeme> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let starts = all[at].word() == Some("impl") && at.checked_sub(1).is_none_or(|before| begins_item(&all[before]));
        let body = if starts { all[at..].iter().position(|l| l.is("{") || l.is(";")).map(|n| at + n) } else { None };
        match body {
            Some(open) if all[open].is("{") && is_trait_impl(&all[at..open]) => at = after_group(all, open),
            _ => {
                kept.push(all[at].clone());
                at += 1;
            }
        }
    }
    kept
}

fn begins_item(before: &Lexeme) -> bool {
    before.is("}")
        || before.is("{")
        || before.is(";")
        || before.is("]")
        || before.is(")")
        || before.word() == Some("unsafe")
}

/// `for` that is not `for<'a>`.
fn is_trait_impl(head: &[Lexeme]) -> bool {
    head.iter().enumerate().any(|(at, l)| l.word() == Some("for") && !head.get(at + 1).is_some_and(|l| l.is("<")))
}

/// The words of a name, lower case: `SetReader` and `set_reader` give `set`, `reader`.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && before_lower) {
            words.push(String::new());
        }
        before_lower = c.is_lowercase();
        if c != '_' {
            words.last_mut().expect("starts with one").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Vec<Breach>, bad: &[&str], good: &[&str]) {
        for source in bad {
            assert!(!rule(source).is_empty(), "passes: {source}");
        }
        for source in good {
            assert_eq!(rule(source), [], "{source}");
        }
    }

    #[test]
    fn purity_breaks_on_sockets_files_threads_clocks_environment_and_entropy() {
        check(
            impurities,
            &[
                "use std::net::UdpSocket;",
                "use std::net::IpAddr;",
                "use std::{collections::BTreeMap, fs};",
                "use std::{sync::{Arc, Mutex}};",
                "fn f() { std::thread::spawn(g) }",
                "fn f() -> u64 { std::time::Instant::now() }",
                "use std::time::{Duration, SystemTime};",
                "use tokio::sync::mpsc;",
                "async fn f() {}",
                "fn f() { getrandom::fill(x) }",
                "fn f() { rand::rng() }",
                "fn f() { jiff::Timestamp::now() }",
                "use jiff::Zoned; fn f() { Zoned::now(); }",
                "fn f() -> String { std::env::var(\"X\") }",
                "#[cfg(test)] mod tests { } use std::fs::File;",
            ],
            &[
                "// use std::net::UdpSocket;",
                "/* nested /* std::fs */ std::fs */ use std::sync::Arc;",
                "const TEXT: &str = \"std::net::UdpSocket\";",
                "const TEXT: &str = r#\"a \" std::fs \"#;",
                "#[cfg(test)]\nmod tests {\n    use std::fs::File;\n}\nuse core::time::Duration;",
                "#[cfg(test)] use std::fs; fn f<'a>(x: &'a str) -> char { '\"' }",
                "use rand_core::Rng as _; use std::time::Duration;",
                "use core::net::IpAddr;",
            ],
        );
    }

    #[test]
    fn a_crate_outside_its_home_is_found() {
        let sled = |source: &str| names_crate(source, "sled");
        assert!(!sled("fn f() { sled::open(p) }").is_empty());
        assert!(!sled("use {sled::Db, std::fs};").is_empty() || !sled("use sled::{Db};").is_empty());
        assert!(sled("// sled::open\nfn sledge() {}").is_empty());
        assert!(!names_crate("use cwg_engine::io::Input;", "cwg-engine").is_empty());
    }

    #[test]
    fn a_crate_root_without_its_attribute_is_found() {
        assert!(forbids_unsafe("//! Docs.\n#![forbid(unsafe_code)]\nmod a;", false));
        assert!(!forbids_unsafe("#![deny(unsafe_code)]\nmod a;", false));
        assert!(forbids_unsafe("#![deny(unsafe_code)]\nmod a;", true));
        assert!(!forbids_unsafe("// #![forbid(unsafe_code)]\nmod a;", true));
        check(unsafes, &["fn f() { unsafe { g() } }"], &["// unsafe\n#![forbid(unsafe_code)]"]);
    }

    #[test]
    fn unfinished_work_is_found() {
        check(
            unfinished,
            &["fn f() { todo!() }", "fn f() { unimplemented!(\"x\") }", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"],
            &["// todo!()", "fn todo() {}", "const A: &str = \"todo!()\";"],
        );
    }

    #[test]
    fn a_domain_outside_the_table_is_found() {
        check(
            stray_domains,
            &["fn f() { digest(b\"cwg-network x/v1\") }", "const A: &str = r\"cwg-network y/v1\";"],
            &["// \"cwg-network x/v1\"", "const A: &str = \"the cwg-network\";"],
        );
    }

    #[test]
    fn banned_words_are_found_in_names_only() {
        check(
            banned_names,
            &[
                "struct SessionManager;",
                "fn process_frame() {}",
                "mod utils;",
                "impl Foo { fn user_data(&self) {} }",
                "enum TokenKind {}",
                "const SERVER_NAME: u8 = 1;",
            ],
            &[
                "fn handle() {}",
                "// the manager\nfn manage() {}",
                "impl ServerCertVerifier for X { fn verify_server_cert(&self) {} }",
                "fn f() { let data = 1; }",
                "struct Metadata;",
            ],
        );
        assert_eq!(words_of("SetReaderX2_ab"), ["set", "reader", "x2", "ab"]);
    }

    #[test]
    fn a_question_whether_it_is_simulated_is_found() {
        check(
            asks_whether_simulated,
            &["fn f() { if self.simulated {} }", "#[cfg(feature = \"x\")] fn f() {}", "use cwg_simulator::World;"],
            &["#[cfg(test)] mod tests {}", "// simulated"],
        );
    }

    #[test]
    fn an_empty_crate_is_told_from_one_with_code() {
        assert!(!has_code("//! Docs.\n"));
        assert!(!has_code("fn main() {}"));
        assert!(has_code("mod a;"));
    }
}
