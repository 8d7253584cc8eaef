//! Whole ceremonies over a board: honest, refreshed, handed over, interrupted, and with every fault that someone can commit.

use cwg_crypto::threshold::{Fault, Index, Partial, Share, combine, input};
use cwg_crypto::voprf::{Blinding, evaluate};

use super::*;
use crate::round::sample::{ceremony_body, charter, hold, node, seed, signing};
use crate::wire::encode;

fn index(number: u8) -> Index {
    Index::new(number).unwrap()
}

fn new_terms(holders: &[u8], threshold: u8) -> CeremonyTerms {
    CeremonyTerms::sign(&ceremony_body(holders, threshold, Origin::New), &signing(0), charter()).unwrap()
}

fn handover(key: &HeldKey, dealers: &[u8], holders: &[u8], threshold: u8) -> Result<CeremonyTerms, CeremonyError> {
    let dealers: Vec<_> = dealers.iter().map(|number| index(*number)).collect();
    let origin = Origin::Handover { key: key.signed().clone(), dealers: dealers.try_into().unwrap() };
    let body = CeremonyBody { unique: [9; 16], ..ceremony_body(holders, threshold, origin) };
    CeremonyTerms::sign(&body, &signing(0), charter())
}

/// The value of one item under these shares.
fn value(key: &HeldKey, shares: &[&Share]) -> [u8; 64] {
    let inputs = [input(&key.public(), &[7; 32])];
    let blinding = Blinding::of(&inputs, seed(1)).unwrap();
    let answers: Vec<_> =
        shares.iter().map(|share| evaluate(&share.evaluation_key(), blinding.blinded(), seed(2)).unwrap()).collect();
    let partials: Vec<_> = shares
        .iter()
        .zip(&answers)
        .map(|(share, (evaluated, proof))| Partial { index: share.index(), evaluated, proof })
        .collect();
    *combine(blinding, &inputs, &partials, key.key()).map_err(|(error, _)| error).unwrap()[0].expose()
}

#[test]
fn any_holders_of_a_new_key_evaluate_alike_from_two_of_two_on() {
    for (holders, threshold) in [(vec![3, 1], 2), (vec![1, 2, 3, 4, 5], 3), ((1..=15).collect(), 8)] {
        let terms = new_terms(&holders, threshold);
        let made = hold(&terms, &holders, &[]);
        let key = &made[0].1.key;
        assert!(made.iter().all(|(_, made)| made.key == *key && made.faults.is_empty()));
        let shares: Vec<_> = made.iter().map(|(_, made)| made.share.as_ref().unwrap()).collect();
        let t = usize::from(threshold);
        assert_eq!(value(key, &shares[..t]), value(key, &shares[shares.len() - t..]), "{threshold} of {holders:?}");
        for (number, made) in &made {
            assert_eq!(key.index_of(node(*number)), Some(made.share.as_ref().unwrap().index()));
        }
        assert_eq!(HeldKey::verify(key.signed(), key.body().network, key.body().pilot).as_ref(), Ok(key));
    }
}

#[test]
fn a_refresh_and_a_replacement_leave_the_key_and_void_old_shares() {
    let made = hold(&new_terms(&[1, 2, 3, 4, 5], 3), &[1, 2, 3, 4, 5], &[]);
    let old_key = made[0].1.key.clone();
    let old: Vec<(u8, &Share)> = made.iter().map(|(number, made)| (*number, made.share.as_ref().unwrap())).collect();
    let before = value(&old_key, &[old[0].1, old[1].1, old[2].1]);

    // The same holders; then 2 and 5 are replaced by 7 and 9, who have no share to bring, and the threshold becomes two.
    for (dealers, holders, threshold) in
        [(vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4, 5], 3), (vec![1, 3, 4], vec![7, 1, 9, 3, 4], 2)]
    {
        let terms = handover(&old_key, &dealers, &holders, threshold).unwrap();
        let mut nodes = holders.clone();
        nodes.extend(dealers.iter().filter(|dealer| !holders.contains(dealer)));
        let made = hold(&terms, &nodes, &old);
        let key = &made[0].1.key;
        let shares: Vec<_> = made.iter().filter_map(|(_, made)| made.share.as_ref()).collect();
        assert_eq!(shares.len(), holders.len());
        assert_eq!(key.public(), old_key.public());
        assert_eq!(value(key, &shares[..threshold.into()]), before);
        let inputs = [input(&key.public(), &[7; 32])];
        let blinding = Blinding::of(&inputs, seed(1)).unwrap();
        let (evaluated, proof) = evaluate(&old[4].1.evaluation_key(), blinding.blinded(), seed(2)).unwrap();
        let stale = [Partial { index: index(5), evaluated: &evaluated, proof: &proof }; 1];
        let stale: Vec<_> = stale.into_iter().cycle().take(threshold.into()).collect();
        assert!(combine(blinding, &inputs, &stale, key.key()).is_err());
    }
}

#[test]
fn only_holders_of_the_key_hand_it_over_and_only_with_their_own_share() {
    let made = hold(&new_terms(&[1, 2, 3], 2), &[1, 2, 3], &[]);
    let key = &made[0].1.key;
    assert!(matches!(handover(key, &[1], &[1, 2], 2), Err(CeremonyError::Sharing(_))));
    assert!(matches!(handover(key, &[2, 1], &[1, 2], 2), Err(CeremonyError::Sharing(_))));
    let terms = handover(key, &[1, 2], &[1, 2], 2).unwrap();
    let others = made[1].1.share.as_ref();
    for brought in [None, others] {
        let refused = Participant::new(terms.clone(), &signing(1), brought, seed(1));
        assert_eq!(refused.unwrap_err(), CeremonyFault::NoPart);
    }
    assert_eq!(Participant::new(terms, &signing(9), None, seed(1)).unwrap_err(), CeremonyFault::NoPart);
}

#[test]
fn terms_that_break_a_rule_are_refused() {
    let body = || ceremony_body(&[1, 2, 3], 2, Origin::New);
    let check = |what: &str, change: fn(&mut CeremonyBody)| {
        let mut changed = body();
        change(&mut changed);
        assert!(CeremonyTerms::sign(&changed, &signing(0), charter()).is_err(), "{what}");
    };
    check("a holder twice", |body| body.holders = vec![node(1), node(1)].try_into().unwrap());
    check("a stranger", |body| body.holders = vec![node(1), node(77)].try_into().unwrap());
    check("one of two", |body| body.threshold = 1);
    check("four of three", |body| body.threshold = 4);
    check("another pilot", |body| body.pilot.0[0] ^= 1);
    check("a phase that ends before the last", |body| body.ends[2] = body.ends[1]);
    check("after the charter", |body| body.ends[3] = UnixTime(u64::MAX));
    let signed = SignedCeremony::sign(&body(), Domain::CeremonyTerms, &signing(3)).unwrap();
    let refused = CeremonyTerms::verify(signed, charter(), node(0));
    assert!(matches!(refused, Err(CeremonyError::WrongSigner)));
}

/// A ceremony of three, two of whom evaluate, in which posts or boards are changed on their way. Whoever posts one other
/// thing takes that for its own words.
struct Bent<'a> {
    post: &'a dyn Fn(u8, Post) -> Vec<Post>,
    board: &'a dyn Fn(u8, Board) -> Board,
}

type End = Result<Made, CeremonyFault>;

impl Bent<'_> {
    /// Every member's end. Time passes where someone is silent.
    fn hold(&self) -> Vec<End> {
        let terms = new_terms(&[1, 2, 3], 2);
        let mut board = BoardKeeper::new(terms.clone());
        let mut all: Vec<Result<Participant, CeremonyFault>> = Vec::new();
        for number in 1..=3 {
            let (participant, post) = Participant::new(terms.clone(), &signing(number), None, seed(number)).unwrap();
            all.push(Ok(self.posted(number, participant, Some(post), &mut board)));
        }
        let mut ends: Vec<Option<End>> = vec![None, None, None];
        for phase in Phase::ALL {
            assert_eq!(board.phase(), Some(phase));
            let shown = board.close(board.deadline().unwrap()).unwrap();
            let mut next = Vec::new();
            for (number, participant) in (1..).zip(all) {
                let shown = (self.board)(number, shown.clone());
                match participant.and_then(|participant| participant.on_board(&shown, &signing(number))) {
                    Ok(Progress::Next(participant, post)) => {
                        next.push(Ok(self.posted(number, *participant, post, &mut board)));
                    }
                    Ok(Progress::Made(made)) => {
                        ends[usize::from(number) - 1] = Some(Ok(*made));
                        next.push(Err(CeremonyFault::NoPart));
                    }
                    Err(fault) => {
                        ends[usize::from(number) - 1].get_or_insert(Err(fault.clone()));
                        next.push(Err(fault));
                    }
                }
            }
            all = next;
        }
        ends.into_iter().map(Option::unwrap).collect()
    }

    fn posted(
        &self,
        number: u8,
        mut participant: Participant,
        post: Option<Post>,
        board: &mut BoardKeeper,
    ) -> Participant {
        let Some(post) = post else { return participant };
        let posts = (self.post)(number, post);
        participant.posted = posts.first().cloned();
        posts.into_iter().for_each(|post| board.on_post(post).unwrap());
        participant
    }
}

fn with_posts(post: &dyn Fn(u8, Post) -> Vec<Post>) -> Vec<End> {
    Bent { post, board: &|_, board| board }.hold()
}

fn with_boards(board: &dyn Fn(u8, Board) -> Board) -> Vec<End> {
    Bent { post: &|_, post| vec![post], board }.hold()
}

/// Member 2 posts something else in a phase, or nothing.
fn second_posts(phase: Phase, body: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<End> {
    with_posts(&|number, post| match number == 2 && post.phase == phase {
        true => body(post.body.to_vec())
            .map(|body| Post::sign(post.ceremony, phase, body, &signing(2)))
            .into_iter()
            .collect(),
        false => vec![post],
    })
}

/// The key is made all the same, and everyone names the same faults.
fn made_with(ends: Vec<End>, faults: &[Fault]) {
    let made: Vec<Made> = ends.into_iter().map(Result::unwrap).collect();
    for one in &made {
        assert_eq!((&one.faults[..], &one.key), (faults, &made[0].key));
    }
    let shares: Vec<_> = made.iter().map(|made| made.share.as_ref().unwrap()).collect();
    assert_eq!(value(&made[0].key, &shares[..2]), value(&made[0].key, &shares[1..]));
}

fn ended_with(ends: &[End], expected: &[CeremonyFault]) {
    let faults: Vec<_> = ends.iter().map(|end| end.as_ref().map(|_| ()).unwrap_err().clone()).collect();
    assert_eq!(faults, expected);
}

#[test]
fn dealers_that_lie_or_are_silent_are_left_out_and_named() {
    let spoilt = |at_end: usize| {
        move |mut body: Vec<u8>| {
            let at = body.len() - at_end;
            body[at] ^= 1;
            Some(body)
        }
    };
    let (dealer, receiver) = (index(2), index(3));
    made_with(second_posts(Phase::Dealing, spoilt(1)), &[Fault::BadShare { dealer, receiver }]);
    // The box of the first receiver is the third from the end; boxes have 48 bytes.
    let receiver = index(1);
    made_with(second_posts(Phase::Dealing, spoilt(3 * 48)), &[Fault::BadShare { dealer, receiver }]);
    made_with(second_posts(Phase::Dealing, |_| None), &[Fault::Silent { dealer }]);
    made_with(second_posts(Phase::Dealing, |_| Some(vec![])), &[Fault::Silent { dealer }]);
    // A dealing of another polynomial than was pledged, and two dealings: both are there for everyone to see.
    let other = |body: Vec<u8>| {
        let mut body = body;
        let (first, second) = (body[1..33].to_vec(), body[33..65].to_vec());
        body[1..33].copy_from_slice(&second);
        body[33..65].copy_from_slice(&first);
        Some(body)
    };
    let faults = with_faults(second_posts(Phase::Dealing, other));
    assert!(faults.contains(&Fault::OtherThanPledged { dealer }));
    let twice = |number: u8, post: Post| match number == 2 && post.phase == Phase::Dealing {
        true => {
            let second = other(post.body.to_vec()).unwrap();
            vec![post.clone(), Post::sign(post.ceremony, post.phase, second, &signing(2))]
        }
        false => vec![post],
    };
    let ends = with_posts(&twice);
    assert!(matches!(ends[1], Err(CeremonyFault::Withheld)), "whoever spoke twice would have to own up to both");
    assert!(matches!(ends[0], Err(CeremonyFault::OtherOutcome { holder }) if holder == dealer));
}

/// The faults that all have named alike.
fn with_faults(ends: Vec<End>) -> Vec<Fault> {
    let made: Vec<Made> = ends.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|other| other.faults == made[0].faults));
    made[0].faults.clone()
}

#[test]
fn a_complaint_without_ground_is_its_authors_fault() {
    let mut complaint = vec![2, 1];
    complaint.extend(cwg_crypto::voprf::EvaluationKey::from_seed(&seed(5)).public().as_bytes());
    complaint.extend([0; 64]);
    let unfounded = Fault::UnfoundedComplaint { receiver: index(2), dealer: index(1) };
    made_with(second_posts(Phase::Complaint, |_| Some(complaint.clone())), &[unfounded]);
    // In someone else's name, of nobody, or half of one: it says nothing.
    let named = |receiver: u8, dealer: u8, len: usize| {
        let mut changed = complaint.clone();
        (changed[0], changed[1]) = (receiver, dealer);
        changed.truncate(len);
        changed
    };
    for changed in [named(1, 3, 98), named(2, 9, 98), named(2, 1, 97), named(2, 1, 0)] {
        made_with(second_posts(Phase::Complaint, |_| Some(changed.clone())), &[]);
    }
}

#[test]
fn a_receiver_without_a_key_and_a_holder_that_does_not_sign_end_the_ceremony() {
    let unkeyed = CeremonyFault::Unsettled(cwg_crypto::threshold::SettleError::ReceiverKey { index: index(2) });
    ended_with(&second_posts(Phase::Opening, |_| None), &[unkeyed.clone(), unkeyed.clone(), unkeyed]);
    let unsigned = CeremonyFault::OtherOutcome { holder: index(2) };
    for body in [None, Some(vec![0; 64]), Some(vec![0; 63])] {
        let ends = second_posts(Phase::Signing, |_| body.clone());
        ended_with(&ends, &[unsigned.clone(), unsigned.clone(), unsigned.clone()]);
    }
}

fn keep(board: &Board, keep: impl Fn(&Post) -> bool) -> Board {
    let posts: Vec<_> = board.posts.iter().filter(|post| keep(post)).cloned().collect();
    Board { posts: posts.try_into().unwrap(), ..*board }
}

#[test]
fn a_board_that_differs_from_one_holder_to_another_makes_no_key() {
    // The hub leaves the dealing of 3 out for 1 alone: 1 settles without it, the others with it.
    let ends = with_boards(&|number, board| {
        keep(&board, |post| number != 1 || board.phase != Phase::Dealing || post.author != node(3))
    });
    let other = |number| CeremonyFault::OtherOutcome { holder: index(number) };
    ended_with(&ends, &[other(2), other(1), other(1)]);
}

#[test]
fn a_board_that_lacks_or_changes_what_a_node_posted_is_refused_by_it() {
    for phase in Phase::ALL {
        let ends = with_boards(&|number, board| {
            keep(&board, |post| board.phase != phase || number != 2 || post.author != node(2))
        });
        assert!(matches!(ends[1], Err(CeremonyFault::Withheld)), "{phase:?}");
    }
    // What the hub writes itself is not signed by its author.
    let ends = with_boards(&|number, board| {
        let mut posts = board.posts.to_vec();
        if number == 2 && board.phase == Phase::Opening {
            let at = posts.iter().position(|post| post.author == node(1)).unwrap();
            posts[at] = Post { author: node(1), ..Post::sign(board.ceremony, board.phase, vec![], &signing(0)) };
        }
        Board { posts: posts.try_into().unwrap(), ..board }
    });
    assert!(matches!(ends[1], Err(CeremonyFault::Forged)));
    let ends = with_boards(&|_, board| Board { phase: Phase::Signing, ..board });
    assert!(matches!(ends[0], Err(CeremonyFault::OtherPhase)));
}

#[test]
fn the_board_takes_each_posters_words_once_and_in_their_phase() {
    let terms = new_terms(&[1, 2, 3], 2);
    let mut board = BoardKeeper::new(terms.clone());
    let (_, post) = Participant::new(terms.clone(), &signing(1), None, seed(1)).unwrap();
    let other = |body: &[u8]| Post::sign(terms.digest(), Phase::Opening, body.to_vec(), &signing(1));
    assert_eq!(board.on_post(post.clone()), Ok(()));
    assert_eq!(board.on_post(post.clone()), Err(PostRefusal::Repeated));
    assert_eq!(board.on_post(other(b"second")), Ok(()));
    assert_eq!(board.on_post(other(b"third")), Err(PostRefusal::Repeated));
    let stranger = Post::sign(terms.digest(), Phase::Opening, vec![], &signing(4));
    assert_eq!(board.on_post(stranger), Err(PostRefusal::Stranger));
    assert_eq!(board.on_post(Post { author: node(2), ..post.clone() }), Err(PostRefusal::Unsigned));
    assert_eq!(board.on_post(Post { phase: Phase::Signing, ..post.clone() }), Err(PostRefusal::OtherPhase));
    assert_eq!(board.missing().len(), 2);
    assert!(board.close(UnixTime(99)).is_none());
    assert_eq!(board.close(UnixTime(100)).unwrap().posts.len(), 2);
    assert_eq!(board.on_post(post), Err(PostRefusal::OtherPhase));
}

#[test]
fn a_participant_that_starts_again_posts_the_same() {
    let terms = new_terms(&[1, 2], 2);
    let mut board = BoardKeeper::new(terms.clone());
    let open = |number: u8| Participant::new(terms.clone(), &signing(number), None, seed(number)).unwrap();
    let (mut all, mut seen) = (vec![], vec![]);
    for number in [1, 2] {
        let (participant, post) = open(number);
        board.on_post(post).unwrap();
        all.push((number, participant));
    }
    while let Some(shown) = board.close(UnixTime(0)) {
        seen.push(shown.clone());
        let mut next = vec![];
        for (number, participant) in all {
            let Progress::Next(participant, post) = participant.on_board(&shown, &signing(number)).unwrap() else {
                continue;
            };
            // A new one that is given what was seen, from the beginning.
            let mut again = open(number).0;
            for shown in &seen {
                let Progress::Next(participant, _) = again.on_board(shown, &signing(number)).unwrap() else { panic!() };
                again = *participant;
            }
            assert_eq!(again.posted().map(encode), post.as_ref().map(encode));
            post.into_iter().for_each(|post| board.on_post(post).unwrap());
            next.push((number, *participant));
        }
        all = next;
    }
    assert_eq!(seen.len(), 4);
}
