//! Clocks of this system that work is measured with.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The clock on the wall for spans: it never goes back, and is the same in all programs of a machine.
pub(crate) fn monotonic() -> Duration {
    duration(clock_gettime(ClockId::Monotonic))
}

/// Processor time of all threads of this program, those that ended too, user and system. `/proc` has the same in hundredths of a second.
pub(crate) fn processor() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

/// Processor time of this thread, user and system.
pub(crate) fn thread() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

fn duration(time: Timespec) -> Duration {
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_moves_every_clock_and_a_thread_works_no_longer_than_its_program() {
        let before = (monotonic(), processor(), thread());
        let mut sum = 0_u64;
        while thread() < before.2 + Duration::from_millis(2) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
        assert!(monotonic() > before.0 && processor() - before.1 >= Duration::from_millis(2));
    }
}
