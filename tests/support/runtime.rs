//! The ways to run a test: on sockets in real time, on a paused clock, and case beside case.

use std::future::Future;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

/// Longer than any of these tests takes; one that hangs fails.
const HANGS: Duration = Duration::from_mins(2);

/// Runs a test that uses sockets.
pub(crate) fn with_sockets<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async { tokio::time::timeout(HANGS, test).await.expect("the test hangs") })
}

/// Runs a test on a paused clock, where waiting takes no time.
pub(crate) fn with_paused_clock<T>(test: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    builder.build_local(LocalOptions::default()).unwrap().block_on(test)
}

/// Measures the time for which this thread has a core: what a computation costs, whatever else the machine does.
pub(crate) struct CoreTime(Duration);

impl CoreTime {
    pub(crate) fn start() -> Self {
        Self(Self::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    fn now() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
    }
}

/// Checks each case on a thread of its own, at the same time: they mostly wait.
pub(crate) fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}
