//! Two sessions in one process, frame by frame.

use std::collections::VecDeque;
use std::sync::Arc;

use cwg_crypto::{Digest, Seed, SigningKey};
use cwg_protocol::psi::PsiProtocol;
use cwg_protocol::session::{Learns, OwnSet, Place, Released, Session, SessionStep, Terms};
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
        proposer_set: OwnSet::of(proposer, &[7; 32]),
        acceptor_set: OwnSet::of(acceptor, &[8; 32]),
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

/// Runs two sessions against each other. `tamper` sees each frame with its number and may change it.
pub(crate) fn run(
    protocol: &dyn PsiProtocol,
    learns: Learns,
    proposer: &[Item],
    acceptor: &[Item],
    mut tamper: impl FnMut(usize, &mut PsiFrame),
) -> Ends {
    let terms = terms(protocol, learns, proposer, acceptor);
    let open = |place, items: &[Item], seed| {
        Session::open(terms.clone(), &EXPORTER, place, protocol, Arc::from(items), &Seed::new([seed; 32]))
    };
    let mut sides = [(key(1), open(Place::Proposer, proposer, 21)), (key(2), open(Place::Acceptor, acceptor, 22))];
    let mut frames = Vec::new();
    let mut queue: VecDeque<(usize, PsiFrame)> = VecDeque::new();
    let mut seals = Vec::new();
    for side in 0..2 {
        let (key, session) = &mut sides[side];
        let step = session.start(key);
        if let Err(violation) = carry_out(side, &mut sides, step, &mut queue, &mut seals) {
            return broken(violation, frames);
        }
    }
    while let Some((to, mut frame)) = queue.pop_front() {
        tamper(frames.len(), &mut frame);
        frames.push((if to == 1 { Place::Proposer } else { Place::Acceptor }, frame.clone()));
        let (key, session) = &mut sides[to];
        let carried =
            session.on_frame(key, &frame).and_then(|step| carry_out(to, &mut sides, step, &mut queue, &mut seals));
        if let Err(violation) = carried {
            return broken(violation, frames);
        }
    }
    for (from, seal) in seals {
        sides[1 - from].1.on_seal(seal).unwrap();
    }
    let [(_, first), (_, second)] = sides;
    let end = |session: Session| {
        if session.is_complete() { session.release() } else { Err(Violation::Unexpected { awaiting: "more" }) }
    };
    Ends { proposer: end(first), acceptor: end(second), frames }
}

fn carry_out(
    side: usize,
    sides: &mut [(SigningKey, Session); 2],
    step: SessionStep,
    queue: &mut VecDeque<(usize, PsiFrame)>,
    seals: &mut Vec<(usize, cwg_protocol::session::Seal)>,
) -> Result<(), Violation> {
    let mut steps = VecDeque::from([step]);
    while let Some(step) = steps.pop_front() {
        queue.extend(step.send.into_iter().map(|frame| (1 - side, frame)));
        seals.extend(step.seal.map(|seal| (side, seal)));
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
