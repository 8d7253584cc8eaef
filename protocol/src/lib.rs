//! The protocols of CWG Network, without any input or output of their own.
//!
//! Wire messages, canonical forms of identifiers, the roster, charters, sessions and the PSI protocols. Time and
//! randomness are arguments; see `ARCHITECTURE.md` for the rules this crate keeps.

pub mod indicator;
mod names;

pub use indicator::Item;
pub use names::{
    BadFingerprint, BadName, Epoch, Fingerprint, LoadId, NetworkId, NodeKey, OperatorKey, PilotId, RunId, SessionId,
    TransportKey, UnixTime,
};
