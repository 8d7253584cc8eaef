//! The vectors of RFC 9497 appendix A.1, and what must be refused.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar as Blind;
use serde_json::Value;
use zeroize::Zeroizing;

use super::*;
use crate::group::{Scalar, decode_all, hash_to_group, hash_to_scalar};
use crate::vectors::{array, bytes, list, vectors};
use crate::{Secret32, Seed};

fn given_blinds(case: &Value) -> Zeroizing<Vec<Blind>> {
    Zeroizing::new(list(&case["blinds"], |blind| Scalar::decode(&array(blind)).unwrap().0))
}

fn exposed(outputs: &[Output]) -> Vec<Vec<u8>> {
    outputs.iter().map(|output| output.expose().to_vec()).collect()
}

#[test]
fn verifiable_mode_matches_rfc_9497() {
    let file = vectors(include_str!("../../vectors/rfc9497-ristretto255-sha512-voprf.json"));
    let key = EvaluationKey::derive(&Secret32::new(array(&file["seed"])), &bytes(&file["key_info"])).unwrap();
    assert_eq!(key.scalar().0.to_bytes(), array(&file["secret_key"]));
    assert_eq!(*key.public().as_bytes(), array(&file["public_key"]));

    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let inputs = list(&case["inputs"], bytes);
        let blinding = Blinding::with_blinds(&inputs, given_blinds(case)).unwrap();
        assert_eq!(blinding.blinded(), list(&case["blinded"], array));

        let nonce = |_: &RistrettoPoint| Scalar::decode(&array(&case["proof_random_scalar"])).unwrap();
        let (evaluated, proof) = evaluate::evaluate_with(&key, blinding.blinded(), nonce).unwrap();
        assert_eq!(evaluated, list(&case["evaluated"], array));
        assert_eq!(proof.encode(), array(&case["proof"]));

        let outputs = blinding.finalize(&inputs, &evaluated, &proof, &key.public()).unwrap();
        assert_eq!(exposed(&outputs), list(&case["outputs"], bytes));
        assert_eq!(exposed(&evaluate_own(&key, &inputs).unwrap()), list(&case["outputs"], bytes));
    }
}

#[test]
fn plain_mode_matches_rfc_9497() {
    // Mode 0x00 is not offered. Its vectors check group, hash and final hash under other tags.
    const HASH_TO_GROUP: Dst = Dst::new(b"HashToGroup-OPRFV1-\x00-ristretto255-SHA512");
    const DERIVE_KEY_PAIR: Dst = Dst::new(b"DeriveKeyPairOPRFV1-\x00-ristretto255-SHA512");
    let file = vectors(include_str!("../../vectors/rfc9497-ristretto255-sha512-oprf.json"));
    let info = bytes(&file["key_info"]);
    let info_len = (info.len() as u16).to_be_bytes();
    let key = hash_to_scalar(&[&bytes(&file["seed"]), &info_len, &info, &[0]], DERIVE_KEY_PAIR);
    assert_eq!(key.0.to_bytes(), array(&file["secret_key"]));

    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let input = bytes(&case["inputs"][0]);
        let element = hash_to_group(&[&input], HASH_TO_GROUP).unwrap().0;
        let blinded = element * given_blinds(case)[0];
        assert_eq!(blinded.compress().to_bytes(), array(&case["blinded"][0]));
        assert_eq!((blinded * key.0).compress().to_bytes(), array(&case["evaluated"][0]));
        let output = Output::of(&input, &(element * key.0).compress().to_bytes());
        assert_eq!(*output.expose(), array(&case["outputs"][0]));
    }
}

/// An honest exchange over five inputs, to be spoiled.
struct Exchange {
    inputs: Vec<Vec<u8>>,
    evaluated: Vec<[u8; 32]>,
    proof: Proof,
    public: PublicKey,
}

const COUNT: usize = 5;

fn key(number: u8) -> EvaluationKey {
    EvaluationKey::from_seed(&Seed::new([number; 32]))
}

fn blinding_of(inputs: &[Vec<u8>]) -> Blinding {
    Blinding::of(inputs, Seed::new([2; 32])).unwrap()
}

impl Exchange {
    fn honest() -> Self {
        let inputs: Vec<_> = (0..COUNT).map(|number| format!("input {number}").into_bytes()).collect();
        let (evaluated, proof) = evaluate(&key(1), blinding_of(&inputs).blinded(), Seed::new([3; 32])).unwrap();
        Self { inputs, evaluated, proof, public: key(1).public() }
    }

    fn blinded(&self) -> Vec<[u8; 32]> {
        blinding_of(&self.inputs).blinded().to_vec()
    }

    /// A proof made as an honest one is, but over whatever is in `evaluated`.
    fn prove_again(&mut self, key: &EvaluationKey) {
        let blinded = self.blinded();
        let weights = proof::weights(&self.public, &blinded, &self.evaluated);
        let combined = proof::vartime_weighted_sum(&weights, &decode_all(&blinded).unwrap());
        self.proof = proof::prove(key, &combined, &proof::nonce(key, &combined, Seed::new([4; 32])));
    }

    fn change_proof(&mut self, byte: usize) {
        let mut encoded = self.proof.encode();
        encoded[byte] ^= 1;
        self.proof = Proof::decode(&encoded).unwrap();
    }
}

/// Spoils an honest exchange; finalizing must fail as named. A blinding of the honest inputs receives it.
fn check_refused(defect: &str, spoil: impl FnOnce(&mut Exchange), expected: FinalizeError) {
    let mut exchange = Exchange::honest();
    let blinding = blinding_of(&exchange.inputs);
    spoil(&mut exchange);
    let Exchange { inputs, evaluated, proof, public } = exchange;
    let refused = blinding.finalize(&inputs, &evaluated, &proof, &public);
    assert_eq!(refused.unwrap_err(), expected, "{defect}");
}

#[test]
fn an_unspoiled_exchange_gives_what_the_owner_computes() {
    let Exchange { inputs, evaluated, proof, public } = Exchange::honest();
    let outputs = blinding_of(&inputs).finalize(&inputs, &evaluated, &proof, &public).unwrap();
    let own = evaluate_own(&key(1), &inputs).unwrap();
    assert_eq!(exposed(&outputs), exposed(&own));
    assert_ne!(exposed(&outputs), exposed(&evaluate_own(&key(2), &inputs).unwrap()));
}

#[test]
fn wrong_evaluations_are_refused() {
    use FinalizeError::ProofRefused;
    check_refused("two swapped", |e| e.evaluated.swap(0, 1), ProofRefused);
    check_refused("rotated", |e| e.evaluated.rotate_left(1), ProofRefused);
    check_refused("first repeated", |e| e.evaluated[4] = e.evaluated[0], ProofRefused);
    check_refused("echoed", |e| e.evaluated = e.blinded(), ProofRefused);
    check_refused("echoed, proved again", |e| (e.evaluated = e.blinded(), e.prove_again(&key(1))).1, ProofRefused);
    check_refused("another public key", |e| e.public = key(2).public(), ProofRefused);
    for byte in [0, 31 - 16, 32, 48] {
        check_refused("a bit of the proof", |e| e.change_proof(byte), ProofRefused);
    }
    let zero = Proof::decode(&[0; 64]).unwrap();
    check_refused("proof of zeros", |e| e.proof = zero, ProofRefused);

    let under_another_key = |e: &Exchange| evaluate(&key(2), &e.blinded(), Seed::new([3; 32])).unwrap();
    check_refused(
        "all under another key, with its proof",
        |e| (e.evaluated, e.proof) = under_another_key(e),
        ProofRefused,
    );
    for index in 0..COUNT {
        let replace = |e: &mut Exchange| e.evaluated[index] = under_another_key(e).0[index];
        check_refused("one under another key", replace, ProofRefused);
        check_refused("one under another key, proved again", |e| (replace(e), e.prove_again(&key(1))).1, ProofRefused);
    }
    // Two errors that cancel in an unweighted sum.
    let cancel = |e: &mut Exchange| {
        let points = decode_all(&e.evaluated).unwrap();
        e.evaluated[0] = (points[0] + points[2]).compress().to_bytes();
        e.evaluated[1] = (points[1] - points[2]).compress().to_bytes();
    };
    check_refused("errors that cancel", |e| (cancel(e), e.prove_again(&key(1))).1, ProofRefused);
}

#[test]
fn bad_elements_are_refused_by_their_place() {
    let file = vectors(include_str!("../../vectors/rfc9496-ristretto255.json"));
    let mut bad = list(&file["refused"], |case| array(&case["encoding"]));
    bad.push([0; 32]);
    for element in bad {
        for index in [0, COUNT / 2, COUNT - 1] {
            check_refused("bad element", |e| e.evaluated[index] = element, FinalizeError::BadElement { index });
            let mut blinded = Exchange::honest().blinded();
            blinded[index] = element;
            let refused = evaluate(&key(1), &blinded, Seed::new([3; 32]));
            assert_eq!(refused.unwrap_err(), EvaluateError::BadElement { index });
        }
    }
    let two_bad = |e: &mut Exchange| (e.evaluated[3], e.evaluated[1]) = ([0; 32], [0xff; 32]);
    check_refused("the first of two", two_bad, FinalizeError::BadElement { index: 1 });
}

#[test]
fn counts_that_differ_are_refused() {
    use FinalizeError::{EvaluatedCount, InputCount};
    check_refused(
        "one evaluated too few",
        |e| e.evaluated.truncate(COUNT - 1),
        EvaluatedCount { expected: COUNT, got: COUNT - 1 },
    );
    check_refused(
        "one evaluated too many",
        |e| e.evaluated.push(e.evaluated[0]),
        EvaluatedCount { expected: COUNT, got: COUNT + 1 },
    );
    check_refused("none evaluated", |e| e.evaluated.clear(), EvaluatedCount { expected: COUNT, got: 0 });
    check_refused("one input too few", |e| e.inputs.truncate(4), InputCount { expected: COUNT, got: 4 });
    let overlong = |e: &mut Exchange| e.inputs[2] = vec![0; INPUT_LEN_MAX + 1];
    check_refused("an overlong input", overlong, FinalizeError::Input(InputError::TooLong { index: 2 }));
}

#[test]
fn batches_and_inputs_out_of_bounds_are_refused() {
    let check = |inputs: &[Vec<u8>], expected: InputError| {
        assert_eq!(Blinding::of(inputs, Seed::new([2; 32])).unwrap_err(), expected);
        assert_eq!(evaluate_own(&key(1), inputs).unwrap_err(), expected);
    };
    check(&[], InputError::BatchLen { len: 0 });
    check(&vec![Vec::new(); BATCH_MAX + 1], InputError::BatchLen { len: BATCH_MAX + 1 });
    check(&[vec![], vec![0; INPUT_LEN_MAX + 1]], InputError::TooLong { index: 1 });

    for len in [0, BATCH_MAX + 1] {
        // The count is refused before anything is decoded.
        let refused = evaluate(&key(1), &vec![[0; 32]; len], Seed::new([3; 32]));
        assert_eq!(refused.unwrap_err(), EvaluateError::BatchLen { len });
    }
}

#[test]
fn the_largest_batch_is_served() {
    let inputs: Vec<_> = (0..BATCH_MAX as u32).map(u32::to_le_bytes).collect();
    let blinding = Blinding::of(&inputs, Seed::new([2; 32])).unwrap();
    let (evaluated, proof) = evaluate(&key(1), blinding.blinded(), Seed::new([3; 32])).unwrap();
    let outputs = blinding.finalize(&inputs, &evaluated, &proof, &key(1).public()).unwrap();
    assert_eq!(exposed(&outputs), exposed(&evaluate_own(&key(1), &inputs).unwrap()));
}

#[test]
fn non_canonical_proofs_and_keys_are_refused() {
    let honest = Exchange::honest().proof.encode();
    for half in [0, 32] {
        let mut bytes = honest;
        bytes[half..half + 32].fill(0xff);
        assert_eq!(Proof::decode(&bytes), Err(BadProofEncoding));
    }
    for bytes in
        [[0; 32], [0xff; 32], array(&"0100000000000000000000000000000000000000000000000000000000000000".into())]
    {
        assert_eq!(PublicKey::decode(bytes), Err(BadPublicKey));
        let json = serde_json::to_string(&bytes).unwrap();
        assert!(serde_json::from_str::<PublicKey>(&json).is_err());
    }
    let overlong = EvaluationKey::derive(&Secret32::new([1; 32]), &[0; 65_536]);
    assert_eq!(overlong.unwrap_err(), DeriveKeyError::InfoTooLong { len: 65_536 });
}

#[test]
fn proofs_and_public_keys_survive_encoding() {
    let Exchange { proof, public, .. } = Exchange::honest();
    assert_eq!(Proof::decode(&proof.encode()), Ok(proof));
    assert_eq!(serde_json::from_str::<Proof>(&serde_json::to_string(&proof).unwrap()).unwrap(), proof);
    assert_eq!(serde_json::from_str::<PublicKey>(&serde_json::to_string(&public).unwrap()).unwrap(), public);
}

#[test]
fn equal_inputs_are_not_seen_to_be_equal() {
    let same = vec![b"same".to_vec(); 3];
    let first = Blinding::of(&same, Seed::new([1; 32])).unwrap();
    let second = Blinding::of(&same, Seed::new([2; 32])).unwrap();
    let mut all = [first.blinded(), second.blinded()].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 6);
}

#[test]
fn a_seed_used_for_two_batches_does_not_give_the_key_away() {
    let prove = |input: &[u8]| {
        let blinding = Blinding::of(&[input], Seed::new([2; 32])).unwrap();
        let bytes = evaluate(&key(1), blinding.blinded(), Seed::new([3; 32])).unwrap().1.encode();
        let half = |at: usize| Scalar::decode(bytes[at..at + 32].try_into().unwrap()).unwrap().0;
        (half(0), half(32))
    };
    let ((c1, s1), (c2, s2)) = (prove(b"one"), prove(b"two"));
    // With one random scalar in both proofs this quotient is the key.
    let guess = (s1 - s2) * (c2 - c1).invert();
    assert_ne!(guess, key(1).scalar().0);
}

#[test]
fn tag_and_key_of_an_output_do_not_overlap() {
    let outputs = evaluate_own(&key(1), &[b"x"]).unwrap();
    assert_eq!(outputs[0].tag16(), outputs[0].expose()[..16]);
    assert_eq!(*outputs[0].key32().expose(), outputs[0].expose()[32..]);
}

/// What a masking of the honest inputs answers to an evaluation.
fn unmasked(inputs: &[Vec<u8>], change: impl FnOnce(&[[u8; 32]]) -> Answered) -> Result<Vec<Output>, FinalizeError> {
    let masking = Masking::of(&Exchange::honest().inputs, Seed::new([5; 32])).unwrap();
    let (evaluated, proof, public) = change(masking.masked());
    masking.finalize(inputs, &evaluated, &proof, &public)
}

type Answered = (Vec<[u8; 32]>, Proof, PublicKey);

fn answered(number: u8, masked: &[[u8; 32]]) -> Answered {
    let (evaluated, proof) = evaluate(&key(number), masked, Seed::new([3; 32])).unwrap();
    (evaluated, proof, key(number).public())
}

#[test]
fn masks_give_what_blinds_give() {
    let inputs = Exchange::honest().inputs;
    let outputs = unmasked(&inputs, |masked| answered(1, masked)).unwrap();
    assert_eq!(exposed(&outputs), exposed(&evaluate_own(&key(1), &inputs).unwrap()));
    let same = Masking::of(&vec![b"same".to_vec(); 3], Seed::new([1; 32])).unwrap();
    let masked = same.masked();
    assert!(masked[0] != masked[1] && masked[1] != masked[2] && masked[0] != masked[2]);
    assert_eq!(format!("{same:?}"), "Masking(..)");
}

#[test]
fn masks_are_refused_what_blinds_are_refused() {
    use FinalizeError::{BadElement, EvaluatedCount, InputCount, ProofRefused};
    let inputs = Exchange::honest().inputs;
    let check = |defect: &str, spoil: fn(&mut Answered), expected: FinalizeError| {
        let refused = unmasked(&inputs, |masked| {
            let mut answer = answered(1, masked);
            spoil(&mut answer);
            answer
        });
        assert_eq!(refused.unwrap_err(), expected, "{defect}");
    };
    check("swapped", |answer| answer.0.swap(0, 1), ProofRefused);
    check("another public key", |answer| answer.2 = key(2).public(), ProofRefused);
    check("no element", |answer| answer.0[3] = [0; 32], BadElement { index: 3 });
    check("one too few", |answer| answer.0.truncate(COUNT - 1), EvaluatedCount { expected: COUNT, got: COUNT - 1 });
    // All under another key with its own proof: a mask would not fall out, and nothing comes of it.
    let other = unmasked(&inputs, |masked| {
        let (evaluated, proof, _) = answered(2, masked);
        (evaluated, proof, key(1).public())
    });
    assert_eq!(other.unwrap_err(), ProofRefused);
    let fewer = unmasked(&inputs[1..], |masked| answered(1, masked));
    assert_eq!(fewer.unwrap_err(), InputCount { expected: COUNT, got: COUNT - 1 });
}

#[test]
fn nothing_secret_is_printed() {
    let blinding = blinding_of(&[vec![1]]);
    let output = &evaluate_own(&key(1), &[b"x"]).unwrap()[0];
    let printed = format!("{:?} {blinding:?} {output:?} {:?}", key(1), Exchange::honest().proof);
    assert_eq!(printed, "EvaluationKey(..) Blinding(..) Output(..) Proof(..)");
}
