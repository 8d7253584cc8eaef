//! Lighthouse at the hub: a release is drafted, signed by two persons, published; clues are taken back; figures of the whole are
//! released (`docs/spec/lighthouse.md`). What travels is in `offers.rs`, runs over a
//! release in `runs.rs`, what is remembered in `state.rs`.

mod offers;
mod runs;
pub(crate) mod state;

use cwg_protocol::lighthouse::limits::DELTA_ENTRIES_MAX;
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, ClueId, Day, DisclosureError, GroupMean, Month, PersonSignature, Recall,
    ReleaseError, SignedRecall, Trends, VerifiedRelease, WithdrawalReason,
};
use cwg_protocol::wire::limits::CLOCK_SKEW_MAX_SECS;

use crate::Engine;
use crate::command::{Command, Refusal, Reply};
use crate::limits::{FIGURE_MONTHS_BACK, RECALLS_ALL_MAX, RECALLS_MAX};
use crate::record::{Entry, ReleaseDraft};
pub(crate) use runs::label_fault;
use state::{Draft, expected};

impl Engine {
    pub(crate) fn on_lighthouse_command(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::DraftRelease(draft) => self.draft_release(*draft),
            Command::SignDraft(built) => self.sign_draft(*built),
            Command::ApproveDraft(approved) => self.approve_draft(*approved),
            Command::PublishRelease => self.publish_release(),
            Command::DropDraft => self.drop_draft(),
            Command::Recall { clues, reason } => self.recall(&clues, reason),
            Command::ReleaseTrends(trends) => self.release_trends(*trends),
            Command::ReleaseFigure { period, matches } => self.release_figure(period, matches),
            Command::ReleaseMean { period } => self.release_mean(period),
            _ => unreachable!("other commands are carried out elsewhere"),
        }
    }

    fn draft(&self) -> Result<&Draft, Refusal> {
        self.state.lighthouse().draft().ok_or(Refusal::NoDraft)
    }

    fn draft_release(&mut self, draft: ReleaseDraft) -> Result<Reply, Refusal> {
        let (network, hub) = self.as_hub()?;
        let body = &draft.body;
        let outdated = |holds: bool, what| if holds { Ok(()) } else { Err(Refusal::DraftOutdated(what)) };
        let expected = expected(network, hub, None);
        let ours = body.network == network && body.purpose == expected.purpose;
        outdated(ours, "it is for another network or purpose")?;
        let ruleset = (body.ruleset, body.ruleset_hash) == (expected.ruleset, expected.ruleset_hash);
        outdated(ruleset && body.client_min <= expected.client, "it follows another ruleset or version")?;
        let now = self.now.wall;
        let in_time = body.created <= now.plus_secs(CLOCK_SKEW_MAX_SECS) && now < body.valid_until;
        outdated(in_time, "it is dated in the future, or has expired")?;
        let current = self.state.lighthouse().current();
        let number = current.map_or(0, |current| current.seen.number.0);
        outdated(body.number.0 == number + 1, "it has another number than the next")?;
        let base = current.map(|current| (current.seen.number, current.body.content.root));
        outdated(body.base.map(|base| (base.number, base.root)) == base, "its delta has another base")?;
        let known = self.state.lighthouse().recalled();
        let mut withdrawn = draft.withdrawn.iter();
        let new = draft.withdrawn.is_sorted_by(|a, b| a.0 < b.0) && withdrawn.all(|(id, _)| !known.contains_key(id));
        outdated(new, "what it withdraws was recalled before")?;
        let room = draft.withdrawn.len() <= DELTA_ENTRIES_MAX;
        if !room || draft.withdrawn.len() + self.state.lighthouse().last_recall() as usize > RECALLS_ALL_MAX as usize {
            return Err(Refusal::TooManyRecalls);
        }
        self.commit(Entry::ReleaseDrafted(Box::new(draft)));
        Ok(Reply::Done)
    }

    fn sign_draft(&mut self, built: BuiltRelease) -> Result<Reply, Refusal> {
        self.hub()?;
        let draft = self.draft()?;
        if draft.built.is_some() {
            return Err(Refusal::DraftState(draft.stage()));
        }
        if built.body()? != draft.draft.body {
            return Err(Refusal::DraftChanged);
        }
        self.check_person(built.builder())?;
        self.commit(Entry::ReleaseBuilt(Box::new(built)));
        Ok(Reply::Done)
    }

    fn approve_draft(&mut self, approved: ApprovedRelease) -> Result<Reply, Refusal> {
        self.hub()?;
        let draft = self.draft()?;
        let (Some(built), None) = (&draft.built, &draft.approved) else {
            return Err(Refusal::DraftState(draft.stage()));
        };
        if approved.built() != built {
            return Err(Refusal::DraftChanged);
        }
        approved.check()?;
        self.check_person(approved.approver())?;
        self.commit(Entry::ReleaseApproved(Box::new(approved)));
        Ok(Reply::Done)
    }

    /// A person signs with the key that this node has for the name.
    fn check_person(&self, person: &PersonSignature) -> Result<(), Refusal> {
        let known = self.state.operators().get(&person.name);
        known.filter(|key| **key == person.key).map(|_| ()).ok_or(Refusal::UnknownOperator)
    }

    fn publish_release(&mut self) -> Result<Reply, Refusal> {
        let (network, hub) = self.as_hub()?;
        let draft = self.draft()?;
        let Some(approved) = draft.approved.clone() else { return Err(Refusal::DraftState(draft.stage())) };
        let withdrawn = draft.draft.withdrawn.clone();
        let seen = self.state.lighthouse().current().map(|current| current.seen);
        let signed = approved.publish(&self.hub()?.signing)?;
        let expected = self.state.lighthouse().expected(network, hub);
        let release = VerifiedRelease::verify(signed.clone(), &expected, self.now.wall)?;
        if release.body().base.map(|base| base.number) != seen.map(|seen| seen.number) {
            return Err(Refusal::DraftOutdated("another release was published since"));
        }
        let mut entries = vec![Entry::ReleasePublished(Box::new(signed))];
        entries.extend(self.recalls_of(&withdrawn)?);
        self.commit_all(entries);
        self.offer_lighthouse_to_all();
        Ok(Reply::Published(release.body().number))
    }

    fn drop_draft(&mut self) -> Result<Reply, Refusal> {
        self.hub()?;
        self.draft()?;
        self.commit(Entry::DraftDropped);
        Ok(Reply::Done)
    }

    fn recall(&mut self, clues: &[ClueId], reason: WithdrawalReason) -> Result<Reply, Refusal> {
        self.as_hub()?;
        if reason == WithdrawalReason::Expired {
            return Err(Refusal::RecallReason);
        }
        let mut clues: Vec<_> = clues.iter().map(|clue| (*clue, reason)).collect();
        clues.sort_unstable_by_key(|(clue, _)| *clue);
        clues.dedup();
        if clues.len() > RECALLS_MAX {
            return Err(Refusal::TooManyRecalls);
        }
        let entries = self.recalls_of(&clues)?;
        let count = u32::try_from(entries.len()).expect("ten thousand at most");
        if count > 0 {
            self.commit_all(entries);
            self.offer_lighthouse_to_all();
        }
        Ok(Reply::Recalled(count))
    }

    /// Recalls of those clues that were not recalled before.
    fn recalls_of(&self, clues: &[(ClueId, WithdrawalReason)]) -> Result<Vec<Entry>, Refusal> {
        let (network, _) = self.as_hub()?;
        let (known, last) = (self.state.lighthouse().recalled(), self.state.lighthouse().last_recall());
        let new: Vec<_> = clues.iter().filter(|(clue, _)| !known.contains_key(clue)).collect();
        if new.len() > (RECALLS_ALL_MAX - last) as usize {
            return Err(Refusal::TooManyRecalls);
        }
        let (key, at) = (&self.hub()?.signing, self.now.wall);
        let recalls = (last + 1..).zip(new).map(|(number, (clue, reason))| {
            let recall = Recall { number, clue: *clue, reason: *reason, at };
            Entry::Recalled(SignedRecall::sign(recall, network, key))
        });
        Ok(recalls.collect())
    }

    fn release_trends(&mut self, trends: Trends) -> Result<Reply, Refusal> {
        let (network, _) = self.as_hub()?;
        let lighthouse = self.state.lighthouse();
        let current = lighthouse.current().ok_or(Refusal::NoRelease)?;
        if trends.network != network || trends.release != current.seen.number {
            return Err(Refusal::DraftOutdated("the trends are of another release"));
        }
        if let Some(last) = lighthouse.trends().filter(|last| last.period >= trends.period) {
            return Err(DisclosureError::PeriodReleased { released: last.period }.into());
        }
        // What members could not read is not released.
        if Trends::decode(&trends.encode()) != Ok(trends.clone()) {
            return Err(DisclosureError::Malformed.into());
        }
        self.commit(Entry::TrendsReleased(Box::new(trends)));
        self.offer_lighthouse_to_all();
        Ok(Reply::Done)
    }

    fn release_figure(&mut self, period: Month, matches: u32) -> Result<Reply, Refusal> {
        let member = self.member()?.node();
        let this_month = Day::of(self.now.wall).month();
        let old = period.months_to(this_month) > FIGURE_MONTHS_BACK;
        if period >= this_month || old || self.state.lighthouse().figures().contains_key(&period) {
            return Err(Refusal::FigureReleased);
        }
        self.commit(Entry::FigureReleased { member, period, matches });
        self.send_figures();
        Ok(Reply::Done)
    }

    fn release_mean(&mut self, period: Month) -> Result<Reply, Refusal> {
        let (network, _) = self.as_hub()?;
        if period >= Day::of(self.now.wall).month() {
            return Err(Refusal::FigureReleased);
        }
        let lighthouse = self.state.lighthouse();
        let released = lighthouse.figures().get(&period).cloned().unwrap_or_default();
        let mean = GroupMean::of(network, period, &released, lighthouse.group())?;
        self.commit(Entry::MeanReleased(Box::new(mean)));
        self.offer_lighthouse_to_all();
        Ok(Reply::Done)
    }
}

/// Whether a release that a hub offers is an attack on the trust in it, and not just one that this node cannot use.
fn is_breach(error: ReleaseError) -> bool {
    !matches!(
        error,
        ReleaseError::Expired(_)
            | ReleaseError::Future(_)
            | ReleaseError::ClientTooOld(_)
            | ReleaseError::Ruleset { .. }
            | ReleaseError::OtherPurpose(_)
    )
}
