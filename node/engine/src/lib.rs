//! The whole behaviour of a member or of the hub, as one deterministic machine.

pub mod io;
