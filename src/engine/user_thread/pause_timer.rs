//! Ends the pauses of a thread's users.
//!
//! tokio's timers and its wait for events tick in milliseconds. So a sleep ends up to two milliseconds late, which is
//! longer than many brokers take to answer. A live run uses one kernel timer per thread instead. It fires on a grid of
//! three quarters of a millisecond: a pause is late by this at most, and pauses that end at about the same time share a
//! wake-up. Timeouts use tokio's timers, which cost less to set and rarely fire. A run on a test's clock uses tokio's
//! timers for everything, since no kernel timer follows that clock.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, Sleep, sleep_until};

/// Pauses end at multiples of this after the start of the thread.
const GRID_US: u64 = 750;

#[derive(Debug)]
pub(crate) enum PauseTimer {
    Kernel(KernelTimer),
    Tokio,
}

impl PauseTimer {
    /// By a kernel timer. Call it inside the runtime that will wait for it.
    pub(crate) fn kernel() -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        #[expect(deprecated, reason = "unsound for types that lie about their descriptor; this one owns it")]
        let timer = AsyncFd::new(timer)?;
        Ok(Self::Kernel(KernelTimer {
            timer,
            start: Instant::now(),
            waiting: RefCell::default(),
            fired: Cell::new(0),
            set_for: Cell::new(u64::MAX),
        }))
    }

    pub(crate) fn until(&self, deadline: Instant) -> Pause<'_> {
        match self {
            Self::Tokio => Pause::Tokio(Box::pin(sleep_until(deadline))),
            Self::Kernel(timer) => Pause::Kernel(timer.wait(deadline)),
        }
    }

    /// Waits until the timer fires and ends the pauses that are over. The thread calls it again and again.
    pub(crate) async fn fire(&self) -> io::Result<()> {
        match self {
            Self::Tokio => pending().await,
            Self::Kernel(timer) => timer.fire().await,
        }
    }
}

/// A pause that goes on until its moment. Small, since each user has one.
#[derive(Debug)]
pub(crate) enum Pause<'a> {
    Kernel(Waiter<'a>),
    Tokio(Pin<Box<Sleep>>),
}

impl Future for Pause<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.get_mut() {
            Self::Kernel(waiter) => waiter.poll(cx),
            Self::Tokio(sleep) => sleep.as_mut().poll(cx),
        }
    }
}

/// One kernel timer for all pauses of a thread.
#[derive(Debug)]
pub(crate) struct KernelTimer {
    timer: AsyncFd<OwnedFd>,
    start: Instant,
    /// The wakers of the pauses that end at each tick of the grid.
    waiting: RefCell<BTreeMap<u64, Vec<Option<Waker>>>>,
    /// Pauses up to this tick are over.
    fired: Cell<u64>,
    set_for: Cell<u64>,
}

impl KernelTimer {
    fn wait(&self, deadline: Instant) -> Waiter<'_> {
        let is_over = deadline <= Instant::now();
        let tick = if is_over { 0 } else { micros(deadline - self.start).div_ceil(GRID_US) };
        Waiter { timer: self, tick, index: None }
    }

    async fn fire(&self) -> io::Result<()> {
        self.timer.readable().await?.clear_ready();
        let now = micros(self.start.elapsed()) / GRID_US;
        self.fired.set(self.fired.get().max(now));
        let mut waiting = self.waiting.borrow_mut();
        let later = waiting.split_off(&(now + 1));
        let over = std::mem::replace(&mut *waiting, later);
        match waiting.first_key_value() {
            Some((tick, _)) => self.set(*tick),
            None => self.set_for.set(u64::MAX),
        }
        drop(waiting);
        over.into_values().flatten().flatten().for_each(Waker::wake);
        Ok(())
    }

    /// Sets the timer. This also takes back an expiry that nobody has read.
    fn set(&self, tick: u64) {
        let at = self.start + Duration::from_micros(tick * GRID_US);
        // Zero would switch the timer off.
        let left = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        // It can only fail for values out of range; these are not.
        let _ = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
        self.set_for.set(tick);
    }
}

#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    timer: &'a KernelTimer,
    tick: u64,
    /// Index of its waker among those of its tick.
    index: Option<usize>,
}

impl Waiter<'_> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.timer.fired.get() >= self.tick {
            return Poll::Ready(());
        }
        if self.index.is_none() {
            let mut waiting = self.timer.waiting.borrow_mut();
            let wakers = waiting.entry(self.tick).or_default();
            wakers.push(Some(cx.waker().clone()));
            self.index = Some(wakers.len() - 1);
            drop(waiting);
            if self.tick < self.timer.set_for.get() {
                self.timer.set(self.tick);
            }
        }
        Poll::Pending
    }
}

/// A pause that is given up takes its waker with it: the waker holds the memory of its task, which may be a user that
/// has left.
impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(index) = self.index else { return };
        let waker = match self.timer.waiting.borrow_mut().get_mut(&self.tick) {
            Some(wakers) => wakers.get_mut(index).and_then(Option::take),
            None => None,
        };
        drop(waker);
    }
}

/// Whole microseconds; 584,000 years fit.
fn micros(since_start: Duration) -> u64 {
    since_start.as_secs() * 1_000_000 + u64::from(since_start.subsec_micros())
}

#[cfg(test)]
mod tests;
