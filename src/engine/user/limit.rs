//! How long users still wait when a limit of the load (`messages` or `iterations`) is reached.
//!
//! Users finish counted messages and task runs that have begun: they wait for an acknowledgement until the timeout of
//! its step. But a user does not wait for something that may never come:
//! ```text
//! limit reached      + stop timeout, or FINISH_TIME without one
//!     │ a pause that ends in time, a connect, a reply, a message after one's own │
//!     │ a message before one's own: until all others are done, and for the settle time more
//! ```
//! The last line is for a user that only replies: it stays as long as another user may still send a request.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::user::state::{Abort, Part, User};
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::UserClass;

/// How long users may wait without a stop timeout: a second, or three in a task run that counts.
const FINISH_TIME: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// In their last steps.
const LEAVE_TIME: Duration = Duration::from_secs(5);

impl<C: Connect> User<C> {
    /// How long a wait may last after the limit was reached, or after its own beginning if that is later.
    fn allowance(&self) -> Duration {
        let quota = &self.context.shared.quota;
        let least = match self.part {
            Part::Stop => LEAVE_TIME,
            Part::Task(_) if quota.counts_iterations() => FINISH_TIME[1],
            Part::Task(_) | Part::Start => FINISH_TIME[0],
        };
        let given = self.context.plan.load.stop_timeout;
        match self.part {
            Part::Task(_) | Part::Start if !given.is_zero() => given,
            Part::Stop | Part::Task(_) | Part::Start => least.max(given),
        }
    }

    /// Returns when a wait that begins now has lasted long enough. Never returns unless a limit is reached.
    pub(super) fn out_of_time(&self) -> impl Future<Output = ()> + use<C> {
        let (context, stop) = (Rc::clone(&self.context), Rc::clone(&self.stop));
        let allowance = self.allowance();
        async move {
            if !context.shared.quota.is_limited() {
                return pending().await;
            }
            let began = Instant::now();
            stop.wait_for(StopPhase::Stopping).await;
            let Some(reached) = context.limit_reached() else { return pending().await };
            context.timer.until(reached.max(began) + allowance).await;
        }
    }

    /// The same for a message: a user that has sent nothing in this task run waits until all others are done.
    pub(super) fn out_of_messages(&self) -> impl Future<Output = ()> + use<C> {
        let (context, stop) = (Rc::clone(&self.context), Rc::clone(&self.stop));
        let only_answers = !self.has_sent && self.part != Part::Stop;
        let out_of_time = self.out_of_time();
        async move {
            if !only_answers {
                return out_of_time.await;
            }
            stop.wait_for(StopPhase::Stopping).await;
            if context.limit_reached().is_none() {
                return pending().await;
            }
            if stop.finish_sending() {
                context.shared.done_sending.arrive();
            }
            stop.drain_ended().await;
        }
    }

    /// Pauses in a run with limits: a pause that would end too late is cut off.
    pub(super) async fn pause_within_limit(
        &mut self,
        class: &UserClass,
        until: Instant,
    ) -> Result<(), Abort> {
        let (context, stop, allowance) = (Rc::clone(&self.context), Rc::clone(&self.stop), self.allowance());
        let began = Instant::now();
        let too_long = async {
            stop.wait_for(StopPhase::Stopping).await;
            match context.limit_reached() {
                Some(reached) if until > reached.max(began) + allowance => {}
                _ => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = too_long => Err(Abort::Stopped),
            _ = self.pause(class, until) => Ok(()),
        }
    }
}
