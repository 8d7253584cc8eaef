//! One side of a reveal, from the request to what the other side showed (`docs/spec/reveal.md` §1).
//!
//! Each transition gives the next value and leaves the one before as it is: whoever drives it stores the next before it carries out what goes with
//! it. Nothing here goes from one stage to the next by itself, but for what the other side said and for expiry.

use core::fmt;

use cwg_crypto::hpke::OpeningKey;
use cwg_crypto::{Digest, Domain, Secret32, Seed, SigningKey, digest};
use serde::{Deserialize, Serialize};

use super::approval::{Approval, BadEvidence, Evidence, Side, Statement};
use super::board::check_page;
use super::deposit::{Deposit, Purpose, RevealPage, Slot, open_box, open_slot, seal_box, seal_slot};
use super::fields::{Fields, Values};
use super::leakage::LEAKAGE;
use super::limits::{APPROVERS, BOX_PLAIN_LEN, HOLD_INTERVALS};
use super::refusal::RevealRefusal;
use super::step::{ReadStep, RevealId, Step};
use crate::charter::LiveCharter;
use crate::round::room::{Pseudonym, RoomKey};
use crate::round::{Execution, SharedTerms};
use crate::violation::Violation;
use crate::wire::{BoundedVec, decode_canonical, encode};
use crate::{NodeKey, OperatorKey};

/// Where a reveal happens: one member, in one room. The writer's secret is that of its posts.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The round.
    pub terms: &'a SharedTerms,
    /// The turn that gave the room.
    pub execution: Execution,
    /// The room.
    pub room: &'a RoomKey,
    /// The member's secret for the turn.
    pub writer: &'a Secret32,
}

/// What both sides know of a reveal since its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    id: RevealId,
    /// Of room, turn, both pseudonyms and number.
    name: Digest,
    requester: Pseudonym,
    asked: Pseudonym,
    offers: Fields,
    asks: Fields,
    expires: u16,
}

/// What the own side would show, and who has approved it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Own {
    statement: Statement,
    values: Values,
    approvals: BoundedVec<Approval, APPROVERS>,
}

/// How far a reveal is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Another holder asks: a person decides whether to answer.
    AwaitAnswer,
    /// The own values are written down, and fewer than two persons have approved them.
    AwaitApprovals,
    /// Two have: request or consent may be posted.
    Approved,
    /// The request is posted.
    AwaitConsent,
    /// The other side agreed in this interval: the own box is to be deposited.
    Agreed {
        /// The interval.
        since: u16,
    },
    /// The own box was deposited in this interval.
    AwaitRelease {
        /// The interval.
        since: u16,
    },
    /// Both boxes were released.
    Released(Box<Released>),
    /// A box of the other side was released, and is not what it should be. It has the own one.
    Broken,
    /// The one who was asked declined.
    Declined,
    /// One side took it back.
    Withdrawn,
    /// Its time is over.
    Expired,
}

/// What came of a reveal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// What the other side showed.
    pub shown: Evidence,
    /// The same on both sides, of this reveal alone: digests of what each showed, and nothing of it.
    pub receipt: Digest,
    /// The interval of the page.
    pub interval: u16,
}

/// One side of a reveal, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reveal {
    asked: Asked,
    side: Side,
    own: Option<Own>,
    /// The key to which the own box is sealed, and the hub's slot, as soon as they are known.
    other_key: Option<[u8; 32]>,
    slot: Option<Slot>,
    stage: Stage,
}

/// Whose a reveal is: the member, under the live charter whose clause allows it.
#[derive(Clone, Debug)]
pub struct Ground<'a> {
    /// The charter, live now.
    pub charter: LiveCharter<'a>,
    /// This member.
    pub member: NodeKey,
}

/// What a requester wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of whom.
    pub to: Pseudonym,
    /// What the own side would show.
    pub values: Values,
    /// What it asks for.
    pub asks: Fields,
    /// The last interval in which it may be consented to.
    pub expires: u16,
}

impl Reveal {
    /// Writes down a request in this interval. Nothing is sent before two persons have approved it. The number serves this request alone, and is
    /// random.
    ///
    /// # Errors
    /// What is missing, by name.
    pub fn request(
        at: &Place<'_>,
        ground: &Ground<'_>,
        wanted: Wanted,
        interval: u16,
        id: RevealId,
    ) -> Result<Self, RevealRefusal> {
        let requester = at.room.pseudonym_of(at.writer);
        let Wanted { to, values, asks, expires } = wanted;
        if to == requester {
            return Err(RevealRefusal::ThisMember);
        }
        if expires <= interval || expires >= at.terms.body().rooms.intervals {
            return Err(RevealRefusal::Expiry);
        }
        let asked = Asked::new(at, id, requester, to, values.fields()?, asks, expires);
        let mut reveal =
            Self { asked, side: Side::Requester, own: None, other_key: None, slot: None, stage: Stage::AwaitApprovals };
        reveal.own = Some(reveal.own(at, ground, values)?);
        Ok(reveal)
    }

    /// What another holder asks of this member, if this is a request to it that can still be answered.
    pub fn asked(at: &Place<'_>, read: &ReadStep, interval: u16) -> Option<Self> {
        let Step::Request { id, to, offers, asks, expires, box_key } = read.step else { return None };
        let is_mine = to == at.room.pseudonym_of(at.writer) && read.writer != to;
        if !is_mine || expires <= interval || expires >= at.terms.body().rooms.intervals {
            return None;
        }
        let asked = Asked::new(at, id, read.writer, to, offers, asks, expires);
        let (own, slot) = (None, None);
        Some(Self { asked, side: Side::Asked, own, other_key: Some(box_key), slot, stage: Stage::AwaitAnswer })
    }

    /// Writes down an answer: exactly the fields that were asked for. Nothing is sent before two persons have approved it.
    ///
    /// # Errors
    /// What is missing, by name.
    pub fn answer(&self, at: &Place<'_>, ground: &Ground<'_>, values: Values) -> Result<Self, RevealRefusal> {
        self.expect(self.stage == Stage::AwaitAnswer)?;
        if values.fields()? != self.asked.asks {
            return Err(RevealRefusal::OtherFields);
        }
        let own = Some(self.own(at, ground, values)?);
        Ok(Self { own, stage: Stage::AwaitApprovals, ..self.clone() })
    }

    /// What a person signs who approves: turn, room, both pseudonyms, the charter with its clause, member, the very values, what is asked for in return, and the
    /// expiry. Everything of it is in [`Self::values`], [`Self::fields`] and the request.
    ///
    /// # Errors
    /// If it is not the stage.
    pub fn to_be_approved(&self) -> Result<Digest, RevealRefusal> {
        self.expect(self.stage == Stage::AwaitApprovals)?;
        Ok(self.signed().ok_or(RevealRefusal::Stage)?.1)
    }

    /// Takes a person's approval. `approvers` are the keys of those who may approve for this member.
    ///
    /// # Errors
    /// If the person may not, has already, or signed something else.
    pub fn approve(&self, approval: Approval, approvers: &[OperatorKey]) -> Result<Self, RevealRefusal> {
        let statement = self.to_be_approved()?;
        if !approvers.contains(&approval.key) {
            return Err(RevealRefusal::NotApprover);
        }
        if !approval.holds(statement) {
            return Err(RevealRefusal::BadApproval);
        }
        let mut own = self.own.clone().ok_or(RevealRefusal::Stage)?;
        if own.approvals.iter().any(|known| known.key == approval.key) {
            return Err(RevealRefusal::SamePerson);
        }
        let approvals = [own.approvals.to_vec(), vec![approval]].concat();
        let stage = if approvals.len() == APPROVERS { Stage::Approved } else { Stage::AwaitApprovals };
        own.approvals = approvals.try_into().map_err(|_| RevealRefusal::Stage)?;
        Ok(Self { own: Some(own), stage, ..self.clone() })
    }

    /// The request as a step, to be posted in this interval.
    ///
    /// # Errors
    /// If it is not an approved request, or too late for it.
    pub fn post_request(&self, at: &Place<'_>, interval: u16) -> Result<(Self, Step), RevealRefusal> {
        self.expect(self.stage == Stage::Approved && self.side == Side::Requester && interval < self.asked.expires)?;
        let Asked { id, asked: to, offers, asks, expires, .. } = self.asked;
        let box_key = self.asked.public_key(at);
        let step = Step::Request { id, to, offers, asks, expires, box_key };
        Ok((Self { stage: Stage::AwaitConsent, ..self.clone() }, step))
    }

    /// The consent as a step, and the own box: both to be sent in this interval. The node's key vouches for the approvers.
    ///
    /// # Errors
    /// If it is not an approved answer, too late for it, or the other side's key is none.
    pub fn consent(
        &self,
        at: &Place<'_>,
        interval: u16,
        node: &SigningKey,
        seed: &Seed,
    ) -> Result<(Self, Step, Deposit), RevealRefusal> {
        self.expect(self.stage == Stage::Approved && self.side == Side::Asked && interval <= self.asked.expires)?;
        let name = &self.asked.name;
        let secret = at.room.own_secret(Domain::RevealSlot, at.writer, name.as_bytes());
        let slot = Slot(*secret.expose().first_chunk().expect("32 bytes have 16"));
        let key = self.other_key.ok_or(RevealRefusal::Stage)?;
        let sealed = seal_slot(key, name, slot, seed.fork("slot", 0)).ok_or(RevealRefusal::BadKey)?;
        let (id, to, box_key) = (self.asked.id, self.asked.requester, self.asked.public_key(at));
        let step = Step::Consent { id, to, box_key, slot: sealed };
        let next = Self { slot: Some(slot), stage: Stage::AwaitRelease { since: interval }, ..self.clone() };
        let deposit = next.own_box(at, node, seed)?;
        Ok((next, step, deposit))
    }

    /// The own box, after the other side's consent: to be sent in this interval.
    ///
    /// # Errors
    /// If the other side has not consented, or so long ago that the hub holds its box no more, or its key is none.
    pub fn deposit(
        &self,
        at: &Place<'_>,
        interval: u16,
        node: &SigningKey,
        seed: &Seed,
    ) -> Result<(Self, Deposit), RevealRefusal> {
        let Stage::Agreed { since } = self.stage else { return Err(RevealRefusal::Stage) };
        self.expect(interval > since && interval - since <= HOLD_INTERVALS)?;
        let deposit = self.own_box(at, node, seed)?;
        Ok((Self { stage: Stage::AwaitRelease { since: interval }, ..self.clone() }, deposit))
    }

    /// Declines, whatever was written down: a step, which may be posted or not. The hub sees neither.
    ///
    /// # Errors
    /// If it is not an open request to this member.
    pub fn decline(&self) -> Result<(Self, Step), RevealRefusal> {
        let is_open = matches!(self.stage, Stage::AwaitAnswer | Stage::AwaitApprovals | Stage::Approved);
        self.expect(is_open && self.side == Side::Asked)?;
        let step = Step::Decline { id: self.asked.id, to: self.asked.requester };
        Ok((self.over(Stage::Declined), step))
    }

    /// Takes back what was said, before it is released: a step once something was posted, and a deposit once one was sent. In the interval of the
    /// release, the withdrawal comes first.
    ///
    /// # Errors
    /// If the reveal is over, or this side never answered.
    pub fn withdraw(&self, at: &Place<'_>) -> Result<(Self, Option<Step>, Option<Deposit>), RevealRefusal> {
        let (is_said, is_sent) = match self.stage {
            Stage::AwaitApprovals | Stage::Approved if self.side == Side::Requester => (false, false),
            Stage::AwaitConsent | Stage::Agreed { .. } => (true, false),
            Stage::AwaitRelease { .. } => (true, true),
            _ => return Err(RevealRefusal::Stage),
        };
        let step = is_said.then_some(Step::Withdraw { id: self.asked.id, to: self.asked.of(self.side.other()) });
        let deposit = self.slot.filter(|_| is_sent).map(|slot| {
            let mark = *self.asked.mark(at).expose();
            Deposit { purpose: Purpose::Withdraw, slot, mark, sealed: vec![0; super::deposit::BOX_LEN] }
        });
        Ok((self.over(Stage::Withdrawn), step, deposit))
    }

    /// Takes what the other side said on a page of this interval. What is of another reveal, or comes too late or twice, changes nothing.
    #[must_use]
    pub fn on_step(&self, at: &Place<'_>, read: &ReadStep, interval: u16) -> Self {
        let other = self.asked.of(self.side.other());
        let is_ours =
            read.writer == other && read.step.to() == self.asked.of(self.side) && read.step.id() == self.asked.id;
        if !is_ours {
            return self.clone();
        }
        match (&self.stage, read.step) {
            (Stage::AwaitConsent, Step::Consent { box_key, slot, .. }) if interval <= self.asked.expires => {
                let secret = self.asked.box_secret(at);
                let Some(slot) = open_slot(&secret, &self.asked.name, &slot) else { return self.clone() };
                let (slot, other_key) = (Some(slot), Some(box_key));
                Self { slot, other_key, stage: Stage::Agreed { since: interval }, ..self.clone() }
            }
            (Stage::AwaitConsent, Step::Decline { .. }) => self.over(Stage::Declined),
            (stage, Step::Withdraw { .. }) if stage.is_open() && !matches!(stage, Stage::AwaitRelease { .. }) => {
                self.over(Stage::Withdrawn)
            }
            _ => self.clone(),
        }
    }

    /// Tries the boxes of a page. The other side's, once it is there, ends the reveal.
    ///
    /// # Errors
    /// If the page is not one of this turn, with as many boxes as there must be, in their order.
    pub fn on_page(&self, at: &Place<'_>, page: &RevealPage) -> Result<(Self, Option<BadEvidence>), Violation> {
        check_page(at.terms, at.execution, page)?;
        let (Stage::AwaitRelease { since }, Some(slot)) = (&self.stage, self.slot) else {
            return Ok((self.clone(), None));
        };
        if page.interval < *since {
            return Ok((self.clone(), None));
        }
        let key = OpeningKey::derive(&self.asked.box_secret(at));
        let mut bad = None;
        for shown in page.boxes.iter() {
            let Some(opened) = open_box(&key, &self.asked.name, slot, self.side.other(), shown) else { continue };
            match self.check_box(at, &opened) {
                Ok((shown, receipt)) => {
                    let released = Box::new(Released { shown, receipt, interval: page.interval });
                    return Ok((Self { stage: Stage::Released(released), ..self.clone() }, None));
                }
                Err(found) => bad = Some(found),
            }
        }
        let stage = if bad.is_some() { Stage::Broken } else { self.stage.clone() };
        Ok((Self { stage, ..self.clone() }, bad))
    }

    /// What an interval that has begun makes of it. What was written down and not released is erased.
    #[must_use]
    pub fn on_interval(&self, interval: u16) -> Self {
        let is_over = match self.stage {
            Stage::AwaitAnswer | Stage::AwaitApprovals | Stage::Approved => interval > self.asked.expires,
            // The page of the last interval is read in the one after it.
            Stage::AwaitConsent => interval > self.asked.expires.saturating_add(1),
            Stage::Agreed { since } => interval > since.saturating_add(HOLD_INTERVALS),
            Stage::AwaitRelease { since } => interval > since.saturating_add(HOLD_INTERVALS + 1),
            _ => false,
        };
        if is_over { self.over(Stage::Expired) } else { self.clone() }
    }

    /// How far it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Which side this is.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Its number, and the other side.
    pub fn of(&self) -> (RevealId, Pseudonym) {
        (self.asked.id, self.asked.of(self.side.other()))
    }

    /// What this side shows, and what it sees for it.
    pub fn fields(&self) -> (Fields, Fields) {
        match self.side {
            Side::Requester => (self.asked.offers, self.asked.asks),
            Side::Asked => (self.asked.asks, self.asked.offers),
        }
    }

    /// The own values, unless the reveal is over without a release.
    pub fn values(&self) -> Option<&Values> {
        self.own.as_ref().map(|own| &own.values)
    }

    /// The last interval in which it may be consented to.
    pub fn expires(&self) -> u16 {
        self.asked.expires
    }

    /// Ends it without a release: what was written down is erased.
    fn over(&self, stage: Stage) -> Self {
        Self { own: None, stage, ..self.clone() }
    }

    fn expect(&self, holds: bool) -> Result<(), RevealRefusal> {
        if holds { Ok(()) } else { Err(RevealRefusal::Stage) }
    }

    fn own(&self, at: &Place<'_>, ground: &Ground<'_>, values: Values) -> Result<Own, RevealRefusal> {
        let charter = ground.charter.charter();
        if charter.digest() != at.terms.body().charter {
            return Err(RevealRefusal::OtherCharter);
        }
        if !at.terms.names(ground.member) || !charter.names(ground.member) {
            return Err(RevealRefusal::NotNamed);
        }
        if charter.body().rounds.as_ref().is_none_or(|rules| rules.reveals.is_none()) {
            return Err(RevealRefusal::NoClause);
        }
        let statement = self.statement(at, self.side, ground.member);
        Ok(Own { statement, values, approvals: BoundedVec::default() })
    }

    fn statement(&self, at: &Place<'_>, side: Side, member: NodeKey) -> Statement {
        let asks = match side {
            Side::Requester => self.asked.asks,
            Side::Asked => self.asked.offers,
        };
        let (name, expires) = (self.asked.name, self.asked.expires);
        Statement { name, side, charter: at.terms.body().charter, leakage: LEAKAGE.digest(), asks, expires, member }
    }

    fn signed(&self) -> Option<(&Own, Digest)> {
        self.own.as_ref().map(|own| (own, own.statement.digest(&own.values)))
    }

    fn own_box(&self, at: &Place<'_>, node: &SigningKey, seed: &Seed) -> Result<Deposit, RevealRefusal> {
        let evidence = self.evidence(at, node)?;
        self.boxed(at, &encode(&evidence), seed)
    }

    fn evidence(&self, at: &Place<'_>, node: &SigningKey) -> Result<Evidence, RevealRefusal> {
        let own = self.own.as_ref().ok_or(RevealRefusal::Stage)?;
        let approvals = own.approvals.to_vec().try_into().map_err(|_| RevealRefusal::Stage)?;
        if NodeKey(node.verifying_key()) != own.statement.member {
            return Err(RevealRefusal::NotNamed);
        }
        let sign_as_writer = |signed: &[u8]| at.room.sign_as(at.writer, Domain::RevealWriter, signed);
        Ok(Evidence::new(&own.statement, own.values.clone(), approvals, node, sign_as_writer))
    }

    fn boxed(&self, at: &Place<'_>, plain: &[u8], seed: &Seed) -> Result<Deposit, RevealRefusal> {
        let (Some(slot), Some(key)) = (self.slot, self.other_key) else { return Err(RevealRefusal::Stage) };
        let sealed = seal_box(key, &self.asked.name, slot, self.side, plain, seed.fork("box", 0));
        let sealed = sealed.ok_or(RevealRefusal::BadKey)?;
        let mark = *digest(Domain::RevealMarkDigest, &[self.asked.mark(at).expose()]).as_bytes();
        Ok(Deposit { purpose: Purpose::Hold, slot, mark, sealed })
    }

    fn check_box(&self, at: &Place<'_>, opened: &[u8]) -> Result<(Evidence, Digest), BadEvidence> {
        let shown: Evidence = decode_canonical(opened, BOX_PLAIN_LEN).map_err(|_| BadEvidence::Form)?;
        let (own, own_signed) = self.signed().ok_or(BadEvidence::Form)?;
        if !at.terms.names(shown.member) || shown.member == own.statement.member {
            return Err(BadEvidence::Member);
        }
        let other = |member| self.statement(at, self.side.other(), member);
        let writer = self.asked.of(self.side.other());
        let signed = shown.check(other, self.fields().1, writer)?;
        let (first, second) = match self.side {
            Side::Requester => (own_signed, signed),
            Side::Asked => (signed, own_signed),
        };
        let parts = [self.asked.name.as_bytes().as_slice(), first.as_bytes(), second.as_bytes()];
        Ok((shown, digest(Domain::RevealReceipt, &parts)))
    }
}

impl fmt::Debug for Reveal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reveal({:?})", self.side)
    }
}

impl Stage {
    /// Whether anything may still come of it.
    pub fn is_open(&self) -> bool {
        match self {
            Self::AwaitAnswer | Self::AwaitApprovals | Self::Approved | Self::AwaitConsent => true,
            Self::Agreed { .. } | Self::AwaitRelease { .. } => true,
            Self::Released(_) | Self::Broken | Self::Declined | Self::Withdrawn | Self::Expired => false,
        }
    }
}

impl Asked {
    fn new(
        at: &Place<'_>,
        id: RevealId,
        requester: Pseudonym,
        asked: Pseudonym,
        offers: Fields,
        asks: Fields,
        expires: u16,
    ) -> Self {
        let parts: [&[u8]; 4] = [at.execution.0.as_bytes(), requester.as_bytes(), asked.as_bytes(), &id.0];
        let name = at.room.common_secret(Domain::RevealName, &parts);
        Self { id, name: Digest::from_bytes(*name.expose()), requester, asked, offers, asks, expires }
    }

    fn of(&self, side: Side) -> Pseudonym {
        match side {
            Side::Requester => self.requester,
            Side::Asked => self.asked,
        }
    }

    /// The secret of the key to which the other side's box is sealed.
    fn box_secret(&self, at: &Place<'_>) -> Secret32 {
        at.room.own_secret(Domain::RevealBox, at.writer, self.name.as_bytes())
    }

    fn public_key(&self, at: &Place<'_>) -> [u8; 32] {
        *OpeningKey::derive(&self.box_secret(at)).public().as_bytes()
    }

    fn mark(&self, at: &Place<'_>) -> Secret32 {
        at.room.own_secret(Domain::RevealMark, at.writer, self.name.as_bytes())
    }
}

#[cfg(test)]
impl Reveal {
    /// A box with something else in it.
    pub(super) fn forged_box(
        &self,
        at: &Place<'_>,
        node: &SigningKey,
        seed: &Seed,
        forge: &dyn Fn(Evidence) -> Vec<u8>,
    ) -> Result<Deposit, RevealRefusal> {
        self.boxed(at, &forge(self.evidence(at, node)?), seed)
    }
}
