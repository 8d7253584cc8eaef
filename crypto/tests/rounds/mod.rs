//! The vectors of `vectors/collect.json`, `vectors/threshold.json` and `vectors/ticket.json`, computed. The example
//! `round_vectors` writes them, the test `rounds` compares.
//!
//! A seed is 32 times one byte. What is drawn from a seed is our own affair; what follows from it is what others must agree
//! with.

use cwg_crypto::collect::{
    Bits, ItemKey, Piece, Placement, Slot, TableParams, TagList, common_tags, decode_shares, miss_probability, search,
};
use cwg_crypto::threshold::{
    Ceremony, Dealer, Dealing, Index, Partial, Receiver, Settled, Share, combine, input, settle,
};
use cwg_crypto::ticket::{Ticket, TicketRequest, issue, redeem};
use cwg_crypto::voprf::{Blinding, EvaluationKey, evaluate};
use cwg_crypto::{Digest, Secret32, Seed};
use serde_json::{Value, json};

const EXECUTION: Digest = Digest::from_bytes([5; 32]);

fn seed(byte: u8) -> Seed {
    Seed::new([byte; 32])
}

/// Keys, tags and shares of two items, and what the collector says to shares given in full.
pub(crate) fn collect() -> Value {
    let keys = || [1, 2].map(|byte| ItemKey::new(&Secret32::new([byte; 32]), &EXECUTION));
    let items = keys().map(|key| json!({ "tag": hex::encode(key.tag().0), "room": hex::encode(key.room().expose()) }));
    let tables = [(3, 1), (3, 2), (5, 15)].map(|(threshold, slot)| {
        let params = TableParams::new(threshold, 2).expect("within bounds");
        let slot = Slot::new(slot).expect("a slot");
        let tables: Vec<Value> = (0..params.tables()).map(|table| shares_of(&params, &keys(), slot, table)).collect();
        json!({ "threshold": threshold, "items_max": 2, "slot": slot.number(), "bins": params.bins(), "tables": tables })
    });
    let misses = [(3, 1000), (3, 100_000), (8, 1000)].map(|(threshold, items)| {
        let params = TableParams::new(threshold, items).expect("within bounds");
        let (bins, others) = (params.bins().into(), u64::from(threshold) * u64::from(items - 1));
        json!({
            "threshold": threshold,
            "items_max": items,
            "tables": params.tables(),
            "log2": format!("{:.4}", miss_probability(bins, others, params.tables() / 2).log2()),
        })
    });
    let p = (1_u64 << 61) - 1;
    json!({
        "execution": EXECUTION.to_string(),
        "rho_bytes": [1, 2],
        "items": items,
        "tables": tables,
        "searched": [
            searched("three of three on a line", 3, &[(1, 10, 7), (2, 20, 7), (3, 30, 7)]),
            searched("three of four", 3, &[(1, 10, 1), (2, 20, 2), (9, 90, 9), (15, 151, 15)]),
            searched("the first limb alone", 3, &[(1, 10, 1), (2, 20, 2), (3, 30, 4)]),
            searched("across the modulus", 3, &[(4, p - 2, 0), (5, p - 1, 0), (6, 0, 0), (7, 1, 0)]),
            searched("two of two", 3, &[(1, 10, 7), (2, 20, 7)]),
            searched("four on a parabola", 4, &[(1, 1, 0), (2, 4, 0), (3, 9, 0), (8, 64, 0)]),
        ],
        "refused_shares": [
            { "defect": "the modulus", "bytes": hex::encode(p.to_le_bytes()), "refused": decode_shares(&p.to_le_bytes()).is_err() },
            { "defect": "the highest bit", "bytes": "0000000000000080", "refused": decode_shares(&[0, 0, 0, 0, 0, 0, 0, 0x80]).is_err() },
            { "defect": "seven bytes", "bytes": "00000000000000", "refused": decode_shares(&[0; 7]).is_err() },
        ],
        "repeated_tag_of_one_list": repeated_tag(),
        "log2_of_miss": misses,
    })
}

/// The bins of one table that have an item, with their shares.
fn shares_of(params: &TableParams, keys: &[ItemKey], slot: Slot, table: u32) -> Value {
    let placement = Placement::of(params, keys, table);
    let shares = placement.shares(keys, slot, seed(9));
    let bins = params.bins() as usize;
    let taken: Vec<Value> = (0..bins)
        .filter_map(|bin| {
            let mut asked = Bits::new(bins * params.tables() as usize);
            asked.set(table as usize * bins + bin);
            let item = placement.items_in(&asked).next()?;
            Some(json!({ "bin": bin, "item": item, "limbs": shares.limbs().map(|limb| limb[bin].to_string()) }))
        })
        .collect();
    json!(taken)
}

fn searched(name: &str, threshold: u8, shares: &[(u8, u64, u64)]) -> Value {
    let limbs: Vec<_> = shares.iter().map(|(_, first, second)| ([*first], [*second])).collect();
    let pieces: Vec<_> = shares
        .iter()
        .zip(&limbs)
        .map(|((slot, ..), (first, second))| Piece { slot: Slot::new(*slot).expect("a slot"), limbs: [first, second] })
        .collect();
    let found = search(threshold, &pieces).expect("pieces are well formed");
    let slots: Vec<u8> = found.iter().flat_map(|found| found.slots.iter().map(Slot::number)).collect();
    let shares: Vec<Value> =
        shares.iter().map(|(slot, first, second)| json!([slot, first.to_string(), second.to_string()])).collect();
    json!({ "name": name, "threshold": threshold, "shares": shares, "slots": slots })
}

/// How many tags are common, of a list that has one tag twice and one that does not have it.
fn repeated_tag() -> usize {
    let list =
        |byte| TagList::new(&[ItemKey::new(&Secret32::new([byte; 32]), &EXECUTION)], 1, seed(1)).expect("one place");
    let (one, other) = (list(1), list(2));
    let twice = [one.tags()[0]; 2];
    (0..16).map(|part| common_tags(&[&twice, other.tags()], part).expect("within bounds").len()).sum()
}

/// A ceremony of two of three, an evaluation, a handover to two of two, and what comes of messages that are not as they should.
pub(crate) fn threshold() -> Value {
    let ceremony = Ceremony::new_key(Digest::from_bytes([1; 32]), 3, 2).expect("two of three");
    let first = Held::new(
        &ceremony,
        ceremony.dealers().into_iter().map(|at| Dealer::new(&ceremony, at, seed(at.number())).expect("deals")),
    );
    let item = [7; 32];
    let output = |held: &Held, shares: &[usize]| {
        let inputs = [input(&held.settled.key.group(), &item)];
        let blinding = Blinding::of(&inputs, seed(40)).expect("within bounds");
        let answers: Vec<_> = shares
            .iter()
            .map(|at| {
                let key = held.shares[*at].evaluation_key();
                (held.shares[*at].index(), evaluate(&key, blinding.blinded(), seed(41)).expect("valid elements"))
            })
            .collect();
        let partials: Vec<_> =
            answers.iter().map(|(index, (evaluated, proof))| Partial { index: *index, evaluated, proof }).collect();
        let outputs = combine(blinding, &inputs, &partials, &held.settled.key).map_err(|(error, _)| error);
        hex::encode(outputs.expect("answers are proven")[0].expose())
    };
    let dealers = [1, 3].map(|number| Index::new(number).expect("a holder"));
    let handover = Ceremony::handover(Digest::from_bytes([2; 32]), &first.settled.key, &dealers, 2, 2)
        .expect("two of the holders");
    let old = [&first.shares[0], &first.shares[2]];
    let second =
        Held::new(&handover, old.into_iter().map(|share| Dealer::of_share(&handover, share, seed(20)).expect("deals")));
    json!({
        "new_key": first.written(),
        "handover": second.written(),
        "item": hex::encode(item),
        "outputs": {
            "holders 1 and 2": output(&first, &[0, 1]),
            "holders 2 and 3": output(&first, &[1, 2]),
            "after the handover": output(&second, &[0, 1]),
        },
        "refused": spoilt(&ceremony, &first),
    })
}

/// What all messages of a ceremony came to.
struct Held {
    ceremony: Ceremony,
    messages: Value,
    dealings: Vec<Vec<u8>>,
    settled: Settled,
    shares: Vec<Share>,
    judge: Box<Judge>,
}

/// The verdict over other dealings, with every complaint that is due.
type Judge = dyn Fn(&[Dealing]) -> Settled;

impl Held {
    fn new(ceremony: &Ceremony, dealers: impl Iterator<Item = Dealer>) -> Self {
        let receivers: Vec<_> = ceremony
            .receivers()
            .map(|at| Receiver::new(ceremony, at, seed(10 + at.number())).expect("receives"))
            .collect();
        let keys: Vec<_> = receivers.iter().map(Receiver::key).collect();
        let dealers: Vec<_> = dealers.collect();
        let pledges: Vec<_> = dealers.iter().map(Dealer::pledge).collect();
        let dealings: Vec<_> =
            dealers.into_iter().map(|dealer| dealer.deal(ceremony, &keys).expect("keys are proven")).collect();
        let settled = settle(ceremony, &keys, &pledges, &dealings, &[]).expect("all is well");
        let messages = json!({
            "receiver_keys": keys.iter().map(|key| hex::encode(key.encode())).collect::<Vec<_>>(),
            "pledges": pledges.iter().map(|pledge| pledge.digest.to_string()).collect::<Vec<_>>(),
            "dealings": dealings.iter().map(|dealing| hex::encode(dealing.encode())).collect::<Vec<_>>(),
        });
        let encoded = dealings.iter().map(Dealing::encode).collect();
        let complaining: Vec<_> = ceremony
            .receivers()
            .map(|at| Receiver::new(ceremony, at, seed(10 + at.number())).expect("receives"))
            .collect();
        let shares =
            receivers.into_iter().map(|r| r.finish(ceremony, &settled, &dealings).expect("has a share")).collect();
        let of = ceremony.clone();
        let judge = move |dealings: &[Dealing]| {
            let complaints: Vec<_> = complaining.iter().flat_map(|r| r.complaints(&of, dealings, &seed(30))).collect();
            settle(&of, &keys, &pledges, dealings, &complaints).expect("enough dealings are good")
        };
        Self { ceremony: ceremony.clone(), messages, dealings: encoded, settled, shares, judge: Box::new(judge) }
    }

    fn written(&self) -> Value {
        json!({
            "name": self.ceremony.name().to_string(),
            "messages": self.messages,
            "key": hex::encode(self.settled.key.encode()),
            "transcript": self.settled.transcript.to_string(),
            "shares": self.shares.iter().map(|share| hex::encode(share.encode().as_slice())).collect::<Vec<_>>(),
        })
    }
}

/// Changes to the second dealing, and the faults that everyone finds.
fn spoilt(ceremony: &Ceremony, held: &Held) -> Value {
    // Of two commitments, a proof, an ephemeral key and three boxes.
    let cases = [
        ("commitment exchanged for another", 1),
        ("proof", 1 + 64),
        ("ephemeral key", 1 + 128),
        ("first box", 1 + 160),
        ("last box", 1 + 256),
    ];
    let cases = cases.map(|(defect, at)| {
        let mut bytes = held.dealings[1].clone();
        match defect {
            "commitment exchanged for another" | "ephemeral key" => {
                bytes[at..at + 32].copy_from_slice(&held.dealings[0][at..at + 32])
            }
            _ => bytes[at] ^= 1,
        }
        let faults = match Dealing::decode(ceremony, &bytes) {
            Ok(dealing) => {
                let dealing_of = |at: usize| Dealing::decode(ceremony, &held.dealings[at]).expect("as it was sent");
                let settled = (held.judge)(&[dealing_of(0), dealing, dealing_of(2)]);
                settled.faults.iter().map(|fault| format!("{fault:?}")).collect()
            }
            Err(error) => vec![error.to_string()],
        };
        json!({ "defect": defect, "dealing": hex::encode(&bytes), "faults": faults })
    });
    json!(cases)
}

/// One ticket from its request to its serial, and tickets that are refused.
pub(crate) fn ticket() -> Value {
    let key = EvaluationKey::from_seed(&seed(1));
    let request = TicketRequest::new(&EXECUTION, &key.public(), seed(2));
    let blinded = hex::encode(request.blinded());
    let (evaluated, proof) = issue(&key, request.blinded(), seed(3)).expect("a valid element");
    let ticket = request.finish(&evaluated, &proof).expect("the proof holds");
    let serial = redeem(&key, &EXECUTION, &ticket).expect("the key issued it");
    let refused = [("nonce", 0), ("authenticator", 95)].map(|(defect, at)| {
        let mut bytes = ticket.encode();
        bytes[at] ^= 1;
        let refused = redeem(&key, &EXECUTION, &Ticket::decode(&bytes)).is_err();
        json!({ "defect": defect, "ticket": hex::encode(bytes), "refused": refused })
    });
    json!({
        "execution": EXECUTION.to_string(),
        "public_key": hex::encode(key.public().as_bytes()),
        "blinded": blinded,
        "evaluated": hex::encode(evaluated),
        "proof": hex::encode(proof.encode()),
        "ticket": hex::encode(ticket.encode()),
        "serial": serial.digest().to_string(),
        "refused": refused,
    })
}
