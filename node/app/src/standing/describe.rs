//! The standing comparison in words.

use cwg_engine::state::State;
use cwg_engine::{Edition, KeyPeriod};
use cwg_protocol::lighthouse::{Caveats, ClueId, Label, LabelClue, Reading, ReleaseBody};

use super::LookUpWork;
use crate::named;
use crate::problem::{Exit, Problem};
use crate::times::shown;
use crate::view::{ClueLine, LeftLine, LookUpView, PeriodLine, ReadingView, StandingView, View};

/// The periods that are open, their editions and what was evaluated; `notes` say what was just done.
pub fn standing(state: &State, notes: Vec<String>) -> View {
    let periods = state.standing().periods().values().map(|period| line(state, period)).collect();
    View::Standing(StandingView { periods, notes })
}

fn line(state: &State, period: &KeyPeriod) -> PeriodLine {
    let body = period.body();
    let editions = period.editions();
    let members = state.network().into_iter().flat_map(|network| network.roster().body().members.iter());
    let left = period.allowance().map(|allowance| {
        members.map(|member| LeftLine { member: member.name.to_string(), items: allowance.left(member.node) }).collect()
    });
    PeriodLine {
        period: body.period.0,
        public: hex::encode(&body.public.as_bytes()[..16]),
        opens: shown(body.opens),
        closes: shown(body.closes),
        allowance: body.allowance,
        release: editions.last().map(|edition| edition.verified.body().release.0),
        editions: u32::try_from(editions.len()).unwrap_or(u32::MAX),
        rows: editions.iter().map(|Edition { verified, .. }| u64::from(verified.body().rows)).sum(),
        asked: period.key().is_none().then(|| period.asked()),
        table: period.key().is_none().then(|| period.rows()),
        left: left.unwrap_or_default(),
    }
}

pub(super) fn look_up(work: &LookUpWork, state: &State, labels: &[Vec<u8>], spoilt: u32) -> Result<View, Problem> {
    let release = state.lighthouse().releases().get(&work.release).ok_or_else(named::not_joined)?;
    let recalled_clues = state.lighthouse().recalled();
    let (mut clues, mut more, mut recalled) = (Vec::<(ClueId, ClueLine)>::new(), 0_u32, 0);
    let mut reading: Option<Reading> = None;
    for bytes in labels {
        let label = Label::decode(bytes, release.body.class).map_err(|error| {
            let hint = "tell the hub's coordinator that a label of this release cannot be read";
            Problem::new(Exit::BadInput, error.code(), "the hub published a label that cannot be read", hint)
        })?;
        let (gone, kept): (Vec<_>, Vec<_>) = label.clues.iter().partition(|clue| recalled_clues.contains_key(&clue.id));
        recalled += gone.len() as u32;
        if kept.is_empty() && label.more == 0 {
            continue;
        }
        more += u32::from(label.more);
        reading = Some(reading.map_or(label.reading, |so_far| so_far.joined(&label.reading)));
        for clue in kept {
            if !clues.iter().any(|(id, _)| *id == clue.id) {
                clues.push((clue.id, clue_line(clue, &release.body)));
            }
        }
    }
    let mut notes = Vec::new();
    if !clues.is_empty() || more > 0 {
        notes.push(FACT.to_owned());
    }
    if recalled > 0 {
        notes.push(format!("{recalled} clues of it were recalled and are left out"));
    }
    if spoilt > 0 {
        notes.push("The hub published a row for this value that cannot be read; tell its coordinator".to_owned());
    }
    if work.newest > work.release {
        notes.push(format!("Release {} is the newest; its edition is not here yet", work.newest));
    }
    Ok(View::LookUp(Box::new(LookUpView {
        kind: work.kind.name().to_owned(),
        release: work.release.0,
        forms: work.items.len() as u32,
        clues: clues.into_iter().map(|(_, line)| line).collect(),
        more,
        recalled,
        reading: reading.map(|reading| ReadingView {
            subject: reading.subject.to_string(),
            minor: reading.minor.to_string(),
            caveats: caveats(reading.caveats),
        }),
        notes,
    })))
}

fn clue_line(clue: &LabelClue, release: &ReleaseBody) -> ClueLine {
    let source = release.sources.get(usize::from(clue.source));
    ClueLine {
        clue: clue.id.to_string(),
        strength: clue.strength.to_string(),
        role: clue.role.to_string(),
        subject: clue.subject.to_string(),
        minor: clue.minor.to_string(),
        typology: clue.typology.to_string(),
        stage: clue.stage.to_string(),
        observed: format!("{} to {}", clue.observed.first, clue.observed.last),
        source: source.map_or_else(String::new, |terms| terms.source.kind.to_string()),
        grade: clue.grade.to_string(),
        caveats: caveats(clue.caveats),
        expires: clue.expires.to_string(),
    }
}

fn caveats(caveats: Caveats) -> Vec<String> {
    caveats.iter().map(|caveat| caveat.to_string()).collect()
}

/// What every screen with a clue says.
const FACT: &str = "A match is a fact about values, not an accusation: a source told the hub of this identifier. A person decides \
                    what it means";
