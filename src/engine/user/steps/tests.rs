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
