//! From a request to what is to be done, and from the engine's reply to a view.
//!
//! What a node may do is the engine's to refuse; here requests become commands, names become numbers, and every refusal
//! gets a remedy.

use cwg_crypto::{Digest, Signature};
use cwg_engine::command::{Command, Refusal, Reply};
use cwg_engine::io::Selection;
use cwg_engine::record::RunPlan;
use cwg_engine::state::State;
use cwg_protocol::indicator::{IndicatorKind, Role, Roles};
use cwg_protocol::invitation::Invitation;
use cwg_protocol::psi::{default_protocol, protocol_named};
use cwg_protocol::session::Learns;
use cwg_protocol::{LoadId, OperatorKey, PilotId, RunId, UnixTime};

use crate::lighthouse::request::Awaited;
use crate::named::{self, bytes_of};
use crate::problem::{Exit, Problem};
use crate::request::{Purge, Request, WhoLearns};
use crate::standing::{CompareWork, EvaluateWork, LookUpWork};
use crate::view::{BuildView, LoadReportView, View};
use crate::work::{
    AuditShowWork, AuditVerifyWork, DoctorWork, LoadWork, MatchListWork, MatchShowWork, PlanBookWork, PurgeOlderWork,
    StatusWork, Work,
};
use crate::{charter_file, counts, describe, lighthouse, refusals, rounds, signing, standing};

/// What a request needs.
#[derive(Debug)]
pub enum Action {
    /// Nothing more.
    Show(View),
    /// The engine: submit the command, then call [`answer`] with its reply.
    Submit(Command, Pending),
    /// Files, the journal, or what only the daemon knows.
    Work(Work),
}

/// What the engine's reply will mean.
#[derive(Debug)]
pub struct Pending {
    awaiting: Awaiting,
    asked: UnixTime,
}

#[derive(Debug)]
enum Awaiting {
    NodeMade,
    Invitation,
    Roster,
    Operators,
    CharterWritten,
    CharterSigned(PilotId),
    Loaded(Box<LoadReportView>),
    Purged(Vec<LoadId>),
    RunPlanned,
    RunStarted(RunId),
    RunEnded(RunId),
    Lighthouse(Awaited),
    PeriodOpened,
    Round(rounds::Awaited),
    Count(counts::Awaited),
}

impl Pending {
    pub(crate) fn lighthouse(awaited: Awaited, asked: UnixTime) -> Self {
        Self { awaiting: Awaiting::Lighthouse(awaited), asked }
    }

    pub(crate) fn round(awaited: rounds::Awaited, asked: UnixTime) -> Self {
        Self { awaiting: Awaiting::Round(awaited), asked }
    }

    pub(crate) fn count(awaited: counts::Awaited, asked: UnixTime) -> Self {
        Self { awaiting: Awaiting::Count(awaited), asked }
    }

    pub(crate) fn drafted(view: BuildView, asked: UnixTime) -> Self {
        Self::lighthouse(Awaited::Drafted(Box::new(view)), asked)
    }

    pub(crate) fn trends(asked: UnixTime) -> Self {
        Self::lighthouse(Awaited::Trends, asked)
    }

    pub(crate) fn loaded(report: LoadReportView) -> Self {
        // A report shows no dates.
        Self { awaiting: Awaiting::Loaded(Box::new(report)), asked: UnixTime(0) }
    }

    pub(crate) fn run_planned(asked: UnixTime) -> Self {
        Self { awaiting: Awaiting::RunPlanned, asked }
    }

    pub(crate) fn purged(loads: Vec<LoadId>, asked: UnixTime) -> Self {
        Self { awaiting: Awaiting::Purged(loads), asked }
    }
}

/// What is to be done for a request.
///
/// # Errors
/// If it is put wrongly or names nothing that exists.
pub fn prepare(request: Request, state: &State, now: UnixTime) -> Result<Action, Problem> {
    Ok(match request {
        Request::RosterShow => Action::Show(View::Roster(describe::roster(state, now)?)),
        Request::OperatorList => Action::Show(View::Operators(describe::operators(state))),
        Request::PilotShow { pilot } => Action::Show(describe::pilot(state, named::pilot(state, &pilot)?, now)?),
        Request::PilotList => Action::Show(View::Pilots(describe::pilots(state, now))),
        Request::RunStatus { run } => Action::Show(describe::run(state, named::run(state, &run)?)?),
        Request::RunList => Action::Show(View::Runs(describe::runs(state))),
        Request::IndicatorsStats => Action::Work(Work::Stats),
        Request::IndicatorsLoad { path, map } => Action::Work(Work::Load(LoadWork::new(path, map, state, now)?)),
        Request::IndicatorsCheck { path, map } => Action::Work(Work::Check(LoadWork::checking(path, map, state, now))),
        Request::IndicatorsPurge { which: Purge::OlderThanDays(days) } => {
            Action::Work(Work::PurgeOlder(PurgeOlderWork::new(days, now)))
        }
        Request::LighthousePlan { pilot, book, map, types, roles } => {
            let work = PlanBookWork::new(&pilot, (&book, &map), (&types, &roles), state, now)?;
            Action::Work(Work::PlanBook(work))
        }
        Request::MatchList { run, kind, after, limit, withdrawn } => {
            let run = run.map(|run| named::run_or_round(state, &run)).transpose()?;
            let kind = kind.map(|kind| named::kind(&kind)).transpose()?;
            Action::Work(Work::MatchList(MatchListWork::new((run, kind, withdrawn), after, limit, state, now)?))
        }
        Request::MatchShow { id } => Action::Work(Work::MatchShow(MatchShowWork::new(&id, state, now)?)),
        Request::AuditShow { from, limit } => Action::Work(Work::AuditShow(AuditShowWork::new(from, limit)?)),
        Request::AuditVerify { head } => Action::Work(Work::AuditVerify(AuditVerifyWork::new(head.as_deref())?)),
        Request::Lighthouse { ask } => lighthouse::request::prepare(ask, state, now)?,
        Request::Round { ask } => rounds::prepare(ask, state, now)?,
        Request::Reveal { ask } => rounds::prepare_reveal(ask, state, now)?,
        Request::Count { ask } => counts::prepare(ask, state, now)?,
        Request::Status => Action::Work(Work::Status(StatusWork)),
        Request::Doctor => Action::Work(Work::Doctor(DoctorWork::new(now))),
        Request::StandingShow => Action::Show(standing::standing(state, Vec::new())),
        Request::EditionPublish => Action::Work(Work::PublishEdition),
        Request::Evaluate { pilot, path, map } => {
            Action::Work(Work::Evaluate(EvaluateWork::new(&pilot, &path, &map, state, now)?))
        }
        Request::Compare { pilot, path, map } => {
            Action::Work(Work::Compare(CompareWork::new(&pilot, &path, &map, state, now)?))
        }
        Request::LookUp { pilot, kind, value } => {
            Action::Work(Work::LookUp(LookUpWork::new(&pilot, &kind, &value, state, now)?))
        }
        command => {
            let (command, awaiting) = command_of(command, state)?;
            Action::Submit(command, Pending { awaiting, asked: now })
        }
    })
}

fn command_of(request: Request, state: &State) -> Result<(Command, Awaiting), Problem> {
    Ok(match request {
        Request::HubInit { name, listen } => {
            let address = named::address(&listen)?;
            if address.is_empty() {
                return Err(Problem::new(
                    Exit::Usage,
                    "address-refused",
                    "a hub needs an address at which members reach it",
                    "give --listen HOST:PORT",
                ));
            }
            (Command::FoundHub { name: named::name("the hub's name", &name)?, address }, Awaiting::NodeMade)
        }
        Request::MemberInit { name, listen } => {
            let address = named::address(&listen)?;
            (Command::FoundMember { address, name: named::name("the member's name", &name)? }, Awaiting::NodeMade)
        }
        Request::Invite { name, valid_secs } => {
            (Command::Invite { name: named::name("the member's name", &name)?, valid_secs }, Awaiting::Invitation)
        }
        Request::Join { invitation } => {
            let invitation = Invitation::from_text(&invitation).map_err(|error| refusals::bad_invitation(&error))?;
            (Command::Join(Box::new(invitation)), Awaiting::Roster)
        }
        Request::RosterRevoke { member } => {
            (Command::Revoke { member: named::member(state, &member)?.node }, Awaiting::Roster)
        }
        Request::OperatorAdd { name, key } => {
            let key = OperatorKey(signing::public_key("the person's key", &key)?);
            (Command::AddOperator { name: named::name("the person's name", &name)?, key }, Awaiting::Operators)
        }
        Request::PilotNew { charter } => {
            let body = charter_file::body_of(&charter, state)?;
            (Command::WriteCharter(Box::new(body)), Awaiting::CharterWritten)
        }
        Request::PilotSign { pilot, person, charter, signature } => {
            let pilot = named::pilot(state, &pilot)?;
            let command = Command::SignCharter {
                pilot,
                charter: Digest::from_bytes(bytes_of("the charter's digest", &charter)?),
                person: named::name("the person's name", &person)?,
                signature: Signature::from_bytes(bytes_of("a signature", &signature)?),
            };
            (command, Awaiting::CharterSigned(pilot))
        }
        Request::IndicatorsPurge { which: Purge::Load(load) } => {
            let load = named::load(state, &load)?;
            (Command::Purge(load), Awaiting::Purged(vec![load]))
        }
        Request::RunPlan { pilot, with, learns, types, roles, protocol } => {
            let plan = plan_of(state, &pilot, &with, learns, (&types, &roles), protocol.as_deref())?;
            (Command::PlanRun(plan), Awaiting::RunPlanned)
        }
        Request::RunStart { run, leakage } => {
            let run = named::run(state, &run)?;
            let leakage = Digest::from_bytes(bytes_of("the leakage digest", &leakage)?);
            (Command::StartRun { run, leakage }, Awaiting::RunStarted(run))
        }
        Request::PeriodOpen { days, allowance } => (Command::OpenPeriod { days, allowance }, Awaiting::PeriodOpened),
        Request::RunAwait { run } => {
            let run = named::run(state, &run)?;
            (Command::AwaitRun(run), Awaiting::RunEnded(run))
        }
        _ => return Err(Problem::defect("a request that is neither shown, submitted nor worked on")),
    })
}

fn plan_of(
    state: &State,
    pilot: &str,
    with: &str,
    learns: WhoLearns,
    (types, roles): (&[String], &[String]),
    protocol: Option<&str>,
) -> Result<RunPlan, Problem> {
    let id = named::pilot(state, pilot)?;
    let charter = &state.pilots()[&id].charter;
    let peer = named::member(state, with)?.node;
    let selection = selection_of(charter.body(), types, roles)?;
    let protocol = match protocol {
        None => default_protocol(items_of(state, &selection)),
        Some(name) => protocol_named(name).ok_or_else(|| {
            Problem::new(Exit::Usage, "unknown-protocol", "no protocol has this name", "cwg protocols lists them")
        })?,
    };
    if !protocol.for_members() {
        let problem = "this protocol does not stand against a malicious side";
        return Err(Problem::new(Exit::Usage, "protocol-for-comparison", problem, "leave --protocol out"));
    }
    let protocol = protocol.id();
    let learns = match learns {
        WhoLearns::Us => Learns::Proposer,
        WhoLearns::Them => Learns::Acceptor,
        WhoLearns::Both => Learns::Both,
    };
    // The engine draws the run's number and fills in the charter's digest.
    let (run, charter) = (RunId([0; 8]), charter.digest());
    Ok(RunPlan { run, pilot: id, charter, peer, learns, protocol, selection, lighthouse: None })
}

/// Items of a selection that were loaded; those that were loaded twice count twice.
fn items_of(state: &State, selection: &Selection) -> u64 {
    let loaded = state.loads().values().flat_map(|load| &load.kinds);
    let selected =
        |kind, roles: Roles| selection.0.iter().any(|(wanted, allowed)| *wanted == kind && allowed.meets(roles));
    loaded.filter(|(kind, roles, _)| selected(*kind, *roles)).map(|(_, _, items)| items).sum()
}

/// What is asked for, which must lie within the charter; where nothing is asked for, all that the charter allows.
pub(crate) fn selection_of(
    charter: &cwg_protocol::charter::Body,
    types: &[String],
    roles: &[String],
) -> Result<Selection, Problem> {
    let asked = roles.iter().try_fold(Roles::NONE, |roles, name| {
        let role = Role::from_name(name).ok_or_else(|| {
            Problem::new(Exit::Usage, "unknown-role", "this is not a role", "a role is holder or counterparty")
        })?;
        Ok::<Roles, Problem>(roles.union(Roles::only(role)))
    })?;
    let kinds = types.iter().map(|name| named::kind(name)).collect::<Result<Vec<IndicatorKind>, Problem>>()?;
    let mut chosen = Vec::new();
    for entry in charter.kinds.iter().filter(|entry| kinds.is_empty() || kinds.contains(&entry.kind)) {
        let roles = if roles.is_empty() { entry.roles } else { asked };
        if roles.union(entry.roles) == entry.roles {
            chosen.push((entry.kind, roles));
        } else if !kinds.is_empty() {
            return Err(not_in_charter(format!("the charter does not allow {} in this role", entry.kind)));
        }
    }
    if let Some(kind) = kinds.iter().find(|kind| !charter.kinds.iter().any(|entry| entry.kind == **kind)) {
        return Err(not_in_charter(format!("the charter does not name the type {kind}")));
    }
    if chosen.is_empty() {
        return Err(not_in_charter("the charter allows no indicator type in these roles".to_owned()));
    }
    Ok(Selection(chosen))
}

fn not_in_charter(problem: String) -> Problem {
    Problem::new(
        Exit::Refused,
        "not-allowed",
        problem,
        "cwg pilot show lists what may enter; a change needs a new charter",
    )
}

/// The view for the engine's reply. `state` is the state after it; dates are judged by the time of the request.
///
/// # Errors
/// The refusal, as a problem with a remedy.
pub fn answer(pending: Pending, reply: Result<Reply, Refusal>, state: &State) -> Result<View, Problem> {
    let now = pending.asked;
    if let Awaiting::Lighthouse(awaited) = pending.awaiting {
        return lighthouse::request::answer(awaited, reply, state, now);
    }
    if let Awaiting::Round(awaited) = pending.awaiting {
        return rounds::answer(&awaited, reply, state, now);
    }
    if let Awaiting::Count(awaited) = pending.awaiting {
        return counts::answer(&awaited, reply, state);
    }
    let reply = reply.map_err(|refusal| refusals::problem(&refusal))?;
    match (pending.awaiting, reply) {
        (Awaiting::NodeMade, Reply::Founded(_)) => Ok(View::NodeMade(describe::node_made(state)?)),
        (Awaiting::Invitation, Reply::Invited(invitation)) => Ok(View::Invitation(describe::invitation(&invitation))),
        (Awaiting::Roster, Reply::Joined(_) | Reply::Done) => Ok(View::Roster(describe::roster(state, now)?)),
        (Awaiting::Operators, Reply::Done) => Ok(View::Operators(describe::operators(state))),
        (Awaiting::CharterWritten, Reply::CharterWritten(pilot)) => describe::pilot(state, pilot, now),
        (Awaiting::CharterSigned(pilot), Reply::Done) => describe::pilot(state, pilot, now),
        (Awaiting::Loaded(report), Reply::Done) => Ok(View::LoadReport(report)),
        (Awaiting::Purged(loads), Reply::Done) => Ok(View::Indicators(describe::indicators(state, &loads))),
        (Awaiting::RunPlanned, Reply::RunPlanned(run)) => describe::plan(state, run, now),
        (Awaiting::RunStarted(run), Reply::Done) | (Awaiting::RunEnded(run), Reply::RunEnded(_)) => {
            describe::run(state, run)
        }
        (Awaiting::PeriodOpened, Reply::PeriodOpened(period)) => {
            let note = format!("Period {} is open; publish an edition of the current release in it", period.0);
            Ok(standing::standing(state, vec![note]))
        }
        _ => Err(Problem::defect("the engine's reply does not fit the command")),
    }
}
