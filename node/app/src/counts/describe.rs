//! Counts and the ledger in words.

use std::collections::BTreeSet;

use cwg_engine::record::NodeKind;
use cwg_engine::state::State;
use cwg_engine::{CountPhase, KnownCount, KnownRound};
use cwg_protocol::count::limits::{COUNT_FLOOR, EPSILON_OF_MONTH_MAX};
use cwg_protocol::count::{Charge, Figure, LEAKAGE, NoiseTerms, Subject};
use cwg_protocol::lighthouse::{Day, Month};
use cwg_protocol::{NodeKey, RunId, UnixTime};

use crate::describe::{pilot_name, revealed, role_names};
use crate::named;
use crate::problem::Problem;
use crate::refusals;
use crate::times::shown;
use crate::view::{
    CountLine, CountView, CountsView, EndReason, LedgerView, NoiseView, ReleaseChargeLine, SpentLine, ToldView,
    TypeRoles, View,
};

/// All counts.
pub(super) fn counts(state: &State) -> View {
    let mut counts: Vec<_> = state.counts().counts().iter().collect();
    counts.sort_by_key(|(id, known)| (known.at, **id));
    let line = |(id, known): (&RunId, &KnownCount)| CountLine {
        count: id.to_string(),
        pilot_name: pilot_name(state, known.terms.body().pilot),
        banks: names(state, &known.terms.body().banks),
        state: known.phase.name().to_owned(),
        ends: shown(known.terms.body().ends),
        told: figure_of(known).map(|figure| figure.to_string()),
    };
    View::Counts(CountsView { counts: counts.into_iter().map(line).collect() })
}

/// One count.
pub(super) fn count(state: &State, id: RunId) -> Result<View, Problem> {
    let known = state.counts().counts().get(&id).ok_or(Problem::defect("a count is gone"))?;
    let body = known.terms.body();
    let margin = body.noise.margin_of_pair();
    Ok(View::Count(Box::new(CountView {
        count: id.to_string(),
        pilot: body.pilot.to_string(),
        pilot_name: pilot_name(state, body.pilot),
        terms: known.terms.digest().to_string(),
        banks: names(state, &body.banks),
        types: body
            .kinds
            .iter()
            .map(|entry| TypeRoles { kind: entry.kind.name().to_owned(), roles: role_names(entry.roles) })
            .collect(),
        items: body.items,
        month: known.terms.month().to_string(),
        opens: shown(body.opens),
        ends: shown(body.ends),
        noise: noise(body.noise, margin),
        state: known.phase.name().to_owned(),
        own_items: known.own.map(|own| own.items),
        left_out: known.own.map(|own| own.left_out),
        told: figure_of(known).map(|figure| told(figure, margin)),
        leakage: LEAKAGE.digest().to_string(),
        reveals: revealed(&LEAKAGE),
        end: match &known.phase {
            CountPhase::Ended(code) => Some(end_reason(&code.0)),
            _ => None,
        },
    })))
}

/// What the hub tells of how many items a round found, where that is counted: its noise, and the figure once there is one.
pub(crate) fn round_count(known: &KnownRound) -> Option<(NoiseView, Option<ToldView>)> {
    let terms = known.noise?;
    let margin = terms.margin_of_round(known.terms.body().threshold);
    Some((noise(terms, margin), known.figure.map(|figure| told(figure, margin))))
}

/// What was released.
pub(super) fn ledger(state: &State, now: UnixTime) -> View {
    let ledger = state.counts().ledger();
    let own = state.own().filter(|own| own.kind == NodeKind::Member).map(cwg_engine::state::Own::node);
    let line = |charge: &Charge| ReleaseChargeLine {
        month: charge.month.to_string(),
        of: subject(state, charge.subject),
        terms: charge.terms.to_string(),
        epsilon: thousandths(charge.noise.epsilon.number().into()),
        delta: delta(charge.noise),
    };
    let mut of_month: BTreeSet<(Month, NodeKey)> =
        ledger.charges().flat_map(|charge| charge.members.iter().map(|member| (charge.month, *member))).collect();
    of_month.extend(own.map(|own| (Day::of(now).month(), own)));
    let spent =
        of_month.into_iter().filter(|(_, member)| own.is_none_or(|own| own == *member)).map(|(month, member)| {
            let spent = ledger.epsilon_spent(member, month);
            SpentLine {
                month: month.to_string(),
                member: named::name_of(state, member),
                spent: thousandths(spent),
                left: thousandths(EPSILON_OF_MONTH_MAX.saturating_sub(spent)),
            }
        });
    View::Ledger(LedgerView {
        epsilon_of_month: thousandths(EPSILON_OF_MONTH_MAX),
        spent: spent.collect(),
        releases: ledger.charges().map(line).collect(),
    })
}

fn subject(state: &State, subject: Subject) -> String {
    match subject {
        Subject::Pair(banks) => names(state, &banks).join(" with "),
        Subject::Rounds(pilot) => format!("rounds of {}", pilot_name(state, pilot)),
    }
}

fn names(state: &State, nodes: &[NodeKey]) -> Vec<String> {
    nodes.iter().map(|node| named::name_of(state, *node)).collect()
}

fn figure_of(known: &KnownCount) -> Option<Figure> {
    match known.phase {
        CountPhase::Told(figure) => Some(figure),
        _ => None,
    }
}

fn told(figure: Figure, margin: u32) -> ToldView {
    let (about, range) = match figure {
        Figure::UnderFloor => (None, [0, COUNT_FLOOR as u32 - 1 + margin]),
        Figure::About(about) => (Some(about), [about.saturating_sub(margin), about.saturating_add(margin)]),
    };
    let [least, most] = range;
    let words = format!("{figure}: in 19 of 20 counts the true number is from {least} to {most}");
    ToldView { figure: figure.to_string(), about, least, most, words }
}

/// Noise, and how far it puts what is told from the true number.
pub(crate) fn noise(terms: NoiseTerms, margin: u32) -> NoiseView {
    let (epsilon, each) = (terms.epsilon.number(), terms.sensitivity.number());
    let factor = (f64::from(epsilon) / 1000.0).exp();
    let promise = format!(
        "whatever is told is at most {factor:.2} times as likely with one person's items as without, but for a chance under {}; \
         a person is one of the bank's references, with up to {each} items",
        delta(terms)
    );
    NoiseView { epsilon: thousandths(epsilon.into()), delta: delta(terms), identifiers: each, margin, promise }
}

/// Thousandths as a decimal number, without zeros at its end.
fn thousandths(number: u32) -> String {
    let text = format!("{}.{:03}", number / 1000, number % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn delta(terms: NoiseTerms) -> String {
    format!("10^-{}", terms.delta.number())
}

/// Why a count ended here without a figure, and what to do.
fn end_reason(code: &str) -> EndReason {
    refusals::explained(code, ENDS, OTHER)
}

const OTHER: (&str, &str) = (
    "the other bank or the hub broke the protocol, or one of the programs has a defect",
    "tell the hub's coordinator the code, and keep the audit",
);

const ENDS: &[(&str, &str, &str)] = &[
    ("count-missed", "nobody consented here before its end", "ask the hub's coordinator for another count"),
    (
        "count-unanswered",
        "there was no answer before its end",
        "ask whether both banks took part and their nodes ran; cwg count ledger tells whether it was charged here",
    ),
    (
        "count-list-changed",
        "the own list is another one than the one that takes part, so nothing more is sent",
        "load or delete nothing while a count is under way",
    ),
    (
        "count-other-changed",
        "the other bank sent another list than before, so the hub is sent nothing about it",
        "ask its operator whether something was loaded or deleted while the count was under way",
    ),
    ("set-damaged", "a set cannot be read", "run cwg doctor, then load the file again"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_decimals_without_idle_zeros() {
        for (number, text) in [(0, "0"), (50, "0.05"), (500, "0.5"), (1999, "1.999"), (2000, "2"), (10_000, "10")] {
            assert_eq!(thousandths(number), text);
        }
    }

    #[test]
    fn what_is_told_has_its_range() {
        let check = |figure, words: &str| assert_eq!(told(figure, 48).words, words);
        check(Figure::UnderFloor, "under 20: in 19 of 20 counts the true number is from 0 to 67");
        check(Figure::About(30), "about 30: in 19 of 20 counts the true number is from 0 to 78");
        check(Figure::About(1000), "about 1000: in 19 of 20 counts the true number is from 952 to 1048");
    }

    #[test]
    fn every_end_that_the_engine_names_is_explained() {
        let sources =
            [include_str!("../../../engine/src/counts/mod.rs"), include_str!("../../../engine/src/counts/bank.rs")];
        let mut named = 0;
        for part in sources.iter().flat_map(|source| source.split("\"count-").skip(1)) {
            let code = format!("count-{}", part.split('"').next().unwrap());
            let is_end = !matches!(
                &*code,
                // Lines of the log, and refusals of what a hub says.
                "count-joined"
                    | "count-told"
                    | "count-ended"
                    | "count-offered"
                    | "count-offered-twice"
                    | "count-terms-changed"
                    | "count-not-named"
                    | "count-answer-changed"
            );
            if is_end {
                assert!(ENDS.iter().any(|(known, ..)| *known == code), "{code}");
                named += 1;
            }
        }
        assert!(named >= 4, "the scan found {named} codes");
    }
}
