//! Dialers that break the wire on purpose, against a real listener on loopback.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use cwg_crypto::Secret32;
use cwg_engine::io::{DownReason, Endpoint};
use cwg_protocol::TransportKey;
use quinn::{Connection, ConnectionError, RecvStream, SendStream, VarInt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::frame::{FRAME_LEN_MAX, HELLO, HELLO_ACK, header};
use crate::tls::{self, UNSENT_NAME, odd};
use crate::{Allow, Alpn, Limits, Net, NetConfig, NetEvent, Pq, TransportIdentity, close_code};

const PATIENCE: Duration = Duration::from_secs(60);

fn identity(number: u8) -> TransportIdentity {
    TransportIdentity::from_secret(&Secret32::new([number; 32]))
}

fn key(number: u8) -> TransportKey {
    identity(number).key()
}

/// A listener with key 2 that accepts key 1.
struct Listener {
    net: Net,
    events: mpsc::Receiver<NetEvent>,
}

impl Listener {
    fn start(limits: Limits) -> Self {
        let (sender, events) = mpsc::channel(64);
        let listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let config = NetConfig { listen, alpn: Alpn::Cwg1, pq: Pq::Required, limits };
        let allow = Allow::Keys(BTreeSet::from([key(1)]));
        Self { net: Net::start(config, identity(2), allow, sender).unwrap(), events }
    }

    async fn event(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("the driver runs")
    }

    async fn down(&mut self) -> DownReason {
        match self.event().await {
            NetEvent::Down { reason, .. } => reason,
            other => panic!("expected Down, got {other:?}"),
        }
    }

    /// A dialer of this shape, connected as far as QUIC goes.
    async fn connect(&self, config: quinn::ClientConfig) -> Result<(quinn::Endpoint, Connection), ConnectionError> {
        let endpoint = tls::dialer(([127, 0, 0, 1], 0).into(), &Limits::default()).unwrap();
        let connecting = endpoint.connect_with(config, self.net.local_addr().unwrap(), UNSENT_NAME).unwrap();
        Ok((endpoint, timeout(PATIENCE, connecting).await.unwrap()?))
    }

    async fn connect_honestly(&self) -> (quinn::Endpoint, Connection) {
        let config = tls::dialer_config(&identity(1), key(2), Alpn::Cwg1, Pq::Required, &Limits::default());
        self.connect(config).await.unwrap()
    }

    /// A dialer that has greeted, and can now misbehave.
    async fn greet(&mut self) -> Hostile {
        let (endpoint, connection) = self.connect_honestly().await;
        let (mut send, mut recv) = connection.open_bi().await.unwrap();
        send.write_all(&frame(HELLO)).await.unwrap();
        let mut answer = [0; 12];
        timeout(PATIENCE, recv.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(answer[..], frame(HELLO_ACK));
        assert!(matches!(self.event().await, NetEvent::Up(_)));
        Hostile { _endpoint: endpoint, connection, send, _recv: recv }
    }
}

struct Hostile {
    _endpoint: quinn::Endpoint,
    connection: Connection,
    send: SendStream,
    _recv: RecvStream,
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&header(body.len()).unwrap()[..], body].concat()
}

/// The code with which the listener closed.
async fn close_code_of(connection: &Connection) -> u64 {
    match timeout(PATIENCE, connection.closed()).await.expect("a close in time") {
        ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
        other => panic!("expected a close code, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_length_over_the_limit_closes_before_a_byte_of_it() {
    let mut listener = Listener::start(Limits::default());
    let max = u32::try_from(FRAME_LEN_MAX).unwrap();
    for declared in [max + 1, 1 << 31, u32::MAX] {
        let mut hostile = listener.greet().await;
        hostile.send.write_all(&declared.to_le_bytes()).await.unwrap();
        assert_eq!(listener.down().await, DownReason::Violation, "{declared}");
        assert_eq!(close_code_of(&hostile.connection).await, u64::from(close_code::FRAME_TOO_LONG), "{declared}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_off_inside_a_frame_is_a_violation() {
    let limits = Limits { close_flush: Duration::from_millis(200), ..Limits::default() };
    let mut listener = Listener::start(limits);
    for (claim, bytes, reset) in [
        ("finished in the header", &[5, 0][..], false),
        ("finished before the body", &[5, 0, 0, 0], false),
        ("finished in the body", &[5, 0, 0, 0, 1], false),
        ("reset in the body", &[5, 0, 0, 0, 1], true),
        ("reset between frames", &[], true),
        ("finished and never closed", &[], false),
    ] {
        let mut hostile = listener.greet().await;
        hostile.send.write_all(bytes).await.unwrap();
        if reset {
            hostile.send.reset(VarInt::from_u32(0)).unwrap();
        } else {
            hostile.send.finish().unwrap();
        }
        assert_eq!(listener.down().await, DownReason::Violation, "{claim}");
        assert_eq!(close_code_of(&hostile.connection).await, u64::from(close_code::STREAM_BROKEN), "{claim}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_greeting_never_comes_up() {
    let mut listener = Listener::start(Limits::default());
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty", frame(b"")),
        ("one bit off", frame(b"cwgHELLo")),
        ("short", frame(b"cwgHELL")),
        ("long", vec![9, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("the other side's", frame(HELLO_ACK)),
        ("of the longest frame's length", (FRAME_LEN_MAX as u32).to_le_bytes().to_vec()),
        ("nothing, finished", Vec::new()),
    ];
    for (claim, bytes) in cases {
        let (_endpoint, connection) = listener.connect_honestly().await;
        let (mut send, _recv) = connection.open_bi().await.unwrap();
        send.write_all(bytes).await.unwrap();
        send.finish().unwrap();
        assert_eq!(close_code_of(&connection).await, u64::from(close_code::BAD_GREETING), "{claim}");
    }
    // The first thing the listener ever reports is the dialer that greets.
    listener.greet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialers_that_prove_nothing_are_turned_away_in_the_handshake() {
    let mut listener = Listener::start(Limits::default());
    for (claim, config) in [
        ("classical key exchange alone", odd::classical(&identity(1), key(2))),
        ("no key", odd::keyless(key(2))),
        ("an allowed key without its secret", odd::borrowed(&identity(3), key(1), key(2))),
        ("an unknown key", tls::dialer_config(&identity(3), key(2), Alpn::Cwg1, Pq::Required, &Limits::default())),
    ] {
        let error = match listener.connect(config).await {
            Err(error) => error,
            // TLS 1.3: the client is done before the server has judged its key.
            Ok((_endpoint, connection)) => timeout(PATIENCE, connection.closed()).await.unwrap(),
        };
        assert!(matches!(error, ConnectionError::ConnectionClosed(_)), "{claim}: {error:?}");
    }
    listener.greet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_stream_no_datagram_no_ticket_and_no_early_bytes() {
    let mut listener = Listener::start(Limits::default());
    for _ in 0..2 {
        let (config, tickets) = odd::eager(&identity(1), key(2));
        let endpoint = tls::dialer(([127, 0, 0, 1], 0).into(), &Limits::default()).unwrap();
        let connecting = endpoint.connect_with(config, listener.net.local_addr().unwrap(), UNSENT_NAME).unwrap();
        let connecting = connecting.into_0rtt().err().expect("nothing to resume");
        let connection = timeout(PATIENCE, connecting).await.unwrap().unwrap();
        let (mut send, mut recv) = connection.open_bi().await.unwrap();
        send.write_all(&frame(HELLO)).await.unwrap();
        timeout(PATIENCE, recv.read_exact(&mut [0; 12])).await.unwrap().unwrap();
        let NetEvent::Up(up) = listener.event().await else { panic!("expected Up") };

        assert_eq!(connection.max_datagram_size(), None);
        // A whole exchange of frames passes, and still no second stream could be opened.
        let exchange = async {
            send.write_all(&frame(b"ping")).await.unwrap();
            assert!(matches!(listener.event().await, NetEvent::Frame { body, .. } if body == b"ping"));
            listener.net.send(up.conn, b"pong".to_vec());
            timeout(PATIENCE, recv.read_exact(&mut [0; 8])).await.unwrap().unwrap();
        };
        tokio::select! {
            biased;
            _ = connection.open_bi() => panic!("a second stream"),
            _ = connection.open_uni() => panic!("a one-way stream"),
            () = exchange => {}
        }
        assert!(!odd::holds_ticket(&tickets));
        connection.close(VarInt::from_u32(0), b"");
        assert_eq!(listener.down().await, DownReason::ClosedByPeer(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_trickles_is_cut_and_a_quiet_peer_is_not() {
    let limits = Limits { progress_window: Duration::from_secs(1), ..Limits::default() };
    let mut listener = Listener::start(limits);
    let mut hostile = listener.greet().await;
    // Between frames there is no rule.
    assert!(timeout(Duration::from_millis(1500), listener.events.recv()).await.is_err());
    hostile.send.write_all(&frame(b"slow but whole")).await.unwrap();
    assert!(matches!(listener.event().await, NetEvent::Frame { .. }));
    hostile.send.write_all(&[200, 0, 0, 0]).await.unwrap();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let down = loop {
        tokio::select! {
            event = listener.event() => break event,
            _ = ticks.tick() => { let _ = hostile.send.write_all(&[0]).await; }
        }
    };
    assert!(matches!(down, NetEvent::Down { reason: DownReason::Violation, .. }), "{down:?}");
    assert_eq!(close_code_of(&hostile.connection).await, u64::from(close_code::TOO_SLOW));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dialers_that_never_greet_give_their_places_back() {
    let limits = Limits { half_open_max: 2, handshake: Duration::from_secs(2), ..Limits::default() };
    let mut listener = Listener::start(limits);
    let silent = [listener.connect_honestly().await, listener.connect_honestly().await];
    let (sender, mut events) = mpsc::channel(8);
    let config = NetConfig { listen: None, alpn: Alpn::Cwg1, pq: Pq::Required, limits: Limits::default() };
    let dialer = Net::start(config, identity(1), Allow::Keys(BTreeSet::new()), sender).unwrap();
    dialer.dial(1, &Endpoint(listener.net.local_addr().unwrap().to_string()), key(2));
    let event = timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    assert!(matches!(event, NetEvent::Up(_)), "{event:?}");
    assert!(matches!(listener.event().await, NetEvent::Up(_)));
    for (_endpoint, connection) in &silent {
        assert_eq!(close_code_of(connection).await, u64::from(close_code::HANDSHAKE_TOO_SLOW));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_after_the_greeting_ends_its_connection_and_no_other() {
    let mut listener = Listener::start(Limits { connections_per_key_max: 3, ..Limits::default() });
    let honest = listener.greet().await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..100 {
        let mut hostile = listener.greet().await;
        let mut noise = Vec::new();
        for _ in 0..64 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.extend(state.to_le_bytes());
        }
        // The listener may close while this is being written.
        let _ = hostile.send.write_all(&noise).await;
        let _ = hostile.send.finish();
        loop {
            match listener.event().await {
                NetEvent::Frame { .. } => {}
                NetEvent::Down { reason, .. } => {
                    assert_eq!(reason, DownReason::Violation);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let Hostile { mut send, .. } = honest;
    send.write_all(&frame(b"still here")).await.unwrap();
    assert!(matches!(listener.event().await, NetEvent::Frame { body, .. } if body == b"still here"));
}
