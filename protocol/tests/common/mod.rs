//! Two sessions in one process, frame by frame.

use std::collections::VecDeque;
use std::sync::Arc;

use cwg_crypto::{Digest, Seed, SigningKey};
use cwg_protocol::psi::{LabelLen, Loaded, PsiProtocol, PsiRole, Shard, Splitter};
use cwg_protocol::session::{Lane, Learns, OwnItems, OwnSet, Place, Released, Session, SessionStep, Terms};
use cwg_protocol::wire::PsiFrame;
use cwg_protocol::{Epoch, Item, NetworkId, NodeKey, PilotId, RunId, Violation};

pub(crate) const EXPORTER: [u8; 32] = [9; 32];

/// Items with these numbers, ascending as a set must be.
pub(crate) fn items(numbers: impl IntoIterator<Item = u64>) -> Vec<Item> {
    let mut items: Vec<Item> = numbers.into_iter().map(|n| Item::of_line(&n.to_le_bytes())).collect();
    items.sort_unstable();
    items.dedup();
    items
}

pub(crate) fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Seed::new([byte; 32]).into_secret())
}

/// Of every label.
pub(crate) fn label_len() -> LabelLen {
    LabelLen::new(32).unwrap()
}

/// What a sender says of items, one after the other.
pub(crate) fn labels_of(items: &[Item]) -> Vec<u8> {
    items.iter().flat_map(|item| item.0.into_iter().rev()).collect()
}

/// Whether a side brings labels.
fn is_labelled(protocol: &dyn PsiProtocol, learns: Learns, place: Place) -> bool {
    protocol.carries_labels() && learns.lanes().iter().any(|lane| lane.role(place) == PsiRole::Sender)
}

/// A set as a side brings it, with labels where it sends them.
fn brought(protocol: &dyn PsiProtocol, learns: Learns, place: Place, items: &[Item]) -> Loaded {
    let labels = if is_labelled(protocol, learns, place) { labels_of(items) } else { Vec::new() };
    Loaded { items: items.into(), labels: labels.into() }
}

fn own_set(protocol: &dyn PsiProtocol, learns: Learns, place: Place, items: &[Item], salt: u8) -> OwnSet {
    if is_labelled(protocol, learns, place) {
        OwnSet::of_labelled(&brought(protocol, learns, place, items), label_len(), &[salt; 32])
    } else {
        OwnSet::of(items, &[salt; 32])
    }
}

pub(crate) fn terms(protocol: &dyn PsiProtocol, learns: Learns, proposer: &[Item], acceptor: &[Item]) -> Terms {
    Terms {
        network: NetworkId([1; 16]),
        epoch: Epoch(3),
        roster: Digest::from_bytes([2; 32]),
        pilot: PilotId([3; 8]),
        charter: Digest::from_bytes([4; 32]),
        run: RunId([5; 8]),
        attempt: 1,
        proposer: NodeKey(key(1).verifying_key()),
        acceptor: NodeKey(key(2).verifying_key()),
        learns,
        protocol: protocol.id(),
        leakage: protocol.leakage().digest(),
        ruleset: Digest::from_bytes([6; 32]),
        selection: Vec::new().try_into().unwrap(),
        release: None,
        proposer_set: own_set(protocol, learns, Place::Proposer, proposer, 7),
        acceptor_set: own_set(protocol, learns, Place::Acceptor, acceptor, 8),
        proposer_nonce: [10; 32],
        acceptor_nonce: [11; 32],
    }
}

/// What each side has at the end.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) proposer: Result<Released, Violation>,
    pub(crate) acceptor: Result<Released, Violation>,
    /// Every frame, with who sent it.
    pub(crate) frames: Vec<(Place, PsiFrame)>,
}

/// What one side asked to be done and is not done yet, with the side.
#[derive(Default)]
struct Asked {
    frames: VecDeque<(usize, PsiFrame)>,
    loads: VecDeque<(usize, Lane, Shard)>,
    seals: Vec<(usize, cwg_protocol::session::Seal)>,
}

/// Runs two sessions against each other. `tamper` sees each frame with its number and may change it.
pub(crate) fn run(
    protocol: &dyn PsiProtocol,
    learns: Learns,
    proposer: &[Item],
    acceptor: &[Item],
    tamper: impl FnMut(usize, &mut PsiFrame),
) -> Ends {
    let own = |place, items: &[Item]| match is_labelled(protocol, learns, place) {
        true => OwnItems::Labelled(brought(protocol, learns, place, items)),
        false => OwnItems::Held(Arc::from(items)),
    };
    let both = [own(Place::Proposer, proposer), own(Place::Acceptor, acceptor)];
    run_over(protocol, learns, [proposer, acceptor], both, tamper)
}

/// [`run`], with sets that are held or stay with the driver: it is slow, and brings a shard only when no frame is left.
pub(crate) fn run_over(
    protocol: &dyn PsiProtocol,
    learns: Learns,
    sets: [&[Item]; 2],
    own: [OwnItems; 2],
    mut tamper: impl FnMut(usize, &mut PsiFrame),
) -> Ends {
    let terms = terms(protocol, learns, sets[0], sets[1]);
    let open = |place, own: &OwnItems, seed| {
        Session::open(terms.clone(), &EXPORTER, place, protocol, own.clone(), &Seed::new([seed; 32]))
    };
    let mut sides = [(key(1), open(Place::Proposer, &own[0], 21)), (key(2), open(Place::Acceptor, &own[1], 22))];
    let (mut frames, mut asked) = (Vec::new(), Asked::default());
    for side in 0..2 {
        let (key, session) = &mut sides[side];
        let step = session.start(key);
        if let Err(violation) = carry_out(side, &mut sides, step, &mut asked) {
            return broken(violation, frames);
        }
    }
    loop {
        let (side, step) = if let Some((to, mut frame)) = asked.frames.pop_front() {
            tamper(frames.len(), &mut frame);
            frames.push((if to == 1 { Place::Proposer } else { Place::Acceptor }, frame.clone()));
            let (key, session) = &mut sides[to];
            (to, session.on_frame(key, &frame))
        } else if let Some((side, lane, shard)) = asked.loads.pop_front() {
            let (key, session) = &mut sides[side];
            let items = dealt(session.id().0, sets[side], shard);
            let place = if side == 0 { Place::Proposer } else { Place::Acceptor };
            (side, Ok(session.on_loaded(key, lane, shard, brought(protocol, learns, place, &items))))
        } else {
            break;
        };
        if let Err(violation) = step.and_then(|step| carry_out(side, &mut sides, step, &mut asked)) {
            return broken(violation, frames);
        }
    }
    let seals = asked.seals;
    for (from, seal) in seals {
        sides[1 - from].1.on_seal(seal).unwrap();
    }
    let [(_, first), (_, second)] = sides;
    let end = |session: Session| {
        if session.is_complete() { session.release() } else { Err(Violation::Unexpected { awaiting: "more" }) }
    };
    Ends { proposer: end(first), acceptor: end(second), frames }
}

/// The items of a shard, as a driver deals them.
pub(crate) fn dealt(session: [u8; 32], items: &[Item], shard: Shard) -> Vec<Item> {
    let mut shards = vec![0; items.len()];
    Splitter::new(&session).split(items, shard.bits, &mut shards);
    items.iter().zip(shards).filter(|(_, of)| *of == shard.index).map(|(item, _)| *item).collect()
}

fn carry_out(
    side: usize,
    sides: &mut [(SigningKey, Session); 2],
    step: SessionStep,
    asked: &mut Asked,
) -> Result<(), Violation> {
    let mut steps = VecDeque::from([step]);
    while let Some(step) = steps.pop_front() {
        asked.frames.extend(step.send.into_iter().map(|frame| (1 - side, frame)));
        asked.loads.extend(step.loads.into_iter().map(|(lane, shard)| (side, lane, shard)));
        asked.seals.extend(step.seal.map(|seal| (side, seal)));
        for (lane, job, work) in step.jobs {
            let (key, session) = &mut sides[side];
            steps.push_back(session.on_computed(key, lane, job, work.run())?);
        }
    }
    Ok(())
}

fn broken(violation: Violation, frames: Vec<(Place, PsiFrame)>) -> Ends {
    Ends { proposer: Err(violation), acceptor: Err(violation), frames }
}
