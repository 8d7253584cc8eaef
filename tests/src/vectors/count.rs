//! Vectors of counts: what is signed, what is sent, and what two keys make of an input. And the messages of reveals.

use cwg_crypto::commute::MaskKey;
use cwg_crypto::{Digest, Seed};
use cwg_protocol::charter::KindRoles;
use cwg_protocol::count::{Charge, CountBody, CountElements, CountMessage, CountTags, LEAKAGE, NoiseTerms, Subject};
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::lighthouse::Day;
use cwg_protocol::reveal::{RevealMessage, RevealPageAsk, RevealUpload};
use cwg_protocol::round::Execution;
use cwg_protocol::wire::encode;
use cwg_protocol::{Epoch, NetworkId, PilotId, RunId, UnixTime};

use super::{CLOCK, FIRST, Laid, NETWORK, SECOND, node, public};

const TERMS: [u8; 32] = [0x90; 32];
const PILOT: [u8; 8] = [0x20; 8];

/// Every one.
pub fn count() -> Vec<Laid> {
    vec![body(), charge(), elements(), tags(), masked(), reveal_upload(), reveal_page_ask()]
}

pub(super) fn noise() -> NoiseTerms {
    NoiseTerms {
        epsilon: 500.try_into().expect("within bounds"),
        delta: 9.try_into().expect("within bounds"),
        sensitivity: 4.try_into().expect("within bounds"),
    }
}

pub(super) fn noise_fields() -> Vec<u8> {
    [500_u16.to_le_bytes().as_slice(), &[9, 4]].concat()
}

/// Both banks, ascending.
fn banks() -> [u8; 2] {
    let mut banks = [FIRST, SECOND];
    banks.sort_by_key(|byte| node(*byte));
    banks
}

fn body() -> Laid {
    let body = CountBody {
        network: NetworkId(NETWORK),
        pilot: PilotId(PILOT),
        charter: Digest::from_bytes([0x21; 32]),
        epoch: Epoch(2),
        run: RunId([0x22; 8]),
        banks: banks().map(node),
        kinds: vec![KindRoles { kind: IndicatorKind::Phone, roles: Roles::BOTH }].try_into().expect("one"),
        items: 1024,
        noise: noise(),
        leakage: LEAKAGE.digest(),
        opens: UnixTime(CLOCK),
        ends: UnixTime(CLOCK + 3600),
    };
    let kind = encode(&KindRoles { kind: IndicatorKind::Phone, roles: Roles::BOTH });
    let fields = vec![
        ("network [16]", NETWORK.to_vec()),
        ("pilot [8]", PILOT.to_vec()),
        ("charter [32]", vec![0x21; 32]),
        ("epoch u64", 2_u64.to_le_bytes().to_vec()),
        ("run [8]", vec![0x22; 8]),
        ("banks [2 x 32]", banks().map(public).concat()),
        ("kinds: count u64", 1_u64.to_le_bytes().to_vec()),
        ("kind, as in a charter", kind),
        ("items u32", 1024_u32.to_le_bytes().to_vec()),
        ("epsilon u16, delta u8, sensitivity u8", noise_fields()),
        ("leakage [32]", LEAKAGE.digest().as_bytes().to_vec()),
        ("opens u64", CLOCK.to_le_bytes().to_vec()),
        ("ends u64", (CLOCK + 3600).to_le_bytes().to_vec()),
    ];
    let gives = vec![("bound of the noise u32", body.noise.bound().to_le_bytes().to_vec())];
    Laid { name: "terms of a count", fields, bytes: encode(&body), gives }
}

fn charge() -> Laid {
    let month = Day::of(UnixTime(CLOCK)).month();
    let charge = Charge {
        month,
        subject: Subject::Pair(banks().map(node)),
        terms: Digest::from_bytes(TERMS),
        members: banks().map(node).to_vec().try_into().expect("two"),
        noise: noise(),
    };
    let fields = vec![
        // 1,800,000,000 is in January 2027.
        ("month u16, from 1970-01", (12_u16 * 57).to_le_bytes().to_vec()),
        ("subject u32: a pair", vec![0; 4]),
        ("pair [2 x 32]", banks().map(public).concat()),
        ("terms [32]", TERMS.to_vec()),
        ("members: count u64", 2_u64.to_le_bytes().to_vec()),
        ("members [2 x 32]", banks().map(public).concat()),
        ("epsilon u16, delta u8, sensitivity u8", noise_fields()),
    ];
    Laid { name: "charge of a count", fields, bytes: encode(&charge), gives: vec![] }
}

fn elements() -> Laid {
    let elements = vec![[0x91; 32], [0x92; 32]];
    let message = CountElements {
        terms: Digest::from_bytes(TERMS),
        number: 3,
        elements: elements.clone().try_into().expect("two"),
    };
    let fields = vec![
        ("kind u16", vec![0x91, 0]),
        ("terms [32]", TERMS.to_vec()),
        ("number u32", 3_u32.to_le_bytes().to_vec()),
        ("elements: count u64", 2_u64.to_le_bytes().to_vec()),
        ("elements [n x 32]", elements.concat()),
    ];
    Laid { name: "CountElements", fields, bytes: CountMessage::CountElements(message).encode(), gives: vec![] }
}

fn tags() -> Laid {
    let tags = vec![[0x93; 16], [0x94; 16], [0x95; 16]];
    let message =
        CountTags { terms: Digest::from_bytes(TERMS), number: 0, tags: tags.clone().try_into().expect("three") };
    let fields = vec![
        ("kind u16", vec![0x92, 0]),
        ("terms [32]", TERMS.to_vec()),
        ("number u32", vec![0; 4]),
        ("tags: count u64", 3_u64.to_le_bytes().to_vec()),
        ("tags [n x 16]", tags.concat()),
    ];
    Laid { name: "CountTags", fields, bytes: CountMessage::CountTags(message).encode(), gives: vec![] }
}

/// An input, and what the keys of two seeds make of it.
fn masked() -> Laid {
    let [one, other] = [1, 2].map(|byte| MaskKey::new(Digest::from_bytes(TERMS), Seed::new([byte; 32])));
    let input = [[0x96; 32]];
    let (by_one, by_other) = (one.mask(&input), other.mask(&input));
    let tag = other.tags(&by_one).expect("an element")[0];
    assert_eq!(one.tags(&by_other).expect("an element")[0], tag, "the masks commute");
    let fields = vec![("input [32]", input[0].to_vec())];
    let gives = vec![
        ("masked by the key of a seed of 01 [32]", by_one[0].to_vec()),
        ("masked by the key of a seed of 02 [32]", by_other[0].to_vec()),
        ("tag by both [16]", tag.to_vec()),
    ];
    Laid { name: "an input and its tag", fields, bytes: input[0].to_vec(), gives }
}

const EXECUTION: [u8; 32] = [0x97; 32];

fn reveal_upload() -> Laid {
    let deposit = vec![0x98; 1177];
    let message = RevealUpload {
        execution: Execution(Digest::from_bytes(EXECUTION)),
        interval: 5,
        deposit: deposit.clone().try_into().expect("of the length of all"),
    };
    let fields = vec![
        ("kind u16", vec![0x88, 0]),
        ("execution [32]", EXECUTION.to_vec()),
        ("interval u16", vec![5, 0]),
        ("deposit: length u64", 1177_u64.to_le_bytes().to_vec()),
        ("deposit [1177]", deposit),
    ];
    Laid { name: "RevealUpload", fields, bytes: RevealMessage::RevealUpload(message).encode(), gives: vec![] }
}

fn reveal_page_ask() -> Laid {
    let message = RevealPageAsk { execution: Execution(Digest::from_bytes(EXECUTION)), interval: 5 };
    let fields =
        vec![("kind u16", vec![0x8a, 0]), ("execution [32]", EXECUTION.to_vec()), ("interval u16", vec![5, 0])];
    Laid { name: "RevealPageAsk", fields, bytes: RevealMessage::RevealPageAsk(message).encode(), gives: vec![] }
}
