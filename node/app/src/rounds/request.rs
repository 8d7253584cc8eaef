//! Requests of rounds: as JSON `{"request": "round", "ask": {"of": "open", ...}}`.

use cwg_crypto::Digest;
use cwg_engine::command::{CeremonyCall, Command, KeyOrigin, Refusal, Reply, RoundPlan, RoundTells};
use cwg_engine::state::State;
use cwg_protocol::round::limits::RELAYS_MAX;
use cwg_protocol::round::{FreeText, KindItems, RoomTerms, Schedule};
use cwg_protocol::{RunId, UnixTime};
use serde::{Deserialize, Serialize};

use super::{describe, post, reveal};
use crate::action::{Action, Pending};
use crate::named::{self, bytes_of};
use crate::problem::{Exit, Problem};
use crate::refusals;
use crate::view::View;

/// What a front end can ask for about rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RoundRequest {
    /// Hub: calls members to make a shared key, or to hand over the one there is. Answered by `shared-keys`.
    Ceremony {
        /// The pilot.
        pilot: String,
        /// Who will hold a share, by name or fingerprint.
        holders: Vec<String>,
        /// How many of them it takes to evaluate.
        threshold: u8,
        /// How long each of the four phases lasts at most, seconds.
        phase_secs: u64,
        /// Whether the present key is handed over; with the same holders that is a refresh.
        handover: bool,
    },
    /// Ceremonies and keys. Answered by `shared-keys`.
    Keys,
    /// Hub: opens a round. Answered by `round`.
    Open {
        /// What it is to be.
        terms: RoundTerms,
    },
    /// Hub: ends a round before its time. Answered by `rounds`.
    Close {
        /// The round.
        round: String,
    },
    /// Member: takes part. Answered by `round`.
    Join {
        /// The round.
        round: String,
        /// Digest of the leakage that was shown and consented to, 64 hexadecimal digits.
        leakage: String,
    },
    /// Member: answered by `round` when the round has ended here.
    Await {
        /// The round.
        round: String,
    },
    /// Answered by `round`.
    Show {
        /// The round.
        round: String,
    },
    /// Answered by `rounds`.
    List,
    /// Member: what is said in its rooms. Answered by `rooms`.
    Rooms {
        /// The round.
        round: String,
        /// Only of this room.
        #[serde(default)]
        room: Option<u32>,
    },
    /// Member: writes to a room. Answered by `rooms`.
    Post {
        /// The round.
        round: String,
        /// The number of the room.
        room: u32,
        /// What it says, in words of a template: `question in-use`, `sighting 2026-01-31 2026-02-28 many payee`,
        /// `typology TYPOLOGY STAGE`, `outcome useful`.
        says: Vec<String>,
        /// Restrictions.
        #[serde(default)]
        caveats: Vec<String>,
        /// The name of the post that it answers, 16 hexadecimal digits.
        #[serde(default)]
        answers: Option<String>,
        /// Free text, where the terms allow it.
        #[serde(default)]
        text: Option<String>,
    },
}

/// What a round is to be. Steps are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoundTerms {
    /// The pilot.
    pub pilot: String,
    /// Members that must hold an item.
    pub threshold: u8,
    /// Types, with the number of items that every member brings of each, padding included.
    pub types: Vec<TypeItems>,
    /// Uploads without which there is no result.
    pub uploads: u8,
    /// From now until the end of evaluations.
    pub evaluate_secs: u64,
    /// For tickets.
    pub claim_secs: u32,
    /// For uploads.
    pub upload_secs: u32,
    /// By which one member may hold up all others.
    pub stall_secs: u32,
    /// Answers leave at multiples of so many.
    pub beat_secs: u32,
    /// From the end of uploads until answers are there.
    pub answer_secs: u32,
    /// Relays for which there is time, one after the other if one fails: 1 to 4. The rooms open after that.
    pub turns: u8,
    /// Intervals of the rooms; 0 for none.
    pub rooms: u16,
    /// How long each is.
    pub interval_secs: u32,
    /// Posts of every member in every interval, real or not.
    pub posts: u8,
    /// Whether posts may have free text.
    pub free_text: bool,
    /// Whether the coordinator is told, in place of a band, about how many items it found, with the noise of the charter's counts.
    #[serde(default)]
    pub count: bool,
}

/// A type and its number of items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TypeItems {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Items.
    pub items: u32,
}

/// What the engine's reply will mean.
#[derive(Debug)]
pub(crate) enum Awaited {
    Ceremony,
    Opened,
    Closed,
    Round(RunId),
    Posted(RunId),
    Reveal(RunId),
    Erased,
}

/// A round by the first digits of its number.
pub(crate) fn named(state: &State, text: &str) -> Result<RunId, Problem> {
    named::by_prefix("round", "cwg round list", state.rounds().rounds().keys().copied(), text)
}

/// What is to be done for a request.
pub(crate) fn prepare(ask: RoundRequest, state: &State, now: UnixTime) -> Result<Action, Problem> {
    let submit = |command, awaited| Action::Submit(command, Pending::round(awaited, now));
    Ok(match ask {
        RoundRequest::Keys => Action::Show(describe::keys(state)),
        RoundRequest::List => Action::Show(describe::rounds(state)),
        RoundRequest::Show { round } => Action::Show(describe::round(state, named(state, &round)?)?),
        RoundRequest::Rooms { round, room } => {
            Action::Show(describe::rooms(state, named(state, &round)?, room, now, Vec::new())?)
        }
        RoundRequest::Ceremony { pilot, holders, threshold, phase_secs, handover } => {
            let pilot = named::pilot(state, &pilot)?;
            let nodes = holders.iter().map(|holder| Ok(named::member(state, holder)?.node));
            let holders = nodes.collect::<Result<Vec<_>, Problem>>()?;
            let origin = if handover { KeyOrigin::Handover } else { KeyOrigin::New };
            let call = CeremonyCall { pilot, holders, threshold, phase_secs, origin };
            submit(Command::CallCeremony(call), Awaited::Ceremony)
        }
        RoundRequest::Open { terms } => {
            submit(Command::OpenRound(Box::new(plan_of(&terms, state, now)?)), Awaited::Opened)
        }
        RoundRequest::Close { round } => {
            let round = named(state, &round)?;
            submit(Command::CloseRound { round }, Awaited::Closed)
        }
        RoundRequest::Join { round, leakage } => {
            let round = named(state, &round)?;
            let leakage = Digest::from_bytes(bytes_of("the leakage digest", &leakage)?);
            submit(Command::JoinRound { round, leakage }, Awaited::Round(round))
        }
        RoundRequest::Await { round } => {
            let round = named(state, &round)?;
            submit(Command::AwaitRound(round), Awaited::Round(round))
        }
        RoundRequest::Post { round, room, says, caveats, answers, text } => {
            let round = named(state, &round)?;
            let item = describe::room(state, round, room)?;
            let terms = &state.rounds().rounds()[&round].terms;
            let draft = post::draft(&says, &caveats, answers.as_deref(), text, terms.body().rooms.closes())?;
            submit(Command::PostToRoom { round, item, draft: Box::new(draft) }, Awaited::Posted(round))
        }
    })
}

fn plan_of(terms: &RoundTerms, state: &State, now: UnixTime) -> Result<RoundPlan, Problem> {
    let pilot = named::pilot(state, &terms.pilot)?;
    let charter = &state.pilots()[&pilot].charter;
    let of_type = |entry: &TypeItems| {
        let kind = named::kind(&entry.kind)?;
        Ok(KindItems { kind, roles: charter.roles_of(kind), items: entry.items })
    };
    let mut kinds = terms.types.iter().map(of_type).collect::<Result<Vec<KindItems>, Problem>>()?;
    kinds.sort_by_key(|entry| entry.kind);
    let evaluate_by = now.plus_secs(terms.evaluate_secs);
    let steps = [terms.claim_secs, terms.upload_secs, terms.answer_secs, terms.stall_secs];
    let turn_secs: u64 = steps.iter().map(|secs| u64::from(*secs)).sum();
    if !(1..=RELAYS_MAX).contains(&usize::from(terms.turns)) {
        let problem = format!("a round has time for 1 to {RELAYS_MAX} turns");
        return Err(Problem::new(
            Exit::Usage,
            "round-turns",
            problem,
            "leave --turns out, unless the round is a trial",
        ));
    }
    let ends = evaluate_by.plus_secs(turn_secs.saturating_mul(terms.turns.into()));
    Ok(RoundPlan {
        pilot,
        threshold: terms.threshold,
        kinds,
        uploads_min: terms.uploads,
        schedule: Schedule {
            evaluate_by,
            claim_secs: terms.claim_secs,
            upload_secs: terms.upload_secs,
            stall_secs: terms.stall_secs,
            beat_secs: terms.beat_secs,
            answer_secs: terms.answer_secs,
            ends,
        },
        rooms: RoomTerms {
            opens: ends,
            interval_secs: terms.interval_secs,
            intervals: terms.rooms,
            posts: terms.posts,
            text: if terms.free_text { FreeText::On } else { FreeText::Off },
        },
        tells: if terms.count { RoundTells::Count } else { RoundTells::Band },
    })
}

/// The view for the engine's reply.
pub(crate) fn answer(
    awaited: &Awaited,
    reply: Result<Reply, Refusal>,
    state: &State,
    now: UnixTime,
) -> Result<View, Problem> {
    let reply = reply.map_err(|refusal| refusals::problem(&refusal))?;
    match (awaited, reply) {
        (Awaited::Ceremony, Reply::CeremonyCalled(_)) => Ok(describe::keys(state)),
        (Awaited::Opened, Reply::RoundOpened(round)) => describe::round(state, round),
        (Awaited::Closed, Reply::Done) => Ok(describe::rounds(state)),
        (Awaited::Round(round), Reply::Done | Reply::RoundEnded(_)) => describe::round(state, *round),
        (Awaited::Posted(round), Reply::Done) => {
            let note = "It leaves when the next interval begins, among posts that say nothing".to_owned();
            describe::rooms(state, *round, None, now, vec![note])
        }
        (Awaited::Reveal(round), Reply::RevealWritten(reveal)) => reveal::show(state, *round, reveal),
        (Awaited::Erased, Reply::Done) => Ok(reveal::list(state, None)),
        _ => Err(Problem::defect("the engine's reply does not fit the command")),
    }
}
