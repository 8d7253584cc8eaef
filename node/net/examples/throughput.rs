//! A measurement: bulk frames over loopback, one way and both, with the processor time of both ends together.
//! `cargo run -p cwg-net --release --example throughput`.

#![expect(clippy::print_stdout, reason = "a measurement prints")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Node, pair};
use cwg_engine::io::ConnId;
use cwg_net::{FRAME_LEN_MAX, Limits, NetEvent};
use tokio::time::Instant;

const MIB: u32 = 1024 * 1024;

/// Frames of one measurement, each way: half a GiB.
const FRAMES: usize = 2048;

/// Frames queued before the queue is looked at: 4 MiB.
const AHEAD: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    for (window, mtu) in
        [(MIB, 1472), (MIB, 4096), (2 * MIB, 1472), (2 * MIB, 4096), (2 * MIB, 6400), (4 * MIB, 4096), (8 * MIB, 4096)]
    {
        let limits = Limits { receive_window_len: window, send_window_len: window, mtu_max: mtu, ..Limits::default() };
        for both in [false, true] {
            let (dialer, here, listener, there) = pair(limits.clone()).await;
            let (begun, used) = (Instant::now(), processor_s());
            let answer = if both { FRAMES } else { 0 };
            let one = tokio::spawn(transfer(dialer, here.conn, FRAMES, answer));
            let other = tokio::spawn(transfer(listener, there.conn, answer, FRAMES));
            let ends = (one.await.expect("it runs"), other.await.expect("it runs"));
            let bits = ((FRAMES + answer) * FRAME_LEN_MAX * 8) as f64;
            let (seconds, used) = (begun.elapsed().as_secs_f64(), processor_s() - used);
            let way = if both { "both ways" } else { "one way  " };
            let per_gib = used / (bits / 8.0 / f64::from(1024 * MIB));
            println!(
                "window {window} B, MTU {mtu} B, {way}: {:.2} Gbit/s, {per_gib:.2} processor s a GiB",
                bits / 1e9 / seconds
            );
            drop(ends);
        }
    }
}

/// Sends and receives so many frames, and never queues much more than is under way.
async fn transfer(mut node: Node, conn: ConnId, mut send: usize, mut receive: usize) -> Node {
    let frame = vec![7; FRAME_LEN_MAX];
    while send > 0 || receive > 0 {
        while send > 0 && node.net.queued_len(conn).is_some_and(|len| len < AHEAD * FRAME_LEN_MAX) {
            node.net.send(conn, frame.clone());
            send -= 1;
        }
        if send == 0 && receive == 0 {
            break;
        }
        match node.event().await {
            NetEvent::Frame { body, .. } => {
                assert_eq!(body.len(), FRAME_LEN_MAX);
                receive -= 1;
            }
            NetEvent::Drained { .. } => {}
            other => panic!("expected a frame, got {other:?}"),
        }
    }
    node
}

/// User and system time of this process, from `/proc/self/stat`, in hundredths of a second.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a system with /proc");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("a name in brackets").split(' ').collect();
    fields[11..=12].iter().map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}
