//! A link between two sides on this machine: UDP in, UDP out, late and at the link's rate.
//!
//! Runs in the process that measures, so its own processor time is in no figure. The timer it waits on rounds up to the
//! next millisecond: a link seems longer by up to one, each way.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::link::{DATAGRAM_LEN_MAX, Link, Shaper};

/// A running link, gone when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    directions: [AbortHandle; 2],
}

impl Relay {
    /// A link to the listener at `to`, for the one dialer that comes.
    pub(crate) async fn start(link: Link, to: SocketAddr) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let back = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        back.connect(to).await?;
        let address = front.local_addr()?;
        let dialer = Arc::new(OnceLock::new());
        let there = Direction { from: Arc::clone(&front), to: Arc::clone(&back), dialer: Arc::clone(&dialer) };
        let here = Direction { from: back, to: front, dialer };
        let directions = [
            tokio::spawn(there.carry(link, Towards::Listener)).abort_handle(),
            tokio::spawn(here.carry(link, Towards::Dialer)).abort_handle(),
        ];
        Ok(Self { address, directions })
    }

    /// Where the dialer dials to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.directions.iter().for_each(AbortHandle::abort);
    }
}

/// Which way datagrams go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Towards {
    Listener,
    Dialer,
}

/// One direction: from one socket to the other.
struct Direction {
    from: Arc<UdpSocket>,
    to: Arc<UdpSocket>,
    /// Where the dialer's first datagram came from.
    dialer: Arc<OnceLock<SocketAddr>>,
}

impl Direction {
    async fn carry(self, link: Link, towards: Towards) {
        let begun = Instant::now();
        let mut shaper = Shaper::new(link);
        let mut under_way: VecDeque<(Duration, Box<[u8]>)> = VecDeque::new();
        // A longer datagram is cut here, and too long for the link all the same.
        let mut buffer = [0; DATAGRAM_LEN_MAX + 1];
        loop {
            let next = under_way.front().map(|(arrival, _)| begun + *arrival);
            tokio::select! {
                biased;
                () = sleep_until(next.unwrap_or(begun)), if next.is_some() => {
                    let now = begun.elapsed();
                    while let Some((_, datagram)) = under_way.pop_front_if(|(arrival, _)| *arrival <= now) {
                        self.deliver(&datagram, towards).await;
                    }
                }
                received = self.from.recv_from(&mut buffer) => {
                    // An error is of an earlier datagram that nobody took: lost, as on any link.
                    let Ok((len, source)) = received else { continue };
                    if towards == Towards::Listener {
                        self.dialer.get_or_init(|| source);
                    }
                    if let Some(arrival) = shaper.arrival(begun.elapsed(), len) {
                        under_way.push_back((arrival, buffer[..len].into()));
                    }
                }
            }
        }
    }

    /// Gives a datagram to the other side; one that it cannot take is lost.
    async fn deliver(&self, datagram: &[u8], towards: Towards) {
        let _ = match (towards, self.dialer.get()) {
            (Towards::Listener, _) => self.to.send(datagram).await,
            (Towards::Dialer, Some(dialer)) => self.to.send_to(datagram, dialer).await,
            (Towards::Dialer, None) => return,
        };
    }
}
