//! The messages, raw arrays behind a one-byte kind (`docs/spec/vole.md`, byte tables).

use cwg_crypto::Block;

use crate::violation::Violation;

/// What the two sides say. Lengths of the byte strings follow from the plan and are checked where they are used.
pub(super) enum Message<'a> {
    /// Sender: its elements of the base transfers.
    Opening(&'a [u8]),
    /// Receiver: its elements of the base transfers, and the setup of the extension.
    Reply(&'a [u8]),
    /// Receiver: extends the correlation for a shard, and corrects the choices of its batches.
    Extend { shard: u32, body: &'a [u8] },
    /// Sender: commitment to its half of a shard's mask.
    Commit { shard: u32, commitment: [u8; 32] },
    /// Sender: the trees of a batch.
    Trees { shard: u32, batch: u32, body: &'a [u8] },
    /// Receiver: the point at which a batch is checked, and what it lacks.
    Challenge { shard: u32, batch: u32, point: Block, lacking: Block },
    /// Sender: digest of a batch's value at that point.
    Answer { shard: u32, batch: u32, digest: [u8; 32] },
    /// Receiver: the seed of a shard's vector, and its half of the mask.
    Seed { shard: u32, seed: [u8; 32], mask: Block },
    /// Receiver: the next blocks of a shard's vector, masked.
    Vector { shard: u32, frame: u32, blocks: Vec<Block> },
    /// Sender: its half of a shard's mask.
    Mask { shard: u32, mask: Block },
    /// Sender: the next bytes of the coded tags of a bucket.
    Tags { bucket: u32, frame: u32, bytes: &'a [u8] },
    /// Receiver: the tags of a bucket are compared, its labels may come.
    Compared { bucket: u32 },
    /// Sender: the next sealed labels of a bucket.
    Labels { bucket: u32, frame: u32, rows: &'a [u8] },
}

const OPENING: u8 = 1;
const REPLY: u8 = 2;
const EXTEND: u8 = 3;
const COMMIT: u8 = 4;
const TREES: u8 = 5;
const CHALLENGE: u8 = 6;
const ANSWER: u8 = 7;
const SEED: u8 = 8;
const VECTOR: u8 = 9;
const MASK: u8 = 10;
const TAGS: u8 = 11;
const COMPARED: u8 = 12;
const LABELS: u8 = 13;

/// Bytes before the body of a message about a shard, and of one with a second number.
pub(super) const HEAD: u64 = 5;
pub(super) const LONG_HEAD: u64 = 9;

impl<'a> Message<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Opening(body) => join(OPENING, &[], body),
            Self::Reply(body) => join(REPLY, &[], body),
            Self::Extend { shard, body } => join(EXTEND, &[*shard], body),
            Self::Commit { shard, commitment } => join(COMMIT, &[*shard], commitment),
            Self::Trees { shard, batch, body } => join(TREES, &[*shard, *batch], body),
            Self::Challenge { shard, batch, point, lacking } => {
                join(CHALLENGE, &[*shard, *batch], &[point.to_bytes(), lacking.to_bytes()].concat())
            }
            Self::Answer { shard, batch, digest } => join(ANSWER, &[*shard, *batch], digest),
            Self::Seed { shard, seed, mask } => join(SEED, &[*shard], &[&seed[..], &mask.to_bytes()].concat()),
            Self::Vector { shard, frame, blocks } => {
                let mut body = join(VECTOR, &[*shard, *frame], &[]);
                body.reserve_exact(blocks.len() * 16);
                blocks.iter().for_each(|block| body.extend_from_slice(&block.to_bytes()));
                body
            }
            Self::Mask { shard, mask } => join(MASK, &[*shard], &mask.to_bytes()),
            Self::Tags { bucket, frame, bytes } => join(TAGS, &[*bucket, *frame], bytes),
            Self::Compared { bucket } => join(COMPARED, &[*bucket], &[]),
            Self::Labels { bucket, frame, rows } => join(LABELS, &[*bucket, *frame], rows),
        }
    }

    /// The message in these bytes. A frame's own limit bounds what is allocated here.
    pub(super) fn decode(body: &'a [u8]) -> Result<Self, Violation> {
        let malformed = Violation::Malformed { what: "psi message" };
        Self::parse(body).ok_or(malformed)
    }

    fn parse(body: &'a [u8]) -> Option<Self> {
        let (kind, rest) = body.split_first()?;
        Some(match *kind {
            OPENING => Self::Opening(rest),
            REPLY => Self::Reply(rest),
            EXTEND => {
                let (shard, body) = number(rest)?;
                Self::Extend { shard, body }
            }
            COMMIT => {
                let (shard, rest) = number(rest)?;
                Self::Commit { shard, commitment: rest.try_into().ok()? }
            }
            TREES => {
                let (shard, batch, body) = numbers(rest)?;
                Self::Trees { shard, batch, body }
            }
            CHALLENGE => {
                let (shard, batch, rest) = numbers(rest)?;
                let (point, lacking) = rest.split_first_chunk()?;
                let lacking = Block::from_bytes(lacking.try_into().ok()?);
                Self::Challenge { shard, batch, point: Block::from_bytes(*point), lacking }
            }
            ANSWER => {
                let (shard, batch, rest) = numbers(rest)?;
                Self::Answer { shard, batch, digest: rest.try_into().ok()? }
            }
            SEED => {
                let (shard, rest) = number(rest)?;
                let (seed, mask) = rest.split_first_chunk()?;
                Self::Seed { shard, seed: *seed, mask: Block::from_bytes(mask.try_into().ok()?) }
            }
            VECTOR => {
                let (shard, frame, rest) = numbers(rest)?;
                let (blocks, []) = rest.as_chunks() else { return None };
                Self::Vector { shard, frame, blocks: blocks.iter().map(|bytes| Block::from_bytes(*bytes)).collect() }
            }
            MASK => {
                let (shard, rest) = number(rest)?;
                Self::Mask { shard, mask: Block::from_bytes(rest.try_into().ok()?) }
            }
            TAGS => {
                let (bucket, frame, bytes) = numbers(rest)?;
                Self::Tags { bucket, frame, bytes }
            }
            COMPARED => {
                let (bucket, []) = number(rest)? else { return None };
                Self::Compared { bucket }
            }
            LABELS => {
                let (bucket, frame, rows) = numbers(rest)?;
                Self::Labels { bucket, frame, rows }
            }
            _ => return None,
        })
    }
}

fn join(kind: u8, numbers: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 4 * numbers.len() + body.len());
    bytes.push(kind);
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    bytes.extend_from_slice(body);
    bytes
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn numbers(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (first, rest) = number(bytes)?;
    let (second, rest) = number(rest)?;
    Some((first, second, rest))
}
