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
//! waker is kept here: waiting for a stop registers nothing per message. The same goes for the other thing that a
//! shard does to a user: dropping its connection.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::client::failure::Failure;

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
    /// Whether the user has a connection that it wants to keep.
    connected: Cell<bool>,
    /// Whether that connection is to be dropped.
    cut: Cell<bool>,
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
            connected: Cell::new(false),
            cut: Cell::new(false),
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

    /// Notes whether the user has a connection that it wants to keep.
    pub(crate) fn set_connected(&self, connected: bool) {
        self.connected.set(connected);
        self.cut.set(false);
    }

    /// Whether the user has a connection that it wants to keep.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.get()
    }

    /// Has the user's connection dropped; whether it has one. One that leaves keeps it.
    pub(crate) fn cut(&self) -> bool {
        if !self.connected.get() || self.is_on_its_way_out() || self.cut.replace(true) {
            return false;
        }
        self.wake();
        true
    }

    /// Polls what drives the user's session; a failure as soon as the connection is to be dropped.
    ///
    /// Registers nothing: as long as a user can be cut, it also waits to be told to leave, and so is woken.
    pub(crate) fn poll_uncut<T>(
        &self,
        cx: &mut Context<'_>,
        driving: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    ) -> Poll<Result<T, Failure>> {
        if self.cut.get() {
            self.cut.set(false);
            return Poll::Ready(Err(Failure::Dropped));
        }
        driving.poll(cx)
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
