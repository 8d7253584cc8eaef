//! A running hash over messages in two lanes: BLAKE3 over each, SHA-256 over their ends.
//!
//! Each lane has an order of its own and none is kept between them, so two observers who see the lanes interleaved differently
//! come to the same end.

use core::fmt;

use crate::{BulkHasher, Digest, Domain, digest};

/// One of the two sequences of messages. Which is first is agreed before the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The first.
    First,
    /// The second.
    Second,
}

/// The messages of both lanes so far, hashed.
#[derive(Clone)]
pub struct Transcript {
    opening: Digest,
    first: LaneHash,
    second: LaneHash,
}

impl Transcript {
    /// An empty transcript bound to what was agreed before it, given as a digest.
    pub fn new(opening: Digest) -> Self {
        Self { opening, first: LaneHash::new(Lane::First), second: LaneHash::new(Lane::Second) }
    }

    /// Adds a message of a kind to the end of a lane.
    pub fn absorb(&mut self, lane: Lane, kind: u16, bytes: &[u8]) {
        match lane {
            Lane::First => self.first.absorb(kind, bytes),
            Lane::Second => self.second.absorb(kind, bytes),
        }
    }

    /// The end value: it binds the opening, every message with its kind, length and place in its lane, and how many there are
    /// in each. More messages may follow; the end is then another.
    pub fn end(&self) -> Digest {
        let [first, second] = [&self.first, &self.second].map(LaneHash::end);
        digest(Domain::Transcript, &[self.opening.as_bytes(), first.as_bytes(), second.as_bytes()])
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcript")
            .field("first", &self.first.messages)
            .field("second", &self.second.messages)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct LaneHash {
    hasher: BulkHasher,
    messages: u64,
    bytes: u64,
}

impl LaneHash {
    fn new(lane: Lane) -> Self {
        let mut hasher = BulkHasher::new(Domain::TranscriptLane);
        hasher.part(match lane {
            Lane::First => &[1],
            Lane::Second => &[2],
        });
        Self { hasher, messages: 0, bytes: 0 }
    }

    fn absorb(&mut self, kind: u16, bytes: &[u8]) {
        self.hasher.part(&kind.to_le_bytes());
        self.hasher.part(bytes);
        self.messages += 1;
        self.bytes += bytes.len() as u64;
    }

    fn end(&self) -> Digest {
        let mut hasher = self.hasher.clone();
        hasher.part(&self.messages.to_le_bytes());
        hasher.part(&self.bytes.to_le_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Lane::{First, Second};
    use super::*;

    type Message<'a> = (Lane, u16, &'a [u8]);

    fn end_of(messages: &[Message<'_>]) -> Digest {
        let mut transcript = Transcript::new(Digest::from_bytes([0; 32]));
        for (lane, kind, bytes) in messages {
            transcript.absorb(*lane, *kind, bytes);
        }
        transcript.end()
    }

    #[test]
    fn any_change_move_split_or_merge_changes_the_end() {
        let lists: &[&[Message<'_>]] = &[
            &[(First, 1, b"ab"), (Second, 2, b"cd")],
            &[],
            &[(First, 1, b"")],
            &[(Second, 1, b"")],
            &[(First, 0, b"")],
            &[(First, 1, b""), (First, 1, b"")],
            // a byte, a kind
            &[(First, 1, b"ac"), (Second, 2, b"cd")],
            &[(First, 3, b"ab"), (Second, 2, b"cd")],
            &[(First, 0x0100, b"ab"), (Second, 2, b"cd")],
            // moved to the other lane, lanes exchanged
            &[(Second, 1, b"ab"), (Second, 2, b"cd")],
            &[(First, 1, b"ab"), (First, 2, b"cd")],
            &[(Second, 1, b"ab"), (First, 2, b"cd")],
            &[(First, 2, b"cd"), (Second, 1, b"ab"), (Second, 1, b"ab")],
            // reordered within a lane
            &[(Second, 2, b"cd"), (Second, 1, b"ab")],
            // split and merged
            &[(First, 1, b"a"), (First, 1, b"b"), (Second, 2, b"cd")],
            &[(First, 1, b"abcd")],
            &[(First, 1, b"ab\x02\x00cd")],
            &[(First, 1, b"ab"), (Second, 2, b"c"), (Second, 2, b"d")],
            // dropped, repeated, truncated, extended
            &[(First, 1, b"ab")],
            &[(Second, 2, b"cd")],
            &[(First, 1, b"ab"), (First, 1, b"ab"), (Second, 2, b"cd")],
            &[(First, 1, b"a"), (Second, 2, b"cd")],
            &[(First, 1, b"ab\0"), (Second, 2, b"cd")],
            &[(First, 1, b"ab"), (Second, 2, b"cd"), (First, 1, b"")],
        ];
        let mut ends = HashMap::new();
        for list in lists {
            if let Some(other) = ends.insert(end_of(list), list) {
                panic!("{list:?} and {other:?} have one end");
            }
        }
    }

    #[test]
    fn interleaving_of_the_lanes_does_not_matter() {
        assert_eq!(
            end_of(&[(First, 1, b"a"), (Second, 2, b"b"), (First, 3, b"c")]),
            end_of(&[(Second, 2, b"b"), (First, 1, b"a"), (First, 3, b"c")]),
        );
    }

    #[test]
    fn the_opening_is_bound() {
        let end = |byte| Transcript::new(Digest::from_bytes([byte; 32])).end();
        assert_ne!(end(0), end(1));
    }

    #[test]
    fn the_end_may_be_taken_more_than_once() {
        let mut transcript = Transcript::new(Digest::from_bytes([0; 32]));
        transcript.absorb(First, 1, b"a");
        assert_eq!(transcript.end(), transcript.end());
        let early = transcript.end();
        transcript.absorb(Second, 2, b"b");
        assert_ne!(transcript.end(), early);
        assert_eq!(transcript.end(), end_of(&[(First, 1, b"a"), (Second, 2, b"b")]));
    }

    proptest::proptest! {
        #[test]
        fn different_lists_have_different_ends(
            a in proptest::collection::vec((proptest::bool::ANY, 0_u16..3, proptest::collection::vec(0_u8..2, 0..3)), 0..4),
            b in proptest::collection::vec((proptest::bool::ANY, 0_u16..3, proptest::collection::vec(0_u8..2, 0..3)), 0..4),
        ) {
            let lane = |second: bool| if second { Second } else { First };
            let end = |list: &[(bool, u16, Vec<u8>)]| {
                end_of(&list.iter().map(|(second, kind, bytes)| (lane(*second), *kind, bytes.as_slice())).collect::<Vec<_>>())
            };
            let lanes = |list: &[(bool, u16, Vec<u8>)]| {
                list.iter().cloned().partition::<Vec<_>, _>(|(second, ..)| *second)
            };
            proptest::prop_assert_eq!(lanes(&a) == lanes(&b), end(&a) == end(&b));
        }
    }
}
