//! An emulated link as a pure function: how long a datagram takes, or that it is lost.
//!
//! Each direction is a token bucket without depth, which is what a wire is: datagrams leave one after the other at the
//! link's rate, wait in a queue of bounded length before that, and travel for half the round trip time after it. A
//! datagram that finds the queue full is dropped, and so is one that would not fit an Ethernet packet: path MTU
//! discovery ends where it would on a real path. Deliberately left out: loss at random, reordering, jitter.

use std::str::FromStr;
use std::time::Duration;

/// A link: the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    rate_bits_per_s: u64,
    round_trip: Duration,
}

/// Longest payload of a datagram (bytes): an Ethernet packet of 1500 without its IP and UDP headers.
pub(crate) const DATAGRAM_LEN_MAX: usize = 1472;

/// IP and UDP headers, which the rate pays for too (bytes).
const HEADERS_LEN: u64 = 28;

/// A queue is as long as the link holds in one round trip, and at least this (bytes).
const QUEUE_LEN_MIN: u64 = 64 * 1024;

/// Round trips over this are a mistake in the unit.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);

/// Rates up to this (bits per second), so that the sums below cannot overflow.
const RATE_MAX: u64 = 100_000_000_000;

impl Link {
    /// Bytes that may wait in front of the link.
    fn queue_len_max(self) -> u64 {
        let held = u128::from(self.rate_bits_per_s) * self.round_trip.as_nanos() / 8 / NANOS_PER_S;
        u64::try_from(held).unwrap_or(u64::MAX).max(QUEUE_LEN_MIN)
    }

    /// How long the link is busy with this many bytes.
    fn busy_with(self, len: u64) -> Duration {
        let nanos = u128::from(len) * 8 * NANOS_PER_S / u128::from(self.rate_bits_per_s);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

const NANOS_PER_S: u128 = 1_000_000_000;

/// `RATE,DELAY`: a number with kbit, mbit or gbit (a second), and a number with us, ms or s.
impl FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rate, delay) = text.split_once(',').ok_or(USAGE)?;
        let rate = with_unit(rate, &[("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000)]).ok_or(USAGE)?;
        let delay = with_unit(delay, &[("us", 1), ("ms", 1_000), ("s", 1_000_000)]).ok_or(USAGE)?;
        let link = Self { rate_bits_per_s: rate, round_trip: Duration::from_micros(delay) };
        let sound = (1..=RATE_MAX).contains(&rate) && link.round_trip <= ROUND_TRIP_MAX;
        sound.then_some(link).ok_or("rates go from 1kbit to 100gbit, round trip times to 10s")
    }
}

const USAGE: &str = "give a rate and a round trip time, like 100mbit,30ms (kbit, mbit, gbit; us, ms, s)";

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

/// One direction of a link, under the caller's clock.
#[derive(Debug)]
pub(crate) struct Shaper {
    link: Link,
    /// When the last datagram let in will have left the queue.
    free: Duration,
}

impl Shaper {
    /// An idle direction.
    pub(crate) fn new(link: Link) -> Self {
        Self { link, free: Duration::ZERO }
    }

    /// When a datagram of `len` bytes that comes now arrives at the other end; `None` if it is lost. Both times are
    /// counted from one start, and neither goes back from call to call.
    pub(crate) fn arrival(&mut self, now: Duration, len: usize) -> Option<Duration> {
        if len > DATAGRAM_LEN_MAX {
            return None;
        }
        let len = len as u64 + HEADERS_LEN;
        let left = self.free.max(now) + self.link.busy_with(len);
        if left - now > self.link.busy_with(self.link.queue_len_max()) {
            return None;
        }
        self.free = left;
        Some(left + self.link.round_trip / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: usize = DATAGRAM_LEN_MAX;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// 12 Mbit/s: an Ethernet packet of 1500 bytes a millisecond.
    fn shaper(round_trip: &str) -> Shaper {
        Shaper::new(format!("12mbit,{round_trip}").parse().unwrap())
    }

    #[test]
    fn a_link_is_a_rate_and_a_round_trip_time() {
        for (text, rate, round_trip) in [
            ("100mbit,30ms", 100_000_000, ms(30)),
            ("1gbit,200us", 1_000_000_000, Duration::from_micros(200)),
            ("64kbit,2s", 64_000, ms(2000)),
            ("1kbit,0ms", 1000, Duration::ZERO),
        ] {
            assert_eq!(text.parse(), Ok(Link { rate_bits_per_s: rate, round_trip }), "{text}");
        }
        for text in [
            "",
            "100mbit",
            "30ms",
            "100,30",
            "100mbit,30",
            "100mbit, 30ms",
            "mbit,ms",
            "0mbit,30ms",
            "-1mbit,30ms",
            "1.5gbit,30ms",
            "101gbit,1ms",
            "1mbit,11s",
            "100mbit,30ms,1",
            "18446744073709551615gbit,1ms",
        ] {
            assert!(text.parse::<Link>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lone_datagram_takes_its_length_and_half_the_round_trip() {
        let mut shaper = shaper("30ms");
        assert_eq!(shaper.arrival(ms(5), FULL), Some(ms(5 + 1 + 15)));
        assert_eq!(shaper.arrival(ms(100), 1500 / 2 - 28), Some(ms(115) + Duration::from_micros(500)));
    }

    #[test]
    fn a_burst_leaves_at_the_rate_and_an_idle_link_saves_nothing_up() {
        let mut shaper = shaper("0ms");
        let burst: Vec<_> = (0..4).map(|_| shaper.arrival(ms(10), FULL).unwrap()).collect();
        assert_eq!(burst, [ms(11), ms(12), ms(13), ms(14)]);
        let after_idling: Vec<_> = (0..2).map(|_| shaper.arrival(ms(500), FULL).unwrap()).collect();
        assert_eq!(after_idling, [ms(501), ms(502)]);
    }

    #[test]
    fn a_full_queue_drops_and_takes_again_as_it_empties() {
        // 64 KiB at 1500 bytes each: 43 fit.
        let mut short = shaper("1ms");
        assert_eq!((0..100).filter(|_| short.arrival(ms(0), FULL).is_some()).count(), 43);
        assert_eq!(short.arrival(ms(1), FULL), Some(ms(44) + Duration::from_micros(500)));
        assert_eq!(short.arrival(ms(1), FULL), None);
        // 100 ms at 1500 bytes a millisecond: 100 fit.
        let mut long = shaper("100ms");
        assert_eq!((0..200).filter(|_| long.arrival(ms(0), FULL).is_some()).count(), 100);
    }

    #[test]
    fn a_datagram_over_an_ethernet_packet_is_lost_and_costs_nothing() {
        let mut shaper = shaper("30ms");
        assert_eq!(shaper.arrival(ms(0), FULL + 1), None);
        assert_eq!(shaper.arrival(ms(0), FULL), Some(ms(16)));
    }

    #[test]
    fn no_more_than_the_rate_arrives_over_any_second() {
        let mut shaper = shaper("40ms");
        let mut arrivals = Vec::new();
        for step in 0..30_000 {
            let len = 40 + (step * 977) % 1400;
            if let Some(arrival) = shaper.arrival(Duration::from_micros(step as u64 * 100), len) {
                arrivals.push((arrival, len as u64 + HEADERS_LEN));
            }
        }
        assert!(arrivals.is_sorted());
        for (first, (start, _)) in arrivals.iter().enumerate().step_by(50) {
            let second = arrivals[first + 1..].iter().take_while(|(at, _)| *at - *start <= ms(1000));
            assert!(second.map(|(_, len)| len * 8).sum::<u64>() <= 12_000_000);
        }
    }
}
