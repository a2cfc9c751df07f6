//! How the load generator itself did in a run, as plain data.

use std::fmt;
use std::time::Duration;

use crate::stats::latency::LatencySummary;

/// A thread that has had this share of its time something to do has no reserve.
const MAX_BUSY: f64 = 0.9;

/// If pauses end later than this at the 99th percentile, they spoil the times that are measured after them.
const MAX_LAG: Duration = Duration::from_millis(5);

/// Files or ports beyond this share are nearly used up.
const MAX_USED: f64 = 0.9;

/// A part of something that there is only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many are used.
    pub used: u64,
    /// Of how many.
    pub of: u64,
}

/// Something that can make the generator the limit, and how far it is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Saturation {
    /// The busiest runner thread: shares of its time, 0 to 1.
    Cpu {
        /// On a core.
        ran: f64,
        /// Ready to run, but without a core.
        waited: f64,
    },
    /// How late pauses ended at the 99th percentile.
    SendLag(Duration),
    /// Open files of this process.
    Files(Share),
    /// Connections to one address, of those that local ports allow.
    Ports(Share),
    /// For how long all of the process did nothing: it was stopped or suspended.
    StoodStill(Duration),
}

impl Saturation {
    /// Grows with the saturation; only values of one kind can be compared.
    pub(crate) fn level(self) -> f64 {
        match self {
            Self::Cpu { ran, waited } => ran + waited,
            Self::SendLag(time) | Self::StoodStill(time) => time.as_secs_f64(),
            Self::Files(share) | Self::Ports(share) => share.used as f64 / share.of as f64,
        }
    }

    pub(crate) fn is_over(self) -> bool {
        self.level()
            > match self {
                Self::Cpu { .. } => MAX_BUSY,
                Self::SendLag(_) => MAX_LAG.as_secs_f64(),
                Self::Files(_) | Self::Ports(_) => MAX_USED,
                Self::StoodStill(_) => 0.0,
            }
    }

    /// What it does to a run, in words.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Cpu { .. } | Self::SendLag(_) | Self::StoodStill(_) => {
                "response times include its own delay"
            }
            Self::Files(_) | Self::Ports(_) => "more connections may fail",
        }
    }
}

impl fmt::Display for Saturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu { ran, .. } if *ran > MAX_BUSY => {
                write!(f, "runner thread CPU at {:.0} %", ran * 100.0)
            }
            Self::Cpu { ran, waited } => write!(
                f,
                "runner thread CPU at {:.0} % and waiting for a core for {:.0} %",
                ran * 100.0,
                waited * 100.0
            ),
            Self::SendLag(lag) => write!(f, "send lag p99 at {:.1} ms", lag.as_secs_f64() * 1e3),
            Self::Files(share) => write!(f, "{share} files"),
            Self::Ports(share) => write!(f, "{share} local ports"),
            Self::StoodStill(time) => write!(f, "it stood still for {:.1} s", time.as_secs_f64()),
        }
    }
}

/// How the generator did, up to now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Health {
    /// Whole seconds that were judged.
    pub seconds: u64,
    /// In how many of them the generator was the limit.
    pub limited_seconds: u64,
    /// What makes the generator the limit at this moment.
    pub limit: Option<Saturation>,
    /// The worst of each kind that made the generator the limit, in the order of importance.
    pub worst: Vec<Saturation>,
    /// CPU of the generator's threads (those of users, and the one that merges and writes), over the run: 1.0 is one
    /// core. An embedded broker is not part of it.
    pub cpu_cores: Option<f64>,
    /// How late pauses ended, over the run; `None` if none ended.
    pub send_lag: Option<LatencySummary>,
    /// Most open files.
    pub files: Option<Share>,
    /// Most connections to one address.
    pub ports: Option<Share>,
    /// How often the process stood still.
    pub standstills: u64,
    /// For how long in all.
    pub stood_still: Duration,
}

/// How the generator did in one second alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HealthSecond {
    /// CPU of the generator's threads in this second: 1.0 is one core; `None` if the system does not tell.
    pub generator_cpu_cores: Option<f64>,
    /// How late pauses ended at the 99th percentile, in milliseconds; `None` if none ended.
    pub send_lag_p99_ms: Option<f64>,
    /// Whether the generator was the limit at the end of it. A limit that must last before it counts is seen only then,
    /// so the seconds in which it grew are not marked.
    pub limited: bool,
}

/// `1,004 of 20,000`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", grouped(self.used), grouped(self.of))
    }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
