//! Sealed labels: what is said about an item, sealed so that only who can compute the item's key opens it
//! (`docs/spec/vole-labelled.md`, sealed labels).
//!
//! A label of L blocks under the key k, beside the tag t, is sealed as
//!
//! - `c_j` = `label_j` + `s_j` for j < L, where `s_j` = π_k(t + j) + t + j with j as the number of a block;
//! - a check: the first 14 bytes of BLAKE3 keyed with the 32 bytes of `s_L` and `s_(L+1)`, over all `c_j`.
//!
//! A key seals one label, once. The stream is AES in the Davies-Meyer mode at points that the tag moves: whoever guesses a
//! key tests the guess against one label and not against all of them at once. The check is encrypt-then-authenticate, and a
//! hash: it takes 2^56 work to make one sealed label that opens under two keys, and 2^112 for two keys that are given.

use core::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{Block, Prg, davies_meyer};

/// Bytes of a check: what sealing adds to a label. A row that nobody sealed passes with 2^-112.
pub const CHECK_LEN: usize = 14;

/// Keys of labels. Each seals one label, once.
#[derive(ZeroizeOnDrop)]
pub struct LabelKeys(Vec<Block>);

impl LabelKeys {
    /// None yet, with room for so many.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds for each secret and input the key π_secret(input) + input. Whoever lacks the secret cannot tell the key from a
    /// random one, even from what the same secret gives for other inputs.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn extend_derived(&mut self, secrets: &[Block], inputs: &[Block]) {
        let first = self.0.len();
        self.0.resize(first + inputs.len(), Block::ZERO);
        davies_meyer(secrets, inputs, &mut self.0[first..]);
    }

    /// Adds keys that nobody can derive.
    pub fn extend_random(&mut self, count: usize, random: &mut Prg) {
        let first = self.0.len();
        self.0.resize(first + count, Block::ZERO);
        random.fill(&mut self.0[first..]);
    }

    /// Adds all keys of another list.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The same keys in another order: key i comes to `places[i]`.
    ///
    /// # Panics
    /// If the places are not 0 to the number of keys, in some order.
    #[must_use]
    pub fn moved_to(&self, places: &[u32]) -> Self {
        assert_eq!(self.len(), places.len(), "one place a key");
        let mut moved = Self(vec![Block::ZERO; self.len()]);
        for (key, place) in self.0.iter().zip(places) {
            moved.0[*place as usize] = *key;
        }
        moved
    }

    /// Seals rows where they lie: each is a label of whole blocks and then room for its check, and belongs to the tag of its
    /// number and to the key at its place.
    ///
    /// # Panics
    /// If there are not as many rows as places and tags, or rows are not of whole blocks.
    pub fn seal(&self, places: &[u32], tags: &[Block], rows: &mut [u8]) {
        self.each(places, tags, rows, |_, stream, row| {
            let (label, check) = row.split_last_chunk_mut().expect("a row ends with its check");
            add(label, stream);
            *check = check_of(label, stream);
        });
    }

    /// Opens rows where they lie, and says of each whether it was sealed under that key beside that tag. One that was not has
    /// zeros in place of its label. The work is the same for every row.
    ///
    /// # Panics
    /// As [`Self::seal`].
    pub fn open(&self, places: &[u32], tags: &[Block], rows: &mut [u8]) -> Vec<bool> {
        let mut opened = vec![false; places.len()];
        self.each(places, tags, rows, |number, stream, row| {
            let (label, check) = row.split_last_chunk_mut::<CHECK_LEN>().expect("a row ends with its check");
            let sound = check.ct_eq(&check_of(label, stream));
            add(label, stream);
            let mask = sound.unwrap_u8().wrapping_neg();
            label.iter_mut().for_each(|byte| *byte &= mask);
            opened[number] = sound.into();
        });
        opened
    }

    /// Gives each row to `visit` with its number and its stream.
    fn each(&self, places: &[u32], tags: &[Block], rows: &mut [u8], mut visit: impl FnMut(usize, &[Block], &mut [u8])) {
        assert_eq!(places.len(), tags.len(), "one place a tag");
        let Some(row_len) = rows.len().checked_div(places.len()) else { return };
        assert_eq!(row_len * places.len(), rows.len(), "rows are of one length");
        let label_len = row_len.checked_sub(CHECK_LEN).filter(|len| len.is_multiple_of(BLOCK_LEN));
        // The label's blocks and two for the key of the check.
        let blocks = label_len.expect("a row is whole blocks and a check") / BLOCK_LEN + 2;
        let mut secrets = Zeroizing::new(Vec::with_capacity(AT_ONCE * blocks));
        let mut inputs = Vec::with_capacity(AT_ONCE * blocks);
        let mut streams = Zeroizing::new(vec![Block::ZERO; AT_ONCE * blocks]);
        let numbered = places.chunks(AT_ONCE).zip(tags.chunks(AT_ONCE)).zip(rows.chunks_mut(AT_ONCE * row_len));
        for (first, ((places, tags), rows)) in (0..).step_by(AT_ONCE).zip(numbered) {
            secrets.clear();
            inputs.clear();
            for (place, tag) in places.iter().zip(tags) {
                secrets.extend(core::iter::repeat_n(self.0[*place as usize], blocks));
                inputs.extend((0..blocks as u128).map(|number| *tag + Block::new(number)));
            }
            let streams = &mut streams[..inputs.len()];
            davies_meyer(&secrets, &inputs, streams);
            let each = streams.chunks_exact(blocks).zip(rows.chunks_exact_mut(row_len));
            for (number, (stream, row)) in (first..).zip(each) {
                visit(number, stream, row);
            }
        }
    }
}

impl fmt::Debug for LabelKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabelKeys(..)")
    }
}

const BLOCK_LEN: usize = 16;

/// Rows whose streams are made together: as many keys in flight as the widest kernel takes, and more.
const AT_ONCE: usize = 16;

fn add(label: &mut [u8], stream: &[Block]) {
    for (bytes, block) in label.as_chunks_mut::<BLOCK_LEN>().0.iter_mut().zip(stream) {
        *bytes = (Block::from_bytes(*bytes) + *block).to_bytes();
    }
}

/// The check of a sealed label: under the last two blocks of its stream.
fn check_of(sealed: &[u8], stream: &[Block]) -> [u8; CHECK_LEN] {
    let mut key = [0; 32];
    for (bytes, block) in key.as_chunks_mut::<BLOCK_LEN>().0.iter_mut().zip(&stream[stream.len() - 2..]) {
        *bytes = block.to_bytes();
    }
    let hash = blake3::keyed_hash(&key, sealed);
    key.zeroize();
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use aes::Aes128Enc;
    use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

    use super::*;

    fn blocks(count: usize, salt: u128) -> Vec<Block> {
        let mut blocks: Vec<Block> = (0..count as u128).map(|number| Block::new(number + (salt << 64))).collect();
        crate::Mmo::new([5; 16]).hash_in_place(&mut blocks);
        blocks
    }

    fn keys(count: usize) -> LabelKeys {
        let mut keys = LabelKeys::with_capacity(count);
        keys.extend_derived(&blocks(count, 1), &blocks(count, 2));
        keys
    }

    /// Rows of labels that differ, with room for their checks.
    fn rows(count: usize, label_len: usize) -> Vec<u8> {
        let row = |number: usize| (0..label_len).map(move |at| (number * 7 + at) as u8).chain([0; CHECK_LEN]);
        (0..count).flat_map(row).collect()
    }

    fn straight(count: usize) -> Vec<u32> {
        (0..count as u32).collect()
    }

    #[test]
    fn a_sealed_label_is_its_definition() {
        for (count, label_len) in [(1, 16), (16, 32), (17, 48), (40, 512)] {
            let (keys, tags, labels) = (keys(count), blocks(count, 3), rows(count, label_len));
            let mut sealed = labels.clone();
            keys.seal(&straight(count), &tags, &mut sealed);
            let row_len = label_len + CHECK_LEN;
            for (number, (sealed, label)) in sealed.chunks(row_len).zip(labels.chunks(row_len)).enumerate() {
                let cipher = Aes128Enc::new(&keys.0[number].to_bytes().into());
                let stream = |at: usize| {
                    let input = tags[number].number() ^ at as u128;
                    let mut block = input.to_le_bytes().into();
                    cipher.encrypt_block(&mut block);
                    u128::from_le_bytes(block.into()) ^ input
                };
                for at in 0..label_len / 16 {
                    let block = |bytes: &[u8]| u128::from_le_bytes(bytes[16 * at..][..16].try_into().unwrap());
                    assert_eq!(block(sealed), block(label) ^ stream(at), "{label_len} bytes, row {number}, block {at}");
                }
                let key = [stream(label_len / 16), stream(label_len / 16 + 1)].map(u128::to_le_bytes).concat();
                let hash = blake3::keyed_hash(&key.try_into().unwrap(), &sealed[..label_len]);
                assert_eq!(sealed[label_len..], hash.as_bytes()[..CHECK_LEN], "{label_len} bytes, row {number}");
            }
        }
    }

    #[test]
    fn a_derived_key_is_davies_meyer_of_its_secret() {
        let (secrets, inputs) = (blocks(20, 1), blocks(20, 2));
        let mut expected = vec![Block::ZERO; 20];
        davies_meyer(&secrets, &inputs, &mut expected);
        assert!(keys(20).0 == expected);
    }

    #[test]
    fn rows_open_under_the_keys_at_their_places_and_no_others() {
        let (keys, tags, labels) = (keys(40), blocks(40, 3), rows(40, 32));
        let places: Vec<u32> = (0..40).map(|place| place * 7 % 40).collect();
        let mut sealed = labels.clone();
        keys.seal(&places, &tags, &mut sealed);
        let label_of = |rows: &[u8], row: usize| rows[(32 + CHECK_LEN) * row..][..32].to_vec();

        let mut opened = sealed.clone();
        assert_eq!(keys.open(&places, &tags, &mut opened), [true; 40]);
        assert!((0..40).all(|row| label_of(&opened, row) == label_of(&labels, row)));

        let mut moved = places.clone();
        moved.swap(3, 4);
        let mut opened = sealed.clone();
        let sound = keys.open(&moved, &tags, &mut opened);
        assert!((0..40).all(|row| sound[row] == (row != 3 && row != 4)));
        assert!(label_of(&opened, 3) == [0; 32] && label_of(&opened, 5) == label_of(&labels, 5));
    }

    #[test]
    fn a_change_of_any_bit_of_row_or_tag_is_refused() {
        let (keys, tags) = (keys(1), blocks(1, 3));
        let mut sealed = rows(1, 16);
        keys.seal(&[0], &tags, &mut sealed);
        for bit in 0..8 * sealed.len() {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(&[0], &tags, &mut changed), [false], "bit {bit}");
        }
        for bit in 0..128 {
            assert_eq!(keys.open(&[0], &[tags[0] + Block::new(1 << bit)], &mut sealed.clone()), [false], "bit {bit}");
        }
    }

    #[test]
    fn keys_that_were_moved_open_what_they_sealed() {
        let (keys, tags) = (keys(20), blocks(20, 3));
        let mut sealed = rows(20, 32);
        keys.seal(&straight(20), &tags, &mut sealed);
        let places: Vec<u32> = (0..20).map(|place| (place + 5) % 20).collect();
        let moved = keys.moved_to(&places);
        assert_eq!(moved.open(&places, &tags, &mut sealed), [true; 20]);
        let mut joined = LabelKeys::with_capacity(0);
        joined.extend(&moved);
        joined.extend_random(1, &mut Prg::new(Block::ONE));
        assert_eq!((joined.len(), joined.0[..20] == moved.0, joined.is_empty()), (21, true, false));
    }

    #[test]
    fn no_rows_are_no_work_and_keys_print_their_name_only() {
        assert_eq!(keys(1).open(&[], &[], &mut []), [false; 0]);
        assert_eq!(format!("{:?}", keys(1)), "LabelKeys(..)");
    }
}
