//! The four messages, raw arrays behind a one-byte kind (`docs/spec/voprf.md`, byte tables).

use cwg_crypto::voprf::Proof;

use super::TAG_LEN;
use crate::violation::Violation;

/// One group element as sent; its validity is checked where it is used.
pub(super) type Encoded = [u8; 32];

/// One tag.
pub(super) type Tag = [u8; TAG_LEN];

/// What the two sides say.
pub(super) enum Message {
    /// Sender: the public key of this execution.
    Opening(Encoded),
    /// Receiver: blinded elements of a batch.
    Blinded { batch: u32, elements: Vec<Encoded> },
    /// Sender: evaluated elements of a batch, in the order of the request, and their proof.
    Evaluated { batch: u32, proof: Box<Proof>, elements: Vec<Encoded> },
    /// Sender: the next tags, strictly ascending over all frames.
    Tags { frame: u32, tags: Vec<Tag> },
}

const OPENING: u8 = 1;
const BLINDED: u8 = 2;
const EVALUATED: u8 = 3;
const TAGS: u8 = 4;

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::Opening(key) => {
                body.push(OPENING);
                body.extend_from_slice(key);
            }
            Self::Blinded { batch, elements } => {
                body.reserve_exact(5 + elements.len() * 32);
                body.push(BLINDED);
                body.extend_from_slice(&batch.to_le_bytes());
                body.extend_from_slice(elements.as_flattened());
            }
            Self::Evaluated { batch, proof, elements } => {
                body.reserve_exact(69 + elements.len() * 32);
                body.push(EVALUATED);
                body.extend_from_slice(&batch.to_le_bytes());
                body.extend_from_slice(&proof.encode());
                body.extend_from_slice(elements.as_flattened());
            }
            Self::Tags { frame, tags } => {
                body.reserve_exact(5 + tags.len() * TAG_LEN);
                body.push(TAGS);
                body.extend_from_slice(&frame.to_le_bytes());
                body.extend_from_slice(tags.as_flattened());
            }
        }
        body
    }

    /// The message in these bytes. A frame's own limit bounds what is allocated here.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Violation> {
        let malformed = |what| Violation::Malformed { what };
        let (kind, rest) = body.split_first().ok_or(malformed("psi message"))?;
        match *kind {
            OPENING => Ok(Self::Opening(rest.try_into().map_err(|_| malformed("opening"))?)),
            BLINDED => {
                let (batch, rest) = number(rest).ok_or(malformed("blinded batch"))?;
                Ok(Self::Blinded { batch, elements: array(rest).ok_or(malformed("blinded batch"))? })
            }
            EVALUATED => {
                let (batch, rest) = number(rest).ok_or(malformed("evaluated batch"))?;
                let (proof, rest) = rest.split_first_chunk::<64>().ok_or(malformed("evaluated batch"))?;
                let proof = Proof::decode(proof).map_err(|_| Violation::BadProof { batch })?;
                let elements = array(rest).ok_or(malformed("evaluated batch"))?;
                Ok(Self::Evaluated { batch, proof: Box::new(proof), elements })
            }
            TAGS => {
                let (frame, rest) = number(rest).ok_or(malformed("tags"))?;
                Ok(Self::Tags { frame, tags: array(rest).ok_or(malformed("tags"))? })
            }
            _ => Err(malformed("psi message")),
        }
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn array<const N: usize>(bytes: &[u8]) -> Option<Vec<[u8; N]>> {
    let (values, []) = bytes.as_chunks::<N>() else { return None };
    Some(values.to_vec())
}
