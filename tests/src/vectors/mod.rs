//! The vectors of `docs/spec/vectors/`, made from fixed keys.
//!
//! Fields are written out here by hand, byte for byte as the specification says; the tests hold them against what the
//! program encodes. `cargo run -p cwg-tests --example write_vectors` writes the files.

mod count;
mod lighthouse;
mod messages;
mod negative;
mod session;
mod standing;

use cwg_crypto::{Secret32, Signature, SigningKey};
use cwg_protocol::{NodeKey, TransportKey};
use serde_json::{Value, json};

pub use count::count;
pub use lighthouse::{
    RefusedLabel, RefusedRelease, RefusedRow, lighthouse, lighthouse_laid, refused_labels, refused_releases,
    refused_rows,
};
pub use messages::messages;
pub use negative::{Refused, Steps, refused, steps};
pub use session::{invitation, session, signed};

/// Name and content of each file.
pub fn files() -> Vec<(&'static str, Value)> {
    vec![
        ("messages.json", list(messages().into_iter().map(|message| message.to_json()))),
        ("refused.json", list(refused().into_iter().map(|case| case.to_json()))),
        ("voprf-refused.json", list(steps().into_iter().map(|case| case.to_json()))),
        ("signed.json", list(signed().into_iter().map(|value| value.to_json()))),
        ("invitation.json", invitation()),
        ("session.json", session()),
        ("lighthouse.json", lighthouse()),
        ("count.json", list(count().into_iter().map(|laid| laid.to_json()))),
    ]
}

/// Some bytes with the fields they are made of.
#[derive(Debug)]
pub struct Laid {
    /// What it is.
    pub name: &'static str,
    /// Field names and bytes, in order.
    pub fields: Vec<(&'static str, Vec<u8>)>,
    /// The whole, as the program encodes it.
    pub bytes: Vec<u8>,
    /// What follows from it, for example a digest.
    pub gives: Vec<(&'static str, Vec<u8>)>,
}

impl Laid {
    /// The fields, one after the other.
    pub fn concatenated(&self) -> Vec<u8> {
        self.fields.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    fn to_json(&self) -> Value {
        let pairs = |fields: &[(&'static str, Vec<u8>)]| {
            list(fields.iter().map(|(name, bytes)| json!([name, hex::encode(bytes)])))
        };
        let mut value = json!({
            "name": self.name,
            "fields": pairs(&self.fields),
            "bytes": hex::encode(&self.bytes),
        });
        if !self.gives.is_empty() {
            value["gives"] = pairs(&self.gives);
        }
        value
    }
}

fn list(values: impl Iterator<Item = Value>) -> Value {
    Value::Array(values.collect())
}

/// The key whose 32 secret bytes are all `byte`.
fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn node(byte: u8) -> NodeKey {
    NodeKey(key(byte).verifying_key())
}

fn transport(byte: u8) -> TransportKey {
    TransportKey(key(byte).verifying_key())
}

fn public(byte: u8) -> Vec<u8> {
    key(byte).verifying_key().as_bytes().to_vec()
}

fn no_signature() -> Signature {
    Signature::from_bytes([0; 64])
}

/// A text or list of bytes: eight bytes of length, then the bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes()[..], bytes].concat()
}

const HUB: u8 = 1;
const HUB_TRANSPORT: u8 = 2;
const FIRST: u8 = 3;
const FIRST_TRANSPORT: u8 = 4;
const SECOND: u8 = 5;
const PERSON: u8 = 7;
const THIRD: u8 = 9;
const FOURTH: u8 = 10;
const EXPORTER: [u8; 32] = [0xee; 32];
const NETWORK: [u8; 16] = [0x10; 16];
const CLOCK: u64 = 1_800_000_000;
