//! Requests of counts: as JSON `{"request": "count", "ask": {"of": "open", ...}}`.

use cwg_crypto::Digest;
use cwg_engine::command::{Command, CountPlan, Refusal, Reply};
use cwg_engine::state::State;
use cwg_protocol::charter::KindRoles;
use cwg_protocol::{RunId, UnixTime};
use serde::{Deserialize, Serialize};

use super::describe;
use crate::action::{Action, Pending, selection_of};
use crate::named::{self, bytes_of};
use crate::problem::Problem;
use crate::refusals;
use crate::view::View;

/// What a front end can ask for about counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CountRequest {
    /// Hub: opens a count of two banks. Answered by `count`.
    Open {
        /// The pilot.
        pilot: String,
        /// The two banks, by name or fingerprint.
        banks: [String; 2],
        /// Indicator types; none given means all that the charter allows.
        #[serde(default)]
        types: Vec<String>,
        /// Roles; none given means all that the charter allows for each type.
        #[serde(default)]
        roles: Vec<String>,
        /// Items of each bank at most.
        items: u32,
        /// How long it lasts, from now, seconds.
        secs: u64,
    },
    /// Member: takes part. Answered by `count`.
    Join {
        /// The count.
        count: String,
        /// Digest of the leakage that was shown and consented to, 64 hexadecimal digits.
        leakage: String,
    },
    /// Answered by `count` when it is over here.
    Await {
        /// The count.
        count: String,
    },
    /// Answered by `count`.
    Show {
        /// The count.
        count: String,
    },
    /// Answered by `counts`.
    List,
    /// What was released, and what is left: at a bank of its own, at the hub of everyone's. Answered by `ledger`.
    Ledger,
}

/// What the engine's reply will mean.
#[derive(Debug)]
pub(crate) enum Awaited {
    Opened,
    Count(RunId),
}

/// A count by the first digits of its number.
fn named(state: &State, text: &str) -> Result<RunId, Problem> {
    named::by_prefix("count", "cwg count list", state.counts().counts().keys().copied(), text)
}

/// What is to be done for a request.
pub(crate) fn prepare(ask: CountRequest, state: &State, now: UnixTime) -> Result<Action, Problem> {
    let submit = |command, awaited| Action::Submit(command, Pending::count(awaited, now));
    Ok(match ask {
        CountRequest::List => Action::Show(describe::counts(state)),
        CountRequest::Show { count } => Action::Show(describe::count(state, named(state, &count)?)?),
        CountRequest::Ledger => Action::Show(describe::ledger(state, now)),
        CountRequest::Open { pilot, banks, types, roles, items, secs } => {
            let pilot = named::pilot(state, &pilot)?;
            let charter = state.pilots()[&pilot].charter.body();
            let chosen = selection_of(charter, &types, &roles)?;
            let kinds = chosen.0.into_iter().map(|(kind, roles)| KindRoles { kind, roles }).collect();
            let [one, other] = banks;
            let banks = [named::member(state, &one)?.node, named::member(state, &other)?.node];
            submit(Command::OpenCount(CountPlan { pilot, banks, kinds, items, secs }), Awaited::Opened)
        }
        CountRequest::Join { count, leakage } => {
            let count = named(state, &count)?;
            let leakage = Digest::from_bytes(bytes_of("the leakage digest", &leakage)?);
            submit(Command::JoinCount { count, leakage }, Awaited::Count(count))
        }
        CountRequest::Await { count } => {
            let count = named(state, &count)?;
            submit(Command::AwaitCount(count), Awaited::Count(count))
        }
    })
}

/// The view for the engine's reply.
pub(crate) fn answer(awaited: &Awaited, reply: Result<Reply, Refusal>, state: &State) -> Result<View, Problem> {
    let reply = reply.map_err(|refusal| refusals::problem(&refusal))?;
    match (awaited, reply) {
        (Awaited::Opened, Reply::CountOpened(count)) => describe::count(state, count),
        (Awaited::Count(count), Reply::Done) => describe::count(state, *count),
        _ => Err(Problem::defect("the engine's reply does not fit the command")),
    }
}
