//! A member's side of a turn: a ticket, a slot, the list, the answer.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cwg_crypto::collect::{Bits, ItemKey, Slot, TagList};
use cwg_crypto::hpke::Sealer;
use cwg_crypto::ticket::{TicketRequest, TicketSerial};
use cwg_crypto::{SealKey, Secret32, Seed};

use super::lists::{Laid, confirmed_in, confirmed_tags, lay_out};
use super::message::{Answer, Passed, Slots, TicketAsk, TicketGiven, Upload};
use super::{answer_nonce, upload_parts};
use crate::UnixTime;
use crate::psi::{Job, JobId, JobOutput};
use crate::round::limits::PIECES_AHEAD;
use crate::round::terms::SharedTerms;
use crate::round::turn::Turn;
use crate::violation::Violation;

/// One turn of one member. It uploads under one slot and never under another: shares of an item at two slots would count for
/// two members.
///
/// It is a function of turn, values, seed and messages: a member that starts again within a turn must go on with the same
/// seed, or leave the turn alone.
pub struct Uploader {
    terms: SharedTerms,
    turn: Turn,
    keys: Arc<Vec<ItemKey>>,
    seed: Seed,
    sealer: Sealer,
    answer_key: SealKey,
    state: State,
    /// Ranks that were sent and not yet passed on, to be sent again after a connection was lost.
    sent: BTreeMap<u32, Upload>,
    /// The next rank that the relay will have passed on.
    next_passed: u32,
    tags: Option<Arc<TagList>>,
    /// Pieces of the answer so far.
    answer: Vec<u8>,
    next_answer: u32,
    /// Tables of the answer that were read.
    read: u32,
    found: BTreeSet<usize>,
}

/// What is awaited.
enum State {
    Ticket(TicketRequest),
    /// The slots, with the serial of the own ticket.
    Slots(TicketSerial),
    /// The relay's leave to send on, and tables being laid out.
    Upload(Uploads),
    Answer,
    /// Nothing but own jobs.
    Reading,
    Ended,
}

struct Uploads {
    slot: Slot,
    /// The next rank to be sent.
    next: u32,
    /// Tables laid out or being laid out: below this number.
    tables: u32,
    laid: BTreeMap<u32, Vec<Vec<u8>>>,
}

/// Messages in order, jobs in any order, and the end.
#[derive(Debug, Default)]
pub struct UploaderStep {
    /// For the hub.
    pub to_hub: Option<TicketAsk>,
    /// For the relay of the turn.
    pub to_relay: Vec<Upload>,
    /// Jobs, independent of each other.
    pub jobs: Vec<(JobId, Job)>,
    /// Set once.
    pub end: Option<Found>,
}

/// An own item that at least as many members hold as the terms say, this one included.
#[derive(Debug)]
pub struct FoundItem {
    /// Its place among the values that were given.
    pub place: usize,
    /// The key of its room, which all who hold it have and nobody else.
    pub room: Secret32,
}

/// What a member learns: by places ascending.
pub struct Found(pub Vec<FoundItem>);

/// How many there are is an output too: it is not printed.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Found(..)")
    }
}

/// Tables that are laid out ahead of what is sent: each is up to 48 bytes an item and threshold.
const TABLES_AHEAD: u32 = 2;

/// Jobs that read have numbers from here on.
const READING: u32 = 1 << 16;

impl Uploader {
    /// Takes part in a turn with the values of the own items, each once ([`crate::round::evaluate`]). The seed serves this
    /// turn alone.
    ///
    /// # Panics
    /// If there are more values than the terms have items.
    pub fn new(terms: SharedTerms, turn: Turn, values: &[Secret32], seed: Seed) -> (Self, UploaderStep) {
        assert!(values.len() <= terms.form().items() as usize, "values are those of evaluated items");
        let execution = turn.execution();
        let (sealing, len) = (terms.sealing(), terms.form().sealed_len());
        let sealer = Sealer::new(&sealing, &upload_parts(&execution), len, seed.fork("seal", 0));
        let sealer = sealer.expect("the terms were checked for a key that can be sealed to");
        let request = TicketRequest::new(&execution.0, &terms.body().issuer, seed.fork("ticket", 0));
        let step = UploaderStep {
            to_hub: Some(TicketAsk { execution, blinded: *request.blinded() }),
            ..UploaderStep::default()
        };
        let uploader = Self {
            keys: Arc::new(values.iter().map(|value| ItemKey::new(value, &execution.0)).collect()),
            answer_key: sealer.answer_key(),
            terms,
            turn,
            seed,
            sealer,
            state: State::Ticket(request),
            sent: BTreeMap::new(),
            next_passed: 0,
            tags: None,
            answer: Vec::new(),
            next_answer: 1,
            read: 0,
            found: BTreeSet::new(),
        };
        (uploader, step)
    }

    /// The turn.
    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// What to send again after a connection was lost: the request for a ticket to the hub, or what the relay has not passed
    /// on.
    pub fn again(&self) -> UploaderStep {
        let to_hub = match &self.state {
            State::Ticket(request) => Some(TicketAsk { execution: self.turn.execution(), blinded: *request.blinded() }),
            _ => None,
        };
        UploaderStep { to_hub, to_relay: self.sent.values().cloned().collect(), ..UploaderStep::default() }
    }

    /// When this turn is over for the member, answer or not.
    pub fn deadline(&self) -> UnixTime {
        self.turn.answer_by()
    }

    /// The hub's ticket: it goes to the relay, sealed.
    ///
    /// # Errors
    /// If it was not issued under the key of the terms, or none was awaited.
    pub fn on_ticket(&mut self, given: &TicketGiven) -> Result<UploaderStep, Violation> {
        self.check(given.execution == self.turn.execution())?;
        let State::Ticket(request) = core::mem::replace(&mut self.state, State::Ended) else {
            return Err(Violation::Unexpected { awaiting: self.awaiting() });
        };
        let ticket = request.finish(&given.evaluated, &given.proof).map_err(|_| Violation::BadProof { batch: 0 })?;
        self.state = State::Slots(ticket.serial(&self.turn.execution().0));
        let sealed = self.seal(&ticket.encode());
        let mut step = UploaderStep::default();
        self.send(0, [self.sealer.encapsulated().as_slice(), &sealed].concat(), &mut step);
        Ok(step)
    }

    /// The relay has passed a rank on for everyone.
    ///
    /// # Errors
    /// If it is not the next one, or was not sent.
    pub fn on_passed(&mut self, passed: Passed) -> Result<UploaderStep, Violation> {
        self.check(passed.execution == self.turn.execution())?;
        if passed.rank != self.next_passed || self.sent.remove(&passed.rank).is_none() {
            return Err(Violation::Unexpected { awaiting: self.awaiting() });
        }
        self.next_passed += 1;
        let mut step = UploaderStep::default();
        self.advance(&mut step);
        Ok(step)
    }

    /// The slots of all tickets. The same again after a lost connection is passed over.
    ///
    /// # Errors
    /// If the own ticket is not among them, two of them are one, or they are fewer than must upload: with too few, a result would say too
    /// much of each.
    pub fn on_slots(&mut self, slots: &Slots) -> Result<UploaderStep, Violation> {
        self.check(slots.execution == self.turn.execution())?;
        let own = match self.state {
            State::Slots(own) => own,
            State::Upload(_) | State::Answer | State::Reading => return Ok(UploaderStep::default()),
            State::Ticket(_) | State::Ended => return Err(Violation::Unexpected { awaiting: self.awaiting() }),
        };
        let enough = slots.serials.len() >= self.terms.body().uploads_min.into();
        if !enough || !slots.serials.is_sorted_by(|a, b| a < b) {
            return Err(Violation::Unexpected { awaiting: "a slot of its own for each of enough tickets" });
        }
        let at = slots.serials.iter().position(|serial| serial == own.digest());
        let at = at.ok_or(Violation::Unexpected { awaiting: "a slot for the ticket" })?;
        let slot = Slot::new(at as u8 + 1).expect("there are up to fifteen");
        self.state = State::Upload(Uploads { slot, next: 1, tables: 0, laid: BTreeMap::new() });
        let mut step = UploaderStep::default();
        self.advance(&mut step);
        Ok(step)
    }

    /// What the hub sends back: the next piece of the answer. A rank that was there before is passed over.
    ///
    /// # Errors
    /// If it is not the next rank, of another length, or does not open.
    pub fn on_answer(&mut self, answer: &Answer) -> Result<UploaderStep, Violation> {
        self.check(answer.execution == self.turn.execution())?;
        match (&self.state, answer.rank) {
            (State::Answer, rank) if rank == self.next_answer => self.on_piece(answer),
            (State::Answer | State::Reading, rank) if (1..self.next_answer).contains(&rank) => {
                Ok(UploaderStep::default())
            }
            _ => Err(Violation::Unexpected { awaiting: self.awaiting() }),
        }
    }

    /// The step after a job was run.
    ///
    /// # Errors
    /// Never by a peer's fault.
    pub fn on_computed(&mut self, job: JobId, output: JobOutput) -> Result<UploaderStep, Violation> {
        let mut step = UploaderStep::default();
        if job.0 < READING {
            let laid: Laid = output.open()?;
            self.tags = laid.tags.map(Arc::new).or(self.tags.take());
            if let State::Upload(uploads) = &mut self.state {
                uploads.laid.insert(laid.table, laid.pieces);
            }
            self.advance(&mut step);
        } else {
            self.found.extend(output.open::<Vec<usize>>()?);
            self.read += 1;
            if self.read == self.terms.form().tables() {
                self.state = State::Ended;
                let item = |place: &usize| FoundItem { place: *place, room: self.keys[*place].room() };
                step.end = Some(Found(self.found.iter().map(item).collect()));
            }
        }
        Ok(step)
    }

    fn on_piece(&mut self, answer: &Answer) -> Result<UploaderStep, Violation> {
        let form = *self.terms.form();
        if answer.sealed.len() != form.answer_sealed_len() {
            return Err(Violation::Malformed { what: "piece of the answer" });
        }
        let opened = self.open(answer)?;
        self.answer.extend_from_slice(&opened);
        self.next_answer += 1;
        if self.next_answer <= form.answer_pieces() {
            return Ok(UploaderStep::default());
        }
        let (bytes, filling) = self.answer.split_at(form.answer_len());
        let bits = Bits::decode(bytes, form.bits()).ok().filter(|_| filling.iter().all(|byte| *byte == 0));
        let bits = Arc::new(bits.ok_or(Violation::Malformed { what: "answer" })?);
        self.state = State::Reading;
        let jobs = (0..form.tables()).map(|table| {
            let (bits, keys, tags) = (Arc::clone(&bits), Arc::clone(&self.keys), self.tags.clone());
            let job = Job::new(keys.len(), move || {
                Ok(match tags {
                    Some(tags) => confirmed_tags(&tags, &bits),
                    None => confirmed_in(&form, &keys, table, &bits),
                })
            });
            (JobId(READING + table), job)
        });
        Ok(UploaderStep { jobs: jobs.collect(), ..UploaderStep::default() })
    }

    /// Lays out tables and sends pieces as far as they are laid out and the relay allows.
    fn advance(&mut self, step: &mut UploaderStep) {
        let form = *self.terms.form();
        loop {
            let State::Upload(uploads) = &mut self.state else { return };
            if uploads.next > form.pieces() {
                self.state = State::Answer;
                return;
            }
            let (table, at) =
                ((uploads.next - 1) / form.pieces_of_table(), (uploads.next - 1) % form.pieces_of_table());
            while uploads.tables < form.tables().min(table + TABLES_AHEAD) {
                let (keys, slot, number, seed) =
                    (Arc::clone(&self.keys), uploads.slot, uploads.tables, self.seed.fork("lists", 0));
                let job = Job::new(form.items() as usize, move || Ok(lay_out(&form, &keys, slot, number, &seed)));
                step.jobs.push((JobId(number), job));
                uploads.tables += 1;
            }
            if uploads.next >= self.next_passed + PIECES_AHEAD {
                return;
            }
            let Some(pieces) = uploads.laid.get_mut(&table) else { return };
            let piece = core::mem::take(&mut pieces[at as usize]);
            if at + 1 == form.pieces_of_table() {
                uploads.laid.remove(&table);
            }
            let rank = uploads.next;
            uploads.next += 1;
            let sealed = self.seal(&piece);
            self.send(rank, sealed, step);
        }
    }

    fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        self.sealer.seal(plain).expect("pieces fit, and there are fewer than 2^64")
    }

    fn send(&mut self, rank: u32, sealed: Vec<u8>, step: &mut UploaderStep) {
        let sealed = sealed.try_into().expect("what is sealed is within its limit");
        let upload = Upload { execution: self.turn.execution(), rank, sealed };
        self.sent.insert(rank, upload.clone());
        step.to_relay.push(upload);
    }

    fn open(&self, answer: &Answer) -> Result<zeroize::Zeroizing<Vec<u8>>, Violation> {
        let parts = [self.turn.execution().0];
        let opened = self.answer_key.open(&answer_nonce(answer.rank), &[parts[0].as_bytes()], &answer.sealed);
        opened.map_err(|_| Violation::Malformed { what: "sealed answer" })
    }

    fn check(&self, is_of_turn: bool) -> Result<(), Violation> {
        if is_of_turn { Ok(()) } else { Err(Violation::Unexpected { awaiting: "a message of this turn" }) }
    }

    fn awaiting(&self) -> &'static str {
        match self.state {
            State::Ticket(_) => "a ticket",
            State::Slots(_) => "the slots",
            State::Upload(_) => "the relay's leave to go on",
            State::Answer => "the answer",
            State::Reading | State::Ended => "nothing",
        }
    }
}

impl fmt::Debug for Uploader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uploader(awaits {})", self.awaiting())
    }
}
