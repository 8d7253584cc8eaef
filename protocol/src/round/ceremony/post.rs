//! What participants post, and what the board shows of a phase.

use cwg_crypto::{Digest, Domain, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use crate::NodeKey;
use crate::round::limits::{POST_LEN_MAX, POSTS_MAX};
use crate::wire::{BoundedVec, encode};

/// The phases of a ceremony, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Keys of receivers and pledges of dealers.
    Opening,
    /// Dealings.
    Dealing,
    /// Complaints.
    Complaint,
    /// Signatures over the outcome.
    Signing,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 4] = [Self::Opening, Self::Dealing, Self::Complaint, Self::Signing];

    /// The one after it.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }
}

/// One participant's words in one phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The digest of the ceremony's terms.
    pub ceremony: Digest,
    /// The phase.
    pub phase: Phase,
    /// Who posts.
    pub author: NodeKey,
    /// What, in the form of the phase.
    pub body: BoundedVec<u8, POST_LEN_MAX>,
    /// The author's signature over all of the above.
    pub signature: Signature,
}

/// All posts of one phase, as the hub shows them to everyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The digest of the ceremony's terms.
    pub ceremony: Digest,
    /// The phase.
    pub phase: Phase,
    /// In the order of their authors.
    pub posts: BoundedVec<Post, POSTS_MAX>,
}

impl Post {
    /// Signs a post.
    ///
    /// # Panics
    /// If the body is longer than any phase's.
    pub fn sign(ceremony: Digest, phase: Phase, body: Vec<u8>, key: &SigningKey) -> Self {
        let author = NodeKey(key.verifying_key());
        let signature = key.sign(Domain::CeremonyPost, &[&signed_parts(ceremony, phase, author), &body]);
        let body = body.try_into().expect("the longest post has 1,470 bytes");
        Self { ceremony, phase, author, body, signature }
    }

    /// Whether its author signed it.
    pub fn is_signed(&self) -> bool {
        let parts = signed_parts(self.ceremony, self.phase, self.author);
        self.author.0.verify(Domain::CeremonyPost, &[&parts, &self.body], &self.signature).is_ok()
    }
}

fn signed_parts(ceremony: Digest, phase: Phase, author: NodeKey) -> Vec<u8> {
    encode(&(ceremony, phase, author))
}
