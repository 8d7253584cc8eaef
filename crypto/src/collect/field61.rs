//! The integers modulo p = 2^61 - 1, as words from 0 to p - 1.

use rand_core::Rng;

/// The prime.
pub(crate) const P: u64 = (1 << 61) - 1;

/// The polynomial with these coefficients, lowest first, at a point.
pub(crate) fn at(coefficients: &[u64], point: u64) -> u64 {
    coefficients
        .iter()
        .rev()
        .fold(0, |sum, coefficient| reduce(u128::from(sum) * u128::from(point) + u128::from(*coefficient)))
}

/// (a - b)·c for a and b up to p and a small c.
pub(crate) fn difference_times(a: u64, b: u64, c: u64) -> u64 {
    reduce(u128::from(a + P - b) * u128::from(c))
}

/// A number below 2^122.
fn reduce(wide: u128) -> u64 {
    let folded = (wide as u64 & P) + (wide >> 61) as u64;
    if folded >= P { folded - P } else { folded }
}

/// The next element of a stream of uniform words: the low 61 bits of the first word that has them below p.
pub(crate) fn next_element(mut word: impl FnMut() -> u64) -> u64 {
    loop {
        let element = word() & P;
        if element != P {
            return element;
        }
    }
}

/// A uniform element.
pub(crate) fn random(rng: &mut impl Rng) -> u64 {
    next_element(|| rng.next_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_that_of_integers_modulo_the_prime() {
        let big = |n: u64| u128::from(n);
        let edges = [0, 1, 2, 1 << 32, (1 << 60) + 12345, P / 3, P - 2, P - 1];
        for a in edges {
            for b in edges {
                for c in [1, 2, 24_024, 360_360] {
                    let expected = (big(a) + big(P) - big(b)) % big(P) * big(c) % big(P);
                    assert_eq!(big(difference_times(a, b, c)), expected, "({a} - {b})·{c}");
                }
                for point in 1..=15 {
                    let expected = (big(a) + big(b) * big(point)) % big(P);
                    assert_eq!(big(at(&[a, b], point)), expected, "{a} + {b}·{point}");
                }
            }
        }
        assert_eq!(at(&[], 3), 0);
        assert_eq!(at(&[5, 0, 1], 10), 105);
    }

    #[test]
    fn the_prime_itself_is_drawn_again() {
        let mut words = [P, u64::MAX, 1 << 61, 7].into_iter();
        assert_eq!(next_element(|| words.next().unwrap()), 0);
        assert_eq!(words.next(), Some(7));
    }
}
