//! Items a second of each step of the VOPRF, ours and the `voprf` crate's, on one core and on two.
//!
//! `cargo bench -p cwg-crypto`. Both sides start from bytes and end with bytes, in batches of 1024 inputs of 32 bytes.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cwg_crypto::voprf::{Blinding, EvaluationKey, Masking, evaluate, evaluate_own};
use cwg_crypto::{Secret32, Seed};

#[path = "../tests/oracle/mod.rs"]
mod oracle;

const BATCH: usize = 1024;
const KEY_SEED: [u8; 32] = [9; 32];

fn seed() -> Seed {
    Seed::new([7; 32])
}

fn inputs() -> Vec<Vec<u8>> {
    (0..BATCH as u64).map(|number| number.to_le_bytes().repeat(4)).collect()
}

/// Runs a step on one thread and on two at once; the throughput counts the items of all threads.
fn on_one_and_two_cores<T, O>(
    criterion: &mut Criterion,
    name: &str,
    setup: impl Fn() -> T,
    step: impl Fn(T) -> O + Sync,
) where
    T: Send,
    O: Send,
{
    let mut group = criterion.benchmark_group(name);
    for cores in [1, 2] {
        group.throughput(Throughput::Elements((cores * BATCH) as u64));
        group.bench_function(format!("{cores} core"), |bencher| {
            bencher.iter_batched(
                || (0..cores).map(|_| setup()).collect::<Vec<_>>(),
                |mut batches| {
                    let here = batches.pop().expect("at least one core");
                    std::thread::scope(|scope| {
                        for batch in batches {
                            scope.spawn(|| black_box(step(batch)));
                        }
                        black_box(step(here));
                    });
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn ours(criterion: &mut Criterion) {
    let inputs = inputs();
    let key = EvaluationKey::derive(&Secret32::new(KEY_SEED), b"bench").expect("the bytes are short");
    let blind = || Blinding::of(&inputs, seed()).expect("inputs are in bounds");
    let blinded = blind().blinded().to_vec();
    let (evaluated, proof) = evaluate(&key, &blinded, seed()).expect("elements are valid");
    let public = key.public();

    on_one_and_two_cores(criterion, "ours blind", || (), |()| blind());
    on_one_and_two_cores(criterion, "ours evaluate", seed, |seed| evaluate(&key, &blinded, seed));
    on_one_and_two_cores(criterion, "ours finalize", blind, |blinding| {
        blinding.finalize(&inputs, &evaluated, &proof, &public).expect("the proof holds")
    });
    let mask = || Masking::of(&inputs, seed()).expect("inputs are in bounds");
    let (masked_evaluated, masked_proof) = evaluate(&key, mask().masked(), seed()).expect("elements are valid");
    on_one_and_two_cores(criterion, "ours mask", || (), |()| mask());
    on_one_and_two_cores(criterion, "ours unmask", mask, |masking| {
        masking.finalize(&inputs, &masked_evaluated, &masked_proof, &public).expect("the proof holds")
    });
    on_one_and_two_cores(criterion, "ours evaluate_own", || (), |()| evaluate_own(&key, &inputs));
}

fn theirs(criterion: &mut Criterion) {
    let inputs = inputs();
    let owner = oracle::Owner::derive(&KEY_SEED, b"bench");
    let blinding = oracle::blind(&inputs, [7; 32]);
    let (evaluated, proof) = owner.evaluate(&blinding.blinded, [7; 32]);
    let public = owner.public();

    on_one_and_two_cores(criterion, "voprf crate blind", || (), |()| oracle::blind(&inputs, [7; 32]));
    on_one_and_two_cores(criterion, "voprf crate evaluate", || (), |()| owner.evaluate(&blinding.blinded, [7; 32]));
    on_one_and_two_cores(
        criterion,
        "voprf crate finalize",
        || (),
        |()| blinding.finalize(&inputs, &evaluated, &proof, &public).expect("the proof holds"),
    );
    on_one_and_two_cores(criterion, "voprf crate evaluate_own", || (), |()| owner.evaluate_own(&inputs));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = ours, theirs
}
criterion_main!(benches);
