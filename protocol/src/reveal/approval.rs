//! Who let what be shown: two persons of a member sign the very values, and the member's node vouches for the persons
//! (`docs/spec/reveal.md` §3).

use cwg_crypto::{Digest, Domain, Signature, SigningKey, digest};
use serde::{Deserialize, Serialize};

use super::fields::{Fields, Values};
use super::limits::APPROVERS;
use crate::round::room::Pseudonym;
use crate::wire::encode;
use crate::{NodeKey, OperatorKey};

/// Which side of a reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Asked for it.
    Requester,
    /// Was asked.
    Asked,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Requester => Self::Asked,
            Self::Asked => Self::Requester,
        }
    }

    /// Its number, where bytes are bound to it.
    pub(super) const fn number(self) -> u8 {
        self as u8
    }
}

/// What is signed besides the values: the reveal, and on whose behalf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Statement {
    /// Of the reveal: turn, room, both pseudonyms and number follow from it.
    pub(super) name: Digest,
    pub(super) side: Side,
    /// Of the charter whose clause allows it.
    pub(super) charter: Digest,
    /// Of what a reveal tells.
    pub(super) leakage: Digest,
    /// What is asked for in return.
    pub(super) asks: Fields,
    pub(super) expires: u16,
    pub(super) member: NodeKey,
}

impl Statement {
    /// What persons and node sign.
    pub(super) fn digest(&self, values: &Values) -> Digest {
        digest(Domain::RevealFields, &[&encode(self), &encode(values)])
    }
}

/// A person's signature to a reveal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The person's key.
    pub key: OperatorKey,
    signature: Signature,
}

impl Approval {
    /// Approves what [`super::Reveal::to_be_approved`] gives, as the person with this key.
    pub fn sign(statement: Digest, key: &SigningKey) -> Self {
        let signature = key.sign(Domain::RevealApproval, &[statement.as_bytes()]);
        Self { key: OperatorKey(key.verifying_key()), signature }
    }

    pub(super) fn holds(&self, statement: Digest) -> bool {
        self.key.0.verify(Domain::RevealApproval, &[statement.as_bytes()], &self.signature).is_ok()
    }
}

/// What one side shows the other, with what proves that it is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The member.
    pub member: NodeKey,
    /// The fields.
    pub values: Values,
    approvals: [Approval; APPROVERS],
    node: Signature,
    /// The pseudonym's: that this is who wrote in the room.
    writer: Signature,
}

/// Why what was in a box is not taken for what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEvidence {
    /// Not the form.
    #[error("the box holds no fields")]
    Form,
    /// Other fields than agreed.
    #[error("the box holds other fields than were agreed")]
    Fields,
    /// Of a node that takes no part in the round, or of the reader itself.
    #[error("the box is not of another member of the round")]
    Member,
    /// One person twice, or a signature that does not hold.
    #[error("the fields are not approved by two persons of the member")]
    Approvals,
    /// The member's signature does not hold.
    #[error("the member does not vouch for who approved the fields")]
    Node,
    /// Not signed by the pseudonym with which this was agreed.
    #[error("the box is not of the pseudonym with which the reveal was agreed")]
    Writer,
}

impl BadEvidence {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form => "reveal-box-form",
            Self::Fields => "reveal-box-fields",
            Self::Member => "reveal-box-member",
            Self::Approvals => "reveal-box-approvals",
            Self::Node => "reveal-box-node",
            Self::Writer => "reveal-box-writer",
        }
    }
}

impl Evidence {
    /// Vouches, as the member's node, for two approvals that were checked.
    pub(super) fn new(
        statement: &Statement,
        values: Values,
        approvals: [Approval; APPROVERS],
        node: &SigningKey,
        sign_as_writer: impl FnOnce(&[u8]) -> Signature,
    ) -> Self {
        let signed = statement.digest(&values);
        let node = node.sign(Domain::RevealNode, &[signed.as_bytes(), &encode(&approvals)]);
        let writer = sign_as_writer(signed.as_bytes());
        Self { member: statement.member, values, approvals, node, writer }
    }

    /// Checks it against the statement that the other side must have signed, all but the member of which is known; gives what it signed.
    pub(super) fn check(
        &self,
        reveal: impl FnOnce(NodeKey) -> Statement,
        agreed: Fields,
        writer: Pseudonym,
    ) -> Result<Digest, BadEvidence> {
        if self.values.fields() != Ok(agreed) {
            return Err(BadEvidence::Fields);
        }
        let signed = reveal(self.member).digest(&self.values);
        let [first, second] = &self.approvals;
        if first.key == second.key || !first.holds(signed) || !second.holds(signed) {
            return Err(BadEvidence::Approvals);
        }
        let parts = [signed.as_bytes().as_slice(), &encode(&self.approvals)];
        self.member.0.verify(Domain::RevealNode, &parts, &self.node).map_err(|_| BadEvidence::Node)?;
        if !writer.has_signed(Domain::RevealWriter, signed.as_bytes(), &self.writer) {
            return Err(BadEvidence::Writer);
        }
        Ok(signed)
    }
}

#[cfg(test)]
impl Evidence {
    pub(super) fn approve_twice_by_the_first(&mut self) {
        self.approvals[1] = self.approvals[0];
    }

    pub(super) fn vouch(&mut self, by: &SigningKey) {
        self.node = by.sign(Domain::RevealNode, &[b"another statement"]);
    }

    pub(super) fn write(&mut self, by: &SigningKey) {
        self.writer = by.sign(Domain::RevealWriter, &[b"another statement"]);
    }
}
