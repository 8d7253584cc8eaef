//! What must hold: one file for each claim, named after it. Some are held against every step, the others against the end.

mod budget_never_negative;
mod ends_or_named;
mod intersection_equals_ideal;
mod leakage_as_declared;
mod lies_are_never_sealed;
mod log_only_grows;
mod no_identifier_in_audit;
mod no_session_outside_charter;
mod only_entitled_learns;
mod revoked_cannot_connect;
mod sets_are_forgotten;

use core::fmt;

pub use leakage_as_declared::leakage_as_declared;

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
    ("budget_never_negative", budget_never_negative::check),
    ("ends_or_named", ends_or_named::check),
    ("intersection_equals_ideal", intersection_equals_ideal::check),
    ("lies_are_never_sealed", lies_are_never_sealed::check),
    ("log_only_grows", log_only_grows::check),
    ("no_identifier_in_audit", no_identifier_in_audit::check),
    ("no_session_outside_charter", no_session_outside_charter::check),
    ("only_entitled_learns", only_entitled_learns::check),
    ("revoked_cannot_connect", revoked_cannot_connect::check),
    ("sets_are_forgotten", sets_are_forgotten::check),
];

/// Checks everything that can only be checked at the end.
pub(crate) fn check(world: &mut World) {
    for (claim, check) in CHECKS {
        for detail in check(world) {
            world.breach(claim, detail);
        }
    }
}
