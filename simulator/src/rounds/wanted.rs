//! The people of rounds: the hub's call ceremonies and open rounds one after the other, members' consent, wait, and write to rooms.

use std::collections::{BTreeMap, BTreeSet};

use cwg_crypto::{Digest, Seed};
use cwg_engine::RoundPhase;
use cwg_engine::command::{Command, KeyOrigin, Refusal, Reply};
use cwg_engine::state::State;
use cwg_protocol::charter::NotLive;
use cwg_protocol::lighthouse::{Caveats, ClueRole, Day};
use cwg_protocol::round::FreeText;
use cwg_protocol::round::room::{Content, Draft, Frequency};
use cwg_protocol::{PilotId, RunId};

use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::world::{HUB, SEC, World};

/// Ceremonies that may fail before the hub's people do without.
const CEREMONIES_MAX: u32 = 6;

/// Members that a ceremony and a round need, beyond the threshold.
const SPARE: u32 = 2;

/// What people want of rounds.
pub(crate) struct Rounds {
    pub(crate) wishes: Vec<Wish>,
    pub(super) dice: Dice,
    /// The ceremony that was called last, and how many came to nothing.
    called: Option<Digest>,
    failed: u32,
    /// When a member's person consents to a round; never, mostly for a person who is away.
    consents: BTreeMap<(RunId, usize), Option<u64>>,
    /// Members that were told how a round ended.
    told: BTreeSet<(RunId, usize)>,
    /// When a member's person writes next, and how often it still does.
    writes: BTreeMap<(RunId, usize), (u64, u32)>,
    /// Each post says another number.
    serial: u16,
    is_over: bool,
}

/// A round that the hub's people want.
pub(crate) struct Wish {
    threshold: u8,
    /// Whether the key is handed over first.
    hands_over: bool,
    /// When they close it before its time.
    closes_us: Option<u64>,
    from_us: u64,
    pub(crate) stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Wanted,
    Open(RunId),
    Over(RunId),
    Refused(String),
}

/// A command of a round that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Ceremony,
    Open(usize),
    Close,
    Join(RunId),
    Await(RunId),
    Post(RunId),
}

impl Asked {
    /// Whether its answer may come much later.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Await(_))
    }
}

impl Rounds {
    pub(crate) fn new(seed: &Seed, scenario: &Scenario) -> Self {
        let mut dice = Dice::new(seed, "rounds", 0);
        let most = scenario.members.saturating_sub(SPARE).min(3);
        let wish = |number: u32| {
            let drawn = dice.between(2, most.into()) as u8;
            let from_us = if number == 0 { 0 } else { dice.below(600) * SEC };
            Wish {
                threshold: scenario.threshold.unwrap_or(drawn),
                hands_over: dice.chance(scenario.handovers_permille),
                closes_us: dice.chance(scenario.closes_permille).then(|| dice.below(3_600) * SEC),
                from_us,
                stage: Stage::Wanted,
            }
        };
        Self {
            wishes: (0..scenario.rounds).map(wish).collect(),
            is_over: scenario.rounds == 0,
            dice,
            called: None,
            failed: 0,
            consents: BTreeMap::new(),
            told: BTreeSet::new(),
            writes: BTreeMap::new(),
            serial: 0,
        }
    }

    /// Whether nobody wants anything of rounds any more, and no node has one under way.
    pub(crate) fn are_over(&self) -> bool {
        self.is_over
    }
}

impl World {
    /// What the hub's people do next for rounds, under a charter that all have signed.
    pub(crate) fn rounds_of_hub(&mut self) -> Option<(Asked, Command)> {
        self.note_over();
        let number =
            self.work.rounds.wishes.iter().position(|wish| matches!(wish.stage, Stage::Wanted | Stage::Open(_)))?;
        let state = self.state(HUB)?;
        let (pilot, live) = {
            let known = state.pilots().values().next()?;
            (known.charter.body().pilot, known.live(self.now_of(HUB).wall))
        };
        let wish = &self.work.rounds.wishes[number];
        if let Stage::Open(round) = wish.stage {
            return self.mind_round(number, round);
        }
        if wish.from_us > self.now_us {
            return None;
        }
        // The answer was lost in a crash.
        let known: Vec<RunId> = self.work.rounds.wishes.iter().filter_map(Wish::round).collect();
        let lost = state.rounds().rounds().keys().find(|round| !known.contains(round)).copied();
        if let Some(round) = lost {
            self.work.rounds.wishes[number].opened(round, self.now_us);
            return None;
        }
        if let Err(not_live) = live {
            if !matches!(not_live, NotLive::Unsigned { .. } | NotLive::NotOpen) || !self.work.is_patient(self.now_us) {
                self.refuse_rounds("charter-not-live");
            }
            return None;
        }
        if let Some(next) = self.ceremony_wanted(number, pilot) {
            return next;
        }
        let threshold = self.work.rounds.wishes[number].threshold;
        let plan = self.round_plan(pilot, threshold);
        Some((Asked::Open(number), Command::OpenRound(Box::new(plan))))
    }

    /// A ceremony that must come first: called now, or waited for.
    fn ceremony_wanted(&mut self, number: usize, pilot: PilotId) -> Option<Option<(Asked, Command)>> {
        let rounds = self.state(HUB)?.rounds();
        let has_key = rounds.keys().contains_key(&pilot);
        if rounds.ceremonies().values().any(|called| called.end.is_none()) {
            return Some(None);
        }
        let end = self
            .work
            .rounds
            .called
            .and_then(|called| rounds.ceremonies().get(&called))
            .map(|called| called.end.clone());
        let work = &mut self.work.rounds;
        match end.flatten() {
            Some(Ok(())) => work.wishes[number].hands_over = false,
            Some(Err(_)) => work.failed += 1,
            None => {}
        }
        work.called = None;
        if work.failed >= CEREMONIES_MAX {
            work.wishes[number].hands_over = false;
        }
        let origin = match (has_key, work.wishes[number].hands_over) {
            (true, false) => return None,
            (true, true) if work.dice.chance(700) => KeyOrigin::Handover,
            (true, true) => KeyOrigin::New,
            (false, _) if work.failed >= CEREMONIES_MAX => {
                self.refuse_rounds("no-key");
                return Some(None);
            }
            (false, _) => KeyOrigin::New,
        };
        let call = self.ceremony_call(pilot, origin)?;
        Some(Some((Asked::Ceremony, Command::CallCeremony(call))))
    }

    fn mind_round(&mut self, number: usize, round: RunId) -> Option<(Asked, Command)> {
        let phase = self.state(HUB)?.rounds().rounds().get(&round)?.phase.clone();
        let wish = &mut self.work.rounds.wishes[number];
        if phase.is_over() {
            wish.stage = Stage::Over(round);
            return None;
        }
        let due = wish.closes_us.take_if(|at| *at <= self.now_us);
        due.map(|_| (Asked::Close, Command::CloseRound { round }))
    }

    fn refuse_rounds(&mut self, code: &str) {
        for wish in self.work.rounds.wishes.iter_mut().filter(|wish| wish.stage == Stage::Wanted) {
            wish.stage = Stage::Refused(code.to_owned());
        }
    }

    /// Whether there is nothing left of any round, anywhere.
    fn note_over(&mut self) {
        let mut over = self.work.rounds.wishes.iter().all(Wish::is_over);
        for node in 0..self.nodes.len() {
            over = over
                && self.engine(node).is_some_and(|engine| {
                    let rounds = engine.state().rounds().rounds();
                    let told = |round: &RunId| {
                        node == HUB
                            || !self.scenario_names(node, *round)
                            || self.work.rounds.told.contains(&(*round, node))
                    };
                    (engine.rounds_under_way().is_empty() || self.work.was_revoked(node))
                        && rounds.iter().all(|(round, known)| known.phase.is_over() && told(round))
                });
        }
        self.work.rounds.is_over = over;
    }

    /// Whether a member takes part in a round, if it knows it.
    fn scenario_names(&self, node: usize, round: RunId) -> bool {
        let Some(state) = self.state(node) else { return false };
        let (own, known) = (state.own().map(|own| own.node()), state.rounds().rounds().get(&round));
        own.zip(known).is_some_and(|(own, known)| known.terms.names(own))
    }

    /// What a member's people do next for rounds.
    pub(crate) fn rounds_of_member(&mut self, node: usize) -> Option<(Asked, Command)> {
        let state = self.nodes[node].engine.as_ref()?.state();
        let rounds: Vec<RunId> = state.rounds().rounds().keys().copied().collect();
        rounds.into_iter().find_map(|round| self.round_of_member(node, round))
    }

    fn round_of_member(&mut self, node: usize, round: RunId) -> Option<(Asked, Command)> {
        if !self.scenario_names(node, round) {
            return None;
        }
        let now_us = self.now_us;
        let state: &State = self.nodes[node].engine.as_ref()?.state();
        let known = state.rounds().rounds().get(&round)?;
        let (phase, leakage) = (known.phase.clone(), known.leakage().digest());
        let work = &mut self.work.rounds;
        let absent = self.scenario.absent_permille;
        let consents = *work
            .consents
            .entry((round, node))
            .or_insert_with(|| (!work.dice.chance(absent)).then(|| now_us + work.dice.below(200) * SEC));
        if phase == RoundPhase::Open && consents.is_some_and(|at| at <= now_us) {
            return Some((Asked::Join(round), Command::JoinRound { round, leakage }));
        }
        if !work.told.contains(&(round, node)) && !self.work.asks_round(node, &Asked::Await(round)) {
            return Some((Asked::Await(round), Command::AwaitRound(round)));
        }
        self.post_of_member(node, round)
    }

    fn post_of_member(&mut self, node: usize, round: RunId) -> Option<(Asked, Command)> {
        let state: &State = self.nodes[node].engine.as_ref()?.state();
        let known = state.rounds().rounds().get(&round)?;
        let items: Vec<_> = known.rooms().collect();
        let rooms = known.terms.body().rooms;
        if items.is_empty() || rooms.intervals == 0 {
            return None;
        }
        let work = &mut self.work.rounds;
        let posts = self.scenario.posts;
        let (at, left) = work.writes.entry((round, node)).or_insert((self.now_us, posts));
        if *left == 0 || *at > self.now_us {
            return None;
        }
        *left -= 1;
        *at += work.dice.below(2 * u64::from(rooms.interval_secs)) * SEC;
        work.serial += 1;
        let day = Day::from_number(work.serial);
        let text = (rooms.text == FreeText::On).then(|| format!("post {}", work.serial).try_into().expect("short"));
        let draft = Draft {
            content: Content::Sighting { first: day, last: day, frequency: Frequency::Few, role: ClueRole::ALL[0] },
            caveats: Caveats::NONE,
            expires: Day::of(rooms.closes()),
            answers: None,
            text,
        };
        let item = items[work.dice.index(items.len())];
        Some((Asked::Post(round), Command::PostToRoom { round, item, draft: Box::new(draft) }))
    }

    /// Takes the answer to a command of a round.
    pub(crate) fn answered_of_rounds(&mut self, node: usize, asked: Asked, answer: Result<Reply, Refusal>) {
        match (asked, answer) {
            (Asked::Ceremony, Ok(Reply::CeremonyCalled(digest))) => self.work.rounds.called = Some(digest),
            (Asked::Ceremony, Err(_)) => self.work.rounds.failed += 1,
            (Asked::Open(wish), Ok(Reply::RoundOpened(round))) => {
                self.work.rounds.wishes[wish].opened(round, self.now_us);
                self.counts.of_rounds("opened".to_owned());
            }
            (Asked::Open(wish), Err(refusal)) => {
                self.work.rounds.wishes[wish].stage = Stage::Refused(refusal.code().to_owned());
            }
            (Asked::Await(round), Ok(Reply::RoundEnded(_))) => {
                self.work.rounds.told.insert((round, node));
            }
            (Asked::Await(_), Err(refusal)) => {
                self.breach("rounds_end_in_time", format!("node {node} cannot wait for a round: {}", refusal.code()));
            }
            (Asked::Join(round), Err(_)) => {
                self.work.rounds.consents.insert((round, node), None);
            }
            (Asked::Post(_), Err(refusal)) => self.counts.of_rounds(format!("post refused: {}", refusal.code())),
            _ => {}
        }
    }
}

impl Wish {
    fn opened(&mut self, round: RunId, now_us: u64) {
        self.stage = Stage::Open(round);
        self.closes_us = self.closes_us.map(|after| now_us + after);
    }

    /// Whether nothing more comes of it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_) | Stage::Refused(_))
    }

    /// The round, once it is open.
    pub(crate) fn round(&self) -> Option<RunId> {
        match self.stage {
            Stage::Open(round) | Stage::Over(round) => Some(round),
            Stage::Wanted | Stage::Refused(_) => None,
        }
    }
}
