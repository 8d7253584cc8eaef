//! Bytes between peers: `docs/spec/wire.md`. The only place that gives them a form.

mod bounded;
mod codec;
mod family;
pub mod limits;
mod message;
mod standing;

pub use bounded::{BoundedBytes, BoundedText, BoundedVec, OverLimit};
pub use codec::{CodecError, decode, decode_canonical, encode};
pub(crate) use family::message_family;
pub use message::{
    Accept, CharterOffer, Decline, DeclineCode, FigureOffer, Hello, Join, JoinRefusal, Joined, LighthouseHas,
    MeanOffer, Message, Propose, PsiFrame, Recalls, ReleaseOffer, RosterChain, RosterFetch, Seal, SessionAbort,
    TrendsOffer, WireError,
};
pub use standing::{
    Chunk, ChunkFetch, ChunkRefused, EditionOffer, Evaluate, EvaluateCode, EvaluateRefused, Evaluated, PeriodOffer,
};
