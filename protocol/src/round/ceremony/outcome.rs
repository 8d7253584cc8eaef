//! What a ceremony came to, for someone who takes no part in it.

use cwg_crypto::threshold::settle;

use super::participant::{complained, dealt, key_body, opened, signed_by_all};
use super::post::{Board, Phase};
use super::{CeremonyFault, CeremonyTerms};
use crate::round::key::HeldKey;

/// The key that the boards of all four phases make, in their order. The hub, which kept them, shows it in the terms of rounds; whoever reads
/// those checks the signatures of all holders, so nobody has to believe the hub.
///
/// # Errors
/// Why there is no key.
pub fn outcome(terms: &CeremonyTerms, boards: &[Board]) -> Result<HeldKey, CeremonyFault> {
    let in_order = boards.iter().map(|board| board.phase).eq(Phase::ALL);
    if !in_order || !boards.iter().all(|board| board.ceremony == terms.digest()) {
        return Err(CeremonyFault::OtherPhase);
    }
    let mut seen = opened(terms, &boards[0]);
    seen.dealings = dealt(terms, &boards[1]);
    let complaints = complained(terms, &boards[2]);
    let settled = settle(&terms.ceremony, &seen.keys, &seen.pledges, &seen.dealings, &complaints)
        .map_err(CeremonyFault::Unsettled)?;
    signed_by_all(terms, &key_body(terms, &settled), &boards[3])
}
