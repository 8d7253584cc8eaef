//! What a node knows of reveals: a part of what it knows of a round.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use cwg_protocol::charter::CLAUSE_LEN_MAX;
use cwg_protocol::reveal::{Escrow, Place, ReadStep, Reveal, RevealPage, Side, Stage, Step};
use cwg_protocol::roster::Name;
use cwg_protocol::wire::BoundedText;
use cwg_protocol::{Item, UnixTime};
use serde::{Deserialize, Serialize};

use crate::limits::REVEAL_REASON_LEN_MAX;
use crate::record::Code;

/// The number of a reveal at home: the first bytes of its name, so both sides have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RevealNumber([u8; 8]);

impl RevealNumber {
    /// Of a reveal.
    pub(crate) fn of(reveal: &Reveal) -> Self {
        Self(*reveal.name().as_bytes().first_chunk().expect("32 bytes have eight"))
    }
}

impl fmt::Display for RevealNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a requester asks. It stays at home.
pub type Reason = BoundedText<REVEAL_REASON_LEN_MAX>;

/// One side of a reveal as it is stored: the protocol's value, and what of it is under way.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownReveal {
    /// Whose room it is in.
    pub item: Item,
    /// The reveal.
    pub reveal: Reveal,
    /// Requester: why.
    pub reason: Option<Reason>,
    /// Who approved it here.
    pub approved_by: Vec<Name>,
    /// What was wrong with the other side's box.
    pub fault: Option<Code>,
    /// When it last changed.
    pub changed: UnixTime,
    /// What left last, until pages show whether it arrived.
    pub(super) said: Option<Left>,
    /// What a person decided and the other side has not been told.
    pub(super) owed: Option<Owed>,
}

/// What left in an interval.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    pub(super) interval: u16,
    /// As it was before: if nothing arrived, nothing was said.
    pub(super) before: Box<Reveal>,
    /// Of what is owed.
    pub(super) owed: Option<Owed>,
}

/// What a person decided and the other side is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Owed {
    Decline,
    Withdrawal,
}

/// What leaves next of a reveal. Those that are first in this order go first where not all fit an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    /// A withdrawal, with the deposit that takes the own box away.
    TakeBack,
    /// The own box, after the other side's consent.
    Deposit,
    /// The consent, with the own box.
    Consent,
    Request,
    /// That a person declined, or withdrew before a box was there.
    Tell,
}

impl Next {
    pub(super) fn has_step(self) -> bool {
        self != Self::Deposit
    }

    pub(super) fn has_deposit(self) -> bool {
        matches!(self, Self::TakeBack | Self::Deposit | Self::Consent)
    }

    /// Whether it shows anything, or promises to: then the charter must be live.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::Deposit | Self::Consent | Self::Request)
    }
}

impl KnownReveal {
    pub(super) fn new(item: Item, reveal: Reveal, reason: Option<Reason>, changed: UnixTime) -> Self {
        Self { item, reveal, reason, approved_by: Vec::new(), fault: None, changed, said: None, owed: None }
    }

    /// Whether a person has taken it back and that is on its way: until it is there, a release comes first.
    pub fn is_leaving(&self) -> bool {
        self.owed == Some(Owed::Withdrawal) && self.reveal.stage().is_open()
    }

    /// What leaves next. Nothing before it is known whether what left last arrived.
    pub(super) fn next(&self) -> Option<Next> {
        if self.said.is_some() {
            return None;
        }
        match (self.owed, self.reveal.stage(), self.reveal.side()) {
            (Some(Owed::Withdrawal), Stage::AwaitRelease { .. }, _) => Some(Next::TakeBack),
            (Some(_), _, _) => Some(Next::Tell),
            (None, Stage::Agreed { .. }, _) => Some(Next::Deposit),
            (None, Stage::Approved, Side::Asked) => Some(Next::Consent),
            (None, Stage::Approved, Side::Requester) => Some(Next::Request),
            _ => None,
        }
    }

    /// The step that tells what is owed.
    pub(super) fn owed_step(&self) -> Option<Step> {
        let (id, to) = self.reveal.of();
        self.owed.map(|owed| match owed {
            Owed::Decline => Step::Decline { id, to },
            Owed::Withdrawal => Step::Withdraw { id, to },
        })
    }

    /// After what the other side said on a page.
    pub(super) fn on_step(&self, at: &Place<'_>, read: &ReadStep, interval: u16) -> Self {
        let reveal = self.reveal.on_step(at, read, interval);
        let said = self.said.clone().map(|said| {
            let before = Box::new(said.before.on_step(at, read, interval));
            Left { before, ..said }
        });
        Self { reveal, said, ..self.clone() }
    }

    /// After it is known whether what left last arrived. What did not is said again.
    pub(super) fn settled(&self, at: &Place<'_>, arrived: bool) -> Self {
        let Some(said) = &self.said else { return self.clone() };
        let mut next = Self { said: None, ..self.clone() };
        if arrived {
            if said.owed.is_some() {
                next.owed = None;
                // The page of that interval was read, and the hub hears withdrawals first: nothing was or will be released.
                next.withdraw(at);
            }
        } else if said.owed.is_none() && self.reveal.stage().is_open() {
            next.reveal = (*said.before).clone();
            if next.owed.is_some() {
                next.take_back(at);
            }
        }
        next
    }

    fn withdraw(&mut self, at: &Place<'_>) {
        if let Ok((reveal, ..)) = self.reveal.withdraw(at) {
            self.reveal = reveal;
        }
    }

    /// What a person wants who takes it back. A box that is with the hub, or on its way, is taken back there first.
    ///
    /// True if the stage allows it.
    pub(super) fn take_back(&mut self, at: &Place<'_>) -> bool {
        if matches!(self.reveal.stage(), Stage::AwaitRelease { .. }) {
            return self.owed.replace(Owed::Withdrawal).is_none();
        }
        if let Ok((reveal, step, _)) = self.reveal.withdraw(at) {
            (self.reveal, self.owed) = (reveal, step.map(|_| Owed::Withdrawal));
            return true;
        }
        // Of an answer of which nothing has left, to withdraw is to decline.
        self.decline()
    }

    /// True if the stage allows it.
    pub(super) fn decline(&mut self) -> bool {
        let Ok((reveal, _)) = self.reveal.decline() else { return false };
        (self.reveal, self.owed) = (reveal, Some(Owed::Decline));
        true
    }

    /// The code of how far it is, for the audit.
    pub fn code(&self) -> &'static str {
        match self.reveal.stage() {
            Stage::AwaitAnswer => "reveal-asked",
            Stage::AwaitApprovals if self.approved_by.is_empty() => "reveal-written",
            Stage::AwaitApprovals => "reveal-approved-once",
            Stage::Approved => "reveal-approved",
            _ if self.is_leaving() => "reveal-withdrawing",
            Stage::AwaitConsent => "reveal-requested",
            Stage::Agreed { .. } => "reveal-agreed",
            Stage::AwaitRelease { .. } => "reveal-deposited",
            Stage::Released(_) => "reveal-released",
            Stage::Broken => "reveal-broken",
            Stage::Declined => "reveal-declined",
            Stage::Withdrawn => "reveal-withdrawn",
            Stage::Expired => "reveal-expired",
        }
    }
}

/// Values name people.
impl fmt::Debug for KnownReveal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownReveal({})", self.code())
    }
}

/// The clause of a charter that allows reveals.
pub type Clause = BoundedText<CLAUSE_LEN_MAX>;

/// What the charter of a round says of reveals.
pub(crate) struct RevealRules {
    pub(crate) clause: Clause,
    /// How long what came of one is kept.
    pub(crate) keep_secs: u64,
}

/// The reveals of a round, as far as they concern this node.
#[derive(Default)]
pub(crate) struct RevealsOf {
    /// None: nobody of the round sends anything of reveals.
    pub(crate) rules: Option<RevealRules>,
    /// Member: by number.
    pub(crate) known: BTreeMap<RevealNumber, KnownReveal>,
    /// Member: intervals whose boxes were tried.
    pub(crate) read: BTreeSet<u16>,
    /// Hub: what was released, and what is held.
    pub(crate) pages: BTreeMap<u16, RevealPage>,
    pub(crate) escrow: Escrow,
}

impl RevealsOf {
    /// When the rooms close, pages and boxes are forgotten.
    pub(crate) fn close(&mut self) {
        self.read.clear();
        self.pages.clear();
        self.escrow = Escrow::default();
    }
}
