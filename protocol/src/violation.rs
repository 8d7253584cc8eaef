//! Faults of the peer. A violation ends the session and is recorded; it carries no value that the peer could choose.

/// What a peer did that its protocol does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A message that is not allowed now.
    #[error("unexpected message while awaiting {awaiting}")]
    Unexpected {
        /// What was awaited.
        awaiting: &'static str,
    },
    /// A message whose bytes are not a message.
    #[error("malformed {what}")]
    Malformed {
        /// The kind of message.
        what: &'static str,
    },
    /// A count that the terms do not allow.
    #[error("{what}: expected {expected}, got {got}")]
    CountMismatch {
        /// What was counted.
        what: &'static str,
        /// As agreed.
        expected: u64,
        /// As sent.
        got: u64,
    },
    /// Bytes that encode no element, or the identity.
    #[error("element {index} of batch {batch} is not a valid group element")]
    BadElement {
        /// The batch.
        batch: u32,
        /// The place in it.
        index: u32,
    },
    /// An element sent twice.
    #[error("an element of batch {batch} was sent before")]
    RepeatedElement {
        /// The batch.
        batch: u32,
    },
    /// A batch sent twice, or one that was not asked for.
    #[error("batch {batch} is not awaited")]
    UnawaitedBatch {
        /// The batch.
        batch: u32,
    },
    /// An evaluation under another key than the one committed to.
    #[error("the proof of batch {batch} does not verify")]
    BadProof {
        /// The batch.
        batch: u32,
    },
    /// An extension of the correlation that is not consistent.
    #[error("the correlation was extended inconsistently")]
    BadExtension,
    /// A batch of the correlation that was grown otherwise than the protocol says.
    #[error("batch {batch} of the correlation does not stand its check")]
    BadBatch {
        /// The batch.
        batch: u32,
    },
    /// A mask other than the one committed to.
    #[error("the mask is not the one that was committed to")]
    BadMask,
    /// A public key that is none.
    #[error("the public key is not valid")]
    BadPublicKey,
    /// Tags that are not strictly ascending.
    #[error("tags out of order")]
    TagsOutOfOrder,
    /// A sealed label that does not open with the key of the item whose tag stands before it.
    #[error("the label of a match does not open")]
    BadLabel,
    /// A frame of a session that does not exist here.
    #[error("frame of an unknown session")]
    UnknownSession,
    /// A seal that does not sign this transcript.
    #[error("the seal does not verify")]
    BadSeal,
    /// A handshake whose signature is not the member's.
    #[error("the hello does not verify")]
    BadHello,
    /// Something signed by a key that has no right to it.
    #[error("{what} with a signature that does not verify")]
    BadSignature {
        /// What was signed.
        what: &'static str,
    },
}

impl Violation {
    /// The stable code, for logs, the journal and the peer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unexpected { .. } => "unexpected-message",
            Self::Malformed { .. } => "malformed-message",
            Self::CountMismatch { .. } => "count-mismatch",
            Self::BadElement { .. } => "bad-element",
            Self::RepeatedElement { .. } => "repeated-element",
            Self::UnawaitedBatch { .. } => "unawaited-batch",
            Self::BadProof { .. } => "bad-proof",
            Self::BadExtension => "bad-extension",
            Self::BadBatch { .. } => "bad-batch",
            Self::BadMask => "bad-mask",
            Self::BadPublicKey => "bad-public-key",
            Self::TagsOutOfOrder => "tags-out-of-order",
            Self::BadLabel => "bad-label",
            Self::UnknownSession => "unknown-session",
            Self::BadSeal => "bad-seal",
            Self::BadHello => "bad-hello",
            Self::BadSignature { .. } => "bad-signature",
        }
    }
}
