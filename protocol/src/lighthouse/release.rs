//! Releases: what the hub publishes of its clues, signed by the person who built it, a second one who approved it, and the
//! hub's node (`docs/spec/lighthouse.md` §5).
//!
//! The head alone is signed; it names the root over the records. The persons are vouched for by the hub's node: who steals
//! that node's key can make up both. A member that wants more compares their fingerprints with those it was told.

mod signing;
mod verify;
mod watermark;

use cwg_crypto::Digest;
use serde::{Deserialize, Serialize};

use super::clue::{Clue, Source};
use super::day::Day;
use super::label::LabelClass;
use super::limits::{CHANGE_LEN_MAX, CHANGES_MAX, CLUES_MAX, KINDS_MAX, SOURCES_MAX};
use super::record::Summary;
use super::vocabulary::Caveats;
use crate::indicator::IndicatorKind;
use crate::wire::{BoundedText, BoundedVec, encode};
use crate::{NetworkId, UnixTime};

pub use signing::{ApprovedRelease, BuiltRelease, PersonSignature, SignedRelease};
pub use verify::{ContentCheck, Expected, Seen, VerifiedContent, VerifiedRelease};
pub use watermark::{Watermark, WatermarkKey};

/// The consecutive number of a release, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReleaseNumber(pub u32);

impl core::fmt::Display for ReleaseNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// The version of a client, compared from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientVersion {
    /// Changes that break.
    pub major: u16,
    /// Changes that add.
    pub minor: u16,
    /// Changes that mend.
    pub patch: u16,
}

/// Whether clues are real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// They are.
    Live,
    /// They are invented, for training. A node takes one or the other, never both.
    Drill,
}

/// What a source permits, and how much of it is in the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// The source.
    pub source: Source,
    /// Caveats that each of its clues has at least.
    pub caveats: Caveats,
    /// Kinds of identifiers that it permits, strictly ascending.
    pub kinds: BoundedVec<IndicatorKind, KINDS_MAX>,
    /// Clues of it in the release.
    pub clues: u32,
}

/// The release from which a delta leads to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaBase {
    /// Its number.
    pub number: ReleaseNumber,
    /// The root over its records.
    pub root: Digest,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseBody {
    /// The network.
    pub network: NetworkId,
    /// Consecutive number, from 1.
    pub number: ReleaseNumber,
    /// Whether its clues are real.
    pub purpose: Purpose,
    /// Number of the ruleset of its canonical forms.
    pub ruleset: u16,
    /// Digest of that ruleset.
    pub ruleset_hash: Digest,
    /// When it was built.
    pub created: UnixTime,
    /// Until when it may be used.
    pub valid_until: UnixTime,
    /// The oldest client that understands it.
    pub client_min: ClientVersion,
    /// Its sources, strictly ascending. Labels name one by its place.
    pub sources: BoundedVec<SourceTerms, SOURCES_MAX>,
    /// Its records, in sum.
    pub content: Summary,
    /// The release before, if a delta leads from it to this one.
    pub base: Option<DeltaBase>,
    /// Size of every label.
    pub class: LabelClass,
    /// Items whose clues contradict each other, as the approver saw them reported.
    pub contradictions: u32,
    /// What changed, for people. No identifiers.
    pub changes: BoundedVec<BoundedText<CHANGE_LEN_MAX>, CHANGES_MAX>,
}

/// Why a release, or its content, is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// Not an encoding, or not the canonical one.
    #[error("the release is malformed")]
    Malformed,
    /// Not signed by the hub this node pinned.
    #[error("the release is not signed by this network's hub")]
    WrongSigner,
    /// The builder's signature is not that of the named key.
    #[error("the builder's signature does not verify")]
    BuilderSignature,
    /// The approver's signature is not that of the named key.
    #[error("the approver's signature does not verify")]
    ApproverSignature,
    /// One person, or one key, built and approved.
    #[error("one person built and approved the release")]
    SamePerson,
    /// Of another network.
    #[error("the release belongs to another network")]
    OtherNetwork,
    /// Clues for training where real ones are expected, or the other way round.
    #[error("the release is for {0:?} use, this node is not")]
    OtherPurpose(Purpose),
    /// Its canonical forms follow another ruleset.
    #[error("the release follows ruleset {release}, this node follows ruleset {node}, or another edition of it")]
    Ruleset {
        /// That of the release.
        release: u16,
        /// This node's.
        node: u16,
    },
    /// This client is too old for it.
    #[error("the release needs version {}.{}.{} of this program", .0.major, .0.minor, .0.patch)]
    ClientTooOld(ClientVersion),
    /// Older than the one this node has seen.
    #[error("the release goes back to number {got}, this node has seen {seen}")]
    Rollback {
        /// What this node has seen.
        seen: ReleaseNumber,
        /// What was offered.
        got: ReleaseNumber,
    },
    /// Two different releases of one number, both signed.
    #[error("two different releases have the number {0}: the hub shows different members different clues")]
    Fork(ReleaseNumber),
    /// Past its end.
    #[error("release {0} has expired")]
    Expired(ReleaseNumber),
    /// Built later than now, beyond the allowed difference of clocks.
    #[error("release {0} is dated in the future: one of the two clocks is wrong")]
    Future(ReleaseNumber),
    /// It breaks a rule of its own.
    #[error("the release breaks a rule: {0}")]
    Rule(&'static str),
    /// The records lead to another root, or another number of clues.
    #[error("the records are not those that were signed")]
    WrongRoot,
    /// A record whose source does not permit it.
    #[error("a record breaks the terms of its source: {0}")]
    Terms(&'static str),
}

impl ReleaseError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "release-malformed",
            Self::WrongSigner => "release-wrong-signer",
            Self::BuilderSignature => "release-builder-signature",
            Self::ApproverSignature => "release-approver-signature",
            Self::SamePerson => "release-same-person",
            Self::OtherNetwork => "release-other-network",
            Self::OtherPurpose(_) => "release-other-purpose",
            Self::Ruleset { .. } => "release-ruleset",
            Self::ClientTooOld(_) => "release-client-too-old",
            Self::Rollback { .. } => "release-rollback",
            Self::Fork(_) => "release-fork",
            Self::Expired(_) => "release-expired",
            Self::Future(_) => "release-future",
            Self::Rule(_) => "release-rule",
            Self::WrongRoot => "release-wrong-root",
            Self::Terms(_) => "release-terms",
        }
    }
}

impl ReleaseBody {
    /// Its digest, which persons and the hub's node sign.
    pub fn digest(&self) -> Digest {
        signing::release_digest(&encode(self))
    }

    /// The place of a source in the list, as labels name it.
    pub fn source_place(&self, source: &Source) -> Option<u8> {
        let place = self.sources.binary_search_by(|terms| terms.source.cmp(source)).ok()?;
        u8::try_from(place).ok()
    }

    /// Whether a clue keeps the terms of its source; the place of the source if it does.
    ///
    /// # Errors
    /// If its source is not listed, or permits less than the clue takes.
    pub fn check_terms(&self, clue: &Clue) -> Result<u8, ReleaseError> {
        let fields = clue.fields();
        let place = self.source_place(&fields.source).ok_or(ReleaseError::Terms("its source is not listed"))?;
        let terms = &self.sources[usize::from(place)];
        if !fields.caveats.covers(terms.caveats) {
            return Err(ReleaseError::Terms("a caveat of its source is missing"));
        }
        if terms.kinds.binary_search(&clue.kind()).is_err() {
            return Err(ReleaseError::Terms("its source does not permit this kind"));
        }
        if fields.expires < Day::of(self.created) {
            return Err(ReleaseError::Terms("it expired before the release was built"));
        }
        Ok(place)
    }

    /// The rules that hold inside a release.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check_rules(&self) -> Result<(), ReleaseError> {
        let rule = |holds: bool, text| if holds { Ok(()) } else { Err(ReleaseError::Rule(text)) };
        let content = &self.content;
        rule(self.number.0 > 0, "numbers start at 1")?;
        rule(self.created < self.valid_until, "it ends after it was built")?;
        rule(self.sources.is_sorted_by(|a, b| a.source < b.source), "its sources are sorted and stand once")?;
        let pseudonyms_once = self.sources.windows(2).all(|pair| pair[0].source.pseudonym != pair[1].source.pseudonym);
        rule(pseudonyms_once, "a pseudonym stands for one source")?;
        let kinds_sorted = self.sources.iter().all(|terms| terms.kinds.is_sorted_by(|a, b| a < b));
        rule(kinds_sorted, "kinds that a source permits are sorted and stand once")?;
        rule(content.kinds.is_sorted_by(|a, b| a.kind < b.kind), "its kinds are sorted and stand once")?;
        rule(content.kinds.iter().all(|count| count.clues > 0), "a kind without clues is not listed")?;
        let clues = u64::from(content.clues);
        let by_kind: u64 = content.kinds.iter().map(|count| u64::from(count.clues)).sum();
        let by_source: u64 = self.sources.iter().map(|terms| u64::from(terms.clues)).sum();
        rule(by_kind == clues, "counts by kind add up")?;
        rule(by_source == clues, "counts by source add up")?;
        let records = clues + u64::from(content.withdrawals);
        rule(records <= u64::from(CLUES_MAX), "it has at most ten million records")?;
        rule(u64::from(self.contradictions) <= clues, "contradictions need clues")?;
        rule(self.base.is_none_or(|base| base.number < self.number), "a delta leads from an earlier release")?;
        rule(self.changes.iter().all(|line| is_plain(line)), "a line of changes holds no identifier")
    }
}

/// Whether a line of changes is free of what looks like an identifier: an `@`, a web address, six digits in a row.
fn is_plain(line: &str) -> bool {
    let digits = line.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    !line.trim().is_empty() && digits < 6 && !line.contains('@') && !line.contains("://") && !line.contains("www.")
}

#[cfg(test)]
mod tests;
