//! What must hold: one file for each claim, named after it. Some are held against every step, the others against the end.

mod band_of_plain_count;
mod budget_never_negative;
mod counted;
mod ends_or_named;
mod evaluations_within_allowance;
mod intersection_equals_ideal;
mod leakage_as_declared;
mod lies_are_never_sealed;
mod log_only_grows;
mod no_identifier_in_audit;
mod no_session_outside_charter;
mod only_entitled_learns;
mod posts_read_by_holders_once;
mod revoked_cannot_connect;
mod round_finds_what_enough_hold;
mod rounds_end_in_time;
mod rounds_look_alike;
mod sets_are_forgotten;
mod too_few_uploads_tell_nobody;

use core::fmt;

pub use leakage_as_declared::leakage_as_declared;
pub use rounds_look_alike::rounds_look_alike;

use crate::world::World;

/// A claim that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The claim.
    pub claim: &'static str,
    /// When, in microseconds of virtual time.
    pub at_us: u64,
    /// What was found, without any identifier.
    pub detail: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BREACH of {} at {} us: {}", self.claim, self.at_us, self.detail)
    }
}

/// One claim, held against the whole world at its end. It returns what it found.
type Check = fn(&World) -> Vec<String>;

const CHECKS: &[(&str, Check)] = &[
    ("band_of_plain_count", band_of_plain_count::check),
    ("budget_never_negative", budget_never_negative::check),
    ("ends_or_named", ends_or_named::check),
    ("evaluations_within_allowance", evaluations_within_allowance::check),
    ("intersection_equals_ideal", intersection_equals_ideal::check),
    ("lies_are_never_sealed", lies_are_never_sealed::check),
    ("log_only_grows", log_only_grows::check),
    ("no_identifier_in_audit", no_identifier_in_audit::check),
    ("no_session_outside_charter", no_session_outside_charter::check),
    ("only_entitled_learns", only_entitled_learns::check),
    ("posts_read_by_holders_once", posts_read_by_holders_once::check),
    ("revoked_cannot_connect", revoked_cannot_connect::check),
    ("round_finds_what_enough_hold", round_finds_what_enough_hold::check),
    ("rounds_end_in_time", rounds_end_in_time::check),
    ("sets_are_forgotten", sets_are_forgotten::check),
    ("too_few_uploads_tell_nobody", too_few_uploads_tell_nobody::check),
];

/// Checks everything that can only be checked at the end.
pub(crate) fn check(world: &mut World) {
    for (claim, check) in CHECKS {
        for detail in check(world) {
            world.breach(claim, detail);
        }
    }
}
