//! Files of editions against what was signed, and under faults.

use cwg_crypto::{Secret32, Seed, SigningKey};
use cwg_protocol::indicator::{RULESET_ID, ruleset_hash};
use cwg_protocol::lighthouse::standing::{Chain, EditionPlan, Entries, Period, PeriodKey};
use cwg_protocol::lighthouse::{
    BuiltRelease, ClientVersion, Expected, LabelClass, Purpose, ReleaseBody, ReleaseNumber, Tally, VerifiedRelease,
};
use cwg_protocol::{Item, NetworkId, NodeKey, UnixTime};

use super::*;
use crate::faults::{Fault, FaultDisk, Unsynced};

const NETWORK: NetworkId = NetworkId([4; 16]);
const NOW: UnixTime = UnixTime(1_800_000_000);

fn signing(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn release() -> VerifiedRelease {
    let client = ClientVersion { major: 0, minor: 1, patch: 0 };
    let body = ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(1),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        created: NOW,
        valid_until: NOW.plus_secs(1000),
        client_min: client,
        sources: vec![].try_into().expect("none"),
        content: Tally::new().finish(),
        base: None,
        class: LabelClass::B64,
        contradictions: 0,
        changes: vec![].try_into().expect("none"),
    };
    let name = |text: &str| text.to_owned().try_into().expect("short");
    let built = BuiltRelease::build(&body, name("Kim"), &signing(2)).expect("it keeps the rules");
    let approved = built.approve(name("Lee"), &signing(3)).expect("another person");
    let expected = Expected {
        network: NETWORK,
        hub: NodeKey(signing(1).verifying_key()),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        client,
        seen: None,
    };
    let signed = approved.publish(&signing(1)).expect("it keeps the rules");
    VerifiedRelease::verify(signed, &expected, NOW).expect("it is good")
}

/// An edition of three chunks and its rows.
fn edition() -> (VerifiedEdition, Vec<u8>) {
    let key = PeriodKey::from_seed(Period(1), &Seed::new([5; 32]));
    let mut items: Vec<Item> = (0..1500_u32).map(|number| Item::of_line(&number.to_le_bytes())).collect();
    items.sort_unstable();
    let labels = vec![7; items.len() * 64];
    let entries = Entries::new(LabelClass::B64, items, labels).expect("they ascend");
    let plan = EditionPlan::snapshot(&key, &release(), &entries, 1024, &Seed::new([6; 32])).expect("it fits");
    let rows = entries.batches(1000).flat_map(|(items, labels)| plan.seal(&key, items, labels).expect("a batch"));
    let rows = rows.collect();
    let built = plan.finish(rows).and_then(|edition| edition.sign(&signing(1))).expect("it fits");
    let chain = Chain::new(NETWORK, NodeKey(signing(1).verifying_key()), Period(1), key.public());
    let verified = chain.verify(&built.signed, &release()).expect("it is good");
    assert_eq!(verified.chunks(), 3);
    (verified, built.rows)
}

fn editions(disk: &FaultDisk) -> Result<Editions, StoreError> {
    Editions::open(Arc::new(disk.clone()), Path::new("/editions"))
}

/// Downloads what is missing, chunk by chunk, and ends.
fn download(
    editions: &Editions,
    edition: &VerifiedEdition,
    rows: &[u8],
) -> Result<Result<(), EditionError>, StoreError> {
    for chunk in editions.begin(edition)?..edition.chunks() {
        let start = chunk as usize * edition.chunk_len(0);
        editions.write(edition, chunk, &rows[start..][..edition.chunk_len(chunk)])?;
    }
    editions.finish(edition)
}

#[test]
fn a_download_goes_on_and_counts_once_all_of_it_is_what_was_signed() {
    let (disk, (edition, rows)) = (FaultDisk::default(), edition());
    let editions = editions(&disk).expect("nothing fails");
    assert_eq!(editions.begin(&edition).expect("a new file"), 0);
    let whole = edition.chunk_len(0);
    editions.write(&edition, 0, &rows[..whole]).expect("a disk");
    editions.write(&edition, 1, &rows[whole..][..100]).expect("a disk");
    assert!(editions.content(&edition).is_err(), "nothing of it counts yet");
    assert_eq!(editions.begin(&edition).expect("it is there"), 1, "what is there of the second chunk is cut off");
    assert!(matches!(editions.finish(&edition), Ok(Err(EditionError::Truncated { expected: 3, got: 1 }))));
    download(&editions, &edition, &rows).expect("a disk").expect("it is what was signed");
    for editions in [&editions, &self::editions(&disk).expect("nothing fails")] {
        let content = editions.content(&edition).expect("it is there");
        for chunk in 0..3 {
            let bytes = editions.chunk(&edition, chunk).expect("it is there");
            assert!(content.rows(chunk, &bytes).is_ok());
            let proven = editions.proven_chunk(&edition, chunk).expect("a disk").expect("it has that chunk");
            let ProvenChunk { bytes: proven, path } = proven;
            assert_eq!((proven, path.len()), (bytes, if chunk == 2 { 1 } else { 2 }));
        }
        assert!(editions.proven_chunk(&edition, 3).expect("a disk").is_none());
    }
    editions.remove(edition.digest()).expect("a disk");
    assert!(editions.content(&edition).is_err());
}

#[test]
fn a_file_that_was_changed_is_not_used() {
    let (disk, (edition, mut rows)) = (FaultDisk::default(), edition());
    rows[70_000] ^= 1;
    let editions = editions(&disk).expect("nothing fails");
    assert_eq!(download(&editions, &edition, &rows).expect("a disk"), Err(EditionError::WrongRoot));
    editions.create(edition.digest(), &rows).expect("a disk");
    assert!(matches!(editions.content(&edition), Err(StoreError::Damaged(_))));
    assert!(matches!(editions.proven_chunk(&edition, 0), Err(StoreError::Damaged(_))));
}

#[test]
fn after_power_loss_at_any_operation_a_download_ends_with_what_was_signed() {
    let (edition, rows) = edition();
    let mut operations = 1;
    loop {
        for unsynced in [Unsynced::Lost, Unsynced::Kept, Unsynced::Torn(operations)] {
            let disk = FaultDisk::default();
            let started = editions(&disk).expect("nothing fails");
            disk.arm(operations, Fault::PowerLoss);
            let first = download(&started, &edition, &rows);
            let done = first.is_ok();
            disk.restart(unsynced);
            let editions = editions(&disk).expect("nothing fails");
            if let (true, Ok(content)) = (done, editions.content(&edition)) {
                assert_eq!(content.edition().digest(), edition.digest());
            } else {
                let again = download(&editions, &edition, &rows).expect("a disk");
                if again.is_err() {
                    // What was not synced may be torn: the file is fetched anew.
                    editions.remove(edition.digest()).expect("a disk");
                    assert_eq!(download(&editions, &edition, &rows).expect("a disk"), Ok(()));
                }
                assert!(editions.content(&edition).is_ok());
            }
            if done {
                assert!(operations > 5, "the faults met the download");
                return;
            }
        }
        operations += 1;
    }
}

#[test]
fn at_the_start_editions_that_nothing_names_go_and_downloads_stay() {
    let (disk, (edition, rows)) = (FaultDisk::default(), edition());
    let editions = editions(&disk).expect("nothing fails");
    let other = Digest::from_bytes([9; 32]);
    editions.create(other, &rows).expect("a disk");
    editions.begin(&edition).expect("a disk");
    editions.write(&edition, 0, &rows[..edition.chunk_len(0)]).expect("a disk");
    editions.remove_unlisted(&[]).expect("a disk");
    assert!(disk.open(&editions.path(other)).is_err());
    assert_eq!(editions.begin(&edition).expect("a disk"), 1);
}
