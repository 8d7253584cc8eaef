//! One turn: tickets, slots, lists, and what comes back (`docs/spec/round-messages.md` §4).
//!
//! | pass | what goes from members through the relay to the hub | what comes back |
//! |---|---|---|
//! | first | a ticket | the serials of all tickets, which give each member its slot |
//! | second | the list, in pieces, made for that slot | a bit for each place of it |
//!
//! Everything that goes through the relay is sealed to the hub, of one length, and counted by ranks: the ticket is rank 0,
//! then come pieces. The relay gives each member a channel with a random name and passes a rank on when it has it of all who
//! are still there, in the order of their channels. So the hub sees neither who sends nor how fast anyone is, and the relay
//! sees who sends and nothing of what.

mod collector;
mod lane;
mod lists;
mod member;
mod message;
mod relay;
mod search;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod views;
#[cfg(test)]
pub(super) mod world;

pub use collector::{Collected, Collector, CollectorStep, SlotFault, ToRelay};
pub use member::{Found, FoundItem, Uploader, UploaderStep};
pub use message::{
    Answer, Carried, Channel, Channels, Dropped, Passed, Returned, Slots, TicketAsk, TicketGiven, TurnEnd, TurnEnded,
    Upload,
};
pub use relay::{Relay, RelayStep, ToHub};
pub use search::CountBand;

use super::turn::Execution;

/// What uploads of a turn are sealed with besides the key: the turn, and that they are uploads.
fn upload_parts(execution: &Execution) -> [&[u8]; 2] {
    [execution.0.as_bytes(), &[0]]
}

/// The nonce of an answer's rank. Its key serves one channel of one turn.
fn answer_nonce(rank: u32) -> [u8; 24] {
    let mut nonce = [0; 24];
    nonce[..4].copy_from_slice(&rank.to_le_bytes());
    nonce
}
