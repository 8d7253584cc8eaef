//! 128-bit blocks: what AES works on, and elements of GF(2^128).
//!
//! The field is GF(2)[x]/(x^128 + x^7 + x^2 + x + 1). Bit i of the little-endian number is the coefficient of x^i, so the
//! bytes of a block and of its number agree on every machine. This is not GCM's order of bits.
//!
//! Everything here takes the same time for all values.

use core::fmt;
use core::ops::{Add, AddAssign, BitXor, BitXorAssign, Mul, MulAssign};

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::simd;

/// 128 bits. As a field element, `+` is exclusive or and `*` the product.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Block(u128);

impl Block {
    /// The zero of the field.
    pub const ZERO: Self = Self(0);

    /// The one of the field.
    pub const ONE: Self = Self(1);

    /// The block with this number.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u128 {
        self.0
    }

    /// The block of these bytes, little-endian.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// Its bytes, little-endian.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The product with x.
    #[must_use]
    pub const fn times_x(self) -> Self {
        // x^128 = x^7 + x^2 + x + 1.
        Self((self.0 << 1) ^ (0x87 & (self.0 >> 127).wrapping_neg()))
    }

    /// The product with itself.
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    /// The element to a power, in time that depends on the exponent.
    #[must_use]
    pub fn pow(self, exponent: u128) -> Self {
        (0..128 - exponent.leading_zeros()).rev().fold(Self::ONE, |power, bit| {
            let square = power.square();
            if (exponent >> bit) & 1 == 1 { square * self } else { square }
        })
    }

    /// The inverse; zero has none and stays zero.
    ///
    /// Itoh and Tsujii (1988): a^(2^128 - 2) by powers b(k) = a^(2^k - 1), as b(2k) = b(k)^(2^k) b(k) and
    /// b(k + 1) = b(k)^2 a, for k up to 127.
    #[must_use]
    pub fn invert(self) -> Self {
        let (mut power, mut length) = (self, 1);
        while length < 127 {
            let shifted = (0..length).fold(power, |square, _| square.square());
            power = (shifted * power).square() * self;
            length = 2 * length + 1;
        }
        power.square()
    }

    /// The block itself if the bit is 1, zero if it is 0.
    #[must_use]
    pub const fn masked(self, bit: u8) -> Self {
        Self(self.0 & ((bit & 1) as u128).wrapping_neg())
    }
}

impl Add for Block {
    type Output = Self;

    #[expect(clippy::suspicious_arithmetic_impl, reason = "the sum in a field of characteristic two")]
    fn add(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl AddAssign for Block {
    #[expect(clippy::suspicious_op_assign_impl, reason = "the sum in a field of characteristic two")]
    fn add_assign(&mut self, other: Self) {
        self.0 ^= other.0;
    }
}

impl BitXor for Block {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl BitXorAssign for Block {
    fn bitxor_assign(&mut self, other: Self) {
        self.0 ^= other.0;
    }
}

impl Mul for Block {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        simd::product(self, other)
    }
}

impl MulAssign for Block {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl ConstantTimeEq for Block {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.to_bytes().ct_eq(&other.to_bytes())
    }
}

impl Zeroize for Block {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Blocks are mostly secret: they are not printed.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Block = Block::new(2);

    fn power(base: Block, exponent: u32) -> Block {
        (0..exponent).fold(Block::ONE, |product, _| product * base)
    }

    #[test]
    fn x_to_the_128_is_the_field_polynomial() {
        assert_eq!(power(X, 127), Block::new(1 << 127));
        assert_eq!(power(X, 128), Block::new(0x87));
        assert_eq!(power(X, 127).times_x(), Block::new(0x87));
    }

    #[test]
    fn squaring_127_times_more_is_the_identity() {
        let element = Block::new(0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978);
        let frobenius = (0..128).fold(element, |square, _| square * square);
        assert_eq!(frobenius, element);
    }

    #[test]
    fn blocks_do_not_print() {
        assert_eq!(format!("{:?}", Block::ONE), "Block(..)");
    }

    #[test]
    fn powers_are_repeated_products() {
        let element = Block::new(0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978);
        for exponent in 0..20 {
            assert!(element.pow(exponent.into()) == power(element, exponent), "{exponent}");
        }
        assert_eq!(element.pow(u128::MAX), Block::ONE);
        assert_eq!(Block::ZERO.pow(0), Block::ONE);
    }

    #[test]
    fn zero_has_no_inverse_and_stays_zero() {
        assert_eq!(Block::ZERO.invert(), Block::ZERO);
        assert_eq!(Block::ONE.invert(), Block::ONE);
    }

    /// GCM (SP 800-38D) numbers its bits the other way round: the first bit of the first byte is the coefficient of 1.
    fn of_gcm(hex: &str) -> Block {
        let bytes: [u8; 16] = hex::decode(hex).unwrap().try_into().unwrap();
        Block::from_bytes(bytes.map(u8::reverse_bits))
    }

    #[test]
    fn products_are_those_of_gcm() {
        // The GCM specification's test case 2 (McGrew and Viega, appendix B): GHASH of one block of ciphertext.
        let h = of_gcm("66e94bd4ef8a2c3b884cfa59ca342b2e");
        let x1 = of_gcm("0388dace60b6a392f328c2b971b2fe78") * h;
        assert_eq!(x1, of_gcm("5e2ec746917062882c85b0685353deb7"));
        assert_eq!((x1 + of_gcm("00000000000000000000000000000080")) * h, of_gcm("f38cbb1ad69223dcc3457ae5b6b0f885"));
    }

    proptest::proptest! {
        #[test]
        fn an_element_times_its_inverse_is_one(a: u128) {
            let a = Block::new(a);
            proptest::prop_assert_eq!(a * a.invert() == Block::ONE, a != Block::ZERO);
            proptest::prop_assert_eq!(a.square(), a * a);
        }

        #[test]
        fn the_field_laws_hold(a: u128, b: u128, c: u128) {
            let (a, b, c) = (Block::new(a), Block::new(b), Block::new(c));
            proptest::prop_assert_eq!(a * b, b * a);
            proptest::prop_assert_eq!((a * b) * c, a * (b * c));
            proptest::prop_assert_eq!((a + b) * c, a * c + b * c);
            proptest::prop_assert_eq!(a * Block::ONE, a);
            proptest::prop_assert_eq!(a * X, a.times_x());
            proptest::prop_assert_eq!(Block::from_bytes(a.to_bytes()), a);
        }
    }
}
