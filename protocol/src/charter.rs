//! Charters: a pilot's signed terms (`docs/spec/charter.md`). No session starts outside a live one.
//!
//! The hub writes a charter and signs it. Each member named in it signs twice: a named person with that person's own
//! key, and the node, which vouches for the person. Only when all have signed, and within its dates, is it live.

mod rules;

pub use rules::{CLAUSE_LEN_MAX, CountRules, ROUNDS_PER_KEY_MAX, RoundRules};

use cwg_crypto::{Digest, Domain, Signature, SigningKey, digest};
use serde::{Deserialize, Serialize};

use crate::indicator::{IndicatorKind, Roles};
use crate::roster::Name;
use crate::session::Learns;
use crate::wire::limits::{CHARTER_LEN_MAX, MEMBERS_MAX, SELECTION_MAX, TEXT_LEN_MAX};
use crate::wire::{BoundedText, BoundedVec, decode_canonical, encode};
use crate::{NetworkId, NodeKey, OperatorKey, PilotId, UnixTime};

/// A kind of indicator and the roles in which it may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KindRoles {
    /// The kind.
    pub kind: IndicatorKind,
    /// The roles.
    pub roles: Roles,
}

/// The four kinds of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// Two members, directly.
    Pair,
    /// A member with the hub's release.
    Lighthouse,
    /// Many members through the hub.
    Round,
    /// The cardinality only.
    Count,
}

impl RunKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pair, Self::Lighthouse, Self::Round, Self::Count];

    /// The name used in files and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Lighthouse => "lighthouse",
            Self::Round => "round",
            Self::Count => "count",
        }
    }

    /// Whether a kind of indicator may enter runs of this kind, whatever a charter says.
    pub fn admits(self, kind: IndicatorKind) -> bool {
        self == Self::Lighthouse || !kind.lighthouse_only()
    }
}

/// Allowances against probing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Items, padding included, that one side may bring to a session.
    pub items_per_session: u32,
    /// Sessions of one member with one other in any 24 hours.
    pub sessions_per_day: u32,
    /// Items that a side which learns must bring at least: a smaller set asks about single people.
    pub items_min: u32,
}

/// What a hub signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The network.
    pub network: NetworkId,
    /// The pilot.
    pub pilot: PilotId,
    /// Counted from 1; a new version needs every signature again.
    pub version: u32,
    /// The pilot's name.
    pub name: Name,
    /// What it is for.
    pub purpose: BoundedText<TEXT_LEN_MAX>,
    /// Under which law.
    pub legal_basis: BoundedText<TEXT_LEN_MAX>,
    /// Who takes part, strictly ascending.
    pub members: BoundedVec<NodeKey, MEMBERS_MAX>,
    /// Which indicators may enter, strictly ascending by kind.
    pub kinds: BoundedVec<KindRoles, SELECTION_MAX>,
    /// Which kinds of runs are allowed, strictly ascending.
    pub runs: BoundedVec<RunKind, 4>,
    /// Who may learn in a pair run, strictly ascending.
    pub learns: BoundedVec<Learns, 3>,
    /// From when.
    pub opens: UnixTime,
    /// Until when.
    pub closes: UnixTime,
    /// Days after which a match that is in no case is deleted.
    pub retention_days: u32,
    /// Allowances.
    pub budget: Budget,
    /// Of rounds; there exactly if they are allowed.
    pub rounds: Option<RoundRules>,
    /// Of counts; there exactly if they are allowed.
    pub counts: Option<CountRules>,
}

/// A charter as it travels and is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCharter {
    body: BoundedVec<u8, CHARTER_LEN_MAX>,
    signature: Signature,
}

/// A charter whose hub signature, encoding and inner rules were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    body: Body,
    digest: Digest,
    signed: SignedCharter,
}

/// What one member adds: a person's signature, and the node's, which vouches for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberSignature {
    /// The member.
    pub member: NodeKey,
    /// The person's name.
    pub person: Name,
    /// The person's key.
    pub person_key: OperatorKey,
    /// The person's signature over the charter and the member.
    pub person_signature: Signature,
    /// The node's signature over all of the above.
    pub node_signature: Signature,
}

/// Why a charter, or a signature to one, is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CharterError {
    /// Not an encoding, or not the canonical one.
    #[error("the charter is malformed")]
    Malformed,
    /// Not signed by the hub.
    #[error("the charter is not signed by this network's hub")]
    WrongSigner,
    /// Of another network.
    #[error("the charter belongs to another network")]
    OtherNetwork,
    /// It breaks a rule.
    #[error("the charter breaks a rule: {0}")]
    Rule(&'static str),
    /// A member's signature that does not verify, or of a node that is not in the charter.
    #[error("a member's signature does not verify")]
    BadMemberSignature,
}

/// Why a charter allows no session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLive {
    /// Signatures are missing.
    #[error("{missing} of {members} members have not signed the charter")]
    Unsigned {
        /// How many have not.
        missing: usize,
        /// Of how many.
        members: usize,
    },
    /// Before its first day.
    #[error("the charter has not opened yet")]
    NotOpen,
    /// After its last day.
    #[error("the charter has closed")]
    Closed,
}

/// The proof that a charter was signed by all and is within its dates, at the time it was asked.
#[derive(Clone, Copy, Debug)]
pub struct LiveCharter<'a>(&'a Charter);

impl<'a> LiveCharter<'a> {
    /// The charter.
    pub fn charter(self) -> &'a Charter {
        self.0
    }
}

impl Charter {
    /// Signs a charter as the hub.
    ///
    /// # Errors
    /// If it breaks a rule.
    pub fn sign(body: Body, hub: &SigningKey) -> Result<Self, CharterError> {
        check_rules(&body)?;
        let bytes = encode(&body);
        let signature = hub.sign(Domain::Charter, &[&bytes]);
        let digest = digest(Domain::CharterDigest, &[&bytes]);
        let bytes = bytes.try_into().map_err(|_| CharterError::Rule("too long"))?;
        Ok(Self { body, digest, signed: SignedCharter { body: bytes, signature } })
    }

    /// Checks a charter against the hub's key.
    ///
    /// # Errors
    /// If its encoding, signature, network or rules are wrong.
    pub fn verify(signed: SignedCharter, network: NetworkId, hub: NodeKey) -> Result<Self, CharterError> {
        hub.0.verify(Domain::Charter, &[&signed.body], &signed.signature).map_err(|_| CharterError::WrongSigner)?;
        let body: Body = decode_canonical(&signed.body, CHARTER_LEN_MAX).map_err(|_| CharterError::Malformed)?;
        if body.network != network {
            return Err(CharterError::OtherNetwork);
        }
        check_rules(&body)?;
        let digest = digest(Domain::CharterDigest, &[&signed.body]);
        Ok(Self { body, digest, signed })
    }

    /// What it says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its digest: what is signed, and what terms name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// As it travels.
    pub fn signed(&self) -> &SignedCharter {
        &self.signed
    }

    /// Whether a node is named in it.
    pub fn names(&self, member: NodeKey) -> bool {
        self.body.members.contains(&member)
    }

    /// The roles in which a kind may enter.
    pub fn roles_of(&self, kind: IndicatorKind) -> Roles {
        self.body.kinds.iter().find(|entry| entry.kind == kind).map_or(Roles::NONE, |entry| entry.roles)
    }

    /// Whether a kind may enter in these roles.
    pub fn allows(&self, kind: IndicatorKind, roles: Roles) -> bool {
        let allowed = self.roles_of(kind);
        allowed.union(roles) == allowed
    }

    /// Whether a time is within its dates.
    pub(crate) fn covers(&self, time: UnixTime) -> bool {
        (self.body.opens..=self.body.closes).contains(&time)
    }

    /// Checks what terms of a run say against it: the kinds with their roles, the items that each side brings, and the first and the last
    /// time.
    ///
    /// # Errors
    /// What it does not allow.
    pub(crate) fn check_run(
        &self,
        run: RunKind,
        kinds: impl Iterator<Item = (IndicatorKind, Roles)>,
        items: u64,
        times: [UnixTime; 2],
    ) -> Result<(), &'static str> {
        let allow = |holds: bool, text| if holds { Ok(()) } else { Err(text) };
        let Body { runs, budget, .. } = &self.body;
        allow(runs.contains(&run), "it has no runs of this kind")?;
        for (kind, roles) in kinds {
            allow(self.allows(kind, roles), "a kind or role is not the charter's")?;
            allow(run.admits(kind), "a kind may not enter such a run")?;
        }
        allow(items <= budget.items_per_session.into(), "its budget has fewer items")?;
        allow(items >= budget.items_min.into(), "a side that learns brings more items")?;
        allow(times.iter().all(|time| self.covers(*time)), "it is not within the charter's dates")
    }

    /// Checks one member's signature to this charter.
    ///
    /// # Errors
    /// If the member is not named in it, or one of the two signatures does not verify.
    pub fn check_signature(&self, signature: &MemberSignature) -> Result<(), CharterError> {
        let bad = |_| CharterError::BadMemberSignature;
        if !self.names(signature.member) {
            return Err(CharterError::BadMemberSignature);
        }
        let person = person_parts(self.digest, signature.member);
        signature.person_key.0.verify(Domain::CharterPerson, &[&person], &signature.person_signature).map_err(bad)?;
        signature
            .member
            .0
            .verify(Domain::CharterNode, &[&node_parts(self.digest, signature)], &signature.node_signature)
            .map_err(bad)
    }

    /// Whether sessions may start now, given the members' signatures (which [`Charter::check_signature`] has passed).
    ///
    /// # Errors
    /// The reason why not.
    pub fn live<'a>(&'a self, signed_by: impl Fn(NodeKey) -> bool, now: UnixTime) -> Result<LiveCharter<'a>, NotLive> {
        let members = self.body.members.len();
        let missing = self.body.members.iter().filter(|member| !signed_by(**member)).count();
        if missing > 0 {
            return Err(NotLive::Unsigned { missing, members });
        }
        if now < self.body.opens {
            return Err(NotLive::NotOpen);
        }
        if now > self.body.closes {
            return Err(NotLive::Closed);
        }
        Ok(LiveCharter(self))
    }
}

impl MemberSignature {
    /// What a person signs: the charter's digest, for this member.
    pub fn sign_as_person(charter: Digest, member: NodeKey, key: &SigningKey) -> Signature {
        key.sign(Domain::CharterPerson, &[&person_parts(charter, member)])
    }

    /// Adds the node's signature to a person's.
    pub fn complete(
        charter: Digest,
        member: NodeKey,
        person: Name,
        person_key: OperatorKey,
        person_signature: Signature,
        key: &SigningKey,
    ) -> Self {
        let mut signature =
            Self { member, person, person_key, person_signature, node_signature: Signature::from_bytes([0; 64]) };
        signature.node_signature = key.sign(Domain::CharterNode, &[&node_parts(charter, &signature)]);
        signature
    }
}

fn person_parts(charter: Digest, member: NodeKey) -> Vec<u8> {
    encode(&(charter, member))
}

fn node_parts(charter: Digest, signature: &MemberSignature) -> Vec<u8> {
    encode(&(charter, signature.member, &signature.person, signature.person_key, signature.person_signature))
}

fn check_rules(body: &Body) -> Result<(), CharterError> {
    let rule = |holds: bool, text| if holds { Ok(()) } else { Err(CharterError::Rule(text)) };
    rule(body.version > 0, "a version starts at 1")?;
    rule(!body.name.trim().is_empty(), "it needs a name")?;
    rule(!body.purpose.trim().is_empty(), "it needs a purpose")?;
    rule(!body.legal_basis.trim().is_empty(), "it needs a legal basis")?;
    rule(body.members.len() >= 2, "it needs at least two members")?;
    rule(body.members.is_sorted_by(|a, b| a < b), "its members are sorted and stand once")?;
    rule(!body.kinds.is_empty(), "it needs at least one indicator type")?;
    rule(body.kinds.is_sorted_by(|a, b| a.kind < b.kind), "its indicator types are sorted and stand once")?;
    rule(body.kinds.iter().all(|kind| kind.roles != Roles::NONE), "each indicator type needs a role")?;
    rule(!body.runs.is_empty(), "it needs at least one kind of run")?;
    rule(body.runs.is_sorted_by(|a, b| a < b), "its kinds of runs are sorted and stand once")?;
    let admitted = |kind| body.runs.iter().any(|run| run.admits(kind));
    rule(body.kinds.iter().all(|entry| admitted(entry.kind)), "card numbers enter lighthouse runs alone")?;
    rule(body.learns.is_sorted_by(|a, b| a < b), "who learns is sorted and stands once")?;
    rule(!body.runs.contains(&RunKind::Pair) || !body.learns.is_empty(), "pair runs need someone who learns")?;
    rule(body.opens < body.closes, "it closes after it opens")?;
    rule((1..=3650).contains(&body.retention_days), "retention is 1 to 3650 days")?;
    rule(body.budget.items_per_session > 0 && body.budget.sessions_per_day > 0, "its budgets are not zero")?;
    rule(body.budget.items_min >= ITEMS_MIN_FLOOR, "a side that learns brings at least 10 items")?;
    rules::check(body).map_err(CharterError::Rule)
}

/// Items that a side which learns brings at least; no charter may set less.
pub const ITEMS_MIN_FLOOR: u32 = 10;

#[cfg(test)]
mod tests;
