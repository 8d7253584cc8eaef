//! The ideal functionality: what every protocol must equal. For conformance tests and oracles, never for a wire.

use zeroize::Zeroizing;

use super::{LabelLen, Labels, Outcome};
use crate::Item;

/// Places of the receiver's items that the sender also holds.
pub fn intersect(receiver: &[Item], sender: &[Item]) -> Outcome {
    let held: std::collections::BTreeSet<&Item> = sender.iter().collect();
    let places = (0u32..).zip(receiver).filter(|(_, item)| held.contains(item)).map(|(place, _)| place);
    Outcome::Matched { bits: 0, places: places.collect() }
}

/// [`intersect`], with the sender's label of each: labels of that length, in the order of its items.
pub fn intersect_labelled(receiver: &[Item], sender: &[Item], labels: &[u8], len: LabelLen) -> Outcome {
    let labels = labels.chunks_exact(len.bytes());
    let held: std::collections::BTreeMap<&Item, &[u8]> = sender.iter().zip(labels).collect();
    let found = (0u32..).zip(receiver).filter_map(|(place, item)| Some((place, *held.get(item)?)));
    let (places, labels): (Vec<u32>, Vec<&[u8]>) = found.unzip();
    Outcome::Labelled { bits: 0, places, labels: Labels::new(len, Zeroizing::new(labels.concat())) }
}
