//! A measurement: bulk frames one way over loopback. `cargo run -p cwg-net --release --example throughput`.

#![expect(clippy::print_stdout, reason = "a measurement prints")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::pair;
use cwg_net::{FRAME_LEN_MAX, Limits, NetEvent};
use tokio::time::Instant;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    const MIB: u32 = 1024 * 1024;
    for (window, mtu) in [(MIB, 1472), (MIB, 4096), (2 * MIB, 4096), (4 * MIB, 1472), (4 * MIB, 4096), (8 * MIB, 4096)]
    {
        let limits = Limits { receive_window_len: window, send_window_len: window, mtu_max: mtu, ..Limits::default() };
        let (mut dialer, here, mut listener, _) = pair(limits).await;
        let count = 2048;
        let begun = Instant::now();
        let sender = tokio::spawn(async move {
            let mut sent = 0;
            while sent < count {
                // 16 MiB at a time, then wait for `Drained`.
                for _ in 0..64 {
                    dialer.net.send(here.conn, vec![0; FRAME_LEN_MAX]);
                    sent += 1;
                }
                while !matches!(dialer.event().await, NetEvent::Drained { .. }) {}
            }
            dialer
        });
        for _ in 0..count {
            assert_eq!(listener.frame().await.len(), FRAME_LEN_MAX);
        }
        let seconds = begun.elapsed().as_secs_f64();
        let gbit = (count * FRAME_LEN_MAX * 8) as f64 / 1e9 / seconds;
        println!("window {window} B, MTU {mtu} B: {gbit:.2} Gbit/s");
        drop(sender.await.expect("the sender runs"));
    }
}
