//! Rooms from drafts to readers, and what everyone on the way sees.

use std::collections::BTreeSet;

use cwg_crypto::{Digest, Secret32, Seed};

use super::post::{POST_LEN, Place};
use super::*;
use crate::UnixTime;
use crate::lighthouse::{Caveat, Caveats, ClueRole, Day, Stage, Typology};
use crate::round::sample::{MEMBERS, charter, node, opening_key, roster, seed, signing, terms, terms_body};
use crate::round::{Execution, FreeText, RoundTerms, SharedTerms};
use crate::wire::encode;

const EXECUTION: Execution = Execution(Digest::from_bytes([5; 32]));

fn room(number: u8) -> RoomKey {
    RoomKey::new(Secret32::new([number; 32]))
}

fn writer(member: u8) -> Secret32 {
    seed(member).fork("writer", 0).into_secret()
}

fn draft(content: Content) -> Draft {
    Draft {
        content,
        caveats: Caveats::NONE.with(Caveat::NoOnward),
        expires: Day::from_number(0),
        answers: None,
        text: None,
    }
}

fn sighting(number: u16) -> Draft {
    let (first, last) = (Day::from_number(number), Day::from_number(number + 3));
    draft(Content::Sighting { first, last, frequency: Frequency::Few, role: ClueRole::Payee })
}

/// What each member has to say in an interval: to which room, and what.
type Said = Vec<(u8, u8, Draft)>;

/// One interval from everyone's drafts to the page. Members in `absent` send nothing.
struct Interval {
    uploads: Vec<(u8, RoomUpload)>,
    batch: RoomBatch,
    page: RoomPage,
}

fn interval(terms: &SharedTerms, number: u16, said: &Said, absent: &[u8]) -> Interval {
    interval_with(terms, number, said, absent, &|member| seed(member))
}

fn interval_with(terms: &SharedTerms, number: u16, said: &Said, absent: &[u8], seeds: &dyn Fn(u8) -> Seed) -> Interval {
    let mut relay = RoomRelay::new(terms.clone(), EXECUTION, number, seed(70));
    let mut uploads = Vec::new();
    for member in (1..=MEMBERS).filter(|member| !absent.contains(member)) {
        let of_member: Vec<_> = said.iter().filter(|(of, ..)| *of == member).collect();
        let keys: Vec<_> = of_member.iter().map(|(_, number, _)| room(*number)).collect();
        let drafts: Vec<_> = keys.iter().zip(&of_member).map(|(key, (.., draft))| (key, draft.clone())).collect();
        let seed = seeds(member).fork("interval", number.into());
        let secret = seeds(member).fork("writer", 0).into_secret();
        let upload = room_upload(terms, EXECUTION, number, &drafts, &secret, &seed).unwrap();
        relay.on_upload(node(member), upload.clone()).unwrap();
        uploads.push((member, upload));
    }
    let end = terms.body().rooms.interval_end(number);
    assert!(relay.on_time(UnixTime(end.0 - 1)).is_none());
    let batch = relay.on_time(end).unwrap();
    let mut board = RoomBoard::new(terms.clone(), EXECUTION, number, opening_key(), seed(71));
    let job = board.on_batch(end, batch.clone()).unwrap();
    Interval { uploads, batch, page: board.on_computed(job.run()).unwrap() }
}

fn read(terms: &SharedTerms, page: &RoomPage, rooms: &[u8]) -> Vec<(usize, Result<ReadPost, BadPost>)> {
    read_page(terms, EXECUTION, page, &rooms.iter().map(|number| room(*number)).collect::<Vec<_>>()).unwrap()
}

fn good(read: Vec<(usize, Result<ReadPost, BadPost>)>) -> Vec<(usize, ReadPost)> {
    read.into_iter().map(|(room, post)| (room, post.unwrap())).collect()
}

#[test]
fn holders_of_a_room_read_each_other_and_nobody_else_does() {
    let terms = terms(3, 10);
    let said = vec![
        (1, 1, draft(Content::Question(Question::InUse))),
        (1, 2, draft(Content::Outcome(Outcome::VictimNotOffender))),
        (5, 1, sighting(40)),
        (9, 2, draft(Content::Typology { typology: Typology::Livestream, stage: Stage::Payment })),
    ];
    let page = interval(&terms, 0, &said, &[3]).page;
    let of = |rooms: &[u8]| good(read(&terms, &page, rooms));
    let contents = |posts: &[(usize, ReadPost)], room| {
        let drafts = posts.iter().filter(|(of, _)| *of == room).map(|(_, post)| format!("{:?}", post.draft));
        drafts.collect::<BTreeSet<_>>()
    };
    let expected =
        |room: u8| said.iter().filter(|(_, of, _)| *of == room).map(|(.., draft)| format!("{draft:?}")).collect();
    let both = of(&[1, 2]);
    assert_eq!(contents(&both, 0), expected(1));
    assert_eq!(contents(&both, 1), expected(2));
    assert_eq!(of(&[2]).len(), 2);
    assert!(of(&[3, 4]).is_empty() && of(&[]).is_empty());
    assert!(both.iter().all(|(_, post)| post.draft.caveats.has(Caveat::NoOnward)), "caveats travel");
    let holds = |day| both.iter().all(|(_, post)| post.holds_on(Day::from_number(day)));
    assert!(holds(0) && !holds(1));
}

#[test]
fn a_writer_is_one_pseudonym_in_a_room_and_another_in_every_other_room() {
    let terms = terms(3, 10);
    let answer = |name| Draft { answers: Some(name), ..draft(Content::Outcome(Outcome::Useful)) };
    let first = good(read(
        &terms,
        &interval(&terms, 0, &vec![(1, 1, sighting(1)), (1, 2, sighting(1)), (2, 1, sighting(2))], &[]).page,
        &[1, 2],
    ));
    let by = |room: usize, draft: &Draft| {
        first.iter().find(|(of, post)| *of == room && post.draft == *draft).unwrap().1.clone()
    };
    let (in_first, in_second, other) = (by(0, &sighting(1)), by(1, &sighting(1)), by(0, &sighting(2)));
    let writers: BTreeSet<_> = [&in_first, &in_second, &other].map(|post| post.writer).into();
    assert_eq!(writers.len(), 3);
    let second = good(read(&terms, &interval(&terms, 1, &vec![(1, 1, answer(other.name))], &[]).page, &[1]));
    assert_eq!((second[0].1.writer, second[0].1.draft.answers), (in_first.writer, Some(other.name)));
}

#[test]
fn the_relay_and_the_hub_see_the_same_whoever_writes_whatever() {
    let terms = terms(3, 10);
    let shape = |interval: &Interval| {
        let uploads: Vec<_> = interval.uploads.iter().map(|(member, upload)| (*member, encode(upload).len())).collect();
        (uploads, encode(&interval.batch).len(), encode(&interval.page).len())
    };
    let silent = interval(&terms, 0, &vec![], &[]);
    let busy = interval(
        &terms,
        0,
        &(1..=15).flat_map(|member| [(member, 1, sighting(1)), (member, 2, sighting(2))]).collect(),
        &[],
    );
    let one = interval(&terms, 0, &vec![(7, 3, draft(Content::Question(Question::Role)))], &[]);
    assert_eq!(shape(&silent), shape(&busy));
    assert_eq!(shape(&silent), shape(&one));
    // Nor does the hub learn how many were there.
    let few = interval(&terms, 0, &vec![], &(2..=15).collect::<Vec<_>>());
    assert_eq!((shape(&few).1, shape(&few).2), (shape(&silent).1, shape(&silent).2));

    // Two members exchange what they say and their randomness: the page, which is all that hub and readers have, is the same.
    let said = |one, other| vec![(one, 1, sighting(1)), (other, 2, sighting(2)), (4, 1, sighting(3))];
    let exchanged = |member| match member {
        1 => seed(9),
        9 => seed(1),
        other => seed(other),
    };
    let first = interval(&terms, 0, &said(1, 9), &[]);
    let second = interval_with(&terms, 0, &said(9, 1), &[], &exchanged);
    assert_eq!(first.page, second.page);
    let sealed = |interval: &Interval| interval.batch.posts.iter().map(|post| post.to_vec()).collect::<BTreeSet<_>>();
    assert_eq!(sealed(&first), sealed(&second));
}

#[test]
fn the_order_of_a_page_is_not_the_order_in_which_posts_came() {
    let terms = terms(3, 10);
    let went = interval(&terms, 0, &vec![(1, 1, sighting(1)), (2, 1, sighting(2))], &[]);
    assert!(went.page.posts.is_sorted_by(|a, b| **a <= **b));
    let came: Vec<_> = went.uploads.iter().flat_map(|(_, upload)| upload.posts.to_vec()).collect();
    let passed = went.batch.posts.to_vec();
    assert_ne!(came, passed);
    let set = |posts: &[_]| posts.iter().map(encode).collect::<BTreeSet<_>>();
    assert_eq!(set(&came), set(&passed));
}

#[test]
fn what_does_not_open_or_is_no_post_reaches_nobody() {
    let terms = terms(3, 10);
    let end = terms.body().rooms.interval_end(0);
    let mut batch = interval(&terms, 0, &vec![(1, 1, sighting(1))], &[]).batch.posts.to_vec();
    for post in &mut batch {
        let mut bytes = post.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        *post = bytes.try_into().unwrap();
    }
    let mut board = RoomBoard::new(terms.clone(), EXECUTION, 0, opening_key(), seed(71));
    let batch = RoomBatch { execution: EXECUTION, interval: 0, posts: batch.try_into().unwrap() };
    let job = board.on_batch(end, batch).unwrap();
    let page = board.on_computed(job.run()).unwrap();
    assert_eq!(page.posts.len(), 30);
    assert!(read(&terms, &page, &[1]).is_empty());
}

/// A page with these sealed posts on it among others.
fn page_of(terms: &SharedTerms, interval: u16, posts: Vec<Vec<u8>>) -> RoomPage {
    let mut all: Vec<Vec<u8>> = posts;
    while all.len() < 30 {
        all.push(vec![all.len() as u8; POST_LEN]);
    }
    all.sort_unstable();
    assert_eq!(terms.body().rooms.posts, 2);
    let posts: Vec<_> = all.into_iter().map(|post| post.try_into().unwrap()).collect();
    RoomPage { execution: EXECUTION, interval, posts: posts.try_into().unwrap() }
}

#[test]
fn a_post_is_good_in_its_room_turn_and_interval_alone() {
    let terms = terms(3, 10);
    let place = |interval| Place { terms: &terms, execution: EXECUTION, interval };
    let post = room(1).seal(&place(1), &sighting(1), &writer(1), seed(1));
    let one = |interval, posts: Vec<Vec<u8>>, rooms: &[u8]| read(&terms, &page_of(&terms, interval, posts), rooms);
    assert!(one(1, vec![post.clone()], &[1])[0].1.is_ok());
    assert_eq!(one(2, vec![post.clone()], &[1]), [(0, Err(BadPost::Signature))], "an old post, shown again");
    assert_eq!(one(1, vec![post.clone(), post.clone()], &[1]).len(), 1, "a copy of it");
    assert!(one(1, vec![post], &[2]).is_empty());

    // Another holder of both rooms carries a signed post from one into the other, or signs in a writer's name.
    let plain = {
        let mut signed = sighting(1);
        signed.caveats = Caveats::NONE;
        signed
    };
    let forged = room(1).seal(&place(1), &plain, &writer(2), seed(1));
    let honest = room(1).seal(&place(1), &sighting(1), &writer(1), seed(2));
    let both = one(1, vec![forged, honest], &[1]);
    let writers: BTreeSet<_> = both.into_iter().map(|(_, post)| post.unwrap().writer).collect();
    assert_eq!(writers.len(), 2, "another secret is another pseudonym");
}

#[test]
fn free_text_and_late_expiry_are_refused_where_the_terms_have_none() {
    let terms = terms(3, 10);
    let place = |terms| Place { terms, execution: EXECUTION, interval: 0 };
    let with_text = Draft { text: Some(String::from("seen twice").try_into().unwrap()), ..sighting(1) };
    let too_late = Draft { expires: Day::from_number(1), ..sighting(1) };
    for (draft, expected) in [(&with_text, BadPost::Text), (&too_late, BadPost::Expiry)] {
        let post = room(1).seal(&place(&terms), draft, &writer(1), seed(1));
        assert_eq!(read(&terms, &page_of(&terms, 0, vec![post]), &[1]), [(0, Err(expected))]);
    }
    let mut body = terms_body(3, 10);
    body.rooms.text = FreeText::On;
    let allowing: SharedTerms = RoundTerms::sign(&body, &signing(0), charter(), roster()).unwrap().into();
    let post = room(1).seal(&place(&allowing), &with_text, &writer(1), seed(1));
    let read = read(&allowing, &page_of(&allowing, 0, vec![post]), &[1]);
    assert_eq!(read[0].1.as_ref().unwrap().draft, with_text);
}

#[test]
fn every_content_survives_and_every_other_form_is_refused() {
    let terms = terms(3, 10);
    let place = Place { terms: &terms, execution: EXECUTION, interval: 3 };
    let mut contents: Vec<Content> = Question::ALL.iter().map(|word| Content::Question(*word)).collect();
    contents.extend(Outcome::ALL.iter().map(|word| Content::Outcome(*word)));
    contents.extend(Typology::ALL.iter().map(|word| Content::Typology { typology: *word, stage: Stage::Unknown }));
    contents.push(sighting(500).content);
    for content in contents {
        let post = room(1).seal(&place, &draft(content), &writer(1), seed(1));
        assert_eq!(post.len(), POST_LEN);
        let opened = room(1).open(&place, &post).unwrap().unwrap();
        assert_eq!(opened.draft, draft(content));
        for bit in [0, 200, 8 * POST_LEN - 1] {
            let mut changed = post.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(room(1).open(&place, &changed).is_none(), "bit {bit}");
        }
    }
    let backwards = Content::Sighting {
        first: Day::from_number(2),
        last: Day::from_number(1),
        frequency: Frequency::Once,
        role: ClueRole::Payer,
    };
    let post = room(1).seal(&place, &draft(backwards), &writer(1), seed(1));
    assert_eq!(room(1).open(&place, &post), Some(Err(BadPost::Form)));
}

#[test]
fn uploads_of_posts_are_one_a_member_and_of_one_size() {
    let terms = terms(3, 10);
    let upload = |interval, byte| room_upload(&terms, EXECUTION, interval, &[], &writer(1), &seed(byte)).unwrap();
    let mut relay = RoomRelay::new(terms.clone(), EXECUTION, 1, seed(70));
    assert_eq!(relay.on_upload(node(1), upload(1, 1)), Ok(()));
    assert_eq!(relay.on_upload(node(1), upload(1, 1)), Ok(()), "the same again");
    let check = |relay: &mut RoomRelay, member, upload| relay.on_upload(member, upload).unwrap_err().code();
    assert_eq!(check(&mut relay, node(1), upload(1, 2)), "unexpected-message");
    assert_eq!(check(&mut relay, node(77), upload(1, 1)), "unexpected-message");
    assert_eq!(check(&mut relay, node(2), upload(2, 1)), "unexpected-message");
    assert_eq!(check(&mut relay, node(2), upload(0, 1)), "unexpected-message");
    let short = RoomUpload { posts: upload(1, 1).posts[1..].to_vec().try_into().unwrap(), ..upload(1, 1) };
    assert_eq!(check(&mut relay, node(2), short), "count-mismatch");
    let thin = vec![vec![0; 10].try_into().unwrap(); 2];
    assert_eq!(
        check(&mut relay, node(2), RoomUpload { posts: thin.try_into().unwrap(), ..upload(1, 1) }),
        "malformed-message"
    );
    let third = [sighting(1), sighting(2), sighting(3)];
    let key = room(1);
    let drafts: Vec<_> = third.into_iter().map(|draft| (&key, draft)).collect();
    let refused = room_upload(&terms, EXECUTION, 0, &drafts, &writer(1), &seed(1));
    assert_eq!(refused, Err(TooManyPosts { drafts: 3, posts: 2 }));
    let end = terms.body().rooms.interval_end(1);
    assert!(relay.on_time(end).is_some() && relay.on_time(end).is_none());
    assert_eq!(relay.deadline(), None);
    assert_eq!(relay.on_upload(node(2), upload(1, 1)), Ok(()), "too late, and passed over");
}

#[test]
fn the_board_takes_each_interval_once_when_it_is_over() {
    let terms = terms(3, 10);
    let batch = |number| interval(&terms, number, &vec![], &[]).batch;
    let at = |number| terms.body().rooms.interval_end(number);
    let mut board = RoomBoard::new(terms.clone(), EXECUTION, 0, opening_key(), seed(71));
    assert!(board.on_batch(UnixTime(at(0).0 - 1), batch(0)).is_err());
    assert!(board.on_batch(at(0), batch(0)).is_ok());
    assert!(board.on_batch(at(0), batch(0)).is_err());
    assert!(board.on_batch(at(2), batch(2)).is_ok(), "an interval whose relay was lost is passed over");
    assert!(board.on_batch(at(2), batch(1)).is_err());
    let few = RoomBatch { posts: batch(3).posts[1..].to_vec().try_into().unwrap(), ..batch(3) };
    assert!(board.on_batch(at(3), few).is_err());
    let page = interval(&terms, 0, &vec![], &[]).page;
    let backwards: Vec<_> = page.posts.iter().rev().cloned().collect();
    let backwards = RoomPage { posts: backwards.try_into().unwrap(), ..page };
    assert!(read_page(&terms, EXECUTION, &backwards, &[]).is_err());
}
