//! Coding of sorted tags: gaps in Rice code, in a length that follows from the count alone (`docs/spec/vole.md`, tags).
//!
//! n tags of w bits, ascending, have gaps of 2^w / n on average. The low bits of a gap are written as they are, what is
//! above them as so many zeros and a one. Tags are outputs of a pseudo-random function, so the zeros number what they
//! number for random tags, whatever the set: the room for them is their expected number and twelve deviations more, and
//! what is left of it stays zero. Close to the entropy: 1.5 bits a tag over w - log2 n, of which 1.44 are needed.

/// How the tags of one bucket are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagCode {
    count: u32,
    /// Bits of a tag.
    width: u32,
    /// Bits of a gap that are written as they are.
    low: u32,
    /// Bits for all ones and zeros.
    unary: u64,
}

/// Why bytes are not the tags of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadTags;

impl TagCode {
    /// For that many tags of that many bits: at least one tag, and more bits than the count has.
    pub(super) fn new(count: u32, width: u32) -> Self {
        debug_assert!(count > 0 && width <= 128 && width > count.ilog2() + 1);
        // The largest power of two that is at most the average gap, 2^width / count.
        let above = count.next_power_of_two().ilog2().max(1);
        let low = width - above;
        // The zeros of one gap follow 1/(e^x - 1) with x = count / 2^above in [1/2, 1]; that is below 1/x - 1/2 + x/12.
        let (n, steps) = (u64::from(count), 1u64 << above);
        let zeros = steps - n / 2 + n * n / (12 * steps) + 1;
        // The deviation of one gap is at most 2, of all of them 2 sqrt(n).
        let unary = n + zeros + 24 * (n.isqrt() + 1);
        Self { count, width, low, unary }
    }

    /// A tag of this code: the last bits of a number, as the first of 128.
    pub(super) fn cut(self, number: u128) -> u128 {
        number << (128 - self.width)
    }

    /// Bytes of the coded bucket.
    pub(super) fn len(self) -> usize {
        (self.unary_len() as u64 + (u64::from(self.count) * u64::from(self.low)).div_ceil(8)) as usize
    }

    fn unary_len(self) -> usize {
        (self.unary.div_ceil(64) * 8) as usize
    }

    /// Takes the tags of a bucket, ascending.
    pub(super) fn coder(self) -> Coder {
        let bytes = vec![0; self.len()];
        let low = BitWriter { byte: self.unary_len(), pending: 0, held: 0 };
        Coder { code: self, bytes, zeros_and_ones: 0, low, count: 0, last: 0 }
    }

    /// Gives the tags of a coded bucket to `visit`, ascending.
    ///
    /// # Errors
    /// If the bytes are not the one encoding of so many tags. What was visited before is nothing then.
    pub(super) fn decode(self, bytes: &[u8], mut visit: impl FnMut(u128)) -> Result<(), BadTags> {
        if bytes.len() != self.len() {
            return Err(BadTags);
        }
        let (unary, low) = bytes.split_at(self.unary_len());
        let mut reader = BitReader { bytes: low, bit: 0 };
        let largest = ones(self.width);
        // More zeros than this are a gap beyond the largest tag.
        let zeros_max = u64::try_from(largest >> self.low).unwrap_or(u64::MAX);
        // Where the next code word starts, in bits.
        let (mut next, mut last, mut count) = (0u64, 0u128, 0);
        for (number, word) in (0u64..).zip(unary.as_chunks().0) {
            let mut word = u64::from_le_bytes(*word);
            while word != 0 {
                let at = number * 64 + u64::from(word.trailing_zeros());
                word &= word - 1;
                let zeros = at - next;
                if count == self.count || at >= self.unary || zeros > zeros_max {
                    return Err(BadTags);
                }
                (next, count) = (at + 1, count + 1);
                let gap = u128::from(zeros) << self.low | reader.take(self.low);
                last = last.checked_add(gap).filter(|tag| *tag <= largest).ok_or(BadTags)?;
                visit(self.cut(last));
            }
        }
        if count == self.count && reader.rest_is_zero() { Ok(()) } else { Err(BadTags) }
    }
}

/// Codes the tags of one bucket.
pub(super) struct Coder {
    code: TagCode,
    /// Of the length that the code has.
    bytes: Vec<u8>,
    /// Bits of the first part so far. Once they are more than its room, no more is written.
    zeros_and_ones: u64,
    low: BitWriter,
    count: u32,
    /// The tag before, as a number of its own bits.
    last: u128,
}

impl Coder {
    /// The next tag: none that was put before is greater.
    pub(super) fn put(&mut self, tag: u128) {
        let tag = tag >> (128 - self.code.width);
        let gap = tag - self.last;
        (self.last, self.count) = (tag, self.count + 1);
        let at = self.zeros_and_ones.saturating_add((gap >> self.code.low) as u64);
        self.zeros_and_ones = at.saturating_add(1);
        if at < self.code.unary {
            self.bytes[(at / 8) as usize] |= 1 << (at % 8);
            self.low.put(gap & ones(self.code.low), self.code.low, &mut self.bytes);
        }
    }

    /// The coded bucket, or `None` if the gaps do not fit their room, as happens to less than one bucket of random tags in
    /// 2^100.
    ///
    /// # Panics
    /// If other than all tags of the bucket were put.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        assert_eq!(self.count, self.code.count, "all tags of a bucket");
        self.low.finish(&mut self.bytes);
        (self.zeros_and_ones <= self.code.unary).then_some(self.bytes)
    }
}

fn ones(bits: u32) -> u128 {
    if bits == 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// Bits after bits, the lowest first.
struct BitWriter {
    /// Where what is pending will stand.
    byte: usize,
    pending: u128,
    held: u32,
}

impl BitWriter {
    fn put(&mut self, value: u128, bits: u32, out: &mut [u8]) {
        self.pending |= value << self.held;
        let room = 128 - self.held;
        if bits >= room {
            out[self.byte..self.byte + 16].copy_from_slice(&self.pending.to_le_bytes());
            self.byte += 16;
            self.pending = value.checked_shr(room).unwrap_or(0);
            self.held = bits - room;
        } else {
            self.held += bits;
        }
    }

    fn finish(&mut self, out: &mut [u8]) {
        let len = self.held.div_ceil(8) as usize;
        out[self.byte..self.byte + len].copy_from_slice(&self.pending.to_le_bytes()[..len]);
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl BitReader<'_> {
    /// The next at most 128 bits; zeros past the end.
    fn take(&mut self, bits: u32) -> u128 {
        let (byte, shift) = (self.bit / 8, (self.bit % 8) as u32);
        self.bit += bits as usize;
        let rest = self.bytes.get(byte..).unwrap_or_default();
        let (first, after) = match rest.split_first_chunk::<16>() {
            Some((first, after)) => (*first, after.first().copied().unwrap_or(0)),
            None => {
                let mut first = [0; 16];
                first[..rest.len()].copy_from_slice(rest);
                (first, 0)
            }
        };
        // In two steps, since a shift by all 128 bits is none.
        (u128::from_le_bytes(first) >> shift | u128::from(after) << 1 << (127 - shift)) & ones(bits)
    }

    fn rest_is_zero(&self) -> bool {
        self.bit.is_multiple_of(8) || self.bytes[self.bit / 8] >> (self.bit % 8) == 0
    }
}

#[cfg(test)]
mod tests {
    use cwg_crypto::Seed;
    use rand_core::Rng as _;

    use super::*;

    fn encode(code: TagCode, tags: &[u128]) -> Option<Vec<u8>> {
        let mut coder = code.coder();
        tags.iter().for_each(|tag| coder.put(*tag));
        coder.finish()
    }

    fn decode(code: TagCode, bytes: &[u8]) -> Result<Vec<u128>, BadTags> {
        let mut tags = Vec::new();
        code.decode(bytes, |tag| tags.push(tag)).map(|()| tags)
    }

    fn random_tags(count: u32, width: u32, seed: u8) -> Vec<u128> {
        let mut rng = Seed::new([seed; 32]).rng();
        let mut tags: Vec<u128> = (0..count)
            .map(|_| ((u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64())) << (128 - width))
            .collect();
        tags.sort_unstable();
        tags
    }

    #[test]
    fn random_tags_come_back_and_take_the_length_of_their_count() {
        for width in [128, 127, 80, 65, 64, 61, 40] {
            for count in [1, 2, 3, 15, 16, 17, 100, 1000, 1024, 1025, 5000] {
                let code = TagCode::new(count, width);
                let tags = random_tags(count, width, width as u8);
                let bytes = encode(code, &tags).expect("random tags fit");
                assert_eq!(bytes.len(), code.len(), "{count} of {width} bits");
                assert_eq!(decode(code, &bytes), Ok(tags), "{count} of {width} bits");
            }
        }
    }

    #[test]
    fn a_tag_takes_a_bit_and_a_half_over_its_entropy() {
        for count in [1u32 << 16, (1 << 16) + (1 << 14), 3 << 15, 1 << 20] {
            let bits = TagCode::new(count, 128).len() as f64 * 8.0 / f64::from(count);
            let overhead = bits - (128.0 - f64::from(count).log2());
            assert!((1.44..1.75).contains(&overhead), "{count}: {overhead}");
        }
    }

    #[test]
    fn the_largest_and_smallest_tags_come_back() {
        for tags in [vec![0, 1, u128::MAX], vec![u128::MAX - 1, u128::MAX], vec![7, 7, 7]] {
            let code = TagCode::new(tags.len() as u32, 128);
            assert_eq!(decode(code, &encode(code, &tags).expect("few fit")), Ok(tags));
        }
    }

    #[test]
    fn tags_that_no_pseudo_random_function_gives_do_not_fit() {
        // All gaps but one are nothing, which takes the room of a thousand average ones.
        let mut tags = vec![0; 1023];
        tags.push(u128::MAX);
        let code = TagCode::new(1024, 128);
        assert!(encode(code, &tags).is_some(), "the sum of all gaps is bounded");
        assert_eq!(decode(code, &encode(code, &tags).expect("see above")), Ok(tags));
        let wide = TagCode { unary: 1024, ..code };
        assert_eq!(encode(wide, &random_tags(1024, 128, 1)), None);
    }

    #[test]
    fn what_is_not_an_encoding_is_refused() {
        let code = TagCode::new(100, 128);
        let bytes = encode(code, &random_tags(100, 128, 3)).expect("random tags fit");
        let refused = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut changed = bytes.clone();
            change(&mut changed);
            assert_eq!(decode(code, &changed), Err(BadTags));
        };
        refused(&|bytes| bytes.push(0));
        refused(&|bytes| bytes.truncate(bytes.len() - 1));
        refused(&|bytes| bytes.clear());
        refused(&|bytes| bytes[code.unary_len() - 1] |= 0x80);
        refused(&|bytes| bytes[..8].fill(0));
        // All gaps at their widest run over the largest tag.
        refused(&|bytes| bytes[code.unary_len()..].fill(0xff));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_decode_to_ascending_tags_or_are_refused(seed: u8, flips in proptest::collection::vec((0usize..900, 0u8..8), 0..4)) {
            let code = TagCode::new(64, 100);
            let mut bytes = encode(code, &random_tags(64, 100, seed)).expect("random tags fit");
            for (at, bit) in flips {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            }
            if let Ok(tags) = decode(code, &bytes) {
                proptest::prop_assert!(tags.is_sorted() && tags.len() == 64);
                proptest::prop_assert_eq!(encode(code, &tags), Some(bytes));
            }
        }
    }
}
