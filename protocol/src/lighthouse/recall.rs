//! Recalls: the hub takes clues back, at once and for every member, ahead of the release that no longer has them
//! (`docs/spec/lighthouse.md` §8).
//!
//! A recall names a clue and no identifier. It only ever takes away: one person at the hub may make one, since a wrong one costs
//! a lead and a late one costs an innocent customer.

use cwg_crypto::{Domain, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use super::id::ClueId;
use super::vocabulary::WithdrawalReason;
use crate::wire::encode;
use crate::{NetworkId, NodeKey, UnixTime};

/// The end of a clue, as members hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Consecutive in a network, from 1: whoever has one has all before it.
    pub number: u32,
    /// Which clue.
    pub clue: ClueId,
    /// Why.
    pub reason: WithdrawalReason,
    /// When, by the hub's clock.
    pub at: UnixTime,
}

/// A recall as it travels and is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecall {
    recall: Recall,
    signature: Signature,
}

/// Why a recall is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecallError {
    /// Not signed by this network's hub.
    #[error("the recall is not signed by this network's hub")]
    WrongSigner,
    /// Another number than the next.
    #[error("the recall has another number than the next")]
    OutOfOrder,
}

impl RecallError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongSigner => "recall-wrong-signer",
            Self::OutOfOrder => "recall-out-of-order",
        }
    }
}

impl SignedRecall {
    /// Signs a recall as the hub's node.
    pub fn sign(recall: Recall, network: NetworkId, hub: &SigningKey) -> Self {
        let signature = hub.sign(Domain::Recall, &[&network.0, &encode(&recall)]);
        Self { recall, signature }
    }

    /// The recall, if it is the one after number `last` (0 before the first).
    ///
    /// # Errors
    /// If it is another, or not the hub's.
    pub fn check(&self, network: NetworkId, hub: NodeKey, last: u32) -> Result<Recall, RecallError> {
        let parts: [&[u8]; 2] = [&network.0, &encode(&self.recall)];
        hub.0.verify(Domain::Recall, &parts, &self.signature).map_err(|_| RecallError::WrongSigner)?;
        if last.checked_add(1) == Some(self.recall.number) { Ok(self.recall) } else { Err(RecallError::OutOfOrder) }
    }

    /// What it says, unchecked: for whoever has checked it before.
    pub const fn recall(&self) -> &Recall {
        &self.recall
    }
}

#[cfg(test)]
mod tests {
    use cwg_crypto::Secret32;

    use super::*;

    #[test]
    fn a_recall_is_the_hubs_and_the_next_or_refused() {
        let hub = SigningKey::from_secret(&Secret32::new([1; 32]));
        let key = NodeKey(hub.verifying_key());
        let other = NodeKey(SigningKey::from_secret(&Secret32::new([2; 32])).verifying_key());
        let (network, clue) = (NetworkId([3; 16]), ClueId::from_bytes([4; 16]));
        let recall = Recall { number: 7, clue, reason: WithdrawalReason::Recalled, at: UnixTime(5) };
        let signed = SignedRecall::sign(recall, network, &hub);
        assert_eq!(signed.check(network, key, 6), Ok(recall));
        for (network, key, last, error) in [
            (NetworkId([9; 16]), key, 6, RecallError::WrongSigner),
            (network, other, 6, RecallError::WrongSigner),
            (network, key, 5, RecallError::OutOfOrder),
            (network, key, 7, RecallError::OutOfOrder),
            (network, key, u32::MAX, RecallError::OutOfOrder),
        ] {
            assert_eq!(signed.check(network, key, last), Err(error));
        }
        let changed = SignedRecall { recall: Recall { reason: WithdrawalReason::Superseded, ..recall }, ..signed };
        assert_eq!(changed.check(network, key, 6), Err(RecallError::WrongSigner));
    }
}
