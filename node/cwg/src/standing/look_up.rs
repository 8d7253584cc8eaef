//! One value: an evaluation by the hub, then a look in the editions that are here.

use cwg_app::standing::LookUpWork;
use cwg_app::{Problem, View};
use cwg_engine::command::{Command, EvaluationBatch, Reply};
use cwg_protocol::lighthouse::standing::{OwnOutput, Said, VerifiedEdition};
use cwg_store::{Editions, StoreError};

use super::{Desk, unmatched};
use crate::node::{Answer, Node};
use crate::problems;

/// Looks a value up, off the loop.
pub(crate) fn look_up(node: &Node, work: LookUpWork, answer: Answer) {
    let (desk, editions) = (Desk::of(node), node.store.editions());
    tokio::task::spawn_blocking(move || answer(run(&desk, &editions, work)));
}

fn run(desk: &Desk, editions: &Editions, work: LookUpWork) -> Result<View, Problem> {
    let batch = EvaluationBatch { pilot: work.pilot, period: work.period, items: work.items.clone() };
    let Reply::Evaluated(outputs) = desk.ask(Command::Evaluate(batch)).answer()? else {
        return Err(problems::no_answer());
    };
    let (mut labels, mut spoilt) = (Vec::new(), 0);
    for output in &outputs {
        let found = label_of(editions, &work.editions, output, &mut spoilt);
        labels.extend(found.map_err(|error| problems::store(&error))?);
    }
    desk.look(move |node| work.done(node.engine.state(), &labels, spoilt))?
}

/// What the latest edition that says anything of an output says. One that cannot be read says nothing.
fn label_of(
    editions: &Editions,
    chain: &[VerifiedEdition],
    output: &OwnOutput,
    spoilt: &mut u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    for edition in chain.iter().rev() {
        let content = editions.content(edition)?;
        let said = content.look_up(output, |chunk| editions.chunk(edition, chunk));
        match said.map_err(|error| unmatched(editions, edition, error))? {
            Some(Said::Label(label)) => return Ok(Some(label.to_vec())),
            Some(Said::Withdrawn) => return Ok(None),
            Some(Said::Spoilt) => *spoilt += 1,
            None => {}
        }
    }
    Ok(None)
}
