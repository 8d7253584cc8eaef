//! The hub's part in a ceremony: it collects the posts of a phase and shows them to everyone at once.

use super::CeremonyTerms;
use super::post::{Board, Phase, Post};
use crate::round::limits::POSTS_KEPT;
use crate::{NodeKey, UnixTime};

/// The board, in the phase that it awaits posts of. What it was given is its whole state: after a restart, give it the stored
/// posts again.
#[derive(Debug)]
pub struct BoardKeeper {
    terms: CeremonyTerms,
    phase: Option<Phase>,
    posts: Vec<Post>,
}

/// Why a post is not put on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostRefusal {
    /// Of another ceremony, or of a phase that is not the present one.
    #[error("the post is not of this ceremony's present phase")]
    OtherPhase,
    /// Its author has nothing to say in this phase.
    #[error("the author has no part in this phase of the ceremony")]
    Stranger,
    /// The author did not sign it.
    #[error("the post is not signed by its author")]
    Unsigned,
    /// The author has posted twice already, or the same before.
    #[error("the author has posted before")]
    Repeated,
}

impl PostRefusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherPhase => "post-other-phase",
            Self::Stranger => "post-stranger",
            Self::Unsigned => "post-unsigned",
            Self::Repeated => "post-repeated",
        }
    }
}

impl BoardKeeper {
    /// An empty board.
    pub fn new(terms: CeremonyTerms) -> Self {
        Self { terms, phase: Some(Phase::Opening), posts: Vec::new() }
    }

    /// The phase whose posts are awaited; none when the ceremony is over.
    pub fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// When the phase ends even if not everyone has posted.
    pub fn deadline(&self) -> Option<UnixTime> {
        self.phase.map(|phase| self.terms.body().ends[phase as usize])
    }

    /// Who has not posted in this phase.
    pub fn missing(&self) -> Vec<NodeKey> {
        let posters = self.phase.map(|phase| self.terms.posters(phase)).unwrap_or_default();
        posters.into_iter().filter(|poster| !self.posts.iter().any(|post| post.author == *poster)).collect()
    }

    /// Takes a post. A second one that differs is kept beside the first: everyone shall see that its author spoke twice.
    ///
    /// # Errors
    /// Why it is not put on the board.
    pub fn on_post(&mut self, post: Post) -> Result<(), PostRefusal> {
        if post.ceremony != self.terms.digest() || Some(post.phase) != self.phase {
            return Err(PostRefusal::OtherPhase);
        }
        if !self.terms.posters(post.phase).contains(&post.author) {
            return Err(PostRefusal::Stranger);
        }
        let mut by_author = self.posts.iter().filter(|known| known.author == post.author);
        if by_author.clone().any(|known| known.body == post.body) || by_author.nth(POSTS_KEPT - 1).is_some() {
            return Err(PostRefusal::Repeated);
        }
        if !post.is_signed() {
            return Err(PostRefusal::Unsigned);
        }
        self.posts.push(post);
        Ok(())
    }

    /// The board of the present phase, if everyone has posted or its time is over. The next phase begins.
    pub fn close(&mut self, now: UnixTime) -> Option<Board> {
        let phase = self.phase?;
        if !self.missing().is_empty() && now < self.deadline()? {
            return None;
        }
        let mut posts = core::mem::take(&mut self.posts);
        posts.sort_by(|a, b| (a.author, &*a.body).cmp(&(b.author, &*b.body)));
        self.phase = phase.next();
        let posts = posts.try_into().expect("two posts of each of thirty participants");
        Some(Board { ceremony: self.terms.digest(), phase, posts })
    }
}
