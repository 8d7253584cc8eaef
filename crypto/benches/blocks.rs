//! Blocks a second through the kernels, in the first cache and from memory.
//!
//! `cargo bench -p cwg-crypto --bench blocks`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cwg_crypto::{
    Block, LabelKeys, Mmo, Prg, add_polynomial, add_scaled, davies_meyer, expand_pairs, inner_product, power_sum,
    products,
};

/// 16 KiB, and 4.6 MiB: the leaves of a batch.
const LENGTHS: [usize; 2] = [1 << 10, 300_000];

fn blocks(count: usize, seed: u128) -> Vec<Block> {
    let mut blocks = vec![Block::ZERO; count];
    Prg::new(Block::new(seed)).fill(&mut blocks);
    blocks
}

fn field(criterion: &mut Criterion) {
    let x = blocks(1, 1)[0];
    criterion.bench_function("one product after another", |bencher| {
        let mut product = x;
        bencher.iter(|| product *= black_box(x));
    });
    criterion.bench_function("one inverse", |bencher| bencher.iter(|| black_box(x).invert()));
    for length in LENGTHS {
        let (a, b, mut out) = (blocks(length, 2), blocks(length, 3), blocks(length, 4));
        let mut group = criterion.benchmark_group(format!("field of {length}"));
        group.throughput(Throughput::Elements(length as u64));
        group.bench_function("products", |bencher| bencher.iter(|| products(&a, &b, &mut out)));
        group.bench_function("inner product", |bencher| bencher.iter(|| inner_product(&a, &b)));
        group.bench_function("power sum", |bencher| bencher.iter(|| power_sum(&a, x)));
        group.bench_function("scaled sum", |bencher| bencher.iter(|| add_scaled(&mut out, &a, x)));
        group.bench_function("polynomial of degree 4", |bencher| {
            bencher.iter(|| add_polynomial(&mut out, &a, &b[..4]));
        });
        group.finish();
    }
}

fn cipher(criterion: &mut Criterion) {
    let (left, right) = (Mmo::new([1; 16]), Mmo::new([2; 16]));
    for length in LENGTHS {
        let (a, b, mut out) = (blocks(length, 2), blocks(length, 3), blocks(length, 4));
        let mut group = criterion.benchmark_group(format!("cipher of {length}"));
        group.throughput(Throughput::Elements(length as u64));
        group.bench_function("hash", |bencher| bencher.iter(|| left.hash(&a, &mut out)));
        group.bench_function("hash in place", |bencher| bencher.iter(|| left.hash_in_place(&mut out)));
        group.bench_function("stream", |bencher| {
            let mut prg = Prg::new(Block::ONE);
            bencher.iter(|| prg.fill(&mut out));
        });
        group.bench_function("children of half as many parents", |bencher| {
            bencher.iter(|| expand_pairs(&left, &right, &a[..length / 2], &mut out));
        });
        group.bench_function("a key a block", |bencher| bencher.iter(|| davies_meyer(&a, &b, &mut out)));
        group.finish();
    }
}

/// Labels of 32 bytes, in frames of as many as a network would send at once.
fn labels(criterion: &mut Criterion) {
    const ROWS: usize = 2_666;
    let (secrets, inputs, tags) = (blocks(ROWS, 2), blocks(ROWS, 3), blocks(ROWS, 4));
    let places: Vec<u32> = (0..ROWS as u32).collect();
    let mut keys = LabelKeys::with_capacity(ROWS);
    keys.extend_derived(&secrets, &inputs);
    let mut rows = vec![0; ROWS * 48];
    let mut group = criterion.benchmark_group("labels of 32 bytes");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("seal", |bencher| bencher.iter(|| keys.seal(&places, &tags, &mut rows)));
    group.bench_function("open", |bencher| bencher.iter(|| keys.open(&places, &tags, &mut rows)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = field, cipher, labels
}
criterion_main!(benches);
