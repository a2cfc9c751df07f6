//! What the process uses of its machine, for the heartbeats.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::cli::ticked::memory;
use crate::locust::message::Usage;

/// Measures the CPU time between two heartbeats.
#[derive(Debug)]
pub(super) struct UsageMeter {
    cores: usize,
    at: Instant,
    ran: Duration,
}

impl UsageMeter {
    /// For a machine with so many cores.
    pub(super) fn new(cores: usize) -> Self {
        Self { cores, at: Instant::now(), ran: cpu_time() }
    }

    /// What was used since the last call.
    pub(super) fn take(&mut self) -> Usage {
        let (at, ran) = (Instant::now(), cpu_time());
        let (wall, busy) = (at.duration_since(self.at), ran.saturating_sub(self.ran));
        (self.at, self.ran) = (at, ran);
        // Of all cores: a master warns above 90, which Python workers reach with one.
        let of_all = wall.as_secs_f64() * self.cores as f64;
        let cpu_percent = if of_all > 0.0 { 100.0 * busy.as_secs_f64() / of_all } else { 0.0 };
        // The master shows all the digits that it gets.
        let cpu_percent = (10.0 * cpu_percent).round() / 10.0;
        Usage { cpu_percent, memory_bytes: memory().unwrap_or(0) }
    }
}

/// The CPU time of all threads of the process so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests;
