//! The hub makes editions of its current release: what changed since the edition before where the chain goes on, else all of it.

use std::sync::Arc;

use cwg_app::{Exit, Problem, View};
use cwg_engine::KeyPeriod;
use cwg_engine::command::Command;
use cwg_engine::record::ContentId;
use cwg_engine::state::State;
use cwg_protocol::lighthouse::VerifiedRelease;
use cwg_protocol::lighthouse::limits::DELTA_SIZES;
use cwg_protocol::lighthouse::standing::{Chain, EditionPlan, Entries, PeriodKey, PlanError, UnsignedEdition};
use cwg_store::{Editions, Releases, StoreError};
use rayon::prelude::*;

use super::Desk;
use crate::node::{Answer, Node};
use crate::{entropy, problems};

/// What an edition is made of.
struct Wanted {
    key: Arc<PeriodKey>,
    chain: Chain,
    /// Content of the release that the chain's last edition publishes, if it is still here.
    before: Option<ContentId>,
}

/// Publishes the current release in every open period that does not have it.
pub(crate) fn publish(node: &Node, answer: Answer) {
    let (release, content, wanted) = match wanted(node) {
        Ok(wanted) => wanted,
        Err(problem) => return answer(Err(problem)),
    };
    let (desk, releases, editions) = (Desk::of(node), node.store.releases(), node.store.editions());
    std::thread::spawn(move || answer(publish_all(&desk, &releases, &editions, &release, content, &wanted)));
}

fn wanted(node: &Node) -> Result<(VerifiedRelease, ContentId, Vec<Wanted>), Problem> {
    let state = node.engine.state();
    let refused = |refusal| cwg_app::refused(&refusal);
    let network = state.network().ok_or_else(|| refused(cwg_engine::command::Refusal::NotJoined))?;
    let current = state.lighthouse().current().ok_or_else(cwg_app::hub::no_release)?;
    let content = current.content.ok_or_else(cwg_app::hub::no_release)?;
    let release = current
        .usable(network.id, network.hub, crate::node::wall())
        .map_err(|error| refused(cwg_engine::command::Refusal::Release(error)))?;
    let periods = state.standing().periods().values();
    let wanted = periods.filter_map(|period| wanted_in(state, period, release.seen().number.0)).collect();
    Ok((release, content, wanted))
}

fn wanted_in(state: &State, period: &KeyPeriod, release: u32) -> Option<Wanted> {
    let last = period.editions().last().map(|edition| edition.verified.body().release);
    if last.is_some_and(|last| last.0 == release) {
        return None;
    }
    let before = last.and_then(|last| state.lighthouse().releases().get(&last)?.content);
    Some(Wanted { key: Arc::clone(period.key()?), chain: *period.chain(), before })
}

fn publish_all(
    desk: &Desk,
    releases: &Releases,
    editions: &Editions,
    release: &VerifiedRelease,
    content: ContentId,
    wanted: &[Wanted],
) -> Result<View, Problem> {
    let store = |error: StoreError| problems::store(&error);
    let shown = |notes| desk.look(move |node| cwg_app::standing::shown(node.engine.state(), notes));
    if wanted.is_empty() {
        return shown(vec!["Every open period has the current release".to_owned()]);
    }
    let now = entries(releases, content).map_err(store)?;
    let mut notes = Vec::new();
    for wanted in wanted {
        let before = wanted.before.and_then(|before| entries(releases, before).ok());
        let (body, rows) = build(wanted, release, &now, before.as_ref())?.into_parts();
        let digest = body.digest();
        // The file first: what is published can be fetched.
        editions.create(digest, &rows).map_err(store)?;
        let (period, len) = (body.period, body.rows);
        if let Err(problem) = desk.ask(Command::PublishEdition(Box::new(body))).answer() {
            editions.remove(digest).map_err(store)?;
            return Err(problem);
        }
        notes.push(format!("Published in period {}: {len} rows", period.0));
    }
    shown(notes)
}

fn entries(releases: &Releases, content: ContentId) -> Result<Entries, StoreError> {
    let reader = releases.entries(content)?;
    let (mut items, mut labels) = (Vec::new(), Vec::new());
    reader.visit(|item, label| {
        items.push(item);
        labels.extend_from_slice(label);
        Ok(())
    })?;
    Entries::new(reader.class(), items, labels).map_err(|_| StoreError::BadEntries)
}

fn build(
    wanted: &Wanted,
    release: &VerifiedRelease,
    now: &Entries,
    before: Option<&Entries>,
) -> Result<UnsignedEdition, Problem> {
    let key = &wanted.key;
    // Where a delta does not fit, has no chain, or would have labels of another size, a snapshot begins anew.
    if let Some(changed) = before.and_then(|before| now.since(before).ok()) {
        match EditionPlan::delta(key, release, &wanted.chain, &changed, &entropy::seed()?) {
            Ok(plan) => return sealed(plan, key, &changed),
            Err(PlanError::TooMany { .. } | PlanError::NoChain | PlanError::WrongClass) => {}
            Err(error) => return Err(problem(&error)),
        }
    }
    let daily = daily(now.len());
    let plan = EditionPlan::snapshot(key, release, now, daily, &entropy::seed()?).map_err(|error| problem(&error))?;
    sealed(plan, key, now)
}

fn sealed(plan: EditionPlan, key: &PeriodKey, entries: &Entries) -> Result<UnsignedEdition, Problem> {
    let batches: Vec<_> = entries.batches(SEALED_TOGETHER).collect();
    let rows: Result<Vec<Vec<u8>>, PlanError> =
        batches.into_par_iter().map(|(items, labels)| plan.seal(key, items, labels)).collect();
    rows.and_then(|rows| plan.finish(rows.concat())).map_err(|error| problem(&error))
}

/// Rows of every delta of a chain that begins with so many entries: a thirty-second of them, and at least the smallest size.
fn daily(entries: usize) -> u32 {
    let wanted = u32::try_from(entries / 32).unwrap_or(u32::MAX);
    DELTA_SIZES.into_iter().find(|size| *size >= wanted).unwrap_or(DELTA_SIZES[DELTA_SIZES.len() - 1])
}

fn problem(error: &PlanError) -> Problem {
    let hint = match error {
        PlanError::TagsCollide => "open a new period, and publish there",
        _ => problems::REPORT,
    };
    Problem::new(Exit::Refused, "edition-not-built", error.to_string(), hint)
}

/// Items of one batch: what one core seals at a time.
const SEALED_TOGETHER: usize = 1024;
