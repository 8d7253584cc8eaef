//! What members read: steps of reveals among the posts of a page, and the boxes that the hub released.

use std::collections::BTreeMap;

use cwg_protocol::psi::JobOutput;
use cwg_protocol::reveal::{PageRead, PageReader, ReadStep, Reveal, RevealPage, check_page};
use cwg_protocol::round::Turn;
use cwg_protocol::{Item, RunId};

use super::awaits_box;
use super::state::{KnownReveal, RevealNumber};
use crate::Engine;
use crate::limits::REVEALS_OPEN_OF_ONE;
use crate::record::Entry;
use crate::rounds::rooms::{post_seed, round_of};
use crate::rounds::{Broken, JobOf};

impl Engine {
    /// Reads the pages of a round one after the other, in the order of their intervals. Work is posts times rooms.
    pub(in crate::rounds) fn read_next_page(&mut self, round: RunId) {
        let of_round = (round, 0)..=(round, u16::MAX);
        let Some((_, page)) = self.rounds.rooms.unread.range(of_round).next() else { return };
        let known = &self.state.rounds().rounds()[&round];
        let (Some(execution), Some(writer), Some(seed)) =
            (known.answered().map(Turn::execution), known.writer(), known.seed())
        else {
            return;
        };
        let rooms = known.rooms().filter_map(|item| known.room_key(item)).collect();
        let seed = post_seed(&seed, page.interval);
        let reader = PageReader { terms: known.terms.clone(), execution, rooms, writer, seed };
        let (interval, job) = (page.interval, reader.job(page.clone()));
        self.compute_for_rounds(JobOf::Steps(round, interval), job);
    }

    pub(in crate::rounds) fn on_steps_read(&mut self, round: RunId, interval: u16, output: JobOutput) {
        // It may have been forgotten meanwhile, with the rooms.
        if self.rounds.rooms.unread.remove(&(round, interval)).is_none() {
            return;
        }
        if let Ok(PageRead { page, own, steps }) = PageRead::of(output) {
            let shown = Entry::RoomPageShown { round, page: Box::new(page), own };
            let changed = self.after_steps(round, interval, &steps);
            self.commit_reveals(round, shown, changed);
        }
        self.read_next_page(round);
    }

    /// What the steps of a page make of the reveals, new ones included.
    fn after_steps(
        &self,
        round: RunId,
        interval: u16,
        steps: &[(usize, ReadStep)],
    ) -> BTreeMap<RevealNumber, KnownReveal> {
        let known = &self.state.rounds().rounds()[&round];
        let now = known.terms.body().rooms.interval_at(self.now.wall).unwrap_or(interval);
        let mut reveals = known.reveals.known.clone();
        let items: Vec<Item> = known.rooms().collect();
        for (room, step) in steps {
            let item = items[*room];
            let Some(spot) = known.spot(item) else { continue };
            let place = spot.place();
            for reveal in reveals.values_mut().filter(|reveal| reveal.item == item) {
                *reveal = reveal.on_step(&place, step, interval);
            }
            let Some(asked) = Reveal::asked(&place, step, now) else { continue };
            let of_writer = |other: &&KnownReveal| {
                other.item == item && other.reveal.of().1 == step.writer && other.reveal.stage().is_open()
            };
            if reveals.values().filter(of_writer).count() < REVEALS_OPEN_OF_ONE {
                let new = || KnownReveal::new(item, asked.clone(), None, self.now.wall);
                reveals.entry(RevealNumber::of(&asked)).or_insert_with(new);
            }
        }
        reveals.retain(|number, reveal| known.reveals.known.get(number) != Some(reveal));
        reveals
    }

    /// Member: boxes that the hub released, or random bytes.
    pub(in crate::rounds) fn on_reveal_page(&mut self, page: &RevealPage) -> Result<(), Broken> {
        let Some(round) = round_of(self, page.execution) else { return Ok(()) };
        let known = &self.state.rounds().rounds()[&round];
        if !known.has_reveals() {
            return Err("unexpected-message");
        }
        check_page(&known.terms, page.execution, page).map_err(|violation| violation.code())?;
        if known.reveals.read.contains(&page.interval) || !self.is_page_due(known, page.interval) {
            return Ok(());
        }
        let mut changed = BTreeMap::new();
        for (number, reveal) in known.reveals().filter(|(_, reveal)| awaits_box(reveal)) {
            let Some(spot) = known.spot(reveal.item) else { continue };
            let (next, bad) = reveal.reveal.on_page(&spot.place(), page).map_err(|violation| violation.code())?;
            if next != reveal.reveal {
                let fault = bad.map(|bad| bad.code().into());
                changed.insert(number, KnownReveal { reveal: next, fault, said: None, owed: None, ..reveal.clone() });
            }
        }
        self.commit_reveals(round, Entry::RevealPageRead { round, interval: page.interval }, changed);
        Ok(())
    }

    fn commit_reveals(&mut self, round: RunId, first: Entry, changed: BTreeMap<RevealNumber, KnownReveal>) {
        let changed = changed.into_iter().map(|(reveal, mut known)| {
            known.changed = self.now.wall;
            Entry::RevealStands { round, reveal, known: Box::new(known) }
        });
        let entries = [first].into_iter().chain(changed).collect();
        self.commit_all(entries);
    }
}
