//! The people: a scripted workload of commands, each repeated until it is answered.

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::{Secret32, Seed, SigningKey};
use cwg_engine::command::{Command, Refusal, Reply, RunEnd};
use cwg_engine::io::{Input, Selection, Ticket};
use cwg_engine::record::{Book, LighthousePlan, LoadSummary, RunPlan};
use cwg_engine::state::{RunPhase, State};
use cwg_protocol::charter::{Body, Budget, KindRoles, MemberSignature, NotLive, RunKind};
use cwg_protocol::indicator::{Role, Roles};
use cwg_protocol::invitation::Invitation;
use cwg_protocol::psi::{ProtocolId, lighthouse_protocol, protocol};
use cwg_protocol::roster::Name;
use cwg_protocol::session::Learns;
use cwg_protocol::{LoadId, NetworkId, NodeKey, OperatorKey, PilotId, RunId, UnixTime};

use crate::book::KINDS;
use crate::dice::Dice;
use crate::release;
use crate::rounds::{Asked as AskedOfRounds, Rounds};
use crate::scenario::Scenario;
use crate::world::{HUB, SEC, World};

/// Tries of a member to join before its operator gives up, once there are no more faults.
const JOIN_TRIES_CALM: u32 = 30;

/// Tries with one invitation before another is asked for.
const TRIES_PER_INVITATION: u32 = 4;

/// After this long in a healed network a charter that is not live ends what waits for it.
const PATIENCE_US: u64 = 40 * 60 * SEC;

/// Quiet time after the last end: longer than a session may stall, so that the other side ends too.
const AFTER_US: u64 = 180 * SEC;

pub(crate) struct Workload {
    pub(crate) operators: Vec<Operator>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) rounds: Rounds,
    revocations: Vec<(u64, usize)>,
    to_revoke: BTreeSet<usize>,
    /// The hub's second person.
    approver: SigningKey,
    dice: Dice,
    calm_since_us: u64,
    over_since_us: Option<u64>,
}

/// The people of one node.
pub(crate) struct Operator {
    pending: BTreeMap<Ticket, Asked>,
    next_ticket: u64,
    person: SigningKey,
    /// What the node said its key is.
    pub(crate) node: Option<NodeKey>,
    invitation: Option<String>,
    invitations: u32,
    join_tries: u32,
    calm_tries: u32,
    next_try_us: u64,
    /// Whether and how its joining came to an end.
    pub(crate) joined: Option<Result<(), String>>,
}

/// A run that someone wants.
pub(crate) struct Wish {
    pub(crate) proposer: usize,
    pub(crate) acceptor: usize,
    learns: Learns,
    kind: RunKind,
    selection: Selection,
    from_us: u64,
    pub(crate) stage: WishStage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WishStage {
    Wanted,
    Planned(RunId),
    Started(RunId),
    Ended(RunId, RunEnd),
    Refused(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Found,
    Invite(usize),
    Join,
    Revoke,
    Other,
    Plan(usize),
    Start(usize),
    Await(usize),
    Round(AskedOfRounds),
}

impl Asked {
    /// Whether its answer may come much later.
    fn waits(&self) -> bool {
        match self {
            Self::Await(_) => true,
            Self::Round(asked) => asked.waits(),
            _ => false,
        }
    }
}

impl Workload {
    pub(crate) fn new(seed: &Seed, scenario: &Scenario) -> Self {
        let mut dice = Dice::new(seed, "operators", 0);
        let nodes = scenario.members as usize + 1;
        let operators = (0..nodes)
            .map(|index| Operator {
                pending: BTreeMap::new(),
                next_ticket: 0,
                person: SigningKey::from_secret(&seed.fork("person", index as u64).into_secret()),
                node: None,
                invitation: None,
                invitations: 0,
                join_tries: 0,
                calm_tries: 0,
                next_try_us: 0,
                joined: None,
            })
            .collect();
        let mut wishes = Vec::new();
        for one in 1..nodes {
            for other in one + 1..nodes {
                for _ in 0..scenario.runs_per_pair {
                    let (proposer, acceptor) = if dice.chance(500) { (one, other) } else { (other, one) };
                    let drawn = [Learns::Proposer, Learns::Acceptor, Learns::Both][dice.index(3)];
                    let learns = scenario.learns.unwrap_or(drawn);
                    let selection = if scenario.whole_sets { everything() } else { selection(&mut dice) };
                    let from_us = dice.below(scenario.faults_secs * SEC);
                    let stage = WishStage::Wanted;
                    wishes.push(Wish { proposer, acceptor, learns, kind: RunKind::Pair, selection, from_us, stage });
                }
            }
        }
        for member in (1..nodes).flat_map(|member| (0..scenario.lighthouse_runs).map(move |_| member)) {
            wishes.push(Wish {
                proposer: member,
                acceptor: HUB,
                learns: Learns::Proposer,
                kind: RunKind::Lighthouse,
                selection: if scenario.whole_sets { everything() } else { selection(&mut dice) },
                from_us: dice.below(scenario.faults_secs * SEC),
                stage: WishStage::Wanted,
            });
        }
        let mut members: Vec<usize> = (1..nodes).collect();
        dice.shuffle(&mut members);
        let revocations: Vec<(u64, usize)> = members
            .into_iter()
            .take(scenario.revocations as usize)
            .map(|member| (dice.below(scenario.faults_secs * SEC * 2), member))
            .collect();
        let calm_since_us = scenario.faults_secs * SEC;
        let to_revoke = revocations.iter().map(|(_, member)| *member).collect();
        let approver = SigningKey::from_secret(&seed.fork("approver", 0).into_secret());
        let rounds = Rounds::new(seed, scenario);
        Self { operators, wishes, rounds, revocations, to_revoke, approver, dice, calm_since_us, over_since_us: None }
    }

    /// Whether nobody wants anything any more, and has not for a while.
    pub(crate) fn is_over(&mut self, now_us: u64) -> bool {
        let joined = self.operators.iter().skip(1).all(|operator| operator.joined.is_some());
        let ended = self.wishes.iter().all(|wish| matches!(wish.stage, WishStage::Ended(..) | WishStage::Refused(_)));
        if !(joined && ended && self.revocations.is_empty() && self.rounds.are_over()) {
            self.over_since_us = None;
            return false;
        }
        now_us > *self.over_since_us.get_or_insert(now_us) + AFTER_US
    }

    pub(crate) fn crashed(&mut self, node: usize) {
        self.operators[node].pending.clear();
    }

    pub(crate) fn node_of(&self, key: NodeKey) -> Option<usize> {
        self.operators.iter().position(|operator| operator.node == Some(key))
    }

    /// Whether this member is revoked at some time.
    pub(crate) fn was_revoked(&self, member: usize) -> bool {
        self.to_revoke.contains(&member)
    }

    /// Members that learn in some run.
    pub(crate) fn learners(&self) -> BTreeSet<usize> {
        let learns = |wish: &Wish| match wish.learns {
            Learns::Proposer => vec![wish.proposer],
            Learns::Acceptor => vec![wish.acceptor],
            Learns::Both => vec![wish.proposer, wish.acceptor],
        };
        self.wishes.iter().flat_map(learns).collect()
    }

    /// Whether what is not live yet may still become so.
    pub(crate) fn is_patient(&self, now_us: u64) -> bool {
        now_us < self.calm_since_us + PATIENCE_US
    }

    pub(crate) fn asks_round(&self, node: usize, asked: &AskedOfRounds) -> bool {
        self.waits(node, &Asked::Round(asked.clone()))
    }

    fn waits(&self, node: usize, asked: &Asked) -> bool {
        self.operators[node].pending.values().any(|pending| pending == asked)
    }
}

impl World {
    /// What the people of a node do now.
    pub(crate) fn operate(&mut self, node: usize) {
        if self.nodes[node].engine.is_none() {
            return;
        }
        let next = if node == HUB { self.hub_wants() } else { self.member_wants(node) };
        if let Some((asked, command)) = next {
            self.ask(node, asked, command);
        }
    }

    fn ask(&mut self, node: usize, asked: Asked, command: Command) {
        let operator = &mut self.work.operators[node];
        operator.next_ticket += 1;
        let ticket = Ticket(operator.next_ticket);
        operator.pending.insert(ticket, asked);
        self.input(node, Input::Command(ticket, command));
    }

    fn hub_wants(&mut self) -> Option<(Asked, Command)> {
        let state = self.state(HUB)?;
        if self.work.operators[HUB].pending.values().any(|asked| *asked != Asked::Other) {
            return None;
        }
        if state.own().is_none() || self.work.operators[HUB].node.is_none() {
            if let Some(own) = state.own() {
                // The answer was lost in a crash; the view shows the key.
                let node = own.node();
                self.work.operators[HUB].node = Some(node);
                return None;
            }
            let command = Command::FoundHub { name: name("hub"), address: address(HUB) };
            return Some((Asked::Found, command));
        }
        if let Some(place) = self.work.revocations.iter().position(|(at, _)| *at <= self.now_us) {
            let member = self.work.revocations[place].1;
            let known = self.work.operators[member].node.filter(|key| state.active(*key).is_some());
            if let Some(member) = known {
                return Some((Asked::Revoke, Command::Revoke { member }));
            }
            if self.calm || self.work.operators[member].joined.is_some() {
                self.work.revocations.remove(place);
            }
        }
        let missing = (1..self.nodes.len()).find(|member| {
            let operator = &self.work.operators[*member];
            operator.invitation.is_none() && operator.joined.is_none()
        });
        if let Some(member) = missing {
            let again = self.work.operators[member].invitations;
            let name = name(&if again == 0 { format!("bank-{member}") } else { format!("bank-{member}-{again}") });
            self.work.operators[member].invitations += 1;
            return Some((Asked::Invite(member), Command::Invite { name, valid_secs: 20 * 86_400 }));
        }
        let all_in = self.work.operators.iter().skip(1).all(|operator| operator.joined.is_some());
        if all_in && self.state(HUB)?.pilots().is_empty() {
            let body = self.charter()?;
            return Some((Asked::Other, Command::WriteCharter(Box::new(body))));
        }
        if !self.work.operators[HUB].pending.is_empty() {
            return None;
        }
        if let Some((asked, command)) = self.rounds_of_hub() {
            return Some((Asked::Round(asked), command));
        }
        if self.scenario.lighthouse_runs == 0 {
            return None;
        }
        // The hub's second person is a person of its own.
        let persons = [&self.work.operators[HUB].person, &self.work.approver];
        let missing = [release::BUILDER, release::APPROVER].into_iter().zip(persons);
        let mut missing = missing
            .filter(|(person, _)| !self.state(HUB).is_some_and(|state| state.operators().contains_key(&name(person))));
        if let Some((person, key)) = missing.next() {
            let key = OperatorKey(key.verifying_key());
            return Some((Asked::Other, Command::AddOperator { name: name(person), key }));
        }
        let step = release::next_step(self.state(HUB)?, self.now_of(HUB).wall, persons)?;
        Some((Asked::Other, step))
    }

    fn charter(&self) -> Option<Body> {
        let network = self.state(HUB)?.network()?;
        let mut members: Vec<NodeKey> =
            network.roster().active().map(|entry| entry.node).filter(|node| *node != network.hub).collect();
        members.sort_unstable();
        if members.len() < 2 {
            return None;
        }
        let kinds: Vec<KindRoles> = KINDS.iter().map(|kind| KindRoles { kind: *kind, roles: Roles::BOTH }).collect();
        let now = self.now_of(HUB).wall;
        let rounds = self.round_rules(&members);
        let items_per_session = if rounds.is_some() { self.round_items_max() } else { 1 << 16 };
        let budget = Budget { items_per_session, sessions_per_day: self.scenario.sessions_per_day, items_min: 10 };
        let mut runs = vec![RunKind::Pair, RunKind::Lighthouse];
        runs.extend(rounds.is_some().then_some(RunKind::Round));
        Some(Body {
            network: NetworkId([0; 16]),
            pilot: PilotId([0; 8]),
            version: 0,
            name: name("pilot"),
            purpose: "find mule accounts".to_owned().try_into().expect("short"),
            legal_basis: "the scheme's rules".to_owned().try_into().expect("short"),
            members: members.try_into().expect("at most fifteen"),
            kinds: kinds.try_into().expect("three"),
            runs: runs.try_into().expect("up to three"),
            learns: vec![Learns::Proposer, Learns::Acceptor, Learns::Both].try_into().expect("three"),
            opens: UnixTime(now.0.saturating_sub(2 * 3600)),
            closes: now.plus_secs(60 * 86_400),
            retention_days: 90,
            budget,
            rounds,
            counts: None,
        })
    }

    fn member_wants(&mut self, node: usize) -> Option<(Asked, Command)> {
        let now_us = self.now_us;
        let state = self.nodes[node].engine.as_ref()?.state();
        let operator = &mut self.work.operators[node];
        if operator.pending.values().any(|asked| !asked.waits()) {
            return None;
        }
        let Some(own) = state.own() else {
            let name = name(&format!("bank-{node}"));
            return Some((Asked::Found, Command::FoundMember { address: address(node), name }));
        };
        operator.node = Some(own.node());
        if state.operators().is_empty() {
            let key = OperatorKey(operator.person.verifying_key());
            return Some((Asked::Other, Command::AddOperator { name: name("analyst"), key }));
        }
        if state.loads().is_empty() {
            let items = self.nodes[node].book.as_ref()?.len() as u64;
            return Some((Asked::Other, Command::CommitLoad(summary(node, items))));
        }
        if state.network().is_none() {
            if operator.joined.is_some() || now_us < operator.next_try_us {
                return None;
            }
            let invitation = Invitation::from_text(operator.invitation.as_ref()?).expect("the hub's own text");
            return Some((Asked::Join, Command::Join(Box::new(invitation))));
        }
        if operator.joined.is_none() {
            operator.joined = Some(Ok(()));
            self.counts.joined += 1;
        }
        let own = own.node();
        let unsigned = state.pilots().values().find(|pilot| !pilot.signatures.contains_key(&own));
        if let Some(pilot) = unsigned {
            let charter = pilot.charter.digest();
            let signature = MemberSignature::sign_as_person(charter, own, &operator.person);
            let pilot = pilot.charter.body().pilot;
            return Some((Asked::Other, Command::SignCharter { pilot, charter, person: name("analyst"), signature }));
        }
        let of_runs = (0..self.work.wishes.len()).find_map(|wish| self.wish_wants(node, wish));
        of_runs.or_else(|| self.rounds_of_member(node).map(|(asked, command)| (Asked::Round(asked), command)))
    }

    fn wish_wants(&mut self, node: usize, number: usize) -> Option<(Asked, Command)> {
        let wish = &self.work.wishes[number];
        if wish.proposer != node || wish.from_us > self.now_us {
            return None;
        }
        let state = self.nodes[node].engine.as_ref()?.state();
        match &wish.stage {
            WishStage::Wanted => {
                let pilot = state.pilots().values().next()?;
                let live = pilot.live(self.now_of(node).wall);
                let patient = self.now_us < self.work.calm_since_us + PATIENCE_US;
                if matches!(live, Err(NotLive::Unsigned { .. } | NotLive::NotOpen)) && patient {
                    return None;
                }
                let current = state.lighthouse().current();
                if wish.kind == RunKind::Lighthouse && current.is_none() && patient {
                    return None;
                }
                let lighthouse = current.filter(|_| wish.kind == RunKind::Lighthouse).map(|current| LighthousePlan {
                    release: current.seen,
                    book: Some(Book { file: "book".to_owned(), map: "map".to_owned() }),
                });
                let peer = self.work.operators[wish.acceptor].node?;
                let plan = RunPlan {
                    run: RunId([0; 8]),
                    pilot: pilot.charter.body().pilot,
                    charter: pilot.charter.digest(),
                    peer,
                    learns: wish.learns,
                    protocol: protocol_of(wish.kind),
                    selection: wish.selection.clone(),
                    lighthouse,
                };
                Some((Asked::Plan(number), Command::PlanRun(plan)))
            }
            WishStage::Planned(run) => {
                let leakage = protocol(protocol_of(wish.kind)).expect("a protocol").leakage().digest();
                Some((Asked::Start(number), Command::StartRun { run: *run, leakage }))
            }
            WishStage::Started(run) if !self.work.waits(node, &Asked::Await(number)) => {
                Some((Asked::Await(number), Command::AwaitRun(*run)))
            }
            _ => None,
        }
    }

    /// Takes the answer to a command.
    pub(crate) fn answered(&mut self, node: usize, ticket: Ticket, answer: Result<Reply, Refusal>) {
        let text = match &answer {
            Ok(reply) => reply_text(reply),
            Err(refusal) => refusal.code(),
        };
        self.trace.line(self.now_us, format_args!("{node} > reply {} {text}", ticket.0));
        let Some(asked) = self.work.operators[node].pending.remove(&ticket) else {
            self.breach("one_answer", format!("node {node} answers ticket {} that nobody waits for", ticket.0));
            return;
        };
        self.check_reply(node, &answer);
        match (asked, answer) {
            (_, Ok(Reply::Founded(key))) => self.work.operators[node].node = Some(key),
            (Asked::Invite(member), Ok(Reply::Invited(invitation))) => {
                self.work.operators[member].invitation = Some(invitation.to_text());
            }
            (Asked::Join, Ok(Reply::Joined(_))) => {
                self.work.operators[node].joined = Some(Ok(()));
                self.counts.joined += 1;
            }
            (Asked::Join, Err(refusal)) => self.join_refused(node, &refusal),
            (Asked::Plan(wish), Ok(Reply::RunPlanned(run))) => {
                self.work.wishes[wish].stage = WishStage::Planned(run);
            }
            (Asked::Start(wish), Ok(_)) => {
                if let WishStage::Planned(run) = self.work.wishes[wish].stage {
                    self.work.wishes[wish].stage = WishStage::Started(run);
                }
            }
            (Asked::Plan(wish) | Asked::Start(wish), Err(refusal)) => self.run_refused(node, wish, &refusal),
            (Asked::Await(wish), Ok(Reply::RunEnded(end))) => {
                if let WishStage::Started(run) = self.work.wishes[wish].stage {
                    self.work.wishes[wish].stage = WishStage::Ended(run, end);
                }
            }
            (Asked::Round(asked), answer) => self.answered_of_rounds(node, asked, answer),
            (Asked::Revoke, Ok(_)) => self.counts.logged("a-member-was-revoked"),
            (Asked::Await(wish), Err(refusal)) => {
                self.breach("ends_or_named", format!("run of wish {wish} cannot be awaited: {}", refusal.code()));
            }
            _ => {}
        }
    }

    fn join_refused(&mut self, node: usize, refusal: &Refusal) {
        let now_us = self.now_us;
        let wait = self.work.dice.between(2 * SEC, 20 * SEC);
        let calm = self.calm;
        let operator = &mut self.work.operators[node];
        operator.join_tries += 1;
        operator.calm_tries += u32::from(calm);
        // People are less and less in a hurry: every invitation that was taken up has a place on the roster, whether its answer came or not.
        operator.next_try_us = now_us + wait * (1 + u64::from(operator.join_tries) / 4);
        if operator.join_tries.is_multiple_of(TRIES_PER_INVITATION) || matches!(refusal, Refusal::InvitationExpired(_))
        {
            operator.invitation = None;
        }
        if operator.calm_tries >= JOIN_TRIES_CALM {
            let code = match refusal {
                Refusal::JoinRefused(code) | Refusal::JoinFailed(code) => code.0.clone(),
                other => other.code().to_owned(),
            };
            operator.joined = Some(Err(code.clone()));
            *self.counts.not_joined.entry(code).or_default() += 1;
        }
    }

    fn run_refused(&mut self, node: usize, wish: usize, refusal: &Refusal) {
        let patient = self.now_us < self.work.calm_since_us + PATIENCE_US;
        let may_pass =
            matches!(refusal, Refusal::NotLive(NotLive::Unsigned { .. } | NotLive::NotOpen) | Refusal::Roster(_));
        if let (Refusal::RunState(_), WishStage::Planned(run)) = (refusal, &self.work.wishes[wish].stage) {
            // The answer to the start was lost in a crash.
            let run = *run;
            let phase = self.state(node).and_then(|state| state.runs().get(&run)).map(|run| run.phase.clone());
            if phase.is_some_and(|phase| phase != RunPhase::Planned) {
                self.work.wishes[wish].stage = WishStage::Started(run);
            }
            return;
        }
        if may_pass && patient {
            self.work.wishes[wish].from_us = self.now_us + 10 * SEC;
        } else {
            self.work.wishes[wish].stage = WishStage::Refused(refusal.code().to_owned());
        }
    }

    /// Ends wishes that nobody can act on: of a member that never joined, or that is in no charter.
    pub(crate) fn void_wishes(&mut self) {
        let patient = self.now_us < self.work.calm_since_us + PATIENCE_US;
        for wish in 0..self.work.wishes.len() {
            let (proposer, acceptor) = (self.work.wishes[wish].proposer, self.work.wishes[wish].acceptor);
            let out = |node: usize| matches!(self.work.operators[node].joined, Some(Err(_)));
            let waits = self.work.wishes[wish].stage == WishStage::Wanted;
            let no_pilot = !patient && self.state(proposer).is_some_and(|state: &State| state.pilots().is_empty());
            if waits && (out(proposer) || out(acceptor) || no_pilot) {
                self.work.wishes[wish].stage = WishStage::Refused("not-in-a-pilot".to_owned());
            }
        }
    }
}

fn protocol_of(kind: RunKind) -> ProtocolId {
    if kind == RunKind::Lighthouse { lighthouse_protocol().id() } else { ProtocolId(1) }
}

fn reply_text(reply: &Reply) -> &'static str {
    match reply {
        Reply::Done => "done",
        Reply::Founded(_) => "founded",
        Reply::Invited(_) => "invited",
        Reply::Joined(_) => "joined",
        Reply::CharterWritten(_) => "charter-written",
        Reply::RunPlanned(_) => "run-planned",
        Reply::RunEnded(RunEnd::Sealed(_)) => "run-sealed",
        Reply::RunEnded(RunEnd::Ended(_)) => "run-ended",
        Reply::Published(_) => "release-published",
        Reply::Recalled(_) => "clues-recalled",
        Reply::PeriodOpened(_) => "period-opened",
        Reply::Evaluated(_) => "evaluated",
        Reply::Compared(_) => "compared",
        Reply::CeremonyCalled(_) => "ceremony-called",
        Reply::RoundOpened(_) => "round-opened",
        Reply::RoundEnded(_) => "round-ended",
        Reply::RevealWritten(_) => "reveal-written",
        Reply::CountOpened(_) => "count-opened",
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.to_owned().try_into().expect("short and printable")
}

fn address(node: usize) -> cwg_protocol::roster::Address {
    format!("node-{node}.sim:4433").try_into().expect("short and printable")
}

fn summary(node: usize, items: u64) -> LoadSummary {
    LoadSummary {
        load: LoadId([u8::try_from(node).expect("at most fifteen"); 8]),
        digest: cwg_crypto::Digest::from_bytes(*Secret32::new([0; 32]).expose()),
        rows: items,
        accepted: items,
        repaired: 0,
        refused: 0,
        items,
        kinds: Vec::new(),
    }
}

fn everything() -> Selection {
    Selection(KINDS.iter().map(|kind| (*kind, Roles::BOTH)).collect())
}

/// A selection of one to three kinds, each with a role or both.
fn selection(dice: &mut Dice) -> Selection {
    let one = dice.index(KINDS.len());
    let roles = [Roles::BOTH, Roles::BOTH, Roles::only(Role::Holder), Roles::only(Role::Counterparty)];
    let mut kinds = Vec::new();
    for (place, kind) in KINDS.iter().enumerate() {
        if place == one || dice.chance(700) {
            kinds.push((*kind, roles[dice.index(roles.len())]));
        }
    }
    Selection(kinds)
}
