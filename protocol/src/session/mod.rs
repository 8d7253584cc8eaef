//! One agreed exchange between two nodes, from terms to seal (`docs/spec/session.md`).
//!
//! [`Session`] is the pure machine between two [`crate::psi::Party`]s: it frames their messages, keeps the transcript,
//! and lets nothing out before both sides have signed the same one. How terms are proposed and whether a charter allows
//! them is the engine's business; how frames travel is a driver's.

mod own;
mod plain;
mod receipt;
mod running;
mod terms;

pub use own::{HeldItems, Matches, OwnItems};
pub use plain::{Plain, PlainError, PlainStep, ShardLoad};
pub use receipt::{Receipt, Seal, SealVerified};
pub use running::{Released, Session, SessionStep};
pub use terms::{Lane, Learns, OwnSet, OwnSetBuilder, Place, Terms};
