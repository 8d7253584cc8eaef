//! Whole ceremonies, with dealers and receivers that do what they must not, and evaluation under what comes of them.

use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::RistrettoPoint;

use super::dealing::PublicPart;
use super::polynomial::lagrange;
use super::*;
use crate::voprf::{Blinding, EvaluationKey, FinalizeError, Output, evaluate, evaluate_own};
use crate::{Digest, Seed, group};

const UNIQUE: Digest = Digest::from_bytes([3; 32]);

fn index(number: u8) -> Index {
    Index::new(number).unwrap()
}

fn seed(number: u8, purpose: &str) -> Seed {
    Seed::new([number; 32]).fork(purpose, 0)
}

/// One ceremony between its flights.
struct Table {
    ceremony: Ceremony,
    receivers: Vec<Receiver>,
    keys: Vec<ReceiverKey>,
    pledges: Vec<Pledge>,
    dealings: Vec<Dealing>,
    complaints: Vec<Complaint>,
}

impl Table {
    fn of_new_key(holders: u8, threshold: u8) -> Self {
        let ceremony = Ceremony::new_key(UNIQUE, holders, threshold).unwrap();
        let dealers =
            ceremony.dealers().into_iter().map(|at| Dealer::new(&ceremony, at, seed(at.number(), "deal")).unwrap());
        Self::of(&ceremony, dealers.collect())
    }

    fn of_handover(ceremony: &Ceremony, shares: &[&Share]) -> Self {
        let seed = |share: &Share| seed(share.index().number(), "hand over");
        Self::of(ceremony, shares.iter().map(|share| Dealer::of_share(ceremony, share, seed(share)).unwrap()).collect())
    }

    fn of(ceremony: &Ceremony, dealers: Vec<Dealer>) -> Self {
        let receiver = |at: Index| Receiver::new(ceremony, at, seed(at.number(), "receive")).unwrap();
        let receivers: Vec<_> = ceremony.receivers().map(receiver).collect();
        let keys: Vec<_> = receivers.iter().map(Receiver::key).collect();
        let pledges = dealers.iter().map(Dealer::pledge).collect();
        let dealings = dealers.into_iter().map(|dealer| dealer.deal(ceremony, &keys).unwrap()).collect();
        Self { ceremony: ceremony.clone(), receivers, keys, pledges, dealings, complaints: vec![] }
    }

    /// Every receiver complains of what it cannot open.
    fn complain(mut self) -> Self {
        let complaints =
            |r: &Receiver| r.complaints(&self.ceremony, &self.dealings, &seed(r.key().index().number(), "complain"));
        self.complaints = self.receivers.iter().flat_map(complaints).collect();
        self
    }

    fn settle(&self) -> Result<Settled, SettleError> {
        settle(&self.ceremony, &self.keys, &self.pledges, &self.dealings, &self.complaints)
    }

    fn finish(self) -> (Settled, Vec<Share>) {
        let settled = self.settle().unwrap();
        let finish = |receiver: Receiver| receiver.finish(&self.ceremony, &settled, &self.dealings).unwrap();
        let shares = self.receivers.into_iter().map(finish).collect();
        (settled, shares)
    }
}

/// The key that nobody has, from any shares that are enough.
fn whole(shares: &[&Share]) -> Scalar {
    let indices: Vec<_> = shares.iter().map(|share| share.index()).collect();
    shares.iter().map(|share| lagrange(&indices, share.index()) * share.scalar().0).sum()
}

/// The outputs of `inputs` by way of these holders.
fn outputs(shares: &[&Share], key: &SharedKey, inputs: &[[u8; 64]]) -> Result<Vec<Output>, CombineError> {
    let blinding = Blinding::of(inputs, seed(1, "blind")).unwrap();
    let answers: Vec<_> = shares
        .iter()
        .map(|share| {
            evaluate(&share.evaluation_key(), blinding.blinded(), seed(share.index().number(), "prove")).unwrap()
        })
        .collect();
    let partials: Vec<_> = shares
        .iter()
        .zip(&answers)
        .map(|(share, (evaluated, proof))| Partial { index: share.index(), evaluated, proof })
        .collect();
    combine(blinding, inputs, &partials, key).map_err(|(error, _)| error)
}

fn tags(outputs: &[Output]) -> Vec<[u8; 64]> {
    outputs.iter().map(|output| *output.expose()).collect()
}

fn subsets<T>(all: &[T], size: usize) -> Vec<Vec<&T>> {
    let sets = (0..1_u32 << all.len()).filter(|set| set.count_ones() as usize == size);
    sets.map(|set| all.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, one)| one).collect()).collect()
}

#[test]
fn any_threshold_of_holders_evaluates_as_one_key_would() {
    for (holders, threshold) in [(2, 2), (3, 2), (5, 3), (4, 4)] {
        let (settled, shares) = Table::of_new_key(holders, threshold).complain().finish();
        assert_eq!(settled.faults, []);
        let key = whole(&shares.iter().collect::<Vec<_>>());
        let single = EvaluationKey::from_scalar(group::Scalar(key)).unwrap();
        assert_eq!(settled.key.group(), single.public());
        let inputs: Vec<_> = (0..5).map(|item| input(&settled.key.group(), &[item; 32])).collect();
        let expected = tags(&evaluate_own(&single, &inputs).unwrap());
        for some in subsets(&shares, threshold.into()) {
            assert_eq!(tags(&outputs(&some, &settled.key, &inputs).unwrap()), expected, "{threshold} of {holders}");
        }
        let too_few = subsets(&shares, usize::from(threshold) - 1);
        let error = CombineError::TooFew { needed: threshold, got: too_few[0].len() };
        assert_eq!(outputs(&too_few[0], &settled.key, &inputs).unwrap_err(), error);
        assert!(too_few.iter().all(|few| whole(few) != key), "fewer must not have the key");
    }
}

#[test]
fn fifteen_holders_share_a_key_of_which_eight_evaluate() {
    let (settled, shares) = Table::of_new_key(15, 8).complain().finish();
    let inputs = [input(&settled.key.group(), &[7; 32])];
    let some: Vec<_> = shares.iter().collect();
    let first = tags(&outputs(&some[..8], &settled.key, &inputs).unwrap());
    assert_eq!(tags(&outputs(&some[7..], &settled.key, &inputs).unwrap()), first);
}

#[test]
fn a_wrong_answer_is_refused_by_the_name_of_its_holder() {
    let (settled, shares) = Table::of_new_key(3, 2).finish();
    let inputs = [input(&settled.key.group(), &[7; 32])];
    let blinding = Blinding::of(&inputs, seed(1, "blind")).unwrap();
    let answer = |key: &EvaluationKey| evaluate(key, blinding.blinded(), seed(9, "prove")).unwrap();
    let [right, also_right] = [0, 1].map(|at: usize| answer(&shares[at].evaluation_key()));
    let wrong = answer(&EvaluationKey::from_seed(&seed(5, "other")));
    let partial = |number, (evaluated, proof): &'_ (Vec<[u8; 32]>, _)| (number, evaluated.clone(), *proof);
    let check = |blinding: Blinding, answers: &[(u8, Vec<[u8; 32]>, crate::voprf::Proof)], expected: CombineError| {
        let partials: Vec<_> =
            answers.iter().map(|(n, evaluated, proof)| Partial { index: index(*n), evaluated, proof }).collect();
        let (error, blinding) = combine(blinding, &inputs, &partials, &settled.key).unwrap_err();
        assert_eq!(error, expected);
        blinding
    };
    let refused = |number| CombineError::Answer { index: index(number), error: FinalizeError::ProofRefused };
    let [one, two, bad] = [partial(1, &right), partial(2, &also_right), partial(2, &wrong)];
    let as_three = partial(3, &also_right);
    let blinding = Blinding::of(&inputs, seed(1, "blind")).unwrap();
    let blinding = check(blinding, &[one.clone(), bad], refused(2));
    let blinding = check(blinding, &[one.clone(), as_three], refused(3));
    let blinding = check(blinding, &[one.clone(), one.clone()], CombineError::Index { index: index(1) });
    let blinding = check(blinding, &[one.clone(), partial(4, &right)], CombineError::Index { index: index(4) });
    let count = FinalizeError::EvaluatedCount { expected: 1, got: 0 };
    let none = (2, vec![], two.2);
    let blinding = check(blinding, &[one.clone(), none], CombineError::Answer { index: index(2), error: count });
    // The blinding is still good.
    let partials = [&one, &two].map(|(n, evaluated, proof)| Partial { index: index(*n), evaluated, proof });
    assert!(combine(blinding, &inputs, &partials, &settled.key).is_ok());
}

#[test]
fn a_handover_keeps_the_key_and_makes_old_shares_useless() {
    let (old, old_shares) = Table::of_new_key(5, 3).finish();
    let inputs = [input(&old.key.group(), &[7; 32])];
    let expected = tags(&outputs(&old_shares.iter().collect::<Vec<_>>(), &old.key, &inputs).unwrap());
    for (dealers, holders, threshold) in
        [(vec![1, 2, 3, 4, 5], 5, 3), (vec![2, 4, 5], 5, 3), (vec![1, 3, 5], 2, 2), (vec![1, 2, 4, 5], 7, 5)]
    {
        let dealing: Vec<_> = dealers.iter().map(|number| &old_shares[*number as usize - 1]).collect();
        let dealers: Vec<_> = dealers.iter().map(|number| index(*number)).collect();
        let ceremony = Ceremony::handover(UNIQUE, &old.key, &dealers, holders, threshold).unwrap();
        let (new, shares) = Table::of_handover(&ceremony, &dealing).complain().finish();
        assert_eq!((new.key.group(), new.key.threshold(), new.key.holders()), (old.key.group(), threshold, holders));
        for some in subsets(&shares, threshold.into()) {
            assert_eq!(tags(&outputs(&some, &new.key, &inputs).unwrap()), expected);
        }
        // One old share among new ones is refused, and gives another key.
        let mut mixed: Vec<_> = shares.iter().take(threshold.into()).collect();
        mixed[0] = &old_shares[0];
        assert!(matches!(outputs(&mixed, &new.key, &inputs), Err(CombineError::Answer { .. })));
        assert_ne!(whole(&mixed), whole(&old_shares.iter().collect::<Vec<_>>()));
    }
}

#[test]
fn a_share_that_is_dealt_wrong_is_complained_of_and_its_dealer_does_not_count() {
    let mut table = Table::of_new_key(5, 3);
    table.dealings[1].boxes.swap(3, 4);
    let settled = table.complain().settle().unwrap();
    let fault = |receiver| Fault::BadShare { dealer: index(2), receiver: index(receiver) };
    assert_eq!(settled.faults.len(), 2);
    assert!(settled.faults.contains(&fault(4)) && settled.faults.contains(&fault(5)));
    assert_eq!(settled.counted(), [1, 3, 4, 5].map(index));

    let mut table = Table::of_new_key(5, 3);
    table.dealings[1].boxes[0][7] ^= 1;
    let (settled, shares) = table.complain().finish();
    assert_eq!(settled.faults, [Fault::BadShare { dealer: index(2), receiver: index(1) }]);
    let inputs = [input(&settled.key.group(), &[1; 32])];
    assert!(outputs(&shares.iter().collect::<Vec<_>>(), &settled.key, &inputs).is_ok());
}

#[test]
fn who_keeps_quiet_about_a_wrong_share_gets_none() {
    let mut table = Table::of_new_key(3, 2);
    table.dealings[1].boxes[0][0] ^= 1;
    let settled = table.settle().unwrap();
    let receiver = table.receivers.remove(0);
    let error = receiver.finish(&table.ceremony, &settled, &table.dealings).unwrap_err();
    assert_eq!(error, FinishError::NoShare { dealer: index(2) });
}

#[test]
fn an_unfounded_complaint_falls_back_on_its_author() {
    let unfounded = Fault::UnfoundedComplaint { receiver: index(1), dealer: index(2) };
    // Of a good share: the opened box shows it.
    let mut table = Table::of_new_key(3, 2);
    let mut spoilt = table.dealings.clone();
    spoilt[1].boxes[0][0] ^= 1;
    let complaint = table.receivers[0].complaints(&table.ceremony, &spoilt, &seed(1, "complain")).remove(0);
    table.complaints = vec![complaint.clone()];
    let settled = table.settle().unwrap();
    assert_eq!((settled.faults.as_slice(), settled.counted().len()), ([unfounded].as_slice(), 3));

    // With a wrong secret, so that the box does not open: the proof does not hold.
    let mut bytes = complaint.encode();
    bytes[2..34].copy_from_slice((RistrettoPoint::mul_base(&Scalar::from(5_u8))).compress().as_bytes());
    table.complaints = vec![Complaint::decode(&bytes).unwrap()];
    assert_eq!(table.settle().unwrap().faults, [unfounded]);

    // With a proof for another dealer's box.
    let mut bytes = complaint.encode();
    bytes[1] = 3;
    table.complaints = vec![Complaint::decode(&bytes).unwrap()];
    assert_eq!(table.settle().unwrap().faults, [Fault::UnfoundedComplaint { receiver: index(1), dealer: index(3) }]);
}

#[test]
fn a_dealing_of_another_degree_is_no_dealing() {
    let table = Table::of_new_key(5, 3);
    let other = |threshold| {
        let ceremony = Ceremony::new_key(UNIQUE, 5, threshold).unwrap();
        let dealer = Dealer::new(&ceremony, index(2), seed(2, "deal")).unwrap();
        let receiver = |at: Index| Receiver::new(&ceremony, at, seed(at.number(), "receive")).unwrap().key();
        dealer.deal(&ceremony, &ceremony.receivers().map(receiver).collect::<Vec<_>>()).unwrap().encode()
    };
    let good = table.dealings[1].encode();
    assert_eq!(Dealing::decode(&table.ceremony, &good).unwrap().encode(), good);
    for bad in [other(4), other(2), good[..good.len() - 1].to_vec(), [good.as_slice(), &[0]].concat(), vec![], vec![2]]
    {
        assert_eq!(Dealing::decode(&table.ceremony, &bad).unwrap_err(), BadDealing);
    }
    // The identity as the highest coefficient would be a lower degree.
    let mut low = good.clone();
    low[1 + 64..1 + 96].fill(0);
    assert_eq!(Dealing::decode(&table.ceremony, &low).unwrap_err(), BadDealing);
    let mut nobody = good;
    nobody[0] = 16;
    assert_eq!(Dealing::decode(&table.ceremony, &nobody).unwrap_err(), BadDealing);
}

#[test]
fn faults_that_everyone_sees_disqualify() {
    let check = |spoil: &dyn Fn(&mut Table), expected: Fault| {
        let mut table = Table::of_new_key(4, 2);
        spoil(&mut table);
        let settled = table.settle().unwrap();
        assert_eq!(settled.faults, [expected]);
        assert_eq!(settled.counted(), [1, 3, 4].map(index));
    };
    let dealer = index(2);
    check(&|table| table.pledges.retain(|pledge| pledge.dealer != dealer), Fault::Silent { dealer });
    check(&|table| drop(table.dealings.remove(1)), Fault::Silent { dealer });
    check(&|table| table.pledges.push(table.pledges[1]), Fault::SpokeTwice { dealer });
    check(&|table| table.dealings.push(table.dealings[1].clone()), Fault::SpokeTwice { dealer });
    check(&|table| table.pledges[1].digest = UNIQUE, Fault::OtherThanPledged { dealer });
    check(
        &|table| {
            // A dealer who saw the others' commitments and takes them away from its own, to be the only one who counts.
            let mut commitments = table.dealings[1].public.commitments.clone();
            let others = [0, 2, 3].map(|at| *table.dealings[at].public.commitments.constant());
            commitments.0[0] -= others.into_iter().sum::<RistrettoPoint>();
            let rogue =
                PublicPart::new(commitments, table.dealings[1].public.possession, table.dealings[1].public.ephemeral);
            table.pledges[1] = rogue.pledge(&table.ceremony, dealer);
            table.dealings[1].public = rogue;
        },
        Fault::NoPossession { dealer },
    );
    check(
        &|table| {
            let rogue = table.dealings[0].public.clone();
            table.pledges[1] = rogue.pledge(&table.ceremony, dealer);
            table.dealings[1].public = rogue;
        },
        Fault::NoPossession { dealer },
    );
}

#[test]
fn a_handover_of_something_else_than_the_own_share_does_not_count() {
    let (old, shares) = Table::of_new_key(4, 2).finish();
    let dealers = [1, 2, 3].map(index);
    let ceremony = Ceremony::handover(UNIQUE, &old.key, &dealers, 3, 2).unwrap();
    let mut table = Table::of_handover(&ceremony, &[&shares[0], &shares[1], &shares[2]]);
    // The same dealer in a ceremony for another key, whose dealing it sends into this one.
    let constant = Scalar::from(77_u8);
    let rogue = Dealer::of(&ceremony, index(2), &constant, &seed(2, "rogue")).unwrap();
    table.pledges[1] = rogue.pledge();
    table.dealings[1] = rogue.deal(&ceremony, &table.keys).unwrap();
    let (settled, new_shares) = table.complain().finish();
    assert_eq!(settled.faults, [Fault::OtherShare { dealer: index(2) }]);
    assert_eq!(settled.counted(), [1, 3].map(index));
    assert_eq!(settled.key.group(), old.key.group());
    assert_eq!(whole(&new_shares.iter().collect::<Vec<_>>()), whole(&shares.iter().collect::<Vec<_>>()));
}

#[test]
fn too_few_good_dealings_end_the_ceremony_with_the_faults() {
    let mut table = Table::of_new_key(3, 2);
    table.dealings.truncate(1);
    let faults = [2, 3].map(|number| Fault::Silent { dealer: index(number) }).to_vec();
    assert_eq!(table.settle().unwrap_err(), SettleError::TooFewDealings { needed: 2, good: 1, faults });
}

#[test]
fn receivers_and_strangers_are_held_to_their_parts() {
    let error = |spoil: &dyn Fn(&mut Table)| {
        let mut table = Table::of_new_key(3, 2);
        spoil(&mut table);
        table.settle().unwrap_err()
    };
    let receiver_key = |number| SettleError::ReceiverKey { index: index(number) };
    assert_eq!(error(&|table| table.keys.truncate(2)), receiver_key(3));
    assert_eq!(error(&|table| table.keys.push(table.keys[1].clone())), receiver_key(2));
    let exchange = |table: &mut Table| {
        let mut bytes = table.keys[0].encode();
        bytes[33..].copy_from_slice(&table.keys[1].encode()[33..]);
        table.keys[0] = ReceiverKey::decode(&bytes).unwrap();
    };
    assert_eq!(error(&exchange), receiver_key(1));
    let stranger = SettleError::Stranger { index: index(4) };
    assert_eq!(error(&|table| table.pledges[0].dealer = index(4)), stranger);
    let ceremony = Ceremony::new_key(UNIQUE, 3, 2).unwrap();
    assert_eq!(Receiver::new(&ceremony, index(4), seed(4, "receive")).unwrap_err(), stranger);
    assert_eq!(
        Dealer::new(&ceremony, index(4), seed(4, "deal")).unwrap_err(),
        DealError::NotADealer { index: index(4) }
    );
}

#[test]
fn whoever_was_shown_something_else_has_another_transcript() {
    let digest = |spoil: &dyn Fn(&mut Table)| {
        let mut table = Table::of_new_key(4, 2);
        spoil(&mut table);
        table.settle().unwrap().transcript
    };
    let agreed = digest(&|_| ());
    assert_eq!(digest(&|table| table.keys.reverse()), agreed, "order is of no matter");
    assert_eq!(digest(&|table| table.dealings.rotate_left(1)), agreed, "order is of no matter");
    let others = [
        digest(&|table| drop(table.dealings.remove(1))),
        digest(&|table| table.dealings[1].boxes[0][0] ^= 1),
        digest(&|table| table.pledges[1].digest = UNIQUE),
        digest(&|table| {
            table.dealings[1].boxes[0][0] ^= 1;
            table.complaints = table.receivers[0].complaints(&table.ceremony, &table.dealings, &seed(1, "complain"));
        }),
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(*other != agreed && !others[..at].contains(other), "change {at}");
    }
    // Another ceremony with the same seeds has nothing in common.
    let other = Table::of(&Ceremony::new_key(Digest::from_bytes([4; 32]), 4, 2).unwrap(), vec![]);
    assert_ne!(other.ceremony.name(), Table::of_new_key(4, 2).ceremony.name());
}

#[test]
fn ceremonies_and_keys_out_of_bounds_are_refused() {
    for (holders, threshold) in [(1, 1), (2, 1), (2, 3), (16, 3), (0, 0)] {
        let expected = Err(BadCeremony::Threshold { holders, threshold });
        assert_eq!(Ceremony::new_key(UNIQUE, holders, threshold), expected);
    }
    let (settled, shares) = Table::of_new_key(4, 3).finish();
    for dealers in [vec![1, 2], vec![1, 2, 2], vec![3, 2, 1], vec![1, 2, 5]] {
        let dealers: Vec<_> = dealers.into_iter().map(index).collect();
        let expected = Err(BadCeremony::Dealers { needed: 3 });
        assert_eq!(Ceremony::handover(UNIQUE, &settled.key, &dealers, 3, 2), expected);
    }
    let key = settled.key.encode();
    assert_eq!(SharedKey::decode(&key), Ok(settled.key.clone()));
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = key.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        SharedKey::decode(&bytes)
    };
    let other = EvaluationKey::from_seed(&seed(1, "other")).public();
    for share in 0..5 {
        assert_eq!(changed(2 + 32 * share, other.as_bytes()), Err(BadSharedKey::Inconsistent), "key {share}");
    }
    for (at, with) in [(0, [1].as_slice()), (0, &[5]), (1, &[3]), (1, &[16]), (2, &[0; 32])] {
        assert_eq!(changed(at, with), Err(BadSharedKey::Form), "{with:?} at {at}");
    }
    assert_eq!(changed(0, &[2]), Err(BadSharedKey::Inconsistent));

    let share = shares[0].encode();
    assert_eq!(*Share::decode(&share).unwrap().encode(), *share);
    for (at, with) in [(0, 0), (0, 16), (32, 0x20)] {
        let mut bytes = *share;
        bytes[at] = with;
        assert_eq!(Share::decode(&bytes).unwrap_err(), BadShare);
    }
    let secrets = format!(
        "{:?} {:?}",
        shares[0],
        Receiver::new(&Ceremony::new_key(UNIQUE, 2, 2).unwrap(), index(1), seed(1, ""))
    );
    assert_eq!(secrets, "Share(..) Ok(Receiver(..))");
}
