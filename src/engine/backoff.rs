//! How long a user waits before it connects again.

use std::time::Duration;

use crate::plan::random::Random;

/// The first pause, at most.
const INITIAL: Duration = Duration::from_millis(500);

/// The longest pause.
const MAX: Duration = Duration::from_secs(30);

/// A connection that lived so long was a good one: the next loss starts from the first pause again.
pub(crate) const GOOD_LIFE: Duration = Duration::from_secs(5);

/// Pauses that double from half a second to half a minute, each drawn from its upper half, so that users who
/// lost the same broker do not come back in one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one failure more.
    pub(crate) fn next(&mut self, random: &mut Random) -> Duration {
        let full = INITIAL.saturating_mul(1 << self.failures.min(10)).min(MAX);
        self.failures += 1;
        full.mul_f64(0.5 + random.unit() / 2.0)
    }

    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut backoff, mut random) = (Backoff::default(), Random::for_user(1, "x", 1));
        let pauses: Vec<_> = (0..12).map(|_| backoff.next(&mut random).as_secs_f64()).collect();
        for (i, pause) in pauses.iter().enumerate() {
            let full = (0.5 * f64::from(1 << i)).min(30.0);
            assert!((full / 2.0..=full).contains(pause), "{i}: {pause}");
        }
        backoff.reset();
        assert!(backoff.next(&mut random) <= INITIAL);
    }
}
