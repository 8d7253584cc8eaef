//! Our VOPRF against an independent implementation: same keys, each side's messages taken by the other, equal outputs.

// The allowance for tests in clippy.toml does not reach functions that tests share.
#![allow(clippy::unwrap_used)]

mod oracle;

use cwg_crypto::voprf::{Blinding, EvaluationKey, FinalizeError, Output, Proof, PublicKey, evaluate, evaluate_own};
use cwg_crypto::{Secret32, Seed};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Inputs of random lengths and bytes, the empty one and a very long one among them where there is room.
fn inputs_of(count: usize, rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let mut inputs: Vec<Vec<u8>> = (0..count)
        .map(|_| {
            let mut input = vec![0; (rng.next_u32() % 200) as usize];
            rng.fill_bytes(&mut input);
            input
        })
        .collect();
    if count > 1 {
        inputs[count - 1] = Vec::new();
    }
    if count > 2 {
        inputs[count / 2] = vec![0x5a; usize::from(u16::MAX)];
    }
    inputs
}

fn exposed(outputs: &[Output]) -> Vec<[u8; 64]> {
    outputs.iter().map(|output| *output.expose()).collect()
}

fn check(count: usize, seed_byte: u8) {
    let mut rng = ChaCha20Rng::from_seed([seed_byte; 32]);
    let inputs = inputs_of(count, &mut rng);
    let mut draw = || {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        bytes
    };
    let key_seed = draw();
    let key = EvaluationKey::derive(&Secret32::new(key_seed), b"info").unwrap();
    let owner = oracle::Owner::derive(&key_seed, b"info");
    assert_eq!(*key.public().as_bytes(), owner.public());

    let expected = owner.evaluate_own(&inputs);
    assert_eq!(exposed(&evaluate_own(&key, &inputs).unwrap()), expected, "own evaluation");

    // We blind; it evaluates and proves; we check and finalize.
    let ours = Blinding::of(&inputs, Seed::new(draw())).unwrap();
    let (its_evaluated, its_proof) = owner.evaluate(ours.blinded(), draw());
    let (our_evaluated, _) = evaluate(&key, ours.blinded(), Seed::new(draw())).unwrap();
    assert_eq!(our_evaluated, its_evaluated, "evaluation of one request");
    let its_proof = Proof::decode(&its_proof).unwrap();
    let public = PublicKey::decode(owner.public()).unwrap();
    let outputs = ours.finalize(&inputs, &its_evaluated, &its_proof, &public).unwrap();
    assert_eq!(exposed(&outputs), expected, "we finalize");

    // It blinds; we evaluate and prove; it checks and finalizes.
    let its = oracle::blind(&inputs, draw());
    let (evaluated, proof) = evaluate(&key, &its.blinded, Seed::new(draw())).unwrap();
    let outputs = its.finalize(&inputs, &evaluated, &proof.encode(), key.public().as_bytes());
    assert_eq!(outputs, Some(expected), "it finalizes");
    assert_eq!(its.finalize(&inputs, &evaluated, &proof.encode(), &other_key().public()), None, "it refuses");
}

fn other_key() -> oracle::Owner {
    oracle::Owner::derive(&[0xee; 32], b"other")
}

#[test]
fn both_agree_at_every_size() {
    for (count, seed_byte) in [(1, 1), (1, 2), (2, 3), (17, 4), (17, 5), (256, 6)] {
        check(count, seed_byte);
    }
}

#[test]
fn both_refuse_the_proof_of_another_key() {
    let inputs = vec![b"one".to_vec(), b"two".to_vec()];
    let ours = Blinding::of(&inputs, Seed::new([1; 32])).unwrap();
    let (evaluated, proof) = other_key().evaluate(ours.blinded(), [2; 32]);
    let public = EvaluationKey::from_seed(&Seed::new([3; 32])).public();
    let refused = ours.finalize(&inputs, &evaluated, &Proof::decode(&proof).unwrap(), &public);
    assert_eq!(refused.unwrap_err(), FinalizeError::ProofRefused);
}
