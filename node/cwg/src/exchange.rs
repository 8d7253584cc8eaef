//! One plain session between two processes: a connection, frames and jobs, the end (`cwg psi`, `cwg bench psi`).
//!
//! What is compared and what becomes of the output is the caller's; so is the measuring of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use cwg_app::Problem;
use cwg_engine::io::{ConnId, Endpoint, PeerUp};
use cwg_net::{Allow, Alpn, Limits, Net, NetConfig, NetEvent, Pq, TransportIdentity};
use cwg_protocol::TransportKey;
use cwg_protocol::psi::{Job, JobId, JobOutput, Loaded};
use cwg_protocol::session::{Lane, Plain, PlainStep, Released, ShardLoad};
use cwg_store::StoreError;
use tokio::sync::mpsc;

use crate::item_source::ItemSource;
use crate::outgoing::Outgoing;
use crate::problems;

/// A session in which the other side says nothing for this long is given up.
const SILENCE_MAX: Duration = Duration::from_secs(120);

/// Events that wait between the network and the session (count). A frame is at most 256 KiB: 16 MiB.
const EVENTS_MAX: usize = 64;

/// This side's end of the network, with a key made for the occasion.
pub(crate) struct Channel {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
    key: TransportKey,
}

/// A finished exchange and what it took.
pub(crate) struct End {
    /// The receipt, and the matches where this side learns.
    pub(crate) released: Released,
    /// Bytes of frame bodies to the peer.
    pub(crate) bytes_sent: u64,
    /// Bytes of frame bodies from the peer.
    pub(crate) bytes_received: u64,
}

impl Channel {
    /// Listens on this address, to anyone.
    pub(crate) fn listen(address: SocketAddr) -> Result<Self, Problem> {
        Self::start(Some(address), Allow::Anyone)
    }

    /// Dials only.
    pub(crate) fn dialing() -> Result<Self, Problem> {
        Self::start(None, Allow::Keys(BTreeSet::new()))
    }

    fn start(listen: Option<SocketAddr>, allow: Allow) -> Result<Self, Problem> {
        let identity = TransportIdentity::from_secret(&crate::entropy::seed()?.into_secret());
        let key = identity.key();
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let config = NetConfig { listen, alpn: Alpn::Psi1, pq: Pq::Preferred, limits: Limits::default() };
        let net = Net::start(config, identity, allow, sender).map_err(|error| problems::net(&error))?;
        Ok(Self { net, events, key })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr, Problem> {
        self.net.local_addr().ok_or_else(problems::no_address)
    }

    /// The key that a dialer has to pin.
    pub(crate) fn pin(&self) -> String {
        self.key.to_pin()
    }

    /// The first connection that comes.
    pub(crate) async fn accept(&mut self) -> Result<PeerUp, Problem> {
        loop {
            match self.events.recv().await {
                Some(NetEvent::Up(up)) => return Ok(up),
                Some(_) => {}
                None => return Err(problems::network_stopped()),
            }
        }
    }

    /// A connection to whoever proves the pinned key at this address.
    pub(crate) async fn dial(&mut self, address: &str, pin: TransportKey) -> Result<PeerUp, Problem> {
        self.net.dial(0, &Endpoint(address.to_owned()), pin);
        loop {
            match self.events.recv().await {
                Some(NetEvent::Up(up)) => return Ok(up),
                Some(NetEvent::DialFailed { failure, .. }) => return Err(problems::dial(failure, address)),
                Some(_) => {}
                None => return Err(problems::network_stopped()),
            }
        }
    }

    /// Drives one side over one connection: frames from the network, jobs on all cores, shards of a stored set on a
    /// thread of their own. Gives the set back.
    pub(crate) async fn exchange(
        &mut self,
        conn: ConnId,
        side: Plain,
        mut source: Option<ItemSource>,
    ) -> Result<(End, Option<ItemSource>), Problem> {
        let (done, outputs) = mpsc::unbounded_channel();
        let (loads, mut asked) = mpsc::unbounded_channel::<ShardLoad>();
        let loaded = done.clone();
        let loader = tokio::task::spawn_blocking(move || {
            while let (Some(load), Some(source)) = (asked.blocking_recv(), &mut source) {
                // The receiver is gone only when the exchange is over.
                drop(loaded.send(Done::Loaded(load, source.load(load.session, load.shard))));
            }
            source
        });
        let end = self.drive(conn, side, outputs, Off { done, loads }).await?;
        let source = loader.await.map_err(|_| problems::loader_stopped())?;
        Ok((end, source))
    }

    async fn drive(
        &mut self,
        conn: ConnId,
        mut side: Plain,
        mut outputs: mpsc::UnboundedReceiver<Done>,
        off: Off,
    ) -> Result<End, Problem> {
        let mut outgoing = Outgoing::default();
        let (mut bytes_sent, mut bytes_received) = (0, 0);
        let mut step = side.start();
        let mut end = None;
        loop {
            for body in step.send {
                bytes_sent += body.len() as u64;
                outgoing.send(&self.net, conn, body);
            }
            off.start(step.jobs, step.loads);
            end = end.or(step.released);
            if let Some(released) = end.take_if(|_| outgoing.is_empty(conn)) {
                return Ok(End { released, bytes_sent, bytes_received });
            }
            let next = tokio::select! {
                Some(done) = outputs.recv() => match done {
                    Done::Computed(place, output) => side.on_computed(place, output),
                    Done::Loaded(load, loaded) => {
                        side.on_loaded(load, loaded.map_err(|error| problems::store(&error))?)
                    }
                },
                event = self.events.recv() => match event {
                    Some(NetEvent::Frame { conn: on, body }) if on == conn => {
                        bytes_received += body.len() as u64;
                        side.on_frame(&body)
                    }
                    Some(NetEvent::Down { conn: on, .. }) if on == conn => return Err(problems::peer_lost()),
                    Some(NetEvent::Drained { conn: on }) => {
                        outgoing.on_drained(&self.net, on);
                        Ok(PlainStep::default())
                    }
                    // Another connector, while this one is served: nobody of ours.
                    Some(NetEvent::Up(other)) => {
                        self.net.close(other.conn, 0);
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

    /// Closes what stands, after what was queued has reached the peer.
    pub(crate) async fn shutdown(self) {
        self.net.shutdown().await;
    }
}

/// What was done off the loop.
enum Done {
    Computed((Lane, JobId), JobOutput),
    Loaded(ShardLoad, Result<Loaded, StoreError>),
}

/// Where work off the loop goes, and its way back.
struct Off {
    done: mpsc::UnboundedSender<Done>,
    loads: mpsc::UnboundedSender<ShardLoad>,
}

impl Off {
    /// Starts jobs on whichever core is free, and queues loads. The receivers are gone only when the exchange is over.
    fn start(&self, jobs: Vec<((Lane, JobId), Job)>, loads: Vec<ShardLoad>) {
        for (place, job) in jobs {
            let done = self.done.clone();
            rayon::spawn_fifo(move || drop(done.send(Done::Computed(place, job.run()))));
        }
        for load in loads {
            let _ = self.loads.send(load);
        }
    }
}
