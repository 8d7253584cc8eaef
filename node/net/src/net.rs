//! The handle of the driver, and what its tasks share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use cwg_engine::io::{ConnId, DownReason, Endpoint, Side};
use cwg_protocol::TransportKey;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::frame::{FRAME_LEN_MAX, HEADER_LEN};
use crate::limits::{DRAINED_ABOVE_LEN, QUEUED_FRAME_COST};
use crate::{Allow, Alpn, Limits, NetEvent, Pq, TransportIdentity, close_code, dial, listen, tls};

/// How to start the driver.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Where to listen; `None` only dials. Port 0 lets the system choose, see [`Net::local_addr`].
    pub listen: Option<SocketAddr>,
    /// What is spoken.
    pub alpn: Alpn,
    /// Which key exchange is accepted.
    pub pq: Pq,
    /// The limits.
    pub limits: Limits,
}

/// Why the driver did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// There is no tokio runtime to run on.
    #[error("the network driver was started outside a tokio runtime; start it inside one")]
    NoRuntime,
    /// The address is not this machine's, or is in use.
    #[error("cannot listen on UDP {address}: {source}; choose an address of this machine and a free port")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running driver. Clones are the same driver; when the last one is dropped it stops without flushing.
#[derive(Clone)]
pub struct Net(Arc<Running>);

struct Running {
    shared: Arc<Shared>,
    listener: Option<quinn::Endpoint>,
}

impl Net {
    /// Starts to listen, if asked to, and to report events.
    ///
    /// `events` is where back-pressure begins: while it is full, nothing more is read from the peers. Each waiting
    /// frame may hold [`FRAME_LEN_MAX`] bytes, so its capacity bounds the memory between the driver and its caller.
    ///
    /// # Errors
    /// If there is no tokio runtime, or the address cannot be bound.
    pub fn start(
        config: NetConfig,
        identity: TransportIdentity,
        allow: Allow,
        events: mpsc::Sender<NetEvent>,
    ) -> Result<Self, NetError> {
        let runtime = Handle::try_current().map_err(|_| NetError::NoRuntime)?;
        tls::seed_generator();
        let shared = Arc::new(Shared {
            alpn: config.alpn,
            pq: config.pq,
            limits: config.limits,
            identity,
            allow: Arc::new(RwLock::new(allow)),
            events,
            slots: Mutex::default(),
            emptied: Notify::new(),
            stopping: watch::Sender::new(false),
            dialers: Mutex::default(),
            runtime,
        });
        let listener = match config.listen {
            None => None,
            Some(address) => {
                let tls = tls::listener_config(
                    &shared.identity,
                    Arc::clone(&shared.allow),
                    shared.alpn,
                    shared.pq,
                    &shared.limits,
                );
                let endpoint = tls::listener(address, &shared.identity, tls, &shared.limits)
                    .map_err(|source| NetError::Listen { address, source })?;
                shared.runtime.spawn(listen::listen(Arc::clone(&shared), endpoint.clone()));
                Some(endpoint)
            }
        };
        Ok(Self(Arc::new(Running { shared, listener })))
    }

    /// The address that is listened on, with the port that the system chose.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.listener.as_ref()?.local_addr().ok()
    }

    /// Replaces the accepted keys. A connection whose key was accepted and no longer is is closed at once, unflushed,
    /// whichever side opened it.
    pub fn allow(&self, allow: Allow) {
        let mut slots = self.0.shared.slots();
        let mut current = self.0.shared.allow.write().expect(LOCK);
        let old = std::mem::replace(&mut *current, allow);
        for slot in slots.values_mut().filter(|slot| !current.contains(&slot.key)) {
            // A dialer pins its key; it loses the connection only if the set once had the key.
            if slot.side == Side::Listener || matches!(&old, Allow::Keys(keys) if keys.contains(&slot.key)) {
                slot.end(Ending::now(close_code::NOT_ALLOWED, DownReason::ClosedHere));
            }
        }
    }

    /// Opens a connection to whoever proves `key` at `endpoint`. Ends in `Up` with that key, or in `DialFailed` with
    /// the number `dial`, within [`Limits::handshake`].
    pub fn dial(&self, dial: u64, endpoint: &Endpoint, key: TransportKey) {
        let shared = Arc::clone(&self.0.shared);
        self.0.shared.runtime.spawn(dial::dial(shared, dial, endpoint.clone(), key));
    }

    /// Queues a frame after those queued before. Nothing happens if the connection is closing or gone.
    ///
    /// A body over [`FRAME_LEN_MAX`], or a queue over [`Limits::send_queue_len_max`], closes the connection with
    /// [`DownReason::Lost`]. Watch [`Self::queued_len`] and [`NetEvent::Drained`] to stay below.
    pub fn send(&self, conn: ConnId, body: Vec<u8>) {
        let shared = &self.0.shared;
        let mut slots = shared.slots();
        let Some(slot) = slots.get_mut(&conn) else {
            return;
        };
        let Some(frames) = &slot.frames else { return };
        if body.len() > FRAME_LEN_MAX {
            tracing::error!(conn = conn.0, len = body.len(), "frame over the limit");
            slot.end(Ending::now(close_code::STREAM_BROKEN, DownReason::Lost));
            return;
        }
        let queued = slot.queue.add(body.len());
        // A failure means that the task of the connection has ended: its `Down` is on the way.
        let _ = frames.send(body);
        if queued > shared.limits.send_queue_len_max {
            tracing::debug!(conn = conn.0, queued, "send queue over the limit");
            slot.end(Ending::now(close_code::QUEUE_FULL, DownReason::Lost));
        }
    }

    /// Bytes queued for a peer and not yet taken by QUIC, with a small charge for each frame; `None` if there is no
    /// such connection.
    pub fn queued_len(&self, conn: ConnId) -> Option<usize> {
        self.0.shared.slots().get(&conn).map(|slot| slot.queue.len.load(Ordering::Relaxed))
    }

    /// Closes a connection with a code below [`close_code::RESERVED_FROM`], after what was queued has reached the peer
    /// or [`Limits::close_flush`] is over. `Down` follows; frames that were read before may still come first.
    pub fn close(&self, conn: ConnId, code: u32) {
        if let Some(slot) = self.0.shared.slots().get_mut(&conn) {
            slot.end(Ending { code, reason: DownReason::ClosedHere, flush: Flush::Queued });
        }
    }

    /// Stops: no new connections, those that stand are closed as by [`Self::close`]. Takes at most
    /// [`Limits::close_flush`] and two seconds.
    pub async fn shutdown(self) {
        let shared = &self.0.shared;
        shared.stopping.send_replace(true);
        for slot in shared.slots().values_mut() {
            slot.end(Ending { code: close_code::SHUTDOWN, reason: DownReason::ClosedHere, flush: Flush::Queued });
        }
        let all_ended = async {
            loop {
                let emptied = shared.emptied.notified();
                if shared.slots().is_empty() {
                    return;
                }
                emptied.await;
            }
        };
        let grace = std::time::Duration::from_secs(1);
        if timeout(shared.limits.close_flush + grace, all_ended).await.is_err() {
            tracing::debug!("connections were cut at shutdown");
        }
        let endpoints = self.0.stop();
        let all_said = async {
            for endpoint in &endpoints {
                endpoint.wait_idle().await;
            }
        };
        if timeout(grace, all_said).await.is_err() {
            tracing::debug!("peers did not answer the close");
        }
    }
}

impl Running {
    fn stop(&self) -> Vec<quinn::Endpoint> {
        self.shared.stopping.send_replace(true);
        let mut dialers = self.shared.dialers.lock().expect(LOCK);
        let endpoints: Vec<_> =
            self.listener.iter().cloned().chain(dialers.v4.take()).chain(dialers.v6.take()).collect();
        for endpoint in &endpoints {
            endpoint.close(quinn::VarInt::from_u32(close_code::SHUTDOWN), b"");
        }
        endpoints
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Net(..)")
    }
}

const LOCK: &str = "no code panics while it holds this lock";

/// What the handle and the tasks share. `slots` is locked before `allow`.
pub(crate) struct Shared {
    pub(crate) alpn: Alpn,
    pub(crate) pq: Pq,
    pub(crate) limits: Limits,
    pub(crate) identity: TransportIdentity,
    pub(crate) allow: Arc<RwLock<Allow>>,
    pub(crate) events: mpsc::Sender<NetEvent>,
    slots: Mutex<BTreeMap<ConnId, Slot>>,
    emptied: Notify,
    pub(crate) stopping: watch::Sender<bool>,
    dialers: Mutex<Dialers>,
    pub(crate) runtime: Handle,
}

#[derive(Default)]
struct Dialers {
    v4: Option<quinn::Endpoint>,
    v6: Option<quinn::Endpoint>,
}

impl Shared {
    fn slots(&self) -> MutexGuard<'_, BTreeMap<ConnId, Slot>> {
        self.slots.lock().expect(LOCK)
    }

    /// Whether the listener has no room for anybody.
    pub(crate) fn is_full(&self) -> bool {
        inbound(&self.slots()).count() >= self.limits.connections_max
    }

    /// Whether the set of allowed keys names this one.
    pub(crate) fn names(&self, key: &TransportKey) -> bool {
        matches!(&*self.allow.read().expect(LOCK), Allow::Keys(keys) if keys.contains(key))
    }

    /// The socket that dials to an address of this family.
    pub(crate) fn dialer(&self, to: SocketAddr) -> std::io::Result<quinn::Endpoint> {
        let mut dialers = self.dialers.lock().expect(LOCK);
        if *self.stopping.borrow() {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let (any, dialer): (SocketAddr, _) = match to {
            SocketAddr::V4(_) => (([0; 4], 0).into(), &mut dialers.v4),
            SocketAddr::V6(_) => (([0_u16; 8], 0).into(), &mut dialers.v6),
        };
        if let Some(endpoint) = dialer {
            return Ok(endpoint.clone());
        }
        let endpoint = tls::dialer(any, &self.limits)?;
        *dialer = Some(endpoint.clone());
        Ok(endpoint)
    }

    /// Gives a proven connection its number, unless the rules of this moment refuse it: then the close code.
    pub(crate) fn register(self: &Arc<Self>, key: TransportKey, origin: Origin) -> Result<Registered, u32> {
        let mut slots = self.slots();
        if *self.stopping.borrow() {
            return Err(close_code::SHUTDOWN);
        }
        let side = match origin {
            Origin::Accepted => {
                if !self.allow.read().expect(LOCK).contains(&key) {
                    return Err(close_code::NOT_ALLOWED);
                }
                if inbound(&slots).count() >= self.limits.connections_max {
                    return Err(close_code::BUSY);
                }
                make_room(&mut slots, key, self.limits.connections_per_key_max);
                Side::Listener
            }
            // The key was taken out of the set while the dial was under way.
            Origin::DialedNamed if !self.names(&key) => return Err(close_code::NOT_ALLOWED),
            Origin::DialedNamed | Origin::Dialed => Side::Dialer,
        };
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let conn = ConnId(NEXT.fetch_add(1, Ordering::Relaxed));
        let (frames, queued_frames) = mpsc::unbounded_channel();
        let (ending, ended) = oneshot::channel();
        let queue = Arc::new(Queue::default());
        let slot = Slot { key, side, frames: Some(frames), ending: Some(ending), queue: Arc::clone(&queue) };
        slots.insert(conn, slot);
        let place = Place { conn, shared: Arc::clone(self) };
        Ok(Registered { place, key, side, frames: queued_frames, ending: ended, queue })
    }
}

fn inbound(slots: &BTreeMap<ConnId, Slot>) -> impl Iterator<Item = &Slot> {
    slots.values().filter(|slot| slot.side == Side::Listener)
}

/// Ends the oldest connections that were accepted from a key, so that one more is within the limit. A peer that dials
/// anew has lost them, whether we have heard of it or not: it must not wait until they time out here.
fn make_room(slots: &mut BTreeMap<ConnId, Slot>, key: TransportKey, max: usize) {
    let of_key = |slot: &Slot| slot.side == Side::Listener && slot.key == key && !slot.is_ending();
    let standing = slots.values().filter(|slot| of_key(slot)).count();
    let too_many = (standing + 1).saturating_sub(max.max(1));
    for slot in slots.values_mut().filter(|slot| of_key(slot)).take(too_many) {
        slot.end(Ending::now(close_code::REPLACED, DownReason::ClosedHere));
    }
}

/// How a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The listener accepted it.
    Accepted,
    /// It was dialed, and the allowed keys did not name its key when the dial began.
    Dialed,
    /// It was dialed, and they did.
    DialedNamed,
}

/// One connection as the handle sees it.
struct Slot {
    key: TransportKey,
    side: Side,
    /// Gone once the connection is ending: the queue ends with what it holds.
    frames: Option<mpsc::UnboundedSender<Vec<u8>>>,
    ending: Option<oneshot::Sender<Ending>>,
    queue: Arc<Queue>,
}

impl Slot {
    fn is_ending(&self) -> bool {
        self.ending.is_none()
    }

    /// Asks the task to end. The first request stands, but an immediate one is never delayed by a flush.
    fn end(&mut self, ending: Ending) {
        self.frames = None;
        if ending.flush == Flush::Nothing {
            self.queue.cut.notify_one();
        }
        if let Some(sender) = self.ending.take() {
            // A failure means that the task has ended.
            let _ = sender.send(ending);
        }
    }
}

/// A request of this node to end a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) code: u32,
    pub(crate) reason: DownReason,
    pub(crate) flush: Flush,
}

impl Ending {
    fn now(code: u32, reason: DownReason) -> Self {
        Self { code, reason, flush: Flush::Nothing }
    }
}

/// What is still sent before the close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// What was queued.
    Queued,
    /// Nothing.
    Nothing,
}

/// The accounts of a send queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    len: AtomicUsize,
    drained_owed: AtomicBool,
    /// Ends a flush.
    pub(crate) cut: Notify,
}

impl Queue {
    fn cost(body_len: usize) -> usize {
        body_len + HEADER_LEN + QUEUED_FRAME_COST
    }

    fn add(&self, body_len: usize) -> usize {
        let queued = self.len.fetch_add(Self::cost(body_len), Ordering::Relaxed) + Self::cost(body_len);
        if queued > DRAINED_ABOVE_LEN {
            self.drained_owed.store(true, Ordering::Relaxed);
        }
        queued
    }

    /// Takes a written frame off; `true` if a `Drained` is due.
    #[must_use]
    pub(crate) fn take(&self, body_len: usize) -> bool {
        let queued = self.len.fetch_sub(Self::cost(body_len), Ordering::Relaxed) - Self::cost(body_len);
        queued <= crate::limits::DRAINED_BELOW_LEN && self.drained_owed.swap(false, Ordering::Relaxed)
    }
}

/// A connection that has its number, as its task sees it.
pub(crate) struct Registered {
    pub(crate) place: Place,
    pub(crate) key: TransportKey,
    pub(crate) side: Side,
    pub(crate) frames: mpsc::UnboundedReceiver<Vec<u8>>,
    pub(crate) ending: oneshot::Receiver<Ending>,
    pub(crate) queue: Arc<Queue>,
}

/// The place among the connections, given up when dropped.
pub(crate) struct Place {
    pub(crate) conn: ConnId,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut slots = self.shared.slots();
        slots.remove(&self.conn);
        if slots.is_empty() {
            self.shared.emptied.notify_waiters();
        }
    }
}
