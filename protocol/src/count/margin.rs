//! How far a figure may be from the number that it is about: what a person is told beside it.
//!
//! A draw of the noise is, before it is cut off at the bound, the difference of two geometric numbers, which are exponential ones of mean
//! s / epsilon without their fractions: it is less than 1 away from a Laplace draw of that mean. For n of these, u = t · epsilon / s:
//!
//! | n | P(the sum is more than t away from 0) | u | comes to |
//! |---|---|---|---|
//! | 1 | e^-u | 3 | 0.0498 |
//! | 3 | e^-u · (u² + 5u + 8) / 8 | 5 | 0.0489 |
//!
//! Cutting off makes it larger by a factor of up to 1 / (1 - n · delta), and rounding adds half a step.

use super::answer::weight_of;
use super::limits::COUNT_STEP;
use super::noise::NoiseTerms;

impl NoiseTerms {
    /// By how much the figure of two banks, which has three draws in it, differs from the true number at most, in 19 of 20 counts.
    pub fn margin_of_pair(self) -> u32 {
        self.margin(1, 3, 5)
    }

    /// The same of a round, whose figure has one draw in it and is about the number that the hub has.
    pub fn margin_of_round(self, threshold: u8) -> u32 {
        self.margin(weight_of(threshold), 1, 3)
    }

    fn margin(self, weight: u8, draws: u32, quantile: u32) -> u32 {
        let sensitivity = u32::from(self.sensitivity.number()) * u32::from(weight);
        let laplace = (1000 * quantile * sensitivity).div_ceil(self.epsilon.number().into());
        laplace + draws + (COUNT_STEP / 2) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::noise;
    use crate::round::sample::seed;

    #[test]
    fn nineteen_of_twenty_sums_of_draws_are_within_their_margin_and_few_are_far_within() {
        for (draws, weight, threshold) in [(3, 1, None), (1, 1, Some(2)), (1, 3, Some(3))] {
            let terms = noise(500, 9, 4);
            let margin = threshold.map_or(terms.margin_of_pair(), |threshold| terms.margin_of_round(threshold));
            let laplace = terms.laplace(weight);
            let within = |margin: i64| {
                let is_within = |number: &u64| {
                    let drawn = |draw| laplace.draw(&seed(1).fork("count", *number).fork("draw", draw));
                    (0..draws).map(drawn).sum::<i64>().abs() <= margin - 5
                };
                (0..4000_u64).filter(is_within).count()
            };
            // 3800 are promised, with a standard deviation of 14.
            assert!(within(margin.into()) >= 3750, "{draws} draws");
            assert!(within(i64::from(margin) * 3 / 4) < 3800, "{draws} draws: the margin is no larger than it must be");
        }
    }

    #[test]
    fn the_margin_follows_from_the_terms() {
        assert_eq!(noise(500, 9, 4).margin_of_pair(), 40 + 3 + 5);
        assert_eq!(noise(500, 9, 4).margin_of_round(2), 24 + 1 + 5);
        assert_eq!(noise(500, 9, 4).margin_of_round(3), 72 + 1 + 5);
        assert_eq!(noise(50, 9, 16).margin_of_pair(), 1600 + 3 + 5);
    }
}
