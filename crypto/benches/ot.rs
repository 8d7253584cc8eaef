//! Time of base transfers and of their extension, each side apart.
//!
//! `cargo bench -p cwg-crypto --bench ot`. Base transfers are 128; calls are of 32,768 entries on a setup that is made before.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cwg_crypto::ot::{
    ChosenKeys, CotReceiver, CotSender, Delta, KeyPairs, OtHash, OtReceiver, OtSender, field_entries,
};
use cwg_crypto::{Digest, Domain, Seed, digest};

const COUNT: usize = 1 << 15;

fn session() -> Digest {
    digest(Domain::Session, &[b"bench"])
}

fn delta() -> Delta {
    Delta::random(Seed::new([1; 32]))
}

fn receiver() -> (OtReceiver, Vec<u8>) {
    OtReceiver::new(&session(), delta(), Seed::new([2; 32]))
}

fn sender() -> (OtSender, Vec<u8>) {
    OtSender::new(&session(), Seed::new([3; 32]))
}

fn keys() -> (KeyPairs, ChosenKeys) {
    let ((receiver, to_sender), (sender, to_receiver)) = (receiver(), sender());
    let pairs = sender.finish(&to_sender).expect("an honest message is accepted");
    (pairs, receiver.finish(&to_receiver).expect("an honest message is accepted"))
}

fn extended() -> (CotReceiver, CotSender, Vec<u8>) {
    let (pairs, chosen) = keys();
    let (mut receiver, setup) = CotReceiver::new(&session(), pairs);
    let sender = CotSender::new(&session(), chosen, &setup).expect("an honest setup is accepted");
    let (message, _) = receiver.extend(COUNT);
    (receiver, sender, message)
}

fn base(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("128 base transfers");
    let ((_, to_sender), (_, to_receiver)) = (receiver(), sender());
    group.bench_function("receiver begins", |bencher| bencher.iter(|| black_box(receiver())));
    group.bench_function("sender begins", |bencher| bencher.iter(|| black_box(sender())));
    group.bench_function("receiver finishes", |bencher| {
        bencher.iter_batched(receiver, |(receiver, _)| receiver.finish(&to_receiver), BatchSize::PerIteration);
    });
    group.bench_function("sender finishes", |bencher| {
        bencher.iter_batched(sender, |(sender, _)| sender.finish(&to_sender), BatchSize::PerIteration);
    });
    group.finish();
}

fn extension(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("extension");
    group.bench_function("shares trees", |bencher| {
        bencher.iter_batched(|| keys().0, |pairs| CotReceiver::new(&session(), pairs), BatchSize::PerIteration);
    });
    let (_, setup) = CotReceiver::new(&session(), keys().0);
    group.bench_function("punctures trees", |bencher| {
        bencher.iter_batched(|| keys().1, |keys| CotSender::new(&session(), keys, &setup), BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(COUNT as u64));
    let (mut receiver, _, message) = extended();
    group.bench_function("extends", |bencher| bencher.iter(|| black_box(receiver.extend(COUNT))));
    group.bench_function("receives", |bencher| {
        bencher.iter_batched(|| extended().1, |sender| sender.receive(COUNT, &message), BatchSize::PerIteration);
    });
    group.finish();
}

fn uses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("entries");
    group.throughput(Throughput::Elements(COUNT as u64));
    let (_, sender, message) = extended();
    let (sender, q) = sender.receive(COUNT, &message).expect("an honest message is accepted");
    let hash = OtHash::new(&session());
    group.bench_function("key pairs", |bencher| bencher.iter(|| black_box(hash.key_pairs(0, &q, sender.delta()))));
    group.bench_function("field entries", |bencher| bencher.iter(|| black_box(field_entries(&q))));
    group.finish();
}

criterion_group!(benches, base, extension, uses);
criterion_main!(benches);
