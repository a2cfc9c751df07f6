//! How long a user waits before it connects again, and when it gives up.

use std::time::Duration;

use crate::plan::reconnect::{Pauses, Reconnect};
use crate::template::random::Random;

/// After a connection that lived this long, the next loss starts from the first pause again.
pub(crate) const GOOD_LIFE: Duration = Duration::from_secs(5);

/// What a user remembers of its losses and failed connects.
///
/// Each pause is twice the one before. A random part of it is left out, so that users that lost the same broker do not
/// all come back at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    /// How many pauses were made since the last reset.
    pauses: u8,
    gave_up: bool,
    /// How many connects have failed in a row.
    failed: u32,
}

impl Backoff {
    /// A connect has failed: returns the pause before the next one. `None` if the user gives up.
    pub(crate) fn failed(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        self.next(reconnect, random)
    }

    /// A connection was lost: returns the pause before the next connect. `None` if the user gives up.
    pub(crate) fn lost(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        self.next(reconnect, random)
    }

    fn next(&mut self, reconnect: &Reconnect, random: &mut Random) -> Option<Duration> {
        let &Reconnect::After(Pauses { initial, max, jitter, attempts }) = reconnect else {
            self.gave_up = true;
            return None;
        };
        if attempts.is_some_and(|most| self.failed >= most) {
            self.gave_up = true;
            return None;
        }
        let full = initial.saturating_mul(1 << self.pauses.min(30)).min(max);
        self.pauses = self.pauses.saturating_add(1);
        Some(full.mul_f64(1.0 - jitter + random.unit() * jitter))
    }

    /// Notes that a connect has succeeded.
    pub(crate) fn connected(&mut self) {
        self.failed = 0;
    }

    /// Starts from the first pause again.
    pub(crate) fn reset(&mut self) {
        self.pauses = 0;
    }

    /// Whether the user connects no more.
    pub(crate) fn gave_up(self) -> bool {
        self.gave_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> Random {
        Random::for_user(1, "x", 1)
    }

    fn after(initial_ms: u64, max_ms: u64, jitter: f64, attempts: Option<u32>) -> Reconnect {
        let [initial, max] = [initial_ms, max_ms].map(Duration::from_millis);
        Reconnect::After(Pauses { initial, max, jitter, attempts })
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut backoff, mut random, policy) = (Backoff::default(), random(), Reconnect::default());
        let pauses: Vec<_> = (0..300).filter_map(|_| backoff.failed(&policy, &mut random)).collect();
        assert_eq!(pauses.len(), 300);
        for (i, pause) in pauses.iter().map(Duration::as_secs_f64).enumerate() {
            let full = (0.5 * 2.0_f64.powi(i32::try_from(i).unwrap())).min(30.0);
            assert!((full / 2.0..=full).contains(&pause), "{i}: {pause}");
        }
        backoff.reset();
        assert!(backoff.lost(&policy, &mut random).unwrap() <= Duration::from_millis(500));
    }

    #[test]
    fn without_jitter_pauses_are_exact_and_with_all_of_it_they_reach_down_to_nothing() {
        let (mut backoff, mut random, policy) = (Backoff::default(), random(), after(100, 500, 0.0, None));
        let pauses = [(); 5].map(|()| backoff.failed(&policy, &mut random).unwrap().as_millis());
        assert_eq!(pauses, [100, 200, 400, 500, 500]);
        let policy = after(1_000, 1_000, 1.0, None);
        let shortest = (0..100).map(|_| backoff.lost(&policy, &mut random).unwrap()).min().unwrap();
        assert!(shortest < Duration::from_millis(100), "{shortest:?}");
    }

    #[test]
    fn only_failed_connects_in_a_row_are_counted() {
        let (mut backoff, mut random, policy) = (Backoff::default(), random(), after(1, 1, 0.0, Some(3)));
        for _ in 0..2 {
            assert!(backoff.lost(&policy, &mut random).is_some());
            assert!(backoff.failed(&policy, &mut random).is_some());
            assert!(backoff.failed(&policy, &mut random).is_some());
            backoff.connected();
        }
        assert!(backoff.failed(&policy, &mut random).is_some() && !backoff.gave_up());
        assert!(backoff.failed(&policy, &mut random).is_some() && !backoff.gave_up());
        assert!(backoff.failed(&policy, &mut random).is_none() && backoff.gave_up());
    }

    #[test]
    fn never_gives_up_at_once() {
        let mut backoff = Backoff::default();
        assert!(backoff.lost(&Reconnect::Never, &mut random()).is_none() && backoff.gave_up());
    }
}
