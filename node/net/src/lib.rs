//! The QUIC driver: the only crate that knows quinn and rustls. Its wire is `docs/spec/transport.md`.
//!
//! A node proves an Ed25519 key that its peers know beforehand (RFC 7250); there is no certificate, no authority, no
//! resumption and no 0-RTT. One connection carries one stream of frames in each direction. The caller gets
//! [`NetEvent`]s from a bounded channel: while it is full, reading stops and QUIC's flow control holds the peer back.
//!
//! What a frame means, which peers exist and when to dial again is decided above this crate.

#![forbid(unsafe_code)]

mod allow;
mod conn;
mod dial;
mod event;
mod frame;
#[cfg(test)]
mod hostile_tests;
mod identity;
mod limits;
mod listen;
mod net;
mod progress;
mod reset;
mod spki;
mod stream;
mod tls;

pub use allow::Allow;
pub use event::NetEvent;
pub use frame::FRAME_LEN_MAX;
pub use identity::TransportIdentity;
pub use limits::{Congestion, Limits};
pub use net::{Net, NetConfig, NetError};
pub use tls::{Alpn, Pq};

/// Close codes of this driver. Codes below [`close_code::RESERVED_FROM`] belong to the caller of [`Net::close`].
pub mod close_code {
    /// The first code of the driver's own range.
    pub const RESERVED_FROM: u32 = 0xffff_ff00;
    /// A frame declared more than [`FRAME_LEN_MAX`](crate::FRAME_LEN_MAX) bytes.
    pub const FRAME_TOO_LONG: u32 = RESERVED_FROM + 1;
    /// The first frame was not the greeting of that side.
    pub const BAD_GREETING: u32 = RESERVED_FROM + 2;
    /// The key is not, or no longer, allowed.
    pub const NOT_ALLOWED: u32 = RESERVED_FROM + 3;
    /// The listener has no room for one more connection. Trying later may succeed.
    pub const BUSY: u32 = RESERVED_FROM + 4;
    /// A frame that was begun did not make progress.
    pub const TOO_SLOW: u32 = RESERVED_FROM + 5;
    /// The peer did not read what was queued for it.
    pub const QUEUE_FULL: u32 = RESERVED_FROM + 6;
    /// The stream ended inside a frame, was reset or was stopped.
    pub const STREAM_BROKEN: u32 = RESERVED_FROM + 7;
    /// The node shuts down.
    pub const SHUTDOWN: u32 = RESERVED_FROM + 8;
    /// The greeting did not arrive within the limit of the handshake.
    pub const HANDSHAKE_TOO_SLOW: u32 = RESERVED_FROM + 9;
    /// The same key has dialed again, and this was its oldest connection.
    pub const REPLACED: u32 = RESERVED_FROM + 10;
}
