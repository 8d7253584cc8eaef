//! Grades of the Admiralty system: how far a source is trusted, and how far what it says. And how a clue ages.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::day::Day;
use super::limits::HALF_LIFE_MAX_DAYS;

/// Reliability of the source, A to F, and credibility of the statement, 1 to 6; F and 6 mean that it cannot be judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u8, u8)", into = "(u8, u8)")]
pub struct Grade {
    /// 1 for A to 6 for F.
    reliability: u8,
    credibility: u8,
}

/// A text or a pair of numbers that is no grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grade is a letter A to F and a digit 1 to 6")]
pub struct BadGrade;

impl Grade {
    /// The least grade with which one strong key may open a case.
    pub const OPENS: Self = Self { reliability: 3, credibility: 3 };

    /// The grade of two numbers, each 1 to 6.
    ///
    /// # Errors
    /// If one is outside.
    pub fn new(reliability: u8, credibility: u8) -> Result<Self, BadGrade> {
        let range = 1..=6;
        if range.contains(&reliability) && range.contains(&credibility) {
            Ok(Self { reliability, credibility })
        } else {
            Err(BadGrade)
        }
    }

    /// Reads a grade such as `B2`.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, BadGrade> {
        let &[letter, digit] = text.as_bytes() else { return Err(BadGrade) };
        let reliability = letter.to_ascii_uppercase().checked_sub(b'A' - 1).ok_or(BadGrade)?;
        Self::new(reliability, digit.checked_sub(b'0').ok_or(BadGrade)?)
    }

    /// Reliability of the source: 1 for A to 6 for F.
    pub const fn reliability(self) -> u8 {
        self.reliability
    }

    /// Credibility of the statement, 1 to 6.
    pub const fn credibility(self) -> u8 {
        self.credibility
    }

    /// Whether both parts are as good as another's. What cannot be judged is not as good as what can.
    pub const fn at_least(self, floor: Self) -> bool {
        self.reliability <= floor.reliability && self.credibility <= floor.credibility
    }
}

impl TryFrom<(u8, u8)> for Grade {
    type Error = BadGrade;

    fn try_from((reliability, credibility): (u8, u8)) -> Result<Self, BadGrade> {
        Self::new(reliability, credibility)
    }
}

impl From<Grade> for (u8, u8) {
    fn from(grade: Grade) -> Self {
        (grade.reliability, grade.credibility)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(b'A' - 1 + self.reliability), self.credibility)
    }
}

impl fmt::Debug for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grade({self})")
    }
}

/// The source's own confidence in a clue, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Confidence(u8);

/// A confidence over 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a confidence is 0 to 100")]
pub struct BadConfidence;

impl Confidence {
    /// The highest.
    pub const MAX: u8 = 100;
}

impl TryFrom<u8> for Confidence {
    type Error = BadConfidence;

    fn try_from(percent: u8) -> Result<Self, BadConfidence> {
        if percent <= Self::MAX { Ok(Self(percent)) } else { Err(BadConfidence) }
    }
}

impl From<Confidence> for u8 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

/// How a clue loses weight from its last observation to the day it expires. After that day it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decay {
    /// Not at all.
    Steady,
    /// Evenly, to nothing.
    Linear,
    /// By half in each of these spans.
    HalfLife(HalfLife),
}

/// Days in which a clue loses half of its weight, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct HalfLife(u16);

/// A number of days that is no half-life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a half-life is 1 to {HALF_LIFE_MAX_DAYS} days")]
pub struct BadHalfLife;

impl TryFrom<u16> for HalfLife {
    type Error = BadHalfLife;

    fn try_from(days: u16) -> Result<Self, BadHalfLife> {
        if (1..=HALF_LIFE_MAX_DAYS).contains(&days) { Ok(Self(days)) } else { Err(BadHalfLife) }
    }
}

impl From<HalfLife> for u16 {
    fn from(half_life: HalfLife) -> Self {
        half_life.0
    }
}

/// 2^16 * 2^(-i/16), rounded.
const HALVING: [u32; 17] = [
    65_536, 62_757, 60_097, 57_549, 55_109, 52_773, 50_535, 48_393, 46_341, 44_376, 42_495, 40_693, 38_968, 37_316,
    35_734, 34_219, 32_768,
];

impl Decay {
    /// Reads `steady`, `linear` or `half-life:DAYS`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "steady" => Some(Self::Steady),
            "linear" => Some(Self::Linear),
            _ => {
                let days = text.strip_prefix("half-life:").filter(|days| days.bytes().all(|b| b.is_ascii_digit()))?;
                HalfLife::try_from(days.parse::<u16>().ok()?).ok().map(Self::HalfLife)
            }
        }
    }

    /// What is left of a clue's weight on a day, in thousandths, rounded down. Integers alone: the same on every machine.
    pub fn weight(self, last: Day, expires: Day, today: Day) -> u32 {
        if today > expires {
            return 0;
        }
        let age = u32::from(last.days_to(today));
        match self {
            Self::Steady => 1000,
            Self::Linear => {
                // The day of expiry still counts, so the whole span is one day longer.
                let span = u32::from(last.days_to(expires)) + 1;
                1000 * (span - age.min(span)) / span
            }
            Self::HalfLife(HalfLife(days)) => {
                let days = u32::from(days);
                let halvings = (age / days).min(31);
                let sixteenths = age % days * 16;
                let (step, rest) = ((sixteenths / days) as usize, sixteenths % days);
                // A straight line between two sixteenths of a halving is off by less than 0.03 percent.
                let drop = (HALVING[step] - HALVING[step + 1]) * rest / days;
                ((1000 * (HALVING[step] - drop)) >> 16) >> halvings
            }
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steady => f.write_str("steady"),
            Self::Linear => f.write_str("linear"),
            Self::HalfLife(HalfLife(days)) => write!(f, "half-life:{days}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn grades_are_read_and_printed() {
        for letter in "ABCDEF".chars() {
            for digit in 1..=6 {
                let text = format!("{letter}{digit}");
                let grade = Grade::parse(&text).unwrap();
                assert_eq!(grade.to_string(), text);
                assert_eq!(Grade::parse(&text.to_lowercase()), Ok(grade));
                assert_eq!(decode::<Grade>(&encode(&grade), 2), Ok(grade));
            }
        }
        for text in ["", "A", "G1", "A0", "A7", "A11", "1A", "@1", "\u{e9}"] {
            assert_eq!(Grade::parse(text), Err(BadGrade), "{text}");
        }
    }

    #[test]
    fn a_grade_is_at_least_another_only_in_both_parts() {
        let at_least = |text: &str| Grade::parse(text).unwrap().at_least(Grade::OPENS);
        assert!(["A1", "C3", "A3", "C1"].into_iter().all(at_least));
        assert!(!["D1", "A4", "F1", "A6", "F6"].into_iter().any(at_least));
    }

    #[test]
    fn decay_is_read_and_printed() {
        for text in ["steady", "linear", "half-life:1", "half-life:3653"] {
            assert_eq!(Decay::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "half-life", "half-life:", "half-life:0", "half-life:3654", "half-life:+9", "half-life:99999"]
        {
            assert_eq!(Decay::parse(text), None, "{text}");
        }
    }

    #[test]
    fn weight_falls_as_the_curve_says_and_ends_after_the_last_day() {
        let day = Day::from_number;
        let check = |decay: &str, age: u16, expected: u32| {
            let weight = Decay::parse(decay).unwrap().weight(day(100), day(200), day(100 + age));
            assert_eq!(weight, expected, "{decay} after {age} days");
        };
        for (decay, ages) in [
            ("steady", [(0, 1000), (100, 1000), (101, 0)]),
            ("linear", [(0, 1000), (50, 504), (100, 9)]),
            ("half-life:10", [(0, 1000), (10, 500), (20, 250)]),
            ("half-life:10", [(5, 707), (100, 0), (101, 0)]),
            ("half-life:100", [(25, 840), (75, 594), (100, 500)]),
        ] {
            ages.into_iter().for_each(|(age, expected)| check(decay, age, expected));
        }
        let early = Decay::Linear.weight(day(100), day(200), day(50));
        assert_eq!(early, 1000, "a clue seen after today by another clock is fresh");
    }

    #[test]
    fn no_curve_ever_rises() {
        for decay in ["steady", "linear", "half-life:1", "half-life:7", "half-life:365", "half-life:3653"] {
            let decay = Decay::parse(decay).unwrap();
            let weights: Vec<u32> = (0..4000)
                .map(|age| decay.weight(Day::from_number(0), Day::from_number(3653), Day::from_number(age)))
                .collect();
            assert!(weights.is_sorted_by(|a, b| a >= b), "{decay}");
            assert!(weights[0] == 1000 && weights[3654] == 0);
        }
    }
}
