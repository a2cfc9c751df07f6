//! What follows a task run that failed: a user that fails is not much faster than one that does not.
//!
//! A step that fails ends its task run, and with it the waits that were still to come. They are made all the same:
//! ```text
//! publish ✓ ── wait 1 s ── publish ✓ ── wait 1 s ──
//! publish ✗ ·· 1 s ······· publish ✗ ·· 1 s ·······
//! ```
//! Where nothing keeps task runs apart, neither a wait nor the wait time nor a rate, a failure that took no time would
//! be followed by the next one at once, a million times a second. So the user rests then, each time twice as long: after
//! each failure of its own making (a message that the broker does not take is not even sent), and after failures that
//! the broker answers at once as soon as they are more than a few in a row. A broker that refuses every tenth message of
//! a closed load thus gets the load that it would get anyway.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::user::User;
use crate::engine::user::steps::Abort;
use crate::plan::{Step, Steps, UserClass};
use crate::template::random::Random;

/// The first rest.
const FIRST: Duration = Duration::from_millis(500);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(30);
/// So many failures in a row cost no rest if the broker has answered them.
const MOST_IN_A_ROW: u32 = 9;
/// A failure that took so long is none that comes at once: what does not fail takes no longer, in a closed load.
const LONG: Duration = Duration::from_millis(10);
/// Waits of a task run are made up for to this length; adding it to a clock does not overflow.
const MOST_LEFT_OUT: Duration = Duration::from_hours(24 * 365);

/// What a user remembers of its failures, since it has done something that did not fail.
#[derive(Debug, Default)]
pub(super) struct Stumbles {
    /// The place behind the last step that failed.
    pub(super) position: usize,
    /// Whether a step failed that the broker never heard of.
    pub(super) at_once: bool,
    in_a_row: u32,
    rests: u32,
    /// When the last rest was over, or the last failure that had none.
    since: Option<Instant>,
}

impl Stumbles {
    /// Something has failed that nothing else keeps apart from the next time: how long to rest.
    fn rest(&mut self, now: Instant) -> Duration {
        let at_once = std::mem::take(&mut self.at_once);
        if self.since.is_some_and(|since| now.saturating_duration_since(since) >= LONG) {
            (self.in_a_row, self.rests) = (0, 0);
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        let mut rest = Duration::ZERO;
        if at_once || self.in_a_row > MOST_IN_A_ROW {
            rest = FIRST.saturating_mul(1 << self.rests.min(16)).min(LONGEST);
            self.rests += 1;
        }
        self.since = Some(now + rest);
        rest
    }
}

/// Whether a list of steps pauses anywhere, for a millisecond at least.
fn pauses(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Wait(pause) if pause.mean_s() >= 0.001))
}

/// The waits that a list of steps leaves out if it ends at `position`: those of the rest of the innermost `repeat` round
/// that has any, or else of what is around it.
fn left_out(steps: &[Step], position: usize, random: &mut Random) -> Duration {
    let mut total = Duration::ZERO;
    // How often what stands here is done, for each open `repeat` that began behind `position`.
    let mut rounds: Vec<u32> = Vec::new();
    for step in steps.get(position..).unwrap_or_default() {
        match step {
            Step::Wait(pause) => {
                let times = rounds.iter().fold(1_u32, |all, times| all.saturating_mul(*times));
                total = total.saturating_add(pause.draw(random).saturating_mul(times)).min(MOST_LEFT_OUT);
            }
            Step::Repeat { times, .. } => rounds.push(*times),
            Step::EndRepeat { .. } if rounds.pop().is_none() && !total.is_zero() => break,
            _ => {}
        }
    }
    total
}

impl<C: Connect> User<C> {
    /// A step has failed; `position` is the place behind it.
    #[cold]
    pub(super) fn stumbled(&mut self, position: usize) {
        self.stumbles.get_or_insert_default().position = position;
    }

    /// A step has failed that the broker never heard of.
    #[cold]
    pub(super) fn failed_at_once(&mut self) {
        self.stumbles.get_or_insert_default().at_once = true;
    }

    /// A list of steps has failed: the waits that it has left out, or a rest if nothing else keeps it from failing again
    /// at once. A stop ends it.
    pub(super) async fn make_up(&mut self, class: &UserClass, steps: &Steps) -> Result<(), Abort> {
        let now = Instant::now();
        let stumbles = self.stumbles.get_or_insert_default();
        let left_out = left_out(&steps.0, stumbles.position, &mut self.jitter);
        let keeps_apart = class.schedule.is_some() || class.wait_time.keeps_apart() || pauses(&steps.0);
        let pause = if keeps_apart { left_out } else { stumbles.rest(now) };
        if pause.is_zero() {
            return Ok(());
        }
        self.think(class, now + pause).await.map(drop)
    }

    /// A round of a `repeat` has failed, and nothing in it has not: a rest, if it has no waits of its own.
    pub(super) async fn rest_between_rounds(&mut self, class: &UserClass, round: &[Step]) {
        let now = Instant::now();
        if pauses(round) {
            return;
        }
        let rest = self.stumbles.get_or_insert_default().rest(now);
        if !rest.is_zero() {
            self.pause(class, now + rest).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::wait::Pause;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn wait(length: u64) -> Step {
        Step::Wait(Pause::Constant(ms(length)))
    }

    #[tokio::test(start_paused = true)]
    async fn rests_grow_until_something_takes_its_time() {
        let (mut stumbles, mut now) = (Stumbles::default(), Instant::now());
        let mut rests = Vec::new();
        for _ in 0..9 {
            stumbles.at_once = true;
            let rest = stumbles.rest(now);
            rests.push(rest.as_millis());
            now += rest + ms(1);
        }
        assert_eq!(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        now += LONG;
        stumbles.at_once = true;
        assert_eq!(stumbles.rest(now), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_broker_answers_is_only_rested_from_when_it_does_not_end() {
        let (mut stumbles, mut now) = (Stumbles::default(), Instant::now());
        let mut rests = Vec::new();
        for _ in 0..12 {
            let rest = stumbles.rest(now);
            rests.push(rest.as_millis());
            now += rest + ms(1);
        }
        assert_eq!(rests, [0, 0, 0, 0, 0, 0, 0, 0, 0, 500, 1_000, 2_000]);
        let mut slow = Stumbles::default();
        let rests = (1..30).map(|n| slow.rest(now + LONG * n));
        assert!(rests.into_iter().all(|rest| rest.is_zero()), "each took its time");
    }

    #[test]
    fn the_waits_of_the_rest_are_made_up_for() {
        let repeat = |level, times| Step::Repeat { level, times };
        let end = |level| Step::EndRepeat { level, first: 0 };
        let steps = [wait(1), repeat(0, 3), wait(10), end(0), wait(100)];
        let mut random = Random::for_user(1, "x", 1);
        let mut after = |steps: &[Step], position| left_out(steps, position, &mut random).as_millis();
        assert_eq!(after(&steps, 0), 131, "as often as it is repeated");
        assert_eq!((after(&steps, 2), after(&steps, 3)), (10, 100), "the rest of a round, if it has any");
        assert_eq!((after(&steps, 4), after(&steps, 5), after(&steps, 9)), (100, 0, 0));
        let nested = [repeat(0, 2), repeat(1, 5), wait(1), end(1), wait(7), end(0)];
        assert_eq!((after(&nested, 1), after(&nested, 0)), (12, 24));
    }
}
