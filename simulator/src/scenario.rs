//! What is simulated: the knobs, read from TOML or drawn from a seed.

use core::fmt;

use cwg_crypto::Seed;
use cwg_protocol::session::Learns;
use cwg_protocol::wire::limits::MEMBERS_MAX;
use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// The knobs of one simulation. Every key has a default; an unknown key is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Members beside the hub, 2 to 15.
    pub members: u32,
    /// Items of each member, 10 to 4096.
    pub items: u32,
    /// Items that each pair of members has in common, planted; at most a quarter of `items` over all pairs of one member.
    pub common: u32,
    /// Runs that are wanted for each pair of members.
    pub runs_per_pair: u32,
    /// Lighthouse runs that are wanted for each member.
    pub lighthouse_runs: u32,
    /// Rounds that are wanted, one after the other.
    pub rounds: u32,
    /// Members that must hold an item of a round, 2 or more, with two members to spare; each round draws 2 or 3 where this is absent.
    pub threshold: Option<u8>,
    /// Items that two, three, and so on to all members have in common, planted, besides those of pairs.
    pub shared: u32,
    /// Members that do not consent to a round, thousandths.
    pub absent_permille: u32,
    /// Rounds before which the key is handed over or made anew, thousandths.
    pub handovers_permille: u32,
    /// Rounds that the hub closes within an hour, thousandths.
    pub closes_permille: u32,
    /// Rounds for which members may have items evaluated under one key.
    pub rounds_per_key: u32,
    /// Intervals of each round's rooms.
    pub room_intervals: u32,
    /// Posts that a member writes in each round in which it has a room.
    pub posts: u32,
    /// Times that a member's list grows while there are faults. Rounds alone bear it: pair runs are held against the last list.
    pub growths: u32,
    /// Messages of ceremonies, rounds and rooms on which one of both ends crashes or their link is cut, thousandths, while there are faults.
    pub strikes_permille: u32,
    /// Whether the first two members hold each other's lists: worlds that differ only here look the same to all others.
    pub exchanged: bool,
    /// Who learns; each run draws it where this is absent.
    pub learns: Option<Learns>,
    /// Whether each run selects everything; otherwise it draws kinds and roles.
    pub whole_sets: bool,
    /// The charter's budget of sessions a day with one other member.
    pub sessions_per_day: u32,
    /// Which of many sets of the same sizes the members hold: worlds that differ only here differ only in what matches.
    pub planting: u64,
    /// One-way delay of a link, milliseconds.
    pub delay_ms: u64,
    /// Up to so much more for each packet, milliseconds: this is what reorders packets.
    pub jitter_ms: u64,
    /// Packets lost in each direction, thousandths.
    pub loss_permille: u32,
    /// Packets that come twice, thousandths.
    pub repeat_permille: u32,
    /// Cuts of a link, one way or both, while there are faults.
    pub cuts: u32,
    /// The longest cut, seconds.
    pub cut_max_secs: u64,
    /// Crashes while there are faults.
    pub crashes: u32,
    /// The longest time a crashed node is down, seconds.
    pub down_max_secs: u64,
    /// The longest time that a sync of the disk takes, milliseconds.
    pub sync_max_ms: u64,
    /// A clock is wrong by at most so much, seconds.
    pub skew_max_secs: u64,
    /// Times that some clock jumps while there are faults.
    pub clock_jumps: u32,
    /// The longest jump, seconds, forwards or backwards.
    pub clock_jump_max_secs: u64,
    /// Members that the hub revokes at a random time.
    pub revocations: u32,
    /// Members behind an adversary that rewrites what they send.
    pub hostile: u32,
    /// Frames of a hostile member that are rewritten, thousandths.
    pub lies_permille: u32,
    /// How long there are faults, seconds.
    pub faults_secs: u64,
    /// How long the healed network may take to end everything, seconds.
    pub settle_secs: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            members: 3,
            items: 60,
            common: 7,
            runs_per_pair: 1,
            lighthouse_runs: 0,
            rounds: 0,
            threshold: None,
            shared: 0,
            absent_permille: 0,
            handovers_permille: 0,
            closes_permille: 0,
            rounds_per_key: 32,
            room_intervals: 0,
            posts: 0,
            growths: 0,
            strikes_permille: 0,
            exchanged: false,
            learns: None,
            whole_sets: false,
            sessions_per_day: 20,
            planting: 0,
            delay_ms: 10,
            jitter_ms: 4,
            loss_permille: 0,
            repeat_permille: 0,
            cuts: 0,
            cut_max_secs: 60,
            crashes: 0,
            down_max_secs: 60,
            sync_max_ms: 5,
            skew_max_secs: 0,
            clock_jumps: 0,
            clock_jump_max_secs: 1800,
            revocations: 0,
            hostile: 0,
            lies_permille: 100,
            faults_secs: 120,
            settle_secs: 2 * 3600,
        }
    }
}

/// Why a text is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, an unknown key, or a value of another type; the text names line and key.
    #[error("the scenario cannot be read: {0}")]
    Syntax(String),
    /// A value outside its range.
    #[error("the scenario's `{key}` is {value}; it goes from {low} to {high}")]
    Range {
        /// The key.
        key: &'static str,
        /// What it is.
        value: u64,
        /// The least.
        low: u64,
        /// The most.
        high: u64,
    },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown key or a value outside its range.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
        scenario.checked()
    }

    /// The scenario, if each value is in its range.
    ///
    /// # Errors
    /// The first value that is not.
    pub fn checked(self) -> Result<Self, ScenarioError> {
        let others = u64::from(self.members.saturating_sub(1)).max(1);
        let ranges: [(&'static str, u64, u64, u64); 32] = [
            ("members", self.members.into(), 2, MEMBERS_MAX as u64),
            ("items", self.items.into(), 10, 4096),
            ("common", self.common.into(), 0, u64::from(self.items) / 2 / others),
            ("runs_per_pair", self.runs_per_pair.into(), 0, 8),
            ("lighthouse_runs", self.lighthouse_runs.into(), 0, 8),
            ("rounds", self.rounds.into(), 0, if self.members < 4 { 0 } else { 8 }),
            ("threshold", self.threshold.unwrap_or(2).into(), 2, u64::from(self.members).saturating_sub(2).max(2)),
            ("shared", self.shared.into(), 0, u64::from(self.items) / 2),
            ("absent_permille", self.absent_permille.into(), 0, 1000),
            ("handovers_permille", self.handovers_permille.into(), 0, 1000),
            ("closes_permille", self.closes_permille.into(), 0, 1000),
            ("rounds_per_key", self.rounds_per_key.into(), 1, 1000),
            ("strikes_permille", self.strikes_permille.into(), 0, 1000),
            ("room_intervals", self.room_intervals.into(), 0, 100),
            ("posts", self.posts.into(), 0, 100),
            ("growths", self.growths.into(), 0, if self.runs_per_pair + self.lighthouse_runs == 0 { 100 } else { 0 }),
            ("sessions_per_day", self.sessions_per_day.into(), 1, 10_000),
            ("delay_ms", self.delay_ms, 0, 2_000),
            ("jitter_ms", self.jitter_ms, 0, 2_000),
            ("loss_permille", self.loss_permille.into(), 0, 300),
            ("repeat_permille", self.repeat_permille.into(), 0, 300),
            ("cuts", self.cuts.into(), 0, 1_000),
            ("cut_max_secs", self.cut_max_secs, 1, 3_600),
            ("crashes", self.crashes.into(), 0, 1_000),
            ("down_max_secs", self.down_max_secs, 1, 3_600),
            ("sync_max_ms", self.sync_max_ms, 1, 10_000),
            ("skew_max_secs", self.skew_max_secs, 0, 300),
            ("clock_jumps", self.clock_jumps.into(), 0, 100),
            ("clock_jump_max_secs", self.clock_jump_max_secs, 1, 40 * 86_400),
            ("revocations", self.revocations.into(), 0, self.members.into()),
            ("hostile", self.hostile.into(), 0, self.members.into()),
            ("lies_permille", self.lies_permille.into(), 0, 1000),
        ];
        let outside = ranges.into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value));
        match outside {
            Some((key, value, low, high)) => Err(ScenarioError::Range { key, value, low, high }),
            None => Ok(self),
        }
    }

    /// A mix of faults drawn from a seed: each kind of fault is absent in about half of all mixes, so that what is
    /// rare is also seen alone.
    pub fn drawn(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut dice = Dice::new(&Seed::new(bytes), "scenario", 0);
        let calm = Self::default();
        let members = if dice.chance(100) { dice.between(4, 6) } else { dice.between(2, 3) };
        let items = dice.between(30, 120);
        Self {
            members: members as u32,
            items: items as u32,
            common: dice.below(items / 2 / (members - 1) + 1) as u32,
            runs_per_pair: dice.between(1, 5) as u32,
            sessions_per_day: if dice.chance(300) { dice.between(1, 4) as u32 } else { 20 },
            delay_ms: dice.between(1, 150),
            jitter_ms: dice.between(0, 60),
            loss_permille: maybe(&mut dice, 200),
            repeat_permille: maybe(&mut dice, 100),
            cuts: maybe(&mut dice, 8),
            cut_max_secs: dice.between(5, 120),
            crashes: maybe(&mut dice, 6),
            sync_max_ms: if dice.chance(200) { 2_000 } else { 10 },
            skew_max_secs: maybe(&mut dice, 290).into(),
            clock_jumps: if dice.chance(250) { dice.between(1, 3) as u32 } else { 0 },
            clock_jump_max_secs: if dice.chance(300) { 30 * 86_400 } else { 3_000 },
            revocations: u32::from(dice.chance(250)),
            hostile: u32::from(dice.chance(400)),
            lies_permille: dice.between(20, 300) as u32,
            faults_secs: dice.between(30, 240),
            lighthouse_runs: if dice.chance(250) { dice.between(1, 2) as u32 } else { 0 },
            ..calm
        }
    }
}

impl Scenario {
    /// A mix of faults like [`Self::drawn`], over rounds with small lists.
    pub fn drawn_rounds(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut dice = Dice::new(&Seed::new(bytes), "scenario of rounds", 0);
        let members = dice.between(4, 7);
        let items = dice.between(10, 24);
        let runs_per_pair = u32::from(dice.chance(80));
        let growths = if runs_per_pair == 0 { maybe(&mut dice, 3) } else { 0 };
        let rooms = dice.chance(600);
        Self {
            members: members as u32,
            items: items as u32,
            common: dice.below(items / 2 / (members - 1) + 1) as u32,
            shared: dice.below(items / 2 + 1) as u32,
            runs_per_pair,
            whole_sets: true,
            rounds: if dice.chance(250) { dice.between(2, 6) as u32 } else { 1 },
            threshold: None,
            absent_permille: maybe(&mut dice, 300),
            handovers_permille: maybe(&mut dice, 1000),
            closes_permille: if dice.chance(200) { 300 } else { 0 },
            rounds_per_key: if dice.chance(200) { 1 } else { 32 },
            room_intervals: if rooms { dice.between(1, 4) as u32 } else { 0 },
            posts: dice.between(0, 4) as u32,
            growths,
            strikes_permille: maybe(&mut dice, 25),
            delay_ms: dice.between(1, 150),
            jitter_ms: dice.between(0, 60),
            loss_permille: maybe(&mut dice, 200),
            repeat_permille: maybe(&mut dice, 100),
            cuts: maybe(&mut dice, 40),
            cut_max_secs: dice.between(5, 600),
            crashes: maybe(&mut dice, 25),
            down_max_secs: if dice.chance(300) { 3_600 } else { 90 },
            sync_max_ms: if dice.chance(200) { 2_000 } else { 10 },
            skew_max_secs: if dice.chance(300) { dice.between(1, 290) } else { 0 },
            clock_jumps: if dice.chance(150) { dice.between(1, 3) as u32 } else { 0 },
            clock_jump_max_secs: if dice.chance(300) { 30 * 86_400 } else { 3_000 },
            revocations: u32::from(dice.chance(150)),
            hostile: u32::from(dice.chance(300)),
            lies_permille: dice.between(10, 200) as u32,
            faults_secs: dice.between(600, 4_000),
            settle_secs: 24 * 3600,
            ..Self::default()
        }
    }
}

fn maybe(dice: &mut Dice, most: u64) -> u32 {
    if dice.chance(500) { u32::try_from(dice.between(1, most)).expect("small") } else { 0 }
}

/// One line of TOML, to be read again.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = toml::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(text.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_unknown_keys_and_values_out_of_range_by_name() {
        for (text, named) in [
            ("membres = 3", "membres"),
            ("members = 16", "`members` is 16; it goes from 2 to 15"),
            ("members = -1", "line 1"),
            ("loss_permille = 900", "loss_permille"),
            ("learns = \"nobody\"", "nobody"),
            ("[[", "line 1"),
        ] {
            let error = Scenario::from_toml(text).expect_err(text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn every_drawn_scenario_is_in_range_and_reads_back() {
        for seed in 0..500 {
            for drawn in [Scenario::drawn(seed), Scenario::drawn_rounds(seed)] {
                let drawn = drawn.checked().expect("in range");
                assert_eq!(Scenario::from_toml(&drawn.to_string()), Ok(drawn));
            }
        }
    }
}
