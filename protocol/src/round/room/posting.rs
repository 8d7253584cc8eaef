//! The way of posts: from every member through the relay to the hub, and from the hub to everyone.

use core::fmt;
use std::sync::Arc;

use cwg_crypto::hpke::{ENCAPSULATED_LEN, OVERHEAD, OpeningKey, open_one, seal_one};
use cwg_crypto::{Secret32, Seed};
use serde::{Deserialize, Serialize};

use super::post::{BadPost, Draft, POST_LEN, Place, ReadPost, RoomKey};
use super::post_parts;
use crate::UnixTime;
use crate::psi::{Job, JobOutput};
use crate::reveal::{ReadStep, Step};
use crate::round::limits::ROOM_POSTS_MAX;
use crate::round::terms::SharedTerms;
use crate::round::turn::Execution;
use crate::violation::Violation;
use crate::wire::limits::MEMBERS_MAX;
use crate::wire::{BoundedBytes, BoundedVec};

/// Bytes of a post that is sealed to the hub too: the encapsulated key, then what was sealed.
const CARRIED_LEN: usize = ENCAPSULATED_LEN + POST_LEN + OVERHEAD;

/// Posts of one member, and of all, in one interval.
const OF_MEMBER_MAX: usize = ROOM_POSTS_MAX as usize;
const OF_ALL_MAX: usize = MEMBERS_MAX * OF_MEMBER_MAX;

/// A post as it is carried, and as the hub shows it.
type CarriedPost = BoundedBytes<CARRIED_LEN>;
type ShownPost = BoundedBytes<POST_LEN>;

/// A member's posts of an interval.
pub(super) type MemberPosts = BoundedVec<CarriedPost, OF_MEMBER_MAX>;

/// A member's posts of an interval, to the relay: as many as the terms say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomUpload {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
    /// The posts, real ones and others.
    pub posts: MemberPosts,
}

/// Everyone's posts of an interval, to the hub: as many as everyone's together, whoever was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBatch {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
    /// The posts, in random order.
    pub posts: BoundedVec<CarriedPost, OF_ALL_MAX>,
}

/// Everyone's posts of an interval, as the hub keeps and shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    /// The turn that gave the rooms.
    pub execution: Execution,
    /// The interval.
    pub interval: u16,
    /// The posts, ascending.
    pub posts: BoundedVec<ShownPost, OF_ALL_MAX>,
}

/// More to say than the terms let a member say in one interval: the rest waits for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{drafts} posts where {posts} fit an interval: the rest waits for the next one")]
pub struct TooManyPosts {
    /// Drafts given.
    pub drafts: usize,
    /// Posts of an interval.
    pub posts: u8,
}

/// A member's upload of an interval, with these drafts in it: to be sent when the interval begins, also when there is nothing
/// to say.
///
/// `writer` is the member's secret for this turn, from which its pseudonyms follow. The seed serves this interval alone: the same
/// seed and drafts give the same bytes, so an upload can be sent again.
///
/// # Errors
/// If there are more drafts than posts.
pub fn room_upload(
    terms: &SharedTerms,
    execution: Execution,
    interval: u16,
    drafts: &[(&RoomKey, Draft)],
    writer: &Secret32,
    seed: &Seed,
) -> Result<RoomUpload, TooManyPosts> {
    let said: Vec<_> = drafts.iter().map(|(room, draft)| (*room, Said::Post(draft.clone()))).collect();
    room_upload_of(terms, execution, interval, &said, writer, seed)
}

/// What a member has to say in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// To all holders.
    Post(Draft),
    /// A step of a reveal, to one of them. All holders read it.
    Step(Step),
}

/// [`room_upload`], with steps of reveals among the posts. They have the length of posts.
///
/// # Errors
/// If there is more to say than posts of an interval.
pub fn room_upload_of(
    terms: &SharedTerms,
    execution: Execution,
    interval: u16,
    said: &[(&RoomKey, Said)],
    writer: &Secret32,
    seed: &Seed,
) -> Result<RoomUpload, TooManyPosts> {
    let posts = terms.body().rooms.posts;
    if said.len() > posts.into() {
        return Err(TooManyPosts { drafts: said.len(), posts });
    }
    let at = Place { terms, execution, interval };
    let seal = |(number, (room, said)): (u64, &(&RoomKey, Said))| {
        let seed = seed.fork("post", number);
        match said {
            Said::Post(draft) => room.seal(&at, draft, writer, seed),
            Said::Step(step) => room.seal_step(&at, step, writer, seed),
        }
    };
    let mut all: Vec<Vec<u8>> = (0..).zip(said).map(seal).collect();
    let mut rng = fillers(seed);
    while all.len() < posts.into() {
        all.push(random_bytes(&mut rng, POST_LEN));
    }
    let sealed =
        (0..).zip(all).map(|(number, post)| seal_to_hub(terms, execution, interval, &post, seed.fork("outer", number)));
    let mut posts: Vec<_> = sealed.collect();
    shuffle(&mut posts, &mut seed.fork("order", 0).rng());
    Ok(RoomUpload { execution, interval, posts: posts.try_into().expect("as many as the terms say") })
}

/// The randomness of a member's posts that say nothing.
fn fillers(seed: &Seed) -> impl rand_core::Rng + use<> {
    seed.fork("dummies", 0).rng()
}

/// Whether a post that says nothing of a member's upload of the page's interval is on the page. The seed is that of
/// [`room_upload_of`]; an upload that is full of things said has none.
pub fn filler_is_shown(page: &RoomPage, seed: &Seed) -> bool {
    let first = random_bytes(&mut fillers(seed), POST_LEN);
    page.posts.iter().any(|post| **post == first)
}

/// The hub's part in the rooms.
pub struct RoomBoard {
    terms: SharedTerms,
    execution: Execution,
    opening: Arc<OpeningKey>,
    next: u16,
    seed: Seed,
}

impl RoomBoard {
    /// From an interval on.
    pub fn new(terms: SharedTerms, execution: Execution, next: u16, opening: OpeningKey, seed: Seed) -> Self {
        Self { terms, execution, opening: Arc::new(opening), next, seed }
    }

    /// Takes the posts of an interval: a job, whose output [`Self::on_computed`] turns into a page. What does not open is replaced by random bytes: nobody but its writer can tell.
    ///
    /// # Errors
    /// If the relay sends another turn's, an interval that is not over or was there before, or another number of posts.
    pub fn on_batch(&mut self, now: UnixTime, batch: RoomBatch) -> Result<Job, Violation> {
        let rooms = self.terms.body().rooms;
        let is_due = batch.interval >= self.next && rooms.is_over(batch.interval, now);
        if batch.execution != self.execution || !is_due {
            return Err(Violation::Unexpected { awaiting: "the posts of the next interval" });
        }
        check_posts(&batch.posts, self.terms.body().members.len() * usize::from(rooms.posts))?;
        self.next = batch.interval + 1;
        let (opening, seed) = (Arc::clone(&self.opening), self.seed.fork("replaced", batch.interval.into()));
        Ok(Job::new(batch.posts.len(), move || {
            let mut rng = seed.rng();
            let interval = batch.interval.to_le_bytes();
            let open = |post: &CarriedPost| {
                let parts = post_parts(&batch.execution, &interval);
                let opened = open_one(&opening, &parts, CARRIED_LEN, post).ok()?;
                (opened.len() == POST_LEN).then(|| opened.to_vec())
            };
            let opened = batch.posts.iter().map(|post| open(post).unwrap_or_else(|| random_bytes(&mut rng, POST_LEN)));
            let mut posts: Vec<Vec<u8>> = opened.collect();
            posts.sort_unstable();
            let posts: Vec<ShownPost> =
                posts.into_iter().map(|post| post.try_into().expect("of the length of all")).collect();
            let posts = posts.try_into().expect("as many as came");
            Ok(RoomPage { execution: batch.execution, interval: batch.interval, posts })
        }))
    }

    /// The page that a job gave: to be stored until [`crate::round::RoomTerms::closes`], and shown to every member.
    ///
    /// # Errors
    /// Never by a peer's fault.
    pub fn on_computed(&self, output: JobOutput) -> Result<RoomPage, Violation> {
        output.open()
    }
}

impl fmt::Debug for RoomBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomBoard(awaits interval {})", self.next)
    }
}

/// What one of the own keys opens: the room's place among the keys, and the post, or what is wrong with it.
pub type Opened = (usize, Result<ReadPost, BadPost>);

/// Reads a page with the keys of all own rooms: what they open, in the order of the page. Work is posts times rooms; a caller
/// with many rooms deals them over jobs.
///
/// # Errors
/// If the page is not one of this turn's, with as many posts as there must be, in their order.
pub fn read_page(
    terms: &SharedTerms,
    execution: Execution,
    page: &RoomPage,
    rooms: &[RoomKey],
) -> Result<Vec<Opened>, Violation> {
    read_with(terms, execution, page, rooms, RoomKey::open)
}

/// What one of the own keys opens: the room's place among the keys, and the step of a reveal, or what is wrong with it.
pub type OpenedStep = (usize, Result<ReadStep, BadPost>);

/// Reads the steps of reveals on a page. All holders of an item see who asks whom, by pseudonyms.
///
/// # Errors
/// As [`read_page`].
pub fn read_steps(
    terms: &SharedTerms,
    execution: Execution,
    page: &RoomPage,
    rooms: &[RoomKey],
) -> Result<Vec<OpenedStep>, Violation> {
    read_with(terms, execution, page, rooms, RoomKey::open_step)
}

fn read_with<T>(
    terms: &SharedTerms,
    execution: Execution,
    page: &RoomPage,
    rooms: &[RoomKey],
    open: impl Fn(&RoomKey, &Place<'_>, &[u8]) -> Option<T>,
) -> Result<Vec<(usize, T)>, Violation> {
    let rules = terms.body().rooms;
    if page.execution != execution || page.interval >= rules.intervals || !page.posts.is_sorted_by(|a, b| **a <= **b) {
        return Err(Violation::Malformed { what: "page of the rooms" });
    }
    let expected = terms.body().members.len() * usize::from(rules.posts);
    check_posts(&page.posts, expected)?;
    let at = Place { terms, execution, interval: page.interval };
    let mut read = Vec::new();
    for (number, post) in page.posts.iter().enumerate() {
        // The very same post twice is one that someone has copied.
        if number > 0 && page.posts[number - 1] == *post {
            continue;
        }
        let opened = rooms.iter().enumerate().find_map(|(room, key)| Some((room, open(key, &at, post)?)));
        read.extend(opened);
    }
    Ok(read)
}

pub(super) fn check_posts<const N: usize, const M: usize>(
    posts: &BoundedVec<BoundedBytes<N>, M>,
    expected: usize,
) -> Result<(), Violation> {
    if posts.len() != expected {
        let (expected, got) = (expected as u64, posts.len() as u64);
        return Err(Violation::CountMismatch { what: "posts of an interval", expected, got });
    }
    if posts.iter().any(|post| post.len() != N) {
        return Err(Violation::Malformed { what: "post" });
    }
    Ok(())
}

pub(super) fn seal_to_hub(
    terms: &SharedTerms,
    execution: Execution,
    interval: u16,
    post: &[u8],
    seed: Seed,
) -> CarriedPost {
    let interval = interval.to_le_bytes();
    let sealed = seal_one(&terms.sealing(), &post_parts(&execution, &interval), CARRIED_LEN, post, seed);
    let sealed = sealed.expect("the terms were checked for a key that can be sealed to");
    sealed.try_into().expect("of the length of all")
}

pub(crate) fn random_bytes(rng: &mut impl rand_core::Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Fisher and Yates. A draw of 64 bits is within 2^-55 of uniform.
pub(crate) fn shuffle<T>(values: &mut [T], rng: &mut impl rand_core::Rng) {
    for place in 0..values.len() {
        let left = (values.len() - place) as u128;
        values.swap(place, place + ((u128::from(rng.next_u64()) * left) >> 64) as usize);
    }
}
