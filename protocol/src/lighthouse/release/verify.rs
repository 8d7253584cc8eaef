//! What a member checks before it uses a release: the head, then the records if it has them.

use cwg_crypto::Digest;

use super::{ClientVersion, PersonSignature, Purpose, ReleaseBody, ReleaseError, ReleaseNumber, SignedRelease};
use crate::lighthouse::record::{Record, Tally};
use crate::wire::limits::CLOCK_SKEW_MAX_SECS;
use crate::{NetworkId, NodeKey, UnixTime};

/// What a node knows before it looks at a release.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Its network.
    pub network: NetworkId,
    /// The hub's key, pinned by the invitation.
    pub hub: NodeKey,
    /// Whether it works with real clues.
    pub purpose: Purpose,
    /// The number of its ruleset.
    pub ruleset: u16,
    /// The digest of its ruleset.
    pub ruleset_hash: Digest,
    /// Its own version.
    pub client: ClientVersion,
    /// The newest release it has accepted.
    pub seen: Option<Seen>,
}

/// A release that was accepted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: ReleaseNumber,
    /// Its digest.
    pub digest: Digest,
}

/// The proof that a release is signed by the hub and two of its people, of this network, and in force when it was checked.
#[derive(Clone, Debug)]
pub struct VerifiedRelease {
    body: ReleaseBody,
    digest: Digest,
    signed: SignedRelease,
}

/// The proof that records are those of a release, each within the terms of its source.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedContent<'a>(&'a VerifiedRelease);

impl VerifiedRelease {
    /// Checks a release.
    ///
    /// # Errors
    /// The first check that fails, in the order of the specification.
    pub fn verify(signed: SignedRelease, expected: &Expected, now: UnixTime) -> Result<Self, ReleaseError> {
        let body = signed.check(expected.hub)?;
        let digest = signed.digest();
        if body.network != expected.network {
            return Err(ReleaseError::OtherNetwork);
        }
        if body.purpose != expected.purpose {
            return Err(ReleaseError::OtherPurpose(body.purpose));
        }
        if let Some(seen) = expected.seen {
            if body.number < seen.number {
                return Err(ReleaseError::Rollback { seen: seen.number, got: body.number });
            }
            if body.number == seen.number && digest != seen.digest {
                return Err(ReleaseError::Fork(body.number));
            }
        }
        if body.client_min > expected.client {
            return Err(ReleaseError::ClientTooOld(body.client_min));
        }
        if (body.ruleset, body.ruleset_hash) != (expected.ruleset, expected.ruleset_hash) {
            return Err(ReleaseError::Ruleset { release: body.ruleset, node: expected.ruleset });
        }
        if body.created > now.plus_secs(CLOCK_SKEW_MAX_SECS) {
            return Err(ReleaseError::Future(body.number));
        }
        if now > body.valid_until {
            return Err(ReleaseError::Expired(body.number));
        }
        Ok(Self { body, digest, signed })
    }

    /// A release that this node has accepted before, read back from its own records: signatures and network are checked again.
    /// Whether it may still be used is another question: [`VerifiedRelease::verify`].
    ///
    /// # Errors
    /// If it is not what was accepted.
    pub fn read_back(signed: SignedRelease, hub: NodeKey, network: NetworkId) -> Result<Self, ReleaseError> {
        let body = signed.check(hub)?;
        let digest = signed.digest();
        if body.network == network { Ok(Self { body, digest, signed }) } else { Err(ReleaseError::OtherNetwork) }
    }

    /// What it says.
    pub const fn body(&self) -> &ReleaseBody {
        &self.body
    }

    /// What a node remembers of it.
    pub const fn seen(&self) -> Seen {
        Seen { number: self.body.number, digest: self.digest }
    }

    /// As it travels.
    pub const fn signed(&self) -> &SignedRelease {
        &self.signed
    }

    /// The person who built it, vouched for by the hub's node.
    pub const fn builder(&self) -> &PersonSignature {
        &self.signed.approved.built.builder
    }

    /// The person who approved it, vouched for by the hub's node.
    pub const fn approver(&self) -> &PersonSignature {
        &self.signed.approved.approver
    }

    /// Begins to check its records.
    pub fn check_content(&self) -> ContentCheck<'_> {
        ContentCheck { release: self, tally: Tally::new(), by_source: vec![0; self.body.sources.len()] }
    }
}

/// Checks the records of a release one by one, in memory that does not grow with them.
#[derive(Debug)]
pub struct ContentCheck<'a> {
    release: &'a VerifiedRelease,
    tally: Tally,
    by_source: Vec<u32>,
}

impl<'a> ContentCheck<'a> {
    /// Takes the next record.
    ///
    /// # Errors
    /// If it is out of order, or breaks the terms of its source.
    pub fn push(&mut self, record: &Record) -> Result<(), ReleaseError> {
        if let Some(clue) = record.clue() {
            let place = self.release.body.check_terms(clue)?;
            self.by_source[usize::from(place)] += 1;
        }
        self.tally.push(record).map_err(|_| ReleaseError::WrongRoot)
    }

    /// Ends the check. Only then are the records those that were signed: nothing of them is used before.
    ///
    /// # Errors
    /// If they are not those that were signed.
    pub fn finish(self) -> Result<VerifiedContent<'a>, ReleaseError> {
        if self.tally.finish() != self.release.body.content {
            return Err(ReleaseError::WrongRoot);
        }
        let terms = self.release.body.sources.iter();
        if terms.map(|terms| terms.clues).ne(self.by_source) {
            return Err(ReleaseError::Terms("counts by source are others"));
        }
        Ok(VerifiedContent(self.release))
    }
}

impl<'a> VerifiedContent<'a> {
    /// The release of these records.
    pub const fn release(self) -> &'a VerifiedRelease {
        self.0
    }
}
