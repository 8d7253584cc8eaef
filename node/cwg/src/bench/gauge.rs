//! What work uses: time, processor time, memory.

use std::fs;
use std::time::{Duration, Instant};

use crate::clocks;

/// A span that is being measured.
pub(crate) struct Gauge {
    started: Instant,
    processor: Duration,
    peak_is_of_span: bool,
}

/// What the span took.
pub(crate) struct Reading {
    /// Seconds of the clock on the wall.
    pub(crate) wall_s: f64,
    /// Processor seconds of all threads, user and system.
    pub(crate) cpu_s: f64,
    /// Peak of the memory held, in 10^6 bytes; `None` where there is no `/proc`.
    pub(crate) rss_mb: Option<f64>,
    /// What is to be said of these figures.
    pub(crate) note: Option<&'static str>,
}

/// Times of work that one thread at a time does, added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    wall: Duration,
    processor: Duration,
}

impl Stopwatch {
    /// Does this work, and adds what it took.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (started, processor) = (Instant::now(), clocks::thread());
        let done = work();
        self.wall += started.elapsed();
        self.processor += clocks::thread().saturating_sub(processor);
        done
    }

    /// Seconds of the clock on the wall.
    pub(crate) fn wall_s(&self) -> f64 {
        self.wall.as_secs_f64()
    }

    /// Seconds of the thread on a processor, which other programs do not add to.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.processor.as_secs_f64()
    }
}

impl Gauge {
    /// Begins a span.
    pub(crate) fn start() -> Self {
        let peak_is_of_span = set_peak_back("self");
        Self { started: Instant::now(), processor: clocks::processor(), peak_is_of_span }
    }

    /// The figures of the span up to now.
    pub(crate) fn read(&self) -> Reading {
        let wall_s = self.started.elapsed().as_secs_f64();
        let cpu_s = clocks::processor().saturating_sub(self.processor).as_secs_f64();
        let rss_mb = peak_of("self");
        let note = match rss_mb {
            None => Some("this system does not say how much memory a side held"),
            Some(_) if !self.peak_is_of_span => Some("peak memory is of the whole life of a side, its start included"),
            Some(_) => None,
        };
        Reading { wall_s, cpu_s, rss_mb, note }
    }
}

/// From now on the peak of a program is that of what comes, if the kernel lets us. A program is named as `/proc` does.
pub(crate) fn set_peak_back(program: &str) -> bool {
    // 5 sets the peak back to what is held now (proc_pid_clear_refs(5)).
    fs::write(format!("/proc/{program}/clear_refs"), "5").is_ok()
}

/// Most memory that a program held, in 10^6 bytes; `None` where there is no `/proc`.
pub(crate) fn peak_of(program: &str) -> Option<f64> {
    fs::read_to_string(format!("/proc/{program}/status")).ok().and_then(|status| peak_mb(&status))
}

/// `VmHWM:     1234 kB`, where kB means 1024 bytes.
fn peak_mb(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_found_in_its_line_or_not_at_all() {
        let status = "Name:\tcwg\nVmPeak:\t  900000 kB\nVmHWM:\t  250000 kB\nVmRSS:\t  1 kB\n";
        assert_eq!(peak_mb(status), Some(256.0));
        for other in ["", "VmPeak: 1 kB", "VmHWM: 1 MB", "VmHWM: much kB"] {
            assert_eq!(peak_mb(other), None, "{other}");
        }
    }

    #[test]
    fn work_costs_processor_time() {
        let gauge = Gauge::start();
        let mut sum = 0_u64;
        while gauge.read().cpu_s < 0.002 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        assert!(gauge.read().wall_s > 0.0);
    }
}
