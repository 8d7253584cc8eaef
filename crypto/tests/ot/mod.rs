//! The vectors of `vectors/ot.json`, computed. The example `ot_vectors` writes them, the test `ot` compares.

use cwg_crypto::ot::{
    CotReceiver, CotSender, Delta, OtHash, OtReceiver, OtSender, RECEIVER_LEN, SENDER_LEN, SETUP_LEN, extension_len,
    field_entries,
};
use cwg_crypto::{Block, Digest, Domain, Seed, digest};
use serde_json::{Value, json};

/// One session with fixed seeds: base transfers, setup, and one call for each of several counts.
pub(crate) fn vectors() -> Value {
    let session = digest(Domain::Session, &[b"ot vectors"]);
    let seeds: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];
    let [delta_seed, receiver_seed, sender_seed] = seeds.map(Seed::new);

    let delta = Delta::random(delta_seed);
    let delta_bytes = hex::encode(delta.block().to_bytes());
    let (ot_receiver, to_sender) = OtReceiver::new(&session, delta, receiver_seed);
    let (ot_sender, to_receiver) = OtSender::new(&session, sender_seed);
    let pairs = ot_sender.finish(&to_sender).expect("an honest message is accepted");
    let chosen = ot_receiver.finish(&to_receiver).expect("an honest message is accepted");
    let base = json!({
        "delta_seed": hex::encode(seeds[0]),
        "receiver_seed": hex::encode(seeds[1]),
        "sender_seed": hex::encode(seeds[2]),
        "delta": delta_bytes,
        "receiver_message_len": RECEIVER_LEN,
        "receiver_message_first": hex::encode(&to_sender[..64]),
        "receiver_message_sha256": sha256(&to_sender),
        "sender_message_len": SENDER_LEN,
        "sender_message_first": hex::encode(&to_receiver[..32]),
        "sender_message_sha256": sha256(&to_receiver),
        "key_pairs_first": encode(&pairs.pairs()[0]),
        "key_pairs_sha256": sha256(&bytes(pairs.pairs().as_flattened())),
        "chosen_keys_sha256": sha256(&bytes(chosen.keys())),
    });

    let (mut receiver, setup) = CotReceiver::new(&session, pairs);
    let mut sender = CotSender::new(&session, chosen, &setup).expect("an honest setup is accepted");
    let mut first = 0;
    let mut calls = Vec::new();
    for count in [1, 127, 128, 129, 256, 1000] {
        let (call, after) = call(&session, &mut receiver, sender, first, count);
        sender = after;
        first += count as u64;
        calls.push(call);
    }
    json!({
        "session": hex::encode(session.as_bytes()),
        "base": base,
        "setup_len": SETUP_LEN,
        "setup": hex::encode(setup),
        "calls": calls,
    })
}

fn call(
    session: &Digest,
    receiver: &mut CotReceiver,
    sender: CotSender,
    first: u64,
    count: usize,
) -> (Value, CotSender) {
    let (message, correlation) = receiver.extend(count);
    let (sender, q) = sender.receive(count, &message).expect("an honest message is accepted");
    let pairs = OtHash::new(session).key_pairs(first, &q, sender.delta());
    let whole_runs = count - count % 128;
    let value = json!({
        "count": count,
        "first_tweak": first,
        "message_len": extension_len(count),
        "message_sha256": sha256(&message),
        "check": hex::encode(&message[message.len() - 48..]),
        "bits": encode(&correlation.bits),
        "t_last": encode(&correlation.t[count - 1..]),
        "t_sha256": sha256(&bytes(&correlation.t)),
        "q_last": encode(&q[count - 1..]),
        "q_sha256": sha256(&bytes(&q)),
        "key_pair_last": encode(&pairs[count - 1]),
        "key_pairs_sha256": sha256(&bytes(pairs.as_flattened())),
        "field_a": encode(&field_entries(&correlation.t[..whole_runs])),
        "field_b": encode(&field_entries(&q[..whole_runs])),
    });
    (value, sender)
}

fn bytes(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(|block| block.to_bytes()).collect()
}

fn encode(blocks: &[Block]) -> String {
    hex::encode(bytes(blocks))
}

/// Of the bytes alone, so that any tool can compute it.
fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}
