//! What the networks of these tests are founded on: keys, names, a roster, a charter, the records of a node that has all of them, and a
//! release without entries.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cwg_crypto::{Digest, Secret32, Seed, SigningKey};
use cwg_engine::client_version;
use cwg_engine::io::IndicatorRow;
use cwg_engine::record::{Entry, NodeKind, Record, StoredSecret};
use cwg_protocol::charter::{Body as CharterBody, Budget, Charter, KindRoles, MemberSignature, RoundRules, RunKind};
use cwg_protocol::indicator::{IndicatorKind, RULESET_ID, Roles, Strength, ruleset_hash};
use cwg_protocol::lighthouse::{
    ApprovedRelease, BuiltRelease, DeltaBase, LabelClass, Purpose, ReleaseBody, ReleaseNumber, Tally,
};
use cwg_protocol::roster::{Body, Entry as RosterEntry, Roster, Status};
use cwg_protocol::session::Learns;
use cwg_protocol::wire::{BoundedText, BoundedVec};
use cwg_protocol::{Epoch, Item, NetworkId, NodeKey, OperatorKey, PilotId, TransportKey, UnixTime};

pub(crate) const NETWORK: NetworkId = NetworkId([9; 16]);
pub(crate) const PILOT: PilotId = PilotId([4; 8]);
pub(crate) const WALL: u64 = 1_800_000_000;
pub(crate) const DAY_SECS: u64 = 86_400;
/// The two persons who sign a hub's releases, in their order.
pub(crate) const PERSONS: [&str; 2] = ["ann", "ben"];
/// How long rosters and charters last.
const LAST_DAYS: u64 = 3000;

pub(crate) fn text<const N: usize>(text: &str) -> BoundedText<N> {
    text.to_owned().try_into().unwrap()
}

fn secret(purpose: &str, number: usize) -> Secret32 {
    Seed::new([7; 32]).fork(purpose, number as u64).into_secret()
}

fn stored(purpose: &str, number: usize) -> StoredSecret {
    StoredSecret(*secret(purpose, number).expose())
}

/// The key with which a node signs.
pub(crate) fn node_key(number: usize) -> SigningKey {
    SigningKey::from_secret(&secret("node", number))
}

/// The key of a person.
pub(crate) fn person(name: &str) -> SigningKey {
    SigningKey::from_secret(&secret(name, 0))
}

pub(crate) fn node(number: usize) -> NodeKey {
    NodeKey(node_key(number).verifying_key())
}

pub(crate) fn transport(number: usize) -> TransportKey {
    TransportKey(SigningKey::from_secret(&secret("transport", number)).verifying_key())
}

/// A row of the own set whose item is of that canonical form.
pub(crate) fn row_of(kind: IndicatorKind, canonical: &str) -> IndicatorRow {
    IndicatorRow {
        item: Item::of(NETWORK, kind, canonical),
        kind,
        roles: Roles::BOTH,
        strength: Strength::B,
        canonical: canonical.to_owned(),
        references: Vec::new(),
        rows: 1,
    }
}

/// Who is on the roster: a hub and members, by their numbers.
pub(crate) struct Group<'a> {
    pub(crate) hub: usize,
    pub(crate) members: &'a [usize],
}

impl Group<'_> {
    pub(crate) fn roster(&self) -> Roster {
        let entry = |number: usize| RosterEntry {
            name: text(&format!("node {number}")),
            node: node(number),
            transport: transport(number),
            address: text("node.example:7443"),
            status: Status::Active,
            since: Epoch(1),
        };
        let body = Body {
            network: NETWORK,
            epoch: Epoch(1),
            previous: Digest::from_bytes([0; 32]),
            issued: UnixTime(WALL - 3600),
            valid_until: UnixTime(WALL + LAST_DAYS * DAY_SECS),
            hub: entry(self.hub),
            members: self.members.iter().map(|number| entry(*number)).collect::<Vec<_>>().try_into().unwrap(),
        };
        Roster::sign(body, &node_key(self.hub)).unwrap()
    }

    /// A charter of all members over these kinds of indicators, for these kinds of runs.
    pub(crate) fn charter(&self, kinds: &[IndicatorKind], runs: &[RunKind], budget: Budget) -> Charter {
        let mut members: Vec<NodeKey> = self.members.iter().map(|number| node(*number)).collect();
        members.sort();
        let kinds: Vec<_> = kinds.iter().map(|kind| KindRoles { kind: *kind, roles: Roles::BOTH }).collect();
        let learns = if runs == [RunKind::Round] { Vec::new() } else { vec![Learns::Proposer, Learns::Both] };
        let rounds = runs.contains(&RunKind::Round).then(|| RoundRules {
            keyholders: members.clone().try_into().unwrap(),
            threshold: 2,
            uploads_min: 4,
            rounds_per_key: 32,
            reveals: Some(text("clause 9")),
        });
        let body = CharterBody {
            network: NETWORK,
            pilot: PILOT,
            version: 1,
            name: text("payees"),
            purpose: text("find shared payees"),
            legal_basis: text("invented act, section 1"),
            members: members.try_into().unwrap(),
            kinds: kinds.try_into().unwrap(),
            runs: runs.to_vec().try_into().unwrap(),
            learns: learns.try_into().unwrap(),
            opens: UnixTime(WALL - 3600),
            closes: UnixTime(WALL + LAST_DAYS * DAY_SECS),
            retention_days: 90,
            budget,
            rounds,
            counts: None,
        };
        Charter::sign(body, &node_key(self.hub)).unwrap()
    }

    /// The journal of a node that is on the roster, and under a charter that all members have signed.
    pub(crate) fn journal(&self, number: usize, charter: Option<&Charter>) -> Vec<Record> {
        let is_hub = number == self.hub;
        let mut entries = vec![Entry::Founded {
            kind: if is_hub { NodeKind::Hub } else { NodeKind::Member },
            name: text(&format!("node {number}")),
            address: text("node.example:7443"),
            node: stored("node", number),
            transport: stored("transport", number),
        }];
        let roster = self.roster().signed().clone();
        if is_hub {
            entries.push(Entry::NetworkFounded { network: NETWORK, roster });
            entries.push(Entry::LighthouseKeyed { secret: stored("lighthouse", number) });
            entries.extend(PERSONS.map(|name| {
                let key = OperatorKey(person(name).verifying_key());
                Entry::OperatorAdded { name: text(name), key }
            }));
        } else {
            entries.push(Entry::Joined { network: NETWORK, hub: node(self.hub), roster });
        }
        if let Some(charter) = charter {
            entries.push(Entry::CharterAdopted { charter: charter.signed().clone() });
            entries.extend(self.members.iter().map(|member| charter_signed(charter, *member)));
        }
        entries.into_iter().map(|entry| Record { at: UnixTime(WALL - 60), entry }).collect()
    }
}

fn charter_signed(charter: &Charter, member: usize) -> Entry {
    let person = person("a person");
    let signature = MemberSignature::complete(
        charter.digest(),
        node(member),
        text("a person"),
        OperatorKey(person.verifying_key()),
        MemberSignature::sign_as_person(charter.digest(), node(member), &person),
        &node_key(member),
    );
    Entry::CharterSigned { pilot: PILOT, charter: charter.digest(), signature }
}

/// The release of that number without entries; its delta follows the one before it.
pub(crate) fn release_body(number: u32, created: UnixTime) -> ReleaseBody {
    let content = Tally::new().finish();
    let base = (number > 1).then(|| DeltaBase { number: ReleaseNumber(number - 1), root: content.root });
    ReleaseBody {
        network: NETWORK,
        number: ReleaseNumber(number),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        created,
        valid_until: created.plus_secs(45 * DAY_SECS),
        client_min: client_version(),
        sources: BoundedVec::default(),
        content,
        base,
        class: LabelClass::B64,
        contradictions: 0,
        changes: BoundedVec::default(),
    }
}

/// Signed by the first of the two persons, then by both.
pub(crate) fn signed(body: &ReleaseBody) -> (BuiltRelease, ApprovedRelease) {
    let [builder, approver] = PERSONS;
    let built = BuiltRelease::build(body, text(builder), &person(builder)).unwrap();
    (built.clone(), built.approve(text(approver), &person(approver)).unwrap())
}
