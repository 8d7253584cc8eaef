//! Keys, rounds and rooms in words.

use cwg_engine::state::State;
use cwg_engine::{KnownRound, RoundPhase};
use cwg_protocol::lighthouse::Day;
use cwg_protocol::round::upload::{CountBand, TurnEnd};
use cwg_protocol::{Item, RunId, UnixTime};

use super::post;
use crate::counts::round_count;
use crate::describe::{by_who, pilot_name, role_names};
use crate::named;
use crate::problem::{Exit, Problem};
use crate::refusals;
use crate::times::shown;
use crate::view::{
    CeremonyLine, EndReason, PostLine, RoomsView, RoundLine, RoundType, RoundView, RoundsView, SharedKeyLine,
    SharedKeysView, TurnLine, View,
};

/// Ceremonies and keys.
pub(super) fn keys(state: &State) -> View {
    let rounds = state.rounds();
    let names = |holders: &[cwg_protocol::NodeKey]| holders.iter().map(|node| named::name_of(state, *node)).collect();
    let keys = rounds.keys().iter().map(|(pilot, known)| {
        let held = &known.held;
        SharedKeyLine {
            pilot: pilot.to_string(),
            pilot_name: pilot_name(state, *pilot),
            period: held.body().period.0,
            public: hex::encode(&held.public().as_bytes()[..16]),
            threshold: held.key().threshold(),
            holders: names(&held.body().holders),
            share: known.is_holder(),
        }
    });
    let mut called: Vec<_> = rounds.ceremonies().iter().collect();
    called.sort_by_key(|(digest, called)| (called.at, **digest));
    let ceremonies = called.into_iter().map(|(digest, called)| CeremonyLine {
        ceremony: digest.to_string(),
        pilot_name: pilot_name(state, called.terms.body().pilot),
        called: shown(called.at),
        holders: names(&called.terms.body().holders),
        threshold: called.terms.body().threshold,
        phases: u8::try_from(called.boards.len()).unwrap_or(u8::MAX),
        state: match &called.end {
            None => "under way".to_owned(),
            Some(Ok(())) => "made".to_owned(),
            Some(Err(code)) => code.to_string(),
        },
    });
    View::SharedKeys(SharedKeysView { keys: keys.collect(), ceremonies: ceremonies.collect() })
}

/// All rounds.
pub(super) fn rounds(state: &State) -> View {
    let mut rounds: Vec<_> = state.rounds().rounds().iter().collect();
    rounds.sort_by_key(|(id, known)| (known.at, **id));
    let line = |(id, known): (&RunId, &KnownRound)| RoundLine {
        round: id.to_string(),
        pilot_name: pilot_name(state, known.terms.body().pilot),
        threshold: known.terms.body().threshold,
        state: known.phase.name().to_owned(),
        evaluate_by: shown(known.terms.body().schedule.evaluate_by),
        ends: shown(known.terms.body().schedule.ends),
        items: items_of(known),
    };
    View::Rounds(RoundsView { rounds: rounds.into_iter().map(line).collect() })
}

fn items_of(known: &KnownRound) -> Option<u32> {
    match known.phase {
        RoundPhase::Answered(items) => items,
        _ => None,
    }
}

/// One round.
pub(super) fn round(state: &State, id: RunId) -> Result<View, Problem> {
    let known = state.rounds().rounds().get(&id).ok_or(Problem::defect("a round is gone"))?;
    let body = known.terms.body();
    let leakage = known.leakage();
    let names = |nodes: &[cwg_protocol::NodeKey]| nodes.iter().map(|node| named::name_of(state, *node)).collect();
    let turns = known.turns.iter().map(|turn| {
        let ending = known.endings.get(&turn.number());
        TurnLine {
            turn: turn.number(),
            relay: named::name_of(state, turn.relay()),
            end: ending.map(|ending| end_name(ending.end).to_owned()),
            uploads: ending.map(|ending| ending.uploads),
            items: ending.and_then(|ending| ending.band).map(|band| band_name(band).to_owned()),
            faults: ending.map(|ending| ending.faults.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        }
    });
    let counted = round_count(known);
    Ok(View::Round(Box::new(RoundView {
        round: id.to_string(),
        pilot: body.pilot.to_string(),
        pilot_name: pilot_name(state, body.pilot),
        terms: known.terms.digest().to_string(),
        threshold: body.threshold,
        types: body
            .kinds
            .iter()
            .map(|entry| RoundType {
                kind: entry.kind.name().to_owned(),
                roles: role_names(entry.roles),
                items: entry.items,
            })
            .collect(),
        uploads_min: body.uploads_min,
        members: names(&body.members),
        keyholders: names(&known.terms.key().body().holders),
        relays: names(&body.relays),
        evaluate_by: shown(body.schedule.evaluate_by),
        ends: shown(body.schedule.ends),
        rooms: (body.rooms.intervals > 0)
            .then(|| format!("{} to {}", shown(body.rooms.opens), shown(body.rooms.closes()))),
        state: known.phase.name().to_owned(),
        own_items: known.bound.map(|(items, _)| items),
        items: items_of(known),
        noise: counted.as_ref().map(|(noise, _)| noise.clone()),
        told: counted.and_then(|(_, told)| told),
        turns: turns.collect(),
        leakage: leakage.digest().to_string(),
        reveals: by_who(leakage.sentences().into_iter().map(|(who, fact)| (who.text(), fact)), leakage.assumption()),
        end: match &known.phase {
            RoundPhase::Ended(code) => Some(end_reason(&code.0)),
            _ => None,
        },
    })))
}

const fn end_name(end: TurnEnd) -> &'static str {
    match end {
        TurnEnd::Answered => "answered",
        TurnEnd::TooFewUploads => "too-few-uploads",
        TurnEnd::RelayFailed => "relay-failed",
    }
}

const fn band_name(band: CountBand) -> &'static str {
    match band {
        CountBand::UnderTen => "under 10",
        CountBand::Tens => "10 to 99",
        CountBand::Hundreds => "100 to 999",
        CountBand::Thousands => "1000 to 9999",
        CountBand::TenThousands => "10000 and more",
    }
}

/// Why a round ended here without a result, and what to do.
fn end_reason(code: &str) -> EndReason {
    refusals::explained(code, ENDS, ("the round ended", "cwg audit show has the code; ask the hub"))
}

const ENDS: &[(&str, &str, &str)] = &[
    ("round-closed", "the hub ended the round before its time", "ask its coordinator why"),
    ("round-out-of-time", "no turn would have fitted before the end", "open another round with more time"),
    ("round-relays-failed", "every relay failed", "cwg round show tells how; open another round when they run"),
    ("round-not-joined", "the round ended, and nobody here had consented to it", "consent before evaluations end"),
    ("round-unanswered", "no turn was answered here before the end", "keep the node running until the round ends"),
    (
        "round-evaluation-missed",
        "the items were not evaluated in time",
        "keep the node running; take part in the next round",
    ),
    (
        "round-items-changed",
        "the items are others than those that were bound",
        "load or delete nothing while a round runs",
    ),
    ("too-many-items", "more items of a type are loaded than the terms have", "ask for a round with more items of it"),
    ("too-few-keyholders", "fewer keyholders answered than it takes", "ask the hub's coordinator which are away"),
    (
        "too-few-uploads",
        "fewer uploads were complete than the terms say, so nobody learns anything",
        "hold it again with all",
    ),
    ("set-damaged", "a set cannot be read", "run cwg doctor"),
];

/// The item of a room by its number, from 1.
pub(super) fn room(state: &State, round: RunId, number: u32) -> Result<Item, Problem> {
    let known = &state.rounds().rounds()[&round];
    let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| known.rooms().nth(at)).ok_or_else(|| {
        let problem = "no room of this round has this number here";
        Problem::new(Exit::BadInput, "unknown-room", problem, "cwg room list shows the rooms")
    })
}

/// What is said in rooms, but for posts that have expired.
pub(super) fn rooms(
    state: &State,
    id: RunId,
    only: Option<u32>,
    now: UnixTime,
    notes: Vec<String>,
) -> Result<View, Problem> {
    let only = only.map(|number| room(state, id, number).map(|_| number)).transpose()?;
    let known = &state.rounds().rounds()[&id];
    let posts = known.posts().into_iter().filter_map(|(item, interval, post)| {
        let room = known.room_number(item)?;
        let is_old = post.as_ref().is_ok_and(|post| !post.holds_on(Day::of(now)));
        if is_old || only.is_some_and(|only| only != room) {
            return None;
        }
        Some(match post {
            Ok(post) => PostLine {
                room,
                interval,
                post: hex::encode(post.name),
                writer: hex::encode(post.writer.short()),
                says: post::words(post.draft.content),
                caveats: post.draft.caveats.iter().map(|caveat| caveat.to_string()).collect(),
                answers: post.draft.answers.map(hex::encode),
                text: post.draft.text.map(|text| text.to_string()),
            },
            Err(bad) => PostLine {
                room,
                interval,
                post: String::new(),
                writer: String::new(),
                says: format!("cannot be taken: {bad}"),
                caveats: Vec::new(),
                answers: None,
                text: None,
            },
        })
    });
    let terms = known.terms.body().rooms;
    Ok(View::Rooms(RoomsView {
        round: id.to_string(),
        rooms: u32::try_from(known.rooms().count()).unwrap_or(u32::MAX),
        closes: (terms.intervals > 0).then(|| shown(terms.closes())),
        waiting: u32::try_from(known.drafts()).unwrap_or(u32::MAX),
        posts: posts.collect(),
        notes,
    }))
}
