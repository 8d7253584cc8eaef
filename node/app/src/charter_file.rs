//! A charter as a coordinator writes it: TOML, members by their names, dates by the calendar (UTC).

use core::fmt;

use cwg_engine::state::State;
use cwg_protocol::charter::{
    Body, Budget, CountRules, ITEMS_MIN_FLOOR, KindRoles, ROUNDS_PER_KEY_MAX, RoundRules, RunKind,
};
use cwg_protocol::count::{NoiseTerms, OutOfBounds};
use cwg_protocol::indicator::{IndicatorKind, Role, Roles};
use cwg_protocol::round::limits::UPLOADS_FEWEST;
use cwg_protocol::session::Learns;
use cwg_protocol::{NetworkId, PilotId, UnixTime};
use serde::{Deserialize, Deserializer, Serialize};

use crate::files::parse_toml;
use crate::problem::{Exit, Problem};
use crate::times::{self, DayEnd};
use crate::{named, times::shown};

/// A charter file. Every key must be there and no other may be; `node/app/samples/charter.toml` shows one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterFile {
    /// The pilot's name, 1 to 128 bytes.
    pub name: String,
    /// What it is for, 1 to 4096 bytes.
    pub purpose: String,
    /// Under which law, 1 to 4096 bytes.
    pub legal_basis: String,
    /// Names of at least two members, as on the roster.
    pub members: Vec<String>,
    /// Kinds of runs: `pair`, `lighthouse`, `round`, `count`.
    pub runs: Vec<String>,
    /// Who may learn in a pair run: `proposer`, `acceptor`, `both`.
    pub learns: Vec<String>,
    /// The first day (UTC), or the first moment with its offset.
    pub opens: When,
    /// The last day (UTC), which is included, or the last moment with its offset.
    pub closes: When,
    /// Days after which a match that is in no case is deleted, 1 to 3650.
    pub retention_days: u32,
    /// Allowances against probing.
    pub budget: BudgetTerms,
    /// Indicator types with the roles in which they may enter.
    pub indicators: Vec<IndicatorTerms>,
    /// Of rounds, exactly if `runs` has them.
    pub rounds: Option<RoundClauses>,
    /// Of counts, exactly if `runs` has them.
    pub counts: Option<CountClauses>,
}

/// What a charter says of rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundClauses {
    /// Names of members that may hold a share of the key, two at least.
    pub keyholders: Vec<String>,
    /// Keyholders that it takes to evaluate, at least.
    pub threshold: u8,
    /// Uploads without which there is no result, at least.
    pub uploads_min: u8,
    /// Rounds under one key.
    pub rounds_per_key: u16,
    /// The clause under which holders may reveal themselves to each other; left out if they may not.
    pub reveals: Option<String>,
}

/// What a charter says of counts: the noise of every release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountClauses {
    /// Epsilon in thousandths, 50 to 500.
    pub epsilon_thousandths: u16,
    /// Digits of delta, 6 to 12: 9 is 0.000000001.
    pub delta_digits: u8,
    /// Identifiers of one person that a list may have, 1 to 16.
    pub identifiers: u8,
}

/// One indicator type of a charter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorTerms {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `holder`, `counterparty`.
    pub roles: Vec<String>,
}

/// The allowances of a charter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetTerms {
    /// Items, padding included, that one side may bring to a session.
    pub items_per_session: u32,
    /// Sessions of one member with one other in any 24 hours.
    pub sessions_per_day: u32,
    /// Items that a side which learns must bring at least; not below 10.
    pub items_min: u32,
}

/// A date or a date-time, written as text or as a date of TOML.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct When(pub String);

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a date, for example 2026-12-01")]
        enum Written {
            Text(String),
            Date(toml::value::Datetime),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Date(date) => date.to_string(),
        }))
    }
}

impl CharterFile {
    /// Reads the text of a charter file; `file` is its name for messages.
    ///
    /// # Errors
    /// If it is not one: the problem names the line.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        parse_toml(text, file, "charter-file", "compare it with the example node/app/samples/charter.toml")
    }
}

/// What the hub would sign. Network, pilot and version are the engine's to fill in.
///
/// # Errors
/// The first field that cannot stand as it is, by its name.
pub(crate) fn body_of(file: &CharterFile, state: &State) -> Result<Body, Problem> {
    let (opens, closes) = dates_of(file)?;
    if !(1..=3650).contains(&file.retention_days) {
        return Err(field("retention_days", "is not from 1 to 3650", "choose a number of days in that range"));
    }
    let budget = budget_of(&file.budget)?;
    Ok(Body {
        network: NetworkId([0; 16]),
        pilot: PilotId([0; 8]),
        version: 1,
        name: text_of("name", &file.name)?,
        purpose: text_of("purpose", &file.purpose)?,
        legal_basis: text_of("legal_basis", &file.legal_basis)?,
        members: members_of("members", &file.members, state)?,
        kinds: kinds_of(&file.indicators)?,
        runs: list_of("runs", &file.runs, "pair, lighthouse, round or count", |name| {
            RunKind::ALL.into_iter().find(|kind| kind.name() == name)
        })?,
        learns: learns_of(file)?,
        opens,
        closes,
        retention_days: file.retention_days,
        budget,
        rounds: rounds_of(file, state)?,
        counts: counts_of(file)?,
    })
}

fn field(name: impl fmt::Display, what: impl fmt::Display, hint: impl Into<String>) -> Problem {
    Problem::new(Exit::BadInput, "charter-file", format!("charter: {name} {what}"), hint)
}

fn text_of<const N: usize>(name: &str, text: &str) -> Result<cwg_protocol::wire::BoundedText<N>, Problem> {
    if text.trim().is_empty() {
        return Err(field(name, "is empty", "write it out: every member signs it"));
    }
    text.to_owned().try_into().map_err(|_| {
        field(
            name,
            format!("is longer than {N} bytes or holds a control character"),
            "keep it to one line of that length",
        )
    })
}

fn dates_of(file: &CharterFile) -> Result<(UnixTime, UnixTime), Problem> {
    let read = |name, when: &When, end| {
        times::parse(&when.0, end).ok_or_else(|| {
            field(
                name,
                "is not a date (2026-12-01) or a date-time with an offset (2026-12-01T09:00:00+11:00)",
                "a bare date means the whole day in UTC",
            )
        })
    };
    let opens = read("opens", &file.opens, DayEnd::First)?;
    let closes = read("closes", &file.closes, DayEnd::Last)?;
    if closes <= opens {
        let what = format!("({}) is not after opens ({})", shown(closes), shown(opens));
        return Err(field("closes", what, "exchange or correct the two dates"));
    }
    Ok((opens, closes))
}

fn budget_of(terms: &BudgetTerms) -> Result<Budget, Problem> {
    if terms.items_per_session == 0 || terms.sessions_per_day == 0 {
        let name = if terms.items_per_session == 0 { "items_per_session" } else { "sessions_per_day" };
        return Err(field(format_args!("budget.{name}"), "is zero", "allow at least one, or leave the run kind out"));
    }
    if terms.items_min < ITEMS_MIN_FLOOR {
        return Err(field(
            "budget.items_min",
            format!("is below {ITEMS_MIN_FLOOR}"),
            "a side that learns must not ask about single people",
        ));
    }
    if terms.items_min > terms.items_per_session {
        return Err(field(
            "budget.items_min",
            "is above budget.items_per_session",
            "no set could satisfy both: raise the one or lower the other",
        ));
    }
    Ok(Budget {
        items_per_session: terms.items_per_session,
        sessions_per_day: terms.sessions_per_day,
        items_min: terms.items_min,
    })
}

fn members_of<const N: usize>(
    list: &str,
    names: &[String],
    state: &State,
) -> Result<cwg_protocol::wire::BoundedVec<cwg_protocol::NodeKey, N>, Problem> {
    let mut members = Vec::with_capacity(names.len().min(N));
    for (at, name) in names.iter().enumerate() {
        let place = format!("{list}[{at}]");
        let entry =
            named::member(state, name).map_err(|problem| field(&place, "is not on the roster", problem.hint))?;
        if state.active(entry.node).is_none() {
            return Err(field(place, "is revoked", "leave it out, or invite the member again under new keys"));
        }
        if members.contains(&entry.node) {
            return Err(field(place, "stands twice", "name each member once"));
        }
        members.push(entry.node);
    }
    if members.len() < 2 {
        return Err(field(list, "names fewer than two", "nobody compares, or evaluates, alone"));
    }
    members.sort_unstable();
    members.try_into().map_err(|_| field(list, format!("names more than {N}"), "leave some out"))
}

/// A section that is there exactly if runs of its kind are.
fn section<'a, T>(file: &CharterFile, run: RunKind, terms: Option<&'a T>) -> Result<Option<&'a T>, Problem> {
    let has = file.runs.iter().any(|known| known == run.name());
    let name = format!("{}s", run.name());
    match terms {
        None if has => Err(field(&name, "is missing", format!("add [{name}], or take {} out of runs", run.name()))),
        Some(_) if !has => Err(field(name, "is there without such runs", format!("add {} to runs", run.name()))),
        terms => Ok(terms),
    }
}

fn rounds_of(file: &CharterFile, state: &State) -> Result<Option<RoundRules>, Problem> {
    let Some(terms) = section(file, RunKind::Round, file.rounds.as_ref())? else { return Ok(None) };
    let RoundClauses { threshold, uploads_min, rounds_per_key, .. } = *terms;
    if let Some(at) = terms.keyholders.iter().position(|name| !file.members.contains(name)) {
        return Err(field(format!("rounds.keyholders[{at}]"), "is not among members", "write it as it stands there"));
    }
    let keyholders = members_of("rounds.keyholders", &terms.keyholders, state)?;
    let fewest = UPLOADS_FEWEST.into();
    if file.members.len() < fewest {
        return Err(field("members", format!("are fewer than {fewest}"), "a round takes as many uploads"));
    }
    let ranges = [
        ("threshold", threshold.into(), 2..=keyholders.len()),
        ("uploads_min", uploads_min.into(), fewest..=file.members.len()),
        ("rounds_per_key", rounds_per_key.into(), 1..=usize::from(ROUNDS_PER_KEY_MAX)),
    ];
    for (name, number, range) in ranges {
        if !range.contains(&number) {
            let what = format!("is not from {} to {}", range.start(), range.end());
            return Err(field(format!("rounds.{name}"), what, "choose a number in that range"));
        }
    }
    let reveals = terms.reveals.as_ref().map(|clause| text_of("rounds.reveals", clause)).transpose()?;
    Ok(Some(RoundRules { keyholders, threshold, uploads_min, rounds_per_key, reveals }))
}

fn counts_of(file: &CharterFile) -> Result<Option<CountRules>, Problem> {
    let Some(terms) = section(file, RunKind::Count, file.counts.as_ref())? else { return Ok(None) };
    let outside = |name: &str, error: OutOfBounds| {
        let what = format!("is not from {} to {}", error.min, error.max);
        field(format!("counts.{name}"), what, "docs/spec/count.md says what it does")
    };
    let noise = NoiseTerms {
        epsilon: terms.epsilon_thousandths.try_into().map_err(|error| outside("epsilon_thousandths", error))?,
        delta: terms.delta_digits.try_into().map_err(|error| outside("delta_digits", error))?,
        sensitivity: terms.identifiers.try_into().map_err(|error| outside("identifiers", error))?,
    };
    Ok(Some(CountRules { noise }))
}

fn kinds_of<const N: usize>(terms: &[IndicatorTerms]) -> Result<cwg_protocol::wire::BoundedVec<KindRoles, N>, Problem> {
    let mut kinds: Vec<KindRoles> = Vec::new();
    for (at, entry) in terms.iter().enumerate() {
        let place = |rest: &str| format!("indicators[{at}].{rest}");
        let kind = IndicatorKind::from_name(&entry.kind).ok_or_else(|| {
            let all = IndicatorKind::ALL.map(IndicatorKind::name).join(", ");
            field(place("type"), "is not an indicator type", format!("one of {all}"))
        })?;
        let roles = entry.roles.iter().enumerate().try_fold(Roles::NONE, |roles, (at_role, name)| {
            let role = Role::from_name(name).ok_or_else(|| {
                field(place(&format!("roles[{at_role}]")), "is not a role", "a role is holder or counterparty")
            })?;
            Ok::<Roles, Problem>(roles.union(Roles::only(role)))
        })?;
        if roles == Roles::NONE {
            return Err(field(place("roles"), "is empty", "name holder, counterparty or both"));
        }
        if kinds.iter().any(|known| known.kind == kind) {
            return Err(field(place("type"), "stands twice", "write one entry with all its roles"));
        }
        kinds.push(KindRoles { kind, roles });
    }
    if kinds.is_empty() {
        return Err(field("indicators", "is empty", "add [[indicators]] with a type and roles"));
    }
    kinds.sort_unstable_by_key(|entry| entry.kind);
    kinds.try_into().map_err(|_| field("indicators", format!("names more than {N}"), "leave some out"))
}

fn learns_of(file: &CharterFile) -> Result<cwg_protocol::wire::BoundedVec<Learns, 3>, Problem> {
    let pair = file.runs.iter().any(|run| run == RunKind::Pair.name());
    if file.learns.is_empty() {
        if pair {
            return Err(field("learns", "is empty although pair runs are allowed", "name proposer, acceptor or both"));
        }
        return Ok(Vec::new().try_into().expect("none is under the limit"));
    }
    list_of("learns", &file.learns, "proposer, acceptor or both", |name| {
        [Learns::Proposer, Learns::Acceptor, Learns::Both].into_iter().find(|learns| learns.name() == name)
    })
}

fn list_of<T: Ord + Copy, const N: usize>(
    name: &str,
    words: &[String],
    choices: &str,
    known: impl Fn(&str) -> Option<T>,
) -> Result<cwg_protocol::wire::BoundedVec<T, N>, Problem> {
    let mut values = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let place = format!("{name}[{at}]");
        let value = known(word).ok_or_else(|| field(&place, "is not known", format!("write {choices}")))?;
        if values.contains(&value) {
            return Err(field(place, "stands twice", "write each once"));
        }
        values.push(value);
    }
    if values.is_empty() {
        return Err(field(name, "is empty", format!("write {choices}")));
    }
    values.sort_unstable();
    values.try_into().map_err(|_| field(name, "names too many", "write each once"))
}
