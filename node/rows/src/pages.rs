//! The header of a page, read far enough to know what the page claims: its lengths and its encoding. In the compact
//! protocol of Thrift, as `parquet.thrift` of the Parquet format lays it out.

/// What the header of a page says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageHeader {
    pub(crate) header_len: usize,
    pub(crate) uncompressed_len: u32,
    pub(crate) compressed_len: u32,
    encoding: Option<i64>,
}

impl PageHeader {
    /// Reads the header at the beginning of `bytes`.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut input = Compact { bytes, at: 0 };
        let mut header = Self::default();
        let (mut uncompressed, mut compressed) = (None, None);
        let mut last = 0;
        while let Some((field, kind)) = input.field(&mut last)? {
            match (field, kind) {
                (2, I32) => uncompressed = Some(input.number()?),
                (3, I32) => compressed = Some(input.number()?),
                // Data pages of version 1 and dictionaries have their encoding in field 2, data pages of version 2 in 4.
                (5 | 7, STRUCT) => header.encoding = input.encoding(2)?,
                (8, STRUCT) => header.encoding = input.encoding(4)?,
                _ => input.skip(kind, DEPTH_MAX)?,
            }
        }
        header.header_len = input.at;
        header.uncompressed_len = u32::try_from(uncompressed?).ok()?;
        header.compressed_len = u32::try_from(compressed?).ok()?;
        Some(header)
    }

    /// Whether values are plain or from a dictionary. A page without an encoding holds no values.
    pub(crate) fn encoding_is_read(&self) -> bool {
        // PLAIN, PLAIN_DICTIONARY, RLE, RLE_DICTIONARY.
        matches!(self.encoding, None | Some(0 | 2 | 3 | 8))
    }
}

/// Types of the compact protocol.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

/// Structs within structs.
const DEPTH_MAX: u8 = 8;

struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number in zigzag notation.
    fn number(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Number and type of the next field of a struct; an inner `None` at its end.
    fn field(&mut self, last: &mut i64) -> Option<Option<(i64, u8)>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        *last = match byte >> 4 {
            0 => self.number()?,
            step => last.checked_add(i64::from(step))?,
        };
        Some(Some((*last, byte & 0x0f)))
    }

    /// The number in one field of a struct, all others passed over.
    fn encoding(&mut self, wanted: i64) -> Option<Option<i64>> {
        let (mut last, mut found) = (0, None);
        while let Some((field, kind)) = self.field(&mut last)? {
            if (field, kind) == (wanted, I32) {
                found = Some(self.number()?);
            } else {
                self.skip(kind, DEPTH_MAX)?;
            }
        }
        Some(found)
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.byte().map(drop),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.pass(8),
            BINARY => {
                let len = self.varint()?;
                self.pass(usize::try_from(len).ok()?)
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                let element = head & 0x0f;
                for _ in 0..count {
                    // Booleans of a list are a byte each, so every element moves on and the bytes end the loop.
                    if matches!(element, TRUE | FALSE) { self.byte().map(drop)? } else { self.skip(element, depth)? }
                }
                Some(())
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn pass(&mut self, len: usize) -> Option<()> {
        self.at = self.at.checked_add(len).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_encoding_are_read_and_all_else_is_passed_over() {
        // type 0, lengths 100 and 60, a checksum, a data page: 7 values, dictionary, levels, statistics.
        let bytes = [
            0x15, 0x00, 0x15, 0xc8, 0x01, 0x15, 0x78, 0x15, 0x02, 0x1c, 0x15, 0x0e, 0x15, 0x10, 0x15, 0x06, 0x15, 0x06,
            0x1c, 0x18, 0x02, b'a', b'b', 0x00, 0x00, 0x00, 0xff,
        ];
        let header = PageHeader::read(&bytes).unwrap();
        assert_eq!((header.header_len, header.uncompressed_len, header.compressed_len), (26, 100, 60));
        assert_eq!(header.encoding, Some(8));
        assert!((0..26).all(|len| PageHeader::read(&bytes[..len]).is_none()), "a shorter one is none");
    }

    #[test]
    fn lengths_below_zero_and_endless_nesting_are_refused() {
        assert!(PageHeader::read(&[0x25, 0x01, 0x15, 0x78, 0x00]).is_none());
        assert!(PageHeader::read(&[0xcc; 64]).is_none());
    }
}
