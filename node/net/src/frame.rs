//! Frames on a stream of bytes (docs/spec/transport.md §3), without any I/O.

use crate::limits::READ_STEP_LEN;

/// Longest body of a frame, in bytes: a bulk chunk of 256 KiB and the header that the protocol puts before it.
pub const FRAME_LEN_MAX: usize = 256 * 1024 + 64;

/// The declared length of a body: u32, little endian.
pub(crate) const HEADER_LEN: usize = 4;

/// First frame of the dialer.
pub(crate) const HELLO: &[u8; 8] = b"cwgHELLO";
/// First frame of the listener: it accepted the dialer's key.
pub(crate) const HELLO_ACK: &[u8; 8] = b"cwgREADY";

/// A frame declared more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameTooLong;

/// The header of a body of this length.
pub(crate) fn header(body_len: usize) -> Option<[u8; HEADER_LEN]> {
    if body_len > FRAME_LEN_MAX {
        return None;
    }
    u32::try_from(body_len).ok().map(u32::to_le_bytes)
}

/// Cuts a stream of bytes into frames. A declared length allocates nothing: memory follows the bytes that came.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    header: [u8; HEADER_LEN],
    header_len: usize,
    body: Vec<u8>,
}

impl Deframer {
    /// Takes bytes off the front of `input` until one frame of at most `len_max` bytes is complete or `input` is empty.
    pub(crate) fn feed(&mut self, input: &mut &[u8], len_max: usize) -> Result<Option<Vec<u8>>, FrameTooLong> {
        while self.header_len < HEADER_LEN {
            let Some((byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            self.header[self.header_len] = *byte;
            self.header_len += 1;
            *input = rest;
        }
        let declared = u32::from_le_bytes(self.header);
        let len = usize::try_from(declared).ok().filter(|len| *len <= len_max).ok_or(FrameTooLong)?;
        let missing = len - self.body.len();
        let (taken, rest) = input.split_at(missing.min(input.len()));
        if self.body.capacity() - self.body.len() < taken.len() {
            // A step, then twice what came, and never more than the frame will have.
            self.body.reserve_exact(taken.len().max(self.body.len()).max(READ_STEP_LEN).min(missing));
        }
        self.body.extend_from_slice(taken);
        *input = rest;
        if self.body.len() < len {
            return Ok(None);
        }
        self.header_len = 0;
        Ok(Some(core::mem::take(&mut self.body)))
    }

    /// Whether a frame was begun and is not complete.
    pub(crate) fn begun(&self) -> bool {
        self.header_len > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(bodies: &[&[u8]]) -> Vec<u8> {
        bodies.iter().flat_map(|body| [&header(body.len()).expect("within the limit")[..], body].concat()).collect()
    }

    #[test]
    fn frames_come_out_the_same_however_the_stream_is_cut() {
        let bodies: [&[u8]; 5] = [b"", b"a", b"twelve bytes", b"", &[7; 300]];
        let wire = wire(&bodies);
        for step in 1..=wire.len() {
            let mut deframer = Deframer::default();
            let mut frames = Vec::new();
            for mut piece in wire.chunks(step) {
                while !piece.is_empty() {
                    frames.extend(deframer.feed(&mut piece, FRAME_LEN_MAX).unwrap());
                }
            }
            assert_eq!(frames, bodies, "pieces of {step} bytes");
            assert!(!deframer.begun());
        }
    }

    #[test]
    fn a_declared_length_allocates_nothing_and_more_than_the_limit_is_refused() {
        let max = u32::try_from(FRAME_LEN_MAX).unwrap();
        for (declared, verdict) in [
            (0, Ok(Some(Vec::new()))),
            (1, Ok(None)),
            (max, Ok(None)),
            (max + 1, Err(FrameTooLong)),
            (1 << 31, Err(FrameTooLong)),
            (u32::MAX, Err(FrameTooLong)),
        ] {
            let mut deframer = Deframer::default();
            let header = declared.to_le_bytes();
            assert_eq!(deframer.feed(&mut &header[..], FRAME_LEN_MAX), verdict, "{declared}");
            assert_eq!(deframer.body.capacity(), 0, "{declared}");
        }
    }

    #[test]
    fn memory_is_at_most_a_step_or_twice_the_bytes_that_came() {
        let mut deframer = Deframer::default();
        let wire = wire(&[&vec![1; FRAME_LEN_MAX]]);
        let mut came = 0;
        for mut piece in wire.chunks(1000) {
            came += piece.len();
            match deframer.feed(&mut piece, FRAME_LEN_MAX).unwrap() {
                Some(body) => assert_eq!((body.len(), body.capacity()), (FRAME_LEN_MAX, FRAME_LEN_MAX)),
                None => assert!(deframer.body.capacity() <= READ_STEP_LEN.max(2 * came)),
            }
        }
        assert_eq!(came, wire.len());
    }

    #[test]
    fn no_header_is_made_for_a_body_over_the_limit() {
        assert_eq!(header(FRAME_LEN_MAX), Some([0x40, 0, 4, 0]));
        assert_eq!(header(FRAME_LEN_MAX + 1), None);
    }
}
