use tokio::time::timeout;

use super::*;

const CONNECTED: State = State { is_connected: true, ..State::NEW };
const PENDING: State = State { disconnect_pending: true, ..CONNECTED };
const LAST_STEPS: State = State { at_last_steps: true, ..CONNECTED };
const STOPPING: State = State { phase: StopPhase::Stopping, ..State::NEW };
const LEAVING: State = State { phase: StopPhase::Leaving, ..State::NEW };

#[test]
fn each_row_of_the_table_holds() {
    use Outcome::{Ignored, Noted, Wakes};
    for (state, event, expected, outcome) in [
        (State::NEW, Event::Advance(StopPhase::Stopping), STOPPING, Wakes),
        (State::NEW, Event::Advance(StopPhase::Leaving), LEAVING, Wakes),
        (STOPPING, Event::Advance(StopPhase::Leaving), LEAVING, Wakes),
        (STOPPING, Event::Advance(StopPhase::Stopping), STOPPING, Ignored),
        (LEAVING, Event::Advance(StopPhase::Stopping), LEAVING, Ignored),
        (CONNECTED, Event::Disconnect, PENDING, Wakes),
        (PENDING, Event::Disconnect, PENDING, Ignored),
        (LAST_STEPS, Event::Disconnect, LAST_STEPS, Ignored),
        (State::NEW, Event::Disconnect, State::NEW, Ignored),
        (State::NEW, Event::DrainEnded, State { drain_ended: true, ..State::NEW }, Wakes),
        (State::NEW, Event::Connected, CONNECTED, Noted),
        (PENDING, Event::Connected, CONNECTED, Noted),
        (PENDING, Event::Disconnected, State::NEW, Noted),
        (PENDING, Event::TakeDisconnect, CONNECTED, Noted),
        (CONNECTED, Event::TakeDisconnect, CONNECTED, Ignored),
        (CONNECTED, Event::LastSteps, LAST_STEPS, Noted),
        (State::NEW, Event::Arrived, State { has_arrived: true, ..State::NEW }, Noted),
        (
            State { has_arrived: true, ..LEAVING },
            Event::Arrived,
            State { has_arrived: true, ..LEAVING },
            Ignored,
        ),
        (State::NEW, Event::DoneSending, State { is_done_sending: true, ..State::NEW }, Noted),
        (
            State { is_done_sending: true, ..LEAVING },
            Event::DoneSending,
            State { is_done_sending: true, ..LEAVING },
            Ignored,
        ),
    ] {
        assert_eq!(state.on(event), (expected, outcome), "{event:?} in {state:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_that_waits_is_woken_by_what_it_waits_for() {
    let signal = StopSignal::new();
    let soon = std::time::Duration::from_secs(1);
    let told = async { timeout(soon, signal.wait_for(StopPhase::Stopping)).await.is_ok() };
    let (told, ()) = tokio::join!(told, async { signal.advance(StopPhase::Leaving) });
    assert!(told);
    assert!(timeout(soon, signal.drain_ended()).await.is_err());
    let drained = async { timeout(soon, signal.drain_ended()).await.is_ok() };
    let (drained, ()) = tokio::join!(drained, async { signal.end_drain() });
    assert!(drained);
}

#[tokio::test]
async fn a_dropped_connection_fails_what_drives_it_once() {
    let signal = StopSignal::new();
    signal.set_connected(true);
    let drive = async || {
        let mut driving = std::pin::pin!(async { Ok(()) });
        poll_fn(|cx| signal.poll_unless_disconnected(cx, driving.as_mut())).await
    };
    assert!(signal.disconnect());
    assert_eq!(drive().await, Err(Failure::Dropped));
    assert_eq!(drive().await, Ok(()));
}
