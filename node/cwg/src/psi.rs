//! `cwg psi listen|connect`: two plain files, two processes, no network set-up.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cwg_app::Problem;
use cwg_protocol::psi::{PsiProtocol, padded_size, protocol_named};
use cwg_protocol::session::{Matches, Place, Plain};
use cwg_protocol::{Item, TransportKey};
use serde::Serialize;

use crate::args::{PsiConnect, PsiListen};
use crate::entropy;
use crate::exchange::{Channel, End};
use crate::output::Output;
use crate::problems;

/// Lines longer than this are not items but a file of another kind.
const LINE_LEN_MAX: usize = 64 * 1024;

/// What a side reports at its end.
#[derive(Debug, Serialize)]
pub(crate) struct PsiReport {
    protocol: &'static str,
    role: &'static str,
    own_items: usize,
    own_padded: u32,
    other_padded: u32,
    matches: Option<usize>,
    session: String,
    seconds: f64,
    bytes_sent: u64,
    bytes_received: u64,
}

/// The lines of a file that are items, in the order of the file, each once.
struct Lines {
    bytes: Vec<u8>,
    spans: Vec<(Item, std::ops::Range<usize>)>,
    repeated: usize,
}

impl Lines {
    fn read(path: &Path, limit: u32) -> Result<Self, Problem> {
        let bytes = problems::read_file(path)?;
        let mut spans = Vec::new();
        let mut seen = BTreeSet::new();
        let (mut start, mut repeated) = (0, 0);
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let range = start..start + line.len();
            start = range.end + 1;
            if line.is_empty() {
                continue;
            }
            if line.len() > LINE_LEN_MAX {
                return Err(problems::long_line(path, number + 1, LINE_LEN_MAX));
            }
            let item = Item::of_line(line);
            if seen.insert(item) {
                spans.push((item, range));
            } else {
                repeated += 1;
            }
        }
        if spans.is_empty() {
            return Err(problems::no_items(path));
        }
        if u32::try_from(spans.len()).is_err() || padded_size(spans.len()) > limit {
            return Err(problems::too_many_items(path, spans.len(), limit));
        }
        Ok(Self { bytes, spans, repeated })
    }

    fn items(&self) -> Arc<[Item]> {
        let mut items: Vec<Item> = self.spans.iter().map(|(item, _)| *item).collect();
        items.sort_unstable();
        items.into()
    }

    /// Writes the lines of matched items, whole or not at all.
    fn write_matched(&self, matched: &BTreeSet<Item>, out: &Path) -> Result<(), Problem> {
        let partial = out.with_extension("partial");
        let write = || -> std::io::Result<()> {
            let mut file = BufWriter::new(std::fs::File::create(&partial)?);
            for (_, range) in self.spans.iter().filter(|(item, _)| matched.contains(item)) {
                file.write_all(&self.bytes[range.clone()])?;
                file.write_all(b"\n")?;
            }
            file.into_inner()?.sync_all()?;
            std::fs::rename(&partial, out)
        };
        write().map_err(|error| problems::cannot_write(out, &error))
    }
}

/// Waits for one connector, plays the sender, ends.
pub(crate) async fn listen(args: &PsiListen, out: &Output) -> Result<(), Problem> {
    let protocol = chosen(&args.protocol)?;
    let lines = Lines::read(&args.items, protocol.items_max())?;
    report_repeated(out, &lines);
    let mut channel = Channel::listen(args.listen)?;
    out.line(&format!("listening on {}", channel.address()?));
    out.line(&format!("pin {}", channel.pin()));
    out.note(
        "the first who connects may test its items against these, guesses too; the pin protects the connector alone",
    );
    let up = channel.accept().await?;
    let started = Instant::now();
    let side = Plain::new(Place::Acceptor, protocol, lines.items(), up.exporter, entropy::seed()?);
    let end = channel.exchange(up.conn, side).await?;
    let seconds = started.elapsed().as_secs_f64();
    channel.shutdown().await;
    report(out, protocol, Place::Acceptor, &lines, &end, seconds)
}

/// Connects to a listener, plays the receiver, writes what both hold.
pub(crate) async fn connect(args: &PsiConnect, out: &Output) -> Result<(), Problem> {
    let protocol = chosen(&args.protocol)?;
    let pin = TransportKey::from_pin(&args.pin).map_err(|error| problems::bad_pin(&error))?;
    let lines = Lines::read(&args.items, protocol.items_max())?;
    report_repeated(out, &lines);
    let mut channel = Channel::dialing()?;
    let up = channel.dial(&args.address, pin).await?;
    let started = Instant::now();
    let side = Plain::new(Place::Proposer, protocol, lines.items(), up.exporter, entropy::seed()?);
    let end = channel.exchange(up.conn, side).await?;
    let seconds = started.elapsed().as_secs_f64();
    channel.shutdown().await;
    let matched: BTreeSet<Item> = match &end.released.matches {
        Some(Matches::Items(items)) => items.iter().copied().collect(),
        _ => BTreeSet::new(),
    };
    lines.write_matched(&matched, &args.out)?;
    report(out, protocol, Place::Proposer, &lines, &end, seconds)
}

/// The protocol of that name.
pub(crate) fn chosen(name: &str) -> Result<&'static dyn PsiProtocol, Problem> {
    protocol_named(name).ok_or_else(|| problems::unknown_protocol(name))
}

fn report_repeated(out: &Output, lines: &Lines) {
    if lines.repeated > 0 {
        out.note(&format!("{} repeated lines count once", lines.repeated));
    }
}

fn report(
    out: &Output,
    protocol: &'static dyn PsiProtocol,
    place: Place,
    lines: &Lines,
    end: &End,
    seconds: f64,
) -> Result<(), Problem> {
    let terms = &end.released.receipt.terms;
    let (own, other) = match place {
        Place::Proposer => (terms.proposer_set.padded, terms.acceptor_set.padded),
        Place::Acceptor => (terms.acceptor_set.padded, terms.proposer_set.padded),
    };
    let report = PsiReport {
        protocol: protocol.name(),
        role: if place == Place::Proposer { "receiver" } else { "sender" },
        own_items: lines.spans.len(),
        own_padded: own,
        other_padded: other,
        matches: end.released.matches.as_ref().map(Matches::len),
        session: end.released.receipt.session.to_string(),
        seconds,
        bytes_sent: end.bytes_sent,
        bytes_received: end.bytes_received,
    };
    out.json_or(&report, |out| {
        out.line(&match report.matches {
            Some(matches) => format!("{matches} of {} items are also on the other side", report.own_items),
            None => format!("{} items were offered; what matched is not ours to learn", report.own_items),
        });
        out.note(&format!(
            "sizes as the other side sees them: {} and {}; {:.2} s; {} bytes sent, {} received",
            report.own_padded, report.other_padded, report.seconds, report.bytes_sent, report.bytes_received
        ));
    })
}
