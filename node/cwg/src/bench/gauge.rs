//! What this process uses: time, processor time, memory.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

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

impl Gauge {
    /// Begins a span.
    pub(crate) fn start() -> Self {
        // 5 sets the peak back to what is held now (proc_pid_clear_refs(5)); not every kernel lets us.
        let peak_is_of_span = fs::write("/proc/self/clear_refs", "5").is_ok();
        Self { started: Instant::now(), processor: processor_time(), peak_is_of_span }
    }

    /// The figures of the span up to now.
    pub(crate) fn read(&self) -> Reading {
        let wall_s = self.started.elapsed().as_secs_f64();
        let cpu_s = processor_time().saturating_sub(self.processor).as_secs_f64();
        let rss_mb = fs::read_to_string("/proc/self/status").ok().and_then(|status| peak_mb(&status));
        let note = match rss_mb {
            None => Some("this system does not say how much memory a side held"),
            Some(_) if !self.peak_is_of_span => Some("peak memory is of the whole life of a side, its start included"),
            Some(_) => None,
        };
        Reading { wall_s, cpu_s, rss_mb, note }
    }
}

/// All threads of this process, those that ended too. `/proc` has the same in hundredths of a second.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
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
