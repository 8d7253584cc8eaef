//! Labels: what a sender says about its items, bytes of one length for all items of a run.

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Item;
use crate::wire::limits::{LABEL_LEN_MAX, LABEL_LEN_STEP};

/// Bytes of each label of a run, or that there are none. Shorter texts are filled up, so that lengths say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct LabelLen(u16);

impl LabelLen {
    /// There are no labels.
    pub const NONE: Self = Self(0);

    /// So many bytes: a multiple of [`LABEL_LEN_STEP`] up to [`LABEL_LEN_MAX`], and 0 where there are no labels.
    pub fn new(bytes: u16) -> Option<Self> {
        (bytes.is_multiple_of(LABEL_LEN_STEP) && bytes <= LABEL_LEN_MAX).then_some(Self(bytes))
    }

    /// Bytes of a label.
    pub fn bytes(self) -> usize {
        self.0.into()
    }

    /// Whether there are no labels.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// A number of bytes that no label has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("labels have a multiple of {LABEL_LEN_STEP} bytes, at most {LABEL_LEN_MAX}, not {0}")]
pub struct BadLabelLen(u16);

impl TryFrom<u16> for LabelLen {
    type Error = BadLabelLen;

    fn try_from(bytes: u16) -> Result<Self, BadLabelLen> {
        Self::new(bytes).ok_or(BadLabelLen(bytes))
    }
}

impl From<LabelLen> for u16 {
    fn from(len: LabelLen) -> Self {
        len.0
    }
}

/// The labels of a receiver's matches, in the order of these, one after the other. Erased when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Labels {
    len: LabelLen,
    bytes: Zeroizing<Vec<u8>>,
}

impl Labels {
    /// Labels of one length.
    pub(crate) fn new(len: LabelLen, bytes: Zeroizing<Vec<u8>>) -> Self {
        debug_assert!(!len.is_none() && bytes.len().is_multiple_of(len.bytes()), "whole labels");
        Self { len, bytes }
    }

    /// Bytes of each.
    pub fn label_len(&self) -> LabelLen {
        self.len
    }

    /// Each label, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.len.bytes())
    }

    /// The label of the match at that place among them.
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        self.bytes.chunks_exact(self.len.bytes()).nth(place)
    }

    /// The same labels in another order: first the one at the first of these places, and so on.
    pub(crate) fn at(&self, places: impl Iterator<Item = usize>) -> Self {
        let len = self.len.bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.bytes.len()));
        places.for_each(|place| bytes.extend_from_slice(&self.bytes[place * len..][..len]));
        Self { len: self.len, bytes }
    }
}

/// How many there are is an output too: it is not printed.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Labels(..)")
    }
}

/// A shard of an own set, as a party gets it.
#[derive(Clone)]
pub struct Loaded {
    /// Strictly ascending.
    pub items: Arc<[Item]>,
    /// A label for each item, in their order; nothing where this side brings none.
    pub labels: Arc<[u8]>,
}

/// Without labels.
impl From<Arc<[Item]>> for Loaded {
    fn from(items: Arc<[Item]>) -> Self {
        Self { items, labels: Arc::from([]) }
    }
}

/// Nothing of a set is printed.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loaded(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn a_label_has_whole_blocks_up_to_the_limit() {
        for (bytes, good) in [(0, true), (15, false), (16, true), (17, false), (512, true), (513, false), (528, false)]
        {
            assert_eq!(LabelLen::new(bytes).is_some(), good, "{bytes}");
            assert_eq!(decode::<LabelLen>(&encode(&bytes), 2).is_ok(), good, "{bytes} on the wire");
        }
    }

    #[test]
    fn labels_come_in_the_order_that_is_asked_for() {
        let len = LabelLen::new(16).expect("a length");
        let labels = Labels::new(len, Zeroizing::new([[1; 16], [2; 16], [3; 16]].concat()));
        let moved = labels.at([2, 0].into_iter());
        assert!(moved.iter().eq([[3; 16], [1; 16]].iter().map(|label| &label[..])));
        assert_eq!((labels.iter().len(), labels.label_len()), (3, len));
        assert_eq!((labels.get(1), labels.get(3)), (Some(&[2; 16][..]), None));
        assert_eq!(format!("{labels:?}"), "Labels(..)");
    }
}
