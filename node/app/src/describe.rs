//! Views of the state: what the engine knows, in words.

use cwg_engine::record::{Code, LighthousePlan, NodeKind, STANDING};
use cwg_engine::state::{Pilot, Run, RunPhase, State};
use cwg_protocol::charter::{KindRoles, RunKind};
use cwg_protocol::indicator::Roles;
use cwg_protocol::invitation::Invitation;
use cwg_protocol::leakage::Sentences;
use cwg_protocol::psi::{Fact, Leakage, PROTOCOLS, ProtocolId, PsiProtocol, padded_size, protocol};
use cwg_protocol::session::{Learns, Place};
use cwg_protocol::{LoadId, NodeKey, PilotId, RunId, UnixTime};

use crate::counts;
use crate::named::{self, name_of};
use crate::problem::{Exit, Problem};
use crate::refusals;
use crate::times::shown;
use crate::view::{
    Allowance, BookPlace, BookView, CodeCount, IndicatorsView, InvitationLine, InvitationView, KindLine, LeakageView,
    LoadLine, MemberLine, NodeMadeView, OperatorLine, OperatorsView, PilotLine, PilotView, PilotsView, RevealedTo,
    RosterView, RoundRulesLine, RunLine, RunPlanView, RunView, RunsView, SetSizeView, SignatureLine, TypeRoles, View,
};

pub(crate) fn kind_name(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Hub => "hub",
        NodeKind::Member => "member",
    }
}

pub(crate) fn role_names(roles: Roles) -> Vec<String> {
    roles.iter().map(|role| role.name().to_owned()).collect()
}

pub(crate) fn node_made(state: &State) -> Result<NodeMadeView, Problem> {
    let own = state.own().ok_or(Problem::defect("a node was made and is not there"))?;
    Ok(NodeMadeView {
        kind: kind_name(own.kind).to_owned(),
        name: own.name.to_string(),
        address: own.address.to_string(),
        fingerprint: own.node().to_string(),
        transport_fingerprint: own.transport_key().to_string(),
        network: state.network().map(|network| network.id.to_string()),
    })
}

pub(crate) fn invitation(invitation: &Invitation) -> InvitationView {
    InvitationView {
        name: invitation.name.to_string(),
        expires: shown(invitation.expires),
        invitation: hex::encode(invitation.id.0),
        text: invitation.to_text(),
    }
}

pub(crate) fn roster(state: &State, now: UnixTime) -> Result<RosterView, Problem> {
    let network = state.network().ok_or_else(named::not_joined)?;
    let body = network.roster().body();
    let own = state.own().map(cwg_engine::state::Own::node);
    let nodes = core::iter::once((&body.hub, "hub")).chain(body.members.iter().map(|entry| (entry, "member")));
    Ok(RosterView {
        network: network.id.to_string(),
        epoch: body.epoch.0,
        issued: shown(body.issued),
        valid_until: shown(body.valid_until),
        nodes: nodes
            .map(|(entry, kind)| MemberLine {
                name: entry.name.to_string(),
                kind: kind.to_owned(),
                status: entry.status.name().to_owned(),
                own: own == Some(entry.node),
                address: entry.address.to_string(),
                fingerprint: entry.node.to_string(),
                transport_fingerprint: entry.transport.to_string(),
                since_epoch: entry.since.0,
            })
            .collect(),
        invitations: state
            .invitations()
            .iter()
            .map(|(id, open)| InvitationLine {
                invitation: hex::encode(id.0),
                name: open.name.to_string(),
                expires: shown(open.expires),
                expired: open.expires <= now,
            })
            .collect(),
    })
}

pub(crate) fn operators(state: &State) -> OperatorsView {
    let line = |(name, key): (&cwg_protocol::roster::Name, &cwg_protocol::OperatorKey)| OperatorLine {
        name: name.to_string(),
        fingerprint: key.to_string(),
    };
    OperatorsView { operators: state.operators().iter().map(line).collect() }
}

pub(crate) fn pilot(state: &State, id: PilotId, now: UnixTime) -> Result<View, Problem> {
    let pilot = state.pilots().get(&id).ok_or(Problem::defect("a pilot is gone"))?;
    let body = pilot.charter.body();
    let own = state.own().filter(|own| own.kind == NodeKind::Member).map(cwg_engine::state::Own::node);
    let sign_for = own.filter(|own| pilot.charter.names(*own));
    let live = pilot.live(now);
    let member = |member: &NodeKey| SignatureLine {
        member: name_of(state, *member),
        fingerprint: member.to_string(),
        person: pilot.signatures.get(member).map(|signature| signature.person.to_string()),
    };
    let allowed = |known: &&&dyn PsiProtocol| {
        body.runs.contains(&RunKind::Pair) && known.for_members()
            || body.runs.contains(&RunKind::Lighthouse) && known.for_lighthouse()
    };
    Ok(View::Pilot(Box::new(PilotView {
        pilot: id.to_string(),
        name: body.name.to_string(),
        version: body.version,
        purpose: body.purpose.to_string(),
        legal_basis: body.legal_basis.to_string(),
        opens: shown(body.opens),
        closes: shown(body.closes),
        retention_days: body.retention_days,
        indicators: body.kinds.iter().map(|KindRoles { kind, roles }| type_roles(kind.name(), *roles)).collect(),
        runs: body.runs.iter().map(|run| run.name().to_owned()).collect(),
        learns: body.learns.iter().map(|learns| learns.name().to_owned()).collect(),
        rounds: body.rounds.as_ref().map(|rules| RoundRulesLine {
            keyholders: rules.keyholders.iter().map(|node| name_of(state, *node)).collect(),
            threshold: rules.threshold,
            uploads_min: rules.uploads_min,
            rounds_per_key: rules.rounds_per_key,
            reveals: rules.reveals.as_ref().map(ToString::to_string),
        }),
        counts: body.counts.map(|rules| counts::noise(rules.noise, rules.noise.margin_of_pair())),
        budget: Allowance {
            items_per_session: body.budget.items_per_session,
            sessions_per_day: body.budget.sessions_per_day,
            items_min: body.budget.items_min,
        },
        charter: pilot.charter.digest().to_string(),
        members: body.members.iter().map(member).collect(),
        live: live.is_ok(),
        not_live: live.err().map(|why| why.to_string()),
        leakage: PROTOCOLS.iter().filter(allowed).filter_map(|known| leakage_view(known.id())).collect(),
        sign_for: sign_for.map(|own| hex::encode(own.0.as_bytes())),
        awaits_us: sign_for.is_some_and(|own| !pilot.signatures.contains_key(&own)),
    })))
}

pub(crate) fn pilots(state: &State, now: UnixTime) -> PilotsView {
    let line = |(id, pilot): (&PilotId, &Pilot)| {
        let body = pilot.charter.body();
        let live = pilot.live(now);
        PilotLine {
            pilot: id.to_string(),
            name: body.name.to_string(),
            members: count(body.members.len()),
            signed: count(pilot.signatures.len()),
            opens: shown(body.opens),
            closes: shown(body.closes),
            live: live.is_ok(),
            not_live: live.err().map(|why| why.to_string()),
        }
    };
    PilotsView { pilots: state.pilots().iter().map(line).collect() }
}

pub(crate) fn indicators(state: &State, deleted: &[LoadId]) -> IndicatorsView {
    let mut kinds = std::collections::BTreeMap::new();
    for (kind, roles, items) in state.loads().values().flat_map(|load| &load.kinds) {
        *kinds.entry((*kind, *roles)).or_insert(0u64) += items;
    }
    IndicatorsView {
        loads: state
            .loads()
            .values()
            .map(|load| LoadLine {
                load: load.load.to_string(),
                loaded: None,
                rows: load.rows,
                accepted: load.accepted,
                repaired: load.repaired,
                refused: load.refused,
                items: load.items,
            })
            .collect(),
        kinds: kinds
            .into_iter()
            .map(|((kind, roles), items)| KindLine { kind: kind.name().to_owned(), roles: role_names(roles), items })
            .collect(),
        deleted: deleted.iter().map(LoadId::to_string).collect(),
    }
}

pub(crate) fn plan(state: &State, id: RunId, now: UnixTime) -> Result<View, Problem> {
    let (run, pilot) = run_and_pilot(state, id)?;
    let plan = &run.plan;
    let body = pilot.charter.body();
    let declared = protocol(plan.protocol).ok_or(Problem::defect("a plan names no protocol of this program"))?;
    let (we_learn, they_learn) = learnt(&declared.leakage(), plan.learns, run.place);
    let items: u64 = state
        .loads()
        .values()
        .flat_map(|load| &load.kinds)
        .filter(|(kind, roles, _)| {
            plan.selection.0.iter().any(|(chosen, allowed)| chosen == kind && allowed.meets(*roles))
        })
        .map(|(_, _, items)| items)
        .sum();
    let charged = state.charged(plan.pilot, plan.peer, now);
    let sessions_left = body.budget.sessions_per_day.saturating_sub(count(charged));
    let padded = padded_size(usize::try_from(items).unwrap_or(usize::MAX));
    let set = SetSizeView {
        items_at_most: plan.lighthouse.is_none().then_some(items),
        padded_at_most: plan.lighthouse.is_none().then_some(u64::from(padded)),
        items_min: if side_learns(plan.learns, run.place) { body.budget.items_min } else { 1 },
        items_max: body.budget.items_per_session.min(declared.items_max()),
    };
    let live = pilot.live(now);
    let mut obstacles: Vec<String> = live.as_ref().err().map(ToString::to_string).into_iter().collect();
    if state.active(plan.peer).is_none() {
        obstacles.push("the other member is no longer active on the roster".to_owned());
    }
    if sessions_left == 0 {
        obstacles.push("the sessions with this member are used up for today".to_owned());
    }
    if let Some(problem) = plan.lighthouse.as_ref().and_then(|over| release_obstacle(state, over, now)) {
        obstacles.push(problem);
    }
    if set.items_at_most.is_some_and(|items| items < u64::from(set.items_min)) {
        obstacles.push(format!("our set has at most {items} items of the {} it must bring", set.items_min));
    }
    if run.phase != RunPhase::Planned {
        obstacles.push(format!("the run is {}", run.phase.name()));
    }
    Ok(View::RunPlan(Box::new(RunPlanView {
        run: id.to_string(),
        pilot: plan.pilot.to_string(),
        pilot_name: body.name.to_string(),
        purpose: body.purpose.to_string(),
        kind: plan.kind().name().to_owned(),
        with: name_of(state, plan.peer),
        release: plan.lighthouse.as_ref().map(|over| over.release.number.0),
        book: book_view(run),
        learns: who_learns(plan.learns, run.place).to_owned(),
        indicators: plan.selection.0.iter().map(|(kind, roles)| type_roles(kind.name(), *roles)).collect(),
        we_learn,
        they_learn,
        leakage: leakage_view(plan.protocol).ok_or(Problem::defect("a protocol without a name"))?,
        own_set: set,
        sessions_left,
        live: live.is_ok(),
        obstacles,
    })))
}

pub(crate) fn run(state: &State, id: RunId) -> Result<View, Problem> {
    let (run, pilot) = run_and_pilot(state, id)?;
    let plan = &run.plan;
    let (matches, end) = match &run.phase {
        RunPhase::Sealed(matches) => (*matches, None),
        RunPhase::Ended(code) => (None, Some(refusals::end_reason(&code.0))),
        RunPhase::Planned | RunPhase::Running => (None, None),
    };
    let terms = run.receipt.as_ref().map(|receipt| &receipt.terms);
    let sets = terms.map(|terms| match run.place {
        Place::Proposer => (terms.proposer_set.padded, terms.acceptor_set.padded),
        Place::Acceptor => (terms.acceptor_set.padded, terms.proposer_set.padded),
    });
    Ok(View::Run(Box::new(RunView {
        run: id.to_string(),
        pilot: plan.pilot.to_string(),
        pilot_name: pilot.charter.body().name.to_string(),
        kind: plan.kind().name().to_owned(),
        with: name_of(state, plan.peer),
        release: plan.lighthouse.as_ref().map(|over| over.release.number.0),
        book: book_view(run),
        place: place_name(run.place).to_owned(),
        learns: who_learns(plan.learns, run.place).to_owned(),
        protocol: protocol_name(plan.protocol),
        indicators: plan.selection.0.iter().map(|(kind, roles)| type_roles(kind.name(), *roles)).collect(),
        phase: run.phase.name().to_owned(),
        sessions: run.attempts,
        changed: shown(run.changed),
        matches,
        end,
        session: run.receipt.as_ref().map(|receipt| receipt.session.to_string()),
        transcript: run.receipt.as_ref().map(|receipt| receipt.transcript.to_string()),
        own_items_padded: sets.map(|(own, _)| own),
        other_items_padded: sets.map(|(_, other)| other),
    })))
}

/// Why a run over that release could not start now.
fn release_obstacle(state: &State, over: &LighthousePlan, now: UnixTime) -> Option<String> {
    let network = state.network()?;
    match state.lighthouse().current() {
        Some(current) if current.seen == over.release => {
            current.usable(network.id, network.hub, now).err().map(|error| error.to_string())
        }
        _ => Some("a newer release came after the run was planned".to_owned()),
    }
}

fn book_view(run: &Run) -> Option<BookView> {
    let book = run.plan.lighthouse.as_ref()?.book.as_ref()?;
    let read = run.book.as_deref();
    let counted = |(code, count): &(Code, u64)| CodeCount { code: code.to_string(), count: *count };
    let place = |(line, code): &(u64, Code)| BookPlace { line: *line, code: code.to_string() };
    Some(BookView {
        file: book.file.clone(),
        map: book.map.clone(),
        rows: read.map(|report| report.rows),
        accepted: read.map(|report| report.accepted),
        repaired: read.map(|report| report.repaired),
        refused: read.map(|report| report.refused),
        refusals: read.map_or(Vec::new(), |report| report.refusals.iter().map(counted).collect()),
        first_refused: read.map_or(Vec::new(), |report| report.first.iter().map(place).collect()),
    })
}

pub(crate) fn runs(state: &State) -> RunsView {
    let mut runs: Vec<(&RunId, &Run)> = state.runs().iter().collect();
    runs.sort_by_key(|(id, run)| (core::cmp::Reverse(run.changed), **id));
    let line = |(id, run): (&RunId, &Run)| RunLine {
        run: id.to_string(),
        pilot_name: pilot_name(state, run.plan.pilot),
        with: name_of(state, run.plan.peer),
        learns: who_learns(run.plan.learns, run.place).to_owned(),
        phase: run.phase.name().to_owned(),
        matches: if let RunPhase::Sealed(matches) = run.phase { matches } else { None },
        end: if let RunPhase::Ended(code) = &run.phase { Some(code.0.clone()) } else { None },
        changed: shown(run.changed),
    };
    RunsView { runs: runs.into_iter().map(line).collect() }
}

pub(crate) fn pilot_name(state: &State, pilot: PilotId) -> String {
    state.pilots().get(&pilot).map_or_else(|| pilot.to_string(), |pilot| pilot.charter.body().name.to_string())
}

fn run_and_pilot(state: &State, id: RunId) -> Result<(&Run, &Pilot), Problem> {
    let run = state.runs().get(&id).ok_or(Problem::defect("a run is gone"))?;
    let pilot = state.pilots().get(&run.plan.pilot).ok_or_else(|| {
        Problem::new(
            Exit::Configuration,
            "unknown-pilot",
            "the run's pilot is not known here",
            "connect to the hub, which sends the charter again",
        )
    })?;
    Ok((run, pilot))
}

fn type_roles(kind: &str, roles: Roles) -> TypeRoles {
    TypeRoles { kind: kind.to_owned(), roles: role_names(roles) }
}

fn place_name(place: Place) -> &'static str {
    match place {
        Place::Proposer => "proposer",
        Place::Acceptor => "acceptor",
    }
}

fn protocol_name(id: ProtocolId) -> String {
    if id == STANDING {
        return "standing".to_owned();
    }
    protocol(id).map_or_else(|| format!("number {}", id.0), |protocol| protocol.name().to_owned())
}

/// Who learns, as this side says it.
fn who_learns(learns: Learns, place: Place) -> &'static str {
    match (learns, side_learns(learns, place)) {
        (Learns::Both, _) => "both",
        (_, true) => "us",
        (_, false) => "them",
    }
}

fn side_learns(learns: Learns, place: Place) -> bool {
    matches!(
        (learns, place),
        (Learns::Both, _) | (Learns::Proposer, Place::Proposer) | (Learns::Acceptor, Place::Acceptor)
    )
}

/// What each side gets to know: every side is a sender or a receiver, and in a two-way run both.
fn learnt(leakage: &Leakage, learns: Learns, place: Place) -> (Vec<String>, Vec<String>) {
    let side = |place: Place| {
        let other_learns = side_learns(learns, place.other());
        let as_receiver = if side_learns(learns, place) { leakage.receiver } else { &[] };
        let as_sender = if other_learns { leakage.sender } else { &[] };
        let mut facts: Vec<Fact> = as_receiver.to_vec();
        facts.extend(as_sender.iter().filter(|fact| !as_receiver.contains(fact)));
        texts(&facts)
    };
    (side(place), side(place.other()))
}

pub(crate) fn leakage_view(id: ProtocolId) -> Option<LeakageView> {
    let known = protocol(id)?;
    let leakage = known.leakage();
    let mut not_protected = leakage.not_protected.to_vec();
    // The sort is stable: guessing first, the rest as declared.
    not_protected.sort_by_key(|fact| *fact != Fact::Guessing);
    Some(LeakageView {
        protocol: known.name().to_owned(),
        digest: leakage.digest().to_string(),
        receiver: texts(leakage.receiver),
        sender: texts(leakage.sender),
        observer: texts(leakage.observer),
        not_protected: texts(&not_protected),
        model: leakage.model.text().to_owned(),
        assumption: leakage.assumption.to_owned(),
    })
}

fn texts(facts: &[Fact]) -> Vec<String> {
    facts.iter().map(|fact| fact.text().to_owned()).collect()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What a count or a reveal tells, by who learns it.
pub(crate) fn revealed(sentences: &Sentences) -> Vec<RevealedTo> {
    let open = sentences.not_protected.iter().map(|fact| ("not protected", *fact));
    by_who(sentences.told.iter().copied().chain(open), sentences.assumption)
}

/// Who learns what, a line for each who, and the assumption.
pub(crate) fn by_who<'a>(facts: impl Iterator<Item = (&'a str, &'a str)>, assumption: &'a str) -> Vec<RevealedTo> {
    let mut lines: Vec<RevealedTo> = Vec::new();
    for (who, fact) in facts.chain([("holds if", assumption)]) {
        match lines.last_mut().filter(|line| line.who == who) {
            Some(line) => line.facts.push(fact.to_owned()),
            None => lines.push(RevealedTo { who: who.to_owned(), facts: vec![fact.to_owned()] }),
        }
    }
    lines
}
