//! Reveals among a hub and members: both sides see what two persons on each approved, or neither does, whatever goes wrong; and nobody
//! else sees whether there is one.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod founding;
mod network;
mod wiring;

use cwg_crypto::Digest;
use cwg_engine::KnownReveal;
use cwg_engine::command::{Command, KeyOrigin, Refusal, Reply, RevealCommand, RevealNumber};
use cwg_engine::limits::REVEALS_OPEN_OF_ONE;
use cwg_engine::record::{Entry, Record};
use cwg_protocol::lighthouse::{Caveats, Day};
use cwg_protocol::reveal::{Approval, Fields, RevealMessage, RevealRefusal, Stage, Values};
use cwg_protocol::round::RoundMessage;
use cwg_protocol::round::room::{Content, Draft, Outcome};
use cwg_protocol::wire::Message;
use cwg_protocol::{Item, OperatorKey, RunId};
use founding::{DAY_SECS, node, person, text};
use network::{EVALUATE_SECS, HUB, Network, row};
use wiring::{Wired as _, passing};

/// Seconds of an interval, and of half of one, after which pages are fetched.
const INTERVAL: u64 = 100;
const HALF: u64 = INTERVAL / 2;
/// Seconds from the opening of a round to the first interval of its rooms.
const ROOMS_OPEN: u64 = EVALUATE_SECS + 20_000;
const INTERVALS: u16 = 40;
/// The last interval in which requests may be consented to.
const EXPIRES: u16 = 20;
const REQUESTER: usize = 1;
const ASKED: usize = 2;

/// Five members of which 1 and 2 hold one item. Both have written to its room, and it is interval 1.
struct World {
    network: Network,
    round: RunId,
}

fn item() -> Item {
    row(network::kinds()[1], 7).item
}

fn asks() -> Fields {
    Fields::NAME.with(Fields::CASE)
}

fn values(member: usize, fields: Fields) -> Values {
    Values {
        name: fields.has(Fields::NAME).then(|| text(&format!("bank {member}"))),
        contact: fields.has(Fields::CONTACT).then(|| text(&format!("a person of {member}"))),
        case: fields.has(Fields::CASE).then(|| text(&format!("case of {member}"))),
    }
}

fn offered() -> Values {
    values(REQUESTER, Fields::NAME.with(Fields::CONTACT))
}

/// Two persons of each member.
fn names(member: usize) -> [String; 2] {
    ["ann", "ben"].map(|name| format!("{name} of {member}"))
}

impl World {
    fn new() -> Self {
        Self::on(Network::new(5))
    }

    fn on(mut network: Network) -> Self {
        network.room_intervals = INTERVALS;
        network.call(&[1, 2, 3], 2, KeyOrigin::New);
        for (member, number) in [(1, 7), (2, 7), (3, 103), (4, 104), (5, 105)] {
            network.hold(member, [number]);
            for name in names(member) {
                let key = OperatorKey(person(&name).verifying_key());
                network.command(member, Command::AddOperator { name: text(&name), key }).unwrap();
            }
        }
        let round = network.open(2);
        network.join(round, 1..=5);
        network.pass(EVALUATE_SECS + 2_000);
        let mut world = Self { network, round };
        for member in [REQUESTER, ASKED] {
            let content = Content::Outcome(Outcome::Useful);
            let draft =
                Draft { content, caveats: Caveats::NONE, expires: Day::from_number(0), answers: None, text: None };
            let post = Command::PostToRoom { round, item: item(), draft: Box::new(draft) };
            world.network.command(member, post).unwrap();
        }
        world.network.pass(ROOMS_OPEN - EVALUATE_SECS - 2_000 + INTERVAL + HALF + 10);
        world
    }

    fn ask(&mut self, member: usize, ask: RevealCommand) -> Result<RevealNumber, Refusal> {
        let round = self.round;
        match self.network.command(member, Command::Reveal { round, ask: Box::new(ask) })? {
            Reply::RevealWritten(number) => Ok(number),
            other => panic!("{other:?}"),
        }
    }

    fn known(&self, member: usize) -> Vec<(RevealNumber, KnownReveal)> {
        let round = &self.network.engines[member].state().rounds().rounds()[&self.round];
        round.reveals().map(|(number, known)| (number, known.clone())).collect()
    }

    /// The one reveal of a member.
    fn stage(&self, member: usize) -> Stage {
        let known = self.known(member);
        let [(_, known)] = &known[..] else { panic!("member {member} has {} reveals", known.len()) };
        known.reveal.stage().clone()
    }

    fn request_from(&mut self, member: usize, expires: u16) -> Result<RevealNumber, Refusal> {
        let round = &self.network.engines[member].state().rounds().rounds()[&self.round];
        let to = round.writers(item()).first().copied().unwrap();
        let reason = text("a case of our own");
        let values = values(member, Fields::NAME.with(Fields::CONTACT));
        self.ask(member, RevealCommand::Request { item: item(), to, values, asks: asks(), expires, reason })
    }

    fn approve(&mut self, member: usize, reveal: RevealNumber, by: &str) -> Result<RevealNumber, Refusal> {
        let known = self.known(member).into_iter().find(|(number, _)| *number == reveal).unwrap().1;
        let statement = known.reveal.to_be_approved().unwrap_or(Digest::from_bytes([0; 32]));
        let approval = Approval::sign(statement, &person(by));
        self.ask(member, RevealCommand::Approve { reveal, person: text(by), approval })
    }

    fn approve_twice(&mut self, member: usize, reveal: RevealNumber) {
        for name in names(member) {
            self.approve(member, reveal, &name).unwrap();
        }
    }

    /// Member 1 asks member 2; it leaves with the next interval.
    fn request(&mut self) -> RevealNumber {
        let reveal = self.request_from(REQUESTER, EXPIRES).unwrap();
        self.approve_twice(REQUESTER, reveal);
        reveal
    }

    /// Member 2 answers what it was asked; it leaves with the next interval.
    fn answer(&mut self, reveal: RevealNumber) {
        let values = values(ASKED, asks());
        self.ask(ASKED, RevealCommand::Answer { reveal, values }).unwrap();
        self.approve_twice(ASKED, reveal);
    }

    fn intervals(&mut self, intervals: u64) {
        self.network.pass(intervals * INTERVAL);
    }

    /// As far as the request that member 2 has read. It is interval 3.
    fn asked(&mut self) -> RevealNumber {
        let reveal = self.request();
        self.intervals(2);
        assert_eq!((self.stage(REQUESTER), self.stage(ASKED)), (Stage::AwaitConsent, Stage::AwaitAnswer));
        reveal
    }

    /// As far as the consent that member 1 has read. It is interval 5.
    fn agreed(&mut self) -> RevealNumber {
        let reveal = self.asked();
        self.answer(reveal);
        self.intervals(2);
        assert_eq!(self.stage(REQUESTER), Stage::Agreed { since: 4 });
        reveal
    }

    /// Both sides show what the other wrote down, and have the same receipt.
    fn assert_released(&self, sides: [usize; 2]) {
        let [requester, asked] = sides.map(|member| match self.stage(member) {
            Stage::Released(released) => released,
            other => panic!("member {member}: {other:?}"),
        });
        assert_eq!(requester.shown.member, node(sides[1]));
        assert_eq!(requester.shown.values, values(sides[1], asks()));
        assert_eq!(asked.shown.member, node(sides[0]));
        assert_eq!(asked.shown.values, values(sides[0], Fields::NAME.with(Fields::CONTACT)));
        assert_eq!(requester.receipt, asked.receipt);
    }

    /// Until everything that could still come has.
    fn wait(&mut self) {
        self.intervals(14);
    }

    fn assert_sound(&self) {
        assert!(self.network.closed.is_empty());
        let of_peers = |record: &Record| matches!(record.entry, Entry::Refused { peer: Some(_), .. });
        assert!(!self.network.journals.iter().flatten().any(of_peers), "nobody broke a rule");
    }

    fn relay_of(&self, interval: u16) -> usize {
        let terms = &self.network.engines[HUB].state().rounds().rounds()[&self.round].terms;
        let turn =
            self.network.engines[REQUESTER].state().rounds().rounds()[&self.round].turns.last().unwrap().number();
        (1..=5).find(|number| node(*number) == terms.room_relay(turn, interval)).unwrap()
    }
}

#[test]
fn both_sides_see_what_was_agreed_whichever_of_them_asks() {
    for (requester, asked) in [(1, 2), (2, 1)] {
        let mut world = World::new();
        let reveal = world.request_from(requester, EXPIRES).unwrap();
        world.approve_twice(requester, reveal);
        world.intervals(2);
        world.ask(asked, RevealCommand::Answer { reveal, values: values(asked, asks()) }).unwrap();
        world.approve_twice(asked, reveal);
        world.intervals(4);
        world.assert_released([requester, asked]);
        assert_eq!(world.known(requester)[0].0, world.known(asked)[0].0, "one number on both sides");
        for other in [3, 4, 5] {
            assert!(world.known(other).is_empty());
        }
        world.assert_sound();
    }
}

#[test]
fn nothing_leaves_without_two_different_persons_of_the_member() {
    let mut world = World::new();
    let reveal = world.request_from(REQUESTER, EXPIRES).unwrap();
    let [ann, ben] = names(REQUESTER);
    world.approve(REQUESTER, reveal, &ann).unwrap();
    let same = world.approve(REQUESTER, reveal, &ann).unwrap_err();
    assert_eq!(same, Refusal::Reveal(RevealRefusal::SamePerson));
    assert_eq!(world.approve(REQUESTER, reveal, "a stranger").unwrap_err(), Refusal::UnknownOperator);
    assert_eq!(world.approve(REQUESTER, reveal, &names(ASKED)[0]).unwrap_err(), Refusal::UnknownOperator);
    let approval = Approval::sign(Digest::from_bytes([7; 32]), &person(&ben));
    let other = RevealCommand::Approve { reveal, person: text(&ben), approval };
    assert_eq!(world.ask(REQUESTER, other).unwrap_err(), Refusal::Reveal(RevealRefusal::BadApproval));
    let named = RevealCommand::Approve { reveal, person: text(&ann), approval };
    assert_eq!(world.ask(REQUESTER, named).unwrap_err(), Refusal::UnknownOperator, "another one's signature");
    world.intervals(4);
    assert_eq!(world.stage(REQUESTER), Stage::AwaitApprovals);
    assert!(world.known(ASKED).is_empty());

    world.approve(REQUESTER, reveal, &ben).unwrap();
    world.intervals(2);
    world.ask(ASKED, RevealCommand::Answer { reveal, values: values(ASKED, asks()) }).unwrap();
    world.approve(ASKED, reveal, &names(ASKED)[1]).unwrap();
    world.intervals(4);
    assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::AwaitConsent, Stage::AwaitApprovals));
    // What is approved cannot be written anew.
    let again = RevealCommand::Answer { reveal, values: values(3, asks()) };
    assert_eq!(world.ask(ASKED, again).unwrap_err(), Refusal::Reveal(RevealRefusal::Stage));
    world.intervals(14);
    assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::Expired, Stage::Expired));
}

#[test]
fn who_declines_shows_nothing_and_the_requester_is_told() {
    for is_answered in [false, true] {
        let mut world = World::new();
        let reveal = world.asked();
        if is_answered {
            world.ask(ASKED, RevealCommand::Answer { reveal, values: values(ASKED, asks()) }).unwrap();
        }
        world.ask(ASKED, RevealCommand::Decline { reveal }).unwrap();
        world.intervals(2);
        assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::Declined, Stage::Declined));
        assert!(world.known(REQUESTER)[0].1.reveal.values().is_none(), "own values are erased");
        let late = world.ask(ASKED, RevealCommand::Answer { reveal, values: values(ASKED, asks()) }).unwrap_err();
        assert_eq!(late, Refusal::Reveal(RevealRefusal::Stage));
        world.assert_sound();
    }
}

#[test]
fn either_side_withdraws_at_any_stage_before_the_release() {
    // How far it is, who withdraws, and the stages then.
    type Reach = fn(&mut World) -> RevealNumber;
    let deposited: Reach = |world| {
        let reveal = world.asked();
        world.answer(reveal);
        world.intervals(1);
        reveal
    };
    let cases: [(Reach, usize, [Stage; 2]); 4] = [
        (World::asked, REQUESTER, [Stage::Withdrawn, Stage::Withdrawn]),
        (World::agreed, REQUESTER, [Stage::Withdrawn, Stage::Expired]),
        (deposited, ASKED, [Stage::Expired, Stage::Withdrawn]),
        (World::agreed, ASKED, [Stage::Expired, Stage::Withdrawn]),
    ];
    for (number, (reach, who, stages)) in cases.into_iter().enumerate() {
        let mut world = World::new();
        let reveal = reach(&mut world);
        world.ask(who, RevealCommand::Withdraw { reveal }).unwrap();
        let again = world.ask(who, RevealCommand::Withdraw { reveal }).unwrap_err();
        assert_eq!(again, Refusal::Reveal(RevealRefusal::Stage));
        world.wait();
        assert_eq!([world.stage(REQUESTER), world.stage(ASKED)], stages, "case {number}");
        for member in [REQUESTER, ASKED] {
            assert!(world.known(member)[0].1.reveal.values().is_none(), "case {number}");
        }
        world.assert_sound();
    }
}

#[test]
fn a_withdrawal_that_comes_too_late_hides_no_release() {
    let mut world = World::new();
    let reveal = world.agreed();
    // The box leaves with interval 6 and is released at its end, which nobody knows before half of interval 7.
    world.network.pass(INTERVAL - HALF + 10);
    assert_eq!(world.stage(REQUESTER), Stage::AwaitRelease { since: 6 });
    world.ask(REQUESTER, RevealCommand::Withdraw { reveal }).unwrap();
    world.wait();
    world.assert_released([REQUESTER, ASKED]);
}

#[test]
fn what_is_not_answered_or_approved_in_time_is_over_and_erased() {
    let mut world = World::new();
    let reveal = world.asked();
    world.ask(ASKED, RevealCommand::Answer { reveal, values: values(ASKED, asks()) }).unwrap();
    world.intervals(20);
    assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::Expired, Stage::Expired));
    for member in [REQUESTER, ASKED] {
        assert!(world.known(member)[0].1.reveal.values().is_none());
    }
    let late = world.approve(ASKED, reveal, &names(ASKED)[0]).unwrap_err();
    assert_eq!(late, Refusal::Reveal(RevealRefusal::Stage));
    world.assert_sound();
}

#[test]
fn every_node_may_start_again_in_every_interval() {
    for number in [HUB, REQUESTER, ASKED, 3, 4, 5] {
        let mut world = World::new();
        let restarting = |world: &mut World, intervals: u64| {
            for _ in 0..2 * intervals {
                world.network.restart(number);
                world.network.pass(HALF - 7);
                world.network.restart(number);
                world.network.pass(7);
            }
        };
        let reveal = world.request();
        restarting(&mut world, 2);
        assert_eq!(world.stage(ASKED), Stage::AwaitAnswer, "node {number}");
        world.answer(reveal);
        restarting(&mut world, 4);
        world.assert_released([REQUESTER, ASKED]);
    }
}

/// What a member uploads in one interval is lost.
fn without(silent: usize, interval: u16) -> wiring::Wire {
    passing(move |from, _, message| {
        let at = match message {
            Message::Round(RoundMessage::RoomUpload(upload)) => upload.interval,
            Message::Round(RoundMessage::Reveal(RevealMessage::RevealUpload(upload))) => upload.interval,
            _ => return true,
        };
        (from, at) != (silent, interval)
    })
}

#[test]
fn what_did_not_arrive_is_said_again() {
    // The uploads of the request, of the consent and of the box of the requester.
    for (silent, interval) in [(REQUESTER, 2), (ASKED, 4), (REQUESTER, 6)] {
        let mut world = World::new();
        world.network.wire = without(silent, interval);
        let reveal = world.request();
        world.intervals(4);
        world.answer(reveal);
        world.intervals(8);
        world.assert_released([REQUESTER, ASKED]);
        world.assert_sound();
    }
}

#[test]
fn what_is_taken_back_and_did_not_arrive_is_not_said_again() {
    // The consent is lost: to take it back is to decline.
    let mut world = World::new();
    world.network.wire = without(ASKED, 4);
    let reveal = world.asked();
    world.answer(reveal);
    world.intervals(1);
    assert_eq!(world.stage(ASKED), Stage::AwaitRelease { since: 4 });
    world.ask(ASKED, RevealCommand::Withdraw { reveal }).unwrap();
    world.intervals(4);
    assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::Declined, Stage::Declined));

    // The requester's box is lost.
    let mut world = World::new();
    let reveal = world.agreed();
    world.network.wire = without(REQUESTER, 6);
    world.network.pass(INTERVAL - HALF + 10);
    world.ask(REQUESTER, RevealCommand::Withdraw { reveal }).unwrap();
    world.wait();
    assert_eq!((world.stage(REQUESTER), world.stage(ASKED)), (Stage::Withdrawn, Stage::Expired));
    for member in [REQUESTER, ASKED] {
        assert!(world.known(member)[0].1.reveal.values().is_none());
    }
    world.assert_sound();
}

#[test]
fn an_interval_whose_relay_is_away_costs_time_and_nothing_else() {
    for interval in [2, 4, 6] {
        let mut world = World::new();
        let relay = world.relay_of(interval);
        let reveal = world.request();
        let away = |world: &mut World, intervals: u64| {
            for _ in 0..intervals {
                let rooms = world.network.engines[HUB].state().rounds().rounds()[&world.round].terms.body().rooms;
                // From before the interval begins until after it is over.
                if rooms.interval_at(world.network.now.wall) == Some(interval - 1) {
                    world.network.kill(relay);
                }
                if rooms.interval_at(world.network.now.wall) == Some(interval + 1) {
                    world.network.restart(relay);
                }
                world.intervals(1);
            }
        };
        away(&mut world, 7);
        if world.known(ASKED).iter().all(|(_, known)| *known.reveal.stage() == Stage::AwaitAnswer) {
            world.answer(reveal);
        }
        away(&mut world, 10);
        world.assert_released([REQUESTER, ASKED]);
    }
}

#[test]
fn a_side_that_was_away_for_intervals_still_sees_what_was_released() {
    let mut world = World::new();
    world.agreed();
    world.network.pass(INTERVAL);
    assert_eq!(world.stage(REQUESTER), Stage::AwaitRelease { since: 6 });
    // Both boxes meet at the end of interval 6; the asked side is away from then on, longer than boxes are held.
    world.network.kill(ASKED);
    world.intervals(15);
    assert!(matches!(world.stage(REQUESTER), Stage::Released(_)));
    world.network.restart(ASKED);
    world.intervals(2);
    world.assert_released([REQUESTER, ASKED]);
}

#[test]
fn a_reveal_leaves_what_everyone_else_sees_as_it_is() {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Nothing,
        OneApproval,
        Declined,
        Withdrawn,
        Released,
    }
    let seen = |kind: Kind| {
        let mut world = World::new();
        let reveal = (kind != Kind::Nothing).then(|| world.request_from(REQUESTER, EXPIRES).unwrap());
        if let Some(reveal) = reveal {
            world.approve(REQUESTER, reveal, &names(REQUESTER)[0]).unwrap();
            if kind != Kind::OneApproval {
                world.approve(REQUESTER, reveal, &names(REQUESTER)[1]).unwrap();
            }
        }
        world.intervals(2);
        match (kind, reveal) {
            (Kind::Declined, Some(reveal)) => {
                world.ask(ASKED, RevealCommand::Decline { reveal }).unwrap();
            }
            (Kind::Released | Kind::Withdrawn, Some(reveal)) => world.answer(reveal),
            _ => {}
        }
        world.intervals(1);
        if let (Kind::Withdrawn, Some(reveal)) = (kind, reveal) {
            world.ask(ASKED, RevealCommand::Withdraw { reveal }).unwrap();
        }
        world.intervals(9);
        if kind == Kind::Released {
            world.assert_released([REQUESTER, ASKED]);
        }
        world.intervals(u64::from(INTERVALS));
        world.network.seen.clone()
    };
    let silent = seen(Kind::Nothing);
    for name in ["RevealUpload", "RevealBatch", "RevealPageAsk", "RevealPage"] {
        assert!(silent.iter().filter(|(.., kind, _)| *kind == name).count() >= usize::from(INTERVALS), "{name}");
    }
    for kind in [Kind::OneApproval, Kind::Declined, Kind::Withdrawn, Kind::Released] {
        let other = seen(kind);
        let differs = silent.iter().zip(&other).position(|(one, other)| one != other);
        assert_eq!(
            differs.map(|at| (&silent[at], &other[at])),
            None,
            "the same messages, in their order, of the same lengths"
        );
        assert_eq!(silent.len(), other.len());
    }
}

#[test]
fn what_was_shown_is_kept_as_long_as_the_charter_says_and_the_rest_until_the_rooms_close() {
    let mut world = World::new();
    world.agreed();
    world.intervals(4);
    world.assert_released([REQUESTER, ASKED]);
    // Another one is under way when the rooms close.
    world.request_from(REQUESTER, INTERVALS - 1).unwrap();
    world.intervals(u64::from(INTERVALS));
    let known = world.known(REQUESTER);
    assert_eq!(known.iter().filter(|(_, known)| *known.reveal.stage() == Stage::Expired).count(), 1);
    assert_eq!(known.iter().filter(|(_, known)| known.reveal.values().is_some()).count(), 1);
    world.assert_released_after_close();
    world.network.pass(91 * DAY_SECS);
    assert!(world.known(REQUESTER).is_empty() && world.known(ASKED).is_empty());
}

impl World {
    fn assert_released_after_close(&self) {
        let released = |member| {
            self.known(member).into_iter().find_map(|(_, known)| match known.reveal.stage() {
                Stage::Released(released) => Some(released.receipt),
                _ => None,
            })
        };
        assert!(released(REQUESTER).is_some());
        assert_eq!(released(REQUESTER), released(ASKED));
    }
}

#[test]
fn what_may_not_be_asked_is_refused_by_name_and_one_writer_cannot_fill_a_journal() {
    let mut world = World::new();
    let reveal = |refusal| Err(Refusal::Reveal(refusal));
    assert_eq!(world.request_from(REQUESTER, 1), reveal(RevealRefusal::Expiry));
    assert_eq!(world.request_from(REQUESTER, INTERVALS), reveal(RevealRefusal::Expiry));
    let to = *world.network.engines[REQUESTER].state().rounds().rounds()[&world.round].writers(item()).first().unwrap();
    let request = |reason: &str| RevealCommand::Request {
        item: item(),
        to,
        values: offered(),
        asks: asks(),
        expires: EXPIRES,
        reason: text(reason),
    };
    assert_eq!(world.ask(REQUESTER, request(" ")), Err(Refusal::RevealReason));
    assert!(matches!(world.ask(3, request("a case")), Err(Refusal::Post(_))));
    assert_eq!(world.ask(HUB, request("a case")), Err(Refusal::NotMember));
    for _ in 0..REVEALS_OPEN_OF_ONE + 2 {
        world.request();
    }
    world.intervals(8);
    assert_eq!(world.known(ASKED).len(), REVEALS_OPEN_OF_ONE);
    world.assert_sound();
}

#[test]
fn where_the_charter_names_no_clause_nobody_sends_anything_of_reveals() {
    let mut world = World::on(Network::without_reveals(5));
    let refused = world.request_from(REQUESTER, EXPIRES).unwrap_err();
    assert_eq!(refused, Refusal::Reveal(RevealRefusal::NoClause));
    world.intervals(4);
    assert!(world.network.seen.iter().any(|(.., kind, _)| *kind == "RoomPage"));
    assert!(!world.network.seen.iter().any(|(.., kind, _)| kind.starts_with("Reveal")));
    world.assert_sound();
}
