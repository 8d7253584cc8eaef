//! What a lighthouse run in bulk has of its own: a release that both sides name, a set at the hub that no charter bounds, labels
//! (`docs/spec/session.md` §8).

use cwg_crypto::Digest;
use cwg_protocol::lighthouse::limits::CLUES_MAX;
use cwg_protocol::lighthouse::{Label, ReleaseBody, Seen};
use cwg_protocol::psi::{LabelLen, Labels, PsiProtocol, protocol};

use crate::command::Refusal;
use crate::record::RunPlan;
use crate::sessions::Active;
use crate::{Engine, Published};

impl Engine {
    /// The release of a plan, which must be the newest that this node has and in force. A pair run has none.
    pub(crate) fn check_release(&self, plan: &RunPlan) -> Result<(), Refusal> {
        let Some(lighthouse) = &plan.lighthouse else { return Ok(()) };
        let current = self.state.lighthouse().current().ok_or(Refusal::NoRelease)?;
        if current.seen != lighthouse.release {
            return Err(Refusal::ReleaseOutdated);
        }
        self.check_in_force(current)
    }

    /// Whether a release may be used now.
    pub(crate) fn check_in_force(&self, release: &Published) -> Result<(), Refusal> {
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        release.usable(network.id, network.hub, self.now.wall)?;
        Ok(())
    }

    /// Hub: its current release, if that is the one named and in force.
    pub(crate) fn release_named(&self, digest: Digest) -> Option<Seen> {
        let current = self.state.lighthouse().current().filter(|current| current.seen.digest == digest)?;
        self.check_in_force(current).ok().map(|()| current.seen)
    }

    /// The largest padded set that this node may bring to a run.
    pub(crate) fn own_limit(&self, plan: &RunPlan) -> u32 {
        if plan.lighthouse.is_some() && self.is_hub() { set_limit(plan) } else { self.charter_limit(plan) }
    }

    /// The largest padded set that the peer may bring to a run.
    pub(crate) fn peer_limit(&self, plan: &RunPlan) -> u32 {
        if plan.lighthouse.is_some() && !self.is_hub() { set_limit(plan) } else { self.charter_limit(plan) }
    }

    fn charter_limit(&self, plan: &RunPlan) -> u32 {
        let pilot = self.state.pilots().get(&plan.pilot);
        pilot.map_or(0, |pilot| pilot.charter.body().budget.items_per_session).min(set_limit(plan))
    }

    /// The largest set that either side of a run reads, as far as this node knows.
    pub(crate) fn largest_set(&self, plan: &RunPlan) -> u32 {
        if plan.lighthouse.is_some() { self.charter_limit(plan).max(CLUES_MAX) } else { self.charter_limit(plan) }
    }

    /// Whether a set with labels of that length is what the acceptor of a run brings.
    pub(crate) fn labels_as_planned(&self, plan: &RunPlan, len: LabelLen) -> bool {
        let class = self.release_of(plan).map_or(0, |release| usize::from(u16::from(release.body.class)));
        len.bytes() == class
    }

    /// What is wrong with the labels of a run's matches, by its code.
    pub(crate) fn labels_fault(&self, plan: &RunPlan, labels: &Labels) -> Option<&'static str> {
        let Some(release) = self.release_of(plan) else { return Some("label-wrong-class") };
        labels.iter().find_map(|label| label_fault(label, &release.body))
    }

    /// Ends a sealed session for a label of a match that is none. The hub is not told, nor the connection closed: it spoilt a
    /// label to learn whether this member holds its item.
    pub(crate) fn labels_refused(&mut self, active: &Active, code: &'static str) {
        self.note_fault(Some(active.peer), code);
        self.session_over(active, code);
        self.run_over(active, code);
    }

    /// The release of a lighthouse run.
    pub(crate) fn release_of(&self, plan: &RunPlan) -> Option<&Published> {
        let number = plan.lighthouse.as_ref()?.release.number;
        self.state.lighthouse().releases().get(&number)
    }
}

pub(crate) fn label_fault(label: &[u8], release: &ReleaseBody) -> Option<&'static str> {
    match Label::decode(label, release.class) {
        Err(error) => Some(error.code()),
        Ok(label) => {
            let listed = |source: u8| usize::from(source) < release.sources.len();
            (!label.clues.iter().all(|clue| listed(clue.source))).then_some("label-source-unlisted")
        }
    }
}

/// The largest padded set of a run's protocol.
fn set_limit(plan: &RunPlan) -> u32 {
    protocol(plan.protocol).map_or(0, PsiProtocol::items_max)
}
