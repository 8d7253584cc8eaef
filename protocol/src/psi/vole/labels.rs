//! Labels of one bucket: sealed by the sender in the order of its sorted tags, opened by the receiver where its own tags are
//! among them (`docs/spec/vole-labelled.md`).

use core::ops::Range;
use std::sync::Arc;

use cwg_crypto::label::CHECK_LEN;
use cwg_crypto::{Block, LabelKeys};
use zeroize::Zeroizing;

use super::keys::TaggedPlace;
use crate::psi::LabelLen;
use crate::wire::limits::VOLE_LABEL_BYTES_PER_FRAME;

/// How the sealed labels of a bucket are written: a row for each of its tags, whole rows in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LabelCode {
    label_len: LabelLen,
    /// Rows of a bucket.
    rows: u32,
}

impl LabelCode {
    /// For that many tags.
    pub(super) fn new(label_len: LabelLen, rows: u32) -> Self {
        Self { label_len, rows }
    }

    /// Bytes of a label.
    pub(super) fn label_len(self) -> LabelLen {
        self.label_len
    }

    fn row_len(self) -> usize {
        self.label_len.bytes() + CHECK_LEN
    }

    /// Bytes of a bucket's sealed labels.
    pub(super) fn len(self) -> u64 {
        u64::from(self.rows) * self.row_len() as u64
    }

    fn rows_per_frame(self) -> u32 {
        (VOLE_LABEL_BYTES_PER_FRAME / self.row_len()) as u32
    }

    /// Frames of a bucket.
    pub(super) fn frames(self) -> u32 {
        self.rows.div_ceil(self.rows_per_frame())
    }

    /// Rows of some frames.
    fn rows_of(self, frames: Range<u32>) -> Range<usize> {
        let row = |frame: u32| u64::from(frame).saturating_mul(self.rows_per_frame().into()).min(self.rows.into());
        row(frames.start) as usize..row(frames.end) as usize
    }

    /// Bytes of a frame.
    pub(super) fn frame_len(self, frame: u32) -> usize {
        self.rows_of(frame..frame + 1).len() * self.row_len()
    }
}

/// A bucket of the sender with its tags, to be sealed.
pub(super) struct Sealing {
    code: LabelCode,
    /// Ascending by tag, each with the place of its key.
    tags: Vec<TaggedPlace>,
    keys: LabelKeys,
    /// For each key the place of its item in the bucket. Dummies, which come last, have none.
    items: Vec<u32>,
    /// Of the bucket's items.
    labels: Arc<[u8]>,
}

impl Sealing {
    pub(super) fn new(
        code: LabelCode,
        tags: Vec<TaggedPlace>,
        keys: LabelKeys,
        items: Vec<u32>,
        labels: Arc<[u8]>,
    ) -> Self {
        debug_assert!(tags.len() == keys.len() && items.len() <= keys.len(), "a key for each tag");
        Self { code, tags, keys, items, labels }
    }

    /// The frames of the bucket, in ranges of one job each.
    pub(super) fn ranges(code: LabelCode) -> impl ExactSizeIterator<Item = Range<u32>> {
        let frames = code.frames();
        (0..frames).step_by(FRAMES_PER_JOB as usize).map(move |start| start..frames.min(start + FRAMES_PER_JOB))
    }

    /// Rows of some frames.
    pub(super) fn rows(&self, frames: Range<u32>) -> usize {
        self.code.rows_of(frames).len()
    }

    /// Some frames. A dummy has a key that nobody can derive and a label of zeros, and is sealed like all others.
    pub(super) fn seal(&self, frames: Range<u32>) -> Vec<Vec<u8>> {
        let label_len = self.code.label_len.bytes();
        let seal = |frame| {
            let tagged = &self.tags[self.code.rows_of(frame..frame + 1)];
            let places: Vec<u32> = tagged.iter().map(|tagged| tagged.place).collect();
            let tags: Vec<Block> = tagged.iter().map(|tagged| Block::new(tagged.tag())).collect();
            let mut rows = vec![0; self.code.frame_len(frame)];
            for (place, row) in places.iter().zip(rows.chunks_exact_mut(self.code.row_len())) {
                if let Some(item) = self.items.get(*place as usize) {
                    row[..label_len].copy_from_slice(&self.labels[*item as usize * label_len..][..label_len]);
                }
            }
            self.keys.seal(&places, &tags, &mut rows);
            rows
        };
        frames.map(seal).collect()
    }
}

/// A bucket at the receiver whose tags were compared: what its labels need to be opened.
pub(super) struct Compared {
    code: LabelCode,
    /// Own items.
    own: u32,
    tags: Vec<Block>,
    /// For each tag the place of the own item that has it, or the place behind all of them.
    places: Vec<u32>,
}

/// What a frame of labels held for the receiver.
pub(super) struct Opened {
    /// Places of the own items whose labels were in it, in the order of their tags.
    pub(super) places: Vec<u32>,
    /// Their labels.
    pub(super) labels: Zeroizing<Vec<u8>>,
    /// Whether one of them did not open.
    pub(super) spoilt: bool,
}

impl Compared {
    /// For so many own items. The tags of the bucket follow.
    pub(super) fn new(code: LabelCode, own: usize) -> Self {
        let rows = code.rows as usize;
        Self { code, own: own as u32, tags: Vec::with_capacity(rows), places: Vec::with_capacity(rows) }
    }

    /// The next tag of the bucket, with the place of the own item that has it.
    pub(super) fn push(&mut self, tag: u128, place: Option<u32>) {
        self.tags.push(Block::new(tag));
        self.places.push(place.unwrap_or(self.own));
    }

    /// Opens a frame with the keys of the own items, behind which stands one that opens nothing. All rows are worked on, so
    /// that the time does not tell how many are matches.
    pub(super) fn open(&self, keys: &LabelKeys, frame: u32, mut rows: Vec<u8>) -> Opened {
        let range = self.code.rows_of(frame..frame + 1);
        let (label_len, none) = (self.code.label_len.bytes(), keys.len() as u32 - 1);
        let places = &self.places[range.clone()];
        let sound = keys.open(places, &self.tags[range], &mut rows);
        let mut opened = Opened { places: Vec::new(), labels: Zeroizing::default(), spoilt: false };
        for ((place, sound), row) in places.iter().zip(sound).zip(rows.chunks_exact(self.code.row_len())) {
            if *place != none {
                opened.places.push(*place);
                opened.labels.extend_from_slice(&row[..label_len]);
                opened.spoilt |= !sound;
            }
        }
        opened
    }
}

/// Two megabytes of sealed labels.
const FRAMES_PER_JOB: u32 = 16;

#[cfg(test)]
mod tests {
    use cwg_crypto::Prg;

    use super::*;

    fn code(label_len: u16, rows: u32) -> LabelCode {
        LabelCode::new(LabelLen::new(label_len).expect("a length"), rows)
    }

    #[test]
    fn frames_have_whole_rows_and_all_of_them() {
        for (label_len, rows) in [(16, 1), (32, 2666), (32, 2667), (512, 1), (512, 10_000), (48, 100_000)] {
            let code = code(label_len, rows);
            let lens: Vec<usize> = (0..code.frames()).map(|frame| code.frame_len(frame)).collect();
            assert_eq!(lens.iter().sum::<usize>() as u64, code.len(), "{label_len} x {rows}");
            assert!(lens.iter().all(|len| (1..=VOLE_LABEL_BYTES_PER_FRAME).contains(len) && len % code.row_len() == 0));
            assert_eq!(code.frame_len(code.frames()), 0, "there is no frame behind the last");
            let ranges: Vec<u32> = Sealing::ranges(code).flatten().collect();
            assert!(ranges.into_iter().eq(0..code.frames()));
        }
    }

    /// A bucket of five tags, of which the receiver has those of its items 0 and 2; places 3 and 4 are dummies.
    fn bucket(change: impl Fn(&mut Vec<u8>)) -> Opened {
        let code = code(16, 5);
        let keys = || {
            let mut keys = LabelKeys::with_capacity(5);
            keys.extend_random(5, &mut Prg::new(Block::new(9)));
            keys
        };
        let tags = [10, 20, 30, 40, 50];
        let tagged = [4, 2, 0, 3, 1].iter().zip(&tags).map(|(place, tag)| TaggedPlace::new(*tag, *place)).collect();
        let labels: Arc<[u8]> = [[1; 16], [2; 16], [3; 16]].concat().into();
        let mut frames = Sealing::new(code, tagged, keys(), vec![2, 1, 0], labels).seal(0..1);
        change(&mut frames[0]);
        // The receiver's items: one with the tag 20, one with 25, one with 30, under the keys 2, 1 and 0 of the sender.
        let mut compared = Compared::new(code, 3);
        tags.iter().zip([None, Some(2), Some(0), None, None]).for_each(|(tag, place)| compared.push(*tag, place));
        let mut keys = LabelKeys::with_capacity(4);
        keys.extend_random(3, &mut Prg::new(Block::new(9)));
        keys.extend_random(1, &mut Prg::new(Block::ONE));
        compared.open(&keys, 0, frames.remove(0))
    }

    #[test]
    fn labels_of_matches_open_and_no_others() {
        let opened = bucket(|_| ());
        assert_eq!((opened.places, opened.spoilt), (vec![2, 0], false));
        assert_eq!(*opened.labels, [[1; 16], [3; 16]].concat());
    }

    #[test]
    fn a_spoilt_label_shows_where_it_is_of_a_match() {
        for (row, spoilt) in [(0, false), (1, true), (2, true), (3, false), (4, false)] {
            assert_eq!(bucket(|rows| rows[32 * row + 5] ^= 1).spoilt, spoilt, "row {row}");
        }
    }
}
