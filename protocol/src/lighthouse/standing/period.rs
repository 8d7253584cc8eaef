//! The offer of a period: its public key, its days and what a member may have evaluated, signed by the hub's node.

use cwg_crypto::voprf::PublicKey;
use cwg_crypto::{Domain, SigningKey};
use serde::{Deserialize, Serialize};

use super::Period;
use crate::lighthouse::day::DAY_SECS;
use crate::lighthouse::limits::{PERIOD_ALLOWANCE_MAX, PERIOD_DAYS_MAX, PERIOD_DAYS_MIN, PERIOD_LEN_MAX};
use crate::signed::{Signed, Unopened};
use crate::{NetworkId, NodeKey, UnixTime};

/// What is signed of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodBody {
    /// The network.
    pub network: NetworkId,
    /// Its number.
    pub period: Period,
    /// The public half of its key, which members pin.
    pub public: PublicKey,
    /// From when.
    pub opens: UnixTime,
    /// Until when the hub evaluates and members keep their tables.
    pub closes: UnixTime,
    /// Items that each member may have evaluated.
    pub allowance: u32,
}

/// A period as it travels and is stored: nothing about it is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPeriod(Signed<PERIOD_LEN_MAX>);

/// Why a period is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// Not signed by the hub this node pinned.
    #[error("the period is not signed by this network's hub")]
    WrongSigner,
    /// Not the canonical encoding.
    #[error("the period is malformed")]
    Malformed,
    /// It breaks a rule of its own.
    #[error("the period breaks a rule: {0}")]
    Rule(&'static str),
    /// Of another network.
    #[error("the period belongs to another network")]
    OtherNetwork,
    /// Another offer of a period that was pinned, another key perhaps.
    #[error("the hub offers period {0} in two ways")]
    Fork(u32),
}

impl PeriodError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongSigner => "period-wrong-signer",
            Self::Malformed => "period-malformed",
            Self::Rule(_) => "period-rule",
            Self::OtherNetwork => "period-other-network",
            Self::Fork(_) => "period-fork",
        }
    }
}

impl PeriodBody {
    fn check_rules(&self) -> Result<(), PeriodError> {
        let rule = |holds: bool, text| if holds { Ok(()) } else { Err(PeriodError::Rule(text)) };
        let secs = self.closes.0.saturating_sub(self.opens.0);
        let days = u64::from(PERIOD_DAYS_MIN) * DAY_SECS..=u64::from(PERIOD_DAYS_MAX) * DAY_SECS;
        rule(days.contains(&secs), "it lasts 30 to 90 days")?;
        rule((1..=PERIOD_ALLOWANCE_MAX).contains(&self.allowance), "a member has 1 to 2^26 items evaluated")
    }
}

impl SignedPeriod {
    /// Signs a period as the hub's node.
    ///
    /// # Errors
    /// If it breaks a rule.
    ///
    /// # Panics
    /// Never: a body has a fixed length under the limit.
    pub fn sign(body: &PeriodBody, hub: &SigningKey) -> Result<Self, PeriodError> {
        body.check_rules()?;
        Ok(Self(Signed::sign(body, Domain::StandingPeriod, hub).expect("a body has a fixed length")))
    }

    /// What it says, if the hub said it.
    ///
    /// # Errors
    /// The first check that fails: signature, encoding, rules, network.
    pub fn verify(&self, network: NetworkId, hub: NodeKey) -> Result<PeriodBody, PeriodError> {
        let body: PeriodBody = self.0.open(Domain::StandingPeriod, hub).map_err(|unopened| match unopened {
            Unopened::Signer => PeriodError::WrongSigner,
            Unopened::Form => PeriodError::Malformed,
        })?;
        body.check_rules()?;
        if body.network != network {
            return Err(PeriodError::OtherNetwork);
        }
        Ok(body)
    }
}
