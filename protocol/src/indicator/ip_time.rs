//! `ip-time`: an address of the Internet within one hour of UTC (RFC 5952; `docs/spec/ruleset-2.md` §3.20).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    IndicatorKind, Strength,
    canonical::Canonical,
    clean::Clean,
    day::{Day, Moment, parse_moment},
    parts::{PartRefusal, Parts},
    refusal::RefusalCode,
    repair::{RepairCode, RepairCodes},
};

const ADDRESS: usize = 0;
const TIME: usize = 1;
const PORT: usize = 2;

const HOUR_SECS: u64 = 3600;
/// Two clocks may differ by so much: an event this near to an edge gives the hour beyond it as well.
const EDGE_SECS: u64 = 600;
/// Years of the moments that are taken.
const YEARS: core::ops::RangeInclusive<u16> = 2000..=2199;
/// What stands behind a network of IPv6 that a provider gives to one customer (RFC 6177).
const NETWORK_MARK: &str = "/64";

/// One column: `ADDRESS@TIME` or `ADDRESS:PORT@TIME`, with IPv6 in brackets before a port.
pub(super) fn canonicalize(value: Clean<'_>) -> Result<Canonical, RefusalCode> {
    let Clean { text, repairs } = value;
    let (endpoint, time) = text.split_once('@').ok_or(RefusalCode::IpTimeShape)?;
    let (address, port) = match endpoint.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or(RefusalCode::IpTimeShape)?,
        // More than one colon is IPv6 without a port.
        None if endpoint.matches(':').count() == 1 => endpoint.split_once(':').ok_or(RefusalCode::IpTimeShape)?,
        None => (endpoint, ""),
    };
    let parts = [address.as_bytes(), time.as_bytes(), port.as_bytes()];
    let mut canonical = canonicalize_parts(&Parts(&parts)).map_err(|refusal| refusal.code)?;
    canonical.repairs.merge(repairs);
    canonical.repairs.note(canonical.primary().text != *text, RepairCode::NotationChanged);
    Ok(canonical)
}

pub(super) fn canonicalize_parts(parts: &Parts<'_>) -> Result<Canonical, PartRefusal> {
    let mut repairs = RepairCodes::default();
    let host = parts.required(ADDRESS)?;
    repairs.merge(host.repairs);
    let host = Host::read(&host.text, &mut repairs).map_err(|code| code.of_part(ADDRESS))?;
    let time = parts.required(TIME)?;
    repairs.merge(time.repairs);
    let moment = parse_moment(&time.text).map_err(|code| code.of_part(TIME))?;
    let hours = hours_of(moment).map_err(|code| code.of_part(TIME))?;
    let port = match parts.optional(PORT)? {
        Some(value) => {
            repairs.merge(value.repairs);
            Some(port(&value.text).map_err(|code| code.of_part(PORT))?)
        }
        None => None,
    };
    let mut keys = Vec::new();
    for hour in hours {
        let at = hour_text(hour);
        // Behind a translator (RFC 6888) thousands share an address; a port narrows them to one or a few.
        if let Some(port) = port {
            keys.push((format!("{}@{at}", host.with_port(port).map_err(|code| code.of_part(PORT))?), Strength::B));
        }
        keys.push((format!("{}@{at}", host.text()), Strength::C));
        if let Some(network) = host.network() {
            keys.push((format!("{network}@{at}"), Strength::C));
        }
    }
    let mut keys = keys.into_iter();
    let (text, strength) = keys.next().expect("a moment lies in an hour");
    let mut canonical = Canonical::new(IndicatorKind::IpTime, text, strength, repairs);
    for (text, strength) in keys {
        canonical.alias(IndicatorKind::IpTime, text, strength);
    }
    Ok(canonical)
}

/// An address, or a network of IPv6.
enum Host {
    Address(IpAddr),
    Network(Ipv6Addr),
}

impl Host {
    fn read(text: &str, repairs: &mut RepairCodes) -> Result<Self, RefusalCode> {
        if let Some(network) = text.strip_suffix(NETWORK_MARK) {
            let network: Ipv6Addr = network.parse().map_err(|_| RefusalCode::IpShape)?;
            if network_of(network) != network {
                return Err(RefusalCode::IpShape);
            }
            repairs.note(network.to_string() + NETWORK_MARK != *text, RepairCode::NotationChanged);
            return if is_global_v6(network) { Ok(Self::Network(network)) } else { Err(RefusalCode::IpNotGlobal) };
        }
        // The parser of the standard library takes neither leading zeros, which some read as octal, nor zones.
        let address: IpAddr = text.parse().map_err(|_| RefusalCode::IpShape)?;
        let address = address.to_canonical();
        repairs.note(address.to_string() != *text, RepairCode::NotationChanged);
        let global = match address {
            IpAddr::V4(v4) => is_global_v4(v4),
            IpAddr::V6(v6) => is_global_v6(v6),
        };
        if global { Ok(Self::Address(address)) } else { Err(RefusalCode::IpNotGlobal) }
    }

    fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Network(network) => format!("{network}{NETWORK_MARK}"),
        }
    }

    fn with_port(&self, port: u16) -> Result<String, RefusalCode> {
        match self {
            Self::Address(address) => Ok(core::net::SocketAddr::new(*address, port).to_string()),
            Self::Network(_) => Err(RefusalCode::IpShape),
        }
    }

    /// The network of a single address of IPv6.
    fn network(&self) -> Option<String> {
        match self {
            Self::Address(IpAddr::V6(v6)) => Some(format!("{}{NETWORK_MARK}", network_of(*v6))),
            _ => None,
        }
    }
}

/// The first half of an address of IPv6.
fn network_of(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)
}

/// Whether an address may belong to one customer of a provider (IANA special-purpose registry of IPv4).
fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special
}

/// The same for IPv6: 2000::/3 without protocols, tunnels and documentation.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = match (a, b) {
        // 2001::/23: Teredo, ORCHID, benchmarks.
        (0x2001, b) => b < 0x0200 || b == 0x0DB8,
        // 6to4 hides an address of IPv4 that its owner may have lost.
        (0x2002, _) => true,
        (0x3FFF, b) => b < 0x1000,
        _ => false,
    };
    a & 0xE000 == 0x2000 && !special
}

fn port(text: &str) -> Result<u16, RefusalCode> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0).ok_or(RefusalCode::PortShape)
}

/// The hour of a moment, then the one beyond the edge if that is near. The second is the start of each.
fn hours_of(moment: Moment) -> Result<Vec<u64>, RefusalCode> {
    let (secs, near) = match moment {
        Moment::Second(secs) => (secs, Some(secs % HOUR_SECS)),
        Moment::Hour(secs) => (secs, None),
    };
    if !YEARS.contains(&Day::of_unix_secs(secs).year()) {
        return Err(RefusalCode::DateUnreal);
    }
    let hour = secs - secs % HOUR_SECS;
    let beyond = match near {
        Some(into) if into < EDGE_SECS => Some(hour - HOUR_SECS),
        Some(into) if into >= HOUR_SECS - EDGE_SECS => Some(hour + HOUR_SECS),
        _ => None,
    };
    Ok(core::iter::once(hour).chain(beyond).collect())
}

fn hour_text(secs: u64) -> String {
    format!("{}T{:02}Z", Day::of_unix_secs(secs), secs / HOUR_SECS % 24)
}
