//! A dealer, a receiver, or most often both: from its first post to its share.

use core::fmt;

use cwg_crypto::threshold::{
    Complaint, DealError, Dealer, Dealing, Fault, FinishError, Index, Pledge, Receiver, ReceiverKey, SettleError,
    Share, settle,
};
use cwg_crypto::{Digest, Seed, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use super::CeremonyTerms;
use super::post::{Board, Phase, Post};
use crate::NodeKey;
use crate::round::key::{HeldKey, KeyBody, KeyError, SignedKey};
use crate::round::limits::POSTS_KEPT;
use crate::wire::{BoundedVec, decode_canonical, encode};

/// One participant. It is a function of the terms, its seed, its old share and the boards it has seen: after a restart, give
/// a new one the same boards and it posts the same.
pub struct Participant {
    terms: CeremonyTerms,
    me: NodeKey,
    seed: Seed,
    /// What this node has posted in the phase that is awaited.
    pub(super) posted: Option<Post>,
    state: State,
}

/// What is awaited, and what was seen before.
enum State {
    Opening { receiver: Option<Receiver>, dealer: Option<Box<Dealer>> },
    Dealing { receiver: Option<Receiver>, seen: Seen },
    Complaint { receiver: Option<Receiver>, seen: Seen },
    Signing { share: Option<Share>, body: KeyBody, faults: Vec<Fault> },
}

/// The messages of the ceremony so far.
#[derive(Default)]
struct Seen {
    keys: Vec<ReceiverKey>,
    pledges: Vec<Pledge>,
    dealings: Vec<Dealing>,
}

/// What comes of a board.
#[derive(Debug)]
pub enum Progress {
    /// The next phase, with this node's post to it, if it has anything to say.
    Next(Box<Participant>, Option<Post>),
    /// The end.
    Made(Box<Made>),
}

/// What a ceremony gives.
#[derive(Debug)]
pub struct Made {
    /// The key, signed by all who hold it.
    pub key: HeldKey,
    /// This node's share of it, if it is one of them.
    pub share: Option<Share>,
    /// Who did what the rules forbid, by number: for people to look into.
    pub faults: Vec<Fault>,
}

/// Why a ceremony ended for this participant. Nothing of it is used; it is held again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyFault {
    /// The node has no part in it, or not the share that it is to hand over.
    #[error("this node has no such part in the ceremony")]
    NoPart,
    /// A board of another ceremony or phase.
    #[error("the board is not of the phase that is awaited")]
    OtherPhase,
    /// The board has a post that its author did not sign, or of someone who has no part in the phase.
    #[error("the board has a post that nobody with a part in the phase has signed")]
    Forged,
    /// The board lacks what this node has posted, or has something else.
    #[error("the board does not show what this node has posted")]
    Withheld,
    /// The messages do not make a key.
    #[error("the ceremony came to nothing: {0}")]
    Unsettled(SettleError),
    /// A box that had to be complained of is not there, which cannot be if the boards are those that were seen.
    #[error("the share cannot be put together: {0}")]
    NoShare(FinishError),
    /// A holder did not sign what came of it, or signed something else: it has seen other messages.
    #[error("holder {} did not sign the same outcome", holder.number())]
    OtherOutcome {
        /// The holder's number.
        holder: Index,
    },
}

impl CeremonyFault {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPart => "ceremony-no-part",
            Self::OtherPhase => "ceremony-other-phase",
            Self::Forged => "ceremony-forged",
            Self::Withheld => "ceremony-withheld",
            Self::Unsettled(_) => "ceremony-unsettled",
            Self::NoShare(_) => "ceremony-no-share",
            Self::OtherOutcome { .. } => "ceremony-other-outcome",
        }
    }
}

/// The body of a post of [`Phase::Opening`]: a receiver's key of 97 bytes or nothing, and a dealer's pledge or none.
#[derive(Serialize, Deserialize)]
struct Opening {
    key: BoundedVec<u8, 97>,
    pledge: Option<Digest>,
}

impl Participant {
    /// Takes part. The seed serves this ceremony alone, and must be stored before the post is sent: with another one, this
    /// node would speak twice. A dealer of a key that is handed over brings its share.
    ///
    /// # Errors
    /// If the node has no part in it, or its share is not one of the key that is handed over.
    pub fn new(
        terms: CeremonyTerms,
        key: &SigningKey,
        old: Option<&Share>,
        seed: Seed,
    ) -> Result<(Self, Post), CeremonyFault> {
        let me = NodeKey(key.verifying_key());
        let ceremony = &terms.ceremony;
        let no_part = |_: DealError| CeremonyFault::NoPart;
        let dealer = match (terms.dealer(me), terms.old_key(), old) {
            (None, ..) => None,
            (Some(index), None, _) => Some(Dealer::new(ceremony, index, seed.fork("deal", 0)).map_err(no_part)?),
            (Some(index), Some(_), Some(share)) if share.index() == index => {
                Some(Dealer::of_share(ceremony, share, seed.fork("deal", 0)).map_err(no_part)?)
            }
            (Some(_), Some(_), _) => return Err(CeremonyFault::NoPart),
        };
        let receiver = terms.receiver(me).map(|index| Receiver::new(ceremony, index, seed.fork("receive", 0)));
        let receiver = receiver.transpose().map_err(CeremonyFault::Unsettled)?;
        if receiver.is_none() && dealer.is_none() {
            return Err(CeremonyFault::NoPart);
        }
        let receiving = receiver.as_ref().map(|receiver| receiver.key().encode().to_vec()).unwrap_or_default();
        let body = Opening {
            key: receiving.try_into().expect("97 bytes or none"),
            pledge: dealer.as_ref().map(|dealer| dealer.pledge().digest),
        };
        let post = Post::sign(terms.digest(), Phase::Opening, encode(&body), key);
        let state = State::Opening { receiver, dealer: dealer.map(Box::new) };
        Ok((Self { terms, me, seed, posted: Some(post.clone()), state }, post))
    }

    /// The terms.
    pub fn terms(&self) -> &CeremonyTerms {
        &self.terms
    }

    /// The phase whose board is awaited.
    pub fn awaits(&self) -> Phase {
        match self.state {
            State::Opening { .. } => Phase::Opening,
            State::Dealing { .. } => Phase::Dealing,
            State::Complaint { .. } => Phase::Complaint,
            State::Signing { .. } => Phase::Signing,
        }
    }

    /// What this node has posted to the phase that is awaited, to be sent again after a connection was lost.
    pub fn posted(&self) -> Option<&Post> {
        self.posted.as_ref()
    }

    /// Takes the board of the phase that is awaited.
    ///
    /// # Errors
    /// Why the ceremony is over for this node.
    pub fn on_board(self, board: &Board, key: &SigningKey) -> Result<Progress, CeremonyFault> {
        self.check(board)?;
        let Self { terms, me, seed, state, .. } = self;
        let sign = |phase, body: Vec<u8>| Post::sign(terms.digest(), phase, body, key);
        let (state, posted) = match state {
            State::Opening { receiver, dealer } => {
                let seen = opened(&terms, board);
                let dealing = dealer.map(|dealer| dealer.deal(&terms.ceremony, &seen.keys)).transpose();
                let dealing = dealing.map_err(CeremonyFault::Unsettled)?;
                let post = dealing.map(|dealing| sign(Phase::Dealing, dealing.encode()));
                (State::Dealing { receiver, seen }, post)
            }
            State::Dealing { receiver, mut seen } => {
                seen.dealings = dealt(&terms, board);
                let complaints = receiver.as_ref().map(|receiver| {
                    let complaints = receiver.complaints(&terms.ceremony, &seen.dealings, &seed.fork("complain", 0));
                    complaints.iter().flat_map(Complaint::encode).collect()
                });
                let post = complaints.map(|complaints| sign(Phase::Complaint, complaints));
                (State::Complaint { receiver, seen }, post)
            }
            State::Complaint { receiver, seen } => {
                let complaints = complained(&terms, board);
                let settled = settle(&terms.ceremony, &seen.keys, &seen.pledges, &seen.dealings, &complaints)
                    .map_err(CeremonyFault::Unsettled)?;
                let share = receiver.map(|receiver| receiver.finish(&terms.ceremony, &settled, &seen.dealings));
                let share = share.transpose().map_err(CeremonyFault::NoShare)?;
                let body = KeyBody {
                    network: terms.body.network,
                    pilot: terms.body.pilot,
                    period: terms.body.period,
                    ceremony: *terms.ceremony.name(),
                    transcript: settled.transcript,
                    key: settled.key.encode().try_into().expect("a key of fifteen holders has its limit's length"),
                    holders: terms.body.holders.clone(),
                };
                let post = share.as_ref().map(|_| sign(Phase::Signing, body.sign(key).as_bytes().to_vec()));
                (State::Signing { share, body, faults: settled.faults }, post)
            }
            State::Signing { share, body, faults } => {
                let key = signed_by_all(&terms, &body, board)?;
                return Ok(Progress::Made(Box::new(Made { key, share, faults })));
            }
        };
        let next = Self { terms, me, seed, posted: posted.clone(), state };
        Ok(Progress::Next(Box::new(next), posted))
    }

    /// Only those who have a part in the phase, each under its own signature, and this node's post as it was made.
    fn check(&self, board: &Board) -> Result<(), CeremonyFault> {
        let phase = self.awaits();
        if (board.ceremony, board.phase) != (self.terms.digest(), phase) {
            return Err(CeremonyFault::OtherPhase);
        }
        let posters = self.terms.posters(phase);
        let is_good = |post: &Post| {
            let of_phase = (post.ceremony, post.phase) == (self.terms.digest(), phase);
            of_phase && posters.contains(&post.author) && post.is_signed()
        };
        let by = |author: NodeKey| board.posts.iter().filter(move |post| post.author == author);
        let few = posters.iter().all(|poster| by(*poster).count() <= POSTS_KEPT);
        if !few || !board.posts.iter().all(is_good) {
            return Err(CeremonyFault::Forged);
        }
        // Ed25519 is deterministic, so what was posted comes back as the same bytes.
        if self.posted.is_some() && !by(self.me).eq(&self.posted) {
            return Err(CeremonyFault::Withheld);
        }
        Ok(())
    }
}

impl fmt::Debug for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Participant(awaits {:?})", self.awaits())
    }
}

/// Keys and pledges. What cannot be read, or is not its author's to say, is as if it were not there: the verdict says whose
/// fault that is.
fn opened(terms: &CeremonyTerms, board: &Board) -> Seen {
    let mut seen = Seen::default();
    for post in board.posts.iter() {
        let Ok(opening) = decode_canonical::<Opening>(&post.body, post.body.len()) else { continue };
        let key = <&[u8; 97]>::try_from(&*opening.key).ok().and_then(|key| ReceiverKey::decode(key).ok());
        seen.keys.extend(key.filter(|key| terms.receiver(post.author) == Some(key.index())));
        let pledge = opening.pledge.zip(terms.dealer(post.author));
        seen.pledges.extend(pledge.map(|(digest, dealer)| Pledge { dealer, digest }));
    }
    seen
}

fn dealt(terms: &CeremonyTerms, board: &Board) -> Vec<Dealing> {
    let decoded =
        board.posts.iter().filter_map(|post| Some((post.author, Dealing::decode(&terms.ceremony, &post.body).ok()?)));
    decoded
        .filter(|(author, dealing)| terms.dealer(*author) == Some(dealing.dealer()))
        .map(|(_, dealing)| dealing)
        .collect()
}

fn complained(terms: &CeremonyTerms, board: &Board) -> Vec<Complaint> {
    let of_post = |post: &Post| {
        let (complaints, rest) = post.body.as_chunks::<98>();
        let complaints = complaints.iter().map(|complaint| Complaint::decode(complaint).ok());
        // All or none: half a message says nothing that anyone can be held to.
        let complaints = complaints.collect::<Option<Vec<_>>>().filter(|_| rest.is_empty()).unwrap_or_default();
        let receiver = terms.receiver(post.author);
        let is_own = move |complaint: &Complaint| {
            Some(complaint.receiver()) == receiver && terms.ceremony.dealers().contains(&complaint.dealer())
        };
        complaints.into_iter().filter(is_own).collect::<Vec<_>>()
    };
    board.posts.iter().flat_map(of_post).collect()
}

fn signed_by_all(terms: &CeremonyTerms, body: &KeyBody, board: &Board) -> Result<HeldKey, CeremonyFault> {
    let signature = |holder: &NodeKey| {
        let mut posts = board.posts.iter().filter(|post| post.author == *holder);
        let (post, None) = (posts.next()?, posts.next()) else { return None };
        <[u8; 64]>::try_from(&*post.body).ok().map(Signature::from_bytes)
    };
    let mut signatures = Vec::new();
    for (index, holder) in terms.ceremony.receivers().zip(body.holders.iter()) {
        signatures.push(signature(holder).ok_or(CeremonyFault::OtherOutcome { holder: index })?);
    }
    let verified = SignedKey::of(body, signatures).and_then(|key| HeldKey::verify(&key, body.network, body.pilot));
    verified.map_err(|error| match error {
        KeyError::Unsigned { holder } => CeremonyFault::OtherOutcome { holder },
        _ => CeremonyFault::NoPart,
    })
}
