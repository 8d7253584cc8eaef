//! From what a person writes to the thing meant: numbers by their first digits, members by name or fingerprint.

use core::fmt::Display;

use cwg_engine::state::State;
use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::roster::{Address, Entry, Name};
use cwg_protocol::{Fingerprint, LoadId, NodeKey, PilotId, RunId};

use crate::problem::{Exit, Problem};

/// Digits of a number that must be given at least.
pub(crate) const PREFIX_MIN: usize = 4;

/// A pilot by its whole name, else by the first digits of its number.
pub(crate) fn pilot(state: &State, text: &str) -> Result<PilotId, Problem> {
    let named: Vec<PilotId> =
        state.pilots().iter().filter(|(_, pilot)| &*pilot.charter.body().name == text).map(|(id, _)| *id).collect();
    match named[..] {
        [one] => Ok(one),
        [] if is_prefix(text) => by_prefix("pilot", "cwg pilot list", state.pilots().keys().copied(), text),
        [] => Err(unknown_pilot()),
        _ => Err(ambiguous("pilot", "cwg pilot list")),
    }
}

fn unknown_pilot() -> Problem {
    Problem::new(
        Exit::BadInput,
        "unknown-pilot",
        "no pilot has this name",
        format!(
            "give a pilot's whole name, or at least {PREFIX_MIN} hexadecimal digits of its number; cwg pilot list shows both"
        ),
    )
}

pub(crate) fn run(state: &State, text: &str) -> Result<RunId, Problem> {
    by_prefix("run", "cwg run list", state.runs().keys().copied(), text)
}

/// A run or a round: both can have matches.
pub(crate) fn run_or_round(state: &State, text: &str) -> Result<RunId, Problem> {
    let rounds = state.rounds().rounds().keys();
    by_prefix("run", "cwg run list and cwg round list", state.runs().keys().chain(rounds).copied(), text)
}

pub(crate) fn load(state: &State, text: &str) -> Result<LoadId, Problem> {
    by_prefix("load", "cwg indicators stats", state.loads().keys().copied(), text)
}

/// The one of these whose hexadecimal number begins with the text.
pub(crate) fn by_prefix<T: Display>(
    what: &'static str,
    list: &'static str,
    ids: impl IntoIterator<Item = T>,
    text: &str,
) -> Result<T, Problem> {
    if !is_prefix(text) {
        return Err(Problem::new(
            Exit::Usage,
            format!("{what}-name"),
            format!("a {what} is named by at least {PREFIX_MIN} hexadecimal digits of its number"),
            format!("{list} shows the numbers"),
        ));
    }
    let prefix = text.trim().to_ascii_lowercase();
    let mut fitting = ids.into_iter().filter(|id| id.to_string().starts_with(&prefix));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Problem::new(
            Exit::BadInput,
            format!("unknown-{what}"),
            format!("no {what} has this name"),
            format!("{list} shows what there is"),
        )),
        (Some(_), Some(_)) => Err(ambiguous(what, list)),
    }
}

fn is_prefix(text: &str) -> bool {
    let digits = text.trim();
    digits.len() >= PREFIX_MIN && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn ambiguous(what: &'static str, list: &'static str) -> Problem {
    Problem::new(
        Exit::Usage,
        format!("ambiguous-{what}"),
        format!("more than one {what} has this name"),
        format!("give more digits of the number; {list} shows it in full"),
    )
}

/// A node of the roster by name or by the fingerprint of its signing key.
pub(crate) fn member<'a>(state: &'a State, text: &str) -> Result<&'a Entry, Problem> {
    let roster = state.network().ok_or_else(not_joined)?.roster();
    let by_fingerprint =
        text.trim().parse::<Fingerprint>().ok().and_then(|fingerprint| {
            roster.body().members.iter().find(|member| member.node.fingerprint() == fingerprint)
        });
    roster.member_named(text).or(by_fingerprint).ok_or_else(|| {
        Problem::new(
            Exit::BadInput,
            "unknown-member",
            "no member on the roster has this name or fingerprint",
            "cwg roster show lists the members",
        )
    })
}

/// What people call a node: its name on the roster, else its fingerprint.
pub(crate) fn name_of(state: &State, node: NodeKey) -> String {
    let entry = state.network().and_then(|network| {
        let body = network.roster().body();
        core::iter::once(&body.hub).chain(body.members.iter()).find(|entry| entry.node == node)
    });
    entry.map_or_else(|| node.to_string(), |entry| entry.name.to_string())
}

pub(crate) fn not_joined() -> Problem {
    Problem::new(
        Exit::Configuration,
        "not-joined",
        "this node is in no network",
        "a hub founds one with cwg hub init; a member joins with cwg member join INVITATION",
    )
}

/// A name of a node, a person or a pilot.
pub(crate) fn name(what: &'static str, text: &str) -> Result<Name, Problem> {
    let refused =
        |problem: String| Problem::new(Exit::Usage, "name-refused", problem, "use 1 to 128 bytes of visible text");
    if text.trim().is_empty() {
        return Err(refused(format!("{what} is empty")));
    }
    Name::try_from(text.to_owned()).map_err(|error| refused(format!("{what} is not usable: {error}")))
}

/// Host and port, or nothing.
pub(crate) fn address(text: &str) -> Result<Address, Problem> {
    let refused = || {
        Problem::new(
            Exit::Usage,
            "address-refused",
            "the address is not a host and a UDP port",
            "write it as bank.example:7443, 192.0.2.10:7443 or [2001:db8::10]:7443",
        )
    };
    if text.is_empty() {
        return Ok(Address::default());
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
    let port_fits = port.parse::<u16>().is_ok_and(|port| port > 0) && port.bytes().all(|byte| byte.is_ascii_digit());
    let host_fits = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<core::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)),
    };
    if !port_fits || !host_fits {
        return Err(refused());
    }
    Address::try_from(text.to_owned()).map_err(|_| refused())
}

pub(crate) fn kind(text: &str) -> Result<IndicatorKind, Problem> {
    IndicatorKind::from_name(text).ok_or_else(|| {
        Problem::new(
            Exit::Usage,
            "unknown-type",
            "this is not an indicator type",
            format!("one of {}", IndicatorKind::ALL.map(IndicatorKind::name).join(", ")),
        )
    })
}

/// Bytes from exactly as many pairs of hexadecimal digits.
pub(crate) fn bytes_of<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
        Problem::new(
            Exit::Usage,
            "not-hex",
            format!("{what} is {} hexadecimal digits", 2 * N),
            "copy it again, whole and without spaces",
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_digits_that_only_it_begins_with() {
        let ids = [RunId(*b"\x01\x23\x45\x67\x89\xab\xcd\xef"), RunId(*b"\x01\x23\x45\x99\x89\xab\xcd\xef")];
        for (text, found) in [
            ("0123456", Ok(ids[0])),
            ("0123459", Ok(ids[1])),
            ("0123456789ABCDEF", Ok(ids[0])),
            ("01234", Err("ambiguous-run")),
            ("0123", Err("ambiguous-run")),
            ("012", Err("run-name")),
            ("", Err("run-name")),
            ("zzzz", Err("run-name")),
            ("ffff", Err("unknown-run")),
            ("0123456789abcdef0", Err("unknown-run")),
        ] {
            let got = by_prefix("run", "cwg run list", ids, text).map_err(|problem| problem.code);
            assert_eq!(got, found.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in ["", "bank.example:7443", "192.0.2.10:1", "[2001:db8::1]:65535"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["bank.example", ":7443", "bank:0", "bank:65536", "bank:+1", "[::1:7443", "a b:1", "bank:", "é:1"] {
            assert_eq!(address(bad).map_err(|problem| problem.code), Err("address-refused".to_owned()), "{bad}");
        }
    }
}
