//! Pauses: between two tasks (Locust's wait times as pure functions of progress), and as a step.
//!
//! Pacing keeps two numbers per user instead of a schedule of start times, since that is Locust's rule
//! (`locust/user/wait_time.py`): a task that takes too long moves all later starts, nothing is caught up.

use std::time::Duration;

use crate::template::random::Random;

/// How long a user pauses between tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitTime {
    /// The user pauses after each task.
    Pause(Pause),
    /// Task starts are at least so far apart; `constant_throughput = r` is a pacing of 1/r seconds.
    ConstantPacing(Duration),
}

/// How long a pause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Always this long.
    Constant(Duration),
    /// Evenly distributed from the first length up to the second, that one excluded unless both are equal.
    Between(Duration, Duration),
    /// Exponentially distributed with this mean.
    Exponential(Duration),
}

impl From<Pause> for WaitTime {
    fn from(pause: Pause) -> Self {
        Self::Pause(pause)
    }
}

/// What pacing remembers of one user; fresh when the user is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitState {
    /// When the last task ended, since the user was created.
    last_run: Duration,
    /// How long the pause after it was to be.
    last_wait: Duration,
}

impl WaitTime {
    /// The user does not pause.
    pub const ZERO: Self = Self::Pause(Pause::Constant(Duration::ZERO));

    /// Whether task runs are a millisecond or more apart by it, on average.
    pub fn keeps_apart(&self) -> bool {
        let mean_s = match self {
            Self::Pause(pause) => pause.mean_s(),
            Self::ConstantPacing(pace) => pace.as_secs_f64(),
        };
        mean_s >= 0.001
    }

    /// The pause after a task that ended `now` (counted from the user's creation, before `on_start`).
    pub fn next(&self, state: &mut WaitState, now: Duration, random: &mut Random) -> Duration {
        match *self {
            Self::Pause(pause) => pause.draw(random),
            Self::ConstantPacing(pace) => {
                // Locust: run = now - last_run - last_wait; wait = max(0, pace - run). Ordered so that a
                // sleep that ended early (a negative run) counts as well.
                let due = state.last_run.saturating_add(state.last_wait).saturating_add(pace);
                let wait = due.saturating_sub(now);
                *state = WaitState { last_run: now, last_wait: wait };
                wait
            }
        }
    }
}

impl Pause {
    /// Draws the length of the next pause.
    pub fn draw(&self, random: &mut Random) -> Duration {
        match *self {
            Self::Constant(pause) => pause,
            Self::Between(shortest, longest) => {
                shortest.saturating_add(below(longest.saturating_sub(shortest), random))
            }
            // The inverse of the distribution; 1 - unit() is never 0, so the longest is 37 means.
            Self::Exponential(mean) => {
                let means = -(1.0 - random.unit()).ln();
                Duration::try_from_secs_f64(mean.as_secs_f64() * means).unwrap_or(mean)
            }
        }
    }

    /// The mean pause in seconds.
    pub fn mean_s(&self) -> f64 {
        match *self {
            Self::Constant(pause) | Self::Exponential(pause) => pause.as_secs_f64(),
            Self::Between(shortest, longest) => f64::midpoint(shortest.as_secs_f64(), longest.as_secs_f64()),
        }
    }
}

/// A length of time from 0 up to `end`, `end` excluded unless it is 0, evenly distributed to the nanosecond.
pub(crate) fn below(end: Duration, random: &mut Random) -> Duration {
    Duration::from_nanos(random.below(u64::try_from(end.as_nanos()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
