//! What the driver reports, and how the endings of QUIC map to it.

use cwg_engine::io::{ConnId, DialFailure, DownReason, PeerUp};
use quinn::ConnectionError;

/// What happened on the network. For one connection: one `Up`, then frames, then one `Down`.
#[derive(Debug)]
pub enum NetEvent {
    /// A connection stands, and both sides proved their keys to each other.
    Up(PeerUp),
    /// A frame came, in the order the peer sent it.
    Frame {
        /// On this connection.
        conn: ConnId,
        /// At most [`FRAME_LEN_MAX`](crate::FRAME_LEN_MAX) bytes.
        body: Vec<u8>,
    },
    /// Less is queued for the peer again, after [`Net::send`](crate::Net::send) had queued much.
    Drained {
        /// On this connection.
        conn: ConnId,
    },
    /// A connection ended. Its number is not used again.
    Down {
        /// This connection.
        conn: ConnId,
        /// Why.
        reason: DownReason,
    },
    /// A dial ended without a connection.
    DialFailed {
        /// The number that [`Net::dial`](crate::Net::dial) was given.
        dial: u64,
        /// Why.
        failure: DialFailure,
    },
}

/// How QUIC's own ending of a connection reads to the caller.
pub(crate) fn down_reason(error: &ConnectionError) -> DownReason {
    match error {
        ConnectionError::LocallyClosed => DownReason::ClosedHere,
        ConnectionError::ApplicationClosed(close) => {
            // A code beyond our 32 bits is no code of this wire; the largest stands for all of them.
            DownReason::ClosedByPeer(u32::try_from(close.error_code.into_inner()).unwrap_or(u32::MAX))
        }
        ConnectionError::TimedOut => DownReason::TimedOut,
        ConnectionError::TransportError(_) => DownReason::Violation,
        ConnectionError::VersionMismatch
        | ConnectionError::ConnectionClosed(_)
        | ConnectionError::Reset
        | ConnectionError::CidsExhausted => DownReason::Lost,
    }
}
