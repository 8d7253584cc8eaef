//! The own sets of sessions: gathered and kept by the driver, asked for shard by shard, and at the end for the rows of what
//! matched. The engine never holds a set: one of any size passes through a session (`docs/adr/0015-large-sets-through-a-spill.md`).

use cwg_protocol::RunId;
use cwg_protocol::psi::{Labels, Shard};
use cwg_protocol::session::{Lane, Matches, Receipt, Released};
use cwg_protocol::wire::{DeclineCode, Propose};

use crate::Engine;
use crate::io::{ConnId, Effect, FoundRow, Level, LoadQuery, Loaded, More, SetSource, Ticket};
use crate::limits::MATCHES_PER_RECORD;
use crate::record::{Entry, Match, RunPlan};
use crate::sessions::{Active, Ready, Stage};

/// Which shard of which lane a load is for.
pub(crate) struct ShardPlace {
    active: u64,
    lane: Lane,
    shard: Shard,
}

/// The rows of what matched, as far as they are loaded.
pub(crate) struct RowsLoaded {
    /// Items that matched; `None` where this node was not to learn.
    matches: Option<u32>,
    /// What the peer says of each, in the order of the places.
    labels: Option<Labels>,
    /// Rows that are stored.
    stored: u32,
}

impl Engine {
    /// Has the own set of a session gathered. The session bears the number of the ticket from now on.
    pub(crate) fn gather(&mut self, mut active: Active, proposal: Option<Box<(ConnId, Propose)>>) {
        let (ticket, salt) = (self.ticket(), self.random("set salt"));
        let Some(source) = self.source_of(&active.plan) else {
            let run = active.plan.run;
            return match proposal {
                None => self.end_run(run, "set-damaged"),
                Some(proposal) => self.decline(proposal.0, run, active.attempt, DeclineCode::Busy),
            };
        };
        let (selection, limit) = (active.plan.selection.clone(), self.own_limit(&active.plan));
        // Nobody waits for a proposer that reads a file of any length, and its driver answers in every case.
        let stall_ms = self.now.mono_ms + self.patience_ms(&active.plan);
        active.stall_ms = if matches!(source, SetSource::Book(_)) { u64::MAX } else { stall_ms };
        active.stage = Stage::AwaitSet(salt, proposal);
        self.sessions.insert(ticket.0, active);
        self.gathered.insert(ticket.0);
        self.loads.insert(ticket, ticket.0);
        self.push(Effect::Load(ticket, LoadQuery::Gather { source, selection, limit, salt }));
    }

    /// Where the own set of a run comes from.
    fn source_of(&self, plan: &RunPlan) -> Option<SetSource> {
        match &plan.lighthouse {
            None => Some(SetSource::Loads),
            Some(lighthouse) => match &lighthouse.book {
                Some(book) => Some(SetSource::Book(book.clone())),
                None => self.release_of(plan)?.content.map(SetSource::Release),
            },
        }
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
        let Some(loaded) = self.on_rounds_loaded(ticket, loaded) else { return };
        let Some(loaded) = self.on_counts_loaded(ticket, loaded) else { return };
        let Some(number) = self.loads.remove(&ticket) else { return };
        let Some(mut active) = self.sessions.remove(&number) else { return };
        let run = active.plan.run;
        match (core::mem::replace(&mut active.stage, Stage::Fresh), loaded) {
            (Stage::AwaitSet(salt, proposal), Loaded::Gathered { set, items, book }) => {
                if let Some(report) = book {
                    self.commit(Entry::BookRead { run, report });
                }
                let ready = Ready { set, items, salt };
                match proposal {
                    None => self.set_of_proposer(number, active, ready),
                    Some(proposal) => self.set_of_acceptor(number, active, proposal.0, &proposal.1, &ready),
                }
            }
            (Stage::AwaitSet(_, None), Loaded::TooMany) => self.end_run(run, "set-too-large"),
            (Stage::AwaitSet(_, None), Loaded::BookUnread) => self.end_run(run, "book-unread"),
            (Stage::AwaitSet(_, None), Loaded::BookChanged) => self.end_run(run, "book-changed"),
            (Stage::AwaitSet(_, None), _) => self.end_run(run, "set-damaged"),
            (Stage::AwaitSet(_, Some(proposal)), loaded) => {
                let code = if matches!(loaded, Loaded::TooMany) { DeclineCode::Set } else { DeclineCode::Busy };
                self.decline(proposal.0, run, active.attempt, code);
            }
            (Stage::AwaitRows(receipt, loaded), Loaded::Rows { rows, more }) => {
                self.store_rows(number, active, receipt, loaded, rows, more);
            }
            (Stage::AwaitRows(..), loaded) => {
                let code = match loaded {
                    Loaded::BookChanged => "book-changed",
                    Loaded::BookUnread => "book-unread",
                    _ => "set-damaged",
                };
                self.session_over(&active, code);
                self.end_run(run, code);
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

    /// Stores the end of a sealed session; the rows of what matched come first, a piece at a time.
    pub(crate) fn load_rows(&mut self, number: u64, active: Active, released: Released) {
        let (session, receipt) = (released.receipt.session, Box::new(released.receipt));
        let matches = released.matches.as_ref().map(|matches| u32::try_from(matches.len()).unwrap_or(u32::MAX));
        let loaded = RowsLoaded { matches, labels: released.labels, stored: 0 };
        match released.matches {
            Some(Matches::Places { bits, places }) if !places.is_empty() => {
                let query = LoadQuery::Rows { gathered: Ticket(number), session, bits, places };
                self.load_piece(number, active, receipt, loaded, query);
            }
            Some(Matches::Items(_)) => unreachable!("sessions of an engine have their sets with the driver"),
            _ => self.store_seal(active.plan.run, receipt, &loaded, Vec::new()),
        }
    }

    fn load_piece(
        &mut self,
        number: u64,
        mut active: Active,
        receipt: Box<Receipt>,
        loaded: RowsLoaded,
        query: LoadQuery,
    ) {
        let ticket = self.ticket();
        self.loads.insert(ticket, number);
        self.push(Effect::Load(ticket, query));
        active.stage = Stage::AwaitRows(receipt, loaded);
        active.stall_ms = u64::MAX;
        self.sessions.insert(number, active);
    }

    /// The last piece is stored with the seal, all before it in commits of their own: they count for nothing without it.
    fn store_rows(
        &mut self,
        number: u64,
        active: Active,
        receipt: Box<Receipt>,
        mut loaded: RowsLoaded,
        rows: Vec<FoundRow>,
        more: More,
    ) {
        let run = active.plan.run;
        let matches = rows.into_iter().map(|FoundRow { number, row }| {
            let label = loaded.labels.as_ref().and_then(|labels| labels.get(number as usize));
            Match { row, label: label.unwrap_or_default().to_vec() }
        });
        let matches: Vec<Match> = matches.collect();
        let entries = match_entries(run, loaded.stored, &matches);
        loaded.stored = loaded.stored.saturating_add(u32::try_from(matches.len()).unwrap_or(u32::MAX));
        match more {
            More::No => self.store_seal(run, receipt, &loaded, entries),
            More::Yes => {
                if !entries.is_empty() {
                    self.commit_all(entries);
                }
                let query = LoadQuery::MoreRows { gathered: Ticket(number) };
                self.load_piece(number, active, receipt, loaded, query);
            }
        }
    }

    /// Ends a run. An earlier session of it may have stored rows: it was sealed, and the peer has lost its own seal, or this
    /// node ended between two pieces. The later rows have replaced them number by number, and an empty record ends them where
    /// they are fewer.
    fn store_seal(&mut self, run: RunId, receipt: Box<Receipt>, loaded: &RowsLoaded, mut entries: Vec<Entry>) {
        if loaded.matches.is_some() && self.state.runs().get(&run).is_some_and(|run| run.attempts > 1) {
            entries.push(Entry::Matches { run, first: loaded.stored, rows: Vec::new() });
        }
        entries.push(Entry::RunSealed { run, receipt, matches: loaded.matches });
        self.commit_all(entries);
        self.push(Effect::Log(Level::Info, "run-sealed"));
        self.answer_waiting(run);
    }
}

/// Records of matches of a run, of which `first` are stored.
pub(crate) fn match_entries(run: RunId, first: u32, matches: &[Match]) -> Vec<Entry> {
    let chunks = (first..).step_by(MATCHES_PER_RECORD).zip(matches.chunks(MATCHES_PER_RECORD));
    chunks.map(|(first, rows)| Entry::Matches { run, first, rows: rows.to_vec() }).collect()
}
