//! Outputs a second of the code of a silent VOLE, on each level that the machine has.
//!
//! `cargo bench -p cwg-crypto --bench vole_code`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cwg_crypto::vole::{Code, Weight};
use cwg_crypto::{Block, Level, Prg};

/// A batch of a small set, and the largest: 144 trees of 2,560 leaves.
const OUTPUTS: [usize; 2] = [144 * 256 / 2, 144 * 2560 / 2];

fn code(criterion: &mut Criterion) {
    for outputs in OUTPUTS {
        let code = Code::new(outputs, Weight::CONSERVATIVE);
        let mut vector = vec![Block::ZERO; code.inputs()];
        Prg::new(Block::ONE).fill(&mut vector);
        let mut pairs = vec![[Block::ZERO; 2]; code.inputs()];
        Prg::new(Block::ONE).fill(pairs.as_flattened_mut());

        let mut group = criterion.benchmark_group(format!("code of {outputs}"));
        group.throughput(Throughput::Elements(outputs as u64));
        for level in Level::ALL {
            level.cap();
            group.bench_function(format!("one vector, {level:?}"), |bencher| {
                // Compressed again and again: the code takes as long for whatever it made.
                bencher.iter(|| code.compress(&mut vector)[0]);
            });
            group.bench_function(format!("two vectors, {level:?}"), |bencher| {
                bencher.iter(|| code.compress_pair(&mut pairs)[0]);
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = code
}
criterion_main!(benches);
