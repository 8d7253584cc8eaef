//! What a member checks of an edition's head, and where it stands afterwards.

use cwg_crypto::Digest;
use cwg_crypto::voprf::PublicKey;
use serde::{Deserialize, Serialize};

use super::{EditionBody, EditionError, EditionPlace, Period, Shape, SignedEdition};
use crate::lighthouse::LabelClass;
use crate::lighthouse::release::{ReleaseNumber, Seen, VerifiedRelease};
use crate::{NetworkId, NodeKey};

/// Where a member stands in the editions of a period: what it pinned, and the last edition it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    network: NetworkId,
    hub: NodeKey,
    period: Period,
    public: PublicKey,
    head: Option<Head>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    release: ReleaseNumber,
    digest: Digest,
    /// Deltas so far.
    link: u16,
    shape: Shape,
}

/// The proof that an edition's head is signed by the hub, publishes a verified release and comes next. Nothing is known of its
/// rows.
#[derive(Clone, Debug)]
pub struct VerifiedEdition {
    body: EditionBody,
    digest: Digest,
}

impl Chain {
    /// The chain of a period whose public key was pinned, before its first snapshot.
    pub const fn new(network: NetworkId, hub: NodeKey, period: Period, public: PublicKey) -> Self {
        Self { network, hub, period, public, head: None }
    }

    /// Checks an edition that came with a release. That release's own checks have refused what expired, is of another purpose
    /// or ruleset, or goes back.
    ///
    /// # Errors
    /// The first check that fails, in the order of the specification.
    pub fn verify(&self, signed: &SignedEdition, release: &VerifiedRelease) -> Result<VerifiedEdition, EditionError> {
        self.check(signed, Some((release.seen(), release.body().class)))
    }

    /// [`Self::verify`] for an edition of a release that later ones have replaced: that of which this node remembers so much,
    /// or one that it never had. Later editions name it by its digest, so the chain is the one that leads to a release which
    /// is verified; until then nothing of it counts.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn follow(
        &self,
        signed: &SignedEdition,
        release: Option<(Seen, LabelClass)>,
    ) -> Result<VerifiedEdition, EditionError> {
        self.check(signed, release)
    }

    fn check(
        &self,
        signed: &SignedEdition,
        release: Option<(Seen, LabelClass)>,
    ) -> Result<VerifiedEdition, EditionError> {
        let body = signed.check(self.hub)?;
        let digest = signed.digest();
        if body.network != self.network {
            return Err(EditionError::OtherNetwork);
        }
        if (body.period, body.public) != (self.period, self.public) {
            return Err(EditionError::OtherPeriod);
        }
        if let Some(head) = self.head {
            if body.release < head.release {
                return Err(EditionError::Older { seen: head.release, got: body.release });
            }
            if body.release == head.release && digest != head.digest {
                return Err(EditionError::Fork(body.release));
            }
        }
        if let Some((seen, class)) = release {
            if !body.publishes(seen) {
                return Err(EditionError::OtherRelease);
            }
            same_class(class, &body)?;
        }
        match (body.place, self.head) {
            (EditionPlace::Snapshot, _) => {}
            // The same delta again, for a download that goes on.
            (EditionPlace::Delta { .. }, Some(head)) if head.digest == digest => {}
            (EditionPlace::Delta { .. }, None) => return Err(EditionError::OtherChain),
            (EditionPlace::Delta { link, previous }, Some(head)) => {
                let expected = head.link + 1;
                if link != expected {
                    return Err(EditionError::OutOfOrder { expected, got: link });
                }
                if previous != head.digest || body.shape != head.shape {
                    return Err(EditionError::OtherChain);
                }
            }
        }
        Ok(VerifiedEdition { body, digest })
    }

    /// Goes on to an edition, once its content was checked and applied.
    pub fn advance(&mut self, edition: &VerifiedEdition) {
        let link = match edition.body.place {
            EditionPlace::Snapshot => 0,
            EditionPlace::Delta { link, .. } => link,
        };
        let EditionBody { release, shape, .. } = edition.body;
        self.head = Some(Head { release, digest: edition.digest, link, shape });
    }

    /// Digest of the last edition, if there was one.
    pub fn head(&self) -> Option<Digest> {
        self.head.map(|head| head.digest)
    }

    /// What a delta after this names, if there was an edition.
    pub(super) fn next(&self) -> Option<(EditionPlace, Shape)> {
        let head = self.head?;
        Some((EditionPlace::Delta { link: head.link + 1, previous: head.digest }, head.shape))
    }
}

impl VerifiedEdition {
    /// What it says.
    pub const fn body(&self) -> &EditionBody {
        &self.body
    }

    /// Its digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

fn same_class(expected: LabelClass, body: &EditionBody) -> Result<(), EditionError> {
    let got = body.shape.class;
    if got == expected { Ok(()) } else { Err(EditionError::WrongClass { expected: expected.into(), got: got.into() }) }
}
