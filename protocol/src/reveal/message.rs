//! Every message of reveals, beside the rooms' own (`docs/spec/reveal.md` §4).

use serde::{Deserialize, Serialize};

use super::deposit::{RevealBatch, RevealPage, RevealUpload};
use crate::round::Execution;
use crate::wire::message_family;

/// Which boxes a member wants to try: those of one interval. Every member asks for every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPageAsk {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
}

message_family! {
    /// A message of reveals.
    RevealMessage
    /// A member sends its deposit to the relay.
    RevealUpload(RevealUpload) = 0x88, 2 * 1024;
    /// The relay passes everyone's on.
    RevealBatch(RevealBatch) = 0x89, 32 * 1024;
    /// A member asks the hub for the boxes of an interval.
    RevealPageAsk(RevealPageAsk) = 0x8a, 64;
    /// The hub shows them.
    RevealPage(RevealPage) = 0x8b, 64 * 1024;
}
