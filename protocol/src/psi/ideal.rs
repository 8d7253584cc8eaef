//! The ideal functionality: what every protocol must equal. For conformance tests and oracles, never for a wire.

use super::Outcome;
use crate::Item;

/// Places of the receiver's items that the sender also holds.
pub fn intersect(receiver: &[Item], sender: &[Item]) -> Outcome {
    let held: std::collections::BTreeSet<&Item> = sender.iter().collect();
    let places = (0u32..).zip(receiver).filter(|(_, item)| held.contains(item)).map(|(place, _)| place);
    Outcome::Matched { bits: 0, places: places.collect() }
}
