//! The mark of the copy of a release that one member gets.

use core::fmt;

use cwg_crypto::{Domain, Secret32, ct_eq, derive};
use serde::{Deserialize, Serialize};

use super::ReleaseNumber;
use crate::{NetworkId, NodeKey};

/// Sixteen bytes that stand in one member's copy of one release.
///
/// A hub that finds them in a leaked copy learns for which member that copy was made. It learns no more: whoever leaks can
/// cut the mark off, for the clues themselves carry none; and it proves nothing to a third party, for the hub can compute
/// every member's mark and could have put it there itself. No member can compute another's, or tell one from random bytes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark([u8; 16]);

/// A secret of the hub from which it derives watermarks.
pub struct WatermarkKey(Secret32);

impl WatermarkKey {
    /// Takes a secret, drawn at random once for a network.
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The mark of a member's copy of a release.
    pub fn mark(&self, network: NetworkId, release: ReleaseNumber, member: NodeKey) -> Watermark {
        let parts: [&[u8]; 3] = [&network.0, &release.0.to_le_bytes(), member.0.as_bytes()];
        let secret = derive(Domain::Watermark, &self.0, &parts);
        Watermark(*secret.expose().first_chunk().expect("32 bytes have a first half"))
    }

    /// The member for whose copy of a release a mark was made, if it is one of these.
    pub fn trace(
        &self,
        mark: &Watermark,
        network: NetworkId,
        release: ReleaseNumber,
        members: impl IntoIterator<Item = NodeKey>,
    ) -> Option<NodeKey> {
        members.into_iter().find(|member| ct_eq(&self.mark(network, release, *member).0, &mark.0))
    }
}

impl Watermark {
    /// Its bytes, to be put into the copy.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The mark with these bytes, found in a copy.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for WatermarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatermarkKey(..)")
    }
}

/// It names a member to the hub: it is not printed.
impl fmt::Debug for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watermark(..)")
    }
}

#[cfg(test)]
mod tests {
    use cwg_crypto::SigningKey;

    use super::*;

    fn node(byte: u8) -> NodeKey {
        NodeKey(SigningKey::from_secret(&Secret32::new([byte; 32])).verifying_key())
    }

    #[test]
    fn a_mark_leads_to_its_member_release_and_network_alone() {
        let key = WatermarkKey::new(Secret32::new([1; 32]));
        let (network, release) = (NetworkId([2; 16]), ReleaseNumber(3));
        let members = [node(4), node(5), node(6)];
        let mark = key.mark(network, release, members[1]);
        let trace = |key: &WatermarkKey, network, release, members: &[NodeKey]| {
            key.trace(&mark, network, release, members.iter().copied())
        };
        assert_eq!(trace(&key, network, release, &members), Some(members[1]));
        assert_eq!(trace(&key, network, release, &members[..1]), None);
        assert_eq!(trace(&key, network, ReleaseNumber(4), &members), None);
        assert_eq!(trace(&key, NetworkId([3; 16]), release, &members), None);
        assert_eq!(trace(&WatermarkKey::new(Secret32::new([2; 32])), network, release, &members), None);
        assert_eq!(Watermark::from_bytes(*mark.as_bytes()), mark);
    }
}
