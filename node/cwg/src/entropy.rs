//! The one place of the binary that reads the operating system's entropy.

use cwg_app::Problem;
use cwg_crypto::Seed;

use crate::problems;

/// A seed nobody else has.
pub(crate) fn seed() -> Result<Seed, Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| problems::no_entropy())?;
    Ok(Seed::new(bytes))
}
