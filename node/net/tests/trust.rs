//! Who may connect to whom.

mod common;

use std::time::Duration;

use common::{Setup, connect, key, keys, pair};
use cwg_engine::io::{DialFailure, DownReason, Endpoint};
use cwg_net::{Allow, Alpn, Limits, Pq, close_code};
use tokio::time::Instant;

/// The refused dialer hears why; the listener hears nothing, as the honest dial after it is its first event.
async fn check_refused(claim: &str, dialer: Setup, pinned: u8, listener: Setup) {
    let honest = Setup { alpn: listener.alpn, ..Setup::dialer(1) };
    let mut listener = listener.start();
    let mut dialer = dialer.start();
    dialer.net.dial(9, &listener.endpoint(), key(pinned));
    assert_eq!(dialer.dial_failed().await, (9, DialFailure::Refused), "{claim}");
    let mut honest = honest.start();
    let (_, there) = connect(&mut honest, &mut listener, key(2)).await;
    assert_eq!(there.key, key(1), "{claim}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_fit_is_refused_and_the_listener_stays_quiet() {
    let listener = || Setup::listener(2, keys(&[1]));
    check_refused("an unknown key", Setup::dialer(3), 2, listener()).await;
    check_refused("another key than the pinned one", Setup::dialer(1), 3, listener()).await;
    check_refused("another protocol", Setup { alpn: Alpn::Psi1, ..Setup::dialer(1) }, 2, listener()).await;
    check_refused("our own key pinned", Setup::dialer(1), 1, listener()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_set_accepts_nobody_until_a_key_is_added() {
    let mut listener = Setup::listener(2, keys(&[])).start();
    let mut dialer = Setup::dialer(1).start();
    dialer.net.dial(4, &listener.endpoint(), key(2));
    assert_eq!(dialer.dial_failed().await, (4, DialFailure::Refused));
    listener.net.allow(keys(&[1]));
    connect(&mut dialer, &mut listener, key(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_loses_its_connection_and_does_not_come_back() {
    let (mut dialer, here, mut listener, there) = pair(Limits::default()).await;
    listener.net.allow(keys(&[3]));
    assert_eq!(listener.down().await, (there.conn, DownReason::ClosedHere));
    assert_eq!(dialer.down().await, (here.conn, DownReason::ClosedByPeer(close_code::NOT_ALLOWED)));
    dialer.net.dial(2, &listener.endpoint(), key(2));
    assert_eq!(dialer.dial_failed().await, (2, DialFailure::Refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_stays_allowed_keeps_its_connection() {
    let (mut dialer, here, mut listener, _) = pair(Limits::default()).await;
    listener.net.allow(keys(&[1, 3]));
    dialer.net.allow(keys(&[3]));
    dialer.net.send(here.conn, b"still here".to_vec());
    assert_eq!(listener.frame().await, b"still here");
    // The dialer's set never had the listener's key: the pin of the dial stands. Once it had it, taking it out counts.
    dialer.net.allow(keys(&[2]));
    dialer.net.allow(keys(&[]));
    assert_eq!(dialer.down().await, (here.conn, DownReason::ClosedHere));
    assert_eq!(listener.down().await.1, DownReason::ClosedByPeer(close_code::NOT_ALLOWED));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anyone_may_connect_where_the_listener_says_so() {
    let bare = |setup: Setup| Setup { alpn: Alpn::Psi1, ..setup };
    let mut listener = bare(Setup::listener(2, Allow::Anyone)).start();
    for fresh in [7, 8] {
        let mut dialer = bare(Setup::dialer(fresh)).start();
        let (_, there) = connect(&mut dialer, &mut listener, key(2)).await;
        assert_eq!(there.key, key(fresh));
        drop(dialer);
        assert_eq!(listener.down().await.0, there.conn);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preference_for_post_quantum_meets_a_requirement() {
    let mut listener = Setup::listener(2, keys(&[1])).start();
    let mut dialer = Setup { pq: Pq::Preferred, ..Setup::dialer(1) }.start();
    connect(&mut dialer, &mut listener, key(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_reported_within_the_limit() {
    let limits = Limits { handshake: Duration::from_millis(1500), ..Limits::default() };
    let mut dialer = Setup { limits, ..Setup::dialer(1) }.start();
    // A port that was ours a moment ago: nothing listens there, and the kernel's refusal is no proof of anything.
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // A socket that takes everything and says nothing.
    let mute = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for address in [gone, mute.local_addr().unwrap()] {
        let begun = Instant::now();
        dialer.net.dial(5, &Endpoint(address.to_string()), key(2));
        assert_eq!(dialer.dial_failed().await, (5, DialFailure::Unreachable));
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_endpoint_does_not_resolve() {
    let mut dialer = Setup::dialer(1).start();
    for text in ["", "localhost", "127.0.0.1:99999", ":1", "[::1", "a b:1"] {
        dialer.net.dial(6, &Endpoint(text.into()), key(2));
        assert_eq!(dialer.dial_failed().await, (6, DialFailure::Unresolved), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_with_a_dead_address_still_connects() {
    let mut listener = Setup::listener(2, keys(&[1])).start();
    let mut dialer = Setup::dialer(1).start();
    // `localhost` may be ::1 first, where nothing listens.
    let port = listener.net.local_addr().unwrap().port();
    dialer.net.dial(7, &Endpoint(format!("localhost:{port}")), key(2));
    assert_eq!(dialer.up().await.key, key(2));
    assert_eq!(listener.up().await.key, key(1));
}
