//! What a ceremony is to give, and to whom.

use super::index::{HOLDERS_MAX, Index};
use super::share::SharedKey;
use crate::{Digest, Domain, digest};

/// The parameters of a ceremony, which all who take part know alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    name: Digest,
    threshold: u8,
    receivers: u8,
    origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    New,
    Handover { key: SharedKey, dealers: Vec<Index> },
}

impl Ceremony {
    /// A new key for `holders`, any `threshold` of whom evaluate. Each deals and receives.
    ///
    /// `unique` names this ceremony among all others: of charter, epoch and attempt.
    ///
    /// # Errors
    /// If the threshold is below 2 or above the holders, or those are more than [`HOLDERS_MAX`].
    pub fn new_key(unique: Digest, holders: u8, threshold: u8) -> Result<Self, BadCeremony> {
        Self::of(unique, holders, threshold, Origin::New)
    }

    /// Hands a key over from some holders to new ones, which may be the same: then it is a refresh. The key stays; threshold
    /// and number of holders may change. New holders have numbers of their own, from 1 on.
    ///
    /// # Errors
    /// As for [`Self::new_key`], and if the dealers are not in ascending order, do not hold the key, or are fewer than its
    /// threshold.
    pub fn handover(
        unique: Digest,
        key: &SharedKey,
        dealers: &[Index],
        holders: u8,
        threshold: u8,
    ) -> Result<Self, BadCeremony> {
        let are_holders = dealers.iter().all(|dealer| key.share(*dealer).is_some());
        if !are_holders || !dealers.is_sorted_by(|a, b| a < b) || dealers.len() < key.threshold().into() {
            return Err(BadCeremony::Dealers { needed: key.threshold() });
        }
        Self::of(unique, holders, threshold, Origin::Handover { key: key.clone(), dealers: dealers.to_vec() })
    }

    /// The digest of all parameters: everything in the ceremony is bound to it.
    pub fn name(&self) -> &Digest {
        &self.name
    }

    /// Shares of the result that it takes to evaluate.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Who deals, ascending.
    pub fn dealers(&self) -> Vec<Index> {
        match &self.origin {
            Origin::New => self.receivers().collect(),
            Origin::Handover { dealers, .. } => dealers.clone(),
        }
    }

    /// Who receives a share: 1 to the number of holders.
    pub fn receivers(&self) -> impl Iterator<Item = Index> + Clone + use<> {
        Index::first(self.receivers)
    }

    /// Good dealings without which the ceremony fails. With that many, at least one is of an honest dealer, if fewer than the
    /// threshold are not.
    pub fn dealings_needed(&self) -> u8 {
        self.old_key().map_or(self.threshold, SharedKey::threshold)
    }

    /// The key that is handed over.
    pub fn old_key(&self) -> Option<&SharedKey> {
        match &self.origin {
            Origin::New => None,
            Origin::Handover { key, .. } => Some(key),
        }
    }

    fn of(unique: Digest, receivers: u8, threshold: u8, origin: Origin) -> Result<Self, BadCeremony> {
        if receivers > HOLDERS_MAX || !(2..=receivers).contains(&threshold) {
            return Err(BadCeremony::Threshold { holders: receivers, threshold });
        }
        let (key, dealers) = match &origin {
            Origin::New => (Vec::new(), Vec::new()),
            Origin::Handover { key, dealers } => (key.encode(), dealers.iter().map(|index| index.number()).collect()),
        };
        let name = digest(Domain::Ceremony, &[unique.as_bytes(), &[receivers, threshold], &key, &dealers]);
        Ok(Self { name, threshold, receivers, origin })
    }
}

/// Parameters that no ceremony has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCeremony {
    /// One share may never be enough, and there must be as many as it takes.
    #[error(
        "a key is shared by 2 to {HOLDERS_MAX} holders, of whom 2 or more evaluate: not by {threshold} of {holders}"
    )]
    Threshold {
        /// Holders asked for.
        holders: u8,
        /// Threshold asked for.
        threshold: u8,
    },
    /// A key is handed over by those who hold it.
    #[error("a key is handed over by at least {needed} of its holders, named once each in ascending order")]
    Dealers {
        /// Threshold of the key.
        needed: u8,
    },
}
