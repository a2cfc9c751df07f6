use std::sync::Arc;
use std::task::Wake;

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::JoinSet;

use super::*;

#[test]
fn a_pause_that_is_given_up_leaves_nothing_behind() {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let timer = PauseTimer::kernel().unwrap();
        let waker = Arc::new(Woken);
        let held = Waker::from(Arc::clone(&waker));
        let mut pause = Box::pin(timer.until(Instant::now() + Duration::from_hours(1)));
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
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async {
        let timer = std::rc::Rc::new(PauseTimer::kernel().unwrap());
        let mut pauses = JoinSet::new();
        let start = Instant::now();
        for i in 0..200_u64 {
            // In no order, many at the same tick, some of them dropped while they wait.
            let deadline = start + Duration::from_micros(i * 7_919 % 50_000);
            let timer = std::rc::Rc::clone(&timer);
            pauses.spawn_local(async move {
                if i % 5 == 0 {
                    let soon = Duration::from_micros(i * 31 % 20_000);
                    let _ = tokio::time::timeout(soon, timer.until(deadline)).await;
                } else {
                    timer.until(deadline).await;
                    assert!(Instant::now() >= deadline);
                }
            });
        }
        while !pauses.is_empty() {
            tokio::select! {
                fired = timer.fire() => fired.unwrap(),
                Some(ended) = pauses.join_next() => ended.unwrap(),
            }
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    });
}
