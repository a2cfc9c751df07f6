//! How the thread tells one user when and how to stop, and drops its connection.
//!
//! ```text
//!            stop                     stop timeout, or stop without one        second signal
//! Running ──────────▶ Stopping ─────────────────────────────────────▶ Leaving ─────────────▶ dropped
//!   tasks and pauses    finishes its task;                              task is cut off;
//!                       a pause ends at once                            on_stop, DISCONNECT
//! ```
//! A user that ends its task while it is `Stopping` goes on to on_stop and DISCONNECT by itself.
//!
//! The state of a signal is a phase and a set of flags. Each event has one row:
//!
//! | event | from | holds if | changes | outcome |
//! |---|---|---|---|---|
//! | `Advance(phase)` | thread | the phase is later than the present one | phase | wakes |
//! | `Disconnect` | thread | connected, not at its last steps, not pending | disconnect is pending | wakes |
//! | `DrainEnded` | thread | always | drain is over | wakes |
//! | `Connected` | user | always | connected, nothing pending | noted |
//! | `Disconnected` | user | always | not connected, nothing pending | noted |
//! | `TakeDisconnect` | user | a disconnect is pending | nothing pending | noted |
//! | `LastSteps` | user | always | at its last steps: a disconnect is ignored from now on | noted |
//! | `Arrived` | user, thread | the first time | has arrived | noted |
//! | `DoneSending` | user, thread | the first time | is done sending | noted |
//!
//! Where the condition does not hold, the event is ignored. A user never leaves its thread, so the state is
//! a plain cell that costs nothing to look at, and its one waker is kept here: waiting registers nothing per message.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::client::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopPhase {
    Running,
    Stopping,
    Leaving,
}

/// What happens to a signal. See the table of the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Advance(StopPhase),
    Disconnect,
    DrainEnded,
    Connected,
    Disconnected,
    TakeDisconnect,
    LastSteps,
    Arrived,
    DoneSending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ignored,
    Noted,
    Wakes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "flags that are set independently of each other")]
struct State {
    phase: StopPhase,
    is_connected: bool,
    disconnect_pending: bool,
    at_last_steps: bool,
    drain_ended: bool,
    has_arrived: bool,
    is_done_sending: bool,
}

impl State {
    const NEW: Self = Self {
        phase: StopPhase::Running,
        is_connected: false,
        disconnect_pending: false,
        at_last_steps: false,
        drain_ended: false,
        has_arrived: false,
        is_done_sending: false,
    };

    fn on(self, event: Event) -> (Self, Outcome) {
        let holds = match event {
            Event::Advance(phase) => phase > self.phase,
            Event::Disconnect => self.is_connected && !self.at_last_steps && !self.disconnect_pending,
            Event::TakeDisconnect => self.disconnect_pending,
            Event::Arrived => !self.has_arrived,
            Event::DoneSending => !self.is_done_sending,
            Event::DrainEnded | Event::Connected | Event::Disconnected | Event::LastSteps => true,
        };
        if !holds {
            return (self, Outcome::Ignored);
        }
        match event {
            Event::Advance(phase) => (Self { phase, ..self }, Outcome::Wakes),
            Event::Disconnect => (Self { disconnect_pending: true, ..self }, Outcome::Wakes),
            Event::DrainEnded => (Self { drain_ended: true, ..self }, Outcome::Wakes),
            Event::Connected => {
                (Self { is_connected: true, disconnect_pending: false, ..self }, Outcome::Noted)
            }
            Event::Disconnected => {
                (Self { is_connected: false, disconnect_pending: false, ..self }, Outcome::Noted)
            }
            Event::TakeDisconnect => (Self { disconnect_pending: false, ..self }, Outcome::Noted),
            Event::LastSteps => (Self { at_last_steps: true, ..self }, Outcome::Noted),
            Event::Arrived => (Self { has_arrived: true, ..self }, Outcome::Noted),
            Event::DoneSending => (Self { is_done_sending: true, ..self }, Outcome::Noted),
        }
    }
}

pub(crate) struct StopSignal {
    state: Cell<State>,
    /// One user is one task, so there is one waker.
    waker: Cell<Option<Waker>>,
}

impl StopSignal {
    pub(crate) fn new() -> Self {
        Self { state: Cell::new(State::NEW), waker: Cell::new(None) }
    }

    fn handle(&self, event: Event) -> Outcome {
        let (state, outcome) = self.state.get().on(event);
        self.state.set(state);
        if outcome == Outcome::Wakes
            && let Some(waker) = self.waker.take()
        {
            waker.wake();
        }
        outcome
    }

    /// Phases only go forward.
    pub(crate) fn advance(&self, phase: StopPhase) {
        self.handle(Event::Advance(phase));
    }

    /// Has the user drop its connection. Returns whether it will.
    pub(crate) fn disconnect(&self) -> bool {
        self.handle(Event::Disconnect) == Outcome::Wakes
    }

    /// Tells a user that receives to the end of the run that nothing more will arrive.
    pub(crate) fn end_drain(&self) {
        self.handle(Event::DrainEnded);
    }

    /// Notes whether the user has a connection that it wants to keep.
    pub(crate) fn set_connected(&self, connected: bool) {
        self.handle(if connected { Event::Connected } else { Event::Disconnected });
    }

    /// Notes that the user has done its last task, whether it was told to stop or not.
    pub(crate) fn begin_last_steps(&self) {
        self.handle(Event::LastSteps);
    }

    /// Notes that the user has had a connection, or is gone. Returns whether it is the first time.
    pub(crate) fn arrive(&self) -> bool {
        self.handle(Event::Arrived) == Outcome::Noted
    }

    /// Notes that the user only receives from now on, or is gone. Returns whether it is the first time.
    pub(crate) fn finish_sending(&self) -> bool {
        self.handle(Event::DoneSending) == Outcome::Noted
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.state.get().is_connected
    }

    pub(crate) fn is_at_last_steps(&self) -> bool {
        self.state.get().at_last_steps
    }

    /// To this phase, or to a later one.
    pub(crate) fn has_reached(&self, phase: StopPhase) -> bool {
        self.state.get().phase >= phase
    }

    /// Polls the future that drives the user's session. It fails as soon as the connection is to be dropped.
    ///
    /// This registers no waker: a user that can be disconnected also waits to be told to leave, and so is woken.
    pub(crate) fn poll_unless_disconnected<T>(
        &self,
        cx: &mut Context<'_>,
        driving: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    ) -> Poll<Result<T, Failure>> {
        if self.state.get().disconnect_pending {
            self.handle(Event::TakeDisconnect);
            return Poll::Ready(Err(Failure::Dropped));
        }
        driving.poll(cx)
    }

    /// Waits until the user is told to go on to this phase.
    pub(crate) fn wait_for(&self, phase: StopPhase) -> impl Future<Output = ()> {
        self.wait_until(move |state| state.phase >= phase)
    }

    /// Waits until nothing that was sent can still arrive.
    pub(crate) fn drain_ended(&self) -> impl Future<Output = ()> {
        self.wait_until(|state| state.drain_ended)
    }

    fn wait_until(&self, holds: impl Fn(State) -> bool) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            if holds(self.state.get()) {
                return Poll::Ready(());
            }
            let waker = self.waker.take().filter(|waker| waker.will_wake(cx.waker()));
            self.waker.set(Some(waker.unwrap_or_else(|| cx.waker().clone())));
            Poll::Pending
        })
    }
}

#[cfg(test)]
mod tests;
