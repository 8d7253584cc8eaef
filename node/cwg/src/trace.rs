//! What a node does, for whoever measures it: `cwg serve --trace FILE`, which `cwg bench round` gives its nodes.
//!
//! A line for each frame, job and line of the log: when, how much processor time the program has used by then, and how long it
//! was. Neither peers nor anything of a frame but its kind are in it, so it says no more than what anyone on the node's network sees.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clocks;

/// Where lines are written to. Copies write to the same file.
#[derive(Clone)]
pub(crate) struct Trace(Arc<File>);

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// On the clock of [`clocks::monotonic`].
    pub(crate) at: Duration,
    /// Processor time of the program so far.
    pub(crate) processor: Duration,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A frame came: its kind, and bytes of its body.
    Received(u16, u64),
    /// A frame was sent.
    Sent(u16, u64),
    /// A job was run.
    Job,
    /// A line of the log, by its code.
    Log(String),
}

impl Trace {
    /// Begins a file that does not exist yet.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self(Arc::new(file)))
    }

    /// A frame came.
    pub(crate) fn received(&self, body: &[u8]) {
        self.write(What::Received(kind_of(body), body.len() as u64));
    }

    /// A frame is sent.
    pub(crate) fn sent(&self, body: &[u8]) {
        self.write(What::Sent(kind_of(body), body.len() as u64));
    }

    /// A job was run.
    pub(crate) fn job(&self) {
        self.write(What::Job);
    }

    /// A line of the log.
    pub(crate) fn log(&self, code: &str) {
        self.write(What::Log(code.to_owned()));
    }

    /// One write to a file that is appended to: lines of several threads do not mix, and the last one is there when the program is
    /// killed.
    fn write(&self, what: What) {
        let line = Event { at: clocks::monotonic(), processor: clocks::processor(), what }.to_string();
        if let Err(error) = (&*self.0).write_all(line.as_bytes()) {
            tracing::warn!(%error, "a line of the trace was not written");
        }
    }
}

impl Event {
    /// The events in the text of a trace; `None` if a line is not of one. A line that is still being written does not count.
    pub(crate) fn read(text: &str) -> Option<Vec<Self>> {
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Self::of_line).collect()
    }

    fn of_line(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let mut number = || words.next()?.parse().ok().map(Duration::from_micros);
        let (at, processor) = (number()?, number()?);
        let what = match (words.next()?, words.next(), words.next()) {
            ("received", Some(kind), Some(len)) => What::Received(kind.parse().ok()?, len.parse().ok()?),
            ("sent", Some(kind), Some(len)) => What::Sent(kind.parse().ok()?, len.parse().ok()?),
            ("job", None, None) => What::Job,
            ("log", Some(code), None) => What::Log(code.to_owned()),
            _ => return None,
        };
        Some(Self { at, processor, what })
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.at.as_micros(), self.processor.as_micros())?;
        match &self.what {
            What::Received(kind, len) => writeln!(f, "received {kind} {len}"),
            What::Sent(kind, len) => writeln!(f, "sent {kind} {len}"),
            What::Job => writeln!(f, "job"),
            What::Log(code) => writeln!(f, "log {code}"),
        }
    }
}

/// The kind that a body begins with (`docs/spec/wire.md`).
fn kind_of(body: &[u8]) -> u16 {
    body.first_chunk().map_or(0, |kind| u16::from_le_bytes(*kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written_up_to_the_line_that_is_being_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace");
        let trace = Trace::create(&path).unwrap();
        trace.received(&[0x75, 0, 1, 2]);
        trace.clone().sent(&[0x34, 0x12]);
        trace.sent(&[7]);
        trace.job();
        trace.log("round-evaluated");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("17 4 se");
        let events = Event::read(&text).unwrap();
        let expected = [
            What::Received(0x75, 4),
            What::Sent(0x1234, 2),
            What::Sent(0, 1),
            What::Job,
            What::Log("round-evaluated".to_owned()),
        ];
        assert!(events.iter().map(|event| &event.what).eq(&expected));
        assert!(events.is_sorted_by_key(|event| event.at) && events.is_sorted_by_key(|event| event.processor));
        assert!(Trace::create(&path).is_err(), "a trace is of one life of a node");
    }

    #[test]
    fn what_is_no_line_of_a_trace_is_not_read() {
        for line in
            ["", "1", "1 2", "1 2 job 3", "1 x job", "1 2 sent 5", "1 2 received 65536 1", "1 2 log", "1 2 jobs"]
        {
            assert_eq!(Event::read(&format!("{line}\n")), None, "{line}");
        }
    }
}
