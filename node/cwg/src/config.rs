//! `cwg.toml` in a node's directory: optional, unknown keys refused, parsed once into checked types.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use cwg_app::Problem;
use cwg_net::{Congestion, Pq};
use serde::Deserialize;

use crate::problems;

/// The file's name.
pub(crate) const FILE: &str = "cwg.toml";

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeConfig {
    /// Address to listen on, where it differs from the one the roster names.
    pub(crate) bind: Option<SocketAddr>,
    /// Post-quantum key exchange.
    pub(crate) pq: Pq,
    /// Congestion control.
    pub(crate) congestion: Congestion,
    /// The key file that opens the store.
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    net: NetSection,
    store: StoreSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NetSection {
    bind: Option<SocketAddr>,
    pq: PqChoice,
    congestion: CongestionChoice,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreSection {
    key_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PqChoice {
    #[default]
    Preferred,
    Required,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CongestionChoice {
    #[default]
    Cubic,
    Bbr,
}

impl NodeConfig {
    /// Reads the file of a directory; without one, the defaults hold.
    pub(crate) fn read(dir: &Path) -> Result<Self, Problem> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(problems::cannot_read(&path, &error)),
        };
        Self::parse(&text).map_err(|error| problems::config(&path, &error))
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        Ok(Self {
            bind: file.net.bind,
            pq: match file.net.pq {
                PqChoice::Preferred => Pq::Preferred,
                PqChoice::Required => Pq::Required,
            },
            congestion: match file.net.congestion {
                CongestionChoice::Cubic => Congestion::Cubic,
                CongestionChoice::Bbr => Congestion::Bbr,
            },
            key_file: file.store.key_file,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gives_the_defaults_and_each_key_is_read() {
        let defaults = NodeConfig::parse("").unwrap();
        assert_eq!(defaults.pq, Pq::Preferred);
        assert_eq!(defaults.bind, None);
        let set = NodeConfig::parse(
            "[net]\nbind = \"0.0.0.0:7300\"\npq = \"required\"\ncongestion = \"bbr\"\n[store]\nkey_file = \"/k\"\n",
        )
        .unwrap();
        assert_eq!(set.bind, Some("0.0.0.0:7300".parse().unwrap()));
        assert_eq!((set.pq, set.congestion), (Pq::Required, Congestion::Bbr));
        assert_eq!(set.key_file, Some(PathBuf::from("/k")));
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        for (text, line) in [
            ("[net]\nbindd = \"0.0.0.0:1\"\n", 2),
            ("[nett]\n", 1),
            ("[net]\nbind = 7\n", 2),
            ("[net]\nbind = \"nowhere\"\n", 2),
            ("[net]\npq = \"maybe\"\n", 2),
            ("[store]\n\nkey_file = 3\n", 3),
            ("[net\n", 1),
        ] {
            let error = NodeConfig::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}")), "{text:?}: {error}");
        }
    }
}
