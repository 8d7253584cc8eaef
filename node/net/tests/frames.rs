//! Frames arrive whole, in order and not beyond their limits.

mod common;

use common::{Node, pair};
use cwg_engine::io::DownReason;
use cwg_net::{FRAME_LEN_MAX, Limits, NetEvent, close_code};

fn body(len: usize, number: usize) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(31) ^ number) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_every_size_come_back_as_they_went() {
    let (mut dialer, here, mut listener, there) = pair(Limits::default()).await;
    assert_eq!(here.exporter, there.exporter);
    assert_eq!((here.key, there.key), (common::key(2), common::key(1)));
    for (number, len) in
        [0, 1, 3, 4, 5, 1023, 1024, 1025, 65_536, FRAME_LEN_MAX - 1, FRAME_LEN_MAX].into_iter().enumerate()
    {
        dialer.net.send(here.conn, body(len, number));
        let echoed = listener.frame().await;
        listener.net.send(there.conn, echoed);
        assert!(dialer.frame().await == body(len, number), "{len} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_over_the_limit_ends_the_connection_here() {
    let (mut dialer, here, mut listener, _) = pair(Limits::default()).await;
    dialer.net.send(here.conn, vec![0; FRAME_LEN_MAX + 1]);
    assert_eq!(dialer.down().await, (here.conn, DownReason::Lost));
    assert_eq!(listener.down().await.1, DownReason::ClosedByPeer(close_code::STREAM_BROKEN));
}

async fn receive(node: &mut Node, count: usize, len: usize) {
    for number in 0..count {
        assert!(node.frame().await == body(len, number), "frame {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_mebibytes_both_ways_arrive_in_order_before_the_close() {
    let (mut dialer, here, mut listener, there) = pair(Limits::default()).await;
    let (count, len) = (128, 256 * 1024);
    for number in 0..count {
        dialer.net.send(here.conn, body(len, number));
        listener.net.send(there.conn, body(len, number));
    }
    tokio::join!(
        async {
            let mut frames = 0;
            while frames < count {
                if let NetEvent::Frame { body: got, .. } = dialer.event().await {
                    assert!(got == body(len, frames));
                    frames += 1;
                }
            }
        },
        async {
            let mut frames = 0;
            while frames < count {
                if let NetEvent::Frame { body: got, .. } = listener.event().await {
                    assert!(got == body(len, frames));
                    frames += 1;
                }
            }
        }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_flushes_what_was_queued_and_carries_its_code() {
    let (mut dialer, here, mut listener, there) = pair(Limits::default()).await;
    for number in 0..12 {
        dialer.net.send(here.conn, body(256 * 1024, number));
    }
    dialer.net.close(here.conn, 7);
    dialer.net.send(here.conn, b"after the close".to_vec());
    receive(&mut listener, 12, 256 * 1024).await;
    assert_eq!(listener.down().await, (there.conn, DownReason::ClosedByPeer(7)));
    assert_eq!(dialer.down().await, (here.conn, DownReason::ClosedHere));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_flushes_and_says_so() {
    let (dialer, here, mut listener, _) = pair(Limits::default()).await;
    dialer.net.send(here.conn, b"last words".to_vec());
    dialer.net.shutdown().await;
    assert_eq!(listener.frame().await, b"last words");
    assert_eq!(listener.down().await.1, DownReason::ClosedByPeer(close_code::SHUTDOWN));
}
