//! Ends the pauses of a shard's users.
//!
//! tokio's timers tick in milliseconds, and so does its wait for events, so that a sleep ends up to two
//! milliseconds late: more than many brokers take to answer. A live run keeps one kernel timer per shard
//! instead, set to the next of a grid of three quarters of a millisecond: late by that at most, while pauses that end
//! about together still share a wake-up. Timeouts stay with tokio, whose timers cost less to set and never
//! ring. A run on a test's clock uses tokio's for everything, since no kernel timer follows that clock.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

/// Pauses end at multiples of this after the start of the shard.
const GRID_US: u64 = 750;

/// Ends pauses.
#[derive(Debug)]
pub(crate) enum Alarm {
    /// By a kernel timer of its own.
    Kernel(KernelAlarm),
    /// By tokio's timers.
    Tokio,
}

impl Alarm {
    /// By a kernel timer; must be called inside the runtime that will wait for it.
    pub(crate) fn kernel() -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        #[expect(deprecated, reason = "unsound for types that lie about their descriptor; this one owns it")]
        let timer = AsyncFd::new(timer)?;
        Ok(Self::Kernel(KernelAlarm {
            timer,
            start: Instant::now(),
            waiting: RefCell::default(),
            rung: Cell::new(0),
            set_for: Cell::new(u64::MAX),
        }))
    }

    /// Waits for a moment.
    pub(crate) async fn until(&self, deadline: Instant) {
        match self {
            Self::Tokio => tokio::time::sleep_until(deadline).await,
            Self::Kernel(alarm) => alarm.until(deadline).await,
        }
    }

    /// Waits for the timer and ends the pauses that are over. To be called again and again.
    pub(crate) async fn ring(&self) -> io::Result<()> {
        match self {
            Self::Tokio => pending().await,
            Self::Kernel(alarm) => alarm.ring().await,
        }
    }
}

/// One kernel timer for all pauses of a shard.
#[derive(Debug)]
pub(crate) struct KernelAlarm {
    timer: AsyncFd<OwnedFd>,
    start: Instant,
    /// Who waits for which place of the grid.
    waiting: RefCell<BTreeMap<u64, Vec<Option<Waker>>>>,
    /// Pauses up to this place are over.
    rung: Cell<u64>,
    /// The place that the timer is set for.
    set_for: Cell<u64>,
}

impl KernelAlarm {
    async fn until(&self, deadline: Instant) {
        if deadline <= Instant::now() {
            return;
        }
        let place = grid(deadline - self.start).div_ceil(GRID_US);
        let mut waiter = Waiter { alarm: self, place, index: None };
        poll_fn(|cx| waiter.poll(cx)).await;
    }

    async fn ring(&self) -> io::Result<()> {
        self.timer.readable().await?.clear_ready();
        let now = grid(self.start.elapsed()) / GRID_US;
        self.rung.set(self.rung.get().max(now));
        let mut waiting = self.waiting.borrow_mut();
        let later = waiting.split_off(&(now + 1));
        let over = std::mem::replace(&mut *waiting, later);
        match waiting.first_key_value() {
            Some((place, _)) => self.set(*place),
            None => self.set_for.set(u64::MAX),
        }
        drop(waiting);
        over.into_values().flatten().flatten().for_each(Waker::wake);
        Ok(())
    }

    /// Sets the timer, which also takes back an expiry that nobody has read.
    fn set(&self, place: u64) {
        let at = self.start + Duration::from_micros(place * GRID_US);
        // Zero would switch the timer off.
        let left = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        // It can only fail for values out of range; these are not.
        let _ = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
        self.set_for.set(place);
    }
}

/// Who waits for a place of the grid, and where its waker is among those of that place.
struct Waiter<'a> {
    alarm: &'a KernelAlarm,
    place: u64,
    index: Option<usize>,
}

impl Waiter<'_> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.alarm.rung.get() >= self.place {
            return Poll::Ready(());
        }
        if self.index.is_none() {
            let mut waiting = self.alarm.waiting.borrow_mut();
            let wakers = waiting.entry(self.place).or_default();
            wakers.push(Some(cx.waker().clone()));
            self.index = Some(wakers.len() - 1);
            drop(waiting);
            if self.place < self.alarm.set_for.get() {
                self.alarm.set(self.place);
            }
        }
        Poll::Pending
    }
}

/// Who waits no more takes its waker with it: that holds the memory of its task, which may be a user that has left.
impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(index) = self.index else { return };
        let waker = match self.alarm.waiting.borrow_mut().get_mut(&self.place) {
            Some(wakers) => wakers.get_mut(index).and_then(Option::take),
            None => None,
        };
        drop(waker);
    }
}

/// Whole microseconds; 584,000 years fit.
fn grid(since_start: Duration) -> u64 {
    since_start.as_secs() * 1_000_000 + u64::from(since_start.subsec_micros())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::JoinSet;

    use super::*;

    #[test]
    fn who_leaves_in_a_pause_leaves_nothing_behind() {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let alarm = Alarm::kernel().unwrap();
            let waker = Arc::new(Woken);
            let held = Waker::from(Arc::clone(&waker));
            let mut pause = Box::pin(alarm.until(Instant::now() + Duration::from_hours(1)));
            assert!(pause.as_mut().poll(&mut Context::from_waker(&held)).is_pending());
            assert_eq!(Arc::strong_count(&waker), 3);
            drop((pause, held));
            assert_eq!(Arc::strong_count(&waker), 1);
        });
    }

    struct Woken;

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn pauses_end_after_their_deadlines_whoever_gives_up_waiting() {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
        runtime.block_on(async {
            let alarm = std::rc::Rc::new(Alarm::kernel().unwrap());
            let mut pauses = JoinSet::new();
            let start = Instant::now();
            for i in 0..200_u64 {
                // In no order, many at the same place, some of them dropped while they wait.
                let deadline = start + Duration::from_micros(i * 7_919 % 50_000);
                let alarm = std::rc::Rc::clone(&alarm);
                pauses.spawn_local(async move {
                    if i % 5 == 0 {
                        let soon = Duration::from_micros(i * 31 % 20_000);
                        let _ = tokio::time::timeout(soon, alarm.until(deadline)).await;
                    } else {
                        alarm.until(deadline).await;
                        assert!(Instant::now() >= deadline);
                    }
                });
            }
            while !pauses.is_empty() {
                tokio::select! {
                    rung = alarm.ring() => rung.unwrap(),
                    Some(ended) = pauses.join_next() => ended.unwrap(),
                }
            }
            assert!(start.elapsed() < Duration::from_secs(10));
        });
    }
}
