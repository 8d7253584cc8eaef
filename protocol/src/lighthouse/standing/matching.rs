//! A table's sorted outputs against an edition's sorted rows, and what the rows that match say.

use core::fmt;
use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::plan::label_keys;
use super::{Content, EditionError, OwnOutput};
use crate::Item;

/// A row whose tag is that of an own output.
pub struct Candidate {
    /// Place of the output, counted over all that were given.
    pub own: u64,
    sealed: Vec<u8>,
}

/// What an edition says of an own item.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// This label.
    Label(Zeroizing<Vec<u8>>),
    /// It is withdrawn.
    Withdrawn,
    /// The row does not open under the item's key: the hub published what cannot be read. Nobody is told but this side's operator.
    Spoilt,
}

/// Why matching ended early.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatchError<E> {
    /// The edition is not what was checked.
    #[error(transparent)]
    Edition(#[from] EditionError),
    /// Own tags are not ascending.
    #[error("own outputs are not in the order of their tags")]
    NotSorted,
    /// A source of tags or chunks failed.
    #[error("{0}")]
    Source(E),
}

/// The rows of an edition that have the tag of an own output. Own tags come ascending, some at a time; `load` brings a chunk of
/// the edition. Both are read once, in order; memory holds a piece of each and what matches.
///
/// # Errors
/// If a source fails, own tags are out of order, or a chunk is not the one that was checked.
pub fn candidates<E>(
    content: &Content,
    own: impl IntoIterator<Item = Result<Vec<[u8; 16]>, E>>,
    mut load: impl FnMut(u32) -> Result<Vec<u8>, E>,
) -> Result<Vec<Candidate>, MatchError<E>> {
    let shape = content.edition().body().shape;
    let mut found = Vec::new();
    let mut chunks = 0..content.edition().chunks();
    let mut chunk: Vec<(u128, usize)> = Vec::new();
    let (mut bytes, mut at) = (Vec::new(), 0);
    let (mut place, mut last) = (0_u64, 0);
    let sealed_len = shape.row_len() - usize::from(shape.tag_len);
    for tags in own {
        for tag in tags.map_err(MatchError::Source)? {
            let shown = shape.shown(&tag);
            if shown < last {
                return Err(MatchError::NotSorted);
            }
            last = shown;
            loop {
                at += chunk[at..].iter().take_while(|(tag, _)| *tag < shown).count();
                if at < chunk.len() {
                    break;
                }
                let Some(number) = chunks.next() else { break };
                bytes = load(number).map_err(MatchError::Source)?;
                let rows = content.rows(number, &bytes)?;
                let start = |row: usize| row * shape.row_len() + usize::from(shape.tag_len);
                chunk = rows.iter().enumerate().map(|(row, (tag, _))| (tag, start(row))).collect();
                at = 0;
            }
            if let Some((tag, start)) = chunk.get(at)
                && *tag == shown
            {
                found.push(Candidate { own: place, sealed: bytes[*start..][..sealed_len].to_vec() });
            }
            place += 1;
        }
    }
    Ok(found)
}

/// What the rows say, in their order: each with the output at its place.
///
/// # Panics
/// If there are not as many outputs as rows.
pub fn open(content: &Content, outputs: &[OwnOutput], rows: &[Candidate]) -> Vec<Said> {
    assert_eq!(outputs.len(), rows.len(), "one output a row");
    let body = content.edition().body();
    let class = body.shape.class;
    let mut labels = Zeroizing::new(rows.iter().flat_map(|row| &row.sealed).copied().collect::<Vec<u8>>());
    let (keys, places, tags) = label_keys(outputs, &body.salt);
    let sound = keys.open(&places, &tags, &mut labels);
    let row_len = class.len() + cwg_crypto::label::CHECK_LEN;
    let each = labels.chunks_exact(row_len).zip(sound);
    each.map(|(row, sound)| match (sound, &row[..class.len()]) {
        (false, _) => Said::Spoilt,
        (true, label) if label.iter().all(|byte| *byte == 0) => Said::Withdrawn,
        (true, label) => Said::Label(Zeroizing::new(label.to_vec())),
    })
    .collect()
}

impl Content {
    /// What the edition says of one output, if anything: `load` brings the one chunk that may have it.
    ///
    /// # Errors
    /// If the source fails or the chunk is not the one that was checked.
    pub fn look_up<E>(
        &self,
        output: &OwnOutput,
        load: impl FnOnce(u32) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Said>, MatchError<E>> {
        let Some(chunk) = self.chunk_of(output.tag()) else { return Ok(None) };
        let bytes = load(chunk).map_err(MatchError::Source)?;
        let rows = self.rows(chunk, &bytes)?;
        let Some(sealed) = rows.find(self.edition().body().shape.shown(output.tag())) else { return Ok(None) };
        let row = Candidate { own: 0, sealed: sealed.to_vec() };
        Ok(open(self, core::slice::from_ref(output), &[row]).pop())
    }
}

/// What is said of own items after a snapshot and its deltas: the later edition counts.
#[derive(Default)]
pub struct Answers {
    by_item: BTreeMap<Item, Zeroizing<Vec<u8>>>,
}

impl Answers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what an edition says of an item. Editions come in the order of their chain; a new snapshot begins new answers. What
    /// cannot be read changes nothing.
    pub fn take(&mut self, item: Item, said: Said) {
        match said {
            Said::Label(label) => drop(self.by_item.insert(item, label)),
            Said::Withdrawn => drop(self.by_item.remove(&item)),
            Said::Spoilt => {}
        }
    }

    /// Items that are said something of, ascending, with their labels.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Item, &[u8])> {
        self.by_item.iter().map(|(item, label)| (item, label.as_slice()))
    }
}

/// Nothing of a match is printed.
impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Candidate(..)")
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Said(..)")
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(..)")
    }
}
