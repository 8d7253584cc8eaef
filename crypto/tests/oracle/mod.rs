//! The `voprf` crate, an independent implementation of RFC 9497, behind bytes: to compare with, in tests and in speed.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use voprf::{BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer};

type Suite = Ristretto255;

const TAKES: &str = "the oracle takes valid messages";

/// What the oracle keeps between blinding and finalizing.
pub(crate) struct Blinding {
    states: Vec<VoprfClient<Suite>>,
    pub(crate) blinded: Vec<[u8; 32]>,
}

pub(crate) fn blind(inputs: &[Vec<u8>], seed: [u8; 32]) -> Blinding {
    let mut rng = OldRng(ChaCha20Rng::from_seed(seed));
    let (states, blinded) = inputs
        .iter()
        .map(|input| {
            let blinded = VoprfClient::<Suite>::blind(input, &mut rng).expect(TAKES);
            (blinded.state, <[u8; 32]>::from(blinded.message.serialize()))
        })
        .unzip();
    Blinding { states, blinded }
}

impl Blinding {
    /// The outputs, or none if the oracle refuses the proof.
    pub(crate) fn finalize(
        &self,
        inputs: &Vec<Vec<u8>>,
        evaluated: &[[u8; 32]],
        proof: &[u8; 64],
        public: &[u8; 32],
    ) -> Option<Vec<[u8; 64]>> {
        let evaluated: Vec<_> =
            evaluated.iter().map(|bytes| EvaluationElement::<Suite>::deserialize(bytes).expect(TAKES)).collect();
        let proof = Proof::<Suite>::deserialize(proof).expect(TAKES);
        let public = <Suite as Group>::deserialize_elem(public).expect(TAKES);
        let outputs = VoprfClient::batch_finalize(inputs, &self.states, &evaluated, &proof, public).ok()?;
        Some(outputs.map(|output| output.expect(TAKES).into()).collect())
    }
}

/// The owner of a key.
pub(crate) struct Owner(VoprfServer<Suite>);

impl Owner {
    pub(crate) fn derive(seed: &[u8; 32], info: &[u8]) -> Self {
        Self(VoprfServer::new_from_seed(seed, info).expect(TAKES))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        <Suite as Group>::serialize_elem(self.0.get_public_key()).into()
    }

    pub(crate) fn evaluate(&self, blinded: &[[u8; 32]], seed: [u8; 32]) -> (Vec<[u8; 32]>, [u8; 64]) {
        let mut rng = OldRng(ChaCha20Rng::from_seed(seed));
        let blinded: Vec<_> =
            blinded.iter().map(|bytes| BlindedElement::<Suite>::deserialize(bytes).expect(TAKES)).collect();
        let result = self.0.batch_blind_evaluate(&mut rng, &blinded).expect(TAKES);
        let evaluated = result.messages.iter().map(|message| message.serialize().into()).collect();
        (evaluated, result.proof.serialize().into())
    }

    pub(crate) fn evaluate_own(&self, inputs: &[Vec<u8>]) -> Vec<[u8; 64]> {
        inputs.iter().map(|input| self.0.evaluate(input).expect(TAKES).into()).collect()
    }
}

/// Our generator under the traits of an older generation.
struct OldRng(ChaCha20Rng);

impl rand_core_06::RngCore for OldRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for OldRng {}
