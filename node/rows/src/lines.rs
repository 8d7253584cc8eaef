//! Lines of a text file, one at a time in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use zeroize::Zeroize;

use crate::ROW_LEN_MAX;

/// The lines of a file. One of over [`ROW_LEN_MAX`] bytes is passed over and named.
#[derive(Debug)]
pub struct Lines<R> {
    input: BufReader<R>,
    text: Vec<u8>,
    number: u64,
    bytes: u64,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, in [`Lines::text`].
    Whole,
    /// A line that is too long; there is no text.
    TooLong,
    /// There are no more.
    End,
}

impl<R: Read> Lines<R> {
    /// Of that input.
    pub fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(ROW_LEN_MAX, input), text: Vec::new(), number: 0, bytes: 0 }
    }

    /// Reads on to the next line that is not blank. A byte order mark before the first is left out.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn next_line(&mut self) -> io::Result<Line> {
        loop {
            let line = self.read_line()?;
            if self.number == 1 && self.text.starts_with(b"\xef\xbb\xbf") {
                self.text.drain(..3);
            }
            if line != Line::Whole || !self.text.iter().all(u8::is_ascii_whitespace) {
                return Ok(line);
            }
        }
    }

    /// The line, without its end.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Its number, counted from 1 over all lines.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far, ends of lines included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_line(&mut self) -> io::Result<Line> {
        self.text.clear();
        let (mut any, mut too_long) = (false, false);
        loop {
            let input = match self.input.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if input.is_empty() {
                break;
            }
            any = true;
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            too_long |= self.text.len() + part.len() > ROW_LEN_MAX;
            if too_long {
                self.text.clear();
            } else {
                self.text.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                break;
            }
        }
        self.number += u64::from(any);
        Ok(match (any, too_long) {
            (false, _) => Line::End,
            (true, true) => Line::TooLong,
            (true, false) => Line::Whole,
        })
    }
}

/// Rows may hold card numbers.
impl<R> Drop for Lines<R> {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}
