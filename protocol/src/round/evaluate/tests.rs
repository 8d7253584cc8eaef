//! One member and five keyholders, of whom any three are enough: honest, late, refusing and lying.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cwg_crypto::threshold::{Index, Partial, combine, input};
use cwg_crypto::voprf::{Blinding, evaluate};

use super::*;
use crate::indicator::Item;
use crate::psi::JobId;
use crate::round::SharedTerms;
use crate::round::sample::{key, node, seed, share, terms};
use crate::{NodeKey, RunId, UnixTime};

const NOW: UnixTime = UnixTime(500);

fn item(number: u64) -> (IndicatorKind, Item) {
    let kind = if number.is_multiple_of(3) { IndicatorKind::Phone } else { IndicatorKind::AuAccount };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    (kind, Item(bytes))
}

/// What each keyholder does with what it is asked.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    Silent,
    /// Evaluates under another share than its own.
    OtherShare,
    /// Answers with an element fewer.
    Short,
    Refuses,
    /// Honest to its first batch, then silent.
    Dies,
}

struct World {
    terms: SharedTerms,
    manners: [Manner; 5],
    /// Requests as each keyholder saw them.
    seen: BTreeMap<u8, Vec<EvaluateAsk>>,
    ledgers: BTreeMap<u8, Allowance>,
    stored: Vec<(u8, Charge)>,
}

impl World {
    fn new(terms: SharedTerms, manners: [Manner; 5]) -> Self {
        let ledgers = (1..=5).map(|number| (number, Allowance::new(10_000))).collect();
        Self { terms, manners, seen: BTreeMap::new(), ledgers, stored: Vec::new() }
    }

    fn reply(&mut self, number: u8, ask: EvaluateAsk) -> Option<Result<EvaluateAnswer, EvaluateRefusal>> {
        let manner = self.manners[usize::from(number) - 1];
        let seen = self.seen.entry(number).or_default();
        seen.push(ask.clone());
        if manner == Manner::Silent || (manner == Manner::Dies && seen.len() > 1) {
            return None;
        }
        if manner == Manner::Refuses {
            return Some(Err(EvaluateRefusal::OtherTerms));
        }
        let holder = Keyholder::new(self.terms.clone(), &share(Index::new(number).unwrap())).unwrap();
        let ledger = self.ledgers.get_mut(&number).unwrap();
        let evaluation = match holder.on_ask(ledger, NOW, node(9), ask.clone(), seed(number)).unwrap() {
            Ok(evaluation) => evaluation,
            Err(refusal) => return Some(Err(refusal)),
        };
        self.stored.extend(evaluation.charge.map(|charge| (number, charge)));
        let mut answer = Keyholder::answer(evaluation.job.run()).unwrap();
        if manner == Manner::Short {
            answer.evaluated = answer.evaluated[1..].to_vec().try_into().unwrap();
        }
        if manner == Manner::OtherShare {
            let other = share(Index::new(number % 5 + 1).unwrap()).evaluation_key();
            let (evaluated, proof) = evaluate(&other, &ask.blinded, seed(1)).unwrap();
            (answer.evaluated, answer.proof) = (evaluated.try_into().unwrap(), proof);
        }
        Some(Ok(answer))
    }

    /// Runs a member to its end. Where nobody answers any more, time passes.
    fn run(&mut self, items: &[(IndicatorKind, Item)]) -> (Asked, Vec<(NodeKey, KeyholderFault)>) {
        let mut asking = Asking::new(self.terms.clone(), items, seed(9)).unwrap();
        let (mut now, mut faults) = (NOW, Vec::new());
        let mut steps = VecDeque::from([asking.start(now)]);
        loop {
            while let Some(step) = steps.pop_front() {
                faults.extend(step.faults);
                if let Some(end) = step.end {
                    return (end, faults);
                }
                for (id, job) in step.jobs {
                    steps.push_back(asking.on_computed(now, id, job.run()).unwrap());
                }
                for (to, ask) in step.send {
                    let number = (1..=5).find(|number| node(*number) == to).unwrap();
                    match self.reply(number, ask) {
                        Some(Ok(answer)) => steps.push_back(asking.on_answer(now, to, answer)),
                        Some(Err(refusal)) => steps.push_back(asking.on_refusal(now, to, refusal)),
                        None => {}
                    }
                }
            }
            now = asking.deadline().expect("somebody is waited for");
            steps.push_back(asking.on_time(now));
        }
    }
}

fn values(asked: Asked) -> Vec<[u8; 32]> {
    let Asked::Evaluated(values) = asked else { panic!("too few keyholders") };
    values.iter().map(|value| *value.expose()).collect()
}

/// The value of an item as any three holders give it, without any of the machines.
fn expected(item: &Item) -> [u8; 32] {
    let key = &key().0;
    let inputs = [input(&key.public(), &item.0)];
    let blinding = Blinding::of(&inputs, seed(1)).unwrap();
    let shares = [2, 3, 5].map(|number| share(Index::new(number).unwrap()));
    let answers =
        shares.each_ref().map(|share| evaluate(&share.evaluation_key(), blinding.blinded(), seed(2)).unwrap());
    let partials: Vec<_> = shares
        .iter()
        .zip(&answers)
        .map(|(share, (evaluated, proof))| Partial { index: share.index(), evaluated, proof })
        .collect();
    *combine(blinding, &inputs, &partials, key.key()).map_err(|(error, _)| error).unwrap()[0].key32().expose()
}

#[test]
fn values_are_those_of_the_shared_key_whoever_is_late_refuses_or_lies() {
    use Manner::*;
    let items: Vec<_> = (0..40).map(item).collect();
    let expected: Vec<_> = items.iter().map(|(_, item)| expected(item)).collect();
    for manners in [
        [Honest; 5],
        [Silent, Honest, Honest, Silent, Honest],
        [Honest, OtherShare, Honest, OtherShare, Honest],
        [Short, Refuses, Honest, Honest, Honest],
        [Dies, Dies, Honest, Honest, Honest],
    ] {
        // 1,030 items of either kind: two batches each.
        let mut world = World::new(terms(3, 1_030), manners);
        let (asked, faults) = world.run(&items);
        assert_eq!(values(asked), expected);
        for (number, manner) in (1..).zip(manners) {
            let named: BTreeSet<_> =
                faults.iter().filter(|(of, _)| *of == node(number)).map(|(_, fault)| *fault).collect();
            let allowed: &[KeyholderFault] = match manner {
                Honest => &[],
                Silent | Dies => &[KeyholderFault::Late],
                OtherShare | Short => &[KeyholderFault::Lied],
                Refuses => &[KeyholderFault::Refused(EvaluateRefusal::OtherTerms)],
            };
            let was_asked = world.seen.contains_key(&number);
            let expected: BTreeSet<_> = allowed.iter().copied().filter(|_| was_asked).collect();
            assert_eq!(named, expected, "keyholder {number}");
        }
    }
}

#[test]
fn too_few_keyholders_end_it_by_name() {
    use Manner::*;
    let mut world = World::new(terms(3, 50), [Silent, OtherShare, Honest, Refuses, Honest]);
    let (asked, faults) = world.run(&[item(1)]);
    assert!(matches!(asked, Asked::TooFewKeyholders));
    assert_eq!(faults.len(), 3);
}

#[test]
fn what_a_keyholder_sees_is_the_same_whatever_a_member_holds() {
    let seen = |items: &[(IndicatorKind, Item)]| {
        let mut world = World::new(terms(3, 1_030), [Manner::Honest; 5]);
        world.run(items);
        let shape = |asks: &Vec<EvaluateAsk>| asks.iter().map(|ask| (ask.batch, ask.blinded.len())).collect::<Vec<_>>();
        let elements: Vec<[u8; 32]> =
            world.seen.values().next().unwrap().iter().flat_map(|ask| ask.blinded.to_vec()).collect();
        (world.seen.iter().map(|(number, asks)| (*number, shape(asks))).collect::<Vec<_>>(), elements)
    };
    let none = seen(&[]);
    let many = seen(&(0..500).map(item).collect::<Vec<_>>());
    let phones = seen(&(0..500).map(|number| item(3 * number)).collect::<Vec<_>>());
    assert_eq!(none.0, many.0);
    assert_eq!(none.0, phones.0);
    assert_eq!(none.1.len(), 2_060);
    assert!(none.1.iter().zip(&many.1).all(|(one, other)| one != other), "blinded anew, with other items behind them");
}

#[test]
fn a_member_that_starts_again_asks_the_same_and_is_not_charged_again() {
    let mut world = World::new(terms(3, 1_030), [Manner::Honest; 5]);
    let items: Vec<_> = (0..10).map(item).collect();
    world.run(&items);
    let (before, charged) = (core::mem::take(&mut world.seen), world.stored.len());
    assert_eq!(charged, 3 * 4);
    world.run(&items);
    assert_eq!(world.seen, before);
    assert_eq!(world.stored.len(), charged);
    // A keyholder that starts again knows what it has stored.
    for ledger in world.ledgers.values_mut() {
        *ledger = Allowance::new(1_030);
    }
    for (number, charge) in &world.stored {
        world.ledgers.get_mut(number).unwrap().restore(charge);
    }
    world.run(&items);
    assert_eq!(world.stored.len(), charged);
}

fn ask(world: &World, number: u32, len: usize) -> EvaluateAsk {
    let inputs: Vec<[u8; 64]> = (0..len).map(|at| [at as u8; 64]).collect();
    let blinded = match len {
        0 => vec![],
        _ => Blinding::of(&inputs, seed(7)).unwrap().blinded().to_vec(),
    };
    let batch = BatchName { kind: IndicatorKind::Phone, number };
    EvaluateAsk { terms: world.terms.digest(), batch, blinded: blinded.try_into().unwrap() }
}

#[test]
fn nothing_is_evaluated_beyond_the_allowance_or_for_strangers_or_too_late() {
    let world = World::new(terms(3, 1_030), [Manner::Honest; 5]);
    let holder = Keyholder::new(world.terms.clone(), &share(Index::new(1).unwrap())).unwrap();
    let mut ledger = Allowance::new(1_028);
    let mut check = |expected, now: u64, member, ask| {
        let left = ledger.left(world.terms.key().body().period, member, IndicatorKind::Phone);
        let got = holder.on_ask(&mut ledger, UnixTime(now), member, ask, seed(1));
        match (got, expected) {
            (Ok(Err(refusal)), Some(expected)) => assert_eq!(refusal, expected),
            (Ok(Ok(_)), None) => return,
            (got, expected) => panic!("{got:?} where {expected:?} is due"),
        }
        assert_eq!(ledger.left(world.terms.key().body().period, member, IndicatorKind::Phone), left);
    };
    let first = ask(&world, 0, 1024);
    check(
        Some(EvaluateRefusal::OtherTerms),
        0,
        node(9),
        EvaluateAsk { terms: cwg_crypto::Digest::from_bytes([1; 32]), ..first.clone() },
    );
    check(Some(EvaluateRefusal::Stranger), 0, node(77), first.clone());
    check(Some(EvaluateRefusal::Late), 1_001, node(9), first.clone());
    check(None, 1_000, node(9), first.clone());
    check(None, 1_000, node(9), first.clone());
    let mut other = first.blinded.to_vec();
    other.swap(0, 1);
    check(
        Some(EvaluateRefusal::OtherElements),
        0,
        node(9),
        EvaluateAsk { blinded: other.try_into().unwrap(), ..first.clone() },
    );
    check(Some(EvaluateRefusal::Allowance), 0, node(9), ask(&world, 1, 6));
    check(None, 0, node(10), first.clone());
    ledger.forget_round(RunId([7; 8]));
    let left = ledger.left(world.terms.key().body().period, node(9), IndicatorKind::Phone);
    assert_eq!(left, 1_028 - 1_024);
}

#[test]
fn requests_that_are_not_as_the_terms_say_are_violations() {
    let world = World::new(terms(3, 1_030), [Manner::Honest; 5]);
    let holder = Keyholder::new(world.terms.clone(), &share(Index::new(1).unwrap())).unwrap();
    let check = |expected: &str, ask: EvaluateAsk| {
        let mut ledger = Allowance::new(10_000);
        let violation = match holder.on_ask(&mut ledger, NOW, node(9), ask, seed(1)) {
            Err(violation) => violation,
            Ok(Ok(evaluation)) => Keyholder::answer(evaluation.job.run()).unwrap_err(),
            Ok(Err(refusal)) => panic!("{refusal}"),
        };
        assert_eq!(violation.code(), expected);
    };
    check("count-mismatch", ask(&world, 0, 1023));
    check("count-mismatch", ask(&world, 0, 0));
    check("count-mismatch", ask(&world, 1, 1024));
    check("unawaited-batch", ask(&world, 2, 1));
    check("unawaited-batch", ask(&world, u32::MAX, 1));
    let unknown = BatchName { kind: IndicatorKind::Email, number: 0 };
    check("unawaited-batch", EvaluateAsk { batch: unknown, ..ask(&world, 0, 1024) });
    let mut bad = ask(&world, 0, 1024).blinded.to_vec();
    bad[1000] = [0xff; 32];
    check("bad-element", EvaluateAsk { blinded: bad.try_into().unwrap(), ..ask(&world, 0, 1024) });
}

#[test]
fn more_items_than_the_terms_have_are_refused_before_anything_is_sent() {
    let items: Vec<_> = (0..300).map(|number| item(3 * number)).collect();
    let refused = Asking::new(terms(3, 299), &items, seed(1)).unwrap_err();
    assert_eq!((refused.kind, refused.items, refused.allowed), (IndicatorKind::Phone, 300, 299));
    let unknown = [(IndicatorKind::Email, item(1).1)];
    let refused = Asking::new(terms(3, 50), &unknown, seed(1)).unwrap_err();
    assert_eq!((refused.kind, refused.items, refused.allowed), (IndicatorKind::Email, 1, 0));
}

#[test]
fn what_nobody_asked_for_changes_nothing() {
    let world = World::new(terms(3, 50), [Manner::Honest; 5]);
    let mut asking = Asking::new(world.terms.clone(), &[item(1)], seed(9)).unwrap();
    let step = asking.start(NOW);
    assert!(step.send.is_empty() && step.jobs.len() == 2);
    let refusal = asking.on_refusal(NOW, node(77), EvaluateRefusal::Late);
    assert!(refusal.faults.is_empty() && refusal.end.is_none());
    assert_eq!(asking.deadline(), None);
    assert!(asking.again(node(1)).is_empty());
    let (id, job) = step.jobs.into_iter().next().unwrap();
    assert_eq!(id, JobId(0));
    let asked = asking.on_computed(NOW, id, job.run()).unwrap().send;
    assert_eq!(asked.len(), 3);
    let (to, first) = &asked[0];
    assert_eq!(asking.again(*to), std::slice::from_ref(first));
    assert_eq!(asking.deadline(), Some(NOW.plus_secs(120)));
}
