//! The dialer: a name, its addresses with a head start for each, a pinned key, and a few tries within one limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cwg_engine::io::{DialFailure, Endpoint};
use cwg_protocol::TransportKey;
use quinn::{Connection, VarInt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::conn::{self, Greeted};
use crate::frame::{HELLO, HELLO_ACK};
use crate::limits::DIAL_ADDRESSES_MAX;
use crate::net::{Origin, Shared};
use crate::stream::{FrameReader, FrameWriter, StreamFault};
use crate::tls::Refusal;
use crate::{NetEvent, close_code, tls};

/// Dials until a connection stands or the limit is over, then lives its life or reports the failure.
pub(crate) async fn dial(shared: Arc<Shared>, dial: u64, endpoint: Endpoint, key: TransportKey) {
    let mut stopping = shared.stopping.subscribe();
    let outcome = tokio::select! {
        outcome = attempt(&shared, &endpoint, key) => outcome,
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    match outcome {
        Ok(greeted) => conn::run(greeted).await,
        Err(failure) => {
            tracing::debug!(dial, ?failure, "dial failed");
            // A failure means that nobody listens to events any more.
            let _ = shared.events.send(NetEvent::DialFailed { dial, failure }).await;
        }
    }
}

async fn attempt(shared: &Arc<Shared>, endpoint: &Endpoint, key: TransportKey) -> Result<Greeted, DialFailure> {
    let origin = if shared.names(&key) { Origin::DialedNamed } else { Origin::Dialed };
    let begun = Instant::now();
    let addresses = resolve(endpoint, begun + shared.limits.handshake).await?;
    let tries = shared.limits.dial_tries.max(1);
    let mut last = Refusal::Silent;
    for number in 1..=tries {
        let until = begun + shared.limits.handshake * number / tries;
        let connected = timeout_at(until, connect(shared, &addresses, key)).await.unwrap_or(Err(Refusal::Silent));
        let greeted = match connected {
            Err(refusal) => Err(refusal),
            Ok(connection) => greet(shared, &connection, key, origin, begun + shared.limits.handshake).await,
        };
        match greeted {
            Ok(greeted) => return Ok(greeted),
            Err(Refusal::Final) => return Err(DialFailure::Refused),
            Err(refusal) => last = refusal,
        }
        if number < tries {
            // An answer that came early leaves the rest of its share of time to whatever is wrong over there.
            sleep_until(until.min(Instant::now() + BUSY_PAUSE)).await;
        }
    }
    Err(match last {
        Refusal::Final => DialFailure::Refused,
        Refusal::Busy => DialFailure::Busy,
        Refusal::Silent => DialFailure::Unreachable,
    })
}

/// Pause before the next try where the answer came early.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

async fn resolve(endpoint: &Endpoint, until: Instant) -> Result<Vec<SocketAddr>, DialFailure> {
    let found = timeout_at(until, tokio::net::lookup_host(endpoint.0.as_str())).await;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.map_err(|_| DialFailure::Unresolved)?.map_err(|_| DialFailure::Unresolved)? {
        if addresses.len() < DIAL_ADDRESSES_MAX && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(DialFailure::Unresolved) } else { Ok(addresses) }
}

/// The first address that completes a handshake; the others are dropped before they greet, so no listener counts them.
async fn connect(shared: &Arc<Shared>, addresses: &[SocketAddr], key: TransportKey) -> Result<Connection, Refusal> {
    let config = tls::dialer_config(&shared.identity, key, shared.alpn, shared.pq, &shared.limits);
    let mut attempts = JoinSet::new();
    for (address, place) in addresses.iter().copied().zip(0_u32..) {
        // A machine without this family of addresses may reach the next one.
        let Ok(dialer) = shared.dialer(address) else { continue };
        let config = config.clone();
        let head_start = shared.limits.dial_stagger * place;
        attempts.spawn(async move {
            sleep(head_start).await;
            let connecting = dialer.connect_with(config, address, tls::UNSENT_NAME).map_err(|_| Refusal::Silent)?;
            connecting.await.map_err(|error| tls::refusal(&error))
        });
    }
    let mut refusal = Refusal::Silent;
    while let Some(attempt) = attempts.join_next().await {
        match attempt.unwrap_or(Err(Refusal::Silent)) {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Final) => refusal = Refusal::Final,
            Err(Refusal::Busy) if refusal == Refusal::Silent => refusal = Refusal::Busy,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// Says hello and waits for the answer: only then has the listener judged our key (RFC 8446 §4.4: the client's proof
/// is the last flight of the handshake).
async fn greet(
    shared: &Arc<Shared>,
    connection: &Connection,
    key: TransportKey,
    origin: Origin,
    until: Instant,
) -> Result<Greeted, Refusal> {
    let greeting = async {
        let (send, recv) = connection.open_bi().await.map_err(StreamFault::Lost)?;
        let mut reader = FrameReader::new(recv, &shared.limits);
        let mut writer = FrameWriter::new(send, &shared.limits);
        writer.write(HELLO.to_vec()).await?;
        let answer = reader.next(HELLO_ACK.len()).await?;
        Ok::<_, StreamFault>((answer, reader, writer))
    };
    let close = |code| connection.close(VarInt::from_u32(code), b"");
    let (answer, reader, writer) = match timeout_at(until, greeting).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(StreamFault::Lost(error))) => return Err(tls::refusal(&error)),
        Ok(Err(StreamFault::FrameTooLong | StreamFault::TooSlow | StreamFault::Broken)) => {
            close(close_code::BAD_GREETING);
            return Err(Refusal::Final);
        }
        Err(_) => {
            close(close_code::HANDSHAKE_TOO_SLOW);
            return Err(Refusal::Silent);
        }
    };
    let exporter = tls::exporter(connection, shared.alpn);
    let (Some(HELLO_ACK), Some(exporter)) = (answer.as_deref().and_then(|body| body.try_into().ok()), exporter) else {
        close(close_code::BAD_GREETING);
        return Err(Refusal::Final);
    };
    if tls::proven_key(connection) != Some(key) {
        close(close_code::NOT_ALLOWED);
        return Err(Refusal::Final);
    }
    let registered = shared.register(key, origin).map_err(|code| {
        close(code);
        Refusal::Final
    })?;
    Ok(Greeted { registered, connection: connection.clone(), exporter, reader, writer })
}
