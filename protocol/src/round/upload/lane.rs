//! One channel at the hub: its ticket, then its pieces, each opened after the one before.

use std::collections::{BTreeMap, VecDeque};

use cwg_crypto::SealKey;
use cwg_crypto::collect::{Slot, Tag};
use cwg_crypto::hpke::{Opener, OpeningKey};
use cwg_crypto::ticket::{TICKET_LEN, Ticket, TicketSerial, redeem};
use cwg_crypto::voprf::EvaluationKey;

use super::message::SealedBytes;
use super::search::{Opened, read_piece};
use super::upload_parts;
use crate::psi::Job;
use crate::round::form::Form;
use crate::round::turn::Execution;

#[derive(Default)]
pub(super) struct Lane {
    pub(super) slot: Option<Slot>,
    /// Away while a piece is being opened.
    pub(super) opener: Option<Opener>,
    pub(super) answer_key: Option<SealKey>,
    /// The next rank awaited of the relay.
    pub(super) next: u32,
    pub(super) waiting: VecDeque<(u32, SealedBytes)>,
    pub(super) opened: BTreeMap<u32, Opened>,
    pub(super) tags: Vec<Tag>,
    pub(super) is_out: bool,
    /// Nothing goes back to it: the relay has dropped it.
    pub(super) is_dropped: bool,
    pub(super) answer: Vec<SealedBytes>,
}

/// What the job gives that opens a piece: the rank, and the piece if it is one.
pub(super) type PieceJob = (Opener, u32, Option<Opened>);

impl Lane {
    /// Its upload does not count.
    pub(super) fn take_out(&mut self) {
        self.is_out = true;
        self.waiting.clear();
        self.opened.clear();
        self.tags.clear();
    }

    /// The serial of its ticket, if that is good.
    pub(super) fn redeem(
        &mut self,
        opening: &OpeningKey,
        issuer: &EvaluationKey,
        execution: &Execution,
        len: usize,
    ) -> Option<TicketSerial> {
        let (_, sealed) = self.waiting.pop_front()?;
        let (encapsulated, sealed) = sealed.split_first_chunk()?;
        let mut opener = Opener::new(opening, encapsulated, &upload_parts(execution), len).ok()?;
        self.answer_key = Some(opener.answer_key());
        let ticket = opener.open(sealed).ok()?;
        self.opener = Some(opener);
        let ticket: &[u8; TICKET_LEN] = ticket.as_slice().try_into().ok()?;
        redeem(issuer, &execution.0, &Ticket::decode(ticket)).ok()
    }

    /// Opens its next piece: one at a time, because they follow each other.
    pub(super) fn open_next(&mut self, form: Form) -> Option<(Slot, Job)> {
        let slot = self.slot.filter(|_| !self.is_out && !self.waiting.is_empty())?;
        let mut opener = self.opener.take()?;
        let (rank, sealed) = self.waiting.pop_front()?;
        let job = Job::new(sealed.len(), move || {
            let opened = opener.open(&sealed).ok().and_then(|plain| read_piece(&form, rank - 1, &plain));
            Ok::<PieceJob, _>((opener, rank, opened))
        });
        Some((slot, job))
    }
}
