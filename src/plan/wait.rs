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
mod tests {
    use super::*;

    fn random() -> Random {
        Random::for_user(0, "test", 0)
    }

    #[test]
    fn pacing_gives_the_starts_that_locust_gives() {
        // A run of Locust: pace 0.5 s, on_start 0.2 s, tasks of 0.1, 0.1, 0.9 and then 0.1 s.
        let wait_time = WaitTime::ConstantPacing(Duration::from_millis(500));
        let (mut state, mut random) = (WaitState::default(), random());
        let mut now = Duration::from_millis(200);
        let mut starts = Vec::new();
        for task in [100, 100, 900, 100, 100, 100] {
            starts.push(now.as_millis());
            now += Duration::from_millis(task);
            now += wait_time.next(&mut state, now, &mut random);
        }
        assert_eq!(starts, [200, 500, 1_000, 1_900, 2_400, 2_900]);
    }

    #[test]
    fn oversleeping_is_corrected_by_the_next_pause() {
        let wait_time = WaitTime::ConstantPacing(Duration::from_secs(1));
        let (mut state, mut random) = (WaitState::default(), random());
        let millis = Duration::from_millis;
        assert_eq!(wait_time.next(&mut state, millis(100), &mut random), millis(900));
        // Woken 50 ms late, the task took 100 ms.
        assert_eq!(wait_time.next(&mut state, millis(1_150), &mut random), millis(850));
        // Woken 10 ms early.
        assert_eq!(wait_time.next(&mut state, millis(2_090), &mut random), millis(910));
    }

    #[test]
    fn between_stays_inside_its_bounds() {
        let (shortest, longest) = (Duration::from_millis(10), Duration::from_millis(30));
        let (mut state, mut random) = (WaitState::default(), random());
        let mut next = |wait: Pause| WaitTime::from(wait).next(&mut state, Duration::ZERO, &mut random);
        let drawn: Vec<Duration> = (0..1_000).map(|_| next(Pause::Between(shortest, longest))).collect();
        assert!(drawn.iter().all(|wait| (shortest..longest).contains(wait)));
        assert!(drawn.iter().any(|wait| *wait < Duration::from_millis(11)));
        assert!(drawn.iter().any(|wait| *wait > Duration::from_millis(29)));
        assert_eq!(next(Pause::Between(longest, longest)), longest);
        assert_eq!(next(Pause::Constant(shortest)), shortest);
        assert_eq!(next(Pause::Constant(Duration::ZERO)), Duration::ZERO);
    }

    #[test]
    fn exponential_pauses_forget_what_was() {
        let mean = Duration::from_millis(100);
        let mut random = random();
        let drawn: Vec<f64> =
            (0..20_000).map(|_| Pause::Exponential(mean).draw(&mut random).as_secs_f64()).collect();
        let average = drawn.iter().sum::<f64>() / drawn.len() as f64;
        assert!((average - 0.1).abs() < 0.003, "{average}");
        // Of those that last a mean, as many last another one as of all.
        let longer = |bound: f64| drawn.iter().filter(|pause| **pause > bound).count() as f64;
        let (one, two) = (longer(0.1) / longer(-1.0), longer(0.2) / longer(0.1));
        assert!((one - 0.368).abs() < 0.02 && (two - 0.368).abs() < 0.02, "{one} {two}");
        let mut state = WaitState::default();
        let waits =
            WaitTime::from(Pause::Exponential(Duration::ZERO)).next(&mut state, Duration::ZERO, &mut random);
        assert_eq!(waits, Duration::ZERO);
    }
}
