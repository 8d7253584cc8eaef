//! Bytes between peers: `docs/spec/wire.md`. The only place that gives them a form.

mod bounded;
mod codec;
pub mod limits;
mod message;

pub use bounded::{BoundedBytes, BoundedText, BoundedVec, OverLimit};
pub use codec::{CodecError, decode, decode_canonical, encode};
pub use message::{
    Accept, CharterOffer, Decline, DeclineCode, Hello, Join, JoinRefusal, Joined, Message, Propose, PsiFrame,
    RosterChain, RosterFetch, Seal, SessionAbort, WireError,
};
