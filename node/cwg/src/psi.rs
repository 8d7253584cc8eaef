//! `cwg psi listen|connect`: two plain files, two processes, no network set-up.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cwg_app::Problem;
use cwg_crypto::Seed;
use cwg_engine::io::{ConnId, Endpoint};
use cwg_net::{Allow, Alpn, Limits, Net, NetConfig, NetEvent, Pq, TransportIdentity};
use cwg_protocol::psi::{JobId, JobOutput, PsiProtocol, protocol_named};
use cwg_protocol::session::{Lane, Matches, Place, Plain, PlainStep, Released, ShardLoad};
use cwg_protocol::{Item, TransportKey};
use cwg_store::StoreError;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::args::{PsiConnect, PsiListen};
use crate::item_source::{HOLD_MAX, ItemSource, ItemSourceWriter};
use crate::lines::{LineFile, Marks};
use crate::output::Output;
use crate::problems;

/// A session in which the other side says nothing for this long is given up.
const SILENCE_MAX: Duration = Duration::from_secs(120);

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
        let salt = *fresh_seed()?.into_secret().expose();
        let hearer = crate::output::progress();
        let (lines, source) = tokio::task::block_in_place(|| LineFile::read(path, limit, writer, &salt, hearer))?;
        let repeated = lines.count() as usize - source.count();
        if repeated > 0 {
            out.note(&format!("{repeated} repeated lines count once"));
        }
        Ok(Self { lines, source })
    }

    /// Writes the lines of what matched, whole or not at all.
    fn write_matched(&mut self, released: &Released, out: &Path) -> Result<(), Problem> {
        let mut marks = Marks::none(self.lines.count());
        if let Some(Matches::Places { bits, places }) = &released.matches {
            let session = released.receipt.session;
            self.source
                .numbers_at(session, *bits, places, |line| marks.set(line))
                .map_err(|error| problems::store(&error))?;
        }
        self.lines.write_marked(&marks, out, crate::output::progress())
    }
}

/// Waits for one connector, plays the sender, ends.
pub(crate) async fn listen(args: &PsiListen, out: &Output) -> Result<(), Problem> {
    let protocol = chosen(&args.protocol)?;
    let mut own = Own::read(&args.items, protocol.items_max(), out)?;
    let identity = fresh_identity()?;
    let key = identity.key();
    let (sender, mut events) = mpsc::channel(64);
    let net = start(Some(args.listen), identity, Allow::Anyone, sender)?;
    let address = net.local_addr().ok_or_else(problems::no_address)?;
    out.line(&format!("listening on {address}"));
    out.line(&format!("pin {}", key.to_pin()));
    out.note(
        "the first who connects may test its items against these, guesses too; the pin protects the connector alone",
    );
    let up = loop {
        match events.recv().await {
            Some(NetEvent::Up(up)) => break up,
            Some(_) => {}
            None => return Err(problems::network_stopped()),
        }
    };
    let started = Instant::now();
    let side = Plain::stored(Place::Acceptor, protocol, own.source.own_set(), up.exporter, fresh_seed()?);
    let (end, source) = exchange(&net, &mut events, up.conn, side, own.source).await?;
    own.source = source;
    let seconds = started.elapsed().as_secs_f64();
    net.shutdown().await;
    report(out, protocol, Place::Acceptor, &own, &end, seconds)
}

/// Connects to a listener, plays the receiver, writes what both hold.
pub(crate) async fn connect(args: &PsiConnect, out: &Output) -> Result<(), Problem> {
    let protocol = chosen(&args.protocol)?;
    let pin = TransportKey::from_pin(&args.pin).map_err(|error| problems::bad_pin(&error))?;
    let mut own = Own::read(&args.items, protocol.items_max(), out)?;
    let identity = fresh_identity()?;
    let (sender, mut events) = mpsc::channel(64);
    let net = start(None, identity, Allow::Keys(BTreeSet::new()), sender)?;
    net.dial(0, &Endpoint(args.address.clone()), pin);
    let up = loop {
        match events.recv().await {
            Some(NetEvent::Up(up)) => break up,
            Some(NetEvent::DialFailed { failure, .. }) => return Err(problems::dial(failure, &args.address)),
            Some(_) => {}
            None => return Err(problems::network_stopped()),
        }
    };
    let started = Instant::now();
    let side = Plain::stored(Place::Proposer, protocol, own.source.own_set(), up.exporter, fresh_seed()?);
    let (end, source) = exchange(&net, &mut events, up.conn, side, own.source).await?;
    own.source = source;
    let seconds = started.elapsed().as_secs_f64();
    net.shutdown().await;
    tokio::task::block_in_place(|| own.write_matched(&end.released, &args.out))?;
    report(out, protocol, Place::Proposer, &own, &end, seconds)
}

/// A finished exchange and what it took.
struct End {
    released: Released,
    bytes_sent: u64,
    bytes_received: u64,
}

/// What was done off the loop.
enum Done {
    Computed((Lane, JobId), JobOutput),
    Loaded(ShardLoad, Result<Arc<[Item]>, StoreError>),
}

/// Drives one side over one connection: frames from the network, jobs on all cores, shards on a thread of their own.
async fn exchange(
    net: &Net,
    events: &mut mpsc::Receiver<NetEvent>,
    conn: ConnId,
    side: Plain,
    mut source: ItemSource,
) -> Result<(End, ItemSource), Problem> {
    let (done, outputs) = mpsc::unbounded_channel();
    let (loads, mut asked) = mpsc::unbounded_channel::<ShardLoad>();
    let loader = {
        let done = done.clone();
        tokio::task::spawn_blocking(move || {
            while let Some(load) = asked.blocking_recv() {
                // The receiver is gone only when the exchange is over.
                drop(done.send(Done::Loaded(load, source.shard(load.session, load.shard))));
            }
            source
        })
    };
    let end = drive(net, events, conn, side, outputs, Off { done, loads }).await?;
    let source = loader.await.map_err(|_| problems::loader_stopped())?;
    Ok((end, source))
}

/// Where work off the loop goes, and its way back.
struct Off {
    done: mpsc::UnboundedSender<Done>,
    loads: mpsc::UnboundedSender<ShardLoad>,
}

async fn drive(
    net: &Net,
    events: &mut mpsc::Receiver<NetEvent>,
    conn: ConnId,
    mut side: Plain,
    mut outputs: mpsc::UnboundedReceiver<Done>,
    off: Off,
) -> Result<End, Problem> {
    let (mut bytes_sent, mut bytes_received) = (0, 0);
    let mut step = side.start();
    loop {
        if let Some(released) = carry_out(net, conn, step, &off, &mut bytes_sent) {
            return Ok(End { released, bytes_sent, bytes_received });
        }
        let next = tokio::select! {
            Some(done) = outputs.recv() => match done {
                Done::Computed(place, output) => side.on_computed(place, output),
                Done::Loaded(load, items) => side.on_loaded(load, items.map_err(|error| problems::store(&error))?),
            },
            event = events.recv() => match event {
                Some(NetEvent::Frame { conn: on, body }) if on == conn => {
                    bytes_received += body.len() as u64;
                    side.on_frame(&body)
                }
                Some(NetEvent::Down { conn: on, .. }) if on == conn => return Err(problems::peer_lost()),
                // Another connector, while this one is served: nobody of ours.
                Some(NetEvent::Up(other)) => {
                    net.close(other.conn, 0);
                    Ok(PlainStep::default())
                }
                Some(_) => Ok(PlainStep::default()),
                None => return Err(problems::network_stopped()),
            },
            () = tokio::time::sleep(SILENCE_MAX) => return Err(problems::peer_silent(SILENCE_MAX)),
        };
        step = next.map_err(|error| problems::plain(&error))?;
    }
}

fn carry_out(net: &Net, conn: ConnId, step: PlainStep, off: &Off, bytes_sent: &mut u64) -> Option<Released> {
    for body in step.send {
        *bytes_sent += body.len() as u64;
        net.send(conn, body);
    }
    for (place, job) in step.jobs {
        let done = off.done.clone();
        // The receiver is gone only when the exchange is over.
        rayon::spawn_fifo(move || drop(done.send(Done::Computed(place, job.run()))));
    }
    for load in step.loads {
        // The loader ends after the loop.
        let _ = off.loads.send(load);
    }
    step.released
}

fn start(
    listen: Option<SocketAddr>,
    identity: TransportIdentity,
    allow: Allow,
    events: mpsc::Sender<NetEvent>,
) -> Result<Net, Problem> {
    let config = NetConfig { listen, alpn: Alpn::Psi1, pq: Pq::Preferred, limits: Limits::default() };
    Net::start(config, identity, allow, events).map_err(|error| problems::net(&error))
}

fn chosen(name: &str) -> Result<&'static dyn PsiProtocol, Problem> {
    protocol_named(name).ok_or_else(|| problems::unknown_protocol(name))
}

fn fresh_seed() -> Result<Seed, Problem> {
    crate::entropy::seed()
}

fn fresh_identity() -> Result<TransportIdentity, Problem> {
    Ok(TransportIdentity::from_secret(&fresh_seed()?.into_secret()))
}

fn report(
    out: &Output,
    protocol: &'static dyn PsiProtocol,
    place: Place,
    own: &Own,
    end: &End,
    seconds: f64,
) -> Result<(), Problem> {
    let terms = &end.released.receipt.terms;
    let (own_padded, other_padded) = match place {
        Place::Proposer => (terms.proposer_set.padded, terms.acceptor_set.padded),
        Place::Acceptor => (terms.acceptor_set.padded, terms.proposer_set.padded),
    };
    let report = PsiReport {
        protocol: protocol.name(),
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
