//! Reveals for people: who asks whom by pseudonyms, what is to be approved, what was shown.

use core::fmt;

use cwg_crypto::Digest;
use cwg_engine::KnownReveal;
use cwg_engine::command::{Command, RevealCommand, RevealNumber};
use cwg_engine::state::State;
use cwg_protocol::reveal::{Approval, Evidence, Fields, LEAKAGE, Side, Stage, Values};
use cwg_protocol::round::RoomTerms;
use cwg_protocol::round::room::Pseudonym;
use cwg_protocol::wire::BoundedText;
use cwg_protocol::{RunId, UnixTime};
use serde::{Deserialize, Serialize};

use super::describe;
use super::request::{Awaited, named as round_named};
use crate::action::{Action, Pending};
use crate::describe::revealed;
use crate::lighthouse::request::encoded;
use crate::named::{self, by_prefix, name_of};
use crate::problem::{Exit, Problem};
use crate::refusals;
use crate::times::{DayEnd, parse, shown};
use crate::view::{ReceivedView, RevealFields, RevealLine, RevealView, RevealsView, View};

/// What a front end can ask for about reveals: as JSON `{"request": "reveal", "ask": {"of": "show", ...}}`. All are answered by
/// `reveal`, but for the list and an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RevealRequest {
    /// Asks another holder.
    Request {
        /// The round.
        round: String,
        /// The number of the room.
        room: u32,
        /// Whom: the first digits of a writer's name in that room, at least four.
        writer: String,
        /// What this member would show.
        show: RevealFields,
        /// The fields that it asks for: `name`, `contact`, `case`.
        ask: Vec<String>,
        /// Until when it may be consented to: so many intervals from now, or a date.
        until: String,
        /// Why; kept at home.
        reason: String,
    },
    /// All reveals, or those of a round. Answered by `reveals`.
    List {
        /// The round.
        #[serde(default)]
        round: Option<String>,
    },
    /// One.
    Show {
        /// Which.
        reveal: String,
    },
    /// Writes down an answer.
    Answer {
        /// Which.
        reveal: String,
        /// The fields that were asked for.
        show: RevealFields,
    },
    /// Approves what is written down, with a person's signature.
    Approve {
        /// Which.
        reveal: String,
        /// The person, as registered.
        person: String,
        /// The person's signature; see [`crate::approve_reveal`].
        approval: String,
    },
    /// Declines.
    Decline {
        /// Which.
        reveal: String,
    },
    /// Takes back what was said.
    Withdraw {
        /// Which.
        reveal: String,
    },
    /// Forgets one that is over. Answered by `reveals`.
    Erase {
        /// Which.
        reveal: String,
    },
}

/// Bytes of an encoded approval.
const APPROVAL_LEN: usize = 32 + 64;

/// A writer by the whole of its key.
#[derive(Clone, Copy)]
struct Writer(Pseudonym);

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// What is to be done for a request.
pub(crate) fn prepare(ask: RevealRequest, state: &State, now: UnixTime) -> Result<Action, Problem> {
    let submit = |round, ask| {
        let awaited = if matches!(ask, RevealCommand::Erase { .. }) { Awaited::Erased } else { Awaited::Reveal(round) };
        Action::Submit(Command::Reveal { round, ask: Box::new(ask) }, Pending::round(awaited, now))
    };
    Ok(match ask {
        RevealRequest::List { round } => {
            let round = round.map(|round| round_named(state, &round)).transpose()?;
            Action::Show(list(state, round))
        }
        RevealRequest::Show { reveal } => {
            let (round, reveal) = find(state, &reveal)?;
            Action::Show(show(state, round, reveal)?)
        }
        RevealRequest::Request { round, room, writer, show, ask, until, reason } => {
            let round = round_named(state, &round)?;
            let item = describe::room(state, round, room)?;
            let known = &state.rounds().rounds()[&round];
            let writers = known.writers(item).into_iter().map(Writer);
            let Writer(to) = by_prefix("writer", "cwg room read", writers, &writer)?;
            let command = RevealCommand::Request {
                item,
                to,
                values: values(show)?,
                asks: fields(&ask)?,
                expires: until_interval(&known.terms.body().rooms, now, &until)?,
                reason: bounded("a reason", reason)?,
            };
            submit(round, command)
        }
        RevealRequest::Answer { reveal, show } => {
            let (round, reveal) = find(state, &reveal)?;
            submit(round, RevealCommand::Answer { reveal, values: values(show)? })
        }
        RevealRequest::Approve { reveal, person, approval } => {
            let (round, reveal) = find(state, &reveal)?;
            let person = named::name("the person's name", &person)?;
            let approval: Approval = encoded("an approval", &approval, APPROVAL_LEN)?;
            submit(round, RevealCommand::Approve { reveal, person, approval })
        }
        RevealRequest::Decline { reveal } => {
            let (round, reveal) = find(state, &reveal)?;
            submit(round, RevealCommand::Decline { reveal })
        }
        RevealRequest::Withdraw { reveal } => {
            let (round, reveal) = find(state, &reveal)?;
            submit(round, RevealCommand::Withdraw { reveal })
        }
        RevealRequest::Erase { reveal } => {
            let (round, reveal) = find(state, &reveal)?;
            submit(round, RevealCommand::Erase { reveal })
        }
    })
}

/// A reveal by the first digits of its number, and its round.
fn find(state: &State, text: &str) -> Result<(RunId, RevealNumber), Problem> {
    let all = || {
        state.rounds().rounds().iter().flat_map(|(round, known)| known.reveals().map(|(number, _)| (*round, number)))
    };
    let number = by_prefix("reveal", "cwg reveal list", all().map(|(_, number)| number), text)?;
    all().find(|(_, known)| *known == number).ok_or(Problem::defect("a reveal is gone"))
}

fn bounded<const N: usize>(what: &str, text: String) -> Result<BoundedText<N>, Problem> {
    BoundedText::try_from(text).map_err(|_| {
        let problem = format!("{what} has up to {N} bytes of visible characters");
        Problem::new(Exit::Usage, "reveal-text", problem, "shorten it, and leave out line breaks")
    })
}

fn values(show: RevealFields) -> Result<Values, Problem> {
    let RevealFields { name, contact, case } = show;
    Ok(Values {
        name: name.map(|text| bounded("a name", text)).transpose()?,
        contact: contact.map(|text| bounded("a contact", text)).transpose()?,
        case: case.map(|text| bounded("a case", text)).transpose()?,
    })
}

/// The fields, with what they are called.
const FIELDS: [(&str, Fields); 3] = [("name", Fields::NAME), ("contact", Fields::CONTACT), ("case", Fields::CASE)];

fn fields(names: &[String]) -> Result<Fields, Problem> {
    let refused = |problem: &str| Problem::new(Exit::Usage, "reveal-fields", problem, "ask for name, contact or case");
    let mut all = None;
    for name in names {
        let field = FIELDS.iter().find(|(known, _)| known == name);
        let (_, field) = field.ok_or_else(|| refused("no field has this name"))?;
        all = Some(all.map_or(*field, |all: Fields| all.with(*field)));
    }
    all.ok_or_else(|| refused("no field is asked for"))
}

fn field_names(fields: Fields) -> Vec<String> {
    FIELDS.iter().filter(|(_, field)| fields.has(*field)).map(|(name, _)| (*name).to_owned()).collect()
}

/// The interval that is meant: so many from now, or the one of a date. The engine refuses what is past or after the rooms.
fn until_interval(rooms: &RoomTerms, now: UnixTime, text: &str) -> Result<u16, Problem> {
    if let Ok(intervals) = text.parse::<u16>() {
        return Ok(rooms.interval_at(now).unwrap_or(0).saturating_add(intervals));
    }
    let at = parse(text, DayEnd::Last).ok_or_else(|| {
        let problem = "--until is a number of intervals or a date";
        Problem::new(Exit::Usage, "reveal-until", problem, "write it as 7, or as 2026-01-31")
    })?;
    Ok(if at < rooms.opens { 0 } else { rooms.interval_at(at).unwrap_or(rooms.intervals) })
}

fn shown_values(values: &Values) -> RevealFields {
    RevealFields {
        name: values.name.as_ref().map(ToString::to_string),
        contact: values.contact.as_ref().map(ToString::to_string),
        case: values.case.as_ref().map(ToString::to_string),
    }
}

fn side(known: &KnownReveal) -> String {
    match known.reveal.side() {
        Side::Requester => "requester",
        Side::Asked => "asked",
    }
    .to_owned()
}

/// The word for how far it is: that of the audit.
fn state_of(known: &KnownReveal) -> String {
    known.code().trim_start_matches("reveal-").to_owned()
}

/// All of them, or those of a round.
pub(super) fn list(state: &State, only: Option<RunId>) -> View {
    let rounds = state.rounds().rounds().iter().filter(|(id, _)| only.is_none_or(|only| only == **id));
    let mut reveals: Vec<_> =
        rounds.flat_map(|(id, round)| round.reveals().map(move |(number, known)| (id, round, number, known))).collect();
    reveals.sort_by_key(|(.., number, known)| (known.changed, *number));
    let lines = reveals.into_iter().map(|(id, round, number, known)| {
        let (shows, sees) = known.reveal.fields();
        RevealLine {
            reveal: number.to_string(),
            round: id.to_string(),
            room: round.room_number(known.item),
            side: side(known),
            other: hex::encode(known.reveal.of().1.short()),
            shows: field_names(shows),
            sees: field_names(sees),
            state: state_of(known),
            changed: shown(known.changed),
        }
    });
    View::Reveals(RevealsView { reveals: lines.collect() })
}

/// One.
pub(super) fn show(state: &State, id: RunId, number: RevealNumber) -> Result<View, Problem> {
    let gone = Problem::defect("a reveal is gone");
    let round = state.rounds().rounds().get(&id).ok_or(gone)?;
    let (_, known) = round.reveals().find(|(of, _)| *of == number).ok_or(Problem::defect("a reveal is gone"))?;
    let rooms = round.terms.body().rooms;
    let (shows, sees) = known.reveal.fields();
    let received = match known.reveal.stage() {
        Stage::Released(released) => Some(received(state, &released.shown, released.receipt)),
        _ => None,
    };
    Ok(View::Reveal(Box::new(RevealView {
        reveal: number.to_string(),
        round: id.to_string(),
        room: round.room_number(known.item),
        side: side(known),
        state: state_of(known),
        other: hex::encode(known.reveal.of().1.short()),
        shows: field_names(shows),
        sees: field_names(sees),
        own: known.reveal.values().map(shown_values),
        clause: round.reveal_clause().map(ToString::to_string).unwrap_or_default(),
        until: known.reveal.expires(),
        until_time: shown(rooms.interval_end(known.reveal.expires())),
        reason: known.reason.as_ref().map(ToString::to_string),
        approved_by: known.approved_by.iter().map(ToString::to_string).collect(),
        to_be_approved: known.reveal.to_be_approved().ok().map(|digest| digest.to_string()),
        leakage: LEAKAGE.digest().to_string(),
        tells: revealed(&LEAKAGE),
        received,
        end: known.fault.as_ref().map(|fault| refusals::explained(&fault.0, &[], BROKEN)),
        delete_after: round.erased_at(known).map(shown),
    })))
}

/// Of a box that is not what it should be.
const BROKEN: (&str, &str) = (
    "the other side's box is not what was agreed, and it has this member's fields",
    "tell the two who approved it: what was shown cannot be taken back; keep the audit, and ask a lawyer of the member",
);

fn received(state: &State, shown: &Evidence, receipt: Digest) -> ReceivedView {
    ReceivedView {
        member: name_of(state, shown.member),
        fields: shown_values(&shown.values),
        receipt: receipt.to_string(),
    }
}
