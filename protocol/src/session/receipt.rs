//! Seals and receipts: what both sides sign, and what each keeps.

use cwg_crypto::{Digest, Domain, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use super::{Place, Terms};
use crate::violation::Violation;
use crate::wire::encode;
use crate::{NodeKey, SessionId};

/// One side's signature over the final transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal(pub Signature);

impl Seal {
    pub(super) fn sign(key: &SigningKey, session: SessionId, transcript: Digest, place: Place) -> Self {
        Self(key.sign(Domain::Seal, &[&session.0, transcript.as_bytes(), &encode(&place)]))
    }

    pub(super) fn verify(
        self,
        key: NodeKey,
        session: SessionId,
        transcript: Digest,
        place: Place,
    ) -> Result<SealVerified, Violation> {
        key.0
            .verify(Domain::Seal, &[&session.0, transcript.as_bytes(), &encode(&place)], &self.0)
            .map_err(|_| Violation::BadSeal)?;
        Ok(SealVerified(()))
    }
}

/// The proof that the other side signed the same transcript. Only the verifying function builds it.
#[derive(Debug)]
pub struct SealVerified(());

/// What each side keeps of a sealed session: no identifiers, and enough for a third person to verify both signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What was agreed.
    pub terms: Terms,
    /// The session's name, which also binds the channel.
    pub session: SessionId,
    /// End value of the transcript.
    pub transcript: Digest,
    /// The proposer's signature.
    pub proposer: Seal,
    /// The acceptor's signature.
    pub acceptor: Seal,
}

impl Receipt {
    /// Checks both signatures against the keys the terms name.
    ///
    /// # Errors
    /// If one does not verify.
    pub fn verify(&self) -> Result<SealVerified, Violation> {
        self.proposer.verify(self.terms.proposer, self.session, self.transcript, Place::Proposer)?;
        self.acceptor.verify(self.terms.acceptor, self.session, self.transcript, Place::Acceptor)
    }
}
