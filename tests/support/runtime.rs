//! The two ways to run a test: on sockets in real time, or on a paused clock.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};

/// Longer than any of these tests takes; one that hangs fails.
const HANGS: Duration = Duration::from_secs(30);

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
