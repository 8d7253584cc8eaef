//! The hub's release, in memory: some items of each member, some of nobody, each with the label of an invented clue.

use std::collections::BTreeMap;

use cwg_engine::command::Command;
use cwg_engine::record::{ContentId, ReleaseDraft};
use cwg_engine::state::State;
use cwg_engine::{Draft, client_version};
use cwg_protocol::indicator::{RULESET_ID, Rules, Strength, ruleset_hash};
use cwg_protocol::lighthouse::{
    BuiltRelease, Clue, ClueDraft, ClueId, Field, Label, LabelClass, Purpose, ReleaseBody, ReleaseNumber, Source,
    SourceKind, SourceTerms, Tally,
};
use cwg_protocol::wire::BoundedVec;
use cwg_protocol::{Item, UnixTime};

use crate::operators::name;

/// The size of every label.
pub(crate) const CLASS: LabelClass = LabelClass::B64;

/// How long a release is in force.
const VALID_SECS: u64 = 45 * 86_400;

const SOURCE: &str = "hotline-north";

/// The labels of these items: no two alike.
pub(crate) fn labels(items: impl Iterator<Item = Item>, now: UnixTime) -> BTreeMap<Item, Vec<u8>> {
    let template = clue(now);
    let label = |(number, item): (u128, Item)| {
        let mut fields = template.fields().clone();
        fields.id = ClueId::from_bytes(number.to_be_bytes());
        let clue = Clue::new(fields).expect("a good clue by another name");
        let label = Label::merge(&[(&clue, Strength::B, 0)], CLASS).expect("it is active");
        (item, label.encode(CLASS).expect("a label of one clue"))
    };
    (1..).zip(items).map(label).collect()
}

fn clue(now: UnixTime) -> Clue {
    let id = ClueId::from_bytes([1; 16]).to_string();
    let cells = [
        (Field::Id, id.as_str()),
        (Field::Kind, "phone"),
        (Field::Value, "+61412345678"),
        (Field::Typology, "livestream"),
        (Field::FirstSeen, "2026-12-01"),
        (Field::Source, SOURCE),
        (Field::SourceKind, "hotline"),
        (Field::Grade, "B2"),
        (Field::Confidence, "80"),
        (Field::Caveats, "none"),
        (Field::Expires, "2027-12-01"),
    ];
    let draft =
        cells.into_iter().fold(ClueDraft::new(), |draft, (field, text)| draft.with(field, text).expect("short"));
    Clue::from_draft(&draft, &Rules::default(), now).expect("a good row")
}

/// What the hub's people do next until its first release is out.
pub(crate) fn next_step(state: &State, now: UnixTime, persons: [&cwg_crypto::SigningKey; 2]) -> Option<Command> {
    if state.lighthouse().current().is_some() {
        return None;
    }
    let [builder, approver] = persons;
    Some(match state.lighthouse().draft() {
        None => {
            let draft = ReleaseDraft { body: body(state, now)?, content: ContentId([1; 8]), withdrawn: Vec::new() };
            Command::DraftRelease(Box::new(draft))
        }
        Some(Draft { draft, built: None, .. }) => {
            let built = BuiltRelease::build(&draft.body, name(BUILDER), builder).expect("the draft's own body");
            Command::SignDraft(Box::new(built))
        }
        Some(Draft { built: Some(built), approved: None, .. }) => {
            let approved = built.clone().approve(name(APPROVER), approver).expect("a second person");
            Command::ApproveDraft(Box::new(approved))
        }
        Some(_) => Command::PublishRelease,
    })
}

/// The hub's two people.
pub(crate) const BUILDER: &str = "builder";
pub(crate) const APPROVER: &str = "approver";

fn body(state: &State, now: UnixTime) -> Option<ReleaseBody> {
    let source = Source { pseudonym: SOURCE.parse().expect("a pseudonym"), kind: SourceKind::Hotline };
    let terms = SourceTerms { source, caveats: Default::default(), kinds: BoundedVec::default(), clues: 0 };
    Some(ReleaseBody {
        network: state.network()?.id,
        number: ReleaseNumber(1),
        purpose: Purpose::Live,
        ruleset: RULESET_ID,
        ruleset_hash: ruleset_hash(),
        created: now,
        valid_until: now.plus_secs(VALID_SECS),
        client_min: client_version(),
        sources: vec![terms].try_into().expect("one"),
        // No record is ever looked at here: what is matched are the entries.
        content: Tally::new().finish(),
        base: None,
        class: CLASS,
        contradictions: 0,
        changes: BoundedVec::default(),
    })
}
