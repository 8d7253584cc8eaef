//! The records of the next release: those of the release before and the clues of the sources, name by name, each as it stands on
//! the day of the build.

use std::collections::BTreeMap;

use cwg_protocol::NetworkId;
use cwg_protocol::lighthouse::{
    Clue, ClueFields, ClueId, Content, Day, Record, RecordKey, Status, Summary, Tally, WithdrawalReason,
};

use super::contents::{RecordSink, RecordsOf};
use super::terms::{Origin, Terms};
use crate::lighthouse::PLACES_LISTED_MAX;
use crate::problem::{Exit, Problem};

/// What does not change while records are merged.
pub(super) struct Ground {
    pub(super) network: NetworkId,
    pub(super) key: RecordKey,
    pub(super) today: Day,
    /// Clues that were taken back, for good.
    pub(super) recalled: BTreeMap<ClueId, WithdrawalReason>,
}

/// What became of the clues.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) carried: u64,
    pub(super) added: u64,
    pub(super) changed: u64,
    pub(super) recalled: u64,
    pub(super) superseded: u64,
    pub(super) expired: u64,
    pub(super) forgotten: u64,
    /// Clues of the sources that are not active, and that the release before does not have.
    pub(super) never_published: u64,
    /// Clues of the sources that were withdrawn before.
    pub(super) withdrawn_before: u64,
    pub(super) withdrawn_before_first: Vec<ClueId>,
}

/// Records that were merged and written.
pub(super) struct Merged {
    pub(super) summary: Summary,
    pub(super) terms: Terms,
    pub(super) counts: Counts,
    /// Clues that this release recalls or supersedes, and that no recall has named; ascending.
    pub(super) withdrawn: Vec<(ClueId, WithdrawalReason)>,
    /// The same clues with their identifiers, which no record has any more: to be held beside those that stand.
    pub(super) gone: Vec<Clue>,
}

struct Merge<'a> {
    ground: &'a Ground,
    terms: Terms,
    tally: Tally,
    counts: Counts,
    withdrawn: Vec<(ClueId, WithdrawalReason)>,
    gone: Vec<Clue>,
}

/// Merges records and clues, both ascending by their names, into a sink.
pub(super) fn merge(
    ground: &Ground,
    terms: Terms,
    before: Option<RecordsOf<'_>>,
    found: impl Iterator<Item = Clue>,
    sink: &mut dyn RecordSink,
) -> Result<Merged, Problem> {
    let mut merge = Merge {
        ground,
        terms,
        tally: Tally::new(),
        counts: Counts::default(),
        withdrawn: Vec::new(),
        gone: Vec::new(),
    };
    let mut before = before.into_iter().flatten().peekable();
    let mut found = found.peekable();
    loop {
        let first = match before.peek() {
            Some(Ok(record)) => Some(record.id()),
            Some(Err(_)) => return Err(before.next().and_then(Result::err).expect("it was just looked at")),
            None => None,
        };
        let second = found.peek().map(Clue::id);
        let Some(id) = [first, second].into_iter().flatten().min() else { break };
        let record = before.next_if(|record| record.as_ref().is_ok_and(|record| record.id() == id)).transpose()?;
        let clue = found.next_if(|clue| clue.id() == id);
        if let Some(next) = merge.next_of(id, record, clue)? {
            merge.tally.push(&next).map_err(|error| {
                Problem::new(
                    Exit::BadInput,
                    "too-many-clues",
                    error.to_string(),
                    "build the release from fewer sources",
                )
            })?;
            sink.push(&next)?;
        }
    }
    let Merge { terms, tally, counts, withdrawn, gone, .. } = merge;
    Ok(Merged { summary: tally.finish(), terms, counts, withdrawn, gone })
}

impl Merge<'_> {
    /// What stands of one name, if anything does.
    fn next_of(&mut self, id: ClueId, before: Option<Record>, found: Option<Clue>) -> Result<Option<Record>, Problem> {
        if let Some(record) = &before
            && let Content::Withdrawal(withdrawal) = record.content()
        {
            self.refuse_again(found.as_ref());
            let kept = self.ground.today <= withdrawal.kept_until;
            self.counts.forgotten += u64::from(!kept);
            return Ok(before.filter(|_| kept));
        }
        let recalled = self.ground.recalled.get(&id).copied();
        if recalled.is_some() {
            self.refuse_again(found.as_ref());
        }
        // A recalled name is as the release before had it: what its source says since counts no more.
        let (clue, from) = match (found, before.as_ref().and_then(Record::clue)) {
            (Some(found), _) if recalled.is_none() => (found, Origin::File),
            (_, Some(carried)) => (carried.clone(), Origin::Before),
            _ => return Ok(None),
        };
        let mut clue = self.terms.apply(clue, from)?;
        if let Some(reason) = recalled {
            clue = with_status(&clue, reason)?;
        }
        let next = Record::of(clue.clone(), self.ground.today, self.ground.network, &self.ground.key);
        Ok(self.counted(before, clue, next))
    }

    fn counted(&mut self, before: Option<Record>, clue: Clue, next: Option<Record>) -> Option<Record> {
        let Some(next) = next else {
            self.counts.forgotten += u64::from(before.is_some());
            self.counts.never_published += u64::from(before.is_none());
            return None;
        };
        match next.content() {
            Content::Clue(active) => {
                self.terms.count(active);
                match before {
                    None => self.counts.added += 1,
                    Some(before) if before == next => self.counts.carried += 1,
                    Some(_) => self.counts.changed += 1,
                }
            }
            Content::Withdrawal(withdrawal) => {
                let (id, reason) = (withdrawal.id, withdrawal.reason);
                if reason != WithdrawalReason::Expired {
                    self.gone.push(clue);
                }
                // Nobody has to hear of the end of what nobody was told.
                if before.is_none() {
                    self.counts.never_published += 1;
                    return None;
                }
                match reason {
                    WithdrawalReason::Recalled => self.counts.recalled += 1,
                    WithdrawalReason::Superseded => self.counts.superseded += 1,
                    WithdrawalReason::Expired => self.counts.expired += 1,
                }
                if reason != WithdrawalReason::Expired && !self.ground.recalled.contains_key(&id) {
                    self.withdrawn.push((id, reason));
                }
            }
        }
        Some(next)
    }

    /// Counts a clue that a source brings although its name was withdrawn.
    fn refuse_again(&mut self, found: Option<&Clue>) {
        let Some(clue) = found.filter(|clue| clue.fields().status == Status::Active) else { return };
        self.counts.withdrawn_before += 1;
        if self.counts.withdrawn_before_first.len() < PLACES_LISTED_MAX {
            self.counts.withdrawn_before_first.push(clue.id());
        }
    }
}

fn with_status(clue: &Clue, reason: WithdrawalReason) -> Result<Clue, Problem> {
    let status = match reason {
        WithdrawalReason::Superseded => Status::Superseded,
        WithdrawalReason::Recalled | WithdrawalReason::Expired => Status::Recalled,
    };
    let fields = ClueFields { status, ..clue.fields().clone() };
    Clue::new(fields).map_err(|_| Problem::defect("a clue with another status breaks a rule"))
}
