//! Stores of every size, and failures against the formula.

use super::peel::Peeler;
use super::*;

/// Distinct pseudo-random blocks.
fn blocks(count: usize, seed: u128) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; count];
    Prg::new(Block::new(seed)).fill(&mut blocks);
    blocks
}

fn in_order(places: &[u32], values: &[Block]) -> Vec<Block> {
    places.iter().map(|place| values[*place as usize]).collect()
}

fn encode(params: &OkvsParams, keys: &[Block], values: &[Block]) -> Result<Vec<Block>, OkvsError> {
    let binned = Binned::new(params, &RowKeys::new(&[7; 32]), keys.to_vec())?;
    let mut vector = vec![Block::ZERO; params.len()];
    let values = in_order(binned.places(), values);
    binned.encode_bins(0..params.bins(), &values, &mut Prg::new(Block::new(99)), &mut vector)?;
    Ok(vector)
}

fn decode(params: &OkvsParams, keys: &[Block], vector: &[Block]) -> Vec<Block> {
    let binned = Binned::for_decoding(params, &RowKeys::new(&[7; 32]), keys.to_vec());
    let mut read = vec![Block::ZERO; keys.len()];
    binned.decode_bins(0..params.bins(), vector, &mut read);
    let mut values = vec![Block::ZERO; keys.len()];
    binned.places().iter().zip(read).for_each(|(place, value)| values[*place as usize] = value);
    values
}

#[test]
fn every_encoded_value_is_read_at_every_size() {
    let around = |log: u32| [(1 << log) - 1, 1 << log, (1 << log) + 1];
    let sizes = (1..=40).chain([100]).chain([10, 12, 14, 15, 16, 17].into_iter().flat_map(around)).chain([49_152]);
    for size in sizes {
        let params = OkvsParams::new(size as u64, 40);
        let (keys, values) = (blocks(size, 1), blocks(size, 2));
        let vector = encode(&params, &keys, &values).unwrap();
        assert!(decode(&params, &keys, &vector) == values, "{size}");
    }
}

#[test]
fn fewer_keys_than_items_are_encoded_down_to_none() {
    let params = OkvsParams::new(20_000, 40);
    for count in [0, 1, 2, 19_999] {
        let (keys, values) = (blocks(count, 1), blocks(count, 2));
        let vector = encode(&params, &keys, &values).unwrap();
        assert!(decode(&params, &keys, &vector) == values, "{count}");
        assert!(!vector.contains(&Block::ZERO), "columns that no key sets are filled");
    }
}

#[test]
fn bins_one_by_one_and_in_ranges_give_the_same() {
    let params = OkvsParams::new(3 << 15, 40);
    let row_keys = RowKeys::new(&[7; 32]);
    let binned = Binned::new(&params, &row_keys, blocks(3 << 15, 1)).unwrap();
    let values = blocks(3 << 15, 2);
    let (mut whole, mut single) = (vec![Block::ZERO; params.len()], vec![Block::ZERO; params.len()]);
    binned.encode_bins(0..3, &values, &mut Prg::new(Block::ONE), &mut whole).unwrap();
    let mut fill = Prg::new(Block::ONE);
    for (bin, out) in single.chunks_exact_mut(params.bin_len()).enumerate() {
        binned.encode_bin(bin, &values[binned.keys_of(bin..bin + 1)], &mut fill, out).unwrap();
    }
    assert!(whole == single);

    let last = binned.keys_of(1..3);
    let mut read = vec![Block::ZERO; last.len()];
    binned.decode_bins(1..3, &whole[params.bin_len()..], &mut read);
    assert!(read == values[last]);
    let first = binned.keys_of(0..1);
    let mut read = vec![Block::ZERO; first.len()];
    binned.decode_bin(0, &whole[..params.bin_len()], &mut read);
    assert!(read == values[first]);
}

#[test]
fn rows_are_those_by_which_values_are_read() {
    let params = OkvsParams::new(40_000, 40);
    let (keys, values) = (blocks(40_000, 1), blocks(40_000, 2));
    let vector = encode(&params, &keys, &values).unwrap();
    let row_keys = RowKeys::new(&[7; 32]);
    for (key, value) in keys.iter().zip(&values).step_by(97) {
        let row = row_keys.row(&params, *key);
        let bin = &vector[row.bin * params.bin_len()..][..params.bin_len()];
        let sparse = row.columns.iter().fold(Block::ZERO, |sum, column| sum + bin[usize::from(*column)]);
        assert!(sparse + crate::power_sum(&bin[params.columns()..], row.point) == *value);
    }
}

#[test]
fn reading_is_linear() {
    let params = OkvsParams::new(20_000, 40);
    let (a, b) = (blocks(params.len(), 1), blocks(params.len(), 2));
    let sum: Vec<Block> = a.iter().zip(&b).map(|(a, b)| *a + *b).collect();
    let keys = blocks(1000, 3);
    let expected: Vec<Block> =
        decode(&params, &keys, &a).iter().zip(decode(&params, &keys, &b)).map(|(a, b)| *a + b).collect();
    assert!(decode(&params, &keys, &sum) == expected);
}

#[test]
fn a_key_that_was_not_encoded_reads_as_random() {
    let params = OkvsParams::new(1 << 12, 40);
    let keys = blocks(1 << 13, 1);
    let vector = encode(&params, &keys[..1 << 12], &vec![Block::ONE; 1 << 12]).unwrap();
    let mut strange = decode(&params, &keys[1 << 12..], &vector);
    // Each bit is one in about half of 4096 values: 2048 with a deviation of 32.
    for bit in 0..128 {
        let ones = strange.iter().filter(|value| (value.number() >> bit) & 1 == 1).count();
        assert!((1_848..2_248).contains(&ones), "bit {bit}: {ones}");
    }
    strange.sort_unstable();
    strange.dedup();
    assert_eq!(strange.len(), 1 << 12);
}

#[test]
fn equal_keys_are_refused_wherever_they_stand() {
    for size in [2, 16, 33, 1000, 1 << 15, 80_000] {
        let params = OkvsParams::new(size as u64, 40);
        for (one, other) in [(0, 1), (0, size - 1), (size / 2, size - 1)] {
            let (mut keys, values) = (blocks(size, 1), blocks(size, 2));
            keys[other] = keys[one];
            if one != other {
                assert_eq!(encode(&params, &keys, &values), Err(OkvsError::DuplicateKey), "{size}");
                // Equal values make them no better.
                assert_eq!(encode(&params, &keys, &vec![Block::ONE; size]), Err(OkvsError::DuplicateKey), "{size}");
            }
        }
    }
    let params = OkvsParams::new(1000, 40);
    assert_eq!(encode(&params, &[Block::ONE; 1000], &blocks(1000, 2)), Err(OkvsError::DuplicateKey));
}

#[test]
fn a_gap_larger_than_the_dense_columns_is_refused_and_one_as_large_is_closed() {
    let (keys, values) = (blocks(40, 1), blocks(40, 2));
    // Of 40 rows on 30 columns 30 at most are peeled.
    let narrow = |dense| OkvsParams::of_sizes(40, 1, 40, 30, dense);
    let closed = (0..40).find(|dense| encode(&narrow(*dense), &keys, &values).is_ok()).unwrap();
    assert!(closed >= 10);
    for dense in 0..closed {
        assert_eq!(encode(&narrow(dense), &keys, &values), Err(OkvsError::GapTooLarge { dense }));
    }
    for dense in closed..45 {
        let vector = encode(&narrow(dense), &keys, &values).unwrap();
        assert!(decode(&narrow(dense), &keys, &vector) == values, "{dense}");
    }
}

#[test]
fn too_many_keys_and_full_bins_are_refused() {
    let params = OkvsParams::new(100, 40);
    let row_keys = RowKeys::new(&[7; 32]);
    let refused = Binned::new(&params, &row_keys, blocks(101, 1)).unwrap_err();
    assert_eq!(refused, OkvsError::TooManyKeys { keys: 101, items: 100 });

    let params = OkvsParams::of_sizes(1000, 10, 101, 200, 3);
    let refused = Binned::new(&params, &row_keys, blocks(1000, 1)).unwrap_err();
    assert!(matches!(refused, OkvsError::BinFull { keys: 102.., capacity: 101 }));
}

/// Of so many random sets of rows, how many have a gap larger than the dense columns.
fn failures(trials: u64, rows: usize, columns: usize, dense: usize) -> u64 {
    let mut peeler = Peeler::default();
    let keys = blocks(rows, 1);
    let failed = (0..trials).filter(|trial| {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&trial.to_le_bytes());
        let mut of_keys = Vec::with_capacity(rows);
        RowKeys::new(&seed).each_columns(columns, &keys, |_, columns| of_keys.push(columns));
        peeler.peel(&of_keys, columns, dense).is_err()
    });
    failed.count() as u64
}

#[test]
fn peeling_fails_no_more_often_than_the_formula_says() {
    // Trials, rows, expansion, dense columns, and the formula's bits.
    for (trials, rows, expansion, dense, bits) in
        [(8_000, 1 << 10, 1.28, 4, 4.3), (8_000, 1 << 8, 1.35, 0, 4.7), (4_000, 1 << 12, 1.25, 4, 4.6)]
    {
        let columns = |expansion: f64| (expansion * f64::from(rows)).ceil() as usize;
        let failed = failures(trials, rows as usize, columns(expansion), dense);
        let allowed = trials as f64 * 0.5_f64.powf(bits);
        assert!(failed > 0, "failures are visible at these sizes");
        assert!(failed as f64 <= allowed, "{failed} failures and {allowed} allowed for {rows} rows");
        let fewer_columns = failures(trials / 10, rows as usize, columns(1.15), dense);
        assert!(fewer_columns > trials / 20, "below the threshold of peeling most sets fail");
    }
}
