//! The rows of an edition: chunks that come one by one, and go on where they broke off; used only after the last was checked.

use cwg_crypto::merkle::leaf;
use cwg_crypto::{Digest, InclusionProof, MerkleTree};

use super::{EditionError, Shape, VerifiedEdition};

/// The rows of a chunk.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    bytes: &'a [u8],
    shape: Shape,
}

/// Checks the chunks of an edition one by one, in memory of 48 bytes a chunk.
#[derive(Debug)]
pub struct ContentCheck {
    edition: VerifiedEdition,
    leaves: Vec<Digest>,
    firsts: Vec<u128>,
    tree: MerkleTree,
    last: Option<u128>,
}

/// The proof that all chunks of an edition are those that were signed, in order. The chunks themselves stay with the caller: each
/// is checked again when it is used.
#[derive(Debug)]
pub struct Content {
    edition: VerifiedEdition,
    leaves: Vec<Digest>,
    /// The first tag of each chunk.
    firsts: Vec<u128>,
}

impl VerifiedEdition {
    /// Chunks that it has.
    pub fn chunks(&self) -> u32 {
        self.body().rows.div_ceil(self.body().shape.chunk_rows() as u32)
    }

    /// Bytes of a chunk; 0 for one that it has not.
    pub fn chunk_len(&self, chunk: u32) -> usize {
        let shape = self.body().shape;
        let before = chunk as usize * shape.chunk_rows();
        (self.body().rows as usize).saturating_sub(before).min(shape.chunk_rows()) * shape.row_len()
    }

    /// Bytes of all chunks, one after the other.
    pub fn file_len(&self) -> u64 {
        u64::from(self.body().rows) * self.body().shape.row_len() as u64
    }

    /// Where a download goes on whose file has so many bytes: the first chunk that is not whole. What is there of it is dropped.
    pub fn resume_at(&self, file_len: u64) -> u32 {
        if file_len >= self.file_len() {
            return self.chunks();
        }
        let whole = (self.body().shape.chunk_rows() * self.body().shape.row_len()) as u64;
        (file_len / whole) as u32
    }

    /// Checks one chunk as it comes, so that a bad one is asked for again at once. It is not a check of all.
    ///
    /// # Errors
    /// If it is not the chunk of that number.
    pub fn check_chunk(&self, chunk: u32, bytes: &[u8], proof: &InclusionProof) -> Result<(), EditionError> {
        let placed = (proof.index(), proof.tree_len()) == (chunk.into(), self.chunks().into());
        let sound = placed && bytes.len() == self.chunk_len(chunk) && !bytes.is_empty();
        let proven = sound && proof.verify(leaf(bytes), self.body().root).is_ok();
        if proven { Ok(()) } else { Err(EditionError::BadChunk(chunk)) }
    }

    /// Begins to check all chunks.
    pub const fn check_content(self) -> ContentCheck {
        ContentCheck { edition: self, leaves: Vec::new(), firsts: Vec::new(), tree: MerkleTree::new(), last: None }
    }
}

impl ContentCheck {
    /// Takes the next chunk.
    ///
    /// # Errors
    /// If its length is not that of the chunk, or its rows are out of order.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EditionError> {
        let chunk = self.leaves.len() as u32;
        if bytes.is_empty() || bytes.len() != self.edition.chunk_len(chunk) {
            return Err(EditionError::BadChunk(chunk));
        }
        let rows = Rows { bytes, shape: self.edition.body().shape };
        for (row, (tag, _)) in rows.iter().enumerate() {
            if self.last.is_some_and(|last| last >= tag) {
                return Err(EditionError::NotSorted(chunk));
            }
            self.last = Some(tag);
            if row == 0 {
                self.firsts.push(tag);
            }
        }
        let leaf = leaf(bytes);
        self.leaves.push(leaf);
        self.tree.push(leaf);
        Ok(())
    }

    /// Ends the check. Only then are the rows those that were signed: nothing of them is used before.
    ///
    /// # Errors
    /// If chunks are missing, or they are not those that were signed.
    pub fn finish(self) -> Result<Content, EditionError> {
        let (expected, got) = (self.edition.chunks(), self.leaves.len() as u32);
        if got != expected {
            return Err(EditionError::Truncated { expected, got });
        }
        if self.tree.root() != self.edition.body().root {
            return Err(EditionError::WrongRoot);
        }
        Ok(Content { edition: self.edition, leaves: self.leaves, firsts: self.firsts })
    }
}

impl Content {
    /// The edition of these chunks.
    pub const fn edition(&self) -> &VerifiedEdition {
        &self.edition
    }

    /// The rows of a chunk, if these are its bytes.
    ///
    /// # Errors
    /// If they are not.
    pub fn rows<'a>(&self, chunk: u32, bytes: &'a [u8]) -> Result<Rows<'a>, EditionError> {
        if self.leaves.get(chunk as usize) != Some(&leaf(bytes)) {
            return Err(EditionError::BadChunk(chunk));
        }
        Ok(Rows { bytes, shape: self.edition.body().shape })
    }

    /// The chunk that has the row of a tag, if there is one.
    pub fn chunk_of(&self, tag: &[u8; 16]) -> Option<u32> {
        let shown = self.edition.body().shape.shown(tag);
        self.firsts.partition_point(|first| *first <= shown).checked_sub(1).map(|chunk| chunk as u32)
    }

    /// A proof of a chunk, for whoever downloads it.
    pub fn proof(&self, chunk: u32) -> Option<InclusionProof> {
        InclusionProof::build(self.leaves.iter().copied(), chunk.into()).map(|(proof, _)| proof)
    }
}

impl<'a> Rows<'a> {
    /// Each row's tag as it is shown, and its sealed label with its check.
    pub(super) fn iter(self) -> impl ExactSizeIterator<Item = (u128, &'a [u8])> {
        let tag_len = usize::from(self.shape.tag_len);
        self.bytes.chunks_exact(self.shape.row_len()).map(move |row| {
            let (tag, sealed) = row.split_at(tag_len);
            let mut number = [0; 16];
            number[16 - tag_len..].copy_from_slice(tag);
            (u128::from_be_bytes(number), sealed)
        })
    }

    /// The sealed label of the row with this tag.
    pub(super) fn find(self, shown: u128) -> Option<&'a [u8]> {
        self.iter().find(|(tag, _)| *tag == shown).map(|(_, sealed)| sealed)
    }
}

/// Nothing of rows is printed.
impl core::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Rows(..)")
    }
}
