//! A whole turn in one thread: members, relay, hub, a queue of messages between them, and a clock that moves when nothing
//! else does.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use cwg_crypto::{Digest, Domain, Secret32, Seed, derive_public};
use rand_core::Rng as _;
use serde::Serialize;

use super::*;
use crate::psi::{Job, JobId};
use crate::round::sample::{self, issuer, node, opening_key, seed, signing};
use crate::round::{SharedTerms, Turn};
use crate::violation::Violation;
use crate::wire::encode;
use crate::{NodeKey, UnixTime};

/// Who sends or gets a message. The relay is a member too; here it is named by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::round) enum Who {
    Hub,
    Relay,
    Member(u8),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(in crate::round) enum Sent {
    Ask(TicketAsk),
    Given(TicketGiven),
    Upload(Upload),
    ToHub(ToHub),
    ToRelay(ToRelay),
    Passed(Passed),
    Slots(Slots),
    Answer(Answer),
}

/// What whoever watches a link sees of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::round) struct Seen {
    pub(in crate::round) at: UnixTime,
    pub(in crate::round) from: Who,
    pub(in crate::round) to: Who,
    pub(in crate::round) kind: &'static str,
    pub(in crate::round) len: usize,
    /// Of its bytes.
    pub(in crate::round) digest: Digest,
}

/// What a member does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::round) enum Manner {
    Honest,
    /// Is not there.
    Absent,
    /// Sends its ticket after the time for it.
    LateTicket,
    /// Falls silent before it sends this rank.
    SilentFrom(u32),
    /// Sends something else than what it sealed as this rank.
    Spoils(u32),
    /// Sends this rank twice, the second time with other bytes.
    SendsTwice(u32),
    /// Shows the ticket of the first member.
    StealsTicket,
}

/// What may be changed on the way: nothing, one message instead, or none.
pub(in crate::round) type Bend<'a> = dyn Fn(Who, Who, Sent) -> Option<Sent> + 'a;

pub(in crate::round) struct World<'a> {
    pub(in crate::round) terms: SharedTerms,
    /// The values of each member's items.
    pub(in crate::round) values: Vec<Vec<[u8; 32]>>,
    pub(in crate::round) manners: BTreeMap<u8, Manner>,
    /// The relay of this turn stops when it has sent so many messages.
    pub(in crate::round) relay_dies_after: Option<usize>,
    pub(in crate::round) bend: Option<&'a Bend<'a>>,
    /// Jobs end in an order drawn from this seed, among messages; at once if there is none.
    pub(in crate::round) order: Option<u8>,
    /// Seconds that the slots take from the hub to the relay.
    pub(in crate::round) slots_take_secs: u64,
    /// Two members who have exchanged their randomness.
    pub(in crate::round) exchanged: Option<(u8, u8)>,
}

/// How a turn went.
pub(in crate::round) struct Went {
    pub(in crate::round) collected: Option<Collected>,
    /// Places of what each member found, if it came to its end.
    pub(in crate::round) found: BTreeMap<u8, Vec<usize>>,
    pub(in crate::round) rooms: BTreeMap<u8, Vec<[u8; 32]>>,
    pub(in crate::round) seen: Vec<Seen>,
    /// All bytes that the hub got, by channel: for what must not be in them.
    pub(in crate::round) to_hub: Vec<Carried>,
    /// Ranks and channels of all that went back, in order.
    pub(in crate::round) returned: Vec<(u32, Channel)>,
    pub(in crate::round) violations: Vec<(Who, Violation)>,
    pub(in crate::round) now: UnixTime,
}

impl Sent {
    /// Its kind and its bytes.
    pub(in crate::round) fn kind(&self) -> (&'static str, Vec<u8>) {
        fn bytes(value: &impl Serialize) -> Vec<u8> {
            encode(value)
        }
        match self {
            Self::Ask(message) => ("ask", bytes(message)),
            Self::Given(message) => ("given", bytes(message)),
            Self::Upload(message) => ("upload", bytes(message)),
            Self::ToHub(ToHub::Channels(message)) => ("channels", bytes(message)),
            Self::ToHub(ToHub::Carried(message)) => ("carried", bytes(message)),
            Self::ToHub(ToHub::Dropped(message)) => ("dropped", bytes(message)),
            Self::ToRelay(ToRelay::Returned(message)) => ("returned", bytes(message)),
            Self::ToRelay(ToRelay::Taken(message)) => ("taken", bytes(message)),
            Self::ToRelay(ToRelay::Slots(message)) => ("slots", bytes(message)),
            Self::Slots(message) => ("slots", bytes(message)),
            Self::Passed(message) => ("passed", bytes(message)),
            Self::Answer(message) => ("answer", bytes(message)),
        }
    }
}

pub(in crate::round) fn key_of(number: u8) -> NodeKey {
    node(number)
}

pub(in crate::round) fn number_of(key: NodeKey) -> u8 {
    (1..=sample::MEMBERS).find(|number| node(*number) == key).expect("a member")
}

impl<'a> World<'a> {
    pub(in crate::round) fn new(terms: SharedTerms, values: Vec<Vec<[u8; 32]>>) -> Self {
        Self {
            terms,
            values,
            manners: BTreeMap::new(),
            relay_dies_after: None,
            bend: None,
            order: None,
            slots_take_secs: 0,
            exchanged: None,
        }
    }

    pub(in crate::round) fn with(mut self, manners: &[(u8, Manner)]) -> Self {
        self.manners = manners.iter().copied().collect();
        self
    }

    fn manner(&self, number: u8) -> Manner {
        self.manners.get(&number).copied().unwrap_or(Manner::Honest)
    }

    /// Runs one turn until nobody has anything left to do.
    pub(in crate::round) fn turn(&self, turn: u8, opens: UnixTime) -> Went {
        self.turn_from(turn, opens, &seed(200).fork("turn", turn.into()))
    }

    /// With a seed for everyone's randomness.
    pub(in crate::round) fn turn_from(&self, turn: u8, opens: UnixTime, seeds: &Seed) -> Went {
        Run::new(self, Turn::open(&self.terms, turn, opens, &signing(0)).unwrap(), seeds).run()
    }
}

/// Numbers below a bound, from a seed.
fn draw_of(byte: u8) -> Box<dyn FnMut(usize) -> usize> {
    let mut rng = seed(byte).rng();
    Box::new(move |bound| (rng.next_u64() % bound as u64) as usize)
}

struct Run<'a> {
    world: &'a World<'a>,
    members: BTreeMap<u8, Uploader>,
    relay: Option<Relay>,
    relay_sent: usize,
    hub: Collector,
    queue: VecDeque<(Who, Who, Sent)>,
    /// Of members and, without one, of the hub.
    jobs: Vec<(Option<u8>, JobId, Job)>,
    draw: Option<Box<dyn FnMut(usize) -> usize>>,
    stolen: RefCell<Option<Upload>>,
    late: Vec<(Who, Who, Sent)>,
    went: Went,
}

impl<'a> Run<'a> {
    fn new(world: &'a World<'a>, turn: Turn, seeds: &Seed) -> Self {
        let now = turn.claim_by().0 - u64::from(world.terms.body().schedule.claim_secs);
        let mut run = Self {
            world,
            members: BTreeMap::new(),
            relay: Some(Relay::new(world.terms.clone(), turn.clone(), seeds.fork("relay", 0))),
            relay_sent: 0,
            hub: Collector::new(world.terms.clone(), turn.clone(), issuer(), opening_key(), seeds.fork("hub", 0)),
            queue: VecDeque::new(),
            jobs: Vec::new(),
            draw: world.order.map(draw_of),
            stolen: RefCell::new(None),
            late: Vec::new(),
            went: Went {
                collected: None,
                found: BTreeMap::new(),
                rooms: BTreeMap::new(),
                seen: Vec::new(),
                to_hub: Vec::new(),
                returned: Vec::new(),
                violations: Vec::new(),
                now: UnixTime(now),
            },
        };
        for (number, values) in (1..).zip(&world.values) {
            if world.manner(number) == Manner::Absent {
                continue;
            }
            let values: Vec<_> = values.iter().map(|value| Secret32::new(*value)).collect();
            let randomness = match world.exchanged {
                Some((one, other)) if number == one => other,
                Some((one, other)) if number == other => one,
                _ => number,
            };
            let seed = seeds.fork("member", randomness.into());
            let (uploader, step) = Uploader::new(world.terms.clone(), turn.clone(), &values, seed);
            run.members.insert(number, uploader);
            run.member(number, Ok(step));
        }
        run
    }

    fn run(mut self) -> Went {
        loop {
            while !self.queue.is_empty() || !self.jobs.is_empty() {
                if self.end_a_job() {
                    continue;
                }
                let Some((from, to, sent)) = self.queue.pop_front() else { break };
                let sent = match self.world.bend {
                    Some(bend) => bend(from, to, sent),
                    None => Some(sent),
                };
                if let Some(sent) = sent {
                    let (kind, bytes) = sent.kind();
                    // Any domain will do for telling bytes apart.
                    let digest = derive_public(Domain::Transcript, &[&bytes]);
                    self.went.seen.push(Seen { at: self.went.now, from, to, kind, len: bytes.len(), digest });
                    self.deliver(from, to, sent);
                }
            }
            let relay = self.relay.as_ref().and_then(Relay::deadline);
            let Some(next) = [relay, self.hub.deadline()].into_iter().flatten().min() else { break };
            self.went.now = next.max(self.went.now);
            let now = self.went.now;
            let turn = self.hub.turn().clone();
            if now >= turn.answer_by() {
                break;
            }
            if let Some(relay) = &mut self.relay {
                let step = relay.on_time(now);
                self.relay(Ok(step));
            }
            let step = self.hub.on_time(now);
            self.hub(Ok(step));
            if now >= turn.claim_by() {
                self.queue.extend(core::mem::take(&mut self.late));
            }
        }
        self.went
    }

    /// Ends one of the jobs under way, or none: as the draw says.
    fn end_a_job(&mut self) -> bool {
        let Some(draw) = self.draw.as_mut().filter(|_| !self.jobs.is_empty()) else { return false };
        if !self.queue.is_empty() && draw(3) > 0 {
            return false;
        }
        let (owner, id, job) = self.jobs.swap_remove(draw(self.jobs.len()));
        match owner {
            Some(number) => {
                if let Some(member) = self.members.get_mut(&number) {
                    let step = member.on_computed(id, job.run());
                    self.member(number, step);
                }
            }
            None => {
                let step = self.hub.on_computed(self.went.now, id, job.run());
                self.hub(step);
            }
        }
        true
    }

    fn deliver(&mut self, from: Who, to: Who, sent: Sent) {
        let now = self.went.now;
        match (to, sent) {
            (Who::Hub, Sent::Ask(ask)) => {
                let Who::Member(number) = from else { panic!("a member asks") };
                match self.hub.on_ticket_ask(now, key_of(number), ask) {
                    Ok(given) => self.queue.push_back((Who::Hub, from, Sent::Given(given))),
                    Err(violation) => self.went.violations.push((from, violation)),
                }
            }
            (Who::Hub, Sent::ToHub(message)) => {
                let step = match message {
                    ToHub::Channels(channels) => self.hub.on_channels(&channels),
                    ToHub::Carried(carried) => {
                        self.went.to_hub.push(carried.clone());
                        self.hub.on_carried(carried)
                    }
                    ToHub::Dropped(dropped) => self.hub.on_dropped(dropped),
                };
                self.hub(step);
            }
            (Who::Relay, Sent::Upload(upload)) => {
                let Who::Member(number) = from else { panic!("a member uploads") };
                let Some(relay) = &mut self.relay else { return };
                match relay.on_upload(now, key_of(number), upload) {
                    Ok(step) => self.relay(Ok(step)),
                    Err(violation) => self.went.violations.push((from, violation)),
                }
            }
            (Who::Relay, Sent::ToRelay(message)) => {
                let Some(relay) = &mut self.relay else { return };
                let step = match message {
                    ToRelay::Slots(slots) => {
                        self.went.now = now.plus_secs(self.world.slots_take_secs);
                        relay.on_slots(self.went.now, slots)
                    }
                    ToRelay::Returned(returned) => {
                        self.went.returned.push((returned.rank, returned.channel));
                        relay.on_returned(returned)
                    }
                    ToRelay::Taken(taken) => relay.on_taken(now, taken),
                };
                self.relay(step);
            }
            (Who::Member(number), sent) => {
                let Some(member) = self.members.get_mut(&number) else { return };
                let step = match sent {
                    Sent::Given(given) => member.on_ticket(&given),
                    Sent::Passed(passed) => member.on_passed(passed),
                    Sent::Slots(slots) => member.on_slots(&slots),
                    Sent::Answer(answer) => member.on_answer(&answer),
                    other => panic!("{other:?} is not for a member"),
                };
                self.member(number, step);
            }
            (to, sent) => panic!("{sent:?} is not for {to:?}"),
        }
    }

    fn member(&mut self, number: u8, step: Result<UploaderStep, Violation>) {
        let who = Who::Member(number);
        let mut steps = VecDeque::from([step]);
        while let Some(step) = steps.pop_front() {
            let step = match step {
                Ok(step) => step,
                Err(violation) => {
                    self.went.violations.push((who, violation));
                    self.members.remove(&number);
                    return;
                }
            };
            self.queue.extend(step.to_hub.map(|ask| (who, Who::Hub, Sent::Ask(ask))));
            for upload in step.to_relay {
                self.upload(number, upload);
            }
            if let Some(Found(found)) = step.end {
                self.went.found.insert(number, found.iter().map(|item| item.place).collect());
                self.went.rooms.insert(number, found.iter().map(|item| *item.room.expose()).collect());
            }
            if self.draw.is_some() {
                self.jobs.extend(step.jobs.into_iter().map(|(id, job)| (Some(number), id, job)));
                continue;
            }
            let Some(member) = self.members.get_mut(&number) else { return };
            steps.extend(step.jobs.into_iter().map(|(id, job)| member.on_computed(id, job.run())));
        }
    }

    fn upload(&mut self, number: u8, upload: Upload) {
        let who = Who::Member(number);
        let rank = upload.rank;
        let spoilt = |upload: &Upload| {
            let mut bytes = upload.sealed.to_vec();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            Upload { sealed: bytes.try_into().unwrap(), ..upload.clone() }
        };
        if rank == 0 && number == 1 {
            *self.stolen.borrow_mut() = Some(upload.clone());
        }
        let mut all = match self.world.manner(number) {
            Manner::SilentFrom(from) if rank >= from => vec![],
            Manner::Spoils(at) if rank == at => vec![spoilt(&upload)],
            Manner::SendsTwice(at) if rank == at => vec![upload.clone(), spoilt(&upload)],
            Manner::StealsTicket if rank == 0 => {
                vec![self.stolen.borrow().clone().expect("the first member is before it")]
            }
            Manner::LateTicket if rank == 0 => {
                self.late.push((who, Who::Relay, Sent::Upload(upload)));
                vec![]
            }
            _ => vec![upload],
        };
        self.queue.extend(all.drain(..).map(|upload| (who, Who::Relay, Sent::Upload(upload))));
    }

    fn relay(&mut self, step: Result<RelayStep, Violation>) {
        let step = match step {
            Ok(step) => step,
            Err(violation) => return self.went.violations.push((Who::Hub, violation)),
        };
        let to_hub = step.to_hub.into_iter().map(|message| (Who::Relay, Who::Hub, Sent::ToHub(message)));
        let passed =
            step.passed.into_iter().map(|(to, passed)| (Who::Relay, Who::Member(number_of(to)), Sent::Passed(passed)));
        let answers =
            step.answers.into_iter().map(|(to, answer)| (Who::Relay, Who::Member(number_of(to)), Sent::Answer(answer)));
        let slots =
            step.slots.into_iter().map(|(to, slots)| (Who::Relay, Who::Member(number_of(to)), Sent::Slots(slots)));
        for message in slots.chain(to_hub).chain(passed).chain(answers).collect::<Vec<_>>() {
            if self.world.relay_dies_after.is_some_and(|after| self.relay_sent >= after) {
                self.relay = None;
                return;
            }
            self.relay_sent += 1;
            self.queue.push_back(message);
        }
    }

    fn hub(&mut self, step: Result<CollectorStep, Violation>) {
        let mut steps = VecDeque::from([step]);
        while let Some(step) = steps.pop_front() {
            let step = step.unwrap_or_else(|violation| {
                self.went.violations.push((Who::Relay, violation));
                self.hub.on_relay_failed()
            });
            self.queue.extend(step.to_relay.into_iter().map(|message| (Who::Hub, Who::Relay, Sent::ToRelay(message))));
            if step.end.is_some() {
                assert!(self.went.collected.is_none());
                self.went.collected = step.end;
            }
            if self.draw.is_some() {
                self.jobs.extend(step.jobs.into_iter().map(|(id, job)| (None, id, job)));
                continue;
            }
            let now = self.went.now;
            steps.extend(step.jobs.into_iter().map(|(id, job)| self.hub.on_computed(now, id, job.run())));
        }
    }
}
