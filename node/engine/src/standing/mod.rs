//! The standing comparison (`docs/spec/standing.md`): periods open, are told, are pinned, and end; editions are published and
//! offered. The hub's evaluations are in `serving.rs`, a member's in `asking.rs`,
//! its downloads in `downloading.rs`, what a comparison found in `comparing.rs`.
//!
//! The engine holds no table and no edition: pieces of at most 4096 items, or of one chunk, pass through it.

mod asking;
mod comparing;
mod downloading;
mod serving;
pub(crate) mod state;

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::{Digest, Seed};
use cwg_protocol::NodeKey;
use cwg_protocol::lighthouse::standing::{
    EditionBody, EditionError, EditionPlace, Period, PeriodBody, PeriodError, PeriodKey, SignedEdition, SignedPeriod,
};
use cwg_protocol::lighthouse::{LabelClass, ReleaseNumber, Seen};
use cwg_protocol::wire::{EditionOffer, Message, PeriodOffer};

use crate::Engine;
use crate::command::{Command, Refusal, Reply};
use crate::io::{CloseCode, ConnId, Effect, Level, Ticket};
use crate::limits::PERIODS_OPEN_MAX;
use crate::record::{Entry, StoredSecret};

/// What of the standing comparison is under way.
#[derive(Default)]
pub(crate) struct UnderWay {
    /// Member: batches to be evaluated, by their numbers.
    asked: BTreeMap<u32, asking::Asked>,
    numbers: u32,
    /// Member: heads of editions that were offered and are not here yet, in the order in which they came.
    offered: Vec<EditionOffer>,
    download: Option<downloading::Download>,
    /// Member: editions that were not as they were signed, twice.
    spoilt: BTreeSet<Digest>,
    /// Hub: batches that are being evaluated.
    served: BTreeMap<Ticket, serving::Served>,
    /// Hub: chunks that are being read.
    reading: BTreeMap<Ticket, serving::Reading>,
    /// Member: whose batch a job is of.
    jobs: BTreeMap<Ticket, u32>,
}

impl Engine {
    /// Answered at once, but for an evaluation.
    pub(crate) fn on_standing_command(&mut self, ticket: Ticket, command: Command) -> Result<Option<Reply>, Refusal> {
        match command {
            Command::OpenPeriod { days, allowance } => self.open_period(days, allowance).map(Some),
            Command::PublishEdition(body) => self.publish_edition(&body).map(Some),
            Command::Evaluate(batch) => self.evaluate(ticket, batch).map(|()| None),
            Command::TableGrown { period, rows } => self.table_grown(period, rows).map(Some),
            Command::ClosePeriod { period } => self.close_period(period).map(Some),
            Command::StoreComparison(comparison) => self.store_comparison(*comparison).map(Some),
            _ => unreachable!("other commands are carried out elsewhere"),
        }
    }

    /// What only the hub sends is a fault of a member's, and the other way round.
    pub(crate) fn on_standing_message(&mut self, conn: ConnId, from: NodeKey, message: Message) {
        let hub = self.state.hub();
        match message {
            Message::Evaluate(evaluate) if self.is_hub() => self.on_evaluate(conn, from, evaluate),
            Message::ChunkFetch(fetch) if self.is_hub() => self.on_chunk_fetch(conn, fetch),
            Message::PeriodOffer(offer) if hub == Some(from) => self.on_period_offer(conn, &offer.period),
            Message::EditionOffer(offer) if hub == Some(from) => self.on_edition_offer(offer),
            Message::Chunk(chunk) if hub == Some(from) => self.on_chunk(conn, &chunk),
            Message::ChunkRefused(refused) if hub == Some(from) => self.on_chunk_refused(conn, refused),
            Message::Evaluated(evaluated) if hub == Some(from) => self.on_evaluated(conn, evaluated),
            Message::EvaluateRefused(refused) if hub == Some(from) => self.on_evaluate_refused(conn, refused),
            _ => self.refuse(conn, CloseCode::Violation, "unexpected-message"),
        }
    }

    /// Both have said hello: the hub tells what there is, a member asks for what it waits for.
    pub(crate) fn begin_standing(&mut self, conn: ConnId, node: NodeKey) {
        if self.is_hub() {
            self.offer_periods(conn);
        } else if self.state.hub() == Some(node) {
            self.send_asked();
            self.fetch_again();
        }
    }

    /// What time alone brings: periods end, batches wait no longer.
    pub(crate) fn keep_standing(&mut self) {
        let now = self.now.wall;
        let ended: Vec<Period> = self
            .state
            .standing()
            .periods()
            .iter()
            .filter(|(_, period)| period.body().closes <= now)
            .map(|(number, _)| *number)
            .collect();
        for period in ended {
            self.end_period(period);
        }
        self.expire_asked();
        self.download_next();
    }

    /// In milliseconds of the monotonic clock.
    pub(crate) fn next_standing_deadline(&self) -> Option<u64> {
        let ends = self.state.standing().periods().values().map(|period| self.mono_at(period.body().closes));
        ends.chain(self.next_asked_deadline()).min()
    }

    pub(crate) fn standing_lost(&mut self, conn: ConnId) {
        self.standing.served.retain(|_, served| served.conn != conn);
        self.standing.reading.retain(|_, reading| reading.conn != conn);
        self.ask_later(conn);
        self.download_lost(conn);
    }

    fn open_period(&mut self, days: u32, allowance: u32) -> Result<Reply, Refusal> {
        let (network, _) = self.as_hub()?;
        let standing = self.state.standing();
        if standing.periods().len() >= PERIODS_OPEN_MAX {
            return Err(Refusal::PeriodsOpen);
        }
        let (period, opens) = (standing.next(), self.now.wall);
        let closes = opens.plus_secs(u64::from(days) * 86_400);
        let seed = StoredSecret(self.random("period"));
        let public = PeriodKey::from_seed(period, &Seed::new(seed.0)).public();
        let body = PeriodBody { network, period, public, opens, closes, allowance };
        let signed = SignedPeriod::sign(&body, &self.hub()?.signing)?;
        self.commit(Entry::PeriodOpened { seed, signed: signed.clone() });
        self.send_to_all(&Message::PeriodOffer(PeriodOffer { period: signed }));
        Ok(Reply::PeriodOpened(period))
    }

    fn publish_edition(&mut self, body: &EditionBody) -> Result<Reply, Refusal> {
        let own = self.hub()?;
        let period = body.period;
        let known = self.state.standing().periods().get(&period).ok_or(Refusal::UnknownPeriod)?;
        let signed = SignedEdition::sign(body, &own.signing)?;
        let release = self.seen_of(body.release).ok_or(EditionError::OtherRelease)?;
        let verified = known.chain().follow(&signed, Some(release))?;
        if known.chain().head() == Some(verified.digest()) {
            return Ok(Reply::Done);
        }
        let replaced = self.replaced_by(period, body);
        self.commit(Entry::EditionPublished { period, signed: signed.clone() });
        self.remove_editions(replaced);
        self.send_to_all(&Message::EditionOffer(EditionOffer { period, edition: signed }));
        Ok(Reply::Done)
    }

    /// Editions that count no more once a snapshot begins anew.
    fn replaced_by(&self, period: Period, body: &EditionBody) -> Vec<Digest> {
        let known = self.state.standing().periods().get(&period);
        let all = known.into_iter().flat_map(|known| known.editions()).map(|edition| edition.verified.digest());
        if body.place == EditionPlace::Snapshot { all.collect() } else { Vec::new() }
    }

    fn remove_editions(&mut self, digests: Vec<Digest>) {
        for digest in digests {
            self.push(Effect::RemoveEdition(digest));
        }
    }

    /// What this node remembers of a release.
    fn seen_of(&self, number: ReleaseNumber) -> Option<(Seen, LabelClass)> {
        let published = self.state.lighthouse().releases().get(&number)?;
        Some((published.seen, published.body.class))
    }

    fn offer_periods(&mut self, conn: ConnId) {
        let mut offers = Vec::new();
        for (number, period) in self.state.standing().periods() {
            offers.push(Message::PeriodOffer(PeriodOffer { period: period.signed().clone() }));
            offers.extend(period.editions().iter().map(|edition| {
                Message::EditionOffer(EditionOffer { period: *number, edition: edition.signed.clone() })
            }));
        }
        for offer in offers {
            self.send(conn, &offer);
        }
    }

    fn on_period_offer(&mut self, conn: ConnId, signed: &SignedPeriod) {
        let Some(network) = self.state.network() else { return };
        let body = match signed.verify(network.id, network.hub) {
            Ok(body) => body,
            Err(error) => return self.refuse(conn, CloseCode::Violation, error.code()),
        };
        let standing = self.state.standing();
        match standing.periods().get(&body.period) {
            Some(known) if known.body() == &body => {}
            // A second public key would sort the banks by it.
            Some(_) => self.refuse(conn, CloseCode::Violation, PeriodError::Fork(body.period.0).code()),
            None if standing.is_past(body.period) || body.closes <= self.now.wall => {}
            None if standing.periods().len() >= PERIODS_OPEN_MAX => {
                self.refuse(conn, CloseCode::Violation, "period-too-many");
            }
            None => {
                self.commit(Entry::PeriodPinned { signed: signed.clone() });
                self.push(Effect::Log(Level::Info, "period-pinned"));
            }
        }
    }

    fn table_grown(&mut self, period: Period, rows: u64) -> Result<Reply, Refusal> {
        self.member()?;
        self.state.standing().periods().get(&period).ok_or(Refusal::UnknownPeriod)?;
        self.commit(Entry::TableGrown { period, rows });
        Ok(Reply::Done)
    }

    /// Member: ends a period before its time, once a later one stands in its place.
    fn close_period(&mut self, period: Period) -> Result<Reply, Refusal> {
        self.member()?;
        let periods = self.state.standing().periods();
        periods.get(&period).ok_or(Refusal::UnknownPeriod)?;
        let mut later = periods.range(period..).skip(1);
        if !later.any(|(_, later)| later.rows() > 0 && !later.editions().is_empty()) {
            return Err(Refusal::PeriodInUse);
        }
        self.end_period(period);
        Ok(Reply::Done)
    }

    fn end_period(&mut self, period: Period) {
        let known = self.state.standing().periods().get(&period);
        let editions = known.into_iter().flat_map(|known| known.editions());
        let digests: Vec<Digest> = editions.map(|edition| edition.verified.digest()).collect();
        self.standing.offered.retain(|offer| offer.period != period);
        self.commit(Entry::PeriodClosed { period });
        self.drop_download_of(period);
        self.end_asked_of(period);
        self.remove_editions(digests);
        if !self.is_hub() {
            self.push(Effect::DestroyTable(period));
        }
        self.push(Effect::Log(Level::Info, "period-closed"));
    }
}
