use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_reading_is_used_for_a_few_steps_and_not_after_a_wait() {
    let mut now = CachedNow::default();
    let start = now.get();
    tokio::time::advance(Duration::from_micros(1)).await;
    for _ in 0..FEW {
        assert_eq!(now.get(), start);
    }
    assert_ne!(now.get(), start);
    now.set(start);
    assert_eq!(now.get(), start);
    now.forget();
    assert_ne!(now.get(), start);
}
