//! What the hub's people ask for: who holds the key, and how large a round is and when its steps are.

use cwg_engine::command::{CeremonyCall, KeyOrigin, RoundPlan, RoundTells};
use cwg_protocol::charter::RoundRules;
use cwg_protocol::indicator::{IndicatorKind, Roles};
use cwg_protocol::round::{FreeText, KindItems, RoomTerms, Schedule};
use cwg_protocol::{NodeKey, PilotId, UnixTime};

use crate::book::KINDS;
use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::world::{HUB, World};

/// The longest phase of a ceremony, seconds: then it goes on without those who are away.
const PHASE_SECS_MAX: u64 = 600;

/// Uploads of the smallest round.
const UPLOADS_MIN: u8 = 4;

/// Places of a kind beyond the longest list.
const SPARE_MAX: u32 = 3;

/// The charter's least number of items.
const ITEMS_MIN: u32 = 10;

impl World {
    /// What the charter says of rounds: all members may hold shares, and as little is asked for as may be. None where too few take part.
    pub(crate) fn round_rules(&self, members: &[NodeKey]) -> Option<RoundRules> {
        let enough = self.scenario.rounds > 0 && members.len() >= usize::from(UPLOADS_MIN);
        enough.then(|| RoundRules {
            keyholders: members.to_vec().try_into().expect("at most fifteen"),
            threshold: 2,
            uploads_min: UPLOADS_MIN,
            rounds_per_key: self.scenario.rounds_per_key as u16,
            reveals: Some("clause 9".to_owned().try_into().expect("short")),
        })
    }

    /// The most that any round here asks for: tight, so that allowances are used up.
    pub(crate) fn round_items_max(&self) -> u32 {
        let lists = KINDS.iter().map(|kind| self.held_most(*kind) + SPARE_MAX).sum::<u32>();
        self.scenario.items.max(lists) + ITEMS_MIN
    }

    /// Items of a kind that the member with the longest list of it holds.
    fn held_most(&self, kind: IndicatorKind) -> u32 {
        let books = self.nodes.iter().skip(1).filter_map(|node| node.book.as_ref());
        books.map(|book| book.rows().filter(|row| row.kind == kind).count()).max().unwrap_or(0) as u32
    }

    /// A ceremony among members drawn from those that are active.
    pub(super) fn ceremony_call(&mut self, pilot: PilotId, origin: KeyOrigin) -> Option<CeremonyCall> {
        let state = self.state(HUB)?;
        let members = state.pilots().get(&pilot)?.charter.body().members.to_vec();
        let mut holders: Vec<NodeKey> = members.into_iter().filter(|member| state.active(*member).is_some()).collect();
        let dice = &mut self.work.rounds.dice;
        dice.shuffle(&mut holders);
        let most = holders.len().min(5) as u64;
        holders.truncate(dice.between(2, most) as usize);
        let threshold = dice.between(2, (holders.len() as u64).min(3)) as u8;
        let phase_secs = 60 + 2 * self.scenario.skew_max_secs + dice.below(PHASE_SECS_MAX);
        Some(CeremonyCall { pilot, holders, threshold, phase_secs, origin })
    }

    /// A round of a drawn size. Its steps are longer than clocks are apart.
    pub(super) fn round_plan(&mut self, pilot: PilotId, threshold: u8) -> RoundPlan {
        let now = self.now_of(HUB).wall;
        let kinds = self.kinds_of_round();
        let scenario = self.scenario.clone();
        let dice = &mut self.work.rounds.dice;
        let schedule = schedule(dice, &scenario, now);
        let rooms = RoomTerms {
            opens: schedule.ends.plus_secs(dice.below(300)),
            interval_secs: (300 + 2 * scenario.skew_max_secs + dice.below(300)) as u32,
            intervals: scenario.room_intervals as u16,
            posts: dice.between(1, 3) as u8,
            text: if dice.chance(500) { FreeText::On } else { FreeText::Off },
        };
        RoundPlan { pilot, threshold, kinds, uploads_min: threshold + 2, schedule, rooms, tells: RoundTells::Band }
    }

    /// Some of the kinds, with room for what every member holds, and now and then for one item fewer.
    fn kinds_of_round(&mut self) -> Vec<KindItems> {
        let most = KINDS.map(|kind| (kind, self.held_most(kind)));
        let dice = &mut self.work.rounds.dice;
        let always = dice.index(KINDS.len());
        let spare = dice.below(u64::from(SPARE_MAX) + 1) as u32;
        let short = u32::from(dice.chance(60));
        let some = most.into_iter().enumerate().filter(|(at, _)| *at == always || dice.chance(600));
        let mut kinds: Vec<KindItems> = some
            .map(|(_, (kind, held))| KindItems {
                kind,
                roles: Roles::BOTH,
                items: (held + spare - short.min(held)).max(1),
            })
            .collect();
        kinds.sort_by_key(|entry| entry.kind);
        // The charter's least number.
        let total: u32 = kinds.iter().map(|entry| entry.items).sum();
        kinds[0].items += ITEMS_MIN.saturating_sub(total);
        kinds
    }
}

fn schedule(dice: &mut Dice, scenario: &Scenario, now: UnixTime) -> Schedule {
    let apart = 2 * scenario.skew_max_secs;
    let evaluate_by = now.plus_secs(420 + apart + dice.below(600));
    let schedule = Schedule {
        evaluate_by,
        claim_secs: (60 + apart + dice.below(60)) as u32,
        upload_secs: (120 + apart + dice.below(120)) as u32,
        stall_secs: dice.between(20, 60) as u32,
        beat_secs: dice.between(1, 20) as u32,
        answer_secs: (60 + apart + dice.below(60)) as u32,
        ends: evaluate_by,
    };
    let turns = dice.between(1, 4);
    Schedule { ends: evaluate_by.plus_secs(turns * (schedule.turn_secs() + 60) + dice.below(300)), ..schedule }
}
