//! Counts of two banks (`docs/spec/count.md`): the machines of `cwg_protocol::count`, fed with messages, jobs and time, and what they do
//! carried out. Counts of rounds are a matter of [`crate::rounds`], their charges are in the same ledger.
//!
//! | who | file |
//! |---|---|
//! | hub opens a count, compares, tells | `hub.rs` |
//! | bank takes part | `bank.rs` |
//! | what of a bank's rows enters | `persons.rs` |

mod bank;
mod hub;
mod persons;
pub(crate) mod state;

use std::collections::BTreeMap;

use cwg_crypto::Digest;
use cwg_protocol::count::{CountHub, CountMessage, Figure, SharedCount, SignedAnswer};
use cwg_protocol::psi::{Job, JobId, JobOutput};
use cwg_protocol::wire::Message;
use cwg_protocol::{NodeKey, RunId, UnixTime};

pub use persons::PersonItems;

use crate::Engine;
use crate::command::{Command, Refusal, Reply};
use crate::io::{CloseCode, ConnId, Effect, Level, Loaded, Ticket};
use crate::limits::COUNT_TOLD_WITHIN_SECS;
use crate::record::{Code, Entry};
use state::{CountPhase, KnownCount};

/// What of counts is under way.
#[derive(Default)]
pub(crate) struct UnderWay {
    /// Hub: counts that await tags.
    collecting: BTreeMap<RunId, CountHub>,
    /// Bank: counts in which it takes part.
    taking: BTreeMap<RunId, bank::Taking>,
    jobs: BTreeMap<Ticket, JobOf>,
    loads: BTreeMap<Ticket, LoadOf>,
    waiting: BTreeMap<RunId, Vec<Ticket>>,
}

/// Whose a job is.
enum JobOf {
    Masking(RunId, JobId),
    Comparing(RunId),
}

/// What a list is loaded for.
enum LoadOf {
    /// A person consents: the command is answered when it is known whether the list fits.
    Joining { count: RunId, leakage: Digest, command: Ticket },
    /// A start.
    Resuming { count: RunId },
}

impl LoadOf {
    const fn count(&self) -> RunId {
        match self {
            Self::Joining { count, .. } | Self::Resuming { count } => *count,
        }
    }
}

/// What a peer said is against the rules, by its code.
type Broken = &'static str;

impl Engine {
    pub(crate) fn on_counts_command(&mut self, ticket: Ticket, command: Command) -> Result<Option<Reply>, Refusal> {
        match command {
            Command::OpenCount(plan) => self.open_count(plan).map(Some),
            Command::JoinCount { count, leakage } => self.join_count(ticket, count, leakage).map(|()| None),
            Command::AwaitCount(count) => self.await_count(ticket, count),
            _ => unreachable!("other commands are carried out elsewhere"),
        }
    }

    pub(crate) fn on_count_message(&mut self, conn: ConnId, from: NodeKey, message: CountMessage) {
        let is_of_hub = self.state.hub() == Some(from) && !self.is_hub();
        let taken = match message {
            CountMessage::CountOffered(signed) if is_of_hub => self.on_count_offered(signed),
            CountMessage::CountAnswered(answer) if is_of_hub => self.on_count_answered(answer),
            CountMessage::CountElements(elements) if !self.is_hub() => self.on_count_elements(from, elements),
            CountMessage::CountTags(tags) if self.is_hub() => self.on_count_tags(from, tags),
            _ => Err("unexpected-message"),
        };
        if let Err(code) = taken {
            self.refuse(conn, CloseCode::Violation, code);
        }
    }

    /// Both have said hello: each says what the other may not know, or has lost.
    pub(crate) fn begin_counts(&mut self, node: NodeKey) {
        if self.is_hub() {
            self.show_counts(node);
        } else {
            self.count_again(node);
        }
    }

    /// After a start: what the records say is under way goes on.
    pub(crate) fn resume_counts(&mut self) {
        if !self.is_hub() {
            return self.resume_taking_counts();
        }
        let open = self.state.counts().counts().iter().filter(|(_, known)| known.phase == CountPhase::Open);
        for count in open.map(|(count, _)| *count).collect::<Vec<_>>() {
            self.await_tags(count);
        }
    }

    /// Ends what has no figure in time.
    pub(crate) fn keep_counts(&mut self) {
        let due = self.state.counts().counts().iter().filter(|(count, known)| {
            // What the hub has all tags of was in time.
            let is_comparing = self.counts.jobs.values().any(|job| matches!(job, JobOf::Comparing(of) if of == *count));
            !is_comparing && over_at(known).is_some_and(|over| over <= self.now.wall)
        });
        for (count, phase) in due.map(|(count, known)| (*count, known.phase.clone())).collect::<Vec<_>>() {
            let is_missed = phase == CountPhase::Open && !self.is_hub();
            self.end_count(count, if is_missed { "count-missed" } else { "count-unanswered" });
        }
    }

    /// In milliseconds of the monotonic clock.
    pub(crate) fn next_counts_deadline(&self) -> Option<u64> {
        let due = self.state.counts().counts().values().filter_map(over_at);
        due.filter(|due| *due > self.now.wall).min().map(|next| self.mono_at(next))
    }

    pub(crate) fn on_counts_computed(&mut self, ticket: Ticket, output: JobOutput) -> Option<JobOutput> {
        let Some(of) = self.counts.jobs.remove(&ticket) else { return Some(output) };
        match of {
            JobOf::Masking(count, job) => self.on_masked(count, job, output),
            JobOf::Comparing(count) => self.on_compared(count, output),
        }
        None
    }

    pub(crate) fn on_counts_loaded(&mut self, ticket: Ticket, loaded: Loaded) -> Option<Loaded> {
        let Some(load) = self.counts.loads.remove(&ticket) else { return Some(loaded) };
        self.on_list_loaded(load, loaded);
        None
    }

    /// Banks with which counts need a connection.
    pub(crate) fn wanted_for_counts(&self) -> impl Iterator<Item = NodeKey> {
        self.counts.taking.values().map(bank::Taking::other)
    }

    /// Says something to a node. Who is not connected is told again when it is.
    fn tell_of_count(&mut self, to: NodeKey, message: CountMessage) {
        if let Some((conn, _)) = self.ready_conn(to) {
            self.send(conn, &Message::Count(message));
        }
    }

    fn compute_for_counts(&mut self, of: JobOf, job: Job) {
        let ticket = self.ticket();
        self.counts.jobs.insert(ticket, of);
        self.push(Effect::Compute(ticket, job));
    }

    /// The count with terms of this digest.
    fn count_under(&self, terms: Digest) -> Option<(RunId, SharedCount)> {
        let mut counts = self.state.counts().counts().iter();
        counts.find(|(_, known)| known.terms.digest() == terms).map(|(count, known)| (*count, known.terms.clone()))
    }

    /// The count whose answer this is, and what it tells.
    fn count_of(&self, answer: &SignedAnswer) -> Option<(RunId, Figure)> {
        let mut counts = self.state.counts().counts().iter();
        counts.find_map(|(count, known)| Some((*count, known.terms.open_answer(answer).ok()?)))
    }

    fn await_count(&mut self, ticket: Ticket, count: RunId) -> Result<Option<Reply>, Refusal> {
        let known = self.state.counts().counts().get(&count).ok_or(Refusal::UnknownCount)?;
        if known.phase.is_over() {
            return Ok(Some(Reply::Done));
        }
        self.counts.waiting.entry(count).or_default().push(ticket);
        Ok(None)
    }

    /// Ends a count here, without a figure. Nobody is told why.
    fn end_count(&mut self, count: RunId, code: impl Into<Code>) {
        if self.state.counts().counts()[&count].phase.is_over() {
            return;
        }
        self.commit(Entry::CountEnded { count, code: code.into() });
        self.push(Effect::Log(Level::Warn, "count-ended"));
        self.count_over(count);
    }

    /// Whoever waits for a count that is over is answered.
    fn count_over(&mut self, count: RunId) {
        self.counts.taking.remove(&count);
        self.counts.collecting.remove(&count);
        for ticket in self.counts.waiting.remove(&count).unwrap_or_default() {
            self.reply(ticket, Ok(Reply::Done));
        }
    }
}

/// When a count that is not over ends without a figure.
fn over_at(known: &KnownCount) -> Option<UnixTime> {
    let ends = known.terms.body().ends.plus_secs(1);
    match known.phase {
        // The answer may be on its way.
        CountPhase::Joined if known.sent.is_some() => Some(ends.plus_secs(COUNT_TOLD_WITHIN_SECS)),
        CountPhase::Open | CountPhase::Joined => Some(ends),
        CountPhase::Told(_) | CountPhase::Ended(_) => None,
    }
}
