//! A member's comparison of its table with the editions, which nobody hears of: it is stored as a run that has its result.

use cwg_protocol::RunId;
use cwg_protocol::session::Learns;

use crate::Engine;
use crate::command::{Comparison, Refusal, Reply};
use crate::lighthouse::label_fault;
use crate::limits::ROWS_PER_LOAD;
use crate::record::{Entry, LighthousePlan, RunPlan, STANDING};
use crate::sets::match_entries;

impl Engine {
    /// Stores what a comparison found. Rows come in commits of their own; they count for nothing before the last, which makes the run.
    pub(super) fn store_comparison(&mut self, comparison: Comparison) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let Comparison { pilot, period, release, book, selection, report, mut matches } = comparison;
        self.state.standing().periods().get(&period).ok_or(Refusal::UnknownPeriod)?;
        self.lighthouse_allowed(pilot, own).ok_or(Refusal::NotAllowed("a comparison with releases now"))?;
        let hub = self.state.hub().ok_or(Refusal::NotJoined)?;
        let published = self.state.lighthouse().releases().get(&release).ok_or(Refusal::NoRelease)?;
        self.check_in_force(published)?;
        let release = published.seen;
        let mut first_fault = None;
        matches.retain(|found| {
            let fault = label_fault(&found.label, &published.body);
            first_fault = first_fault.or(fault);
            fault.is_none()
        });
        let charter = self.state.pilots()[&pilot].charter.digest();
        let run = RunId(self.random("run"));
        let count = u32::try_from(matches.len()).unwrap_or(u32::MAX);
        for (first, piece) in (0..).step_by(ROWS_PER_LOAD).zip(matches.chunks(ROWS_PER_LOAD)) {
            self.commit_all(match_entries(run, first, piece));
        }
        let plan = RunPlan {
            run,
            pilot,
            charter,
            peer: hub,
            learns: Learns::Proposer,
            protocol: STANDING,
            selection,
            lighthouse: Some(LighthousePlan { release, book: Some(book) }),
        };
        let read = Entry::BookRead { run, report };
        self.commit_all(vec![Entry::RunPlanned(plan), read, Entry::Compared { run, period, matches: count }]);
        // What the hub signed and cannot be read: the operator is told, nobody else.
        if let Some(code) = first_fault {
            self.note_fault(Some(hub), code);
        }
        Ok(Reply::Compared(run))
    }
}
