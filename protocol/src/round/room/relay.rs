//! The relay's part in one interval of the rooms.

use core::fmt;
use std::collections::BTreeMap;

use cwg_crypto::Seed;

use super::post::POST_LEN;
use super::posting::{MemberPosts, RoomBatch, RoomUpload, check_posts, random_bytes, seal_to_hub, shuffle};
use crate::round::terms::SharedTerms;
use crate::round::turn::Execution;
use crate::violation::Violation;
use crate::{NodeKey, UnixTime};

/// What a relay holds of one interval ([`crate::round::RoundTerms::room_relay`]), of posts or of deposits: one upload of each member,
/// until it passes all on together.
pub(crate) struct Gathered<T> {
    pub(crate) terms: SharedTerms,
    pub(crate) execution: Execution,
    pub(crate) interval: u16,
    pub(crate) seed: Seed,
    /// None once they were passed on.
    uploads: Option<BTreeMap<NodeKey, T>>,
}

impl<T: PartialEq> Gathered<T> {
    pub(crate) fn new(terms: SharedTerms, execution: Execution, interval: u16, seed: Seed) -> Self {
        Self { terms, execution, interval, seed, uploads: Some(BTreeMap::new()) }
    }

    /// The end of the interval. None once everything was passed on.
    pub(crate) fn deadline(&self) -> Option<UnixTime> {
        self.uploads.is_some().then(|| self.terms.body().rooms.interval_end(self.interval))
    }

    /// Takes a member's upload to a turn and interval, if that is this one. The same again, or one that comes too late, is passed over.
    pub(crate) fn take(&mut self, member: NodeKey, to: (Execution, u16), upload: T) -> Result<(), Violation> {
        if to != (self.execution, self.interval) || !self.terms.names(member) {
            return Err(Violation::Unexpected { awaiting: "an upload of this interval" });
        }
        let Some(uploads) = &mut self.uploads else { return Ok(()) };
        if uploads.get(&member).is_some_and(|known| *known != upload) {
            return Err(Violation::Unexpected { awaiting: "one upload of an interval" });
        }
        uploads.insert(member, upload);
        Ok(())
    }

    /// Everyone's, once, at the end of the interval.
    pub(crate) fn pass_on(&mut self, now: UnixTime) -> Option<impl Iterator<Item = T> + use<T>> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        self.uploads.take().map(BTreeMap::into_values)
    }

    /// In random order.
    pub(crate) fn shuffle<V>(&self, values: &mut [V]) {
        shuffle(values, &mut self.seed.fork("order", 0).rng());
    }
}

/// The relay's part in one interval of the rooms ([`crate::round::RoundTerms::room_relay`]): it takes one upload of each member, and passes
/// all on together.
pub struct RoomRelay(Gathered<MemberPosts>);

impl RoomRelay {
    /// For one interval. It may be there before the interval begins: some members' clocks are ahead.
    pub fn new(terms: SharedTerms, execution: Execution, interval: u16, seed: Seed) -> Self {
        Self(Gathered::new(terms, execution, interval, seed))
    }

    /// When to call [`Self::on_time`]: at the end of the interval. None once everything was passed on.
    pub fn deadline(&self) -> Option<UnixTime> {
        self.0.deadline()
    }

    /// Takes a member's upload. The same again, or one that comes too late, is passed over.
    ///
    /// # Errors
    /// If the sender takes no part, the upload is of another turn or interval, a second one, or not of as many posts of their length.
    pub fn on_upload(&mut self, member: NodeKey, upload: RoomUpload) -> Result<(), Violation> {
        check_posts(&upload.posts, self.0.terms.body().rooms.posts.into())?;
        self.0.take(member, (upload.execution, upload.interval), upload.posts)
    }

    /// At the end of the interval: everyone's posts in random order. For those who were not there the relay makes some, so that the hub
    /// does not learn how many were.
    pub fn on_time(&mut self, now: UnixTime) -> Option<RoomBatch> {
        let uploads = self.0.pass_on(now)?;
        let Gathered { terms, execution, interval, seed, .. } = &self.0;
        let mut posts: Vec<_> = uploads.flat_map(MemberPosts::into_inner).collect();
        let mut rng = seed.fork("dummies", 0).rng();
        let expected = terms.body().members.len() * usize::from(terms.body().rooms.posts);
        while posts.len() < expected {
            let post = random_bytes(&mut rng, POST_LEN);
            posts.push(seal_to_hub(terms, *execution, *interval, &post, seed.fork("outer", posts.len() as u64)));
        }
        self.0.shuffle(&mut posts);
        let posts = posts.try_into().expect("as many as the terms say");
        Some(RoomBatch { execution: *execution, interval: *interval, posts })
    }
}

impl fmt::Debug for RoomRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomRelay(interval {})", self.0.interval)
    }
}
