//! Three ways to compare a bank's items with a hub's releases give the same: a bulk session of `vole-labelled`, the standing
//! comparison over a snapshot and its deltas, and a plain comparison. Over many random small releases and books.

use std::collections::BTreeMap;

use cwg_crypto::Seed;
use cwg_protocol::Item;
use cwg_protocol::lighthouse::standing::*;
use cwg_protocol::lighthouse::{LabelClass, VerifiedRelease};
use cwg_protocol::psi::{Loaded, protocol_named};
use cwg_protocol::session::{Learns, Matches, OwnItems};
use rand_core::Rng;

use super::{NETWORK, PERIOD, content, hub, release, said as said_of, signing, table_under};
use crate::common;

const CLASS: LabelClass = LabelClass::B32;
const CASES: u64 = 20;
const RELEASES: u32 = 4;
/// Items are drawn from so many: books and releases meet often.
const UNIVERSE: u64 = 300;

type Said = BTreeMap<Item, Vec<u8>>;

/// What a release says, and how it changes to the next: items come, go, and are said something else of.
fn changed(rng: &mut impl Rng, said: &Said) -> Said {
    let mut said = said.clone();
    for _ in 0..rng.next_u64() % 60 {
        let item = common::items([rng.next_u64() % UNIVERSE])[0];
        if rng.next_u64().is_multiple_of(3) {
            said.remove(&item);
        } else {
            let mut label = vec![0; CLASS.len()];
            rng.fill_bytes(&mut label);
            said.insert(item, label);
        }
    }
    said
}

fn entries(said: &Said) -> Entries {
    let labels = said.values().flatten().copied().collect();
    Entries::new(CLASS, said.keys().copied().collect(), labels).unwrap()
}

fn plain(book: &[Item], said: &Said) -> Said {
    said.iter().filter(|(item, _)| book.contains(item)).map(|(item, label)| (*item, label.clone())).collect()
}

fn bulk(book: &[Item], said: &Said) -> Said {
    let labelled = protocol_named("vole-labelled").unwrap();
    let items: Vec<Item> = said.keys().copied().collect();
    let labels: Vec<u8> = said.values().flatten().copied().collect();
    let own = [
        OwnItems::Held(book.into()),
        OwnItems::Labelled(Loaded { items: items.as_slice().into(), labels: labels.into() }),
    ];
    let ends = common::run_over(labelled, Learns::Proposer, [book, &items], own, |_, _| {});
    let released = ends.proposer.unwrap();
    let Some(Matches::Items(found)) = released.matches else { panic!("no items") };
    let labels = released.labels.map(|labels| labels.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
    found.into_iter().zip(labels.unwrap_or_default()).collect()
}

/// The bank's table, its chain, and what the editions said so far.
struct Standing {
    key: PeriodKey,
    chain: Chain,
    table: Vec<(OwnOutput, Item)>,
    answers: Answers,
    before: Option<Entries>,
}

impl Standing {
    fn new(seed: u64, book: &[Item]) -> Self {
        let key = PeriodKey::from_seed(PERIOD, &Seed::new([5; 32]).fork("period", seed));
        let chain = Chain::new(NETWORK, hub(), PERIOD, key.public());
        let table = table_under(&key, book, 64);
        Self { key, chain, table, answers: Answers::new(), before: None }
    }

    /// Publishes a release as an edition, a delta where there is one before, and merges it.
    fn merged(&mut self, release: &VerifiedRelease, said: &Said) -> Said {
        let now = entries(said);
        let seed = Seed::new([6; 32]).fork("edition", release.seen().number.0.into());
        let (plan, sealed) = match &self.before {
            None => (EditionPlan::snapshot(&self.key, release, &now, 1024, &seed).unwrap(), entries(said)),
            Some(before) => {
                let since = now.since(before).unwrap();
                (EditionPlan::delta(&self.key, release, &self.chain, &since, &seed).unwrap(), since)
            }
        };
        let rows =
            sealed.batches(50).flat_map(|(items, labels)| plan.seal(&self.key, items, labels).unwrap()).collect();
        let edition = plan.finish(rows).unwrap().sign(&signing(1)).unwrap();
        self.before = Some(now);
        let verified = self.chain.verify(&edition.signed, release).unwrap();
        self.chain.advance(&verified);
        let content = content(verified, &edition.rows).unwrap();
        said_of(&content, &edition.rows, &self.table)
            .into_iter()
            .for_each(|(item, said)| self.answers.take(item, said));
        self.answers.iter().map(|(item, label)| (*item, label.to_vec())).collect()
    }
}

#[test]
fn bulk_standing_and_plain_comparison_give_the_same_over_releases_and_their_deltas() {
    let mut met = 0;
    for case in 0..CASES {
        let mut rng = Seed::new([7; 32]).fork("case", case).rng();
        let book = common::items((0..1 + rng.next_u64() % 150).map(|_| rng.next_u64() % UNIVERSE).collect::<Vec<_>>());
        let mut standing = Standing::new(case, &book);
        let mut said = Said::new();
        for number in 1..=RELEASES {
            said = changed(&mut rng, &said);
            let expected = plain(&book, &said);
            assert!(
                standing.merged(&release(number, CLASS), &said) == expected,
                "case {case}, release {number}: standing"
            );
            if !said.is_empty() {
                assert!(bulk(&book, &said) == expected, "case {case}, release {number}: bulk");
            }
            met += expected.len();
        }
    }
    assert!(met > 500, "only {met} matches in all: the cases say too little");
}
