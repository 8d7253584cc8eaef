//! What a match of a lighthouse run says, in words.

use cwg_engine::Published;
use cwg_engine::state::State;
use cwg_protocol::RunId;
use cwg_protocol::lighthouse::{
    Area, Assessment, Caveat, Contradiction, Corroboration, Day, LabelClue, LinksLeftOut, Opening, Part, PartKind,
    Place as CluePlace, Recall,
};

use super::customers::{Clued, Customer, Customers};
use super::matches::Place;
use crate::mask::masked;
use crate::times::shown;
use crate::view::{ClueMatchView, ClueView, CustomerView, KeyView, PartView, RecalledClue};

/// What a match of a run over a release says.
pub(super) fn clue_match(
    run: RunId,
    place: usize,
    customers: &Customers,
    release: &Published,
    today: Day,
) -> ClueMatchView {
    let Clued { label, recalled, .. } = &customers.matches[place];
    let reading = &label.reading;
    let said = |contradiction: &&Contradiction| reading.contradictions.has(**contradiction);
    ClueMatchView {
        release: release.seen.number.0,
        created: shown(release.body.created),
        caveats: reading.caveats.iter().map(|caveat| caveat_text(caveat).to_owned()).collect(),
        subject: reading.subject.name().to_owned(),
        minor: reading.minor.name().to_owned(),
        contradictions: Contradiction::ALL
            .iter()
            .filter(said)
            .map(|said| contradiction_text(*said).to_owned())
            .collect(),
        clues: label.clues.iter().map(|clue| clue_view(clue, release, today)).collect(),
        not_shown: label.more,
        recalled: recalled.iter().map(recalled_clue).collect(),
        customers: customers.of_match(place).map(|customer| customer_view(run, customer, customers)).collect(),
    }
}

/// What was taken back.
pub(super) fn recalled_clue(recall: &Recall) -> RecalledClue {
    RecalledClue { clue: recall.clue.to_string(), reason: recall.reason.name().to_owned(), at: shown(recall.at) }
}

/// The release of a run, if it is a lighthouse run.
pub(super) fn release_of<'a>(state: &'a State, run: &cwg_engine::state::Run) -> Option<&'a Published> {
    state.lighthouse().releases().get(&run.plan.lighthouse.as_ref()?.release.number)
}

fn clue_view(clue: &LabelClue, release: &Published, today: Day) -> ClueView {
    let source = release.body.sources.get(usize::from(clue.source)).map(|terms| &terms.source);
    ClueView {
        clue: clue.id.to_string(),
        strength: clue.strength.to_string(),
        grade: clue.grade.to_string(),
        confidence: clue.confidence.into(),
        review: clue.review.name().to_owned(),
        typology: clue.typology.name().to_owned(),
        stage: clue.stage.name().to_owned(),
        role: clue.role.name().to_owned(),
        subject: clue.subject.name().to_owned(),
        minor: clue.minor.name().to_owned(),
        platform: clue.platform.map(|platform| platform.name().to_owned()),
        first_seen: clue.observed.first.to_string(),
        last_seen: clue.observed.last.to_string(),
        precision: clue.observed.precision.name().to_owned(),
        times_seen: clue.observed.count,
        place: clue.place.as_ref().map(place_text),
        source: source.map(|source| source.pseudonym.to_string()),
        source_kind: source.map(|source| source.kind.name().to_owned()),
        links: clue.links.iter().map(|link| format!("{} {}", link.relation, link.to)).collect(),
        links_left_out: clue.links_left_out == LinksLeftOut::Some,
        caveats: clue.caveats.iter().map(|caveat| caveat.name().to_owned()).collect(),
        expires: clue.expires.to_string(),
        decay: clue.decay.to_string(),
        in_force: clue.expires >= today,
    }
}

fn customer_view(run: RunId, customer: &Customer, customers: &Customers) -> CustomerView {
    let Assessment { band, opening, independent, .. } = &customer.assessment;
    let key = |place: &usize| {
        let Clued { row, .. } = &customers.matches[*place];
        let alone = customers.alone(*place);
        let score = alone.keys.first();
        KeyView {
            id: Place::of(run, *place).number(),
            kind: row.kind.name().to_owned(),
            masked: masked(row.kind, &row.canonical),
            clue: score.map(|score| score.clue.to_string()),
            parts: score.map_or(Vec::new(), |score| score.parts.iter().map(part_view).collect()),
        }
    };
    let (may_open, code, why) = opening_text(*opening);
    CustomerView {
        reference: customer.reference.clone(),
        band: band.name().to_owned(),
        may_open,
        code: code.to_owned(),
        why,
        independent_keys: u32::try_from(*independent).unwrap_or(u32::MAX),
        keys: customer.keys.iter().map(key).collect(),
        keys_not_scored: u32::try_from(customer.left_out).unwrap_or(u32::MAX),
    }
}

fn part_view(part: &Part) -> PartView {
    let name = match part.kind {
        PartKind::Strength => "strength",
        PartKind::Grade => "grade",
        PartKind::Recency => "recency",
        PartKind::RoleFit => "role fit",
        PartKind::Rarity => "rarity",
    };
    PartView { part: name.to_owned(), permille: part.permille }
}

fn opening_text(opening: Opening) -> (bool, &'static str, String) {
    match opening {
        Opening::May(Corroboration::StrongKey) => {
            (true, "opening-strong-key", "on one key of strength A with a clue graded C3 or better".to_owned())
        }
        Opening::May(Corroboration::TwoKeys) => {
            (true, "opening-two-keys", "on two keys that are not forms of one identifier".to_owned())
        }
        Opening::MayNot(why) => (false, why.code(), why.to_string()),
    }
}

fn caveat_text(caveat: Caveat) -> &'static str {
    match caveat {
        Caveat::NoLawEnforcement => "no-law-enforcement: not to be given to law enforcement",
        Caveat::NoOnward => "no-onward: not to be passed on to anyone",
        Caveat::NoSoleBasis => "no-sole-basis: never the only ground for a step against a person",
        Caveat::MatchOnly => "match-only: to be compared, not to be shown to others in the clear",
    }
}

fn contradiction_text(contradiction: Contradiction) -> &'static str {
    match contradiction {
        Contradiction::Subject => "clues differ in what the person is: read as victim before mule, mule before suspect",
        Contradiction::Minor => "clues differ in whether the person is under 18: read as a minor",
        Contradiction::RecalledBeside => "another clue about this identifier was taken back",
    }
}

fn place_text(place: &CluePlace) -> String {
    let fields = place.fields();
    let mut text = fields.country.to_string();
    if let Some(state) = fields.state {
        text.push_str(&format!(", {state}"));
    }
    match fields.area {
        Some(Area::Sa3(area)) => text.push_str(&format!(", SA3 {}", u32::from(area))),
        Some(Area::Postcode3(area)) => text.push_str(&format!(", postcode {:03}..", u16::from(area))),
        None => {}
    }
    if fields.radius_km > 0 {
        text.push_str(&format!(", within {} km", fields.radius_km));
    }
    format!("{text} (by {})", fields.basis)
}
