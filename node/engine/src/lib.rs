//! The whole behaviour of a member or of the hub, as one deterministic machine.
//!
//! [`Engine::handle`] takes an [`io::Input`] and never blocks and never fails; [`Engine::poll_effect`] gives what is to
//! be done, in order; [`Engine::poll_deadline`] says when to call again. There is no socket, file, thread, clock or
//! entropy here: time and the seed are arguments, and the same inputs give the same effects, byte for byte.

#![forbid(unsafe_code)]

mod charters;
pub mod command;
pub(crate) mod counts;
mod dialing;
mod engine;
pub mod io;
mod joining;
pub(crate) mod lighthouse;
pub mod limits;
mod peers;
pub mod record;
pub(crate) mod rounds;
mod runs;
mod sessions;
mod sets;
pub(crate) mod standing;
pub mod state;

pub use counts::PersonItems;
pub use counts::state::{CountPhase, Counts, KnownCount};
pub use engine::{Config, Engine};
pub use lighthouse::state::{Draft, Lighthouse, LighthouseKeys, MemberHas, Published, client_version};
pub use rounds::reveals::state::{Clause, KnownReveal};
pub use rounds::state::{CalledCeremony, HeldShare, KnownRound, RoomPost, RoundPhase, Rounds};
pub use standing::state::{Edition, KeyPeriod, Standing};
