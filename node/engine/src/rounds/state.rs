//! What a node knows of shared keys and rounds: a part of its state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cwg_crypto::threshold::Share;
use cwg_crypto::{Digest, Secret32, Seed};
use cwg_protocol::count::{self, Figure, NoiseTerms};
use cwg_protocol::lighthouse::Day;
use cwg_protocol::reveal::RevealUpload;
use cwg_protocol::round::ceremony::{Board, CeremonyError, CeremonyTerms, SignedCeremony};
use cwg_protocol::round::evaluate::Charge;
use cwg_protocol::round::room::{BadPost, Draft, ReadPost, RoomKey, RoomPage, RoomUpload, read_page};
use cwg_protocol::round::upload::TurnEnd;
use cwg_protocol::round::{HeldKey, RoundLeakage, RoundTerms, SharedTerms, SignedTerms, TermsError, Turn};
use cwg_protocol::{Item, PilotId, RunId, UnixTime};

use super::reveals::state::{RevealRules, RevealsOf};
use crate::record::{Code, Entry, Record, RoomOf, StoredSecret, StoredShare, TurnEnding};
use crate::state::{Network, Pilot};

/// Seconds of a day.
const DAY_SECS: u64 = 86_400;

/// Ceremonies, keys, rounds, and what was evaluated for whom.
#[derive(Default)]
pub struct Rounds {
    ceremonies: BTreeMap<Digest, CalledCeremony>,
    keys: BTreeMap<PilotId, HeldShare>,
    rounds: BTreeMap<RunId, KnownRound>,
    charges: Vec<(PilotId, Charge)>,
}

/// A ceremony and how far it is.
pub struct CalledCeremony {
    /// Its terms.
    pub terms: CeremonyTerms,
    /// Of what this node deals and receives; erased at the end.
    pub(crate) seed: Option<StoredSecret>,
    /// The boards of the phases that are over.
    pub boards: Vec<Board>,
    /// How it ended.
    pub end: Option<Result<(), Code>>,
    /// When it was called.
    pub at: UnixTime,
    /// How many were called before.
    pub(crate) number: usize,
}

/// The key of a pilot, and this node's share of it.
pub struct HeldShare {
    /// The key.
    pub held: HeldKey,
    share: Option<StoredShare>,
}

/// A round and where it stands here.
pub struct KnownRound {
    /// Its terms.
    pub terms: SharedTerms,
    /// Where it stands.
    pub phase: RoundPhase,
    /// When it was offered.
    pub at: UnixTime,
    /// When it was answered here, or ended.
    pub over_at: Option<UnixTime>,
    /// Hub: of its keys. Member that takes part: of its randomness.
    pub(crate) seed: Option<StoredSecret>,
    /// Hub: the noise with which the coordinator is told how many items it found; none if a band is told.
    pub noise: Option<NoiseTerms>,
    /// Hub: that number, as it was told.
    pub figure: Option<Figure>,
    /// Member: how many items it brings, and the commitment to them.
    pub bound: Option<(u32, Digest)>,
    /// Member: what they came to.
    pub(crate) values: Option<Vec<StoredSecret>>,
    /// Turns: at the hub all that it opened, at a member those in which it took part.
    pub turns: Vec<Turn>,
    /// Hub: how turns ended, by number.
    pub endings: BTreeMap<u8, TurnEnding>,
    /// Member: the items that enough members hold, until the rooms close.
    pub(crate) found: Vec<RoomOf>,
    /// Hub and member: the turn that answered.
    answered: Option<u8>,
    /// The rooms.
    pub(crate) rooms: RoomsOf,
    /// Reveals in them.
    pub(crate) reveals: RevealsOf,
}

/// The rooms of a round, as far as they concern this node.
#[derive(Default)]
pub(crate) struct RoomsOf {
    /// Relay: the turn that was answered.
    pub(crate) carried: Option<Turn>,
    /// Member: drafts that wait.
    pub(crate) drafts: Vec<(Item, Draft)>,
    /// Member: what it sent last.
    pub(crate) uploaded: Option<Uploaded>,
    pub(crate) pages: BTreeMap<u16, RoomPage>,
    /// Member: intervals whose page has its own upload.
    pub(crate) own_shown: BTreeSet<u16>,
    pub(crate) is_closed: bool,
}

/// What a member sent in an interval, as it was sent.
#[derive(Clone)]
pub(crate) struct Uploaded {
    pub(crate) posts: RoomUpload,
    /// None where the charter has no reveals.
    pub(crate) deposit: Option<RevealUpload>,
}

/// A post as a member reads it: whose room, the interval, and the post or what is wrong with it.
pub type RoomPost = (Item, u16, Result<ReadPost, BadPost>);

/// Where a round stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundPhase {
    /// Hub: it is open. Member: it is offered, and nobody has consented.
    Open,
    /// Member: it takes part.
    Joined,
    /// It was answered: at a member with so many of its items.
    Answered(Option<u32>),
    /// It ended without a result.
    Ended(Code),
}

impl RoundPhase {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Joined => "joined",
            Self::Answered(_) => "answered",
            Self::Ended(_) => "ended",
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Answered(_) | Self::Ended(_))
    }
}

/// What records of rounds are checked against.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) network: &'a Network,
    pub(crate) pilots: &'a BTreeMap<PilotId, Pilot>,
}

impl Known<'_> {
    /// Checks the terms of a ceremony against the charter that they name.
    pub(crate) fn ceremony(&self, signed: &SignedCeremony) -> Result<CeremonyTerms, CeremonyError> {
        let pilots = self.pilots.values();
        let mut verified = pilots.map(|pilot| CeremonyTerms::verify(signed.clone(), &pilot.charter, self.network.hub));
        let is_other = |verified: &Result<_, _>| matches!(verified, Err(CeremonyError::OtherCharter));
        verified.find(|verified| !is_other(verified)).unwrap_or(Err(CeremonyError::OtherCharter))
    }

    /// Checks the terms of a round against the charter and the roster that they name, of which this node may have a later one by now.
    pub(crate) fn round(&self, signed: &SignedTerms) -> Result<RoundTerms, TermsError> {
        let rosters = || self.network.rosters.iter().rev();
        let named = self.pilots.values().flat_map(|pilot| rosters().map(|roster| (&pilot.charter, roster)));
        let mut verified = named.map(|(charter, roster)| RoundTerms::verify(signed.clone(), charter, roster));
        let is_other = |verified: &Result<_, _>| matches!(verified, Err(TermsError::OtherCharter));
        verified.find(|verified| !is_other(verified)).unwrap_or(Err(TermsError::OtherCharter))
    }
}

impl Known<'_> {
    /// What the charter of a round says of reveals.
    fn reveal_rules(&self, terms: &RoundTerms) -> Option<RevealRules> {
        let charter = &self.pilots.get(&terms.body().pilot)?.charter;
        let clause = charter.body().rounds.as_ref()?.reveals.clone()?;
        let of_round = charter.digest() == terms.body().charter;
        of_round.then(|| RevealRules { clause, keep_secs: u64::from(charter.body().retention_days) * DAY_SECS })
    }
}

impl Rounds {
    pub(crate) fn fold(&mut self, record: &Record, known: Known<'_>) -> Option<()> {
        match &record.entry {
            Entry::CeremonyCalled { signed, seed } => {
                let terms = known.ceremony(signed).ok()?;
                let (seed, number) = (seed.clone(), self.ceremonies.len());
                let called = CalledCeremony { seed, boards: Vec::new(), end: None, at: record.at, number, terms };
                self.ceremonies.insert(called.terms.digest(), called);
            }
            Entry::BoardShown(board) => self.ceremonies.get_mut(&board.ceremony)?.boards.push((**board).clone()),
            Entry::KeyHeld { ceremony, key, share } => {
                let called = self.ceremonies.get_mut(ceremony)?;
                let pilot = called.terms.body().pilot;
                let held = HeldKey::verify(key, known.network.id, pilot).ok()?;
                (called.end, called.seed) = (Some(Ok(())), None);
                self.keys.insert(pilot, HeldShare { held, share: share.clone() });
            }
            Entry::CeremonyEnded { ceremony, code } => {
                let called = self.ceremonies.get_mut(ceremony)?;
                (called.end, called.seed) = (Some(Err(code.clone())), None);
            }
            Entry::RoundOpened { seed, signed, noise } => {
                let terms = known.round(signed).ok()?;
                let rules = known.reveal_rules(&terms);
                let round = self.offer(record.at, terms, rules);
                (round.seed, round.noise) = (Some(seed.clone()), *noise);
            }
            Entry::RoundOffered(signed) => {
                let terms = known.round(signed).ok()?;
                let rules = known.reveal_rules(&terms);
                self.offer(record.at, terms, rules);
            }
            Entry::RoundCharged { pilot, charge } => self.charges.push((*pilot, *charge)),
            _ => self.fold_round(record, known)?,
        }
        Some(())
    }

    fn fold_round(&mut self, record: &Record, known: Known<'_>) -> Option<()> {
        match &record.entry {
            Entry::RoundJoined { round, seed, .. } => {
                let round = self.rounds.get_mut(round)?;
                (round.phase, round.seed) = (RoundPhase::Joined, Some(seed.clone()));
            }
            Entry::RoundBound { round, items, commitment } => {
                self.rounds.get_mut(round)?.bound = Some((*items, *commitment));
            }
            Entry::RoundEvaluated { round, first, values } => {
                let known = self.rounds.get_mut(round)?.values.get_or_insert_default();
                known.truncate(*first as usize);
                known.extend(values.iter().cloned());
            }
            Entry::TurnOpened { round, signed } => {
                let round = self.rounds.get_mut(round)?;
                round.turns.push(Turn::verify((**signed).clone(), &round.terms, known.network.hub).ok()?);
            }
            Entry::TurnEnded { round, turn, ending } => {
                let round = self.rounds.get_mut(round)?;
                round.endings.insert(*turn, ending.clone());
                if ending.end == TurnEnd::Answered {
                    round.answered = Some(*turn);
                    round.over(RoundPhase::Answered(None), record.at);
                }
            }
            Entry::RoundResult { round, turn, rooms } => {
                let round = self.rounds.get_mut(round)?;
                round.answered = Some(*turn);
                round.found.clone_from(rooms);
                round.over(RoundPhase::Answered(Some(u32::try_from(rooms.len()).ok()?)), record.at);
            }
            Entry::RoundCounted { round, figure, .. } => self.rounds.get_mut(round)?.figure = Some(*figure),
            Entry::RoundEnded { round, code } => {
                self.rounds.get_mut(round)?.over(RoundPhase::Ended(code.clone()), record.at)
            }
            entry => self.fold_rooms(entry, known)?,
        }
        Some(())
    }

    fn fold_rooms(&mut self, entry: &Entry, known: Known<'_>) -> Option<()> {
        match entry {
            Entry::RoomsCarried { round, signed } => {
                let round = self.rounds.get_mut(round)?;
                round.rooms.carried = Some(Turn::verify((**signed).clone(), &round.terms, known.network.hub).ok()?);
            }
            Entry::RoomDrafted { round, item, draft } => {
                self.rounds.get_mut(round)?.rooms.drafts.push((*item, (**draft).clone()));
            }
            Entry::RoomUploaded { round, drafts, posts, deposit } => {
                let rooms = &mut self.rounds.get_mut(round)?.rooms;
                rooms.drafts.drain(..usize::from(*drafts).min(rooms.drafts.len()));
                rooms.uploaded = Some(Uploaded { posts: (**posts).clone(), deposit: deposit.as_deref().cloned() });
            }
            Entry::RoomPageShown { round, page, own } => {
                let rooms = &mut self.rounds.get_mut(round)?.rooms;
                rooms.own_shown.extend(own.then_some(page.interval));
                rooms.pages.insert(page.interval, (**page).clone());
            }
            Entry::RoomsClosed { round } => {
                let round = self.rounds.get_mut(round)?;
                round.found.clear();
                round.rooms = RoomsOf { is_closed: true, ..RoomsOf::default() };
                round.reveals.close();
            }
            entry => self.fold_reveals(entry)?,
        }
        Some(())
    }

    fn fold_reveals(&mut self, entry: &Entry) -> Option<()> {
        match entry {
            Entry::RevealStands { round, reveal, known } => {
                self.rounds.get_mut(round)?.reveals.known.insert(*reveal, (**known).clone());
            }
            Entry::RevealErased { round, reveal } => {
                self.rounds.get_mut(round)?.reveals.known.remove(reveal)?;
            }
            Entry::RevealPageRead { round, interval } => {
                self.rounds.get_mut(round)?.reveals.read.insert(*interval);
            }
            Entry::RevealPageShown { round, page, escrow } => {
                let reveals = &mut self.rounds.get_mut(round)?.reveals;
                reveals.pages.insert(page.interval, (**page).clone());
                reveals.escrow = (**escrow).clone();
            }
            _ => return None,
        }
        Some(())
    }

    fn offer(&mut self, at: UnixTime, terms: RoundTerms, rules: Option<RevealRules>) -> &mut KnownRound {
        let (round, terms) = (terms.body().round, Arc::new(terms));
        self.rounds.entry(round).or_insert_with(|| KnownRound {
            terms,
            phase: RoundPhase::Open,
            at,
            over_at: None,
            seed: None,
            noise: None,
            figure: None,
            bound: None,
            values: None,
            turns: Vec::new(),
            endings: BTreeMap::new(),
            found: Vec::new(),
            answered: None,
            rooms: RoomsOf::default(),
            reveals: RevealsOf { rules, ..RevealsOf::default() },
        })
    }

    /// Ceremonies by the digests of their terms.
    pub fn ceremonies(&self) -> &BTreeMap<Digest, CalledCeremony> {
        &self.ceremonies
    }

    /// The newest key of each pilot.
    pub fn keys(&self) -> &BTreeMap<PilotId, HeldShare> {
        &self.keys
    }

    /// Rounds.
    pub fn rounds(&self) -> &BTreeMap<RunId, KnownRound> {
        &self.rounds
    }

    /// Keyholder: what was evaluated for whom.
    pub fn charges(&self) -> &[(PilotId, Charge)] {
        &self.charges
    }

    /// The ceremony of a pilot that was called last and has not ended.
    pub(crate) fn open_ceremony(&self, pilot: PilotId) -> Option<Digest> {
        let mut open = self.ceremonies.iter().filter(|(_, called)| called.end.is_none());
        open.find(|(_, called)| called.terms.body().pilot == pilot).map(|(digest, _)| *digest)
    }
}

impl HeldShare {
    /// Whether this node holds a share.
    pub fn is_holder(&self) -> bool {
        self.share.is_some()
    }

    pub(crate) fn share(&self) -> Option<Share> {
        let stored = self.share.as_ref()?;
        let mut bytes = zeroize::Zeroizing::new([0; 33]);
        bytes[0] = stored.number;
        bytes[1..].copy_from_slice(&stored.scalar.0);
        Share::decode(&bytes).ok()
    }

    pub(crate) fn stored(share: &Share) -> StoredShare {
        let bytes = share.encode();
        let scalar = *bytes.last_chunk().expect("a share has 33 bytes");
        StoredShare { number: bytes[0], scalar: StoredSecret(scalar) }
    }
}

impl KnownRound {
    /// Hub: the charge of its count, of the month in which it was opened; none if it is not counted.
    pub(crate) fn charge(&self) -> Option<count::Charge> {
        Some(count::Charge::of_round(&self.terms, Day::of(self.at).month(), self.noise?))
    }

    /// What is over needs no secrets but the keys of rooms. Those of the hub open posts.
    fn over(&mut self, phase: RoundPhase, at: UnixTime) {
        self.phase = phase;
        self.over_at = Some(at);
        self.values = None;
    }

    pub(crate) fn seed(&self) -> Option<Seed> {
        self.seed.as_ref().map(|seed| Seed::new(seed.0))
    }

    pub(crate) fn values(&self) -> Option<Vec<Secret32>> {
        Some(self.values.as_ref()?.iter().map(|value| Secret32::new(value.0)).collect())
    }

    /// The turn that answered: at the hub, at a member that has its answer, at the relay.
    pub(crate) fn answered(&self) -> Option<&Turn> {
        let turn = self.answered.and_then(|number| self.turns.iter().find(|turn| turn.number() == number));
        turn.or(self.rooms.carried.as_ref())
    }

    /// Items that have a room here: those that enough members hold, until the rooms close.
    pub fn rooms(&self) -> impl Iterator<Item = Item> {
        self.found.iter().map(|room| room.item)
    }

    /// The number of an item's room, from 1; none if the round has no rooms, or this item none.
    pub fn room_number(&self, item: Item) -> Option<u32> {
        let at = self.rooms().position(|of| of == item).filter(|_| self.terms.body().rooms.intervals > 0)?;
        u32::try_from(at + 1).ok()
    }

    /// Everything in this member's rooms, by intervals. Work is posts times rooms.
    pub fn posts(&self) -> Vec<RoomPost> {
        let Some(execution) = self.answered().map(Turn::execution) else { return Vec::new() };
        let keys: Vec<RoomKey> = self.found.iter().map(|room| RoomKey::new(Secret32::new(room.key.0))).collect();
        let read = |(interval, page): (&u16, &RoomPage)| {
            let interval = *interval;
            let opened = read_page(&self.terms, execution, page, &keys).unwrap_or_default();
            opened.into_iter().map(move |(room, post)| (self.found[room].item, interval, post))
        };
        self.rooms.pages.iter().flat_map(read).collect()
    }

    /// What the round reveals: a person consents to it by its digest.
    pub fn leakage(&self) -> RoundLeakage {
        RoundLeakage::of(self.terms.body().threshold)
    }

    /// Drafts that have not left.
    pub fn drafts(&self) -> usize {
        self.rooms.drafts.len()
    }
}
