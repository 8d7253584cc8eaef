//! One vector of each message of the standing comparison.

use cwg_crypto::voprf::{EvaluationKey, Proof};
use cwg_crypto::{Digest, Seed};
use cwg_protocol::lighthouse::standing::{
    EditionBody, EditionPlace, Period, PeriodBody, Shape, SignedEdition, SignedPeriod,
};
use cwg_protocol::lighthouse::{LabelClass, ReleaseNumber};
use cwg_protocol::wire::{
    Chunk, ChunkFetch, ChunkRefused, EditionOffer, Evaluate, EvaluateCode, EvaluateRefused, Evaluated, Message,
    PeriodOffer, encode,
};
use cwg_protocol::{NetworkId, PilotId, UnixTime};

use super::messages::laid;
use super::{CLOCK, HUB, Laid, NETWORK, key};

const PERIOD: Period = Period(3);
const EDITION: [u8; 32] = [0x61; 32];
const DAYS_60: u64 = 60 * 86_400;

/// One of each.
pub(super) fn messages() -> Vec<Laid> {
    vec![
        period_offer(),
        edition_offer(),
        chunk_fetch(),
        chunk(),
        chunk_refused(),
        evaluate(),
        evaluated(),
        evaluate_refused(),
    ]
}

fn period_key() -> EvaluationKey {
    EvaluationKey::from_seed(&Seed::new([0x60; 32]))
}

fn period_offer() -> Laid {
    let (public, closes) = (period_key().public(), UnixTime(CLOCK + DAYS_60));
    let (network, opens) = (NetworkId(NETWORK), UnixTime(CLOCK));
    let body = PeriodBody { network, period: PERIOD, public, opens, closes, allowance: 1_000_000 };
    let period = SignedPeriod::sign(&body, &key(HUB)).expect("it keeps the rules");
    let fields = vec![
        ("body: count u64", 72_u64.to_le_bytes().to_vec()),
        ("network [16]", NETWORK.to_vec()),
        ("period u32", vec![3, 0, 0, 0]),
        ("public [32]", public.as_bytes().to_vec()),
        ("opens u64", CLOCK.to_le_bytes().to_vec()),
        ("closes u64", (CLOCK + DAYS_60).to_le_bytes().to_vec()),
        ("allowance u32", 1_000_000_u32.to_le_bytes().to_vec()),
        ("signature [64]", encode(&period).split_off(8 + 72)),
    ];
    laid("period of 60 days", 0x60, fields, &Message::PeriodOffer(PeriodOffer { period }))
}

fn edition_offer() -> Laid {
    let public = period_key().public();
    let body = EditionBody {
        network: NetworkId(NETWORK),
        period: PERIOD,
        public,
        release: ReleaseNumber(8),
        release_digest: Digest::from_bytes([0x62; 32]),
        place: EditionPlace::Delta { link: 2, previous: Digest::from_bytes([0x63; 32]) },
        shape: Shape { class: LabelClass::B64, tag_len: 11, daily: 1024 },
        salt: [0x64; 16],
        rows: 1024,
        root: Digest::from_bytes([0x65; 32]),
    };
    let edition = SignedEdition::sign(&body, &key(HUB)).expect("it keeps the rules");
    let fields = vec![
        ("period u32", vec![3, 0, 0, 0]),
        ("body: count u64", 185_u64.to_le_bytes().to_vec()),
        ("network [16]", NETWORK.to_vec()),
        ("period u32", vec![3, 0, 0, 0]),
        ("public [32]", public.as_bytes().to_vec()),
        ("release u32", vec![8, 0, 0, 0]),
        ("release_digest [32]", vec![0x62; 32]),
        ("place u32: delta", vec![1, 0, 0, 0]),
        ("link u16", vec![2, 0]),
        ("previous [32]", vec![0x63; 32]),
        ("class u16", vec![64, 0]),
        ("tag_len u8", vec![11]),
        ("daily u32", vec![0, 4, 0, 0]),
        ("salt [16]", vec![0x64; 16]),
        ("rows u32", vec![0, 4, 0, 0]),
        ("root [32]", vec![0x65; 32]),
        ("signature [64]", encode(&edition).split_off(8 + 185)),
    ];
    let message = Message::EditionOffer(EditionOffer { period: PERIOD, edition });
    laid("second delta of a chain", 0x61, fields, &message)
}

fn chunk_fetch() -> Laid {
    let message = Message::ChunkFetch(ChunkFetch { edition: Digest::from_bytes(EDITION), chunk: 5 });
    laid("fetch of a chunk", 0x62, vec![("edition [32]", EDITION.to_vec()), ("chunk u32", vec![5, 0, 0, 0])], &message)
}

fn chunk() -> Laid {
    let message = Message::Chunk(Chunk {
        edition: Digest::from_bytes(EDITION),
        chunk: 5,
        bytes: vec![1, 2, 3].try_into().expect("short"),
        path: vec![Digest::from_bytes([0x66; 32])].try_into().expect("short"),
    });
    let fields = vec![
        ("edition [32]", EDITION.to_vec()),
        ("chunk u32", vec![5, 0, 0, 0]),
        ("bytes: count u64, then bytes", super::counted(&[1, 2, 3])),
        ("path: count u64", vec![1, 0, 0, 0, 0, 0, 0, 0]),
        ("path: sibling [32]", vec![0x66; 32]),
    ];
    laid("chunk of three bytes (of no edition)", 0x63, fields, &message)
}

fn chunk_refused() -> Laid {
    let message = Message::ChunkRefused(ChunkRefused { edition: Digest::from_bytes(EDITION), chunk: 5 });
    laid("no such chunk", 0x64, vec![("edition [32]", EDITION.to_vec()), ("chunk u32", vec![5, 0, 0, 0])], &message)
}

fn evaluate() -> Laid {
    let message = Message::Evaluate(Evaluate {
        period: PERIOD,
        pilot: PilotId([0x41; 8]),
        number: 9,
        elements: vec![[0x67; 32]].try_into().expect("short"),
    });
    let fields = vec![
        ("period u32", vec![3, 0, 0, 0]),
        ("pilot [8]", vec![0x41; 8]),
        ("number u32", vec![9, 0, 0, 0]),
        ("elements: count u64", vec![1, 0, 0, 0, 0, 0, 0, 0]),
        ("elements: element [32]", vec![0x67; 32]),
    ];
    laid("evaluation of one element (which is none)", 0x65, fields, &message)
}

fn evaluated() -> Laid {
    let mut proof = [0; 64];
    (proof[0], proof[32]) = (1, 2);
    let message = Message::Evaluated(Evaluated {
        number: 9,
        elements: vec![[0x68; 32]].try_into().expect("short"),
        proof: Proof::decode(&proof).expect("two small scalars"),
    });
    let fields = vec![
        ("number u32", vec![9, 0, 0, 0]),
        ("elements: count u64", vec![1, 0, 0, 0, 0, 0, 0, 0]),
        ("elements: element [32]", vec![0x68; 32]),
        ("proof: challenge [32], response [32]", proof.to_vec()),
    ];
    laid("evaluated element with a proof (of nothing)", 0x66, fields, &message)
}

fn evaluate_refused() -> Laid {
    let refused = EvaluateRefused { number: 9, code: EvaluateCode::Allowance, left: 7 };
    let fields = vec![
        ("number u32", vec![9, 0, 0, 0]),
        ("code u32: allowance", vec![2, 0, 0, 0]),
        ("left u32", vec![7, 0, 0, 0]),
    ];
    laid("no evaluation: the allowance has 7 left", 0x67, fields, &Message::EvaluateRefused(refused))
}
