//! Deltas: what changed between two releases, by the names and contents of their clues
//! (`docs/spec/lighthouse.md` §6). A delta applied to its base gives the next release to the byte, or an error.

use core::borrow::Borrow;
use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::day::Day;
use super::id::ClueId;
use super::limits::{DELTA_ENTRIES_MAX, DELTA_LEN_MAX, DELTA_SIZES, WITHDRAWAL_KEPT_DAYS};
use super::record::{ByKind, Content, ContentError, KindCounts, Record, Summary, Tally, Withdrawal};
use super::release::{DeltaBase, ReleaseNumber};
use crate::wire::{BoundedVec, CodecError, decode_canonical, encode};

/// The difference of two releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Delta(Parts);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    base: DeltaBase,
    next: DeltaBase,
    /// Strictly ascending by the names of their clues.
    changes: BoundedVec<Change, DELTA_ENTRIES_MAX>,
}

/// What became of one clue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A clue that the base does not have.
    Added(Record),
    /// A clue of the base that says something else.
    Changed(Record),
    /// A clue that may be used no longer, whether the base has it or not.
    Withdrawn(Record),
    /// A withdrawal, or an expired clue, that has stood its time.
    Forgotten(ClueId),
}

/// How many clues of which kind were added, changed and withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeltaCounts {
    /// Added.
    pub added: KindCounts,
    /// Changed.
    pub changed: KindCounts,
    /// Withdrawn.
    pub withdrawn: KindCounts,
}

/// Why there is no delta, or it leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// Not an encoding, or not the canonical one.
    #[error("the delta is malformed")]
    Malformed,
    /// Records out of order, or too many.
    #[error("a release is not in order: {0}")]
    Content(ContentError),
    /// More changes than a delta has.
    #[error("there are more than {DELTA_ENTRIES_MAX} changes: publish a full release")]
    TooMany,
    /// A clue that is in the base and not in the next release, and was not withdrawn.
    #[error("clue {0} vanished: withdraw it, so that whoever acted on it learns")]
    Vanished(ClueId),
    /// A withdrawn clue that stands in the next release again.
    #[error("clue {0} was withdrawn and is back: give it a new name")]
    Revived(ClueId),
    /// Numbers that do not ascend.
    #[error("a delta leads from an earlier release to a later one")]
    Numbers,
    /// It was made for another base.
    #[error("the delta does not belong to this release")]
    OtherBase,
    /// It does not lead to the release that it names.
    #[error("the delta does not lead to the release that it names")]
    WrongRoot,
}

impl DeltaError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "delta-malformed",
            Self::Content(_) => "delta-content",
            Self::TooMany => "delta-too-many",
            Self::Vanished(_) => "delta-vanished",
            Self::Revived(_) => "delta-revived",
            Self::Numbers => "delta-numbers",
            Self::OtherBase => "delta-other-base",
            Self::WrongRoot => "delta-wrong-root",
        }
    }
}

impl Change {
    /// The name of the clue.
    pub fn id(&self) -> ClueId {
        match self {
            Self::Added(record) | Self::Changed(record) | Self::Withdrawn(record) => record.id(),
            Self::Forgotten(id) => *id,
        }
    }

    /// What became of a clue from one release to the next, if anything did.
    fn between(before: Option<&Record>, after: Option<&Record>, today: Day) -> Result<Option<Self>, DeltaError> {
        let change = match (before, after) {
            (Some(before), Some(after)) if before == after => return Ok(None),
            (Some(before), None) if last_day(before) < today => Self::Forgotten(before.id()),
            (Some(before), None) => return Err(DeltaError::Vanished(before.id())),
            (_, Some(after)) if after.clue().is_none() => Self::Withdrawn(after.clone()),
            (Some(before), Some(after)) if before.clue().is_none() => return Err(DeltaError::Revived(after.id())),
            (Some(_), Some(after)) => Self::Changed(after.clone()),
            (None, Some(after)) => Self::Added(after.clone()),
            (None, None) => return Ok(None),
        };
        Ok(Some(change))
    }

    /// What stands after this change where `before` stood.
    fn apply(&self, before: Option<&Record>) -> Result<Option<&Record>, DeltaError> {
        let was_clue = before.map(|record| record.clue().is_some());
        match (self, was_clue) {
            (Self::Added(after), None) | (Self::Changed(after), Some(true)) | (Self::Withdrawn(after), _) => {
                Ok(Some(after))
            }
            (Self::Forgotten(_), Some(_)) => Ok(None),
            _ => Err(DeltaError::OtherBase),
        }
    }
}

/// The last day on which a release has a record of this clue.
fn last_day(record: &Record) -> Day {
    match record.content() {
        Content::Clue(clue) => clue.fields().expires.plus(WITHDRAWAL_KEPT_DAYS),
        Content::Withdrawal(withdrawal) => withdrawal.kept_until,
    }
}

impl Delta {
    /// What changed from `base` to `next`, a release built on the day `today`. Both are read once, in order.
    ///
    /// # Errors
    /// If one is out of order, a clue vanished or came back, or more changed than a delta has.
    pub fn between<A: Borrow<Record>, B: Borrow<Record>>(
        base: (ReleaseNumber, impl IntoIterator<Item = A>),
        next: (ReleaseNumber, impl IntoIterator<Item = B>),
        today: Day,
    ) -> Result<Self, DeltaError> {
        let (mut before, mut after) = (base.1.into_iter().peekable(), next.1.into_iter().peekable());
        let (mut base_tally, mut next_tally) = (Tally::new(), Tally::new());
        let mut changes = Vec::new();
        while before.peek().is_some() || after.peek().is_some() {
            let (first, second) = (before.peek().map(Borrow::borrow), after.peek().map(Borrow::borrow));
            let order = order(first.map(Record::id), second.map(Record::id));
            let from = if order.is_le() { before.next() } else { None };
            let to = if order.is_ge() { after.next() } else { None };
            let (from, to) = (from.as_ref().map(Borrow::borrow), to.as_ref().map(Borrow::borrow));
            from.map_or(Ok(()), |record| base_tally.push(record)).map_err(DeltaError::Content)?;
            to.map_or(Ok(()), |record| next_tally.push(record)).map_err(DeltaError::Content)?;
            changes.extend(Change::between(from, to, today)?);
            if changes.len() > DELTA_ENTRIES_MAX {
                return Err(DeltaError::TooMany);
            }
        }
        let end = |number, tally: Tally| DeltaBase { number, root: tally.finish().root };
        let changes = changes.try_into().map_err(|_| DeltaError::TooMany)?;
        Parts { base: end(base.0, base_tally), next: end(next.0, next_tally), changes }.try_into()
    }

    /// Applies the delta to the records of its base, and hands those of the next release to `each`, in order.
    ///
    /// What was handed over is good only if this returns: keep it apart until then.
    ///
    /// # Errors
    /// If these are not the records of its base, or it does not lead to the release that it names.
    pub fn apply(
        &self,
        base: impl IntoIterator<Item = Record>,
        mut each: impl FnMut(&Record),
    ) -> Result<Summary, DeltaError> {
        let mut before = base.into_iter().peekable();
        let mut changes = self.0.changes.iter().peekable();
        let (mut base_tally, mut next_tally) = (Tally::new(), Tally::new());
        while before.peek().is_some() || changes.peek().is_some() {
            let order = order(before.peek().map(Record::id), changes.peek().map(|change| change.id()));
            let from = if order.is_le() { before.next() } else { None };
            if let Some(record) = &from {
                base_tally.push(record).map_err(DeltaError::Content)?;
            }
            let change = if order.is_ge() { changes.next() } else { None };
            let to = match change {
                Some(change) => change.apply(from.as_ref())?,
                None => from.as_ref(),
            };
            if let Some(record) = to {
                next_tally.push(record).map_err(DeltaError::Content)?;
                each(record);
            }
        }
        if base_tally.finish().root != self.0.base.root {
            return Err(DeltaError::OtherBase);
        }
        let summary = next_tally.finish();
        if summary.root != self.0.next.root { Err(DeltaError::WrongRoot) } else { Ok(summary) }
    }

    /// The release that it starts from.
    pub const fn base(&self) -> DeltaBase {
        self.0.base
    }

    /// The release that it leads to.
    pub const fn next(&self) -> DeltaBase {
        self.0.next
    }

    /// What changed, strictly ascending by the names of clues.
    pub fn changes(&self) -> &[Change] {
        &self.0.changes
    }

    /// The withdrawals, which say nothing of an identifier: every member may read them, and closes what rests on them.
    pub fn withdrawals(&self) -> impl Iterator<Item = &Withdrawal> {
        self.0.changes.iter().filter_map(|change| match change {
            Change::Withdrawn(record) => match record.content() {
                Content::Withdrawal(withdrawal) => Some(withdrawal),
                Content::Clue(_) => None,
            },
            _ => None,
        })
    }

    /// How many of each kind.
    pub fn counts(&self) -> DeltaCounts {
        let mut counts: [ByKind; 3] = Default::default();
        for change in self.0.changes.iter() {
            let (place, record) = match change {
                Change::Added(record) => (0, record),
                Change::Changed(record) => (1, record),
                Change::Withdrawn(record) => (2, record),
                Change::Forgotten(_) => continue,
            };
            counts[place].add(record.kind());
        }
        let [added, changed, withdrawn] = counts.map(ByKind::into_counts);
        DeltaCounts { added, changed, withdrawn }
    }

    /// The size to which its changes are padded before anyone sees how many there are.
    pub fn padded_len(&self) -> u32 {
        padded_delta_len(self.0.changes.len() as u64).expect("the largest size is the limit")
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The delta of these bytes.
    ///
    /// # Errors
    /// If they are over [`DELTA_LEN_MAX`], or not the canonical encoding of a delta.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        decode_canonical(bytes, DELTA_LEN_MAX)
    }
}

impl TryFrom<Parts> for Delta {
    type Error = DeltaError;

    fn try_from(parts: Parts) -> Result<Self, DeltaError> {
        if parts.base.number >= parts.next.number {
            return Err(DeltaError::Numbers);
        }
        if !parts.changes.is_sorted_by(|a, b| a.id() < b.id()) {
            return Err(DeltaError::Malformed);
        }
        let fits = |change: &Change| match change {
            Change::Added(record) | Change::Changed(record) => record.clue().is_some(),
            Change::Withdrawn(record) => record.clue().is_none(),
            Change::Forgotten(_) => true,
        };
        if parts.changes.iter().all(fits) { Ok(Self(parts)) } else { Err(DeltaError::Malformed) }
    }
}

impl From<Delta> for Parts {
    fn from(delta: Delta) -> Self {
        delta.0
    }
}

/// The size to which so many changes or items of a delta are padded; `None` if there are more than a delta has.
pub fn padded_delta_len(len: u64) -> Option<u32> {
    DELTA_SIZES.into_iter().find(|size| u64::from(*size) >= len)
}

/// Which of two ascending lists is behind. A list that has ended is ahead of all.
fn order(left: Option<ClueId>, right: Option<ClueId>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

const _: () = assert!(DELTA_SIZES[DELTA_SIZES.len() - 1] as usize == DELTA_ENTRIES_MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::IndicatorKind;
    use crate::lighthouse::samples::{NETWORK, TODAY, clue_with, id, key, record_with, records};
    use crate::lighthouse::{Field, KindCount};

    const RECALLED: &[(Field, &str)] = &[(Field::Status, "recalled")];

    fn between(base: &[Record], next: &[Record], today: Day) -> Result<Delta, DeltaError> {
        Delta::between((ReleaseNumber(1), base), (ReleaseNumber(2), next), today)
    }

    fn applied(delta: &Delta, base: &[Record]) -> Result<Vec<Record>, DeltaError> {
        let mut next = Vec::new();
        delta.apply(base.to_vec(), |record| next.push(record.clone()))?;
        Ok(next)
    }

    /// One clue kept, one changed, one recalled, one added, one recalled before it was ever published.
    fn two_releases() -> (Vec<Record>, Vec<Record>) {
        let next = vec![
            record_with(1, &[]),
            record_with(2, &[(Field::Confidence, "10")]),
            record_with(3, RECALLED),
            record_with(4, &[]),
            record_with(5, RECALLED),
        ];
        (records(3), next)
    }

    #[test]
    fn a_delta_applied_to_its_base_gives_the_next_release() {
        let (base, next) = two_releases();
        let delta = between(&base, &next, TODAY).unwrap();
        assert_eq!(applied(&delta, &base), Ok(next));
        assert_eq!(Delta::decode(&delta.encode()), Ok(delta.clone()));
        let count = |clues| vec![KindCount { kind: IndicatorKind::Phone, clues }].try_into().unwrap();
        let expected = DeltaCounts { added: count(1), changed: count(1), withdrawn: count(2) };
        assert_eq!(delta.counts(), expected);
        assert_eq!(delta.withdrawals().map(|withdrawal| withdrawal.id).collect::<Vec<_>>(), [id(3), id(5)]);
        assert_eq!(delta.padded_len(), 1024);
    }

    #[test]
    fn a_delta_belongs_to_its_base_alone() {
        let (base, next) = two_releases();
        let delta = between(&base, &next, TODAY).unwrap();
        for other in [records(2), records(4), vec![], next.clone()] {
            assert_eq!(applied(&delta, &other), Err(DeltaError::OtherBase), "{} records", other.len());
        }
        let mut changed = base.clone();
        changed[0] = record_with(1, &[(Field::Confidence, "1")]);
        assert_eq!(applied(&delta, &changed), Err(DeltaError::OtherBase));
        let mut parts = delta.0;
        parts.next.root = parts.base.root;
        assert_eq!(applied(&Delta(parts), &base), Err(DeltaError::WrongRoot));
    }

    #[test]
    fn a_clue_neither_vanishes_nor_comes_back() {
        let (base, next) = two_releases();
        assert_eq!(between(&base, &next[1..], TODAY), Err(DeltaError::Vanished(id(1))));
        assert_eq!(between(&next, &base, TODAY), Err(DeltaError::Revived(id(3))));
        assert_eq!(between(&next, &next[..4], TODAY), Err(DeltaError::Vanished(id(5))));
    }

    #[test]
    fn what_has_stood_its_time_is_forgotten() {
        let clue = clue_with(1, RECALLED);
        let kept_until = clue.fields().expires.plus(WITHDRAWAL_KEPT_DAYS);
        let withdrawal = vec![Record::of(clue, kept_until, NETWORK, &key()).unwrap()];
        assert_eq!(between(&withdrawal, &[], kept_until), Err(DeltaError::Vanished(id(1))));
        for base in [withdrawal, records(1)] {
            let delta = between(&base, &[], kept_until.plus(1)).unwrap();
            assert_eq!(delta.changes(), [Change::Forgotten(id(1))]);
            assert_eq!(applied(&delta, &base), Ok(vec![]));
        }
    }

    #[test]
    fn disorder_is_refused() {
        let (base, next) = two_releases();
        let reversed: Vec<Record> = base.iter().rev().cloned().collect();
        assert_eq!(between(&reversed, &next, TODAY), Err(DeltaError::Content(ContentError::Order)));
        assert_eq!(
            Delta::between((ReleaseNumber(2), &base), (ReleaseNumber(2), &next), TODAY),
            Err(DeltaError::Numbers)
        );
        let delta = between(&base, &next, TODAY).unwrap();
        let with = |changes: Vec<Change>| Parts { changes: changes.try_into().unwrap(), ..delta.0.clone() };
        let mut descending = delta.changes().to_vec();
        descending.reverse();
        let twice = vec![delta.changes()[0].clone(); 2];
        let misnamed = vec![Change::Withdrawn(base[0].clone())];
        for changes in [descending, twice, misnamed] {
            let parts = with(changes);
            assert_eq!(Delta::try_from(parts.clone()), Err(DeltaError::Malformed));
            assert_eq!(Delta::decode(&encode(&parts)), Err(CodecError::Malformed));
        }
    }

    #[test]
    fn sizes_of_deltas_hide_how_many_changed() {
        for (len, padded) in
            [(0, Some(1024)), (1024, Some(1024)), (1025, Some(4096)), (20_000, Some(32_768)), (262_144, Some(262_144))]
        {
            assert_eq!(padded_delta_len(len), padded, "{len}");
        }
        assert_eq!(padded_delta_len(262_145), None);
        assert!(DELTA_SIZES.is_sorted_by(|a, b| a < b));
    }

    proptest::proptest! {
        #[test]
        fn every_pair_of_releases_has_a_delta_that_leads_from_one_to_the_other(
            clues in proptest::collection::vec((0u8..2, 0u8..4), 0..30),
        ) {
            let row = |state: u8| match state {
                1 => &[][..],
                2 => &[(Field::Confidence, "10")][..],
                _ => RECALLED,
            };
            let mut base = Vec::new();
            let mut next = Vec::new();
            for (number, (before, after)) in (1u8..).zip(&clues) {
                // What was there stays, changes or is withdrawn; what was not may come.
                let after = (*after).max(*before);
                base.extend((*before == 1).then(|| record_with(number, row(1))));
                next.extend((after > 0).then(|| record_with(number, row(after))));
            }
            let delta = between(&base, &next, TODAY).unwrap();
            proptest::prop_assert_eq!(applied(&delta, &base), Ok(next));
            proptest::prop_assert_eq!(Delta::decode(&delta.encode()), Ok(delta));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            if let Ok(delta) = Delta::decode(&bytes) {
                proptest::prop_assert_eq!(delta.encode(), bytes);
            }
        }
    }
}
