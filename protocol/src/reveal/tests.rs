//! Reveals from requests to what is shown, what everyone on the way sees, and what is refused.

use std::collections::BTreeSet;

use cwg_crypto::{Digest, Secret32, SigningKey};

use super::deposit::{BOX_LEN, open_carried};
use super::*;
use crate::charter::{Charter, LiveCharter};
use crate::round::room::{
    Pseudonym, RoomBatch, RoomBoard, RoomKey, RoomPage, RoomRelay, Said, read_page, read_steps, room_upload_of,
};
use crate::round::sample::{MEMBERS, charter, charter_body, node, opening_key, roster, seed, signing, terms_body};
use crate::round::{Execution, RoundTerms, SharedTerms, TermsBody};
use crate::violation::Violation;
use crate::wire::encode;
use crate::{OperatorKey, UnixTime};

const EXECUTION: Execution = Execution(Digest::from_bytes([5; 32]));

/// Rooms of forty intervals.
fn terms() -> SharedTerms {
    let mut body = terms_body(3, 10);
    body.rooms.intervals = 40;
    RoundTerms::sign(&body, &signing(0), charter(), roster()).unwrap().into()
}

fn writer(member: u8) -> Secret32 {
    seed(member).fork("writer", 0).into_secret()
}

/// One of two approvers of a member, or a third person who is none.
fn person(member: u8, number: u64) -> SigningKey {
    SigningKey::from_secret(&seed(member).fork("person", number).into_secret())
}

fn approvers(member: u8) -> Vec<OperatorKey> {
    (0..2).map(|number| OperatorKey(person(member, number).verifying_key())).collect()
}

fn live(charter: &Charter) -> LiveCharter<'_> {
    charter.live(|_| true, UnixTime(500)).unwrap()
}

fn ground(member: u8) -> Ground<'static> {
    Ground { charter: live(charter()), member: node(member) }
}

fn text<const N: usize>(text: &str) -> crate::wire::BoundedText<N> {
    String::from(text).try_into().unwrap()
}

fn values(member: u8, fields: Fields) -> Values {
    let has = |field| fields.has(field);
    Values {
        name: has(Fields::NAME).then(|| text(&format!("bank {member}"))),
        contact: has(Fields::CONTACT).then(|| text(&format!("person {member}, 555-{member}"))),
        case: has(Fields::CASE).then(|| text(&format!("case {member}"))),
    }
}

/// The members that are in one room, and the way of posts and deposits, an interval after the other.
struct World {
    terms: SharedTerms,
    room: RoomKey,
    interval: u16,
    board: RevealBoard,
    /// What hub and relay saw of each interval: lengths, and the deposits as the hub opens them.
    seen: Vec<(Vec<usize>, usize, usize, usize, usize)>,
    pages: Vec<(RoomPage, RevealPage)>,
}

/// What a member sends in an interval.
type Sent = (u8, Option<Step>, Option<Deposit>);

impl World {
    fn new() -> Self {
        let terms = terms();
        let board = RevealBoard::new(terms.clone(), EXECUTION, 0, opening_key(), Escrow::default(), seed(71));
        Self { terms, room: RoomKey::new(Secret32::new([1; 32])), interval: 0, board, seen: vec![], pages: vec![] }
    }

    fn with_place<T>(&self, member: u8, then: impl FnOnce(&Place<'_>) -> T) -> T {
        then(&Place { terms: &self.terms, execution: EXECUTION, room: &self.room, writer: &writer(member) })
    }

    fn pseudonym(&self, member: u8) -> Pseudonym {
        self.room.pseudonym_of(&writer(member))
    }

    /// Everyone sends, relay and hub do their part, the interval ends.
    fn interval(&mut self, sent: &[Sent]) {
        let interval = self.interval;
        let end = self.terms.body().rooms.interval_end(interval);
        let mut relay =
            RevealRelay::new(self.terms.clone(), EXECUTION, interval, seed(70).fork("relay", interval.into()));
        let mut room_relay = RoomRelay::new(self.terms.clone(), EXECUTION, interval, seed(72));
        let mut lens = Vec::new();
        for member in 1..=MEMBERS {
            let of = |sent: &&Sent| sent.0 == member;
            let steps: Vec<_> = sent.iter().filter(of).filter_map(|(_, step, _)| *step).collect();
            let said: Vec<_> = steps.into_iter().map(|step| (&self.room, Said::Step(step))).collect();
            let seed = seed(member).fork("interval", interval.into());
            let posts = room_upload_of(&self.terms, EXECUTION, interval, &said, &writer(member), &seed).unwrap();
            let deposit = sent.iter().filter(of).find_map(|(_, _, deposit)| deposit.as_ref());
            let upload = reveal_upload(&self.terms, EXECUTION, interval, deposit, &seed);
            lens.extend([encode(&posts).len(), encode(&upload).len()]);
            room_relay.on_upload(node(member), posts).unwrap();
            relay.on_upload(node(member), upload).unwrap();
        }
        let posts: RoomBatch = room_relay.on_time(end).unwrap();
        assert!(relay.on_time(UnixTime(end.0 - 1)).is_none());
        let deposits = relay.on_time(end).unwrap();
        let batch_lens = (encode(&posts).len(), encode(&deposits).len());
        let mut room_board = RoomBoard::new(self.terms.clone(), EXECUTION, interval, opening_key(), seed(73));
        let job = room_board.on_batch(end, posts).unwrap();
        let page = room_board.on_computed(job.run()).unwrap();
        let job = self.board.on_batch(end, deposits).unwrap();
        let (boxes, _) = self.board.on_computed(job.run()).unwrap();
        self.seen.push((lens, batch_lens.0, batch_lens.1, encode(&page).len(), encode(&boxes).len()));
        self.pages.push((page, boxes));
        self.interval += 1;
    }

    /// What a side makes of the pages of the last interval.
    fn read(&self, member: u8, reveal: &Reveal) -> (Reveal, Option<BadEvidence>) {
        let (page, boxes) = self.pages.last().unwrap();
        let interval = page.interval;
        self.with_place(member, |at| {
            let rooms = [RoomKey::new(Secret32::new([1; 32]))];
            let steps = read_steps(&self.terms, EXECUTION, page, &rooms).unwrap();
            let reveal = steps
                .into_iter()
                .fold(reveal.clone(), |reveal, (_, step)| reveal.on_step(at, &step.unwrap(), interval));
            reveal.on_page(at, boxes).unwrap()
        })
    }

    fn requested(&self, member: u8, read_by: u8) -> Reveal {
        let (page, _) = self.pages.last().unwrap();
        let steps = read_steps(&self.terms, EXECUTION, page, &[RoomKey::new(Secret32::new([1; 32]))]).unwrap();
        let from = self.pseudonym(member);
        let (_, step) = steps.into_iter().find(|(_, step)| step.as_ref().unwrap().writer == from).unwrap();
        self.with_place(read_by, |at| Reveal::asked(at, &step.unwrap(), page.interval)).unwrap()
    }
}

fn approved(reveal: &Reveal, member: u8) -> Reveal {
    (0..2).fold(reveal.clone(), |reveal, number| {
        assert_ne!(*reveal.stage(), Stage::Approved);
        let approval = Approval::sign(reveal.to_be_approved().unwrap(), &person(member, number));
        reveal.approve(approval, &approvers(member)).unwrap()
    })
}

fn offers() -> Fields {
    Fields::NAME.with(Fields::CONTACT)
}

fn asks() -> Fields {
    Fields::NAME.with(Fields::CASE)
}

/// Member 1 asks member 9, in the interval that begins.
fn request(world: &World) -> Reveal {
    let wanted =
        Wanted { to: world.pseudonym(9), values: values(1, offers()), asks: asks(), expires: world.interval + 3 };
    world.with_place(1, |at| Reveal::request(at, &ground(1), wanted, world.interval, RevealId([4; 8]))).unwrap()
}

/// As far as the request that was posted, and read by member 9.
fn asked(world: &mut World) -> (Reveal, Reveal) {
    let request = approved(&request(world), 1);
    let (request, step) = world.with_place(1, |at| request.post_request(at, world.interval)).unwrap();
    world.interval(&[(1, Some(step), None)]);
    let asked = world.requested(1, 9);
    (request, asked)
}

fn answered(world: &World, asked: &Reveal) -> Reveal {
    let answer = world.with_place(9, |at| asked.answer(at, &ground(9), values(9, asks()))).unwrap();
    approved(&answer, 9)
}

/// As far as the consent that was posted, with its box, and read by member 1.
fn agreed(world: &mut World) -> (Reveal, Reveal) {
    let (request, asked) = asked(world);
    let answer = answered(world, &asked);
    let (answer, step, deposit) =
        world.with_place(9, |at| answer.consent(at, world.interval, &signing(9), &seed(90))).unwrap();
    world.interval(&[(9, Some(step), Some(deposit))]);
    let (request, _) = world.read(1, &request);
    assert_eq!(*request.stage(), Stage::Agreed { since: world.interval - 1 });
    (request, answer)
}

fn deposited(world: &World, request: &Reveal) -> (Reveal, Deposit) {
    world.with_place(1, |at| request.deposit(at, world.interval, &signing(1), &seed(91))).unwrap()
}

fn released(reveal: &Reveal) -> &Released {
    let Stage::Released(released) = reveal.stage() else { panic!("{:?}", reveal.stage()) };
    released
}

#[test]
fn both_sides_see_the_fields_that_were_agreed_and_have_the_same_receipt() {
    let mut world = World::new();
    let (request, answer) = agreed(&mut world);
    let (answer, bad) = world.read(9, &answer);
    assert_eq!((answer.stage(), bad), (&Stage::AwaitRelease { since: 1 }, None), "not before both are there");
    let (request, deposit) = deposited(&world, &request);
    world.interval(&[(1, None, Some(deposit))]);
    let [(request, _), (answer, _)] = [(1, &request), (9, &answer)].map(|(member, reveal)| world.read(member, reveal));
    let (of_request, of_answer) = (released(&request), released(&answer));
    assert_eq!((of_request.shown.member, &of_request.shown.values), (node(9), &values(9, asks())));
    assert_eq!((of_answer.shown.member, &of_answer.shown.values), (node(1), &values(1, offers())));
    assert_eq!(of_request.receipt, of_answer.receipt);
    assert_eq!((of_request.interval, of_answer.interval), (2, 2));
    // What was stored reads back.
    let bytes = encode(&request);
    assert_eq!(crate::wire::decode::<Reveal>(&bytes, bytes.len()), Ok(request));
}

#[test]
fn nothing_goes_on_without_two_different_approvers_of_the_member() {
    let world = World::new();
    let request = request(&world);
    let statement = request.to_be_approved().unwrap();
    let post = |reveal: &Reveal| world.with_place(1, |at| reveal.post_request(at, 0)).map(|_| ());
    assert_eq!(post(&request), Err(RevealRefusal::Stage), "no approval");
    let approve =
        |reveal: &Reveal, key: &SigningKey, signed| reveal.approve(Approval::sign(signed, key), &approvers(1));
    let one = approve(&request, &person(1, 0), statement).unwrap();
    assert_eq!(post(&one), Err(RevealRefusal::Stage), "one approval");
    assert_eq!(approve(&one, &person(1, 0), statement), Err(RevealRefusal::SamePerson));
    assert_eq!(approve(&one, &person(1, 2), statement), Err(RevealRefusal::NotApprover));
    assert_eq!(approve(&one, &person(9, 0), statement), Err(RevealRefusal::NotApprover));
    assert_eq!(approve(&one, &person(1, 1), Digest::from_bytes([0; 32])), Err(RevealRefusal::BadApproval));
    let two = approve(&one, &person(1, 1), statement).unwrap();
    assert_eq!(post(&two), Ok(()));
    assert_eq!(two.to_be_approved(), Err(RevealRefusal::Stage), "no third one");

    // Nor on the other side.
    let mut world = World::new();
    let (_, asked) = asked(&mut world);
    let answer = world.with_place(9, |at| asked.answer(at, &ground(9), values(9, asks()))).unwrap();
    let one = answer.approve(Approval::sign(answer.to_be_approved().unwrap(), &person(9, 0)), &approvers(9)).unwrap();
    for reveal in [&asked, &answer, &one] {
        let consent = world.with_place(9, |at| reveal.consent(at, 1, &signing(9), &seed(90)));
        assert_eq!(consent.map(|_| ()), Err(RevealRefusal::Stage));
    }
}

#[test]
fn an_approval_is_of_one_request_its_values_and_expiry_alone() {
    let world = World::new();
    let made = |change: &dyn Fn(&mut Wanted, &mut Ground<'_>), id| {
        let mut wanted = Wanted { to: world.pseudonym(9), values: values(1, offers()), asks: asks(), expires: 3 };
        let mut ground = ground(1);
        change(&mut wanted, &mut ground);
        let reveal = world.with_place(1, |at| Reveal::request(at, &ground, wanted, 0, RevealId([id; 8])));
        reveal.unwrap().to_be_approved().unwrap()
    };
    let statements = [
        made(&|_, _| {}, 4),
        made(&|_, _| {}, 5),
        made(&|wanted, _| wanted.values = values(2, offers()), 4),
        made(&|wanted, _| wanted.asks = Fields::NAME, 4),
        made(&|wanted, _| wanted.to = world.pseudonym(8), 4),
        made(&|wanted, _| wanted.expires = 4, 4),
        made(&|_, ground| ground.member = node(2), 4),
    ];
    assert_eq!(statements.into_iter().collect::<BTreeSet<_>>().len(), 7);
    assert_eq!(made(&|_, _| {}, 4), statements[0]);
}

#[test]
fn every_missing_part_of_a_request_or_an_answer_is_refused_by_name() {
    let mut world = World::new();
    let other = {
        let mut body = charter_body();
        body.version = 2;
        Charter::sign(body, &signing(0)).unwrap()
    };
    let check = |change: &dyn Fn(&mut Wanted), ground: &Ground<'_>, code: &str| {
        let mut wanted = Wanted { to: world.pseudonym(9), values: values(1, offers()), asks: asks(), expires: 3 };
        change(&mut wanted);
        let found = world.with_place(1, |at| Reveal::request(at, ground, wanted, 0, RevealId([4; 8])));
        assert_eq!(found.unwrap_err().code(), code);
    };
    check(&|wanted| wanted.to = world.pseudonym(1), &ground(1), "reveal-self");
    check(&|wanted| wanted.values = Values::default(), &ground(1), "reveal-no-field");
    let blank = Values { name: Some(text(" ")), ..Values::default() };
    check(&|wanted| wanted.values = blank.clone(), &ground(1), "reveal-no-field");
    check(&|wanted| wanted.expires = 0, &ground(1), "reveal-expiry");
    check(&|wanted| wanted.expires = 40, &ground(1), "reveal-expiry");
    check(&|_| {}, &Ground { member: node(99), ..ground(1) }, "reveal-not-named");
    let silent = {
        let mut body = charter_body();
        body.rounds.as_mut().unwrap().reveals = None;
        Charter::sign(body, &signing(0)).unwrap()
    };
    let found = world.with_place(1, |at| {
        let body = TermsBody { charter: silent.digest(), ..at.terms.body().clone() };
        let terms = RoundTerms::sign(&body, &signing(0), &silent, roster()).unwrap().into();
        let wanted = Wanted { to: world.pseudonym(9), values: values(1, offers()), asks: asks(), expires: 3 };
        let ground = Ground { charter: live(&silent), ..ground(1) };
        Reveal::request(&Place { terms: &terms, ..*at }, &ground, wanted, 0, RevealId([4; 8]))
    });
    assert_eq!(found.unwrap_err().code(), "reveal-no-clause");
    check(&|_| {}, &Ground { charter: live(&other), ..ground(1) }, "reveal-other-charter");
    let (request, asked) = asked(&mut world);
    let answer = |values| world.with_place(9, |at| asked.answer(at, &ground(9), values)).map(|_| ());
    assert_eq!(answer(values(9, Fields::NAME)), Err(RevealRefusal::OtherFields));
    assert_eq!(answer(values(9, asks().with(Fields::CONTACT))), Err(RevealRefusal::OtherFields));
    assert_eq!(answer(Values::default()), Err(RevealRefusal::Fields(BadFields)));
    let own = world.with_place(1, |at| request.answer(at, &ground(1), values(1, asks())));
    assert_eq!(own.map(|_| ()), Err(RevealRefusal::Stage), "nobody answers itself");
    // The node that vouches is the member's.
    let answer = answered(&world, &asked);
    let consent = world.with_place(9, |at| answer.consent(at, 1, &signing(8), &seed(90)));
    assert_eq!(consent.map(|_| ()), Err(RevealRefusal::NotNamed));
}

#[test]
fn a_request_is_read_by_the_one_who_is_asked_and_while_it_lasts() {
    let mut world = World::new();
    asked(&mut world);
    let (page, _) = &world.pages[0];
    let rooms = [RoomKey::new(Secret32::new([1; 32]))];
    let (_, step) = read_steps(&world.terms, EXECUTION, page, &rooms).unwrap().remove(0);
    let of = |member, interval| world.with_place(member, |at| Reveal::asked(at, &step.unwrap(), interval)).is_some();
    assert!(of(9, 0) && of(9, 2));
    assert!(!of(9, 3) && !of(8, 0) && !of(1, 0));
    // It is no post to those who read posts, and nothing at all to who is not in the room.
    assert_eq!(read_page(&world.terms, EXECUTION, page, &rooms).unwrap(), []);
    let elsewhere = [RoomKey::new(Secret32::new([2; 32]))];
    assert_eq!(read_steps(&world.terms, EXECUTION, page, &elsewhere).unwrap(), []);
}

#[test]
fn hub_and_relay_see_the_same_of_a_request_that_is_declined_unanswered_or_never_made() {
    let run = |said: &dyn Fn(&mut World)| {
        let mut world = World::new();
        said(&mut world);
        while world.interval < 6 {
            world.interval(&[]);
        }
        world
    };
    let worlds = [
        run(&|_| {}),
        run(&|world| {
            asked(world);
        }),
        run(&|world| {
            let (_, asked) = asked(world);
            let (declined, step) = asked.decline().unwrap();
            assert_eq!((declined.stage(), declined.values()), (&Stage::Declined, None));
            world.interval(&[(9, Some(step), None)]);
        }),
        run(&|world| {
            // Written down, approved, and then declined all the same.
            let (_, asked) = asked(world);
            let (_, step) = answered(world, &asked).decline().unwrap();
            world.interval(&[(9, Some(step), None)]);
        }),
    ];
    // Times, counts, lengths; and what the hub releases is the same to the last byte, as nobody deposited anything.
    for world in &worlds {
        assert_eq!(world.seen, worlds[0].seen);
        let boxes = |world: &World| world.pages.iter().map(|(_, boxes)| boxes.clone()).collect::<Vec<_>>();
        assert_eq!(boxes(world), boxes(&worlds[0]));
    }
    // A reveal that takes place differs for the hub, which pairs the boxes, but for nobody else: not in any length.
    let revealed = run(&|world| {
        let (request, _) = agreed(world);
        let (_, deposit) = deposited(world, &request);
        world.interval(&[(1, None, Some(deposit))]);
    });
    assert_eq!(revealed.seen, worlds[0].seen);
}

/// Every X25519 key has its highest bit clear; random bytes do in half of the cases.
#[test]
fn a_box_of_nothing_begins_with_a_key_as_a_real_one_does() {
    let mut world = World::new();
    for number in 0..4 {
        world.interval(&[]);
        let (_, page) = world.pages.last().unwrap();
        assert!(page.boxes.len() == 30 && page.boxes.iter().all(|shown| shown[31] < 0x80));
        for member in 1..=MEMBERS {
            let seed = seed(member).fork("interval", number);
            let upload = reveal_upload(&world.terms, EXECUTION, 0, None, &seed);
            let deposit = open_carried(&opening_key(), EXECUTION, 0, &upload.deposit).unwrap();
            assert!(deposit.sealed.len() == BOX_LEN && deposit.sealed[31] < 0x80);
        }
    }
}

#[test]
fn the_requester_is_told_of_a_decline_and_of_no_reason() {
    let mut world = World::new();
    let (request, asked) = asked(&mut world);
    let (_, step) = asked.decline().unwrap();
    world.interval(&[(9, Some(step), None)]);
    assert_eq!(*world.read(1, &request).0.stage(), Stage::Declined);
    let bytes = step.encode(1, &[1; 32]);
    assert!(bytes[76..].iter().all(|byte| *byte == 0), "nothing but whose, to whom and when");
}

#[test]
fn a_box_that_was_withdrawn_is_not_released_even_in_the_interval_of_the_other() {
    let mut world = World::new();
    let (request, answer) = agreed(&mut world);
    let (answer, step, withdrawal) = world.with_place(9, |at| answer.withdraw(at)).unwrap();
    assert_eq!((answer.stage(), answer.values()), (&Stage::Withdrawn, None));
    let (request, deposit) = deposited(&world, &request);
    world.interval(&[(9, step, withdrawal), (1, None, Some(deposit.clone()))]);
    assert_eq!(*world.read(1, &request).0.stage(), Stage::AwaitRelease { since: 2 });
    world.interval(&[(1, None, Some(deposit))]);
    assert_eq!(*world.read(1, &request).0.stage(), Stage::AwaitRelease { since: 2 }, "the slot is done with");
}

#[test]
fn a_request_that_was_withdrawn_cannot_be_consented_to() {
    let mut world = World::new();
    let (request, asked) = asked(&mut world);
    let (request, step, deposit) = world.with_place(1, |at| request.withdraw(at)).unwrap();
    assert!(deposit.is_none());
    world.interval(&[(1, step, None)]);
    let (asked, _) = world.read(9, &asked);
    assert_eq!((asked.stage(), request.stage()), (&Stage::Withdrawn, &Stage::Withdrawn));
    let answer = world.with_place(9, |at| asked.answer(at, &ground(9), values(9, asks())));
    assert_eq!(answer.map(|_| ()), Err(RevealRefusal::Stage));
}

#[test]
fn whoever_does_not_know_a_side_s_secret_withdraws_nothing() {
    let mut world = World::new();
    let (request, answer) = agreed(&mut world);
    let (_, _, withdrawal) = world.with_place(9, |at| answer.withdraw(at)).unwrap();
    let forged = Deposit { mark: [0; 32], ..withdrawal.unwrap() };
    world.interval(&[(5, None, Some(forged))]);
    let (request, deposit) = deposited(&world, &request);
    world.interval(&[(1, None, Some(deposit))]);
    assert!(matches!(world.read(1, &request).0.stage(), Stage::Released(_)));
}

#[test]
fn everything_expires_and_what_was_written_down_is_erased() {
    let mut world = World::new();
    let (request, asked) = asked(&mut world);
    let answer = answered(&world, &asked);
    let check = |reveal: &Reveal, last: u16| {
        assert_eq!(reveal.on_interval(last).stage(), reveal.stage());
        let over = reveal.on_interval(last + 1);
        assert_eq!((over.stage(), over.values()), (&Stage::Expired, None));
    };
    check(&asked, 3);
    check(&answer, 3);
    check(&request, 4);
    let late = world.with_place(9, |at| answer.consent(at, 4, &signing(9), &seed(90)));
    assert_eq!(late.map(|_| ()), Err(RevealRefusal::Stage));

    let mut world = World::new();
    let (request, answer) = agreed(&mut world);
    check(&request, 9);
    check(&answer, 10);
    let late = world.with_place(1, |at| request.deposit(at, 10, &signing(1), &seed(91)));
    assert_eq!(late.map(|_| ()), Err(RevealRefusal::Stage));
    // The hub holds a box for as long, and then no more.
    let (_, deposit) = world.with_place(1, |at| request.deposit(at, 9, &signing(1), &seed(91))).unwrap();
    while world.interval < 10 {
        world.interval(&[]);
    }
    world.interval(&[(1, None, Some(deposit))]);
    assert_eq!(*world.read(9, &answer).0.stage(), Stage::AwaitRelease { since: 1 });
}

#[test]
fn a_box_that_is_not_what_was_agreed_is_refused_by_name() {
    let check = |change: &dyn Fn(&World, &Reveal) -> Deposit, expected: BadEvidence| {
        let mut world = World::new();
        let (request, answer) = agreed(&mut world);
        let deposit = change(&world, &request);
        world.interval(&[(1, None, Some(deposit))]);
        let (answer, bad) = world.read(9, &answer);
        assert_eq!((answer.stage(), bad), (&Stage::Broken, Some(expected)));
    };
    let forge = |world: &World, request: &Reveal, evidence: &dyn Fn(Evidence) -> Vec<u8>| {
        world.with_place(1, |at| request.forged_box(at, &signing(1), &seed(91), evidence)).unwrap()
    };
    check(&|world, request| forge(world, request, &|_| vec![1, 2, 3]), BadEvidence::Form);
    let with = |change: fn(&mut Evidence)| {
        move |mut evidence: Evidence| {
            change(&mut evidence);
            encode(&evidence)
        }
    };
    let fewer = with(|evidence| evidence.values.contact = None);
    check(&|world, request| forge(world, request, &fewer), BadEvidence::Fields);
    let stranger = with(|evidence| evidence.member = node(99));
    check(&|world, request| forge(world, request, &stranger), BadEvidence::Member);
    let reader = with(|evidence| evidence.member = node(9));
    check(&|world, request| forge(world, request, &reader), BadEvidence::Member);
    let other_name = with(|evidence| evidence.values.name = Some(text("bank 2")));
    check(&|world, request| forge(world, request, &other_name), BadEvidence::Approvals);
    let once = with(|evidence| evidence.approve_twice_by_the_first());
    check(&|world, request| forge(world, request, &once), BadEvidence::Approvals);
    let by_another = with(|evidence| evidence.vouch(&signing(2)));
    check(&|world, request| forge(world, request, &by_another), BadEvidence::Node);
    let not_the_writer = with(|evidence| evidence.write(&signing(2)));
    check(&|world, request| forge(world, request, &not_the_writer), BadEvidence::Writer);
}

#[test]
fn what_relay_hub_and_members_send_wrongly_is_refused_by_name() {
    let terms = terms();
    let mut relay = RevealRelay::new(terms.clone(), EXECUTION, 0, seed(70));
    let upload = |interval, byte| reveal_upload(&terms, EXECUTION, interval, None, &seed(byte));
    let unexpected = |awaiting| Err(Violation::Unexpected { awaiting });
    assert_eq!(relay.on_upload(node(99), upload(0, 1)), unexpected("an upload of this interval"));
    assert_eq!(relay.on_upload(node(1), upload(1, 1)), unexpected("an upload of this interval"));
    let elsewhere = RevealUpload { execution: Execution(Digest::from_bytes([6; 32])), ..upload(0, 1) };
    assert_eq!(relay.on_upload(node(1), elsewhere), unexpected("an upload of this interval"));
    let short = RevealUpload { deposit: vec![1; 10].try_into().unwrap(), ..upload(0, 1) };
    assert_eq!(relay.on_upload(node(1), short), Err(Violation::Malformed { what: "deposit" }));
    assert_eq!(relay.on_upload(node(1), upload(0, 1)), Ok(()));
    assert_eq!(relay.on_upload(node(1), upload(0, 1)), Ok(()), "the same again");
    assert_eq!(relay.on_upload(node(1), upload(0, 2)), unexpected("one upload of an interval"));
    let end = terms.body().rooms.interval_end(0);
    let batch = relay.on_time(end).unwrap();
    assert_eq!((relay.on_upload(node(2), upload(0, 3)), relay.deadline()), (Ok(()), None), "too late");
    assert_eq!(batch.deposits.len(), 15, "of one member and of fourteen that were not there");
    let mut board = RevealBoard::new(terms.clone(), EXECUTION, 0, opening_key(), Escrow::default(), seed(71));
    let awaiting = "the deposits of the next interval";
    let mut on_batch = |now, batch: &RevealBatch| board.on_batch(now, batch.clone()).map(|_| ());
    assert_eq!(on_batch(UnixTime(end.0 - 1), &batch), unexpected(awaiting));
    let few = RevealBatch { deposits: batch.deposits[1..].to_vec().try_into().unwrap(), ..batch.clone() };
    let count = Violation::CountMismatch { what: "deposits of an interval", expected: 15, got: 14 };
    assert_eq!(on_batch(end, &few), Err(count));
    assert_eq!(on_batch(end, &batch), Ok(()));
    assert_eq!(on_batch(end, &batch), unexpected(awaiting), "twice");

    let mut world = World::new();
    let (request, _) = agreed(&mut world);
    let (request, _) = deposited(&world, &request);
    let (_, good) = &world.pages[1];
    let on_page = |page: &RevealPage| world.with_place(1, |at| request.on_page(at, page)).map(|_| ()).unwrap_err();
    let malformed = Violation::Malformed { what: "page of reveals" };
    let mut swapped = good.boxes.to_vec();
    swapped.swap(0, 1);
    assert_eq!(on_page(&RevealPage { boxes: swapped.try_into().unwrap(), ..good.clone() }), malformed);
    assert_eq!(on_page(&RevealPage { interval: 40, ..good.clone() }), malformed);
    let few = good.boxes[1..].to_vec().try_into().unwrap();
    let count = Violation::CountMismatch { what: "boxes of a page", expected: 30, got: 29 };
    assert_eq!(on_page(&RevealPage { boxes: few, ..good.clone() }), count);
}

#[test]
fn what_is_held_goes_on_after_a_restart() {
    let mut world = World::new();
    let (request, answer) = agreed(&mut world);
    let escrow = world.board.escrow().clone();
    let bytes = encode(&escrow);
    let read: Escrow = crate::wire::decode(&bytes, bytes.len()).unwrap();
    assert_eq!(read, escrow);
    world.board = RevealBoard::new(world.terms.clone(), EXECUTION, 2, opening_key(), read, seed(71));
    let (_, deposit) = deposited(&world, &request);
    world.interval(&[(1, None, Some(deposit))]);
    released(&world.read(9, &answer).0);
}

#[test]
fn the_longest_fields_fit_a_box() {
    let longest = Values {
        name: Some(text(&"n".repeat(limits::REVEAL_NAME_LEN_MAX))),
        contact: Some(text(&"c".repeat(limits::REVEAL_CONTACT_LEN_MAX))),
        case: Some(text(&"r".repeat(limits::REVEAL_CASE_LEN_MAX))),
    };
    let mut world = World::new();
    let all = longest.fields().unwrap();
    let wanted = Wanted { to: world.pseudonym(9), values: values(1, offers()), asks: all, expires: 3 };
    let request = world.with_place(1, |at| Reveal::request(at, &ground(1), wanted, 0, RevealId([4; 8]))).unwrap();
    let (_, step) = world.with_place(1, |at| approved(&request, 1).post_request(at, 0)).unwrap();
    world.interval(&[(1, Some(step), None)]);
    let answer = world.with_place(9, |at| world.requested(1, 9).answer(at, &ground(9), longest)).unwrap();
    let consent = world.with_place(9, |at| approved(&answer, 9).consent(at, 1, &signing(9), &seed(90)));
    assert!(consent.is_ok());
}

#[test]
fn every_message_is_read_as_it_was_written_within_its_limit() {
    let world = {
        let mut world = World::new();
        world.interval(&[]);
        world
    };
    let upload = reveal_upload(&world.terms, EXECUTION, 0, None, &seed(1));
    let deposits = vec![upload.deposit.clone(); 15].try_into().unwrap();
    let messages = [
        RevealMessage::RevealUpload(upload),
        RevealMessage::RevealBatch(RevealBatch { execution: EXECUTION, interval: 0, deposits }),
        RevealMessage::RevealPageAsk(RevealPageAsk { execution: EXECUTION, interval: 0 }),
        RevealMessage::RevealPage(world.pages[0].1.clone()),
    ];
    for (message, (name, kind, len_max)) in messages.iter().zip(RevealMessage::KINDS) {
        let bytes = message.encode();
        assert_eq!((message.name(), u16::from_le_bytes([bytes[0], bytes[1]])), (*name, *kind));
        assert!(bytes.len() <= len_max + 2, "{name}: {}", bytes.len());
        assert_eq!(RevealMessage::decode(&bytes).as_ref(), Ok(message));
        assert!(RevealMessage::decode(&bytes[..bytes.len() - 1]).is_err(), "{name}");
    }
    assert_eq!(RevealMessage::KINDS.len(), messages.len());
}

#[test]
fn a_step_has_one_encoding() {
    let world = World::new();
    let to = world.pseudonym(9);
    let id = RevealId([7; 8]);
    let steps = [
        Step::Request { id, to, offers: Fields::NAME, asks: asks(), expires: 9, box_key: [3; 32] },
        Step::Consent { id, to, box_key: [4; 32], slot: [5; 68] },
        Step::Decline { id, to },
        Step::Withdraw { id, to },
    ];
    let writer = world.pseudonym(1);
    for step in steps {
        let bytes = step.encode(6, writer.as_bytes());
        assert_eq!(Step::decode(&bytes), Some((step, 6, writer)));
        let mut filled = bytes.clone();
        *filled.last_mut().unwrap() = 1;
        assert_eq!(Step::decode(&filled), None);
        let mut other = bytes;
        other[1] = 5;
        assert_eq!(Step::decode(&other), None);
    }
    let mut nothing = steps[0].encode(6, writer.as_bytes());
    nothing[76] = 0;
    assert_eq!(Step::decode(&nothing), None, "a request that offers nothing");
}

#[test]
fn kinds_codes_and_lengths_are_as_the_specification_says() {
    let page = include_str!("../../../docs/spec/reveal.md");
    for (name, kind, _) in RevealMessage::KINDS {
        assert!(page.contains(&format!("| 0x{kind:02x} | `{name}` |")), "{name}");
        assert!((0x88..=0x8f).contains(kind));
    }
    let refusals = [
        RevealRefusal::Stage,
        RevealRefusal::OtherCharter,
        RevealRefusal::NoClause,
        RevealRefusal::NotNamed,
        RevealRefusal::Fields(BadFields),
        RevealRefusal::OtherFields,
        RevealRefusal::ThisMember,
        RevealRefusal::Expiry,
        RevealRefusal::NotApprover,
        RevealRefusal::SamePerson,
        RevealRefusal::BadApproval,
        RevealRefusal::BadKey,
    ];
    let boxes = [
        BadEvidence::Form,
        BadEvidence::Fields,
        BadEvidence::Member,
        BadEvidence::Approvals,
        BadEvidence::Node,
        BadEvidence::Writer,
    ];
    let codes = refusals.iter().map(|refusal| refusal.code()).chain(boxes.iter().map(|bad| bad.code()));
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
    let upload = reveal_upload(&terms(), EXECUTION, 0, None, &seed(1));
    assert!(page.contains(&format!("deposit ({})", upload.deposit.len())));
    assert!(page.contains(&format!("| {} | box:", deposit::BOX_LEN)));
}
