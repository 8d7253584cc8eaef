//! The listener: strangers prove their address first, then their key, then that they speak.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use quinn::{Connection, Incoming, VarInt};
use tokio::time::timeout;

use crate::conn::{self, Greeted};
use crate::frame::{HELLO, HELLO_ACK};
use crate::net::{Origin, Shared};
use crate::stream::{FrameReader, FrameWriter};
use crate::{Limits, close_code, tls};

/// Accepts connections until the driver stops.
pub(crate) async fn listen(shared: Arc<Shared>, endpoint: quinn::Endpoint) {
    let half_open = HalfOpen::default();
    let mut stopping = shared.stopping.subscribe();
    loop {
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let Some(incoming) = incoming else { return };
        if !incoming.remote_address_validated() {
            // RFC 9000 §8.1.2: one small packet back, and no state here, until the address is proven.
            if incoming.retry().is_err() {
                tracing::debug!("no retry for an unproven address");
            }
            continue;
        }
        let place = half_open.enter(incoming.remote_address().ip(), &shared.limits);
        let Some(place) = place.filter(|_| !shared.is_full()) else {
            incoming.refuse();
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let greeted = welcome(&shared, incoming).await;
            drop(place);
            match greeted {
                Ok(greeted) => conn::run(greeted).await,
                Err(stage) => tracing::debug!(?stage, "dialer not accepted"),
            }
        });
    }
}

/// The addresses of dialers that have not greeted yet.
#[derive(Clone, Debug, Default)]
struct HalfOpen(Arc<Mutex<Vec<IpAddr>>>);

impl HalfOpen {
    /// A place for one more from this address, if there is room.
    fn enter(&self, address: IpAddr, limits: &Limits) -> Option<HalfOpenPlace> {
        let mut addresses = self.0.lock().expect(LOCK);
        let of_address = addresses.iter().filter(|other| **other == address).count();
        if addresses.len() >= limits.half_open_max || of_address >= limits.half_open_per_address_max {
            return None;
        }
        addresses.push(address);
        Some(HalfOpenPlace { all: self.clone(), address })
    }
}

const LOCK: &str = "no code panics while it holds this lock";

/// One place, given up when dropped.
#[derive(Debug)]
struct HalfOpenPlace {
    all: HalfOpen,
    address: IpAddr,
}

impl Drop for HalfOpenPlace {
    fn drop(&mut self) {
        let mut addresses = self.all.0.lock().expect(LOCK);
        if let Some(place) = addresses.iter().position(|other| *other == self.address) {
            addresses.swap_remove(place);
        }
    }
}

/// How far a dialer came.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Handshake,
    Greeting,
    Refused(u32),
}

async fn welcome(shared: &Arc<Shared>, incoming: Incoming) -> Result<Greeted, Stage> {
    let begun = tokio::time::Instant::now();
    let handshake = async { incoming.accept()?.await };
    let connection = timeout(shared.limits.handshake, handshake)
        .await
        .map_err(|_| Stage::Handshake)?
        .map_err(|_| Stage::Handshake)?;
    let left = shared.limits.handshake.saturating_sub(begun.elapsed());
    let refused = match timeout(left, greet(shared, &connection)).await {
        Ok(Ok(greeted)) => return Ok(greeted),
        Ok(Err(stage)) => stage,
        Err(_) => Stage::Refused(close_code::HANDSHAKE_TOO_SLOW),
    };
    let code = match refused {
        Stage::Refused(code) => code,
        Stage::Handshake | Stage::Greeting => close_code::BAD_GREETING,
    };
    connection.close(VarInt::from_u32(code), b"");
    Err(refused)
}

async fn greet(shared: &Arc<Shared>, connection: &Connection) -> Result<Greeted, Stage> {
    let key = tls::proven_key(connection).ok_or(Stage::Handshake)?;
    let exporter = tls::exporter(connection, shared.alpn).ok_or(Stage::Handshake)?;
    let (send, recv) = connection.accept_bi().await.map_err(|_| Stage::Greeting)?;
    let mut reader = FrameReader::new(recv, &shared.limits);
    let mut writer = FrameWriter::new(send, &shared.limits);
    match reader.next(HELLO.len()).await {
        Ok(Some(hello)) if hello == HELLO => {}
        _ => return Err(Stage::Greeting),
    }
    let registered = shared.register(key, Origin::Accepted).map_err(Stage::Refused)?;
    writer.write(HELLO_ACK.to_vec()).await.map_err(|_| Stage::Greeting)?;
    Ok(Greeted { registered, connection: connection.clone(), exporter, reader, writer })
}
