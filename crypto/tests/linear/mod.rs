//! The vectors of `vectors/okvs.json` and `vectors/expand-convolute.json`, computed. The example `linear_vectors` writes them,
//! the test `linear` compares.
//!
//! Whatever is drawn is a stream: AES-128 in counter mode from zero, both little-endian, under a key that is a small number.

use cwg_crypto::okvs::{Binned, OkvsError, OkvsParams, RowKeys};
use cwg_crypto::vole::{Code, Weight};
use cwg_crypto::{Block, Domain, Prg, derive_public};
use serde_json::{Value, json};

/// Seed of all rows.
const ROW_SEED: [u8; 32] = [7; 32];

/// Keys of the streams; the last one is also that of vectors to read from.
const KEYS: u128 = 1;
const VALUES: u128 = 2;
const FILL: u128 = 3;
const INPUTS: u128 = 4;

/// Stores of several sizes, and keys that no store is made of.
///
/// Sizes, rows and values read from a vector are what others must agree with. Which of the vectors with the given values an
/// encoder finds is its own affair; this is the one that ours does.
pub(crate) fn okvs() -> Value {
    // Dense columns for every key; below the sizes of the fit; one bin; two and more, one of them with few keys to spare.
    let sizes = [(1, 40), (32, 40), (33, 40), (1000, 40), (1024, 40), (16_384, 40), (16_385, 40), (50_000, 44)];
    json!({
        "row_seed": hex::encode(ROW_SEED),
        "keys_stream": KEYS as u64,
        "values_stream": VALUES as u64,
        "fill_stream": FILL as u64,
        "drawn_vector_stream": INPUTS as u64,
        "stores": sizes.map(|(items, lambda)| store(items, lambda)),
        "refused": [
            refused("first key again at the end", 1000, |keys| keys[999] = keys[0]),
            refused("one key more than items", 1000, |keys| keys.push(Block::ONE)),
            refused("only one key, many times", 100, |keys| keys.fill(Block::ONE)),
        ],
    })
}

fn store(items: usize, lambda: u32) -> Value {
    let (params, row_keys) = (OkvsParams::new(items as u64, lambda), RowKeys::new(&ROW_SEED));
    let (keys, values) = (stream(KEYS, items), stream(VALUES, items));
    let vector = encoded(&params, &keys, &values).expect("these keys can be encoded");
    let row = |key: Block| {
        let row = row_keys.row(&params, key);
        json!({ "bin": row.bin, "columns": row.columns, "point": encode(&[row.point]) })
    };
    let absent = [Block::ZERO];
    json!({
        "items": items,
        "lambda": lambda,
        "bins": params.bins(),
        "capacity": params.capacity(),
        "columns": params.columns(),
        "dense": params.dense(),
        "row_of_first_key": row(keys[0]),
        "row_of_last_key": row(keys[items - 1]),
        "vector_len": params.len(),
        "vector_first": encode(&vector[..1]),
        "vector_last": encode(&vector[params.len() - 1..]),
        "vector_sha256": sha256(&vector),
        "value_of_absent_zero": encode(&decoded(&params, &absent, &vector)),
        "values_sha256": sha256(&decoded(&params, &keys, &vector)),
        "values_of_drawn_vector_sha256": sha256(&decoded(&params, &keys, &stream(INPUTS, params.len()))),
    })
}

/// Keys that a defect was put into, for a store of that many items.
fn refused(defect: &str, items: usize, spoil: impl Fn(&mut Vec<Block>)) -> Value {
    let mut keys = stream(KEYS, items);
    spoil(&mut keys);
    let error = encoded(&OkvsParams::new(items as u64, 40), &keys, &stream(VALUES, keys.len()));
    json!({ "defect": defect, "items": items, "error": error.expect_err("the keys have a defect").to_string() })
}

/// All bins of a store whose key i has value i. What no key sets is drawn bin after bin from one stream.
fn encoded(params: &OkvsParams, keys: &[Block], values: &[Block]) -> Result<Vec<Block>, OkvsError> {
    let binned = Binned::new(params, &RowKeys::new(&ROW_SEED), keys.to_vec())?;
    let sorted: Vec<_> = binned.places().iter().map(|place| values[*place as usize]).collect();
    let mut vector = vec![Block::ZERO; params.len()];
    binned.encode_bins(0..params.bins(), &sorted, &mut Prg::new(Block::new(FILL)), &mut vector)?;
    Ok(vector)
}

/// The value that a vector has for each key.
fn decoded(params: &OkvsParams, keys: &[Block], vector: &[Block]) -> Vec<Block> {
    let binned = Binned::for_decoding(params, &RowKeys::new(&ROW_SEED), keys.to_vec());
    let (mut sorted, mut values) = (vec![Block::ZERO; keys.len()], vec![Block::ZERO; keys.len()]);
    binned.decode_bins(0..params.bins(), vector, &mut sorted);
    binned.places().iter().zip(sorted).for_each(|(place, value)| values[*place as usize] = value);
    values
}

/// Codes from the smallest to the largest that a session has.
pub(crate) fn expand_convolute() -> Value {
    let codes = [(64, 7), (66, 3), (200, 21), (9216, 7), (9216, 21), (9360, 21), (184_320, 7), (184_320, 21)];
    json!({ "inputs_stream": INPUTS as u64, "codes": codes.map(|(outputs, terms)| code(outputs, terms)) })
}

fn code(outputs: usize, terms: usize) -> Value {
    let code = Code::new(outputs, Weight::new(terms).expect("an odd weight"));
    let parts = [outputs, terms].map(|number| (number as u64).to_le_bytes());
    let root = derive_public(Domain::ExpandConvolute, &[&parts[0], &parts[1]]);
    let compressed = |mut vector: Vec<Block>| code.compress(&mut vector).to_vec();
    let unit = |place: usize| {
        let mut vector = vec![Block::ZERO; code.inputs()];
        vector[place] = Block::ONE;
        sha256(&compressed(vector))
    };
    let out = compressed(stream(INPUTS, code.inputs()));
    json!({
        "outputs": outputs,
        "weight": terms,
        "root": hex::encode(&root.as_bytes()[..16]),
        "first": encode(&out[..1]),
        "last": encode(&out[outputs - 1..]),
        "sha256": sha256(&out),
        "sha256_of_one_at_first": unit(0),
        "sha256_of_one_at_first_of_ring": unit(outputs),
        "sha256_of_one_at_last": unit(2 * outputs - 1),
    })
}

fn stream(key: u128, len: usize) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; len];
    Prg::new(Block::new(key)).fill(&mut blocks);
    blocks
}

fn encode(blocks: &[Block]) -> String {
    hex::encode(bytes(blocks))
}

fn bytes(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(|block| block.to_bytes()).collect()
}

/// Of the bytes alone, so that any tool can compute it.
fn sha256(blocks: &[Block]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes(blocks)))
}
