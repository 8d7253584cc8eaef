//! Shamir's sharing over the scalars of ristretto255, Feldman's commitments to it, and Lagrange's weights.

use curve25519_dalek::Scalar;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::Identity as _;
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

use super::index::Index;
use crate::group;

/// A secret polynomial: its coefficients, lowest first.
pub(super) struct Polynomial(Zeroizing<Vec<Scalar>>);

impl Polynomial {
    /// With this constant term and random coefficients, `threshold` of them in all, none of the random ones zero.
    pub(super) fn random(constant: &Scalar, threshold: u8, rng: &mut impl CryptoRng) -> Self {
        let mut coefficients = Zeroizing::new(Vec::with_capacity(threshold.into()));
        coefficients.push(*constant);
        coefficients.extend((1..threshold).map(|_| group::Scalar::random(rng).0));
        Self(coefficients)
    }

    pub(super) fn at(&self, index: Index) -> Zeroizing<Scalar> {
        let mut sum = Zeroizing::new(Scalar::ZERO);
        for coefficient in self.0.iter().rev() {
            *sum = *sum * Scalar::from(index.number()) + coefficient;
        }
        sum
    }

    pub(super) fn constant(&self) -> &Scalar {
        &self.0[0]
    }

    pub(super) fn commit(&self) -> Commitments {
        Commitments(self.0.iter().map(RistrettoPoint::mul_base).collect())
    }
}

impl Drop for Polynomial {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The generator times each coefficient of a polynomial (Feldman 1987).
#[derive(Clone)]
pub(super) struct Commitments(pub(super) Vec<RistrettoPoint>);

impl Commitments {
    pub(super) fn constant(&self) -> &RistrettoPoint {
        &self.0[0]
    }

    /// The generator times the polynomial at an index. Variable time: commitments are public.
    pub(super) fn at(&self, index: Index) -> RistrettoPoint {
        self.0.iter().rev().fold(RistrettoPoint::identity(), |sum, commitment| {
            vartime_small_times(&[i128::from(index.number())], &[sum]) + commitment
        })
    }
}

/// Lagrange's weight of one of several distinct indices, for the value at 0.
pub(super) fn lagrange(all: &[Index], of: Index) -> Scalar {
    let (numerator, denominator) =
        all.iter().filter(|other| **other != of).fold((Scalar::ONE, Scalar::ONE), |(n, d), other| {
            let [j, i] = [*other, of].map(|index| Scalar::from(index.number()));
            (n * j, d * (j - i))
        });
    numerator * denominator.invert()
}

/// Lagrange's weights for the value at 0 as integers over one denominator, in the order of the indices, which are distinct.
///
/// Fifteen indices up to 15 give products below 2^41 and a common denominator below 2^80.
pub(super) fn integer_weights(all: &[Index]) -> (Vec<i128>, i128) {
    let fractions: Vec<(i128, i128)> = all
        .iter()
        .map(|of| {
            let others = all.iter().filter(|other| *other != of);
            let (n, d) = others.fold((1, 1), |(n, d), other| {
                let [j, i] = [other, of].map(|index| i128::from(index.number()));
                (n * j, d * (j - i))
            });
            let common = gcd(n, d) * d.signum();
            (n / common, d / common)
        })
        .collect();
    let denominator = fractions.iter().fold(1, |lcm, (_, d)| lcm / gcd(lcm, *d) * d);
    (fractions.iter().map(|(n, d)| n * (denominator / d)).collect(), denominator)
}

/// A small integer as a scalar.
pub(super) fn small(number: i128) -> Scalar {
    let scalar = Scalar::from(number.unsigned_abs());
    if number < 0 { -scalar } else { scalar }
}

/// The sum of points times small public integers: one run of doublings for all. Variable time.
pub(super) fn vartime_small_times(weights: &[i128], points: &[RistrettoPoint]) -> RistrettoPoint {
    let bits = weights.iter().map(|weight| 128 - weight.unsigned_abs().leading_zeros()).max().unwrap_or(0);
    (0..bits).rev().fold(RistrettoPoint::identity(), |sum, bit| {
        let doubled = sum + sum;
        weights
            .iter()
            .zip(points)
            .filter(|(weight, _)| weight.unsigned_abs() >> bit & 1 == 1)
            .fold(doubled, |sum, (weight, point)| if *weight < 0 { sum - point } else { sum + point })
    })
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn subsets(count: u8) -> impl Iterator<Item = Vec<Index>> {
        (1..1_u32 << count)
            .map(move |set| Index::first(count).filter(|index| set >> (index.number() - 1) & 1 == 1).collect())
    }

    #[test]
    fn any_threshold_of_shares_gives_the_constant_and_one_fewer_does_not() {
        let mut rng = Seed::new([1; 32]).rng();
        for threshold in 2..=6_u8 {
            let constant = Scalar::random(&mut rng);
            let polynomial = Polynomial::random(&constant, threshold, &mut rng);
            for set in subsets(6) {
                let value: Scalar = set.iter().map(|index| lagrange(&set, *index) * *polynomial.at(*index)).sum();
                assert_eq!(value == constant, set.len() >= threshold.into(), "{set:?} of {threshold}");
            }
        }
    }

    #[test]
    fn integer_weights_are_lagranges() {
        for set in subsets(9).chain([Index::first(15).collect()]) {
            let (weights, denominator) = integer_weights(&set);
            for (weight, index) in weights.iter().zip(&set) {
                assert_eq!(small(*weight) * small(denominator).invert(), lagrange(&set, *index), "{set:?}");
            }
        }
        let of = |numbers: [u8; 3]| integer_weights(&numbers.map(|number| Index::new(number).unwrap()));
        assert_eq!(of([1, 2, 3]), (vec![3, -3, 1], 1));
        assert_eq!(of([1, 2, 4]), (vec![8, -6, 1], 3));
    }

    #[test]
    fn commitments_are_the_generator_times_the_polynomial() {
        let mut rng = Seed::new([2; 32]).rng();
        for threshold in 2..=15 {
            let polynomial = Polynomial::random(&Scalar::random(&mut rng), threshold, &mut rng);
            let commitments = polynomial.commit();
            for index in Index::first(15) {
                assert_eq!(commitments.at(index), RistrettoPoint::mul_base(&polynomial.at(index)));
            }
        }
    }

    #[test]
    fn small_multiples_are_those_of_scalars() {
        let mut rng = Seed::new([3; 32]).rng();
        let points: Vec<_> = (0..3).map(|_| RistrettoPoint::random(&mut rng)).collect();
        for weights in [[0, 0, 0], [1, -1, 0], [3, -3, 1], [i128::from(i64::MAX), -7, 1 << 80]] {
            let expected: RistrettoPoint =
                weights.iter().zip(&points).map(|(weight, point)| small(*weight) * point).sum();
            assert_eq!(vartime_small_times(&weights, &points), expected, "{weights:?}");
        }
    }
}
