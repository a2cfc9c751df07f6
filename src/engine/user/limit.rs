//! What a user waits for when a limit of the load, `messages` or `iterations`, is reached.
//!
//! What counts and has begun is finished: an acknowledgement is waited for as long as its step says. But nobody waits
//! for what may never come:
//! ```text
//! limit reached      + stop timeout, or FINISH_TIME without one
//!     │ a pause that ends in time, a connect, a reply, a message after one's own │
//!     │ a message before one's own: until all others are done, and for the settle time more
//! ```
//! The last line is a user that only answers: as long as somebody may still ask, it is there.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::stop::Phase;
use crate::engine::user::User;
use crate::engine::user::steps::{Abort, Part};
use crate::plan::UserClass;

/// How long users that wait may do so without a stop timeout: a second, or three in a task run that counts.
const FINISH_TIME: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// The same for what they do on their way out.
const LEAVE_TIME: Duration = Duration::from_secs(5);

impl<C: Connect> User<C> {
    /// How long a wait may last beyond the limit, or beyond its own beginning if that is later.
    fn allowance(&self) -> Duration {
        let quota = &self.shard.shared.quota;
        let least = match self.part {
            Part::Stop => LEAVE_TIME,
            Part::Task(_) if quota.counts_iterations() => FINISH_TIME[1],
            Part::Task(_) | Part::Start => FINISH_TIME[0],
        };
        let given = self.plan.load.stop_timeout;
        match self.part {
            Part::Task(_) | Part::Start if !given.is_zero() => given,
            Part::Stop | Part::Task(_) | Part::Start => least.max(given),
        }
    }

    /// Comes back when something that began now and is only waited for has had its time; never without a limit that is
    /// reached.
    pub(super) fn out_of_time(&self) -> impl Future<Output = ()> + use<C> {
        let (shard, leash) = (Rc::clone(&self.shard), Rc::clone(&self.leash));
        let allowance = self.allowance();
        async move {
            if !shard.shared.quota.is_limited() {
                return pending().await;
            }
            let began = Instant::now();
            leash.told(Phase::Stopping).await;
            let Some(reached) = shard.limit_reached() else { return pending().await };
            shard.alarm.until(reached.max(began) + allowance).await;
        }
    }

    /// The same for a message: a user that has sent nothing in this task run waits until all others are done.
    pub(super) fn out_of_messages(&self) -> impl Future<Output = ()> + use<C> {
        let (shard, leash) = (Rc::clone(&self.shard), Rc::clone(&self.leash));
        let only_answers = self.sent == self.sent_before && self.part != Part::Stop;
        let out_of_time = self.out_of_time();
        async move {
            if !only_answers {
                return out_of_time.await;
            }
            leash.told(Phase::Stopping).await;
            if shard.limit_reached().is_none() {
                return pending().await;
            }
            shard.quiet(&leash);
            leash.settled().await;
        }
    }

    /// A pause of a run that has limits: one that would end too late is not made to its end.
    pub(super) async fn pause_within_limit(
        &mut self,
        class: &UserClass,
        until: Instant,
    ) -> Result<(), Abort> {
        let (shard, leash, allowance) = (Rc::clone(&self.shard), Rc::clone(&self.leash), self.allowance());
        let began = Instant::now();
        let too_long = async {
            leash.told(Phase::Stopping).await;
            match shard.limit_reached() {
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
