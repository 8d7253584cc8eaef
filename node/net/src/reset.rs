//! Stateless resets that outlive a process (RFC 9000 §10.3.2): a listener that was killed and started again can end the
//! connections of its earlier life as soon as a peer sends something on them, not only when they have been silent too long.
//!
//! For the listener alone. A second socket of the same node with the same key would answer a stranger's packet with
//! the reset of a connection that stands (RFC 9000 §10.3.2, last paragraph).

use core::time::Duration;

use cwg_crypto::{Domain, Secret32, ct_eq, derive};
use quinn::crypto::{CryptoError, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator};
use rustls::crypto::SecureRandom;

/// Bytes of a tag before QUIC cuts it to the 16 of a reset.
const TAG_LEN: usize = 32;

/// Bytes of a connection id.
const ID_LEN: usize = 8;

/// Makes the reset that belongs to a connection id. The same in every process of a node.
pub(crate) struct ResetKey(Secret32);

impl ResetKey {
    /// The key of the node whose transport key has this secret.
    pub(crate) fn of(transport_secret: &Secret32) -> Self {
        Self(derive(Domain::StatelessReset, transport_secret, &[]))
    }

    fn tag(&self, bytes: &[u8]) -> Secret32 {
        derive(Domain::StatelessReset, &self.0, &[bytes])
    }
}

impl HmacKey for ResetKey {
    fn sign(&self, bytes: &[u8], tag: &mut [u8]) {
        tag.copy_from_slice(self.tag(bytes).expose());
    }

    fn signature_len(&self) -> usize {
        TAG_LEN
    }

    fn verify(&self, bytes: &[u8], tag: &[u8]) -> Result<(), CryptoError> {
        if ct_eq(self.tag(bytes).expose(), tag) { Ok(()) } else { Err(CryptoError) }
    }
}

/// Random connection ids that carry no mark of the process: quinn's own kind is known to the process alone that made it,
/// and a later one would take no notice of it.
pub(crate) struct RandomIds(pub(crate) &'static dyn SecureRandom);

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; ID_LEN];
        self.0.fill(&mut id).expect("no handshake begins without the random numbers of TLS, which are these");
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        ID_LEN
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_of_one_node_and_one_connection() {
        let tag = |secret: u8, id: &[u8]| {
            let mut tag = [0; TAG_LEN];
            ResetKey::of(&Secret32::new([secret; 32])).sign(id, &mut tag);
            tag
        };
        assert_eq!(tag(1, b"id"), tag(1, b"id"));
        assert_ne!(tag(1, b"id"), tag(2, b"id"));
        assert_ne!(tag(1, b"id"), tag(1, b"di"));
        let key = ResetKey::of(&Secret32::new([1; 32]));
        assert!(key.verify(b"id", &tag(1, b"id")).is_ok());
        assert!(key.verify(b"id", &tag(2, b"id")).is_err());
    }
}
