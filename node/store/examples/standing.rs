//! What the standing comparison takes on one core: `cargo run --release -p cwg-store --example standing -- [CLUES] [TABLE]`.
//!
//! Builds and checks a snapshot of so many items, fills a table of so many rows, merges the table with the snapshot and with a
//! delta of 20,000 changes, and looks items up. Rows of the table that no clue meets are random, as outputs look.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement stops at the first surprise, and prints")]

use std::time::Instant;

use cwg_crypto::{Digest, Secret32, Seed, SigningKey};
use cwg_protocol::lighthouse::standing::*;
use cwg_protocol::lighthouse::{
    BuiltRelease, ClientVersion, Expected, LabelClass, Purpose, ReleaseBody, ReleaseNumber, Tally, VerifiedRelease,
};
use cwg_protocol::{Item, NetworkId, NodeKey, UnixTime};
use cwg_store::{StoreError, Tables};
use rand_core::Rng as _;

const NETWORK: NetworkId = NetworkId([1; 16]);
const NOW: UnixTime = UnixTime(1_800_000_000);
const CLASS: LabelClass = LabelClass::B64;
const PERIOD: Period = Period(1);

fn main() {
    let mut arguments = std::env::args().skip(1).map(|number| number.parse().expect("a number"));
    let clues: u64 = arguments.next().unwrap_or(1_000_000);
    let rows: u64 = arguments.next().unwrap_or(10_000_000);
    let key = PeriodKey::from_seed(PERIOD, &Seed::new([5; 32]));
    let hub = signing(1);
    let mut chain = Chain::new(NETWORK, NodeKey(hub.verifying_key()), PERIOD, key.public());

    let (first, was) = (release(1), entries(0..clues));
    let snapshot = timed("build, seal and sign a snapshot", clues, || {
        let plan = EditionPlan::snapshot(&key, &first, &was, 1 << 15, &Seed::new([6; 32])).unwrap();
        build(plan, &key, &was, &hub)
    });
    let content = timed("verify a downloaded snapshot", clues, || accept(&mut chain, &first, &snapshot));

    let dir = tempfile::tempdir().unwrap();
    let tables = Tables::open(dir.path(), Secret32::new([1; 32])).unwrap();
    let met: Vec<Item> = items((0..1000).map(|number| number * clues / 1000));
    let own = key.outputs_of(&met).unwrap();
    timed("sort and seal a table", rows, || {
        let (mut writer, mut rng) = (tables.writer(PERIOD).unwrap(), Seed::new([7; 32]).rng());
        own.iter().zip(&met).for_each(|(output, item)| writer.push(output, item).unwrap());
        let mut bytes = [0; OwnOutput::LEN];
        for number in met.len() as u64..rows {
            rng.fill_bytes(&mut bytes);
            writer.push(&OwnOutput::from_bytes(&bytes), &Item::of_line(&number.to_le_bytes())).unwrap();
        }
        writer.finish().unwrap()
    });
    let table = tables.table(PERIOD).unwrap();
    let chunk = |content: &Content, edition: &BuiltEdition, number: u32| {
        let (whole, len) = (content.edition().chunk_len(0), content.edition().chunk_len(number));
        Ok::<_, StoreError>(edition.rows[number as usize * whole..][..len].to_vec())
    };
    let found = timed("merge the table with the snapshot", rows, || {
        table.matches(&content, |number| chunk(&content, &snapshot, number)).unwrap()
    });
    assert_eq!(found.len(), met.len(), "every item that is published matches");

    let (second, now) = (release(2), entries(clues..clues + 20_000));
    let delta = timed("build, seal and sign a delta", 20_000, || {
        build(EditionPlan::delta(&key, &second, &chain, &now, &Seed::new([8; 32])).unwrap(), &key, &now, &hub)
    });
    let after = timed("verify a delta", 20_000, || accept(&mut chain, &second, &delta));
    let found = timed("merge the table with a delta", rows, || {
        table.matches(&after, |number| chunk(&after, &delta, number)).unwrap()
    });
    assert!(found.is_empty(), "nothing of the delta is in the table");

    let mut times: Vec<_> = (0..10_000)
        .map(|number| {
            let output = &own[number % own.len()];
            let started = Instant::now();
            let said = content.look_up(output, |number| chunk(&content, &snapshot, number)).unwrap();
            assert!(matches!(said, Some(Said::Label(_))));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("look-up in a snapshot: p50 {:?}, p99 {:?}", times[5000], times[9900]);
}

fn timed<T>(what: &str, count: u64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {count} in {seconds:.3} s, {:.0} a second", count as f64 / seconds);
    done
}

fn items(numbers: impl Iterator<Item = u64>) -> Vec<Item> {
    let mut items: Vec<Item> = numbers.map(|number| Item::of_line(&number.to_le_bytes())).collect();
    items.sort_unstable();
    items.dedup();
    items
}

fn entries(numbers: std::ops::Range<u64>) -> Entries {
    let items = items(numbers);
    let labels = items.iter().flat_map(|item| [item.0, item.0]).flatten().collect();
    Entries::new(CLASS, items, labels).unwrap()
}

fn build(plan: EditionPlan, key: &PeriodKey, entries: &Entries, hub: &SigningKey) -> BuiltEdition {
    let rows = entries.batches(1024).flat_map(|(items, labels)| plan.seal(key, items, labels).unwrap()).collect();
    plan.finish(rows).unwrap().sign(hub).unwrap()
}

fn accept(chain: &mut Chain, release: &VerifiedRelease, edition: &BuiltEdition) -> Content {
    let verified = chain.verify(&edition.signed, release).unwrap();
    chain.advance(&verified);
    let whole = verified.chunk_len(0);
    let mut check = verified.check_content();
    edition.rows.chunks(whole).for_each(|chunk| check.push(chunk).unwrap());
    check.finish().unwrap()
}

fn signing(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn release(number: u32) -> VerifiedRelease {
    let hash = Digest::from_bytes([3; 32]);
    let client = ClientVersion { major: 0, minor: 1, patch: 0 };
    let body = ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Drill,
        ruleset: 2,
        ruleset_hash: hash,
        created: NOW,
        valid_until: NOW.plus_secs(1000),
        client_min: client,
        sources: vec![].try_into().unwrap(),
        content: Tally::new().finish(),
        base: None,
        class: CLASS,
        contradictions: 0,
        changes: vec![].try_into().unwrap(),
    };
    let name = |text: &str| text.to_owned().try_into().unwrap();
    let built = BuiltRelease::build(&body, name("Kim"), &signing(2)).unwrap();
    let signed = built.approve(name("Lee"), &signing(3)).unwrap().publish(&signing(1)).unwrap();
    let expected = Expected {
        network: NETWORK,
        hub: NodeKey(signing(1).verifying_key()),
        purpose: Purpose::Drill,
        ruleset: 2,
        ruleset_hash: hash,
        client,
        seen: None,
    };
    VerifiedRelease::verify(signed, &expected, NOW).unwrap()
}
