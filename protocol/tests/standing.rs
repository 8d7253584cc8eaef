//! The standing comparison from outside: equal to a plain comparison and to `vole-labelled`, and every refusal by its name.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod agreement;
mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use cwg_crypto::voprf::Blinding;
use cwg_crypto::{Digest, Secret32, Seed, SigningKey};
use cwg_protocol::indicator::IndicatorKind;
use cwg_protocol::lighthouse::standing::*;
use cwg_protocol::lighthouse::{
    BuiltRelease, Caveats, ClientVersion, Expected, LabelClass, Purpose, ReleaseBody, ReleaseNumber, Source,
    SourceKind, SourceTerms, Tally, VerifiedRelease,
};
use cwg_protocol::psi::protocol_named;
use cwg_protocol::session::{Learns, Matches};
use cwg_protocol::{Item, NetworkId, NodeKey, UnixTime};

const NETWORK: NetworkId = NetworkId([1; 16]);
const NOW: UnixTime = UnixTime(1_800_000_000);
const PERIOD: Period = Period(7);
const DAILY: u32 = 1024;

fn signing(byte: u8) -> SigningKey {
    SigningKey::from_secret(&Secret32::new([byte; 32]))
}

fn hub() -> NodeKey {
    NodeKey(signing(1).verifying_key())
}

fn period_key() -> PeriodKey {
    PeriodKey::from_seed(PERIOD, &Seed::new([5; 32]))
}

fn release(number: u32, class: LabelClass) -> VerifiedRelease {
    let source = Source { pseudonym: "hotline-north".parse().unwrap(), kind: SourceKind::Hotline };
    let terms =
        SourceTerms { source, caveats: Caveats::NONE, kinds: vec![IndicatorKind::Phone].try_into().unwrap(), clues: 0 };
    let body = ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Live,
        ruleset: 2,
        ruleset_hash: Digest::from_bytes([3; 32]),
        created: NOW,
        valid_until: NOW.plus_secs(1000),
        client_min: ClientVersion { major: 0, minor: 1, patch: 0 },
        sources: vec![terms].try_into().unwrap(),
        content: Tally::new().finish(),
        base: None,
        class,
        contradictions: 0,
        changes: vec![].try_into().unwrap(),
    };
    let name = |text: &str| text.to_owned().try_into().unwrap();
    let built = BuiltRelease::build(&body, name("Kim"), &signing(2)).unwrap();
    let signed = built.approve(name("Lee"), &signing(3)).unwrap().publish(&signing(1)).unwrap();
    let expected = Expected {
        network: NETWORK,
        hub: hub(),
        purpose: Purpose::Live,
        ruleset: 2,
        ruleset_hash: Digest::from_bytes([3; 32]),
        client: ClientVersion { major: 0, minor: 1, patch: 0 },
        seen: None,
    };
    VerifiedRelease::verify(signed, &expected, NOW).unwrap()
}

fn entries(items: &[Item]) -> Entries {
    Entries::new(LabelClass::B32, items.to_vec(), common::labels_of(items)).unwrap()
}

fn rows_of(plan: &EditionPlan, entries: &Entries) -> Vec<u8> {
    entries.batches(1000).flat_map(|(items, labels)| plan.seal(&period_key(), items, labels).unwrap()).collect()
}

fn built(plan: EditionPlan, entries: &Entries) -> BuiltEdition {
    let rows = rows_of(&plan, entries);
    plan.finish(rows).unwrap().sign(&signing(1)).unwrap()
}

fn snapshot(number: u32, entries: &Entries) -> BuiltEdition {
    let release = release(number, LabelClass::B32);
    built(EditionPlan::snapshot(&period_key(), &release, entries, DAILY, &Seed::new([6; 32])).unwrap(), entries)
}

fn delta(number: u32, chain: &Chain, entries: &Entries) -> BuiltEdition {
    let release = release(number, LabelClass::B32);
    let seed = Seed::new([number as u8; 32]);
    built(EditionPlan::delta(&period_key(), &release, chain, entries, &seed).unwrap(), entries)
}

fn chain() -> Chain {
    Chain::new(NETWORK, hub(), PERIOD, period_key().public())
}

fn chunk<'a>(edition: &VerifiedEdition, rows: &'a [u8], number: u32) -> &'a [u8] {
    let whole = edition.chunk_len(0);
    &rows[number as usize * whole..][..edition.chunk_len(number)]
}

fn content(edition: VerifiedEdition, rows: &[u8]) -> Result<Content, EditionError> {
    let whole = edition.chunk_len(0);
    let mut check = edition.check_content();
    rows.chunks(whole).try_for_each(|chunk| check.push(chunk))?;
    check.finish()
}

/// Verifies, checks and goes on, as a member does.
fn accept(chain: &mut Chain, number: u32, edition: &BuiltEdition) -> Content {
    let verified = chain.verify(&edition.signed, &release(number, LabelClass::B32)).unwrap();
    chain.advance(&verified);
    content(verified, &edition.rows).unwrap()
}

/// A bank's outputs through the hub, sorted by tag.
fn table(items: &[Item]) -> Vec<(OwnOutput, Item)> {
    table_under(&period_key(), items, 500)
}

/// The same under a key, in batches of so many.
fn table_under(key: &PeriodKey, items: &[Item], batch: u32) -> Vec<(OwnOutput, Item)> {
    let allowance = Allowance::new(PERIOD, batch);
    let mut table = Vec::new();
    for batch in items.chunks(batch as usize) {
        let inputs: Vec<&[u8]> = batch.iter().map(|item| item.0.as_slice()).collect();
        let blinding = Blinding::of(&inputs, Seed::new([8; 32])).unwrap();
        let charge = allowance.admit(hub(), batch.len() as u32).unwrap();
        let (evaluated, proof) = key.evaluate(charge, blinding.blinded(), Seed::new([9; 32])).unwrap();
        let outputs = blinding.finalize(&inputs, &evaluated, &proof, &key.public()).unwrap();
        table.extend(outputs.iter().map(OwnOutput::of).zip(batch.iter().copied()));
    }
    table.sort_by_key(|(output, _)| *output.tag());
    table
}

fn tags(table: &[(OwnOutput, Item)]) -> impl Iterator<Item = Result<Vec<[u8; 16]>, Infallible>> {
    table.chunks(64).map(|some| Ok(some.iter().map(|(output, _)| *output.tag()).collect()))
}

fn said(content: &Content, rows: &[u8], table: &[(OwnOutput, Item)]) -> Vec<(Item, Said)> {
    let load = |number| Ok(chunk(content.edition(), rows, number).to_vec());
    let found = candidates(content, tags(table), load).unwrap();
    let outputs: Vec<OwnOutput> =
        found.iter().map(|row| OwnOutput::from_bytes(&table[row.own as usize].0.expose())).collect();
    let items = found.iter().map(|row| table[row.own as usize].1);
    items.zip(open(content, &outputs, &found)).collect()
}

fn answers(content: &Content, rows: &[u8], table: &[(OwnOutput, Item)]) -> BTreeMap<Item, Vec<u8>> {
    let mut answers = Answers::new();
    said(content, rows, table).into_iter().for_each(|(item, said)| answers.take(item, said));
    answers.iter().map(|(item, label)| (*item, label.to_vec())).collect()
}

#[test]
fn answers_are_those_of_a_plain_comparison_and_of_vole_labelled() {
    let (bank, clues) = (common::items(0..1500), common::items(1000..3000));
    let edition = snapshot(1, &entries(&clues));
    let content = accept(&mut chain(), 1, &edition);
    let found = answers(&content, &edition.rows, &table(&bank));

    let plain: BTreeMap<Item, Vec<u8>> = bank
        .iter()
        .filter(|item| clues.binary_search(item).is_ok())
        .map(|item| (*item, common::labels_of(&[*item])))
        .collect();
    assert_eq!(plain.len(), 500);
    assert!(found == plain, "not what a plain comparison gives");

    let labelled = protocol_named("vole-labelled").expect("it is listed");
    let ends = common::run(labelled, Learns::Proposer, &bank, &clues, |_, _| {});
    assert!(ends.acceptor.is_ok() && !ends.frames.is_empty());
    let released = ends.proposer.expect("nobody tampers");
    let Some(Matches::Items(items)) = released.matches else { panic!("no items") };
    let labels = released.labels.expect("labels come with matches");
    let vole: BTreeMap<Item, Vec<u8>> = items.into_iter().zip(labels.iter().map(<[u8]>::to_vec)).collect();
    assert!(found == vole, "not what vole-labelled gives");
}

#[test]
fn a_look_up_says_what_the_merge_says() {
    let (bank, clues) = (common::items(0..60), common::items(30..2000));
    let edition = snapshot(1, &entries(&clues));
    let content = accept(&mut chain(), 1, &edition);
    assert!(content.edition().chunks() > 1);
    let table = table(&bank);
    let merged = answers(&content, &edition.rows, &table);
    for (output, item) in &table {
        let load = |number| Ok::<_, Infallible>(chunk(content.edition(), &edition.rows, number).to_vec());
        let label = match content.look_up(output, load).unwrap() {
            Some(Said::Label(label)) => Some(label.to_vec()),
            None => None,
            Some(other) => panic!("{other:?}"),
        };
        assert_eq!(label, merged.get(item).cloned());
    }
}

#[test]
fn deltas_add_change_and_withdraw() {
    let (bank, before) = (common::items(0..40), common::items(0..20));
    let after = common::items(10..30);
    let mut labels = common::labels_of(&after);
    labels[..32].fill(0xee);
    let now = Entries::new(LabelClass::B32, after.clone(), labels).unwrap();
    let was = entries(&before);
    let changed = now.since(&was).unwrap();
    let kept = after.iter().filter(|item| before.contains(item)).count();
    let other = usize::from(before.contains(&after[0]));
    assert_eq!(changed.len(), 40 - 2 * kept + other);

    let (mut chain, table) = (chain(), table(&bank));
    let first = snapshot(1, &was);
    let content = accept(&mut chain, 1, &first);
    let mut answers = Answers::new();
    said(&content, &first.rows, &table).into_iter().for_each(|(item, said)| answers.take(item, said));
    let second = delta(2, &chain, &changed);
    let content = accept(&mut chain, 2, &second);
    assert_eq!(content.edition().body().rows, DAILY);
    let in_delta = said(&content, &second.rows, &table);
    assert_eq!(in_delta.len(), changed.len(), "padding matches nothing");
    assert_eq!(in_delta.iter().filter(|(_, said)| *said == Said::Withdrawn).count(), 20 - kept);
    in_delta.into_iter().for_each(|(item, said)| answers.take(item, said));
    assert!(answers.iter().map(|(item, _)| *item).eq(after.iter().copied()));
    assert!(answers.iter().next().is_some_and(|(_, label)| *label == [0xee; 32]));
}

#[test]
fn one_label_in_two_editions_is_sealed_under_two_keys() {
    let items = common::items(0..5);
    let mut chain = chain();
    let first = snapshot(1, &entries(&items));
    accept(&mut chain, 1, &first);
    let second = delta(2, &chain, &entries(&items));
    let content = accept(&mut chain, 2, &second);
    let shape = content.edition().body().shape;
    let by_tag = |rows: &[u8]| -> BTreeMap<Vec<u8>, Vec<u8>> {
        let rows = rows.chunks(shape.row_len()).map(|row| row.split_at(shape.tag_len.into()));
        rows.map(|(tag, sealed)| (tag.to_vec(), sealed.to_vec())).collect()
    };
    let (first, second) = (by_tag(&first.rows), by_tag(&second.rows));
    let both: Vec<_> = first.iter().filter_map(|(tag, sealed)| Some((sealed, second.get(tag)?))).collect();
    assert_eq!(both.len(), 5);
    assert!(both.iter().all(|(first, second)| first != second));
}

#[test]
fn a_head_is_refused_by_the_name_of_what_is_wrong() {
    let was = entries(&common::items(0..20));
    let (first, mut seen) = (snapshot(2, &was), chain());
    let good = release(2, LabelClass::B32);
    let verified = chain().verify(&first.signed, &good).unwrap();
    seen.advance(&verified);
    let body = verified.body().clone();
    let check = |chain: &Chain, change: &dyn Fn(&mut EditionBody), expected: EditionError| {
        let mut changed = body.clone();
        change(&mut changed);
        let refused = SignedEdition::sign(&changed, &signing(1)).and_then(|signed| chain.verify(&signed, &good));
        assert_eq!(refused.err(), Some(expected));
    };
    let fresh = chain();
    check(&fresh, &|body| body.network = NetworkId([2; 16]), EditionError::OtherNetwork);
    check(&fresh, &|body| body.period = Period(8), EditionError::OtherPeriod);
    let other = PeriodKey::from_seed(PERIOD, &Seed::new([6; 32])).public();
    check(&fresh, &|body| body.public = other, EditionError::OtherPeriod);
    check(&fresh, &|body| body.release_digest = Digest::from_bytes([9; 32]), EditionError::OtherRelease);
    check(&fresh, &|body| body.release = ReleaseNumber(3), EditionError::OtherRelease);
    check(
        &seen,
        &|body| body.release = ReleaseNumber(1),
        EditionError::Older { seen: ReleaseNumber(2), got: ReleaseNumber(1) },
    );
    check(&seen, &|body| body.salt = [0; 16], EditionError::Fork(ReleaseNumber(2)));
    let wider = |body: &mut EditionBody| body.shape = Shape::of(LabelClass::B64, body.rows, DAILY).unwrap();
    check(&fresh, &wider, EditionError::WrongClass { expected: 32, got: 64 });
    let short = |body: &mut EditionBody| body.shape.tag_len -= 1;
    check(&fresh, &short, EditionError::Rule("tags have their length"));
    assert!(seen.verify(&first.signed, &good).is_ok(), "the same again");

    let forged = SignedEdition::sign(&body, &signing(9)).unwrap();
    assert_eq!(fresh.verify(&forged, &good).err(), Some(EditionError::WrongSigner));
    let bytes = cwg_protocol::wire::encode(&first.signed);
    for at in 8..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed: SignedEdition = cwg_protocol::wire::decode(&changed, 1024).unwrap();
        assert_eq!(fresh.verify(&changed, &good).err(), Some(EditionError::WrongSigner), "byte {at}");
    }
}

#[test]
fn deltas_out_of_order_or_of_another_past_are_refused() {
    let was = entries(&common::items(0..20));
    let mut seen = chain();
    accept(&mut seen, 1, &snapshot(1, &was));
    let before = seen;
    let second = delta(2, &seen, &entries(&common::items(20..25)));
    accept(&mut seen, 2, &second);
    let third = delta(3, &seen, &entries(&common::items(25..30)));
    let third_release = release(3, LabelClass::B32);
    let refused = |chain: &Chain, signed: &SignedEdition| chain.verify(signed, &third_release).err();
    assert_eq!(refused(&before, &third.signed), Some(EditionError::OutOfOrder { expected: 1, got: 2 }));
    assert_eq!(refused(&chain(), &third.signed), Some(EditionError::OtherChain));
    let mut elsewhere = before;
    accept(&mut elsewhere, 2, &delta(2, &before, &entries(&common::items(0..1))));
    assert_eq!(refused(&elsewhere, &third.signed), Some(EditionError::OtherChain));
    assert_eq!(refused(&seen, &third.signed), None);
    let old = seen.verify(&second.signed, &third_release);
    assert_eq!(old.err(), Some(EditionError::OtherRelease), "a delta again, with another release");
    accept(&mut seen, 3, &third);
    let old = Some(EditionError::Older { seen: ReleaseNumber(3), got: ReleaseNumber(2) });
    assert_eq!(seen.verify(&second.signed, &release(2, LabelClass::B32)).err(), old);
}

#[test]
fn content_is_refused_by_the_name_of_what_is_wrong() {
    let edition = snapshot(1, &entries(&common::items(0..2000)));
    let good = release(1, LabelClass::B32);
    let verified = || chain().verify(&edition.signed, &good).unwrap();
    let (chunks, whole) = (verified().chunks(), verified().chunk_len(0));
    assert!(chunks > 1 && content(verified(), &edition.rows).is_ok());
    let missing = content(verified(), &edition.rows[..whole]).err();
    assert_eq!(missing, Some(EditionError::Truncated { expected: chunks, got: 1 }));
    assert_eq!(content(verified(), &edition.rows[..whole + 5]).err(), Some(EditionError::BadChunk(1)));
    let longer = [&edition.rows[..], &[0; 90]].concat();
    assert_eq!(content(verified(), &longer).err(), Some(EditionError::BadChunk(chunks - 1)));
    // The last byte of a row is of its check: order is not concerned, the root is.
    let row_len = verified().body().shape.row_len();
    let mut changed = edition.rows.clone();
    changed[row_len - 1] ^= 1;
    assert_eq!(content(verified(), &changed).err(), Some(EditionError::WrongRoot));
    let mut swapped = edition.rows.clone();
    swapped[..2 * row_len].rotate_left(row_len);
    assert_eq!(content(verified(), &swapped).err(), Some(EditionError::NotSorted(0)));

    let checked = content(verified(), &edition.rows).unwrap();
    for number in 0..chunks {
        let (bytes, proof) = (chunk(checked.edition(), &edition.rows, number), checked.proof(number).unwrap());
        assert_eq!(verified().check_chunk(number, bytes, &proof), Ok(()));
        let mut changed = bytes.to_vec();
        changed[7] ^= 1;
        assert_eq!(verified().check_chunk(number, &changed, &proof), Err(EditionError::BadChunk(number)));
        assert_eq!(checked.rows(number, &changed).err(), Some(EditionError::BadChunk(number)));
        let other = (number + 1) % chunks;
        assert_eq!(verified().check_chunk(other, bytes, &proof), Err(EditionError::BadChunk(other)));
    }
    assert_eq!(checked.rows(chunks, &[]).err(), Some(EditionError::BadChunk(chunks)));
}

#[test]
fn a_download_goes_on_at_the_first_chunk_that_is_not_whole() {
    let edition = snapshot(1, &entries(&common::items(0..2000)));
    let verified = chain().verify(&edition.signed, &release(1, LabelClass::B32)).unwrap();
    let (whole, all) = (verified.chunk_len(0) as u64, verified.file_len());
    assert_eq!(all, edition.rows.len() as u64);
    for (len, chunk) in
        [(0, 0), (1, 0), (whole - 1, 0), (whole, 1), (whole + 1, 1), (all - 1, 1), (all, 2), (all + 1, 2)]
    {
        assert_eq!(verified.resume_at(len), chunk, "{len} bytes");
    }
    assert_eq!((verified.chunk_len(2), verified.chunk_len(u32::MAX)), (0, 0));
}

#[test]
fn a_tombstone_forged_by_whoever_lacks_the_items_key_is_spoilt_and_hides_nothing_else() {
    let items = common::items(0..20);
    let (mut chain, table) = (chain(), table(&items));
    let first = snapshot(1, &entries(&items));
    let content = accept(&mut chain, 1, &first);
    let mut answers = Answers::new();
    said(&content, &first.rows, &table).into_iter().for_each(|(item, said)| answers.take(item, said));
    // A row with the tag of an item, as everyone sees it in the snapshot, and zeros where its label should be.
    let gone = Entries::new(LabelClass::B32, items[..2].to_vec(), vec![0; 64]).unwrap();
    let two = release(2, LabelClass::B32);
    let plan = EditionPlan::delta(&period_key(), &two, &chain, &gone, &Seed::new([2; 32])).unwrap();
    let mut rows = rows_of(&plan, &gone);
    let shape = content.edition().body().shape;
    rows[usize::from(shape.tag_len)..shape.row_len()].fill(0);
    let forged = plan.finish(rows).unwrap().sign(&signing(1)).unwrap();
    let content = accept(&mut chain, 2, &forged);
    let in_delta: BTreeMap<Item, Said> = said(&content, &forged.rows, &table).into_iter().collect();
    assert!(in_delta[&items[0]] == Said::Spoilt && in_delta[&items[1]] == Said::Withdrawn);
    in_delta.into_iter().for_each(|(item, said)| answers.take(item, said));
    assert_eq!(answers.iter().len(), 19, "only the real withdrawal counts");
}

#[test]
fn nothing_is_evaluated_that_was_not_charged() {
    let (key, mut allowance) = (period_key(), Allowance::new(PERIOD, 10));
    let other = Allowance::new(Period(8), 10);
    let blinding = Blinding::of(&[[1; 32], [2; 32]], Seed::new([8; 32])).unwrap();
    let evaluate = |charge| key.evaluate(charge, blinding.blinded(), Seed::new([9; 32])).map(drop);
    assert_eq!(evaluate(allowance.admit(hub(), 2).unwrap()), Ok(()));
    assert_eq!(evaluate(allowance.admit(hub(), 1).unwrap()), Err(ChargeMismatch::Charge));
    assert_eq!(evaluate(other.admit(hub(), 2).unwrap()), Err(ChargeMismatch::Charge));
    allowance.enter(hub(), 3);
    assert_eq!(allowance.admit(hub(), 8), Err(OverAllowance { asked: 8, left: 7 }));
    assert!(allowance.admit(hub(), 7).is_ok(), "what was refused was not charged");
    let member = NodeKey(signing(4).verifying_key());
    assert_eq!((allowance.left(member), allowance.left(hub())), (10, 7));
    allowance.enter(member, u32::MAX);
    assert_eq!(allowance.admit(member, 1), Err(OverAllowance { asked: 1, left: 0 }));
}

#[test]
fn a_delta_that_does_not_fit_asks_for_a_snapshot() {
    let was = entries(&common::items(0..20));
    let two = release(2, LabelClass::B32);
    let plan = |chain: &Chain, entries: &Entries| {
        EditionPlan::delta(&period_key(), &two, chain, entries, &Seed::new([1; 32])).err()
    };
    assert_eq!(plan(&chain(), &was), Some(PlanError::NoChain));
    let mut seen = chain();
    accept(&mut seen, 1, &snapshot(1, &was));
    let many = entries(&common::items(0..u64::from(DAILY) + 1));
    assert_eq!(plan(&seen, &many), Some(PlanError::TooMany { entries: u64::from(DAILY) + 1, rows: DAILY }));
    assert_eq!(plan(&seen, &entries(&common::items(0..u64::from(DAILY)))), None);
}
