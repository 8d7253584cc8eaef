//! What a member reads of reveals on a page of the rooms.

use cwg_crypto::{Secret32, Seed};

use super::step::ReadStep;
use crate::psi::{Job, JobOutput};
use crate::round::room::{RoomKey, RoomPage, filler_is_shown, read_steps};
use crate::round::{Execution, SharedTerms};
use crate::violation::Violation;

/// A member that reads pages with the keys of all its rooms.
pub struct PageReader {
    /// The round.
    pub terms: SharedTerms,
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The keys.
    pub rooms: Vec<RoomKey>,
    /// The member's secret of the turn.
    pub writer: Secret32,
    /// Of the member's own posts in the page's interval.
    pub seed: Seed,
}

/// What a page says.
#[derive(Debug)]
pub struct PageRead {
    /// The page.
    pub page: RoomPage,
    /// Whether the member's own upload is on it: a post that says nothing, or a step.
    pub own: bool,
    /// Steps, with the place of the room among the keys.
    pub steps: Vec<(usize, ReadStep)>,
}

impl PageReader {
    /// Reads a page: a job, whose output [`PageRead::of`] gives. Work is posts times rooms.
    pub fn job(self, page: RoomPage) -> Job {
        Job::new(page.posts.len() * self.rooms.len().max(1), move || self.read(page))
    }

    fn read(self, page: RoomPage) -> Result<PageRead, Violation> {
        let opened = read_steps(&self.terms, self.execution, &page, &self.rooms)?;
        let steps: Vec<_> = opened.into_iter().filter_map(|(room, step)| Some((room, step.ok()?))).collect();
        let is_own = |(room, step): &(usize, ReadStep)| step.writer == self.rooms[*room].pseudonym_of(&self.writer);
        let own = filler_is_shown(&page, &self.seed) || steps.iter().any(is_own);
        Ok(PageRead { page, own, steps })
    }
}

impl PageRead {
    /// From a job's output.
    ///
    /// # Errors
    /// As [`read_steps`].
    pub fn of(output: JobOutput) -> Result<Self, Violation> {
        output.open()
    }
}
