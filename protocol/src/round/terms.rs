//! The terms of a round: what the hub signs once and shows to everyone alike (`docs/spec/round-messages.md` §1).
//!
//! Everything in a round is bound to their digest. Keyholders and relay take part under their own copy alone, so a hub that
//! shows a member other terms, say with an issuer's key of its own, is found out unless they all work with it.

use std::sync::Arc;

use cwg_crypto::collect::{SLOTS_MAX, TableParams};
use cwg_crypto::hpke::{OVERHEAD, Sealer, SealingKey};
use cwg_crypto::voprf::PublicKey;
use cwg_crypto::{Digest, Domain, Seed, SigningKey};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::key::{HeldKey, KeyError, SignedKey};
use super::leakage::RoundLeakage;
use super::limits::{
    RELAYS_MAX, ROOM_INTERVALS_MAX, ROOM_POSTS_MAX, STEP_SECS_MAX, STEP_SECS_MIN, TERMS_LEN_MAX, UPLOADS_SPARE,
};
use crate::charter::{Charter, RunKind};
use crate::indicator::{IndicatorKind, Roles};
use crate::roster::Roster;
use crate::signed::{Signed, Unopened};
use crate::wire::BoundedVec;
use crate::wire::limits::{MEMBERS_MAX, SELECTION_MAX};
use crate::{Epoch, NetworkId, NodeKey, PilotId, RunId, UnixTime};

/// How many items of one kind every member brings, dummies included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindItems {
    /// The kind.
    pub kind: IndicatorKind,
    /// The roles in which it may enter.
    pub roles: Roles,
    /// Items. Every member has as many evaluated, whatever it holds.
    pub items: u32,
}

/// When what is due. Steps of a turn count from its opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Until when keyholders evaluate.
    pub evaluate_by: UnixTime,
    /// Seconds from a turn's opening until tickets are shown.
    pub claim_secs: u32,
    /// Seconds from then until lists are uploaded.
    pub upload_secs: u32,
    /// Seconds by which one member may hold up all others.
    pub stall_secs: u32,
    /// Answers leave the hub at whole multiples of so many seconds, so that the time of the search says nothing.
    pub beat_secs: u32,
    /// Seconds from the end of uploads until answers are there.
    pub answer_secs: u32,
    /// When the round ends, whatever happened.
    pub ends: UnixTime,
}

/// Whether posts of the rooms may have free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreeText {
    /// Templates alone.
    Off,
    /// A short text may go with a template.
    On,
}

/// The rooms of a round: when everyone posts, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomTerms {
    /// Start of the first interval.
    pub opens: UnixTime,
    /// Seconds of each.
    pub interval_secs: u32,
    /// How many there are; none if the round has no rooms.
    pub intervals: u16,
    /// Posts of every member in every interval, real or not.
    pub posts: u8,
    /// Whether they may have free text.
    pub text: FreeText,
}

/// What a hub signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsBody {
    /// The network.
    pub network: NetworkId,
    /// The pilot.
    pub pilot: PilotId,
    /// Its charter.
    pub charter: Digest,
    /// The epoch of the roster.
    pub epoch: Epoch,
    /// The round. One round has one terms.
    pub round: RunId,
    /// Members that must hold an item.
    pub threshold: u8,
    /// The kinds, strictly ascending, with the number of items of each.
    pub kinds: BoundedVec<KindItems, SELECTION_MAX>,
    /// Tables of each upload; none where tags are sent.
    pub tables: u8,
    /// The digest of what the round reveals ([`RoundLeakage`]): what members consent to.
    pub leakage: Digest,
    /// The key of the oblivious function.
    pub key: SignedKey,
    /// The public key under which tickets are issued.
    pub issuer: PublicKey,
    /// The hub's public key to which uploads are sealed.
    pub sealing: [u8; 32],
    /// Who takes part, strictly ascending.
    pub members: BoundedVec<NodeKey, MEMBERS_MAX>,
    /// Whose turn it is to carry uploads: the first, then the others if it fails.
    pub relays: BoundedVec<NodeKey, RELAYS_MAX>,
    /// Uploads without which there is no result.
    pub uploads_min: u8,
    /// When what is due.
    pub schedule: Schedule,
    /// The rooms.
    pub rooms: RoomTerms,
}

/// Terms as they travel and are stored: nothing about them is known yet.
pub type SignedTerms = Signed<TERMS_LEN_MAX>;

/// Terms that were checked against charter and roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTerms {
    body: TermsBody,
    key: HeldKey,
    form: Form,
    digest: Digest,
    signed: SignedTerms,
}

/// Why terms are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// Not signed by the hub this node pinned.
    #[error("the terms are not signed by this network's hub")]
    WrongSigner,
    /// Not the canonical encoding.
    #[error("the terms are malformed")]
    Malformed,
    /// Of another network, pilot, charter or epoch.
    #[error("the terms are not of this charter and roster")]
    OtherCharter,
    /// The charter does not allow it.
    #[error("the charter does not allow the round: {0}")]
    NotAllowed(&'static str),
    /// Another leakage statement than this build's: what would be consented to is not what this build does.
    #[error("the terms name another leakage statement than this build's")]
    OtherLeakage,
    /// They break a rule of their own.
    #[error("the terms break a rule: {0}")]
    Rule(&'static str),
    /// The key is not held by members.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The hub has signed two different terms of one round.
    #[error("two different terms of one round are signed: the hub shows different members different rounds")]
    Fork,
}

impl TermsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongSigner => "terms-wrong-signer",
            Self::Malformed => "terms-malformed",
            Self::OtherCharter => "terms-other-charter",
            Self::NotAllowed(_) => "terms-not-allowed",
            Self::OtherLeakage => "terms-other-leakage",
            Self::Rule(_) => "terms-rule",
            Self::Key(error) => error.code(),
            Self::Fork => "terms-fork",
        }
    }
}

impl RoundTerms {
    /// Signs terms as the hub.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn sign(body: &TermsBody, hub: &SigningKey, charter: &Charter, roster: &Roster) -> Result<Self, TermsError> {
        let signed = SignedTerms::sign(body, Domain::RoundTerms, hub).ok_or(TermsError::Rule("they are short"))?;
        Self::verify(signed, charter, roster)
    }

    /// Checks terms against the charter and the roster in force. Whether the charter is live is the caller's to check.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn verify(signed: SignedTerms, charter: &Charter, roster: &Roster) -> Result<Self, TermsError> {
        let body: TermsBody =
            signed.open(Domain::RoundTerms, roster.body().hub.node).map_err(|unopened| match unopened {
                Unopened::Signer => TermsError::WrongSigner,
                Unopened::Form => TermsError::Malformed,
            })?;
        let named = (body.network, body.pilot, body.charter, body.epoch);
        let expected = (charter.body().network, charter.body().pilot, charter.digest(), roster.epoch());
        if named != expected || roster.body().network != body.network {
            return Err(TermsError::OtherCharter);
        }
        check_allowed(&body, charter, roster)?;
        check_rules(&body)?;
        if body.leakage != RoundLeakage::of(body.threshold).digest() {
            return Err(TermsError::OtherLeakage);
        }
        let form = check_form(&body)?;
        let key = HeldKey::verify(&body.key, body.network, body.pilot)?;
        let holds = |holder: &NodeKey| roster.active_by_node(*holder).is_some();
        allow(key.body().holders.iter().all(holds), "its keyholders are active members")?;
        let rules = charter.body().rounds.as_ref().ok_or(TermsError::NotAllowed("it has no rounds"))?;
        rules.check_holders(&key.body().holders, key.key().threshold()).map_err(TermsError::NotAllowed)?;
        allow(body.uploads_min >= rules.uploads_min, "it has more members upload")?;
        let digest = signed.digest(Domain::RoundTermsDigest);
        Ok(Self { body, key, form, digest, signed })
    }

    /// Checks that these are the terms that are known of the round, if any are.
    ///
    /// # Errors
    /// If the hub has signed two different ones. Both together prove it.
    pub fn same_as(&self, known: &Self) -> Result<(), TermsError> {
        let same_round = self.body.round == known.body.round && self.body.network == known.body.network;
        if same_round && self.digest != known.digest { Err(TermsError::Fork) } else { Ok(()) }
    }

    /// What they say.
    pub fn body(&self) -> &TermsBody {
        &self.body
    }

    /// Their digest, which everything before a turn names.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// As they travel.
    pub fn signed(&self) -> &SignedTerms {
        &self.signed
    }

    /// The key of the oblivious function.
    pub fn key(&self) -> &HeldKey {
        &self.key
    }

    /// The sizes of uploads and answers.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The key to which uploads are sealed.
    pub fn sealing(&self) -> SealingKey {
        SealingKey::from_bytes(self.body.sealing)
    }

    /// Whether a node takes part.
    pub fn names(&self, member: NodeKey) -> bool {
        self.body.members.contains(&member)
    }

    /// Who carries the posts of an interval of the rooms that a turn gave: relays take turns, so that one which is lost costs its own
    /// intervals alone.
    pub fn room_relay(&self, turn: u8, interval: u16) -> NodeKey {
        let relays = &self.body.relays;
        relays[(usize::from(turn) + usize::from(interval)) % relays.len()]
    }

    /// Items of one kind that every member brings.
    pub fn items_of(&self, kind: IndicatorKind) -> Option<u32> {
        self.body.kinds.iter().find(|entry| entry.kind == kind).map(|entry| entry.items)
    }
}

/// Terms that several machines of one node read.
pub type SharedTerms = Arc<RoundTerms>;

fn allow(holds: bool, text: &'static str) -> Result<(), TermsError> {
    if holds { Ok(()) } else { Err(TermsError::NotAllowed(text)) }
}

fn rule(holds: bool, text: &'static str) -> Result<(), TermsError> {
    if holds { Ok(()) } else { Err(TermsError::Rule(text)) }
}

fn check_allowed(body: &TermsBody, charter: &Charter, roster: &Roster) -> Result<(), TermsError> {
    let kinds = body.kinds.iter().map(|entry| (entry.kind, entry.roles));
    let items = body.kinds.iter().map(|entry| u64::from(entry.items)).sum();
    let times = [body.schedule.evaluate_by, body.schedule.ends];
    charter.check_run(RunKind::Round, kinds, items, times).map_err(TermsError::NotAllowed)?;
    let is_active = |member: &NodeKey| charter.names(*member) && roster.active_by_node(*member).is_some();
    allow(body.members.iter().all(is_active), "those who take part are active members of the charter")?;
    allow(body.rooms.intervals == 0 || charter.covers(body.rooms.closes()), "rooms are not within the charter's dates")
}

fn check_rules(body: &TermsBody) -> Result<(), TermsError> {
    rule((2..=SLOTS_MAX).contains(&body.threshold), "an item is held by 2 to 15 members")?;
    rule(!body.kinds.is_empty(), "they need a kind")?;
    rule(body.kinds.is_sorted_by(|a, b| a.kind < b.kind), "kinds are sorted and stand once")?;
    rule(body.kinds.iter().all(|kind| kind.items > 0 && kind.roles != Roles::NONE), "each kind has items and a role")?;
    let sealing = SealingKey::from_bytes(body.sealing);
    let can_be_sealed_to = Sealer::new(&sealing, &[], OVERHEAD + 1, Seed::new([0; 32])).is_ok();
    rule(can_be_sealed_to, "something can be sealed to the hub's key")?;
    rule(body.members.is_sorted_by(|a, b| a < b), "members are sorted and stand once")?;
    let one_each = |at: usize| !body.relays[..at].contains(&body.relays[at]);
    rule(!body.relays.is_empty() && (0..body.relays.len()).all(one_each), "relays stand once, and there is one")?;
    rule(body.relays.iter().all(|relay| body.members.contains(relay)), "relays are members")?;
    let enough = body.threshold.saturating_add(UPLOADS_SPARE);
    rule(body.uploads_min >= enough, "at least two members more than the threshold upload")?;
    rule(usize::from(body.uploads_min) <= body.members.len(), "as many members take part as must upload")?;
    let steps = &body.schedule;
    let secs = [steps.claim_secs, steps.upload_secs, steps.stall_secs, steps.beat_secs, steps.answer_secs];
    rule(
        secs.iter().all(|secs| (STEP_SECS_MIN..=STEP_SECS_MAX).contains(secs)),
        "each step takes a second to a month",
    )?;
    rule(steps.stall_secs <= steps.upload_secs, "nobody holds up others for longer than uploads take")?;
    rule(steps.ends >= steps.evaluate_by.plus_secs(steps.turn_secs()), "there is time for one turn at least")?;
    let rooms = &body.rooms;
    rule(rooms.intervals <= ROOM_INTERVALS_MAX, "rooms have up to 1000 intervals")?;
    if rooms.intervals > 0 {
        rule((1..=ROOM_POSTS_MAX).contains(&rooms.posts), "every member posts 1 to 32 times an interval")?;
        rule((STEP_SECS_MIN..=STEP_SECS_MAX).contains(&rooms.interval_secs), "an interval is a second to a month")?;
        rule(rooms.opens >= steps.ends, "rooms open when the round has ended")?;
    }
    Ok(())
}

/// The form of uploads, if the number of tables is the one that threshold and size take.
fn check_form(body: &TermsBody) -> Result<Form, TermsError> {
    let items = body.kinds.iter().try_fold(0_u32, |sum, kind| sum.checked_add(kind.items));
    let too_many = TermsError::Rule("a slot has up to 2^20 items");
    let items = items.filter(|items| *items <= cwg_crypto::collect::ITEMS_MAX).ok_or(too_many)?;
    let tables = match body.threshold {
        2 => 0,
        threshold => TableParams::new(threshold, items).map_err(|_| too_many)?.tables(),
    };
    rule(u32::from(body.tables) == tables, "tables are as many as threshold and size take")?;
    Form::new(body.threshold, items).ok_or(too_many)
}

impl Schedule {
    /// Seconds from a turn's opening until its answers are there.
    pub fn turn_secs(&self) -> u64 {
        u64::from(self.claim_secs) + u64::from(self.upload_secs) + u64::from(self.answer_secs)
    }
}

impl RoomTerms {
    /// The end of the last interval: when everything in the rooms expires.
    pub fn closes(&self) -> UnixTime {
        self.opens.plus_secs(u64::from(self.interval_secs) * u64::from(self.intervals))
    }

    /// The interval that a time is in.
    pub fn interval_at(&self, now: UnixTime) -> Option<u16> {
        let since = now.0.checked_sub(self.opens.0)?;
        let number = since.checked_div(self.interval_secs.into())?;
        u16::try_from(number).ok().filter(|number| *number < self.intervals)
    }

    /// Whether a time is after an interval of them.
    pub(crate) fn is_over(&self, interval: u16, now: UnixTime) -> bool {
        interval < self.intervals && now >= self.interval_end(interval)
    }

    /// The end of an interval.
    pub fn interval_end(&self, interval: u16) -> UnixTime {
        self.opens.plus_secs(u64::from(self.interval_secs) * (u64::from(interval) + 1))
    }
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
