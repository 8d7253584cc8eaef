//! What is written to a room is read by the item's holders, by each once, on the page of the interval in which it left, and by nobody else;
//! nothing is read that nobody wrote. All members and the hub have the same pages. Once there are no more faults, nothing is lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_engine::record::{Entry, Record};
use cwg_engine::state::State;
use cwg_protocol::lighthouse::Day;
use cwg_protocol::round::room::{Content, RoomPage};
use cwg_protocol::{Item, RunId};

use crate::world::{HUB, SEC, World};

/// After the faults, everyone is connected again in this time.
const RECONNECTED_US: u64 = 600 * SEC;

/// A post by its number, which no two share.
type Number = Day;

/// What each member with a room of an item reads there, with the interval of its page.
type Rooms = BTreeMap<(RunId, Item), BTreeMap<Number, u16>>;
type Readers = Vec<(usize, BTreeMap<Number, u16>)>;

/// Where a post was written, and in which interval it left.
struct Written {
    writer: usize,
    round: RunId,
    item: Item,
    left: Option<u16>,
}

pub(super) fn check(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let written: BTreeMap<Number, Written> = (0..world.nodes.len()).flat_map(|node| written(world, node)).collect();
    let mut pages: BTreeMap<(RunId, u16), (usize, &RoomPage)> = BTreeMap::new();
    let mut readers: BTreeMap<(RunId, Item), Readers> = BTreeMap::new();
    for node in 0..world.nodes.len() {
        let records = world.nodes[node].disk.records();
        for record in records {
            let Entry::RoomPageShown { round, page, .. } = &record.entry else { continue };
            let (other, first) = *pages.entry((*round, page.interval)).or_insert((node, page));
            if *first != **page {
                wrong.push(format!("nodes {other} and {node} have different pages of interval {}", page.interval));
            }
        }
        for (room, read) in read(node, records, &mut wrong) {
            readers.entry(room).or_default().push((node, read));
        }
    }
    for ((round, item), readers) in &readers {
        for (reader, read) in readers {
            for (number, interval) in read {
                let as_written = written
                    .get(number)
                    .is_some_and(|post| (post.round, post.item, post.left) == (*round, *item, Some(*interval)));
                if !as_written {
                    wrong.push(format!("node {reader} reads a post of interval {interval} that nobody wrote so"));
                }
            }
        }
    }
    for (number, post) in &written {
        let rooms = readers.get(&(post.round, post.item));
        wrong.extend(rooms.and_then(|readers| lost(world, *number, post, readers)));
    }
    wrong
}

/// What a member wrote, as its records have it.
fn written(world: &World, writer: usize) -> Vec<(Number, Written)> {
    let mut all = Vec::new();
    let mut waiting: BTreeMap<RunId, VecDeque<usize>> = BTreeMap::new();
    for record in world.nodes[writer].disk.records() {
        match &record.entry {
            Entry::RoomDrafted { round, item, draft } => {
                let Content::Sighting { first, .. } = draft.content else { continue };
                waiting.entry(*round).or_default().push_back(all.len());
                all.push((first, Written { writer, round: *round, item: *item, left: None }));
            }
            Entry::RoomUploaded { round, drafts, posts, .. } => {
                let waiting = waiting.entry(*round).or_default();
                let leaving = waiting.drain(..usize::from(*drafts).min(waiting.len()));
                leaving.for_each(|at| all[at].1.left = Some(posts.interval));
            }
            _ => {}
        }
    }
    all
}

/// What a member reads, room by room, as if its rooms had not closed.
fn read(node: usize, records: &[Record], wrong: &mut Vec<String>) -> Rooms {
    let mut rooms = Rooms::new();
    if !records.iter().any(|record| matches!(record.entry, Entry::RoundResult { .. })) {
        return rooms;
    }
    let kept = records.iter().filter(|record| !matches!(record.entry, Entry::RoomsClosed { .. })).cloned();
    let state = match State::replay(kept) {
        Ok(state) => state,
        Err(misfit) => {
            wrong.push(format!("node {node}: {misfit}"));
            return rooms;
        }
    };
    for (round, known) in state.rounds().rounds() {
        rooms.extend(known.rooms().map(|item| ((*round, item), BTreeMap::new())));
        for (item, interval, post) in known.posts() {
            let Ok(Content::Sighting { first, .. }) = post.map(|post| post.draft.content) else {
                wrong.push(format!("node {node} reads a bad post"));
                continue;
            };
            if rooms.entry((*round, item)).or_default().insert(first, interval).is_some() {
                wrong.push(format!("node {node} reads a post twice"));
            }
        }
    }
    rooms
}

/// A post that not all holders read, although one does or there were no faults.
fn lost(world: &World, number: Number, post: &Written, readers: &[(usize, BTreeMap<Number, u16>)]) -> Option<String> {
    let has_page = |node: usize, interval: u16| {
        world.nodes[node].disk.records().iter().any(|record| {
            matches!(&record.entry, Entry::RoomPageShown { round, page, .. } if *round == post.round && page.interval == interval)
        })
    };
    let interval = post.left?;
    let missing: BTreeSet<usize> =
        readers.iter().filter(|(_, read)| !read.contains_key(&number)).map(|(node, _)| *node).collect();
    let is_read = missing.len() < readers.len();
    let missed: Vec<usize> = missing.iter().copied().filter(|node| has_page(*node, interval)).collect();
    if is_read && !missed.is_empty() {
        return Some(format!("nodes {missed:?} do not read what others do on one page"));
    }
    let calm_us = world.scenario.faults_secs * SEC + RECONNECTED_US;
    let left_us = world.seen.left.get(&(post.writer, post.round, interval))?;
    let honest = world.nodes.iter().all(|node| node.hostile.is_none()) && world.scenario.revocations == 0;
    let calm = *left_us > calm_us && honest && world.nodes[HUB].life > 0;
    (calm && !missing.is_empty()).then(|| {
        format!("node {} wrote in interval {interval}, without faults, what nodes {missing:?} do not read", post.writer)
    })
}
