//! `cwg psi listen|connect`: two plain files, two processes, no network set-up.

use std::path::Path;
use std::time::Instant;

use cwg_app::Problem;
use cwg_engine::io::ConnId;
use cwg_protocol::TransportKey;
use cwg_protocol::psi::{PsiProtocol, default_protocol, protocol, protocol_named};
use cwg_protocol::session::{Matches, Place, Plain, Released};
use serde::Serialize;

use crate::args::{PsiConnect, PsiListen};
use crate::entropy;
use crate::exchange::{Channel, End};
use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter};
use crate::lines::{LineFile, Marks};
use crate::output::Output;
use crate::problems;

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

/// A file of lines and the items in it.
struct Own {
    lines: LineFile,
    source: ItemSource,
}

impl Own {
    /// Reads a file. What does not fit in memory goes to sealed temporary files (`TMPDIR` says where).
    fn read(path: &Path, limit: u32, out: &Output) -> Result<Self, Problem> {
        let writer = ItemSourceWriter::new(&std::env::temp_dir(), HOLD_MAX);
        let salt = *entropy::seed()?.into_secret().expose();
        let hearer = crate::output::progress();
        let (lines, source) = tokio::task::block_in_place(|| LineFile::read(path, limit, writer, &salt, hearer))?;
        let repeated = lines.count() as usize - source.count();
        if repeated > 0 {
            out.note(&format!("{repeated} repeated lines count once"));
        }
        Ok(Self { lines, source })
    }

    /// Drives a session over the items.
    async fn exchange(self, channel: &mut Channel, conn: ConnId, side: Plain) -> Result<(End, Self), Problem> {
        let (end, source) = channel.exchange(conn, side, Some(self.source)).await?;
        Ok((end, Self { lines: self.lines, source: source.expect("it was given") }))
    }

    /// Writes the lines of what matched, whole or not at all.
    fn write_matched(&mut self, released: &Released, out: &Path) -> Result<(), Problem> {
        let mut marks = Marks::none(self.lines.count());
        if let Some(Matches::Places { bits, places }) = &released.matches {
            let session = released.receipt.session;
            self.source
                .visit_at(session, *bits, places, |_, line| marks.set(line))
                .map_err(|error| problems::store(&error))?;
        }
        self.lines.write_marked(&marks, out, crate::output::progress())
    }
}

/// Waits for one connector, plays the sender, ends.
pub(crate) async fn listen(args: &PsiListen, out: &Output) -> Result<(), Problem> {
    let named = args.protocol.as_deref().map(chosen).transpose()?;
    let own = Own::read(&args.items, items_max(named), out)?;
    let mut channel = Channel::listen(args.listen)?;
    out.line(&format!("listening on {}", channel.address()?));
    out.line(&format!("pin {}", channel.pin()));
    out.note(
        "the first who connects may test its items against these, guesses too; the pin protects the connector alone",
    );
    let up = channel.accept().await?;
    let started = Instant::now();
    let protocol = named.unwrap_or_else(|| default_protocol(own.source.count() as u64));
    let side = Plain::stored(Place::Acceptor, protocol, own.source.own_set(), up.exporter, entropy::seed()?);
    let side = if named.is_none() { side.taking_any() } else { side };
    let (end, own) = own.exchange(&mut channel, up.conn, side).await?;
    let seconds = started.elapsed().as_secs_f64();
    channel.shutdown().await;
    report(out, Place::Acceptor, &own, &end, seconds)
}

/// Connects to a listener, plays the receiver, writes what both hold.
pub(crate) async fn connect(args: &PsiConnect, out: &Output) -> Result<(), Problem> {
    let named = args.protocol.as_deref().map(chosen).transpose()?;
    let pin = TransportKey::from_pin(&args.pin).map_err(|error| problems::bad_pin(&error))?;
    let own = Own::read(&args.items, items_max(named), out)?;
    let protocol = named.unwrap_or_else(|| default_protocol(own.source.count() as u64));
    let mut channel = Channel::dialing()?;
    let up = channel.dial(&args.address, pin).await?;
    let started = Instant::now();
    let side = Plain::stored(Place::Proposer, protocol, own.source.own_set(), up.exporter, entropy::seed()?);
    let (end, mut own) = own.exchange(&mut channel, up.conn, side).await?;
    let seconds = started.elapsed().as_secs_f64();
    channel.shutdown().await;
    tokio::task::block_in_place(|| own.write_matched(&end.released, &args.out))?;
    report(out, Place::Proposer, &own, &end, seconds)
}

/// The largest padded size, of any protocol where none was named.
fn items_max(named: Option<&'static dyn PsiProtocol>) -> u32 {
    named.unwrap_or_else(|| default_protocol(u64::MAX)).items_max()
}

/// The protocol of that name, of those that compare sets alone: files of lines have no labels.
pub(crate) fn chosen(name: &str) -> Result<&'static dyn PsiProtocol, Problem> {
    let protocol = protocol_named(name).ok_or_else(|| problems::unknown_protocol(name))?;
    if protocol.carries_labels() { Err(problems::needs_labels(name)) } else { Ok(protocol) }
}

fn report(out: &Output, place: Place, own: &Own, end: &End, seconds: f64) -> Result<(), Problem> {
    let terms = &end.released.receipt.terms;
    let (own_padded, other_padded) = match place {
        Place::Proposer => (terms.proposer_set.padded, terms.acceptor_set.padded),
        Place::Acceptor => (terms.acceptor_set.padded, terms.proposer_set.padded),
    };
    let report = PsiReport {
        protocol: protocol(terms.protocol).map_or("", PsiProtocol::name),
        role: if place == Place::Proposer { "receiver" } else { "sender" },
        own_items: own.source.count(),
        own_padded,
        other_padded,
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
