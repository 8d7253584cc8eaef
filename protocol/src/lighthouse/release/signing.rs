//! From a body to a signed release, a person at a time. Each step consumes the one before and checks it anew, so that it can
//! be stored and read back in between.

use cwg_crypto::{Digest, Domain, Signature, SigningKey, digest};
use serde::{Deserialize, Serialize};

use super::{ReleaseBody, ReleaseError};
use crate::lighthouse::limits::RELEASE_LEN_MAX;
use crate::roster::Name;
use crate::wire::{BoundedVec, decode_canonical, encode};
use crate::{NodeKey, OperatorKey};

/// A person of the hub, and that person's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSignature {
    /// The person's name.
    pub name: Name,
    /// The person's key.
    pub key: OperatorKey,
    /// The signature.
    pub signature: Signature,
}

/// A release that one person has built and signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltRelease {
    pub(super) body: BoundedVec<u8, RELEASE_LEN_MAX>,
    pub(super) builder: PersonSignature,
}

/// A release that a second person has approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedRelease {
    pub(super) built: BuiltRelease,
    pub(super) approver: PersonSignature,
}

/// A release as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRelease {
    pub(super) approved: ApprovedRelease,
    pub(super) signature: Signature,
}

impl BuiltRelease {
    /// Signs a body as the person who built it.
    ///
    /// # Errors
    /// If the body breaks a rule, or the name is empty.
    pub fn build(body: &ReleaseBody, name: Name, key: &SigningKey) -> Result<Self, ReleaseError> {
        body.check_rules()?;
        check_name(&name)?;
        let bytes: BoundedVec<u8, RELEASE_LEN_MAX> =
            encode(body).try_into().map_err(|_| ReleaseError::Rule("too long"))?;
        let signature = key.sign(Domain::ReleaseBuilder, &[release_digest(&bytes).as_bytes(), name.as_bytes()]);
        let builder = PersonSignature { name, key: OperatorKey(key.verifying_key()), signature };
        Ok(Self { body: bytes, builder })
    }

    /// What was built, for the person who is to approve it.
    ///
    /// # Errors
    /// If the builder's signature, the encoding or a rule is broken.
    pub fn body(&self) -> Result<ReleaseBody, ReleaseError> {
        let digest = self.digest();
        let parts: [&[u8]; 2] = [digest.as_bytes(), self.builder.name.as_bytes()];
        let verified = self.builder.key.0.verify(Domain::ReleaseBuilder, &parts, &self.builder.signature);
        verified.map_err(|_| ReleaseError::BuilderSignature)?;
        check_name(&self.builder.name)?;
        let body: ReleaseBody = decode_canonical(&self.body, RELEASE_LEN_MAX).map_err(|_| ReleaseError::Malformed)?;
        body.check_rules()?;
        Ok(body)
    }

    /// Signs it as a second person.
    ///
    /// # Errors
    /// If what was built is not good, or the person is the one who built it: by key or by name.
    pub fn approve(self, name: Name, key: &SigningKey) -> Result<ApprovedRelease, ReleaseError> {
        self.body()?;
        let signature = key.sign(Domain::ReleaseApprover, &[&approver_part(&self, &name)]);
        let approver = PersonSignature { name, key: OperatorKey(key.verifying_key()), signature };
        let approved = ApprovedRelease { built: self, approver };
        approved.check()?;
        Ok(approved)
    }

    /// Whoever built it.
    pub const fn builder(&self) -> &PersonSignature {
        &self.builder
    }

    /// The digest of its body.
    pub fn digest(&self) -> Digest {
        release_digest(&self.body)
    }
}

impl ApprovedRelease {
    /// What was approved.
    pub const fn built(&self) -> &BuiltRelease {
        &self.built
    }

    /// Whoever approved it.
    pub const fn approver(&self) -> &PersonSignature {
        &self.approver
    }

    /// Checks both persons' signatures and that they are two; what they signed.
    ///
    /// # Errors
    /// If a signature, the encoding or a rule is broken, or one person has signed twice.
    pub fn check(&self) -> Result<ReleaseBody, ReleaseError> {
        let body = self.built.body()?;
        let part = approver_part(&self.built, &self.approver.name);
        let verified = self.approver.key.0.verify(Domain::ReleaseApprover, &[&part], &self.approver.signature);
        verified.map_err(|_| ReleaseError::ApproverSignature)?;
        check_name(&self.approver.name)?;
        let builder = &self.built.builder;
        if self.approver.key == builder.key || folded(&self.approver.name) == folded(&builder.name) {
            return Err(ReleaseError::SamePerson);
        }
        Ok(body)
    }

    /// Signs it as the hub's node, which vouches for both persons.
    ///
    /// # Errors
    /// If one of the two signatures is not good, they are of one person, or one of them is the node itself.
    pub fn publish(self, hub: &SigningKey) -> Result<SignedRelease, ReleaseError> {
        self.check()?;
        self.check_not_node(NodeKey(hub.verifying_key()))?;
        let signature = hub.sign(Domain::ReleaseHub, &[&hub_part(&self)]);
        Ok(SignedRelease { approved: self, signature })
    }

    /// A node is no person: its key must not stand in for one.
    pub(super) fn check_not_node(&self, hub: NodeKey) -> Result<(), ReleaseError> {
        if self.built.builder.key.0 == hub.0 || self.approver.key.0 == hub.0 {
            return Err(ReleaseError::SamePerson);
        }
        Ok(())
    }
}

impl SignedRelease {
    /// Checks the hub's signature, then the persons', then the body.
    pub(super) fn check(&self, hub: NodeKey) -> Result<ReleaseBody, ReleaseError> {
        let part = hub_part(&self.approved);
        hub.0.verify(Domain::ReleaseHub, &[&part], &self.signature).map_err(|_| ReleaseError::WrongSigner)?;
        let body = self.approved.check()?;
        self.approved.check_not_node(hub)?;
        Ok(body)
    }

    /// The digest of its body.
    pub fn digest(&self) -> Digest {
        self.approved.built.digest()
    }
}

fn release_digest(body: &[u8]) -> Digest {
    digest(Domain::ReleaseDigest, &[body])
}

/// The approver signs for this body as built by this person.
fn approver_part(built: &BuiltRelease, approver: &Name) -> Vec<u8> {
    encode(&(built.digest(), &built.builder, approver))
}

fn hub_part(approved: &ApprovedRelease) -> Vec<u8> {
    encode(&(approved.built.digest(), &approved.built.builder, &approved.approver))
}

fn check_name(name: &Name) -> Result<(), ReleaseError> {
    if name.trim().is_empty() { Err(ReleaseError::Rule("a person who signs has a name")) } else { Ok(()) }
}

/// A name as two people would call it the same.
fn folded(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
