//! The two processes of one measurement, from the side that measures.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cwg_app::Problem;
use serde::Serialize;

use super::plan::Measurement;
use super::side::{Figures, Go, Listening, Role, Said, Task};
use crate::{entropy, problems};

/// A receiver and a sender, ready and waiting.
pub(crate) struct Pair {
    receiver: Side,
    sender: Side,
    listening: Listening,
}

impl Pair {
    /// Starts both and waits until both have their items.
    pub(crate) fn start(measurement: &Measurement) -> Result<Self, Problem> {
        let common_items = measurement.common_items();
        let seed = *entropy::seed()?.into_secret().expose();
        let task = |role, items: u32| Task {
            protocol: measurement.protocol.name().to_owned(),
            role,
            own_items: items - common_items,
            common_items,
            label_len: measurement.label_len,
            seed,
        };
        let mut receiver = Side::start(&task(Role::Receiver, measurement.receiver_items))?;
        let mut sender = Side::start(&task(Role::Sender, measurement.sender_items))?;
        let Said::Ready(None) = receiver.hear()? else { return Err(problems::bench_side_lost()) };
        let Said::Ready(Some(listening)) = sender.hear()? else { return Err(problems::bench_side_lost()) };
        Ok(Self { receiver, sender, listening })
    }

    /// Where the sender listens.
    pub(crate) fn sender_address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Releases both. The receiver dials to the sender, or to what stands in between.
    pub(crate) fn release(&mut self, between: Option<SocketAddr>) -> Result<(), Problem> {
        let mut listening = self.listening.clone();
        listening.address = between.unwrap_or(listening.address);
        self.sender.say(&Go { dial: None })?;
        self.receiver.say(&Go { dial: Some(listening) })
    }

    /// What both measured, the receiver first, when both are done.
    pub(crate) fn figures(mut self) -> Result<(Figures, Figures), Problem> {
        Ok((self.receiver.figures()?, self.sender.figures()?))
    }
}

/// One process, gone when dropped.
struct Side {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Side {
    fn start(task: &Task) -> Result<Self, Problem> {
        let program = std::env::current_exe().map_err(|error| problems::bench_side_not_started(&error))?;
        let mut child = Command::new(program)
            .arg("bench-side")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| problems::bench_side_not_started(&error))?;
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut side = Self { child, input, output };
        side.say(task)?;
        Ok(side)
    }

    fn say<T: Serialize>(&mut self, said: &T) -> Result<(), Problem> {
        let line = serde_json::to_string(said).expect("what a side hears has no failing serializer");
        writeln!(self.input, "{line}").map_err(|_| problems::bench_side_lost())
    }

    /// The next that it says; its problem is ours.
    fn hear(&mut self) -> Result<Said, Problem> {
        let mut line = String::new();
        // Blocks until the side says something or is gone; the network of this process goes on meanwhile.
        let read = tokio::task::block_in_place(|| self.output.read_line(&mut line));
        match read.ok().and_then(|_| serde_json::from_str(&line).ok()) {
            Some(Said::Problem(problem)) => Err(problem),
            Some(said) => Ok(said),
            None => Err(problems::bench_side_lost()),
        }
    }

    fn figures(&mut self) -> Result<Figures, Problem> {
        match self.hear()? {
            Said::Done(figures) => Ok(figures),
            _ => Err(problems::bench_side_lost()),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
