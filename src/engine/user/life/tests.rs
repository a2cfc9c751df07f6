use tokio::time::sleep;

use super::*;
use crate::client::chosen::ChosenConnector;
use crate::client::scripted::Script;
use crate::engine::testing::{class, new_user, user_context};
use crate::engine::user::stop_signal::StopSignal;
use crate::plan::schedule::Phase;

fn size_of_output<A, B>(_: fn(A) -> B) -> usize {
    size_of::<B>()
}

/// This future is most of what an idle user takes.
#[test]
fn the_state_of_a_user_is_small() {
    let size = size_of_output(User::<ChosenConnector>::live);
    let session = size_of::<<ChosenConnector as Connect>::Session>();
    assert!(size <= 896 && session <= 16, "{size} {session}");
}

#[tokio::test(start_paused = true)]
async fn another_rate_factor_holds_from_the_next_start() {
    let ms = Duration::from_millis;
    let schedule = Schedule { per_user: 10.0, jitter: Duration::ZERO, phase: Phase::Aligned };
    let class = UserClass { wait_time: WaitTime::ZERO, schedule: Some(schedule), ..class() };
    let (context, connector) = user_context(class, Script::default());
    let rate_factor = context.shared.rate_factor.clone();
    let stop = Rc::new(StopSignal::new());
    let user = User::new(context, Rc::clone(&stop), new_user(1));
    let search = async {
        sleep(ms(250)).await;
        rate_factor.set(4.0);
        sleep(ms(125)).await;
        rate_factor.set(0.5);
        sleep(ms(500)).await;
        stop.advance(StopPhase::Leaving);
    };
    tokio::join!(user.live(), search);
    let entries = connector.entries();
    let published = entries.iter().filter(|entry| entry.action.starts_with("publish"));
    let times: Vec<_> = published.map(|entry| entry.at.as_millis()).collect();
    // The connect takes a millisecond of the first run.
    assert_eq!(times, [1, 100, 200, 300, 325, 350, 375, 400, 600, 800]);
}
