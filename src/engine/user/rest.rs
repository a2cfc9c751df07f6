//! The pauses of a user after steps that failed: see [`failures`](crate::engine::user::failures).

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::user::failures::{left_out, pauses};
use crate::engine::user::state::{Abort, User};
use crate::plan::{Step, Steps, UserClass};

impl<C: Connect> User<C> {
    #[cold]
    pub(super) fn step_failed(&mut self, position: usize) {
        self.failures.get_or_insert_default().position = position;
    }

    /// Notes that a message has failed that was not sent.
    #[cold]
    pub(super) fn failed_at_once(&mut self) {
        self.failures.get_or_insert_default().at_once = true;
    }

    /// Pauses after a list of steps that failed: makes the waits that were left out, or rests if nothing else keeps the
    /// user from failing again at once. A stop ends the pause.
    pub(super) async fn make_up(&mut self, class: &UserClass, steps: &Steps) -> Result<(), Abort> {
        let now = Instant::now();
        let position = self.failures.get_or_insert_default().position;
        let left_out = left_out(&steps.0, position, &mut self.recovery().random);
        let keeps_apart = class.schedule.is_some() || class.wait_time.keeps_apart() || pauses(&steps.0);
        let pause = if keeps_apart { left_out } else { self.failures.get_or_insert_default().rest(now) };
        if pause.is_zero() {
            return Ok(());
        }
        self.pause_between_tasks(class, now + pause).await.map(drop)
    }

    /// Rests after a round of a `repeat` in which nothing succeeded, unless the round has waits of its own.
    pub(super) async fn rest_between_rounds(&mut self, class: &UserClass, round: &[Step]) {
        let now = Instant::now();
        if pauses(round) {
            return;
        }
        let rest = self.failures.get_or_insert_default().rest(now);
        if !rest.is_zero() {
            self.pause(class, now + rest).await;
        }
    }
}
