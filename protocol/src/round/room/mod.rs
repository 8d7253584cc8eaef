//! Rooms: holders of one item write to each other, unnamed (`docs/spec/round-messages.md` §5).
//!
//! The key of a room follows from the item's value, so its holders have it and the hub does not. Every member posts in every
//! interval as often as the terms say, real posts or random bytes of the same length, through the relay. The hub opens the
//! outer seal, puts all posts of an interval in the order of their bytes, and shows them to everyone. So neither times nor
//! counts nor lengths nor orders say who writes, or whether anyone does; and readers try all their keys on everything.

mod post;
mod posting;
mod relay;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use post::SIGNED_LEN;
pub use post::{BadPost, Content, Draft, Pseudonym, ReadPost, RoomKey};
pub use posting::{
    Opened, OpenedStep, RoomBatch, RoomBoard, RoomPage, RoomUpload, Said, TooManyPosts, filler_is_shown, read_page,
    read_steps, room_upload, room_upload_of,
};
pub(crate) use posting::{random_bytes, shuffle};
pub(crate) use relay::Gathered;
pub use relay::RoomRelay;
pub use words::{Frequency, Outcome, Question};

use super::turn::Execution;

/// What posts of an interval are sealed to the hub with besides the key: the turn, that they are posts, and the interval.
fn post_parts<'a>(execution: &'a Execution, interval: &'a [u8; 2]) -> [&'a [u8]; 3] {
    [execution.0.as_bytes(), &[1], interval]
}
