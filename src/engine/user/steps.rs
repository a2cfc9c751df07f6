//! What a user does at each step.
//!
//! A step either succeeds, or its failure is in the statistics. The only errors that leave this file are the reasons
//! for which a list of steps ends early.

#![expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice, in each idle user")]

use tokio::time::Instant;

use crate::client::Connect;
use crate::engine::user::state::{Abort, Part, User};
use crate::plan::{OnError, Step, Steps, UserClass};

impl<C: Connect> User<C> {
    /// Its last steps do not count.
    fn has_sent_all(&self, class: &UserClass) -> bool {
        self.part != Part::Stop && class.messages.is_some_and(|most| self.sent >= most)
    }

    pub(super) fn run(
        &mut self,
        class: &UserClass,
        steps: &Steps,
        part: Part,
    ) -> impl Future<Output = Result<(), Abort>> {
        async move {
            if let Some(inbound) = &mut self.inbound {
                inbound.inbox.begin_list();
            }
            (self.part, self.has_sent) = (part, false);
            let goes_on = part == Part::Task(OnError::Continue);
            // For a list that goes on after failures: whether steps have failed since the last round of a `repeat`, and
            // whether others have succeeded.
            let (mut failed, mut worked) = (false, false);
            let mut position = 0;
            while let Some(step) = steps.0.get(position) {
                position += 1;
                let result = match step {
                    Step::Connect(request) => self.connected(class, request).await,
                    Step::Disconnect { abrupt, request } => {
                        let result = Box::pin(self.disconnect(class, *abrupt, request)).await;
                        // Subscriptions end with the connection that the scenario closes, unless the session lasts.
                        if self.broker(class).settings.clean_session {
                            self.forget_subscriptions();
                        } else if let Some((inbound, now_ns)) = self.measuring() {
                            inbound.away(now_ns);
                        }
                        result
                    }
                    Step::Publish(publish) => {
                        let result = self.publish(class, publish).await;
                        if self.has_sent_all(class) {
                            return Err(Abort::Done);
                        }
                        result
                    }
                    Step::Request(exchange) => {
                        let result = Box::pin(self.request(class, exchange)).await;
                        if self.has_sent_all(class) {
                            return Err(Abort::Done);
                        }
                        result
                    }
                    Step::Receive(receive) => Box::pin(self.receive(class, receive)).await,
                    // Boxed, as it is rare: the future would otherwise be part of every user.
                    Step::Subscribe(subscribe) => Box::pin(self.subscribe(class, subscribe)).await,
                    Step::Unsubscribe(unsubscribe) => Box::pin(self.unsubscribe(class, unsubscribe)).await,
                    Step::Wait(pause) => {
                        let until = Instant::now() + pause.draw(&mut self.persona.random);
                        if self.context.shared.quota.is_limited() {
                            Box::pin(self.pause_within_limit(class, until)).await
                        } else {
                            self.pause(class, until).await;
                            Ok(())
                        }
                    }
                    Step::Repeat { level, times } => {
                        self.repeats[*level] = *times;
                        Ok(())
                    }
                    Step::EndRepeat { level, first } => {
                        self.repeats[*level] -= 1;
                        if failed && !worked {
                            Box::pin(self.rest_between_rounds(class, &steps.0[*first..position])).await;
                        }
                        (failed, worked) = (false, false);
                        if self.repeats[*level] > 0 {
                            position = *first;
                        }
                        self.let_others_run().await;
                        Ok(())
                    }
                };
                // Without a connection, and with none to come, it leaves.
                if self.link.gave_up() && part != Part::Stop {
                    return Err(Abort::Done);
                }
                match result {
                    Ok(()) => worked |= goes_on && step.asks_the_broker(),
                    Err(Abort::Failed) if goes_on => {
                        self.step_failed(position);
                        failed = true;
                    }
                    Err(abort) => {
                        if abort == Abort::Failed {
                            self.step_failed(position);
                        }
                        return Err(abort);
                    }
                }
            }
            if failed && !worked {
                // No wait was left out.
                self.step_failed(steps.0.len());
                return Err(Abort::Failed);
            }
            if self.failures.is_some() && (worked || !goes_on) {
                self.failures = None;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
