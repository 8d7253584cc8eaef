//! A keyholder's side: checks, charges, evaluates with a proof.

use core::fmt;
use std::sync::Arc;

use cwg_crypto::threshold::{Index, Share};
use cwg_crypto::voprf::{EvaluateError, EvaluationKey, evaluate};
use cwg_crypto::{Domain, Seed, derive_public};
use serde::{Deserialize, Serialize};

use super::{Allowance, Charge, ChargeError, EvaluateAnswer, EvaluateAsk, batch_len};
use crate::psi::{Job, JobOutput};
use crate::round::terms::SharedTerms;
use crate::violation::Violation;
use crate::{NodeKey, UnixTime};

/// One share of the key, in one round.
pub struct Keyholder {
    terms: SharedTerms,
    index: Index,
    key: Arc<EvaluationKey>,
}

/// Why a keyholder does not evaluate. The member is told, and asks another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum EvaluateRefusal {
    /// Other terms than this keyholder's: the hub shows them different rounds, or one of them does not have them yet.
    #[error("the keyholder has other terms of this round")]
    OtherTerms,
    /// Before or after the time of evaluations.
    #[error("evaluations are over")]
    Late,
    /// The asker takes no part.
    #[error("the asker takes no part in the round")]
    Stranger,
    /// The allowance is used up.
    #[error("the allowance is used up")]
    Allowance,
    /// Other elements than before under one name.
    #[error("the batch was evaluated with other elements")]
    OtherElements,
}

impl EvaluateRefusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherTerms => "evaluate-other-terms",
            Self::Late => "evaluate-late",
            Self::Stranger => "evaluate-stranger",
            Self::Allowance => "evaluate-allowance",
            Self::OtherElements => "evaluate-other-elements",
        }
    }
}

/// What is to be done for one request, in this order: store the charge, run the job, send the answer.
#[derive(Debug)]
pub struct Evaluation {
    /// Must be durable before the job is run: a crash must not give elements back.
    pub charge: Option<Charge>,
    /// The evaluation, whose output [`Keyholder::answer`] opens.
    pub job: Job,
}

impl Keyholder {
    /// None if the share is not one of the round's key.
    pub fn new(terms: SharedTerms, share: &Share) -> Option<Self> {
        let key = share.evaluation_key();
        let public = terms.key().key().share(share.index())?;
        (public == key.public()).then(|| Self { terms, index: share.index(), key: Arc::new(key) })
    }

    /// Its number.
    pub fn index(&self) -> Index {
        self.index
    }

    /// Takes a request of a member. The seed serves this request alone.
    ///
    /// # Errors
    /// A refusal that the member is told; or, within, a violation that ends the member's part.
    pub fn on_ask(
        &self,
        allowance: &mut Allowance,
        now: UnixTime,
        member: NodeKey,
        ask: EvaluateAsk,
        seed: Seed,
    ) -> Result<Result<Evaluation, EvaluateRefusal>, Violation> {
        if ask.terms != self.terms.digest() {
            return Ok(Err(EvaluateRefusal::OtherTerms));
        }
        if !self.terms.names(member) {
            return Ok(Err(EvaluateRefusal::Stranger));
        }
        if now > self.terms.body().schedule.evaluate_by {
            return Ok(Err(EvaluateRefusal::Late));
        }
        let EvaluateAsk { terms, batch, blinded } = ask;
        let elements = batch_len(&self.terms, batch).ok_or(Violation::UnawaitedBatch { batch: batch.number })?;
        if blinded.len() != elements as usize {
            let (expected, got) = (elements.into(), blinded.len() as u64);
            return Err(Violation::CountMismatch { what: "blinded elements", expected, got });
        }
        let charged = allowance.charge(Charge {
            period: self.terms.key().body().period,
            round: self.terms.body().round,
            member,
            batch,
            digest: derive_public(Domain::EvaluationBatch, &[blinded.as_flattened()]),
            elements,
        });
        let charged = match charged {
            Ok(charged) => charged,
            Err(ChargeError::Over { .. }) => return Ok(Err(EvaluateRefusal::Allowance)),
            Err(ChargeError::OtherElements) => return Ok(Err(EvaluateRefusal::OtherElements)),
        };
        let (charge, key) = (charged.entry, Arc::clone(&self.key));
        let job = Job::new(blinded.len(), move || {
            let batch = charged.batch;
            let (evaluated, proof) = evaluate(&key, &blinded, seed).map_err(|error| match error {
                EvaluateError::BadElement { index } => {
                    Violation::BadElement { batch: batch.number, index: index as u32 }
                }
                EvaluateError::BatchLen { .. } => Violation::Malformed { what: "batch of elements" },
            })?;
            let evaluated = evaluated.try_into().expect("as many as were asked for");
            Ok(EvaluateAnswer { terms, batch, evaluated, proof })
        });
        Ok(Ok(Evaluation { charge, job }))
    }

    /// The answer that a job gave.
    ///
    /// # Errors
    /// If the member sent something that is no element.
    pub fn answer(output: JobOutput) -> Result<EvaluateAnswer, Violation> {
        output.open()
    }
}

impl fmt::Debug for Keyholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyholder({})", self.index.number())
    }
}
