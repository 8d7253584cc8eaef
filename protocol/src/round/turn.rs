//! One relay's turn: from its opening to the answers. If a relay fails, the hub opens the next one's turn.
//!
//! Each turn is an execution of its own: tickets, tags and shares follow from its name, so what was uploaded in a turn that
//! came to nothing cannot be held against what is uploaded in the next. That matters most for slots: whoever had shares of
//! one item at two slots of one member would need one holder fewer.

use cwg_crypto::{Digest, Domain, SigningKey, digest};
use serde::{Deserialize, Serialize};

use super::terms::{RoundTerms, TermsError};
use crate::signed::{Signed, Unopened};
use crate::{NodeKey, UnixTime};

/// What a hub signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnBody {
    /// The terms.
    pub terms: Digest,
    /// Whose turn: the number of the relay, from 0.
    pub turn: u8,
    /// When it opened.
    pub opens: UnixTime,
}

/// Bytes of an encoded [`TurnBody`].
const TURN_LEN: usize = 32 + 1 + 8;

/// A turn as it travels and is stored: nothing about it is known yet.
pub type SignedTurn = Signed<TURN_LEN>;

/// A turn of known terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    body: TurnBody,
    relay: NodeKey,
    execution: Execution,
    signed: SignedTurn,
    schedule: super::terms::Schedule,
}

/// The name of a turn among all others: what everything in it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Execution(pub Digest);

impl Turn {
    /// Opens a turn as the hub.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn open(terms: &RoundTerms, turn: u8, opens: UnixTime, hub: &SigningKey) -> Result<Self, TermsError> {
        let body = TurnBody { terms: terms.digest(), turn, opens };
        let signed = SignedTurn::sign(&body, Domain::RoundTurn, hub).expect("a turn has 41 bytes");
        Self::verify(signed, terms, NodeKey(hub.verifying_key()))
    }

    /// Checks a turn against the terms.
    ///
    /// # Errors
    /// If it is not signed by the hub, of other terms, opens too early or too late, or there is no such relay.
    pub fn verify(signed: SignedTurn, terms: &RoundTerms, hub: NodeKey) -> Result<Self, TermsError> {
        let body: TurnBody = signed.open(Domain::RoundTurn, hub).map_err(|unopened| match unopened {
            Unopened::Signer => TermsError::WrongSigner,
            Unopened::Form => TermsError::Malformed,
        })?;
        if body.terms != terms.digest() {
            return Err(TermsError::OtherCharter);
        }
        let schedule = terms.body().schedule;
        let relay = terms.body().relays.get(usize::from(body.turn)).copied();
        let relay = relay.ok_or(TermsError::Rule("there is a relay for each turn"))?;
        let is_in_time =
            body.opens >= schedule.evaluate_by && body.opens.plus_secs(schedule.turn_secs()) <= schedule.ends;
        if !is_in_time {
            return Err(TermsError::Rule("a turn opens after evaluations and ends with the round"));
        }
        let parts = [body.terms.as_bytes().as_slice(), &[body.turn], &body.opens.0.to_le_bytes()];
        let execution = Execution(digest(Domain::RoundExecution, &parts));
        Ok(Self { body, relay, execution, signed, schedule })
    }

    /// Checks that a turn may follow the one that is known: a later number. The same turn again says nothing new.
    ///
    /// # Errors
    /// If the hub has opened two different turns under one number, or goes back to an earlier one.
    pub fn follows(&self, known: &Self) -> Result<(), TermsError> {
        if self.body.turn > known.body.turn || self.execution == known.execution {
            Ok(())
        } else {
            Err(TermsError::Fork)
        }
    }

    /// Its name.
    pub fn execution(&self) -> Execution {
        self.execution
    }

    /// Its number.
    pub fn number(&self) -> u8 {
        self.body.turn
    }

    /// Who carries uploads and answers.
    pub fn relay(&self) -> NodeKey {
        self.relay
    }

    /// As it travels.
    pub fn signed(&self) -> &SignedTurn {
        &self.signed
    }

    /// Until when tickets are issued and shown.
    pub fn claim_by(&self) -> UnixTime {
        self.body.opens.plus_secs(self.schedule.claim_secs.into())
    }

    /// Until when lists are uploaded.
    pub fn upload_by(&self) -> UnixTime {
        self.claim_by().plus_secs(self.schedule.upload_secs.into())
    }

    /// Until when answers are there.
    pub fn answer_by(&self) -> UnixTime {
        self.upload_by().plus_secs(self.schedule.answer_secs.into())
    }

    /// The next time at which answers may leave the hub.
    pub fn beat(&self, now: UnixTime) -> UnixTime {
        let beat = u64::from(self.schedule.beat_secs);
        let since = now.0.saturating_sub(self.body.opens.0);
        self.body.opens.plus_secs(since.div_ceil(beat).saturating_mul(beat))
    }
}
