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
    /// Whether the user has sent as many messages as it should. Its last steps do not count.
    fn has_sent_all(&self, class: &UserClass) -> bool {
        self.part != Part::Stop && class.messages.is_some_and(|most| self.sent >= most)
    }

    /// Runs steps in order.
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
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;
    use crate::client::failure::Failure;
    use crate::client::scripted::{Answer, Script, ScriptedConnector};
    use crate::engine::testing::{actions, class, new_user, publish, user_context, wait};
    use crate::engine::user::stop_signal::StopSignal;

    /// A broker that refuses the messages with these numbers.
    fn refusing(refused: &'static [usize]) -> Script {
        let answer = |number| {
            if refused.contains(&number) {
                Answer::Refuse(Duration::from_secs(1), Failure::Closed)
            } else {
                Answer::After(Duration::ZERO)
            }
        };
        let connect = Box::new(|_| Answer::After(Duration::ZERO));
        Script { connect, publish: Box::new(answer), ..Script::default() }
    }

    /// Runs steps as a part of a user's life: the result, and when it published what, in milliseconds.
    async fn run(
        class: UserClass,
        steps: Vec<Step>,
        part: Part,
        script: Script,
    ) -> (Result<(), Abort>, Vec<(u128, String)>, User<ScriptedConnector>) {
        let (context, connector) = user_context(class.clone(), script);
        let mut user = User::new(context, Rc::new(StopSignal::new()), new_user(1));
        let result = user.run(&class, &Steps(steps), part).await;
        let published = actions(&connector)
            .into_iter()
            .filter_map(|(at, action)| Some((at, action.strip_prefix("publish ")?.trim().to_owned())));
        (result, published.collect(), user)
    }

    fn sent(messages: &[(u128, &str)]) -> Vec<(u128, String)> {
        messages.iter().map(|(at, topic)| (*at, (*topic).to_owned())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn steps_run_in_order_and_a_repeat_as_often_as_it_says() {
        let steps = vec![
            publish("a"),
            Step::Repeat { level: 0, times: 2 },
            publish("b"),
            wait(1),
            Step::EndRepeat { level: 0, first: 2 },
            publish("c"),
        ];
        let part = Part::Task(OnError::AbortTask);
        let (result, published, user) = run(class(), steps, part, refusing(&[])).await;
        assert_eq!(result, Ok(()));
        assert_eq!(published, sent(&[(0, "a"), (0, "b"), (1_000, "b"), (2_000, "c")]));
        assert_eq!(user.sent, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_step_ends_its_list_or_nothing() {
        for (on_error, result, published) in [
            (OnError::AbortTask, Err(Abort::Failed), sent(&[(0, "a")])),
            (OnError::Continue, Ok(()), sent(&[(0, "a"), (1_000, "b")])),
        ] {
            let steps = vec![publish("a"), publish("b")];
            let ran = run(class(), steps, Part::Task(on_error), refusing(&[0])).await;
            assert_eq!((ran.0, ran.1), (result, published), "{on_error:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_in_which_every_step_fails_has_failed_although_it_goes_on() {
        let steps = vec![publish("a"), publish("b")];
        let (result, published, user) =
            run(class(), steps, Part::Task(OnError::Continue), refusing(&[0, 1])).await;
        assert_eq!(result, Err(Abort::Failed));
        assert_eq!(published.len(), 2);
        assert_eq!(user.failures.as_ref().unwrap().position, 2, "no wait was left out");
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_that_has_sent_its_messages_is_done_but_for_its_last_steps() {
        let class = UserClass { messages: Some(1), ..class() };
        let steps = || vec![publish("a"), publish("b")];
        let (result, published, _) =
            run(class.clone(), steps(), Part::Task(OnError::AbortTask), refusing(&[])).await;
        assert_eq!((result, published), (Err(Abort::Done), sent(&[(0, "a")])));
        let (result, published, _) = run(class, steps(), Part::Stop, refusing(&[])).await;
        assert_eq!((result, published), (Ok(()), sent(&[(0, "a"), (0, "b")])));
    }
}
