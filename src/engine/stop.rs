//! How a user is told to stop.
//!
//! ```text
//!            stop                     stop timeout, or stop without one        second signal
//! Running ──────────▶ Stopping ─────────────────────────────────────▶ Leaving ─────────────▶ dropped
//!   tasks and pauses    finishes its task;                              task is cut off;
//!                       a pause ends at once                            on_stop, DISCONNECT
//! ```
//! A user that ends its task while it is `Stopping` goes on to on_stop and DISCONNECT by itself. All users
//! of a shard live on one thread, so the phase is a plain cell that a user looks at for nothing, and its one
//! waker is kept here: waiting for a stop registers nothing per message.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// How far a user has been told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It goes on.
    Running,
    /// It finishes its task.
    Stopping,
    /// It leaves now.
    Leaving,
}

/// The string between a shard and one of its users, with what the shard should know of it.
#[derive(Debug)]
pub(crate) struct Leash {
    phase: Cell<Phase>,
    /// The user's task; one user is one task, so there is one waker.
    waker: RefCell<Option<Waker>>,
    arrived: Cell<bool>,
    on_its_way_out: Cell<bool>,
    quiet: Cell<bool>,
    settled: Cell<bool>,
}

impl Leash {
    pub(crate) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Running),
            waker: RefCell::new(None),
            arrived: Cell::new(false),
            on_its_way_out: Cell::new(false),
            quiet: Cell::new(false),
            settled: Cell::new(false),
        }
    }

    /// Tells the user; phases only go forward.
    pub(crate) fn pull(&self, phase: Phase) {
        if phase > self.phase.get() {
            self.phase.set(phase);
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Tells a user that receives to the end that the end has come.
    pub(crate) fn settle(&self) {
        self.settled.set(true);
        self.wake();
    }

    /// Notes that the user does nothing more, but for what it receives; whether it is the first time.
    pub(crate) fn become_quiet(&self) -> bool {
        !self.quiet.replace(true)
    }

    pub(crate) fn reached(&self, phase: Phase) -> bool {
        self.phase.get() >= phase
    }

    /// Notes that the user has arrived; whether it is the first time.
    pub(crate) fn arrive(&self) -> bool {
        !self.arrived.replace(true)
    }

    /// Notes that the user has done its last task, told or by itself.
    pub(crate) fn leave(&self) {
        self.on_its_way_out.set(true);
    }

    /// Whether the user has done its last task.
    pub(crate) fn is_on_its_way_out(&self) -> bool {
        self.on_its_way_out.get()
    }

    /// Waits until the user is told so.
    pub(crate) fn told(&self, phase: Phase) -> impl Future<Output = ()> {
        self.until(move || self.reached(phase))
    }

    /// Waits until nothing that was sent can be under way any more.
    pub(crate) fn settled(&self) -> impl Future<Output = ()> {
        self.until(|| self.settled.get())
    }

    fn until(&self, holds: impl Fn() -> bool) -> impl Future<Output = ()> {
        poll_fn(move |cx| {
            if holds() {
                return Poll::Ready(());
            }
            let mut waker = self.waker.borrow_mut();
            if waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
                *waker = Some(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}
