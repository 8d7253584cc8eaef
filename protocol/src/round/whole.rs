//! A whole round from the ceremony to the rooms: fifteen members with lists of real items, a keyholder that lies, a relay
//! that dies, and a member that goes away; against plain counting.

use std::collections::{BTreeMap, VecDeque};

use cwg_crypto::threshold::Index;
use cwg_crypto::voprf::evaluate;

use super::evaluate::{Allowance, Asked, Asking, Keyholder, KeyholderFault};
use super::room::{Content, Draft, Outcome, RoomBoard, RoomKey, RoomRelay, read_page, room_upload};
use super::sample::{EVALUATE_BY, MEMBERS, NETWORK, node, opening_key, seed, share, terms};
use super::upload::world::{Manner, World};
use super::upload::{CountBand, TurnEnd};
use super::{SharedTerms, Turn};
use crate::UnixTime;
use crate::indicator::{IndicatorKind, Item};
use crate::lighthouse::{Caveats, Day};

type Items = Vec<(IndicatorKind, Item)>;

/// Telephone number `number` is on the lists of all members whose number divides it; accounts are everyone's own.
fn items_of(member: u8) -> Items {
    let phone =
        |number: u32| (IndicatorKind::Phone, Item::of(NETWORK, IndicatorKind::Phone, &format!("+6149157{number:04}")));
    let account = |number: u32| {
        let text = format!("{member:06}-{number:09}");
        (IndicatorKind::AuAccount, Item::of(NETWORK, IndicatorKind::AuAccount, &text))
    };
    let phones = (1..=60).filter(|number| number % u32::from(member) == 0).take(20).map(phone);
    phones.chain((0..10).map(account)).collect()
}

/// The values of a member's items; keyholder 2 evaluates under another share than its own.
fn values_of(terms: &SharedTerms, member: u8, ledgers: &mut BTreeMap<u8, Allowance>) -> (Vec<[u8; 32]>, bool) {
    let now = UnixTime(10);
    let mut asking = Asking::new(terms.clone(), &items_of(member), seed(member)).unwrap();
    let mut steps = VecDeque::from([asking.start(now)]);
    let mut lied = false;
    while let Some(step) = steps.pop_front() {
        lied |= step.faults.contains(&(node(2), KeyholderFault::Lied));
        if let Some(end) = step.end {
            let Asked::Evaluated(values) = end else { panic!("too few keyholders") };
            return (values.iter().map(|value| *value.expose()).collect(), lied);
        }
        steps.extend(
            step.jobs.into_iter().map(|(id, job)| asking.on_computed(now, id, job.run()).unwrap()).collect::<Vec<_>>(),
        );
        for (to, ask) in step.send {
            let number = (1..=5).find(|number| node(*number) == to).unwrap();
            let holder = Keyholder::new(terms.clone(), &share(Index::new(number).unwrap())).unwrap();
            let ledger = ledgers.entry(number).or_insert_with(|| Allowance::new(100));
            let done = holder.on_ask(ledger, now, node(member), ask.clone(), seed(number)).unwrap().unwrap();
            let mut answer = Keyholder::answer(done.job.run()).unwrap();
            if number == 2 {
                let other = share(Index::new(3).unwrap()).evaluation_key();
                let (evaluated, proof) = evaluate(&other, &ask.blinded, seed(1)).unwrap();
                (answer.evaluated, answer.proof) = (evaluated.try_into().unwrap(), proof);
            }
            steps.push_back(asking.on_answer(now, to, answer));
        }
    }
    panic!("nobody answers any more")
}

#[test]
fn a_round_finds_what_enough_members_hold_in_spite_of_a_liar_a_dead_relay_and_a_deserter() {
    for threshold in [2, 3] {
        let terms = terms(threshold, 30);
        let mut ledgers = BTreeMap::new();
        let evaluated: Vec<_> = (1..=MEMBERS).map(|member| values_of(&terms, member, &mut ledgers)).collect();
        assert!(evaluated.iter().any(|(_, lied)| *lied), "whoever asked keyholder 2 found it out");
        let values: Vec<_> = evaluated.into_iter().map(|(values, _)| values).collect();

        let mut world = World::new(terms.clone(), values);
        world.relay_dies_after = Some(20);
        let first = world.turn(0, EVALUATE_BY);
        assert_eq!(first.collected.unwrap().end, TurnEnd::RelayFailed);
        world.relay_dies_after = None;
        let second = world.with(&[(1, Manner::Absent)]).turn(1, first.now);

        let collected = second.collected.unwrap();
        assert_eq!((collected.end, collected.uploads), (TurnEnd::Answered, MEMBERS - 1));
        let holders =
            |item: &(IndicatorKind, Item)| (2..=MEMBERS).filter(|member| items_of(*member).contains(item)).count();
        let mut total = std::collections::BTreeSet::new();
        for member in 2..=MEMBERS {
            let items = items_of(member);
            let expected: Vec<_> = (0..items.len()).filter(|at| holders(&items[*at]) >= threshold.into()).collect();
            assert_eq!(second.found[&member], expected, "k = {threshold}, member {member}");
            total.extend(expected.iter().map(|at| items[*at]));
        }
        assert!(total.len() >= 10);
        assert_eq!(collected.band(), Some(CountBand::of(total.len() as u64)));

        // The holders of one item: number 30 is on the lists of 2, 3, 5, 6, 10 and 15.
        let turn = Turn::open(&terms, 1, first.now, &super::sample::signing(0)).unwrap();
        let shared = (IndicatorKind::Phone, Item::of(NETWORK, IndicatorKind::Phone, "+61491570030"));
        let room = |member: u8| {
            let place = items_of(member).iter().position(|item| *item == shared)?;
            let at = second.found[&member].iter().position(|found| *found == place)?;
            Some(RoomKey::new(cwg_crypto::Secret32::new(second.rooms[&member][at])))
        };
        let said = Draft {
            content: Content::Outcome(Outcome::Useful),
            caveats: Caveats::NONE,
            expires: Day::from_number(0),
            answers: None,
            text: None,
        };
        let mut relay = RoomRelay::new(terms.clone(), turn.execution(), 0, seed(70));
        for member in 1..=MEMBERS {
            let key = room(member).filter(|_| member == 6);
            let drafts: Vec<_> = key.iter().map(|key| (key, said.clone())).collect();
            let secret = seed(member).into_secret();
            let upload = room_upload(&terms, turn.execution(), 0, &drafts, &secret, &seed(member)).unwrap();
            relay.on_upload(node(member), upload).unwrap();
        }
        let end = terms.body().rooms.interval_end(0);
        let mut board = RoomBoard::new(terms.clone(), turn.execution(), 0, opening_key(), seed(71));
        let job = board.on_batch(end, relay.on_time(end).unwrap()).unwrap();
        let page = board.on_computed(job.run()).unwrap();
        let readers: Vec<u8> = (2..=MEMBERS)
            .filter(|member| {
                let keys: Vec<_> = room(*member).into_iter().collect();
                let read = read_page(&terms, turn.execution(), &page, &keys).unwrap();
                read.len() == 1 && read[0].1.as_ref().is_ok_and(|post| post.draft == said)
            })
            .collect();
        let expected: Vec<u8> = (2..=MEMBERS).filter(|member| items_of(*member).contains(&shared)).collect();
        assert_eq!(readers, expected);
        assert!(expected.len() >= 3);
    }
}
