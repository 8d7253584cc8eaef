//! The distribution, its bound, and ln 10.

use super::*;

fn terms(epsilon: u16, digits: u8, sensitivity: u8) -> NoiseTerms {
    NoiseTerms {
        epsilon: epsilon.try_into().unwrap(),
        delta: digits.try_into().unwrap(),
        sensitivity: sensitivity.try_into().unwrap(),
    }
}

/// P(z) for z from -bound to bound, by the definition.
fn probabilities(noise: &Laplace) -> Vec<f64> {
    let bound = i64::from(noise.bound);
    let weights: Vec<f64> =
        (-bound..=bound).map(|z| (-(z.unsigned_abs() as f64) * noise.up as f64 / noise.down as f64).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

const ALL: [(u16, u8, u8); 6] = [(500, 9, 1), (500, 9, 4), (50, 12, 16), (500, 6, 16), (333, 7, 3), (50, 6, 1)];

#[test]
fn one_in_a_list_of_bounds_is_as_computed_by_hand() {
    let check = |epsilon, digits, sensitivity, bound| assert_eq!(terms(epsilon, digits, sensitivity).bound(), bound);
    check(500, 9, 1, 42);
    check(500, 9, 4, 166);
    check(250, 9, 1, 83);
    check(100, 6, 1, 139);
    check(50, 12, 16, 8842);
}

#[test]
fn draws_have_the_distribution() {
    // Pearson's statistic over 200,000 draws of a fixed seed; cells of fewer than 50 expected draws are taken together.
    const DRAWS: usize = 200_000;
    for (case, (epsilon, digits, sensitivity)) in ALL[..2].iter().chain(&ALL[4..5]).enumerate() {
        let noise = terms(*epsilon, *digits, *sensitivity).laplace(1);
        let mut counts = vec![0_u32; 2 * noise.bound as usize + 1];
        let mut rng = Seed::new([case as u8; 32]).rng();
        let mut drawn = 0;
        while drawn < DRAWS {
            let z = noise.draw_unbounded(&mut rng);
            if z.unsigned_abs() <= noise.bound.into() {
                counts[(z + i64::from(noise.bound)) as usize] += 1;
                drawn += 1;
            }
        }
        let (mut statistic, mut cells, mut rest) = (0.0, 0, (0.0, 0.0));
        for (count, probability) in counts.iter().zip(probabilities(&noise)) {
            let (count, expected) = (f64::from(*count), probability * DRAWS as f64);
            if expected < 50.0 {
                rest = (rest.0 + count, rest.1 + expected);
                continue;
            }
            statistic += (count - expected).powi(2) / expected;
            cells += 1;
        }
        if rest.1 > 0.0 {
            statistic += (rest.0 - rest.1).powi(2) / rest.1;
            cells += 1;
        }
        // The statistic has cells - 1 degrees of freedom: mean n, variance 2n. Five deviations above is 10^-6 and less.
        let freedom = f64::from(cells - 1);
        assert!(statistic < freedom + 5.0 * (2.0 * freedom).sqrt(), "case {case}: {statistic} of {freedom}");
        assert!(statistic > freedom - 5.0 * (2.0 * freedom).sqrt(), "case {case}: {statistic} of {freedom}");
    }
}

#[test]
fn the_test_of_the_distribution_sees_a_zero_that_comes_up_twice_as_often() {
    let noise = terms(500, 9, 1).laplace(1);
    let zero = probabilities(&noise)[noise.bound as usize];
    let drawn = (0..20_000).filter(|n| noise.draw(&Seed::new([1; 32]).fork("draw", *n)) == 0).count() as f64 / 20_000.0;
    assert!((drawn - zero).abs() < 5.0 * (zero / 20_000.0).sqrt(), "{drawn} {zero}");
}

#[test]
fn no_draw_is_outside_the_bound() {
    let noise = Laplace { up: 50, down: 1000, bound: 3 };
    let drawn: Vec<_> = (0..2_000).map(|n| noise.draw(&Seed::new([1; 32]).fork("draw", n))).collect();
    assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-3), Some(&3)));
}

/// For any two neighbouring counts and any set of outputs: what is possible on one side only has at most delta, all else a
/// ratio of at most e^epsilon.
#[test]
fn the_bound_keeps_delta_and_the_slope_epsilon() {
    for (epsilon, digits, sensitivity) in ALL {
        let terms = terms(epsilon, digits, sensitivity);
        for weight in [1, 3] {
            let noise = terms.laplace(weight);
            let probabilities = probabilities(&noise);
            let shift = usize::from(sensitivity) * usize::from(weight);
            let outside: f64 = probabilities[probabilities.len() - shift..].iter().sum();
            assert!(outside <= 10_f64.powi(-i32::from(digits)), "{terms:?}: {outside:e}");
            let limit = (f64::from(epsilon) / 1000.0).exp() * (1.0 + 1e-9);
            assert!(probabilities.iter().zip(&probabilities[shift..]).all(|(a, b)| a / b <= limit && b / a <= limit));
        }
    }
}

#[test]
fn ln_10_is_taken_from_above_and_no_bound_would_be_another_from_below() {
    // ln 10 = 3 ln 2 + ln 1.25 = 6 artanh(1/3) + 2 artanh(1/9), artanh(1/n) = Σ 1 / ((2k+1) n^(2k+1)), in units of 10^-36. Each
    // term is cut off, so the sum is below ln 10 by less than one unit for each, and the rest of the series is under a unit.
    let unit = 10_u128.pow(36);
    let artanh = |n: u128| -> u128 {
        let powers = core::iter::successors(Some(unit / n), |power| Some(power / (n * n)));
        powers.take_while(|power| *power > 0).enumerate().map(|(k, power)| power / (2 * k as u128 + 1)).sum()
    };
    let low = 6 * artanh(3) + 2 * artanh(9);
    let high = low + 8 * 200;
    let scale = unit / LN_10_ABOVE.1;
    assert!(LN_10_ABOVE.0 * scale > high && (LN_10_ABOVE.0 - 1) * scale < low);
    for epsilon in EPSILON_MIN..=EPSILON_MAX {
        for digits in DELTA_DIGITS_MIN..=DELTA_DIGITS_MAX {
            for sensitivity in 1..=SENSITIVITY_MAX {
                let exactly = 1000 * u128::from(sensitivity) * u128::from(digits) * (LN_10_ABOVE.0 - 1);
                let below = exactly.div_ceil(u128::from(epsilon) * LN_10_ABOVE.1);
                assert_eq!(u128::from(terms(epsilon, digits, sensitivity).bound()), below);
            }
        }
    }
}

#[test]
fn parameters_outside_their_bounds_are_refused_and_do_not_decode() {
    assert_eq!(Epsilon::try_from(501), Err(OutOfBounds { what: "Epsilon", min: 50, max: 500, got: 501 }));
    assert!(Epsilon::try_from(49).is_err() && Delta::try_from(5).is_err() && Delta::try_from(13).is_err());
    assert!(Sensitivity::try_from(0).is_err() && Sensitivity::try_from(17).is_err());
    let bytes = crate::wire::encode(&terms(500, 9, 4));
    assert_eq!(bytes, [0xf4, 1, 9, 4]);
    assert!(crate::wire::decode::<NoiseTerms>(&bytes, 4).is_ok());
    for (at, bad) in [(1, 2), (2, 13), (3, 0)] {
        let mut bytes = bytes.clone();
        bytes[at] = bad;
        assert!(crate::wire::decode::<NoiseTerms>(&bytes, 4).is_err());
    }
}
