//! Strangers: bytes that are no QUIC, and Initials that go nowhere. In a file of its own, because it measures the process.

mod common;

use std::net::UdpSocket;
use std::time::Duration;

use common::{Setup, connect, key, keys};
use tokio::time::{Instant, timeout};

/// Resident memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("proc is there");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a count of pages");
    pages * 4096
}

/// Numbers without a pattern (xorshift64).
fn noise(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A datagram that reads as a client's first packet: version 1, a fresh connection id, a payload nobody can open.
fn fake_initial(state: &mut u64) -> Vec<u8> {
    let mut packet = vec![0xc0, 0, 0, 0, 1, 8];
    packet.extend(noise(state).to_le_bytes());
    packet.push(8);
    packet.extend(noise(state).to_le_bytes());
    packet.push(0);
    // RFC 9000 §16: a two-byte length, of all that follows.
    let left = 1200 - packet.len() - 2;
    packet.extend((0x4000 | u16::try_from(left).expect("below 1200")).to_be_bytes());
    while packet.len() < 1200 {
        packet.push(noise(state) as u8);
    }
    packet
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_costs_little_memory_amplifies_nothing_and_leaves_room_for_honest_dials() {
    let mut listener = Setup::listener(2, keys(&[1])).start();
    let mut dialer = Setup::dialer(1).start();
    let (first, _) = connect(&mut dialer, &mut listener, key(2)).await;
    dialer.net.close(first.conn, 0);
    listener.down().await;
    dialer.down().await;

    let address = listener.net.local_addr().unwrap();
    let before = resident();
    let flood = tokio::task::spawn_blocking(move || {
        let sockets: Vec<_> = (0..8).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for socket in &sockets {
            socket.set_nonblocking(true).unwrap();
        }
        let (mut state, mut sent, mut back, mut replies) = (0x9e37_79b9_7f4a_7c15, 0, 0, 0);
        let mut reply = [0; 65_536];
        // On a busy machine the kernel drops most of it: the flood goes on until enough has reached the listener.
        for round in 0..1_000_000 {
            if round >= 44_000 && replies > 9_000 {
                break;
            }
            let socket = &sockets[round % sockets.len()];
            if round % 11 == 0 {
                let garbage: Vec<u8> = (0..noise(&mut state) % 1400).map(|_| noise(&mut state) as u8).collect();
                sent += socket.send_to(&garbage, address).unwrap_or(0);
                continue;
            }
            sent += socket.send_to(&fake_initial(&mut state), address).unwrap_or(0);
            while let Ok(len) = socket.recv(&mut reply) {
                back += len;
                replies += 1;
            }
        }
        (sent, back, replies)
    });
    // An honest dial in the middle of it.
    let begun = Instant::now();
    let (second, _) = connect(&mut dialer, &mut listener, key(2)).await;
    let during = begun.elapsed();
    let (sent, back, replies) = timeout(Duration::from_secs(60), flood).await.expect("in time").unwrap();
    let grown = resident().saturating_sub(before);
    println!("sent {sent} B, back {back} B in {replies} replies, grown {grown} B, honest dial {during:?}");

    assert!(replies > 9_000, "the flood reached the listener: {replies} replies");
    assert!(back <= 3 * sent, "{back} bytes back for {sent}");
    assert!(grown <= 64 * 1024 * 1024, "{grown} bytes");
    assert!(during <= Duration::from_secs(5), "{during:?}");
    dialer.net.send(second.conn, b"still here".to_vec());
    assert_eq!(listener.frame().await, b"still here");
    connect(&mut dialer, &mut listener, key(2)).await;
}
