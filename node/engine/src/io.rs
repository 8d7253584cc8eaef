//! What goes into the engine and what comes out of it: the contract with the drivers.

use cwg_protocol::indicator::{IndicatorKind, Roles, Strength};
use cwg_protocol::{Item, TransportKey};
use serde::{Deserialize, Serialize};

/// One connection, numbered by the transport driver, never used twice in the life of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// Which end of the connection this node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This node opened it.
    Dialer,
    /// The other node opened it.
    Listener,
}

/// Where a node listens: a host name or address, and a UDP port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint(pub String);

/// Why a connection ended, as the transport driver saw it. No text of the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// This node closed it.
    ClosedHere,
    /// The peer closed it, with its close code.
    ClosedByPeer(u32),
    /// Nothing was heard for the idle time-out.
    TimedOut,
    /// The peer broke the framing or a limit of the transport.
    Violation,
    /// The transport failed in another way.
    Lost,
}

/// Why a connection could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialFailure {
    /// The endpoint's name did not resolve.
    Unresolved,
    /// Nothing answered in time.
    Unreachable,
    /// Something answered that did not prove the expected key, or did not accept ours.
    Refused,
}

/// One row of a set: an indicator a member holds, with what its analysts need when it matches.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndicatorRow {
    /// Its digest, the key of the set.
    pub item: Item,
    /// Its kind.
    pub kind: IndicatorKind,
    /// Whose it is; both, where rows with either role were merged.
    pub roles: Roles,
    /// How much a match says.
    pub strength: Strength,
    /// Canonical form, at most 512 bytes.
    pub canonical: String,
    /// The bank's own references (customer, account, case), at most 16 of at most 128 bytes each, sorted.
    pub references: Vec<String>,
    /// How many rows of the source carried it.
    pub rows: u32,
}

/// Rows name customers: they are never printed by accident.
impl core::fmt::Debug for IndicatorRow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "IndicatorRow({}, ..)", self.kind)
    }
}

/// The part of a member's set that a run may use: kinds with the roles allowed for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection(pub Vec<(IndicatorKind, Roles)>);

impl Selection {
    /// Whether a row belongs to it.
    pub fn contains(&self, row: &IndicatorRow) -> bool {
        self.0.iter().any(|(kind, roles)| *kind == row.kind && roles.meets(row.roles))
    }
}

/// A connection that stands, as the transport driver reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerUp {
    /// Its number.
    pub conn: ConnId,
    /// The key that the other end proved.
    pub key: TransportKey,
    /// Which end we are.
    pub side: Side,
    /// Exported keying material of the TLS session (RFC 8446 §7.5), equal on both ends and secret from all others.
    pub exporter: [u8; 32],
}
