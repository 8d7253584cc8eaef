//! Every limit of the transport, with its unit and reason.

use std::time::Duration;

/// Unaccepted connection attempts that QUIC holds (count). They are answered at once, so more means a flood.
pub(crate) const INCOMING_MAX: usize = 256;
/// Early packets held for one unaccepted attempt (bytes): a client's first flight is two or three packets.
pub(crate) const INCOMING_BUFFER_LEN: u64 = 16 * 1024;
/// Early packets held for all of them (bytes).
pub(crate) const INCOMING_BUFFER_TOTAL_LEN: u64 = 2 * 1024 * 1024;
/// Bytes asked from QUIC by one read, and of a body's first allocation (bytes).
pub(crate) const READ_STEP_LEN: usize = 64 * 1024;
/// Addresses of one name that a dial tries (count): a name with more is a mistake or an attack.
pub(crate) const DIAL_ADDRESSES_MAX: usize = 8;
/// Receive and send buffers asked from the kernel (bytes): at 5 Gbit/s the default of 208 KiB drops packets.
pub(crate) const SOCKET_BUFFER_LEN: usize = 8 * 1024 * 1024;
/// Queued bytes over which a later `Drained` is owed (bytes).
pub(crate) const DRAINED_ABOVE_LEN: usize = 4 * 1024 * 1024;
/// Queued bytes at which it is paid (bytes): enough to keep the wire busy until the caller is back.
pub(crate) const DRAINED_BELOW_LEN: usize = 1024 * 1024;
/// Charged for each queued frame beyond its bytes (bytes), so that empty frames are bounded too.
pub(crate) const QUEUED_FRAME_COST: usize = 60;

/// How fast the sender pushes when the network loses packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// CUBIC (RFC 9438): fair to other traffic, the default.
    #[default]
    Cubic,
    /// BBR: for lossy paths, where it was many times faster; quinn's is marked experimental.
    Bbr,
}

/// Limits that an operator or a test may set. The defaults are the product's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first packet to the greeting's answer; on the dialer for all tries together. At 20 % loss a handshake
    /// was seen to take 19 s.
    pub handshake: Duration,
    /// Tries of a dial within `handshake`, each with an equal share (count). A lost flight costs a try, not the dial.
    pub dial_tries: u32,
    /// Head start of one address of a name over the next (RFC 8305 §8 recommends 250 ms).
    pub dial_stagger: Duration,
    /// Nothing heard for this long ends a connection.
    pub idle: Duration,
    /// A quiet connection is probed this often: several times within `idle`, so that loss does not end it.
    pub keep_alive: Duration,
    /// Connections that stand, accepted from all peers (count): 16 nodes with two each, twice.
    pub connections_max: usize,
    /// Connections that stand, accepted from one key (count): one in use and one whose end was not heard yet. One more
    /// ends the oldest.
    pub connections_per_key_max: usize,
    /// Accepted connections before their greeting (count).
    pub half_open_max: usize,
    /// The same, from one address (count): all members behind one gateway fit, one stranger does not fill the house.
    pub half_open_per_address_max: usize,
    /// Bytes queued for one peer (bytes); over it the connection is closed, because the peer does not read.
    pub send_queue_len_max: usize,
    /// Unread bytes a peer may have in flight on a connection (bytes): what one connection may cost in memory, and its
    /// speed times the round trip. 2 MiB is 335 Mbit/s at 50 ms; on loopback more is slower, as it leaves the cache.
    pub receive_window_len: u32,
    /// Unacknowledged bytes held for retransmission on a connection (bytes).
    pub send_window_len: u32,
    /// Window of the progress rule, for a frame that was begun.
    pub progress_window: Duration,
    /// Least rate over that window (bytes per second).
    pub progress_rate_min: u32,
    /// Time a closing connection has to flush what was queued; and a half-closed one to close.
    pub close_flush: Duration,
    /// Largest UDP payload that path MTU discovery tries (bytes). Ten segments of it must fit one UDP send of 64 KiB.
    /// A larger one costs less of the processor (6400: a fifth), but at 6400 closes were seen to be lost on loopback.
    pub mtu_max: u16,
    /// The congestion controller.
    pub congestion: Congestion,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(30),
            dial_tries: 3,
            dial_stagger: Duration::from_millis(250),
            idle: Duration::from_secs(20),
            keep_alive: Duration::from_secs(4),
            connections_max: 64,
            connections_per_key_max: 2,
            half_open_max: 64,
            half_open_per_address_max: 16,
            send_queue_len_max: 64 * 1024 * 1024,
            receive_window_len: 2 * 1024 * 1024,
            send_window_len: 2 * 1024 * 1024,
            progress_window: Duration::from_secs(60),
            progress_rate_min: 1024,
            close_flush: Duration::from_secs(5),
            mtu_max: 4096,
            congestion: Congestion::Cubic,
        }
    }
}

impl Limits {
    /// Bytes that a window of the progress rule asks for.
    pub(crate) fn progress_len_min(&self) -> u64 {
        let len = self.progress_window.as_millis().saturating_mul(u128::from(self.progress_rate_min)) / 1000;
        u64::try_from(len).unwrap_or(u64::MAX)
    }
}
