//! The protocols of CWG Network, without any input or output of their own.
//!
//! Wire messages, canonical forms of identifiers, the roster, charters, sessions and the PSI protocols, releases of clues, rounds,
//! counts and reveals. Time and randomness are arguments; see `ARCHITECTURE.md` for the rules this crate keeps.

#![forbid(unsafe_code)]

pub mod charter;
pub mod count;
pub mod indicator;
pub mod invitation;
pub mod leakage;
pub mod lighthouse;
mod names;
pub mod psi;
mod reasons;
pub mod reveal;
pub mod roster;
pub mod round;
pub mod session;
mod signed;
mod violation;
pub mod wire;

pub use indicator::Item;
pub use names::{
    BadFingerprint, BadName, BadPin, Epoch, Fingerprint, LoadId, NetworkId, NodeKey, OperatorKey, PilotId, RunId,
    SessionId, TransportKey, UnixTime,
};
pub use signed::Signed;
pub use violation::Violation;
