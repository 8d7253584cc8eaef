//! A bank in a count: its list, what it says to the other bank and to the hub, and what it is told.
//!
//! | durable before | is |
//! |---|---|
//! | anything of the list is sent | consent, seed and the commitment to the list, in one commit |
//! | the hub is sent tags | the charge, and the digest of the tags |
//! | anyone is told of the figure | the hub's answer |
//!
//! The tags are the release: without them nobody can compare the two lists, not even the other bank with the hub. So a count to which the other
//! bank does not come is not charged. After a start list and seed are the same, or the count ends here by name; and so are the tags,
//! which follow from these and the other's list: whoever sends another list than before tests no second one.
//!
//! The two send each other their first batch as soon as they are connected and have it, and the whole list when the other's first batch has shown
//! that it takes part: what comes before somebody consented is dropped.

use cwg_crypto::{Digest, Seed};
use cwg_protocol::count::limits::COUNT_LIST_MAX;
use cwg_protocol::count::{
    Charge, CountBank, CountElements, CountMessage, CountRefusal, CountStep, CountTags, LEAKAGE, SharedCount,
    SignedAnswer, SignedCount,
};
use cwg_protocol::psi::{JobId, JobOutput};
use cwg_protocol::session::OwnSet;
use cwg_protocol::{Item, NodeKey, RunId, Violation};

use super::state::{CountPhase, KnownCount};
use super::{Broken, JobOf, LoadOf, PersonItems};
use crate::Engine;
use crate::command::{Refusal, Reply};
use crate::io::{ConnId, Effect, Level, LoadQuery, Loaded, Selection, Ticket};
use crate::record::{Entry, OwnList, StoredSecret};

/// A count in which this node takes part.
pub(super) struct Taking {
    machine: CountBank,
    /// The own masked list, once it is computed.
    elements: Vec<CountElements>,
    /// What the hub is sent, once it is charged.
    tags: Vec<CountTags>,
    other: NodeKey,
    /// Whether the other bank's first batch came since a connection with it was lost: it takes part, and lacks the list.
    asked: bool,
    /// Over which connection the whole list was sent.
    sent_over: Option<ConnId>,
}

impl Taking {
    /// The other bank.
    pub(super) fn other(&self) -> NodeKey {
        self.other
    }
}

impl Engine {
    pub(super) fn on_count_offered(&mut self, signed: SignedCount) -> Result<(), Broken> {
        let Some(known) = self.known() else { return Ok(()) };
        let terms = known.count(&signed).map_err(|error| error.code())?;
        if let Some(known) = self.state.counts().counts().get(&terms.body().run) {
            return if known.terms.digest() == terms.digest() { Ok(()) } else { Err("count-terms-changed") };
        }
        let own = self.own().map_err(|_| "unexpected-message")?.node();
        if !terms.names(own) {
            return Err("count-not-named");
        }
        if self.now.wall > terms.body().ends {
            return Ok(());
        }
        // A hub has one open at a time: a second would be another draw for the same lists.
        let is_same = |known: &KnownCount| known.terms.body().banks == terms.body().banks && !known.phase.is_over();
        if self.state.counts().counts().values().any(is_same) {
            // Passed over, and no reason to part: the hub may have ended the one that this bank still holds open.
            self.note_fault(self.state.hub(), "count-offered-twice");
            return Ok(());
        }
        self.push(Effect::Log(Level::Info, "count-offered"));
        self.commit(Entry::CountOffered(Box::new(signed)));
        Ok(())
    }

    pub(super) fn join_count(&mut self, ticket: Ticket, count: RunId, leakage: Digest) -> Result<(), Refusal> {
        self.member()?;
        if !self.config.online {
            return Err(Refusal::Offline);
        }
        let known = self.state.counts().counts().get(&count).ok_or(Refusal::UnknownCount)?;
        let terms = known.terms.clone();
        if known.phase != CountPhase::Open {
            return Err(Refusal::CountState(known.phase.name()));
        }
        if !(terms.body().opens..=terms.body().ends).contains(&self.now.wall) {
            return Err(CountRefusal::NotOpen.into());
        }
        self.state.pilots().get(&terms.body().pilot).ok_or(Refusal::UnknownPilot)?.live(self.now.wall)?;
        if leakage != LEAKAGE.digest() {
            return Err(Refusal::Consent);
        }
        self.admit_release(&Charge::of_pair(&terms))?;
        if self.counts.loads.values().any(|load| load.count() == count) {
            return Err(Refusal::UnderWay);
        }
        self.load_list(&terms, LoadOf::Joining { count, leakage, command: ticket });
        Ok(())
    }

    /// After a start: the list is read again, and all that follows from it and the seed is the same.
    pub(super) fn resume_taking_counts(&mut self) {
        let now = self.now.wall;
        // Whoever has sent all its tags and is past the end has nothing more to send, and awaits the answer.
        let awaits = |known: &KnownCount| known.sent.is_some() && now > known.terms.body().ends;
        let joined = self.state.counts().counts().iter();
        let joined = joined.filter(|(_, known)| known.phase == CountPhase::Joined && !awaits(known));
        for (count, terms) in joined.map(|(count, known)| (*count, known.terms.clone())).collect::<Vec<_>>() {
            self.load_list(&terms, LoadOf::Resuming { count });
        }
    }

    fn load_list(&mut self, terms: &SharedCount, load: LoadOf) {
        let ticket = self.ticket();
        self.counts.loads.insert(ticket, load);
        let selection = Selection(terms.body().kinds.iter().map(|entry| (entry.kind, entry.roles)).collect());
        let each = terms.body().noise.sensitivity;
        self.push(Effect::Load(ticket, LoadQuery::ItemsByPerson { selection, each, limit: COUNT_LIST_MAX }));
    }

    pub(super) fn on_list_loaded(&mut self, load: LoadOf, loaded: Loaded) {
        match load {
            LoadOf::Joining { count, leakage, command } => match self.take_part(count, leakage, loaded) {
                Ok(()) => self.reply(command, Ok(Reply::Done)),
                Err(refusal) => self.refuse_command(command, refusal),
            },
            LoadOf::Resuming { count } => {
                if let Err(code) = self.take_part_again(count, loaded) {
                    self.end_count(count, code);
                }
            }
        }
    }

    /// A person has consented and the list is there: it takes part with it, or is refused and may try with another one.
    fn take_part(&mut self, count: RunId, leakage: Digest, loaded: Loaded) -> Result<(), Refusal> {
        let known = &self.state.counts().counts()[&count];
        if known.phase != CountPhase::Open {
            return Err(Refusal::CountState(known.phase.name()));
        }
        let room = known.terms.body().items;
        let list = match loaded {
            Loaded::ItemsByPerson(list) => list,
            // It was not counted any further.
            Loaded::TooMany => return Err(CountRefusal::TooMany { own: COUNT_LIST_MAX as usize + 1, room }.into()),
            _ => return Err(Refusal::SetDamaged),
        };
        // Others were joined while the list was read.
        self.admit_release(&Charge::of_pair(&known.terms.clone()))?;
        let secret = StoredSecret(self.random("count part"));
        let seed = Seed::new(secret.0);
        let (taking, step) = self.begin_taking(count, &list.items, &seed)?;
        let items = u32::try_from(list.items.len()).unwrap_or(u32::MAX);
        let list = OwnList { items, left_out: list.left_out, commitment: commitment(&list, &seed) };
        self.commit(Entry::CountJoined { count, leakage, seed: secret, list });
        self.push(Effect::Log(Level::Info, "count-joined"));
        self.counts.taking.insert(count, taking);
        self.carry_counting(count, Ok(step));
        Ok(())
    }

    fn take_part_again(&mut self, count: RunId, loaded: Loaded) -> Result<(), &'static str> {
        let Some(known) = self.state.counts().counts().get(&count) else { return Ok(()) };
        if known.phase != CountPhase::Joined {
            return Ok(());
        }
        let list = match loaded {
            Loaded::ItemsByPerson(list) => list,
            Loaded::TooMany => return Err("count-list-changed"),
            _ => return Err("set-damaged"),
        };
        let seed = known.seed().expect("a count that was joined has a seed");
        if known.own.is_none_or(|own| own.commitment != commitment(&list, &seed)) {
            return Err("count-list-changed");
        }
        // Refused where its end has come meanwhile.
        let (taking, step) = self.begin_taking(count, &list.items, &seed).map_err(|_| "count-unanswered")?;
        self.counts.taking.insert(count, taking);
        self.carry_counting(count, Ok(step));
        Ok(())
    }

    fn begin_taking(&self, count: RunId, items: &[Item], seed: &Seed) -> Result<(Taking, CountStep), Refusal> {
        let own = self.member()?.node();
        let terms = self.state.counts().counts()[&count].terms.clone();
        let pilot = self.state.pilots().get(&terms.body().pilot).ok_or(Refusal::UnknownPilot)?;
        let items_min = pilot.charter.body().budget.items_min;
        let other = terms.other(own).ok_or(CountRefusal::NotNamed)?;
        let (machine, step) = CountBank::new(terms, own, items, items_min, self.now.wall, &seed.fork("bank", 0))?;
        let taking = Taking { machine, elements: Vec::new(), tags: Vec::new(), other, asked: false, sent_over: None };
        Ok((taking, step))
    }

    pub(super) fn on_count_elements(&mut self, from: NodeKey, message: CountElements) -> Result<(), Broken> {
        let Some((count, terms)) = self.count_under(message.terms) else { return Ok(()) };
        if self.state.own_key().and_then(|own| terms.other(own)) != Some(from) {
            return Err("unexpected-message");
        }
        // Nobody has consented here, or it is over.
        let Some(taking) = self.counts.taking.get_mut(&count) else { return Ok(()) };
        let is_first = message.number == 0;
        if message.number >= taking.machine.received() {
            let step = taking.machine.on_elements(from, message);
            if let Err(violation) = step {
                self.end_count(count, violation.code());
                return Err(violation.code());
            }
            self.carry_counting(count, step);
        }
        if let Some(taking) = self.counts.taking.get_mut(&count).filter(|_| is_first) {
            taking.asked = true;
            self.send_list(count);
        }
        Ok(())
    }

    pub(super) fn on_masked(&mut self, count: RunId, job: JobId, output: JobOutput) {
        let Some(taking) = self.counts.taking.get_mut(&count) else { return };
        let step = taking.machine.on_computed(job, output);
        self.carry_counting(count, step);
    }

    fn carry_counting(&mut self, count: RunId, step: Result<CountStep, Violation>) {
        let Some(taking) = self.counts.taking.get_mut(&count) else { return };
        let step = match step {
            Ok(step) => step,
            Err(violation) => {
                let other = taking.other;
                self.note_fault(Some(other), violation.code());
                return self.end_count(count, violation.code());
            }
        };
        if !step.to_other.is_empty() {
            taking.elements = step.to_other;
            if taking.asked { self.send_list(count) } else { self.knock(count) }
        }
        for (id, job) in step.jobs {
            self.compute_for_counts(JobOf::Masking(count, id), job);
        }
        if !step.to_hub.is_empty() {
            self.charge_count(count, step.to_hub);
        }
    }

    /// The first batch: with it the other bank learns that this one takes part, and asks for its list.
    fn knock(&mut self, count: RunId) {
        let Some(taking) = self.counts.taking.get(&count) else { return };
        if let Some(first) = taking.elements.first() {
            let (other, message) = (taking.other, CountMessage::CountElements(first.clone()));
            self.tell_of_count(other, message);
        }
    }

    /// The whole list, when it is there and the other bank has asked, once over each connection.
    fn send_list(&mut self, count: RunId) {
        let Some(taking) = self.counts.taking.get(&count) else { return };
        let Some((conn, _)) = self.ready_conn(taking.other) else { return };
        if !taking.asked || taking.elements.is_empty() || taking.sent_over == Some(conn) {
            return;
        }
        let (other, elements) = (taking.other, taking.elements.clone());
        self.counts.taking.get_mut(&count).expect("looked up above").sent_over = Some(conn);
        for batch in elements {
            self.tell_of_count(other, CountMessage::CountElements(batch));
        }
    }

    /// What was on its way over a connection is lost with it: the other bank is asked again over another one, if there is one.
    pub(crate) fn counts_lost(&mut self, node: NodeKey) {
        for count in self.counts.taking.keys().copied().collect::<Vec<_>>() {
            let taking = self.counts.taking.get_mut(&count).expect("one of those in which it takes part");
            if taking.other == node {
                (taking.asked, taking.sent_over) = (false, None);
                self.knock(count);
            }
        }
    }

    /// Stores the charge, and with it what the hub is sent: from here on the count is released.
    fn charge_count(&mut self, count: RunId, tags: Vec<CountTags>) {
        let known = &self.state.counts().counts()[&count];
        let (sent, charge) = (CountTags::digest_of(&tags), Box::new(Charge::of_pair(&known.terms)));
        match known.sent {
            None => self.commit(Entry::CountCharged { count, charge, sent }),
            Some(before) if before == sent => {}
            Some(_) => return self.end_count(count, "count-other-changed"),
        }
        if let Some(taking) = self.counts.taking.get_mut(&count) {
            taking.tags = tags;
        }
        self.send_tags(count);
    }

    fn send_tags(&mut self, count: RunId) {
        let (Some(taking), Some(hub)) = (self.counts.taking.get(&count), self.state.hub()) else { return };
        for batch in taking.tags.clone() {
            self.tell_of_count(hub, CountMessage::CountTags(batch));
        }
    }

    /// Both have said hello: what was on its way over an earlier connection is said again.
    pub(super) fn count_again(&mut self, node: NodeKey) {
        let is_of_hub = self.state.hub() == Some(node);
        for count in self.counts.taking.keys().copied().collect::<Vec<_>>() {
            if is_of_hub {
                self.send_tags(count);
            } else if self.counts.taking[&count].other == node {
                self.knock(count);
            }
        }
    }

    pub(super) fn on_count_answered(&mut self, answer: SignedAnswer) -> Result<(), Broken> {
        let Some((count, figure)) = self.count_of(&answer) else { return Err("bad-signature") };
        let known = &self.state.counts().counts()[&count];
        match &known.phase {
            CountPhase::Told(told) if *told == figure => return Ok(()),
            CountPhase::Told(_) => return Err("count-answer-changed"),
            // The hub has no figure before both banks have sent their tags. One that comes late counts: it was charged.
            _ if known.sent.is_none() => return Err("unexpected-message"),
            _ => {}
        }
        self.commit(Entry::CountTold { count, answer: Box::new(answer) });
        self.push(Effect::Log(Level::Info, "count-told"));
        self.count_over(count);
        Ok(())
    }
}

/// The commitment to a list, under a salt that follows from the seed.
fn commitment(list: &PersonItems, seed: &Seed) -> Digest {
    OwnSet::of(&list.items, seed.fork("salt", 0).into_secret().expose()).commitment
}
