//! Nodes for the tests: real UDP on loopback, every wait with a time-out.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use cwg_crypto::Secret32;
use cwg_engine::io::{ConnId, DialFailure, DownReason, Endpoint, PeerUp, Side};
use cwg_net::{Allow, Alpn, Limits, Net, NetConfig, NetEvent, Pq, TransportIdentity};
use cwg_protocol::TransportKey;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longer than anything a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn identity(number: u8) -> TransportIdentity {
    TransportIdentity::from_secret(&Secret32::new([number; 32]))
}

pub fn key(number: u8) -> TransportKey {
    identity(number).key()
}

pub fn keys(numbers: &[u8]) -> Allow {
    Allow::Keys(numbers.iter().map(|number| key(*number)).collect::<BTreeSet<_>>())
}

#[derive(Clone)]
pub struct Setup {
    pub number: u8,
    pub listen: bool,
    pub allow: Allow,
    pub alpn: Alpn,
    pub pq: Pq,
    pub limits: Limits,
    pub capacity: usize,
}

impl Setup {
    pub fn listener(number: u8, allow: Allow) -> Self {
        let limits = Limits::default();
        Self { number, listen: true, allow, alpn: Alpn::Cwg1, pq: Pq::Required, limits, capacity: 64 }
    }

    pub fn dialer(number: u8) -> Self {
        Self { listen: false, ..Self::listener(number, keys(&[])) }
    }

    pub fn start(self) -> Node {
        let (sender, events) = mpsc::channel(self.capacity);
        let listen = self.listen.then(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = NetConfig { listen, alpn: self.alpn, pq: self.pq, limits: self.limits };
        let net = Net::start(config, identity(self.number), self.allow, sender).expect("the node starts");
        Node { net, events }
    }
}

pub struct Node {
    pub net: Net,
    pub events: mpsc::Receiver<NetEvent>,
}

impl Node {
    pub fn endpoint(&self) -> Endpoint {
        Endpoint(self.net.local_addr().expect("it listens").to_string())
    }

    pub async fn event(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("the driver runs")
    }

    pub async fn up(&mut self) -> PeerUp {
        match self.event().await {
            NetEvent::Up(up) => up,
            other => panic!("expected Up, got {other:?}"),
        }
    }

    pub async fn frame(&mut self) -> Vec<u8> {
        match self.event().await {
            NetEvent::Frame { body, .. } => body,
            other => panic!("expected Frame, got {other:?}"),
        }
    }

    /// The next end of a connection; frames before it are dropped.
    pub async fn down(&mut self) -> (ConnId, DownReason) {
        loop {
            match self.event().await {
                NetEvent::Down { conn, reason } => return (conn, reason),
                NetEvent::Frame { .. } | NetEvent::Drained { .. } => {}
                other => panic!("expected Down, got {other:?}"),
            }
        }
    }

    pub async fn dial_failed(&mut self) -> (u64, DialFailure) {
        match self.event().await {
            NetEvent::DialFailed { dial, failure } => (dial, failure),
            other => panic!("expected DialFailed, got {other:?}"),
        }
    }
}

/// Dials and gives what both sides saw.
pub async fn connect(dialer: &mut Node, listener: &mut Node, listener_key: TransportKey) -> (PeerUp, PeerUp) {
    dialer.net.dial(1, &listener.endpoint(), listener_key);
    let (here, there) = (dialer.up().await, listener.up().await);
    assert_eq!((here.side, there.side), (Side::Dialer, Side::Listener));
    (here, there)
}

/// A dialer (number 1) and a listener (number 2) that stand in connection.
pub async fn pair(limits: Limits) -> (Node, PeerUp, Node, PeerUp) {
    let mut listener = Setup { limits: limits.clone(), ..Setup::listener(2, keys(&[1])) }.start();
    let mut dialer = Setup { limits, ..Setup::dialer(1) }.start();
    let (here, there) = connect(&mut dialer, &mut listener, key(2)).await;
    (dialer, here, listener, there)
}
