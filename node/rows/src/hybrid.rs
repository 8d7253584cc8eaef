//! Runs of one number and runs of packed bits, mixed: Parquet's encoding of levels and of places in a dictionary
//! ("RLE/bit-packing hybrid" of the format's Encodings.md). Read lazily: a run of billions takes no room.

/// A place in such runs within a page.
pub(crate) struct Hybrid {
    at: usize,
    end: usize,
    width: u32,
    run: Run,
}

enum Run {
    Same { value: u32, left: u64 },
    Packed { bit: usize, left: u64 },
}

impl Hybrid {
    /// Runs from `at` to `end` of a page, of numbers of `width` bits, at most 32.
    pub(crate) fn new(at: usize, end: usize, width: u32) -> Self {
        Self { at, end, width, run: Run::Same { value: 0, left: 0 } }
    }

    /// The next number; none if the runs end, or are none.
    pub(crate) fn next(&mut self, page: &[u8]) -> Option<u32> {
        let bytes = page.get(..self.end)?;
        loop {
            match &mut self.run {
                Run::Same { value, left } if *left > 0 => {
                    *left -= 1;
                    return Some(*value);
                }
                Run::Packed { bit, left } if *left > 0 => {
                    *left -= 1;
                    let mut value = 0u64;
                    for shift in 0..self.width as usize {
                        let at = *bit + shift;
                        value |= u64::from(bytes.get(at / 8)? >> (at % 8) & 1) << shift;
                    }
                    *bit += self.width as usize;
                    return u32::try_from(value).ok();
                }
                _ => self.open_run(bytes)?,
            }
        }
    }

    fn open_run(&mut self, bytes: &[u8]) -> Option<()> {
        let mut head = 0u64;
        for shift in (0..).step_by(7) {
            let byte = *bytes.get(self.at)?;
            self.at += 1;
            head |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            // Lengths have 32 bits.
            (shift < 28).then_some(())?;
        }
        let count = head >> 1;
        (count > 0).then_some(())?;
        if head & 1 == 1 {
            let len = usize::try_from(count.checked_mul(u64::from(self.width))?).ok()?;
            self.run = Run::Packed { bit: self.at.checked_mul(8)?, left: count.checked_mul(8)? };
            self.at = self.at.checked_add(len)?;
        } else {
            let len = self.width.div_ceil(8) as usize;
            let mut value = [0; 4];
            value[..len].copy_from_slice(bytes.get(self.at..self.at + len)?);
            self.at += len;
            self.run = Run::Same { value: u32::from_le_bytes(value), left: count };
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_both_kinds_are_read_and_end() {
        // Five times 4; then eight packed numbers of three bits, 0 to 7 (the example of the format's own text).
        let bytes = [0x0a, 0x04, 0x03, 0x88, 0xc6, 0xfa];
        let mut hybrid = Hybrid::new(0, bytes.len(), 3);
        let read: Vec<u32> = core::iter::from_fn(|| hybrid.next(&bytes)).collect();
        assert_eq!(read, [4, 4, 4, 4, 4, 0, 1, 2, 3, 4, 5, 6, 7]);
        let none = |bytes: &[u8]| Hybrid::new(0, bytes.len(), 8).next(bytes).is_none();
        assert!(none(&[]) && none(&[0x00, 0x01]) && none(&[0x02]) && none(&[0x03]) && none(&[0xff; 9]));
    }
}
