//! The key that this node proves to its peers.

use std::sync::Arc;

use cwg_crypto::{Secret32, SigningKey};
use cwg_protocol::TransportKey;

use crate::reset::ResetKey;

/// The transport key of this node, with its secret half. Never printed.
#[derive(Clone)]
pub struct TransportIdentity {
    signer: Arc<SigningKey>,
    key: TransportKey,
    reset: Arc<ResetKey>,
}

impl TransportIdentity {
    /// The identity with this Ed25519 secret (RFC 8032 §5.1.5).
    pub fn from_secret(secret: &Secret32) -> Self {
        let signer = SigningKey::from_secret(secret);
        let key = TransportKey(signer.verifying_key());
        Self { signer: Arc::new(signer), key, reset: Arc::new(ResetKey::of(secret)) }
    }

    /// The public half, which peers pin.
    pub fn key(&self) -> TransportKey {
        self.key
    }

    /// What makes the resets of this node's listener.
    pub(crate) fn reset(&self) -> Arc<ResetKey> {
        Arc::clone(&self.reset)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer.sign_raw(message).as_bytes().to_vec()
    }
}

impl core::fmt::Debug for TransportIdentity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TransportIdentity(..)")
    }
}
