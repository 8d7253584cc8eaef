//! Whose keys the listener accepts.

use std::collections::BTreeSet;

use cwg_protocol::TransportKey;

/// The keys a listener accepts, replaced as a whole by [`Net::allow`](crate::Net::allow).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// These and no others; an empty set accepts nobody.
    Keys(BTreeSet<TransportKey>),
    /// Whoever proves any key: for the bare mode, where the dialer draws a fresh one.
    Anyone,
}

impl Allow {
    /// Whether a peer with this key may connect.
    pub fn contains(&self, key: &TransportKey) -> bool {
        match self {
            Self::Keys(keys) => keys.contains(key),
            Self::Anyone => true,
        }
    }
}
