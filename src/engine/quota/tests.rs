use std::thread;
use std::time::Duration;

use super::*;
use crate::plan::load::Stage;

fn quota(iterations: Option<u64>, messages: Option<u64>) -> Quota {
    let (stages, stop_timeout) = (Vec::<Stage>::new(), Duration::ZERO);
    Quota::new(&Load { stages, run_time: None, stop_timeout, iterations, messages, search: None })
}

#[test]
fn threads_take_exactly_what_there_is() {
    let quota = quota(Some(10_000), None);
    let take = |quota: Quota| move || (0..9_000).filter(|_| quota.take_iteration()).count();
    let threads: Vec<_> = (0..2).map(|_| thread::spawn(take(quota.clone()))).collect();
    let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(taken, 10_000);
    assert!(quota.take_message(), "there is no limit on messages");
}

#[tokio::test(start_paused = true)]
async fn the_last_piece_wakes_whoever_waits() {
    let quota = quota(None, Some(2));
    let used_up =
        async |quota: &Quota| tokio::time::timeout(Duration::from_secs(1), quota.used_up()).await.is_ok();
    assert!(quota.take_message());
    assert!(!used_up(&quota).await);
    assert!(quota.take_message() && !quota.take_message());
    assert!(used_up(&quota).await);
    assert!(!used_up(&quota).await, "once");
    let nothing = self::quota(Some(0), None);
    assert!(used_up(&nothing).await && !nothing.take_iteration());
}
