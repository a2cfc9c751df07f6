//! Measures how much of the machine the generator uses: CPU time, late pauses, open files and local ports.
//!
//! The time of a thread comes from its `schedstat` file. Unlike a clock of CPU time, this file also tells how long the
//! thread was ready to run but had no core, which delays response times just as much. If the system does
//! not give a figure, it is left out and never guessed.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::time::Instant;

use crate::engine::clock::nanos;
use crate::stats::health::Share;
use crate::stats::latency::Latency;

/// What a runner thread hands over with its samples.
#[derive(Debug)]
pub(crate) struct ResourceUsage {
    /// How late pauses ended; `None` if no pause ended.
    pub(crate) lag: Option<Latency>,
    /// The time that the thread took since the last call.
    pub(crate) spent: Option<Spent>,
}

/// Measures one runner thread. It must be made on that thread.
#[derive(Debug)]
pub(crate) struct ResourceMeter {
    lag: Option<Latency>,
    cpu: CpuMeter,
}

impl ResourceMeter {
    pub(crate) fn new() -> Self {
        Self { lag: None, cpu: CpuMeter::new() }
    }

    /// Counts a pause that ended this late.
    pub(crate) fn woke(&mut self, late: Duration) {
        self.lag.get_or_insert_default().record(nanos(late));
    }

    /// Since the last call.
    pub(crate) fn take(&mut self) -> ResourceUsage {
        ResourceUsage { lag: self.lag.take(), spent: self.cpu.take() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    pub(crate) ran: Duration,
    /// The time in which it was ready to run, but had no core.
    pub(crate) waited: Duration,
}

#[derive(Debug)]
pub(crate) struct CpuMeter {
    at: Instant,
    times: Option<Times>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    ran_ns: u64,
    waited_ns: u64,
}

impl CpuMeter {
    pub(crate) fn new() -> Self {
        Self { at: Instant::now(), times: thread_times() }
    }

    /// Takes how the thread spent the time since the last call. This costs about ten microseconds.
    pub(crate) fn take(&mut self) -> Option<Spent> {
        let before = std::mem::replace(self, Self::new());
        let (then, now) = (before.times?, self.times?);
        let since = |now: u64, then: u64| Duration::from_nanos(now.saturating_sub(then));
        Some(Spent {
            wall: self.at - before.at,
            ran: since(now.ran_ns, then.ran_ns),
            waited: since(now.waited_ns, then.waited_ns),
        })
    }
}

fn thread_times() -> Option<Times> {
    read_times(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// Nanoseconds on a core, nanoseconds ready without one, time slices (Linux, `Documentation/scheduler`).
fn read_times(schedstat: &str) -> Option<Times> {
    let mut numbers = schedstat.split_whitespace().map(str::parse);
    Some(Times { ran_ns: numbers.next()?.ok()?, waited_ns: numbers.next()?.ok()? })
}

/// How many files are open, sockets included, and how many may be.
pub(crate) fn open_files() -> Option<Share> {
    let of = getrlimit(Resource::Nofile).current?;
    let folder = "/proc/self/fd";
    let used = match fs::metadata(folder).ok()?.len() {
        // Linux before 6.2 does not tell: count, which takes a microsecond each.
        0 => fs::read_dir(folder).ok()?.count() as u64,
        used => used,
    };
    Some(Share { used, of })
}

/// How many connections there can be from one address of this machine to one address and port.
pub(crate) fn local_ports() -> Option<u64> {
    read_port_range(&fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?)
}

fn read_port_range(range: &str) -> Option<u64> {
    let mut numbers = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (first <= last).then(|| last - first + 1)
}

#[cfg(test)]
mod tests;
