//! A member's comparison of its table with the editions, which nobody hears of: it is stored as a run that has its result.

use cwg_protocol::RunId;
use cwg_protocol::session::Learns;

use crate::Engine;
use crate::command::{Comparison, Refusal, Reply};
use crate::limits::{MATCHES_PER_RECORD, ROWS_PER_LOAD};
use crate::record::{Entry, LighthousePlan, Match, RunPlan, STANDING};

impl Engine {
    /// Stores what a comparison found. Rows come in commits of their own; they count for nothing before the last, which makes the run.
    pub(super) fn store_comparison(&mut self, comparison: Comparison) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let Comparison { pilot, period, release, book, selection, report, mut matches } = comparison;
        self.state.standing().periods().get(&period).ok_or(Refusal::UnknownPeriod)?;
        self.lighthouse_allowed(pilot, own).ok_or(Refusal::NotAllowed("a comparison with releases now"))?;
        let network = self.state.network().ok_or(Refusal::NotJoined)?;
        let (id, hub) = (network.id, network.hub);
        let published = self.state.lighthouse().releases().get(&release).ok_or(Refusal::NoRelease)?;
        published.usable(id, hub, self.now.wall)?;
        let release = published.seen;
        let faults = matches.iter().map(|found| crate::lighthouse::label_fault(&found.label, &published.body));
        let faults: Vec<Option<&'static str>> = faults.collect();
        let mut each = faults.iter();
        matches.retain(|_| each.next().is_some_and(Option::is_none));
        let charter = self.state.pilots()[&pilot].charter.digest();
        let run = RunId(self.random("run"));
        let count = u32::try_from(matches.len()).unwrap_or(u32::MAX);
        let pieces: Vec<Vec<Entry>> = matches
            .chunks(ROWS_PER_LOAD)
            .zip((0_u32..).step_by(ROWS_PER_LOAD))
            .map(|piece| entries(run, piece))
            .collect();
        for piece in pieces {
            self.commit_all(piece);
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
        if let Some(code) = faults.into_iter().flatten().next() {
            self.note_edition(code);
        }
        Ok(Reply::Compared(run))
    }
}

fn entries(run: RunId, (matches, first): (&[Match], u32)) -> Vec<Entry> {
    let chunks = (first..).step_by(MATCHES_PER_RECORD).zip(matches.chunks(MATCHES_PER_RECORD));
    chunks.map(|(first, rows)| Entry::Matches { run, first, rows: rows.to_vec() }).collect()
}
