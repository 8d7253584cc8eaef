//! The vectors of RFC 9497 appendix A.1, and what must be refused.

use curve25519_dalek::scalar::Scalar as Blind;
use serde_json::Value;
use zeroize::Zeroizing;

use super::*;
use crate::Secret32;
use crate::group::Scalar;
use crate::vectors::{array, bytes, list, vectors};

fn given_blinds(case: &Value) -> Zeroizing<Vec<Blind>> {
    Zeroizing::new(list(&case["blinds"], |blind| {
        Scalar::decode(&array(blind)).unwrap().0
    }))
}

fn exposed(outputs: &[Output]) -> Vec<Vec<u8>> {
    outputs
        .iter()
        .map(|output| output.expose().to_vec())
        .collect()
}

#[test]
fn verifiable_mode_matches_rfc_9497() {
    let file = vectors(include_str!(
        "../../vectors/rfc9497-ristretto255-sha512-voprf.json"
    ));
    let key = EvaluationKey::derive(
        &Secret32::new(array(&file["seed"])),
        &bytes(&file["key_info"]),
    )
    .unwrap();
    assert_eq!(key.scalar().0.to_bytes(), array(&file["secret_key"]));
    assert_eq!(*key.public().as_bytes(), array(&file["public_key"]));

    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let inputs = list(&case["inputs"], bytes);
        let blinding = Blinding::with_blinds(&inputs, given_blinds(case)).unwrap();
        assert_eq!(blinding.blinded(), list(&case["blinded"], array));

        let nonce =
            |_: &RistrettoPoint| Scalar::decode(&array(&case["proof_random_scalar"])).unwrap();
        let (evaluated, proof) = evaluate::evaluate_with(&key, blinding.blinded(), nonce).unwrap();
        assert_eq!(evaluated, list(&case["evaluated"], array));
        assert_eq!(proof.encode(), array(&case["proof"]));

        let outputs = blinding
            .finalize(&inputs, &evaluated, &proof, &key.public())
            .unwrap();
        assert_eq!(exposed(&outputs), list(&case["outputs"], bytes));
        assert_eq!(
            exposed(&evaluate_own(&key, &inputs).unwrap()),
            list(&case["outputs"], bytes)
        );
    }
}
