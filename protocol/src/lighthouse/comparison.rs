//! A bank's own figure beside those of the group (`docs/spec/trends.md` §5). The hub makes the group's figure of what banks
//! released to it; each bank compares at home, and its own figure for that goes nowhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::day::Month;
use super::disclosure::{DisclosureError, Figure};
use super::limits::{
    COMPARED_BANKS_MAX, COMPARED_BANKS_MIN, COMPARED_CHANGE_MIN, FIGURE_CLUES_MIN, FIGURE_SHARE_MAX_PERCENT,
};
use crate::wire::BoundedVec;
use crate::{NetworkId, NodeKey};

/// What the hub keeps between periods. Not for anyone but the hub: it says which banks released a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMean {
    network: NetworkId,
    period: Month,
    /// Whose figures made the mean that is shown; empty while none is.
    banks: BoundedVec<NodeKey, COMPARED_BANKS_MAX>,
    mean: Figure,
}

/// How a bank's own figure stands to the group's: three words, no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Less than half of the mean.
    Below,
    /// From half of it to twice.
    Near,
    /// More than twice.
    Above,
}

impl GroupMean {
    /// The mean of the figures that banks released for a period.
    ///
    /// Shown if at least `COMPARED_BANKS_MIN` banks released one, and if none holds more than `FIGURE_SHARE_MAX_PERCENT` of
    /// what is left when any other takes its own away: each reader knows its own. A mean below `FIGURE_CLUES_MIN` would say
    /// that all are small. If fewer than `COMPARED_CHANGE_MIN` banks
    /// came or went since the mean that is shown, it stays as it is: the difference would be theirs.
    ///
    /// # Errors
    /// If no mean may follow `before`.
    pub fn of(
        network: NetworkId,
        period: Month,
        released: &BTreeMap<NodeKey, u32>,
        before: Option<&Self>,
    ) -> Result<Self, DisclosureError> {
        if before.is_some_and(|before| before.network != network) {
            return Err(DisclosureError::OtherNetwork);
        }
        if let Some(before) = before.filter(|before| before.period >= period) {
            return Err(DisclosureError::PeriodReleased { released: before.period });
        }
        let banks: Vec<NodeKey> = released.keys().copied().collect();
        let hidden = Self { network, period, banks: BoundedVec::default(), mean: Figure::Hidden };
        let Ok(bounded) = banks.try_into() else { return Err(DisclosureError::Malformed) };
        let sum: u64 = released.values().map(|figure| u64::from(*figure)).sum();
        let mean = sum / u64::try_from(released.len().max(1)).expect("there are a few banks");
        let mean = u32::try_from(mean).expect("a mean is no more than the largest");
        if released.len() < COMPARED_BANKS_MIN || dominated(released) || mean < FIGURE_CLUES_MIN {
            // Hidden, and what was shown is remembered: a mean that comes back is compared with it.
            return Ok(Self { banks: before.map_or_else(BoundedVec::default, |b| b.banks.clone()), ..hidden });
        }
        let Some(before) = before else { return Ok(Self { banks: bounded, mean: rounded(mean), ..hidden }) };
        let changed = changed_banks(&before.banks, released);
        let close = (1..COMPARED_CHANGE_MIN).contains(&changed) && !before.banks.is_empty();
        let mean = match before.mean {
            Figure::Shown(shown) if close || mean.abs_diff(shown) < FIGURE_CLUES_MIN => {
                return Ok(Self { banks: before.banks.clone(), mean: Figure::Shown(shown), ..hidden });
            }
            Figure::Hidden if close => return Ok(Self { banks: before.banks.clone(), ..hidden }),
            Figure::Shown(_) | Figure::Hidden => rounded(mean),
        };
        Ok(Self { banks: bounded, mean, ..hidden })
    }

    /// What banks are told: the mean, rounded.
    pub const fn figure(&self) -> Figure {
        self.mean
    }

    /// The period.
    pub const fn period(&self) -> Month {
        self.period
    }
}

impl Standing {
    /// Of an own figure beside the group's; none if that is hidden.
    pub const fn of(own: u32, group: Figure) -> Option<Self> {
        let Figure::Shown(mean) = group else { return None };
        let (own, mean) = (own as u64, mean as u64);
        Some(if own * 2 < mean {
            Self::Below
        } else if own > mean * 2 {
            Self::Above
        } else {
            Self::Near
        })
    }

    /// The words on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below => "less than half of the group's mean",
            Self::Near => "between half of the group's mean and twice",
            Self::Above => "more than twice the group's mean",
        }
    }
}

/// Whether the largest stands out to any other bank. The second largest takes most away, so it sees best.
fn dominated(released: &BTreeMap<NodeKey, u32>) -> bool {
    let mut figures: Vec<u64> = released.values().map(|figure| u64::from(*figure)).collect();
    figures.sort_unstable_by(|a, b| b.cmp(a));
    let rest: u64 = figures.iter().skip(2).sum();
    let largest = figures.first().copied().unwrap_or(0);
    largest * 100 > (largest + rest) * u64::from(FIGURE_SHARE_MAX_PERCENT)
}

fn changed_banks(before: &[NodeKey], released: &BTreeMap<NodeKey, u32>) -> usize {
    let before: BTreeSet<NodeKey> = before.iter().copied().collect();
    let now: BTreeSet<NodeKey> = released.keys().copied().collect();
    before.symmetric_difference(&now).count()
}

fn rounded(mean: u32) -> Figure {
    Figure::Shown(mean.saturating_add(FIGURE_CLUES_MIN / 2) / FIGURE_CLUES_MIN * FIGURE_CLUES_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lighthouse::Day;
    use crate::lighthouse::samples::{NETWORK, TODAY};
    use cwg_crypto::{Secret32, SigningKey};

    fn bank(number: u8) -> NodeKey {
        NodeKey(SigningKey::from_secret(&Secret32::new([number + 1; 32])).verifying_key())
    }

    fn released(figures: &[(u8, u32)]) -> BTreeMap<NodeKey, u32> {
        figures.iter().map(|(number, figure)| (bank(*number), *figure)).collect()
    }

    fn month(months: u16) -> Month {
        Day::from_number(TODAY.number() + 31 * months).month()
    }

    /// Figures of successive periods, and the mean that each shows.
    fn check(periods: &[(&[(u8, u32)], Figure)]) {
        let mut before = None;
        for (number, (figures, expected)) in periods.iter().enumerate() {
            let mean = GroupMean::of(NETWORK, month(number as u16), &released(figures), before.as_ref()).unwrap();
            assert_eq!(mean.figure(), *expected, "period {number}");
            before = Some(mean);
        }
    }

    const FIVE: [(u8, u32); 5] = [(1, 100), (2, 120), (3, 80), (4, 90), (5, 110)];

    #[test]
    fn four_banks_show_no_mean_and_five_do() {
        check(&[(&FIVE[..4], Figure::Hidden)]);
        check(&[(&FIVE, Figure::Shown(100))]);
        check(&[(&[], Figure::Hidden)]);
    }

    #[test]
    fn a_bank_that_stands_out_to_the_second_largest_hides_the_mean() {
        // 300 of 390 without the second largest; of all 490 it is 61 percent.
        check(&[(&[(1, 300), (2, 100), (3, 30), (4, 30), (5, 30)], Figure::Hidden)]);
        check(&[(&[(1, 200), (2, 100), (3, 30), (4, 30), (5, 30)], Figure::Shown(80))]);
        check(&[(&[(1, 9), (2, 9), (3, 9), (4, 9), (5, 9)], Figure::Hidden)]);
    }

    #[test]
    fn a_bank_that_comes_or_goes_does_not_move_the_mean() {
        let mut six = FIVE.to_vec();
        six.push((6, 600));
        let mut eight = six.clone();
        eight.extend([(7, 600), (8, 600)]);
        check(&[(&FIVE, Figure::Shown(100)), (&six, Figure::Shown(100)), (&FIVE, Figure::Shown(100))]);
        let mut six_alike = FIVE.to_vec();
        six_alike.push((6, 220));
        check(&[(&FIVE, Figure::Shown(100)), (&six_alike, Figure::Shown(100)), (&eight, Figure::Shown(290))]);
        // One a period is held until three have come.
        let seven = &eight[..7];
        check(&[(&FIVE, Figure::Shown(100)), (&six_alike, Figure::Shown(100)), (seven, Figure::Shown(100))]);
    }

    #[test]
    fn a_period_has_one_mean() {
        let mean = GroupMean::of(NETWORK, month(1), &released(&FIVE), None).unwrap();
        for months in [0, 1] {
            let again = GroupMean::of(NETWORK, month(months), &released(&FIVE), Some(&mean));
            assert_eq!(again, Err(DisclosureError::PeriodReleased { released: month(1) }));
        }
        let other = GroupMean::of(NetworkId([9; 16]), month(2), &released(&FIVE), Some(&mean));
        assert_eq!(other, Err(DisclosureError::OtherNetwork));
    }

    #[test]
    fn a_bank_compares_in_three_words_or_not_at_all() {
        let group = Figure::Shown(100);
        for (own, standing) in [
            (0, Standing::Below),
            (49, Standing::Below),
            (50, Standing::Near),
            (200, Standing::Near),
            (201, Standing::Above),
        ] {
            assert_eq!(Standing::of(own, group), Some(standing));
            assert_eq!(Standing::of(own, Figure::Hidden), None);
        }
    }
}
