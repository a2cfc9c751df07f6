use tokio::time::sleep;

use super::*;
use crate::client::scripted::{Answer, Script, ScriptedConnector};
use crate::engine::testing::{actions, class, new_user, user_context};
use crate::engine::user::stop_signal::StopSignal;
use crate::plan::reconnect::{Pauses, Reconnect};

/// Pauses of exactly 1, 2, 4, 4 seconds.
fn class_that_reconnects(attempts: Option<u32>) -> UserClass {
    let (initial, max) = (Duration::from_secs(1), Duration::from_secs(4));
    UserClass { reconnection: Reconnect::After(Pauses { initial, max, jitter: 0.0, attempts }), ..class() }
}

fn refused(number: usize) -> Answer {
    Answer::Refuse(Duration::ZERO, [Failure::Closed, Failure::Closing][number % 2])
}

fn user(class: &UserClass, script: Script) -> (User<ScriptedConnector>, ScriptedConnector) {
    let (context, connector) = user_context(class.clone(), script);
    (User::new(context, Rc::new(StopSignal::new()), new_user(1)), connector)
}

/// When the user did this, in milliseconds.
fn times(connector: &ScriptedConnector, action: &str) -> Vec<u128> {
    actions(connector).into_iter().filter(|(_, did)| did == action).map(|(at, _)| at).collect()
}

#[tokio::test(start_paused = true)]
async fn failed_connects_are_repeated_after_growing_pauses() {
    let class = class_that_reconnects(None);
    let connect = |number| if number < 4 { refused(number) } else { Answer::After(Duration::ZERO) };
    let (mut user, connector) = user(&class, Script { connect: Box::new(connect), ..Script::default() });
    assert_eq!(user.connected(&class, &class.reconnect).await, Ok(()));
    assert_eq!(times(&connector, "connect"), [0, 1_000, 3_000, 7_000, 11_000]);
    assert!(user.stop.is_connected());
    assert_eq!(user.context.shared.arrivals.expect(1), 0);
}

#[tokio::test(start_paused = true)]
async fn a_user_gives_up_after_its_last_attempt() {
    let class = class_that_reconnects(Some(2));
    let (mut user, connector) = user(&class, Script { connect: Box::new(refused), ..Script::default() });
    assert_eq!(user.connected(&class, &class.reconnect).await, Err(Abort::Done));
    assert_eq!(times(&connector, "connect"), [0, 1_000]);
    assert!(user.link.gave_up() && !user.stop.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_pause_before_a_connect() {
    let class = class_that_reconnects(None);
    let (mut user, connector) = user(&class, Script { connect: Box::new(refused), ..Script::default() });
    let stop = Rc::clone(&user.stop);
    let stopped = async {
        sleep(Duration::from_millis(1_500)).await;
        stop.advance(StopPhase::Stopping);
    };
    let (result, ()) = tokio::join!(user.connected(&class, &class.reconnect), stopped);
    assert_eq!(result, Err(Abort::Stopped));
    assert_eq!(times(&connector, "connect"), [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_in_a_pause_is_opened_again() {
    let class = class_that_reconnects(None);
    let lives = |number| (number == 0).then_some((Duration::from_secs(2), Failure::Closed));
    let (mut user, connector) = user(&class, Script { lives: Box::new(lives), ..Script::default() });
    assert_eq!(user.connected(&class, &class.reconnect).await, Ok(()));
    let end = Instant::now() + Duration::from_secs(10);
    assert!(user.pause(&class, end).await);
    assert_eq!(Instant::now(), end);
    assert_eq!(times(&connector, "connect"), [0, 3_001]);
    assert!(user.stop.is_connected() && !user.link.is_lost);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_is_no_loss_of_the_broker_and_a_disconnect_ends_it_for_good() {
    let class = class_that_reconnects(None);
    let (mut user, connector) = user(&class, Script::default());
    assert_eq!(user.connected(&class, &class.reconnect).await, Ok(()));
    assert!(user.stop.disconnect());
    assert_eq!(user.drive(Until::Idle, None).await, Err(Failure::Dropped));
    assert_eq!(user.context.shared.losses.counts().all, 0);
    assert!(user.link.is_lost && user.link.session.is_none());
    assert_eq!(user.disconnect(&class, false, &class.reconnect).await, Ok(()));
    assert!(user.pause(&class, Instant::now() + Duration::from_secs(9)).await);
    assert_eq!(times(&connector, "connect"), [0]);
}
