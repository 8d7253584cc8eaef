//! Peers that die, stall or read nothing.

mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Setup, connect, key, keys, pair};
use cwg_engine::io::{DownReason, Endpoint};
use cwg_net::{Limits, NetEvent, close_code};
use tokio::net::UdpSocket;

/// A wire between one dialer and a listener that can be cut, and laid to another listener.
struct Wire {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    listener: Arc<Mutex<SocketAddr>>,
}

impl Wire {
    async fn to(listener: SocketAddr) -> Self {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a loopback socket"));
        let far = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a loopback socket"));
        let cut = Arc::new(AtomicBool::new(false));
        let listener = Arc::new(Mutex::new(listener));
        let address = near.local_addr().expect("a loopback socket");
        let wire = Self { address, cut: Arc::clone(&cut), listener: Arc::clone(&listener) };
        tokio::spawn(async move {
            let (mut there, mut back) = (vec![0; 65_536], vec![0; 65_536]);
            let mut dialer = None;
            loop {
                tokio::select! {
                    got = near.recv_from(&mut there) => if let Ok((len, from)) = got {
                        dialer = Some(from);
                        if !cut.load(Ordering::Relaxed) {
                            let to = *listener.lock().expect("no code panics while it holds this lock");
                            let _ = far.send_to(&there[..len], to).await;
                        }
                    },
                    got = far.recv_from(&mut back), if !cut.load(Ordering::Relaxed) => {
                        if let (Ok((len, from)), Some(dialer)) = (got, dialer)
                            && from == *listener.lock().expect("no code panics while it holds this lock")
                        {
                            let _ = near.send_to(&back[..len], dialer).await;
                        }
                    },
                }
            }
        });
        wire
    }

    fn lead_to(&self, listener: SocketAddr) {
        *self.listener.lock().expect("no code panics while it holds this lock") = listener;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_dies_is_down_within_the_idle_time_out() {
    let limits = Limits { idle: Duration::from_secs(2), keep_alive: Duration::from_millis(300), ..Limits::default() };
    let mut listener = Setup { limits: limits.clone(), ..Setup::listener(2, keys(&[1])) }.start();
    let mut dialer = Setup { limits, ..Setup::dialer(1) }.start();
    let wire = Wire::to(listener.net.local_addr().unwrap()).await;
    dialer.net.dial(1, &Endpoint(wire.address.to_string()), key(2));
    let (here, there) = (dialer.up().await, listener.up().await);
    // Keep-alives hold a quiet connection beyond the idle time-out.
    assert!(tokio::time::timeout(Duration::from_secs(3), listener.events.recv()).await.is_err());
    wire.cut.store(true, Ordering::Relaxed);
    let cut = tokio::time::Instant::now();
    assert_eq!(listener.down().await, (there.conn, DownReason::TimedOut));
    assert_eq!(dialer.down().await, (here.conn, DownReason::TimedOut));
    assert!(cut.elapsed() < Duration::from_secs(6), "{:?}", cut.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_does_not_read_costs_no_more_than_the_queue() {
    let limits = Limits { send_queue_len_max: 8 * 1024 * 1024, ..Limits::default() };
    // The listener's caller takes nothing: two frames fill its channel, then flow control holds the dialer.
    let mut listener = Setup { limits: limits.clone(), capacity: 2, ..Setup::listener(2, keys(&[1])) }.start();
    let mut dialer = Setup { limits: limits.clone(), ..Setup::dialer(1) }.start();
    dialer.net.dial(1, &listener.endpoint(), key(2));
    let here = dialer.up().await;
    // 24 MiB: more than the queue and the windows of both sides hold.
    let frame = 128 * 1024;
    for _ in 0..192 {
        dialer.net.send(here.conn, vec![0; frame]);
        let queued = dialer.net.queued_len(here.conn).unwrap_or(0);
        assert!(queued <= limits.send_queue_len_max + frame + 64, "{queued}");
    }
    assert_eq!(dialer.down().await, (here.conn, DownReason::Lost));
    assert!(matches!(listener.event().await, NetEvent::Up(_)));
    // The packet that says so may be lost; what the peer sends next is then answered with a reset.
    let reason = listener.down().await.1;
    assert!(matches!(reason, DownReason::ClosedByPeer(close_code::QUEUE_FULL) | DownReason::Lost), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_stalls_in_reading_is_cut_on_time() {
    let limits = Limits { progress_window: Duration::from_secs(1), ..Limits::default() };
    let mut listener = Setup { limits: limits.clone(), capacity: 1, ..Setup::listener(2, keys(&[1])) }.start();
    let mut dialer = Setup { limits, ..Setup::dialer(1) }.start();
    dialer.net.dial(1, &listener.endpoint(), key(2));
    let here = dialer.up().await;
    // More than the windows of both sides hold, less than the queue.
    for _ in 0..160 {
        dialer.net.send(here.conn, vec![0; 128 * 1024]);
    }
    assert_eq!(dialer.down().await, (here.conn, DownReason::Violation));
    assert!(matches!(listener.event().await, NetEvent::Up(_)));
    assert_eq!(listener.down().await.1, DownReason::ClosedByPeer(close_code::TOO_SLOW));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_was_long_reports_when_it_drained() {
    let (mut dialer, here, mut listener, _) = pair(Limits::default()).await;
    for _ in 0..160 {
        dialer.net.send(here.conn, vec![0; 128 * 1024]);
    }
    for _ in 0..160 {
        listener.frame().await;
    }
    assert!(matches!(dialer.event().await, NetEvent::Drained { conn } if conn == here.conn));
    assert!(dialer.net.queued_len(here.conn).unwrap() <= 1024 * 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_is_not_held_up_by_a_peer_that_does_not_read() {
    let limits = Limits { close_flush: Duration::from_secs(1), ..Limits::default() };
    let mut listener = Setup { limits: limits.clone(), capacity: 1, ..Setup::listener(2, keys(&[1])) }.start();
    let mut dialer = Setup { limits, ..Setup::dialer(1) }.start();
    dialer.net.dial(1, &listener.endpoint(), key(2));
    let here = dialer.up().await;
    for _ in 0..160 {
        dialer.net.send(here.conn, vec![0; 128 * 1024]);
    }
    let begun = tokio::time::Instant::now();
    dialer.net.close(here.conn, 3);
    assert_eq!(dialer.down().await, (here.conn, DownReason::ClosedHere));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(matches!(listener.event().await, NetEvent::Up(_)));
    assert_eq!(listener.down().await.1, DownReason::ClosedByPeer(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_comes_back_ends_the_connections_of_its_earlier_life_at_once() {
    // No time-out would end it while this test waits.
    let limits =
        Limits { idle: Duration::from_secs(3600), keep_alive: Duration::from_millis(200), ..Limits::default() };
    let setup = |limits| Setup { limits, ..Setup::listener(2, keys(&[1])) };
    let mut first = setup(limits.clone()).start();
    let mut dialer = Setup { limits: limits.clone(), ..Setup::dialer(1) }.start();
    // A killed process says nothing: its wire is cut, and a new process stands at the same address.
    let wire = Wire::to(first.net.local_addr().unwrap()).await;
    dialer.net.dial(1, &Endpoint(wire.address.to_string()), key(2));
    let (here, _) = (dialer.up().await, first.up().await);
    let second = setup(limits).start();
    wire.lead_to(second.net.local_addr().unwrap());
    assert_eq!(dialer.down().await, (here.conn, DownReason::Lost));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_dials_again_is_let_in_and_loses_its_oldest_connection() {
    let mut listener = Setup::listener(2, keys(&[1, 3])).start();
    let mut other = Setup::dialer(3).start();
    let (kept, _) = connect(&mut other, &mut listener, key(2)).await;
    // Each process of the dialer dies without a word.
    let mut earlier = Vec::new();
    for life in 0..6 {
        let mut dialer = Setup::dialer(1).start();
        dialer.net.dial(1, &listener.endpoint(), key(2));
        dialer.up().await;
        // The oldest may end before the new one is shown.
        let (mut there, mut gone) = (None, None);
        while there.is_none() || (life >= 2 && gone.is_none()) {
            match listener.event().await {
                cwg_net::NetEvent::Up(up) => there = Some(up),
                cwg_net::NetEvent::Down { conn, reason } => gone = Some((conn, reason)),
                other => panic!("{other:?}"),
            }
        }
        earlier.push((dialer, there.unwrap()));
        if let Some(oldest) = usize::checked_sub(life, 2) {
            assert_eq!(gone, Some((earlier[oldest].1.conn, DownReason::ClosedHere)));
            let reason = earlier[oldest].0.down().await.1;
            assert!(matches!(reason, DownReason::ClosedByPeer(close_code::REPLACED) | DownReason::Lost), "{reason:?}");
        }
    }
    other.net.send(kept.conn, b"still here".to_vec());
    assert_eq!(listener.frame().await, b"still here");
}
