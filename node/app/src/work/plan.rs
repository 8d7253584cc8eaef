//! Planning a lighthouse run: the member's file is looked at before anybody consents to anything.

use std::path::Path;

use cwg_engine::command::{Command, Refusal};
use cwg_engine::record::{Book, LighthousePlan, RunPlan};
use cwg_engine::state::State;
use cwg_protocol::psi::lighthouse_protocol;
use cwg_protocol::session::Learns;
use cwg_protocol::{NetworkId, PilotId, RunId, UnixTime};

use super::{OpenBook, Submit, path_text};
use crate::action::{Pending, selection_of};
use crate::problem::Problem;
use crate::{named, refusals};

/// Plans a lighthouse run in bulk.
#[derive(Debug)]
pub struct PlanBookWork {
    plan: RunPlan,
    book: Book,
    network: NetworkId,
    now: UnixTime,
}

impl PlanBookWork {
    pub(crate) fn new(
        pilot: &str,
        (file, map): (&Path, &Path),
        (types, roles): (&[String], &[String]),
        state: &State,
        now: UnixTime,
    ) -> Result<Self, Problem> {
        let network = state.network().ok_or_else(named::not_joined)?;
        let pilot: PilotId = named::pilot(state, pilot)?;
        let charter = &state.pilots()[&pilot].charter;
        let release = state.lighthouse().current().ok_or_else(|| refusals::problem(&Refusal::NoRelease))?;
        let book = Book { file: path_text(file)?, map: path_text(map)? };
        let plan = RunPlan {
            // The engine draws the run's number.
            run: RunId([0; 8]),
            pilot,
            charter: charter.digest(),
            peer: network.hub,
            learns: Learns::Proposer,
            protocol: lighthouse_protocol().id(),
            selection: selection_of(charter.body(), types, roles)?,
            lighthouse: Some(LighthousePlan { release: release.seen, book: Some(book.clone()) }),
        };
        Ok(Self { plan, book, network: network.id, now })
    }

    /// Reads the map and the beginning of the file.
    ///
    /// # Errors
    /// If one of them cannot be read, or the map does not fit.
    pub fn run(self) -> Result<Submit, Problem> {
        OpenBook::open(&self.book, self.network, self.now)?.check()?;
        Ok(Submit::Commands(vec![Command::PlanRun(self.plan)], Pending::run_planned(self.now)))
    }
}
