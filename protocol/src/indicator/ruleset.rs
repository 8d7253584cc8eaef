//! The number and the digest of the ruleset: two nodes must agree on both before a session.

use std::sync::LazyLock;

use cwg_crypto::{Digest, Domain, Hasher};

use super::tables::TABLES;

/// The number of this ruleset.
pub const RULESET_ID: u16 = 2;

/// Crates whose data decide canonical forms, at the versions of `Cargo.lock`; a test holds the two equal.
const PINNED: &[(&str, &str)] = &[
    ("bech32", "0.12.0"),
    ("bs58", "0.5.1"),
    ("deunicode", "1.6.2"),
    ("iban_validate", "5.0.1"),
    ("icu_normalizer_data", "2.4.0"),
    ("icu_properties_data", "2.4.0"),
    ("idna", "1.1.0"),
    ("idna_adapter", "1.2.2"),
    ("phonenumber", "0.3.10+9.0.33"),
    ("precis-core", "0.2.0"),
    ("precis-profiles", "0.2.0"),
    ("psl", "2.1.247"),
    ("rphonetic", "4.0.0"),
    ("unicode-normalization", "0.1.26"),
];

const GOLDEN_VECTORS: [&str; 2] =
    [include_str!("../../vectors/ruleset-2.json"), include_str!("../../vectors/ruleset-2-kinds.json")];

/// The digest of the ruleset: its number, every table, the golden vectors, and the versions of the data it rests on
/// (Unicode, public suffixes, numbering plans). Builds that would disagree about a canonical form differ here.
pub fn ruleset_hash() -> Digest {
    static HASH: LazyLock<Digest> = LazyLock::new(|| {
        let mut hasher = Hasher::new(Domain::Ruleset);
        hasher.part(&RULESET_ID.to_le_bytes());
        for (name, text) in TABLES {
            hasher.part(name.as_bytes());
            hasher.part(text.as_bytes());
        }
        for vectors in GOLDEN_VECTORS {
            hasher.part(vectors.as_bytes());
        }
        for (name, version) in PINNED {
            hasher.part(name.as_bytes());
            hasher.part(version.as_bytes());
        }
        let (std_major, std_minor, std_patch) = char::UNICODE_VERSION;
        let (major, minor, patch) = unicode_normalization::UNICODE_VERSION;
        hasher.part(format!("unicode std {std_major}.{std_minor}.{std_patch}").as_bytes());
        hasher.part(format!("unicode normalization {major}.{minor}.{patch}").as_bytes());
        hasher.finish()
    });
    *HASH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_versions_are_those_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for (name, version) in PINNED {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
            assert!(lock.contains(&entry), "{name} {version} is not what Cargo.lock says");
        }
    }

    #[test]
    fn the_digest_covers_every_file_of_the_folder_of_tables() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tables")).unwrap();
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let mut tables: Vec<_> = TABLES.map(|(name, _)| name.to_owned()).into();
        files.sort();
        tables.sort();
        assert_eq!(files, tables);
    }
}
