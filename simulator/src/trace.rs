//! The log of a simulation: the same seed and knobs give the same one, byte for byte.

use core::fmt;

/// What happened, a line each, in virtual time.
pub struct Trace {
    text: String,
}

/// Digest of a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceDigest([u8; 32]);

impl Trace {
    pub(crate) fn new() -> Self {
        Self { text: String::new() }
    }

    pub(crate) fn line(&mut self, now_us: u64, line: fmt::Arguments<'_>) {
        use fmt::Write as _;
        writeln!(self.text, "{now_us} {line}").expect("a string takes any text");
    }

    /// The lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest of all lines.
    pub fn digest(&self) -> TraceDigest {
        TraceDigest(*blake3::hash(self.text.as_bytes()).as_bytes())
    }
}

/// Four bytes that tell two frames apart in a trace.
pub(crate) fn mark(bytes: &[u8]) -> u32 {
    let hash = blake3::hash(bytes);
    u32::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
}

impl fmt::Display for TraceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TraceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceDigest({self})")
    }
}
