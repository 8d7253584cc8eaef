//! A hostile member: an honest engine behind an adversary that rewrites the frames it sends.

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::Seed;
use cwg_engine::io::ConnId;
use cwg_protocol::SessionId;
use cwg_protocol::wire::limits::FRAME_LEN_MAX;

use crate::dice::Dice;
use crate::report::Counts;

/// What an adversary does to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Changes one bit.
    FlipBit,
    /// Cuts the end off.
    Truncate,
    /// Sends an older frame of this connection again after it.
    Replay,
    /// Does not send it.
    Drop,
    /// Makes it longer than its kind, or any frame, may be.
    Oversize,
    /// Writes the largest count somewhere.
    HugeCount,
    /// Sends it after the next one.
    Swap,
    /// Puts bytes that are no group element in the place of one.
    NonCanonicalPoint,
    /// Puts the identity in the place of an element.
    Identity,
    /// Names another batch.
    WrongBatch,
}

impl Lie {
    /// Every lie.
    pub const ALL: [Self; 10] = [
        Self::FlipBit,
        Self::Truncate,
        Self::Replay,
        Self::Drop,
        Self::Oversize,
        Self::HugeCount,
        Self::Swap,
        Self::NonCanonicalPoint,
        Self::Identity,
        Self::WrongBatch,
    ];
}

/// Frames of a connection that are remembered to be sent again.
const REMEMBERED: usize = 8;

const PSI: u16 = 0x43;
const SEAL: u16 = 0x44;

/// Where a PSI frame's own message starts: kind, session, lane.
const PSI_HEAD: usize = 2 + 32 + 1;

/// Where the elements of that message start: its kind and its batch.
const ELEMENTS: usize = PSI_HEAD + 5;

pub(crate) struct Adversary {
    dice: Dice,
    lies_permille: u32,
    sent: BTreeMap<ConnId, Vec<Vec<u8>>>,
    held: BTreeMap<ConnId, Vec<u8>>,
    sealed: BTreeSet<SessionId>,
    /// Sessions in which the peer was lied to before this side's seal: none of them may ever have a result there.
    pub(crate) lied: BTreeSet<SessionId>,
}

impl Adversary {
    pub(crate) fn new(seed: &Seed, node: usize, lies_permille: u32) -> Self {
        Self {
            dice: Dice::new(seed, "adversary", node as u64),
            lies_permille,
            sent: BTreeMap::new(),
            held: BTreeMap::new(),
            sealed: BTreeSet::new(),
            lied: BTreeSet::new(),
        }
    }

    /// A crash of the process it stands before: connection numbers start again.
    pub(crate) fn restarted(&mut self) {
        self.sent.clear();
        self.held.clear();
    }

    /// The frames that are sent in the place of this one.
    pub(crate) fn rewrite(&mut self, conn: ConnId, body: Vec<u8>, counts: &mut Counts) -> Vec<Vec<u8>> {
        let kind = kind_of(&body);
        // Lies before there is a session only keep the adversary out.
        let often = if kind >= 0x40 { self.lies_permille } else { self.lies_permille / 20 };
        let sent = self.sent.entry(conn).or_default();
        if sent.len() == REMEMBERED {
            sent.remove(0);
        }
        sent.push(body.clone());
        if self.held.contains_key(&conn) || !self.dice.chance(often) {
            self.note_seal(&body);
            return match self.held.remove(&conn) {
                Some(held) if held != body => {
                    // In another session this is no lie: each has a transcript of its own.
                    if session_of(&held).is_some() && session_of(&held) == session_of(&body) {
                        self.note_lie(&held);
                    }
                    vec![body, held]
                }
                Some(held) => vec![held, body],
                None => vec![body],
            };
        }
        let lie = Lie::ALL[self.dice.index(Lie::ALL.len())];
        let bodies = self.tell(lie, conn, &body);
        if bodies.as_slice() != core::slice::from_ref(&body) {
            counts.lied(lie);
        }
        self.note_seal(&body);
        bodies
    }

    fn tell(&mut self, lie: Lie, conn: ConnId, body: &[u8]) -> Vec<Vec<u8>> {
        let mut told = body.to_vec();
        match lie {
            Lie::FlipBit => {
                let place = self.dice.index(told.len());
                told[place] ^= 1 << self.dice.below(8);
            }
            Lie::Truncate => told.truncate(self.dice.index(body.len())),
            Lie::Replay => {
                let sent = &self.sent[&conn];
                let old = sent[self.dice.index(sent.len())].clone();
                // What comes after the seal comes after the session.
                self.note_seal(body);
                self.note_lie(&old);
                return vec![told, old];
            }
            Lie::Drop => {
                self.note_lie(body);
                return Vec::new();
            }
            Lie::Oversize => {
                let len = if self.dice.chance(200) { FRAME_LEN_MAX + 1 } else { body.len() + 32 };
                told.resize(len, 1);
            }
            Lie::HugeCount => {
                let place = self.dice.index(told.len());
                let end = told.len().min(place + 8);
                told[place..end].fill(0xff);
            }
            Lie::Swap => {
                self.held.insert(conn, told);
                return Vec::new();
            }
            Lie::NonCanonicalPoint => self.replace_element(&mut told, [0xff; 32]),
            Lie::Identity => self.replace_element(&mut told, [0; 32]),
            Lie::WrongBatch => {
                if kind_of(body) == PSI && told.len() > ELEMENTS {
                    told[PSI_HEAD + 1] ^= 1;
                }
            }
        }
        if told != body {
            self.note_lie(body);
        }
        vec![told]
    }

    fn replace_element(&mut self, told: &mut [u8], element: [u8; 32]) {
        let elements = told.len().saturating_sub(ELEMENTS) / 32;
        if kind_of(told) == PSI && elements > 0 {
            let start = ELEMENTS + 32 * self.dice.index(elements);
            told[start..start + 32].copy_from_slice(&element);
        }
    }

    fn note_lie(&mut self, about: &[u8]) {
        if let Some(session) = session_of(about)
            && !self.sealed.contains(&session)
        {
            self.lied.insert(session);
        }
    }

    fn note_seal(&mut self, body: &[u8]) {
        if kind_of(body) == SEAL {
            self.sealed.extend(session_of(body));
        }
    }
}

fn kind_of(body: &[u8]) -> u16 {
    body.first_chunk::<2>().map_or(u16::MAX, |kind| u16::from_le_bytes(*kind))
}

fn session_of(body: &[u8]) -> Option<SessionId> {
    let names_session = matches!(kind_of(body), PSI | SEAL);
    body.get(2..34).filter(|_| names_session).and_then(|bytes| bytes.try_into().ok()).map(SessionId)
}
