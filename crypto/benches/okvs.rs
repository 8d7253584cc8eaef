//! Keys a second into and out of a store, on one core.
//!
//! `cargo bench -p cwg-crypto --bench okvs`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cwg_crypto::okvs::{Binned, OkvsParams, RowKeys};
use cwg_crypto::{Block, Prg};

fn blocks(count: usize, seed: u128) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; count];
    Prg::new(Block::new(seed)).fill(&mut blocks);
    blocks
}

fn store(criterion: &mut Criterion) {
    let row_keys = RowKeys::new(&[7; 32]);
    for log in [14, 18, 20] {
        let count = 1 << log;
        let params = OkvsParams::new(count as u64, 40);
        let (keys, values) = (blocks(count, 1), blocks(count, 2));
        let (mut vector, mut read) = (vec![Block::ZERO; params.len()], vec![Block::ZERO; count]);
        let mut fill = Prg::new(Block::ONE);
        let binned = Binned::new(&params, &row_keys, keys.clone()).expect("bins have room");

        let mut group = criterion.benchmark_group(format!("store of 2^{log}"));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function("bins", |bencher| bencher.iter(|| Binned::new(&params, &row_keys, keys.clone())));
        group.bench_function("encode", |bencher| {
            bencher.iter(|| binned.encode_bins(0..params.bins(), &values, &mut fill, &mut vector));
        });
        group.bench_function("decode", |bencher| {
            bencher.iter(|| binned.decode_bins(0..params.bins(), &vector, &mut read));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = store
}
criterion_main!(benches);
