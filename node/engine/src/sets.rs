//! The own sets of sessions: gathered and kept by the driver, asked for shard by shard, and at the end for the rows of what
//! matched. The engine never holds a set: one of any size passes through a session (`docs/adr/0015-large-sets-through-a-spill.md`).

use cwg_protocol::psi::Shard;
use cwg_protocol::session::{Lane, Matches, Released};
use cwg_protocol::wire::{DeclineCode, Propose};
use cwg_protocol::{RunId, SessionId};

use crate::Engine;
use crate::io::{ConnId, Effect, IndicatorRow, Level, LoadQuery, Loaded, Ticket};
use crate::limits::{MATCHES_PER_RECORD, ROWS_PER_LOAD};
use crate::record::Entry;
use crate::sessions::{Active, Ready, Stage, set_limit};
use crate::state::RunPhase;

/// Which shard of which lane a load is for.
pub(crate) struct ShardPlace {
    active: u64,
    lane: Lane,
    shard: Shard,
}

/// How far the rows of what matched are loaded.
pub(crate) struct Pieces {
    /// Places that were asked for.
    asked: usize,
    /// Rows that are stored.
    stored: u32,
}

impl Engine {
    /// Has the own set of a session gathered. The session bears the number of the ticket from now on.
    pub(crate) fn gather(&mut self, mut active: Active, proposal: Option<Box<(ConnId, Propose)>>) {
        let (ticket, salt) = (self.ticket(), self.random("set salt"));
        let (selection, limit) = (active.plan.selection.clone(), set_limit(active.plan.protocol));
        active.stage = Stage::AwaitSet(salt, proposal);
        active.stall_ms = self.now.mono_ms + self.patience_ms(&active.plan);
        self.sessions.insert(ticket.0, active);
        self.gathered.insert(ticket.0);
        self.loads.insert(ticket, ticket.0);
        self.push(Effect::Load(ticket, LoadQuery::Gather { selection, limit, salt }));
    }

    /// Lets the driver forget the sets of sessions that are over.
    pub(crate) fn forget_sets(&mut self) {
        let over: Vec<u64> =
            self.gathered.iter().filter(|number| !self.sessions.contains_key(number)).copied().collect();
        for number in over {
            self.gathered.remove(&number);
            self.push(Effect::Forget(Ticket(number)));
        }
    }

    pub(crate) fn ask_for_shard(&mut self, number: u64, lane: Lane, shard: Shard) {
        let Some(Stage::Running(_, session)) = self.sessions.get(&number).map(|active| &active.stage) else { return };
        let (session, ticket) = (session.id(), self.ticket());
        self.shards.insert(ticket, ShardPlace { active: number, lane, shard });
        self.push(Effect::Load(ticket, LoadQuery::Shard { gathered: Ticket(number), session, shard }));
    }

    pub(crate) fn on_loaded(&mut self, ticket: Ticket, loaded: Loaded) {
        if let Some(place) = self.shards.remove(&ticket) {
            return self.on_shard(&place, loaded);
        }
        let Some(number) = self.loads.remove(&ticket) else { return };
        let Some(mut active) = self.sessions.remove(&number) else { return };
        let run = active.plan.run;
        match (core::mem::replace(&mut active.stage, Stage::Fresh), loaded) {
            (Stage::AwaitSet(salt, proposal), Loaded::Gathered { set, items }) => {
                let ready = Ready { set, items, salt };
                match proposal {
                    None => self.set_of_proposer(number, active, ready),
                    Some(proposal) => self.set_of_acceptor(number, active, proposal.0, &proposal.1, &ready),
                }
            }
            (Stage::AwaitSet(_, None), Loaded::TooMany) => self.end_run(run, "set-too-large"),
            (Stage::AwaitSet(_, None), _) => self.end_run(run, "set-damaged"),
            (Stage::AwaitSet(_, Some(proposal)), loaded) => {
                let code = if matches!(loaded, Loaded::TooMany) { DeclineCode::Set } else { DeclineCode::Busy };
                self.decline(proposal.0, run, active.attempt, code);
            }
            (Stage::AwaitRows(released, pieces), Loaded::Rows(rows)) => {
                self.store_rows(number, active, released, pieces, &rows);
            }
            (Stage::AwaitRows(..), _) => {
                self.session_over(&active, "set-damaged");
                self.end_run(run, "set-damaged");
            }
            (stage, _) => {
                active.stage = stage;
                self.sessions.insert(number, active);
            }
        }
    }

    fn on_shard(&mut self, place: &ShardPlace, loaded: Loaded) {
        if let Loaded::Shard(items) = loaded {
            return self.step(place.active, |session, key| Ok(session.on_loaded(key, place.lane, place.shard, items)));
        }
        // Another session would meet the same disk.
        let Some(active) = self.sessions.remove(&place.active) else { return };
        self.tell_abort(&active);
        self.session_over(&active, "set-damaged");
        self.run_over(&active, "set-damaged");
    }

    /// Stores the end of a sealed session; what matched is loaded first, and stored piece by piece.
    pub(crate) fn load_rows(&mut self, number: u64, active: Active, released: Box<Released>) {
        let pieces = Pieces { asked: 0, stored: 0 };
        if places_of(&released).1.is_empty() {
            return self.store_seal(active.plan.run, *released, 0, Vec::new());
        }
        self.load_piece(number, active, released, pieces);
    }

    fn load_piece(&mut self, number: u64, mut active: Active, released: Box<Released>, mut pieces: Pieces) {
        let (bits, places) = places_of(&released);
        let piece: Vec<u32> = places.iter().skip(pieces.asked).take(ROWS_PER_LOAD).copied().collect();
        pieces.asked += piece.len();
        let (session, ticket): (SessionId, _) = (released.receipt.session, self.ticket());
        self.loads.insert(ticket, number);
        self.push(Effect::Load(ticket, LoadQuery::Rows { gathered: Ticket(number), session, bits, places: piece }));
        active.stage = Stage::AwaitRows(released, pieces);
        active.stall_ms = u64::MAX;
        self.sessions.insert(number, active);
    }

    /// The last piece is stored with the seal, all before it in commits of their own: they count for nothing without it.
    fn store_rows(
        &mut self,
        number: u64,
        active: Active,
        released: Box<Released>,
        mut pieces: Pieces,
        rows: &[IndicatorRow],
    ) {
        let run = active.plan.run;
        let chunks = (pieces.stored..).step_by(MATCHES_PER_RECORD).zip(rows.chunks(MATCHES_PER_RECORD));
        let entries: Vec<Entry> =
            chunks.map(|(first, rows)| Entry::Matches { run, first, rows: rows.to_vec() }).collect();
        pieces.stored += u32::try_from(rows.len()).expect("a piece has few rows");
        if pieces.asked == places_of(&released).1.len() {
            return self.store_seal(run, *released, pieces.stored, entries);
        }
        if !entries.is_empty() {
            self.commit_all(entries);
        }
        self.load_piece(number, active, released, pieces);
    }

    /// Ends a run. One is sealed again if the peer has lost its own seal: the later rows have replaced the earlier ones number
    /// by number, and an empty record ends them where they are fewer.
    fn store_seal(&mut self, run: RunId, released: Released, stored: u32, mut entries: Vec<Entry>) {
        if self.state.runs().get(&run).is_some_and(|run| matches!(run.phase, RunPhase::Sealed(_))) {
            entries.push(Entry::Matches { run, first: stored, rows: Vec::new() });
        }
        let matches = released.matches.map(|matches| u32::try_from(matches.len()).unwrap_or(u32::MAX));
        entries.push(Entry::RunSealed { run, receipt: Box::new(released.receipt), matches });
        self.commit_all(entries);
        self.push(Effect::Log(Level::Info, "run-sealed"));
        self.answer_waiting(run);
    }
}

/// Where in the own set the items are that matched.
fn places_of(released: &Released) -> (u8, &[u32]) {
    match &released.matches {
        Some(Matches::Places { bits, places }) => (*bits, places),
        Some(Matches::Items(_)) => unreachable!("sessions of an engine have their sets with the driver"),
        None => (0, &[]),
    }
}
