//! What of reveals leaves when an interval begins: steps among the posts, and one deposit.

use std::collections::BTreeMap;

use cwg_crypto::{Seed, SigningKey};
use cwg_protocol::reveal::{Deposit, Place, Reveal, Stage, Step};
use cwg_protocol::{Item, RunId};

use super::state::{KnownReveal, Left, Next, RevealNumber};
use crate::Engine;
use crate::record::Entry;
use crate::rounds::state::KnownRound;

/// What leaves in an interval.
#[derive(Default)]
pub(in crate::rounds) struct Leaving {
    pub(in crate::rounds) steps: Vec<(Item, Step)>,
    pub(in crate::rounds) deposit: Option<Deposit>,
    /// Every reveal that the interval changes: to be stored before anything leaves.
    pub(in crate::rounds) changed: Vec<Entry>,
}

impl Leaving {
    pub(in crate::rounds) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.deposit.is_none()
    }
}

/// What a member makes things of that leave in an interval.
struct Means<'a> {
    interval: u16,
    node: &'a SigningKey,
    seed: Seed,
    is_live: bool,
    posts: usize,
}

impl Engine {
    /// Member: what leaves in an interval that has begun, after what is known by now of what left before.
    pub(in crate::rounds) fn reveals_leaving(&self, round: RunId, interval: u16) -> Leaving {
        let known = &self.state.rounds().rounds()[&round];
        let mut leaving = Leaving::default();
        let (Some(own), Some(seed)) = (self.state.own(), known.seed()) else { return leaving };
        if !known.has_reveals() {
            return leaving;
        }
        let mut reveals = known.reveals.known.clone();
        for reveal in reveals.values_mut() {
            reveal.begin(known, interval);
        }
        let means = Means {
            interval,
            node: &own.signing,
            seed: seed.fork("reveal", interval.into()),
            is_live: self.ground(known, own.node()).is_ok(),
            posts: known.terms.body().rooms.posts.into(),
        };
        leaving.fill(known, &mut reveals, &means);
        for (number, mut reveal) in reveals {
            if known.reveals.known.get(&number) != Some(&reveal) {
                reveal.changed = self.now.wall;
                leaving.changed.push(Entry::RevealStands { round, reveal: number, known: Box::new(reveal) });
            }
        }
        leaving
    }
}

impl KnownReveal {
    /// What the pages that are read by now, and the interval that begins, make of it.
    fn begin(&mut self, known: &KnownRound, interval: u16) {
        let Some(spot) = known.spot(self.item) else { return };
        // A page that was not there when a later one was will never be.
        let posts = known.rooms.pages.last_key_value().map_or(0, |(last, _)| last + 1);
        let boxes = known.reveals.read.last().map_or(0, |last| last + 1);
        if let Some(left) = self.said.as_ref().map(|said| said.interval).filter(|left| *left < posts.min(boxes)) {
            *self = self.settled(&spot.place(), known.rooms.own_shown.contains(&left));
        }
        // Nothing is over before the pages are read in which the other side may have answered.
        let upto = match self.reveal.stage() {
            Stage::AwaitConsent => interval.min(posts + 1),
            Stage::AwaitRelease { .. } => interval.min(boxes + 1),
            _ => interval,
        };
        let next = self.reveal.on_interval(upto);
        if next != self.reveal {
            (self.reveal, self.said, self.owed) = (next, None, None);
        }
    }
}

impl Leaving {
    /// One deposit, and as many steps as there are posts; the rest has its turn in a later interval.
    fn fill(&mut self, known: &KnownRound, reveals: &mut BTreeMap<RevealNumber, KnownReveal>, means: &Means<'_>) {
        let mut due: Vec<_> =
            reveals.iter().filter_map(|(number, reveal)| Some((reveal.next()?, reveal.changed, *number))).collect();
        due.sort_unstable();
        for (next, _, number) in due {
            let is_full = next.has_step() && self.steps.len() == means.posts;
            let is_taken = next.has_deposit() && self.deposit.is_some();
            if is_full || is_taken || (next.goes_on() && !means.is_live) {
                continue;
            }
            let Some(reveal) = reveals.get_mut(&number) else { continue };
            let Some(spot) = known.spot(reveal.item) else { continue };
            // What is too late by now expires with one of the next intervals.
            let Some((after, step, deposit)) = reveal.leave(next, &spot.place(), means) else { continue };
            self.steps.extend(step.map(|step| (reveal.item, step)));
            self.deposit = self.deposit.take().or(deposit);
            let before = Box::new(std::mem::replace(&mut reveal.reveal, after));
            reveal.said = Some(Left { interval: means.interval, before, owed: reveal.owed });
        }
    }
}

impl KnownReveal {
    fn leave(&self, next: Next, at: &Place<'_>, means: &Means<'_>) -> Option<(Reveal, Option<Step>, Option<Deposit>)> {
        let Means { interval, node, seed, .. } = means;
        let reveal = &self.reveal;
        Some(match next {
            // It is withdrawn when it is known that this arrived: until then a release may come.
            Next::TakeBack => {
                let (_, step, deposit) = reveal.withdraw(at).ok()?;
                (reveal.clone(), step, deposit)
            }
            Next::Tell => (reveal.clone(), self.owed_step(), None),
            Next::Deposit => {
                let (after, deposit) = reveal.deposit(at, *interval, node, seed).ok()?;
                (after, None, Some(deposit))
            }
            Next::Consent => {
                let (after, step, deposit) = reveal.consent(at, *interval, node, seed).ok()?;
                (after, Some(step), Some(deposit))
            }
            Next::Request => {
                let (after, step) = reveal.post_request(at, *interval).ok()?;
                (after, Some(step), None)
            }
        })
    }
}
