//! Reveals (`docs/spec/reveal.md`): what persons decide, and what of it leaves in an interval.
//!
//! | what | file |
//! |---|---|
//! | what persons decide | here |
//! | what leaves when an interval begins | `leaving.rs` |
//! | what pages say, and the boxes on them | `reading.rs` |
//! | hub: boxes in escrow | `escrow.rs` |
//!
//! Where a charter allows reveals, every member of its rounds deposits in every interval and fetches every page of boxes, whether it has
//! a reveal or not; where it does not, nobody does. A reveal goes on by itself only in what two persons have approved.

mod escrow;
mod leaving;
mod reading;
pub(crate) mod state;

pub(super) use leaving::Leaving;

use std::collections::BTreeSet;

use cwg_crypto::Secret32;
use cwg_protocol::reveal::{Approval, Fields, Ground, Place, Reveal, RevealId, RevealRefusal, Stage, Values, Wanted};
use cwg_protocol::roster::Name;
use cwg_protocol::round::room::{Pseudonym, RoomKey, RoomPage, read_page, read_steps};
use cwg_protocol::round::{Execution, SharedTerms, Turn};
use cwg_protocol::{Item, NodeKey, OperatorKey, RunId, UnixTime};

use super::state::KnownRound;
use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::record::Entry;
use state::{Clause, KnownReveal, Reason, RevealNumber};

/// What a person decides about a reveal.
#[derive(Debug)]
pub enum RevealCommand {
    /// Asks another holder. It leaves once two persons have approved it.
    Request {
        /// Whose room.
        item: Item,
        /// Whom.
        to: Pseudonym,
        /// What this member would show.
        values: Values,
        /// What it asks for.
        asks: Fields,
        /// The last interval in which it may be consented to.
        expires: u16,
        /// Why; kept at home.
        reason: Reason,
    },
    /// Writes down an answer. It leaves once two persons have approved it.
    Answer {
        /// Which.
        reveal: RevealNumber,
        /// The fields that were asked for.
        values: Values,
    },
    /// Approves the very values that are written down.
    Approve {
        /// Which.
        reveal: RevealNumber,
        /// The person.
        person: Name,
        /// The person's signature.
        approval: Approval,
    },
    /// Declines what was asked.
    Decline {
        /// Which.
        reveal: RevealNumber,
    },
    /// Takes back what was said, unless it is released before.
    Withdraw {
        /// Which.
        reveal: RevealNumber,
    },
    /// Forgets one that is over before its time.
    Erase {
        /// Which.
        reveal: RevealNumber,
    },
}

/// A room in which this member writes.
pub(super) struct Spot {
    terms: SharedTerms,
    execution: Execution,
    room: RoomKey,
    writer: Secret32,
}

impl Spot {
    pub(super) fn place(&self) -> Place<'_> {
        Place { terms: &self.terms, execution: self.execution, room: &self.room, writer: &self.writer }
    }
}

impl KnownRound {
    /// A room in which this member writes.
    pub(super) fn spot(&self, item: Item) -> Option<Spot> {
        let (terms, execution) = (self.terms.clone(), self.answered().map(Turn::execution)?);
        Some(Spot { terms, execution, room: self.room_key(item)?, writer: self.writer()? })
    }

    /// Whether the charter allows reveals: then everyone sends what belongs to them.
    pub(super) fn has_reveals(&self) -> bool {
        self.reveals.rules.is_some()
    }

    /// The clause of the charter that allows reveals.
    pub fn reveal_clause(&self) -> Option<&Clause> {
        self.reveals.rules.as_ref().map(|rules| &rules.clause)
    }

    /// Member: its reveals by their numbers.
    pub fn reveals(&self) -> impl Iterator<Item = (RevealNumber, &KnownReveal)> {
        self.reveals.known.iter().map(|(number, reveal)| (*number, reveal))
    }

    /// Member: who else has written in a room, as far as pages tell.
    pub fn writers(&self, item: Item) -> BTreeSet<Pseudonym> {
        let Some(spot) = self.spot(item) else { return BTreeSet::new() };
        let own = spot.room.pseudonym_of(&spot.writer);
        let keys = [spot.room];
        let on_page = |page: &RoomPage| {
            let posts = read_page(&spot.terms, spot.execution, page, &keys).unwrap_or_default();
            let steps = read_steps(&spot.terms, spot.execution, page, &keys).unwrap_or_default();
            let posts = posts.into_iter().filter_map(|(_, post)| Some(post.ok()?.writer));
            let steps = steps.into_iter().filter_map(|(_, step)| Some(step.ok()?.writer));
            posts.chain(steps).collect::<Vec<_>>()
        };
        self.rooms.pages.values().flat_map(on_page).filter(|writer| *writer != own).collect()
    }

    /// When what is known of a reveal that is over is forgotten.
    pub fn erased_at(&self, reveal: &KnownReveal) -> Option<UnixTime> {
        let rules = self.reveals.rules.as_ref()?;
        (!reveal.reveal.stage().is_open()).then(|| reveal.changed.plus_secs(rules.keep_secs))
    }
}

impl Engine {
    pub(super) fn on_reveal_command(&mut self, round: RunId, ask: RevealCommand) -> Result<Reply, Refusal> {
        let own = self.member()?.node();
        let known = self.state.rounds().rounds().get(&round).ok_or(Refusal::UnknownRound)?;
        let (reveal, next) = match ask {
            RevealCommand::Request { item, to, values, asks, expires, reason } => {
                return self.request_reveal(round, (item, reason), Wanted { to, values, asks, expires });
            }
            RevealCommand::Erase { reveal } => {
                let known = known.reveals.known.get(&reveal).ok_or(Refusal::UnknownReveal)?;
                allowed(!known.reveal.stage().is_open())?;
                self.commit(Entry::RevealErased { round, reveal });
                return Ok(Reply::Done);
            }
            RevealCommand::Answer { reveal, values } => {
                let ground = self.ground(known, own)?;
                let answer = |known: &mut KnownReveal, at: &Place<'_>| {
                    known.reveal = known.reveal.answer(at, &ground, values)?;
                    Ok(())
                };
                (reveal, self.changed(known, reveal, answer)?)
            }
            RevealCommand::Approve { reveal, person, approval } => {
                if self.state.operators().get(&person) != Some(&approval.key) {
                    return Err(Refusal::UnknownOperator);
                }
                let approvers: Vec<OperatorKey> = self.state.operators().values().copied().collect();
                let approve = |known: &mut KnownReveal, _: &Place<'_>| {
                    known.reveal = known.reveal.approve(approval, &approvers)?;
                    known.approved_by.push(person);
                    Ok(())
                };
                (reveal, self.changed(known, reveal, approve)?)
            }
            RevealCommand::Decline { reveal } => {
                (reveal, self.changed(known, reveal, |known, _| allowed(known.decline()))?)
            }
            RevealCommand::Withdraw { reveal } => {
                (reveal, self.changed(known, reveal, |known, at| allowed(known.take_back(at)))?)
            }
        };
        self.commit(Entry::RevealStands { round, reveal, known: Box::new(next) });
        Ok(Reply::RevealWritten(reveal))
    }

    fn request_reveal(
        &mut self,
        round: RunId,
        (item, reason): (Item, Reason),
        wanted: Wanted,
    ) -> Result<Reply, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::RevealReason);
        }
        let id = RevealId(self.random("reveal"));
        let known = &self.state.rounds().rounds()[&round];
        let ground = self.ground(known, self.member()?.node())?;
        let spot = known.spot(item).ok_or(Refusal::Post("there is no such room here"))?;
        let rooms = known.terms.body().rooms;
        let interval =
            rooms.interval_at(self.now.wall).unwrap_or(if self.now.wall < rooms.opens { 0 } else { rooms.intervals });
        let reveal = Reveal::request(&spot.place(), &ground, wanted, interval, id)?;
        let number = RevealNumber::of(&reveal);
        let known = KnownReveal::new(item, reveal, Some(reason), self.now.wall);
        self.commit(Entry::RevealStands { round, reveal: number, known: Box::new(known) });
        Ok(Reply::RevealWritten(number))
    }

    /// The charter of a round, while it is live.
    fn ground<'a>(&'a self, known: &KnownRound, member: NodeKey) -> Result<Ground<'a>, Refusal> {
        let pilot = self.state.pilots().get(&known.terms.body().pilot).ok_or(Refusal::UnknownPilot)?;
        Ok(Ground { charter: pilot.live(self.now.wall)?, member })
    }

    /// A reveal after what a person decided.
    fn changed(
        &self,
        of_round: &KnownRound,
        reveal: RevealNumber,
        change: impl FnOnce(&mut KnownReveal, &Place<'_>) -> Result<(), RevealRefusal>,
    ) -> Result<KnownReveal, Refusal> {
        let mut known = of_round.reveals.known.get(&reveal).ok_or(Refusal::UnknownReveal)?.clone();
        // Without its room, one is over.
        let spot = of_round.spot(known.item).ok_or(RevealRefusal::Stage)?;
        change(&mut known, &spot.place())?;
        known.changed = self.now.wall;
        Ok(known)
    }

    /// Forgets what the charter lets nobody keep any longer.
    pub(super) fn keep_reveals(&mut self) {
        let now = self.now.wall;
        let rounds = self.state.rounds().rounds().iter();
        let due = rounds.flat_map(|(round, known)| {
            let old = move |(number, reveal)| {
                known
                    .erased_at(reveal)
                    .filter(|at| now >= *at)
                    .map(|_| Entry::RevealErased { round: *round, reveal: number })
            };
            known.reveals().filter_map(old)
        });
        let due: Vec<Entry> = due.collect();
        if !due.is_empty() {
            self.commit_all(due);
        }
    }

    pub(super) fn reveals_due(&self) -> impl Iterator<Item = UnixTime> {
        let rounds = self.state.rounds().rounds().values();
        rounds.flat_map(|known| known.reveals().filter_map(|(_, reveal)| known.erased_at(reveal)))
    }

    /// What is open when the rooms close is over.
    pub(super) fn reveals_closed(&self, round: RunId) -> Vec<Entry> {
        let known = &self.state.rounds().rounds()[&round];
        let open = known.reveals().filter(|(_, reveal)| reveal.reveal.stage().is_open());
        let over = open.map(|(number, known)| {
            let reveal = known.reveal.on_interval(u16::MAX);
            let over = KnownReveal { reveal, said: None, owed: None, changed: self.now.wall, ..known.clone() };
            Entry::RevealStands { round, reveal: number, known: Box::new(over) }
        });
        over.collect()
    }
}

fn allowed(is_allowed: bool) -> Result<(), RevealRefusal> {
    if is_allowed { Ok(()) } else { Err(RevealRefusal::Stage) }
}

/// Whether a reveal is where the other side's box is awaited.
fn awaits_box(known: &KnownReveal) -> bool {
    matches!(known.reveal.stage(), Stage::AwaitRelease { .. })
}
