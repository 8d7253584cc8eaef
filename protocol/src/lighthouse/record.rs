//! Records: the content of a release, salted, in the order of their names, under one root
//! (`docs/spec/lighthouse.md` §2).

use core::fmt;

use cwg_crypto::{Digest, Domain, MerkleTree, Secret32, derive, merkle};
use serde::{Deserialize, Serialize};

use super::clue::Clue;
use super::day::Day;
use super::id::ClueId;
use super::limits::{CLUES_MAX, KINDS_MAX, RECORD_LEN_MAX, WITHDRAWAL_KEPT_DAYS};
use super::vocabulary::{Status, WithdrawalReason};
use crate::NetworkId;
use crate::indicator::IndicatorKind;
use crate::wire::{BoundedVec, CodecError, decode_canonical, encode};

/// One record of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    salt: Salt,
    content: Content,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// A clue that may be matched.
    Clue(ActiveClue),
    /// That a clue may be used no longer. Its identifier is gone.
    Withdrawal(Withdrawal),
}

/// A clue that the hub stands by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Clue", into = "Clue")]
pub struct ActiveClue(Clue);

/// A clue that is recalled or superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clue is not active")]
pub struct NotActive;

/// The end of a clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Which clue.
    pub id: ClueId,
    /// Of which kind its identifier was.
    pub kind: IndicatorKind,
    /// Why.
    pub reason: WithdrawalReason,
    /// The last day on which it stands in a release.
    pub kept_until: Day,
}

/// Sixteen bytes that nobody without the record can guess: without them a leaf of the tree would give its identifier away
/// to whoever tries all phone numbers, and a proof of inclusion shows a leaf of another clue.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Salt([u8; 16]);

/// A secret of the hub from which it derives the salts of its records.
pub struct RecordKey(Secret32);

impl RecordKey {
    /// Takes a secret, drawn at random once for a network.
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl TryFrom<Clue> for ActiveClue {
    type Error = NotActive;

    fn try_from(clue: Clue) -> Result<Self, NotActive> {
        if clue.fields().status == Status::Active { Ok(Self(clue)) } else { Err(NotActive) }
    }
}

impl From<ActiveClue> for Clue {
    fn from(active: ActiveClue) -> Self {
        active.0
    }
}

impl core::ops::Deref for ActiveClue {
    type Target = Clue;

    fn deref(&self) -> &Clue {
        &self.0
    }
}

impl Record {
    /// The record of a clue in a release of a day: the clue itself while it is active and not expired, then its withdrawal
    /// for [`WITHDRAWAL_KEPT_DAYS`] after the day it would have expired, then nothing.
    ///
    /// The same clue gives the same record in every release, salt included, so that a delta lists only what changed.
    pub fn of(clue: Clue, today: Day, network: NetworkId, key: &RecordKey) -> Option<Self> {
        let fields = clue.fields();
        let reason = match fields.status {
            Status::Recalled => WithdrawalReason::Recalled,
            Status::Superseded => WithdrawalReason::Superseded,
            Status::Active if fields.expires < today => WithdrawalReason::Expired,
            Status::Active => return Some(Self::salted(Content::Clue(ActiveClue(clue)), network, key)),
        };
        let kept_until = fields.expires.plus(WITHDRAWAL_KEPT_DAYS);
        let withdrawal = Withdrawal { id: clue.id(), kind: clue.kind(), reason, kept_until };
        (today <= kept_until).then(|| Self::salted(Content::Withdrawal(withdrawal), network, key))
    }

    fn salted(content: Content, network: NetworkId, key: &RecordKey) -> Self {
        let secret = derive(Domain::ClueSalt, &key.0, &[&network.0, &encode(&content)]);
        let salt = *secret.expose().first_chunk().expect("32 bytes have a first half");
        Self { salt: Salt(salt), content }
    }

    /// What it says.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The clue, unless it is withdrawn.
    pub fn clue(&self) -> Option<&Clue> {
        match &self.content {
            Content::Clue(clue) => Some(clue),
            Content::Withdrawal(_) => None,
        }
    }

    /// The name of the clue.
    pub fn id(&self) -> ClueId {
        match &self.content {
            Content::Clue(clue) => clue.id(),
            Content::Withdrawal(withdrawal) => withdrawal.id,
        }
    }

    /// The kind of the clue's identifier.
    pub fn kind(&self) -> IndicatorKind {
        match &self.content {
            Content::Clue(clue) => clue.kind(),
            Content::Withdrawal(withdrawal) => withdrawal.kind,
        }
    }

    /// Its leaf in the tree of a release.
    pub fn leaf(&self) -> Digest {
        merkle::leaf(&self.encode())
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The record of these bytes.
    ///
    /// # Errors
    /// If they are more than [`RECORD_LEN_MAX`], or not the canonical encoding of a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode_canonical(bytes, RECORD_LEN_MAX)
    }
}

/// How many clues of a kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    /// The kind.
    pub kind: IndicatorKind,
    /// How many.
    pub clues: u32,
}

/// Counts by kind, strictly ascending by kind, none of them zero.
pub type KindCounts = BoundedVec<KindCount, KINDS_MAX>;

/// What is signed of the records of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Root over all records in the order of their names.
    pub root: Digest,
    /// Records that are clues.
    pub clues: u32,
    /// Records that are withdrawals.
    pub withdrawals: u32,
    /// Clues by the kind of their identifier.
    pub kinds: KindCounts,
}

/// Why records are not the content of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// A record whose name does not come after the one before.
    #[error("the records are not in the order of their names, or one stands twice")]
    Order,
    /// More records than a release has.
    #[error("there are more than {CLUES_MAX} records")]
    TooMany,
}

/// Sums up records one by one, in memory that does not grow with them.
#[derive(Debug, Default)]
pub struct Tally {
    tree: MerkleTree,
    last: Option<ClueId>,
    withdrawals: u32,
    kinds: ByKind,
}

impl Tally {
    /// A tally of no record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// If it is out of order, or one too many.
    pub fn push(&mut self, record: &Record) -> Result<(), ContentError> {
        if self.last.is_some_and(|last| last >= record.id()) {
            return Err(ContentError::Order);
        }
        if self.tree.len() >= u64::from(CLUES_MAX) {
            return Err(ContentError::TooMany);
        }
        self.last = Some(record.id());
        self.tree.push(record.leaf());
        match record.content() {
            Content::Clue(clue) => self.kinds.add(clue.kind()),
            Content::Withdrawal(_) => self.withdrawals += 1,
        }
        Ok(())
    }

    /// What the records come to.
    pub fn finish(self) -> Summary {
        let kinds = self.kinds.into_counts();
        Summary {
            root: self.tree.root(),
            clues: kinds.iter().map(|count| count.clues).sum(),
            withdrawals: self.withdrawals,
            kinds,
        }
    }
}

/// Counters by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ByKind(Vec<KindCount>);

impl ByKind {
    pub(super) fn add(&mut self, kind: IndicatorKind) {
        match self.0.binary_search_by_key(&kind, |count| count.kind) {
            Ok(place) => self.0[place].clues += 1,
            Err(place) => self.0.insert(place, KindCount { kind, clues: 1 }),
        }
    }

    pub(super) fn into_counts(self) -> KindCounts {
        self.0.try_into().expect("there are fewer kinds than a list of kinds takes")
    }
}

const _: () = assert!(IndicatorKind::ALL.len() <= KINDS_MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lighthouse::samples::{self, NETWORK, clue_with, key, records};
    use crate::lighthouse::{ClueId, Field};

    #[test]
    fn a_clue_is_a_record_until_it_expires_then_a_withdrawal_then_nothing() {
        let clue = clue_with(1, &[]);
        let expires = clue.fields().expires;
        let on = |day: Day| Record::of(clue.clone(), day, NETWORK, &key());
        assert!(on(expires).unwrap().clue().is_some());
        let withdrawn = |day: Day| match on(day).map(|record| record.content().clone()) {
            Some(Content::Withdrawal(withdrawal)) => Some(withdrawal.reason),
            _ => None,
        };
        assert_eq!(withdrawn(expires.plus(1)), Some(WithdrawalReason::Expired));
        assert_eq!(withdrawn(expires.plus(WITHDRAWAL_KEPT_DAYS)), Some(WithdrawalReason::Expired));
        assert_eq!(on(expires.plus(WITHDRAWAL_KEPT_DAYS + 1)), None);
        assert_eq!(on(expires.plus(1)), on(expires.plus(2)), "a withdrawal stays the same");
    }

    #[test]
    fn a_recalled_clue_leaves_no_identifier_behind() {
        for (status, reason) in [("recalled", WithdrawalReason::Recalled), ("superseded", WithdrawalReason::Superseded)]
        {
            let clue = clue_with(1, &[(Field::Status, status)]);
            let text = clue.fields().keys[0].text.to_string();
            let record = Record::of(clue, samples::TODAY, NETWORK, &key()).unwrap();
            assert!(matches!(record.content(), Content::Withdrawal(withdrawal) if withdrawal.reason == reason));
            assert!(!record.encode().windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }

    #[test]
    fn a_record_that_holds_a_recalled_clue_is_refused() {
        let good = Record::of(clue_with(1, &[]), samples::TODAY, NETWORK, &key()).unwrap();
        let recalled = clue_with(1, &[(Field::Status, "recalled")]);
        let forged = Record { content: Content::Clue(ActiveClue(recalled)), ..good.clone() };
        assert_eq!(Record::decode(&good.encode()), Ok(good));
        assert_eq!(Record::decode(&forged.encode()), Err(CodecError::Malformed));
    }

    #[test]
    fn a_salt_is_the_same_for_the_same_content_and_no_other() {
        let record = |number, other_key: u8, changes: &[(Field, &str)]| {
            let key = RecordKey::new(Secret32::new([other_key; 32]));
            Record::of(clue_with(number, changes), samples::TODAY, NETWORK, &key).unwrap()
        };
        let first = record(1, 1, &[]);
        assert_eq!(first, record(1, 1, &[]));
        for other in [record(2, 1, &[]), record(1, 2, &[]), record(1, 1, &[(Field::Confidence, "1")])] {
            assert_ne!(first.salt, other.salt);
        }
    }

    #[test]
    fn a_tally_counts_by_kind_and_refuses_disorder() {
        let records = records(5);
        let mut tally = Tally::new();
        records.iter().for_each(|record| tally.push(record).unwrap());
        assert_eq!(tally.push(&records[4]), Err(ContentError::Order));
        assert_eq!(tally.push(&records[0]), Err(ContentError::Order));
        let summary = tally.finish();
        assert_eq!((summary.clues, summary.withdrawals), (5, 0));
        assert_eq!(&*summary.kinds, [KindCount { kind: IndicatorKind::Phone, clues: 5 }]);
        let (proof, root) = cwg_crypto::InclusionProof::build(records.iter().map(Record::leaf), 3).unwrap();
        assert_eq!(root, summary.root);
        proof.verify(records[3].leaf(), summary.root).unwrap();
        assert_eq!(ClueId::from_bytes(*records[3].id().as_bytes()), records[3].id());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            if let Ok(record) = Record::decode(&bytes) {
                proptest::prop_assert_eq!(record.encode(), bytes);
            }
        }
    }
}
