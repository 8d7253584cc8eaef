//! A session without a network: two keys made for the occasion, no roster, no charter (`cwg psi`, `docs/spec/session.md`).
//!
//! The dialer proposes and learns; the listener accepts and is the sender. What the two may compare is the operators'
//! own business; the cryptography, the checks and the seal are those of a session between members.

use std::sync::Arc;

use cwg_crypto::{Digest, Domain, Seed, Signature, SigningKey, digest};

use super::{Lane, Learns, OwnItems, OwnSet, Place, Released, Session, SessionStep, Terms};
use crate::psi::{
    GivenUp, Job, JobId, JobOutput, LabelLen, Loaded, ProtocolId, PsiProtocol, Shard, padded_size, protocol,
};
use crate::violation::Violation;
use crate::wire::limits::{ITEMS_MIN_PADDED, PROTOCOL_VERSION};
use crate::wire::{Accept, Hello, Message, Propose, Seal};
use crate::{Epoch, Item, NetworkId, NodeKey, PilotId, RunId, SessionId};

/// What is to be done next.
#[derive(Debug, Default)]
pub struct PlainStep {
    /// Frame bodies for the peer, in order.
    pub send: Vec<Vec<u8>>,
    /// Jobs with the number under which their output comes back.
    pub jobs: Vec<((Lane, JobId), Job)>,
    /// Shards of a stored set to be loaded, in order, with the name of the session that deals them.
    pub loads: Vec<ShardLoad>,
    /// The end: nothing is sent or expected any more.
    pub released: Option<Released>,
}

/// A shard that a plain side asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLoad {
    /// The session, whose name is the key of [`crate::psi::Splitter`].
    pub session: SessionId,
    /// Who asks.
    pub lane: Lane,
    /// For what.
    pub shard: Shard,
}

/// Why a plain session did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    /// The peer speaks another version.
    #[error("the other side speaks protocol version {got}, this one {PROTOCOL_VERSION}")]
    Version {
        /// Its version.
        got: u16,
    },
    /// The peer wants another protocol, or compares something else.
    #[error("the other side runs another protocol or another version of it")]
    Terms,
    /// A sender's set without the labels that the protocol carries, or another set with some.
    #[error("the sets do not have the labels that this protocol carries")]
    Labels,
    /// One of the sets is larger than the protocol allows.
    #[error("a set of {got} is not one that this protocol takes (at most {limit})")]
    Size {
        /// Its padded size.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// Chance, of less than one session in 2^40: another try will do.
    #[error("{0}; try again")]
    GivenUp(#[from] GivenUp),
    /// The peer broke the protocol.
    #[error("the other side broke the protocol: {0}")]
    Violation(#[from] Violation),
}

/// One side of a plain session.
pub struct Plain {
    place: Place,
    protocol: &'static dyn PsiProtocol,
    /// Whether an acceptor takes what the proposer names.
    takes_any: bool,
    key: SigningKey,
    exporter: [u8; 32],
    items: OwnItems,
    set: OwnSet,
    seed: Seed,
    nonce: [u8; 32],
    stage: Stage,
}

enum Stage {
    AwaitHello,
    AwaitPropose { peer: NodeKey },
    AwaitAccept { peer: NodeKey, propose: Box<Propose> },
    Running(Box<Session>),
    Done,
}

const RUN: RunId = RunId([0; 8]);
const NETWORK: NetworkId = NetworkId([0; 16]);

impl Plain {
    /// A side with its items, strictly ascending. The seed must be fresh.
    pub fn new(
        place: Place,
        protocol: &'static dyn PsiProtocol,
        items: Arc<[Item]>,
        exporter: [u8; 32],
        seed: Seed,
    ) -> Self {
        let salt = *seed.fork("salt", 0).into_secret().expose();
        let set = OwnSet::of(&items, &salt);
        Self::with(place, protocol, OwnItems::Held(items), set, exporter, seed)
    }

    /// A sender with a label of that length for each of its items, for a protocol that carries labels. The seed must be fresh.
    pub fn labelled(
        place: Place,
        protocol: &'static dyn PsiProtocol,
        (own, label_len): (Loaded, LabelLen),
        exporter: [u8; 32],
        seed: Seed,
    ) -> Self {
        let salt = *seed.fork("salt", 0).into_secret().expose();
        let set = OwnSet::of_labelled(&own, label_len, &salt);
        Self::with(place, protocol, OwnItems::Labelled(own), set, exporter, seed)
    }

    /// A side whose items stay with the driver, which has committed to them under a salt of its own. The seed must be
    /// fresh.
    pub fn stored(
        place: Place,
        protocol: &'static dyn PsiProtocol,
        set: OwnSet,
        exporter: [u8; 32],
        seed: Seed,
    ) -> Self {
        Self::with(place, protocol, OwnItems::Stored, set, exporter, seed)
    }

    fn with(
        place: Place,
        protocol: &'static dyn PsiProtocol,
        items: OwnItems,
        set: OwnSet,
        exporter: [u8; 32],
        seed: Seed,
    ) -> Self {
        Self {
            place,
            protocol,
            takes_any: false,
            key: SigningKey::from_secret(&seed.fork("signing", 0).into_secret()),
            exporter,
            set,
            nonce: *seed.fork("nonce", 0).into_secret().expose(),
            items,
            seed,
            stage: Stage::AwaitHello,
        }
    }

    /// An acceptor that takes whatever protocol the proposer names, of those that members may run.
    #[must_use]
    pub fn taking_any(self) -> Self {
        Self { takes_any: true, ..self }
    }

    /// The first step.
    pub fn start(&mut self) -> PlainStep {
        let mut hello = Hello {
            version: PROTOCOL_VERSION,
            network: NETWORK,
            node: NodeKey(self.key.verifying_key()),
            epoch: Epoch(0),
            roster: nothing(),
            ruleset: 0,
            ruleset_digest: rules(),
            clock: 0,
            signature: Signature::from_bytes([0; 64]),
        };
        hello.sign(&self.exporter, self.place == Place::Proposer, &self.key);
        PlainStep { send: vec![Message::Hello(hello).encode()], ..PlainStep::default() }
    }

    /// The step after a frame's body.
    ///
    /// # Errors
    /// If the peer cannot or will not do its part. The exchange is over and nothing was learnt.
    pub fn on_frame(&mut self, body: &[u8]) -> Result<PlainStep, PlainError> {
        let message = Message::decode(body).map_err(|_| Violation::Malformed { what: "frame" })?;
        match (core::mem::replace(&mut self.stage, Stage::Done), message) {
            (Stage::AwaitHello, Message::Hello(hello)) => self.on_hello(&hello),
            (Stage::AwaitPropose { peer }, Message::Propose(propose)) => self.on_propose(peer, propose),
            (Stage::AwaitAccept { peer, propose }, Message::Accept(accept)) => self.on_accept(peer, &propose, &accept),
            (Stage::Running(mut session), Message::Psi(frame)) if frame.session == session.id() => {
                let step = session.on_frame(&self.key, &frame)?;
                self.go_on(session, step)
            }
            (Stage::Running(mut session), Message::Seal(seal)) if seal.session == session.id() => {
                session.on_seal(seal.seal)?;
                self.go_on(session, SessionStep::default())
            }
            _ => Err(Violation::Unexpected { awaiting: "the next message" }.into()),
        }
    }

    /// The step after a job.
    ///
    /// # Errors
    /// If it found a violation.
    pub fn on_computed(&mut self, (lane, job): (Lane, JobId), output: JobOutput) -> Result<PlainStep, PlainError> {
        let Stage::Running(mut session) = core::mem::replace(&mut self.stage, Stage::Done) else {
            return Ok(PlainStep::default());
        };
        let step = session.on_computed(&self.key, lane, job, output)?;
        self.go_on(session, step)
    }

    /// The step after a shard of a stored set.
    ///
    /// # Errors
    /// If this side cannot go on.
    pub fn on_loaded(&mut self, load: ShardLoad, loaded: impl Into<Loaded>) -> Result<PlainStep, PlainError> {
        let Stage::Running(mut session) = core::mem::replace(&mut self.stage, Stage::Done) else {
            return Ok(PlainStep::default());
        };
        let step = session.on_loaded(&self.key, load.lane, load.shard, loaded);
        self.go_on(session, step)
    }

    fn on_hello(&mut self, hello: &Hello) -> Result<PlainStep, PlainError> {
        if hello.version != PROTOCOL_VERSION {
            return Err(PlainError::Version { got: hello.version });
        }
        hello.verify(&self.exporter, self.place == Place::Acceptor)?;
        if hello.ruleset_digest != rules() {
            return Err(PlainError::Terms);
        }
        let peer = hello.node;
        if self.place == Place::Acceptor {
            self.stage = Stage::AwaitPropose { peer };
            return Ok(PlainStep::default());
        }
        let propose = Propose {
            run: RUN,
            attempt: 1,
            epoch: Epoch(0),
            roster: nothing(),
            pilot: PilotId([0; 8]),
            charter: nothing(),
            learns: Learns::Proposer,
            protocol: self.protocol.id(),
            leakage: self.protocol.leakage().digest(),
            ruleset: rules(),
            selection: Vec::new().try_into().expect("none is under the limit"),
            release: None,
            set: self.set,
            nonce: self.nonce,
        };
        self.stage = Stage::AwaitAccept { peer, propose: Box::new(propose.clone()) };
        Ok(PlainStep { send: vec![Message::Propose(propose).encode()], ..PlainStep::default() })
    }

    fn on_propose(&mut self, peer: NodeKey, propose: Propose) -> Result<PlainStep, PlainError> {
        if self.takes_any {
            let named = protocol(propose.protocol).filter(|named| named.for_members());
            self.protocol = named.ok_or(PlainError::Terms)?;
            self.check_size(self.set)?;
        }
        let same = propose.protocol == self.protocol.id()
            && propose.leakage == self.protocol.leakage().digest()
            && propose.ruleset == rules()
            && propose.learns == Learns::Proposer
            && propose.release.is_none();
        if !same {
            return Err(PlainError::Terms);
        }
        self.check_size(propose.set)?;
        let terms = terms(&propose, ProtocolId(self.protocol.id().0), (peer, self.own()), self.set, self.nonce);
        let accept =
            Accept { run: RUN, attempt: 1, set: self.set, nonce: self.nonce, session: terms.session(&self.exporter) };
        let mut step = self.open(terms)?;
        step.send.insert(0, Message::Accept(accept).encode());
        Ok(step)
    }

    fn on_accept(&mut self, peer: NodeKey, propose: &Propose, accept: &Accept) -> Result<PlainStep, PlainError> {
        self.check_size(accept.set)?;
        let terms = terms(propose, self.protocol.id(), (self.own(), peer), accept.set, accept.nonce);
        if terms.session(&self.exporter) != accept.session {
            return Err(PlainError::Terms);
        }
        self.open(terms)
    }

    fn check_size(&self, set: OwnSet) -> Result<(), PlainError> {
        let limit = self.protocol.items_max();
        let on_grid = set.padded >= ITEMS_MIN_PADDED && padded_size(set.padded as usize) == set.padded;
        if on_grid && set.padded <= limit { Ok(()) } else { Err(PlainError::Size { got: set.padded, limit }) }
    }

    fn open(&mut self, terms: Terms) -> Result<PlainStep, PlainError> {
        if !terms.labels_fit(self.protocol) {
            return Err(PlainError::Labels);
        }
        let (items, seed) = (self.items.clone(), self.seed.fork("session", 0));
        let mut session = Session::open(terms, &self.exporter, self.place, self.protocol, items, &seed);
        let step = session.start(&self.key);
        self.go_on(Box::new(session), step)
    }

    fn go_on(&mut self, session: Box<Session>, step: SessionStep) -> Result<PlainStep, PlainError> {
        if let Some(given_up) = step.given_up {
            return Err(given_up.into());
        }
        let id = session.id();
        let mut send: Vec<Vec<u8>> = step.send.into_iter().map(|frame| Message::Psi(frame).encode()).collect();
        send.extend(step.seal.map(|seal| Message::Seal(Seal { session: id, seal }).encode()));
        let jobs = step.jobs.into_iter().map(|(lane, id, job)| ((lane, id), job)).collect();
        let loads = step.loads.into_iter().map(|(lane, shard)| ShardLoad { session: id, lane, shard }).collect();
        let mut released = None;
        if session.is_complete() {
            released = Some(session.release()?);
        } else {
            self.stage = Stage::Running(session);
        }
        Ok(PlainStep { send, jobs, loads, released })
    }

    fn own(&self) -> NodeKey {
        NodeKey(self.key.verifying_key())
    }
}

fn terms(
    propose: &Propose,
    protocol: ProtocolId,
    (proposer, acceptor): (NodeKey, NodeKey),
    acceptor_set: OwnSet,
    acceptor_nonce: [u8; 32],
) -> Terms {
    Terms {
        network: NETWORK,
        epoch: Epoch(0),
        roster: nothing(),
        pilot: PilotId([0; 8]),
        charter: nothing(),
        run: RUN,
        attempt: 1,
        proposer,
        acceptor,
        learns: Learns::Proposer,
        protocol,
        leakage: propose.leakage,
        ruleset: rules(),
        selection: propose.selection.clone(),
        release: propose.release,
        proposer_set: propose.set,
        acceptor_set,
        proposer_nonce: propose.nonce,
        acceptor_nonce,
    }
}

fn nothing() -> Digest {
    Digest::from_bytes([0; 32])
}

/// Stands where a ruleset would: lines, compared byte for byte.
fn rules() -> Digest {
    digest(Domain::PlainRules, &[])
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::psi::PROTOCOLS;
    use crate::session::Matches;

    fn items(numbers: core::ops::Range<u32>) -> Arc<[Item]> {
        let mut items: Vec<Item> = numbers.map(|n| Item::of_line(&n.to_le_bytes())).collect();
        items.sort_unstable();
        items.into()
    }

    fn run(sides: [Plain; 2]) -> Result<[Released; 2], PlainError> {
        run_over(sides, [items(0..0), items(0..0)])
    }

    /// Runs two sides; those whose sets are stored get them from `stored`, whole.
    fn run_over(mut sides: [Plain; 2], stored: [Arc<[Item]>; 2]) -> Result<[Released; 2], PlainError> {
        let mut ends = [None, None];
        let mut queue = VecDeque::new();
        for (number, side) in sides.iter_mut().enumerate() {
            let step = side.start();
            queue.extend(step.send.into_iter().map(|body| (1 - number, body)));
        }
        while let Some((to, body)) = queue.pop_front() {
            let mut steps = VecDeque::from([sides[to].on_frame(&body)?]);
            while let Some(step) = steps.pop_front() {
                queue.extend(step.send.into_iter().map(|body| (1 - to, body)));
                for load in step.loads {
                    assert_eq!(load.shard, Shard::WHOLE, "the first protocol sees sets whole");
                    steps.push_back(sides[to].on_loaded(load, Arc::clone(&stored[to]))?);
                }
                for (place, job) in step.jobs {
                    steps.push_back(sides[to].on_computed(place, job.run())?);
                }
                if step.released.is_some() {
                    ends[to] = step.released;
                }
            }
        }
        Ok(ends.map(|end| end.expect("both sides come to their end")))
    }

    fn side(place: Place, items: Arc<[Item]>, exporter: u8) -> Plain {
        let seed = Seed::new([if place == Place::Proposer { 1 } else { 2 }; 32]);
        Plain::new(place, PROTOCOLS[0], items, [exporter; 32], seed)
    }

    #[test]
    fn the_dialer_learns_what_both_hold_and_the_listener_nothing() {
        let (proposer, acceptor) = (items(0..50), items(30..90));
        let [first, second] =
            run([side(Place::Proposer, proposer, 7), side(Place::Acceptor, acceptor, 7)]).expect("honest sides");
        assert!(first.matches == Some(Matches::Items(items(30..50).to_vec())));
        assert_eq!(second.matches, None);
        assert_eq!(first.receipt, second.receipt);
    }

    #[test]
    fn a_stored_set_gives_places_and_the_terms_of_a_held_one() {
        let (proposer, acceptor) = (items(0..50), items(30..90));
        let stored = |place, items: &[Item], seed| {
            let set = OwnSet::of(items, &[3; 32]);
            Plain::stored(place, PROTOCOLS[0], set, [7; 32], Seed::new([seed; 32]))
        };
        let sides = [stored(Place::Proposer, &proposer, 1), stored(Place::Acceptor, &acceptor, 2)];
        let [first, _] = run_over(sides, [Arc::clone(&proposer), acceptor]).expect("honest sides");
        let Some(Matches::Places { bits: 0, places }) = first.matches else { panic!("the dialer learns places") };
        let matched: Vec<Item> = places.iter().map(|place| proposer[*place as usize]).collect();
        assert_eq!(matched, items(30..50).to_vec());
        assert_eq!(first.receipt.terms.proposer_set, OwnSet::of(&proposer, &[3; 32]));
    }

    fn labelled() -> (&'static dyn PsiProtocol, Loaded, LabelLen) {
        let protocol = PROTOCOLS.iter().find(|known| known.carries_labels()).expect("there is one");
        let items = items(30..90);
        let labels: Vec<u8> = items.iter().flat_map(|item| item.0[..16].iter().rev().copied()).collect();
        (*protocol, Loaded { items, labels: labels.into() }, LabelLen::new(16).expect("a length"))
    }

    #[test]
    fn the_dialer_learns_the_listeners_labels_of_what_both_hold() {
        let (protocol, own, label_len) = labelled();
        let dialer = Plain::new(Place::Proposer, protocol, items(0..50), [7; 32], Seed::new([1; 32]));
        let listener = Plain::labelled(Place::Acceptor, protocol, (own, label_len), [7; 32], Seed::new([2; 32]));
        let [first, second] = run([dialer, listener]).expect("honest sides");
        let Some(Matches::Items(matched)) = first.matches else { panic!("the dialer learns items") };
        assert_eq!(matched, items(30..50).to_vec());
        let expected = matched.iter().map(|item| item.0[..16].iter().rev().copied().collect::<Vec<u8>>());
        assert!(first.labels.expect("and their labels").iter().map(<[u8]>::to_vec).eq(expected));
        assert_eq!(second.labels, None);
    }

    #[test]
    fn labels_where_the_protocol_has_none_and_none_where_it_has_are_refused() {
        let (protocol, own, label_len) = labelled();
        let dialer = |protocol| Plain::new(Place::Proposer, protocol, items(0..50), [7; 32], Seed::new([1; 32]));
        let bare = Plain::new(Place::Acceptor, protocol, Arc::clone(&own.items), [7; 32], Seed::new([2; 32]));
        assert_eq!(run([dialer(protocol), bare]).unwrap_err(), PlainError::Labels);
        let other = PROTOCOLS[1];
        let listener = Plain::labelled(Place::Acceptor, other, (own, label_len), [7; 32], Seed::new([2; 32]));
        assert_eq!(run([dialer(other), listener]).unwrap_err(), PlainError::Labels);
    }

    #[test]
    fn a_channel_with_someone_in_the_middle_is_refused() {
        let sides = [side(Place::Proposer, items(0..20), 7), side(Place::Acceptor, items(0..20), 8)];
        assert_eq!(run(sides).unwrap_err(), PlainError::Violation(Violation::BadHello));
    }
}
