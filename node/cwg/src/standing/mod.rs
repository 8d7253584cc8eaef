//! The standing comparison's drivers: files of editions for the engine, and work that takes long, each on a thread of its own.
//!
//! A thread asks the loop as a front end does, and waits: how much it has asked for is what bounds it.

mod args;
mod compare;
mod editions;
mod evaluate;
mod look_up;
mod publish;

use std::sync::mpsc as sync;

use cwg_app::Problem;
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_protocol::lighthouse::standing::{MatchError, VerifiedEdition};
use cwg_store::{Editions, StoreError};
use tokio::sync::mpsc;

pub(crate) use args::{StandingCommand, request_of};
pub(crate) use compare::compare;
pub(crate) use editions::work_on_edition;
pub(crate) use evaluate::evaluate;
pub(crate) use look_up::look_up;
pub(crate) use publish::publish;

use crate::node::{Inbox, Node};
use crate::problems;

/// Where a thread asks the loop.
#[derive(Clone)]
pub(crate) struct Desk(mpsc::UnboundedSender<Inbox>);

/// An answer that may still be on its way.
pub(crate) struct Awaited(sync::Receiver<Result<Reply, Refusal>>);

impl Desk {
    pub(crate) fn of(node: &Node) -> Self {
        Self(node.outbox())
    }

    /// Gives the engine a command.
    pub(crate) fn ask(&self, command: Command) -> Awaited {
        let (sender, answer) = sync::channel();
        // The loop is gone only when the process ends; then so is the other end of the answer.
        let _ = self.0.send(Inbox::Ask(command, Box::new(move |reply| drop(sender.send(reply)))));
        Awaited(answer)
    }

    /// Asks what the node knows.
    pub(crate) fn look<T: Send + 'static>(&self, look: impl FnOnce(&Node) -> T + Send + 'static) -> Result<T, Problem> {
        let (sender, answer) = sync::channel();
        let _ = self.0.send(Inbox::Look(Box::new(move |node| drop(sender.send(look(node))))));
        answer.recv().map_err(|_| problems::no_answer())
    }
}

impl Awaited {
    /// Waits for the answer.
    pub(crate) fn answer(self) -> Result<Reply, Problem> {
        let reply = self.0.recv().map_err(|_| problems::no_answer())?;
        reply.map_err(|refusal| cwg_app::refused(&refusal))
    }
}

/// Why a table or an output was not held against an edition, in the words of the store.
fn unmatched(editions: &Editions, edition: &VerifiedEdition, error: MatchError<StoreError>) -> StoreError {
    match error {
        MatchError::Source(error) => error,
        MatchError::Edition(_) | MatchError::NotSorted => editions.damage(edition.digest()),
    }
}
